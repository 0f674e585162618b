"""What a model file keeps of the database that was learnt: types, defaults and CHECKs of its tables, as plain data.

Expressions are left out: a file that somebody changed could else run anything in the database that it is written to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from likewise.codecs.column import take_value
from likewise.databases.keys import DatabaseSchema
from likewise.databases.sql.checks import as_check
from likewise.databases.sql.values import DIALECTS, KINDS, SqlColumn, SqlIndex, SqlSource, SqlTable, literal, type_in
from likewise.errors import ModelFileError
from likewise.rules.imported import from_sql as rules_of

_TEXT = r"'(?:[^'\\]|'')*'"
_NAME = r'"(?:[^"]|"")+"'
_TYPE = re.compile(
    rf"(?:enum|set)\({_TEXT}(?:, ?{_TEXT})*\)(?: CHARACTER SET \w+)?(?: COLLATE \w+)?"
    rf"|(?:\w+|{_NAME})(?:\.(?:\w+|{_NAME}))?(?: (?:varying|precision))?(?: ?\(\d+(?:, ?-?\d+)?\))?"
    r"(?: (?:unsigned|signed|zerofill))*(?: with(?:out)? time zone)?(?: CHARACTER SET \w+)?(?: COLLATE \w+)?"
    r"(?:\[\d*\])*",
    re.IGNORECASE,
)
_NOW = r"(?:current_timestamp|current_date|current_time|localtimestamp|now)(?:\(\d?\))?"
_CONSTANT = re.compile(
    rf"(?:-?\d+(?:\.\d+)?|{_TEXT}|b'[01]*'|true|false|null|{_NOW})(?:::(?:\w+|{_NAME})(?: varying| precision)?"
    r"(?:\(\d+(?:, ?\d+)?\))?(?: with(?:out)? time zone)?)?",
    re.IGNORECASE,
)
_ACTIONS = re.compile(r"(?:(?:^| )ON (?:DELETE|UPDATE) (?:CASCADE|SET NULL|SET DEFAULT|NO ACTION|RESTRICT))*")
_ENUM = re.compile(rf"CREATE TYPE ({_NAME}(?:\.{_NAME})?) AS ENUM \(((?:{_TEXT}(?:, )?)*)\)")


def portable(source: SqlSource, schema: DatabaseSchema) -> SqlSource:
    """A source without expressions: columns that the database fills, defaults that are more than a constant or the
    moment, CHECKs that are no rules. `lacks` names them."""
    enums = {name: made for name, made in source.types.items() if _ENUM.fullmatch(made)}
    others = [re.findall(_NAME, name)[-1][1:-1].replace('""', '"') for name in source.types if name not in enums]
    lacks: list[str] = []
    tables = {}
    for name, table in source.tables.items():
        columns = tuple(_portable(column, source.dialect, others, name, lacks) for column in table.columns)
        if unread := sum(bool(rules_of(f"CHECK ({check})").left_out) for check in table.checks):
            lacks.append(f"{unread} CHECK{'s' * (unread > 1)} of {name!r}")
        lacks += [f"index {i.name!r} of {name!r}" for i in table.indexes if not _is_plain(i)]
        tables[name] = replace(
            table, columns=columns, checks=_checks(schema, name, source.dialect),
            actions={key: actions for key, actions in table.actions.items() if _ACTIONS.fullmatch(actions)},
            indexes=tuple(SqlIndex(name=i.name, columns=i.columns) for i in table.indexes if _is_plain(i)),
        )  # fmt: skip
    return replace(source, tables=tables, types=enums, notes=(), lacks=tuple(lacks))


def _portable(column: SqlColumn, dialect: str, others: list[str], table: str, lacks: list[str]) -> SqlColumn:
    if column.generated is not None:
        lacks.append(f"what fills {column.name!r} of {table!r}")
    default = column.default if _is_constant(column.default) else None
    if default != column.default:
        lacks.append(f"the default of {column.name!r} of {table!r}")
    type_ = column.type
    if any(re.search(rf"\b{re.escape(other)}\b", type_) for other in others) or not _is_type(type_, dialect):
        type_ = type_in(replace(column, type=""), dialect, in_key=False)
        lacks.append(f"the type of {column.name!r} of {table!r}")
    return replace(column, type=type_, default=default, generated=None)


def _is_type(text: str, dialect: str) -> bool:
    return bool(_TYPE.fullmatch(text)) or (text == "" and dialect == "sqlite")


def _is_plain(index: SqlIndex) -> bool:
    return bool(index.columns) and not index.is_unique


def _is_constant(text: str | None) -> bool:
    while text and text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    return text is None or _CONSTANT.fullmatch(text) is not None


def _checks(schema: DatabaseSchema, table: str, dialect: str) -> tuple[str, ...]:
    """The rules of a table, which stand in the schema already."""
    made = (as_check(rule, dialect) for rule in schema.tables[table].checks)
    return tuple(check for check in made if check is not None)


def to_dict(source: SqlSource) -> dict[str, Any]:
    """JSON-able; of a source that is portable."""
    return {
        "dialect": source.dialect, "lacks": list(source.lacks), "places": sorted(source.places),
        "types": [{"name": found[1], "values": _values(found[2])} for made in source.types.values()
                  if (found := _ENUM.fullmatch(made))],
        "tables": [
            {"of": of, "name": table.name, "schema": table.schema, "actions": dict(table.actions),
             "comment": table.comment, "triggers": list(table.triggers),
             "indexes": [{"name": index.name, "columns": list(index.columns)} for index in table.indexes],
             "columns": [{**vars(column), "values": list(column.values)} for column in table.columns]}
            for of, table in source.tables.items()
        ],
    }  # fmt: skip


def _values(texts: str) -> list[str]:
    return [value[1:-1].replace("''", "'") for value in re.findall(_TEXT, texts)]


def of_dict(data: Mapping[str, Any], schema: DatabaseSchema) -> SqlSource:
    """The inverse of `to_dict`.

    Raises:
        ModelFileError: it is none, or holds what could be more than a type, a constant or a name.
    """
    dialect = take_value(data, "dialect", str)
    _must(dialect in DIALECTS)
    types = {}
    for enum in take_value(data, "types", list):
        name, values = take_value(enum, "name", str), [str(value) for value in take_value(enum, "values", list)]
        types[name] = f"CREATE TYPE {name} AS ENUM ({', '.join(map(literal, values))})"
        _must(_ENUM.fullmatch(types[name]) is not None)
    tables = {}
    for given in take_value(data, "tables", list):
        of, actions = take_value(given, "of", str), take_value(given, "actions", dict)
        _must(of in schema.tables and all(_ACTIONS.fullmatch(str(text)) for text in actions.values()))
        tables[of] = SqlTable(
            name=take_value(given, "name", str), schema=take_value(given, "schema", str, type(None)),
            columns=tuple(_column(column, dialect) for column in take_value(given, "columns", list)),
            checks=_checks(schema, of, dialect), actions=actions, comment=take_value(given, "comment", str, type(None)),
            triggers=tuple(map(str, take_value(given, "triggers", list))),
            indexes=tuple(
                SqlIndex(name=take_value(i, "name", str), columns=tuple(map(str, take_value(i, "columns", list))))
                for i in take_value(given, "indexes", list)
            ),
        )  # fmt: skip
    places = [str(place) for place in take_value(data, "places", list)]
    lacks = tuple(str(text) for text in take_value(data, "lacks", list))
    return SqlSource(dialect=dialect, tables=tables, types=types, places=frozenset(places), lacks=lacks)


def _column(data: Mapping[str, Any], dialect: str) -> SqlColumn:
    default = take_value(data, "default", str, type(None))
    column = SqlColumn(
        name=take_value(data, "name", str), type=take_value(data, "type", str), kind=take_value(data, "kind", str),
        comment=take_value(data, "comment", str, type(None)),
        nullable=take_value(data, "nullable", bool), default=default, identity=take_value(data, "identity", bool),
        values=tuple(str(value) for value in take_value(data, "values", list)),
    )  # fmt: skip
    _must(column.kind in {kind for kind, _ in KINDS} and _is_type(column.type, dialect))
    _must(_is_constant(default))
    return column


def _must(holds: bool) -> None:
    if not holds:
        raise ModelFileError("what it tells of tables of SQL is more than types and constants")
