"""The gate of one column that has no codes yet: the codec learns of its values by queries, and by nothing else.

An entry is written into the ledger before the column is read at all, and no value comes out but through a mechanism.

Legend: m distinct values; a cell is a whole number from 0 that stands for a value; a cut lies before a cell.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from likewise.dp.accounting import epsilon_of_exponential
from likewise.dp.ledger import Ledger
from likewise.dp.mechanisms import noisy_choices, noisy_counts
from likewise.dp.rehearsal import answered

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Distinct:
    """Values that a column holds, and how often.

    Args:
        values: (m,) ascending.
        counts: (m,) rows of each.
    """

    values: npt.NDArray[Any]
    counts: Ints

    @classmethod
    def of(cls, values: npt.NDArray[Any], counts: Ints) -> Self:
        """From values in any order, of which some may be equal."""
        values, inverse = np.unique(values, return_inverse=True)
        return cls(values, np.bincount(inverse, weights=counts, minlength=len(values)).astype(np.int64))

    def without(self, values: npt.NDArray[Any]) -> Self:
        kept = ~np.isin(self.values, values)
        return type(self)(self.values[kept], self.counts[kept])


class ColumnGate:
    """A column behind a budget.

    Args:
        read: gives the column. It is called once, and not before an entry is written.
        ledger: of all columns.
        rho: budget share of one query.
        delta: share of one query that chooses what is shown at all.
    """

    def __init__(self, read: Callable[[], Any], ledger: Ledger, rho: float, delta: float) -> None:
        self._read, self._ledger, self._rho, self._delta = cache(read), ledger, rho, delta

    def through(self, change: Callable[[Any], Any]) -> ColumnGate:
        """The same gate, of what a function makes of the column; queries need `Distinct`.

        Args:
            change: called when an entry stands. A row has a part in its result by its own value alone.
        """
        return ColumnGate(lambda: change(self._read()), self._ledger, self._rho, self._delta)

    def counts(self, size: int, what: str) -> tuple[Floats, float]:
        """(size,) noisy rows of each cell, and the deviation of the noise.

        Privacy: the budget share of a query. One row is in one cell: sensitivity 1.
        """

        def look() -> Ints:
            held = self._read()
            return np.bincount(held.values, weights=held.counts, minlength=size).astype(np.int64)

        return noisy_counts(look, self._rho, self._ledger, what)

    def frequent(self, what: str) -> tuple[npt.NDArray[Any], Floats]:
        """Values whose noisy counts stand above what the noise alone could show, the most frequent first, and these
        counts.

        Only what a row holds is counted, so that a value which one unit alone holds must not be shown. Its m rows may
        hold m such values: none of them is shown but with a chance of delta over m each. The noise is of whole
        numbers, whose tail lies below that of the normal law one further in (Canonne, Kamath and Steinke 2020,
        proposition 25).

        Privacy: the budget share of a query, and that of delta. One row is in one count: sensitivity 1.
        """
        group = self._ledger.group
        noisy, sigma = noisy_counts(
            lambda: self._read().counts, self._rho, self._ledger, what, delta=self._delta
        )  # fmt: skip
        least = group + 1 + sigma * NormalDist().inv_cdf(1 - self._delta / group)
        order = np.argsort(-noisy, kind="stable")
        kept = order[noisy[order] >= least]
        return self._read().values[kept], noisy[kept]

    def medians(self, parts: Sequence[tuple[int, int]], share: float, what: str) -> list[int]:
        """A noisy median of each part: a cut, such that about half of the part's rows lie below it.

        Args:
            parts: (first cell, end) of each; they do not overlap, so that a row is in one of them.
            share: of the budget share of a query.

        Privacy: that share. One row moves the scores of one part, by a half each.
        """
        rho = share * self._rho
        starts: list[Ints] = []

        def look() -> list[Floats]:
            runs = [runs_of_cuts(self._read(), *part, epsilon_of_exponential(rho)) for part in parts]
            starts[:] = [start for start, _ in runs]
            return [scores for _, scores in runs]

        chosen = noisy_choices(look, rho, self._ledger, what, sensitivity=0.5)
        cells = [(int(s[i]), int(s[i + 1] - s[i])) for s, i in zip(starts, chosen, strict=True)]
        return answered("seed", [], 0.0, lambda: [first + secrets.randbelow(n) for first, n in cells])


def runs_of_cuts(held: Distinct, low: int, high: int, epsilon: float) -> tuple[Ints, Floats]:
    """Runs of cuts in low+1 .. high-1 with the same rows below, and the score of each run as one choice.

    A cut's score is minus the distance of the rows below it to half the part's rows: one row moves it by a half. A run
    of r cuts must be chosen r times as often, so log(r) is added in units of the mechanism: with any other, a row that
    splits a run moves the chances of its cuts by more than the mechanism's epsilon.

    Args:
        held: cells.
        epsilon: of the mechanism that chooses, to the last bit.
    """
    upto = np.r_[0, np.cumsum(held.counts)]
    inside = slice(*np.searchsorted(held.values, [low, high]))
    # Rows below a cut change right after a cell that holds rows.
    starts = np.unique(np.r_[low + 1, held.values[inside] + 1, high])
    starts = starts[(starts > low) & (starts <= high)]
    below = upto[np.searchsorted(held.values, starts[:-1])] - upto[inside.start]
    half = (upto[inside.stop] - upto[inside.start]) / 2
    return starts, -np.abs(below - half) + np.log(np.diff(starts)) / epsilon
