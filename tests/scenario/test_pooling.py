"""Entropy pooling against weights that are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from likewise.errors import ConditionError
from likewise.scenario.pooling import (
    Constraints,
    constraints_of,
    correlation,
    mean,
    pool,
    quantile,
    resample,
    share,
    std,
)

X = np.random.default_rng(0).normal(2.0, 1.5, 5_000)
Y = 0.5 * X + np.random.default_rng(1).normal(size=5_000)
COLUMNS = {"x": X, "y": Y}


def pooled(*views, masks=()):
    prior = np.full(len(X), 1 / len(X))
    return pool(constraints_of(views, COLUMNS, masks, prior), prior)


def test_a_view_on_a_share_scales_both_sides_and_nothing_else() -> None:
    inside = X > 3.0
    p, wanted = inside.mean(), 0.7
    found = pooled(share({"x": "..."}, wanted), masks=[inside])
    closed = np.where(inside, wanted / p, (1 - wanted) / (1 - p)) / len(X)
    np.testing.assert_allclose(found.weights, closed, rtol=1e-6)
    assert found.effective_rows == pytest.approx(len(X) / (wanted**2 / p + (1 - wanted) ** 2 / (1 - p)), rel=1e-6)
    assert found.divergence == pytest.approx(
        wanted * np.log(wanted / p) + (1 - wanted) * np.log((1 - wanted) / (1 - p))
    )


def test_a_view_on_a_mean_tilts_by_an_exponential() -> None:
    found = pooled(mean("x", 2.6))
    tilt = optimize.brentq(lambda t: (X * np.exp(t * X)).sum() / np.exp(t * X).sum() - 2.6, -5, 5)
    closed = np.exp(tilt * X) / np.exp(tilt * X).sum()
    np.testing.assert_allclose(found.weights, closed, rtol=1e-5)


def test_views_hold_together() -> None:
    found = pooled(mean("x", 2.5), std("x", 2.0), correlation("x", "y", 0.8), quantile("y", 0.9, 3.5))
    w = found.weights
    mx, my = w @ X, w @ Y
    sx, sy = np.sqrt(w @ (X - mx) ** 2), np.sqrt(w @ (Y - my) ** 2)
    assert mx == pytest.approx(2.5, abs=1e-4)
    assert sx == pytest.approx(2.0, abs=1e-3)
    assert w @ ((X - mx) * (Y - my)) / (sx * sy) == pytest.approx(0.8, abs=2e-3)
    assert w @ (Y <= 3.5) == pytest.approx(0.9, abs=1e-4)


def test_no_view_that_already_holds_changes_anything() -> None:
    found = pooled(mean("x", 0.0, ">="), mean("x", 9.0, "<="))
    np.testing.assert_allclose(found.weights, 1 / len(X), rtol=1e-6)
    assert found.effective_rows == pytest.approx(len(X))
    assert found.entropy_rows == pytest.approx(len(X))


@pytest.mark.parametrize("view", [mean("x", 2.5, ">="), mean("x", 1.5, "<=")])
def test_a_bound_that_binds_is_met_with_equality(view) -> None:
    assert pooled(view).weights @ X == pytest.approx(view.value, abs=1e-5)


@pytest.mark.parametrize(
    ("views", "centre", "spread"),
    [
        ([mean("x", 2.5, ">="), std("x", 1.5)], 2.5, 1.5),
        ([mean("x", 1.5, "<="), std("x", 2.0)], 1.5, 2.0),
        ([mean("x", 1.0, ">="), std("x", 2.0)], float(X.mean()), 2.0),
        ([mean("x", 2.5, ">="), std("x", 2.0, ">="), correlation("x", "y", 0.6)], 2.5, 2.0),
        ([std("x", 1.0, ">="), correlation("x", "y", 0.6)], float(X.mean()), float(X.std())),
    ],
)
def test_a_bound_stands_beside_a_deviation_or_a_correlation(views, centre: float, spread: float) -> None:
    w = pooled(*views).weights
    found = w @ X
    assert found == pytest.approx(centre, abs=1e-3)
    assert np.sqrt(w @ (X - found) ** 2) == pytest.approx(spread, abs=2e-3)


def test_a_view_that_raises_a_quantile_raises_it() -> None:
    w = pooled(quantile("x", 0.5, 3.0, ">=")).weights
    assert w @ (X <= 3.0) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(
    "views",
    [
        (mean("x", 99.0),),
        (mean("x", 3.0), mean("x", 1.0)),
        (mean("x", 3.0, ">="), mean("x", 1.0, "<=")),
        (mean("x", 2.0), std("x", 40.0)),
    ],
)
def test_views_that_cannot_hold_are_refused(views) -> None:
    with pytest.raises(ConditionError, match="views"):
        pooled(*views)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mean("x", float("nan")), "finite"),
        (lambda: share({"x": 1}, 1.5), r"\[0, 1\]"),
        (lambda: correlation("x", "y", 2.0), "correlation"),
        (lambda: quantile("x", 1.0, 3.0), "level"),
        (lambda: std("x", -1.0), "negative"),
        (lambda: mean("x", 1.0, "~"), "sense"),
    ],
)
def test_views_are_checked_when_they_are_made(make, message) -> None:
    with pytest.raises(ConditionError, match=message):
        make()


def test_a_view_on_an_unknown_column_suggests_another() -> None:
    with pytest.raises(ConditionError, match="numbers"):
        pooled(mean("z", 1.0))


def test_resampling_takes_rows_as_often_as_they_weigh() -> None:
    weights = np.array([0.5, 0.25, 0.25, 0.0])
    counts = np.bincount(resample(weights, 1_000, np.random.default_rng(0)), minlength=4)
    assert counts.tolist() == [500, 250, 250, 0]


def test_a_prior_is_kept_where_nothing_is_asked_of_it() -> None:
    prior = np.array([0.1, 0.2, 0.7])
    found = pool(Constraints(np.array([[1.0, 0.0, 0.0]]), np.array([0.1]), np.array([False])), prior)
    np.testing.assert_allclose(found.weights, prior, atol=1e-9)


def test_a_view_on_a_column_with_holes_holds_among_the_known_values() -> None:
    rng = np.random.default_rng(2)
    x = np.where(rng.random(len(X)) < 0.3, np.nan, X)
    prior = np.full(len(X), 1 / len(X))
    w = pool(constraints_of([mean("x", 2.4), std("x", 1.2)], {"x": x}, [], prior)).weights
    known = np.isfinite(x)
    share = w[known] / w[known].sum()
    assert share @ x[known] == pytest.approx(2.4, abs=1e-4)
    assert np.sqrt(share @ (x[known] - 2.4) ** 2) == pytest.approx(1.2, abs=1e-3)
