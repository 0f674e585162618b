"""Where windows lie in time: which overlap, and which to hold out so that what is held out is apart in time.

Legend: N windows, T steps of each, C channels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Sums = npt.NDArray[np.uint64]

BLOCK = 4
"""Lengths of a window in a block of time that is held out."""

LEAST_BLOCKS = 5
"""Blocks that time is to be cut in at least, where windows are few."""

MOSTLY = 0.5
"""Share of the windows that go on from another where they are said to be cut so many steps apart; and share of their
overlaps that are different, for what is alike by chance tells nothing."""


def origins(x: npt.NDArray[Any]) -> Ints:
    """(N, 2) the series of each window and its first step there, by which windows go on where another left off.

    A window whose first steps are another's last comes right behind it, in whatever order the windows stand and however
    many steps lie from the start of one to that of the next. Of windows that look alike the one that stands right
    before is taken. Windows that overlap with none are a series each.

    Args:
        x: (N, T, C).

    Example:
        >>> series = np.arange(8.0)[:, None]
        >>> x = np.stack([series[i : i + 3] for i in (2, 0, 1, 5)])
        >>> origins(x).tolist()
        [[1, 2], [1, 0], [1, 1], [3, 0]]
    """
    ends = _ends_of(x)
    stride, before = 1, _before(*ends(1))
    for longer in range(2, x.shape[1]):
        if _go_on(before):
            break
        head, tail = ends(longer)
        if len(np.unique(head)) > MOSTLY * len(x) and _go_on(found := _before(head, tail)):
            stride, before = longer, found
    first, steps, least = _back(before)
    turning = before[first] != first  # a series that comes back to its start begins anywhere
    before[least[turning]] = least[turning]
    first, steps, _ = _back(before)
    return np.stack([first, steps * stride], 1)


def _ends_of(x: npt.NDArray[Any]) -> Callable[[int], tuple[Sums, Sums]]:
    """What gives a number for all steps but the last few of each window, and one for all but as many of the first."""
    rng = np.random.default_rng(0)
    bits = np.ascontiguousarray(x, np.float64).view(np.uint64).reshape(x.shape)
    # A fixed random linear form of the bits of a step, and a polynomial of those of a window: equal steps have equal
    # sums, others hardly ever.
    each = bits @ (rng.integers(0, 2**63, x.shape[2], dtype=np.uint64) * np.uint64(2) + np.uint64(1))
    each = (each ^ (each >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    each ^= each >> np.uint64(32)
    base = 2 * int(rng.integers(2**62)) + 1
    powers, back = (
        np.cumprod(np.r_[np.uint64(1), np.full(x.shape[1], b, np.uint64)]) for b in (base, pow(base, -1, 2**64))
    )
    sums = np.pad(np.cumsum(each * powers[:-1], 1, dtype=np.uint64), ((0, 0), (1, 0)))
    return lambda few: (sums[:, -1 - few], (sums[:, -1] - sums[:, few]) * back[few])


def _before(head: Sums, tail: Sums) -> Ints:
    """(N,) the window that each goes on from; itself where there is none. Each goes on in one other at most."""
    here = np.arange(len(head))
    before = here.copy()
    follows = np.r_[False, head[1:] == tail[:-1]][: len(head)]
    before[follows] -= 1
    open_ended, loose = np.setdiff1d(here, before[follows]), np.flatnonzero(~follows)
    ends, at = np.unique(tail[open_ended], return_index=True)
    place = np.searchsorted(ends, head[loose]).clip(max=len(ends) - 1)
    found = open_ended[at[place]]
    is_found = (ends[place] == head[loose]) & (found != loose)
    found, loose = found[is_found], loose[is_found]
    found, one = np.unique(found, return_index=True)
    before[loose[one]] = found
    return before


def _go_on(before: Ints) -> bool:
    """Whether most windows go on from another."""
    return float((before != np.arange(len(before))).mean()) > MOSTLY


def _back(before: Ints) -> tuple[Ints, Ints, Ints]:
    """The window that each begins with, how many there are from that to it, and the least number of these."""
    steps, least = (before != np.arange(len(before))).astype(np.int64), np.minimum(before, np.arange(len(before)))
    for _ in range(math.ceil(math.log2(len(before) + 1))):  # each looks twice as far back as the round before
        steps, least, before = steps + steps[before], np.minimum(least, least[before]), before[before]
    return before, steps, least


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
    series, starts = np.unique(origin[:, 0], return_inverse=True)[1], origin[:, 1] - origin[:, 1].min()
    span = int(starts.max()) + 1
    order = np.lexsort((starts, series))
    longest = int(np.bincount(series).max())
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
