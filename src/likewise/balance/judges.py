"""The classifiers and regressors that tell whether balancing helps, what they see, and how they are scored.

Legend: n rows, p columns of numbers, K classes; where there are two, class 1 is the positive one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from likewise.balance.matrix import MatrixCodec
from likewise.schema.column import Schema
from likewise.schema.parse import parse
from likewise.typing import Bools, Floats, Ints

INNER_FOLDS = 3


@dataclass(frozen=True)
class Encoder:
    """Numbers standardised, levels one-hot, with a column that says missing where training rows had holes."""

    schema: Schema
    codec: MatrixCodec
    mean: Floats
    spread: Floats

    @classmethod
    def fit(cls, table: pl.DataFrame, schema: Schema) -> Self:
        canonical = parse(table, schema)
        codec = MatrixCodec.fit(canonical, schema)
        numbers = codec.encode(canonical)[:, : codec.n_numbers]
        spread = numbers.std(0)
        return cls(schema, codec, numbers.mean(0), np.where(spread > 0, spread, 1.0))

    def encode(self, table: pl.DataFrame) -> Floats:
        wide = self.codec.one_hot(self.codec.encode(parse(table, self.schema)))
        wide[:, : self.codec.n_numbers] = (wide[:, : self.codec.n_numbers] - self.mean) / self.spread
        return wide


def default_classifiers(seed: int) -> dict[str, Any]:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    from likewise.boosting import Classifier

    return {
        "logistic regression": LogisticRegression(max_iter=1_000),
        "random forest": RandomForestClassifier(n_estimators=100, random_state=seed),
        "gradient boosting": Classifier(random_state=seed),
    }


def default_regressors(seed: int) -> dict[str, Any]:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import Ridge

    from likewise.boosting import Regressor

    return {
        "linear regression": Ridge(),
        "random forest": RandomForestRegressor(n_estimators=100, random_state=seed),
        "gradient boosting": Regressor(random_state=seed),
    }


def predicted(classifier: Any, train: Floats, codes: Ints, rows: Floats) -> Floats:
    """(n, K) chances of each class that a fresh copy of the classifier gives the rows."""
    import warnings

    from sklearn.base import clone

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a solver stopped short still judges all methods alike
        found: Floats = clone(classifier).fit(train, codes).predict_proba(rows)
    return found


def guessed(regressor: Any, train: Floats, values: Floats, rows: Floats) -> Floats:
    """(n,) what a fresh copy of the regressor takes the rows' target for."""
    from sklearn.base import clone

    found: Floats = clone(regressor).fit(train, values).predict(rows)
    return found


def number_scores(values: Floats, guesses: Floats, is_rare: Bools) -> dict[str, float]:
    """Mean absolute error and R2, over all rows and over those whose true value is rare.

    R2 of rare rows is against their own mean: below 0 a guess of that mean would be nearer.

    Example:
        >>> import numpy as np
        >>> values = np.array([0.0, 0, 0, 10, 12])
        >>> found = number_scores(values, np.array([0.0, 0, 0, 11, 11]), values > 5)
        >>> found["rare_mae"], found["mae"], found["rare_r2"], round(found["r2"], 3)
        (1.0, 0.4, 0.0, 0.986)
    """
    from sklearn.metrics import mean_absolute_error, r2_score

    rare, rare_guesses = values[is_rare], guesses[is_rare]
    return {
        "rare_mae": float(mean_absolute_error(rare, rare_guesses)),
        "rare_r2": float(r2_score(rare, rare_guesses)),
        "mae": float(mean_absolute_error(values, guesses)),
        "r2": float(r2_score(values, guesses)),
    }


def chances_within(classifier: Any, train: Floats, codes: Ints, seed: int) -> Floats:
    """(n, K) chances of each training row from a classifier that has not seen it."""
    from sklearn.model_selection import StratifiedKFold

    out = np.zeros((len(codes), int(codes.max()) + 1))
    n_folds = min(INNER_FOLDS, int(np.bincount(codes).min()))
    if n_folds < 2:
        return predicted(classifier, train, codes, train)
    for a, b in StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(train, codes):
        out[b] = predicted(classifier, train[a], codes[a], train[b])
    return out


def scores_of(codes: Ints, chances: Floats, decided: Ints | None = None) -> dict[str, float]:
    """AUPRC, AUC, F1, balanced accuracy and Brier's score.

    With more than two classes, AUPRC and AUC are means over each class against the others, F1 is the mean of the
    classes'. Brier's score is the mean squared error of the chances, summed over classes where there are more than two.

    Args:
        decided: (n,) the class each row is taken for; None takes the most likely.
    """
    from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score, roc_auc_score

    decided = chances.argmax(1) if decided is None else decided
    truth = np.eye(chances.shape[1])[codes]
    two = chances.shape[1] == 2
    judged = [1] if two else list(range(chances.shape[1]))
    squared = (chances - truth) ** 2
    f1 = f1_score(codes, decided, average="binary" if two else "macro", zero_division=0.0)
    return {
        "auprc": float(np.mean([average_precision_score(truth[:, k], chances[:, k]) for k in judged])),
        "auc": float(np.mean([roc_auc_score(truth[:, k], chances[:, k]) for k in judged])),
        "f1": float(f1),
        "balanced_accuracy": float(balanced_accuracy_score(codes, decided)),
        "brier": float(squared[:, 1].mean() if two else squared.sum(1).mean()),
    }


def tuned_scores(own: Ints, within: Floats, codes: Ints, chances: Floats) -> dict[str, float]:
    """The scores of unbalanced chances, decided with thresholds chosen on the training rows.

    With two classes F1 and balanced accuracy each get the threshold that is best for it; with more, chances are divided
    by the classes' shares.

    Args:
        own, within: (n,) training rows' classes, and (n, K) their chances from classifiers that have not seen them.
        codes, chances: of the test rows.
    """
    if chances.shape[1] > 2:
        shares = np.bincount(own) / len(own)
        return scores_of(codes, chances, (chances / shares).argmax(1))
    found = scores_of(codes, chances)
    for measure, threshold in _best_thresholds(own == 1, within[:, 1]).items():
        decided = (chances[:, 1] >= threshold).astype(np.int64)
        found[measure] = scores_of(codes, chances, decided)[measure]
    return found


def _best_thresholds(truth: Bools, chance: Floats) -> dict[str, float]:
    """The threshold that is best for F1, and for balanced accuracy."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    precision, recall, at = precision_recall_curve(truth, chance)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    false, true, roc_at = roc_curve(truth, chance)
    return {"f1": float(at[f1[:-1].argmax()]), "balanced_accuracy": float(roc_at[1:][(true - false)[1:].argmax()])}
