"""Claims about the moments that a past keeps to: what is drawn lies on them too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import ModelFileError
from likewise.histories.clock import Clock
from likewise.histories.grid import Grid, Months, find_grid
from likewise.schema.column import Column


def table_of(days: pl.Series, n: int = 60, least: int = 4, most: int = 9) -> pl.DataFrame:
    """Entities that begin at any of these moments, and go on along them."""
    rng = np.random.default_rng(3)
    rows: list[tuple[Any, ...]] = []
    for who in range(n):
        length = int(rng.integers(least, most))
        begin = int(rng.integers(0, len(days) - 3 * length))
        at = begin + np.cumsum(rng.integers(1, 3, length))
        rows += [(f"e{who:03}", days[int(i)], "ab"[int(rng.integers(2))]) for i in at]
    return pl.DataFrame(rows, schema={"who": pl.String, "t": days.dtype, "x": pl.String}, orient="row")


def drawn(table: pl.DataFrame, **options: Any) -> tuple[lw.Synthesizer, pl.DataFrame]:
    asked: dict[str, Any] = {"entity": "who", "time": "t", "random_state": 0, "epochs": 1} | options
    synth = lw.Synthesizer(**asked).fit(table)
    some = synth.sample(60, random_state=1)
    assert some.schema == table.schema
    same = some["who"] == some["who"].shift(1)
    assert (some["t"] >= some["t"].shift(1)).filter(same).all()
    return synth, some


def dates(keep: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    days = pl.date_range(dt.date(2018, 1, 1), dt.date(2023, 12, 31), "1d", eager=True).alias("t")
    return days.to_frame().filter(keep(pl.col("t")))["t"]


def weekend_days(t: pl.Expr) -> pl.Expr:
    """Days since the last Friday, of a weekend; else none."""
    return pl.max_horizontal(t.dt.weekday() - 5, pl.lit(0))


PATTERNS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "month ends": lambda t: t == t.dt.month_end(),
    "month starts": lambda t: t.dt.day() == 1,
    "quarter ends": lambda t: (t == t.dt.month_end()) & (t.dt.month() % 3 == 0),
    "firsts and fifteenths": lambda t: t.dt.day().is_in([1, 15]),
    "business days": lambda t: t.dt.weekday() <= 5,
    "last business days": lambda t: t == t.dt.month_end() - pl.duration(days=weekend_days(t.dt.month_end())),
    "first business days": lambda t: (
        t
        == t.dt.month_start()
        + pl.duration(days=(8 - t.dt.month_start().dt.weekday()) * (weekend_days(t.dt.month_start()) > 0))
    ),
    "third Fridays": lambda t: (t.dt.weekday() == 5) & t.dt.day().is_between(15, 21),
    "last Fridays": lambda t: (t.dt.weekday() == 5) & (t.dt.day() + 7 > t.dt.month_end().dt.day()),
    "Tuesdays and Saturdays": lambda t: t.dt.weekday().is_in([2, 6]),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_dates_keep_to_the_calendar_of_the_table(pattern: str) -> None:
    keep = PATTERNS[pattern]
    table = table_of(dates(keep), most=6)
    synth, some = drawn(table)
    longer = synth.extend(some.head(40), steps=30, random_state=2)
    assert len(longer) == 40 + 30 * some.head(40)["who"].n_unique()
    for frame in (some, longer):
        assert frame.select(keep(pl.col("t")).all()).item()


def test_quarters_written_as_texts_tell_the_time() -> None:
    table = table_of(dates(lambda t: (t.dt.day() == 1) & (t.dt.month() % 3 == 1)), least=2, most=5)
    texts = pl.format("{}-Q{}", pl.col("t").dt.year(), pl.col("t").dt.quarter())
    synth, some = drawn(table.with_columns(t=texts))
    number = pl.col("t").str.slice(0, 4).cast(int) * 4 + pl.col("t").str.slice(-1).cast(int)
    apart = some.select(number.diff().over("who").alias("apart"))["apart"].drop_nulls()
    assert set(apart) <= {1, 2}
    longer = synth.extend(some.head(1), steps=5, random_state=0)["t"]
    assert longer.str.contains(r"^\d{4}-Q[1-4]$").all()
    assert longer.is_sorted()


def test_each_entity_keeps_its_own_day_of_the_month() -> None:
    """Payments on the 31st fall on the last of shorter months, and come back to the 31st."""
    rows = [
        (f"e{day:02}{k}", dt.date(2021, 1 + k, 1), day, i) for day in range(1, 32) for k in range(3) for i in range(9)
    ]
    table = pl.DataFrame(rows, schema=["who", "t", "day", "i"], orient="row")
    months = pl.col("t").dt.offset_by(pl.format("{}mo", "i"))
    table = table.with_columns(
        t=pl.min_horizontal(months.dt.offset_by(pl.format("{}d", pl.col("day") - 1)), months.dt.month_end())
    ).with_columns(x=pl.lit("a")).drop("day", "i")  # fmt: skip
    synth, some = drawn(table)
    assert synth.histories_ is not None
    assert isinstance(synth.histories_.layout.clock.grid, Months)
    known = table.filter(pl.col("who") == "e311").head(2)  # of 28 February and 31 March
    assert known["t"].dt.day().to_list() == [28, 31]
    longer = synth.extend(known, steps=4, random_state=2)["t"].to_list()
    assert [day.day for day in longer[2:]] == [30, 31, 30, 31]
    ends = some.with_columns(own=pl.col("t").dt.day().max().over("who"), last=pl.col("t").dt.month_end().dt.day())
    assert ends.select((pl.col("t").dt.day() == pl.min_horizontal("own", "last")).all()).item()


def test_hours_stay_those_of_the_table() -> None:
    """An office that opens on weekdays from 9 to 17; notes are taken by the minute."""
    rng = np.random.default_rng(0)
    base = dates(PATTERNS["business days"]).cast(pl.Datetime("us")).repeat_by(6).explode()
    minutes = pl.Series(rng.integers(9 * 60, 17 * 60, len(base)))
    stamps = pl.DataFrame({"t": base, "m": minutes}).select(t=pl.col("t") + pl.duration(minutes="m"))["t"].sort()
    _, some = drawn(table_of(stamps, n=200))
    assert some["t"].dt.hour().is_between(9, 16).all()
    assert (some["t"].dt.weekday() <= 5).all()


def open_steps(minutes: int, n: int = 60) -> pl.DataFrame:
    """Entities whose rows lie on any steps of the hours from 9 to 17 of working days, mostly where these open."""
    rng, rows = np.random.default_rng(0), []
    for who in range(n):
        at = dt.datetime(2021, 1, 4, 9) + dt.timedelta(days=int(rng.integers(0, 200)))
        for _ in range(int(rng.integers(4, 12))):
            while at.weekday() > 4 or not 9 <= at.hour < 17:
                at += dt.timedelta(minutes=minutes)
            rows.append((f"e{who:03}", at, "ab"[int(rng.integers(2))]))
            at += dt.timedelta(minutes=minutes * int(rng.integers(1, 900 // minutes)))
    return pl.DataFrame(rows, schema=["who", "t", "x"], orient="row")


@pytest.mark.parametrize("zone", [None, "America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("minutes", [10, 15, 30])
def test_open_hours_and_their_steps_are_kept_also_where_the_clocks_change(minutes: int, zone: str | None) -> None:
    table = open_steps(minutes).with_columns(pl.col("t").dt.replace_time_zone(zone))
    whose = table["who"].rle_id().to_numpy().astype(np.int64)
    clock = Clock.of(table["t"], whose, Column(name="t", kind="datetime"), rows=5)
    assert isinstance(clock.grid, Grid)
    rng = np.random.default_rng(1)
    ticks = clock.passed(clock.ticks(table["t"]), rng.integers(0, 400, len(table)))
    later = clock.times(ticks, table["t"])
    assert later.dt.hour().is_between(9, 16).all()
    assert (later.dt.minute() % minutes == 0).all()
    assert (later.dt.weekday() <= 5).all()


@pytest.mark.parametrize(
    ("every", "zone"), [("1h", "Europe/Berlin"), ("15m", "America/New_York"), ("1d", "Europe/Paris")]
)
def test_steps_stay_even_when_the_clocks_change(every: str, zone: str) -> None:
    many = {"1h": 4000, "15m": 12_000, "1d": 400}[every]
    begin = pl.Series([dt.datetime(2021, 3, 27)]).dt.replace_time_zone(zone)
    if every == "1d":
        local = pl.datetime_range(dt.datetime(2021, 3, 1), dt.datetime(2021, 3, 1) + dt.timedelta(many), eager=True)
        times = local.dt.replace_time_zone(zone)
    else:
        step = {"1h": 3600, "15m": 900}[every] * 1_000_000
        ticks = begin.dt.epoch("us")[0] + np.arange(many) * step
        times = pl.Series(ticks).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    rows = [
        (f"e{k:02}", times[int(i)], "ab"[k % 2]) for k in range(40) for i in range(k * many // 60, k * many // 60 + 90)
    ]
    table = pl.DataFrame(rows, schema={"who": pl.String, "t": times.dtype, "x": pl.String}, orient="row")
    _, some = drawn(table)
    shown = some["t"].dt.replace_time_zone(None) if every == "1d" else some["t"]
    steps = shown.diff().filter(some["who"] == some["who"].shift(1))
    assert steps.unique().to_list() == [
        dt.timedelta(**{"1h": {"hours": 1}, "15m": {"minutes": 15}, "1d": {"days": 1}}[every])
    ]


def test_the_past_of_other_centuries_is_counted_as_well() -> None:
    days = pl.date_range(dt.date(1893, 1, 1), dt.date(1899, 12, 31), "1mo", eager=True)
    _, some = drawn(table_of(days))
    assert (some["t"].dt.day() == 1).all()
    assert some["t"].max() < dt.date(1905, 1, 1)  # type: ignore[operator]


def test_no_year_is_drawn_that_two_digits_cannot_tell() -> None:
    """Those of the table are read as 1909 to 2008: behind that the same digits would be another century."""
    texts = [(f"e{k:02}", f"{10 + k % 20:02}.0{1 + i}.{55 + i}", "ab"[i % 2]) for k in range(60) for i in range(9)]
    table = pl.DataFrame(texts, schema=["who", "t", "x"], orient="row")
    synth = lw.Synthesizer(entity="who", time="t", random_state=0, epochs=1).fit(table)
    longer = synth.extend(table.head(9), steps=70, random_state=0)["t"]
    assert longer.str.len_chars().unique().to_list() == [8]
    years = 1909 + (longer.str.slice(6).cast(pl.Int64) - 9) % 100
    assert years.max() == 2008
    assert years.is_sorted()


def test_a_grid_counts_there_and_back() -> None:
    grid = Grid(24, None, (9, 13), width=3, unit=1)
    inside = np.array([h + 24 * d for d in (-2, 0, 5) for h in (9, 10, 11, 13, 14, 15)])
    assert np.array_equal(grid.ticks(grid.number(inside)), inside)
    assert np.array_equal(np.diff(grid.number(inside))[:5], np.ones(5))
    assert grid.ticks(grid.number(np.array([3, 12, 23]))).tolist() == [15 - 24, 11, 15]


def test_a_file_keeps_its_grid_and_cannot_tell_of_one_that_there_is_not() -> None:
    base = {"kind": "datetime", "unit": 1, "most": 10}
    for grid in (
        None,
        "months",
        {"calendar": {"cycle": "week", "days": [1, 2]}, "slots": [0, 10], "width": 2, "unit": 1},
    ):
        clock = Clock.from_dict(base | {"grid": grid, "elapsed": grid is None})
        assert Clock.from_dict(clock.to_dict()) == clock
        assert clock.to_dict()["grid"] == grid
    for wrong in ({"slots": [5, 5]}, {"slots": []}, {"slots": [10**15]}, {"width": 3, "unit": 2}, {"calendar": 7}):
        with pytest.raises(ModelFileError):
            Clock.from_dict(base | {"grid": {"calendar": None, "slots": [0], "width": 2, "unit": 1} | wrong})


def test_persons_stand_behind_a_time_of_day_and_not_the_entities_of_one() -> None:
    """All come at 9:00 or 14:00, and one person with ten of the entities at 22:37."""
    rng, whose, minute = np.random.default_rng(0), np.repeat(np.arange(60), 12), 60 * 1_000_000
    at = np.where(whose < 10, 22 * 60 + 37, rng.choice([9, 14], len(whose)) * 60)
    ticks = (np.tile(np.arange(12), 60) * 3 + rng.integers(0, 3, len(whose))) * 1440 * minute + at * minute
    each, persons = (find_grid(ticks, whose, 1440 * minute, minute, 5, of) for of in (None, np.maximum(whose - 9, 0)))
    assert isinstance(each, Grid)
    assert isinstance(persons, Grid)
    assert (22 * 60 + 37) * minute in each.slots
    assert all(slot % (60 * minute) == 0 for slot in persons.slots)
