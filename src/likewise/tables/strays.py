"""Lines of a table that are no rows of it: headers that come again, a last line of sums, lines of nothing behind it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence

import numpy as np

from likewise.errors import LikewiseWarning
from likewise.schema.distinct import Columns

# Words that a line of sums begins with.
_SUMS = {
    "total", "totals", "grand total", "sum", "summe", "gesamt", "somme", "итого", "всего", "合计", "总计", "合計", "計",
}  # fmt: skip


def without_headers(table: Columns, header: Sequence[str]) -> Columns:
    """Without rows that repeat the names, as files have them that were put one after the other.

    Args:
        table: columns of another type than text hold no names.
        header: the names as the file has them, one a column.
    """
    at = next((i for i, name in enumerate(header) if name), None)
    if at is None or table.width < 2:
        return table
    rows = table.holding(table.columns[at], header[at])
    again = [row for row in rows.tolist() if _are_names(table, row, header)]  # few: a cell is its column's name
    return table.rows(np.setdiff1d(np.arange(table.height), again)) if 0 < len(again) < table.height else table


def tell_of_headers(n: int, what: str) -> None:
    """Tell the user that n lines were left out, if any were."""
    if n:
        lines = "a line that repeats" if n == 1 else f"{n} lines that repeat"
        warnings.warn(f"{what}: {lines} the header, as in files put together, left out", LikewiseWarning, stacklevel=3)


def _are_names(table: Columns, row: int, header: Sequence[str]) -> bool:
    cells = table.rows(np.array([row])).frame().row(0)
    return all(str(cell or "").strip() == name for cell, name in zip(cells, header, strict=True))


def without_blanks(table: Columns, what: str) -> Columns:
    """Without the lines of delimiters alone that spreadsheets leave behind a table, of which no row before them is one;
    the user is told."""
    last = table.rows(np.array([table.height - 1])).frame().row(0) if table.height > 5 and table.width > 1 else ("x",)
    if any(cell is not None for cell in last):
        return table
    known = np.zeros(table.height, bool)
    for name in table.columns:
        known |= table.series(name).is_not_null().to_numpy()
    n = int(known.sum())
    if n == 0 or not known[:n].all():
        return table
    lines = "a line" if n == table.height - 1 else f"{table.height - n:,} lines"
    warnings.warn(f"{what}: {lines} without any value behind the table left out", LikewiseWarning, stacklevel=2)
    return table.slice(0, n)


def without_sums(table: Columns, what: str) -> Columns:
    """Without a last line of sums: its first cell says so, in a column that never says it elsewhere, and a number
    stands in another; the user is told."""
    n = table.height - 1
    last = table.rows(np.array([n])).frame().row(0) if n >= 5 else ("",)
    if str(last[0] or "").strip().rstrip(":").casefold() not in _SUMS:
        return table
    first = table.series(table.columns[0])
    if (first.head(n) == last[0]).any() or first.null_count():
        return table
    if not any(re.fullmatch(r"[-+\d.,' %]*\d[-+\d.,' %]*", "" if c is None else str(c)) for c in last[1:]):
        return table
    warnings.warn(f"{what}: its last line holds sums and was left out", LikewiseWarning, stacklevel=2)
    return table.slice(0, n)
