"""Databases as arrays: the columns of each table, and at which row of its parent each row points.

Legend: n rows of a table, N rows of its parent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.errors import SchemaError
from likewise.evaluate.parsed import parsed
from likewise.evaluate.tables import FloatArray, IntArray, Typed, check_columns, type_tables
from likewise.schema.column import Role, Schema
from likewise.schema.infer import infer

NONE, LOST = -1, -2
"""At no parent, and at one that is not there."""


@dataclass(frozen=True)
class Linked:
    """One database.

    Args:
        tables: what each table tells beside its keys; typed together with those of the databases compared.
        parents: by foreign key, (n,) the row pointed at, `NONE` or `LOST`.
    """

    schema: DatabaseSchema
    tables: Mapping[str, Typed]
    parents: Mapping[ForeignKey, IntArray]

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


def link(databases: Mapping[str, Database]) -> dict[str, Linked]:
    """Databases of one schema as arrays that can be held against each other; the first, real, tells what columns are.

    Raises:
        SchemaError: the tables or keys differ.
        InputError: a table lacks a column.

    Example:
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
        for role, typed in zip(databases, _typed(name, databases, first.schema), strict=True):
            tables[role][name] = typed
    return {
        role: Linked(first.schema, tables[role], {key: rows_of(database, key) for key in first.schema.foreign})
        for role, database in databases.items()
    }


def table_schema(database: Database, name: str) -> Schema:
    """What the columns of a table are: as its schema says, else told from its rows; keys are no features."""
    own = database.schema.tables[name].columns
    schema = infer(database.tables[name], entity=False) if own is None else own
    for column in schema:
        if column.name in database.schema.key_columns(name) and column.role is not Role.DROP:
            schema = schema.replace(column.name, role=Role.DROP)
    return schema


def _typed(name: str, databases: Mapping[str, Database], schema: DatabaseSchema) -> list[Typed]:
    columns = table_schema(next(iter(databases.values())), name)
    keys = schema.key_columns(name)
    features = Schema(tuple(column for column in columns if column.name not in keys))
    frames = {role: database.tables[name] for role, database in databases.items()}
    if not len(features) or not any(column.is_modelled for column in features):
        return [Typed((), len(frame)) for frame in frames.values()]
    frames = {role: frame.drop([c for c in frame.columns if c in keys]) for role, frame in frames.items()}
    for role, frame in frames.items():
        check_columns(frame, features, f"{role} {name!r}")
    features, canonical = parsed(frames, features)
    return [replace(typed, n=len(frame)) for typed, frame in
            zip(type_tables(list(canonical.values()), features), frames.values(), strict=True)]  # fmt: skip


def rows_of(database: Database, key: ForeignKey) -> IntArray:
    """(n,) the row of its parent that each row points at; `NONE` where a part of the key is missing, `LOST` where no
    parent has it. Of parents with one key the first counts."""
    child, parent = database.tables[key.table], database.tables[key.parent]
    pairs = zip(key.columns, key.parent_columns, strict=True)
    sides = [_alike(child[c], parent[p]) for c, p in pairs]
    names = [str(i) for i in range(len(sides))]
    ours = pl.DataFrame({n: side[0] for n, side in zip(names, sides, strict=True)})
    theirs = pl.DataFrame({n: side[1] for n, side in zip(names, sides, strict=True)}).with_row_index("row")
    theirs = theirs.unique(names, keep="first", maintain_order=True)
    found = ours.join(theirs, on=names, how="left", maintain_order="left")["row"].cast(pl.Int64)
    missing = ours.select(pl.any_horizontal(pl.col(n).is_null() for n in names)).to_series()
    return np.where(missing.to_numpy(), NONE, found.fill_null(LOST).to_numpy())


def _alike(one: pl.Series, other: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Two columns of keys as one type: a number is the same whether it is written 1, 1.0 or "1"."""
    if one.dtype == other.dtype and not one.dtype.is_float():
        return one, other
    if one.dtype.is_integer() and other.dtype.is_integer():
        return one.cast(pl.Int128), other.cast(pl.Int128)
    return _as_text(one), _as_text(other)


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        return column.fill_nan(None).cast(pl.String).str.strip_suffix(".0")
    return column.cast(pl.String)
