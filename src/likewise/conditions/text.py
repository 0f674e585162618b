"""Conditions written as text, such as "age=60..90"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

from likewise.conditions.resolving import column_of, fit
from likewise.conditions.values import Between, Condition, Missing, Not, OfRows, OneOf, OrMissing
from likewise.errors import ConditionError
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.infer_column import SURE_TOKENS

_ORDERED = (Kind.INTEGER, Kind.REAL, Kind.DATETIME)
_SIGNS = (">=", "<=", "!=", "=", ">", "<")
_FORMS = (
    "a condition is written column=value, column=a|b, column!=value, column=low..high, column>=low, column<=high or "
    "column= (missing); a value that holds | or .. or stands for missing is put in quotes"
)


_OF_ROWS = re.compile(r"(?P<name>.+?)\s*\[(?P<which>some|every|-?\d+)\]\s*(?P<rest>(?:>=|<=|!=|=|>|<).*)", re.DOTALL)


def parse_row_where(text: str, schema: Schema) -> tuple[str, Condition | OfRows]:
    """The same as `parse_where`, of histories: behind the column may stand which of their rows are meant.

    `column[some]=value` (at least one row), `column[every]=value` (each row), `column[0]=value` (the first row),
    `column[-1]=value` (the last).

    Raises:
        ConditionError: as `parse_where` does.

    Example:
        >>> schema = Schema((Column(name="position", kind=Kind.CATEGORICAL),))
        >>> parse_row_where("position[some]=P", schema)
        ('position', OfRows(which='some', condition=OneOf(values=('P',))))
    """
    match = _OF_ROWS.fullmatch(text.strip())
    # A name that itself ends in brackets, as units do, is that name.
    if match is None or any(text.strip().startswith(name) for name in schema.names if name.endswith("]")):
        return parse_where(text, schema)
    name, condition = parse_where(match["name"] + match["rest"], schema)
    return name, OfRows(match["which"] if match["which"] in ("some", "every") else int(match["which"]), condition)  # type: ignore[arg-type]


def parse_length(text: str) -> Condition:
    """A number of rows or a range of it: `12`, `5..10`, `>=5`.

    Raises:
        ConditionError: it is none.
    """
    sign = "" if text.strip().startswith(_SIGNS) else "="
    return parse_where(f"length{sign}{text.strip()}", Schema((Column(name="length", kind=Kind.INTEGER),)))[1]


def parse_where(text: str, schema: Schema) -> tuple[str, Condition]:
    """A condition written as text.

    `column=value`, `column=a|b` (either), `column=60..90`, `column=60..`, `column=..90` (ranges, ends included; for
    numbers and dates only), `column>=60`, `column>60`, `column<=60`, `column<60`, `column!=value` (any other value,
    none missing), `column=` (missing), `column=a|` (a or missing). A value in double quotes is taken as it stands:
    `column="a|b"`, `column="NA"`, `column=""`; a quote inside is doubled. The first sign that follows a column's name
    divides; what comes behind it is the value, even if it begins with ">" or "<".

    Raises:
        ConditionError: no sign, no such column, or a value that the column's kind cannot take.

    Example:
        >>> schema = Schema((Column(name="income", kind=Kind.CATEGORICAL), Column(name="age", kind=Kind.INTEGER)))
        >>> parse_where("income=>50K", schema)
        ('income', OneOf(values=('>50K',)))
        >>> parse_where("age>=60", schema)
        ('age', Between(low=60, high=None, closed='both'))
    """
    text = text.strip() if text.strip().startswith(tuple(schema.names)) else text
    name, sign, value = _divided(text, schema)
    column = column_of(name, schema)
    return column.name, fit(_asked(sign, value, column), column)


def _divided(text: str, schema: Schema) -> tuple[str, str, str]:
    """Name, sign and value; of several names that fit, for one may hold a sign itself, the longest is meant."""
    for name in sorted(schema.names, key=len, reverse=True):
        for form in dict.fromkeys((name, normalize("NFC", name), normalize("NFD", name))):
            rest = text[len(form) :].lstrip() if text.startswith(form) else ""
            sign = next((sign for sign in _SIGNS if rest.startswith(sign)), None)
            if sign:
                return name, sign, rest[len(sign) :]
    match = re.match(r"(.*?)(>=|<=|!=|=|>|<)(.*)$", text, re.DOTALL)
    if match is None:
        raise ConditionError(_FORMS)
    return match[1].strip(), match[2], match[3]


def _asked(sign: str, value: str, column: Column) -> Condition:
    if sign in (">=", "<=", ">", "<"):
        end = _whole(value)[0].strip()
        if column.kind in _ORDERED and not end:
            raise ConditionError(f"column {column.name!r}: {sign} needs a number, a date or a time behind it")
        return Between(end, None, "both" if "=" in sign else "right") if ">" in sign else Between(
            None, end, "both" if "=" in sign else "left"
        )  # fmt: skip
    found = _values(value, column)
    if sign == "=":
        return found
    if isinstance(found, Missing | OrMissing):
        raise ConditionError(f"column {column.name!r}: != never draws a missing cell, so it takes values only")
    assert isinstance(found, Between | OneOf)
    return Not(found)


def _values(value: str, column: Column) -> Condition:
    ends = _range(value) if column.kind in _ORDERED and '"' not in value else None
    if ends is not None:
        if ends == (None, None):
            raise ConditionError(f"column {column.name!r}: a range needs an end, such as 60..90, 60.. or ..90")
        return Between(*ends)
    known, n_missing = [], 0
    for part in _parts(value):
        bare, is_quoted = _whole(part)
        if not is_quoted and (bare == "" or bare in column.missing or _is_token(bare, column)):
            n_missing += 1
        else:
            known.append(bare)
    if not known:
        return Missing()
    return OrMissing(OneOf(tuple(known))) if n_missing else OneOf(tuple(known))


def _is_token(text: str, column: Column) -> bool:
    """Whether a text stands for missing in a column that can hold no such text."""
    return column.kind not in (Kind.CATEGORICAL, Kind.TEXT) and text in SURE_TOKENS


def _range(value: str) -> tuple[str | None, str | None] | None:
    if ".." not in value:
        return None
    low, high = (part.strip() or None for part in value.split("..", 1))
    return low, high


def _parts(value: str) -> Iterator[str]:
    """The parts between bars that stand in no quotes."""
    return (match[0] for match in re.finditer(r'(?:"(?:[^"]|"")*"(?=\||$)|[^|])+|(?<=\|)(?=\||$)|^(?=\||$)', value))


def _whole(part: str) -> tuple[str, bool]:
    """A part without the quotes around it, and whether it had some."""
    if len(part) >= 2 and part.startswith('"') and part.endswith('"') and not part[1:-1].replace('""', "").count('"'):
        return part[1:-1].replace('""', '"'), True
    return part, False
