"""What each score is called, what it says and how it is measured, in English and Chinese, by its name.

A score that is not listed here shows its own name and texts. A name of two parts, "attribute:income", is the score
"attribute" for "income".
"""

from __future__ import annotations

import math
import re

from likewise.evaluate.results import Score
from likewise.report.words import words

LABELS: dict[str, dict[str, str]] = {
    "en": {
        "shape": "Single columns",
        "trend": "Pairs of columns",
        "trend_linked": "Pairs that hang together",
        "missing": "Missing values",
        "c2st": "Told from real (AUC)",
        "tstr_auc": "Prediction (AUC)",
        "tstr_r2": "Prediction (R²)",
        "tstr_rmse": "Prediction error",
        "copies": "Exact copies",
        "distance_share": "Nearer to training rows",
        "membership": "Membership guess (AUC)",
        "membership_tpr": "Members named at 1 % false alarms",
    },
    "zh": {
        "shape": "单列分布",
        "trend": "列间关系",
        "trend_linked": "强相关列对",
        "missing": "缺失值",
        "c2st": "真假可辨（AUC）",
        "tstr_auc": "预测（AUC）",
        "tstr_r2": "预测（R²）",
        "tstr_rmse": "预测误差",
        "copies": "完全复制",
        "distance_share": "更接近训练行",
        "membership": "成员推断（AUC）",
        "membership_tpr": "1 % 误报下识别的成员",
    },
}

MEANINGS_ZH: dict[str, str] = {
    "shape": "单个列与真实列相差多远，0 为一致，1 为完全不同",
    "trend": "列与列的关系与真实表相差多远，0 为一致，1 为完全不同",
    "trend_linked": "同上，仅限真实表中明显相关的列对",
    "missing": "缺失比例与真实表相差多远",
    "c2st": "分类器从两行中认出合成行的机会；0.5 等于抛硬币",
    "tstr_auc": "用合成行训练的模型预测真实行的好坏，与用真实行训练的相比",
    "tstr_r2": "用合成行训练的模型预测真实行的好坏，与用真实行训练的相比",
    "tstr_rmse": "用合成行训练的模型预测真实行的误差，与用真实行训练的相比",
    "copies": "有多少合成行与真实行完全相同",
    "distance_share": "合成行是否聚集在训练行周围；约为 0.5 加上复制行比例的一半",
    "membership": "凭距离判断谁在训练行中的准确程度；0.5 等于抛硬币",
    "membership_tpr": "谨慎的攻击者能正确认出多少成员；1 % 为纯属偶然",
}

METHODS_ZH: dict[str, str] = {
    "shape": "各列的 Kolmogorov–Smirnov 距离（数值）或总变差（取值）的平均；下限按相同行数折算",
    "trend": "各列对的皮尔逊相关系数之差的一半（两列数值）或列联表总变差的平均",
    "trend_linked": "同上，仅限真实表中 |r| > 0.4 或 Cramér's V > 0.3 的列对",
    "missing": "各列缺失比例之差的平均",
    "c2st": "分类器的 ROC AUC，五折，合成行与真实行数量相同；DeLong 区间",
    "tstr_auc": "用合成行训练、在真实行上测试的 ROC AUC；下限为用真实行训练的结果",
    "tstr_r2": "用合成行训练、在真实行上测试的 R²；下限为用真实行训练的结果",
    "tstr_rmse": "用合成行训练、在真实行上测试的均方根误差；下限为用真实行训练的结果",
    "copies": "与某一训练行逐格相同的合成行的比例；Wilson 区间",
    "distance_share": "最近的真实行是训练行而非保留行的合成行比例，折算后偶然水平为 0.5；区间来自两者的可交换性",
    "membership": "以到最近合成行的距离的负值为得分的 ROC AUC；数值按 1–99 % 范围缩放，取值独热，欧氏距离；DeLong 区间",
    "membership_tpr": "同一攻击：误报 1 % 的保留行时，被认出的训练行比例",
}

THREATS_ZH: dict[str, str] = {
    "copies": "只看到合成行",
    "distance_share": "看到合成行；用于检查复制，并非针对个人的攻击",
    "membership": "看到合成行，并知道被查记录的每一格",
    "membership_tpr": "看到合成行，并知道被查记录的每一格",
}


SHARES = re.compile(r"copies|near_copies|(.*_)?(tpr|rate|share|coverage)(_.*)?")
FINE = ("shape", "trend", "trend_linked", "missing")


def label(name: str, lang: str) -> str:
    """A score's name for people; made of its plain name where it has none.

    >>> label("c2st", "en"), label("some_thing:age", "en")
    ('Told from real (AUC)', 'Some thing: age')
    """
    words(lang)
    base, _, subject = name.partition(":")
    shown = LABELS[lang].get(base) or base.replace("_", " ").capitalize()
    return f"{shown}: {subject}" if subject else shown


def meaning_of(score: Score, lang: str) -> str:
    """What a score says; in English where a translation lacks."""
    return _translated(MEANINGS_ZH, score.name, score.meaning, lang)


def method_of(score: Score, lang: str) -> str:
    """How a score is measured; in English where a translation lacks."""
    return _translated(METHODS_ZH, score.name, score.method, lang)


def threat_of(score: Score, lang: str) -> str:
    """What the attacker is given; empty for a score that is no attack."""
    return _translated(THREATS_ZH, score.name, score.threat, lang) if score.threat else ""


def _translated(table: dict[str, str], name: str, english: str, lang: str) -> str:
    return table.get(name.partition(":")[0], english) if lang == "zh" else english


def is_share(name: str) -> bool:
    """Whether a score is a share of rows, shown in per cent."""
    base = name.partition(":")[0]
    return base != "distance_share" and SHARES.fullmatch(base) is not None


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
    if value == 0:
        return "0"
    if "rmse" in name or abs(value) >= 100:
        return f"{value:,.4g}"
    return f"{value:.4f}" if name.partition(":")[0] in FINE else f"{value:.3f}"
