"""Nets of windows of time series: windows to features, a vector to a window.

Legend: B batch, C channels, T steps, F features, D width of a vector.

A window is an image one pixel wide, (B, C, T, 1): what trains nets of images trains these.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

from likewise.nets.conv import LEAK, BatchNorm, Linear, RowNorm
from likewise.nets.tables import normal

SHORTEST = 6
"""Halving ends when there are no more steps."""

WIDE = 5
"""Steps that a convolution sees."""

DEGREE = 2
"""Of the polynomial that a trend is."""


class Conv1d(nn.Module):
    """A convolution over time. Shape: (B, C, T) -> (B, D, T / stride, rounded up)."""

    def __init__(
        self, n_in: int, n_out: int, *, generator: torch.Generator, stride: int = 1, scale: float = 1.0
    ) -> None:  # fmt: skip
        super().__init__()
        self.stride = stride
        self.weight = normal(n_out, n_in, WIDE, scale=scale * math.sqrt(2 / (n_in * WIDE)), generator=generator)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv1d(x, self.weight, self.bias, stride=self.stride, padding=WIDE // 2)


def lengths(n_steps: int) -> list[int]:
    """Steps left after each halving, the whole window first.

    Example:
        >>> lengths(24)
        [24, 12, 6]
    """
    found = [n_steps]
    while found[-1] > SHORTEST:
        found.append(-(-found[-1] // 2))
    return found


class SeriesDown(nn.Module):
    """Features of windows by convolutions over time. Shape: (B, C, T, 1) in [0, 1] -> (B, F)."""

    def __init__(self, shape: tuple[int, int, int], width: int, *, generator: torch.Generator) -> None:
        super().__init__()
        sizes = lengths(shape[1])
        self.first = Conv1d(shape[0], width, generator=generator)
        self.halvings = nn.ModuleList([Conv1d(width, width, generator=generator, stride=2) for _ in sizes[1:]])
        self.n_features = width * sizes[-1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = F.leaky_relu(self.first(2 * x[..., 0] - 1), LEAK)
        for layer in self.halvings:
            h = F.leaky_relu(layer(h), LEAK)
        return h.flatten(1)


class SeriesUp(nn.Module):
    """A window for each vector, as logits of its values: level and trend of each channel, and what is beyond them
    (Desai et al. 2021, section 3.3). Shape: (B, D) -> (B, C, T, 1).

    NOTE[DIFF]: no seasons; a period is learnt by the residual, and needs no naming.
    """

    basis: torch.Tensor

    def __init__(
        self, n_in: int, shape: tuple[int, int, int], width: int, *, generator: torch.Generator, start: torch.Tensor,
        norm: type[BatchNorm] | type[RowNorm] = BatchNorm,
    ) -> None:  # fmt: skip
        super().__init__()
        self.shape, self.sizes = shape, lengths(shape[1])[::-1]
        self.first = Linear(n_in, width * self.sizes[0], generator=generator)
        self.doublings = nn.ModuleList([Conv1d(width, width, generator=generator) for _ in self.sizes[1:]])
        self.norms = nn.ModuleList([norm(width) for _ in self.sizes])
        self.last = Conv1d(width, shape[0], generator=generator, scale=0.3)
        self.hidden = Linear(n_in, width, generator=generator, scale=math.sqrt(2))
        self.trend = Linear(width, shape[0] * (DEGREE + 1), generator=generator, scale=0.3)
        at = torch.linspace(-1, 1, shape[1])
        self.register_buffer("basis", torch.stack([at**k for k in range(DEGREE + 1)]), persistent=False)
        with torch.no_grad():
            self.last.bias.copy_(start)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        h = F.leaky_relu(self.norms[0](self.first(z).view(len(z), -1, self.sizes[0])), LEAK)
        for size, layer, norm in zip(self.sizes[1:], self.doublings, list(self.norms)[1:], strict=True):
            h = F.leaky_relu(norm(layer(h.repeat_interleave(2, 2)[..., :size])), LEAK)
        trend = self.trend(F.leaky_relu(self.hidden(z), LEAK)).view(len(z), self.shape[0], -1)
        made: torch.Tensor = (self.last(h) + trend @ self.basis)[..., None]
        return made
