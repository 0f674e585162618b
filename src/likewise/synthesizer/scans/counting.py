"""The first pass: what each column holds, counted shard by shard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from likewise.engines.base import Engine, fold
from likewise.schema.tallies import TableTally, Tally, merged_tables
from likewise.sources.source import Shard, Source
from likewise.synthesizer.scans.dealing import Deal

Tell = Callable[[Iterable[TableTally]], Iterator[TableTally]]


@dataclass(frozen=True)
class Counting:
    """What counts a shard.

    Args:
        any_number: columns of which values are counted however many there are.
    """

    source: Source
    deal: Deal
    any_number: frozenset[str]


def count_shard(shard: Shard, counting: Counting) -> TableTally:
    """What is known of a shard's rows."""
    frame, dealt, rows = counting.source.read(shard), counting.deal.shard(shard), shard.rows
    columns = {}
    sample = frame.filter(pl.Series(dealt.sampled))
    for name in frame.columns:
        series = frame.drop_in_place(name)
        columns[name] = Tally.of(series, rows, dealt.counted, any_number=name in counting.any_number)
    return TableTally(columns, sample, rows[dealt.sampled])


def counted(engine: Engine, counting: Counting, folder: Path, tell: Tell) -> TableTally:
    """What is known of all rows.

    Args:
        folder: where texts go that are too many to hold.
        tell: passes on what comes, and tells how far it is.
    """

    def merged(some: list[TableTally]) -> TableTally:
        return merged_tables(some, any_number=counting.any_number, folder=folder)

    whole = fold(tell(engine.map(count_shard, counting.source.shards, counting)), merged)
    assert whole is not None
    return merged([whole])  # also what was one shard
