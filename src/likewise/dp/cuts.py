"""Codes of a number within a budget: bounds, values with a code of their own, and edges at noisy medians.

What is declared costs nothing; the rest is learnt by queries to the column's gate, each with its share of the budget.

Legend: K codes; a cell is one unit of an exact lattice, or a small even part of a range of floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from likewise.codecs.lattice import Lattice
from likewise.codecs.numbers import NumberCodec
from likewise.codecs.pieces import Pieces, Values
from likewise.dp.columns import ColumnGate, Distinct
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

ALL_EMPTY = 1 - 1e-6
"""Chance that none of the empty powers of two is taken for a bound."""


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

    def queries(self) -> list[str]:
        """What must be paid for."""
        bounds = ["bounds"] if self.bounds is None else []
        cut = bounds or self._n_cells(*self._known()) > 2**DEPTH
        return bounds + (["edges", *["values"] * self.lattice.is_exact] if cut else [])

    def codec(self, gate: ColumnGate, *, has_missing: bool) -> NumberCodec:
        """The codec: a code for each unit of a narrow range, else bins and frequent values.

        Args:
            gate: of the column's distinct values.
        """
        low, high = self._known() if self.bounds is not None else self._noisy_bounds(gate)
        n_cells = self._n_cells(low, high)
        width = 1 if self.lattice.is_exact else (high - low) / n_cells

        def in_cells(held: Distinct) -> Distinct:  # beyond the bounds is at the bounds
            cells = np.clip(np.floor((self.lattice.units(held.values) - low) / width), 0, n_cells - 1)
            return Distinct.of(cells.astype(np.int64), held.counts)

        if n_cells > 2**DEPTH:
            cells = gate.through(in_cells)
            own = self._own_cells(cells)
            cuts = _quantiles(cells.through(lambda held: held.without(own)), n_cells, self.name)
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

    def _own_cells(self, cells: ColumnGate) -> Ints:
        """Cells that so many rows hold that each gets a code of its own; none of a number without decimals."""
        if not self.lattice.is_exact:
            return np.zeros(0, np.int64)
        frequent, rows = cells.frequent(f"frequent values of column {self.name!r}")
        return np.sort(frequent[rows >= rows.sum() * VALUE_SHARE])

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

    def _noisy_bounds(self, gate: ColumnGate) -> tuple[float, float]:
        """Powers of two around the values, from a noisy histogram of signs and magnitudes."""
        least = 0 if self.lattice.is_exact else LEAST_POWER
        half = MOST_POWER - least + 2

        def signed_powers(held: Distinct) -> Distinct:
            units = self.lattice.units(held.values).astype(np.float64)
            powers = np.ceil(np.log2(np.maximum(np.abs(units), 2.0 ** (least - 1))))
            powers = np.clip(powers, least - 1, MOST_POWER) - least + 1
            return Distinct.of(np.where(units < 0, half - 1 - powers, half + powers).astype(np.int64), held.counts)

        noisy, sigma = gate.through(signed_powers).counts(2 * half, f"bounds of column {self.name!r}")
        kept = np.flatnonzero(noisy > sigma * NormalDist().inv_cdf(ALL_EMPTY ** (1 / len(noisy))))
        if not len(kept):
            raise PrivacyError(
                f"column {self.name!r}: the budget is too small to find its bounds; declare them in the schema"
            )
        # A bin (2**(p-1), 2**p] reaches from its inner to its outer power; bins of the smallest power reach to zero.
        outer = [2.0 ** (i - half + least - 1) if i >= half else -(2.0 ** (half - 1 - i + least - 1)) for i in kept]
        inner = [value / 2 if abs(value) > 2.0 ** (least - 1) else 0.0 for value in outer]
        low, high = min(outer[0], inner[0]), max(outer[-1], inner[-1])
        return (int(np.floor(low)), int(np.ceil(high))) if self.lattice.is_exact else (low, high)


def _quantiles(cells: ColumnGate, n_cells: int, name: str) -> Ints:
    """Cuts between cells, ascending, 0 and n_cells included: medians, then medians of the halves, and so on.

    The deepest round has the fewest rows in each part and so gets the most: a share of the query's budget that grows
    fourfold a round. Smith 2011, section 3, for one quantile.
    """
    parts = 4.0 ** np.arange(DEPTH)
    cuts = np.array([0, n_cells])
    for depth, share in enumerate(parts / parts.sum()):
        wide = [(int(a), int(b)) for a, b in pairwise(cuts) if b - a > 1]
        if not wide:
            break
        medians = cells.medians(wide, float(share), f"round {depth + 1} of the bin edges of column {name!r}")
        cuts = np.unique(np.r_[cuts, medians])
    return cuts
