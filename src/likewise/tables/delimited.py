"""Delimited text (CSV, TSV and their kin) to columns of String and back, and what is wrong with it.

Every value stays the text it was: "007", "?" and "1e5" mean something only to inference, which sees whole columns.
An empty cell is null; a quoted empty cell is an empty string.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import IO

import numpy as np
import polars as pl

from likewise.errors import InputError, LikewiseWarning, OutputError
from likewise.schema.dialect import Dialect
from likewise.schema.distinct import Coding, Columns
from likewise.schema.infer_column import CONTEXT_TOKENS, SURE_TOKENS
from likewise.schema.keys import names_a_column
from likewise.schema.numbers import is_number
from likewise.tables.encoding import decoded
from likewise.tables.frames import NoRows, check_names
from likewise.tables.lacking import known_to_text
from likewise.tables.sniff import SAMPLE_LINES, Sniffed, csv_options, sniff
from likewise.tables.strays import tell_of_headers, without_blanks, without_headers, without_sums

# A line longer than this is taken for a file without lines: reading on would only fill the memory.
MAX_LINE_BYTES = 32 * 2**20
_SAMPLE_BYTES = 256 * 1024
BLOCK_BYTES = 4 * 2**20
"""So much is read at a time of a file that is read in blocks."""
_CHUNK_ROWS = 50_000
_SAY_HOW = "say how the file is written with --delimiter, --quote, --skip or --comment (dialect=Dialect(...) in Python)"


def read_delimited(
    data: bytes, what: str, *, dialect: Dialect | None = None, prefer: str | None = None, by_header: bool = False,
    in_blocks: bool = False,
) -> tuple[Columns, Dialect]:  # fmt: skip
    """A table of String columns, and how it was written.

    Args:
        data: the whole file, unpacked.
        what: how to call the file in errors.
        dialect: what the user says of how it is written; the rest is told from the file.
        prefer: the delimiter its ending suggests, taken if the header holds it.
        by_header: look at the first line alone to tell how the file is written, and let no error tell of a row.
        in_blocks: read a large file block by block, columns whose texts repeat as `Distinct`: in less memory than all
            its texts take, and more time.

    Raises:
        InputError: nothing but a header, lines of unequal length, columns that share a name, quotes never closed, a
            first line that holds data, an encoding or a delimiter that cannot be told.
    """
    given = dialect or Dialect()
    data, encoding = decoded(data, given.encoding, what, lenient=by_header)
    data, line_end = _with_plain_line_ends(data.rstrip(b"\x1a"))  # DOS marks the end of a file
    given = replace(given.told(line_end=line_end), encoding=encoding)
    if by_header:
        try:
            return _read(data, _by_header(data, given, prefer), what, strict=True)
        except _Ragged:
            raise InputError(
                f"{what}: every line must have as many cells as the header; a cell that holds the delimiter or a line "
                "end must stand in quotes"
            ) from None
    if given.comment_prefix is not None:
        data = re.sub(rb"(?m)^" + re.escape(given.comment_prefix.encode()) + rb"[^\n]*\n?", b"", data)
    found = sniff(_sample(data), replace(given, comment=None), prefer)
    if found.is_drawn and given.delimiter is None:
        raise InputError(
            f"{what} is a table drawn for reading, with lines of dashes (Markdown, or the screen of a database): "
            'save it as CSV (psql --csv, mysql --batch, sqlcmd -W -s ",", sqlite3 -csv)'
        )
    if found.doubt:
        raise InputError(f"{what}: it cannot be told {found.doubt}")
    if found.n_titles:
        n = found.dialect.skip
        warnings.warn(
            f"{what}: what stands before its header was left out (skip={n}); if it is part of the table, say skip=0",
            LikewiseWarning, stacklevel=2,
        )  # fmt: skip
    told = replace(found.dialect.told(decimal=_decimal(found), **_style(data, found)), comment=given.comment)
    if given.quote is None and _is_copied_out(data, told):
        told = replace(told, quote="none")
    return _read(data, replace(found, dialect=told), what, in_blocks=in_blocks)


def _style(data: bytes, found: Sniffed) -> dict[str, object]:
    """How cells are enclosed, as far as it changes no cell: so that they go out in the same way."""
    dialect, mark = found.dialect, found.dialect.quote_char or '"'
    lines = [line for line in _sample(data).split("\n")[dialect.skip or 0 :] if line][:SAMPLE_LINES]
    between = mark + (dialect.delimiter or ",") + " " * found.is_padded + mark
    n_ends = len(found.header) - 1
    all_quoted = all(line[0] == line[-1] == mark and line.count(between) == n_ends for line in lines)
    return {"quoting": "all" if all_quoted else None, "padded": found.is_padded or None}


def _is_copied_out(data: bytes, dialect: Dialect) -> bool:
    """Whether a table is as databases copy it out: a cell that holds quotation marks (JSON, say) has none around it."""
    mark = (dialect.quote_char or '"').encode()
    starts = (b"\t" + mark, b"\n" + mark)
    return dialect.delimiter == "\t" and mark in data and data[:1] != mark and not any(s in data for s in starts)


def _decimal(found: Sniffed) -> str | None:
    """A comma, where cells parted by semicolons hold numbers with commas and none with points, but for thousands
    (`1.234` beside `583`); else untold."""
    if found.dialect.delimiter != ";":
        return None
    cells = [[cell.strip() for cell in row] for row in found.rows]
    numbers = [cell for row in cells for cell in row if re.fullmatch(r"[-+]?[\d.]*\d,?\d*", cell)]
    pointed = [cell for cell in numbers if "." in cell]
    if not all(re.fullmatch(r"[-+]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?", cell) for cell in pointed):
        return None
    if any("," in cell for cell in numbers):
        return ","
    columns = (set(column) for column in zip(*(row for row in cells if len(row) == len(found.header)), strict=True))
    beside = any(any("." in c for c in column) and any(re.fullmatch(r"[1-9]\d{0,2}", c) for c in column) and
                 all("." in c or re.fullmatch(r"[-+]?\d{0,3}", c) for c in column) for column in columns)  # fmt: skip
    return "," if pointed and beside else None


class _Ragged(InputError):
    """Lines of unequal length, or quotes never closed."""


def _with_plain_line_ends(data: bytes) -> tuple[bytes, str]:
    """The bytes with lines that end in a line feed (and maybe a carriage return before it), and how they end."""
    first = data.find(b"\n", 0, MAX_LINE_BYTES)
    if first > 0 and data[first - 1 : first] == b"\r":
        return data, "\r\n"
    if first < 0 and b"\r" in data:
        return data.replace(b"\r", b"\n"), "\r"  # old Macintosh
    return data, "\n"


def _sample(data: bytes) -> str:
    """The first whole lines, or the first of all if it is a long one."""
    text = data[:_SAMPLE_BYTES]
    if len(data) > _SAMPLE_BYTES:
        if b"\n" not in text:
            text = data[: data.find(b"\n", 0, MAX_LINE_BYTES) + 1 or MAX_LINE_BYTES]
        text = text[: text.rfind(b"\n") + 1]
    return text.decode("utf-8", errors="ignore").replace("\r\n", "\n")


def _by_header(data: bytes, given: Dialect, prefer: str | None) -> Sniffed:
    """How the file is written by its first line, and what the user says."""
    lines = _sample(data).split("\n", (given.skip or 0) + 1)
    first = lines[given.skip or 0] + "\n" if len(lines) > (given.skip or 0) else ""
    plain = given.told(quote='"', escape="none", header=True, skip=0, comment="none")
    found = sniff(first, replace(plain, skip=0), prefer)
    return replace(found, dialect=plain.told(delimiter=found.dialect.delimiter), is_padded=False)


# ---- reading -----------------------------------------------------------------------------------------------------


def _read(
    data: bytes, found: Sniffed, what: str, *, strict: bool = False, in_blocks: bool = False
) -> tuple[Columns, Dialect]:
    """The table, by what was sniffed.

    Args:
        strict: neither guess whether the first line is data, nor repair anything by what rows hold.
    """
    dialect = found.dialect
    if not found.header and dialect.header is not False:
        raise InputError(f"{what} has no column names in its first line")
    has_header = dialect.header is not False
    width = len(found.header)
    surplus = Counter(len(row) for row in found.rows)[width + 1] > 0.8 * len(found.rows) and width > 1
    width += bool(surplus and not strict)
    body = _Body(data, dialect, width, (dialect.skip or 0) + found.n_header_lines * has_header, found.is_padded)
    table = (body.by_blocks() if in_blocks else None) or Columns.of(body.read(what, repair=not strict))
    if has_header:
        header = [name.strip() for name in found.header] if not strict else found.header
        table, header = _fit(table, header, what, strict=strict)
        dialect = dialect if all(header) else dialect.told(unnamed=True)
        n_lines, table = table.height, table if strict else without_headers(table, header)
        if dialect.header is None and not strict:
            known = (table.known(name, SAMPLE_LINES) for name in table.columns)
            refuse_data_as_names(known, what, header)
            _refuse_names_as_data(table.slice(0, SAMPLE_LINES).frame(), what)
        tell_of_headers(n_lines - table.height, what)
        names = _names(header, what)
    else:
        names = [f"column_{i + 1}" for i in range(width)]
    if table.height == 0:
        raise NoRows(f"{what} has a header with {len(names)} columns, but no rows")
    table = table.rename(names)
    if strict:
        return table, dialect
    return without_sums(without_blanks(table, what), what), replace(
        dialect.told(header=has_header), comment=body.dialect.comment
    )


class _Body:
    """The lines after the header.

    Args:
        data: (n bytes) the whole text in UTF-8.
        dialect: how it is written.
        width: cells of a line.
        n_before: lines before the first row.
        is_padded: a blank follows every delimiter.
    """

    def __init__(self, data: bytes, dialect: Dialect, width: int, n_before: int, is_padded: bool) -> None:
        self.data, self.dialect, self.width, self.n_before, self.is_padded = data, dialect, width, n_before, is_padded
        self.names = [f"c{i}" for i in range(width)]
        self.start = 0
        for _ in range(n_before):
            self.start = data.find(b"\n", self.start) + 1 or len(data)

    def read(self, what: str, *, repair: bool) -> pl.DataFrame:
        """The rows as text, every line cut into as many cells as the others.

        Raises:
            _Ragged: the first line of another length, or a quotation mark without its mate.
        """
        frame, is_sure = (None, False) if self._is_odd else self._by_polars(self.data, self.n_before)
        if frame is None or not is_sure:
            by_line = self._by_line(what, repair=repair)
            # The line reader takes a quoted empty cell for a missing one.
            empty = None if frame is None else frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
            frame = by_line if empty is None or not empty.equals(by_line) else frame
        assert frame is not None
        if self.is_padded and repair:
            text = pl.all().str.strip_chars(" ")
            frame = frame.with_columns(pl.when(text != "").then(text))
        return frame

    @property
    def _is_odd(self) -> bool:
        """Whether Polars' reader does not know lines written so."""
        odd = self.dialect.delimiter == " " or self.dialect.escape == "\\"
        return odd or (self.is_padded and re.search(rb' "', self.data[:_SAMPLE_BYTES]) is not None)

    def by_blocks(self) -> Columns | None:
        """The rows, columns whose texts repeat as `Distinct`; None of a small file, or where a doubt is left."""
        if self._is_odd or self.is_padded or len(self.data) - self.start < 2 * BLOCK_BYTES:
            return None
        columns = [Coding() for _ in self.names]
        for block in self._blocks():
            kinds = [coding.dtype for coding in columns]
            frame, is_sure = self._by_polars(block, 0, kinds)
            if frame is None or not is_sure:
                return None
            for coding, name in zip(columns, self.names, strict=True):
                coding.add(frame.drop_in_place(name))
        made = {name: coding.column() for name, coding in zip(self.names, columns, strict=True)}
        return Columns(made, columns[0].n_rows)

    def _blocks(self) -> Iterator[bytes]:
        """The rows some million bytes at a time, cut where lines end outside of quotation marks."""
        quote, start = (self.dialect.quote_char or "").encode(), self.start
        while start < len(self.data):
            stop = start + BLOCK_BYTES
            n_quotes = self.data.count(quote, start, stop) if quote else 0
            while start < stop < len(self.data):
                end = self.data.rfind(b"\n", start, stop)
                n_quotes -= self.data.count(quote, end, stop) if quote else 0
                stop = end
                if n_quotes % 2 == 0:
                    break
            stop = stop + 1 if start < stop < len(self.data) else len(self.data)
            yield self.data[start:stop]
            start = stop

    def _by_polars(
        self, data: bytes, n_before: int, kinds: Iterable[pl.DataType] = itertools.repeat(pl.String())
    ) -> tuple[pl.DataFrame | None, bool]:
        """The rows, and whether it is certain that they are right; quotation marks inside of cells leave a doubt.

        Args:
            data: the whole text, or a block of its rows.
            n_before: lines before the first row.
            kinds: String, or Categorical, of each column.
        """
        dialect, mark = self.dialect, (self.dialect.delimiter or ",").encode()
        start, schema = self.start if n_before else 0, dict(zip(self.names, kinds))  # noqa: B905 - kinds may be endless
        if start >= len(data):
            return pl.DataFrame(schema=schema), True
        quote = dialect.quote_char
        if quote is not None and quote.encode() not in data:
            quote = None  # Polars reads faster where it need not look for one
        try:
            frame = pl.read_csv(
                data, has_header=False, infer_schema=False, schema=schema,
                skip_lines=n_before, separator=dialect.delimiter or ",", quote_char=quote,
            )  # fmt: skip
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            return None, False
        inside = 0
        if quote is not None:
            text = pl.all().cast(pl.String).str
            n_marks, n_quotes = (
                sum(n or 0 for n in frame.select(text.count_matches(c, literal=True).sum()).row(0))
                for c in (mark.decode(), quote)
            )
            if n_quotes:
                return frame, False
            inside = n_marks
        # The reader refuses lines with too many cells and fills short ones in silence: so count the delimiters.
        parts = (np.frombuffer(data[i : i + BLOCK_BYTES], np.uint8) for i in range(start, len(data), BLOCK_BYTES))
        n_seen = sum(int(np.count_nonzero(part == mark[0])) for part in parts)  # in a third of the time of bytes.count
        lacking = frame.height * (self.width - 1) + inside - n_seen if self.width > 1 else 0
        return (None, False) if lacking or data[-1:] == b"\x1a" else (frame, True)

    def _lines(self) -> Iterator[str]:
        text = io.TextIOWrapper(io.BytesIO(self.data), encoding="utf-8", newline="")
        lines = itertools.islice(text, self.n_before, None)
        if self.dialect.delimiter == " ":
            return (line.strip() + "\n" for line in lines)
        return (line.removesuffix("\r\n") + "\n" if line.endswith("\r\n") else line for line in lines)

    def _by_line(self, what: str, *, repair: bool) -> pl.DataFrame:
        """The rows as Python's own reader cuts them, which tells of each mistake where it stands."""
        parts: list[pl.DataFrame] = []
        rows: list[list[str]] = []
        others: list[tuple[int, list[str]]] = []
        reader = csv.reader(self._lines(), **csv_options(self.dialect), strict=True, skipinitialspace=self.is_padded)
        comma = self.dialect.delimiter != " "
        try:
            for row in reader:
                cells = row if comma else [cell for cell in row if cell]
                if len(cells) == self.width:
                    rows.append(cells)
                elif len(others) < 1000 or repair:
                    others.append((self.n_before + reader.line_num, cells))
                if len(rows) >= _CHUNK_ROWS:
                    parts.append(self._frame(rows))
                    rows = []
        except csv.Error:
            raise _Ragged(
                f"{what} cannot be read as a table: a quotation mark is opened and not closed, or stands inside a "
                f"quoted cell without being doubled, about line {self.n_before + reader.line_num}; {_SAY_HOW}"
            ) from None
        frame = pl.concat([*parts, self._frame(rows)])
        self._judge(others, frame, what, repair=repair)
        return frame

    def _frame(self, rows: Sequence[Sequence[str]]) -> pl.DataFrame:
        frame = pl.DataFrame(rows, schema=dict.fromkeys(self.names, pl.String), orient="row")
        return frame.with_columns(pl.when(pl.all() != "").then(pl.all()))

    def _judge(self, others: list[tuple[int, list[str]]], frame: pl.DataFrame, what: str, *, repair: bool) -> None:
        """Accept blank lines, an end-of-file sign and comments; raise _Ragged at any other line of another length."""
        others = [(n, row) for n, row in others if "".join(row).strip(" \t\x1a")]
        if not others:
            return
        are_comments = all(row[0].startswith("#") for _, row in others)
        if repair and are_comments and not frame.to_series(0).str.starts_with("#").any():
            self.dialect = replace(self.dialect, comment="#")
            warnings.warn(
                f"{what}: {len(others)} lines that begin with # were left out as comments",
                LikewiseWarning, stacklevel=2,
            )  # fmt: skip
            return
        (line, row), n = others[0], len(others)
        is_last = n == 1 and frame.height > 1 and line > self.n_before + frame.height
        raise _Ragged(
            f"{what}: every line must have {self.width} cells as the header has; line {line} has {len(row)}, and {n} "
            f"line{'s' * (n > 1)} in all differ. "
            + ("It is the last one: if it holds a sum or a remark, take it out" if is_last else
               "Where a cell is empty, its delimiter must stand all the same"
               if all(len(row) < self.width for _, row in others) else
               f"A cell that holds the delimiter {self.dialect.delimiter!r} must stand in quotes; or {_SAY_HOW}")
        )  # fmt: skip


def _fit(table: Columns, header: list[str], what: str, *, strict: bool) -> tuple[Columns, list[str]]:
    """The table and its names, where lines end in a delimiter or begin with a row's name."""
    if strict:
        return table, header
    last = table.columns[-1]
    is_empty = table.height > 0 and table.width > 1 and not len(table.known(last, 1))
    if is_empty and (len(header) < table.width or not header[-1]):
        return table.select(table.columns[:-1]), header[: table.width - 1]
    if len(header) < table.width:
        warnings.warn(
            f"{what}: its lines begin with names or numbers of rows, which the header has no name for; it is row",
            LikewiseWarning, stacklevel=2,
        )  # fmt: skip
        header = ["row", *header]
    return table, header


def _names(header: list[str], what: str) -> list[str]:
    """The names, `column_3` for a third one that is empty; raises InputError when two are alike."""
    if not any(name.strip() for name in header):
        raise InputError(f"{what} has no column names in its first line")
    nameless = [i for i, name in enumerate(header) if not name]
    if nameless:
        header = [name or f"column_{i + 1}" for i, name in enumerate(header)]
        named = ", ".join(header[i] for i in nameless[:10])
        warnings.warn(f"{what}: columns without a name were named {named}", LikewiseWarning, stacklevel=2)
    check_names(header, what)
    if all(is_number(name) for name in header):
        warnings.warn(
            f"{what}: the first line holds only numbers and may be data; it was taken as {len(header)} column names",
            LikewiseWarning, stacklevel=2,
        )  # fmt: skip
    return header


_FORMS = tuple(map(re.compile, (
    r"\s*[-+]?\d{1,18}\s*", r"\s*[-+]?\d*[.,]\d+\s*", r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?",
    r"[^@\s]+@[^@\s]+\.[^@\s]+", r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}",
    r"\d{1,2}:\d\d(:\d\d.*)?", r"[-+]?[$€£¥]\s?[-\d.,]+|[-+]?[\d.,]+\s?[%$€£¥]", r"\+?[\d ()/.-]{7,20}",
)))  # fmt: skip
"""Forms that columns of data have and names hardly: whole numbers, decimals, dates, e-mail addresses, UUIDs, times,
money and shares, telephone numbers."""
_UNKNOWN = {*SURE_TOKENS, *CONTEXT_TOKENS}


SAY_HEADER = "say --no-header (dialect=Dialect(header=False) in Python) if it is one, --header if it holds names"


def refuse_data_as_names(columns: Iterable[pl.Series], what: str, names: Sequence[str], say: str = SAY_HEADER) -> None:
    """Raise InputError where the names of a table of texts look like a row of it.

    Args:
        columns: the rows; their own names are not looked at.
        what: how to call the file in the error.
        names: those of the first line, one a column.
        say: what to do.
    """
    if _is_data(columns, names):
        raise InputError(
            f"{what}: the first line looks like a row of data, and would be written out as the names of the columns; "
            + say
        )


def _refuse_names_as_data(frame: pl.DataFrame, what: str) -> None:
    """Raise InputError where the first of these rows looks like names: it is of words alone, none of which comes again,
    and two columns or more have a form in all rows but this one. Its title, or its own names, would name the columns.
    """
    frame = frame.filter(pl.any_horizontal(pl.all().is_not_null()))
    first = [(cell or "").strip() for cell in frame.row(0)] if frame.height > 5 else []
    if len(set(first)) < 2 or "" in first or any(form.fullmatch(cell) for form in _FORMS for cell in first):
        return
    below = [c.drop_nulls().to_list() for c in frame[1:].get_columns()]
    formed = [len(v) >= 5 and any(all(map(form.fullmatch, v)) for form in _FORMS) for v in below]
    if sum(formed) >= 2 and not any(cell in _UNKNOWN or cell in v for cell, v in zip(first, below, strict=True)):
        raise InputError(
            f"{what}: the line after the first looks like the names of the columns; say --skip with the number of lines"
            " before it (dialect=Dialect(skip=...) in Python) if it is, --header if it is a row"
        )


def _is_data(columns: Iterable[pl.Series], names: Sequence[str]) -> bool:
    """Whether the names look like a row: where a column has a form, its name has it too; or there are words alone, and
    nothing that tells names from them.

    Years, and numbers that count on in equal steps, are names of columns in many a table.
    """
    numbers, others, unsure, heads = [], 0, False, list[pl.Series]()
    for name, column in zip(names, columns, strict=True):
        heads.append(column.drop_nulls().head(SAMPLE_LINES))
        sample = [v for v in heads[-1].to_list() if v not in _UNKNOWN]
        fits = [(f, sum(f.fullmatch(v) is not None for v in sample)) for f in _FORMS]
        form = next((f for f, n in fits if sample and n >= 0.95 * len(sample)), None)
        if form is None or name in _UNKNOWN:
            continue
        if not form.fullmatch(name):
            return False
        if len(sample) < 5:
            unsure = True
        elif form in _FORMS[:2]:
            numbers.append(float(name.replace(",", ".")))
        else:
            others += 1
    if not numbers and not others:
        return not unsure and any(map(len, heads)) and not _are_names(heads, names)
    steps = {round(b - a, 9) for a, b in itertools.pairwise(numbers)}
    counts_on = len(steps) == 1 and (len(numbers) > 2 or steps == {1.0})
    return bool(others) or not (counts_on or all(1500 <= n <= 2200 and n.is_integer() for n in numbers))


def _are_names(columns: Sequence[pl.Series], names: Sequence[str]) -> bool:
    """Whether the first line of a table of words holds names: one of them is what columns are called, or they are
    written as values hardly are, by the share of ways of writing that come once only (Good 1953).

    That no other row has its words is no sign: somebody may live in a town and have a job that nobody else has.
    """
    chance = 1.0
    for name, column in zip(names, columns, strict=True):
        shapes = pl.Series(map(_shape, column.drop_nulls().to_list()), dtype=pl.String)
        if len(shapes) and name not in _UNKNOWN and not (shapes == _shape(name)).any():
            chance *= (int(shapes.is_unique().sum()) + 1) / (len(shapes) + 1)
    return chance <= max(0.05, 1 / (max(map(len, columns)) + 1)) or any(map(names_a_column, names))


def _shape(text: str) -> str:
    """How a text is written, not what it says.

    >>> _shape("Anna Meier"), _shape("first_name")
    ('Aa Aa', 'a_a')
    """
    kinds = ("A" if c.isupper() else "a" if c.isalpha() else "9" if c.isdigit() else c for c in text.strip())
    return re.sub(r"(.)\1+", r"\1", "".join(kinds))


# ---- writing -----------------------------------------------------------------------------------------------------


def write_delimited(parts: Iterable[pl.DataFrame], file: IO[bytes], dialect: Dialect) -> None:
    """Write a table as this dialect has it; decimal marks are in the texts already.

    Args:
        parts: its rows, some at a time.

    Raises:
        OutputError: the encoding has no such letters.
    """
    quote, sep = dialect.quote_char, f"sep={dialect.delimiter}\n" if dialect.sep_line else ""
    options: dict[str, object] = {
        "separator": dialect.delimiter or ",", "line_terminator": "\r\n" if dialect.line_end == "\r\n" else "\n",
    }  # fmt: skip
    is_own = quote is not None and (dialect.padded or dialect.escape == "\\")  # which Polars does not write
    options |= {"quote_style": "never"} if quote is None or is_own else {"quote_char": quote}
    options |= {"quote_style": "always"} if dialect.quoting == "all" and "quote_char" in options else {}
    as_it_is = (dialect.encoding or "utf-8").lower() in ("utf-8", "utf-8-sig") and dialect.line_end != "\r"
    encoding = (dialect.encoding or "utf-8").replace("utf-8-sig", "utf-8")
    for k, part in enumerate(parts if as_it_is else _chunks(parts)):
        options["include_header"] = k == 0 and dialect.header is not False
        options["include_bom"] = k == 0 and dialect.has_bom and not sep
        if k == 0 and sep and as_it_is:
            file.write(
                (sep if not dialect.has_bom else "\ufeff" + sep).replace("\n", str(options["line_terminator"])).encode()
            )
        if dialect.unnamed:
            lacking = [name for i, name in enumerate(part.columns) if name == f"column_{i + 1}"]
            part = part.rename(dict.fromkeys(lacking, "")) if len(lacking) == 1 else part
        part = part.with_columns(map(known_to_text, part))
        part = _dressed(part, dialect) if is_own else part
        if as_it_is:
            part.write_csv(file, **options)  # type: ignore[call-overload]
            continue
        text: str = (sep if k == 0 else "") + part.write_csv(**options)  # type: ignore[call-overload]
        text = text.replace("\n", "\r") if dialect.line_end == "\r" else text
        if k and encoding in ("utf-16", "utf-32"):
            encoding += "-le" if sys.byteorder == "little" else "-be"  # only the first part has a byte order mark
        try:
            file.write(text.encode(encoding))
        except UnicodeEncodeError:
            raise OutputError(
                f"the encoding {encoding} of the table that was read has not all of these letters; write another "
                "format, or say encoding=utf-8"
            ) from None


def _dressed(part: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """Cells and names with their quotation marks, escapes, and blanks before them."""
    quote, delimiter = dialect.quote_char or '"', dialect.delimiter or ","
    blank = " " if dialect.padded else ""
    need = "" if dialect.quoting == "all" else rf"[{re.escape(delimiter + quote)}\r\n]|^$|^ | $"

    def dressed(text: pl.Expr, before: str) -> pl.Expr:
        inner = text
        if dialect.escape == "\\":
            inner = text.str.replace_all("\\", "\\\\", literal=True)
        inner = inner.str.replace_all(quote, ("\\" if dialect.escape == "\\" else quote) + quote, literal=True)
        cell = pl.when(text.str.contains(need)).then(pl.concat_str(pl.lit(quote), inner, pl.lit(quote))).otherwise(text)
        return pl.concat_str(pl.lit(before), cell.fill_null(""))

    names = pl.DataFrame({"name": part.columns}).select(dressed(pl.col("name"), ""))["literal"].to_list()
    names = [blank * (i > 0) + name for i, name in enumerate(names)]
    cells = [dressed(pl.col(c).cast(pl.String), blank * (i > 0)).alias(names[i]) for i, c in enumerate(part.columns)]
    return part.select(cells)


def _chunks(parts: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    for part in parts:
        yield from (part[start : start + _CHUNK_ROWS] for start in range(0, max(part.height, 1), _CHUNK_ROWS))
