"""A scale for numbers of any spread: straight in the middle, logarithmic in the tails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from likewise.typing import Floats

STRAIGHT = 4.0
"""Deviations from the median within which the scale is straight."""


@dataclass(frozen=True)
class Scale:
    """Numbers as deviations from their median; beyond four of them they grow as their logarithm.

    So a linear part sees lines as lines, no outlier rules it, and random cuts of a long tail fall where rows are.

    Example:
        >>> import numpy as np
        >>> scale = Scale.of(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 1e9]))
        >>> bool(scale.to(np.array([1e9]))[0] < 30), np.allclose(scale.back(scale.to(np.array([2.0, 1e9]))), [2.0, 1e9])
        (True, True)
    """

    middle: float
    width: float

    @classmethod
    def of(cls, values: Floats) -> Self:
        """The scale of known values; NaN among them is left out."""
        known = values[~np.isnan(values)]
        if not len(known):
            return cls(0.0, 1.0)
        low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
        # The quartiles of a normal law lie 1.349 deviations apart. Where half of the values are one, they say nothing.
        width = (high - low) / 1.349 or np.abs(known - middle).mean() or 1.0
        return cls(float(middle), float(width))

    def to(self, values: Floats) -> Floats:
        z = (values - self.middle) / self.width
        beyond = np.maximum(np.abs(z) - STRAIGHT, 0.0)
        return np.asarray(np.clip(z, -STRAIGHT, STRAIGHT) + np.sign(z) * np.log1p(beyond))

    def back(self, scaled: Floats) -> Floats:
        beyond = np.maximum(np.abs(scaled) - STRAIGHT, 0.0).clip(max=600.0)
        z = np.clip(scaled, -STRAIGHT, STRAIGHT) + np.sign(scaled) * np.expm1(beyond)
        return np.asarray(z * self.width + self.middle)
