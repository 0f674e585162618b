"""Random streams found by their address: what is drawn from one hangs on nothing that was drawn before.

Rows come in blocks, and blocks in spans. Where a block begins does not hang on how many rows there are, and each is
drawn whole and then cut, so n rows are the first n of any larger draw, whoever draws the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

BLOCK = 2**13
"""Rows of a block, but for the first ones, which are smaller."""

SPAN = 2**17
"""Rows of which keys are made together."""


@dataclass(frozen=True)
class Streams:
    """The streams of one draw, or those below an address.

    Example:
        >>> streams = Streams(7)
        >>> streams.at(2, 5).random() == streams.under(2).at(5).random() != streams.at(5).random()
        True
    """

    seed: int
    address: tuple[int, ...] = ()

    @classmethod
    def of(cls, rng: np.random.Generator) -> Self:
        """Those that a generator stands for, which goes on by one number."""
        return cls(int(rng.integers(2**63)))

    def at(self, *address: int) -> np.random.Generator:
        """The stream of an address."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(*self.address, *address)))

    def under(self, *address: int) -> Self:
        """The streams whose addresses begin so."""
        return replace(self, address=(*self.address, *address))


@dataclass(frozen=True)
class Span:
    """Rows that are numbered on in a draw, and its streams.

    Args:
        draw: of the whole draw.
        number: 0, 1, ... of the span.
        likely: rows of the whole draw, as far as is known without asking how many these are.
        address: what the addresses of the streams begin with.
    """

    draw: Streams
    number: int = 0
    likely: int | None = None
    address: tuple[int, ...] = ()

    @classmethod
    def of(cls, rng: np.random.Generator | Span) -> Span:
        """The only span of a draw from a generator; a span is itself."""
        return rng if isinstance(rng, Span) else cls(Streams.of(rng))

    @property
    def first(self) -> int:
        """The number of its first row."""
        return self.number * SPAN

    def at(self, *address: int) -> np.random.Generator:
        """A stream of this span's own."""
        return self.draw.at(0, self.number, *self.address, *address)

    def shared(self, *address: int) -> np.random.Generator:
        """A stream that is the same in all spans of the draw."""
        return self.draw.at(1, *self.address, *address)

    def under(self, *address: int) -> Span:
        """The same rows, by the streams whose addresses begin so."""
        return replace(self, address=(*self.address, *address))


def blocks_in(n: int, least: int = BLOCK) -> Iterator[tuple[int, int, int]]:
    """Number, first row and size of the blocks that n rows lie in, all of them whole.

    Args:
        least: rows of the first two; each of those that follow has twice as many as that before it, up to `BLOCK`.

    Example:
        >>> list(blocks_in(70, least=16))
        [(0, 0, 16), (1, 16, 16), (2, 32, 32), (3, 64, 64)]
    """
    number = start = 0
    size = least
    while start < n:
        yield number, start, size
        number, start = number + 1, start + size
        size = min(start, BLOCK)
