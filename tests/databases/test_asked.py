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
from likewise.errors import ConditionError, OptionError

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
