"""Volatility that comes in clusters, and rises more after a fall: GJR-GARCH(1, 1) with Student-t noise.

variance_t = omega + (alpha + gamma * [e_{t-1} < 0]) * e_{t-1}^2 + beta * variance_{t-1}, e_t = sqrt(variance_t) * z_t
(Glosten, Jagannathan and Runkle 1993), fitted by maximum likelihood with the long-run variance held at the sample's.

Legend: n steps, p paths.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy import optimize, signal, special

from likewise.errors import InputError
from likewise.typing import Floats

LEAST_STEPS = 250
"""Below this, clusters cannot be told from chance, and the variance is taken for constant."""

_MOST_PERSISTENT = 0.9995

STRETCHES, LEAST_CURVED = 20, 1.0
"""Where the likelihood is flat, a free parameter varies by 1 at most: a share or a persistence by some quarter."""


@dataclass(frozen=True, kw_only=True)
class Volatility:
    """The law of the variance.

    Args:
        omega, alpha, gamma, beta: as above; alpha = gamma = beta = 0 is a constant variance.
        degrees: of freedom of the t law that was fitted; the draws use the residuals' own law.
        down: share of z's variance that lies below 0: more than half where z is skewed to falls. With half instead, the
            variance of drawn paths would grow for ever where gamma is large.
        most: the largest |z| seen. What lies beyond it frightens no more than that: with its square a single fall of a
            fifth would have markets move by half for weeks, which none ever did.
    """

    omega: float
    alpha: float = 0.0
    gamma: float = 0.0
    beta: float = 0.0
    degrees: float = 30.0
    down: float = 0.5
    most: float = np.inf

    @property
    def persistence(self) -> float:
        """How much of a rise of the variance is left a step later."""
        return self.alpha + self.gamma * self.down + self.beta

    @property
    def long_run(self) -> float:
        """The variance that it comes back to."""
        return self.omega / (1 - self.persistence)

    def settled(self, size: float, down: float, variance: float) -> Volatility:
        """The law to draw by: with z of these moments its noise comes back to this variance.

        Tails that are carried on make z larger than it was in the sample; what it does to the variance of the next step
        is measured against that, or the variance of drawn paths would grow for ever.

        Args:
            size, down: the mean of z^2, and of z^2 where z < 0, in the law that z is drawn from.
        """
        alpha = self.alpha / size
        gamma = self.gamma * self.down / down if down > 0 else 0.0
        return replace(self, omega=variance * (1 - self.persistence) / size, alpha=alpha, gamma=gamma, down=down)

    def filter(self, noise: Floats, start: float | None = None) -> Floats:
        """(n + 1,) the variance of each step and of the one after the last, given (n,) e."""
        first = self.long_run if start is None else start
        pushed = self.omega + (self.alpha + self.gamma * (noise < 0)) * noise**2
        rest, _ = signal.lfilter([1.0], [1.0, -self.beta], pushed, zi=np.array([self.beta * first]))
        found: Floats = np.r_[first, rest]
        return found

    def step(self, variance: Floats, noise: Floats) -> Floats:
        """(p,) the variance of the next step."""
        news = np.minimum(noise**2, self.most**2 * variance)
        out: Floats = self.omega + (self.alpha + self.gamma * (noise < 0)) * news + self.beta * variance
        return out

    def to_dict(self) -> dict[str, float | None]:
        most = self.most if np.isfinite(self.most) else None  # JSON knows no infinity
        return asdict(self) | {"most": most, "persistence": self.persistence, "long_run": self.long_run}


def fit_volatility(noise: Floats) -> Volatility:
    """The law of the variance of (n,) residuals, in the order of time.

    Raises:
        InputError: they do not vary.

    Example:
        >>> law = fit_volatility(np.random.default_rng(0).standard_normal(2_000))
        >>> 0.9 < law.long_run < 1.1
        True
    """
    variance = float(np.mean(noise**2))
    if not variance > 0:
        raise InputError("a series that does not vary has no volatility")
    constant = Volatility(omega=variance)
    if len(noise) < LEAST_STEPS:
        return constant
    e = noise / np.sqrt(variance)
    starts = [_free(0.04, 0.08, 0.9, 8.0), _free(0.1, 0.05, 0.6, 8.0)]
    best = min((_descend(start, e, 0.5) for start in starts), key=lambda found: float(found.fun))
    # A rise of the log-likelihood below that of three free numbers is taken for chance.
    if (_flat_cost(e) - float(best.fun)) * len(e) < 4.0:
        return constant
    z = e / np.sqrt(_law(best.x, 0.5).filter(e)[:-1])
    down = float((z**2 * (z < 0)).sum() / (z**2).sum())
    law = _law(_descend(best.x, e, down).x, down)
    most = float(np.abs(e / np.sqrt(law.filter(e)[:-1])).max())
    return replace(law, omega=law.omega * variance, most=most)


def likely_laws(law: Volatility, noise: Floats, n: int, rng: np.random.Generator) -> list[Volatility]:
    """Laws of the variance that (n,) residuals allow, their long-run variances among them.

    What rules the steps is drawn from the normal law of the estimates, by the curvature of the likelihood; the long-run
    variance by how the means of twenty stretches of the residuals differ.
    """
    means = np.array([float(part.mean()) for part in np.array_split(noise**2, STRETCHES)])
    variances = law.long_run * np.exp(rng.normal(size=n) * means.std(ddof=1) / means.mean() / np.sqrt(STRETCHES))
    if law.persistence == 0:
        return [replace(law, omega=float(v)) for v in variances]
    e, best = noise / np.sqrt(law.long_run), _free(law.alpha, law.gamma, law.beta, law.degrees, law.down)
    step = 0.05 * np.eye(len(best))

    def cost(at: Floats) -> float:
        return len(e) * _cost(at, e, law.down)

    curved = np.array(
        [
            [cost(best + a + b) - cost(best + a - b) - cost(best - a + b) + cost(best - a - b) for b in step]
            for a in step
        ]
    ) / (4 * 0.05**2)
    sizes, directions = np.linalg.eigh((curved + curved.T) / 2)
    moves = rng.normal(size=(n, len(best))) / np.sqrt(np.maximum(sizes, LEAST_CURVED))
    found = [_law(at, law.down) for at in best + moves @ directions.T]
    return [replace(f, omega=f.omega * float(v), most=law.most) for f, v in zip(found, variances, strict=True)]


def _descend(start: Floats, e: Floats, down: float) -> Any:
    options = {"maxiter": 1000, "xatol": 1e-4, "fatol": 1e-7}
    return optimize.minimize(_cost, start, args=(e, down), method="Nelder-Mead", options=options)


def _free(alpha: float, gamma: float, beta: float, degrees: float, down: float = 0.5) -> Floats:
    """Parameters as numbers without bounds: shares of a persistence below 1, and the logarithm of degrees over 2."""
    parts = np.maximum([alpha, gamma * down, beta], 1e-4)
    found: Floats = np.r_[
        special.logit(min(parts.sum() / _MOST_PERSISTENT, 1 - 1e-4)), np.log(parts[0] / parts[2]),
        np.log(parts[1] / parts[2]), np.log(degrees - 2.05),
    ]  # fmt: skip
    return found


def _law(free: Floats, down: float) -> Volatility:
    """The inverse, with a long-run variance of 1."""
    persistence = _MOST_PERSISTENT * float(special.expit(free[0]))
    alpha, part_of_gamma, beta = persistence * special.softmax(np.array([free[1], free[2], 0.0]))
    return Volatility(
        omega=1 - persistence, alpha=float(alpha), gamma=float(part_of_gamma) / down, beta=float(beta),
        degrees=2.05 + float(np.exp(min(free[3], 6.0))), down=down,
    )  # fmt: skip


def _cost(free: Floats, e: Floats, down: float) -> float:
    law = _law(np.clip(free, -30, 30), down)
    return _t_cost(e, law.filter(e)[:-1], law.degrees)


def _flat_cost(e: Floats) -> float:
    """The mean cost of the best t law with constant variance."""

    def cost(log_degrees: float) -> float:
        return _t_cost(e, np.ones_like(e), 2.05 + np.exp(log_degrees))

    return float(optimize.minimize_scalar(cost, bounds=(-3, 6), method="bounded").fun)


def _t_cost(e: Floats, variance: Floats, degrees: float) -> float:
    """The mean negative log-likelihood of a t law with unit variance, scaled."""
    half = (degrees + 1) / 2
    constant = special.gammaln(half) - special.gammaln(degrees / 2) - 0.5 * np.log(np.pi * (degrees - 2))
    return float((half * np.log1p(e**2 / (variance * (degrees - 2))) + 0.5 * np.log(variance)).mean() - constant)
