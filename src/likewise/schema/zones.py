"""Times with the names of a zone's two halves of the year (`CET` beside `CEST`), which tell the offset of each row.

In a pattern `%Z(Europe/Berlin)` stands for either name. Each name is read as that of the zone listed with it.
"""

from __future__ import annotations

import re

import polars as pl

from likewise.schema.vocabulary import table

_NAMES = {zone: names.split() for zone, names in table("times.zones").items()}
"""Name and offset of standard time, then of summer time, by zone."""
TOKEN = re.compile(r"%Z\(([A-Za-z_/]+)\)")


def with_offsets(values: pl.Series, sample: list[str]) -> tuple[pl.Series, str] | None:
    """Texts with offsets in place of the names of a zone, and what stands for them in a pattern; None of texts that do
    not all end in one of two such names, or have but one of them.

    Example:
        >>> texts = ["2020-01-01 12:00 CET", "2020-07-01 12:00 CEST"]
        >>> found, zone = with_offsets(pl.Series(texts), texts)
        >>> found.to_list(), zone
        (['2020-01-01 12:00 +0100', '2020-07-01 12:00 +0200'], '%Z(Europe/Berlin)')
    """
    ends = {match[0] if (match := re.search("[A-Z]{3,4}$", text)) else "" for text in sample}
    zone = next((zone for zone, names in _NAMES.items() if ends == {*names[::2]}), None)
    return None if zone is None else (_offset(values, zone), f"%Z({zone})")


def _offset(texts: pl.Series, zone: str) -> pl.Series:
    standard, at, summer, later = _NAMES[zone]
    return texts.str.replace(rf"\b{standard}$", at).str.replace(rf"\b{summer}$", later)


def to_read(texts: pl.Series, pattern: str) -> tuple[pl.Series, str]:
    """Texts and their pattern with offsets."""
    token = TOKEN.search(pattern)
    return (texts, pattern) if token is None else (_offset(texts, token[1]), pattern.replace(token[0], "%z"))


def to_write(times: pl.Series, pattern: str) -> tuple[pl.Series, str]:
    """Times as the clocks of the zone show them, and the pattern with the name that they have then."""
    token = TOKEN.search(pattern)
    return (
        (times, pattern) if token is None else (times.dt.convert_time_zone(token[1]), pattern.replace(token[0], "%Z"))
    )


def zone_of(pattern: str) -> str | None:
    """The zone that the names in a pattern are of."""
    token = TOKEN.search(pattern)
    return None if token is None else token[1]
