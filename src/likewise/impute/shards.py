"""Holes of a table that is not held, filled block by block by an imputer that learnt a sample of its rows.

A block has random streams of its own, at the address of its first row, so that what fills it hangs on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from likewise.engines import Engine
from likewise.engines.local import LocalEngine
from likewise.hashing import below, limits, mixed
from likewise.sources.opening import Scan
from likewise.sources.source import BLOCK, Shard, Source
from likewise.tables.joining import Parts, join

LEARNT = 2**17
"""Rows that are learnt from, at most."""

Fill = Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame]


@dataclass(frozen=True)
class Sampling:
    """What takes the rows of a shard that are learnt from: those that hash below a limit."""

    source: Source
    limit: int


def sampled(shard: Shard, sampling: Sampling) -> pl.DataFrame:
    """The rows of a shard that are learnt from."""
    return sampling.source.read(shard).filter(pl.Series(below(mixed(0, shard.rows), sampling.limit)))


def some_rows(scan: Scan) -> pl.DataFrame:
    """Rows to learn from, chosen by the hashes of their numbers; all of them where they are few."""
    with scan.opened() as source, LocalEngine() as engine:
        (limit,) = limits(0, source.n_rows, [min(source.n_rows, LEARNT)])
        return pl.concat(list(engine.map(sampled, source.shards, Sampling(source, limit))))


@dataclass(frozen=True)
class Filling:
    """What fills a shard.

    Args:
        fill: rows of a block, and their stream, to the same without holes.
        seed: of the streams.
    """

    source: Source
    fill: Fill
    seed: int
    parts: Parts


def fill_shard(shard: Shard, filling: Filling) -> int:
    """Write the filled rows of a shard as a part of the table."""
    rows = filling.source.read(shard)
    blocks = []
    for start in range(0, len(rows), BLOCK):
        address = np.random.SeedSequence(filling.seed, spawn_key=((shard.start + start) // BLOCK,))
        blocks.append(filling.fill(rows.slice(start, BLOCK), np.random.default_rng(address)))
    filling.parts.write(shard.index, pl.concat(blocks))
    return shard.index


def filled(scan: Scan, engine: Engine, fill: Fill, seed: int, to: Path) -> Path:
    """Write the table, its holes filled, whole or not at all.

    Raises:
        OptionError: the file is of a format that is not written in parts, or one of those that are read.
        OutputError: the disk is full, or the file cannot be written.
    """
    scan.check_apart(to)
    with scan.opened() as source:
        parts = Parts.new(to, scan.dialect)
        join(engine.map(fill_shard, source.shards, Filling(source, fill, seed, parts)), parts)
    return to
