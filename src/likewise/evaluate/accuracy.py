"""Accuracy of one, two and three columns at a time: the overlap of the tables of counts, on bins that people can read.

The measure of mostlyai-qa (Apache-2.0, by its published formula): 1 - half the summed difference of the shares of all
cells. A number is cut at ten quantiles of the real rows, of a level column the ten most frequent with at least five
rows stand for themselves and the rest share a cell; missing is a cell.

Legend: n rows, C columns, K codes of a column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from likewise.evaluate.chance import Dealt
from likewise.evaluate.tables import FloatArray, Typed, TypedColumn

N_BINS = 10
LEAST_ROWS = 5
MOST_TUPLES = {1: 100_000, 2: 5_000, 3: 10_000}
MOST_WORK = 150_000_000

Codes = npt.NDArray[np.integer]
"""Of 16 bits, which is wide enough for the cells of three columns."""


@dataclass(frozen=True)
class Accuracy:
    """Overlap over all tuples of `order` columns.

    Args:
        value: mean over the tuples measured.
        deviation: standard error of having measured a sample of the tuples; 0 when all were.
        measured, total: tuples.
    """

    order: int
    value: float
    deviation: float
    measured: int
    total: int


@dataclass(frozen=True)
class Binned:
    """A table as bins: (C, n) codes and the number of bins of each column."""

    codes: tuple[Codes, ...]
    sizes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.codes[0])


def binned(real: Typed, others: Sequence[Typed], n_bins: int = N_BINS) -> list[Binned]:
    """Real and other tables on bins made from the real one alone."""
    tables: list[list[Codes]] = [[] for _ in (real, *others)]
    sizes = []
    for i, column in enumerate(real.columns):
        edges, place, size = _bins_of(column, n_bins)
        sizes.append(size)
        for codes, table in zip(tables, (real, *others), strict=True):
            codes.append(_coded(table.columns[i], edges, place))
    return [Binned(tuple(codes), tuple(sizes)) for codes in tables]


def _bins_of(column: TypedColumn, n_bins: int) -> tuple[npt.NDArray[np.float64], Codes, int]:
    """Inner edges of a number column, or the bin of each level; and how many bins there are, missing included."""
    none = np.zeros(0, dtype=np.int16)
    if column.is_number:
        present = column.present
        inner = np.quantile(present, np.linspace(0, 1, n_bins + 1)[1:-1]) if len(present) else np.zeros(0)
        edges = np.unique(inner)
        return edges, none, len(edges) + 2
    counts = np.bincount(column.values, minlength=column.size)[:-1]
    kept = np.argsort(-counts, kind="stable")[:n_bins]
    kept = kept[counts[kept] >= LEAST_ROWS]
    place = np.full(column.size, len(kept), dtype=np.int16)
    place[kept] = np.arange(len(kept))
    place[-1] = len(kept) + 1
    return np.zeros(0), place, len(kept) + 2


def _coded(column: TypedColumn, edges: npt.NDArray[np.float64], place: Codes) -> Codes:
    if not column.is_number:
        return np.asarray(place[column.values])
    codes = np.searchsorted(edges, column.values, side="right").astype(np.int16)
    codes[column.missing] = len(edges) + 1
    return codes


def accuracy(
    real: Binned, synthetic: Binned, order: int, rng: np.random.Generator, *, most: int | None = None
) -> Accuracy | None:
    """The overlap of all tuples of `order` columns, or of a random sample of them where there are very many.

    None for fewer columns than that.
    """
    n_columns = len(real.sizes)
    total = math.comb(n_columns, order)
    if total == 0:
        return None
    most = min(most or MOST_TUPLES[order], max(30, MOST_WORK // (len(real) + len(synthetic))))
    tuples = list(_tuples(n_columns, order, total, most, rng))
    found = np.array([_overlap(real, synthetic, columns) for columns in tuples])
    deviation = 0.0
    if 1 < len(tuples) < total:
        deviation = float(found.std(ddof=1)) * math.sqrt((1.0 - len(tuples) / total) / len(tuples))
    return Accuracy(order, float(found.mean()), deviation, len(tuples), total)


def _tuples(n_columns: int, order: int, total: int, most: int, rng: np.random.Generator) -> Sequence[tuple[int, ...]]:
    if total <= most:
        return list(combinations(range(n_columns), order))
    chosen: dict[tuple[int, ...], None] = {}
    while len(chosen) < most:
        chosen[tuple(sorted(rng.choice(n_columns, order, replace=False).tolist()))] = None
    return list(chosen)


def overlap_apart(dealt: Dealt, order: int, rng: np.random.Generator) -> list[FloatArray]:
    """How much less the synthetic rows overlap with real ones than fresh rows do, by tuples of columns, as dealt."""
    real, pool = binned(dealt.real, [dealt.pool])
    total = math.comb(len(real.sizes), order)
    return [
        dealt.apart(_cells(real, columns), _cells(pool, columns), math.prod(real.sizes[i] for i in columns))
        for columns in _tuples(len(real.sizes), order, total, dealt.affordable(total), rng)
    ]


def _overlap(real: Binned, synthetic: Binned, columns: Sequence[int]) -> float:
    """Overlap of one tuple."""
    size = math.prod(real.sizes[i] for i in columns)
    a, b = (np.bincount(_cells(t, columns), minlength=size) / len(t) for t in (real, synthetic))
    return 1.0 - 0.5 * float(np.abs(a - b).sum())


def _cells(table: Binned, columns: Sequence[int]) -> Codes:
    first, *rest = columns
    cells = table.codes[first]
    for i in rest:
        cells = cells * table.sizes[i] + table.codes[i]
    return cells


def mutual_information(table: Binned, a: int, b: int) -> float | None:
    """Mutual information of two columns on their bins, in units of the lesser entropy; None where one is constant."""
    size = table.sizes[a] * table.sizes[b]
    joint = np.bincount(_cells(table, (a, b)), minlength=size).reshape(table.sizes[a], table.sizes[b]) / len(table)
    x, y = joint.sum(1), joint.sum(0)
    least = min(_entropy(x), _entropy(y))
    return max(0.0, _entropy(x) + _entropy(y) - _entropy(joint.ravel())) / least if least > 1e-12 else None


def _entropy(shares: npt.NDArray[np.float64]) -> float:
    there = shares[shares > 0]
    return float(-(there * np.log(there)).sum())
