"""The page of a comparison: each measure of every report, and how far apart each column is."""

from __future__ import annotations

from html import escape
from itertools import groupby

from likewise.evaluate.results import Score
from likewise.report import charts
from likewise.report.advice import MARK
from likewise.report.comparison import ComparedScore, Comparison
from likewise.report.image_words import words_for
from likewise.report.markup import row, section, table
from likewise.report.notes import note_in
from likewise.report.page import document, interval_text
from likewise.report.score_words import figure, label
from likewise.report.words import error_text, words


def render(comparison: Comparison, *, lang: str = "en") -> str:
    """The whole page. Raises OptionError for a language that is not there."""
    text = words_for(comparison.reports[0], lang)
    notes = "".join(f'<p class="notice">{escape(note_in(note, lang))}</p>' for note in comparison.notes)
    body = (
        f'<a class="skip" href="#scores">{text["skip"]}</a><header><h1>{text["comparison"]}</h1>'
        f'<p class="lead">{escape(", ".join(comparison.names))}</p></header><main>{notes}'
        f'<p class="notice">{escape(text["comparison_note"].format(mark=MARK))} {escape(text["not_dp"])}</p>'
        f"{section('scores', text['scores'], scores_table(comparison, lang))}{_columns(comparison, text)}</main>"
    )
    return document(text["comparison"], body, lang)


def scores_table(comparison: Comparison, lang: str) -> str:
    """One line a measure, one column a report."""
    text = words_for(comparison.reports[0], lang)
    bodies = []
    for group, lines in groupby(comparison.scores, key=lambda line: line.group):
        rows = "".join(_line(line, lang) for line in lines)
        wins = "".join(f"<td>{text['wins'].format(n=n) if n else ''}</td>" for n in comparison.wins(group))
        title = f'<th scope="rowgroup" colspan="2">{text[group]}</th>{wins}'
        bodies.append(f'<tbody><tr class="group">{title}</tr>{rows}</tbody>')
    heads = (text["measure"], text["floor"], *comparison.names)
    return table(heads, bodies, kind="compared", about="scores")


def _line(line: ComparedScore, lang: str) -> str:
    there = [s for s in line.scores if s is not None]
    floors = {figure(line.name, s.floor) for s in there}
    floor = floors.pop() if len(floors) == 1 else " – ".join(sorted(floors))
    domain = charts.domain(*there)
    star_told = escape(words(lang)["star"])
    cells = []
    for i, score in enumerate(line.scores):
        star = f'<span role="img" aria-label="{star_told}">★</span> ' if i == line.best else ""
        cells.append((star + _cell(score, lang, domain), "value" if i == line.best else ""))
    meaning = f"<small>{escape(there[0].text('meaning', lang))}</small>"
    return row(escape(label(line.name, lang)) + meaning, (floor, "soft"), *cells)


def _cell(score: Score | None, lang: str, domain: tuple[float, float]) -> str:
    if score is None:
        return "–"
    value = f"{MARK} " * (score.stands == "worse") + figure(score.name, score.value)
    alt = f"{label(score.name, lang)}: {value} ({interval_text(score)})" if score.interval else value
    under = f"<small>{interval_text(score)}</small>" if score.interval else ""
    return f"{value}{under}{charts.strip(score, alt, domain)}"


def _columns(comparison: Comparison, text: dict[str, str]) -> str:
    lines = comparison.columns
    if not lines:
        return ""
    top = max((e or 0.0) for _, errors in lines for e in errors) or 1.0
    rows = (
        row(escape(name), *(f'{error_text(e)}<b class="bar" style="width:{_share(e, top)}"></b>' for e in errors))
        for name, errors in lines
    )
    found = table((text["column"], *comparison.names), rows, kind="compared", about="columns")
    return section("columns", text["column_errors"], found)


def _share(error: float | None, top: float) -> str:
    return f"{100 * (error or 0.0) / top:.1f}%"
