"""Days that keep to a pattern of the week or of the month: all Mondays, business days, firsts or lasts of a month, its
last business day, its third Friday.

Such days are counted one after another, so that what is drawn between two of them keeps to the pattern too.

Legend: m distinct days since 1970, k days of the pattern.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
MOST_MOVED = 2  # days of a month that are moved off weekends
APART = 3  # days between two of these, that they never are one
FIRST_BACK, LAST_FORWARD = 3, 26  # days of a month that stay in it when they are moved
MOST_WEEKS = 2  # weeks of a month whose days of one weekday make a pattern
MONDAY = 3  # days from a Monday to 1 January 1970
FRIDAY = 4  # days from a Monday
FAR = 2**31  # no day lies beyond


@dataclass(frozen=True)
class Calendar:
    """The days of a pattern, counted by whole numbers.

    Args:
        cycle: "week", "month", "back" and "forward" (of the month, moved off weekends to the Friday before or the
            Monday behind) or "weekday" (of the month: the second Tuesday).
        days: (k,) days of the cycle, ascending from 1 (Monday); `MONTH_END` is the last of a month. Of "weekday" they
            are 1 (the first Monday) to 28 (the fourth Sunday), and 29 to 35 the last ones of a month.

    Example:
        >>> paydays = Calendar("back", (25,))  # the 25th, or the Friday before it
        >>> paydays.values(paydays.below(np.array([19_750]))).astype("datetime64[D]").tolist()
        [datetime.date(2024, 1, 25)]
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
        passed = sum((days >= _moment(self.cycle, cycle, np.array(day))).astype(np.int64) for day in self.days)
        return np.asarray(cycle * len(self.days) + passed - 1)

    def values(self, units: Ints) -> Ints:
        """(n,) the days of these numbers."""
        return _moment(self.cycle, units // len(self.days), np.array(self.days)[units % len(self.days)])

    @property
    def are_apart(self) -> bool:
        """Whether no two days of the pattern are one in some month."""
        return bool((np.diff(self.values(np.arange(len(self.days) * MONTHS_ALIKE))) > 0).all())

    def to_state(self) -> dict[str, Any]:
        return {"cycle": self.cycle, "days": list(self.days)}

    @classmethod
    def from_state(cls, data: Mapping[str, Any]) -> Self:
        cycle, days = str(data.get("cycle")), data.get("days")
        allowed = _ALLOWED.get(cycle, ())
        if not isinstance(days, list) or not days or days != [day for day in allowed if day in days]:
            raise ModelFileError("codec: a pattern of days must name days of a week or a month, ascending")
        calendar = cls(cycle, tuple(days))
        if not calendar.are_apart:
            raise ModelFileError("codec: two days of a pattern are one in some month")
        return calendar


MONTHS_ALIKE = 28 * 12
"""After so many the days of the week come again."""
_OF_MONTH = (*range(1, FULL_MONTH + 1), MONTH_END)
_ALLOWED: dict[str, tuple[int, ...]] = {
    "week": tuple(range(1, 8)), "month": _OF_MONTH, "back": _OF_MONTH[FIRST_BACK - 1 :],
    "forward": _OF_MONTH[:LAST_FORWARD], "weekday": tuple(range(1, 36)),
}  # fmt: skip


def find_calendar(days: Ints, rows_of: Any, *, rows: int) -> Calendar | None:
    """The pattern of a column's distinct days (m,), if there is one and chance would hardly make it.

    Args:
        rows_of: gives the (size,) rows, or people, of each place, for (m,) places and their number `size`.
        rows: rows, or people, that must stand behind what is shown.
    """
    if len(days) < LEAST_DAYS or np.abs(days).max() > FAR:
        return None
    if found := [calendar for calendar in _of_months(days) if calendar is not None]:
        return min(found, key=lambda calendar: len(calendar.days))
    held = rows_of((days + MONDAY) % 7, 7)
    odd = (held > 0) & (held < rows)
    if held[odd].sum() > ODD_SHARE * held.sum():
        odd[:] = False
    shown = np.flatnonzero((held > 0) & ~odd) + 1
    k = len(shown)
    surprising = k < 7 and comb(7, k) * (k / 7) ** len(days) < BY_CHANCE
    return Calendar("week", tuple(shown.tolist())) if surprising else None


def _of_months(days: Ints) -> Iterator[Calendar | None]:
    """Patterns of the month that all (m,) days keep to."""
    start, length = _span(_cycle(days, "month"), "month")
    of_month, weekday = days - start + 1, np.unique((days + MONDAY) % 7)
    ends = np.where(of_month == length, MONTH_END, of_month)
    for places in (of_month, ends):
        yield _shown("month", places, MOST_A_MONTH)
    if len(weekday) > 1 and weekday.max() <= FRIDAY:
        yield from (_moved(days, cycle) for cycle in ("back", "forward"))
    if len(weekday) == 1:
        week = (of_month - 1) // 7
        for weeks in (week, np.where(of_month + 7 > length, 4, week)):
            found = _shown("weekday", weeks * 7 + weekday + 1, MOST_WEEKS)
            is_kept = found is not None and found.are_apart and (found.values(found.below(days)) == days).all()
            yield found if is_kept else None


def _shown(cycle: str, places: Ints, most: int) -> Calendar | None:
    shown = np.unique(places).tolist()
    return Calendar(cycle, tuple(shown)) if len(shown) <= most and set(shown) <= set(_ALLOWED[cycle]) else None


def _moved(days: Ints, cycle: str) -> Calendar | None:
    """The one or two days of a month that all (m,) are, moved off weekends."""
    found: list[int] = []
    left, months = np.ones(len(days), bool), _cycle(days, "month")
    while left.any() and len(found) < MOST_MOVED:
        free = [day for day in _ALLOWED[cycle] if all(abs(day - other) > APART for other in found)]
        met = [_moment(cycle, months, np.array(day)) == days for day in free]
        best = int(np.argmax([(left & own).sum() for own in met]))
        found.append(free[best])
        left &= ~met[best]
    return None if left.any() else Calendar(cycle, tuple(sorted(found)))


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


def _moment(kind: str, cycle: Ints, day: Ints) -> Ints:
    """(n,) the day of each week or month that is this one of a pattern."""
    start, length = _span(cycle, kind)
    if kind == "weekday":
        week, weekday = (day - 1) // 7, (day - 1) % 7
        first = start + (weekday - start - MONDAY) % 7
        return np.asarray(first + 7 * np.where((week == 4) & (first + 28 >= start + length), 3, week))
    found = start + np.minimum(day, length) - 1
    of_week = (found + MONDAY) % 7
    if kind == "back":
        found = found - np.maximum(of_week - FRIDAY, 0)
    elif kind == "forward":
        found = found + np.where(of_week > FRIDAY, 7 - of_week, 0)
    return np.asarray(found)
