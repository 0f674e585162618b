"""The words of the page and the terminal table, in English and Chinese. Scores are keyed by their names."""

from __future__ import annotations

from likewise.errors import OptionError
from likewise.evaluate.results import Score

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

TEXT: dict[str, dict[str, str]] = {
    "en": {
        "title": "Synthetic data report",
        "fidelity": "Fidelity",
        "utility": "Utility",
        "privacy": "Privacy",
        "fidelity_question": "Does it look alike?",
        "utility_question": "Does it serve as well?",
        "privacy_question": "Does it give people away?",
        "measure": "Measure",
        "value": "Synthetic",
        "floor": "Fresh real rows",
        "copy": "Plain copy",
        "interval": "95 % interval",
        "better": "Better",
        "lower": "lower",
        "higher": "higher",
        "rows": "Rows",
        "summary": "In short",
        "scores": "Scores",
        "columns": "Columns",
        "links": "How columns hang together",
        "method": "How it was measured",
        "notes": "To know",
        "real": "real",
        "synthetic": "synthetic",
        "column": "Column",
        "kind": "Kind",
        "error": "Apart",
        "missing_real": "Missing, real",
        "missing_synthetic": "Missing, synthetic",
        "mean": "Mean, real → synthetic",
        "tells": "Gives away",
        "sort": "Sort by",
        "by_error": "how far apart",
        "by_name": "name",
        "by_order": "table order",
        "strength": "Strength of the link: below the diagonal real, above it synthetic",
        "difference": "Error of each pair",
        "worst_pairs": "Pairs that differ most",
        "pair": "Pair",
        "threat": "Attacker",
        "versions": "Versions",
        "target": "Target",
        "floor_legend": "Fresh real rows: what real rows, unknown to the generator, score themselves. "
        "A perfect generator scores this.",
        "not_dp": "The figures and pictures on this page are computed on real data and are not differentially private. "
        "Bins and levels with fewer than five real rows are hidden. An attack that finds nothing proves nothing.",
        "facts": "{synthetic} synthetic rows beside {real} real ones; {columns} columns",
        "facts_holdout": "; {holdout} more real rows unknown to the generator",
        "say_fidelity": "Of two rows a classifier picks out the synthetic one in {c2st} of 100 tries; a coin in 50.",
        "say_shape": "Columns are {value} apart on average; fresh real rows are {floor} apart.",
        "say_tells": "Given away most by {columns}.",
        "say_utility": "Learnt from synthetic rows, a model scores {value} on real rows; from real rows, {floor}.",
        "say_copies": "{value} of the synthetic rows are exact copies of training rows; of fresh real rows, {floor}.",
        "say_membership": "Guessing from distance who was in the training rows has AUC {value} ({low} to {high}); "
        "0.5 is a coin toss.",
        "no_privacy": "No attack was made: that needs real rows unknown to the generator (a holdout).",
        "no_utility": "No target column was named, so prediction was not tried.",
        "at": "No different from fresh real rows, as far as {n} rows can tell.",
        "worse": "Worse than fresh real rows.",
        "ahead": "Ahead of fresh real rows.",
        "numbers_table": "All columns as a table",
        "real_alt": "real rows",
        "column_alt": "{name}: share of rows by {form}, real beside synthetic, {error} apart",
        "matrix_alt": "Strength of the link of every pair of {n} columns, real below the diagonal, synthetic above it",
        "difference_alt": "Error of every pair of {n} columns; the greatest is {most}",
        "most_columns": "The {n} columns with the greatest errors of {all}.",
        "hidden": "too few real rows to show",
        "bins": "bin",
        "levels": "level",
        "skip": "To the scores",
        "negative": "against each other",
        "positive": "with each other",
    },
    "zh": {
        "title": "合成数据报告",
        "fidelity": "保真度",
        "utility": "可用性",
        "privacy": "隐私",
        "fidelity_question": "看起来像吗？",
        "utility_question": "同样好用吗？",
        "privacy_question": "会泄露个人吗？",
        "measure": "指标",
        "value": "合成",
        "floor": "新的真实行",
        "copy": "原样复制",
        "interval": "95 % 区间",
        "better": "更好",
        "lower": "越低",
        "higher": "越高",
        "rows": "行数",
        "summary": "概要",
        "scores": "得分",
        "columns": "各列",
        "links": "列间关系",
        "method": "测量方法",
        "notes": "须知",
        "real": "真实",
        "synthetic": "合成",
        "column": "列",
        "kind": "类型",
        "error": "差距",
        "missing_real": "缺失（真实）",
        "missing_synthetic": "缺失（合成）",
        "mean": "均值，真实 → 合成",
        "tells": "易被识破",
        "sort": "排序",
        "by_error": "差距",
        "by_name": "名称",
        "by_order": "表中顺序",
        "strength": "关系强度：对角线以下为真实，以上为合成",
        "difference": "各列对的误差",
        "worst_pairs": "差别最大的列对",
        "pair": "列对",
        "threat": "攻击者",
        "versions": "版本",
        "target": "目标列",
        "floor_legend": "新的真实行：生成器未见过的真实行自身的得分。完美的生成器得分与之相同。",
        "not_dp": "本页的数字和图形由真实数据计算得出，不满足差分隐私。"
        "少于五个真实行的区间和取值已隐藏。攻击未有所获并不能证明什么。",
        "facts": "{synthetic} 行合成数据，对照 {real} 行真实数据；{columns} 列",
        "facts_holdout": "；另有 {holdout} 行生成器未见过的真实数据",
        "say_fidelity": "分类器在 100 次中有 {c2st} 次从两行里认出合成行；抛硬币是 50 次。",
        "say_shape": "各列平均相差 {value}；新的真实行相差 {floor}。",
        "say_tells": "最易露出破绽的列：{columns}。",
        "say_utility": "用合成行训练的模型在真实行上得分 {value}；用真实行训练的为 {floor}。",
        "say_copies": "{value} 的合成行与训练行完全相同；新的真实行中为 {floor}。",
        "say_membership": "凭距离猜测谁在训练行中，AUC 为 {value}（{low} 至 {high}）；0.5 等于抛硬币。",
        "no_privacy": "未进行攻击：需要生成器未见过的真实行（保留集）。",
        "no_utility": "未指定目标列，因此未测试预测。",
        "at": "就 {n} 行而言，与新的真实行没有差别。",
        "worse": "不如新的真实行。",
        "ahead": "优于新的真实行。",
        "numbers_table": "全部列（表格）",
        "real_alt": "真实行",
        "column_alt": "{name}：按{form}的行数占比，真实与合成对照，差距 {error}",
        "matrix_alt": "{n} 列两两之间的关系强度，对角线以下为真实，以上为合成",
        "difference_alt": "{n} 列两两之间的误差；最大为 {most}",
        "most_columns": "{all} 列中误差最大的 {n} 列。",
        "hidden": "真实行太少，不予显示",
        "bins": "区间",
        "levels": "取值",
        "skip": "前往得分",
        "negative": "反向",
        "positive": "同向",
    },
}


def words(lang: str) -> dict[str, str]:
    """The texts of one language. Raises OptionError for a language that is not there."""
    if lang not in TEXT:
        raise OptionError(f"language must be one of {', '.join(map(repr, TEXT))}, got {lang!r}")
    return TEXT[lang]


def label(name: str, lang: str) -> str:
    """A score's name for people; its plain name when it has none."""
    words(lang)
    return LABELS[lang].get(name, name)


def meaning_of(score: Score, lang: str) -> str:
    """What a score says; in English where a translation lacks."""
    return MEANINGS_ZH.get(score.name, score.meaning) if lang == "zh" else score.meaning


def method_of(score: Score, lang: str) -> str:
    """How a score is measured; in English where a translation lacks."""
    return METHODS_ZH.get(score.name, score.method) if lang == "zh" else score.method


def threat_of(score: Score, lang: str) -> str:
    """What the attacker is given; empty for a score that is no attack."""
    threat = score.threat or ""
    return THREATS_ZH.get(score.name, threat) if lang == "zh" and threat else threat


def figure(name: str, value: float | None) -> str:
    """A score's value for people: shares in per cent, the rest to three digits.

    >>> figure("copies", 0.0153), figure("c2st", 0.53426), figure("tstr_auc", None)
    ('1.5 %', '0.534', '–')
    """
    if value is None:
        return "–"
    if name in ("copies", "membership_tpr"):
        percent = 100 * value
        if percent >= 10 or percent == 0:
            return f"{percent:.0f} %"
        return f"{percent:.1f} %" if percent >= 1 else f"{percent:.2g} %"
    if name == "tstr_rmse":
        return f"{value:,.4g}"
    if name in ("shape", "trend", "trend_linked", "missing"):
        return f"{value:.4f}"
    return f"{value:.3f}"
