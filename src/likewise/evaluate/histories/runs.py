"""Runs of rows copied: does a made history repeat rows of a real one, one after the other?

Rows are equal where all their cells are, the time apart; within a run the times between them are equal, too (to the
seven digits of 32 bits, for what is no whole number is moved with an error). So a run is found also where a whole
history was moved in time, and where rows of one moment stand in another order. How long runs are by chance fresh
entities tell. Texts are equal by value: the tables are typed so.

Legend: n rows, E entities.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from likewise.evaluate.attacks.sides import Hashes, stand_in
from likewise.evaluate.histories.ordered import Bools, Ordered
from likewise.evaluate.tables import IntArray

LONG = 5
"""Rows of a run that is told of."""
MOST = 64
"""Rows up to which runs are measured."""
ODD = np.uint64(0x9E3779B97F4A7C15)
"""Its powers tell places in a history apart."""


def hashes(rows: Ordered, time: str | None) -> tuple[Hashes, Hashes]:
    """(n,) a number of each row, alike for equal ones: of its cells without the time, and with the time since the row
    before."""
    cells = {str(i): c.values for i, c in enumerate(rows.table.columns) if c.name != time}
    own = pl.DataFrame({"": np.zeros(len(rows), np.int8), **cells})
    gaps = np.full(len(rows), np.nan, np.float32)
    if rows.ticks is not None:
        gaps[rows.later] = rows.gaps
    whole = own.with_columns(pl.Series("\0gap", gaps))
    return own.hash_rows(seed=0).to_numpy(), whole.hash_rows(seed=0).to_numpy()


@dataclass(frozen=True)
class _Runs:
    """All runs of k rows of one entity: where they begin, and a number of each, alike for equal ones."""

    rows: Ordered
    whole: Hashes
    at: IntArray
    run: Hashes
    k: int = 1

    @classmethod
    def of(cls, rows: Ordered, time: str | None) -> _Runs:
        own, whole = hashes(rows, time)
        return cls(rows, whole, np.arange(len(rows)), own)

    def grown(self, kept: Bools) -> _Runs:
        """Of those kept, the runs that are a row longer."""
        end = self.at + self.k
        goes_on = kept & (end < len(self.rows))
        goes_on[goes_on] = self.rows.position[end[goes_on]] >= self.k
        both = pl.DataFrame({"run": self.run[goes_on], "row": self.whole[end[goes_on]]})
        return _Runs(self.rows, self.whole, self.at[goes_on], both.hash_rows(seed=1).to_numpy(), self.k + 1)


def longest(some: Ordered, train: Ordered, time: str | None) -> IntArray:
    """(E,) rows of the longest run of each entity that stands in a training entity, up to 64."""
    found = _longest(some, train, time)
    if some.ticks is not None and not some.gaps.all():
        found = np.maximum(found, _longest(_settled(some, time), _settled(train, time), time))
    return found


def _settled(rows: Ordered, time: str | None) -> Ordered:
    """Rows of one moment in an order that their cells alone tell."""
    if rows.ticks is None:
        return rows
    order = np.lexsort((hashes(rows, time)[0], rows.ticks, rows.who))
    return replace(rows, table=rows.table.take(order), back=rows.back[order], rows=rows.rows[order])


def _longest(some: Ordered, train: Ordered, time: str | None) -> IntArray:
    found = np.zeros(some.n_entities, np.int64)
    mine, theirs = _Runs.of(some, time), _Runs.of(train, time)
    while mine.k <= MOST and len(mine.at):
        met = stand_in(mine.run, theirs.run)
        found[mine.rows.who[mine.at[met]]] = mine.k
        mine, theirs = mine.grown(met), theirs.grown(stand_in(theirs.run, mine.run[met]))
    return found


def whole_histories(rows: Ordered, time: str | None) -> Hashes:
    """(E,) a number of each history, alike for those whose rows are all equal, moved in time or not."""
    rows = _settled(rows, time)
    own, whole = hashes(rows, time)
    each = np.where(rows.position == 0, own, whole)
    return np.add.reduceat(each * ODD ** rows.position.astype(np.uint64), rows.starts)
