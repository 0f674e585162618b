"""When the next rows of a series come: the clock, the weekdays, the ends of months and the holidays that its past kept.

Times are read on the clock of their own zone, so that a close at 16:00 stays one when the clocks change.

Legend: n times seen, m days of them, h times to come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.typing import Bools, Ints

Days = npt.NDArray[np.datetime64]
MonthRule = Callable[[npt.NDArray[np.datetime64]], Days]
"""From months to a day in each."""
Roll = Literal["backward", "forward"]

STEADY = 0.99
"""Share of the steps that must be alike for a series to be taken as even."""

SELDOM = 0.1
"""A weekday that comes less often than this share of the usual one is an exception, not part of the week."""

LEAST_YEARS, RECENT_YEARS = 3, 12
"""A holiday is one that was kept at least so often in a row up to now, of the last so many years."""

CHANCE = 1e-4
"""How unlikely it must be that a holiday's days were missing by chance, as any day may be."""

EASTER_RULES = (-2, 1, 39, 50)
"""Good Friday, Easter Monday, Ascension, Whit Monday: days from Easter Sunday."""

MOST_NUMBERS, LEAST_MONTHS = 4, 6
"""Rows a month that may each keep a day of it, at most, and the months that show it, at least."""

DAY_US = 86_400_000_000
YEAR_OF_WEEKS = 364


def later(seen: pl.Series, h: int) -> pl.Series:
    """(h,) the last time, and those that follow, of the type of the times seen.

    Args:
        seen: (n,) dates or datetimes in order, n >= 3.

    Example:
        >>> import datetime as dt
        >>> closes = pl.Series([dt.date(2024, 2, 28), dt.date(2024, 2, 29), dt.date(2024, 3, 1)] )
        >>> [str(day) for day in later(closes, 3)]
        ['2024-03-01', '2024-03-02', '2024-03-03']
    """
    zone = getattr(seen.dtype, "time_zone", None)
    clock = seen.cast(pl.Datetime("us")) if zone is None else seen.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    ticks = clock.to_physical().to_numpy()
    elapsed = ticks if zone is None else seen.dt.convert_time_zone("UTC").dt.epoch("us").to_numpy()
    steps = np.diff(elapsed)
    usual = int(np.median(steps))
    of_day = ticks % DAY_US
    days = ticks.astype("datetime64[us]").astype("datetime64[D]")
    one_a_day = (of_day == of_day[-1]).mean() >= STEADY
    even = (steps == usual).mean() >= STEADY
    if even and not one_a_day:
        # Even in elapsed time: hours go on through the change of clocks.
        ahead = elapsed[-1] + usual * np.arange(h)
        return _typed(pl.from_epoch(pl.Series(ahead), time_unit="us"), seen, is_utc=zone is not None)
    if one_a_day:
        ahead = _days_to_come(days, h).astype("datetime64[us]").astype(np.int64) + of_day[-1]
    elif usual >= DAY_US:
        ahead = _at_hours_of_the_season(days, of_day, h)
    else:
        ahead = _through_the_day(days, of_day, h)
    out = _typed(pl.from_epoch(pl.Series(ahead), time_unit="us"), seen, is_utc=False)
    return pl.concat([seen[-1:], out[1:]])


def _typed(times: pl.Series, seen: pl.Series, *, is_utc: bool) -> pl.Series:
    """Wall-clock times, or times in UTC, as the type of those seen; an hour that the clocks skip is the next one."""
    zone = getattr(seen.dtype, "time_zone", None)
    if zone is not None and is_utc:
        times = times.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    elif zone is not None:
        placed, after = (
            t.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
            for t in (times, times.dt.offset_by("1h"))
        )
        times = placed.zip_with(placed.is_not_null(), after)
    return times.cast(seen.dtype)


def _at_hours_of_the_season(days: Days, of_day: Ints, h: int) -> Ints:
    """Days to come, each at the hour of the same weekday 52 weeks before, or of the last that came by then.

    A close of one zone, stored in the time of another, comes an hour later in one half of the year.
    """
    ahead = _days_to_come(np.unique(days), h)
    since = (ahead - days[-1]).astype(np.int64)
    before = ahead - np.where(since > 0, -(-since // YEAR_OF_WEEKS) * YEAR_OF_WEEKS, 0)
    hours = np.where(before < days[0], of_day[-1], of_day[np.searchsorted(days, before, "right") - 1])
    return np.asarray(ahead.astype("datetime64[us]").astype(np.int64) + hours)


def _through_the_day(days: Days, of_day: Ints, h: int) -> Ints:
    """Times of day that come on most days, on the days to come."""
    distinct = np.unique(days)
    clock, counts = np.unique(of_day, return_counts=True)
    kept = clock[counts >= len(distinct) / 2]
    kept = kept if len(kept) else clock
    rest = kept[kept > of_day[-1]]
    n_days = -(-max(h - 1 - len(rest), 0) // len(kept)) + 1
    ahead = _days_to_come(distinct, n_days + 1).astype("datetime64[us]").astype(np.int64)
    told = np.r_[ahead[0] + of_day[-1], ahead[0] + rest, (ahead[1:, None] + kept).ravel()]
    return np.asarray(told[:h], np.int64)


# ---- days ------------------------------------------------------------------------------------------------------------


def _days_to_come(days: Days, h: int) -> Days:
    """(h,) the last day and those that follow."""
    steps = np.diff(days).astype(np.int64)
    usual = int(np.median(steps))
    months = days.astype("datetime64[M]")
    month_steps = np.diff(months).astype(np.int64)
    many = int(np.median(month_steps))
    if usual >= 27 and many >= 1 and (month_steps == many).mean() >= STEADY:
        return _by_month(days, months[-1] + many * np.arange(h))
    if usual >= 7 and (ahead := _several_a_month(days, h)) is not None:
        return ahead
    if usual % 7 == 0 or (steps == usual).mean() >= STEADY:
        return np.asarray(days[-1] + usual * np.arange(h))
    since = np.cumsum(_week(days)[_weekday(np.arange(days[0], days[-1] + 1))])
    stride = max(1, int(np.median(np.diff(since[(days - days[0]).astype(np.int64)]))))
    open_days = islice(_open_days(days), (h - 1) * stride + 1)
    return np.array(list(open_days), "datetime64[D]")[::stride]


def _by_month(days: Days, months: npt.NDArray[np.datetime64]) -> Days:
    """One day in each of these months."""
    return np.asarray(np.r_[days[-1:], _month_rule(days)(months)[1:]])


def _month_rule(days: Days) -> MonthRule:
    """The rule that tells the most of the days seen, one a month; of equals the plainest."""
    seen = days.astype("datetime64[M]")
    return max(_month_rules(days), key=lambda rule: int((rule(seen) == days).sum()))


def _month_rules(days: Days) -> Iterator[MonthRule]:
    """What one day a month may be, plain rules first: a number, or the month's end where that is earlier; the working
    day at or beside it; the n-th or the last of a weekday."""
    number = int(_day_of_month(days).max())
    numbers = (number, 31, *range(1, 31))
    kept = "".join("01"[k] for k in np.bincount(_weekday(days), minlength=7).clip(max=1))
    yield from (partial(_in_months, number=k) for k in numbers)
    rolls: tuple[Roll, ...] = ("backward", "forward")
    yield from (partial(_in_months, number=k, roll=roll) for roll in rolls for k in numbers)
    yield from (partial(_in_months, number=k, roll="forward", week=kept) for k in (1, 8, 15, 22))
    yield partial(_in_months, number=31, roll="backward", week=kept)


def _in_months(
    months: npt.NDArray[np.datetime64], *, number: int, roll: Roll | None = None, week: str = "1111100"
) -> Days:
    """That day of each month, its end at most, or the next weekday of `week` before or after it."""
    days = np.minimum(months.astype("datetime64[D]") + (number - 1), _month_end(months))
    return days if roll is None else np.asarray(np.busday_offset(days, 0, roll=roll, weekmask=week))


def _several_a_month(days: Days, h: int) -> Days | None:
    """(h,) the last day, and those that follow where as many rows come every month, the first of them by a rule of its
    own, the second, and so on; None where they do not."""
    months, counts = np.unique(days.astype("datetime64[M]"), return_counts=True)
    each, span = int(counts.max()), int((months[-1] - months[0]).astype(np.int64)) + 1
    if not (2 <= each <= MOST_NUMBERS and len(months) == span >= LEAST_MONTHS and (counts[1:-1] == each).all()):
        return None
    whole = days[counts[0] : len(days) - counts[-1]].reshape(-1, each)
    to_come = months[-1] + np.arange(h // each + 2)
    ahead = []
    for seen in whole.T:
        rule = _month_rule(seen)
        if not (rule(months[1:-1]) == seen).all():
            return None
        ahead.append(rule(to_come))
    following = np.sort(np.concatenate(ahead))
    return np.asarray(np.r_[days[-1:], following[following > days[-1]]][:h])


def _open_days(days: Days) -> Iterator[np.datetime64]:
    """The last day, and each that follows on a weekday the past kept, holidays left out."""
    days = np.unique(days)
    week = _week(days)
    rules = holidays(days, week)
    day = days[-1]
    yield day
    while True:
        day = day + np.timedelta64(1, "D")
        one = np.array([day])
        if week[_weekday(one)[0]] and not any(bool(rule(one)[0]) for rule in rules):
            yield day


def _week(days: Days) -> Bools:
    """(7,) the weekdays that the past kept, Monday first; all of them where it is short."""
    counts = np.bincount(_weekday(days), minlength=7)
    return counts >= SELDOM * counts.max() if len(days) > 14 else np.ones(7, bool)


# ---- holidays --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Holiday:
    """A rule that says which days are holidays.

    Args:
        kind: "date" (a day of a month), "nth" (the n-th weekday of a month), "last" (its last), "easter" (days from
            Easter Sunday).
        at: (month, day), (month, weekday, n), (month, weekday) or (days,).
        shifts: the days by which it is also kept: 1 on the Monday after a Sunday, -1 on the Friday before a Saturday.
    """

    kind: str
    at: tuple[int, ...]
    shifts: tuple[int, ...] = ()

    def __call__(self, days: Days) -> Bools:
        """(n,) whether each day is one."""
        held = self._falls(days)
        for shift in self.shifts:
            held |= self.moved(days, shift)
        return held

    def _falls(self, days: Days) -> Bools:
        return np.asarray((_KEYS[self.kind](days) == self.at).all(-1))

    def moved(self, days: Days, shift: int) -> Bools:
        """(n,) whether each day stands for the holiday at the weekend beside it."""
        return np.asarray((_weekday(days) == {1: 0, -1: 4}[shift]) & self._falls(days - np.timedelta64(shift, "D")))


def _date_keys(days: Days) -> Ints:
    return np.stack([_month(days), _day_of_month(days)], -1)


def _nth_keys(days: Days) -> Ints:
    return np.stack([_month(days), _weekday(days), (_day_of_month(days) - 1) // 7 + 1], -1)


def _last_keys(days: Days) -> Ints:
    is_last = _day_of_month(days) > _day_of_month(_month_end(days.astype("datetime64[M]"))) - 7
    return np.stack([np.where(is_last, _month(days), 0), _weekday(days)], -1)


def _easter_keys(days: Days) -> Ints:
    apart = (days - easter(days.astype("datetime64[Y]").astype(np.int64) + 1970)).astype(np.int64)
    return np.where(np.isin(apart, EASTER_RULES), apart, 0)[:, None]


_KEYS: dict[str, Callable[[Days], Ints]] = {
    "easter": _easter_keys, "last": _last_keys, "nth": _nth_keys, "date": _date_keys,
}  # fmt: skip


def easter(years: Ints) -> Days:
    """Easter Sunday of each year (Meeus 1991, chapter 8, after Butcher 1876)."""
    a, b, c = years % 19, years // 100, years % 100
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - b // 4 - g + 15) % 30
    w = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    since = h + w - 7 * ((a + 11 * h + 22 * w) // 451) + 114
    firsts = ((years - 1970) * 12 + since // 31 - 1).astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray(firsts + since % 31)


def holidays(days: Days, week: Bools) -> list[Holiday]:
    """Rules whose days the past left out each time of late, and more often than chance leaves days out.

    Args:
        days: (m,) distinct, ascending.
        week: (7,) the weekdays that are kept, Monday first.
    """
    span = np.arange(max(days[0], days[-1] - np.timedelta64(366 * RECENT_YEARS, "D")), days[-1] + 1)
    span = span[week[_weekday(span)]]
    is_missing = ~np.isin(span, days)
    rate = float(is_missing.mean())
    keys = {kind: np.unique(keys(span), axis=0, return_inverse=True) for kind, keys in _KEYS.items()}
    found: list[Holiday] = []
    while True:
        # The rule that held the longest first: the last Thursday of a month is often its fourth as well.
        runs = [(_run(is_missing, of.ravel(), i), kind, i) for kind, (_, of) in keys.items()
                for i in np.flatnonzero(np.bincount(of.ravel(), weights=is_missing) >= LEAST_YEARS)]  # fmt: skip
        times, kind, i = max(runs, default=(0, "", 0), key=lambda run: run[0])
        if times < LEAST_YEARS or rate**times >= CHANCE:
            return found
        rule = Holiday(kind, tuple(int(v) for v in keys[kind][0][i]))
        shifts = tuple(s for s in (1, -1) if kind == "date" and _is_kept(rule.moved(span, s), is_missing))
        found.append(replace(rule, shifts=shifts))
        is_missing = is_missing & ~found[-1](span)  # what one rule tells, another need not


def _run(is_missing: Bools, of: Ints, i: np.integer[Any]) -> int:
    """How often in a row, up to the last time, the days of key i were left out."""
    return int(np.cumprod(is_missing[of == i][::-1]).sum())


def _is_kept(moved: Bools, is_missing: Bools) -> bool:
    return bool(moved.any() and is_missing[moved].all())


# ---- parts of a day's date -------------------------------------------------------------------------------------------


def _month_end(months: npt.NDArray[np.datetime64]) -> Days:
    return np.asarray((months + 1).astype("datetime64[D]") - 1)


def _day_of_month(days: Days) -> Ints:
    return np.asarray((days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1)


def _month(days: Days) -> Ints:
    return np.asarray(days.astype("datetime64[M]").astype(np.int64) % 12 + 1)


def _weekday(days: Days) -> Ints:
    """0 for Monday."""
    return np.asarray((days.astype("datetime64[D]").astype(np.int64) + 3) % 7)
