"""The classifier test and train-on-synthetic-test-on-real, with both learners."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from likewise.errors import OptionError
from likewise.evaluate.detection import detect
from likewise.evaluate.learners import LEARNERS, fit, learner_name
from likewise.evaluate.tables import type_tables
from likewise.evaluate.utility import NotMeasurable

from .frames import MIXED, mixed, train_synthetic_test_real

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:xgboost.*")


@pytest.fixture(scope="module")
def tables():
    return type_tables([mixed(1200, 0), mixed(1200, 1), mixed(1200, 2)], MIXED)


def test_models_learnt_side_by_side_are_those_learnt_in_turn(tables, monkeypatch):
    found = []
    for threads in ("1", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        found.append(detect(tables[0], tables[1], learner="xgboost", seed=0))
    assert found[0] == found[1]


def test_many_classes_do_not_make_more_trees_than_are_learnt_from():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 2)).astype(np.float32), np.arange(200) % 10
    model = fit("xgboost", "classify", x, y, [False, False], 0)
    assert len(model.get_booster().get_dump()) == 400


@pytest.mark.parametrize("learner", LEARNERS)
def test_fresh_rows_cannot_be_told_apart(tables, learner):
    found = detect(tables[0], tables[1], learner=learner, seed=0)
    assert found.area.interval[0] < 0.5 + 0.02
    assert abs(found.area.value - 0.5) < 0.05
    assert found.area.n == 1200


@pytest.mark.parametrize("learner", LEARNERS)
def test_the_column_that_gives_it_away_is_named(learner):
    real, fake = mixed(800, 0), mixed(800, 1).with_columns(pl.col("income").shuffle(seed=0))
    found = detect(*type_tables([real, fake.with_columns(age=pl.col("age") + 15)], MIXED), learner=learner, seed=0)
    assert found.area.value > 0.7
    names = [c.name for c in MIXED if c.is_modelled]
    assert names[int(np.argmax(found.tells))] == "age"


def test_too_few_rows_to_judge(tables):
    assert detect(tables[0], tables[1].take(np.arange(5)), seed=0) is None


def test_same_seed_same_figure(tables):
    assert detect(*tables[:2], learner="histgb", seed=3) == detect(*tables[:2], learner="histgb", seed=3)


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize(("target", "measure"), [("class", "auc"), ("member", "auc"), ("income", "r2")])
def test_fresh_rows_serve_as_well_as_real_ones(tables, learner, target, measure):
    found, *rest = train_synthetic_test_real(tables, target, learner)
    assert found.measure == measure
    assert found.synthetic.value == pytest.approx(found.real.value, abs=0.08)
    assert found.synthetic.interval[0] < found.synthetic.value < found.synthetic.interval[1]
    assert [u.measure for u in rest] == (["rmse"] if measure == "r2" else ["f1", "balanced_accuracy"])


def test_a_shuffled_target_serves_nothing(tables):
    shuffled = mixed(1200, 5).with_columns(pl.col("class").shuffle(seed=0))
    tables = type_tables([mixed(1200, 0), shuffled, mixed(1200, 2)], MIXED)
    found, *_ = train_synthetic_test_real(tables, "class", "histgb")
    assert found.synthetic.value < 0.6 < found.real.value


def test_one_synthetic_class_is_a_coin_toss():
    single = mixed(300, 1).with_columns(pl.lit("low").alias("class"))
    tables = type_tables([mixed(300, 0), single, mixed(300, 2)], MIXED)
    found, *_ = train_synthetic_test_real(tables, "class", "histgb")
    assert found.synthetic.value == 0.5


def test_a_target_without_two_classes_is_told():
    one = [mixed(60, seed).with_columns(pl.lit("low").alias("class")) for seed in range(3)]
    with pytest.raises(NotMeasurable, match="'class' has one class"):
        train_synthetic_test_real(type_tables(one, MIXED), "class", "linear")


@pytest.mark.parametrize("learner", LEARNERS)
def test_levels_unseen_in_training_are_no_stumble(learner):
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.integers(0, 700, 400), rng.normal(size=400)]).astype(np.float32)
    y = (x[:, 1] > 0).astype(np.int64)
    model = fit(learner, "classify", x[x[:, 0] < 300], y[x[:, 0] < 300], [True, False], 0)
    guess = model.predict_proba(x[x[:, 0] >= 300])[:, 1] > 0.5
    assert (guess == y[x[:, 0] >= 300]).mean() > 0.9


def test_unknown_learner_is_told_with_the_known():
    with pytest.raises(OptionError, match="'xgboost', 'histgb'"):
        learner_name("forest")
