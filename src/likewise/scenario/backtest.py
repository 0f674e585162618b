"""Back-tests of value at risk and expected shortfall: were there as many exceedances as promised, and came they alone?

Legend: n steps.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from likewise.errors import InputError, OptionError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Test:
    """A statistic and how likely a larger one is, were the forecasts right."""

    __test__ = False  # not one of pytest's

    statistic: float
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """How forecasts of losses did.

    Args:
        level: of the value at risk.
        n, exceedances: steps, and those with a loss beyond the forecast.
        expected: exceedances that the level promises.
        coverage: Kupiec's test: is their number right? (chi-squared, 1)
        independence: Christoffersen's: does one make the next likelier? (chi-squared, 1)
        conditional: both at once. (chi-squared, 2)
        shortfall: the second statistic of Acerbi and Szekely (2014), 0 where expected shortfall is right, below where
            it was too small; None without forecasts of it.
    """

    level: float
    n: int
    exceedances: int
    expected: float
    coverage: Test
    independence: Test
    conditional: Test
    shortfall: float | None = None

    @property
    def passed(self) -> bool:
        """No test refuses the forecasts at 5%."""
        tests = (self.coverage, self.independence, self.conditional)
        return all(test.p_value >= 0.05 for test in tests) and (
            self.shortfall is None or self.shortfall > self.least_shortfall
        )

    @property
    def least_shortfall(self) -> float:
        """Below this the shortfall is refused at about 5%: -.7 for 250 steps at level .975 (their table 1), nearer to 0
        as the root of the exceedances expected."""
        return -0.7 * float(np.sqrt(250 * 0.025 / self.expected))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"passed": self.passed}


def backtest(losses: Floats, value_at_risk: Floats, level: float, expected_shortfall: Floats | None = None) -> Backtest:
    """Forecasts against what came.

    Args:
        losses: (n,) positive is a loss.
        value_at_risk: (n,) forecasts made before each step.
        level: such as .99.
        expected_shortfall: (n,) forecasts, at the same level.

    Raises:
        InputError: the lengths differ, or a number is missing.
    """
    parts = [np.asarray(x, np.float64) for x in (losses, value_at_risk, expected_shortfall) if x is not None]
    if len({len(x) for x in parts}) != 1 or len(parts[0]) < 2:
        raise InputError("losses and forecasts must have the same length, 2 at least")
    if not all(np.isfinite(x).all() for x in parts):
        raise InputError("a back-test needs a finite loss and forecast at every step")
    if not 0 < level < 1:
        raise OptionError(f"level must lie in (0, 1), got {level}")
    hits = parts[0] > parts[1]
    first, second = kupiec(int(hits.sum()), len(hits), level), christoffersen(hits)
    both = first.statistic + second.statistic
    shortfall = None
    if expected_shortfall is not None:
        shortfall = float(1 - (parts[0] * hits / parts[2]).sum() / (len(hits) * (1 - level)))
    return Backtest(
        level=level, n=len(hits), exceedances=int(hits.sum()), expected=len(hits) * (1 - level),
        coverage=first, independence=second, conditional=Test(statistic=both, p_value=float(stats.chi2.sf(both, 2))),
        shortfall=shortfall,
    )  # fmt: skip


def kupiec(exceedances: int, n: int, level: float) -> Test:
    """Whether the number of exceedances is right (Kupiec 1995): the likelihood ratio of the share seen and promised.

    Example:
        >>> round(kupiec(7, 255, 0.99).statistic, 2)
        5.32
    """
    p, share = 1 - level, exceedances / n
    ratio = 2 * (_log_likelihood(exceedances, n, share) - _log_likelihood(exceedances, n, p))
    ratio = max(ratio, 0.0)
    return Test(statistic=ratio, p_value=float(stats.chi2.sf(ratio, 1)))


def christoffersen(hits: npt.NDArray[np.bool_]) -> Test:
    """Whether an exceedance makes the next likelier (Christoffersen 1998): a Markov chain against independence."""
    before, after = hits[:-1].astype(int), hits[1:].astype(int)
    moves = np.zeros((2, 2))
    np.add.at(moves, (before, after), 1)
    from_calm, from_hit = moves
    shares = [row[1] / row.sum() if row.sum() else 0.0 for row in moves]
    apart = sum(_log_likelihood(row[1], row.sum(), s) for row, s in zip((from_calm, from_hit), shares, strict=True))
    together = _log_likelihood(moves[:, 1].sum(), moves.sum(), moves[:, 1].sum() / moves.sum())
    ratio = max(2 * (apart - together), 0.0)
    return Test(statistic=float(ratio), p_value=float(stats.chi2.sf(ratio, 1)))


def _log_likelihood(hits: float, n: float, share: float) -> float:
    """Of `hits` among n, each with probability `share`; 0 log 0 is 0."""
    return float(special.xlogy(hits, share) + special.xlogy(n - hits, 1 - share))
