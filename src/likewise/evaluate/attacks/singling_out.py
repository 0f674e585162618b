"""Singling out: can a condition read off the synthetic rows point to exactly one real person?

After Cohen and Nissim, "Towards formalizing the GDPR's notion of singling out", PNAS 2020: a predicate singles out when
exactly one person satisfies it, by one row or by several. Some do so by luck; a leak is when those made from the
synthetic rows single out training people more often than people the generator has not seen.

Each predicate holds for exactly one synthetic row. All real rows, training and holdout, are asked together and blind
to which is which; a predicate that exactly one person satisfies falls to that person, and chance would deal these out
evenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from likewise.evaluate.attacks.rates import contrast_of_draws
from likewise.evaluate.figure import Figure
from likewise.evaluate.tables import IntArray, Typed, TypedColumn

MAX_ROWS = 1_000_000
BLOCK = 16_384
MOST_PREDICATES = 1_000
MOST_TRIES = 4_000
LEAST_TRIES = 1_000
MOST_ROWS_READ = 2_000_000_000
LEAST_COLUMNS = 3
MOST_COLUMNS = 12


def single_values(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> Figure | None:
    """Predicates on one column: a value or level that occurs once, beyond the least or greatest, the one missing.

    None where the synthetic rows give no such predicate.
    """
    rng = np.random.default_rng(seed)
    (train, holdout, synthetic), searched = _sampled((train, holdout, synthetic), rng)
    person, is_train = _persons(train, holdout)
    found, n = [], 0
    for a, b, s in zip(train.columns, holdout.columns, synthetic.columns, strict=True):
        persons, tried = (_numbers_alone if a.is_number else _levels_alone)(a, b, s, person)
        found.append(persons)
        n += tried
    return _contrast(np.concatenate(found), is_train, n, searched)


def _sampled(tables: Sequence[Typed], rng: np.random.Generator) -> tuple[list[Typed], float]:
    """The tables, of each at most a million rows, and the least share kept."""
    return [t.sample(MAX_ROWS, rng) for t in tables], min(1.0, MAX_ROWS / max(map(len, tables)))


def _persons(train: Typed, holdout: Typed) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """(n,) the person of each real row, training rows first, and (P,) which persons are members."""
    if train.persons is None or holdout.persons is None:
        n = len(train) + len(holdout)
        return np.arange(n), np.arange(n) < len(train)
    _, person = np.unique(np.concatenate([train.persons, holdout.persons]), return_inverse=True)
    is_train = np.zeros(person.max() + 1, dtype=np.bool_)
    is_train[person[: len(train)]] = True
    return person, is_train


def _contrast(persons: IntArray, is_train: npt.NDArray[np.bool_], n: int, searched: float) -> Figure | None:
    if n == 0:
        return None
    drawn = np.bincount(persons, minlength=len(is_train)).astype(np.float64)
    return replace(contrast_of_draws(drawn, is_train, n), searched=searched)


def _numbers_alone(a: TypedColumn, b: TypedColumn, s: TypedColumn, person: IntArray) -> tuple[IntArray, int]:
    """Persons singled out by "= v", "<= least", ">= greatest", "is missing"; and how many predicates there were."""
    real = np.concatenate([a.values, b.values])
    values = np.sort(s.present)
    starts = np.append(np.flatnonzero(np.diff(values, prepend=np.nan) != 0), len(values))
    once = values[starts[:-1][np.diff(starts) == 1]]
    # What both hold is found in order: a search that jumps about in a million values waits for the memory each time.
    ordered = np.sort(real)
    once_in_both = once[ordered[np.minimum(np.searchsorted(ordered, once), len(ordered) - 1)] == once]
    predicate = np.minimum(np.searchsorted(once_in_both, real), max(len(once_in_both) - 1, 0))
    met = np.flatnonzero(once_in_both[predicate] == real) if len(once_in_both) else np.zeros(0, np.int64)
    sets = [real <= values[0], real >= values[-1]] if len(values) else []
    if int(s.missing.sum()) == 1:
        sets.append(np.isnan(real))
    beyond = [who[:1] for who in (person[rows] for rows in sets) if len(who) and (who == who[0]).all()]
    return np.concatenate([_alone(predicate[met], person[met]), *beyond]), len(once) + len(sets)


def _levels_alone(a: TypedColumn, b: TypedColumn, s: TypedColumn, person: IntArray) -> tuple[IntArray, int]:
    real = np.concatenate([a.values, b.values])
    is_once = np.bincount(s.values, minlength=s.size) == 1
    met = np.flatnonzero(is_once[real])
    return _alone(real[met], person[met]), int(is_once.sum())


def _alone(predicate: IntArray, person: IntArray) -> IntArray:
    """The person who meets it, of each predicate that one person meets, by however many rows.

    Args:
        predicate, person: (n,) who meets which.
    """
    n = int(person.max(initial=0)) + 1
    pairs = np.unique(predicate.astype(np.int64) * n + person)
    _, first, counts = np.unique(pairs // n, return_index=True, return_counts=True)
    return np.asarray(pairs[first[counts == 1]] % n)


def several_values(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> Figure | None:
    """Predicates on 3 to 12 columns of a random synthetic row: its levels, and the side of the median of its numbers.

    The side is "at least its value" above the median of the synthetic rows and "at most" below, so that a predicate
    describes an unusual corner. Kept are those which hold for that synthetic row alone, up to 1,000.
    """
    rng = np.random.default_rng(seed)
    (train, holdout, synthetic), searched = _sampled((train, holdout, synthetic), rng)
    middles = [float(np.median(c.present)) if c.is_number and len(c.present) else 0.0 for c in synthetic.columns]
    n_columns = len(middles)
    person, is_train = _persons(train, holdout)
    predicates: list[list[_Condition]] = []
    rows_drawn = _Lookup(synthetic)
    tries = int(np.clip(MOST_ROWS_READ / max(len(synthetic), 1), LEAST_TRIES, MOST_TRIES))
    for _ in range(tries if n_columns >= 2 else 0):
        row = int(rng.integers(len(synthetic)))
        most = min(MOST_COLUMNS, n_columns)
        chosen = rng.permutation(n_columns)[: int(rng.integers(min(LEAST_COLUMNS, most), most + 1))]
        predicate = [_Condition.of(synthetic.columns[i], i, row, middles[i]) for i in chosen]
        predicate.sort(key=lambda c: c.holds(synthetic.columns[c.column].values[:BLOCK]).sum())  # those few meet first
        if len(_meeting(predicate, rows_drawn, most=1)) == 1:
            predicates.append(predicate)
        if len(predicates) == MOST_PREDICATES:
            break
    del rows_drawn
    met: list[list[IntArray]] = [[] for _ in predicates]
    for table, before in ((train, 0), (holdout, len(train))):
        lookup = _Lookup(table)
        for found, predicate in zip(met, predicates, strict=True):
            found.append(person[_meeting(predicate, lookup) + before])
    alone = [who[0] for who in map(np.concatenate, met) if len(who) and (who == who[0]).all()]
    return _contrast(np.array(alone, dtype=np.int64), is_train, len(predicates), searched)


@dataclass(frozen=True)
class _Condition:
    """What a predicate asks of one column: to be a level, to be missing, or to lie on one side of a number.

    Args:
        side: "at least", "at most", or "equal" for levels and for missing numbers.
    """

    column: int
    value: float
    side: Literal["equal", "at least", "at most"]

    @classmethod
    def of(cls, column: TypedColumn, place: int, row: int, middle: float) -> _Condition:
        value = column.values[row]
        if not column.is_number or np.isnan(value):
            return cls(place, value, "equal")
        return cls(place, value, "at most" if value < middle else "at least")

    def holds(self, values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        if self.side == "equal":
            return np.asarray(np.isnan(values) if np.isnan(self.value) else values == self.value)
        return np.asarray(values >= self.value if self.side == "at least" else values <= self.value)


@dataclass(frozen=True)
class _Lookup:
    """A table, and the rows of each level of a column, put in order when the column is first asked for.

    Args:
        ordered: column -> its rows level by level, and where each level ends.
    """

    table: Typed
    ordered: dict[int, tuple[npt.NDArray[np.int32], IntArray]] = field(default_factory=dict)

    def rows(self, condition: _Condition) -> npt.NDArray[np.int32]:
        """The rows that hold a level."""
        if condition.column not in self.ordered:
            column = self.table.columns[condition.column]
            codes = column.values.astype(np.min_scalar_type(column.size))  # short numbers are ordered by their digits
            ends = np.cumsum(np.bincount(codes, minlength=column.size))
            self.ordered[condition.column] = np.argsort(codes, kind="stable").astype(np.int32), ends
        order, ends = self.ordered[condition.column]
        level = int(condition.value)
        return order[ends[level - 1] if level else 0 : ends[level]]


def _meeting(predicate: Sequence[_Condition], lookup: _Lookup, *, most: int | None = None) -> IntArray:
    """The rows of a table that satisfy a predicate.

    Args:
        most: no more blocks of rows are looked at once more than so many do: most predicates hold for many rows, which
            a few thousand tell.
    """
    columns = lookup.table.columns
    found: list[npt.NDArray[Any]] = [np.zeros(0, np.int64)]
    left: npt.NDArray[Any]
    level = next((c for c in predicate if not columns[c.column].is_number), None)
    rows = None if level is None else lookup.rows(level)
    others = [c for c in predicate if c is not level]
    for start in range(0, len(lookup.table) if rows is None else len(rows), BLOCK):
        if rows is None:
            left = np.flatnonzero(others[0].holds(columns[others[0].column].values[start : start + BLOCK])) + start
        else:
            left = rows[start : start + BLOCK]
        for condition in others:
            if not len(left):
                break
            left = left[condition.holds(columns[condition.column].values[left])]
        found.append(left)
        if most is not None and sum(map(len, found)) > most:
            break
    return np.concatenate(found)
