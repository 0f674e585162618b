"""What each score is called, what it says and how it is measured, in English and Chinese, by its name.

A score that is not listed here shows its own name and texts. Names may carry more than the table: "membership_tpr_10"
is "membership_tpr" at 10 % false alarms, "tstr_auc_linear" is "tstr_auc" by another learner, "attribute:income" is
"attribute" for "income".
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from likewise.evaluate.results import Score
from likewise.report.words import words


@dataclass(frozen=True)
class ScoreWords:
    """How one score is spoken of; the English meaning and method stand in the score itself."""

    en: str
    zh: str
    meaning_zh: str
    method_zh: str


# A name on each line, then its labels, its meaning and its method.
SCORES: dict[str, ScoreWords] = {
    "shape": ScoreWords(
        "Single columns",
        "单列分布",
        "单个列与真实列相差多远，0 为一致，1 为完全不同",
        "各列的 Kolmogorov–Smirnov 距离（数值）或总变差（取值）的平均；基准按相同行数折算",
    ),
    "trend": ScoreWords(
        "Pairs of columns",
        "列间关系",
        "列与列的关系与真实表相差多远，0 为一致，1 为完全不同",
        "各列对的斯皮尔曼秩相关系数之差的一半（两列数值）或列联表总变差的平均，数值按真实行的十分位切分",
    ),
    "trend_linked": ScoreWords(
        "Pairs that hang together",
        "强相关列对",
        "同上，仅限真实表中明显相关的列对",
        "同上，仅限真实表中 |秩相关| > 0.4 或 Cramér's V > 0.3 的列对",
    ),
    "sdmetrics_trend": ScoreWords(
        "Pairs, as sdmetrics has them",
        "列间关系（sdmetrics 规则）",
        "同上，按 sdmetrics 的规则，仅供对照",
        "皮尔逊相关系数，以及按每张表自身范围等宽切分的列联表，一个极端值即可改变它",
    ),
    "sdmetrics_trend_linked": ScoreWords(
        "Pairs that hang together, as sdmetrics has them",
        "强相关列对（sdmetrics 规则）",
        "同上，仅限按该规则明显相关的列对",
        "同上，仅限 |r| > 0.4 或 Cramér's V > 0.3 的列对",
    ),
    "missing": ScoreWords(
        "Missing values",
        "缺失值",
        "缺失比例与真实表相差多远",
        "各列缺失比例之差的平均",
    ),
    "accuracy_univariate": ScoreWords(
        "Overlap, one column",
        "单列重合度",
        "单列频数表的重合程度，0 到 1",
        "频数表的重合，十个分位区间或十个最常见取值；基准按相同行数折算",
    ),
    "accuracy_bivariate": ScoreWords(
        "Overlap, two columns",
        "两列重合度",
        "两列频数表的重合程度，0 到 1",
        "频数表的重合，每次两列，十个分位区间或十个最常见取值；基准按相同行数折算",
    ),
    "accuracy_trivariate": ScoreWords(
        "Overlap, three columns",
        "三列重合度",
        "三列频数表的重合程度，0 到 1",
        "频数表的重合，每次三列，十个分位区间或十个最常见取值；基准按相同行数折算",
    ),
    "alpha_precision": ScoreWords(
        "Lies where real rows lie",
        "落在真实行之处（α 精度）",
        "各半径下有多少合成行落在真实行所在之处；1 为最好",
        "以真实均值为中心，落在真实半径分位数以内的合成行比例，30 个水平；区间由重抽样得出",
    ),
    "beta_recall": ScoreWords(
        "Covers the real rows",
        "覆盖真实行（β 召回）",
        "合成行对真实行的覆盖程度；新的真实行约为 0.5，更高则过近",
        "有合成行比其最近的其他真实行更近的真实行比例，30 个水平；区间由重抽样得出",
    ),
    "mmd": ScoreWords(
        "Kernel distance",
        "核距离（MMD）",
        "以核函数衡量整行与真实行的距离；0 为一致",
        "无偏的平方核距离（MMD），高斯核取距离中位数；区间来自标签置换",
    ),
    "c2st": ScoreWords(
        "Told from real (AUC)",
        "真假可辨（AUC）",
        "分类器从两行中认出合成行的机会；0.5 等于抛硬币",
        "分类器的 ROC AUC，五折，合成行与真实行数量相同；DeLong 区间",
    ),
    "tstr_auc": ScoreWords(
        "Prediction (AUC)",
        "预测（AUC）",
        "用合成行训练的模型预测真实行的好坏，与用真实行训练的相比",
        "用合成行训练、在真实行上测试的 ROC AUC；基准为用真实行训练的结果",
    ),
    "tstr_f1": ScoreWords(
        "Prediction (F1)",
        "预测（F1）",
        "用合成行训练的模型预测真实行的好坏，与用真实行训练的相比",
        "用合成行训练、在真实行上测试的各类 F1 平均；基准为用真实行训练的结果",
    ),
    "tstr_balanced_accuracy": ScoreWords(
        "Prediction (balanced accuracy)",
        "预测（均衡准确率）",
        "用合成行训练的模型预测真实行的好坏，与用真实行训练的相比",
        "用合成行训练、在真实行上测试的均衡准确率；基准为用真实行训练的结果",
    ),
    "tstr_r2": ScoreWords(
        "Prediction (R²)",
        "预测（R²）",
        "用合成行训练的模型预测真实行的好坏，与用真实行训练的相比",
        "用合成行训练、在真实行上测试的 R²；基准为用真实行训练的结果",
    ),
    "tstr_rmse": ScoreWords(
        "Prediction error",
        "预测误差",
        "用合成行训练的模型预测真实行的误差，与用真实行训练的相比",
        "用合成行训练、在真实行上测试的均方根误差；基准为用真实行训练的结果",
    ),
    "mix_auc": ScoreWords(
        "Real and synthetic rows together (AUC)",
        "真实与合成行合用（AUC）",
        "用真实行与合成行一起训练的模型预测真实行的好坏",
        "用真实行与合成行一起训练、在真实行上测试的 ROC AUC；基准为仅用真实行训练的结果",
    ),
    "mix_r2": ScoreWords(
        "Real and synthetic rows together (R²)",
        "真实与合成行合用（R²）",
        "用真实行与合成行一起训练的模型预测真实行的好坏",
        "用真实行与合成行一起训练、在真实行上测试的 R²；基准为仅用真实行训练的结果",
    ),
    "importance": ScoreWords(
        "Rests on the same columns",
        "依据相同的列",
        "用合成行训练的模型是否依据相同的列，−1 到 1",
        "分别用合成行与真实行训练，各列打乱后损失的秩相关；基准为各用一半真实行训练的两个模型",
    ),
    "every_target": ScoreWords(
        "Lost over all targets",
        "各列为目标的损失",
        "以每一列为目标，用合成行训练的模型少知道多少",
        "以各列为目标时 2 AUC − 1（取值）或 R²（数值）的损失的平均；区间取自各列",
    ),
    "copies": ScoreWords(
        "Exact copies",
        "完全复制",
        "有多少合成行与真实行完全相同",
        "与某一训练行逐格相同的合成行的比例；区间计入其与基准两者的误差，Fisher 精确检验不报警则不报警",
    ),
    "copies_once": ScoreWords(
        "Exact copies of rows that occur once",
        "仅出现一次的行的复制",
        "有多少合成行复制了没有相同者的真实行",
        "同上，仅限训练行中只出现一次的行；偶然几乎不重复行时，基准计入所有可能相同的行对，否则取保留行；"
        "Fisher 精确检验不报警则不报警",
    ),
    "distance_share": ScoreWords(
        "Nearer to training rows",
        "更接近训练行",
        "合成行是否聚集在训练行周围；约为 0.5 加上复制行比例的一半",
        "最近的真实行是训练行而非保留行的合成行比例，折算后偶然水平为 0.5；区间来自两者的可交换性",
    ),
    "near_copies": ScoreWords(
        "Nearest rows, nearer to training rows",
        "最近的行更接近训练行",
        "最接近真实行的合成行是否接近训练行",
        "同上，仅限与最近真实行相对次近者最近的合成行",
    ),
    "membership": ScoreWords(
        "Membership guess (AUC)",
        "成员推断（AUC）",
        "凭距离判断谁在训练行中的准确程度；0.5 等于抛硬币",
        "以到最近合成行的距离的负值为得分的 ROC AUC；数值按 1–99 % 范围缩放，取值独热，欧氏距离；DeLong 区间",
    ),
    "membership_tpr": ScoreWords(
        "Members named at {rate} % false alarms",
        "{rate} % 误报下认出的成员",
        "{rate} % 误报时攻击者能正确认出多少成员；{rate} % 为纯属偶然",
        "同一攻击：误报 {rate} % 的保留行时，被认出的训练行比例",
    ),
    "density": ScoreWords(
        "Membership by density (AUC)",
        "按密度的成员推断（AUC）",
        "超出总体所能解释的接近程度在多大程度上暴露谁在训练行中",
        "以合成行密度与其他真实行密度之比为得分的 ROC AUC（最近邻）；DeLong 区间",
    ),
    "density_tpr": ScoreWords(
        "Members named by density at {rate} % false alarms",
        "按密度在 {rate} % 误报下认出的成员",
        "{rate} % 误报时攻击者能正确认出多少成员；{rate} % 为纯属偶然",
        "同一攻击：误报 {rate} % 的保留行时，被认出的训练行比例",
    ),
    "shadow": ScoreWords(
        "Membership by shadow models (AUC)",
        "影子模型成员推断（AUC）",
        "能运行生成器的攻击者判断谁在训练行中的准确程度；0.5 等于抛硬币",
        "在其他行上多次训练同一生成器，每条记录一半在内，由此校准的 ROC AUC；记录的一半为离群者；取三种区间中最宽者",
    ),
    "shadow_tpr": ScoreWords(
        "Members named by shadow models at {rate} % false alarms",
        "影子模型在 {rate} % 误报下认出的成员",
        "{rate} % 误报时攻击者能正确认出多少成员；{rate} % 为纯属偶然",
        "同一攻击：误报 {rate} % 的保留行时，被认出的训练行比例",
    ),
    "inference": ScoreWords(
        "Hidden cell guessed",
        "猜中隐藏的格",
        "训练行的隐藏值能被读出的频率；基准为总体本身所泄露的",
        "猜中该值的比例（数值在真实范围的 1 % 以内），取最近的合成行与合成行上长成的树两种猜法中较强者；"
        "取最坏的一列并按全部尝试放宽区间；基准来自保留行",
    ),
    "singling_out": ScoreWords(
        "Singled out by one value",
        "凭一个值锁定个人",
        "从合成行读出的一个值恰好指向一名训练者的频率",
        "单列条件中，在合成行中仅一行成立、在真实行中恰好一行成立且为训练行的比例；基准来自保留行",
    ),
    "singling_out_several": ScoreWords(
        "Singled out by several values",
        "凭多个值锁定个人",
        "一行合成数据的多个值一起恰好指向一名训练者的频率",
        "同上，条件取一行合成数据的 3 到 12 列",
    ),
    "linkability": ScoreWords(
        "Two tables joined",
        "两表可连接",
        "持有同一批人不同列的两张表能借合成行连接起来的频率",
        "列随机分为两半，两半各自最近的 5 个合成行有共同者的训练行比例；基准来自保留行",
    ),
    "public_exact": ScoreWords(
        "Linked to a public table, exactly",
        "与公开表精确连接",
        "公开表中有多少人能在发布表中被找到，并读出其情况",
        "公开表中属于训练行的人里，唯一符合公开列的发布行说出其真实情况的比例；基准取保留集中的人，或训练行中最相似的人",
    ),
    "public_nearest": ScoreWords(
        "Linked to a public table, by distance",
        "与公开表按距离连接",
        "公开表中有多少人能在发布表中被找到，并读出其情况",
        "公开表中属于训练行的人里，公开列上最近的发布行说出其真实情况的比例；基准取保留集中的人，或训练行中最相似的人",
    ),
    "gcp": ScoreWords(
        "No longer told",
        "不再透露的信息",
        "准标识列中有多少不再透露，0 为无损，1 为全部失去",
        "各格标签覆盖其列的比例（数值按范围，取值按个数；被隐去的格为全部），取准标识列的平均",
    ),
    "ncp": ScoreWords(
        "No longer told of a column",
        "某列不再透露的信息",
        "该列有多少不再透露，0 为无损，1 为全部失去",
        "各格标签覆盖该列的比例（数值按范围，取值按个数；被隐去的格为全部），取各行的平均",
    ),
    "suppressed_rows": ScoreWords(
        "Rows not told",
        "未发布的行",
        "有多少行完全未发布",
        "未发布的行占全部行的比例",
    ),
    "discernibility": ScoreWords(
        "Rows a row is lost among",
        "一行混同的行数",
        "平均每一行混同于多少行之中",
        "各等价类行数的平方和，加上每个被隐去的行计为全部行数，除以行数",
    ),
    "average_class": ScoreWords(
        "Average class, in units of k",
        "平均类大小（以 k 计）",
        "等价类有多大，以 k 为单位；1 为最小",
        "发布的行数除以类数，再除以 k",
    ),
    "smallest_class": ScoreWords(
        "Smallest class (k)",
        "最小的类（k）",
        "凭准标识列认识的人混同于多少行之中",
        "准标识列最少见的组合所共有的行数",
    ),
    "frechet": ScoreWords(
        "Fréchet distance",
        "Fréchet 距离",
        "在网络眼中合成图像与真实图像相差多远；1 相当于真实图像自身的离散程度",
        "小型网络（用真实训练图像训练）特征上的 Fréchet 距离除以特征数，以真实方差为单位；区间计入两者的误差",
    ),
    "kid": ScoreWords(
        "Kernel distance (KID)",
        "核距离（KID）",
        "同上，改用核函数，更看重少见的特征",
        "同一特征上的无偏平方核距离，三次核，每组最多 2,000 张图像；区间计入数值与基准两者的误差",
    ),
    "image_density": ScoreWords(
        "Density",
        "密度",
        "合成图像有多典型：1 为恰好，更低则怪异，更高则挤在真实图像最密之处",
        "以真实图像为心、到第五近邻为半径的球中含有该合成图像的个数除以 5；区间计入数值与基准两者的误差",
    ),
    "image_coverage": ScoreWords(
        "Coverage",
        "覆盖率",
        "真实图像所展现的有多少被覆盖",
        "以真实图像为心、到第五近邻为半径的球中至少含有一张合成图像的比例；区间计入数值与基准两者的误差",
    ),
    "label_fidelity": ScoreWords(
        "Labels are true",
        "标签属实",
        "有多少合成图像与其标签相符",
        "用真实图像训练的小型网络认为与标签相符的合成图像比例；基准为新的真实图像；区间计入两者的误差",
    ),
    "class_histogram": ScoreWords(
        "Shares of classes",
        "类别比例",
        "各类比例与真实的相差多远，0 为一致，1 为完全不同",
        "各类比例的总变差（无标签时按网络的判断）；基准为抽取这么多图像时的偶然差别",
    ),
    "tstr_accuracy": ScoreWords(
        "Recognition (accuracy)",
        "识别（准确率）",
        "用合成图像训练的网络识别真实图像的好坏，与用真实图像训练的相比",
        "用合成图像训练的小型卷积网络认对新的真实图像的比例；基准为用同样多的真实图像训练的结果；区间计入两者的误差",
    ),
    "image_copies": ScoreWords(
        "Exact copies",
        "完全复制",
        "有多少合成图像与真实图像完全相同",
        "按 8 位像素与某一训练图像逐点相同的合成图像比例；区间计入其与基准两者的误差",
    ),
    "image_ratio": ScoreWords(
        "Distance to training over holdout",
        "到训练图像与保留图像的距离比",
        "合成图像是否比新的真实图像更接近训练图像；0 为复制",
        "合成图像到最近训练图像的距离除以到最近保留图像的距离，两者数量相同，取平均；逐像素欧氏距离；基准为保留图像自身",
    ),
    "image_distance_share": ScoreWords(
        "Nearer to training images",
        "更接近训练图像",
        "合成图像是否聚集在训练图像周围；约为 0.5 加上复制比例的一半",
        "最近的真实图像是训练图像而非保留图像的合成图像比例，折算后偶然水平为 0.5；区间来自两者的可交换性",
    ),
    "image_near_copies": ScoreWords(
        "Nearest images, nearer to training images",
        "最近的图像更接近训练图像",
        "最接近真实图像的合成图像是否接近训练图像",
        "同上，仅限与最近真实图像相对次近者最近的合成图像",
    ),
    "image_membership": ScoreWords(
        "Membership guess (AUC)",
        "成员推断（AUC）",
        "凭距离判断谁的图像在训练图像中的准确程度；0.5 等于抛硬币",
        "以到最近合成图像的像素距离的负值为得分的 ROC AUC；DeLong 区间",
    ),
    "image_membership_tpr": ScoreWords(
        "Training images named at {rate} % false alarms",
        "{rate} % 误报下认出的训练图像",
        "{rate} % 误报时攻击者能正确认出多少训练图像；{rate} % 为纯属偶然",
        "同一攻击：误报 {rate} % 的保留图像时，被认出的训练图像比例",
    ),
}
THREATS_ZH: dict[str, str] = {
    "sees the synthetic rows only": "只看到合成行",
    "sees the synthetic rows; a check for copying, not an attack on a person": (
        "看到合成行；用于检查复制，并非针对个人的攻击"
    ),
    "sees the synthetic rows and knows every cell of the record asked about": ("看到合成行，并知道被查记录的每一格"),
    "sees the synthetic rows and knows every cell of the record asked about, and the rows of some other real people": (
        "看到合成行，知道被查记录的每一格，并持有其他一些真实的人的行"
    ),
    "sees the synthetic rows and knows the other cells of the record asked about": (
        "看到合成行，并知道被查记录的其余各格"
    ),
    "sees the synthetic rows and knows the quasi-identifiers of the record asked about": (
        "看到合成行，并知道被查记录的准标识列"
    ),
    "can train the generator, on other real people's rows with and without the record asked about": (
        "能训练该生成器：用其他真实的人的行，含或不含被查记录"
    ),
    "sees the synthetic images only": "只看到合成图像",
    "sees the synthetic images; a check for copying, not an attack on a person": (
        "看到合成图像；用于检查复制，并非针对个人的攻击"
    ),
    "sees the synthetic images and has the image asked about": "看到合成图像，并持有被查的图像",
    "sees the synthetic rows and holds two tables of the same people with no column in common": (
        "看到合成行，并持有同一批人的两张没有共同列的表"
    ),
}
HOLDS_NAMES = "sees the released rows and holds a table of names with "
LEARNERS: dict[str, dict[str, str]] = {
    "en": {"xgboost": "XGBoost", "histgb": "histogram boosting", "linear": "linear model"},
    "zh": {"xgboost": "XGBoost", "histgb": "直方图提升", "linear": "线性模型"},
}
SHARES = re.compile(
    r"(image_)?copies(_once)?|gcp|ncp|suppressed_rows|inference|singling_out(_several)?|linkability|public_(exact|nearest)|\w+_tpr"
)
FINE = (
    "shape",
    "trend",
    "trend_linked",
    "sdmetrics_trend",
    "sdmetrics_trend_linked",
    "missing",
    "mmd",
    "frechet",
    "kid",
)


@dataclass(frozen=True)
class Name:
    """The parts of a score's name: what the tables know it by, and what is put beside that."""

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
    for learner in LEARNERS["en"]:
        if name.endswith(f"_{learner}"):
            return Name(name.removesuffix(f"_{learner}"), learner=learner, subject=subject)
    return Name(name, subject=subject)


def label(name: str, lang: str) -> str:
    """A score's name for people; made of its plain name where it has none.

    >>> label("c2st", "en"), label("density_tpr_10", "en"), label("some_thing:age", "en")
    ('Told from real (AUC)', 'Members named by density at 10 % false alarms', 'Some thing: age')
    """
    words(lang)
    known, found = SCORES.get(parts(name).base), parts(name)
    shown = (known.zh if lang == "zh" else known.en) if known else found.base.replace("_", " ").capitalize()
    tail = [part for part in (LEARNERS[lang].get(found.learner), found.subject) if part]
    return shown.replace("{rate}", found.rate) + "".join(f": {part}" for part in tail)


def meaning_of(score: Score, lang: str) -> str:
    """What a score says; in English where a translation lacks."""
    known, found = SCORES.get(parts(score.name).base), parts(score.name)
    return known.meaning_zh.replace("{rate}", found.rate) if known and lang == "zh" else score.meaning


def method_of(score: Score, lang: str) -> str:
    """How a score is measured; in English where a translation lacks."""
    known, found = SCORES.get(parts(score.name).base), parts(score.name)
    return known.method_zh.replace("{rate}", found.rate) if known and lang == "zh" else score.method


def threat_of(score: Score, lang: str) -> str:
    """What the attacker is given; empty for a score that is no attack."""
    threat = score.threat or ""
    if lang == "zh" and threat.startswith(HOLDS_NAMES):
        return f"看到发布行，并持有一张含姓名与 {threat.removeprefix(HOLDS_NAMES)} 的表"
    return THREATS_ZH.get(threat, threat) if lang == "zh" else threat


def least_leak(score: Score, lang: str) -> str:
    """The least leak an attack could have seen, in words; empty where it does not tell."""
    if score.least_leak is None:
        return ""
    return words(lang)["least_leak"].format(share=figure("copies", score.least_leak))


def is_share(name: str) -> bool:
    """Whether a score is a share of rows, shown in per cent."""
    return SHARES.fullmatch(parts(name).base) is not None


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
    return f"{value:.4f}" if parts(name).base in FINE else f"{value:.3f}"
