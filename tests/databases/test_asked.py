"""What is asked of rows that belong to others: conditions on them, and rows that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.databases.shops import check, shop

from likewise import Synthesizer, between, every_row, some_row
from likewise.conditions import at_row
from likewise.databases.database import Database
from likewise.errors import ConditionError, InputError, OptionError

ANY = {"users.country": ["DE", "FR", "US"]}
"""A condition that all rows meet: sizes are then no more brought to the real ones."""


@pytest.fixture(scope="module")
def learnt() -> Synthesizer:
    return Synthesizer("autoregressive", epochs=15, random_state=0).fit(shop(400))


def of_users(drawn: Database) -> pl.DataFrame:
    """Of each user the country, how many orders, how many of these by card, and how many lines of thing "a"."""
    users, orders, lines = (drawn.tables[name] for name in ("users", "orders", "lines"))
    things = lines.join(orders, left_on="order", right_on="no").group_by("user").agg(a=(pl.col("thing") == "a").sum())
    of = orders.group_by("user").agg(n=pl.len(), card=(pl.col("paid") == "card").sum())
    told = users.join(of, left_on="id", right_on="user", how="left").join(
        things, left_on="id", right_on="user", how="left"
    )
    return told.select("country", pl.col("n", "card", "a").fill_null(0))


def shares(users: pl.DataFrame, by: list[str]) -> dict[Any, float]:
    counts = users.group_by(by).len()
    return {tuple(row[:-1]): row[-1] / len(users) for row in counts.iter_rows()}


def apart(one: pl.DataFrame, other: pl.DataFrame, by: list[str]) -> float:
    """Total variation."""
    a, b = shares(one, by), shares(other, by)
    return sum(abs(a.get(key, 0) - b.get(key, 0)) for key in {*a, *b}) / 2


CASES: dict[str, tuple[dict[str, Any], pl.Expr]] = {
    "every order": ({"orders.paid": "card"}, pl.col("card") == pl.col("n")),
    "every order, in words": ({"orders": {"paid": every_row("card")}}, pl.col("card") == pl.col("n")),
    "some order": ({"orders.paid": some_row("card")}, pl.col("card") > 0),
    "both": (
        {"orders.paid": [some_row("card"), some_row("cash")]}, (pl.col("card") > 0) & (pl.col("card") < pl.col("n")),
    ),
    "some line two tables below": ({"lines.thing": some_row("a")}, pl.col("a") > 0),
    "of both tables": (
        {"users.country": "US", "orders.paid": some_row("card")}, (pl.col("card") > 0) & (pl.col("country") == "US"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def free(learnt: Synthesizer) -> pl.DataFrame:
    return of_users(learnt.sample(rows={"users": 12_000}, where=ANY, random_state=1))


@pytest.mark.parametrize("case", CASES)
def test_the_law_under_conditions_is_that_of_free_draws_that_meet_them(
    case: str, learnt: Synthesizer, free: pl.DataFrame
) -> None:
    where, met = CASES[case]
    drawn = learnt.sample(rows={"users": 3_000}, where=where, random_state=2)
    check(drawn, shop(400).schema)
    found, wanted = of_users(drawn), free.filter(met)
    assert found.select(met.all()).item()
    assert len(found) == 3_000
    for by in (["country"], ["n"], ["country", "n"], ["card"]):
        assert apart(found, wanted, by) < 0.06, by
    assert apart(free, wanted, ["n"]) > 0.05 or case == "of both tables", "the condition says something"


def test_what_no_root_can_meet_is_refused_with_how_many_were_tried(learnt: Synthesizer) -> None:
    with pytest.raises(ConditionError, match=r"'orders.price'.*acceptance rate 0"):
        learnt.sample(rows={"users": 5}, where={"orders.price": some_row(between(60, 70))}, random_state=0)


def test_what_conditions_on_rows_cannot_be_is_said(learnt: Synthesizer) -> None:
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"where": {"orders.paid": at_row(0, "card")}}, ConditionError, "at_row is of histories"),
        ({"where": {"orders.pade": "card"}}, ConditionError, "did you mean 'paid'"),
        ({"where": {"orders.no": "A-1"}}, ConditionError, "is a key"),
        ({"where": {"orders.price": "much"}}, ConditionError, "price"),
        ({"where": {"orders.paid": "card"}, "rows": {"orders": 10}}, OptionError, "cannot be so many"),
        (
            {"where": {"orders.paid": "card"}, "given": {"users": shop(5).tables["users"]}}, ConditionError,
            "kept, given or none",
        ),
    ]  # fmt: skip
    for asked, kind, text in cases:
        with pytest.raises(kind, match=text):
            learnt.sample(**asked)


def test_the_same_seed_gives_the_same_rows(learnt: Synthesizer) -> None:
    asked: dict[str, Any] = {"where": {"orders.paid": some_row("card")}, "random_state": 5, "scale": 0.2}
    one, other = learnt.sample(**asked), learnt.sample(**asked)
    assert all(one[name].equals(other[name]) for name in one)
    assert np.all([len(one[name]) for name in one])


# ---- rows that are given ---------------------------------------------------------------------------------------------


def known(n: int = 60) -> dict[str, pl.DataFrame]:
    """Real users and their orders, of which some cells are missing."""
    real = shop(n, seed=7).tables
    orders = real["orders"].with_columns(
        no=pl.lit("K-") + pl.int_range(pl.len()).cast(pl.String),
        price=pl.when(pl.int_range(pl.len()) % 3 > 0).then("price"),
    )
    return {"users": real["users"], "orders": orders}


def test_given_orders_stay_and_what_is_missing_of_them_and_below_them_is_drawn(learnt: Synthesizer) -> None:
    given = known()
    drawn = learnt.sample(given=given, random_state=1)
    check(drawn, shop().schema)
    assert drawn["users"].equals(given["users"])
    orders = drawn["orders"]
    assert orders.drop("price").equals(given["orders"].drop("price"))
    there = given["orders"]["price"].is_not_null()
    assert orders["price"].filter(there).equals(given["orders"]["price"].filter(there))
    filled = orders.filter(~there).join(given["users"], left_on="user", right_on="id")
    means = dict(filled.group_by("country").agg(pl.col("price").mean()).iter_rows())
    assert means["US"] > 80
    assert means["DE"] < 40
    assert set(drawn["lines"]["order"]) <= set(orders["no"])
    assert len(drawn["lines"]) > len(orders)


def test_lines_of_given_orders_are_as_those_of_orders_that_are_drawn(learnt: Synthesizer) -> None:
    free = learnt.sample(rows={"users": 2_000}, where=ANY, random_state=3)
    real = {name: shop(2_000, seed=9).tables[name] for name in ("users", "orders")}
    drawn = learnt.sample(given=real, random_state=3)

    def per_order(db: Database) -> pl.DataFrame:
        n = db.tables["lines"].group_by("order").len().rename({"len": "lines"})
        orders = db.tables["orders"].join(n, left_on="no", right_on="order", how="left")
        return orders.select("paid", pl.col("lines").fill_null(0))

    assert apart(per_order(free), per_order(drawn), ["lines"]) < 0.06
    things = [db.tables["lines"].select("thing") for db in (free, drawn)]
    assert apart(*things, ["thing"]) < 0.06


def test_given_rows_that_hang_in_the_air_are_refused(learnt: Synthesizer) -> None:
    given = known()
    users, orders = given["users"], given["orders"]
    cases: list[tuple[dict[str, pl.DataFrame], str]] = [
        ({"orders": orders}, "give these, too, with their key"),
        ({"users": users.drop("id"), "orders": orders}, "give these, too, with their key"),
        ({"users": users, "orders": orders.drop("user")}, "give these, too, with their key"),
        ({"users": users.head(3), "orders": orders}, "point at nothing by orders.user -> users.id"),
        ({"users": users, "orders": orders.with_columns(no=pl.lit("a"))}, "share or lack"),
    ]
    for some, text in cases:
        with pytest.raises(InputError, match=text):
            learnt.sample(given=some)


def test_given_rows_may_leave_out_what_else_they_point_at() -> None:
    rng = np.random.default_rng(0)
    shops = pl.DataFrame({"id": np.arange(300), "size": rng.integers(1, 9, 300)})
    users = pl.DataFrame({"id": np.arange(200), "shop": rng.integers(0, 300, 200), "age": rng.integers(18, 80, 200)})
    keys = ["users.shop -> shops.id", "users(id)", "shops(id)"]
    real = Database({"shops": shops, "users": users}, keys)
    schema = real.schema
    synth = Synthesizer("autoregressive", epochs=2, random_state=0).fit(real)
    some = pl.DataFrame({"id": [901, 902], "age": [33, None]})
    if "users" in synth.database_.graph.owner:  # type: ignore[union-attr]
        with pytest.raises(InputError, match="give these, too"):
            synth.sample(given={"users": some})
        return
    drawn = synth.sample(given={"users": some}, random_state=0)
    check(drawn, schema)
    assert drawn["users"]["id"].to_list() == [901, 902]
    assert drawn["users"]["age"][0] == 33
