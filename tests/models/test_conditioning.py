"""What conditional draws share."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from likewise.codecs.base import Given, Search
from likewise.errors import ConditionError
from likewise.models.drawing.conditioning import Budget, Candidates, blocks, rejection, resample, resample_within


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


# ---- rejection within a budget -----------------------------------------------------------------------------------


def looked_at(share: float, rng: np.random.Generator) -> Candidates:
    """A model that can only draw and look; it meets the conditions so often. Its rows are numbered."""
    drawn = itertools.count()

    def candidates(m: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.fromiter(drawn, np.int64, m)[:, None]
        return rows, np.where(rng.random(m) < share, 0.0, -np.inf)

    return candidates


def masked(chances: np.ndarray, rng: np.random.Generator) -> Candidates:
    """A model whose rows are 0, 1 .. alike often, each left these shares by the conditions."""

    def candidates(m: int) -> tuple[np.ndarray, np.ndarray]:
        rows = rng.integers(0, len(chances), (m, 1))
        return rows, np.log(chances[rows[:, 0]])

    return candidates


def test_rejection_gives_exactly_as_many_rows_and_none_twice() -> None:
    rng = np.random.default_rng(0)
    rows = rejection(500, looked_at(0.03, rng), rng, Budget.of(500, Given()))
    assert rows.shape == (500, 1)
    assert len(np.unique(rows)) == 500


def test_rejection_keeps_rows_as_often_as_their_chance() -> None:
    chances, rng = np.array([0.02, 0.04, 0.1]), np.random.default_rng(1)
    rows = rejection(8000, masked(chances, rng), rng, Budget.of(8000, Given()))
    shares = np.bincount(rows[:, 0], minlength=3) / 8000
    assert np.abs(shares - chances / chances.sum()).max() < 0.02


@pytest.mark.parametrize("highest", [1e-3, 0.01, 0.5])
def test_rows_that_all_have_a_small_chance_cost_what_the_chances_differ_by(highest: float) -> None:
    """Not what their chance is: candidates that obey were thrown away for how rare such rows are."""
    chances, rng = highest * np.array([0.2, 0.4, 1.0]), np.random.default_rng(1)
    budget = Budget.of(20_000, Given(max_tries=2**22))
    rows = rejection(20_000, masked(chances, rng), rng, budget)
    shares = np.bincount(rows[:, 0], minlength=3) / 20_000
    assert np.abs(shares - chances / chances.sum()).max() < 5 * np.sqrt(0.25 / 20_000)
    assert budget.tried < 20_000 / (chances.mean() / highest) * 1.3 + 2 * 100 / chances.mean()
    assert budget.share == pytest.approx(chances.mean(), rel=0.1)


def test_a_rare_kind_of_row_that_alone_meets_the_conditions_is_not_overlooked() -> None:
    """One row in 2,000 has all but a twentieth of the mass: the largest chance is trusted once it must be known."""
    chances = np.r_[0.5, np.full(1999, 0.5 / 20 / 1999)]
    for seed in range(5):
        rng = np.random.default_rng(seed)
        rows = rejection(300, masked(chances, rng), rng, Budget.of(300, Given(max_tries=2**22)))
        assert np.mean(rows[:, 0] == 0) == pytest.approx(20 / 21, abs=5 * np.sqrt(0.05 / 300))


def test_when_the_budget_is_spent_rows_are_chosen_by_weight() -> None:
    chances, rng = np.array([1e-9, 2e-9, 5e-9]), np.random.default_rng(2)
    budget = Budget.of(4000, Given())
    rows = rejection(4000, masked(chances, rng), rng, budget)
    assert budget.found == 0
    assert np.abs(np.bincount(rows[:, 0], minlength=3) / 4000 - chances / chances.sum()).max() < 0.02


def test_a_block_is_drawn_though_those_before_spent_the_budget() -> None:
    chances, rng = np.array([1e-9, 2e-9, 5e-9]), np.random.default_rng(2)
    budget = Budget.of(8000, Given())
    blocks_of_rows = [rejection(4000, masked(chances, rng), rng, budget) for _ in range(2)]
    for rows in blocks_of_rows:
        assert np.abs(np.bincount(rows[:, 0], minlength=3) / 4000 - chances / chances.sum()).max() < 0.02


def test_a_budget_too_small_is_an_error_with_the_measured_rate() -> None:
    rng = np.random.default_rng(3)
    with pytest.raises(ConditionError, match=r"of 10,000 rows that the model drew, about \d+ met") as error:
        rejection(900, looked_at(0.08, rng), rng, Budget.of(900, Given(max_tries=10_000)))
    assert float(str(error.value).split("acceptance rate ")[1].split(")")[0]) == pytest.approx(0.08, rel=0.15)
    assert int(str(error.value).split("max_tries to about ")[1].split(",")[0]) > 10
    assert "condition_on" in str(error.value)


def test_what_is_never_met_is_given_up_early() -> None:
    rng = np.random.default_rng(4)
    budget = Budget.of(1000, Given())
    with pytest.raises(ConditionError, match="none met the conditions"):
        rejection(1000, looked_at(0.0, rng), rng, budget)
    assert budget.tried < budget.most / 20


def test_few_candidates_are_not_copied_at_will() -> None:
    chances, rng = np.r_[np.full(20, 1e-5), np.full(99_980, 1e-30)], np.random.default_rng(5)
    with pytest.raises(ConditionError, match="not 500"):
        rejection(500, masked(chances, rng), rng, Budget.of(500, Given()))


def test_what_is_lacking_can_be_drawn_in_another_way() -> None:
    rng = np.random.default_rng(6)
    rows = rejection(
        50, looked_at(0.0, rng), rng, Budget.of(50, Given(max_tries=500)), lambda m: np.full((m, 1), -5, np.int64)
    )
    assert (rows == -5).all()
    assert len(rows) == 50


def test_progress_is_told_and_never_more_than_there_is() -> None:
    told: list[Search] = []
    rng = np.random.default_rng(7)
    given = Given(progress=told.append, max_tries=100_000)
    rejection(600, looked_at(0.01, rng), rng, Budget.of(600, given))
    assert len(told) > 1
    assert [s.tried for s in told] == sorted({s.tried for s in told})
    assert told[-1].found == told[-1].wanted == 600
    assert all(s.tried <= s.most == 100_000 for s in told)
    assert told[-1].share == pytest.approx(0.01, rel=0.2)
