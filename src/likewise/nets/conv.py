"""Convolutional nets: images to features, a vector to an image.

Legend: B batch, C channels, H and W pixels of an image, F features, D width of a vector, M channels at most.

An image is halved until its longer side is 8 or less, so the same layers serve 8, 28 or 64 pixels; a side that
cannot be halved so often is padded with its own edge going in and cut coming out.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import nn
from torch.nn import functional as F

from likewise.nets.ghosts import Taped
from likewise.nets.tables import normal

LEAK = 0.2
SMALLEST = 8
"""Halving ends when neither side is longer."""


class Frame:
    """How images of one size fit the halvings.

    Example:
        >>> frame = Frame(28, 30)
        >>> frame.halvings, frame.base
        (2, (7, 8))
    """

    def __init__(self, height: int, width: int) -> None:
        self.size = height, width
        self.halvings = max(1, math.ceil(math.log2(max(height, width) / SMALLEST)))
        step = 2**self.halvings
        self.base = -(-height // step), -(-width // step)
        extra = self.base[0] * step - height, self.base[1] * step - width
        top, left = extra[0] // 2, extra[1] // 2
        self.edges = left, extra[1] - left, top, extra[0] - top

    def pad(self, x: torch.Tensor) -> torch.Tensor:
        return F.pad(x, self.edges, mode="replicate") if any(self.edges) else x

    def cut(self, x: torch.Tensor) -> torch.Tensor:
        left, _, top, _ = self.edges
        return x[:, :, top : top + self.size[0], left : left + self.size[1]]

    def channels(self, most: int) -> list[int]:
        """Channels after each halving."""
        return [max(most // 2, most >> (self.halvings - 1 - i)) for i in range(self.halvings)]


class Conv(Taped):
    """A convolution that halves (or, `up`, doubles) the sides, 4 pixels wide; or keeps them, 3 wide."""

    def __init__(self, n_in: int, n_out: int, *, generator: torch.Generator, step: str, scale: float = 1.0) -> None:
        super().__init__()
        self.step = step
        wide = 3 if step == "keep" else 4
        # What one output sums over: all of the window, or the quarter of it that a doubling leaves.
        fan = n_in * wide**2 / (4 if step == "up" else 1)
        shape = (n_in, n_out) if step == "up" else (n_out, n_in)
        self.weight = normal(*shape, wide, wide, scale=scale * math.sqrt(2 / fan), generator=generator)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight.contiguous(memory_format=torch.channels_last)
        stride, up = 1 if self.step == "keep" else 2, self.step == "up"
        made = (F.conv_transpose2d if up else F.conv2d)(x, weight, self.bias, stride=stride, padding=1)
        if self.tape is not None:
            self.tape.windows(made, x, self.weight, self.bias, stride=stride, padding=1, up=up)
        return made


class Linear(Taped):
    def __init__(self, n_in: int, n_out: int, *, generator: torch.Generator, scale: float = 1.0) -> None:
        super().__init__()
        self.weight = normal(n_out, n_in, scale=scale / math.sqrt(max(n_in, 1)), generator=generator)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = F.linear(x, self.weight, self.bias)
        if self.tape is not None:
            self.tape.affine(made, x, self.weight, self.bias)
        return made


class BatchNorm(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015) of channels or units.

    NOTE[DIFF]: torch.nn.BatchNorm2d without its count of batches, which is no 32-bit float as a model file wants.
    """

    mean: torch.Tensor
    variance: torch.Tensor

    def __init__(self, n: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(n)), nn.Parameter(torch.zeros(n))
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("variance", torch.ones(n))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        learns = self.training and len(x) > 1
        return F.batch_norm(x, self.mean, self.variance, self.weight, self.bias, learns, momentum=0.05)


class RowNorm(nn.Module):
    """Normalisation of groups of channels or units, each row's on its own (Wu and He 2018), with nothing to learn."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.groups = next(g for g in (8, 4, 2, 1) if n % g == 0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.group_norm(x, self.groups)


class ConvDown(nn.Module):
    """Features of images. Shape: (B, C, H, W) in [0, 1] -> (B, F)."""

    def __init__(self, shape: tuple[int, int, int], width: int, *, generator: torch.Generator) -> None:
        super().__init__()
        channels, height, breadth = shape
        self.frame = Frame(height, breadth)
        steps = [channels, *self.frame.channels(width)]
        self.halvings = nn.ModuleList(
            [Conv(a, b, generator=generator, step="down") for a, b in itertools.pairwise(steps)]
        )
        self.keep = Conv(width, width, generator=generator, step="keep")
        self.n_features = width * math.prod(self.frame.base)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.frame.pad(2 * x - 1).contiguous(memory_format=torch.channels_last)
        for layer in (*self.halvings, self.keep):
            h = F.leaky_relu(layer(h), LEAK)
        return h.permute(0, 2, 3, 1).flatten(1)  # as it lies in memory, channels last


class ConvUp(nn.Module):
    """An image for each vector, as logits of its pixels. Shape: (B, D) -> (B, C, H, W)."""

    def __init__(
        self, n_in: int, shape: tuple[int, int, int], width: int, *, generator: torch.Generator, start: torch.Tensor,
        norm: type[BatchNorm] | type[RowNorm] = BatchNorm,
    ) -> None:  # fmt: skip
        super().__init__()
        channels, height, breadth = shape
        self.frame = Frame(height, breadth)
        steps = [width, *reversed(self.frame.channels(width)[:-1])]
        self.first = Linear(n_in, width * math.prod(self.frame.base), generator=generator)
        self.doublings = nn.ModuleList(
            [Conv(a, b, generator=generator, step="up") for a, b in itertools.pairwise(steps)]
        )
        self.norms = nn.ModuleList([norm(n) for n in steps])
        self.keep = nn.ModuleList([Conv(n, n, generator=generator, step="keep") for n in steps])
        self.kept_norms = nn.ModuleList([norm(n) for n in steps])
        self.last = Conv(steps[-1], channels, generator=generator, step="up", scale=0.3)
        with torch.no_grad():
            self.last.bias.copy_(start)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        h = self.first(z).view(len(z), *self.frame.base, -1).permute(0, 3, 1, 2)  # channels last in memory
        for i, (norm, keep, kept_norm) in enumerate(zip(self.norms, self.keep, self.kept_norms, strict=True)):
            h = F.leaky_relu(norm(h if i == 0 else self.doublings[i - 1](h)), LEAK)
            h = F.leaky_relu(kept_norm(keep(h)), LEAK)
        return self.frame.cut(self.last(h))
