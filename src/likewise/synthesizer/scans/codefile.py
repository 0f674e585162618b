"""Rows as codes in one file, a byte or two a cell, which training reads at random without holding it.

It is a safetensors file: a header that tells names, types and shapes, then the rows one after the other, so that a row
is one stretch of bytes. Shards write their rows where these belong, in any order and again if need be.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from likewise.errors import OutputError

_NAMES = {"u1": "U8", "u2": "U16", "u4": "U32"}


@dataclass(frozen=True)
class CodeFile:
    """Where the arrays of a file stand.

    Args:
        arrays: name -> the byte where it begins, its shape and type.
    """

    path: str
    arrays: Mapping[str, tuple[int, tuple[int, int], str]]

    @classmethod
    def create(cls, path: Path, arrays: Mapping[str, tuple[int, int]], dtype: npt.DTypeLike) -> Self:
        """A new file, in which all bytes are zero.

        Args:
            arrays: name -> rows and columns.

        Raises:
            OutputError: the disk has no room for it.
        """
        kind = np.dtype(dtype).newbyteorder("<")
        header: dict[str, Any] = {}
        end = 0
        for name, shape in arrays.items():
            start, end = end, end + shape[0] * shape[1] * kind.itemsize
            header[name] = {"dtype": _NAMES[kind.str[1:]], "shape": shape, "data_offsets": [start, end]}
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        begin = 8 + len(text)
        with _room(path):
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            try:
                os.write(handle, len(text).to_bytes(8, "little") + text)
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(handle, 0, begin + end)
                else:
                    os.truncate(handle, begin + end)
            finally:
                os.close(handle)
        placed = {name: (begin + header[name]["data_offsets"][0], shape, kind.str) for name, shape in arrays.items()}
        return cls(str(path), placed)

    def write(self, name: str, first: int, rows: npt.NDArray[Any]) -> None:
        """Put rows where they belong.

        Raises:
            OutputError: the disk is full.
        """
        begin, (_, width), dtype = self.arrays[name]
        data = np.ascontiguousarray(rows, dtype)
        with _room(Path(self.path)), Path(self.path).open("r+b", buffering=0) as file:
            file.seek(begin + first * width * data.dtype.itemsize)
            view = memoryview(data.tobytes())
            while view:
                view = view[file.write(view) :]

    def rows(self, name: str) -> npt.NDArray[Any]:
        """The rows, as they stand on the disk: memory holds no more of them than it has room for."""
        begin, shape, dtype = self.arrays[name]
        if not shape[0] * shape[1]:
            return np.zeros(shape, dtype)
        return np.memmap(self.path, dtype, "r", begin, shape)


class _room:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, OSError):
            reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror
            raise OutputError(f"the codes of the rows cannot be written to {str(self.path)!r}: {reason}") from None
