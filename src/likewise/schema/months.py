"""Names of months in languages other than English, in dates: `8. November 2001`, `25 de febrero de 1992`.

In a pattern `%B(de)` stands for a name written out and `%b(de)` for a short one; `%-d(er)` is the French day, whose
first is `1er`.
"""

from __future__ import annotations

import re

import polars as pl

from likewise.schema.vocabulary import table

_NAMES = table("times.months")


def _language(mark: str) -> str:
    return re.sub(r"\W|\d|^.", "", mark)


_WHOLE = {(_language(mark), name) for mark, names in _NAMES.items() if mark[0] == "B" for name in names.split()}
_WHOLE |= {("en", name) for name in ("March", "April", "May", "June", "July")}
_NAMES |= {
    # With a point behind the names that are cut, and none behind those that are whole: "févr." beside "mars".
    mark.replace(")", "_)"): " ".join(name + "." * ((_language(mark), name) not in _WHOLE) for name in names.split())
    for mark, names in _NAMES.items()
    if mark[0] == "b"
}
_ENGLISH = "January February March April May June July August September October November December"
_MARK = re.compile(r"%[-^~]?([bB]\(\w+\))")
_WORD = r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u097f])+"
_FIRST = r"^1er\b"


_KNOWN = [
    (mark, r"\.?" if "." in names else "", frozenset(names.casefold().split()))
    for mark, names in sorted(_NAMES.items(), key=lambda item: "." in item[1], reverse=True)
]
"""Marks, those with points first, what may end their names, and the names."""


def of(sample: list[str]) -> str | None:
    """The names, by their mark, that every text of a sample has one of; None where none do."""
    words = {end: [set(re.findall(_WORD + end, text.casefold())) for text in sample] for end in ("", r"\.?")}
    for mark, end, known in _KNOWN:
        if all(known & found for found in words[end]):
            return mark
    return None


def in_english(values: pl.Series, mark: str) -> pl.Series:
    """Texts with the English names in place of these."""
    return _replaced(values.str.replace(_FIRST, "1"), mark, _ENGLISH.split())


def in_their_words(pattern: str, mark: str, values: pl.Series) -> str:
    """An English pattern as that of the texts as they were."""
    if values.str.contains(_FIRST).any():
        pattern = re.sub("%-?d", "%-d(er)", pattern)
    return re.sub("%[bB]", f"%{mark}", pattern)


def to_numbers(texts: pl.Series, pattern: str) -> tuple[pl.Series, str]:
    """Texts and their pattern with months as numbers, for readers that know no languages."""
    if "(er)" in pattern:
        texts, pattern = texts.str.replace(_FIRST, "1"), pattern.replace("(er)", "")
    named = _MARK.search(pattern)
    if named is None:
        return texts, pattern
    return _replaced(texts, named[1], [f"{i:02}" for i in range(1, 13)]), pattern.replace(named[0], "%m")


def to_write(pattern: str) -> str:
    """The pattern with numbers between marks, which `to_names` turns to names."""
    return _MARK.sub("\x02%m\x03", pattern).replace("%-d(er)", "\x04%-d\x05")


def to_names(texts: pl.Series, pattern: str) -> pl.Series:
    """Written texts with names in place of the numbers between marks."""
    named = _MARK.search(pattern)
    if named is not None:
        texts = texts.str.replace_many([f"\x02{i:02}\x03" for i in range(1, 13)], _NAMES[named[1]].split())
    if "(er)" in pattern:
        texts = texts.str.replace("\x041\x05", "1er", literal=True).str.replace("\x04(.+)\x05", "${1}")
    return texts


def _replaced(values: pl.Series, mark: str, by: list[str]) -> pl.Series:
    names = _NAMES[mark].split()
    every = [cased for name in names for cased in (name, name.lower(), name.upper())]
    return values.str.replace_many(every, [new for new in by for _ in range(3)])
