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
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from likewise.evaluate.attacks.rates import contrast_of_draws
from likewise.evaluate.figure import Figure
from likewise.evaluate.tables import FloatArray, IntArray, Typed, TypedColumn

MAX_ROWS = 1_000_000
MOST_PREDICATES = 1_000
MOST_TRIES = 4_000
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
    order = np.lexsort((person, real))  # missing ones last
    fresh = np.ones(len(real), dtype=np.bool_)  # a person's equal values count once
    fresh[1:] = (np.diff(person[order]) != 0) | (np.diff(real[order]) != 0)
    order = order[fresh]
    n_there = int((~np.isnan(real[order])).sum())
    ranked = real[order][:n_there]
    values, counts = np.unique(s.present, return_counts=True)
    once = values[counts == 1]
    first, last = np.searchsorted(ranked, once, "left"), np.searchsorted(ranked, once, "right")
    found, n = [person[order[first[last - first == 1]]]], len(once)
    if len(values):
        n += 2
        low = np.unique(person[order[: np.searchsorted(ranked, values[0], "right")]])
        high = np.unique(person[order[np.searchsorted(ranked, values[-1], "left") : n_there]])
        found += [few for few in (low, high) if len(few) == 1]
    if int(s.missing.sum()) == 1:
        n += 1
        unknown = np.unique(person[order[n_there:]])
        found += [unknown] * (len(unknown) == 1)
    return np.concatenate(found), n


def _levels_alone(a: TypedColumn, b: TypedColumn, s: TypedColumn, person: IntArray) -> tuple[IntArray, int]:
    pairs = np.unique(np.stack([np.concatenate([a.values, b.values]).astype(np.int64), person]), axis=1)
    once = np.flatnonzero(np.bincount(s.values, minlength=s.size) == 1)
    alone = once[np.bincount(pairs[0], minlength=s.size)[once] == 1]
    return pairs[1][np.isin(pairs[0], alone)], len(once)


def several_values(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> Figure | None:
    """Predicates on 3 to 12 columns of a random synthetic row: its levels, and the side of the median of its numbers.

    The side is "at least its value" above the median of the synthetic rows and "at most" below, so that a predicate
    describes an unusual corner. Kept are those which hold for that synthetic row alone, up to 1,000.
    """
    rng = np.random.default_rng(seed)
    (train, holdout, synthetic), searched = _sampled((train, holdout, synthetic), rng)
    ours = [_signed(c, c) for c in synthetic.columns]
    real = [
        np.concatenate([_signed(a, s), _signed(b, s)], axis=1)
        for a, b, s in zip(train.columns, holdout.columns, synthetic.columns, strict=True)
    ]
    is_number = [c.is_number for c in synthetic.columns]
    n_columns = len(is_number)
    person, is_train = _persons(train, holdout)
    persons, n = [], 0
    for _ in range(MOST_TRIES if n_columns >= 2 else 0):
        row = int(rng.integers(len(synthetic)))
        most = min(MOST_COLUMNS, n_columns)
        chosen = rng.permutation(n_columns)[: int(rng.integers(min(LEAST_COLUMNS, most), most + 1))]
        if len(_meeting(ours, ours, row, chosen, is_number)) != 1:
            continue
        n += 1
        found = person[_meeting(ours, real, row, chosen, is_number)]
        if len(found) and (found == found[0]).all():
            persons.append(found[0])
        if n == MOST_PREDICATES:
            break
    return _contrast(np.array(persons, dtype=np.int64), is_train, n, searched)


def _signed(column: TypedColumn, synthetic: TypedColumn) -> FloatArray:
    """(2, n) a number (with missing far out) and which side of the synthetic median it lies on; codes as they are."""
    if not column.is_number:
        return np.stack([column.values, column.values]).astype(np.float64)
    there = synthetic.present
    middle = float(np.median(there)) if len(there) else 0.0
    values = column.values - middle
    return np.stack([np.where(np.isnan(values), -np.inf, values), np.where(np.isnan(values), -np.inf, -values)])


def _meeting(
    synthetic: list[FloatArray], table: list[FloatArray], row: int, chosen: IntArray, is_number: list[bool]
) -> IntArray:
    """The rows of `table` that satisfy the predicate of a synthetic row on the chosen columns."""
    left: IntArray | None = None
    for i in chosen:
        value = synthetic[i][0, row]
        # A missing number is "missing" itself, on neither side.
        side = int(is_number[i] and -np.inf < value < 0)
        cells = table[i][side] if left is None else table[i][side, left]
        held = cells >= synthetic[i][side, row] if is_number[i] and value > -np.inf else cells == value
        left = np.flatnonzero(held) if left is None else left[held]
        if not len(left):
            break
    assert left is not None
    return left
