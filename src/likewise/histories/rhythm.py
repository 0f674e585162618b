"""When in the week rows come: drawn moments are brought to the weekdays and hours of real ones.

A net tells the gap until the next row to a code, and knows the week only by and by: of helpdesk events 13 % fell on a
Saturday, where 2 % of the real ones do. So histories are drawn, slots of the week are weighed by what they lack, and of
several gaps one is taken by the weight of the moment that it leads to (sampling importance resampling: Rubin 1988).

Legend: n rows, m rows at one step, S slots of the week.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.histories.order import Histories
from likewise.typing import Bools, Floats, Ints

HOURS, DAYS = 168, 7
CANDIDATES = 8
"""Gaps of which one is taken."""
ROWS = 40_000
"""Rows that are drawn each time, about."""
ROUNDS = 2
ROWS_A_SLOT = 20
"""Rows for each hour of the week from which these are told one by one; of fewer, weekdays and hours are."""
OFF = 0.03
"""Share of rows that must lie at other slots, beyond what chance does, for the slots to be weighed."""
MOST = 8.0
"""Times by which a slot is weighed up or down, at most."""

Draw = Callable[[int, Sequence[float]], tuple[pl.Series, Bools]]


def slots(times: pl.Series, n: int) -> Ints:
    """(n,) the weekday of each moment, or the hour of its week.

    Example:
        >>> import datetime as dt
        >>> slots(pl.Series([dt.datetime(2024, 1, 2, 9, 30)]), HOURS).tolist()  # a Tuesday
        [33]
    """
    days = times.dt.weekday().to_numpy().astype(np.int64) - 1
    return days if n == DAYS else np.asarray(days * 24 + times.dt.hour().to_numpy())


def rhythm_of(told: Histories, time: str, n_slots: int, rows: int, draw: Draw) -> tuple[float, ...]:
    """(S,) weights of the slots of a week; nothing where drawn rows come at them about as real ones do.

    Args:
        told: real histories, no longer than drawn ones can be.
        rows: entities that must stand behind a slot; others count as those where no rows come.
        draw: the moments of rows of so many new entities under such weights, and (rows,) which of them follow others.
    """
    later = told.position > 0
    n = min(len(told.starts), int(ROWS / told.lengths.mean()))
    own, whose = slots(told.table[time].filter(pl.Series(later)), n_slots), told.whose[later]
    if not len(own):
        return ()
    real = np.bincount(own, minlength=n_slots) / len(own)
    held = np.bincount(np.unique(own + n_slots * whose) % n_slots, minlength=n_slots)
    real[held < min(rows, len(told.starts))] = 0.0
    weights: Floats = np.zeros(0)
    for _ in range(ROUNDS):
        times, follows = draw(n, weights.tolist())
        drawn = np.bincount(slots(times.filter(pl.Series(follows)), n_slots), minlength=n_slots)
        chance = np.sqrt(n_slots / (2 * np.pi) * (1 / len(own) + 1 / max(drawn.sum(), 1)))
        if not len(weights) and np.abs(drawn / max(drawn.sum(), 1) - real).sum() / 2 < OFF + 1.5 * chance:
            return ()
        weights = np.clip((weights if len(weights) else 1.0) * _lacking(real, drawn), 1 / MOST, MOST)
    return tuple(weights.tolist())


def _lacking(real: Floats, drawn: Ints) -> Floats:
    """(S,) how many times as many rows there ought to be."""
    n = int(drawn.sum())
    if len(real) == HOURS and n < ROWS_A_SLOT * HOURS:
        both = [table.reshape(DAYS, 24) for table in (real, drawn)]
        days, hours = (_lacking(*(table.sum(axis) for table in both)) for axis in (1, 0))
        return np.outer(days, hours).ravel()
    return np.asarray((real * n + 1) / (drawn + 1))


def placed(rhythm: Floats, times: pl.Series, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """(m,) which of its candidates each row takes, numbered among all.

    Args:
        times: (m * candidates,) those of each row together.
    """
    shares = rhythm[slots(times, len(rhythm))].reshape(-1, CANDIDATES).cumsum(1)
    taken = (shares <= rng.random((len(shares), 1)) * shares[:, -1:]).sum(1).clip(max=CANDIDATES - 1)
    return np.asarray(np.arange(len(shares)) * CANDIDATES + taken)
