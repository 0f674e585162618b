"""The one table of measures: what each is called, which way is better, what it says and how it is measured.

A measure stands here once, in English and Chinese. The code that computes it returns a `Figure`; `Score.of` joins the
two. Terminal, page, JSON, rules and release sheets read this table and say nothing of their own about a measure.
"""

from __future__ import annotations

from likewise.evaluate.databases.measures import DATABASES
from likewise.evaluate.figure import Better, Measure, Text, parts
from likewise.evaluate.histories.measures import HISTORIES
from likewise.evaluate.images.measures import IMAGES
from likewise.evaluate.windows.measures import WINDOWS


def find(name: str) -> Measure | None:
    """The measure that a score's name belongs to; None for a name that is not in the table."""
    return MEASURES.get(parts(name).base)


# --- texts that several share -----------------------------------------------------------------------------------

ONLY_SEES = ("sees the synthetic rows only", "只看到合成行")
CHECK = (
    "sees the synthetic rows; a check for copying, not an attack on a person",
    "看到合成行；用于检查复制，并非针对个人的攻击",
)
ALL_CELLS = (
    "sees the synthetic rows and knows every cell of the record asked about",
    "看到合成行，并知道被查记录的每一格",
)
POPULATION = (
    f"{ALL_CELLS[0]}, and the rows of some other real people",
    "看到合成行，知道被查记录的每一格，并持有其他一些真实的人的行",
)
CAN_TRAIN = (
    "can train the generator, on other real people's rows with and without the record asked about",
    "能训练该生成器：用其他真实的人的行，含或不含被查记录",
)
PUBLIC = (
    "sees the released rows and holds a table of names with {on}",
    "看到发布行，并持有一张含姓名与 {on} 的表",
)

CAUGHT_MEANING = (
    "how many members an attacker names rightly at {rate} % false alarms; {rate} % is chance",
    "{rate} % 误报时攻击者能正确认出多少成员；{rate} % 为纯属偶然",
)
CAUGHT_METHOD = (
    "the same attack: share of training rows named where {rate} % of the holdout rows are named falsely",
    "同一攻击：误报 {rate} % 的保留行时，被认出的训练行比例",
)
OVERLAP = (
    "overlap of the tables of counts, {columns}, on ten quantile bins or the ten most frequent levels",
    "频数表的重合，{columns_zh}，十个分位区间或十个最常见取值",
)
UTILITY = (
    "how well a model learnt from synthetic rows predicts real ones, beside one learnt from real rows",
    "用合成行训练的模型预测真实行的好坏，与用真实行训练的相比",
)
BOTH = "the floor is the same trained on real rows, the interval that of the difference of the two on the same rows"
BOTH_ZH = "基准为用真实行训练的结果，区间为两者在同样的行上之差的区间"
LINKED = (
    "how many people of a public table are found in the released one, with what it tells of them",
    "公开表中有多少人能在发布表中被找到，并读出其情况",
)
COVERS = "share of the column that a cell's label covers, numbers by range, levels by count; suppressed cells all"
COVERS_ZH = "各格标签覆盖其列的比例（数值按范围，取值按个数；被隐去的格为全部）"


def _overlap(columns: str, columns_zh: str, label: Text) -> Measure:
    return Measure(
        "fidelity", "higher", label,
        (f"how much the tables of {columns} overlap, from 0 to 1", f"{label[1].removesuffix('重合度')}频数表的重合程"
         f"度，0 到 1"),
        (OVERLAP[0].format(columns=columns), OVERLAP[1].format(columns_zh=columns_zh)),
    )  # fmt: skip


def _prediction(name: str, name_zh: str, label: Text, *, better: Better = "higher") -> Measure:
    return Measure(
        "utility", better, label, UTILITY,
        (f"{name} of {{learner}} for {{target!r}}, trained on the synthetic rows, tested on {{n:,}} real rows; {BOTH}",
         f"以 {{target!r}} 为目标，{{learner}}用合成行训练、在 {{n:,}} 行真实行上测试的{name_zh}；{BOTH_ZH}"),
    )  # fmt: skip


def _mixed(name: str, label: Text) -> Measure:
    return Measure(
        "utility", "higher", label,
        ("how well a model learnt from real and synthetic rows together predicts real ones",
         "用真实行与合成行一起训练的模型预测真实行的好坏"),
        (f"{name} of {{learner}} for {{target!r}}, trained on real and synthetic rows together, tested on {{n:,}} real "
         f"rows; {BOTH}",
         f"以 {{target!r}} 为目标，{{learner}}用真实行与合成行一起训练、在 {{n:,}} 行真实行上测试的 {name}；{BOTH_ZH}"),
    )  # fmt: skip


def _caught(label: Text, meaning: Text, method: Text, threat: Text) -> Measure:
    return Measure("privacy", "lower", label, meaning, method, "theory", threat, "share")


def _in_cells(km: int) -> Measure:
    return Measure(
        "fidelity", "higher", (f"Places where real ones are, {km} km", f"落在有真实点的格中，{km} 公里"),
        ("how many synthetic places lie in a cell that holds real ones; fresh real ones do not all",
         "有多少合成点落在含有真实点的格中；新的真实点也并非全部如此"),
        (f"share of {{n:,}} synthetic points in cells, {km} km high and wide, that hold real points; the floor is the "
         "same for fresh real points; the interval carries the errors of both",
         f"{{n:,}} 个合成点中落在含有真实点的 {km} 公里见方的格中的比例；基准为新的真实点的同一比例；"
         "区间计入两者的误差"),
        shown="share",
    )  # fmt: skip


def _cell_counts(km: int) -> Measure:
    return Measure(
        "fidelity", "lower", (f"Map, cells of {km} km", f"地图，{km} 公里的格"),
        ("how far the map of synthetic places is from that of real ones, from 0 (alike) to 1",
         "合成点的地图与真实点的相差多远，0 为一致，1 为完全不同"),
        (f"Jensen-Shannon divergence, in bits, between the counts of cells {km} km high and wide, {{n:,}} synthetic "
         "points; the floor is the same for as many fresh real ones; interval from the rows dealt anew",
         f"{km} 公里见方各格计数之间的 Jensen–Shannon 散度（比特），{{n:,}} 个合成点；"
         "基准为同样多的新真实点的同一散度；区间由重新分派各行得出"),
    )  # fmt: skip


MEASURES: dict[str, Measure] = {
    # --- likeness
    "shape": Measure(
        "fidelity", "lower", ("Single columns", "单列分布"),
        ("how far single columns are from the real ones, from 0 (alike) to 1",
         "单个列与真实列相差多远，0 为一致，1 为完全不同"),
        ("mean over columns of the Kolmogorov-Smirnov distance (numbers) or total variation (levels)",
         "各列的 Kolmogorov–Smirnov 距离（数值）或总变差（取值）的平均"),
        shown="fine",
    ),
    "trend": Measure(
        "fidelity", "lower", ("Pairs of columns", "列间关系"),
        ("how far pairs of columns hang together otherwise than in the real table, from 0 (alike) to 1",
         "列与列的关系与真实表相差多远，0 为一致，1 为完全不同"),
        ("mean over pairs of half the difference of Spearman's rank correlation (two numbers) or the total variation "
         "of "
         "the counts, numbers cut at ten quantiles of the real rows",
         "各列对的斯皮尔曼秩相关系数之差的一半（两列数值）或列联表总变差的平均，数值按真实行的十分位切分"),
        shown="fine",
    ),
    "trend_linked": Measure(
        "fidelity", "lower", ("Pairs that hang together", "强相关列对"),
        ("the same, over the pairs of columns that clearly hang together", "同上，仅限真实表中明显相关的列对"),
        ("the same over the pairs that hang together in the real table: |rank correlation| > 0.4 or Cramer's V > 0.3",
         "同上，仅限真实表中 |秩相关| > 0.4 或 Cramér's V > 0.3 的列对"),
        shown="fine",
    ),
    "sdmetrics_trend": Measure(
        "fidelity", "lower", ("Pairs, as sdmetrics has them", "列间关系（sdmetrics 规则）"),
        ("the same by the rules of sdmetrics, for comparison only", "同上，按 sdmetrics 的规则，仅供对照"),
        ("the pair score of sdmetrics, for comparison: Pearson's r, and counts on ten equal widths of each table's own "
         "range, which one extreme value can move",
         "皮尔逊相关系数，以及按每张表自身范围等宽切分的列联表，一个极端值即可改变它"),
        shown="fine",
    ),
    "sdmetrics_trend_linked": Measure(
        "fidelity", "lower", ("Pairs that hang together, as sdmetrics has them", "强相关列对（sdmetrics 规则）"),
        ("the same, over the pairs that clearly hang together by those rules", "同上，仅限按该规则明显相关的列对"),
        ("the same over the pairs with |r| > 0.4 or Cramer's V > 0.3, as that report has it by default",
         "同上，仅限 |r| > 0.4 或 Cramér's V > 0.3 的列对"),
        shown="fine",
    ),
    "missing": Measure(
        "fidelity", "lower", ("Missing values", "缺失值"),
        ("how far the shares of missing values are from the real ones", "缺失比例与真实表相差多远"),
        ("mean over columns of the difference of the shares of missing values", "各列缺失比例之差的平均"),
        shown="fine",
    ),
    "accuracy_univariate": _overlap("one column", "每次一列", ("Overlap, one column", "单列重合度")),
    "accuracy_bivariate": _overlap("two columns at a time", "每次两列", ("Overlap, two columns", "两列重合度")),
    "accuracy_trivariate": _overlap("three columns at a time", "每次三列", ("Overlap, three columns", "三列重合度")),
    "alpha_precision": Measure(
        "fidelity", "floor", ("Lies where real rows lie", "落在真实行之处（α 精度）"),
        ("how many synthetic rows lie where real rows lie, at every radius; 1 at best",
         "各半径下有多少合成行落在真实行所在之处；1 为最好"),
        ("share of synthetic rows within the real radius quantiles about the real mean, 30 levels; {n:,} rows of each "
         "table; interval over resampled rows, of value and floor",
         "以真实均值为中心，落在真实半径分位数以内的合成行比例，30 个水平；每表 {n:,} 行；区间由重抽样得出"),
    ),
    "beta_recall": Measure(
        "fidelity", "floor", ("Covers the real rows", "覆盖真实行（β 召回）"),
        ("how well synthetic rows cover the real ones; fresh real rows score about 0.5, more is too near",
         "合成行对真实行的覆盖程度；新的真实行约为 0.5，更高则过近"),
        ("share of real rows with a synthetic row nearer than their nearest other real row, 30 levels; {n:,} rows of "
         "each table; interval over resampled rows, of value and floor",
         "有合成行比其最近的其他真实行更近的真实行比例，30 个水平；每表 {n:,} 行；区间由重抽样得出"),
    ),
    "mmd": Measure(
        "fidelity", "lower", ("Kernel distance", "核距离（MMD）"),
        ("how far the whole rows are from real ones, by a kernel; 0 is alike",
         "以核函数衡量整行与真实行的距离；0 为一致"),
        ("unbiased squared kernel distance (MMD), Gaussian kernel of the median distance, {n:,} rows of each; interval "
         "from permuted labels and the rows' own pull",
         "无偏的平方核距离（MMD），高斯核取距离中位数，每表 {n:,} 行；区间来自标签置换"),
        "theory", shown="fine",
    ),
    "c2st": Measure(
        "fidelity", "lower", ("Told from real (AUC)", "真假可辨（AUC）"),
        ("how often a classifier tells which of two rows is synthetic; 0.5 is a coin toss",
         "分类器从两行中认出合成行的机会；0.5 等于抛硬币"),
        ("ROC AUC of {learner}, 5 folds, {n:,} synthetic and as many {against} rows; DeLong interval, widened for "
         "folds "
         "that share rows",
         "{learner}的 ROC AUC，五折，{n:,} 行合成行与同样多的{against}行；DeLong 区间，按各折共用的行放宽"),
        "theory",
    ),
    **{f"place_support_{km}km": _in_cells(km) for km in (1, 10)},
    **{f"place_js_{km}km": _cell_counts(km) for km in (1, 10, 100)},
    **HISTORIES,
    "text_js": Measure(
        "fidelity", "lower", ("Words of texts", "文本用词"),
        ("how far the words of synthetic texts are from those of real ones, from 0 (alike) to 1",
         "合成文本的用词与真实文本相差多远，0 为一致，1 为完全不同"),
        ("Jensen-Shannon divergence, in bits, between the counts of words, whatever their capitals, in {n:,} synthetic "
         "rows; the floor is the same for as many fresh real rows; interval from the rows dealt anew",
         "{n:,} 行合成文本与真实文本的词频（不分大小写）之间的 Jensen–Shannon 散度（比特）；"
         "基准为同样多的新真实行的同一散度；区间由重新分派各行得出"),
        shown="fine",
    ),
    "text_length": Measure(
        "fidelity", "lower", ("Lengths of texts", "文本长度"),
        ("how far the lengths of synthetic texts are from those of real ones, from 0 (alike) to 1",
         "合成文本的长度与真实文本相差多远，0 为一致，1 为完全不同"),
        ("Kolmogorov-Smirnov distance of lengths in words, {n:,} synthetic rows; the floor is the same for as many "
         "fresh real rows; interval from the rows dealt anew",
         "以词数计的长度的 Kolmogorov–Smirnov 距离，{n:,} 行合成行；基准为同样多的新真实行的同一距离；"
         "区间由重新分派各行得出"),
    ),
    # --- use
    "tstr_auc": _prediction("ROC AUC", " ROC AUC", ("Prediction (AUC)", "预测（AUC）")),
    "tstr_f1": _prediction("F1, mean over classes,", "各类 F1 平均", ("Prediction (F1)", "预测（F1）")),
    "tstr_balanced_accuracy": _prediction(
        "balanced accuracy", "均衡准确率", ("Prediction (balanced accuracy)", "预测（均衡准确率）")
    ),
    "tstr_r2": _prediction("R²", " R²", ("Prediction (R²)", "预测（R²）")),
    "tstr_rmse": _prediction(
        "root mean square error", "均方根误差", ("Prediction error", "预测误差"), better="lower"
    ),
    "mix_auc": _mixed("ROC AUC", ("Real and synthetic rows together (AUC)", "真实与合成行合用（AUC）")),
    "mix_r2": _mixed("R²", ("Real and synthetic rows together (R²)", "真实与合成行合用（R²）")),
    "importance": Measure(
        "utility", "higher", ("Rests on the same columns", "依据相同的列"),
        ("whether models learnt from synthetic rows rest on the same columns, from -1 to 1",
         "用合成行训练的模型是否依据相同的列，−1 到 1"),
        ("rank correlation of what {learner} loses when a column is shuffled, trained on synthetic and on real rows; "
         "the "
         "floor is that of two models of half the real rows each",
         "{learner}分别用合成行与真实行训练，各列打乱后损失的秩相关；基准为各用一半真实行训练的两个模型"),
        "halves",
    ),
    "every_target": Measure(
        "utility", "lower", ("Lost over all targets", "各列为目标的损失"),
        ("how much less models know of a column when they learnt from synthetic rows, over all columns",
         "以每一列为目标，用合成行训练的模型少知道多少"),
        ("mean over {columns} columns as target of the loss of 2 AUC - 1 (levels) or R² (numbers) after training on "
         "{n:,} synthetic instead of real rows; most is lost for {worst!r} ({loss:.3f}); interval over the columns",
         "以 {columns} 列为目标时 2 AUC − 1（取值）或 R²（数值）的损失的平均；损失最大的是 {worst!r}（{loss:.3f}）；"
         "区间取自各列"),
        "theory",
    ),
    "tstr_accuracy": Measure(
        "utility", "higher", ("Recognition (accuracy)", "识别（准确率）"),
        ("how well a net learnt from synthetic images tells real ones, beside one learnt from real images",
         "用合成图像训练的网络识别真实图像的好坏，与用真实图像训练的相比"),
        ("share of {n:,} fresh real images whose label a small convolutional net tells, trained on {n_learnt:,} "
         "synthetic images; the floor is the same trained on as many real ones; the interval carries the errors of "
         "both",
         "用 {n_learnt:,} 张合成图像训练的小型卷积网络认对 {n:,} 张新的真实图像的比例；基准为用同样多的真实图像训练的"
         "结果；"
         "区间计入两者的误差"),
    ),
    # --- what leaks
    "copies": Measure(
        "privacy", "lower", ("Exact copies", "完全复制"),
        ("how many synthetic rows are exact copies of real ones", "有多少合成行与真实行完全相同"),
        ("share of synthetic rows that stand, cell for cell, in the training rows; the interval carries the errors "
         "of it "
         "and of its floor, no alarm but where Fisher's exact test raises one",
         "与某一训练行逐格相同的合成行的比例；区间计入其与基准两者的误差，Fisher 精确检验不报警则不报警"),
        threat=ONLY_SEES, shown="share",
    ),
    "copies_once": Measure(
        "privacy", "lower", ("Exact copies of rows that occur once", "仅出现一次的行的复制"),
        ("how many synthetic rows copy a real row that has no equal", "有多少合成行复制了没有相同者的真实行"),
        ("the same for training rows that occur once; where chance hardly ever repeats a row, the floor counts all "
         "pairs of rows that could have been equal, else the holdout rows (without any, training rows left out in "
         "turn); no alarm but where Fisher's exact test raises one",
         "同上，仅限训练行中只出现一次的行；偶然几乎不重复行时，基准计入所有可能相同的行对，"
         "否则取保留行（无保留行时，逐一留出训练行）；"
         "Fisher 精确检验不报警则不报警"),
        threat=ONLY_SEES, shown="share",
    ),
    "distance_share": Measure(
        "privacy", "lower", ("Nearer to training rows", "更接近训练行"),
        ("whether synthetic rows crowd around training rows; about 0.5 plus half the share of copied rows",
         "合成行是否聚集在训练行周围；约为 0.5 加上复制行比例的一半"),
        ("share of synthetic rows whose nearest real row is a training row rather than a holdout row, scaled so that "
         "chance is 0.5; interval from the exchangeability of training and holdout {people}",
         "最近的真实行是训练行而非保留行的合成行比例，折算后偶然水平为 0.5；区间来自训练与保留的{people}的可交换性"),
        "theory", CHECK,
    ),
    "near_copies": Measure(
        "privacy", "lower", ("Nearest rows, nearer to training rows", "最近的行更接近训练行"),
        ("whether the synthetic rows that come closest to a real one come close to training rows",
         "最接近真实行的合成行是否接近训练行"),
        ("the same for the {n:,} synthetic rows nearest to a real row beside the second nearest",
         "同上，仅限与最近真实行相对次近者最近的 {n:,} 个合成行"),
        "theory", CHECK,
    ),
    "place_near": Measure(
        "privacy", "lower", ("Places at a real one", "与真实点同处"),
        ("how many synthetic places stand where a real one does, to ten metres",
         "有多少合成点与某一真实点相距不到十米"),
        ("share of {n:,} synthetic points less than 10 m from a training point along the great circle; the floor is "
         "the same for fresh real points; the interval carries the errors of both",
         "{n:,} 个合成点中沿大圆距某一训练点不到 10 米的比例；基准为新的真实点的同一比例；区间计入两者的误差"),
        threat=CHECK, shown="share",
    ),
    "text_copies": Measure(
        "privacy", "lower", ("Texts copied", "文本复制"),
        ("how many synthetic texts are a real one, word for word", "有多少合成文本与某一真实文本逐词相同"),
        ("share of {n:,} synthetic texts whose words, whatever their capitals and the marks between them, are those of "
         "a training text; the floor is the same for fresh real texts; the interval carries the errors of both",
         "{n:,} 条合成文本中用词（不分大小写和标点）与某一训练文本完全相同的比例；基准为新的真实文本的同一比例；"
         "区间计入两者的误差"),
        threat=CHECK, shown="share",
    ),
    "text_run": Measure(
        "privacy", "lower", ("Longest run of words copied", "最长的连续复制词数"),
        ("how many words in a row a synthetic text has in common with a real one, at most",
         "合成文本与真实文本最多有多少个连续的词相同"),
        ("the longest run of words, of 100 at most and whatever their capitals and the marks between them, that a "
         "synthetic text ({n:,}) shares with a training text; the floor is the same for fresh real texts "
         "({n_others:,}); the interval begins at the run that would be longer than any fresh one by chance once in "
         "forty times",
         "合成文本（{n:,} 条）与训练文本共有的最长连续词数（最多计 100 个，不分大小写和标点）；"
         "基准为新的真实文本（{n_others:,} 条）的同一长度；区间下端为偶然四十次中仅一次超过全部新文本的那一长度"),
        threat=CHECK, shown="whole",
    ),
    "membership": Measure(
        "privacy", "lower", ("Membership guess (AUC)", "成员推断（AUC）"),
        ("how well distance tells who was in the training rows; 0.5 is a coin toss",
         "凭距离判断谁在训练行中的准确程度；0.5 等于抛硬币"),
        ("ROC AUC of minus the distance to the nearest synthetic row, for {n:,} training and {n_others:,} holdout "
         "{people}; numbers in units of their 1-99 % range, levels one-hot, Euclidean; DeLong interval",
         "以到最近合成行的距离的负值为得分的 ROC AUC，训练 {n:,}、保留 {n_others:,} {people}；"
         "数值按 1–99 % 范围缩放，取值独热，欧氏距离；DeLong 区间"),
        "theory", ALL_CELLS,
    ),
    "membership_tpr": _caught(
        ("Members named at {rate} % false alarms", "{rate} % 误报下认出的成员"),
        CAUGHT_MEANING, CAUGHT_METHOD, ALL_CELLS,
    ),
    "density": Measure(
        "privacy", "lower", ("Membership by density (AUC)", "按密度的成员推断（AUC）"),
        ("how well nearness beyond what the population explains tells who was in the training rows",
         "超出总体所能解释的接近程度在多大程度上暴露谁在训练行中"),
        ("ROC AUC of the density of synthetic rows over that of other real rows (nearest neighbours), for {n:,} "
         "training "
         "and {n_others:,} holdout {people}; numbers in units of their 1-99 % range, levels one-hot, Euclidean; DeLong "
         "interval",
         "以合成行密度与其他真实行密度之比为得分的 ROC AUC（最近邻），训练 {n:,}、保留 {n_others:,} {people}；"
         "数值按 1–99 % 范围缩放，取值独热，欧氏距离；DeLong 区间"),
        "theory", POPULATION,
    ),
    "density_tpr": _caught(
        ("Members named by density at {rate} % false alarms", "按密度在 {rate} % 误报下认出的成员"),
        CAUGHT_MEANING, CAUGHT_METHOD, POPULATION,
    ),
    "shadow": Measure(
        "privacy", "lower", ("Membership by shadow models (AUC)", "影子模型成员推断（AUC）"),
        ("how well an attacker who can run the generator tells who was in its training rows",
         "能运行生成器的攻击者判断谁在训练行中的准确程度；0.5 等于抛硬币"),
        ("ROC AUC over {records:,} records, half of them outliers, in {tables} tables drawn by {model!r} trained on "
         "{rows:,} rows, each record in half of them; the widest of three intervals",
         "{model!r} 在 {rows:,} 行上训练 {tables} 次，{records:,} 条记录各在其中一半，记录的一半为离群者，由此校准的 "
         "ROC "
         "AUC；取三种区间中最宽者"),
        "theory", CAN_TRAIN,
    ),
    "shadow_tpr": _caught(
        ("Members named by shadow models at {rate} % false alarms", "影子模型在 {rate} % 误报下认出的成员"),
        ("how many members that attacker names rightly at {rate} % false alarms; {rate} % is chance",
         "{rate} % 误报时该攻击者能正确认出多少成员；{rate} % 为纯属偶然"),
        ("the same attack: share of members named where {rate} % of the others are named falsely",
         "同一攻击：误报 {rate} % 的其他人时，被认出的成员比例"),
        CAN_TRAIN,
    ),
    "inference": Measure(
        "privacy", "lower", ("Hidden cell guessed", "猜中隐藏的格"),
        ("how often a hidden value of a training row can be read off; the floor is what the population gives away",
         "训练行的隐藏值能被读出的频率；基准为总体本身所泄露的"),
        ("share of values of {column!r} guessed rightly (numbers within 1 % of the real range) {by}, the worst of "
         "{columns} tried, the stronger of two guesses, the interval widened for all that were tried; {n:,} training "
         "{people}, floor from holdout {people}; other real people's rows give {by_others:.1%}",
         "{by}猜中 {column!r} 的值的比例（数值在真实范围的 1 % 以内），两种猜法中较强者，取所试 {columns} 列中最坏的"
         "一列"
         "并按全部尝试放宽区间；训练 {n:,} {people}，基准来自保留的{people}；凭其他真实的人的行猜中 {by_others:.1%}"),
        "holdout",
        ("sees the synthetic rows and knows the {known} of the record asked about",
         "看到合成行，并知道被查记录的{known}"),
        "share",
    ),
    "singling_out": Measure(
        "privacy", "lower", ("Singled out by one value", "凭一个值锁定个人"),
        ("how often one value read off the synthetic rows points to exactly one training person",
         "从合成行读出的一个值恰好指向一名训练者的频率"),
        ("share of {n:,} conditions on one column, each true of one synthetic row (a value, an end of the range, the "
         "one "
         "missing), true of exactly one {who} and that one of the training rows; floor by the holdout rows; the "
         "interval carries the errors of both",
         "{n:,} 个单列条件（在合成行中仅一行成立）中，恰好一个{who}成立且属于训练行的比例；基准来自保留行；"
         "区间计入两者的误差"),
        "holdout", ONLY_SEES, "share",
    ),
    "singling_out_several": Measure(
        "privacy", "lower", ("Singled out by several values", "凭多个值锁定个人"),
        ("how often several values of a synthetic row together point to exactly one training person",
         "一行合成数据的多个值一起恰好指向一名训练者的频率"),
        ("the same for {n:,} conditions on 3 to 12 columns of a synthetic row; the interval carries the errors of both",
         "同上，{n:,} 个条件各取一行合成数据的 3 到 12 列；区间计入两者的误差"),
        "holdout", ONLY_SEES, "share",
    ),
    "linkability": Measure(
        "privacy", "lower", ("Two tables joined", "两表可连接"),
        ("how often two tables with different columns of the same people can be joined through the synthetic rows",
         "持有同一批人不同列的两张表能借合成行连接起来的频率"),
        ("share of {n:,} training {people} whose two halves (columns dealt out by chance) share one of their 5 nearest "
         "synthetic rows; floor from holdout {people}; the interval carries the errors of both",
         "列随机分为两半，{n:,} 个训练{people}中两半各自最近的 5 个合成行有共同者的比例；基准来自保留的{people}；"
         "区间计入两者的误差"),
        "holdout",
        ("sees the synthetic rows and holds two tables of the same people with no column in common",
         "看到合成行，并持有同一批人的两张没有共同列的表"),
        "share",
    ),
    "public_exact": Measure(
        "privacy", "lower", ("Linked to a public table, exactly", "与公开表精确连接"), LINKED,
        ("share of {n:,} people of the public table who are in the training rows (known by {known_by}) for whom the "
         "only "
         "released row that fits these columns, {on}, tells what is true of them: {read}; {claims:,} were claimed; "
         "floor "
         "from {control}; the interval carries the errors of both",
         "公开表中属于训练行的 {n:,} 人（凭 {known_by} 认定）里，唯一符合 {on} 的发布行说出其真实情况（{read}）的比例；"
         "共声称 {claims:,} 人；基准取{control}；区间计入两者的误差"),
        threat=PUBLIC, shown="share",
    ),
    "public_nearest": Measure(
        "privacy", "lower", ("Linked to a public table, by distance", "与公开表按距离连接"), LINKED,
        ("share of {n:,} people of the public table who are in the training rows (known by {known_by}) for whom the "
         "released row nearest in these columns, {on}, tells what is true of them: {read}; {claims:,} were claimed; "
         "floor from {control}; the interval carries the errors of both",
         "公开表中属于训练行的 {n:,} 人（凭 {known_by} 认定）里，在 {on} 上最近的发布行说出其真实情况（{read}）的比例；"
         "共声称 {claims:,} 人；基准取{control}；区间计入两者的误差"),
        threat=PUBLIC, shown="share",
    ),
    # --- what recoding cost
    "gcp": Measure(
        "fidelity", "lower", ("No longer told", "不再透露的信息"),
        ("how much of the quasi-identifiers is no longer told, 0 nothing, 1 all",
         "准标识列中有多少不再透露，0 为无损，1 为全部失去"),
        (f"mean over the quasi-identifiers of the {COVERS}", f"{COVERS_ZH}，取准标识列的平均"),
        "theory", shown="share",
    ),
    "ncp": Measure(
        "fidelity", "lower", ("No longer told of a column", "某列不再透露的信息"),
        ("how much of this column is no longer told, 0 nothing, 1 all", "该列有多少不再透露，0 为无损，1 为全部失去"),
        (f"mean over the rows of the {COVERS}", f"{COVERS_ZH}，取各行的平均"),
        "theory", shown="share",
    ),
    "suppressed_rows": Measure(
        "fidelity", "lower", ("Rows not told", "未发布的行"),
        ("how many rows are not told at all", "有多少行完全未发布"),
        ("rows not released, over all rows", "未发布的行占全部行的比例"),
        "theory", shown="share",
    ),
    "discernibility": Measure(
        "fidelity", "lower", ("Rows a row is lost among", "一行混同的行数"),
        ("among how many rows a row is lost, on average over the rows", "平均每一行混同于多少行之中"),
        ("sum of squared class sizes, and all rows for each suppressed one, over the rows",
         "各等价类行数的平方和，加上每个被隐去的行计为全部行数，除以行数"),
        "theory",
    ),
    "average_class": Measure(
        "fidelity", "lower", ("Average class, in units of k", "平均类大小（以 k 计）"),
        ("how large classes are, in units of k; 1 is least", "等价类有多大，以 k 为单位；1 为最小"),
        ("released rows over classes and over k", "发布的行数除以类数，再除以 k"),
        "theory",
    ),
    "smallest_class": Measure(
        "privacy", "higher", ("Smallest class (k)", "最小的类（k）"),
        ("among how many rows a person hides who is known by the quasi-identifiers",
         "凭准标识列认识的人混同于多少行之中"),
        ("rows that share the rarest combination of quasi-identifiers", "准标识列最少见的组合所共有的行数"),
    ),
    **WINDOWS,
    **IMAGES,
    **DATABASES,
}  # fmt: skip
"""Every measure there is, by the base of its name, in groups."""
