"""Rows as points, near where they are alike: scaled numbers and times, one number a frequent level, the degree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from likewise.codecs.column import take_value
from likewise.errors import ModelFileError
from likewise.typing import Floats, Ints

MOST_LEVELS = 24
SHARED = 5
"""People who share a level at least for it to be looked at, as in the codecs."""
MOST_COLUMNS = 4096


@dataclass(frozen=True)
class Number:
    """A number: asinh((x - centre) / spread) / scale, and whether it is missing."""

    name: str
    centre: float
    spread: float
    scale: float
    width = 2

    @classmethod
    def of(cls, name: str, series: pl.Series) -> Number:
        values = _physical(series)
        known = values[np.isfinite(values)]
        if not len(known):
            return cls(name, 0.0, 1.0, 1.0)
        centre = float(known.mean())
        spread = float(np.abs(known - centre).mean()) or 1.0
        scale = float(np.arcsinh((known - centre) / spread).std()) or 1.0
        return cls(name, centre, spread, scale)

    def __call__(self, series: pl.Series) -> Floats:
        values = _physical(series)
        known = np.isfinite(values)
        scaled = np.arcsinh((np.where(known, values, self.centre) - self.centre) / self.spread) / self.scale
        return np.column_stack([scaled, 1.0 * ~known])


@dataclass(frozen=True)
class Levels:
    """A 1 at the level that a row has, all levels together weighing as much as a number; missing is one of them."""

    name: str
    levels: tuple[str | None, ...]
    weight: float

    @property
    def width(self) -> int:
        return len(self.levels)

    @classmethod
    def of(cls, name: str, series: pl.Series, whose: Ints | None) -> Levels:
        held = pl.DataFrame(
            {"level": series.cast(pl.String), "who": np.arange(len(series)) if whose is None else whose}
        )
        counts = held.group_by("level").agg(pl.len().alias("count"), pl.col("who").n_unique().alias("people"))
        counts = counts.filter(pl.col("people") >= SHARED).sort("count", "level", descending=[True, False])
        counts = counts.head(MOST_LEVELS)
        shares = counts["count"].to_numpy() / max(1, len(series))
        spread = float((shares * (1 - shares)).sum())
        return cls(name, tuple(counts["level"].to_list()), 1 / np.sqrt(spread) if spread > 0.01 else 1.0)

    def __call__(self, series: pl.Series) -> Floats:
        texts = series.cast(pl.String)
        hits = [texts.eq_missing(pl.Series([level], dtype=pl.String)).to_numpy() for level in self.levels]
        return np.column_stack(hits) * self.weight if hits else np.zeros((len(series), 0))


@dataclass(frozen=True)
class Features:
    """How rows become points, as `fit` learnt it.

    Args:
        columns: what is looked at.
        degree: the centre and the spread of log(1 + degree).
    """

    columns: tuple[Number | Levels, ...]
    degree: tuple[float, float]

    @classmethod
    def fit(cls, frame: pl.DataFrame, degrees: Ints, whose: Ints | None = None) -> Self:
        """Learn it from canonical columns (P, ...) and links into each row (P,).

        Args:
            whose: (P,) the person of each row; None counts rows behind a level.
        """
        logs = np.log1p(degrees) if len(degrees) else np.zeros(1)
        found = [_learnt(series, whose) for series in frame.iter_columns()]
        return cls(
            tuple(one for one in found if one is not None and one.width), (float(logs.mean()), float(logs.std()) or 1.0)
        )

    def __call__(self, frame: pl.DataFrame, degrees: Ints) -> Floats:
        """(P, F) points."""
        degree = (np.log1p(degrees) - self.degree[0]) / self.degree[1]
        return np.column_stack([degree, *(column(frame[column.name]) for column in self.columns)])

    def first(self, frame: pl.DataFrame, most: int) -> Floats:
        """(P, d) the first so many of them but the degree, of many rows without all others."""
        parts = [np.zeros((len(frame), 0))]
        for column in self.columns:
            if (left := most - sum(part.shape[1] for part in parts)) > 0:
                parts.append(column(frame[column.name])[:, :left])
        return np.column_stack(parts)

    @property
    def width(self) -> int:
        """F."""
        return 1 + sum(column.width for column in self.columns)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"degree": list(self.degree), "columns": [_plain(column) for column in self.columns]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ModelFileError: it does not fit together.
        """
        parts, degree = take_value(data, "columns", list), take_value(data, "degree", list)
        if len(parts) > MOST_COLUMNS or len(degree) != 2 or not all(isinstance(x, int | float) for x in degree):
            raise ModelFileError("codes of a table that is pointed at: its columns do not fit together")
        return cls(tuple(map(_column, parts)), (float(degree[0]), float(degree[1]) or 1.0))


def _learnt(series: pl.Series, whose: Ints | None) -> Number | Levels | None:
    if series.dtype.is_numeric() or series.dtype.is_temporal():
        known = np.flatnonzero(np.isfinite(_physical(series)))
        people = len(known) if whose is None else len(np.unique(whose[known]))
        return Number.of(series.name, series) if people >= SHARED else None  # of fewer the mean tells what they hold
    if series.dtype == pl.Boolean or series.dtype == pl.String or isinstance(series.dtype, pl.Categorical | pl.Enum):
        return Levels.of(series.name, series, whose)
    return None


def _physical(series: pl.Series) -> Floats:
    return series.to_physical().cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _plain(column: Number | Levels) -> dict[str, Any]:
    if isinstance(column, Number):
        return {"name": column.name, "centre": column.centre, "spread": column.spread, "scale": column.scale}
    return {"name": column.name, "levels": list(column.levels), "weight": column.weight}


def _column(data: Any) -> Number | Levels:
    if not isinstance(data, dict):
        raise ModelFileError("codes of a table that is pointed at: a column must be an object")
    name = take_value(data, "name", str)
    if "levels" not in data:
        centre, spread, scale = (float(take_value(data, k, int, float)) for k in ("centre", "spread", "scale"))
        if not np.isfinite([centre, spread, scale]).all() or spread <= 0 or scale <= 0:
            raise ModelFileError(f"codes of a table that is pointed at: column {name!r} has no scale")
        return Number(name, centre, spread, scale)
    levels, weight = take_value(data, "levels", list), float(take_value(data, "weight", int, float))
    if len(levels) > MOST_LEVELS or not all(level is None or isinstance(level, str) for level in levels):
        raise ModelFileError(f"codes of a table that is pointed at: column {name!r} has no such levels")
    return Levels(name, tuple(levels), weight)
