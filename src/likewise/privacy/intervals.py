"""Numbers told as intervals [a, b), and the labels are true: the decimal that is written lies in the one it is given.

A float stands for the decimal it is written as: 0.3 is three tenths, and lies in [0.3, 0.4). Where rounding could
decide on which side of an edge a value falls, fractions of whole numbers do.

Legend: k distinct values.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import InputError, OptionError
from likewise.privacy.labels import Hierarchy

Floats = npt.NDArray[np.float64]

# What the float operations between a value and its interval may be off by, in units of the values, with room to spare.
_ROUNDING = 1e-14


@dataclass(frozen=True)
class Intervals(Hierarchy):
    """Numbers as intervals [a, b), coarser at every step; see `intervals`."""

    edges: tuple[tuple[float, ...], ...] = ()
    widths: tuple[float, ...] = ()
    origin: float = 0.0

    @property
    def height(self) -> int:
        return (len(self.edges) or len(self.widths)) + 1

    def climb(self, values: pl.Series, level: int) -> pl.Series:
        if not values.dtype.is_numeric():
            raise InputError(f"column {values.name!r}: intervals need numbers, it holds {values.dtype}")
        known = values.drop_nulls().unique()
        labels = self._fixed(known, level) if self.edges else self._regular(known, level)
        table = pl.DataFrame({"value": known, "label": pl.Series(labels, dtype=pl.String)})
        return values.alias("value").to_frame().join(table, on="value", how="left", maintain_order="left")[
            "label"
        ].alias(values.name)  # fmt: skip

    def _fixed(self, known: pl.Series, level: int) -> list[str | None]:
        edges = self.edges[level - 1]
        exact, x, grid = [_decimal(e) for e in edges], as_floats(known), np.asarray(edges)
        at = np.searchsorted(grid, x, side="right")
        gap = np.minimum(np.abs(x - grid[np.maximum(at - 1, 0)]), np.abs(grid[np.minimum(at, len(grid) - 1)] - x))
        index = _settled(known, at - 1, gap <= _ROUNDING * np.abs(x), lambda value: bisect_right(exact, value) - 1)
        names = [_text(e) for e in exact]
        return [f"[{names[i]}, {names[i + 1]})" if 0 <= i < len(names) - 1 else None for i in index]

    def _regular(self, known: pl.Series, level: int) -> list[str | None]:
        # The steps above count whole steps of the finest width, so that they are nested.
        width, origin = _decimal(self.widths[0]), _decimal(self.origin)
        factor = round(self.widths[level - 1] / self.widths[0])
        x = as_floats(known)
        steps = (x - self.origin) / self.widths[0]
        unsure = np.abs(steps - np.rint(steps)) <= _ROUNDING * (np.abs(x) + abs(self.origin)) / self.widths[0]
        index = _settled(known, np.floor(steps), unsure, lambda value: (value - origin) // width)
        lows = [i // factor * factor for i in index]
        told = {i: f"[{_text(origin + i * width)}, {_text(origin + (i + factor) * width)})" for i in set(lows)}
        return [told[i] for i in lows]


def _settled(
    known: pl.Series, index: npt.NDArray[Any], unsure: npt.NDArray[np.bool_], exact: Callable[[Fraction], int]
) -> list[int]:
    """Indices as whole numbers; those that rounding could have moved are counted in fractions."""
    out = [int(i) for i in np.where(unsure, 0, index)]
    at = np.flatnonzero(unsure)
    for i, text in zip(at.tolist(), known.gather(at).cast(pl.String).to_list(), strict=True):
        out[i] = exact(Fraction(text))
    return out


def as_floats(known: pl.Series) -> Floats:
    """Values as floats; those of 32 bits as the decimals they are written as."""
    as_written = known.cast(pl.String) if known.dtype == pl.Float32 else known
    return as_written.cast(pl.Float64).to_numpy()


def _decimal(x: float) -> Fraction:
    return Fraction(repr(float(x)))


def _text(x: Fraction) -> str:
    """A decimal in full; beyond 20 digits with an exponent."""
    digits = 0
    while (x * 10**digits).denominator != 1:
        digits += 1
    whole = int(x * 10**digits)
    number = Decimal((int(whole < 0), tuple(map(int, str(abs(whole)))), -digits))
    if -20 <= number.adjusted() <= 20:
        text = format(number, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(number)


def intervals(
    width: float | None = None, *, steps: int = 3, factor: int = 2, origin: float = 0.0,
    edges: Sequence[Sequence[float]] | None = None,
) -> Hierarchy:  # fmt: skip
    """Numbers as intervals closed on the left: of one width that grows by `factor` each step, or between given edges.

    Args:
        width: of the finest intervals, which start at `origin` and every width from there.
        edges: instead, for each step the edges from low to high; those of a step must be among those of the step below.

    Example:
        >>> intervals(5, steps=2).labels(pl.Series([24, 25, None]), 1).to_list()
        ['[20, 25)', '[25, 30)', None]
        >>> intervals(0.1).labels(pl.Series([0.3]), 1).to_list()
        ['[0.3, 0.4)']
    """
    if edges is not None:
        rows = tuple(tuple(float(e) for e in step) for step in edges)
        rising = all(np.isfinite(r).all() and all(a < b for a, b in itertools.pairwise(r)) for r in rows)
        if not rows or any(len(r) < 2 for r in rows) or not rising:
            raise OptionError("edges must be, for each step, at least two numbers that rise")
        if any(not set(coarse) <= set(fine) for fine, coarse in itertools.pairwise(rows)):
            raise OptionError("edges of a step must be among those of the step below it")
        return Intervals(edges=rows)
    if width is None or not np.isfinite(width) or width <= 0 or steps < 1 or factor < 2 or not np.isfinite(origin):
        raise OptionError("intervals need a width above 0, at least 1 step and a factor of at least 2")
    return Intervals(widths=tuple(width * factor**i for i in range(steps)), origin=origin)
