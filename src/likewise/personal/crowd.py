"""How often the same person comes again: of a table's persons is kept how many have how many rows, and no more.

Legend: n rows, b bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.personal.latent import Ints, Words64, noise
from likewise.streams import Span

_SALT = 90


@dataclass(frozen=True)
class Crowd:
    """Persons of few rows and of many.

    Args:
        bins: (b,) how many persons, and how many rows they have together; those of one row each are always new ones,
            those of others the same ones in each draw.
    """

    bins: tuple[tuple[int, int], ...] = ((1, 1),)

    @classmethod
    def learnt(cls, values: pl.Series, whose: pl.Series | None, least: int) -> Self:
        """Of (n,) whatever tells persons apart. A bin stands for at least so many people."""
        table = pl.DataFrame({"v": values, "w": range(len(values)) if whose is None else whose}).drop_nulls("v")
        each = table.group_by("v").agg(rows=pl.len(), held=pl.col("w").n_unique())
        if not len(each) or int(each["rows"].max()) == 1:  # type: ignore[arg-type]
            return cls()
        level = pl.col("rows").log(2).floor().cast(pl.Int64)
        found = each.group_by(level.alias("at")).agg(pl.len(), pl.col("rows", "held").sum()).sort("at").rows()
        bins: list[list[int]] = []
        for _, n, rows, held in found:  # a few bins
            if bins and min(held, bins[-1][2]) < least:
                bins[-1] = [bins[-1][0] + n, bins[-1][1] + rows, bins[-1][2] + held]
            else:
                bins.append([n, rows, held])
        return cls(tuple((n, rows) for n, rows, _ in bins))

    @property
    def is_new(self) -> bool:
        """Whether each row is another person's."""
        return all(n == rows for n, rows in self.bins)

    def draw(self, n: int, rng: np.random.Generator | Span) -> tuple[Ints, Words64]:
        """(n,) whose each of the first n rows of a span is, and the random number of each of these persons."""
        span = Span.of(rng)
        base = np.uint64(span.shared(0).integers(0, 2**62, dtype=np.int64) + span.first)
        new = noise(np.arange(n, dtype=np.uint64) + base, _SALT)
        if self.is_new:
            return np.arange(n), new
        rows = np.array([rows for _, rows in self.bins], np.float64)
        upto = np.cumsum(rows)
        at = np.minimum(np.searchsorted(upto, span.at(0).random(n) * upto[-1], side="right"), len(upto) - 1)
        sizes = np.array([size for size, _ in self.bins])
        starts = np.cumsum(sizes) - sizes
        known = noise((starts[at] + span.at(1).integers(0, sizes[at])).astype(np.uint64), _SALT + 1)
        seeds = np.where(sizes[at] == rows[at], new, known)
        whose, first = numbered(seeds)
        return whose, seeds[first]


def numbered(values: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """(n,) numbers of different values as they come, and the row of each at which it comes first.

    Example:
        >>> [part.tolist() for part in numbered(np.array([7, 3, 7, 5]))]
        [[0, 1, 0, 2], [0, 1, 3]]
    """
    _, first, whose = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return number[whose], first[order]
