"""Copies and near copies: do synthetic rows repeat the rows they were learnt from, or crowd around them?

These check the table, not a person: they see training and other real rows alike.

Legend: n synthetic rows, N training and m holdout rows, P persons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.evaluate.attacks.clumps import exact_by_person, rare_by_person
from likewise.evaluate.attacks.rates import exact_contrast, least_beyond
from likewise.evaluate.attacks.sides import Hashes, Sides, copies, repeats, stand_in
from likewise.evaluate.figure import Figure
from likewise.evaluate.neighbours import (
    Embedded,
    Targets,
    Vectors,
    affordable,
    fit_embedding,
    keys_of,
    nearest_few,
    searchable,
    some_of,
)
from likewise.evaluate.roc import Z95
from likewise.evaluate.tables import FloatArray, IntArray, Typed

__all__ = ["copies", "copies_beside", "copies_once", "distance_share", "repeats", "row_hashes", "side_of_nearest"]

MAX_SYNTHETIC = 20_000
LEAST_SYNTHETIC = 1_000
NEAREST_SHARE = 0.01
LEAST_NEAREST = 20
MOST_NEIGHBOURS = 8
RARE = 0.001
"""Of fresh rows: where fewer stand in the training rows by chance, each that does is an event of its own."""


def row_hashes(frame: pl.DataFrame, columns: Sequence[str]) -> Hashes:
    """(n,) a 64-bit hash of each row over `columns`; equal rows have equal hashes."""
    numbers = [pl.col(c) + 0.0 for c in columns if frame.schema[c].is_float()]  # -0.0 is 0.0
    return frame.select(columns).with_columns(numbers).hash_rows(seed=0).to_numpy()


@dataclass(frozen=True)
class Persons:
    """(n,) whose the rows of each table are; None where each is its own."""

    synthetic: IntArray | None = None
    train: IntArray | None = None
    holdout: IntArray | None = None


def copies_beside(
    synthetic: Hashes, train: Hashes, holdout: Hashes | None, persons: Persons = Persons()
) -> Figure:  # fmt: skip
    """Synthetic rows that stand in the training rows, beside holdout rows that do; else beside what repeats there."""
    met = stand_in(synthetic, train)
    if holdout is not None and len(holdout):
        return exact_by_person(met, persons.synthetic, stand_in(holdout, train), persons.holdout)
    if persons.train is not None:
        again = _held_by_others(train, persons.train)
        return exact_by_person(met, persons.synthetic, again, persons.train, shared=2)
    n_repeated = int(pl.Series(train).is_duplicated().sum())
    n_groups = pl.Series(train).n_unique() - len(_once(train))
    return beside_repeats(int(met.sum()), len(synthetic), n_repeated, n_groups, len(train))


def beside_repeats(hits: int, n: int, n_repeated: int, n_groups: int, n_train: int) -> Figure:
    """Rows that stand in the training rows, beside those of these that repeat.

    Rows that repeat come in groups, of which each is one event, not as many as it has rows; none has fewer than two.
    """
    each = max(2.0, n_repeated / max(n_groups, 1))
    return exact_contrast(hits, n, round(n_repeated / each), max(1, round(n_train / each)))


def _held_by_others(rows: Hashes, whose: IntArray) -> npt.NDArray[np.bool_]:
    """(n,) which rows another person holds too."""
    held = pl.DataFrame({"row": rows, "who": whose})
    return held.select(pl.col("who").n_unique().over("row") > 1).to_series().to_numpy()


def copies_once(synthetic: Hashes, sides: Sides, whose: IntArray | None = None) -> Figure:
    """Synthetic rows equal to a training row that stands there once: what a crowd of equal rows cannot explain.

    Where such a thing hardly ever happens by chance, every pair of rows that could have been equal and was not bears
    witness: training rows among themselves, holdout rows with them and among themselves, synthetic rows with holdout
    rows and among themselves. Five copies among thousands then stand out, though no holdout row could outweigh them.
    Elsewhere holdout rows alone are the control. Without any, so are the training rows, each left out in turn: it is
    equal to a row that stands once among the others where it is one of exactly two (Good and Turing's estimate).

    Args:
        whose: (n,) the person of each synthetic row; None where each is its own.
    """
    if whose is not None:
        synthetic, whose = _distinct(synthetic, whose)
    train, holdout = sides.train.hashes, np.zeros(0, np.uint64) if sides.holdout is None else sides.holdout.hashes
    once, others = _once(train), _once(holdout)
    met, by_chance = stand_in(synthetic, once), stand_in(holdout, once)
    found = Once(
        n=len(synthetic), n_train=len(train), m=len(holdout), hits=int(met.sum()), chance=int(by_chance.sum()),
        hit=int(stand_in(once, synthetic).sum()), others=int(stand_in(others, synthetic).sum()),
        twice=(_twice(synthetic), _twice(train), _twice(holdout)),
        pairs=int((np.unique(train, return_counts=True)[1] == 2).sum()) if not len(holdout) else 0,
    )  # fmt: skip
    figure = once_figure(found, are_distinct=sides.are_distinct, size=_rows_a_person(synthetic, sides, whose))
    if figure is not None:
        return figure
    assert sides.holdout is not None
    return exact_by_person(met, whose, by_chance, sides.holdout.table.persons)


@dataclass(frozen=True, kw_only=True)
class Once:
    """Rows counted for `copies_once`.

    Args:
        n, n_train, m: synthetic, training and holdout rows.
        hits, chance: synthetic and holdout rows equal to a training row that stands there once; `hit` of these, how
            many training rows they meet.
        others: holdout rows that stand there once and among the synthetic ones.
        twice: pairs of equal rows within the synthetic, training and holdout rows, three or more of a kind counted as
            one less than they are.
        pairs: kinds of training rows of which there are exactly two.
    """

    n: int
    n_train: int
    m: int
    hits: int
    chance: int
    hit: int
    others: int
    twice: tuple[int, int, int]
    pairs: int


def once_figure(found: Once, *, are_distinct: bool, size: float = 1.0) -> Figure | None:
    """The figure of `copies_once`; None where holdout rows alone are the control.

    Args:
        are_distinct: repeats were left out, so rows do not repeat by construction.
        size: how many of the rows copied are one person's.
    """
    n, n_train, m = found.n, found.n_train, found.m
    of_synthetic, of_train, of_holdout = found.twice
    pairs = [(of_synthetic, n * n / 2), (found.others, n * m)]
    if not are_distinct:
        pairs += [(of_train, n_train**2 / 2), (of_holdout, m * m / 2), (found.chance, m * n_train)]
    events, worth = sum(e for e, _ in pairs), sum(p for _, p in pairs) / max(n_train, 1)
    if events <= max(1.0, RARE * worth):
        return rare_by_person(found.hit, n, events, worth, size)
    if m > 0:
        return None
    # Equal rows are one event: both of two training rows, and all synthetic ones at one place.
    each = size * max(found.hits, 1) / max(found.hit, 1)
    figure = exact_contrast(
        round(found.hits / each), max(1, round(n / each)),
        round(found.pairs / size), max(1, round(n_train / (2 * size))),
    )  # fmt: skip
    return replace(figure, n=n)


def _distinct(rows: Hashes, whose: IntArray) -> tuple[Hashes, IntArray]:
    """A person's equal rows once."""
    kept = pl.DataFrame({"row": rows, "who": whose}).unique(maintain_order=True)
    return kept["row"].to_numpy(), kept["who"].to_numpy()


def _rows_a_person(synthetic: Hashes, sides: Sides, whose: IntArray | None) -> float:
    """How many of the rows copied are one person's, of those copied or of those who hold the copies."""
    train = sides.train
    if train.table.persons is None:
        return 1.0
    met, there = stand_in(synthetic, train.hashes), stand_in(train.hashes, synthetic)
    rows = max(int(met.sum()), 1)
    by_train = int(there.sum()) / max(len(np.unique(train.table.persons[there])), 1)
    return max(1.0, by_train, rows / max(len(np.unique(whose[met])), 1) if whose is not None else 1.0)


def _once(rows: Hashes) -> Hashes:
    values, counts = np.unique(rows, return_counts=True)
    return np.asarray(values[counts == 1])


def _twice(rows: Hashes) -> int:
    """Pairs of equal rows, three or more of a kind counted as one less than they are."""
    return len(rows) - pl.Series(rows).n_unique()


def distance_share(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> tuple[Figure, Figure]:
    """Which side the nearest real row is on: for all synthetic rows, and for the one in a hundred that is nearest.

    All real rows are searched, training rows not only as many as there are holdout rows: with N training and m holdout
    persons a nearest row is a training row by chance with probability N / (N + m), and the share is scaled so that
    chance is 0.5 and 1 stays 1. With N = m this is the usual share. What falls to several equal rows is shared out.

    The second figure finds few near copies among many good rows. It asks only the hundredth (at least 20) of the
    synthetic rows whose nearest real row is nearest *beside the nearest of another person*: a choice made blind to
    which real rows are training rows, so that chance is 0.5 there too.

    The share is about half plus half the share of copied rows, and never below 0, where chance would be off. The
    interval is exact for what varies here: given how many synthetic rows fall to each person, the labels "training"
    and "holdout" are a random draw (sampling without replacement), so persons who attract many synthetic rows widen it.
    """
    rng = np.random.default_rng(seed)
    embed = fit_embedding(train)
    (train, a), (holdout, b) = (searchable(t, 2 * embed.width, rng) for t in (train, holdout))
    real = Embedded(embed, train.beside(holdout))
    synthetic = synthetic.sample(affordable(len(real), embed.width, least=LEAST_SYNTHETIC, most=MAX_SYNTHETIC), rng)
    told = train.persons is not None and holdout.persons is not None
    whose = np.concatenate([train.whose, holdout.whose]) if told else None
    return side_of_nearest(real, len(train), embed(synthetic), rng, whose, min(a, b))


def side_of_nearest(
    real: Targets,
    n_train: int,
    synthetic: Vectors,
    rng: np.random.Generator,
    whose: IntArray | None = None,
    searched: float = 1.0,
) -> tuple[Figure, Figure]:
    """The two figures of `distance_share`.

    Args:
        real: the N + m real rows, the `n_train` training rows first.
        whose: (N + m,) the person of each real row.
    """
    is_train = np.arange(len(real)) < n_train
    _, person = np.unique(np.arange(len(real)) if whose is None else whose, return_inverse=True)
    member = np.zeros(person.max() + 1, dtype=np.bool_)
    member[person[is_train]] = True
    # Equal rows are one place: what falls there is shared out among them.
    _, first, place, size = np.unique(keys_of(real), return_index=True, return_inverse=True, return_counts=True)
    index, distance = nearest_few(synthetic, some_of(real, first), 2 if whose is None else MOST_NEIGHBOURS)
    ratio = _beside_another(distance, person[first][index])
    ratio[size[index[:, 0]] > 1] = 1.0  # a row that several people share points to none of them
    n_nearest = min(len(ratio), max(LEAST_NEAREST, round(NEAREST_SHARE * len(ratio))))
    shuffled = rng.permutation(len(ratio))
    crowded = shuffled[np.argsort(ratio[shuffled], kind="stable")[:n_nearest]]
    copy = _copy_share(place, is_train, member)
    found = []
    for nearest in (index[:, 0], index[crowded, 0]):
        drawn = (np.bincount(nearest, minlength=len(size)) / size)[place]
        by_person = np.asarray(np.bincount(person, weights=drawn), dtype=np.float64)
        found.append(_nearness(by_person, member, copy, searched, len(nearest), len(synthetic)))
    return found[0], found[1]


def _beside_another(distance: FloatArray, person: IntArray) -> FloatArray:
    """(n,) distance to the nearest row over that to the nearest of another person, or the farthest row looked at."""
    other = person != person[:, :1]
    place = np.where(other.any(1), other.argmax(1), distance.shape[1] - 1)
    beyond = distance[np.arange(len(distance)), place]
    return np.where(beyond > 0.0, distance[:, 0] / np.where(beyond > 0.0, beyond, 1.0), 1.0)


def _nearness(
    drawn: FloatArray, member: npt.NDArray[np.bool_], copy: float, searched: float, n: int, n_all: int
) -> Figure:
    share, deviation = _scaled_share(drawn, member)
    half = Z95 * deviation
    seen = least_beyond(half, 0.5)
    # Near copies come first among all: the hundredth sees them all, and is full of them when there are so many.
    least = seen * n / n_all if seen < 1.0 else 1.0
    low, high = (float(np.clip(end, 0.0, 1.0)) for end in (share - half, share + half))
    return Figure(float(np.clip(share, 0.0, 1.0)), n, 0.5, (low, high), copy, least, searched)


def _scaled_share(drawn: FloatArray, member: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The share and its standard deviation when the labels are exchangeable.

    Args:
        drawn: (P,) how many synthetic rows have a row of this person as their nearest, those of equal rows shared.
    """
    total, n, m = drawn.sum(), int(member.sum()), int((~member).sum())
    by_chance = m / (n + m)
    in_holdout = drawn[~member].sum() / total
    share = 1.0 - 0.5 * in_holdout / by_chance
    variance = m * (1.0 - by_chance) * drawn.var(ddof=1) / total**2
    return float(share), float(0.5 / by_chance * np.sqrt(variance))


def _copy_share(place: IntArray, is_train: npt.NDArray[np.bool_], member: npt.NDArray[np.bool_]) -> float:
    """The share of a plain copy: 1, but for training rows which also stand in the holdout.

    Args:
        place: (N + m,) the same number for equal rows.
    """
    n_groups = int(place.max()) + 1
    train = np.bincount(place[is_train], minlength=n_groups)
    every = np.bincount(place, minlength=n_groups)
    in_holdout = (train * (every - train) / every).sum() / train.sum()
    return float(np.clip(1.0 - 0.5 * in_holdout / (~member).mean(), 0.0, 1.0))
