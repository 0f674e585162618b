"""Risk figures against laws that are known, and the words they are told in."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import integrate, stats

from likewise.scenario import Paths, fit_tail
from likewise.scenario.risk import path_risk, tail_risk
from likewise.scenario.summary import lines, number, percent


@pytest.mark.parametrize("upper", [True, False])
def test_risk_of_a_tail_is_that_of_its_law(upper: bool) -> None:
    x = stats.t.rvs(4, size=20_000, random_state=4)
    tail = fit_tail(x if upper else -x, upper=upper)
    sign = 1 if upper else -1
    told = tail_risk(tail)
    assert [risk["level"] for risk in told] == [0.99, 0.999]  # 95 % lies within the body
    for risk in told:
        p = 1 - risk["level"]
        mean = integrate.quad(lambda q: float(tail.quantile(np.array([q]))[0]), 0, p)[0] / p
        assert risk["expected_shortfall"] == pytest.approx(mean, rel=1e-4)
        assert sign * risk["value_at_risk"] == pytest.approx(stats.t.isf(p, 4), rel=0.08)
        truth = stats.t.expect(lambda v: v, (4,), lb=stats.t.isf(p, 4)) / p
        assert sign * risk["expected_shortfall"] == pytest.approx(truth, rel=0.15)


def test_risk_of_paths_by_hand() -> None:
    values = np.array([[100.0, 80.0, 120.0, 90.0], [100.0, 110.0, 55.0, 66.0]])
    risk = path_risk(values, relative=True)
    assert [band["step"] for band in risk["bands"]] == [1, 2, 3]
    ends = risk["worst_step"]["low"], risk["worst_step"]["high"]
    assert ends == pytest.approx((0.25 + 0.05 * 0.25, 0.5 - 0.05 * 0.25))
    assert risk["drawdown"]["median"] == pytest.approx((0.25 + 0.5) / 2)
    assert {band["level"] for band in (risk["worst_step"], risk["drawdown"], *risk["bands"])} == {0.9}
    assert risk["horizon"] == []  # two paths tell no tail
    assert path_risk(values, relative=False)["worst_step"]["median"] == pytest.approx((30 + 55) / 2)


def test_risk_over_the_horizon_is_that_of_the_last_values() -> None:
    end = 100 * np.exp(np.random.default_rng(0).normal(0, 0.1, 5_000))
    (at95, at99, at999) = path_risk(np.stack([np.full(5_000, 100.0), end], 1), relative=True)["horizon"]
    assert at95["value_at_risk"] == pytest.approx(1 - np.exp(0.1 * stats.norm.ppf(0.05)), abs=0.005)
    assert at95["value_at_risk"] < at95["expected_shortfall"] < at99["expected_shortfall"] < at999["expected_shortfall"]


def test_lines_tell_shares_in_percent_and_values_in_their_units() -> None:
    steps = 0.01 * np.random.default_rng(0).standard_t(4, 1_500)
    heat = np.random.default_rng(1).normal(20, 1, 1_500)
    frame = pl.DataFrame({"price": 100 * np.exp(np.cumsum(steps)), "heat": heat})
    draw = Paths(transform={"price": "returns", "heat": "levels"}, random_state=0).fit(frame).sample(600, 20)
    told = dict(lines(draw.report))
    assert told["worst of 20 steps of price, a fall by"].endswith("%)")
    assert "%" not in told["worst of 20 steps of heat, a fall by"].replace("90 % of", "")
    assert "fall of price over all steps, VaR and ES at 99 %" in told
    assert (number(12345.6), number(6.0731), percent(0.0656)) == ("12,346", "6.07", "6.6 %")
