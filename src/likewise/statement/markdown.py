"""A release sheet as Markdown, for a repository or a data catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from likewise.statement.blocks import Items, Paragraph, Table, sections, title_of
from likewise.statement.content import Statement
from likewise.statement.words import check_language


def render(sheet: Statement, lang: str = "en") -> str:
    """The whole text. Raises OptionError for a language that is not there."""
    check_language(lang)
    title, lead = title_of(sheet, lang)
    lines = [f"# {title}", "", _plain(lead)]
    for section in sections(sheet, lang):
        lines += ["", f"## {section.title}"]
        for block in section.blocks:
            lines += ["", *_lines(block)]
    return "\n".join(lines) + "\n"


def _lines(block: Paragraph | Items | Table) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield {"plain": "", "notice": "> ", "head": "### "}[block.kind] + _plain(block.text)
    elif isinstance(block, Items):
        yield from (f"- {_plain(text)}" for text in block.texts)
    else:
        width = len(block.rows[0]) if block.rows else len(block.heads)
        yield _line(block.heads or ("",) * width)
        yield "|" + " --- |" * width
        yield from map(_line, block.rows)


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(map(_plain, cells)) + " |"


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(text.split()))
