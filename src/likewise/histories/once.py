"""Levels that no entity has twice: a vaccination, a course, a product bought for life.

Legend: E entities, n rows, m rows at one step, D fields of a row, K levels of a column.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from likewise.codecs.base import Field
from likewise.histories.order import Histories
from likewise.typing import Bools, Ints

BY_CHANCE = 20
"""Pairs of rows of one entity that would share a level by chance, at least, where that none does tells something."""
MOST_LEVELS = 4096


def find_once(told: Histories, names: Sequence[str]) -> tuple[str, ...]:
    """Those of some columns of levels in which no entity has one twice, though by chance many would."""
    pairs = float((told.lengths * (told.lengths - 1) / 2).sum())
    found = []
    for name in names:
        known = told.table[name].is_not_null()
        number = np.unique(told.table[name].filter(known).hash().to_numpy(), return_inverse=True)[1]
        counts = np.bincount(number)
        if 2 < len(counts) <= MOST_LEVELS and pairs * np.square(counts / len(told)).sum() >= BY_CHANCE:
            held = told.whose[known.to_numpy()] * len(counts) + number
            if len(np.unique(held)) == len(held):
                found.append(name)
    return tuple(found)


class Once:
    """What entities hold already, while rows are drawn.

    Args:
        fields: of a row, by their places.
        n: entities.
    """

    def __init__(self, fields: dict[int, Field], n: int) -> None:
        self.fields = tuple(fields)
        self._held = {k: np.zeros((n, f.size), bool) for k, f in fields.items()}
        self._told = {k: f.emit & (np.arange(f.size) != f.missing) for k, f in fields.items()}

    def see(self, who: Ints, codes: Ints) -> None:
        """Rows (m, D) of these entities."""
        for k, held in self._held.items():
            held[who, codes[:, k]] = self._told[k][codes[:, k]]

    def are_new(self, who: Ints, codes: Ints) -> Bools:
        """(m,) which rows hold nothing that their entities have."""
        new = np.ones(len(who), bool)
        for k, held in self._held.items():
            new &= ~held[who, codes[:, k]]
        return new

    def replaced(self, who: Ints, codes: Ints, rng: np.random.Generator) -> Ints:
        """(m, D) rows with other levels, by chance, in place of those that entities have, while there are others."""
        result = codes.copy()
        for k, held in self._held.items():
            again = np.flatnonzero(held[who, codes[:, k]])
            free = self._told[k] & ~held[who[again]]
            chosen = np.where(free, rng.random(free.shape), -1.0).argmax(1)
            result[again, k] = np.where(free.any(1), chosen, codes[again, k])
        return result
