"""The joint distribution without a classifier: alpha-precision, beta-recall, and the kernel two-sample statistic.

References: Alaa et al., "How faithful is your synthetic data?", ICML 2022 (the "naive" form that tabular papers
report); Gretton et al., "A kernel two-sample test", JMLR 2012.

NOTE[DIFF] beta-recall asks whether a real row's nearest synthetic row is no farther than its nearest other real row.
For fresh real rows that is a coin toss, so a perfect generator scores about 0.5, and more means rows too near to real
ones. Papers read it as "higher is better"; here it is held against the score of real holdout rows, from both sides.

Legend: n rows of each table, W width of a vector, L levels of a curve.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from likewise.evaluate.figure import Figure
from likewise.evaluate.neighbours import Embedding, Vectors, fit_embedding, nearest_few
from likewise.evaluate.roc import Z95
from likewise.evaluate.tables import FloatArray, Typed, TypedColumn

MAX_ROWS = 6_000
MAX_KERNEL_ROWS = 2_000
N_LEVELS = 30
N_RESAMPLES = 100
N_PERMUTATIONS = 200


def precision_recall(real: Typed, fresh: Typed, synthetic: Typed, *, seed: int) -> tuple[Figure, Figure]:
    """Alpha-precision and beta-recall of the synthetic rows, and of as many fresh real rows as the floor.

    Columns are scaled to the real range, levels one-hot. Up to 6,000 rows of each.
    """
    rng = np.random.default_rng(seed)
    n = min(len(real), len(fresh), len(synthetic), MAX_ROWS)
    embed = _range_embedding(real)
    ours, others, theirs = (embed(t.sample(n, rng)) for t in (real, fresh, synthetic))
    own = nearest_few(ours, ours, 1, same=True)[1][:, 0]
    figures = [_curves(ours, own, rows, rng) for rows in (theirs, others)]
    return tuple(_figure(a, b, n) for a, b in zip(*figures, strict=True))  # type: ignore[return-value]


def _range_embedding(real: Typed) -> Embedding:
    def block(column: TypedColumn, found: tuple[float, float] | Vectors) -> tuple[float, float] | Vectors:
        if not isinstance(found, tuple) or not len(column.present):
            return found
        return float(column.present.min()), float(np.ptp(column.present)) or 1.0

    blocks = fit_embedding(real).blocks
    return Embedding(tuple(block(c, b) for c, b in zip(real.columns, blocks, strict=True)))


def _curves(
    real: Vectors, own: FloatArray, rows: Vectors, rng: np.random.Generator
) -> tuple[tuple[float, float], tuple[float, float]]:
    """(score, deviation) of the two curves of `rows`: how far shares follow their levels, in L steps.

    Args:
        own: (n,) distance of each real row to its nearest other real row.
    """
    levels = np.linspace(0.0, 1.0, N_LEVELS)
    centre, their_centre = real.mean(0, dtype=np.float64), rows.mean(0, dtype=np.float64)
    radii = np.quantile(_distance(real, centre), levels)
    index, to_rows = (found[:, 0] for found in nearest_few(real, rows, 1))
    reached = np.searchsorted(radii, _distance(rows, centre), "left")  # first level whose ball holds the row
    near = _distance(rows[index], their_centre)
    held = np.searchsorted(np.quantile(near, levels), near, "left")
    held = np.where(to_rows <= own, held, N_LEVELS)
    return _area(reached, levels, rng), _area(held, levels, rng)


def _distance(rows: Vectors, centre: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.square(rows - centre).sum(1)))


def _area(first: npt.NDArray[np.int64], levels: FloatArray, rng: np.random.Generator) -> tuple[float, float]:
    """1 - sum |level - curve| / sum level, with its deviation over resampled rows.

    Args:
        first: (n,) the first level at which each row counts; L for never.
    """
    counts = np.bincount(first, minlength=N_LEVELS + 1)
    drawn = rng.multinomial(len(first), counts / len(first), size=N_RESAMPLES)
    curves = np.cumsum(np.vstack([counts, drawn])[:, :N_LEVELS], axis=1) / len(first)
    scores = 1.0 - np.abs(levels - curves).sum(1) / levels.sum()
    return float(scores[0]), float(scores[1:].std())


def _figure(found: tuple[float, float], floor: tuple[float, float], n: int) -> Figure:
    half = Z95 * float(np.hypot(found[1], floor[1]))
    return Figure(found[0], n, floor[0], (max(0.0, found[0] - half), min(1.0, found[0] + half)), copy=1.0)


def kernel_distance(real: Typed, synthetic: Typed, *, seed: int) -> Figure:
    """Unbiased squared kernel distance (MMD) with a Gaussian kernel of the median distance; its floor is 0.

    The interval adds the variance under permuted labels (which rules when nothing differs) to that of the rows' own
    pull (which rules when much does). Up to 2,000 rows of each.
    """
    rng = np.random.default_rng(seed)
    n = min(len(real), len(synthetic), MAX_KERNEL_ROWS)
    embed = fit_embedding(real)
    rows = np.concatenate([embed(t.sample(n, rng)) for t in (real, synthetic)])
    square = np.square(rows).sum(1)
    with threadpool_limits(1):  # what a product of matrices is rounded to hangs on how many threads share it
        kernel = square[:, None] + square[None, :] - 2.0 * (rows @ rows.T)
        np.maximum(kernel, 0.0, out=kernel)
        kernel *= -0.5 / (float(np.median(kernel[:n, :n])) or 1.0)
        np.exp(kernel, out=kernel)
        value, deviation = two_sample(kernel, n, rng)
    half = Z95 * deviation
    return Figure(value, n, 0.0, (value - half, value + half))


def two_sample(kernel: npt.NDArray[np.float32], n: int, rng: np.random.Generator) -> tuple[float, float]:
    """The unbiased squared kernel distance of two samples, and its standard deviation.

    Args:
        kernel: (2n, 2n) of the first n rows and the second n; its diagonal is overwritten.
    """
    np.fill_diagonal(kernel, 0.0)
    is_real = np.arange(2 * n) < n
    signs = np.where(is_real, 1.0, -1.0)
    permuted = np.stack([rng.permutation(signs) for _ in range(N_PERMUTATIONS)], axis=1).astype(np.float32)
    total = float(kernel.sum(dtype=np.float64))
    alike = np.einsum("ij,ij->j", permuted, kernel @ permuted).astype(np.float64)
    value = float(_unbiased(float(signs @ (kernel @ signs)), total, n))
    under_chance = _unbiased(alike, total, n)
    pull = kernel[:, :n].mean(1) - kernel[:, n:].mean(1)
    own = 4.0 / n * float(np.var(pull[:n]) + np.var(pull[n:]))
    return value, float(np.sqrt(under_chance.var() + own))


def _unbiased(signed: float | FloatArray, total: float, n: int) -> FloatArray:
    """The statistic from the signed and the plain sum of the kernel without its diagonal."""
    alike, across = (total + np.asarray(signed)) / 2.0, (total - np.asarray(signed)) / 2.0
    return np.asarray(alike / (n * (n - 1)) - across / (n * n))
