"""What a database says when it refuses, in words of ours: no cell of a table, no password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from likewise.errors import InputError, LikewiseError, OutputError

_REACH = "it cannot be reached: is the server running, and are host and port right?"
_LOGIN = "it refuses the user or the password"
_RIGHT = "the user lacks the right to do so"
_TAKEN = "a name is taken already, perhaps in other case"
_LOCKED = "it is locked by another session; try again when that has ended"
_KEY = "its columns are of other types than those that they point at"
_BROKEN = {"unique": "two rows share a key", "foreign": "a row points at one that is not there",
           "null": "a cell is missing where none may be", "check": "a row breaks a CHECK"}  # fmt: skip
_LONG, _RANGE, _FORM = "a text is longer than its column", "a number is too large for its column", (
    "a value does not fit the type of its column"
)  # fmt: skip

_STATES = {
    "28": _LOGIN, "3D": "there is no database of this name", "42501": _RIGHT, "55P03": _LOCKED, "57014": _LOCKED,
    "40P01": _LOCKED, "40001": _LOCKED, "42P01": "a table is not there", "42701": _TAKEN, "42P07": _TAKEN,
    "23505": _BROKEN["unique"], "42704": "a type that one of its columns has is not there",
    "23503": _BROKEN["foreign"], "23502": _BROKEN["null"], "23514": _BROKEN["check"], "22001": _LONG,
    "22003": _RANGE, "22": _FORM, "42804": _FORM, "25006": "it is read only", "53": "it has no room left", "08": _REACH,
    "57": "its server is going down",
}  # fmt: skip
"""SQLSTATE, or how it begins -> what it means; the longest counts."""

_CODES = {
    1045: _LOGIN, 1698: _LOGIN, 1049: "there is no database of this name", 1044: _RIGHT, 1142: _RIGHT, 1143: _RIGHT,
    1227: _RIGHT, 1370: _RIGHT, 2002: _REACH, 2003: _REACH, 2005: _REACH, 2013: "the connection was lost",
    2006: "the connection was lost", 1205: _LOCKED, 1213: _LOCKED, 1062: _BROKEN["unique"], 1452: _BROKEN["foreign"],
    1451: "rows elsewhere point at those to be replaced", 1048: _BROKEN["null"], 1364: _BROKEN["null"],
    4025: _BROKEN["check"], 3819: _BROKEN["check"], 1406: _LONG, 1264: _RANGE, 1366: _FORM, 1292: _FORM, 1265: _FORM,
    1146: "a table is not there",
    1005: _KEY, 1215: _KEY, 3780: _KEY, 1050: _TAKEN, 1060: _TAKEN, 1114: "it has no room left",
    1290: "it is read only", 1792: "it is read only",
}  # fmt: skip

_TEXTS = (
    (r"password authentication|no password supplied|authentication failed|role \".*\" does not exist", _LOGIN),
    (r"database \".*\" does not exist", "there is no database of this name"),
    (r"permission denied|readonly|read-only|read only", _RIGHT),
    (r"connection refused|could not translate|could not connect|no such file|timeout expired|timed out|unreachable|"
     r"name resolution|failed to resolve|server closed", _REACH),
    (r"database is locked|table is locked|conflicting lock|could not set lock|lock timeout", _LOCKED),
    (r"not a database|malformed|corrupt", "it is damaged, or no database"),
    (r"foreign key", _BROKEN["foreign"]), (r"not null", _BROKEN["null"]), (r"check constraint", _BROKEN["check"]),
    (r"unique constraint|duplicate key|primary key", _BROKEN["unique"]), (r"conversion|could not convert", _FORM),
    (r"duplicate column|already exists", _TAKEN),
    (r"disk.*full|no space", "it has no room left"), (r"unable to open", "its file cannot be opened"),
)  # fmt: skip


@contextmanager
def told(what: str, *, writing: bool = False) -> Iterator[None]:
    """Tell what a database refuses as an error of ours.

    Args:
        what: was done to what, such as "table 'orders' cannot be read".

    Raises:
        InputError, OutputError: as it reads or writes.
    """
    try:
        yield
    except LikewiseError:
        raise
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise
        raise (OutputError if writing else InputError)(f"{what}: its URL has an option that the driver lacks") from None
    except Exception as error:
        if (reason := reason_of(error)) is None:
            raise
        raise (OutputError if writing else InputError)(f"{what}: {reason}") from None


def reason_of(error: Exception) -> str | None:
    """Why a database refused; None where the error is none of a database."""
    inner: Any = getattr(error, "orig", None) or error
    root = type(inner).__module__.split(".")[0]
    if root not in _DRIVERS:
        return None
    return f"{_known(inner)}{_where(inner)}"


_DRIVERS = ("sqlite3", "psycopg", "psycopg2", "pg8000", "pymysql", "MySQLdb", "duckdb", "_duckdb", "sqlalchemy")


def _known(error: Any) -> str:
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if isinstance(state, str):
        if str(getattr(getattr(error, "diag", None), "table_name", "")).startswith("pg_"):
            return _TAKEN  # by a session that makes the same
        for length in (5, 2):
            if reason := _STATES.get(state[:length]):
                return reason
    code = error.args[0] if error.args else None
    if isinstance(code, int) and code in _CODES:
        return _CODES[code]
    text = str(error)
    for form, reason in _TEXTS:
        if re.search(form, text, re.IGNORECASE):
            return reason
    number = state or (code if isinstance(code, int) else "")
    return f"the database refuses it ({f'{type(error).__name__} {number}'.strip()})"


def _where(error: Any) -> str:
    """The names that it gives, which are no cells."""
    told = getattr(error, "diag", None)
    names = [f"{what} {name!r}" for what in ("table", "column", "constraint")
             if (name := getattr(told, f"{what}_name", None))]  # fmt: skip
    context = re.search(r"^COPY .*?, line \d+, column (.+?): ", str(getattr(told, "context", None) or ""))
    names = names or ([f"column {context[1]!r}"] if context else [])
    if (
        not names
        and type(error).__module__ == "sqlite3"
        and (found := re.search(r"constraint failed: (.+)", str(error)))
    ):
        names = [found[1]]
    return f" ({', '.join(names)})" if names else ""
