"""Value at risk and expected shortfall: of the next step by a series' codec, of a column by its tail, of drawn paths.

Legend: m steps; p paths of h steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from likewise.scenario.facts import var_es
from likewise.scenario.margins import Margin
from likewise.scenario.series import SeriesCodec
from likewise.scenario.tails import Tail
from likewise.typing import Floats

LEVELS = (0.95, 0.99, 0.999)
BAND = 0.9
"""Share of the paths between the ends of a band."""
LEAST_BEYOND = 5
"""Paths that must lie beyond a level before its risk is told."""


def one_step_risk(codec: SeriesCodec, values: Floats, m: int, level: float) -> tuple[Floats, Floats, Floats]:
    """(m,) losses, values at risk and expected shortfalls of the last m steps, each from the steps before it."""
    z, variance, _ = codec.encode(values)
    spread = codec.scale_at(np.arange(len(z) - m, len(z))) * np.sqrt(variance[-m - 1 : -1])
    y = codec.changed(values)[-m:]
    expected = y - z[-m:] * spread
    quantile, shortfall = tail_mean(codec.margin, 1 - level)
    return -y, -(expected + spread * quantile), -(expected + spread * shortfall)


def tail_mean(margin: Margin, share: float) -> tuple[float, float]:
    """The quantile below which a share lies, and the mean below it."""
    # Midpoints of equal shares; within a heavy tail the mean converges slowly, so the points are many.
    points = (np.arange(20_000) + 0.5) / 20_000 * share
    return float(margin.quantile(np.array([share]))[0]), float(margin.quantile(points).mean())


def tail_risk(tail: Tail) -> list[dict[str, float]]:
    """At those of `LEVELS` that lie in the tail: the value that this share of rows does not pass, and the mean of the
    rows that do, in the column's own units and sign (McNeil, Frey and Embrechts 2005, eq. 7.18 and 7.19)."""
    levels = np.array([level for level in LEVELS if 1 - level <= tail.share])
    values = tail.quantile(1 - levels)
    beyond = (tail.scale + tail.shape * np.abs(values - tail.threshold)) / (1 - tail.shape)
    means = values + beyond if tail.upper else values - beyond
    rows = zip(levels.tolist(), values.tolist(), means.tolist(), strict=True)
    return [{"level": q, "value_at_risk": v, "expected_shortfall": m} for q, v, m in rows]


def path_risk(values: Floats, *, relative: bool) -> dict[str, Any]:
    """What (p, h + 1) paths of one series may bring.

    Args:
        relative: falls are told as shares of the value before (prices), else in the series' own units.

    Returns:
        "bands": the 5, 50 and 95 % quantiles of the value at some steps, with the share of paths between the outer ones
        ("level"). "horizon": value at risk and expected shortfall of the fall from the start to the end, at those of
        `LEVELS` that enough paths lie beyond. "worst_step" and "drawdown": the same quantiles, over the paths, of the
        greatest fall in one step and of the deepest from a peak. A fall is positive.
    """
    before, peak = values[:, :-1], np.maximum.accumulate(values, 1)
    worst, deepest, fall = before - values[:, 1:], peak - values, values[:, 0] - values[:, -1]
    if relative:
        worst, deepest, fall = worst / before, deepest / peak, fall / values[:, 0]
    h = values.shape[1] - 1
    steps = np.unique(np.ceil(np.array([0.0, 0.25, 0.5, 0.75, 1.0]) * h).astype(np.int64).clip(1))
    return {
        "relative": relative,
        "bands": [{"step": int(t), **_band(values[:, t])} for t in steps],
        "horizon": [_of_falls(fall, level) for level in LEVELS if len(fall) * (1 - level) >= LEAST_BEYOND],
        "worst_step": _band(worst.max(1)),
        "drawdown": _band(deepest.max(1)),
    }


def _band(x: Floats) -> dict[str, float]:
    low, median, high = np.quantile(x, [(1 - BAND) / 2, 0.5, (1 + BAND) / 2]).tolist()
    return {"level": BAND, "low": low, "median": median, "high": high}


def _of_falls(fall: Floats, level: float) -> dict[str, float]:
    value, mean = var_es(-fall, level)
    return {"level": level, "value_at_risk": value, "expected_shortfall": mean}
