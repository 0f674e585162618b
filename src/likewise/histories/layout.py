"""How the rows of histories are laid out for two generators: of gaps, and of rows.

Legend: n rows, D fields of a row, C fields of what is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Alphabet, Codes, Field
from likewise.codecs.column import CodecOptions
from likewise.codecs.numbers import NumberCodec
from likewise.codecs.table import TableCodec
from likewise.errors import ModelFileError, SchemaError
from likewise.histories.carried import Carried, Numbers, bases, find_carried, with_changes, with_signs
from likewise.histories.clock import Clock
from likewise.histories.memory import MANY_LEVELS, Memory, with_none
from likewise.histories.never import Never, Pairs, find_never
from likewise.histories.once import Once, find_once
from likewise.histories.order import Histories
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.typing import Bools, Ints

DELTA = "\N{GREEK CAPITAL LETTER DELTA} "
"""What columns made of others begin with: the units of time since the row before, and changes of numbers."""

OFTEN = 0.05
"""Share of rows that repeat the value of the row before, from which a column can say so."""

ALONE = 0.005
"""Rows that share a moment and some levels with another of their entity, at most, where these tell rows apart."""

MOST_ROWS = 1.25
"""Length at which a drawn history ends in any case, in terms of the longest that enough entities have."""


@dataclass(frozen=True)
class Layout:
    """Where things stand among the fields of the two generators of steps.

    Args:
        codec: of the table's rows, and of the gaps.
        clock: how time is counted.
        time: the column that tells it, or None.
        static, own: the columns of an entity, and those of a row, that are learnt; neither has the time.
        keys, row_keys: columns that are made anew for each entity, its own key first, and for each row.
        repeats: of the fields of `own`, those whose value may be told as the one before.
        tilts: of each of these, by how much the odds of that are raised when rows are drawn.
        alone: columns of levels by which rows of one entity at one moment differ.
        once: columns of levels of which no entity has one twice.
        carried: numbers that a history carries on; `own` has the changes of some of them, and none of the others.
        gap: the codec's column of gaps, or None.
        shortest, longest, usual: rows of a history, at least, at most, and of the one that a row is in.
        ends: of a drawn row that is its history's 1st, 2nd, ...: below 0 what share of those drawn as the last ones are
            not; above 0 what share of the others are. None where that is as it is drawn.
        never: codes of fields of `own` that never follow one another.
        rhythm: weights of the slots of the week (`Clock.week`) that drawn moments lie in, or nothing.
        single: whether an entity has one row at a moment; so it is declared.
    """

    codec: TableCodec
    clock: Clock
    time: str | None
    static: tuple[str, ...]
    own: tuple[str, ...]
    keys: tuple[str, ...]
    row_keys: tuple[str, ...]
    repeats: tuple[int, ...]
    tilts: tuple[float, ...]
    alone: tuple[str, ...]
    once: tuple[str, ...]
    carried: tuple[Carried, ...]
    gap: str | None
    shortest: int
    longest: int
    usual: int
    ends: tuple[float, ...] = ()
    never: Pairs = ()
    rhythm: tuple[float, ...] = ()
    single: bool = False

    def fields_of(self, columns: Sequence[str]) -> list[int]:
        return [j for name in columns for j in self.codec.fields_of(name)]

    def of_codec(self, name: str) -> list[Field]:
        """The fields of a column, with the places of their fractions."""
        return [self.codec.alphabet.fields[j] for j in self.fields_of([name])]

    @cached_property
    def row_fields(self) -> list[int]:
        """The codec's fields of a row's own columns."""
        return self.fields_of(self.own)

    @property
    def levels(self) -> list[str]:
        """Columns of a row whose values have no order."""
        return [n for n in self.own if all(f.positions is None for f in self.of(self.codec.fields_of(n)))]

    @property
    def repeated(self) -> list[str]:
        """The columns of `repeats`."""
        of = [name for name in self.own for _ in self.codec.fields_of(name)]
        return [of[k] for k in self.repeats]

    @cached_property
    def known_fields(self) -> list[int]:
        """The codec's fields of what is known of a row before it is drawn: the entity, what there was of numbers that
        are carried on, and where it stands in time."""
        return self.fields_of([*self.static, *self.carries, *([self.time] if self.time else [])])

    @cached_property
    def carries(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.carried)

    @property
    def made(self) -> list[str]:
        """Columns of `own` that the table lacks: changes."""
        return [c.source for c in self.carried if c.is_change]

    @property
    def begun(self) -> tuple[str, ...]:
        """Numbers carried on that begin anywhere."""
        return tuple(c.name for c in self.carried if c.same is None)

    def codes_of(self, column: pl.Series) -> Ints:
        """(n,) codes of a column of one field."""
        return encoded(self.codec, column.to_frame(), [column.name])[:, 0]

    def bases(self, told: Histories) -> list[tuple[Numbers, Numbers]]:
        """Of each number that is carried on, what rows add to, and what those to come do; see `carried.bases`."""
        return [bases(c, told, self.codes_of) for c in self.carried]

    def with_bases(self, told: Histories) -> pl.DataFrame:
        """(n, columns) rows with what they add to, in place of numbers that are carried on."""
        based = zip(self.carried, self.bases(told), strict=True)
        return told.table.with_columns(pl.Series(c.name, base) for c, (base, _) in based)

    def with_all(self, table: pl.DataFrame) -> pl.DataFrame:
        """Rows with all columns of the codec, those that are made of others empty."""
        made = [*([self.gap] if self.gap is not None else []), *self.made]
        return table.with_columns(pl.lit(None, pl.Float64).alias(name) for name in made if name not in table.columns)

    def of(self, fields: Sequence[int]) -> list[Field]:
        return [replace(self.codec.alphabet.fields[j], fraction=None) for j in fields]

    def check(self) -> None:
        """Hold names and numbers of a file to its codec.

        Raises:
            ModelFileError: they do not fit.
        """
        named = {
            *self.static,
            *self.own,
            *self.alone,
            *self.once,
            *([self.time, self.gap] if self.time is not None else []),
        }
        named |= {*self.carries, *(c.source for c in self.carried), *(c.by for c in self.carried if c.by is not None)}
        fit = named <= set(self.codec.columns) and {*self.keys[1:], *self.row_keys} <= set(self.codec.columns)
        n = len(self.row_fields) if fit else 0
        if not fit or not self.keys or not all(isinstance(k, int) and 0 <= k < n for k in self.repeats):
            raise ModelFileError("histories: it names columns or fields that its codec lacks")
        if self.rhythm and not (len(self.rhythm) == self.clock.week and all(_is_share(r) for r in self.rhythm)):
            raise ModelFileError("histories: their week is none")
        sizes = [f.size for f in self.of(self.row_fields)]
        if not all(0 <= k < n and 0 <= i <= sizes[k] and 0 <= j < sizes[k] for k, i, j in self.never):
            raise ModelFileError("histories: what never follows is no code of theirs")
        if len(self.tilts) != len(self.repeats) or not all(isinstance(t, float) and 0 < t < np.inf for t in self.tilts):
            raise ModelFileError("histories: there must be a tilt above 0 for each field that repeats")
        if self.ends and not (
            len(self.ends) == self.longest and all(isinstance(e, float) and -1 <= e <= 1 for e in self.ends)
        ):
            raise ModelFileError("histories: there must be a share from -1 to 1 for each number of rows")
        begun = self.begun
        if not all(self._fits(c) and (c.same is None or c.same in begun) for c in self.carried):
            raise ModelFileError("histories: what they carry on is none")
        if (
            not 0 < self.shortest <= self.longest < 2**31
            or self.usual < 1
            or (self.time is None) != (self.clock.kind == "order")
        ):
            raise ModelFileError("histories: its longest history, or its clock, can be none")

    def _fits(self, carried: Carried) -> bool:
        codecs = {c.name: c for c in self.codec.codecs}
        names = [carried.name, carried.source, *([carried.by] if carried.by is not None else [])]
        fields = [codecs[name].fields for name in names]
        size = fields[-1][0].size if carried.by is not None and fields[-1] else 1
        numbers = all(isinstance(codecs[name], NumberCodec) for name in names[:2])
        return numbers and all(len(f) == 1 for f in fields) and len(carried.signs) == size

    def tied(self, told: Histories) -> Bools:
        """(n,) which rows are of the moment of the row before."""
        if self.time is None:
            return np.zeros(len(told), bool)
        between = self.clock.between(self.clock.ticks(told.table[self.time]))
        return np.asarray((told.position > 0) & (between == 0))

    def ended(self, is_last: Bools, n_rows: Ints, rng: np.random.Generator) -> Bools:
        """(m,) which histories end, of those whose row was drawn as the last one or not.

        Args:
            n_rows: (m,) with this one.
        """
        if self.ends:
            ends, chance = np.array(self.ends)[np.minimum(n_rows, len(self.ends)) - 1], rng.random(len(is_last))
            is_last = np.where(is_last, chance < 1 + ends, chance < ends)
        return is_last & (n_rows >= self.shortest)

    @cached_property
    def memory(self) -> Memory:
        return Memory(self.of(self.row_fields), self.usual)

    def holding(self, n: int) -> Once:
        """What so many entities hold of `once`: nothing yet."""
        places = [self.row_fields.index(j) for j in self.fields_of(self.once)]
        return Once({k: self.of(self.row_fields)[k] for k in places}, n)

    @cached_property
    def following(self) -> Never:
        return Never(self.never, [f.size for f in self.of(self.row_fields)])

    @cached_property
    def drawn(self) -> list[Field]:
        """A row's fields as they are drawn: some with one more code, by which it holds what the one before held."""
        fields = self.of(self.row_fields)
        return [with_none(f) if k in self.repeats else f for k, f in enumerate(fields)]

    @cached_property
    def gaps(self) -> list[Field]:
        return self.of(self.fields_of([self.gap] if self.gap is not None else []))

    @cached_property
    def when(self) -> tuple[Alphabet, int]:
        """What the generator of gaps learns, and how many fields it is told."""
        told = [*self.of(self.known_fields), *self.clock.calendar, *self.memory.fields]
        return Alphabet((*told, *self.gaps)), len(told)

    @cached_property
    def what(self) -> tuple[Alphabet, int]:
        """What the generator of rows learns, and how many fields it is told."""
        told = [*self.of(self.known_fields), *self.clock.calendar, *self.memory.fields, *map(with_none, self.gaps)]
        last = Field(size=2, emit=np.ones(2, bool))
        return Alphabet((*told, *self.drawn, last)), len(told)


def layout_of(
    told: Histories, schema: Schema, entity: str, time: str | None, static: Sequence[str] | None,
    options: CodecOptions | None, whose: Ints | None = None,
) -> Layout:  # fmt: skip
    """How a table of histories is coded.

    Args:
        whose: (n,) the person of each row, where that is not the entity.

    Raises:
        SchemaError: a column declared static changes.
        InputError: the time is no time.
    """
    columns = [c for c in schema if c.role is not Role.DROP]
    plain = [c.name for c in columns if c.name not in (entity, time) and not c.is_key]
    keys = [c.name for c in columns if c.is_key and c.name != entity]
    if by := [name for name in static or () if name in (entity, time)]:
        raise SchemaError(f"static names column {by[0]!r}, by which histories are told: leave it out of static")
    own_keys = told.static(keys, None if static is None else [name for name in static if name in keys])
    fixed = told.static(plain, None if static is None else [name for name in static if name not in keys])
    times, rows = told.table[time] if time else None, (options or CodecOptions()).rows
    person = None if whose is None else np.unique(whose, return_inverse=True)[1]
    clock = Clock.of(times, told.whose, schema[time] if time else None, rows, person)
    own = tuple(name for name in plain if name not in fixed)
    taken = {c.name for c in schema}

    def free(of: str) -> str:
        name = DELTA + of
        while name in taken:
            name += "'"
        taken.add(name)
        return name

    carried, gap = find_carried(told, schema, own, rows, free, person), None
    told = with_changes(told, carried)
    table, parts = told.table, list(columns)
    parts += [replace(_number(c.source, table, schema[c.name])) for c in carried if c.is_change]
    if times is not None and time is not None:
        gap = free("time")
        gaps = pl.Series(clock.units(clock.ticks(times)))
        table = table.with_columns(pl.when(pl.Series(told.position > 0)).then(gaps).alias(gap))
        parts.append(_number(gap, table, schema[time] if clock.kind == "real" else None))
    learnt = {c.name: c.source if c.is_change else None for c in carried}
    own = tuple(made for name in own if (made := learnt.get(name, name)) is not None)
    codec = TableCodec.fit(table, Schema(tuple(parts)), options, whose=None if whose is None else [whose])
    row_keys = tuple(name for name in keys if name not in own_keys)
    span = _span(_of_persons(told, whose), codec.options.rows)
    layout = Layout(codec, clock, time, fixed, own, (entity, *own_keys), row_keys, (), (), (), (), carried, gap, *span)
    repeats = _repeats(layout, told)
    return replace(
        layout, repeats=repeats, tilts=(1.0,) * len(repeats), alone=_alone(layout, told),
        once=find_once(told, layout.levels), never=_never(layout, told), carried=_signed(layout, carried, told),
    )  # fmt: skip


def _number(name: str, table: pl.DataFrame, like: Column | None) -> Column:
    """A column of numbers that are made of others."""
    real = like is not None and like.kind is Kind.REAL
    decimals = like.decimals if like is not None and real else None
    return Column(name=name, kind=Kind.REAL if real else Kind.INTEGER, dtype=str(table[name].dtype), decimals=decimals)


def _signed(layout: Layout, carried: Sequence[Carried], told: Histories) -> tuple[Carried, ...]:
    """With the signs of codes where a column tells them, and what begins alike."""
    sizes = {c.name: c.fields[0].size for c in layout.codec.codecs if c.fields}
    found: list[tuple[Carried, Numbers]] = []
    for c in carried:
        c = c if c.by is None else with_signs(c, told, layout.codes_of, sizes[c.by])
        base, _ = bases(c, told, layout.codes_of)
        same = next((other.name for other, its in found if other.same is None and np.array_equal(base, its)), None)
        found.append((replace(c, same=same), base))
    return tuple(c for c, _ in found)


def _of_persons(told: Histories, whose: Ints | None) -> Ints:
    """(E,) rows of each entity, or of the longest one of each person."""
    if whose is None:
        return told.lengths
    who = np.unique(whose[told.starts], return_inverse=True)[1]
    longest = np.zeros(who.max(initial=-1) + 1, np.int64)
    np.maximum.at(longest, who, told.lengths)
    return longest


def _span(lengths: Ints, rows: int) -> tuple[int, int, int]:
    """Rows of a history, at least and at most, by the shortest and the longest of those that enough entities have; and
    those of the history that a row is in, as the median has it."""
    enough = min(rows, -(-len(lengths) // 2))
    ordered = np.sort(lengths)
    least, most = int(ordered[enough - 1]), int(ordered[-enough])
    most = most if least == most > 1 else max(int(MOST_ROWS * most), 2)
    cut = np.minimum(ordered, most)
    return least, most, int(cut[np.searchsorted(np.cumsum(cut), cut.sum() / 2)])


def _repeats(layout: Layout, told: Histories) -> tuple[int, ...]:
    found = []
    n_later = int((told.position > 0).sum())
    for name in layout.own:
        fields = layout.codec.fields_of(name) if name not in layout.made else []
        if len(fields) == 1 and n_later and told.repeats(name).sum() / n_later >= OFTEN:
            found.append(layout.row_fields.index(fields[0]))
    return tuple(found)


def _alone(layout: Layout, told: Histories) -> tuple[str, ...]:
    """The fewest columns of levels that hardly any two rows of an entity at one moment share; none where no two rows
    are of one moment, or where they share what they may."""
    if layout.time is None:
        return ()
    who = pl.Series("who", told.whose)
    base = told.table.select(pl.lit(who).alias("who"), pl.col(layout.time).alias("when"))
    if base.is_duplicated().mean() < OFTEN:  # type: ignore[operator]
        return ()
    levels = layout.levels
    chosen: list[str] = []
    own = told.table.select(pl.col(levels).name.prefix("level "))
    while levels:
        some = {n: own.select("level " + name for name in (*chosen, n)) for n in levels}
        shares = {n: 1 - base.with_columns(of).n_unique() / len(base) for n, of in some.items()}
        best = min(shares, key=lambda n: shares[n])
        chosen.append(best)
        levels.remove(best)
        if shares[best] <= ALONE:
            return tuple(chosen)
    return ()


def _is_share(value: object) -> bool:
    return isinstance(value, float) and 0 <= value < np.inf


def _never(layout: Layout, told: Histories) -> Pairs:
    """What never follows what, of columns of levels that are one field."""
    result: list[tuple[int, int, int]] = []
    for name in layout.levels:
        fields = layout.codec.fields_of(name)
        if len(fields) == 1 and 2 < (size := layout.codec.alphabet.fields[fields[0]].size) <= MANY_LEVELS:
            found = find_never(layout.codes_of(told.table[name]), size, told.whose, told.position)
            result += [(layout.row_fields.index(fields[0]), *pair) for pair in found]
    return tuple(result)


def encoded(codec: TableCodec, table: pl.DataFrame, names: Sequence[str]) -> Ints:
    """(n, fields) codes of some columns."""
    parts = [part.encode(table[part.name]).codes for name in names for part in codec.codecs if part.name == name]
    return np.column_stack(parts).astype(np.int64) if parts else np.zeros((len(table), 0), np.int64)


@dataclass(frozen=True)
class LaidOut:
    """Rows as the two generators of steps learn them."""

    when: Codes
    what: Codes


def layout_rows(layout: Layout, told: Histories, longest: int | None = None) -> LaidOut:
    """Rows with what each is told of those before it: of each entity the first ones, so many at most, or all."""
    longest = int(told.lengths.max(initial=1)) if longest is None else longest
    is_last = np.zeros(len(told), bool)
    is_last[told.ends] = True
    is_last = is_last[told.position < longest]
    told = with_changes(told.up_to(longest), layout.carried)
    codec, n = layout.codec, len(told)
    own = encoded(codec, told.table, layout.own)
    tied = layout.tied(told)
    gaps = np.zeros((n, 0), np.int64)
    known = [encoded(codec, layout.with_bases(told), [*layout.static, *layout.carries])]
    before = list(known)
    later = told.position > 0
    if layout.time is not None:
        times = told.table[layout.time]
        ticks = layout.clock.ticks(times)
        gaps = encoded(codec, pl.DataFrame({layout.gap: layout.clock.units(ticks)}), [str(layout.gap)])
        now = np.column_stack([encoded(codec, told.table, [layout.time]), layout.clock.calendar_codes(times)])
        known.append(now)
        before.append(np.vstack([now[:1], now[:-1]]))
    memory = layout.memory.over(told.position, told.whose, own, tied)
    drawn = own.copy()
    for k in layout.repeats:
        name = next(c for c in layout.own if layout.row_fields[k] in codec.fields_of(c))
        drawn[told.repeats(name), k] = layout.drawn[k].size - 1
    none = np.where(later[:, None], gaps, [f.size for f in layout.gaps]) if layout.gaps else gaps
    what = np.column_stack([*known, memory, none, drawn, is_last])
    when = np.column_stack([*before, memory, gaps])[later]
    return LaidOut(_coded(when, layout.when[0]), _coded(what, layout.what[0]))


def _coded(codes: npt.NDArray[Any], alphabet: Alphabet) -> Codes:
    return Codes(codes.astype(alphabet.code_dtype), np.zeros((len(codes), 0), np.float32))
