"""What a database says of its tables: their keys as a `DatabaseSchema`, all else as a `SqlSource`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from likewise.databases.keys import Columns, DatabaseSchema, ForeignKey, TableSchema
from likewise.databases.sql.catalogue_duckdb import duck_catalogue
from likewise.databases.sql.catalogues import catalogue
from likewise.databases.sql.faults import told
from likewise.databases.sql.found import Catalogue, Found, FoundKey, Key
from likewise.databases.sql.sessions import Alchemy, Session, session
from likewise.databases.sql.urls import place
from likewise.databases.sql.values import SqlSource, SqlTable
from likewise.errors import InputError, LikewiseWarning
from likewise.rules.imported import from_sql as rules_of

Names = str | Sequence[str] | None


def reflect(url: str, schema: Names = None, tables: Names = None) -> DatabaseSchema:
    """The schema of a database of SQL: tables, keys, columns that are never missing, and CHECKs as rules.

    Args:
        url: `postgresql://...`, `mysql://...`, or a file of SQLite or DuckDB.
        schema: in which its tables lie; several, or "*" for all; None: the one that the user sees first. Tables of
            one name in two of them are called `schema.table`.
        tables: some of its tables, or views, which are else left out; None: all tables.

    Raises:
        InputError: the database cannot be reached or read, or has no such tables.
        MissingExtraError: SQLAlchemy, or DuckDB, is not installed.

    What was left out (foreign keys to other tables, CHECKs that the grammar of rules does not have, views) is told by
    a warning. `source_of` gives what else the database says: types, defaults, generated columns.
    """
    found, source = source_of(url, schema, tables)
    tell(source)
    return found


def source_of(url: str, schema: Names = None, tables: Names = None) -> tuple[DatabaseSchema, SqlSource]:
    """As `reflect`, with what the database says beyond keys; nothing is warned of, `notes` says it."""
    at = place(url, schema if isinstance(schema, str) else None)
    with session(at) as connection:
        return found_in(connection, schema or at.schema, tables, str(at))


def found_in(connection: Session, schema: Names, tables: Names, what: str) -> tuple[DatabaseSchema, SqlSource]:
    """The schema of what a connection sees, and what the database says beyond it."""
    with told(f"database {what!r} cannot be read"):
        found = catalogue_of(connection, _several(schema), _several(tables))
    if not found.tables:
        raise InputError(f"database {what!r} has no tables in this schema; name another, or '*' for all")
    return _joined(found, connection.dialect)


def catalogue_of(connection: Session, schemas: Sequence[str], tables: Sequence[str]) -> Catalogue:
    """What the database that a connection sees is made of."""
    if isinstance(connection, Alchemy):
        return catalogue(connection, schemas, tables)
    return duck_catalogue(connection, schemas, tables)


def tell(source: SqlSource) -> None:
    """Warn of what was left out."""
    if source.notes:
        warnings.warn("; ".join(source.notes), LikewiseWarning, stacklevel=3)


def _several(names: Names) -> tuple[str, ...]:
    given = names.split(",") if isinstance(names, str) else names or ()
    return tuple(name.strip() for name in given)


# ---- put together ----------------------------------------------------------------------------------------------------


def _joined(found: Catalogue, dialect: str) -> tuple[DatabaseSchema, SqlSource]:
    names = [table.name for table in found.tables]
    called: dict[Key, str] = {
        (table.schema, table.name): table.name if names.count(table.name) == 1 else f"{table.schema}.{table.name}"
        for table in found.tables
    }
    by_key = {(table.schema, table.name): table for table in found.tables}
    schemas, own, notes = dict[str, TableSchema](), dict[str, SqlTable](), list(found.notes)
    foreign: dict[ForeignKey, None] = {}
    for key, table in by_key.items():
        name = called[key]
        keys = {}
        for given in table.foreign:
            parent = _parent(given.parent, by_key, dialect)
            made = None if parent is None else _key(given, name, called[parent], by_key[parent])
            if made is None:
                why = "that table is left out" if parent is None else "what it points at is no key"
                notes.append(f"foreign key {name} ({', '.join(given.columns)}) -> {given.parent[1]} left out: {why}")
            else:
                keys[made] = given.actions
        rules, unread = _rules(table)
        notes += [f"{name}: {check} is no rule ({why})" for check, why in unread]
        notes += [f"{name}: column {column.name!r} of type {column.type or 'none'!r} is read as text"
                  for column in table.columns if column.kind == "other" and dialect != "sqlite"]  # fmt: skip
        required = [column.name for column in table.columns if not column.nullable and column.name not in table.primary]
        schemas[name] = TableSchema(primary=table.primary, unique=table.unique, required=tuple(required), checks=rules)
        foreign |= dict.fromkeys(keys)
        own[name] = SqlTable(
            name=table.name, schema=table.schema, columns=table.columns, checks=table.checks,
            actions={str(key): actions for key, actions in keys.items() if actions}, indexes=table.indexes,
            triggers=table.triggers, comment=table.comment,
        )  # fmt: skip
    source = SqlSource(dialect=dialect, tables=own, types=found.types, notes=tuple(notes))
    return DatabaseSchema(schemas, tuple(sorted(foreign, key=str))), source


def _parent(key: Key, known: dict[Key, Found], dialect: str) -> Key | None:
    if key in known or dialect == "postgresql":
        return key if key in known else None
    return next((k for k in known if k[0] == key[0] and k[1].lower() == key[1].lower()), None)


def _key(given: FoundKey, table: str, parent_name: str, parent: Found) -> ForeignKey | None:
    """None where what it points at is no key, which some databases allow."""
    written = {column.name.lower(): column.name for column in parent.columns}
    named: Columns = tuple(written.get(name.lower(), name) for name in given.parent_columns) or parent.primary
    keys = [set(columns) for columns in (parent.primary, *parent.unique)]
    if set(named) not in keys or len(named) != len(given.columns):
        return None
    return ForeignKey(
        table=table, columns=given.columns, parent=parent_name, parent_columns=named, deferrable=given.deferrable
    )


def _rules(table: Found) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    rules, unread = list[str](), list[tuple[str, str]]()
    for check in (*table.checks, *table.of_types):
        taken = rules_of(f"CHECK ({check})")
        rules += taken.rules
        unread += taken.left_out
    return tuple(dict.fromkeys(rules)), unread
