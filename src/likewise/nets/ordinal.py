"""Fixed features of where a code stands in the order of its values, so that neighbouring bins learn together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri


def ordinal_features(positions: npt.NDArray[np.float32] | None, size: int, n_knots: int) -> npt.NDArray[np.float32]:
    """Features of each code of a field; all zero for a code outside the order, and for a field without one.

    A piecewise-linear encoding of the rank (Gorishniy, Rubachev and Babenko 2022, section 3.2) and the normal score.

    Args:
        positions: (K,) mean ranks in (0, 1), NaN outside the order; None when the levels have no order.
        size: K.

    Returns:
        (K, n_knots + 1) float32.
    """
    features = np.zeros((size, n_knots + 1), np.float32)
    if positions is None:
        return features
    inside = np.isfinite(positions)
    rank = positions[inside].astype(np.float64)
    features[inside, :n_knots] = np.clip(rank[:, None] * n_knots - np.arange(n_knots), 0, 1)
    features[inside, n_knots] = ndtri(np.clip(rank, 1e-4, 1 - 1e-4)) / 2
    return features
