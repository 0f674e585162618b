"""Scores of likeness: columns, pairs, triples, and the joint distribution."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from likewise.evaluate.accuracy import accuracy, binned
from likewise.evaluate.detection import MIN_ROWS, Detection, detect
from likewise.evaluate.fidelity import Fidelity, fidelity
from likewise.evaluate.joint import kernel_distance, precision_recall
from likewise.evaluate.learners import learner_name
from likewise.evaluate.results import FloorKind, Score
from likewise.evaluate.roc import Z95
from likewise.evaluate.scoring.context import Context, finite, noise
from likewise.evaluate.tables import Typed

ORDERS = {1: "univariate", 2: "bivariate", 3: "trivariate"}
COLUMNS_AT_A_TIME = {1: "one column", 2: "two columns at a time", 3: "three columns at a time"}


def measure(run: Context) -> tuple[Fidelity, Fidelity, FloorKind]:
    """The synthetic table's columns and pairs, and a fresh real table's at the same size."""
    if run.holdout is not None:
        fit, floor = fidelity(run.train, [run.synthetic, run.holdout], rng=run.rng(1))
        scale = noise(len(run.train), len(run.synthetic)) / noise(len(run.train), len(run.holdout))
        return fit, _scaled(floor, scale), "holdout"
    (fit,) = fidelity(run.train, [run.synthetic], rng=run.rng(1))
    a, b = run.halves(2)
    if len(a) == 0:
        return fit, _scaled(fit, math.nan), "halves"
    (floor,) = fidelity(a, [b], rng=run.rng(1))
    scale = noise(len(run.train), len(run.synthetic)) / noise(len(a), len(b))
    return fit, _scaled(floor, scale), "halves"


def _scaled(floor: Fidelity, scale: float) -> Fidelity:
    columns = tuple(min(1.0, e * scale) if not math.isnan(e) else e for e in floor.columns)
    return replace(
        floor,
        columns=columns,
        shape=floor.shape * scale,
        trend=floor.trend * scale,
        trend_linked=floor.trend_linked * scale,
    )


def marginal_scores(run: Context, fit: Fidelity, floor: Fidelity, floor_by: FloorKind) -> Iterable[Score]:
    """Columns and pairs: shape, trend, missing."""
    n = len(run.synthetic)
    yield Score(
        name="shape",
        group="fidelity",
        value=fit.shape,
        better="lower",
        floor=finite(floor.shape),
        floor_by=floor_by,
        copy=0.0,
        n=n,
        method="mean over columns of the Kolmogorov-Smirnov distance (numbers) or total variation (levels); "
        "floor scaled to the same number of rows",
        meaning="how far single columns are from the real ones, from 0 (alike) to 1",
    )
    half = Z95 * fit.trend_deviation
    method = "mean over pairs of half the difference of Pearson's r (two numbers) or total variation of the counts"
    if half:
        method += f"; {len(fit.pairs):,} of {fit.n_pairs:,} pairs measured, the interval is of that sample"
    yield Score(
        name="trend",
        group="fidelity",
        value=fit.trend,
        better="lower",
        floor=finite(floor.trend),
        floor_by=floor_by,
        copy=0.0,
        interval=(max(0.0, fit.trend - half), fit.trend + half) if half else None,
        n=n,
        method=method,
        meaning="how far pairs of columns hang together otherwise than in the real table, from 0 (alike) to 1",
    )
    if not math.isnan(fit.trend_linked):
        yield Score(
            name="trend_linked",
            group="fidelity",
            value=fit.trend_linked,
            better="lower",
            floor=finite(floor.trend_linked),
            floor_by=floor_by,
            copy=0.0,
            n=n,
            method="the same over the pairs that hang together in the real table: |r| > 0.4 or Cramer's V > 0.3",
            meaning="the same, over the pairs of columns that clearly hang together",
        )
    yield from _missing_score(run)


def _missing_score(run: Context) -> Iterable[Score]:
    real, fake = _missing_shares(run.train), _missing_shares(run.synthetic)
    if not (real.any() or fake.any()):
        return
    fresh = None if run.holdout is None else float(np.abs(real - _missing_shares(run.holdout)).mean())
    yield Score(
        name="missing",
        group="fidelity",
        value=float(np.abs(real - fake).mean()),
        better="lower",
        floor=fresh,
        floor_by=None if fresh is None else "holdout",
        copy=0.0,
        n=len(run.synthetic),
        method="mean over columns of the difference of the shares of missing values",
        meaning="how far the shares of missing values are from the real ones",
    )


def _missing_shares(table: Typed) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([c.missing.mean() for c in table.columns])


def accuracy_scores(run: Context) -> Iterable[Score]:
    """Overlap of one, two and three columns at a time."""
    real, synthetic = binned(run.train, [run.synthetic])
    for order, name in ORDERS.items():
        found = accuracy(real, synthetic, order, run.rng(9 + order))
        if found is None:
            continue
        sampled = f"; {found.measured:,} of {found.total:,} measured, the interval is of that sample"
        yield Score(
            name=f"accuracy_{name}",
            group="fidelity",
            value=found.value,
            better="higher",
            floor=found.ceiling,
            floor_by="theory",
            copy=1.0,
            interval=found.interval,
            n=len(run.synthetic),
            method=f"overlap of the tables of counts, {COLUMNS_AT_A_TIME[order]}, on ten quantile bins or the ten most "
            "frequent levels; floor by the expected noise of two samples" + sampled * (found.interval is not None),
            meaning=f"how much the tables of {COLUMNS_AT_A_TIME[order]} overlap, from 0 to 1",
        )


def joint_scores(run: Context) -> Iterable[Score]:
    """Alpha-precision, beta-recall and the kernel distance."""
    fresh = run.holdout
    real, floor_by = run.train, "holdout"
    if fresh is None:
        (real, fresh), floor_by = run.halves(20), "halves"
    if min(len(real), len(fresh), len(run.synthetic)) < MIN_ROWS:
        run.notes.append(f"The joint measures need at least {MIN_ROWS} rows of each table.")
        return
    found = precision_recall(real, fresh, run.synthetic, seed=run.draw_seed(21))
    words = {
        "alpha_precision": (
            "how many synthetic rows lie where real rows lie, at every radius; 1 at best",
            "share of synthetic rows within the real radius quantiles about the real mean, 30 levels",
        ),
        "beta_recall": (
            "how well synthetic rows cover the real ones; fresh real rows score about 0.5, more is too near",
            "share of real rows with a synthetic row nearer than their nearest other real row, 30 levels",
        ),
    }
    for (name, (meaning, method)), figure in zip(words.items(), found, strict=True):
        yield Score(
            name=name,
            group="fidelity",
            value=figure.value,
            better="floor",
            floor=figure.floor,
            floor_by=floor_by,  # type: ignore[arg-type]
            copy=1.0,
            interval=figure.interval,
            n=figure.n,
            method=f"{method}; {figure.n:,} rows of each table; interval over resampled rows, of value and floor",
            meaning=meaning,
        )
    kernel = kernel_distance(fresh, run.synthetic, seed=run.draw_seed(22))
    yield Score(
        name="mmd",
        group="fidelity",
        value=kernel.value,
        better="lower",
        floor=0.0,
        floor_by="theory",
        interval=kernel.interval,
        n=kernel.n,
        method=f"unbiased squared kernel distance (MMD), Gaussian kernel of the median distance, {kernel.n:,} rows of "
        "each; interval from permuted labels and the rows' own pull",
        meaning="how far the whole rows are from real ones, by a kernel; 0 is alike",
    )


def detection(run: Context) -> Detection | None:
    """The classifier two-sample test, against holdout rows where there are any."""
    real = run.train if run.holdout is None else run.holdout
    found = detect(real, run.synthetic, learner=run.learner, seed=run.draw_seed(3))
    if found is None:
        run.notes.append(f"The classifier test needs at least {MIN_ROWS} rows of each table.")
    elif run.holdout is None:
        run.notes.append(
            "The classifier compared the synthetic rows with the rows they were learnt from: copying lowers it."
        )
    return found


def detection_score(run: Context, found: Detection) -> Score:
    against = "holdout" if run.holdout is not None else "training"
    return Score(
        name="c2st",
        group="fidelity",
        value=found.area,
        better="lower",
        floor=0.5,
        floor_by="theory",
        interval=found.interval,
        n=found.n,
        method=f"ROC AUC of {learner_name(run.learner)}, 5 folds, {found.n:,} synthetic and as many {against} "
        "rows; DeLong interval, widened for folds that share rows",
        meaning="how often a classifier tells which of two rows is synthetic; 0.5 is a coin toss",
    )
