"""The bytes of a file, a pipe or standard input: read once, in one stream, unpacked on the way."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from likewise.errors import InputError
from likewise.tables.delimited import MAX_LINE_BYTES

STANDARD = "-"
"""The name of standard input and of standard output."""

PACKED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bzip2", ".xz": "xz"}
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
_ALIEN = (
    (b"SQLite format 3", "an SQLite database: export the table as CSV or Parquet"),
    (b"\x89HDF", "an HDF5 file: export the table as CSV or Parquet"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"%PDF", "a PDF"),
    (b"Rar!", "a RAR archive: unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (b"\x80\x04", "a Python pickle, which can run code when it is opened and is never read here"),
    (b"\x80\x05", "a Python pickle, which can run code when it is opened and is never read here"),
)
_PAGE = re.compile(
    rb"<(?:[!?]|(?:html|head|body|meta|style|script|div|span|font|center|form|table|thead|tbody|caption|tr|p|h[1-6])[\s>])"
)
"""What web pages and XML begin with, which programs also save as `.xls`; a heading in angle brackets is none."""
_BLOCK = 2**20
_BINARY = (b"PAR1", b"ARROW1", b"\xff\xff\xff\xff", b"ORC", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""What files begin with that are no text, and so have no lines."""


@dataclass(frozen=True)
class Source:
    """What a file holds.

    Args:
        name: the file's name without the ending of its packing.
        what: how to call it in errors.
        data: its bytes, unpacked.
    """

    name: str
    what: str
    data: bytes

    @property
    def ending(self) -> str:
        return Path(self.name).suffix.lower()


def load(path: Path) -> Source:
    """The content of a file, pipe or device, or of standard input (`-`).

    Raises:
        InputError: it cannot be read, is empty, damaged, of a kind that holds no table, or one endless line.
    """
    is_standard = str(path) == STANDARD
    what = "standard input" if is_standard else f"file {str(path)!r}"
    name = path.name[: -len(path.suffix)] if path.suffix.lower() in PACKED else path.name
    with input_errors(what), _opened(path, is_standard) as stream:
        head = stream.read(_BLOCK)
        packed = _packing_of(head)
        if packed is None:
            return Source(name, what, _plain(stream, head, what))
        return Source(name, what, _unpacked(stream, head, packed, what))


def pieces(path: Path, size: int = _BLOCK) -> Iterator[bytes]:
    """The content of a file some bytes at a time, unpacked as its first bytes say.

    Raises:
        InputError: as of `load`.
    """
    what = f"file {str(path)!r}"
    with input_errors(what), path.open("rb") as stream:
        head = stream.read(_BLOCK)
        packed = _packing_of(head)
        if packed is not None:
            yield from _unpacking_of(stream, head, packed, what)
            return
        _refuse_alien(head, what)
        while head:
            yield head
            head = stream.read(size)


@contextlib.contextmanager
def _opened(path: Path, is_standard: bool) -> Iterator[IO[bytes]]:
    if is_standard:
        yield sys.stdin.buffer
        return
    with path.open("rb") as stream:
        yield stream


@contextlib.contextmanager
def input_errors(what: str) -> Iterator[None]:
    """Turn what may go wrong with a file into InputError, in words."""
    try:
        yield
    except FileNotFoundError:
        is_url = re.search(r"'(https?|ftp|s3|gs|file):/", what) is not None
        hint = ": it is a URL, and nothing is fetched; download it first" if is_url else ""
        raise InputError(f"{what} does not exist{hint}") from None
    except IsADirectoryError:
        raise InputError(f"{what} is a folder; give a file") from None
    except PermissionError:
        raise InputError(f"{what} may not be read: no permission") from None
    except MemoryError:
        raise InputError(f"{what} does not fit into memory") from None
    except OSError as error:
        raise InputError(f"{what} cannot be read: {error.strerror or type(error).__name__}") from None


def _plain(stream: IO[bytes], head: bytes, what: str) -> bytes:
    _refuse_alien(head, what)
    if len(head) < _BLOCK:
        return head + stream.read()
    buffer = io.BytesIO()
    buffer.write(head)
    while not _has_line(head) and (block := stream.read(_BLOCK)):
        buffer.write(block)
        head = block
        _refuse_endless(buffer, has_line=_has_line(block), what=what)
    if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.seek(0)  # in one piece: a buffer that grows would take twice the file
        del buffer
        return stream.read()
    while block := stream.read(_BLOCK):
        buffer.write(block)
    return buffer.getvalue()


def _has_line(block: bytes) -> bool:
    return block.startswith(_BINARY) or b"\n" in block or b"\r" in block


def _refuse_endless(buffer: io.BytesIO, *, has_line: bool, what: str) -> None:
    if not has_line and buffer.tell() > MAX_LINE_BYTES:
        raise InputError(
            f"{what} has no line end in its first {MAX_LINE_BYTES // 2**20} MB: it is not a table of lines"
        )


def _refuse_alien(head: bytes, what: str) -> None:
    if not head:
        raise InputError(f"{what} is empty")
    for magic, name in _ALIEN:
        if head.startswith(magic):
            raise InputError(f"{what} is {name}")
    start = head[:200].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if _PAGE.match(start):
        raise InputError(
            f"{what} is a web page or XML, not a table: if a spreadsheet shows a table, save it there as CSV or .xlsx; "
            "it may also be an error message that was saved as one"
        )


def _packing_of(head: bytes) -> str | None:
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def _unpacked(stream: IO[bytes], head: bytes, packed: str, what: str) -> bytes:
    """All of a packed stream."""
    buffer, has_line = io.BytesIO(), False
    for out in _unpacking_of(stream, head, packed, what):
        buffer.write(out)
        has_line = has_line or _has_line(out)
        _refuse_endless(buffer, has_line=has_line, what=what)
    return buffer.getvalue()


def _unpacking_of(stream: IO[bytes], head: bytes, packed: str, what: str) -> Iterator[bytes]:
    """A packed stream some bytes at a time; several packed files one after the other, as parallel packers write them,
    are one."""
    unpacker, block, is_empty = _unpacker(packed), head, True
    while block:
        with _unpacking(packed, what):
            if unpacker.eof:
                unpacker = _unpacker(packed)
            out = unpacker.decompress(block)
        if out:
            if is_empty:
                _refuse_alien(out, f"{what} (unpacked)")
            is_empty = False
            yield out
        block = (unpacker.unused_data if unpacker.eof else b"") or stream.read(_BLOCK)
    if not unpacker.eof:
        raise InputError(f"{what} is a damaged or cut-off {packed} file: it cannot be unpacked")
    if is_empty:
        raise InputError(f"{what} is empty")


def _unpacker(packed: str) -> Any:
    import bz2
    import lzma
    import zlib

    import zstandard

    if packed == "zstd":
        return zstandard.ZstdDecompressor().decompressobj()
    return {"gzip": lambda: zlib.decompressobj(31), "bzip2": bz2.BZ2Decompressor, "xz": lzma.LZMADecompressor}[packed]()


@contextlib.contextmanager
def _unpacking(packed: str, what: str) -> Iterator[None]:
    import lzma
    import zlib

    import zstandard

    try:
        yield
    except (zstandard.ZstdError, zlib.error, lzma.LZMAError, OSError, ValueError, EOFError):
        raise InputError(f"{what} is a damaged or cut-off {packed} file: it cannot be unpacked") from None


@contextlib.contextmanager
def packing(raw: IO[bytes], packed: str | None) -> Iterator[IO[bytes]]:
    """A stream to write to, packed on the way."""
    if packed == "gzip":
        import gzip

        # No name and no time inside: the same table gives the same bytes.
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
            yield cast(IO[bytes], file)
    elif packed == "zstd":
        import zstandard

        with zstandard.ZstdCompressor(level=6).stream_writer(raw, closefd=False) as packer:
            yield packer
    elif packed == "bzip2":
        import bz2

        with bz2.BZ2File(raw, "wb") as bz:
            yield bz
    elif packed == "xz":
        import lzma

        with lzma.LZMAFile(raw, "wb") as xz:
            yield cast(IO[bytes], xz)
    else:
        yield raw
