"""Column shapes and pair trends: how alike the columns are one by one, and two by two.

`gap` judges pairs by ranks and by quantiles of the real table, so that no extreme value moves it.

`shape` and `trend` are one minus the column and pair scores of sdmetrics' quality report over all columns and pairs,
equal to it on ordinary tables. Its rule of bins is included: numbers beside levels are cut into ten equal widths of
*their own* table's range, with missing beside the greatest value, so that one outlier may decide; a table of shuffled
columns can look better than fresh rows. `trend_linked` is the mean over the pairs that hang together in the real table,
|r| > 0.4 or Cramer's V > 0.3: what that report gives since it has these bounds by default.
NOTE[DIFF] where that report drops a column or pair out of the mean, because
the synthetic side is all missing or constant, ours counts it as the error it is.

Cost: one pass over the rows per pair, on small integer codes. Correlations of all number pairs are matrix products.

Legend: n rows, C number columns, K codes of a column (missing included).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.evaluate.chance import Dealt
from likewise.evaluate.results import PairScore
from likewise.evaluate.tables import FloatArray, IntArray, Typed, TypedColumn

Codes = npt.NDArray[np.int32]
"""Of a million rows and many columns, all at once: half of what numpy takes by itself."""
N_BINS = 10
ASSOCIATION_LEVELS = 50
MAX_PAIRS = 5_000
N_STEPS = 100
MOST_RANKED = 24
"""Columns of numbers whose pairs are dealt out, at most."""
LINKED_CORRELATION = 0.4
LINKED_ASSOCIATION = 0.3


@dataclass(frozen=True)
class Fidelity:
    """How far one table is from the real one.

    Args:
        columns: error of each column, NaN where neither table holds a value.
        pairs: the pairs measured; of very many pairs of numbers those whose `gap` is greatest.
        shape: mean error of the columns; NaN when nothing could be measured, as all means here.
        gap: mean gap of the pairs: rank correlations, and counts on quantiles of the real table.
        gap_linked: the same over the pairs that hang together in the real table.
        trend, trend_linked: the same by sdmetrics' rules: Pearson's r, and counts on each table's own equal widths.
        deviation: standard error of `gap` from measuring a sample of the pairs; 0 when all were.
        n_measured, n_pairs: how many pairs were measured, and how many there are.
    """

    columns: tuple[float, ...]
    pairs: tuple[PairScore, ...]
    shape: float
    gap: float
    gap_linked: float
    trend: float
    trend_linked: float
    deviation: float
    n_measured: int
    n_pairs: int


@dataclass(frozen=True)
class _Pairs:
    """(P,) pairs as arrays: what each measure says, and which pairs it takes to hang together in the real table."""

    error: FloatArray
    gap: FloatArray
    linked: npt.NDArray[np.bool_]
    gap_linked: npt.NDArray[np.bool_]
    score: Callable[[int], PairScore]
    """What is told of one of them."""


def fidelity(
    real: Typed, others: Sequence[Typed], *, max_pairs: int = MAX_PAIRS, rng: np.random.Generator
) -> list[Fidelity]:
    """Columns and pairs of each of `others` against `real`. The real side is counted once.

    Args:
        max_pairs: contingency pairs measured at most; beyond, a random sample with a stated error.
    """
    shapes = _shapes(real, others)
    numbers = [i for i, c in enumerate(real.columns) if c.is_number]
    mixed = _mixed_pairs(real)
    chosen = mixed
    if len(mixed) > max_pairs:
        chosen = mixed[np.sort(rng.choice(len(mixed), max_pairs, replace=False))]
    of_numbers = _correlation_pairs(real, others, numbers)
    contingencies = _contingency_pairs(real, others, chosen)
    return [
        _gather(shape, pairs, tables, len(mixed), max_pairs)
        for shape, pairs, tables in zip(shapes, of_numbers, contingencies, strict=True)
    ]


def _mixed_pairs(table: Typed) -> IntArray:
    """(P, 2) the pairs of columns that are not both numbers."""
    is_number = np.array([c.is_number for c in table.columns], bool)
    pairs = np.stack(np.triu_indices(len(is_number), 1), axis=1)
    return pairs[~is_number[pairs].all(1)]


def _gather(shape: list[float], numbers: _Pairs, mixed: _Pairs, n_mixed: int, max_pairs: int) -> Fidelity:
    defined = [e for e in shape if not math.isnan(e)]
    kept = np.argsort(-np.nan_to_num(numbers.gap), kind="stable")[:max_pairs]
    gap, deviation = _mean(numbers.gap, mixed.gap, n_mixed)
    return Fidelity(
        columns=tuple(shape),
        pairs=tuple(part.score(int(k)) for part, at in
                    ((numbers, np.sort(kept)), (mixed, range(len(mixed.gap)))) for k in at),
        shape=float(np.mean(defined)) if defined else math.nan,
        gap=gap,
        gap_linked=_linked(numbers.gap[numbers.gap_linked], mixed.gap[mixed.gap_linked]),
        trend=_mean(numbers.error, mixed.error, n_mixed)[0],
        trend_linked=_linked(numbers.error[numbers.linked], mixed.error[mixed.linked]),
        deviation=deviation,
        n_measured=len(numbers.gap) + len(mixed.gap),
        n_pairs=len(numbers.gap) + n_mixed,
    )  # fmt: skip


def _mean(numbers: FloatArray, mixed: FloatArray, n_mixed: int) -> tuple[float, float]:
    """Mean over all pairs, those measured standing for those left out, and its standard error by that."""
    some, others = numbers[~np.isnan(numbers)], mixed[~np.isnan(mixed)]
    stands_for = n_mixed * len(others) / len(mixed) if len(mixed) else 0.0
    total = len(some) + stands_for
    if not total:
        return math.nan, 0.0
    mean = (some.sum() + stands_for * (others.mean() if len(others) else 0.0)) / total
    if not 1 < len(mixed) < n_mixed or len(others) < 2:
        return float(mean), 0.0
    left_out = 1.0 - len(mixed) / n_mixed
    return float(mean), stands_for / total * float(others.std(ddof=1)) * math.sqrt(left_out / len(others))


def _linked(*parts: FloatArray) -> float:
    values = np.concatenate(parts)
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else math.nan


# --- columns ---------------------------------------------------------------------------------------------------


def _shapes(real: Typed, others: Sequence[Typed]) -> list[list[float]]:
    errors: list[list[float]] = [[] for _ in others]
    for i, column in enumerate(real.columns):
        if column.is_number:
            ours = np.sort(column.present)
            for found, other in zip(errors, others, strict=True):
                found.append(ks_distance(ours, np.sort(other.columns[i].present)))
        else:
            counts = np.bincount(column.values, minlength=column.size)[:-1]
            for found, other in zip(errors, others, strict=True):
                theirs = np.bincount(other.columns[i].values, minlength=column.size)[:-1]
                found.append(total_variation(counts, theirs))
    return errors


def ks_distance(a: FloatArray, b: FloatArray) -> float:
    """Greatest gap between two distribution functions; a and b sorted. One empty side is 1, two are NaN.

    >>> ks_distance(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    0.5
    """
    if not len(a) or not len(b):
        return math.nan if len(a) == len(b) else 1.0
    # The gap is greatest at the end of a run of equal values of one side.
    points_a, points_b = a[np.append(a[1:] != a[:-1], True)], b[np.append(b[1:] != b[:-1], True)]
    points = np.concatenate([points_a, points_b])
    gaps = np.searchsorted(a, points, "right") / len(a) - np.searchsorted(b, points, "right") / len(b)
    return float(np.abs(gaps).max())


def total_variation(a: IntArray, b: IntArray) -> float:
    """Half the sum of differences of two tables of counts, as shares. One empty side is 1, two are NaN.

    >>> total_variation(np.array([1, 1]), np.array([3, 1]))
    0.25
    """
    n_a, n_b = a.sum(), b.sum()
    if n_a == 0 or n_b == 0:
        return math.nan if n_a == n_b else 1.0
    return float(0.5 * np.abs(a / n_a - b / n_b).sum())


# --- pairs of numbers ------------------------------------------------------------------------------------------


def _correlation_pairs(real: Typed, others: Sequence[Typed], numbers: list[int]) -> list[_Pairs]:
    ours = [real.columns[i] for i in numbers]
    a, b = np.triu_indices(len(numbers), 1)
    r_real, rank_real = (correlations(c)[a, b] if len(a) else np.zeros(0) for c in (ours, ranked(ours)))
    found = []
    for other in others:
        theirs = [other.columns[i] for i in numbers]
        r_other, rank_other = (correlations(c)[a, b] if len(a) else np.zeros(0) for c in (theirs, ranked(theirs)))
        # A column that varies in the real table only has lost its links: they count as 0.
        error, gap = (
            np.abs(was - np.where(np.isnan(now), 0.0, now)) / 2.0
            for was, now in ((r_real, r_other), (rank_real, rank_other))
        )

        def score(k: int, error: FloatArray = error, gap: FloatArray = gap, r_other: FloatArray = r_other) -> PairScore:
            return PairScore(
                a=ours[a[k]].name, b=ours[b[k]].name, measure="correlation", error=_number(error[k]),
                gap=_number(gap[k]), real=_number(r_real[k]), synthetic=_number(r_other[k]),
                linked=bool(abs(r_real[k]) > LINKED_CORRELATION),
            )  # fmt: skip

        with np.errstate(invalid="ignore"):
            linked, rank_linked = (np.abs(r) > LINKED_CORRELATION for r in (r_real, rank_real))
        found.append(_Pairs(error, gap, linked, rank_linked, score))
    return found


def ranked(columns: Sequence[TypedColumn]) -> list[TypedColumn]:
    """The columns with ranks for values: among its own a value far out is one step from the next."""
    ranks = [pl.Series(c.values).fill_nan(None).rank("average").cast(pl.Float64).to_numpy() for c in columns]
    return [replace(c, values=r) for c, r in zip(columns, ranks, strict=True)]


def correlations(columns: Sequence[TypedColumn]) -> FloatArray:
    """Pearson's r of every pair over the rows where both are present; NaN where either is constant there.

    Shape: C columns of n rows -> (C, C).
    """
    x = np.column_stack([c.values for c in columns]).astype(np.float64, copy=False)
    there = ~np.isnan(x)
    x[~there] = 0.0
    counts = np.maximum(there.sum(0), 1)
    # Centred and scaled first, so that the sums below are of numbers near 1.
    x -= x.sum(0) / counts
    x[~there] = 0.0
    spread = np.sqrt(np.square(x).sum(0) / counts)
    x /= np.where(spread > 0, spread, 1.0)
    if there.all():
        r = x.T @ x / len(x) if len(x) else np.full((len(columns),) * 2, np.nan)
        constant = spread == 0
        r[constant, :] = r[:, constant] = np.nan
        return np.asarray(np.clip(r, -1.0, 1.0))
    m = there.astype(np.float64)
    n, s, q, p = m.T @ m, x.T @ m, np.square(x).T @ m, x.T @ x  # (C, C): s[i, j] sums column i where j is present
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = p - s * s.T / n
        variance = q - s * s / n
        variance[variance <= 1e-12 * q] = 0.0
        r = covariance / np.sqrt(variance * variance.T)
    r[(n < 2) | ~np.isfinite(r)] = np.nan
    return np.asarray(np.clip(r, -1.0, 1.0))


# --- any other pair --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Coded:
    """One column as codes, twice: as the trend counts it, and with few bins shared by both tables for Cramer's V."""

    trend: Codes
    size: int
    link: Codes
    link_size: int


def _contingency_pairs(real: Typed, others: Sequence[Typed], pairs: IntArray) -> list[_Pairs]:
    used = np.unique(pairs).tolist()
    coders = {i: link_coder(real.columns[i]) for i in used}
    tables = [{i: _code(t.columns[i], *coders[i]) for i in used} for t in (real, *others)]
    found: list[list[PairScore]] = [[] for _ in others]
    for i, j in pairs.tolist():
        ours, *theirs = ((t[i], t[j]) for t in tables)
        counts, *others_counts = _joint_counts([ours, *theirs])
        linked = _association(ours, counts) > LINKED_ASSOCIATION
        shared = _link_counts(*ours)
        strength = cramers_v(shared)
        for pairs_of, (a, b), their_counts in zip(found, theirs, others_counts, strict=True):
            their_shared = _link_counts(a, b)
            pairs_of.append(
                PairScore(
                    a=real.columns[i].name,
                    b=real.columns[j].name,
                    measure="contingency",
                    error=_number(total_variation(counts.counts, their_counts.counts)),
                    gap=_number(total_variation(shared, their_shared)),
                    real=strength,
                    synthetic=cramers_v(their_shared),
                    linked=linked,
                )
            )
    return [_as_pairs(scores) for scores in found]


def _as_pairs(scores: list[PairScore]) -> _Pairs:
    error, gap = (np.array([np.nan if v is None else v for v in values], np.float64)
                  for values in ([p.error for p in scores], [p.gap for p in scores]))  # fmt: skip
    linked = np.array([p.linked for p in scores], bool)
    strong = np.array([(p.real or 0.0) > LINKED_ASSOCIATION for p in scores], bool)
    return _Pairs(error, gap, linked, strong, scores.__getitem__)


def _code(column: TypedColumn, edges: FloatArray | None, ranks: Codes | None, link_size: int) -> _Coded:
    if column.is_number:
        return _Coded(equal_width_codes(column.values), N_BINS + 2, _quantile_codes(column, edges), link_size)
    assert ranks is not None
    return _Coded(column.values, column.size, ranks[column.values], link_size)


def equal_width_codes(values: FloatArray) -> Codes:
    """Codes 0 .. 11 of ten equal widths of the column's own range; the greatest value and missing share the last."""
    present = values[~np.isnan(values)]
    if not len(present):
        return np.full(len(values), N_BINS + 1, dtype=np.int32)
    try:
        edges = np.histogram_bin_edges(present, bins=N_BINS)
    except ValueError:  # a range so narrow beside its place that ten floats do not fit into it
        edges = np.unique(np.linspace(present.min(), present.max(), N_BINS + 1))
    codes = np.digitize(values, edges).astype(np.int32)
    codes[np.isnan(values)] = N_BINS + 1
    return codes


def link_coder(column: TypedColumn) -> tuple[FloatArray | None, Codes | None, int]:
    """How a real column becomes at most 50 codes: quantile edges, or the most frequent levels and the rest."""
    if column.is_number:
        present = column.present
        edges = np.unique(np.quantile(present, np.linspace(0, 1, N_BINS + 1)[1:-1])) if len(present) else np.zeros(0)
        return edges, None, len(edges) + 2
    counts = np.bincount(column.values, minlength=column.size)
    order = np.argsort(-counts, kind="stable")
    ranks = np.empty(column.size, dtype=np.int32)
    ranks[order] = np.minimum(np.arange(column.size), ASSOCIATION_LEVELS - 1)
    return None, ranks, min(column.size, ASSOCIATION_LEVELS)


def _quantile_codes(column: TypedColumn, edges: FloatArray | None) -> Codes:
    assert edges is not None
    codes = np.searchsorted(edges, column.values, side="left").astype(np.int32)
    codes[column.missing] = len(edges) + 1
    return codes


@dataclass(frozen=True)
class _Joint:
    """Counts of the cells of a joint table: all cells, or those in `cells` when the table is large beside the rows."""

    counts: npt.NDArray[np.int64]
    cells: npt.NDArray[np.int64] | None


def _joint_counts(pairs: Sequence[tuple[_Coded, _Coded]]) -> list[_Joint]:
    """The same two columns in several tables, counted over the same cells."""
    (a, b), *_ = pairs
    n_cells, n_rows = a.size * b.size, sum(len(x.trend) for x, _ in pairs)
    keys = [(x.trend if n_cells < 2**31 else x.trend.astype(np.int64)) * b.size + y.trend for x, y in pairs]
    if n_cells <= 4 * n_rows + 10_000:
        return [_Joint(np.bincount(k, minlength=n_cells), None) for k in keys]
    cells, places = np.unique(np.concatenate(keys), return_inverse=True)
    parts = np.split(places, np.cumsum([len(k) for k in keys])[:-1])
    return [_Joint(np.bincount(p, minlength=len(cells)), cells) for p in parts]


def _association(pair: tuple[_Coded, _Coded], joint: _Joint) -> float:
    """Cramer's V, without correction, of the table that the trend counts; 0 when a column is constant."""
    a, b = pair
    filled = np.flatnonzero(joint.counts)
    cells, counts = filled if joint.cells is None else joint.cells[filled], joint.counts[filled].astype(np.float64)
    if joint.cells is None:
        table = joint.counts.reshape(a.size, b.size)
        rows, columns = table.sum(1), table.sum(0)
    else:
        rows, columns = np.bincount(a.trend, minlength=a.size), np.bincount(b.trend, minlength=b.size)
    least = min(np.count_nonzero(rows), np.count_nonzero(columns)) - 1
    if least < 1:
        return 0.0
    i, j = np.divmod(cells, b.size)
    phi2 = float((counts * counts / (rows[i] * columns[j].astype(np.float64))).sum()) - 1.0
    return math.sqrt(max(0.0, phi2) / least)


def _link_counts(a: _Coded, b: _Coded) -> npt.NDArray[np.int64]:
    """(A, B) joint counts over the bins that both tables share."""
    counts = np.bincount(a.link * b.link_size + b.link, minlength=a.link_size * b.link_size)
    return counts.reshape(a.link_size, b.link_size)


def cramers_v(counts: npt.NDArray[np.int64]) -> float | None:
    """Bias-corrected Cramer's V of a table of counts (Bergsma, 2013); None when either side is constant.

    >>> cramers_v(np.array([[50, 0], [0, 50]]))
    1.0
    """
    table = counts.astype(np.float64)
    n, rows, columns = table.sum(), table.sum(1), table.sum(0)
    rows, columns, table = rows[rows > 0], columns[columns > 0], table[np.ix_(rows > 0, columns > 0)]
    r, c = len(rows), len(columns)
    if min(r, c) < 2 or n < 2:
        return None
    phi2 = float((np.square(table) / np.outer(rows, columns)).sum() - 1.0)
    phi2 = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    r, c = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    least = min(r, c) - 1
    return min(1.0, math.sqrt(phi2 / least)) if least > 0 else None


# --- beside fresh rows, as dealt ---------------------------------------------------------------------------------


def columns_apart(dealt: Dealt) -> list[FloatArray]:
    """How much farther single columns of the synthetic rows are from the real ones than those of fresh rows are."""
    found = []
    for real, pool in zip(dealt.real.columns, dealt.pool.columns, strict=True):
        if not real.is_number:
            found.append(dealt.apart(real.values, pool.values, real.size - 1))
        elif len(real.present):
            edges = np.unique(np.quantile(real.present, np.linspace(0, 1, N_STEPS + 1)[1:-1]))
            a, b = (np.where(c.missing, len(edges) + 1, np.searchsorted(edges, c.values)) for c in (real, pool))
            found.append(dealt.apart(a, b, len(edges) + 1, ordered=True))
    return found


def missing_apart(dealt: Dealt) -> list[FloatArray]:
    """The same of the shares of missing values."""
    both = zip(dealt.real.columns, dealt.pool.columns, strict=True)
    return [dealt.apart(a.missing.astype(np.int64), b.missing.astype(np.int64), 2) for a, b in both]


def pairs_apart(dealt: Dealt, rng: np.random.Generator) -> dict[str, FloatArray]:
    """The same of pairs, all of them ("trend") and those that hang together in the real rows ("trend_linked")."""
    numbers = [i for i, c in enumerate(dealt.real.columns) if c.is_number]
    mixed = _mixed_pairs(dealt.real)
    parts = [
        (math.comb(len(numbers), 2), *_ranks_apart(dealt, rng.permutation(numbers)[:MOST_RANKED])),
        (len(mixed), *_counts_apart(dealt, mixed[rng.permutation(len(mixed))])),
    ]
    found = {}
    for name in ("trend", "trend_linked"):
        # Each kind of pair stands for as many as there are of it.
        kept = [(n * (on := linked | (name == "trend")).mean(), apart[on].mean(0))
                for n, apart, linked in parts if n and (linked | (name == "trend")).any()]  # fmt: skip
        if kept:
            found[name] = np.average([apart for _, apart in kept], axis=0, weights=[weight for weight, _ in kept])
    return found


def _ranks_apart(dealt: Dealt, numbers: IntArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """(P, 1 + B) of pairs of numbers, and which hang together; by ranks among the real rows."""
    a, b = np.triu_indices(len(numbers), 1)
    if not len(a):
        return np.zeros((0, dealt.hands.shape[1])), np.zeros(0, bool)
    real, pool = ([t.columns[i] for i in numbers] for t in (dealt.real, dealt.pool))
    placed = [replace(c, values=_placed(r.present, c.values)) for r, c in zip(real, pool, strict=True)]
    ours, apart = correlations(ranked(real))[a, b], []
    for hand in dealt.hands.T > 0.0:
        theirs = [correlations([replace(c, values=c.values[rows]) for c in placed])[a, b] for rows in (hand, ~hand)]
        gaps = [np.abs(ours - np.nan_to_num(r)) / 2.0 for r in theirs]
        apart.append(np.nan_to_num(gaps[0] - gaps[1]))
    return np.stack(apart, axis=1), np.abs(np.nan_to_num(ours)) > LINKED_CORRELATION


def _placed(real: FloatArray, values: FloatArray) -> FloatArray:
    """Where values lie among the real ones; NaN where missing."""
    ordered = np.sort(real)
    places = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return np.where(np.isnan(values), np.nan, places)


def _counts_apart(dealt: Dealt, pairs: IntArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """(P, 1 + B) of any other pairs, as many as can be counted, and which hang together."""
    pairs = pairs[: dealt.affordable(len(pairs))]
    coders = {int(i): link_coder(dealt.real.columns[i]) for i in np.unique(pairs)}
    real, pool = ({i: _code(t.columns[i], *coders[i]) for i in coders} for t in (dealt.real, dealt.pool))
    apart, linked = np.zeros((len(pairs), dealt.hands.shape[1])), np.zeros(len(pairs), bool)
    for k, (i, j) in enumerate(pairs.tolist()):
        size = real[i].link_size * real[j].link_size
        cells = [t[i].link * t[j].link_size + t[j].link for t in (real, pool)]
        apart[k] = dealt.apart(cells[0], cells[1], size)
        linked[k] = (cramers_v(_link_counts(real[i], real[j])) or 0.0) > LINKED_ASSOCIATION
    return apart, linked


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
