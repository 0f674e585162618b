"""One pass over each table: cells of columns and of pairs counted, rows hashed to the disk.

Counts are whole numbers and add up, in whatever shards and order they are made.

Legend: n rows, K cells of a column, P pairs of columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.engines.base import Engine
from likewise.errors import InputError, SchemaError
from likewise.evaluate.scans.cells import Cells
from likewise.evaluate.scans.kinds import Spilled, spill
from likewise.evaluate.scans.rows import QUARTERS, Item, Tables, items_of, quarters
from likewise.schema.column import Schema
from likewise.schema.parse import parse
from likewise.sources.hashed import hashes_of
from likewise.typing import Ints

Counted = npt.NDArray[np.integer]

MOST_UNSEEN = 2**17
"""Different levels of a column, none of them in a sample, that are counted by name."""

QUARTER_NAMES = [f"rows_{k}" for k in range(QUARTERS)]

WHOLE_ROWS, CLASSES = "rows", "classes"


@dataclass
class Counts:
    """What is counted of some rows of a table, each figure by the quarter of the table that a row is in.

    Args:
        n: (4,) rows.
        columns: (4, K) of each column the rows of each cell.
        pairs: (4, cells) of each pair.
        unseen: of each column of levels those that no sample holds, with their rows; None where they are too many.
    """

    n: Ints
    columns: list[Counted]
    pairs: list[Counted]
    unseen: dict[int, pl.DataFrame | None]

    def add(self, other: Counts) -> None:
        """Take other rows in."""
        self.n = self.n + other.n
        for own, new in zip((*self.columns, *self.pairs), (*other.columns, *other.pairs), strict=True):
            own += new
        for i, new_levels in other.unseen.items():
            own_levels = self.unseen[i]
            if own_levels is None or new_levels is None:
                self.unseen[i] = None
            elif len(new_levels):
                self.unseen[i] = _few(_summed(pl.concat([own_levels, new_levels])))

    @classmethod
    def merged(cls, parts: Iterable[Counts]) -> Counts:
        """Of all rows of parts that have none in common."""
        whole: Counts | None = None
        for part in parts:
            if whole is None:
                whole = Counts(
                    part.n.copy(), [c.astype(np.int64) for c in part.columns],
                    [p.astype(np.int64) for p in part.pairs], dict(part.unseen),
                )  # fmt: skip
            else:
                whole.add(part)
        assert whole is not None
        return whole


def _summed(levels: pl.DataFrame) -> pl.DataFrame:
    return levels.group_by("level").agg(pl.col(QUARTER_NAMES).sum()).sort("level")


def _few(levels: pl.DataFrame) -> pl.DataFrame | None:
    return levels if len(levels) <= MOST_UNSEEN else None


@dataclass(frozen=True)
class Counting:
    """What counts a shard.

    Args:
        cells: of the columns that are compared, in the order of the schema.
        pairs: (P, 2) of them that are counted together.
        classes: columns of which each different combination is a class; none for none.
        folder: where hashes go.
    """

    tables: Tables
    schema: Schema
    cells: tuple[Cells, ...]
    pairs: Ints
    classes: tuple[str, ...]
    folder: Path
    seed: int

    def file(self, what: str, role: str, index: int) -> Path:
        return self.folder / f"{what}-{role}-{index:06}"

    def spilled(self, what: str) -> Spilled:
        """The files of hashes of all rows."""
        files = []
        for role in ("real", "synthetic", "holdout"):
            shards = self.tables[role].source.shards if role in self.tables else []
            files.append([self.file(what, role, shard.index) for shard in shards])
        return Spilled.of(files)


def count_shard(item: Item, counting: Counting) -> Counts:
    """What is counted of a shard's rows.

    Raises:
        InputError: they hold what does not read as its column's kind.
    """
    role, shard = item
    raw, numbers = counting.tables[role].read(shard)
    try:
        frame = parse(raw, counting.schema, partial=True)
    except SchemaError as error:
        raise InputError(
            f"the {role} table: {error}. The columns were told from a sample, which holds none of these: declare the "
            "kind, or the token that stands for missing, in a schema"
        ) from None
    names = [c.column.name for c in counting.cells]
    spill(hashes_of(frame, names), counting.file(WHOLE_ROWS, role, shard.index))
    if counting.classes:
        spill(hashes_of(frame, counting.classes), counting.file(CLASSES, role, shard.index))
    part = quarters(counting.seed, numbers)
    return _counted(frame, part, counting.cells, counting.pairs)


def _counted(frame: pl.DataFrame, part: Ints, cells: tuple[Cells, ...], pairs: Ints) -> Counts:
    columns, unseen, codes = [], {}, []
    for i, own in enumerate(cells):
        series = frame[own.column.name]
        if own.is_number:
            found = own.encode(series)
        else:
            texts = own.texts(series)
            found = own.encode_texts(texts)
            unseen[i] = _unseen(texts.filter(pl.Series(found == own.size - 1)), part[found == own.size - 1])
        columns.append(_by_quarter(found, part, own.size))
        codes.append((own.link[found].astype(np.int32), own.grid[found].astype(np.int32) if own.is_number else None))
    beside = []
    for i, j in pairs.tolist():
        (a, a_grid), (b, b_grid) = codes[i], codes[j]
        if a_grid is not None and b_grid is not None:
            beside.append(_by_quarter(a_grid * cells[j].grid_size + b_grid, part, pair_size(cells[i], cells[j])))
        else:
            beside.append(_by_quarter(a * cells[j].link_size + b, part, pair_size(cells[i], cells[j])))
    return Counts(np.bincount(part, minlength=QUARTERS), columns, beside, unseen)


def pair_size(a: Cells, b: Cells) -> int:
    """Cells of a pair of columns."""
    both = a.is_number and b.is_number
    return a.grid_size * b.grid_size if both else a.link_size * b.link_size


def _by_quarter(cells: Ints, part: Ints, size: int) -> Counted:
    """(4, size) rows of each cell, in half the bytes that numpy takes by itself."""
    return np.bincount(part * size + cells, minlength=QUARTERS * size).astype(np.int32).reshape(QUARTERS, size)


def _unseen(texts: pl.Series, part: Ints) -> pl.DataFrame | None:
    sums = [(pl.col("part") == k).sum().cast(pl.Int64).alias(name) for k, name in enumerate(QUARTER_NAMES)]
    table = pl.DataFrame({"level": texts, "part": part}, schema={"level": pl.String, "part": pl.Int64})
    return _few(table.group_by("level").agg(sums).sort("level"))


def counted(engine: Engine, counting: Counting) -> dict[str, Counts]:
    """What is counted of each table, by role."""
    items = items_of(counting.tables)
    found: dict[str, Counts] = {}
    for (role, _), part in zip(items, engine.map(count_shard, items, counting), strict=True):
        if role in found:
            found[role].add(part)
        else:
            found[role] = Counts.merged([part])
    return found
