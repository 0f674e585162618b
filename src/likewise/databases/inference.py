"""Keys that nobody declared, found by values, names and types, each with its evidence in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import polars as pl

from likewise.databases.facts import Facts
from likewise.databases.keys import Columns, DatabaseSchema, ForeignKey, key_of, key_text
from likewise.databases.several import Found
from likewise.databases.single import links_of, single_keys
from likewise.errors import SchemaError, nearest


def infer_keys(
    tables: Mapping[str, pl.DataFrame],
    *,
    primary: Mapping[str, Columns] = MappingProxyType({}),
    foreign: Sequence[ForeignKey] | None = None,
) -> DatabaseSchema:
    """The keys of tables, with the evidence of each.

    Found are primary keys of one to three columns; foreign keys, also of several columns, to the same table, or two to
    one; sets of foreign keys that no two rows share; and the column that orders the rows of one parent. A name alone
    makes no key, and neither do small whole numbers that happen to be found among others.

    Args:
        tables: name -> frame; texts may hold numbers, as those of a CSV do.
        primary: keys that are told; of other tables they are found.
        foreign: all foreign keys that there are; None finds them.

    Example:
        >>> users, orders = pl.DataFrame({"id": [4, 9]}), pl.DataFrame({"order_id": [1, 2, 3], "user_id": [9, 9, 4]})
        >>> schema = infer_keys({"users": users, "orders": orders})
        >>> [str(key) for key in schema.foreign], schema.tables["orders"].primary
        (['orders.user_id -> users.id'], ('order_id',))
    """
    facts = Facts.of(tables)
    told = {key.parent: key.parent_columns for key in reversed(foreign or ())} | dict(primary)
    single = _single_keys_beside(facts, told)
    links = links_of(facts, single) if foreign is None else []
    keys = {name: told.get(name, (key,) if key else ()) for name, key in single.items()}
    return Found(facts, keys, links, foreign).schema()


def _single_keys_beside(facts: Facts, told: Mapping[str, Columns]) -> dict[str, str | None]:
    return single_keys(facts) | {name: key[0] if len(key) == 1 else None for name, key in told.items()}


def with_orders(tables: Mapping[str, pl.DataFrame], schema: DatabaseSchema) -> DatabaseSchema:
    """Declared keys, with the columns that order the rows of one parent, which no declaration tells."""
    found = Found(Facts.of(tables), {name: own.primary for name, own in schema.tables.items()}, (), schema.foreign)
    missing = [name for name, own in schema.tables.items() if own.order is None and schema.of(name)]
    orders = {name: order for name in missing if (order := found.order(name)) is not None}
    for name, order in orders.items():
        schema = schema.replace(name, order=order)
    seen = {f"order of {name}": found.of_order(order) for name, order in orders.items()}
    return replace(schema, evidence={**schema.evidence, **seen})


def told_keys(tables: Mapping[str, pl.DataFrame], texts: Sequence[str]) -> DatabaseSchema:
    """Keys that somebody tells; primary keys that no text tells are found.

    Args:
        texts: "orders.user_id -> users.id", all foreign keys that there are; "users(id)", primary keys.

    Raises:
        SchemaError: a text is none, or names a table or a column that is not there, or stands twice.
    """
    foreign = [ForeignKey.of(text) for text in texts if "->" in text]
    primary = dict(key_of(text) for text in texts if "->" not in text)
    sides = [(key.table, key.columns) for key in foreign] + [(key.parent, key.parent_columns) for key in foreign]
    for name, columns in [*primary.items(), *sides]:
        if name not in tables:
            raise SchemaError(f"key {key_text(name, columns)}: there is no table {name!r}{nearest(name, tables)}")
        for column in columns:
            if column not in tables[name].columns:
                raise SchemaError(f"table {name!r} has no column {column!r}{nearest(column, tables[name].columns)}")
    schema = infer_keys(tables, primary=primary, foreign=foreign)
    told = {key_text(name, columns): "told" for name, columns in primary.items()}
    return replace(schema, evidence={**schema.evidence, **told})
