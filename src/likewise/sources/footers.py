"""How many rows the row groups of a Parquet file hold: read from its footer, in Thrift's compact protocol.

Polars tells the columns of a file, and not where its row groups end.

References:
    Apache Parquet, parquet.thrift (FileMetaData, RowGroup); Apache Thrift, Compact protocol encoding.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from likewise.errors import InputError

MAGIC = b"PAR1"
_ROW_GROUPS, _ROWS_OF_GROUP, _ROWS = 4, 3, 3
_DEEPEST = 16


def row_groups(path: str) -> tuple[int, ...]:
    """The rows of each row group, in order.

    Raises:
        InputError: the file is not whole, or no Parquet.
    """
    what = f"file {path!r}"
    with Path(path).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 8))
        tail = file.read(8)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != MAGIC or length + 12 > size:
            raise InputError(f"{what} cannot be read: it is a damaged or cut-off Parquet file, or none")
        file.seek(size - 8 - length)
        footer = file.read(length)
    try:
        fields = _Compact(footer).struct(0)
        groups = tuple(int(group[_ROWS_OF_GROUP]) for group in fields[_ROW_GROUPS])
    except (IndexError, KeyError, TypeError, ValueError):
        raise InputError(f"{what} cannot be read: the footer of its Parquet is damaged") from None
    if sum(groups) != fields[_ROWS] or min(groups, default=0) < 0:
        raise InputError(f"{what} cannot be read: its row groups do not hold the rows that its footer counts")
    return groups


class _Compact:
    """Reads values one after the other; a field by its number, whatever it is called."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at, value = self.at + 1, value | (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")

    def whole(self) -> int:
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def struct(self, depth: int) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while head := self.byte():
            number = number + (head >> 4) if head >> 4 else self.whole()
            kind = head & 0x0F
            fields[number] = kind == 1 if kind in (1, 2) else self.value(kind, depth)
        return fields

    def value(self, kind: int, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        match kind:
            case 1 | 2 | 3:  # of a list, a truth value is a byte too
                return self.byte()
            case 4 | 5 | 6:
                return self.whole()
            case 7:
                return self.taken(8)
            case 8:
                return self.taken(self.varint())
            case 9 | 10:
                head = self.byte()
                n = head >> 4 if head >> 4 < 15 else self.varint()
                return [self.value(head & 0x0F, depth + 1) for _ in range(n)]
            case 12:
                return self.struct(depth + 1)
        raise ValueError("a type that a footer does not hold")

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def taken(self, n: int) -> bytes:
        if self.at + n > len(self.data):
            raise ValueError("cut off")
        self.at += n
        return self.data[self.at - n : self.at]
