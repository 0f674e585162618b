"""A canonical frame as numbers and categories, which is what the SMOTE family works on, and back.

Numbers stay as they are and dates become days, for imbalanced-learn measures distances without scaling; a missing
number becomes the median and a category of its own that says so. What no distance can be taken of (identifiers, texts,
columns of very many levels) is not in the matrix: new rows carry it from rows of their class.

Legend: n rows, a numbers, b categories.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.schema.column import Column, Kind, Schema
from likewise.schema.parse import canonical_dtype

MOST_LEVELS = 200
"""A column of more levels tells hardly anything of a distance, and its one-hot code would be wider than the table."""

_NUMBERS = (Kind.INTEGER, Kind.REAL, Kind.DATETIME)
_DAY = {"Date": 1.0, "Time": 86_400e9, "ns": 86_400e9, "us": 86_400e6, "ms": 86_400e3}


@dataclass(frozen=True)
class _Number:
    """One column of numbers or times: its place among the numbers, and among the categories if it has holes.

    Args:
        middle: what stands for a missing value.
        grain: ticks of which all its times are multiples: those of a minute, say.
    """

    column: Column
    at: int
    hole_at: int | None
    middle: float
    grain: float


@dataclass(frozen=True)
class _Category:
    """One column of levels; code len(levels) is missing."""

    column: Column
    at: int
    levels: pl.Series


@dataclass(frozen=True)
class MatrixCodec:
    """How a frame becomes numbers and categories.

    Args:
        sizes: (b,) codes of each category.
        carried: columns that are in neither.
    """

    parts: tuple[_Number | _Category, ...]
    n_numbers: int
    sizes: tuple[int, ...]
    carried: tuple[str, ...]

    @classmethod
    def fit(cls, table: pl.DataFrame, schema: Schema) -> Self:
        parts: list[_Number | _Category] = []
        carried: list[str] = []
        sizes: list[int] = []
        n_numbers = 0
        for column in schema:
            series = table[column.name]
            if not column.is_modelled or column.kind is Kind.TEXT:
                carried.append(column.name)
            elif column.kind in _NUMBERS:
                has_holes = series.null_count() > 0
                middle = float(np.median(v)) if len(v := _as_floats(series.drop_nulls())) else 0.0
                hole_at = len(sizes) if has_holes else None
                parts.append(_Number(column, n_numbers, hole_at, middle, _grain(series)))
                n_numbers += 1
                sizes += [2] if has_holes else []
            else:
                levels = series.drop_nulls().cast(pl.String).unique().sort()
                if len(levels) > MOST_LEVELS:
                    carried.append(column.name)
                    continue
                parts.append(_Category(column, len(sizes), levels))
                sizes.append(len(levels) + (series.null_count() > 0))
        return cls(tuple(parts), n_numbers, tuple(sizes), tuple(carried))

    def encode(self, table: pl.DataFrame) -> npt.NDArray[np.float64]:
        """(n, a + b) numbers, then codes of categories."""
        out = np.empty((len(table), self.n_numbers + len(self.sizes)))
        for part in self.parts:
            series = table[part.column.name]
            if isinstance(part, _Number):
                out[:, part.at] = _as_floats(series, part.middle)
                if part.hole_at is not None:
                    out[:, self.n_numbers + part.hole_at] = series.is_null().to_numpy()
            else:
                out[:, self.n_numbers + part.at] = _codes(series, part.levels)
        return out

    def decode(self, matrix: npt.NDArray[np.float64]) -> dict[str, pl.Series]:
        """The canonical columns of these rows; carried ones are not among them."""
        found = {}
        for part in self.parts:
            name = part.column.name
            if isinstance(part, _Number):
                hole = None if part.hole_at is None else matrix[:, self.n_numbers + part.hole_at] > 0.5
                found[name] = _from_floats(matrix[:, part.at], hole, part)
            else:
                codes = pl.Series(matrix[:, self.n_numbers + part.at].round().astype(np.int64))
                inside = codes.set(codes >= len(part.levels), None)
                texts = part.levels.gather(inside).alias(name)
                found[name] = texts == "true" if part.column.kind is Kind.BOOLEAN else texts
        return found

    def one_hot(self, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """(n, a + sum of sizes) with each category spread over a column for each of its codes."""
        parts = [matrix[:, : self.n_numbers]]
        for j, size in enumerate(self.sizes):
            parts.append(matrix[:, self.n_numbers + j, None] == np.arange(size))
        return np.concatenate(parts, axis=1, dtype=np.float64)

    def from_one_hot(self, wide: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The inverse: each category is the code whose column is largest."""
        parts, at = [wide[:, : self.n_numbers]], self.n_numbers
        for size in self.sizes:
            parts.append(wide[:, at : at + size].argmax(1)[:, None] if size else np.zeros((len(wide), 1)))
            at += size
        return np.concatenate(parts, axis=1, dtype=np.float64)


def _codes(series: pl.Series, levels: pl.Series) -> npt.NDArray[np.int64]:
    """(n,) place of each value among the sorted levels; missing, or a level never seen, is one more."""
    order = pl.DataFrame({"level": levels, "code": np.arange(len(levels))})
    texts = series.cast(pl.String).alias("level").to_frame()
    codes = texts.join(order, on="level", how="left", maintain_order="left")["code"]
    return codes.fill_null(len(levels)).to_numpy()


def _unit(dtype: Any) -> float:
    """Ticks a day of a type of time; 1 for numbers."""
    if isinstance(dtype, pl.Datetime):
        return _DAY[dtype.time_unit]
    return _DAY.get(str(dtype), 1.0)


def _as_floats(series: pl.Series, missing: float = np.nan) -> npt.NDArray[np.float64]:
    plain = series.to_physical() if series.dtype.is_temporal() else series
    return plain.cast(pl.Float64).fill_null(missing).to_numpy() / _unit(series.dtype)


def _grain(series: pl.Series) -> float:
    """The longest of day, hour, minute, second and millisecond that all times are multiples of, in ticks."""
    if not series.dtype.is_temporal() or series.dtype == pl.Date:
        return 1.0
    ticks, second = series.drop_nulls().to_physical().to_numpy(), _unit(series.dtype) / 86_400
    units = (86_400 * second, 3_600 * second, 60 * second, second, second / 1_000)
    return next((unit for unit in units if unit >= 1 and not (ticks % int(unit)).any()), 1.0)


def _from_floats(values: npt.NDArray[np.float64], hole: npt.NDArray[np.bool_] | None, part: _Number) -> pl.Series:
    name, dtype = part.column.name, canonical_dtype(part.column)
    if part.column.kind is Kind.REAL:
        series = pl.Series(name, values)
    else:
        ticks = (values * _unit(dtype) / part.grain).round() * part.grain
        series = pl.Series(name, ticks).cast(pl.Int32 if dtype == pl.Date else pl.Int64).cast(dtype)
    return series if hole is None else series.set(pl.Series(hole), None)
