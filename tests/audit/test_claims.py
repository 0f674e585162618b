"""A bound is held against a claim only where a sound mechanism of that kind passes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from likewise.audit import Claim, audit_steps, epsilon_of_mu, many_runs
from likewise.audit.claims import area_of, law_of
from likewise.audit.steps import log_odds
from likewise.dp.accounting import Steps
from likewise.dp.ledger import DP, Ledger

SURE = 0.9999


def test_sound_laplace_noise_is_accused_by_the_gaussian_bound_alone() -> None:
    claim = Claim(epsilon=1.0, delta=1e-6)

    def count(inside: bool) -> float:
        return float(np.random.default_rng().laplace(inside, 1.0))

    assert not many_runs(count, claim, runs=20_000, confidence=SURE).is_broken
    assert many_runs(count, claim, runs=20_000, law="gaussian", confidence=SURE).is_broken


@pytest.mark.parametrize("mu", [0.4, 1.1, 3.0])
def test_the_area_of_a_gaussian_plan_is_that_of_normal_laws(mu: float) -> None:
    budget = DP(epsilon_of_mu(mu, 1e-6), 1e-6)
    area, exact = area_of([(Steps(1.0, 4), 2 / mu)], 0.0, budget), special.ndtr(mu / math.sqrt(2))
    assert exact <= area <= exact + 2e-3


def test_the_area_of_sampled_steps_is_no_less_than_draws_reach() -> None:
    """The best attack there is, the log odds, on draws of both kinds."""
    plan, noise, n = Steps(0.2, 10), 1.0, 60_000
    rng = np.random.default_rng(3319)
    told = rng.normal(0, noise, (plan.steps, 2 * n))
    told[:, :n] += rng.random((plan.steps, n)) < plan.rate
    odds = (np.log1p(plan.rate * np.expm1((told - 0.5) / noise**2))).sum(0)
    reached = stats.mannwhitneyu(odds[:n], odds[n:]).statistic / n**2
    area = area_of([(plan, noise)], 0.0, DP(5.0, 1e-6))
    assert reached - 5 * 0.5 / math.sqrt(n) <= area <= 1.05 * reached  # told of the worse way round at each epsilon


@pytest.mark.parametrize("epsilon", [1.0, 3.0, 10.0])
@pytest.mark.parametrize("plan", [Steps(1 / 16, 320), Steps(1.0, 20)])
def test_plans_that_fit_a_budget_may_be_held_against_normal_laws(epsilon: float, plan: Steps) -> None:
    budget = DP(epsilon, 1e-6)
    assert law_of(budget, [(plan, Ledger(budget).multiplier(plan))]) == "gaussian"


def test_what_normal_laws_do_not_bound_is_judged_by_the_bound_for_every_law() -> None:
    budget = DP(1.0, 1e-6)
    weak = [(Steps(1.0, 1), 0.5)]
    assert law_of(budget, weak) == "any"
    assert law_of(budget, [(Steps(1.0, 1), 10.0)], in_one_run=True) == "any"
    assert law_of(budget, []) == "gaussian"


# ---- groups ----------------------------------------------------------------------------------------------------------


def test_log_odds_of_a_group_are_those_of_its_binomial_mixture() -> None:
    rng = np.random.default_rng(88)
    rate, m, noise, n = 0.3, 3, 2.0, 50_000
    told = rng.normal(0, noise, (1, 2 * n))
    told[0, :n] += rng.binomial(m, rate, n)
    k = np.arange(m + 1)
    law = stats.binom.pmf(k, m, rate)[:, None]
    exact = np.log((law * stats.norm.pdf(told, k[:, None], noise)).sum(0) / stats.norm.pdf(told[0], 0, noise))
    # The noise is estimated from the draws.
    assert np.abs(log_odds(told, rate, m) - exact).max() < 0.05 * np.abs(exact).max()


def test_steps_play_groups_where_the_unit_has_several_rows() -> None:
    budget, plan = DP(6.0, 1e-6, entity="who", max_rows=3), Steps(1.0, 2)
    sound = audit_steps(budget, plan, canaries=3_000, confidence=SURE)
    assert 2.5 < sound.epsilon <= 6.0
    for_one_row = Ledger(DP(6.0, 1e-6)).multiplier(plan)
    assert audit_steps(budget, plan, canaries=3_000, multiplier=for_one_row, confidence=SURE).is_broken
