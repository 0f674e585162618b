"""A model of histories: what an entity is and when it begins, how long until its next row, what that row holds.

Three generators in a row, each told what is known by then:

    p(history) = p(static, start) * product of p(gap | memory) * p(row, last | memory, gap, clock)

Legend: n rows, E entities, m of them at one step, D fields of a row, C fields of what is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.codecs.column import CodecOptions, take_value
from likewise.codecs.people import PersonalCodec
from likewise.codecs.table import Narrowing, TableCodec
from likewise.errors import ModelFileError
from likewise.histories.ahead import Ahead
from likewise.histories.calibration import LEAST, tilts_of
from likewise.histories.carried import Carried, with_changes
from likewise.histories.clock import Clock
from likewise.histories.completion import Filling
from likewise.histories.layout import Layout, encoded, layout_of, layout_rows
from likewise.histories.order import Histories
from likewise.histories.rhythm import rhythm_of
from likewise.histories.running import Running, begun, values_of
from likewise.histories.walk import Walk
from likewise.models.base import Fit, Generator
from likewise.models.marginals.mst import MST
from likewise.schema.column import Column, Kind, Schema
from likewise.training.loop import Progress
from likewise.training.turns import Turns
from likewise.typing import Bools, Floats, Ints

Arrays = dict[str, npt.NDArray[Any]]

STARTED = "\0has rows"
"""Of entities whose rows have no time: whether there are any."""
ALONE = 20
"""Times that what a single entity is counts, whose rows are counted in place of entities."""
AT_ONCE = 8192
"""Entities whose rows are drawn together."""
LEARNT, HELD = 200_000, 20_000
"""Rows that nets learn from, and by which training stops, at most: those of as many entities by chance."""

Lesson = tuple[Codes, Codes, tuple[Alphabet, int]]
"""Rows to learn from, those by which training stops, and their alphabet with how many of its fields are told."""

_NAMES = ("static", "own", "keys", "row_keys", "alone", "once")
"""The parts of a layout that are names of columns."""


@dataclass
class HistoryModel:
    """Three generators and how rows are laid out for them.

    Args:
        first: of what an entity is and when it begins: coded by `firsts`.
        when, what: of gaps, and of rows; see `Layout`.
        n_entities: of the table.
    """

    layout: Layout
    firsts: TableCodec
    first: Generator
    when: Generator
    what: Generator
    n_entities: int

    @classmethod
    def fit(
        cls, parts: list[Histories], schema: Schema, *, entity: str, time: str | None,
        static: Sequence[str] | None, options: CodecOptions | None, make: Callable[[], Generator],
        rng: np.random.Generator, progress: Progress | None = None,
        bare: tuple[pl.DataFrame, pl.DataFrame] | None = None, whose: Ints | None = None,
    ) -> HistoryModel:  # fmt: skip
        """Learn histories.

        Args:
            parts: the entities to learn from, and those by which training stops; emptied, that most rows are let go
                before nets are trained.
            bare: what entities without rows are, of both; their other columns are missing.
            make: a generator that has learnt nothing.
            whose: the person of each row, by its number in the table, where that is not the entity.
        """
        told, held = parts
        parts.clear()
        layout = layout_of(told, schema, entity, time, static, options, None if whose is None else whose[told.rows])
        first_names = [*layout.keys, *layout.static, *layout.begun, *([time] if time else [])]
        of_entity = [c for c in schema if c.name in first_names]
        if bare is not None and time is None:  # else a start that is missing says it
            of_entity.append(Column(name=STARTED, kind=Kind.BOOLEAN, dtype="Boolean"))
        mine_first, others_first = (
            first_rows(layout, part, None if bare is None else bare[i]) for i, part in enumerate((told, held))
        )
        n_entities = len(mine_first) + len(others_first)
        if len(mine_first) == 1:  # of which the last rows are held out
            n_entities, mine_first = 1, pl.concat([mine_first] * ALONE)
        people = None if whose is None or n_entities == 1 else [whose[told.rows[told.starts]]]
        firsts = TableCodec.fit(mine_first, Schema(tuple(of_entity)), options, whose=people)
        told, held = told.some(LEARNT, rng), held.some(HELD, rng)
        mine, others = (layout_rows(layout, part, layout.longest) for part in (told, held))
        turns = [(firsts.encode(mine_first), firsts.encode(others_first), (firsts.alphabet, 0))]
        turns += [(mine.when, others.when, layout.when)] if time else []
        first, *when, what = _in_turn([*turns, (mine.what, others.what, layout.what)], make, rng, progress)
        model = cls(layout, firsts, first, when[0] if when else make(), what, n_entities)
        return _calibrated(model, told.up_to(layout.longest), rng)

    # ---- what a file holds -------------------------------------------------------------------------------------------

    def parts(self) -> tuple[dict[str, Any], Arrays]:
        """JSON-able, and arrays by name."""
        layout, arrays = self.layout, dict[str, npt.NDArray[Any]]()
        data: dict[str, Any] = {
            "clock": layout.clock.to_dict(), "time": layout.time, "repeats": list(layout.repeats),
            "tilts": list(layout.tilts), "ends": list(layout.ends), "first": self.first.name,
            "shortest": layout.shortest, "longest": layout.longest, "usual": layout.usual,
            "n_entities": self.n_entities, "gap": layout.gap,
            "never": [list(pair) for pair in layout.never], "rhythm": list(layout.rhythm), "single": layout.single,
            "carried": [c.to_dict() for c in layout.carried],
        } | {name: list(getattr(layout, name)) for name in _NAMES}  # fmt: skip
        for name, codec in (("steps", layout.codec), ("firsts", self.firsts)):
            data[name], own = codec.to_state()
            arrays |= {f"{name}.{key}": value for key, value in own.items()}
        for name in ("first", "when", "what") if layout.time else ("first", "what"):
            arrays |= {f"{name}.{key}": value for key, value in getattr(self, name).state().items()}
        return data, arrays

    @classmethod
    def of_parts(cls, data: Mapping[str, Any], arrays: Arrays, make: Callable[[], Generator]) -> Self:
        """The inverse of `parts`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """
        groups: dict[str, Arrays] = {name: {} for name in ("steps", "firsts", "first", "when", "what")}
        for key, array in arrays.items():
            group, _, name = key.partition(".")
            if group not in groups:
                raise ModelFileError(f"histories: array {key!r} belongs to nothing")
            groups[group][name] = array
        steps, firsts = (
            TableCodec.from_state(take_value(data, name, dict), groups[name]) for name in ("steps", "firsts")
        )
        names = {name: tuple(map(str, take_value(data, name, list))) for name in _NAMES}
        time = data.get("time")
        shortest, longest, usual = (take_value(data, name, int) for name in ("shortest", "longest", "usual"))
        never = [tuple(map(int, pair)) for pair in data.get("never", [])]
        if not all(len(pair) == 3 for pair in never):
            raise ModelFileError("histories: what never follows is no pair of codes")
        carried = tuple(Carried.from_dict(c if isinstance(c, dict) else {}) for c in take_value(data, "carried", list))
        layout = Layout(
            codec=steps, clock=Clock.from_dict(take_value(data, "clock", dict)), time=time, shortest=shortest,
            longest=longest, usual=usual, repeats=tuple(take_value(data, "repeats", list)),
            tilts=tuple(take_value(data, "tilts", list)), gap=data.get("gap"), ends=tuple(data.get("ends", ())),
            carried=carried, never=tuple((k, i, j) for k, i, j in never),
            rhythm=tuple(data.get("rhythm", ())), single=data.get("single") is True, **names,
        )  # fmt: skip
        layout.check()
        needed = {*layout.keys, *layout.static, *layout.begun, *([time] if time else [])}
        if set(firsts.columns) - {STARTED} != needed:
            raise ModelFileError("histories: its columns of entities are not those that it names")
        n_entities = take_value(data, "n_entities", int)
        if n_entities < 1:
            raise ModelFileError("histories: n_entities must be at least 1")
        when = make() if time is None else make().load_state(groups["when"], layout.when[0])
        first = MST() if data.get("first") == MST.name else make()
        return cls(
            layout, firsts, first.load_state(groups["first"], firsts.alphabet), when,
            make().load_state(groups["what"], layout.what[0]), n_entities,
        )  # fmt: skip

    def log_prob(self, told: Histories) -> Floats:
        """(n,) natural log-probability of each row's codes given those before it, in order: of when and what it is, of
        whether it is the last, and with an entity's first row of what that is. Rows of an entity add up to its history.
        """
        laid, later = layout_rows(self.layout, told), told.position > 0
        result = self.what.log_prob(laid.what)
        if self.layout.time is not None and later.any():
            result[later] += self.when.log_prob(laid.when)
        result[told.starts] += self.first.log_prob(self.firsts.encode(first_rows(self.layout, told)))
        return result

    # ---- drawing -----------------------------------------------------------------------------------------------------

    def sample(
        self,
        n: int,
        rng: np.random.Generator,
        given: Given | None = None,
        narrowing: Narrowing | None = None,
        steps: int | None = None,
        known: pl.DataFrame | None = None,
        lengths: Ints | None = None,
    ) -> tuple[pl.DataFrame, Ints, pl.DataFrame]:
        """The rows of n new entities, (rows,) whose each is, and (n, columns) what these are.

        Args:
            given: what is known of the entities, as the generator of these takes it; None knows nothing.
            narrowing: the conditions that this comes of.
            steps: rows of each; None draws histories to their ends.
            known: (n, some columns) of the entities, null where nothing is, of which `given` holds the codes.
            lengths: (n,) rows of each, in place of where its history ends; nobody then begins without rows.
        """
        layout, entities = self.layout, self.first.sample(n, rng=rng, given=given)
        everybody = self.firsts.decode(entities, rng=rng, narrowing=narrowing)
        if known is not None:
            everybody = everybody.with_columns(pl.coalesce(pl.lit(c), pl.col(c.name)).alias(c.name) for c in known)
        started = _started(everybody, layout.time)
        table = (
            everybody if started.all() else self._whole(entities[started.to_numpy()], everybody.filter(started), rng)
        )
        if layout.time is not None:
            times = table[layout.time]
            table = table.with_columns(layout.clock.times(layout.clock.placed(layout.clock.ticks(times)), times))
        parts = []
        for first in range(0, max(len(table), 1), AT_ONCE):
            some = table[first : first + AT_ONCE]
            past, running = layout.memory.begin(len(some)), Running(layout, begun(layout, some))
            walk = Walk(layout, self.when, self.what, some, past, running, rng)
            many = None if lengths is None else lengths[started.to_numpy()][first : first + AT_ONCE]
            rows, whose = self._walked(walk, some, steps, many)
            parts.append((rows, whose + first))
        rows, whose = pl.concat([rows for rows, _ in parts]), np.concatenate([whose for _, whose in parts])
        if len(parts) > 1:
            rows = rows.with_columns(self._keys(name, rows[name], rng) for name in layout.row_keys)
        return rows, started.arg_true().to_numpy().astype(np.int64)[whose], everybody

    def _keys(self, name: str, keys: pl.Series, rng: np.random.Generator) -> pl.Series:
        """Keys of rows that were made a few at a time, made anew together, so that none is twice."""
        codec = next(codec for codec in self.layout.codec.codecs if codec.name == name)
        if isinstance(codec, PersonalCodec):
            return keys
        n = len(keys)
        return codec.decode(np.zeros((n, 0), np.int64), np.zeros((n, 0), np.float32), rng).alias(name)

    def _whole(self, codes: Codes, entities: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
        """Entities that have rows, with numbers to carry on: only of those without rows they are missing."""
        lacking = entities.select(pl.any_horizontal(pl.lit(False), pl.col(self.layout.begun).is_null())).to_series()
        if not lacking.any():
            return entities
        fields, at = self.firsts.alphabet.fields, lacking.to_numpy()
        known = codes.codes[at].astype(np.int64)
        begun_fields = [j for name in self.layout.begun for j in self.firsts.fields_of(name)]
        known[:, begun_fields] = -1
        weights = {j: (np.arange(fields[j].size) != fields[j].missing).astype(float) for j in begun_fields}
        again = self.first.sample(len(known), rng=rng, given=Given(known, weights, joint=False))
        made = self.firsts.decode(again, rng=rng)
        filled = [entities[name].scatter(np.flatnonzero(at), made[name]) for name in self.layout.begun]
        return entities.with_columns(filled)

    def extend(
        self, known: Histories, steps: int | None, rng: np.random.Generator, ahead: Ahead | None = None
    ) -> tuple[pl.DataFrame, Ints]:
        """Rows that follow the given ones of each entity, and (rows,) whose each is.

        Args:
            known: of the columns of the table that was learnt, the entities' keys as they are.
            steps: rows to add to each; None goes on until a history ends.
            ahead: what is known of the rows to come, which then also says how many these are.
        """
        layout, known = self.layout, with_changes(known, self.layout.carried)
        running = Running(layout, [base for _, base in layout.bases(known)])
        own = encoded(layout.codec, known.table, layout.own)
        past = layout.memory.begin(len(known.starts))
        layout.memory.over(known.position, known.whose, own, layout.tied(known), past)
        last = known.table[known.ends]
        fractions = layout.codec.encode(layout.with_all(last)).fractions
        anchors = None
        if layout.time is not None:
            anchors = np.maximum.reduceat(
                layout.clock.anchor(layout.clock.ticks(known.table[layout.time])), known.starts
            )
        walk = Walk(layout, self.when, self.what, last, past, running, rng, fractions, anchors, ahead)
        walk.look_back(known, own)
        return self._walked(walk, last, steps)

    def complete(self, told: Histories, given: Sequence[str], rng: np.random.Generator) -> pl.DataFrame:
        """The rows of histories with their missing cells filled: each given what is known of it and those before it,
        and chosen by how likely it makes the one behind it.

        Args:
            told: with all columns of the table that was learnt.
            given: columns of which no cell is to be missing.
        """
        layout = self.layout
        known = self._begun(told.onward([*layout.carries, *layout.static, *layout.keys[1:]]))
        sure = [name for name in self.firsts.columns if name in (*given, *layout.begun, layout.time)]
        asked = Given(self.firsts.encode_known(known), self.firsts.not_missing(sure).weights, joint=False)
        drawn = self.firsts.decode(self.first.sample(len(known), rng=rng, given=asked), rng=rng)
        entities = drawn.with_columns(pl.coalesce(pl.lit(own), pl.col(own.name)).alias(own.name) for own in known)
        ahead = Ahead.of(layout, told.table, told.whose, len(told.starts))
        past, running = layout.memory.begin(len(entities)), Running(layout, begun(layout, entities))
        filling = Filling(layout, ahead, frozenset(given))
        walk = Walk(layout, self.when, self.what, entities, past, running, rng, ahead=ahead, filling=filling)
        return self._walked(walk, entities, int(ahead.lengths.max()))[0]

    def _begun(self, told: Histories) -> pl.DataFrame:
        """(E, columns of `firsts`) what is known of entities and of what their numbers begin with."""
        known = first_rows(self.layout, told).select(self.firsts.columns)
        gone = told.table[told.starts].select(pl.col(self.layout.begun).is_null())
        return known.with_columns(known[name].set(gone[name], None) for name in gone.columns)

    def _walked(
        self, walk: Walk, entities: pl.DataFrame, steps: int | None, lengths: Ints | None = None
    ) -> tuple[pl.DataFrame, Ints]:
        """Rows that follow a past, until a history ends or for so many steps, or as many as each entity has."""
        layout, past, ahead = self.layout, walk.past, walk.ahead
        is_free = steps is None and lengths is None and ahead is None and not layout.carried
        lengths = lengths if ahead is None else ahead.lengths
        steps = steps if lengths is None else int(lengths.max(initial=0))
        alive, drawn = np.arange(len(entities)), [walk.none]
        for step in range(layout.longest if steps is None else steps):
            if lengths is not None:
                alive = np.flatnonzero(lengths > step)
            if not len(alive):
                break
            drawn.append(walk.step(alive, None if ahead is None else ahead.rows(alive, step)))
            if steps is None:
                n_rows = past.n_rows[alive]
                ends = layout.ended(drawn[-1].is_last, n_rows, walk.rng)
                alive = alive[~ends & (n_rows < layout.longest)]
        whose = np.concatenate([step.who for step in drawn])
        order = np.argsort(whose, kind="stable")
        codes = Codes(
            np.concatenate([s.codes for s in drawn])[order],
            np.concatenate([s.fractions for s in drawn])[order],
        )
        names = [name for name in (*layout.own, *layout.row_keys) if name not in layout.made]
        every = layout.codec.decode(codes, rng=walk.rng)
        rows, holes = every.select(names), {c.name: every[c.source].is_null() for c in layout.carried if c.holes}
        again = np.concatenate([step.again for step in drawn])[order]
        if ahead is not None:
            rows, again = ahead.over(layout, rows, again)
        rows = rows.with_columns(_repeated(layout, rows, again, whose[order], entities))
        known = [entities[name].gather(whose[order]) for name in (*layout.keys, *layout.static)]
        totals = values_of(layout.carried, [step.totals for step in drawn], order)
        known += [total.set(holes[total.name], None) if total.name in holes else total for total in totals]
        if layout.time is not None:
            ticks = np.concatenate([step.ticks for step in drawn])[order]
            times = layout.clock.times(ticks, entities[layout.time]).alias(layout.time)
            known.append(_onward(times, entities[layout.time].gather(whose[order]), whose[order]))
        table, whose = pl.DataFrame([*known, *rows.get_columns()]), whose[order]
        held = np.concatenate([step.is_held for step in drawn])[order]
        kept = ~held if is_free else np.ones(len(held), bool)  # there is no other row for them to be
        return (table, whose) if kept.all() else (table.filter(pl.Series(kept)), whose[kept])


def _in_turn(
    lessons: Sequence[Lesson], make: Callable[[], Generator], rng: np.random.Generator, progress: Progress | None
) -> list[Generator]:  # fmt: skip
    """A generator of each, one after the other, within the time that one of them would have."""
    turns = Turns(make().options().get("max_seconds"), [len(train) for train, _, _ in lessons])
    made = []
    for train, held, (alphabet, n_told) in lessons:
        generator = make() if turns.seconds is None else _within(make(), turns.seconds)
        told = tuple(range(n_told))
        generator.fit(Fit.of(train, held, alphabet, rng=rng, context_fields=told, progress=progress))
        turns.took(generator.record.seconds)
        made.append(generator)
    return made


def _within(generator: Generator, seconds: float) -> Generator:
    return type(generator)(**generator.options() | {"max_seconds": seconds})


def _calibrated(model: HistoryModel, told: Histories, rng: np.random.Generator) -> HistoryModel:
    """The model that draws values as often as before, and rows when in the week, as real ones are."""

    def under(**settings: Any) -> HistoryModel:
        return replace(model, layout=replace(model.layout, **settings))

    def draw(n: int, tilts: Sequence[float]) -> tuple[pl.DataFrame, Ints]:
        return under(tilts=tuple(tilts)).sample(n, rng)[:2]

    model = under(tilts=tilts_of(model.layout.repeated, told, draw))
    time = model.layout.time
    if time is None or not model.layout.clock.week or len(told.starts) < LEAST:
        return model

    def moments(n: int, rhythm: Sequence[float]) -> tuple[pl.Series, Bools]:
        rows, whose, _ = under(rhythm=tuple(rhythm)).sample(n, rng)
        return rows[time], np.append(False, whose[1:] == whose[:-1])[: len(rows)]

    rows = model.layout.codec.options.rows
    return under(rhythm=rhythm_of(told, time, model.layout.clock.week, rows, moments))


def _repeated(layout: Layout, rows: pl.DataFrame, again: Bools, whose: Ints, entities: pl.DataFrame) -> list[pl.Series]:
    """Columns in which what is drawn as repeated is the value of the row before: of equal codes two texts or places may
    be made. A place is repeated as a whole.

    Args:
        again: (n, columns of `Layout.repeated`) which values are.
        entities: with the last row of each entity that has any.
    """
    stays = dict(zip(layout.repeated, again.T, strict=True))
    for place in layout.codec.maps:
        both = np.all([stays.get(name, np.zeros(len(rows), bool)) for name in place.names], axis=0)
        stays |= {name: both for name in place.names if name in stays}
    begins = np.append(True, whose[1:] != whose[:-1])[: len(rows)]
    found = []
    for name, stay in stays.items():
        values, known = rows[name], np.flatnonzero(stay & begins)
        if len(known):
            values = values.scatter(known, entities[name].gather(whose[known]).cast(values.dtype))
        found.append(values.gather(np.maximum.accumulate(np.where(stay & ~begins, 0, np.arange(len(rows))))))
    return found


def first_rows(layout: Layout, told: Histories, bare: pl.DataFrame | None = None) -> pl.DataFrame:
    """(E, columns) the first rows of entities, and behind them those who have none."""
    firsts = layout.with_bases(told.onward(layout.carries))[told.starts]
    known = firsts.with_columns(pl.lit(True).alias(STARTED))
    if bare is None:
        return known
    others = bare.with_columns(pl.lit(False).alias(STARTED)).select(known.columns)
    return pl.concat([known, others.cast(known.schema)])


def _started(entities: pl.DataFrame, time: str | None) -> pl.Series:
    """(E,) which entities have rows: those that begin at some time, or of which it is said."""
    if time is not None:
        return entities[time].is_not_null()
    every = pl.Series([True]).new_from_index(0, len(entities))
    return entities[STARTED].fill_null(True) if STARTED in entities.columns else every


def _onward(times: pl.Series, since: pl.Series, whose: Ints) -> pl.Series:
    """Moments of rows in order, none before that of the row before: clocks that are put forward or back turn some."""
    if getattr(times.dtype, "time_zone", None) is None:
        return times
    moments = pl.DataFrame({"since": since.to_physical(), "now": times.to_physical(), "who": whose})
    later = moments.select(pl.max_horizontal("since", "now").cum_max().over("who")).to_series()
    return later.cast(times.dtype).alias(times.name)
