"""The part of the table of measures that is of databases (`likewise.evaluate.measures`)."""

from __future__ import annotations

from likewise.evaluate.figure import Better, Measure, Text

DEALT = (
    "{n:,} synthetic root entities; the floor is the same for as many fresh ones; interval from roots dealt anew",
    "{n:,} 个合成根实体；基准为同样多的新根实体；区间由重新分派根实体得出",
)
SEES = ("sees the synthetic database only", "只看到合成数据库")
KNOWS = (
    "sees the synthetic database and knows all cells of the root asked about and what its children add up to",
    "看到合成数据库，并知道被查根实体的每一格及其子行的汇总",
)
KNOWS_OTHERS = (f"{KNOWS[0]}, and those of some other real roots", f"{KNOWS[1]}，并持有其他一些真实根实体的同类信息")
CHECK = (
    "sees the synthetic database; a check for copying, not an attack on a person",
    "看到合成数据库；用于检查复制，并非针对个人的攻击",
)
VECTORS = (
    "a root as one row: its own columns, and number, different values and means of its children by each link",
    "每个根实体为一行：自身各列，以及按各链接的子行数、不同取值数与平均",
)
REWIRED = (
    "; real rows with links dealt at random score {rewired:.4f}, with tables apart {apart:.4f}",
    "；链接随机重派的真实行为 {rewired:.4f}，各表互不相干时为 {apart:.4f}",
)


WORST = "; least by {worst}: {least:.4f}", "；最低的是 {worst}：{least:.4f}"


def _broken(label: Text, meaning: Text, method: Text) -> Measure:
    return Measure(
        "fidelity", "lower", label, meaning,
        (f"{method[0]}; none may; the floor is the same of the real database. {{broken:,}} of {{n:,}}, most of them of "
         "{worst}", f"{method[1]}；一个也不允许；基准为真实数据库的同一比例。{{n:,}} 项中有 {{broken:,}} 项，最多的是 "
         "{worst}"),
        "train", shown="share",
    )  # fmt: skip


def _alike(label: Text, meaning: Text, method: Text, *, beside: Text = ("", "")) -> Measure:
    return Measure(
        "fidelity", "higher", label, meaning,
        (f"{method[0]}{beside[0]}; {DEALT[0]}", f"{method[1]}{beside[1]}；{DEALT[1]}"), shown="fine",
    )  # fmt: skip


def _share(label: Text, meaning: Text, method: Text, better: Better) -> Measure:
    words = f"{method[0]}; {DEALT[0]}", f"{method[1]}；{DEALT[1]}"
    return Measure("fidelity", better, label, meaning, words, shown="share")


def _hop(k: int) -> Measure:
    where = "within tables" if k == 0 else f"{k} link{'s' * (k > 1)} apart"
    where_zh = "同一表内的列对" if k == 0 else f"相隔 {k} 个链接的列对"
    return _alike(
        (f"Pairs {where}", where_zh),
        (f"how far pairs of columns {where} hang together as in the real database; 1 at best",
         f"{where_zh}的关系与真实数据库相符的程度；1 为最好"),
        ("mean over {pairs:,} pairs of 1 less half the difference of Pearson's r (two numbers) or the total "
         "variation of "
         "the counts, by the formulas of sdmetrics without its thresholds",
         "{pairs:,} 个列对的平均：1 减去皮尔逊相关系数之差的一半（两列数值）或列联表总变差，按 sdmetrics 的公式，"
         "不用其阈值"),
        beside=(WORST[0] + REWIRED[0], WORST[1] + REWIRED[1]) if k else ("", ""),
    )  # fmt: skip


def _agg(label: Text, meaning: Text, method: Text) -> Measure:
    return Measure(
        "fidelity", "lower", label, meaning,
        (f"{method[0]}; XGBoost, 5 folds of root entities, {{n:,}} rows of each kind, parents against "
         f"{{against}} ones (SyntheRela); "
         f"real rows with links dealt at random score {{rewired:.3f}}, with tables apart {{apart:.3f}}; interval over "
         f"root entities, widened for folds that share rows",
         f"{method[1]}；XGBoost，按根实体五折，每类 {{n:,}} 行，与{{against}}父行比较（SyntheRela）；链接随机"
         f"重派的真实行为 "
         "{rewired:.3f}，各表互不相干时为 {apart:.3f}；区间取自根实体，按各折共用的行放宽"),
        "theory",
    )  # fmt: skip


def _attack(label: Text, meaning: Text, method: Text, threat: Text) -> Measure:
    return Measure("privacy", "lower", label, meaning, method, "theory", threat)


def _caught(label: Text, threat: Text) -> Measure:
    return Measure(
        "privacy", "lower", label,
        ("how many members an attacker names rightly at {rate} % false alarms; {rate} % is chance",
         "{rate} % 误报时攻击者能正确认出多少成员；{rate} % 为纯属偶然"),
        ("the same attack: share of training roots named where {rate} % of holdout roots are named falsely",
         "同一攻击：误报 {rate} % 的保留根实体时，被认出的训练根实体比例"),
        "theory", threat, "share",
    )  # fmt: skip


AGG = (
    "accuracy of a classifier told to find synthetic rows among rows that have children, by their own columns and, for "
    "each link, number, different values and means of the children",
    "分类器从有子行的行中认出合成行的准确率，依据其自身各列，以及按各链接的子行数、不同取值数与平均",
)

DATABASES: dict[str, Measure] = {
    # --- what must hold
    "db_keys": _broken(
        ("Keys repeated", "键重复"),
        ("how many rows have a primary or unique key that another has", "主键或唯一键与他行相同的行有多少"),
        ("share of rows whose key an earlier row has, over all primary and unique keys",
         "键已被前面的行用过的比例，遍及全部主键与唯一键"),
    ),
    "db_links": _broken(
        ("Foreign keys not found", "外键不存在"),
        ("how many foreign keys lead to a row that is not there", "有多少外键指向不存在的行"),
        ("share of foreign keys, of which no part is missing, that are not found", "各部分均不缺失的外键中找不"
                                                                                   "到的比例"),
    ),
    "db_required": _broken(
        ("Required cells missing", "必填格缺失"),
        ("how many cells are missing that must not be", "不得缺失的格有多少缺失"),
        ("share of rows that lack a part of their primary key, and of required cells that are missing",
         "缺主键任一部分的行与必填列中缺失的格的比例"),
    ),
    "db_checks": _broken(
        ("CHECKs broken", "违反 CHECK"),
        ("how many rows break a CHECK of their table", "有多少行违反其表的 CHECK"),
        ("share of rows that break a CHECK, of those that it binds, over all of them",
         "受 CHECK 约束的行中违反的比例，遍及全部 CHECK"),
    ),
    # --- how many
    "db_cardinality": _alike(
        ("Children of each parent", "每个父行的子行数"),
        ("whether parents have as many children as real ones; 1 at best", "父行的子行数是否与真实相同；1 为最好"),
        ("1 less the Kolmogorov-Smirnov distance of children per parent, parents without any among them, mean over "
         "{keys} foreign keys", "1 减去每父行子行数（含无子行者）的 Kolmogorov–Smirnov 距离，{keys} 个外键的平均"),
        beside=WORST,
    ),
    "db_childless": _alike(
        ("Parents without children", "无子行的父行"),
        ("whether as many parents have no children; 1 at best", "无子行的父行是否同样多；1 为最好"),
        ("1 less the difference of the shares of parents without children, mean over {keys} foreign keys",
         "1 减去无子行父行比例之差，{keys} 个外键的平均"),
        beside=WORST,
    ),
    "db_degrees": _alike(
        ("Counts of one parent", "同一父行的各子行数"),
        ("whether who has many children of one kind has many of another, as in real ones; 1 at best",
         "一类子行多的父行，另一类是否也如真实那样多；1 为最好"),
        ("1 less half the difference of Pearson's r between the counts by two links into one table, mean over "
         "{pairs:,} "
         "pairs", "指向同一表的两个链接的子行数之间皮尔逊相关系数之差的一半，1 减之，{pairs:,} 对的平均"),
        beside=WORST,
    ),
    # --- what goes through links
    **{f"db_hop_{k}": _hop(k) for k in range(4)},
    "db_c2st_agg": _agg(
        ("Parents told from real, mean (accuracy)", "父行真假可辨，平均（准确率）"),
        ("how often a classifier tells parents with their children from real ones, mean over tables; 0.5 is a "
         "coin toss",
         "分类器认出合成父行及其子行的机会，各表平均；0.5 等于抛硬币"),
        (f"{AGG[0]}; mean over {{tables}} tables", f"{AGG[1]}；{{tables}} 张表的平均"),
    ),
    "db_c2st_agg_max": _agg(
        ("Parents told from real, worst table (accuracy)", "父行真假可辨，最差的表（准确率）"),
        ("the same for the table that is told best", "同上，取最易分辨的表"),
        (f"{AGG[0]}; table {{table}}; the interval widened for all {{tables}}", f"{AGG[1]}；表 {{table}}；区间按全部 "
         "{tables} 张表放宽"),
    ),
    "db_c2st_agg_undated": _agg(
        ("The same without dates, mean", "同上，不用日期，平均"),
        ("the same when the classifier sees no dates", "同上，分类器看不到日期"),
        (f"{AGG[0]}, dates left out; mean over {{tables}} tables", f"{AGG[1]}，不含日期列；{{tables}} 张表的平均"),
    ),
    # --- in time, and in trees
    "db_gaps": _alike(
        ("Times between children", "子行间时间"),
        ("whether dated children follow each other after as long as real ones; 1 at best",
         "有日期的子行相继的间隔是否与真实相同；1 为最好"),
        ("1 less the Kolmogorov-Smirnov distance of the times between children of one parent, mean over {tables}",
         "1 减去同一父行相继子行时间间隔的 Kolmogorov–Smirnov 距离，{tables} 的平均"),
    ),
    "db_order": _alike(
        ("Children that follow each other", "相继的子行"),
        ("whether a child is followed by one as in real ones; 1 at best", "子行之后跟随的子行是否与真实相同；1 为最好"),
        ("overlap of the counts of each column in a child and in the next of its parent by date, mean over the columns "
         "of {tables}", "每列在某子行与同一父行按日期的下一子行中的联合频数的重合度，{tables} 各列的平均"),
    ),
    "db_dates": _share(
        ("Children on the wrong side of a parent's date", "与父行日期次序相反的子行"),
        ("how many children come before a date of their parent that real ones come after, or the other way round",
         "真实子行总在父行某日期之后（或之前）时，有多少子行相反"),
        ("share over {laws} pairs of dates of which at most 1 % of real children break the order",
         "遍及 {laws} 对日期，真实子行至多 1 % 违反其次序"),
        "lower",
    ),
    "db_depth": _alike(
        ("Depth of trees", "树的深度"),
        ("whether rows stand as deep below rows of their own table as real ones; 1 at best",
         "各行在自身表的层级中是否与真实同样深；1 为最好"),
        ("1 less the Kolmogorov-Smirnov distance of the links up to a row that points at none, circles deepest, mean "
         "over {keys} keys of tables to themselves", "1 减去到顶层所经链接数的 Kolmogorov–Smirnov 距离（循环计"
                                                     "为最深），"
         "{keys} 个自引用键的平均"),
    ),
    # --- what leaks
    "db_subtrees": Measure(
        "privacy", "lower", ("Roots copied with all their children", "连同全部子行复制的根实体"),
        ("how many synthetic roots are a real one with all that belongs to it", "有多少合成根实体连同其所属各行与真实的"
         "完全相同"),
        ("share of {n:,} synthetic roots with two rows or more below them that stand, cell for cell but for "
         "the keys, in "
         "the training rows with just these rows below; the floor is the same for fresh roots; where "
         "chance hardly ever repeats one, all pairs of roots that could have been equal are the control, else no alarm "
         "but where Fisher's exact test raises one",
         "其下有两行以上的 {n:,} 个合成根实体中，除键外逐格且其下各行均与某训练根实体相同的比例；基准为新根实"
         "体的同一比例；"
         "偶然几乎不重复时，以所有可能相同的根实体对为对照，否则 Fisher 精确检验不报警则不报警"),
        threat=SEES, shown="share",
    ),
    "db_distance_share": _attack(
        ("Nearer to training roots", "更接近训练根实体"),
        ("whether synthetic roots crowd around training roots; about 0.5 plus half the share of copied ones",
         "合成根实体是否聚集在训练根实体周围；约为 0.5 加上复制比例的一半"),
        (f"share of {{n:,}} synthetic roots whose nearest real one is a training one rather than a holdout "
         f"one, scaled so "
         f"that chance is 0.5; {VECTORS[0]}; interval from the exchangeability of roots",
         f"{{n:,}} 个合成根实体中最近的真实者为训练者而非保留者的比例，折算后偶然为 0.5；{VECTORS[1]}；"
         "区间来自根实体的可交换性"),
        CHECK,
    ),
    "db_near_copies": _attack(
        ("Nearest subtrees, nearer to training roots", "最近的子树更接近训练根实体"),
        ("whether the synthetic roots that come closest to a real one come close to training roots",
         "最接近真实者的合成根实体是否接近训练者"),
        ("the same for the {n:,} synthetic roots nearest to a real one beside the second nearest",
         "同上，仅限与最近真实者相对次近者最近的 {n:,} 个合成根实体"),
        CHECK,
    ),
    "db_membership": _attack(
        ("Membership of a root (AUC)", "根实体的成员推断（AUC）"),
        ("how well distance tells which roots were learnt from; 0.5 is a coin toss",
         "凭距离判断根实体是否在训练中的准确程度；0.5 等于抛硬币"),
        (f"ROC AUC of minus the distance to the nearest synthetic root, for {{n:,}} training and "
         f"{{n_others:,}} holdout "
         f"roots; {VECTORS[0]}; DeLong interval",
         f"以到最近合成根实体的距离的负值为得分的 ROC AUC，训练 {{n:,}}、保留 {{n_others:,}} 个；{VECTORS[1]}；"
         "DeLong 区间"),
        KNOWS,
    ),
    "db_membership_tpr": _caught(("Roots named at {rate} % false alarms", "{rate} % 误报下认出的根实体"), KNOWS),
    "db_density": _attack(
        ("Membership of a root by density (AUC)", "按密度的根实体成员推断（AUC）"),
        ("how well nearness beyond what other roots explain tells which were learnt from",
         "超出其他根实体所能解释的接近程度在多大程度上暴露训练者"),
        (f"ROC AUC of the density of synthetic roots over that of other real ones, for {{n:,}} training and "
         f"{{n_others:,}} holdout roots; {VECTORS[0]}; DeLong interval",
         f"以合成根实体密度与其他真实根实体密度之比为得分的 ROC AUC，训练 {{n:,}}、保留 {{n_others:,}} 个；"
         f"{VECTORS[1]}；"
         "DeLong 区间"),
        KNOWS_OTHERS,
    ),
    "db_density_tpr": _caught(
        ("Roots named by density at {rate} % false alarms", "按密度在 {rate} % 误报下认出的根实体"), KNOWS_OTHERS
    ),
}  # fmt: skip
