"""Levels that never follow one another: a second registration, a visit after a discharge, the same event twice running.

A net gives each pair of levels some chance, and over many rows what no real history has comes up.

Legend: n rows, m rows at one step, D fields of a row, K codes of a column.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from likewise.typing import Bools, Ints

BY_CHANCE = 20
"""Entities of which by chance one would have two levels one after the other, at least, where that none does tells
something."""

Pairs = tuple[tuple[int, int, int], ...]
"""Places of fields, a code of each, and one that never follows it; the field's size stands for no row before."""


def find_never(codes: Ints, size: int, whose: Ints, position: Ints) -> list[tuple[int, int]]:
    """Codes of a column, and those that never follow them, though by chance they would in many entities.

    Args:
        codes: (n,) 0 .. size - 1, each entity's rows in order.
        whose: (n,) the entity of each row, 0 .. E-1.
        position: (n,) rows of its entity before each.

    Example:
        >>> codes = np.tile([0, 1, 2, 1, 2], 90)
        >>> find_never(codes, 3, np.repeat(np.arange(90), 5), np.tile(np.arange(5), 90))
        [(0, 2), (1, 1), (2, 2), (3, 1), (3, 2)]
    """
    before = np.where(position > 0, np.roll(codes, 1), size)
    seen = np.bincount(before * size + codes, minlength=(size + 1) * size).reshape(size + 1, size)
    entities = np.bincount(np.unique(whose * (size + 1) + before) % (size + 1), minlength=size + 1)
    expected = np.outer(entities, seen.sum(0) / max(len(codes), 1))
    return [(int(i), int(j)) for i, j in np.argwhere((seen == 0) & (expected >= BY_CHANCE))]


class Never:
    """Which rows may follow which.

    Args:
        sizes: (D,) of a row's fields.
    """

    def __init__(self, pairs: Pairs, sizes: Sequence[int]) -> None:
        self._free: dict[int, npt.NDArray[np.bool_]] = {}
        for k, before, code in pairs:
            self._free.setdefault(k, np.ones((sizes[k] + 1, sizes[k]), bool))[before, code] = False

    def may_follow(self, last: Ints, codes: Ints) -> Bools:
        """(m,) which rows (m, D) may follow the last ones of their entities."""
        free = np.ones(len(codes), bool)
        for k, table in self._free.items():
            free &= table[last[:, k], codes[:, k]]
        return free
