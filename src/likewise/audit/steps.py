"""The audit of private training from within: the attacker sees every noisy gradient.

The steps are those that nets are trained by; the net is one that learns of each row in a direction of its own, so that
what a step tells of a row is one number. No net can tell more, and what is claimed is claimed for all of them. In sound
steps what is told of one row has nothing to do with the others, so one training counts as many runs.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from likewise.audit.bounds import bound_of_runs
from likewise.audit.games import Audit, Claim
from likewise.dp.accounting import Steps
from likewise.dp.ledger import DP, Ledger
from likewise.training import Schedule

if TYPE_CHECKING:
    from likewise.private_training import Plan as StepPlan

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
    """One training with many rows at stake, under a plan of steps.

    Args:
        budget: what is claimed.
        steps: how many, and a row's chance to be in one.
        multiplier: noise of the steps over the clip norm; None for what the budget buys.
        rng: of the coins that say which rows are in; None takes them from the operating system.

    Example:
        >>> audit_steps(DP(8.0, 1e-6), Steps(rate=0.5, steps=4), canaries=500).is_broken
        False
    """
    from likewise.private_training import Plan as StepPlan

    noise = Ledger(budget).multiplier(steps) if multiplier is None else multiplier
    plan = StepPlan(
        steps=steps.steps, rate=steps.rate, multiplier=noise, clip=1.0, epsilon_before=0.0, epsilon=budget.epsilon,
        delta=budget.delta, n_rows=max(canaries / 2, 1.0 / steps.rate),
    )  # fmt: skip
    began = time.monotonic()
    coins = (np.random.default_rng() if rng is None else rng).random(canaries) < 0.5
    scores = log_odds(overheard(plan, coins), plan.rate)
    return Audit(
        claim=Claim(epsilon=budget.epsilon, delta=budget.delta),
        bound=bound_of_runs(scores[coins], scores[~coins], delta=budget.delta, confidence=confidence),
        law="gaussian", confidence=confidence, runs=1, canaries=canaries, threat=THREAT,
        seconds=time.monotonic() - began,
    )  # fmt: skip


def overheard(plan: StepPlan, inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """(steps, m) what each step gives in each row's direction: noise, and one where the row was in the step."""
    import torch

    from likewise.nets.apart import OneWeightARow
    from likewise.private_training import PrivateDescent, train_privately

    net = OneWeightARow(len(inside))
    told: list[npt.NDArray[np.float64]] = []

    class Watched(PrivateDescent):
        """The private step, and a look at what it gives before the weights move by it."""

        def _add_noise(self, total: npt.NDArray[np.float64]) -> None:
            super()._add_noise(total)
            [weight] = self.parameters
            assert weight.grad is not None
            told.append(weight.grad.double().numpy() * (plan.batch / plan.clip))

    rows = torch.from_numpy(np.flatnonzero(inside)[:, None])
    public = torch.arange(min(len(inside), 8))[:, None]
    descent = Watched(net, lambda x, own: net.loss(x), plan, Schedule(learning_rate=1e-3), public=public)
    train_privately(descent, rows, passes=1)
    return np.stack(told)


def log_odds(told: npt.NDArray[np.float64], rate: float) -> npt.NDArray[np.float64]:
    """(m,) how strongly all steps together speak for a row: with chance q it was in a step, whatever the others.

    How strong the noise of a step is, is taken from what it gave and not from the plan: it may have been forgotten.
    """
    share = rate / 2  # half of the rows are in
    variance = np.maximum(told.var(1, keepdims=True) - share * (1 - share), 1e-4)
    moved = np.log(rate) + (told - 0.5) / variance
    odds = moved if rate == 1 else np.logaddexp(moved, np.log1p(-rate))
    return np.asarray(odds.sum(0))
