"""Databases as folders: a table a file, or folder of parts, or sheet of a workbook; `database.json` tells the keys."""

from __future__ import annotations

import csv
import io
import os
import re
import secrets
import shutil
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from likewise.databases.keys import DatabaseSchema
from likewise.errors import InputError, LikewiseWarning, OutputError, SchemaError
from likewise.schema.dialect import Dialect
from likewise.tables.atomic import PathLike, exchange, output_errors
from likewise.tables.encoding import decoded
from likewise.tables.files import lies_beside, names_a_table, read_table, sheets_of, write, write_sheets
from likewise.tables.folders import is_partition
from likewise.tables.source import PACKED, load, pieces

SCHEMA_FILE = "database.json"


@dataclass(frozen=True)
class TableFile:
    """How a table is stored.

    Args:
        name: of its file, from the folder on, such as `users.csv.gz` or `flights/part-0.parquet`.
        dialect: of delimited text.
        sheet: of a workbook that holds several tables.
    """

    name: str
    dialect: Dialect | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class Folder:
    """What a folder holds."""

    tables: Mapping[str, pl.DataFrame]
    files: Mapping[str, TableFile]
    schema: DatabaseSchema | None


def read_folder(path: PathLike) -> Folder:
    """All tables of a folder, or of a workbook, with the schema that lies beside.

    Raises:
        InputError: there is no such folder, or no table in it, two of one name, or one cannot be read.
        SchemaError: `database.json` does not hold together.
    """
    path = Path(path)
    if path.is_file() and sheets_of(path):
        found = list(_of_file(path, path.parent))
    elif path.is_dir():
        found = [table for item in sorted(path.iterdir()) if _may_hold_tables(item) for table in _told_of(item, path)]
    else:
        raise InputError(f"folder {str(path)!r} does not exist" if not path.exists() else f"{str(path)!r} is no folder")
    if not found:
        raise InputError(f"folder {str(path)!r} holds no table: no file whose ending names a format")
    tables: dict[str, pl.DataFrame] = {}
    files: dict[str, TableFile] = {}
    for name, frame, file in found:
        if name in tables:
            raise InputError(f"folder {str(path)!r}: {files[name].name!r} and {file.name!r} are both table {name!r}")
        tables[name], files[name] = frame, file
    return Folder(tables, files, _schema_in(path))


def holds_tables(path: PathLike) -> bool:
    """Whether a folder is a database, and no folder of parts of one table: the keys lie in it, or a folder of parts, or
    files that begin unlike; or whether a workbook has several sheets."""
    path = Path(path)
    if path.is_file():
        return path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".ods") and len(sheets_of(path)) > 1
    if not path.is_dir():
        return False
    items = [item for item in path.iterdir() if _may_hold_tables(item)]
    if items and all(item.is_dir() and is_partition(item) for item in items):
        return False  # one table, of which folders tell a column
    is_told = (path / SCHEMA_FILE).is_file() or any(item.is_dir() for item in items)
    return bool(items) and (is_told or len(_beginnings(items)) > 1)


def _may_hold_tables(item: Path) -> bool:
    name = item.name
    if name.startswith((".", "_", "~$")) or name == SCHEMA_FILE:
        return False
    if item.is_dir():
        return any(map(_may_hold_tables, item.iterdir()))
    plain = item.with_suffix("") if item.suffix.lower() in PACKED else item
    if not names_a_table(item) or lies_beside(name):
        return False
    return plain.suffix.lower() != ".json" or _starts_with(item, b"[")


def _starts_with(path: Path, mark: bytes) -> bool:
    return next(pieces(path), b"")[:200].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(mark)


def _beginnings(files: Iterable[Path]) -> set[object]:
    """How files begin: the columns of Parquet and Arrow, the first line of texts; parts of a table begin alike."""
    found: set[object] = set()
    for file in files:
        head = next(pieces(file), b"")
        if head[:4] == b"PAR1" or head[:6] == b"ARROW1":
            # What is packed has its columns at its end.
            whole = io.BytesIO(load(file).data) if file.suffix.lower() in PACKED else file
            read = pl.scan_parquet if head[:4] == b"PAR1" else pl.scan_ipc
            try:
                found.add(tuple(read(whole, glob=False, hive_partitioning=False).collect_schema()))
            except Exception:  # damaged: who reads it says so, with its name
                found.add(file)
        elif head[:4] == b"PK\x03\x04":
            found.add(file)
        else:
            found.add(re.split(rb"[\r\n]", head[:100_000].removeprefix(b"\xef\xbb\xbf"), maxsplit=1)[0])
    return found


def _told_of(item: Path, root: Path) -> Iterable[tuple[str, pl.DataFrame, TableFile]]:
    """The tables of a file or a folder of parts, or how to do without it."""
    try:
        return list(_of_item(item, root))
    except InputError as error:
        raise InputError(
            f"{error}; the other files of folder {str(root)!r} are read without it if it lies elsewhere, or if its "
            "name begins with '_'"
        ) from None


def _of_item(item: Path, root: Path) -> Iterable[tuple[str, pl.DataFrame, TableFile]]:
    if item.is_file():
        return _of_file(item, root)
    parts = sorted(part for part in item.iterdir() if part.is_file() and _may_hold_tables(part))
    if not parts or len(_beginnings(parts)) > 1:
        warnings.warn(
            f"folder {str(item)!r} was left out: its files are not the parts of one table",
            LikewiseWarning,
            stacklevel=4,
        )
        return []
    frame, dialect = read_table(item) if len(parts) > 1 else _read(parts[0])
    return [(item.name, frame, TableFile(str(parts[0].relative_to(root)), dialect))]


def _of_file(file: Path, root: Path) -> Iterable[tuple[str, pl.DataFrame, TableFile]]:
    name = str(file.relative_to(root))
    stem = _stem(file)
    sheets = sheets_of(file) if file.suffix.lower() == ".xlsx" else []
    if len(sheets) > 1:
        return [table for sheet in sheets for table in _of_sheet(file, sheet, name)]
    frame, dialect = _read(file)
    return [(stem, frame, TableFile(name, dialect))]


def _of_sheet(file: Path, sheet: str, name: str) -> Iterable[tuple[str, pl.DataFrame, TableFile]]:
    """A sheet that is no table, such as one of remarks, is left out."""
    try:
        return [(sheet, read_table(file, sheet=sheet)[0], TableFile(name, None, sheet))]
    except InputError as error:
        warnings.warn(f"sheet {sheet!r} was left out: {error}", LikewiseWarning, stacklevel=5)
        return []


def _stem(file: Path) -> str:
    plain = file.with_suffix("") if file.suffix.lower() in PACKED else file
    return plain.with_suffix("").name


def _read(file: Path) -> tuple[pl.DataFrame, Dialect | None]:
    """A table, also one without rows, as exports of databases have."""
    data = load(file).data
    if data[:4] == b"PAR1":
        with suppress(Exception):  # of a damaged one, which is told below
            if not (empty := pl.read_parquet(data, n_rows=1)).height:
                return empty, None
    text = data[:1_000_000].strip()
    if b"\n" in text or b"\r" in text or data[:4] in (b"PAR1", b"PK\x03\x04", b"ARRO") or len(data) > 1_000_000:
        return read_table(file)
    line, encoding = decoded(text, None, f"file {str(file)!r}")
    header = line.decode()
    if header[:1] in "[{":
        return read_table(file)
    delimiter = max(",;\t|", key=header.count)
    names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    dialect = Dialect(delimiter=None if delimiter == "," else delimiter, encoding=encoding, header=True)
    if file.suffix.lower() == ".tsv":
        dialect = replace(dialect, delimiter=None)
    if len(set(names)) < len(names) or not all(names):
        raise InputError(f"file {str(file)!r} has one line, which names no columns")
    return pl.DataFrame(schema=dict.fromkeys(names, pl.String)), dialect


def _schema_in(path: Path) -> DatabaseSchema | None:
    file = path / SCHEMA_FILE
    if not file.is_file():
        return None
    try:
        return DatabaseSchema.from_json(decoded(load(file).data, "utf-8", f"file {str(file)!r}")[0].decode())
    except SchemaError as error:
        raise SchemaError(f"file {str(file)!r}: {error}") from None


# ---- writing -------------------------------------------------------------------------------------------------------


def write_folder(
    tables: Mapping[str, pl.DataFrame],
    schema: DatabaseSchema,
    path: PathLike,
    files: Mapping[str, TableFile] | None = None,
    *,
    replace_it: bool = False,
) -> None:
    """Write a database as a folder: the whole or nothing, for it is written beside and renamed.

    Args:
        files: how tables are stored; others go to `NAME.csv`.
        replace_it: whether a folder that is there, and not empty, gives way.

    Raises:
        OutputError: a folder that is not empty is there, or it cannot be written, or a name cannot be that of a file.
    """
    path = Path(os.path.realpath(path))
    check_folder(path, replace_it=replace_it)
    beside = path.with_name(f".{secrets.token_hex(8)}")
    with output_errors(f"folder {str(path)!r}"):
        beside.mkdir()
        try:
            _write_all(tables, files or {}, beside)
            # What is told of the real rows does not go out with others.
            (beside / SCHEMA_FILE).write_text(replace(schema, evidence={}).to_json() + "\n", encoding="utf-8")
            _take_place(beside, path)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise


def check_folder(path: PathLike, *, replace_it: bool = False) -> None:
    """Raise OutputError if a folder cannot be written later: before the work, not after it."""
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise OutputError(f"folder {str(path)!r} cannot be written: a file of that name is there")
    if path.is_dir() and any(path.iterdir()) and not replace_it:
        raise OutputError(f"folder {str(path)!r} is not empty; give another, or remove it first")
    if not path.absolute().parent.is_dir():
        raise OutputError(f"folder {str(path)!r} cannot be written: the folder around it does not exist")


def _write_all(tables: Mapping[str, pl.DataFrame], files: Mapping[str, TableFile], folder: Path) -> None:
    books: dict[str, dict[str, pl.DataFrame]] = {}
    for name, frame in tables.items():
        stored = files.get(name) or TableFile(_file_name(name))
        if stored.sheet is not None:
            books.setdefault(stored.name, {})[stored.sheet] = frame
            continue
        target = folder / stored.name
        target.parent.mkdir(parents=True, exist_ok=True)
        write(frame, target, dialect=stored.dialect)
    for book, sheets in books.items():
        write_sheets(sheets, folder / book)


def _file_name(table: str) -> str:
    """Raise OutputError for names that lead out of the folder or that file systems do not take."""
    if not table or table.startswith(".") or re.search(r'[/\\\x00-\x1f:*?"<>|]', table) or len(table.encode()) > 200:
        raise OutputError(f"table {table!r}: its name cannot be that of a file; rename it")
    return f"{table}.csv"


def _take_place(beside: Path, path: Path) -> None:
    if path.exists() and exchange(beside, path):
        shutil.rmtree(beside, ignore_errors=True)
        return
    old = path.with_name(f".{secrets.token_hex(8)}") if path.exists() else None
    if old is not None:
        path.rename(old)
    try:
        beside.rename(path)
    except OSError:
        if old is not None:
            old.rename(path)
        raise
    if old is not None:
        with suppress(OSError):
            shutil.rmtree(old)
