"""Does balancing help here? Cross-validated, beside no balancing with the threshold tuned, which often does as much.

Rows are added inside the training folds only. Gains are paired: the same folds, the same classifier, with and without.
Intervals are those of Nadeau and Bengio (2003), who correct the t-test for training folds that share rows.

Legend: n rows, K classes, J folds in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.balance import doors
from likewise.balance.judges import Encoder, chances_within, default_classifiers, predicted, scores_of, tuned_scores
from likewise.balance.oversampler import Oversampler
from likewise.errors import OptionError
from likewise.inference import infer
from likewise.schema import Schema

MEASURES = ("auprc", "auc", "f1", "balanced_accuracy", "brier")
LOWER_IS_BETTER = ("brier",)
NONE, TUNED = "none", "none, threshold tuned"
METHODS = ("random", "smotenc", "borderline", "adasyn", "autoregressive", "copula", "auto")
"""What is compared by default, beside the two rows without balancing."""


@dataclass(frozen=True)
class Line:
    """One method with one classifier by one measure.

    Args:
        value: mean over the folds.
        gain: mean improvement over no balancing with the threshold tuned; above 0 is better, for Brier's score too.
        interval: of the gain, 95 %.
    """

    method: str
    classifier: str
    measure: str
    value: float
    gain: float
    interval: tuple[float, float]

    @property
    def verdict(self) -> str:
        """ "better", "worse" or "same": whether the interval lies wholly on one side of 0."""
        low, high = self.interval
        return "better" if low > 0 else "worse" if high < 0 else "same"


@dataclass(frozen=True)
class BalanceComparison:
    """Every method with every classifier by every measure.

    Args:
        lines: in the order of classifiers, then methods, then measures.
        folds: how often a classifier was trained and tested, for each line.
        notes: what was left out, and why.
    """

    lines: tuple[Line, ...]
    n_rows: int
    rarest: int
    folds: int
    notes: tuple[str, ...] = ()

    @property
    def classifiers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.classifier for line in self.lines))

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.method for line in self.lines))

    def line(self, method: str, classifier: str, measure: str) -> Line:
        """One of the lines.

        Raises:
            OptionError: there is none such.
        """
        for line in self.lines:
            if (line.method, line.classifier, line.measure) == (method, classifier, measure):
                return line
        raise OptionError(f"nothing was measured of {method!r} with {classifier!r} by {measure!r}")

    def verdicts(self, measure: str = "auprc") -> tuple[str, ...]:
        """A sentence for each classifier: which methods help by this measure, if any."""
        told = []
        for classifier in self.classifiers:
            lines = [self.line(m, classifier, measure) for m in self.methods if m not in (NONE, TUNED)]
            better = sorted((x for x in lines if x.verdict == "better"), key=lambda x: -x.gain)
            if better:
                named = ", ".join(
                    f"{x.method} by {x.gain:.3f} ({x.interval[0]:.3f} to {x.interval[1]:.3f})" for x in better
                )
                told.append(f"{classifier}: {named} better than no balancing in {measure}")
            else:
                told.append(f"{classifier}: nothing is surely better than no balancing in {measure}")
        return tuple(told)

    def to_dict(self) -> dict[str, Any]:
        return {
            "format": "likewise balance comparison",
            "version": 1,
            "rows": self.n_rows,
            "rarest_class": self.rarest,
            "folds": self.folds,
            "baseline": TUNED,
            "lines": [asdict(line) | {"verdict": line.verdict} for line in self.lines],
            "notes": list(self.notes),
        }


def compare(
    X: Any,
    y: Any,
    *,
    methods: Sequence[str] | Mapping[str, Any] = METHODS,
    classifiers: Mapping[str, Any] | None = None,
    folds: int = 5,
    repeats: int = 1,
    random_state: int = 0,
    sampling_strategy: Any = "auto",
    schema: Schema | None = None,
    max_rows: int | None = 10_000,
) -> BalanceComparison:
    """Cross-validate ways of balancing, and none at all.

    Args:
        X: (n, D) features, any container.
        y: (n,) classes.
        methods: names that `Oversampler` knows, or name -> sampler with `fit_resample`.
        classifiers: name -> scikit-learn classifier with `predict_proba`, which gets numbers standardised and levels
            one-hot; None takes logistic regression, a random forest and gradient boosting.
        folds, repeats: stratified folds, and how often they are drawn anew.
        sampling_strategy: of the methods that are named.
        schema: what the feature columns are; None infers it.
        max_rows: of larger tables so many rows are drawn, with the classes' shares kept; None takes all.

    Raises:
        OptionError: fewer than two rows in a class, or fewer than two folds.

    Example:
        >>> import numpy as np
        >>> from likewise.balance import compare
        >>> rng = np.random.default_rng(0)
        >>> y = np.repeat([0, 1], [160, 40])
        >>> X = rng.normal(size=(200, 3)) + y[:, None]
        >>> found = compare(X, y, methods=["random"], folds=3)
        >>> found.methods
        ('none', 'none, threshold tuned', 'random')
    """
    from sklearn.model_selection import RepeatedStratifiedKFold, train_test_split

    labels, codes = np.unique(doors.target_array(y).ravel(), return_inverse=True)
    counts = np.bincount(codes)
    if len(labels) < 2 or counts.min() < 2:
        raise OptionError(f"comparing needs two classes or more of two rows or more each, got {len(labels)} classes")
    if len(labels) == 2 and counts[0] < counts[1]:
        codes = 1 - codes  # of two classes the rarer one is 1, the positive one
    notes = []
    schema = infer(doors.as_table(X)) if schema is None else schema
    if max_rows is not None and len(codes) > max_rows:
        notes.append(f"{max_rows:,} of the {len(codes):,} rows, drawn with the classes' shares kept")
        rows, _ = train_test_split(
            np.arange(len(codes)), train_size=max_rows, stratify=codes, random_state=random_state
        )
        X, codes = doors.take(X, np.sort(rows)), codes[np.sort(rows)]
    rarest = int(np.bincount(codes).min())
    n_folds = min(folds, rarest)
    if n_folds < 2 or repeats < 1:
        raise OptionError(
            f"comparing needs two folds, one repeat and two rows of each class or more; got {folds} folds, {repeats} "
            f"repeats and {rarest} rows in the rarest class"
        )
    if n_folds < folds:
        notes.append(f"{n_folds} folds instead of {folds}: the rarest class has no more rows")
    table = doors.as_table(X)
    samplers = _samplers(methods, sampling_strategy, schema, random_state)
    judges = default_classifiers(random_state) if classifiers is None else dict(classifiers)
    splits = RepeatedStratifiedKFold(n_splits=n_folds, n_repeats=repeats, random_state=random_state)
    found: dict[tuple[str, str, str], list[float]] = {}
    for train, test in splits.split(np.zeros(len(codes)), codes):
        fold = _Fold(doors.take(X, train), codes[train], table[test], codes[test], schema, random_state)
        for key, value in fold.scores(samplers, judges):
            found.setdefault(key, []).append(value)
    lines = _lines(found, [NONE, TUNED, *samplers], list(judges), ratio=1.0 / (n_folds - 1))
    return BalanceComparison(lines, len(codes), rarest, n_folds * repeats, tuple(notes))


def _samplers(
    methods: Sequence[str] | Mapping[str, Any], sampling_strategy: Any, schema: Schema, seed: int
) -> dict[str, Any]:
    if isinstance(methods, Mapping):
        return dict(methods)
    return {
        name: Oversampler(name, sampling_strategy=sampling_strategy, schema=schema, random_state=seed)
        for name in methods
    }


@dataclass(frozen=True)
class _Fold:
    """One training fold, in the container that came, and its test rows."""

    train: Any
    train_codes: npt.NDArray[np.int64]
    test: pl.DataFrame
    test_codes: npt.NDArray[np.int64]
    schema: Schema
    seed: int

    def scores(
        self, samplers: Mapping[str, Any], judges: Mapping[str, Any]
    ) -> Iterable[tuple[tuple[str, str, str], float]]:
        """((method, classifier, measure), score) of everything."""
        encoder = Encoder.fit(doors.as_table(self.train), self.schema)
        test = encoder.encode(self.test)
        for method in (NONE, *samplers):
            rows, codes = self.train, self.train_codes
            if method != NONE:
                rows, codes = samplers[method].fit_resample(rows, codes)
            train = encoder.encode(doors.as_table(rows))
            for name, judge in judges.items():
                chances = predicted(judge, train, codes, test)
                for measure, value in scores_of(self.test_codes, chances).items():
                    yield (method, name, measure), value
                if method == NONE:
                    for measure, value in self._tuned(judge, train, chances).items():
                        yield (TUNED, name, measure), value

    def _tuned(self, judge: Any, train: npt.NDArray[np.float64], chances: npt.NDArray[np.float64]) -> dict[str, float]:
        """The same chances, decided by thresholds that were chosen within the training fold."""
        within = chances_within(judge, train, self.train_codes, self.seed)
        return tuned_scores(self.train_codes, within, self.test_codes, chances)


def _lines(
    found: Mapping[tuple[str, str, str], list[float]], methods: list[str], judges: list[str], ratio: float
) -> tuple[Line, ...]:
    """Means, gains and their intervals.

    Args:
        ratio: test rows for each training row.
    """
    lines = []
    for judge in judges:
        for method in methods:
            for measure in MEASURES:
                values = np.array(found[method, judge, measure])
                sign = -1.0 if measure in LOWER_IS_BETTER else 1.0
                gains = sign * (values - np.array(found[TUNED, judge, measure]))
                interval = corrected_interval(gains, ratio)
                lines.append(Line(method, judge, measure, float(values.mean()), float(gains.mean()), interval))
    return tuple(lines)


def corrected_interval(gains: npt.NDArray[np.float64], ratio: float) -> tuple[float, float]:
    """The 95 % interval of a mean gain over J folds that share training rows (Nadeau and Bengio 2003, section 5).

    Example:
        >>> import numpy as np
        >>> [round(end, 3) for end in corrected_interval(np.array([0.01, 0.03, 0.02, 0.02, 0.02]), 0.25)]
        [0.007, 0.033]
    """
    from scipy.stats import t

    n = len(gains)
    reach = float(t.ppf(0.975, n - 1) * np.sqrt((1.0 / n + ratio) * gains.var(ddof=1))) if n > 1 else np.inf
    return float(gains.mean()) - reach, float(gains.mean()) + reach
