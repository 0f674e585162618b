"""Counts of rows by two foreign keys that add up to the same in every group: each bond has two ends in one molecule,
each transfer two accounts of one bank, so as many rows leave its rows as reach them.

A net draws the counts of a row by what was drawn of its siblings, and sums of them come near. Groups in which they miss
are drawn again, and the nearest kept: what is drawn is the law that was learnt, given that sums agree.

Legend: n rows, P rows that they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np
import polars as pl

from likewise.databases.keys import ForeignKey
from likewise.synthesizer.databases.groups import Groups
from likewise.synthesizer.databases.plan import plan_of
from likewise.typing import Ints

Pairs = Sequence[tuple[ForeignKey, ForeignKey]]
SURE = 0.995
LEAST_GROUPS = 20
AGAIN = 6
"""Times that groups are drawn again at most."""


def pairs_of(counts: Mapping[ForeignKey, Ints], links: Ints) -> tuple[tuple[ForeignKey, ForeignKey], ...]:
    """The foreign keys whose counts (n,) add up to the same in nearly every group, though not in every row.

    Args:
        links: (n,) the row that each belongs to, -1 for none.

    Example:
        >>> one, other = ForeignKey.of("bond.a -> atom.id"), ForeignKey.of("bond.b -> atom.id")
        >>> counts = {one: np.tile([2, 0, 1], 30), other: np.tile([1, 1, 1], 30)}
        >>> len(pairs_of(counts, np.arange(90) // 3)), len(pairs_of(counts, np.arange(90)))
        (1, 0)
    """
    found = []
    here = np.bincount(links[links >= 0]) > 0 if (links >= 0).any() else np.zeros(0, bool)
    for one, other in combinations(sorted(counts, key=str), 2):
        off = _off(counts[one], counts[other], links, len(here))[here]
        if len(off) >= LEAST_GROUPS and (off == 0).mean() >= SURE > (counts[one] == counts[other]).mean():
            found.append((one, other))
    return tuple(found)


def uneven(pairs: Pairs, rows: pl.DataFrame, links: Ints, n_parents: int) -> Ints:
    """(P,) how far the sums of counts are apart in each group."""
    counts = {key: _counts(rows, key) for pair in pairs for key in pair}
    return sum((_off(counts[a], counts[b], links, n_parents) for a, b in pairs), np.zeros(n_parents, np.int64))


def least_off(
    draw: Callable[[Groups], tuple[pl.DataFrame, Ints]],
    groups: Groups,
    missed: Callable[[pl.DataFrame, Ints], Ints],
    n_parents: int,
) -> tuple[pl.DataFrame, Ints]:
    """Rows of groups, and (n,) the row that each belongs to: of several draws those that miss least.

    Args:
        draw: rows of some groups.
        missed: (P,) how far each group is from what holds in all.
        n_parents: P.
    """
    rows, links = draw(groups)
    for _ in range(AGAIN):
        off = missed(rows, links)
        if not off.any():
            break
        new, whose = draw(groups.of_parents(off > 0))
        better = missed(new, whose) < off
        stay = (links < 0) | ~better[links.clip(0)]
        both, at = pl.concat([rows.filter(stay), new.filter(better[whose])]), [links[stay], whose[better[whose]]]
        links = np.concatenate(at)
        order = np.argsort(np.where(links < 0, n_parents, links), kind="stable")
        rows, links = both[order], links[order]
    return rows, links


def _counts(rows: pl.DataFrame, key: ForeignKey) -> Ints:
    counts: Ints = rows[plan_of(key)].cast(pl.Int64).fill_null(0).to_numpy()
    return counts


def _off(one: Ints, other: Ints, links: Ints, n_parents: int) -> Ints:
    """(P,) how far sums are apart."""
    at = links >= 0
    apart = np.bincount(links[at], (one - other)[at], minlength=n_parents)
    return np.abs(apart).round().astype(np.int64)
