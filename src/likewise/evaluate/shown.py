"""Protected summaries that a report shows as pictures: shares of rows, never a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from likewise.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A protected summary of one column: shares of the rows in each bin or level, real beside synthetic.

    Bins and levels that hold 1 to 4 real rows are hidden, and the ends are open, so that no single row shows.

    Args:
        form: "bins" along a scale, or "levels" without one.
        labels: one text per bar.
        real, synthetic: one share per bar.
    """

    form: Literal["bins", "levels"]
    labels: tuple[str, ...]
    real: tuple[float, ...]
    synthetic: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.labels) == len(self.real) == len(self.synthetic):
            raise InputError("a picture needs one label, one real and one synthetic share per bar")


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A protected summary of a pair of columns: shares of the rows in each cell of a coarse grid.

    Cells with fewer than five real rows are hidden (0), other real counts are rounded to multiples of five.

    Args:
        x, y: one text per part of each side.
        real, synthetic: one share per cell, row after row: cell (x, y) is at `y * len(x) + x`.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    real: tuple[float, ...]
    synthetic: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.x) * len(self.y) == len(self.real) == len(self.synthetic):
            raise InputError("a grid needs one real and one synthetic share per cell")
