"""Holes made on purpose, so that an imputation can be held against what stood there.

Legend: n rows, C columns, D of them with holes, V of them that decide where.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from likewise.errors import InputError, OptionError, nearest
from likewise.impute.doors import open_frame
from likewise.typing import Bools, Floats, Ints

MECHANISMS = ("mcar", "mar", "mnar")


def simulate_missing(
    frame: Any,
    mechanism: str = "mcar",
    share: float = 0.2,
    *,
    columns: Sequence[Any] | None = None,
    random_state: int | None = None,
) -> Any:
    """The same table with cells taken out.

    - "mcar", completely at random: every cell is as likely to go as any other.
    - "mar", at random given what is seen: a random half of `columns` stays whole, and a cell of the others goes with a
      probability that is logistic in the whole ones (and in all columns that are not in `columns`).
    - "mnar", not at random: the same, and then the deciding columns lose cells too, completely at random, so that what
      decided is no longer seen; where there is only one column, its own value decides.

    NOTE[DIFF]: these are the mechanisms of Muzellec et al. (2020, appendix; "Missing data imputation using optimal
    transport"), with levels taken as ranks by frequency and every column that loses cells losing the same share.

    Args:
        frame: pandas, Polars or Arrow frame, or a 2-D array; (n, C). Cells missing already stay so and are not counted.
        share: of the cells of each column that is cut; between 0 and 1.
        columns: which may lose cells; None for all.
        random_state: the same seed takes the same cells.

    Returns:
        A table of the kind that came. Columns of whole numbers become such as can hold holes.

    Raises:
        OptionError: an unknown mechanism, a share outside (0, 1), an unknown column.
        InputError: "mar" with a single column, which nothing seen could decide.

    Example:
        >>> import polars as pl
        >>> table = pl.DataFrame({"a": range(100), "b": range(100)})
        >>> simulate_missing(table, "mcar", 0.3, random_state=0).null_count().row(0)
        (30, 30)
    """
    if mechanism not in MECHANISMS:
        raise OptionError(f"mechanism must be one of {', '.join(MECHANISMS)}, got {mechanism!r}")
    if isinstance(share, bool) or not isinstance(share, int | float | np.number) or not 0 < share < 1:
        raise OptionError(f"share must be a number between 0 and 1, got {share!r}")
    raw, give_back = open_frame(frame, None)
    named = raw.columns if columns is None else [_name(column, raw.columns, frame) for column in columns]
    rng = np.random.default_rng(random_state)
    goes = np.zeros(raw.shape, bool)
    at = np.array([raw.columns.index(name) for name in named], np.int64)
    known = np.column_stack([raw[name].is_not_null().to_numpy() for name in raw.columns])
    if mechanism == "mcar":
        drivers, cut = np.zeros(0, np.int64), at
    else:
        drivers, cut = _drivers(raw.width, at, mechanism, rng)
    ranks = np.column_stack([_ranks(raw[name]) for name in raw.columns])
    for j in cut:
        goes[:, j] = _chosen(_scores(ranks, drivers, j, mechanism, rng), known[:, j], share, rng)
    if mechanism == "mnar":
        for j in np.intersect1d(drivers, at):
            goes[:, j] = _chosen(np.zeros(len(raw)), known[:, j], share, rng)
    holed = [raw[name].set(pl.Series(goes[:, j]), None) for j, name in enumerate(raw.columns)]
    if isinstance(frame, np.ndarray) and frame.dtype.kind in "biu":
        # An integer array has no word for missing.
        return np.where(goes, np.nan, frame.astype(np.float64))
    return give_back(pl.DataFrame(holed))


def _name(column: Any, names: list[str], frame: Any) -> str:
    """Columns of an array are given by their number."""
    name = f"x{column}" if isinstance(frame, np.ndarray) else str(column)
    if name not in names:
        raise OptionError(f"there is no column {column!r}{nearest(name, names)}")
    return name


def _drivers(n_columns: int, at: Ints, mechanism: str, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Which columns decide, and which lose cells by their word."""
    others = np.setdiff1d(np.arange(n_columns), at)
    stay = rng.permutation(at)[: max(len(at) // 2, int(len(others) == 0))] if len(at) > 1 else at[:0]
    drivers = np.sort(np.concatenate([others, stay]))
    if not len(drivers) and mechanism == "mar":
        raise InputError("missing at random needs a second column that decides; there is one only")
    return drivers, np.setdiff1d(at, stay)


def _ranks(series: pl.Series) -> Floats:
    """(n,) any column as numbers of mean 0 and deviation 1: ranks of numbers and times, of levels by frequency."""
    if series.dtype.is_numeric() or series.dtype.is_temporal():
        values = series.to_physical().cast(pl.Float64)
    else:
        text = series.cast(pl.String).to_frame("level")
        values = text.select(pl.len().over("level").cast(pl.Float64) + pl.col("level").rank("dense") * 1e-6).to_series()
        values = values.set(text["level"].is_null(), None)
    # A hole decides nothing: it stands in the middle.
    ranks = values.rank().fill_null(strategy="mean").fill_null(0.0).to_numpy().astype(np.float64)
    spread = ranks.std()
    return np.asarray((ranks - ranks.mean()) / (spread if spread > 0 else 1.0))


def _scores(ranks: Floats, drivers: Ints, column: int, mechanism: str, rng: np.random.Generator) -> Floats:
    """(n,) what the logistic law of a column's holes says of each row, deviation 1; zeros where nothing decides."""
    if mechanism == "mcar":
        return np.zeros(len(ranks))
    seen = drivers if len(drivers) else np.array([column])
    score = ranks[:, seen] @ rng.standard_normal(len(seen))
    spread = score.std()
    return np.asarray(score / (spread if spread > 0 else 1.0))


def _chosen(scores: Floats, known: Bools, share: float, rng: np.random.Generator) -> Bools:
    """(n,) cells that go: each with probability sigmoid(score + offset), the offset such that `share` of them do.

    Logistic noise on the score and a cut at its quantile is the same law, and hits the share exactly. One known cell at
    least stays.
    """
    goes = np.zeros(len(scores), bool)
    rows = np.flatnonzero(known)
    n = min(round(share * len(rows)), len(rows) - 1)
    if n > 0:
        noisy = scores[rows] + rng.logistic(size=len(rows))
        goes[rows[np.argpartition(-noisy, n - 1)[:n]]] = True
    return goes
