"""Numbers of cards and devices, and national numbers: made of persons, with true check characters.

Of a table's own is kept how enough people's are written and begin. That none is a real one is seen to once it is made.

Legend: n persons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl

from likewise.personal.latent import Ints, Persons
from likewise.personal.layouts import BEGINS, CHECKED, DATED, HEADS, LAYOUTS, NAMED, Holders, as_texts, born
from likewise.personal.names import Names
from likewise.personal.texts import by_class, poured, shared
from likewise.schema.identifiers.forms import BY_WORD

IDENTITIES = ("card", "imei", "national_id")
"""Semantics of such numbers; of the last only those whose layout is known."""
_PLACE = r"[\p{L}\p{Nd}]"


@dataclass(frozen=True)
class IdentityForm:
    """How such numbers are written.

    Args:
        word: which they are, one of `LAYOUTS`.
        styles: templates with # for each character, and their shares.
        heads: number of characters -> first ones, and their shares; "" is none in particular.
        lower: whether in small letters.
        digits: whether none may hold a letter, as in a column of numbers.
    """

    word: str
    styles: tuple[tuple[str, float], ...]
    heads: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    lower: bool = False
    digits: bool = False

    @classmethod
    def learnt(cls, texts: pl.Series, word: str, whose: pl.Series | None, least: int) -> Self:
        """Of (n,) numbers: how enough people's are written and begin."""
        template = texts.str.replace_all(_PLACE, "#")
        widths = template.str.count_matches("#").fill_null(0)
        plain = template.str.contains(r"^[# ./\-]+$").fill_null(False) & widths.is_in(LAYOUTS[word][1])
        styles = shared(template.set(~plain, None), whose, least) or dict(cls.usual(word).styles)
        bare = texts.str.replace_all(r"[^\p{L}\p{Nd}]", "").str.to_uppercase()
        heads = {
            width: _heads(bare.set(~plain | (widths != width), None), HEADS.get(word, 0), word, whose, least)
            for width in {style.count("#") for style in styles}
        }
        small = float(texts.str.contains(r"\p{Ll}").mean() or 0)  # type: ignore[arg-type]
        letters = texts.str.contains(r"\p{L}").any()
        heads = {width: found for width, found in heads.items() if found}
        return cls(word, tuple(styles.items()), heads, small > 0.5, bool(len(texts.drop_nulls())) and not letters)

    @classmethod
    def usual(cls, word: str) -> Self:
        return cls(word, (("".join("#" if c.isalnum() else c for c in BY_WORD[word].example), 1.0),))

    @property
    def is_dated(self) -> bool:
        return self.word in DATED

    def write(self, persons: Persons, names: Names, days: Ints | None, salt: int) -> pl.Series:
        """(n,) numbers, null where one is none: then another salt gives another.

        Args:
            names: theirs.
            days: (n,) of their births, as `layouts.born` takes them.
        """
        which = persons.choice(np.array([share for _, share in self.styles]), 55)
        made = []
        for k, (template, _) in enumerate(self.styles):
            rows = np.flatnonzero(which == k)
            some = persons[rows]
            named = names.gather(rows) if self.word in NAMED else None
            of = Holders(some, born(some, None if days is None else days[rows]), named, salt)
            made.append(self._of_style(template, of))
        text = by_class(which, made)
        return text.str.to_lowercase() if self.lower else text

    def _of_style(self, template: str, holders: Holders) -> pl.Series:
        width, form = template.count("#"), BY_WORD[self.word]
        chars = LAYOUTS[self.word][0](holders, width)
        heads = self.heads.get(width) or {BEGINS.get(self.word, ""): 1.0}
        begun = holders.persons.choice(np.array(list(heads.values())), 56)
        for k, head in enumerate(heads):
            chars[begun == k, : len(head)] = np.frombuffer(head.encode("utf-32-le"), np.uint32)
        if form.check is not None and self.word not in CHECKED:
            chars[:, list(form.at)] = form.check(chars)
        text = as_texts(chars)
        wrong = ~text.str.contains("^[0-9]+$" if self.digits else "^[0-9A-Z]+$")
        return poured(template, text).set(wrong, None)

    def to_dict(self) -> dict[str, Any]:
        return {
            "word": self.word, "styles": [list(s) for s in self.styles],
            "heads": [[width, dict(found)] for width, found in self.heads.items()],
            "lower": self.lower, "digits": self.digits,
        }  # fmt: skip


def _heads(bare: pl.Series, longest: int, word: str, whose: pl.Series | None, least: int) -> dict[str, float]:
    """First characters as enough people have them, the longest of each number, and their shares."""
    found: dict[str, float] = {}
    left, n = bare, bare.len() - bare.null_count()
    for width in range(longest, 0, -1):
        head = left.str.head(width)
        if word == "es_dni":  # digits tell nothing
            head = head.str.extract("^([A-Z])")
        kept = shared(head, whose, least)
        covered = head.is_in(list(kept)).fill_null(False)
        found |= {text: share * int(covered.sum()) / n for text, share in kept.items()}
        left = left.set(covered, None)
    if found and left.null_count() < left.len():
        found[""] = (left.len() - left.null_count()) / n
    return found
