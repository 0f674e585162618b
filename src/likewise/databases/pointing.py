"""Which row a key points at: values of both sides in one type, though one came as numbers and the other as texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from likewise.schema.vocabulary import words

MISSING, ORPHAN = -1, -2
"""In place of a row: a key that points at nothing, as one of its columns is missing; and one whose row is not there."""

TOKENS = words("missing.sure")
"""Texts that mean that nothing is there."""
_WHOLE = r"^([+-]?\d+)\.0+$"
"""A whole number as programs write it whose column had holes."""
_MOMENT = pl.Datetime("us")


def parent_rows(
    table: pl.DataFrame, columns: Sequence[str], parent: pl.DataFrame, parent_columns: Sequence[str]
) -> NDArray[np.int64]:
    """The row of the parent that each row of a table points at.

    Args:
        table, columns: that point, (n, ...) rows.
        parent, parent_columns: that are pointed at; where rows repeat, the first counts.

    Returns:
        (n,) numbers of rows, `MISSING`, or `ORPHAN`. "NA" and the like are missing where no parent is called so.

    Example:
        >>> users, orders = pl.DataFrame({"id": [7, 8]}), pl.DataFrame({"user": ["8", "8.0", "", "9"]})
        >>> parent_rows(orders, ["user"], users, ["id"]).tolist()
        [1, 1, -1, -2]
    """
    own = [plain(table[name]) for name in columns]
    pairs = [alike(a, plain(parent[name])) for a, name in zip(own, parent_columns, strict=True)]
    names = [f"k{i}" for i in range(len(pairs))]
    left = pl.DataFrame([a.alias(name) for name, (a, _) in zip(names, pairs, strict=True)])
    right = pl.DataFrame([b.alias(name) for name, (_, b) in zip(names, pairs, strict=True)]).with_row_index("row")
    right = right.unique(names, keep="first", maintain_order=True)
    found = left.join(right, on=names, how="left", maintain_order="left")["row"].cast(pl.Int64)
    lacks = pl.Series([False]).new_from_index(0, len(table))
    for a in own:
        lacks |= a.is_null()
        if a.dtype == pl.String:
            lacks |= found.is_null() & a.is_in(TOKENS)
    rows = pl.select(pl.when(lacks).then(MISSING).otherwise(found.fill_null(ORPHAN))).to_series()
    return rows.cast(pl.Int64).to_numpy()


def rows_at(links: NDArray[np.int64]) -> pl.Series:
    """(n,) row numbers to gather by, missing where a row points at none.

    Example:
        >>> pl.Series(["a", "b"]).gather(rows_at(np.array([1, -1]))).to_list()
        ['b', None]
    """
    return pl.Series(links, dtype=pl.Int64).replace(MISSING, None).cast(pl.UInt32)


def plain(column: pl.Series) -> pl.Series:
    """A column of keys as Int64 (or Int128), text or moment, whatever type it is stored in; an empty text is missing.

    Example:
        >>> plain(pl.Series([1.0, None])).to_list(), plain(pl.Series(["1.0", "", "27.0"])).to_list()
        ([1, None], ['1', None, '27'])
    """
    dtype = column.dtype
    if dtype.is_integer():
        return _whole(column)
    if dtype.is_float() or isinstance(dtype, pl.Decimal):
        known = column.drop_nulls()
        is_whole = not len(known) or bool(((known == known.floor()) & (known.abs() < 2**53)).all())
        return column.cast(pl.Int64) if is_whole else column.cast(pl.Float64)
    if dtype == pl.Date:
        return column.cast(_MOMENT)
    if isinstance(dtype, pl.Datetime):
        return (column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if dtype.time_zone else column).cast(
            _MOMENT
        )
    if isinstance(dtype, pl.Categorical | pl.Enum):
        column = column.cast(pl.String)
    if column.dtype != pl.String:
        return column
    column = column.set(column == "", None)
    known = column.drop_nulls()
    if len(known) and known.head(100).str.contains(_WHOLE).all() and known.str.contains(_WHOLE).all():
        return column.str.extract(_WHOLE)
    return column


def alike(a: pl.Series, b: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Two columns that `plain` gave in one type. What cannot be read as the other is missing, and so fits nothing."""
    if a.dtype == b.dtype:
        return a, b
    if a.dtype == pl.Null or b.dtype == pl.Null:
        return a.cast(b.dtype) if a.dtype == pl.Null else a, b.cast(a.dtype) if b.dtype == pl.Null else b
    if a.dtype.is_integer() and b.dtype.is_integer():
        return a.cast(pl.Int128), b.cast(pl.Int128)
    if a.dtype == pl.String and b.dtype != pl.String:
        return _read_as(a, b.dtype), b
    if b.dtype == pl.String and a.dtype != pl.String:
        return a, _read_as(b, a.dtype)
    if a.dtype.is_numeric() and b.dtype.is_numeric():
        return a.cast(pl.Float64), b.cast(pl.Float64)
    return a.cast(pl.String), b.cast(pl.String)


def _whole(column: pl.Series) -> pl.Series:
    if column.dtype in (pl.UInt64, pl.Int128) and len(column.drop_nulls()):
        high, low = int(column.max()), int(column.min())  # type: ignore[arg-type]
        return column.cast(pl.Int64 if low >= -(2**63) and high < 2**63 else pl.Int128)
    return column.cast(pl.Int64)


def _read_as(texts: pl.Series, dtype: pl.DataType) -> pl.Series:
    if dtype == _MOMENT:
        try:
            moments = texts.str.to_datetime(strict=False, time_zone="UTC" if texts.str.ends_with("Z").any() else None)
        except pl.exceptions.PolarsError:
            return texts.cast(pl.String).set(texts.is_not_null(), None).cast(_MOMENT, strict=False)
        return plain(moments)
    if dtype.is_integer():
        return texts.str.strip_chars().str.replace(_WHOLE, "$1").cast(dtype, strict=False)
    return texts.cast(dtype, strict=False)
