"""Texts that none of a table's own equals, but for those that many share: a drawn one leaves a remainder that no
real one does.

Of the real texts some remainders are kept that none of them leaves, a quarter of all: enough to draw by, and too few to
tell who is in the table. Marks, blanks, capitals and zeros in front make no difference: `k12` is `K-12` again.

Legend: n texts, m remainders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.schema.numbers import applied

Prints = npt.NDArray[np.uint64]

KEPT = 0.25
"""Share of the remainders that is kept."""
BLOCK = 2**20
"""Bytes of texts that are looked at together."""
_AMOUNT = r"^[-+]?(?:0|[1-9]\d{0,2}|(?:0|[1-9]\d{0,5})[.,]\d{1,4})$"
_FACTORS = (0x9E3779B97F4A7C15, pow(0x9E3779B97F4A7C15, -1, 2**64))
_MIX = np.uint64(0xBF58476D1CE4E5B9)


def prints_of(texts: pl.Series) -> Prints:
    """(n,) a number of 64 bits for each known text, the same on every machine: a polynomial of its bytes, mixed."""
    bare = applied(
        texts,
        pl.first().str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}\p{Nd}]", "").str.strip_chars_start("0"),
    )
    lengths = bare.str.len_bytes().to_numpy().astype(np.int64)
    ends = np.cumsum(lengths)
    powers, back = (
        _powers(factor, min(int(lengths.sum()), BLOCK + int(lengths.max(initial=0)))) for factor in _FACTORS
    )
    parts, first = [np.empty(0, np.uint64)], 0
    while first < len(bare):
        before = int(ends[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + BLOCK)))
        raw = np.frombuffer("".join(bare[first:last].to_list()).encode(), np.uint8).astype(np.uint64) + np.uint64(1)
        total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(raw * powers[: len(raw)], dtype=np.uint64)])
        stops = ends[first:last] - before
        starts = stops - lengths[first:last]
        found = (total[stops] - total[starts]) * back[starts]
        found ^= found >> np.uint64(31)
        found *= _MIX
        parts.append(found ^ (found >> np.uint64(30)))
        first = last
    return np.concatenate(parts)


def _powers(factor: int, n: int) -> Prints:
    """(n + 1,) of 64 bits."""
    powers = np.full(n + 1, factor, np.uint64)
    powers[0] = 1
    return np.cumprod(powers)


@dataclass(frozen=True)
class Unseen:
    """Remainders that no real text leaves.

    Args:
        free: (m,) which of them these are.
        shared: (s,) numbers of texts that enough people have: they are nobody's own.
        amounts: whether short numbers may be real ones, as they may in a column of numbers.

    Example:
        >>> real = pl.Series(["K-744", "K-745", "K-7"])
        >>> Unseen.of(np.unique(prints_of(real))).admits(pl.Series(["K-744", "k745", "K 7"])).any()
        np.False_
    """

    free: npt.NDArray[np.bool_]
    shared: Prints = field(default_factory=lambda: np.empty(0, np.uint64))
    amounts: bool = False

    @classmethod
    def of(cls, prints: Prints, shared: Prints | None = None, *, amounts: bool = False, spread: int = 1) -> Self:
        """Of the distinct numbers of the real texts, and of those among them that enough people have.

        Args:
            spread: remainders a real text: the more, the more new texts are admitted.
        """
        m = spread * len(prints) + 101
        free = np.ones(m, bool)
        free[(prints % np.uint64(m)).astype(np.int64)] = False
        some = np.random.default_rng(m).permutation(np.flatnonzero(free))[: int(KEPT * m)]
        kept = np.zeros(m, bool)
        kept[some] = True
        return cls(kept, np.empty(0, np.uint64) if shared is None else shared, amounts)

    def is_free(self, prints: Prints) -> npt.NDArray[np.bool_]:
        """(n,) which numbers of 64 bits are surely those of no real text."""
        return self.free[(prints % np.uint64(len(self.free))).astype(np.int64)]

    def admits(self, texts: pl.Series) -> npt.NDArray[np.bool_]:
        """(n,) which of known texts are surely none of the real ones, or one that enough people have."""
        free = self.admits_prints(prints_of(texts))
        return free | texts.str.contains(_AMOUNT).to_numpy() if self.amounts else free

    def admits_prints(self, prints: Prints) -> npt.NDArray[np.bool_]:
        """The same by the numbers of whatever they stand for."""
        free = self.is_free(prints)
        return free | np.isin(prints, self.shared) if len(self.shared) else free
