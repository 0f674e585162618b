"""Cells that may never be missing, where nothing could be learnt that might stand in them."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl

_PLAIN = {pl.Boolean: False, pl.Date: 0, pl.Datetime: 0, pl.Time: 0}


def without_missing(rows: pl.DataFrame, required: Collection[str], rng: np.random.Generator) -> pl.DataFrame:
    """Rows in which these columns, as far as they are there, have no missing cell: in place of one stands what another
    row holds; where none holds anything, as in tables of so few rows that all their levels are rare, a plain value that
    tells nothing: the column's name and a number, 0, the first of all days.

    Example:
        >>> rows = pl.DataFrame({"login": pl.Series([None, None], dtype=pl.String), "age": [None, 7]})
        >>> without_missing(rows, ["login", "age"], np.random.default_rng(0)).rows()
        [('login 1', 7), ('login 2', 7)]
    """
    for name in required:
        if name in rows.columns and rows[name].null_count():
            rows = rows.with_columns(_filled(rows[name], rng))
    return rows


def _filled(column: pl.Series, rng: np.random.Generator) -> pl.Series:
    known = column.drop_nulls()
    if len(known):
        others = known.gather(rng.integers(0, len(known), len(column)))
    elif column.dtype == pl.String:
        others = pl.Series([f"{column.name} "]).new_from_index(0, len(column)) + pl.Series(
            np.arange(1, len(column) + 1)
        ).cast(pl.String)
    else:
        plain = _PLAIN.get(column.dtype.base_type(), 0)
        others = pl.Series([plain]).new_from_index(0, len(column)).cast(column.dtype, strict=False)
    return pl.select(pl.when(column.is_null()).then(others).otherwise(column).alias(column.name)).to_series()
