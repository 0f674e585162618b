"""Several tables and their keys, as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.errors import InputError, SchemaError, nearest
from likewise.tables.frames import from_frame

Keys = DatabaseSchema | Mapping[str, str | Sequence[str]] | Sequence[str] | None


class Database:
    """Tables that point at each other.

    Args:
        tables: name -> pandas, Polars or Arrow frame; what is drawn is of the kind that came, table by table. A table
            may be empty where a schema says so.
        keys: a `DatabaseSchema`; or texts such as "orders.user_id -> users.id"; what these point at is then a primary
            key. None finds them (`databases.inference`).

    Attributes:
        tables: name -> Polars frame.
        schema: a `DatabaseSchema`.

    Raises:
        InputError: a table is no frame.
        SchemaError: a key names a table or a column that is not there.

    Example:
        >>> import polars as pl
        >>> users, orders = pl.DataFrame({"id": [1, 2]}), pl.DataFrame({"no": [7, 8], "user": [1, 1]})
        >>> shop = Database({"users": users, "orders": orders}, keys=["orders.user -> users.id"])
        >>> shop.schema.tables["users"].primary
        ('id',)
    """

    def __init__(self, tables: Mapping[str, Any], keys: Keys = None) -> None:
        if not isinstance(tables, Mapping) or not tables:
            raise InputError("a database is a mapping of names to tables, one at least")
        self.tables: dict[str, pl.DataFrame] = {}
        self._give_back: dict[str, Callable[[pl.DataFrame], Any]] = {}
        for name, table in tables.items():
            try:
                frame, give_back = _frame(table)
            except InputError as error:
                raise InputError(f"table {str(name)!r}: {error}") from error
            self.tables[str(name)], self._give_back[str(name)] = frame, give_back
        self.schema = self._schema_of(keys)
        self._check_columns()

    def _schema_of(self, keys: Keys) -> DatabaseSchema:
        if isinstance(keys, DatabaseSchema):
            return keys
        empty = DatabaseSchema({name: TableSchema() for name in self.tables})
        if keys is None:
            return empty
        return with_keys(empty, [ForeignKey.of(text) for text in keys])

    def _check_columns(self) -> None:
        if missing := set(self.schema.tables) ^ set(self.tables):
            name = sorted(missing)[0]
            raise SchemaError(
                f"table {name!r} stands in one of the schema and the tables{nearest(name, self.tables)}; "
                "both must name the same"
            )
        for name, frame in self.tables.items():
            own = [*self.schema.tables[name].named, *(c for key in self.schema.of(name) for c in key.columns)]
            for column in own:
                if column not in frame.columns:
                    raise SchemaError(f"table {name!r} has no column {column!r}{nearest(column, frame.columns)}")

    def give_back(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
        """Tables of these names as the kind of frame that each came as."""
        return {name: self._give_back[name](table) for name, table in tables.items()}


def with_keys(schema: DatabaseSchema, foreign: Sequence[ForeignKey]) -> DatabaseSchema:
    """With these foreign keys, what they point at being a primary key, or unique where there is another."""
    for key in foreign:
        if key.parent not in schema.tables:
            raise SchemaError(
                f"foreign key {key}: there is no table {key.parent!r}{nearest(key.parent, schema.tables)}"
            )
        own = schema.tables[key.parent]
        if set(key.parent_columns) not in [set(columns) for columns in own.keys]:
            new = {"unique": (*own.unique, key.parent_columns)} if own.primary else {"primary": key.parent_columns}
            schema = schema.replace(key.parent, **new)
    return replace(schema, foreign=(*schema.foreign, *foreign))


def _frame(table: Any) -> tuple[pl.DataFrame, Callable[[pl.DataFrame], Any]]:
    if isinstance(table, pl.DataFrame) and not len(table) and table.width:
        return table, lambda out: out
    return from_frame(table)
