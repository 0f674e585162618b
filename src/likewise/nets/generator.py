"""The generator of an adversarial pair: noise and labels to the logits of every field, and codes drawn from them.

Legend: B batch, D fields, K codes of one field, L noise dimensions, W width of the layers, H hidden units of a field.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F

from likewise.nets.tables import CodeTables, inverse_cdf, normal

D_LABEL = 16
"""Embedding width of a label."""


class TableGenerator(CodeTables):
    """Noise to the law of codes. Given its noise the fields of a row are independent; the noise ties them.

    Args:
        sizes, features, log_marginals: as `CodeTables` takes them.
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
        d_hidden: int,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(sizes, features, log_marginals, d_embed=0, d_hidden=d_hidden, generator=generator, dtype=dtype)
        self.labels = [i for i, column in enumerate(self.columns) if column in set(labels)]
        self.drawn = [i for i in range(len(sizes)) if i not in self.labels]
        self.n_latent = n_latent
        at = [self.columns[i] for i in self.labels]  # already in descending order of size, as CodeTables holds them
        told = [sizes[j] for j in at], [features[j] for j in at], [log_marginals[j] for j in at]
        self.told = CodeTables(*told, d_embed=D_LABEL, d_hidden=0, generator=generator, dtype=dtype)
        widths = [n_latent + len(at) * D_LABEL, *[width] * (n_layers + 1), len(sizes) * d_hidden]
        shapes = list(pairwise(widths))
        self.layers = nn.ParameterList(
            [normal(*shape, scale=1 / math.sqrt(max(shape[0], 1)), generator=generator) for shape in shapes]
        )
        self.layer_biases = nn.ParameterList([nn.Parameter(torch.zeros(n_out)) for _, n_out in shapes])

    def use(self, device: str, dtype: torch.dtype) -> None:
        """Compute there, in that type; weights stay 32-bit."""
        self.to(device)
        self.dtype = self.told.dtype = dtype

    def hidden(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The fields' hidden units. Shape: (B, L), (B, labels) codes -> (D, B, H)."""
        (first, *layers, fan) = zip(self.layers, self.layer_biases, strict=True)
        told = self.told.embed_codes(labels, self.told.tables()[0]).to(self.dtype)
        h = self._affine(torch.cat([z.to(self.dtype), told], 1), *first).relu()
        for layer in layers:
            h = h + self._affine(h, *layer).relu()
        h = self._affine(h, *fan).relu()
        return h.view(len(h), self.n_fields, -1).transpose(0, 1).contiguous()

    def _affine(self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return torch.addmm(bias.to(self.dtype), x, weight.to(self.dtype))

    def logits(self, z: torch.Tensor, labels: torch.Tensor) -> list[torch.Tensor]:
        """Logits of every field. Shape: (B, L), (B, labels) codes -> [(n, B, K)], float32."""
        return self.logits_of(self.hidden(z, labels), self.tables()[1])

    def draw(
        self,
        logits: list[torch.Tensor],
        known: torch.Tensor,
        uniforms: torch.Tensor,
        weights: Mapping[int, torch.Tensor],
        conditioned: Collection[int] = (),
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Codes by inverse CDF.

        Args:
            logits: [(n, B, K)] by bucket.
            known: (B, D) codes, -1 where to be drawn; labels must be known.
            uniforms: (B, D) in [0, 1).
            weights: field -> (K,) in [0, 1], what may be drawn.
            conditioned: the fields whose weights are conditions, which count in the mass.

        Returns:
            codes (B, D), and log mass (B,): the log of what the noise leaves to the conditions.
        """
        codes, log_mass = known.clone(), torch.zeros(len(known))
        for bucket, part in zip(self.buckets, logits, strict=True):
            for i in set(range(bucket.start, bucket.stop)) & set(self.drawn):
                of_field = part[i - bucket.start, :, : self.sizes[i]]
                drawn, mass = inverse_cdf(of_field, uniforms[:, i], weights.get(i))
                is_known = known[:, i] >= 0
                codes[:, i] = torch.where(is_known, known[:, i], drawn)
                if i in conditioned:
                    log_mass += torch.where(is_known, 0.0, torch.as_tensor(mass))
        return codes, log_mass

    def agreement(self, logits: list[torch.Tensor], known: torch.Tensor) -> torch.Tensor:
        """log p of the known codes that are not labels. Shape: [(n, B, K)], (B, D) with -1 for unknown -> (B,)."""
        result = torch.zeros(len(known))
        for bucket, part in zip(self.buckets, logits, strict=True):
            for i in set(range(bucket.start, bucket.stop)) & set(self.drawn):
                is_known = known[:, i] >= 0
                if is_known.any():
                    log_p = part[i - bucket.start].log_softmax(1).gather(1, known[:, i, None].clamp(min=0))[:, 0]
                    result += torch.where(is_known, log_p, 0.0)
        return result

    def tell(self, shares: list[torch.Tensor], labels: torch.Tensor) -> list[torch.Tensor]:
        """The shares with the labels' fields replaced by the labels. Shape: [(n, B, K)], (B, labels) -> [(n, B, K)]."""
        if not self.labels:
            return shares
        told = dict(zip(self.labels, labels.t(), strict=True))
        result = []
        for bucket, part in zip(self.buckets, shares, strict=True):
            fields = [
                F.one_hot(told[i], bucket.size).to(part.dtype) if i in told else part[i - bucket.start]
                for i in range(bucket.start, bucket.stop)
            ]
            result.append(torch.stack(fields))
        return result


def straight_through(logits: torch.Tensor, temperature: float, generator: torch.Generator) -> torch.Tensor:
    """Codes drawn from softmax(logits), one-hot, whose gradient is that of the soft draw at a temperature.

    The Gumbel-softmax with a hard forward pass (Jang, Gu and Poole 2017, section 2.2): the critic sees codes and never
    learns to tell soft from hard.

    Shape: (..., K) -> (..., K).
    """
    exponential = torch.empty(logits.shape).exponential_(generator=generator).clamp_min_(1e-20).to(logits.device)
    perturbed = logits - exponential.log_()
    soft = torch.softmax(perturbed / temperature, -1)
    hard = torch.zeros_like(soft).scatter_(-1, perturbed.argmax(-1, keepdim=True), 1.0)
    return hard - soft.detach() + soft
