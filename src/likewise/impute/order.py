"""Rows in an order of their own: tables of the same rows are learnt and filled alike, however they were sorted.

Legend: n rows, C columns, m values of each hole.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from likewise.impute.laws import Holes
from likewise.typing import Floats, Ints


def by_content(x: Floats) -> Ints:
    """(n,) positions of the rows of (n, C), sorted by what they hold; equal rows in the order they came.

    >>> by_content(np.array([[2.0, np.nan], [1.0, 5.0], [2.0, 3.0]])).tolist()
    [1, 2, 0]
    """
    return np.lexsort(x.T[::-1]) if x.shape[1] else np.arange(len(x))


def in_any_order(fill: Callable[[Floats], Holes], x: Floats) -> Holes:
    """What `fill` gives for the sorted rows, (h, m) of each column's holes back in the order of these."""
    order = by_content(x)
    holes = np.isnan(x[order])
    return {j: values[np.argsort(order[holes[:, j]])] for j, values in fill(x[order]).items()}
