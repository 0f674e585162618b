"""Claims about tables of histories of odd sizes: one entity, long ones among short ones, equal ones, many."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.histories import model
from likewise.histories.order import Histories


def learnt(table: pl.DataFrame, **options: Any) -> lw.Synthesizer:
    asked: dict[str, Any] = {"entity": "who", "time": "t", "random_state": 0, "epochs": 2} | options
    return lw.Synthesizer(**asked).fit(table)


def lengths(frame: pl.DataFrame) -> list[int]:
    return frame.group_by("who").len()["len"].sort().to_list()


def series(n: int) -> pl.DataFrame:
    """One station's readings: an hour apart, a temperature that goes with the day, weather that stays."""
    rng = np.random.default_rng(0)
    start = dt.datetime(2022, 1, 1)
    times = pl.datetime_range(start, start + dt.timedelta(hours=n - 1), "1h", eager=True)
    weather = np.where(rng.random(n) < 0.1, rng.integers(0, 3, n), -1)
    weather = weather[np.maximum.accumulate(np.where(weather >= 0, np.arange(n), 0))].clip(0)
    warm = 10 + 8 * np.sin(np.arange(n) * 2 * np.pi / 24) + rng.normal(0, 1, n)
    names = np.array(["sun", "rain", "fog"])[weather]
    return pl.DataFrame(
        {"who": ["one"] * n, "t": times, "warm": warm.round(1), "weather": names, "place": ["hill"] * n}
    )


def test_one_series_is_learnt_from_its_own_past_and_gone_on_with() -> None:
    table = series(1500)
    synth = learnt(table, epochs=12)
    longer = synth.extend(table, steps=96, random_state=1)
    assert longer.head(1500).equals(table)
    assert longer["t"].diff().drop_nulls().unique().to_list() == [dt.timedelta(hours=1)]
    days = longer.tail(96).group_by(pl.col("t").dt.hour()).agg(pl.col("warm").mean()).sort("t")["warm"]
    real = table.group_by(pl.col("t").dt.hour()).agg(pl.col("warm").mean()).sort("t")["warm"]
    # Hours of four days against those of sixty: noise of .5 beside waves of deviation 5.7.
    assert np.corrcoef(days, real)[0, 1] > 0.9
    some = synth.sample(2, random_state=0)
    assert some["who"].n_unique() == 2
    assert not set(some["who"]) & {"one"}
    assert set(some["weather"]) <= {"sun", "rain", "fog"}
    assert max(lengths(some)) <= 1500


def test_an_entity_of_very_many_rows_is_not_what_all_are_like() -> None:
    short = pl.DataFrame({"who": np.repeat(np.arange(120), 3) + 500, "t": [1, 2, 3] * 120, "x": list("abc") * 120})
    long = pl.DataFrame({"who": [999_999] * 20_000, "t": range(20_000), "x": ["z"] * 20_000})
    for table in (pl.concat([short, long]), pl.concat([long, short])):
        synth = learnt(table, holdout=0.0)
        assert synth.histories_ is not None
        assert synth.histories_.layout.longest < 10
        some = synth.sample(60, random_state=0)
        assert max(lengths(some)) <= 3
        assert (some["x"] == "z").mean() < 0.1


def test_histories_of_one_length_are_drawn_of_that_length() -> None:
    n = 30
    table = pl.DataFrame({"who": np.repeat(np.arange(60), n) + 100, "t": list(range(n)) * 60, "x": list("ab") * n * 30})
    assert set(lengths(learnt(table, epochs=1).sample(20, random_state=0))) == {n}


def test_no_history_is_shorter_than_those_of_the_table() -> None:
    rows = [(f"e{k:03}", i, "ab"[i % 2]) for k in range(80) for i in range(4 + k % 5)]
    table = pl.DataFrame(rows, schema=["who", "t", "x"], orient="row")
    assert min(lengths(learnt(table, epochs=1).sample(80, random_state=0))) >= 4


def test_missing_rows_and_gaps_are_drawn_as_gaps() -> None:
    """A panel of months of which some are missing, and cells too, which stay so often missing."""
    rng = np.random.default_rng(2)
    months = pl.date_range(dt.date(2015, 1, 1), dt.date(2018, 12, 1), "1mo", eager=True)
    parts = []
    for k in range(60):
        kept = np.sort(rng.choice(48, 30, replace=False))
        sales = pl.Series(rng.normal(100 + k, 5, 30).round(1)).set(pl.Series(rng.random(30) < 0.3), None)
        parts.append(pl.DataFrame({"who": [f"s{k:02}"] * 30, "t": months[kept], "sales": sales, "open": [True] * 30}))
    table = pl.concat(parts)
    some = learnt(table, epochs=6).sample(60, random_state=0)
    assert some["t"].null_count() == 0
    assert (some["t"].dt.day() == 1).all()
    assert some["sales"].is_null().mean() == pytest.approx(0.3, abs=0.08)
    same = some["who"] == some["who"].shift(1)
    gaps = some.select((pl.col("t").dt.year() * 12 + pl.col("t").dt.month()).diff())["t"].filter(same)
    assert gaps.min() == 1
    assert gaps.mean() == pytest.approx(47 / 30, abs=0.25)
    assert set(some["open"]) == {True}


def test_entities_in_which_nothing_changes() -> None:
    table = pl.DataFrame(
        {"who": np.repeat(np.arange(50), 4) + 100, "t": [1, 2, 3, 4] * 50, "x": ["a"] * 200, "y": [7] * 200}
    )
    some = learnt(table).sample(30, random_state=0)
    assert some.group_by("who").agg(pl.col("x", "y").n_unique()).select("x", "y").unique().row(0) == (1, 1)
    assert set(lengths(some)) == {4}


def test_many_entities_are_drawn_a_few_at_a_time_with_keys_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pl.DataFrame(
        {
            "who": np.repeat(np.arange(50), 3) + 100,
            "t": [1, 2, 4] * 50,
            "visit": np.arange(150) + 10_000,
            "x": list("abc") * 50,
        }
    )
    synth = learnt(table)
    monkeypatch.setattr(model, "AT_ONCE", 7)
    some = synth.sample(40, random_state=0)
    assert some["who"].n_unique() == 40
    assert not some["visit"].is_duplicated().any()
    assert set(lengths(some)) == {3}


def test_entities_are_chosen_to_have_so_many_rows() -> None:
    table = pl.DataFrame({"who": np.repeat(np.arange(100), 5), "t": [1, 2, 3, 4, 5] * 100})
    told = Histories.of(table, "who", "t")
    some = told.some(50, np.random.default_rng(0))
    assert len(some.starts) == 10
    assert set(some.lengths) == {5}
    assert told.up_to(2).lengths.tolist() == [2] * 100
    assert told.up_to(2).table["t"].to_list() == [1, 2] * 100


def test_as_many_entities_are_drawn_as_the_table_has_though_fewer_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("likewise.synthesizer.histories.LOOKED_AT", 300)
    whose = np.repeat(np.arange(200), 4)
    table = pl.DataFrame({"who": whose + 1000, "t": np.tile(np.arange(4), 200), "x": whose % 3})
    synth = lw.Synthesizer(entity="who", time="t", random_state=0, epochs=1).fit(table)
    assert synth.train_rows_ is not None
    assert len(synth.train_rows_) < 300
    assert set(synth.train_rows_) <= set(range(800))
    rows = table[synth.train_rows_]
    assert rows.group_by("who").len()["len"].unique().to_list() == [4]
    assert synth.sample(random_state=0)["who"].n_unique() == 200
