"""Polars types as short stable texts, such as "Int64" or "Datetime(us, UTC)", and back."""

from __future__ import annotations

import re

import polars as pl

from likewise.errors import SchemaError

_PLAIN: dict[str, pl.DataType] = {
    t.__name__: t()
    for t in (
        pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64,
        pl.UInt128, pl.Float16, pl.Float32, pl.Float64, pl.Boolean, pl.String, pl.Categorical,
        pl.Date, pl.Time, pl.Null,
    )
}  # fmt: skip
_UNITS = ("ms", "us", "ns")


def dtype_name(dtype: pl.DataType) -> str:
    """The text of a type a column may have; "" for one it may not (nested, binary, object).

    Example:
        >>> dtype_name(pl.Datetime("us", "UTC")), dtype_name(pl.List(pl.Int8))
        ('Datetime(us, UTC)', '')
    """
    if isinstance(dtype, pl.Datetime):
        return f"Datetime({dtype.time_unit}, {dtype.time_zone})" if dtype.time_zone else f"Datetime({dtype.time_unit})"
    if isinstance(dtype, pl.Duration):
        return f"Duration({dtype.time_unit})"
    if isinstance(dtype, pl.Decimal):
        return f"Decimal({dtype.precision}, {dtype.scale})"
    if isinstance(dtype, pl.Enum):
        return "Enum"
    name = type(dtype).__name__
    return name if name in _PLAIN else ""


def dtype_from_name(name: str, levels: tuple[str, ...] | None = None) -> pl.DataType:
    """The inverse of `dtype_name`; `levels` are those of an "Enum".

    Raises:
        SchemaError: no such type.
    """
    if name in _PLAIN:
        return _PLAIN[name]
    if name == "Enum":
        return pl.Enum(levels) if levels else pl.Categorical()
    match = re.fullmatch(r"(Datetime|Duration|Decimal)\((\w+)(?:, ([\w/+-]+))?\)", name)
    if match:
        base, first, second = match.groups()
        if base == "Datetime" and first in _UNITS:
            return pl.Datetime(first, second)  # type: ignore[arg-type]
        if base == "Duration" and first in _UNITS and second is None:
            return pl.Duration(first)  # type: ignore[arg-type]
        if base == "Decimal" and first.isdigit() and (second or "").isdigit():
            return pl.Decimal(int(first), int(second))
    raise SchemaError(f"{name!r} is not a type a column can have")
