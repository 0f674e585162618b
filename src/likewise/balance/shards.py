"""Rows added to rare classes of a table that is not held: counted, learnt in parts, and drawn to the file in blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from likewise.engines import Engine
from likewise.errors import InputError, OptionError, nearest
from likewise.sources.distinct import ROWS, Counting, counted
from likewise.sources.source import Source
from likewise.streams import SPAN, Streams
from likewise.synthesizer.streaming import Job
from likewise.tables.joining import Parts, join

MOST_CLASSES = 1_000
LEAST = 10
"""Rows of a class that a generator learns from."""


def classes_of(engine: Engine, source: Source, target: str) -> pl.DataFrame:
    """The classes of a column, rising, and in the second column the rows of each.

    Raises:
        OptionError: there is no such column, or it has too many values to be classes.
        InputError: cells of it are missing, or all are alike.
    """
    if target not in source.names:
        raise OptionError(f"there is no column {target!r}{nearest(target, source.names)}")
    too_many = (
        f"column {target!r} has more than {MOST_CLASSES:,} different values, which are no classes; name another "
        "target, or balance a frame that is held in memory"
    )
    found = counted(engine, Counting(source, [target], MOST_CLASSES, too_many))
    if n := int(found.filter(pl.col(target).is_null())[ROWS].sum()):
        raise InputError(f"target {target!r} is missing in {n:,} rows: a class must be told; fill or leave them out")
    if len(found) < 2:
        raise InputError(f"target {target!r} has one class only: there is nothing to balance")
    return found.sort(target)


@dataclass
class Adding:
    """What writes the parts of a balanced table: its own shards first, then the new rows of each class.

    Args:
        job: what draws rows; of each class with its own number, seed and condition.
        wanted: class -> rows to draw.
        mark: a column that tells which rows are new; None for none.
    """

    source: Source
    job: Job
    target: str
    wanted: Mapping[Any, int]
    mark: str | None
    _jobs: dict[int, Job] = field(default_factory=dict)

    @property
    def parts(self) -> Parts:
        return self.job.parts

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Class and span of each part of new rows."""
        return [(k, i) for k, n in enumerate(self.wanted.values()) for i in range(-(-n // SPAN))]

    def frame(self, number: int) -> pl.DataFrame:
        """The rows of a part."""
        shards = self.source.shards
        if is_new := number >= len(shards):
            k, span = self.spans[number - len(shards)]
            rows = self._of(k).frame(span).select(self.source.names)
        else:
            rows = self.source.read(shards[number])
        return rows if self.mark is None else rows.with_columns(pl.lit(is_new).alias(self.mark))

    def _of(self, k: int) -> Job:
        if k not in self._jobs:
            label, n = list(self.wanted.items())[k]
            seed = int(Streams(self.job.seed).at(k).integers(2**62))
            self._jobs[k] = replace(self.job, n=n, seed=seed, where={self.target: label})
        return self._jobs[k]

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_jobs": {}}


def write_part(number: int, adding: Adding) -> int:
    """Write a part of the table."""
    adding.parts.write(number, adding.frame(number))
    return number


def write(engine: Engine, adding: Adding) -> None:
    """Write the table with its new rows, whole or not at all.

    Raises:
        ConditionError: rows of a class cannot be drawn.
        OutputError: the disk is full, or the file cannot be written.
    """
    n_parts = len(adding.source.shards) + len(adding.spans)
    join(engine.map(write_part, range(n_parts), adding), adding.parts)


def repeated(counts: pl.DataFrame) -> np.ndarray[Any, Any]:
    """(n,) the number of each row's class, in a byte or two, for those who count them themselves."""
    kind = np.min_scalar_type(len(counts))
    return np.repeat(np.arange(len(counts), dtype=kind), counts[ROWS].to_numpy())


def check_learnable(counts: pl.DataFrame, wanted: Mapping[int, int]) -> None:
    """
    Raises:
        InputError: a class is to get rows that has too few to be learnt.
    """
    few = [n for k, n in enumerate(counts[ROWS]) if wanted.get(k, 0) and n < LEAST]
    if few:
        raise InputError(
            f"{len(few)} of {len(counts)} classes have fewer than {LEAST} rows, too few to be learnt of a table in "
            "parts; leave them out (sampling_strategy), or balance a frame that is held in memory"
        )
