"""Histories: fresh entities raise no more alarms than stated, and what is wrong with a history is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import InputError, OptionError

from .made import VISITS, likeness, shuffled, visits


def most(level: float, runs: int) -> float:
    """Alarms that come by chance in one of seven hundred tests, at most."""
    return level * runs + 3 * np.sqrt(level * (1 - level) * runs)


@pytest.mark.parametrize(
    ("n", "stays", "holdout", "runs"), [(40, 0.6, True, 200), (40, 0.9, True, 60), (60, 0.8, False, 60)]
)
def test_fresh_entities_alarm_no_more_often_than_stated(n: int, stays: float, holdout: bool, runs: int) -> None:
    alarms: Counter[str] = Counter()
    for seed in range(runs):
        real, fake, fresh = (visits(n, 3 * seed + k, stays=stays) for k in range(3))
        found = likeness(real, fake, fresh if holdout else None, seed)
        alarms.update(name for name, score in found.items() if score.stands == "worse")
        two_sided = {name for name, score in found.items() if score.better == "floor"}
    for name, n_alarms in alarms.items():
        assert n_alarms <= most(0.05 if name in two_sided else 0.025, runs), (name, n_alarms)


def later(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.int_range(pl.len()).over("who") < 0.6 * pl.len().over("who"))


def slower(table: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("day").first().over("who")
    return table.with_columns(day=first + 2 * (pl.col("day") - first))


def torn(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(level=pl.col("level").shuffle(3), ward=pl.col("ward").shuffle(4))


PLACE = pl.int_range(pl.len()).over("who")
FAULTS: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], set[str]]] = {
    "steps shuffled": (lambda t: shuffled(t, ["ward", "level"], 1), {"pairs", "transitions", "triples"}),
    "histories cut": (later, {"lengths", "last"}),
    "times swapped": (lambda t: shuffled(t, ["day"], 1), {"back"}),
    "twice as long between": (slower, {"gaps"}),
    "no two of one day": (lambda t: t.with_columns(day=pl.col("day") + PLACE), {"ties", "gaps"}),
    "of one ward": (lambda t: t.with_columns(ward=pl.col("ward").first().over("who")), {"stays", "alike", "distinct"}),
    "sexes that change": (lambda t: t.with_columns(sex=pl.col("sex").shuffle(2)), {"static"}),
    "a counter that falls": (lambda t: shuffled(t, ["dose"], 1), {"orders"}),
    "entities torn apart": (torn, {"alike", "pairs"}),
    "rows repeated": (lambda t: pl.concat([t, t.head(len(t) // 10)]), {"repeated"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found_and_named(fault: str) -> None:
    real, fake, fresh = (visits(1_500, seed) for seed in (1, 2, 3))
    spoil, named = FAULTS[fault]
    clean, found = likeness(real, fake, fresh), likeness(real, spoil(fake), fresh)
    for name in named:
        assert clean[f"history_{name}"].stands == "at", name
        assert found[f"history_{name}"].stands == "worse", (name, found[f"history_{name}"])


def test_one_entity_of_very_many_rows_makes_no_alarm() -> None:
    real, fake, fresh = (visits(60, seed, stays=0.5) for seed in (4, 5, 6))
    one = visits(1, 7, stays=0.999).with_columns(who=pl.lit("giant"))
    giant = pl.concat([one.with_columns(day=pl.col("day") + 5 * k) for k in range(300)])
    found = likeness(real, pl.concat([fake, giant]), fresh)
    assert found["history_pairs"].stands == "at"
    assert found["history_transitions"].interval is not None
    assert np.ptp(found["history_transitions"].interval) > 0.1


def test_entities_of_both_tables_are_no_fresh_ones() -> None:
    real, fake, fresh = (visits(80, seed) for seed in (8, 9, 10))
    mixed = likeness(real, fake, pl.concat([fresh, real]))
    assert mixed["history_lengths"].n == likeness(real, fake, fresh)["history_lengths"].n == 80


def test_a_holdout_of_members_alone_tells_no_floor() -> None:
    real, fake = visits(80, 8), visits(80, 9)
    report = lw.evaluate(real, fake, holdout=real, entity="who", time="day", measures=["attacks"])
    assert report["history_lengths"].floor_by == "halves"
    assert "history_membership" not in report


def test_rows_in_any_order_are_put_in_time() -> None:
    real, fake, fresh = (visits(200, seed) for seed in (11, 12, 13))
    once = fake.unique(["who", "day"], keep="first", maintain_order=True)  # what ties hold depends on the order
    one, other = likeness(real, once, fresh), likeness(real, once.sample(fraction=1.0, shuffle=True, seed=1), fresh)
    assert one["history_gaps"].value == pytest.approx(other["history_gaps"].value, abs=0.05)
    assert one["history_back"].value == 0 < other["history_back"].value


def test_the_report_holds_them_all_and_says_how_each_is_measured() -> None:
    real, fake, fresh = (visits(120, seed) for seed in (14, 15, 16))
    report = lw.evaluate(real, fake, holdout=fresh, entity="who", time="day", learner="linear")
    names = {score.name for score in report if score.name.startswith("history_")}
    assert {"history_coherence", "history_c2st", "history_next_auc", "history_rest_r2", "history_copies"} <= names
    for score in report:
        assert score.text("label", "zh")
        assert score.text("method", "zh")
    assert lw.Report.from_json(report.to_json()).scores == report.scores
    assert report.data["time"] == "day"
    plain = lw.evaluate(real, fake, holdout=fresh, entity="who", learner="linear", measures=[])
    assert not any(score.name.startswith("history_") for score in plain)


def test_what_is_next_is_foretold_worse_from_shuffled_histories() -> None:
    real, fake, fresh = (visits(800, seed) for seed in (17, 18, 19))
    found = {}
    for name, table in (("clean", fake), ("shuffled", shuffled(fake, ["ward"], 1))):
        report = lw.evaluate(
            real, table, holdout=fresh, entity="who", time="day", learner="linear", measures=["utility", "detection"]
        )
        found[name] = report["history_next_auc"].stands, report["history_c2st"].stands
    assert found == {"clean": ("at", "at"), "shuffled": ("worse", "worse")}


def test_the_rows_own_order_will_do() -> None:
    real, fake = (visits(60, seed).drop("day") for seed in (20, 21))
    report = lw.evaluate(real, fake, entity="who", time=True, measures=[])
    assert "history_transitions" in report
    assert "history_gaps" not in report


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"time": "day"}, "give entity="),
        ({"entity": "who", "time": "dya"}, "did you mean 'day'"),
        ({"entity": "who", "time": "ward"}, "holds neither dates nor numbers"),
    ],
)
def test_what_tells_no_time_is_refused(options: dict[str, str], said: str) -> None:
    real = visits(30, 1)
    schema = VISITS if "entity" in options else VISITS.replace("who", role="id")
    with pytest.raises(OptionError, match=said):
        lw.evaluate(real, visits(30, 2), schema=schema, **options)  # type: ignore[arg-type]


def test_a_synthetic_table_that_does_not_tell_whose_rows_are_is_refused() -> None:
    with pytest.raises(InputError, match=r"the synthetic table lacks column 'who'.*leave time out"):
        lw.evaluate(visits(30, 1), visits(30, 2).drop("who"), entity="who", time="day", measures=[])


def test_rows_without_a_time_are_left_out_and_told() -> None:
    real, fake = visits(40, 1), visits(40, 2)
    holed = fake.with_columns(day=pl.when(pl.int_range(pl.len()) % 7 > 0).then("day"))
    report = lw.evaluate(real, holed, entity="who", time="day", measures=[])
    assert any("have no 'day'" in note for note in report.notes)


def test_few_entities_are_told_of() -> None:
    report = lw.evaluate(visits(10, 1), visits(10, 2), entity="who", time="day", measures=[])
    assert any("at least 20 entities" in note for note in report.notes)
    assert "history_lengths" not in report
