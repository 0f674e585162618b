"""How often values stay as they were: held to the real share by drawing.

A net that tells each next row well from real rows before it is told its own rows when it draws, and what it then gets
slightly wrong adds up: positions of players stayed in .49 of drawn rows where .52 do. So histories are drawn, and the
odds of "as before" are raised or lowered by what they lack, column by column: one number each.

Legend: n rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.histories.order import Histories
from likewise.typing import Bools, Ints

ROWS = 40_000
"""Rows that are drawn each time, about."""
LEAST = 20
"""Entities, of the real ones and of those drawn; fewer tell no share."""
ROUNDS = 2
MOST = 4.0
"""Times by which the odds are changed, at most."""

Draw = Callable[[int, Sequence[float]], tuple[pl.DataFrame, Ints]]


def tilts_of(names: Sequence[str], told: Histories, draw: Draw) -> tuple[float, ...]:
    """By how much the odds that each column stays are to be raised.

    Args:
        told: real histories, no longer than drawn ones can be.
        draw: rows of so many new entities under such tilts, each entity's in order, and (n,) whose each is.
    """
    tilts = np.ones(len(names))
    n = min(len(told.starts), int(ROWS / told.lengths.mean()))
    later = told.position > 0
    if not len(names) or n < LEAST or not later.any():
        return tuple(tilts.tolist())
    real = np.array([told.repeats(name)[later].mean() for name in names])
    for _ in range(ROUNDS):
        rows, whose = draw(n, tilts.tolist())
        later = np.append(False, whose[1:] == whose[:-1])
        drawn = np.array([_stays(rows[name], later) for name in names])
        tilts = np.clip(tilts * odds(real) / odds(drawn), 1 / MOST, MOST)
    return tuple(tilts.tolist())


def _stays(column: pl.Series, later: Bools) -> float:
    same = column.eq_missing(column.shift(1)).to_numpy()
    return float(same[later].mean()) if later.any() else 0.5


def odds(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of a share to what is left, none of them 0."""
    inside = np.clip(shares, 1e-3, 1 - 1e-3)
    return np.asarray(inside / (1 - inside))
