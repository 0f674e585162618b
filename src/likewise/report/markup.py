"""What the sections of a page are made of: the section itself, the key to its colours, tables. Texts come escaped,
but for heads of columns, which are escaped here."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

Cell = str | tuple[str, str]
"""What a cell holds, or that and its class."""
SIDES = (("r", "real"), ("s", "synthetic"))


def section(name: str, title: str, *parts: str) -> str:
    """A section with its heading, which links and tables name it by.

    >>> section("method", "Method", "<p>By hand.</p>")
    '<section aria-labelledby="method"><h2 id="method">Method</h2><p>By hand.</p></section>'
    """
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>{"".join(parts)}</section>'


def key(text: dict[str, str], sides: Iterable[tuple[str, str]] = SIDES, note: str | None = None) -> str:
    """What the colours stand for: class and name of each; by default of real and synthetic rows."""
    shown = "".join(f'<span><i class="{kind}"></i>{text[name]}</span>' for kind, name in sides)
    return f'<p class="key">{shown}{"" if note is None else f"<span>{escape(note)}</span>"}</p>'


def row(head: str, *cells: Cell, labels: Iterable[str] = ()) -> str:
    """A line of a table.

    Args:
        labels: what each cell is called where a narrow screen shows lines as stacks.
    """
    told = [f' data-label="{escape(label)}"' for label in labels] or [""] * len(cells)
    made = [(cell, "") if isinstance(cell, str) else cell for cell in cells]
    classes = (f' class="{kind}"' if kind else "" for _, kind in made)
    line = "".join(f"<td{k}{t}>{value}</td>" for (value, _), k, t in zip(made, classes, told, strict=True))
    return f'<tr><th scope="row">{head}</th>{line}</tr>'


def table(heads: Iterable[str], rows: Iterable[str], *, kind: str = "", about: str = "") -> str:
    """A table that scrolls sideways where it is too wide.

    Args:
        heads: of the columns; an empty one heads pictures.
        rows: lines, or whole bodies.
        kind: classes of the table.
        about: the section it belongs to, for a table that can be scrolled by keyboard.
    """
    top = "".join(f'<th scope="col">{escape(head)}</th>' if head else '<td aria-hidden="true"></td>' for head in heads)
    lines = "".join(rows)
    body = lines if lines.startswith("<tbody>") else f"<tbody>{lines}</tbody>"
    region = f' tabindex="0" role="region" aria-labelledby="{about}"' if about else ""
    classes = f' class="{kind}"' if kind else ""
    return f'<div class="scroll"{region}><table{classes}><thead><tr>{top}</tr></thead>{body}</table></div>'
