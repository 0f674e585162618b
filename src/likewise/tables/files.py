"""The doors: tables from files and to files. What comes in is told by content and ending, what goes out is atomic."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

import polars as pl

from likewise.errors import InputError, OutputError
from likewise.schema.dtypes import dtype_name
from likewise.tables.delimited import MAX_LINE_BYTES, read_delimited, to_utf8
from likewise.tables.frames import from_frame

__all__ = ["atomic_path", "check_writable", "from_frame", "read", "write"]

PathLike = str | os.PathLike[str]

_ENDINGS = {
    ".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".tab": "tsv", ".parquet": "parquet", ".pq": "parquet",
    ".feather": "arrow", ".arrow": "arrow", ".ipc": "arrow", ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip
_PACKED = {".gz": "gzip", ".zst": "zstd"}
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ALIEN = (
    (b"PK\x03\x04", "a zip archive (or an Excel workbook): unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as CSV"),
    (b"SQLite format 3", "an SQLite database: export the table as CSV or Parquet"),
    (b"\x89HDF", "an HDF5 file: export the table as CSV or Parquet"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"%PDF", "a PDF"),
    (b"BZh", "a bzip2 file: unpack it first, or use gzip or zstd"),
    (b"\xfd7zXZ", "an xz file: unpack it first, or use gzip or zstd"),
    (b"\x80\x04", "a Python pickle, which can run code when it is opened and is never read here"),
    (b"\x80\x05", "a Python pickle, which can run code when it is opened and is never read here"),
)


# ---- reading -----------------------------------------------------------------------------------------------------


def read(path: PathLike, *, by_header: bool = False) -> pl.DataFrame:
    """The table in a file: CSV, TSV, Parquet, Feather (Arrow IPC, file or stream) or JSON lines, also in gzip or zstd.

    Every column of a CSV or TSV comes as String; the schema tells what it means. An empty cell is null, a quoted empty
    cell an empty string. Text may be UTF-8, UTF-16 with a byte order mark, or (with a `LikewiseWarning`) Windows-1252.

    Args:
        by_header: of a CSV, tell delimiter, line ends and encoding (UTF-8 or a byte order mark) from its first line
            alone, and no line number in an error: no row then changes how another is read, as a budget of privacy
            needs.

    Raises:
        InputError: no such file, a folder, no permission, an empty or damaged file, a header only, lines of unequal
            length, columns that share a name, binary data, a file of one endless line, nested columns.
    """
    path = Path(path)
    what = f"file {str(path)!r}"
    with _input_errors(what):
        with path.open("rb") as file:
            head = file.read(16)
            _refuse_alien(head, what)
        packed = "gzip" if head.startswith(_GZIP) else "zstd" if head.startswith(_ZSTD) else None
        form = _form_of(path, head if packed is None else _unpacked_head(path, packed), what)
        if form in ("csv", "tsv", "jsonl"):
            _refuse_endless_line(path, packed, what)
        data = _load(path, packed)
        if form in ("csv", "tsv"):
            frame = read_delimited(data, what, prefer="\t" if form == "tsv" else None, by_header=by_header)
        else:
            frame = _READERS[form](data, what)
    return _checked(frame, what)


@contextlib.contextmanager
def _input_errors(what: str) -> Iterator[None]:
    """Turn what may go wrong with a file into InputError, in words."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{what} does not exist") from None
    except IsADirectoryError:
        raise InputError(f"{what} is a folder; give a file") from None
    except PermissionError:
        raise InputError(f"{what} may not be read: no permission") from None
    except (EOFError, gzip.BadGzipFile):
        raise InputError(f"{what} is a damaged or cut-off gzip file") from None
    except MemoryError:
        raise InputError(f"{what} does not fit into memory") from None
    except OSError as error:
        raise InputError(f"{what} cannot be read: {error.strerror or type(error).__name__}") from None


def _refuse_alien(head: bytes, what: str) -> None:
    if not head:
        raise InputError(f"{what} is empty")
    for magic, name in _ALIEN:
        if head.startswith(magic):
            raise InputError(f"{what} is {name}")


def _open_unpacked(path: Path, packed: str | None) -> IO[bytes]:
    """The file's content as a stream, unpacked."""
    if packed == "gzip":
        return cast(IO[bytes], gzip.open(path, "rb"))
    if packed == "zstd":
        import zstandard

        # read_across_frames: a .zst may be several frames one after the other, as parallel packers write them.
        return zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True, closefd=True)
    return path.open("rb")


def _unpacked_head(path: Path, packed: str) -> bytes:
    import zlib

    import zstandard

    try:
        with _open_unpacked(path, packed) as stream:
            head = stream.read(16)
    except (zstandard.ZstdError, zlib.error):
        raise InputError(f"file {str(path)!r} is a damaged or cut-off {packed} file") from None
    if not head:
        _load(path, packed)  # tells a damaged file from an empty one
    _refuse_alien(head, f"file {str(path)!r} (unpacked)")
    return head


def _form_of(path: Path, head: bytes, what: str) -> str:
    """The format, by content first and by ending where the content is text."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"ARROW1"):
        return "arrow"
    if head.startswith(b"\xff\xff\xff\xff"):
        return "arrow-stream"
    ending = _ending(path)
    form = _ENDINGS.get(ending, "")
    if form in ("parquet", "arrow"):
        raise InputError(f"{what} ends in {ending!r}, but its content is not of that format (or is damaged)")
    if form in ("csv", "tsv"):
        return form
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"[") and ending == ".json":
        raise InputError(f"{what} is one JSON list; give JSON lines (one object a line)")
    return "jsonl" if form == "jsonl" or start.startswith(b"{") else "csv"


def _ending(path: Path) -> str:
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _refuse_endless_line(path: Path, packed: str | None, what: str) -> None:
    """Raise if no line ends within the limit, before more than that is in memory."""
    seen = 0
    with _open_unpacked(path, packed) as stream, _unpacking(what):
        while seen < MAX_LINE_BYTES:
            block = stream.read(min(2**20, MAX_LINE_BYTES - seen))
            seen += len(block)
            if not block or b"\n" in block or b"\r" in block:
                return
        if stream.read(1):
            raise InputError(
                f"{what} has no line end in its first {MAX_LINE_BYTES // 2**20} MB: it is not a table of lines"
            )


@contextlib.contextmanager
def _unpacking(what: str) -> Iterator[None]:
    import zlib

    import zstandard

    try:
        yield
    except (zstandard.ZstdError, zlib.error):
        raise InputError(f"{what} is damaged or cut off: it cannot be unpacked") from None


def _load(path: Path, packed: str | None) -> bytes:
    if packed == "zstd":
        return _unpack_zstd(path.read_bytes(), f"file {str(path)!r}")
    with _unpacking(f"file {str(path)!r}"), _open_unpacked(path, packed) as stream:
        return stream.read()


def _unpack_zstd(data: bytes, what: str) -> bytes:
    """All frames of a .zst; the stream reader would take a cut-off one for the end."""
    import zstandard

    out = []
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        with _unpacking(what):
            out.append(frame.decompress(data))
        if not frame.eof:
            raise InputError(f"{what} is damaged or cut off: it cannot be unpacked")
        data = frame.unused_data
    return b"".join(out)


def _read_polars(reader: Callable[[io.BytesIO], pl.DataFrame], name: str) -> Callable[[bytes, str], pl.DataFrame]:
    def read_bytes(data: bytes, what: str) -> pl.DataFrame:
        try:
            return reader(io.BytesIO(data))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
            raise InputError(f"{what} is a damaged or cut-off {name} file") from None

    return read_bytes


def _read_json_lines(data: bytes, what: str) -> pl.DataFrame:
    data = to_utf8(data, what)
    try:
        return pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        line = _first_bad_line(data)
        where = f"line {line} is" if line else "its lines are"
        raise InputError(f"{what} cannot be read as JSON lines: {where} not one JSON object") from None


def _first_bad_line(data: bytes) -> int | None:
    import json

    for number, line in enumerate(data.splitlines(), start=1):
        try:
            if line.strip() and not isinstance(json.loads(line), dict):
                return number
        except ValueError:
            return number
    return None


_READERS: dict[str, Callable[[bytes, str], pl.DataFrame]] = {
    "parquet": _read_polars(pl.read_parquet, "Parquet"),
    "arrow": _read_polars(pl.read_ipc, "Arrow"),
    "arrow-stream": _read_polars(pl.read_ipc_stream, "Arrow"),
    "jsonl": _read_json_lines,
}


def _checked(frame: pl.DataFrame, what: str) -> pl.DataFrame:
    if frame.width == 0 or frame.height == 0:
        raise InputError(f"{what} has {frame.width} columns and no rows")
    nested = [name for name, dtype in frame.schema.items() if not dtype_name(dtype)]
    if nested:
        named = ", ".join(map(repr, nested[:10]))
        raise InputError(f"{what}: a table's cells must be single values; nested or binary columns: {named}")
    return frame


# ---- writing -----------------------------------------------------------------------------------------------------


def write(frame: pl.DataFrame, path: PathLike) -> None:
    """Write a table in the format its ending names: .csv .tsv .parquet .feather .arrow .jsonl, each also .gz .zst.

    All or nothing: the rows go to a file beside, which takes the name only when it is whole and on the disk.

    Raises:
        OutputError: unknown ending, no such folder, no permission, disk full. What stood there is untouched.
    """
    path = Path(path)
    form, packed = _output_form(path)
    try:
        with atomic_path(path) as beside, _open_packed(beside, packed) as file:
            _WRITERS[form](frame, file)
    except pl.exceptions.PolarsError as error:
        # Polars wraps the system's error in its own; its text may hold values, so only the type is told.
        raise OutputError(f"file {str(path)!r} could not be written ({type(error).__name__})") from None


def _output_form(path: Path) -> tuple[str, str | None]:
    packed = _PACKED.get(path.suffix.lower())
    form = _ENDINGS.get(_ending(path))
    if form is None:
        known = " ".join(e for e in _ENDINGS if e != ".txt")
        raise OutputError(
            f"file {str(path)!r}: the ending must tell the format, one of {known}, each also with .gz or .zst"
        )
    return form, packed


@contextlib.contextmanager
def _open_packed(path: Path, packed: str | None) -> Iterator[IO[bytes]]:
    """The file to write to, packed on the way; both the packer and the file are closed whatever happens."""
    with path.open("wb") as raw:
        if packed == "gzip":
            # No name and no time inside: the same table gives the same bytes.
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
                yield cast(IO[bytes], file)
        elif packed == "zstd":
            import zstandard

            with zstandard.ZstdCompressor(level=6).stream_writer(raw, closefd=False) as file:
                yield file
        else:
            yield raw


_WRITERS: dict[str, Callable[[pl.DataFrame, IO[bytes]], object]] = {
    "csv": lambda frame, file: frame.write_csv(file),
    "tsv": lambda frame, file: frame.write_csv(file, separator="\t"),
    "parquet": lambda frame, file: frame.write_parquet(file),
    "arrow": lambda frame, file: frame.write_ipc(file, compression="zstd"),
    "jsonl": lambda frame, file: frame.write_ndjson(file),
}


@contextlib.contextmanager
def atomic_path(path: PathLike) -> Iterator[Path]:
    """A path beside `path` to write to; on leaving, it takes the name `path`, whole and synced to the disk.

    On any failure (also Ctrl-C) it is removed, and what stood at `path` stays as it was. A link is followed; a device
    or pipe (/dev/null, /dev/stdout) is written to directly.

    Raises:
        OutputError: the file could not be written.
    """
    path = Path(path)
    what = f"file {str(path)!r}"
    with _output_errors(what):
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise OutputError(f"{what} is a folder; give a file")
        if target.exists() and not target.is_file():
            yield target
            return
        beside = target.with_name(f".{target.stem}-{secrets.token_hex(4)}{''.join(target.suffixes[-1:])}")
        try:
            _create_like(beside, target)
            yield beside
            _sync(beside)
            beside.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
        _sync(target.parent)


def _create_like(beside: Path, target: Path) -> None:
    """Create the file with the mode of the one it will replace, or the usual mode."""
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    with contextlib.suppress(FileNotFoundError):
        beside.chmod(stat.S_IMODE(target.stat().st_mode))


def _sync(path: Path) -> None:
    """Push a file (or a folder's list of names) to the disk; not every file system can do the latter."""
    flags = os.O_RDONLY | (getattr(os, "O_DIRECTORY", 0) if path.is_dir() else 0)
    try:
        handle = os.open(path, flags)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if not path.is_dir() and error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


@contextlib.contextmanager
def _output_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OutputError:
        raise
    except InputError:
        raise
    except FileNotFoundError:
        raise OutputError(f"{what} cannot be written: its folder does not exist") from None
    except PermissionError:
        raise OutputError(f"{what} cannot be written: no permission") from None
    except OSError as error:
        reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or "system error"
        raise OutputError(f"{what} cannot be written: {reason}; nothing was left behind") from None


def check_writable(path: PathLike, *, table: bool = False) -> None:
    """Raise OutputError if `path` cannot be written later: before the work, not after it.

    Args:
        path: where the output shall go.
        table: also check that its ending names a format of tables.
    """
    path = Path(path)
    what = f"file {str(path)!r}"
    if table:
        _output_form(path)
    with _output_errors(what):
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise OutputError(f"{what} is a folder; give a file")
        if target.exists() and not target.is_file():
            return
        # Trying is the only sure test: permissions, read-only disks and quotas all speak through it.
        probe = target.with_name(f".{target.stem}-{secrets.token_hex(4)}")
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        probe.unlink()
        if target.exists() and not os.access(target, os.W_OK):
            raise OutputError(f"{what} cannot be written: it is write-protected")
