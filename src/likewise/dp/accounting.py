"""From noise to (epsilon, delta) and back.

Mechanisms are counted by Gaussian differential privacy (Dong, Roth and Su 2022): a mechanism of mu tells two neighbours
apart no better than one draw tells two normal laws whose means lie mu deviations apart. Their exact curve is known
(Balle and Wang 2018). The ledger writes rho = mu^2 / 2, because these add up, also where each mechanism and its rho is
chosen in the light of all answers before (Smith and Thakurta 2022: a filter as tight as composition of a fixed plan):

- noise of deviation sigma on what one row moves by s in L2: mu = s / sigma;
- a choice by the exponential mechanism of epsilon: the log odds of its answers lie in a range of epsilon, so that its
  trade-off curve is above that of two-point laws (Dong, Durfee and Rogers 2020), whose corner is nearest to a normal
  law's curve where the range lies even about 0: mu = 2 Phi^-1(1 / (1 + exp(-epsilon / 2))), near .63 epsilon;
- a group of m rows: m mu (Dong, Roth and Su 2022, theorem 2.14).

Steps on random samples of the rows cost less than on all rows, and how much less is known only numerically, by
distributions of the privacy loss (Sommer, Meiser and Mohammadi 2019; Koskela, Jälkö and Honkela 2020). dp-accounting
does that arithmetic, always erring on the side of more (Doroshenko et al. 2022). Composed so, what was planned must not
hang on answers.

Legend: mu distance of two normal laws in deviations, q rate at which a row is sampled, m rows of one unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from likewise.errors import MissingExtraError, OptionError

if TYPE_CHECKING:
    from types import ModuleType

LEAST_EPSILON, MOST_EPSILON = 1e-5, 1e6
"""Below the least the arithmetic of the noise would count; beyond the most nothing is protected."""

OF_THE_SAMPLER = (2e-6, 1e-6)
"""What is kept of epsilon, and of delta as a share of it, for how the noise is drawn (`mechanisms.grid_noise`).

Each outcome within 12 deviations has its chance but for a factor of exp(+-2**-42): 9 roundings of a square that reaches
144, halved, and as many in the sum of all. So to swap the noise of a fit for the ideal one is a mechanism of 2**-85
zCDP for each draw (Bun and Steinke 2016, proposition 3.3); 2**36 draws, swapped on both sides, add less than 2e-6 to
epsilon at a delta of 1e-20. Beyond 12 deviations lies less than 2e-22 of 2**36 draws."""

MOST_DRAWS = 2**36

LEAST_MULTIPLIER, MOST_MULTIPLIER = 0.3, 1e4
"""Noise multipliers that are looked at. Below the least the grid of losses gets too long and the noise hardly matters;
above the most no gradient is left."""

PRECISION = 1e-3
"""Relative width at which the search for a multiplier ends."""

COARSER = 8
"""How much wider the grid of losses is on which a search begins."""

REMEMBERED = 256
"""Answers that are kept: a second fit of the same plan, as an audit makes thousands, asks nothing new."""


def check_budget(epsilon: float, delta: float) -> None:
    """Hold a budget to what the words mean."""
    for name, value in (("epsilon", epsilon), ("delta", delta)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise OptionError(f"{name} must be a finite number, got {value!r}")
    if not LEAST_EPSILON <= epsilon <= MOST_EPSILON:
        raise OptionError(f"epsilon must lie between {LEAST_EPSILON:g} and {MOST_EPSILON:g}, got {epsilon!r}")
    if not 0 < delta < 1:
        raise OptionError(f"delta must lie between 0 and 1, both excluded, got {delta!r}")


# ---- what a mechanism costs ------------------------------------------------------------------------------------------


def rho_of_gaussian(sensitivity: float, sigma: float) -> float:
    """Cost of one Gaussian mechanism."""
    return sensitivity**2 / (2 * sigma**2)


def sigma_of_gaussian(sensitivity: float, rho: float) -> float:
    """Deviation that costs rho: the inverse of `rho_of_gaussian`."""
    return sensitivity / math.sqrt(2 * rho)


def rho_of_exponential(epsilon: float) -> float:
    """Cost of one exponential mechanism, or of report-noisy-max with Gumbel noise.

    >>> round(rho_of_exponential(0.1), 6)
    0.001963
    """
    mu = -2 * float(special.ndtri_exp(special.log_expit(-epsilon / 2)))
    return mu**2 / 2


def epsilon_of_exponential(rho: float) -> float:
    """The inverse of `rho_of_exponential`."""
    half = math.sqrt(2 * rho) / 2
    return 2 * float(special.log_ndtr(half) - special.log_ndtr(-half))


# ---- the Gaussian curve ----------------------------------------------------------------------------------------------


def delta_of_mu(mu: float, epsilon: float) -> float:
    """Least delta at epsilon of a mechanism of mu. Balle and Wang 2018, theorem 8, in logarithms."""
    if mu <= 0:
        return 0.0
    a = float(special.log_ndtr(mu / 2 - epsilon / mu))
    b = float(special.log_ndtr(-mu / 2 - epsilon / mu)) + epsilon
    return math.exp(a) * -math.expm1(min(b - a, 0.0))


def epsilon_of_mu(mu: float, delta: float) -> float:
    """Least epsilon at delta of a mechanism of mu, never too small.

    >>> round(epsilon_of_mu(1 / 3.7306, 1e-5), 3)
    1.0
    """
    if mu <= 0 or delta_of_mu(mu, 0.0) <= delta:
        return 0.0
    return boundary(lambda epsilon: delta_of_mu(mu, epsilon) > delta, 0.0, 1.0)[1]


def mu_of(epsilon: float, delta: float) -> float:
    """The inverse of `epsilon_of_mu`: the greatest mu that keeps (epsilon, delta).

    >>> round(mu_of(1.0, 1e-5) * 3.7306, 3)
    1.0
    """
    return boundary(lambda mu: delta_of_mu(mu, epsilon) <= delta, 0.0, 1.0)[0]


def epsilon_of(rho: float, delta: float) -> float:
    """Least epsilon at delta of all mechanisms that cost rho together.

    >>> round(epsilon_of(0.035924, 1e-5), 3)
    1.0
    """
    if rho <= 0:
        return 0.0
    more, share = OF_THE_SAMPLER
    return epsilon_of_mu(math.sqrt(2 * rho), delta * (1 - share)) + more


def rho_of(epsilon: float, delta: float) -> float:
    """Largest rho that keeps (epsilon, delta): what a budget buys.

    >>> round(rho_of(1.0, 1e-5), 5)
    0.03593
    """
    check_budget(epsilon, delta)
    more, share = OF_THE_SAMPLER
    return mu_of(epsilon - more, delta * (1 - share)) ** 2 / 2


# ---- steps on samples of the rows ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Steps:
    """Gaussian steps, each on a Poisson sample of the rows.

    Args:
        rate: q, the chance of each row to be in a step's sample.
        steps: how many, fixed before the first.
        whole: whether it is whole units that are sampled, each giving one clipped sum, and not their rows.
    """

    rate: float
    steps: int
    whole: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise OptionError(f"the rate of sampling must lie above 0 and at most 1, got {self.rate!r}")
        if self.steps < 1:
            raise OptionError(f"there must be a step at least, got {self.steps!r}")


Runs = Sequence[tuple[Steps, float]]
"""Steps, and the deviation of their noise over the norm to which a row's gradient is clipped."""


Claims = tuple[tuple[float, float], ...]
"""(epsilon, delta) of mechanisms of which no more is known."""


def epsilon_of_steps(
    runs: Runs, delta: float, *, rho: float = 0.0, group: int = 1, near: float = 1.0, claims: Claims = ()
) -> float:
    """Epsilon at delta of steps with their noise multipliers, and of mechanisms that cost rho beside them.

    Args:
        rho: of a row, as the ledger adds it up.
        group: m; the unit is a group of so many rows.
        near: about what is expected; the grid of losses is chosen by it.
        claims: of the unit; they are composed with the rest.

    Example:
        >>> round(epsilon_of_steps([(Steps(500 / 32561, 1000), 1.0)], 1e-5), 2)
        2.92
    """
    return _epsilon_of_steps(tuple(runs), delta, rho, group, _interval(near), claims)


@lru_cache(maxsize=REMEMBERED)
def _epsilon_of_steps(
    runs: tuple[tuple[Steps, float], ...], delta: float, rho: float, group: int, interval: float, claims: Claims
) -> float:
    more, share = OF_THE_SAMPLER
    losses = losses_of(runs, rho, group, interval)
    for claim in claims:
        losses = losses.compose(_of_claim(*claim, interval))
    return float(losses.get_epsilon_for_delta(delta * (1 - share))) + more


def multiplier_of(
    plans: Sequence[Steps], epsilon: float, delta: float, *, rho: float = 0.0, group: int = 1
) -> float | None:
    """Least noise multiplier with which all the planned steps keep (epsilon, delta), beside mechanisms that cost rho.

    Args:
        rho, group: as `epsilon_of_steps` takes them.

    Returns:
        The multiplier, the same for all plans; None where none below `MOST_MULTIPLIER` does.
    """
    return _multiplier_of(tuple(plans), epsilon, delta, rho, group)


@lru_cache(maxsize=REMEMBERED)
def _multiplier_of(plans: tuple[Steps, ...], epsilon: float, delta: float, rho: float, group: int) -> float | None:
    more, share = OF_THE_SAMPLER

    def is_short(multiplier: float, interval: float) -> bool:
        if not LEAST_MULTIPLIER <= multiplier <= MOST_MULTIPLIER:
            return multiplier < LEAST_MULTIPLIER
        runs = [(plan, multiplier) for plan in plans]
        losses = losses_of(runs, rho, group, interval)
        return bool(losses.get_delta_for_epsilon(epsilon - more) > delta * (1 - share))

    def least(interval: float, low: float, high: float) -> float:
        return boundary(lambda multiplier: is_short(multiplier, interval), low, high, precision=PRECISION)[1]

    # A coarse grid tells more than the truth, so that its answer is enough on the fine one, and near.
    fine = _interval(epsilon)
    about = least(COARSER * fine, 0.5, 1.0)
    if about >= MOST_MULTIPLIER:
        return None
    return max(least(fine, 0.95 * about, about), LEAST_MULTIPLIER)


def losses_of(runs: Runs, rho: float, group: int, interval: float) -> Any:
    """The distribution of the privacy loss of steps, and of mechanisms that cost rho beside them.

    Args:
        interval: distance of two losses on the grid.
    """
    pld = _pld()
    total = pld.identity(interval)
    if rho > 0:
        sigma = 1 / (group * math.sqrt(2 * rho))
        total = pld.from_gaussian_mechanism(sigma, value_discretization_interval=interval)
    for steps, multiplier in runs:
        total = total.compose(
            _of_step(steps.rate, multiplier, 1 if steps.whole else group, interval).self_compose(steps.steps)
        )
    return total


def _of_step(rate: float, multiplier: float, group: int, interval: float) -> Any:
    """One step. Of a group of m rows a binomial number is in the sample (Ganesh 2024, theorem 3.1)."""
    if group == 1 or rate == 1:  # all of a group are in each step that takes all
        return _pld().from_gaussian_mechanism(
            multiplier / group, sampling_prob=rate, value_discretization_interval=interval
        )
    k = np.arange(group + 1)
    from scipy.stats import binom  # dear to import, and seldom needed

    chances = binom.pmf(k, group, rate)
    return _pld().from_mixture_gaussian_mechanism(
        multiplier, k.astype(float), chances / chances.sum(), value_discretization_interval=interval
    )


def _of_claim(epsilon: float, delta: float, interval: float) -> Any:
    """The worst that (epsilon, delta) allows (Kairouz, Oh and Viswanath 2015)."""
    from dp_accounting.pld.common import DifferentialPrivacyParameters

    return _pld().from_privacy_parameters(
        DifferentialPrivacyParameters(epsilon, delta), value_discretization_interval=interval
    )


def _interval(epsilon: float) -> float:
    """Distance of losses on the grid: fine against epsilon, and no finer than is of use."""
    return min(max(epsilon / 2000, 1e-5), 1e-3)


def _pld() -> ModuleType:
    try:
        from dp_accounting.pld import privacy_loss_distribution
    except ImportError as error:
        raise MissingExtraError("dp-accounting", "dp") from error
    module: ModuleType = privacy_loss_distribution
    return module


def boundary(
    is_below: Callable[[float], bool], low: float, high: float, *, precision: float = 0.0
) -> tuple[float, float]:
    """Where a condition that holds for small numbers ends: a number of which it holds and one of which it does not.

    Args:
        low, high: numbers of 0 or more between which it is sought at first; `low` 0 is taken to be below.
        precision: relative distance of the two at which the search ends; 0 goes on to neighbouring floats.
    """
    while is_below(high):
        low, high = high, 2 * high
    while low > 0 and not is_below(low):
        low, high = low / 2, low
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high) or high - low <= precision * low:
            break
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return low, high
