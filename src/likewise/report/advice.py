"""What a report comes to: the figures that are worse than fresh real rows, and what to do now, in a line or two.

Page, terminal, Markdown and notebook say the same, for they all ask here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from likewise.evaluate.results import ColumnScore, Report, Score
from likewise.report.image_words import words_for
from likewise.report.score_words import label

MARK = "▲"
"""Stands beside every figure that is worse than its floor."""

LEVEL = 0.05
LEAST_TELL = 0.003
MANY_ATTACKS = 10


def alarms(report: Report) -> tuple[Score, ...]:
    """The figures whose interval lies wholly on the worse side of their floor."""
    return tuple(score for score in report if score.stands == "worse")


def clearance(report: Report, n: int) -> float | None:
    """How far above its floor one of n distances must lie for chance to be no likely reason; None without counts.

    A distance between two samples, the greatest gap of two distribution functions or the total variation, moves by at
    most 1/n when one of n rows is exchanged, so it exceeds its mean by t with probability at most
    exp(-2 t^2 / (1/n_real + 1/n_synthetic)). For n distances the level, 5 %, is shared out.

    References: McDiarmid, On the method of bounded differences (1989), lemma 1.2.
    """
    real = report.data.get("persons_real") or report.data.get("rows_real")
    synthetic = report.data.get("rows_synthetic")
    if not real or not synthetic or not n:
        return None
    return math.sqrt(0.5 * math.log(n / LEVEL) * (1 / real + 1 / synthetic))


def beyond(report: Report) -> frozenset[str]:
    """Names of the columns that are clearly further from the real ones than fresh real rows are."""
    least = clearance(report, len(report.columns))
    if least is None:
        return frozenset()
    return frozenset(c.name for c in report.columns if c.floor is not None and (c.error or 0.0) > c.floor + least)


def giving_away(report: Report) -> list[ColumnScore]:
    """The columns by which a classifier tells the synthetic rows, the plainest first; none where it cannot."""
    if "c2st" not in report or report["c2st"].stands != "worse":
        return []
    return sorted((c for c in report.columns if (c.tells or 0) > LEAST_TELL), key=lambda c: -(c.tells or 0))


def advice(report: Report, lang: str = "en") -> str:
    """What to do now, in one to three sentences."""
    return " ".join(_sentences(report, lang))


def _sentences(report: Report, lang: str) -> Iterator[str]:
    text = words_for(report, lang)
    join = "、" if lang == "zh" else ", "
    worse = alarms(report)
    leaks = [label(s.name, lang) for s in worse if s.group == "privacy"]
    tried = sum(s.threat is not None and s.stands is not None for s in report)
    if len(leaks) == 1 and tried >= MANY_ATTACKS:
        yield text["now_chance"].format(tried=tried, names=leaks[0])
    elif leaks:
        yield text["now_leak"].format(names=join.join(leaks[:3]), n=len(leaks))
    elif not tried:
        yield text["now_no_attack"]
    others = [label(s.name, lang) for s in worse if s.group != "privacy"]
    if others:
        columns = [c.name for c in giving_away(report)] or sorted(beyond(report))
        look = text["now_columns"].format(columns=join.join(columns[:3])) if columns else ""
        yield text["now_worse"].format(n=len(others), names=join.join(others[:3])) + look
    elif report.scores and not leaks:
        yield text["now_none"]
