"""What two ways from a row must agree in: an order's address is one of its customer's, both atoms of a bond are of one
molecule, a line's customer is that of its order; and two foreign keys that never point at the same row.

Legend: n rows that point, P rows that are pointed at, X rows where two ways meet; a way is foreign keys one after
the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.databases.links.matching import Within
from likewise.errors import ModelFileError
from likewise.typing import Ints

Links = Mapping[ForeignKey, Ints]
Way = tuple[ForeignKey, ...]
SURE = 0.995
BY_CHANCE = 20
"""So many rows would break it, or keep to it, if rows were linked by chance."""
LONGEST = 2
MOST = 2
"""Agreements that are asked for at once."""


@dataclass(frozen=True)
class Agreement:
    """The row that a way leads to is that to which another way leads from what a foreign key points at.

    Args:
        mine: from the row; it begins with another foreign key.
        theirs: from the row that is pointed at; empty: it is that row itself.
    """

    mine: Way
    theirs: Way

    def __str__(self) -> str:
        ways = ["".join(f" > {'/'.join(key.columns)}" for key in way) for way in (self.mine, self.theirs)]
        return f"{ways[0][3:]} = this{ways[1]}"

    def numbers(self, links: Links, n_parents: int) -> Within:
        """(n,) and (P,) rows of X, which must agree; -1 where a way ends before."""
        there = followed(self.theirs, links) if self.theirs else np.arange(n_parents)
        return followed(self.mine, links), there


@dataclass(frozen=True)
class Agreements:
    """What a foreign key must agree in with those that are linked before it.

    Args:
        agree: that hold of nearly all rows.
        unlike: foreign keys of the row that never point at the same row.
    """

    agree: tuple[Agreement, ...] = ()
    unlike: tuple[ForeignKey, ...] = ()

    @classmethod
    def find(
        cls, key: ForeignKey, placed: Sequence[ForeignKey], schema: DatabaseSchema, links: Links, n_parents: int
    ) -> Self:
        """Learn them from real links.

        Args:
            key: the foreign key.
            placed: those of its table that are linked before it.
            links: (rows,) of the foreign keys that may stand in ways, and of this one; -1 for none.
            n_parents: P.
        """
        here = links[key]
        found: list[tuple[int, Agreement]] = []
        for mine in _ways(key.table, schema, [other for other in placed if other != key]):
            if not set(mine) <= set(links):
                continue
            goal = mine[-1].parent
            for theirs in _ways(key.parent, schema, schema.of(key.parent)) if goal != key.parent else [()]:
                if theirs and (theirs[-1].parent != goal or mine[-1] == key or not set(theirs) <= set(links)):
                    continue
                one = Agreement(mine, theirs)
                own, there = one.numbers(links, n_parents)
                rows = np.flatnonzero((here >= 0) & (own >= 0))
                if _agrees(own[rows], there[here[rows]]):
                    found.append((len(np.unique(own[rows])), one))
        found.sort(key=lambda one: (bool(one[1].theirs), -one[0], len(one[1].mine) + len(one[1].theirs)))
        same = [other for other in placed if other.parent == key.parent and other != key]
        agree = _telling([one for _, one in found], links, n_parents)
        within = np.zeros(n_parents, np.int64) if not agree else agree[0].numbers(links, n_parents)[1] + 1
        unlike = tuple(other for other in same if _never(links[other], here, within))
        return cls(agree, unlike)

    def within(self, links: Links, n_parents: int, also: Within | None = None) -> Within | None:
        """(n,) and (P,) numbers that must agree, all at once, as `matching.match` takes them.

        Args:
            links: those that are made.
            also: others that must agree as well.
        """
        pairs = [one.numbers(links, n_parents) for one in self.agree]
        pairs += [also] if also is not None else []
        if not pairs:
            return None
        mine, theirs = pairs[0]
        for own, there in pairs[1:]:
            span = int(max(own.max(initial=0), there.max(initial=0))) + 2
            both = np.concatenate([mine * span + own + 1, theirs * span + there + 1])
            both = np.unique(both, return_inverse=True)[1].astype(np.int64)
            mine, theirs = both[: len(mine)], both[len(mine) :]
        return mine, theirs

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it, keys by their texts."""
        ways = [{"mine": list(map(str, one.mine)), "theirs": list(map(str, one.theirs))} for one in self.agree]
        return {"agree": ways, "unlike": list(map(str, self.unlike))}

    @classmethod
    def from_dict(cls, data: Any, key: ForeignKey, schema: DatabaseSchema) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ModelFileError: it does not fit together, or not with the schema.
        """
        keys = {str(one): one for one in schema.foreign}
        try:
            agree = tuple(
                Agreement(tuple(keys[text] for text in one["mine"]), tuple(keys[text] for text in one["theirs"]))
                for one in data["agree"]
            )
            unlike = tuple(keys[text] for text in data["unlike"])
        except (KeyError, TypeError) as error:
            raise ModelFileError("what links must agree in does not fit the schema") from error
        fits = len(agree) <= MOST and all(other.table == key.table for other in unlike)
        for one in agree:
            ends = [_end(one.mine, key.table), _end(one.theirs, key.parent)]
            fits = fits and bool(one.mine) and ends[0] is not None and ends[0] == ends[1] and key not in one.mine[:1]
        if not fits:
            raise ModelFileError("what links must agree in does not fit the schema")
        return cls(agree, unlike)


def followed(way: Way, links: Links) -> Ints:
    """(n,) the row that a way leads to from each row, -1 where it ends before.

    Example:
        >>> a, b = ForeignKey.of("a.b -> b.id"), ForeignKey.of("b.c -> c.id")
        >>> followed((a, b), {a: np.array([1, -1, 0]), b: np.array([4, 7])}).tolist()
        [7, -1, 4]
    """
    at = links[way[0]]
    for key in way[1:]:
        at = np.where(at >= 0, links[key][at.clip(0)], -1) if len(links[key]) else np.full(len(at), -1, np.int64)
    return at


def _ways(table: str, schema: DatabaseSchema, firsts: Sequence[ForeignKey]) -> Iterator[Way]:
    """Ways of one and two foreign keys from a table that begin with one of these; none comes back to a table."""
    for first in firsts:
        if first.is_self:
            continue
        yield (first,)
        for second in schema.of(first.parent):
            if second.parent not in (table, first.parent):
                yield first, second


def _end(way: Way, table: str) -> str | None:
    """The table to which a way leads, None where its steps do not follow each other."""
    for key in way:
        if key.table != table:
            return None
        table = key.parent
    return table


def _agrees(own: Ints, there: Ints) -> bool:
    """Whether two ways nearly always lead to the same row, and would not by chance."""
    if not len(own) or (own == there).mean() < SURE:
        return False
    return len(own) * (1 - _chance(own, there)) >= BY_CHANCE


def _never(one: Ints, other: Ints, within: Ints) -> bool:
    """Whether two foreign keys never point at the same row, though they would by chance within the groups in which they
    agree."""
    rows = np.flatnonzero((one >= 0) & (other >= 0))
    if not len(rows) or (one[rows] == other[rows]).any():
        return False
    counts = [np.bincount(link[rows], minlength=len(within)).astype(np.float64) for link in (one, other)]
    size = np.bincount(within[other[rows]], minlength=int(within.max()) + 1)
    return float((counts[0] * counts[1] / np.maximum(size[within], 1)).sum()) >= BY_CHANCE


def _chance(own: Ints, there: Ints) -> float:
    """The share that would agree, were each row's partner another's."""
    size = int(max(own.max(), there.max())) + 2
    shares = [np.bincount(rows + 1, minlength=size) / len(rows) for rows in (own, there)]
    return float((shares[0] * shares[1]).sum())


def _telling(found: Sequence[Agreement], links: Links, n_parents: int) -> tuple[Agreement, ...]:
    """The first, which tells most, and one that does not follow from it."""
    chosen: list[Agreement] = []
    for one in found:
        if len(chosen) == MOST or (chosen and not chosen[0].theirs):
            break
        _, there = one.numbers(links, n_parents)
        parts = [other.numbers(links, n_parents)[1] for other in chosen]
        if all(len(np.unique(part)) < len(np.unique(np.column_stack([part, there]), axis=0)) for part in parts):
            chosen.append(one)
    return tuple(chosen)
