"""A table in files of Parquet, and the shards that work on it is dealt out in.

Shards hang on the data alone, never on how many workers there are: what is counted, sampled and learnt is then the same
whoever does it.

Legend: n rows of the whole table, counted on from file to file.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from likewise.errors import InputError
from likewise.schema.dtypes import dtype_name
from likewise.tables.frames import check_names
from likewise.tables.parquet import row_groups
from likewise.tables.source import input_errors

BLOCK = 8_192
"""Rows that never part: shards are multiples of these."""

SHARD = 2**19
"""Rows of a shard, about."""

MOST_IN_GROUP = 2**22
"""Rows of a row group that shards share at most: each must unpack all that stands before its own."""


@dataclass(frozen=True)
class Part:
    """One file, as it was when the source was opened.

    Args:
        path: absolute.
        groups: rows of each row group.
        size, changed: bytes, and nanoseconds since 1970 of the last change.
    """

    path: str
    groups: tuple[int, ...]
    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> Part:
        """
        Raises:
            InputError: the file cannot be read, or is no whole Parquet.
        """
        with input_errors(f"file {str(path)!r}"):
            told = path.stat()
            return cls(str(path.resolve()), row_groups(str(path)), told.st_size, told.st_mtime_ns)

    @cached_property
    def rows(self) -> int:
        return sum(self.groups)

    def check(self) -> None:
        """
        Raises:
            InputError: the file is another one than when it was opened.
        """
        with input_errors(f"file {self.path!r}"):
            told = Path(self.path).stat()
        if (told.st_size, told.st_mtime_ns) != (self.size, self.changed):
            raise InputError(
                f"file {self.path!r} was changed while it was read: what was counted no longer holds. Wait until it is "
                "written, or copy it, and begin again"
            )

    def read(self, start: int, stop: int, columns: list[str] | None) -> pl.DataFrame:
        """Rows start .. stop - 1.

        Raises:
            InputError: the file has changed, or a row group is damaged, which is named.
        """
        self.check()
        try:
            frame = _slice(self.path, start, stop, columns)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError):
            self.check()
            raise InputError(f"file {self.path!r}: {self._damaged(start, stop)} and cannot be read") from None
        self.check()
        if len(frame) != stop - start:
            raise InputError(f"file {self.path!r} holds fewer rows than its footer counts: it is damaged")
        return frame

    def _damaged(self, start: int, stop: int) -> str:
        """Which row group of these rows cannot be read."""
        first = 0
        for k, rows in enumerate(self.groups):
            if first < stop and first + rows > start:
                try:
                    _slice(self.path, first, first + rows, None)
                except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError):
                    return f"row group {k} (rows {first:,} to {first + rows - 1:,}) is damaged"
            first += rows
        return "it is damaged"


def _slice(path: str, start: int, stop: int, columns: list[str] | None) -> pl.DataFrame:
    rows = pl.scan_parquet(path, hive_partitioning=False, glob=False).slice(start, stop - start)
    return (rows if columns is None else rows.select(columns)).collect()


@dataclass(frozen=True)
class Shard:
    """Rows start .. stop - 1 of a source."""

    index: int
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def rows(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Their numbers."""
        return np.arange(self.start, self.stop)


@dataclass(frozen=True)
class Source:
    """A table in files, whose rows stand one file after the other.

    Args:
        what: how to call it in errors.
        parts: the files.
        columns: name and type of each column.
        size: rows of a shard, about; a multiple of `BLOCK`.
    """

    what: str
    parts: tuple[Part, ...]
    columns: tuple[tuple[str, pl.DataType], ...]
    size: int = SHARD

    @classmethod
    def of(cls, paths: list[Path], what: str, size: int = SHARD) -> Source:
        """Of files of Parquet that have the same columns.

        Raises:
            InputError: a file cannot be read, or has other columns than the first one; it is named.
        """
        parts = tuple(Part.of(path) for path in paths)
        first: dict[str, pl.DataType] = {}
        for part in parts:
            schema = _schema_of(part)
            if not first:
                first = schema
                _check_columns(schema, part.path)
            if lack := set(first) ^ set(schema):
                named = ", ".join(map(repr, sorted(lack)[:10]))
                raise InputError(
                    f"file {part.path!r} has other columns than {parts[0].path!r}, which are not in both: {named}; "
                    "they are not one table"
                )
            if other := [name for name, dtype in schema.items() if dtype != first[name]]:
                raise InputError(
                    f"file {part.path!r}: column {other[0]!r} is of type {schema[other[0]]}, and of "
                    f"{first[other[0]]} in {parts[0].path!r}; they are not one table"
                )
        if not sum(part.rows for part in parts):
            raise InputError(f"{what} has {len(first)} columns and no rows")
        return cls(what, parts, tuple(first.items()), size)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.columns]

    @cached_property
    def n_rows(self) -> int:
        return sum(part.rows for part in self.parts)

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(part.size for part in self.parts)

    @cached_property
    def shards(self) -> list[Shard]:
        """All rows, in multiples of `BLOCK`; cut where a row group ends, if one ends near."""
        edges = np.cumsum([rows for part in self.parts for rows in part.groups])
        cuts, start = [0], 0
        while start < self.n_rows:
            near = edges[
                (edges > start + self.size // 2) & (edges <= start + self.size * 3 // 2) & (edges % BLOCK == 0)
            ]
            ideal = start + self.size
            start = min(int(near[np.abs(near - ideal).argmin()]) if len(near) else ideal, self.n_rows)
            cuts.append(start)
        return [Shard(i, a, b) for i, (a, b) in enumerate(itertools.pairwise(cuts))]

    def read(self, shard: Shard, columns: list[str] | None = None) -> pl.DataFrame:
        """The rows of a shard.

        Raises:
            InputError: a file has changed since it was opened, or is damaged.
        """
        names = self.names if columns is None else columns
        frames, before = [], 0
        for part in self.parts:
            start, stop = max(shard.start - before, 0), min(shard.stop - before, part.rows)
            if start < stop:
                frames.append(part.read(start, stop, names).select(names))
            before += part.rows
        return pl.concat(frames) if len(frames) > 1 else frames[0]


def _schema_of(part: Part) -> dict[str, pl.DataType]:
    try:
        return dict(pl.read_parquet_schema(part.path))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError):
        raise InputError(
            f"file {part.path!r} cannot be read: it is damaged, or holds a type of column that no table can have"
        ) from None


def _check_columns(schema: dict[str, pl.DataType], path: str) -> None:
    check_names(list(schema), f"file {path!r}")
    if nested := [name for name, dtype in schema.items() if dtype != pl.Null and not dtype_name(dtype)]:
        named = ", ".join(map(repr, nested[:10]))
        raise InputError(f"file {path!r}: a table's cells must be single values; nested or binary columns: {named}")
