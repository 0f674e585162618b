"""Train on synthetic, test on real: does a model learnt from the synthetic rows serve as well as one from real rows?

Legend: n rows, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from likewise.evaluate import learners
from likewise.evaluate.figure import Figure
from likewise.evaluate.roc import Z95, Estimate, macro_auc
from likewise.evaluate.tables import FloatArray, Typed, TypedColumn, design_matrices

MAX_TRAIN_ROWS = 100_000
MAX_ROWS_TIMES_CLASSES = 100_000  # boosting grows a tree per class and round
MAX_CLASSES = 10
MOST_CELLS = 5_000_000
N_RESAMPLES = 200
DECISIONS = ("f1", "balanced_accuracy")

Source = Literal["real", "synthetic", "mix"]
Measures = dict[str, Estimate]


class NotMeasurable(Exception):
    """Why a target cannot be learnt or tested; the text goes to the reader."""


@dataclass(frozen=True)
class Utility:
    """One measure of one learner and target: after training on synthetic rows and on real rows, tested on real rows.

    Args:
        measure: "auc", "f1", "balanced_accuracy" (classes), "r2" or "rmse" (numbers).
        synthetic, real: the measure after training on each.
        n: rows tested on.
        deviation: standard error of their difference. Both models are judged by the same rows, so it is less than that
            of either.
    """

    measure: str
    synthetic: Estimate
    real: Estimate
    n: int
    deviation: float

    @property
    def figure(self) -> Figure:
        """The synthetic figure beside the real one, with the interval of their difference about it."""
        half, most = Z95 * self.deviation, np.inf if self.measure == "rmse" else 1.0
        value, floor, least = self.synthetic.value, self.real.value, -np.inf if self.measure == "r2" else 0.0
        return Figure(value, self.n, floor, (max(least, value - half), min(most, value + half)), copy=floor)


@dataclass(frozen=True)
class Job:
    """One target, as arrays.

    Args:
        n_classes: K; 0 for a number.
        x: rows to learn from by source, and those to test on.
        y: their classes 0 .. K-1, or numbers.
        tested: places of the test rows in the test table.
    """

    target: str
    n_classes: int
    x: dict[Source, learners.Matrix]
    y: dict[Source, npt.NDArray[Any]]
    x_test: learners.Matrix
    y_test: npt.NDArray[Any]
    tested: npt.NDArray[np.int64]
    is_code: list[bool]


@dataclass(frozen=True)
class Trained:
    """A model of a `Job`, as the scores it gives: (n, K) for classes, (n,) for numbers."""

    job: Job
    model: Any
    classes: npt.NDArray[np.int64]
    shift: float = 0.0
    scale: float = 1.0

    def scores(self, x: learners.Matrix) -> FloatArray:
        n_classes = self.job.n_classes
        if self.model is None:  # nothing to learn from: no opinion
            return np.zeros((len(x), n_classes)) if n_classes else np.full(len(x), self.shift)
        if n_classes:
            return learners.class_scores(self.model, x, self.classes, n_classes)
        return np.asarray(self.model.predict(x), dtype=np.float64) * self.scale + self.shift


def job(train: Typed, synthetic: Typed, test: Typed, target: str, *, max_rows: int = MAX_TRAIN_ROWS, seed: int) -> Job:
    """The arrays for one target: rows without it left out, large tables sampled, the ten most frequent classes kept.

    Args:
        test: real rows that neither the generator nor the real model was trained on.
        max_rows: rows learnt from and tested on at most; fewer with many classes or columns.

    Raises:
        NotMeasurable: the target is missing throughout, has one class, or has one value in the test rows.
    """
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(~t[target].missing) for t in (train, synthetic, test)]
    for found, role in zip(rows, ("real", "synthetic", "test"), strict=True):
        if len(found) == 0:
            raise NotMeasurable(f"the target {target!r} is missing in every {role} row")
    if len(train.columns) < 2:
        raise NotMeasurable(f"the target {target!r} is the only column")
    classes = min(train[target].size - 1, MAX_CLASSES) if not train[target].is_number else 1
    most = min(max_rows, MAX_ROWS_TIMES_CLASSES // max(classes, 1), MOST_CELLS // len(train.columns))
    rows = [r if len(r) <= most else r[rng.permutation(len(r))[:most]] for r in rows]
    tables = [t.take(r) for t, r in zip((train, synthetic, test), rows, strict=True)]
    xs, is_code = design_matrices([t.drop(target) for t in tables])
    columns = [t[target] for t in tables]
    ys = [c.values for c in columns] if columns[0].is_number else _labels(columns)
    kept = [np.ones(len(y), dtype=bool) if columns[0].is_number else y >= 0 for y in ys]
    xs, ys = ([v[k] for v, k in zip(values, kept, strict=True)] for values in (xs, ys))
    n_classes = 0 if columns[0].is_number else int(ys[0].max(initial=0)) + 1
    _check(target, n_classes, ys[0], ys[2])
    return Job(
        target,
        n_classes,
        {"real": xs[0], "synthetic": xs[1], "mix": np.concatenate(xs[:2])},
        {"real": ys[0], "synthetic": ys[1], "mix": np.concatenate(ys[:2])},
        xs[2],
        ys[2],
        rows[2][kept[2]],
        is_code,
    )


def _labels(columns: list[TypedColumn]) -> list[npt.NDArray[Any]]:
    """Classes of the three tables: place among the most frequent real levels, -1 for those too rare to count."""
    counts = np.bincount(columns[0].values, minlength=columns[0].size)
    kept = np.sort(np.argsort(-counts, kind="stable")[:MAX_CLASSES])
    kept = kept[counts[kept] > 0]
    place = np.full(columns[0].size, -1)
    place[kept] = np.arange(len(kept))
    return [place[c.values] for c in columns]


def _check(target: str, n_classes: int, y_train: npt.NDArray[Any], y_test: npt.NDArray[Any]) -> None:
    if n_classes == 0 and (len(y_test) < 2 or np.ptp(y_train) == 0 or np.ptp(y_test) == 0):
        raise NotMeasurable(f"the target {target!r} has one value only")
    if n_classes and (n_classes < 2 or len(np.unique(y_test)) < 2):
        raise NotMeasurable(f"the target {target!r} has one class only")


def learn(job: Job, source: Source, learner: str, seed: int) -> Trained:
    """A model of the target, learnt from the rows of one source."""
    x, y = job.x[source], job.y[source]
    if job.n_classes:
        classes, dense = np.unique(y, return_inverse=True)
        model = learners.fit(learner, "classify", x, dense, job.is_code, seed) if len(classes) > 1 else None
        return Trained(job, model, classes)
    shift, scale = float(job.y["real"].mean()), float(job.y["real"].std())
    none = np.zeros(0, dtype=np.int64)
    if len(y) == 0 or np.ptp(y) == 0:
        return Trained(job, None, none, float(y[0]) if len(y) else shift)
    model = learners.fit(learner, "regress", x, ((y - shift) / scale).astype(np.float32), job.is_code, seed)
    return Trained(job, model, none, shift, scale)


def judge(job: Job, scores: FloatArray, rows: npt.NDArray[np.bool_] | slice = slice(None), seed: int = 0) -> Measures:
    """The measures of scores for the test rows, or for some of them; none where those hold one class or value."""
    truth, found = job.y_test[rows], scores[rows]
    if len(truth) < 2 or np.ptp(truth) == 0:
        return {}
    if not job.n_classes:
        r2, rmse = _errors(truth, found)
        return {"r2": r2, "rmse": rmse}
    f1, balanced = _decisions(truth, found.argmax(1), job.n_classes, seed)
    return {"auc": macro_auc(truth, found), "f1": f1, "balanced_accuracy": balanced}


def train_synthetic_test_real(
    train: Typed,
    synthetic: Typed,
    test: Typed,
    target: str,
    *,
    learner: str = "auto",
    max_rows: int = MAX_TRAIN_ROWS,
    seed: int,
) -> list[Utility]:
    """The measures of `target` after training on synthetic rows, beside those after training on real rows.

    AUC is one against the rest, averaged over the classes; F1 and balanced accuracy are averaged over them too.

    Raises:
        NotMeasurable: see `job`.
    """
    this, name = job(train, synthetic, test, target, max_rows=max_rows, seed=seed), learners.learner_name(learner)
    return beside_real(this, *(learn(this, source, name, seed) for source in ("synthetic", "real")))


def beside_real(job: Job, other: Trained, real: Trained) -> list[Utility]:
    """The measures of one model beside those of the model learnt from real rows."""
    scores = [m.scores(job.x_test) for m in (other, real)]
    found, floor = (judge(job, s) for s in scores)
    differ = _differences(job, scores[0], scores[1], found, floor) if found else {}
    return [Utility(name, found[name], floor[name], len(job.y_test), differ[name]) for name in found]


def _differences(
    job: Job, scores: FloatArray, real_scores: FloatArray, found: Measures, floor: Measures
) -> dict[str, float]:
    """Measure -> standard error of the difference of two models judged by the same rows."""
    # Two models learnt from other rows of one law differ by more than the rows judged can tell: with squared errors the
    # rows learnt from add half of (rows judged / rows learnt from) to the variance, with a threshold about twice that.
    n, n_learnt = len(job.y_test), max(min(len(job.y["real"]), len(job.y["synthetic"])), 1)
    wider = float(np.sqrt(1.0 + n / n_learnt))
    pulls = {
        name: wider * float(np.sqrt(np.square(found[name].influence - floor[name].influence).sum()))
        for name in found
        if name not in DECISIONS
    }
    if not job.n_classes:
        return pulls
    shape = (job.n_classes,) * 3
    cells = np.ravel_multi_index((job.y_test, scores.argmax(1), real_scores.argmax(1)), shape)
    counts = np.bincount(cells, minlength=job.n_classes**3)
    drawn = np.random.default_rng(0).multinomial(n, counts / n, size=N_RESAMPLES).reshape(-1, *shape)
    there = np.bincount(job.y_test, minlength=job.n_classes) > 0
    ours, theirs = (_of_decisions(drawn.sum(axis), there) for axis in (3, 2))
    return pulls | {name: wider * float((ours[name] - theirs[name]).std()) for name in DECISIONS}


def _decisions(
    truth: npt.NDArray[np.int64], guess: npt.NDArray[np.int64], n_classes: int, seed: int
) -> tuple[Estimate, Estimate]:
    """F1 and balanced accuracy, averaged over the classes that occur, with intervals over resampled rows."""
    cells = np.bincount(truth * n_classes + guess, minlength=n_classes * n_classes)
    drawn = np.random.default_rng(seed).multinomial(len(truth), cells / len(truth), size=N_RESAMPLES)
    tables = np.vstack([cells, drawn]).reshape(-1, n_classes, n_classes)
    values = _of_decisions(tables, tables[0].sum(1) > 0)
    return _resampled(values["f1"]), _resampled(values["balanced_accuracy"])


def _of_decisions(tables: npt.NDArray[np.int64], there: npt.NDArray[np.bool_]) -> dict[str, FloatArray]:
    """Measure -> (r,) its mean over the classes that are there, of (r, K, K) counts of true and guessed classes."""
    right, true, guessed = np.einsum("rkk->rk", tables), tables.sum(2), tables.sum(1)
    recall = right / np.maximum(true, 1)
    f1 = 2.0 * right / np.maximum(true + guessed, 1)
    return {"f1": f1[:, there].mean(1), "balanced_accuracy": recall[:, there].mean(1)}


def _resampled(values: FloatArray) -> Estimate:
    low, high = np.quantile(values[1:], [0.025, 0.975])
    value = float(values[0])
    return Estimate(value, (min(value, float(low)), max(value, float(high))), np.array([values[1:].std()]))


def _errors(truth: FloatArray, guess: FloatArray) -> tuple[Estimate, Estimate]:
    """R2 and RMSE with intervals by the delta method (each row's pull on the figure)."""
    square, spread = np.square(truth - guess), np.square(truth - truth.mean())
    mse, variance, n = float(square.mean()), float(spread.mean()), len(truth)
    r2, rmse = 1.0 - mse / variance, float(np.sqrt(mse))
    pull_r2 = -(square - mse / variance * spread) / variance / n
    pull_rmse = (square - mse) / (2.0 * max(rmse, 1e-300)) / n
    return _normal(r2, pull_r2, -np.inf, 1.0), _normal(rmse, pull_rmse, 0.0, np.inf)


def _normal(value: float, influence: npt.NDArray[np.float64], least: float, most: float) -> Estimate:
    half = Z95 * float(np.sqrt(np.square(influence).sum()))
    return Estimate(value, (max(least, value - half), min(most, value + half)), influence)
