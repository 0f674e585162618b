"""The quality filter: of the rows drawn for a class, those go which a classifier of the real rows least believes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from likewise.balance.matrix import MatrixCodec
from likewise.schema.column import Schema
from likewise.schema.parse import parse
from likewise.typing import Bools, Floats, Ints


@dataclass(frozen=True)
class Judge:
    """Boosted trees that tell the classes of real rows apart, each class weighing the same."""

    schema: Schema
    codec: MatrixCodec
    model: object

    @classmethod
    def of(cls, table: pl.DataFrame, schema: Schema, classes: Ints, seed: int) -> Judge:
        from likewise.boosting import Classifier

        canonical = parse(table, schema)
        codec = MatrixCodec.fit(canonical, schema)
        model = Classifier(max_iter=50, class_weight="balanced", random_state=seed)
        return cls(schema, codec, model.fit(codec.encode(canonical), classes))

    def probability(self, rows: pl.DataFrame, k: int) -> Floats:
        """(m,) how likely each row is of class k."""
        matrix = self.codec.encode(parse(rows, self.schema))
        found: Floats = self.model.predict_proba(matrix)  # type: ignore[attr-defined]
        place = list(self.model.classes_).index(k)  # type: ignore[attr-defined]
        return found[:, place]


def best_of(
    rows: pl.DataFrame, n: int, score: Callable[[pl.DataFrame], Floats]
) -> tuple[pl.DataFrame, tuple[float, float]]:
    """The n rows that score highest, in the order they were drawn, and the mean score before and after."""
    scores = score(rows)
    kept = np.sort(np.argsort(-scores, kind="stable")[:n])
    return rows[kept], (float(scores.mean()), float(scores[kept].mean()))


def overlapping(
    table: pl.DataFrame,
    schema: Schema,
    classes: Ints,
    rare: Bools,
    threshold: float,
    seed: int,
) -> Bools:
    """(n,) rows of common classes that a classifier gives the rare classes with `threshold` probability or more.

    Each row is judged by a classifier that has not seen it (3 folds). Setting such rows apart while a generator learns
    is the relabelling of ORD (arXiv 2412.15657), whose thresholds lay between .15 and .45.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    from likewise.boosting import Classifier

    is_rare = rare[classes]
    if min(is_rare.sum(), (~is_rare).sum()) < 3:
        return np.zeros(len(classes), bool)
    canonical = parse(table, schema)
    matrix = MatrixCodec.fit(canonical, schema).encode(canonical)
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    model = Classifier(max_iter=50, random_state=seed)
    chance = cross_val_predict(model, matrix, is_rare, cv=folds, method="predict_proba")[:, 1]
    found: Bools = (chance >= threshold) & ~is_rare
    return found
