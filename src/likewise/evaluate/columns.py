"""What a column can be off by, beyond its one error: place, spread, tails, coverage.

Everything is a share, or in units of the real 1-99 % range, and rounded: the figures tell how far apart two columns
are and no value of either.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import wasserstein_distance

from likewise.evaluate.tables import FloatArray, TypedColumn

TAILS = (0.001, 0.999)
MOST_QUANTILES = 10_000
DECILES = np.linspace(0.1, 0.9, 9)


def column_details(real: TypedColumn, synthetic: TypedColumn) -> dict[str, float]:
    """Fields of `ColumnScore`, those that mean something here; none where either table holds nothing in the column."""
    if not len(real.present) or not len(synthetic.present):
        return {}
    return _number_details(real, synthetic) if real.is_number else _level_details(real, synthetic)


def _number_details(real: TypedColumn, synthetic: TypedColumn) -> dict[str, float]:
    a, b = np.sort(real.present), np.sort(synthetic.present)
    low, high = float(_at(a, 0.01)), float(_at(a, 0.99))
    width = float(a[-1] - a[0])
    unit = high - low or width or 1.0
    lost = (max(b[0] - a[0], 0.0) + max(a[-1] - b[-1], 0.0)) / width if width else float(not b[0] <= a[0] <= b[-1])
    return dict(
        wasserstein=_round(_moved(a, b) / unit),
        quantile_gap=_round(float(np.abs(_at(a, DECILES) - _at(b, DECILES)).mean()) / unit),
        range_coverage=round(float(max(0.0, 1.0 - lost)), 2),
        tail_low=_round(float(np.searchsorted(b, _at(a, TAILS[0]), "left")) / len(b)),
        tail_high=_round(1.0 - float(np.searchsorted(b, _at(a, TAILS[1]), "right")) / len(b)),
    )


def _moved(a: FloatArray, b: FloatArray) -> float:
    """Wasserstein's distance of two sorted samples; of large ones by ten thousand of their quantiles each."""
    if max(len(a), len(b)) <= MOST_QUANTILES:
        return float(wasserstein_distance(a, b))
    middles = (np.arange(MOST_QUANTILES) + 0.5) / MOST_QUANTILES
    return float(np.abs(_at(a, middles) - _at(b, middles)).mean())


def _level_details(real: TypedColumn, synthetic: TypedColumn) -> dict[str, float]:
    a, b = (np.bincount(c.values, minlength=c.size)[:-1] for c in (real, synthetic))
    return dict(level_coverage=_round(float((b[a > 0] > 0).mean())), unseen=_round(float(b[a == 0].sum() / b.sum())))


def _at(ordered: FloatArray, q: float | FloatArray) -> FloatArray:
    """Quantiles of a sorted sample, without interpolation."""
    return np.asarray(ordered[np.minimum((np.asarray(q) * len(ordered)).astype(np.int64), len(ordered) - 1)])


def _round(value: float) -> float:
    return float(f"{value:.3g}")
