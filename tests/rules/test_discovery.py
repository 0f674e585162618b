"""Rules that are there are found, on all rows; columns that have nothing to do with one another bring none."""

from __future__ import annotations

import numpy as np
import polars as pl

from likewise.rules.discovery import discover_rules
from likewise.schema.infer import infer

N = 2_000


def planted(rng: np.random.Generator, n: int = N) -> tuple[pl.DataFrame, set[str]]:
    start = rng.integers(0, 900, n)
    a, b = rng.integers(0, 300, n), rng.integers(0, 300, n)
    price, qty = np.round(rng.lognormal(2, 1, n), 2), rng.integers(1, 30, n)
    city = rng.integers(0, 12, n)
    status, which = rng.integers(0, 3, n), rng.integers(0, 4, n)
    frame = pl.DataFrame(
        {
            "start": pl.Series(np.datetime64("2020-01-01") + start.astype("timedelta64[D]")),
            "end": pl.Series(np.datetime64("2020-01-01") + (start + rng.integers(0, 20, n)).astype("timedelta64[D]")),
            "a": a, "b": b, "sum": a + b, "price": price, "qty": qty, "cost": np.round(price * qty, 2),
            "city": pl.Series(city).cast(pl.String), "land": pl.Series(city // 3).cast(pl.String),
            "status": pl.Series(status).replace_strict({0: "open", 1: "done", 2: "gone"}),
            "closed": rng.integers(0, 999, n),
            "step": rng.integers(0, 200, n) * 25,
            **{f"is_{k}": (which == k).astype(int) for k in range(4)},
        }
    )  # fmt: skip
    closed = pl.when(pl.col("status") != "open").then(pl.col("closed"))
    return frame.with_columns(closed=closed, year=pl.col("start").dt.year()), {
        "start <= end", "sum = a + b", "cost = round(price * qty, 2)", "city, land from data",
        "status = 'open' -> closed is null", "not (status = 'open') -> closed is not null",
        "one of (is_0, is_1, is_2, is_3)", "step % 25 = 0", "year = year(start)",
    }  # fmt: skip


def test_planted_rules_are_found_and_no_others() -> None:
    for seed in range(3):
        frame, rules = planted(np.random.default_rng(seed))
        assert set(discover_rules(frame).texts) == rules


def test_columns_dealt_out_anew_bring_no_rule_but_those_of_one_column() -> None:
    rng = np.random.default_rng(0)
    frame, _ = planted(rng)
    for _ in range(5):
        shuffled = frame.select(pl.col(name).gather(rng.permutation(N)) for name in frame.columns)
        assert discover_rules(shuffled, infer(frame)).texts == ["step % 25 = 0"]


def test_a_single_row_that_breaks_a_rule_keeps_it_from_being_proposed() -> None:
    """Whether or not the row is among those that candidates are thrown out by: proposals are counted on all."""
    rng = np.random.default_rng(0)
    low = rng.integers(0, 900, 50_000)
    frame = pl.DataFrame({"low": low, "high": low + rng.integers(0, 20, 50_000)})
    assert discover_rules(frame).texts == ["low <= high"]
    frame[31_234, "high"] = frame[31_234, "low"] - 1
    assert discover_rules(frame).texts == []


def test_what_every_table_keeps_is_no_rule() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "large": rng.normal(0, 1000, N), "wide": rng.normal(0, 1000, N), "far": rng.normal(1e6, 1, N),
            "still": [7] * N, "key": range(N), "rare": (rng.random(N) < 0.002).astype(int),
            "name": rng.choice(list("xyz"), N),
        }
    )  # fmt: skip
    assert discover_rules(frame).texts == []


def test_chance_in_a_short_table_is_no_rule() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        frame = pl.DataFrame({name: rng.choice(list("pqrst"), 30) for name in "abcdef"})
        assert discover_rules(frame).texts == []


def test_equal_columns_are_one_equation_and_no_orders() -> None:
    a = np.random.default_rng(0).integers(0, 900, N)
    assert discover_rules(pl.DataFrame({"a": a, "b": a})).texts == ["b = a"]


def test_an_order_that_follows_from_others_is_left_out() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 900, N)
    b = a + rng.integers(0, 9, N)
    frame = pl.DataFrame({"a": a, "c": b + rng.integers(1, 9, N), "b": b})
    assert set(discover_rules(frame).texts) == {"a <= b", "b < c"}


def test_long_sums_are_found() -> None:
    rng = np.random.default_rng(0)
    parts = {f"p{k}": rng.integers(0, 99, N) for k in range(5)}
    frame = pl.DataFrame(parts).with_columns(total=pl.sum_horizontal("p0", "p1", "p2", "p3") - pl.col("p4"))
    assert discover_rules(frame).texts == ["total = p0 + p1 + p2 + p3 - p4"]


def test_lines_of_an_order_are_told_apart() -> None:
    n = 400
    frame = pl.DataFrame(
        {"order": pl.Series(np.arange(n) // 4).cast(pl.String), "line": pl.Series(np.arange(n) % 4).cast(pl.String)}
    )
    schema = infer(frame, overrides={"order": "categorical", "line": "categorical"}, entity=False)
    assert discover_rules(frame, schema).texts == ["unique (order, line)"]


def test_cells_that_are_missing_together() -> None:
    rng = np.random.default_rng(0)
    gone = pl.Series(rng.random(N) < 0.3)
    a, b = pl.Series("a", rng.integers(0, 99, N)), pl.Series("b", rng.integers(0, 99, N))
    frame = pl.DataFrame([x.zip_with(~gone, pl.Series([None] * N, dtype=pl.Int64)) for x in (a, b)])
    assert set(discover_rules(frame).texts) == {"a is null -> b is null", "b is null -> a is null"}


def test_several_long_sums_in_one_table_are_found() -> None:
    rng = np.random.default_rng(0)
    parts = {f"{t}{k}": rng.integers(0, 99, N) for t in "pq" for k in range(4)}
    frame = pl.DataFrame(parts).with_columns(
        p=pl.sum_horizontal("p0", "p1", "p2", "p3"), q=pl.sum_horizontal("q0", "q1", "q2", "q3")
    )
    assert set(discover_rules(frame).texts) == {"p = p0 + p1 + p2 + p3", "q = q0 + q1 + q2 + q3"}
