"""Protected summaries of pairs of columns for the page: shares of the rows on a coarse grid, real beside synthetic.

What keeps a single person out of the picture: axes are those of the column pictures (round edges inside the bulk, open
ends, levels of at least five people), cells with fewer than 5 real people are hidden, and other counts are rounded to
multiples of 5, so that no hidden cell follows from the rest. This is care, not differential privacy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from likewise.evaluate.edges import LEAST_ROWS, edge_texts, edges_of, enough
from likewise.evaluate.pictures import OTHER, people_of
from likewise.evaluate.results import PairScore
from likewise.evaluate.shown import Grid
from likewise.evaluate.tables import FloatArray, IntArray, Typed, TypedColumn

MOST_GRIDS = 150
MOST_ROWS = 200_000
MOST_BINS = 8
MOST_LEVELS = 7


@dataclass(frozen=True)
class Axis:
    """How a column lies along one side: the texts of its parts, and the part of each row (-1 where it is missing)."""

    labels: tuple[str, ...]
    real: npt.NDArray[np.int64]
    synthetic: npt.NDArray[np.int64]


def with_grids(
    pairs: Sequence[PairScore], real: Typed, synthetic: Typed, *, rng: np.random.Generator, most: int = MOST_GRIDS
) -> tuple[PairScore, ...]:
    """The pairs, those that differ most with their grid. Large tables are sampled (200,000 rows a side)."""
    worst = sorted(range(len(pairs)), key=lambda k: -(pairs[k].gap or 0.0))[:most]
    real, synthetic = real.sample(MOST_ROWS, rng), synthetic.sample(MOST_ROWS, rng)
    used = {name for k in worst for name in (pairs[k].a, pairs[k].b)}
    axes = {
        r.name: axis_of(r, s, real.persons)
        for r, s in zip(real.columns, synthetic.columns, strict=True)
        if r.name in used
    }
    grids = {k: grid_of(axes[pairs[k].a], axes[pairs[k].b], real.persons) for k in worst}
    return tuple(replace(pair, grid=grids.get(k)) for k, pair in enumerate(pairs))


def axis_of(real: TypedColumn, synthetic: TypedColumn, whose: IntArray | None) -> Axis | None:
    """A side of a grid, by a column; None where too few people hold a value."""
    if not enough(real, whose):
        return None
    return _bins(real, synthetic, whose) if real.is_number else _levels(real, synthetic, whose)


def _bins(real: TypedColumn, synthetic: TypedColumn, whose: IntArray | None) -> Axis:
    edges = coarse_edges(real, whose)
    texts = edge_texts(edges, real)
    labels = (f"< {texts[0]}", *(f"{a} – {b}" for a, b in pairwise(texts)), f"≥ {texts[-1]}")

    def codes(column: TypedColumn) -> npt.NDArray[np.int64]:
        return np.where(column.missing, -1, np.searchsorted(edges, column.values, side="right")).astype(np.int64)

    axis = Axis(labels, codes(real), codes(synthetic))
    first = 0 if (axis.real == 0).any() or (axis.synthetic == 0).any() else 1
    last = len(labels) if any((c == len(labels) - 1).any() for c in (axis.real, axis.synthetic)) else len(labels) - 1
    ours, theirs = (np.where(c < 0, -1, c - first) for c in (axis.real, axis.synthetic))
    return Axis(labels[first:last], ours, theirs)


def coarse_edges(column: TypedColumn, whose: IntArray | None) -> FloatArray:
    """At most 8 round edges over the bulk of a number column."""
    edges = edges_of(column, whose)
    return edges[:: -(-len(edges) // MOST_BINS)]


def _levels(real: TypedColumn, synthetic: TypedColumn, whose: IntArray | None) -> Axis:
    assert real.levels is not None
    counts = np.bincount(real.values, minlength=real.size)[:-1]
    order = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
    order = order[people_of(real.values, whose, real.size)[order] >= LEAST_ROWS]
    place = np.full(real.size, len(order), dtype=np.int64)  # rare, hidden and unseen levels share the last part
    place[order] = np.arange(len(order))
    place[-1] = -1
    labels = tuple(real.levels[i] for i in order)
    axis = Axis((*labels, OTHER), place[real.values], place[synthetic.values])
    if (axis.real == len(labels)).any() or (axis.synthetic == len(labels)).any():
        return axis
    return replace(axis, labels=labels)


def grid_of(a: Axis | None, b: Axis | None, whose: IntArray | None) -> Grid | None:
    """The grid of two sides; None where no cell may be shown."""
    if a is None or b is None:
        return None
    size, there = len(a.labels) * len(b.labels), (a.real >= 0) & (b.real >= 0)
    real, synthetic = _cells(a, a.real, b.real), _cells(a, a.synthetic, b.synthetic)
    counts, people = np.bincount(real, minlength=size), people_of(real, None if whose is None else whose[there], size)
    hidden = np.where(people < LEAST_ROWS, 0, LEAST_ROWS * np.rint(counts / LEAST_ROWS).astype(np.int64))
    if not hidden.any():
        return None
    shares = _shares(np.bincount(synthetic, minlength=size))
    return Grid(x=a.labels, y=b.labels, real=_shares(hidden), synthetic=shares)


def _cells(a: Axis, x: IntArray, y: IntArray) -> IntArray:
    """The cell of each row, Y * X in all; rows are left out where either value is missing."""
    there = (x >= 0) & (y >= 0)
    return np.asarray(y[there] * len(a.labels) + x[there])


def _shares(counts: npt.NDArray[np.int64]) -> tuple[float, ...]:
    total = max(1, int(counts.sum()))
    return tuple(round(float(c) / total, 4) for c in counts)
