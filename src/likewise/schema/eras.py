"""Years counted from the beginning of a reign or a republic: `昭和63年1月7日`, `R5.4.10`, `民國109年5月2日`.

In a pattern `%Y(令和)` stands for the name of the era and its year, `%Y(令和元)` for one whose first year is 元,
`%Y(R)` for one of a letter, `%Y(R0)` for a letter and two digits, `%Y(民國)` for years of the republic,
`%Y(109)` for those that nothing tells but their three digits.
"""

from __future__ import annotations

import datetime as dt
import re

import polars as pl

_BEGUN = ((1868, 1, 25), (1912, 7, 30), (1926, 12, 25), (1989, 1, 8), (2019, 5, 1))
_JAPAN = [dt.date(*day) for day in _BEGUN]
_NAMES = {
    "令和": ["明治", "大正", "昭和", "平成", "令和"], "R": ["M", "T", "S", "H", "R"],
    "民國": ["民國"], "民国": ["民国"], "民": ["民"], "109": [""],
}  # fmt: skip
_TOKEN = re.compile(r"%Y\((令和|R|民國|民国|民|109)([元0]?)\)")
_BARE = re.compile(r"[01]?[0-9]{2}([-/.])[01]?[0-9]\1[0-3]?[0-9]|1[0-3][0-9][01][0-9][0-3][0-9]")
"""Days of the republic's years that nothing tells but their three digits."""
_MARK = "\x12"


def _eras(kind: str) -> list[tuple[str, dt.date]]:
    """Names of eras and their first days; the first year is that of the first day."""
    begun = _JAPAN if len(_NAMES[kind]) > 1 else [dt.date(1912, 1, 1)]
    return list(zip(_NAMES[kind], begun, strict=True))


def _form(kind: str) -> str:
    if kind == "109":
        return "^()(1[0-3][0-9]|0?[0-9]{2})"
    return rf"^({'|'.join(_NAMES[kind])}) ?(元|[0-9]{{1,3}})"


def western(values: pl.Series, sample: list[str]) -> tuple[pl.Series, str] | None:
    """Texts with years as they are counted in the west, and what stands for the year in a pattern; None of other texts.

    Example:
        >>> texts = ["昭和64年1月7日", "平成元年1月8日"]
        >>> found, year = western(pl.Series(texts), texts)
        >>> found.to_list(), year
        (['1989年1月7日', '1989年1月8日'], '%Y(令和元)')
    """
    for kind in _NAMES:
        found = [re.match(_form(kind), text) for text in sample]
        if None in found or not sample:
            continue
        years = [match[2] for match in found if match]
        if kind == "109" and not (
            all(map(_BARE.fullmatch, sample)) and 2 * sum(len(year) == 3 for year in years) >= len(years)
        ):
            continue
        padded = all(len(year) == 2 for year in years) and any(year[0] == "0" for year in years)
        flag = "元" if "元" in years else "0" * padded
        return _in_west(values, kind), f"%Y({kind}{flag})"
    return None


def _in_west(texts: pl.Series, kind: str) -> pl.Series:
    names = dict(_eras(kind))
    text, form = pl.first(), _form(kind)
    before = text.str.extract(form, 1).replace_strict({n: day.year - 1 for n, day in names.items()}, default=None)
    year = before.cast(pl.Int64) + text.str.extract(form, 2).str.replace("元", "1", literal=True).cast(pl.Int64)
    return texts.to_frame("").select(year.cast(pl.String) + text.str.replace(form, "")).to_series()


def to_read(texts: pl.Series, pattern: str) -> tuple[pl.Series, str]:
    """Texts and their pattern with years as they are counted in the west."""
    token = _TOKEN.search(pattern)
    return (texts, pattern) if token is None else (_in_west(texts, token[1]), pattern.replace(token[0], "%Y"))


def to_write(pattern: str) -> str:
    """The pattern with a mark in place of the year, for which `to_words` puts that of the era."""
    return _TOKEN.sub(_MARK, pattern)


def to_words(texts: pl.Series, pattern: str, times: pl.Series) -> pl.Series:
    """Written texts with era and year in place of the mark."""
    token = _TOKEN.search(pattern)
    if token is None:
        return texts
    day, said = pl.col("day").cast(pl.Date), pl.lit(None, pl.String)
    for k, (name, begun) in enumerate(_eras(token[1])):
        year = (day.dt.year() - (begun.year - 1)).cast(pl.String)
        year = year.str.zfill(2) if token[2] == "0" else year.replace("1", "元") if token[2] == "元" else year
        said = pl.when((day >= begun) | (k == 0)).then(name + year).otherwise(said)
    table = pl.DataFrame({"text": texts, "day": times})
    return table.select(pl.col("text").str.replace(_MARK, said, literal=True)).to_series()
