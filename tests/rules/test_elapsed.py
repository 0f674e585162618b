"""The time between two moments, and one of the two: the other is told by them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.rules.grammar import parse_rule
from likewise.rules.solving import solutions


def stays(n: int, *, by: str, unit: float) -> pl.DataFrame:
    """From one moment to another, in whole minutes, and how many units lie between."""
    rng = np.random.default_rng(0)
    a = np.datetime64("2021-01-01") + rng.integers(0, 600, n).astype("timedelta64[D]")
    b = a + rng.integers(1, 9, n).astype("timedelta64[D]")
    if by != "days":
        a, b = (d + rng.integers(0, 600, n).astype("timedelta64[m]") for d in (a, b))
    frame = pl.DataFrame(
        {"a": a.astype("datetime64[us]"), "b": b.astype("datetime64[us]"), "who": rng.choice(["x", "y"], n)}
    )
    if by == "days":
        frame = frame.with_columns(pl.col("a", "b").cast(pl.Date))
    apart = (frame["b"] - frame["a"]).dt.total_microseconds() / (unit * 1e6)
    return frame.with_columns((apart.cast(pl.Int64) if by == "days" else apart.round(2)).alias("apart"))


@pytest.mark.parametrize(("by", "unit"), [("days", 86_400), ("hours", 3_600), ("minutes", 60)])
@pytest.mark.parametrize("gone", ["a", "b"])
def test_a_moment_is_told_by_another_and_what_lies_between(by: str, unit: float, gone: str) -> None:
    frame = stays(400, by=by, unit=unit)
    synth = lw.Synthesizer("cart", random_state=0, rules=["a < b", f"apart = {by}(a, b)"]).fit(frame)
    given = frame[:60].drop(gone)
    filled = synth.complete(given, random_state=0)
    assert filled.select(given.columns).equals(given)
    # hours are written to two decimals, so the moment is told to some seconds
    assert ((filled[gone] - frame[gone][:60]).dt.total_seconds().abs() <= 36).all()


def test_cells_that_are_missing_by_chance_find_moments_that_fit() -> None:
    frame = stays(400, by="days", unit=86_400)
    synth = lw.Synthesizer("cart", random_state=0, rules=["a < b", "apart = days(a, b)"]).fit(frame)
    rng = np.random.default_rng(1)
    given = frame[:150].with_columns(pl.when(pl.Series(rng.random(150) > 0.5)).then(c).alias(c) for c in frame.columns)
    filled = synth.complete(given, random_state=0)
    assert (filled["apart"] == (filled["b"] - filled["a"]).dt.total_days()).all()
    assert (filled["a"] < filled["b"]).all()


def test_a_hole_in_a_moment_is_filled_by_what_lies_between() -> None:
    frame = stays(300, by="days", unit=86_400)
    rng = np.random.default_rng(2)
    holed = frame.with_columns(pl.when(pl.Series(rng.random(300) > 0.2)).then("b").alias("b"))
    filled = lw.Imputer(rules=["apart = days(a, b)"], random_state=0).fit_transform(holed)
    assert filled["b"].equals(frame["b"])


def test_the_time_between_is_undone_where_something_is_added_to_it() -> None:
    found = solutions(parse_rule("n = days(a, b) + 1").claim, divided=True)  # type: ignore[union-attr]
    assert {s.column for s in found} == {"n", "a", "b"}
    frame = stays(400, by="days", unit=86_400).with_columns(pl.col("apart") + 1)
    synth = lw.Synthesizer("cart", random_state=0, rules=["apart = days(a, b) + 1"]).fit(frame)
    assert synth.complete(frame[:60].drop("b"), random_state=0)["b"].equals(frame["b"][:60])


def test_days_between_moments_leave_the_time_of_day_open() -> None:
    """So many days after a moment is a day: rows are found whose moments lie on it."""
    frame = stays(400, by="minutes", unit=60).with_columns(
        (pl.col("b").dt.date() - pl.col("a").dt.date()).dt.total_days().alias("apart")
    )
    synth = lw.Synthesizer("cart", random_state=0, rules=["apart = days(a, b)"]).fit(frame)
    filled = synth.complete(frame[:60].drop("b"), random_state=0)
    assert (filled["b"].dt.date() == frame["b"][:60].dt.date()).all()
