"""Rules where rows are not only drawn: in scenarios, among more rows of rare classes, in filled holes, in anonymised
tables."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import LikewiseWarning, OptionError, RuleError
from likewise.report.notes import note_in
from likewise.rules import shares_of
from likewise.schema.infer import infer
from likewise.schema.parse import parse

N = 600
RULES = ["start <= end", "a + b = total", "city, land from data", "total > 60 -> mark = 'high'"]


def stays(n: int = N, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    start, a, b = rng.integers(0, 900, n), rng.gamma(3, 12, n).astype(int), rng.integers(0, 40, n)
    city = rng.choice(["Paris", "Lyon", "Bonn", "Rome"], n, p=[0.4, 0.3, 0.2, 0.1])
    land = pl.Series(city).replace_strict({"Paris": "F", "Lyon": "F", "Bonn": "D", "Rome": "I"})
    first = np.datetime64("2020-01-01")
    mark = np.where(a + b > 60, "high", rng.choice(["low", "high"], n))
    return pl.DataFrame(
        {
            "start": pl.Series(first + start.astype("timedelta64[D]")),
            "end": pl.Series(first + (start + rng.integers(0, 15, n)).astype("timedelta64[D]")),
            "a": a, "b": b, "total": a + b, "city": city, "land": land, "mark": mark,
        }
    )  # fmt: skip


def broken(frame: Any, real: pl.DataFrame | None = None, rules: list[str] = RULES) -> dict[str, int]:
    """How many rows break each rule."""
    real = stays() if real is None else real
    schema = infer(real)
    shares = shares_of(rules, schema, parse(pl.DataFrame(frame), schema), parse(real, schema))
    return {rule: share.broken for rule, share in shares.items() if share.broken}


@pytest.fixture(scope="module")
def scenario() -> lw.Scenario:
    return lw.Scenario("cart", rules=RULES, random_state=0).fit(stays())


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"where": {"total": lw.above(70), "city": "Bonn"}},
        {"mix": {"land": {"F": 0.1, "I": 0.6}}},
        {"views": [lw.scenario.mean("total", 50.0)]},
        {
            "rows": pl.DataFrame({"end": ["2021-05-03"] * 2, "city": ["Rome", None]}).with_columns(
                pl.col("end").str.to_date()
            )
        },
        {"intervene": {"a": 80}, "order": ["start", "end", "city", "land", "a", "b", "total", "mark"]},
        {"intervene": {"city": "Rome"}, "parents": {"land": ["city"]}},
        {"intervene": {"city": "Rome"}, "parents": {"mark": ["city"]}},  # the land stays as it was
        {"return_period": 2_000, "tail": "total"},
    ],
    ids=lambda asked: next(iter(asked), "plain"),
)
def test_rows_of_a_scenario_keep_the_rules(scenario: lw.Scenario, asked: dict[str, Any]) -> None:
    drawn = scenario.sample(200, random_state=1, **asked).frame
    assert len(drawn) == 200
    assert broken(drawn) == {}


def test_what_a_scenario_asks_holds_under_rules(scenario: lw.Scenario) -> None:
    set_to = scenario.sample(100, intervene={"city": "Rome"}, parents={"land": ["city"]}, random_state=1).frame
    assert set(set_to["land"]) == {"I"}
    mixed = scenario.sample(100, mix={"land": {"F": 0.1, "I": 0.6}}, random_state=1).frame
    assert mixed["land"].value_counts().sort("land")["count"].to_list() == [30, 10, 60]
    far = scenario.sample(100, return_period=2_000, tail="total", random_state=1)
    assert (far.frame["total"] >= far.report["return_level"]["level"] - 1e-9).all()


def test_rows_that_an_intervention_leaves_no_room_are_left_out() -> None:
    frame = stays().select("city", "land", zone=pl.col("city") + "-zone")
    rules = ["city, land, zone from data"]
    scenario = lw.Scenario("cart", rules=rules, random_state=0).fit(frame)
    asked: dict[str, Any] = {"intervene": {"land": "F"}, "parents": {"zone": ["city", "land"]}}
    drawn = scenario.sample(100, random_state=1, **asked).frame
    assert set(drawn["city"]) == {"Paris", "Lyon"}
    assert broken(drawn, frame, rules) == {}


def test_a_tail_that_a_rule_holds_to_others_is_not_carried_on(scenario: lw.Scenario) -> None:
    with pytest.raises(OptionError, match="a rule holds 'total' to other columns"):
        scenario.sample(10, extrapolate="total")
    assert broken(scenario.sample(200, extrapolate=True, random_state=1).frame) == {}


def test_a_reverse_stress_test_keeps_the_rules(scenario: lw.Scenario) -> None:
    found = scenario.reverse({"total": 1.0}, 90, n=5, search_rows=60, random_state=0).frame
    assert broken(found) == {}
    assert (found["total"] >= 90).all()


@pytest.mark.parametrize("model", ["auto", "random", "smote", "smotenc", "cart"])
def test_rows_added_to_rare_classes_keep_the_rules(model: str) -> None:
    frame = stays(300)
    rare = np.arange(len(frame)) % 6 == 0
    options = {"options": None} if model != "auto" else {}
    more, labels = lw.balance.Oversampler(model, rules=RULES, random_state=0, **options).fit_resample(frame, rare)
    assert np.bincount(labels.astype(int)).tolist() == [250, 250]
    assert more[:300].equals(frame)
    assert broken(more[300:], frame) == {}


def test_rows_of_a_class_that_break_a_rule_are_told_of_and_not_copied() -> None:
    frame = stays(300).with_columns(total=pl.when(pl.int_range(300) == 6).then(0).otherwise("total"))
    sampler = lw.balance.Oversampler("random", rules=["a + b = total"], random_state=0)
    with pytest.warns(LikewiseWarning, match="1 of 300 rows break a rule"):
        more, _ = sampler.fit_resample(frame, np.arange(300) % 6 == 0)
    assert broken(more[300:], frame, ["a + b = total"]) == {}
    assert broken(more, frame, ["a + b = total"]) == {"a + b = total": 1}


def test_flags_of_a_rule_stay_apart_when_classes_are_balanced() -> None:
    rng = np.random.default_rng(0)
    held = rng.integers(0, 3, 300)
    frame = pl.DataFrame({"v": rng.normal(size=300)} | {name: (held == k).astype(int) for k, name in enumerate("xyz")})
    rules = ["one of (x, y, z)", "x = 1 -> y = 0"]
    more, _ = lw.balance.Oversampler("copula", rules=rules, random_state=0).fit_resample(frame, np.arange(300) % 6 == 0)
    assert broken(more[300:], frame, rules) == {}


def test_unique_rows_are_no_matter_of_balancing() -> None:
    with pytest.raises(OptionError, match=r"unique .* cannot be kept"):
        lw.balance.Oversampler("random", rules=["unique (a, b, start)"]).fit_resample(stays(60), np.arange(60) % 6 == 0)


@pytest.mark.filterwarnings("ignore:in columns that pass through")
def test_anonymised_rows_tell_which_rules_they_break_and_which_cannot_be_held() -> None:
    frame = stays(300)
    schema = lw.Schema(infer(frame).columns, rules=(*RULES, "a <= total"))
    with pytest.warns(LikewiseWarning, match="rule 'a . b = total' gives 'a' back from columns that go out as they"):
        done = lw.privacy.anonymize(frame, quasi_identifiers=["a"], k=5, numbers="mean", schema=schema, drop="end")
    notes = done.report.notes
    assert "rule 'start <= end' says nothing of the released rows, which lack 'end'" in notes
    assert "no row can be held to rule 'a <= total': 'a' came out recoded" in notes
    assert not any("city" in note for note in notes)  # kept, so nothing is to be said
    assert note_in(notes[-1], "zh") != notes[-1]


@pytest.mark.filterwarnings("ignore:in columns that pass through")
def test_anonymised_rows_that_break_a_rule_are_counted() -> None:
    frame = stays(300)
    schema = lw.Schema(infer(frame).columns, rules=("city, land from data",))
    cities = {"Paris": ["Paris"], "Lyon": ["Lyon"], "Bonn": ["Bonn"], "Rome": ["Paris"]}
    n = int((frame["city"] == "Rome").sum())
    done = lw.privacy.anonymize(
        frame, quasi_identifiers=["city"], k=n + 1, method="lattice", hierarchies={"city": cities}, schema=schema
    )
    assert f"{n} of 300 released rows that it binds break rule 'city, land from data'" in done.report.notes


def holed(frame: pl.DataFrame, share: float = 0.25, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return frame.select(
        pl.when(pl.Series(rng.random(len(frame)) > share)).then(pl.col(n)).alias(n) for n in frame.columns
    )


@pytest.mark.parametrize("statistic", ["median", "mean", "draw"])
def test_filled_holes_agree_with_the_rules(statistic: str) -> None:
    frame = stays(300)
    gaps = holed(frame)
    filled = lw.Imputer(rules=RULES, statistic=statistic, random_state=0).fit_transform(gaps)
    assert filled.null_count().sum_horizontal()[0] == 0
    assert broken(filled, frame) == {}
    for name in frame.columns:
        known = gaps[name].is_not_null()
        assert filled[name].filter(known).equals(gaps[name].drop_nulls())
    whole = gaps["a"].is_not_null() & gaps["b"].is_not_null()
    assert filled["total"].filter(whole).equals(frame["total"].filter(whole))  # told, not guessed
    alone = gaps["city"].is_not_null()
    assert filled["land"].filter(alone).equals(frame["land"].filter(alone))


def test_several_imputations_keep_the_rules_and_differ() -> None:
    frame = stays(200)
    gaps = holed(frame)
    tables = lw.Imputer("copula", rules=RULES, random_state=0).fit(gaps).imputations(gaps, n_imputations=3)
    assert [broken(table, frame) for table in tables] == [{}] * 3
    assert not tables[0].equals(tables[1])


def test_a_hole_that_a_rule_asks_for_stays_one() -> None:
    rng = np.random.default_rng(0)
    state = rng.choice(["open", "done"], 200)
    frame = pl.DataFrame({"state": state, "days": np.where(state == "done", rng.integers(1, 9, 200), -1)})
    frame = frame.with_columns(days=pl.when((pl.col("days") > 0) & (pl.int_range(200) % 5 > 0)).then("days"))
    filled = lw.Imputer(rules=["state = 'open' -> days is null"], random_state=0).fit_transform(frame)
    assert (filled["days"].is_null() == (frame["state"] == "open")).all()


def test_rows_that_break_a_rule_by_known_cells_are_told_of_and_filled_all_the_same() -> None:
    frame = holed(stays(200)).with_columns(
        start=pl.when(pl.int_range(200) == 0).then(pl.lit(dt.date(2030, 1, 1))).otherwise("start"),
        end=pl.when(pl.int_range(200) == 0).then(pl.lit(dt.date(2020, 1, 1))).otherwise("end"),
    )
    with pytest.warns(LikewiseWarning, match="1 rows break a rule by their known cells"):
        filled = lw.Imputer(rules=RULES, random_state=0).fit_transform(frame)
    assert filled.null_count().sum_horizontal()[0] == 0
    assert broken(filled, stays(200)) == {"start <= end": 1}


def test_holes_without_room_are_an_error_in_words() -> None:
    frame = stays(200).with_columns(
        mid=pl.when(pl.int_range(200) > 0).then("a"), low=pl.col("a") - 1, high=pl.col("a") + 1
    )
    frame = frame.with_columns(high=pl.when(pl.int_range(200) == 0).then(pl.col("low") + 1).otherwise("high"))
    with pytest.raises(RuleError, match="1 of 200 rows found no values for their holes"):
        lw.Imputer(rules=["low < mid", "mid < high"], random_state=0).fit_transform(frame.select("low", "mid", "high"))


def test_a_synthesizer_that_keeps_rules_fills_holes_under_them() -> None:
    frame = stays(300)
    synth = lw.Synthesizer("cart", rules=RULES, random_state=0).fit(frame)
    gaps = holed(frame[:100])
    filled = lw.Imputer(synth, random_state=0).fit_transform(gaps)
    assert filled.null_count().sum_horizontal()[0] == 0
    assert broken(filled, frame) == {}
