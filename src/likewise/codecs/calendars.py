"""Days that keep to a pattern of the week or of the month: all Mondays, business days, firsts or lasts of a month.

Such days are counted one after another, so that what is drawn between two of them keeps to the pattern too.

Legend: m distinct days since 1970, k days of the pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from likewise.errors import ModelFileError

Ints = npt.NDArray[np.int64]

LEAST_DAYS = 10  # distinct days from which a pattern is looked for
BY_CHANCE = 1e-3  # how likely days without a pattern may show one
MOST_A_MONTH = 4  # days of a month that make a pattern
FULL_MONTH = 28  # days that every month has
MONTH_END = 31  # stands for the last day of any month
ODD_SHARE = 0.01  # days of the week that hold fewer rows than this, and too few to be shown, do not break a pattern
MONDAY = 3  # days from a Monday to 1 January 1970
FAR = 2**31  # no day lies beyond


@dataclass(frozen=True)
class Calendar:
    """The days of a pattern, counted by whole numbers.

    Args:
        cycle: "week" or "month".
        days: (k,) days of the cycle, ascending from 1 (Monday); `MONTH_END` is the last of a month.
    """

    cycle: str
    days: tuple[int, ...]

    def units(self, days: Ints) -> Ints:
        """(n,) the number of the day of the pattern nearest to each day."""
        below = self.below(days)
        nearer = self.values(below + 1) - days < days - self.values(below)
        return np.asarray(below + nearer)

    def below(self, days: Ints) -> Ints:
        """(n,) the number of the last day of the pattern up to each day."""
        cycle = _cycle(days, self.cycle)
        start, length = _span(cycle, self.cycle)
        passed = sum((days - start >= np.minimum(day, length) - 1).astype(np.int64) for day in self.days)
        return np.asarray(cycle * len(self.days) + passed - 1)

    def values(self, units: Ints) -> Ints:
        """(n,) the days of these numbers."""
        start, length = _span(units // len(self.days), self.cycle)
        return np.asarray(start + np.minimum(np.array(self.days)[units % len(self.days)], length) - 1)

    def to_state(self) -> dict[str, Any]:
        return {"cycle": self.cycle, "days": list(self.days)}

    @classmethod
    def from_state(cls, data: Mapping[str, Any]) -> Self:
        cycle, days = data.get("cycle"), data.get("days")
        allowed = {"week": [*range(1, 8)], "month": [*range(1, FULL_MONTH + 1), MONTH_END]}.get(str(cycle), [])
        if not isinstance(days, list) or not days or days != [day for day in allowed if day in days]:
            raise ModelFileError("codec: a pattern of days must name days of a week or a month, ascending")
        return cls(str(cycle), tuple(days))


def find_calendar(days: Ints, rows_of: Any, *, rows: int) -> Calendar | None:
    """The pattern of a column's distinct days (m,), if there is one and chance would hardly make it.

    Args:
        rows_of: gives the (size,) rows, or people, of each place, for (m,) places and their number `size`.
        rows: rows, or people, that must stand behind what is shown.
    """
    if len(days) < LEAST_DAYS or np.abs(days).max() > FAR:
        return None
    start, length = _span(_cycle(days, "month"), "month")
    of_month = days - start + 1
    ends = np.where(of_month == length, MONTH_END, of_month)
    for places in (of_month, ends):
        shown = np.unique(places)
        if len(shown) <= MOST_A_MONTH and set(shown.tolist()) <= {*range(1, FULL_MONTH + 1), MONTH_END}:
            return Calendar("month", tuple(shown.tolist()))
    held = rows_of((days + MONDAY) % 7, 7)
    odd = (held > 0) & (held < rows)
    if held[odd].sum() > ODD_SHARE * held.sum():
        odd[:] = False
    shown = np.flatnonzero((held > 0) & ~odd) + 1
    k = len(shown)
    surprising = k < 7 and comb(7, k) * (k / 7) ** len(days) < BY_CHANCE
    return Calendar("week", tuple(shown.tolist())) if surprising else None


def _cycle(days: Ints, cycle: str) -> Ints:
    """(n,) the week or month, counted from that of 1 January 1970, in which each day lies."""
    if cycle == "week":
        return np.asarray((days + MONDAY) // 7)
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _span(cycle: Ints, kind: str) -> tuple[Ints, Ints]:
    """(n,) the first day of each week or month, and how many days it has."""
    if kind == "week":
        return cycle * 7 - MONDAY, np.full_like(cycle, 7)
    start, after = (c.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) for c in (cycle, cycle + 1))
    return start, after - start
