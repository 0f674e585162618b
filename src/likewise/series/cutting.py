"""Windows cut from a table: one long series, or several side by side in a panel."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import InputError, LikewiseWarning, OptionError, nearest
from likewise.series.sets import WindowSet
from likewise.tables.frames import from_frame

__all__ = ["windows"]

FAR = 5
"""Times the usual distance of two rows: a longer one is a gap, which no window crosses."""

MOSTLY = 0.9
"""Share of the distances that must equal the usual one for a clock to be regular, gaps aside."""


@dataclass(frozen=True)
class _Clock:
    """When the rows of all series were, one series behind the other.

    Args:
        when: (n,) numbers, of one unit; None where the rows' own order is all that is known.
        series: (n,) whole numbers.
    """

    when: npt.NDArray[np.float64] | None
    series: npt.NDArray[np.int64]

    def distances(self) -> npt.NDArray[np.float64]:
        """(n,) from the row before of the same series; NaN where there is none, or no clock."""
        apart = np.full(len(self.series), np.nan)
        if self.when is not None and len(self.series) > 1:
            apart[1:] = np.diff(self.when)
        apart[1:][np.diff(self.series) != 0] = np.nan
        return apart

    def usual(self, apart: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """(n,) the median distance of a row's series, of all series where it has but one row; NaN without a clock."""
        told = pl.DataFrame({"series": self.series, "apart": apart}).with_columns(pl.col("apart").fill_nan(None))
        own = pl.col("apart").median()
        found = told.select(own.over("series").fill_null(own).fill_null(np.nan)).to_series()
        return np.asarray(found.to_numpy(), np.float64)


def windows(
    frame: Any, length: int = 24, stride: int = 1, *, time: str | None = None, entity: str | None = None,
    channels: Sequence[str] | None = None, gaps: bool = False,
) -> WindowSet:  # fmt: skip
    """Cut series into windows of equal length.

    No window crosses from one series into another, nor a gap: a distance between two rows of more than five times the
    usual one of their series. What is lost to gaps and to series shorter than a window is told in a warning, and so is
    a clock that is irregular, or not the same in all series.

    Args:
        frame: pandas, Polars or Arrow frame.
        length: steps of a window.
        stride: steps from the start of one window to that of the next.
        time: the column that orders the rows: dates, moments or numbers. None takes the rows as they stand.
        entity: the column that tells which series a row belongs to; None for one series.
        channels: columns to take, all numbers; None takes all but `time` and `entity`.
        gaps: add a channel "<time>_gap" with the distance from the row before, in seconds or in the column's own unit,
            so that the clock is learnt too.

    Raises:
        InputError: a column is absent or holds no numbers, a time is missing or there twice in a series, or no stretch
            of rows is as long as a window.
        OptionError: length or stride are no whole numbers, or gaps without a time.

    Example:
        >>> import likewise as lw
        >>> frame = pl.DataFrame({"day": range(50), "price": [float(i % 7) for i in range(50)]})
        >>> cut = lw.windows(frame, 10, time="day")
        >>> cut.x.shape, cut.channels
        ((41, 10, 1), ('price',))
    """
    _check_counts(length, stride)
    if gaps and time is None:
        raise OptionError("gaps are between times: name the column of the time")
    table = from_frame(frame)[0]
    names = _channels_of(table, time, entity, channels)
    table, clock = _in_order(table, time, entity)
    x = np.column_stack([_numbers(table[name]) for name in names])
    apart = clock.distances()
    usual = clock.usual(apart)
    if gaps:
        # the first row of a series has none before it
        x, names = np.column_stack([np.where(np.isnan(apart), usual, apart), x]), (f"{time}_gap", *names)
    breaks = np.r_[True, np.diff(clock.series) != 0]
    far = ~(apart <= FAR * usual) & ~np.isnan(apart)
    stretch = np.cumsum(breaks | far) - 1
    starts = _starts(stretch, length, stride)
    if not len(starts):
        longest = int(np.bincount(stretch).max())
        raise InputError(
            f"no stretch of rows is as long as a window of {length}: the longest has {longest} steps; "
            "cut shorter windows" + (", or learn a table of histories, with entity= and time=" if entity else "")
        )
    _tell(stretch, far, apart, usual, length, gaps=gaps)
    series = clock.series[starts]  # not the stretch: a person with gaps is one person
    cut = x[starts[:, None] + np.arange(length)]
    return WindowSet(cut, tuple(names), np.stack([series, starts - np.searchsorted(clock.series, series)], 1))


def _check_counts(length: int, stride: int) -> None:
    for name, value, least in (("length", length, 2), ("stride", stride, 1)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise OptionError(f"{name} must be a whole number of {least} or more, got {value!r}")


def _channels_of(
    table: pl.DataFrame, time: str | None, entity: str | None, channels: Sequence[str] | None
) -> tuple[str, ...]:  # fmt: skip
    """The columns that are numbers to learn."""
    named = [name for name in (time, entity) if name is not None]
    if isinstance(channels, str):
        raise OptionError("channels must be a list of columns' names")
    for name in (*named, *(channels or ())):
        if name not in table.columns:
            raise InputError(f"there is no column {name!r}{nearest(name, table.columns)}")
    names = tuple((name for name in table.columns if name not in named) if channels is None else channels)
    if not names:
        raise InputError("no column is left to be a channel")
    for name in names:
        if not (table[name].dtype.is_numeric() or table[name].dtype == pl.Boolean):
            raise InputError(
                f"column {name!r} holds no numbers, and windows do; leave it out by naming the channels, or learn a "
                "table of histories, with entity= and time="
            )
    return names


def _numbers(column: pl.Series) -> npt.NDArray[np.float64]:
    return np.asarray(column.cast(pl.Float64).to_numpy(), np.float64)


def _in_order(table: pl.DataFrame, time: str | None, entity: str | None) -> tuple[pl.DataFrame, _Clock]:
    """Rows series by series, each in time."""
    keys = [name for name in (entity, time) if name is not None]
    for name in keys:
        column = table[name].fill_nan(None) if table[name].dtype.is_float() else table[name]
        if missing := column.null_count():
            raise InputError(f"column {name!r} is missing in {missing} rows, and every row needs its place: drop them")
    if time is not None and not (table[time].dtype.is_temporal() or table[time].dtype.is_numeric()):
        raise InputError(f"column {time!r} holds neither dates, moments nor numbers; read it as such first")
    if keys:
        table = table.sort(keys, maintain_order=True)
    series = np.zeros(len(table), np.int64)
    if entity is not None:
        series = table[entity].rle_id().to_numpy().astype(np.int64)
    when = None if time is None else _moments(table[time])
    if when is not None:
        twice = int(((np.diff(when) == 0) & (np.diff(series) == 0)).sum())
        if twice:
            whose = "" if entity is not None else "; where there are several series name their column: entity="
            raise InputError(f"column {time!r} holds the same time for {twice + 1} rows or more of a series{whose}")
    return table, _Clock(when, series)


def _moments(column: pl.Series) -> npt.NDArray[np.float64]:
    """Seconds, or numbers as they are."""
    if not column.dtype.is_temporal():
        return _numbers(column)
    if column.dtype == pl.Date:
        return column.cast(pl.Int32).cast(pl.Float64).to_numpy() * 86_400
    if column.dtype == pl.Time:
        return column.cast(pl.Int64).cast(pl.Float64).to_numpy() / 1e9
    is_span = column.dtype == pl.Duration
    counted = column.dt.total_microseconds() if is_span else column.dt.timestamp("us")
    return counted.cast(pl.Float64).to_numpy() / 1e6


def _starts(stretch: npt.NDArray[np.int64], length: int, stride: int) -> npt.NDArray[np.int64]:
    """Rows at which a window can begin, within its stretch."""
    n = len(stretch)
    if n < length:
        return np.zeros(0, np.int64)
    rows = np.arange(n - length + 1)
    within = rows - np.searchsorted(stretch, stretch[rows])
    fits: npt.NDArray[np.bool_] = (stretch[rows] == stretch[rows + length - 1]) & (within % stride == 0)
    return rows[fits]


def _tell(
    stretch: npt.NDArray[np.int64], far: npt.NDArray[np.bool_], apart: npt.NDArray[np.float64],
    usual: npt.NDArray[np.float64], length: int, *, gaps: bool,
) -> None:  # fmt: skip
    """Warn of what is lost, and of a clock that the windows say nothing of."""
    told = []
    lost = int((np.bincount(stretch)[stretch] < length).sum())
    if far.any():
        told.append(f"{int(far.sum())} gaps are longer than {FAR} times the usual step, and no window crosses one")
    if lost:
        told.append(f"{lost} of {len(stretch)} rows are in stretches shorter than a window and are left out")
    near = ~far & ~np.isnan(apart)
    uneven = float((apart[near] != usual[near]).mean()) if near.any() else 0.0
    if uneven > 1 - MOSTLY and not gaps:
        told.append(
            f"{uneven:.0%} of the steps are longer or shorter than the usual one, and are counted as one step each: "
            "gaps=True learns how long they are"
        )
    if near.any() and usual[near].max() > 2 * usual[near].min() and not gaps:
        told.append(
            "the usual step is not as long in all series, and is counted as one step in each: gaps=True learns how "
            "long they are"
        )
    if told:
        warnings.warn("; ".join(told), LikewiseWarning, stacklevel=3)
