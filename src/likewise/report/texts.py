"""A report as Markdown, and reports and comparisons as small tables for a notebook."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from likewise.evaluate.results import GROUPS, Report, Score
from likewise.notebook import Table, card
from likewise.report.advice import MARK, advice, beyond
from likewise.report.comparison import Comparison
from likewise.report.image_words import words_for
from likewise.report.notes import note_in
from likewise.report.rules import HEADS, cells
from likewise.report.score_words import figure, label
from likewise.report.words import error_text

MOST_COLUMNS = 20
"""So many columns stand in Markdown, those furthest apart."""


def report_card(report: Report, *, lang: str = "en") -> str:
    """The scores beside their floors, what to do now, and the columns furthest apart."""
    text = words_for(report, lang)
    if report.is_withheld:
        return card(text["title"], text["withheld"])
    scores = [score for group in GROUPS for score in report.group(group)]
    heads = tuple(text[head] for head in ("measure", "value", "floor", "interval"))
    marked = frozenset(k for k, score in enumerate(scores) if score.stands == "worse")
    figures = Table(heads, [_score_cells(score, lang) for score in scores], marked)
    return card(text["title"], _facts(report, text), advice(report, lang), figures, _columns(report, text))


def comparison_card(comparison: Comparison, *, lang: str = "en") -> str:
    """A line a measure, a column a report."""
    text = words_for(comparison.reports[0], lang)
    heads = (text["measure"], text["floor"], *comparison.names)
    rows = []
    for line in comparison.scores:
        floor = next((s.floor for s in line.scores if s is not None), None)
        values = [
            f"{figure(line.name, None if s is None else s.value)}{' ★' if k == line.best else ''}"
            for k, s in enumerate(line.scores)
        ]
        rows.append((label(line.name, lang), figure(line.name, floor), *values))
    return card(text["comparison"], Table(heads, rows), *(note_in(note, lang) for note in comparison.notes))


def to_markdown(report: Report, *, lang: str = "en") -> str:
    """Title, what to do now, the scores in groups, the columns furthest apart, and notes."""
    text = words_for(report, lang)
    parts = [f"# {text['title']}"]
    if report.is_withheld:
        return "\n\n".join([*parts, text["withheld"]]) + "\n"
    parts += [_plain(_facts(report, text)), f"**{text['now']}:** {_plain(advice(report, lang))}"]
    heads = [text[head] for head in ("measure", "value", "floor", "interval")]
    for group in GROUPS:
        if scores := report.group(group):
            parts += [f"## {text[group]}", _markdown(heads, [_score_cells(score, lang) for score in scores])]
    if report.columns:
        columns = _columns(report, text)
        parts += [f"## {text['columns']}", _markdown(columns.heads, columns.rows[:MOST_COLUMNS])]
    if report.rules:
        parts += [f"## {text['rules']}", _markdown([text[head] for head in HEADS], [cells(r) for r in report.rules])]
    notes = "\n".join(f"- {_plain(note_in(note, lang))}" for note in report.notes)
    parts += [f"## {text['notes']}", notes] if notes else []
    return "\n\n".join([*parts, f"*{text['floor_legend']} {text['not_dp']}*"]) + "\n"


def _facts(report: Report, text: dict[str, str]) -> str:
    data = report.data
    told = text["facts"].format(
        synthetic=f"{data.get('rows_synthetic', 0):,}", real=f"{data.get('rows_real', 0):,}",
        columns=data.get("columns", len(report.columns)), tables=data.get("tables", 1), size=data.get("image_size", ""),
    )  # fmt: skip
    held = f"{data['rows_holdout']:,}" if data.get("rows_holdout") else ""
    return told + (text["facts_holdout"].format(holdout=held) if held else "")


def _score_cells(score: Score, lang: str) -> tuple[str, ...]:
    mark = f"{MARK} " if score.stands == "worse" else ""
    interval = " – ".join(figure(score.name, end) for end in score.interval or ())
    return (
        label(score.name, lang), mark + figure(score.name, score.value), figure(score.name, score.floor), interval,
    )  # fmt: skip


def _columns(report: Report, text: dict[str, str]) -> Table:
    marked = beyond(report)
    columns = sorted(report.columns, key=lambda c: -(c.error or 0.0))
    rows = [
        (c.name, text.get(f"kind_{c.kind}", c.kind), f"{MARK} " * (c.name in marked) + error_text(c.error),
         error_text(c.floor))
        for c in columns
    ]  # fmt: skip
    heads = tuple(text[head] for head in ("column", "kind", "error", "floor"))
    return Table(heads, rows, frozenset(k for k, c in enumerate(columns) if c.name in marked))


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(_lines(heads, rows))


def _lines(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|---|{'---:|' * (len(heads) - 1)}"
    for row in rows:
        yield f"| {' | '.join(map(_plain, row))} |"


def _plain(text: str) -> str:
    """A text with nothing that Markdown, or HTML in it, would take for its own; line ends become spaces."""
    escaped = re.sub(r"([\\`*_|\[\]#~])", r"\\\1", re.sub(r"\s+", " ", text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")
