"""The gradient of the mean loss of a batch under a `MaskedNet`, written out.

Behind the embedded codes no field has to do with another, so the fields of a bucket are taken forwards and backwards in
one go.
NOTE[DIFF]: buckets on two threads gained 6 to 20 % on a quiet machine, where the interpreter's lock takes the rest, and
lost half beside a busy process, so they are taken one after the other.

Legend: B batch, D fields, E embedding width, H hidden width, n fields of a bucket, K their codes, P ordinal features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from likewise.nets.autoregressive import MaskedNet, View
from likewise.nets.sight import FullSight, FullView
from likewise.nets.tables import scores, softmax_loss


class LikelihoodGradient:
    """Leaves in the parameters of a net the gradient of the mean loss of a batch.

    Args:
        net: on the processor, all of whose fields see one another in full.
    """

    def __init__(self, net: MaskedNet) -> None:
        assert isinstance(net.sight, FullSight)
        self.net, self.sight = net, net.sight
        self.phi = net.features()
        self.gradients = {name: torch.zeros_like(p) for name, p in net.named_parameters()}

    @torch.no_grad()
    def __call__(self, x: torch.Tensor, views: Sequence[View]) -> torch.Tensor:
        """The mean loss of a row. Shape: (B, D) codes in the net's own order."""
        net = self.net
        at = torch.cat([(x[rows] + net.first_rows).index_select(1, view.order) for rows, view in views])
        table = torch.cat([part.reshape(-1, net.d_embed) for part in net.embeddings()])
        e = F.embedding(at, table).flatten(1)
        mask = net.drop.mask(e.shape)
        e = e if mask is None else e.mul_(mask)
        shape = net.n_drawn, len(x), net.d_hidden
        masks = [net.drop.mask(shape) for _ in range(len(net.layers) + 1)]
        batch = _Batch(e, torch.zeros_like(e), x.t().contiguous(), views, masks)
        loss = torch.stack([self._learn(b, batch) for b in range(len(net.buckets))]).sum() / len(x)
        self._into_tables(at, batch.back if mask is None else batch.back.mul_(mask), len(table))
        for name, parameter in net.named_parameters():
            parameter.grad = self.gradients[name]
        return loss

    def _learn(self, b: int, batch: _Batch) -> torch.Tensor:
        """The summed loss of a bucket. Shape: ()."""
        net, fields = self.net, slice(self.net.buckets[b].start, self.net.buckets[b].stop)
        h, looks = self._look(fields, batch)
        passed = [h]
        *inner, last = ((mask if mask is None else mask[fields]) for mask in batch.masks)
        layers = [(w[fields].to(net.dtype), c[fields].to(net.dtype)) for w, c in net.layers_with_biases()]
        dropped = []
        for (weight, bias), mask in zip(layers, inner, strict=True):
            dropped.append(h if mask is None else h * mask)
            passed.append(torch.baddbmm(bias, dropped[-1], weight).relu_())
            h = h + passed[-1]
        loss, grad = self._through_heads(b, h if last is None else h * last, batch.codes[fields])
        grad = grad if last is None else grad.mul_(last)
        for i in reversed(range(len(layers))):
            own = torch.ops.aten.threshold_backward(grad, passed[i + 1], 0)
            self._put(f"layers.{i}", fields, torch.bmm(dropped[i].transpose(1, 2), own))
            self._put(f"layer_biases.{i}", fields, own.sum(1, keepdim=True))
            below, mask = torch.bmm(own, layers[i][0].transpose(1, 2)), inner[i]
            grad = grad.add_(below if mask is None else below.mul_(mask))
        self._look_back(fields, looks, batch, torch.ops.aten.threshold_backward(grad, passed[0], 0))
        return loss

    def _look(self, fields: slice, batch: _Batch) -> tuple[torch.Tensor, list[_Sight]]:
        """What the fields see, bent, and by what weights. Shape: (n, B, H)."""
        weights, looks = self.sight.weight[fields].to(batch.e.dtype), list[_Sight]()
        h = batch.e.new_empty(len(weights), len(batch.e), self.net.d_hidden)
        for i, field in enumerate(range(fields.start, fields.stop)):
            for rows, view in batch.views:
                seen = batch.e[rows, : view.ranks[field] * self.net.d_embed]
                looks.append(_Sight(i, rows, view, seen, view.seen(weights[i], field)))
                torch.mm(seen, looks[-1].weights, out=h[i, rows])
        return h.add_(self.sight.bias[fields].to(h.dtype)).relu_(), looks

    def _look_back(self, fields: slice, looks: list[_Sight], batch: _Batch, grad: torch.Tensor) -> None:
        """Add to the gradient at the embedded codes. Shape: (n, B, H)."""
        self._put("sight.bias", fields, grad.sum(1, keepdim=True))
        whole = self.gradients["sight.weight"][fields].zero_()
        for look in looks:
            at, own, n = grad[look.field, look.rows], whole[look.field], look.seen.shape[1]
            batch.back[look.rows, :n].addmm_(at, look.weights.t())
            if look.view.steps is None and at.dtype == own.dtype:
                own.view(-1, own.shape[2])[:n].addmm_(look.seen.t(), at)
            else:
                steps = torch.arange(n // own.shape[1]) if look.view.steps is None else look.view.steps
                more = torch.mm(look.seen.t(), at).to(own.dtype).view(-1, *own.shape[1:])
                own.index_add_(0, steps[: len(more)], more)

    def _through_heads(self, b: int, h: torch.Tensor, codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The summed loss, and the gradient of the mean at the units before the heads. Shape: (n, B, H), (n, B)."""
        net, phi, bias, whole = self.net, self.phi[b], self.net.biases[b], slice(None)
        fields, size = slice(net.buckets[b].start, net.buckets[b].stop), bias.shape[1]
        head = torch.baddbmm(net.heads[b], phi, net.ordinal_out[fields]).to(h.dtype)
        p, losses = softmax_loss(scores(h, head, bias), codes[:, :, None])
        head = F.pad(head, (0, 0, 0, p.shape[2] - size))
        p.scatter_add_(2, codes[:, :, None], p.new_full((), -1.0).expand(*codes.shape, 1))
        p /= h.shape[1]
        self._put(f"biases.{b}", whole, p.sum(1)[:, :size])
        narrow = p.to(h.dtype)
        at = torch.bmm(narrow.transpose(1, 2), h).float()[:, :size]
        self._put(f"heads.{b}", whole, at)
        self._put("ordinal_out", fields, torch.bmm(phi.transpose(1, 2), at))
        return losses.sum(), torch.bmm(narrow, head)

    def _into_tables(self, at: torch.Tensor, back: torch.Tensor, n_codes: int) -> None:
        """The gradients at embedded codes (B, D * E), added up for each code."""
        net = self.net
        whole = torch.zeros(n_codes, net.d_embed)
        whole.index_add_(0, at.flatten(), back.view(-1, net.d_embed).float())
        start = 0
        for b, bucket in enumerate(net.all_buckets):
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
    """Embedded codes (B, D * E) in the order of their view, the gradient at them, codes (D, B), and what is dropped of
    (D, B, H)."""

    e: torch.Tensor
    back: torch.Tensor
    codes: torch.Tensor
    views: Sequence[View]
    masks: Sequence[torch.Tensor | None]


@dataclass(frozen=True)
class _Sight:
    """What a field of a bucket sees in some rows, and its weights for that. Shape: (rows, rank * E), (rank * E, H)."""

    field: int
    rows: slice
    view: FullView
    seen: torch.Tensor
    weights: torch.Tensor
