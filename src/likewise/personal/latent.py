"""Persons as numbers: all that is made of somebody is a function of one random number, a locale and a gender.

Legend: n persons.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from likewise.streams import SPAN

Words64 = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

_GOLDEN = 0x9E3779B97F4A7C15
FEMALE, MALE = 0, 1


@dataclass(frozen=True)
class Persons:
    """Some people, each once.

    Args:
        seeds: (n,) 64 random bits each.
        locale: (n,) which of the locales they live in.
        gender: (n,) 0 female, 1 male.
        apart: what must differ from one of them to another: semantics, by their words.
        key: of the order in which numbers are dealt out where they must differ.
        alone: nothing that is made of one may hang on who else is there, or how many.
        first: how many came before, in other spans of a draw.
        likely: how many there may be, as far as is known; None takes those who are here.
    """

    seeds: Words64
    locale: Ints
    gender: Ints
    apart: frozenset[str] = frozenset()
    key: int = 0
    alone: bool = False
    first: int = 0
    likely: int | None = None

    def __len__(self) -> int:
        return len(self.seeds)

    @cached_property
    def numbers(self) -> Ints:
        """(n,) the number of each, on from those before."""
        return np.arange(self.first, self.first + len(self.seeds))

    def likely_many(self, semantic: str) -> int:
        """How many of them there must be room for; of what must differ as many as a span has."""
        if self.likely is None:
            return len(self)
        return SPAN if semantic in self.apart else self.likely

    def __getitem__(self, rows: Ints) -> Persons:
        return replace(self, seeds=self.seeds[rows], locale=self.locale[rows], gender=self.gender[rows])

    def below(self, size: int, salt: int) -> Ints:
        """(n,) a number below `size` each, another for another salt."""
        return below(noise(self.seeds, salt), size)

    def choice(self, shares: npt.NDArray[np.float64], salt: int) -> Ints:
        """(n,) which of several each has, by their shares."""
        upto = np.cumsum(shares)
        uniform = (noise(self.seeds, salt) >> np.uint64(11)) * 2.0**-53
        at = np.searchsorted(upto, uniform * upto[-1], side="right")
        return np.asarray(np.minimum(at, len(upto) - 1), np.int64)


def noise(seeds: Words64, salt: int) -> Words64:
    """(n,) 64 bits that look random, of a seed and a salt (the mixer of SplitMix64: Steele, Lea, Flood 2014)."""
    mixed = seeds + np.uint64((salt + 1) * _GOLDEN & 2**64 - 1)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def below(bits: Words64, size: int) -> Ints:
    """(n,) numbers below `size`, of which 2**53 is far more."""
    return ((bits >> np.uint64(2)) % np.uint64(size)).astype(np.int64)


def spread(numbers: Ints, size: int, key: int) -> Ints:
    """(n,) the places of numbers below `size` in a shuffled order of all of them, which is never written down: steps
    that can each be undone, on as many bits as hold the size, walked on where they lead beyond it (Black and Rogaway
    2002).

    Example:
        >>> sorted(spread(np.arange(10), 10, key=7).tolist())
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    bits = max(2, int(size - 1).bit_length())
    mask, shift = np.uint64((1 << bits) - 1), np.uint64((bits + 1) // 2)
    keys = noise(np.arange(6, dtype=np.uint64), key)
    found = np.asarray(numbers, np.uint64).copy()
    rows: Ints | slice = slice(None)
    while True:
        some = found[rows]
        for turn in range(3):
            some = (some * (keys[turn] | np.uint64(1)) + keys[turn + 3]) & mask
            some ^= some >> shift
        found[rows] = some
        over = np.flatnonzero(some >= size)
        if not len(over):
            return found.astype(np.int64)
        rows = over if isinstance(rows, slice) else rows[over]
