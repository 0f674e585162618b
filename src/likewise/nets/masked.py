"""One masked net that gives p(code of a field | codes of any others).

Legend: B batch, D fields, S sum of all K, K codes of one field, E embedding width, H hidden width, P ordinal features.

Every field has its own H hidden units. They see the embedded codes of the fields before it, in whatever order is
asked for, through one block-masked product; then a few small layers of the field's own; then its logits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from likewise.nets.allowed import Allowed
from likewise.nets.tables import CodeTables, inverse_cdf, normal


class MaskedNet(CodeTables):
    """Block-masked autoregressive net over codes (in the line of MADE, Germain et al. 2015).

    Args:
        sizes, features, log_marginals: as `CodeTables` takes them.
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
        super().__init__(
            sizes,
            features,
            log_marginals,
            d_embed=d_embed,
            d_hidden=d_hidden,
            dropout=dropout,
            generator=generator,
            dtype=dtype,
        )
        place = {column: i for i, column in enumerate(self.columns)}
        self.order = [place[j] for j in order]
        n_fields = len(sizes)
        wide = n_fields * d_embed
        self.first = normal(wide, n_fields * d_hidden, scale=1 / math.sqrt(max(wide, 1)), generator=generator)
        self.first_bias = nn.Parameter(torch.zeros(n_fields * d_hidden))
        scale = 1 / math.sqrt(d_hidden)
        self.layers = nn.ParameterList(
            [normal(n_fields, d_hidden, d_hidden, scale=scale, generator=generator) for _ in range(n_layers)]
        )
        self.layer_biases = nn.ParameterList(
            [nn.Parameter(torch.zeros(n_fields, 1, d_hidden)) for _ in range(n_layers)]
        )

    def visible(self, order: Sequence[int]) -> torch.Tensor:
        """(D, D) mask of an order: entry (i, j) is 1 where field j sees field i."""
        rank = torch.empty(self.n_fields, dtype=torch.long)
        rank[torch.as_tensor(order, dtype=torch.long)] = torch.arange(self.n_fields)
        return (rank[:, None] < rank[None, :]).to(self.first.device, self.dtype)

    def hidden(self, x: torch.Tensor, visible: torch.Tensor, embeds: list[torch.Tensor]) -> torch.Tensor:
        """Hidden units of every field. Shape: (B, D) -> (D, B, H)."""
        n, wide, high = self.n_fields, self.d_embed, self.d_hidden
        weight = self.first.to(self.dtype).view(n, wide, n, high) * visible[:, None, :, None]
        e = self.embed_codes(x, embeds)
        e = self.drop(e) if self.training else e
        h = torch.addmm(self.first_bias.to(self.dtype), e, weight.view(n * wide, n * high))
        if self.tape is not None:
            self.tape.blocks(h, e, visible, self.first, self.first_bias)
        h = h.relu_().view(-1, n, high).transpose(0, 1).contiguous()  # (B, D*H) -> (D, B, H)
        for layer, bias in zip(self.layers, self.layer_biases, strict=True):
            dropped = self.drop(h) if self.training else h
            more = torch.baddbmm(bias.to(self.dtype), dropped, layer.to(self.dtype))
            if self.tape is not None:
                self.tape.fields(more, dropped, layer, bias)
            h = h + more.relu_()
        return self.drop(h) if self.training else h

    def logits(self, x: torch.Tensor, visible: torch.Tensor) -> list[torch.Tensor]:
        """Logits of each bucket's fields given the codes they see. Shape: (B, D) -> [(n, B, K)], float32."""
        embeds, heads = self.tables()
        h = self.hidden(x, visible, embeds)
        return self.logits_of(h, heads)

    def nll(self, x: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        """-log p of each code given the codes its field sees. Shape: (B, D) -> (B, D), natural log."""
        return self.nll_of(x, self.logits(x, visible))

    @torch.inference_mode()
    def calibrate(
        self,
        batches: Callable[[], Iterable[torch.Tensor]],
        visible: torch.Tensor,
        rounds: int,
        shares: Sequence[torch.Tensor] | None = None,
    ) -> None:
        """Move the biases until each field's mean p over the rows is the rows' own share of each code.

        The likelihood asks for just that, but dropout and the noise of the last steps leave the shares a little off.

        Args:
            batches: gives the rows anew each round, (B, D) codes at a time.
            shares: of each code, by bucket, instead of the rows' own.
        """
        for _ in range(rounds):
            wanted = [torch.zeros_like(bias) for bias in self.biases]
            given = [torch.zeros_like(bias) for bias in self.biases]
            n_rows = 0
            for x in batches():
                n_rows += len(x)
                for b, (counts, logits) in enumerate(zip(self.count(x), self.logits(x, visible), strict=True)):
                    given[b] += torch.softmax(logits, 2).sum(1)
                    wanted[b] += counts
            self.move_shares(wanted if shares is None else [share * n_rows for share in shares], given)

    @torch.inference_mode()
    def draw(
        self,
        uniforms: torch.Tensor,
        *,
        order: Sequence[int],
        weights: dict[int, Allowed[torch.Tensor]],
        plan: DrawPlan,
        known: torch.Tensor | None = None,
        fields: int | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw codes by inverse CDF, field by field.

        Args:
            uniforms: (B, D) in [0, 1), read in step order.
            order: the steps, as fields of the net's own order.
            weights: field -> what may be drawn; fields of which all may be drawn are left out.
            plan: `DrawPlan(net, order)`, shared by all batches.
            known: (B, D) codes, -1 where to be drawn; None when nothing is known.
            fields: draw only this many steps; None draws all.

        Returns:
            codes (B, D) and log mass (B,): the log share of free draws that conditions left, over drawn fields.
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
                drawn, mass = inverse_cdf(plan.logits(step, seen[:, : step * wide]), uniforms[:, step], weight)
                codes[:, field], seen[:, at] = drawn, plan.embeds[step][drawn]
                log_mass += mass
                continue
            rows = torch.nonzero(known[:, field] < 0).squeeze(1)
            if len(rows):
                drawn, mass = inverse_cdf(plan.logits(step, seen[rows]), uniforms[rows, step], weight)
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
