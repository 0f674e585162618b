"""What each row of a table is for, told by its number alone: held out, trained on, looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from likewise.hashing import below, limits, mixed
from likewise.sources.source import Shard
from likewise.typing import Ints

MOST_LEARNT = 10_000_000
"""Rows that training sees, where nobody asks for another number: the shares of 256 codes are then .002 off."""

MOST_HELD = 1_000_000
"""Held-out rows that tell when to stop, at most."""

SAMPLED = 2**17
"""Rows that are looked at as they are: a value that half a per cent of the rows hold has some 650 among them."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Deal:
    """Who gets which rows, by the numbers that they hash to (`likewise.hashing`).

    Args:
        seed: of the hashes.
        n_held, n_learnt: held-out rows, and others, that are coded.
        out: below which rows are held out of all that is learnt.
        coded: below which, and from `out` on, rows are trained on; and below which held-out rows are looked at.
        sampled: from which on rows are looked at as they are.
    """

    seed: int
    n_held: int
    n_learnt: int
    out: int
    coded: tuple[int, int]
    sampled: int

    @classmethod
    def of(cls, seed: int, n: int, n_out: int, most_learnt: int = MOST_LEARNT) -> Self:
        """Of n rows, of which so many are held out."""
        n_learnt = min(n - n_out, most_learnt)
        n_held = min(-(-n_out * n_learnt // (n - n_out)), MOST_HELD)  # of the held-out rows as large a share
        out, held, learnt, sampled = limits(seed, n, [n_out, n_held, n_out + n_learnt, n - min(n, SAMPLED)])
        return cls(seed, n_held, n_learnt, out, (learnt, held), sampled)

    def shard(self, shard: Shard) -> Dealt:
        """What becomes of a shard's rows."""
        hashes = mixed(self.seed, shard.rows)
        out = below(hashes, self.out)
        learnt, held = (below(hashes, limit) for limit in self.coded)
        return Dealt(~out, ~below(hashes, self.sampled), ~out & learnt, out & held)

    def places(self, shards: list[Shard]) -> list[tuple[int, int]]:
        """Of each shard, how many rows that are trained on, and held-out ones, stand in those before it."""
        sizes = [(int(dealt.trained.sum()), int(dealt.held.sum())) for dealt in map(self.shard, shards)]
        before: Ints = np.cumsum([(0, 0), *sizes], axis=0)
        return [(int(a), int(b)) for a, b in before[:-1]]


@dataclass(frozen=True)
class Dealt:
    """Of each row of a shard (n,) whether levels, bins and marginals are learnt from it, whether it is in the sample,
    trained on, or one of the held-out rows that tell when to stop."""

    counted: Bools
    sampled: Bools
    trained: Bools
    held: Bools
