"""How histories are coded within a budget of privacy: by declaration, and by one row of each entity.

Nothing is looked for in the rows: no column is found to be static, no number to be carried on, no calendar, no level
that comes once. Rules `unique` say which rows an entity has at most once. What is declared static is what the first row
of an entity says. The codes of columns, and those of gaps, are learnt of one row of each entity, chosen by chance, so
that an entity has one place in every count, however long its history is (`likewise.dp.units`).

Legend: n rows, E entities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from likewise.codecs import times as moments
from likewise.codecs.column import ColumnCodec
from likewise.codecs.people import declared
from likewise.codecs.table import TableCodec
from likewise.dp.codec import private_codec, smallest_step
from likewise.dp.declaration import is_bounded
from likewise.dp.ledger import Ledger
from likewise.dp.units import one_of_each
from likewise.errors import PrivacyError, SchemaError, nearest
from likewise.histories.apart import Apart
from likewise.histories.clock import Clock
from likewise.histories.layout import DELTA, Layout
from likewise.histories.order import Histories
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.parse import canonical_dtype
from likewise.typing import Ints


@dataclass(frozen=True)
class Declared:
    """What is public of histories.

    Args:
        declaration: of the table, its entity a key, its time never missing.
        entity, time: columns; time None where rows stand in order.
        static: columns that say what an entity is.
        longest: rows of a history that count, and that are drawn, at most.
        apart: which rows an entity has at most once.
    """

    declaration: Schema
    entity: str
    time: str | None
    static: tuple[str, ...]
    longest: int
    apart: Apart = field(default_factory=Apart)

    @classmethod
    def of(
        cls, declaration: Schema, entity: str, time: str | None, static: Sequence[str] | None, longest: int
    ) -> Declared:
        """Of a declaration that leaves nothing open.

        Raises:
            PrivacyError: the declaration leaves open what histories need.
            SchemaError: a column is none of the table, or cannot be what it is named for.
            RuleError: a rule is none that histories keep.
        """
        for name in (entity, *([time] if time else []), *(static or ())):
            if name not in declaration:
                raise SchemaError(f"no column {name!r} in the schema{nearest(name, declaration.names)}")
            if declaration[name].role is Role.DROP:
                raise SchemaError(f"column {name!r} is dropped, and histories need it: give it another role")
        if by := [name for name in static or () if name in (entity, time)]:
            raise SchemaError(f"static names column {by[0]!r}, by which histories are told: leave it out of static")
        declaration = declaration.replace(entity, role=Role.ENTITY)
        if time is not None:
            column = declaration[time]
            if column.kind not in (Kind.INTEGER, Kind.REAL, Kind.DATETIME):
                raise SchemaError(f"column {time!r} is to tell the time, and is of kind {column.kind.value!r}")
            if column.bounds is None or (column.kind is not Kind.DATETIME and not is_bounded(column)):
                raise PrivacyError(
                    f"column {time!r} tells the time of histories, and its bounds say how long a gap may be: declare "
                    "them; no budget pays for that"
                )
            declaration = declaration.replace(time, nullable=False)
        apart = Apart.of(declaration, entity, time, tuple(static or ()))
        return cls(declaration, entity, time, tuple(static or ()), longest, apart)

    @property
    def columns(self) -> list[Column]:
        return [c for c in self.declaration if c.role is not Role.DROP]

    @property
    def clock(self) -> Clock:
        """Time counted in the finest step that is written."""
        if self.time is None:
            return Clock("order")
        column = self.declaration[self.time]
        nothing = pl.Series(self.time, [], canonical_dtype(column))
        clock = Clock.of(nothing, None, column)
        if clock.kind != "datetime":
            return clock
        dtype = moments.Clock.of(nothing.dtype)
        return replace(clock, unit=max(smallest_step(column, dtype) * 1_000_000 // (dtype.day // 86_400), 1))

    @property
    def ends(self) -> tuple[float, float]:
        """Ticks between which time lies."""
        assert self.time is not None
        column, clock = self.declaration[self.time], self.clock
        assert column.bounds is not None
        assert clock.most is not None
        if clock.kind in ("integer", "real"):
            return column.bounds[0], clock.most
        dtype = moments.Clock.of(canonical_dtype(column))
        tick = dtype.tick_of(column.bounds[0], column.name)
        return (tick if clock.kind == "date" else tick * 1_000_000 // (dtype.day // 86_400)), clock.most

    def histories(self, table: pl.DataFrame) -> Histories:
        """The rows that count, in order: of each entity those with a time, up to one more than are learnt from, which
        tells that the last of these is not its last.

        What an entity gives hangs on its own rows alone.

        Args:
            table: canonical, each row with an entity.
        """
        if self.time is not None:
            times = table[self.time]
            known = times.is_not_null() & (times.is_not_nan() if times.dtype.is_float() else True)
            table = table.filter(known)
            table = table.with_columns(self.within(table[self.time]))
        told = Histories.of_known(table, self.entity, self.time).up_to(self.longest + 1)
        firsts = [told.table[name].gather(told.starts[told.whose]) for name in self.static]
        return replace(told, table=told.table.with_columns(firsts))

    def within(self, times: pl.Series) -> pl.Series:
        """Times beyond the bounds at these."""
        clock, (low, high) = self.clock, self.ends
        ticks = clock.ticks(times)
        return clock.times(np.clip(ticks, low, high).astype(ticks.dtype), times)

    def layout(
        self, told: Histories, ledger: Ledger, *, unit: Ints | None = None,
        codecs: Sequence[ColumnCodec] = (), parts: int = 1,
    ) -> Layout:  # fmt: skip
        """How rows are coded.

        Args:
            unit: (n,) a number for whose each row is, ascending, where several entities are one person's; None
                protects each entity.
            codecs: of columns that have codes already.
            parts: codecs that share what the budget has for codecs.

        Privacy: the codec's share of the budget.
        """
        keys = [c.name for c in self.columns if c.is_key and c.name != self.entity]
        plain = [c.name for c in self.columns if not c.is_key and c.name != self.time]
        fixed = tuple(name for name in plain if name in self.static)
        own = tuple(name for name in plain if name not in self.static)
        clock, gap = self.clock, None
        short = told.up_to(self.longest)
        unit = short.whose if unit is None else np.unique(unit, return_inverse=True)[1]
        table = short.table[one_of_each(np.flatnonzero(np.diff(unit, prepend=-1)), len(short))]
        have = {codec.name for codec in codecs}
        columns = [c for c in self.columns if c.name not in have]
        if self.time is not None:
            gap = DELTA + "time"
            while gap in self.declaration:
                gap += "'"
            table = table.with_columns(self._gaps(short, unit, clock).alias(gap))
            columns = [*columns, self._gap_column(gap, clock)]
        codec = private_codec(table, Schema(tuple(columns)), ledger, parts=parts)
        codec = replace(codec, codecs=(*codecs, *codec.codecs))
        layout = Layout(
            codec=codec, clock=clock, time=self.time, static=fixed, own=own,
            keys=(self.entity, *(name for name in keys if name in self.static)),
            row_keys=tuple(name for name in keys if name not in self.static),
            repeats=(), tilts=(), alone=self.apart.alone, once=self.apart.once, carried=(), gap=gap, shortest=1,
            longest=self.longest, usual=self.longest, single=self.apart.single,
        )  # fmt: skip
        fields = [layout.row_fields.index(*at) for name in own if len(at := codec.fields_of(name)) == 1]
        return replace(layout, repeats=tuple(fields), tilts=(1.0,) * len(fields))

    def firsts(self, layout: Layout) -> TableCodec:
        """The codec of what an entity is and when it begins: of the same columns' codes."""
        names = [*layout.keys, *layout.static, *([self.time] if self.time else [])]
        people = declared([c for c in self.columns if c.name in names])
        codecs = tuple(people.get(c.name, c) for c in layout.codec.codecs if c.name in names)
        return TableCodec(codecs, layout.codec.options)

    def _gaps(self, told: Histories, unit: Ints, clock: Clock) -> pl.Series:
        """(U,) the gap before one of each unit's later rows, by chance; missing where there is none."""
        units = clock.units(clock.ticks(told.table[self.time or ""]))
        later = np.flatnonzero(told.position > 0)
        who = unit[later]
        chosen = later[one_of_each(np.flatnonzero(np.diff(who, prepend=-1)), len(who))]
        whose = unit[chosen]
        gaps = np.zeros(int(unit.max(initial=-1)) + 1, units.dtype)
        gaps[whose] = units[chosen]
        has = pl.Series(np.isin(np.arange(len(gaps)), whose))
        return pl.select(pl.when(has).then(pl.Series(gaps))).to_series()

    def _gap_column(self, name: str, clock: Clock) -> Column:
        column, (low, high) = self.declaration[self.time or ""], self.ends
        if clock.kind == "real":
            return Column(
                name=name, kind=Kind.REAL, dtype="Float64", bounds=(0.0, float(high - low)), nullable=True,
                decimals=column.decimals,
            )  # fmt: skip
        most = int(high - low) // clock.unit
        least = min(int(self.apart.single), most)
        return Column(name=name, kind=Kind.INTEGER, dtype="Int64", bounds=(least, most), nullable=True)
