"""Utility beyond one target and one learner: every column as target, what the models rest on.

Legend: n rows, D columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from likewise.evaluate import learners
from likewise.evaluate.figure import Figure
from likewise.evaluate.roc import Z95
from likewise.evaluate.tables import FloatArray, Typed
from likewise.evaluate.utility import Job, NotMeasurable, Trained, job, judge, learn

MOST_TARGETS = 40
MAX_TARGET_ROWS = 3_000
MAX_IMPORTANCE_ROWS = 2_000


@dataclass(frozen=True)
class EveryTarget:
    """How much less a model knows of a column when it learnt from synthetic rows; mean over the columns as target.

    Args:
        mean: loss of knowledge: 2 AUC - 1 for levels, R2 (not below 0) for numbers, real less synthetic; its interval
            is over the columns, n the rows learnt from at most.
        losses: column and loss.
    """

    mean: Figure
    losses: tuple[tuple[str, float], ...]


def every_target(train: Typed, synthetic: Typed, test: Typed, *, learner: str, seed: int) -> EveryTarget | None:
    """Every column in turn as target (a random 40 of more), on up to 3,000 rows; None where none can be learnt."""
    rng = np.random.default_rng(seed)
    names = [c.name for c in train.columns]
    chosen = names if len(names) <= MOST_TARGETS else sorted(rng.choice(names, MOST_TARGETS, replace=False).tolist())
    name = learners.learner_name(learner)
    n = min(len(train), len(synthetic), MAX_TARGET_ROWS)
    losses = []
    for target in chosen:
        try:
            this = job(train, synthetic, test, target, max_rows=n, seed=seed)
        except NotMeasurable:
            continue
        fake, real = (_knowledge(this, learn(this, s, name, seed)) for s in ("synthetic", "real"))
        losses.append((target, real - fake))
    if not losses:
        return None
    values = np.array([loss for _, loss in losses])
    half = Z95 * float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 1.0
    value = float(values.mean())
    return EveryTarget(Figure(value, n, 0.0, (value - half, value + half), copy=0.0), tuple(losses))


def _knowledge(job: Job, model: Trained) -> float:
    found = judge(job, model.scores(job.x_test))
    return max(0.0, found["r2"].value) if "r2" in found else 2.0 * found["auc"].value - 1.0


def importance(job: Job, model: Trained, rng: np.random.Generator) -> FloatArray:
    """(D,) what the model loses of its measure on test rows when one column is shuffled."""
    rows = np.zeros(len(job.y_test), dtype=bool)
    rows[rng.permutation(len(rows))[:MAX_IMPORTANCE_ROWS]] = True
    x = job.x_test[rows]
    scores = np.zeros((len(rows), job.n_classes)) if job.n_classes else np.zeros(len(rows))

    def measure(changed: learners.Matrix) -> float:
        scores[rows] = model.scores(changed)
        found = judge(job, scores, rows)
        return next(iter(found.values())).value if found else math.nan

    base, lost = measure(x), np.zeros(x.shape[1])
    for i in range(x.shape[1]):
        shuffled = x.copy()
        shuffled[:, i] = rng.permutation(shuffled[:, i])
        lost[i] = base - measure(shuffled)
    return lost


def agreement(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """Spearman's rank correlation of two lists of importances; NaN where either is constant."""
    x, y = rankdata(a), rankdata(b)
    return float(np.corrcoef(x, y)[0, 1]) if np.ptp(x) and np.ptp(y) else math.nan
