"""How far the pairs of drawn rows are from those of real ones, as a loss: second moments of what codes are mapped to.

Legend: B rows, D fields, K codes of a field, S features of all fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet
from likewise.models.adversarial.variety import CHUNK, coarse_groups

if TYPE_CHECKING:
    import torch

N_GROUPS = 10
MOST_GROUPS = 600
"""Coarse codes of a field, and of all fields together, at most."""

MOST_ROWS = 100_000
"""Real rows that moments are taken of, at most."""

LEAST_SQUARE = 0.01
"""Features of a smaller mean square count no more than such a one: in a batch they are mostly noise."""


class Moments:
    """Second moments of real rows, to be met by drawn ones (Li, Swersky and Zemel 2015, with a kernel of degree two).

    Args:
        maps: (K, S of the field) features of each code of each field, in the order in which fields are drawn.
        mean, squares: (S,) mean of each feature and of its square.
        beyond: (S, S) mean of each product of two features, beyond the product of their means.
    """

    def __init__(
        self, maps: Sequence[torch.Tensor], mean: torch.Tensor, squares: torch.Tensor, beyond: torch.Tensor
    ) -> None:
        import torch

        self.maps, self.mean = maps, mean
        field = torch.tensor([j for j, m in enumerate(maps) for _ in range(m.shape[1])] + [len(maps)])
        self.scale = (squares + LEAST_SQUARE).rsqrt()
        centred = beyond * torch.outer(self.scale, self.scale)
        self.wanted = torch.nn.functional.pad(centred, (0, 1, 0, 1))  # the constant goes with nothing
        # The constant comes first, though it stands last: beside it a feature is its own mean.
        rank = torch.where(field == len(maps), -1, field).to(mean.device)
        self.counted = (rank[:, None] < rank[None, :]).float() / len(maps)

    @classmethod
    def of(cls, codes: npt.NDArray[np.integer], maps: Sequence[torch.Tensor]) -> Moments:
        """The moments of (n, D) real rows, their columns in the order in which fields are drawn."""
        import torch

        codes = codes[:: -(-len(codes) // MOST_ROWS)]
        size, device = sum(m.shape[1] for m in maps), maps[0].device
        mean, both = torch.zeros(size, device=device), torch.zeros(size, size, device=device)
        for start in range(0, len(codes), CHUNK):
            part = torch.from_numpy(codes[start : start + CHUNK].astype(np.int64)).to(device)
            rows = torch.cat([m[part[:, j]] for j, m in enumerate(maps)], 1)
            mean, both = mean + rows.sum(0) / len(codes), both + rows.t() @ rows / len(codes)
        return cls(maps, mean, both.diagonal(), both - torch.outer(mean, mean))

    def loss(self, hard: Sequence[torch.Tensor], soft: Sequence[torch.Tensor]) -> torch.Tensor:
        """The distance for rows whose fields are drawn one after the other.

        Args:
            hard: (B, K) of each field, what was drawn; no gradient goes there.
            soft: (B, K) of each field, the shares it was drawn by given the fields before: with what was drawn of those
                they are the pairs' own shares, and their gradient is exact.
        """
        return self.distance([part.detach() @ m for part, m in zip(hard, self.maps, strict=True)],
                             [part @ m for part, m in zip(soft, self.maps, strict=True)])  # fmt: skip

    def distance(self, before: Sequence[torch.Tensor], after: Sequence[torch.Tensor]) -> torch.Tensor:
        """The squared distance of moments, without the noise of a batch: the product of what two halves say.

        Args:
            before, after: (B, S of the field) features; pairs are of an earlier field of one and a later of the other.
        """
        left, right = (self._scaled(part) for part in (before, after))
        halves = zip(left.chunk(2), right.chunk(2), strict=True)
        off, other = (a.t() @ b / len(a) - self.wanted for a, b in halves)
        return (off * other * self.counted).sum()

    def _scaled(self, features: Sequence[torch.Tensor]) -> torch.Tensor:
        import torch

        rows = (torch.cat(list(features), 1) - self.mean) * self.scale
        return torch.cat([rows, torch.ones(len(rows), 1, device=rows.device)], 1)


def coarse_maps(codes: npt.NDArray[np.integer], alphabet: Alphabet, device: str = "cpu") -> list[torch.Tensor]:
    """(K, coarse codes) which coarse code each code of each field is, one-hot."""
    import torch

    most = max(2, min(N_GROUPS, MOST_GROUPS // max(len(alphabet.fields), 1)))
    counts = [np.bincount(codes[:, j], minlength=f.size) for j, f in enumerate(alphabet.fields)]
    return [torch.eye(int(g.max()) + 1)[torch.from_numpy(g)].to(device) for g in coarse_groups(counts, alphabet, most)]
