"""Tables from files and to files. What comes in is told by content and ending, what goes out is whole or not at all."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import io
import logging
import os
import re
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import polars as pl

from likewise.errors import InputError, LikewiseWarning, MissingExtraError, OutputError
from likewise.schema.dialect import Dialect
from likewise.schema.distinct import Columns
from likewise.schema.dtypes import dtype_name
from likewise.schema.numbers import is_whole
from likewise.tables.atomic import PathLike, atomic_path, check_writable
from likewise.tables.delimited import read_delimited, refuse_data_as_names, write_delimited
from likewise.tables.encoding import decoded
from likewise.tables.folders import (
    ENDINGS,
    as_types,
    common_types,
    files_of,
    form_by_name,
    partitions,
    typed,
    with_told,
)
from likewise.tables.frames import NoRows, check_names, from_frame
from likewise.tables.lacking import known_to_orc
from likewise.tables.source import PACKED, STANDARD, Source, input_errors, load, packing
from likewise.tables.strays import tell_of_headers, without_headers, without_sums

__all__ = [
    "ENDINGS", "Dialect", "atomic_path", "check_table", "check_writable", "form_by_name", "from_frame", "read",
    "read_columns", "read_table", "write",
]  # fmt: skip

_BINARY = (
    (b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"\xff\xff\xff\xff", "arrow-stream"), (b"ORC", "orc"),
    (b"PK\x03\x04", "zip"), (b"\xd0\xcf\x11\xe0", "excel"),
)  # fmt: skip
_SILENT = logging.NullHandler()
_EXCEL_ROWS, _EXCEL_COLUMNS = 1_048_575, 16_384


# ---- reading -----------------------------------------------------------------------------------------------------


def read(
    path: PathLike, *, dialect: Dialect | None = None, sheet: str | None = None, by_header: bool = False
) -> pl.DataFrame:
    """The table in a file: CSV, TSV, Parquet, Feather (Arrow IPC, file or stream), JSON lines or list, Excel or ORC,
    also in gzip, zstd, bzip2, xz or a zip archive.

    Every column of a CSV or TSV comes as String; the schema tells what it means. An empty cell is null, a quoted empty
    cell an empty string. How it is written is told from the file (see `read_table`), or refused with what to say.

    Args:
        path: a file, a pipe, "-" for standard input; or a folder or a pattern such as "part-*.csv", whose files have
            the same columns and are one table.
        dialect: what is known of how delimited text is written; the rest is told from the file.
        sheet: the sheet of an Excel workbook; None takes the first one.
        by_header: of a CSV, tell delimiter, line ends and encoding (UTF-8 or a byte order mark) from its first line
            alone, and no line number in an error: no row then changes how another is read, as a budget of privacy
            needs.

    Raises:
        InputError: no such file, no permission, an empty or damaged file, a header only, lines of unequal length,
            columns that share a name, binary data, a file of one endless line, nested columns, a first line of data.
        MissingExtraError: Excel needs the extra `excel`, ORC the extra `pandas`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(pl.DataFrame({"age": [23, 45]}), f"{folder}/people.parquet")
        ...     read(f"{folder}/people.parquet")["age"].to_list()
        [23, 45]
    """
    return read_table(path, dialect=dialect, sheet=sheet, by_header=by_header)[0]


def read_table(
    path: PathLike, *, dialect: Dialect | None = None, sheet: str | None = None, by_header: bool = False
) -> tuple[pl.DataFrame, Dialect | None]:
    """The table in a file, as `read` takes it, and how it was written; None where that is no delimited text."""
    paths = files_of(Path(path))
    told = partitions(Path(path), paths)
    read, found, empty = {}, None, None
    for one in paths:
        try:
            table, its = _read_file(one, dialect, sheet, by_header=by_header)
        except NoRows as error:  # as jobs write them that had nothing to do
            empty = error
            continue
        read[one], found = table.frame(), found or its
    if empty is not None and not read:
        raise empty
    if len(paths) == 1 and not told[0]:
        return read[paths[0]], found
    of_folders = typed(told, [frame.schema for frame in read.values()])
    frames = [with_told(read[one], its, of_folders) for one, its in zip(paths, told, strict=True) if one in read]
    types = common_types([f"file {str(one)!r}" for one in read], [frame.schema for frame in frames])
    # By name: the same columns may stand in another order.
    return pl.concat([as_types(frame, types) for frame in frames]), found


def read_columns(
    path: PathLike, *, dialect: Dialect | None = None, sheet: str | None = None, by_header: bool = False
) -> tuple[Columns, Dialect | None]:
    """The same as `read_table`; one large file of delimited text in less memory, its texts counted on the way."""
    paths = files_of(Path(path))
    if len(paths) == 1 and not partitions(Path(path), paths)[0]:
        return _read_file(paths[0], dialect, sheet, by_header=by_header, in_blocks=True)
    frame, found = read_table(path, dialect=dialect, sheet=sheet, by_header=by_header)
    return Columns.of(frame), found


def _read_file(
    path: Path, dialect: Dialect | None, sheet: str | None, *, by_header: bool, in_blocks: bool = False
) -> tuple[Columns, Dialect | None]:
    source = load(path)
    form = _form_of(source)
    if form == "zip":
        source = _only_member(source)
        form = _form_of(source)
    if sheet is not None and form != "excel":
        raise InputError(f"{source.what} is no Excel workbook, so it has no sheet to name")
    if form in ("csv", "tsv"):
        prefer = "\t" if form == "tsv" else None
        table, found = read_delimited(
            source.data, source.what, dialect=dialect, prefer=prefer, by_header=by_header, in_blocks=in_blocks
        )
        if found.delimiter == prefer:
            found = replace(found, delimiter=None)  # the ending says it
        return table, found
    has_names = form == "excel" and dialect is not None and dialect.to_dict() == {"header": True}
    if dialect is not None and dialect.to_dict() and not has_names:
        raise InputError(f"{source.what} is no delimited text: {', '.join(dialect.to_dict())} cannot be used")
    if form == "excel":
        frame = _read_excel(source, sheet, has_names=has_names)
    else:
        with input_errors(source.what):
            frame = _READERS[form](source.data, source.what)
    return Columns.of(_checked(frame, source.what)), None


def _form_of(source: Source) -> str:
    """The format, by content first and by ending where the content is text."""
    found = next((form for magic, form in _BINARY if source.data.startswith(magic)), None)
    if found is not None:
        return "excel" if found == "zip" and _is_workbook(source) else found
    form = ENDINGS.get(source.ending, "")
    if form in ("parquet", "arrow", "excel", "orc"):
        raise InputError(
            f"{source.what} ends in {source.ending!r}, but its content is not of that format (or is damaged)"
        )
    if form in ("csv", "tsv"):
        return form
    start = source.data[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"[") and form in ("json", "jsonl"):
        return "json"
    return "jsonl" if form == "jsonl" or start.startswith(b"{") else "csv"


def _names_in(source: Source) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeError, OSError):
        raise InputError(f"{source.what} is a damaged zip archive or workbook") from None


def _is_workbook(source: Source) -> bool:
    return bool({"[Content_Types].xml", "content.xml"} & set(_names_in(source)))


_BESIDE = re.compile(
    r"(?i)(?:^|/)(?:\.|thumbs\.db$|desktop\.ini$|datapackage\.json$|[^/]*(?:read[ _-]?me|licen[cs]e|copying|authors"
    r"|citation|change[ _-]?log|metadata|codebook|data[ _-]?dictionary|manifest|lies[ _-]?mich|lizenz|leeme"
    r"|lisezmoi|说明)[^/]*$)|\.(?:md|rst|pdf|docx?|rtf|html?|xml|xsd|ya?ml|py|r|rmd|ipynb|sql|sha256|md5|png|jpe?g|svg|log)$"
)
"""Files that lie beside a table in an archive and hold none."""
_SELDOM = (".txt", ".json", "")
"""Endings of files that seldom are the table where another one ends otherwise."""


def _only_member(source: Source) -> Source:
    """The one table of a zip archive, whatever tells of it lies beside."""
    members = [n for n in _names_in(source) if not n.endswith("/") and not n.startswith("__MACOSX")]
    tables = members if len(members) == 1 else [n for n in members if not _BESIDE.search(n)]
    sure = [n for n in tables if Path(n).suffix.lower() not in _SELDOM]
    tables = sure if len(sure) == 1 else tables
    if len(tables) != 1:
        n = len(tables or members)
        raise InputError(f"{source.what} is a zip archive of {n} files: unpack it and give one, or a folder")
    if len(members) > 1:
        warnings.warn(
            f"{source.what} holds {len(members)} files, of which one is read as the table, {Path(tables[0]).name!r}",
            LikewiseWarning, stacklevel=2,
        )  # fmt: skip
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            data = archive.read(tables[0])
    except Exception:
        # zipfile raises what its many ways of packing raise; one that asks for a password is a RuntimeError.
        raise InputError(f"{source.what}: the file in it is damaged, or needs a password") from None
    if not data:
        raise InputError(f"{source.what}: the file in it is empty")
    return Source(Path(tables[0]).name, source.what, data)


def _read_polars(reader: Callable[[io.BytesIO], pl.DataFrame], name: str) -> Callable[[bytes, str], pl.DataFrame]:
    """A reader by Polars; by Arrow of what Polars does not know: decimals of 256 bits, zones that are mere offsets."""

    wrong = f"cannot be read: it is a damaged or cut-off {name} file, or holds a type of column that no table can have"

    def read_bytes(data: bytes, what: str) -> pl.DataFrame:
        if _has_offset(data):  # which makes Polars panic, on the terminal too
            return _read_arrow(data, what, wrong)
        try:
            return reader(io.BytesIO(data))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
            # Of damaged files Arrow may take the whole process down.
            if re.search("precision must be|Int256", str(error)):
                return _read_arrow(data, what, wrong)
            raise InputError(f"{what} {wrong}") from None

    return read_bytes


def _has_offset(data: bytes) -> bool:
    """Whether the schema of a Parquet or Arrow file holds what is written as "+05:30" is."""
    n = {b"PAR1": 8, b"ARROW1": 10}.get(data[-4:] if data[:4] == b"PAR1" else data[:6], 0)
    size = int.from_bytes(data[-n:][:4], "little") if n else 0
    schema = data[-n - size :] if size else data[: 2**16]
    packed = re.search(rb"ARROW:schema[^A-Za-z0-9+/]*([A-Za-z0-9+/]{4,})", schema) if n == 8 else None
    if packed is not None:
        schema = base64.b64decode(packed[1][: len(packed[1]) // 4 * 4])
    return re.search(rb"[+-]\d\d:\d\d", schema) is not None


def _read_arrow(data: bytes, what: str, wrong: str) -> pl.DataFrame:
    """A Parquet, Arrow or ORC file by Arrow's own readers.

    Raises:
        InputError: Arrow cannot read it either, or is not installed; with what is wrong.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise InputError(f"{what} {wrong}; the extra `pandas` reads more types") from None
    try:
        if data[:4] == b"PAR1":
            table = _extra("pyarrow.parquet", "pandas").read_table(pa.BufferReader(data))
        elif data[:3] == b"ORC":
            table = _extra("pyarrow.orc", "pandas").read_table(pa.BufferReader(data))
        else:
            opened = pa.ipc.open_file if data[:6] == b"ARROW1" else pa.ipc.open_stream
            table = opened(pa.BufferReader(data)).read_all()
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(f"{what} {wrong}") from None
    offset = [f.name for f in table.schema if pa.types.is_timestamp(f.type) and (f.type.tz or "")[:1] in ("+", "-")]
    if offset:
        warnings.warn(
            f"{what}: times of {', '.join(map(repr, offset))} are read as the clock of their offset shows them, and "
            "written without it", LikewiseWarning, stacklevel=2,
        )  # fmt: skip
    return from_frame(table)[0]


def _read_orc(data: bytes, what: str) -> pl.DataFrame:
    _extra("pyarrow.orc", "pandas")
    return _read_arrow(data, what, "is a damaged or cut-off ORC file")


def _read_excel(source: Source, sheet: str | None, *, has_names: bool) -> pl.DataFrame:
    fastexcel = _extra("fastexcel", "excel")
    logging.getLogger("fastexcel").addHandler(_SILENT)  # else it tells of empty columns on standard error
    try:
        book = fastexcel.read_excel(source.data)
        names = list(book.sheet_names)
        if sheet is not None and sheet not in names:
            raise InputError(f"{source.what} has no sheet {sheet!r}; it has {', '.join(map(repr, names[:20]))}")
        if sheet is None and len(names) > 1:
            warnings.warn(
                f"{source.what} has {len(names)} sheets, the first one, {names[0]!r}, was read; --sheet names another",
                LikewiseWarning, stacklevel=2,
            )  # fmt: skip
        others = [name for name in names if name != (sheet or names[0])]
        sheet = sheet or names[0]
        loaded = book.load_sheet(sheet, schema_sample_rows=None)
        frame: pl.DataFrame = loaded.to_polars()
        if any(c.null_count() and c.dtype != pl.String for c in frame) and _may_have_lost(loaded):
            frame = _with_lost_words(frame, book.load_sheet(sheet, dtypes="string").to_polars())
        header = book.load_sheet(sheet, header_row=None, n_rows=1).to_polars()
    except InputError:
        raise
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError, IndexError, ValueError) as error:
        raise InputError(f"{source.what} cannot be read as an Excel workbook ({type(error).__name__})") from None
    except BaseException as error:
        # The reader's own panics are no exceptions.
        if type(error).__name__ != "PanicException":
            raise
        raise InputError(f"{source.what} is a damaged Excel workbook") from None
    if others and not frame.width:
        raise InputError(f"{source.what}: sheet {sheet!r} is empty; --sheet names another, of {others[:20]}")
    if frame.width and not header.is_empty():
        _check_header(header, source.what)
    frame = frame.select(c for c in frame if c.null_count() < len(c) or not c.name.startswith("__UNNAMED"))
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null())) if frame.width else frame
    _refuse_titles(frame.columns, source.what)
    frame = frame.with_columns(map(_as_in_sheet, frame))
    table = without_headers(Columns.of(frame), frame.columns)
    texts = table.frame().with_columns(pl.selectors.duration().dt.to_string()).cast(pl.String, strict=False)
    if not has_names:
        say = "write names above it and save the sheet again if it is one, say --header if it holds names"
        refuse_data_as_names(texts.get_columns(), source.what, frame.columns, say)
    tell_of_headers(frame.height - table.height, source.what)
    return without_sums(table, source.what).frame()


def _may_have_lost(sheet: Any) -> bool:
    """Whether the reader of workbooks dropped a word from a column of another type; it tells only by way of Arrow."""
    try:
        return sheet.to_arrow_with_errors()[1] is not None
    except (AttributeError, ImportError):
        return True


def _with_lost_words(frame: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """With columns as texts of which the reader dropped words, such as "n/a" among numbers: they are read as missing
    later, which is told, and come back."""
    if texts.shape != frame.shape:
        return frame
    both = zip(frame.get_columns(), texts.get_columns(), strict=True)
    return pl.DataFrame([text.alias(c.name) if (c.is_null() & text.is_not_null()).any() else c for c, text in both])


def _check_header(header: pl.DataFrame, what: str) -> None:
    """Raise InputError for a first row that the reader of workbooks names columns by in its own way: two of one name,
    which it numbers, or dates, which it leaves out."""
    if sum(dtype.is_temporal() for dtype in header.dtypes):
        raise InputError(
            f"{what}: the first row holds dates or times in place of names; write the names of the columns as texts, "
            "such as '2020-01'"
        )
    check_names([str(name) for name in header.row(0) if name is not None], what)


def _refuse_titles(names: list[str], what: str) -> None:
    """Raise InputError where most columns have no name, or all but the first: the title of a report, not a header."""
    lack = [name.startswith("__UNNAMED") for name in names]
    if 2 * sum(lack) > len(lack) or (len(lack) > 1 and not lack[0] and all(lack[1:])):
        raise InputError(
            f"{what}: the first row names {len(lack) - sum(lack)} of {len(lack)} columns, so it is taken for a title, "
            "not for the header; delete what stands above the header and save the sheet again"
        )


def _as_in_sheet(series: pl.Series) -> pl.Series:
    """A column as the sheet shows it, though a workbook knows numbers and moments only: whole numbers, days without
    hours, hours of no day."""
    known = series.drop_nulls()
    if series.dtype == pl.Float64:
        return series.cast(pl.Int64) if len(known) and is_whole(known) else series
    if series.dtype == pl.String:  # days beside a word are texts
        moments = known.str.contains(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        are_days = moments.any() and known.filter(moments).str.ends_with(" 00:00:00").all()
        return series.str.replace(r"^(\d{4}-\d\d-\d\d) 00:00:00$", "$1") if are_days else series
    if not isinstance(series.dtype, pl.Datetime) or known.is_empty():
        return series
    if known.dt.date().is_in([dt.date(1899, 12, 30), dt.date(1899, 12, 31)]).all():
        return series.dt.time()
    return series.dt.date() if (known.dt.time() == dt.time()).all() else series


def _extra(module: str, extra: str) -> Any:
    """A module that an extra brings.

    Raises:
        MissingExtraError: it is not installed; the extra is named.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingExtraError(extra, module.partition(".")[0]) from None


def _read_json(data: bytes, what: str) -> pl.DataFrame:
    data, _ = decoded(data, None, what)
    try:
        frame = pl.read_json(io.BytesIO(data), infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, RecursionError):
        raise InputError(f"{what} cannot be read as a JSON list of objects, one a row") from None
    if frame.columns == [""]:
        raise InputError(f"{what} cannot be read as a JSON list of objects, one a row")
    return _of_rows(frame, what)


def _of_rows(frame: pl.DataFrame, what: str) -> pl.DataFrame:
    """Refuse one object that holds a whole table: its keys may be those of rows, and so are not told."""
    if frame.height == 1 and frame.width and all(dtype.is_nested() for dtype in frame.dtypes):
        raise InputError(
            f"{what} is one JSON object that holds all the rows: write a list of objects, one a row, or JSON lines "
            '(pandas: to_json(orient="records"))'
        )
    return frame


def _read_json_lines(data: bytes, what: str) -> pl.DataFrame:
    data, _ = decoded(data, None, what)
    try:
        return _of_rows(pl.read_ndjson(io.BytesIO(data), infer_schema_length=None), what)
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
        except (ValueError, RecursionError):
            return number
    return None


_READERS: dict[str, Callable[[bytes, str], pl.DataFrame]] = {
    "parquet": _read_polars(pl.read_parquet, "Parquet"),
    "arrow": _read_polars(pl.read_ipc, "Arrow"),
    "arrow-stream": _read_polars(pl.read_ipc_stream, "Arrow"),
    "jsonl": _read_json_lines,
    "json": _read_json,
    "orc": _read_orc,
}


def _checked(frame: pl.DataFrame, what: str) -> pl.DataFrame:
    if frame.width == 0 or frame.height == 0:
        raise NoRows(f"{what} has {frame.width} columns and no rows")
    check_names(frame.columns, what)
    nested = [name for name, dtype in frame.schema.items() if not dtype_name(dtype)]
    if nested:
        named = ", ".join(map(repr, nested[:10]))
        raise InputError(f"{what}: a table's cells must be single values; nested or binary columns: {named}")
    return frame


# ---- writing -----------------------------------------------------------------------------------------------------


def write(frame: pl.DataFrame | Iterable[pl.DataFrame], path: PathLike, *, dialect: Dialect | None = None) -> None:
    """Write a table in the format its ending names: .csv .tsv .parquet .feather .arrow .jsonl .json .xlsx .orc, each
    also .gz .zst .bz2 .xz; delimited text to "-" (standard output), a pipe or a device.

    All or nothing: the rows go to a file beside, which takes the name only when it is whole and on the disk.

    Args:
        frame: the table; or its rows some at a time, of which delimited text never holds all.
        path: where it goes.
        dialect: how delimited text is written; a .tsv has tabs all the same.

    Raises:
        OutputError: unknown ending, no such folder, no permission, disk full. What stood there is untouched.
        MissingExtraError: Excel needs the extra `excel`, ORC the extra `pandas`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(pl.DataFrame({"age": [23, 45]}), f"{folder}/people.csv.gz")
        ...     read(f"{folder}/people.csv.gz")["age"].to_list()
        ['23', '45']
    """
    path = Path(path)
    form, packed = check_table(path)
    wanted = dialect or Dialect()
    if form == "tsv":
        wanted = replace(wanted, delimiter="\t")
    try:
        with _destination(path) as raw, packing(raw, packed) as file, _numbered_errors():
            _WRITERS[form]([frame] if isinstance(frame, pl.DataFrame) else frame, file, wanted)
    except pl.exceptions.PolarsError as error:
        # Polars wraps the system's error in its own; its text may hold values, so only the type is told.
        raise OutputError(f"file {str(path)!r} could not be written ({type(error).__name__})") from None


@contextlib.contextmanager
def _numbered_errors() -> Iterator[None]:
    """The system's errors that Polars passes on, which give their number in words only, with that number."""
    try:
        yield
    except OSError as error:
        number = re.search(r"\(os error (\d+)\)", str(error))
        if error.errno is not None or number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from None


@contextlib.contextmanager
def _destination(path: Path) -> Iterator[IO[bytes]]:
    if str(path) == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with atomic_path(path) as beside, beside.open("wb") as raw:
        yield raw


def names_a_table(path: PathLike) -> bool:
    """Whether the name ends as that of a file of rows."""
    return form_by_name(Path(path)) is not None


def check_table(path: PathLike) -> tuple[str, str | None]:
    """The format and the packing that the name of an output asks for.

    Raises:
        OutputError: its ending names none.
        MissingExtraError: an extra is needed that is not installed.
    """
    path = Path(path)
    form = form_by_name(path)
    if form is None:
        if str(path) == STANDARD or (path.exists() and not path.is_file() and not path.is_dir()):
            return "csv", None
        if path.is_dir():
            raise OutputError(f"{str(path)!r} is a folder: name a file in it, such as {str(path / 'fake.csv')!r}")
        known = " ".join(e for e in ENDINGS if e != ".txt")
        raise OutputError(
            f"file {str(path)!r}: the ending must tell the format, one of {known}, each also with {' '.join(PACKED)}"
        )
    if form == "excel":
        _extra("xlsxwriter", "excel")
    elif form == "orc":
        _extra("pyarrow.orc", "pandas")
    return form, PACKED.get(path.suffix.lower())


def _write_excel(parts: Parts, file: IO[bytes], _: Dialect) -> None:
    _write_sheets({"Sheet1": pl.concat(parts)}, file)


def _write_sheets(frames: Mapping[str, pl.DataFrame], file: IO[bytes]) -> None:
    for frame in frames.values():
        if frame.height > _EXCEL_ROWS or frame.width > _EXCEL_COLUMNS:
            raise OutputError(
                f"an Excel sheet holds {_EXCEL_ROWS:,} rows and {_EXCEL_COLUMNS:,} columns; write Parquet or CSV"
            )
    xlsxwriter = _extra("xlsxwriter", "excel")
    book = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(book, options) as workbook:
        # No time inside: the same table gives the same bytes.
        workbook.set_properties({"created": dt.datetime(2000, 1, 1)})
        for name, frame in frames.items():
            zoned = [n for n, t in frame.schema.items() if isinstance(t, pl.Datetime) and t.time_zone]
            frame = frame.with_columns(pl.col(zoned).cast(pl.String))
            # A year or a telephone number with its thousands marked would look like no other.
            whole = dict.fromkeys((t for t in frame.dtypes if t.is_integer()), "0")
            forms: Any = {pl.Float64: "General", **whole}
            lengths: Any = {n: "[h]:mm:ss" for n, dtype in frame.schema.items() if dtype == pl.Duration}
            frame.write_excel(workbook, worksheet=name, autofilter=False, dtype_formats=forms, column_formats=lengths)
    file.write(book.getvalue())


def write_sheets(frames: Mapping[str, pl.DataFrame], path: PathLike) -> None:
    """Write tables as the sheets of one Excel workbook, whole or not at all.

    Raises:
        OutputError: as of `write`.
        MissingExtraError: the extra `excel` is not installed.
    """
    with _destination(Path(path)) as raw:
        _write_sheets(frames, raw)


def sheets_of(path: PathLike) -> list[str]:
    """The names of the sheets of an Excel workbook that hold something; none where the file is no workbook.

    Raises:
        InputError: it cannot be read.
        MissingExtraError: the extra `excel` is not installed.
    """
    source = load(Path(path))
    if _form_of(source) != "excel":
        return []
    fastexcel = _extra("fastexcel", "excel")
    logging.getLogger("fastexcel").addHandler(_SILENT)
    try:
        book = fastexcel.read_excel(source.data)
        return [name for name in book.sheet_names if book.load_sheet(name, header_row=None, n_rows=1).width]
    except (fastexcel.FastExcelError, ValueError):
        raise InputError(f"{source.what} cannot be read as an Excel workbook") from None


def lies_beside(name: str) -> bool:
    """Whether a file's name is that of one that lies beside tables and holds none."""
    return _BESIDE.search(name) is not None


def _write_orc(parts: Parts, file: IO[bytes], _: Dialect) -> None:
    import pyarrow as pa

    orc = _extra("pyarrow.orc", "pandas")
    frame = pl.concat(parts)
    plain = frame.with_columns(map(known_to_orc, frame))
    buffer = pa.BufferOutputStream()
    orc.write_table(plain.to_arrow(compat_level=pl.CompatLevel.oldest()), buffer)
    file.write(buffer.getvalue().to_pybytes())


Parts = Iterable[pl.DataFrame]
_WRITERS: dict[str, Callable[[Parts, IO[bytes], Dialect], object]] = {
    "csv": write_delimited,
    "tsv": write_delimited,
    "parquet": lambda parts, file, _: pl.concat(parts).write_parquet(file),
    "arrow": lambda parts, file, _: pl.concat(parts).write_ipc(file, compression="zstd"),
    "jsonl": lambda parts, file, _: pl.concat(parts).write_ndjson(file),
    "json": lambda parts, file, _: file.write(pl.concat(parts).write_json().encode()),
    "excel": _write_excel,
    "orc": _write_orc,
}
