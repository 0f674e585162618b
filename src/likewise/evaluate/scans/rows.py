"""The rows of a table that is not held, some of which may be left out, and a sample of them.

Legend: n rows of a source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from likewise.engines.base import Engine
from likewise.hashing import Split, below, mixed
from likewise.sources.source import Shard, Source
from likewise.typing import Ints

QUARTERS = 4


@dataclass(frozen=True)
class Rows:
    """Rows of a source: all of them, or those that a split leaves."""

    source: Source
    split: Split | None = None

    def read(self, shard: Shard, columns: list[str] | None = None) -> tuple[pl.DataFrame, Ints]:
        """The rows of a shard, with their numbers."""
        frame, numbers = self.source.read(shard, columns), shard.rows
        if self.split is None:
            return frame, numbers
        kept = self.split.keeps(numbers)
        return frame.filter(pl.Series(kept)), numbers[kept]

    @cached_property
    def n(self) -> int:
        """How many there are."""
        if self.split is None:
            return self.source.n_rows
        return sum(int(self.split.keeps(shard.rows).sum()) for shard in self.source.shards)


Tables = Mapping[str, Rows]
"""By role: "real", "synthetic", and "holdout" where there is one."""

Item = tuple[str, Shard]
"""A shard of the table of a role."""


def items_of(tables: Tables) -> list[Item]:
    return [(role, shard) for role, rows in tables.items() for shard in rows.source.shards]


def quarters(seed: int, numbers: Ints) -> Ints:
    """(n,) in which quarter of its table each row is, by its number."""
    return (mixed(seed, numbers) >> np.uint64(62)).astype(np.int64)


@dataclass(frozen=True)
class Sampling:
    """What draws samples.

    Args:
        limits: by role, below which the hash of a row's number is for the row to be a candidate.
    """

    tables: Tables
    seed: int
    limits: Mapping[str, int]

    @classmethod
    def of(cls, tables: Tables, seed: int, most: int) -> Sampling:
        # Six deviations more than are needed, so that there are hardly ever fewer.
        wanted = most + 6 * most**0.5
        limits = {
            role: min(2**64, int(2**64 * wanted / rows.n)) if rows.n > most else 2**64 for role, rows in tables.items()
        }
        return cls(tables, seed, limits)


def candidates(item: Item, sampling: Sampling) -> tuple[pl.DataFrame, Ints]:
    """Rows of a shard of which some will be taken, with their numbers."""
    role, shard = item
    frame, numbers = sampling.tables[role].read(shard)
    taken = below(mixed(sampling.seed, numbers), sampling.limits[role])
    return frame.filter(pl.Series(taken)), numbers[taken]


def samples(engine: Engine, tables: Tables, seed: int, most: int) -> dict[str, pl.DataFrame]:
    """At most so many rows of each table as they are, in order: those whose numbers hash lowest.

    Rows of the same number are taken of all tables, so that what was made of real rows in their order is seen beside
    them.
    """
    sampling = Sampling.of(tables, seed, most)
    items = items_of(tables)
    found: dict[str, list[tuple[pl.DataFrame, Ints]]] = {role: [] for role in tables}
    for (role, _), part in zip(items, engine.map(candidates, items, sampling), strict=True):
        found[role].append(part)
    result = {}
    for role, parts in found.items():
        frame, numbers = pl.concat([p for p, _ in parts]), np.concatenate([n for _, n in parts])
        lowest = np.sort(np.argsort(mixed(seed, numbers), kind="stable")[:most])
        result[role] = frame[lowest]
    return result
