"""Claims about how histories count time: by the clocks of a zone, never missing, never beyond what can be written."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import ModelFileError, SchemaError
from likewise.histories.clock import Clock
from likewise.histories.layout import layout_of
from likewise.histories.order import Histories


def spells(times: Any, n: int = 40, rows: int = 4) -> pl.DataFrame:
    """n entities of as many rows each, all at the same times."""
    rng = np.random.default_rng(7)
    return pl.DataFrame(
        {
            "who": np.repeat(np.arange(n) * 3 + 100, rows),
            "t": list(times) * n,
            "sex": np.repeat(rng.choice(["f", "m"], n), rows),
            "dose": rng.choice(["low", "mid", "high"], n * rows),
        }
    )


def drawn(table: pl.DataFrame, n: int = 40, **options: Any) -> pl.DataFrame:
    asked: dict[str, Any] = {"entity": "who", "time": "t", "random_state": 0, "epochs": 1} | options
    frame: pl.DataFrame = lw.Synthesizer(**asked).fit(table).sample(n, random_state=1)
    assert frame.schema == table.schema
    return frame


def never_back(table: pl.DataFrame) -> bool:
    steps = table.select((pl.col("t") >= pl.col("t").shift(1).over("who")).fill_null(True))
    return bool(steps["t"].all())


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"])
def test_moments_of_a_zone_are_the_same_after_counting(zone: str) -> None:
    begin = dt.datetime(2021, 3, 1)
    times = pl.datetime_range(begin, begin + dt.timedelta(days=120), "1h", time_zone=zone, eager=True).alias("t")
    clock = Clock.of(times)
    assert clock.times(clock.ticks(times), times).equals(times)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_midnights_of_a_zone_stay_midnights_though_its_clocks_change(unit: Any) -> None:
    days = pl.Series([dt.datetime(2021, 3, 20) + dt.timedelta(days=d) for d in (0, 5, 11, 20)])
    table = spells(days.dt.cast_time_unit(unit).dt.replace_time_zone("Europe/Berlin"))
    some = drawn(table)
    assert set(some["t"].dt.hour()) == {0}
    assert never_back(some)


def test_times_are_never_missing_however_little_was_learnt() -> None:
    for times in ([0.5, 1.5, 1.7, 9.1], [3, 4, 8, 90]):
        some = drawn(spells(times), 300)
        assert some["t"].is_null().sum() == 0
        assert some["t"].cast(pl.Float64).is_nan().sum() == 0
        assert never_back(some)


@pytest.mark.parametrize(
    ("column", "ticks", "last"),
    [
        (pl.Series("t", [3, 250], dtype=pl.UInt8), 250, 255),
        (pl.Series("t", [dt.date(9999, 12, 30)]), None, dt.date(9999, 12, 31)),
        (pl.Series("t", [dt.datetime(9999, 12, 30)]), None, dt.datetime(9999, 12, 31)),
    ],
)
def test_no_clock_goes_beyond_what_its_column_can_hold(column: pl.Series, ticks: int | None, last: Any) -> None:
    schema = lw.infer(column.to_frame()).replace("t", kind="integer" if ticks else "datetime")
    clock = Clock.of(column.cast(pl.Int64) if ticks else column, None, schema["t"])
    at = clock.ticks(column)[-1:]
    later = clock.times(clock.passed(at, np.array([10**6])), column)
    assert later.to_list()[0] <= last
    assert later.to_list()[0] >= column[-1]


def test_declared_bounds_hold_on_the_time() -> None:
    table = spells([10, 40, 70, 100])
    schema = lw.infer(table, entity="who").replace("t", bounds=(0, 120))
    synth = lw.Synthesizer(entity="who", time="t", schema=schema, random_state=0, epochs=1).fit(table)
    assert synth.extend(table, steps=5, random_state=0)["t"].max() == 120


def test_two_waves_are_numbers_though_they_are_0_and_1() -> None:
    some = drawn(spells([0, 1], rows=2))
    assert some["t"].dtype == pl.Int64
    assert never_back(some)


@pytest.mark.filterwarnings("ignore:.*too few rows to be kept")  # of two entities nothing is
@pytest.mark.filterwarnings("ignore:column .* names . entities")
@pytest.mark.parametrize(("n", "holdout"), [(40, 0.0), (2, 0.1), (5, 0.1)])
def test_histories_are_learnt_where_none_are_held_out(n: int, holdout: float) -> None:
    assert drawn(spells([1, 2, 5, 9], n), 6, holdout=holdout)["who"].n_unique() == 6


def test_the_one_entity_of_several_rows_is_learnt_and_not_held_out() -> None:
    table = pl.DataFrame({"who": [*range(100, 145), 100], "t": [*range(45), 60], "x": ["a", "b"] * 23})
    for seed in range(2):
        assert drawn(table, 10, random_state=seed, holdout=0.9)["who"].n_unique() == 10


def test_columns_may_have_any_names() -> None:
    table = spells([1, 1, 2, 2]).rename({"who": "person", "t": "when"})
    table = table.with_columns(who=pl.Series(list("abcd") * 40), at=pl.lit(1.0), row=pl.col("dose"))
    told = Histories.of(table, "person", "when")
    schema = lw.infer(table, entity="person").replace("who", kind="categorical")
    assert layout_of(told, schema, "person", "when", None, None).alone == ("who",)


def test_new_rows_take_no_key_of_the_known_ones() -> None:
    table = spells([1, 2, 5, 9]).with_columns(visit=pl.int_range(pl.len()) + 1000)
    synth = lw.Synthesizer(entity="who", time="t", random_state=0, epochs=1).fit(table)
    known = synth.sample(30, random_state=0)
    longer = synth.extend(known, steps=3, random_state=0)
    assert not known["visit"].is_duplicated().any()
    assert not longer["visit"].is_duplicated().any()


@pytest.mark.parametrize("name", ["who", "t"])
def test_what_tells_histories_is_not_declared_static(name: str) -> None:
    with pytest.raises(SchemaError, match=f"static names column '{name}', by which histories are told"):
        lw.Synthesizer(entity="who", time="t", static=[name]).fit(spells([1, 2, 5, 9]))


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "date", "unit": 1, "most": 10**9},
        {"kind": "integer", "unit": 1, "most": None},
        {"kind": "real", "unit": 1, "most": float("inf")},
        {"kind": "datetime", "unit": 1, "most": "2"},
    ],
)
def test_a_file_cannot_tell_of_times_that_there_are_not(said: dict[str, Any]) -> None:
    with pytest.raises(ModelFileError, match="histories: the clock ends at no"):
        Clock.from_dict(said)


def test_a_file_says_when_its_clock_ends() -> None:
    for clock in (Clock("real"), Clock("real", 1, 2.5), Clock("integer", 1, 7), Clock("order")):
        assert Clock.from_dict(clock.to_dict()) == clock


def test_wages_come_on_the_same_day_of_the_month() -> None:
    rng = np.random.default_rng(0)
    day = [dt.date(2021, 1, 1) + dt.timedelta(days=k) for k in range(150)]
    who = np.repeat(np.arange(40), len(day))
    table = pl.DataFrame({"who": who, "day": day * 40, "paid": rng.integers(1, 50, len(who))})
    table = table.with_columns(paid=pl.when(pl.col("day").dt.day() == 25).then(900 + pl.col("paid")).otherwise("paid"))
    drawn = lw.Synthesizer(entity="who", time="day", random_state=0, epochs=6).fit(table).sample(40, random_state=1)
    shares = drawn.group_by(pl.col("day").dt.day() == 25).agg((pl.col("paid") > 500).mean()).sort("day")["paid"]
    assert shares[0] < 0.02
    assert shares[1] > 0.7
