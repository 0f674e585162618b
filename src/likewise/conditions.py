"""What drawn rows must obey: ranges, sets of values, missing. Written in Python, or as text such as "age=60..90"."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from likewise.errors import ConditionError, SchemaError, nearest
from likewise.schema import times
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.parse import as_time, canonical_dtype, parse_column

Closed = Literal["both", "left", "right", "none"]
_NEEDS = {
    Kind.INTEGER: "a whole number",
    Kind.REAL: "a number",
    Kind.DATETIME: "a date or time, written as in the column or in ISO form",
}
_ORDERED = (Kind.INTEGER, Kind.REAL, Kind.DATETIME)


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
        if any(isinstance(end, float) and math.isnan(end) for end in (self.low, self.high)):
            raise ConditionError("an end of a range must not be NaN")
        if self.low is None or self.high is None:
            return
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
        values = tuple(dict.fromkeys(self.values))
        if not values:
            raise ConditionError("one_of needs at least one value")
        if any(_is_missing(v) for v in values):
            raise ConditionError("one_of takes values, not a missing one: use missing() for that")
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class Missing:
    """The cell is missing."""


Condition = Between | OneOf | Missing


def between(low: Any, high: Any, *, closed: Closed = "both") -> Between:
    """Values from low to high, both included unless `closed` says otherwise.

    Example:
        >>> between(60, 90)
        Between(low=60, high=90, closed='both')
    """
    return Between(low, high, closed)


def below(high: Any) -> Between:
    """Values less than high."""
    return Between(None, high, "left")


def above(low: Any) -> Between:
    """Values greater than low."""
    return Between(low, None, "right")


def one_of(*values: Any) -> OneOf:
    """Any of these values: `one_of("a", "b")` or `one_of(["a", "b"])`."""
    if len(values) == 1 and isinstance(values[0], list | tuple | Set):
        return OneOf(tuple(values[0]))
    return OneOf(values)


def missing() -> Missing:
    """No value."""
    return Missing()


def resolve(where: Mapping[str, Any], schema: Schema) -> dict[str, Condition]:
    """Conditions by column, each checked against its column's kind and in canonical types.

    A plain value means that value, a list or set any of its values, None a missing cell. Texts of dates and numbers
    are read as the column's own are.

    Raises:
        ConditionError: no such column, a column that is not modelled, or a value that its kind cannot take.

    Example:
        >>> schema = Schema((Column(name="age", kind=Kind.INTEGER), Column(name="income", kind=Kind.CATEGORICAL)))
        >>> resolve({"age": between(60, 90), "income": ">50K"}, schema)
        {'age': Between(low=60, high=90, closed='both'), 'income': OneOf(values=('>50K',))}
    """
    out: dict[str, Condition] = {}
    for name, given in where.items():
        out[name] = _fit(_as_condition(given), _column(name, schema))
    return out


def meeting(table: pl.DataFrame, conditions: Mapping[str, Condition]) -> pl.Series:
    """(n,) which rows of a canonical frame meet all conditions, as `resolve` gives them; a missing cell meets missing.

    Example:
        >>> meeting(pl.DataFrame({"age": [30, 61, None]}), {"age": between(60, 90)}).to_list()
        [False, True, False]
    """
    met = pl.Series([True]).new_from_index(0, len(table))
    for name, condition in conditions.items():
        met &= table.select(_meets(pl.col(name), condition).fill_null(False)).to_series()
    return met


def _meets(cell: pl.Expr, condition: Condition) -> pl.Expr:
    if isinstance(condition, Missing):
        return cell.is_null()
    if isinstance(condition, OneOf):
        return cell.is_in(list(condition.values))
    sides = []
    if condition.low is not None:
        sides.append(cell >= condition.low if condition.closed in ("both", "left") else cell > condition.low)
    if condition.high is not None:
        sides.append(cell <= condition.high if condition.closed in ("both", "right") else cell < condition.high)
    return pl.all_horizontal(*sides)


def parse_where(text: str, schema: Schema) -> tuple[str, Condition]:
    """A condition written as text.

    `column=value`, `column=a|b` (either), `column=60..90`, `column=60..`, `column=..90` (ranges, ends included; for
    numbers and dates only), `column=` (missing). The first "=" that follows a column's name divides; what comes behind
    it is the value, even if it begins with ">" or "<".

    Raises:
        ConditionError: no "=", no such column, or a value that the column's kind cannot take.

    Example:
        >>> parse_where("income=>50K", Schema((Column(name="income", kind=Kind.CATEGORICAL),)))
        ('income', OneOf(values=('>50K',)))
    """
    if "=" not in text:
        raise ConditionError("a condition is written column=value, column=a|b, column=low..high or column= (missing)")
    # A column's name may itself hold "=": the longest name that fits is meant.
    fitting = [n for n in schema.names if text.startswith(n + "=")]
    name = max(fitting, key=len) if fitting else text.split("=", 1)[0].strip()
    value = text[len(name) + 1 :] if fitting else text.split("=", 1)[1]
    column = _column(name, schema)
    return name, _fit(_read_value(value, column), column)


def _column(name: str, schema: Schema) -> Column:
    if name not in schema.names:
        raise ConditionError(f"there is no column {name!r} to put a condition on{nearest(name, schema.names)}")
    column = schema[name]
    if not column.is_modelled:
        raise ConditionError(f"column {name!r} has role {column.role.value!r}: not modelled, it takes no condition")
    return column


def _read_value(value: str, column: Column) -> Condition:
    if value == "" or value in column.missing:
        return Missing()
    if column.kind in _ORDERED and ".." in value:
        low, high = (part.strip() or None for part in value.split("..", 1))
        if low is None and high is None:
            raise ConditionError(f"column {column.name!r}: a range needs an end, such as 60..90, 60.. or ..90")
        return Between(
            None if low is None else _convert((low,), column)[0],
            None if high is None else _end_of_day(_convert((high,), column)[0], high),
        )
    return OneOf(tuple(value.split("|")))


def _end_of_day(end: Any, text: str) -> Any:
    """A timestamp written as a mere date, as the end of a range, means that day to its last microsecond."""
    if isinstance(end, dt.datetime) and ":" not in text:
        return end.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return end


def _as_condition(given: Any) -> Condition:
    if isinstance(given, Between | OneOf | Missing):
        return given
    if _is_missing(given):
        return Missing()
    if isinstance(given, list | tuple | Set):
        return OneOf(tuple(given))
    return OneOf((given,))


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _fit(condition: Condition, column: Column) -> Condition:
    """The condition in the column's canonical types."""
    if isinstance(condition, Missing):
        return condition
    if isinstance(condition, OneOf):
        return OneOf(_convert(condition.values, column))
    if column.kind not in _ORDERED:
        raise ConditionError(
            f"column {column.name!r} is {column.kind.value}: it has no order, so it takes values, not a range"
        )
    ends = [None if e is None else _convert_end(e, column) for e in (condition.low, condition.high)]
    return Between(ends[0], ends[1], condition.closed)


def _convert_end(end: Any, column: Column) -> Any:
    """One end of a range; an end among whole numbers need not be whole, and may be infinite among all numbers."""
    if column.kind is not Kind.DATETIME and isinstance(end, float) and (math.isinf(end) or not end.is_integer()):
        return end
    return _convert((end,), column)[0]


def _convert(values: tuple[Any, ...], column: Column) -> tuple[Any, ...]:
    """Values as the column's canonical type, read as the column's own cells are."""
    wanted = canonical_dtype(column)
    if column.kind is Kind.BOOLEAN:
        return tuple(_truth(v, column) for v in values)
    if column.kind in (Kind.CATEGORICAL, Kind.TEXT):
        if column.levels is not None and column.dtype != "Enum":
            unknown = [v for v in values if str(v) not in column.levels]
            if unknown:
                raise ConditionError(f"column {column.name!r}: {len(unknown)} of the values are not declared levels")
        return tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in values)
    out = []
    for v in values:
        read = _read_text(v, column) if isinstance(v, str) else _read_object(v, column, wanted)
        if read is None:
            raise ConditionError(
                f"column {column.name!r} is {column.kind.value}: a condition needs {_NEEDS[column.kind]}"
            )
        out.append(read)
    return tuple(out)


def _read_text(value: str, column: Column) -> Any:
    """A text read as the column's cells are; dates also in ISO form. None if it cannot be read."""
    if column.kind is Kind.DATETIME:
        wanted = canonical_dtype(column)
        pattern = column.format or ("%H:%M:%S" if wanted == pl.Time else "%Y-%m-%d")
        clock = times.read(pl.Series([value.strip()]), pattern, fallbacks=True)
        return as_time(clock, wanted)[0]
    for form in dict.fromkeys((column.format, None)):
        as_written = Column(name=column.name, kind=column.kind, format=form)
        try:
            return parse_column(pl.Series(column.name, [value]), as_written)[0]
        except SchemaError:
            continue
    return None


def _read_object(value: Any, column: Column, wanted: pl.DataType) -> Any:
    """A number, date or time of Python or NumPy in the canonical type; None if it does not fit."""
    if hasattr(value, "item"):
        value = value.item()
    if column.kind is Kind.DATETIME:
        if not isinstance(value, dt.date | dt.time):
            return None
        return parse_column(pl.Series(column.name, [value]), column)[0]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if column.kind is Kind.REAL:
        return float(value)
    return int(value) if float(value).is_integer() else None


def _truth(value: Any, column: Column) -> bool:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return value
    labels = column.labels
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if labels and text.strip() in (labels[0].strip(), labels[1].strip()):
        return text.strip() == labels[1].strip()
    if text.strip().lower() in ("true", "yes", "y", "1", "t", "on"):
        return True
    if text.strip().lower() in ("false", "no", "n", "0", "f", "off"):
        return False
    raise ConditionError(f"column {column.name!r} is boolean: a condition needs true, false or one of its labels")
