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
from likewise.typing import Bools, Floats

N_SIMULATED = 4_000
"""Series drawn for a p-value, which is then known to within .007 at 5 % (two standard errors)."""

TIE = 1e-9
"""Ratios nearer than this are one, told apart by rounding alone."""


@dataclass(frozen=True, kw_only=True)
class Test:
    """A statistic and how likely one as large is, were the forecasts right.

    Args:
        statistic: a likelihood ratio.
        p_value: exact, or by simulation: a few exceedances are far from the chi-squared law that the ratio has at
            length, which would refuse right forecasts up to twice as often as it says.
    """

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
        coverage: Kupiec's test: is their number right?
        independence: Christoffersen's: does one make the next likelier?
        conditional: both at once.
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
        """Whether the forecasts are not refused: right ones are in one of twenty back-tests, at most.

        `conditional` alone is asked where there is no expected shortfall; with it, each at 2.5 % (Bonferroni).
        """
        if self.shortfall is None:
            return self.conditional.p_value >= 0.05
        return self.conditional.p_value >= 0.025 and self.shortfall > self.least_shortfall

    @property
    def least_shortfall(self) -> float:
        """Below this the shortfall is refused at 2.5 % or less: -.95 for 250 steps at level .975, nearer to 0 as the
        root of the exceedances expected. Simulated: -.79 to -.92 for normal losses, to -.96 for t with 4 degrees."""
        return -0.95 * float(np.sqrt(250 * 0.025 / self.expected))

    def to_dict(self) -> dict[str, Any]:
        """All figures, as JSON has them."""
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

        OptionError: the level is not between 0 and 1.

    Example:
        >>> losses = np.random.default_rng(0).standard_normal(500)
        >>> backtest(losses, np.full(500, 2.33), 0.99).exceedances
        4
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
    conditional = Test(statistic=both, p_value=_simulated(both, len(hits), level))
    return Backtest(
        level=level, n=len(hits), exceedances=int(hits.sum()), expected=len(hits) * (1 - level),
        coverage=first, independence=second, conditional=conditional, shortfall=shortfall,
    )  # fmt: skip


def kupiec(exceedances: int, n: int, level: float) -> Test:
    """Whether the number of exceedances is right (Kupiec 1995): the likelihood ratio of the share seen and promised.

    The p-value is exact: the binomial chance of all numbers whose ratio is as large.

    Args:
        exceedances: days on which the loss was beyond the forecast.
        n: days in all.
        level: of the forecast, such as 0.99.

    Example:
        >>> round(kupiec(7, 255, 0.99).statistic, 2)
        5.32
    """
    numbers = np.arange(n + 1)
    ratios = _coverage_ratio(numbers, n, level)
    ratio = float(ratios[exceedances])
    return Test(statistic=ratio, p_value=float(stats.binom.pmf(numbers, n, 1 - level)[ratios >= ratio - TIE].sum()))


def christoffersen(hits: Bools) -> Test:
    """Whether an exceedance makes the next likelier (Christoffersen 1998): a Markov chain against independence.

    The p-value is that of the same exceedances in random order.

    Args:
        hits: (n,) whether each day's loss exceeded what was forecast, in order.

    Example:
        >>> hits = np.zeros(250, bool)
        >>> hits[100:106] = True
        >>> christoffersen(hits).p_value < 0.01
        True
    """
    rng = np.random.default_rng(0)
    ratio = float(_markov_ratio(hits[None])[0])
    shuffled = rng.permuted(np.broadcast_to(hits, (N_SIMULATED, len(hits))), axis=1)
    return Test(statistic=ratio, p_value=_as_large(_markov_ratio(shuffled), ratio))


def _simulated(statistic: float, n: int, level: float) -> float:
    """The chance of both ratios together to be as large where each step exceeds by chance alone."""
    hits = np.random.default_rng(0).random((N_SIMULATED, n)) > level
    return _as_large(_coverage_ratio(hits.sum(1), n, level) + _markov_ratio(hits), statistic)


def _as_large(drawn: Floats, seen: float) -> float:
    return float((1 + (drawn >= seen - TIE).sum()) / (1 + len(drawn)))


def _coverage_ratio(exceedances: npt.NDArray[np.integer[Any]], n: int, level: float) -> Floats:
    """Likelihood ratio of each number of exceedances, of the share seen against the share promised."""
    seen, promised = (_log_likelihood(exceedances, n, share) for share in (exceedances / n, 1 - level))
    return np.asarray(np.maximum(2 * (seen - promised), 0.0))


def _markov_ratio(hits: Bools) -> Floats:
    """(r,) likelihood ratio of a chain against independence, for each row of (r, n) hits."""
    before, after = hits[:, :-1], hits[:, 1:]
    n, moves = before.shape[1], np.stack([(after & ~before).sum(1), (after & before).sum(1)])
    totals = np.stack([n - before.sum(1), before.sum(1)])
    apart = _log_likelihood(moves, totals, moves / np.maximum(totals, 1)).sum(0)
    together = _log_likelihood(moves.sum(0), n, moves.sum(0) / n)
    return np.asarray(np.maximum(2 * (apart - together), 0.0))


def _log_likelihood(hits: Any, n: Any, share: Any) -> Floats:
    """Of `hits` among n, each with probability `share`; 0 log 0 is 0."""
    return np.asarray(special.xlogy(hits, share) + special.xlogy(n - hits, 1 - share), np.float64)
