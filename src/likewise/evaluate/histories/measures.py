"""The part of the table of measures that is of histories (`likewise.evaluate.measures`)."""

from __future__ import annotations

from likewise.evaluate.figure import Better, Measure, Text

DEALT = "{n:,} synthetic entities; the floor is the same for as many fresh ones; interval from entities dealt anew"
DEALT_ZH = "{n:,} 个合成实体；基准为同样多的新实体；区间由重新分派实体得出"
SEES = ("sees the synthetic histories only", "只看到合成历史")
KNOWS = ("sees the synthetic histories and knows the whole history asked about", "看到合成历史，并知道被查的整段历史")
KNOWS_OTHERS = (
    f"{KNOWS[0]}, and those of some other real entities",
    "看到合成历史，知道被查的整段历史，并持有其他一些真实实体的历史",
)
CHECK = (
    "sees the synthetic histories; a check for copying, not an attack on a person",
    "看到合成历史；用于检查复制，并非针对个人的攻击",
)
VECTORS = "a history as one row: its length, its times, and means, ends, steps and shares of its columns"
VECTORS_ZH = "每段历史为一行：长度、时间，以及各列的平均、首末、步幅与比例"


def _overlap(label: Text, meaning: Text, method: Text) -> Measure:
    return Measure(
        "fidelity",
        "higher",
        label,
        meaning,
        (f"{method[0]}; {DEALT}", f"{method[1]}；{DEALT_ZH}"),
        shown="fine",
    )


def _share(label: Text, meaning: Text, method: Text, better: Better = "floor") -> Measure:
    return Measure(
        "fidelity", better, label, meaning, (f"{method[0]}; {DEALT}", f"{method[1]}；{DEALT_ZH}"), shown="share"
    )


def _caught(label: Text, threat: Text) -> Measure:
    return Measure(
        "privacy",
        "lower",
        label,
        (
            "how many members an attacker names rightly at {rate} % false alarms; {rate} % is chance",
            "{rate} % 误报时攻击者能正确认出多少成员；{rate} % 为纯属偶然",
        ),
        (
            "the same attack: share of training entities named where {rate} % of holdout entities are named falsely",
            "同一攻击：误报 {rate} % 的保留实体时，被认出的训练实体比例",
        ),
        "theory",
        threat,
        "share",
    )


HISTORIES: dict[str, Measure] = {
    "history_coherence": _overlap(
        ("Coherence of histories", "历史连贯性"),
        (
            "how far rows that follow each other, and what an entity holds, are as in real histories; 1 at best",
            "相继的行及每个实体所含取值与真实历史相符的程度；1 为最好",
        ),
        (
            "mean of three: rows that follow each other, distinct values an entity, entities a value",
            "三项的平均：相继的行、每实体的不同取值数、各取值的实体数",
        ),
    ),
    "history_lengths": _overlap(
        ("Lengths of histories", "历史的长度"),
        ("whether entities have as many rows as real ones; 1 at best", "实体的行数是否与真实实体相同；1 为最好"),
        ("1 less the Kolmogorov-Smirnov distance of rows an entity", "1 减去每实体行数的 Kolmogorov–Smirnov 距离"),
    ),
    "history_first": _overlap(
        ("First rows", "首行"),
        ("whether histories begin as real ones do; 1 at best", "历史是否如真实的那样开始；1 为最好"),
        (
            "overlap of the counts of each column in the first row of each entity, mean over columns",
            "各实体首行中每列频数的重合度，各列平均",
        ),
    ),
    "history_last": _overlap(
        ("Last rows", "末行"),
        ("whether histories end as real ones do; 1 at best", "历史是否如真实的那样结束；1 为最好"),
        (
            "overlap of the counts of each column that changes in the last row of each entity, mean over columns",
            "各实体末行中每个变动列频数的重合度，各列平均",
        ),
    ),
    "history_gaps": _overlap(
        ("Times between rows", "行间时间"),
        (
            "whether rows follow each other after as long as real ones do; 1 at best",
            "相继两行的间隔是否与真实相同；1 为最好",
        ),
        (
            "1 less the Kolmogorov-Smirnov distance of the times from each row to the next",
            "1 减去相邻两行时间间隔的 Kolmogorov–Smirnov 距离",
        ),
    ),
    "history_calendar": _overlap(
        ("Weekdays and hours", "星期与时刻"),
        (
            "whether rows fall on the weekdays and hours that real ones fall on; 1 at best",
            "各行是否落在与真实相同的星期与时刻；1 为最好",
        ),
        ("overlap of the counts by weekday and hour", "按星期与小时计数的重合度"),
    ),
    "history_pairs": _overlap(
        ("Rows that follow each other", "相继的行"),
        (
            "whether a value is followed by the same as in real histories; 1 at best",
            "一个值之后跟随的值是否与真实相同；1 为最好",
        ),
        (
            "overlap of the counts of each column in a row and the next, each entity counted once, mean over columns",
            "每列在某行与下一行的联合频数的重合度，每实体计一次，各列平均",
        ),
    ),
    "history_lagged": _overlap(
        ("Rows two and five apart", "相隔二行与五行"),
        ("the same for rows that are two and five apart; 1 at best", "同上，相隔两行与五行；1 为最好"),
        (
            "overlap of the counts of each column in a row and in that two and "
            "five rows later, each entity counted once",
            "每列在某行与其后第二、第五行的联合频数的重合度，每实体计一次",
        ),
    ),
    "history_across": _overlap(
        ("What follows in other columns", "其他列中的后续"),
        (
            "whether a value is followed in other columns by the same as in real histories; 1 at best",
            "一个值之后其他列跟随的值是否与真实相同；1 为最好",
        ),
        (
            "overlap of the counts of one column in a row and another in the next, each entity counted once, mean over "
            "{columns} pairs of columns",
            "某列在某行与另一列在下一行的联合频数的重合度，每实体计一次，{columns} 对列的平均",
        ),
    ),
    "history_transitions": _overlap(
        ("Transitions", "转移"),
        (
            "whether levels follow each other with the chances that they have in real histories; 1 at best",
            "取值间的转移概率是否与真实相同；1 为最好",
        ),
        (
            "1 less the total variation of the next level given this one, weighted "
            "by how often it is in real rows, mean "
            "over the columns of levels",
            "1 减去给定当前取值时下一取值的总变差，按其在真实行中的频率加权，各取值列平均",
        ),
    ),
    "history_triples": _overlap(
        ("Three levels in a row", "连续三个取值"),
        (
            "whether three rows in a row hold the levels that they hold in real histories; 1 at best",
            "连续三行的取值是否与真实相同；1 为最好",
        ),
        (
            "1 less the Jensen-Shannon divergence, in bits, of the counts of "
            "three levels in a row, mean over the columns "
            "of levels",
            "1 减去连续三个取值频数的 Jensen–Shannon 散度（比特），各取值列平均",
        ),
    ),
    "history_stays": Measure(
        "fidelity",
        "lower",
        ("Values that stay", "保持不变的值"),
        (
            "how far the shares of rows that keep the value of the row before are from the real ones",
            "保持前一行取值的行的比例与真实相差多远",
        ),
        (
            f"mean over the columns that change of the difference of the shares of rows that hold what the row before "
            f"holds; {DEALT}",
            f"各变动列中与前一行相同的行所占比例之差的平均；{DEALT_ZH}",
        ),
        shown="fine",
    ),
    "history_alike": Measure(
        "fidelity",
        "lower",
        ("Rows of one entity", "同一实体的行"),
        (
            "how far rows of one entity are more or less alike than in real histories",
            "同一实体的行彼此相似的程度与真实相差多远",
        ),
        (
            f"mean over the columns that change of the difference of the chance "
            f"that two rows of an entity are in one of "
            f"ten bins; {DEALT}",
            f"各变动列中同一实体两行落在十个区间中同一区间的概率之差的平均；{DEALT_ZH}",
        ),
        shown="fine",
    ),
    "history_distinct": _overlap(
        ("Distinct values an entity", "每实体的不同取值"),
        (
            "whether entities hold as many different values as real ones; 1 at best",
            "实体所含不同取值的个数是否与真实相同；1 为最好",
        ),
        (
            "overlap of the counts of entities by how many of thirty bins they hold, mean over the columns that change",
            "按每实体所含区间数（共三十个）计数的重合度，各变动列平均",
        ),
    ),
    "history_holders": _overlap(
        ("Entities a value", "各取值的实体"),
        (
            "whether as many entities as in real histories ever hold a value; 1 at best",
            "曾有某取值的实体是否与真实同样多；1 为最好",
        ),
        (
            "overlap of the counts of entities that hold each of ten bins, mean over the columns that change",
            "曾含十个区间之一的实体数的重合度，各变动列平均",
        ),
    ),
    "history_back": _share(
        ("Steps back in time", "时间倒退"),
        ("how many rows lie before the row that they follow", "有多少行早于其前一行"),
        (
            "share of rows after an entity's first whose time is before that of the row above, as the rows stand",
            "除首行外，时间早于上一行的行的比例，按表中顺序",
        ),
        "lower",
    ),
    "history_orders": _share(
        ("Columns that turn back", "单向列的倒退"),
        (
            "how often columns go back that only rise, or only fall, in every real history",
            "在所有真实历史中只升或只降的列有多常倒退",
        ),
        (
            "share of steps against the only way that a column goes in the training rows, mean over {columns} columns",
            "与训练行中唯一方向相反的步的比例，{columns} 列的平均",
        ),
        "lower",
    ),
    "history_static": _share(
        ("Entities that change what they are", "固有属性的变动"),
        ("how many entities change in a column in which no real one changes", "有多少实体在真实实体从不变动的列上变动"),
        (
            "share of entities of several rows that differ in a column which no training entity changes",
            "多行实体中，在训练实体从不变动的列上不一致的比例",
        ),
        "lower",
    ),
    "history_ties": _share(
        ("Rows of one moment", "同一时刻的行"),
        (
            "how many rows are of the moment of the row before; as many as real ones is best",
            "有多少行与前一行同一时刻；与真实相同为最好",
        ),
        (
            "share of rows after an entity's first whose time is that of the row before",
            "除首行外，时间与前一行相同的行的比例",
        ),
    ),
    "history_repeated": _share(
        ("Rows repeated within an entity", "实体内重复的行"),
        (
            "how many rows repeat another of their entity and moment; as many as real ones is best",
            "有多少行与同实体同时刻的另一行重复；与真实相同为最好",
        ),
        (
            "share of rows whose entity, time and levels an earlier row holds (all columns, where none holds levels)",
            "实体、时间与取值列均与更早一行相同的行的比例（无取值列时取全部列）",
        ),
    ),
    "history_c2st": Measure(
        "fidelity",
        "lower",
        ("Histories told from real (AUC)", "历史真假可辨（AUC）"),
        (
            "how often a classifier tells which of two histories is synthetic; 0.5 is a coin toss",
            "分类器从两段历史中认出合成者的机会；0.5 等于抛硬币",
        ),
        (
            f"ROC AUC of {{learner}} on {VECTORS}; 5 folds, {{n:,}} synthetic and as many {{against}} entities; DeLong "
            "interval, widened for folds that share entities; what tells most: {tells}",
            f"{{learner}}的 ROC AUC，{VECTORS_ZH}；五折，{{n:,}} 个合成实体与同样多的{{against}}实体；DeLong 区间，"
            "按各折共用的实体放宽；最能分辨的：{tells}",
        ),
        "theory",
    ),
    "history_next_auc": Measure(
        "utility",
        "higher",
        ("Next row foretold (AUC)", "预测下一行（AUC）"),
        (
            "how well a model learnt from synthetic histories foretells the next "
            "row of real ones, beside one learnt from "
            "real ones",
            "用合成历史训练的模型预测真实历史下一行的好坏，与用真实历史训练的相比",
        ),
        (
            "ROC AUC of {learner} for {target!r} from the two rows before, trained "
            "on the synthetic rows, tested on {n:,} "
            "real rows; the floor is the same trained on real rows, the interval "
            "that of the difference of the two on the "
            "same rows, entities dealt anew",
            "{learner}凭前两行预测 {target!r} 的 ROC AUC，用合成行训练、在 {n:,} 行真实行上测试；"
            "基准为用真实行训练的结果，区间为两者之差，由重新分派实体得出",
        ),
    ),
    "history_next_r2": Measure(
        "utility",
        "higher",
        ("Next row foretold (R²)", "预测下一行（R²）"),
        (
            "how well a model learnt from synthetic histories foretells the next "
            "row of real ones, beside one learnt from "
            "real ones",
            "用合成历史训练的模型预测真实历史下一行的好坏，与用真实历史训练的相比",
        ),
        (
            "R² of {learner} for {target!r} from the two rows before, trained on "
            "the synthetic rows, tested on {n:,} real "
            "rows; the floor is the same trained on real rows, the interval that "
            "of the difference of the two on the same "
            "rows, entities dealt anew",
            "{learner}凭前两行预测 {target!r} 的 R²，用合成行训练、在 {n:,} 行真实行上测试；"
            "基准为用真实行训练的结果，区间为两者之差，由重新分派实体得出",
        ),
    ),
    "history_rest_r2": Measure(
        "utility",
        "higher",
        ("Rows to come foretold (R²)", "预测剩余行数（R²）"),
        (
            "how well a model learnt from synthetic histories tells from the "
            "beginning of a real one how many rows follow, "
            "beside one learnt from real ones",
            "用合成历史训练的模型凭真实历史的开头预测其后行数的好坏，与用真实历史训练的相比",
        ),
        (
            f"R² of {{learner}} for the log of the rows that follow, from histories "
            f"cut by chance ({VECTORS}), trained on "
            "synthetic ones, tested on {n:,} real ones; the floor is the same "
            "trained on real ones, the interval that of "
            "the difference of the two on the same histories, entities dealt anew",
            f"{{learner}}凭随机截断的历史（{VECTORS_ZH}）预测其后行数对数的 R²，"
            f"用合成历史训练、在 {{n:,}} 段真实历史上测试；"
            "基准为用真实历史训练的结果，区间为两者之差，由重新分派实体得出",
        ),
    ),
    "history_copies": Measure(
        "privacy",
        "lower",
        ("Histories copied whole", "整段复制的历史"),
        (
            "how many synthetic histories are real ones, from the first row to the last",
            "有多少合成历史从首行到末行与真实历史相同",
        ),
        (
            "share of synthetic entities all of whose rows stand so in one training entity, moved in time or not; the "
            "floor is the same for fresh entities; the interval carries the errors of both, no alarm but where "
            "Fisher's "
            "exact test raises one",
            "全部行与某一训练实体相同（可整体平移时间）的合成实体比例；基准为新实体的同一比例；区间计入两者的误差，"
            "Fisher 精确检验不报警则不报警",
        ),
        threat=SEES,
        shown="share",
    ),
    "history_runs": Measure(
        "privacy",
        "lower",
        ("Runs of rows copied", "成串复制的行"),
        (
            "how many synthetic histories repeat {rows} or more rows of a real one, one after the other",
            "有多少合成历史连续重复某一真实历史的 {rows} 行或更多",
        ),
        (
            "share of synthetic entities of which {rows} rows, with the times "
            "between them, stand so in a training entity; "
            "the longest such run has {longest} rows, {longest_fresh} in fresh "
            "entities; the floor is the same for fresh "
            "entities; the interval carries the errors of both, no alarm but where Fisher's exact test raises one",
            "有连续 {rows} 行（连同其间隔）出现在某一训练实体中的合成实体比例；最长一串为 {longest} 行，"
            "新实体中为 {longest_fresh} 行；基准为新实体的同一比例；区间计入两者的误差，Fisher 精确检验不报警则不报警",
        ),
        threat=SEES,
        shown="share",
    ),
    "history_distance_share": Measure(
        "privacy",
        "lower",
        ("Histories nearer to training ones", "更接近训练历史"),
        (
            "whether synthetic histories crowd around training ones; about 0.5 plus half the share of copied ones",
            "合成历史是否聚集在训练历史周围；约为 0.5 加上复制比例的一半",
        ),
        (
            f"share of synthetic entities whose nearest real entity is a training one, scaled so that chance is 0.5; "
            f"{VECTORS}; interval from the exchangeability of training and holdout entities",
            f"最近的真实实体为训练实体的合成实体比例，折算后偶然水平为 0.5；{VECTORS_ZH}；"
            f"区间来自训练与保留实体的可交换性",
        ),
        "theory",
        CHECK,
    ),
    "history_near_copies": Measure(
        "privacy",
        "lower",
        ("Nearest histories, nearer to training ones", "最近的历史更接近训练历史"),
        (
            "whether the synthetic histories that come closest to a real one come close to training ones",
            "最接近真实历史的合成历史是否接近训练历史",
        ),
        (
            "the same for the {n:,} synthetic entities nearest to a real one beside the second nearest",
            "同上，仅限与最近真实实体相对次近者最近的 {n:,} 个合成实体",
        ),
        "theory",
        CHECK,
    ),
    "history_membership": Measure(
        "privacy",
        "lower",
        ("Whole history guessed a member (AUC)", "整段历史的成员推断（AUC）"),
        (
            "how well distance tells whose history was learnt from; 0.5 is a coin toss",
            "凭距离判断谁的历史被用于训练的准确程度；0.5 等于抛硬币",
        ),
        (
            f"ROC AUC of minus the distance to the nearest synthetic history, for {{n:,}} training and {{n_others:,}} "
            f"holdout entities; {VECTORS}; DeLong interval",
            f"以到最近合成历史的距离的负值为得分的 ROC AUC，训练 {{n:,}}、保留 {{n_others:,}} "
            f"个实体；{VECTORS_ZH}；DeLong 区间",
        ),
        "theory",
        KNOWS,
    ),
    "history_membership_tpr": _caught(("Histories named at {rate} % false alarms", "{rate} % 误报下认出的历史"), KNOWS),
    "history_density": Measure(
        "privacy",
        "lower",
        ("Whole history guessed by density (AUC)", "按密度的历史成员推断（AUC）"),
        (
            "how well nearness beyond what other real histories explain tells whose was learnt from",
            "超出其他真实历史所能解释的接近程度在多大程度上暴露谁的历史被用于训练",
        ),
        (
            f"ROC AUC of the density of synthetic histories over that of other "
            f"real ones (nearest neighbours), for {{n:,}} "
            f"training and {{n_others:,}} holdout entities; {VECTORS}; DeLong interval",
            "以合成历史密度与其他真实历史密度之比为得分的 ROC AUC（最近邻），训练 {n:,}、保留 {n_others:,} 个实体；"
            f"{VECTORS_ZH}；DeLong 区间",
        ),
        "theory",
        KNOWS_OTHERS,
    ),
    "history_density_tpr": _caught(
        ("Histories named by density at {rate} % false alarms", "按密度在 {rate} % 误报下认出的历史"), KNOWS_OTHERS
    ),
}
