"""The times of a series: that they are there, in order, once each, and how many come in a year."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import polars as pl

from likewise.errors import InputError, LikewiseWarning, OptionError, nearest
from likewise.schema.dtypes import dtype_name
from likewise.typing import Floats, Ints

SECONDS_A_YEAR = 365.2425 * 86_400
LONGEST_GAP = 20.0
"""A pause of more than so many usual steps is told: a weekend is none, a lost month is one."""


@dataclass(frozen=True)
class Times:
    """When the rows of a series are.

    Args:
        order: (n,) row numbers in the order of time.
        seen: (n,) the times themselves, in that order.
        seconds: (n,) since 1970, in that order.
        n_gaps: pauses of more than `LONGEST_GAP` usual steps.
    """

    order: Ints
    seen: pl.Series
    seconds: Floats
    n_gaps: int

    @property
    def rows_per_year(self) -> float:
        return float((len(self.seconds) - 1) / (self.seconds[-1] - self.seconds[0]) * SECONDS_A_YEAR)


def times_of(table: pl.DataFrame, column: str) -> Times:
    """The times of a canonical frame. Rows in another order are sorted, and a gap is told; both by a warning.

    Raises:
        OptionError: there is no such column, or it holds no times.
        InputError: a time is missing or stands twice.
    """
    if column not in table.columns:
        raise OptionError(f"there is no column {column!r} of times{nearest(column, table.columns)}")
    series = table[column]
    if not isinstance(series.dtype, pl.Date | pl.Datetime):
        raise OptionError(f"column {column!r} must hold dates or times with a date, got {dtype_name(series.dtype)}")
    if series.null_count():
        raise InputError(f"column {column!r}: {series.null_count()} times are missing; drop those rows or fill them")
    if len(series) < 3:
        raise InputError(f"a series needs at least 3 rows, got {len(series)}")
    seconds = series.cast(pl.Datetime("us")).dt.epoch("us").to_numpy() / 1e6
    order = np.argsort(seconds, kind="stable")
    if (np.diff(order) != 1).any():
        _warn(f"column {column!r}: the rows were not in the order of time; they are taken in that order")
    seconds = seconds[order]
    steps = np.diff(seconds)
    twice = int((steps == 0).sum())
    if twice:
        raise InputError(f"column {column!r}: {twice} times stand twice; a series has one row a time: keep one of each")
    gaps = int((steps > LONGEST_GAP * np.median(steps)).sum())
    if gaps:
        _warn(f"column {column!r}: {gaps} gaps of more than {LONGEST_GAP:g} usual steps; each counts as one step")
    return Times(order, series[order], seconds, gaps)


def _warn(text: str) -> None:
    warnings.warn(text, LikewiseWarning, stacklevel=4)
