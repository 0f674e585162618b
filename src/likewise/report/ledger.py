"""What a budget of differential privacy was spent on, as a part of the page. Nothing of it is read from the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from likewise.evaluate.results import Report
from likewise.report.markup import row, section, table

OPEN_ENTRIES = 12
"""A longer list is folded."""

HEADS = ("what", "mechanism", "noise", "rho")


def ledger(report: Report, text: dict[str, str]) -> str:
    """Budget, unit and every entry; nothing where the model has no ledger."""
    told = report.ledger
    if not told:
        return ""
    unit = text["ledger_unit_row"] if told["unit"] == "row" else text["ledger_unit_other"].format(unit=told["unit"])
    claim = text["ledger_claim"].format(
        epsilon=f"{told['epsilon']:.4g}", delta=f"{told['budget']['delta']:.4g}", unit=unit
    )
    entries = told["entries"]
    spent = _table(entries, text)
    if len(entries) > OPEN_ENTRIES:
        spent = f"<details><summary>{escape(text['ledger_all'].format(n=len(entries)))}</summary>{spent}</details>"
    return section("ledger", escape(text["ledger"]), f'<p class="notice">{escape(claim)}</p>', spent)


def _table(entries: list[Mapping[str, Any]], text: dict[str, str]) -> str:
    heads = [text[f"ledger_{head}"] for head in HEADS]
    rows = (
        row(
            f'<span lang="en">{escape(str(entry["what"]))}</span>',
            *(escape(told) for _, told in cells(entry, text)),
            labels=heads[1:],
        )
        for entry in entries
    )
    return table(heads, rows, kind="text small stack")


def cells(entry: Mapping[str, Any], text: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What an entry's columns after the first hold: the column's name, and its text."""
    mechanism, parameter = str(entry["mechanism"]), f"{entry['parameter']:.4g}"
    yield "mechanism", text.get(f"ledger_{mechanism}", mechanism)
    if mechanism == "sampled gaussian":
        yield (
            "noise",
            text["ledger_steps"].format(noise=parameter, steps=f"{entry['steps']:,}", rate=f"{entry['rate']:.4g}"),
        )
        yield "rho", "–"
        return
    yield "noise", "–" if mechanism == "none" else f"{'σ' if mechanism == 'gaussian' else 'ε'} {parameter}"
    yield "rho", f"{entry['rho']:.3g}"
