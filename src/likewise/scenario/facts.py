"""Stylised facts of a series of returns or changes: fat tails, clusters of volatility, leverage (Cont 2001).

Legend: n steps, p paths of h steps.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

from likewise.errors import InputError
from likewise.typing import Floats

LAGS = (1, 5, 10, 20)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What of a series models most often miss.

    Args:
        std, skew, excess_kurtosis: of the steps.
        tail_index: Hill's estimate for the lower 5% of the steps; the smaller, the fatter.
        autocorrelation: of the steps at lag 1; near 0 in prices.
        clustering: autocorrelation of absolute steps at the lags of `LAGS`.
        leverage: correlation of a step with the squares that follow it, at the same lags; below 0 in equities.
        var_99, es_975: value at risk and expected shortfall, as positive losses.
        drawdown: the mean over paths of the deepest fall from a peak of the sum of steps.
    """

    std: float
    skew: float
    excess_kurtosis: float
    tail_index: float
    autocorrelation: float
    clustering: tuple[float, ...]
    leverage: tuple[float, ...]
    var_99: float
    es_975: float
    drawdown: float

    def to_dict(self) -> dict[str, float | tuple[float, ...]]:
        """All figures, as JSON has them."""
        return asdict(self)


def stylised_facts(steps: Floats) -> Facts:
    """The facts of (n,) steps, or of (p, h) paths, over which each lagged correlation is taken within a path.

    Raises:
        InputError: there are fewer than 50 steps, or one is not finite.

    Example:
        >>> facts = stylised_facts(np.random.default_rng(0).standard_normal(20_000))
        >>> abs(facts.excess_kurtosis) < 0.2, abs(facts.clustering[0]) < 0.03
        (True, True)
    """
    r = np.atleast_2d(np.asarray(steps, np.float64))
    if r.size < 50 or not np.isfinite(r).all():
        raise InputError(f"stylised facts need at least 50 finite steps, got {r.size}")
    flat, size = r.ravel(), np.abs(r)
    lags = [lag for lag in LAGS if lag < r.shape[1] - 1]
    value_at_risk, shortfall = var_es(flat, 0.99)[0], var_es(flat, 0.975)[1]
    return Facts(
        std=float(flat.std()),
        skew=float(stats.skew(flat)),
        excess_kurtosis=float(stats.kurtosis(flat)),
        tail_index=hill(-flat, 0.05),
        autocorrelation=_lagged(r, r, 1),
        clustering=tuple(_lagged(size, size, lag) for lag in lags),
        leverage=tuple(_lagged(r, r**2, lag) for lag in lags),
        var_99=value_at_risk,
        es_975=shortfall,
        drawdown=float(drawdowns(r).mean()),
    )


def _lagged(a: Floats, b: Floats, lag: int) -> float:
    """The correlation of a_t with b_{t + lag} over all paths."""
    x, y = a[:, :-lag] - a.mean(), b[:, lag:] - b.mean()
    return float((x * y).mean() / (a.std() * b.std() or 1.0))


def hill(values: Floats, share: float = 0.05) -> float:
    """Hill's estimate of the tail index from the largest share of the values (Hill 1975); infinite without a tail."""
    ordered = np.sort(values)[::-1]
    k = max(int(share * len(ordered)), 2)
    if ordered[k] <= 0:
        return float("inf")
    return float(1 / np.log(ordered[:k] / ordered[k]).mean())


def drawdowns(steps: Floats) -> Floats:
    """(p,) the deepest fall from a peak of the summed steps, as a positive number."""
    summed = np.concatenate([np.zeros((len(steps), 1)), np.cumsum(steps, 1)], 1)
    deepest: Floats = (np.maximum.accumulate(summed, 1) - summed).max(1)
    return deepest


def var_es(returns: Floats, level: float = 0.99) -> tuple[float, float]:
    """Value at risk and expected shortfall of returns at a level, as positive losses, as they were seen.

    Example:
        >>> [round(loss, 4) for loss in var_es(np.linspace(-0.1, 0.1, 201), level=0.95)]
        [0.09, 0.095]
    """
    losses = np.sort(-np.asarray(returns, np.float64))
    value = float(np.quantile(losses, level))
    beyond = losses[losses >= value]
    return value, float(beyond.mean())
