"""Where a database is: a URL, or the path of a file of SQLite or DuckDB. A password is never shown."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from likewise.databases.sql.values import DIALECTS
from likewise.errors import InputError, MissingExtraError, OptionError

DRIVERS = {
    "postgresql": ("psycopg", "psycopg[binary]"), "mysql": ("pymysql", "PyMySQL"), "mssql": ("pyodbc", "pyodbc"),
}  # fmt: skip
"""Dialect -> the driver that is taken where the URL names none, and what pip calls it."""

_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)(?:\+([a-zA-Z0-9_]+))?://")
_SAME = {"postgres": "postgresql", "mariadb": "mysql"}
_SUFFIXES = {".sqlite": "sqlite", ".sqlite3": "sqlite", ".db": "sqlite", ".duckdb": "duckdb"}


@dataclass(frozen=True)
class Place:
    """Where a database is.

    Args:
        dialect: one of `DIALECTS`.
        url: as SQLAlchemy takes it, with the password.
        path: of a file; None where there is a server, or no file.
        schema: the schema in it that is meant, if one was named.
    """

    dialect: str
    url: str
    path: Path | None = None
    schema: str | None = None

    def __repr__(self) -> str:
        return f"Place({str(self)!r})"

    def __str__(self) -> str:
        """As it may be shown: without user and password, wherever in the text they stand."""
        if self.path is not None:
            return str(self.path)
        _, _, rest = self.url.partition("://")
        shown = rest.partition("@")[2] if "@" in rest else rest
        # A sign of the password that was not written as %40, or no host after it.
        if "@" in shown or "%40" in shown or not re.search(r":\d*$|^[^:]*$|^\[[^]]*\]", shown.partition("/")[0]):
            return f"{self.dialect}://..."
        return f"{self.dialect}://{shown.partition('?')[0]}"


def is_sql(text: str | os.PathLike[str]) -> bool:
    """Whether a text names a database of SQL: its URL, or a file that is one or would be one by its name.

    >>> is_sql("postgresql://localhost/shop"), is_sql("fake.sqlite"), is_sql("people.csv"), is_sql("https://example.com/x.csv")
    (True, True, False, False)
    """
    text = os.fspath(text)
    if url := _URL.match(text):
        return _SAME.get(url[1].lower(), url[1].lower()) in DIALECTS
    return _file_dialect(Path(text)) is not None


def _file_dialect(path: Path) -> str | None:
    """By what stands in it; by its name where it is not there yet, or empty."""
    by_name = _SUFFIXES.get(path.suffix.lower())
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return None if path.is_dir() else by_name
    if head.startswith(b"SQLite format 3\0"):
        return "sqlite"
    return "duckdb" if head[8:12] == b"DUCK" else (None if head else by_name)


def place(text: str | os.PathLike[str], schema: str | None = None) -> Place:
    """Read where a database is.

    Args:
        text: a URL such as `postgresql://user@host/shop?schema=fake`, or the path of a file of SQLite or DuckDB.
        schema: over that in the URL.

    Raises:
        InputError: it names no database that can be read or written.
    """
    text = os.fspath(text)
    url = _URL.match(text)
    if url is None:
        dialect, path = _file_dialect(Path(text)), Path(text)
        if dialect is None:
            raise InputError(f"{text!r} is no database: give a URL, or a file of SQLite or DuckDB")
        return Place(dialect, f"sqlite:///{path}", path, _schema_for(dialect, schema))
    dialect = _SAME.get(url[1].lower(), url[1].lower())
    if dialect not in DIALECTS:
        raise InputError(f"databases of {url[1]} cannot be read; there are {', '.join(DIALECTS)}, and mariadb")
    rest, _, query = text[url.end() :].partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    schema = schema or next((value for key, value in options if key == "schema"), None)
    if dialect in ("sqlite", "duckdb"):
        if not (path_text := unquote(rest.removeprefix("/"))) or path_text == ":memory:":
            raise InputError(f"a database of {dialect} in memory holds nothing yet; give the path of a file")
        if "@" in rest.partition("/")[0]:
            raise InputError(f"a database of {dialect} is a file, without user and host: give its path")
        return Place(dialect, f"sqlite:///{path_text}", Path(path_text), _schema_for(dialect, schema))
    kept = urlencode([(key, value) for key, value in options if key != "schema"], quote_via=quote)
    driver = url[2] or DRIVERS[dialect][0]
    at = Place(dialect, f"{dialect}+{driver}://{rest}{'?' * bool(kept)}{kept}", None, schema)
    return _to_database(at) if dialect == "mysql" else at


def _schema_for(dialect: str, schema: str | None) -> str | None:
    if schema is not None and dialect == "sqlite":
        raise OptionError("SQLite has no schemas: leave the schema out, or name another file")
    return schema


def _to_database(at: Place) -> Place:
    """A schema of MySQL is a database of its server."""
    if at.schema is None or "," in at.schema:
        return at
    head, _, query = at.url.partition("?")
    scheme, _, rest = head.partition("://")
    url = f"{scheme}://{rest.split('/')[0]}/{quote(at.schema)}{'?' * bool(query)}{query}"
    return replace(at, url=url, schema=None)


def engine_of(at: Place, timeout: int, creator: Any = None) -> Any:
    """What SQLAlchemy connects through; nothing is connected yet.

    Args:
        timeout: seconds that a server is waited for.
        creator: what opens a connection, in place of the driver's own way.

    Raises:
        MissingExtraError: SQLAlchemy is not installed.
        InputError: the driver is not, or the URL is none.
    """
    try:
        import sqlalchemy as sa
    except ImportError:
        raise MissingExtraError("sqlalchemy", "sql") from None
    arguments: dict[str, Any] = {}
    try:
        url = sa.URL.create("sqlite", database=str(at.path)) if at.path is not None else sa.make_url(at.url)
        if url.get_driver_name() in _TIMED and "connect_timeout" not in url.query:
            arguments = {"connect_timeout": timeout}
        given = {"creator": creator} if creator else {"isolation_level": "AUTOCOMMIT"}
        return sa.create_engine(url, connect_args=arguments, poolclass=sa.pool.NullPool, **given)
    except ImportError:
        driver = re.match(r"\w+\+(\w+)", at.url)
        name, pip = DRIVERS[at.dialect]
        pip = pip if driver is None or driver[1] == name else driver[1]
        raise InputError(f"the driver of {at.dialect} is not installed: pip install '{pip}'") from None
    except sa.exc.NoSuchModuleError:
        raise InputError(f"there is no such driver of {at.dialect}; leave it out of the URL, or install it") from None
    except (sa.exc.ArgumentError, ValueError):
        raise InputError(
            f"this URL cannot be read; its form is {at.dialect}://host/name, with user and password before the host, "
            "and %40 and %2F for an at sign or a slash in these"
        ) from None


_TIMED = ("psycopg", "psycopg2", "pymysql", "mysqldb")
