"""What SQLAlchemy does not read of MySQL and MariaDB, or reads from text that it cannot always part."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from likewise.databases.sql.found import Found, FoundKey, Key, actions_of
from likewise.databases.sql.sessions import Alchemy
from likewise.databases.sql.values import SqlColumn, SqlIndex, enumerated, kind_of, literal, quoted


def unescaped(fact: Any) -> Any:
    """What SQLAlchemy says of a table, with names as they are: it leaves the backticks in them doubled."""
    if isinstance(fact, list):
        return [unescaped(one) for one in fact]
    if isinstance(fact, dict):
        return {what: unescaped(told) if what in _NAMES else told for what, told in fact.items()}
    return fact.replace("``", "`") if isinstance(fact, str) else fact


_NAMES = ("name", "column_names", "constrained_columns")


def completed(connection: Alchemy, schemas: Sequence[str | None], tables: Sequence[Found]) -> list[Found]:
    """Tables with their foreign keys, triggers, and all CHECKs of MariaDB, where SQLAlchemy finds those alone that
    stand behind the columns."""
    foreign = _foreign(connection, schemas)
    checks = _checks(connection, schemas)
    triggers = _triggers(connection, schemas)
    result = []
    for table in tables:
        key = (table.schema, table.name)
        own = table.checks if checks is None else tuple(checks.get(key, ()))
        # A column of JSON is one of text with this check, which comes of itself.
        json = {c.name for c in table.columns if f"json_valid({quoted(c.name, 'mysql')})" in own}
        columns = (replace(c, type="json", kind="json") if c.name in json else c for c in table.columns)
        result.append(replace(
            table, columns=tuple(columns), foreign=tuple(foreign.get(key, ())), triggers=tuple(triggers.get(key, ())),
            checks=tuple(check for check in own if not re.fullmatch(r"json_valid\(`(?:[^`]|``)+`\)", check)),
        ))  # fmt: skip
    return result


def _where(schema: str | None) -> str:
    return "DATABASE()" if schema is None else literal(schema, "mysql")


def _checks(connection: Alchemy, schemas: Sequence[str | None]) -> dict[Key, list[str]] | None:
    """None: it is no MariaDB."""
    if "mariadb" not in str(connection.one("SELECT VERSION()")).lower():
        return None
    result: dict[Key, list[str]] = {}
    for schema in schemas:
        for table, check in connection.all(
            "SELECT table_name, check_clause FROM information_schema.check_constraints "
            f"WHERE constraint_schema = {_where(schema)}"
        ):
            result.setdefault((schema, table), []).append(check)
    return result


def _triggers(connection: Alchemy, schemas: Sequence[str | None]) -> dict[Key, list[str]]:
    result: dict[Key, list[str]] = {}
    for schema in schemas:
        for table, name in connection.all(
            "SELECT event_object_table, trigger_name FROM information_schema.triggers "
            f"WHERE event_object_schema = {_where(schema)} ORDER BY 2"
        ):
            result.setdefault((schema, table), []).append(name)
    return result


def indexes_of_mysql(given: Sequence[Mapping[str, Any]]) -> Iterator[SqlIndex]:
    """Indexes that are no keys."""
    for index in given:
        options, columns = index.get("dialect_options") or {}, tuple(index["column_names"])
        lengths = {unescaped(name): length for name, length in (options.get("mysql_length") or {}).items()}
        if None in columns or (index.get("unique") and not lengths):
            continue  # of an expression; a key
        kind = "UNIQUE" if index.get("unique") else str(options.get("mysql_prefix") or "")
        parts = (f"{quoted(c, 'mysql')}{f'({lengths[c]})' if c in lengths else ''}" for c in columns)
        plain = not lengths and not kind
        yield SqlIndex(
            name=index["name"], columns=columns if plain else (), head=" ".join(f"CREATE {kind} INDEX".split()),
            tail=f"({', '.join(parts)})",
        )  # fmt: skip


def _foreign(connection: Alchemy, schemas: Sequence[str | None]) -> dict[Key, list[FoundKey]]:
    """Foreign keys, which SQLAlchemy reads from text that it cannot always part."""
    result: dict[Key, list[FoundKey]] = {}
    for schema in schemas:
        found: dict[tuple[str, str], list[Any]] = {}
        for name, table, *rest in connection.all(
            "SELECT k.constraint_name, k.table_name, k.column_name, k.referenced_table_schema, "
            "k.referenced_table_name, k.referenced_column_name, r.delete_rule, r.update_rule "
            "FROM information_schema.key_column_usage k "
            "JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema "
            "AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name "
            f"WHERE k.table_schema = {_where(schema)} AND k.referenced_table_name IS NOT NULL "
            "ORDER BY k.table_name, k.constraint_name, k.ordinal_position"
        ):
            found.setdefault((table, name), []).append(rest)
        here = connection.one("SELECT DATABASE()") if schema is None else schema
        for (table, _), rows in found.items():
            columns, schemas_there, parents, others, deletes, updates = zip(*rows, strict=True)
            options = {"ondelete": deletes[0], "onupdate": updates[0]}
            parent = (schema if schemas_there[0] == here else schemas_there[0], parents[0])
            key = FoundKey(columns=columns, parent=parent, parent_columns=others, actions=actions_of(options))
            result.setdefault((schema, table), []).append(key)
    return result


def types_of_mysql(
    connection: Alchemy, schemas: Sequence[str | None], keys: Sequence[Key]
) -> dict[Key, dict[str, SqlColumn]]:
    """Types as they are written."""
    result: dict[Key, dict[str, SqlColumn]] = {}
    for schema in schemas:
        for table, name, type_, signs, collation in connection.all(
            "SELECT table_name, column_name, column_type, character_set_name, collation_name "
            f"FROM information_schema.columns WHERE table_schema = {_where(schema)}"
        ):
            written = f"{type_} CHARACTER SET {signs} COLLATE {collation}" if signs else type_
            column = SqlColumn(name=name, type=written, kind=_kind(type_), values=enumerated(type_))
            result.setdefault((schema, table), {})[name] = column
    return result


def _kind(type_: str) -> str:
    """Several bits are a number there, and what lies on a map is bytes."""
    if re.match(r"bit\(", type_):
        return "bit" if type_ == "bit(1)" else "integer"
    return "binary" if re.match(r"(multi)?(point|linestring|polygon)|geom", type_) else kind_of(type_)
