"""Rows drawn under rules: every one keeps them as it is written, whatever the kinds, the missing cells and the order of
the rules; conditions and completion included."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import ConditionError, LikewiseWarning, RuleError
from likewise.rules import bind
from likewise.schema.infer import infer
from likewise.schema.parse import parse

N = 400


def fitted(frame: Any, rules: list[str], model: str = "cart", **options: Any) -> lw.Synthesizer:
    return lw.Synthesizer(model, random_state=0, rules=rules, **options).fit(frame)


def n_broken(frame: pl.DataFrame, rules: list[str], schema: lw.Schema) -> dict[str, int]:
    table = parse(frame, schema, partial=True)
    return {
        rule.text: int((~table.select(rule.kept.fill_null(True)).to_series()).sum()) for rule in bind(rules, schema)
    }


def some(n: int = N, seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def holed(values: Any, rng: np.random.Generator, share: float = 0.3) -> pl.Series:
    series = pl.Series(values)
    return series.zip_with(
        pl.Series(rng.random(len(series)) > share), pl.Series([None] * len(series), dtype=series.dtype)
    )


def days(n: np.ndarray) -> pl.Series:
    return pl.Series(np.datetime64("2020-01-01") + n.astype("timedelta64[D]"))


@pytest.mark.parametrize("strict", [True, False])
def test_an_order_holds_where_both_are_there_and_missing_cells_stay_as_often(strict: bool) -> None:
    rng = some()
    low = rng.integers(0, 500, N)
    high = low + rng.integers(1 if strict else 0, 9, N)
    for a, b in ((pl.Series(low), pl.Series(high)), (days(low), days(high)), (pl.Series(low / 4), pl.Series(high / 4))):
        frame = pl.DataFrame({"low": holed(a, rng), "high": holed(b, rng)})
        drawn = fitted(frame, ["low < high" if strict else "low <= high"]).sample(2_000)
        both = drawn.drop_nulls()
        assert ((both["low"] < both["high"]) if strict else (both["low"] <= both["high"])).all()
        for name in ("low", "high"):  # each within five deviations of both draws
            apart = abs(drawn[name].is_null().mean() - frame[name].is_null().mean())  # type: ignore[operator]
            assert apart < 5 * np.sqrt(0.21 / N + 0.21 / 2_000)


def test_what_lies_between_two_dates_is_learnt_as_such() -> None:
    """Nights of a stay, days apart by bins of weeks: no model of two columns of bins could tell them."""
    rng = some()
    start, nights = rng.integers(0, 3_000, 2_000), rng.choice([1, 2, 7], 2_000, p=[0.5, 0.3, 0.2])
    frame = pl.DataFrame({"start": days(start), "end": days(start + nights)})
    drawn = fitted(frame, ["start < end"]).sample(4_000)
    shares = (drawn["end"] - drawn["start"]).dt.total_days().value_counts(normalize=True)
    found = dict(shares.rows())
    assert set(found) == {1, 2, 7}
    for value, share in {1: 0.5, 2: 0.3, 7: 0.2}.items():
        assert abs(found[value] - share) < 5 * np.sqrt(share * (1 - share) * (1 / 2_000 + 1 / 4_000))


def test_a_chain_never_turns_round_where_its_middle_is_missing() -> None:
    rng = some()
    low = rng.integers(0, 1_000, N)
    mid = holed(low + rng.integers(1, 4, N), rng)
    frame = pl.DataFrame({"low": low, "mid": mid, "high": low + rng.integers(4, 9, N)})
    drawn = fitted(frame, ["low < mid < high"]).sample(2_000)
    assert drawn["mid"].null_count() > 0
    assert (drawn["low"] < drawn["high"]).all()
    assert (
        drawn.drop_nulls()["mid"].is_between(drawn.drop_nulls()["low"], drawn.drop_nulls()["high"], closed="none")
    ).all()


def test_an_order_holds_of_dates_as_they_are_written() -> None:
    rng = some()
    start = rng.integers(0, 300, N)
    texts = {n: days(v).dt.strftime("%d %b, %y") for n, v in {"a": start, "b": start + rng.integers(0, 20, N)}.items()}
    frame = pl.DataFrame(texts)
    schema = lw.Schema([lw.Column(name=n, kind="datetime", format="%d %b, %y") for n in "ab"])
    drawn = fitted(frame, ["a <= b"], schema=schema).sample(500)
    a, b = (drawn[n].str.to_date("%d %b, %y") for n in ("a", "b"))
    assert (a <= b).all()


def test_a_moment_and_a_day_hold_at_the_grain_of_days() -> None:
    rng = some()
    day = rng.integers(0, 300, N)
    start = days(day).cast(pl.Datetime("us")) + pl.Series(rng.integers(0, 86_400, N) * 1_000_000).cast(
        pl.Duration("us")
    )
    frame = pl.DataFrame({"start": start, "due": days(day + rng.integers(0, 3, N))})
    drawn = fitted(frame, ["start <= due"]).sample(500)
    assert (drawn["start"].cast(pl.Date) <= drawn["due"]).all()


def test_a_strict_order_holds_of_numbers_as_they_are_rounded() -> None:
    rng = some()
    price = np.round(rng.random(N), 2)
    frame = pl.DataFrame({"price": price, "cap": np.round(price + rng.choice([0.01, 0.02], N), 2)})
    drawn = fitted(frame, ["price < cap"]).sample(1_000)
    assert (drawn["price"] < drawn["cap"]).all()
    assert ((drawn["cap"] * 100).round(0) - drawn["cap"] * 100).abs().max() < 1e-9  # type: ignore[operator]


@pytest.mark.parametrize("rules", [["low < high", "high % 5 = 0"], ["high % 5 = 0", "low < high"]])
def test_rules_about_the_same_column_hold_in_either_order(rules: list[str]) -> None:
    frame = pl.DataFrame({"low": [1, 3, 5, 4, 3] * 20, "high": [5, 5, 10, 15, 5] * 20})
    drawn = fitted(frame, rules).sample(300)
    assert (drawn["high"] % 5 == 0).all()
    assert (drawn["low"] < drawn["high"]).all()


def test_many_rules_that_share_columns_hold_together() -> None:
    rng = some()
    a = rng.integers(0, 50, N) * 2
    b, c = a + rng.integers(0, 9, N), a + rng.integers(9, 20, N)
    frame = pl.DataFrame({"a": a, "b": b, "c": c, "d": a + b, "e": a + b + c})
    drawn = fitted(frame, ["a <= b", "b <= c", "a + b = d", "e = d + c", "a % 2 = 0"]).sample(1_000)
    assert (drawn["a"] <= drawn["b"]).all()
    assert (drawn["b"] <= drawn["c"]).all()
    assert (drawn["a"] + drawn["b"] == drawn["d"]).all()
    assert (drawn["d"] + drawn["c"] == drawn["e"]).all()
    assert (drawn["a"] % 2 == 0).all()


def test_a_total_is_computed_and_rounded_as_it_is_written() -> None:
    rng = some()
    qty, price = rng.integers(1, 20, N), np.round(rng.lognormal(2, 1, N), 2)
    frame = pl.DataFrame({"qty": qty, "price": price, "total": np.round(qty * price * 1.19, 2)})
    drawn = fitted(frame, ["total = round(qty * price * 1.19, 2)"]).sample(2_000)
    assert ((drawn["qty"] * drawn["price"] * 1.19) - drawn["total"]).abs().max() <= 0.005 + 1e-9  # type: ignore[operator]


def test_a_total_is_missing_as_often_as_it_was_and_right_where_it_is_there() -> None:
    rng = some()
    a, b = rng.integers(0, 50, N), rng.integers(0, 50, N)
    frame = pl.DataFrame({"a": holed(a, rng), "b": b, "t": holed(a + b, rng)})
    drawn = fitted(frame, ["a + b = t"]).sample(2_000)
    whole = drawn.drop_nulls()
    assert (whole["a"] + whole["b"] == whole["t"]).all()
    assert (
        drawn.filter(pl.col("a").is_null())["t"].is_not_null().any()
    )  # where the rule binds nothing it still has values
    apart = abs(drawn["t"].is_null().mean() - frame["t"].is_null().mean())  # type: ignore[operator]
    assert apart < 5 * np.sqrt(0.21 / N + 0.21 / 2_000)


def test_a_text_is_made_of_its_parts() -> None:
    rng = some()
    shape, shade = rng.choice(["round", "flat", "long"], N), rng.choice(["red", "blue"], N)
    frame = pl.DataFrame({"shape": shape, "shade": shade}).with_columns(label=pl.col("shape") + ", " + pl.col("shade"))
    drawn = fitted(frame, ["label = shape + ', ' + shade"]).sample(500)
    assert (drawn["label"] == drawn["shape"] + ", " + drawn["shade"]).all()


def test_combinations_are_those_of_the_data_whatever_their_kinds() -> None:
    kinds = {
        "text": ["1", "1", "2", None], "whole": [1, 2, None, 4], "real": [0.5, None, 1.5, 0.1],
        "truth": [True, False, None, True],
        "day": [dt.date(2020, 1, 1), None, dt.date(2021, 1, 1), dt.date(2020, 1, 1)],
        "at": [dt.datetime(2020, 1, 1, 5), dt.datetime(2020, 1, 1, 6), None, dt.datetime(2020, 1, 1, 7)],
        "time": [dt.time(1), dt.time(2), None, dt.time(4)],
    }  # fmt: skip
    frame = pl.DataFrame(
        {name: values * 25 for name, values in kinds.items()}, schema_overrides={"text": pl.Categorical}
    )
    drawn = fitted(frame, [f"{', '.join(kinds)} from data"]).sample(300)
    assert drawn.schema == frame.schema
    assert drawn.unique().height == 4
    assert drawn.unique().join(frame.unique(), on=frame.columns, nulls_equal=True).height == 4


def test_a_combination_of_few_people_is_never_given_out() -> None:
    frame = pl.DataFrame(
        {"city": ["Paris", "Rome"] * 100 + ["Paris"], "land": ["F", "I"] * 100 + ["I"], "n": range(201)}
    )
    drawn = fitted(frame, ["city, land from data"]).sample(3_000)
    assert set(drawn.select("city", "land").unique().rows()) == {("Paris", "F"), ("Rome", "I")}


def test_combinations_that_share_a_column_hold_both() -> None:
    rng = some()
    b = rng.integers(0, 4, N)
    frame = pl.DataFrame(
        {
            "a": pl.Series(b % 2).cast(pl.String),
            "b": pl.Series(b).cast(pl.String),
            "c": pl.Series(b // 2).cast(pl.String),
        }
    )
    synth = fitted(frame, ["a, b from data", "b, c from data"])
    assert set(synth.sample(500).rows()) <= set(frame.rows())


def test_what_a_condition_determines_is_so_and_nothing_else_is() -> None:
    rng = some()
    status = rng.choice(["open", "done"], N)
    closed = pl.Series([None if s == "open" else int(v) for s, v in zip(status, rng.integers(0, 99, N), strict=True)])
    frame = pl.DataFrame({"status": status, "closed": closed})
    drawn = fitted(frame, ["status = 'open' -> closed is null", "status = 'done' -> closed is not null"]).sample(2_000)
    assert (drawn["closed"].is_null() == (drawn["status"] == "open")).all()
    assert abs((drawn["status"] == "open").mean() - (status == "open").mean()) < 5 * np.sqrt(0.25 / N + 0.25 / 2_000)  # type: ignore[operator]


@pytest.mark.parametrize("of", [int, float, bool])
def test_exactly_one_of_several_is_one(of: type) -> None:
    which = some().integers(0, 3, N)
    frame = pl.DataFrame({name: [of(k == i) for k in which] for i, name in enumerate("xyz")})
    drawn = fitted(frame, ["one of (x, y, z)"]).sample(500)
    assert drawn.schema == frame.schema
    assert (drawn.cast(pl.Int64).sum_horizontal() == 1).all()
    assert all(drawn[name].cast(pl.Int64).sum() > 0 for name in "xyz")


def test_rows_are_unique_over_several_columns_and_never_fewer() -> None:
    frame = pl.DataFrame({"order": list(range(20)) * 5, "line": [k for k in range(5) for _ in range(20)]})
    schema = infer(frame, overrides={"order": lw.Kind.INTEGER, "line": lw.Kind.INTEGER})
    synth = fitted(frame, ["unique (order, line)"], schema=schema)
    drawn = synth.sample(90)
    assert drawn.height == drawn.unique().height == 90
    with pytest.raises(RuleError, match=r"rows 65 to 101 were not found: .* too few to give 37"):
        synth.sample(101)


def test_rows_that_are_drawn_some_at_a_time_keep_the_rules_over_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("likewise.synthesizer.ruled.MOST_AT_ONCE", 64)
    rng = some()
    low, mark = rng.integers(0, 40, N), rng.choice(["p", "q", "r"], N)
    frame = pl.DataFrame({"low": low, "high": low + rng.integers(0, 40, N), "mark": holed(mark, rng)})
    frame = frame.unique(["low", "high"], maintain_order=True)
    synth = fitted(frame, ["low < high or low = high", "unique (low, high)"])
    drawn = synth.sample(500, random_state=1)
    assert drawn.height == drawn.unique(["low", "high"]).height == 500
    assert (drawn["low"] <= drawn["high"]).all()
    assert drawn.columns == frame.columns
    assert pl.concat(synth.sample_parts(500, part=70, random_state=1)).equals(drawn)


def test_a_net_is_not_chosen_by_what_combinations_join() -> None:
    """Joining columns of levels leaves most columns numbers, of which a net learns longer: that is not the rule's to
    say."""
    rng = some()
    city = rng.choice(["Paris", "Lyon", "Bonn", "Rome"], N)
    land = pl.Series(city).replace_strict({"Paris": "F", "Lyon": "F", "Bonn": "D", "Rome": "I"})
    frame = pl.DataFrame(
        {"city": city, "land": land, "x": rng.random(N), "y": rng.random(N), "z": rng.choice(["a", "b"], N)}
    )
    plain, ruled = (
        fitted(frame, rules, "autoregressive", max_seconds=0.01).generator_ for rules in ([], ["city, land from data"])
    )
    assert len(ruled._alphabet.fields) == len(plain._alphabet.fields) - 1
    assert ruled._schedule(N, ruled._alphabet).epochs == plain._schedule(N, plain._alphabet).epochs


def test_an_exact_number_of_rows_comes_of_a_rule_that_few_draws_keep() -> None:
    rng = some()
    frame = pl.DataFrame({"a": rng.integers(0, 1_000, N), "b": rng.integers(0, 1_000, N)})
    with pytest.warns(LikewiseWarning, match="break rule 'a < b - 900'"):
        synth = fitted(frame, ["a < b - 900"])
    drawn = synth.sample(1_000)
    assert drawn.height == 1_000
    assert (drawn["a"] < drawn["b"] - 900).all()


def test_a_rule_that_no_draw_keeps_is_an_error_with_its_rate() -> None:
    frame = pl.DataFrame({"a": some().integers(0, 9, N), "b": some(seed=1).integers(0, 9, N)})
    with pytest.warns(LikewiseWarning, match="break rule"):
        synth = fitted(frame, ["a > b + 100"])
    with pytest.raises(RuleError, match=r"0 keep all rules \(rate 0\).*'a > b \+ 100' by 100.00%"):
        synth.sample(5, max_tries=1_000)


def test_rows_that_break_a_rule_are_counted_learnt_and_never_drawn() -> None:
    rng = some()
    low = rng.integers(0, 100, N)
    frame = pl.DataFrame({"low": low, "high": np.append(low[:-1] + 1, 0)})
    frame[N - 1, "low"] = 50
    with pytest.warns(LikewiseWarning, match="1 of 400 rows that it binds break rule 'low <= high'"):
        synth = fitted(frame, ["low <= high"])
    assert (synth.sample(500)["low"] <= synth.sample(500, random_state=1)["high"].max()).all()
    with pytest.raises(RuleError, match=r"1 of 400 rows.*clean them"):
        fitted(frame, ["low <= high"], strict_rules=True)


# ---- rules that cannot be kept ---------------------------------------------------------------------------------------

FRAME = pl.DataFrame({name: some(seed=i).integers(0, 9, N) for i, name in enumerate("abcd")})


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (["a < b", "b < a"], "rules 'a < b' and 'b < a' cannot be kept together"),
        (["a <= b", "b < c", "c <= a"], "cannot be kept together"),
        (["a > 5", "b >= a", "b < 3"], "cannot be kept together"),
        (["a = 1", "a = 2"], "cannot be kept together"),
        (["a = b", "a < b"], "cannot be kept together"),
        (["a <= b", "b <= a"], "write a = b instead"),
        (["a <= a"], "to itself"),
        (["a = b + 1", "b = a + 1"], "cannot be kept together|go in a circle"),
        (["a + b = c", "c = d", "c = a + 1", "d = b + 1", "a = b"], "go in a circle, or determine one column twice"),
        (["a * b = c * d"], "determines no column"),
    ],
)
def test_rules_that_no_row_can_keep_are_refused_by_name(rules: list[str], said: str) -> None:
    with pytest.raises(RuleError, match=said):
        fitted(FRAME, rules)


def test_an_equation_is_solved_for_another_column_where_two_determine_one() -> None:
    frame = FRAME.select("a", "b").with_columns(c=pl.col("a") + pl.col("b"), d=pl.col("a") + pl.col("b") - 2)
    drawn = fitted(frame, ["c = a + b", "c = d + 2"]).sample(300)
    assert (drawn["c"] == drawn["a"] + drawn["b"]).all()
    assert (drawn["c"] == drawn["d"] + 2).all()


def test_combinations_that_are_mostly_rare_are_refused() -> None:
    frame = pl.DataFrame({"x": some().random(N), "y": some(seed=1).random(N)})
    with pytest.raises(RuleError, match="only 0 of 400 combinations are of 5 people or more"):
        fitted(frame, ["x, y from data"])


# ---- conditions, completion, files -----------------------------------------------------------------------------------


def orders(n: int = 1_500) -> pl.DataFrame:
    rng = some()
    start, a = rng.integers(0, 900, n), rng.integers(0, 40, n)
    city = rng.choice(["Paris", "Lyon", "Bonn", "Rome"], n, p=[0.4, 0.3, 0.2, 0.1])
    land = pl.Series(city).replace_strict({"Paris": "F", "Lyon": "F", "Bonn": "D", "Rome": "I"})
    return pl.DataFrame(
        {
            "start": days(start), "end": days(start + rng.integers(0, 15, n)), "a": a,
            "b": (b := rng.integers(0, 9, n) * 5),
            "total": a + b, "city": city, "land": land,
        }
    )  # fmt: skip


RULES = ["start <= end", "a + b = total", "city, land from data", "b % 5 = 0"]


@pytest.mark.parametrize("model", ["cart", "copula"])
def test_conditions_on_ruled_columns_equal_filtering(model: str) -> None:
    """Each condition is on a column that is made, not learnt; what else the rows hold is as among free rows that meet
    it."""
    synth = fitted(orders(), RULES, model)
    free = synth.sample(60_000, random_state=1)
    asked: list[tuple[dict[str, Any], pl.Expr]] = [
        ({"total": lw.above(60)}, pl.col("total") > 60),
        ({"land": "F"}, pl.col("land") == "F"),
        ({"b": [5, 40]}, pl.col("b").is_in([5, 40])),
        (
            {"end": lw.above("2022-01-01"), "city": "Rome"},
            (pl.col("end") > dt.date(2022, 1, 1)) & (pl.col("city") == "Rome"),
        ),
    ]
    for where, same in asked:
        rows, brute = synth.sample(3_000, where=where, random_state=2), free.filter(same)
        assert rows.height == 3_000
        assert rows.filter(same).height == 3_000
        for name in ("a", "b", "total"):
            wide = 5 * np.sqrt(brute[name].var() * (1 / 3_000 + 1 / brute.height))  # type: ignore[operator]
            assert abs(rows[name].mean() - brute[name].mean()) < wide, (where, name)  # type: ignore[operator]


def test_a_condition_that_no_combination_meets_is_refused() -> None:
    synth = fitted(orders(), RULES)
    with pytest.raises(ConditionError, match="combinations of 'city', 'land' that enough people have, none meets them"):
        synth.sample(5, where={"city": "Rome", "land": "F"})


def test_a_condition_out_of_reach_tells_what_was_measured() -> None:
    synth = fitted(orders(), RULES)
    with pytest.raises(
        ConditionError, match=r"conditions on 'total': of .* rows that the model drew, 0 keep all rules"
    ):
        synth.sample(5, where={"total": lw.above(10_000)}, max_tries=2_000)


def test_completion_fills_what_the_known_cells_determine_and_keeps_the_rules() -> None:
    frame = orders()
    synth = fitted(frame, RULES)
    schema = infer(frame)
    filled = synth.complete(frame.select("a", "total", "land", "start")[:200], random_state=0)
    assert (filled["b"] == frame["b"][:200]).all()
    assert n_broken(filled, [r for r in RULES if "data" not in r], schema) == dict.fromkeys(
        ["start <= end", "a + b = total", "b % 5 = 0"], 0
    )
    assert set(filled.select("city", "land").unique().rows()) <= set(frame.select("city", "land").unique().rows())


def test_completion_solves_for_parts_of_what_is_known() -> None:
    frame = orders()
    synth = fitted(frame, RULES)
    given = frame.select("end", "total", "city")[:100]
    filled = synth.complete(given, random_state=0)
    assert filled.select(given.columns).equals(given)
    assert (filled["a"] + filled["b"] == filled["total"]).all()
    assert (filled["start"] <= filled["end"]).all()
    # as near as the gaps that were learnt: with a start drawn for itself it would be some hundred days
    assert (filled["end"] - filled["start"]).dt.total_days().mean() < 15  # type: ignore[operator]


def test_what_completion_solves_for_goes_with_what_is_known_as_in_the_table() -> None:
    """Long gaps come late only, and the parts of a total in near shares: a row whose end or total is all that is known
    must be given a gap of its time, and parts of its size."""
    rng = some()
    start, a = rng.integers(0, 900, 3_000), rng.gamma(3, 10, 3_000).astype(int)
    gap, b = np.where(start < 450, rng.integers(1, 5, 3_000), rng.integers(10, 30, 3_000)), a // 3
    frame = pl.DataFrame({"start": days(start), "end": days(start + gap), "a": a, "b": b, "total": a + b})
    synth = fitted(frame[:2_000], ["start <= end", "a + b = total"])
    filled = synth.complete(frame.select("end", "total")[2_000:], random_state=0)
    made = (filled["end"] - filled["start"]).dt.total_days().to_numpy()
    late = start[2_000:] >= 500
    assert (made[late] >= 10).mean() > 0.95
    assert (made[start[2_000:] < 430] < 10).mean() > 0.95
    assert np.corrcoef(filled["a"], frame["a"][2_000:])[0, 1] > 0.95


def test_a_model_file_keeps_the_rules(tmp_path: Path) -> None:
    synth = fitted(orders(), [*RULES, "total < 200 -> a >= 0", "city, b from data"])
    synth.save(tmp_path / "m.likewise")
    loaded = lw.load(tmp_path / "m.likewise")
    assert loaded.rules == [*RULES, "total < 200 -> a >= 0", "city, b from data"]
    assert loaded.sample(300, random_state=3).equals(synth.sample(300, random_state=3))
    assert loaded.log_prob(orders(50)).shape == (50,)


def test_rules_of_a_schema_hold_as_those_of_an_argument(tmp_path: Path) -> None:
    frame = orders()
    schema = lw.Schema(infer(frame).columns, rules=("a + b = total",))
    again = lw.Schema.from_json(schema.to_json())
    assert again == schema
    drawn = lw.Synthesizer("cart", schema=again, rules=["start <= end"], random_state=0).fit(frame).sample(200)
    assert (drawn["a"] + drawn["b"] == drawn["total"]).all()
    assert (drawn["start"] <= drawn["end"]).all()


def test_frames_of_pandas_keep_rules_too() -> None:
    import pandas as pd

    frame = orders().to_pandas()
    drawn = fitted(frame, RULES).sample(100)
    assert isinstance(drawn, pd.DataFrame)
    assert (drawn["a"] + drawn["b"] == drawn["total"]).all()


def test_k_anonymous_columns_are_not_made_by_rules() -> None:
    frame = orders()
    schema = infer(frame).replace("total", role="quasi_identifier")
    with pytest.raises(RuleError, match="rules make 'total' of other columns"):
        fitted(frame, RULES, schema=schema, codec=lw.CodecOptions(k_anonymous=5))
