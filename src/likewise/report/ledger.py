"""What a budget of differential privacy was spent on, as a part of the page. Nothing of it is read from the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from likewise.evaluate.results import Report

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
    table = _table(entries, text)
    if len(entries) > OPEN_ENTRIES:
        table = f"<details><summary>{escape(text['ledger_all'].format(n=len(entries)))}</summary>{table}</details>"
    return (
        f'<section aria-labelledby="ledger"><h2 id="ledger">{escape(text["ledger"])}</h2>'
        f'<p class="notice">{escape(claim)}</p>{table}</section>'
    )


def _table(entries: list[Mapping[str, Any]], text: dict[str, str]) -> str:
    heads = "".join(f'<th scope="col">{escape(text[f"ledger_{h}"])}</th>' for h in HEADS)
    rows = "".join(
        f'<tr><th scope="row" lang="en">{escape(str(entry["what"]))}</th>'
        + "".join(f'<td data-label="{escape(text[f"ledger_{h}"])}">{escape(v)}</td>' for h, v in cells(entry, text))
        + "</tr>"
        for entry in entries
    )
    return (
        f'<div class="scroll"><table class="text small stack"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


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
