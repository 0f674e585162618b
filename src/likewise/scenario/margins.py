"""The law of one column of numbers: as seen in its body, generalised Pareto in its tails.

Legend: n rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from likewise.errors import InputError
from likewise.scenario.tails import Tail, fit_tail
from likewise.typing import Floats

LEAST_DISTINCT = 20
"""A column with fewer distinct values has no tail, it has levels."""

LEAST_SHAPE = -0.4
"""A tail of a lower shape ends just beyond the data (an age, a percentage): the column then ends where they do."""

MOST_BINS = 64
LEAST_IN_BIN = 20


@dataclass(frozen=True, kw_only=True)
class Margin:
    """One column's law: `cdf`, its inverse `quantile`, `log_density`.

    Args:
        name: the column's.
        values: (n,) seen, rising.
        lower, upper: the tails; None where there are too few values to fit one, and the law ends as the data do.
    """

    name: str
    values: Floats
    lower: Tail | None = None
    upper: Tail | None = None

    @classmethod
    def fit(cls, values: Floats, name: str, *, least_shape: float = LEAST_SHAPE, **options: Any) -> Margin:
        """The law of (n,) finite values.

        Args:
            least_shape: tails of this shape or less are left out.
            **options: of `fit_tail`.

        Raises:
            InputError: a value is not finite, or there is none.
        """
        x = np.asarray(values, np.float64)
        if not len(x) or not np.isfinite(x).all():
            raise InputError(f"column {name!r}: a law needs finite values, got {len(x)} with {_n_bad(x)} not finite")
        tails: list[Tail | None] = [None, None]
        if len(np.unique(x)) >= LEAST_DISTINCT:
            for place, upper in enumerate((False, True)):
                try:
                    tail = fit_tail(x, upper=upper, **options)
                except InputError:
                    continue  # too few different values out there: an end, a cap, or zeros
                tails[place] = tail if tail.shape > least_shape else None
        return cls(name=name, values=np.sort(x), lower=tails[0], upper=tails[1])

    @property
    def range(self) -> tuple[float, float]:
        """The least and greatest value seen."""
        return float(self.values[0]), float(self.values[-1])

    @property
    def tails(self) -> list[Tail]:
        """Those that could be fitted, the lower one first."""
        return [tail for tail in (self.lower, self.upper) if tail is not None]

    def _knots(self) -> tuple[Floats, Floats]:
        """Distinct values and the mean rank of each, in (0, 1)."""
        distinct, counts = np.unique(self.values, return_counts=True)
        upto = np.cumsum(counts)
        return distinct, (upto - counts / 2) / len(self.values)

    def cdf(self, values: Floats) -> Floats:
        """(n,) the share of rows below each value, in (0, 1)."""
        x = np.asarray(values, np.float64)
        distinct, ranks = self._knots()
        p = np.interp(x, distinct, ranks)
        for tail in self.tails:
            out = tail.holds(x)
            further = tail.survival(np.where(out, x, tail.threshold))
            p = np.where(out, 1 - further if tail.upper else further, p)
        return np.clip(p, 1e-300, 1 - 1e-16)

    def quantile(self, p: Floats) -> Floats:
        """(n,) the values below which these shares of the rows lie."""
        p = np.asarray(p, np.float64)
        distinct, ranks = self._knots()
        x = np.interp(p, ranks, distinct)
        for tail in self.tails:
            further = 1 - p if tail.upper else p
            out = further < tail.share
            x = np.where(out, tail.quantile(np.where(out, further, tail.share)), x)
        return np.asarray(x, np.float64)

    def log_density(self, values: Floats) -> Floats:
        """(n,) natural log of the density: of bins of equal mass in the body, of the Pareto laws in the tails."""
        x = np.asarray(values, np.float64)
        n_bins = int(np.clip(len(self.values) // LEAST_IN_BIN, 1, MOST_BINS))
        edges = np.unique(np.quantile(self.values, np.linspace(0, 1, n_bins + 1), method="inverted_cdf"))
        counts = np.diff(np.searchsorted(self.values, edges, side="right"), prepend=0).astype(np.float64)
        # A value that many rows share has no width: it counts as one step of the column.
        widths = np.maximum(np.diff(edges, prepend=edges[0]), self._step())
        bins = np.clip(np.searchsorted(edges, x, side="left"), 0, len(edges) - 1)
        with np.errstate(divide="ignore"):
            found = np.log(counts[bins] / len(self.values) / widths[bins])
        found = np.where((x < self.values[0]) | (x > self.values[-1]), -np.inf, found)
        for tail in self.tails:
            out = tail.holds(x)
            found = np.where(out, tail.log_density(np.where(out, x, tail.threshold)), found)
        return np.asarray(found, np.float64)

    def _step(self) -> float:
        """The least width a bin may have: the column's own step, where that is no mere rounding."""
        gaps = np.diff(np.unique(self.values))
        spread = float(np.std(self.values)) or 1.0
        return max(float(gaps.min()) if len(gaps) else 1.0, 1e-3 * spread)

    def to_laplace(self, values: Floats) -> Floats:
        """(n,) on the scale of a standard Laplace law, where both tails are exponential (Keef et al. 2013)."""
        p = self.cdf(values)
        return np.where(p < 0.5, np.log(2 * p), -np.log(2 * (1 - p)))

    def from_laplace(self, scores: Floats) -> Floats:
        """The inverse of `to_laplace`; exact far out, where 1 - p would round to nothing."""
        y = np.asarray(scores, np.float64)
        half = 0.5 * np.exp(-np.abs(y))
        x = self.quantile(np.where(y < 0, half, 1 - half))
        if self.upper is not None:
            out = (y > 0) & (half < self.upper.share)
            x = np.where(out, self.upper.quantile(np.where(out, half, self.upper.share)), x)
        return np.asarray(x, np.float64)


def _n_bad(x: Floats) -> int:
    return int((~np.isfinite(x)).sum())
