"""A release sheet as sections of paragraphs and tables in one language: what page and Markdown have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from likewise.report.ledger import HEADS as LEDGER_HEADS
from likewise.report.ledger import cells as ledger_cells
from likewise.report.score_words import figure
from likewise.report.score_words import label as label_of_score
from likewise.report.words import words
from likewise.statement.checklist import percent, unit_of
from likewise.statement.content import Statement
from likewise.statement.facts import Known, KnownTable
from likewise.statement.said import told
from likewise.statement.sentences import PARTS
from likewise.statement.words import label

MOST_LEVELS = 12
"""Levels that are named; the JSON has all."""


@dataclass(frozen=True)
class Paragraph:
    """A few sentences."""

    text: str
    kind: Literal["plain", "notice", "head"] = "plain"


@dataclass(frozen=True)
class Items:
    """A list."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of cells, the first of each a heading.

    Args:
        marks: what stands beside each row's heading: how far an item is covered.
        english: whether the first column is English in every language.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[str, ...] = ()
    english: bool = False


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    name: str
    title: str
    blocks: tuple[Paragraph | Items | Table, ...] = field(default=())


def title_of(sheet: Statement, lang: str) -> tuple[str, str]:
    """Title and one line under it."""
    facts = sheet.facts
    n = f"{facts.n_rows:,}"
    lead = label(
        f"lead_{facts.what}", lang, method=facts.method, columns=len(facts.columns), version=sheet.version,
        tables=len(facts.tables), of="" if facts.root is None else label("lead_of", lang, root=facts.root),
        n=label("about" if facts.has_budget else "exactly", lang, n=n),
    )  # fmt: skip
    return label("title", lang), lead


def sections(sheet: Statement, lang: str) -> Iterator[Section]:
    """All sections that have something to say, in order."""
    yield Section("promise", label("promise", lang), tuple(_promise(sheet, lang)))
    yield Section("risks", label("risks", lang), (Items(tuple(said.text(lang) for said in sheet.risks)),))
    yield Section("checklist", label("checklist", lang), tuple(_checklist(sheet, lang)))
    if sheet.attacks:
        yield Section("attacks", label("attacks", lang), (_attacks(sheet, lang),))
    if sheet.facts.tables:
        yield Section("tables", label("tables", lang), (_tables(sheet, lang),))
    if sheet.facts.columns:
        public = "columns" if sheet.facts.has_budget else "columns_plain"
        yield Section("columns", label(public, lang), (_columns(sheet, lang),))
    if sheet.facts.has_budget:
        yield Section("ledger", label("ledger", lang), (_ledger(sheet, lang),))
    yield Section("assessment", label("assessment", lang), tuple(_assessment(sheet, lang)))


def _promise(sheet: Statement, lang: str) -> Iterator[Paragraph | Table]:
    facts = sheet.facts
    if facts.has_budget and sheet.attacks:
        yield Paragraph(label("for_holder", lang), "notice")
    if not facts.has_budget:
        yield Paragraph(told(sheet["parameters"].said, lang))
        return
    unit = unit_of(facts).text(lang)
    rows = (
        ("ε", f"{facts.epsilon:.4g}"),
        ("δ", f"{facts.delta:.4g}"),
        (label("unit", lang), unit),
        (label("adjacency", lang), label("adjacency_text", lang, unit=unit)),
        (label("guess", lang), label("guess_text", lang, guess=percent(facts.guess))),
        (label("trust", lang), label("central", lang)),
    )
    yield Table((), rows)


def _checklist(sheet: Statement, lang: str) -> Iterator[Paragraph | Table]:
    yield Paragraph(label("checklist_note" if sheet.facts.has_budget else "checklist_note_plain", lang))
    for part, items in PARTS.items():
        found = [answer for answer in sheet.checklist if answer.item in items]
        if found:
            yield Paragraph(label(f"part_{part}", lang), "head")
            rows = tuple((a.title(lang), label(a.standing, lang), told(a.said, lang)) for a in found)
            yield Table((), rows, tuple(a.standing for a in found))


def _attacks(sheet: Statement, lang: str) -> Table:
    text = words(lang)
    heads = (*(text[head] for head in ("measure", "value", "floor", "interval", "rows")), label("power", lang))
    rows = tuple(
        (
            label_of_score(s.name, lang), figure(s.name, s.value), figure(s.name, s.floor),
            "" if s.interval is None else " – ".join(figure(s.name, end) for end in s.interval), f"{s.n:,}",
            "–" if s.least_leak is None else figure("copies", s.least_leak),
        )
        for s in sheet.attacks
    )  # fmt: skip
    return Table(heads, rows)


def _tables(sheet: Statement, lang: str) -> Table:
    heads = tuple(label(head, lang) for head in ("table", "rows", "stands"))
    return Table(heads, tuple((t.name, f"{t.n_rows:,}", _stands(t, lang)) for t in sheet.facts.tables))


def _stands(table: KnownTable, lang: str) -> str:
    if table.is_kept:
        return label("stands_kept", lang)
    if table.root != table.name:
        return label("stands_of", lang, root=table.root)
    return label("stands_people" if table.is_people else "stands_root", lang)


def _columns(sheet: Statement, lang: str) -> Table:
    heads = [label(head, lang) for head in ("column", "kind", "role")]
    rows = [[c.called, _kind(c, lang), label(f"role_{c.role}", lang)] for c in sheet.facts.columns]
    if sheet.facts.what == "rows":
        heads, rows = [heads[0], heads[2]], [[row[0], row[2]] for row in rows]
    if sheet.facts.has_budget:
        heads.append(label("declared", lang))
        rows = [[*row, _declared(c, lang)] for row, c in zip(rows, sheet.facts.columns, strict=True)]
    return Table(tuple(heads), tuple(map(tuple, rows)))


def _kind(column: Known, lang: str) -> str:
    return words(lang).get(f"kind_{column.kind}") or (label("kind_id", lang) if column.kind == "id" else "")


def _declared(column: Known, lang: str) -> str:
    """What is public of a column, in a few words."""
    parts = []
    comma = "、" if lang == "zh" else ", "
    if column.levels is not None:
        names, more = comma.join(column.levels[:MOST_LEVELS]), len(column.levels) - MOST_LEVELS
        names = label("levels_more", lang, names=names, more=more) if more > 0 else names
        parts.append(label("levels", lang, n=len(column.levels), names=names))
    if column.bounds is not None:
        parts.append(label("bounds", lang, low=column.bounds[0], high=column.bounds[1]))
    if column.format is not None:
        parts.append(label("format", lang, format=column.format))
    if column.nullable is not None:
        parts.append(label("missing_allowed" if column.nullable else "missing_never", lang))
    return ("；" if lang == "zh" else "; ").join(parts) or "–"


def _ledger(sheet: Statement, lang: str) -> Table:
    text = words(lang)
    heads = tuple(text[f"ledger_{head}"] for head in LEDGER_HEADS)
    rows = tuple(
        (str(entry["what"]), *(value for _, value in ledger_cells(entry, text))) for entry in sheet.facts.entries
    )
    return Table(heads, rows, english=True)


def _assessment(sheet: Statement, lang: str) -> Iterator[Paragraph]:
    yield Paragraph(label("assessment_note", lang), "notice")
    for heading, said in sheet.assessment:
        yield Paragraph(label(heading, lang), "head")
        yield Paragraph(told(said, lang))
