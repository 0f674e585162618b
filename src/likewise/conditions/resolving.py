"""Conditions in the canonical types of a schema's columns, read as the columns' own cells are."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from unicodedata import normalize

import numpy as np
import polars as pl

from likewise.conditions.values import Between, Condition, Missing, Not, OneOf, OrMissing, as_condition
from likewise.errors import ConditionError, SchemaError, nearest
from likewise.schema import times
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.dtypes import dtype_from_name
from likewise.schema.parse import canonical_dtype, parse_column

_NEEDS = {
    Kind.INTEGER: "a whole number",
    Kind.REAL: "a number",
    Kind.DATETIME: "a date or time, written as in the column or in ISO form",
}
_ISO: dict[Any, str] = {pl.Time: "%H:%M:%S", pl.Date: "%Y-%m-%d"}
_ORDERED = (Kind.INTEGER, Kind.REAL, Kind.DATETIME)


def resolve(where: Mapping[str, Any], schema: Schema) -> dict[str, Condition]:
    """Conditions by column, each checked against its column's kind and in canonical types.

    A plain value means that value, a list or set any of its values, None a missing cell. Texts of dates and numbers
    are read as the column's own are. A bare date means its whole day, a month ("2020-05", a Period) all of its days.

    Raises:
        ConditionError: no such column, a column that is not modelled, or a value that its kind cannot take.

    Example:
        >>> from likewise.conditions import between
        >>> schema = Schema((Column(name="age", kind=Kind.INTEGER), Column(name="income", kind=Kind.CATEGORICAL)))
        >>> resolve({"age": between(60, 90), "income": ">50K"}, schema)
        {'age': Between(low=60, high=90, closed='both'), 'income': OneOf(values=('>50K',))}
    """
    out: dict[str, Condition] = {}
    for name, given in where.items():
        column = column_of(str(name), schema)
        out[column.name] = fit(as_condition(given), column)
    return out


def column_of(name: str, schema: Schema) -> Column:
    """The column of that name, which takes conditions."""
    if name not in schema.names:
        alike = [known for known in schema.names if normalize("NFC", known) == normalize("NFC", name)]
        if len(alike) != 1:
            raise ConditionError(f"there is no column {name!r} to put a condition on{nearest(name, schema.names)}")
        name = alike[0]
    column = schema[name]
    if not column.is_modelled:
        raise ConditionError(f"column {name!r} has role {column.role.value!r}: not modelled, it takes no condition")
    return column


def fit(condition: Condition, column: Column) -> Condition:
    """The condition in the column's canonical types."""
    if isinstance(condition, Missing):
        return condition
    if isinstance(condition, Not | OrMissing):
        return type(condition)(fit(condition.condition, column))  # type: ignore[arg-type]
    if column.kind is Kind.DATETIME:
        return _fit_times(condition, column)
    if isinstance(condition, OneOf):
        return OneOf(_convert(condition.values, column))
    if column.kind not in _ORDERED:
        raise ConditionError(
            f"column {column.name!r} is {column.kind.value}: it has no order, so it takes values, not a range"
        )
    ends = [None if e is None else _convert_end(e, column) for e in (condition.low, condition.high)]
    return Between(ends[0], ends[1], condition.closed)


# ---- dates and times ---------------------------------------------------------------------------------------------


def _fit_times(condition: Between | OneOf, column: Column) -> Condition:
    """Each value is a span, of a moment or of the days it names; a range begins and ends with its ends' spans."""
    if isinstance(condition, Between):
        low = None if condition.low is None else _span(condition.low, column)
        high = None if condition.high is None else _span(condition.high, column)
        first = None if low is None else low[condition.closed in ("right", "none")]
        last = None if high is None else high[condition.closed in ("both", "right")]
        return Between(first, last, condition.closed)
    spans = [_span(value, column) for value in condition.values]
    if all(first == last for first, last in spans):
        return OneOf(tuple(first for first, _ in spans))
    if len(spans) == 1:
        return Between(*spans[0])
    return OneOf(tuple(value for span in spans for value in _days_of(*span)))


def _days_of(first: Any, last: Any) -> list[Any]:
    """The days of a span, or the moment that it is."""
    if first == last:
        return [first]
    start, stop = (end.date() if isinstance(end, dt.datetime) else end for end in (first, last))
    return [start + dt.timedelta(days=i) for i in range((stop - start).days + 1)]


def _span(value: Any, column: Column) -> tuple[Any, Any]:
    """The first and the last moment a value means, in the canonical type.

    Raises:
        ConditionError: it is no date or time that the column can hold.
    """
    wanted = canonical_dtype(column)
    if isinstance(value, np.datetime64):
        unit = np.datetime_data(value)[0]
        value = (
            str(value) if unit in ("Y", "M") else value.astype(f"datetime64[{'D' if unit in 'WD' else 'us'}]").item()
        )
    found = None
    if hasattr(value, "start_time") and hasattr(value, "end_time"):  # a period of pandas
        ends = (value.start_time.to_pydatetime(), value.end_time.floor("us").to_pydatetime())
        found = tuple(_in_type(end, wanted) for end in ends)
    elif isinstance(value, str):
        found = _span_of_text(value.strip(), column, wanted)
    elif isinstance(value, dt.time) == (wanted == pl.Time) and isinstance(value, dt.date | dt.time):
        bare = not isinstance(value, dt.datetime)
        if bare and isinstance(wanted, pl.Datetime) and isinstance(value, dt.date):
            found = _whole_days(value, value, wanted)
        else:
            found = (_in_type(value, wanted),) * 2
    if found is None or None in found:
        raise ConditionError(f"column {column.name!r} is {column.kind.value}: a condition needs {_NEEDS[column.kind]}")
    return found[0], found[1]


def _in_type(value: Any, wanted: pl.DataType) -> Any:
    found = times.as_time(pl.Series([value]), wanted)[0]
    if found is None and isinstance(wanted, pl.Datetime) and wanted.time_unit == "ns":  # which end in the year 2262
        return _in_type(value, pl.Datetime("us", wanted.time_zone))
    return found


def _whole_days(first: dt.date, last: dt.date, wanted: pl.DataType) -> tuple[Any, Any]:
    if not isinstance(wanted, pl.Datetime):
        return first, last
    ends = dt.datetime.combine(first, dt.time()), dt.datetime.combine(last, dt.time(23, 59, 59, 999_999))
    return _in_type(ends[0], wanted), _in_type(ends[1], wanted)


def _span_of_text(text: str, column: Column, wanted: pl.DataType) -> tuple[Any, Any] | None:
    month = re.fullmatch(r"(\d{4})(?:-(\d\d))?", text)
    if month and wanted != pl.Time and 1 <= int(month[2] or 1) <= 12 and int(month[1]) > 0:
        year, first, last = int(month[1]), int(month[2] or 1), int(month[2] or 12)
        after = dt.date(year + last // 12, last % 12 + 1, 1)
        return _whole_days(dt.date(year, first, 1), after - dt.timedelta(days=1), wanted)
    pattern = column.format or _ISO.get(wanted.base_type(), "%Y-%m-%d %H:%M:%S")
    exact = times.read(pl.Series([text]), pattern)[0]
    if exact is None and isinstance(wanted, pl.Datetime) and ":" not in text:
        date_part = re.split(r"[ T]?%-?[HI]", pattern)[0]
        day = times.read(pl.Series([text]), date_part, fallbacks=True)[0]
        if isinstance(day, dt.date):
            day = day.date() if isinstance(day, dt.datetime) else day
            return _whole_days(day, day, wanted)
    moment = times.as_time(times.read(pl.Series([text]), pattern, fallbacks=True), wanted)[0]
    if exact is not None and isinstance(wanted, pl.Datetime) and not isinstance(exact, dt.datetime):
        return _whole_days(exact, exact, wanted)
    return moment, moment


# ---- numbers and levels ------------------------------------------------------------------------------------------


def _convert_end(end: Any, column: Column) -> Any:
    """One end of a range; an end among whole numbers need not be whole, and may be infinite among all numbers."""
    if isinstance(end, Decimal):
        end = int(end) if end.is_finite() and end == end.to_integral_value() else float(end)
    if isinstance(end, str) and column.kind is Kind.INTEGER:
        number = _read_text(end, Column(name=column.name, kind=Kind.REAL, format=column.format))
        if number is not None and not float(number).is_integer():
            return number
    if isinstance(end, float) and (math.isinf(end) or not end.is_integer()):
        return end
    return _convert((end,), column)[0]


def _convert(values: tuple[Any, ...], column: Column) -> tuple[Any, ...]:
    """Values as the column's canonical type, read as the column's own cells are."""
    if column.kind is Kind.BOOLEAN:
        return tuple(_truth(v, column) for v in values)
    if column.kind in (Kind.CATEGORICAL, Kind.TEXT):
        texts = tuple(str(v).lower() if isinstance(v, bool | np.bool_) else str(v) for v in values)
        if column.levels is not None and column.dtype != "Enum":
            declared = {normalize("NFC", level): level for level in column.levels}
            unknown = [t for t in texts if normalize("NFC", t) not in declared]
            if unknown:
                raise ConditionError(f"column {column.name!r}: {len(unknown)} of the values are not declared levels")
            texts = tuple(declared[normalize("NFC", t)] for t in texts)
        return texts
    out = []
    for v in values:
        read = _read_text(v, column) if isinstance(v, str) else _read_object(v, column)
        if read is None:
            raise ConditionError(
                f"column {column.name!r} is {column.kind.value}: a condition needs {_NEEDS[column.kind]}"
            )
        out.append(read)
    return tuple(out)


def _read_text(value: str, column: Column) -> Any:
    """A text read as the column's cells are. None if it cannot be read."""
    for form in dict.fromkeys((column.format, None)):
        as_written = Column(name=column.name, kind=column.kind, format=form)
        try:
            return parse_column(pl.Series(column.name, [value]), as_written)[0]
        except SchemaError:
            continue
    return None


def _read_object(value: Any, column: Column) -> Any:
    """A number or a duration of Python, NumPy or pandas in the canonical type; None if it does not fit."""
    stored = dtype_from_name(column.dtype, column.levels)
    if isinstance(stored, pl.Duration):
        if hasattr(value, "to_timedelta64"):
            value = value.to_timedelta64()
        if isinstance(value, np.timedelta64 | dt.timedelta):
            span = (
                pl.Series(np.array([value], "timedelta64[ns]"))
                if isinstance(value, np.timedelta64)
                else pl.Series([value])
            )
            return int(span.cast(stored).to_physical()[0])
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
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
