"""Mode-specific normalisation: a number as one of the modes of its column and a place within that mode.

After Xu et al. 2019, section 4.2. NOTE[DIFF]: the modes are those of the normal scores of the codes' ranks, not of the
values: a generator sees codes, and heavy tails and protected range ends are then the codec's business.

Legend: K codes of a field, M modes, E codes outside the order (missing, rare), which count as modes of one point.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Field

Floats = npt.NDArray[np.float32]

MODES = 10
"""Modes of a column before the unneeded ones are left out, and the share that a needed one has."""
NEEDED = 0.005

FITTED_ROWS = 5000
"""Rows that modes are fitted to, at most."""

FURTHEST = 0.99

FEW_CODES = 20
"""Numbers of no more codes are levels."""


def is_number(field: Field) -> bool:
    """Whether a field is one of modes and places, rather than of levels."""
    return field.positions is not None and field.size > FEW_CODES


@dataclass(frozen=True, eq=False)
class Modes:
    """The modes of one field.

    Args:
        scores: (K,) normal score of each code's rank, NaN outside the order.
        means, deviations: (M,).
    """

    scores: Floats
    means: Floats
    deviations: Floats

    @classmethod
    def fit(cls, field: Field, counts: npt.NDArray[np.integer], rng: np.random.Generator) -> Modes:
        """A mixture of normals under a Dirichlet process, its unneeded parts left out."""
        from sklearn.mixture import BayesianGaussianMixture
        from threadpoolctl import threadpool_limits

        scores = scores_of(field)
        share = np.where(np.isfinite(scores), counts, 0).astype(np.float64)
        if (share > 0).sum() < 2:
            inside = scores[np.isfinite(scores)]
            return cls(scores, inside[:1], np.ones(1, np.float32))
        values = rng.choice(np.nan_to_num(scores), min(FITTED_ROWS, int(share.sum())), p=share / share.sum())

        class NearEnough(BayesianGaussianMixture):  # type: ignore[misc]
            """What it has come to in so many rounds, without a warning: one is silenced for all threads or none."""

            converged_ = property(lambda self: True, lambda self, value: None)

        mixture = NearEnough(
            n_components=min(MODES, len(np.unique(values)), len(values)),
            weight_concentration_prior=0.001,
            reg_covar=1e-4,
            max_iter=50,
            tol=1e-2,
            random_state=int(rng.integers(2**31)),
        )
        with threadpool_limits(1, user_api="openmp"):  # k-means begins it, whose threads wait in a loop
            mixture.fit(values[:, None])
        needed = mixture.weights_ > NEEDED
        deviations = np.sqrt(mixture.covariances_[needed, 0, 0])
        return cls(scores, mixture.means_[needed, 0].astype(np.float32), deviations.astype(np.float32))

    @property
    def width(self) -> int:
        """Modes, those of one point included."""
        return len(self.means) + int(np.isnan(self.scores).sum())

    @cached_property
    def table(self) -> tuple[Floats, Floats]:
        """(K, M + E) chance of each mode given the code, and (K, M + E) the place in it."""
        from likewise.nets.ctgan import SPREAD

        inside, m = np.isfinite(self.scores), len(self.means)
        chance, place = np.zeros((len(inside), self.width), np.float32), np.zeros((len(inside), self.width), np.float32)
        off = (self.scores[inside, None] - self.means) / self.deviations
        log_p = -0.5 * off**2 - np.log(self.deviations)
        p = np.exp(log_p - log_p.max(1, keepdims=True)) + 1e-6
        chance[inside, :m] = p / p.sum(1, keepdims=True)
        place[inside, :m] = np.clip(off / SPREAD, -FURTHEST, FURTHEST)
        chance[np.flatnonzero(~inside), m + np.arange((~inside).sum())] = 1.0
        return chance, place

    @cached_property
    def reach(self) -> Floats:
        """(K,) half the way to the next code: how far from its score a code is still drawn."""
        inside = np.flatnonzero(np.isfinite(self.scores))
        order = inside[np.argsort(self.scores[inside], kind="stable")]
        reach = np.ones(len(self.scores), np.float32)
        if len(order) > 1:
            reach[order] = np.maximum(np.gradient(self.scores[order].astype(np.float64)), 1e-3) / 2
        return reach


def scores_of(field: Field) -> Floats:
    """(K,) normal score of each code's rank, NaN outside the order."""
    from scipy.special import ndtri

    assert field.positions is not None
    scores: Floats = ndtri(np.clip(field.positions.astype(np.float64), 1e-4, 1 - 1e-4)).astype(np.float32)
    return scores
