"""How alike the texts of two tables are, and how much of a synthetic one stands in a real one, word for word.

Words are read without capitals, blanks and marks; Chinese and Japanese are read by characters.

Legend: K distinct texts of all tables, N words in them, n texts of a table, m fresh ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from likewise.codecs.words import SINGLE
from likewise.evaluate.attacks.sides import stand_in
from likewise.evaluate.chance import Dealt, divergence, running_gap
from likewise.evaluate.figure import Figure
from likewise.evaluate.shares import Met
from likewise.evaluate.tables import FloatArray, IntArray

WORD = rf"[{SINGLE}]|[\p{{L}}\p{{M}}\p{{Nd}}--{SINGLE}]+"
MOST_RUN = 100
"""Words of a run that are counted."""
LEVEL = 0.025
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Texts:
    """The words of distinct texts, one text after the other.

    Args:
        word: (N,) a number for each, alike for equal ones.
        start: (K + 1,) where the words of each text begin, and where all end.
    """

    word: npt.NDArray[np.uint64]
    start: IntArray

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        words = pl.Series(texts, dtype=pl.String).str.to_lowercase().str.extract_all(WORD)
        size = words.list.len().to_numpy().astype(np.int64)
        return cls(words.explode().drop_nulls().hash().to_numpy(), np.concatenate([[0], np.cumsum(size)]))

    @property
    def size(self) -> IntArray:
        """(K,) words of each."""
        return np.diff(self.start)

    def places(self, texts: IntArray) -> tuple[IntArray, IntArray]:
        """Where the words of some texts stand, and which of them each is of."""
        size = self.size[texts]
        of = np.repeat(np.arange(len(texts)), size)
        return np.arange(len(of)) + np.repeat(self.start[texts] - (np.cumsum(size) - size), size), of

    def longest(self, texts: IntArray, real: IntArray) -> IntArray:
        """(n,) of each text the longest run of words that stands in one of the real ones.

        Example:
            >>> texts = Texts.of(["The cat sat on a mat.", "a dog, the CAT SAT on it", "no"])
            >>> texts.longest(np.array([1, 2]), np.array([0])).tolist()
            [4, 0]
        """
        each, back = np.unique(texts, return_inverse=True)
        found, (at, of) = np.zeros(len(each), np.int64), self.places(each)
        others = self.places(real := np.unique(real))[0]
        ends, real_ends = self.start[each + 1][of], np.repeat(self.start[real + 1], self.size[real])
        ours, theirs = np.zeros(len(at), np.uint64), np.zeros(len(others), np.uint64)
        for length in range(1, MOST_RUN + 1):
            fits, real_fits = at + length <= ends, others + length <= real_ends
            at, of, ends, ours = at[fits], of[fits], ends[fits], ours[fits]
            others, real_ends, theirs = others[real_fits], real_ends[real_fits], theirs[real_fits]
            ours = ours * _FACTOR + self.word[at + length - 1]
            theirs = theirs * _FACTOR + self.word[others + length - 1]
            shared = stand_in(ours, theirs)
            at, of, ends, ours = at[shared], of[shared], ends[shared], ours[shared]
            if not len(at):
                break
            found[of] = length
            shared = stand_in(theirs, ours)  # a run that nobody shares is no beginning of a longer one
            others, real_ends, theirs = others[shared], real_ends[shared], theirs[shared]
        return found[back]

    def wholes(self) -> npt.NDArray[np.uint64]:
        """(K,) a number for each text, alike for texts of the same words."""
        at, of = self.places(np.arange(len(self.size)))
        power = np.cumprod(np.full(int(self.size.max(initial=0)), _FACTOR))
        made = np.zeros(len(self.size), np.uint64)
        np.add.at(made, of, self.word[at] * power[at - self.start[of]])
        return made


def run_length(ours: IntArray, whose: IntArray, fresh: IntArray, fresh_whose: IntArray) -> Figure | None:
    """The longest run of synthetic texts beside that of fresh ones.

    Which people have the longest runs of all is, by chance, anybody's: that the k longest are all synthetic has a
    chance of n (n - 1) ... / (n + m) (n + m - 1) ..., so the interval begins at the k-th longest of the least k for
    which this is under 2.5 %.

    Args:
        ours, fresh: (n,), (m,) the longest run of each text with real ones.
        whose, fresh_whose: the person of each; the longest run of a person counts.
    """
    if not len(ours) or not len(fresh):
        return None
    mine, theirs = (_of_persons(*side) for side in ((ours, whose), (fresh, fresh_whose)))
    value, floor = float(mine[0]), float(theirs[0])
    low, high = _surely(mine, len(theirs)), max(value, floor)
    if value < floor and _surely(theirs, len(mine)) > value:
        high = value
    return Figure(value, len(ours), floor, (min(low, value) if low > floor else min(low, floor), high))


def _of_persons(runs: IntArray, whose: IntArray) -> IntArray:
    """The longest run of each person, the longest first."""
    _, person = np.unique(whose, return_inverse=True)
    most = np.zeros(person.max() + 1, np.int64)
    np.maximum.at(most, person, runs)
    return np.sort(most)[::-1]


def _surely(runs: IntArray, others: int) -> float:
    """The k-th longest run, of the least k for which chance hardly ever gives the k longest of all to one side."""
    n = len(runs)
    chance = np.cumprod((n - np.arange(n)) / (n + others - np.arange(n)))
    k = int(np.searchsorted(-chance, -LEVEL, side="right"))
    return float(runs[k]) if k < n else 0.0


def copied(texts: Texts, real: IntArray, sides: Sequence[tuple[IntArray, IntArray]]) -> Figure | None:
    """The share of texts that stand word for word among the real ones, of synthetic and of fresh ones.

    Args:
        real: codes of the real texts.
        sides: codes and persons, of the synthetic and of the fresh texts.
    """
    whole, size = texts.wholes(), texts.size
    found = []
    for codes, whose in sides:
        told = size[codes] > 0
        found.append(Met.of(stand_in(whole[codes[told]], whole[real]), whose[told]))
    return found[0].beside(found[1], copy=1.0)


def words_apart(texts: Texts, dealt: Dealt, column: str) -> Figure | None:
    """The Jensen-Shannon divergence, in bits, between the counts of words."""
    real, pool = (_known(table[column].values, texts) for table in (dealt.real, dealt.pool))
    (at, _), (rows_at, of) = texts.places(real[0]), texts.places(pool[0])
    words, number = np.unique(np.concatenate([texts.word[at], texts.word[rows_at]]), return_inverse=True)
    cells = (np.ones(len(of), np.float32), (number[len(at) :], pool[1][of]))
    held = sparse.csr_matrix(cells, (len(words), len(dealt.pool)))
    return dealt.figure(np.bincount(number[: len(at)], minlength=len(words)).astype(np.float64), held, divergence)


def lengths_apart(texts: Texts, dealt: Dealt, column: str) -> Figure | None:
    """The Kolmogorov-Smirnov distance between lengths in words."""
    real, pool = (_known(table[column].values, texts) for table in (dealt.real, dealt.pool))
    n = int(texts.size.max(initial=0)) + 1
    cells = (np.ones(len(pool[0]), np.float32), (texts.size[pool[0]], pool[1]))
    held = sparse.csr_matrix(cells, (n, len(dealt.pool)))
    counts: FloatArray = np.bincount(texts.size[real[0]], minlength=n).astype(np.float64)
    return dealt.figure(counts, held, running_gap)


def _known(codes: npt.NDArray[np.integer], texts: Texts) -> tuple[IntArray, IntArray]:
    """The codes of texts that are there, and their rows."""
    rows = np.flatnonzero(codes < len(texts.size))
    return codes[rows].astype(np.int64), rows
