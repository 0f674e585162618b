"""Claims about tables of histories: what is drawn keeps what each history keeps, and goes on from what is known."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import ConditionError, InputError, LikewiseError, OptionError, SchemaError
from likewise.histories.memory import Memory, counted
from likewise.histories.order import Histories
from likewise.models import MODELS

N = 400


@cache
def visits() -> pl.DataFrame:
    """Patients: stage a, then b, then c for good; days apart in weeks; weight that wanders; a clinic they rarely leave;
    `visit` counts up. Rows stand in no order."""
    rng = np.random.default_rng(0)
    rows: list[tuple[Any, ...]] = []
    for e in range(N):
        day = dt.date(2020, 1, 1) + dt.timedelta(days=int(rng.integers(0, 700)))
        weight, clinic, sex = rng.normal(70, 12), f"c{rng.integers(12)}", "mf"[rng.integers(2)]
        for i in range(1 + rng.poisson(4)):
            rows.append((f"p{e:04}", day, sex, "abc"[min(i, 2)], clinic, round(weight, 1), i + 1))
            day += dt.timedelta(days=7 * int(rng.integers(1, 9)))
            weight += rng.normal(0, 0.5)
            clinic = clinic if rng.random() < 0.9 else f"c{rng.integers(12)}"
    names = ["patient", "day", "sex", "stage", "clinic", "kg", "visit"]
    return pl.DataFrame(rows, schema=names, orient="row").sample(fraction=1, shuffle=True, seed=1)


@cache
def learnt() -> lw.Synthesizer:
    return lw.Synthesizer(entity="patient", time="day", random_state=0, epochs=12).fit(visits())


@cache
def drawn() -> pl.DataFrame:
    frame: pl.DataFrame = learnt().sample(random_state=1)
    return frame


def in_time(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("patient", "day", maintain_order=True)


def test_rows_of_an_entity_stand_together_and_never_go_back_in_time() -> None:
    steps = drawn().select(
        same=pl.col("patient") == pl.col("patient").shift(1), gap=pl.col("day").diff().dt.total_days()
    )
    assert drawn()["patient"].rle_id().n_unique() == drawn()["patient"].n_unique() == N
    gaps = steps.filter("same")["gap"]
    assert gaps.min() >= 7  # type: ignore[operator]
    assert (gaps % 7 == 0).all()


def test_what_never_changes_within_an_entity_does_not_change_in_drawn_ones() -> None:
    assert learnt().histories_ is not None
    assert learnt().histories_.layout.static == ("sex",)
    assert drawn().group_by("patient").agg(pl.col("sex").n_unique())["sex"].max() == 1
    assert not set(drawn()["patient"]) & set(visits()["patient"])


def test_lengths_transitions_and_stays_are_those_of_the_table() -> None:
    real, fake = in_time(visits()), drawn()
    longs = [frame.group_by("patient").len()["len"].to_numpy() for frame in (real, fake)]
    # 400 lengths of deviation 2 each: their means differ by .14, one standard error.
    assert np.mean(longs[0]) == pytest.approx(np.mean(longs[1]), abs=0.6)
    for frame in (real, fake):
        firsts = frame.group_by("patient", maintain_order=True).first()
        assert (firsts["stage"] == "a").mean() > 0.97  # type: ignore[operator]
    stays = []
    for frame in (real, fake):
        same = frame["patient"] == frame["patient"].shift(1)
        stays.append((frame["clinic"] == frame["clinic"].shift(1)).filter(same).mean())
    assert stays[0] == pytest.approx(stays[1], abs=0.05)


def test_a_wandering_number_stays_near_where_it_was() -> None:
    def step(frame: pl.DataFrame) -> float:
        same = frame["patient"] == frame["patient"].shift(1)
        return float(frame["kg"].diff().filter(same).abs().median())  # type: ignore[arg-type]

    # Any two rows are some 14 kg apart, two of a patient .3.
    assert step(drawn()) < 2.5


def test_the_same_seed_gives_the_same_histories_and_a_file_keeps_them(tmp_path: Path) -> None:
    learnt().save(tmp_path / "m")
    again = lw.load(tmp_path / "m")
    assert again.sample(30, random_state=5).equals(learnt().sample(30, random_state=5))
    assert again.sample(random_state=1).equals(drawn())


def test_conditions_hold_on_what_an_entity_is() -> None:
    some = learnt().sample(40, where={"sex": "f"}, random_state=2)
    assert some["sex"].unique().to_list() == ["f"]
    assert some["patient"].n_unique() == 40
    with pytest.raises(ConditionError, match="'kg' changes within a history"):
        learnt().sample(5, where={"kg": lw.above(80)})


def test_histories_go_on_behind_known_rows_which_come_back_as_they_were() -> None:
    known = visits().filter(pl.col("patient").is_in(["p0003", "p0007", "p0011"]))
    longer = learnt().extend(known, steps=4, random_state=3)
    assert longer.columns == known.columns
    assert (
        longer["patient"].value_counts().sort("patient")["count"].to_list()
        == (known["patient"].value_counts().sort("patient")["count"] + 4).to_list()
    )
    assert longer.join(known, on=known.columns, how="semi").height == len(known)
    for whose in longer.partition_by("patient"):
        assert whose["day"].is_sorted()
        assert whose["sex"].n_unique() == 1
        before = known.filter(pl.col("patient") == whose["patient"][0]).sort("day")
        assert whose.head(len(before)).equals(before)
        assert set(whose["stage"].tail(2)) == {"c"}


@pytest.mark.parametrize("length", [1, 100, 1000])
def test_memory_is_the_same_in_training_and_in_drawing(length: int) -> None:
    rng = np.random.default_rng(4)
    memory = Memory([counted(5), counted(3)], length)
    lengths = np.array([4, 1, 6])
    whose = np.repeat(np.arange(3), lengths)
    position = np.concatenate([np.arange(n) for n in lengths])
    codes = np.stack([rng.integers(5, size=11), rng.integers(3, size=11)], 1)
    tied = rng.random(11) < 0.3
    told = memory.over(position, whose, codes, tied)
    past = memory.begin(3)
    for row in np.lexsort([whose, position]):
        who = whose[row : row + 1]
        assert np.array_equal(memory.told(past, who)[0], told[row])
        memory.see(past, who, codes[row : row + 1], tied[row : row + 1])
    assert (told[position == 0][:, :2] == [5, 3]).all()


def test_the_order_of_the_rows_does_without_a_time() -> None:
    table = in_time(visits()).drop("day")
    synth = lw.Synthesizer(entity="patient", time=True, random_state=0, epochs=8).fit(table)
    some = synth.sample(100, random_state=0)
    firsts = some.group_by("patient", maintain_order=True).first()
    assert (firsts["stage"] == "a").mean() > 0.9  # type: ignore[operator]
    assert some.columns == table.columns


def test_rows_of_one_moment_do_not_repeat_where_they_never_did() -> None:
    rng = np.random.default_rng(5)
    rows = [
        (who, year, team, int(rng.integers(100)))
        for who in range(200)
        for year in range(2000, 2000 + int(rng.integers(1, 5)))
        for team in rng.choice(list("abcdef"), size=int(rng.integers(1, 4)), replace=False)
    ]
    table = pl.DataFrame(rows, schema=["who", "year", "team", "games"], orient="row")
    synth = lw.Synthesizer(entity="who", time="year", random_state=0, epochs=4).fit(table)
    assert synth.histories_ is not None
    assert synth.histories_.layout.alone == ("team",)
    some = synth.sample(200, random_state=0)
    assert not some.select("who", "year", "team").is_duplicated().any()
    longer = synth.extend(table, steps=1, random_state=0)
    assert not longer.select("who", "year", "team").is_duplicated().any()


@pytest.mark.parametrize("unit", ["1h", "1mo"])
def test_times_of_a_table_keep_their_kind(unit: str) -> None:
    begin = dt.datetime(2021, 3, 1, 8)
    times = pl.datetime_range(begin, begin + dt.timedelta(days=3000), unit, eager=True)[:6]
    table = pl.DataFrame(
        {"who": [w for w in range(60) for _ in range(6)], "at": list(times) * 60, "x": [0, 1, 2] * 120}
    )
    synth = lw.Synthesizer(entity="who", time="at", random_state=0, epochs=2).fit(table)
    some = synth.sample(20, random_state=0)
    assert some["at"].dtype == table["at"].dtype
    same = some["who"] == some["who"].shift(1)
    assert (some["at"].diff().filter(same) > dt.timedelta(0)).all()


def bad(**changes: Any) -> pl.DataFrame:
    return visits().with_columns(**changes)


@pytest.mark.parametrize(
    ("table", "options", "error", "says"),
    [
        (bad(), {"time": "dya"}, InputError, "time names column 'dya'.*day"),
        (bad(), {"time": "sex"}, InputError, "'sex' is to tell the time"),
        (bad(), {"time": "day", "static": ["stage"]}, SchemaError, "'stage' is declared static, but changes within"),
        (bad(), {"time": "day", "static": ["sxe"]}, SchemaError, "static names column 'sxe'"),
        (bad(), {"static": ["sex"]}, OptionError, "give time="),
        (bad(), {"time": "day", "model": MODELS["copula"]()}, OptionError, "takes no context"),
        (bad(day=pl.when(pl.col("visit") > 1).then("day")), {"time": "day"}, InputError, "'day'.* is missing in"),
        (bad(patient=pl.int_range(pl.len())), {"time": "day"}, InputError, "differs in every row"),
    ],
)
def test_what_is_no_table_of_histories_is_refused_by_name(
    table: pl.DataFrame, options: dict[str, Any], error: type[LikewiseError], says: str
) -> None:
    asked = {"entity": "patient", "random_state": 0} | options
    with pytest.raises(error, match=says):
        lw.Synthesizer(asked.pop("model", "auto"), **asked).fit(table)


def test_rows_are_put_in_order_and_know_where_they_stood() -> None:
    table = pl.DataFrame({"who": [2, 1, 2, 1], "t": [5, 9, 3, 9], "x": [0, 1, 2, 3]})
    told = Histories.of(table, "who", "t")
    assert told.table["x"].to_list() == [2, 0, 1, 3]
    assert told.rows.tolist() == [2, 0, 1, 3]
    assert told.of_entities(np.array([1])).table["x"].to_list() == [1, 3]
