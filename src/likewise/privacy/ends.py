"""Ends of intervals: values that enough members share, or round ones with as many behind them; never one person's own.

The least value of a class is somebody's: a birth date that one person alone has tells whose the row is to whoever holds
a register. Such an end moves outwards to a round value that stands for enough members, one that nobody has if there is
one near.

Legend: m known levels of a column, rising; e of them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.privacy.encoding import Floats, Ints, rows_of
from likewise.privacy.intervals import as_floats

Points = npt.NDArray[Any]
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 600, 1_200, 12_000)
_SECONDS = (1, 10, 60, 300, 900, 3_600, 21_600, 86_400)
_PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_ROUND = 10**18
_TRIES = 4
ENOUGH = 5
"""So many members hide the one who has the least value, or a rare level; fewer where k is less."""


@dataclass(frozen=True)
class Held:
    """Who has the levels of a column.

    Args:
        members: (m,) persons that have each level, or rows where none are named.
        share: (m,) the same with each person shared out among the levels that are theirs, so that sums over a range
            never count more persons than are in it.
        least: members that hide one.
    """

    members: Ints
    share: Floats
    least: int

    @classmethod
    def of(cls, codes: npt.NDArray[Any], m: int, persons: Ints | None, least: int, weights: Ints | None = None) -> Held:
        if persons is None:
            rows = rows_of(codes, m, weights)
            return cls(rows, np.asarray(rows, np.float64), least)
        who, level = np.divmod(np.unique(persons.astype(np.int64) * m + codes), m)
        share = np.asarray(np.bincount(level, 1 / np.bincount(who)[who], minlength=m), np.float64)
        return cls(np.bincount(level, minlength=m), share, least)

    @property
    def is_rare(self) -> npt.NDArray[np.bool_]:
        return self.members < self.least


@dataclass(frozen=True)
class Ends:
    """What is told of the levels of a column where an interval begins or ends at them.

    Args:
        low, high: (m,) values.
        low_at, high_at: (m,) where these lie: 0 is the least level, 1 the greatest.
    """

    low: pl.Series
    high: pl.Series
    low_at: Floats
    high_at: Floats


def ends_of(known: pl.Series, held: Held) -> Ends:
    """Levels that enough members have as they are, all others by the narrowest round cell which so many share.

    Args:
        known: (m,) levels, rising, none missing.
        held: who has them.
    """
    grid, m = _grid(known), len(known)
    points, share, is_rare = grid.points, held.share[:m], held.is_rare[:m]
    low, high, todo, own = points.copy(), points.copy(), np.flatnonzero(is_rare), points[is_rare]
    for step in grid.steps:
        if not len(todo):
            break
        first, last = grid.cell(points[todo], step)
        starts = np.flatnonzero(np.r_[True, first[1:] != first[:-1]])
        sizes = np.diff(np.r_[starts, len(todo)])
        # Whoever has a narrower cell hides nobody in this one.
        hides = np.add.reduceat(share[todo], starts) > held.least - 1e-9
        found = todo[np.repeat(hides, sizes)]
        cells = _clear_of(own, grid, step, first[starts][hides], last[starts][hides])
        low[found], high[found] = (np.repeat(x, sizes[hides]) for x in cells)
        todo = todo[np.repeat(~hides, sizes)]
    if len(todo):  # the few that are left, on both sides of nought perhaps
        first, last = grid.cell(points[todo], grid.steps[-1])
        low[todo], high[todo] = first.min(), last.max()
    places = [np.clip((x - points[:1]) / (float(points[-1] - points[0]) or 1.0), 0, 1) if m else x for x in (low, high)]
    return Ends(grid.values(low), grid.values(high), *places)


def _among(x: Points, rising: Points) -> npt.NDArray[np.bool_]:
    return np.asarray(rising[np.minimum(np.searchsorted(rising, x), len(rising) - 1)] == x)


def _clear_of(own: Points, grid: _Grid, step: float | str, first: Points, last: Points) -> tuple[Points, Points]:
    """The ends of cells, moved to those of the next but one or two where somebody has them, if that helps."""
    low, high, before, after = first.copy(), last.copy(), first, last
    if len(first) > 3 and _among(first, own).mean() > 0.5:
        return low, high  # each round value is somebody's, and tells nothing of them
    for _ in range(_TRIES):
        low = np.where(_among(low, own) & ~_among(before, own), before, low)
        high = np.where(_among(high, own) & ~_among(after, own), after, high)
        before, after = grid.cell(before - grid.unit(step), step)[0], grid.cell(after + grid.gap, step)[1]
    return low, high


@dataclass(frozen=True)
class _Grid:
    """Round values about a column's own.

    Args:
        points: (m,) the column's values as numbers.
        dtype: what they are.
        steps: widths of cells, from narrow to wide: numbers, or texts of months ("12").
        gap: by which the last value of a cell lies before the next cell: 1 for days, which are told inclusively.
        base: what the points are counted from.
    """

    points: Points
    dtype: pl.DataType
    steps: tuple[float | str, ...]
    gap: int = 0
    base: int = 0

    def unit(self, step: float | str) -> float:
        """What brings the first value of a cell into the cell before it."""
        return 1 if self.points.dtype == np.int64 else float(step) / 2

    def cell(self, x: Points, step: float | str) -> tuple[Points, Points]:
        """The first and last value of the cell that each lies in.

        Shape: (e,) -> (e,), (e,)
        """
        if isinstance(step, str):
            days = pl.Series(x, dtype=pl.Int64).cast(self.dtype).cast(pl.Date)
            first = (days.dt.year() * 12 + days.dt.month().cast(pl.Int32) - 1).to_numpy() // int(step) * int(step)
            low, high = (self._months(first), self._months(first + int(step)) - self.gap)
            return low, high
        whole = np.floor_divide(x, step)
        if step >= 1 or self.points.dtype == np.int64:
            return whole * step, (whole + 1) * step - self.gap
        per_one = round(1 / step)  # a decimal is a whole number divided by another, or is not quite that decimal
        low, high = whole / per_one, (whole + 1) / per_one
        return np.where(low > x, (whole - 1) / per_one, low), np.where(high <= x, (whole + 2) / per_one, high)

    def _months(self, months: Points) -> Points:
        years, month = np.divmod(months, 12)
        frame = pl.DataFrame({"y": years, "m": month + 1})
        return frame.select(pl.date("y", "m", 1)).to_series().cast(self.dtype).to_physical().cast(pl.Int64).to_numpy()

    def values(self, x: Points) -> pl.Series:
        if self.dtype == pl.Time:
            x = np.clip(x, 0, 86_400 * 10**9 - 1)
        if not self.base:
            return pl.Series(x).cast(self.dtype)
        return pl.Series(x).to_frame().select(pl.first().cast(pl.Int128) + pl.lit(self.base, pl.Int128)).to_series()


def _grid(known: pl.Series) -> _Grid:
    dtype = known.dtype
    if dtype.is_temporal():
        points = known.to_physical().cast(pl.Int64).to_numpy()
        months = tuple(map(str, _MONTHS))
        if dtype == pl.Date:
            return _Grid(points, dtype, months, gap=1)
        second = 10**9 if dtype == pl.Time else _PER_SECOND[dtype.time_unit]  # type: ignore[attr-defined]
        clock = tuple(s * second for s in _SECONDS)
        if isinstance(dtype, pl.Datetime):
            return _Grid(points, dtype, (*clock[2:6:3], clock[-1], *months))
        days = () if dtype == pl.Time else tuple(m * clock[-1] for m in (10, 100, 1_000, 10_000))
        return _Grid(points, dtype, (*clock, *days))
    base, is_whole = 0, dtype.is_integer()
    if is_whole and len(known):
        base = int(known[0]) // _ROUND * _ROUND  # numbers beyond 64 bits are told from a round one on
        base = base if abs(int(known[0])) >= _ROUND else 0
        is_whole = int(known[-1]) - base < 2**62
    from_base = (pl.first().cast(pl.Int128) - pl.lit(base, pl.Int128)).cast(pl.Int64)
    points = known.to_frame().select(from_base).to_series().to_numpy() if is_whole else as_floats(known)
    span = float(points[-1] - points[0]) if len(points) else 0.0
    last = int(np.ceil(np.log10(span))) if span > 0 else 1
    first = last - 3 - int(np.log10(max(len(points), 1)))
    powers = range(max(first, 0) if is_whole else first, max(last, 1) + 1)
    steps = tuple(m * 10**p if p >= 0 else m / 10**-p for p, m in itertools.product(powers, (1, 2, 5)))
    return _Grid(points, pl.Int64() if is_whole else pl.Float64(), steps, base=base)
