"""Where the pictures of a number column are cut: round numbers in even steps, growing steps for skewed columns,
calendar steps for dates. All lie inside the bulk of the real values, so that no one person moves an edge far.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl

from likewise.evaluate.tables import FloatArray, IntArray, TypedColumn
from likewise.schema.column import Kind

MOST_BINS = 32
LEAST_ROWS = 5
CROWDED = 0.5
"""Where one even bin holds more than this share of the real rows, steps that grow are tried."""

# Digits of the edges within a power of ten, the finest first.
DIGITS = ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1,))
DAY = 86_400
TIME_STEPS = {
    "1s": 1, "5s": 5, "15s": 15, "1m": 60, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "3h": 10_800, "6h": 21_600,
    "12h": 43_200, "1d": DAY, "2d": 2 * DAY, "1w": 7 * DAY, "1mo": 30 * DAY, "3mo": 91 * DAY, "6mo": 182 * DAY,
    "1y": 365 * DAY, "2y": 730 * DAY, "5y": 1826 * DAY, "10y": 3652 * DAY, "50y": 18_262 * DAY, "100y": 36_524 * DAY,
}  # fmt: skip
"""Steps of clocks and calendars, with about how many seconds each is."""


def edges_of(column: TypedColumn, whose: IntArray | None) -> FloatArray:
    """At most 32 edges over the bulk of a number column.

    Args:
        whose: (n,) the person of each row; None where each row is its own.
    """
    present = column.present
    low, high = np.quantile(present, [0.005, 0.995])
    least, most = inner_range(column, whose)
    if column.dtype is not None:
        return time_edges(max(low, least), min(high, most), column.dtype)
    whole = column.kind is Kind.INTEGER
    even = round_edges(least, most, low, high, whole=whole)
    sizes = replace(column, values=np.where(column.values == 0, np.nan, np.abs(column.values)))
    if _fullest(even, present) <= CROWDED or not enough(sizes, whose):
        return even
    smallest = max(inner_range(sizes, whose)[0], float(np.quantile(sizes.present, 0.05)))
    growing = growing_edges(max(low, least), min(high, most), smallest, whole=whole)
    return growing if len(growing) > 2 and _fullest(growing, present) < _fullest(even, present) else even


def _fullest(edges: FloatArray, values: FloatArray) -> float:
    """Share of the values in the bin that holds most of them."""
    return float(np.bincount(np.searchsorted(edges, values, side="right")).max() / len(values))


def enough(column: TypedColumn, whose: IntArray | None) -> bool:
    """Whether ten people hold a value: fewer would show in the ends of a range."""
    return len(column.present if whose is None else np.unique(whose[~column.missing])) >= 2 * LEAST_ROWS


def inner_range(column: TypedColumn, whose: IntArray | None) -> tuple[float, float]:
    """From the fifth least to the fifth greatest value, of different people's."""
    if whose is None:
        present = np.sort(column.present)
        return float(present[LEAST_ROWS - 1]), float(present[-LEAST_ROWS])
    there = ~column.missing
    person = np.unique(whose[there], return_inverse=True)[1]
    least, most = np.full(person.max() + 1, np.inf), np.full(person.max() + 1, -np.inf)
    np.minimum.at(least, person, column.values[there])
    np.maximum.at(most, person, column.values[there])
    return float(np.sort(least)[LEAST_ROWS - 1]), float(np.sort(most)[-LEAST_ROWS])


def round_edges(least: float, most: float, low: float, high: float, *, whole: bool = False) -> FloatArray:
    """About 10 to 32 edges on round numbers (steps of 1, 2 or 5 times a power of ten) from low to high.

    Args:
        least, most: the protected range, which the edges do not leave by more than a step.
        low, high: the bulk.
        whole: no step below 1.
    """
    low, high = max(low, least), min(high, most)
    if not high > low:
        low, high = least, most
    if not high > low:
        return np.array([low])
    step = 10.0 ** math.floor(math.log10((high - low) / MOST_BINS))
    step = max(step, 1.0) if whole else step
    for factor in (1, 2, 5, 10, 20):
        if (high - low) / (step * factor) <= MOST_BINS - 2:
            step *= factor
            break
    first, last = math.floor(low / step), math.ceil(high / step)
    return np.arange(first, last + 1, dtype=np.float64) * step


def growing_edges(low: float, high: float, smallest: float, *, whole: bool = False) -> FloatArray:
    """Round numbers that grow from `smallest` on, on both sides of zero where the range holds it.

    >>> growing_edges(-20.0, 100.0, 5.0, whole=True).tolist()
    [-20.0, -15.0, -12.0, -10.0, -8.0, -6.0, -5.0, 0.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0,
    60.0, 80.0, 100.0]
    """
    powers = np.arange(math.floor(math.log10(smallest)), math.ceil(math.log10(max(abs(low), abs(high), smallest))) + 1)
    edges = np.array([0.0])
    for digits in DIGITS:
        sizes = np.sort([float(f"{digit}e{power}") for power in powers for digit in digits])
        sizes = sizes[(sizes >= smallest * 0.999) & ~(whole & (sizes % 1 != 0))]
        edges = np.concatenate([-sizes[::-1], [0.0], sizes])
        edges = edges[(edges >= low) & (edges <= high)]
        if len(edges) <= (MOST_BINS if digits is DIGITS[-1] else MOST_BINS - 2):
            return edges
    return edges[:: -(-len(edges) // MOST_BINS)]


def time_edges(low: float, high: float, dtype: pl.DataType) -> FloatArray:
    """Whole minutes, hours, days, weeks, months or years from low to high, as numbers of the type.

    >>> time_edges(16_437, 16_500, pl.Date()).tolist()[:3]  # 2015-01-02 lies in the week from Monday, 2014-12-29, on
    [16433.0, 16440.0, 16447.0]
    """
    unit = 1 if isinstance(dtype, pl.Date) else 1_000_000_000 if isinstance(dtype, pl.Time) else 1_000_000
    seconds = (high - low) * (DAY if isinstance(dtype, pl.Date) else 1 / unit)
    steps = [
        step
        for step, size in TIME_STEPS.items()
        if (isinstance(dtype, pl.Date) <= (size >= DAY)) and not (isinstance(dtype, pl.Time) and size > DAY / 8)
    ]
    step = next((s for s in steps if seconds / TIME_STEPS[s] <= MOST_BINS - 2), steps[-1])
    if isinstance(dtype, pl.Time):
        size = TIME_STEPS[step] * unit
        return np.arange(math.floor(low / size), math.floor(high / size) + 1, dtype=np.float64) * size
    # In the clock of the place, where a day may have 23 hours.
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    ends = pl.Series([math.floor(low), math.floor(high)]).cast(pl.Int64).cast(dtype)
    ends = ends.dt.replace_time_zone(None) if zone else ends
    naive = pl.Date() if isinstance(dtype, pl.Date) else pl.Datetime("us")
    first, last = ends.dt.truncate(step)[0], ends[1]
    edges = pl.datetime_range(first, last, step, eager=True, time_unit="us").cast(naive)
    if zone:
        edges = edges.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").drop_nulls()
    return np.asarray(edges.to_physical().to_numpy(), dtype=np.float64)


def edge_texts(edges: FloatArray, column: TypedColumn) -> list[str]:
    """The edges as people write them: round numbers, dates, times of day."""
    if column.dtype is None:
        return [f"{e:,.10g}".replace(",", " ") for e in edges]
    times = pl.Series(edges).round().cast(pl.Int64).cast(column.dtype)
    if isinstance(column.dtype, pl.Time):
        return times.dt.to_string("%H:%M" if (times.dt.second() == 0).all() else "%H:%M:%S").to_list()
    clock = pl.Series(["00:00:00"]) if times.dtype == pl.Date else times.dt.to_string("%H:%M:%S")
    if (clock != "00:00:00").any():
        pattern = "%Y-%m-%d %H:%M" if clock.str.ends_with(":00").all() else "%Y-%m-%d %H:%M:%S"
    elif len(times) > 1 and (times.dt.day() == 1).all():
        pattern = "%Y" if (times.dt.month() == 1).all() else "%Y-%m"
    else:
        pattern = "%Y-%m-%d"
    return times.dt.to_string(pattern).to_list()
