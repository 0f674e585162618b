"""Copies and near copies: do synthetic rows repeat the rows they were learnt from, or crowd around them?

These check the table, not a person: they see training and other real rows alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.evaluate.attacks.rates import Rate
from likewise.evaluate.neighbours import Vectors, fit_embedding, nearest_few
from likewise.evaluate.roc import Z95, wilson
from likewise.evaluate.tables import Typed

MAX_SYNTHETIC = 20_000
MAX_REAL = 30_000
MOST_FLOATS = 8 * 2**20
NEAREST_SHARE = 0.01
LEAST_NEAREST = 20


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
    """Are synthetic rows nearer to the training rows than to other real rows?

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


def distance_share(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> tuple[Nearness, Nearness]:
    """Which side the nearest real row is on: for all synthetic rows, and for the one in a hundred that is nearest.

    All training rows are used (up to 30,000), not only as many as there are holdout rows: with N training and m
    holdout rows a nearest row is a training row by chance with probability N / (N + m), and the share is scaled so
    that chance is 0.5 and 1 stays 1. With N = m this is the usual share. Ties fall to either side by chance: the real
    rows stand in random order.

    The second figure finds few near copies among many good rows. It asks only the hundredth (at least 20) of the
    synthetic rows whose nearest real row is nearest *beside the second nearest*: a choice made blind to which real
    rows are training rows, so that chance is 0.5 there too.

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
    return side_of_nearest(embed(train), embed(holdout), embed(synthetic), rng)


def side_of_nearest(
    train: Vectors, holdout: Vectors, synthetic: Vectors, rng: np.random.Generator
) -> tuple[Nearness, Nearness]:
    """The two figures of `distance_share`, of vectors."""
    order = rng.permutation(len(train) + len(holdout))
    is_train = order < len(train)
    real = np.concatenate([train, holdout])[order]
    index, distance = nearest_few(synthetic, real, 2)
    copy = _copy_share(real, is_train)
    ratio = distance[:, 0] / np.where(distance[:, 1] > 0.0, distance[:, 1], np.inf)
    ratio[distance[:, 1] == 0.0] = 1.0  # a row that several real rows share points to none of them
    n_nearest = min(len(ratio), max(LEAST_NEAREST, round(NEAREST_SHARE * len(ratio))))
    shuffled = rng.permutation(len(ratio))
    crowded = shuffled[np.argsort(ratio[shuffled], kind="stable")[:n_nearest]]
    return _nearness(index[:, 0], is_train, copy), _nearness(index[crowded, 0], is_train, copy)


def _nearness(index: npt.NDArray[np.int64], is_train: npt.NDArray[np.bool_], copy: float) -> Nearness:
    drawn = np.bincount(index, minlength=len(is_train)).astype(np.float64)
    share, deviation = _scaled_share(drawn, is_train)
    return Nearness(share, (max(0.0, share - Z95 * deviation), min(1.0, share + Z95 * deviation)), copy, len(index))


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
