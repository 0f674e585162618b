"""The learners that judge: each learns a table of numbers and codes as it is, missing values included.

Adding one is a function and a line in `LEARNERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from likewise.errors import MissingExtraError, OptionError
from likewise.evaluate import threads

Task = Literal["classify", "regress"]
Matrix = npt.NDArray[np.float32]
Made = TypeVar("Made")
MOST_ROUNDS = 300
MOST_TREES = 400
"""Of XGBoost where it grows one a class and round: of what there is to learn, 40 rounds at a tenth leave 1.5 %."""
MOST_NATIVE_LEVELS = 254
MOST_LINEAR_LEVELS = 30


def learner_name(name: str) -> str:
    """The learner that "auto" stands for here: XGBoost when it is installed, else scikit-learn's boosting."""
    if name == "auto":
        return "xgboost" if find_spec("xgboost") else "histgb"
    if name not in LEARNERS:
        raise OptionError(f"learner must be 'auto' or one of {', '.join(map(repr, LEARNERS))}, got {name!r}")
    return name


def fit(name: str, task: Task, x: Matrix, y: npt.NDArray[Any], is_code: list[bool], seed: int) -> Any:
    """A fitted model with `predict` (regress) or `predict_proba` (classify).

    Args:
        x: (n, D) numbers, codes and NaN.
        y: (n,) classes 0 .. K-1, each present, or numbers.
        is_code: (D,) which columns of x hold codes without an order.
    """
    return LEARNERS[name](task, x, y, is_code, seed)


def side_by_side(name: str, calls: Sequence[Callable[[], Made]]) -> list[Made]:
    """What each call gives, all of which learn by this learner, each with one thread; boosting runs at the same time
    where threads allow.

    On the rows judged here it is slower with two threads than with one, and its sums would hang on how many there are.
    """
    return [call() for call in calls] if name == "linear" else threads.side_by_side(calls)


def class_scores(model: Any, x: Matrix, classes: npt.NDArray[np.integer], n_classes: int) -> npt.NDArray[np.float64]:
    """(n, n_classes) score of each class; 0 for classes the model never saw."""
    scores = np.zeros((len(x), n_classes))
    scores[:, classes] = model.predict_proba(x)
    return scores


def _xgboost(task: Task, x: Matrix, y: npt.NDArray[Any], is_code: list[bool], seed: int) -> Any:
    try:
        import xgboost
    except ImportError as error:
        raise MissingExtraError("xgboost", "xgboost") from error
    kind = xgboost.XGBClassifier if task == "classify" else xgboost.XGBRegressor
    n_classes = int(y.max()) + 1 if task == "classify" else 1
    rounds = MOST_ROUNDS if n_classes <= 2 else min(MOST_ROUNDS, MOST_TREES // n_classes)
    model = kind(
        n_estimators=rounds,
        max_depth=6,
        learning_rate=0.1,
        subsample=0.8,
        tree_method="hist",
        enable_categorical=True,
        feature_types=["c" if c else "q" for c in is_code],
        random_state=seed,
        n_jobs=1,
    )
    return model.fit(x, y)


def _histgb(task: Task, x: Matrix, y: npt.NDArray[Any], is_code: list[bool], seed: int) -> Any:
    from likewise.boosting import Classifier, Regressor

    empty = np.isnan(x).all(axis=0)
    if empty.any():  # its binning fails on a column without a value; a constant one is never split on
        x = np.where(empty, np.float32(0), x)
    few = [
        c and not (len(v := x[~np.isnan(x[:, i]), i]) and v.max() >= MOST_NATIVE_LEVELS) for i, c in enumerate(is_code)
    ]
    kind = Classifier if task == "classify" else Regressor
    model = kind(
        max_iter=150,
        learning_rate=0.1,
        max_leaf_nodes=31,
        categorical_features=np.array(few) if any(few) else None,
        early_stopping=False,
        random_state=seed,
    )
    return model.fit(x, y)


class _Linear:
    """Numbers standardised with a flag for missing, the 30 most frequent codes one-hot, then a linear model."""

    def __init__(self, task: Task, is_code: list[bool]) -> None:
        from sklearn.linear_model import LogisticRegression, Ridge

        self.model = LogisticRegression(max_iter=300) if task == "classify" else Ridge(alpha=1.0)
        self.is_code = is_code
        self.type = np.float32 if task == "classify" else np.float64  # squares need the digits, steps downhill do not

    def fit(self, x: Matrix, y: npt.NDArray[Any]) -> _Linear:
        self.parts = [self._part(x[:, i], code) for i, code in enumerate(self.is_code)]
        self.model.fit(self._encode(x), y)
        return self

    @staticmethod
    def _part(column: Matrix, code: bool) -> npt.NDArray[np.float64]:
        there = column[~np.isnan(column)].astype(np.float64)
        if code:
            levels, counts = np.unique(there, return_counts=True)
            return np.asarray(levels[np.argsort(-counts, kind="stable")[:MOST_LINEAR_LEVELS]], dtype=np.float64)
        return np.array([there.mean(), there.std() or 1.0]) if len(there) else np.array([0.0, 1.0])

    def _encode(self, x: Matrix) -> npt.NDArray[np.floating]:
        blocks = []
        for i, (part, code) in enumerate(zip(self.parts, self.is_code, strict=True)):
            column = x[:, i].astype(np.float64)
            if code:
                blocks.append((column[:, None] == part[None, :]).astype(np.float64))
                continue
            missing = np.isnan(column)
            # Clipped, for one extreme value would rule a linear model.
            blocks.append(np.where(missing, 0.0, np.clip((column - part[0]) / part[1], -10.0, 10.0))[:, None])
            blocks.append(missing[:, None].astype(np.float64))
        return np.concatenate(blocks, axis=1, dtype=self.type)

    def predict(self, x: Matrix) -> npt.NDArray[np.float64]:
        return np.asarray(self.model.predict(self._encode(x)))

    def predict_proba(self, x: Matrix) -> npt.NDArray[np.float64]:
        return np.asarray(self.model.predict_proba(self._encode(x)))


def _linear(task: Task, x: Matrix, y: npt.NDArray[Any], is_code: list[bool], seed: int) -> Any:
    import warnings

    del seed  # its solution does not depend on one
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a solver stopped short still judges both tables alike
        return _Linear(task, is_code).fit(x, y)


LEARNERS: dict[str, Callable[[Task, Matrix, npt.NDArray[Any], list[bool], int], Any]] = {
    "xgboost": _xgboost,
    "histgb": _histgb,
    "linear": _linear,
}


def installed() -> list[str]:
    """The learners that can be used here."""
    return [name for name in LEARNERS if name != "xgboost" or find_spec("xgboost")]
