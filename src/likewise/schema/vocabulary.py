"""Words of many languages by which columns, and what is in them, are known: lists in the TOML files of `words/`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _file(name: str) -> dict[str, Any]:
    return tomllib.loads((files("likewise.schema") / "words" / f"{name}.toml").read_text(encoding="utf-8"))


def words(kind: str) -> tuple[str, ...]:
    """The words of a list, in its order.

    Example:
        >>> words("headings.digit_codes")[:3]
        ('ean', 'fax', 'fips')
    """
    file, key = kind.split(".")
    found = _file(file)[key]
    return tuple(found.split() if isinstance(found, str) else found)


def table(kind: str) -> dict[str, str]:
    """A list by marks, such as months by language."""
    file, key = kind.split(".")
    return dict(_file(file)[key])


@cache
def phrases(kind: str) -> dict[str, tuple[str, ...]]:
    """Lists by what they are of, of words with blanks between.

    Example:
        >>> phrases("semantics.headings")["latitude"][:2]
        ('latitude', 'lat')
    """
    return {key: tuple(" ".join(text.split()).replace("| ", "|").split("|")) for key, text in table(kind).items()}


def rows(kind: str) -> list[list[str]]:
    """A list of lists, such as shapes of dates with their patterns."""
    file, key = kind.split(".")
    return [list(row) for row in _file(file)[key]]
