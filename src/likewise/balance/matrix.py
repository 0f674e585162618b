"""A canonical frame as numbers and categories, which is what the SMOTE family works on, and back.

Numbers stay as they are and times become days, for imbalanced-learn measures distances without scaling; a missing
number becomes the median and a category of its own that says so. What no distance can be taken of (identifiers, texts,
columns of very many levels) is not in the matrix: new rows carry it from rows of their class.

Legend: n rows, a numbers, b categories.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from likewise.codecs.matrix import MatrixColumn, numbers_of
from likewise.schema.column import Kind, Schema
from likewise.typing import Floats

MOST_LEVELS = 200
"""A column of more levels tells hardly anything of a distance, and its one-hot code would be wider than the table."""

_DAY = {"Date": 1.0, "Time": 86_400e9, "ns": 86_400e9, "us": 86_400e6, "ms": 86_400e3}


@dataclass(frozen=True)
class _Part:
    """One column: its place among the numbers, and among the categories if it has levels or holes.

    Args:
        size: codes of its category: its levels, and one more if some are missing; 2 for a number with holes.
        middle: of numbers, what stands for a missing one.
        unit: ticks in a day; 1 for numbers.
        grain: ticks of which all its times are multiples: those of a minute, say.
    """

    codec: MatrixColumn
    number: int | None = None
    category: int | None = None
    size: int = 0
    middle: float = 0.0
    unit: float = 1.0
    grain: int = 1


@dataclass(frozen=True)
class MatrixCodec:
    """How a frame becomes numbers and categories.

    Args:
        sizes: (b,) codes of each category.
        carried: columns that are in neither.
    """

    parts: tuple[_Part, ...]
    n_numbers: int
    sizes: tuple[int, ...]
    carried: tuple[str, ...]

    @classmethod
    def fit(cls, table: pl.DataFrame, schema: Schema) -> Self:
        """The codec of a canonical frame."""
        parts: list[_Part] = []
        carried: list[str] = []
        sizes: list[int] = []
        n_numbers = 0
        for column in schema:
            series = table[column.name]
            if not column.is_modelled or column.kind is Kind.TEXT:
                carried.append(column.name)
                continue
            codec = MatrixColumn.of(series, column)
            if codec.levels is not None and len(codec.levels) > MOST_LEVELS:
                carried.append(column.name)
                continue
            has_holes = series.null_count() > 0
            category = len(sizes) if codec.is_code or has_holes else None
            if codec.levels is not None:
                parts.append(_Part(codec, None, category, len(codec.levels) + has_holes))
            else:
                unit = _unit(series.dtype)
                middle = float(np.median(numbers_of(series.drop_nulls()) / unit)) if series.count() else 0.0
                parts.append(_Part(codec, n_numbers, category, 2, middle, unit, _grain(series)))
                n_numbers += 1
            sizes += [] if category is None else [parts[-1].size]
        return cls(tuple(parts), n_numbers, tuple(sizes), tuple(carried))

    def encode(self, table: pl.DataFrame) -> Floats:
        """(n, a + b) numbers, then codes of categories."""
        out = np.empty((len(table), self.n_numbers + len(self.sizes)))
        for part in self.parts:
            x = part.codec.encode(table[part.codec.name])
            missing = np.isnan(x)
            if part.number is not None:
                out[:, part.number] = np.where(missing, part.middle, x / part.unit)
            if part.category is not None:
                levels = part.codec.levels
                codes = missing if levels is None else np.where(missing, len(levels), x)
                out[:, self.n_numbers + part.category] = codes
        return out

    def decode(self, matrix: Floats) -> dict[str, pl.Series]:
        """The canonical columns of these rows; carried ones are not among them."""
        found = {}
        for part in self.parts:
            codes = None if part.category is None else matrix[:, self.n_numbers + part.category]
            if part.codec.levels is not None:
                assert codes is not None
                x = np.where(codes.round() < len(part.codec.levels), codes.round(), np.nan)
            else:
                assert part.number is not None
                x = matrix[:, part.number] * part.unit
                x = x if codes is None else np.where(codes > 0.5, np.nan, x)
            found[part.codec.name] = part.codec.decode(x, grain=part.grain)
        return found

    def one_hot(self, matrix: Floats) -> Floats:
        """(n, a + sum of sizes) with each category spread over a column for each of its codes."""
        parts = [matrix[:, : self.n_numbers]]
        for j, size in enumerate(self.sizes):
            parts.append(matrix[:, self.n_numbers + j, None] == np.arange(size))
        return np.concatenate(parts, axis=1, dtype=np.float64)

    def from_one_hot(self, wide: Floats) -> Floats:
        """The inverse: each category is the code whose column is largest."""
        parts, at = [wide[:, : self.n_numbers]], self.n_numbers
        for size in self.sizes:
            parts.append(wide[:, at : at + size].argmax(1)[:, None] if size else np.zeros((len(wide), 1)))
            at += size
        return np.concatenate(parts, axis=1, dtype=np.float64)


def _unit(dtype: Any) -> float:
    """Ticks a day of a type of time; 1 for numbers."""
    if isinstance(dtype, pl.Datetime):
        return _DAY[dtype.time_unit]
    return _DAY.get(str(dtype), 1.0)


def _grain(series: pl.Series) -> int:
    """The longest of day, hour, minute, second and millisecond that all times are multiples of, in ticks."""
    if not series.dtype.is_temporal() or series.dtype == pl.Date:
        return 1
    ticks, second = series.drop_nulls().to_physical().to_numpy(), _unit(series.dtype) / 86_400
    units = (86_400 * second, 3_600 * second, 60 * second, second, second / 1_000)
    return next((int(unit) for unit in units if unit >= 1 and not (ticks % int(unit)).any()), 1)
