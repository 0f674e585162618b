"""Rows into a database of SQL: tables made or filled in the order of their keys, all of it or nothing."""

from __future__ import annotations

import re
import secrets
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

import polars as pl

from likewise.databases.integrity import problems
from likewise.databases.keys import DatabaseSchema
from likewise.databases.sql.alike import USUAL, check_apart, usual_of
from likewise.databases.sql.faults import told
from likewise.databases.sql.filling import check_old, empty, fill, tables_there, without_keys
from likewise.databases.sql.found import BESIDE, Found, is_unfinished
from likewise.databases.sql.plan import Plan, planned
from likewise.databases.sql.script import write_script
from likewise.databases.sql.sessions import MySql, Session, session
from likewise.databases.sql.urls import Place, place
from likewise.databases.sql.values import SqlSource, literal, quoted
from likewise.databases.sql.whereabouts import whereabouts
from likewise.errors import LikewiseWarning, OutputError
from likewise.tables.atomic import PathLike, atomic_path, check_writable

Frames = Mapping[str, pl.DataFrame]


def write(
    frames: Frames, keys: DatabaseSchema, url: str, *, schema: str | None = None, replace_rows: bool = False,
    like: SqlSource | None = None, dry_run: PathLike | None = None,
) -> None:  # fmt: skip
    """Write tables: those that are not there are made, those that are must be empty, or their rows are replaced.

    Args:
        frames, keys: what is written; each table after those it points at.
        url, schema: where to.
        replace_rows: rows that stand there make place; the tables stay as they are.
        like: what tables are made like, in the same dialect word for word; None: as frames are.
        dry_run: a file to write the statements to, as if none of the tables was there; nothing is connected.

    Raises:
        OutputError: the database refuses it, or would; it is then as before.
        InputError: it cannot be reached.
    """
    at = place(url, schema)
    _check_keys(frames, keys)
    plan = planned(frames, keys, like, at.dialect, at.schema)
    if dry_run is not None:
        check_apart(frames, plan, {}, USUAL.get(at.dialect))
        write_script(plan, frames, dry_run)
        _tell((*plan.notes, *plan.triggers_left(list(plan.tables))))
        return
    with _opened(at) as connection, told(f"database {str(at)!r} cannot be written", writing=True):
        there = tables_there(connection, [table.schema for table in plan.tables.values()])
        old = there.among(plan)
        check_old(connection, plan, frames, there, old, replace_rows=replace_rows)
        check_apart(frames, plan, old, usual_of(connection))
        writer = _write_mysql if isinstance(connection, MySql) else _write
        cut_at = writer(connection, plan, frames, old)
    _tell((*plan.notes, *plan.triggers_left([name for name in plan.tables if name not in old]), *cut_at))


def _check_keys(frames: Frames, keys: DatabaseSchema) -> None:
    """Refuse what a database would refuse, in words that count. Circles of keys are another matter."""
    if wrong := [str(problem) for problem in problems(frames, keys) if problem.what != "circle"]:
        raise OutputError(
            f"{'; '.join(wrong)}: a database refuses that; mend the rows (`settled` deals with those that point at "
            "none), or leave the key out of the schema"
        )


def _tell(notes: Sequence[str]) -> None:
    if notes:
        warnings.warn("; ".join(notes), LikewiseWarning, stacklevel=4)


def check_target(
    frames: Frames, keys: DatabaseSchema, url: str, *, schema: str | None = None, replace_rows: bool = False,
    source: SqlSource | None = None,
) -> None:  # fmt: skip
    """Refuse what `write` would refuse of tables like these, before the work: a database that is not reached, no right
    to make tables in it, names and types that it has not, rows that stand there.

    Args:
        source: where it must not go, for what is real stands there; and what tables are made like.

    Raises:
        OutputError, InputError: as `write`.
    """
    at = place(url, schema)
    plan = planned(frames, keys, source, at.dialect, at.schema)
    if at.path is not None and not at.path.exists():
        check_writable(at.path)
        return
    with session(at, writing=True) as connection, told(f"database {str(at)!r} cannot be written", writing=True):
        schemas = [table.schema for table in plan.tables.values()]
        if source is not None and whereabouts(connection, at, set(schemas)) & source.places:
            raise OutputError("what is written would take the place of the real rows: name another schema or file")
        there = tables_there(connection, schemas)
        old = there.among(plan)
        check_old(connection, plan, frames, there, old, replace_rows=replace_rows)
        connection.all(_BEGIN[at.dialect])
        if at.dialect == "mysql":  # which takes back no schema that was made
            schemas = [at.schema]
        _make_schemas(connection, schemas)
        _make_types(connection, plan, old)
        for of in dict.fromkeys(schemas):
            probe = quoted(f"_likewise_{secrets.token_hex(4)}", at.dialect)
            probe = probe if of is None else f"{quoted(of, at.dialect)}.{probe}"
            connection.all(f"CREATE TABLE {probe} (a int)")
            connection.all(f"DROP TABLE {probe}")
        connection.all("ROLLBACK")


_BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN", "duckdb": "BEGIN TRANSACTION", "mysql": "BEGIN"}


@contextmanager
def _opened(at: Place) -> Iterator[Session]:
    """A connection to write by; a file that is not there is made beside, and takes its name when it is whole."""
    if at.path is None or at.path.exists():
        with session(at, writing=True) as connection:
            yield connection
        return
    with atomic_path(at.path) as beside:
        if at.dialect == "duckdb":
            beside.unlink()
        with session(replace(at, path=beside), writing=True, is_new=True) as connection:
            yield connection
        if at.path.exists():
            raise OutputError(f"file {str(at.path)!r} was made by somebody else meanwhile; it is as they left it")


def _write(connection: Session, plan: Plan, frames: Frames, old: Mapping[str, Found]) -> list[str]:
    """All in one transaction, with the tables that are made."""
    new = [name for name in plan.order.tables if name not in old]
    if plan.dialect == "sqlite":
        connection.all("PRAGMA foreign_keys = ON")
    connection.all(_BEGIN[plan.dialect])
    try:
        if plan.dialect == "sqlite":
            connection.all("PRAGMA defer_foreign_keys = ON")
        _make_schemas(connection, [table.schema for table in plan.tables.values()])
        _make_types(connection, plan, old)
        empty(connection, plan, old)
        back = without_keys(connection, old) if plan.dialect == "postgresql" else []
        _run(connection, plan.counters(new, frames), "a sequence cannot be made")
        for name in new:
            with told(f"table {name!r} cannot be made", writing=True):
                connection.all(plan.create(name))
        cut_at = fill(connection, plan, frames, old, plan.order.tables)
        _run(connection, plan.extras(new), "an index cannot be made")
        _run(connection, [*back, *plan.added_keys(new)], "a foreign key cannot be made")
        if plan.dialect == "postgresql":
            connection.all("SET CONSTRAINTS ALL IMMEDIATE")
            _reset_counters(connection, plan, old)
        if plan.dialect == "duckdb":
            _advance_counters(connection, plan, old)
        connection.all("COMMIT")
    except BaseException:
        with suppress(Exception):
            connection.all("ROLLBACK")
        raise
    return cut_at


def _run(connection: Session, statements: Iterable[str], what: str) -> None:
    for statement in statements:
        with told(what, writing=True):
            connection.all(statement)


def _make_schemas(connection: Session, schemas: Sequence[str | None]) -> None:
    """Schemas that are not there; what PostgreSQL calls by its bare name is then looked for there."""
    named = [schema for schema in dict.fromkeys(schemas) if schema is not None]
    for schema in named:
        connection.all(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema, connection.dialect)}")
    if connection.dialect == "postgresql" and len(named) == 1:
        connection.all(f"SET search_path = {quoted(named[0], 'postgresql')}")


def _make_types(connection: Session, plan: Plan, old: Mapping[str, Found]) -> None:
    """Types of PostgreSQL that tables to be made need.

    Raises:
        OutputError: one is not there that only its owner can make, such as that of an extension.
    """
    new = [table for name, table in plan.tables.items() if name not in old]
    if plan.dialect != "postgresql" or not new:
        return
    for name, statement in plan.types.items():
        if connection.one(f"SELECT to_regtype({literal(name)})") is None:
            if schema := re.match(r'"(?:[^"]|"")+"(?=\.)', name):
                connection.all(f"CREATE SCHEMA IF NOT EXISTS {schema[0]}")
            connection.all(statement)
    types = {column.type: (table.name, column.name) for table in new for column in table.columns}
    asked = ", ".join(map(literal, types))
    for (type_,) in connection.all(f"SELECT t FROM unnest(ARRAY[{asked}]::text[]) t WHERE to_regtype(t) IS NULL"):
        table, column = types[type_]
        raise OutputError(
            f"table {table!r}: column {column!r} is of type {type_!r}, which is not there: make it first (CREATE TYPE, "
            "CREATE EXTENSION), or write to another kind of database"
        )


def _reset_counters(connection: Session, plan: Plan, old: Mapping[str, Found]) -> None:
    """Counters go on after the largest number. Last of all, for no transaction takes that back."""
    for name, table in plan.tables.items():
        columns = old[name].columns if name in old else table.columns
        for column in columns:
            if column.identity and column.name in table.written:
                cell = quoted(column.name, "postgresql")
                counter = _counter(connection, plan.name(name), column.name)
                most = connection.one(f"SELECT max({cell}) FROM {plan.name(name)}")
                if counter is not None and most is not None and most > 0:
                    connection.all(f"SELECT setval({counter}::regclass, {most})")


def _advance_counters(connection: Session, plan: Plan, old: Mapping[str, Found]) -> None:
    """The same in DuckDB, where a sequence cannot be set, but asked until it is there."""
    for name, found in old.items():
        for column in found.columns:
            if not column.identity or column.name not in plan.tables[name].written:
                continue
            default = connection.one(
                "SELECT column_default FROM duckdb_columns() WHERE database_name = current_database() AND "
                f"schema_name = {literal(found.schema or 'main')} AND table_name = {literal(found.name)} "
                f"AND column_name = {literal(column.name)}"
            )
            most = connection.one(f"SELECT max({quoted(column.name, 'duckdb')}) FROM {plan.name(name)}")
            named = re.fullmatch(r"nextval\('(?:.*\.)?(\"(?:[^\"]|\"\")+\"|[^.\"]+)'\)", default or "")
            bare = named[1].strip('"').replace('""', '"') if named else ""
            last = connection.one(
                "SELECT coalesce(last_value, start_value - 1) FROM duckdb_sequences() "
                f"WHERE database_name = current_database() AND sequence_name = {literal(bare)}"
            )
            if most is not None and last is not None and 0 < most - last < _MOST_STEPS:
                connection.all(f"SELECT max({default}) FROM range({most - last})")


_MOST_STEPS = 10**8


def _counter(connection: Session, table: str, column: str) -> str | None:
    where, name = literal(table), literal(column)
    default = (
        "SELECT substring(pg_get_expr(d.adbin, d.adrelid) from 'nextval\\(''(.*)''::regclass') FROM pg_attrdef d "
        "JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum "
        f"WHERE d.adrelid = {where}::regclass AND a.attname = {name}"
    )
    found = connection.one(f"SELECT coalesce(pg_get_serial_sequence({where}, {name}), ({default}))")
    return None if found is None else literal(str(found))


# ---- MySQL -----------------------------------------------------------------------------------------------------------


def _write_mysql(connection: Session, plan: Plan, frames: Frames, old: Mapping[str, Found]) -> list[str]:
    """What makes tables commits by itself in MySQL: they are made and filled under other names, and take their own in
    one statement at the end. A session that is killed leaves those others, which the next one removes."""
    token = secrets.token_hex(4)
    new = [name for name in plan.order.tables if name not in old]
    plan = replace(plan.beside(old), renamed={name: f"{BESIDE}{token}_{i}" for i, name in enumerate(new)})
    connection.all(f"SELECT GET_LOCK('{BESIDE}{token}', 0)")
    _sweep(connection)
    try:
        for name in new:
            with told(f"table {name!r} cannot be made", writing=True):
                connection.all(plan.create(name))
        connection.all("BEGIN")
        cut_at = fill(connection, plan, frames, {}, new)
        connection.all("COMMIT")
        _run(connection, plan.extras(new), "an index cannot be made")
        # Rows that new ones point at come only now, where tables that were there are among them.
        connection.all(f"SET SESSION foreign_key_checks = {int(not old)}")
        _run(connection, plan.added_keys(new), "a foreign key cannot be made")
        connection.all("SET SESSION foreign_key_checks = 1")
        connection.all("BEGIN")
        empty(connection, plan, old)
        cut_at += fill(connection, plan, frames, old, [name for name in plan.order.tables if name in old])
        connection.all("COMMIT")
        final = replace(plan, renamed={})
        if new:
            connection.all("RENAME TABLE " + ", ".join(f"{plan.name(name)} TO {final.name(name)}" for name in new))
    except BaseException:
        with suppress(Exception):
            connection.all("ROLLBACK")
            _drop(connection, [plan.renamed[name] for name in new])
        raise
    return cut_at


def _sweep(connection: Session) -> None:
    """Remove what sessions left that were killed: those alive hold the lock of their name."""
    names = [row[0] for row in connection.all("SHOW TABLES") if is_unfinished(row[0])]
    tokens = {name.split("_")[2] for name in names}
    dead = {token for token in tokens if connection.one(f"SELECT IS_FREE_LOCK('{BESIDE}{token}')") == 1}
    _drop(connection, [name for name in names if name.split("_")[2] in dead])


def _drop(connection: Session, names: Sequence[str]) -> None:
    connection.all("SET SESSION foreign_key_checks = 0")
    for name in names:
        connection.all(f"DROP TABLE IF EXISTS {quoted(name, 'mysql')}")
    connection.all("SET SESSION foreign_key_checks = 1")
