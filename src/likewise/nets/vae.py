"""Encoder, prior and decoder of a variational autoencoder over codes.

Legend: B batch, D fields, K codes of one field, L latent dimensions, W width of the shared layers, H hidden units of a
field in the decoder, E embedding width.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from likewise.nets.allowed import Allowed
from likewise.nets.priors import HALF_LOG_TAU, NormalPrior, make_prior
from likewise.nets.tables import CodeTables, known_or_drawn, normal

LEAST_LOG_VAR, MOST_LOG_VAR = -12.0, 4.0


class LatentNet(CodeTables):
    """Codes to the law of their latents, and latents to the law of codes.

    Args:
        sizes, features, log_marginals, d_embed, d_hidden, more: as `CodeTables` takes them.
        labels: fields, as the caller's numbers, that encoder, prior and decoder are told and that are not decoded.
        n_latent: L.
        width: W.
        n_layers: residual layers of encoder and decoder after the first.
        prior: "normal", "mixture" or "chain".
        chained: let each field see the fields before it, beside the latents.
    """

    most_shared_decay: ClassVar[float] = 0.01
    """More of it stills the latents of small tables: nothing is told through them, and no column follows another."""

    counted: torch.Tensor
    back_mask: torch.Tensor

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
        prior: str,
        chained: bool,
        generator: torch.Generator,
        **more: Any,
    ) -> None:
        super().__init__(
            sizes, features, log_marginals, d_embed=d_embed, d_hidden=d_hidden, generator=generator, **more
        )
        self.labels = [i for i, column in enumerate(self.columns) if column in set(labels)]
        self.decoded = [i for i in sorted(range(len(sizes)), key=lambda i: self.columns[i]) if i not in self.labels]
        self.n_latent, self.chained = n_latent, chained
        counted = torch.ones(len(sizes))
        counted[self.labels] = 0.0
        self.register_buffer("counted", counted, persistent=False)

        def weight(n_in: int, n_out: int, scale: float = 1.0) -> nn.Parameter:
            return normal(n_in, n_out, scale=scale / math.sqrt(max(n_in, 1)), generator=generator)

        def bias(n: int) -> nn.Parameter:
            return nn.Parameter(torch.zeros(n))

        told = len(self.labels) * d_embed
        self.enter, self.enter_bias = weight(len(sizes) * d_embed, width), bias(width)
        self.to_latent, self.to_latent_bias = weight(width, 2 * n_latent, 0.3), bias(2 * n_latent)
        self.leave, self.leave_bias = weight(n_latent + told, width), bias(width)
        self.fan, self.fan_bias = weight(width, len(sizes) * d_hidden), bias(len(sizes) * d_hidden)
        self.encoder = nn.ParameterList([weight(width, width) for _ in range(n_layers)])
        self.encoder_biases = nn.ParameterList([bias(width) for _ in range(n_layers)])
        self.decoder = nn.ParameterList([weight(width, width) for _ in range(n_layers)])
        self.decoder_biases = nn.ParameterList([bias(width) for _ in range(n_layers)])
        if chained:
            self.back = weight(len(sizes) * d_embed, len(sizes) * d_hidden, 0.5)
            place = {field: rank for rank, field in enumerate(self.decoded)}
            rank = torch.tensor([place.get(i, -1) for i in range(len(sizes))])
            sees = (rank[:, None] < rank[None, :]).float() * (rank[:, None] >= 0)  # labels come by `leave`
            mask = sees.repeat_interleave(d_embed, 0).repeat_interleave(d_hidden, 1)
            self.register_buffer("back_mask", mask, persistent=False)
        self.prior = make_prior(prior, n_latent, told, generator)

    def _dropped(self, x: torch.Tensor) -> torch.Tensor:
        return self.drop(x) if self.training else x

    def _affine(self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        outcome = torch.addmm(bias.to(self.dtype), x, weight.to(self.dtype))
        if self.tape is not None:
            self.tape.affine(outcome, x, weight, bias)
        return outcome

    def _through(self, h: torch.Tensor, layers: nn.ParameterList, biases: nn.ParameterList) -> torch.Tensor:
        """Residual layers. Shape: (B, W) -> (B, W)."""
        for layer, bias in zip(layers, biases, strict=True):
            h = h + self._affine(self._dropped(h), layer, bias).relu_()
        return h

    def encode(self, embedded: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log variance of q(z | x) from embedded codes. Shape: (B, D * E) -> 2 x (B, L), float32."""
        h = self._affine(self._dropped(embedded), self.enter, self.enter_bias).relu_()
        h = self._through(h, self.encoder, self.encoder_biases)
        mean, log_var = self._affine(h, self.to_latent, self.to_latent_bias).float().chunk(2, 1)
        return mean, log_var.clamp(LEAST_LOG_VAR, MOST_LOG_VAR)

    def context(self, embedded: torch.Tensor) -> torch.Tensor:
        """What prior and decoder are told of the labels. Shape: (B, D * E) -> (B, labels * E)."""
        return embedded.view(len(embedded), self.n_fields, self.d_embed)[:, self.labels].flatten(1)

    def trunk(self, z: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """The fields' hidden units before their bend. Shape: (B, L), (B, labels * E) -> (B, D * H)."""
        h = self._affine(torch.cat([z.to(self.dtype), context], 1), self.leave, self.leave_bias).relu_()
        h = self._dropped(self._through(h, self.decoder, self.decoder_biases))
        return self._affine(h, self.fan, self.fan_bias)

    def decode(self, z: torch.Tensor, embedded: torch.Tensor, heads: list[torch.Tensor]) -> list[torch.Tensor]:
        """Logits of every field. Shape: (B, L), (B, D * E) -> [(n, B, K)], float32."""
        return self.logits_of(self.hidden(z, embedded), heads)

    def hidden(self, z: torch.Tensor, embedded: torch.Tensor) -> torch.Tensor:
        """The fields' hidden units. Shape: (B, L), (B, D * E) -> (D, B, H)."""
        h = self.trunk(z, self.context(embedded))
        if self.chained:
            before = self._dropped(embedded)
            h = torch.addmm(h, before, (self.back * self.back_mask).to(self.dtype))
            if self.tape is not None:
                self.tape.blocks(h, before, self.back_mask[:: self.d_embed, :: self.d_hidden], self.back)
        return h.relu().view(len(h), self.n_fields, self.d_hidden).transpose(0, 1).contiguous()

    def losses(self, x: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """-log p(x | z), and log q(z | x) - log p(z) at one z: the two halves of the negative ELBO. Shape: 2 x (B,).

        Args:
            x: (B, D) codes in the net's own order.
            noise: (B, L) normal draws: the reparameterisation (Kingma and Welling 2014, section 2.4).
        """
        embeds, heads = self.tables()
        embedded = self.embed_codes(x, embeds)
        mean, log_var = self.encode(embedded)
        z = mean + noise * (0.5 * log_var).exp()
        nll = self.nll_behind(x, self.hidden(z, embedded), heads) * self.counted
        if isinstance(self.prior, NormalPrior):
            return nll.sum(1), 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(1)  # ibid., appendix B
        log_q = -(0.5 * (noise.square() + log_var) + HALF_LOG_TAU).sum(1)
        return nll.sum(1), log_q - self.prior.log_prob(z, self.context(embedded).float())


class Decoding:
    """Draws codes from latents, with the tables laid out once."""

    def __init__(self, net: LatentNet) -> None:
        self.net = net
        with torch.inference_mode():
            self.embeds, self.heads = net.tables()
            if net.chained:
                self.back = (net.back * net.back_mask).to(net.dtype)
        self.place = {i: (b, i - k.start) for b, k in enumerate(net.buckets) for i in range(k.start, k.stop)}

    def embedded(self, x: torch.Tensor) -> torch.Tensor:
        """Embedded codes. Shape: (B, D) -> (B, D * E)."""
        return self.net.embed_codes(x, self.embeds)

    def shares(self, z: torch.Tensor, x: torch.Tensor) -> list[torch.Tensor]:
        """p of every code given latents and the codes before. Shape: (B, L), (B, D) -> [(n, B, K)]."""
        return [torch.softmax(part, 2) for part in self.net.decode(z, self.embedded(x), self.heads)]

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
        net = self.net
        codes, log_mass = known.clamp(min=0), torch.zeros(len(z))
        embedded = self.embedded(codes).view(len(z), net.n_fields, net.d_embed)
        hidden = net.trunk(z, net.context(embedded.flatten(1)))
        seen = torch.zeros(len(z), 0, dtype=net.dtype)
        before: list[int] = []
        for field in net.decoded:
            b, i = self.place[field]
            size, at = net.sizes[field], slice(field * net.d_hidden, (field + 1) * net.d_hidden)
            h = hidden[:, at]
            if net.chained and before:
                rows = [r for f in before for r in range(f * net.d_embed, (f + 1) * net.d_embed)]
                h = torch.addmm(h, seen, self.back[rows, at])
            logits = (h.relu() @ self.heads[b][i, :size].t()).float() + net.biases[b][i, :size]
            drawn, mass = known_or_drawn(logits, known[:, field], uniforms[:, field], weights.get(field))
            log_mass += mass
            codes[:, field] = drawn
            if net.chained:
                before.append(field)
                seen = torch.cat([seen, self.embeds[b][i][drawn]], 1)
        return codes, log_mass
