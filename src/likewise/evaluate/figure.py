"""What a measure comes to (`Figure`), and a line of the table of measures (`Measure`): names, words, direction.

Texts hold blanks, such as {n}; they are filled from the figure and from what the code adds to it (`Score.details`).
Names may carry more than the table: "membership_tpr_10" is "membership_tpr" at 10 % false alarms, "tstr_auc_linear" is
"tstr_auc" by another learner, "ncp:age" is "ncp" of the column "age".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Group = Literal["fidelity", "utility", "privacy"]
Better = Literal["lower", "higher", "floor"]
FloorKind = Literal["holdout", "halves", "train", "theory"]
Part = Literal["label", "meaning", "method", "threat"]
Text = tuple[str, str]
"""In English and in Chinese."""
NO_INTERVAL = (math.nan, math.nan)


@dataclass(frozen=True)
class Figure:
    """What a measure came to.

    Args:
        value: for the synthetic rows.
        n: rows (or attempts) the value rests on.
        floor: the same for fresh real rows; NaN where it was not measured.
        interval: 95 %, to be held against the floor as if that were exact: it carries the errors of both.
        copy: the same for a plain copy of the training rows, where that says something.
        least_leak: for an attack, the smallest share of members, each given away with certainty, for which it would
            raise the alarm in four of five draws at these sizes; 1 where nothing less than all would do.
        searched: share of the rows that were searched, where rows are.
    """

    value: float
    n: int
    floor: float = math.nan
    interval: tuple[float, float] = NO_INTERVAL
    copy: float | None = None
    least_leak: float | None = None
    searched: float | None = None


@dataclass(frozen=True)
class Measure:
    """One line of the table.

    Args:
        better: which direction is better; "floor" where neither is, and the nearer to the floor the better.
        floor: where the floor comes from, where that is always the same.
        label, meaning, method: its name, what it says in one plain line, and how it is measured.
        threat: for an attack, what the attacker is given.
        shown: as a share in per cent, in four digits ("fine") or three ("plain"), or as a whole number.
    """

    group: Group
    better: Better
    label: Text
    meaning: Text
    method: Text
    floor: FloorKind | None = None
    threat: Text | None = None
    shown: Literal["share", "fine", "plain", "whole"] = "plain"

    def text(self, part: Part, lang: str, blanks: Mapping[str, Any]) -> str | None:
        """One of its texts with the blanks filled; None where there is none, or a blank cannot be filled."""
        words = getattr(self, part)
        if words is None:
            return None
        try:
            spoken = {name: _spoken(name, blanks, lang) for name in blanks}
            found = str(words[lang == "zh"].format_map(spoken))
            clauses = [text[lang == "zh"].format_map(spoken) for key, text in CLAUSES.items() if key in blanks]
        except (KeyError, ValueError):
            return None
        return found + "".join(clauses) if part == "method" else found


def _spoken(blank: str, blanks: Mapping[str, Any], lang: str) -> Any:
    known, value = TERMS.get(blank, {}), blanks[blank]
    return known[value][lang == "zh"].format_map(blanks) if isinstance(value, str) and value in known else value


@dataclass(frozen=True)
class Name:
    """The parts of a score's name: what the table knows it by, and what is put beside that."""

    base: str
    rate: str = "1"
    learner: str = ""
    subject: str = ""


def parts(name: str) -> Name:
    """A score's name taken apart.

    >>> parts("density_tpr_0_1"), parts("tstr_auc_linear")
    (Name(base='density_tpr', rate='0.1', learner='', subject=''),
     Name(base='tstr_auc', rate='1', learner='linear', subject=''))
    """
    name, _, subject = name.partition(":")
    if found := re.fullmatch(r"(\w+_tpr)_(\d+(?:_\d+)?)", name):
        return Name(found[1], rate=found[2].replace("_", "."), subject=subject)
    for learner in TERMS["learner"]:
        if name.endswith(f"_{learner}"):
            return Name(name.removesuffix(f"_{learner}"), learner=learner, subject=subject)
    return Name(name, subject=subject)


# --- words that fill blanks, and clauses that follow where they apply -------------------------------------------------

TERMS: dict[str, dict[str, Text]] = {
    "learner": {
        "xgboost": ("XGBoost", "XGBoost"),
        "histgb": ("histogram boosting", "直方图提升"),
        "linear": ("linear model", "线性模型"),
    },
    "people": {"rows": ("rows", "行"), "persons": ("persons", "人")},
    "who": {"rows": ("real row", "真实行"), "persons": ("person", "人")},
    "against": {"holdout": ("holdout", "保留"), "training": ("training", "训练")},
    "by": {
        "nearest": ("from the synthetic row nearest in the known columns", "凭已知列上最近的合成行"),
        "tree": ("by a tree grown on the synthetic rows", "凭合成行上长成的树"),
    },
    "known": {
        "cells": ("other cells", "其余各格"),
        "quasi-identifiers": ("quasi-identifiers", "准标识列"),
    },
    "learnt": {
        "labels": ("their labels", "其标签"),
        "turns": ("which way they were turned", "其旋转方向"),
    },
    "source": {
        "labels": ("labels", "标签"),
        "judge": ("what a small net trained on real images takes them for", "网络的判断"),
    },
    "control": {
        "holdout": (
            "{n_others:,} people of the public table who are in the holdout",
            "公开表中属于保留集的 {n_others:,} 人",
        ),
        "alike": ("the person in the training rows most alike", "训练行中最相似的人"),
    },
}
CLAUSES: dict[str, Text] = {
    "measured": (
        "; {measured:,} of {total:,} measured, which is off by {deviation:.4f} or so",
        "；共 {total:,} 个，测了 {measured:,} 个，由此约有 {deviation:.4f} 的误差",
    ),
    "days": ("; in days", "；以天计"),
    "counted": (
        "; counted on all rows, {counted:,} synthetic and {counted_real:,} real ones",
        "；由全部行计数得出：合成 {counted:,} 行，真实 {counted_real:,} 行",
    ),
    "off": (
        ", numbers in cells, so that it may be {off:.5f} more",
        "，数值按格计数，真值至多再大 {off:.5f}",
    ),
    "of_rows": (
        "; measured on a sample of {sampled:,} of {of_rows:,} synthetic rows and as many real ones",
        "；在 {of_rows:,} 行合成行中的 {sampled:,} 行样本及同样多的真实行上测得",
    ),
    "error": (", ± {error:.4f}", "，± {error:.4f}"),
    "under": (
        "; {under:,} rows are in classes of fewer than 5 rows; of the real rows the smallest class has {real:,}, and "
        "{under_real:,} rows are in such classes",
        "；{under:,} 行处于不足 5 行的类中；真实行中最小的类有 {real:,} 行，{under_real:,} 行处于此种类中",
    ),
    "searched": ("; only {searched:.1%} of the rows were searched", "；仅搜索了 {searched:.1%} 的行"),
}
