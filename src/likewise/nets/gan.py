"""The generator of an adversarial pair: noise to codes, field after field, by draws that gradients can pass.

Legend: B batch, D fields, K codes of one field, L noise dimensions, W width of the layers, H hidden units of a field,
E embedding width.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from likewise.nets.allowed import Allowed
from likewise.nets.tables import CodeTables, known_or_drawn, normal

HEAD_SCALE, ORDINAL_SCALE = 5.0, 3.0
"""Heads start larger than where a likelihood is learnt, so that the noise says something from the first step."""


class TableGenerator(CodeTables):
    """Noise to rows: each field is drawn given the noise and the fields before it, labels first.

    Args:
        sizes, features, log_marginals, d_embed, d_hidden, more: as `CodeTables` takes them.
        labels: fields, as the caller's numbers, that it is told.
        n_latent: L.
        width: W.
        n_layers: residual layers after the first.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        features: Sequence[npt.NDArray[np.float32]],
        log_marginals: Sequence[npt.NDArray[np.float32]],
        labels: Sequence[int],
        *,
        n_latent: int,
        width: int,
        n_layers: int,
        d_embed: int,
        d_hidden: int,
        generator: torch.Generator,
        **more: Any,
    ) -> None:
        super().__init__(
            sizes, features, log_marginals, d_embed=d_embed, d_hidden=d_hidden, generator=generator, **more
        )
        with torch.no_grad():
            for head in self.heads:
                head.mul_(HEAD_SCALE)
            self.ordinal_out.mul_(ORDINAL_SCALE)
        self.n_latent = n_latent
        self.labels = [i for i, column in enumerate(self.columns) if column in set(labels)]
        self.drawn = [i for i in sorted(range(len(sizes)), key=lambda i: self.columns[i]) if i not in self.labels]
        self.place = {i: (b, i - k.start) for b, k in enumerate(self.buckets) for i in range(k.start, k.stop)}
        widths = [n_latent, *[width] * (n_layers + 1), len(sizes) * d_hidden]
        self.layers = nn.ParameterList(
            [normal(*shape, scale=1 / math.sqrt(max(shape[0], 1)), generator=generator) for shape in pairwise(widths)]
        )
        self.layer_biases = nn.ParameterList([nn.Parameter(torch.zeros(n_out)) for n_out in widths[1:]])
        d_seen = len(sizes) * d_embed
        scale = 0.5 / math.sqrt(max(d_seen, 1))
        self.back = normal(len(sizes), d_seen, d_hidden, scale=scale, generator=generator)

    def hidden(self, z: torch.Tensor) -> torch.Tensor:
        """What the noise says to each field. Shape: (B, L) -> (D, B, H)."""
        (first, *layers, fan) = zip(self.layers, self.layer_biases, strict=True)
        h = self._affine(z.to(self.dtype), *first).relu()
        for layer in layers:
            h = h + self._affine(h, *layer).relu()
        return self._affine(h, *fan).view(len(h), self.n_fields, self.d_hidden).transpose(0, 1)

    def _affine(self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return torch.addmm(bias.to(self.dtype), x, weight.to(self.dtype))

    def chain(self, z: torch.Tensor, labels: torch.Tensor) -> Chain:
        """The way through the fields. Shape: (B, L), (B, labels) codes."""
        return Chain(self, z, labels)

    def play(
        self, z: torch.Tensor, labels: torch.Tensor, temperature: float, noise: GumbelPool
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Rows that gradients can pass: for each field what was drawn, one-hot, and the shares it was drawn by.

        Shape: (B, L), (B, labels) codes -> 2 x [(B, K)].
        """
        hard: list[torch.Tensor] = [torch.empty(0)] * self.n_fields
        soft = list(hard)
        chain = self.chain(z, labels)
        for i, told in zip(self.labels, labels.t(), strict=True):
            hard[i] = soft[i] = nn.functional.one_hot(told, self.sizes[i]).float()
        for i in self.drawn:
            logits = chain.logits(i)
            soft[i] = torch.softmax(logits, 1)
            hard[i] = straight_through(logits, temperature, noise(*logits.shape))
            chain.see(i, hard[i].to(self.dtype) @ chain.embeds[i])
        return hard, soft

    @torch.inference_mode()
    def draw(
        self,
        z: torch.Tensor,
        known: torch.Tensor,
        uniforms: torch.Tensor,
        weights: Mapping[int, Allowed[torch.Tensor]],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Codes by inverse CDF, field by field.

        Args:
            z: (B, L).
            known: (B, D) codes, -1 where to be drawn; labels must be known.
            uniforms: (B, D) in [0, 1).
            weights: field -> what may be drawn; fields of which all may be drawn are left out.

        Returns:
            codes (B, D), and log mass (B,): the log share of free draws that the known codes and the conditions leave.
        """
        codes, log_mass = known.clone(), torch.zeros(len(known))
        chain = self.chain(z, known[:, self.labels])
        for i in self.drawn:
            codes[:, i], mass = known_or_drawn(chain.logits(i), known[:, i], uniforms[:, i], weights.get(i))
            log_mass += mass
            chain.see(i, chain.embeds[i][codes[:, i]])
        return codes, log_mass


class Chain:
    """The fields of a batch one after the other, each seeing those before.

    Args:
        labels: (B, labels) codes, which every field sees.
    """

    def __init__(self, net: TableGenerator, z: torch.Tensor, labels: torch.Tensor) -> None:
        self.net, self.hidden = net, net.hidden(z)
        embeds, self.heads = net.tables()
        self.embeds = [embeds[b][i, : net.sizes[f]] for f, (b, i) in sorted(net.place.items())]
        self.seen = [self.embeds[i][told] for i, told in zip(net.labels, labels.t(), strict=True)]

    def logits(self, i: int) -> torch.Tensor:
        """Of field i, given what was seen. Shape: (B, K), float32."""
        net, (b, at) = self.net, self.net.place[i]
        h = self.hidden[i]
        if self.seen:
            seen = torch.cat(self.seen, 1)
            h = torch.addmm(h, seen, net.back[i, : seen.shape[1]].to(net.dtype))
        product: torch.Tensor = h.relu() @ self.heads[b][at, : net.sizes[i]].t()
        bias: torch.Tensor = net.biases[b][at, : net.sizes[i]]
        return product.float() + bias

    def see(self, i: int, embedded: torch.Tensor) -> None:
        """What was drawn of field i, for the fields after it. Shape: (B, E)."""
        self.seen.append(embedded)


class GumbelPool:
    """Gumbel noise for the draws of one epoch: drawn once, each draw reads it from a random place.

    Args:
        rows, codes: of the largest draw.
    """

    def __init__(self, rows: int, codes: int, generator: torch.Generator) -> None:
        self.generator = generator
        self._pool = torch.empty(4 * rows * codes)

    def refill(self) -> None:
        """Fresh noise."""
        self._pool.exponential_(generator=self.generator).clamp_min_(1e-20).log_().neg_()

    def __call__(self, rows: int, codes: int) -> torch.Tensor:
        """(B, K) noise."""
        start = int(torch.randint(len(self._pool) - rows * codes + 1, (1,), generator=self.generator))
        return self._pool[start : start + rows * codes].view(rows, codes)


def straight_through(logits: torch.Tensor, temperature: float, noise: torch.Tensor) -> torch.Tensor:
    """Codes drawn from softmax(logits), one-hot, whose gradient is that of the soft draw at a temperature.

    The Gumbel-softmax with a hard forward pass (Jang, Gu and Poole 2017, section 2.2): the critic sees codes and never
    learns to tell soft from hard.

    Args:
        noise: standard Gumbel draws.

    Shape: 2 x (B, K) -> (B, K).
    """
    perturbed = logits + noise.to(logits.device)
    soft = torch.softmax(perturbed / temperature, -1)
    hard = torch.zeros_like(soft).scatter_(-1, perturbed.argmax(-1, keepdim=True), 1.0)
    return hard - soft.detach() + soft
