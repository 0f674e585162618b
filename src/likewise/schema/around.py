"""What stands around dates and times and tells no more: days of the week, `um`, `Uhr`, `г.`, brackets, `2nd`.

In a pattern `%A(de)` stands for a day of the week, of which a mark behind the language tells small letters (`%A(fr~)`)
or capitals (`%A(en^)`), and `%-d(th)` for a day as `1st`, `2nd`; all else is written as it stands.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import polars as pl

from likewise.schema.vocabulary import table

_DAYS = table("times.weekdays")
_WEEKDAY = re.compile(r"%A\((\w+)([~^]?)\)")
_CASES: dict[str, Callable[[str], str]] = {"": str, "~": str.lower, "^": str.upper}
_ALL_DAYS = "|".join(sorted({re.escape(day) for days in _DAYS.values() for day in days.split()}, key=len, reverse=True))
_HAS_DAY = re.compile(rf"^(?:{_ALL_DAYS})|(?:{_ALL_DAYS})\)?$", re.IGNORECASE)
_BEFORE, _BEHIND = re.compile(r"[\[(<]?|[^\W\d_][^\d%]* "), re.compile(r"[\])>.,;]?|\s[^\d%]+|г\.?")
"""A bracket, or words with a blank: letters glued to a number make a code of it."""
_ORDINAL, _NTH = r"\b([0-9]{1,2})(?:st|nd|rd|th)\b", "%-d(th)"
GAP = r",? (?:um|at|à|às|a las|alle|om|kl\.?|klo|ore|o|о|в) "
"""Words between a day and an hour."""


def bare(values: pl.Series, sample: list[str]) -> tuple[pl.Series, str] | None:
    """Texts without what all of them have around, and the pattern with `{}` for what is left; None if there is nothing.

    Example:
        >>> texts = ["Samstag, 02.05.2020", "Sonntag, 03.05.2020"]
        >>> found, around = bare(pl.Series(texts), texts)
        >>> found.to_list(), around
        (['02.05.2020', '03.05.2020'], '%A(de), {}')
    """
    if all(re.search(_ORDINAL, text) for text in sample):
        return values.str.replace(_ORDINAL, "${1}"), _NTH
    if found := _without_weekday(values, sample):
        return found
    before, after = _shared(sample), _shared([text[::-1] for text in sample])[::-1]
    if not before + after or not (_BEFORE.fullmatch(before) and _BEHIND.fullmatch(after)):
        return None
    return values.str.strip_prefix(before).str.strip_suffix(after), f"{before}{{}}{after}"


def _shared(texts: list[str]) -> str:
    """What all texts begin with, up to the first digit."""
    first, last = min(texts), max(texts)
    n = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b or a.isdigit()), 0)
    return first[:n]


def _without_weekday(values: pl.Series, sample: list[str]) -> tuple[pl.Series, str] | None:
    for mark, case in itertools.product(_DAYS, _CASES) if _HAS_DAY.search(sample[0]) else ():
        days = "|".join(map(re.escape, _names(mark, case)))
        for form, at_start in ((rf"^(?:{days})([^\w(]+)", True), (rf"([^\w)]*)(?:{days})(\)?)$", False)):
            gaps = {match.groups() if (match := re.search(form, text)) else None for text in sample}
            gap = gaps.pop()
            if gap is not None and not gaps:
                day = f"%A({mark}{case})"
                return values.str.replace(form, ""), f"{day}{gap[0]}{{}}" if at_start else f"{{}}{gap[0]}{day}{gap[1]}"
    return None


def _names(mark: str, case: str) -> list[str]:
    return list(map(_CASES[case], _DAYS[mark].split()))


def to_read(texts: pl.Series, pattern: str) -> tuple[pl.Series, str]:
    """Texts and their pattern without days of the week, and days as numbers."""
    if _NTH in pattern:
        texts, pattern = texts.str.replace(_ORDINAL, "${1}"), pattern.replace(_NTH, "%-d")
    if named := _WEEKDAY.search(pattern):
        days = "|".join(map(re.escape, _names(*named.groups())))
        at_start = named.start() == 0
        texts = texts.str.replace(f"^(?:{days})" if at_start else rf"(?:{days})(\)?)$", "" if at_start else "${1}")
        pattern = pattern.replace(named[0], "")
    return texts, pattern


def to_write(pattern: str) -> str:
    """The pattern with the day of the week and the day between marks, which `to_words` turns to words."""
    return _WEEKDAY.sub("\x0e%u\x0f", pattern).replace(_NTH, "\x10%-d\x11")


def to_words(texts: pl.Series, pattern: str) -> pl.Series:
    """Written texts with words in place of what stands between marks."""
    if named := _WEEKDAY.search(pattern):
        texts = texts.str.replace_many([f"\x0e{i}\x0f" for i in range(1, 8)], _names(*named.groups()))
    if _NTH in pattern:
        ends = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
        days = range(1, 32)
        texts = texts.str.replace_many([f"\x10{d}\x11" for d in days], [f"{d}{ends.get(d, 'th')}" for d in days])
    return texts
