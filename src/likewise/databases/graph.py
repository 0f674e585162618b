"""The graph of a database: tables are nodes, foreign keys edges; which table is drawn before which, and after whom.

Legend: n rows, m parents, k columns of numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.typing import Floats, Ints

FEW_PARENTS = 256
"""So few rows that are pointed at are a list of levels, where their table is kept or each has many children."""
MANY_CHILDREN = 32
"""Children of a row, on average, from which its table is such a list."""
FEWEST = 20
"""Rows that are pointed at, below which they are a list in any case: of so few owners hardly anything could be told, as
a level must stand behind several. But lines of an order belong to it, and so do rows that a column orders."""
TOGETHER = 0.9
"""Share of rows beside others of their parent, from which a parent's rows were written down together."""
LOOKED_AT = 20_000
"""Rows by which a foreign key is told to be telling."""
LEVELS = 6
"""Levels of a column that are looked at one by one."""


@dataclass(frozen=True)
class Links:
    """What the rows of a foreign key show.

    Args:
        n_parents: rows of the parent's table.
        pointed: of these, how many are pointed at.
        n: rows that point at one.
        share: of the rows that do.
        telling: how much parents tell of their rows, see `telling`.
        together: of the rows that could stand behind one of the same parent, the share that does.
    """

    n_parents: int
    pointed: int
    n: int
    share: float
    telling: float
    together: float = 0.0

    @classmethod
    def of(cls, rows: pl.DataFrame, links: Ints, n_parents: int) -> Self:
        """What they show.

        Args:
            rows: (n, ...) of the table, without keys.
            links: (n,) the row that each points at, below 0 for none.
        """
        points = links >= 0
        some = np.flatnonzero(points)[:LOOKED_AT]
        pointed, n = len(np.unique(links[points])), int(points.sum())
        beside = int((points[1:] & (links[1:] == links[:-1])).sum())
        return cls(
            n_parents, pointed, n, n / max(len(links), 1), telling(numbers_of(rows[some]), links[some]),
            beside / max(n - pointed, 1),
        )  # fmt: skip

    @property
    def is_list(self) -> bool:
        """Whether what is pointed at rather says of what level a row is."""
        return self.pointed <= FEW_PARENTS and self.n > MANY_CHILDREN * max(self.pointed, 1)


@dataclass(frozen=True)
class Graph:
    """How tables follow each other.

    Args:
        order: all tables, each after those that its rows are drawn after.
        owner: of a table, the foreign key whose parent its rows are drawn for, one group each; a root has none.
        sides: the other foreign keys of a table that are drawn with its rows.
        late: those that are matched when all rows are there: of a table to itself, and where tables point in a circle.
    """

    order: tuple[str, ...]
    owner: Mapping[str, ForeignKey]
    sides: Mapping[str, tuple[ForeignKey, ...]]
    late: tuple[ForeignKey, ...]

    def planned(self, table: str) -> list[ForeignKey]:
        """The foreign keys into a table of which it is drawn with its rows how many point at each."""
        early = [*self.owner.values(), *(key for keys in self.sides.values() for key in keys)]
        return sorted((key for key in early if key.parent == table), key=str)


def graph_of(schema: DatabaseSchema, links: Mapping[ForeignKey, Links], kept: Collection[str] = ()) -> Graph:
    """How the tables of a database are to be drawn.

    A circle is cut where some rows point at none, else where the fewest rows point. The owner of a table is the
    parent that its primary key holds, else one whose rows were written down together, as the lines of an order are,
    else the one that tells most of its rows, else the one of most rows each. A list
    of levels, such as a table of countries, owns nothing: it is told by what points at it.

    Args:
        links: of each foreign key.
        kept: tables that stay as they are.

    Example:
        >>> keys = ["orders.user -> users.id", "lines.order -> orders.id", "users.best -> orders.id"]
        >>> from likewise.databases.database import Database
        >>> users, orders = pl.DataFrame({"id": [1, 2], "best": [None, 5]}), pl.DataFrame({"id": [5], "user": [1]})
        >>> shop = Database({"lines": pl.DataFrame({"order": [5]}), "orders": orders, "users": users}, keys=keys)
        >>> schema = shop.schema.replace("orders", required=("user",))
        >>> graph = graph_of(schema, {key: Links(2, 1, 1, 1.0, 0.0) for key in schema.foreign})
        >>> graph.order, [str(key) for key in graph.late]
        (('users', 'orders', 'lines'), ['users.best -> orders.id'])
    """
    late = [key for key in schema.foreign if key.is_self]
    while circle := _circle(schema.tables, early := [key for key in schema.foreign if key not in late]):
        inside = [key for key in early if {key.table, key.parent} <= circle]
        late.append(min(inside, key=lambda key: _worth(schema, key, links[key])))
    owner: dict[str, ForeignKey] = {}
    sides: dict[str, tuple[ForeignKey, ...]] = {}
    for table in schema.tables:
        own = [key for key in early if key.table == table]
        fit = [key for key in own if _may_own(schema, key, links[key], kept)] if table not in kept else []
        if fit:
            owner[table] = max(fit, key=lambda key: rank(schema, key, links[key]))
        sides[table] = tuple(key for key in own if key != owner.get(table))
    return Graph(_sorted(schema.tables, early), owner, sides, tuple(late))


def _worth(schema: DatabaseSchema, key: ForeignKey, links: Links) -> tuple[bool, int, bool, str]:
    return links.share == 1, links.n, schema.is_required(key), str(key)


def _may_own(schema: DatabaseSchema, key: ForeignKey, links: Links, kept: Collection[str]) -> bool:
    table = schema.tables[key.table]
    is_few = links.pointed < FEWEST and table.order is None and not set(key.columns) <= set(table.primary)
    listed = links.is_list or is_few or (key.parent in kept and links.pointed <= FEW_PARENTS)
    return not listed and links.share >= 0.5


def rank(schema: DatabaseSchema, key: ForeignKey, links: Links) -> tuple[bool, bool, float, float, str]:
    """By what of several foreign keys the owner is chosen, the greatest."""
    in_primary = set(key.columns) <= set(schema.tables[key.table].primary)
    return in_primary, links.together >= TOGETHER, round(links.telling, 2), links.n / max(links.pointed, 1), str(key)


def _sorted(tables: Iterable[str], keys: Sequence[ForeignKey]) -> tuple[str, ...]:
    """Each table after its parents; by name where that leaves a choice, so that no order of a mapping matters."""
    left, found = sorted(tables), list[str]()
    while left:
        ready = next(t for t in left if not any(key.table == t and key.parent in left for key in keys))
        found.append(ready)
        left.remove(ready)
    return tuple(found)


def _circle(tables: Iterable[str], keys: Sequence[ForeignKey]) -> set[str]:
    """Tables of which each points at all others, by whatever way; empty where no two do (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    parents = {table: sorted({key.parent for key in keys if key.table == table}) for table in tables}
    for root in sorted(parents):
        walk = [] if root in index else [(root, iter(parents[root]))]
        while walk:
            table, others = walk[-1]
            if table not in index:
                index[table] = low[table] = len(index)
                stack.append(table)
            other = next(others, None)
            if other is None:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[table])
                if low[table] == index[table]:
                    at = stack.index(table)
                    if len(stack) - at > 1:
                        return set(stack[at:])
                    del stack[at:]
            elif other not in index:
                walk.append((other, iter(parents[other])))
            elif other in stack:
                low[table] = min(low[table], index[other])
    return set()


# ---- how much a group tells of its rows ------------------------------------------------------------------------------


def numbers_of(frame: pl.DataFrame) -> Floats:
    """(n, k) columns as numbers between which means make sense: ranks, and shares of the most frequent levels."""
    parts = []
    for column in frame.get_columns():
        is_ordered = column.dtype.is_numeric() or column.dtype.is_temporal()
        if is_ordered and column.n_unique() > LEVELS:
            ranks = column.rank("average").fill_null(strategy="mean").fill_null(0).to_numpy()
            parts.append(ranks / max(len(column), 1))
        else:
            texts = column.cast(pl.String, strict=False).fill_null("\0")
            counts = texts.value_counts(sort=True)
            often = counts.filter(counts["count"] > 1)[column.name].sort().head(LEVELS)
            parts += [(texts == level).to_numpy().astype(float) for level in often]
    return np.column_stack(parts).astype(float) if parts else np.zeros((len(frame), 0))


def alike(values: Floats, whose: Ints) -> float:
    """How much alike rows of a group are: the mean over columns of the intraclass correlation, 0 by chance and 1 where
    a group's rows are the same (Donner 1986, from the analysis of variance).

    Args:
        values: (n, k).
        whose: (n,) the group of each row.

    Example:
        >>> groups = np.repeat(np.arange(50), 4)
        >>> round(alike(groups[:, None].astype(float), groups), 2)
        1.0
    """
    between, within, usual = _variances(values, whose)
    bottom = between + (usual - 1) * within
    found = np.where(bottom > 0, (between - within) / np.where(bottom > 0, bottom, 1), 0)
    return float(np.clip(found, 0, 1).mean()) if len(found) else 0.0


def telling(values: Floats, whose: Ints) -> float:
    """How far the means of groups are from those of rows dealt out by chance: the mean over columns of |log F|. The
    places of a race, each held once, tell as much as what is the same in all rows of a group.

    Args:
        values: (n, k).
        whose: (n,) the group of each row.

    Example:
        >>> races = np.repeat(np.arange(50), 4)
        >>> places = np.tile(np.arange(4.0), 50)[:, None]
        >>> telling(places, races) > 3, telling(np.random.default_rng(0).normal(size=(200, 1)), races) < 1
        (True, True)
    """
    between, within, _ = _variances(values, whose)
    floor = MOST_SURE * (between + within) + 1e-12
    found = np.abs(np.log((between + floor) / (within + floor)))
    return float(found.mean()) if len(found) else 0.0


MOST_SURE = 0.01
"""Share of the variance below which no difference counts."""


def _variances(values: Floats, whose: Ints) -> tuple[Floats, Floats, float]:
    """(k,) mean squares between groups and within, and how many rows a group has; none of too few rows."""
    _, whose = np.unique(whose, return_inverse=True)
    n, sizes = len(whose), np.bincount(whose)
    m = len(sizes)
    if m < 2 or n <= m:
        return np.zeros(0), np.zeros(0), 1.0
    means = np.column_stack([np.zeros((m, 0)), *(np.bincount(whose, column) / sizes for column in values.T)])
    between = (sizes[:, None] * (means - values.mean(0)) ** 2).sum(0) / (m - 1)
    within = ((values - means[whose]) ** 2).sum(0) / (n - m)
    return between, within, (n - (sizes**2).sum() / n) / (m - 1)
