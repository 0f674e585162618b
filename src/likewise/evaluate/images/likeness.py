"""How alike two sets of images are in the features of a judge: Frechet and kernel distance, density and coverage.

References: Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", NeurIPS
2017 (Frechet distance); Binkowski et al., "Demystifying MMD GANs", ICLR 2018 (kernel distance); Naeem et al., "Reliable
fidelity and diversity metrics for generative models", ICML 2020 (density, coverage; k = 5).

NOTE[DIFF] The features are those of a small net trained on the real images at hand, not of Inception: figures compare
with each other and with their floor, not with those of papers. They are centred at the real mean and scaled to a mean
variance of 1, and the Frechet distance is divided by D: 1 is as far as the real images lie from their own mean.

The training images are better known to the judge than any others, so nothing is 0 by nature: each figure stands beside
that of as many fresh real images.

Legend: n images of each set, D features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.evaluate.figure import Figure
from likewise.evaluate.joint import two_sample
from likewise.evaluate.neighbours import Vectors, closeness_tiles, nearest_few
from likewise.evaluate.roc import Z95

FloatArray = npt.NDArray[np.float64]
MAX_FEATURES_ROWS = 5_000
MAX_KERNEL_ROWS = 2_000
N_RESAMPLES = 60
NEIGHBOURS = 5


@dataclass(frozen=True)
class Seen:
    """Features of as many real training, fresh real and synthetic images, on one scale and in random order: (n, D)."""

    real: FloatArray
    fresh: FloatArray
    synthetic: FloatArray

    @property
    def n(self) -> int:
        return len(self.real)

    def first(self, n: int) -> Seen:
        return Seen(self.real[:n], self.fresh[:n], self.synthetic[:n])


def scaled(real: FloatArray, fresh: FloatArray, synthetic: FloatArray) -> Seen:
    """The features centred at the real mean, with a mean real variance of 1."""
    centre = real.mean(0)
    scale = float(np.sqrt(real.var(0).mean())) or 1.0
    return Seen(*((features - centre) / scale for features in (real, fresh, synthetic)))


def frechet_distance(seen: Seen, rng: np.random.Generator) -> Figure:
    """|m - m'|^2 + tr(S + S' - 2 (S S')^(1/2)), divided by D; the interval from resampled images of both sets."""
    value, deviation = _frechet(seen.real, seen.synthetic, rng)
    floor, floor_deviation = _frechet(seen.real, seen.fresh, rng)
    return _beside(value, deviation, floor, floor_deviation, seen.n, least=0.0)


def _frechet(a: FloatArray, b: FloatArray, rng: np.random.Generator) -> tuple[float, float]:
    n, even = len(a), np.ones(len(a))
    value = _between(_moments(a, even), _moments(b, even))
    weights = rng.multinomial(n, np.full(n, 1.0 / n), size=(N_RESAMPLES, 2)).astype(np.float64)
    drawn = [_between(_moments(a, w), _moments(b, v)) for w, v in weights]
    return value, float(np.std(drawn))


def _moments(x: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    total = weights.sum()
    mean = weights @ x / total
    # Sums of squares about the mean, computed from those about 0: the features are centred already.
    return mean, (x.T * weights) @ x / total - np.outer(mean, mean)


def _between(a: tuple[FloatArray, FloatArray], b: tuple[FloatArray, FloatArray]) -> float:
    values, vectors = np.linalg.eigh(a[1])
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b[1] @ root), 0.0)).sum()
    distance = np.square(a[0] - b[0]).sum() + np.trace(a[1]) + np.trace(b[1]) - 2.0 * cross
    return max(0.0, float(distance)) / len(a[0])


def kernel_distance(seen: Seen, rng: np.random.Generator) -> Figure:
    """Unbiased squared kernel distance with the kernel (x . y / D + 1)^3, on up to 2,000 images of each set."""
    seen = seen.first(MAX_KERNEL_ROWS)
    value, deviation = _kernel(seen.real, seen.synthetic, rng)
    floor, floor_deviation = _kernel(seen.real, seen.fresh, rng)
    return _beside(value, deviation, floor, floor_deviation, seen.n)


def _kernel(a: FloatArray, b: FloatArray, rng: np.random.Generator) -> tuple[float, float]:
    both = np.concatenate([a, b]).astype(np.float32)
    kernel = both @ both.T
    kernel /= both.shape[1]
    kernel += 1.0
    np.power(kernel, 3, out=kernel)
    return two_sample(kernel, len(a), rng)


def density_and_coverage(seen: Seen) -> tuple[Figure, Figure]:
    """Density: real balls that hold an image, over k, on average. Coverage: share of real balls that hold any.

    The ball of a real image reaches to its k-th nearest other real image. For fresh real images density is 1 and
    coverage 1 - 2^-k = 0.97, both give or take.
    """
    real = seen.real.astype(np.float32)
    radii = nearest_few(real, real, NEIGHBOURS, same=True)[1][:, -1]
    (around, held), (fresh_around, fresh_held) = (
        _in_balls(rows.astype(np.float32), real, radii) for rows in (seen.synthetic, seen.fresh)
    )
    pairs = ((around, fresh_around), (held, fresh_held))
    density, coverage = (
        _beside(a.mean(), _error(a), b.mean(), _error(b), seen.n, least=0.0, most=most)
        for (a, b), most in zip(pairs, (np.inf, 1.0), strict=True)
    )
    return density, coverage


def _in_balls(rows: Vectors, real: Vectors, radii: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(n,) balls that hold each row, over k; (n,) whether each ball holds a row."""
    around, held = np.empty(len(rows)), np.zeros(len(real), dtype=bool)
    own = np.square(rows).sum(1)
    # A closeness is half the squared row less half the squared distance.
    reach = (0.5 * np.square(radii)).astype(np.float32)
    for part, closeness in closeness_tiles(rows, real):
        inside = closeness >= 0.5 * own[part, None] - reach
        around[part] = inside.sum(1) / NEIGHBOURS
        held |= inside.any(0)
    return around, held.astype(np.float64)


def _error(values: FloatArray) -> float:
    return float(values.std() / np.sqrt(len(values)))


def _beside(
    value: float, deviation: float, floor: float, floor_deviation: float, n: int,
    least: float = -np.inf, most: float = np.inf,
) -> Figure:  # fmt: skip
    half = Z95 * float(np.hypot(deviation, floor_deviation))
    return Figure(float(value), n, float(floor), (max(least, float(value) - half), min(most, float(value) + half)))
