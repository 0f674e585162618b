"""The scores as a table in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from likewise.evaluate.results import GROUPS, Report
from likewise.report.advice import MARK, advice, alarms
from likewise.report.image_words import words_for
from likewise.report.rules import cells
from likewise.report.score_words import figure, label

if TYPE_CHECKING:
    from rich.padding import Padding
    from rich.table import Table

    from likewise.report.comparison import Comparison


LABEL_WIDTH = 20
"""Cells kept for the names of measures, which else break over three lines in a terminal of 80."""
ARROWS = {"lower": "↓", "higher": "↑", "floor": "="}
"""What is better, in one cell: with the words for it a table of attacks is wider than a terminal of 80."""


def summary_table(report: Report, *, lang: str = "en") -> Table:
    """A Rich table: each score beside its floor and its interval, in groups."""
    from rich.markup import escape
    from rich.table import Table

    text = words_for(report, lang)
    closing = f"{MARK} {text['alarm']}; " if alarms(report) else ""
    closing += f"{text['better']}: " + ", ".join(f"{ARROWS[way]} {text[f'better_{way}']}" for way in ARROWS) + "\n"
    table = Table(
        box=None, pad_edge=False, header_style="dim", caption_justify="left", caption_style="",
        caption=f"{closing}[bold]{text['now']}[/bold]: {escape(advice(report, lang))}" if report.scores else None,
    )  # fmt: skip
    table.add_column(text["measure"], min_width=LABEL_WIDTH)
    for head in ("value", "floor", "interval"):
        table.add_column(text[head], justify="right")
    table.add_column("")
    has_attacks = any(score.least_leak is not None for score in report)
    if has_attacks:
        table.add_column(text["sees_from"], justify="right")
    for group in GROUPS:
        scores = report.group(group)
        if scores:
            table.add_row(f"[bold]{text[group]}[/bold]")
        for score in scores:
            interval = "–".join(figure(score.name, end) for end in score.interval) if score.interval else ""
            table.add_row(
                _indented(label(score.name, lang)),
                f"[red]{MARK} {figure(score.name, score.value)}[/red]"
                if score.stands == "worse"
                else figure(score.name, score.value),
                figure(score.name, score.floor),
                interval,
                f"[dim]{ARROWS[score.better]}[/dim]",
                *([f"[dim]{figure('copies', score.least_leak)}[/dim]" if score.least_leak else ""] * has_attacks),
            )
    if report.rules:
        table.add_row(f"[bold]{text['rules']}[/bold]")
    for rule, real, synthetic, broken in map(cells, report.rules):
        is_kept = broken.startswith("0 ")
        shown = synthetic if is_kept else f"[red]{MARK} {synthetic}[/red]"
        table.add_row(_indented(rule), shown, real, *[""] * (2 + has_attacks))
    return table


def comparison_table(comparison: Comparison, *, lang: str = "en") -> Table:
    """A Rich table: each measure of every report beside the floor; the best in bold where the intervals can tell."""
    from rich.markup import escape
    from rich.table import Table

    text = words_for(comparison.reports[0], lang)
    table = Table(
        box=None, pad_edge=False, header_style="dim", caption_justify="left", caption_style="",
        caption=f"★ {text['star']}; {MARK} {text['alarm']}",
    )  # fmt: skip
    table.add_column(text["measure"], min_width=LABEL_WIDTH)
    for head in (text["floor"], *comparison.names):
        table.add_column(escape(head), justify="right")
    for group in GROUPS:
        lines = [line for line in comparison.scores if line.group == group]
        if lines:
            wins = (f"[dim]{text['wins'].format(n=n)}[/dim]" if n else "" for n in comparison.wins(group))
            table.add_row(f"[bold]{text[group]}[/bold]", "", *wins)
        for line in lines:
            floors = [s.floor for s in line.scores if s is not None]
            values = [figure(line.name, None if s is None else s.value) for s in line.scores]
            values = [f"[red]{MARK}[/red] {v}" if s is not None and s.stands == "worse" else v
                      for v, s in zip(values, line.scores, strict=True)]  # fmt: skip
            values = [f"[bold]★ {v}[/bold]" if i == line.best else v for i, v in enumerate(values)]
            table.add_row(_indented(label(line.name, lang)), figure(line.name, floors[0]), *values)
    return table


def _indented(text: str) -> Padding:
    """The name of a line below its group, each line of it where it is broken."""
    from rich.markup import escape
    from rich.padding import Padding

    return Padding(escape(text), (0, 0, 0, 2))
