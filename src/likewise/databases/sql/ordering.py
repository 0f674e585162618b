"""In what order tables, and rows that point at their own table, can be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.databases.pointing import parent_rows


@dataclass(frozen=True)
class Order:
    """Tables, each after those it points at, but for the late keys: one of each circle."""

    tables: tuple[str, ...]
    late: tuple[ForeignKey, ...] = ()


def order_of(schema: DatabaseSchema) -> Order:
    """The order in which tables can be written. Of a circle that key is late which may be missing, else one that may be
    broken until the end of a transaction, else any.

    >>> from likewise.databases.database import Database
    >>> a, b = pl.DataFrame({"id": [1], "b": [2]}), pl.DataFrame({"id": [2], "a": [1]})
    >>> order = order_of(Database({"a": a, "b": b}, keys=["a.b -> b.id", "b.a -> a.id"]).schema)
    >>> order.tables, [str(key) for key in order.late]
    (('a', 'b'), ['a.b -> b.id'])
    """
    waiting = {key: None for key in schema.foreign if not key.is_self}
    left, done, late = dict.fromkeys(schema.tables), [], []
    while left:
        if free := [name for name in left if not any(key.table == name for key in waiting)]:
            done += free
            left = {name: None for name in left if name not in free}
            waiting = {key: None for key in waiting if key.parent not in free}
            continue
        circle = circle_of(list(waiting))
        late.append(min(circle, key=lambda key: (not may_be_missing(schema, key), not key.deferrable)))
        del waiting[late[-1]]
    return Order(tuple(done), tuple(late))


def circle_of(keys: Sequence[ForeignKey]) -> list[ForeignKey]:
    """Keys, each pointing at the table of the next, the last at that of the first; every table points somewhere."""
    by_table = {key.table: key for key in reversed(keys)}
    way, at = list[ForeignKey](), keys[0].table
    while at not in [key.table for key in way]:
        way.append(by_table[at])
        at = by_table[at].parent
    return way[[key.table for key in way].index(at) :]


def circle_through(keys: Sequence[ForeignKey], first: ForeignKey) -> list[ForeignKey]:
    """A shortest way from a key back to its table."""
    ways = [[first]]
    seen = {first.parent}
    while ways:
        way = ways.pop(0)
        if way[-1].parent == first.table:
            return way
        for key in keys:
            if key.table == way[-1].parent and key.parent not in seen:
                seen.add(key.parent)
                ways.append([*way, key])
    return [first]


def may_be_missing(schema: DatabaseSchema, key: ForeignKey) -> bool:
    """Whether some column of a key may be missing."""
    return not schema.is_required(key)


def by_level(frame: pl.DataFrame, keys: Sequence[ForeignKey]) -> tuple[pl.DataFrame, tuple[int, ...], int]:
    """Rows of which each comes after those of this table that it points at.

    Args:
        keys: of the table to itself.

    Returns:
        The rows; how many there are on each level; how many at the end point at each other in a circle. A row that
        points at itself does not wait.

    Example:
        >>> staff = pl.DataFrame({"id": [1, 2, 3], "boss": [3, 1, None]})
        >>> key = ForeignKey.of("staff.boss -> staff.id")
        >>> rows, levels, _ = by_level(staff, [key])
        >>> rows["id"].to_list(), levels
        ([3, 1, 2], (1, 1, 1))
    """
    pairs = np.concatenate([_pairs(frame, key) for key in keys]) if keys else np.empty((0, 2), np.int64)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    waits = np.bincount(pairs[:, 0], minlength=len(frame))
    by_parent = pairs[np.argsort(pairs[:, 1], kind="stable")]
    starts = np.searchsorted(by_parent[:, 1], np.arange(len(frame) + 1))
    level, found = np.flatnonzero(waits == 0), []
    while len(level):
        found.append(level)
        counts = starts[level + 1] - starts[level]
        at = np.repeat(starts[level] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())
        children = by_parent[at, 0]
        np.subtract.at(waits, children, 1)
        level = np.unique(children[waits[children] == 0])
    circular = np.flatnonzero(waits > 0)
    order = np.concatenate([*found, circular]) if len(frame) else np.empty(0, np.int64)
    return frame[order], tuple(map(len, found)), len(circular)


def _pairs(frame: pl.DataFrame, key: ForeignKey) -> NDArray[np.int64]:
    """(pairs, 2): the number of a row, and of the row that it points at."""
    rows = parent_rows(frame, key.columns, frame, key.parent_columns)
    own = np.flatnonzero(rows >= 0)
    return np.stack([own, rows[own]], axis=1)
