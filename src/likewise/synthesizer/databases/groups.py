"""Rows of a table as groups, one for each row of its owner that has any.

Legend: P parents, m groups, n rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from likewise.typing import Bools, Ints

MOST_TOGETHER = 256
"""Rows that are drawn one after the other; longer groups are cut, and their parts drawn side by side."""


@dataclass(frozen=True)
class Groups:
    """Which rows are drawn together.

    Args:
        parent: (m,) the row they belong to; -1 where they belong to none.
        offset: (m,) rows of the same parent before.
        size: (m,) how many they are, 1 or more.
    """

    parent: Ints
    offset: Ints
    size: Ints

    @classmethod
    def of(cls, counts: Ints, loose: int = 0) -> Self:
        """The groups of parents with so many rows.

        Args:
            counts: (P,).
            loose: rows that belong to none; they are dealt into groups as large as the others mostly are.

        Example:
            >>> Groups.of(np.array([2, 0, 300]), 3).size.tolist()
            [2, 256, 44, 3]
        """
        parts = -(-counts // MOST_TOGETHER)
        parent = np.repeat(np.arange(len(counts)), parts)
        offset = MOST_TOGETHER * (np.arange(len(parent)) - np.repeat(np.cumsum(parts) - parts, parts))
        size = np.minimum(counts[parent] - offset, MOST_TOGETHER)
        usual = int(np.median(size)) if len(size) else MOST_TOGETHER
        of_none = np.diff(np.append(np.arange(0, loose, max(usual, 1)), loose)) if loose else np.zeros(0, np.int64)
        none = np.zeros(len(of_none), np.int64)
        return cls(
            np.append(parent, none - 1).astype(np.int64), np.append(offset, none).astype(np.int64),
            np.append(size, of_none).astype(np.int64),
        )  # fmt: skip

    def of_parents(self, some: Bools) -> Groups:
        """Those of some rows (P,) of the owner."""
        kept = (self.parent >= 0) & some[self.parent.clip(0)]
        return Groups(self.parent[kept], self.offset[kept], self.size[kept])

    @cached_property
    def whose(self) -> Ints:
        """(n,) the group of each row."""
        return np.repeat(np.arange(len(self.size)), self.size)

    @property
    def rows(self) -> Ints:
        """(n,) the parent of each row."""
        return self.parent[self.whose]

    def counts(self, n_parents: int) -> Ints:
        """(P,) rows of each."""
        at = self.parent >= 0
        return np.bincount(self.parent[at], self.size[at], minlength=n_parents).astype(np.int64)

    @property
    def are_cut(self) -> bool:
        return bool(self.offset.any())
