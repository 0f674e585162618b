"""Distinct rows of a table that is not held, counted shard by shard."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import polars as pl

from likewise.engines.base import Engine, fold
from likewise.errors import OptionError
from likewise.sources.source import Shard, Source

ROWS = "\0rows"
"""The column of how many rows hold what stands beside it."""


@dataclass(frozen=True)
class Counting:
    """What counts a shard.

    Args:
        names: columns of which combinations of cells are counted.
        most: combinations that are held.
        too_many: what is said where there are more.
    """

    source: Source
    names: list[str]
    most: int
    too_many: str


def count_shard(shard: Shard, counting: Counting) -> pl.DataFrame:
    """(T, columns and `ROWS`) the distinct rows of a shard."""
    rows = counting.source.read(shard, counting.names).with_columns(pl.lit(1, pl.Int64).alias(ROWS))
    return _added([rows], counting)


def counted(engine: Engine, counting: Counting) -> pl.DataFrame:
    """(T, columns and `ROWS`) the distinct rows of these columns, as they first appear.

    Raises:
        OptionError: they are more than are held.
    """
    whole = fold(engine.map(count_shard, counting.source.shards, counting), partial(_added, counting=counting))
    assert whole is not None
    return whole


def _added(parts: list[pl.DataFrame], counting: Counting) -> pl.DataFrame:
    whole = pl.concat(parts).group_by(counting.names, maintain_order=True).agg(pl.col(ROWS).sum())
    if len(whole) > counting.most:
        raise OptionError(counting.too_many)
    return whole
