"""Tables as histories: the rows of each entity together and in time, and what bins they fall into.

Legend: n rows, E entities, C columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from likewise.evaluate.accuracy import N_BINS, Binned, binned
from likewise.evaluate.tables import FloatArray, IntArray, Typed, TypedColumn

Bools = npt.NDArray[np.bool_]
FINE_BINS = 30
MOST_EDGES = 200
"""Steps at which running shares of gaps and lengths are compared: what lies between two is a two-hundredth."""


@dataclass(frozen=True)
class Ordered:
    """A table, the rows of each entity together and in time; those of one moment as they stood.

    Args:
        table: (n) rows; `persons` are the entities, 0 .. E-1.
        starts: (E,) where each entity's rows begin.
        ticks: (n,) the time; None where rows stand in order and no column tells it.
        back: (n,) whether the time went back at a row, when entities' rows were still in the order in which they came.
        rows: (n,) where each row stood.
    """

    table: Typed
    starts: IntArray
    ticks: FloatArray | None
    back: Bools
    rows: IntArray

    @classmethod
    def of(cls, table: Typed, whose: IntArray, ticks: FloatArray | None, *, in_time: bool = True) -> Ordered:
        """Put rows in order.

        Args:
            whose: (n,) the entity of each row.
            in_time: False leaves an entity's rows as they stand.
        """
        who = np.unique(whose, return_inverse=True)[1].astype(np.int64)
        came = np.argsort(who, kind="stable")
        back = np.zeros(len(who), bool)
        if ticks is not None:
            back[1:] = (np.diff(ticks[came]) < 0) & (np.diff(who[came]) == 0)
        order = came if ticks is None or not in_time else np.lexsort((ticks, who))
        starts = np.flatnonzero(np.diff(who[order], prepend=-1))
        rows = replace(table.take(order), persons=who[order])
        return cls(rows, starts, None if ticks is None else ticks[order], back, order)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def n_entities(self) -> int:
        return len(self.starts)

    @cached_property
    def lengths(self) -> IntArray:
        """(E,) rows of each entity."""
        return np.diff(np.append(self.starts, len(self)))

    @cached_property
    def who(self) -> IntArray:
        """(n,) the entity of each row, 0 .. E-1."""
        return np.repeat(np.arange(self.n_entities), self.lengths)

    @cached_property
    def position(self) -> IntArray:
        """(n,) how many rows of its entity stand before each."""
        return np.arange(len(self)) - self.starts[self.who]

    @cached_property
    def later(self) -> IntArray:
        """Places of all rows but the first of each entity."""
        return np.flatnonzero(self.position > 0)

    @cached_property
    def gaps(self) -> FloatArray:
        """(later,) time since the row before."""
        assert self.ticks is not None
        return self.ticks[self.later] - self.ticks[self.later - 1]

    def same(self, column: TypedColumn) -> Bools:
        """(later,) whether a row holds what the row before it holds; missing is missing."""
        values, missing = column.values, column.missing
        now, before = self.later, self.later - 1
        return np.asarray((values[now] == values[before]) | (missing[now] & missing[before]))

    def take(self, chosen: IntArray) -> Ordered:
        """The histories of some entities, in the order in which they are named."""
        lengths = self.lengths[chosen]
        starts = np.cumsum(lengths) - lengths
        rows = np.arange(int(lengths.sum())) + np.repeat(self.starts[chosen] - starts, lengths)
        table = replace(self.table.take(rows), persons=np.repeat(np.arange(len(chosen)), lengths))
        return Ordered(
            table, starts, None if self.ticks is None else self.ticks[rows], self.back[rows], self.rows[rows]
        )

    def some(self, most_rows: int, rng: np.random.Generator) -> Ordered:
        """Entities by chance, of so many rows at most, but one in any case."""
        order = rng.permutation(self.n_entities)
        return self.take(order[: max(1, int(np.searchsorted(np.cumsum(self.lengths[order]), most_rows, side="right")))])

    def cut(self, lengths: IntArray) -> Ordered:
        """(E,) so many first rows of each, at least one."""
        rows = np.flatnonzero(self.position < lengths[self.who])
        table = self.table.take(rows)
        ticks = None if self.ticks is None else self.ticks[rows]
        return Ordered(table, np.cumsum(lengths) - lengths, ticks, self.back[rows], self.rows[rows])

    def beside(self, other: Ordered) -> Ordered:
        """These histories and then others, of a table typed together with this one."""
        table = replace(self.table.beside(other.table), persons=np.append(self.who, other.who + self.n_entities))
        ticks = None if self.ticks is None or other.ticks is None else np.append(self.ticks, other.ticks)
        starts = np.append(self.starts, other.starts + len(self))
        return Ordered(table, starts, ticks, np.append(self.back, other.back), np.append(self.rows, other.rows))

    def static(self) -> list[int]:
        """The columns that change within no entity; none where each has one row."""
        if not len(self.later):
            return []
        return [i for i, column in enumerate(self.table.columns) if self.same(column).all()]

    def directions(self, among: Sequence[int]) -> dict[int, int]:
        """The number columns that within no entity ever fall (1), or rise (-1), though they do change."""
        found = {}
        for i in among:
            column = self.table.columns[i]
            if column.is_number:
                steps = column.values[self.later] - column.values[self.later - 1]
                signs = np.sign(steps[np.isfinite(steps)])
                if len(signs) and signs.any() and abs(int(signs.min()) + int(signs.max())) == 1:
                    found[i] = int(signs.min() + signs.max())
        return found


@dataclass(frozen=True)
class Coded:
    """Histories on bins made from real ones.

    Args:
        changing: the columns that change within some real entity.
        static: those that do not.
        rising: number columns that go one way only in every real entity, and which.
        codes: ten bins a column, and `fine` thirty.
        length_edges, gap_edges: where lengths and gaps are told apart.
        time: the column that tells the time, among all.
    """

    rows: Ordered
    changing: tuple[int, ...]
    static: tuple[int, ...]
    rising: dict[int, int]
    codes: Binned
    fine: Binned
    length_edges: FloatArray
    gap_edges: FloatArray
    time: int | None = None

    @property
    def level_columns(self) -> tuple[int, ...]:
        """The changing columns of levels."""
        return tuple(i for i in self.changing if not self.rows.table.columns[i].is_number)


def coded(real: Ordered, others: Sequence[Ordered], time: str | None = None) -> list[Coded]:
    """Real and other histories on bins made from the real ones alone."""
    tables = [rows.table for rows in others]
    coarse, fine = (binned(real.table, tables, k) for k in (N_BINS, FINE_BINS))
    static = real.static()
    changing = tuple(i for i in range(len(real.table.columns)) if i not in static)
    at = next((i for i, c in enumerate(real.table.columns) if c.name == time), None)
    rising = {i: sign for i, sign in real.directions(changing).items() if i != at}
    gap_edges = np.zeros(0) if real.ticks is None else _edges(real.gaps)
    length_edges = _edges(real.lengths.astype(np.float64))
    return [
        Coded(rows, changing, tuple(static), rising, some, many, length_edges, gap_edges, at)
        for rows, some, many in zip((real, *others), coarse, fine, strict=True)
    ]


def _edges(values: FloatArray) -> FloatArray:
    return (
        np.unique(np.quantile(values, np.linspace(0, 1, MOST_EDGES), method="inverted_cdf")) if len(values) else values
    )
