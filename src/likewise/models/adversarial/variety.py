"""How far drawn codes are from real ones, cheaply: pairs of columns on coarse codes. What is lacking is a mode lost.

Legend: n rows, D fields, K codes of a field, S coarse codes of all fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Field

N_GROUPS = 10
"""Coarse codes of a field, at most."""

MOST_GROUPS = 2000
"""Coarse codes of all fields together, at most: wide tables get coarser ones."""

LOOKED_AT = 4096
"""Rows to draw for a measure while training."""

CHUNK = 16_384
"""Rows laid out at once."""


class Variety:
    """Holds real rows to compare drawn ones with.

    Args:
        codes: (n, D) real rows.
    """

    def __init__(self, codes: npt.NDArray[np.integer], alphabet: Alphabet) -> None:
        most = max(2, min(N_GROUPS, MOST_GROUPS // max(len(alphabet.fields), 1)))
        shares = [np.bincount(codes[:, j], minlength=f.size) for j, f in enumerate(alphabet.fields)]
        groups = coarse_groups(shares, alphabet, most)
        sizes = [int(g.max()) + 1 for g in groups]
        self.starts = np.cumsum([0, *sizes])
        self.groups = [g + start for g, start in zip(groups, self.starts, strict=False)]
        self.real = self._pairs(codes)
        self.levels = [share * f.emit > 0 for f, share in zip(alphabet.fields, shares, strict=True)]

    def _pairs(self, codes: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
        """(S, S) share of the rows that hold both coarse codes."""
        n_groups = int(self.starts[-1])
        total = np.zeros((n_groups, n_groups), np.float32)
        for start in range(0, len(codes), CHUNK):
            part = codes[start : start + CHUNK]
            rows = np.zeros((len(part), n_groups), np.float32)
            for j, group in enumerate(self.groups):
                rows[np.arange(len(part)), group[part[:, j]]] = 1.0
            total += rows.T @ rows
        shares: npt.NDArray[np.float32] = total / np.float32(max(len(codes), 1))
        return shares

    def measure(self, codes: npt.NDArray[np.integer]) -> dict[str, float]:
        """Drawn rows beside the real ones.

        Returns:
            "distance": total variation, the mean over pairs of columns (of the column where there is one only).
            "recall": share of the real rows' pairs of coarse codes that stand among the drawn ones, weighed by rows.
            "levels": share of the real rows' codes that were drawn.
        """
        drawn = self._pairs(codes)
        d = len(self.groups)
        field = np.repeat(np.arange(d), np.diff(self.starts))
        counted = field[:, None] != field[None, :] if d > 1 else np.ones_like(drawn, bool)
        n_pairs = max(d * (d - 1), 1)
        seen = [np.bincount(codes[:, j], minlength=len(k)) > 0 for j, k in enumerate(self.levels)]
        found = sum(int((s & k).sum()) for s, k in zip(seen, self.levels, strict=True))
        return {
            "distance": float(np.abs(drawn - self.real)[counted].sum(dtype=np.float64)) / 2 / n_pairs,
            "recall": float(self.real[counted & (drawn > 0)].sum(dtype=np.float64)) / n_pairs,
            "levels": found / max(sum(int(k.sum()) for k in self.levels), 1),
        }


def coarse_groups(counts: Sequence[npt.NDArray[Any]], alphabet: Alphabet, most: int) -> list[npt.NDArray[np.int64]]:
    """(K,) coarse code of each code of each field, by how many rows there are of each."""
    return [_groups(f, rows, most) for f, rows in zip(alphabet.fields, counts, strict=True)]


def _groups(field: Field, counts: npt.NDArray[Any], most: int) -> npt.NDArray[np.int64]:
    """(K,) coarse code of each code: neighbours of about equal rows where there is an order, else the frequent levels
    alone and the others together."""
    if field.size <= most:
        return np.arange(field.size)
    groups = np.full(field.size, most - 1)
    if field.positions is None:
        groups[np.argsort(-counts, kind="stable")[: most - 1]] = np.arange(most - 1)
        return groups
    inside = np.isfinite(field.positions)  # the last group is for missing and rare
    groups[inside] = np.minimum((field.positions[inside] * (most - 1)).astype(np.int64), most - 2)
    return groups
