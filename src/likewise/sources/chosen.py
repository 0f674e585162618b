"""Some rows of a table that is not held, with all rows of each person among them, for what looks at rows together.

Persons are chosen by what they are called, whatever the shards: those that hash lowest, until their rows are enough.

Legend: n rows of the source, m chosen ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from likewise.engines.base import Engine, fold
from likewise.errors import InputError
from likewise.hashing import Hashes, below, mixed
from likewise.schema.column import Schema
from likewise.schema.parse import parse_column
from likewise.schema.persons import unnamed
from likewise.sources.hashed import hashes_of
from likewise.sources.source import Shard, Source
from likewise.typing import Ints

MOST_CHOSEN = 1_000_000
"""Rows that are chosen of a table, where nobody asks for others."""


@dataclass(frozen=True)
class Chosen:
    """Rows of a source.

    Args:
        frame: as they came, in order.
        numbers: (m,) theirs.
        whose: (m,) what the person of each hashes to; without persons the row.
        nobody: rows, of all, that do not tell whose they are.
        entity: the column that tells it; None where each row is a person.
        n_all, shards: of the source.
    """

    frame: pl.DataFrame
    numbers: Ints
    whose: Hashes
    nobody: int
    entity: str | None
    n_all: int
    shards: int

    @property
    def are_all(self) -> bool:
        return len(self.numbers) == self.n_all

    @property
    def words(self) -> str:
        """How many, in words."""
        if self.entity is None:
            return f"{len(self.numbers):,} of {self.n_all:,} rows, chosen by chance"
        n = len(np.unique(self.whose))
        return f"all {len(self.numbers):,} rows of {n:,} persons, chosen by chance, of {self.n_all:,} rows"


@dataclass(frozen=True)
class Choosing:
    """What chooses of a shard.

    Args:
        limit: below which persons hash that may be chosen.
        most: rows, at most.
    """

    source: Source
    schema: Schema
    entity: str | None
    seed: int
    limit: int
    most: int


def choose(shard: Shard, choosing: Choosing) -> Chosen:
    """The rows of a shard that may be chosen."""
    source, entity = choosing.source, choosing.entity
    frame, whose, nobody = source.read(shard), shard.rows.astype(np.uint64), 0
    if entity is not None:
        keys = parse_column(frame[entity], choosing.schema[entity]).alias(entity)
        whose, nobody = hashes_of(keys.to_frame(), [entity]), int(unnamed(keys).sum())
    whose = mixed(choosing.seed, whose)
    some = below(whose, choosing.limit)
    return Chosen(
        frame.filter(pl.Series(some)), shard.rows[some], whose[some], nobody, entity, source.n_rows, len(source.shards)
    )


def chosen(engine: Engine, source: Source, schema: Schema, entity: str | None, seed: int, most: int) -> Chosen:
    """At most so many rows of a source, in order: all of each person's.

    Args:
        schema: what its columns are.
        entity: the column that tells whose a row is; None makes each row its own.

    Raises:
        InputError: some rows do not tell whose they are, or one person has more rows.
    """
    # Persons have not all as many rows: so many more that there are hardly ever fewer.
    wanted = most + 6 * most**0.5 if entity is None else 1.2 * most
    limit = min(2**64, int(2**64 * wanted / source.n_rows)) if source.n_rows > most else 2**64
    choosing = Choosing(source, schema, entity, seed, limit, most)
    whole = fold(engine.map(choose, source.shards, choosing), partial(_lowest, most=most))
    assert whole is not None
    whole = _lowest([whole], most)
    if whole.nobody:
        raise InputError(
            f"column {entity!r}: {whole.nobody:,} of {source.n_rows:,} rows do not tell whose they are; as entity it "
            "must have a value in every row: fill it, or leave those rows out"
        )
    if not len(whole.numbers):
        raise InputError(
            f"column {entity!r}: the first person that was chosen has more than {most:,} rows: ask for more rows, "
            "leave that one out, or say entity=False where rows are people"
        )
    return whole


def _lowest(parts: list[Chosen], most: int) -> Chosen:
    """Of some rows those of the persons that hash lowest; as they grow ever fewer persons have room."""
    numbers, whose = (np.concatenate([getattr(part, name) for part in parts]) for name in ("numbers", "whose"))
    persons, rows = np.unique(whose, return_counts=True)
    n_kept = int(np.searchsorted(np.cumsum(rows), most, "right"))
    kept = np.flatnonzero(whose <= persons[n_kept - 1]) if n_kept else np.zeros(0, np.int64)
    kept = kept[np.argsort(numbers[kept])]
    first = parts[0]
    return Chosen(
        pl.concat([part.frame for part in parts])[kept], numbers[kept], whose[kept], sum(p.nobody for p in parts),
        first.entity, first.n_all, first.shards,
    )  # fmt: skip


def rows_at(source: Source, numbers: Ints | None) -> pl.DataFrame:
    """The rows of these numbers, which ascend; none of None."""
    numbers = np.zeros(0, np.int64) if numbers is None else numbers
    parts = [pl.DataFrame(schema=dict(source.columns))]
    for shard in source.shards:
        start, stop = np.searchsorted(numbers, [shard.start, shard.stop])
        if start < stop:
            parts.append(source.read(shard)[numbers[start:stop] - shard.start])
    return pl.concat(parts)
