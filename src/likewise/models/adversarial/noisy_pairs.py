"""What pairs of fields share, counted once under a budget: the second moments that a generator may be held to.

A generator of noise held to noisy tables of pairs learns without looking at rows again (in the line of Liu, Vietri and
Wu 2021, who choose the tables round by round).

Legend: n rows, D fields, K codes of a field, S coarse codes of all fields, F features of all fields.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet
from likewise.dp.gate import Gate
from likewise.dp.queries import Marginals, Table
from likewise.models.adversarial.moments import N_GROUPS, Moments
from likewise.models.adversarial.variety import coarse_groups
from likewise.models.marginals.counts import OneWay

if TYPE_CHECKING:
    import torch

BEARABLE = 0.05
"""Total variation that the noise of a pair's table may make: coarse codes are as fine as that leaves them."""


@dataclass(frozen=True)
class NoisyPairs:
    """Coarse tables of all pairs of fields.

    Args:
        groups: (K,) coarse code of each code of each field.
        shares: (K,) share of each code of each field.
        beyond: (S, S) share of the rows that hold both coarse codes, beyond chance; as much less as noise explains.
    """

    groups: Sequence[npt.NDArray[np.int64]]
    shares: Sequence[Table]
    beyond: Table

    @classmethod
    def of(cls, gate: Gate, alphabet: Alphabet, known: OneWay, share: float) -> NoisyPairs | None:
        """Count them; None where there is no pair.

        Privacy: the share.
        """
        pairs = tuple(combinations(range(len(alphabet.fields)), 2))
        if not pairs:
            return None
        query = Marginals(pairs, f"coarse counts of all {len(pairs)} pairs of fields")
        noise = gate.deviation(share, query.sensitivity) / known.n_rows
        most = int(np.clip(math.sqrt(2 * BEARABLE / noise / math.sqrt(2 / math.pi)), 2, N_GROUPS))
        groups = coarse_groups(known.counts, alphabet, most)
        coarse = gate.grouped(groups)
        sizes = coarse.sizes
        counted = coarse.counts(query, share)
        shares = [table / table.sum() for table in known.counts]
        by_group = [np.bincount(g, share) for g, share in zip(groups, shares, strict=True)]
        starts, beyond = np.cumsum([0, *sizes]), np.zeros((sum(sizes), sum(sizes)))
        for (i, j), m in zip(pairs, counted, strict=True):
            off = m.table / known.n_rows - np.outer(by_group[i], by_group[j])
            off *= max(1 - off.size * noise**2 / max(float((off**2).sum()), 1e-30), 0.0)  # James and Stein 1961
            rows, columns = slice(starts[i], starts[i + 1]), slice(starts[j], starts[j + 1])
            beyond[rows, columns], beyond[columns, rows] = off, off.T
        return cls(groups, shares, beyond)

    def coarse_maps(self, columns: Sequence[int], device: str) -> list[torch.Tensor]:
        """(K, coarse codes) which coarse code each code of these fields is, one-hot."""
        import torch

        return [
            torch.eye(int(g.max()) + 1)[torch.from_numpy(g)].to(device) for g in map(self.groups.__getitem__, columns)
        ]

    def moments(self, maps: Sequence[torch.Tensor], columns: Sequence[int]) -> Moments:
        """The moments of features of these fields. Inside its coarse code a code goes with nothing.

        Args:
            maps: (K, F of the field) features of each code, a field each, as `columns` names them.
        """
        import torch

        spread = [self._by_group(m, j) for m, j in zip(maps, columns, strict=True)]
        starts = np.cumsum([0, *(int(g.max()) + 1 for g in self.groups)])
        at = np.concatenate([np.arange(starts[j], starts[j + 1]) for j in columns])
        g: torch.Tensor = torch.block_diag(*spread)  # type: ignore[no-untyped-call]
        share = [torch.from_numpy(self.shares[j]).to(maps[0]) for j in columns]
        mean = torch.cat([s @ m for s, m in zip(share, maps, strict=True)])
        squares = torch.cat([s @ m.square() for s, m in zip(share, maps, strict=True)])
        return Moments(maps, mean, squares, g.t() @ torch.from_numpy(self.beyond[np.ix_(at, at)]).to(g) @ g)

    def _by_group(self, features: torch.Tensor, j: int) -> torch.Tensor:
        """Mean features of each coarse code of a field. Shape: (K, F of it) -> (its coarse codes, F of it)."""
        import torch

        group = torch.from_numpy(self.groups[j]).to(features.device)
        share = torch.from_numpy(self.shares[j]).to(features)
        total = features.new_zeros(int(group.max()) + 1, features.shape[1]).index_add_(
            0, group, features * share[:, None]
        )
        rows = features.new_zeros(len(total)).index_add_(0, group, share)
        return total / rows.clamp_min(1e-12)[:, None]
