"""What a comparison predicts and how that is judged: classes, or numbers of which some are rare.

Legend: n rows, p columns of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt

from likewise.balance import doors
from likewise.balance.judges import (
    chances_within,
    default_classifiers,
    default_regressors,
    guessed,
    number_scores,
    predicted,
    scores_of,
    tuned_scores,
)
from likewise.balance.rare import regions
from likewise.errors import OptionError
from likewise.typing import Bools, Floats, Ints

NONE, TUNED, WEIGHED = "none", "none, threshold tuned", "class weights"
MANY = 10
"""Of a target with more values that some row has alone, one asks whether it is meant as numbers."""
LOWER_IS_BETTER = ("brier", "mae", "rare_mae")


class Task(Protocol):
    """A target, and how guesses at it are scored.

    Args:
        name: as `Oversampler` has it.
        measures: what is scored; verdicts go by the first.
        baseline: the line that gains are over.
        methods: what is compared where the caller names nothing.
    """

    name: ClassVar[str]
    measures: ClassVar[tuple[str, ...]]
    baseline: ClassVar[str]
    methods: ClassVar[tuple[str, ...]]

    @property
    def values(self) -> npt.NDArray[Any]:
        """(n,) the target."""

    @property
    def strata(self) -> Ints:
        """(n,) what folds hold equal shares of."""

    @property
    def rarest(self) -> int:
        """Ints of the rarest class, or with rare values."""

    @property
    def most_folds(self) -> int:
        """So many leave rare rows enough to score each."""

    def taken(self, rows: Ints) -> Self:
        """The task of these rows."""

    @property
    def chance(self) -> dict[str, float]:
        """Measure -> what a guess without features scores."""

    def judges(self, seed: int) -> dict[str, Any]:
        """What predicts where the caller names nothing."""

    def judged(
        self, method: str, judge: Any, train: Floats, target: npt.NDArray[Any], test: Floats, rows: Ints, seed: int
    ) -> dict[str, dict[str, float]]:
        """Line -> measure -> score of a fresh copy of the judge.

        Args:
            method: what balanced the training rows; beside "none" stands what costs nothing.
            train, target: the training rows, new ones included.
            test, rows: the test rows, and which of the n they are.
        """


@dataclass(frozen=True)
class Classes:
    """Classes 0 .. K-1; of two the rarer one is 1, the positive one."""

    values: Ints

    name: ClassVar[str] = "classification"
    measures: ClassVar[tuple[str, ...]] = ("auprc", "auc", "f1", "balanced_accuracy", "brier")
    baseline: ClassVar[str] = TUNED
    methods: ClassVar[tuple[str, ...]] = (
        "random",
        "smotenc",
        "borderline",
        "adasyn",
        "autoregressive",
        "copula",
        "auto",
    )

    @classmethod
    def of(cls, target: Any) -> Self:
        """
        Raises:
            OptionError: fewer than two classes, or fewer than two rows in one.
        """
        labels, codes = np.unique(doors.target_array(target).ravel(), return_inverse=True)
        counts = np.bincount(codes)
        if len(labels) < 2 or counts.min() < 2:
            hint = "; of a target of numbers say that it is one (regression)" if len(labels) > MANY else ""
            raise OptionError(
                f"comparing needs two classes or more of two rows or more each, got {len(labels)}, the rarest of "
                f"{counts.min() if len(counts) else 0} rows{hint}"
            )
        return cls(1 - codes if len(labels) == 2 and counts[0] < counts[1] else codes)

    @property
    def strata(self) -> Ints:
        return self.values

    @property
    def rarest(self) -> int:
        return int(np.bincount(self.values).min())

    @property
    def most_folds(self) -> int:
        return self.rarest

    def taken(self, rows: Ints) -> Self:
        return type(self)(self.values[rows])

    def judges(self, seed: int) -> dict[str, Any]:
        return default_classifiers(seed)

    def judged(
        self, method: str, judge: Any, train: Floats, target: npt.NDArray[Any], test: Floats, rows: Ints, seed: int
    ) -> dict[str, dict[str, float]]:
        chances, truth = predicted(judge, train, target, test), self.values[rows]
        found = {method: scores_of(truth, chances)}
        if method == NONE:
            # The same chances, decided by thresholds that were chosen within the training fold.
            found[TUNED] = tuned_scores(target, chances_within(judge, train, target, seed), truth, chances)
            if "class_weight" in judge.get_params():
                found[WEIGHED] = scores_of(truth, predicted(_weighing(judge), train, target, test))
        return found

    @property
    def chance(self) -> dict[str, float]:
        """What a guess without features scores in AUPRC: the share of the class, over the classes judged their mean."""
        shares = np.bincount(self.values) / len(self.values)
        return {"auprc": float(shares[1] if len(shares) == 2 else shares.mean()), "auc": 0.5}


@dataclass(frozen=True)
class Numbers:
    """Numbers, some of them in rare regions: those that have fewer rows than regions have on average.

    Args:
        is_rare: (n,) which.
    """

    values: Floats
    is_rare: Bools

    name: ClassVar[str] = "regression"
    measures: ClassVar[tuple[str, ...]] = ("rare_mae", "rare_r2", "mae", "r2")
    baseline: ClassVar[str] = NONE
    methods: ClassVar[tuple[str, ...]] = ("random", "smotenc", "autoregressive", "copula", "auto")

    @classmethod
    def of(cls, target: Any, bins: Sequence[float] | None) -> Self:
        """
        Raises:
            OptionError: values that are no finite numbers, or none of them rare.
        """
        array = doors.target_array(target).ravel()
        try:
            values = array.astype(np.float64)
        except (TypeError, ValueError):
            raise OptionError(f"regression needs a target of numbers, got one of {array.dtype}") from None
        if not np.isfinite(values).all():
            raise OptionError(f"the target must be finite numbers, {int((~np.isfinite(values)).sum())} are not")
        if not len(values):
            raise OptionError("comparing needs rows, got none")
        codes, _ = regions(values, bins)
        counts = np.bincount(codes)
        is_rare = (counts < counts.mean())[codes]
        if not is_rare.any():
            raise OptionError(
                f"no value of the target is rare among its {len(values)} rows, so there is nothing to balance; bins "
                "say where its regions meet"
            )
        return cls(values, is_rare)

    @property
    def strata(self) -> Ints:
        return self.is_rare.astype(np.int64)

    @property
    def rarest(self) -> int:
        return int(self.is_rare.sum())

    @property
    def most_folds(self) -> int:
        return self.rarest // 2  # of one value no share of a variance can be explained

    def taken(self, rows: Ints) -> Self:
        return type(self)(self.values[rows], self.is_rare[rows])

    def judges(self, seed: int) -> dict[str, Any]:
        return default_regressors(seed)

    def judged(
        self, method: str, judge: Any, train: Floats, target: npt.NDArray[Any], test: Floats, rows: Ints, seed: int
    ) -> dict[str, dict[str, float]]:
        return {method: number_scores(self.values[rows], guessed(judge, train, target, test), self.is_rare[rows])}

    @property
    def chance(self) -> dict[str, float]:
        """What the median of all values scores as a guess for each."""
        scores = number_scores(self.values, np.full(len(self.values), np.median(self.values)), self.is_rare)
        return {name: scores[name] for name in ("rare_mae", "mae")}


def _weighing(classifier: Any) -> Any:
    """A copy that weighs each class by one over its rows."""
    from sklearn.base import clone

    return clone(classifier).set_params(class_weight="balanced")
