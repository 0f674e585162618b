"""Classifier two-sample test: can a learner tell synthetic rows from real ones it has not seen?

Reference: Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from likewise.evaluate import learners
from likewise.evaluate.figure import Figure
from likewise.evaluate.roc import BoolArray, area_interval, auc
from likewise.evaluate.tables import IntArray, Typed, design_matrices

MAX_ROWS = 8_000
"""Of either kind: were they alike, the area of so many would vary by .0046, by folds half as much again. So an area of
.52 is told from a half in four of five draws; of more rows nothing would be learnt that a verdict hangs on."""
FOLDS, FOLDS_OF_MANY = 5, 3
"""Where there are rows in plenty, two thirds of them teach what four fifths do."""
TELL_ROWS = 2_000
MIN_ROWS = 20
MOST_FLOATS = 4_000_000
MOST_CELLS = 2_000_000


@dataclass(frozen=True)
class Detection:
    """How well synthetic rows are told from real ones.

    Args:
        area: mean area under the ROC curve over the folds; 0.5 is a coin toss. Its interval is DeLong's over the rows
            judged, widened for folds that share training rows; n counts rows of each kind.
        tells: (D,) area lost when a column is shuffled, the mean over the folds; 0 for columns whose loss is within the
            noise.
    """

    area: Figure
    tells: tuple[float, ...]


def detect(real: Typed, synthetic: Typed, *, learner: str = "auto", seed: int) -> Detection | None:
    """The test on equally many rows of both; None under 20 persons of either kind.

    Each row is judged once, by a learner that has seen neither it nor another row of its person.

    Args:
        real: rows the generator has not seen (the holdout).
    """
    rng = np.random.default_rng(seed)
    n = min(len(real), len(synthetic), MAX_ROWS, max(MIN_ROWS, MOST_CELLS // len(real.columns)))
    if n < MIN_ROWS:
        return None
    name = learners.learner_name(learner)
    tables = real.sample(n, rng), synthetic.sample(n, rng)
    folds = FOLDS_OF_MANY if n == MAX_ROWS else FOLDS
    n_persons = min(t.n_persons for t in tables)
    if n_persons < MIN_ROWS:
        return None
    matrices, is_code = design_matrices(tables)
    x = np.concatenate([matrix[:n] for matrix in matrices])
    is_synthetic = np.arange(2 * n) >= n
    whose = [np.unique(t.whose, return_inverse=True)[1] for t in tables]
    fold = np.concatenate([_folds(person, folds, rng) for person in whose])
    parts, tells = [], np.zeros((folds, x.shape[1]))

    def learnt(k: int) -> Any:
        rows = fold != k
        return learners.fit(name, "classify", x[rows], is_synthetic[rows].astype(np.int64), is_code, seed + k)

    for k, model in enumerate(learners.side_by_side(name, [partial(learnt, k) for k in range(folds)])):
        judged = fold == k
        parts.append(auc(is_synthetic[judged], model.predict_proba(x[judged])[:, 1]))
        tells[k] = _tells(model, x[judged], is_synthetic[judged], TELL_ROWS // folds, rng)
    area = float(np.mean([p.value for p in parts]))
    # Of folds that share training rows the mean varies as 1/J + (test rows / training rows) (Nadeau and Bengio 2003,
    # section 5), not as 1/J: held fixed, the learner seems to vary less than it does.
    shared = math.sqrt(1.0 + folds / (folds - 1))
    judged_rows = np.argsort(fold, kind="stable")
    pulls = np.empty(2 * n)
    pulls[judged_rows] = np.concatenate([p.influence for p in parts])
    # Rows of one person err together.
    person = np.concatenate([whose[0], whose[1] + n])
    influence = shared * np.bincount(person, pulls) / folds
    figure = Figure(area, n, 0.5, area_interval(area, influence, n_persons))
    return Detection(figure, tuple(map(float, _beyond_noise(tells, shared))))


def _beyond_noise(tells: npt.NDArray[np.float64], shared: float) -> npt.NDArray[np.float64]:
    """(D,) mean of (J, D) losses where it clears the noise of all D columns together (Bonferroni, 5 %), else 0."""
    folds, n_columns = tells.shape
    mean, variance = tells.mean(0), tells.var(0, ddof=1)
    # Five folds tell little of one column's noise; most columns are innocent and have the same.
    error = shared * np.sqrt(np.maximum(variance, np.median(variance)) / folds)
    return np.where(mean > stats.norm.isf(0.05 / n_columns) * error, mean, 0.0)


def _folds(person: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    """(n,) fold of each row, persons 0 .. P-1 spread evenly, all rows of one together."""
    return np.asarray(rng.permutation(np.arange(person.max() + 1) % folds)[person])


def _tells(
    model: object, x: npt.NDArray[np.float32], is_synthetic: BoolArray, n_rows: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(D,) area lost when one column at a time is shuffled among so many of the judged rows, half of them synthetic."""
    kinds = (np.flatnonzero(is_synthetic), np.flatnonzero(~is_synthetic))
    rows = np.concatenate([rng.permutation(kind)[: n_rows // 2] for kind in kinds])
    x, is_synthetic = x[rows], is_synthetic[rows]
    base = auc(is_synthetic, model.predict_proba(x)[:, 1]).value  # type: ignore[attr-defined]
    lost = np.zeros(x.shape[1])
    # Many shuffled copies are judged at once: a call costs more than its rows on wide tables.
    at_once = max(1, MOST_FLOATS // x.size)
    for start in range(0, x.shape[1], at_once):
        columns = np.arange(start, min(start + at_once, x.shape[1]))
        copies = np.repeat(x[None], len(columns), axis=0)
        for copy, i in zip(copies, columns, strict=True):
            copy[:, i] = rng.permutation(copy[:, i])
        scores = model.predict_proba(copies.reshape(-1, x.shape[1]))[:, 1]  # type: ignore[attr-defined]
        for i, score in zip(columns, scores.reshape(len(columns), -1), strict=True):
            lost[i] = base - auc(is_synthetic, score).value
    return lost
