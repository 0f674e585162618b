"""How far the pairs of drawn rows are from those of real ones, as a loss: second moments of coarse codes.

Legend: B rows, D fields, K codes of a field, S coarse codes of all fields and a constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet
from likewise.models.variety import coarse_groups, pair_shares

if TYPE_CHECKING:
    import torch

N_GROUPS = 10
MOST_GROUPS = 600
"""Coarse codes of a field, and of all fields together, at most."""

LEAST_SHARE = 0.01
"""Rarer coarse codes count no more than such a one: their shares are mostly noise in a batch."""


class Moments:
    """Second moments of real rows, to be met by drawn ones (Li, Swersky and Zemel 2015, with a kernel of degree two).

    Args:
        codes: (n, D) real rows, their columns in the order in which fields are drawn.
    """

    def __init__(self, codes: npt.NDArray[np.integer], alphabet: Alphabet, device: str = "cpu") -> None:
        import torch

        groups = coarse_groups(codes, alphabet, max(2, min(N_GROUPS, MOST_GROUPS // max(len(alphabet.fields), 1))))
        sizes = [int(g.max()) + 1 for g in groups]
        starts = np.cumsum([0, *sizes])
        self.maps = [torch.eye(size)[torch.from_numpy(g)].to(device) for size, g in zip(sizes, groups, strict=True)]
        through = [g + at for g, at in zip(groups, starts, strict=False)]
        both = torch.from_numpy(pair_shares(codes, through, int(starts[-1]))).to(device)
        self.share = both.diagonal().clone()
        self.scale = (self.share + LEAST_SHARE).rsqrt()
        centred = (both - torch.outer(self.share, self.share)) * torch.outer(self.scale, self.scale)
        self.wanted = torch.nn.functional.pad(centred, (0, 1, 0, 1))  # the constant goes with nothing
        field = torch.tensor([j for j, size in enumerate(sizes) for _ in range(size)] + [-1]).to(device)
        self.counted = (field[:, None] < field[None, :]).float() / max(len(groups), 1)

    def _scaled(self, rows: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.cat([(rows - self.share) * self.scale, torch.ones(len(rows), 1, device=rows.device)], 1)

    def loss(self, hard: list[torch.Tensor], soft: list[torch.Tensor]) -> torch.Tensor:
        """The squared distance, without the noise of a batch: the product of what two halves say.

        Args:
            hard: (B, K) of each field, what was drawn; no gradient goes there.
            soft: (B, K) of each field, the shares it was drawn by given the fields before: with what was drawn of those
                they are the pairs' own shares, and their gradient is exact.
        """
        import torch

        before, after = (
            self._scaled(torch.cat([part @ m for part, m in zip(parts, self.maps, strict=True)], 1))
            for parts in ([part.detach() for part in hard], soft)
        )
        halves = zip(before.chunk(2), after.chunk(2), strict=True)
        off, other = (left.t() @ right / len(left) - self.wanted for left, right in halves)
        return (off * other * self.counted).sum()
