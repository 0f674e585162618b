"""Does balancing help here? Cross-validated, beside no balancing with the threshold tuned, which often does as much.

Rows are added inside the training folds only. Gains are paired: the same folds, the same classifier, with and without.
Intervals are those of Nadeau and Bengio (2003), who correct the t-test for training folds that share rows.

Legend: n rows, J folds in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from likewise import plots
from likewise.balance import doors
from likewise.balance.judges import Encoder
from likewise.balance.oversampler import Oversampler
from likewise.balance.tasks import LOWER_IS_BETTER, NONE, TUNED, WEIGHED, Classes, Numbers, Task
from likewise.errors import InputError, OptionError
from likewise.notebook import Brief, Table, card
from likewise.schema.column import Schema
from likewise.schema.infer import infer
from likewise.typing import Floats, Ints

MEASURES, METHODS = Classes.measures, Classes.methods
"""By what classes are judged, and what is compared by default beside the two lines without balancing."""
NUMBER_MEASURES, NUMBER_METHODS = Numbers.measures, Numbers.methods
"""The same of a target of numbers."""


@dataclass(frozen=True)
class Line:
    """One method with one classifier, or regressor, by one measure.

    Args:
        value: mean over the folds.
        gain: mean improvement over no balancing, of classes with the threshold tuned; above 0 is better, for errors
            and Brier's score too.
        interval: of the gain, 95 %, of this line alone.
        p_value: chance of a gain or loss as large where there is none, among all lines of the measure (Holm 1979).
    """

    method: str
    classifier: str
    measure: str
    value: float
    gain: float
    interval: tuple[float, float]
    p_value: float = 1.0

    @property
    def verdict(self) -> str:
        """ "better", "worse" or "same": whether the gain is surely on one side of 0, for all that was looked at."""
        if self.p_value >= 0.05:
            return "same"
        return "better" if self.gain > 0 else "worse"


@dataclass(frozen=True, repr=False)
class BalanceComparison(Brief):
    """Every method with every classifier by every measure.

    Args:
        lines: in the order of classifiers (of numbers: regressors), then methods, then measures.
        rarest: rows of the rarest class, or rows with rare values.
        folds: how often a classifier was trained and tested, for each line.
        notes: what was left out, and why.
        task: "classification" or "regression".
        baseline: the method that gains are over.
        chance: measure -> what a guess without features scores.
    """

    lines: tuple[Line, ...]
    n_rows: int
    rarest: int
    folds: int
    notes: tuple[str, ...] = ()
    task: str = Classes.name
    baseline: str = TUNED
    chance: Mapping[str, float] = field(default_factory=dict)

    @property
    def classifiers(self) -> tuple[str, ...]:
        """The classifiers, in order."""
        return tuple(dict.fromkeys(line.classifier for line in self.lines))

    @property
    def methods(self) -> tuple[str, ...]:
        """The ways of balancing, none at all first."""
        return tuple(dict.fromkeys(line.method for line in self.lines))

    @property
    def measures(self) -> tuple[str, ...]:
        """What was measured, in order."""
        return tuple(dict.fromkeys(line.measure for line in self.lines))

    def line(self, method: str, classifier: str, measure: str) -> Line:
        """One of the lines.

        Raises:
            OptionError: there is none such.
        """
        for line in self.lines:
            if (line.method, line.classifier, line.measure) == (method, classifier, measure):
                return line
        raise OptionError(f"nothing was measured of {method!r} with {classifier!r} by {measure!r}")

    def verdicts(self, measure: str | None = None) -> tuple[str, ...]:
        """A sentence for each classifier: which methods help by this measure, if any.

        Args:
            measure: None takes the first: AUPRC, or the mean absolute error of rare values.
        """
        told, measure = [], measure or self.measures[0]
        for classifier in self.classifiers:
            better = [x for x in self._added(measure) if x.classifier == classifier and x.verdict == "better"]
            if better:
                named = ", ".join(
                    f"{x.method} by {written(x.gain)} ({written(x.interval[0])} to {written(x.interval[1])})"
                    for x in sorted(better, key=lambda x: -x.gain)
                )
                told.append(f"{classifier}: {named} better than no balancing in {measure}")
            else:
                told.append(f"{classifier}: nothing is surely better than no balancing in {measure}")
        return tuple(told)

    def recommendation(self, measure: str | None = None) -> str:
        """What to do, in one sentence: the best line that is no balancing, or is surely better than that.

        Args:
            measure: as `verdicts` takes it.
        """
        measure = measure or self.measures[0]
        sign = -1.0 if measure in LOWER_IS_BETTER else 1.0
        added = self._added(measure)
        plain = [self.line(self.baseline, classifier, measure) for classifier in self.classifiers]
        best = max([*plain, *(x for x in added if x.verdict == "better")], key=lambda x: sign * x.value)
        guess = f"; a guess scores {written(self.chance[measure])}" if measure in self.chance else ""
        looked = f"allowing for the {len(added)} comparisons made"
        if best.method == self.baseline:
            tuned = ", with the threshold tuned" if self.baseline == TUNED else ""
            return (
                f"Recommended: {best.classifier} without balancing{tuned} ({measure} {written(best.value)}{guess}). No "
                f"way of balancing is surely better, {looked}."
            )
        return (
            f"Recommended: {best.classifier} with {best.method} ({measure} {written(best.value)}{guess}), surely "
            f"better than without by {written(best.gain)}, {looked}."
        )

    def _added(self, measure: str) -> list[Line]:
        """The lines of one measure that are not without balancing."""
        return [x for x in self.lines if x.measure == measure and x.method not in (NONE, TUNED)]

    def plot(self, measure: str | None = None) -> Any:
        """An Altair chart of the gains over no balancing, with their intervals, by method. Needs the extra `plot`.

        Args:
            measure: None takes the first.

        Raises:
            MissingExtraError: Altair is not installed.
        """
        measure = measure or self.measures[0]
        rows = [
            {"name": f"{x.method}, {x.classifier}", "value": x.gain, "low": x.interval[0], "high": x.interval[1],
             "side": x.verdict}
            for x in self._added(measure)
        ]  # fmt: skip
        return plots.intervals(rows, f"Gain in {measure} over no balancing", x="gain and 95 % interval")

    def _repr_html_(self) -> str:
        heads = ("method", "with", "measure", "value", "gain", "95 % interval", "verdict")
        rows = [
            (x.method, x.classifier, x.measure, written(x.value), written(x.gain),
             f"{written(x.interval[0])} to {written(x.interval[1])}", x.verdict)
            for x in self.lines
        ]  # fmt: skip
        marked = frozenset(k for k, x in enumerate(self.lines) if x.verdict == "better")
        return card("Comparison of balancing", self.recommendation(), Table(heads, rows, marked), *self.notes)

    def to_dict(self) -> dict[str, Any]:
        """All lines, as JSON has them."""
        return {
            "format": "likewise balance comparison",
            "version": 1,
            "rows": self.n_rows,
            "rarest_class": self.rarest,
            "folds": self.folds,
            "task": self.task,
            "baseline": self.baseline,
            "chance": dict(self.chance),
            "recommendation": self.recommendation(),
            "lines": [asdict(line) | {"verdict": line.verdict} for line in self.lines],
            "notes": list(self.notes),
        }


def written(value: float) -> str:
    """A figure to three decimals, fewer where it is large.

    Example:
        >>> written(0.0314), written(-12.3456), written(1234567.8)
        ('0.031', '-12.35', '1,234,568')
    """
    digits = len(str(int(abs(value))))
    return f"{value:,.{min(3, max(4 - digits, 0))}f}"


def compare(
    X: Any,
    y: Any,
    *,
    methods: Sequence[str] | Mapping[str, Any] | None = None,
    classifiers: Mapping[str, Any] | None = None,
    folds: int = 5,
    repeats: int = 1,
    random_state: int = 0,
    sampling_strategy: Any = "auto",
    schema: Schema | None = None,
    max_rows: int | None = 10_000,
    task: str = Classes.name,
    bins: Sequence[float] | None = None,
) -> BalanceComparison:
    """Cross-validate ways of balancing, and none at all.

    Args:
        X: (n, D) features, any container.
        y: (n,) classes, or numbers with `task="regression"`.
        methods: names that `Oversampler` knows, or name -> sampler with `fit_resample`; None takes `METHODS`, for
            numbers `NUMBER_METHODS`.
        classifiers: name -> scikit-learn classifier with `predict_proba`, or regressor, which gets numbers
            standardised and levels one-hot; None takes a linear model (logistic regression, ridge), a random forest and
            gradient boosting.
        folds, repeats: stratified folds, and how often they are drawn anew.
        random_state: of folds, methods and classifiers.
        sampling_strategy: of the methods that are named.
        schema: what the feature columns are; None infers it.
        max_rows: of larger tables so many rows are drawn, with the classes' shares kept; None takes all.
        task: "classification", judged by `MEASURES`, or "regression", judged by `NUMBER_MEASURES`: the error over all
            rows and over those whose true value is rare.
        bins: with `task="regression"`, where regions of the target meet; None finds rare values by their relevance.

    Raises:
        OptionError: fewer than two rows in a class, no rare number or fewer than four, or fewer than two folds.
        InputError: features and target of different lengths, infinite features, or a target with holes.

    Example:
        >>> import numpy as np
        >>> from likewise.balance import compare
        >>> rng = np.random.default_rng(0)
        >>> y = np.repeat([0, 1], [160, 40])
        >>> X = rng.normal(size=(200, 3)) + y[:, None]
        >>> found = compare(X, y, methods=["random"], folds=3)
        >>> found.methods
        ('none', 'none, threshold tuned', 'class weights', 'random')
        >>> compare(X, np.exp(X[:, 0]), methods=["random"], folds=3, task="regression").measures
        ('rare_mae', 'rare_r2', 'mae', 'r2')
    """
    from sklearn.model_selection import RepeatedStratifiedKFold, train_test_split

    its, table = _task(task, y, bins), doors.as_table(X)
    notes, n = [], len(its.values)
    if len(table) != n:
        raise InputError(f"features and target must have as many rows, got {len(table)} and {n}")
    schema = infer(table) if schema is None else schema
    if max_rows is not None and n > max_rows:
        notes.append(f"{max_rows:,} of the {n:,} rows, drawn with the shares of rare and common kept")
        rows, _ = train_test_split(np.arange(n), train_size=max_rows, stratify=its.strata, random_state=random_state)
        X, its = doors.take(X, np.sort(rows)), its.taken(np.sort(rows))
    n_folds = min(folds, its.most_folds)
    if n_folds < 2 or repeats < 1:
        raise OptionError(
            "comparing needs two folds, one repeat and two rows of each class (four rare numbers) or more; got "
            f"{folds} folds, {repeats} repeats and {its.rarest} rows that are rare"
        )
    if n_folds < folds:
        notes.append(f"{n_folds} folds instead of {folds}: no more rows are rare")
    samplers = _samplers(its, methods, sampling_strategy, schema, random_state, bins)
    judges = its.judges(random_state) if classifiers is None else dict(classifiers)
    splits = RepeatedStratifiedKFold(n_splits=n_folds, n_repeats=repeats, random_state=random_state)
    found: dict[tuple[str, str, str], list[float]] = {}
    for train, test in splits.split(np.zeros(len(its.values)), its.strata):
        for key, value in _fold_scores(X, its, schema, train, test, samplers, judges, random_state):
            found.setdefault(key, []).append(value)
    lines = _lines(found, its, 1.0 / (n_folds - 1))
    return BalanceComparison(
        lines, len(its.values), its.rarest, n_folds * repeats, tuple(notes), its.name, its.baseline, its.chance
    )


def _task(task: str, target: Any, bins: Sequence[float] | None) -> Task:
    if task not in (Classes.name, Numbers.name):
        raise OptionError(f"task must be {Classes.name!r} or {Numbers.name!r}, got {task!r}")
    if task == Numbers.name:
        return Numbers.of(target, bins)
    if bins is not None:
        raise OptionError(f"bins are for task={Numbers.name!r}: classes have no ranges")
    return Classes.of(target)


def _samplers(
    task: Task,
    methods: Sequence[str] | Mapping[str, Any] | None,
    sampling_strategy: Any,
    schema: Schema,
    seed: int,
    bins: Sequence[float] | None,
) -> dict[str, Any]:
    if isinstance(methods, Mapping):
        return dict(methods)
    return {
        name: Oversampler(
            name, sampling_strategy=sampling_strategy, schema=schema, random_state=seed, task=task.name, bins=bins
        )
        for name in (task.methods if methods is None else methods)
    }


def _fold_scores(
    X: Any,
    task: Task,
    schema: Schema,
    train: Ints,
    test: Ints,
    samplers: Mapping[str, Any],
    judges: Mapping[str, Any],
    seed: int,
) -> Iterable[tuple[tuple[str, str, str], float]]:
    """((method, classifier, measure), score) of everything in one fold."""
    own, own_target = doors.take(X, train), task.values[train]
    encoder = Encoder.fit(doors.as_table(own), schema)
    test_rows = encoder.encode(doors.as_table(doors.take(X, test)))
    for method in (NONE, *samplers):
        rows, target = own, own_target
        if method != NONE:
            rows, target = samplers[method].fit_resample(rows, target)
        train_rows = encoder.encode(doors.as_table(rows))
        for name, judge in judges.items():
            for line, scores in task.judged(method, judge, train_rows, target, test_rows, test, seed).items():
                for measure, value in scores.items():
                    yield (line, name, measure), value


def _lines(found: Mapping[tuple[str, str, str], list[float]], task: Task, ratio: float) -> tuple[Line, ...]:
    """Means, gains, their intervals and how sure they are, by classifier, then method, then measure.

    Args:
        ratio: test rows for each training row.
    """
    judges, methods = (list(dict.fromkeys(key[part] for key in found)) for part in (1, 0))
    order = {name: i for i, name in enumerate((NONE, TUNED, WEIGHED, *methods))}
    lines: list[Line] = []
    for method, judge, measure in sorted(found, key=lambda key: (judges.index(key[1]), order[key[0]])):
        values = np.array(found[method, judge, measure])
        sign = -1.0 if measure in LOWER_IS_BETTER else 1.0
        gains = sign * (values - np.array(found[task.baseline, judge, measure]))
        interval = corrected_interval(gains, ratio)
        p_value = 1.0 if method in (NONE, TUNED) else corrected_p_value(gains, ratio)
        lines.append(Line(method, judge, measure, float(values.mean()), float(gains.mean()), interval, p_value))
    return tuple(_adjusted(lines))


def _adjusted(lines: list[Line]) -> list[Line]:
    """The lines with the p-values of each measure made to hold for all of its lines together (Holm 1979)."""
    out = list(lines)
    for measure in dict.fromkeys(line.measure for line in lines):
        at = [i for i, x in enumerate(lines) if x.measure == measure and x.method not in (NONE, TUNED)]
        least = 0.0
        for rank, i in enumerate(sorted(at, key=lambda i: lines[i].p_value)):
            least = max(least, min((len(at) - rank) * lines[i].p_value, 1.0))
            out[i] = replace(lines[i], p_value=least)
    return out


def _error(gains: Floats, ratio: float) -> float:
    """Standard error of a mean gain over J folds that share training rows (Nadeau and Bengio 2003, section 5)."""
    return float(np.sqrt((1.0 / len(gains) + ratio) * gains.var(ddof=1))) if len(gains) > 1 else np.inf


def corrected_p_value(gains: Floats, ratio: float) -> float:
    """The two-sided p-value of a mean gain over J folds that share training rows.

    Example:
        >>> import numpy as np
        >>> round(corrected_p_value(np.array([0.01, 0.03, 0.02, 0.02, 0.02]), 0.25), 3)
        0.014
    """
    from scipy.stats import t

    error = _error(gains, ratio)
    if error == 0:
        return 1.0 if gains.mean() == 0 else 0.0
    return float(2 * t.sf(abs(gains.mean()) / error, max(len(gains) - 1, 1)))


def corrected_interval(gains: Floats, ratio: float) -> tuple[float, float]:
    """The 95 % interval of a mean gain over J folds that share training rows (Nadeau and Bengio 2003, section 5).

    Example:
        >>> import numpy as np
        >>> [round(end, 3) for end in corrected_interval(np.array([0.01, 0.03, 0.02, 0.02, 0.02]), 0.25)]
        [0.007, 0.033]
    """
    from scipy.stats import t

    reach = float(t.ppf(0.975, max(len(gains) - 1, 1))) * _error(gains, ratio)
    return float(gains.mean()) - reach, float(gains.mean()) + reach
