"""A net that learns of each row in a direction of its own: what an audit of private training trains."""

from __future__ import annotations

import torch
from torch import nn

from likewise.nets.ghosts import Taped

STEEP = 10.0
"""Norm of a row's gradient: above any norm that it may be clipped to."""


class OneWeightARow(Taped):
    """m weights, and rows (B, 1) that each name one of them; a row's loss is that weight, steeply."""

    def __init__(self, m: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(m))

    def loss(self, rows: torch.Tensor) -> torch.Tensor:
        """Shape: (B, 1) -> (B,)."""
        losses = STEEP * self.weight[rows[:, 0]]
        if self.tape is not None:
            self.tape.note([losses], [self.weight], lambda b: (STEEP * b).square(), rows[:, 0].float())
        return losses
