"""Numbers of too many distinct values to be listed: counted exactly in cells, whose limits a sample of rows has placed.

A cell knows how many rows lie in it, the few least and greatest of them, and the mean of the rest. So cuts between
cells stand where the rows' own ranks are; a cut within one stands at its mean, off by half a cell at most. That is a
tenth of a per mille of the rows where cells hold that many.

What is kept is protected as before (`binning.py`): the ends of a range are means of the least and the greatest rows,
which are known; a value has a piece of its own only if it is a cell of its own, whose rows are counted; all else is a
mean of as many rows. All that is kept of rows adds up exactly, in whatever parts and order they were counted: sums are
of whole numbers, those of floats of their places in the order of all floats.

Legend: n rows, C cells, r rows that stand behind what is kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.lattice import EXACT, FEW_DECIMALS, MOST_DECIMALS, STEP_VALUES, Lattice, shared_decimals
from likewise.codecs.numbers import NumberSummary
from likewise.codecs.pieces import Values
from likewise.schema.column import Column, Kind

Ints = npt.NDArray[np.int64]

STRETCHES = 4_096
"""Cells of equal mass that a column is cut into, beside those of single values."""

END_ROWS, END_STEP = 1_024, 4
"""Of so many of the sample's least and greatest rows each fourth one begins a cell: tails are long."""

MOST_SINGLE = 2**14
"""Distinct values of the sample that have a cell each, where there are no more."""

_LEAST, _MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def keys_of(values: Values) -> Ints:
    """(n,) whole numbers in the order of the values; of floats their bits, -0.0 being 0.

    Example:
        >>> keys = keys_of(np.array([-1.5, 0.0, 2.0]))
        >>> bool((np.diff(keys) > 0).all()), values_of(keys, floats=True).tolist()
        (True, [-1.5, 0.0, 2.0])
    """
    if values.dtype.kind == "i":
        return values
    bits = (values + 0.0).view(np.int64)
    return np.asarray(np.where(bits < 0, bits ^ _MOST, bits))


def values_of(keys: Ints, *, floats: bool) -> Values:
    """The inverse of `keys_of`."""
    return np.where(keys < 0, keys ^ _MOST, keys).view(np.float64) if floats else keys


def cell_starts(sample: Ints, atom_share: float) -> Ints:
    """(C,) the least key of each cell, ascending; the first one is that of all keys.

    Args:
        sample: keys of some rows.
        atom_share: share of the rows from which a value has a code of its own; half of it in the sample is enough for a
            cell of its own, so that hardly one is missed.
    """
    values, rows = np.unique(sample, return_counts=True)
    if len(values) <= MOST_SINGLE:
        single, between = values, values[:0]
    else:
        single = values[rows >= max(2.0, atom_share / 2 * len(sample))]
        ranks = np.linspace(0, len(sample) - 1, STRETCHES + 1).astype(np.int64)[1:]
        ends = np.arange(0, min(END_ROWS, len(sample)), END_STEP)
        between = np.sort(sample)[np.concatenate([ranks, ends, len(sample) - 1 - ends])]
    behind = single[single < _MOST] + 1
    return np.unique(np.concatenate([[_LEAST], single, behind, between]))


@dataclass(frozen=True)
class CellCounts:
    """What is known of some rows of a column, by cell.

    Args:
        count: (C,) rows.
        high, low: (C,) sums of the upper and the lower 32 bits of their keys.
        least, greatest: (C, r) keys, ascending; the least and the greatest key of all where there are fewer rows.
        missing: rows without a value.
        step: the greatest common divisor of all units less `anchor`; 0 where there are none.
        decimals: of floats, which numbers of digits behind the point, 0 .. 3, are enough for all.
    """

    count: Ints
    high: Ints
    low: Ints
    least: Ints
    greatest: Ints
    missing: int
    step: int
    decimals: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Cells:
    """Into which cells a column of numbers falls.

    Args:
        starts: (C,) as of `cell_starts`.
        floats: whether the values are floats.
        rows: r.
        scale: of floats, digits behind the point of the units of `step`; None where there are no such units.
        anchor: a unit from which steps are counted.
    """

    starts: Ints
    floats: bool
    rows: int
    scale: int | None
    anchor: int

    @classmethod
    def of(cls, sample: Values, column: Column, atom_share: float, rows: int) -> Self:
        """By the values of some rows (m >= 1)."""
        floats = sample.dtype.kind == "f"
        scale = None
        if floats:
            asked = FEW_DECIMALS if column.decimals is None else column.decimals
            scale = asked if asked <= MOST_DECIMALS else None
        anchor = int(_units(sample[:1], scale)[0])
        return cls(cell_starts(keys_of(sample), atom_share), floats, rows, scale, anchor)

    def __len__(self) -> int:
        return len(self.starts)

    def find(self, values: Values) -> Ints:
        """(n,) the cell of each value."""
        return np.asarray(np.searchsorted(self.starts, keys_of(values), side="right") - 1)

    def counted(self, values: Values, missing: int) -> CellCounts:
        """What is known of the rows that hold these values (n,), and of those that hold none."""
        keys = np.sort(keys_of(values))
        start = np.searchsorted(keys, self.starts)
        stop = np.append(start[1:], len(keys))
        sums = [np.concatenate([[0], np.cumsum(part)]) for part in (keys >> 32, keys & 0xFFFFFFFF)]
        reach = np.arange(self.rows)
        first, last = start[:, None] + reach, stop[:, None] - self.rows + reach
        some = np.append(keys, 0)  # so that there is one to take where there are no rows
        least = np.where(first < stop[:, None], some[np.minimum(first, len(keys))], _MOST)
        greatest = np.where(last >= start[:, None], some[np.clip(last, 0, len(keys))], _LEAST)
        high, low = (s[stop] - s[start] for s in sums)
        return CellCounts(
            stop - start, high, low, least, greatest, missing, self._step(values),
            self._decimals(values),
        )  # fmt: skip

    def _step(self, values: Values) -> int:
        if not len(values) or (self.floats and self.scale is None):
            return 0
        for some in (values[:1_000], values):  # most columns have no step, which few rows tell
            step = int(np.gcd.reduce(np.abs(_units(some, self.scale) - self.anchor)))
            if step == 1:
                break
        return step

    def _decimals(self, values: Values) -> tuple[bool, ...]:
        if not self.floats:
            return ()
        found = []
        for d in range(FEW_DECIMALS + 1):
            parts = (values[:1_000], values)
            found.append(all(bool((np.rint(v * 10.0**d) / 10.0**d == v).all()) for v in parts))
        return tuple(found)

    def merged(self, parts: Sequence[CellCounts]) -> CellCounts:
        """What is known of the rows of all."""
        return CellCounts(
            sum(p.count for p in parts), sum(p.high for p in parts), sum(p.low for p in parts),  # type: ignore[arg-type]
            np.sort(np.concatenate([p.least for p in parts], 1), 1)[:, : self.rows],
            np.sort(np.concatenate([p.greatest for p in parts], 1), 1)[:, -self.rows :],
            sum(p.missing for p in parts), math.gcd(*(p.step for p in parts)),
            tuple(all(told) for told in zip(*(p.decimals for p in parts), strict=True)),
        )  # fmt: skip

    # ---- what a codec learns of it -----------------------------------------------------------------------------------

    def summary(self, counts: CellCounts, column: Column) -> NumberSummary:
        """The rows as a codec takes them: of each cell the least ones, the mean of those between, the greatest ones; of
        a cell of one value this."""
        keys, rows, solid = self._listed(counts)
        order = np.argsort(keys, kind="stable")
        values = values_of(keys[order], floats=self.floats)
        units = self._lattice(counts, values, column) if len(values) else None
        return NumberSummary(values, rows[order], counts.missing, solid=solid[order], units=units)

    def _listed(self, counts: CellCounts) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        """(m,) keys, their rows, and which stand for all that have them."""
        r, n = self.rows, counts.count
        alone = (counts.least[:, 0] == counts.greatest[:, -1]) & (n > 0)
        several = (n > 0) & ~alone
        # Of few rows each is once among the least; the greatest are then those that are left.
        n_least = np.where(several, np.minimum(n, r), 0)
        n_greatest = np.where(several, np.minimum(n - n_least, r), 0)
        least = counts.least[np.arange(r) < n_least[:, None]]
        greatest = counts.greatest[np.arange(r) >= r - n_greatest[:, None]]
        between = np.flatnonzero(n - n_least - n_greatest > 0)
        between = between[several[between]]
        means = np.array([self._mean(counts, cell) for cell in between.tolist()], np.int64)
        keys = np.concatenate([counts.least[alone, 0], least, greatest, means])
        rows = np.concatenate([n[alone], np.ones(len(least) + len(greatest), np.int64), n[between] - 2 * r])
        return keys, rows, np.arange(len(keys)) < alone.sum()

    def _mean(self, counts: CellCounts, cell: int) -> int:
        """Of the rows of a cell that are neither among the least nor the greatest."""
        n = int(counts.count[cell]) - 2 * self.rows
        total = (int(counts.high[cell]) << 32) + int(counts.low[cell])
        total -= sum(counts.least[cell].tolist()) + sum(counts.greatest[cell].tolist())
        mean: int = (2 * total + n) // (2 * n)
        return min(max(mean, int(counts.least[cell, -1])), int(counts.greatest[cell, 0]))

    def places(self, counts: CellCounts) -> Values:
        """(C,) a value of each cell that lies where its rows do: their mean, or what is known of them."""
        middle = np.array([
            self._mean(counts, c) if n > 2 * self.rows else _middle(counts, c, n) if n else int(self.starts[c])
            for c, n in enumerate(counts.count.tolist())
        ], np.int64)  # fmt: skip
        if self.floats:  # before the first float there are keys that are none
            middle = np.clip(middle, *keys_of(np.array([-np.finfo(np.float64).max, np.finfo(np.float64).max])))
        return values_of(middle, floats=self.floats)

    def _lattice(self, counts: CellCounts, values: Values, column: Column) -> Lattice:
        """As `find_lattice` finds it of all values."""
        if not self.floats:
            step, offset = _steps(counts.step, self.anchor, len(values))
            return Lattice(Kind.INTEGER, step, offset=offset)
        greatest = float(np.abs(values[[0, -1]]).max())
        decimals = column.decimals
        if decimals is None:
            decimals = shared_decimals(counts.decimals, greatest, len(values))
        if decimals is None or self.scale is None or greatest >= EXACT / 10.0**decimals / 2:
            return Lattice(Kind.REAL)
        finer = 10 ** (self.scale - decimals)
        step, offset = _steps(counts.step // finer, self.anchor // finer, len(values))
        return Lattice(Kind.REAL, step, decimals, offset)


def _middle(counts: CellCounts, cell: int, n: int) -> int:
    """The row in the middle of few."""
    least, r = counts.least[cell], counts.least.shape[1]
    return int(least[n // 2] if n // 2 < min(n, r) else counts.greatest[cell, n // 2 - n])


def _steps(step: int, anchor: int, n_values: int) -> tuple[int, int]:
    if n_values < STEP_VALUES or not 1 < step < _MOST // 4:
        return 1, 0
    return step, anchor % step


def _units(values: Values, scale: int | None) -> Ints:
    """(n,) units of so many digits behind the point; whole numbers as they are."""
    if values.dtype.kind == "i":
        return values
    with np.errstate(over="ignore"):
        return np.clip(np.rint(values * 10.0 ** (scale or 0)), -EXACT, EXACT).astype(np.int64)
