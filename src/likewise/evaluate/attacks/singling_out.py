"""Singling out: can a condition read off the synthetic rows point to exactly one real person?

After Cohen and Nissim, "Towards formalizing the GDPR's notion of singling out", PNAS 2020: a predicate singles out when
exactly one row satisfies it. Some do so by luck; a leak is when those made from the synthetic rows single out training
people more often than people the generator has not seen.

Each predicate holds for exactly one synthetic row. All real rows, training and holdout, are asked together and blind
to which is which; a predicate that exactly one of them satisfies falls to that row, and chance would deal these out
evenly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from likewise.evaluate.attacks.rates import Contrast, contrast_of_draws
from likewise.evaluate.tables import FloatArray, Typed, TypedColumn

MAX_ROWS = 30_000
MOST_PREDICATES = 1_000
MOST_TRIES = 4_000
LEAST_COLUMNS = 3
MOST_COLUMNS = 12


def single_values(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> Contrast | None:
    """Predicates on one column: a value or level that occurs once, beyond the least or greatest, the one missing.

    None where the synthetic rows give no such predicate.
    """
    rng = np.random.default_rng(seed)
    train, holdout, synthetic = (t.sample(MAX_ROWS, rng) for t in (train, holdout, synthetic))
    fell = [
        _numbers_alone(a, b, s) if a.is_number else _levels_alone(a, b, s)
        for a, b, s in zip(train.columns, holdout.columns, synthetic.columns, strict=True)
    ]
    rows, n = np.concatenate([r for r, _ in fell]), sum(count for _, count in fell)
    return _contrast(rows, len(train), len(holdout), n)


def _contrast(rows: npt.NDArray[np.int64], n_train: int, n_holdout: int, n: int) -> Contrast | None:
    if n == 0:
        return None
    drawn = np.bincount(rows, minlength=n_train + n_holdout).astype(np.float64)
    return contrast_of_draws(drawn, np.arange(n_train + n_holdout) < n_train, n)


def _numbers_alone(a: TypedColumn, b: TypedColumn, s: TypedColumn) -> tuple[npt.NDArray[np.int64], int]:
    """Real rows singled out by "= v", "<= least", ">= greatest", "is missing"; and how many predicates there were."""
    real = np.concatenate([a.values, b.values])
    order = np.argsort(real, kind="stable")  # missing ones last
    n_there = int((~np.isnan(real)).sum())
    ranked = real[order][:n_there]
    values, counts = np.unique(s.present, return_counts=True)
    once = values[counts == 1]
    first, last = np.searchsorted(ranked, once, "left"), np.searchsorted(ranked, once, "right")
    found, n = [order[first[last - first == 1]]], len(once)
    if len(values):
        n += 2
        found += [order[:1]] * int(np.searchsorted(ranked, values[0], "right") == 1)
        found += [order[n_there - 1 : n_there]] * int(n_there - np.searchsorted(ranked, values[-1], "left") == 1)
    if int(s.missing.sum()) == 1:
        n += 1
        found += [order[n_there:]] * int(len(real) - n_there == 1)
    return np.concatenate(found), n


def _levels_alone(a: TypedColumn, b: TypedColumn, s: TypedColumn) -> tuple[npt.NDArray[np.int64], int]:
    real = np.concatenate([a.values, b.values])
    once = np.flatnonzero(np.bincount(s.values, minlength=s.size) == 1)
    alone = once[np.bincount(real, minlength=s.size)[once] == 1]
    return np.flatnonzero(np.isin(real, alone)), len(once)


def several_values(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> Contrast | None:
    """Predicates on 3 to 12 columns of a random synthetic row: its levels, and the side of the median of its numbers.

    The side is "at least its value" above the median of the synthetic rows and "at most" below, so that a predicate
    describes an unusual corner. Kept are those which hold for that synthetic row alone, up to 1,000.
    """
    rng = np.random.default_rng(seed)
    train, holdout, synthetic = (t.sample(MAX_ROWS, rng) for t in (train, holdout, synthetic))
    ours = [_signed(c, c) for c in synthetic.columns]
    real = [
        np.concatenate([_signed(a, s), _signed(b, s)], axis=1)
        for a, b, s in zip(train.columns, holdout.columns, synthetic.columns, strict=True)
    ]
    is_number = [c.is_number for c in synthetic.columns]
    n_columns = len(is_number)
    rows, n = [], 0
    for _ in range(MOST_TRIES if n_columns >= 2 else 0):
        row = int(rng.integers(len(synthetic)))
        most = min(MOST_COLUMNS, n_columns)
        chosen = rng.permutation(n_columns)[: int(rng.integers(min(LEAST_COLUMNS, most), most + 1))]
        if _count(ours, ours, row, chosen, is_number)[0] != 1:
            continue
        n += 1
        count, found = _count(ours, real, row, chosen, is_number)
        if count == 1:
            rows.append(found)
        if n == MOST_PREDICATES:
            break
    return _contrast(np.array(rows, dtype=np.int64), len(train), len(holdout), n)


def _signed(column: TypedColumn, synthetic: TypedColumn) -> FloatArray:
    """(2, n) a number (with missing far out) and which side of the synthetic median it lies on; codes as they are."""
    if not column.is_number:
        return np.stack([column.values, column.values]).astype(np.float64)
    there = synthetic.present
    middle = float(np.median(there)) if len(there) else 0.0
    values = column.values - middle
    return np.stack([np.where(np.isnan(values), -np.inf, values), np.where(np.isnan(values), -np.inf, -values)])


def _count(
    synthetic: list[FloatArray], table: list[FloatArray], row: int, chosen: npt.NDArray[np.int64], is_number: list[bool]
) -> tuple[int, int]:
    """How many rows of `table` satisfy the predicate of a synthetic row on the chosen columns, and the first."""
    left: npt.NDArray[np.int64] | None = None
    for i in chosen:
        value = synthetic[i][0, row]
        # A missing number is "missing" itself, on neither side.
        side = int(is_number[i] and -np.inf < value < 0)
        cells = table[i][side] if left is None else table[i][side, left]
        held = cells >= synthetic[i][side, row] if is_number[i] and value > -np.inf else cells == value
        left = np.flatnonzero(held) if left is None else left[held]
        if not len(left):
            return 0, -1
    assert left is not None
    return len(left), int(left[0])
