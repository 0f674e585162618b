"""What the methods are for: errors, spread, intervals, and estimates from several tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import NotFittedError, OptionError
from likewise.impute import Imputer, pool, score_imputation, simulate_missing
from likewise.impute.laws import interval, mean, middle, mode

MODEST: dict[str, dict[str, Any]] = {
    "forest": {},
    "boosting": {"n_boosts": 30},
    "autoregressive": {"epochs": 10},
    "vae": {"epochs": 15, "latent_dim": 4, "width": 64},
    "copula": {},
    "gan": {"n_steps": 300},
}


def table(n: int = 300, seed: int = 0) -> pl.DataFrame:
    """Two numbers and two levels which all hang together."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    return pl.DataFrame(
        {
            "a": a,
            "b": 3 * a + rng.normal(0, 0.5, n),
            "sign": np.where(a + rng.normal(0, 0.2, n) > 0, "up", "down"),
            "third": np.array(["x", "y", "z"])[np.digitize(a + rng.normal(0, 0.2, n), [-0.5, 0.5])],
        }
    )


@pytest.fixture(scope="module")
def truth() -> pl.DataFrame:
    return table()


@pytest.fixture(scope="module")
def holed(truth: pl.DataFrame) -> pl.DataFrame:
    return simulate_missing(truth, "mcar", 0.2, random_state=0)


@pytest.mark.parametrize("method", MODEST)
def test_every_method_beats_what_knows_no_other_column(method: str, truth: pl.DataFrame, holed: pl.DataFrame) -> None:
    imputer = Imputer(method, random_state=0, options=MODEST[method]).fit(holed)
    filled = imputer.transform(holed)
    plain = holed.with_columns(
        pl.col("a", "b").fill_null(pl.col("a", "b").median()), pl.col("sign", "third").fill_null(strategy="max")
    )
    ours, theirs = (score_imputation(truth, holed, f).avg_mae for f in (filled, plain))
    assert ours < 0.75 * theirs
    draws = imputer.imputations(holed, n_imputations=3)
    assert len(draws) == 3
    for name in truth.columns:
        known = holed[name].is_not_null()
        assert all(d[name].filter(known).equals(truth[name].filter(known)) for d in draws)
        assert all(d[name].null_count() == 0 for d in draws)


@pytest.mark.parametrize("method", ["forest", "vae"])
def test_the_same_seed_fills_the_same_values(method: str, holed: pl.DataFrame) -> None:
    options = MODEST[method] | ({} if method == "forest" else {"epochs": 1})
    part = holed.head(60)
    one, two = (Imputer(method, statistic="draw", random_state=5, options=options).fit(part) for _ in range(2))
    assert one.transform(part).equals(two.transform(part))
    first, again = one.imputations(part), one.imputations(part)
    assert all(a.equals(b) for a, b in zip(first, again, strict=True))
    assert not first[0].equals(first[1])


def test_a_fitted_synthesizer_fills_as_it_was_fitted(truth: pl.DataFrame, holed: pl.DataFrame) -> None:
    synth = lw.Synthesizer("copula", random_state=0).fit(truth)
    state = {name: array.copy() for name, array in synth.generator_.state().items()}
    filled = Imputer(synth, random_state=0).fit_transform(holed)
    assert filled.null_count().sum_horizontal()[0] == 0
    assert all(np.array_equal(array, state[name]) for name, array in synth.generator_.state().items())
    with pytest.raises(NotFittedError, match="learnt nothing yet"):
        Imputer(lw.Synthesizer("copula")).fit(holed)
    with pytest.raises(OptionError, match="options go to the Synthesizer itself"):
        Imputer(synth, options={"epochs": 3}).fit(holed)


def test_middles_are_nearer_and_draws_keep_the_spread() -> None:
    """The reason for both: a column filled with middles errs less, and is narrower than the truth."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=1000)
    truth = np.column_stack([a, a + rng.normal(size=1000)])
    holed = simulate_missing(truth, "mcar", 0.5, columns=[1], random_state=0)
    gone = np.isnan(holed[:, 1])
    median, draw = (Imputer(statistic=s, random_state=0).fit_transform(holed) for s in ("median", "draw"))
    near, far = (score_imputation(truth, holed, f).avg_mae for f in (median, draw))
    assert near < 0.85 * far
    true_spread = truth[gone, 1].std()
    assert draw[gone, 1].std() == pytest.approx(true_spread, rel=0.1)
    assert median[gone, 1].std() < 0.85 * true_spread


@pytest.mark.parametrize("mechanism", ["mcar", "mar"])
def test_intervals_of_nine_in_ten_hold_nine_in_ten(mechanism: str) -> None:
    """On numbers that hang together, where intervals learnt from middles held 74 of 100."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 800))
    truth = np.column_stack([a, b, a + b + rng.normal(0, 0.7, 800), np.exp(a / 2) + rng.normal(0, 0.3, 800)])
    holed = simulate_missing(truth, mechanism, 0.3, random_state=0)
    low, high = Imputer(statistic="draw", random_state=0).fit(holed).intervals(holed, 0.9)
    gone = np.isnan(holed)
    inside = (low[gone] <= truth[gone]) & (truth[gone] <= high[gone])
    assert 0.85 <= inside.mean() <= 0.95


def test_pooled_estimates_hold_the_truth() -> None:
    """Means of a column that is missing at random, the oftener the larger another is: pooled intervals of 95 % hold the
    truth in 80 % of trials at least (what lacks falls to donors who do not reach far enough out); those of the known
    cells alone in fewer than half."""
    trials, pooled_hits, naive_hits = 30, 0, 0
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        a = rng.normal(size=150)
        b = a + rng.normal(size=150)
        gone = rng.random(150) < 1 / (1 + np.exp(-a))
        x = np.column_stack([a, np.where(gone, np.nan, b)])
        imputer = Imputer(statistic="draw", random_state=seed, options={"n_trees": 20}).fit(x)
        tables = imputer.imputations(x, n_imputations=10)
        pooled = pool([t[:, 1].mean() for t in tables], [t[:, 1].var(ddof=1) / 150 for t in tables], df_complete=149)
        pooled_hits += bool(pooled.low <= 0 <= pooled.high)
        known = b[~gone]
        naive_hits += abs(known.mean()) <= 1.96 * known.std(ddof=1) / np.sqrt(len(known))
    assert pooled_hits >= 24
    assert naive_hits < 15


def test_a_slope_is_kept_when_several_tables_are_pooled() -> None:
    """Congeniality: the coefficient of a regression on filled tables is within 5 % of that on the whole one."""
    truth = table(1500, seed=3).select("a", "b").to_numpy()
    holed = simulate_missing(truth, "mcar", 0.3, random_state=1)

    def slope(x: Any) -> float:
        return float(np.polyfit(x[:, 0], x[:, 1], 1)[0])

    tables = Imputer(random_state=0).fit(holed).imputations(holed, n_imputations=5)
    assert np.mean([slope(t) for t in tables]) == pytest.approx(slope(truth), rel=0.05)


def test_laws_against_the_obvious() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (50, 9)).astype(float)
    brute = [min(set(row), key=lambda v, row=row: (-list(row).count(v), v)) for row in codes.tolist()]
    assert mode(codes).tolist() == brute
    assert middle(codes, True).tolist() == brute
    assert mean(codes, True).tolist() == brute
    assert middle(np.array([[4.0, 1.0, 3.0, 2.0]]), False).tolist() == [2.0]
    assert mean(np.array([[4.0, 1.0, 3.0, 2.0]]), False).tolist() == [2.5]
    draws = rng.normal(size=(4000, 39))
    low, high = interval(draws, 0.9)
    fresh = rng.normal(size=4000)
    assert ((low <= fresh) & (fresh <= high)).mean() == pytest.approx(0.9, abs=0.015)


@pytest.mark.parametrize(("method", "of"), [("forest", 4), ("gan", 30), ("autoregressive", 2)])
def test_learning_tells_how_far_it_is(method: str, of: int) -> None:
    x = np.random.default_rng(0).normal(size=(60, 3))
    x[::4, 0] = x[1::4, 1] = np.nan
    told: list[tuple[int, int]] = []
    options = {"forest": {"n_trees": 4, "n_rounds": 2}, "gan": {"n_steps": 30}, "autoregressive": {"epochs": 2}}[method]
    Imputer(method, options=options, random_state=0, progress=lambda done, total: told.append((done, total))).fit(x)
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert {total for _, total in told} == {of}
    assert told[-1][0] == of
