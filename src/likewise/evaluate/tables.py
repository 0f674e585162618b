"""Canonical frames as arrays: numbers as float64 with NaN, everything else as codes over levels shared by all tables.

Legend: n rows; a level column has K levels, code K stands for missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.matrix import NUMBER_KINDS, codes_of, levels_of, numbers_of
from likewise.errors import InputError
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.dtypes import dtype_name
from likewise.schema.keys import WORDY

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
MANY_ROWS = 0.9
"""A person with more rows than this share of all rows have beside them counts as one with just as many."""


@dataclass(frozen=True)
class TypedColumn:
    """One column of one table.

    Args:
        values: (n,) float64 with NaN for missing (numbers), or (n,) int32 codes where K stands for missing (levels).
        levels: the K levels, the same for every table typed together; None for numbers.
        dtype: for datetimes, the Polars type the numbers count in.
    """

    name: str
    kind: Kind
    values: npt.NDArray[Any]
    levels: tuple[str, ...] | None = None
    dtype: Any = None

    @property
    def is_number(self) -> bool:
        return self.levels is None

    @property
    def size(self) -> int:
        """Number of codes, missing included."""
        return 0 if self.levels is None else len(self.levels) + 1

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        return np.asarray(np.isnan(self.values) if self.levels is None else self.values == len(self.levels))

    @property
    def present(self) -> npt.NDArray[Any]:
        """The values that are not missing."""
        return self.values[~self.missing]


@dataclass(frozen=True)
class Typed:
    """A table as arrays, columns in schema order.

    Args:
        persons: (n,) whose each row is, as numbers that mean the same in every table compared; None where each row is
            its own person.
    """

    columns: tuple[TypedColumn, ...]
    n: int
    persons: IntArray | None = None

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, name: str) -> TypedColumn:
        return next(c for c in self.columns if c.name == name)

    @property
    def whose(self) -> IntArray:
        """(n,) the person of each row; each row its own where none are told."""
        return np.arange(self.n) if self.persons is None else self.persons

    @property
    def n_persons(self) -> int:
        return self.n if self.persons is None else len(np.unique(self.persons))

    def take(self, rows: slice | npt.NDArray[np.integer]) -> Typed:
        columns = tuple(replace(c, values=c.values[rows]) for c in self.columns)
        n = len(range(self.n)[rows]) if isinstance(rows, slice) else len(rows)
        return Typed(columns, n, None if self.persons is None else self.persons[rows])

    def beside(self, other: Typed) -> Typed:
        """These rows and then those of a table typed together with this one; persons are not told."""
        pairs = zip(self.columns, other.columns, strict=True)
        columns = tuple(replace(a, values=np.concatenate([a.values, b.values])) for a, b in pairs)
        return Typed(columns, self.n + other.n)

    def only(self, columns: Sequence[int]) -> Typed:
        """These columns alone, in their order."""
        return replace(self, columns=tuple(self.columns[i] for i in columns))

    def drop(self, name: str) -> Typed:
        return replace(self, columns=tuple(c for c in self.columns if c.name != name))

    def one_each(self, rng: np.random.Generator) -> Typed:
        """One row of each person, by chance; the table itself where each row is its own."""
        if self.persons is None:
            return self
        order = rng.permutation(self.n)
        rows = order[np.unique(self.persons[order], return_index=True)[1]]
        return replace(self.take(rows), persons=None)

    def apart(self, rng: np.random.Generator) -> Typed:
        """Rows of which no two are one person's: one of each of some persons, chosen as their rows are many, so that
        shares stay what they are among all rows; the table itself where each row is its own.
        """
        if self.persons is None or self.n == 0:
            return self
        order = rng.permutation(self.n)
        _, first, rows = np.unique(self.persons[order], return_index=True, return_counts=True)
        kept = rng.random(len(rows)) * np.quantile(np.repeat(rows, rows), MANY_ROWS) < rows
        return replace(self.take(order[first[kept]]), persons=None)

    def sample(self, n: int, rng: np.random.Generator) -> Typed:
        """At most n rows, drawn without replacement; the table itself when it is no larger."""
        return self if self.n <= n else self.take(rng.permutation(self.n)[:n])


def check_columns(frame: pl.DataFrame, schema: Schema, role: str) -> None:
    """Raise InputError naming the columns that `frame` lacks or has too many. The order does not matter."""
    wanted = {c.name for c in schema if c.is_modelled}
    known = {c.name for c in schema}
    lacking = [c.name for c in schema if c.name in wanted and c.name not in frame.columns]
    extra = [name for name in frame.columns if name not in known]
    if lacking or extra:
        parts = [f"lacks {_names(lacking)}"] * bool(lacking) + [f"has the extra {_names(extra)}"] * bool(extra)
        raise InputError(f"the {role} table {' and '.join(parts)}; give it the columns of the real table")


def type_tables(
    frames: Sequence[pl.DataFrame], schema: Schema, *, text: Literal["pattern", "value"] = "pattern"
) -> list[Typed]:
    """The modelled columns of canonical frames as arrays, with shared levels.

    Args:
        text: how a text column becomes levels: by its "pattern" (letters and digits collapsed: what a text column
            can be faithful in) or by its "value" (what an attacker compares).

    Raises:
        InputError: a column has a type that does not fit its kind.
    """
    columns = [c for c in schema if c.is_modelled]
    typed = [_type_column([f.get_column(c.name) for f in frames], c, text) for c in columns]
    return [Typed(tuple(t[i] for t in typed), f.height) for i, f in enumerate(frames)]


def _type_column(series: list[pl.Series], column: Column, text: str) -> list[TypedColumn]:
    try:
        if column.kind in NUMBER_KINDS:
            return [numbers_column(s, column) for s in series]
        if column.kind is Kind.TEXT and text == "pattern":
            series = [pattern_of(s.cast(pl.String)) for s in series]
        return _levels(series, column)
    except pl.exceptions.PolarsError as error:
        dtypes = ", ".join(dict.fromkeys(dtype_name(s.dtype) for s in series))
        raise InputError(
            f"column {column.name!r}: kind {column.kind} does not fit the type {dtypes}; "
            "parse both tables with the same schema"
        ) from error


def numbers_column(s: pl.Series, column: Column) -> TypedColumn:
    dtype = None
    if column.kind is Kind.DATETIME and s.dtype != pl.Null:
        if isinstance(s.dtype, pl.Datetime):  # one unit for all tables
            s = s.cast(pl.Datetime("us", s.dtype.time_zone))
        dtype = s.dtype
    values = numbers_of(s)
    values[~np.isfinite(values)] = np.nan
    return TypedColumn(column.name, column.kind, values, None, dtype)


def pattern_of(s: pl.Series) -> pl.Series:
    """Letters and digits collapsed; sentences, which have no pattern, are all `a a a a …`."""
    bare = s.str.replace_all(r"\p{L}+", "a").str.replace_all(r"\p{N}+", "9")
    return pl.select(pl.when(s.str.contains(WORDY)).then(pl.lit("a a a a …")).otherwise(bare)).to_series().alias(s.name)


def _levels(series: list[pl.Series], column: Column) -> list[TypedColumn]:
    levels = levels_of(series)
    codes = [codes_of(s, levels).fill_null(len(levels)).to_numpy() for s in series]
    return [TypedColumn(column.name, column.kind, c, tuple(levels)) for c in codes]


def design_matrices(tables: Sequence[Typed]) -> tuple[list[npt.NDArray[np.float32]], list[bool]]:
    """For each table (n, D) float32 for tree learners, NaN for missing; and for each column whether it holds codes.

    Numbers beyond the exact range of float32 (timestamps) are counted from the middle of the first table's values.
    """
    matrices = [np.empty((t.n, len(t.columns)), dtype=np.float32) for t in tables]
    first = tables[0].columns
    for i, column in enumerate(first):
        present = column.present if column.is_number else np.zeros(0)
        wide = len(present) > 0 and np.abs(present).max() > 2**24
        shift, scale = (np.median(present), np.ptp(present) or 1.0) if wide else (0.0, 1.0)
        for matrix, table in zip(matrices, tables, strict=True):
            values = table.columns[i].values.astype(np.float64)
            values[table.columns[i].missing] = np.nan
            matrix[:, i] = (values - shift) / scale
    return matrices, [not c.is_number for c in first]


def _names(names: list[str], most: int = 5) -> str:
    shown = ", ".join(repr(n) for n in names[:most])
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"column{'s' * (len(names) > 1)} {shown}{more}"
