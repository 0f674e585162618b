"""How many rows a row could be, where a star stands for any value: counted on the cells as they are read.

Shares nothing with the search of `local`, whose outcome it is held against.

Legend: n rows, P patterns (rows that read alike), M masks (which cells are stars).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.privacy.labels import TOP

Ints = npt.NDArray[np.int64]


def crowds_as_read(cells: pl.DataFrame, persons: Ints | None = None, exact_to: int = 100) -> Ints:
    """(n,) the members that agree with each row wherever neither it nor they have a star.

    Args:
        cells: (n, d) texts.
        persons: (n,) whose each row is: persons are counted; None: rows.
        exact_to: crowds of more persons than this may be told smaller than they are, not below this.

    >>> crowds_as_read(pl.DataFrame({"a": ["1", "1", "*"], "b": ["x", "y", "y"]})).tolist()
    [1, 2, 2]
    """
    stars = np.stack([(cells[name] == TOP).fill_null(False).to_numpy() for name in cells.columns], 1)
    codes = np.stack([cells[name].rank("dense").fill_null(0).to_numpy() for name in cells.columns], 1).astype(np.int64)
    codes[stars] = -1
    patterns, of_row = np.unique(codes, axis=0, return_inverse=True)
    of_row = of_row.ravel()
    if persons is None:
        rows, weight = patterns, np.bincount(of_row)
        found = np.zeros(len(patterns), np.int64)
        for ours, theirs, low, high, order in _meetings(patterns, rows, np.arange(len(patterns))):
            upto = np.r_[0, np.cumsum(weight[theirs][order])]
            found[ours] += upto[high] - upto[low]
        return found[of_row]
    least = np.zeros(len(patterns), np.int64)
    everyone = np.arange(len(patterns))
    for ours, theirs, low, high, order in _meetings(patterns, codes, everyone):
        least[ours] = np.maximum(least[ours], _distinct_in_runs(persons[theirs][order], low, high))
    unsure = np.flatnonzero(least <= exact_to)
    pairs = [np.zeros(0, np.int64)]
    n_persons = int(persons.max()) + 1
    for ours, theirs, low, high, order in _meetings(patterns, codes, unsure):
        at = np.repeat(np.cumsum(high - low) - (high - low), high - low)
        rows_of = np.arange(int((high - low).sum())) - at + np.repeat(low, high - low)
        pairs.append(np.unique(np.repeat(ours, high - low) * n_persons + persons[theirs][order][rows_of]))
    exact = np.bincount(np.unique(np.concatenate(pairs)) // n_persons, minlength=len(patterns))
    least[unsure] = exact[unsure]
    return least[of_row]


def _meetings(patterns: Ints, rows: Ints, which: Ints) -> Iterator[tuple[Ints, Ints, Ints, Ints, Ints]]:
    """For each pair of masks: patterns, rows, and for each pattern the run low .. high of the rows in an order.

    The rows of the run are those that agree with the pattern on the columns that neither hides.
    """
    ours_mask, their_mask = (((x == -1) @ (1 << np.arange(x.shape[1]))) for x in (patterns[which], rows))
    their_masks = np.unique(their_mask)
    for a in np.unique(ours_mask).tolist():
        ours = which[ours_mask == a]
        for b in their_masks.tolist():
            theirs = np.flatnonzero(their_mask == b)
            shown = [j for j in range(rows.shape[1]) if not (a | b) >> j & 1]
            both = np.concatenate([patterns[ours][:, shown], rows[theirs][:, shown]])
            key = _numbered(both)
            order = np.argsort(key[len(ours) :], kind="stable")
            ordered = key[len(ours) :][order]
            low, high = (np.searchsorted(ordered, key[: len(ours)], side=side) for side in ("left", "right"))
            yield ours, theirs, low, high, order


def _numbered(x: Ints) -> Ints:
    """(r,) a number for each row of a table, equal for equal rows."""
    key = np.zeros(len(x), np.int64)
    for column in x.T:
        _, number = np.unique(column, return_inverse=True)
        key = key * (int(number.max(initial=0)) + 1) + number
        if key.max(initial=0) > 2**31:
            _, key = np.unique(key, return_inverse=True)
    return key


def _distinct_in_runs(who: Ints, low: Ints, high: Ints) -> Ints:
    """The distinct persons of runs low .. high; two runs are the same or do not touch."""
    run = np.full(len(who), -1)
    starts, at = np.unique(low, return_inverse=True)
    stops = np.zeros(len(starts), np.int64)
    np.maximum.at(stops, at, high)
    sizes = np.maximum(stops - starts, 0)
    inside = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
    run[inside] = np.repeat(np.arange(len(starts)), sizes)
    n_persons = int(who.max(initial=0)) + 1
    known = run >= 0
    distinct = np.unique(run[known] * n_persons + who[known]) // n_persons
    return np.where(high > low, np.bincount(distinct, minlength=len(starts))[at], 0)
