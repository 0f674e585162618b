"""The distances against slow and plain forms of themselves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from likewise.evaluate.images.likeness import (
    NEIGHBOURS,
    density_and_coverage,
    frechet_distance,
    kernel_distance,
    scaled,
)


def seen(shift: float = 0.0, n: int = 300, d: int = 6):
    rng = np.random.default_rng(0)
    real, fresh, synthetic = (rng.normal(size=(n, d)) @ np.diag(np.arange(1.0, d + 1)) for _ in range(3))
    return scaled(real, fresh, synthetic * (1.0 + shift) + shift)


def test_features_are_on_one_scale():
    found = seen()
    assert np.allclose(found.real.mean(0), 0.0)
    assert found.real.var(0).mean() == pytest.approx(1.0)


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_frechet_equals_its_formula(shift):
    found = seen(shift)
    figure = frechet_distance(found, np.random.default_rng(0))
    for rows, value in ((found.synthetic, figure.value), (found.fresh, figure.floor)):
        a, b = (np.cov(x.T, bias=True) for x in (found.real, rows))
        apart = np.square(found.real.mean(0) - rows.mean(0)).sum()
        plain = apart + np.trace(a + b - 2.0 * np.real(sqrtm(a @ b)))
        assert value == pytest.approx(plain / 6, abs=1e-8)
    assert (figure.interval[0] <= figure.floor) == (shift == 0.0)


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_kernel_distance_equals_its_formula(shift):
    found = seen(shift, n=80)
    a, b = found.real, found.synthetic
    same, other, across = ((x @ y.T / 6 + 1) ** 3 for x, y in ((a, a), (b, b), (a, b)))
    pairs = 80 * 79
    plain = (same.sum() - np.trace(same)) / pairs + (other.sum() - np.trace(other)) / pairs - 2.0 * across.mean()
    figure = kernel_distance(found, np.random.default_rng(0))
    assert figure.value == pytest.approx(plain, rel=1e-3, abs=1e-4)


def test_density_and_coverage_equal_their_definition():
    found = seen(0.3, n=120)
    apart = np.linalg.norm(found.real[:, None] - found.real[None], axis=2)
    radii = np.sort(apart, axis=1)[:, NEIGHBOURS]
    inside = np.linalg.norm(found.real[:, None] - found.synthetic[None], axis=2) <= radii[:, None]
    density, coverage = density_and_coverage(found)
    assert density.value == pytest.approx(inside.sum() / NEIGHBOURS / 120, rel=0.01)
    assert coverage.value == pytest.approx(inside.any(1).mean(), abs=0.01)


def test_fresh_rows_have_density_1_and_coverage_097():
    density, coverage = density_and_coverage(seen(n=2000))
    assert density.floor == pytest.approx(1.0, abs=0.06)
    assert coverage.floor == pytest.approx(1 - 0.5**NEIGHBOURS, abs=0.02)
