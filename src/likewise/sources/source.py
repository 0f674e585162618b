"""A table in files of Parquet, and the shards that work on it is dealt out in.

Shards hang on the data alone, never on how many workers there are: what is counted, sampled and learnt is then the same
whoever does it.

Legend: n rows of the whole table, counted on from file to file.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from likewise.errors import InputError
from likewise.schema.dtypes import dtype_name
from likewise.tables.folders import as_types, common_types, typed, with_told
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
        told: columns that its folders tell, and what all its rows have there.
        spool_of: what it was written from, in words; None where it is the user's own.
    """

    path: str
    groups: tuple[int, ...]
    size: int
    changed: int
    told: Mapping[str, Any] = field(default_factory=dict)
    spool_of: str | None = None

    @classmethod
    def of(cls, path: Path, told: Mapping[str, Any] | None = None, spool_of: str | None = None) -> Part:
        """
        Raises:
            InputError: the file cannot be read, or is no whole Parquet.
        """
        with input_errors(f"file {str(path)!r}"):
            its = path.stat()
            groups = row_groups(str(path))
            return cls(str(path.resolve()), groups, its.st_size, its.st_mtime_ns, told or {}, spool_of)

    @property
    def what(self) -> str:
        """How to call it in errors."""
        return self.spool_of or f"file {self.path!r}"

    @cached_property
    def rows(self) -> int:
        return sum(self.groups)

    def check(self) -> None:
        """
        Raises:
            InputError: the file is another one than when it was opened.
        """
        _check_unchanged(Path(self.path), (self.size, self.changed))

    def read(self, start: int, stop: int, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
        """Rows start .. stop - 1 of some columns, as these types.

        Raises:
            InputError: the file has changed, or a row group is damaged, which is named.
        """
        self.check()
        own = [name for name in types if name not in self.told]
        try:
            frame = _slice(self.path, start, stop, own or None)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError):
            self.check()
            raise InputError(f"{self.what}: {self._damaged(start, stop)} and cannot be read") from None
        self.check()
        if len(frame) != stop - start:
            raise InputError(f"{self.what} holds fewer rows than its footer counts: it is damaged")
        return as_types(with_told(frame, self.told, types), types)

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


@contextlib.contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """Refuse a file that is another one when all of it is read.

    Raises:
        InputError: it is, whatever else went wrong with it.
    """
    before = _stamp(path)
    try:
        yield
    except InputError:
        _check_unchanged(path, before)
        raise
    _check_unchanged(path, before)


def _check_unchanged(path: Path, stamp: tuple[int, int]) -> None:
    if _stamp(path) != stamp:
        raise InputError(
            f"file {str(path)!r} was changed while it was read: what was counted no longer holds. Wait until it is "
            "written, or copy it, and begin again"
        )


def _stamp(path: Path) -> tuple[int, int]:
    with input_errors(f"file {str(path)!r}"):
        told = path.stat()
    return told.st_size, told.st_mtime_ns


def _slice(path: str, start: int, stop: int, columns: list[str] | None) -> pl.DataFrame:
    rows = lazily(path).slice(start, stop - start)
    return (rows if columns is None else rows.select(columns)).collect()


def lazily(path: str | Path) -> pl.LazyFrame:
    return pl.scan_parquet(path, hive_partitioning=False, glob=False)


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
    def of(cls, parts: Iterable[Part], what: str, size: int = SHARD) -> Source:
        """Of files of Parquet that have the same columns, of types that go together.

        Raises:
            InputError: a file cannot be read, or has other columns than the first one; it is named.
        """
        parts = tuple(parts)
        own = [columns_of(part.path) for part in parts]
        for part, columns in zip(parts, own, strict=True):
            _check_columns(columns, part.what)
        told = typed([part.told for part in parts], own)
        schemas = [{**columns, **{name: told[name] for name in told if name not in columns}} for columns in own]
        types = common_types([part.what for part in parts], schemas)
        if not sum(part.rows for part in parts):
            raise InputError(f"{what} has {len(types)} columns and no rows")
        parts = tuple(
            replace(part, told={name: value for name, value in part.told.items() if name not in columns})
            for part, columns in zip(parts, own, strict=True)
        )
        return cls(what, parts, tuple(types.items()), size)

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
        types = dict(self.columns)
        types = types if columns is None else {name: types[name] for name in columns}
        frames, before = [], 0
        for part in self.parts:
            start, stop = max(shard.start - before, 0), min(shard.stop - before, part.rows)
            if start < stop:
                frames.append(part.read(start, stop, types))
            before += part.rows
        return pl.concat(frames) if len(frames) > 1 else frames[0]


def columns_of(path: str) -> dict[str, pl.DataType]:
    """The columns of a file of Parquet, by its footer.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return dict(lazily(path).collect_schema())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError):
        raise InputError(
            f"file {path!r} cannot be read: it is damaged, or holds a type of column that no table can have"
        ) from None


def _check_columns(schema: dict[str, pl.DataType], what: str) -> None:
    check_names(list(schema), what)
    if nested := [name for name, dtype in schema.items() if dtype != pl.Null and not dtype_name(dtype)]:
        named = ", ".join(map(repr, nested[:10]))
        raise InputError(f"{what}: a table's cells must be single values; nested or binary columns: {named}")
