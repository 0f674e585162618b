"""The scores as a table in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from likewise.evaluate.results import GROUPS, Report
from likewise.report.score_words import figure, label
from likewise.report.words import words

if TYPE_CHECKING:
    from rich.table import Table


def summary_table(report: Report, *, lang: str = "en") -> Table:
    """A Rich table: each score beside its floor and its interval, in groups."""
    from rich.table import Table

    text = words(lang)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(text["measure"])
    for head in ("value", "floor", "interval", "better"):
        table.add_column(text[head], justify="right" if head != "better" else "left")
    for group in GROUPS:
        scores = report.group(group)
        if scores:
            table.add_row(f"[bold]{text[group]}[/bold]")
        for score in scores:
            interval = "–".join(figure(score.name, end) for end in score.interval) if score.interval else ""
            table.add_row(
                f"  {label(score.name, lang)}",
                figure(score.name, score.value),
                figure(score.name, score.floor),
                interval,
                f"[dim]{text[score.better]}[/dim]",
            )
    return table
