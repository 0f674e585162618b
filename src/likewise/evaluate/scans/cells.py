"""Columns in cells that a sample has placed, so that all that is told of columns and pairs is told of counts.

A number has cells at values and cells between them: where nothing lies between, its distribution is known exactly, and
else to within what lies in one cell. For pairs it has the ten quantile bins of the real sample, and a coarser grid on
which ranks are told. A level has a cell of its own if the sample holds it; others share one, and are counted by name.

Legend: n rows, K cells of a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl

from likewise.codecs.matrix import codes_of
from likewise.evaluate.fidelity import ASSOCIATION_LEVELS, link_coder
from likewise.evaluate.tables import FloatArray, IntArray, TypedColumn, numbers_column, pattern_of
from likewise.schema.column import Column, Kind

MOST_EDGES = 2**16
"""Values of a sample that all have a cell."""

SOME_EDGES = 2**14
"""Of those of a sample of more: none of the cells between them then holds much more than one row in ten thousand."""

GRID = 64
"""Cells by which the values of a column have ranks beside another's; of twice as many values each has its own."""


@dataclass(frozen=True)
class Cells:
    """How a column of canonical rows becomes cells.

    Args:
        column: what the schema says of it.
        edges: of numbers, values in order: cell 2i lies below edge i, cell 2i + 1 is at it; the last one is missing.
        levels: of others, in the order of the alphabet; then missing, then all that are none of these.
        link: (K,) the part of each cell beside columns of levels, `link_size` in all; missing is one.
        grid: (K,) of numbers, the part of each cell beside other numbers, `grid_size` in all; the last one is missing.
    """

    column: Column
    edges: FloatArray | None
    levels: pl.Series | None
    link: IntArray
    link_size: int
    grid: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    grid_size: int = 0

    @classmethod
    def of(cls, column: Column, samples: Sequence[TypedColumn], link: TypedColumn, grid: int = GRID) -> Self:
        """As samples have them.

        Args:
            samples: of all tables, typed together.
            link: of the real table, which bins and frequent levels are those of.
            grid: how many cells ranks are told by.
        """
        edges, ranks, size = link_coder(link)
        if edges is None:
            assert ranks is not None
            assert link.levels is not None
            full = size == ASSOCIATION_LEVELS
            places = np.append(ranks.astype(np.int64), size - 1 if full else size)
            levels = pl.Series(link.levels, dtype=pl.String)
            return cls(column, None, levels, places, size if full else size + 1)
        present = np.sort(np.concatenate([s.present for s in samples]))
        by_rank = _grid(samples, grid)
        values = np.unique(present)
        if len(values) > MOST_EDGES:
            values = present[:: -(-len(present) // SOME_EDGES)]
        own = np.unique(np.concatenate([values, edges, by_rank]))
        return cls(
            column, own, None, _places(own, edges), len(edges) + 2, _places(own, by_rank), len(by_rank) + 2
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Cells, K."""
        return len(self.link)

    @property
    def has_others(self) -> bool:
        """Whether levels that no sample holds are a part of their own beside other columns."""
        return not self.is_number and bool(self.link[-1] > self.link[:-1].max(initial=-1))

    @property
    def is_number(self) -> bool:
        return self.edges is not None

    @property
    def missing(self) -> int:
        """The cell of what is missing."""
        return self.size - 1 if self.levels is None else len(self.levels)

    def texts(self, series: pl.Series) -> pl.Series:
        """What levels are told from: of free text, patterns."""
        plain = series.cast(pl.String)
        return pattern_of(plain) if self.column.kind is Kind.TEXT else plain

    def encode(self, series: pl.Series) -> IntArray:
        """(n,) the cell of each row of a canonical column of numbers."""
        assert self.edges is not None
        values = numbers_column(series, self.column).values
        below = np.searchsorted(self.edges, values, "left")
        at = self.edges[np.minimum(below, len(self.edges) - 1)] == values if len(self.edges) else False
        return np.where(np.isnan(values), self.missing, 2 * below + at)

    def encode_texts(self, texts: pl.Series) -> IntArray:
        """(n,) the same of what `texts` gave."""
        assert self.levels is not None
        codes = codes_of(texts, self.levels).fill_null(self.size - 1).to_numpy().astype(np.int64)
        codes[texts.is_null().to_numpy()] = self.missing
        return codes


def _grid(samples: Sequence[TypedColumn], size: int) -> FloatArray:
    """Edges of which every table has its share, for a table may lie where another one does not."""
    every = np.unique(np.concatenate([s.present for s in samples]))
    if len(every) <= 2 * size:
        return every
    inner = np.linspace(0, 1, size // len(samples) + 1)[1:-1]
    return np.unique(np.concatenate([np.quantile(s.present, inner) for s in samples if len(s.present)]))


def _places(edges: FloatArray, among: FloatArray) -> IntArray:
    """(K,) how many of some of the edges lie below what is in each cell; the last cell is missing."""
    at = np.searchsorted(among, edges, "left")
    between = np.searchsorted(among, np.concatenate([[-np.inf], edges]), "right")
    places: Any = np.empty(2 * len(edges) + 2, np.int64)
    places[0:-1:2], places[1:-1:2], places[-1] = between, at, len(among) + 1
    return np.asarray(places)
