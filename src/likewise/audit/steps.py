"""The audit of private training from within: the attacker sees every noisy gradient.

The steps are those that nets are trained by; the net is one that learns of each row in a direction of its own, so that
what a step tells of a row is one number. No net can tell more, and what is claimed is claimed for all of them. In sound
steps what is told of one row has nothing to do with the others, so one training counts as many runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from likewise.audit.bounds import bound_of_runs
from likewise.audit.claims import law_of
from likewise.audit.games import Audit, Claim
from likewise.codecs.base import Codes
from likewise.dp.accounting import Steps
from likewise.dp.gate import ClippedSums, Floats, StepPlan
from likewise.dp.ledger import DP, Ledger
from likewise.nets import require_torch
from likewise.training.loop import Schedule

THREAT = "chooses the rows and their gradients; sees the noisy gradient of every step"


def audit_steps(
    budget: DP,
    steps: Steps,
    *,
    canaries: int = 20_000,
    multiplier: float | None = None,
    rng: np.random.Generator | None = None,
    confidence: float = 0.95,
) -> Audit:
    """One training with many rows at stake, or many groups of rows alike where those are the budget's unit, under a
    plan of steps.

    Args:
        budget: what is claimed, and of how many rows.
        steps: how many, and a row's chance to be in one.
        multiplier: noise of the steps over the clip norm; None for what the budget buys.
        canaries: rows at stake.
        rng: of the coins that say which rows are in; None takes them from the operating system.
        confidence: with which the bound holds.

    Example:
        >>> audit_steps(DP(8.0, 1e-6), Steps(rate=0.5, steps=4), canaries=500).is_broken
        False
    """
    group, sound = budget.max_rows, Ledger(budget).multiplier(steps)
    noise = sound if multiplier is None else multiplier
    plan = StepPlan(
        steps=steps.steps, rate=steps.rate, multiplier=noise, clip=1.0, epsilon_before=0.0, epsilon=budget.epsilon,
        delta=budget.delta, n_rows=max(group * canaries / 2, 1.0 / steps.rate),
    )  # fmt: skip
    began = time.monotonic()
    coins = (np.random.default_rng() if rng is None else rng).random(canaries) < 0.5
    scores = log_odds(overheard(plan, coins, group), plan.rate, group)
    return Audit(
        claim=Claim(epsilon=budget.epsilon, delta=budget.delta),
        bound=bound_of_runs(scores[coins], scores[~coins], delta=budget.delta, confidence=confidence),
        law=law_of(budget, [(steps, sound)]), confidence=confidence, runs=1, canaries=canaries, threat=THREAT,
        seconds=time.monotonic() - began,
    )  # fmt: skip


def overheard(plan: StepPlan, inside: npt.NDArray[np.bool_], group: int = 1) -> npt.NDArray[np.float64]:
    """(steps, m) what each step gives in the direction of each row, or group of rows alike: noise, and one for each
    that was in the step."""
    require_torch()
    import torch

    from likewise.nets.apart import OneWeightARow
    from likewise.training.private import PrivateDescent, train_privately

    net = OneWeightARow(len(inside))
    told: list[npt.NDArray[np.float64]] = []

    class Watched(ClippedSums):
        """The noisy sums, and a look at each before the weights move by it."""

        def noisy(self, size: int, clipped: Callable[[Codes], Floats]) -> npt.NDArray[np.float64]:
            total = super().noisy(size, clipped)
            told.append(total / plan.clip)
            return total

    rows = np.flatnonzero(inside).repeat(group)[:, None].astype(np.uint64)
    sums = Watched(Codes(rows, np.zeros((len(rows), 0), np.float32)), plan)
    public = torch.arange(min(len(inside), 8))[:, None]
    descent = PrivateDescent(
        net, lambda x, own: net.loss(x), sums, Schedule(learning_rate=1e-3), public=public,
        rows_of=lambda codes: torch.from_numpy(codes.codes.astype(np.int64)),
    )  # fmt: skip
    train_privately(descent, passes=1)
    return np.stack(told)


def log_odds(told: npt.NDArray[np.float64], rate: float, group: int = 1) -> npt.NDArray[np.float64]:
    """(m,) how strongly all steps together speak for a row, or a group: of its rows a binomial number was in a step.

    How strong the noise of a step is, is taken from what it gave and not from the plan: it may have been forgotten.
    """
    k = np.arange(group + 1)
    chance = stats.binom.pmf(k, group, rate)
    mean, square = chance @ k / 2, chance @ k**2 / 2  # half of the rows are in
    variance = np.maximum(told.var(1) - (square - mean**2), 1e-4)
    odds = np.zeros(told.shape[1])
    for step, noise in zip(told, variance, strict=True):
        moved = (step * k[:, None] - (k**2 / 2)[:, None]) / noise
        odds += special.logsumexp(moved, axis=0, b=chance[:, None])
    return odds
