"""Regions of a target of numbers: where its values are rare, and where they are common.

Relevance after Ribeiro (2011), as SMOTER (Torgo et al. 2013) and SMOGN (Branco et al. 2017) use it: a smooth function
of the target, 0 at its median and 1 from the ends of its box plot's whiskers on, where values are rare. A region is a
run of sorted values on the same side of the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from likewise.errors import OptionError
from likewise.typing import Floats, Ints

RELEVANT = 0.8
"""From this relevance on a value is rare; the threshold of the papers."""

WHISKER = 1.5
"""Interquartile ranges from the box to the end of a whisker."""


def relevance(values: Floats) -> Floats:
    """(n,) how rare each value is, 0 to 1.

    A side on which no value lies beyond its whisker has no rare values: there, relevance is 0.

    Example:
        >>> import numpy as np
        >>> relevance(np.array([1.0, 2, 3, 4, 5, 6, 7, 40])).round(2).tolist()
        [0.0, 0.0, 0.0, 0.0, 0.1, 0.65, 1.0, 1.0]
    """
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    reach = WHISKER * (high - low)
    whiskers = (values[values >= low - reach].min(), values[values <= high + reach].max())
    found = np.zeros(len(values))
    for sign, end in zip((-1.0, 1.0), whiskers, strict=True):
        beyond, width = sign * (values - middle), sign * (end - middle)
        if (beyond > width).any():
            # The cubic that rises from 0 to 1 with level ends; where half of all values are the same, a step.
            t = np.clip(beyond / width, 0.0, 1.0) if width > 0 else (beyond > 0).astype(float)
            found = np.where(beyond > 0, t * t * (3.0 - 2.0 * t), found)
    return found


def regions(values: Floats, edges: Sequence[float] | None) -> tuple[Ints, tuple[tuple[float, float], ...]]:
    """(n,) the region of each value, counted from the lowest, and the least and greatest value in each.

    Args:
        edges: where regions meet; None finds them by relevance.

    Raises:
        OptionError: the edges do not rise.
    """
    if edges is None:
        order = np.argsort(values, kind="stable")
        is_rare = relevance(values)[order] >= RELEVANT
        runs = np.concatenate([[0], np.cumsum(is_rare[1:] != is_rare[:-1])])
        codes = np.empty(len(values), np.int64)
        codes[order] = runs
    else:
        if len(edges) == 0 or (np.diff(edges) <= 0).any() or not np.isfinite(edges).all():
            raise OptionError(f"bins must be one or more finite numbers that rise, got {len(edges)}")
        _, codes = np.unique(np.searchsorted(np.asarray(edges, float), values, side="right"), return_inverse=True)
    ends = tuple((float(values[codes == k].min()), float(values[codes == k].max())) for k in range(codes.max() + 1))
    return codes.astype(np.int64), ends
