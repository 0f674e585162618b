"""What goes through links as tables of counts, so that units can be dealt out anew (`dealt.py`).

Each function takes the real database, by which bins are made, and gives what counts any one.

Legend: n rows, m events, N parents, B deals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from likewise.databases.keys import ForeignKey
from likewise.evaluate.databases.dealt import Count, Counter
from likewise.evaluate.databases.hops import Path, joined, paths
from likewise.evaluate.databases.linked import Linked
from likewise.evaluate.databases.roots import LEAST
from likewise.evaluate.fidelity import N_BINS
from likewise.evaluate.histories.events import running
from likewise.evaluate.tables import FloatArray, IntArray, TypedColumn

MOST_LEVELS = 50
MOST_PAIRS = 120
"""Pairs of columns of which hands are dealt; the figure itself is of all."""


def judged_keys(real: Linked) -> list[ForeignKey]:
    """The foreign keys into tables of twenty rows or more, of which counts can be told from chance; else all."""
    keys = real.schema.foreign
    return [key for key in keys if len(real.tables[key.parent]) >= LEAST] or list(keys)


def cardinalities(sides: Sequence[Linked], keys: Sequence[ForeignKey]) -> Counter:
    """Children of each parent, by foreign key."""
    edges = {key: np.unique(np.concatenate([side.counts(key) for side in sides])) for key in keys}

    def count(side: Linked) -> list[Count]:
        return [
            Count(key.parent, np.arange(len(c)), np.searchsorted(edges[key], c), len(edges[key]), distance=running)
            for key in keys
            if len(edges[key]) and len(c := side.counts(key)) >= 0
        ]

    return count


def childless(keys: Sequence[ForeignKey]) -> Counter:
    """Whether parents have no children, by foreign key."""

    def count(side: Linked) -> list[Count]:
        return [
            Count(key.parent, np.arange(len(c)), (c == 0).astype(np.int64), 2)
            for key in keys
            if len(c := side.counts(key)) >= 0
        ]

    return count


def degrees(real: Linked, pairs: Sequence[tuple[ForeignKey, ForeignKey]]) -> Counter:
    """Correlations of the counts by two links of one parent."""
    scales = {key: _Scale.of(real.degrees(key)) for pair in pairs for key in pair}

    def count(side: Linked) -> list[Count]:
        return [
            moments(a.parent, np.arange(len(side.tables[a.parent])), *(scales[k](side.degrees(k)) for k in (a, b)))
            for a, b in pairs
        ]

    return count


@dataclass(frozen=True)
class _Scale:
    """Numbers counted from their middle, in units of their spread, so that sums of squares keep their digits."""

    middle: float
    spread: float

    @classmethod
    def of(cls, values: FloatArray) -> _Scale:
        there = values[np.isfinite(values)]
        return cls(float(there.mean()), float(there.std()) or 1.0) if len(there) else cls(0.0, 1.0)

    def __call__(self, values: FloatArray) -> FloatArray:
        return np.asarray((values - self.middle) / self.spread)


def moments(table: str, rows: IntArray, x: FloatArray, y: FloatArray) -> Count:
    """The sums that Pearson's r is made of, over rows that have both."""
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    x, y = x[there], y[there]
    weights = np.concatenate([np.ones(len(x)), x, y, x * x, y * y, x * y])
    cells = np.repeat(np.arange(6), len(x))
    return Count(table, np.tile(rows[there], 6), cells, 6, weights, distance=of_correlations)


def of_correlations(real: FloatArray, some: FloatArray) -> FloatArray:
    """(B,) half the difference of Pearson's r, from sums (6, B); a constant one is 0."""
    return np.asarray(np.abs(_r(real) - _r(some)) / 2.0)


def _r(sums: FloatArray) -> FloatArray:
    n, x, y, xx, yy, xy = sums
    n = np.maximum(n, 1.0)
    spread = np.maximum(xx / n - (x / n) ** 2, 0.0) * np.maximum(yy / n - (y / n) ** 2, 0.0)
    covariance = xy / n - x * y / n**2
    return np.where(spread > 1e-12, covariance / np.sqrt(np.maximum(spread, 1e-12)), 0.0)


# --- pairs k links apart ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Coder:
    """A real column's bins: ten equal widths of its range, or its 50 most frequent levels; missing is the last."""

    edges: FloatArray | None
    ranks: IntArray | None
    size: int
    scale: _Scale | None

    @classmethod
    def of(cls, column: TypedColumn) -> _Coder:
        if column.is_number:
            there = column.present
            ends = (float(there.min()), float(there.max())) if len(there) else (0.0, 1.0)
            return cls(np.linspace(*ends, N_BINS + 1)[1:-1], None, N_BINS + 1, _Scale.of(column.values))
        order = np.argsort(-np.bincount(column.values, minlength=column.size)[:-1], kind="stable")
        ranks = np.empty(column.size, np.int64)
        ranks[order] = np.minimum(np.arange(column.size - 1), MOST_LEVELS - 1)
        size = min(column.size, MOST_LEVELS + 1)
        ranks[-1] = size - 1
        return cls(None, ranks, size, None)

    def __call__(self, column: TypedColumn) -> IntArray:
        if self.ranks is not None:
            return np.asarray(self.ranks[column.values])
        assert self.edges is not None
        return np.where(column.missing, N_BINS, np.searchsorted(self.edges, column.values, side="right"))


@dataclass(frozen=True)
class Pair:
    """Two columns, by their places in the tables at both ends of a path."""

    path: Path
    table: str
    top: int
    bottom: int


def hops(real: Linked, k: int, rng: np.random.Generator) -> tuple[list[Pair], Counter]:
    """Pairs of columns k links apart, some of them by chance where there are many, and what counts these."""
    width = {table: len(typed.columns) for table, typed in real.tables.items()}
    pairs = [Pair((), table, i, j) for table in width for i in range(width[table]) for j in range(i)] if k == 0 else [
        Pair(path, path[-1].table, i, j) for path in paths(real.schema, k)
        for i in range(width[path[0].parent]) for j in range(width[path[-1].table])
    ]  # fmt: skip
    chosen = [pairs[i] for i in np.sort(rng.permutation(len(pairs))[:MOST_PAIRS])]
    coders: dict[tuple[str, int], _Coder] = {}

    def coder(table: str, i: int) -> _Coder:
        if (table, i) not in coders:
            coders[table, i] = _Coder.of(real.tables[table].columns[i])
        return coders[table, i]

    def count(side: Linked) -> list[Count]:
        held: dict[Path, tuple[IntArray, tuple[TypedColumn, ...], tuple[TypedColumn, ...]]] = {}
        found = []
        for pair in chosen:
            if pair.path not in held and pair.path:
                rows = np.arange(len(side.tables[pair.table]))
                rows = rows[side.up(pair.path) >= 0] if k == 1 else rows
                held[pair.path] = (rows, *joined(side, pair.path))
            own = side.tables[pair.table]
            rows, tops, bottoms = held.get(pair.path) or (np.arange(len(own)), own.columns, own.columns)
            top_table = pair.path[0].parent if pair.path else pair.table
            a, b = coder(top_table, pair.top), coder(pair.table, pair.bottom)
            x, y = tops[pair.top], bottoms[pair.bottom]
            if a.scale is not None and b.scale is not None:
                found.append(moments(pair.table, rows, a.scale(x.values), b.scale(y.values)))
            else:
                found.append(Count(pair.table, rows, a(x) * b.size + b(y), a.size * b.size))
        return found

    return chosen, count


# --- trees and dates --------------------------------------------------------------------------------------------------

MOST_DEPTH = 30


def depth_of(side: Linked, key: ForeignKey) -> IntArray:
    """(n,) links from each row up to one that points at none; 30 where they lead round in a circle, or further."""
    at = side.parents[key]
    depth, above = np.zeros(len(at), np.int64), at.copy()
    for _ in range(MOST_DEPTH):
        on = above >= 0
        if not on.any():
            break
        depth += on
        above = np.where(on, at[np.maximum(above, 0)], above)
    return depth


def depths(real: Linked) -> Counter:
    """How deep rows stand in tables that point at themselves."""
    keys = [key for key in real.schema.foreign if key.is_self]

    def count(side: Linked) -> list[Count]:
        return [
            Count(key.table, np.arange(len(d)), d, MOST_DEPTH + 1, distance=running)
            for key in keys
            if len(d := depth_of(side, key)) >= 0
        ]

    return count
