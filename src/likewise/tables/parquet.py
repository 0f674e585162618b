"""Parquet files put one behind the other: pages are copied as they are, and footers told where these lie now.

A footer is a tree of Thrift's compact protocol. It is read as far as the protocol goes, without knowing what most of it
means, so that nothing of it is lost: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import IO, Any

from likewise.errors import InputError, OutputError

MAGIC = b"PAR1"
COPIED = 2**20
"""Bytes copied at a time."""

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_SCHEMA, _ROWS, _GROUPS = 2, 3, 4
_COLUMNS, _GROUP_OFFSET, _ORDINAL = 1, 5, 7
_CHUNK_OFFSET, _META, _INDEXES = 2, 3, (4, 6)
_PAGES = (9, 10, 11, 14)
"""Fields of the footer, of a row group, of a column's chunk and of what is told of it: those with offsets, and others
that are needed."""

Struct = dict[int, tuple[int, Any]]
"""Number of a field -> its type and value."""


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
        found = _Reader(footer).struct()
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
        whole = {**self.first, _ROWS: (self.first[_ROWS][0], self.rows), _GROUPS: (_LIST, (_STRUCT, self.groups))}
        out = io.BytesIO()
        _write_struct(out, whole)
        return out.getvalue() + out.tell().to_bytes(4, "little") + MAGIC


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


class _Reader:
    """Values of the compact protocol, one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _bytes(self, n: int) -> bytes:
        self.at += n
        return self.data[self.at - n : self.at]

    def struct(self) -> Struct:
        found: Struct = {}
        last = 0
        while head := self._byte():
            kind = head & 0x0F
            last = last + (head >> 4) if head >> 4 else self._zigzag()
            found[last] = kind, kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind)
        return found

    def _value(self, kind: int) -> Any:
        if kind == _STRUCT:
            return self.struct()
        if kind == _BINARY:
            return self._bytes(self._varint())
        if kind in (_LIST, _SET):
            head = self._byte()
            n = self._varint() if head >> 4 == 15 else head >> 4
            return head & 0x0F, [(head & 0x0F, self._value(head & 0x0F)) for _ in range(n)]
        if kind == _DOUBLE:
            return self._bytes(8)
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind == _MAP:
            raise InputError("a part of a Parquet file has a footer of another kind than is known")
        return self._zigzag()


def _write_struct(out: io.BytesIO, struct: Struct) -> None:
    last = 0
    for at, (kind, value) in sorted(struct.items()):
        told = (_TRUE if value else _FALSE) if kind in (_TRUE, _FALSE) else kind
        if 0 < at - last < 16:
            out.write(bytes([(at - last) << 4 | told]))
        else:
            out.write(bytes([told]))
            _write_varint(out, _zigzagged(at))
        if kind not in (_TRUE, _FALSE):
            _write_value(out, kind, value)
        last = at
    out.write(b"\0")


def _write_value(out: io.BytesIO, kind: int, value: Any) -> None:
    if kind == _STRUCT:
        _write_struct(out, value)
    elif kind == _BINARY:
        _write_varint(out, len(value))
        out.write(value)
    elif kind in (_LIST, _SET):
        of, items = value
        out.write(bytes([min(len(items), 15) << 4 | of]))
        if len(items) > 14:
            _write_varint(out, len(items))
        for _, item in items:
            _write_value(out, of, item)
    elif kind == _DOUBLE:
        out.write(value)
    elif kind in (_TRUE, _FALSE, _BYTE):
        out.write(bytes([value]))
    else:
        _write_varint(out, _zigzagged(value))


def _zigzagged(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _write_varint(out: io.BytesIO, value: int) -> None:
    while value > 0x7F:
        out.write(bytes([value & 0x7F | 0x80]))
        value >>= 7
    out.write(bytes([value]))
