"""What a class must fulfil, over many classes at once: k-anonymity, l-diversity, t-closeness, (alpha, k).

Used by the searches only; the final table is checked by `verify`, which shares nothing with this file.

Legend: G classes, m levels of a sensitive column, p (G, m) shares in each class, q (m,) shares in the whole input.
Where persons are named, a class is counted in persons, and a (person, level) pair counts once in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.privacy.encoding import Floats, Ints, Ladder
from likewise.privacy.promise import Promise

# Sums of shares differ in the last bits with the order of adding; a bound met exactly must count as met.
SLACK = 1e-9
_CELLS = 4_000_000  # of one block of histograms: 32 MB
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """Who has which level: the distinct pairs of a person and a level."""

    level: Ints  # (pairs,)
    person: Ints  # (pairs,)


@dataclass(frozen=True)
class Sensitive:
    """A sensitive column as codes: of levels, or of pairs of a person and a level."""

    name: str
    codes: npt.NDArray[np.int32]  # (n,)
    n_levels: int
    q: Floats  # (m,) shares in the input
    distance: str
    ladder: Ladder | None = None
    missing: int | None = None  # the level that stands for a missing cell
    pairs: Pairs | None = None

    @property
    def n_codes(self) -> int:
        return self.n_levels if self.pairs is None else len(self.pairs.level)


def paired(codes: npt.NDArray[np.int32], n_levels: int, persons: Ints) -> tuple[npt.NDArray[np.int32], Pairs]:
    """Codes of the (person, level) pairs that occur, and what they stand for.

    Shape: (n,), (n,) -> (n,)
    """
    keys, of_row = np.unique(persons * n_levels + codes, return_inverse=True)
    return of_row.astype(np.int32), Pairs(keys % n_levels, keys // n_levels)


def count_persons(groups: Ints, persons: Ints, n_groups: int) -> Ints:
    """(G,) the distinct persons of each group; (r,), (r,) group and person of each row."""
    n_persons = int(persons.max(initial=0)) + 1
    return np.bincount(np.unique(groups * n_persons + persons) // n_persons, minlength=n_groups)


def class_passes(sizes: Ints, groups: Ints, promise: Promise, sensitive: list[Sensitive],
                 rows: Ints | None = None, weights: Ints | None = None) -> Bools:  # fmt: skip
    """Which classes keep the promise (its population apart).

    Args:
        sizes: (G,) members of each class: rows, or persons.
        groups: (r,) class of each row, rising.
        rows: (r,) which rows those are; None: the first r.
        weights: (r,) how many rows each stands for; None: one.

    Shape: -> (G,)
    """
    ok: Bools = sizes >= promise.k
    if not promise.needs_sensitive or not ok.any():
        return ok
    for column in sensitive:
        codes = column.codes if rows is None else column.codes[rows]
        if column.pairs is None:
            own, levels, members = groups, codes, None
        else:
            key = np.unique(groups * column.n_codes + codes)
            own, pair = key // column.n_codes, key % column.n_codes
            levels, weights, members = column.pairs.level[pair], None, sizes
            if promise.ignore_missing and column.missing is not None:
                known = levels != column.missing
                members = count_persons(own[known], column.pairs.person[pair[known]], len(sizes))
        for start, stop, counts in histograms(own, levels, len(sizes), column.n_levels, weights):
            of = None if members is None else members[start:stop]
            ok[start:stop] &= histogram_passes(counts, promise, column, of)
    return ok


def histograms(
    groups: Ints, codes: npt.NDArray[Any], n_groups: int, m: int, weights: Ints | None = None
) -> Iterator[tuple[int, int, Floats]]:
    """Level counts of every class, in blocks of classes; `groups` must rise."""
    block = max(1, _CELLS // max(m, 1))
    for start in range(0, n_groups, block):
        stop = min(start + block, n_groups)
        part = slice(None) if stop - start == n_groups else slice(*np.searchsorted(groups, (start, stop)))
        key = (groups[part] - start) * m + codes[part]
        weight = None if weights is None else weights[part]
        yield start, stop, np.bincount(key, weight, (stop - start) * m).reshape(-1, m).astype(np.float64)


def histogram_passes(counts: Floats, promise: Promise, column: Sensitive, members: Ints | None = None) -> Bools:
    """Which rows of a table of level counts meet l, t and alpha.

    Args:
        members: (G,) persons of each class that have a level at all; None: each counts for one level.

    Shape: (G, m) -> (G,)
    """
    ok = np.ones(len(counts), bool)
    known = counts
    if promise.ignore_missing and column.missing is not None:
        known = np.where(np.arange(counts.shape[1]) == column.missing, 0, counts)
    if promise.l is not None:
        ok &= _diverse(_shares(known), promise)
    if promise.alpha is not None:
        most = known.max(1) / np.maximum(known.sum(1) if members is None else members, 1)
        ok &= most <= promise.alpha + SLACK
    if promise.t is not None:
        ok &= distance(_shares(counts), column.q, column.distance, column.ladder) <= promise.t + SLACK
    return ok


def _shares(counts: Floats) -> Floats:
    return np.asarray(counts / np.maximum(counts.sum(1, keepdims=True), 1))


def _diverse(p: Floats, promise: Promise) -> Bools:
    assert promise.l is not None
    if promise.l_kind == "distinct":
        return np.asarray((p > 0).sum(1) >= promise.l)
    if promise.l_kind == "entropy":
        entropy = -(p * np.log(np.where(p > 0, p, 1.0))).sum(1)
        return np.asarray(entropy >= np.log(promise.l) - SLACK)
    assert promise.c is not None
    order = -np.sort(-p, axis=1)
    tail = order[:, int(promise.l) - 1 :].sum(1)
    # Strictly below, so a tie must fail: the slack is taken off. With fewer than l levels the tail is 0: fails too.
    return np.asarray(order[:, 0] < promise.c * tail - SLACK)


def distance(p: Floats, q: Floats, kind: str, ladder: Ladder | None = None) -> Floats:
    """Earth mover's distance of each row of p from q.

    Shape: (G, m), (m,) -> (G,)

    >>> q = np.full(9, 1 / 9)
    >>> p = np.zeros((2, 9)); p[0, :3] = 1 / 3; p[1, [3, 5, 8]] = 1 / 3
    >>> np.round(distance(p, q, "ordered"), 3)    # Li et al. 2007, section 4.3
    array([0.375, 0.167])
    """
    extra = p - q
    if kind == "equal":
        return np.asarray(np.abs(extra).sum(1) / 2)
    if kind == "ordered":
        return np.asarray(np.abs(np.cumsum(extra, 1)[:, :-1]).sum(1) / max(len(q) - 1, 1))
    assert ladder is not None
    total = np.zeros(len(p))
    below = extra
    for step in range(1, ladder.height + 1):
        nodes = ladder.maps[step]
        # Children of this step are the nodes of the step below; each lies in one node here.
        children = nodes[np.flatnonzero(np.diff(ladder.maps[step - 1], prepend=-1))]
        starts = np.flatnonzero(np.diff(children, prepend=-1))
        plus = np.add.reduceat(np.maximum(below, 0), starts, axis=1)
        minus = np.add.reduceat(np.maximum(-below, 0), starts, axis=1)
        total += step / ladder.height * np.minimum(plus, minus).sum(1)
        below = plus - minus
    return total
