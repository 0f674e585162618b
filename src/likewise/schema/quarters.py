"""Quarters and halves of years as texts: `2024Q1`, `Q3 2024`, `1Q24`, `2024-H2`, `2024年第1季度`.

In a pattern `%q` stands for the number of a quarter and `%q(2)` for that of a half; each is read as its first day.
"""

from __future__ import annotations

import re

import polars as pl

_YEAR, _MARKS = r"(?:19|20)[0-9]{2}", r"[-/_., ]{0,2}"
_FORMS = (
    (rf"{_YEAR}({_MARKS}(?i:QUARTER |QTR ?|Q ?))[1-4]()", "%Y{}%q{}"),
    (rf"((?i:QUARTER |QTR ?|Q))[1-4]([-/_., ]{{1,2}}|){_YEAR}", "{}%q{}%Y"),
    (r"((?i:Q))[1-4]([-/_ ']{1,2})[0-9]{2}", "{}%q{}%y"),
    (rf"()[1-4]((?i:Q|\. ?Quartal|кв\.?){_MARKS}){_YEAR}", "{}%q{}%Y"),
    (r"()[1-4]((?i:Q)[-/_ ']?)[0-9]{2}", "{}%q{}%y"),
    (rf"{_YEAR}(年第?)[1-4](季度?)", "%Y{}%q{}"),
    (rf"{_YEAR}({_MARKS}(?i:H))[12]()", "%Y{}%q(2){}"),
    (rf"((?i:H))[12]([-/_ ]{{1,2}}|){_YEAR}", "{}%q(2){}%Y"),
    (rf"()[12]((?i:H){_MARKS}){_YEAR}", "{}%q(2){}%Y"),  # with two digits of the year it is an hour and minutes
)
_SHAPES = tuple((re.compile(shape), form) for shape, form in _FORMS)
_TOKEN = re.compile(r"%q(\(2\))?")
_PART = re.compile(r"(%Y|%y(?:\(\d{4}\))?|%q(?:\(2\))?)")
_OPEN, _SHUT = "\x13", "\x14"


def pattern_of(text: str) -> str | None:
    """The pattern of a text that is a quarter or a half of a year; None of others.

    Example:
        >>> [pattern_of(text) for text in ("2024-Q3", "Q1 2024", "2H2024", "Q5 2024")]
        ['%Y-Q%q', 'Q%q %Y', '%q(2)H%Y', None]
    """
    return next((form.format(*m.groups()) for shape, form in _SHAPES if (m := shape.fullmatch(text))), None)


def _months(token: re.Match[str]) -> dict[str, str]:
    """The first month of each quarter or half."""
    n = 2 if token[1] else 4
    return {str(k + 1): f"{12 // n * k + 1:02}" for k in range(n)}


def to_read(texts: pl.Series, pattern: str) -> tuple[pl.Series, str]:
    """Texts and their pattern with the first month in place of the quarter."""
    if (token := _TOKEN.search(pattern)) is None:
        return texts, pattern
    months = _months(token)
    widths = {"%Y": "[0-9]{4}", "%y": "[0-9]{2}", "%q": f"([1-{len(months)}])"}
    shape = "".join(widths.get(part[:2], "") or re.escape(part) for part in _PART.split(pattern))
    before, after = shape.split(widths["%q"])
    text, whole = pl.first(), f"^({before}){widths['%q']}({after})$"
    month = text.str.extract(whole, 2).replace_strict(months, default=None, return_dtype=pl.String)
    made = text.str.extract(whole, 1) + month + text.str.extract(whole, 3)
    return texts.to_frame("").select(made).to_series(), pattern.replace(token[0], "%m")


def to_write(pattern: str) -> str:
    """The pattern with the month between marks, in place of which `to_words` puts the quarter."""
    return _TOKEN.sub(f"{_OPEN}%m{_SHUT}", pattern)


def to_words(texts: pl.Series, pattern: str) -> pl.Series:
    if (token := _TOKEN.search(pattern)) is None:
        return texts
    n = len(_months(token))
    return texts.str.replace_many({f"{_OPEN}{m:02}{_SHUT}": str((m - 1) * n // 12 + 1) for m in range(1, 13)})
