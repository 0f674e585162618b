"""Each attack finds the leak it is made for, and alarms no more often than its level on fresh real rows."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from likewise.errors import OptionError
from likewise.evaluate import evaluate_tables
from likewise.evaluate.attacks.copies import distance_share
from likewise.evaluate.attacks.inference import inference, secrets_of, worst_guess
from likewise.evaluate.attacks.linkage import linkability
from likewise.evaluate.attacks.membership import membership, worst_off
from likewise.evaluate.attacks.rates import contrast, contrast_of_draws
from likewise.evaluate.attacks.shadow import _records, shadow_attack
from likewise.evaluate.attacks.singling_out import several_values, single_values
from likewise.evaluate.tables import type_tables
from likewise.schema.column import Column, Kind, Role, Schema

from .frames import MIXED, mixed

ROOT = Path(__file__).resolve().parent.parent.parent
COLUMNS = [c.name for c in MIXED if c.is_modelled]


def typed(*frames: pl.DataFrame):
    return type_tables(frames, MIXED, text="value")


def leak(train: pl.DataFrame, fresh: pl.DataFrame, share: float) -> pl.DataFrame:
    n = round(share * fresh.height)
    return pl.concat([train[:n], fresh[n:]])


@pytest.fixture(scope="module")
def leaking():
    """A fifth of the synthetic rows copied; training, holdout, synthetic."""
    train, holdout, fresh = mixed(3000, 0), mixed(2000, 1), mixed(3000, 2)
    return typed(train, holdout, leak(train, fresh, 0.2))


def test_a_hidden_value_is_read_off_a_copied_row(leaking):
    found = inference(*leaking, COLUMNS, COLUMNS, seed=0)
    worst = worst_guess(found)
    assert worst.risk.interval[0] > worst.risk.floor
    assert worst.risk.value - worst.risk.floor > 0.1 * (1.0 - worst.risk.floor)
    incomes = next(g for g in found if g.column == "income")
    assert incomes.risk.value > incomes.by_others + 0.1, "other people's incomes say nothing of yours"


def test_what_the_population_gives_away_is_no_leak():
    """Age follows from the year of birth for everybody: guessed always, and no alarm."""
    frames = [mixed(1500, s, holes=0.0).with_columns(gain=pl.col("age") * 2.0) for s in range(3)]
    train, synthetic, holdout = typed(*frames)
    (found,) = inference(train, holdout, synthetic, ["gain"], ["age"], seed=0)
    assert found.risk.value > 0.95
    assert found.risk.interval[0] <= found.risk.floor


def test_a_tree_finds_what_drowns_among_columns_that_tell_nothing():
    """The generator knows by heart which answer prevails at each place it learnt of; sixty columns are noise."""
    rng = np.random.default_rng(5_501)
    names = ["place", *(f"noise{i}" for i in range(60))]
    schema = Schema((*(Column(name=n, kind=Kind.REAL) for n in names), Column(name="answer", kind=Kind.BOOLEAN)))

    def rows(n: int) -> pl.DataFrame:
        values = np.column_stack([rng.integers(0, 200, n), rng.normal(size=(n, 60))])
        return pl.DataFrame(values, schema=names).with_columns(answer=pl.Series(rng.random(n) < 0.5))

    train, holdout, fake = rows(800), rows(800), rows(3_000)
    prevails = train.group_by("place").agg(pl.col("answer").mean() > 0.5)
    fake = fake.drop("answer").join(prevails, on="place", how="inner")
    (found,) = inference(*type_tables([train, holdout, fake], schema), ["answer"], names, seed=0)
    assert found.by == "tree"
    assert found.risk.interval[0] > found.risk.floor


def test_two_guesses_widen_the_interval_for_both():
    rng = np.random.default_rng(5_502)
    frames = [pl.DataFrame({"x": rng.normal(size=n), "y": rng.integers(0, 2, n).astype(str)}) for n in (300, 300, 300)]
    schema = Schema((Column(name="x", kind=Kind.REAL), Column(name="y", kind=Kind.CATEGORICAL)))
    (found,) = inference(*type_tables(frames, schema), ["y"], ["x"], seed=0)
    hits, control = round(found.risk.value * 300), round(found.risk.floor * 150)
    assert found.risk.interval == contrast(hits, 300, control, 150, tests=2).interval


def test_values_and_corners_point_to_copied_people(leaking):
    for found in (single_values(*leaking, seed=0), several_values(*leaking, seed=0)):
        assert found.interval[0] > found.floor
        assert found.n > 100


def test_a_predicate_singles_out_only_when_one_row_meets_it():
    schema_columns = ["age"]
    train, holdout, synthetic = (
        pl.DataFrame({"age": values}) for values in ([20, 20, 30, 40], [50, 60, 70, 80], [20, 40, 40, 50, 90])
    )
    schema = type(MIXED)(tuple(c for c in MIXED if c.name in schema_columns))
    found = single_values(*type_tables([train, holdout, synthetic], schema), seed=0)
    # 20 once, 50 once, 90 once, "at most 20", "at least 90": only "= 50" meets one real row, and it is a holdout row.
    assert (found.n, found.value, found.floor) == (5, 0.0, 0.2)


def test_the_halves_of_copied_people_meet(leaking):
    found = linkability(*leaking, seed=0)
    assert found.interval[0] > found.floor + 0.05


def test_few_near_copies_are_found_among_many_good_rows():
    train, holdout, fresh = mixed(6000, 0), mixed(3000, 1), mixed(6000, 2)
    near = leak(train, fresh, 0.01).with_columns(income=pl.col("income") * 1.001)
    everyone, crowded = distance_share(*typed(train, holdout, near), seed=0)
    assert everyone.interval[0] < 0.5, "one in a hundred is lost among all"
    assert crowded.interval[0] > 0.6


def test_low_false_alarm_rates_tell_a_few_copies():
    train, holdout, fresh = mixed(5000, 0), mixed(5000, 1), mixed(5000, 2)
    for found in membership(*typed(train, holdout, leak(train, fresh, 0.05)), seed=0):
        caught = found.caught[0.01]
        assert caught.interval[0] > 0.01
        assert caught.value == pytest.approx(0.05, abs=0.025)


def test_the_worst_off_are_those_who_were_copied():
    train, holdout, fresh = mixed(1000, 0), mixed(1000, 1), mixed(1000, 2)
    rows = worst_off(*typed(train, holdout, leak(train, fresh, 0.02)), 10, seed=0)
    assert set(rows.tolist()) <= set(range(20))


def test_sensitive_columns_are_the_secrets_else_all_up_to_thirty_or_six_of_long_tables():
    rng = np.random.default_rng(0)
    assert secrets_of(MIXED, None, 1_000, rng) == COLUMNS
    assert secrets_of(MIXED.replace("income", role=Role.SENSITIVE), None, 1_000, rng) == ["income"]
    wide = Schema(tuple(Column(name=f"c{i}", kind=Kind.REAL) for i in range(40)))
    for n_rows, most in ((1_000, 30), (1_000_000, 6)):
        found = secrets_of(wide, "c39", n_rows, rng)
        assert len(found) == most
        assert "c39" in found


def test_fresh_rows_raise_no_more_alarms_than_the_level_says():
    alarms: dict[str, int] = {}
    n_pairs = 40
    for seed in range(n_pairs):
        train, holdout, fresh = (mixed(n, 10 * seed + k) for k, n in enumerate((500, 300, 500)))
        report = evaluate_tables(train, fresh, MIXED, holdout=holdout, measures="attacks", random_state=seed)
        for score in report.group("privacy"):
            alarms[score.name] = alarms.get(score.name, 0) + (score.stands == "worse")
    # 2.5 % of 40 each; five or more by chance in 1 of 250 tries
    assert len(alarms) >= 10
    assert max(alarms.values()) <= 4, alarms


def test_a_contrast_carries_the_errors_of_both_sides():
    narrow, wide = contrast(60, 100, 5000, 10_000), contrast(60, 100, 50, 100)
    assert narrow.interval[0] > narrow.floor
    assert wide.interval[0] < wide.floor
    assert contrast(60, 100, 50, 100, tests=10).interval[0] < wide.interval[0]


def test_draws_that_fall_to_one_row_prove_nothing():
    is_member = np.arange(100) < 50
    one, many = np.zeros(100), np.zeros(100)
    one[3], many[:50] = 50, 1
    assert contrast_of_draws(one, is_member, 60).interval[0] <= 0.0
    assert contrast_of_draws(many, is_member, 60).interval[0] > 0.0


def shadows(share: float):
    pool, others = mixed(1600, 0), mixed(4000, 1)

    def draw(rows: pl.DataFrame, n: int, seed: int) -> pl.DataFrame:
        rng = np.random.default_rng(seed)
        n_copied = round(share * n)
        return pl.concat([rows[rng.permutation(len(rows))[:n_copied]], others[rng.permutation(4000)[: n - n_copied]]])

    return shadow_attack(pool, lambda f: typed(*f), draw, n_shadows=10, n_rows=200, seed=0)


def test_shadow_models_tell_a_generator_that_copies_from_one_that_does_not():
    copying, honest = shadows(1.0), shadows(0.0)
    assert copying.area.interval[0] > 0.8
    assert copying.caught.value > 0.3
    assert honest.area.interval[0] < 0.5


def test_half_of_the_records_attacked_are_outliers():
    rng = np.random.default_rng(5_503)
    rows = rng.normal(size=(2_000, 3)).astype(np.float32)
    rows[:30] += 40 * rng.normal(size=(30, 3)).astype(np.float32)
    chosen = _records(rows, 60, rng)
    assert len(set(chosen.tolist())) == 60
    assert set(range(30)) <= set(chosen.tolist())
    assert sum(k >= 30 for k in chosen.tolist()) == 30


def test_a_person_is_in_a_shadow_with_all_rows_or_with_none():
    seen = []
    pool = mixed(900, 41)
    whose = np.repeat(np.arange(300), 3)

    def draw(rows: pl.DataFrame, n: int, seed: int) -> pl.DataFrame:
        seen.append(rows["key"].str.split("-").list.last().cast(pl.Int64).to_numpy() // 3)
        return pool[np.random.default_rng(seed).permutation(900)[:n]]

    found = shadow_attack(pool, lambda f: typed(*f), draw, n_shadows=4, n_rows=240, seed=7, whose=whose)
    assert found.n_records == 20
    for persons in seen:
        _, counts = np.unique(persons, return_counts=True)
        assert (counts == 3).all()


def test_too_few_shadows_are_refused():
    with pytest.raises(OptionError, match="at least 4, got 2"):
        shadow_attack(mixed(50, 0), lambda f: typed(*f), lambda rows, n, seed: rows, n_shadows=2, seed=0)


def test_the_page_of_tables_is_that_of_the_results(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    page = runpy.run_path(str(ROOT / "benchmarks" / "attacks.py"))["page"]
    results = json.loads((ROOT / "benchmarks" / "results" / "attacks.json").read_text(encoding="utf-8"))
    assert page(results) == (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
    clean = [attack for case in results["clean"].values() for attack in case["attacks"].values()]
    assert all(case["draws"] == 150 for case in results["clean"].values())
    # Nine alarms of 150 or more come by chance in 1 of 80, and there are some sixty attacks.
    assert max(attack["alarms"] for attack in clean) <= 11
    for leak, case in (results["power"] | results.get("memorised", {})).items():
        found = [name for name, attack in case["attacks"].items() if attack["alarms"] >= 16]
        assert case["draws"] == 20
        assert bool(found) == (not leak.startswith("none")), leak
