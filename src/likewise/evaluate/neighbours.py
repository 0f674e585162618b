"""Nearest real rows of synthetic rows, quickly and in bounded memory.

Rows become vectors: a number is its distance from the real median in units of the real 1-99 % range, with a flag of
its own for missing; a level is one-hot. The metric is Euclidean on these vectors, so a differing level weighs 2 in
the square and a number the square of its difference: this one is a matrix product away, and ranks neighbours nearly
as Gower's distance does. A column of more than 64 levels gets a fixed random sign vector of length 1 per level in
place of the one-hot: equal levels are at distance 0, different ones at 2 give or take 0.25, squared.

Legend: n rows, W width of a vector.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.evaluate.tables import Typed, TypedColumn

Vectors = npt.NDArray[np.float32]
MOST_ONE_HOT = 64
MOST_WIDTH = 1_024
TILE_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Embedding:
    """How the columns of one schema become vectors; made from real rows with `fit_embedding`.

    Args:
        blocks: per column either (median, range) of a number, or (K + 1, width) vectors of the codes.
    """

    blocks: tuple[tuple[float, float] | Vectors, ...]

    @property
    def width(self) -> int:
        return sum(2 if isinstance(b, tuple) else b.shape[1] for b in self.blocks)

    @property
    def spans(self) -> list[slice]:
        """Where each column stands in a vector."""
        widths = [2 if isinstance(b, tuple) else b.shape[1] for b in self.blocks]
        ends = np.cumsum(widths)
        return [slice(int(end - width), int(end)) for end, width in zip(ends, widths, strict=True)]

    def __call__(self, table: Typed) -> Vectors:
        """(n, W) float32."""
        out = np.empty((table.n, self.width), dtype=np.float32)
        at = 0
        for block, column in zip(self.blocks, table.columns, strict=True):
            if isinstance(block, tuple):
                missing = column.missing
                out[:, at] = np.where(missing, 0.0, (column.values - block[0]) / block[1])
                out[:, at + 1] = missing
                at += 2
            else:
                out[:, at : at + block.shape[1]] = block[column.values]
                at += block.shape[1]
        return out


def fit_embedding(real: Typed) -> Embedding:
    """The embedding of tables typed together with `real`; scales come from `real` alone."""
    n_levels = max(1, sum(not c.is_number for c in real.columns))
    n_numbers = sum(c.is_number for c in real.columns)
    # Wide tables: fewer signs per level column; their errors average out over the columns.
    most = max(8, min(MOST_ONE_HOT, (MOST_WIDTH - 2 * n_numbers) // n_levels))
    return Embedding(tuple(_scale(c) if c.is_number else _level_vectors(c.size, most) for c in real.columns))


def _scale(column: TypedColumn) -> tuple[float, float]:
    present = column.present
    if not len(present):
        return 0.0, 1.0
    low, middle, high = np.quantile(present, [0.01, 0.5, 0.99])
    width = high - low or np.ptp(present) or 1.0
    return float(middle), float(width)


def _level_vectors(size: int, most: int) -> Vectors:
    if size <= most:
        return np.eye(size, dtype=np.float32)
    signs = np.random.default_rng(size).integers(0, 2, (size, most)) * 2 - 1
    return np.asarray(signs / np.sqrt(most), dtype=np.float32)


def closeness_tiles(queries: Vectors, targets: Vectors) -> Iterator[tuple[slice, Vectors]]:
    """Tiles (rows of queries, their closeness to every target): half the squared query less half the squared distance.

    Tiles hold 32 MB. The one place where all pairs are met: a matrix product.
    """
    half = 0.5 * np.square(targets).sum(1)
    columns = np.ascontiguousarray(targets.T)
    step = max(1, TILE_BYTES // (4 * max(len(targets), 1)))
    for start in range(0, len(queries), step):
        part = slice(start, min(start + step, len(queries)))
        closeness = queries[part] @ columns
        closeness -= half
        yield part, closeness


def nearest(queries: Vectors, targets: Vectors) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """For each query the index of the nearest target (the first of equals) and the distance to it.

    Found by matrix products, so "nearest" holds to the rounding of float32 (about 0.001); the distance is then
    computed anew from the two rows, so that equal rows are at exactly 0.
    """
    index = np.empty(len(queries), dtype=np.int64)
    for part, closeness in closeness_tiles(queries, targets):
        index[part] = closeness.argmax(1)
    return index, _gaps(queries, targets, index)


def nearest_few(
    queries: Vectors, targets: Vectors, k: int, *, same: bool = False
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The k nearest targets of each query in rising distance: indices and distances, both (n, k).

    One candidate more than asked for is measured anew from the two rows, so that rounding in the matrix product does
    not decide between rows which nearly coincide.

    Args:
        same: the two are the same rows, and none is its own neighbour.
    """
    k = min(k, len(targets) - same)
    n_candidates = min(k + 1, len(targets) - same)
    index = np.empty((len(queries), n_candidates), dtype=np.int64)
    for part, closeness in closeness_tiles(queries, targets):
        rows = np.arange(len(closeness))
        if same:
            closeness[rows, rows + part.start] = -np.inf
        for place in range(n_candidates):  # a few passes are quicker than a partition while k is small
            best = closeness.argmax(1)
            index[part, place] = best
            closeness[rows, best] = -np.inf
    distance = np.column_stack([_gaps(queries, targets, index[:, place]) for place in range(n_candidates)])
    order = np.argsort(distance, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(index, order, 1), np.take_along_axis(distance, order, 1)


def _gaps(queries: Vectors, targets: Vectors, index: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """(n,) exact distance of each query to its target, in bounded memory."""
    distance = np.empty(len(queries))
    step = max(1, TILE_BYTES // (8 * max(queries.shape[1], 1)))
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        distance[part] = np.sqrt(np.square(queries[part] - targets[index[part]], dtype=np.float64).sum(1))
    return distance
