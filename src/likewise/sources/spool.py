"""What is no Parquet is written to some once, from its first row to its last, and read in shards from there.

Text is cut into blocks where lines end; each is read as a whole file of such text would be.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

import polars as pl

from likewise.errors import InputError, OutputError
from likewise.schema.dialect import Dialect
from likewise.sources.scratch import closed
from likewise.tables.delimited import MAX_LINE_BYTES, read_delimited
from likewise.tables.files import form_by_name
from likewise.tables.source import PACKED, input_errors

ROWS = 2**17
"""Of a row group, and of a file that rows are spooled into."""

BLOCK_BYTES = 2**24


def spooled(frames: Iterable[pl.DataFrame], folder: Path) -> list[Path]:
    """Write frames of the same columns as files of Parquet, in order.

    Raises:
        OutputError: the disk is full.
    """
    paths: list[Path] = []
    for frame in frames:
        for start in range(0, len(frame), 4 * ROWS):
            paths.append(folder / f"{len(paths):06}.parquet")
            with _disk(folder):
                frame.slice(start, 4 * ROWS).write_parquet(paths[-1], compression="zstd", row_group_size=ROWS)
                closed(paths[-1])
    return paths


def spooled_lazily(rows: pl.LazyFrame, folder: Path, what: str) -> list[Path]:
    """The same of what Polars is still to compute, in the order in which it does.

    Raises:
        InputError: it cannot.
    """
    path = folder / "000000.parquet"
    try:
        rows.sink_parquet(path, compression="zstd", row_group_size=ROWS)
    except OSError as error:
        raise InputError(f"{what} cannot be read: {error.strerror or type(error).__name__}") from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise InputError(f"{what} cannot be read: {type(error).__name__}") from None
    closed(path)
    return [path]


class _disk:
    """Turns a full disk into words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, OSError | pl.exceptions.ComputeError):
            raise OutputError(f"the rows cannot be spooled to {str(self.folder)!r}: the disk is full") from None


def delimited(path: Path, dialect: Dialect | None) -> Iterator[pl.DataFrame]:
    """The rows of a file of delimited text, some at a time; all columns are texts, as `tables.files.read` gives them.

    Raises:
        InputError: as of `read`; and of text in UTF-16 or UTF-32, of which a byte does not tell where lines end.
    """
    what = f"file {str(path)!r}"
    names: list[str] = []
    found, n_rows = dialect, 0
    for block in _blocks(path, what, dialect):
        if not names:
            prefer = "\t" if form_by_name(path) == "tsv" else None
            table, found = read_delimited(block, what, dialect=dialect, prefer=prefer)
            names = table.columns
        else:
            assert found is not None
            rest = replace(found, header=False, skip=0)
            table, _ = read_delimited(block, f"{what}, behind its row {n_rows:,}", dialect=rest)
            if table.width != len(names):
                raise InputError(f"{what}, behind its row {n_rows:,}: lines have other columns than the first ones")
            table = table.rename(names)
        n_rows += len(table)
        yield table.frame()


def _blocks(path: Path, what: str, dialect: Dialect | None) -> Iterator[bytes]:
    """Whole lines, some million bytes at a time; cut outside of quotation marks."""
    quote = ((dialect.quote_char if dialect is not None else None) or '"').encode()
    rest = b""
    with input_errors(what), _unpacked(path) as stream:
        while more := _read(stream, what):
            if not rest and more[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise InputError(f"{what} is UTF-16 or UTF-32 text, which is not read in parts: save it as UTF-8")
            rest += more
            stop = len(rest)
            n_quotes = rest.count(quote)
            while stop > 0:
                end = rest.rfind(b"\n", 0, stop)
                n_quotes -= rest.count(quote, max(end, 0), stop)
                stop = end
                if n_quotes % 2 == 0:
                    break
            if stop > 0:
                yield rest[: stop + 1]
                rest = rest[stop + 1 :]
            elif len(rest) > MAX_LINE_BYTES + BLOCK_BYTES:
                raise InputError(
                    f"{what} has no line end outside of quotation marks in {len(rest) // 2**20} MB: one may lack its "
                    "mate; say how the file is written, or repair it"
                )
    if rest.strip():
        yield rest


def _read(stream: IO[bytes], what: str) -> bytes:
    import zlib

    try:
        return stream.read(BLOCK_BYTES)
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile):
        raise InputError(f"{what} is damaged or cut off: it cannot be unpacked") from None


def _unpacked(path: Path) -> IO[bytes]:
    match PACKED.get(path.suffix.lower()):
        case "gzip":
            return cast(IO[bytes], gzip.open(path))
        case "bzip2":
            return cast(IO[bytes], bz2.open(path))
        case "xz":
            return cast(IO[bytes], lzma.open(path))
        case "zstd":
            import zstandard

            return cast(IO[bytes], zstandard.open(path))
    return path.open("rb")
