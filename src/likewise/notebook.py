"""What results show in a notebook: small static HTML, without script, escaped, cut to a size a notebook can keep.

>>> card("Ledger", Table((), [("epsilon", "1.0")]))
'<div><b>Ledger</b><table><tbody><tr><th style="text-align:left">epsilon</th>...'
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from html import escape
from importlib import import_module
from typing import Any

MOST_BYTES = 30_000
"""Of one card; what is beyond is counted, not shown."""

MOST_LETTERS = 80
"""Of one cell."""

_LEFT = ' style="text-align:left"'


@dataclass(frozen=True)
class Table:
    """Rows of texts; the first cell of each names it.

    Args:
        heads: of the columns; none for names and what they are.
        marked: rows, by number, that are worse: they stand in bold.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A drawing, as SVG whose texts are escaped."""

    svg: str


def card(title: str, *parts: Table | Picture | str) -> str:
    """HTML of a result.

    Args:
        title: what it is.
        parts: tables, pictures and sentences, in order; as much of each as fits.
    """
    found, left = [f"<b>{_text(title)}</b>"], MOST_BYTES
    for at, part in enumerate(parts):
        share = left // 2 if isinstance(part, Picture) else left // (len(parts) - at)
        html = _part(part, share)
        found.append(html)
        left -= len(html.encode())
    return f"<div>{''.join(found)}</div>"


def _part(part: Table | Picture | str, most_bytes: int) -> str:
    if isinstance(part, Picture):  # half a picture is none
        return part.svg if len(part.svg.encode()) <= most_bytes else "<p>… a picture too large for a notebook</p>"
    return f"<p>{_text(part, 600)}</p>" if isinstance(part, str) else _table(part, most_bytes)


def _table(table: Table, most_bytes: int) -> str:
    """As many rows as fit; the rest is counted in a last one."""
    rows, left = [], most_bytes - 300
    for k, row in enumerate(_rows(table)):
        left -= len(row.encode())
        if left < 0:
            rows.append(f"<tr><td{_LEFT}>… {len(table.rows) - k:,} more</td></tr>")
            break
        rows.append(row)
    heads = "".join(f"<th{_LEFT}>{_text(head)}</th>" for head in table.heads)
    head = f"<thead><tr>{heads}</tr></thead>" if heads else ""
    return f"<table>{head}<tbody>{''.join(rows)}</tbody></table>"


def _rows(table: Table) -> Iterator[str]:
    for k, (name, *cells) in enumerate(table.rows):
        bold = ' style="font-weight:bold"' if k in table.marked else ""
        yield f"<tr{bold}><th{_LEFT}>{_text(name)}</th>{''.join(f'<td{_LEFT}>{_text(c)}</td>' for c in cells)}</tr>"


def _text(text: str, most: int = MOST_LETTERS) -> str:
    return escape(text if len(text) <= most else f"{text[: most - 1]}…")


@dataclass(frozen=True)
class Frame:
    """A page in a frame of its own: it runs its pictures and reaches nothing of the notebook around it.

    Args:
        page: a whole page of HTML.
        height: of the frame, in pixels.
    """

    page: str
    height: int = 800

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{escape(self.page)}" width="100%" height="{self.height}" '
            'style="border:0"></iframe>'
        )

    def __repr__(self) -> str:
        return f"Frame({len(self.page.encode()) / 1e6:.1f} MB)"


class Brief:
    """A dataclass (without a repr of its own) that shows itself in a line: short facts, and how much the others hold.

    Cells and places of rows do not stand in a log because somebody wrote a result to it.
    """

    def __repr__(self) -> str:
        shown = ", ".join(f"{f.name}={_brief(getattr(self, f.name))}" for f in fields(self) if f.repr)  # type: ignore[arg-type]
        return f"{type(self).__name__}({shown})"


def _brief(value: Any) -> str:
    shape, name = getattr(value, "shape", ()), type(value).__name__
    if shape:
        return f"{name} of {' x '.join(f'{n:,}' for n in shape)}"
    if isinstance(value, dict | list | tuple):
        return (
            f"{len(value):,} of {type(value[0]).__name__}" if value and name == "tuple" else f"{name} of {len(value):,}"
        )
    return repr(value) if isinstance(value, str | float | int | None) and len(repr(value)) <= MOST_LETTERS else name


def live_bar() -> Callable[[float, str], None] | None:
    """A bar below the running cell of a Jupyter notebook, as what sets its share done and the words beside it; None
    where there is no such notebook. It is one output that is written anew, so it needs no widgets."""
    module = sys.modules.get("IPython")  # a notebook has imported it
    shell = None if module is None else module.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    display = import_module("IPython.display")
    handle = display.display(display.HTML(""), display_id=True)

    def show(share: float, words: str) -> None:
        handle.update(display.HTML(f'<progress max="1" value="{share:.3f}"></progress> {escape(words)}'))

    return show
