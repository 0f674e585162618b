"""What comes next on the clock and in the calendar, held against dates counted by hand and by the standard library."""

from __future__ import annotations

import calendar
import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from likewise.scenario.calendars import easter, later

H = 40


def weekdays(first: dt.date, last: dt.date, closed: set[dt.date] = frozenset()) -> list[dt.date]:  # type: ignore[assignment]
    days = [first + dt.timedelta(days=i) for i in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5 and day not in closed]


@pytest.mark.parametrize("zone", [None, "America/New_York", "Asia/Tokyo", "Europe/Berlin", "UTC"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_closes_keep_their_hour_and_their_weekdays(zone: str | None, unit: str) -> None:
    tz = None if zone is None else ZoneInfo(zone)
    days = weekdays(dt.date(2024, 9, 2), dt.date(2025, 5, 2))
    times = [dt.datetime(d.year, d.month, d.day, 16, tzinfo=tz) for d in days]
    series = pl.Series(times, dtype=pl.Datetime(unit, zone))  # type: ignore[arg-type]
    found = later(series[:-H], H + 1)
    assert found.dtype == series.dtype
    assert found.to_list() == times[-H - 1 :]


def test_one_saturday_in_years_opens_no_weekend() -> None:
    days = weekdays(dt.date(2000, 1, 3), dt.date(2004, 12, 31))
    seen = pl.Series(sorted([*days, dt.date(2001, 9, 15)]))
    assert {day.weekday() for day in later(seen, 300)} == {0, 1, 2, 3, 4}


def test_days_of_a_shop_open_on_saturdays_are_kept() -> None:
    days = [dt.date(2023, 1, 2) + dt.timedelta(days=i) for i in range(500)]
    open_days = [day for day in days if day.weekday() != 6]
    assert later(pl.Series(open_days[:300]), 50).to_list() == open_days[299:349]


@pytest.mark.parametrize("week", [(1, 3), (0, 2, 4), (0,), (6, 0, 1, 2, 3), (5, 6), (0, 4)])
def test_some_days_of_each_week_stay_those(week: tuple[int, ...]) -> None:
    days = [dt.date(2015, 1, 1) + dt.timedelta(days=i) for i in range(1_400)]
    kept = [day for day in days if day.weekday() in week]
    assert later(pl.Series(kept[:-H]), H + 1).to_list() == kept[-H - 1 :]


@pytest.mark.parametrize("numbers", [(1, 15), (15, 31), (1, 11, 21), (10, 20, 31)])
@pytest.mark.parametrize("begin", [0, 1])
def test_some_days_of_each_month_stay_those(numbers: tuple[int, ...], begin: int) -> None:
    months = [(2015 + k // 12, k % 12 + 1) for k in range(70)]
    days = [dt.date(y, m, min(n, calendar.monthrange(y, m)[1])) for y, m in months for n in numbers][begin:]
    assert later(pl.Series(days[:-H]), H + 1).to_list() == days[-H - 1 :]


@pytest.mark.parametrize("zone", ["UTC", None])
def test_closes_stored_in_another_zone_keep_weekdays_and_come_an_hour_later_in_winter(zone: str | None) -> None:
    days = weekdays(dt.date(2021, 1, 4), dt.date(2023, 6, 2))
    closes = [dt.datetime(d.year, d.month, d.day, 16, tzinfo=ZoneInfo("America/New_York")) for d in days]
    series = pl.Series(closes).dt.convert_time_zone("UTC").dt.replace_time_zone(zone)
    found, n = later(series[:-200], 201), len(series) - 201
    assert found.dt.date().to_list() == series[n:].dt.date().to_list()
    assert (found != series[n:]).sum() <= 10  # the clocks change within a week of the day they changed the year before


@pytest.mark.parametrize("months", [1, 3, 12])
def test_month_ends_stay_month_ends(months: int) -> None:
    ends = []
    for k in range(0, 60 * months, months):
        year, month = 2000 + k // 12, k % 12 + 1
        ends.append(dt.date(year, month, calendar.monthrange(year, month)[1]))
    assert later(pl.Series(ends[:40]), 21).to_list() == ends[39:]


def test_the_last_working_day_of_a_month_stays_that() -> None:
    ends = []
    for k in range(60):
        day = dt.date(2000 + k // 12, k % 12 + 1, calendar.monthrange(2000 + k // 12, k % 12 + 1)[1])
        ends.append(day - dt.timedelta(days=max(day.weekday() - 4, 0)))
    assert later(pl.Series(ends[:40]), 21).to_list() == ends[39:]


@pytest.mark.parametrize("n_seen", [12, 40, 100])
@pytest.mark.parametrize(
    ("weekday", "nth"), [(4, 2), (2, 0), (1, 1), (3, 3), (4, -1), (0, -1)],
    ids=["third Friday", "first Wednesday", "second Tuesday", "fourth Thursday", "last Friday", "last Monday"],
)  # fmt: skip
def test_the_nth_or_last_weekday_of_a_month_stays_that(weekday: int, nth: int, n_seen: int) -> None:
    days = []
    for month in (dt.date(2000 + i // 12, i % 12 + 1, 1) for i in range(n_seen + H)):
        weeks = [month + dt.timedelta(days=k) for k in range(calendar.monthrange(month.year, month.month)[1])]
        days.append([day for day in weeks if day.weekday() == weekday][nth])
    assert later(pl.Series(days[:n_seen]), H).to_list() == days[n_seen - 1 : n_seen + H - 1]


@pytest.mark.parametrize("n_months", [12, 40, 100])
@pytest.mark.parametrize(
    ("paid", "way"), [([1], 1), ([15], 1), ([25], -1), ([15, 31], -1), ([1, 15], 1), ([10, 20, 31], -1)], ids=str
)
def test_working_days_beside_a_day_of_the_month_stay_those(paid: list[int], way: int, n_months: int) -> None:
    days, n_seen = [], n_months * len(paid)
    for month in (dt.date(2000 + i // 12, i % 12 + 1, 1) for i in range(n_seen + H)):
        for number in paid:
            day = month.replace(day=min(number, calendar.monthrange(month.year, month.month)[1]))
            while day.weekday() > 4:
                day += dt.timedelta(days=way)
            days.append(day)
    assert later(pl.Series(days[:n_seen]), H).to_list() == days[n_seen - 1 : n_seen + H - 1]


@pytest.mark.parametrize("number", [1, 15, 30])
def test_a_day_of_the_month_stays_that_or_its_last(number: int) -> None:
    lengths = [calendar.monthrange(2000 + k // 12, k % 12 + 1)[1] for k in range(60)]
    days = [dt.date(2000 + k // 12, k % 12 + 1, min(number, n)) for k, n in enumerate(lengths)]
    assert later(pl.Series(days[:40]), 21).to_list() == days[39:]


@pytest.mark.parametrize("step", [7, 14, 28, 10])
def test_even_steps_of_days_go_on(step: int) -> None:
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=step * i) for i in range(60)]
    assert later(pl.Series(days[:30]), 31).to_list() == days[29:]


def test_days_begin_at_midnight_after_the_clocks_change() -> None:
    tz = ZoneInfo("Europe/Berlin")
    days = [dt.datetime(2024, 1, 1, tzinfo=tz) + dt.timedelta(days=i) for i in range(120)]
    assert later(pl.Series(days[:60], dtype=pl.Datetime("us", "Europe/Berlin")), 61).to_list() == days[59:]


def test_hours_go_on_evenly_through_the_change_of_clocks() -> None:
    first = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)
    hours = [(first + dt.timedelta(hours=i)).astimezone(ZoneInfo("Europe/Berlin")) for i in range(900)]
    series = pl.Series(hours, dtype=pl.Datetime("us", "Europe/Berlin"))
    found = later(series[:500], 400)
    assert found.to_list() == series[499:899].to_list()
    assert (found.dt.epoch("s").diff().drop_nulls() == 3600).all()


def test_hours_that_a_shop_keeps_are_kept() -> None:
    days = weekdays(dt.date(2024, 1, 1), dt.date(2024, 6, 28))
    times = [dt.datetime(d.year, d.month, d.day, hour, 30) for d in days for hour in range(9, 16)]
    assert later(pl.Series(times[:-100]), 101).to_list() == times[-101:]


def nth(year: int, month: int, weekday: int, n: int) -> dt.date:
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def closed_days(year: int) -> set[dt.date]:
    """Christmas, kept on the Friday or Monday beside a weekend; Good Friday; the fourth Thursday of November; the last
    Monday of May."""
    christmas = dt.date(year, 12, 25)
    shift = {5: -1, 6: 1}.get(christmas.weekday(), 0)
    friday = easter(np.array([year]))[0].astype(object) - dt.timedelta(days=2)
    may = max(nth(year, 5, 0, n) for n in (4, 5) if nth(year, 5, 0, n).month == 5)
    return {christmas + dt.timedelta(days=shift), friday, nth(year, 11, 3, 4), may}


def test_holidays_that_the_past_kept_are_kept() -> None:
    closed = set().union(*(closed_days(year) for year in range(2000, 2020)))
    days = weekdays(dt.date(2000, 1, 3), dt.date(2019, 12, 31), closed)
    seen = sum(day.year < 2016 for day in days)
    assert later(pl.Series(days[:seen]), len(days) - seen + 1).to_list() == days[seen - 1 :]


def test_days_left_out_by_chance_make_no_holidays() -> None:
    rng = np.random.default_rng(7)
    days = weekdays(dt.date(2000, 1, 3), dt.date(2009, 12, 31))
    some = [day for day in days if rng.random() > 0.1]
    found = later(pl.Series(some), 262).to_list()
    assert found == weekdays(some[-1], some[-1] + dt.timedelta(days=400))[:262]


def test_easter_is_easter() -> None:
    told = {1961: (4, 2), 2000: (4, 23), 2024: (3, 31), 2025: (4, 20), 2038: (4, 25), 2285: (3, 22)}
    found = easter(np.array(list(told)))
    assert [day.astype(object) for day in found] == [dt.date(year, *at) for year, at in told.items()]


def test_a_year_of_an_exchange_is_foretold(shared_data: Path) -> None:
    days = pl.read_csv(shared_data / "sp500_1950_2018.csv", try_parse_dates=True)["Date"].sort()
    seen = days.filter(days < dt.date(1987, 1, 1))
    assert later(seen, 253).to_list() == days[len(seen) - 1 : len(seen) + 252].to_list()
