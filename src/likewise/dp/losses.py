"""Steps on random batches, accounted by privacy loss distributions: what zero-concentrated privacy cannot tell.

A noisy step on a Poisson sample of the rows costs less than on all of them, and how much less is known only numerically
(Sommer, Meiser and Mohammadi 2019; Koskela, Jälkö and Honkela 2020). dp-accounting does the arithmetic, always erring
on the side of more (Doroshenko et al. 2022). All that was asked of the data before the steps enters as one mechanism of
its rho, by the worst profile that rho allows.

Legend: q rate at which a row is sampled, m rows of one unit, d distance of two losses on the grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from likewise.errors import MissingExtraError, OptionError

if TYPE_CHECKING:
    from types import ModuleType

Floats = npt.NDArray[np.float64]

LEAST_MULTIPLIER, MOST_MULTIPLIER = 0.3, 1e4
"""Noise multipliers that are looked at. Below the least the grid of losses gets too long and the noise hardly matters;
above the most no gradient is left."""

PRECISION = 1e-3
"""Relative width at which the search for a multiplier ends."""

COARSER = 8
"""How much wider the grid is on which a search begins."""

REMEMBERED = 256
"""Answers that are kept: a second fit of the same plan, as an audit makes thousands, asks nothing new."""

NEGLIGIBLE = 1e-15
"""Mass beyond the grid; it is added to delta."""


@dataclass(frozen=True)
class Steps:
    """Gaussian steps, each on a Poisson sample of the rows.

    Args:
        rate: q, the chance of each row to be in a step's sample.
        steps: how many, fixed before the first.
    """

    rate: float
    steps: int

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise OptionError(f"the rate of sampling must lie above 0 and at most 1, got {self.rate!r}")
        if self.steps < 1:
            raise OptionError(f"there must be a step at least, got {self.steps!r}")


def epsilon_of_steps(
    runs: Sequence[tuple[Steps, float]], delta: float, *, rho: float = 0.0, group: int = 1, near: float = 1.0
) -> float:
    """Epsilon at delta of steps with their noise multipliers, after mechanisms that cost rho.

    Args:
        runs: steps, and the deviation of their noise over the norm to which a row's gradient is clipped.
        rho: of a row, as the ledger adds it up.
        group: m; the unit is a group of so many rows.
        near: about what is expected; the grid is chosen by it.

    Example:
        >>> round(epsilon_of_steps([(Steps(500 / 32561, 1000), 1.0)], 1e-5), 2)
        2.92
    """
    return _epsilon_of_steps(tuple(runs), delta, rho, group, _interval(near))


@lru_cache(maxsize=REMEMBERED)
def _epsilon_of_steps(
    runs: tuple[tuple[Steps, float], ...], delta: float, rho: float, group: int, interval: float
) -> float:
    return float(_all(runs, rho, group, interval).get_epsilon_for_delta(delta))


def multiplier_of(
    plans: Sequence[Steps], epsilon: float, delta: float, *, rho: float = 0.0, group: int = 1
) -> float | None:
    """Least noise multiplier with which all the planned steps keep (epsilon, delta), after mechanisms that cost rho.

    Args:
        rho, group: as `epsilon_of_steps` takes them.

    Returns:
        The multiplier, the same for all plans; None where none below `MOST_MULTIPLIER` does.
    """
    return _multiplier_of(tuple(plans), epsilon, delta, rho, group)


@lru_cache(maxsize=REMEMBERED)
def _multiplier_of(plans: tuple[Steps, ...], epsilon: float, delta: float, rho: float, group: int) -> float | None:
    def is_enough(multiplier: float, interval: float) -> bool:
        runs = [(plan, multiplier) for plan in plans]
        return bool(_all(runs, rho, group, interval).get_delta_for_epsilon(epsilon) <= delta)

    # A coarse grid tells more than the truth, so that its answer is enough on the fine one, and near.
    fine = _interval(epsilon)
    about = _least(lambda multiplier: is_enough(multiplier, COARSER * fine), LEAST_MULTIPLIER, 1.0)
    if about is None:
        return None
    return _least(lambda multiplier: is_enough(multiplier, fine), 0.95 * about, about)


def _least(is_enough: Callable[[float], bool], low: float, high: float) -> float | None:
    """Least multiplier that is enough, sought between two at first."""
    while not is_enough(high):
        low, high = high, 2 * high
        if high > MOST_MULTIPLIER:
            return None
    while is_enough(low):
        if low <= LEAST_MULTIPLIER:
            return LEAST_MULTIPLIER
        low, high = max(low / 2, LEAST_MULTIPLIER), low
    while high / low > 1 + PRECISION:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _interval(epsilon: float) -> float:
    """Distance of losses on the grid: fine against epsilon, and no finer than is of use."""
    return min(max(epsilon / 2000, 1e-5), 1e-3)


def _all(runs: Sequence[tuple[Steps, float]], rho: float, group: int, interval: float) -> Any:
    pld = _pld()
    total = pld.identity(interval) if rho <= 0 else _of_rho(group**2 * rho, interval)
    for steps, multiplier in runs:
        total = total.compose(_of_step(steps.rate, multiplier, group, interval).self_compose(steps.steps))
    return total


def _of_step(rate: float, multiplier: float, group: int, interval: float) -> Any:
    """One step. Of a group of m rows a binomial number is in the sample (Ganesh 2024, theorem 3.1)."""
    if group == 1:
        return _pld().from_gaussian_mechanism(multiplier, sampling_prob=rate, value_discretization_interval=interval)
    k = np.arange(group + 1)
    log_choose = np.array([math.lgamma(group + 1) - math.lgamma(i + 1) - math.lgamma(group - i + 1) for i in k])
    with np.errstate(divide="ignore", invalid="ignore"):
        log_misses = np.where(k == group, 0.0, (group - k) * np.log1p(-rate))
    chances = np.exp(log_choose + k * math.log(rate) + log_misses)
    return _pld().from_mixture_gaussian_mechanism(
        multiplier, k.astype(float), chances / chances.sum(), value_discretization_interval=interval
    )


def _of_rho(rho: float, interval: float) -> Any:
    """The worst that any rho-zCDP mechanism can be.

    Its profile, delta at every epsilon, is below `profile`; any curve that is convex in exp(epsilon) and above all of
    theirs is the profile of a pair that dominates them (Zhu, Dong and Wang 2022, propositions 7 and 8).
    """
    from dp_accounting.pld import pld_pmf

    reach = rho + 2 * math.sqrt(rho * math.log(1 / NEGLIGIBLE))
    n = math.ceil(reach / interval)
    grid = np.arange(-n, n + 1)
    above = profile(rho, (grid[n:] * interval).astype(np.float64))
    # Below zero by symmetry: what holds for D against D' holds for D' against D.
    below = 1 - np.exp(grid[:n] * interval) * (1 - above[:0:-1])
    deltas = np.clip(np.minimum.accumulate(np.r_[below, above]), 0, 1)
    kept = _lower_hull(np.exp(grid * interval), deltas)
    pmf = pld_pmf.create_pmf_pessimistic_connect_dots(interval, grid[kept], deltas[kept])
    return _pld().PrivacyLossDistribution(pmf)


def profile(rho: float, epsilons: Floats) -> Floats:
    """Upper bound on delta at each epsilon of 0 or more, of any rho-zCDP mechanism (Canonne, Kamath and Steinke 2020,
    corollary 13): `accounting.delta_of` for many at once."""
    low, high = np.full(len(epsilons), 1 + 1e-9), (epsilons + 1) / (2 * rho) + 2
    for _ in range(60):  # the order at which the derivative, which rises, is zero
        middle = 0.5 * (low + high)
        rising = (2 * middle - 1) * rho - epsilons + np.log1p(-1 / middle) > 0
        low, high = np.where(rising, low, middle), np.where(rising, middle, high)
    log_delta = (high - 1) * (high * rho - epsilons) + high * np.log1p(-1 / high) - np.log(high - 1)
    return np.minimum(np.exp(np.minimum(log_delta, 0.0)), 1.0)


def _lower_hull(x: Floats, y: Floats) -> npt.NDArray[np.int64]:
    """Places of the points on the lower convex hull of a falling curve, both ends among them."""
    kept: list[int] = []
    for i in range(len(x)):
        while len(kept) > 1:
            a, b = kept[-2], kept[-1]
            if (y[b] - y[a]) * (x[i] - x[a]) < (y[i] - y[a]) * (x[b] - x[a]):
                break
            kept.pop()
        kept.append(i)
    return np.array(kept)


def _pld() -> ModuleType:
    try:
        from dp_accounting.pld import privacy_loss_distribution
    except ImportError as error:
        raise MissingExtraError("dp-accounting", "dp") from error
    module: ModuleType = privacy_loss_distribution
    return module
