"""Laws of the latents, learnt together with encoder and decoder.

Legend: B batch, L latent dimensions, C width of the context (what is given of a row), M parts of a mixture, H hidden
units of a dimension, E features of a latent.
"""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import nn

from likewise.nets.ghosts import Tape, Taped
from likewise.nets.tables import normal

HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)

N_PARTS = 64
"""Parts of the mixture prior."""

LEAST_LOG_VAR, MOST_LOG_VAR = -9.0, 4.0

WIDE = 2.5
"""The features of a latent bend between -WIDE and WIDE; the regulariser of scale is the codes' own."""


class Prior(Taped):
    """p(z | context)."""

    @abstractmethod
    def log_prob(self, z: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Shape: (B, L), (B, C) -> (B,), natural log."""

    @abstractmethod
    def draw(self, context: torch.Tensor, uniforms: torch.Tensor, normals: torch.Tensor) -> torch.Tensor:
        """Latents from uniforms in [0, 1) and standard normals. Shape: (B, C), 2 x (B, L) -> (B, L)."""


class NormalPrior(Prior):
    """N(0, I), whatever the context: nothing to learn, and little that rows look like (see `ChainPrior`)."""

    def log_prob(self, z: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        del context
        return -(0.5 * z.square() + HALF_LOG_TAU).sum(1)

    def draw(self, context: torch.Tensor, uniforms: torch.Tensor, normals: torch.Tensor) -> torch.Tensor:
        del context, uniforms
        return normals


class MixturePrior(Prior):
    """A mixture of normals with diagonal covariance; the context moves the weights of its parts."""

    def __init__(self, n_latent: int, d_context: int, n_parts: int, generator: torch.Generator) -> None:
        super().__init__()
        self.means = normal(n_parts, n_latent, scale=1.0, generator=generator)
        self.log_vars = nn.Parameter(torch.full((n_parts, n_latent), -0.5))
        self.to_weights = normal(d_context, n_parts, scale=1 / math.sqrt(max(d_context, 1)), generator=generator)
        self.weights_bias = nn.Parameter(torch.zeros(n_parts))

    def _log_weights(self, context: torch.Tensor) -> torch.Tensor:
        weights = torch.addmm(self.weights_bias, context, self.to_weights)
        if self.tape is not None:
            self.tape.affine(weights, context, self.to_weights, self.weights_bias)
        return weights.log_softmax(1)

    def log_prob(self, z: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        log_vars = self.log_vars.clamp(LEAST_LOG_VAR, MOST_LOG_VAR)
        precision = (-log_vars).exp()
        squares = z.square() @ precision.t() - 2 * z @ (self.means * precision).t()
        squares = squares + (self.means.square() * precision + log_vars).sum(1)  # (B, M)
        if self.tape is not None:
            self._note_parts(self.tape, squares, z)
        return torch.logsumexp(self._log_weights(context) - 0.5 * squares, 1) - z.shape[1] * HALF_LOG_TAU

    @torch.no_grad()
    def _note_parts(self, tape: Tape, squares: torch.Tensor, z: torch.Tensor) -> None:
        """What a latent's square in a part is to the part's mean and log variance."""
        log_vars = self.log_vars.clamp(LEAST_LOG_VAR, MOST_LOG_VAR)
        apart = z[:, None] - self.means  # (B, M, L)
        to_means = 2 * apart * (-log_vars).exp()
        to_log_vars = (1 - apart.square() * (-log_vars).exp()) * (log_vars == self.log_vars)
        factor = (to_means.square() + to_log_vars.square()).sum(2)
        tape.note([squares], [self.means, self.log_vars], lambda b: (b.square() * factor).sum(1), z.square().sum(1))

    def draw(self, context: torch.Tensor, uniforms: torch.Tensor, normals: torch.Tensor) -> torch.Tensor:
        part = _part(self._log_weights(context), uniforms[:, 0])
        return self.means[part] + (0.5 * self.log_vars.clamp(LEAST_LOG_VAR, MOST_LOG_VAR)[part]).exp() * normals


class ChainPrior(Prior):
    """One latent after the other, each a mixture of normals given those before it and the context.

    A masked net like MADE (Germain et al. 2015) over features of the latents: each itself, and a few bends of it.

    Args:
        d_hidden: H.
        n_parts: M of each latent.
    """

    mask: torch.Tensor
    bends: torch.Tensor

    def __init__(
        self,
        n_latent: int,
        d_context: int,
        *,
        generator: torch.Generator,
        d_hidden: int = 48,
        n_parts: int = 6,
        n_features: int = 8,
    ) -> None:
        super().__init__()
        self.n_latent, self.d_hidden, self.n_parts, self.n_features = n_latent, d_hidden, n_parts, n_features
        wide = n_latent * n_features
        self.first = normal(wide, n_latent * d_hidden, scale=1 / math.sqrt(wide), generator=generator)
        scale = 1 / math.sqrt(max(d_context, 1))
        self.first_context = normal(d_context, n_latent * d_hidden, scale=scale, generator=generator)
        self.first_bias = nn.Parameter(torch.zeros(n_latent * d_hidden))
        self.layer = normal(n_latent, d_hidden, d_hidden, scale=1 / math.sqrt(d_hidden), generator=generator)
        self.layer_bias = nn.Parameter(torch.zeros(n_latent, 1, d_hidden))
        self.head = normal(n_latent, d_hidden, 3 * n_parts, scale=0.02, generator=generator)
        start = torch.cat([torch.zeros(n_parts), torch.linspace(-1, 1, n_parts), torch.full((n_parts,), -0.5)])
        self.head_bias = nn.Parameter(start.repeat(n_latent, 1, 1))
        seen = torch.ones(n_latent, n_latent).triu(1)
        mask = seen.repeat_interleave(n_features, 0).repeat_interleave(d_hidden, 1)
        self.register_buffer("mask", mask, persistent=False)
        self.register_buffer("bends", torch.linspace(-WIDE, WIDE, n_features - 1), persistent=False)

    def _features(self, z: torch.Tensor) -> torch.Tensor:
        """Shape: (..., ) -> (..., E)."""
        z = z[..., None]
        return torch.cat([z, torch.tanh(1.2 * (z - self.bends))], -1)

    def _parts(self, h: torch.Tensor, at: slice) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Log weights, means and log variances of the dimensions `at`. Shape: (l, B, H) -> 3 x (l, B, M)."""
        more = torch.baddbmm(self.layer_bias[at], h, self.layer[at])
        if self.tape is not None:
            self.tape.fields(more, h, self.layer, self.layer_bias)
        h = h + more.relu_()
        parts = torch.baddbmm(self.head_bias[at], h, self.head[at])
        if self.tape is not None:
            self.tape.fields(parts, h, self.head, self.head_bias)
        weights, means, log_vars = parts.chunk(3, 2)
        return weights.log_softmax(2), means, log_vars.clamp(LEAST_LOG_VAR, MOST_LOG_VAR)

    def log_prob(self, z: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        start = torch.addmm(self.first_bias, context, self.first_context)
        features = self._features(z).flatten(1)
        h = torch.addmm(start, features, self.first * self.mask)
        if self.tape is not None:
            self.tape.affine(start, context, self.first_context, self.first_bias)
            self.tape.blocks(h, features, self.mask[:: self.n_features, :: self.d_hidden], self.first)
        h = h.relu_().view(-1, self.n_latent, self.d_hidden).transpose(0, 1)  # (B, L*H) -> (L, B, H)
        weights, means, log_vars = self._parts(h, slice(None))
        squares = (z.t()[:, :, None] - means).square() * (-log_vars).exp() + log_vars
        return (torch.logsumexp(weights - 0.5 * squares, 2) - HALF_LOG_TAU).sum(0)

    def draw(self, context: torch.Tensor, uniforms: torch.Tensor, normals: torch.Tensor) -> torch.Tensor:
        high, wide = self.d_hidden, self.n_features
        start = torch.addmm(self.first_bias, context, self.first_context)
        z, seen = torch.empty_like(normals), normals.new_zeros(len(normals), self.n_latent * wide)
        for i in range(self.n_latent):
            at, before = slice(i * high, (i + 1) * high), i * wide
            h = torch.addmm(start[:, at], seen[:, :before], self.first[:before, at]).relu_()
            weights, means, log_vars = (part[0] for part in self._parts(h[None], slice(i, i + 1)))
            part = _part(weights, uniforms[:, i])[:, None]
            scale = (0.5 * log_vars.gather(1, part)[:, 0]).exp()
            z[:, i] = means.gather(1, part)[:, 0] + scale * normals[:, i]
            seen[:, before : before + wide] = self._features(z[:, i])
        return z


def _part(log_weights: torch.Tensor, uniforms: torch.Tensor) -> torch.Tensor:
    """Which part of a mixture each row takes, by inverse CDF. Shape: (B, M), (B,) -> (B,)."""
    cdf = log_weights.exp().cumsum(1)
    return (cdf < uniforms[:, None] * cdf[:, -1:]).sum(1).clamp(max=cdf.shape[1] - 1)


def make_prior(name: str, n_latent: int, d_context: int, generator: torch.Generator) -> Prior:
    """The prior of that name: "normal", "mixture" or "chain"."""
    if name == "normal":
        return NormalPrior()
    if name == "mixture":
        return MixturePrior(n_latent, d_context, N_PARTS, generator)
    return ChainPrior(n_latent, d_context, generator=generator)
