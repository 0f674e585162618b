"""Claims of `databases.derived`: what is there is found, what is not is not, and what is computed is exact."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from likewise.databases.database import Database
from likewise.databases.derived import (
    After,
    Carried,
    Implied,
    Running,
    Total,
    again,
    find,
    from_list,
    learnable,
    to_list,
)
from likewise.databases.derived.making import in_order
from likewise.databases.keys import DatabaseSchema
from likewise.errors import ModelFileError


def rng_of(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def dates(days: Any, unit: pl.DataType | None = None) -> pl.Series:
    return pl.Series(np.asarray(days), dtype=pl.Int32).cast(pl.Date).cast(unit or pl.Date())


def shop(seed: int = 0) -> Database:
    """Users, their orders, lines of these by products, and moves of accounts, with every kind of link."""
    rng = rng_of(seed)
    users = pl.DataFrame({
        "id": np.arange(300), "land": pl.Series(["de", "fr", "it", None]).gather(rng.integers(0, 4, 300)),
        "since": dates(rng.integers(9_000, 15_000, 300)),
    })  # fmt: skip
    products = pl.DataFrame({"sku": [f"p{i}" for i in range(80)], "price": rng.integers(100, 9_999, 80) / 100})
    user, n = np.sort(rng.integers(0, 260, 900)), 900
    orders = pl.DataFrame({
        "no": np.arange(n), "user": user, "land": users["land"].gather(user),
        "placed": (users["since"].gather(user).to_physical() + rng.geometric(0.05, n)).cast(pl.Date),
    })  # fmt: skip
    order, m = np.sort(rng.integers(0, 850, 2_400)), 2_400
    item = rng.integers(0, 80, m)
    lines = pl.DataFrame({"order": order, "product": products["sku"].gather(item), "quantity": rng.integers(1, 9, m)})
    lines = lines.with_columns(price=products["price"].gather(item))
    sums = lines.group_by("order").agg(
        total=(pl.col("quantity") * pl.col("price")).sum().round(2), pieces=pl.col("quantity").sum(), lines=pl.len(),
        dearest=pl.col("price").max(),
    )  # fmt: skip
    orders = orders.join(sums, left_on="no", right_on="order", how="left", maintain_order="left").with_columns(
        pl.col("total").fill_null(0.0), pl.col("pieces").fill_null(0), pl.col("lines").fill_null(0).cast(pl.Int64),
    ).with_columns(
        state=pl.when(pl.col("lines") == 0).then(pl.lit("empty")).otherwise(pl.lit("full")),
        due=dates(rng.integers(9_000, 15_000, n)),
    )  # fmt: skip
    last = orders.group_by("user").agg(last=pl.col("placed").max(), spent=pl.col("total").sum().round(2))
    users = users.join(last, left_on="id", right_on="user", how="left", maintain_order="left").with_columns(
        pl.col("spent").fill_null(0.0)
    )
    account = np.sort(rng.integers(0, 300, 1_500))
    moves = pl.DataFrame(
        {"user": account, "day": dates(rng.integers(0, 5_000, 1_500)), "amount": rng.integers(-50, 50, 1_500)}
    )
    moves = moves.sort("user", "day", maintain_order=True).with_columns(balance=pl.col("amount").cum_sum().over("user"))
    base = Database(
        {"users": users, "products": products, "orders": orders, "lines": lines, "moves": moves},
        keys=[
            "orders.user -> users.id", "lines.order -> orders.no", "lines.product -> products.sku",
            "moves.user -> users.id",
        ],
    )  # fmt: skip
    return Database(base.tables, base.schema.replace("moves", order="day"))


def keys_of(schema: DatabaseSchema) -> dict[str, Any]:
    return {f"{key.table}.{key.columns[0]}": key for key in schema.foreign}


@pytest.mark.parametrize("seed", range(3))
def test_all_that_is_there_is_found_and_no_more(seed: int) -> None:
    """T20-T23: a time after another, sums, counts, a column carried over, a status that says whether rows are there."""
    base = shop(seed)
    of = keys_of(base.schema)
    assert set(find(base.tables, base.schema, rng_of(seed))) == {
        Carried(of["orders.user"], "land", "land"),
        Carried(of["lines.product"], "price", "price"),
        Total(of["lines.order"], "total", "sum", "quantity", "price", "zero", 2),
        Total(of["lines.order"], "pieces", "sum", "quantity"),
        Total(of["lines.order"], "lines", "count"),
        Total(of["lines.order"], "dearest", "max", "price", empty="missing", decimals=2),
        Total(of["orders.user"], "last", "max", "placed", empty="missing"),
        Total(of["orders.user"], "spent", "sum", "total", empty="zero", decimals=2),
        Implied(of["lines.order"], "state", ("full",), ("empty",)),
        After(of["orders.user"], "placed", "since", "weeks"),
        Running(of["moves.user"], "day", "balance", "amount", 1, None),
    }


def test_what_is_computed_is_what_was_there() -> None:
    base = shop()
    derived = find(base.tables, base.schema, rng_of())
    less = learnable(base.tables, derived)
    assert set(less["orders"].columns) == {"no", "user", "placed", "due"}
    assert less["lines"].columns == ["order", "product", "quantity"]
    assert less["orders"]["placed"].dtype == pl.Date
    types = {n: {c: str(t) for c, t in frame.schema.items()} for n, frame in base.tables.items()}
    made = again(less, derived, rng_of(), columns=types)
    for name, frame in base.tables.items():
        assert_frame_equal(made[name], frame, check_exact=False, abs_tol=1e-9)


def test_made_tables_keep_all_of_it() -> None:
    """Other rows under the same links, drawn without looking at what is determined."""
    base, rng = shop(), rng_of(1)
    derived = find(base.tables, base.schema, rng)
    less = learnable(base.tables, derived)
    drawn = dict(less)
    drawn["lines"] = drawn["lines"].with_columns(quantity=rng.integers(1, 99, len(drawn["lines"])))
    drawn["orders"] = drawn["orders"].with_columns(placed=drawn["orders"]["placed"].shuffle(seed=1))
    drawn["users"] = drawn["users"].with_columns(since=drawn["users"]["since"].shuffle(seed=2))
    drawn["moves"] = drawn["moves"].with_columns(balance=drawn["moves"]["balance"].shuffle(seed=3))
    made = again(drawn, derived, rng)
    orders = made["orders"].join(made["users"], left_on="user", right_on="id", how="left")
    assert (orders["placed"] >= orders["since"]).all()
    assert orders["land"].equals(orders["land_right"], null_equal=True, check_names=False)
    assert set(find(made, base.schema, rng)) >= {one for one in derived if not isinstance(one, After)}
    spent = made["users"]["spent"].sum()
    assert abs(spent - (made["lines"]["quantity"] * made["lines"]["price"]).sum()) < 0.01 * len(made["users"])


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_found_in_tables_of_chance(seed: int) -> None:
    rng = rng_of(seed)
    p, n = int(rng.integers(60, 400)), int(rng.integers(100, 1_500))

    def table(rows: int) -> dict[str, Any]:
        mostly = pl.Series(["a", "b", None]).gather(rng.choice(3, rows, p=[0.97, 0.02, 0.01]))
        return {
            "flag": rng.random(rows) < rng.choice([0.001, 0.5]), "level": rng.choice(list("abc"), rows),
            "mostly": mostly, "few": rng.integers(0, 3, rows), "one": np.ones(rows, np.int64),
            "real": rng.normal(size=rows).round(1),
            "day": dates(rng.integers(0, 3_000, rows)), "zero": np.where(rng.random(rows) < 0.995, 0, 1),
        }  # fmt: skip

    link = rng.integers(0, p, n) if seed % 2 else rng.permutation(max(n, p))[: min(n, p)]
    parent = pl.DataFrame({"id": np.arange(p), **table(p)})
    child = pl.DataFrame({"parent": link % p, **table(len(link))})
    base = Database({"p": parent, "c": child}, keys=["c.parent -> p.id"])
    schema = base.schema.replace("c", order="day")
    assert find(base.tables, schema, rng) == ()


def test_what_breaks_too_often_or_has_too_few_parents_is_not_found() -> None:
    base, rng = shop(), rng_of(2)
    spoilt = base.tables["orders"].with_columns(
        land=pl.when(pl.Series(rng.random(900) < 0.02)).then(pl.lit("xx")).otherwise("land"),
        total=pl.col("total") + pl.Series(np.where(rng.random(900) < 0.02, 1, 0)),
    )
    found = find({**base.tables, "orders": spoilt}, base.schema, rng)
    assert {one.place for one in found}.isdisjoint({("orders", "land"), ("orders", "total")})
    few = dict(base.tables)
    few["users"] = few["users"].head(40)
    assert ("orders", "land") not in {one.place for one in find(few, base.schema, rng)}


def test_the_same_seed_finds_the_same_and_kept_tables_stay() -> None:
    base = shop()
    assert find(base.tables, base.schema, rng_of(5)) == find(base.tables, base.schema, rng_of(5))
    kept = base.schema.replace("orders", kept=True).replace("products", kept=True)
    places = {one.place for one in find(base.tables, kept, rng_of(5))}
    assert not any(table == "orders" for table, _ in places)
    assert ("lines", "price") in places


def test_rows_that_point_at_none_keep_what_was_drawn() -> None:
    rng = rng_of(6)
    parent = pl.DataFrame({"id": np.arange(100), "size": rng.integers(0, 50, 100)})
    link = [None if rng.random() < 0.3 else int(rng.integers(100)) for _ in range(600)]
    child = pl.DataFrame({"parent": link}).join(
        parent, left_on="parent", right_on="id", how="left", maintain_order="left"
    )
    child = child.with_columns(pl.col("size").fill_null(999))
    base = Database({"p": parent, "c": child}, keys=["c.parent -> p.id"])
    (one,) = find(base.tables, base.schema, rng)
    assert one == Carried(base.schema.foreign[0], "size", "size", whole=False)
    made = again(learnable(base.tables, [one]), [one], rng)
    assert_frame_equal(made["c"], child)


def test_a_loose_time_is_only_moved_where_it_is_too_early() -> None:
    rng = rng_of(7)
    parent = pl.DataFrame({"id": np.arange(200), "born": dates(rng.integers(0, 3_000, 200))})
    link = rng.integers(0, 200, 800)
    child = pl.DataFrame({"parent": link, "seen": dates(rng.integers(150, 9_000, 800))})
    child = child.filter(child["seen"] >= parent["born"].gather(link))
    base = Database({"p": parent, "c": child}, keys=["c.parent -> p.id"])
    (one,) = find(base.tables, base.schema, rng)
    assert isinstance(one, After)
    assert one.learnt == "as it is"
    assert one.always
    drawn = {"p": parent, "c": child.with_columns(seen=child["seen"].shuffle(seed=1))}
    made = again(drawn, [one], rng)["c"]
    born = made.join(parent, left_on="parent", right_on="id", how="left", maintain_order="left")["born"]
    assert (made["seen"] >= born).all()
    early = drawn["c"]["seen"] < born
    assert early.any()
    assert made["seen"].filter(~early).equals(drawn["c"]["seen"].filter(~early))


@pytest.mark.parametrize("hours", [50, 5_000])
@pytest.mark.parametrize("unit", [pl.Datetime("us"), pl.Datetime("ms", "Europe/Berlin")])
def test_times_of_a_day_are_told_apart_from_days(unit: pl.DataType, hours: int) -> None:
    rng = rng_of(8)
    parent = pl.DataFrame({"id": np.arange(200), "start": dates(rng.integers(0, 9_000, 200))})
    link = rng.integers(0, 200, 800)
    after = pl.Series(rng.integers(0, hours, 800))
    seen = parent["start"].gather(link).cast(unit).to_frame().select(
        pl.col("start") + pl.duration(hours=after)
    ).to_series().cast(unit)  # fmt: skip
    child = pl.DataFrame({"parent": link, "seen": seen})
    base = Database({"p": parent, "c": child}, keys=["c.parent -> p.id"])
    (one,) = find(base.tables, base.schema, rng)
    assert str(one) == "c.seen >= p.start by parent"
    assert isinstance(one, After)
    assert one.learnt == ("since" if hours == 50 else "weeks")
    made = again(learnable(base.tables, [one]), [one], rng)
    assert_frame_equal(made["c"], child)


def test_days_of_the_week_stay_what_they_are() -> None:
    rng = rng_of(9)
    parent = pl.DataFrame({"id": np.arange(300), "start": dates(rng.integers(0, 9_000, 300))})
    link = rng.integers(0, 300, 2_000)
    days = (
        parent["start"].gather(link).to_physical() + rng.integers(0, 100, 2_000) + 9
    ) // 7 * 7 + 4  # all one weekday
    child = pl.DataFrame({"parent": link, "seen": days.cast(pl.Date)})
    base = Database({"p": parent, "c": child}, keys=["c.parent -> p.id"])
    (one,) = find(base.tables, base.schema, rng)
    less = learnable(base.tables, [one])
    assert less["c"]["seen"].dt.weekday().unique().to_list() == child["seen"].dt.weekday().unique().to_list()
    made = again({**less, "c": less["c"].with_columns(seen=less["c"]["seen"].shuffle(seed=1))}, [one], rng)["c"]
    assert made["seen"].dt.weekday().n_unique() == 1
    assert (made["seen"] >= parent["start"].gather(link)).all()


def test_times_that_keep_to_a_day_of_the_month_are_learnt_as_they_are() -> None:
    rng = rng_of(10)
    parent = pl.DataFrame({"id": np.arange(300), "start": dates(rng.integers(0, 9_000, 300))})
    link = rng.integers(0, 300, 900)
    seen = (
        parent["start"]
        .gather(link)
        .dt.offset_by(pl.Series([f"{m}mo" for m in rng.integers(1, 6, 900)]))
        .dt.month_start()
    )
    base = Database({"p": parent, "c": pl.DataFrame({"parent": link, "seen": seen})}, keys=["c.parent -> p.id"])
    found = find(base.tables, base.schema, rng)
    assert [one.learnt for one in found if isinstance(one, After)] in ([], ["as it is"])
    assert learnable(base.tables, found)["c"]["seen"].equals(seen)


def test_each_says_what_it_is() -> None:
    base = shop()
    said = set(map(str, find(base.tables, base.schema, rng_of())))
    assert {
        "orders.land = users.land by user", "orders.total = sum(lines.quantity * lines.price) by order",
        "orders.lines = count(lines) by order", "orders.placed >= users.since by user",
        "orders.state tells whether lines point by order",
        "moves.balance = the one before + moves.amount by day",
    } <= said  # fmt: skip


def test_what_is_needed_comes_first_and_nothing_needs_itself() -> None:
    base = shop()
    derived = find(base.tables, base.schema, rng_of())
    places = [one.place for one in derived]
    assert places.index(("orders", "total")) < places.index(("users", "spent"))
    assert places.index(("lines", "price")) < places.index(("orders", "total"))
    key = base.schema.foreign[0]
    assert in_order([Carried(key, "a", "b"), Total(key, "b", "max", "a")]) == (Carried(key, "a", "b"),)


def test_state_round_trips_and_damage_is_refused() -> None:
    base = shop()
    derived = find(base.tables, base.schema, rng_of())
    data = json.loads(json.dumps(to_list(derived)))
    assert set(from_list(data, base.schema)) == set(derived)
    total = next(entry for entry in data if entry["how"] == "total")
    for change in ({"how": "x"}, {"key": "a.b -> c.d"}, {"op": "eval"}, {"more": 1}, {"empty": "?"}, {"decimals": 99}):
        with pytest.raises(ModelFileError):
            from_list([{**total, **change}], base.schema)
    for bad in ({}, [3], [total, total]):
        with pytest.raises(ModelFileError):
            from_list(bad, base.schema)
