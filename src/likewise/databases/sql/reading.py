"""Rows of a database of SQL as frames: all tables as they were at one moment, or some rows and all that they need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from likewise.databases.keys import DatabaseSchema
from likewise.databases.sql.faults import told
from likewise.databases.sql.reflection import Names, found_in
from likewise.databases.sql.sampling import Sample, sampled
from likewise.databases.sql.sessions import Session, session
from likewise.databases.sql.spelling import spelt_as_parents
from likewise.databases.sql.urls import place
from likewise.databases.sql.values import SqlColumn, SqlSource, SqlTable, quoted, size_of
from likewise.databases.sql.whereabouts import whereabouts
from likewise.errors import InputError, nearest

Frames = dict[str, pl.DataFrame]


def read(
    url: str, schema: Names = None, tables: Names = None, sample: Sample = None, rng: np.random.Generator | None = None
) -> tuple[Frames, DatabaseSchema, SqlSource]:
    """Frames, keys, and what else a database says, all read in one snapshot.

    Args:
        url, schema, tables: as of `reflect`.
        sample: rows of roots, see `sampling.sampled`; None: all rows.
        rng: picks these.

    Raises:
        InputError: the database cannot be reached or read, or a table is locked for longer than `sessions.TIMEOUT`.
    """
    at = place(url, schema if isinstance(schema, str) else None)
    with session(at) as connection, told(f"database {str(at)!r} cannot be read"):
        connection.all(connection.snapshot)
        # Asked first, for the catalogue is read with another path of schemas.
        first = whereabouts(connection, at, [None])
        keys, source = found_in(connection, schema or at.schema, tables, str(at))
        named = {table.schema for table in source.tables.values()} - {None}
        places = whereabouts(connection, at, named) if named else first

        def rows_of(
            table: str, columns: tuple[str, ...] | None = None, among: pl.DataFrame | None = None
        ) -> pl.DataFrame:
            with told(f"table {table!r} cannot be read"):
                return _table(connection, source.tables[table], columns, among)

        if sample is None:
            frames = {name: rows_of(name) for name in keys.tables}
        else:
            frames = sampled(keys, rows_of, sample, rng or np.random.default_rng())
        frames = spelt_as_parents(connection, frames, keys, source)
    keys, source = _with_missing(frames, keys, source)
    return frames, keys, replace(source, places=places)


def _with_missing(frames: Frames, keys: DatabaseSchema, source: SqlSource) -> tuple[DatabaseSchema, SqlSource]:
    """With columns that may be missing, where what no frame holds was read as missing in spite of NOT NULL."""
    tables, notes = dict(source.tables), list(source.notes)
    for name, frame in frames.items():
        lost = [
            column.name for column in tables[name].columns if not column.nullable and frame[column.name].null_count()
        ]
        if lost:
            columns = (
                replace(column, nullable=column.nullable or column.name in lost) for column in tables[name].columns
            )
            tables[name] = replace(tables[name], columns=tuple(columns))
            required = tuple(column for column in keys.tables[name].required if column not in lost)
            keys = keys.replace(name, required=required)
            named = ", ".join(map(repr, lost))
            notes.append(f"{name}: {named} may be missing, though declared NOT NULL: some cells are in no calendar")
    return keys, replace(source, tables=tables, notes=tuple(notes))


def _table(
    connection: Session, table: SqlTable, names: tuple[str, ...] | None, among: pl.DataFrame | None
) -> pl.DataFrame:
    """Rows of a table, those alone whose keys are among some."""
    wanted = [column for column in table.columns if names is None or column.name in names]
    parts = (
        part if among is None else part.join(among, on=among.columns, how="semi", nulls_equal=True)
        for part in _parts(connection, table, wanted)
    )
    return pl.concat(parts) if wanted else pl.DataFrame()


def chunks_of(url: str, table: str) -> Iterator[pl.DataFrame]:
    """The rows of one table, some at a time, all as they were at one moment; first none, which tells the columns.

    Raises:
        InputError: as `read` does, or there is no such table.
    """
    at = place(url, None)
    with session(at) as connection, told(f"database {str(at)!r} cannot be read"):
        connection.all(connection.snapshot)
        keys, source = found_in(connection, at.schema, None, str(at))
        if table not in source.tables:
            raise InputError(f"database {str(at)!r} has no table {table!r}{nearest(table, list(keys.tables))}")
        with told(f"table {table!r} cannot be read"):
            yield from _parts(connection, source.tables[table], list(source.tables[table].columns))


def _parts(connection: Session, table: SqlTable, wanted: list[SqlColumn]) -> Iterator[pl.DataFrame]:
    """Rows of a table, some at a time; first none."""
    dialect = connection.dialect
    where = _name(table, dialect)
    if dialect == "sqlite":
        told_of = _stored(connection, wanted, where)
    else:
        told_of = [
            _huge(connection, column, where) if "hugeint" in column.type.lower() else _asked(column, dialect)
            for column in wanted
        ]
    dtypes = {column.name: dtype for column, (_, dtype) in zip(wanted, told_of, strict=True)}
    cells = (f"{text} AS {quoted(column.name, dialect)}" for column, (text, _) in zip(wanted, told_of, strict=True))
    yield pl.DataFrame(schema=dtypes)
    if wanted:
        yield from connection.chunks(f"SELECT {', '.join(cells)} FROM {where}", dtypes)


def _name(table: SqlTable, dialect: str) -> str:
    own = quoted(table.name, dialect)
    return own if table.schema is None else f"{quoted(table.schema, dialect)}.{own}"


_DTYPES: Mapping[str, Any] = {
    "integer": pl.Int64, "bit": pl.Int64, "boolean": pl.Boolean, "real": pl.Float64, "date": pl.Date, "time": pl.Time,
    "datetime": pl.Datetime("us"), "instant": pl.Datetime("us", "UTC"),
}  # fmt: skip
_IN_A_CALENDAR = {
    "time": "CASE WHEN {0} < '24:00:00' THEN {0} END", "duckdb": "CASE WHEN year({0}) BETWEEN 1 AND 9999 THEN {0} END",
    "postgresql": "CASE WHEN {0} >= '0001-01-01' AND {0} < '10000-01-01' THEN {0} END",
    "mysql": "CASE WHEN {0} >= '0001-01-01' AND month({0}) > 0 AND dayofmonth({0}) BETWEEN 1 AND "
    "dayofmonth(last_day({0})) THEN {0} END",
}  # fmt: skip
"""What a calendar has; all else, such as 0000-00-00, infinity, years before Christ and 24:00, is read as missing."""
_AS_TEXT = {"postgresql": "CAST({} AS text)", "duckdb": "CAST({} AS VARCHAR)", "mysql": "CAST({} AS CHAR)"}
_AS_REAL = {"postgresql": "CAST({} AS double precision)", "duckdb": "CAST({} AS DOUBLE)", "mysql": "({} + 0e0)"}
_AS_HEX = {"postgresql": "encode({}, 'hex')"}


def _asked(column: SqlColumn, dialect: str) -> tuple[str, Any]:
    """How a column is asked for, and what it is in a frame: bytes as hexadecimal digits, what is unknown as text."""
    cell = quoted(column.name, dialect)
    size = size_of(column.type)
    match column.kind:
        case "decimal" if size and max(size) == size[0] <= 38:
            text = f"nullif({cell}, 'NaN')" if dialect == "postgresql" else cell
            return text, pl.Decimal(size[0], size[1] if len(size) > 1 else 0)
        case "decimal":
            return _AS_REAL[dialect].format(cell), pl.Float64
        case "bit" | "integer" as kind if dialect == "mysql" and column.type.startswith("bit"):
            return f"({cell} + 0)", pl.Int64 if kind == "bit" else pl.UInt64
        case "integer":
            return cell, _whole(column.type.lower(), dialect)
        case "time" if dialect == "mysql":  # which may last for days
            return _AS_TEXT[dialect].format(cell), pl.String
        case "binary":
            return _AS_HEX.get(dialect, "lower(hex({}))").format(cell), pl.String
        case "text" | "enum":
            return cell if dialect != "duckdb" else _AS_TEXT[dialect].format(cell), pl.String
        case "time" | "date" | "datetime" | "instant" as kind:
            return _IN_A_CALENDAR["time" if kind == "time" else dialect].format(cell), _DTYPES[kind]
        case kind if kind in _DTYPES and kind != "bit":
            return cell, _DTYPES[kind]
        case _:
            return _AS_TEXT[dialect].format(cell), pl.String


def _huge(connection: Session, column: SqlColumn, where: str) -> tuple[str, Any]:
    """Sums of DuckDB are of a type wider than a frame counts in: as wide as it must be."""
    cell = quoted(column.name, "duckdb")
    beyond = f"SELECT 1 FROM {where} WHERE {cell} NOT BETWEEN {-(2**63)} AND {2**63 - 1} LIMIT 1"
    if connection.one(beyond):
        return f"CAST({cell} AS DECIMAL(38, 0))", pl.Decimal(38, 0)
    return f"CAST({cell} AS BIGINT)", pl.Int64


_WHOLE = (
    (r"u?tinyint", pl.Int8, pl.UInt8), (r"u?smallint|year\b", pl.Int16, pl.UInt16),
    (r"u?int(eger)?\b|mediumint", pl.Int32, pl.UInt32),
)  # fmt: skip


def _whole(type_: str, dialect: str) -> Any:
    """As narrow as declared, so that a key that is made fits. What a domain is called says nothing."""
    unsigned = "unsigned" in type_ or type_.startswith("u")
    for form, signed, own in _WHOLE:
        if re.match(form, type_) and not (dialect == "postgresql" and type_.startswith(("year", "u"))):
            return own if unsigned else signed
    return pl.UInt64 if unsigned and dialect != "postgresql" else pl.Int64


def _stored(connection: Session, columns: list[SqlColumn], where: str) -> list[tuple[str, Any]]:
    """How columns of SQLite are asked for: its types bind nothing, so what is stored decides. Dates stay as they are
    written, as in a file of text."""
    cells = [quoted(column.name, "sqlite") for column in columns]
    kinds = ("text", "real", "integer", "blob")
    asked = [f"max(typeof({cell}) = '{kind}')" for cell in cells for kind in kinds]
    asked += [_beyond(column, cell) for column, cell in zip(columns, cells, strict=True)]
    seen: list[Any] = []
    for start in range(0, len(asked), 400):
        seen += connection.all(f"SELECT {', '.join(asked[start : start + 400])} FROM {where}")[0]
    return [
        _as_stored(column, cell, seen[4 * len(cells) + i] == 0, *(bool(flag) for flag in seen[4 * i : 4 * i + 4]))
        for i, (column, cell) in enumerate(zip(columns, cells, strict=True))
    ]


def _beyond(column: SqlColumn, cell: str) -> str:
    """Whether some number is none of the decimals that are declared; a missing cell: no decimals are."""
    size = size_of(column.type) if column.kind == "decimal" else ()
    if not size or size[0] > _DIGITS or size[-1] > size[0]:
        return "NULL"
    scale = size[1] if len(size) > 1 else 0
    return f"max(round({cell}, {scale}) <> {cell} OR abs({cell}) >= 1e{size[0] - scale})"


_DIGITS = 15
"""A number as SQLite stores it holds so many."""


def _as_stored(
    column: SqlColumn, cell: str, decimal: bool, text: bool, real: bool, whole: bool, blob: bool
) -> tuple[str, Any]:
    if blob:
        return f"CASE typeof({cell}) WHEN 'blob' THEN lower(hex({cell})) ELSE CAST({cell} AS TEXT) END", pl.String
    if text:
        return (f"CAST({cell} AS TEXT)" if real or whole else cell), pl.String
    if decimal and (real or whole):
        size = size_of(column.type)
        return f"CAST({cell} AS REAL)", pl.Decimal(size[0], size[1] if len(size) > 1 else 0)
    if real:
        return cell, pl.Float64
    if whole:
        return (f"({cell} <> 0)", pl.Boolean) if column.kind == "boolean" else (cell, pl.Int64)
    return cell, {"integer": pl.Int64, "boolean": pl.Boolean, "real": pl.Float64, "decimal": pl.Float64}.get(
        column.kind, pl.String
    )
