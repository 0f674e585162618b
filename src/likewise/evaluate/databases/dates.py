"""Children in time: whether they keep to their parent's dates, and how those of one parent follow each other.

Legend: n rows, m children with both dates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from likewise.databases.keys import ForeignKey
from likewise.evaluate.databases.dealt import Count, Counter, Dealt, Side
from likewise.evaluate.databases.hops import taken
from likewise.evaluate.databases.linked import Linked
from likewise.evaluate.histories.events import Hands, share
from likewise.evaluate.histories.ordered import Ordered, coded
from likewise.evaluate.tables import FloatArray, IntArray, TypedColumn
from likewise.schema.column import Kind

A_LAW = 0.01
"""Share of real children on the wrong side of a date, up to which the date is one that children keep to."""
MICROSECONDS_A_DAY = 86_400_000_000


def clock_of(linked: Linked, table: str) -> int | None:
    """The column by which the rows of a table have an order: that of its schema, else its only one of moments."""
    columns = linked.tables[table].columns
    named = linked.schema.tables[table].order
    dates = [i for i, c in enumerate(columns) if c.kind is Kind.DATETIME]
    if named is not None:
        return next((i for i, c in enumerate(columns) if c.name == named and c.is_number), None)
    return dates[0] if len(dates) == 1 else None


def days(column: TypedColumn) -> FloatArray:
    """A column of moments in days; one of other numbers as it is."""
    values = column.values.astype(np.float64)
    return values / MICROSECONDS_A_DAY if isinstance(column.dtype, pl.Datetime) else values


# --- laws between a child's date and its parent's ---------------------------------------------------------------------


@dataclass(frozen=True)
class Law:
    """Children are never before a date of their parent, or never after it (`after`)."""

    key: ForeignKey
    child: int
    parent: int
    after: bool

    def broken(self, side: Linked) -> tuple[IntArray, IntArray]:
        """(m,) rows with both dates, and whether each is on the wrong side (1)."""
        own = days(side.tables[self.key.table].columns[self.child])
        theirs = days(taken(side.tables[self.key.parent].columns[self.parent], side.parents[self.key]))
        rows = np.flatnonzero(np.isfinite(own) & np.isfinite(theirs))
        gap = own[rows] - theirs[rows]
        return rows, ((gap > 0) if self.after else (gap < 0)).astype(np.int64)


def laws(real: Linked) -> list[Law]:
    """The dates that hardly a real child is on the wrong side of, though many are on the right one."""
    found = []
    for key in real.schema.foreign:
        sides = [real.tables[t].columns for t in (key.table, key.parent)]
        dates = [[i for i, c in enumerate(columns) if c.kind is Kind.DATETIME] for columns in sides]
        for child in dates[0]:
            for parent in dates[1]:
                for after in (False, True):
                    law = Law(key, child, parent, after)
                    wrong = law.broken(real)[1]
                    if (
                        len(wrong)
                        and wrong.mean() <= A_LAW
                        and Law(key, child, parent, not after).broken(real)[1].any()
                    ):
                        found.append(law)
    return found


def broken_laws(found: list[Law]) -> Counter:
    """Children on the wrong side, by law."""

    def count(side: Linked) -> list[Count]:
        parts = [(law.key.table, *law.broken(side)) for law in found]
        return [Count(table, rows, wrong, 2, distance=share) for table, rows, wrong in parts]

    return count


# --- how children of one parent follow each other ---------------------------------------------------------------------


def ordered_tables(dealt: Dealt) -> list[str]:
    """Tables of dated rows that belong to parents of whom some have several."""
    real = dealt.held.linked
    return [t for t, key in dealt.owner.items() if clock_of(real, t) is not None and (real.counts(key) > 1).any()]


def hands_of(dealt: Dealt, table: str) -> Hands | None:
    """The dated rows of a table as histories of their parents, dealt by unit; None where there are none."""
    found = [_history(side, table, dealt.owner[table]) for side in (dealt.held, dealt.synthetic, dealt.fresh)]
    if any(one is None for one in found):
        return None
    (held, _), (ours, a), (fresh, b) = (one for one in found if one is not None)
    clock = dealt.held.linked.tables[table].columns[clock_of(dealt.held.linked, table) or 0].name
    real, pool = coded(held, [ours.beside(fresh)], clock)
    return Hands(real, pool, dealt.hands[np.append(a, b)])


def _history(side: Side, table: str, owner: ForeignKey) -> tuple[Ordered, IntArray] | None:
    """The dated children of the units chosen, by parent, and the place of each parent's unit."""
    clock = clock_of(side.linked, table)
    assert clock is not None
    ticks = days(side.linked.tables[table].columns[clock])
    place = side.place[side.units.of[table]]
    rows = np.flatnonzero((place >= 0) & (side.linked.parents[owner] >= 0) & np.isfinite(ticks))
    if not len(rows):
        return None
    found = Ordered.of(side.linked.tables[table].take(rows), side.linked.parents[owner][rows], ticks[rows])
    return replace(found, rows=rows[found.rows]), place[rows[found.rows[found.starts]]]
