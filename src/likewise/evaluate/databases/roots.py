"""Whose each row is: the root entity that it goes back to, the unit in which a database is split and dealt out.

It is what a generator takes it to be (`likewise.databases.roots`), told from the real database. Rows of one unit hang
together, units do not, or hardly: they may still share side parents. Tables that are kept, and those of fewer than
twenty rows that nobody belongs to, are lists of what there is (countries, states of an order), and no root entities.

Legend: n rows, U units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from likewise.databases.keys import ForeignKey
from likewise.evaluate.databases.linked import Linked
from likewise.evaluate.tables import IntArray

LEAST = 20
"""Rows of a table to which nobody belongs, below which it is a list."""


def owners(real: Linked) -> Mapping[str, ForeignKey]:
    """The link by which the rows of each table belong to those of another; roots and lists have none."""
    return real.roots.homes


def is_list(real: Linked, table: str) -> bool:
    """Whether a table lists what there is, and nobody belongs to it."""
    if table == real.schema.root or table in real.roots.homes or real.roots.belonging(table):
        return False
    return real.schema.tables[table].kept or len(real.tables[table]) < LEAST


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
    sizes = {name: len(side.tables[name]) for name in names}
    of = replace(side.roots, homes=owner).whose(side.parents, sizes, side.persons)
    used, place = np.unique(np.concatenate([of[name] for name in names]), return_inverse=True)
    parts = dict(zip(names, np.split(place, np.cumsum([*sizes.values()])[:-1]), strict=True))
    strata = np.repeat(np.arange(len(names)), [*sizes.values()])
    rows = np.concatenate([np.arange(size) for size in sizes.values()])
    return Units(parts, strata[used], rows[used])
