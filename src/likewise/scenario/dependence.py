"""How columns go together in their tails: measures of it, and a model that draws the others given one extreme.

Legend: n rows, d other columns, k rows in which the driving column is extreme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import optimize, stats

from likewise.errors import InputError, OptionError
from likewise.scenario.margins import Margin
from likewise.typing import Floats

LEAST_ROWS = 30
"""Rows in which the driving column must be extreme for the others to be fitted to it."""


@dataclass(frozen=True, kw_only=True)
class TailDependence:
    """How often two columns are extreme together.

    Args:
        level: u, the quantile beyond which a value counts as extreme.
        chi: P(V > u | U > u): its limit is above 0 where the extremes go on coming together, 0 where they part.
        chi_low, chi_high: its 95% interval (Wilson).
        chi_bar: 1 in the first case; in the second, how strongly they hang together below that, -1 to 1.
        n_joint: rows beyond in both.
    """

    level: float
    chi: float
    chi_low: float
    chi_high: float
    chi_bar: float
    n_joint: int

    def to_dict(self) -> dict[str, Any]:
        """All figures, as JSON has them."""
        return asdict(self)


def tail_dependence(
    x: Floats, y: Floats, levels: Sequence[float] = (0.9, 0.95, 0.99), *, tails: tuple[str, str] = ("upper", "upper")
) -> tuple[TailDependence, ...]:
    """chi and chi-bar of two columns at some levels (Coles, Heffernan and Tawn 1999, section 3).

    Args:
        x, y: (n,) values; rows where one is not a number are left out.
        levels: u, each in (0, 1).
        tails: which tail of each column, "upper" or "lower".

    Raises:
        InputError: fewer than 20 rows have both values.
        OptionError: a level or a tail is none.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal(10_000)
        >>> [round(found.chi, 1) for found in tail_dependence(x, x)]
        [1.0, 1.0, 1.0]
    """
    if any(not 0 < u < 1 for u in levels):
        raise OptionError("levels must lie in (0, 1)")
    if any(tail not in ("upper", "lower") for tail in tails):
        raise OptionError(f"tails must be 'upper' or 'lower', got {tails!r}")
    known = np.isfinite(x) & np.isfinite(y)
    n = int(known.sum())
    if n < 20:
        raise InputError(f"chi needs at least 20 rows with both values, got {n}")
    ranks = [
        stats.rankdata(values[known] * (1 if tail == "upper" else -1)) / (n + 1)
        for values, tail in zip((x, y), tails, strict=True)
    ]
    return tuple(_at_level(ranks[0], ranks[1], u) for u in levels)


def _at_level(u: Floats, v: Floats, level: float) -> TailDependence:
    n, beyond = len(u), u > level
    n_beyond, n_joint = int(beyond.sum()), int((beyond & (v > level)).sum())
    chi = n_joint / n_beyond if n_beyond else 0.0
    low, high = 0.0, 1.0
    if n_beyond:
        low, high = map(float, stats.binomtest(n_joint, n_beyond).proportion_ci(method="wilson"))
    joint = max(n_joint, 0.5) / n  # half a row, where none was seen: chi-bar has a logarithm
    chi_bar = float(np.clip(2 * np.log(1 - level) / np.log(joint) - 1, -1, 1))
    return TailDependence(level=level, chi=chi, chi_low=low, chi_high=high, chi_bar=chi_bar, n_joint=n_joint)


@dataclass(frozen=True, kw_only=True)
class ConditionalExtremes:
    """The law of other columns given that one is extreme (Heffernan and Tawn 2004, on Laplace margins as Keef,
    Papastathopoulos and Tawn 2013): Y_j = a_j * y + y ** b_j * Z_j for y beyond the threshold.

    It holds both for extremes that come together (a = 1) and for those that part, and needs no choice between them.

    Args:
        driver: the law of the extreme column.
        others: the laws of the d others.
        upper: which tail of the driver.
        threshold: on the Laplace scale.
        a, b: (d,).
        residuals: (k, d) Z of the rows that were extreme, whole rows together; NaN where a value was missing.
    """

    driver: Margin
    others: tuple[Margin, ...]
    upper: bool
    threshold: float
    a: Floats
    b: Floats
    residuals: Floats

    @classmethod
    def fit(
        cls, driver: Margin, x: Floats, others: Sequence[Margin], values: Floats, *, upper: bool = True
    ) -> ConditionalExtremes:
        """
        Args:
            x: (n,) the driving column.
            values: (n, d) the others; NaN where missing.

        Raises:
            InputError: the driver has no tail, or too few rows lie in it.
        """
        tail = driver.upper if upper else driver.lower
        if tail is None:
            raise InputError(f"column {driver.name!r} has no {'upper' if upper else 'lower'} tail that could be fitted")
        sign = 1.0 if upper else -1.0
        y = sign * driver.to_laplace(x)
        threshold = float(-np.log(2 * min(tail.share, 0.5)))
        rows = y > threshold
        if int(rows.sum()) < LEAST_ROWS:
            raise InputError(f"column {driver.name!r}: {int(rows.sum())} rows are extreme; {LEAST_ROWS} are needed")
        d = len(others)
        a, b, residuals = np.zeros(d), np.zeros(d), np.full((int(rows.sum()), d), np.nan)
        for j, margin in enumerate(others):
            column = values[rows, j]
            known = np.isfinite(column)
            if known.sum() < LEAST_ROWS:
                continue
            scores = margin.to_laplace(column[known])
            at = y[rows][known]
            a[j], b[j] = _fit_pair(at, scores)
            residuals[known, j] = (scores - a[j] * at) / at ** b[j]
        return cls(driver=driver, others=tuple(others), upper=upper, threshold=threshold, a=a, b=b, residuals=residuals)

    def draw(self, driver: Floats, rng: np.random.Generator) -> Floats:
        """(n, d) the other columns given (n,) extreme values of the driver; NaN where the row that lends its residual
        had no value."""
        y = (1.0 if self.upper else -1.0) * self.driver.to_laplace(driver)
        y = np.maximum(y, self.threshold)[:, None]
        lent = self.residuals[rng.integers(len(self.residuals), size=len(driver))]
        scores = self.a * y + y**self.b * lent
        known = np.isfinite(lent)
        columns = [
            np.where(known[:, j], margin.from_laplace(np.where(known[:, j], scores[:, j], 0.0)), np.nan)
            for j, margin in enumerate(self.others)
        ]
        return np.stack(columns, 1) if columns else np.zeros((len(driver), 0))

    def to_dict(self) -> dict[str, Any]:
        return {m.name: {"a": float(a), "b": float(b)} for m, a, b in zip(self.others, self.a, self.b, strict=True)}


def _fit_pair(y: Floats, scores: Floats) -> tuple[float, float]:
    """a and b of one pair, by the working likelihood in which Z is normal."""

    def cost(at: Floats) -> float:
        a, b = at
        z = (scores - a * y) / y**b
        return float(np.log(z.std() + 1e-12) + b * np.log(y).mean())

    starts = [(0.9, 0.1), (0.3, 0.3), (0.0, 0.0), (-0.5, 0.2)]
    bounds = [(-1.0, 1.0), (-1.0, 0.99)]
    found = [optimize.minimize(cost, start, method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(found, key=lambda f: float(f.fun))
    return float(best.x[0]), float(best.x[1])
