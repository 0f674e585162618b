"""Tail dependence against copulas whose chi is known, and the law of conditional extremes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from likewise.errors import InputError, OptionError
from likewise.scenario.dependence import ConditionalExtremes, tail_dependence
from likewise.scenario.margins import Margin

N = 200_000


def gumbel(theta: float, n: int, seed: int) -> np.ndarray:
    """(n, 2) of the Gumbel copula, on exponential margins of its logistic law (Marshall and Olkin 1988)."""
    rng = np.random.default_rng(seed)
    alpha = 1 / theta
    angle = rng.uniform(0, np.pi, n)
    w = rng.exponential(size=n)
    stable = (
        np.sin(alpha * angle)
        / np.sin(angle) ** (1 / alpha)
        * (np.sin((1 - alpha) * angle) / w) ** ((1 - alpha) / alpha)
    )
    return np.exp(-((rng.exponential(size=(n, 2)) / stable[:, None]) ** alpha))


@pytest.mark.parametrize("theta", [1.5, 3.0])
def test_chi_of_a_gumbel_copula_is_its_own(theta: float) -> None:
    u = gumbel(theta, N, 1)
    (found,) = tail_dependence(u[:, 0], u[:, 1], [0.99])
    exact = (1 - 2 * 0.99 + 0.99 ** (2 ** (1 / theta))) / 0.01
    assert found.chi == pytest.approx(exact, abs=0.03)
    assert found.chi_low <= exact <= found.chi_high


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_chi_and_chi_bar_of_a_normal_copula_are_its_own(rho: float) -> None:
    z = np.random.default_rng(2).multivariate_normal([0, 0], [[1, rho], [rho, 1]], N)
    (found,) = tail_dependence(z[:, 0], z[:, 1], [0.95])
    q = stats.norm.ppf(0.95)
    joint = 1 - 2 * 0.95 + stats.multivariate_normal.cdf([q, q], cov=[[1, rho], [rho, 1]])
    assert found.chi == pytest.approx(joint / 0.05, abs=0.02)
    assert found.chi_bar == pytest.approx(2 * np.log(0.05) / np.log(joint) - 1, abs=0.02)


def test_lower_tails_are_those_of_the_negatives() -> None:
    u = gumbel(2.0, 20_000, 3)
    up = tail_dependence(u[:, 0], u[:, 1])
    down = tail_dependence(-u[:, 0], -u[:, 1], tails=("lower", "lower"))
    assert [a.chi for a in up] == [b.chi for b in down]


def extremes(u: np.ndarray) -> tuple[ConditionalExtremes, list[Margin]]:
    x = stats.t.ppf(u, 4)
    margins = [Margin.fit(x[:, j], name) for j, name in enumerate("ab")]
    return ConditionalExtremes.fit(margins[0], x[:, 0], margins[1:], x[:, 1:]), margins


def test_conditional_extremes_keep_the_dependence_beyond_the_data() -> None:
    law, margins = extremes(gumbel(2.5, 8_000, 4).clip(1e-9, 1 - 1e-9))
    rng = np.random.default_rng(0)
    level = float(margins[0].quantile(np.array([1 - 1e-4]))[0])
    first = margins[0].upper.draw(4_000, rng, beyond=level)
    both = (law.draw(first, rng)[:, 0] > margins[1].quantile(np.array([1 - 1e-4]))[0]).mean()
    assert both == pytest.approx(2 - 2 ** (1 / 2.5), abs=0.2)  # chi, at a level the 8,000 rows hold once


def test_conditional_extremes_let_independent_columns_be() -> None:
    law, margins = extremes(np.random.default_rng(5).random((8_000, 2)))
    drawn = law.draw(np.full(5_000, margins[0].quantile(np.array([0.9999]))[0]), np.random.default_rng(0))[:, 0]
    assert (drawn > margins[1].quantile(np.array([0.9]))[0]).mean() == pytest.approx(0.1, abs=0.06)


def test_bad_input_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="20 rows"):
        tail_dependence(rng.normal(size=9), rng.normal(size=9))
    with pytest.raises(OptionError, match="levels"):
        tail_dependence(rng.normal(size=99), rng.normal(size=99), [1.0])
    flat = Margin.fit(rng.integers(0, 3, 500).astype(float), "n")
    with pytest.raises(InputError, match="no upper tail"):
        ConditionalExtremes.fit(flat, flat.values, [], np.zeros((500, 0)))
