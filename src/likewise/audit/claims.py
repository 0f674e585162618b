"""Which of two bounds may be held against a claim.

The bound of a Gaussian law accuses a sound mechanism of another law: Laplace noise of epsilon 1 looks like epsilon 3.
It is held against a claim only where the ledger proves that a sound mechanism passes; else the bound that holds for
every law is.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from likewise.audit.games import Law
from likewise.dp.accounting import Runs, losses_of, mu_of
from likewise.dp.ledger import DP

N_LINES, N_PLACES = 400, 4_000
"""Epsilons whose lines make up a trade-off curve, and places at which its area is summed up."""


def law_of(budget: DP, runs: Runs, *, rho: float = 0.0, in_one_run: bool = False) -> Law:
    """The bound that may be held against a budget, spent on mechanisms of rho and on steps.

    Without steps what is claimed is Gaussian privacy itself, of no more than the mu of (epsilon, delta). With steps,
    many runs are judged by the area under their ROC curve, so that it is enough if no attack on the plan reaches a
    greater area than normal laws mu apart allow.

    Args:
        rho: of a row.
        in_one_run: canaries in one run are judged by all of the curve, not by its area.
    """
    if not runs:
        return "gaussian"
    if in_one_run:
        return "any"
    most = special.ndtr(mu_of(budget.epsilon, budget.delta) / math.sqrt(2))
    return "gaussian" if area_of(runs, rho, budget) <= most else "any"


def area_of(runs: Runs, rho: float, budget: DP) -> float:
    """The greatest area under the ROC curve of any attack, never told too small.

    A trade-off curve lies above the lines 1 - delta - exp(epsilon) a and exp(-epsilon) (1 - delta - a) for all epsilons
    (Dong, Roth and Su 2022, proposition 2.12); some of them bound it from below. It is convex, and the midpoint rule
    gives of a convex curve no more than its area.
    """
    interval = min(max(budget.epsilon / 500, 1e-4), 1e-2)
    losses = losses_of(runs, rho, budget.max_rows, interval)
    epsilons = np.linspace(0, max(float(losses.get_epsilon_for_delta(1e-9)), 1e-3), N_LINES)
    deltas = np.asarray(losses.get_delta_for_epsilon(epsilons), float)
    places = (np.arange(N_PLACES) + 0.5) / N_PLACES
    missed = np.zeros(N_PLACES)
    for epsilon, delta in zip(epsilons, deltas, strict=True):
        np.maximum(missed, 1 - delta - math.exp(min(epsilon, 700.0)) * places, out=missed)
        np.maximum(missed, math.exp(-epsilon) * (1 - delta - places), out=missed)
    return float(1 - missed.mean())
