"""Columns of types that a format lacks, as what it has: lengths of time as texts, small whole numbers as larger."""

from __future__ import annotations

import polars as pl

from likewise.schema.durations import DurationFormat

_PARTS = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def known_to_text(column: pl.Series) -> pl.Series:
    """For delimited text: lengths of time as `26:30:00`, moments without zeros behind the seconds.

    Example:
        >>> import datetime as dt
        >>> known_to_text(pl.Series([dt.timedelta(hours=26, minutes=30), dt.timedelta(seconds=-2.5)])).to_list()
        ['26:30:00.0', '-0:00:02.5']
        >>> known_to_text(pl.Series([dt.time(4, 3)])).to_list()
        ['04:03:00']
    """
    dtype = column.dtype
    if isinstance(dtype, pl.Duration):
        return _length(column, _PARTS[str(dtype.time_unit)])
    if dtype == pl.Time:
        return column.dt.to_string("%H:%M:%S%.f")
    if isinstance(dtype, pl.Datetime):
        return column.dt.to_string("%Y-%m-%dT%H:%M:%S%.f" + ("%:z" if dtype.time_zone else ""))
    return column


def known_to_orc(column: pl.Series) -> pl.Series:
    """For ORC: texts of levels, of times of day and of lengths of time, 64 bits for whole numbers."""
    dtype = column.dtype
    if dtype in (pl.Categorical, pl.Enum, pl.Null):
        return column.cast(pl.String)
    if dtype in (pl.Time, pl.Duration):
        return known_to_text(column)
    if dtype == pl.Float16:
        return column.cast(pl.Float32)
    if dtype.is_unsigned_integer() or dtype == pl.Int128:
        whole = column.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == column.null_count() else column.cast(pl.String)
    return column


def _length(column: pl.Series, parts: int) -> pl.Series:
    ticks = column.to_physical()
    digits = next(n for n in range(10) if n == 9 or (ticks * 10**n % parts == 0).all())
    seconds = ticks.cast(pl.Float64) / parts
    form = DurationFormat("{h}:{m:02}:{s:02" + (f".{digits}" if digits else "") + "}")
    return seconds.to_frame("x").select(form.write(pl.col("x")).alias(column.name)).to_series()
