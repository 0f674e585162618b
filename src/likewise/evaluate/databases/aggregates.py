"""C2ST-Agg: can a classifier tell synthetic parents from real ones by what they are and what their children add up to?

A parent is its own columns, and for each link into its table the number of its children, the number of different
values of each column of levels among them (0 without any), and the mean of each column of numbers (missing without
any). As many rows of both are drawn; levels become flags, moments their parts; XGBoost as it comes learns four fifths,
and the figure is its accuracy on all rows out of fold: 0.5 is a coin toss (Hudovernik et al., "SyntheRela", 2024).

NOTE[DIFF] only the 100 most frequent levels of a column become flags. Texts are compared by their pattern.

Legend: n rows of either kind, D features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import MissingExtraError
from likewise.evaluate.databases.linked import Linked
from likewise.evaluate.tables import FloatArray, IntArray, Typed, TypedColumn
from likewise.schema.column import Kind

MOST_FLAGS = 100
FOLDS = 5
LEAST = 2 * FOLDS
COUNTED = (Kind.CATEGORICAL, Kind.BOOLEAN)
AVERAGED = (Kind.INTEGER, Kind.REAL)
PARTS = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True)
class Told:
    """How well parents of one table are told apart.

    Args:
        right: (2n,) whether each row was told rightly, the real ones first.
        rows: (2n,) which rows of their tables these are.
        names, weights: (D,) the features, and how much the classifier leant on each.
    """

    right: npt.NDArray[np.bool_]
    rows: IntArray
    names: tuple[str, ...]
    weights: FloatArray

    @property
    def accuracy(self) -> float:
        """0.5 is a coin toss."""
        return float(self.right.mean())

    @property
    def error(self) -> float:
        """The standard error that its authors give: as if rows were judged apart from each other."""
        return float(self.right.std() / np.sqrt(len(self.right)))


def judged_tables(linked: Linked) -> list[str]:
    """Tables with children and a column beside their keys."""
    return [name for name, table in linked.tables.items() if table.columns and linked.schema.into(name)]


def c2st_agg(real: Linked, other: Linked, *, dates: bool = True, seed: int = 0) -> dict[str, Told]:
    """The test by table with children; tables with fewer than ten rows of a kind are left out.

    Args:
        dates: whether columns of moments are told.
    """
    tables = judged_tables(real)
    return {
        name: found
        for name in tables
        if (found := told_apart(features(real, name, dates), features(other, name, dates), seed)) is not None
    }


def features(side: Linked, table: str, dates: bool = True) -> Typed:
    """(N) the parents of a table: their own columns, and what their children by each link add up to."""
    own = side.tables[table]
    found = [column for column in own.columns if dates or column.kind is not Kind.DATETIME]
    for key in side.schema.into(table):
        at = side.parents[key]
        there = np.flatnonzero(at >= 0)
        children, of = side.tables[key.table].take(there), at[there]
        found.append(_number(f"{key}: children", side.counts(key)))
        for column in children.columns:
            if column.kind in COUNTED:
                found.append(_number(f"{key}: different {column.name}", _distinct(column, of, len(own))))
            elif column.kind in AVERAGED:
                found.append(_number(f"{key}: mean {column.name}", _mean(column, of, len(own))))
    return Typed(tuple(found), len(own))


def _number(name: str, values: npt.NDArray[np.generic]) -> TypedColumn:
    return TypedColumn(name, Kind.REAL, values.astype(np.float64))


def _distinct(column: TypedColumn, of: IntArray, n: int) -> IntArray:
    there = ~column.missing
    held = np.unique(of[there] * column.size + column.values[there])
    return np.bincount(held // column.size, minlength=n)


def _mean(column: TypedColumn, of: IntArray, n: int) -> FloatArray:
    there = ~column.missing
    total = np.bincount(of[there], column.values[there], minlength=n)
    count = np.bincount(of[there], minlength=n)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def told_apart(
    real: Typed, other: Typed, seed: int = 0, *, most: int | None = None, whose: Sequence[IntArray] | None = None
) -> Told | None:
    """The test of two tables typed together; None where one has fewer than ten rows.

    Args:
        most: rows of each that are judged.
        whose: (N,) the unit of each row of both tables: rows of one are learnt from or judged together, for else the
            classifier knows again whose rows it has learnt. None judges row by row, as is published.
    """
    n = min(len(real), len(other), most or len(real))
    if n < LEAST:
        return None
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(len(side))[:n] for side in (real, other)]
    names, x = _matrix(real.take(rows[0]), other.take(rows[1]))
    y = np.arange(2 * n) >= n
    fold = _folds(rng, [at if whose is None else of[at] for of, at in zip(whose or rows, rows, strict=True)])
    right, weights = np.zeros(2 * n, bool), np.zeros(len(names))
    for k in range(FOLDS):
        learnt, judged = fold != k, fold == k
        if not judged.any() or len(np.unique(y[learnt])) < 2:
            continue
        filled = np.where(np.isnan(x), _means(x[learnt]), x)
        model = _classifier(seed).fit(filled[learnt], y[learnt].astype(np.int64))
        right[judged] = model.predict(filled[judged]).astype(bool) == y[judged]
        weights += model.feature_importances_ / FOLDS
    return Told(right, np.concatenate(rows), names, weights)


def _folds(rng: np.random.Generator, whose: Sequence[IntArray]) -> IntArray:
    """(2n,) as many units of each kind in each fold."""
    parts = []
    for of in whose:
        _, unit = np.unique(of, return_inverse=True)
        parts.append(rng.permutation(np.arange(unit.max() + 1) % FOLDS)[unit])
    return np.concatenate(parts)


def _means(x: npt.NDArray[np.float32]) -> FloatArray:
    there = ~np.isnan(x)
    return np.asarray(np.where(there, x, 0.0).sum(0, dtype=np.float64) / np.maximum(there.sum(0), 1))


def _classifier(seed: int) -> Any:
    try:
        import xgboost
    except ImportError as error:
        raise MissingExtraError("xgboost", "xgboost") from error
    return xgboost.XGBClassifier(random_state=seed, n_jobs=1)


def _matrix(real: Typed, other: Typed) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    """(2n, D) numbers and flags."""
    names, parts = [], []
    for a, b in zip(real.columns, other.columns, strict=True):
        for name, values in _encoded(a, b):
            names.append(name)
            parts.append(values.astype(np.float32))
    return tuple(names), np.stack(parts, axis=1)


def _encoded(a: TypedColumn, b: TypedColumn) -> list[tuple[str, npt.NDArray[np.generic]]]:
    values = np.concatenate([a.values, b.values])
    if a.levels is not None:
        counts = np.bincount(values, minlength=a.size)
        chosen = np.argsort(-counts, kind="stable")[:MOST_FLAGS]
        return [(a.name, values == code) for code in chosen if counts[code]]
    if a.kind is not Kind.DATETIME:
        return [(a.name, values)]
    dtype = next((c.dtype for c in (a, b) if c.dtype is not None), None)
    if dtype is None:
        return []
    moments = pl.Series(values).fill_nan(None).cast(pl.Int64).cast(dtype)
    if dtype == pl.Time:
        return [(a.name, moments.to_physical().cast(pl.Float64).to_numpy())]
    parts = [part for part in PARTS if part in PARTS[:3] or dtype != pl.Date]
    return [(a.name, getattr(moments.dt, part)().cast(pl.Float64).to_numpy()) for part in parts]
