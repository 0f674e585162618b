"""One masked net that gives p(code of a field | codes of any others).

Legend: B batch, D fields, S sum of all K, K codes of one field, E embedding width, H hidden width, P ordinal features.

Every field has its own H hidden units. They see the embedded codes of the fields before it, in whatever order is
asked for (`sight.py`); then come a few small layers of the field's own; then its logits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from likewise.nets.allowed import Allowed
from likewise.nets.sight import GROUP, FullSight, GroupedSight, Rows, Seen, Sight
from likewise.nets.tables import LEAST_SHARE, CodeTables, inverse_cdf, log_drawn, log_known, normal

if TYPE_CHECKING:
    from likewise.training.loop import Spread

MOST_KINDS = 8
"""Kinds of rows that are looked for among those drawn alike so far, for each row, at most."""

BATCHES = 16
"""Batches of rows that are counted before their counts are added up."""

View = tuple[slice, Any]
"""Rows of a batch, and who sees whom in them, as `MaskedNet.visible` tells it."""


class MaskedNet(CodeTables):
    """Block-masked autoregressive net over codes (in the line of MADE, Germain et al. 2015).

    Args:
        sizes, features, log_marginals: as `CodeTables` takes them.
        order: the canonical order, as the caller's field numbers; those that are told come first.
        groups: all fields, each `group_size` of them one after the other a group whose fields see one another in full,
            and the others through a summary; None for all in full. See `sight.py`.
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
        groups: Sequence[int] | None = None,
        group_size: int = GROUP,
        told: Collection[int] = (),
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
            told=told,
        )
        place = {column: i for i, column in enumerate(self.columns)}
        self.order = [place[j] for j in order]
        n_drawn = self.n_drawn
        self.sight: Sight
        if groups is None:
            self.sight = FullSight(self.order, d_embed, d_hidden, generator, n_drawn)
        else:
            self.sight = GroupedSight([place[j] for j in groups], group_size, d_embed, d_hidden, generator)
        scale = 1 / math.sqrt(d_hidden)
        self.layers = nn.ParameterList(
            [normal(n_drawn, d_hidden, d_hidden, scale=scale, generator=generator) for _ in range(n_layers)]
        )
        self.layer_biases = nn.ParameterList([nn.Parameter(torch.zeros(n_drawn, 1, d_hidden)) for _ in range(n_layers)])

    def layers_with_biases(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """(D, H, H) and (D, 1, H) of each layer behind what the fields see."""
        return list(zip(self.layers, self.layer_biases, strict=True))

    def visible(self, order: Sequence[int]) -> Any:
        """Who sees whom in an order, as `nll` and `logits` take it."""
        return self.sight.view(order)

    def hidden(self, x: torch.Tensor, visible: Any, embeds: list[torch.Tensor]) -> torch.Tensor:
        """Hidden units of every field that is drawn. Shape: (B, D) -> (D, B, H)."""
        e = self.embed_codes(x, embeds)
        e = self.drop(e) if self.training else e
        h = self.sight(e.view(len(x), self.n_fields, self.d_embed), visible)[: self.n_drawn].relu_().contiguous()
        for layer, bias in self.layers_with_biases():
            dropped = self.drop(h) if self.training else h
            more = torch.baddbmm(bias.to(self.dtype), dropped, layer.to(self.dtype))
            if self.tape is not None:
                self.tape.fields(more, dropped, layer, bias)
            h = h + more.relu_()
        return self.drop(h) if self.training else h

    def logits(self, x: torch.Tensor, visible: Any) -> list[torch.Tensor]:
        """Logits of each bucket's fields given the codes they see. Shape: (B, D) -> [(n, B, K)], float32."""
        embeds, heads = self.tables()
        h = self.hidden(x, visible, embeds)
        return self.logits_of(h, heads)

    def nll(self, x: torch.Tensor, visible: Any) -> torch.Tensor:
        """-log p of each code that is drawn given the codes its field sees. Shape: (B, D) -> (B, D), natural log."""
        return self.nll_in(x, [(slice(None), visible)])

    def nll_in(self, x: torch.Tensor, views: Sequence[View]) -> torch.Tensor:
        """As `nll`, of rows that are seen in different orders, those of the first view first."""
        embeds, heads = self.tables()
        parts = [self.hidden(x[rows], visible, embeds) for rows, visible in views]
        return self.nll_behind(x, torch.cat(parts, 1) if len(parts) > 1 else parts[0], heads)

    @torch.inference_mode()
    def log_free(self, x: torch.Tensor, visible: Any, weights: Mapping[int, Allowed[torch.Tensor]]) -> torch.Tensor:
        """log p of rows among free draws, whose fields give no more than the weights say. Shape: (B, D) -> (B,)."""
        logits = self.logits(x, visible)
        total = -self.nll_of(x, logits).sum(1)
        for b, bucket in enumerate(self.buckets):
            for field in range(bucket.start, bucket.stop):
                if (allowed := weights.get(field)) is not None:
                    own = logits[b][field - bucket.start, :, : self.sizes[field]]
                    total += log_known(own, x[:, field], allowed) - log_known(own, x[:, field], None)
                    if allowed.counts:
                        total += allowed.weights[x[:, field]].clamp(min=LEAST_SHARE).log()
        return total

    @torch.inference_mode()
    def calibrate(
        self,
        batches: Callable[[], Iterable[torch.Tensor]],
        visible: Any,
        rounds: int,
        shares: Sequence[torch.Tensor] | None = None,
        spread: Spread | None = None,
    ) -> None:
        """Move the biases until each field's mean p over the rows is the rows' own share of each code.

        The likelihood asks for just that, but dropout and the noise of the last steps leave the shares a little off.

        Args:
            batches: gives the rows anew each round, (B, D) codes at a time.
            shares: of each code, by bucket, instead of the rows' own.
            spread: takes batches to threads; see `training.loop.crew`.
        """

        embeds, heads = self.tables()

        @torch.inference_mode()
        def counted(x: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor], int]:
            return self.count(x), self.shares_behind(self.hidden(x, visible, embeds), heads), len(x)

        for _ in range(rounds):
            wanted = [torch.zeros_like(bias) for bias in self.biases]
            given = [torch.zeros_like(bias) for bias in self.biases]
            n_rows = 0
            left = iter(batches())
            while several := list(islice(left, BATCHES)):
                for counts, expected, n in (spread or map)(counted, several):
                    n_rows += n
                    for b, count in enumerate(counts):
                        given[b] += expected[b]
                        wanted[b] += count
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
        log_chance: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw codes by inverse CDF, field by field.

        Args:
            uniforms: (B, D) in [0, 1), read in step order.
            order: the steps, as fields of the net's own order.
            weights: field -> what may be drawn; fields of which all may be drawn are left out.
            plan: `DrawPlan(net, order)`, shared by all batches.
            known: (B, D) codes, -1 where to be drawn; None when nothing is known.
            fields: draw only this many steps; None draws all.
            log_chance: (B,), to which is added how likely the codes drawn were.

        Returns:
            codes (B, D) and log mass (B,): the log share of free draws that conditions left, over drawn fields.
        """
        n = len(uniforms)
        codes = torch.zeros(n, self.n_fields, dtype=torch.long) if known is None else known.clone()
        seen, log_mass = plan.sight.start(n), torch.zeros(n)
        alike = Alike.at_first(n) if known is None else None
        lacking = None if known is None else lacks(known)
        if known is not None and lacking is not None:
            for field in order:
                if lacking[field] < n:
                    told = slice(None) if not lacking[field] else torch.nonzero(known[:, field] >= 0).squeeze(1)
                    plan.sight.see(seen, field, told, known[told, field])
        for step, field in enumerate(order[:fields]):
            rows: Rows = slice(None)
            if known is not None and lacking is not None:
                if not lacking[field]:
                    continue
                if lacking[field] < n:
                    rows = torch.nonzero(known[:, field] < 0).squeeze(1)
            logits = plan.logits(seen, field, rows if alike is None else alike.rows, ahead=known is not None)
            of = None if alike is None else alike.of
            drawn, mass = inverse_cdf(logits, uniforms[rows, step], weights.get(field), of)
            codes[rows, field] = drawn
            if log_chance is not None:
                log_chance[rows] += log_drawn(logits if of is None else logits[of], drawn, weights.get(field))
            plan.sight.see(seen, field, rows, drawn)
            log_mass[rows] += mass
            alike = None if alike is None else alike.after(drawn, self.sizes[field])
        return codes, log_mass


def lacks(known: torch.Tensor) -> list[int]:
    """(D,) rows of which each field is to be drawn. Shape: (B, D)."""
    counts: list[int] = (known < 0).sum(0).tolist()
    return counts


@dataclass(frozen=True)
class Alike:
    """Rows of a batch that drew alike so far: what comes next is worked out once for all of a kind.

    Args:
        rows: (U,) one row of each kind.
        of: (B,) the kind of each row.
    """

    rows: torch.Tensor
    of: torch.Tensor

    @classmethod
    def at_first(cls, n: int) -> Alike:
        """Rows that drew nothing yet."""
        return cls(torch.zeros(1, dtype=torch.long), torch.zeros(n, dtype=torch.long))

    def after(self, drawn: torch.Tensor, size: int) -> Alike | None:
        """The kinds when the rows have drawn one more field, of so many codes; None where most rows are their own."""
        n, n_kinds = len(drawn), len(self.rows) * size
        if n_kinds > MOST_KINDS * n:
            return None
        kind = self.of * size + drawn
        rows = torch.full((n_kinds,), -1).scatter_(0, kind, torch.arange(n))  # whichever of a kind: all are alike
        met = torch.nonzero(rows >= 0)[:, 0]
        if 2 * len(met) > n:
            return None
        number = torch.empty(n_kinds, dtype=torch.long).scatter_(0, met, torch.arange(len(met)))
        return Alike(rows[met], number[kind])


class DrawPlan:
    """Weights laid out field by field for one order of drawing."""

    def __init__(self, net: MaskedNet, order: Sequence[int]) -> None:
        with torch.inference_mode():
            embeds, heads = net.tables()
            self.heads, self.layers = {}, {}
            own = {
                field: embeds[b][i, : net.sizes[field]]
                for b, bucket in enumerate(net.all_buckets)
                for i, field in enumerate(range(bucket.start, bucket.stop))
            }
            for b, bucket in enumerate(net.buckets):
                for i, field in enumerate(range(bucket.start, bucket.stop)):
                    size = net.sizes[field]
                    self.heads[field] = heads[b][i, :size].t().contiguous(), net.biases[b][i, :size]
                    self.layers[field] = [
                        (c[field].to(net.dtype), w[field].to(net.dtype)) for w, c in net.layers_with_biases()
                    ]
            self.sight = net.sight.plan(order, own, net.dtype)

    def logits(self, seen: Seen, field: int, rows: torch.Tensor | slice, *, ahead: bool) -> torch.Tensor:
        """Logits of a field in these rows. Shape: (B, K) float32."""
        h = self.sight.look(seen, field, rows, ahead=ahead).relu_()
        for c, w in self.layers[field]:
            h = h + torch.addmm(c, h, w).relu_()
        head, bias = self.heads[field]
        return (h @ head).float().add_(bias)
