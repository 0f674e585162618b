"""A net that draws a window step by step: each step given those before it, each channel given those before it.

Legend: B batch, T steps, C channels, H hidden units of the memory, K knots.
"""

from __future__ import annotations

import torch
from torch import nn

from likewise.nets.priors import ChainPrior
from likewise.nets.tables import normal

N_KNOTS = 129
WIDEST = 3.7
"""The knots of a margin stand at normal scores from -WIDEST to WIDEST, evenly."""

D_PLACE = 4
"""Features of where in its window a step stands."""

WIDE_CHAIN = 16
"""Beyond so many channels the chain has fewer units for each."""


class Memory(nn.Module):
    """A layer of gated recurrent units (Cho et al. 2014). Shape: (B, T, D), (1, B, H) -> (B, T, H), (1, B, H)."""

    def __init__(self, n_in: int, hidden: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.hidden = hidden
        self.weights = nn.ParameterList([
            normal(3 * hidden, n_in, scale=n_in**-0.5, generator=generator),
            normal(3 * hidden, hidden, scale=hidden**-0.5, generator=generator),
            nn.Parameter(torch.zeros(3 * hidden)),
            nn.Parameter(torch.zeros(3 * hidden)),
        ])  # fmt: skip

    def forward(self, x: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        out, last = torch.gru(x, state, list(self.weights), True, 1, 0.0, self.training, False, True)
        return out, last


class StepNet(nn.Module):
    """p(window) = p(first step) times the product of p(step | the steps before it), each step a chain over channels.

    What is learnt of a step is how far it lies from a linear guess by the steps before it and the channels before it,
    each channel as normal scores of its own margin, so that a density of normals has little left to do.

    Args:
        n_channels, n_steps: C and T.
        n_lags: P, how many steps back a guess looks.
        hidden: H.
    """

    mean: torch.Tensor
    scale: torch.Tensor
    guess: torch.Tensor
    start_mix: torch.Tensor
    mix: torch.Tensor
    spread: torch.Tensor
    start_knots: torch.Tensor
    knots: torch.Tensor

    def __init__(
        self, n_channels: int, n_steps: int, n_lags: int, hidden: int, *, generator: torch.Generator
    ) -> None:  # fmt: skip
        super().__init__()
        c = self.n_channels = n_channels
        self.n_steps, self.n_lags = n_steps, n_lags
        self.register_buffer("mean", torch.zeros(c))
        self.register_buffer("scale", torch.ones(c))
        self.register_buffer("guess", torch.zeros(n_steps - 1, n_lags * c + 1, c))
        self.register_buffer("start_mix", torch.eye(c))
        self.register_buffer("mix", torch.eye(c))
        self.register_buffer("spread", torch.ones(n_steps - 1, c))
        self.register_buffer("start_knots", torch.zeros(c, N_KNOTS))
        self.register_buffer("knots", torch.zeros(c, N_KNOTS))
        units = 48 if c <= WIDE_CHAIN else 24
        bends = 8 if c <= WIDE_CHAIN else 4
        self.place = normal(n_steps, D_PLACE, scale=0.3, generator=generator)
        self.memory = Memory(2 * c, hidden, generator=generator)
        self.start = ChainPrior(c, 0, generator=generator, d_hidden=units, n_features=bends)
        self.step = ChainPrior(
            c, hidden + 2 * c + D_PLACE, generator=generator, d_hidden=units, n_features=bends
        )  # fmt: skip

    def nll(
        self, x: torch.Tensor, seen: torch.Tensor, z: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> torch.Tensor:  # fmt: skip
        """Minus the log-likelihood of the scores of windows. Shape: 3 x (B, T, C) -> (B,).

        Args:
            x, seen: the values before each step and their scores, which need not be quite those of the windows.
            z: the scores of the first step, and of each later one's distance from its guess.
            dropped: (B, T - 1, H) what is left of the memory, in training.
        """
        seen = torch.cat([(x[:, :-1] - self.mean) / self.scale, seen[:, :-1]], 2)
        h, _ = self.memory(seen, x.new_zeros(1, len(x), self.memory.hidden))
        if dropped is not None:
            h = h * dropped
        place = self.place[1:].expand(len(x), -1, -1)
        context = torch.cat([h, seen, place], 2).flatten(0, 1)
        steps = self.step.log_prob(z[:, 1:].flatten(0, 1), context).view(len(x), -1).sum(1)
        return -steps - self.start.log_prob(z[:, 0], x.new_zeros(len(x), 0))

    def draw(self, uniforms: torch.Tensor, normals: torch.Tensor) -> torch.Tensor:
        """Windows. Shape: 2 x (B, T, C) -> (B, T, C) in [0, 1]."""
        n, c = len(uniforms), self.n_channels
        state = uniforms.new_zeros(1, n, self.memory.hidden)
        z = self.start.draw(uniforms.new_zeros(n, 0), uniforms[:, 0], normals[:, 0])
        past = uniforms.new_zeros(n, self.n_lags * c)  # the step before comes first
        steps = [(self._valued(z, self.start_knots) @ self.start_mix).clamp(0.0, 1.0)]
        for t in range(1, self.n_steps):
            past = torch.cat([steps[-1], past[:, :-c]], 1)
            seen = torch.cat([(steps[-1] - self.mean) / self.scale, z.clamp(-WIDEST, WIDEST)], 1)
            h, state = self.memory(seen[:, None], state)
            place = self.place[t].expand(n, -1)
            z = self.step.draw(torch.cat([h[:, 0], seen, place], 1), uniforms[:, t], normals[:, t])
            guess = torch.addmm(self.guess[t - 1, -1], past, self.guess[t - 1, :-1])
            left = self._valued(z, self.knots) @ self.mix * self.spread[t - 1]
            steps.append((guess + left).clamp(0.0, 1.0))
        return torch.stack(steps, 1)

    def _valued(self, z: torch.Tensor, knots: torch.Tensor) -> torch.Tensor:
        """Values of scores. Shape: (B, C), (C, K) -> (B, C)."""
        at = (z.nan_to_num().clamp(-WIDEST, WIDEST) + WIDEST) * ((N_KNOTS - 1) / (2 * WIDEST))
        low = at.floor().clamp(max=N_KNOTS - 2)
        left, right = (knots.gather(1, (low.long() + k).t()).t() for k in (0, 1))
        return torch.lerp(left, right, at - low)
