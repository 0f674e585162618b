"""Numbers that histories carry on, while their rows are drawn.

Legend: E entities, m of them at one step, D fields of a row, C numbers carried on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.histories.ahead import Ahead
from likewise.histories.carried import Carried, Numbers
from likewise.histories.layout import Layout, encoded
from likewise.typing import Bools, Ints


class Running:
    """What the next row of each entity adds to.

    Args:
        begun: (E,) of each number.
    """

    def __init__(self, layout: Layout, begun: Sequence[Numbers]) -> None:
        self.layout = layout
        self.base = {c.name: np.array(base) for c, base in zip(layout.carried, begun, strict=True)}
        self._codecs = {codec.name: codec for codec in layout.codec.codecs}
        self._places = {name: layout.row_fields.index(*layout.fields_of([name])) for name in self._told}
        self.changes: dict[int, int] = {}
        """Fields of a row that hold a change, and the code of none, which first rows have, and no others."""
        for c in layout.carried:
            missing = self._codecs[c.source].fields[0].missing
            if c.is_change and missing is not None and not c.holes:
                self.changes[self._places[c.source]] = missing

    @property
    def _told(self) -> set[str]:
        """Columns of a row by which numbers go on."""
        names = {name for c in self.layout.carried for name in (c.source, c.by) if name is not None}
        return names & set(self.layout.own)

    def codes(self, who: Ints) -> Ints:
        """(m, C) of what the next rows of these entities add to."""
        table = pl.DataFrame({"": who} | {n: b[who] for n, b in self.base.items()})
        return encoded(self.layout.codec, table, self.layout.carries)

    def known(self, who: Ints, ahead: Ahead, coming: Ints, begins: Bools) -> Ints:
        """(m, D) codes of what is known of rows to come, with the changes that known numbers tell.

        Args:
            begins: (m,) which rows are the first of their entities.
        """
        codes = ahead.codes[coming]
        for c in self.layout.carried:
            if c.is_change and c.name in ahead.totals:
                change = (ahead.totals[c.name][coming] - pl.Series(self.base[c.name][who])) * c.signs[0]
                told = self.layout.codes_of(change.alias(c.source))
                place = self._places[c.source]
                codes[:, place] = np.where(change.is_null(), -1, told)
                codes[begins, place] = np.where(change.is_null(), -1, self.changes.get(place, told))[begins]
        return codes

    def add(
        self, who: Ints, codes: Ints, fractions: npt.NDArray[np.float32], ahead: Ahead | None, coming: Ints | None,
        rng: np.random.Generator,
    ) -> dict[str, Numbers]:  # fmt: skip
        """The numbers of new rows of these entities, each by its column.

        Args:
            codes: (m, D) of the rows.
            fractions: (m, F) where inside them values lie.
            coming: (m,) which rows of `ahead` they are, of which some numbers are known: what only rises goes no
                further than the next of these.
        """
        rows = np.zeros(0, np.int64) if coming is None else coming
        told = None if coming is None else ahead
        known: dict[str, pl.Series] = {} if told is None else {name: n[rows] for name, n in told.totals.items()}
        until: dict[str, pl.Series] = {} if told is None else {name: n[rows] for name, n in told.until.items()}
        result: dict[str, Any] = {}
        for c in self.layout.carried:
            base = self.base[c.name][who]
            signs = c.signs_of(None if c.by is None else codes[:, self._places[c.by]])
            amounts = result.get(c.source)
            if amounts is None:
                amounts = self._values(c.source, codes, fractions, rng)
                if told is not None and not c.is_change:  # known ones beyond what is drawn, too
                    amount = told.table[c.source][rows]
                    amounts = np.where(amount.is_null(), amounts, amount.fill_null(0).to_numpy())
            total = c.added(base, amounts, signs)
            if c.is_change and not c.moves and c.name in until:
                total = _within(total, base, until[c.name])
            own = base if c.delay else total
            if c.name in known:
                there = known[c.name].is_not_null().to_numpy()
                own = np.where(there, known[c.name].fill_null(0).to_numpy().astype(own.dtype), own)
                total = c.added(own, amounts, signs) if c.delay else own
            result[c.name], self.base[c.name][who] = own, total
        return result

    def _values(
        self, name: str, codes: Ints, fractions: npt.NDArray[np.float32], rng: np.random.Generator
    ) -> Numbers:  # fmt: skip
        codec = self._codecs[name]
        at = [f.fraction for f in self.layout.of_codec(name) if f.fraction is not None]
        return codec.decode(codes[:, [self._places[name]]], fractions[:, at], rng).fill_null(0).to_numpy()


def _within(totals: Numbers, since: Numbers, until: pl.Series) -> Numbers:
    """(m,) between what there was and what there will be, where that is known."""
    ends = np.where(until.is_null(), totals, until.fill_null(0).to_numpy().astype(totals.dtype))
    return np.asarray(np.clip(totals, np.minimum(since, ends), np.maximum(since, ends)))


def begun(layout: Layout, entities: pl.DataFrame) -> list[Numbers]:
    """What new entities begin with."""
    return [_plain(entities[c.same or c.name]) for c in layout.carried]


def _plain(column: pl.Series) -> Numbers:
    return column.to_numpy().astype(np.float64 if column.dtype.is_float() else np.int64)


def values_of(carried: Sequence[Carried], totals: Sequence[dict[str, Numbers]], order: Ints) -> list[pl.Series]:
    """Columns of the numbers that steps have drawn, in an order of their rows."""
    return [pl.Series(c.name, np.concatenate([step[c.name] for step in totals])[order]) for c in carried]
