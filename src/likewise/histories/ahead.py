"""Rows to come of which some is known: their moments, planned prices, a calendar.

Legend: E entities, n rows to come, D fields of a row, F fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.histories.layout import Layout, encoded
from likewise.typing import Bools, Ints

Places = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Ahead:
    """What is known of rows to come, those of each entity together and in time.

    Args:
        starts, lengths: (E,) where the rows of an entity begin, and how many there are.
        ticks: (n,) their moments; None where these are to be drawn.
        codes: (n, D) of a row's own fields, -1 where unknown.
        fractions: (n, F) where inside their codes values lie.
        totals: (n,) of numbers that are carried on, by column, null where unknown.
        table: (n, columns) their own, canonical, null where unknown.
    """

    starts: Ints
    lengths: Ints
    ticks: npt.NDArray[Any] | None
    codes: Ints
    fractions: Places
    totals: dict[str, pl.Series]
    table: pl.DataFrame

    @classmethod
    def of(cls, layout: Layout, table: pl.DataFrame, whose: Ints, n_entities: int) -> Self:
        """Of a canonical table with all columns, null where nothing is known.

        Args:
            table: (n, columns), in order; its times are all known, or none is.
            whose: (n,) the entity of each row, ascending.
        """
        table = layout.with_all(table)
        codes = encoded(layout.codec, table, layout.own)
        at = 0
        for name in layout.own:
            width = len(layout.codec.fields_of(name))
            codes[table[name].is_null().to_numpy(), at : at + width] = -1
            at += width
        timed = layout.time is not None and len(table) > 0 and not table[layout.time].null_count()
        lengths = np.bincount(whose, minlength=n_entities)
        fractions = layout.codec.encode(table).fractions
        ticks = layout.clock.ticks(table[layout.time]) if timed and layout.time is not None else None
        totals = {name: table[name] for name in layout.carries if table[name].null_count() < len(table)}
        return cls(np.cumsum(lengths) - lengths, lengths, ticks, codes, fractions, totals, table.select(layout.own))

    @cached_property
    def whose(self) -> Ints:
        """(n,) the entity of each row."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @cached_property
    def until(self) -> dict[str, pl.Series]:
        """(n,) of numbers that are carried on, by column: the next that is known of the entity, null where none is."""
        whose = pl.lit(pl.Series(self.whose))
        return {n: t.to_frame(n).select(pl.col(n).backward_fill().over(whose))[n] for n, t in self.totals.items()}

    def over(self, layout: Layout, rows: pl.DataFrame, again: Bools) -> tuple[pl.DataFrame, Bools]:
        """Drawn rows with what was known of them, and which of their values are those of the row before: no known one.

        Args:
            rows, again: (n, ...) in the same order.
        """
        known = np.column_stack([self.table[name].is_not_null().to_numpy() for name in layout.repeated] or [again])
        values = [
            pl.coalesce(pl.lit(self.table[name]), pl.col(name)).alias(name)
            for name in rows.columns
            if name in layout.own
        ]
        return rows.with_columns(values), again & ~known if layout.repeated else again

    def rows(self, who: Ints, step: int) -> Ints:
        """(m,) the rows of these entities that come at a step."""
        return np.asarray(self.starts[who] + step)


def gap_codes(layout: Layout, since: npt.NDArray[Any], ticks: npt.NDArray[Any]) -> Ints:
    """(m, fields) codes of the gaps between moments."""
    units = layout.clock.units(np.column_stack([since, ticks]).ravel())[1::2]
    return encoded(layout.codec, pl.DataFrame({layout.gap: units}), [str(layout.gap)])


def folded(layout: Layout, codes: Ints, fractions: Places, last: Ints, last_fractions: Places) -> Ints:
    """(m, D) known codes as they are drawn: those that are what the row before holds say so.

    Args:
        codes, fractions: (m, ...) of rows to come.
        last, last_fractions: (m, ...) of the rows before them.
    """
    result = codes.copy()
    for k in layout.repeats:
        again = codes[:, k] == last[:, k]
        if (at := layout.codec.alphabet.fields[layout.row_fields[k]].fraction) is not None:
            again &= fractions[:, at] == last_fractions[:, at]
        result[again, k] = layout.drawn[k].size - 1
    return result
