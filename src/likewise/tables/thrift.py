"""Thrift's compact protocol, in which the footers of Parquet files are written: a tree of fields by number.

It is read as far as the protocol goes, without knowing what most of it means, so that nothing of it is lost when it is
written again: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

import io
from typing import Any

TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_WHOLE = (4, 5, 6)
_DEEPEST = 16

Struct = dict[int, tuple[int, Any]]
"""Number of a field -> its type and value."""


def read(data: bytes) -> Struct:
    """A struct.

    Raises:
        ValueError: it is damaged, or holds what no footer does.
    """
    try:
        return _Reader(data).struct(0)
    except IndexError:
        raise ValueError("cut off") from None


def written(struct: Struct) -> bytes:
    """The inverse of `read`."""
    out = io.BytesIO()
    _write_struct(out, struct)
    return out.getvalue()


class _Reader:
    """Values of the compact protocol, one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")

    def zigzag(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def taken(self, n: int) -> bytes:
        if self.at + n > len(self.data):
            raise ValueError("cut off")
        self.at += n
        return self.data[self.at - n : self.at]

    def struct(self, depth: int) -> Struct:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        found: Struct = {}
        last = 0
        while head := self.byte():
            kind = head & 0x0F
            last = last + (head >> 4) if head >> 4 else self.zigzag()
            found[last] = kind, kind == TRUE if kind in (TRUE, FALSE) else self.value(kind, depth)
        return found

    def value(self, kind: int, depth: int) -> Any:
        if kind in _WHOLE:
            return self.zigzag()
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind == BINARY:
            return self.taken(self.varint())
        if kind in (LIST, SET) and depth <= _DEEPEST:
            head = self.byte()
            n = self.varint() if head >> 4 == 15 else head >> 4
            return head & 0x0F, [(head & 0x0F, self.value(head & 0x0F, depth + 1)) for _ in range(n)]
        if kind == DOUBLE:
            return self.taken(8)
        if kind in (TRUE, FALSE, BYTE):  # of a list, a truth value is a byte too
            return self.byte()
        raise ValueError("a type that a footer does not hold")


def _write_struct(out: io.BytesIO, struct: Struct) -> None:
    last = 0
    for at, (kind, value) in sorted(struct.items()):
        told = (TRUE if value else FALSE) if kind in (TRUE, FALSE) else kind
        if 0 < at - last < 16:
            out.write(bytes([(at - last) << 4 | told]))
        else:
            out.write(bytes([told]))
            _write_varint(out, _zigzagged(at))
        if kind not in (TRUE, FALSE):
            _write_value(out, kind, value)
        last = at
    out.write(b"\0")


def _write_value(out: io.BytesIO, kind: int, value: Any) -> None:
    if kind == STRUCT:
        _write_struct(out, value)
    elif kind == BINARY:
        _write_varint(out, len(value))
        out.write(value)
    elif kind in (LIST, SET):
        of, items = value
        out.write(bytes([min(len(items), 15) << 4 | of]))
        if len(items) > 14:
            _write_varint(out, len(items))
        for _, item in items:
            _write_value(out, of, item)
    elif kind == DOUBLE:
        out.write(value)
    elif kind in (TRUE, FALSE, BYTE):
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
