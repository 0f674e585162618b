"""Paths: volatility against known laws, the series codec against its inverse, shocks, and bad times."""

from __future__ import annotations

import copy
import datetime as dt
from functools import cache

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import ConditionError, InputError, LikewiseWarning, NotFittedError, OptionError
from likewise.scenario.facts import drawdowns, hill, stylised_facts, var_es
from likewise.scenario.paths import Paths
from likewise.scenario.series import Start, fit_series, log_returns, regimes
from likewise.scenario.volatility import Volatility, fit_volatility

N = 3_000


@cache
def garch(seed: int = 0, n: int = N) -> np.ndarray:
    """Returns of a GJR-GARCH law with t noise."""
    rng = np.random.default_rng(seed)
    law = Volatility(omega=2e-6, alpha=0.04, gamma=0.1, beta=0.88)
    z = rng.standard_t(6, n) * np.sqrt(4 / 6)
    e, variance = np.empty(n), np.array([law.long_run])
    for t in range(n):
        e[t] = np.sqrt(variance[0]) * z[t]
        variance = law.step(variance, e[t : t + 1])
    return e


@cache
def prices() -> pl.DataFrame:
    """Two series that fall together."""
    first = garch()
    second = 0.7 * first + 0.008 * np.random.default_rng(1).standard_t(5, N)
    days = pl.date_range(dt.date(2000, 1, 3), dt.date(2015, 1, 1), "1d", eager=True)
    days = days.filter(days.dt.weekday() <= 5)[:N]
    return pl.DataFrame({"day": days, "a": 100 * np.exp(np.cumsum(first)), "b": 50 * np.exp(np.cumsum(second))})


@cache
def _learnt() -> Paths:
    return Paths(["a", "b"], time="day", random_state=0).fit(prices())


def learnt() -> Paths:
    """Fitted once, and each time as if just fitted: its stream of draws begins anew."""
    model = copy.copy(_learnt())
    model.random_ = np.random.default_rng(0)
    return model


def another(seed: int) -> pl.DataFrame:
    """Two series of the same law, of other chance: the second goes along with seven tenths of the first."""
    first = garch(100 + seed)
    second = 0.7 * first + 0.008 * np.random.default_rng(200 + seed).standard_t(5, N)
    return prices().with_columns(a=pl.Series(np.exp(np.cumsum(first))), b=pl.Series(np.exp(np.cumsum(second))))


def test_the_other_series_goes_along_with_a_shock_beyond_anything_seen() -> None:
    moves = []
    for seed in range(6):
        draw = Paths(["a", "b"], time="day", random_state=0).fit(another(seed)).sample(200, 1, shock={"a": -0.2})
        moves.append(float(np.log(draw.values[:, 1, 1] / draw.values[:, 0, 1]).mean()))
    # Each is told by the few worst days of one history, which differ by half; none may run away.
    assert np.mean(moves) == pytest.approx(0.7 * np.log(0.8), rel=0.5)
    assert min(moves) > np.log(0.8) * 2.5


def test_the_rarity_of_a_shock_is_that_of_the_paths_drawn() -> None:
    model = Paths(["a"], time="day", random_state=0).fit(prices())
    told = model.sample(1, 1, shock={"a": -0.05}).report["shock"]["a"]
    steps = model.sample(2_000, 250, random_state=9).steps
    share = float((steps <= np.log(0.95)).mean())
    assert told["low"] / 2 < share < told["high"] * 2
    assert told["low"] < told["share_of_steps"] < told["high"]


def test_a_shock_that_no_history_can_tell_is_told_as_that() -> None:
    model = Paths(["a"], time="day", random_state=0).fit(prices())
    far = model.sample(1, 1, shock={"a": -0.9})
    told = far.report["shock"]["a"]
    assert told["once_in_steps"] <= 1_000 * N
    assert told["once_in_steps_high"] is None
    assert not any(len(word) > 12 and word.replace(",", "").isdigit() for note in far.notes for word in note.split())


def test_volatility_finds_the_law_of_an_exact_sample() -> None:
    law = fit_volatility(garch(3, 12_000))
    assert law.persistence == pytest.approx(0.97, abs=0.015)
    assert law.gamma == pytest.approx(0.1, abs=0.04)
    assert law.beta == pytest.approx(0.88, abs=0.04)
    assert law.degrees == pytest.approx(6, abs=1.5)


def test_volatility_of_independent_noise_is_constant() -> None:
    law = fit_volatility(np.random.default_rng(0).standard_t(5, 4_000))
    assert law.persistence == 0.0


def test_filter_and_step_are_the_same_recursion() -> None:
    law = Volatility(omega=0.1, alpha=0.05, gamma=0.1, beta=0.8)
    e = np.random.default_rng(0).normal(size=50)
    variance = np.array([law.long_run])
    for t, by_filter in enumerate(law.filter(e)[:-1]):
        assert variance[0] == pytest.approx(by_filter)
        variance = law.step(variance, e[t : t + 1])


@pytest.mark.parametrize("transform", ["returns", "changes", "levels"])
def test_decode_is_the_inverse_of_encode(transform: str) -> None:
    rng = np.random.default_rng(0)
    hours = np.arange(24 * 60)
    values = 50 + 8 * np.sin(2 * np.pi * hours / 24) + np.convolve(rng.normal(size=len(hours)), [1, 0.5], "same")
    codec = fit_series(values, "x", transform=transform, periods=(24,))
    z, variance, rest = codec.encode(values)
    cut = len(z) - 100
    past = rest[None, :cut]
    again, _ = codec.decode(z[None, cut:], Start(cut, past, variance[cut : cut + 1], values[-101:-100]))
    np.testing.assert_allclose(again[0], values[-100:], rtol=1e-9)


def test_a_wandering_series_is_taken_for_prices_and_a_seasonal_one_for_levels() -> None:
    assert [codec.transform for codec in learnt().codecs_] == ["returns", "returns"]
    hours = np.arange(2_000)
    warm = 10 * np.sin(2 * np.pi * hours / 24) + np.random.default_rng(0).normal(size=2_000)
    assert fit_series(warm, "t", periods=(24,)).transform == "levels"


def test_levels_keep_their_season() -> None:
    times = pl.datetime_range(dt.datetime(2020, 1, 1), dt.datetime(2020, 6, 1), "1h", eager=True)
    hours = np.arange(len(times))
    warm = 10 * np.sin(2 * np.pi * hours / 24) + np.random.default_rng(0).normal(size=len(times))
    paths = Paths(time="t", random_state=0).fit(pl.DataFrame({"t": times, "warm": warm}))
    assert paths.codecs_[0].periods == (24,)
    drawn = paths.sample(200, 48).values[:, 1:, 0].mean(0)
    expected = 10 * np.sin(2 * np.pi * (hours[-1] + 1 + np.arange(48)) / 24)
    np.testing.assert_allclose(drawn, expected, atol=0.5)


def test_paths_begin_at_the_last_value_and_go_on_by_weekdays() -> None:
    draw = learnt().sample(3, 10)
    assert draw.values.shape == (3, 11, 2)
    assert (draw.values[:, 0] == prices().select("a", "b").row(-1)).all()
    first = draw.frame.filter(pl.col("path") == 0)
    assert first["day"][0] == prices()["day"][-1]
    assert (first["day"].dt.weekday() <= 5).all()
    assert (first["day"].diff().drop_nulls() > dt.timedelta(0)).all()


def test_paths_have_the_stylised_facts_of_the_series() -> None:
    real = stylised_facts(garch())
    drawn = learnt().sample(40, N // 4, start="normal").facts("a")
    assert abs(drawn.std / real.std - 1) < 0.35
    assert drawn.clustering == pytest.approx(real.clustering, abs=0.15)
    assert drawn.leverage == pytest.approx(real.leverage, abs=0.12)
    assert drawn.excess_kurtosis > 1
    shuffled = stylised_facts(np.random.default_rng(0).permutation(garch()))
    assert abs(shuffled.clustering[0]) < drawn.clustering[0]  # what a plain bootstrap loses


def test_series_stay_together() -> None:
    steps = learnt().sample(100, 50).steps
    seen = np.corrcoef(np.diff(np.log(prices()["a"])), np.diff(np.log(prices()["b"])))[0, 1]
    assert np.corrcoef(steps[:, :, 0].ravel(), steps[:, :, 1].ravel())[0, 1] == pytest.approx(seen, abs=0.06)


@pytest.mark.parametrize("at", [1, 7])
def test_a_shock_moves_its_series_by_exactly_that(at: int) -> None:
    draw = learnt().sample(400, 20, shock={"a": -0.15}, at=at)
    np.testing.assert_allclose(draw.values[:, at, 0] / draw.values[:, at - 1, 0], 0.85)
    assert draw.steps[:, at:, 0].std() > 1.5 * learnt().sample(400, 20).steps[:, :, 0].std()
    assert draw.report["shock"]["a"]["once_in_steps"] > N
    assert any("never seen" in note for note in draw.notes)


def test_a_small_shock_is_answered_as_in_steps_like_it() -> None:
    draw = learnt().sample(400, 3, shock={"a": -0.01})
    other = np.log(draw.values[:, 1, 1] / draw.values[:, 0, 1])
    assert other.mean() == pytest.approx(0.7 * np.log(0.99), abs=0.004)


def test_paths_meet_conditions_on_their_whole_change() -> None:
    draw = learnt().sample(60, 60, where={"a": lw.below(-0.05)})
    assert (draw.values[:, -1, 0] / draw.values[:, 0, 0] - 1 < -0.05).all()
    plain = learnt().sample(4_000, 60)
    share = (plain.values[:, -1, 0] / plain.values[:, 0, 0] - 1 < -0.05).mean()
    assert draw.report["share_that_meets"] == pytest.approx(share, rel=0.5)


def test_stressed_starts_are_wilder_than_calm_ones() -> None:
    calm, stressed = (learnt().sample(300, 10, start=name).steps[:, :, 0].std() for name in ("calm", "stressed"))
    assert stressed > 1.4 * calm


def test_regimes_are_cut_by_the_variance() -> None:
    labels = regimes(np.arange(100.0))
    assert np.bincount(labels).tolist() == [50, 40, 10]


def test_forecasts_of_risk_pass_the_back_tests_on_rows_held_out() -> None:
    frame = prices()
    paths = Paths(["a"], time="day", random_state=0).fit(frame[:2_000])
    found = paths.backtest(frame[1_999:], level=0.975)
    assert found.n == N - 2_000
    assert found.passed, found.to_dict()


def test_forecasts_use_nothing_of_the_step_they_are_for() -> None:
    paths = Paths(["a"], time="day", random_state=0).fit(prices()[:2_000])
    held = prices()[1_999:2_100]
    changed = held.with_columns(pl.when(pl.int_range(pl.len()) == 60).then(1.0).otherwise(pl.col("a")).alias("a"))
    a, b = (paths.forecast(f)["value_at_risk"] for f in (held, changed))
    np.testing.assert_array_equal(a[:60], b[:60])
    assert a[60] != b[60]


def test_facts_of_known_steps() -> None:
    assert var_es(-np.arange(1.0, 101.0), 0.9)[0] == pytest.approx(90.1)
    assert drawdowns(np.array([[1.0, -2.0, 0.5, -1.0, 4.0]]))[0] == 2.5
    assert hill(np.random.default_rng(0).pareto(3.0, 50_000) + 1, 0.02) == pytest.approx(3.0, abs=0.3)


def test_the_same_seed_gives_the_same_paths() -> None:
    one, two = (learnt().sample(5, 5, random_state=3).values for _ in range(2))
    np.testing.assert_array_equal(one, two)


# ---- bad input -------------------------------------------------------------------------------------------------------


def test_times_that_stand_twice_or_are_missing_are_refused() -> None:
    twice = pl.concat([prices(), prices().tail(1)])
    with pytest.raises(InputError, match="stand twice"):
        Paths(time="day").fit(twice)
    holes = prices().with_columns(pl.when(pl.int_range(pl.len()) == 5).then(None).otherwise(pl.col("day")).alias("day"))
    with pytest.raises(InputError, match="times are missing"):
        Paths(time="day").fit(holes)


def test_unordered_times_are_sorted_and_told() -> None:
    with pytest.warns(LikewiseWarning, match="not in the order of time"):
        mixed = Paths(["a", "b"], time="day", random_state=0).fit(prices().sample(fraction=1.0, shuffle=True, seed=1))
    np.testing.assert_allclose(mixed.history_.z, learnt().history_.z)


def test_gaps_are_told() -> None:
    with pytest.warns(LikewiseWarning, match="gaps"):
        Paths(time="day").fit(prices().filter(pl.col("day").dt.year() != 2004))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.r_[np.arange(1.0, 99.0), np.inf], "infinite"),
        (np.arange(1.0, 20.0), "at least 50"),
        (np.ones(100), "does not vary"),
    ],
)
def test_series_that_cannot_be_learnt_are_refused(values: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit_series(values, "x")


def test_bad_options_are_refused() -> None:
    with pytest.raises(OptionError, match="transform"):
        Paths(transform="logs")
    with pytest.raises(OptionError, match="no column of numbers"):
        Paths(["c"]).fit(prices())
    with pytest.raises(OptionError, match="above 0"):
        fit_series(np.random.default_rng(0).normal(size=200), "x", transform="returns")
    with pytest.raises(OptionError, match="start"):
        learnt().sample(1, 1, start="wild")
    with pytest.raises(OptionError, match="shock"):
        learnt().sample(1, 3, shock={"a": -0.1}, at=4)
    with pytest.raises(ConditionError, match="no series 'c'"):
        learnt().sample(1, 1, shock={"c": 1.0})
    with pytest.raises(ConditionError, match="all of itself"):
        learnt().sample(1, 1, shock={"a": -1.0})
    with pytest.raises(ConditionError, match="range"):
        learnt().sample(1, 1, where={"a": 3})
    with pytest.raises(ConditionError, match="too rare"):
        learnt().sample(50, 2, where={"a": lw.below(-0.9)})
    with pytest.raises(NotFittedError):
        Paths().sample(1)


def test_log_returns_replace_prices() -> None:
    found = log_returns(prices(), ["a"], "day")
    np.testing.assert_allclose(found["a"].to_numpy(), np.diff(np.log(prices()["a"].to_numpy())))
    with pytest.raises(OptionError, match="prices"):
        log_returns(prices(), ["day"])
    with pytest.raises(InputError, match="above 0"):
        log_returns(prices().with_columns(-pl.col("a")), ["a"])


def test_refitting_learns_from_what_had_been_seen_and_from_nothing_later() -> None:
    paths = Paths(["a"], time="day", random_state=0).fit(prices()[:2_000])
    once, held = paths.forecast(prices()[1_999:2_200]), prices()[1_999:2_200]
    again = paths.forecast(held, refit=100, window=1_000)
    early = paths.forecast(held[:101], refit=100, window=1_000)
    assert len(again["losses"]) == len(once["losses"]) == 200
    np.testing.assert_array_equal(again["losses"], once["losses"])
    np.testing.assert_array_equal(again["value_at_risk"][:100], early["value_at_risk"])
    assert (again["value_at_risk"] != once["value_at_risk"]).all()


def test_series_of_different_kinds_keep_their_own_seasons() -> None:
    times = pl.datetime_range(dt.datetime(2020, 1, 1), dt.datetime(2020, 4, 1), "1h", eager=True)
    hours = np.arange(len(times))
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "t": times,
            "warm": 10 * np.sin(2 * np.pi * hours / 24) + 0.1 * rng.normal(size=len(times)),
            "price": 100 * np.exp(np.cumsum(0.01 * rng.normal(size=len(times)))),
        }
    )
    paths = Paths(time="t", transform={"warm": "levels", "price": "returns"}, random_state=0).fit(frame)
    drawn = paths.sample(50, 24).values[:, 1:, 0].mean(0)
    np.testing.assert_allclose(drawn, 10 * np.sin(2 * np.pi * (hours[-1] + 1 + np.arange(24)) / 24), atol=0.1)


def test_paths_are_shared_out_among_laws_that_the_past_allows() -> None:
    learned = learnt()
    fitted = learned.codecs_[0].volatility
    laws = [law.codecs[0].volatility for law in learned.laws_]
    sizes = np.array([law.long_run for law in laws]) / fitted.long_run
    assert 0.02 < sizes.std() < 0.6
    assert 0.7 < np.median(sizes) < 1.4
    assert len({law.codecs[0].margin.lower.shape for law in learned.laws_}) == len(laws)
    assert all(law.persistence < 1 for law in laws)
