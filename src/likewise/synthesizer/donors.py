"""Free draws of a model that are near to what is known of other rows, and lend them cells.

No draw can be told a total that it makes of parts, or an end that it makes of a start and a gap: a row near to it lends
these.

Legend: n rows, m donors, d features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.matrix import TableMatrix
from likewise.schema.column import Schema
from likewise.typing import Floats, Ints

NEAREST = 8
"""Donors of a row, among which one is taken at random, so that rows of which the same is known differ."""
PINNED = 4.0
"""Times that a pinned column counts as much as another."""
LEVEL_FEATURES = 6
"""Features of a column of levels: each level lies in a direction of its own, far from the others."""
AT_ONCE = 2**22
"""Distances that are held at one time."""


@dataclass(frozen=True)
class Donors:
    """Rows that keep the rules, and where they lie.

    Args:
        inner, outer: the rows as they are learnt, and of the user's schema; (m, columns).
        matrix: the columns of `outer` by which rows are near.
        centre, spread: (C,) of the numbers.
        directions: column of levels -> (K, d) where each level lies.
    """

    inner: pl.DataFrame
    outer: pl.DataFrame
    matrix: TableMatrix
    centre: Floats
    spread: Floats
    directions: dict[int, Floats]

    @classmethod
    def of(cls, inner: pl.DataFrame, outer: pl.DataFrame, schema: Schema, rng: np.random.Generator) -> Donors:
        matrix = TableMatrix.of_table(outer, schema)
        x = matrix.encode(outer)
        with np.errstate(invalid="ignore"):
            known = np.isfinite(x)
            centre = np.where(known, x, 0.0).sum(0) / np.maximum(known.sum(0), 1)
            spread = np.sqrt(np.where(known, (x - centre) ** 2, 0.0).sum(0) / np.maximum(known.sum(0), 1))
        directions = {}
        for j, k in enumerate(matrix.n_levels):
            if k:
                raw = rng.normal(size=(k, LEVEL_FEATURES))
                directions[j] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
        return cls(inner, outer, matrix, centre, np.where(spread > 0, spread, 1.0), directions)

    def nearest(self, known: pl.DataFrame, pinned: set[str], rng: np.random.Generator) -> Ints:
        """(n,) a donor of each row, one of the nearest in what is known of it.

        Args:
            pinned: columns that count more.
        """
        mine, theirs = self._features(known, pinned), self._features(self.outer, pinned)
        asked = (~np.isnan(mine)).astype(np.float32)
        mine, lacks = np.nan_to_num(mine), np.isnan(theirs)
        # A donor that lacks what is known of a row lies a deviation away in it.
        theirs, extra = np.nan_to_num(theirs), lacks.astype(np.float32)
        left = np.concatenate([-2 * mine * asked, asked], axis=1)
        right = np.concatenate([theirs, theirs**2 + extra], axis=1)
        k, step = min(NEAREST, len(theirs)), max(AT_ONCE // len(theirs), 1)
        found = np.empty((len(mine), k), np.int64)
        for start in range(0, len(mine), step):
            distance = left[start : start + step] @ right.T
            found[start : start + step] = np.argpartition(distance, k - 1, axis=1)[:, :k]
        return found[np.arange(len(mine)), rng.integers(k, size=len(mine))]

    def _features(self, table: pl.DataFrame, pinned: set[str]) -> npt.NDArray[np.float32]:
        """(n, d), NaN where a cell is missing."""
        x = self.matrix.encode(table)
        parts = []
        for j, column in enumerate(self.matrix.columns):
            weight = PINNED if column.name in pinned else 1.0
            if j in self.directions:
                at = np.nan_to_num(x[:, j]).astype(np.int64)
                part = np.where(np.isnan(x[:, j])[:, None], np.nan, self.directions[j][at])
            else:
                part = ((x[:, j] - self.centre[j]) / self.spread[j])[:, None]
            parts.append((weight * part).astype(np.float32))
        return np.concatenate(parts, axis=1)
