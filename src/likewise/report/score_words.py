"""Scores for people: their names, and figures as texts. All words of a measure are in `likewise.evaluate.measures`."""

from __future__ import annotations

import math

from likewise.evaluate.figure import TERMS, parts
from likewise.evaluate.measures import find
from likewise.evaluate.results import Score
from likewise.report.words import words


def label(name: str, lang: str) -> str:
    """A score's name for people; made of its plain name where it has none.

    >>> label("c2st", "en"), label("density_tpr_10", "en"), label("some_thing:age", "en")
    ('Told from real (AUC)', 'Members named by density at 10 % false alarms', 'Some thing: age')
    """
    words(lang)
    known, found = find(name), parts(name)
    shown = known.text("label", lang, {"rate": found.rate}) if known else found.base.replace("_", " ").capitalize()
    learner = TERMS["learner"][found.learner][lang == "zh"] if found.learner else ""
    return f"{shown}" + "".join(f": {part}" for part in (learner, found.subject) if part)


def least_leak(score: Score, lang: str) -> str:
    """The least leak an attack could have seen, in words; empty where it does not tell."""
    if score.least_leak is None:
        return ""
    return words(lang)["least_leak"].format(share=figure("copies", score.least_leak))


def is_share(name: str) -> bool:
    """Whether a score is a share of rows, shown in per cent."""
    return _shown(name) == "share"


def _shown(name: str) -> str:
    known = find(name)
    return known.shown if known else "plain"


def figure(name: str, value: float | None) -> str:
    """A score's value for people: shares in per cent, the rest to three digits.

    >>> figure("copies", 0.0153), figure("c2st", 0.53426), figure("tstr_auc", None)
    ('1.5 %', '0.534', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if is_share(name):
        percent = 100 * value
        if percent >= 10 or percent == 0:
            return f"{percent:.0f} %"
        return f"{percent:.1f} %" if abs(percent) >= 1 else f"{percent:.2g} %"
    if value == 0 or _shown(name) == "whole":
        return f"{value:,.0f}"
    if "rmse" in name or abs(value) >= 100:
        return f"{value:,.4g}"
    return f"{value:.4f}" if _shown(name) == "fine" else f"{value:.3f}"
