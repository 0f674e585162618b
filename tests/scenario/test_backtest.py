"""Back-tests against worked numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from likewise.errors import InputError, OptionError
from likewise.scenario.backtest import backtest, christoffersen, kupiec


def hits(n: int, at: list[int]) -> np.ndarray:
    out = np.zeros(n, bool)
    out[at] = True
    return out


def test_kupiec_is_jorions_worked_example() -> None:
    """J.P. Morgan in 1998: 20 exceedances in 252 days of a 95% forecast (Jorion 2007, example 6.2)."""
    assert kupiec(20, 252, 0.95).statistic == pytest.approx(3.91, abs=0.005)


def test_christoffersen_is_jorions_worked_example() -> None:
    """The same year, 6 of the 20 the day after another: 9.53 (Jorion 2007, table 6.5)."""
    # 14 clusters with 20 exceedances in all: 14 starts after a calm day, 6 followers.
    at: list[int] = []
    for i in range(14):
        at += [17 * i + 5] + ([17 * i + 6] if i < 6 else [])
    series = np.r_[hits(252, at), False]  # 252 pairs of days
    assert christoffersen(series).statistic == pytest.approx(9.53, abs=0.02)


def test_kupiec_never_counts_the_promised_number_against_it() -> None:
    assert kupiec(10, 1_000, 0.99).statistic == pytest.approx(0.0, abs=1e-12)
    assert kupiec(0, 250, 0.99).statistic == pytest.approx(-2 * 250 * np.log(0.99))


def test_kupiec_is_the_likelihood_ratio_written_out() -> None:
    n, x, p = 1_000, 17, 0.01

    def log(share: float) -> float:
        return float(special.xlogy(x, share) + special.xlogy(n - x, 1 - share))

    assert kupiec(x, n, 1 - p).statistic == pytest.approx(2 * (log(x / n) - log(p)))


def test_right_forecasts_are_refused_as_often_as_the_level_says() -> None:
    rng = np.random.default_rng(0)
    refused = [kupiec(int(rng.binomial(1_000, 0.05)), 1_000, 0.95).p_value < 0.05 for _ in range(400)]
    assert np.mean(refused) == pytest.approx(0.05, abs=0.03)


def normal_forecasts(seed: int, factor: float = 1.0):
    from scipy import stats

    losses = np.random.default_rng(seed).normal(size=3_000)
    value = np.full(3_000, stats.norm.ppf(0.975)) * factor
    shortfall = np.full(3_000, stats.norm.pdf(stats.norm.ppf(0.975)) / 0.025) * factor
    return backtest(losses, value, 0.975, shortfall)


def test_right_forecasts_pass_and_small_ones_do_not() -> None:
    good, small = normal_forecasts(1), normal_forecasts(1, 0.8)
    assert good.passed
    assert good.shortfall == pytest.approx(0.0, abs=0.2)
    assert not small.passed
    assert small.coverage.p_value < 1e-6
    assert small.shortfall < -0.5
    assert good.to_dict()["passed"] is True


def test_exceedances_in_a_row_are_refused_though_their_number_is_right() -> None:
    losses = np.zeros(1_000)
    losses[500:510] = 1.0
    found = backtest(losses, np.full(1_000, 0.5), 0.99)
    assert found.coverage.p_value > 0.9
    assert found.independence.p_value < 1e-3  # none of the thousands drawn is as clustered
    assert not found.passed


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="same length"):
        backtest(np.zeros(5), np.zeros(4), 0.99)
    with pytest.raises(InputError, match="finite"):
        backtest(np.array([0.0, np.nan]), np.zeros(2), 0.99)
    with pytest.raises(OptionError, match="level"):
        backtest(np.zeros(5), np.zeros(5), 1.0)


@pytest.mark.parametrize(("n", "level"), [(250, 0.99), (250, 0.975), (600, 0.99)])
def test_right_forecasts_are_refused_no_more_often_than_told(n: int, level: float) -> None:
    at = float(special.ndtri(level))
    shortfall = float(np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi) / (1 - level))
    rng, runs = np.random.default_rng(3), 150
    refused = np.zeros(4)
    for _ in range(runs):
        losses = rng.standard_normal(n)
        alone = backtest(losses, np.full(n, at), level)
        found = backtest(losses, np.full(n, at), level, np.full(n, shortfall))
        p_values = [alone.coverage.p_value, alone.independence.p_value]
        refused += [*(p < 0.05 for p in p_values), not alone.passed, not found.passed]
    assert (refused <= 0.05 * runs + 3 * np.sqrt(0.05 * 0.95 * runs)).all(), refused


def test_exact_p_values_are_those_of_counting() -> None:
    n, level = 40, 0.9
    law = stats.binom(n, 1 - level)
    ratios = np.array([kupiec(k, n, level).statistic for k in range(n + 1)])
    for seen in (0, 4, 9):
        assert kupiec(seen, n, level).p_value == pytest.approx(law.pmf(np.arange(n + 1))[ratios >= ratios[seen]].sum())


def test_exceedances_in_clusters_are_still_found() -> None:
    clustered = hits(500, [100, 101, 102, 103, 300, 301, 302, 303])
    assert christoffersen(clustered).p_value < 0.001
