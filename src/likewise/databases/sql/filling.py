"""Rows into tables that are there or were just made, each row after those it points at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from likewise.databases.keys import ForeignKey
from likewise.databases.sql.cells import cut, fitted, updates
from likewise.databases.sql.faults import told
from likewise.databases.sql.found import Found
from likewise.databases.sql.ordering import by_level, circle_through
from likewise.databases.sql.plan import Plan
from likewise.databases.sql.reflection import catalogue_of
from likewise.databases.sql.sessions import Session
from likewise.databases.sql.values import SqlTable, literal, quoted
from likewise.errors import OutputError, nearest


@dataclass(frozen=True)
class There:
    """The tables of a target, by schema and name; SQLite and DuckDB do not tell upper from lower case."""

    tables: Mapping[tuple[str | None, str], Found]
    folds: bool

    def get(self, schema: str | None, name: str) -> Found | None:
        return self.tables.get((schema, name.lower() if self.folds else name))

    def among(self, plan: Plan) -> dict[str, Found]:
        """Those that a plan writes to, by the names of its keys."""
        found = {name: self.get(table.schema, table.name) for name, table in plan.tables.items()}
        return {name: table for name, table in found.items() if table is not None}


def tables_there(connection: Session, schemas: Sequence[str | None]) -> There:
    """The tables of some schemas; None is the one that the user sees first."""
    folds = connection.dialect in ("sqlite", "duckdb")
    found = {}
    for schema in dict.fromkeys(schemas):
        if schema is None or _has_schema(connection, schema):
            for table in catalogue_of(connection, [schema] if schema else [], ()).tables:
                found[schema, table.name.lower() if folds else table.name] = table
    return There(found, folds)


def _has_schema(connection: Session, schema: str) -> bool:
    query = f"SELECT count(*) FROM information_schema.schemata WHERE schema_name = {literal(schema)}"
    return bool(connection.one(query))


def located(table: Found, dialect: str) -> str:
    """A table that is there as it stands in a statement."""
    own = quoted(table.name, dialect)
    return own if table.schema is None else f"{quoted(table.schema, dialect)}.{own}"


def check_empty(connection: Session, table: Found) -> None:
    """Refuse a table that holds rows."""
    if connection.all(f"SELECT 1 FROM {located(table, connection.dialect)} LIMIT 1"):
        raise OutputError(
            f"table {table.name!r} holds rows already: write to another schema or file, or ask to replace them "
            "(replace=True, --replace)"
        )


def check_old(
    connection: Session, plan: Plan, frames: Mapping[str, pl.DataFrame], there: There, old: Mapping[str, Found], *,
    replace_rows: bool,
) -> None:  # fmt: skip
    """Refuse tables that are there and cannot be written to."""
    for name, table in old.items():
        if not replace_rows:
            check_empty(connection, table)
        known = [column.name for column in table.columns]
        for column in frames[name].columns:
            if column not in known:
                raise OutputError(
                    f"table {table.name!r} is there already and has no column {column!r}{nearest(column, known)}; "
                    "drop it, or write to another schema or file"
                )
    ours = [located(table, plan.dialect) for table in old.values()]
    for table in old.values() if replace_rows else ():
        for other, columns in _pointing_at(connection, table, there):
            where = " AND ".join(f"{quoted(column, plan.dialect)} IS NOT NULL" for column in columns)
            if other not in ours and connection.all(f"SELECT 1 FROM {other} WHERE {where} LIMIT 1"):
                raise OutputError(
                    f"rows of table {other}, which is not written, point at table {table.name!r}, so that its rows "
                    "cannot be replaced; write to another schema or file"
                )


def _pointing_at(connection: Session, table: Found, there: There) -> list[tuple[str, Sequence[str]]]:
    """Tables that point at one, as they stand in a statement, in whatever schema they lie, with the columns that do."""
    dialect = connection.dialect
    match dialect:
        case "postgresql":
            where = f"k.confrelid = {literal(located(table, dialect))}::regclass"
            rows = connection.all(_POINTING_OF_POSTGRES.format(where))
        case "mysql":
            schema = "DATABASE()" if table.schema is None else literal(table.schema, dialect)
            where = f"referenced_table_schema = {schema} AND referenced_table_name = {literal(table.name, dialect)}"
            rows = connection.all(_POINTING_OF_MYSQL.format(where))
        case _:
            return [
                (located(other, dialect), key.columns) for other in there.tables.values() for key in other.foreign
                if (key.parent[0], key.parent[1].lower()) == (table.schema, table.name.lower())
            ]  # fmt: skip
    found: dict[tuple[str | None, str, str], list[str]] = {}
    for schema, name, key, column in rows:
        found.setdefault((schema, name, str(key)), []).append(column)
    return [(located(Found(schema=schema, name=name, columns=()), dialect), columns)
            for (schema, name, _), columns in found.items()]  # fmt: skip


_POINTING_OF_POSTGRES = """SELECT n.nspname, c.relname, k.oid, a.attname FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
WHERE k.contype = 'f' AND k.conparentid = 0 AND {}"""
_POINTING_OF_MYSQL = """SELECT nullif(table_schema, DATABASE()), table_name, constraint_name, column_name
FROM information_schema.key_column_usage WHERE {}"""


def without_keys(connection: Session, old: Mapping[str, Found]) -> list[str]:
    """Take from tables of PostgreSQL the foreign keys to each other, which it would look at row by row, and give what
    adds them again as they were, when all rows are there. Who does not own the tables leaves them."""
    oids = ", ".join(f"{literal(located(table, 'postgresql'))}::regclass" for table in old.values())
    if not oids:
        return []
    keys = connection.all(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint WHERE "
        f"contype = 'f' AND conparentid = 0 AND convalidated AND conrelid IN ({oids}) AND confrelid IN ({oids}) "
        "AND has_table_privilege(confrelid, 'REFERENCES')"
    )
    connection.all("SAVEPOINT likewise_keys")
    try:
        for table, name, _ in keys:
            connection.all(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    except Exception:
        connection.all("ROLLBACK TO likewise_keys")
        return []
    return [f"ALTER TABLE {table} ADD CONSTRAINT {name} {made}" for table, name, made in keys]


def empty(connection: Session, plan: Plan, old: Mapping[str, Found]) -> None:
    """Take all rows out of tables, also where they point at each other in a circle."""
    names = [located(old[name], plan.dialect) for name in reversed(plan.order.tables) if name in old]
    if not names:
        return
    with told("rows cannot be replaced", writing=True):
        match plan.dialect:
            case "postgresql":
                connection.all("SAVEPOINT likewise")
                try:
                    connection.all(f"TRUNCATE {', '.join(names)}")
                except Exception:  # without the right to, or where an empty table beside points here: much slower
                    connection.all("ROLLBACK TO likewise")
                    # Keys are looked at when a statement ends, so one takes all rows, in circles, too.
                    steps = ", ".join(f"step{i} AS (DELETE FROM {name})" for i, name in enumerate(names))
                    connection.all(f"WITH {steps} SELECT 1")
            case "mysql":  # a row at a time; nothing else points here, and all of these go
                connection.all("SET SESSION foreign_key_checks = 0")
                for name in names:
                    connection.all(f"DELETE FROM {name}")
                connection.all("SET SESSION foreign_key_checks = 1")
            case "duckdb":  # which does not see that rows are gone before a transaction ends
                made = [
                    row[0] for name in reversed(names) for row in connection.all(_MADE.format(name.replace("'", "''")))
                ]
                for name in names:
                    connection.all(f"DROP TABLE {name}")
                for statement in made:
                    connection.all(statement)
            case _:
                for name in names:
                    connection.all(f"DELETE FROM {name}")


_MADE = """WITH one AS (SELECT table_oid, sql FROM duckdb_tables()
WHERE format('"{{}}"."{{}}"', replace(schema_name, '"', '""'), replace(table_name, '"', '""')) = '{}')
SELECT sql FROM one UNION ALL
SELECT sql FROM duckdb_indexes() WHERE table_oid IN (SELECT table_oid FROM one) AND sql <> ''"""
"""What made a table of DuckDB, and its indexes."""


@dataclass(frozen=True)
class Late:
    """Cells that are written when all rows are there."""

    table: str
    rows: pl.DataFrame
    primary: tuple[str, ...]


def fill(
    connection: Session, plan: Plan, frames: Mapping[str, pl.DataFrame], old: Mapping[str, Found], names: Sequence[str]
) -> list[str]:
    """Write the rows of some tables.

    Args:
        old: those that were there, with their keys; new ones get theirs later, but for SQLite and DuckDB.

    Returns:
        What was cut to the length of its column, in words.
    """
    notes, late = [], list[Late]()
    unchecked = plan.dialect == "mysql" and _needs_no_checks(plan, frames, old)
    if unchecked:
        connection.all("SET SESSION foreign_key_checks = 0")
    _put_off(connection, plan, old)
    for name in names:
        table = _target(plan, name, old)
        frame, levels, circular = by_level(frames[name], [key for key in plan.keys_of(name) if key.is_self])
        frame, cut_at = cut(frame, table, plan.dialect, plan.keys.key_columns(name))
        notes += [f"{name}: texts of {column!r} are cut to the length of their column" for column in cut_at]
        frame = fitted(frame, table, plan.dialect)
        frame, unfit = _without_unfit(connection, frame, table, plan.keys.key_columns(name))
        notes += [f"{name}: {note}" for note in unfit]
        where = located(old[name], plan.dialect) if name in old else plan.name(name)
        columns = _nulled(plan, name, old)
        primary = plan.keys.tables[name].primary
        if columns:
            late.append(Late(where, frame.select(*primary, *columns).drop_nulls(columns), primary))
            frame = frame.with_columns(pl.lit(None, frame.schema[column]).alias(column) for column in columns)
        with told(f"table {name!r} cannot be written", writing=True):
            _insert(connection, plan, where, frame, levels, circular)
    for rest in late:
        with told("keys in a circle cannot be written", writing=True):
            for statement in updates(rest.table, rest.rows, rest.primary, plan.dialect):
                connection.all(statement)
    if unchecked:
        connection.all("SET SESSION foreign_key_checks = 1")
        _check_foreign(connection, plan, old)
    return notes


def _without_unfit(
    connection: Session, frame: pl.DataFrame, table: SqlTable, keys: Collection[str]
) -> tuple[pl.DataFrame, list[str]]:
    """Without texts, which were drawn, that are none of the type of their column, such as an array: these are missing.

    Raises:
        OutputError: the column may not miss them.
    """
    notes = []
    for column in table.columns:
        if column.kind == "other" and column.name not in keys and frame.schema.get(column.name) == pl.String:
            texts = frame[column.name].drop_nulls().unique()
            if lost := connection.unfit(column.type, texts) if len(texts) else []:
                cells = frame[column.name].is_in(lost).sum()
                told_of = f"{cells} texts of {column.name!r} are no {column.type}"
                if not column.nullable:
                    raise OutputError(f"table {table.name!r}: {told_of}, and none may be missing: leave the column out")
                frame = frame.with_columns(pl.when(~pl.col(column.name).is_in(lost)).then(pl.col(column.name)))
                notes.append(f"{told_of}, and are missing")
    return frame, notes


def _insert(
    connection: Session, plan: Plan, where: str, frame: pl.DataFrame, levels: tuple[int, ...], circular: int
) -> None:
    """DuckDB looks at each statement alone, so there each level is one; the others need no more than an order."""
    if plan.dialect != "duckdb" or len(levels) < 2:
        connection.insert(where, frame)
        return
    if circular:
        raise OutputError(f"{circular} rows point at each other in a circle, which DuckDB cannot hold")
    start = 0
    for n in levels:
        connection.insert(where, frame[start : start + n])
        start += n


def _target(plan: Plan, name: str, old: Mapping[str, Found]) -> SqlTable:
    """The table that is written to: as it is there, with the columns that are written."""
    if name not in old:
        return plan.tables[name]
    written = plan.tables[name].written
    columns = tuple(column for column in old[name].columns if column.name in written)
    return replace(plan.tables[name], columns=columns)


# ---- circles ---------------------------------------------------------------------------------------------------------


def _late_keys(plan: Plan, old: Mapping[str, Found]) -> list[ForeignKey]:
    """Late keys that are looked at while rows are written: SQLite waits for the end."""
    return [key for key in plan.order.late if key.table in old and plan.dialect in ("postgresql", "mysql")]


def _nullable(plan: Plan, key: ForeignKey, old: Mapping[str, Found]) -> list[str]:
    """Columns of a key that may be missing at first, where rows can be found again."""
    own = plan.keys.tables[key.table]
    free = [column.name for column in old[key.table].columns if column.nullable]
    return [column for column in key.columns if own.primary and column in free and column not in own.primary]


def _nulled(plan: Plan, name: str, old: Mapping[str, Found]) -> list[str]:
    """Columns of late keys that are missing at first."""
    keys = [key for key in _late_keys(plan, old) if key.table == name]
    return list(dict.fromkeys(column for key in keys for column in _nullable(plan, key, old)))


def _put_off(connection: Session, plan: Plan, old: Mapping[str, Found]) -> None:
    """Let PostgreSQL wait for the end, where a key of a circle may never be missing.

    Raises:
        OutputError: it does not wait.
    """
    for key in _late_keys(plan, old) if plan.dialect == "postgresql" else ():
        if not _nullable(plan, key, old):
            if not any(found.columns == key.columns and found.deferrable for found in old[key.table].foreign):
                circle = circle_through(plan.keys.foreign, key)
                raise OutputError(
                    f"the keys {', '.join(map(str, circle))} go in a circle and may not be missing: make one of them "
                    "DEFERRABLE, or let tables be made anew"
                )
            connection.all("SET CONSTRAINTS ALL DEFERRED")


def _needs_no_checks(plan: Plan, frames: Mapping[str, pl.DataFrame], old: Mapping[str, Found]) -> bool:
    """Whether MySQL, which looks at every row alone, must not look."""
    if any(not _nullable(plan, key, old) for key in _late_keys(plan, old)):
        return True
    own = {name: [key for key in plan.keys.of(name) if key.is_self] for name in old}
    return any(keys and by_level(frames[name], keys)[2] for name, keys in own.items())


def _check_foreign(connection: Session, plan: Plan, old: Mapping[str, Found]) -> None:
    """Look at once at what MySQL did not look at."""
    for key in plan.keys.foreign:
        if key.table in old and key.parent in old:
            pairs = list(zip(key.columns, key.parent_columns, strict=True))
            on = " AND ".join(f"c.{quoted(a, plan.dialect)} = p.{quoted(b, plan.dialect)}" for a, b in pairs)
            there = " AND ".join(f"c.{quoted(a, plan.dialect)} IS NOT NULL" for a, _ in pairs)
            child, parent = (located(old[name], plan.dialect) for name in (key.table, key.parent))
            if n := connection.one(
                f"SELECT count(*) FROM {child} c LEFT JOIN {parent} p ON {on} WHERE {there} AND "
                f"p.{quoted(pairs[0][1], plan.dialect)} IS NULL"
            ):
                raise OutputError(f"foreign key {key}: {n} rows point at none")
