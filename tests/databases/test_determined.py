"""What is determined across tables holds in every database that is drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.databases.shops import check
from tests.databases.test_derived import shop

from likewise import Synthesizer
from likewise.databases.database import Database
from likewise.databases.derived import After, find
from likewise.errors import ConditionError


@pytest.fixture(scope="module")
def learnt() -> Synthesizer:
    return Synthesizer(epochs=3, random_state=0).fit(shop())


def holds(drawn: Database) -> None:
    users, orders, lines = (drawn.tables[name] for name in ("users", "orders", "lines"))
    sums = lines.group_by("order").agg(total=(pl.col("quantity") * pl.col("price")).sum(), n=pl.len())
    told = orders.join(sums, left_on="no", right_on="order", how="left").join(users, left_on="user", right_on="id")
    assert told.select(((pl.col("total") - pl.col("total_right").fill_null(0)).abs() < 0.0051).all()).item()
    assert (told["lines"] == told["n"].fill_null(0)).all()
    assert (told["placed"] >= told["since"]).all()
    assert told["land"].equals(told["land_right"], null_equal=True, check_names=False)
    assert ((told["state"] == "full") == (told["lines"] > 0)).all()
    prices = lines.join(drawn.tables["products"], left_on="product", right_on="sku")
    assert (prices["price"] == prices["price_right"]).all()


def test_all_of_it_holds_in_what_is_drawn(learnt: Synthesizer) -> None:
    real = shop()
    drawn = learnt.sample(random_state=1)
    check(drawn, real.schema, real)
    holds(drawn)
    placed = drawn["orders"]["placed"].dt.year()
    assert placed.min() >= 1994  # type: ignore[operator]
    assert placed.max() <= 2014  # type: ignore[operator]


def test_a_model_file_holds_it_too(learnt: Synthesizer, tmp_path: Path) -> None:
    learnt.save(tmp_path / "shop.likewise")
    drawn = Synthesizer.load(tmp_path / "shop.likewise").sample(random_state=1)
    holds(drawn)
    for name, rows in learnt.sample(random_state=1).tables.items():
        assert rows.equals(drawn.tables[name], null_equal=True)


def test_conditions_on_what_is_computed_are_refused_with_the_reason(learnt: Synthesizer) -> None:
    with pytest.raises(ConditionError, match=r"'spent'.*users.spent = sum"):
        learnt.sample(where={"users.spent": 3.0}, random_state=1)


def test_what_is_known_of_given_rows_stays(learnt: Synthesizer) -> None:
    real = shop()
    some = real.tables["users"].drop_nulls().head(40)
    drawn = learnt.sample(given={"users": some}, random_state=2)
    assert drawn["users"].equals(some)
    holds(drawn)
    less = learnt.sample(given={"users": some.drop("spent")}, random_state=2)
    sums = less["orders"].group_by("user").agg(pl.col("total").sum())
    told = less["users"].join(sums, left_on="id", right_on="user", how="left")
    assert told.select((pl.col("spent") - pl.col("total").fill_null(0)).abs().max()).item() < 0.01


def test_times_in_a_key_stay_apart() -> None:
    base = shop()
    moves = base.tables["orders"].select("user", "placed").unique(maintain_order=True)
    pair = Database({"users": base.tables["users"].select("id", "since"), "moves": moves}, ["moves.user -> users.id"])
    schema = pair.schema.replace("moves", primary=("user", "placed"), order="placed")
    pair = Database(pair.tables, schema)
    synth = Synthesizer(epochs=3, random_state=3).fit(pair)
    assert any(isinstance(one, After) for one in synth.database_.derived)
    drawn = synth.sample(scale=2, random_state=3)
    check(drawn, schema, pair)
    told = drawn["moves"].join(drawn["users"], left_on="user", right_on="id")
    assert (told["placed"] >= told["since"]).all()


def test_columns_that_rules_tell_of_are_drawn_by_them() -> None:
    base = shop()
    ruled = base.schema.replace("orders", checks=("pieces >= lines",))
    places = {one.place for one in find(base.tables, ruled, np.random.default_rng(0))}
    assert {("orders", "pieces"), ("orders", "lines")}.isdisjoint(places)


def test_two_ways_agree_in_what_is_drawn(tmp_path: Path) -> None:
    """T9: both atoms of a bond are of one molecule, and never the same one."""
    rng = np.random.default_rng(0)
    of = np.sort(rng.integers(0, 40, 400))
    a = rng.integers(0, 400, 600)
    b = np.array([rng.choice(np.flatnonzero((of == of[x]) & (np.arange(400) != x))) for x in a])
    tables = {
        "molecule": pl.DataFrame({"id": np.arange(40), "heavy": rng.random(40) < 0.5}),
        "atom": pl.DataFrame({"id": np.arange(400), "molecule": of, "charge": rng.normal(size=400)}),
        "bond": pl.DataFrame({"id": np.arange(600), "a": a, "b": b, "kind": rng.integers(1, 4, 600)}),
    }
    real = Database(tables, ["atom.molecule -> molecule.id", "bond.a -> atom.id", "bond.b -> atom.id", "bond(id)"])
    synth = Synthesizer(epochs=2, random_state=0).fit(real)
    synth.save(tmp_path / "bonds.likewise")
    drawn = Synthesizer.load(tmp_path / "bonds.likewise").sample(random_state=1)
    check(drawn, real.schema, real)
    ends = drawn["bond"]
    for end in "ab":
        atoms = drawn["atom"].select("id", pl.col("molecule").alias(f"of {end}"))
        ends = ends.join(atoms, left_on=end, right_on="id", how="left", maintain_order="left")
    alone = drawn["atom"].group_by("molecule").len().filter(len=1)["molecule"]
    several = ends.filter(~pl.col("of a").is_in(alone.implode()))
    assert (several["of a"] == several["of b"]).all()
    assert (several["a"] != several["b"]).all()
    assert len(several) > 500


def test_rows_that_point_at_one_row_are_as_much_alike(tmp_path: Path) -> None:
    """T27: what a doctor has in common with no column of hers is seen in the means of her visits."""
    rng = np.random.default_rng(0)
    whose, who = np.sort(rng.integers(0, 150, 900)), rng.integers(0, 120, 900)
    fee = rng.normal(size=120)[who] * 5 + rng.normal(size=900) + 50
    tables = {
        "patient": pl.DataFrame({"id": np.arange(150), "age": rng.integers(20, 80, 150)}),
        "doctor": pl.DataFrame({"id": np.arange(120), "floor": rng.integers(1, 4, 120)}),
        "visit": pl.DataFrame({"patient": whose, "doctor": who, "day": rng.integers(0, 99, 900), "fee": fee}),
    }
    real = Database(tables, ["visit.patient -> patient.id", "visit.doctor -> doctor.id"])

    def spread(database: Database) -> float:
        return float(database["visit"].group_by("doctor").agg(pl.col("fee").mean())["fee"].std())

    spreads = []
    for seed in range(3):  # nets of two epochs see more or less of it
        synth = Synthesizer(epochs=2, random_state=seed).fit(real)
        assert [str(key) for key in synth.database_.siblings] == ["visit.doctor -> doctor.id"]
        synth.save(tmp_path / "visits.likewise")
        drawn = Synthesizer.load(tmp_path / "visits.likewise").sample(random_state=1)
        check(drawn, real.schema, real)
        synth.database_ = replace(synth.database_, siblings={})
        spreads.append((spread(drawn), spread(synth.sample(random_state=1))))
    drawn_as, apart_as = np.mean(spreads, axis=0)
    assert abs(drawn_as - spread(real)) < 0.75 * abs(apart_as - spread(real))
