"""What a database of SQL says of its tables beyond their keys, as plain values; and names and types of each dialect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

DIALECTS = ("sqlite", "postgresql", "mysql", "duckdb", "mssql")


@dataclass(frozen=True, kw_only=True)
class SqlColumn:
    """A column as its database declares it.

    Args:
        type: as the database writes it, such as `character varying(40)`.
        kind: what that is in any dialect, one of `KINDS`, or "other".
        nullable: whether it may be missing.
        default: what stands in it where a row says nothing, in the database's own words.
        generated: the expression that fills it; such a column is never written.
        identity: whether the database counts it up: serial, identity, auto_increment.
        values: of an enumeration.
        comment: what somebody wrote on it.
    """

    name: str
    type: str
    kind: str
    nullable: bool = True
    default: str | None = None
    generated: str | None = None
    identity: bool = False
    values: tuple[str, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class SqlIndex:
    """An index that is no key.

    Args:
        columns: of which it is, whole and in this order; none: it is of expressions, or of some rows.
        head, tail: of the statement that makes it, in the database's own words: before its name, and after its table.
    """

    name: str
    columns: tuple[str, ...]
    head: str = "CREATE INDEX"
    tail: str = ""

    @property
    def is_unique(self) -> bool:
        """Whether it holds rows apart, which those that are drawn need not be."""
        return "UNIQUE" in self.head.upper()


@dataclass(frozen=True, kw_only=True)
class SqlTable:
    """A table as its database declares it.

    Args:
        name, schema: where it stands there.
        checks: what must hold of a row, in the database's own words.
        actions: of a foreign key, by its text, what follows a deletion: `ON DELETE CASCADE`.
        indexes: that are no keys.
        triggers: their names.
    """

    name: str
    schema: str | None
    columns: tuple[SqlColumn, ...]
    checks: tuple[str, ...] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    indexes: tuple[SqlIndex, ...] = ()
    triggers: tuple[str, ...] = ()
    comment: str | None = None

    @property
    def written(self) -> tuple[str, ...]:
        """The columns that rows are written to: all but those the database fills."""
        return tuple(column.name for column in self.columns if column.generated is None)

    def column(self, name: str) -> SqlColumn | None:
        """The column of this name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, kw_only=True)
class SqlSource:
    """What a database says of its tables beyond their keys.

    Args:
        dialect: one of `DIALECTS`.
        tables: by the name that the schema of the database gives them.
        types: its own types (enumerations, domains): name as it stands in a statement -> what makes it.
        notes: what was left out, and why.
        places: the schemas where it was read, as `whereabouts` tells them; none: nowhere.
        lacks: what a model file does not keep of it.
    """

    dialect: str
    tables: Mapping[str, SqlTable]
    types: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    places: frozenset[str] = frozenset()
    lacks: tuple[str, ...] = ()


# ---- names -----------------------------------------------------------------------------------------------------------

_QUOTE = {"mysql": ("`", "`"), "mssql": ("[", "]")}


def quoted(name: str, dialect: str) -> str:
    """A name as it stands in a statement.

    >>> quoted("group by", "postgresql"), quoted("order", "mysql"), quoted("a]b", "mssql")
    ('"group by"', '`order`', '[a]]b]')
    """
    left, right = _QUOTE.get(dialect, ('"', '"'))
    return left + name.replace(right, right * 2) + right


def listed(names: tuple[str, ...] | list[str], dialect: str) -> str:
    """Several names, as in a key."""
    return ", ".join(quoted(name, dialect) for name in names)


def literal(text: str, dialect: str = "") -> str:
    """A short text as it stands in a statement about tables."""
    text = text.replace("\\", "\\\\") if dialect == "mysql" else text
    return "'" + text.replace("'", "''") + "'"


# ---- types -----------------------------------------------------------------------------------------------------------

KINDS = (
    ("other", r".*\[\d*\]$|(struct|map|union|row)\s*\(|timetz|time(\(\d\))?\s+with\s"),
    ("enum", r"enum\s*\("),
    ("integer", r"u?(tiny|small|medium|big|huge)?int(eger|\d+)?\b|(small|big)?serial|year\b"),
    ("boolean", r"bool"),
    ("bit", r"bit(\(1\))?$"),
    ("decimal", r"numeric|decimal|number"),
    ("real", r"real|double|float"),
    ("instant", r"timestamp(\(\d\))?\s+with\s+time|timestamptz|datetimeoffset"),
    ("datetime", r"timestamp|datetime|smalldatetime"),
    ("date", r"date\b"),
    ("time", r"time\b"),
    ("text", r".*char|.*text|.*clob|string|name$"),
    ("binary", r".*blob|.*binary|bytea|image"),
    ("uuid", r"uuid|uniqueidentifier"),
    ("json", r"json"),
)
"""What a type is, by how it begins; the first that matches."""


def kind_of(type_: str) -> str:
    """What a type is in any dialect.

    >>> [kind_of(t) for t in ("character varying(40)", "bigint(20) unsigned", "numeric(4,2)", "tsvector", "text[]")]
    ['text', 'integer', 'decimal', 'other', 'other']
    """
    return next((kind for kind, form in KINDS if re.match(form, type_.strip(), re.IGNORECASE)), "other")


def enumerated(type_: str) -> tuple[str, ...]:
    """The values that an enumeration lists in its type.

    >>> enumerated("enum('S','it''s')"), enumerated("varchar(4)")
    (('S', "it's"), ())
    """
    if kind_of(type_) != "enum":
        return ()
    return tuple(value.replace("''", "'") for value in re.findall(r"'((?:[^']|'')*)'", type_))


def size_of(type_: str) -> tuple[int, ...]:
    """The numbers in the brackets of a type: a length; precision and scale."""
    found = re.search(r"\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)", type_)
    return tuple(int(n) for n in found.groups() if n is not None) if found else ()


_TYPES = {
    "integer": ("INTEGER", "bigint", "bigint", "BIGINT", "bigint"),
    "boolean": ("BOOLEAN", "boolean", "boolean", "BOOLEAN", "bit"),
    "bit": ("INTEGER", "smallint", "tinyint", "TINYINT", "tinyint"),
    "real": ("REAL", "double precision", "double", "DOUBLE", "float"),
    "date": ("DATE", "date", "date", "DATE", "date"),
    "datetime": ("DATETIME", "timestamp", "datetime(6)", "TIMESTAMP", "datetime2"),
    "instant": ("DATETIME", "timestamptz", "datetime(6)", "TIMESTAMPTZ", "datetimeoffset"),
    "time": ("TIME", "time", "time(6)", "TIME", "time"),
    "binary": ("BLOB", "bytea", "longblob", "BLOB", "varbinary(max)"),
    "uuid": ("TEXT", "uuid", "char(36)", "UUID", "uniqueidentifier"),
    "json": ("TEXT", "json", "json", "JSON", "nvarchar(max)"),
    "text": ("TEXT", "text", "longtext", "VARCHAR", "nvarchar(max)"),
}
_NARROW = {"smallint": "smallint", "tinyint": "smallint", "mediumint": "int", "integer": "int", "int": "int"}


def type_in(column: SqlColumn, dialect: str, *, in_key: bool) -> str:
    """The type in another dialect that holds what this column does.

    Args:
        in_key: a text in a key needs a length in MySQL and SQL Server.
    """
    at, size = DIALECTS.index(dialect), size_of(column.type)
    match column.kind:
        case "decimal" if size:
            return f"{'decimal' if dialect in ('mysql', 'mssql') else 'NUMERIC'}({', '.join(map(str, size))})"
        case "decimal":
            return type_in(SqlColumn(name="", type="", kind="real"), dialect, in_key=in_key)
        case "integer" if "unsigned" in column.type.lower() and "bigint" in column.type.lower():
            return "bigint unsigned" if dialect == "mysql" else "NUMERIC(20)"
        case "integer" if "hugeint" in column.type.lower() and dialect != "sqlite":
            return (
                column.type
                if dialect == "duckdb"
                else f"{'decimal' if dialect in ('mysql', 'mssql') else 'NUMERIC'}(38)"
            )
        case "integer" if dialect != "sqlite" and "unsigned" not in column.type.lower():
            return _NARROW.get(re.split(r"\W", column.type.lower())[0], _TYPES["integer"][at])
        case "enum" if dialect == "mysql":
            return f"enum({', '.join(literal(value, dialect) for value in column.values)})"
        case "text" | "enum" | "other":
            return _text_type(size if column.kind == "text" else (), dialect, in_key=in_key)
        case kind:
            return _TYPES[kind][at]


def _text_type(size: tuple[int, ...], dialect: str, *, in_key: bool) -> str:
    most = {"mysql": 16000, "mssql": 4000}.get(dialect, 2**30)
    if not size and in_key and dialect in ("mysql", "mssql"):
        size = (255,)
    if not size or size[0] > most or dialect == "duckdb":
        return _TYPES["text"][DIALECTS.index(dialect)]
    return f"{'nvarchar' if dialect == 'mssql' else 'varchar'}({size[0]})"


_WIDTHS = {
    "Int8": "smallint", "Int16": "smallint", "UInt8": "smallint", "Int32": "int", "UInt16": "int",
    "UInt64": "bigint unsigned",
}  # fmt: skip


def column_of(series: pl.Series) -> SqlColumn:
    """What a column of a frame is to a database."""
    dtype = series.dtype
    if isinstance(dtype, pl.Decimal):
        kind, type_ = "decimal", f"numeric({dtype.precision or 38}, {dtype.scale})"
    else:
        kind = _kind_of_dtype(dtype)
        type_ = _WIDTHS.get(str(dtype), "bigint")
    return SqlColumn(name=series.name, type=type_ if kind in ("integer", "decimal") else kind, kind=kind)


def _kind_of_dtype(dtype: pl.DataType) -> str:
    if dtype.is_integer():
        return "integer"
    if dtype.is_float():
        return "real"
    if isinstance(dtype, pl.Datetime):
        return "datetime" if dtype.time_zone is None else "instant"
    return {"Boolean": "boolean", "Date": "date", "Time": "time", "Binary": "binary"}.get(str(dtype), "text")
