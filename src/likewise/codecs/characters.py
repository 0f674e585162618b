"""Characters of texts: the class of each, and those that stand at a place, drawn as often as they do.

Legend: n strings, C pairs of a place and a character.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

CLASSES = {r"\p{Nd}": "\ue000", r"\p{Lu}": "\ue001", r"\p{Ll}": "\ue002", r"[\p{Lo}\p{Lt}\p{Lm}]": "\ue003"}
MAX_LENGTH = 64  # longer strings are no patterns; their template is not looked at


def templates_of(strings: pl.Series) -> pl.Series:
    """(n,) the template of each string; null for a string too long to be a pattern."""
    column = pl.col("text")
    for pattern, mark in CLASSES.items():
        column = column.str.replace_all(pattern, mark)
    template = pl.when(pl.col("text").str.len_chars() <= MAX_LENGTH).then(column)
    return strings.rename("text").to_frame().select(template.alias("template"))["template"]


@dataclass(frozen=True)
class Places:
    """Characters of many places in one flat table, drawn by one search.

    Args:
        place: (C,) int64 place of each character, not descending.
        char: (C,) uint32 code points.
        rows: (C,) float64, rows behind each.
    """

    place: npt.NDArray[np.int64]
    char: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.float64]

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        codes = np.array([ord(c) for c in frame["char"]], np.uint32)  # distinct characters, not rows
        return cls(frame["place"].to_numpy().astype(np.int64), codes, frame["rows"].to_numpy().astype(np.float64))

    @cached_property
    def _keys(self) -> npt.NDArray[np.float64]:
        upto = np.cumsum(self.rows)
        opens = np.r_[True, self.place[1:] != self.place[:-1]][: len(self.place)]
        base = (upto - self.rows)[opens][np.cumsum(opens) - 1]
        total = np.bincount(self.place, weights=self.rows)[self.place]
        keys: npt.NDArray[np.float64] = self.place + (upto - self.rows - base) / total
        return keys

    def draw(self, places: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.uint32]:
        """One character for each of these places, any shape."""
        at = np.searchsorted(self._keys, places + rng.random(places.shape), side="right") - 1
        return self.char[at]


def as_strings(chars: npt.NDArray[np.uint32], length: npt.NDArray[np.int64]) -> pl.Series:
    """Strings of code points (n, L), each cut to its length."""
    n, width = chars.shape
    if not width:
        return pl.Series([""], dtype=pl.String).new_from_index(0, n)
    text = pl.Series(np.ascontiguousarray(chars).view(f"<U{width}")[:, 0], dtype=pl.String)
    if (length == width).all():
        return text
    return pl.DataFrame({"t": text, "n": length}).select(pl.col("t").str.slice(0, pl.col("n")))["t"]
