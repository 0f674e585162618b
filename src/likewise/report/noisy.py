"""Drawn rows beside noisy tables that a budget paid for: a part of the page, and a table for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from likewise.evaluate.results import NoisyFit, Report
from likewise.report.markup import row, section, table
from likewise.report.words import error_text, words

if TYPE_CHECKING:
    from rich.table import Table

OPEN_TABLES = 20
"""More than these are folded."""

HEADS = ("distance", "noise", "band", "cells", "stands")


@dataclass(frozen=True)
class Summary:
    """All tables of a kind together.

    Args:
        kind: "columns" or "pairs".
        fits: each table's.
        distance, noise: means over them.
        low, high: where the mean distance would lie in 95 of 100 draws, were there noise alone.
        beyond: tables beyond their noise.
    """

    kind: str
    fits: tuple[NoisyFit, ...]
    distance: float
    noise: float
    low: float
    high: float
    beyond: int


def summaries(fits: Sequence[NoisyFit]) -> Iterator[Summary]:
    """Single columns, then pairs."""
    for kind, rank in (("columns", 1), ("pairs", 2)):
        found = tuple(fit for fit in fits if len(fit.columns) == rank)
        if found:
            noise = sum(fit.noise for fit in found) / len(found)
            # Tables get noise of their own each, so deviations of the mean add up by their squares.
            width = math.sqrt(sum((fit.high - fit.noise) ** 2 for fit in found)) / len(found)
            yield Summary(
                kind, found, sum(fit.distance for fit in found) / len(found), noise, max(noise - width, 0.0),
                noise + width, sum(fit.stands == "worse" for fit in found),
            )  # fmt: skip


def noisy(report: Report, text: dict[str, str]) -> str:
    """The part of the page; nothing where there is no noisy table."""
    parts = [_part(summary, text) for summary in summaries(report.noisy)]
    note = f'<p class="notice">{escape(text["noisy_note"])}</p>'
    return section("noisy", escape(text["noisy"]), note, *parts) if parts else ""


def _part(summary: Summary, text: dict[str, str]) -> str:
    said = text["noisy_say"].format(
        n=len(summary.fits), distance=error_text(summary.distance), noise=error_text(summary.noise),
        beyond=summary.beyond,
    )  # fmt: skip
    fits = _table(sorted(summary.fits, key=lambda fit: fit.noise - fit.distance), text)
    if len(summary.fits) > OPEN_TABLES:
        fits = f"<details><summary>{escape(text['noisy_all'].format(n=len(summary.fits)))}</summary>{fits}</details>"
    return f"<h3>{escape(text[f'noisy_{summary.kind}'])}</h3><p>{escape(said)}</p>{fits}"


def _table(fits: Sequence[NoisyFit], text: dict[str, str]) -> str:
    top = 1.05 * max(*(fit.distance for fit in fits), *(fit.high for fit in fits), 1e-9)
    heads = (text["column"], "", *(text[f"noisy_{head}"] for head in HEADS))
    return table(heads, (_row(fit, top, text) for fit in fits), kind="stack small")


def _row(fit: NoisyFit, top: float, text: dict[str, str]) -> str:
    names, stands = " × ".join(fit.columns), text[f"noisy_{fit.stands}"]
    distance, noise, low, high = map(error_text, (fit.distance, fit.noise, fit.low, fit.high))
    alt = text["noisy_alt"].format(names=names, distance=distance, low=low, high=high, stands=stands)
    told = [(escape(cell), "wide") for cell in (noise, f"{low} – {high}", f"{fit.cells:,}", stands)]
    labels = ("", *(text[f"noisy_{head}"] for head in HEADS))
    return row(escape(names), _strip(fit, top, alt), (distance, "value"), *told, labels=labels)


def _strip(fit: NoisyFit, top: float, alt: str) -> str:
    """The band of noise, a tick at its mean, a dot at the distance; all strips of a table share one scale."""

    def x(value: float) -> str:
        return f"{100 * value / top:.2f}%"

    kind = "strip worse" if fit.stands == "worse" else "strip"
    return (
        f'<svg class="{kind}" role="img" aria-label="{escape(alt)}"><line class="track" x1="0" x2="100%" y1="10" '
        f'y2="10"/><line class="band" x1="{x(fit.low)}" x2="{x(fit.high)}" y1="10" y2="10"/>'
        f'<line class="floor" x1="{x(fit.noise)}" x2="{x(fit.noise)}" y1="2" y2="18"/>'
        f'<circle cx="{x(fit.distance)}" cy="10" r="5"/></svg>'
    )


def noisy_table(report: Report, *, lang: str = "en") -> Table:
    """A Rich table of the means, for a terminal."""
    from rich.table import Table

    text = words(lang)
    table = Table(title=text["noisy"], title_justify="left", box=None, pad_edge=False, header_style="dim")
    for head in ("measure", "noisy_tables", "noisy_distance", "noisy_noise", "noisy_band", "noisy_beyond"):
        table.add_column(text[head], justify="left" if head == "measure" else "right")
    for summary in summaries(report.noisy):
        distance, noise, low, high = map(error_text, (summary.distance, summary.noise, summary.low, summary.high))
        table.add_row(
            text[f"noisy_{summary.kind}"], f"{len(summary.fits):,}", distance, noise, f"{low}–{high}",
            f"{summary.beyond:,}",
        )  # fmt: skip
    return table
