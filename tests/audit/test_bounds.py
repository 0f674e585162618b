"""Bounds on epsilon: the published numbers, at least half of a known strength, and never more than chance allows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from likewise.audit import bound_of_canaries, bound_of_runs, epsilon_of_guesses, epsilon_of_mu, mu_of
from likewise.audit.bounds import mu_of_guesses, upper_rate
from likewise.dp.accounting import delta_of_mu
from likewise.errors import OptionError

DELTA = 1e-6
GOLDEN = [
    (1000, 100, 100, 3.493, 3.465), (1000, 100, 90, 1.631, 1.626), (1000, 1000, 600, 0.297, 0.297),
    (5000, 500, 450, 1.947, 1.941),
]  # fmt: skip
PERFECT = [(100, 3.28), (500, 4.91), (1000, 5.60), (10_000, 7.91)]


@pytest.mark.parametrize(("m", "guesses", "right", "pure", "approximate"), GOLDEN)
def test_one_run_gives_the_published_numbers(m: int, guesses: int, right: int, pure: float, approximate: float) -> None:
    assert epsilon_of_guesses(m, guesses, right, 0.0) == pytest.approx(pure, abs=6e-4)
    assert epsilon_of_guesses(m, guesses, right, 1e-5) == pytest.approx(approximate, abs=6e-4)


@pytest.mark.parametrize(("n", "ceiling"), PERFECT)
def test_perfect_guesses_give_no_more_than_so_many_runs_can_show(n: int, ceiling: float) -> None:
    bound = bound_of_runs(np.ones(2 * n), np.zeros(2 * n), delta=0.0)  # half of them choose the threshold
    assert bound.epsilon == pytest.approx(ceiling, abs=6e-3)


def test_clopper_and_pearson_is_exact() -> None:
    """At the limit, so few hits or fewer have exactly the chance that was allowed."""
    from scipy import stats

    for hits, n in ((0, 10), (3, 40), (39, 40)):
        assert stats.binom.cdf(hits, n, float(upper_rate(hits, n, 0.025))) == pytest.approx(0.025)
    assert upper_rate(10, 10, 0.025) == 1.0


@pytest.mark.parametrize(("epsilon", "delta", "sigma"), [(1, 1e-5, 3.7306), (3, 1e-5, 1.3906)])
def test_gaussian_privacy_has_the_published_deviations(epsilon: float, delta: float, sigma: float) -> None:
    assert epsilon_of_mu(1 / sigma, delta) == pytest.approx(epsilon, abs=1e-4)
    assert 1 / mu_of(epsilon, delta) == pytest.approx(sigma, abs=1e-4)


def test_gaussian_privacy_stays_finite_where_numbers_run_out() -> None:
    assert epsilon_of_mu(0.0, 1e-6) == 0.0
    assert epsilon_of_mu(1e-9, 1e-6) == 0.0
    assert math.isfinite(epsilon_of_mu(10.0, 1e-12))
    assert delta_of_mu(1.0, 500.0) == 0.0


# ---- power ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [1.0, 3.0, 10.0])
def test_a_gaussian_mechanism_is_bounded_by_half_its_strength_at_least(epsilon: float) -> None:
    """A million runs of a kind; both bounds, the one that knows the law above nine tenths."""
    rng, n = np.random.default_rng(1), 1_000_000
    bound = bound_of_runs(rng.normal(mu_of(epsilon, DELTA), 1, n), rng.normal(0, 1, n), delta=DELTA)
    assert 0.5 * epsilon <= bound.epsilon <= epsilon
    assert 0.9 * epsilon <= bound.gaussian <= epsilon


@pytest.mark.parametrize(("epsilon", "m"), [(1.0, 100_000), (3.0, 20_000), (10.0, 5_000)])
def test_one_run_too_reaches_half_of_it(epsilon: float, m: int) -> None:
    rng = np.random.default_rng(2)
    coins = rng.random(m) < 0.5
    bound = bound_of_canaries(mu_of(epsilon, DELTA) * coins + rng.normal(0, 1, m), coins, delta=DELTA)
    assert 0.5 * epsilon <= bound.gaussian <= epsilon
    assert bound.epsilon <= bound.gaussian


def randomised_response(n: int, rng: np.random.Generator, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """Answers to yes and to no. Its privacy is epsilon and no better, so no mechanism comes nearer to its claim."""
    truth = 1 / (1 + math.exp(-epsilon))
    return rng.random(n) < truth, rng.random(n) >= truth


def test_a_sound_mechanism_is_accused_no_more_often_than_said() -> None:
    """1,000 audits at 95 %: no more than 50 accusations but for chance (four deviations)."""
    rng, accused = np.random.default_rng(3), {"plain": 0, "gaussian": 0, "one run": 0, "one run, gaussian": 0}
    n_audits, n, mu = 1_000, 400, 1.0
    for _ in range(n_audits):
        yes, no = randomised_response(n, rng, 1.0)
        accused["plain"] += bound_of_runs(yes, no, delta=0.0).epsilon > 1.0
        normal = bound_of_runs(rng.normal(mu, 1, n), rng.normal(0, 1, n), delta=DELTA)
        accused["gaussian"] += normal.gaussian > epsilon_of_mu(mu, DELTA)
    for _ in range(100):
        coins = rng.random(n) < 0.5
        answer = coins == (rng.random(n) < 1 / (1 + math.exp(-1.0)))
        accused["one run"] += bound_of_canaries(answer + rng.normal(0, 1e-9, n), coins, delta=0.0).epsilon > 1.0
        noisy = mu * coins + rng.normal(0, 1, n)
        accused["one run, gaussian"] += bound_of_canaries(noisy, coins, delta=DELTA).gaussian > epsilon_of_mu(mu, DELTA)
    most = {"plain": 78, "gaussian": 78, "one run": 14, "one run, gaussian": 14}
    assert all(accused[kind] <= most[kind] for kind in accused), accused


def test_the_gaussian_bound_of_one_run_is_the_tighter_one() -> None:
    assert epsilon_of_mu(mu_of_guesses(10_000, 1_000, 800), 1e-5) > epsilon_of_guesses(10_000, 1_000, 800, 1e-5)
    assert mu_of_guesses(1000, 100, 50) == 0.0


def test_scores_that_tell_nothing_show_nothing() -> None:
    same = bound_of_runs(np.zeros(100), np.zeros(100), delta=0.0)
    assert (same.epsilon, same.gaussian) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("inside", "outside", "options"),
    [
        (np.zeros(3), np.zeros(9), {}),
        (np.full(9, np.nan), np.zeros(9), {}),
        (np.zeros(9), np.zeros(9), {"confidence": 0.4}),
        (np.zeros(9), np.zeros(9), {"delta": 1.0}),
    ],
)
def test_what_is_no_audit_is_refused(inside: np.ndarray, outside: np.ndarray, options: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        bound_of_runs(inside, outside, **{"delta": 0.0, **options})
