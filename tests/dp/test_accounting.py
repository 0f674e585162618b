"""Costs and claims: golden numbers, inverses, and the direction of every rounding."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.dp.accounting import (
    delta_of,
    epsilon_of,
    epsilon_of_exponential,
    rho_of,
    rho_of_exponential,
    rho_of_gaussian,
    sigma_of_gaussian,
)
from likewise.errors import OptionError

GOLDEN = [
    (1e-5, 0.1, 0.000433), (1e-5, 0.5, 0.008506), (1e-5, 1.0, 0.030557), (1e-5, 2.0, 0.108256),
    (1e-5, 3.0, 0.224249), (1e-5, 5.0, 0.550973), (1e-5, 10.0, 1.782696),
    (1e-9, 1.0, 0.014973), (1e-9, 3.0, 0.120582), (1e-9, 10.0, 1.090786),
]  # fmt: skip


@pytest.mark.parametrize(("delta", "epsilon", "rho"), GOLDEN)
def test_the_budget_buys_what_is_published(delta: float, epsilon: float, rho: float) -> None:
    assert rho_of(epsilon, delta) == pytest.approx(rho, abs=5e-7)


@given(st.floats(0.01, 20), st.floats(1e-12, 1e-3))
def test_what_is_bought_never_costs_more_than_was_paid(epsilon: float, delta: float) -> None:
    rho = rho_of(epsilon, delta)
    assert delta_of(rho, epsilon) <= delta
    assert epsilon_of(rho, delta) == pytest.approx(epsilon, rel=1e-6)


@given(st.floats(1e-4, 5), st.floats(1e-10, 1e-3))
def test_the_conversion_is_no_worse_than_the_simple_bound(rho: float, delta: float) -> None:
    assert epsilon_of(rho, delta) <= rho + 2 * math.sqrt(rho * math.log(1 / delta))


def test_it_is_never_below_the_gaussian_mechanisms_own_curve() -> None:
    """One Gaussian mechanism of that rho: its exact delta (Balle and Wang 2018, theorem 8) may not be above ours."""
    from statistics import NormalDist

    cdf = NormalDist().cdf
    for rho, epsilon in ((0.03, 1.0), (0.2, 2.0), (1.0, 5.0), (0.01, 0.1)):
        mu = math.sqrt(2 * rho)
        exact = cdf(mu / 2 - epsilon / mu) - math.exp(epsilon) * cdf(-mu / 2 - epsilon / mu)
        assert exact <= delta_of(rho, epsilon) <= max(30 * exact, 1e-12)


def test_mechanisms_and_costs_are_inverse() -> None:
    assert rho_of_gaussian(2.0, sigma_of_gaussian(2.0, 0.3)) == pytest.approx(0.3)
    assert rho_of_exponential(epsilon_of_exponential(0.3)) == pytest.approx(0.3)
    assert rho_of_gaussian(1.0, 1.0) == 0.5


@pytest.mark.parametrize(("epsilon", "delta"), [(0, 1e-6), (-1, 1e-6), (math.inf, 1e-6), (1, 0), (1, 1), (1, math.nan)])
def test_a_budget_out_of_range_is_refused(epsilon: float, delta: float) -> None:
    with pytest.raises(OptionError):
        rho_of(epsilon, delta)


def test_dp_accounting_agrees_that_the_claim_holds() -> None:
    """The oracle, on ledgers of Gaussians alone: its exact epsilon is below ours, and not by more than a quarter."""
    dp = pytest.importorskip("dp_accounting", reason="the oracle comes with the development extra")
    from dp_accounting.pld import PLDAccountant

    for sigmas in ([5.0], [8.0] * 10, [20.0, 10.0, 40.0]):
        oracle = PLDAccountant()
        for sigma in sigmas:
            oracle.compose(dp.GaussianDpEvent(sigma))
        ours = epsilon_of(sum(rho_of_gaussian(1.0, s) for s in sigmas), 1e-6)
        exact = oracle.get_epsilon(1e-6)
        assert exact <= ours <= 1.25 * exact
