"""From noise to (epsilon, delta) and back, in closed form.

Everything is counted in zero-concentrated differential privacy (Bun and Steinke 2016): a Gaussian mechanism of
L2 sensitivity s and deviation sigma costs rho = s^2 / (2 sigma^2), the exponential mechanism of epsilon costs
epsilon^2 / 8 (Cesar and Rogers 2021), and costs add up.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from likewise.errors import OptionError

MOST_EPSILON = 1e6
"""Beyond this nothing is protected, and the formulas run out of numbers."""


def rho_of_gaussian(sensitivity: float, sigma: float) -> float:
    """Cost of one Gaussian mechanism. Bun and Steinke 2016, proposition 1.6."""
    return sensitivity**2 / (2 * sigma**2)


def sigma_of_gaussian(sensitivity: float, rho: float) -> float:
    """Deviation that costs rho: the inverse of `rho_of_gaussian`."""
    return sensitivity / math.sqrt(2 * rho)


def rho_of_exponential(epsilon: float) -> float:
    """Cost of one exponential mechanism, or of report-noisy-max with Gumbel noise. Cesar and Rogers 2021, lemma 1."""
    return epsilon**2 / 8


def epsilon_of_exponential(rho: float) -> float:
    """The inverse of `rho_of_exponential`."""
    return math.sqrt(8 * rho)


def delta_of(rho: float, epsilon: float) -> float:
    """Least delta for which rho-zCDP gives (epsilon, delta). Canonne, Kamath and Steinke 2020, corollary 13.

    Example:
        >>> round(delta_of(0.030557, 1.0) * 1e5, 3)
        1.0
    """
    if rho <= 0:
        return 0.0

    def log_delta(alpha: float) -> float:
        return (alpha - 1) * (alpha * rho - epsilon) + alpha * math.log1p(-1 / alpha) - math.log(alpha - 1)

    # The logarithm is convex in alpha; its derivative is (2 alpha - 1) rho - epsilon + log1p(-1 / alpha).
    def slope(alpha: float) -> float:
        return (2 * alpha - 1) * rho - epsilon + math.log1p(-1 / alpha)

    best = _root(slope, 1 + 1e-9, (epsilon + 1) / (2 * rho) + 2)
    return min(math.exp(min(log_delta(best), 0.0)), 1.0)


def epsilon_of(rho: float, delta: float) -> float:
    """Least epsilon for which rho-zCDP gives (epsilon, delta).

    Example:
        >>> round(epsilon_of(0.224249, 1e-5), 3)
        3.0
    """
    if rho <= 0:
        return 0.0
    most = rho + 2 * math.sqrt(rho * math.log(1 / delta))  # Bun and Steinke 2016, proposition 1.3: never tighter
    # One float up: a claim errs on the side of more.
    return math.nextafter(_root(lambda epsilon: delta - delta_of(rho, epsilon), 0.0, most), math.inf)


def rho_of(epsilon: float, delta: float) -> float:
    """Largest rho for which rho-zCDP gives (epsilon, delta): what a budget buys.

    Example:
        >>> round(rho_of(1.0, 1e-5), 6)
        0.030557
    """
    check_budget(epsilon, delta)
    return _root(lambda rho: delta_of(rho, epsilon) - delta, 0.0, epsilon + 1.0)


def check_budget(epsilon: float, delta: float) -> None:
    """Hold a budget to what the words mean."""
    for name, value in (("epsilon", epsilon), ("delta", delta)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise OptionError(f"{name} must be a finite number, got {value!r}")
    if not 0 < epsilon <= MOST_EPSILON:
        raise OptionError(f"epsilon must lie above 0 and at most {MOST_EPSILON:g}, got {epsilon!r}")
    if not 0 < delta < 1:
        raise OptionError(f"delta must lie between 0 and 1, both excluded, got {delta!r}")


def _root(f: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function passes zero, on the side where it is not above it."""
    while f(high) < 0:
        high *= 2
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if f(middle) <= 0:
            low = middle
        else:
            high = middle
    return low
