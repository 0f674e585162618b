"""Tables for codes: an embedding of each code going in, a head for each code coming out.

Legend: B batch, D fields, K codes of one field, E embedding width, H hidden width of a field, P ordinal features.

Fields of like size share a bucket, so that D small products become a few batched ones. Inputs and outputs are both
sums of a free part for each code and a part through the ordinal features of the code.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from likewise.errors import TrainingError
from likewise.nets.allowed import Allowed
from likewise.nets.dropout import DropoutPool
from likewise.nets.ghosts import Tape, Taped

UNORDERED, ORDERED = 0.3, 0.03
"""Deviation of a code's own embedding at the start, without and beside what its place in an order says."""

DECAY, DECAY_ROWS, DECAY_SLOPE, MOST_DECAY = 5.0, 50.0, 0.43, 20.0
"""Decay of what an ordered code has of its own: 5 where it has 50 rows, 10 at 10 (the slope says so), and as much less
as it has more rows."""


@dataclass(frozen=True)
class Bucket:
    """Fields [start, stop) of the net's own order, padded to `size` codes."""

    start: int
    stop: int
    size: int


def make_buckets(sizes: Sequence[int], first: int = 0) -> list[Bucket]:
    """Group fields, largest first, so that padding stays under a quarter, or under 8 codes.

    Args:
        first: the place of the first of them.

    Example:
        >>> make_buckets([256, 250, 100, 9, 7, 2])
        [Bucket(start=0, stop=2, size=256), Bucket(start=2, stop=3, size=100), Bucket(start=3, stop=6, size=9)]
    """
    buckets: list[Bucket] = []
    start = 0
    for i in range(1, len(sizes) + 1):
        if i == len(sizes) or (sizes[i] < 0.75 * sizes[start] and sizes[start] - sizes[i] > 8):
            buckets.append(Bucket(first + start, first + i, sizes[start]))
            start = i
    return buckets


class CodeTables(Taped):
    """The tables of all fields, for a net to build its own layers between.

    Fields are held in descending order of size; `columns[i]` is the caller's field at place i, and every
    tensor here is in that order.

    Args:
        sizes: K of each field, in the caller's order.
        features: (K, P) ordinal features of each field.
        log_marginals: (K,) log share of each code: where the logits start.
        d_embed: E; 0 for a net that reads no codes.
        d_hidden: H; 0 for a net that gives no logits, and so has no biases.
        dropout: share of units that `drop` drops, where a net asks it to.
        told: fields that are read and never drawn: they have no head, and stand behind all others.
    """

    most_shared_decay: ClassVar[float] = 1.0
    """Of weights that all codes share, where they are more than the cells learnt from."""

    first_rows: torch.Tensor
    ordinal_in: torch.Tensor
    ordinal_out: torch.Tensor

    def __init__(
        self,
        sizes: Sequence[int],
        features: Sequence[npt.NDArray[np.float32]],
        log_marginals: Sequence[npt.NDArray[np.float32]],
        *,
        d_embed: int,
        d_hidden: int,
        dropout: float = 0.0,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
        told: Collection[int] = (),
    ) -> None:
        super().__init__()
        self.columns = sorted(range(len(sizes)), key=lambda j: (j in told, -sizes[j]))
        self.sizes = [sizes[j] for j in self.columns]
        self.n_drawn = n_drawn = len(sizes) - len(told)
        self.buckets = make_buckets(self.sizes[:n_drawn])
        self.all_buckets = [*self.buckets, *make_buckets(self.sizes[n_drawn:], n_drawn)]
        self.drop = DropoutPool(dropout, dtype)
        self.d_embed, self.d_hidden, self.dtype = d_embed, d_hidden, dtype
        n_fields, n_features = len(sizes), features[0].shape[1] if len(features) else 0
        self.embed, self.heads, self.biases = nn.ParameterList(), nn.ParameterList(), nn.ParameterList()
        for b, bucket in enumerate(self.all_buckets):
            n, is_drawn = bucket.stop - bucket.start, d_hidden and b < len(self.buckets)
            if d_embed:
                self.embed.append(normal(n, bucket.size, d_embed, scale=UNORDERED, generator=generator))
            if is_drawn:
                self.heads.append(normal(n, bucket.size, d_hidden, scale=0.02, generator=generator))
            bias, phi = torch.full((n, bucket.size), NEVER), torch.zeros(n, bucket.size, n_features)
            for i in range(n):
                column = self.columns[bucket.start + i]
                bias[i, : sizes[column]] = torch.from_numpy(log_marginals[column])
                phi[i, : sizes[column]] = torch.from_numpy(features[column])
            if d_embed:
                with torch.no_grad():  # what a code of an order is, its place says
                    self.embed[-1].mul_(torch.where(phi.any(2, keepdim=True), ORDERED / UNORDERED, 1.0))
            if is_drawn:
                self.biases.append(nn.Parameter(bias))
            self.register_buffer(f"phi{b}", phi, persistent=False)
        rows = [k.size for k in self.all_buckets for _ in range(k.start, k.stop)]
        first_rows = torch.tensor(rows, dtype=torch.long).cumsum(0) - torch.tensor(rows, dtype=torch.long)
        self.register_buffer("first_rows", first_rows, persistent=False)  # where a field begins among all tables
        scale = 1 / math.sqrt(max(n_features, 1))
        self.ordinal_in = self.ordinal_out = torch.zeros(n_fields, n_features, 0)
        if d_embed:
            self.ordinal_in = normal(n_fields, n_features, d_embed, scale=scale, generator=generator)
        if d_hidden:
            self.ordinal_out = normal(n_drawn, n_features, d_hidden, scale=0.02, generator=generator)

    @property
    def n_fields(self) -> int:
        return len(self.sizes)

    def use(self, device: str, dtype: torch.dtype) -> None:
        """Compute there, in that type; weights stay 32-bit. Nothing is dropped until the pool is filled again."""
        self.to(device)
        self.dtype = dtype
        self.drop.forget(dtype)

    def decays(self, n_rows: int) -> list[float | torch.Tensor]:
        """How strongly each parameter should decay, learning from so many rows, in the order of `parameters`.

        What a code has of its own (its embedding and head) is learnt from its own rows alone, and overfits the more the
        fewer they are: by decay it is drawn to what its place in the order says of it. A level without order has
        nothing else, so it decays little, and none to speak of where it has more rows than weights; so do the shared
        parts, by the cells there are for each of their weights. Biases are the shares of codes, and do not decay.
        """
        own = [self._decay_of_codes(phi, n_rows) for phi in self.features()]
        result: list[float | torch.Tensor] = []
        for name, parameter in self.named_parameters():
            part, _, rest = name.partition(".")
            if part in ("embed", "heads"):
                result.append(own[int(rest)])
            else:
                free = "bias" in name or part.startswith("ordinal")
                most = self.most_shared_decay
                result.append(0.0 if free else min(parameter.numel() / max(n_rows * self.n_fields, 1), most))
        return result

    def _decay_of_codes(self, phi: torch.Tensor, n_rows: int) -> torch.Tensor:
        """Shape: (n, K, P) -> (n, K, 1)."""
        ordered = phi.any(2, keepdim=True)
        rows = n_rows / ordered.sum(1, keepdim=True).clamp(min=1)
        fewer = DECAY_ROWS / rows.clamp(min=1)
        in_order = DECAY * torch.where(fewer > 1, fewer**DECAY_SLOPE, fewer).clamp(max=MOST_DECAY / DECAY)
        alone = min((self.d_embed + self.d_hidden) * phi.shape[1] / max(n_rows, 1), 1.0)
        return torch.where(ordered, in_order, alone)

    def tables(self) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Embeddings (n, K, E) and heads (n, K, H) of each bucket, ordinal parts added.

        The ordinal parts touch tables of S rows, not batches of B: their cost does not grow with the data.
        """
        return self.embeddings(), self._with_ordinals(self.heads, self.ordinal_out)

    def embeddings(self) -> list[torch.Tensor]:
        """Of each bucket (n, K, E), ordinal parts added."""
        return self._with_ordinals(self.embed, self.ordinal_in)

    def _with_ordinals(self, free: nn.ParameterList, ordinal: torch.Tensor) -> list[torch.Tensor]:
        if not len(free):
            return []
        made: tuple[torch.Tensor, ...] = _Tables.apply(self.dtype, ordinal, *self.features()[: len(free)], *free)  # type: ignore[no-untyped-call]
        return list(made)

    def features(self) -> list[torch.Tensor]:
        """Ordinal features of each bucket's codes, [(n, K, P)]."""
        return [getattr(self, f"phi{b}") for b in range(len(self.all_buckets))]

    def embed_codes(self, x: torch.Tensor, embeds: list[torch.Tensor]) -> torch.Tensor:
        """Embedded codes. Shape: (B, D) -> (B, D * E)."""
        if not embeds:  # a table of keys only
            return torch.zeros(len(x), 0, dtype=self.dtype, device=x.device)
        table = torch.cat([part.reshape(-1, self.d_embed) for part in embeds])
        found = lookup(table, x + self.first_rows)
        if self.tape is not None:
            self._note_lookup(self.tape, x, found)
        return found.flatten(1)

    @torch.no_grad()
    def _note_lookup(self, tape: Tape, x: torch.Tensor, found: torch.Tensor) -> None:
        """A code's gradient goes to its own row of the free part, and by its features to the field's ordinal part."""
        if tape.unit == 1:
            own = torch.cat([part.square().sum(2).flatten() for part in self.features()])
            factor = (own[x + self.first_rows] + 1).t()
        else:
            codes = x.t().reshape(x.shape[1], -1, tape.unit)
            phi = torch.cat([part.flatten(0, 1) for part in self.features()])[(x + self.first_rows).t()]
            factor = tape.inner(phi) + (codes[..., None] == codes[..., None, :])

        def squares(g: torch.Tensor) -> torch.Tensor:
            return (tape.inner(g.transpose(0, 1)) * factor).sum(0)

        tape.note([found], [*self.embed, self.ordinal_in], squares, factor.sum(0), of_units=True)

    def logits_of(self, h: torch.Tensor, heads: list[torch.Tensor]) -> list[torch.Tensor]:
        """Logits of each bucket's fields from the fields' hidden units. Shape: (D, B, H) -> [(n, B, K)], float32.

        The bias is added in 32 bits: in fewer, shares of rare codes could not be brought to what they should be.
        """
        parts = torch.split(h, [bucket.stop - bucket.start for bucket in self.buckets])
        logits = [
            torch.bmm(part, head.transpose(1, 2)).float().add_(bias[:, None])
            for part, bias, head in zip(parts, self.biases, heads, strict=True)
        ]
        if self.tape is not None and logits:
            self._note_heads(self.tape, parts, logits)
        return logits

    @torch.no_grad()
    def _note_heads(self, tape: Tape, parts: Sequence[torch.Tensor], logits: list[torch.Tensor]) -> None:
        """A field's head is multiplied with its hidden units: its free part, its ordinal part by the codes' features,
        and its bias."""
        inputs = [tape.inner(part) for part in parts]  # (n, B)

        def squares(*at: torch.Tensor) -> torch.Tensor:
            own = zip(at, inputs, self.features(), strict=False)  # of those told there are features, and no heads
            by_bucket = [(tape.inner(b) * (h + 1) + tape.inner(b @ phi) * h).sum(0) for b, h, phi in own]
            return torch.stack(by_bucket).sum(0)

        uses = [*self.heads, *self.biases, self.ordinal_out]
        tape.note(logits, uses, squares, torch.cat(inputs).sum(0), rows=1, of_units=True)

    def nll_of(self, x: torch.Tensor, logits: list[torch.Tensor]) -> torch.Tensor:
        """-log p of each code under each bucket's logits. Shape: (B, D) -> (B, D), natural log."""
        losses = []
        for bucket, part in zip(self.buckets, logits, strict=True):
            target = x[:, bucket.start : bucket.stop].t().reshape(-1)
            loss = cross_entropy(part.view(-1, bucket.size), target)
            losses.append(loss.view(bucket.stop - bucket.start, -1))
        return torch.cat(losses).t() if losses else torch.zeros(len(x), 0, device=x.device)

    def nll_behind(self, x: torch.Tensor, h: torch.Tensor, heads: list[torch.Tensor]) -> torch.Tensor:
        """`nll_of` the `logits_of` hidden units, in fewer passes. Shape: (B, D), (D, B, H) -> (B, D)."""
        if self.tape is not None or not heads:
            return self.nll_of(x, self.logits_of(h, heads))
        tables = *heads, *self.biases
        losses: torch.Tensor = _Likelihood.apply(torch.is_grad_enabled(), h, x[:, : self.n_drawn].t(), *tables)  # type: ignore[no-untyped-call]
        return losses.t()

    def shares_behind(self, h: torch.Tensor, heads: list[torch.Tensor]) -> list[torch.Tensor]:
        """The sum over rows of each code's share, by bucket. Shape: (D, B, H) -> [(n, K)]."""
        parts = torch.split(h, [bucket.stop - bucket.start for bucket in self.buckets])
        return [
            torch.cat([
                torch.softmax(scores(part[some], head[some], bias[some]), 2).sum(1)
                for some in chunks(len(bias), part.shape[1] * bias.shape[1])
            ])[:, : bias.shape[1]]
            for part, head, bias in zip(parts, heads, self.biases, strict=True)
        ]  # fmt: skip

    @torch.inference_mode()
    def move_shares(self, wanted: list[torch.Tensor], given: list[torch.Tensor]) -> None:
        """Move the biases by the log ratio of counted to expected rows of each code. Shape of both: [(n, K)]."""
        for bias, want, have in zip(self.biases, wanted, given, strict=True):
            bias += ((want + 0.5) / (have + 0.5)).log()

    def by_bucket(self, tables: Sequence[npt.NDArray[np.floating]]) -> list[torch.Tensor]:
        """A number for each code, (K,) for each of the caller's fields, as `count` gives them."""
        result = [torch.zeros_like(bias) for bias in self.biases]
        for part, bucket in zip(result, self.buckets, strict=True):
            for i in range(bucket.start, bucket.stop):
                part[i - bucket.start, : self.sizes[i]] = torch.from_numpy(tables[self.columns[i]])
        return result

    def count(self, x: torch.Tensor, weights: torch.Tensor | None = None) -> list[torch.Tensor]:
        """Rows of each code, or their weights, [(n, K)] by bucket. Shape: (B, D), (B,)."""
        counts = [torch.zeros_like(bias) for bias in self.biases]
        for counted, bucket in zip(counts, self.buckets, strict=True):
            for i in range(bucket.start, bucket.stop):
                counted[i - bucket.start] = torch.bincount(x[:, i], weights, minlength=bucket.size)
        return counts


LANES = 16
"""Fewer codes are filled up to so many before a softmax: less than a vector of them takes several times as long."""

NEVER = -1e4
"""The logit of what only fills a table up."""

LEAST_SHARE, TINY = 1e-38, 1e-30
"""Of a law, where its logarithm is taken; and a share below which its digits are no longer sure."""


class _Tables(torch.autograd.Function):
    """Free parts (n, K, W) and, by the features (n, K, P), ordinal parts (D, P, W): one node for all buckets, for
    many small ones take longer than what they compute."""

    @staticmethod
    def forward(ctx: Any, dtype: torch.dtype, ordinal: torch.Tensor, *rest: torch.Tensor) -> tuple[torch.Tensor, ...]:
        ctx.phi, free = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        parts = torch.split(ordinal, [len(phi) for phi in ctx.phi])
        return tuple(
            torch.baddbmm(table, phi, part).to(dtype) for table, phi, part in zip(free, ctx.phi, parts, strict=True)
        )

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        wide = [grad.to(phi.dtype) for grad, phi in zip(grads, ctx.phi, strict=True)]
        ordinal = torch.cat([torch.bmm(phi.transpose(1, 2), grad) for phi, grad in zip(ctx.phi, wide, strict=True)])
        return None, ordinal, *[None] * len(wide), *wide


class _Lookup(torch.autograd.Function):
    """Rows of a table; back in a fifth of the time that `embedding` takes."""

    @staticmethod
    def forward(ctx: Any, table: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(at)
        ctx.n_rows = len(table)
        return F.embedding(at, table)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None]:
        (at,), grad = ctx.saved_tensors, grads[0].flatten(0, -2)
        grad = grad.to(torch.promote_types(grad.dtype, torch.float32))
        return grad.new_zeros(ctx.n_rows, grad.shape[1]).index_add_(0, at.flatten(), grad), None


def lookup(table: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """Rows of a table. Shape: (S, E), (...) -> (..., E)."""
    if table.device.type != "cpu":  # elsewhere sums in any order would make two runs differ
        return F.embedding(at, table)
    found: torch.Tensor = _Lookup.apply(table, at)  # type: ignore[no-untyped-call]
    return found


def softmax_loss(logits: torch.Tensor, at: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """p of every code, and -log p of one. Shape: (..., K), (..., 1) -> (..., K), (...).

    The softmax takes one pass through memory each way, where the sum of exponentials takes five; much of a step is
    spent here where columns have many codes.
    """
    if logits.device.type != "cpu":  # where a look at the values would wait for the device
        log_p = logits.log_softmax(-1)
        return log_p.exp(), -log_p.gather(-1, at)[..., 0]
    p = torch.softmax(logits, -1)
    share = p.gather(-1, at)[..., 0]
    loss = -share.log()
    tiny = share < TINY
    if tiny.any():
        rows = logits[tiny]
        loss[tiny] = torch.logsumexp(rows, 1) - rows.gather(1, at[tiny])[:, 0]
    return p, loss


def _back(p: torch.Tensor, at: torch.Tensor, grad: torch.Tensor) -> torch.Tensor:
    """The gradient at the logits. Shape: (..., K), (..., 1), (...) -> (..., K)."""
    grad = grad[..., None]
    return (p * grad).scatter_add_(-1, at, -grad)


class _CrossEntropy(torch.autograd.Function):
    """-log softmax of the target. Shape: (B, K), (B,) -> (B,)."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        p, loss = softmax_loss(logits, target[:, None])
        ctx.save_for_backward(p, target[:, None])
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None]:
        p, at = ctx.saved_tensors
        return _back(p, at, grads[0]), None


CHUNK_CELLS = 2**19
"""Numbers in the logits of the fields that are taken at once, about: more of them leave the cache."""


def chunks(n_fields: int, cells: int) -> Iterator[slice]:
    """So many fields, of so many cells each, a few at a time."""
    step = max(CHUNK_CELLS // max(cells, 1), 1)
    return (slice(start, min(start + step, n_fields)) for start in range(0, n_fields, step))


def scores(h: torch.Tensor, head: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Logits of some fields, filled up to `LANES`. Shape: (n, B, H), (n, K, H), (n, K) -> (n, B, K'), float32.

    The bias is added in 32 bits: in fewer, shares of rare codes could not be brought to what they should be.
    """
    if (lack := LANES - bias.shape[1]) > 0:
        head, bias = F.pad(head, (0, 0, 0, lack)), F.pad(bias, (0, lack), value=NEVER)
    return torch.bmm(h, head.transpose(1, 2)).float().add_(bias[:, None])


class _Likelihood(torch.autograd.Function):
    """-log p of each code behind hidden units (D, B, H): heads [(n, K, H)], biases [(n, K)], losses (D, B).

    What goes back is worked out on the way forth, while a few fields' shares are in the cache.
    """

    @staticmethod
    def forward(ctx: Any, learns: bool, h: torch.Tensor, target: torch.Tensor, *tables: torch.Tensor) -> torch.Tensor:
        ctx.heads, biases = tables[: len(tables) // 2], tables[len(tables) // 2 :]
        ctx.sizes = [len(bias) for bias in biases]
        at, losses = target.contiguous()[:, :, None], h.new_empty(h.shape[:2], dtype=torch.float32)
        back, narrow = (torch.empty_like(h), []) if learns else (None, [])
        first = 0
        for head, bias in zip(ctx.heads, biases, strict=True):
            at_logits = h.new_empty(len(bias), h.shape[1], bias.shape[1]) if learns else None
            for part in chunks(len(bias), h.shape[1] * bias.shape[1]):
                own = slice(first + part.start, first + part.stop)
                p, losses[own] = softmax_loss(scores(h[own], head[part], bias[part]), at[own])
                if back is not None and at_logits is not None:
                    p.scatter_add_(2, at[own], p.new_full((), -1.0).expand(at[own].shape))
                    at_logits[part] = p[:, :, : bias.shape[1]]
                    torch.bmm(at_logits[part], head[part], out=back[own])
            narrow.append(at_logits)
            first += len(bias)
        if back is not None:
            ctx.save_for_backward(h, back, *narrow)
        return losses

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        h, back, *narrow = ctx.saved_tensors
        grad = grads[0].to(h.dtype)
        parts = zip(narrow, torch.split(h * grad[:, :, None], ctx.sizes), torch.split(grad, ctx.sizes), strict=True)
        tables = [(torch.bmm(p.transpose(1, 2), part), torch.bmm(g[:, None], p)[:, 0]) for p, part, g in parts]
        return None, back * grad[:, :, None], None, *(head for head, _ in tables), *(bias.float() for _, bias in tables)


def cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """-log p of each row's code. Shape: (B, K), (B,) -> (B,)."""
    loss: torch.Tensor = _CrossEntropy.apply(logits, target)  # type: ignore[no-untyped-call]
    return loss


def log_known(logits: torch.Tensor, known: torch.Tensor, allowed: Allowed[torch.Tensor] | None) -> torch.Tensor:
    """(B,) log share of free draws that are a row's known code; 0 where it is -1. Shape: (B, K), (B,)."""
    code = known.clamp(min=0)
    log_p = logits.log_softmax(1)
    share = log_p.gather(1, code[:, None])[:, 0]
    if allowed is not None:
        free = torch.logsumexp(log_p + allowed.free.log(), 1)
        share = share - torch.where(allowed.free[code] > 0, free, 0.0)
    return torch.where(known >= 0, share, 0.0)


def log_drawn(logits: torch.Tensor, codes: torch.Tensor, allowed: Allowed[torch.Tensor] | None) -> torch.Tensor:
    """(B,) log chance with which `inverse_cdf` draws these codes. Shape: (B, K), (B,)."""
    log_p = logits.log_softmax(1)
    if allowed is not None:
        log_p = log_p + allowed.weights.log()
        log_p = log_p - torch.logsumexp(log_p, 1, keepdim=True)
    return log_p.gather(1, codes[:, None])[:, 0]


def known_or_drawn(
    logits: torch.Tensor, known: torch.Tensor, uniforms: torch.Tensor, allowed: Allowed[torch.Tensor] | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes of a field (B,): those known, and where there is -1 those drawn; and the log share of free draws that the
    known ones and a condition leave (B,). Shape: (B, K), 2 x (B,)."""
    drawn, mass = inverse_cdf(logits, uniforms, allowed)
    is_known = known >= 0
    if not is_known.any():
        return drawn, torch.as_tensor(mass)
    left = torch.where(is_known, log_known(logits, known, allowed), torch.as_tensor(mass))
    return torch.where(is_known, known, drawn), left


def normal(*shape: int, scale: float, generator: torch.Generator) -> nn.Parameter:
    """A parameter of normal draws; on the meta device its shape alone."""
    blank = torch.empty(*shape)
    return nn.Parameter(blank if blank.is_meta else blank.normal_(generator=generator).mul_(scale))


def inverse_cdf(
    logits: torch.Tensor, uniforms: torch.Tensor, allowed: Allowed[torch.Tensor] | None, of: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor | float]:
    """Codes (B,) where the CDF passes the uniforms, and the log share of free draws that a condition leaves (B,).

    Args:
        logits: (B, K), or (U, K) where rows share them.
        uniforms: (B,).
        of: (B,) whose logits each row shares; None where each has its own.

    Raises:
        TrainingError: the logits are not numbers.
    """
    if logits.shape[1] < LANES:
        logits = F.pad(logits, (0, LANES - logits.shape[1]), value=-torch.inf)
    p = torch.softmax(logits, 1)
    mass: torch.Tensor | float = 0.0
    if allowed is not None:
        extra = p.shape[1] - len(allowed.weights)
        weights, free = F.pad(allowed.weights, (0, extra)), F.pad(allowed.free, (0, extra))
        left = p @ weights
        if allowed.counts:
            mass = (left.clamp_min(LEAST_SHARE).log() - (p @ free).clamp_min(LEAST_SHARE).log()).clamp(max=0)
        lost = torch.nonzero(left <= 1e-30)[:, 0]
        p = p * weights
        if len(lost):
            # A condition the net holds for impossible is still obeyed: then the largest allowed logits decide.
            p[lost] = torch.softmax(logits[lost] + weights.log(), 1)
    cdf = torch.cumsum(p, 1, out=p)
    if of is not None and len(cdf) > 1:
        cdf = cdf[of]
    if of is not None and isinstance(mass, torch.Tensor):
        mass = mass[of]
    total = cdf[:, -1:]
    if not bool(total.sum().isfinite()):
        raise TrainingError("what the net says of a column is not a number: training diverged; lower learning_rate")
    # Just under the total, so that some code's CDF always passes it and that code has a share above zero.
    at = torch.minimum(uniforms[:, None] * total, torch.nextafter(total, torch.zeros(())))
    if len(cdf) == 1:
        return torch.searchsorted(cdf[0], at[:, 0], right=True), mass
    return torch.searchsorted(cdf, at, right=True).squeeze(1), mass
