"""Codes of a number within a budget: bounds, values with a code of their own, and edges at noisy medians.

What is declared costs nothing; the rest is asked of noisy counts and noisy choices, each with its share of the budget.

Legend: m distinct values, K codes; a cell is one unit of an exact lattice, or a small even part of a range of floats.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from likewise.codecs.numbers import Lattice, NumberCodec, NumberSummary
from likewise.codecs.pieces import Pieces, Values
from likewise.dp.accounting import epsilon_of_exponential
from likewise.dp.ledger import Ledger
from likewise.dp.mechanisms import noisy_choices, noisy_counts
from likewise.errors import PrivacyError

Ints = npt.NDArray[np.int64]

DEPTH = 5
"""Rounds of halving a number's range at its noisy medians: 2**DEPTH bins at most."""

VALUE_SHARE = 2**-DEPTH
"""Share of the rows, of those that hold frequent values, from which a value has a code of its own: that of a bin. One
that is no more frequent is told by the bins as well, and every code more is one more for the noise."""

REAL_CELLS = 2**20
"""Places where a real number without known decimals may be cut."""

LEAST_POWER, MOST_POWER = -20, 52
"""Powers of two among which unknown bounds are sought."""

SURE = 1 - 1e-6
"""Chance that none of the empty powers of two is taken for a bound."""


@dataclass(frozen=True)
class Purse:
    """What one touch of the data may spend.

    Args:
        rho: of each query, as the ledger counts it.
        delta: of each choice of what is shown at all.
    """

    ledger: Ledger
    rho: float
    delta: float

    def sure(self, counts: Ints, what: str) -> tuple[Ints, npt.NDArray[np.float64]]:
        """Places of the counts that stand above what the noise alone could show, the greatest first, and their noisy
        counts.

        Only what a row holds is counted, so that a value which one unit alone holds must not be shown. Its m rows may
        hold m such values: none of them is shown but with a chance of delta over m each. The noise is of whole
        numbers, whose tail lies below that of the normal law one further in (Canonne, Kamath and Steinke 2020,
        proposition 25).
        """
        group = self.ledger.group
        noisy, sigma = noisy_counts(lambda: counts, self.rho, self.ledger, what, delta=self.delta)
        least = group + 1 + sigma * NormalDist().inv_cdf(1 - self.delta / group)
        order = np.argsort(-noisy, kind="stable")
        kept = order[noisy[order] >= least]
        return kept, noisy[kept]


@dataclass(frozen=True)
class Cuts:
    """A column of numbers on its way to codes.

    Args:
        name: the column's, or what the ledger shall call it.
        lattice: the units, by declaration alone.
        bounds: least and greatest unit, if declared.
    """

    name: str
    lattice: Lattice
    bounds: tuple[float, float] | None

    def touches(self) -> list[str]:
        """What must be paid for."""
        bounds = ["bounds"] if self.bounds is None else []
        cut = bounds or self._n_cells(*self._known()) > 2**DEPTH
        return bounds + (["edges", *["values"] * self.lattice.is_exact] if cut else [])

    def codec(self, summary: NumberSummary, purse: Purse, *, has_missing: bool) -> NumberCodec:
        """The codec: a code for each unit of a narrow range, else bins and frequent values."""
        low, high = self._known() if self.bounds is not None else self._found(summary, purse)
        n_cells = self._n_cells(low, high)
        units = self.lattice.units(summary.values)
        width = 1 if self.lattice.is_exact else (high - low) / n_cells
        cells = np.clip(np.floor((units - low) / width), 0, n_cells - 1).astype(np.int64)
        if n_cells > 2**DEPTH:
            own = self._own_cells(cells, summary.counts, purse)
            rest = np.where(np.isin(cells, own), 0, summary.counts)
            cuts = _quantiles(cells, rest, n_cells, purse, self.name)
            cuts = np.unique(np.r_[cuts, own, own + 1])
        else:
            cuts = np.arange(n_cells + 1)
        return NumberCodec(self.name, self.lattice, self._pieces(cuts, low, high, n_cells), has_missing)

    def _known(self) -> tuple[float, float]:
        assert self.bounds is not None
        low, high = self.bounds
        return (low, high) if self.lattice.is_exact else (low, max(high, float(np.nextafter(low, np.inf))))

    def _n_cells(self, low: float, high: float) -> int:
        return int(high - low) + 1 if self.lattice.is_exact else REAL_CELLS

    def _own_cells(self, cells: Ints, counts: Ints, purse: Purse) -> Ints:
        """Values that so many rows hold that each gets a code of its own; none of a number without decimals."""
        if not self.lattice.is_exact:
            return cells[:0]
        cells, inverse = np.unique(cells, return_inverse=True)  # beyond the bounds is at the bounds
        counts = np.bincount(inverse, weights=counts).astype(np.int64)
        kept, rows = purse.sure(counts, f"frequent values of column {self.name!r}")
        return np.sort(cells[kept[rows >= rows.sum() * VALUE_SHARE]])

    def _pieces(self, cuts: Ints, low: float, high: float, n_cells: int) -> Pieces:
        """Bins of equal count between cuts (cells, ascending, the ends included)."""
        first: Values
        last: Values
        if self.lattice.is_exact:
            first, last = int(low) + cuts[:-1], int(low) + cuts[1:] - 1
        else:
            edges = low + (high - low) * (cuts / n_cells)
            first, last = edges[:-1], edges[1:]
        k = len(cuts) - 1
        return Pieces(first, last, np.arange(k), np.ones(k), k)

    def _found(self, summary: NumberSummary, purse: Purse) -> tuple[float, float]:
        """Powers of two around the values, from a noisy histogram of signs and magnitudes."""
        units = self.lattice.units(summary.values).astype(np.float64)
        least = 0 if self.lattice.is_exact else LEAST_POWER
        powers = (
            np.clip(np.ceil(np.log2(np.maximum(np.abs(units), 2.0 ** (least - 1)))), least - 1, MOST_POWER) - least + 1
        )
        half = MOST_POWER - least + 2
        signed = np.where(units < 0, half - 1 - powers, half + powers).astype(np.int64)
        counts = np.bincount(signed, weights=summary.counts, minlength=2 * half).astype(np.int64)
        noisy, sigma = noisy_counts(lambda: counts, purse.rho, purse.ledger, f"bounds of column {self.name!r}")
        kept = np.flatnonzero(noisy > sigma * NormalDist().inv_cdf(SURE ** (1 / len(noisy))))
        if not len(kept):
            raise PrivacyError(
                f"column {self.name!r}: the budget is too small to find its bounds; declare them in the schema"
            )
        # A bin (2**(p-1), 2**p] reaches from its inner to its outer power; bins of the smallest power reach to zero.
        outer = [2.0 ** (i - half + least - 1) if i >= half else -(2.0 ** (half - 1 - i + least - 1)) for i in kept]
        inner = [value / 2 if abs(value) > 2.0 ** (least - 1) else 0.0 for value in outer]
        low, high = min(outer[0], inner[0]), max(outer[-1], inner[-1])
        return (int(np.floor(low)), int(np.ceil(high))) if self.lattice.is_exact else (low, high)


def _quantiles(cells: Ints, counts: Ints, n_cells: int, purse: Purse, name: str) -> Ints:
    """Cuts between cells, ascending, 0 and n_cells included: medians, then medians of the halves, and so on.

    The deepest round has the fewest rows in each part and so gets the most: a share of rho that grows fourfold a
    round. Smith 2011, section 3, for one quantile.

    Args:
        cells: (m,) ascending cell of each distinct value.
        counts: (m,) its rows.
    """
    upto = np.r_[0, np.cumsum(counts)]
    parts = 4.0 ** np.arange(DEPTH)
    cuts = np.array([0, n_cells])
    for depth, part in enumerate(purse.rho * parts / parts.sum()):
        wide = [(int(a), int(b)) for a, b in pairwise(cuts) if b - a > 1]
        if not wide:
            break
        what = f"round {depth + 1} of the bin edges of column {name!r}"
        cuts = np.unique(np.r_[cuts, _medians(cells, upto, wide, part, purse.ledger, what)])
    return cuts


def _medians(cells: Ints, upto: Ints, parts: list[tuple[int, int]], rho: float, ledger: Ledger, what: str) -> list[int]:
    """A noisy median of each part; a row is in one of them."""
    runs = [_runs(cells, upto, low, high, epsilon_of_exponential(rho)) for low, high in parts]
    chosen = noisy_choices(lambda: [scores for _, scores in runs], rho, ledger, what, sensitivity=0.5)
    return [int(r[i]) + secrets.randbelow(int(r[i + 1] - r[i])) for (r, _), i in zip(runs, chosen, strict=True)]


def _runs(cells: Ints, upto: Ints, low: int, high: int, epsilon: float) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Runs of cuts in low+1 .. high-1 with the same rows below, and the score of each run as one choice.

    A cut's score is minus the distance of the rows below it to half the part's rows: one row moves it by a half. A run
    of r cuts must be chosen r times as often, so log(r) is added in units of the mechanism: with any other, a row that
    splits a run moves the chances of its cuts by more than the mechanism's epsilon.

    Args:
        epsilon: of the mechanism that chooses, to the last bit.
    """
    inside = slice(*np.searchsorted(cells, [low, high]))
    # Rows below a cut change right after a cell that holds rows.
    starts = np.unique(np.r_[low + 1, cells[inside] + 1, high])
    starts = starts[(starts > low) & (starts <= high)]
    below = upto[np.searchsorted(cells, starts[:-1])] - upto[inside.start]
    half = (upto[inside.stop] - upto[inside.start]) / 2
    lengths = np.diff(starts)
    return starts, -np.abs(below - half) + np.log(lengths) / epsilon
