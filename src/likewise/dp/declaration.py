"""What a budget of privacy may know of a table for free: a person's word, and how the columns are stored."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import polars as pl

from likewise.codecs.ids import MAX_WIDTH
from likewise.codecs.lattice import MOST_DECIMALS
from likewise.codecs.people import is_personal
from likewise.dp.ledger import DP
from likewise.errors import OptionError, PrivacyError, SchemaError
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.dtypes import dtype_from_name

UUID = "uuid"
COUNTED = re.compile(f"(?<!0)0{{1,{MAX_WIDTH}}}$")
"""The digits at the end of an id's format."""

ROUNDING = Fraction(1, 10**9)
"""Of a bound, in units of a number's decimals."""

EXAMPLES = {
    "kind": "'KIND'",
    "levels": "('LEVEL', ...)",
    "bounds": "(LEAST, GREATEST)",
    "format": "'FORMAT'",
    "nullable": "TRUE_OR_FALSE",
    "role": "'drop'",
}
"""What is pasted and filled in, by field."""


@dataclass(frozen=True)
class Declaration(Schema):
    """A schema that is a person's word alone, with all that a budget needs: what a private fit knows beside its rows.

    Raises:
        SchemaError: a field was told from the rows.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        found = [column.name for column in self if column.found or column.notes]
        if found:
            raise SchemaError(f"a declaration holds nothing told from the rows, but {', '.join(map(repr, found))} does")

    @classmethod
    def of(cls, schema: Schema | None, stored: Mapping[str, pl.DataType], budget: DP, *, in_file: bool = False) -> Self:
        """What was declared of a table whose columns are stored in these types; what was found in it is dropped.

        Args:
            in_file: the schema is one of a file, so that is where the error says to mend it.

        Raises:
            OptionError: there is no schema.
            PrivacyError: something is neither declared nor paid for. All of it is named at once, with the ways out.
        """
        if schema is None:
            raise OptionError(
                "privacy needs a schema: columns told from the data would be told for free. Infer one, look it through "
                "as what anybody may know, and declare bounds, levels and nullable in it"
            )
        entity = budget.entity
        if entity is not None and entity in schema and not {"kind", "role"} & schema[entity].said.keys():
            schema = schema.replace(entity, kind=Kind.ID)  # the budget names it, and that is a person's word
        unsaid = {column.name: _unsaid(column, stored.get(column.name), budget) for column in schema}
        unsaid = {name: fields for name, fields in unsaid.items() if fields}
        if unsaid:
            raise PrivacyError(_request(unsaid, in_file=in_file))
        return cls(tuple(column.declared() for column in schema), rules=schema.rules)


def _request(unsaid: Mapping[str, Mapping[str, str]], *, in_file: bool) -> str:
    """All that is missing in one message, with a piece to paste, so that a schema is completed in one go."""
    reasons = [f"\n- {name!r} {text}" for name, fields in unsaid.items() for text in fields.values()]
    pieces = {name: ", ".join(f"{field!r}: {EXAMPLES[field]}" for field in fields) for name, fields in unsaid.items()}
    if in_file:
        lines = [f"\n    {{'name': {name!r}, {piece}, ...}}," for name, piece in pieces.items()]
        paste = "in the schema file, beside 'found', which was told from the rows and counts for nothing:"
        paste += "".join(lines).translate(str.maketrans("()'", '[]"'))
    else:
        lines = [f"\n    {name!r}: {{{piece}}}," for name, piece in pieces.items()]
        paste = f"such as\nschema = schema.declare({{{''.join(lines)}\n}})"
    return (
        f"under differential privacy nothing may be read from the data for free, and the schema leaves unsaid "
        f"({len(reasons)}):{''.join(reasons)}\nSay what anybody may know, {paste}"
    )


def _unsaid(column: Column, stored: pl.DataType | None, budget: DP) -> dict[str, str]:
    """What must be said of a column, or the budget must pay for: field -> why, and the ways out."""
    kind = column.declared_kind
    if kind is None:
        unsaid = {
            "kind": "declares no kind, and texts may be anything: set it, with the levels of a category, the bounds of "
            "numbers, the bounds and format of dates, or the format of an id; or set role 'drop'"
        }
        return unsaid | _unsaid_of_missing(column, budget.pay)
    column = column.declared()
    if column.role is Role.DROP:
        return {}
    if column.name == budget.entity and not column.is_key:
        return {"kind": "tells the entities apart, so it must be of kind id (keys are made anew) or dropped"}
    if is_personal(column):
        return {}
    if column.is_key:
        if column.format in (None, UUID) or COUNTED.search(str(column.format)):
            return {}
        return {
            "format": "is an id whose format must be 'uuid', or a text that ends in a 0 for each digit of a number; or "
            "say the semantic of what it tells of people, such as 'email'"
        }
    if kind is Kind.TEXT:
        return {
            "role": "is of kind text, whose characters no budget could hide: drop it, or declare it categorical with "
            "its levels"
        }
    return _unsaid_of_values(column, stored, budget.pay)


def _unsaid_of_values(column: Column, stored: pl.DataType | None, pay: tuple[str, ...] | str) -> dict[str, str]:
    kind, unsaid = column.kind, {}
    if kind is Kind.DATETIME and column.format is None and not _is_time(column, stored):
        unsaid["format"] = "declares no format, which would be told from the data: set it, such as '%Y-%m-%d'"
    if kind is Kind.CATEGORICAL and column.levels is None and "levels" not in pay:
        unsaid["levels"] = "declares no levels: list them, or pay for 'levels' (a part of epsilon and delta)"
    if kind in (Kind.INTEGER, Kind.REAL) and not is_bounded(column) and "bounds" not in pay:
        unsaid["bounds"] = "declares no finite bounds: set them, or pay for 'bounds' (a part of epsilon)"
    if kind in (Kind.INTEGER, Kind.REAL) and is_bounded(column) and not _holds_numbers(column):
        unsaid["bounds"] = (
            "declares bounds that hold no number of its decimals, or that no 64 bits can count: set other bounds, or "
            "other decimals"
        )
    if kind is Kind.DATETIME and column.bounds is None and "bounds" not in pay:
        unsaid["bounds"] = (
            "declares no bounds: set them as ISO texts such as '2020-01-01', or pay for 'bounds' (a part of epsilon)"
        )
    return unsaid | _unsaid_of_missing(column, pay)


def _unsaid_of_missing(column: Column, pay: tuple[str, ...] | str) -> dict[str, str]:
    if column.nullable is not None or "missing" in pay:
        return {}
    return {"nullable": "does not declare nullable: set it, or pay for 'missing' (one noisy cell more)"}


def _is_time(column: Column, stored: pl.DataType | None) -> bool:
    """Whether dates and times came as such, and go out as such."""
    types = [dtype_from_name(column.dtype), dtype_from_name(column.dtype) if stored is None else stored]
    return all((t.is_temporal() and t != pl.Duration) or t == pl.Null for t in types)


def is_bounded(column: Column) -> bool:
    return column.bounds is not None and all(-math.inf < end < math.inf for end in column.bounds)


def _holds_numbers(column: Column) -> bool:
    """Whether numbers of the declared decimals lie within the bounds, and few enough to be counted one by one."""
    assert column.bounds is not None
    decimals = 0 if column.kind is Kind.INTEGER else column.decimals
    if decimals is None or decimals > MOST_DECIMALS:
        return True
    low, high = (Fraction(end) * 10**decimals for end in column.bounds)
    most = 2**63 - 1024 if decimals == 0 and column.kind is Kind.INTEGER else 2**53
    least_unit, most_unit = math.ceil(low - ROUNDING), math.floor(high + ROUNDING)
    return 0 <= most_unit - least_unit < 2**53 and bool(max(-low, high) <= most)
