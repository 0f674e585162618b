"""Tails against laws that are known: exact samples, known quantiles, coverage of intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from likewise.errors import InputError, OptionError
from likewise.scenario import tails
from likewise.scenario.margins import Margin
from likewise.scenario.tails import (
    _reach,
    excess_quantile,
    extremal_index,
    first_stable,
    fit_pareto,
    fit_tail,
    misfit_p_value,
    return_level,
)

SHAPES = (-0.3, 0.0, 0.2, 0.6)


@pytest.mark.parametrize("shape", SHAPES)
def test_pareto_fit_finds_the_law_of_an_exact_sample(shape: float) -> None:
    y = stats.genpareto.rvs(shape, scale=3.0, size=5_000, random_state=1)
    found, scale = fit_pareto(y)
    assert found == pytest.approx(shape, abs=0.05)  # three standard errors: (1 + shape) / sqrt(n)
    assert scale == pytest.approx(3.0, rel=0.08)


@pytest.mark.parametrize("shape", SHAPES)
def test_pareto_fit_is_at_least_as_likely_as_that_of_scipy(shape: float) -> None:
    y = stats.genpareto.rvs(shape, scale=0.01, size=400, random_state=2)
    ours = stats.genpareto.logpdf(y, fit_pareto(y)[0], scale=fit_pareto(y)[1]).sum()
    c, _, scale = stats.genpareto.fit(y, floc=0)
    assert ours >= stats.genpareto.logpdf(y, c, scale=scale).sum() - 0.01


def test_the_exponential_law_is_the_limit_of_small_shapes() -> None:
    assert excess_quantile(0.01, 0.0, 2.0) == pytest.approx(excess_quantile(0.01, 1e-6, 2.0), rel=1e-4)


@pytest.mark.parametrize("upper", [True, False])
def test_tail_of_a_t_law_has_its_quantiles(upper: bool) -> None:
    x = stats.t.rvs(4, size=20_000, random_state=4)
    tail = fit_tail(x, upper=upper)
    far = tail.quantile(np.array([1e-4]))[0]
    assert far == pytest.approx(stats.t.ppf(1 - 1e-4 if upper else 1e-4, 4), rel=0.25)
    assert tail.shape == pytest.approx(0.25, abs=0.15)


def test_the_two_tails_mirror_each_other() -> None:
    x = stats.t.rvs(3, size=3_000, random_state=5)
    up, down = fit_tail(x), fit_tail(-x, upper=False)
    assert (up.shape, up.scale) == (down.shape, down.scale)
    assert up.threshold == -down.threshold
    assert return_level(up, 5_000).level == -return_level(down, 5_000).level


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.3])
def test_return_level_intervals_cover_the_truth(shape: float) -> None:
    truth = float(excess_quantile(1 / 10_000, shape, 1.0))
    hits, seeds = 0, range(60)
    for seed in seeds:
        x = stats.genpareto.rvs(shape, size=1_000, random_state=seed)
        found = return_level(fit_tail(x, threshold=float(np.quantile(x, 0.85))), 10_000)
        hits += found.low <= truth <= found.high
    assert hits / len(seeds) >= 0.85  # nominally .95; three standard errors of 60 trials below


def test_an_interval_of_many_excesses_is_that_of_their_whole_likelihood(monkeypatch: pytest.MonkeyPatch) -> None:
    y = stats.genpareto.rvs(0.2, size=9_000, random_state=4)
    gathered = return_level(fit_tail(y, threshold=0.0), 1_000_000)
    monkeypatch.setattr(tails, "CONDENSED", len(y))
    whole = return_level(fit_tail(y, threshold=0.0), 1_000_000)
    assert (gathered.low, gathered.high) == pytest.approx((whole.low, whole.high), rel=1e-3)


def test_more_excesses_narrow_the_interval_as_their_root_does() -> None:
    widths = []
    for n in (2_000, 32_000):
        found = return_level(fit_tail(stats.genpareto.rvs(0.2, size=n, random_state=5), threshold=0.0), 1_000_000)
        widths.append(np.log(found.high / found.low))
    assert widths[0] / widths[1] == pytest.approx(4.0, rel=0.15)


def test_the_interval_of_a_lower_tail_runs_from_low_to_high() -> None:
    found = return_level(fit_tail(stats.t.rvs(3, size=3_000, random_state=3), upper=False), 10_000)
    assert found.low < found.level < found.high < 0


def test_survival_and_quantile_are_inverse() -> None:
    tail = fit_tail(stats.t.rvs(3, size=2_000, random_state=6))
    p = np.array([0.01, 1e-4, 1e-8])
    np.testing.assert_allclose(tail.survival(tail.quantile(p)), p, rtol=1e-9)


def test_draws_beyond_a_level_follow_the_law_there() -> None:
    tail = fit_tail(stats.pareto.rvs(3, size=5_000, random_state=7))
    level = float(tail.quantile(np.array([1e-3]))[0])
    x = tail.draw(20_000, np.random.default_rng(0), beyond=level)
    assert x.min() >= level
    again = tail.survival(x) / tail.survival(np.array([level]))
    assert stats.kstest(again, "uniform").pvalue > 0.01


def test_misfit_accepts_the_law_and_refuses_another() -> None:
    p_values = []
    for seed in range(60):
        y = stats.genpareto.rvs(0.2, size=400, random_state=seed)
        p_values.append(misfit_p_value(y, *fit_pareto(y)))
    assert np.mean(np.array(p_values) < 0.1) == pytest.approx(0.1, abs=0.12)
    lumpy = np.r_[stats.expon.rvs(size=300, random_state=0), 4 + 0.1 * stats.expon.rvs(size=100, random_state=1)]
    assert misfit_p_value(lumpy, *fit_pareto(lumpy)) < 0.02


def test_threshold_moves_out_where_the_body_is_another_law() -> None:
    rng = np.random.default_rng(0)
    body, out = rng.uniform(0, 10, 9_000), 9.5 + rng.pareto(3.0, 1_000)
    assert fit_tail(np.r_[body, out]).threshold >= 9.4


def test_the_lowest_threshold_that_agrees_with_all_beyond_is_taken() -> None:
    errors = np.array([0.02, 0.05, 0.1, 0.2])
    assert first_stable(np.array([0.2, 0.22, 0.15, 0.3]), errors) == 0
    assert first_stable(np.array([-0.3, 0.22, 0.15, 0.3]), errors) == 1
    assert first_stable(np.array([-0.9, -0.6, -0.2, 0.5]), errors) == 3


@pytest.mark.parametrize("n", [5_000, 20_000])
def test_an_exact_law_keeps_the_nearest_threshold(n: int) -> None:
    most = int(min(n / 10, n ** (2 / 3)))
    kept = [len(fit_tail(stats.genpareto.rvs(0.2, size=n, random_state=seed)).excesses) for seed in range(100)]
    # By chance in one of twenty at most; 10 of 100 lie three deviations beyond that.
    assert sum(k < most / 4 for k in kept) <= 10
    assert np.median(kept) == pytest.approx(most, rel=0.05)


def test_intervals_cover_where_the_body_is_not_the_tails_law() -> None:
    law, hits = stats.t(4), 0
    for seed in range(60):
        found = return_level(fit_tail(law.rvs(10_000, random_state=seed)), 30_000)
        hits += found.low <= law.isf(1 / 30_000) <= found.high
    assert hits >= 48  # .95 is promised where the law is exact; beyond a body of another law .9, three deviations below


@pytest.mark.parametrize("law", [stats.uniform(), stats.triang(0.5), stats.beta(3, 1.5)], ids=["1", "1/2", "2/3"])
def test_intervals_cover_where_values_end_however_abruptly(law) -> None:
    hits, levels = 0, []
    for seed in range(40):
        found = return_level(fit_tail(law.rvs(2_000, random_state=seed)), 10_000)
        hits += found.low <= law.isf(1 / 10_000) <= found.high
        levels.append(found.level)
    assert hits >= 34  # .95 is promised; 34 is three deviations below
    assert np.median(levels) == pytest.approx(law.isf(1 / 10_000), rel=0.01)


def test_rounded_values_keep_the_shape_of_unrounded_ones() -> None:
    x = stats.expon.rvs(scale=0.4, size=8_000, random_state=8)
    assert fit_tail(np.round(5.0 + x, 1)).shape == pytest.approx(fit_tail(5.0 + x).shape, abs=0.1)
    assert fit_tail(np.round(5.0 + x, 1)).p_value > 0.05


def test_extremal_index_of_independent_and_of_clustered_rows() -> None:
    e = stats.pareto.rvs(1, size=40_000, random_state=9)
    moving = np.maximum(e[1:], e[:-1])  # extremes come in pairs: its index is 1/2
    assert extremal_index(e, float(np.quantile(e, 0.98))) == pytest.approx(1.0, abs=0.08)
    assert extremal_index(moving, float(np.quantile(moving, 0.98))) == pytest.approx(0.5, abs=0.06)


def test_clusters_widen_the_interval() -> None:
    e = stats.pareto.rvs(2, size=4_000, random_state=10)
    x = np.maximum(e[1:], e[:-1])
    alone, in_order = (return_level(fit_tail(x, in_order=flag), 20_000) for flag in (False, True))
    assert in_order.level == alone.level
    assert in_order.high - in_order.low > alone.high - alone.low


def test_bad_input_is_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="finite"):
        fit_tail(np.r_[rng.normal(size=99), np.inf])
    with pytest.raises(InputError, match="at least 30"):
        fit_tail(rng.normal(size=20))
    with pytest.raises(InputError, match="beyond the threshold"):
        fit_tail(rng.normal(size=500), threshold=10.0)
    with pytest.raises(OptionError, match="within the data"):
        return_level(fit_tail(rng.normal(size=500)), 2)
    with pytest.raises(OptionError, match="confidence"):
        return_level(fit_tail(rng.normal(size=500)), 5_000, confidence=1.0)


def test_margin_is_a_law_with_an_inverse() -> None:
    margin = Margin.fit(stats.t.rvs(4, size=3_000, random_state=12), "x")
    p = np.linspace(0.0005, 0.9995, 201)
    x = margin.quantile(p)
    assert (np.diff(x) >= 0).all()
    np.testing.assert_allclose(margin.cdf(x), p, atol=2e-3)
    y = np.array([-20.0, -3.0, 0.1, 3.0, 20.0])
    np.testing.assert_allclose(margin.to_laplace(margin.from_laplace(y)), y, atol=0.05)


def test_margin_density_integrates_to_one() -> None:
    margin = Margin.fit(stats.norm.rvs(size=4_000, random_state=13), "x")
    grid = np.linspace(-12, 12, 40_001)
    assert np.exp(margin.log_density(grid)).sum() * (grid[1] - grid[0]) == pytest.approx(1.0, abs=0.02)


def test_a_column_with_an_end_just_beyond_the_data_is_not_carried_on() -> None:
    margin = Margin.fit(np.random.default_rng(0).uniform(0, 1, 4_000), "share")
    assert margin.upper is None
    assert margin.lower is None
    assert margin.quantile(np.array([1 - 1e-9]))[0] <= 1.0


def test_a_column_of_few_levels_has_no_tail() -> None:
    margin = Margin.fit(np.random.default_rng(0).integers(0, 5, 4_000).astype(float), "n")
    assert margin.upper is None


def test_a_level_that_lies_near_asks_for_a_threshold_below_it() -> None:
    x = np.r_[np.random.default_rng(0).uniform(0, 10, 9_000), 9.5 + np.random.default_rng(1).pareto(3.0, 300)]
    far = fit_tail(x)
    assert far.share < 0.1
    assert fit_tail(x, least_share=0.12).share >= 0.12


def test_a_light_tail_that_fades_reaches_further_and_any_other_as_far() -> None:
    """A normal law has 1 / 22 of its rows beyond 1.69 and one in 100,000 beyond 4.26."""
    depth, log_n = np.log(22.0), np.log(100_000 / 22.0)
    assert _reach(-0.16, log_n, depth) > _reach(-0.16, log_n)
    assert _reach(0.2, log_n, depth) == _reach(0.2, log_n)
    assert _reach(-1e-12, log_n, depth) == pytest.approx(log_n)
    shape, scale = -0.5 / depth, 0.46  # of a normal law's excesses there: the mean is .40
    assert 1.69 + scale * _reach(shape, log_n) < 4.26 < 1.69 + scale * _reach(shape, log_n, depth) + 0.2
