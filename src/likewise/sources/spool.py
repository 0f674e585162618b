"""What is no Parquet is written to some once, from its first row to its last, and read in shards from there.

Text is cut into blocks where lines end; each is read as a whole file of such text would be.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from likewise.errors import InputError, MissingExtraError, OutputError
from likewise.schema.dialect import Dialect
from likewise.sources.scratch import closed
from likewise.tables.delimited import MAX_LINE_BYTES, read_delimited
from likewise.tables.folders import form_by_name
from likewise.tables.frames import from_frame
from likewise.tables.source import input_errors, pieces
from likewise.tables.strays import tell_of_headers, without_headers

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
                closed(paths[-1])
                frame.slice(start, 4 * ROWS).write_parquet(paths[-1], compression="zstd", row_group_size=ROWS)
    return paths


def spooled_lazily(rows: pl.LazyFrame, folder: Path, what: str) -> list[Path]:
    """The same of what Polars is still to compute, in the order in which it does.

    Raises:
        InputError: it cannot.
    """
    path = folder / "000000.parquet"
    closed(path)
    try:
        rows.sink_parquet(path, compression="zstd", row_group_size=ROWS)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(folder) from None
        raise InputError(f"{what} cannot be read: {error.strerror or type(error).__name__}") from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        if re.search(r"os error (28|122)\b|No space left", str(error)):
            raise _full(folder) from None
        # Their texts may hold cells.
        raise InputError(
            f"{what} cannot be read ({type(error).__name__}): it is damaged, cut off, or no table that Polars makes"
        ) from None
    return [path]


class _disk:
    """Turns a full disk into words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, OSError | pl.exceptions.ComputeError):
            raise _full(self.folder) from None


def _full(folder: Path) -> OutputError:
    return OutputError(f"the rows cannot be spooled to {str(folder)!r}: the disk is full")


def is_stream(path: Path) -> bool:
    """Whether a file of Arrow is a stream of it, which Polars does not read in parts."""
    with input_errors(f"file {str(path)!r}"), path.open("rb") as file:
        return file.read(6) != b"ARROW1"


def batches(path: Path, what: str) -> Iterator[pl.DataFrame]:
    """The rows of a stream of Arrow, a batch at a time.

    Raises:
        InputError: it is damaged.
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError("pyarrow", "pandas") from None
    try:
        with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                yield from_frame(pa.Table.from_batches([batch]))[0]
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(f"{what} is a damaged or cut-off stream of Arrow, or no Arrow file") from None


def delimited(path: Path, dialect: Dialect | None) -> Iterator[pl.DataFrame]:
    """The rows of a file of delimited text, some at a time; all columns are texts, as `tables.files.read` gives them.

    Raises:
        InputError: as of `read`; and of text in UTF-16 or UTF-32, of which a byte does not tell where lines end.
    """
    what = f"file {str(path)!r}"
    header: list[str] = []
    found, n_rows, n_headers = dialect, 0, 0
    for block in _blocks(path, what, dialect):
        if not header:
            prefer = "\t" if form_by_name(path) == "tsv" else None
            table, found = read_delimited(block, what, dialect=dialect, prefer=prefer)
            header = table.columns
            is_plain = dialect is None or dialect.encoding is None
        else:
            assert found is not None
            # What all blocks before had in ASCII alone does not tell how letters beyond are written.
            rest = replace(found, header=False, skip=0, encoding=None if is_plain else found.encoding)
            table, its = read_delimited(block, f"{what}, behind its row {n_rows:,}", dialect=rest)
            found = replace(found, encoding=its.encoding)
            if table.width != len(header):
                raise InputError(f"{what}, behind its row {n_rows:,}: lines have other columns than the first ones")
            table, n_read = without_headers(table, header), table.height
            n_headers += n_read - table.height
            table = table.rename(header)
        is_plain = is_plain and block.isascii()
        n_rows += len(table)
        yield table.frame()
    tell_of_headers(n_headers, what)


def _blocks(path: Path, what: str, dialect: Dialect | None) -> Iterator[bytes]:
    """Whole lines, some million bytes at a time; cut outside of quotation marks."""
    quote = ((dialect.quote_char if dialect is not None else None) or '"').encode()
    rest = b""
    for more in _of_size(pieces(path)):
        if not rest and more[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise InputError(f"{what} is UTF-16 or UTF-32 text, which is not read in parts: save it as UTF-8")
        if not rest and more[:4] == b"PK\x03\x04":
            raise InputError(f"{what} is a zip archive, which is not read in parts: unpack it, or pack it by gzip")
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


def _of_size(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= BLOCK_BYTES:
            yield bytes(held[:BLOCK_BYTES])
            del held[:BLOCK_BYTES]
    if held:
        yield bytes(held)
