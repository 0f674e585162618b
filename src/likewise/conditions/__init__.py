"""What drawn rows must obey: ranges, sets of values, missing. Written in Python, or as text such as "age=60..90"."""

from likewise.conditions.resolving import fit, resolve
from likewise.conditions.text import parse_where
from likewise.conditions.values import (
    Between,
    Condition,
    Missing,
    Not,
    OneOf,
    OrMissing,
    above,
    as_condition,
    below,
    between,
    days_apart,
    meeting,
    meets,
    missing,
    none_of,
    one_of,
)

__all__ = [
    "Between",
    "Condition",
    "Missing",
    "Not",
    "OneOf",
    "OrMissing",
    "above",
    "as_condition",
    "below",
    "between",
    "days_apart",
    "fit",
    "meeting",
    "meets",
    "missing",
    "none_of",
    "one_of",
    "parse_where",
    "resolve",
]
