"""Histories drawn step by step: each entity's next row, given its memory of those before.

Legend: m entities at one step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import CodeArray, Given
from likewise.histories.ahead import Ahead, folded, gap_codes
from likewise.histories.completion import CANDIDATES, Filling, chosen, moment
from likewise.histories.layout import Layout, encoded
from likewise.histories.memory import Past
from likewise.histories.order import Histories
from likewise.histories.rhythm import CANDIDATES as GAPS
from likewise.histories.rhythm import placed
from likewise.histories.running import Running
from likewise.models.base import Generator
from likewise.typing import Bools, Ints

TRIES = 20
"""Rows among which one is found in place of a row that its entity holds already."""

OTHERS = 64
"""Levels that are tried in place of one that an entity holds at this moment, where such rows found none."""

RECENT, MOST_RECENT = 16, 1024
"""Rows of one moment that are held against a new one: there is room for so many, and for more where there are, at
most."""


@dataclass(frozen=True)
class Step:
    """Rows drawn at one step: whose, at which ticks, codes (m, all fields of the codec), fractions, numbers that are
    carried on by column, which are last, (m, columns) which values of `Layout.repeated` are the row's before, and
    which rows their entities hold already, all others being taken."""

    who: Ints
    ticks: npt.NDArray[Any]
    codes: CodeArray
    fractions: npt.NDArray[np.float32]
    totals: dict[str, npt.NDArray[Any]]
    is_last: Bools
    again: Bools
    is_held: Bools


class Walk:
    """Draws the next row of entities, and remembers it.

    Args:
        when, what: generators of gaps, and of rows.
        entities: (E, ...) what each is, and the moment that it begins at, or that its last row was of.
        past: of each.
        running: numbers that each carries on.
        fractions: (E, F) where inside their codes the values of its last row lie; None before the first.
        anchors: (E,) see `Clock.anchor`; None takes those of the moments.
        ahead: what is known of the rows to come.
        filling: how these are filled, where they are all rows that there are.
    """

    def __init__(
        self, layout: Layout, when: Generator, what: Generator, entities: pl.DataFrame, past: Past, running: Running,
        rng: np.random.Generator, fractions: npt.NDArray[np.float32] | None = None, anchors: Ints | None = None,
        ahead: Ahead | None = None, filling: Filling | None = None,
    ) -> None:  # fmt: skip
        self.layout, self.past, self.rng, self.ahead, self.filling = layout, past, rng, ahead, filling
        self.running, self.once = running, layout.holding(len(entities))
        self.when, self.what = when.ready() if layout.time else when, what.ready()
        self.memory, self.like = layout.memory, entities[layout.time] if layout.time else None
        self.ticks = np.zeros(len(entities), np.int64) if self.like is None else layout.clock.ticks(self.like)
        self.anchors = layout.clock.anchor(self.ticks) if anchors is None else anchors
        self.static = encoded(layout.codec, entities, layout.static)
        blank = np.zeros((len(entities), layout.codec.alphabet.n_fractions), np.float32)
        self.fractions = blank if fractions is None else fractions
        self.recent = np.full((len(entities), RECENT), -1, np.int64)
        own = layout.row_fields
        self.fraction_of = [layout.codec.alphabet.fields[j].fraction for j in own]
        self.own = layout.of(own)
        self.key_fields = [own.index(j) for j in layout.fields_of(layout.alone)]

    def look_back(self, known: Histories, codes: Ints) -> None:
        """Rows that are known: what their entities hold already, in all and at their last moment.

        Args:
            codes: (n, D) of the rows.
        """
        self.once.see(known.whose, codes)
        if self.key_fields and self.layout.time is not None:
            back = known.ends[known.whose] - np.arange(len(known))
            held = self.layout.clock.ticks(known.table[self.layout.time]) == self.ticks[known.whose]
            held &= back < MOST_RECENT
            self._widen(int(back[held].max(initial=0)) + 1)
            self.recent[known.whose[held], back[held]] = self._keys(codes)[held]

    @property
    def none(self) -> Step:
        """No rows of nobody."""
        alphabet, n_repeated = self.layout.codec.alphabet, len(self.layout.repeated)
        codes = np.zeros((0, len(alphabet.fields)), alphabet.code_dtype)
        fractions = np.zeros((0, alphabet.n_fractions), np.float32)
        none, again = np.zeros(0, bool), np.zeros((0, n_repeated), bool)
        totals = {name: base[:0] for name, base in self.running.base.items()}
        return Step(np.zeros(0, np.int64), self.ticks[:0], codes, fractions, totals, none, again, none)

    def step(self, who: Ints, coming: Ints | None = None) -> Step:
        """The next rows of these entities.

        Args:
            coming: (m,) which rows of `ahead` they are.
        """
        layout, past = self.layout, self.past
        memory = self.memory.told(past, who)
        begins = past.n_rows[who] == 0
        gaps = np.column_stack([np.full(len(who), f.size) for f in layout.gaps]) if layout.gaps else None
        tied = np.zeros(len(who), bool)
        if layout.time is not None and not begins.all():
            later = np.flatnonzero(~begins)
            assert gaps is not None
            now = self.ticks[who[later]]
            if self.ahead is not None and self.ahead.ticks is not None and coming is not None:
                self.ticks[who[later]] = self.ahead.ticks[coming[later]]
                gaps[later] = gap_codes(layout, now, self.ticks[who[later]])
            else:
                gaps[later], gap = self._gaps(who[later], memory[later])
                self.ticks[who[later]] = layout.clock.passed(now, gap, self.anchors[who[later]])
            tied[later] = self.ticks[who[later]] == now
        known = self._known(who)
        told = [known, memory] + ([] if gaps is None else [gaps])
        codes, fractions, is_last, again, is_held = self._rows(who, np.column_stack(told), begins, tied, coming)
        self.memory.see(past, who, codes, tied)
        self.fractions[who] = fractions
        totals = self.running.add(who, codes, fractions, self.ahead, coming, self.rng)
        full = np.zeros((len(who), len(layout.codec.alphabet.fields)), layout.codec.alphabet.code_dtype)
        full[:, layout.row_fields] = codes
        full[:, layout.known_fields] = known[:, : len(layout.known_fields)]
        return Step(who, self.ticks[who].copy(), full, fractions, totals, is_last, again, is_held)

    def _known(self, who: Ints) -> Ints:
        """Codes of the entity, of the numbers it carries on, and of where it stands in time."""
        parts = [self.static[who], self.running.codes(who)]
        if self.like is not None and self.layout.time is not None:
            parts += moment(self.layout, self.ticks[who], self.like)
        return np.column_stack(parts)

    def _gaps(self, who: Ints, memory: Ints) -> tuple[Ints, npt.NDArray[Any]]:
        """Codes of the gap until the next row, and its units."""
        told = np.column_stack([self._known(who), memory])
        blank = np.full((len(who), len(self.layout.gaps)), -1)
        weights = {}  # a gap is never missing, though a first row has none
        for j, f in enumerate(self.layout.gaps, told.shape[1]):
            if f.missing is not None:
                weights[j] = np.where(np.arange(f.size) == f.missing, 0.0, 1.0)
        rhythm = np.array(self.layout.rhythm)
        again = np.repeat(np.arange(len(who)), GAPS if len(rhythm) else 1)
        given = Given(np.column_stack([told, blank])[again], weights, joint=False)
        codes = self.when.sample(len(again), rng=self.rng, given=given).codes[:, told.shape[1] :].astype(np.int64)
        codec = next(c for c in self.layout.codec.codecs if c.name == self.layout.gap)
        fractions = self.rng.random((len(again), sum(f.fraction is not None for f in codec.fields)), dtype=np.float32)
        units = codec.decode(codes, fractions, self.rng).to_numpy()
        if len(rhythm) and self.like is not None:
            ticks = self.layout.clock.passed(self.ticks[who[again]], units, self.anchors[who[again]])
            taken = placed(rhythm, self.layout.clock.times(ticks, self.like), self.rng)
            codes, units = codes[taken], units[taken]
        return codes, units

    def _rows(
        self, who: Ints, told: Ints, begins: Bools, tied: Bools, coming: Ints | None
    ) -> tuple[Ints, npt.NDArray[np.float32], Bools, Bools, Bools]:
        """Codes and fractions of rows, of which an entity holds none twice at one moment where it never did; which are
        its last, what they repeat, and which it holds all the same."""
        m, n_told, layout = len(who), told.shape[1], self.layout
        n_own = len(layout.row_fields)
        codes, is_last = np.zeros((m, n_own), np.int64), np.zeros(m, bool)
        held = np.zeros((m, len(layout.repeats)), bool)
        fractions = np.zeros((m, layout.codec.alphabet.n_fractions), np.float32)
        self.recent[who[~tied]] = -1
        weights = self._weights(n_told, begins)
        blank, left, tries = np.full((m, n_own + 1), -1), np.arange(m), 1
        if self.ahead is not None and coming is not None:
            known, lies = self.running.known(who, self.ahead, coming, begins), self.ahead.fractions[coming]
            blank[:, :-1] = folded(layout, known, lies, self.past.last[who], self.fractions[who])

        def draw(rows: Ints) -> tuple[Ints, npt.NDArray[np.float32], Bools, Bools]:
            given = Given(np.column_stack([told[rows], blank[rows]]), weights, joint=False)
            drawn = self.what.sample(len(rows), rng=self.rng, given=given).codes[:, n_told:].astype(np.int64)
            return *self._unfolded(who[rows], drawn[:, :-1]), drawn[:, -1] == 1

        if self.filling is not None and coming is not None:
            blank[self.filling.goes_on(coming), -1] = 0
            lacking, judged = (blank[:, :-1] < 0).any(1), self.filling.are_judged(coming)
            at, left = np.flatnonzero(lacking & judged), np.flatnonzero(lacking & ~judged)
            again = np.repeat(at, CANDIDATES)
            if len(at):
                new, places, same, ends = draw(again)
                self._known_over(new, places, known[again], lies[again])
                best = chosen(self, self.filling, who[again], coming[again], new, places, tied[again])
                codes[at], fractions[at], held[at], is_last[at] = new[best], places[best], same[best], ends[best]
        while len(left):
            again = np.repeat(left, tries)
            new, places, same, ends = draw(again)
            is_new = self._are_new(who[again], new).reshape(len(left), tries)
            best = np.arange(len(left)) * tries + np.where(is_new.any(1), is_new.argmax(1), 0)
            codes[left], fractions[left], held[left], is_last[left] = new[best], places[best], same[best], ends[best]
            left, tries = left[~is_new.any(1)] if tries == 1 else left[:0], TRIES
        codes = self._apart(who, self.once.replaced(who, codes, self.rng))
        held &= (codes == self.past.last[who])[:, list(layout.repeats)]  # what was replaced repeats nothing
        is_held = ~self.once.are_new(who, codes) | self._are_beside(who, codes) | (tied & layout.single)
        if self.ahead is not None and coming is not None:
            self._known_over(codes, fractions, known, lies)
        self.once.see(who, codes)
        if self.key_fields:
            if (self.recent[who, -1] >= 0).any():
                self._widen(self.recent.shape[1] + 1)
            self.recent[who] = np.roll(self.recent[who], 1, axis=1)
            self.recent[who, 0] = self._keys(codes)
        return codes, fractions, is_last, held, is_held

    def _weights(self, n_told: int, begins: Bools) -> dict[int, npt.NDArray[np.float64]]:
        """The shares of codes that fields of the next rows may take."""
        layout, weights = self.layout, dict[int, npt.NDArray[np.float64]]()
        for k, tilt in zip(layout.repeats, layout.tilts, strict=True):
            size = layout.drawn[k].size  # a first row repeats none
            weights[n_told + k] = np.append(np.ones(size - 1), 0.0) if begins.any() else _tilted(size, tilt)
        for k, missing in self.running.changes.items():  # and changes nothing, as only a first row does
            shares = weights.get(n_told + k, np.ones(layout.drawn[k].size))
            weights[n_told + k] = shares * ((np.arange(len(shares)) == missing) == begins.all())
        for k in {*self.key_fields, *self.once.fields}:  # a code that stands for others would be one of them twice
            emit = np.append(self.own[k].emit, [True] * (k in layout.repeats)).astype(float)
            weights[n_told + k] = weights.get(n_told + k, 1.0) * emit
        for k, share in self.filling.shares.items() if self.filling is not None else ():
            weights[n_told + k] = weights.get(n_told + k, 1.0) * share
        return weights

    def _known_over(
        self, codes: Ints, fractions: npt.NDArray[np.float32], known: Ints, lies: npt.NDArray[np.float32]
    ) -> None:  # fmt: skip
        """Put what is known of rows over what was drawn of them."""
        codes[known >= 0] = known[known >= 0]
        for k, at in enumerate(self.fraction_of):
            if at is not None:
                fractions[:, at] = np.where(known[:, k] >= 0, lies[:, at], fractions[:, at])

    def _unfolded(self, who: Ints, drawn: Ints) -> tuple[Ints, npt.NDArray[np.float32], Bools]:
        """Codes of the codec and where inside them values lie: what is drawn as repeated is what the last row holds.
        Which those are is told, too."""
        fractions = self.rng.random((len(who), self.fractions.shape[1]), dtype=np.float32)
        codes, every = drawn.copy(), np.zeros((len(who), len(self.layout.repeats)), bool)
        for i, k in enumerate(self.layout.repeats):
            again = every[:, i] = drawn[:, k] == self.layout.drawn[k].size - 1
            codes[again, k] = self.past.last[who[again], k]
            if (at := self.fraction_of[k]) is not None:
                fractions[again, at] = self.fractions[who[again], at]
        return codes, fractions, every

    def _are_new(self, who: Ints, codes: Ints) -> Bools:
        """(m,) which rows their entities do not hold already, at this moment or at all, and which may come next."""
        new = self.once.are_new(who, codes) & self.layout.following.may_follow(self.past.last[who], codes)
        return new & ~self._are_beside(who, codes)

    def _are_beside(self, who: Ints, codes: Ints) -> Bools:
        """(m,) which rows hold the levels of another of their entity's moment."""
        if not self.key_fields:
            return np.zeros(len(who), bool)
        return np.asarray((self.recent[who] == self._keys(codes)[:, None]).any(1))

    def _apart(self, who: Ints, codes: Ints) -> Ints:
        """(m, D) rows with another level, by chance, where their entities hold them at this moment and have others."""
        if not len(again := np.flatnonzero(self._are_beside(who, codes))):
            return codes
        result, k = codes.copy(), max(self.key_fields, key=lambda k: self.own[k].size)
        levels = np.flatnonzero(self.own[k].emit & (np.arange(self.own[k].size) != self.own[k].missing))
        others = np.repeat(codes[again], OTHERS, axis=0)
        others[:, k] = self.rng.choice(levels, len(others))
        free = ~self._are_beside(np.repeat(who[again], OTHERS), others).reshape(-1, OTHERS)
        result[again] = others.reshape(len(again), OTHERS, -1)[np.arange(len(again)), free.argmax(1)]
        return result

    def _widen(self, width: int) -> None:
        """Make room for so many rows of one moment."""
        have = self.recent.shape[1]
        if have < width <= MOST_RECENT:
            self.recent = np.pad(self.recent, ((0, 0), (0, max(width - have, have))), constant_values=-1)

    def _keys(self, codes: Ints) -> Ints:
        """(m,) one number for the levels by which rows of one moment differ."""
        result = np.zeros(len(codes), np.int64)
        for k in self.key_fields:
            result = result * self.layout.drawn[k].size + codes[:, k]
        return result


def _tilted(size: int, tilt: float) -> npt.NDArray[np.float64]:
    """(size,) shares of codes, of which the last, "as before", is to be so many times as likely beside the others."""
    shares = np.append(np.ones(size - 1), tilt)
    return np.asarray(shares / shares.max())
