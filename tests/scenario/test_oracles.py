"""Laws and tests of scenarios held against other people's code: scipy's, and figures that arch and pyextremes gave.

The figures of arch 8.0.0 (`arch_model(e, mean="Zero", vol="GARCH", p=1, o=1, q=1, dist="t", rescale=False)`) and of
pyextremes 2.6.1 (`EVA.get_extremes("POT", threshold=10, r="1h")`, `fit_model("MLE", distribution="genpareto")`, returns
in days) are of the series made below, whose random numbers are of the frozen kind (`RandomState`).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import stats

from likewise.scenario import christoffersen, fit_tail, kupiec, return_level
from likewise.scenario.volatility import Volatility, fit_volatility


@cache
def shaken() -> np.ndarray:
    """(3000,) steps of a GJR-GARCH law with t noise."""
    z = np.random.RandomState(7).standard_t(6, 3_000) * np.sqrt(4 / 6)
    e, variance = np.empty(3_000), 1.0
    for t in range(3_000):
        e[t] = np.sqrt(variance) * z[t]
        variance = 0.02 + (0.04 + 0.10 * (e[t] < 0)) * e[t] ** 2 + 0.89 * variance
    return e


def test_variances_are_those_of_arch() -> None:
    law = Volatility(omega=0.02, alpha=0.04, gamma=0.10, beta=0.89)
    seen = law.filter(shaken())[[500, 1_000, 2_999]]  # the first variance, which the two choose apart, is forgotten
    assert seen == pytest.approx([2.793509036070907, 0.3557880375727588, 0.34797846365117546], rel=1e-6)


def test_a_fitted_volatility_is_that_of_arch() -> None:
    """Within a fifth of arch's standard errors: ours holds the long-run variance at the sample's."""
    law = fit_volatility(shaken())
    of_arch = {
        "omega": (0.02059, 0.00477), "alpha": (0.03354, 0.01135), "gamma": (0.09823, 0.01892),
        "beta": (0.89775, 0.01250), "degrees": (5.4114, 0.5123),
    }  # fmt: skip
    for name, (value, error) in of_arch.items():
        assert getattr(law, name) == pytest.approx(value, abs=error / 5), name


@cache
def losses() -> np.ndarray:
    return np.asarray(stats.genpareto.rvs(0.2, scale=3.0, size=4_000, random_state=np.random.RandomState(5)))


def test_a_tail_is_that_of_scipy_and_of_pyextremes() -> None:
    tail = fit_tail(losses(), threshold=10.0)
    c, _, scale = stats.genpareto.fit(losses()[losses() > 10] - 10, floc=0)
    assert (tail.shape, tail.scale) == pytest.approx((c, scale), rel=1e-4)
    assert len(tail.excesses) == 304
    assert (tail.shape, tail.scale) == pytest.approx((0.15480269843, 4.65101588790), rel=1e-4)


def test_return_levels_are_those_of_pyextremes() -> None:
    tail = fit_tail(losses(), threshold=10.0)
    of_theirs = {100: 21.08328062, 1_000: 38.69617300, 10_000: 63.85169767, 100_000: 99.77994884}
    for rows, level in of_theirs.items():
        # They count a day fewer than rows, as days from the first to the last.
        assert return_level(tail, rows).level == pytest.approx(level, rel=2e-4)


@pytest.mark.parametrize("shape", [-0.2, 0.15])
def test_the_interval_of_a_level_is_where_the_likelihood_of_scipy_falls(shape: float) -> None:
    y = np.asarray(stats.genpareto.rvs(shape, size=200, random_state=np.random.RandomState(2)))
    found = return_level(fit_tail(np.r_[np.zeros(1_800), y], threshold=0.0), 5_000)
    n = 5_000 * 200 / 2_000
    shapes = np.linspace(-0.5, 0.9, 2_801)

    def best(level: float) -> float:
        """The greatest log-likelihood with the level there, over shapes: the scale follows."""
        scales = level * shapes / np.expm1(np.where(shapes == 0, 1e-9, shapes) * np.log(n))
        return max(stats.genpareto.logpdf(y, c, scale=s).sum() for c, s in zip(shapes, scales, strict=True) if s > 0)

    cut = best(found.level) - stats.chi2.ppf(0.95, 1) / 2
    assert best(found.low) == pytest.approx(cut, abs=0.01)
    if shape > 0:
        assert best(found.high) == pytest.approx(cut, abs=0.01)
    else:  # a bounded tail may fade further out: the upper end lies beyond the likelihood's own
        assert cut - 2 < best(found.high) < cut - 0.01


@pytest.mark.parametrize(("n", "seen"), [(250, 0), (250, 5), (250, 8), (1_000, 14)])
def test_kupiec_is_the_likelihood_ratio_of_scipys_binomial(n: int, seen: int) -> None:
    found = kupiec(seen, n, 0.99)
    counts = np.arange(n + 1)
    ratios = 2 * (stats.binom.logpmf(counts, n, counts / n) - stats.binom.logpmf(counts, n, 0.01))
    assert found.statistic == pytest.approx(ratios[seen])
    near = counts[ratios < ratios[seen] - 1e-9]  # one run of numbers about the promised one
    assert found.p_value == pytest.approx(stats.binom.cdf(near[0] - 1, n, 0.01) + stats.binom.sf(near[-1], n, 0.01))


def test_christoffersen_is_the_g_test_of_the_table_of_moves() -> None:
    hits = np.random.RandomState(1).random_sample(800) < 0.06
    hits[np.flatnonzero(hits)[:8] + 1] = True
    moves = np.zeros((2, 2))
    np.add.at(moves, (hits[:-1].astype(int), hits[1:].astype(int)), 1)
    theirs = stats.chi2_contingency(moves, correction=False, lambda_="log-likelihood")
    found = christoffersen(hits)
    assert found.statistic == pytest.approx(theirs.statistic)
    assert found.p_value == pytest.approx(theirs.pvalue, abs=0.02)  # at this length chi-squared is near


def test_levels_of_maxima_and_of_excesses_tell_of_the_same_law() -> None:
    """Yearly maxima by scipy's extreme-value law, beside the excesses of the same days by ours."""
    x = np.asarray(stats.t.rvs(4, size=250 * 300, random_state=np.random.RandomState(3)))
    c, at, width = stats.genextreme.fit(x.reshape(300, 250).max(1))
    by_maxima = stats.genextreme.ppf(1 - 1 / 50, c, at, width)
    by_excesses = return_level(fit_tail(x), 50 * 250)
    truth = stats.t.isf(1 / (50 * 250), 4)
    assert by_excesses.low < truth < by_excesses.high
    assert by_excesses.level == pytest.approx(by_maxima, rel=0.1)
