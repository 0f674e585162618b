"""Ghost norms: the norm of every row's own gradient, without any row's gradient.

Where a weight multiplies a row's vector a, and b is the loss's gradient at the product, the row's gradient is the outer
product of both, and its norm is |a| |b|. So one pass back to the products tells the norms of all rows of a batch
exactly, in the memory of a batch (Goodfellow 2015; Li et al. 2022, section 4; Bu et al. 2022).

A net that can be trained privately is `Taped`: where a tape is present, it notes each use of its parameters, with how a
gradient at the outcome makes squared norms. Without one it computes the same, and may take fewer steps for it.

Where several rows are of one unit, the unit's gradient is the sum of its rows', and its squared norm the sum over all
pairs of its rows of (a a')(b b'): the same formulas, with products of two rows in place of squares (Li et al. 2022).

Legend: B batch, U units of k rows each, D fields, E width in and H width out of a field's block. (*) is (B,) where each
row is a unit of its own, else (U, k, k).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.nn import functional as F

from likewise.errors import PrivacyError

WINDOWED = 128
"""Rows whose windows are laid out at once."""

ROUNDED = 1e-5
"""What is added to a unit's squared norm, as a share of the square of the sum of its rows' norms: where rows pull in
opposite ways, rounding is a large share of what is left, and may not tell it too small."""


class Taped(nn.Module):
    """A module that notes the uses of its parameters on a tape, where there is one."""

    tape: Tape | None = None


@dataclass(frozen=True)
class Site:
    """One use of parameters by all rows of a batch.

    Args:
        uses: the parameters. They must stand in no other site: the norm of a sum is not the sum of norms.
        outcomes: where the gradients are asked for.
        squares: gradients at the outcomes, in their shapes, to the products of rows' gradients (*).
        inputs: (*) what the rows themselves bring in, brought together: it tells whether rows were mixed before.
        rows: which dimension of the outcomes counts the rows.
    """

    uses: tuple[torch.Tensor, ...]
    outcomes: tuple[GradientEdge, ...]
    squares: Callable[..., torch.Tensor]
    inputs: torch.Tensor
    rows: int


class Tape:
    """The sites of one pass through the nets.

    Args:
        unit: k, rows that are of one unit, one after the other.
    """

    def __init__(self, unit: int = 1) -> None:
        self.unit = unit
        self.sites: list[Site] = []
        self._used: set[int] = set()
        self._at: list[tuple[torch.Tensor, ...]] = []

    def note(
        self,
        outcomes: Sequence[torch.Tensor],
        uses: Sequence[torch.Tensor],
        squares: Callable[..., torch.Tensor],
        inputs: torch.Tensor,
        *,
        rows: int = 0,
        of_units: bool = False,
    ) -> None:
        """Note a use, right after it: what changes an outcome in place must come later.

        Args:
            of_units: whether `squares` tells products of the rows of a unit.

        Raises:
            PrivacyError: one of the parameters is noted already, or it is told of single rows alone.
        """
        if self.unit > 1 and not of_units:
            raise PrivacyError("a layer of this net tells gradients of single rows, and not of several of one entity")
        if any(id(parameter) in self._used for parameter in uses):
            raise PrivacyError("a net uses a parameter twice in one pass; bring both uses into one site")
        self._used |= {id(parameter) for parameter in uses}
        edges = tuple(get_gradient_edge(outcome) for outcome in outcomes)
        self.sites.append(Site(tuple(uses), edges, squares, inputs.detach(), rows))

    def inner(self, x: torch.Tensor) -> torch.Tensor:
        """Products of the rows of each unit. Shape: (..., B, E) -> (..., *)."""
        if self.unit == 1:
            return x.square().sum(-1)
        x = x.reshape(*x.shape[:-2], -1, self.unit, x.shape[-1])
        products: torch.Tensor = x @ x.transpose(-1, -2)
        return products

    @torch.no_grad()
    def affine(self, outcome: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        """x @ weight + bias. Shape: (B, H), (B, E)."""
        inputs = self.inner(x)
        factor = inputs if bias is None else inputs + 1
        uses = [weight] if bias is None else [weight, bias]
        self.note([outcome], uses, lambda b: factor * self.inner(b), inputs, of_units=True)

    @torch.no_grad()
    def fields(
        self, outcome: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
    ) -> None:
        """A product of its own in each field. Shape: (D, B, H), (D, B, E)."""
        inputs = self.inner(x)
        factor = inputs if bias is None else inputs + 1
        uses = [weight] if bias is None else [weight, bias]
        self.note([outcome], uses, lambda b: (factor * self.inner(b)).sum(0), inputs.sum(0), rows=1, of_units=True)

    @torch.no_grad()
    def blocks(
        self,
        outcome: torch.Tensor,
        x: torch.Tensor,
        seen: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None = None,
    ) -> None:
        """A product of blocks, of which a mask leaves some: entry (i, j) of `seen` (D, D) is 1 where the outcome's
        field j sees the field i of x. Shape: (B, D * H), (B, D * E)."""
        inputs = self.inner(x.reshape(len(x), len(seen), -1).transpose(0, 1))
        factor: torch.Tensor = torch.tensordot(seen.to(inputs.dtype).square().t(), inputs, 1) + (
            0 if bias is None else 1
        )

        def squares(b: torch.Tensor) -> torch.Tensor:
            return (factor * self.inner(b.reshape(len(b), seen.shape[1], -1).transpose(0, 1))).sum(0)

        self.note([outcome], [weight] if bias is None else [weight, bias], squares, inputs.sum(0), of_units=True)

    @torch.no_grad()
    def groups(self, outcome: torch.Tensor, x: torch.Tensor, seen: torch.Tensor, weight: torch.Tensor) -> None:
        """A product of blocks in each of G groups of C fields; `seen` (G, C, C) as for `blocks`.
        Shape: (G, B, C * H), (G, B, C * E)."""
        n_groups, size, _ = seen.shape

        def by_field(x: torch.Tensor) -> torch.Tensor:
            return self.inner(x.reshape(n_groups, x.shape[1], size, -1).transpose(1, 2))  # (G, C, *)

        inputs = by_field(x)
        factor = torch.einsum("gcd,gc...->gd...", seen.to(inputs.dtype), inputs)
        self.note(
            [outcome], [weight], lambda b: (factor * by_field(b)).sum((0, 1)), inputs.sum((0, 1)), rows=1,
            of_units=True,
        )  # fmt: skip

    def windows(
        self,
        outcome: torch.Tensor,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        *,
        stride: int,
        padding: int,
        up: bool,
    ) -> None:
        """A convolution, or (`up`) its transpose. Shape: (B, M, ...), (B, C, ...).

        A row's gradient is a product over the places of the window, which the norm is taken of: a batch of gradients of
        one layer at a time. The transpose sees its windows in the outcome.
        """
        x = x.detach()

        def squares(b: torch.Tensor) -> torch.Tensor:
            parts = []
            for at, into in zip(torch.split(b, WINDOWED), torch.split(x, WINDOWED), strict=True):
                seen, other = (at, into) if up else (into, at)
                windows = F.unfold(seen, weight.shape[2:], stride=stride, padding=padding)
                product = torch.bmm(other.flatten(2), windows.transpose(1, 2))
                parts.append(product.square().sum((1, 2)) + at.sum((2, 3)).square().sum(1))
            return torch.cat(parts)

        self.note([outcome], [weight, bias], squares, x.square().sum((1, 2, 3)))

    def squares(self, losses: torch.Tensor) -> list[torch.Tensor]:
        """(U,) squared norms of the units' gradients, a site each. The graph stays, for `add_weighted`.

        Args:
            losses: (B,) each of its own row alone.
        """
        edges = [edge for site in self.sites for edge in site.outcomes]
        at = iter(torch.autograd.grad(losses.sum(), edges, retain_graph=True, materialize_grads=True))
        self._at = [tuple(next(at) for _ in site.outcomes) for site in self.sites]
        with torch.no_grad():
            told = [site.squares(*found) for site, found in zip(self.sites, self._at, strict=True)]
            return told if self.unit == 1 else [self._of_units(products) for products in told]

    def _of_units(self, products: torch.Tensor) -> torch.Tensor:
        """The squared norm of each unit's sum, never told too small. Shape: (U, k, k) -> (U,)."""
        most = self.unit * products.diagonal(dim1=1, dim2=2).sum(1)  # the square of the sum of norms is no greater
        return products.sum((1, 2)).clamp_min(0) + ROUNDED * most

    def add_weighted(self, weights: torch.Tensor) -> None:
        """Add to the parameters' gradients those of the units, each times its weight (U,).

        From the gradients at the outcomes, which `squares` left: no second pass through the net (Bu et al. 2023,
        section 3).
        """
        weights = weights.repeat_interleave(self.unit) if self.unit > 1 else weights
        for site, found in zip(self.sites, self._at, strict=True):
            with torch.no_grad():
                shape = [-1 if i == site.rows else 1 for i in range(found[0].dim())]
                weighted = [b * weights.view(shape).to(b.dtype) for b in found]
            learning = [p for p in site.uses if p.requires_grad]
            gradients = torch.autograd.grad(site.outcomes, learning, weighted, retain_graph=True, allow_unused=True)
            for parameter, gradient in zip(learning, gradients, strict=True):
                if gradient is not None:
                    parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient


@contextmanager
def taping(net: nn.Module, unit: int = 1) -> Iterator[Tape]:
    """Note all uses of the net's parameters while the block runs; `unit` rows are of one unit."""
    tape = Tape(unit)
    parts = [part for part in net.modules() if isinstance(part, Taped)]
    for part in parts:
        part.tape = tape
    try:
        yield tape
    finally:
        for part in parts:
            part.tape = None
