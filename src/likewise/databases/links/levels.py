"""Rows that point at rows of their own table: trees and forests, level by level, and circles where the real ones have
them.

What is told of a row, and learnt with it, is its level and how many point at it; the links are made of these, so that
no circle comes about by chance.

Legend: n rows; link, (n,) the row that each points at, -1 for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from likewise.codecs.column import take_value
from likewise.databases.links.degrees import GREATEST
from likewise.databases.links.matching import Exact, assign, match, rank_of
from likewise.errors import ModelFileError
from likewise.schema.persons import People
from likewise.typing import Bools, Ints

ROOT, SELF, CIRCLE = 0, -1, -2
"""Levels of rows that point at none, at themselves, and round in a circle of several."""
DEEPEST = 32
"""Rows that are as deep or deeper share a level."""
LONGEST = 64


def levels_of(link: Ints) -> Ints:
    """(n,) steps from each row to where its way ends, `SELF` and `CIRCLE` for rows on circles, which count as ends.

    Example:
        >>> levels_of(np.array([-1, 0, 1, 3, 5, 4, 5])).tolist()
        [0, 1, 2, -1, -2, -2, 1]
    """
    n = len(link)
    on = on_circle(link)
    stop = (link < 0) | on
    at = np.where(stop, np.arange(n), link)
    level = (~stop).astype(np.int64)
    while True:  # twice as far each time
        further = level + level[at]
        if np.array_equal(further, level):
            break
        level, at = further, at[at]
    level = np.minimum(level, DEEPEST)
    level[on] = np.where(link[on] == np.flatnonzero(on), SELF, CIRCLE)
    return level


def on_circle(link: Ints) -> Bools:
    """(n,) whether one comes back to a row by following links from it."""
    n = len(link)
    end = n  # where all that point at none go to
    step = np.r_[np.where(link < 0, end, link), end]
    for _ in range(max(1, n).bit_length()):
        step = step[step]
    found = np.zeros(n + 1, bool)
    found[step] = True  # after n steps or more everybody is at the end or on a circle, and each row of one is hit
    circle: Bools = found[:n] & (step[:n] != end)
    return circle


def children_of(link: Ints) -> Ints:
    """(n,) how many others point at each row."""
    others = link[(link >= 0) & (link != np.arange(len(link)))]
    return np.bincount(others, minlength=len(link)).astype(np.int64)


@dataclass(frozen=True)
class SelfLinks:
    """What links of a table to itself are like.

    Args:
        roots, selves: whether rows may point at none, and at themselves.
        circles: how many circles of 2, 3, ... rows there are; empty: none. Lengths that too few people are in have
            their mean.
        unique: whether no two rows point at the same one, as each row of a chain at the one before it.

    Example:
        >>> link = np.array([-1, 0, 0, 1])
        >>> shape = SelfLinks.fit(link)
        >>> made = shape.draw(levels_of(link), children_of(link), np.random.default_rng(0))
        >>> levels_of(made).tolist(), sorted(children_of(made).tolist())
        ([0, 1, 1, 2], [0, 0, 1, 2])
    """

    roots: bool
    selves: bool
    circles: tuple[int, ...]
    unique: bool = False

    @classmethod
    def fit(cls, link: Ints, *, unique: bool = False, people: People | None = None) -> Self:
        """Learn it from real links (n,).

        That some row points at none, or at itself, is what the table's key allows, and all rows tell that; which rows
        do so is drawn with them. Circles are those of people who are not held out.

        Args:
            people: whose the rows are; None takes each for its own.
        """
        here = np.arange(len(link))
        on = on_circle(link) & (link != here)
        least, step = here.copy(), np.where(on, link, here)
        for _ in range(int(on.sum()).bit_length()):  # the least row of each circle, by going round in ever wider steps
            least, step = np.minimum(least, least[step]), step[step]
        whose = here if people is None else people.whose
        away = np.zeros(len(link), bool) if people is None else people.held
        on &= ~np.isin(least, least[on & away])
        _, of, often = np.unique(least[on], return_inverse=True, return_counts=True)
        lengths = _lengths_of_several(often.clip(0, LONGEST), of.astype(np.int64), whose[on])
        sizes = np.bincount(lengths, minlength=2)[2:]
        return cls(bool((link < 0).any()), bool((link == here).any()), tuple(sizes.tolist()), unique)

    def draw(
        self,
        level: Ints,
        children: Ints,
        rng: np.random.Generator,
        *,
        wanted: Ints | None = None,
        codes: Ints | None = None,
        group: Ints | None = None,
        exact: Exact = "types",
    ) -> Ints:
        """Link rows.

        Args:
            level: (n,) as `levels_of` tells them, drawn with the rows. Levels that lack are closed up.
            children: (n,) how many should point at each.
            wanted: (n, 2) codes of the row that each is to point at; None looks at none.
            codes: (n, 2) codes of the rows.
            group: (n,) numbers that must agree, as the company does in a composite key; None: all do.
            exact: as `matching.match` has it.

        Returns:
            (n,) links, without circles but where the real ones have them. -1 for roots, and where nothing else is left
            for a row whose foreign key is unique.
        """
        n = len(level)
        own = np.zeros(n, np.int64) if group is None else np.unique(group, return_inverse=True)[1].astype(np.int64)
        level = self._closed_up(level, own)
        link = np.full(n, -1, np.int64)
        link[level == SELF] = np.flatnonzero(level == SELF)
        self._round(link, np.flatnonzero(level == CIRCLE), own, rng)
        rows = np.flatnonzero(level > 0)
        deep = int(level.max(initial=0)) + 2
        same = np.zeros((n, 2), np.int64)
        goal, here = (same, same) if wanted is None or codes is None else (wanted, codes)
        within = own[rows] * deep + level[rows], own * deep + np.maximum(level, 0) + 1
        free = np.flatnonzero(level > CIRCLE) if self.unique else np.arange(n)
        free = free[level[free] != SELF] if self.unique else free
        near = (within[0], within[1][free])
        if self.unique:
            found = assign(goal[rows], here[free], rng, within=near)
        else:
            found = match(goal[rows], here[free], children[free], rng, within=near, exact=exact)
        link[rows] = np.where(found >= 0, free[found.clip(0)] if len(free) else -1, -1)
        return link

    def _closed_up(self, level: Ints, own: Ints) -> Ints:
        """Levels without gaps in each group, and only such ends as the real links have."""
        level = level.copy()
        if not self.selves:
            level[level == SELF] = ROOT if self.roots else CIRCLE
        if not self.circles:
            level[level == CIRCLE] = ROOT if self.roots else SELF
        if not self.roots:
            level[level == ROOT] = SELF if self.selves else CIRCLE
        deep = np.flatnonzero(level >= DEEPEST)  # further levels of as many rows as the last one that is told apart
        last = np.bincount(own[level == DEEPEST - 1], minlength=int(own.max(initial=0)) + 1)
        level[deep] += rank_of(own[deep]) // np.maximum(last[own[deep]], 1)
        span = int(level.max(initial=0)) + 2
        key = own * span + np.maximum(level, 0)
        known, at = np.unique(key, return_inverse=True)
        first = np.searchsorted(known, (known // span) * span)  # the first level of the group, whichever it is
        dense = (np.arange(len(known)) - first)[at]
        end = level <= 0
        new_end = (dense == 0) & ~end
        level = np.where(end, level, dense)
        level[new_end] = ROOT if self.roots else SELF if self.selves else CIRCLE
        return level

    def _round(self, link: Ints, rows: Ints, own: Ints, rng: np.random.Generator) -> None:
        """Close circles, as long as real ones, of the rows of each group; in place. A row alone points at itself, if
        any may, or at none."""
        if not len(rows):
            return
        law = np.asarray(self.circles or (1,), np.float64)
        mixed = rng.permutation(rows)
        mixed = mixed[np.argsort(own[mixed], kind="stable")]
        for some in np.split(mixed, np.flatnonzero(np.diff(own[mixed])) + 1):
            if len(some) == 1:
                link[some] = -1 if self.roots else some
                continue
            sizes = rng.choice(len(law), len(some), p=law / law.sum()) + 2
            ends = np.cumsum(sizes)
            ends = ends[ends < len(some) - 1]  # no circle of one
            starts = np.r_[0, ends]
            link[some] = np.r_[some[1:], -1]
            link[some[np.r_[ends, len(some)] - 1]] = some[starts]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"roots": self.roots, "selves": self.selves, "circles": list(self.circles), "unique": self.unique}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ModelFileError: it does not fit together.
        """
        circles = take_value(data, "circles", list)
        if len(circles) > LONGEST or not all(type(c) is int and 0 <= c < 2**53 for c in circles):
            raise ModelFileError("links of a table to itself: there are no such circles")
        if circles and not any(circles):
            raise ModelFileError("links of a table to itself: there are no such circles")
        roots, selves, unique = (take_value(data, name, bool) for name in ("roots", "selves", "unique"))
        return cls(roots, selves, tuple(circles), unique)


def _lengths_of_several(lengths: Ints, of: Ints, whose: Ints) -> Ints:
    """(k,) lengths of circles, each that of circles with rows of five people, or the mean of those that are not; where
    these have fewer people together, that of the others, or the least there is.

    Args:
        of: (n,) the circle of each row.
        whose: (n,) the person of each row.
    """
    if not len(lengths):
        return lengths
    persons = np.unique(whose, return_inverse=True)[1].astype(np.int64)
    pairs = np.unique(np.stack([lengths[of], persons]), axis=1)[0]
    rare = np.bincount(pairs, minlength=int(lengths.max()) + 1)[lengths] < GREATEST
    found = lengths.copy()
    if rare.any():
        some = lengths[rare] if len(np.unique(persons[rare[of]])) >= GREATEST else lengths[~rare]
        found[rare] = round(float(some.mean())) if len(some) else 2
    return found
