"""Conditions that are said as quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from likewise.conditions import Between, Condition, resolve
from likewise.errors import ConditionError, nearest
from likewise.schema.column import Kind, Schema


@dataclass(frozen=True)
class Quantiles:
    """The values between two quantiles of a column, as `quantiles(.9, 1)` makes it."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 1:
            raise ConditionError("quantiles need 0 <= low < high <= 1")


def quantiles(low: float, high: float) -> Quantiles:
    """A condition: the value lies between these quantiles of the column's rows.

    Example:
        >>> quantiles(0.9, 1)
        Quantiles(low=0.9, high=1)
    """
    return Quantiles(low, high)


def settle(where: Mapping[str, Any], schema: Schema, reference: pl.DataFrame) -> dict[str, Condition]:
    """Conditions by column in canonical types, quantiles turned into ranges.

    Args:
        reference: canonical rows whose quantiles count.

    Raises:
        ConditionError: no such column, or one that the condition does not fit.
    """
    plain: dict[str, Any] = {}
    for name, condition in where.items():
        if isinstance(condition, Quantiles):
            condition = _range(name, condition, schema, reference)
        plain[str(name)] = condition
    return resolve(plain, schema)


def _range(name: str, asked: Quantiles, schema: Schema, reference: pl.DataFrame) -> Between:
    if name not in schema.names:
        raise ConditionError(f"there is no column {name!r} to put a condition on{nearest(name, schema.names)}")
    if schema[name].kind not in (Kind.INTEGER, Kind.REAL, Kind.DATETIME):
        raise ConditionError(f"column {name!r} is {schema[name].kind.value}: it has no order, so it has no quantiles")
    known = reference[name].drop_nulls().sort()
    if not len(known):
        raise ConditionError(f"column {name!r}: all values are missing, so it has no quantiles")
    ends = [known[min(int(level * len(known)), len(known) - 1)] for level in (asked.low, asked.high)]
    return Between(None if asked.low == 0 else ends[0], None if asked.high == 1 else ends[1])
