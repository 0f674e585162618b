"""How a file of delimited text is written, told from its first lines: delimiter, quotes, and where the table begins."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from likewise.schema.dialect import Dialect

DELIMITERS = (",", ";", "\t", "|", "~", "^", "\x01", "\x1f")
SAMPLE_LINES = 200
_MOST_LINES_BEFORE = 30
_SEP = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_BLANKS = (
    "whether blanks stand between its cells, or inside the cells of one column; say which with --delimiter blank or "
    "--delimiter comma (dialect=Dialect(delimiter=...) in Python)"
)
_TITLE = (
    "whether its first line is a title, or the name of a single column; say --skip 1 if it is a title, --delimiter tab "
    "if there is one column (dialect=Dialect(...) in Python)"
)
Rows = list[list[str]]


@dataclass(frozen=True)
class Sniffed:
    """What was told.

    Args:
        dialect: with delimiter, quote, escape and skip.
        header: the first line of the table, cut into cells.
        n_header_lines: lines of text it takes.
        rows: some lines after it, cut into cells.
        is_padded: a blank follows every delimiter.
        n_titles: lines before the header that hold something.
        is_drawn: lines of dashes stand between names and rows, as in Markdown.
        doubt: what cannot be told, and what to say; empty where all is clear.
    """

    dialect: Dialect
    header: list[str]
    n_header_lines: int
    rows: Rows
    is_padded: bool = False
    n_titles: int = 0
    is_drawn: bool = False
    doubt: str = ""


def sniff(text: str, given: Dialect, prefer: str | None = None) -> Sniffed:
    """Tell how these first lines of a file are written.

    Args:
        text: lines that end in a line feed.
        given: what the user says; its fields are not told.
        prefer: the delimiter that the file's ending suggests, taken if the first line holds it.

    Example:
        >>> found = sniff("made by a machine\\n\\na;b;c\\n1,5;2;3\\n2,5;3;4\\n", Dialect())
        >>> found.dialect.delimiter, found.dialect.skip, found.header
        (';', 2, ['a', 'b', 'c'])
    """
    lines = text.splitlines(keepends=True)
    named = _SEP.fullmatch(lines[0].strip()) if lines and given.skip is None else None
    if named is not None:
        given = given.told(delimiter=named[1], skip=1, sep_line=True)
    lines = lines[given.skip or 0 :]
    if given.comment_prefix is not None:
        lines = [line for line in lines if not line.startswith(given.comment_prefix)]
    if prefer is not None and given.delimiter is None and any(prefer in line for line in lines[:1]):
        given = given.told(delimiter=prefer)
    found = max((_tried(lines, one) for one in _candidates(lines, given)), key=lambda t: t.rank)
    doubt = ""
    if found.width < 2 and given.delimiter is None:
        words = {len(line.split()) for line in lines if line.strip()}
        doubt = _BLANKS if len(words) == 1 and words != {1} and len(lines) > 2 else ""
        unused = next((d for d in DELIMITERS if not any(d in line for line in lines)), ",")
        found = _tried(lines, replace(found.dialect, delimiter=unused), one_column=True)
    start = found.begin if given.skip is None else 0
    if start and not _is_surely_before(found.rows[:start], found.rows[start:]):
        doubt = _TITLE
    before = found.ends[start - 1] if start else 0
    header, end = (found.rows[start], found.ends[start]) if start < len(found.rows) else ([], 0)
    rows = [row for row in found.rows[start + 1 :] if row]
    if len(header) > 1 and not header[-1] and rows and all(len(row) < len(header) for row in rows):
        header = header[:-1]  # only the line of names ends in a delimiter
    dialect = found.dialect.told(skip=before)
    if named is not None:
        dialect = given.told(quote=dialect.quote, escape=dialect.escape)
    return Sniffed(
        dialect=dialect,
        header=header,
        n_header_lines=end - before,
        rows=rows,
        is_padded=_is_padded(lines[before:], dialect.delimiter or ","),
        is_drawn=any(map(_is_rule, lines[:4])),
        n_titles=sum(bool("".join(row).strip()) for row in found.rows[:start]),
        doubt=doubt,
    )


def _is_rule(line: str) -> bool:
    """Whether a line is drawn: runs of dashes, one under each name of a column."""
    return (
        re.fullmatch(r"[\s|+:=-]*", line) is not None and len(re.findall(r"-{2,}|={2,}|(?<=[|:])-(?=[|:])", line)) > 1
    )


# ---- trying dialects ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Tried:
    """How well a dialect cuts the lines: `rows`, the line each ends at, and the row the table begins at."""

    dialect: Dialect
    rows: Rows
    ends: list[int]
    begin: int
    width: int
    rank: tuple[float, ...]


def _candidates(lines: list[str], given: Dialect) -> list[Dialect]:
    """Dialects that may be meant, the likeliest first."""
    head = "".join(lines[:SAMPLE_LINES])
    single = given.quote is None and len(re.findall(r"(?m)(?:^|[,;\t|])'[^'\n]*'(?=[,;\t|]|$)", head)) >= 0.3 * len(
        lines
    )
    quotes = [given.quote] if given.quote is not None else ['"', "'"] if single else ['"']
    escapes = [given.escape] if given.escape is not None else ["none", "\\"] if '\\"' in head else ["none"]
    if given.delimiter is not None:
        delimiters: Sequence[str] = (given.delimiter,)
    else:
        delimiters = [d for d in (*DELIMITERS, " ") if d in head] or [","]
    return [
        given.told(delimiter=delimiter, quote=quote, escape=escape)
        for delimiter, quote, escape in itertools.product(delimiters, quotes, escapes)
    ]


def _tried(lines: list[str], dialect: Dialect, *, one_column: bool = False) -> _Tried:
    rows, ends, is_clean = cut(lines[: SAMPLE_LINES + _MOST_LINES_BEFORE], dialect)
    widths = Counter(len(row) for row in rows if row)
    if not widths or one_column:
        begin = next((i for i, row in enumerate(rows) if row), 0)
        return _Tried(dialect, rows, ends, begin, 1, (0.0,))
    # Of a table the lines after the names are alike; a few lines before and after it may be of another length.
    width = max(widths, key=lambda w: (widths[w] * (w > 1), w))
    begin = _begin(rows, width)
    body = [row for row in rows[begin:] if row]
    agree = sum(len(row) == width for row in body) / max(len(body), 1)
    first = next((i for i, row in enumerate(rows) if row), 0)
    if dialect.delimiter == " " and not _are_blanks_meant(body, width):
        agree = 0.0
    if width < 2 or agree == 0:
        return _Tried(dialect, rows, ends, first, 1, (0.0,))
    formed = sum(map(_has_form, itertools.chain(*body[1:50]))) / max(sum(map(len, body[1:50])), 1)
    wrapped = sum(len(c) > 1 and c[0] == c[-1] == "'" for c in itertools.chain(*body[1:50]))
    rank = (round(agree, 1), float(is_clean), float(begin == first), -float(wrapped > 0), round(agree, 2),
            round(formed, 1), float(width))  # fmt: skip
    return _Tried(dialect, rows, ends, begin, width, rank)


def cut(lines: Sequence[str], dialect: Dialect) -> tuple[Rows, list[int], bool]:
    """Cells of these lines, the number of the line each row ends at, and whether every quotation mark has its mate."""
    options = csv_options(dialect)
    if dialect.delimiter == " ":
        lines = [line.strip() + "\n" for line in lines]
    # A blank between delimiter and quotation mark does not belong to the cell.
    reader = csv.reader(iter(lines), strict=True, skipinitialspace=dialect.delimiter != " ", **options)
    rows, ends, is_clean = [], [], True
    try:
        for row in reader:
            # Runs of blanks are one delimiter.
            rows.append([c for c in row if c] if dialect.delimiter == " " else row)
            ends.append(reader.line_num)
    except csv.Error as error:
        is_clean = "unexpected end" in str(error) or "larger" in str(error)
    return rows, ends, is_clean


def csv_options(dialect: Dialect) -> dict[str, Any]:
    """How Python's own reader is told of a dialect."""
    options: dict[str, Any] = {"delimiter": dialect.delimiter or ","}
    if dialect.quote_char is None:
        return options | {"quoting": csv.QUOTE_NONE}
    options["quotechar"] = dialect.quote_char
    if dialect.escape == "\\":
        options |= {"escapechar": "\\", "doublequote": False}
    return options


def _begin(rows: Rows, width: int) -> int:
    """The row with the names: the first of the table's width (or one less, where row names stand before the rows)
    after which the rows are alike."""
    for i, row in enumerate(rows[:_MOST_LINES_BEFORE]):
        after = [r for r in rows[i + 1 : i + 1 + SAMPLE_LINES] if r]
        if len(row) == width + 1 and not row[-1]:
            row = row[:-1]
        if (
            len(row) not in (width, width - 1)
            or not any(row)
            or (after and len(after[0]) != width and not after[0][0].startswith("#") and not _names_columns(row, after))
        ):
            continue
        if sum(len(r) == width for r in after) < 0.8 * len(after):
            continue
        if len(row) == width - 1 and not _lack_a_name(row, after, width):
            continue
        is_title = (width > 1 and not any(row[1:])) or row[0].lstrip().startswith(("#", "//"))
        if is_title and any(_names_columns(r, after[k + 1 :]) for k, r in enumerate(after[:4])):
            continue
        return i
    return next((i for i, row in enumerate(rows) if row), 0)


def _is_surely_before(before: Rows, table: Rows) -> bool:
    """Whether lines of another length are no part of the table: they are blank or comments, or a blank line parts them
    from it, or the line after them names the columns for sure."""
    said = [row[0].lstrip() for row in before if "".join(row).strip()]
    apart = not "".join(before[-1]).strip() or all(text.startswith(("#", "//")) for text in said)
    return apart or _names_columns(table[0], table[1:])


def _lack_a_name(header: list[str], rows: Rows, width: int) -> bool:
    """Whether the rows have one cell more than names: numbers or names of rows before them, or an empty one behind."""
    rows = [row for row in rows if len(row) == width]
    firsts = {row[0] for row in rows}
    return width > 2 and len(rows) > 1 and (len(firsts) == len(rows) or not any(row[-1] for row in rows))


def _names_columns(names: list[str], rows: Rows) -> bool:
    """Whether this line names the columns for sure: one of them has a form that its name has not."""
    rows = [row for row in rows if len(row) == len(names)]
    if not rows or not all(names):
        return False
    columns = zip(*rows, strict=True)
    return any(not _has_form(n) and all(map(_has_form, c)) for n, c in zip(names, columns, strict=True))


def _is_padded(lines: Sequence[str], delimiter: str) -> bool:
    """Whether a blank follows every delimiter, or nearly."""
    text = "".join(lines)
    return delimiter != " " and text.count(delimiter + " ") > 0.95 * text.count(delimiter) > 0


def _are_blanks_meant(body: Rows, width: int) -> bool:
    """Whether words of a line are cells: all lines have as many, and enough of them are numbers."""
    rows = [row for row in body if len(row) == width]
    if len(rows) < len(body) or len(rows) < 3:
        return False
    numbers = sum(all(map(_has_form, column)) for column in zip(*rows[1:], strict=True))
    return numbers == width or (width > 2 and 2 * numbers >= width)


_FORM = re.compile(
    r"[-+]?[\d.,']*\d[\d.,' ]*(?:[eE][-+]?\d+)?%?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T].*)?|\d{1,2}:\d\d(?::\d\d.*)?"
    r"|[^@\s]+@[^@\s]+\.[^@\s]+|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
)


def _has_form(cell: str) -> bool:
    """Whether a cell is a number, a date, a time, an e-mail address or a UUID."""
    return _FORM.fullmatch(cell.strip()) is not None
