"""One masked net that gives p(code of a field | codes of any others).

Legend: B batch, D fields, S sum of all K, K codes of one field, E embedding width, H hidden width, P ordinal features.

Every field has its own H hidden units. They see the embedded codes of the fields before it, in whatever order is
asked for, through one block-masked product; then a few small layers of the field's own; then its logits. Fields of
like size share a bucket, so that D small products become a few batched ones. Inputs and outputs are both sums of a
free part for each code and a part through the ordinal features of the code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F

from likewise.nets.dropout import DropoutPool


@dataclass(frozen=True)
class Bucket:
    """Fields [start, stop) of the net's own order, padded to `size` codes."""

    start: int
    stop: int
    size: int


def make_buckets(sizes: Sequence[int]) -> list[Bucket]:
    """Group fields, largest first, so that padding stays under a quarter, or under 8 codes.

    Example:
        >>> make_buckets([256, 250, 100, 9, 7, 2])
        [Bucket(start=0, stop=2, size=256), Bucket(start=2, stop=3, size=100), Bucket(start=3, stop=6, size=9)]
    """
    buckets: list[Bucket] = []
    start = 0
    for i in range(1, len(sizes) + 1):
        if i == len(sizes) or (sizes[i] < 0.75 * sizes[start] and sizes[start] - sizes[i] > 8):
            buckets.append(Bucket(start, i, sizes[start]))
            start = i
    return buckets


class MaskedNet(nn.Module):
    """Block-masked autoregressive net over codes (in the line of MADE, Germain et al. 2015).

    Fields are held in descending order of size; `columns[i]` is the caller's field at place i, and every
    tensor here is in that order.

    Args:
        sizes: K of each field, in the caller's order.
        features: (K, P) ordinal features of each field.
        log_marginals: (K,) log share of each code: where the logits start.
        order: the canonical order, as the caller's field numbers.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        features: Sequence[npt.NDArray[np.float32]],
        log_marginals: Sequence[npt.NDArray[np.float32]],
        order: Sequence[int],
        *,
        d_embed: int,
        d_hidden: int,
        n_layers: int,
        dropout: float,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.columns = sorted(range(len(sizes)), key=lambda j: -sizes[j])
        place = {column: i for i, column in enumerate(self.columns)}
        self.order = [place[j] for j in order]
        self.sizes = [sizes[j] for j in self.columns]
        self.buckets = make_buckets(self.sizes)
        self.d_embed, self.d_hidden, self.dtype = d_embed, d_hidden, dtype
        n_fields, n_features = len(sizes), features[0].shape[1] if len(features) else 0

        def normal(*shape: int, scale: float) -> nn.Parameter:
            return nn.Parameter(torch.empty(*shape).normal_(generator=generator).mul_(scale))

        wide = n_fields * d_embed
        self.first = normal(wide, n_fields * d_hidden, scale=1.0 / math.sqrt(max(wide, 1)))
        self.first_bias = nn.Parameter(torch.zeros(n_fields * d_hidden))
        self.layers = nn.ParameterList(
            [normal(n_fields, d_hidden, d_hidden, scale=1 / math.sqrt(d_hidden)) for _ in range(n_layers)]
        )
        self.layer_biases = nn.ParameterList(
            [nn.Parameter(torch.zeros(n_fields, 1, d_hidden)) for _ in range(n_layers)]
        )
        self.embed, self.heads, self.biases = nn.ParameterList(), nn.ParameterList(), nn.ParameterList()
        for b, bucket in enumerate(self.buckets):
            n = bucket.stop - bucket.start
            self.embed.append(normal(n, bucket.size, d_embed, scale=0.3))
            self.heads.append(normal(n, bucket.size, d_hidden, scale=0.02))
            bias, phi = torch.full((n, bucket.size), -1e4), torch.zeros(n, bucket.size, n_features)
            for i in range(n):
                column = self.columns[bucket.start + i]
                bias[i, : sizes[column]] = torch.from_numpy(log_marginals[column])
                phi[i, : sizes[column]] = torch.from_numpy(features[column])
            self.biases.append(nn.Parameter(bias))
            self.register_buffer(f"phi{b}", phi, persistent=False)
        self.ordinal_in = normal(n_fields, n_features, d_embed, scale=1 / math.sqrt(max(n_features, 1)))
        self.ordinal_out = normal(n_fields, n_features, d_hidden, scale=0.02)
        self.drop = DropoutPool(dropout, dtype)

    @property
    def n_fields(self) -> int:
        return len(self.sizes)

    def tables(self) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Embeddings (n, K, E) and heads (n, K, H) of each bucket, ordinal parts added.

        The ordinal parts touch tables of S rows, not batches of B: their cost does not grow with the data.
        """
        embeds, heads = [], []
        for b, bucket in enumerate(self.buckets):
            phi: torch.Tensor = getattr(self, f"phi{b}")
            at = slice(bucket.start, bucket.stop)
            embeds.append(torch.baddbmm(self.embed[b], phi, self.ordinal_in[at]).to(self.dtype))
            heads.append(torch.baddbmm(self.heads[b], phi, self.ordinal_out[at]).to(self.dtype))
        return embeds, heads

    def visible(self, order: Sequence[int]) -> torch.Tensor:
        """(D, D) mask of an order: entry (i, j) is 1 where field j sees field i."""
        rank = torch.empty(self.n_fields, dtype=torch.long)
        rank[torch.as_tensor(order, dtype=torch.long)] = torch.arange(self.n_fields)
        return (rank[:, None] < rank[None, :]).to(self.dtype)

    def embed_codes(self, x: torch.Tensor, embeds: list[torch.Tensor]) -> torch.Tensor:
        """Embedded codes. Shape: (B, D) -> (B, D * E)."""
        parts = []
        for bucket, table in zip(self.buckets, embeds, strict=True):
            n = bucket.stop - bucket.start
            rows = x[:, bucket.start : bucket.stop] + torch.arange(n) * bucket.size
            parts.append(F.embedding(rows, table.reshape(n * bucket.size, -1)))
        return torch.cat(parts, 1).flatten(1)

    def hidden(self, x: torch.Tensor, visible: torch.Tensor, embeds: list[torch.Tensor]) -> torch.Tensor:
        """Hidden units of every field. Shape: (B, D) -> (D, B, H)."""
        n, wide, high = self.n_fields, self.d_embed, self.d_hidden
        weight = self.first.to(self.dtype).view(n, wide, n, high) * visible[:, None, :, None]
        e = self.embed_codes(x, embeds)
        e = self.drop(e) if self.training else e
        h = torch.addmm(self.first_bias.to(self.dtype), e, weight.view(n * wide, n * high)).relu_()
        h = h.view(-1, n, high).transpose(0, 1).contiguous()  # (B, D*H) -> (D, B, H)
        for layer, bias in zip(self.layers, self.layer_biases, strict=True):
            dropped = self.drop(h) if self.training else h
            h = h + torch.baddbmm(bias.to(self.dtype), dropped, layer.to(self.dtype)).relu_()
        return self.drop(h) if self.training else h

    def logits(self, x: torch.Tensor, visible: torch.Tensor) -> list[torch.Tensor]:
        """Logits of each bucket's fields given the codes they see. Shape: (B, D) -> [(n, B, K)], float32."""
        embeds, heads = self.tables()
        h = self.hidden(x, visible, embeds)
        # One split has one backward; a slice for each bucket would fill a whole gradient with zeros each.
        parts = torch.split(h, [bucket.stop - bucket.start for bucket in self.buckets])
        return [
            torch.baddbmm(bias.to(self.dtype)[:, None], part, head.transpose(1, 2)).float()
            for part, bias, head in zip(parts, self.biases, heads, strict=True)
        ]

    def nll(self, x: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        """-log p of each code given the codes its field sees. Shape: (B, D) -> (B, D), natural log."""
        losses = []
        for bucket, logits in zip(self.buckets, self.logits(x, visible), strict=True):
            target = x[:, bucket.start : bucket.stop].t().reshape(-1)
            loss = F.cross_entropy(logits.view(-1, bucket.size), target, reduction="none")
            losses.append(loss.view(bucket.stop - bucket.start, -1))
        return torch.cat(losses).t()

    @torch.inference_mode()
    def calibrate(self, batches: Callable[[], Iterable[torch.Tensor]], visible: torch.Tensor, rounds: int) -> None:
        """Move the biases until each field's mean p over the rows is the rows' own share of each code.

        The likelihood asks for just that, but dropout and the noise of the last steps leave the shares a little off.

        Args:
            batches: gives the rows anew each round, (B, D) codes at a time.
        """
        for _ in range(rounds):
            wanted = [torch.zeros_like(bias) for bias in self.biases]
            given = [torch.zeros_like(bias) for bias in self.biases]
            for x in batches():
                for b, (bucket, logits) in enumerate(zip(self.buckets, self.logits(x, visible), strict=True)):
                    given[b] += torch.softmax(logits, 2).sum(1)
                    for i in range(bucket.start, bucket.stop):
                        wanted[b][i - bucket.start] += torch.bincount(x[:, i], minlength=bucket.size)
            for bias, want, have in zip(self.biases, wanted, given, strict=True):
                bias += ((want + 0.5) / (have + 0.5)).log()

    @torch.inference_mode()
    def draw(
        self,
        uniforms: torch.Tensor,
        *,
        order: Sequence[int],
        weights: dict[int, torch.Tensor],
        plan: DrawPlan,
        known: torch.Tensor | None = None,
        fields: int | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw codes by inverse CDF, field by field.

        Args:
            uniforms: (B, D) in [0, 1), read in step order.
            order: the steps, as fields of the net's own order.
            weights: field -> (K,) in [0, 1], what may be drawn.
            plan: `DrawPlan(net, order)`, shared by all batches.
            known: (B, D) codes, -1 where to be drawn; None when nothing is known.
            fields: draw only this many steps; None draws all.

        Returns:
            codes (B, D) and log mass (B,): the log share of p that the weights left, summed over drawn fields.
        """
        n, wide = len(uniforms), self.d_embed
        codes = torch.zeros(n, self.n_fields, dtype=torch.long) if known is None else known.clone()
        seen = torch.zeros(n, self.n_fields * wide, dtype=self.dtype)
        log_mass = torch.zeros(n)
        if known is not None:
            for step, field in enumerate(order):
                rows = known[:, field] >= 0
                seen[rows, step * wide : (step + 1) * wide] = plan.embeds[step][known[rows, field]]
        for step, field in enumerate(order[:fields]):
            weight, at = weights.get(field), slice(step * wide, (step + 1) * wide)
            if known is None:
                # Only earlier steps are filled: the rest of `seen` is zero and need not be multiplied.
                drawn, mass = _inverse_cdf(plan.logits(step, seen[:, : step * wide]), uniforms[:, step], weight)
                codes[:, field], seen[:, at] = drawn, plan.embeds[step][drawn]
                log_mass += mass
                continue
            rows = torch.nonzero(known[:, field] < 0).squeeze(1)
            if len(rows):
                drawn, mass = _inverse_cdf(plan.logits(step, seen[rows]), uniforms[rows, step], weight)
                codes[rows, field] = drawn
                seen[rows, at] = plan.embeds[step][drawn]
                log_mass[rows] += mass
        return codes, log_mass


class DrawPlan:
    """Weights laid out step by step for one order of drawing."""

    def __init__(self, net: MaskedNet, order: Sequence[int]) -> None:
        with torch.inference_mode():
            embeds, heads = net.tables()
            place = {i: (b, i - k.start) for b, k in enumerate(net.buckets) for i in range(k.start, k.stop)}
            n, wide, high = net.n_fields, net.d_embed, net.d_hidden
            first = net.first.to(net.dtype).view(n, wide, n, high)[list(order)]
            self.embeds, self.first, self.layers, self.heads = [], [], [], []
            for field in order:
                b, i = place[field]
                size = net.sizes[field]
                self.embeds.append(embeds[b][i])
                bias = net.first_bias.view(n, high)[field].to(net.dtype)
                self.first.append((bias, first[:, :, field].reshape(n * wide, high).contiguous()))
                self.layers.append(
                    [
                        (c[field].to(net.dtype), w[field].to(net.dtype))
                        for w, c in zip(net.layers, net.layer_biases, strict=True)
                    ]
                )
                self.heads.append((net.biases[b][i, :size].to(net.dtype), heads[b][i, :size].t().contiguous()))

    def logits(self, step: int, seen: torch.Tensor) -> torch.Tensor:
        """Logits of the step's field. Shape: (B, width seen) -> (B, K) float32."""
        bias, weight = self.first[step]
        h = torch.addmm(bias, seen, weight[: seen.shape[1]]).relu_()
        for c, w in self.layers[step]:
            h = h + torch.addmm(c, h, w).relu_()
        bias, head = self.heads[step]
        return torch.addmm(bias, h, head).float()


def _inverse_cdf(
    logits: torch.Tensor, uniforms: torch.Tensor, weights: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | float]:
    """Codes (B,) where the CDF passes the uniforms, and the log share of p that the weights leave (B,)."""
    p = torch.softmax(logits, 1)
    mass: torch.Tensor | float = 0.0
    if weights is not None:
        left = p @ weights
        mass = left.clamp_min(1e-38).log()
        # A condition the net holds for impossible is still obeyed: then the largest allowed logits decide.
        p = torch.where((left > 1e-30)[:, None], p * weights, torch.softmax(logits + weights.log(), 1))
    cdf = torch.cumsum(p, 1, out=p)
    total = cdf[:, -1:]
    # Just under the total, so that some code's CDF always passes it and that code has a share above zero.
    at = torch.minimum(uniforms[:, None] * total, torch.nextafter(total, torch.zeros(())))
    return torch.searchsorted(cdf, at, right=True).squeeze(1), mass
