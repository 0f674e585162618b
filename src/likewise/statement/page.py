"""A release sheet as one HTML page: no script, nothing from outside, fit to be printed."""

from __future__ import annotations

from html import escape

from likewise.report.page import document
from likewise.statement.blocks import Items, Paragraph, Section, Table, sections, title_of
from likewise.statement.content import Statement
from likewise.statement.words import check_language, label

KINDS = {"plain": '<p class="prose">{}</p>', "notice": '<p class="notice">{}</p>', "head": "<h3>{}</h3>"}


def render(sheet: Statement, lang: str = "en") -> str:
    """The whole page. Raises OptionError for a language that is not there."""
    check_language(lang)
    title, lead = title_of(sheet, lang)
    parts = "".join(_section(section, lang) for section in sections(sheet, lang))
    body = (
        f'<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p></header>'
        f'<main class="sheet">{parts}</main><footer>likewise {escape(sheet.version)}</footer>'
    )
    return document(label("title", lang), body, lang, has_script=False)


def _section(section: Section, lang: str) -> str:
    blocks = "".join(_block(block, lang) for block in section.blocks)
    return (
        f'<section aria-labelledby="{section.name}"><h2 id="{section.name}">{escape(section.title)}</h2>'
        f"{blocks}</section>"
    )


def _block(block: Paragraph | Items | Table, lang: str) -> str:
    if isinstance(block, Paragraph):
        return KINDS[block.kind].format(escape(block.text))
    if isinstance(block, Items):
        return f'<ul class="notes">{"".join(f"<li>{escape(text)}</li>" for text in block.texts)}</ul>'
    return _table(block)


def _table(table: Table) -> str:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in table.heads)
    head = f"<thead><tr>{heads}</tr></thead>" if heads else ""
    rows = "".join(_row(table, at) for at in range(len(table.rows)))
    kind = " checklist" if table.marks else "" if table.heads else " facts"
    return f'<div class="scroll"><table class="text stack{kind}">{head}<tbody>{rows}</tbody></table></div>'


def _row(table: Table, at: int) -> str:
    first, *cells = table.rows[at]
    labels = table.heads[1:] or ("",) * len(cells)
    english = ' lang="en"' if table.english else ""
    mark = f' class="{table.marks[at]}"' if table.marks else ""
    told = "".join(
        f'<td data-label="{escape(name)}">{escape(cell)}</td>' for name, cell in zip(labels, cells, strict=True)
    )
    return f'<tr{mark}><th scope="row"{english}>{escape(first)}</th>{told}</tr>'
