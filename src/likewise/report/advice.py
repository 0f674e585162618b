"""What a report comes to: the figures that are worse than fresh real rows, and what to do now, in a line or two.

Page, terminal, Markdown and notebook say the same, for they all ask here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from scipy import stats

from likewise.evaluate.columns import TAILS
from likewise.evaluate.figure import parts
from likewise.evaluate.results import ColumnScore, Report, Score
from likewise.report.image_words import words_for
from likewise.report.score_words import label

MARK = "▲"
"""Stands beside every figure that is worse than its floor."""

LEVEL = 0.05
LEAST_TELL = 0.003
MANY_ATTACKS = 10
SEARCHES = frozenset(
    (
        "copies",
        "copies_once",
        "image_copies",
        "place_near",
        "text_copies",
        "text_run",
        "history_copies",
        "history_runs",
        "db_subtrees",
    )
)
"""What sees the synthetic rows only and needs no holdout."""


def is_search(score: Score) -> bool:
    """Whether a figure is no attack on a person but a search for copies."""
    return parts(score.name).base in SEARCHES


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
    real, synthetic = _rows(report)
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


def holed(report: Report) -> list[str]:
    """Names of the columns that are missing oftener or more seldom than chance explains, the plainest first.

    Two shares side by side, the level of 5 % shared out among the columns.
    """
    n, m = _rows(report)
    if not n or not m or not report.columns:
        return []
    apart = {}
    for column in report.columns:
        shares = column.missing_real, column.missing_synthetic
        pooled = (n * shares[0] + m * shares[1]) / (n + m)
        error = math.sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m))
        apart[column.name] = abs(shares[0] - shares[1]) / error if error > 0.0 else 0.0
    least = stats.norm.isf(LEVEL / 2 / len(apart))
    return sorted((name for name, z in apart.items() if z > least), key=lambda name: -apart[name])


def outlying(report: Report) -> list[str]:
    """Names of the columns of which more synthetic values lie beyond nearly all real ones than chance puts there.

    Of n real and m fresh values k lie beyond all real ones but r with the chance that of the outermost k + r of all at
    most r are real, whatever the law. The level of 5 % is shared out among both ends of all columns.
    """
    n, m = _rows(report)
    if report.data.get("persons_real") not in (None, report.data.get("rows_real")) or not n or not m:
        return []  # values of one person come together
    ends = [c for c in report.columns if c.tail_low is not None and c.tail_high is not None]
    return [c.name for c in ends if _chance_of_tails(c, n, m) < LEVEL / 2 / len(ends)]


def _chance_of_tails(column: ColumnScore, n: int, m: int) -> float:
    n, m = (round(rows * (1.0 - share)) for rows, share in
            ((n, column.missing_real), (m, column.missing_synthetic)))  # fmt: skip
    real_beyond = int(TAILS[0] * n), n - 1 - min(int(TAILS[1] * n), n - 1)
    found = [round(m * (share or 0.0)) for share in (column.tail_low, column.tail_high)]
    return min(
        float(stats.hypergeom.cdf(r, n + m, n, min(k + r, n + m))) for k, r in zip(found, real_beyond, strict=True)
    )


def _rows(report: Report) -> tuple[int, int]:
    """Real ones, counted as persons, and synthetic ones; 0 where nobody counted."""
    real = report.data.get("persons_real") or report.data.get("rows_real")
    return real or 0, report.data.get("rows_synthetic") or 0


def advice(report: Report, lang: str = "en") -> str:
    """What to do now, in some sentences."""
    return " ".join(_sentences(report, lang))


def _sentences(report: Report, lang: str) -> Iterator[str]:
    text = words_for(report, lang)
    worse = alarms(report)
    leaks = [score for score in worse if score.group == "privacy"]
    tried = [score for score in report if score.threat is not None and score.stands is not None]
    if len(leaks) == 1 and len(tried) >= MANY_ATTACKS:
        yield text["now_chance"].format(tried=len(tried), names=_named(leaks, lang))
    elif leaks:
        yield text["now_leak"].format(names=_named(leaks, lang), n=len(leaks))
    elif all(map(is_search, tried)) and "attacks" in report.data.get("measures", ("attacks",)):
        held = report.data.get("rows_holdout")
        yield text["now_left_out" if held else "now_only_copies" if tried else "now_no_attack"]
    # What lies too near to real rows is mended by what mends the leak, and not by learning longer.
    others = [s for s in worse if s.group != "privacy" and not (leaks and _is_too_near(s))]
    if others:
        yield text["now_worse"].format(n=len(others), names=_named(others, lang)) + _where(report, text, lang)
    elif report.scores and not leaks:
        yield text["now_none"]
    if beyond_all := outlying(report):
        yield text["now_tails"].format(columns=_listed(beyond_all, lang))


def _where(report: Report, text: dict[str, str], lang: str) -> str:
    """Which columns to look at; nothing where none stands out."""
    columns = [c.name for c in giving_away(report)] or sorted(beyond(report))
    if not columns and "missing" in {score.name for score in alarms(report)}:
        columns = holed(report)
    return text["now_columns"].format(columns=_listed(columns, lang)) if columns else ""


def _is_too_near(score: Score) -> bool:
    return score.better == "floor" and score.floor is not None and score.value > score.floor


def _named(scores: Sequence[Score], lang: str) -> str:
    """Up to three of them; the names of some hold commas."""
    return ("、" if lang == "zh" else "; ").join(label(score.name, lang) for score in scores[:3])


def _listed(columns: Sequence[str], lang: str) -> str:
    return ("、" if lang == "zh" else ", ").join(columns[:3])
