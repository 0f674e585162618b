"""Scores of likeness: columns, pairs, triples, and the joint distribution."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from likewise.evaluate.accuracy import Binned, accuracy, binned, overlap_apart
from likewise.evaluate.chance import judged, more_rows
from likewise.evaluate.detection import MIN_ROWS, Detection, detect
from likewise.evaluate.fidelity import Fidelity, columns_apart, fidelity, missing_apart, pairs_apart
from likewise.evaluate.figure import Figure, FloorKind
from likewise.evaluate.joint import kernel_distance, precision_recall
from likewise.evaluate.learners import learner_name
from likewise.evaluate.results import Score
from likewise.evaluate.scans.whole import ALL, COUNTED
from likewise.evaluate.scoring.context import Context, noise
from likewise.evaluate.tables import FloatArray, Typed

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
    fit, floor, floor_by = _of_held(run)
    return (fit, floor, floor_by) if run.whole is None else (*run.whole.told(fit, floor, floor_by), floor_by)


def _of_held(run: Context) -> tuple[Fidelity, Fidelity, FloorKind]:
    train, synthetic = run.measured
    (fit,) = fidelity(train, [synthetic], rng=run.rng(1))
    real, fresh, floor_by = run.real_tables
    if min(len(real), len(fresh)) < LEAST_TO_HALVE:
        return fit, _changed(fit, dict.fromkeys(MEANS, math.nan)), floor_by
    (floor,) = fidelity(real, [fresh], rng=run.rng(1))
    halves = [fidelity(a, [b], rng=run.rng(1))[0] for a, b in _halved(run, real, fresh)]
    means = {
        name: _with_more_rows(run, (real, fresh), getattr(floor, name), [getattr(h, name) for h in halves])
        for name in MEANS
    }
    return fit, _changed(floor, means), floor_by


def _halved(run: Context, real: Typed, fresh: Typed) -> list[tuple[Typed, Typed]]:
    """Halves of the one beside halves of the other."""
    parts = [np.array_split(run.rng(40 + k).permutation(len(t)), 2) for k, t in enumerate((real, fresh))]
    return [(real.take(np.sort(a)), fresh.take(np.sort(b))) for a, b in zip(*parts, strict=True)]


def _with_more_rows(run: Context, real: tuple[Typed, Typed], error: float, halves: Sequence[float]) -> float:
    """What the error between two real tables would be for fresh rows, as many as the synthetic ones."""
    here, there = (1.0 / len(a) + 1.0 / len(b) for a, b in (real, run.measured))
    return min(1.0, more_rows(error, float(np.mean(halves)), here / there))


def _changed(floor: Fidelity, means: Mapping[str, float]) -> Fidelity:
    scale = means["shape"] / floor.shape if floor.shape > 0.0 else math.nan
    columns = tuple(min(1.0, e * scale) if e > 0.0 else e for e in floor.columns)
    return replace(floor, columns=columns, **means)  # type: ignore[arg-type]


def marginal_scores(run: Context, fit: Fidelity, floor: Fidelity, floor_by: FloorKind) -> Iterable[Score]:
    """Columns and pairs: shape, trends, missing."""
    some: dict[str, Any] = {}
    apart: dict[str, Any] = {"shape": columns_apart(run.dealt), **pairs_apart(run.dealt, run.rng(34))}
    if fit.n_measured < fit.n_pairs:
        some = {"measured": fit.n_measured, "total": fit.n_pairs, "deviation": fit.deviation}
    for name, field in FIELDS.items():
        value = getattr(fit, field)
        if name == "shape" or not math.isnan(value):
            is_counted = run.whole is not None and name in COUNTED
            n = run.whole.n("synthetic") if run.whole is not None and is_counted else len(run.measured[1])
            figure = Figure(value, n, getattr(floor, field), copy=0.0)
            figure = judged(figure, apart.get(name, ()), run.dealt.wider)
            yield Score.of(name, figure, floor_by=floor_by, **(some if name == "trend" else {}))
    yield from _missing_score(run)


def _missing_score(run: Context) -> Iterable[Score]:
    if run.whole is not None:
        counted, floor_by = run.whole.missing_figure(run.real_tables[2]), run.real_tables[2]
        if counted is not None:
            yield Score.of("missing", judged(counted, missing_apart(run.dealt), run.dealt.wider), floor_by=floor_by)
        return
    real, fake = missing_shares(run)
    if not (real.any() or fake.any()):
        return
    own, fresh, floor_by = run.real_tables
    floor = math.nan
    if min(len(own), len(fresh)) > 0:
        scale = noise(len(run.train), len(run.synthetic)) / noise(len(own), len(fresh))
        floor = scale * float(np.abs(_missing_shares(own) - _missing_shares(fresh)).mean())
    figure = Figure(float(np.abs(real - fake).mean()), len(run.synthetic), floor, copy=0.0)
    yield Score.of("missing", judged(figure, missing_apart(run.dealt), run.dealt.wider), floor_by=floor_by)


def missing_shares(run: Context) -> tuple[FloatArray, FloatArray]:
    """(C,) of each column, of the real and of the synthetic rows."""
    if run.whole is not None:
        return run.whole.missing(("real", ALL)), run.whole.missing(("synthetic", ALL))
    return _missing_shares(run.train), _missing_shares(run.synthetic)


def _missing_shares(table: Typed) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([c.missing.mean() for c in table.columns])


def accuracy_scores(run: Context) -> Iterable[Score]:
    """Overlap of one, two and three columns at a time."""
    real, fresh, floor_by = run.equal_tables
    train, fake = run.measured
    ours, synthetic = binned(train, [fake])
    tables: list[tuple[Binned, Binned]] = []
    if min(len(real), len(fresh)) >= LEAST_TO_HALVE:
        for a, b in ((real, fresh), *_halved(run, real, fresh)):
            its, other = binned(a, [b])
            tables.append((its, other))
    for order, name in ORDERS.items():
        found = accuracy(ours, synthetic, order, run.rng(9 + order))
        if found is None:
            continue
        floor = _fresh_overlap(run, tables, order) if tables else math.nan
        lost = judged(
            Figure(1.0 - found.value, len(fake), floor),
            overlap_apart(run.dealt, order, run.rng(34 + order)),
            run.dealt.wider,
        )
        low, high = lost.interval
        figure = Figure(found.value, lost.n, 1.0 - floor, (1.0 - high, 1.0 - low), copy=1.0)
        some = {"measured": found.measured, "total": found.total, "deviation": found.deviation}
        yield Score.of(f"accuracy_{name}", figure, floor_by=floor_by, **(some if found.deviation > 0 else {}))


def _fresh_overlap(run: Context, tables: Sequence[tuple[Binned, Binned]], order: int) -> float:
    """What fresh real rows, were they as many as the synthetic ones, lack of a full overlap.

    Args:
        tables: two real tables on bins, and halves of each beside halves of the other.
    """
    lost = []
    for ours, theirs in tables:
        found = accuracy(ours, theirs, order, run.rng(9 + order), most=MOST_FOR_FLOOR)
        assert found is not None
        lost.append(1.0 - found.value)
    return _with_more_rows(run, run.equal_tables[:2], lost[0], lost[1:])


def joint_scores(run: Context) -> Iterable[Score]:
    """Alpha-precision, beta-recall and the kernel distance."""
    fresh = run.holdout
    real = run.train
    if fresh is None:
        real, fresh = run.halves(20)
    # Nearness counts neighbours, and rows of one person are neighbours whatever the table.
    real, fresh, synthetic = (t.apart(run.rng(50 + k)) for k, t in enumerate((real, fresh, run.synthetic)))
    if min(len(real), len(fresh), len(synthetic)) < MIN_ROWS:
        run.notes.append(
            f"The joint measures need at least {MIN_ROWS} {run.people} of each table, and of each half of the real one "
            "where there is no holdout."
        )
        return
    found = precision_recall(real, fresh, synthetic, seed=run.draw_seed(21))
    for name, figure in zip(("alpha_precision", "beta_recall"), found, strict=True):
        yield Score.of(name, figure, floor_by="halves" if run.holdout is None else "holdout")
    yield Score.of("mmd", kernel_distance(fresh, synthetic, seed=run.draw_seed(22)))


def detection(run: Context) -> Detection | None:
    """The classifier two-sample test, against holdout rows where there are any."""
    real = run.train if run.holdout is None else run.holdout
    found = detect(real, run.synthetic, learner=run.learner, seed=run.draw_seed(3))
    if found is None:
        run.notes.append(f"The classifier test needs at least {MIN_ROWS} {run.people} of each table.")
    elif run.holdout is None:
        run.notes.append(
            "The classifier compared the synthetic rows with the rows they were learnt from: copying lowers it."
        )
    return found


def detection_score(run: Context, found: Detection) -> Score:
    against = "training" if run.holdout is None else "holdout"
    return Score.of("c2st", found.area, learner=learner_name(run.learner), against=against)
