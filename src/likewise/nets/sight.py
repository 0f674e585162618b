"""What each field sees of the fields before it, in whatever order is asked for.

Legend: B batch, D fields, E embedding width, H hidden width, G groups, C fields of a group, R width of the summary.

Of few fields each sees every other through weights of their own: D * E times D * H of them. Of many that would be the
square of what can be afforded, so each sees the fields of its own group in full, and all fields before it through one
running sum (the sharing of NADE: Larochelle and Murray 2011). Then weights and work grow with D times C + R / H.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable

from likewise.nets.ghosts import Tape, Taped
from likewise.nets.tables import normal

GROUP = 16
"""Fields that see one another in full, where there are too many for all to."""

SUMMARY = 96
"""Width of the running sum through which they see all."""

MOST_LOOKED_UP = 8_000_000
"""Numbers in the tables of what each code adds to what each field sees, at most."""


class Sight(Taped):
    """What the fields see. Embedded codes (B, D, E) go in; (D, B, H) come out, before their bend."""

    bias: nn.Parameter
    n_shared: int = 0
    """Width of what each field sees of all others together."""

    @abstractmethod
    def view(self, order: Sequence[int]) -> Any:
        """What `forward` needs to know of an order of the fields."""

    @abstractmethod
    def forward(self, e: torch.Tensor, view: Any) -> torch.Tensor:
        """Shape: (B, D, E) -> (D, B, H)."""

    @abstractmethod
    def plan(self, order: Sequence[int], embeds: Mapping[int, torch.Tensor], dtype: torch.dtype) -> SightPlan:
        """What is laid out for drawing in an order, of fields whose codes are embedded so: (K, E) of each."""


@dataclass
class Seen:
    """What a batch of rows has seen so far while it is drawn.

    Args:
        codes: (B, slots) what a plan keeps of the codes.
        summary: (B, R) their running sum; R is 0 where nothing is shared.
        many: (B, 1) how many fields it sums.
    """

    codes: torch.Tensor
    summary: torch.Tensor
    many: torch.Tensor


Rows = torch.Tensor | slice


class SightPlan(ABC):
    """Draws field by field."""

    @abstractmethod
    def start(self, n: int) -> Seen:
        """Rows of which nothing is seen."""

    @abstractmethod
    def look(self, seen: Seen, field: int, rows: Rows, *, ahead: bool) -> torch.Tensor:
        """What the field sees in these rows, before its bend. Shape: (B, H).

        Args:
            ahead: whether fields that come later in the order may be known; else they are not looked at.
        """

    @abstractmethod
    def see(self, seen: Seen, field: int, rows: Rows, codes: torch.Tensor) -> None:
        """Add what was drawn of a field, or is known. Shape: (B,)."""


class Lookups(SightPlan):
    """What each code adds to what each field sees, worked out for all codes once: a row then adds up rows of a table,
    a tenth of the work of multiplying.

    Args:
        order: of the drawing.
        tables: for each field (S + 1, H): the codes of the first field of the order, of the second, and so on; last,
            what is not seen.
        bias: (D, H).
        sizes: K of each field.
    """

    def __init__(
        self, order: Sequence[int], tables: torch.Tensor, bias: torch.Tensor, sizes: Mapping[int, int]
    ) -> None:
        self.tables, self.bias = tables, bias
        firsts = accumulate((sizes[field] for field in order), initial=0)
        self.places = {field: (step, first) for step, (field, first) in enumerate(zip(order, firsts, strict=False))}

    def start(self, n: int) -> Seen:
        return Seen(torch.full((n, len(self.places)), self.tables.shape[1] - 1), torch.zeros(n, 0), torch.zeros(n, 1))

    def look(self, seen: Seen, field: int, rows: Rows, *, ahead: bool) -> torch.Tensor:
        step = self.places[field][0]
        codes = seen.codes[rows] if ahead else seen.codes[rows, :step]
        if not codes.shape[1]:
            return self.bias[field].expand(len(codes), -1).clone()
        return nn.functional.embedding_bag(codes, self.tables[field], mode="sum").to(self.bias.dtype) + self.bias[field]

    def see(self, seen: Seen, field: int, rows: Rows, codes: torch.Tensor) -> None:
        step, first = self.places[field]
        seen.codes[rows, step] = codes + first


class Products(SightPlan):
    """Multiplies embedded codes: where tables of all codes for all fields would be too large.

    Args:
        groups: fields that see one another in full, each group in the order of drawing.
        weights: for each field (C * E, H) of its group, in that order.
        bias: (D, H).
        embeds: (K, E) of each field.
        shared: (D, E, R) what a field adds to the running sum, and (D, R, H) how it reads it; None where there is none.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[int]],
        weights: Mapping[int, torch.Tensor],
        bias: torch.Tensor,
        embeds: Mapping[int, torch.Tensor],
        shared: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> None:
        self.weights, self.bias, self.embeds, self.shared = weights, bias, embeds, shared
        self.d_embed = next(iter(embeds.values())).shape[1]
        self.places: dict[int, tuple[int, int, int]] = {}
        """For each field where its embedded code stands in `Seen.codes`, and where its group begins and ends."""
        start = 0
        for group in groups:
            stop = start + len(group)
            self.places |= {field: (start + i, start, stop) for i, field in enumerate(group)}
            start = stop

    def start(self, n: int) -> Seen:
        n_summary = 0 if self.shared is None else self.shared[0].shape[2]
        codes = torch.zeros(n, len(self.places) * self.d_embed, dtype=self.bias.dtype)
        return Seen(codes, torch.zeros(n, n_summary), torch.zeros(n, 1))

    def look(self, seen: Seen, field: int, rows: Rows, *, ahead: bool) -> torch.Tensor:
        own, start, stop = self.places[field]
        codes = seen.codes[rows, start * self.d_embed : (stop if ahead else own) * self.d_embed]
        near = torch.addmm(self.bias[field], codes, self.weights[field][: codes.shape[1]])
        if self.shared is None:
            return near
        return near + read(seen.summary[rows].to(near.dtype), seen.many[rows]) @ self.shared[1][field]

    def see(self, seen: Seen, field: int, rows: Rows, codes: torch.Tensor) -> None:
        embedded = self.embeds[field][codes]
        at = self.places[field][0] * self.d_embed
        seen.codes[rows, at : at + self.d_embed] = embedded
        if self.shared is not None:
            seen.summary[rows] += (embedded @ self.shared[0][field]).float()
            seen.many[rows] += 1


def read(summary: torch.Tensor, many: torch.Tensor) -> torch.Tensor:
    """A running sum of so many fields, brought to one scale and bent. Shape: (..., R), (..., 1) -> (..., R)."""
    return (summary * (many + 1).rsqrt().to(summary.dtype)).relu_()


@dataclass(frozen=True)
class FullView:
    """An order of the fields.

    Args:
        order: (D,) the steps' fields.
        ranks: each field's step.
        steps: (D,) where the steps' fields stand in the net's own order; None where this is that order.
    """

    order: torch.Tensor
    ranks: list[int]
    steps: torch.Tensor | None

    def seen(self, weights: torch.Tensor, field: int) -> torch.Tensor:
        """What a field takes of those before it, in this order. Shape: (D, E, H) -> (rank * E, H)."""
        rank = self.ranks[field]
        kept = weights[:rank] if self.steps is None else weights.index_select(0, self.steps[:rank])
        return kept.reshape(-1, weights.shape[2])


class FullSight(Sight):
    """Every field sees every field before it, through weights of its own.

    The weights (D, D, E, H) are those of a field, for each step of the net's own order: what a field sees in that order
    is then one piece of memory.

    Args:
        order: the net's own.
        n_drawn: fields that look, the first ones; the others are only seen.
    """

    def __init__(
        self, order: Sequence[int], d_embed: int, d_hidden: int, generator: torch.Generator, n_drawn: int
    ) -> None:
        super().__init__()
        n = len(order)
        self.order, self.own_ranks, self.d_embed = list(order), ranks(order), d_embed
        scale = 1 / math.sqrt(max(n * d_embed, 1))
        self.weight = normal(n_drawn, n, d_embed, d_hidden, scale=scale, generator=generator)
        self.bias = nn.Parameter(torch.zeros(n_drawn, 1, d_hidden))

    def view(self, order: Sequence[int]) -> FullView:
        device = self.weight.device
        at = torch.as_tensor(order, dtype=torch.long)
        steps = None if list(order) == self.order else self.own_ranks[at].to(device)
        return FullView(at.to(device), ranks(order).tolist(), steps)

    def forward(self, e: torch.Tensor, view: FullView) -> torch.Tensor:
        if self.tape is not None:
            return self._noted(e, view, self.tape)
        x, weight, bias = e.index_select(1, view.order).flatten(1), self.weight.to(e.dtype), self.bias.to(e.dtype)
        fields = []
        for field, rank in enumerate(view.ranks[: len(self.weight)]):
            fields.append(torch.addmm(bias[field], x[:, : rank * self.d_embed], view.seen(weight[field], field)))
        return torch.stack(fields) if fields else e.new_zeros(0, len(e), bias.shape[2])

    def _noted(self, e: torch.Tensor, view: FullView, tape: Tape) -> torch.Tensor:
        """The same as one masked product, which a tape can note."""
        n, n_fields, wide, high = self.weight.shape  # those told are seen, and see nothing
        rank = torch.tensor(view.ranks, device=e.device)
        sees = rank[:, None] < rank[None, :n]
        weight = self.weight[:, self.own_ranks.to(e.device)].to(e.dtype).permute(1, 2, 0, 3)
        weight = (weight * sees.to(e.dtype)[:, None, :, None]).reshape(n_fields * wide, n * high)
        e = e.flatten(1)
        h = torch.addmm(self.bias.to(e.dtype).view(-1), e, weight)
        tape.blocks(h, e, sees, self.weight, self.bias)
        return h.view(-1, n, high).transpose(0, 1)  # (B, D*H) -> (D, B, H)

    def plan(self, order: Sequence[int], embeds: Mapping[int, torch.Tensor], dtype: torch.dtype) -> SightPlan:
        weight, bias = self.weight.to(dtype)[:, self.own_ranks[list(order)]], self.bias[:, 0].to(dtype)
        sizes = {field: len(embeds[field]) for field in order}
        if sum(sizes.values()) * bias.numel() > MOST_LOOKED_UP:
            return Products([list(order)], dict(enumerate(weight.flatten(1, 2))), bias, embeds)
        added = [embeds[field] @ weight[:, step] for step, field in enumerate(order)]  # (K, E), (D, E, H)
        unseen = torch.zeros(len(bias), 1, bias.shape[1])
        return Lookups(order, torch.cat([*(part.float() for part in added), unseen], 1), bias, sizes)


class GroupedSight(Sight):
    """Every field sees the fields of its own group before it, and all fields before it through one running sum.

    Args:
        fields: all fields; each `size` of them one after the other make a group.
    """

    places: torch.Tensor
    mates: torch.Tensor
    n_shared = SUMMARY

    def __init__(
        self, fields: Sequence[int], size: int, d_embed: int, d_hidden: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.fields, n = list(fields), len(fields)
        n_groups = -(-n // size)
        self.shape = n_groups, size, d_embed, d_hidden
        # The last group is filled up with field 0, which nobody of it looks at there.
        mates = torch.tensor([*self.fields, *[0] * (n_groups * size - n)])
        self.register_buffer("mates", mates, persistent=False)
        self.register_buffer("places", ranks(self.fields), persistent=False)
        wide = size * d_embed
        self.near = normal(n_groups, wide, size * d_hidden, scale=1 / math.sqrt(wide), generator=generator)
        self.into = normal(n, d_embed, SUMMARY, scale=1 / math.sqrt(d_embed), generator=generator)
        self.out = normal(n, SUMMARY, d_hidden, scale=1 / math.sqrt(SUMMARY), generator=generator)
        self.bias = nn.Parameter(torch.zeros(n, 1, d_hidden))

    def view(self, order: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The order and each field's step in it (D,), and (G, C, C) who of a group sees whom."""
        n_groups, size, *_ = self.shape
        rank = ranks(order)
        steps = torch.full((n_groups * size,), len(order))
        steps[: len(order)] = rank[self.fields]
        steps = steps.view(n_groups, size)
        device = self.near.device
        sees = (steps[:, :, None] < steps[:, None, :]) & (steps[:, None, :] < len(order))
        return torch.as_tensor(order).to(device), rank.to(device), sees.to(device)

    def forward(self, e: torch.Tensor, view: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
        order, rank, sees = view
        near = self._near(e, sees)
        e = e.transpose(0, 1)  # (B, D, E) -> (D, B, E)
        parts = torch.bmm(e, self.into.to(e.dtype))
        if self.tape is not None:
            self.tape.fields(parts, e, self.into)
        before: torch.Tensor = _SumsBefore.apply(parts, order, rank)  # type: ignore[no-untyped-call]
        h = read(before, rank[:, None, None])
        far = torch.baddbmm(self.bias.to(e.dtype), h, self.out.to(e.dtype))
        if self.tape is not None:
            self.tape.fields(far, h, self.out, self.bias)
        return near + far

    def _near(self, e: torch.Tensor, sees: torch.Tensor) -> torch.Tensor:
        """What each field sees of its own group. Shape: (B, D, E), (G, C, C) -> (D, B, H)."""
        n_groups, size, wide, high = self.shape
        x = e[:, self.mates].view(len(e), n_groups, size * wide).transpose(0, 1)  # (G, B, C * E)
        weight = self.near.to(e.dtype).view(n_groups, size, wide, size, high) * sees.to(e.dtype)[:, :, None, :, None]
        h = torch.bmm(x, weight.view(n_groups, size * wide, size * high))
        if self.tape is not None:
            self.tape.groups(h, x, sees, self.near)
        h = h.view(n_groups, len(e), size, high).transpose(1, 2).reshape(n_groups * size, len(e), high)
        return h[self.places]

    def plan(self, order: Sequence[int], embeds: Mapping[int, torch.Tensor], dtype: torch.dtype) -> SightPlan:
        _, size, wide, high = self.shape
        rank = ranks(order).tolist()
        groups: list[list[int]] = []
        weights: dict[int, torch.Tensor] = {}
        for g, start in enumerate(range(0, len(self.fields), size)):
            mates = self.fields[start : start + size]
            turn = sorted(range(len(mates)), key=lambda i: rank[mates[i]])
            weight = self.near[g].to(dtype).view(size, wide, size, high)[turn]
            weights |= {field: weight[:, :, i].reshape(-1, high) for i, field in enumerate(mates)}
            groups.append([mates[i] for i in turn])
        shared = self.into.to(dtype), self.out.to(dtype)
        return Products(groups, weights, self.bias[:, 0].to(dtype), embeds, shared)


class _SumsBefore(torch.autograd.Function):
    """`sums_before` of an order and its ranks; back goes the sum of all that comes after."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, order: torch.Tensor, rank: torch.Tensor) -> torch.Tensor:
        ctx.order, ctx.rank = order, rank
        return sums_before(x, order, rank)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return sums_before(grads[0], ctx.order.flip(0), len(ctx.rank) - 1 - ctx.rank), None, None


def sums_before(x: torch.Tensor, order: torch.Tensor, rank: torch.Tensor) -> torch.Tensor:
    """For each entry along the first axis the sum of those before it in an order. Shape: (D, ...), kept.

    Two small products, of the entries of a stretch and of the sums of stretches: `cumsum` along the first axis takes
    twenty times as long.

    Example:
        >>> order = torch.tensor([2, 0, 1])
        >>> sums_before(torch.tensor([1.0, 2.0, 4.0]), order, ranks(order)).tolist()
        [4.0, 5.0, 0.0]
    """
    n, stretch = len(x), math.isqrt(len(x) - 1) + 1
    n_stretches = -(-n // stretch)
    filled = torch.cat([order, order[:1].expand(n_stretches * stretch - n)])  # nothing stands behind what is filled up
    entries = x.flatten(1).index_select(0, filled) if x.ndim > 1 else x[filled, None]
    entries = entries.view(n_stretches, stretch, -1)
    inside, across = (torch.ones(k, k, dtype=x.dtype, device=x.device).tril(-1) for k in (stretch, n_stretches))
    sums = torch.matmul(inside, entries)
    sums += torch.mm(across, entries.sum(1))[:, None]
    return sums.view(n_stretches * stretch, -1).index_select(0, rank).view_as(x)


def ranks(order: Sequence[int]) -> torch.Tensor:
    """(D,) the step of each field."""
    rank = torch.empty(len(order), dtype=torch.long)
    rank[torch.as_tensor(order, dtype=torch.long)] = torch.arange(len(order))
    return rank
