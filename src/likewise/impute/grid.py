"""A table as one matrix: numbers and times as they are, levels as codes, NaN where a cell is missing.

Legend: n rows, C columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import InputError
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.parse import canonical_dtype

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
NUMBERS = (Kind.INTEGER, Kind.REAL, Kind.DATETIME)


@dataclass(frozen=True)
class GridColumn:
    """One column of the matrix.

    Args:
        column: what the schema says of it.
        n_levels: of a column of levels; 0 for numbers and times.
        levels: the levels in the order of their codes, the most frequent first.
    """

    column: Column
    n_levels: int = 0
    levels: pl.Series | None = None

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def is_code(self) -> bool:
        return self.n_levels > 0

    def encode(self, series: pl.Series) -> FloatArray:
        """(n,) numbers or codes. A level that was never seen tells nothing: it is missing here, and stays in place in
        the table."""
        if self.levels is not None:
            codes = pl.DataFrame({"level": self.levels, "code": np.arange(self.n_levels, dtype=np.float64)})
            found = pl.DataFrame({"level": _text(series)}).join(codes, on="level", how="left", maintain_order="left")
            return np.array(found["code"].fill_null(float("nan")).to_numpy())
        values = series.to_physical().cast(pl.Float64).fill_null(float("nan"))
        return np.array(values.to_numpy())

    def decode(self, values: FloatArray) -> pl.Series:
        """The canonical column of numbers or codes; NaN becomes null."""
        series = pl.Series(self.name, values).fill_nan(None)
        dtype = canonical_dtype(self.column)
        if self.levels is not None:
            texts = self.levels.gather(series.cast(pl.UInt32)).alias(self.name)
            return texts == "true" if dtype == pl.Boolean else texts
        if self.column.kind is Kind.REAL:
            return series
        whole = series.round(0).cast(pl.Int64)
        return whole if self.column.kind is Kind.INTEGER else whole.cast(_counting(dtype)).cast(dtype)


@dataclass(frozen=True)
class Grid:
    """The columns of the matrix; what a table leaves out (ids, dropped columns) is not in it."""

    columns: tuple[GridColumn, ...]

    @classmethod
    def of_numbers(cls, columns: list[Column]) -> Self:
        return cls(tuple(GridColumn(c) for c in columns))

    @classmethod
    def of_table(cls, table: pl.DataFrame, schema: Schema) -> Self:
        """The grid of a canonical frame, with the levels found in it."""
        return cls(tuple(_column(table[c.name], c) for c in schema if c.is_modelled))

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.columns]

    @property
    def n_levels(self) -> list[int]:
        return [c.n_levels for c in self.columns]

    @property
    def is_code(self) -> BoolArray:
        return np.array([c.is_code for c in self.columns], bool)

    def encode(self, table: pl.DataFrame) -> FloatArray:
        """(n, C) of a canonical frame."""
        return np.column_stack([np.empty((len(table), 0)), *(c.encode(table[c.name]) for c in self.columns)])

    def decode(self, matrix: FloatArray) -> pl.DataFrame:
        """The canonical frame of (n, C) numbers and codes."""
        return pl.DataFrame([c.decode(matrix[:, j]) for j, c in enumerate(self.columns)])


def _column(series: pl.Series, column: Column) -> GridColumn:
    if column.kind in NUMBERS:
        return GridColumn(column)
    counted = (
        _text(series)
        .drop_nulls()
        .rename("level")
        .value_counts(name="n_rows")
        .sort(["n_rows", "level"], descending=[True, False])
    )
    return GridColumn(column, max(len(counted), 1), counted["level"])


def _text(series: pl.Series) -> pl.Series:
    return series.cast(pl.String)


def _counting(dtype: pl.DataType) -> pl.DataType:
    """The type in which a time counts: days of a date are 32 bits."""
    return pl.Int32() if dtype == pl.Date else pl.Int64()


def refuse_infinite(table: pl.DataFrame) -> None:
    """Raise InputError for infinite numbers, which are neither missing nor of any use to a mean."""
    for series in table.select(pl.col(pl.Float32, pl.Float64)):
        n = int(series.is_infinite().sum())
        if n:
            raise InputError(f"column {series.name!r} holds {n} infinite values; replace or remove them first")
