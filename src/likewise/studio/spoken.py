"""What the library says in English of columns, models and balance, in Chinese: by template, as the report's notes.

What has no template yet stays English; tests hold the tables to what the library says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from likewise.models.about import About
from likewise.report.notes import translated

LANGUAGES = ("en", "zh")

NOTES = {
    "no value is known: the column is all missing": "没有任何已知取值：整列缺失",
    "constant: one value in all known rows": "常数列：所有已知行只有一个取值",
    "{n} rows do not read as the others: treated as missing": "{n} 行与其余写法不同：视为缺失",
    "{token} is read as missing ({n} rows)": "{token} 读作缺失（{n} 行）",
    "{n} infinite values are treated as missing": "{n} 个无穷值视为缺失",
    "taken as an id: {reason}": "视为标识符：{reason}",
    "taken for the key of an entity: {reason}": "视为个体的键：{reason}",
    "personal ({what}, {why}): never learnt, new ones are made; if they are none, say semantic none": (
        "个人信息（{what}，{why}）：从不学习，另造新值；若不是，请将“表示个人的什么”设为 none"
    ),
    "personal identifiers ({what}): never learnt, new ones are made": "个人标识（{what}）：从不学习，另造新值",
    "personal identifiers ({what}): never learnt, new ones are made; if they are no people's, say semantic none": (
        "个人标识（{what}）：从不学习，另造新值；若与人无关，请将“表示个人的什么”设为 none"
    ),
    "if these are names of people, say semantic {what}": "若这些是人名，请将“表示个人的什么”设为 {what}",
    "named like {what}, but its values do not look so: if they are, say semantic {which}": (
        "列名像{what}，但取值不像；若确实是，请将“表示个人的什么”设为 {which}"
    ),
    "named like {what}, but most check digits are wrong: if they are none, {rest}": (
        "列名像{what}，但多数校验位不符：若不是，请将“表示个人的什么”设为 none"
    ),
    "most could be {what}: if they are, say semantic {which}": (
        "多数可能是{what}：若是，请将“表示个人的什么”设为 {which}"
    ),
    "mostly different texts: {learnt}; {told}": "大多互不相同的文本：{learnt}；{told}",
    "no level has {n} rows: none will be drawn, unless levels are declared": (
        "没有取值达到 {n} 行：除非声明取值，否则都不会被抽取"
    ),
    "digits with leading zeros: taken as codes, not as numbers": "带前导零的数字：视为代码，而非数值",
    "leading zeros in {n} rows are not kept": "{n} 行的前导零不保留",
    "what follows the point counts on past 9, as in sections: taken as codes, not as numbers": (
        "小数点后的部分超过 9 继续计数（如章节号）：视为代码，而非数值"
    ),
    "complex numbers are taken as texts: give their real and imaginary parts a column each": (
        "复数视为文本：请将实部与虚部各放一列"
    ),
    "whole numbers with an E and no sign behind it: taken as codes, not as numbers": (
        "含 E 而其后无符号的整数：视为代码，而非数值"
    ),
    "mixed: {n} rows hold numbers and {m} do not, so it is not taken as numeric": (
        "混合：{n} 行是数值，{m} 行不是，因此不视为数值列"
    ),
    "whole numbers beyond 64 bits that real numbers do not hold to the last digit: taken as codes": (
        "超出 64 位、实数无法精确到末位的整数：视为代码"
    ),
    "some values do not fit into 64 bits: read as real numbers, exact to 15 digits": (
        "部分值超出 64 位：读作实数，精确到 15 位"
    ),
    "some whole numbers do not fit into 64 bits: read as real numbers, exact to 15 digits": (
        "部分整数超出 64 位：读作实数，精确到 15 位"
    ),
    "lengths of time, read as seconds": "时长，读作秒",
    "digits that all read as year and day of the year": "全部可读作“年 + 年内第几天”的数字",
    "digits that all read as year-month": "全部可读作年月的数字",
    "digits that all read as year-month-day": "全部可读作年月日的数字",
    "digits that all read as year-month-day and time": "全部可读作年月日与时刻的数字",
    "digits that all read as days with years of two digits": "全部可读作两位年份日期的数字",
    "digits that all read as days with years of the republic, which began in 1912": "全部可读作民国纪年日期的数字",
    "digits that are a code by their name: not taken as numbers": "按列名是代码的数字：不视为数值",
    "unique numbers of equal length, taken for measurements: if they are keys, say kind id": (
        "互不相同且等长的数字，视为测量值：若是键，请将类型设为标识符"
    ),
    "the comma is read as a thousands mark; a decimal comma would look the same": (
        "逗号读作千位分隔符；小数逗号看起来也一样"
    ),
    "the point is read as a decimal point; a thousands mark would look the same": (
        "点读作小数点；千位分隔符看起来也一样"
    ),
    "numbers with {mark} are read as below zero": "带 {mark} 的数读作负数",
    "some numbers lack the thousands marks of the others: all are written back with them": (
        "部分数缺少其余数的千位分隔符：全部带分隔符写回"
    ),
    "a few values carry binary noise; {n} decimals hold 99 % of the rows and are written back": (
        "少数值带有二进制误差；{n} 位小数可涵盖 99 % 的行，并按此写回"
    ),
    "some numbers end in zeros that others like them lack: all are written back without": (
        "部分数末尾有其他同类数没有的零：全部不带零写回"
    ),
    "some numbers lack ending zeros that others like them have: all are written back with them": (
        "部分数缺少其他同类数末尾的零：全部带零写回"
    ),
    "{n} rows are written in another date format; they are written back in the main one": (
        "{n} 行使用另一种日期格式；写回时采用主要格式"
    ),
    "some rows tell a time zone and others do not: those are read as if they were like most": (
        "部分行带时区而其余不带：后者按多数行读取"
    ),
    "day and month cannot be told apart from the data; read with the {part} first": (
        "无法从数据区分日与月；按{part}在前读取"
    ),
    "{n} rows lie before the year {year} (such as year 0): treated as missing": (
        "{n} 行早于 {year} 年（如 0 年）：视为缺失"
    ),
    "{n} rows lie in the years 9000 to 9999 and may stand for 'no end'": "{n} 行在 9000 至 9999 年，可能表示“无结束”",
    "offsets differ from row to row: read as UTC, and written back in UTC": "各行时差不同：按 UTC 读取并写回",
    "offsets differ from row to row as those of {zone} do": "各行时差如 {zone} 般变化",
    "offsets differ from row to row as those of several clocks do, which are drawn by their shares: {clocks}": (
        "各行时差如多个时区般变化，按其份额抽取：{clocks}"
    ),
    "no {what} in fractions of degrees goes with it, so it is no place but a plain number": (
        "没有与之配对、以度的小数表示的{what}，因此只是普通数值而非地点"
    ),
}

PARTS = {
    "it is named so": "按列名",
    "named so": "按列名",
    "it is named so; some values come more than once": "按列名；部分取值多次出现",
    "the values are UUIDs": "取值是 UUID",
    "the values are hashes or random tokens": "取值是散列或随机串",
    "unique, and named so": "互不相同，且按列名如此",
    "unique codes": "互不相同的代码",
    "mostly different numbers, and named so": "大多互不相同的数字，且按列名如此",
    "nearly unique numbers of one width, and named so": "几乎互不相同且等长的数字，且按列名如此",
    "a row number: unique and without gaps": "行号：互不相同且连续",
    "each entity has one of its own": "每个个体各有一个",
    "codes made for somebody or something: none of them is drawn, new ones are made": (
        "为某人或某物编制的代码：不会抽取原值，另造新值"
    ),
    "codes made for somebody or something, though some rows share one: none of them is drawn, new ones are made": (
        "为某人或某物编制的代码（部分行共用）：不会抽取原值，另造新值"
    ),
    "codes that come again as those of people with several rows do; if they are of kinds of things say kind "
    "categorical, if rows are people entity=False (--no-entity), else whose they are by entity (--entity)": (
        "像多行个体那样重复出现的代码；若表示物品种类请设为类别，若一行即一人请用 --no-entity，否则用 --entity 说"
        "明所属个体"
    ),
    "their pattern is learnt": "学习其模式",
    "free text, drawn as a placeholder that says so; format 'ngram' draws words without meaning": (
        "自由文本，以注明的占位文字代替；格式 'ngram' 抽取无意义的词"
    ),
    "no text is kept, and none of them is drawn but what {n} rows have, and short numbers": (
        "不保留文本，除 {n} 行共有者与短数字外都不会被抽取"
    ),
    "month": "月", "day": "日",
    "by its name": "按列名", "by its values": "按取值", "by its name and its values": "按列名与取值",
    "names of people": "人名", "e-mail addresses": "电子邮件地址", "telephone numbers": "电话号码",
    "telephone numbers and e-mail addresses": "电话号码与电子邮件地址",
    "card numbers": "卡号", "IP addresses": "IP 地址",
    "IBANs": "IBAN", "network addresses of devices": "设备网络地址", "numbers of devices": "设备号",
    "identifiers of devices": "设备标识", "identity numbers": "证件号码", "Chinese identity numbers": "居民身份证号码",
    "Chinese credit codes of firms": "统一社会信用代码", "{n} rows hold {m} values of it": "{n} 行共有其 {m} 个取值",
    "{n} rows hold {m} values of it, and {columns} hardly varies within one": (
        "{n} 行共有其 {m} 个取值，且 {columns} 在同一取值内几乎不变"
    ),
    "{n} rows hold {m} values of it, and {columns} hardly vary within one": (
        "{n} 行共有其 {m} 个取值，且 {columns} 在同一取值内几乎不变"
    ),
}  # fmt: skip

SEMANTICS = {
    "name": "姓名", "first name": "名", "last name": "姓", "username": "用户名", "email": "电子邮件", "phone": "电话",
    "street": "街道", "house number": "门牌号", "address": "地址", "postcode": "邮编", "city": "城市", "region": "地区",
    "country": "国家", "company": "公司", "iban": "IBAN", "card": "卡号", "national id": "证件号", "ip": "IP 地址",
    "mac": "MAC 地址", "imei": "IMEI", "device": "设备", "url": "网址", "uuid": "UUID", "birth date": "出生日期",
    "gender": "性别", "latitude": "纬度", "longitude": "经度",
    "none": "无",
}  # fmt: skip
NOTES |= {f"{english}, {{why}}": f"{chinese}（{{why}}）" for english, chinese in SEMANTICS.items()}
PARTS |= SEMANTICS

UNSAID = {
    "under differential privacy nothing may be read from the data for free, and the schema leaves unsaid ({n}):": (
        "差分隐私下不得从数据中免费读取任何内容，而以下 {n} 项尚未声明："
    ),
    "- {column} declares no kind, and texts may be anything: set it, with the levels of a category, the bounds of "
    "numbers, the bounds and format of dates, or the format of an id; or set role 'drop'": (
        "- {column} 未声明类型，而文本可能是任何内容：请设定类型，以及类别的取值、数值的上下界、日期的上下界与格"
        "式或标识符的"
        "格式；或将角色设为不使用"
    ),
    "- {column} tells the entities apart, so it must be of kind id (keys are made anew) or dropped": (
        "- {column} 用于区分个体，类型须为标识符（键会另造）或不使用"
    ),
    "- {column} is an id whose format must be 'uuid', or a text that ends in a 0 for each digit of a number; or say "
    "the semantic of what it tells of people, such as 'email'": (
        "- {column} 是标识符，格式须为 'uuid' 或以若干 0（每位数字一个）结尾的文本；或说明它表示个人的什么，如 'email'"
    ),
    "- {column} is of kind text, whose characters no budget could hide: drop it, or declare it categorical with its "
    "levels": "- {column} 是文本，任何预算都无法隐藏其字符：不使用它，或声明为类别并列出取值",
    "- {column} declares no format, which would be told from the data: set it, such as '%Y-%m-%d'": (
        "- {column} 未声明格式，否则将从数据推断：请设定，如 '%Y-%m-%d'"
    ),
    "- {column} declares no levels: list them, or pay for 'levels' (a part of epsilon and delta)": (
        "- {column} 未声明取值：请列出，或为“取值”付出预算（epsilon 与 delta 的一部分）"
    ),
    "- {column} declares no finite bounds: set them, or pay for 'bounds' (a part of epsilon)": (
        "- {column} 未声明有限上下界：请设定，或为“上下界”付出预算（epsilon 的一部分）"
    ),
    "- {column} declares bounds that hold no number of its decimals, or that no 64 bits can count: set other bounds, "
    "or other decimals": "- {column} 的上下界内没有符合其小数位的数，或超出 64 位可数范围：请改上下界或小数位",
    "- {column} declares no bounds: set them as ISO texts such as '2020-01-01', or pay for 'bounds' (a part of "
    "epsilon)": "- {column} 未声明上下界：请按 ISO 文本设定，如 '2020-01-01'，或为“上下界”付出预算（epsilon 的一部分）",
    "- {column} does not declare nullable: set it, or pay for 'missing' (one noisy cell more)": (
        "- {column} 未声明是否可缺失：请设定，或为“缺失”付出预算（多一个加噪单元格）"
    ),
}

_LOOKED, _LOOKED_ZH = "allowing for the {n} comparisons made", "已计入所做的 {n} 次比较"
_SCORES = {"{measure} {value}; a guess scores {guess}": "{measure} {value}；随机猜测为 {guess}"}
_SCORES |= {"{measure} {value}": "{measure} {value}"}
ADVICE = {
    english.replace("SCORES", scores).replace("LOOKED", _LOOKED): chinese.replace("SCORES", said).replace(
        "LOOKED", _LOOKED_ZH
    )
    for scores, said in _SCORES.items()
    for english, chinese in {
        "Recommended: {classifier} without balancing, with the threshold tuned (SCORES). No way of balancing is surely "
        "better, LOOKED.": "建议：{classifier}，不做平衡，调整阈值（SCORES）。没有任何平衡方法确定更好（LOOKED）。",
        "Recommended: {classifier} without balancing (SCORES). No way of balancing is surely better, LOOKED.": (
            "建议：{classifier}，不做平衡（SCORES）。没有任何平衡方法确定更好（LOOKED）。"
        ),
        "Recommended: {classifier} with {method} (SCORES), surely better than without by {gain}, LOOKED.": (
            "建议：{classifier}，采用 {method}（SCORES），确定比不平衡好 {gain}（LOOKED）。"
        ),
    }.items()
}
"""What to do about rare classes, with and without what a guess scores."""

MODELS: dict[str, tuple[str, str, str, str]] = {
    "autoregressive": (
        "默认模型：行最逼真，且可由任意列推其他列，因此也适合条件抽取、补全与情景。",
        "数秒：Adult 的 26,049 行单核 4 至 13 秒；单核每秒可抽取 110,000 行以上。",
        "似然精确；条件在每一行都成立，按联合分布抽取。取值在受保护的范围与保留的取值之内；可在预算内满足差分隐私。",
        "需要潜在空间（vae）、一秒内的基线（copula）或隐私证明时。",
    ),
    "vae": (
        "潜在空间：编码、解码、插值、重构行；可用 condition_on 告知模型某些列。",
        "在 Adult 上约为默认模型的一倍半。",
        "condition_on 列上的条件精确成立且不费代价；log_prob 为估计值。取值在受保护的范围与保留的取值之内；可在预"
        "算内满足差分"
        "隐私。",
        "只想要行时：默认模型更快，也更难与真实行区分。",
    ),
    "gan": (
        "生成器与评判器轮流训练，用于研究对抗训练及作比较。",
        "约为默认模型的五倍：Adult 的 32,561 行单核 35 秒。",
        "condition_on 列上的条件精确成立；没有似然。取值在受保护的范围与保留的取值之内；可在预算内满足差分隐私。",
        "稀有取值重要、每次运行须一致，或无暇查看训练过程时。",
    ),
    "vaegan": (
        "vae 的潜在空间，其行由能辨别真假的评判器修正。",
        "约为 vae 的两倍；抽取较慢，因为要在候选行中挑选。",
        "同 vae：condition_on 列上的条件精确成立；log_prob 为估计值。取值在受保护的范围与保留的取值之内；可在预算"
        "内满足差分"
        "隐私。",
        "默认模型的行已足够，或可留出的行很少时：评判器需要它们。",
    ),
    "ctgan": (
        "CTGAN，选项名为其用户所熟知，按论文重建而无其实现的缺陷；用于比较。",
        "此处最慢：约为 gan 的四倍，Adult 的 32,561 行单核 140 秒。",
        "生成遵循真实份额；condition_on 列上的条件精确成立；没有似然。取值在受保护的范围与保留的取值之内；可在预"
        "算内满足差分"
        "隐私。",
        "可自由选择时：其他表格模型更快、更逼真，或两者兼有。",
    ),
    "copula": (
        "快速基线：各列自身的分布，由一个相关矩阵联系。",
        "数万行不到一秒；列多也无妨。",
        "各列份额精确保持；除此与每对列一个数之外，不保留表的任何内容。无差分隐私。",
        "各列共同起作用或关系并非单向时：分类器能立刻区分其行与真实行。",
    ),
    "cart": (
        "经典的强劲对手：每列一棵决策树；快而逼真。",
        "数万行约一秒；随列数的平方增长。",
        "取值均来自叶中的行。会泄露：在 Adult 上成员猜测达到 .55，而随机为 .50。",
        "行属于个人且将被共享时；它是参照，也是隐私度量的阳性对照。",
    ),
    "mst": (
        "小 epsilon 下的差分隐私：测量关联最强的列对组成的树，并加噪声。",
        "数万行、15 列约一秒，无论有无噪声。",
        "使用 privacy=DP(epsilon, delta) 时：对增减一行满足差分隐私，每次查看都记入账本。否则没有保证，份额与树中"
        "的列对与原表"
        "相同。",
        "无须遵守预算时：只学习树中的列对，列之间只两两相关。",
    ),
    "aim": (
        "差分隐私：逐轮测量模型误差最大的列组合。",
        "数万行、15 列二至十秒，随列数的立方增长；`max_cells` 与 `degree` 加以限制。",
        "使用 privacy=DP(epsilon, delta) 时：对增减一行满足差分隐私，每次查看都记入账本。否则没有保证。",
        "无须遵守预算，或有许多取值多的列时：其表随取值数增长。",
    ),
}
"""Purpose, cost, guarantees and when to avoid it, of each model."""

KEYS = {
    "told": "由您声明",
    "all {n} found in {table}; {why}; {sure}": "全部 {n} 个都在 {table} 中；{why}；{sure}",
    "{n} of {m} found in {table}; {why}; {sure}": "{m} 个中有 {n} 个在 {table} 中；{why}；{sure}",
    "{key}: {n} of {m} rows of {table} share it with an earlier row": (
        "{key}：{table} 的 {m} 行中有 {n} 行与之前的行相同"
    ),
    "{key}: {n} of {m} rows of {table} lack it": "{key}：{table} 的 {m} 行中有 {n} 行缺失",
    "{key}: {n} of {m} rows of {table} point at a row that is not there": (
        "{key}：{table} 的 {m} 行中有 {n} 行指向不存在的行"
    ),
    "{key}: every row must point at one of the next table, so none can be the first": (
        "{key}：每一行都须指向下一张表，因此没有一行能是第一行"
    ),
    "rows of {below} belong to those of {table}": "{below} 的行归属于 {table} 的行",
    "rows of {table} belong to whom column {column} names": "{table} 的行归属于列 {column} 所指者",
}
OF_KEYS = {
    "sure": "确定", "likely": "很可能", "named as that key": "名称与该键相同", "named after that table": "以该表命名",
    "named as somebody of that table": "名称为该表中的人",
    "the values alone, which chance would not find there": "仅凭取值，而偶然不会如此",
    "columns of the same names": "列名相同",
}  # fmt: skip

Said = dict[str, str]
"""A text in each language."""


def key(text: str) -> Said:
    """What speaks for a key, does not hold, or whose the rows are, of several tables."""
    return {"en": text, "zh": translated(text, KEYS, lambda part, _: OF_KEYS.get(part)) or text}


def note(text: str) -> Said:
    """A note on a column."""
    return {"en": text, "zh": translated(text, NOTES, _of_a_note) or text}


def _of_a_note(part: str, name: str) -> str | None:
    return None if name == "which" else translated(part, PARTS, _of_a_note)


def unsaid(text: str) -> Said:
    """What must be declared before a private run, a line each."""
    lines = (translated(line, UNSAID) or line for line in text.split("\n"))
    return {"en": text, "zh": "\n".join(lines)}


def advice(text: str) -> Said:
    """Whether balancing helps."""
    return {"en": text, "zh": translated(text, ADVICE) or text}


def about(name: str, said: About) -> dict[str, Said]:
    """What a model says of itself."""
    english = [getattr(said, f.name) for f in fields(said)]
    chinese: Iterable[str] = MODELS.get(name, english)
    pairs = zip(fields(said), english, chinese, strict=True)
    return {f.name: {"en": en, "zh": zh} for f, en, zh in pairs}
