"""Histories of which some cells are missing: each row drawn given what is known of it and the rows before it, and
chosen by how likely it makes the row behind it.

Legend: E entities, n rows, m of them at one step, D fields of a row, S candidates of a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Alphabet, Codes
from likewise.histories.ahead import Ahead, folded, gap_codes
from likewise.histories.layout import Layout, encoded
from likewise.histories.memory import Past
from likewise.histories.running import Running
from likewise.models.drawing.conditioning import resample
from likewise.typing import Bools, Floats, Ints

if TYPE_CHECKING:
    from likewise.histories.walk import Walk

CANDIDATES = 16
"""Rows of which one is chosen by the row behind it."""


@dataclass(frozen=True)
class Filling:
    """How the rows of a walk are filled.

    Args:
        layout: of the rows.
        ahead: all of them, from the first of each entity on.
        given: columns of which no cell is to be missing.
    """

    layout: Layout
    ahead: Ahead
    given: frozenset[str]

    @cached_property
    def shares(self) -> dict[int, Floats]:
        """Of fields of a row that are never missing: (K,) 0 for the code that says so."""
        result, place = {}, 0
        changes = {c.source: c.name for c in self.layout.carried if c.holes}
        for name in self.layout.own:
            for field in self.layout.of_codec(name):
                share = np.ones(self.layout.drawn[place].size)
                if field.missing is not None and changes.get(name, name) in self.given and field.emit.sum() > 1:
                    share[field.missing] = 0.0
                    result[place] = share
                place += 1
        return result

    @cached_property
    def is_whole(self) -> Bools:
        """(n,) rows of which nothing is missing."""
        learnt = [k for k, j in enumerate(self.layout.row_fields) if j not in set(self._changes)]
        whole = (self.ahead.codes[:, learnt] >= 0).all(1)
        for c in self.layout.carried:
            known = self.ahead.totals.get(c.name)
            whole &= False if known is None else known.is_not_null().to_numpy()
        return np.asarray(whole)

    @property
    def _changes(self) -> list[int]:
        return self.layout.fields_of(self.layout.made)

    def goes_on(self, coming: Ints) -> Bools:
        """(m,) rows that are not the last of their entity."""
        ends = np.zeros(len(self.is_whole), bool)
        ends[self.ahead.starts + self.ahead.lengths - 1] = True
        return ~ends[coming]

    def are_judged(self, coming: Ints) -> Bools:
        """(m,) rows behind which one is wholly known."""
        return np.asarray(self.goes_on(coming) & np.append(self.is_whole, False)[coming + 1])


def chosen(
    walk: Walk, filling: Filling, who: Ints, coming: Ints, codes: Ints, fractions: npt.NDArray[np.float32], tied: Bools
) -> Ints:
    """(m,) which of S candidates of each row is taken, numbered among all: by the law of rows given the one behind them
    (sampling importance resampling: Rubin 1988).

    Args:
        who, coming, tied: (m * S,) whose each is, which row of those to be filled, whether at the moment before.
        codes, fractions: (m * S, ...) the candidates.
    """
    layout, ahead, alone = filling.layout, filling.ahead, np.arange(len(who))
    past = Past(*(getattr(walk.past, part.name)[who] for part in fields(Past)))
    running = Running(layout, [walk.running.base[c.name][who] for c in layout.carried])
    running.add(alone, codes, fractions, ahead, coming, walk.rng)
    walk.memory.see(past, alone, codes, tied)
    behind = coming + 1
    entity = [walk.static[who], running.codes(alone)]
    memory = walk.memory.told(past, alone)
    known = running.known(alone, ahead, behind, np.zeros(len(who), bool))
    row = folded(layout, known, ahead.fractions[behind], codes, fractions)
    chance = np.zeros(len(who))
    told = [*entity]
    if ahead.ticks is not None and walk.like is not None:
        gap = gap_codes(layout, ahead.ticks[coming], ahead.ticks[behind])
        now = [*entity, *moment(layout, ahead.ticks[coming], walk.like), memory, gap]
        chance += walk.when.log_prob(_codes(now, layout.when[0]))
        told += [*moment(layout, ahead.ticks[behind], walk.like), memory, gap]
    else:
        told += [memory]
    chance += walk.what.log_prob(_codes([*told, row, np.zeros((len(who), 1), np.int64)], layout.what[0]))
    return np.asarray(resample(chance, len(who) // CANDIDATES, walk.rng, pooled=False))


def moment(layout: Layout, ticks: npt.NDArray[np.generic], like: pl.Series) -> list[Ints]:
    """Codes of where moments stand in time, and of what the calendar says of them."""
    times = layout.clock.times(ticks, like)
    name = str(layout.time)
    return [encoded(layout.codec, times.to_frame(name), [name]), layout.clock.calendar_codes(times)]


def _codes(parts: Sequence[Ints], alphabet: Alphabet) -> Codes:
    codes = np.column_stack(parts)
    return Codes(codes.astype(alphabet.code_dtype), np.zeros((len(codes), 0), np.float32))
