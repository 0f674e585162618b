"""Costs and claims: oracles by another library, by integration, by enumeration; the direction of every rounding."""

from __future__ import annotations

import math

import numpy as np
import pytest
from dp_accounting.pld import privacy_loss_distribution as pld
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from likewise.dp.accounting import (
    OF_THE_SAMPLER,
    boundary,
    delta_of_mu,
    epsilon_of,
    epsilon_of_exponential,
    epsilon_of_mu,
    mu_of,
    rho_of,
    rho_of_exponential,
    rho_of_gaussian,
    sigma_of_gaussian,
)
from likewise.errors import OptionError

OF_ZCDP = [
    (1e-5, 0.1, 0.000433), (1e-5, 0.5, 0.008506), (1e-5, 1.0, 0.030557), (1e-5, 2.0, 0.108256),
    (1e-5, 3.0, 0.224249), (1e-5, 5.0, 0.550973), (1e-5, 10.0, 1.782696),
    (1e-9, 1.0, 0.014973), (1e-9, 3.0, 0.120582), (1e-9, 10.0, 1.090786),
]  # fmt: skip
"""delta, epsilon, and what they buy by the conversion of zero-concentrated privacy (Canonne et al. 2020, corollary
13)."""


@pytest.mark.parametrize(("delta", "epsilon", "rho"), OF_ZCDP)
def test_the_exact_curve_needs_less_noise_than_the_conversion(delta: float, epsilon: float, rho: float) -> None:
    noise = math.sqrt(rho / rho_of(epsilon, delta))
    assert 0.90 < noise < 0.97


@pytest.mark.parametrize(("delta", "epsilon"), [case[:2] for case in OF_ZCDP])
def test_dp_accounting_agrees_on_what_a_budget_buys(delta: float, epsilon: float) -> None:
    sigma = sigma_of_gaussian(1.0, rho_of(epsilon, delta))
    oracle = pld.from_gaussian_mechanism(sigma, value_discretization_interval=epsilon / 5000)
    assert oracle.get_epsilon_for_delta(delta) == pytest.approx(epsilon, rel=1e-3)


@pytest.mark.parametrize(("mu", "epsilon"), [(0.2, 0.1), (1.0, 0.0), (1.0, 2.0), (3.0, 8.0), (1.5, -1.0)])
def test_the_gaussian_curve_is_the_integral_of_what_one_law_has_above_the_other(mu: float, epsilon: float) -> None:
    def above(x: float) -> float:
        return max(stats.norm.pdf(x - mu) - math.exp(epsilon) * stats.norm.pdf(x), 0.0)

    start = mu / 2 + epsilon / mu  # where the two are equal
    expected = integrate.quad(above, start, start + 20, epsabs=1e-14, limit=200)[0]
    assert delta_of_mu(mu, epsilon) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("mu", [0.3, 1.2])
def test_draws_of_two_normal_laws_cross_the_curve_no_more_often_than_it_says(mu: float) -> None:
    """Monte Carlo: delta is the mean, under one law, of 1 - exp(epsilon - loss) where the loss is above epsilon."""
    x = np.random.default_rng(8812).normal(mu, 1, 400_000)
    loss, epsilon = mu * x - mu**2 / 2, 0.5 * mu
    parts = np.maximum(-np.expm1(epsilon - loss), 0.0)
    error = parts.std() / math.sqrt(len(parts))
    assert abs(parts.mean() - delta_of_mu(mu, epsilon)) < 5 * error


@given(st.floats(0.01, 20), st.floats(1e-12, 1e-3))
def test_what_is_bought_never_costs_more_than_was_paid(epsilon: float, delta: float) -> None:
    rho = rho_of(epsilon, delta)
    assert delta_of_mu(math.sqrt(2 * rho), epsilon) <= delta
    assert epsilon_of(rho, delta) == pytest.approx(epsilon, rel=1e-6)
    assert epsilon_of_mu(mu_of(epsilon, delta), delta) == pytest.approx(epsilon, rel=1e-9)


def test_the_noise_as_drawn_is_paid_for_beside_the_ideal_one() -> None:
    more, share = OF_THE_SAMPLER
    assert mu_of(1 - more, 1e-6 * (1 - share)) == math.sqrt(2 * rho_of(1.0, 1e-6)) < mu_of(1.0, 1e-6)
    assert epsilon_of(0.02, 1e-6) > epsilon_of_mu(0.2, 1e-6)


# ---- a choice --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0.01, 0.4, 1.7, 6.0])
def test_a_choice_costs_as_much_as_the_worst_of_two_point_laws(epsilon: float) -> None:
    """Log odds in [t - epsilon, t]: the corner (q, 1 - p) of the two-point law lies on the normal curve of some mu."""
    t = np.linspace(0, epsilon, 4001)[1:-1]
    p = (math.exp(epsilon) - np.exp(t)) / math.expm1(epsilon)
    mu = special.ndtri(p) - special.ndtri(p * np.exp(-t))
    assert math.sqrt(2 * rho_of_exponential(epsilon)) == pytest.approx(float(mu.max()), rel=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_choices_of_neighbouring_scores_stay_below_the_curve(seed: int) -> None:
    """The exponential mechanism itself, enumerated: five answers, scores that a row moves by up to one."""
    rng = np.random.default_rng(7700 + seed)
    epsilon = float(rng.uniform(0.1, 4))
    scores = rng.normal(0, 3, 5)
    here, there = (special.softmax(epsilon * s / 2) for s in (scores, scores + rng.choice([-1.0, 0.0, 1.0], 5)))
    mu = math.sqrt(2 * rho_of_exponential(epsilon))
    for e in np.linspace(-epsilon, epsilon, 21):
        assert np.maximum(here - math.exp(e) * there, 0).sum() <= delta_of_mu(mu, e) + 1e-12
    # Planted: two thirds of the cost would not do for the worst pair of scores.
    p = special.expit(epsilon / 2)
    assert 2 * p - 1 > delta_of_mu(mu * math.sqrt(2 / 3), 0.0)


# ---- many, the later ones chosen by the answers of the earlier -------------------------------------------------------


@pytest.mark.parametrize("stop_above", [True, False])
@pytest.mark.parametrize("at", [-0.5, 0.4, 1.5])
def test_a_budget_spent_or_left_by_what_was_answered_keeps_the_curve(at: float, stop_above: bool) -> None:
    """Half of rho is spent; the other half only where the first answer says so. Exact, by integration."""
    mu, epsilon = 0.7, 0.9
    whole = math.sqrt(2) * mu

    def rest(x: float) -> float:
        loss = mu * x - mu**2 / 2
        if (x > at) == stop_above:
            return max(-math.expm1(epsilon - loss), 0.0)
        return delta_of_mu(mu, epsilon - loss)

    delta = integrate.quad(lambda x: stats.norm.pdf(x - mu) * rest(x), -9, 9, points=[at], limit=300)[0]
    assert delta_of_mu(mu, epsilon) <= delta + 1e-9
    assert delta <= delta_of_mu(whole, epsilon) + 1e-9


def test_mechanisms_and_costs_are_inverse() -> None:
    assert rho_of_gaussian(2.0, sigma_of_gaussian(2.0, 0.3)) == pytest.approx(0.3)
    for rho in (1e-6, 0.3, 40.0):
        assert rho_of_exponential(epsilon_of_exponential(rho)) == pytest.approx(rho, rel=1e-6)
    assert rho_of_gaussian(1.0, 1.0) == 0.5
    # A choice of small epsilon is half a randomised answer of as much: mu = epsilon sqrt(pi / 8).
    assert rho_of_exponential(1e-3) == pytest.approx(1e-6 * math.pi / 16, rel=1e-5)


@pytest.mark.parametrize(
    ("epsilon", "delta"), [(0, 1e-6), (-1, 1e-6), (1e-7, 1e-6), (math.inf, 1e-6), (1, 0), (1, 1), (1, math.nan)]
)
def test_a_budget_out_of_range_is_refused(epsilon: float, delta: float) -> None:
    with pytest.raises(OptionError):
        rho_of(epsilon, delta)


@given(st.floats(1e-6, 1e6))
def test_a_boundary_is_told_from_both_sides(at: float) -> None:
    low, high = boundary(lambda x: x < at, 0.5, 1.0)
    assert low < at <= high == math.nextafter(low, math.inf)
