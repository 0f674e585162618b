"""Value at risk and expected shortfall of the next step, by what a series' codec knows before it.

Legend: m steps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from likewise.scenario.margins import Margin
from likewise.scenario.series import SeriesCodec

Floats = npt.NDArray[np.float64]


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
