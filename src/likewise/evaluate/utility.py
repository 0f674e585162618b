"""Train on synthetic, test on real: does a model learnt from the synthetic rows serve as well as one from real rows?

The rows tested on tell how far two models differ in general, not how far two models of one law would: these learnt from
other rows. Where few rows were learnt or tested, or a few of them rule all, that is most of chance. So it is measured:
real and synthetic rows are dealt out anew, and of each deal two models are learnt (`_chance`).

Legend: n rows, K classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from likewise.evaluate import learners
from likewise.evaluate.figure import Figure
from likewise.evaluate.roc import Z95, Estimate, macro_auc
from likewise.evaluate.tables import FloatArray, Typed, TypedColumn, design_matrices

MAX_TRAIN_ROWS = 100_000
MAX_ROWS_TIMES_CLASSES = 100_000  # boosting grows a tree per class and round
MAX_CLASSES = 10
MOST_CELLS = 5_000_000
LEAST_TESTED = 5
"""Persons tested, below which nothing tells two models apart: by two rows fresh ones were worse in 6 of 36 tables."""
N_DEALS = 20
MOST_DEALT = 1_000
MOST_DEALT_COLUMNS = 30
N_OWN = 5
OWN_ROWS = 1_000
MOST_OWN_COLUMNS = 300
LINEAR = "linear"
HALF = float(stats.t.isf(0.025, N_DEALS))
"""Standard errors to either side of an interval of 95 %, for what is told from so many deals."""

Source = Literal["real", "synthetic", "mix"]
Measures = dict[str, Estimate]
REAL: Source = "real"


class NotMeasurable(Exception):
    """Why a target cannot be learnt or tested; the text goes to the reader."""


@dataclass(frozen=True)
class Utility:
    """One measure of one learner and target: after training on synthetic rows and on real rows, tested on real rows.

    Args:
        measure: "auc", "f1", "balanced_accuracy" (classes), "r2" or "rmse" (numbers).
        synthetic, real: the measure after training on each.
        n: rows tested on.
        half: how far the two lie apart by chance, in 39 of 40 cases to either side. Both models are judged by the same
            rows, so it may be less than the interval of either; the rows learnt from are counted in. NaN where too few
            are tested to tell.
    """

    measure: str
    synthetic: Estimate
    real: Estimate
    n: int
    half: float

    @property
    def figure(self) -> Figure:
        """The synthetic figure beside the real one, with the interval of their difference about it."""
        half, most = self.half, np.inf if self.measure == "rmse" else 1.0
        value, floor, least = self.synthetic.value, self.real.value, -np.inf if self.measure == "r2" else 0.0
        interval = (half, half) if math.isnan(half) else (max(least, value - half), min(most, value + half))
        return Figure(value, self.n, floor, interval, copy=floor)


@dataclass(frozen=True)
class Job:
    """One target, as arrays.

    Args:
        n_classes: K; 0 for a number.
        x: rows to learn from by source, and those to test on.
        y: their classes 0 .. K-1, or numbers.
        whose: the person of each row to learn from, by source.
        tested: places of the test rows in the test table.
        whose_tested: their persons.
        deals: rows dealt out anew, by number and columns, the same for every source and learner.
        measured: what a deal's models came to, by source and learner.
    """

    target: str
    n_classes: int
    x: dict[Source, learners.Matrix]
    y: dict[Source, npt.NDArray[Any]]
    whose: dict[Source, npt.NDArray[np.int64]]
    x_test: learners.Matrix
    y_test: npt.NDArray[Any]
    tested: npt.NDArray[np.int64]
    whose_tested: npt.NDArray[np.int64]
    is_code: list[bool]
    deals: dict[tuple[int, int], Job] = field(default_factory=dict, init=False, repr=False, compare=False)
    measured: dict[tuple[Source, str], Measures] = field(default_factory=dict, init=False, repr=False, compare=False)


@dataclass(frozen=True)
class Trained:
    """A model of a `Job`, as the scores it gives: (n, K) for classes, (n,) for numbers."""

    job: Job
    learner: str
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
    whose = [t.whose[k] for t, k in zip(tables, kept, strict=True)]
    n_classes = 0 if columns[0].is_number else int(ys[0].max(initial=0)) + 1
    _check(target, n_classes, ys[0], ys[2])
    return Job(
        target,
        n_classes,
        {"real": xs[0], "synthetic": xs[1], "mix": np.concatenate(xs[:2])},
        {"real": ys[0], "synthetic": ys[1], "mix": np.concatenate(ys[:2])},
        {"real": whose[0], "synthetic": whose[1]},
        xs[2],
        ys[2],
        rows[2][kept[2]],
        whose[2],
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
        return Trained(job, learner, model, classes)
    shift, scale = float(job.y["real"].mean()), float(job.y["real"].std()) or 1.0
    none = np.zeros(0, dtype=np.int64)
    if len(y) == 0 or np.ptp(y) == 0:
        return Trained(job, learner, None, none, float(y[0]) if len(y) else shift)
    model = learners.fit(learner, "regress", x, ((y - shift) / scale).astype(np.float32), job.is_code, seed)
    return Trained(job, learner, model, none, shift, scale)


def learn_both(job: Job, learner: str, seed: int) -> tuple[Trained, Trained]:
    """The models learnt from the synthetic and from the real rows."""
    sources: list[Source] = ["synthetic", "real"]
    synthetic, real = learners.side_by_side(learner, [partial(learn, job, s, learner, seed) for s in sources])
    return synthetic, real


def judge(job: Job, scores: FloatArray, rows: npt.NDArray[np.bool_] | slice = slice(None)) -> Measures:
    """The measures of scores for the test rows, or for some of them; none where those hold one class or value."""
    truth, found = job.y_test[rows], scores[rows]
    if len(truth) < 2 or np.ptp(truth) == 0:
        return {}
    if not job.n_classes:
        r2, rmse = _errors(truth, found)
        return {"r2": r2, "rmse": rmse}
    f1, balanced = _decisions(truth, found.argmax(1), job.n_classes)
    return {"auc": macro_auc(truth, found), "f1": f1, "balanced_accuracy": balanced}


def beside_real(job: Job, other: Trained, real: Trained, source: Source = "synthetic") -> list[Utility]:
    """The measures of one model, learnt from this source, beside those of the model learnt from real rows.

    AUC is one against the rest, averaged over the classes; F1 and balanced accuracy are averaged over them too.
    """
    found, floor = (judge(job, m.scores(job.x_test)) for m in (other, real))
    utilities, n_persons = [], len(np.unique(job.whose_tested))
    for name in found:
        told = _told(job, found[name], floor[name])
        half = math.nan if n_persons < LEAST_TESTED else _chance(job, source, other.learner, name, told)
        utilities.append(Utility(name, found[name], floor[name], len(job.y_test), half))
    return utilities


def _told(job: Job, one: Estimate, other: Estimate) -> float:
    """Standard error of the difference of two models as the rows tested on tell it, a person's rows together."""
    pulls = np.bincount(np.unique(job.whose_tested, return_inverse=True)[1], one.influence - other.influence)
    return float(np.sqrt(np.square(pulls).sum()))


def _chance(job: Job, source: Source, learner: str, measure: str, told: float) -> float:
    """How far two models of one law lie apart, in 39 of 40 cases to either side.

    Were the synthetic rows fresh real ones, it would make no difference which are which. So they are dealt out anew,
    and two linear models are learnt of each deal: what these differ by is chance. What the rows tested on tell of the
    very models judged is not asked: where these do differ it is more, and would hide what is looked for.

    Models of another learner differ by more. What the rows tested on tell of them is nearly the same in every deal, so
    few are enough; how many times as far apart they lie is taken from the linear ones. By squared errors that is
    1 + (rows tested / rows learnt) / 2 however many parameters there are, and no less is taken: linear models shrink.

    Large tables are dealt in part. What lies above 1 goes with that ratio of rows, and what is told with one over the
    rows tested. By how much it falls with the rows learnt the models judged say, within none and one over the rows.

    Args:
        told: what the rows tested on tell of the models judged.
    """
    one, n_learnt, n_tested = _deal(job, 0, MOST_DEALT_COLUMNS), len(job.y["real"]), len(job.y_test)
    of_tested, of_learnt = len(one.y_test) / n_tested, len(one.y["real"]) / n_learnt
    apart, by_tested = _deals(job, source, LINEAR, measure, N_DEALS, MOST_DEALT_COLUMNS)
    wider = apart / by_tested if by_tested > 0 else 1.0
    if wider > 1.0:
        wider = 1.0 + (wider - 1.0) * of_learnt / of_tested
    own, n_columns = told**2, job.x_test.shape[1]
    n = min(N_OWN, max(1, OWN_ROWS // n_tested))
    if learner != LINEAR:
        wider = max(wider, 1.0 + n_tested / n_learnt / 2.0)
    elif n_columns <= MOST_DEALT_COLUMNS:
        n = N_DEALS
    if n_columns <= MOST_OWN_COLUMNS:
        dealt = _deals(job, source, learner, measure, n, MOST_OWN_COLUMNS)[1] * of_tested
        own = min(max(own, dealt * of_learnt), dealt) or own
    return HALF * float(np.sqrt(wider * own))


def _deals(job: Job, source: Source, learner: str, measure: str, n: int, most_columns: int) -> tuple[float, float]:
    """Mean square of what the two models of each deal differ by, and of what the rows tested on tell of it."""
    squares, sources = [(0.0, 0.0)], [source, REAL]
    hands = [_deal(job, k, most_columns) for k in range(n)]
    learners.side_by_side(learner, [partial(_measured, dealt, s, learner) for dealt in hands for s in sources])
    for dealt in hands:
        one, other = (_measured(dealt, s, learner).get(measure) for s in sources)
        if one is not None and other is not None:
            squares.append(((one.value - other.value) ** 2, _told(dealt, one, other) ** 2))
    apart, told = np.mean(squares[1:] or squares, axis=0)
    return float(apart), float(told)


def _measured(dealt: Job, source: Source, learner: str) -> Measures:
    """The measures of a model of a deal, learnt once."""
    key = source, learner
    if key not in dealt.measured:
        dealt.measured[key] = judge(dealt, learn(dealt, source, learner, 0).scores(dealt.x_test))
    return dealt.measured[key]


def _deal(job: Job, k: int, most_columns: int) -> Job:
    """Real and synthetic rows dealt out anew, persons whole; of large tables some rows and columns."""
    n_columns = min(most_columns, job.x_test.shape[1])
    if (k, n_columns) in job.deals:
        return job.deals[k, n_columns]
    rng = np.random.default_rng(k)
    columns = np.sort(rng.permutation(job.x_test.shape[1])[:n_columns])
    x, y = (np.concatenate([of["real"], of["synthetic"]]) for of in (job.x, job.y))
    whose = [job.whose["real"], job.whose["synthetic"] + job.whose["real"].max() + 1]
    share = min(1.0, MOST_DEALT / max(map(len, whose)))
    n, m = (max(2, round(share * len(w))) for w in whose)
    both = np.concatenate(whose)
    rows = _by_person(both, rng)
    hands: dict[Source, npt.NDArray[np.int64]] = {"real": rows[:n], "synthetic": rows[n : n + m], "mix": rows[: n + m]}
    tested = _by_person(job.whose_tested, rng)[: max(MOST_DEALT, min(10 * MOST_DEALT, round(share * len(job.y_test))))]
    job.deals[k, n_columns] = Job(
        job.target,
        job.n_classes,
        {source: x[np.ix_(hand, columns)] for source, hand in hands.items()},
        {source: y[hand] for source, hand in hands.items()},
        {source: both[hand] for source, hand in hands.items()},
        job.x_test[np.ix_(tested, columns)],
        job.y_test[tested],
        tested,
        job.whose_tested[tested],
        [job.is_code[i] for i in columns],
    )
    return job.deals[k, n_columns]


def _by_person(whose: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Rows in an order by chance, those of a person side by side."""
    person = np.unique(whose, return_inverse=True)[1]
    return np.argsort(rng.permutation(int(person.max()) + 1)[person], kind="stable")


def _decisions(truth: npt.NDArray[np.int64], guess: npt.NDArray[np.int64], n_classes: int) -> tuple[Estimate, Estimate]:
    """F1 and balanced accuracy, averaged over the classes that occur, by the delta method."""
    classes = np.flatnonzero(np.bincount(truth, minlength=n_classes))
    true, guessed = (labels[:, None] == classes for labels in (truth, guess))
    right, of_both = true & guessed, true.astype(float) + guessed
    recall, f1 = right.sum(0) / true.sum(0), 2.0 * right.sum(0) / of_both.sum(0)
    pull_f1 = (2.0 * right - f1 * of_both) / of_both.sum(0)
    pull_recall = (right - recall * true) / true.sum(0)
    return _normal(f1.mean(), pull_f1.mean(1), 0.0, 1.0), _normal(recall.mean(), pull_recall.mean(1), 0.0, 1.0)


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
