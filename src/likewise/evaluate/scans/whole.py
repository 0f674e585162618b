"""What all rows of tables say of columns, pairs and copies, by their counts; beside what a sample of them says.

Columns: the running shares of numbers are compared at every edge of a cell, which is all there is to compare where
nothing lies between two of them; else they may be farther apart inside a cell, by as much as is told. Pairs of numbers
are compared by rank correlation: of columns of many values on a grid of 64 cells, by the ranks of their own rows.

Legend: K cells of a column, P pairs of columns, C columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from likewise.evaluate.chance import more_rows
from likewise.evaluate.fidelity import (
    LINKED_ASSOCIATION,
    LINKED_CORRELATION,
    Fidelity,
    cramers_v,
    total_variation,
)
from likewise.evaluate.figure import Figure, FloorKind
from likewise.evaluate.results import Score
from likewise.evaluate.scans.cells import Cells
from likewise.evaluate.scans.counting import QUARTER_NAMES, Counted, Counts
from likewise.evaluate.scans.kinds import Copies, Kinds
from likewise.evaluate.tables import FloatArray, IntArray
from likewise.typing import Ints

COUNTED = ("shape", "trend", "trend_linked", "missing", "copies", "copies_once")
"""Scores that are told of all rows."""

TOLD = 5e-6
"""Of an error that is told: what is less does not show."""

ALL = (0, 1, 2, 3)
HALVES = ((0, 1), (2, 3))

Side = tuple[str, tuple[int, ...]]
"""A table by its role, and which quarters of it."""


@dataclass(frozen=True)
class Apart:
    """How far two sides are apart.

    Args:
        columns, off: (C,) error of each column, and by how much more it may be.
        gaps: (P,) gap of each pair; NaN for none.
        linked: (P,) whether it hangs together in the first side.
        shape, gap, gap_linked: their means.
    """

    columns: FloatArray
    off: FloatArray
    gaps: FloatArray
    linked: np.ndarray[Any, np.dtype[np.bool_]]
    shape: float
    gap: float
    gap_linked: float


@dataclass(frozen=True)
class Whole:
    """All rows, counted.

    Args:
        sampled: by role, how many rows the sample of a table has.
        pairs: (P, 2) columns that were counted together, of `n_pairs` there are.
        copies: rows that the tables have in common.
        classes: rows that share the quasi-identifiers; None where there are none.
    """

    cells: tuple[Cells, ...]
    counts: dict[str, Counts]
    sampled: dict[str, int]
    pairs: IntArray
    n_pairs: int
    copies: Copies
    classes: Kinds | None

    def n(self, role: str) -> int:
        """Rows of a table."""
        return int(self.counts[role].n.sum()) if role in self.counts else 0

    # ---- columns and pairs ---------------------------------------------------------------------------------------

    def apart(self, a: Side, b: Side) -> Apart:
        """Columns and pairs of one side beside those of another."""
        told = [self._column(i, a, b) for i in range(len(self.cells))]
        columns, off = (np.array(values) for values in zip(*told, strict=True))
        beside = [self._pair(k, a, b) for k in range(len(self.pairs))]
        gaps = np.array([gap for gap, _ in beside], np.float64)
        linked = np.array([link for _, link in beside], bool)
        return Apart(
            columns, off, gaps, linked, _mean(columns), _mean(gaps), _mean(gaps[linked])
        )  # fmt: skip

    @cached_property
    def found(self) -> Apart:
        """The synthetic rows beside the real ones."""
        return self.apart(("real", ALL), ("synthetic", ALL))

    def _column(self, i: int, a: Side, b: Side) -> tuple[float, float]:
        cells = self.cells[i]
        ours, theirs = (_of(self.counts[role].columns[i], quarters) for role, quarters in (a, b))
        if cells.is_number:
            return ks_of_cells(ours[:-1], theirs[:-1])
        known = len(ours) - 2  # behind the levels stand missing, and all that are none of these
        named = [self.counts[role].unseen[i] for role, _ in (a, b)]
        if any(levels is None for levels in named):
            apart = total_variation(*(np.append(c[:known], c[-1]) for c in (ours, theirs)))
            # What shares a cell may be apart by as much as the lesser of both holds of it.
            least = min(c[-1] / max(c[:known].sum() + c[-1], 1) for c in (ours, theirs))
            return apart, float(least)
        assert cells.levels is not None
        names, more = _together([levels for levels in named if levels is not None], [q for _, q in (a, b)])
        order = np.argsort(np.array([*cells.levels.to_list(), *names], dtype=object), kind="stable")
        whole = [np.append(c[:known], extra)[order] for c, extra in zip((ours, theirs), more, strict=True)]
        return total_variation(*whole), 0.0

    def _pair(self, k: int, a: Side, b: Side) -> tuple[float, bool]:
        i, j = self.pairs[k]
        one, other = self.cells[i], self.cells[j]
        ours, theirs = (_of(self.counts[role].pairs[k], quarters) for role, quarters in (a, b))
        if one.is_number and other.is_number:
            r, now = (rank_correlation(t.reshape(one.grid_size, other.grid_size)) for t in (ours, theirs))
            return (math.nan if math.isnan(r) else abs(r - (0.0 if math.isnan(now) else now)) / 2.0,
                    abs(r) > LINKED_CORRELATION)  # fmt: skip
        tables = [t.reshape(one.link_size, other.link_size) for t in (ours, theirs)]
        for axis, cells in enumerate((one, other)):
            if cells.has_others and not any(t.take(-1, axis).any() for t in tables):
                tables = [np.delete(t, -1, axis) for t in tables]  # so that sums are those of a table in memory
        return total_variation(tables[0], tables[1]), (cramers_v(tables[0]) or 0.0) > LINKED_ASSOCIATION

    def told(self, fit: Fidelity, floor: Fidelity, floor_by: FloorKind) -> tuple[Fidelity, Fidelity]:
        """What a sample told of columns and pairs, with all that counts of all rows tell in its place.

        Args:
            floor_by: whether holdout rows stand for fresh ones, or halves of the real ones.
        """
        found = self.found
        fresh, *halves = (self.apart(a, b) for a, b in _fresh_sides(floor_by))
        times = self._times(floor_by)
        means = {
            name: min(1.0, more_rows(getattr(fresh, name), _mean(np.array([getattr(h, name) for h in halves])), times))
            for name in ("shape", "gap", "gap_linked")
        }
        scale = means["shape"] / fresh.shape if fresh.shape > 0.0 else math.nan
        columns = tuple(min(1.0, e * scale) if e > 0.0 else float(e) for e in fresh.columns)
        return (
            self._overlaid(fit, found, {n: float(getattr(found, n)) for n in means}, tuple(map(float, found.columns))),
            self._overlaid(floor, fresh, means, columns),
        )

    def _rows(self, side: Side) -> int:
        role, quarters = side
        return max(int(self.counts[role].n[list(quarters)].sum()), 1)

    def _overlaid(
        self, fit: Fidelity, found: Apart, means: dict[str, float], columns: tuple[float, ...]
    ) -> Fidelity:  # fmt: skip
        names = [c.column.name for c in self.cells]
        gaps = {(names[i], names[j]): gap for (i, j), gap in zip(self.pairs.tolist(), found.gaps.tolist(), strict=True)}
        pairs = []
        for pair in fit.pairs:
            gap = gaps.get((pair.a, pair.b), gaps.get((pair.b, pair.a)))
            pairs.append(pair if gap is None else replace(pair, gap=None if math.isnan(gap) else gap))
        deviation = 0.0
        present = found.gaps[~np.isnan(found.gaps)]
        if len(present) > 1 and len(self.pairs) < self.n_pairs:
            left_out = 1.0 - len(self.pairs) / self.n_pairs
            deviation = float(present.std(ddof=1)) * math.sqrt(left_out / len(present))
        return replace(
            fit, columns=columns, pairs=tuple(pairs), shape=means["shape"], gap=means["gap"],
            gap_linked=means["gap_linked"], deviation=deviation, n_measured=len(self.pairs), n_pairs=self.n_pairs,
        )  # fmt: skip

    def _times(self, floor_by: FloorKind) -> float:
        """As how many rows the two tables have beside those that a floor is told by."""
        sides = _fresh_sides(floor_by)[0], (("real", ALL), ("synthetic", ALL))
        here, there = (1.0 / self._rows(a) + 1.0 / self._rows(b) for a, b in sides)
        return here / there

    def missing(self, side: Side) -> FloatArray:
        """(C,) share of the rows in which each column is missing."""
        role, quarters = side
        found = zip(self.cells, self.counts[role].columns, strict=True)
        return np.array([_of(c, quarters)[cells.missing] / self._rows(side) for cells, c in found])

    def missing_figure(self, floor_by: FloorKind) -> Figure | None:
        """How far the shares of missing values are apart, beside fresh rows; None where none is missing."""
        real, fake = self.missing(("real", ALL)), self.missing(("synthetic", ALL))
        if not (real.any() or fake.any()):
            return None
        own, fresh = map(self.missing, _fresh_sides(floor_by)[0])
        floor = float(np.abs(own - fresh).mean()) / math.sqrt(self._times(floor_by))
        return Figure(float(np.abs(real - fake).mean()), self.n("synthetic"), floor, copy=0.0)

    # ---- words ---------------------------------------------------------------------------------------------------

    def said(self, score: Score) -> Score:
        """The score with whether it was counted on all rows, or measured on how many and how far it may be off."""
        if score.name in COUNTED:
            more: dict[str, Any] = {"counted": self.n("synthetic"), "counted_real": self.n("real")}
            if score.name == "shape" and (off := _mean(self.found.off)) > TOLD:
                more["off"] = off
            return score.saying(**more)
        held = min(self.sampled[role] / self.n(role) for role in ("real", "synthetic"))
        more = {"sampled": self.sampled["synthetic"], "of_rows": self.n("synthetic")}
        if score.interval is not None:
            more["error"] = (score.interval[1] - score.interval[0]) / 2.0
        if score.searched is not None:
            more["searched"] = score.searched * held
            score = replace(
                score, searched=score.searched * held,
                least_leak=None if score.least_leak is None else min(1.0, score.least_leak / held),
            )  # fmt: skip
        return score.saying(**more)


def _fresh_sides(floor_by: FloorKind) -> tuple[tuple[Side, Side], ...]:
    """Two sides of real rows, and halves of the one beside halves of the other."""
    if floor_by == "holdout":
        return (("real", ALL), ("holdout", ALL)), *((("real", h), ("holdout", h)) for h in HALVES)
    first, second = HALVES
    return (("real", first), ("real", second)), *(
        (("real", (a,)), ("real", (b,))) for a, b in zip(first, second, strict=True)
    )


def _of(counts: Counted, quarters: Sequence[int]) -> Ints:
    return np.asarray(counts[list(quarters)].sum(0))


def _mean(values: FloatArray) -> float:
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else math.nan


def _together(tables: Sequence[pl.DataFrame], quarters: Sequence[Sequence[int]]) -> tuple[list[str], list[Ints]]:
    """Levels that no sample holds, and their rows in some quarters of each table."""
    names = pl.concat([t["level"] for t in tables]).unique().sort()
    rows = []
    for table, own in zip(tables, quarters, strict=True):
        found = pl.DataFrame({"level": names}).join(table, on="level", how="left", maintain_order="left")
        counts = found.select(QUARTER_NAMES).fill_null(0).to_numpy()
        rows.append(counts[:, list(own)].sum(1).astype(np.int64))
    return names.to_list(), rows


def ks_of_cells(a: Ints, b: Ints) -> tuple[float, float]:
    """Greatest gap between two distribution functions at the edges of cells, and by how much more it may be within one.

    Args:
        a, b: rows of each cell, every second one of which is a single value.

    Example:
        >>> ks_of_cells(np.array([0, 1, 0, 1, 0]), np.array([0, 0, 0, 1, 1]))
        (0.5, 0.0)
    """
    n_a, n_b = int(a.sum()), int(b.sum())
    if not n_a or not n_b:
        return (math.nan, 0.0) if n_a == n_b else (1.0, 0.0)
    gaps = np.cumsum(a) / n_a - np.cumsum(b) / n_b
    found = float(np.abs(gaps).max())
    before = np.append(0.0, gaps[:-1])[::2]
    above, below = before + a[::2] / n_a, b[::2] / n_b - before
    inside = (a[::2] > 0) & (b[::2] > 0)  # of one table's values alone the gap is greatest at an end
    most = float(np.maximum(above, below)[inside].max(initial=0.0))
    return found, max(0.0, most - found)


def rank_correlation(table: Ints) -> float:
    """Spearman's correlation of rows that lie in a table of cells, the last row and column of which are missing; NaN
    where either is constant.

    Example:
        >>> rank_correlation(np.array([[3, 0, 0], [0, 3, 0], [0, 0, 0]]))
        1.0
    """
    counts = table.astype(np.float64)
    ranks = [_midranks(counts.sum(1 - axis)[:-1]) for axis in (0, 1)]
    both = counts[:-1, :-1]
    n, rows, columns = both.sum(), both.sum(1), both.sum(0)
    if n < 2:
        return math.nan
    x, y = ranks[0] - rows @ ranks[0] / n, ranks[1] - columns @ ranks[1] / n
    spread = rows @ (x * x), columns @ (y * y)
    if min(spread) <= 0.0:
        return math.nan
    return float(np.clip(x @ both @ y / math.sqrt(spread[0] * spread[1]), -1.0, 1.0))


def _midranks(counts: FloatArray) -> FloatArray:
    return np.asarray(np.cumsum(counts) - counts / 2.0)
