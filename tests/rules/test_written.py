"""Rules over columns as files write them: dates as whole numbers and in odd formats, amounts as texts, flags, missing
cells; and tables of many rules."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import ConditionError
from likewise.schema.infer import infer

from .test_drawn import days, fitted, holed

N = 400


def test_dates_written_as_whole_numbers_are_in_order() -> None:
    rng = np.random.default_rng(0)
    start = rng.integers(0, 900, N)
    texts = {n: days(v).dt.strftime("%Y%m%d") for n, v in {"a": start, "b": start + rng.integers(1, 9, N)}.items()}
    for dtype in (pl.Int64, pl.String):
        frame = pl.DataFrame(texts).with_columns(pl.all().cast(dtype))
        schema = lw.Schema([lw.Column(name=n, kind="datetime", format="%Y%m%d", dtype=str(dtype)) for n in "ab"])
        drawn = fitted(frame, ["a < b"], schema=schema).sample(500)
        assert drawn.schema == frame.schema
        a, b = (drawn[n].cast(pl.String).str.to_date("%Y%m%d") for n in "ab")
        assert (a < b).all()
        assert (b - a).dt.total_days().max() < 9  # type: ignore[operator]


def test_amounts_written_with_marks_and_units_add_up() -> None:
    rng = np.random.default_rng(0)
    net, tax = np.round(rng.lognormal(6, 1, N), 2), np.round(rng.lognormal(4, 1, N), 2)
    amounts = {"net": net, "tax": tax, "gross": np.round(net + tax, 2)}
    frame = pl.DataFrame({n: [f"{value:,.2f} €" for value in values] for n, values in amounts.items()})
    synth = fitted(frame, ["net + tax = gross", "tax <= gross"])
    drawn = synth.sample(500, random_state=1)
    assert drawn["gross"].str.contains(r"^[\d,]+\.\d\d €$").all()
    cents = drawn.select(pl.all().str.replace_all(r"[^\d]", "").cast(pl.Int64))
    assert (cents["net"] + cents["tax"] == cents["gross"]).all()
    filled = synth.complete(frame.select("gross", "net")[:50], random_state=0)
    assert filled.equals(frame.select(filled.columns)[:50])


def test_flags_follow_their_numbers() -> None:
    rng = np.random.default_rng(0)
    amount = rng.integers(0, 1_000, N)
    for no, yes in ((False, True), ("no", "yes"), (0, 1)):
        frame = pl.DataFrame({"amount": amount, "large": [yes if v > 700 else no for v in amount]})
        schema = infer(frame, overrides={"large": lw.Kind.BOOLEAN})
        drawn = fitted(frame, ["amount > 700 -> large", "amount <= 700 -> not large"], schema=schema).sample(500)
        assert ((drawn["large"] == yes) == (drawn["amount"] > 700)).all()
        assert drawn["large"].dtype == frame["large"].dtype


def test_a_day_holds_to_a_moment_beside_it_in_a_text() -> None:
    rng = np.random.default_rng(0)
    day, minute = rng.integers(0, 300, N), rng.integers(0, 1_440, N)
    at = days(day).cast(pl.Datetime("us")) + pl.Series(minute * 60_000_000).cast(pl.Duration("us"))
    frame = pl.DataFrame(
        {
            "start": holed(at.dt.strftime("%d.%m.%Y %H:%M"), rng, 0.1),
            "due": holed(days(day + rng.integers(0, 3, N)).dt.strftime("%d.%m.%Y"), rng, 0.1),
        }
    )
    drawn = fitted(frame, ["start <= due"]).sample(500).drop_nulls()
    start = drawn["start"].str.to_datetime("%d.%m.%Y %H:%M").cast(pl.Date)
    assert (start <= drawn["due"].str.to_date("%d.%m.%Y")).all()


def test_conditions_on_ruled_dates_are_read_in_their_own_format() -> None:
    rng = np.random.default_rng(0)
    start = rng.integers(0, 700, 1_000)
    frame = pl.DataFrame({"checkin": days(start), "checkout": days(start + rng.integers(1, 9, 1_000))})
    frame = frame.select(pl.all().dt.strftime("%d %b %Y"))
    drawn = fitted(frame, ["checkin < checkout"]).sample(20, where={"checkout": "29 Dec 2020"})
    assert set(drawn["checkout"]) == {"29 Dec 2020"}
    last = dt.date(2020, 12, 29)
    assert (drawn["checkin"].str.to_date("%d %b %Y") < last).all()


def test_a_bound_stays_where_a_condition_puts_it() -> None:
    rng = np.random.default_rng(0)
    score = rng.integers(0, 101, N)
    frame = pl.DataFrame({"score": score, "most": np.maximum(score, rng.integers(50, 101, N))})
    synth = fitted(frame, ["score <= most", "most <= 100"])
    drawn = synth.sample(50, where={"score": 88})
    assert set(drawn["score"]) == {88}
    assert drawn["most"].is_between(88, 100).all()
    with pytest.raises(ConditionError):
        synth.sample(5, where={"score": 88, "most": 87}, max_tries=5_000)


def test_cells_that_a_condition_asks_to_be_missing() -> None:
    rng = np.random.default_rng(0)
    state = rng.choice(["open", "done"], N)
    frame = pl.DataFrame({"state": state, "closed": days(rng.integers(0, 99, N))})
    frame = frame.with_columns(closed=pl.when(pl.col("state") == "done").then("closed"))
    synth = fitted(frame, ["state = 'open' -> closed is null", "state = 'done' -> closed is not null"])
    drawn = synth.sample(200, where={"closed": None})
    assert set(drawn["state"]) == {"open"}
    assert drawn["closed"].null_count() == 200
    assert synth.sample(200, where={"state": "done"})["closed"].null_count() == 0


def test_one_row_keeps_flags_of_which_some_are_missing() -> None:
    rng = np.random.default_rng(0)
    held = rng.integers(0, 3, N)
    frame = pl.DataFrame({name: holed((held == k).astype(int), rng, 0.05) for k, name in enumerate("xyz")})
    synth = fitted(frame, ["one of (x, y, z)"])
    for drawn in (synth.sample(1), synth.sample(500)):
        assert (drawn.drop_nulls().sum_horizontal() == 1).all()


def test_a_formula_of_reals_with_nan_in_them_holds_where_all_are_numbers() -> None:
    import pandas as pd

    rng = np.random.default_rng(0)
    a, b = rng.normal(size=N).round(3), rng.normal(size=N).round(3)
    frame = pd.DataFrame({"a": np.where(rng.random(N) < 0.2, np.nan, a), "b": b})
    frame["c"] = (frame["a"] + frame["b"]).round(3)
    drawn = fitted(frame, ["c = a + b"]).sample(500)
    assert (drawn["a"].isna() == drawn["c"].isna()).all()
    assert (drawn["a"] + drawn["b"] - drawn["c"]).abs().max() < 1e-9


def test_a_name_of_parts_of_which_the_middle_may_be_missing() -> None:
    rng = np.random.default_rng(0)
    first, middle, last = (rng.choice(parts, N) for parts in (["red", "blue"], ["dark", "pale"], ["box", "bag"]))
    frame = pl.DataFrame({"a": first, "b": holed(middle, rng), "c": last})
    frame = frame.with_columns(whole=pl.concat_str(pl.col("a", "b", "c"), separator=" ", ignore_nulls=True))
    rules = ["b is not null -> whole = a + ' ' + b + ' ' + c", "b is null -> whole = a + ' ' + c"]
    drawn = fitted(frame, rules).sample(500)
    assert drawn["b"].null_count() > 0
    joined = drawn.select(pl.concat_str(pl.col("a", "b", "c"), separator=" ", ignore_nulls=True)).to_series()
    assert (joined == drawn["whole"]).all()


def test_many_pairs_and_a_long_sum_hold_at_once() -> None:
    rng = np.random.default_rng(0)
    low = rng.normal(size=(N, 31)).round(2)
    high = (low + rng.gamma(1, 1, (N, 31))).round(2)
    parts = rng.poisson(5, (N, 15))
    columns = {f"min{i}": low[:, i] for i in range(31)} | {f"max{i}": high[:, i] for i in range(31)}
    columns |= {f"p{i}": parts[:, i] for i in range(15)} | {"most": parts.sum(1) + rng.integers(0, 9, N)}
    rules = [f"min{i} <= max{i}" for i in range(31)] + [" + ".join(f"p{i}" for i in range(15)) + " <= most"]
    drawn = fitted(pl.DataFrame(columns), rules, "copula").sample(500)
    for i in range(31):
        assert (drawn[f"min{i}"] <= drawn[f"max{i}"]).all()
    assert (drawn.select(pl.sum_horizontal(f"p{i}" for i in range(15))).to_series() <= drawn["most"]).all()
