"""Canonical columns as arrays, and back: numbers and times as float64 with NaN for missing, levels as codes.

For learners and measures that work on plain numbers; generators have the finer codes of `TableCodec`.

Legend: n rows, C columns; a column of levels has K of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from likewise.schema.column import Column, Kind, Schema
from likewise.schema.parse import canonical_dtype
from likewise.typing import Bools, Floats

NUMBER_KINDS = (Kind.INTEGER, Kind.REAL, Kind.DATETIME)


def numbers_of(series: pl.Series) -> Floats:
    """(n,) numbers, or times in the ticks that they count in; NaN where missing."""
    plain = series.to_physical() if series.dtype.is_temporal() else series
    return np.array(plain.cast(pl.Float64).fill_null(float("nan")).to_numpy(), np.float64)


def levels_of(series: Sequence[pl.Series], *, by_count: bool = False) -> pl.Series:
    """(K,) the different texts of some columns, in the order of the alphabet or the most frequent first."""
    texts = pl.concat([s.cast(pl.String) for s in series]).drop_nulls().alias("level")
    if not by_count:
        return texts.unique().sort()
    return texts.value_counts(name="n").sort(["n", "level"], descending=[True, False])["level"]


def codes_of(series: pl.Series, levels: pl.Series) -> pl.Series:
    """(n,) the place of each value among the levels; null where it is missing or none of them."""
    return series.cast(pl.String).cast(pl.Enum(levels), strict=False).to_physical().cast(pl.Int32)


@dataclass(frozen=True)
class MatrixColumn:
    """One column of a matrix.

    Args:
        column: what the schema says of it.
        levels: (K,) in the order of their codes; None for numbers and times.
    """

    column: Column
    levels: pl.Series | None = None

    @classmethod
    def of(cls, series: pl.Series, column: Column, *, by_count: bool = False) -> Self:
        return cls(column, None if column.kind in NUMBER_KINDS else levels_of([series], by_count=by_count))

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def is_code(self) -> bool:
        return self.levels is not None

    @property
    def n_levels(self) -> int:
        """1 at least for a column of levels, 0 for numbers and times."""
        return 0 if self.levels is None else max(len(self.levels), 1)

    def encode(self, series: pl.Series) -> Floats:
        """(n,) numbers or codes. A level that was never seen tells nothing: it is missing here."""
        return numbers_of(series if self.levels is None else codes_of(series, self.levels))

    def decode(self, values: Floats, *, grain: int = 1) -> pl.Series:
        """The canonical column of numbers or codes; NaN becomes null.

        Args:
            grain: whole numbers and times are rounded to multiples of so many.
        """
        series = pl.Series(self.name, values).fill_nan(None)
        dtype = canonical_dtype(self.column)
        if self.levels is not None:
            texts = self.levels.gather(series.cast(pl.UInt32)).alias(self.name)
            return texts == "true" if dtype == pl.Boolean else texts
        if self.column.kind is Kind.REAL:
            return series
        whole = ((series / grain).round(0) * grain).cast(pl.Int64)
        # A time counts in 64 bits, but for the days of a date.
        return whole.cast(pl.Int32).cast(dtype) if dtype == pl.Date else whole.cast(dtype)


@dataclass(frozen=True)
class TableMatrix:
    """The columns of a matrix; what a table leaves out (ids, dropped columns) is not in it."""

    columns: tuple[MatrixColumn, ...]

    @classmethod
    def of_numbers(cls, columns: Sequence[Column]) -> Self:
        return cls(tuple(MatrixColumn(c) for c in columns))

    @classmethod
    def of_table(cls, table: pl.DataFrame, schema: Schema) -> Self:
        """Of a canonical frame, with the levels found in it, the most frequent first."""
        return cls(tuple(MatrixColumn.of(table[c.name], c, by_count=True) for c in schema if c.is_modelled))

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.columns]

    @property
    def n_levels(self) -> list[int]:
        return [c.n_levels for c in self.columns]

    @property
    def is_code(self) -> Bools:
        return np.array([c.is_code for c in self.columns], bool)

    def encode(self, table: pl.DataFrame) -> Floats:
        """(n, C) of a canonical frame."""
        return np.column_stack([np.empty((len(table), 0)), *(c.encode(table[c.name]) for c in self.columns)])

    def decode(self, matrix: Floats) -> pl.DataFrame:
        """The canonical frame of (n, C) numbers and codes."""
        return pl.DataFrame([c.decode(matrix[:, j]) for j, c in enumerate(self.columns)])
