"""What the synthetic rows give away about the rows they were learnt from: copies, nearness, membership.

These are attacks and counts, not promises: a figure at its floor says that these attacks found nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.evaluate.neighbours import Vectors, fit_embedding, nearest
from likewise.evaluate.roc import Z95, Estimate, auc, true_positive_rate, wilson
from likewise.evaluate.tables import Typed

MAX_SYNTHETIC = 20_000
MAX_MEMBERS = 5_000
MAX_REAL = 30_000
MOST_FLOATS = 32 * 2**20
FALSE_POSITIVE_RATE = 0.01


@dataclass(frozen=True)
class Rate:
    """A share of rows, with Wilson's 95 % interval."""

    value: float
    interval: tuple[float, float]
    n: int


def row_hashes(frame: pl.DataFrame, columns: Sequence[str]) -> npt.NDArray[np.uint64]:
    """(n,) a 64-bit hash of each row over `columns`; equal rows have equal hashes."""
    numbers = [pl.col(c) + 0.0 for c in columns if frame.schema[c].is_float()]  # -0.0 is 0.0
    return frame.select(columns).with_columns(numbers).hash_rows(seed=0).to_numpy()


def copies(rows: npt.NDArray[np.uint64], train: npt.NDArray[np.uint64]) -> Rate:
    """Share of `rows` that stand, cell for cell, in `train` (both as hashes)."""
    hits = int(np.isin(rows, train).sum())
    return Rate(hits / max(len(rows), 1), wilson(hits, len(rows)), len(rows))


def repeats(train: npt.NDArray[np.uint64]) -> Rate:
    """Share of `train` that stands in another row of it: what a fresh row would score, from the rows themselves."""
    _, inverse, counts = np.unique(train, return_inverse=True, return_counts=True)
    hits = int((counts[inverse] > 1).sum())
    return Rate(hits / max(len(train), 1), wilson(hits, len(train)), len(train))


@dataclass(frozen=True)
class Nearness:
    """Distance share: are synthetic rows nearer to the training rows than to other real rows?

    Args:
        share: 0.5 when training and holdout rows are equally near, 1 when every synthetic row is nearest to a
            training row. About half plus half the share of copied rows.
        interval: 95 %, from the exchangeability of training and holdout rows.
        copy: the share for a plain copy of the training rows.
        n: synthetic rows asked.
    """

    share: float
    interval: tuple[float, float]
    copy: float
    n: int


def distance_share(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> Nearness:
    """Which side the nearest real row of each synthetic row is on.

    All training rows are used (up to 30,000), not only as many as there are holdout rows: with N training and m
    holdout rows a nearest row is a training row by chance with probability N / (N + m), and the share is scaled so
    that chance is 0.5 and 1 stays 1. With N = m this is the usual share. Ties fall to either side by chance: the real
    rows stand in random order.

    The interval is exact for what varies here: given how many synthetic rows fall to each real row, the labels
    "training" and "holdout" are a random draw (sampling without replacement), so rows that attract many synthetic
    ones widen it.
    """
    rng = np.random.default_rng(seed)
    embed = fit_embedding(train)
    most = MOST_FLOATS // (2 * embed.width)
    train = train.sample(min(MAX_REAL, most), rng)
    holdout = holdout.sample(min(MAX_REAL, most), rng)
    synthetic = synthetic.sample(min(MAX_SYNTHETIC, most), rng)
    n_train, n_holdout = len(train), len(holdout)
    order = rng.permutation(n_train + n_holdout)
    is_train = order < n_train
    real = np.concatenate([embed(train), embed(holdout)])[order]
    index, _ = nearest(embed(synthetic), real)
    drawn = np.bincount(index, minlength=len(real)).astype(np.float64)
    share, deviation = _scaled_share(drawn, is_train)
    interval = (max(0.0, share - Z95 * deviation), min(1.0, share + Z95 * deviation))
    return Nearness(share, interval, _copy_share(real, is_train), len(synthetic))


def _scaled_share(drawn: npt.NDArray[np.float64], is_train: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The share and its standard deviation when the labels are exchangeable.

    Args:
        drawn: (N + m,) how many synthetic rows have this real row as their nearest.
    """
    total, n, m = drawn.sum(), int(is_train.sum()), int((~is_train).sum())
    by_chance = m / (n + m)
    in_holdout = drawn[~is_train].sum() / total
    share = 1.0 - 0.5 * in_holdout / by_chance
    variance = m * (1.0 - by_chance) * drawn.var(ddof=1) / total**2
    return float(share), float(0.5 / by_chance * np.sqrt(variance))


def _copy_share(real: Vectors, is_train: npt.NDArray[np.bool_]) -> float:
    """The share of a plain copy: 1, but for training rows which also stand in the holdout."""
    keys = np.ascontiguousarray(real).view(np.dtype((np.void, real.dtype.itemsize * real.shape[1]))).ravel()
    _, inverse = np.unique(keys, return_inverse=True)
    n_groups = int(inverse.max()) + 1
    train = np.bincount(inverse[is_train], minlength=n_groups)
    every = np.bincount(inverse, minlength=n_groups)
    in_holdout = (train * (every - train) / every).sum() / train.sum()
    return float(1.0 - 0.5 * in_holdout / (~is_train).mean())


@dataclass(frozen=True)
class Membership:
    """Guessing who was in the training rows, from the distance to the nearest synthetic row.

    Args:
        area: area under the ROC curve of the guess, with DeLong's interval; 0.5 is a coin toss.
        caught: share of members named where 1 % of the others are named falsely, and its interval.
        n: members tried; as many non-members.
    """

    area: Estimate
    caught: tuple[float, tuple[float, float]]
    n: int


def membership(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> Membership:
    """The attack: up to 5,000 training and as many holdout rows, against up to 20,000 synthetic rows."""
    rng = np.random.default_rng(seed)
    embed = fit_embedding(train)
    n = min(len(train), len(holdout), MAX_MEMBERS)
    targets = embed(synthetic.sample(min(MAX_SYNTHETIC, MOST_FLOATS // embed.width), rng))
    members, others = embed(train.sample(n, rng)), embed(holdout.sample(n, rng))
    _, distance = nearest(np.concatenate([members, others]), targets)
    is_member = np.arange(2 * n) < n
    score = -distance
    return Membership(auc(is_member, score), true_positive_rate(is_member, score, FALSE_POSITIVE_RATE), n)
