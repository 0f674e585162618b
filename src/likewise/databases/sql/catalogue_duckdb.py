"""The catalogue of DuckDB, by its own tables of tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from likewise.databases.sql.found import Catalogue, Found, FoundKey, Key, chosen, indexed
from likewise.databases.sql.sessions import Session
from likewise.databases.sql.values import SqlColumn, enumerated, kind_of, literal
from likewise.errors import InputError, nearest


def duck_catalogue(connection: Session, schemas: Sequence[str], names: Sequence[str]) -> Catalogue:
    """What the database that a connection sees is made of."""
    here = "database_name = current_database() AND NOT internal"
    known = [row[0] for row in connection.all(f"SELECT DISTINCT schema_name FROM duckdb_schemas() WHERE {here} OR "
             "(database_name = current_database() AND schema_name = 'main')")]  # fmt: skip
    for name in schemas:
        if name not in [*known, "*"]:
            raise InputError(f"there is no schema {name!r}{nearest(name, known)}")
    meant = known if list(schemas) == ["*"] else list(schemas) or ["main"]
    tables: dict[Key, None] = dict.fromkeys(_keys(connection, "table", here, meant))
    views: dict[Key, None] = dict.fromkeys(_keys(connection, "view", here, meant))
    keys, notes = chosen(names, tables, views, {})
    return Catalogue([_found(connection, key) for key in keys], {}, notes)


def _keys(connection: Session, what: str, here: str, schemas: Sequence[str]) -> list[Key]:
    rows = connection.all(f"SELECT schema_name, {what}_name FROM duckdb_{what}s() WHERE {here}")
    return [(schema, name) for schema, name in rows if schema in schemas]


def _found(connection: Session, key: Key) -> Found:
    where = (f"database_name = current_database() AND schema_name = {literal(key[0] or 'main')} "
             f"AND table_name = {literal(key[1])}")  # fmt: skip
    rows = connection.all(
        f"SELECT column_name, data_type, is_nullable, column_default, comment FROM duckdb_columns() WHERE {where} "
        "ORDER BY column_index"
    )
    parts = connection.all(
        "SELECT constraint_type, constraint_column_names, referenced_table, referenced_column_names, expression "
        f"FROM duckdb_constraints() WHERE {where}"
    )
    made = connection.one(f"SELECT sql FROM duckdb_tables() WHERE {where}") or ""
    made_indexes = connection.all(f"SELECT index_name, sql FROM duckdb_indexes() WHERE {where} AND NOT is_primary")
    unique = [tuple(columns) for kind, columns, *_ in parts if kind == "UNIQUE"]
    names = [row[0] for row in rows]
    indexes = [indexed(name, _indexed(sql or "", names), sql or "") for name, sql in made_indexes]
    unique += [index.columns for index in indexes if index.is_unique and index.columns]
    return Found(
        indexes=tuple(index for index in indexes if not (index.is_unique and index.columns)),
        comment=connection.one(f"SELECT comment FROM duckdb_tables() WHERE {where}"),
        schema=key[0], name=key[1], columns=tuple(_column(row, made) for row in rows),
        primary=next((tuple(columns) for kind, columns, *_ in parts if kind == "PRIMARY KEY"), ()),
        unique=tuple(dict.fromkeys(unique)), checks=tuple(check for kind, *_, check in parts if kind == "CHECK"),
        foreign=tuple(FoundKey(columns=tuple(columns), parent=(key[0], parent), parent_columns=tuple(others))
                      for kind, columns, parent, others, _ in parts if kind == "FOREIGN KEY"),
    )  # fmt: skip


def _column(row: tuple[str, str, bool, str | None, str | None], made: str) -> SqlColumn:
    name, type_, nullable, default, comment = row
    kind = kind_of(type_)
    forms = [re.escape(name), re.escape('"' + name.replace('"', '""') + '"')]
    generated = any(re.search(rf"[(,]\s*{form} [^,]*GENERATED ALWAYS AS", made) for form in forms)
    counted = default is not None and default.lower().startswith("nextval(")
    return SqlColumn(
        name=name, type=type_, kind=kind, nullable=nullable, values=enumerated(type_), identity=counted,
        comment=comment,
        generated=default if generated else None, default=None if generated or counted else default,
    )  # fmt: skip


def _indexed(sql: str, names: Sequence[str]) -> tuple[str, ...]:
    """The columns of a unique index, where it is one of columns alone."""
    inner = re.search(r"\((.*)\)", sql)
    parts = [part.strip() for part in inner[1].split(",")] if inner else []
    bare = [part[1:-1].replace('""', '"') if part.startswith('"') else part for part in parts]
    return tuple(bare) if bare and all(name in names for name in bare) else ()
