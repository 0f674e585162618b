"""What a caller may ask of a cell: a range, a set of values, missing, the opposite, and which rows meet it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Set
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal
from unicodedata import normalize

import polars as pl

from likewise.errors import ConditionError

Closed = Literal["both", "left", "right", "none"]


@dataclass(frozen=True)
class Between:
    """A range: numbers, dates or times from `low` to `high`; None leaves that side open.

    Args:
        low, high: the ends.
        closed: which ends belong to the range.

    Raises:
        ConditionError: low > high, an end is not a number, or both are open.
    """

    low: Any
    high: Any
    closed: Closed = "both"

    def __post_init__(self) -> None:
        if self.closed not in ("both", "left", "right", "none"):
            raise ConditionError(f"closed must be 'both', 'left', 'right' or 'none', got {self.closed!r}")
        if self.low is None and self.high is None:
            raise ConditionError("a range needs at least one end")
        if any(end is not None and is_missing(end) for end in (self.low, self.high)):
            raise ConditionError("an end of a range must not be missing (NaN, NaT, NA); None leaves it open")
        if self.low is None or self.high is None or (isinstance(self.low, str) and isinstance(self.high, str)):
            return  # texts are compared once it is known what they say
        try:
            if self.low > self.high or (self.low == self.high and self.closed != "both"):
                raise ConditionError("the range is empty: its low end must lie below its high end")
        except TypeError:
            types = f"{type(self.low).__name__} and {type(self.high).__name__}"
            raise ConditionError(f"the ends of a range must be of one type, got {types}") from None


@dataclass(frozen=True)
class OneOf:
    """A set of values, any of which will do. Order does not matter; doubles are dropped."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        try:
            values = tuple(dict.fromkeys(self.values))
        except TypeError:
            kinds = ", ".join(sorted({type(value).__name__ for value in self.values}))
            raise ConditionError(f"a set holds plain values (numbers, texts, dates), got {kinds}") from None
        if not values:
            raise ConditionError("one_of needs at least one value")
        if any(is_missing(v) for v in values):
            raise ConditionError("one_of takes values, not a missing one: use missing() for that")
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class Missing:
    """The cell is missing."""


@dataclass(frozen=True)
class Not:
    """The cell holds a value, and it does not meet a condition."""

    condition: Between | OneOf


@dataclass(frozen=True)
class OrMissing:
    """The cell meets a condition or is missing."""

    condition: Between | OneOf | Not


Condition = Between | OneOf | Missing | Not | OrMissing


@dataclass(frozen=True)
class OfRows:
    """A condition on rows of a history.

    Args:
        which: "some" of them, "every" one, or the one at a place: 0 the first, -1 the last.
        condition: as a column takes it.
    """

    which: Literal["some", "every"] | int
    condition: Any

    def __post_init__(self) -> None:
        if isinstance(self.which, bool) or not (isinstance(self.which, Integral) or self.which in ("some", "every")):
            raise ConditionError(f"a row's place is a whole number, 0 the first and -1 the last, got {self.which!r}")
        if isinstance(self.condition, OfRows):
            raise ConditionError("a condition is on some rows, on every row or on one at a place: not on two of these")


def some_row(condition: Any) -> OfRows:
    """Of a history: at least one of its rows meets this.

    Example:
        >>> some_row("P")
        OfRows(which='some', condition='P')
    """
    return OfRows("some", condition)


def every_row(condition: Any) -> OfRows:
    """Of a history: each of its rows meets this condition.

    Example:
        >>> every_row(above(0))
        OfRows(which='every', condition=Between(low=0, high=None, closed='right'))
    """
    return OfRows("every", condition)


def at_row(place: int, condition: Any) -> OfRows:
    """Of a history: the row at this place meets this condition, 0 the first and -1 the last; a shorter one does not.

    Example:
        >>> at_row(-1, "discharged")
        OfRows(which=-1, condition='discharged')
    """
    return OfRows(place, condition)


def between(low: Any, high: Any, *, closed: Closed = "both") -> Between:
    """Values from low to high, both included unless `closed` says otherwise.

    Example:
        >>> between(60, 90)
        Between(low=60, high=90, closed='both')
    """
    return Between(low, high, closed)


def below(high: Any) -> Between:
    """Values less than high.

    Example:
        >>> below(18)
        Between(low=None, high=18, closed='left')
    """
    return Between(None, high, "left")


def above(low: Any) -> Between:
    """Values greater than low.

    Example:
        >>> above(65)
        Between(low=65, high=None, closed='right')
    """
    return Between(low, None, "right")


def one_of(*values: Any) -> OneOf | OrMissing | Missing:
    """Any of these values: `one_of("a", "b")` or `one_of(["a", "b"])`; None among them is a missing cell.

    Example:
        >>> one_of("a", "b")
        OneOf(values=('a', 'b'))
    """
    if len(values) == 1 and _is_several(values[0]):
        values = tuple(values[0])
    known = tuple(v for v in values if not is_missing(v))
    if len(known) == len(values):
        return OneOf(known)
    return OrMissing(OneOf(known)) if known else Missing()


def none_of(*values: Any) -> Not:
    """A value, but none of these values: `none_of("a", "b")` or `none_of(["a", "b"])`.

    Example:
        >>> none_of("a", "b")
        Not(condition=OneOf(values=('a', 'b')))
    """
    if len(values) == 1 and _is_several(values[0]):
        values = tuple(values[0])
    return Not(OneOf(values))


def missing() -> Missing:
    """No value.

    Example:
        >>> missing()
        Missing()
    """
    return Missing()


def meeting(table: pl.DataFrame, conditions: Mapping[str, Condition]) -> pl.Series:
    """(n,) which rows of a canonical frame meet all conditions, as `resolve` gives them; a missing cell meets missing.

    Example:
        >>> meeting(pl.DataFrame({"age": [30, 61, None]}), {"age": between(60, 90)}).to_list()
        [False, True, False]
    """
    met = pl.Series([True]).new_from_index(0, len(table))
    for name, condition in conditions.items():
        met &= table.select(meets(pl.col(name), condition, table.schema[name]).fill_null(False)).to_series()
    return met


def meets(cell: pl.Expr, condition: Condition, dtype: pl.DataType) -> pl.Expr:
    """Whether a canonical cell of that type meets a condition, as `resolve` gives it; null where a range or a set is
    asked of a missing cell."""
    if isinstance(condition, Missing):
        return cell.is_null()
    if isinstance(condition, Not):
        return cell.is_not_null() & ~meets(cell, condition.condition, dtype)
    if isinstance(condition, OrMissing):
        return cell.is_null() | meets(cell, condition.condition, dtype)
    if isinstance(condition, OneOf):
        if isinstance(dtype, pl.Datetime):  # whole days among moments
            days, moments = days_apart(condition)
            return cell.dt.date().is_in(days) | cell.is_in(pl.Series(moments, dtype=dtype).implode())
        if dtype == pl.String:
            return cell.is_in([form for v in condition.values for form in spellings(v)])
        return cell.is_in(list(condition.values))
    sides = []
    if condition.low is not None:
        sides.append(cell >= condition.low if condition.closed in ("both", "left") else cell > condition.low)
    if condition.high is not None:
        sides.append(cell <= condition.high if condition.closed in ("both", "right") else cell < condition.high)
    return pl.all_horizontal(*sides)


def days_apart(condition: OneOf) -> tuple[list[dt.date], list[dt.datetime]]:
    """The values of a set on timestamps that mean whole days, and those that are moments."""
    days = [v for v in condition.values if not isinstance(v, dt.datetime)]
    return days, [v for v in condition.values if isinstance(v, dt.datetime)]


def spellings(text: str) -> tuple[str, ...]:
    """A text as it stands, and with its accents composed and apart: to a reader they are one."""
    return tuple(dict.fromkeys((text, normalize("NFC", text), normalize("NFD", text))))


def as_condition(given: Any) -> Condition:
    """What was given for a column as a condition: a value, several (a list, a set, an array, a series), None for
    missing."""
    if isinstance(given, Between | OneOf | Missing | Not | OrMissing):
        return given
    if isinstance(given, OfRows) or (isinstance(given, list | tuple) and any(isinstance(v, OfRows) for v in given)):
        raise ConditionError("some_row, every_row and at_row are of the rows of a history, and of these alone")
    if _is_several(given):
        return one_of(list(given))
    return Missing() if is_missing(given) else OneOf((given,))


def _is_several(given: Any) -> bool:
    """Whether it is values in a row: a list, a set, a range, an array of one dimension, a series."""
    return (
        isinstance(given, list | tuple | Set | range) or getattr(given, "ndim", None) == 1 or hasattr(given, "to_list")
    )


def is_missing(value: Any) -> bool:
    """None, and whatever is not equal to itself: NaN, NaT, NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # pandas' NA has no truth value
        return type(value).__name__ == "NAType"
