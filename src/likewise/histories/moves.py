"""Numbers that move on from where they were: a ship's place, a price, a temperature.

A codec cuts a number into bins, and a net tells the next row's to a few of them. A number of which a row brings anew
less than that would tremble when it is drawn, and which way it went be lost. Of such numbers changes are learnt.

Legend: n rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]

BINS = 64
"""Into which a net tells a number's next value, at best."""
LEAST_ROWS = 100
"""Rows behind two others of their entity that change the number, of which it is told."""


def moves(values: Numbers, position: npt.NDArray[np.integer]) -> bool:
    """Whether what a row that changes it brings anew is mostly less than one of 64 bins of its values is wide.

    Anew is what no line through the two values before foretells. Numbers that take few values are told exactly and are
    none of these.

    Args:
        values: (n,) of a column that has no holes, each entity's rows in order.
        position: (n,) rows of its entity before each.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> position, wanders = np.tile(np.arange(50), 40), rng.normal(size=2000).cumsum()
        >>> moves(wanders, position), moves(rng.normal(size=2000), position)
        (True, False)
    """
    at = np.flatnonzero((position > 1) & (values != np.roll(values, 1)))
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)))
    if len(at) < LEAST_ROWS or len(np.unique(values)) <= BINS or len(edges) < 3:
        return False
    now, before, first = (values[at - lag].astype(np.float64) for lag in range(3))
    known = np.column_stack([np.ones(len(at)), before, before - first])
    anew = np.abs(now - known @ np.linalg.lstsq(known, now, rcond=None)[0])
    wide = np.diff(edges)[np.searchsorted(edges[1:-1], now, side="right")]
    return bool((anew < wide).mean() > 0.5)
