"""The gradient of the mean loss of a batch under a `MaskedNet`, written out.

Behind the embedded codes no field has to do with another, so fields are taken piece by piece, forwards and backwards in
one go while their units are still in the cache.
NOTE[DIFF]: pieces on two threads gained 6 to 20 % on a quiet machine, where the interpreter's lock takes the rest, and
lost half beside a busy process, so they are taken one after the other.

Legend: B batch, D fields, E embedding width, H hidden width, n fields of a piece, K their codes, P ordinal features.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from likewise.nets.autoregressive import MaskedNet, View
from likewise.nets.sight import FullSight, FullView
from likewise.nets.tables import LANES, NEVER, softmax_loss

PIECES = 4
"""Pieces of about equal work, at least, where there are so many fields."""


@dataclass(frozen=True)
class Piece:
    """Fields [start, stop) of the net's own order, which stand at [low, high) of a bucket."""

    bucket: int
    low: int
    high: int
    start: int
    stop: int


def pieces_of(net: MaskedNet) -> list[Piece]:
    """All fields in pieces: of a bucket each, the costliest first."""
    n, wide, high = net.n_fields, net.d_embed, net.d_hidden

    def cost(size: int) -> float:
        return n / 2 * wide * high + len(net.layers) * high**2 + size * (high + 64)

    whole = sum(cost(bucket.size) * (bucket.stop - bucket.start) for bucket in net.buckets)
    pieces: list[tuple[float, Piece]] = []
    for b, bucket in enumerate(net.buckets):
        many = max(int(whole / PIECES / cost(bucket.size)), 1)
        for start in range(bucket.start, bucket.stop, many):
            stop = min(start + many, bucket.stop)
            low = start - bucket.start
            pieces.append((-cost(bucket.size) * (stop - start), Piece(b, low, low + stop - start, start, stop)))
    return [piece for _, piece in sorted(pieces, key=lambda part: part[0])]


class LikelihoodGradient:
    """Leaves in the parameters of a net the gradient of the mean loss of a batch.

    Args:
        net: on the processor, all of whose fields see one another in full.
        told: fields whose codes are told and never drawn: their loss does not count.
    """

    def __init__(self, net: MaskedNet, told: Collection[int]) -> None:
        assert isinstance(net.sight, FullSight)
        self.net, self.sight, self.told = net, net.sight, frozenset(told)
        self.pieces = pieces_of(net)
        self.phi = net.features()
        self.gradients = {name: torch.zeros_like(p) for name, p in net.named_parameters()}

    @torch.no_grad()
    def __call__(self, x: torch.Tensor, views: Sequence[View]) -> torch.Tensor:
        """The mean loss of a row. Shape: (B, D) codes in the net's own order."""
        net = self.net
        at = [(x[rows] + net.first_rows).index_select(1, view.order) for rows, view in views]
        table = torch.cat([part.reshape(-1, net.d_embed) for part in net.embeddings()])
        e = torch.cat([F.embedding(codes, table).flatten(1) for codes in at])
        mask = net.drop.mask(e.shape)
        e = e if mask is None else e.mul_(mask)
        shape = net.n_fields, len(x), net.d_hidden
        masks = [net.drop.mask(shape) for _ in range(len(net.layers) + 1)]
        codes = x.t().contiguous()
        batch = _Batch(e, codes, views, masks)
        losses, backs = zip(*[self._learn(piece, batch) for piece in self.pieces], strict=True)
        back = torch.stack(backs).sum(0) if len(backs) > 1 else backs[0]
        back = back if mask is None else back.mul_(mask)
        self._into_tables(torch.cat(at), back, len(table))
        for name, parameter in net.named_parameters():
            parameter.grad = self.gradients[name]
        return torch.stack(losses).sum() / len(x)

    def _learn(self, piece: Piece, batch: _Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """The summed loss of a piece, and the gradient at the embedded codes. Shape: () and (B, D * E)."""
        net, fields = self.net, slice(piece.start, piece.stop)
        h, looks = self._look(piece, batch)
        passed = [h]
        inner = [(mask if mask is None else mask[fields]) for mask in batch.masks]
        layers = [(w[fields].to(net.dtype), b[fields].to(net.dtype)) for w, b in net.layers_with_biases()]
        dropped = []
        for (weight, bias), mask in zip(layers, inner, strict=False):
            dropped.append(h if mask is None else h * mask)
            passed.append(torch.baddbmm(bias, dropped[-1], weight).relu_())
            h = h + passed[-1]
        last = inner[-1]
        out = h if last is None else h * last
        loss, grad = self._through_heads(piece, out, batch.codes[fields])
        grad = grad if last is None else grad.mul_(last)
        for i in reversed(range(len(layers))):
            own = torch.ops.aten.threshold_backward(grad, passed[i + 1], 0)
            self._put(f"layers.{i}", fields, torch.bmm(dropped[i].transpose(1, 2), own))
            self._put(f"layer_biases.{i}", fields, own.sum(1, keepdim=True))
            below, mask = torch.bmm(own, layers[i][0].transpose(1, 2)), inner[i]
            grad = grad.add_(below if mask is None else below.mul_(mask))
        grad = torch.ops.aten.threshold_backward(grad, passed[0], 0)
        return loss, self._look_back(piece, looks, batch, grad)

    def _look(self, piece: Piece, batch: _Batch) -> tuple[torch.Tensor, list[_Sight]]:
        """What the fields see, bent, and by what weights. Shape: (n, B, H)."""
        n, weights = piece.stop - piece.start, self.sight.weight[piece.start : piece.stop].to(batch.e.dtype)
        h, looks = batch.e.new_empty(n, len(batch.e), self.net.d_hidden), []
        for i, field in enumerate(range(piece.start, piece.stop)):
            for rows, view in batch.views:
                seen = batch.e[rows, : view.ranks[field] * self.net.d_embed]
                looks.append(_Sight(i, rows, view, seen, view.seen(weights[i], field)))
                torch.mm(seen, looks[-1].weights, out=h[i, rows])
        return h.add_(self.sight.bias[piece.start : piece.stop].to(h.dtype)).relu_(), looks

    def _look_back(self, piece: Piece, looks: list[_Sight], batch: _Batch, grad: torch.Tensor) -> torch.Tensor:
        """The gradient at the embedded codes. Shape: (n, B, H) -> (B, D * E)."""
        self._put("sight.bias", slice(piece.start, piece.stop), grad.sum(1, keepdim=True))
        back, whole = torch.zeros_like(batch.e), self.gradients["sight.weight"][piece.start : piece.stop].zero_()
        for look in looks:
            at, own, n = grad[look.field, look.rows], whole[look.field], look.seen.shape[1]
            back[look.rows, :n].addmm_(at, look.weights.t())
            if look.view.steps is None and at.dtype == own.dtype:
                own.view(-1, own.shape[2])[:n].addmm_(look.seen.t(), at)
            else:
                steps = torch.arange(n // own.shape[1]) if look.view.steps is None else look.view.steps
                more = torch.mm(look.seen.t(), at).to(own.dtype).view(-1, *own.shape[1:])
                own.index_add_(0, steps[: len(more)], more)
        return back

    def _through_heads(self, piece: Piece, h: torch.Tensor, codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The summed loss, and the gradient of the mean at the units before the heads. Shape: (n, B, H), (n, B)."""
        net, b, part = self.net, piece.bucket, slice(piece.low, piece.high)
        phi, ordinal = self.phi[b][part], net.ordinal_out[piece.start : piece.stop]
        head = torch.baddbmm(net.heads[b][part], phi, ordinal).to(h.dtype)
        bias, size = net.biases[b][part], head.shape[1]
        head, bias = F.pad(head, (0, 0, 0, lack := max(LANES - size, 0))), F.pad(bias, (0, lack), value=NEVER)
        p, losses = softmax_loss(torch.bmm(h, head.transpose(1, 2)).float().add_(bias[:, None]), codes[:, :, None])
        p.scatter_add_(2, codes[:, :, None], p.new_full((), -1.0).expand(*codes.shape, 1))
        for field in self.told & set(range(piece.start, piece.stop)):
            p[field - piece.start], losses[field - piece.start] = 0, 0
        p /= h.shape[1]
        self._put(f"biases.{b}", part, p.sum(1)[:, :size])
        narrow = p.to(h.dtype)
        at = torch.bmm(narrow.transpose(1, 2), h).float()[:, :size]
        self._put(f"heads.{b}", part, at)
        self._put("ordinal_out", slice(piece.start, piece.stop), torch.bmm(phi.transpose(1, 2), at))
        return losses.sum(), torch.bmm(narrow, head)

    def _into_tables(self, at: torch.Tensor, back: torch.Tensor, n_codes: int) -> None:
        """The gradients at embedded codes (B, D * E), added up for each code."""
        net = self.net
        whole = torch.zeros(n_codes, net.d_embed)
        whole.index_add_(0, at.flatten(), back.view(-1, net.d_embed).float())
        start = 0
        for b, bucket in enumerate(net.buckets):
            fields = slice(bucket.start, bucket.stop)
            n = (bucket.stop - bucket.start) * bucket.size
            own = whole[start : start + n].view(-1, bucket.size, net.d_embed)
            self._put(f"embed.{b}", slice(None), own)
            self._put("ordinal_in", fields, torch.bmm(self.phi[b].transpose(1, 2), own))
            start += n

    def _put(self, name: str, fields: slice, gradient: torch.Tensor) -> None:
        self.gradients[name][fields] = gradient


@dataclass(frozen=True)
class _Batch:
    """Embedded codes (B, D * E) in the order of their view, codes (D, B), and what is dropped of (D, B, H)."""

    e: torch.Tensor
    codes: torch.Tensor
    views: Sequence[View]
    masks: Sequence[torch.Tensor | None]


@dataclass(frozen=True)
class _Sight:
    """What a field of a piece sees in some rows, and its weights for that. Shape: (rows, rank * E), (rank * E, H)."""

    field: int
    rows: slice
    view: FullView
    seen: torch.Tensor
    weights: torch.Tensor
