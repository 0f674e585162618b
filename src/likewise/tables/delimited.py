"""Delimited text (CSV, TSV and their kin) to columns of String: encoding, delimiter, header, and what is wrong with it.

Every value stays the text it was: "007", "?" and "1e5" mean something only to inference, which sees whole columns.
An empty cell is null; a quoted empty cell is an empty string.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
import warnings
from collections import Counter
from itertools import islice

import polars as pl

from likewise.errors import InputError, LikewiseWarning
from likewise.schema.numbers import is_number

DELIMITERS = (",", ";", "\t", "|")
# A line longer than this is taken for a file without lines: reading on would only fill the memory.
MAX_LINE_BYTES = 32 * 2**20
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SAMPLE_BYTES = 256 * 1024
_SAMPLE_LINES = 200


def read_delimited(data: bytes, what: str, *, prefer: str | None = None, by_header: bool = False) -> pl.DataFrame:
    """A table of String columns.

    Args:
        data: the whole file, unpacked.
        what: how to call the file in errors.
        prefer: the delimiter its ending suggests, taken if the header holds it.
        by_header: look at the first line alone to tell how the file is written, and let no error tell of a row.

    Raises:
        InputError: nothing but a header, lines of unequal length, columns that share a name, quotes never closed.
    """
    if by_header:
        try:
            data, sample = _as_its_header(data)
            return _read_delimited(data, sniff(sample, prefer), what)
        except _Ragged:
            raise InputError(
                f"{what}: every line must have as many cells as the header; a cell that holds the delimiter or a line "
                "end must stand in quotes"
            ) from None
    data = to_utf8(data, what)
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")  # old Macintosh line ends
    frame = _read_delimited(data, sniff(data[:_SAMPLE_BYTES].decode("utf-8", errors="ignore"), prefer), what)
    if _is_data(frame):
        raise InputError(
            f"{what}: the first line looks like a row of data, and would be written out as the names of the columns; "
            "put a line of names before it"
        )
    return frame


class _Ragged(InputError):
    """Lines of unequal length, or quotes never closed."""


def _as_its_header(data: bytes) -> tuple[bytes, str]:
    """The text in UTF-8 with plain line ends, and its first line; a byte that is no text changes its own cell only."""
    encoding = "utf-8"
    for mark, name in _BOMS:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], name
            break
    text = data.decode(encoding, errors="replace")
    first = re.split("[\r\n]", text[:MAX_LINE_BYTES], maxsplit=1)[0]
    if text[len(first) : len(first) + 2] not in ("\r\n", "") and text[len(first)] == "\r":
        text = text.replace("\r", "\n")  # old Macintosh line ends
    return text.encode("utf-8"), first


def _read_delimited(data: bytes, delimiter: str, what: str) -> pl.DataFrame:
    header = _header(data, delimiter, what)
    data = _without_last_blank_lines(data, len(header))
    try:
        frame = pl.read_csv(
            io.BytesIO(data), has_header=True, infer_schema=False, separator=delimiter, new_columns=_stand_ins(header)
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        _complain_of_ragged(data, delimiter, header, what)
        raise _Ragged(f"{what} cannot be read as a table: a quotation mark is opened and not closed, or stands "
                         "inside a quoted cell without being doubled") from None  # fmt: skip
    if frame.width != len(header) or _n_missing_delimiters(data, frame, header, delimiter):
        frame = _drop_blank_lines(frame, _complain_of_ragged(data, delimiter, header, what))
    if frame.height == 0:
        raise InputError(f"{what} has a header with {len(header)} columns, but no rows")
    return frame.rename(dict(zip(frame.columns, header, strict=True)))


_FORMS = tuple(map(re.compile, (
    r"\s*-?\d{1,18}\s*", r"\s*-?\d*[.,]\d+\s*", r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?",
    r"[^@\s]+@[^@\s]+\.[^@\s]+", r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}",
)))  # fmt: skip
"""Forms that columns of data have and names hardly: whole numbers, decimals, dates, e-mail addresses, UUIDs."""


def _is_data(frame: pl.DataFrame) -> bool:
    """Whether the names of the columns look like a row of them: where a column has a form, its name has it too.

    Years, and numbers that count on in equal steps, are names of columns in many a table.
    """
    numbers, others, known = [], 0, 0
    for name in frame.columns:
        sample = frame[name].drop_nulls().head(_SAMPLE_LINES).to_list()
        known += name in sample
        form = next((f for f in _FORMS if len(sample) >= 5 and all(map(f.fullmatch, sample))), None)
        if form is None:
            continue
        if not form.fullmatch(name):
            return False
        if form in _FORMS[:2]:
            numbers.append(float(name.replace(",", ".")))
        else:
            others += 1
    if not numbers and not others:
        return known > 1 and known >= 0.5 * frame.width
    steps = {round(b - a, 9) for a, b in itertools.pairwise(numbers)}
    counts_on = len(steps) == 1 and (len(numbers) > 2 or steps == {1.0})
    return bool(others) or not (counts_on or all(1500 <= n <= 2200 and n.is_integer() for n in numbers))


def _stand_ins(header: list[str]) -> list[str]:
    return [f"column_{i}" for i in range(len(header))]


def to_utf8(data: bytes, what: str) -> bytes:
    """The text in UTF-8, without a byte order mark.

    Raises:
        InputError: bytes that are no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            body = data[len(mark) :]
            if encoding == "utf-8":
                data = body
                break
            try:
                return body.decode(encoding).encode("utf-8")
            except UnicodeError:
                raise InputError(f"{what} begins like {encoding.upper()} text, but is damaged or cut off") from None
    if b"\0" in data[:_SAMPLE_BYTES]:
        raise InputError(f"{what} holds binary data, not a table; give CSV, TSV, Parquet, Arrow or JSON lines")
    if _is_utf8(data):
        return data
    try:
        text = data.decode("cp1252")
        encoding = "Windows-1252"
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        encoding = "Latin-1"
    controls = sum(text.count(chr(c)) for c in range(9)) + sum(text.count(chr(c)) for c in range(14, 32))
    if controls > 0.01 * len(text):
        raise InputError(f"{what} holds binary data, not a table; give CSV, TSV, Parquet, Arrow or JSON lines")
    warnings.warn(
        f"{what} is not UTF-8; it was read as {encoding}. If letters look wrong, convert it to UTF-8",
        LikewiseWarning, stacklevel=2,
    )  # fmt: skip
    return text.encode("utf-8")


def _is_utf8(data: bytes, chunk: int = 2**24) -> bool:
    """Whether the bytes are UTF-8, without holding a decoded copy of the whole."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    try:
        for start in range(0, len(data), chunk):
            decoder.decode(view[start : start + chunk], start + chunk >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def sniff(sample: str, prefer: str | None = None) -> str:
    """The delimiter that cuts most of the first lines into the same number of cells, and into most cells.

    Example:
        >>> sniff("a;b;c\\n1,5;2;3\\n2,5;3;4\\n")
        ';'
    """
    lines = [line for line in sample.splitlines()[:-1] or sample.splitlines() if line.strip()][:_SAMPLE_LINES]
    if prefer and lines and prefer in lines[0]:
        return prefer
    best, best_score = prefer or ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        agree = widths.count(widths[0]) / len(widths)
        if (agree, widths[0]) > best_score:
            best, best_score = delimiter, (agree, widths[0])
    return best


def _header(data: bytes, delimiter: str, what: str) -> list[str]:
    """The names in the first line, `column_3` for a third one that is empty; raises InputError when two are alike."""
    end = min(len(data), MAX_LINE_BYTES)
    lines = io.StringIO(data[:end].decode("utf-8", errors="ignore"), newline="")
    try:
        header = next(iter(csv.reader(lines, delimiter=delimiter)), [])
    except csv.Error:
        raise InputError(f"{what}: the header cannot be read; a quotation mark may not be closed") from None
    if not header or not any(name.strip() for name in header):
        raise InputError(f"{what} has no column names in its first line")
    nameless = [i for i, name in enumerate(header) if not name]
    if nameless:
        header = [name or f"column_{i + 1}" for i, name in enumerate(header)]
        named = ", ".join(header[i] for i in nameless[:10])
        warnings.warn(f"{what}: columns without a name were named {named}", LikewiseWarning, stacklevel=2)
    twice = [name for name, n in Counter(header).items() if n > 1]
    if twice:
        named = ", ".join(map(repr, twice[:10]))
        raise InputError(f"{what}: column names must differ, these come more than once: {named}")
    if all(is_number(name) for name in header):
        warnings.warn(
            f"{what}: the first line holds only numbers and may be data; it was taken as {len(header)} column names",
            LikewiseWarning, stacklevel=2,
        )  # fmt: skip
    return header


def _without_last_blank_lines(data: bytes, width: int) -> bytes:
    """Blank lines at the end say nothing, but in a table of one column, where each is a missing cell."""
    return data.rstrip(b"\r\n") + b"\n" if width > 1 else data


def _n_missing_delimiters(data: bytes, frame: pl.DataFrame, header: list[str], delimiter: str) -> int:
    """How many delimiters lack for all lines to be of one length; 0 proves that none is short.

    The reader refuses lines with too many cells and fills short ones in silence, so this count has to find those:
    (rows + 1) * (columns - 1) delimiters, and those inside quoted cells.
    """
    if frame.width < 2 or not frame.get_columns()[-1].has_nulls():
        return 0
    mark = delimiter.encode()
    inside = sum(name.count(delimiter) for name in header)
    if b'"' in data:
        counted = frame.select(pl.all().str.count_matches(delimiter, literal=True).sum())
        inside += int(counted.sum_horizontal()[0] or 0)
    return (frame.height + 1) * (frame.width - 1) + inside - data.count(mark)


def _complain_of_ragged(data: bytes, delimiter: str, header: list[str], what: str) -> list[int]:
    """Raise InputError at the first line of another length; give back which rows are blank lines if there is none."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    reader = csv.reader(lines, delimiter=delimiter)
    ragged, first, blank = 0, (0, 0), []
    try:
        for row_number, row in enumerate(islice(reader, 1, None)):
            if not row:
                blank.append(row_number)
            elif len(row) != len(header):
                ragged += 1
                first = first if first[0] else (reader.line_num, len(row))
    except csv.Error:
        return blank
    if ragged:
        raise _Ragged(
            f"{what}: every line must have {len(header)} cells as the header has; line {first[0]} has {first[1]}, "
            f"and {ragged} line{'s' * (ragged > 1)} in all differ. "
            f"A cell that holds the delimiter {delimiter!r} must stand in quotes"
        )
    return blank


def _drop_blank_lines(frame: pl.DataFrame, blank: list[int]) -> pl.DataFrame:
    if not blank or frame.width < 2:
        return frame
    rows = pl.int_range(frame.height, eager=True)
    return frame.filter(~rows.is_in(blank))
