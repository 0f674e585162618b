"""Keys that no other span of a draw has, though none knows what the others hold.

Some characters of a key, its marks, say which span it is of: their number is what the others come to, and that of the
span. So keys that are alike in all others differ in these from span to span, and look like any.

Legend: n keys, T templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.characters import as_strings
from likewise.codecs.text import TextCodec
from likewise.streams import SPAN

MOST = 1_000
"""Spans that are told apart; each has room for more than a hundred thousand keys."""

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Marks:
    """Which characters of the keys of a pattern are marks.

    Args:
        pattern: what keys are drawn from.
        spans: how many spans they tell apart; 1 where there are none.
        places: (T,) of each template the places of the marks, from the last one on.
    """

    pattern: TextCodec
    spans: int
    places: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, pattern: TextCodec, room: float) -> Self:
        """The marks that a pattern has place for.

        Args:
            room: how many strings it allows: each span keeps room for all its keys.
        """
        most = min(MOST, room / SPAN)
        told = [_last(pattern, template, most) for template in range(len(pattern.templates))]
        return cls(pattern, min((size for size, _ in told), default=1), tuple(places for _, places in told))

    @cached_property
    def _letters(self) -> tuple[tuple[npt.NDArray[np.uint32], ...], ...]:
        """(T,) what each mark may be."""
        return tuple(
            tuple(_letters(self.pattern, template, place) for place in places)
            for template, places in enumerate(self.places)
        )

    def on(self, keys: pl.Series, templates: npt.NDArray[np.int64], span: int) -> pl.Series:
        """(n,) keys of these templates with the marks of a span."""
        if self.spans == 1:
            return keys
        lengths = keys.str.len_chars().to_numpy()
        for template, places in enumerate(self.places):  # a few
            width = len(self.pattern.templates[template])
            rows = np.flatnonzero((templates == template) & (lengths == width))
            if not len(rows):
                continue
            chars = np.array(keys.gather(rows).to_list(), dtype=f"<U{width}").view(np.uint32).reshape(-1, width)
            rest = np.zeros(len(rows), np.uint64)
            for place in set(range(width)) - set(places):
                rest = (rest ^ chars[:, place].astype(np.uint64)) * _MIX
                rest ^= rest >> np.uint64(29)
            letters = self._letters[template]
            size = np.uint64(np.prod([len(some) for some in letters]))
            number = (rest % size + np.uint64(span)) % size
            for place, some in zip(places, letters, strict=True):
                chars[:, place] = some[(number % np.uint64(len(some))).astype(np.int64)]
                number //= np.uint64(len(some))
            keys = keys.scatter(rows, as_strings(chars, np.full(len(rows), width)))
        return keys


def _letters(pattern: TextCodec, template: int, place: int) -> npt.NDArray[np.uint32]:
    """The characters that are in use at a place of a template."""
    return np.unique(pattern.places.char[pattern.places.place == pattern.first_places[template] + place])


def _last(pattern: TextCodec, template: int, most: float) -> tuple[int, tuple[int, ...]]:
    """The last places of a template that together are one of `most` numbers, or fewer, and of how many."""
    size, places = 1, list[int]()
    for place in reversed(range(len(pattern.templates[template]))):
        n = len(_letters(pattern, template, place))
        if n > 1 and size * n <= most:
            size, places = size * n, [*places, place]
    return size, tuple(places)
