"""Headings and labels of a release sheet, in English and Chinese."""

from __future__ import annotations

from likewise.errors import OptionError

LANGUAGES = ("en", "zh")

LABELS: dict[str, tuple[str, str]] = {
    "title": ("Release sheet", "发布说明"),
    "lead_table": (
        "A model ({method}) of a table of {columns} columns, learnt from {n} rows; likewise {version}",
        "一张 {columns} 列的表的模型（{method}），学自{n}行；likewise {version}",
    ),
    "lead_images": (
        "A model ({method}) of images, learnt from {n} of them; likewise {version}",
        "图像模型（{method}），学自{n}张图像；likewise {version}",
    ),
    "lead_database": (
        "A model ({method}) of a database of {tables} tables, learnt from {n} rows{of}; likewise {version}",
        "一个含 {tables} 张表的数据库的模型（{method}），学自{of}{n}行；likewise {version}",
    ),
    "lead_of": (" of table {root} and what goes back to them", "表 {root} 及归属于它的各表："),
    "lead_rows": (
        "The rows of a table of {n}, made coarser ({method}); likewise {version}",
        "一张{n}行的表，变粗后的行（{method}）；likewise {version}",
    ),
    "exactly": ("{n}", " {n} "),
    "about": ("about {n}", "约 {n} "),
    "for_holder": (
        "For whoever holds the table only: the attacks below were measured on real rows, without noise.",
        "仅供持有原表者：下列攻击是在真实行上、未加噪声测得的。",
    ),
    "promise": ("The promise", "承诺"),
    "unit": ("Unit", "单位"),
    "adjacency": ("Neighbours", "相邻"),
    "adjacency_text": ("one {unit} more or less", "增减{unit}"),
    "guess": ("A coin's toss on presence is guessed right in", "抛硬币决定是否在内，猜对机会"),
    "guess_text": ("at most {guess} % of cases", "至多 {guess} %"),
    "trust": ("Trust model", "信任模型"),
    "central": ("central", "集中式"),
    "ledger": ("What was asked of the rows, and what it cost", "对原始行的查询及其代价"),
    "tables": ("Tables", "各表"),
    "table": ("Table", "表"),
    "rows": ("Rows", "行数"),
    "stands": ("Whose its rows are", "各行归属于谁"),
    "stands_kept": ("nobody's: given away as they are", "不属于任何人：原样给出"),
    "stands_root": ("each its own", "各自独立"),
    "stands_people": ("each a person", "各为一人"),
    "stands_of": ("those of {root}", "归属于 {root}"),
    "columns": ("What is public", "公开的内容"),
    "columns_plain": ("Columns", "各列"),
    "column": ("Column", "列"),
    "kind": ("Kind", "类型"),
    "role": ("Role", "角色"),
    "declared": ("Declared", "声明"),
    "missing_allowed": ("may be missing", "可缺失"),
    "missing_never": ("never missing", "不缺失"),
    "levels": ("{n} levels: {names}", "{n} 个取值：{names}"),
    "levels_more": ("{names} and {more} more", "{names} 及另外 {more} 个"),
    "bounds": ("{low} to {high}", "{low} 至 {high}"),
    "format": ("format {format}", "格式 {format}"),
    "checklist": ("Checklist", "核对表"),
    "checklist_note": (
        "The items follow NIST SP 800-226, Guidelines for Evaluating Differential Privacy Guarantees (2025), answered "
        "for this release.",
        "各项依照 NIST SP 800-226《差分隐私保证评估指南》（2025），针对本次发布作答。",
    ),
    "checklist_note_plain": (
        "The items are those of NIST SP 800-226 that can be asked of a release without differential privacy, answered "
        "for this one.",
        "各项取自 NIST SP 800-226 中可用于不具差分隐私的发布者，针对本次发布作答。",
    ),
    "part_guarantee": ("The guarantee", "保证本身"),
    "part_method": ("How it is reached", "如何达到"),
    "part_use": ("How it is used", "如何使用"),
    "held": ("covered", "已涵盖"),
    "partly": ("in part", "部分涵盖"),
    "open": ("not covered", "未涵盖"),
    "yours": ("yours to answer", "由您回答"),
    "attacks": ("Attacks that were tried", "做过的攻击"),
    "power": ("Sees a leak of", "可见的最小泄露"),
    "risks": ("Open risks", "未决的风险"),
    "assessment": ("Text for an impact assessment", "影响评估文本"),
    "assessment_note": (
        "For the headings of Article 35(7) of the GDPR. What stands in brackets is for the controller to fill in; "
        "which law applies is for a lawyer to say.",
        "对应 GDPR 第 35 条第 7 款各项。方括号内由控制者填写；适用何种法律须由律师判断。",
    ),
    "dpia_a": ("(a) The processing and its purposes", "(a) 处理活动及其目的"),
    "dpia_b": ("(b) Necessity and proportionality", "(b) 必要性与相称性"),
    "dpia_c": ("(c) Risks to the rights and freedoms of persons", "(c) 对个人权利与自由的风险"),
    "dpia_d": ("(d) Measures", "(d) 应对措施"),
    "dpia_law": ("Other laws", "其他法律"),
    "role_feature": ("feature", "特征"),
    "role_id": ("identifier", "标识符"),
    "role_quasi_identifier": ("quasi-identifier", "准标识符"),
    "role_sensitive": ("sensitive", "敏感"),
    "role_target": ("target", "目标"),
    "role_drop": ("left out", "舍弃"),
    "role_kept": ("kept as it is", "原样保留"),
    "role_entity": ("entity", "实体"),
    "kind_id": ("identifier", "标识符"),
}


def label(key: str, lang: str, **blanks: object) -> str:
    """A heading or label, its blanks filled."""
    return LABELS[key][LANGUAGES.index(lang)].format(**blanks)


def check_language(lang: str) -> None:
    """Hold a language to those there are."""
    if lang not in LANGUAGES:
        raise OptionError(f"lang must be one of {', '.join(LANGUAGES)}, got {lang!r}")
