"""Claims about what histories carry on: counters go on counting, totals are what amounts add up to, and what nobody has
twice is drawn once."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import InputError, ModelFileError
from likewise.histories.carried import Carried, find_carried
from likewise.histories.order import Histories


@cache
def accounts() -> pl.DataFrame:
    """Money goes in and out; `before` is what there was, `paid` all that ever moved, `meter` rises, `left` falls by 1,
    `visit` counts. One column is called as gaps might be."""
    rng = np.random.default_rng(0)
    rows: list[tuple[Any, ...]] = []
    for e in range(150):
        cents, day, meter = int(rng.integers(0, 50_000)), dt.date(2020, 1, 1), int(rng.integers(100, 900))
        n, paid = int(rng.integers(3, 9)), 0
        for i in range(n):
            day += dt.timedelta(days=int(rng.integers(1, 40)))
            way, amount = ("in", "out", "fee")[rng.integers(3)], int(rng.integers(1, 9_000))
            before, cents = cents, cents + (amount if way == "in" else -amount)
            paid += amount
            meter += int(rng.integers(0, 60))
            rows.append(
                (f"a{e:03}", day, way, amount / 100, before / 100, cents / 100, paid / 100, meter, n - i, i + 1, way)
            )
    names = ["account", "day", "way", "amount", "before", "balance", "paid", "meter", "left", "visit", "Δ time"]
    return pl.DataFrame(rows, schema=names, orient="row")


@cache
def learnt() -> lw.Synthesizer:
    return lw.Synthesizer(entity="account", time="day", random_state=0, epochs=2).fit(accounts())


def steps(frame: pl.DataFrame, name: str) -> pl.Series:
    return frame[name].diff().filter(frame["account"] == frame["account"].shift(1))


def broken(frame: pl.DataFrame) -> dict[str, int]:
    """Rows in which a total is not what it must be."""
    last = {n: pl.col(n).shift(1).over("account") for n in ("balance", "paid", "amount")}
    moved = pl.when(pl.col("way") == "in").then(pl.col("amount")).otherwise(-pl.col("amount"))
    off = {
        "balance": pl.col("balance") - last["balance"] - moved, "within": pl.col("balance") - pl.col("before") - moved,
        "before": pl.col("before") - last["balance"], "paid": pl.col("paid") - last["paid"] - pl.col("amount"),
        "begun": pl.when(last["paid"].is_null()).then(pl.col("paid") - pl.col("amount")),
    }  # fmt: skip
    return frame.select((e.abs() > 1e-6).sum().alias(name) for name, e in off.items()).row(0, named=True)


def test_totals_are_exactly_what_they_were_and_the_amount() -> None:
    layout = learnt().histories_.layout  # type: ignore[union-attr]
    found = {c.name: (c.source, c.by, c.delay) for c in layout.carried if not c.is_change}
    assert found == {
        "balance": ("amount", "way", False), "before": ("amount", "way", True), "paid": ("amount", None, False)
    }  # fmt: skip
    some = learnt().sample(200, random_state=1)
    assert some.columns == accounts().columns
    assert some.schema == accounts().schema
    assert sum(broken(accounts()).values()) == 0
    assert sum(broken(some).values()) == 0


def test_counters_only_rise_and_go_beyond_the_table() -> None:
    some = learnt().sample(200, random_state=1)
    assert steps(some, "meter").min() >= 0  # type: ignore[operator]
    assert set(steps(some, "visit")) == {1}
    assert set(steps(some, "left")) == {-1}
    firsts = some.group_by("account", maintain_order=True).first()
    assert set(firsts["visit"]) == {1}
    known = accounts().head(12)
    longer = learnt().extend(known, steps=60, random_state=2)
    assert longer["meter"].max() > accounts()["meter"].max()  # type: ignore[operator]
    assert steps(longer, "meter").min() >= 0  # type: ignore[operator]
    assert set(steps(longer, "visit")) == {1}
    assert sum(broken(longer).values()) == 0


@cache
def tanks(least: int = 0, *, often: bool = True) -> pl.DataFrame:
    """Tanks that are used up by uneven amounts; most are empty in their last rows, or some are in their last one."""
    rng = np.random.default_rng(3)
    used = rng.exponential(30, (120, 12)) * (rng.random((120, 12)) < 0.7)
    left = (rng.uniform(60, 160, (120, 1)) - used.cumsum(1)).clip(least).round(1)
    last = np.cumsum(left == least, 1) <= (12 if often else 1)
    at = np.argwhere(last)
    return pl.DataFrame({"tank": at[:, 0], "row": at[:, 1], "left": left[last]})


@pytest.mark.parametrize("least", [0, -40])
def test_what_is_used_up_ends_where_real_ones_stay(least: int) -> None:
    real = tanks(least)
    drawn = lw.Synthesizer(entity="tank", time=True, random_state=0, epochs=3).fit(real).sample(200, random_state=1)
    assert drawn["left"].min() == real["left"].min() == least
    assert drawn.select((pl.col("left").diff().over("tank") <= 0).all()).item()


def test_where_nobody_stays_nothing_ends() -> None:
    told = Histories.of(tanks(often=False), "tank", "row")
    found = find_carried(told, lw.infer(tanks(often=False)), ["left"], 5, str.upper)
    assert [c.bounds for c in found] == [(-np.inf, np.inf)]


def test_persons_stand_behind_an_end_and_not_the_entities_of_one() -> None:
    told, schema = Histories.of(tanks(-40), "tank", "row"), lw.infer(tanks(-40))
    empty = np.unique(told.whose[told.table["left"].to_numpy() == -40])
    owner = np.where(np.isin(told.whose, empty), 0, told.whose + 1)
    assert find_carried(told, schema, ["left"], 5, str.upper)[0].bounds[0] == -40
    assert find_carried(told, schema, ["left"], 5, str.upper, owner)[0].bounds[0] == -np.inf


def test_what_is_known_of_totals_to_come_holds_and_is_gone_on_from() -> None:
    known = accounts().filter(pl.col("account") == "a003")
    highest = known["meter"][-1]
    plan = pl.DataFrame({"meter": [None, highest + 500, None]}, schema={"meter": pl.Int64})
    longer = learnt().extend(known, future=plan, random_state=0)
    assert longer["meter"][-2] == highest + 500
    assert longer["meter"][-1] >= highest + 500
    assert sum(broken(longer).values()) == 0


def test_known_rows_may_lack_what_is_carried_on_where_others_of_their_entity_have_it() -> None:
    late = pl.col("account").is_in(["a003", "a004"]) & (pl.col("visit") >= 3)
    holes = [pl.when(late).then(None).otherwise(name).alias(name) for name in ("meter", "balance", "visit")]
    known = accounts().head(60).with_columns(holes)
    longer = learnt().extend(known, steps=4, random_state=0)
    assert longer.null_count().equals(known.null_count())
    assert not longer["balance"].is_nan().any()
    for name in ("meter", "visit"):
        seen = known.group_by("account").agg(pl.col(name).max().alias("seen"))
        new = longer.group_by("account").tail(4).join(seen, on="account")
        assert (new[name] >= new["seen"]).all()
    with pytest.raises(InputError, match="'meter' goes on from row to row, and 1 of"):
        learnt().extend(known.with_columns(pl.when(pl.col("account") != "a005").then("meter")), steps=1)


def test_a_missing_cell_counts_as_the_last_of_its_entity_or_as_the_next() -> None:
    table = pl.DataFrame({"who": ["b", "a", "b", "b", "a"], "t": [1, 1, 2, 3, 2], "x": [None, 7, 5, None, None]})
    told = Histories.of(table, "who", "t").onward(["x"]).table
    assert told.filter(pl.col("who") == "a")["x"].to_list() == [7, 7]
    assert told.filter(pl.col("who") == "b")["x"].to_list() == [5, 5, 5]


def test_a_counter_with_missing_cells_rises_over_them_and_lacks_as_many(tmp_path: Path) -> None:
    """Meters are read at some visits, hardly ever at the first."""
    rng = np.random.default_rng(2)
    unread = pl.Series(rng.random(len(accounts())) < np.where(accounts()["visit"] == 1, 0.9, 0.2))
    table = accounts().with_columns(meter=pl.when(~unread).then("meter")).drop("Δ time")
    table = table.filter(pl.col("meter").is_not_null().any().over("account"))
    synth = lw.Synthesizer(entity="account", time="day", random_state=0, epochs=10).fit(table)
    synth.save(tmp_path / "m")
    synth = lw.load(tmp_path / "m")
    for some in (synth.sample(400, random_state=1), synth.extend(table.head(60), steps=20, random_state=1)):
        seen = some.drop_nulls("meter")
        assert steps(seen, "meter").min() >= 0  # type: ignore[operator]
    some = synth.sample(400, random_state=1)
    first, later = some.filter(pl.col("visit") == 1)["meter"], some.filter(pl.col("visit") > 1)["meter"]
    assert 0.8 < first.is_null().mean() < 1  # type: ignore[operator]
    assert 0.12 < later.is_null().mean() < 0.28  # type: ignore[operator]
    assert np.isfinite(synth.log_prob(table)).all()
    known = table.head(6).filter(pl.col("account") == "a000")
    reading = int(known["meter"].max()) + 40  # type: ignore[arg-type]
    longer = synth.extend(known, future=pl.DataFrame({"meter": [reading, None]}), random_state=0)
    assert longer["meter"][-2] == reading


def test_a_file_keeps_what_is_carried_on(tmp_path: Path) -> None:
    learnt().save(tmp_path / "m")
    assert lw.load(tmp_path / "m").sample(40, random_state=3).equals(learnt().sample(40, random_state=3))
    for wrong in (
        {"signs": [2]},
        {"signs": []},
        {"bounds": [0]},
        {"name": 3},
        {"decimals": 99},
        {"bounds": [0, np.nan]},
    ):
        with pytest.raises(ModelFileError, match="carry on"):
            Carried.from_dict(Carried("a", "b", False).to_dict() | wrong)
    assert Carried.from_dict(Carried("a", "b", False, bounds=(0, np.inf)).to_dict()) == Carried(
        "a", "b", False, bounds=(0, np.inf)
    )


def test_a_declared_bound_holds_on_a_counter() -> None:
    schema = lw.infer(accounts(), entity="account").replace("meter", bounds=(0, 1500))
    synth = lw.Synthesizer(entity="account", time="day", schema=schema, random_state=0, epochs=1).fit(accounts())
    assert synth.extend(accounts().head(20), steps=80, random_state=0)["meter"].max() == 1500


def test_numbers_that_rise_by_chance_are_not_counters() -> None:
    rng = np.random.default_rng(1)
    table = pl.DataFrame(
        {"who": np.repeat(np.arange(40), 2) + 500, "t": [1, 2] * 40, "x": rng.normal(size=80).round(2)}
    )
    synth = lw.Synthesizer(entity="who", time="t", random_state=0, epochs=1).fit(table)
    assert synth.histories_ is not None
    assert synth.histories_.layout.carried == ()


def test_no_entity_has_twice_what_none_has_twice() -> None:
    rng = np.random.default_rng(4)
    rows = [
        (f"s{who:03}", term, f"course {c}", "abc"[int(rng.integers(3))])
        for who in range(200)
        for term, c in enumerate(rng.choice(12, size=int(rng.integers(3, 9)), replace=False))
    ]
    table = pl.DataFrame(rows, schema=["who", "term", "course", "mark"], orient="row")
    synth = lw.Synthesizer(entity="who", time="term", random_state=0, epochs=2).fit(table)
    assert synth.histories_ is not None
    assert synth.histories_.layout.once == ("course",)
    some = synth.sample(200, random_state=0)
    assert not some.select("who", "course").is_duplicated().any()
    assert some["course"].n_unique() == 12
    longer = synth.extend(table.head(60), steps=3, random_state=0)
    assert not longer.select("who", "course").is_duplicated().any()
