"""Membership: was this person's row among the training rows? Two guesses from the synthetic rows.

- Distance: the nearer a synthetic row, the likelier a member.
- Density ratio (van Breugel et al., "Membership inference attacks against synthetic data through overfitting
  detection", AISTATS 2023): the same, but held against other real people the attacker knows. A row in a crowd is near
  to synthetic rows anyway; what tells is to be nearer than the population explains. Densities are those of the few
  nearest neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.evaluate.neighbours import Vectors, fit_embedding, nearest_few
from likewise.evaluate.roc import Estimate, auc, true_positive_rate
from likewise.evaluate.tables import Typed

MAX_SYNTHETIC = 20_000
MAX_MEMBERS = 5_000
MOST_FLOATS = 8 * 2**20
NEIGHBOURS = 3
FALSE_POSITIVE_RATES = (0.001, 0.01, 0.1)
LEAST_FALSE_POSITIVES = 5

Caught = dict[float, tuple[float, tuple[float, float]]]


@dataclass(frozen=True)
class Membership:
    """Guessing who was in the training rows.

    Args:
        area: area under the ROC curve of the guess, with DeLong's interval; 0.5 is a coin toss.
        caught: for each rate of false alarms the share of members named at it, and its interval. Rates at which fewer
            than five others would be named are left out: nothing could be said.
        n: members tried.
        n_others: non-members tried.
    """

    area: Estimate
    caught: Caught
    n: int
    n_others: int


def membership(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> tuple[Membership, Membership]:
    """The two attacks, by distance and by density ratio.

    Up to 5,000 training and as many holdout rows are tried, against up to 20,000 synthetic rows. For the second
    attack half of the holdout rows are what the attacker knows of the population, and the other half are tried.
    """
    rng = np.random.default_rng(seed)
    embed = fit_embedding(train)
    n = min(len(train), len(holdout), MAX_MEMBERS)
    targets = embed(synthetic.sample(min(MAX_SYNTHETIC, MOST_FLOATS // embed.width), rng))
    members, others = embed(train.sample(n, rng)), embed(holdout.take(rng.permutation(len(holdout))))
    return guesses(members, others, targets)


def guesses(members: Vectors, others: Vectors, synthetic: Vectors) -> tuple[Membership, Membership]:
    """The two attacks on n members, of vectors; of the others, the last n are tried, the first half also known."""
    n = len(members)
    known = others[: len(others) // 2]
    tried = np.concatenate([members, others[-n:]])
    _, to_synthetic = nearest_few(tried, synthetic, NEIGHBOURS)
    is_member = np.arange(2 * n) < n
    by_distance = _judged(is_member, -to_synthetic[:, 0])
    half = np.append(np.arange(n), np.arange(2 * n - min(n, len(others) - len(known)), 2 * n))
    by_density = _judged(is_member[half], density_ratio(to_synthetic[half], tried[half], known))
    return by_distance, by_density


def density_ratio(to_synthetic: npt.NDArray[np.float64], tried: Vectors, known: Vectors) -> npt.NDArray[np.float64]:
    """(n,) log of synthetic density over known density at each row tried, up to a constant and a factor.

    Args:
        to_synthetic: (n, k) distances to the k nearest synthetic rows.
    """
    _, to_known = nearest_few(tried, known, to_synthetic.shape[1])
    return np.asarray(_log_radius(to_known) - _log_radius(to_synthetic))


def _log_radius(distances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean log distance to the k nearest; where rows coincide the distance counts as a thousandth."""
    return np.asarray(np.log(distances + 1e-3).mean(1))


def _judged(is_member: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> Membership:
    n_others = int((~is_member).sum())
    caught = {
        at: true_positive_rate(is_member, score, at)
        for at in FALSE_POSITIVE_RATES
        if at * n_others >= LEAST_FALSE_POSITIVES
    }
    return Membership(auc(is_member, score), caught, int(is_member.sum()), n_others)


def worst_off(train: Typed, holdout: Typed, synthetic: Typed, n: int, *, seed: int) -> npt.NDArray[np.int64]:
    """Places in `train` of the n rows that the density ratio points to most clearly, worst first."""
    rng = np.random.default_rng(seed)
    embed = fit_embedding(train)
    targets = embed(synthetic.sample(min(MAX_SYNTHETIC, MOST_FLOATS // embed.width), rng))
    known = embed(holdout.sample(MAX_MEMBERS, rng))
    tried = embed(train)
    _, to_synthetic = nearest_few(tried, targets, 1)
    return np.argsort(-density_ratio(to_synthetic, tried, known), kind="stable")[:n]
