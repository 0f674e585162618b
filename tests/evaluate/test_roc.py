"""Areas, rates and intervals against brute force and known values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.evaluate.roc import auc, macro_auc, true_positive_rate, wilson


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40))
def test_area_is_the_share_of_pairs_won(rows):
    positive, score = np.array([r[0] for r in rows]), np.array([float(r[1]) for r in rows])
    if positive.all() or not positive.any():
        return
    gaps = score[positive][:, None] - score[~positive][None, :]
    assert auc(positive, score).value == pytest.approx(((gaps > 0) + 0.5 * (gaps == 0)).mean(), abs=1e-12)


def test_area_equals_scikit_learn():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 4, 500), rng.dirichlet(np.ones(4), 500)
    assert macro_auc(labels, scores).value == pytest.approx(roc_auc_score(labels, scores, multi_class="ovr"))


def test_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    positive = np.arange(300) < 100
    truth = 0.7602499  # two normals one deviation apart: Phi(1 / sqrt 2)
    hits = 0
    for _ in range(400):
        low, high = auc(positive, rng.normal(size=300) + positive).interval
        hits += low <= truth <= high
    assert 0.92 <= hits / 400 <= 0.98


def test_rate_at_low_false_alarms_is_covered_under_chance():
    rng = np.random.default_rng(2)
    member = np.arange(2000) < 1000
    covers = [
        low <= 0.01 <= high
        for _ in range(200)
        for low, high in [true_positive_rate(member, rng.normal(size=2000), 0.01)[1]]
    ]
    assert np.mean(covers) >= 0.93


def test_tied_scores_are_shared_out():
    member = np.arange(200) < 100
    rate, _ = true_positive_rate(member, np.zeros(200), 0.01)
    assert rate == pytest.approx(0.01)


def test_perfect_guesses_keep_an_interval():
    member = np.arange(200) < 100
    found = auc(member, member.astype(float))
    assert found.value == 1.0
    assert 0.9 < found.interval[0] < 1.0 == found.interval[1]


def test_wilson_of_none_and_all():
    assert wilson(0, 50)[0] == 0.0 < wilson(0, 50)[1] < 0.1
    assert wilson(50, 50)[1] == 1.0
