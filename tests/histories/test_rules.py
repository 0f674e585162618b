"""Claims about rules in histories: every row that is drawn keeps them, from new entities and behind known rows."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import ConditionError, RuleError

RULES = [
    "year = year(day)", "weekday = weekday(day)", "total = price * qty", "paid <= total", "town, country from data",
    "state = 'open' -> closed is null",
]  # fmt: skip


@cache
def orders() -> pl.DataFrame:
    """Customers of a town, who order now and then and pay some of it."""
    rng = np.random.default_rng(0)
    towns = [("Rome", "Italy"), ("Milan", "Italy"), ("Lyon", "France"), ("Paris", "France")]
    rows: list[tuple[Any, ...]] = []
    for who in range(150):
        town, country = towns[rng.integers(4)]
        day = dt.date(2019, 1, 1) + dt.timedelta(days=int(rng.integers(0, 700)))
        for _ in range(int(rng.integers(2, 8))):
            day += dt.timedelta(days=int(rng.integers(1, 60)))
            price, qty = int(rng.integers(1, 40)), int(rng.integers(1, 5))
            is_open = bool(rng.random() < 0.3)
            closed = None if is_open else day + dt.timedelta(days=int(rng.integers(0, 9)))
            paid = int(rng.integers(0, price * qty + 1))
            state = "open" if is_open else "closed"
            rows.append(
                (
                    f"c{who:03}",
                    day,
                    day.year,
                    day.isoweekday(),
                    town,
                    country,
                    price,
                    qty,
                    price * qty,
                    paid,
                    state,
                    closed,
                )
            )
    names = [
        "who", "day", "year", "weekday", "town", "country", "price", "qty", "total", "paid", "state", "closed",
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=names, orient="row")


@cache
def learnt() -> lw.Synthesizer:
    return lw.Synthesizer(entity="who", time="day", rules=RULES, random_state=0, epochs=3).fit(orders())


def broken(frame: pl.DataFrame) -> dict[str, int]:
    """Rows that break each rule, by other code; in every real row none does."""
    pairs = {("Rome", "Italy"), ("Milan", "Italy"), ("Lyon", "France"), ("Paris", "France")}
    rows = frame.to_dicts()
    return {
        "year": sum(r["year"] != r["day"].year for r in rows),
        "weekday": sum(r["weekday"] != r["day"].isoweekday() for r in rows),
        "total": sum(r["total"] != r["price"] * r["qty"] for r in rows),
        "paid": sum(r["paid"] > r["total"] for r in rows),
        "town": sum((r["town"], r["country"]) not in pairs for r in rows),
        "closed": sum(r["state"] == "open" and r["closed"] is not None for r in rows),
    }


def test_the_real_rows_keep_the_rules() -> None:
    assert not any(broken(orders()).values())


def test_every_row_of_new_histories_keeps_them() -> None:
    drawn = learnt().sample(150, random_state=1)
    assert drawn["who"].n_unique() == 150
    assert drawn.columns == orders().columns
    assert broken(drawn) == dict.fromkeys(broken(drawn), 0)
    assert drawn.group_by("who").agg(pl.col("day").is_sorted().alias("up"))["up"].all()
    assert drawn.group_by("who").agg(pl.col("town").n_unique())["town"].max() == 1


def test_rows_behind_known_ones_keep_them_and_a_file_does_too(tmp_path: Path) -> None:
    learnt().save(tmp_path / "m.likewise")
    again = lw.Synthesizer.load(tmp_path / "m.likewise")
    known = orders().filter(pl.col("who") < "c060")
    longer = again.extend(known, steps=2, random_state=0)
    assert len(longer) == len(known) + 120
    assert broken(longer) == dict.fromkeys(broken(longer), 0)
    assert longer.equals(learnt().extend(known, steps=2, random_state=0))
    assert longer.group_by("who").agg(pl.col("town").n_unique())["town"].max() == 1


def test_what_is_known_of_rows_to_come_is_kept_and_the_rest_follows() -> None:
    known = orders().filter(pl.col("who") < "c020")
    future = pl.DataFrame({"price": [7, 11], "qty": [3, 2]})
    longer = learnt().extend(known, future=future, random_state=0)
    new = pl.concat([g.tail(2) for _, g in longer.group_by("who", maintain_order=True)])
    assert new["total"].to_list() == [21, 22] * 20
    assert broken(longer) == dict.fromkeys(broken(longer), 0)


def test_what_rules_make_may_be_known_of_rows_to_come_where_some_row_keeps_it() -> None:
    known = orders().head(4).filter(pl.col("who") == "c000")
    longer = learnt().extend(known, future=pl.DataFrame({"weekday": [3]}), random_state=0)
    assert longer["weekday"][-1] == longer["day"].dt.weekday()[-1] == 3
    with pytest.raises(RuleError, match="no rows that keep all rules"):
        learnt().extend(known, future=pl.DataFrame({"year": [2050]}), random_state=0)


def test_histories_of_given_entities_keep_them() -> None:
    drawn = learnt().sample(static=pl.DataFrame({"who": ["me", "you"] + [f"x{i}" for i in range(40)]}), random_state=3)
    rows = drawn[0] if isinstance(drawn, tuple) else drawn
    assert set(rows["who"]) == {"me", "you"} | {f"x{i}" for i in range(40)}
    assert broken(rows) == dict.fromkeys(broken(rows), 0)


def test_conditions_on_columns_that_rules_make_hold() -> None:
    drawn = learnt().sample(20, where={"total": lw.some_row(lw.above(100))}, random_state=2)
    assert (drawn.group_by("who").agg(pl.col("total").max())["total"] > 100).all()
    assert broken(drawn) == dict.fromkeys(broken(drawn), 0)


@pytest.mark.parametrize(
    ("rules", "more", "error"),
    [
        (["unique (day, total, paid, number)"], {}, "look beyond a row"),
        (["day = date(stamp)"], {}, "makes column 'day' of others, and it is what orders them"),
        (["town, country from data"], {"static": ["town"]}, "static names it"),
    ],
)
def test_rules_that_histories_cannot_keep_are_refused(rules: list[str], more: dict[str, Any], error: str) -> None:
    table = orders().with_columns(stamp=pl.col("day").cast(pl.Datetime("us")), number=pl.int_range(pl.len()) // 2)
    with pytest.raises(RuleError, match=error):
        lw.Synthesizer(entity="who", time="day", rules=rules, epochs=1, **more).fit(table)


def test_rules_and_conditions_that_hardly_any_history_keeps_tell_the_rate() -> None:
    with pytest.raises(ConditionError, match="too few to give 5"):
        learnt().sample(5, where={"total": lw.every_row(lw.above(155))}, max_tries=50, random_state=0)


@cache
def careers() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Seasons of players, and the players, some of whom never played; nobody plays once dead."""
    rng = np.random.default_rng(0)
    rows: list[tuple[Any, ...]] = []
    players: list[tuple[Any, ...]] = []
    for who in range(350):
        born, n = int(rng.integers(1900, 1970)), int(rng.integers(1, 10)) if who < 250 else 0
        last = born + 20 + n
        died = None if rng.random() < 0.3 else last + int(rng.integers(0, 12))
        rows += [(f"p{who:03}", born + 20 + k, int(rng.integers(0, 90))) for k in range(n)]
        players.append((f"p{who:03}", born, died))
    return (
        pl.DataFrame(rows, schema=["who", "year", "games"], orient="row"),
        pl.DataFrame(players, schema=["who", "born", "died"], orient="row"),
    )


def test_rules_hold_between_rows_and_the_table_of_entities_and_of_those_without_rows(tmp_path: Path) -> None:
    seasons, players = careers()
    rules = ["year <= died", "born + 15 <= died", "born < year"]
    synth = lw.Synthesizer(entity="who", time="year", rules=rules, random_state=0, epochs=3)
    synth.fit(seasons, static=players).save(tmp_path / "m")
    synth = lw.load(tmp_path / "m")

    def broken(rows: pl.DataFrame, static: pl.DataFrame) -> tuple[int, int]:
        both = rows.join(static, on="who")
        return (
            both.filter((pl.col("year") > pl.col("died")) | (pl.col("born") >= pl.col("year"))).height,
            static.filter(pl.col("born") + 15 > pl.col("died")).height,
        )

    assert broken(seasons, players) == (0, 0)
    rows, static = synth.sample(500, random_state=1)
    assert broken(rows, static) == (0, 0)
    assert len(static) == 500
    assert static["who"].is_in(rows["who"].implode()).mean() < 0.9  # type: ignore[operator]
    planned = players.select("who", "born").tail(150)
    assert broken(*synth.sample(static=planned, random_state=1)) == (0, 0)
    loose = lw.Synthesizer(entity="who", time="year", random_state=0, epochs=3).fit(seasons, static=players)
    assert sum(broken(*loose.sample(500, random_state=1))) > 0
