"""Where windows lie in time: which overlap, and which to hold out so that what is held out is apart in time.

Legend: N windows, T steps of each, C channels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

BLOCK = 4
"""Lengths of a window in a block of time that is held out."""

LEAST_BLOCKS = 5
"""Blocks that time is to be cut in at least, where windows are few."""


def origins(x: npt.NDArray[Any]) -> Ints:
    """(N, 2) the series of each window and its first step there, by which windows go on where another left off.

    A window whose steps but the last are another's steps but the first comes right behind it, in whatever order the
    windows stand. Windows that overlap with none are a series each.

    Args:
        x: (N, T, C).

    Example:
        >>> series = np.arange(8.0)[:, None]
        >>> x = np.stack([series[i : i + 3] for i in (2, 0, 1, 5)])
        >>> origins(x).tolist()
        [[1, 2], [1, 0], [1, 1], [3, 0]]
    """
    # A fixed random linear form of the bits: equal steps have equal sums, others hardly ever.
    bits = np.ascontiguousarray(x, np.float64).view(np.uint64).reshape(len(x), -1)
    factors = np.random.default_rng(0).integers(0, 2**63, bits.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    width = x.shape[2]
    head, tail = bits[:, :-width] @ factors[:-width], bits[:, width:] @ factors[:-width]
    ends, at = np.unique(tail, return_index=True)
    place = np.searchsorted(ends, head).clip(max=len(ends) - 1)
    here = np.arange(len(x))
    before = np.where(ends[place] == head, at[place], here)
    behind = np.flatnonzero(before != here)
    _, first = np.unique(before[behind], return_index=True)  # a window goes on in one other at most
    kept, before = before[behind[first]], here.copy()
    before[behind[first]] = kept
    steps = (before != here).astype(np.int64)
    for _ in range(math.ceil(math.log2(len(x) + 1))):  # each looks twice as far back as the round before
        steps, before = steps + steps[before], before[before]
    return np.stack([before, steps], 1)


def held_apart(origin: Ints, n_steps: int, share: float, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Numbers of the windows to learn and to hold out, such that none of one overlaps with one of the other.

    Whole blocks of time are held out, here and there, for the end of a series may be unlike all before it; windows that
    reach into one are neither learnt nor held out.

    Args:
        origin: (N, 2) as `WindowSet.origins` gives it.
        share: of the windows to hold out, about.

    Example:
        >>> origin = np.stack([np.zeros(1000, np.int64), np.arange(1000)], 1)
        >>> learnt, held = held_apart(origin, 24, 0.1, np.random.default_rng(0))
        >>> len(held), int(abs(origin[learnt, 1] - origin[held, 1][:, None]).min())
        (96, 24)
    """
    here = np.arange(len(origin))
    if not share:
        return here, here[:0]
    series, starts = origin.T
    span = int(starts.max()) + 1
    order = np.lexsort((starts, series))
    longest = int(np.bincount(np.unique(series, return_inverse=True)[1]).max())
    length = max(1, min(BLOCK * n_steps, longest // (2 * LEAST_BLOCKS)))
    # Blocks of windows, never of two series.
    rank = np.empty(len(order), np.int64)
    rank[order] = here
    first = np.r_[0, np.flatnonzero(np.diff(series[order])) + 1]
    within = rank - first[np.searchsorted(first, rank, side="right") - 1]
    block = np.unique(np.stack([series, within // length], 1), axis=0, return_inverse=True)[1].ravel()
    sizes = np.bincount(block)
    chosen = rng.permutation(len(sizes))
    chosen = chosen[: 1 + int(np.abs(np.cumsum(sizes[chosen]) - share * len(origin)).argmin())]
    held = np.isin(block, chosen)
    line = series * (span + n_steps) + starts  # series one behind the other, too far apart to overlap
    taken = np.sort(line[held])
    place = np.searchsorted(taken, line)
    gap = np.minimum(
        np.abs(line - taken[(place - 1).clip(0)]), np.abs(taken[place.clip(max=len(taken) - 1)] - line)
    )  # fmt: skip
    learnt = ~held & (gap >= n_steps)
    return np.flatnonzero(learnt), np.flatnonzero(held)
