"""Links that close a circle of tables, made when the rows of all its tables are there: a store's manager, who works in
a store. What kind of row each points at is drawn with the row that points.

Where such a link mostly comes back (the manager works in the very store), it does so as often in what is made.

Learnt are rows of people who are not held out, and people are counted behind what is kept: a number of links is one
that rows of five people have, or their mean, and a share stands in whole percent.

Legend: n rows that point, P rows that are pointed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from likewise.codecs.column import take_value
from likewise.databases.links.degrees import GREATEST
from likewise.databases.links.matching import Within, assign, match
from likewise.errors import ModelFileError
from likewise.schema.persons import People
from likewise.typing import Floats, Ints

MOST_DEGREES = 256
"""Numbers of links that a row may have which are told apart; of more, every so manieth of the sorted ones is kept."""
OFTEN = 0.2
"""A link of so many rows must come back for it to be no chance."""


@dataclass(frozen=True)
class LateLinks:
    """What links that are made last are like.

    Args:
        share: of the rows that point at one.
        degrees, weights: how many links a row has, and how often that is; of numbers that too few people have, means.
        unique: whether no two rows point at the same one.
        back: of the links, the share that comes back by the other foreign key; 0 where there is none.

    Example:
        >>> works_in = np.repeat(np.arange(8), 2)  # two people in each of eight stores
        >>> late = LateLinks.fit(np.arange(1, 16, 2), 16, unique=True, back=works_in)  # managed by the second
        >>> made = late.draw(3, np.array([2, 0, 1, 2, 1]), np.random.default_rng(0))
        >>> np.array([2, 0, 1, 2, 1])[made].tolist()
        [0, 1, 2]
    """

    share: float
    degrees: tuple[int, ...]
    weights: tuple[float, ...]
    unique: bool = False
    back: float = 0.0

    @classmethod
    def fit(
        cls, link: Ints, n_parents: int, *, unique: bool = False, back: Ints | None = None,
        people: People | None = None, parents: People | None = None,
    ) -> Self:  # fmt: skip
        """Learn it.

        Args:
            link: (n,) real links, -1 for none.
            n_parents: P.
            unique: whether the schema has it so.
            back: (P,) links of what is pointed at to the rows that point, by another foreign key.
            people, parents: whose the rows are that point and that are pointed at; None takes each for its own.
        """
        learnt = np.ones(len(link), bool) if people is None else ~people.held
        at, free = np.flatnonzero((link >= 0) & learnt), slice(None) if parents is None else ~parents.held
        whose = np.arange(len(link)) if people is None else people.whose
        theirs = (np.arange(n_parents) if parents is None else parents.whose)[free]
        counts = np.sort(_shared(np.bincount(link[at], minlength=n_parents)[free], theirs))
        if len(np.unique(counts)) > MOST_DEGREES:
            counts = counts[np.linspace(0, len(counts) - 1, MOST_DEGREES).round().astype(np.int64)]
        degrees, often = np.unique(counts, return_counts=True)
        comes = back[link[at]] == at if back is not None else np.zeros(len(at), bool)
        returns = round(float(comes.mean()), 2) if len(np.unique(whose[at[comes]])) >= GREATEST else 0.0
        weights = often / max(1, often.sum())
        return cls(
            round(len(at) / max(1, int(learnt.sum())), 2), tuple(degrees.tolist()), tuple(weights.tolist()), unique,
            returns if returns >= OFTEN else 0.0,
        )  # fmt: skip

    def draw(
        self,
        n: int,
        back: Ints | None,
        rng: np.random.Generator,
        *,
        n_parents: int | None = None,
        required: bool = False,
        wanted: Ints | None = None,
        codes: Ints | None = None,
        points: Ints | None = None,
        within: Within | None = None,
    ) -> Ints:
        """Link rows.

        Args:
            n: rows that point.
            back: (P,) made links of the other foreign key; None: there is none.
            n_parents: P, where there is no other foreign key.
            required: whether every row must point at one.
            wanted, codes: (n, 2) and (P, 2) codes, drawn and own; None looks at none.
            points: (n,) of which rows it was drawn that they point, as 0 and 1; None draws it.
            within: as `matching.match` has it.

        Returns:
            (n,) rows that are pointed at; -1 for none, of a required and unique key where there are too few.
        """
        p = len(back) if back is not None else (n_parents or 0)
        link = np.full(n, -1, np.int64)
        if not p:
            return link
        goal = np.zeros((n, 2), np.int64) if wanted is None or codes is None else wanted
        here = np.zeros((p, 2), np.int64) if wanted is None or codes is None else codes
        pointing = rng.random(n) < self.share if points is None else np.asarray(points, bool)
        rows = np.arange(n) if required else np.flatnonzero(pointing)
        mine, theirs = (np.zeros(n, np.int64), np.zeros(p, np.int64)) if within is None else within
        degrees = rng.choice(self.degrees, p, p=self.weights) if self.degrees else np.ones(p)
        if back is not None and self.back:
            home = rows[rng.random(len(rows)) < self.back]
            agrees = (back >= 0) & (mine[back.clip(0)] == theirs)
            own = np.where(agrees, back, n)  # a row that comes back is a group of its own
            link[home] = self._some(goal[home], here, degrees, (home, own), rng)
        rest = rows[link[rows] < 0]
        free = np.setdiff1d(np.arange(p), link) if self.unique else np.arange(p)
        found = self._some(goal[rest], here[free], degrees[free], (mine[rest], theirs[free]), rng)
        link[rest] = np.where(found >= 0, free[found.clip(0)] if len(free) else -1, -1)
        return link

    def _some(
        self, wanted: Ints, codes: Ints, degrees: Ints | Floats, within: Within, rng: np.random.Generator
    ) -> Ints:
        if self.unique:
            return assign(wanted, codes, rng, within=within)
        return match(wanted, codes, degrees, rng, within=within)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "share": self.share, "degrees": list(self.degrees), "weights": list(self.weights),
            "unique": self.unique, "back": self.back,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ModelFileError: it does not fit together.
        """
        share, back = (float(take_value(data, name, float, int)) for name in ("share", "back"))
        degrees, weights = take_value(data, "degrees", list), take_value(data, "weights", list)
        fits = (
            0 <= share <= 1 and 0 <= back <= 1 and len(degrees) == len(weights) <= MOST_DEGREES
            and all(type(d) is int and 0 <= d < 2**53 for d in degrees)
            and all(isinstance(w, float) and 0 <= w <= 1 for w in weights)
            and (not weights or abs(sum(weights) - 1) < 1e-6)
        )  # fmt: skip
        if not fits:
            raise ModelFileError("links that are made last: their parts do not fit together")
        return cls(share, tuple(degrees), tuple(weights), take_value(data, "unique", bool), back)


def _shared(counts: Ints, whose: Ints) -> Ints:
    """(P,) numbers of links, none of which rows of fewer people have than stand behind a range's end, or there are:
    those are parted in the order of their size, with the next ones where they are too few, and each part has its mean.

    Args:
        whose: (P,) the person of each row.
    """
    of = np.unique(counts, return_inverse=True)[1].astype(np.int64)
    persons = np.unique(whose, return_inverse=True)[1].astype(np.int64)
    pairs = np.unique(of * (int(persons.max(initial=0)) + 1) + persons) // (int(persons.max(initial=0)) + 1)
    rare = np.bincount(pairs, minlength=1)[of] < GREATEST
    found, order = counts.copy(), np.lexsort([-counts, ~rare])
    n, start = int(rare.sum()), 0
    while start < n:
        end = start + _reach(persons[order[start:]])
        if end < n and _reach(persons[order[end:n]], GREATEST) == 0:
            end = n  # too few people are left for a part of their own
        found[order[start:end]] = round(float(counts[order[start:end]].mean()))
        start = end
    return found


def _reach(persons: Ints, least: int = 0) -> int:
    """How many of these rows, from the first on, are those of so many people as must stand behind a part: all where
    there are fewer, or none if `least` of them must be there."""
    firsts = np.sort(np.unique(persons, return_index=True)[1])
    if len(firsts) < GREATEST:
        return 0 if least else len(persons)
    return int(firsts[GREATEST - 1]) + 1
