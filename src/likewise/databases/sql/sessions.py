"""Connections: one way to ask, to read in chunks and to write rows, over SQLAlchemy and over DuckDB's own API."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote

import polars as pl

from likewise.databases.sql.cells import for_copy, inserts, plain
from likewise.databases.sql.faults import told
from likewise.databases.sql.urls import Place, engine_of
from likewise.databases.sql.values import listed, literal, quoted
from likewise.errors import InputError, MissingExtraError, OutputError

CHUNK = 50_000
TIMEOUT = 10
"""Seconds that a server, or a lock of another session, is waited for."""

MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO"
"""Of MySQL: what does not fit is refused, and a key may be 0."""

Dtypes = Mapping[str, Any]


class Session(ABC):
    """A connection that commits nothing unasked."""

    dialect: str
    snapshot = "BEGIN"
    """What begins to read: all that follows is read as it was then."""

    @abstractmethod
    def all(self, query: str) -> list[tuple[Any, ...]]:
        """Do this, and give all rows that come of it."""

    @abstractmethod
    def chunks(self, query: str, dtypes: Dtypes) -> Iterator[pl.DataFrame]:
        """The rows that a long query gives, `CHUNK` at a time."""

    @abstractmethod
    def insert(self, table: str, frame: pl.DataFrame) -> None:
        """Write rows to a table, by its quoted name."""

    @abstractmethod
    def close(self) -> None:
        """Let go; what was not committed is undone."""

    def unfit(self, type_: str, texts: pl.Series) -> list[str]:
        """Those of some different texts that are none of a type, as far as the database tells before it is written."""
        return []

    def one(self, query: str) -> Any:
        """The first cell that comes."""
        rows = self.all(query)
        return rows[0][0] if rows else None


class Alchemy(Session):
    """Over SQLAlchemy, in statements of the driver's own; `bound` is for what SQLAlchemy reads itself."""

    def __init__(self, at: Place, *, creator: Callable[[], Any] | None = None) -> None:
        self.dialect = at.dialect
        self.bound: Any = engine_of(at, TIMEOUT, creator).connect()
        self.raw: Any = self.bound.connection.driver_connection

    def all(self, query: str) -> list[tuple[Any, ...]]:
        cursor = self.raw.cursor()
        try:
            cursor.execute(query)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            cursor.close()

    def chunks(self, query: str, dtypes: Dtypes) -> Iterator[pl.DataFrame]:
        cursor = self.cursor_of_many()
        try:
            cursor.execute(query)
            yield from _frames(lambda: cursor.fetchmany(CHUNK), dtypes)
        finally:
            cursor.close()

    def cursor_of_many(self) -> Any:
        """A cursor that does not hold all rows at once."""
        return self.raw.cursor()

    def insert(self, table: str, frame: pl.DataFrame) -> None:
        for statement in inserts(table, frame, self.dialect):
            self.all(statement)

    def close(self) -> None:
        with suppress(Exception):
            self.bound.invalidate()  # which closes it, whatever it was at
            self.bound.close()


class Sqlite(Alchemy):
    """Rows by `executemany`, which needs no text of them."""

    def __init__(self, at: Place) -> None:
        assert at.path is not None

        def connect(path: Path = at.path) -> sqlite3.Connection:
            # Never made by opening it; a journal that a killed writer left can be played back, so not "ro".
            uri = f"file:{quote(str(path.absolute()))}?mode=rw"
            return sqlite3.connect(uri, uri=True, timeout=TIMEOUT, isolation_level=None)

        super().__init__(at, creator=connect)

    def insert(self, table: str, frame: pl.DataFrame) -> None:
        marks = ", ".join("?" * frame.width)
        statement = f"INSERT INTO {table} ({listed(frame.columns, self.dialect)}) VALUES ({marks})"
        self.raw.executemany(statement, plain(frame).iter_rows())


class Postgres(Alchemy):
    """Rows by COPY, where the driver has it, and read by a cursor of the server."""

    snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def __init__(self, at: Place) -> None:
        super().__init__(at)
        for setting in (f"lock_timeout = '{TIMEOUT}s'", "TIME ZONE 'UTC'", "datestyle = 'ISO, MDY'",
                        "standard_conforming_strings = on", "client_encoding = 'UTF8'"):  # fmt: skip
            self.all(f"SET {setting}")

    def chunks(self, query: str, dtypes: Dtypes) -> Iterator[pl.DataFrame]:
        self.all(f"DECLARE likewise_rows NO SCROLL CURSOR FOR {query}")
        yield from _frames(lambda: self.all(f"FETCH {CHUNK} FROM likewise_rows"), dtypes)
        self.all("CLOSE likewise_rows")

    def insert(self, table: str, frame: pl.DataFrame) -> None:
        cursor = self.raw.cursor()
        if not hasattr(cursor, "copy"):
            super().insert(table, frame)
            return
        with cursor, cursor.copy(f"COPY {table} ({listed(frame.columns, self.dialect)}) FROM STDIN") as to:
            for part in frame.iter_slices(CHUNK):
                to.write(for_copy(part))

    def unfit(self, type_: str, texts: pl.Series) -> list[str]:
        made = (
            "CREATE OR REPLACE FUNCTION pg_temp.likewise_fits(x text) RETURNS boolean LANGUAGE plpgsql AS $likewise$ "
            f"BEGIN PERFORM CAST(x AS {type_}); RETURN true; EXCEPTION WHEN data_exception THEN RETURN false; "
            "END $likewise$"
        )
        self.all("SAVEPOINT likewise_fits")
        try:
            self.all(made)
            each = (texts[start : start + 1000].to_list() for start in range(0, len(texts), 1000))
            asked = (self.all(f"SELECT x FROM unnest(ARRAY[{', '.join(map(literal, some))}]::text[]) x "
                              "WHERE NOT pg_temp.likewise_fits(x)") for some in each)  # fmt: skip
            return [text for rows in asked for (text,) in rows]
        except Exception:  # no right to make it, or no such language
            self.all("ROLLBACK TO likewise_fits")
            return []


class MySql(Alchemy):
    """Rows by statements of many; what defines tables commits by itself."""

    snapshot = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"

    def __init__(self, at: Place) -> None:
        super().__init__(at)
        for setting in (f"sql_mode = '{MODE}'", "time_zone = '+00:00'", f"lock_wait_timeout = {TIMEOUT}",
                        f"innodb_lock_wait_timeout = {TIMEOUT}"):  # fmt: skip
            self.all(f"SET SESSION {setting}")
        self.all("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self.all("SET NAMES utf8mb4")

    def chunks(self, query: str, dtypes: Dtypes) -> Iterator[pl.DataFrame]:
        """A row comes as one text, a line of CSV: drivers make every cell in Python."""
        cells = [_quoted_cell(name, dtype) for name, dtype in dtypes.items()]
        cursor = self.cursor_of_many()
        try:
            cursor.execute(f"SELECT CONCAT_WS(',', '', {', '.join(cells)}) FROM ({query}) AS likewise_rows")
            while rows := cursor.fetchmany(CHUNK):
                yield _of_lines([row[0] for row in rows], dtypes)
        finally:
            cursor.close()

    def cursor_of_many(self) -> Any:
        cursors = import_module(type(self.raw).__module__.split(".")[0] + ".cursors")
        return self.raw.cursor(cursors.SSCursor)


def _quoted_cell(name: str, dtype: Any) -> str:
    """A cell as MySQL writes it in CSV: a text, which begins with a sign so that it is not taken for a missing one."""
    cell = quoted(name, "mysql")
    if dtype == pl.String:
        cell = f"CONCAT('\"=', REPLACE(CONVERT({cell} USING utf8mb4), '\"', '\"\"'), '\"')"
    return f"IFNULL({cell}, '')"


def _of_lines(lines: Sequence[str | None], dtypes: Dtypes) -> pl.DataFrame:
    """Lines of CSV as a frame; the first cell of each is empty.

    >>> _of_lines([',1,"=a,""\\n"', ',,'], {"n": pl.Int64, "x": pl.String}).rows()
    [(1, 'a,"\\n'), (None, None)]
    """
    if None in lines:
        raise InputError("a row is longer than max_allowed_packet of the server: raise it, or leave the column out")
    names = ["", *dtypes]
    text = "\n".join(line for line in lines if line is not None).encode()
    frame = pl.read_csv(text, has_header=False, new_columns=names, infer_schema=False)
    if frame.height != len(lines):
        raise InputError("its rows cannot be told apart")
    return frame.select(_of_text(name, dtype) for name, dtype in dtypes.items())


def _of_text(name: str, dtype: Any) -> pl.Expr:
    cell = pl.col(name)
    if dtype == pl.String:
        return cell.str.strip_prefix("=")
    if dtype == pl.Boolean:
        return cell.cast(pl.Int64) != 0
    if dtype == pl.Date:
        return cell.str.to_date("%Y-%m-%d")
    return cell.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us") if dtype == pl.Datetime else cell.cast(dtype)


class Duck(Session):
    """DuckDB by its own API: frames in and out without a copy a row."""

    dialect = "duckdb"

    def __init__(self, at: Place, *, writing: bool) -> None:
        try:
            import duckdb
            import pyarrow  # noqa: F401  (DuckDB hands frames over by it)
        except ImportError as error:
            raise MissingExtraError(error.name or "duckdb", "duckdb") from None
        self.raw = duckdb.connect(str(at.path), read_only=not writing)
        self.all("SET TimeZone = 'UTC'")

    def all(self, query: str) -> list[tuple[Any, ...]]:
        return list(self.raw.execute(query).fetchall())

    def chunks(self, query: str, dtypes: Dtypes) -> Iterator[pl.DataFrame]:
        rows = self.raw.sql(query)
        read = getattr(rows, "to_arrow_reader", None) or rows.fetch_arrow_reader  # its name in older ones
        for batch in read(CHUNK):
            frame = pl.DataFrame(batch)
            # 157.9 of 32 bits is no 157.89999 of 64: it has the digits that it is written with.
            frame = frame.with_columns(pl.col(pl.Float32).cast(pl.String))
            yield frame.cast({name: dtype for name, dtype in dtypes.items() if frame.schema[name] != dtype})

    def insert(self, table: str, frame: pl.DataFrame) -> None:
        rows = f"likewise_{token_hex(8)}"  # not the name of a table
        self.raw.register(rows, frame)
        try:
            names = listed(frame.columns, self.dialect)
            self.all(f"INSERT INTO {table} ({names}) SELECT {names} FROM {rows}")
        finally:
            with suppress(Exception):
                self.raw.unregister(rows)

    def unfit(self, type_: str, texts: pl.Series) -> list[str]:
        rows = f"likewise_{token_hex(8)}"
        self.raw.register(rows, texts.to_frame("x"))
        try:
            return [text for (text,) in self.all(f"SELECT x FROM {rows} WHERE TRY_CAST(x AS {type_}) IS NULL")]
        finally:
            with suppress(Exception):
                self.raw.unregister(rows)

    def close(self) -> None:
        self.raw.close()


def _frames(fetch: Callable[[], Sequence[Any]], dtypes: Dtypes) -> Iterator[pl.DataFrame]:
    """Rows as frames. Dates that no calendar has, as MySQL keeps them, are missing."""
    while rows := fetch():
        yield pl.DataFrame(list(rows), dict(dtypes), orient="row", strict=False)


@contextmanager
def session(at: Place, *, writing: bool = False, is_new: bool = False) -> Iterator[Session]:
    """A connection, closed at the end.

    Raises:
        InputError: there is no such database, it cannot be reached, or it refuses the user.
        MissingExtraError: what speaks to it is not installed.
    """
    if at.dialect == "mssql":
        error = OutputError if writing else InputError
        raise error("SQL Server is only written to as a file of statements: give dry_run, or --dry-run FILE")
    if at.path is not None and not is_new and not at.path.is_file():
        raise InputError(f"there is no file {str(at.path)!r}")
    with told(f"database {str(at)!r}", writing=writing):
        opened = _opened(at, writing=writing)
    try:
        yield opened
    finally:
        opened.close()


def _opened(at: Place, *, writing: bool) -> Session:
    match at.dialect:
        case "duckdb":
            return Duck(at, writing=writing)
        case "sqlite":
            return Sqlite(at)
        case "postgresql":
            return Postgres(at)
        case _:
            return MySql(at)
