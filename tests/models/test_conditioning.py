"""What conditional draws share."""

from __future__ import annotations

import numpy as np
import pytest

from likewise.models.conditioning import blocks, resample, resample_within


def test_blocks_cover_the_rows_once_each_with_a_stream_of_its_own() -> None:
    parts = list(blocks(25, np.random.default_rng(0), size=10))
    assert [(rows.start, rows.stop) for rows, _ in parts] == [(0, 10), (10, 20), (20, 25)]
    assert len({stream.random() for _, stream in parts}) == 3
    assert list(blocks(0, np.random.default_rng(0))) == []


def test_a_pooled_choice_keeps_candidates_as_often_as_they_weigh() -> None:
    weights = np.array([0.0, 0.1, 0.2, 0.3, 0.4] * 2)
    with np.errstate(divide="ignore"):
        chosen = resample(np.log(weights), 1000, np.random.default_rng(0), pooled=True)
    counts = np.bincount(chosen, minlength=10)
    assert np.abs(counts - 1000 * weights / weights.sum()).max() <= 1  # spaced evenly: no further off than one


def test_an_own_choice_stays_within_the_rows_candidates() -> None:
    log_weights = np.where(np.arange(4) == np.array([[0], [3], [2]]), 0.0, -np.inf)
    assert resample(log_weights.ravel(), 3, np.random.default_rng(0), pooled=False).tolist() == [0, 7, 10]


@pytest.mark.parametrize("pooled", [True, False])
def test_where_nothing_has_weight_all_are_alike(pooled: bool) -> None:
    chosen = resample(np.full(4000, -np.inf), 1000, np.random.default_rng(0), pooled=pooled)
    assert len(chosen) == 1000
    assert np.bincount(chosen // 1000, minlength=4).min() > 200


def test_candidates_of_a_row_multiply_by_their_weights() -> None:
    with np.errstate(divide="ignore"):
        log_weights = np.log([[0.0, 1.0, 1.0, 2.0], [0.0, 0.0, 0.0, 0.0]])
    chosen = resample_within(log_weights, np.random.default_rng(0))
    assert chosen.tolist() == [1, 2, 3, 3, 4, 5, 6, 7]
