"""The two games an auditor plays against a mechanism: many runs with one row at stake, one run with many.

A mechanism here is any function whose result depends on whether rows were in: noise on a sum, a step of training, a fit
from end to end. What it gives back is the attacker's score, higher where the row looks to have been in.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from likewise.audit.bounds import Bound, bound_of_canaries, bound_of_runs
from likewise.errors import OptionError

Told = Callable[[int, int], None]
"""Told of progress: runs done, runs planned."""

Law = Literal["any", "gaussian"]
LEAST_RUNS = 8


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a mechanism says of itself: (epsilon, delta) for one row more or less."""

    epsilon: float
    delta: float

    def __post_init__(self) -> None:
        if not self.epsilon > 0 or not 0 <= self.delta < 1:
            raise OptionError(
                f"a claim has an epsilon above 0 and a delta in [0, 1), got {self.epsilon!r} and {self.delta!r}"
            )


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What an audit found.

    Args:
        claim: what was audited.
        bound: what epsilon is at least, at the claim's delta.
        law: which of the two bounds is held against the claim.
        confidence: of the bound: a sound mechanism is accused with a chance of one minus this, at most.
        runs: how often the mechanism ran.
        canaries: rows at stake in each run.
        threat: what the attacker sees and may choose.
        seconds: how long it took.
    """

    claim: Claim
    bound: Bound
    law: Law
    confidence: float
    runs: int
    canaries: int
    threat: str
    seconds: float

    @property
    def epsilon(self) -> float:
        """The lower bound that is held against the claim."""
        return self.bound.gaussian if self.law == "gaussian" else self.bound.epsilon

    @property
    def is_broken(self) -> bool:
        """Whether the claim is disproved. That it is not proves nothing: another attack may be better."""
        return self.epsilon > self.claim.epsilon

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data."""
        return asdict(self) | {"epsilon": self.epsilon, "is_broken": self.is_broken}


def many_runs(
    mechanism: Callable[[bool], float],
    claim: Claim,
    *,
    runs: int = 1_000,
    max_seconds: float | None = None,
    confidence: float = 0.95,
    law: Law = "any",
    threat: str = "",
    progress: Told | None = None,
) -> Audit:
    """Run a mechanism again and again, in turn with the row and without, and bound epsilon by how well a threshold on
    the score tells the two.

    Args:
        mechanism: told whether the row is in; gives a score.
        runs: of both kinds together. What n runs of a kind can show at most is about ln(n / 3.7) on all but Gaussian
            laws: 4.9 for 500.
        max_seconds: end after this time with the runs there are.
        law: "gaussian" if the sum of the mechanism's losses is near normal; far sharper at small epsilon.
        claim: what is said of the mechanism.
        confidence: with which the bound holds.
        threat: who attacks, in words, for the answer.
        progress: called with the runs that are done.

    Raises:
        OptionError: fewer than 8 runs.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> noisy_count = lambda with_row: 100 + with_row + rng.normal(0, 1)
        >>> found = many_runs(noisy_count, Claim(epsilon=1.0, delta=1e-5), runs=2_000, law="gaussian")
        >>> found.is_broken, found.epsilon > 2  # noise for epsilon 1 would have a deviation of 3.7
        (True, True)
    """
    if runs < LEAST_RUNS:
        raise OptionError(f"runs must be {LEAST_RUNS} at least, got {runs}")
    began = time.monotonic()
    scores: tuple[list[float], list[float]] = ([], [])
    for run in range(runs):
        scores[run % 2].append(float(mechanism(bool(run % 2))))
        if progress is not None:
            progress(run + 1, runs)
        if max_seconds is not None and run + 1 >= LEAST_RUNS and time.monotonic() - began > max_seconds:
            break
    without, inside = (np.array(found) for found in scores)
    return Audit(
        claim=claim, bound=bound_of_runs(inside, without, delta=claim.delta, confidence=confidence), law=law,
        confidence=confidence, runs=run + 1, canaries=1, threat=threat, seconds=time.monotonic() - began,
    )  # fmt: skip


def one_run(
    mechanism: Callable[[npt.NDArray[np.bool_]], npt.NDArray[np.floating[Any]]],
    claim: Claim,
    *,
    canaries: int = 1_000,
    rng: np.random.Generator | None = None,
    confidence: float = 0.95,
    law: Law = "any",
    threat: str = "",
) -> Audit:
    """Run a mechanism once with many canaries, each in or out by a coin, and bound epsilon by how many are guessed.

    For what cannot be run a thousand times, such as training a net. Canaries must not stand in each other's way: the
    more alike they are, the weaker the audit; it never accuses more often for that.

    Args:
        mechanism: told which canaries are in (m,); gives a score of each (m,).
        rng: of the coins; None takes them from the operating system, so that no seed can conspire with the mechanism.
        claim: what is said of the mechanism.
        canaries: how many.
        confidence: with which the bound holds.
        law: as in `many_runs`.
        threat: who attacks, in words, for the answer.

    Raises:
        OptionError: canaries are fewer than one.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> noisy_cells = lambda coins: coins + rng.normal(0, 0.5, len(coins))
        >>> one_run(noisy_cells, Claim(epsilon=1.0, delta=1e-6), canaries=1_000, rng=rng).is_broken
        True
    """
    if canaries < 1:
        raise OptionError(f"canaries must be 1 or more, got {canaries}")
    began = time.monotonic()
    coins = (np.random.default_rng() if rng is None else rng).random(canaries) < 0.5
    scores = np.asarray(mechanism(coins.copy()), float)
    return Audit(
        claim=claim, bound=bound_of_canaries(scores, coins, delta=claim.delta, confidence=confidence), law=law,
        confidence=confidence, runs=1, canaries=canaries, threat=threat, seconds=time.monotonic() - began,
    )  # fmt: skip
