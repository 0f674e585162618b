"""Train on synthetic, test on real: does a model learnt from the synthetic rows serve as well as one from real rows?

Legend: n rows, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.evaluate import learners
from likewise.evaluate.roc import Z95, Estimate, macro_auc
from likewise.evaluate.tables import FloatArray, Typed, TypedColumn, design_matrices

MAX_TRAIN_ROWS = 100_000
MAX_ROWS_TIMES_CLASSES = 200_000  # boosting grows a tree per class and round
MAX_CLASSES = 10


@dataclass(frozen=True)
class Utility:
    """One learner, one target: trained on synthetic rows and on real rows, both tested on other real rows.

    Args:
        measure: "auc" (classes), "r2" or "rmse" (numbers).
        synthetic, real: the measure after training on each.
        n: rows tested on.
    """

    measure: str
    synthetic: Estimate
    real: Estimate
    n: int


class NotMeasurable(Exception):
    """Why a target cannot be learnt or tested; the text goes to the reader."""


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
    """The measures of `target`: AUC for levels (one against the rest, averaged), R2 and RMSE for numbers.

    Args:
        test: real rows that neither the generator nor the real model was trained on.
        max_rows: rows learnt from and tested on at most; fewer with many classes.

    Raises:
        NotMeasurable: the target is missing throughout, has one class, or has one value in the test rows.
    """
    rng = np.random.default_rng(seed)
    name = learners.learner_name(learner)
    tables = [t.take(np.flatnonzero(~t[target].missing)) for t in (train, synthetic, test)]
    for table, role in zip(tables, ("real", "synthetic", "test"), strict=True):
        if len(table) == 0:
            raise NotMeasurable(f"the target {target!r} is missing in every {role} row")
    if len(tables[0].columns) < 2:
        raise NotMeasurable(f"the target {target!r} is the only column")
    classes = min(tables[0][target].size - 1, MAX_CLASSES) if not tables[0][target].is_number else 1
    most = min(max_rows, MAX_ROWS_TIMES_CLASSES // max(classes, 1))
    tables = [t.sample(most, rng) for t in tables]
    (x_train, x_synthetic, x_test), is_code = design_matrices([t.drop(target) for t in tables])
    y_train, y_synthetic, y_test = (t[target] for t in tables)
    if y_train.is_number:
        return _regression(name, x_train, x_synthetic, x_test, y_train, y_synthetic, y_test, is_code, seed)
    return _classification(name, x_train, x_synthetic, x_test, y_train, y_synthetic, y_test, is_code, seed)


def _classification(
    name: str,
    x_train: learners.Matrix,
    x_synthetic: learners.Matrix,
    x_test: learners.Matrix,
    y_train: TypedColumn,
    y_synthetic: TypedColumn,
    y_test: TypedColumn,
    is_code: list[bool],
    seed: int,
) -> list[Utility]:
    counts = np.bincount(y_train.values, minlength=y_train.size)
    kept = np.sort(np.argsort(-counts, kind="stable")[:MAX_CLASSES])
    kept = kept[counts[kept] > 0]
    place = np.full(y_train.size, -1)
    place[kept] = np.arange(len(kept))  # class of each code; -1 for codes too rare to count
    y_tested = place[y_test.values]
    x_test, y_tested = x_test[y_tested >= 0], y_tested[y_tested >= 0]
    if len(kept) < 2 or len(np.unique(y_tested)) < 2:
        raise NotMeasurable(f"the target {y_train.name!r} has one class only")
    found = []
    for x, y in ((x_synthetic, y_synthetic), (x_train, y_train)):
        labels = place[y.values]
        x, labels = x[labels >= 0], labels[labels >= 0]
        classes, dense = np.unique(labels, return_inverse=True)
        scores = np.zeros((len(x_test), len(kept)))  # one class or none to learn from: no opinion
        if len(classes) > 1:
            model = learners.fit(name, "classify", x, dense, is_code, seed)
            scores = learners.class_scores(model, x_test, classes, len(kept))
        found.append(macro_auc(y_tested, scores))
    return [Utility("auc", found[0], found[1], len(y_tested))]


def _regression(
    name: str,
    x_train: learners.Matrix,
    x_synthetic: learners.Matrix,
    x_test: learners.Matrix,
    y_train: TypedColumn,
    y_synthetic: TypedColumn,
    y_test: TypedColumn,
    is_code: list[bool],
    seed: int,
) -> list[Utility]:
    shift, scale = y_train.values.mean(), y_train.values.std()
    truth = y_test.values
    if scale == 0 or len(truth) < 2 or np.ptp(truth) == 0:
        raise NotMeasurable(f"the target {y_train.name!r} has one value only")
    found = []
    for x, y in ((x_synthetic, y_synthetic), (x_train, y_train)):
        if np.ptp(y.values) == 0:
            guess = np.full(len(truth), y.values[0])
        else:
            model = learners.fit(name, "regress", x, ((y.values - shift) / scale).astype(np.float32), is_code, seed)
            guess = model.predict(x_test).astype(np.float64) * scale + shift
        found.append(_errors(truth, guess))
    (r2_synthetic, rmse_synthetic), (r2_real, rmse_real) = found
    return [
        Utility("r2", r2_synthetic, r2_real, len(truth)),
        Utility("rmse", rmse_synthetic, rmse_real, len(truth)),
    ]


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
