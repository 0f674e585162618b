"""The notes of a report in other languages. A note is English text made from a template."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

# English template -> Chinese. Blanks are named; a test holds the table to what `evaluate` writes.
ZH: dict[str, str] = {
    "No holdout was given: floors come from the real rows split in two, and the attacks which need real rows unknown "
    "to the generator were not made.": "未提供保留集：基准取自一分为二的真实行，需要生成器未见过的真实行的攻击未进行。",
    "Read in parts: columns, pairs and exact copies are counted on all rows ({counted}); all else is measured on a "
    "sample of them ({sampled}), and what was not sampled is not seen by the other attacks.": (
        "分部读取：列、列对与完全复制由全部行计数得出（{counted}）；其余在其样本上测得（{sampled}），"
        "未抽到的行其他攻击看不到。"
    ),
    "Read in parts: all is measured on all rows of some persons ({counted}); nobody else is seen by any attack.": (
        "分部读取：一切均在部分个体的全部行上测得（{counted}）；其他个体任何攻击都看不到。"
    ),
    "The classifier test needs at least {n} {people} of each table.": "分类器检验要求每张表至少有 {n} 个{people}。",
    "The classifier compared the synthetic rows with the rows they were learnt from: copying lowers it.": (
        "分类器将合成行与其训练行相比较：复制会使该值降低。"
    ),
    "Without a holdout, utility is tested on a fifth of the real rows, which the generator has seen.": (
        "没有保留集时，可用性在五分之一的真实行上测试，而生成器见过这些行。"
    ),
    "Utility was not measured: {reason}.": "未测量可用性：{reason}。",
    "{share} of the holdout rows stand in the training rows, more than rows repeat there ({repeated}): the two "
    "overlap, so attacks look weaker than they are.": (
        "{share} 的保留行出现在训练行中，多于训练行自身的重复（{repeated}）：两者重叠，因此攻击显得比实际更弱。"
    ),
    "The reports differ in {facts}: their figures are not comparable.": "各报告在 {facts} 上不同：其数字不可比较。",
    "The joint measures need at least {n} {people} of each table, and of each half of the real one where there is no "
    "holdout.": "联合测量要求每张表至少有 {n} 个{people}；没有保留集时，真实表的每一半亦然。",
    "{n} levels of {column} have too few rows ({least}) to be judged by themselves.": (
        "{column} 有 {n} 个取值行数太少（不足 {least} 行），无法单独评判。"
    ),
    "Column {column}: {share} of the synthetic texts are placeholders, which say that they are none.": (
        "列 {column}：{share} 的合成文本是占位文字，文字本身已说明这一点。"
    ),
    "No column could be learnt from the others.": "没有一列能由其他列学得。",
    "All measures but copies need at least {n} images of each set.": "除复制外，各项测量要求每组至少有 {n} 张图像。",
    "No holdout was given: a fifth of the real windows stands in for fresh ones, though the generator has seen it, and "
    "nearness to training windows was not measured.": (
        "未提供保留集：以五分之一的真实窗口代替新窗口（生成器见过它们），且未测量与训练窗口的接近程度。"
    ),
    "All measures but copies need at least {n} windows of each set.": "除复制外，各项测量要求每组至少有 {n} 个窗口。",
    "No holdout was given: a fifth of the real images stands in for fresh ones, though the generator has seen it, and "
    "nearness to training images was not measured.": (
        "未提供保留集：以五分之一的真实图像代替新的真实图像，尽管生成器见过它们；未测量与训练图像的接近程度。"
    ),
    "The holdout images have no labels, so those of the others are not used.": (
        "保留图像没有标签，因此其余图像的标签不予使用。"
    ),
    "The labels of the real images are too few or too many to be learnt, so they are not used.": (
        "真实图像的标签太少或太多，无法学习，因此不予使用。"
    ),
    "The synthetic images have no labels: what their labels are worth was not measured.": (
        "合成图像没有标签：未测量标签的价值。"
    ),
    "This report shows real images, as was asked for: who has it has them.": (
        "本报告按要求展示真实图像：持有本报告者即持有这些图像。"
    ),
    "Each recoded cell was drawn evenly from the values that its label stands for; suppressed rows are left out.": (
        "每个重编码的格从其标签所代表的值中均匀抽取一个；被隐去的行不计入。"
    ),
    "column {column}: {n} missing cells are a level of their own": "列 {column}：{n} 个缺失格自成一个取值",
    "hierarchies were built from the data for: {columns}": "以下列的层级由数据生成：{columns}",
    "levels were given, not searched, for: {columns}": "以下列的级别为指定而非搜索得出：{columns}",
    "the search ended before its best recoding was proven best; give it more max_seconds": (
        "搜索在证明最优之前结束；可增大 max_seconds"
    ),
    "rule {rule} says nothing of the released rows, which lack {columns}": (
        "规则 {rule} 与发布的行无关：其中缺少 {columns}"
    ),
    "no row can be held to rule {rule}: {columns} came out recoded": (
        "无法用规则 {rule} 检验任何一行：{columns} 已重新编码"
    ),
    "{broken} of {rows} released rows that it binds break rule {rule}": (
        "在规则 {rule} 适用的 {rows} 个发布行中，有 {broken} 行违反该规则"
    ),
    "Column {column} repeats as the key of an entity does and was taken for one: name it, if so, as entity.": (
        "列 {column} 像实体的键那样重复出现，已按实体处理：若属实，请用 entity 指明。"
    ),
    "Column {column} repeats as the key of an entity does: people with many rows were not protected.": (
        "列 {column} 像实体的键那样重复出现：拥有多行的人未受保护。"
    ),
    "The holdout also told the training when to stop, so as a control of the attacks it errs on the side that looks "
    "safe. For a gate, evaluate with rows that neither training nor stopping saw.": (
        "保留集也决定了训练何时停止，因此作为攻击的对照会偏向显得安全的一侧。用作门槛时，请用训练与停止均未见过的行评估。"
    ),
    "Only the linkage to the public table was measured: {reason}": "仅测量了与公开表的连接：{reason}",
    "{share} of the synthetic rows stand in the holdout, more than training rows do ({chance}): a generator that has "
    "seen it looks better than it is, and the attacks see nothing.": (
        "{share} 的合成行出现在保留集中，多于训练行（{chance}）：见过保留集的生成器会显得比实际更好，攻击也看不出什么。"
    ),
    "Column {column}: {share} of the synthetic values are those of training rows. Who knows them finds people by them: "
    "leave the column out, or make its values anew.": (
        "列 {column}：{share} 的合成值就是训练行的值。知道这些值的人可据此找到个人：请去掉该列，或重新生成其值。"
    ),
    "Of {table} alone: {note}": "仅 {table}：{note}",
    "The attacks need at least {n} training and holdout {people}.": "攻击要求训练与保留的{people}各至少 {n} 个。",
    "{repeated} of the training rows repeat and {shared} of the holdout rows stand there: chance alone does not repeat "
    "rows so, and which repeats are one person's cannot be told. No attack was made; name the column that tells "
    "whose a row is (entity).": (
        "{repeated} 的训练行重复出现，{shared} 的保留行也在其中：仅凭偶然不会如此重复，也无法分辨哪些重复属于同一人。"
        "未进行攻击；请指明说明行属于谁的列（entity）。"
    ),
    "The nearest other real row of {share} of the real rows is on their own side, training or holdout, where chance "
    "gives {chance}: rows of one person stand together, or the two were not parted by chance. No attack was made; name "
    "the column that tells whose a row is (entity), or part them by chance.": (
        "{share} 的真实行，其最近的另一真实行与之同侧（训练或保留），而偶然应为 {chance}：同一人的行聚在一起，"
        "或两侧并非随机划分。未进行攻击；请指明说明行属于谁的列（entity），或随机划分。"
    ),
    "Every training row stands there {n} times or a multiple of that, every holdout row {m} times: each is counted "
    "once.": ("每个训练行出现 {n} 次或其倍数，每个保留行 {m} 次：各只计一次。"),
    "Rows repeat beyond chance: {train} of the training rows and {holdout} of the holdout rows. The attacks count each "
    "distinct row once ({n} and {m}) and leave out those that stand in both.": (
        "行的重复超出偶然：训练行 {train}，保留行 {holdout}。攻击把每个不同的行只计一次（{n} 与 {m}），"
        "并略去两表共有的行。"
    ),
    "{n} of {all} holdout persons are in the training rows too: a control that contains members is no control, so the "
    "attacks leave their rows out. Split by person.": (
        "{all} 名保留者中有 {n} 名也在训练行中：含有成员的对照不成其为对照，因此攻击略去他们的行。请按人划分。"
    ),
    "{n} of {all} real rows repeat another one, though the values of column {column} hardly come again in rows that "
    "differ. Where real rows are split, equal ones stay together; if a join repeated them, take each once.": (
        "{all} 个真实行中有 {n} 个与其他行重复，而列 {column} 的值在不同的行中几乎不重复。"
        "拆分真实行时，相同的行保持在一起；若因连接而重复，请各取一次。"
    ),
    "The measures of histories need at least {n} entities of each table, some with several rows.": (
        "历史的度量要求每张表至少 {n} 个实体，其中有些须有多行。"
    ),
    "{lost} of {all} rows of the {role} table have no {time}: the measures of histories leave them out.": (
        "{role}表的 {all} 行中有 {lost} 行没有 {time}：历史的度量略去这些行。"
    ),
    "No holdout was given: floors come from the real root entities split in two, and the attacks which need roots "
    "unknown to the generator were not made.": (
        "未提供保留集：基准取自一分为二的真实根实体，需要生成器未见过的根实体的攻击未进行。"
    ),
    "{lost} of {all} holdout roots stand in the real database too: a control that contains members is no control, so "
    "they and what belongs to them were left out.": (
        "{all} 个保留根实体中有 {lost} 个也在真实数据库中：含有成员的对照不成其为对照，因此略去它们及其所属的行。"
    ),
    "No root of the holdout is left, so floors come from the real root entities split in two.": (
        "保留集中已无根实体，因此基准取自一分为二的真实根实体。"
    ),
    "{check}: {broken} of {rows} break it.": "{check}：{rows} 项中有 {broken} 项不满足。",
    "Whether parents are told from real ones (C2ST-Agg) needs XGBoost: install likewise[xgboost].": (
        "父行真假可辨（C2ST-Agg）需要 XGBoost：请安装 likewise[xgboost]。"
    ),
    "The attacks on roots need at least {n} rows of {table} in each database.": (
        "对根实体的攻击要求每个数据库的 {table} 至少有 {n} 行。"
    ),
    "Table {table} was not measured by itself: {reason}": "表 {table} 未单独测量：{reason}",
    "Training persons and holdout persons do not have equally many rows: the attacks take one row of each, by "
    "chance.": ("训练者与保留者每人的行数不同：攻击随机各取一行。"),
}
# Parts that stand inside a note.
PARTS_ZH: dict[str, str] = {
    "the target {target} is missing in every {role} row": "目标列 {target} 在{role}表中全部缺失",
    "the target {target} is the only column": "目标列 {target} 是唯一的列",
    "the target {target} has one class only": "目标列 {target} 只有一个类别",
    "the target {target} has one value only": "目标列 {target} 只有一个值",
}
ROLES_ZH = {
    "real": "真实", "synthetic": "合成", "test": "测试", "holdout": "保留", "rows": "行", "persons": "人",
}  # fmt: skip


def note_in(note: str, lang: str) -> str:
    """The note in a language; in English where its words are not known.

    >>> note_in("The attacks need at least 20 training and holdout rows.", "zh")
    '攻击要求训练与保留的行各至少 20 个。'
    """
    if lang != "zh":
        return note
    return _note(note, ZH) or note


def _note(text: str, table: dict[str, str]) -> str | None:
    def part(value: str, name: str) -> str | None:
        return ROLES_ZH.get(value) or _note(value, ZH if name == "note" else PARTS_ZH)  # a note about a note

    return translated(text, table, part)


def translated(
    text: str, table: dict[str, str], part: Callable[[str, str], str | None] = lambda value, name: None
) -> str | None:
    """A text by the first template that it is made from; None where it is made from none.

    Args:
        table: English template -> the other.
        part: what fills a blank and the blank's name, to what it is in the other language; None leaves it as it is.
    """
    for english, other in table.items():
        if (found := _pattern(english).fullmatch(text)) is not None:
            return other.format(**{name: part(value, name) or value for name, value in found.groupdict().items()})
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    texts = (re.escape(part) if i % 2 == 0 else f"(?P<{part}>.+?)" for i, part in enumerate(parts))
    return re.compile("".join(texts), re.DOTALL)
