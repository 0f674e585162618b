"""The values that holes may have, and what is said of them in one: a middle, a mean, an interval.

Legend: h holes of one column, m values of each.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from likewise.codecs.matrix import TableMatrix
from likewise.typing import Floats

Holes = dict[int, Floats]
"""Column -> (h, m) values of its holes, in the order of the rows."""


class Method(Protocol):
    """A way to fill holes. Matrices are (n, C) numbers and codes with NaN for holes, as `TableMatrix` makes them."""

    def fit(self, x: Floats, grid: TableMatrix, rng: np.random.Generator) -> Any:
        """Learn from a table with holes."""

    def draws(self, x: Floats, m: int, rng: np.random.Generator) -> Holes:
        """m draws of every hole; the k-th draws of a row's holes belong together."""

    def spread(self, x: Floats, rng: np.random.Generator) -> Holes:
        """As many values of every hole as a middle or a mean of it needs."""


def middle(values: Floats, is_code: bool) -> Floats:
    """(h,) the median, one of the values where m is even; for codes the most frequent, of equals the lower."""
    return mode(values) if is_code else np.asarray(np.quantile(values, 0.5, axis=1, method="inverted_cdf"))


def mean(values: Floats, is_code: bool) -> Floats:
    """(h,) the mean; for codes, which have none, the most frequent."""
    return mode(values) if is_code else np.asarray(values.mean(1))


def mode(values: Floats) -> Floats:
    """(h,) the most frequent of each row of (h, m), of equals the lower."""
    ordered = np.sort(values, axis=1)
    begins = np.ones(ordered.shape, bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    at = np.flatnonzero(begins)
    lengths, rows = np.diff(np.append(at, ordered.size)), at // max(values.shape[1], 1)
    best = np.lexsort((-ordered.flat[at], lengths, rows))
    last = np.searchsorted(rows, np.arange(len(values)), side="right") - 1
    return np.asarray(ordered.flat[at[best[last]]])


def interval(values: Floats, coverage: float) -> tuple[Floats, Floats]:
    """(h,) ends between which a fresh draw lies with this probability, from m draws.

    m draws cut the line into m + 1 pieces in which a fresh one is as likely to fall, so ends are at the quantiles of
    m + 1, not of m - 1.
    """
    tail = (1 - coverage) / 2
    low, high = np.quantile(values, [tail, 1 - tail], axis=1, method="weibull")
    return low, high
