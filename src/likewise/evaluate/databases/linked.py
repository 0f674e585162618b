"""Databases as arrays: the columns of each table, and at which row of its parent each row points.

Legend: n rows of a table, N rows of its parent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.databases.overview import roots_in
from likewise.databases.roots import Roots
from likewise.errors import SchemaError
from likewise.evaluate.parsed import parsed
from likewise.evaluate.tables import FloatArray, IntArray, Typed, check_columns, type_tables
from likewise.schema.column import Role, Schema
from likewise.schema.infer import infer


@dataclass(frozen=True)
class Linked:
    """One database.

    Args:
        tables: what each table tells beside its keys; typed together with those of the databases compared.
        parents: by foreign key, (n,) the row pointed at, or what `databases.pointing` says where there is none.
        roots: whose the rows of the real one are, as a generator takes it.
        persons: of tables in which a column tells whose a row is, that column.
    """

    schema: DatabaseSchema
    tables: Mapping[str, Typed]
    parents: Mapping[ForeignKey, IntArray]
    roots: Roots
    persons: Mapping[str, pl.DataFrame]

    def counts(self, key: ForeignKey) -> IntArray:
        """(N,) children of each parent by a foreign key, those without any counted as 0."""
        at = self.parents[key]
        return np.bincount(at[at >= 0], minlength=len(self.tables[key.parent]))

    def degrees(self, key: ForeignKey) -> FloatArray:
        """(N,) the same as numbers."""
        return self.counts(key).astype(np.float64)

    def up(self, path: tuple[ForeignKey, ...]) -> IntArray:
        """(n,) the row at the top of a path for each row at its bottom; negative where there is none.

        Args:
            path: foreign keys from the top down, each of which points at the table of the one before.
        """
        at = np.arange(len(self.tables[path[-1].table]))
        for key in reversed(path):
            at = np.where(at >= 0, self.parents[key][at], at)
        return at


def link(databases: Mapping[str, Database], *, text: Literal["pattern", "value"] = "pattern") -> dict[str, Linked]:
    """Databases of one schema as arrays that can be held against each other; the first, real, tells what columns are.

    Args:
        text: how texts are compared (`evaluate.tables.type_tables`).

    Raises:
        SchemaError: the tables or keys differ.
        InputError: a table lacks a column.

    Example:
        >>> import polars as pl
        >>> users, orders = pl.DataFrame({"id": [1, 2]}), pl.DataFrame({"no": [7, 8], "user": [1, 1], "x": [3, 4]})
        >>> shop = Database({"users": users, "orders": orders}, keys=["orders.user -> users.id"])
        >>> real = link({"real": shop})["real"]
        >>> real.counts(shop.schema.foreign[0]).tolist()
        [2, 0]
    """
    first = next(iter(databases.values()))
    for role, database in databases.items():
        if set(database.tables) != set(first.tables):
            name = sorted(set(database.tables) ^ set(first.tables))[0]
            raise SchemaError(f"table {name!r} is not in all databases; the {role} one must have those of the real one")
    tables: dict[str, dict[str, Typed]] = {role: {} for role in databases}
    for name in first.tables:
        for role, typed in zip(databases, _typed(name, databases, text), strict=True):
            tables[role][name] = typed
    roots = roots_in(first)
    return {
        role: Linked(
            first.schema, tables[role], {key: database.parent_rows(key) for key in first.schema.foreign}, roots,
            {name: database.tables[name].select(column) for name, column in roots.columns.items()},
        )
        for role, database in databases.items()
    }  # fmt: skip


def table_schema(database: Database, name: str) -> Schema:
    """What the columns of a table are: as its schema says, else told from its rows; keys are no features."""
    own = database.schema.tables[name].columns
    schema = infer(database.tables[name], entity=False) if own is None else own
    for column in schema:
        if column.name in database.schema.key_columns(name) and column.role is not Role.DROP:
            schema = schema.replace(column.name, role=Role.DROP)
    return schema


def _typed(name: str, databases: Mapping[str, Database], text: Literal["pattern", "value"]) -> list[Typed]:
    real = next(iter(databases.values()))
    columns, keys = table_schema(real, name), real.schema.key_columns(name)
    features = Schema(tuple(column for column in columns if column.name not in keys))
    frames = {role: database.tables[name] for role, database in databases.items()}
    if not len(features) or not any(column.is_modelled for column in features):
        return [Typed((), len(frame)) for frame in frames.values()]
    frames = {role: frame.drop([c for c in frame.columns if c in keys]) for role, frame in frames.items()}
    for role, frame in frames.items():
        check_columns(frame, features, f"{role} {name!r}")
    features, canonical = parsed(frames, features)
    return [replace(typed, n=len(frame)) for typed, frame in
            zip(type_tables(list(canonical.values()), features, text=text), frames.values(), strict=True)]  # fmt: skip
