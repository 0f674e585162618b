"""What may be learnt without holding it: files, folders and patterns of them, tables of SQL, lazy frames of Polars."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from likewise.databases.sql.urls import is_sql
from likewise.engines.local import LocalEngine
from likewise.errors import InputError, OptionError
from likewise.hashing import Split
from likewise.schema.column import Schema
from likewise.schema.dialect import Dialect
from likewise.sources import source
from likewise.sources.chosen import MOST_CHOSEN, chosen, rows_at
from likewise.sources.scratch import scratch
from likewise.sources.source import MOST_IN_GROUP, Part, Source, columns_of, lazily, unchanged
from likewise.sources.spool import batches, delimited, is_stream, spooled, spooled_lazily
from likewise.tables.folders import ENDINGS, files_of, form_by_name, partitions
from likewise.tables.frames import NoRows
from likewise.tables.source import PACKED
from likewise.typing import Ints

UNPACKED = 5
"""Times as many bytes as a packed file has that its text may take."""


MOST_CELLS = 100_000_000
"""Cells of Parquet (rows times columns) that are held in memory unasked."""

MOST_BYTES = 1_000_000_000
"""Bytes of files of other formats that are."""


@dataclass(frozen=True)
class Scan:
    """A table that is still to be read; see `scan`."""

    what: Any
    table: str | None = None
    dialect: Dialect | None = None
    split: Split | None = None
    """Which rows of it are meant, of an evaluation; None for all."""

    source: Source | None = None
    """Of one that was opened already, and is not to be spooled again."""

    @property
    def name(self) -> str:
        if isinstance(self.what, pl.LazyFrame):
            return "the lazy frame"
        if self.table is not None:
            return f"table {self.table!r}"
        path = Path(self.what)
        return f"{'folder' if path.is_dir() else 'file' if path.exists() else 'pattern'} {str(path)!r}"

    @property
    def goes(self) -> bool:
        """Whether files are of a format that is read in parts."""
        return can_be_scanned(Path(self.what))

    @property
    def columns(self) -> list[str]:
        """The names of its columns where a footer tells them; none where it must be spooled first."""
        if self.table is not None or isinstance(self.what, pl.LazyFrame):
            return []
        files = files_of(Path(self.what))
        if form_by_name(files[0]) != "parquet":
            return []
        return list(dict.fromkeys([*columns_of(str(files[0])), *partitions(Path(self.what), files)[0]]))

    def check_apart(self, path: Path) -> None:
        """
        Raises:
            OptionError: a file that is to be written is one of those that are read, or would be the next time.
        """
        if self.table is not None or isinstance(self.what, pl.LazyFrame):
            return
        own, read = path.resolve(), Path(self.what).resolve()
        if own in {file.resolve() for file in files_of(Path(self.what))} or (
            read.is_dir() and own.is_relative_to(read)
        ):
            raise OptionError(f"file {str(path)!r} is of those that are read: write it elsewhere")

    @property
    def is_large(self) -> bool:
        """Whether files hold so much that they are read in parts unasked."""
        return is_large(self.what)

    @contextlib.contextmanager
    def opened(self, size: int | None = None) -> Iterator[Source]:
        """The table in shards; what is no Parquet is spooled first, and that spool removed at the end.

        Args:
            size: rows of a shard, about; None takes `source.SHARD`.

        Raises:
            InputError: it cannot be read, or its files are no table.
            OutputError: there is no room for the spool.
        """
        if self.source is not None:
            yield self.source
            return
        with contextlib.ExitStack() as stack:
            yield Source.of(self._parts(stack), self.name, size or source.SHARD)

    def rows_at(self, numbers: Ints | None) -> pl.DataFrame:
        """The rows of these numbers, which ascend; none of None."""
        with self.opened() as table:
            return rows_at(table, numbers)

    def some(self, schema: Schema, most: int = MOST_CHOSEN) -> pl.DataFrame:
        """At most so many rows, all of each person's."""
        with self.opened() as table, LocalEngine() as engine:
            return chosen(engine, table, schema, schema.entity, 0, most).frame

    def _parts(self, stack: contextlib.ExitStack) -> Iterable[Part]:
        if isinstance(self.what, pl.LazyFrame) or self.table is not None:
            folder = stack.enter_context(scratch(0, f"a spool of {self.name}"))
            if self.table is None:
                paths = spooled_lazily(self.what, folder, self.name)
            else:
                from likewise.databases.sql.reading import chunks_of  # a room of its own, for who reads from there

                paths = spooled(chunks_of(str(self.what), self.table), folder)
            return [Part.of(path, spool_of=self.name) for path in paths]
        files = files_of(Path(self.what))
        told = partitions(Path(self.what), files)
        forms = {form_by_name(path) or "csv" for path in files}
        if len(forms) > 1:
            raise InputError(f"{self.name} holds files of several formats: {', '.join(sorted(forms))}")
        form = forms.pop()
        are_packed = any(path.suffix.lower() in PACKED for path in files)
        if form == "parquet" and not are_packed:
            parts = [Part.of(path, its) for path, its in zip(files, told, strict=True)]
            if max(max(part.groups, default=0) for part in parts) <= MOST_IN_GROUP:
                return parts
        elif form not in ("csv", "tsv", "jsonl", "arrow") or (are_packed and form in ("parquet", "arrow")):
            raise InputError(
                f"{self.name} is of a format that is not read in parts ({'packed ' * are_packed}{form}): write it as "
                "Parquet, CSV or JSON lines"
            )
        size = sum(path.stat().st_size * (UNPACKED if path.suffix.lower() in PACKED else 1) for path in files)
        folder = stack.enter_context(scratch(size, f"a spool of {self.name}"))
        parts, empty = [], InputError(f"{self.name} is empty")
        for k, (file, its) in enumerate(zip(files, told, strict=True)):
            try:
                parts += self._spool(file, its, form, folder / f"{k:06}")
            except NoRows as error:
                empty = error
        if not parts:
            raise empty
        return parts

    def _spool(self, file: Path, told: Mapping[str, Any], form: str, folder: Path) -> Iterable[Part]:
        """The rows of a file, written as Parquet."""
        folder.mkdir(0o700)
        what = f"file {str(file)!r}"
        with unchanged(file):
            if form in ("csv", "tsv"):
                paths = spooled(delimited(file, self.dialect), folder)
            elif form == "arrow" and is_stream(file):
                paths = spooled(batches(file, what), folder)
            else:
                paths = spooled_lazily(_READERS[form](file), folder, what)
        return [Part.of(path, told, what) for path in paths]


def scan(
    what: str | os.PathLike[str] | pl.LazyFrame, *, table: str | None = None, dialect: Dialect | None = None
) -> Scan:
    """A table to learn from without holding it in memory, for `Synthesizer.fit`.

    Args:
        what: a file or folder of Parquet, CSV, Arrow or JSON lines, or a pattern such as "part-*.parquet"; the URL of a
            database; or a lazy frame of Polars. What is no Parquet is written to some once, in the folder that
            LIKEWISE_TMP names, and removed at the end.
        table: of a database, which of its tables.
        dialect: of delimited text, how it is written, where that is known.

    Raises:
        InputError: there is no such file.
        OptionError: a database without a table, or a table without a database.

    Example:
        >>> import polars as pl
        >>> scan(pl.LazyFrame({"a": [1, 2]})).name
        'the lazy frame'
    """
    if isinstance(what, pl.LazyFrame):
        if table is not None or dialect is not None:
            raise OptionError("table is of a database and dialect of text, and this is a lazy frame: leave them out")
        return Scan(what)
    if not isinstance(what, str | os.PathLike):
        raise OptionError(f"scan takes a path, a URL or a lazy frame of Polars, got {type(what).__name__}")
    if is_sql(what) != (table is not None):
        raise OptionError("table names a table of a database: give both, or neither")
    if table is None:
        files_of(Path(what))
    return Scan(os.fspath(what), table, dialect)


def can_be_scanned(path: Path) -> bool:
    """Whether a path is of files that are read in parts."""
    if not path.exists() and not glob.has_magic(str(path)):
        return False
    try:
        forms = {form_by_name(one) for one in files_of(path)}
    except InputError:
        return False
    return len(forms) == 1 and forms <= {"parquet", "csv", "tsv", "arrow", "jsonl"} and set(ENDINGS.values()) >= forms


def is_large(what: Any) -> bool:
    """Whether a path is of a table so large that it is read in parts unasked."""
    if not isinstance(what, str | os.PathLike) or not can_be_scanned(Path(what)):
        return False
    files = files_of(Path(what))
    if form_by_name(files[0]) != "parquet":
        return sum(file.stat().st_size * (5 if file.suffix.lower() in PACKED else 1) for file in files) > MOST_BYTES
    if sum(file.stat().st_size for file in files) < MOST_CELLS // 100:  # no cell is packed into so little
        return False
    try:
        return cells_in(files) > MOST_CELLS
    except InputError:  # which reading tells in its own words
        return False


def cells_in(files: list[Path]) -> int:
    """Rows times columns of files of Parquet."""
    return sum(Part.of(file).rows for file in files) * len(columns_of(str(files[0])))


def _lines_of_json(path: Path) -> pl.LazyFrame:
    return pl.scan_ndjson(glob.escape(str(path)), infer_schema_length=None)  # which takes its name for a pattern


def _arrow(path: Path) -> pl.LazyFrame:
    return pl.scan_ipc(path, glob=False, hive_partitioning=False)


_READERS: Mapping[str, Callable[[Path], pl.LazyFrame]] = {
    "parquet": lazily, "arrow": _arrow, "jsonl": _lines_of_json,
}  # fmt: skip
