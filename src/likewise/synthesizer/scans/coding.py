"""The second pass: columns of too many values counted in cells, and the rows that are trained on written as codes.

A column whose values are all known has its codec before the pass begins. Of another one the cell of each row is
written; when all cells are counted, it has its codec too, which says which code each cell is.

Legend: n rows, D fields, C cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import CodecOptions, ColumnCodec
from likewise.codecs.histograms import CellCounts, Cells
from likewise.codecs.numbers import NumberCodec, to_numpy
from likewise.codecs.times import Clock, TimeCodec, TimeSummary, split_ticks
from likewise.engines.base import Engine, fold
from likewise.errors import InputError
from likewise.schema.column import Column, Kind
from likewise.schema.parse import parse_column
from likewise.sources.source import Shard, Source
from likewise.synthesizer.scans.codefile import CodeFile
from likewise.synthesizer.scans.dealing import Deal

TRAINED, HELD = "codes", "holdout"
"""The arrays of a file of codes."""

AT_ONCE = 2**20

Ints = npt.NDArray[np.int64]
Counts = dict[str, list[CellCounts]]


@dataclass(frozen=True)
class Coded:
    """A column whose codec is known."""

    column: Column
    codec: ColumnCodec

    @property
    def sizes(self) -> list[int]:
        return [field.size for field in self.codec.fields]

    def codes(self, series: pl.Series) -> npt.NDArray[Any]:
        """(n, d) of a column as it came."""
        return self.codec.encode(parse_column(series, self.column)).codes


@dataclass(frozen=True)
class InCells:
    """A column of numbers, or of times, whose cells are to be counted.

    Args:
        cells: of the numbers; of times those of days and of times of day.
        clock: of times.
    """

    column: Column
    cells: tuple[Cells, ...]
    clock: Clock | None = None

    @classmethod
    def of(cls, column: Column, sample: pl.Series, options: CodecOptions) -> InCells:
        """By a sample of its rows, as they came.

        Raises:
            InputError: none of them has a value.
        """
        parsed = parse_column(sample, column).drop_nulls()
        if not len(parsed):
            raise InputError(f"column {column.name!r}: hardly any row has a value; drop it (role drop)")
        clock = Clock.of(parsed.dtype) if column.kind is Kind.DATETIME else None
        made = cls(column, (), clock)
        plain = column if clock is None else Column(name=column.name, kind=Kind.INTEGER)
        parts, _ = made._parts(parsed)
        return replace(made, cells=tuple(Cells.of(v, plain, options.atom_share, options.rows) for v in parts))

    @property
    def sizes(self) -> list[int]:
        """Codes of each field: the cells, and one for what is missing."""
        return [len(cells) + 1 for cells in self.cells]

    def _parts(self, parsed: pl.Series) -> tuple[list[npt.NDArray[Any]], npt.NDArray[np.bool_]]:
        """(n,) numbers for each field, any where missing, and (n,) which are."""
        if self.clock is None:
            values, missing = to_numpy(parsed, self.column.kind)
            return [values], missing
        parts = split_ticks(self.clock.ticks(parsed), self.clock)
        both = [to_numpy(part, Kind.INTEGER) for part in parts]
        return [values for values, _ in both], both[0][1]

    def look(
        self, series: pl.Series, counted: npt.NDArray[np.bool_], coded: npt.NDArray[np.bool_]
    ) -> tuple[list[CellCounts], npt.NDArray[Any]]:
        """What is known of the rows that are counted, and (m, d) cells of those that are coded; C where missing."""
        parts, missing = self._parts(parse_column(series, self.column))
        known = counted & ~missing
        n_missing = int((counted & missing).sum())
        counts = [cells.counted(v[known], n_missing) for cells, v in zip(self.cells, parts, strict=True)]
        gone = missing[coded]
        found = [np.where(gone, len(cells), cells.find(v[coded])) for cells, v in zip(self.cells, parts, strict=True)]
        return counts, np.stack(found, 1)

    def codec(self, counts: Sequence[CellCounts], options: CodecOptions) -> tuple[ColumnCodec, list[Ints]]:
        """Its codec, and for each of its fields (C + 1,) the code of each cell, and of what is missing."""
        if self.clock is None:
            made = NumberCodec.from_summary(self.cells[0].summary(counts[0], self.column), self.column, options)
            return made, [_codes_of(made, self.cells[0], counts[0])]
        plain = Column(name=self.column.name, kind=Kind.INTEGER)
        days, times = (c.summary(n, plain) for c, n in zip(self.cells, counts, strict=True))
        both = TimeCodec.from_summary(TimeSummary(self.clock, days, times), self.column, options)
        inner = (both.days, both.times)[: len(both.fields)]
        return both, [_codes_of(part, c, n) for part, c, n in zip(inner, self.cells, counts, strict=False)]


def _codes_of(codec: NumberCodec, cells: Cells, counts: CellCounts) -> Ints:
    dtype = pl.Float64 if cells.floats else pl.Int64
    places = pl.Series(codec.name, cells.places(counts), dtype=dtype)
    return codec.encode(places.extend_constant(None, 1)).codes[:, 0].astype(np.int64)


Plan = Coded | InCells


@dataclass(frozen=True)
class Coding:
    """What codes a shard.

    Args:
        plans: of the columns that have codes, in their order.
        places: as of `Deal.places`.
    """

    source: Source
    deal: Deal
    plans: tuple[Plan, ...]
    places: list[tuple[int, int]]
    file: CodeFile

    @cached_property
    def names(self) -> list[str]:
        return [plan.column.name for plan in self.plans]


def code_shard(shard: Shard, coding: Coding) -> Counts:
    """Write the codes of a shard's rows; gives what is known of its columns that are counted in cells."""
    frame, dealt = coding.source.read(shard, coding.names), coding.deal.shard(shard)
    coded = dealt.trained | dealt.held
    few = frame.filter(pl.Series(coded))
    counts: Counts = {}
    columns = []
    for plan in coding.plans:
        name = plan.column.name
        if isinstance(plan, Coded):
            columns.append(plan.codes(few[name]))
        else:
            counts[name], cells = plan.look(frame[name], dealt.counted, coded)
            columns.append(cells)
    codes, held = np.concatenate(columns, 1), dealt.held[coded]
    for array, rows, first in zip((TRAINED, HELD), (~held, held), coding.places[shard.index], strict=True):
        coding.file.write(array, first, codes[rows])
    return counts


def coded(engine: Engine, coding: Coding, tell: Callable[[Iterable[Counts]], Iterator[Counts]]) -> Counts:
    """What is known of all columns that are counted in cells; the file then holds a code, or a cell, of each row."""
    cells = {plan.column.name: plan.cells for plan in coding.plans if isinstance(plan, InCells)}

    def merged(parts: list[Counts]) -> Counts:
        return {
            name: [of.merged([part[name][k] for part in parts]) for k, of in enumerate(fields)]
            for name, fields in cells.items()
        }

    whole = fold(tell(engine.map(code_shard, coding.source.shards, coding)), merged)
    assert whole is not None
    return whole


def type_of(plans: Iterable[Plan]) -> np.dtype[Any]:
    """The smallest type that holds every code, or cell."""
    return np.dtype(np.min_scalar_type(max((size for plan in plans for size in plan.sizes), default=1) - 1))


def recoded(file: CodeFile, path: Path, tables: Sequence[Ints | None]) -> CodeFile:
    """The file with codes in place of cells, read and written once from its first row to its last.

    Args:
        tables: for each field of the old file (C + 1,) the code of each cell; None leaves the field out, if it has no
            place in the codec.
    """
    kept = [j for j, table in enumerate(tables) if table is not None]
    dtype = np.dtype(np.min_scalar_type(max(int(tables[j].max()) for j in kept)))  # type: ignore[union-attr]
    small = [tables[j].astype(dtype) for j in kept]  # type: ignore[union-attr]
    shapes = {name: (shape[0], len(kept)) for name, (_, shape, _) in file.arrays.items()}
    made = CodeFile.create(path, shapes, dtype)
    for name in shapes:
        old = file.rows(name)
        for start in range(0, len(old), AT_ONCE):
            part = old[start : start + AT_ONCE]
            made.write(name, start, np.stack([t[part[:, j]] for t, j in zip(small, kept, strict=True)], 1))
    return made
