"""From guesses to epsilon: lower bounds, each with its confidence.

An attacker guesses from what a mechanism gave whether a row was in. Differential privacy limits how often such guesses
can be right, so that guesses which are right more often disprove a claim. Two kinds of bound:

- whatever the law of the noise: it holds for every mechanism, and is loose at small epsilon;
- of a Gaussian law: it takes the two answers, with the row and without, to be as far apart as two normal laws are whose
  means lie mu deviations apart (Dong, Roth and Su 2022), finds the least mu, and states its epsilon at delta. Sums of
  many Gaussian answers are near that; a mechanism far from it (randomised response) may get a bound above what it
  keeps.

Legend: m canaries, r guesses, v of them right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from likewise.dp.accounting import boundary, epsilon_of_mu
from likewise.errors import OptionError

Floats = npt.NDArray[np.float64]

MOST_THRESHOLDS = 1_000
"""Thresholds that are compared, the finer the nearer to either end."""

CARE = 100
"""How much less error is allowed while a threshold is chosen than when it is judged."""

GUESSED_SHARES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02)
"""Shares of the canaries that are guessed about, in one run. Each pays a part of the error allowed (Bonferroni)."""

MOST_EPSILON = 100.0


@dataclass(frozen=True)
class Bound:
    """What a mechanism's epsilon is at least, at the delta that was asked about.

    Args:
        epsilon: whatever the law of the mechanism.
        gaussian: if the law is Gaussian.
    """

    epsilon: float
    gaussian: float


# ---- many runs: the same question, answered anew each time -----------------------------------------------------------


def bound_of_runs(inside: Floats, outside: Floats, *, delta: float, confidence: float = 0.95) -> Bound:
    """Bound from the scores of independent runs, half of them with a row and half without it.

    For any law: the threshold above which a score is taken for "with" is chosen on every other run and judged on the
    rest, each of the two error rates by its upper limit of Clopper and Pearson (1934), so that both hold together with
    `confidence`. For a Gaussian law: how often a run with the row scores above one without it, all runs in pairs.

    Args:
        inside: scores of the runs with the row; a higher one speaks for it.
        outside: scores of the runs without it.

    Raises:
        OptionError: fewer than 4 runs of a kind, or a score is no number.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> bound = bound_of_runs(rng.normal(1, 1, 20_000), rng.normal(0, 1, 20_000), delta=1e-6)
        >>> round(bound.epsilon, 1), round(bound.gaussian, 1), round(epsilon_of_mu(1.0, 1e-6), 1)
        (2.1, 4.8, 4.9)
    """
    _check(delta, confidence)
    inside, outside = np.asarray(inside, float), np.asarray(outside, float)
    if min(len(inside), len(outside)) < 4:
        raise OptionError(f"there must be 4 runs of each kind at least, got {len(inside)} and {len(outside)}")
    if np.isnan(inside).any() or np.isnan(outside).any():
        raise OptionError("a score must be a number; some are not")
    return Bound(
        _plain_bound(inside, outside, delta, (1 - confidence) / 2),
        epsilon_of_mu(_mu_of_pairs(inside, outside, 1 - confidence), delta),
    )


def _plain_bound(inside: Floats, outside: Floats, delta: float, level: float) -> float:
    """Two error rates, each at most its limit."""

    def judged(ins: Floats, outs: Floats, at: Floats, level: float) -> Floats:
        missed = upper_rate(np.searchsorted(np.sort(ins), at, side="right"), len(ins), level)
        alarms = upper_rate(len(outs) - np.searchsorted(np.sort(outs), at, side="right"), len(outs), level)
        # ln((1 - delta - one error) / other error), either way round (Kairouz, Oh and Viswanath 2015).
        with np.errstate(divide="ignore", invalid="ignore"):
            ways = [np.log(np.maximum(1 - delta - a, 0.0) / b) for a, b in ((missed, alarms), (alarms, missed))]
        return np.asarray(np.maximum(*ways))

    thresholds = _thresholds(np.concatenate([inside[::2], outside[::2]]))
    # Chosen with more care than judged: else of many thresholds one of few and lucky errors wins.
    best = int(np.argmax(judged(inside[::2], outside[::2], thresholds, level / CARE)))
    return max(float(judged(inside[1::2], outside[1::2], thresholds[[best]], level)[0]), 0.0)


def _mu_of_pairs(inside: Floats, outside: Floats, level: float) -> float:
    """mu from how often a run with the row scores above one without it, each run in one pair.

    That is the area under the ROC curve, and all curves that mu allows lie below that of two normal laws, whose area is
    Phi(mu / sqrt(2)). No threshold need be chosen, so that all runs judge.
    """
    n = min(len(inside), len(outside))
    rng = np.random.default_rng(0)  # pairs and ties are dealt blind to the scores
    a, b = rng.permutation(inside)[:n], rng.permutation(outside)[:n]
    right = int(((a > b) | ((a == b) & (rng.random(n) < 0.5))).sum())
    area = 1 - float(upper_rate(n - right, n, level))
    return math.sqrt(2) * float(special.ndtri(area))


def upper_rate(hits: npt.ArrayLike, n: int, level: float) -> Floats:
    """The greatest rate at which so few hits of n, or fewer, still have a chance of `level` (Clopper and Pearson 1934).

    >>> round(float(upper_rate(0, 100, 0.025)), 4)
    0.0362
    """
    hits = np.asarray(hits)
    with np.errstate(invalid="ignore"):
        rate = special.betaincinv(hits + 1.0, np.maximum(n - hits, 0.5), 1 - level)
    return np.asarray(np.where(hits < n, rate, 1.0), float)


def _thresholds(scores: Floats) -> Floats:
    """Some of the scores, ascending: a guess is a score above one of them."""
    unique = np.unique(scores)
    n = len(unique)
    if n <= MOST_THRESHOLDS:
        return unique
    steps = np.unique(np.geomspace(1, n / 2, MOST_THRESHOLDS // 2).astype(int))
    return np.asarray(unique[np.unique(np.r_[steps - 1, n - steps])])


# ---- one run: many canaries at once ----------------------------------------------------------------------------------


def bound_of_canaries(
    scores: Floats, inside: npt.NDArray[np.bool_], *, delta: float, confidence: float = 0.95
) -> Bound:
    """Bound from one run with many canaries, each in with a chance of a half, by independent coins.

    The highest scores are guessed to be in and as many of the lowest to be out; how many is fixed before the run
    (`GUESSED_SHARES`), and the error allowed is divided among the tries. Steinke, Nasr and Jagielski 2023, theorem 5.2;
    the Gaussian bound is that of Mahloujifar, Melis and Chaudhuri 2024.

    Args:
        scores: (m,) of each canary; a higher one speaks for it.
        inside: (m,) which were in.
        delta: of the claim.
        confidence: with which the bound holds.

    Raises:
        OptionError: scores and coins do not go together.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> coins = rng.random(20_000) < 0.5
        >>> bound = bound_of_canaries(coins + rng.normal(0, 1, 20_000), coins, delta=1e-6)
        >>> round(bound.epsilon, 1), round(bound.gaussian, 1), round(epsilon_of_mu(1.0, 1e-6), 1)
        (2.4, 3.1, 4.9)
    """
    _check(delta, confidence)
    scores, inside = np.asarray(scores, float), np.asarray(inside, bool)
    if len(scores) != len(inside) or not len(scores):
        raise OptionError(f"there must be a score for each canary, got {len(scores)} scores for {len(inside)}")
    if np.isnan(scores).any():
        raise OptionError("a score must be a number; some are not")
    m = len(scores)
    each = 1 - (1 - confidence) / len(GUESSED_SHARES)
    order = np.argsort(scores, kind="stable")
    plain, mus = [], []
    for share in GUESSED_SHARES:
        half = max(int(m * share) // 2, 1)
        right = int(inside[order[-half:]].sum() + (~inside[order[:half]]).sum())
        plain.append(epsilon_of_guesses(m, 2 * half, right, delta, each))
        mus.append(mu_of_guesses(m, 2 * half, right, each))
    return Bound(max(plain), epsilon_of_mu(max(mus), delta))


def epsilon_of_guesses(m: int, guesses: int, right: int, delta: float, confidence: float = 0.95) -> float:
    """Epsilon that so many right guesses about m canaries disprove. Steinke, Nasr and Jagielski 2023, theorem 5.2.

    Args:
        m: canaries.
        guesses: how many of them were guessed.
        right: of these guesses, how many were right.
        delta: of the claim.
        confidence: with which the bound holds.

    Example:
        >>> round(epsilon_of_guesses(1000, 100, 90, 1e-5), 3)
        1.626
    """
    if right == 0:
        return 0.0
    i = np.arange(1, right + 1)

    def is_disproved(epsilon: float) -> bool:
        chance = 1 / (1 + math.exp(-epsilon))
        beta = _at_least(right, guesses, chance)
        alpha = float(np.max((_at_least(right - i, guesses, chance) - beta) / i))
        return bool(beta + 2 * m * alpha * delta <= 1 - confidence)

    return _greatest(is_disproved, MOST_EPSILON, precision=1e-9)


def mu_of_guesses(m: int, guesses: int, right: int, confidence: float = 0.95) -> float:
    """The distance of two normal laws that so many right guesses disprove. Mahloujifar, Melis and Chaudhuri 2024,
    algorithm 3, with the trade-off curve of Gaussian privacy."""
    allowed = 1 - confidence

    def is_disproved(mu: float) -> bool:
        # Mass of runs with at least i right guesses (r), and of those in which the i-th is wrong (h), from the top.
        r, h = allowed * right / m, allowed * (guesses - right) / m
        for i in range(right - 1, -1, -1):
            above = max(h, float(special.ndtr(special.ndtri(min(r, 1.0)) - mu)))
            if above == h:
                break  # neither will move again
            r, h = r + i / (guesses - i) * (above - h), above
        return r + h > guesses / m

    # The recursion walks over the guesses, so that a coarser search is worth it.
    return _greatest(is_disproved, 10.0, precision=1e-4) if right > guesses / 2 else 0.0


def _at_least(k: npt.ArrayLike, n: int, chance: float) -> Floats:
    """P[Bin(n, chance) >= k]."""
    k = np.asarray(k, float)
    return np.asarray(np.where(k <= 0, 1.0, special.betainc(np.maximum(k, 1), np.maximum(n - k + 1, 0.5), chance)))


def _greatest(is_disproved: Callable[[float], bool], high: float, *, precision: float) -> float:
    """The greatest value that is disproved, where all below it are; 0 if none is."""
    return boundary(is_disproved, 0.0, high, precision=precision)[0] if is_disproved(1e-9) else 0.0


def _check(delta: float, confidence: float) -> None:
    if not 0 <= delta < 1:
        raise OptionError(f"delta must lie in [0, 1), got {delta!r}")
    if not 0.5 < confidence < 1:
        raise OptionError(f"confidence must lie between 0.5 and 1, both excluded, got {confidence!r}")
