"""What is read and written in other letters: digits of other scripts, halves of the day, names of time zones.

In a pattern of times `[٠]` in front stands for digits that begin with this nought, `%p(上午|下午)` for words of the two
halves of a day, `(%Z)` and `[%Z]` at the end for the name of a zone, which the offset before it tells already.
"""

from __future__ import annotations

import re
from typing import Any

import polars as pl

_SCRIPTS = {
    "０": "０１２３４５６７８９．，－＋％",
    "٠": "٠١٢٣٤٥٦٧٨٩٫٬-+٪",
    "۰": "۰۱۲۳۴۵۶۷۸۹٫٬-+٪",
    # Devanagari, Bengali, Gurmukhi, Gujarati, Tamil, Telugu, Kannada, Malayalam, Thai, Lao, Burmese, Khmer
    **{n: "".join(chr(ord(n) + i) for i in range(10)) + ".,-+%" for n in "०০੦૦௦౦೦൦๐໐၀០"},
}
"""Digits, point, thousands mark, minus, plus, percent, by their nought."""
_ASCII = "0123456789.,-+%"
_PLAIN = {
    mark: plain for marks in _SCRIPTS.values() for mark, plain in zip(marks, _ASCII, strict=True) if mark != plain
}
_OF_DIGIT = {digit: nought for nought, marks in _SCRIPTS.items() for digit in marks[:10]}
_SCRIPT = re.compile(rf"\[[{''.join(_SCRIPTS)}]\]")
_DIGIT = re.compile(f"[{''.join(_OF_DIGIT)}]")

_HALVES = (
    ("上午", "下午"), ("午前", "午後"), ("오전", "오후"), ("a.m.", "p.m."), ("A.M.", "P.M."), ("a. m.", "p. m."),
    ("a.\u00a0m.", "p.\u00a0m."), ("π.μ.", "μ.μ."), ("πμ", "μμ"), ("ص", "م"), ("ق.ظ", "ب.ظ"), ("ÖÖ", "ÖS"),
    ("SA", "CH"), ("पूर्वाह्न", "अपराह्न"), ("ก่อนเที่ยง", "หลังเที่ยง"), ("de.", "du."), ("fm", "em"),
)  # fmt: skip
_HALF = re.compile(r"%p\(([^|)]+)\|([^|)]+)\)")
_ZONE = re.compile(
    r"(?:(?<=[0-9Z]) ?\([^\W\d][^()]*\)|(?<=[0-9Z])\[[A-Za-z_/+-]+\]|(?<=[0-9]) [A-Z][a-z]+/[A-Z][A-Za-z_]+)$"
)
_ANY_ZONE = re.compile(r" ?\(%Z\)$|\[%Z\]$")


def script_of(texts: list[str]) -> str:
    """The nought of the digits of other scripts that most texts have, with the script's point behind it where its own
    marks stand in some; empty where most have none.

    Example:
        >>> script_of(["١٢", "٣٤"]), script_of(["１．５"]), script_of(["12"])
        ('٠', '０．', '')
    """
    found = [_OF_DIGIT[match[0]] for text in texts if (match := _DIGIT.search(text))]
    if 10 * len(found) < 9 * len(texts) or len(set(found)) != 1:
        return ""
    marks = _SCRIPTS[found[0]]
    return found[0] + marks[10] * any(mark in text for mark in marks[10:] if mark not in _ASCII for text in texts)


def in_ascii(texts: Any) -> Any:
    """Texts, a series or an expression, with ASCII digits and marks."""
    return texts.str.replace_many(list(_PLAIN), list(_PLAIN.values()))


def ascii_of(text: str) -> str:
    return "".join(map(_PLAIN.get, text, text))


def in_script(text: str, script: str) -> str:
    return "".join(map(table_to(script).get, text, text))


def table_to(script: str) -> dict[str, str]:
    """ASCII characters and what stands for them in a script as `script_of` tells it."""
    pairs = zip(_ASCII, _SCRIPTS[script[0]], strict=True)
    return {plain: mark for plain, mark in pairs if plain.isdigit() or (len(script) > 1 and mark != plain)}


def halves_of(sample: list[str]) -> tuple[str, str] | None:
    """The words of the halves of a day of which every text has one; None where none do."""
    for pair in _HALVES:
        if all(any(half in text for half in pair) for text in sample):
            return pair
    return None


def zone_name(text: str) -> tuple[str, str, str]:
    """A text without the name of a time zone at its end, that name, and what stands for any in a pattern."""
    match = _ZONE.search(text)
    if match is None:
        return text, "", ""
    blank = " " if match[0].startswith(" ") else ""
    kind = {")": f"{blank}(%Z)", "]": "[%Z]"}.get(match[0][-1], "")
    return text[: match.start()], match[0], kind


def to_read(texts: pl.Series, pattern: str) -> tuple[pl.Series, str]:
    """Texts and their pattern in English, for readers that know nothing else."""
    if _SCRIPT.match(pattern):
        texts, pattern = in_ascii(texts), pattern[pattern.index("]") + 1 :]
    if half := _HALF.search(pattern):
        if len(half[1]) > 1:
            texts = texts.str.replace_many([half[1], half[2]], ["AM", "PM"])
        else:  # a letter, which names of months have too
            texts = texts.str.replace(rf"([0-9] ?)({half[1]}|{half[2]})\b", "${1}${2}M")
        pattern = pattern.replace(half[0], "%p")
    if any_zone := _ANY_ZONE.search(pattern):
        texts, pattern = texts.str.replace(r" ?\([^()]*\)$|\[[^\[\]]*\]$", ""), pattern[: any_zone.start()]
    return texts, pattern


def to_write(pattern: str) -> str:
    """The pattern in English, with the half of the day between marks, which `from_english` turns to words."""
    pattern = pattern[pattern.index("]") + 1 :] if _SCRIPT.match(pattern) else pattern
    return _ANY_ZONE.sub(lambda match: match[0].replace("%Z", "UTC"), _HALF.sub("\x06%p\x07", pattern))


def from_english(texts: pl.Series, pattern: str) -> pl.Series:
    """Written texts in the pattern's own letters."""
    if half := _HALF.search(pattern):
        texts = texts.str.replace_many(["\x06AM\x07", "\x06PM\x07"], [half[1], half[2]])
    if _SCRIPT.match(pattern):
        digits = table_to(pattern[1])
        texts = texts.str.replace_many(list(digits), list(digits.values()))
    return texts
