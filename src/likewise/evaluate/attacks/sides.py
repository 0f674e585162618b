"""The two sides of every attack: people in the training rows and people who are not, so that chance treats them alike.

An attack is held against what it achieves on other people. That is a control only where the two sides are exchangeable:
no person on both, and no person more often on one of them than on the other. Training tables are often oversampled,
people have several rows, and splits are made by row: all three are mended here, once, before any attack.

Legend: n rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.evaluate.attacks.exchange import own_side
from likewise.evaluate.figure import Figure
from likewise.evaluate.roc import wilson
from likewise.evaluate.tables import IntArray, Typed

Hashes = npt.NDArray[np.uint64]
Repeating = Literal["chance", "distinct", "unclear"]
MOST_SHARED = 0.05
"""Repeats are told from chance only where fresh rows hardly ever stand in the training rows."""
LEAST_DIFFERENT = 12
"""Kinds of rows of which all counts are even by chance once in 2^12."""
Z_SURE = 3.29
"""Equal rows come in groups, so they are judged by intervals of 99.9 %."""


@dataclass(frozen=True)
class Side:
    """Real rows of one side, one hash a row."""

    table: Typed
    hashes: Hashes

    def take(self, rows: npt.NDArray[np.integer]) -> Side:
        return Side(self.table.take(rows), self.hashes[rows])


@dataclass(frozen=True)
class Sides:
    """Both sides as the attacks meet them.

    Args:
        train, holdout: members, and the control; None where there is none.
        notes: what was left out and why, for the reader.
        are_distinct: rows that repeat were counted once, so repeats say nothing any more.
        are_unclear: who stands on which side is no chance, so that what chance would give cannot be told: rows repeat
            beyond it in a table where chance repeats rows too, or rows stand nearer to their own side.
    """

    train: Side
    holdout: Side | None
    notes: tuple[str, ...] = ()
    are_distinct: bool = False
    are_unclear: bool = False


def take_sides(train: Side, holdout: Side | None, rng: np.random.Generator) -> Sides:
    """Members and control made exchangeable; by persons where they are told, else by distinct rows.

    Where no person is told, equal rows may be equal people (few columns, few levels) or one person several times. Fresh
    rows tell: how often a holdout row stands in the training rows is how often chance makes a row stand there.
    """
    if train.table.persons is not None:
        return _by_person(train, holdout, rng)
    if holdout is None:
        return Sides(train, holdout)
    sides = _by_row(train, holdout)
    if sides.are_unclear or sides.are_distinct:  # of distinct rows those that stood in both sides are gone
        return sides
    return _unless_apart(sides, rng)


def _unless_apart(sides: Sides, rng: np.random.Generator) -> Sides:
    """The sides, unclear where rows stand nearer to their own side than chance would have them."""
    assert sides.holdout is not None
    found = own_side(sides.train.table, sides.holdout.table, rng)
    if found.is_chance:
        return sides
    note = (
        f"The nearest other real row of {found.share:.1%} of the real rows is on their own side, training or holdout, "
        f"where chance gives {found.by_chance:.1%}: rows of one person stand together, or the two were not parted by "
        "chance. No attack was made; name the column that tells whose a row is (entity), or part them by chance."
    )
    return replace(sides, notes=(*sides.notes, note), are_unclear=True)


def _by_row(train: Side, holdout: Side) -> Sides:
    """Where no person is told: rows that repeat counted once, if that can be told from chance."""
    notes: list[str] = []
    times = [_times(side.hashes) for side in (train, holdout)]
    if max(times) > 1:
        notes.append(times_note(*times))
        train, holdout = (side.take(_one_in(side.hashes, n)) for side, n in zip((train, holdout), times, strict=True))
    repeated = [repeats(side.hashes) for side in (train, holdout)]
    shared = [copies(a.hashes, b.hashes) for a, b in ((holdout, train), (train, holdout))]
    repeating = what_repeats(repeated, shared)
    if repeating == "chance":
        return Sides(train, holdout, tuple(notes))
    if repeating == "unclear":
        notes.append(
            f"{repeated[0].value:.1%} of the training rows repeat and {shared[0].value:.1%} of the holdout rows stand "
            "there: chance alone does not repeat rows so, and which repeats are one person's cannot be told. No attack "
            "was made; name the column that tells whose a row is (entity)."
        )
        return Sides(train, holdout, tuple(notes), are_unclear=True)
    sides = [side.take(_first_of_each(side.hashes)) for side in (train, holdout)]
    alone = [a.take(np.flatnonzero(~stand_in(a.hashes, b.hashes))) for a, b in (sides, sides[::-1])]
    notes.append(
        f"Rows repeat beyond chance: {repeated[0].value:.1%} of the training rows and {repeated[1].value:.1%} of the "
        f"holdout rows. The attacks count each distinct row once ({len(alone[0].table):,} and {len(alone[1].table):,}) "
        "and leave out those that stand in both."
    )
    return Sides(alone[0], alone[1], tuple(notes), are_distinct=True)


def times_note(train: int, holdout: int) -> str:
    return (
        f"Every training row stands there {train} times or a multiple of that, every holdout row {holdout} times: each "
        "is counted once."
    )


def _times(hashes: Hashes) -> int:
    """How often every row stands in a table, where many different ones do and all stand there a multiple of that."""
    _, counts = np.unique(hashes, return_counts=True)
    return int(np.gcd.reduce(counts)) if len(counts) >= LEAST_DIFFERENT else 1


def _one_in(hashes: Hashes, times: int) -> IntArray:
    """Places of so many of each kind of row as there are of it, divided by `times`."""
    order = np.argsort(hashes, kind="stable")
    return np.sort(order[::times])


def what_repeats(repeated: Sequence[Figure], shared: Sequence[Figure]) -> Repeating:
    """Whether rows repeat by chance ("chance"), beyond it and are told apart ("distinct"), or not ("unclear").

    Args:
        repeated: share of the rows of each side that repeat there.
        shared: of the holdout rows that stand in the training rows, and the other way round.
    """
    if not any(map(_beyond_chance, repeated, shared)):
        return "chance"
    return "unclear" if shared[0].value > MOST_SHARED else "distinct"


def _beyond_chance(repeated: Figure, shared: Figure) -> bool:
    """Whether rows repeat in a table clearly more than fresh rows stand there, or are clearly more seldom alone."""
    is_much = repeated.value > 1.5 * shared.value or 1.0 - shared.value > 2.0 * (1.0 - repeated.value)
    least, most = (
        wilson(repeated.value * repeated.n, repeated.n, Z_SURE),
        wilson(shared.value * shared.n, shared.n, Z_SURE),
    )
    return is_much and least[0] > most[1]


def _by_person(train: Side, holdout: Side | None, rng: np.random.Generator) -> Sides:
    """A person's equal rows count once; holdout rows of members are no control; then rows a person must be alike."""
    train = train.take(_first_of_each(train.hashes, train.table.whose))
    if holdout is None:
        return Sides(train, None)
    notes: list[str] = []
    is_member = np.isin(holdout.table.whose, train.table.whose)
    if is_member.any():
        n, n_all = len(np.unique(holdout.table.whose[is_member])), holdout.table.n_persons
        notes.append(
            f"{n:,} of {n_all:,} holdout persons are in the training rows too: a control that contains members is no "
            "control, so the attacks leave their rows out. Split by person."
        )
        holdout = holdout.take(np.flatnonzero(~is_member))
    holdout = holdout.take(_first_of_each(holdout.hashes, holdout.table.whose))
    if holdout.table.n and _differ(train.table.whose, holdout.table.whose):
        notes.append(
            "Training persons and holdout persons do not have equally many rows: the attacks take one row of each, "
            "by chance."
        )
        train, holdout = (_one_each(side, rng) for side in (train, holdout))
    return Sides(train, holdout, tuple(notes))


def _one_each(side: Side, rng: np.random.Generator) -> Side:
    order = rng.permutation(side.table.n)
    return side.take(order[np.unique(side.table.whose[order], return_index=True)[1]])


def _differ(a: IntArray, b: IntArray) -> bool:
    """Whether the mean rows a person differ by more than three standard errors."""
    counts = [np.unique(x, return_counts=True)[1] for x in (a, b)]
    gap = abs(counts[0].mean() - counts[1].mean())
    return bool(gap > 3.0 * np.sqrt(sum(c.var() / len(c) for c in counts)))


def _first_of_each(hashes: Hashes, whose: IntArray | None = None) -> IntArray:
    """The place of the first of all equal rows; of each person's where persons are told."""
    keys = hashes if whose is None else np.stack([whose.astype(np.uint64), hashes], axis=1)
    return np.sort(np.unique(keys, axis=None if whose is None else 0, return_index=True)[1])


def stand_in(rows: Hashes, others: Hashes) -> npt.NDArray[np.bool_]:
    """(n,) which rows equal one of the others. Polars' hash join: numpy's takes seconds for a million hashes."""
    return pl.Series(rows).is_in(pl.Series(others).implode()).to_numpy()


def copies(rows: Hashes, train: Hashes) -> Figure:
    """Share of `rows` that stand, cell for cell, in `train` (both as hashes)."""
    return share_of(int(stand_in(rows, train).sum()), len(rows))


def repeats(train: Hashes) -> Figure:
    """Share of `train` that stands in another row of it: what a fresh row would score, from the rows themselves."""
    return share_of(int(pl.Series(train).is_duplicated().sum()), len(train))


def share_of(hits: int, n: int) -> Figure:
    """A share with its interval."""
    return Figure(hits / max(n, 1), n, interval=wilson(hits, n))
