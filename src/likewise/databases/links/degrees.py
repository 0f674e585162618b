"""How many rows point at each row, as far as a codec does not tell it: of a table of few rows each count is one row's
alone, and of a large one the greatest are, so none of them is drawn. A few numbers of all counts tell how uneven they
are: they are of rows of people who are not held out, and of each person the greatest count is the only one that can be
among the greatest. Sums of all rows are those of the tables' sizes, which are drawn anyway.

Legend: P rows that are pointed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.column import take_value
from likewise.errors import ModelFileError
from likewise.schema.persons import People
from likewise.typing import Floats, Ints

FEW = 20
"""Rows that are pointed at, below which their counts are drawn by the law of all, however many others there are that
nothing points at; the drawn ones only say whose is greater."""
GREATEST = 5
"""Counts that make up for those that are never drawn: as many as stand behind a range's end."""
BY_CHANCE = 3
"""Standard deviations of a sum of counts."""
STRETCHED = 1.25
"""Times by which the counts of all rows are raised at most where the greatest lack something: what lacks beyond that
is theirs, for some great one may be of somebody who is held out."""
STEPS = 5
"""Powers of 2 that tell how unevenly the greatest counts share: from 1 / 32 to 32."""


@dataclass(frozen=True)
class Degrees:
    """How uneven counts are.

    Args:
        links: rows that point at one.
        parents: rows that there were to be pointed at, P.
        none: of these, the share that none points at.
        centre, spread: of the logarithms of the other counts.
        excess: of the greatest counts, what they have together more than the least of them.
        uneven: the parameter of the symmetric Dirichlet law by which they share it; near nought one has it all.

    Example:
        >>> few = Degrees.fit(np.array([5, 900, 5]))
        >>> sorted(few.made(np.array([5, 5, 5]), np.random.default_rng(0)).tolist())[-1] > 700
        True
    """

    links: int
    parents: int
    none: float
    centre: float
    spread: float
    excess: int
    uneven: float

    @classmethod
    def fit(cls, counts: Ints, people: People | None = None) -> Self:
        """Learn it from the counts (P,) of real rows.

        Args:
            people: whose they are; None takes each for its own.
        """
        learnt = counts if people is None else counts[~people.held]
        whose = np.arange(len(learnt)) if people is None else people.whose[~people.held]
        known = np.sort(learnt[learnt > 0])[::-1]
        logs = np.log(known) if len(known) else np.zeros(1)
        top = _greatest(learnt, whose)
        top = top - top.min(initial=int(top.max(initial=0)))
        uneven = float(2**STEPS)
        if top.sum() > 0:
            same = float(((top / top.sum()) ** 2).sum())  # (1 + a) / (1 + k a) on average
            uneven = (1 - same) / max(len(top) * same - 1, 1e-9)
        steps = round(np.log2(np.clip(uneven, 2.0**-STEPS, 2.0**STEPS)))
        links, p, n = int(counts.sum()), len(counts), len(known)
        centre, spread = round(float(logs.mean()), 2), round(float(logs.std()), 2)
        excess = min(int(float(f"{top.sum():.1g}")), links)  # coarse: it may be one person's
        return cls(links, p, 1 - n / max(len(learnt), 1), centre, spread, excess, 2.0**steps)

    @property
    def mean(self) -> float:
        """Rows that point at each, without what the greatest have beyond others."""
        return (self.links - self.excess) / max(self.parents, 1)

    @property
    def is_few(self) -> bool:
        """Whether each count is too rare to be drawn."""
        return round((1 - self.none) * self.parents) < FEW

    def made(self, drawn: Ints, rng: np.random.Generator) -> Ints:
        """(P,) counts that add up to as many a row as there were, where those that were drawn (P,) lack more than
        chance takes."""
        if not len(drawn) or not self.links:
            return drawn
        total = round(self.links * len(drawn) / self.parents)
        if self.is_few:
            drawn = self._by_law(drawn, total, rng)
        lacks = total - int(drawn.sum())
        is_chance = lacks <= BY_CHANCE * np.sqrt(len(drawn)) * drawn.std() and not self.is_few
        excess = round(self.excess * len(drawn) / self.parents)
        stands_out = self.excess > drawn.max(initial=0) and 2 * lacks > excess  # which nobody ever draws
        if lacks <= 0 or (is_chance and drawn.any() and not stands_out):
            return drawn
        found = drawn if drawn.any() else np.ones_like(drawn)
        most = min(max(1, round(GREATEST * len(drawn) / self.parents)), int((found > 0).sum()))
        beyond = lacks if self.is_few else min(lacks, excess)
        turns = 1
        if beyond and total - beyond > STRETCHED * found.sum():
            turns, beyond = min(round(lacks / beyond), int((found > 0).sum()) // most), lacks
        if lacks > beyond and not is_chance:  # it is not that the greatest lack: all are a little small
            found = scaled(found * ((total - beyond) / found.sum()), rng)
        top = np.argsort(-found, kind="stable")[: most * turns]
        found = found.copy()
        for turn, n in enumerate(np.diff(np.linspace(0, beyond, turns + 1).astype(np.int64))):
            found[top[turn::turns]] += rng.multinomial(n, np.sort(rng.dirichlet(np.full(most, self.uneven)))[::-1])
        return found

    def _by_law(self, drawn: Ints, total: int, rng: np.random.Generator) -> Ints:
        """(P,) one count of each part of their law, the greater ones where greater ones were drawn, not more in all."""
        n = min(max(1, round((1 - self.none) * len(drawn))), total)
        inverse = NormalDist().inv_cdf
        levels: Floats = np.array([inverse(u) for u in (np.arange(n) + 0.25 + rng.random(n) / 2) / n])
        counts = np.maximum(np.exp(self.centre + self.spread * levels), 1)
        if counts.sum() > total:
            counts = 1 + (counts - 1) * (total - n) / max((counts - 1).sum(), 1e-9)
        order = np.lexsort([rng.random(len(drawn)), drawn])
        found = np.zeros(len(drawn), np.int64)
        found[order[len(order) - n :]] = np.sort(counts).astype(np.int64)
        return found

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "links": self.links, "parents": self.parents, "none": self.none, "centre": self.centre,
            "spread": self.spread, "excess": self.excess, "uneven": self.uneven,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ModelFileError: it does not fit together.
        """
        links, parents, excess = (take_value(data, name, int) for name in ("links", "parents", "excess"))
        none, centre, spread, uneven = (
            float(take_value(data, name, int, float)) for name in ("none", "centre", "spread", "uneven")
        )
        fits = 0 <= excess <= links < 2**53 and 0 <= parents < 2**53 and (parents > 0 or not links) and 0 <= none <= 1
        fits = fits and 0 <= centre < 40 and 0 <= spread < 40 and 2.0**-STEPS <= uneven <= 2.0**STEPS
        if not fits:
            raise ModelFileError("how many rows point at each: its numbers do not fit together")
        return cls(links, parents, none, centre, spread, excess, uneven)


def _greatest(counts: Ints, whose: Ints) -> Ints:
    """The greatest counts, each another person's."""
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    firsts = np.sort(np.unique(whose[order], return_index=True)[1])[:GREATEST]
    return np.asarray(counts[order[firsts]])


def scaled(wanted: npt.NDArray[np.floating[Any]], rng: np.random.Generator) -> Ints:
    """(P,) whole numbers with these means, none further from it than one; together as many as they add up to.

    Example:
        >>> int(scaled(np.full(10, 0.5), np.random.default_rng(0)).sum())
        5
    """
    order = rng.permutation(len(wanted))
    total = np.floor(np.cumsum(np.maximum(wanted, 0)[order]) + 1e-9)
    result = np.empty(len(wanted), np.int64)
    result[order] = np.diff(total, prepend=0)
    return result
