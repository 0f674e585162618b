"""The rows of a database that count within a budget of privacy: of each root the first ones, table by table.

What a root gives hangs on its own rows alone. Primary keys are taken to be unique, as a schema declares them; where
rows share one, the first counts.

Legend: n rows of a table that count, N of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from likewise.databases.keys import ForeignKey
from likewise.dp.declaration import Declaration
from likewise.histories.declared import Declared
from likewise.schema.column import Column, Kind, Role
from likewise.schema.parse import parse_declared
from likewise.synthesizer.databases.context import OWNER
from likewise.synthesizer.databases.public import Public
from likewise.typing import Ints

WHOSE = Column(name=OWNER, kind=Kind.ID, role=Role.ENTITY, dtype="Int64")


@dataclass(frozen=True)
class Held:
    """Rows of one table that count, those of a root together.

    Args:
        table: (n, columns) canonical, without keys.
        keys: (n, columns) of keys, as they came.
        unit: (n,) the root of each, ascending.
        parent: (n,) its owner's row among those that count; of roots itself.
    """

    table: pl.DataFrame
    keys: pl.DataFrame
    unit: Ints
    parent: Ints


def held_rows(public: Public, tables: Mapping[str, pl.DataFrame]) -> dict[str, Held]:
    """The rows that count, of each table that is made anew."""
    found: dict[str, Held] = {}
    for name in public.made:
        raw, key = tables[name], public.graph.owner.get(name)
        if key is None:
            rows = _firsts(raw.select(public.schema.tables[name].primary))
            unit = parent = np.arange(len(rows))
        else:
            above = found[key.parent]
            rows, parent = _of_owner(public, name, raw, _links(raw, key.columns, above.keys, key.parent_columns), above)
            unit = above.unit[parent]
        some = raw[rows]
        columns = public.columns[name]
        table = parse_declared(some.select(columns.names), columns)
        if key is not None and (order := public.schema.tables[name].order) is not None:
            times = Declared.of(Declaration((WHOSE, *columns)), OWNER, order, (), public.most)
            table = table.with_columns(times.within(table[order]))
        found[name] = Held(table, some.select(sorted(public.schema.key_columns(name))), unit, parent)
    return found


def kept_links(keys: pl.DataFrame, key: ForeignKey, kept: pl.DataFrame) -> Ints:
    """(n,) the row of a kept table that each row points at, -1 for none."""
    return _links(keys, key.columns, kept, key.parent_columns)


def _firsts(keys: pl.DataFrame) -> Ints:
    """Numbers of the first row of each key that is not missing; where there is no key, of all rows."""
    if not keys.width:
        return np.arange(len(keys))
    first = keys.with_row_index("\0row").drop_nulls().unique(keys.columns, keep="first", maintain_order=True)
    return first["\0row"].to_numpy().astype(np.int64)


def _links(
    own: pl.DataFrame, columns: Sequence[str], above: pl.DataFrame, above_columns: Sequence[str]
) -> Ints:  # fmt: skip
    """(N,) the row above that each points at, -1 for none; cell by cell, so that no row changes how another is read."""
    names = [str(i) for i in range(len(columns))]
    left = pl.DataFrame([own[c].cast(pl.String).alias(n) for c, n in zip(columns, names, strict=True)])
    right = pl.DataFrame([above[c].cast(pl.String).alias(n) for c, n in zip(above_columns, names, strict=True)])
    right = right.with_row_index("row").drop_nulls().unique(names, keep="first", maintain_order=True)
    found = left.join(right, on=names, how="left", maintain_order="left")["row"]
    return found.cast(pl.Int64).fill_null(-1).to_numpy()


def _of_owner(public: Public, name: str, raw: pl.DataFrame, links: Ints, above: Held) -> tuple[Ints, Ints]:
    """Numbers of the rows that count, by owner and in order, and (n,) the owner of each: of a root the first so many
    that have an owner and, where a column orders them, a time."""
    rows, order = np.flatnonzero(links >= 0), public.schema.tables[name].order
    columns = public.columns[name]
    whose = pl.DataFrame({OWNER: links[rows]})
    if order is not None:
        whose = whose.hstack(parse_declared(raw[rows].select(columns.names), columns).select(order))
    declared = Declared.of(
        Declaration((WHOSE, *(c for c in columns if c.name == order))), OWNER, order, (), public.most
    )
    by_owner = whose.with_row_index("\0row").sort(OWNER, maintain_order=True)
    told = declared.histories(by_owner)
    at, parent = told.table["\0row"].to_numpy().astype(np.int64), told.table[OWNER].to_numpy().astype(np.int64)
    unit = above.unit[parent]
    begins = np.flatnonzero(np.diff(unit, prepend=-1))
    place = np.arange(len(unit)) - np.repeat(begins, np.diff(begins, append=len(unit)))
    kept = (place < public.most) & (told.position < public.most_of(name))
    return rows[at[kept]], parent[kept]
