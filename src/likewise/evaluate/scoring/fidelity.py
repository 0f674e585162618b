"""Scores of likeness: columns, pairs, triples, and the joint distribution."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from likewise.evaluate.accuracy import Binned, accuracy, binned
from likewise.evaluate.detection import MIN_ROWS, Detection, detect
from likewise.evaluate.fidelity import Fidelity, fidelity
from likewise.evaluate.joint import kernel_distance, precision_recall
from likewise.evaluate.learners import learner_name
from likewise.evaluate.results import FloorKind, Score
from likewise.evaluate.scoring.context import Context, finite, noise
from likewise.evaluate.tables import Typed

MOST_FOR_FLOOR = 2_000
"""Tuples of columns from which the overlap of fresh rows is told, at most."""

ORDERS = {1: "univariate", 2: "bivariate", 3: "trivariate"}
COLUMNS_AT_A_TIME = {1: "one column", 2: "two columns at a time", 3: "three columns at a time"}


MEANS = ("shape", "gap", "gap_linked", "trend", "trend_linked")
LEAST_TO_HALVE = 40
"""Rows of two real tables whose halves can tell how fast the error between them falls."""


def measure(run: Context) -> tuple[Fidelity, Fidelity, FloorKind]:
    """The synthetic table's columns and pairs, and a fresh real table's at the same size."""
    (fit,) = fidelity(run.train, [run.synthetic], rng=run.rng(1))
    real, fresh, floor_by = _two_real_tables(run)
    if min(len(real), len(fresh)) < LEAST_TO_HALVE:
        return fit, _scaled(fit, dict.fromkeys(MEANS, math.nan)), floor_by
    (floor,) = fidelity(real, [fresh], rng=run.rng(1))
    quarters = [fidelity(a, [b], rng=run.rng(1))[0] for a, b in _halved(run, real, fresh)]
    scales = {name: _scale(run, real, fresh, getattr(floor, name), [getattr(q, name) for q in quarters])
              for name in MEANS}  # fmt: skip
    return fit, _scaled(floor, scales), floor_by


def _two_real_tables(run: Context) -> tuple[Typed, Typed, FloorKind]:
    """Two tables of real rows that share none, as large as there are: what an error between them is, fresh rows score.

    A small holdout tells little of tables as large as the training one, so halves of that stand for it.
    """
    if run.holdout is not None and 2 * len(run.holdout) >= len(run.train):
        return run.train, run.holdout, "holdout"
    return *run.halves(2), "halves"


def _halved(run: Context, real: Typed, fresh: Typed) -> list[tuple[Typed, Typed]]:
    """Halves of the one beside halves of the other."""
    parts = [np.array_split(run.rng(40 + k).permutation(len(t)), 2) for k, t in enumerate((real, fresh))]
    return [(real.take(np.sort(a)), fresh.take(np.sort(b))) for a, b in zip(*parts, strict=True)]


def _scale(run: Context, real: Typed, fresh: Typed, whole: float, halves: Sequence[float]) -> float:
    """What turns an error between two real tables into that of fresh rows, as many as the synthetic ones.

    An error falls as a power of 1/n + 1/m: the root where counts are many, hardly at all where most cells hold a row or
    none. Which power it is the halves of both tell.
    """
    here, target = (1.0 / len(a) + 1.0 / len(b) for a, b in ((real, fresh), (run.train, run.synthetic)))
    return float((target / here) ** power(whole, halves, math.log(2.0)))


def power(whole: float, halves: Sequence[float], steps: float) -> float:
    """The power with which an error falls, by what it is on the whole and on the halves; between 0 and a root's.

    Example:
        >>> power(0.1, [0.1 * 2**0.5] * 2, math.log(2)), power(0.9, [0.9, 0.9], math.log(2))
        (0.5, 0.0)
    """
    mean = float(np.mean(halves))
    if not (math.isfinite(mean) and math.isfinite(whole) and mean > 0 and whole > 0):
        return 0.5
    return round(min(max(math.log(mean / whole) / steps, 0.0), 0.5), 12)


def _scaled(floor: Fidelity, scales: Mapping[str, float]) -> Fidelity:
    scale = scales["shape"]
    columns = tuple(min(1.0, e * scale) if not math.isnan(e) else e for e in floor.columns)
    return replace(floor, columns=columns, **{name: getattr(floor, name) * scales[name] for name in MEANS})


PAIRS = {
    "trend": (
        "gap",
        "mean over pairs of half the difference of Spearman's rank correlation (two numbers) or the total variation of "
        "the counts, numbers cut at ten quantiles of the real rows",
        "how far pairs of columns hang together otherwise than in the real table, from 0 (alike) to 1",
    ),
    "trend_linked": (
        "gap_linked",
        "the same over the pairs that hang together in the real table: |rank correlation| > 0.4 or Cramer's V > 0.3",
        "the same, over the pairs of columns that clearly hang together",
    ),
    "sdmetrics_trend": (
        "trend",
        "the pair score of sdmetrics, for comparison: Pearson's r, and counts on ten equal widths of each table's own "
        "range, which one extreme value can move",
        "the same by the rules of sdmetrics, for comparison only",
    ),
    "sdmetrics_trend_linked": (
        "trend_linked",
        "the same over the pairs with |r| > 0.4 or Cramer's V > 0.3, as that report has it by default",
        "the same, over the pairs that clearly hang together by those rules",
    ),
}


def marginal_scores(run: Context, fit: Fidelity, floor: Fidelity, floor_by: FloorKind) -> Iterable[Score]:
    """Columns and pairs: shape, trends, missing."""
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
    sampled = ""
    if fit.n_measured < fit.n_pairs:
        sampled = f"; {fit.n_measured:,} of {fit.n_pairs:,} pairs measured, which is off by {fit.deviation:.4f} or so"
    for name, (field, method, meaning) in PAIRS.items():
        value = getattr(fit, field)
        if not math.isnan(value):
            yield Score(
                name=name, group="fidelity", value=value, better="lower", floor=finite(getattr(floor, field)),
                floor_by=floor_by, copy=0.0, n=n, method=method + sampled * (name == "trend"), meaning=meaning,
            )  # fmt: skip
    yield from _missing_score(run)


def _missing_score(run: Context) -> Iterable[Score]:
    real, fake = _missing_shares(run.train), _missing_shares(run.synthetic)
    if not (real.any() or fake.any()):
        return
    fresh = None
    if run.holdout is not None:
        scale = noise(len(run.train), len(run.synthetic)) / noise(len(run.train), len(run.holdout))
        fresh = scale * float(np.abs(real - _missing_shares(run.holdout)).mean())
    yield Score(
        name="missing",
        group="fidelity",
        value=float(np.abs(real - fake).mean()),
        better="lower",
        floor=fresh,
        floor_by=None if fresh is None else "holdout",
        copy=0.0,
        n=len(run.synthetic),
        method="mean over columns of the difference of the shares of missing values; floor scaled to the same number "
        "of rows",
        meaning="how far the shares of missing values are from the real ones",
    )


def _missing_shares(table: Typed) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([c.missing.mean() for c in table.columns])


def accuracy_scores(run: Context) -> Iterable[Score]:
    """Overlap of one, two and three columns at a time."""
    real, fresh, floor_by = _two_real_tables(run)
    ours, synthetic = binned(run.train, [run.synthetic])
    tables: list[tuple[Binned, Binned]] = []
    if min(len(real), len(fresh)) >= LEAST_TO_HALVE:
        for a, b in ((real, fresh), *_halved(run, real, fresh)):
            its, other = binned(a, [b])
            tables.append((its, other))
    for order, name in ORDERS.items():
        found = accuracy(ours, synthetic, order, run.rng(9 + order))
        if found is None:
            continue
        floor = _fresh_overlap(run, real, fresh, tables, order) if tables else None
        sampled = f"; {found.measured:,} of {found.total:,} measured, which is off by {found.deviation:.4f} or so"
        yield Score(
            name=f"accuracy_{name}",
            group="fidelity",
            value=found.value,
            better="higher",
            floor=floor,
            floor_by=None if floor is None else floor_by,
            copy=1.0,
            n=len(run.synthetic),
            method=f"overlap of the tables of counts, {COLUMNS_AT_A_TIME[order]}, on ten quantile bins or the ten most "
            "frequent levels; floor scaled to the same number of rows" + sampled * (found.deviation > 0),
            meaning=f"how much the tables of {COLUMNS_AT_A_TIME[order]} overlap, from 0 to 1",
        )


def _fresh_overlap(
    run: Context, real: Typed, fresh: Typed, tables: Sequence[tuple[Binned, Binned]], order: int
) -> float:
    """The overlap of fresh real rows, were they as many as the synthetic ones.

    Args:
        tables: two real tables on bins, and halves of each beside halves of the other.
    """
    lost = []
    for ours, theirs in tables:
        found = accuracy(ours, theirs, order, run.rng(9 + order), most=MOST_FOR_FLOOR)
        assert found is not None
        lost.append(1.0 - found.value)
    return 1.0 - lost[0] * _scale(run, real, fresh, lost[0], lost[1:])


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
