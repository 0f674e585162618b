"""Moments that a past keeps to, counted one after another: days of a pattern, hours of the day, a day of each month.

A gap between two rows is told in them, so that what is drawn lies on them too.

Legend: n rows; a tick is a day of dates, a microsecond of moments, by the clocks of their zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from typing import Any, Self

import numpy as np

from likewise.codecs.calendars import BY_CHANCE, LEAST_DAYS, Calendar, find_calendar
from likewise.errors import ModelFileError
from likewise.typing import Ints

MOST_SLOTS = 96
"""Times of day that are a pattern, at most: quarters of an hour."""
ROWS_A_SLOT = 10
"""Rows for each, at least."""
ODD_SHARE = 0.01
"""Hours that hold no more of the rows, and are shown by too few entities, count as closed."""


@dataclass(frozen=True)
class Grid:
    """Moments of some days, and of some times of the day.

    Args:
        day: ticks of a day.
        calendar: of the days; None for all of them.
        slots: (S,) times of day, in ticks after midnight, ascending.
        width: ticks that each lasts.
        unit: ticks between two moments of one.

    Example:
        >>> office = Grid(24, None, (9, 13), width=3, unit=1)  # hours 9 to 11 and 13 to 15
        >>> office.after(np.array([9, 11]), np.array([3, 1])).tolist()
        [13, 13]
    """

    day: int
    calendar: Calendar | None
    slots: tuple[int, ...]
    width: int
    unit: int

    @property
    def a_day(self) -> int:
        """Moments of a day."""
        return len(self.slots) * self._a_slot

    @property
    def _a_slot(self) -> int:
        return self.width // self.unit

    def number(self, ticks: Ints) -> Ints:
        """(n,) that of the last moment up to each tick."""
        days, of_day = ticks // self.day, ticks % self.day
        if self.calendar is not None:
            numbers = self.calendar.below(days)
            of_day = np.where(self.calendar.values(numbers) == days, of_day, self.day - 1)
            days = numbers
        slot = np.searchsorted(self.slots, of_day, side="right") - 1
        within = np.minimum((of_day - np.array(self.slots)[slot]) // self.unit, self._a_slot - 1)
        return np.asarray(days * self.a_day + slot * self._a_slot + np.where(slot < 0, self._a_slot - 1, within))

    def ticks(self, numbers: Ints) -> Ints:
        """(n,) the moments of these numbers."""
        days, of_day = numbers // self.a_day, numbers % self.a_day
        days = days if self.calendar is None else self.calendar.values(days)
        within = of_day % self._a_slot * self.unit
        return np.asarray(days * self.day + np.array(self.slots)[of_day // self._a_slot] + within)

    def after(self, ticks: Ints, gaps: Ints, anchors: Ints | None = None) -> Ints:
        """(n,) moments so many later; those of no gap are as they are."""
        return np.where(gaps == 0, ticks, self.ticks(self.number(ticks) + gaps))

    def to_state(self) -> dict[str, Any]:
        calendar = None if self.calendar is None else self.calendar.to_state()
        return {"calendar": calendar, "slots": list(self.slots), "width": self.width, "unit": self.unit}

    @classmethod
    def from_state(cls, data: Mapping[str, Any], day: int) -> Self:
        calendar, slots = data.get("calendar"), data.get("slots")
        width, unit = data.get("width"), data.get("unit")
        if not (isinstance(slots, list) and isinstance(width, int) and isinstance(unit, int)):
            raise ModelFileError("histories: its times of day are none")
        fit = 0 < len(slots) <= MOST_SLOTS and all(isinstance(slot, int) for slot in slots)
        fit = fit and 0 < unit <= width and width % unit == 0
        if not fit or slots != sorted(set(slots)) or slots[0] < 0 or slots[-1] + width > day:
            raise ModelFileError("histories: its times of day are none")
        found = None if calendar is None else Calendar.from_state(calendar if isinstance(calendar, dict) else {})
        return cls(day, found, tuple(slots), width, unit)


@dataclass(frozen=True)
class Months:
    """The same day of each month, or its last where it has none such: that of each entity.

    Args:
        day: ticks of a day.
    """

    day: int

    def number(self, ticks: Ints) -> Ints:
        return _months(ticks // self.day)

    def after(self, ticks: Ints, gaps: Ints, anchors: Ints | None = None) -> Ints:
        """(n,) moments so many months later, on the days of the month that are the entities' own (`anchor`)."""
        if anchors is None:
            anchors = self.anchor(ticks)
        months = self.number(ticks) + gaps
        later = (_first_days(months) + np.minimum(anchors, _month_lengths(months)) - 1) * self.day + ticks % self.day
        return np.where(gaps == 0, ticks, later)

    def anchor(self, ticks: Ints) -> Ints:
        """(n,) days of the month."""
        days = ticks // self.day
        return np.asarray(days - _first_days(_months(days)) + 1)


def find_grid(
    ticks: Ints, whose: Ints, day: int, unit: int, rows: int, person: Ints | None = None
) -> Grid | Months | None:
    """What the moments of rows in order keep to, if chance would hardly have it so.

    Args:
        whose: (n,) the entity of each row, 0 .. E-1.
        unit: ticks that all gaps are whole multiples of.
        rows: persons who must stand behind what is shown.
        person: (n,) of each row, 0, 1, ...; None makes each entity one.
    """
    days, which = np.unique(ticks // day, return_inverse=True)
    person = whose if person is None else person

    def held(places: Ints, size: int) -> Ints:
        """How many persons have each place, of the (n,) that rows have."""
        return np.bincount(np.unique(places + size * person) % size, minlength=size)

    calendar = find_calendar(days, lambda places, size: held(places[which], size), rows=rows)
    if calendar is None and _keep_their_day(ticks, whose, day, rows, person):
        return Months(day)
    slots: tuple[int, ...] = (0,)
    width = step = 1
    if day > 1:
        slots, width, step = _slots(ticks % day, held, day, unit, rows)
    apart = set(np.diff([*slots, slots[0] + day]).tolist())
    is_plain = calendar is None and apart == {max(width, unit)}  # every moment that its unit knows
    return None if is_plain else Grid(day, calendar, slots, width, step)


def _slots(of_day: Ints, held: Any, day: int, unit: int, rows: int) -> tuple[tuple[int, ...], int, int]:
    """Times of day that there are, how long each lasts, and the step within: the hours, where there are too many."""
    distinct, which = np.unique(of_day, return_inverse=True)
    few = len(distinct) <= MOST_SLOTS and len(of_day) >= ROWS_A_SLOT * len(distinct)
    if few and held(which, len(distinct)).min() >= rows:
        return tuple(distinct.tolist()), 1, 1
    hour = day // 24
    step = int(np.gcd.reduce(distinct, initial=np.gcd(unit, hour)))
    in_hours, counts = held(of_day // hour, 24), np.bincount(of_day // hour, minlength=24)
    odd = (counts > 0) & (in_hours < rows)
    if counts[odd].sum() > ODD_SHARE * len(of_day):
        odd[:] = False
    opened = np.flatnonzero((counts > 0) & ~odd)
    seen = max(len(distinct), int(in_hours.sum()))
    if comb(24, len(opened)) * (len(opened) / 24) ** seen >= BY_CHANCE:
        opened = np.arange(24)
    return tuple((opened * hour).tolist()), hour, step


def _keep_their_day(ticks: Ints, whose: Ints, day: int, rows: int, person: Ints) -> bool:
    """Whether all rows of each entity are of one day of the month, or of its last where it has no such day, and of one
    time of day."""
    days = ticks // day
    months = _months(days)
    of_month = days - _first_days(months) + 1
    anchors = np.zeros(whose.max(initial=-1) + 1, np.int64)
    np.maximum.at(anchors, whose, of_month)
    later = np.diff(whose, prepend=-1) == 0
    moved = later & (np.diff(months, prepend=0) > 0)
    if moved.sum() < LEAST_DAYS or len(np.unique(person[moved])) < min(rows, len(np.unique(person))):
        return False
    kept = of_month == np.minimum(anchors[whose], _month_lengths(months))
    return bool(kept.all() and not (np.diff(ticks % day, prepend=0)[later]).any())


def _months(days: Ints) -> Ints:
    """(n,) months since January 1970."""
    return np.asarray(days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64))


def _first_days(months: Ints) -> Ints:
    return np.asarray(months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64))


def _month_lengths(months: Ints) -> Ints:
    return _first_days(months + 1) - _first_days(months)
