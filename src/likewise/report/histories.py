"""Histories on the page: how long they are, what follows what, how columns go with time, and some made ones."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from likewise.evaluate.histories.shown import Drift, Shown, Transitions
from likewise.evaluate.results import Report
from likewise.evaluate.shown import Grid, Picture
from likewise.report import charts
from likewise.report.markup import key, row, section, table

HEADS = ("column", "stays", "synthetic", "distinct", "synthetic", "follow", "floor")


def histories(report: Report, text: dict[str, str]) -> str:
    """The section; empty where none were measured."""
    found = report.histories
    if found is None:
        return ""
    return section(
        "histories", text["histories"], f'<p class="soft small">{escape(text["histories_note"])}</p>', key(text),
        _times(found, text), _changing(found, text), _transitions(found.transitions, text), _drifts(found.drifts, text),
        _examples(found, text),
    )  # fmt: skip


def _times(found: Shown, text: dict[str, str]) -> str:
    unit = text.get(f"unit_{found.unit}", "")
    pictures = ((text["lengths"], found.lengths), (text["gaps"] + (f" ({unit})" if unit else ""), found.gaps))
    cards = "".join(_card(title, _bins(title, of, text)) for title, of in pictures if of is not None)
    return f'<ol class="histories">{cards}</ol>'


def _card(title: str, body: str, under: str = "") -> str:
    return f'<li class="card"><h3>{escape(title)}</h3><p class="apart">{escape(under)}&nbsp;</p>{body}</li>'


def _bins(title: str, picture: Picture, text: dict[str, str]) -> str:
    return charts.histogram(picture, text["history_alt"].format(name=title))


def _changing(found: Shown, text: dict[str, str]) -> str:
    """What stays, how many values an entity has, and how well rows follow each other, by column."""
    if not found.columns:
        return ""
    lines = sorted(found.columns, key=lambda c: c.pairs - c.pairs_floor)
    rows = (
        row(
            escape(c.column), (_percent(c.stays_real), "soft"), (_percent(c.stays_synthetic), "value"),
            (f"{c.distinct_real:.2f}", "soft"), (f"{c.distinct_synthetic:.2f}", "value"),
            (f"{c.pairs:.3f}", "value"), (f"{c.pairs_floor:.3f}", "soft"),
        )
        for c in lines
    )  # fmt: skip
    shown = table((text[head] for head in HEADS), rows, about="histories")
    return f"<h3>{escape(text['changing'])}</h3>{shown}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _transitions(found: Sequence[Transitions], text: dict[str, str]) -> str:
    """What follows each value, in per cent: real beside synthetic, a fold a column."""
    if not found:
        return ""
    parts = []
    for k, one in enumerate(found):
        sides = "".join(
            f"<figure><figcaption>{escape(text[name])}</figcaption>{_heat(one.grid, shares, kind, text)}</figure>"
            for name, kind, shares in (("real", "r", one.grid.real), ("synthetic", "s", one.grid.synthetic))
        )
        opened = " open" if k == 0 else ""
        parts.append(
            f'<details class="fold"{opened}><summary>{escape(one.column)}</summary><div class="heats">{sides}</div>'
            "</details>"
        )
    note = f'<p class="soft small">{escape(text["transitions_note"])}</p>'
    return f"<h3>{escape(text['transitions'])}</h3>{note}{''.join(parts)}"


def _heat(grid: Grid, shares: Sequence[float], kind: str, text: dict[str, str]) -> str:
    """A table of chances: of each value at the side, where the next row goes."""
    width, rows = len(grid.x), []
    for k, label in enumerate(grid.y):
        line = shares[k * width : (k + 1) * width]
        total = sum(line)
        cells = "".join(_cell(share / total if total else 0.0) for share in line)
        rows.append(f'<tr><th scope="row" title="{escape(label)}">{escape(label)}</th>{cells}</tr>')
    heads = "".join(f'<th scope="col" title="{escape(x)}">{escape(x)}</th>' for x in grid.x)
    corner = f'<td class="soft">{escape(text["now_next"])}</td>'
    return (
        f'<div class="scroll"><table class="heat {kind}"><thead><tr>{corner}{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(chance: float) -> str:
    shown = f"{100 * chance:.0f}" if chance >= 0.005 else ""
    return f'<td style="--p:{chance:.2f}">{shown}</td>'


def _drifts(found: Sequence[Drift], text: dict[str, str]) -> str:
    if not found:
        return ""
    cards = []
    for drift in found:
        under = text["drift_mean"] if drift.level is None else text["drift_share"].format(level=drift.level)
        shares = drift.level is not None
        alt = text["drift_alt"].format(name=drift.column)
        cards.append(
            _card(drift.column, charts.lines(drift.labels, drift.real, drift.synthetic, alt, shares=shares), under)
        )
    return f'<h3>{escape(text["drift"])}</h3><ol class="histories">{"".join(cards)}</ol>'


def _examples(found: Shown, text: dict[str, str]) -> str:
    """Some synthetic histories; no real one, for it would be given away with the page."""
    note = f'<p class="soft small">{escape(text["examples_note"])}</p>'
    if not found.examples:
        return ""
    tables = (
        table(found.heads, (row(escape(cells[0]), *map(escape, cells[1:])) for cells in one), kind="example")
        for one in found.examples
    )
    return f'<h3>{escape(text["examples"])}</h3>{note}<div class="examples">{"".join(tables)}</div>'
