"""Anonymise a table that is not held: recoded by its distinct combinations of cells, then told shard by shard.

Mondrian and the lattice look at nothing but which combinations of quasi-identifiers and sensitive cells there are, and
how many rows have each. These are counted by shards and added up; what they are told as is then looked up for each row.
The rows are shuffled by way of buckets on the disk. The finished rows are counted again, and held to the promise,
before anything stands at the target.

Legend: n rows, T distinct combinations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from likewise.engines.base import Engine, fold
from likewise.hashing import mixed
from likewise.privacy.labels import TOP
from likewise.privacy.recoding import Recoding
from likewise.sources import distinct
from likewise.sources.distinct import ROWS
from likewise.sources.scratch import closed
from likewise.sources.source import SHARD, Shard, Source
from likewise.streams import Streams
from likewise.tables.joining import Parts, join
from likewise.typing import Ints

MOST = 2_000_000
"""Distinct combinations of cells that are held."""

CLASS, STARRED = "\0class", "\0starred"


# ---- counting --------------------------------------------------------------------------------------------------------


def counted(engine: Engine, source: Source, names: list[str]) -> pl.DataFrame:
    """(T, columns and `ROWS`) the distinct rows of these columns, as they first appear.

    Raises:
        OptionError: they are more than `MOST`.
    """
    too_many = (
        f"quasi-identifiers and sensitive columns {', '.join(map(repr, names))} have more than {MOST:,} different "
        "combinations of cells, the limit of a table that is read in parts: name fewer, tell them more coarsely "
        "first, or anonymise a frame that is held in memory"
    )
    return distinct.counted(engine, distinct.Counting(source, names, MOST, too_many))


# ---- telling ---------------------------------------------------------------------------------------------------------


def told_rows(rows: pl.DataFrame, classes: Ints, recoding: Recoding, secret: Sequence[str]) -> pl.DataFrame:
    """Rows as they go out.

    Args:
        rows: the columns that do.
        classes: (n,) of each row; -1: suppressed, and told by stars.
        secret: sensitive columns.
    """
    labels = recoding.labels
    if (classes >= 0).all():
        return rows.with_columns(recoding.cells(classes).get_columns())
    # What is sensitive goes too: a starred row stands out, and whoever knows the classes may know whose it is.
    stars = pl.DataFrame({name: [TOP] for name in labels.columns})
    cells = pl.concat([labels, stars])[np.where(classes < 0, len(labels), classes)]
    keep = pl.Series(classes >= 0)
    hidden = [
        pl.when(keep).then(pl.col(s)).otherwise(pl.lit(TOP) if rows.schema[s] == pl.String else None).alias(s)
        for s in secret
    ]
    return rows.with_columns(*cells.get_columns(), *hidden)


@dataclass(frozen=True)
class Telling:
    """What tells a shard's rows.

    Args:
        classes: each combination of quasi-identifiers, and its class in `CLASS`.
        columns: of the rows that go out.
        secret: sensitive columns.
        hides: whether suppressed rows stay, told by stars.
        seed: of the shuffle; None leaves the rows in their order.
        folder: where the told rows go.
        n_buckets: see `buckets_of`.
    """

    source: Source
    classes: pl.DataFrame
    recoding: Recoding
    columns: list[str]
    secret: list[str]
    hides: bool
    seed: int | None
    folder: Path
    n_buckets: int

    def path(self, shard: int) -> Path:
        return self.folder / f"{shard:06}.arrow"

    def buckets(self, shard: Shard) -> Ints:
        """(n,) the bucket of each row of a shard."""
        if self.seed is None:
            return np.full(len(shard.rows), shard.index)
        return np.asarray((mixed(self.seed, shard.rows) >> np.uint64(16)) % np.uint64(self.n_buckets), np.int64)


def buckets_of(source: Source, seed: int | None) -> int:
    """How many there are: that hangs on the data alone."""
    return len(source.shards) if seed is None else -(-source.n_rows // SHARD)


def tell_shard(shard: Shard, telling: Telling) -> tuple[pl.DataFrame, Ints]:
    """Write the rows of a shard as they go out, bucket by bucket; their distinct cells, and rows of each bucket."""
    names = list(telling.recoding.quasi_identifiers)
    rows = telling.source.read(shard, telling.columns)
    found = rows.select(names).join(telling.classes, on=names, how="left", nulls_equal=True, maintain_order="left")
    classes = found[CLASS].to_numpy()
    buckets = telling.buckets(shard)
    if not telling.hides:
        kept = classes >= 0
        rows, classes, buckets = rows.filter(pl.Series(kept)), classes[kept], buckets[kept]
    told = told_rows(rows, classes, telling.recoding, telling.secret)
    closed(telling.path(shard.index))
    told[np.argsort(buckets, kind="stable")].write_ipc(telling.path(shard.index))
    cells = told.select(*names, *telling.secret).with_columns(
        pl.Series(STARRED, classes < 0), pl.lit(1, pl.Int64).alias(ROWS)
    )
    return _released([cells]), np.bincount(buckets, minlength=telling.n_buckets)


def _released(parts: list[pl.DataFrame]) -> pl.DataFrame:
    whole = pl.concat(parts)
    return whole.group_by(pl.exclude(ROWS), maintain_order=True).agg(pl.col(ROWS).sum())


def told(engine: Engine, telling: Telling) -> tuple[pl.DataFrame, Ints]:
    """The distinct cells that are told of quasi-identifiers and sensitive columns, their rows in `ROWS`; and
    (shards, buckets) rows."""
    sizes: list[Ints] = []

    def cells(results: Iterable[tuple[pl.DataFrame, Ints]]) -> Iterator[pl.DataFrame]:
        for own, rows in results:
            sizes.append(rows)
            yield own

    seen = fold(cells(engine.map(tell_shard, telling.source.shards, telling)), _released)
    assert seen is not None
    return _released([seen]), np.stack(sizes)


# ---- writing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Writing:
    """What writes a bucket: where it begins and ends in the file of each shard."""

    telling: Telling
    ends: Ints
    parts: Parts


def write_bucket(number: int, writing: Writing) -> int:
    """Write the rows of a bucket, shuffled, as a part of the table."""
    telling, ends = writing.telling, writing.ends
    frames = [
        pl.scan_ipc(telling.path(shard)).slice(own[number], own[number + 1] - own[number]).collect()
        for shard, own in enumerate(ends.tolist())
        if own[number + 1] > own[number] or shard == 0
    ]
    rows = pl.concat(frames)
    if telling.seed is not None:
        rows = rows[Streams(telling.seed).at(number).permutation(len(rows))]
    writing.parts.write(number, rows)
    return number


def write(engine: Engine, telling: Telling, sizes: Ints, parts: Parts) -> None:
    """Write all buckets to one file, whole or not at all.

    Raises:
        OutputError: the disk is full, or the file cannot be written.
    """
    ends = np.concatenate([np.zeros((len(sizes), 1), np.int64), np.cumsum(sizes, axis=1)], axis=1)
    join(engine.map(write_bucket, range(telling.n_buckets), Writing(telling, ends, parts)), parts)


def room_for(source: Source) -> int:
    """Bytes that the told rows take on the disk until they are written, about."""
    return 10 * source.n_rows * len(source.names)
