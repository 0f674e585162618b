"""How many rows keep each rule between columns: a part of the page, and cells for other tables."""

from __future__ import annotations

from html import escape

from likewise.evaluate.results import Report, RuleScore
from likewise.report.markup import row, section, table

HEADS = ("rule", "rule_real", "rule_synthetic", "rule_broken")


def cells(score: RuleScore) -> tuple[str, str, str, str]:
    """The rule, the share of real and of synthetic rows that keep it, and how many synthetic ones break it."""
    return (
        score.rule,
        _share(score.real.kept),
        _share(score.synthetic.kept),
        f"{score.synthetic.broken:,} / {score.synthetic.rows:,}",
    )


def _share(kept: float | None) -> str:
    """Never rounded up to all."""
    if kept is None:
        return "–"
    return "100 %" if kept == 1 else f"{min(100 * kept, 99.99):.2f} %"


def rules(report: Report, text: dict[str, str]) -> str:
    """The part of the page; nothing where there are no rules."""
    if not report.rules:
        return ""
    rows = []
    for score in report.rules:
        rule, real, synthetic, broken = cells(score)
        marked = " worse" if score.synthetic.broken else ""
        rows.append(row(escape(rule), (real, "soft"), (synthetic, f"value{marked}"), (broken, "wide")))
    note = f'<p class="soft small">{escape(text["rules_note"])}</p>'
    return section("rules", escape(text["rules"]), note, table((text[head] for head in HEADS), rows))
