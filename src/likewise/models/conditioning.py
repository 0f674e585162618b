"""What conditional draws share: blocks of rows with streams of their own, and importance resampling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

BLOCK_ROWS = 8192
"""Rows drawn at once. Each block has its own random stream, so a row does not depend on who draws the others."""

CANDIDATES = 8
"""Draws a row among which importance resampling chooses when several columns carry conditions."""

LEAST_CANDIDATES = 1024
"""Where all rows share their candidates there are never fewer than these: a handful would not know the joint law."""

OWN_CANDIDATES = 64
"""Draws a row where rows differ in what is known of them, so that each row has only its own to choose among."""


def blocks(n: int, rng: np.random.Generator, size: int = BLOCK_ROWS) -> Iterator[tuple[slice, np.random.Generator]]:
    """Rows block by block, each with a random stream of its own."""
    starts = range(0, n, size)
    for start, stream in zip(starts, rng.spawn(len(starts)), strict=True):
        yield slice(start, min(start + size, n)), stream


def resample(
    log_weights: npt.NDArray[np.float64], n: int, rng: np.random.Generator, *, pooled: bool
) -> npt.NDArray[np.int64]:
    """Which of the candidates (n * c,) to keep, n of them: over all, or one of each row's own c.

    Where no candidate has any weight, each is as good as another.
    """
    groups = log_weights.reshape(1 if pooled else n, -1)
    most = groups.max(1, keepdims=True)
    weights = np.exp(np.where(np.isneginf(most), 0.0, groups - np.where(np.isneginf(most), 0.0, most)))
    cdf = weights.cumsum(1) / weights.sum(1, keepdims=True)
    if pooled:  # systematic resampling: one uniform, evenly spaced
        return rng.permutation(np.searchsorted(cdf[0], (np.arange(n) + rng.random()) / n).clip(max=cdf.shape[1] - 1))
    n_each = groups.shape[1]
    within = (cdf < rng.random((n, 1))).sum(1).clip(max=n_each - 1)
    chosen: npt.NDArray[np.int64] = np.arange(n) * n_each + within
    return chosen


def resample_within(log_weights: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(n * c,) which of its own c candidates each of n rows goes on with, as often as they weigh.

    Args:
        log_weights: (n, c); where no candidate has any weight, all go on.
    """
    n, c = log_weights.shape
    most = log_weights.max(1, keepdims=True)
    dead = np.isneginf(most)
    weights = np.where(dead, 1.0, np.exp(log_weights - np.where(dead, 0.0, most)))
    cdf = weights.cumsum(1) / weights.sum(1, keepdims=True)
    spaced = (np.arange(c) + rng.random((n, 1))) / c
    within = (cdf[:, None, :] < spaced[:, :, None]).sum(2).clip(max=c - 1)
    chosen: npt.NDArray[np.int64] = (np.arange(n)[:, None] * c + within).ravel()
    return chosen
