"""Infinite numbers, which are neither missing nor values that can be learnt or kept: refused by their column's name."""

from __future__ import annotations

import polars as pl

from likewise.errors import InputError
from likewise.schema.column import Kind, Role, Schema

_INFINITE = r"^\s*[+-]?(?i:inf|infinity)\s*$"


def refuse_infinite(table: pl.DataFrame, schema: Schema | None = None) -> None:
    """
    Args:
        table: as it came.
        schema: what its columns are: texts of numbers are looked at too, and columns that are dropped may hold
            anything.

    Raises:
        InputError: a number is infinite.

    Example:
        >>> refuse_infinite(pl.DataFrame({"age": [31.0, float("inf")]}))
        Traceback (most recent call last):
            ...
        likewise.errors.InputError: column 'age': 1 values are infinite; make them missing or finite numbers
    """
    for series in table.get_columns():
        column = None if schema is None or series.name not in schema else schema[series.name]
        if column is not None and column.role is Role.DROP:
            continue
        if series.dtype.is_float():
            infinite = series.is_infinite()
        elif column is not None and column.kind in (Kind.INTEGER, Kind.REAL) and series.dtype == pl.String:
            infinite = series.str.contains(_INFINITE) & ~series.is_in(list(column.missing))
        else:
            continue
        if n := int(infinite.sum()):
            raise InputError(f"column {series.name!r}: {n} values are infinite; make them missing or finite numbers")
