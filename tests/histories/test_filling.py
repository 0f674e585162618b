"""Claims about missing cells of histories that are filled: by the row, by those before it and by the one behind it."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import InputError, OptionError


@cache
def lives() -> pl.DataFrame:
    """A meter that rises, a weight that wanders, a mood that mostly stays, money that adds up; rows in no order."""
    rng = np.random.default_rng(0)
    rows: list[tuple[Any, ...]] = []
    for e in range(250):
        day, meter, weight, mood = dt.date(2020, 1, 1), int(rng.integers(0, 300)), rng.normal(70, 9), "a"
        sex, balance = "fm"[int(rng.integers(2))], 0
        for _ in range(int(rng.integers(4, 12))):
            day += dt.timedelta(days=int(rng.integers(1, 20)))
            meter, weight = meter + int(rng.integers(0, 30)), weight + rng.normal(0, 0.3)
            mood = "ab"[int(rng.integers(2))] if rng.random() < 0.2 else mood
            paid = int(rng.integers(1, 500))
            balance += paid
            rows.append((f"p{e:03}", day, sex, meter, round(weight, 2), mood, paid, balance))
    table = pl.DataFrame(rows, schema=["who", "day", "sex", "meter", "weight", "mood", "paid", "sum"], orient="row")
    return table.sample(fraction=1.0, shuffle=True, seed=1)


@cache
def learnt() -> lw.Synthesizer:
    return lw.Synthesizer(entity="who", time="day", random_state=0, epochs=20).fit(lives())


def with_holes(*names: str, share: float = 0.25) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    kept = {name: pl.Series(rng.random(len(lives())) >= share) for name in names}
    return lives().with_columns(pl.when(keep).then(pl.col(name)).alias(name) for name, keep in kept.items())


def test_known_cells_stay_and_missing_ones_are_filled() -> None:
    partial = with_holes("sex", "meter", "weight", "mood")
    full = learnt().complete(partial, random_state=0)
    assert full.schema == lives().schema
    assert sum(full.null_count().row(0)) == 0
    for name in partial.columns:
        known = partial[name].is_not_null()
        assert full[name].filter(known).equals(partial[name].filter(known))
    told = partial.group_by("who").agg(pl.col("sex").drop_nulls().first())
    both = full.join(told, on="who", suffix=" told").drop_nulls("sex told")
    assert (both["sex"] == both["sex told"]).all()
    assert full.group_by("who").agg(pl.col("sex").n_unique())["sex"].max() == 1
    fell = full.sort("who", "day").select((pl.col("meter").diff().over("who") < 0).sum())
    assert fell.item() == 0
    assert learnt().complete(partial, random_state=0).equals(full)


def test_an_infinite_cell_of_a_history_is_refused_and_one_that_is_no_number_is_filled() -> None:
    odd = lives().with_columns(
        pl.when(pl.int_range(pl.len()) > 4).then("weight").otherwise(float("inf")).alias("weight")
    )
    refused = "column 'weight': 5 values are infinite"
    with pytest.raises(InputError, match=refused):
        learnt().complete(odd)
    with pytest.raises(InputError, match=refused):
        learnt().extend(odd, steps=1)
    future = pl.DataFrame({"weight": [float("-inf")]})
    with pytest.raises(InputError, match="column 'weight': 1 values are infinite"):
        learnt().extend(lives(), future=future)
    holed = odd.with_columns(pl.col("weight").replace(float("inf"), float("nan")))
    assert learnt().complete(holed, random_state=0)["weight"].is_finite().all()


def test_the_row_behind_tells_of_a_cell_as_the_chances_have_it() -> None:
    """A chain that stays with chance .9: between two equal values it is that one (.99), between two others either."""
    rng = np.random.default_rng(1)
    moods = (rng.random((500, 8)) < 0.1).cumsum(1) + rng.integers(0, 2, (500, 1))
    who, at = np.repeat(np.arange(500), 8) + 1000, np.tile(np.arange(8), 500)
    table = pl.DataFrame({"who": who, "at": at, "mood": np.array(["a", "b"])[moods.ravel() % 2]})
    synth = lw.Synthesizer(entity="who", time="at", random_state=0, epochs=20).fit(table)
    partial = table.with_columns(mood=pl.when(pl.col("at") != 3).then("mood"))
    full = synth.complete(partial, random_state=0).pivot("at", index="who", values="mood")
    before, mood, behind = (full[name] for name in "234")
    same = before == behind
    assert (mood == before).filter(same).mean() > 0.96  # type: ignore[operator]
    assert 0.3 < (mood == before).filter(~same).mean() < 0.7  # type: ignore[operator]


def test_what_moves_is_filled_near_where_it_was() -> None:
    partial = with_holes("weight")
    full = learnt().complete(partial, random_state=0)
    hole = partial["weight"].is_null()
    assert (full["weight"] - lives()["weight"]).abs().filter(hole).mean() < 1  # type: ignore[operator]


def test_columns_that_are_absent_are_drawn() -> None:
    full = learnt().complete(lives().select("day", "who", "mood").head(300).to_pandas(), random_state=0)
    assert list(full.columns) == lives().columns
    assert list(full["mood"]) == lives()["mood"].head(300).to_list()
    ordered = full.sort_values(["who", "day"])
    assert (ordered.groupby("who")["sum"].diff().dropna() == ordered["paid"][ordered["who"].duplicated()]).all()


def test_totals_are_computed_and_what_would_not_add_up_is_refused() -> None:
    last = pl.col("day") == pl.col("day").max().over("who")
    partial = lives().with_columns(pl.when(~last).then("sum"))
    assert learnt().complete(partial, random_state=0)["sum"].equals(lives()["sum"])
    with pytest.raises(InputError, match="'sum' adds up 'paid'"):
        learnt().complete(with_holes("paid"))


def test_rules_hold_in_filled_rows() -> None:
    table = lives().select("who", "day", low=pl.col("weight"), high=pl.col("weight") + pl.col("paid"))
    synth = lw.Synthesizer(entity="who", time="day", rules=["low <= high"], random_state=0, epochs=2).fit(table)
    partial = table.with_columns(pl.when(pl.col("high") > 200).then(pl.col("high")))
    full = synth.complete(partial, random_state=0)
    assert (full["low"] <= full["high"]).all()
    assert full["high"].null_count() == 0


def test_rows_that_break_a_rule_are_filled_again_and_the_others_stay() -> None:
    """Which of two columns is missing differs from row to row: whole histories that fit are hardly ever drawn."""
    capital = {"Rome": "Italy", "Milan": "Italy", "Lyon": "France", "Paris": "France"}
    rng = np.random.default_rng(5)
    towns = pl.Series("town", rng.choice(list(capital), len(lives())))
    table = lives().select("who", "day").with_columns(towns, country=towns.replace_strict(capital))
    synth = lw.Synthesizer(entity="who", time="day", rules=["town, country from data"], random_state=0, epochs=2)
    synth.fit(table)
    gone = pl.Series(rng.integers(0, 4, len(table)))
    partial = table.with_columns(
        town=pl.when(gone > 1).then("town"), country=pl.when(~gone.is_in([0, 2])).then("country")
    )
    full = synth.complete(partial, random_state=0)
    assert full["country"].equals(full["town"].replace_strict(capital).alias("country"))
    for name in ("town", "country"):
        known = partial[name].is_not_null()
        assert full[name].filter(known).equals(table[name].filter(known))


def test_what_tells_a_person_is_that_of_the_other_rows() -> None:
    mails = pl.format("m{}@example.org", pl.col("who").str.slice(1))
    table = lives().select("who", "day", "mood", mail=mails)
    synth = lw.Synthesizer(entity="who", time="day", random_state=0, epochs=1).fit(table)
    first = pl.col("day").rank("ordinal").over("who") == 1
    full = synth.complete(table.with_columns(mail=pl.when(~first).then("mail")), random_state=0)
    assert full["mail"].equals(table["mail"])


def test_one_series_is_filled_too() -> None:
    table = lives().filter(pl.col("who").is_in(["p001", "p002"])).drop("who", "sex").sort("day")
    synth = lw.Synthesizer(entity=False, time=True, random_state=0, epochs=1).fit(table.drop("day"))
    full = synth.complete(table.drop("day", "mood"), random_state=0)
    assert full["mood"].is_in(["a", "b"]).all()


def test_what_cannot_be_filled_is_refused() -> None:
    with pytest.raises(InputError, match="'day'"):
        learnt().complete(with_holes("day"))
    with pytest.raises(InputError, match="needs rows"):
        learnt().complete(lives().clear())
    with pytest.raises(InputError, match="'sex' changes within an entity"):
        learnt().complete(lives().with_columns(sex=pl.Series(["f", "m"] * len(lives())).head(len(lives()))))
    static = lives().group_by("who").agg(pl.col("sex").first())
    two = lw.Synthesizer(entity="who", time="day", random_state=0, epochs=1).fit(lives().drop("sex"), static=static)
    with pytest.raises(OptionError, match="fills one table"):
        two.complete(lives().drop("sex"))
