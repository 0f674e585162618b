"""Nearest real rows of synthetic rows, quickly and in bounded memory.

Rows become vectors: a number is its distance from the real median in units of the real 1-99 % range, with a flag of
its own for missing; a level is one-hot. The metric is Euclidean on these vectors, so a differing level weighs 2 in
the square and a number the square of its difference: this one is a matrix product away, and ranks neighbours nearly
as Gower's distance does. A column of more than 64 levels gets a fixed random sign vector of length 1 per level in
place of the one-hot: equal levels are at distance 0, different ones at 2 give or take 0.25, squared.

Legend: n rows, W width of a vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.evaluate.tables import Typed, TypedColumn
from likewise.evaluate.threads import allowed, side_by_side

Vectors = npt.NDArray[np.float32]
MOST_ONE_HOT = 64
MOST_WIDTH = 1_024
TILE_BYTES = 8 * 2**20
CHUNK = 4_096
LEAST_CHUNKS = 4
"""Of a thread: with fewer it is not worth its start."""
MOST_FLOATS = 2**27
MOST_WORK = 1e11
"""Of one search, in products of numbers: some four seconds of one processor."""
MOST_EXACT = 3e10
SKETCH, CANDIDATES = 48, 16
"""A search of more products than the first meets so many random directions of each vector, and measures the distance to
so many candidates. Of 200,000 rows of 20 columns these hold the nearest row, or one that is 2.5 % farther on average.
Which it is hangs on no row's side, so that what attacks find by chance stays even; and a copy, or what is nearer than
half the way to any other row, is as good as always among them."""


def searchable(table: Typed, width: int, rng: np.random.Generator, *, shuffled: bool = False) -> tuple[Typed, float]:
    """The rows to search among, and their share: all of them, but of tables where the fewest questions take long.

    Args:
        shuffled: in random order, so that which of equally near rows counts is chance.
    """
    most = max(1, MOST_FLOATS // max(width, 1))
    kept = table.take(rng.permutation(len(table))[:most]) if shuffled else table.sample(most, rng)
    return kept, len(kept) / max(len(table), 1)


def affordable(n_targets: int, width: int, *, least: int, most: int, more: float = 1.0) -> int:
    """How many rows may ask for their neighbours among so many. Fewer questions make a figure less sure, while a row
    that was not searched hides its copies: so what is asked is cut and what is searched is not.

    Args:
        more: how many times the work of one search it may be.
    """
    return int(np.clip(more * MOST_WORK / (max(n_targets, 1) * (width + 30)), least, most))


@dataclass(frozen=True)
class Embedding:
    """How the columns of one schema become vectors; made from real rows with `fit_embedding`.

    Args:
        blocks: per column either (median, range) of a number, or (K + 1, width) vectors of the codes.
        names: the columns.
    """

    blocks: tuple[tuple[float, float] | Vectors, ...]
    names: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return sum(2 if isinstance(b, tuple) else b.shape[1] for b in self.blocks)

    @property
    def spans(self) -> list[slice]:
        """Where each column stands in a vector."""
        widths = [2 if isinstance(b, tuple) else b.shape[1] for b in self.blocks]
        ends = np.cumsum(widths)
        return [slice(int(end - width), int(end)) for end, width in zip(ends, widths, strict=True)]

    def of(self, columns: Sequence[int]) -> Embedding:
        """The embedding of these columns alone, in their order."""
        return Embedding(tuple(self.blocks[i] for i in columns), tuple(self.names[i] for i in columns))

    def __call__(self, table: Typed) -> Vectors:
        """(n, W) float32, a column after the other in memory: so they are filled, and multiplied, fastest."""
        out = np.zeros((self.width, table.n), dtype=np.float32)
        for span, block, column in zip(self.spans, self.blocks, table.columns, strict=True):
            part = out[span]
            if isinstance(block, tuple):
                missing = column.missing
                part[0] = np.where(missing, 0.0, (column.values - block[0]) / block[1])
                part[1] = missing
            elif len(block) == block.shape[1]:  # one-hot
                part[column.values, np.arange(table.n)] = 1.0
            else:
                np.take(block.T, column.values, axis=1, out=part)
        return out.T


@dataclass(frozen=True)
class Embedded:
    """A table that becomes vectors where rows are asked for: those of a million rows would fill the memory."""

    embed: Embedding
    table: Typed

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, rows: slice | npt.NDArray[np.integer]) -> Vectors:
        return self.embed(self.table.take(rows))


Targets = Vectors | Embedded


def some_of(targets: Targets, rows: npt.NDArray[np.integer]) -> Targets:
    """Some of the rows, still to be made vectors where all were."""
    return Embedded(targets.embed, targets.table.take(rows)) if isinstance(targets, Embedded) else targets[rows]


def keys_of(targets: Targets) -> npt.NDArray[np.uint64]:
    """(n,) the same number for equal rows."""
    if isinstance(targets, Embedded):
        frame = pl.DataFrame({str(i): column.values for i, column in enumerate(targets.table.columns)})
    else:
        frame = pl.from_numpy(targets)
    return frame.hash_rows().to_numpy()


def fit_embedding(real: Typed) -> Embedding:
    """The embedding of tables typed together with `real`; scales come from `real` alone."""
    n_levels = max(1, sum(not c.is_number for c in real.columns))
    n_numbers = sum(c.is_number for c in real.columns)
    # Wide tables: fewer signs per level column; their errors average out over the columns.
    most = max(8, min(MOST_ONE_HOT, (MOST_WIDTH - 2 * n_numbers) // n_levels))
    blocks = tuple(_scale(c) if c.is_number else _level_vectors(c.size, most) for c in real.columns)
    return Embedding(blocks, tuple(c.name for c in real.columns))


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


def closeness_tiles(
    queries: Vectors, targets: Vectors, scratch: Vectors | None = None
) -> Iterator[tuple[slice, Vectors]]:
    """Tiles (rows of queries, their closeness to every target): half the squared query less half the squared distance.

    Tiles hold 8 MB, and each takes the place of the one before: new memory for each takes as long as the product does.
    The one place where all pairs are met: a matrix product.

    Args:
        scratch: `tile_space`, for who meets many targets in turn.
    """
    used = queries.any(axis=0)  # what is 0 in every query (a level that none has, the flag of a missing number) adds 0
    columns = with_half_square(targets, used)
    queries = np.ascontiguousarray(np.concatenate([queries[:, used], np.ones((len(queries), 1), np.float32)], axis=1))
    step = max(1, TILE_BYTES // (4 * max(len(targets), 1)))
    scratch = tile_space(len(targets)) if scratch is None else scratch
    for start in range(0, len(queries), step):
        part = slice(start, min(start + step, len(queries)))
        tile = scratch[: (part.stop - start) * len(targets)].reshape(part.stop - start, len(targets))
        yield part, np.matmul(queries[part], columns, out=tile)


def tile_space(n_targets: int = 1) -> Vectors:
    """Memory for the tiles of so many targets at a time."""
    return np.empty(max(TILE_BYTES // 4, n_targets), dtype=np.float32)


def with_half_square(targets: Vectors, used: Any = slice(None)) -> Vectors:
    """(W + 1, n) what rows beside a query and a 1 are multiplied by to give their closeness; of all W or those used."""
    return np.concatenate([targets.T[used], -0.5 * np.square(targets).sum(1)[None]])


def chunks_of(targets: Targets, starts: range) -> Iterator[tuple[int, Vectors]]:
    """(first, rows) of the targets in turn, so few that a tile holds hundreds of queries: else products are slow."""
    for start in starts:
        yield start, targets[start : start + CHUNK]


def shares_of(targets: Targets) -> list[range]:
    """Where the chunks of the targets begin, a share for each thread. What is found hangs on the chunks alone."""
    starts = range(0, len(targets), CHUNK)
    n = max(1, min(allowed(), len(starts) // LEAST_CHUNKS))
    return [starts[len(starts) * i // n : len(starts) * (i + 1) // n] for i in range(n)]


def nearest(queries: Vectors, targets: Targets) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """For each query the index of the nearest target (the first of equals) and the distance to it.

    Found by matrix products, so "nearest" holds to the rounding of float32 (about 0.001); the distance is then
    computed anew from the two rows, so that equal rows are at exactly 0.
    """
    index, distance = nearest_few(queries, targets, 1)
    return index[:, 0], distance[:, 0]


def nearest_few(
    queries: Vectors, targets: Targets, k: int, *, same: bool = False
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The k nearest targets of each query in rising distance: indices and distances, both (n, k).

    One candidate more than asked for is measured anew from the two rows, so that rounding in the matrix product does
    not decide between rows which nearly coincide. Long searches look for candidates in a sketch: see `SKETCH`.

    Args:
        same: the two are the same rows, and none is its own neighbour.
    """
    k = min(k, len(targets) - same)
    width, directions = queries.shape[1], None
    if len(queries) * len(targets) * width > MOST_EXACT and width > 2 * SKETCH:
        directions = _directions(width)
    n_candidates = min(k + (1 if directions is None else CANDIDATES), len(targets) - same)
    met = queries if directions is None else queries @ directions

    def search(starts: range) -> tuple[npt.NDArray[np.int64], Vectors]:
        index = np.zeros((len(queries), n_candidates), dtype=np.int64)
        best = np.full((len(queries), n_candidates), -np.inf, dtype=np.float32)
        scratch = tile_space()
        for first, chunk in chunks_of(targets, starts):
            rows = chunk if directions is None else chunk @ directions
            for part, closeness in closeness_tiles(met, rows, scratch):
                if same:
                    own = np.arange(part.start, part.stop)
                    here = (own >= first) & (own < first + len(chunk))
                    closeness[np.flatnonzero(here), own[here] - first] = -np.inf
                _keep_best(index[part], best[part], closeness, first)
        return index, best

    found = side_by_side([partial(search, starts) for starts in shares_of(targets)])
    index, best = (np.concatenate(each, axis=1) for each in zip(*found, strict=True))
    kept = np.lexsort((index, -best))[:, :n_candidates]  # the closest of all shares; of equals the first
    index = np.sort(np.take_along_axis(index, kept, 1), axis=1)
    distance = np.column_stack([_gaps(queries, targets, index[:, place]) for place in range(n_candidates)])
    order = np.argsort(distance, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(index, order, 1), np.take_along_axis(distance, order, 1)


def _directions(width: int) -> Vectors:
    """(W, 48) random directions, between which distances are nearly what they are in full (Johnson, Lindenstrauss)."""
    drawn = np.random.default_rng(width).normal(size=(width, SKETCH))
    return np.asarray(np.linalg.qr(drawn)[0] * np.sqrt(width / SKETCH), dtype=np.float32)


def _keep_best(index: npt.NDArray[np.int64], best: Vectors, closeness: Vectors, first: int) -> None:
    """Put the closest of a tile among the best so far, in place; of equals the earlier stays.

    A few passes are quicker than a partition while few are kept, and after some chunks few rows have anything to gain.
    """
    rows = np.arange(len(closeness))
    for _ in range(best.shape[1]):
        found = closeness.argmax(1)
        value = closeness[np.arange(len(rows)), found]
        worst = best[rows].argmin(1) if best.shape[1] > 1 else np.zeros(len(rows), dtype=np.int64)
        gains = value > best[rows, worst]
        if not gains.any():
            return
        if not gains.all():
            rows, found, value, worst = rows[gains], found[gains], value[gains], worst[gains]
            closeness = closeness[gains]
        best[rows, worst], index[rows, worst] = value, first + found
        closeness[np.arange(len(rows)), found] = -np.inf


def _gaps(queries: Vectors, targets: Targets, index: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """(n,) exact distance of each query to its target, in bounded memory."""
    distance = np.empty(len(queries))
    step = max(1, TILE_BYTES // (8 * max(queries.shape[1], 1)))
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        distance[part] = np.sqrt(np.square(queries[part] - targets[index[part]], dtype=np.float64).sum(1))
    return distance
