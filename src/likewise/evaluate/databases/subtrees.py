"""Subtrees: a root with all rows that belong to it, as one number, alike for those whose cells are all equal.

Keys are left out, for they are made anew, and so is the order of children: a subtree is its root's cells and, for each
link that owns, the multiset of the subtrees below.

Legend: n rows of a table.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from likewise.databases.keys import ForeignKey
from likewise.evaluate.attacks.sides import Hashes
from likewise.evaluate.databases.linked import Linked
from likewise.evaluate.tables import IntArray

ODD = np.uint64(0x9E3779B97F4A7C15)


def subtrees(side: Linked, owner: Mapping[str, ForeignKey], table: str) -> tuple[Hashes, IntArray]:
    """(n,) a number of each row of a table with all below it, and how many rows these are.

    Args:
        owner: by which tables' rows belong to others (`roots.owners`).
        side: typed with texts by value.
    """
    own = side.tables[table]
    cells = pl.DataFrame({"": np.zeros(len(own), np.int8), **{str(i): c.values for i, c in enumerate(own.columns)}})
    numbers, below = cells.hash_rows(seed=5).to_numpy(), np.zeros(len(own), np.int64)
    for place, (child, key) in enumerate(sorted((t, k) for t, k in owner.items() if k.parent == table), start=1):
        theirs, rows = subtrees(side, owner, child)
        at = side.parents[key]
        there = np.flatnonzero(at >= 0)
        summed = np.zeros(len(own), np.uint64)
        np.add.at(summed, at[there], _mixed(theirs[there]))
        numbers = numbers + _mixed(summed ^ np.uint64(place))
        np.add.at(below, at[there], 1 + rows[there])
    return numbers, below


def _mixed(numbers: Hashes) -> Hashes:
    """Each number as another that says nothing of it, so that sums differ where these do (Steele et al. 2014)."""
    z = numbers + ODD
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
