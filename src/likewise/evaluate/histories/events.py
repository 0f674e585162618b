"""What happens in histories as tables of counts, by entity, and how far two such tables are apart.

Each measure of histories is a list of tables: which cell an event falls into, and whose it is. So entities can be dealt
out anew as wholes to tell what chance does: rows of one entity hang together, and entities do not.

Legend: m events, E entities, K cells, B deals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from likewise.evaluate.chance import N_DEALS, judged
from likewise.evaluate.figure import Figure
from likewise.evaluate.histories.ordered import Coded, Ordered, coded
from likewise.evaluate.tables import FloatArray, IntArray

MOST_ENTITIES, MOST_ROWS = 10_000, 100_000
"""Of synthetic and of fresh histories that are dealt out."""
MOST_HELD = 200_000
"""Rows of the real histories that both are held against."""


@dataclass(frozen=True)
class Events:
    """A table of counts that knows whose each event is.

    Args:
        cells: (m,) 0 .. size - 1.
        who: (m,) the entity.
        weights: (m,) how much each counts; None counts all alike.
    """

    cells: IntArray
    who: IntArray
    size: int
    weights: FloatArray | None = None

    @property
    def counts(self) -> FloatArray:
        """(K, 1) of all entities."""
        return np.bincount(self.cells, self.weights, minlength=self.size).astype(np.float64)[:, None]

    def by_entity(self, n_entities: int) -> sparse.csr_matrix:
        """(K, E)."""
        weights = np.ones(len(self.cells)) if self.weights is None else self.weights
        return sparse.csr_matrix((weights, (self.cells, self.who)), (self.size, n_entities), dtype=np.float32)


Distance = Callable[[FloatArray, FloatArray], FloatArray]
"""From counts of real histories (K, 1) and of B others (K, B) to (B,) figures."""
Table = Callable[[Coded], Sequence[Events]]
"""Histories to tables of counts, a column or a pair of columns each."""


def _shares(counts: FloatArray) -> FloatArray:
    return np.asarray(counts / np.maximum(counts.sum(0), 1e-12))


def total_variation(real: FloatArray, some: FloatArray) -> FloatArray:
    """Half the summed difference of the shares."""
    return np.asarray(0.5 * np.abs(_shares(real) - _shares(some)).sum(0))


def running(real: FloatArray, some: FloatArray) -> FloatArray:
    """The greatest difference of the running shares (Kolmogorov and Smirnov)."""
    return np.asarray(np.abs((_shares(real) - _shares(some)).cumsum(0)).max(0))


def conditional(real: FloatArray, some: FloatArray) -> FloatArray:
    """Half the summed difference of what follows each code, over the codes as often as they are real.

    Cells are now * k + next.
    """
    k = round(len(real) ** 0.5)
    p, q = (counts.reshape(k, k, -1) for counts in (real, some))
    p_next, q_next = (x / np.maximum(x.sum(1, keepdims=True), 1e-12) for x in (p, q))
    apart = 0.5 * np.abs(p_next - q_next).sum(1)
    # A code that never occurs has nothing that follows it: as far apart as can be.
    apart = np.where((q.sum(1) == 0) & (p.sum(1) > 0), 1.0, apart)
    return np.asarray((_shares(p.sum(1)) * apart).sum(0))


def divergence(real: FloatArray, some: FloatArray) -> FloatArray:
    """Jensen and Shannon's, in bits."""
    p, q = _shares(real), _shares(some)
    return np.asarray(_entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2)


def _entropy(p: FloatArray) -> FloatArray:
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(0))


def share(real: FloatArray, some: FloatArray) -> FloatArray:
    """Of all events, those in cell 1; what is real says nothing here."""
    return np.asarray(some[1] / np.maximum(some.sum(0), 1e-12))


def apart(real: Coded, some: Coded, table: Table, distance: Distance = total_variation) -> float:
    """How far whole histories are from real ones, the mean over the tables."""
    return float(np.mean([distance(a.counts, b.counts)[0] for a, b in zip(table(real), table(some), strict=True)]))


def held_against(
    real: Events, pool: Events, hands: npt.NDArray[np.float32], distance: Distance
) -> tuple[FloatArray, FloatArray] | None:
    """(1 + B,) how far the first hand is from what is real and how far the second; None where there is nothing in it.

    Args:
        hands: (2E, 1 + B) which entities of the pool are dealt to the first hand.
    """
    cells = pool.by_entity(len(hands))
    one = np.asarray(cells @ hands, np.float64)
    every = np.asarray(cells.sum(1), np.float64)
    if not (len(real.cells) and one[:, 0].any() and (every[:, 0] - one[:, 0]).any()):
        return None
    rest = every - one
    other = rest if pool.weights is not None else np.maximum(rest, 0.0)
    return distance(real.counts, one), distance(real.counts, other)


@dataclass(frozen=True)
class Hands:
    """Synthetic histories and as many fresh real ones, beside the real ones that both are held against.

    Args:
        real, pool: the pool holds 2E entities, the synthetic ones first.
        hands: (2E, 1 + B) which entities are dealt to the first hand; first of all the synthetic ones themselves.
    """

    real: Coded
    pool: Coded
    hands: npt.NDArray[np.float32]

    @property
    def n(self) -> int:
        return len(self.hands) // 2

    def each(self, table: Table, distance: Distance = total_variation) -> list[tuple[FloatArray, FloatArray] | None]:
        """(1 + B,) how far the first hand is from the real histories and how far the second, by each table of counts;
        None where there is nothing in it."""
        both = zip(table(self.real), table(self.pool), strict=True)
        return [held_against(real, pool, self.hands, distance) for real, pool in both]

    def figure(self, table: Table, distance: Distance = total_variation) -> tuple[Figure, FloatArray] | None:
        """The mean over the tables for synthetic histories, beside that for fresh ones; and (1 + B,) how much more it
        is in the first hand. None where there is no such table, or nothing in it."""
        found = [hands for hands in self.each(table, distance) if hands is not None]
        if not found:
            return None
        ours, theirs = np.mean(found, axis=0)
        return Figure(float(ours[0]), self.n, float(theirs[0])), np.asarray(ours - theirs)

    def told(self, table: Table, distance: Distance = total_variation) -> Figure | None:
        """The figure with the interval that chance leaves it."""
        found = self.figure(table, distance)
        return None if found is None else judged(*found)


def deal(real: Ordered, fresh: Ordered, synthetic: Ordered, rng: np.random.Generator, time: str | None = None) -> Hands:
    """The hands, as many entities in each as there are of both, up to 10,000 entities of 100,000 rows."""
    sides = [rows.some(MOST_ROWS, rng) for rows in (synthetic, fresh)]
    n = min(MOST_ENTITIES, *(rows.n_entities for rows in sides))
    ours, others = (rows.take(np.arange(n)) for rows in sides)
    hands = np.zeros((2 * n, 1 + N_DEALS), np.float32)
    hands[:n, 0] = 1.0
    for b in range(1, 1 + N_DEALS):
        hands[rng.permutation(2 * n)[:n], b] = 1.0
    base, pool = coded(real.some(MOST_HELD, rng), [ours.beside(others)], time)
    return Hands(base, pool, hands)
