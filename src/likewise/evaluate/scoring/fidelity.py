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
from likewise.evaluate.figure import Figure, FloorKind
from likewise.evaluate.joint import kernel_distance, precision_recall
from likewise.evaluate.learners import learner_name
from likewise.evaluate.results import Score
from likewise.evaluate.scoring.context import Context, noise
from likewise.evaluate.tables import Typed

MOST_FOR_FLOOR = 2_000
"""Tuples of columns from which the overlap of fresh rows is told, at most."""

ORDERS = {1: "univariate", 2: "bivariate", 3: "trivariate"}
FIELDS = {
    "shape": "shape",
    "trend": "gap",
    "trend_linked": "gap_linked",
    "sdmetrics_trend": "trend",
    "sdmetrics_trend_linked": "trend_linked",
}
"""Of `Fidelity`, by the name of the score."""
MEANS = tuple(FIELDS.values())
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


def marginal_scores(run: Context, fit: Fidelity, floor: Fidelity, floor_by: FloorKind) -> Iterable[Score]:
    """Columns and pairs: shape, trends, missing."""
    some = {}
    if fit.n_measured < fit.n_pairs:
        some = {"measured": fit.n_measured, "total": fit.n_pairs, "deviation": fit.deviation}
    for name, field in FIELDS.items():
        value = getattr(fit, field)
        if name == "shape" or not math.isnan(value):
            figure = Figure(value, len(run.synthetic), getattr(floor, field), copy=0.0)
            yield Score.of(name, figure, floor_by=floor_by, **(some if name == "trend" else {}))
    yield from _missing_score(run)


def _missing_score(run: Context) -> Iterable[Score]:
    real, fake = _missing_shares(run.train), _missing_shares(run.synthetic)
    if not (real.any() or fake.any()):
        return
    floor = math.nan
    if run.holdout is not None:
        scale = noise(len(run.train), len(run.synthetic)) / noise(len(run.train), len(run.holdout))
        floor = scale * float(np.abs(real - _missing_shares(run.holdout)).mean())
    value = float(np.abs(real - fake).mean())
    yield Score.of("missing", Figure(value, len(run.synthetic), floor, copy=0.0), floor_by="holdout")


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
        floor = _fresh_overlap(run, real, fresh, tables, order) if tables else math.nan
        some = {"measured": found.measured, "total": found.total, "deviation": found.deviation}
        figure = Figure(found.value, len(run.synthetic), floor, copy=1.0)
        yield Score.of(f"accuracy_{name}", figure, floor_by=floor_by, **(some if found.deviation > 0 else {}))


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
    real = run.train
    if fresh is None:
        real, fresh = run.halves(20)
    if min(len(real), len(fresh), len(run.synthetic)) < MIN_ROWS:
        run.notes.append(f"The joint measures need at least {MIN_ROWS} rows of each table.")
        return
    found = precision_recall(real, fresh, run.synthetic, seed=run.draw_seed(21))
    for name, figure in zip(("alpha_precision", "beta_recall"), found, strict=True):
        yield Score.of(name, figure, floor_by="halves" if run.holdout is None else "holdout")
    yield Score.of("mmd", kernel_distance(fresh, run.synthetic, seed=run.draw_seed(22)))


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
    against = "training" if run.holdout is None else "holdout"
    return Score.of("c2st", found.area, learner=learner_name(run.learner), against=against)
