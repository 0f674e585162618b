"""The quantile function of a column of numbers: an ordered list of pieces, some of them to a code.

A piece is a flat one (a single value, carried by many rows) or a stretch of values drawn evenly. Codes are groups
of neighbouring pieces. `binning.py` makes them from data, so that no piece shows a single row's value.

Numbers come either as int64 on a lattice (integers, decimals times a power of ten, days, ticks), where a stretch
[first, last] holds last - first + 1 values of equal chance, or as float64, where it is [first, last).

Legend: n rows, P pieces, K codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]  # int64 or float64
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

LAST_FLOAT = np.float64(1) - np.finfo(np.float64).epsneg


@dataclass(frozen=True)
class Pieces:
    """The pieces in ascending order.

    Args:
        first: (P,) least value of each.
        last: (P,) greatest value of each; equal to `first` for a flat one.
        code: (P,) int64, not descending.
        count: (P,) float64, rows (or, after narrowing, the share of the rows) behind each.
        size: number of codes K; after narrowing some of them have no piece.
    """

    first: Values
    last: Values
    code: Ints
    count: Floats
    size: int

    @property
    def is_lattice(self) -> bool:
        return self.first.dtype.kind == "i"

    @property
    def needs_fraction(self) -> bool:
        """Whether a code says less than the value."""
        return len(self.first) > self.size or bool((self.first != self.last).any())

    @cached_property
    def code_count(self) -> Floats:
        """(K,) rows behind each code."""
        return tally(self.code, self.count, self.size)

    @cached_property
    def edges(self) -> tuple[Floats, Floats]:
        """(P,) where each piece starts and ends within its code, in [0, 1], on the grid of float32."""
        upto = np.cumsum(self.count)
        total = self.code_count[self.code]
        base = (np.cumsum(self.code_count) - self.code_count)[self.code]
        start = np.clip((upto - self.count - base) / total, 0, 1).astype(np.float32).astype(np.float64)
        opens = np.r_[True, self.code[1:] != self.code[:-1]]
        start[opens] = 0
        stop = np.r_[start[1:], 1.0]
        stop[np.r_[opens[1:], True]] = 1
        return start, stop

    @cached_property
    def keys(self) -> Floats:
        """(P,) code + start, ascending: one search finds the piece of a code and a fraction."""
        return self.code + self.edges[0]

    @cached_property
    def owns_from(self) -> Values:
        """(P,) the least value encoded to each piece: a flat piece takes only its own value from a stretch beside
        it; else the nearest piece takes what lies between two."""
        left, right = self.last[:-1], self.first[1:]
        flat = self.first == self.last
        from_right = ~flat[:-1] & flat[1:]
        from_left = flat[:-1] & ~flat[1:]
        gap = distance(left, right)
        if self.is_lattice:
            after = left + 1
            middle = left + (gap - gap // np.uint64(2)).astype(np.int64)
        else:
            after = np.nextafter(left, np.inf)
            middle = left / 2 + right / 2
        owns = np.where(from_right, right, np.where(from_left, np.minimum(after, right), middle))
        return np.concatenate([self.first[:1], owns])

    @cached_property
    def holes(self) -> Bools:
        """(P - 1,) whether units that cannot be drawn follow a piece, no more of them than can be drawn in one run on
        either side: amid numbers that are all used, where a value is absent for its few rows alone."""
        if not self.is_lattice or len(self.first) < 2:
            return np.zeros(max(len(self.first) - 1, 0), bool)
        gap = distance(self.last[:-1], self.first[1:]) - np.uint64(1)
        run = np.cumsum(np.r_[0, gap > 0])  # (P,) pieces that adjoin are one run
        opens = np.flatnonzero(np.r_[True, run[1:] != run[:-1]])
        width = distance(self.first[opens], self.last[np.r_[opens[1:] - 1, len(run) - 1]]) + 1.0
        beside = np.minimum(width[run[:-1]], width[run[1:]])
        return np.asarray((gap > 0) & (gap <= beside))

    def find(self, values: Values) -> Ints:
        """(n,) the piece that takes each value."""
        found: Ints = np.maximum(np.searchsorted(self.owns_from, values, side="right") - 1, 0)
        return found

    def encode(self, values: Values) -> tuple[Ints, npt.NDArray[np.float32]]:
        """(n,) codes and (n,) fractions; values beyond a piece are taken as its nearest one."""
        piece = self.find(values)
        first, last = self.first[piece], self.last[piece]
        values = np.clip(values, first, last)
        if self.is_lattice:
            share = (distance(first, values) + 0.5) / (distance(first, last) + 1.0)
        else:
            # halves, for the distance of two doubles may be no double
            flat = first == last
            width = np.where(flat, 1.0, last / 2 - first / 2)
            with np.errstate(over="ignore", under="ignore"):
                share = np.where(flat, 0.5, (values / 2 - first / 2) / np.where(width == 0, 1.0, width))
        start, stop = self.edges
        fraction = (start[piece] + np.clip(share, 0, 1) * (stop[piece] - start[piece])).astype(np.float32)
        below_one = np.nextafter(np.float32(1), np.float32(0))
        return self.code[piece], np.minimum(fraction, below_one)

    def decode(self, codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating]) -> Values:
        """(n,) values of codes and fractions."""
        piece = np.searchsorted(self.keys, codes + fractions.astype(np.float64), side="right") - 1
        np.maximum(piece, 0, out=piece)
        start, stop = self.edges
        share = fractions - start[piece]
        share /= np.maximum(stop - start, np.finfo(np.float64).tiny)[piece]
        np.clip(share, 0, LAST_FLOAT, out=share)
        first = self.first[piece]
        if self.is_lattice:
            width = distance(self.first, self.last) + 1.0
            steps = np.floor(share * width[piece])
            # float64 cannot hold every width near 2**64; the last value is then as near as it gets
            steps = np.minimum(steps, distance(self.first, self.last)[piece].astype(np.float64))
            if (width < 2.0**62).all():
                return np.asarray(first + steps.astype(np.int64))
            return np.asarray(first + np.minimum(steps, 2.0**64 - 2048).astype(np.uint64).astype(np.int64))
        last = self.last[piece]
        return np.asarray(np.clip(first * (1 - share) + last * share, first, last))

    def between(self, low: Any, high: Any) -> Pieces:
        """What lies in [low, high] (both included; None is open). May be empty."""
        # as Python numbers, for a limit may be beyond int64
        least, greatest = self.first[0].item(), self.last[-1].item()
        low, high = least if low is None else max(low, least), greatest if high is None else min(high, greatest)
        if low > high:
            return Pieces(self.first[:0], self.last[:0], self.code[:0], self.count[:0], self.size)
        kept = (self.last >= low) & (self.first <= high)
        if not kept.any():  # of one value the same as of a set of one
            return self.one_of(np.array([low], self.first.dtype)) if low == high else self._in_hole(low, high)
        first, last = np.maximum(self.first, low)[kept], np.minimum(self.last, high)[kept]
        if self.is_lattice:
            share = (distance(first, last) + 1.0) / (distance(self.first, self.last)[kept] + 1.0)
        else:
            width = self.last[kept] / 2 - self.first[kept] / 2
            flat = width <= 0
            share = np.where(flat, 1.0, (last / 2 - first / 2) / np.where(flat, 1.0, width))
            if len(share) and not (share > 0).any():  # a single point of a stretch is unlikely, not impossible
                share = np.full(len(share), 1e-9)
            inside = share > 0
            first, last, share = first[inside], last[inside], share[inside]
            kept = np.flatnonzero(kept)[inside]
        return Pieces(first, last, self.code[kept], self.count[kept] * share, self.size)

    def _in_hole(self, low: Any, high: Any) -> Pieces:
        """A range between two pieces: nothing, or the user's wish with one row's share if it lies in a hole."""
        before = int(np.searchsorted(self.first, low)) - 1
        some = np.flatnonzero(self.holes[[before]])
        first, last = np.array([low])[some].astype(self.first.dtype), np.array([high])[some].astype(self.first.dtype)
        code = self.code[self.find(first)]
        return Pieces(first, last, code, np.minimum(self.code_count[code], 1.0), self.size)

    def one_of(self, values: Values) -> Pieces:
        """Just these values, as many of them as lie within the range."""
        values = np.unique(values[(values >= self.first[0]) & (values <= self.last[-1])])
        piece = self.find(values)
        if self.is_lattice:
            share = 1.0 / (distance(self.first, self.last)[piece] + 1.0)
        else:
            share = np.where(self.first[piece] == self.last[piece], 1.0, 1.0 / np.maximum(self.count[piece], 1.0))
        # a value in the piece's keeping that it would not draw by itself is the user's wish: one row's share
        strange = (values < self.first[piece]) | (values > self.last[piece])
        share = np.where(strange, 1.0 / np.maximum(self.count[piece], 1.0), share)
        return Pieces(values, values, self.code[piece], self.count[piece] * np.minimum(share, 1.0), self.size)


def tally(keys: Ints, weights: Values, size: int) -> Floats:
    """(size,) sum of the weights of each key."""
    return np.bincount(keys, weights=weights, minlength=size).astype(np.float64, copy=False)


def distance(low: Values, high: Values) -> Any:
    """high - low >= 0: as uint64 for int64 (no overflow), as it is for floats."""
    if low.dtype.kind == "i":
        with np.errstate(over="ignore"):
            return (high - low).view(np.uint64)
    with np.errstate(over="ignore"):
        return high - low
