"""The recurrent nets of TimeGAN (Yoon et al. 2019).

Legend: B batch, T steps, C channels, H units of a layer, which are the latents of a step too.
"""

from __future__ import annotations

import torch
from torch import nn

from likewise.nets.conv import Linear
from likewise.nets.steps import Memory


class Recurrent(nn.Module):
    """Layers of gated recurrent units, under a dense one of each step. Shape: (B, T, D) -> (B, T, n_out)."""

    def __init__(self, n_in: int, n_out: int, hidden: int, layers: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.hidden = hidden
        widths = [n_in, *[hidden] * (layers - 1)]
        self.layers = nn.ModuleList([Memory(width, hidden, generator=generator) for width in widths])
        self.last = Linear(hidden, n_out, generator=generator)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x, _ = layer(x, x.new_zeros(1, len(x), self.hidden))
        made: torch.Tensor = self.last(x)
        return made


class TimeGANDrawer(nn.Module):
    """What draws: noise to latents, each moved as the next step follows from it, and latents to values."""

    def __init__(self, channels: int, hidden: int, layers: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = Recurrent(channels, hidden, hidden, layers, generator=generator)
        self.supervisor = Recurrent(hidden, hidden, hidden, max(layers - 1, 1), generator=generator)
        self.recovery = Recurrent(hidden, channels, hidden, layers, generator=generator)

    def latents(self, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents as generated, and as the supervisor moves them. Shape: (B, T, C) -> 2 x (B, T, H)."""
        generated = self.generator(noise).sigmoid()
        return generated, self.followed(generated)

    def followed(self, latents: torch.Tensor) -> torch.Tensor:
        """What the supervisor takes the next step's latents for. Shape: (B, T, H) -> (B, T, H)."""
        return torch.sigmoid(self.supervisor(latents))

    def recovered(self, latents: torch.Tensor) -> torch.Tensor:
        """Shape: (B, T, H) -> (B, T, C) in [0, 1]."""
        return torch.sigmoid(self.recovery(latents))

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        """Shape: (B, T, C) -> (B, T, C)."""
        return self.recovered(self.latents(noise)[1])


class TimeGANNets(nn.Module):
    """What draws, and what is needed to learn alone."""

    def __init__(self, channels: int, hidden: int, layers: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.drawer = TimeGANDrawer(channels, hidden, layers, generator=generator)
        self.embedder = Recurrent(channels, hidden, hidden, layers, generator=generator)
        self.discriminator = Recurrent(hidden, 1, hidden, layers, generator=generator)

    def embedded(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (B, T, C) -> (B, T, H)."""
        return torch.sigmoid(self.embedder(x))
