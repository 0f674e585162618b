"""How near filled cells are to what stood there.

Legend: n rows, h holes of one column, m imputations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from likewise.errors import InputError, OptionError
from likewise.estimator import check_confidence, renamed
from likewise.evaluate.tables import TypedColumn, type_tables
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.infer import infer
from likewise.schema.parse import parse
from likewise.tables.files import from_frame
from likewise.typing import Floats


@dataclass(frozen=True)
class ColumnScore:
    """One column's holes.

    Args:
        n_holes: cells that were missing and whose truth is known.
        error: mean error of a filled cell, over all imputations: for numbers the distance by the range of the truth,
            for levels 0 or 1.
        least_error: the same for the best imputation of each cell.
        root_error: for numbers the root of the mean squared distance, by the range; for levels the share that is wrong.
        drift: how far the filled cells' distribution is from the true cells': for numbers the Wasserstein distance by
            the range, for levels total variation. Point imputations are near in `error` and far in this.
        coverage: of numbers, the share of cells that lie in the interval that the imputations span at the level asked
            for; None with fewer imputations than such an interval needs.
    """

    name: str
    is_number: bool
    n_holes: int
    error: float
    least_error: float
    root_error: float
    drift: float
    coverage: float | None


@dataclass(frozen=True)
class ImputationScore:
    """What `score_imputation` found; the means are over cells.

    Args:
        avg_mae: mean error of a cell, over all imputations (AvgMAE of Jolicoeur-Martineau et al. 2024).
        min_mae: mean error of the best imputation of each cell (MinMAE). It falls with every imputation.
        coverage: share of holes in numbers that lie in their interval; None with too few imputations.
        n_left: cells that are missing still; they count in no figure.
    """

    avg_mae: float
    min_mae: float
    coverage: float | None
    n_holes: int
    n_left: int
    n_imputations: int
    columns: tuple[ColumnScore, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def score_imputation(
    truth: Any,
    holed: Any,
    filled: Any,
    *,
    schema: Schema | None = None,
    confidence: float = 0.9,
    level: float | None = None,
) -> ImputationScore:
    """Hold filled cells against the truth.

    Args:
        truth: the whole table; (n, C).
        holed: the same with holes, as `simulate_missing` gives it. Cells missing in `truth` too are not counted.
        filled: the filled table, or several of them.
        schema: what the columns are; None infers it from `truth`.
        confidence: of the interval whose coverage is counted.
        level: the old name of `confidence`; it warns, and ends after two releases.

    Raises:
        InputError: tables of other shapes or columns, or no hole whose truth is known.
        OptionError: nothing is filled.

    Example:
        >>> import numpy as np
        >>> truth = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
        >>> holed = truth.copy()
        >>> holed[1, 0] = np.nan
        >>> filled = truth.copy()
        >>> filled[1, 0] = 3.0
        >>> score_imputation(truth, holed, filled).avg_mae
        0.25
    """
    confidence = check_confidence("confidence", renamed("level", level, "confidence", confidence, 0.9))
    several = list(filled) if isinstance(filled, list | tuple) else [filled]
    if not several:
        raise OptionError("filled must be a table or several of them, got none")
    raws = [from_frame(table)[0] for table in (truth, holed, *several)]
    if len({raw.height for raw in raws}) > 1:
        raise InputError(f"tables must have as many rows: {', '.join(str(raw.height) for raw in raws)}")
    schema = infer(raws[0]) if schema is None else schema
    names = [c.name for c in schema if c.is_modelled and all(c.name in raw.columns for raw in raws[2:])]
    part = Schema(tuple(_with_fractions(schema[name]) for name in names))
    known, gone, *made = type_tables([parse(raw.select(names), part) for raw in raws], part, text="value")
    scored = [_score(known[name], gone[name], [table[name] for table in made], confidence) for name in names]
    columns = [score for score, _ in scored if score.n_holes]
    if not columns:
        left_out = [repr(c.name) for c in schema if not c.is_modelled]
        hint = f"; {', '.join(left_out)} taken for ids are not scored, unless a schema says else" if left_out else ""
        raise InputError(f"no cell is missing in the holed table, known in the true one and filled{hint}")
    weights = np.array([c.n_holes for c in columns], np.float64)
    covered = [(c.coverage, c.n_holes) for c in columns if c.coverage is not None]
    return ImputationScore(
        avg_mae=float(np.average([c.error for c in columns], weights=weights)),
        min_mae=float(np.average([c.least_error for c in columns], weights=weights)),
        coverage=float(np.average([c for c, _ in covered], weights=[n for _, n in covered])) if covered else None,
        n_holes=int(weights.sum()),
        n_left=sum(left for _, left in scored),
        n_imputations=len(several),
        columns=tuple(columns),
    )


def _with_fractions(column: Column) -> Column:
    """Whole numbers as any numbers: a mean that fills them has a fraction, and is held against the truth as it is."""
    if column.kind is not Kind.INTEGER:
        return column
    return replace(column, kind=Kind.REAL, dtype="Float64" if column.dtype != "String" else "String", decimals=None)


def _score(
    truth: TypedColumn, holed: TypedColumn, filled: Sequence[TypedColumn], confidence: float
) -> tuple[ColumnScore, int]:
    """One column's score, and how many of its holes are left."""
    wanted = ~truth.missing & holed.missing
    left = np.any([wanted & f.missing for f in filled], axis=0)
    at = wanted & ~left
    true = truth.values[at].astype(np.float64)
    made = np.stack([f.values[at].astype(np.float64) for f in filled])
    n, m = len(true), len(filled)
    if not n:
        return ColumnScore(truth.name, truth.is_number, 0, 0.0, 0.0, 0.0, 0.0, None), int(left.sum())
    whole = truth.present.astype(np.float64)
    spread = (float(np.ptp(whole)) or 1.0) if truth.is_number else 1.0
    distance = np.abs(made - true) / spread if truth.is_number else (made != true).astype(np.float64)
    covered = None
    if truth.is_number and (m + 1) * (1 - confidence) >= 2:
        tail = (1 - confidence) / 2
        low, high = np.quantile(made, [tail, 1 - tail], axis=0, method="weibull")
        covered = float(((low <= true) & (true <= high)).mean())
    score = ColumnScore(
        truth.name, truth.is_number, n, float(distance.mean()), float(distance.min(0).mean()),
        float(np.sqrt((distance**2).mean())), _drift(true, made, spread, truth.size), covered,
    )  # fmt: skip
    return score, int(left.sum())


def _drift(true: Floats, made: Floats, spread: float, size: int) -> float:
    """Mean distance of distributions over the imputations; size is 0 for numbers."""
    from scipy.stats import wasserstein_distance

    if not size:
        return float(np.mean([wasserstein_distance(true, values) / spread for values in made]))
    shares = np.bincount(true.astype(np.int64), minlength=size) / len(true)
    return float(
        np.mean([np.abs(np.bincount(v.astype(np.int64), minlength=size) / len(v) - shares).sum() / 2 for v in made])
    )
