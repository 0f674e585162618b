"""Whose each row is: the root entity that it goes back to, the unit in which a database is split and dealt out.

Each table has one *owner* link at most, by which its rows belong to those of another table; a row belongs to the unit
of the row it points at, and what points at none, such as a customer, is a unit. Of several links the owner is one that
every row must have before others, then one in the primary key, then that to the table of most rows, so that units are
small: an order line belongs to the customer of its order, not to its product. Tables that are kept as they are, and
those of fewer than twenty rows, are lists of what there is (countries, states of an order): nobody belongs to them.
Where the schema declares a root, tables belong by the links that lead to it.

Rows of one unit hang together, units do not, or hardly: they may still share side parents. Name lists as `kept` where
they are larger, for else their rows are the units: coarser than need be, which makes intervals wide and hides nothing.

Legend: n rows, U units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.evaluate.databases.linked import Linked
from likewise.evaluate.tables import IntArray

LEAST = 20
"""Rows of a table that others can belong to."""


def owners(real: Linked) -> dict[str, ForeignKey]:
    """The link by which the rows of each table belong to those of another; roots and lists have none."""
    schema, found = real.schema, dict[str, ForeignKey]()
    leading = schema.leading()
    for table in schema.tables:
        if table == schema.root:
            continue
        fit = [key for key in schema.of(table) if not key.is_self and not is_list(real, key.parent)]
        fit = [] if is_list(real, table) else [key for key in fit if not _leads(found, key.parent, table)]
        if fit:
            found[table] = max(
                fit, key=lambda key: (key.parent in leading, *_rank(schema, key, len(real.tables[key.parent])))
            )
    return found


def is_list(real: Linked, table: str) -> bool:
    """Whether a table lists what there is, and nobody belongs to it."""
    return table != real.schema.root and (real.schema.tables[table].kept or len(real.tables[table]) < LEAST)


def _rank(schema: DatabaseSchema, key: ForeignKey, rows: int) -> tuple[bool, bool, int, str]:
    in_primary = set(key.columns) <= set(schema.tables[key.table].primary)
    return schema.is_required(key), in_primary, rows, str(key)


def _leads(found: Mapping[str, ForeignKey], start: str, to: str) -> bool:
    """Whether owners lead from one table to another."""
    while start != to and start in found:
        start = found[start].parent
    return start == to


@dataclass(frozen=True)
class Units:
    """The units of one database.

    Args:
        of: by table, (n,) the unit of each row, 0 .. U-1.
        strata: (U,) which table each unit is a row of, as its place among the tables.
        rows: (U,) and which of its rows.
    """

    of: Mapping[str, IntArray]
    strata: IntArray
    rows: IntArray

    def __len__(self) -> int:
        return len(self.strata)


def units(side: Linked, owner: Mapping[str, ForeignKey]) -> Units:
    """The units of a database, real or not, by the owners that the real one tells."""
    names = list(side.tables)
    sizes = [len(side.tables[name]) for name in names]
    first = dict(zip(names, np.cumsum([0, *sizes]).tolist(), strict=False))
    of: dict[str, IntArray] = {}

    def told(name: str) -> IntArray:
        if name not in of:
            own = first[name] + np.arange(len(side.tables[name]))
            if name in owner:
                at, above = side.parents[owner[name]], told(owner[name].parent)
                own = np.where(at >= 0, above[np.maximum(at, 0)], own) if len(above) else own
            of[name] = own
        return of[name]

    every = np.concatenate([told(name) for name in names])
    used, place = np.unique(every, return_inverse=True)
    parts = dict(zip(names, np.split(place, np.cumsum(sizes)[:-1]), strict=True))
    strata = np.repeat(np.arange(len(names)), sizes)
    rows = np.concatenate([np.arange(size) for size in sizes])
    return Units(parts, strata[used], rows[used])
