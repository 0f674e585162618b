"""Keys: which columns tell the rows of a table apart, and which point at rows of another. Plain data, editable JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from likewise.errors import LikewiseError, SchemaError, nearest
from likewise.schema.column import Schema

FORMAT_VERSION = 1
_FORMAT_NAME = "likewise-database"

Columns = tuple[str, ...]

_NAME = r'(?:"(?:[^"]|"")+"|[^\s".,()>-][^\s".,()>]*)'
_SIDE = re.compile(rf"\s*({_NAME})\s*(?:\.\s*({_NAME})|\(\s*({_NAME}(?:\s*,\s*{_NAME})*)\s*\))\s*")


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """Columns of a table whose values are those of a key of another, or of the same.

    Args:
        table, columns: that point.
        parent, parent_columns: that are pointed at, as many, in the same order: a primary key, or any that is unique.
        deferrable: whether a database lets it be broken until a transaction ends.

    A row of which one of the columns is missing points at nothing.

    Example:
        >>> str(ForeignKey(table="orders", columns=("user_id",), parent="users", parent_columns=("id",)))
        'orders.user_id -> users.id'
    """

    table: str
    columns: Columns
    parent: str
    parent_columns: Columns
    deferrable: bool = False

    def __post_init__(self) -> None:
        if not self.columns or len(self.columns) != len(self.parent_columns):
            raise SchemaError(f"foreign key {self}: both sides must name as many columns, one at least")
        if len(set(self.columns)) < len(self.columns):
            raise SchemaError(f"foreign key {self}: a column stands in it twice")

    def __str__(self) -> str:
        return f"{_side(self.table, self.columns)} -> {_side(self.parent, self.parent_columns)}"

    @property
    def is_self(self) -> bool:
        """Whether rows point at rows of their own table."""
        return self.table == self.parent

    @classmethod
    def of(cls, text: str) -> ForeignKey:
        """Read a text such as `orders.user_id -> users.id` or `lines(shop, no) -> orders(shop, no)`; names with blanks
        or points stand in double quotes.

        Raises:
            SchemaError: it is no such text.
        """
        sides = [_SIDE.fullmatch(side) for side in re.split(r"->(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", text)]
        if len(sides) != 2 or not all(sides):
            raise SchemaError(
                f"foreign key {text!r}: write 'orders.user_id -> users.id', or with several columns "
                "'lines(shop, no) -> orders(shop, no)'; a name with blanks or points stands in double quotes"
            )
        (table, columns), (parent, parent_columns) = (_names(side) for side in sides if side)
        return cls(table=table, columns=columns, parent=parent, parent_columns=parent_columns)


@dataclass(frozen=True, kw_only=True)
class TableSchema:
    """What is known of one table of a database.

    Args:
        primary: the columns of its primary key; empty: it has none.
        unique: further sets of columns that no two rows share; rows that miss one of them do not count.
        required: columns that are never missing, beside those of the primary key.
        order: the column that orders the rows of one parent, such as a date; None: nothing does.
        columns: what its columns are; None: told from its rows.
        kept: whether its rows stay as they are in what is drawn: a table of countries, of states of an order.
        checks: rules between the columns of a row, in the grammar of rules.
    """

    primary: Columns = ()
    unique: tuple[Columns, ...] = ()
    required: Columns = ()
    order: str | None = None
    columns: Schema | None = None
    kept: bool = False
    checks: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[Columns, ...]:
        """All sets of columns that no two rows share, the primary key first."""
        return tuple(dict.fromkeys(key for key in (self.primary, *self.unique) if key))

    @property
    def named(self) -> Iterator[str]:
        """Every column that is named somewhere."""
        yield from self.primary
        yield from (name for key in self.unique for name in key)
        yield from self.required
        yield from () if self.order is None else (self.order,)


@dataclass(frozen=True)
class DatabaseSchema:
    """The tables of a database, and how they point at each other.

    Args:
        tables: by name.
        foreign: all foreign keys.
        evidence: of a key that was found, in words, how sure it is; by the key's text.
        root: the table whose rows are the persons, to whom those of all tables belong that lead to it; None: it is
            found (`roots.roots_of`).

    Raises:
        SchemaError: a key, or `root`, names a table or a key that is not there, or stands twice.
    """

    tables: Mapping[str, TableSchema]
    foreign: tuple[ForeignKey, ...] = ()
    evidence: Mapping[str, str] = field(default_factory=dict, compare=False)
    root: str | None = None

    def __post_init__(self) -> None:
        if self.root is not None:
            if self.root not in self.tables:
                raise SchemaError(f"root: there is no table {self.root!r}{nearest(self.root, self.tables)}")
            if self.tables[self.root].kept:
                raise SchemaError(f"root: table {self.root!r} is kept as it is, and its rows are nobody's secret")
        for key in self.foreign:
            for name in (key.table, key.parent):
                if name not in self.tables:
                    raise SchemaError(f"foreign key {key}: there is no table {name!r}{nearest(name, self.tables)}")
            if set(key.parent_columns) not in [set(own) for own in self.tables[key.parent].keys]:
                raise SchemaError(
                    f"foreign key {key}: {', '.join(map(repr, key.parent_columns))} is no key of {key.parent!r}; "
                    "declare it as its primary key or as unique, or leave the foreign key out"
                )
        if len(set(self.foreign)) < len(self.foreign):
            twice = next(key for i, key in enumerate(self.foreign) if key in self.foreign[:i])
            raise SchemaError(f"foreign key {twice} stands twice")

    def of(self, table: str) -> tuple[ForeignKey, ...]:
        """The foreign keys of a table."""
        return tuple(key for key in self.foreign if key.table == table)

    def into(self, table: str) -> tuple[ForeignKey, ...]:
        """The foreign keys that point at a table."""
        return tuple(key for key in self.foreign if key.parent == table)

    def key_columns(self, table: str) -> frozenset[str]:
        """Columns of a table that stand in a primary or a foreign key: what they hold is made, not learnt."""
        own = {name for key in self.of(table) for name in key.columns}
        pointed = {name for key in self.into(table) for name in key.parent_columns}
        return frozenset(own | pointed | set(self.tables[table].primary))

    def is_required(self, key: ForeignKey) -> bool:
        """Whether every row must point at one."""
        own = self.tables[key.table]
        return set(key.columns) <= {*own.primary, *own.required}

    def replace(self, table: str, **changes: Any) -> DatabaseSchema:
        """With something else said of one table, which counts for told, whatever was found before.

        Raises:
            SchemaError: there is no such table.
        """
        if table not in self.tables:
            raise SchemaError(f"there is no table {table!r}{nearest(table, self.tables)}")
        said = {f"order of {table}": "told"} if changes.get("order") is not None else {}
        said |= {key_text(table, key): "told" for key in (changes.get("primary"), *changes.get("unique", ())) if key}
        tables = {**self.tables, table: replace(self.tables[table], **changes)}
        return replace(self, tables=tables, evidence={**self.evidence, **said})

    def with_keys(self, texts: Sequence[str]) -> DatabaseSchema:
        """With keys that somebody tells, "orders.user_id -> users.id" or "users(id)", which beat those that are there.

        Raises:
            SchemaError: a text is none, or names a table that is not there.
        """
        schema = self
        for text in texts:
            schema = schema._pointing(ForeignKey.of(text)) if "->" in text else schema._told(*key_of(text))
        return schema

    def _told(self, table: str, columns: Columns) -> DatabaseSchema:
        own = self._of(table, key_text(table, columns))
        pointed = (key.parent_columns for key in self.into(table) if set(key.parent_columns) != set(columns))
        rest = tuple(dict.fromkeys(key for key in (*own.unique, *pointed) if set(key) != set(columns)))
        return self.replace(table, primary=columns, unique=rest)._with_evidence(key_text(table, columns))

    def _pointing(self, key: ForeignKey) -> DatabaseSchema:
        self._of(key.table, str(key))
        own, schema = self._of(key.parent, str(key)), self
        if set(key.parent_columns) not in [set(columns) for columns in own.keys]:
            new = {"unique": (*own.unique, key.parent_columns)} if own.primary else {"primary": key.parent_columns}
            schema = self.replace(key.parent, **new)
        others = (old for old in self.foreign if old.table != key.table or set(old.columns) != set(key.columns))
        return replace(schema, foreign=(*others, key))._with_evidence(str(key))

    def _of(self, table: str, text: str) -> TableSchema:
        if table not in self.tables:
            raise SchemaError(f"key {text}: there is no table {table!r}{nearest(table, self.tables)}")
        return self.tables[table]

    def _with_evidence(self, text: str) -> DatabaseSchema:
        return replace(self, evidence={**self.evidence, text: "told"})

    # ---- JSON -------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "format": _FORMAT_NAME,
            "version": FORMAT_VERSION,
            "tables": {name: _plain(table) for name, table in self.tables.items()},
            "foreign": [_foreign(key) for key in self.foreign],
            **({"root": self.root} if self.root is not None else {}),
            **({"evidence": dict(self.evidence)} if self.evidence else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            SchemaError: it does not hold together.
        """
        if not isinstance(data, Mapping) or data.get("format") != _FORMAT_NAME:
            raise SchemaError(f"this is no schema of a database: its 'format' must be {_FORMAT_NAME!r}")
        if data.get("version") != FORMAT_VERSION:
            raise SchemaError(f"the schema of a database is of version {data.get('version')!r}, not {FORMAT_VERSION}")
        try:
            tables = {str(name): _table(table) for name, table in data["tables"].items()}
            foreign = tuple(_key(key) for key in data["foreign"])
            evidence = {str(k): str(v) for k, v in data.get("evidence", {}).items()}
            root = data.get("root")
            return cls(tables, foreign, evidence, None if root is None else str(root))
        except LikewiseError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SchemaError(f"the schema of a database does not hold together: {type(error).__name__}") from error

    def to_json(self) -> str:
        """A text to be read and edited."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`.

        Raises:
            SchemaError: it is no such text.
        """
        try:
            data = json.loads(text)
        except ValueError as error:
            raise SchemaError("the schema of a database is no JSON") from error
        return cls.from_dict(data)


def _plain(table: TableSchema) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "primary": list(table.primary), "unique": [list(key) for key in table.unique],
        "required": list(table.required), "order": table.order, "kept": table.kept, "checks": list(table.checks),
        "columns": None if table.columns is None else table.columns.to_dict(),
    }  # fmt: skip
    return {name: value for name, value in parts.items() if value not in (None, [], False)}


def _table(data: Mapping[str, Any]) -> TableSchema:
    if strange := sorted(set(data) - set(TableSchema.__dataclass_fields__)):
        raise SchemaError(f"a table of a database says nothing of {strange[0]!r}")
    columns = data.get("columns")
    return TableSchema(
        primary=_columns(data.get("primary", ())), unique=tuple(map(_columns, data.get("unique", ()))),
        required=_columns(data.get("required", ())), order=data.get("order"), kept=bool(data.get("kept", False)),
        checks=tuple(map(str, data.get("checks", ()))), columns=None if columns is None else Schema.from_dict(columns),
    )  # fmt: skip


def _foreign(key: ForeignKey) -> dict[str, Any]:
    return {
        "table": key.table, "columns": list(key.columns), "parent": key.parent,
        "parent_columns": list(key.parent_columns), **({"deferrable": True} if key.deferrable else {}),
    }  # fmt: skip


def _key(data: Mapping[str, Any] | str) -> ForeignKey:
    if isinstance(data, str):
        return ForeignKey.of(data)
    return ForeignKey(
        table=str(data["table"]), columns=_columns(data["columns"]), parent=str(data["parent"]),
        parent_columns=_columns(data["parent_columns"]), deferrable=bool(data.get("deferrable", False)),
    )  # fmt: skip


def _columns(names: Sequence[str] | str) -> Columns:
    return (names,) if isinstance(names, str) else tuple(map(str, names))


def key_text(table: str, columns: Columns) -> str:
    """The text of a key that tells rows apart.

    Example:
        >>> key_text("users", ("id",)), key_text("order lines", ("shop", "no"))
        ('users(id)', '"order lines"(shop, no)')
    """
    return f"{_quoted(table)}({', '.join(map(_quoted, columns))})"


def key_of(text: str) -> tuple[str, Columns]:
    """The table and the columns of a text such as `users(id)` or `users.id`.

    Raises:
        SchemaError: it is no such text.
    """
    found = _SIDE.fullmatch(text)
    if found is None:
        raise SchemaError(f"key {text!r}: write 'users(id)', or with several columns 'lines(shop, no)'")
    return _names(found)


def _side(table: str, columns: Columns) -> str:
    return f"{_quoted(table)}.{_quoted(columns[0])}" if len(columns) == 1 else key_text(table, columns)


def _quoted(name: str) -> str:
    return name if re.fullmatch(_NAME, name) and not name.startswith('"') else '"' + name.replace('"', '""') + '"'


def _names(side: re.Match[str]) -> tuple[str, Columns]:
    table, one, several = side.groups()
    columns = [one] if one else re.findall(_NAME, several)
    return _bare(table), tuple(map(_bare, columns))


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
