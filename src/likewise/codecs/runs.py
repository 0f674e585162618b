"""Runs of words, by which a drawn text is held against the real ones.

Words are read by their forms, without capitals, blanks and punctuation: a copy is one whatever stands between its
words. Marks alone have no form and are passed over.

Legend: V words, F forms, N positions in all texts; number 0 opens a text, 1 ends it, forms are numbered from 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl

from likewise.codecs.pieces import Bools, Ints
from likewise.personal.unseen import Prints
from likewise.schema.numbers import applied

OPENS, ENDS, OTHER, NOTHING, MARK = 0, 1, -1, -2, -3
RUN_WORDS, RUN_CHARS = 5, 20
LAST = RUN_WORDS + 2
"""Forms that are looked back at: a run between the opening and the end of a text."""


def forms_of(words: pl.Series) -> pl.Series:
    r"""(n,) the form of each word, empty for a mark.

    Example:
        >>> forms_of(pl.Series([" Don't", "\nflat", "!"])).to_list()
        ['dont', 'flat', '']
    """
    return applied(words, pl.first().str.to_lowercase().str.replace_all(r"[\p{P}\s]", ""))


@dataclass(frozen=True)
class Forms:
    """The forms of a vocabulary.

    Args:
        vocabulary: (V,) words.
        names: (F,) distinct forms, ascending.
    """

    vocabulary: pl.Series
    names: pl.Series

    @classmethod
    def of(cls, vocabulary: pl.Series) -> Self:
        forms = forms_of(vocabulary)
        return cls(vocabulary, forms.filter(forms != "").unique().sort())

    @cached_property
    def by_word(self) -> Ints:
        """(V + 2,) the form of what a word's number stands for."""
        return np.concatenate([[OPENS, ENDS], self.numbers(self.vocabulary)])

    @cached_property
    def _lengths(self) -> Ints:
        """(F + 4,) characters of each, and a blank; the last two are of `NOTHING` and `OTHER`, by which arrays end."""
        return np.concatenate([[0, 0], self.names.str.len_chars().to_numpy().astype(np.int64) + 1, [0, 0]])

    def numbers(self, words: pl.Series) -> Ints:
        """(n,) the form of each word: `MARK` for a mark, `OTHER` for one that the vocabulary lacks."""
        each = pl.DataFrame({"word": words.unique()})
        each = each.with_columns(form=forms_of(each["word"]))
        known = pl.DataFrame({"form": self.names, "number": np.arange(2, len(self.names) + 2)})
        each = each.join(known, on="form", how="left").select(
            "word",
            pl.when(pl.col("form") == "").then(MARK).otherwise(pl.col("number").fill_null(OTHER)).alias("number"),
        )
        found = pl.DataFrame({"word": words}).join(each, on="word", how="left", maintain_order="left")["number"]
        return found.to_numpy().astype(np.int64)

    def runs(self, last: Ints) -> tuple[Prints, Bools]:
        """(N, 3) numbers of the runs that end with the last form: of five, of the fewest that have twenty characters,
        and of a whole text of five at the most; and (N, 3) which of them there are.

        Args:
            last: (N, LAST) the last forms.
        """
        n, lengths = len(last), self._lengths[last]
        told = last.astype(np.uint64) + np.uint64(3)
        told = (told ^ (told >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        told ^= told >> np.uint64(32)
        upto, chars = np.zeros(n, np.uint64), np.zeros(n, np.int64)
        marks, valid = np.zeros((n, 3), np.uint64), np.zeros((n, 3), bool)
        fine = np.ones(n, bool)
        for back in range(LAST):
            form = last[:, LAST - 1 - back]
            fine &= form >= 0
            upto = upto * np.uint64(0x9E3779B97F4A7C15) + told[:, LAST - 1 - back]
            chars = chars + lengths[:, LAST - 1 - back]
            within = fine & (form != OPENS) & (last[:, -1] != ENDS)
            if back == RUN_WORDS - 1:
                marks[within, 0], valid[within, 0] = upto[within], True
            first = within & (chars >= RUN_CHARS) & ~valid[:, 1]
            marks[first, 1], valid[first, 1] = upto[first] ^ np.uint64(1), True
            whole = fine & (form == OPENS) & (last[:, -1] == ENDS)
            marks[whole, 2], valid[whole, 2] = upto[whole] ^ np.uint64(2), True
        mixed = marks ^ (marks >> np.uint64(31))
        return mixed * np.uint64(0x94D049BB133111EB), valid


def windows(text: Ints, number: Ints, n: int, width: int) -> tuple[Ints, Ints]:
    """(N, width) the last numbers at each position of n texts, their ends included, and (N,) the text of each.

    Args:
        text, number: which text each number stands in, ascending, and the numbers in their order.

    Example:
        >>> last, text = windows(np.array([0, 0, 1]), np.array([7, 8, 9]), 2, 3)
        >>> last.tolist(), text.tolist()
        ([[-2, 0, 7], [0, 7, 8], [7, 8, 1], [-2, 0, 9], [0, 9, 1]], [0, 0, 0, 1, 1])
    """
    size = np.bincount(text, minlength=n) + 2
    start = np.cumsum(size) - size
    whole = np.full(int(size.sum()), OPENS)
    whole[start + size - 1] = ENDS
    whole[np.arange(len(number)) + 2 * text + 1] = number
    of = np.repeat(np.arange(n), size)
    place = np.arange(len(whole)) - start[of]
    last = np.full((len(whole), width), NOTHING)
    for back in range(width):
        inside = np.flatnonzero(place >= back)
        last[inside, width - 1 - back] = whole[inside - back]
    return last[place > 0], of[place > 0]
