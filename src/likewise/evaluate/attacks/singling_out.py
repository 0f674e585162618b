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
from dataclasses import dataclass, replace
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
    predicate = np.minimum(np.searchsorted(once, real), max(len(once) - 1, 0))
    met = np.flatnonzero(once[predicate] == real) if len(once) else np.zeros(0, np.int64)
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
    persons, n = [], 0
    tries = int(np.clip(MOST_ROWS_READ / max(len(synthetic), 1), LEAST_TRIES, MOST_TRIES))
    for _ in range(tries if n_columns >= 2 else 0):
        row = int(rng.integers(len(synthetic)))
        most = min(MOST_COLUMNS, n_columns)
        chosen = rng.permutation(n_columns)[: int(rng.integers(min(LEAST_COLUMNS, most), most + 1))]
        predicate = [_Condition.of(synthetic.columns[i], i, row, middles[i]) for i in chosen]
        predicate.sort(key=lambda c: c.holds(synthetic.columns[c.column].values[:BLOCK]).sum())  # those few meet first
        if len(_meeting(predicate, synthetic, most=1)) != 1:
            continue
        n += 1
        found = np.concatenate([person[_meeting(predicate, t) + k] for t, k in ((train, 0), (holdout, len(train)))])
        if len(found) and (found == found[0]).all():
            persons.append(found[0])
        if n == MOST_PREDICATES:
            break
    return _contrast(np.array(persons, dtype=np.int64), is_train, n, searched)


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


def _meeting(predicate: Sequence[_Condition], table: Typed, *, most: int | None = None) -> IntArray:
    """The rows of `table` that satisfy a predicate.

    Args:
        most: no more blocks of rows are looked at once more than so many do: most predicates hold for many rows, which
            a few thousand tell.
    """
    found: list[IntArray] = []
    for start in range(0, len(table), BLOCK):
        block = slice(start, start + BLOCK)
        left = np.flatnonzero(predicate[0].holds(table.columns[predicate[0].column].values[block]))
        for condition in predicate[1:]:
            if not len(left):
                break
            left = left[condition.holds(table.columns[condition.column].values[block][left])]
        found.append(left + start)
        if most is not None and sum(map(len, found)) > most:
            break
    return np.concatenate(found)
