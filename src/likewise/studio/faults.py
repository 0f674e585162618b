"""Errors in Chinese: by template, as the report's notes; where there is none, what kind of error it is and its English.

An error is written once, in English, where it is raised. Tests hold the templates to these texts, room by room.
"""

from __future__ import annotations

import re
from functools import lru_cache

from likewise import errors
from likewise.cli.exits import exit_code
from likewise.report.notes import ZH, translated
from likewise.studio import spoken
from likewise.studio.fault_words import ERRORS
from likewise.studio.spoken import Said

KINDS = {
    "OptionError": "设置不可用", "MissingExtraError": "缺少依赖包", "InputError": "输入无法使用",
    "SchemaError": "列的声明有误", "ConditionError": "条件有误", "RuleError": "规则有误",
    "OutputError": "无法写出文件", "ModelFileError": "模型文件无效", "TrainingError": "训练失败",
    "PrivacyError": "无法达到所要求的保护", "EngineError": "工作进程出错", "NotFittedError": "尚未训练",
    "TooLarge": "内容过大",
}  # fmt: skip
"""What each class of errors is about."""
UNKNOWN = "出错"
OF_CODE = {
    2: "OptionError", 3: "InputError", 4: "SchemaError", 5: "OutputError", 6: "ModelFileError", 7: "TrainingError",
    8: "PrivacyError", 10: "EngineError",
}  # fmt: skip
"""What a command says by its code."""

OUTCOMES = {
    "{name}: {rule}: was not measured": "{name}：{rule}：未评估",
    "{name}: within {most} of its floor: has no floor": "{name}：与基准相差不超过 {most}：没有基准",
    "{name}: within {most} of its floor: {value}, floor {floor}": (
        "{name}：与基准相差不超过 {most}：{value}，基准 {floor}"
    ),
    "{name}: no alarm: has no interval or no floor": "{name}：不报警：没有区间或基准",
    "{name}: no alarm: {value} ({low} to {high}), floor {floor}": (
        "{name}：不报警：{value}（{low} 至 {high}），基准 {floor}"
    ),
    "{name}: least leak {most}: does not tell the least leak it could have seen": (
        "{name}：可见的最小泄露 {most}：未说明所能察觉的最小泄露"
    ),
    "{name}: least leak {most}: could not have seen a leak of less than {least}": (
        "{name}：可见的最小泄露 {most}：无法察觉小于 {least} 的泄露"
    ),
    "{name}: max {most}: {value}": "{name}：至多 {most}：{value}",
    "{name}: min {least}: {value}": "{name}：至少 {least}：{value}",
}
PARTS = {
    "file {name}": "文件 {name} ", "the {name} file": "{name} 文件", "a whole number": "整数", "a number": "数值",
    "numbers": "数值", "whole numbers": "整数", "one of its two labels": "其两个标签之一",
    "dates or times in its format": "符合其格式的日期或时间", "among the declared levels": "声明的取值",
    "a date or time, written as in the column or in ISO form": "日期或时间，按该列写法或 ISO 格式",
    "rows": "行", "persons": "人", "levels": "取值", "labels": "标签", "missing tokens": "缺失写法", "bounds": "上下界",
}  # fmt: skip
NEAR = {"; did you mean {name}?": "；是不是 {name}？", "; there are {names}": "；有 {names}"}


def fault(text: str, kind: str | None = None) -> Said:
    """An error in both languages.

    Args:
        kind: its class, by name.

    Example:
        >>> fault("there is no column 'agee'; did you mean 'age'?")["zh"]
        "没有列 'agee'；是不是 'age'？"
        >>> fault("what nobody has translated", "InputError")["zh"]
        '输入无法使用：what nobody has translated'
    """
    return {"en": text, "zh": _chinese(text) or f"{KINDS.get(kind or '', UNKNOWN)}：{text}"}


def fault_of(error: errors.LikewiseError) -> Said:
    """The same of an error."""
    named = next((one.__name__ for one in type(error).__mro__ if one.__name__ in KINDS), None)
    return fault(str(error), named or OF_CODE.get(exit_code(error)))


def ended(text: str, code: int) -> Said:
    """The same of a command that ended with a code."""
    return fault(text, OF_CODE.get(code))


def outcome(text: str) -> Said:
    """Whether a report keeps a rule."""
    return {"en": text, "zh": translated(text, OUTCOMES) or text}


@lru_cache(2000)
def job_note(text: str) -> Said:
    """What a command said on its way."""
    return {"en": text, "zh": translated(text, ZH) or translated(text, ERRORS, _part) or spoken.note(text)["zh"]}


def _chinese(text: str) -> str | None:
    if "\n" in text and (lines := _unsaid(text))[0] > "\x7f":
        return lines
    head, near = _apart(text)
    if (found := translated(head, ERRORS, _part)) is not None:
        return found + (translated(near, NEAR) or near)
    return translated(text, ERRORS, _part)


def _unsaid(text: str) -> str:
    """What a private run lacks, a line each."""
    return spoken.unsaid(text.partition("\nSay what anybody may know")[0])["zh"]


def _apart(text: str) -> tuple[str, str]:
    """An error, and what may have been meant."""
    found = re.fullmatch(r"(.*?)(; did you mean .*\?|; there are .*)?", text, re.DOTALL)
    assert found is not None
    return found[1], found[2] or ""


def _part(value: str, name: str) -> str | None:
    return translated(value, PARTS, _part) or (_chinese(value) if name in ("error", "why", "said") else None)
