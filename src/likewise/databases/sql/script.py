"""A file of statements in place of a database: what would be made and written, to be read and run by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from likewise.databases.sql.cells import cut, fitted, inserts
from likewise.databases.sql.ordering import by_level
from likewise.databases.sql.plan import Plan
from likewise.databases.sql.sessions import MODE
from likewise.databases.sql.values import literal, quoted
from likewise.tables.atomic import PathLike, atomic_path

_BEGIN = {
    "sqlite": ("BEGIN", "PRAGMA defer_foreign_keys = ON"),
    "postgresql": ("BEGIN", "SET LOCAL standard_conforming_strings = on"),
    "mysql": ("SET NAMES utf8mb4", f"SET SESSION sql_mode = '{MODE}'"),
    "duckdb": ("BEGIN TRANSACTION",), "mssql": ("SET XACT_ABORT ON", "BEGIN TRANSACTION"),
}  # fmt: skip
"""MySQL commits each table that is made."""


def write_script(plan: Plan, frames: Mapping[str, pl.DataFrame], path: PathLike) -> None:
    """Write all statements that make and fill the tables of a plan, as if none of them was there.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_path(path) as target, target.open("w", encoding="utf-8", newline="\n") as file:
        for statement in statements(plan, frames):
            file.write(statement + ";\n")


def statements(plan: Plan, frames: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    """These statements, in order."""
    dialect = plan.dialect
    yield from _BEGIN[dialect]
    yield from _schemas(plan)
    yield from plan.types.values()
    yield from plan.counters(plan.order.tables, frames)
    for name in plan.order.tables:
        yield plan.create(name)
    if dialect == "mysql":
        yield "START TRANSACTION"
    for name in plan.order.tables:
        table = plan.tables[name]
        frame, levels, _ = by_level(frames[name], [key for key in plan.keys_of(name) if key.is_self])
        frame = fitted(cut(frame, table, dialect, plan.keys.key_columns(name))[0], table, dialect)
        counted = dialect == "mssql" and any(column.identity for column in table.columns) and len(frame)
        if counted:
            yield f"SET IDENTITY_INSERT {plan.name(name)} ON"
        for part in _by_level(frame, levels) if dialect == "duckdb" else (frame,):
            yield from inserts(plan.name(name), part, dialect)
        if counted:
            yield f"SET IDENTITY_INSERT {plan.name(name)} OFF"
        yield from _counters(plan, name, frame) if dialect == "postgresql" else ()
    if dialect == "mysql":
        yield "COMMIT"
    yield from plan.extras(plan.order.tables)
    yield from plan.added_keys(plan.order.tables)
    if dialect != "mysql":
        yield "COMMIT"


def _schemas(plan: Plan) -> Iterator[str]:
    schemas = [schema for schema in dict.fromkeys(table.schema for table in plan.tables.values()) if schema is not None]
    for schema in schemas:
        if plan.dialect == "mssql":  # where it must stand alone
            inner = f"CREATE SCHEMA {quoted(schema, 'mssql')}".replace("'", "''")
            yield f"IF SCHEMA_ID(N{literal(schema)}) IS NULL EXEC(N'{inner}')"
        else:
            yield f"CREATE SCHEMA IF NOT EXISTS {quoted(schema, plan.dialect)}"
    if plan.dialect == "postgresql" and len(schemas) == 1:
        yield f"SET LOCAL search_path = {quoted(schemas[0], 'postgresql')}"


def _by_level(frame: pl.DataFrame, levels: tuple[int, ...]) -> Iterator[pl.DataFrame]:
    start = 0
    for n in levels:
        yield frame[start : start + n]
        start += n


def _counters(plan: Plan, name: str, frame: pl.DataFrame) -> Iterator[str]:
    for column in plan.tables[name].columns:
        most = frame[column.name].max() if column.identity and column.name in frame.columns else None
        if isinstance(most, int) and most > 0:
            counter = f"pg_get_serial_sequence({literal(plan.name(name))}, {literal(column.name)})"
            yield f"SELECT setval({counter}, {most})"
