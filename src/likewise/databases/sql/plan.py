"""What is made and written in a database: its tables in the words of its dialect, and in what order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count

import polars as pl

from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.databases.sql.checks import as_check
from likewise.databases.sql.found import Found
from likewise.databases.sql.ordering import Order, order_of
from likewise.databases.sql.values import (
    SqlColumn,
    SqlIndex,
    SqlSource,
    SqlTable,
    column_of,
    listed,
    literal,
    quoted,
    type_in,
)
from likewise.errors import OutputError


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Tables to be written.

    Args:
        schema: in which they lie; None: the one that the user sees first.
        tables: as they are made, by the names of the keys.
        types: the types that they use: name -> what makes it.
        renamed: other names for some of them, while they are made.
        notes: what a table lacks in this dialect.
    """

    dialect: str
    schema: str | None
    tables: Mapping[str, SqlTable]
    keys: DatabaseSchema
    order: Order
    types: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def has_keys_inside(self) -> bool:
        """Whether foreign keys stand in CREATE TABLE; else they are added when the rows are there."""
        return self.dialect in ("sqlite", "duckdb")

    def beside(self, old: Mapping[str, Found]) -> Plan:
        """With new columns that point of the types of those that are there, as MySQL wants it."""
        tables = dict(self.tables)
        for key in self.keys.foreign:
            if key.table in old or key.parent not in old:
                continue
            types = {column.name: column.type for column in old[key.parent].columns}
            named = {own: types[other] for own, other in zip(key.columns, key.parent_columns, strict=True)}
            columns = (
                replace(column, type=named.get(column.name, column.type)) for column in tables[key.table].columns
            )
            tables[key.table] = replace(tables[key.table], columns=tuple(columns))
        return replace(self, tables=tables)

    def name(self, table: str) -> str:
        """As it stands in a statement."""
        own = quoted(self.renamed.get(table, self.tables[table].name), self.dialect)
        schema = self.tables[table].schema
        return own if schema is None else f"{quoted(schema, self.dialect)}.{own}"

    def create(self, table: str) -> str:
        """The statement that makes a table."""
        own, told = self.keys.tables[table], self.tables[table]
        parts = [_declared(column, self.dialect, own, self.counter(table, column)) for column in told.columns]
        parts += [f"PRIMARY KEY ({listed(own.primary, self.dialect)})"] if own.primary else []
        parts += [f"UNIQUE ({listed(unique, self.dialect)})" for unique in own.unique]
        parts += [f"CHECK ({check})" for check in told.checks]
        parts += [self.foreign(key) for key in self.keys_of(table)] if self.has_keys_inside else []
        end = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4" if self.dialect == "mysql" else ""
        if self.dialect == "mysql" and told.comment is not None:
            end += f" COMMENT={literal(told.comment, 'mysql')}"
        return f"CREATE TABLE {self.name(table)} (\n  " + ",\n  ".join(parts) + f"\n){end}"

    def counter(self, table: str, column: SqlColumn) -> str | None:
        """The name of the sequence of DuckDB that counts a column up."""
        if self.dialect != "duckdb" or not column.identity or column.default is not None or column.kind != "integer":
            return None
        schema, own = self.tables[table].schema, quoted(f"{self.tables[table].name}_{column.name}_seq", "duckdb")
        return own if schema is None else f"{quoted(schema, 'duckdb')}.{own}"

    def counters(self, tables: Sequence[str], frames: Mapping[str, pl.DataFrame]) -> Iterator[str]:
        """What makes these sequences, which go on after the largest number."""
        for table in tables:
            for column in self.tables[table].columns:
                if (name := self.counter(table, column)) is not None and column.name in frames[table].columns:
                    most = frames[table][column.name].max()
                    yield f"CREATE SEQUENCE {name} START {max(int(most), 0) + 1 if isinstance(most, int) else 1}"

    def keys_of(self, table: str) -> tuple[ForeignKey, ...]:
        """Its foreign keys; DuckDB has none in circles."""
        return tuple(key for key in self.keys.of(table) if not (self.dialect == "duckdb" and key in self.order.late))

    def foreign(self, key: ForeignKey) -> str:
        """A foreign key as a part of CREATE TABLE or of ALTER TABLE."""
        actions = "" if self.dialect == "duckdb" else self.tables[key.table].actions.get(str(key), "")
        if self.dialect in ("mysql", "mssql") and self.keys.is_required(key):  # which could not be done
            actions = re.sub(r" ?ON \w+ SET NULL", "", actions).strip()
        late = {"postgresql": " DEFERRABLE", "sqlite": " DEFERRABLE INITIALLY DEFERRED"}.get(self.dialect, "")
        return (
            f"FOREIGN KEY ({listed(key.columns, self.dialect)}) REFERENCES {self.name(key.parent)} "
            f"({listed(key.parent_columns, self.dialect)}){' ' * bool(actions)}{actions}{late * key.deferrable}"
        )

    def extras(self, tables: Sequence[str]) -> Iterator[str]:
        """What makes the indexes of tables that are filled, and says what somebody wrote on them."""
        for table in tables:
            told, name = self.tables[table], self.name(table)
            for index in told.indexes:
                yield f"{index.head} {quoted(index.name, self.dialect)} ON {name} {index.tail}"
            if self.dialect in ("postgresql", "duckdb"):
                on = [("TABLE", name, told.comment)]
                on += [("COLUMN", f"{name}.{quoted(c.name, self.dialect)}", c.comment) for c in told.columns]
                yield from (f"COMMENT ON {what} {of} IS {literal(text)}" for what, of, text in on if text is not None)

    def triggers_left(self, tables: Sequence[str]) -> list[str]:
        """In words, what triggers tables that are made lack."""
        return [f"{table}: triggers {', '.join(self.tables[table].triggers)} are not made"
                for table in tables if self.tables[table].triggers]  # fmt: skip

    def added_keys(self, tables: Sequence[str]) -> Iterator[str]:
        """What adds the foreign keys of tables that are made and filled."""
        for table in tables:
            if not self.has_keys_inside:
                yield from (f"ALTER TABLE {self.name(table)} ADD {self.foreign(key)}" for key in self.keys_of(table))


def planned(
    frames: Mapping[str, pl.DataFrame], keys: DatabaseSchema, like: SqlSource | None, dialect: str, schema: str | None
) -> Plan:
    """What is to be made for these frames: the tables of a source, in the words of the dialect, or what frames hold.

    Raises:
        OutputError: two tables would have one name.
    """
    notes: list[str] = []
    tables = {}
    order = order_of(keys)
    several = like is not None and len({table.schema for table in like.tables.values()}) > 1
    for name in order.tables:
        given = None if like is None else like.tables.get(name)
        table = _table(name, frames[name], given)
        table = replace(table, indexes=tuple(_indexes(table, keys.tables[name], dialect, like, notes)))
        same = like is not None and given is not None and like.dialect == dialect
        if not same:
            source = "" if like is None or given is None else like.dialect
            held = table if dialect == "sqlite" else _as_held(table, frames[name])
            table = _translated(held, keys, name, dialect, source, notes)
        own_schema = schema if schema is not None else (table.schema if same and several else None)
        tables[name] = replace(table, schema=own_schema)
    tables = _told_apart(tables, notes)
    tables = tables if like is not None and like.dialect == dialect else _alike(tables, keys)
    _check_names(tables, dialect)
    tables = _named_apart(tables, dialect)
    if dialect == "duckdb":
        notes += [f"foreign key {key} left out: DuckDB has none in circles" for key in order.late]
    types = like.types if like is not None and like.dialect == dialect else {}
    if like is not None and like.lacks:
        notes.append(f"a model file keeps no expressions of SQL, so these are left out: {', '.join(like.lacks)}")
    return Plan(
        dialect=dialect,
        schema=schema,
        tables=tables,
        keys=keys,
        order=order,
        types=types,
        notes=tuple(dict.fromkeys(notes)),
    )


_LONGEST = {"postgresql": 63, "mysql": 64, "mssql": 128}
"""Bytes of a name; PostgreSQL cuts what is longer without a word."""


def _told_apart(tables: Mapping[str, SqlTable], notes: list[str]) -> dict[str, SqlTable]:
    """Tables of one name that come to lie in one schema, each called by the schema that it is of, too."""
    many = Counter((table.schema, table.name) for table in tables.values())
    found = {}
    for name, table in tables.items():
        if many[table.schema, table.name] > 1 and table.name != name:
            notes.append(f"table {table.name!r} of {name!r} is called {name!r}, for several have that name")
            table = replace(table, name=name)
        found[name] = table
    return found


def _check_names(tables: Mapping[str, SqlTable], dialect: str) -> None:
    for name, table in tables.items():
        for text in (table.name, *(column.name for column in table.columns)):
            if len(text.encode()) > _LONGEST.get(dialect, 10**9):
                raise OutputError(f"table {name!r}: the name {text!r} is longer than {dialect} has them; rename it")


def _named_apart(tables: Mapping[str, SqlTable], dialect: str) -> dict[str, SqlTable]:
    """With indexes of which no two have one name, nor that of a table; in MySQL and SQL Server each table may have one
    of that name."""
    if dialect in ("mysql", "mssql"):
        return dict(tables)
    taken = {(table.schema, table.name.lower()) for table in tables.values()}
    found = {}
    for of, table in tables.items():
        indexes = []
        for index in table.indexes:
            longer = f"{table.name}_{index.name}"
            names = chain((index.name, longer), (f"{_cut(longer, 50)}_{i}" for i in count(1)))
            name = next(n for n in map(_cut, names) if (table.schema, n.lower()) not in taken)
            taken.add((table.schema, name.lower()))
            indexes.append(replace(index, name=name))
        found[of] = replace(table, indexes=tuple(indexes))
    return found


def _cut(name: str, most: int = _LONGEST["postgresql"]) -> str:
    return name.encode()[:most].decode(errors="ignore")


def _table(name: str, frame: pl.DataFrame, given: SqlTable | None) -> SqlTable:
    """A table of the columns that are there, and of those that its database fills."""
    if given is None:
        return SqlTable(name=name, schema=None, columns=tuple(column_of(series) for series in frame))
    known = {column.name for column in given.columns}
    columns = [column for column in given.columns if column.name in frame.columns or column.generated is not None]
    return replace(given, columns=(*columns, *(column_of(series) for series in frame if series.name not in known)))


def _indexes(
    table: SqlTable, own: TableSchema, dialect: str, like: SqlSource | None, notes: list[str]
) -> Iterator[SqlIndex]:
    """Indexes in the words of a dialect. Those of expressions go to none but their own; those that hold rows apart, but
    are no key, would refuse rows that are drawn."""
    for index in table.indexes:
        if index.is_unique or not (index.columns or (index.tail and like is not None and like.dialect == dialect)):
            what = "some rows apart" if index.is_unique else "more than columns"
            notes.append(f"{table.name}: index {index.name!r} is not made, for it holds {what}")
        elif like is not None and like.dialect == dialect and index.tail:
            yield index
        elif set(index.columns) <= {column.name for column in table.columns} and index.columns != own.primary:
            yield replace(index, head="CREATE INDEX", tail=f"({listed(index.columns, dialect)})")


def _declared(column: SqlColumn, dialect: str, own: TableSchema, counter: str | None) -> str:
    required = not column.nullable or column.name in (*own.primary, *own.required)
    parts = [quoted(column.name, dialect), column.type]
    if column.generated is not None:
        parts.append(f"GENERATED ALWAYS AS ({column.generated}){' STORED' * (dialect == 'postgresql')}")
    elif counter is not None:
        parts.append(f"DEFAULT nextval({literal(counter)})")
    elif column.identity and column.default is None:
        parts.append(_counted(column, dialect, own))
    elif column.default is not None:
        parts.append(f"DEFAULT ({column.default})" if dialect in ("sqlite", "duckdb") else f"DEFAULT {column.default}")
    # MySQL lets no NOT NULL stand after what is generated, and SQLite makes no key of rows of a key that is one.
    parts.append("NOT NULL" * (required and column.generated is None))
    if dialect == "mysql" and column.comment is not None:
        parts.append(f"COMMENT {literal(column.comment, 'mysql')}")
    return " ".join(filter(None, parts))


def _counted(column: SqlColumn, dialect: str, own: TableSchema) -> str:
    if dialect == "mysql":  # which counts one column alone, the first of a key
        return "AUTO_INCREMENT" if column.name in [key[0] for key in own.keys] else ""
    return {"postgresql": "GENERATED BY DEFAULT AS IDENTITY", "mssql": "IDENTITY(1,1)"}.get(dialect, "")


# ---- from one dialect to another -------------------------------------------------------------------------------------


def _as_held(table: SqlTable, frame: pl.DataFrame) -> SqlTable:
    """With texts as such where not all are what their column was declared: SQLite binds no types, times of MySQL may
    last for days, and bits of DuckDB are a row of them."""
    texts = {c.name for c in table.columns if frame.schema.get(c.name) == pl.String and c.kind in _FORMS}
    lost = {c.name for c in table.columns if c.name in texts and not _fits(frame[c.name].drop_nulls(), c.kind)}
    columns = (replace(c, kind="text", type="text", default=None) if c.name in lost else c for c in table.columns)
    return replace(table, columns=tuple(columns))


_DAY = r"^\d{4}-\d\d-\d\d"
_HOUR = r"([01]\d|2[0-3]):\d\d(:\d\d(\.\d+)?)?"
_FORMS = {
    "integer": r"^[+-]?\d+$", "decimal": r"^[+-]?\d+(\.\d+)?$", "real": r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$",
    "boolean": r"^([01]|(?i:true|false))$", "bit": "^[01]$", "date": f"{_DAY}$", "time": f"^{_HOUR}$",
    "datetime": f"{_DAY}([ T]{_HOUR})?$", "instant": f"{_DAY}([ T]{_HOUR}(Z|[+-]\\d\\d(:?\\d\\d)?)?)?$",
}  # fmt: skip
"""What a text is like that a column of this kind takes in any dialect."""


def _fits(texts: pl.Series, kind: str) -> bool:
    fits = texts.str.contains(_FORMS[kind])
    if kind in ("date", "datetime", "instant"):
        fits &= texts.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).is_not_null()
    return bool(fits.all())


def _translated(
    table: SqlTable, keys: DatabaseSchema, name: str, dialect: str, source: str, notes: list[str]
) -> SqlTable:
    """A table in the words of another dialect. What is generated elsewhere is written here."""
    own = keys.tables[name]
    in_keys = keys.key_columns(name) | {column for key in own.unique for column in key}
    columns, checks = [], []
    for column in table.columns:
        if source == "sqlite" and column.kind == "integer":
            column = replace(column, type="bigint")
        default = _default(column, dialect)
        if column.default is not None and default is None:
            notes.append(f"{name}: column {column.name!r} loses its default, which {dialect} may not have")
        if column.kind == "enum" and dialect != "mysql" and column.values:
            checks.append(f"{quoted(column.name, dialect)} IN ({', '.join(map(literal, column.values))})")
        type_ = type_in(column, dialect, in_key=column.name in in_keys)
        kind = column.kind if column.kind != "other" else "text"
        columns.append(replace(column, type=type_, kind=kind, default=default, generated=None))
    counted = [quoted(column.name, dialect) for column in columns if column.identity]
    for rule in own.checks:
        check = as_check(rule, dialect)
        if check is not None and dialect == "mysql" and any(name in check for name in counted):
            notes.append(f"{name}: the rule {rule} is no CHECK, for MySQL has none of what it counts up")
        elif check is not None:
            checks.append(check)
        else:
            notes.append(f"{name}: the rule {rule} is no CHECK in SQL")
    return replace(table, columns=tuple(columns), checks=tuple(checks))


def _alike(tables: dict[str, SqlTable], keys: DatabaseSchema) -> dict[str, SqlTable]:
    """With columns that point of the type of what they point at, as MySQL wants it."""
    for name in order_of(keys).tables:
        for key in keys.of(name):
            for own, other in zip(key.columns, key.parent_columns, strict=True):
                parent = tables[key.parent].column(other)
                columns = tuple(
                    replace(column, type=parent.type, kind=parent.kind)
                    if parent is not None and column.name == own and column.kind == parent.kind else column
                    for column in tables[name].columns
                )  # fmt: skip
                tables[name] = replace(tables[name], columns=columns)
    return tables


_NOW = {"date": "CURRENT_DATE", "datetime": "CURRENT_TIMESTAMP", "instant": "CURRENT_TIMESTAMP"}
_NOW_OF_MYSQL = dict.fromkeys(_NOW, "CURRENT_TIMESTAMP(6)") | {"date": "(CURRENT_DATE)"}
_NOW_OF_MSSQL = _NOW | {"date": "CAST(CURRENT_TIMESTAMP AS date)"}


def _default(column: SqlColumn, dialect: str) -> str | None:
    """A default that any dialect has: a constant, or the moment."""
    text = re.sub(r"::\s*[\w\" ]+(\(\d+(,\s*\d+)?\))?(\[\])?", "", column.default or "").strip()
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    if column.kind in _NOW:
        if re.fullmatch(
            r"(current_timestamp|now|getdate|localtimestamp|current_date)(\(\d*\))?|'now'", text, re.IGNORECASE
        ):
            return {"mysql": _NOW_OF_MYSQL, "mssql": _NOW_OF_MSSQL}.get(dialect, _NOW)[column.kind]
        if not re.fullmatch(r"'[\d:. T-]+'", text):
            return None
    if column.kind == "boolean" and re.fullmatch(r"true|false|[01]|b?'[01tf]'", text, re.IGNORECASE):
        yes = text.lower().strip("b'") in ("true", "1", "t")
        return str(int(yes)) if dialect in ("sqlite", "mssql") else str(yes).lower()
    return text if re.fullmatch(r"-?\d+(\.\d+)?|'(?:[^']|'')*'", text) and "\\" not in text else None
