"""Parquet files put one behind the other: pages are copied as they are, and footers told where these lie now.

Polars tells the columns of a file, and not where its row groups end; so the footer is read here for that, too.

References:
    Apache Parquet, parquet.thrift (FileMetaData, RowGroup, ColumnChunk).
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from likewise.errors import InputError, OutputError
from likewise.tables import thrift
from likewise.tables.thrift import Struct

MAGIC = b"PAR1"
COPIED = 2**20
"""Bytes copied at a time."""

_SCHEMA, _ROWS, _GROUPS = 2, 3, 4
_COLUMNS, _GROUP_ROWS, _GROUP_OFFSET, _ORDINAL = 1, 3, 5, 7
_CHUNK_OFFSET, _META, _INDEXES = 2, 3, (4, 6)
_PAGES = (9, 10, 11, 14)
"""Fields of the footer, of a row group, of a column's chunk and of what is told of it: those with offsets, and others
that are needed."""


@dataclass
class Joined:
    """A Parquet file that grows by others of the same columns.

    Args:
        rows: in it so far.
        first: the footer of the first file.
        groups: all row groups.
    """

    rows: int = 0
    first: Struct = field(default_factory=dict)
    groups: list[tuple[int, Any]] = field(default_factory=list)

    def add(self, footer: bytes, at: int) -> None:
        """Take over the row groups of a file whose pages were copied to an offset.

        Raises:
            OutputError: its columns are not those of the others.
        """
        found = thrift.read(footer)
        if not self.first:
            self.first = found
        elif found[_SCHEMA] != self.first[_SCHEMA]:
            raise OutputError("the parts of a Parquet file have columns of different types, and cannot be joined")
        self.rows += found[_ROWS][1]
        for kind, group in found[_GROUPS][1][1]:
            _move(group, at - len(MAGIC), len(self.groups))
            self.groups.append((kind, group))

    def footer(self) -> bytes:
        """The end of the whole file."""
        whole = {
            **self.first,
            _ROWS: (self.first[_ROWS][0], self.rows),
            _GROUPS: (thrift.LIST, (thrift.STRUCT, self.groups)),
        }
        out = thrift.written(whole)
        return out + len(out).to_bytes(4, "little") + MAGIC


def row_groups(path: str) -> tuple[int, ...]:
    """The rows of each row group, in order.

    Raises:
        InputError: the file is not whole, or no Parquet.
    """
    what = f"file {path!r} cannot be read"
    with Path(path).open("rb") as file:
        try:
            footer = parted(file)[1]
        except InputError:
            raise InputError(f"{what}: it is a damaged or cut-off Parquet file, or none") from None
    try:
        fields = thrift.read(footer)
        groups = tuple(int(group[_GROUP_ROWS][1]) for _, group in fields[_GROUPS][1][1])
        total = int(fields[_ROWS][1])
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{what}: the footer of its Parquet is damaged") from None
    if sum(groups) != total or min(groups, default=0) < 0:
        raise InputError(f"{what}: its row groups do not hold the rows that its footer counts")
    return groups


def parted(file: IO[bytes]) -> tuple[int, bytes]:
    """Where the pages of a Parquet file end, and its footer.

    Raises:
        InputError: it is none.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - 8, 0))
    end = file.read(8)
    n = int.from_bytes(end[:4], "little")
    if end[4:] != MAGIC or n > size - 12:
        raise InputError("a part of a Parquet file is damaged: it does not end as one does")
    file.seek(size - 8 - n)
    return size - 8 - n, file.read(n)


def copy(source: IO[bytes], target: IO[bytes], start: int, stop: int) -> None:
    """Copy bytes, some at a time."""
    source.seek(start)
    while start < stop:
        some = source.read(min(COPIED, stop - start))
        target.write(some)
        start += len(some)


def _move(group: Struct, by: int, number: int) -> None:
    """Tell a row group that it lies elsewhere, and the how many-th it is."""
    for _, chunk in group[_COLUMNS][1][1]:
        _shift(chunk, (_CHUNK_OFFSET, *_INDEXES), by)
        _shift(chunk[_META][1], _PAGES, by)
    _shift(group, (_GROUP_OFFSET,), by)
    if _ORDINAL in group:
        if number < 2**15:
            group[_ORDINAL] = group[_ORDINAL][0], number
        else:
            del group[_ORDINAL]  # which is optional, and ends there


def _shift(struct: Struct, fields: tuple[int, ...], by: int) -> None:
    for at in fields:
        if at in struct and struct[at][1]:
            struct[at] = struct[at][0], struct[at][1] + by
