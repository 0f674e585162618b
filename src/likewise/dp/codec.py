"""A table's codec that reads nothing for free: what the schema declares is public, all else is paid for or refused."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import polars as pl

from likewise.codecs.column import CodecOptions, ColumnCodec
from likewise.codecs.ids import IdCodec
from likewise.codecs.lattice import MOST_DECIMALS, Lattice
from likewise.codecs.levels import LevelCodec, summarise_levels
from likewise.codecs.numbers import NumberCodec, NumberSummary, summarise_numbers
from likewise.codecs.people import declared
from likewise.codecs.table import TableCodec
from likewise.codecs.times import Clock, TimeCodec, declared_ends, summarise_times
from likewise.dp.columns import ColumnGate, Distinct
from likewise.dp.cuts import Cuts
from likewise.dp.declaration import COUNTED, UUID, Declaration, is_bounded
from likewise.dp.ledger import SLACK, Entry, Ledger
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.parse import canonical_dtype

CHOICES = ("levels", "values")
"""Queries that choose what is shown at all: each adds to delta."""

LEAST_PARTS = 10
"""Into so many parts at least the codec's share is cut, one a query: one column of numbers needs no more
of it than one of ten, and leaves the rest to the generator."""

SECONDS_A_DAY = 86_400


def private_codec(frame: pl.DataFrame, schema: Schema, ledger: Ledger, *, parts: int = 1) -> TableCodec:
    """The codec of a canonical frame, within a budget.

    A declared level or whole number is a code of its own; a wider range of numbers or dates is cut at noisy medians of
    noisy medians. Values that were not declared share a code that is never drawn; numbers and dates beyond the bounds
    count as the bounds. Ids are not read at all.

    Args:
        parts: codecs of as many tables that share what the budget has for codecs.

    Raises:
        PrivacyError: something is neither declared nor paid for; the message names the columns and both ways out.
    """
    declaration = Declaration.of(schema, frame.schema, ledger.budget)
    columns = [column for column in declaration if column.role is not Role.DROP]
    read = [_Key(column) if column.is_key else PARTS[column.kind](column) for column in columns]
    paid = [query for part in read for query in part.queries()]
    rho = ledger.rho * ledger.budget.codec_share / (parts * max(len(paid), LEAST_PARTS))
    delta = ledger.delta_aside / (parts * max(sum(query in CHOICES for query in paid), 1))
    before = ledger.spent
    people = declared(columns)  # made of what is declared alone, and no row is looked at
    codecs = tuple(
        people.get(part.column.name)
        or part.codec(ColumnGate(partial(frame.get_column, part.column.name), ledger, rho, delta))
        for part in read
    )
    _count_the_rest(ledger, len(paid) * rho - (ledger.spent - before))
    return TableCodec(codecs, CodecOptions())


def _count_the_rest(ledger: Ledger, rho: float) -> None:
    """Write down what noisy answers made needless, as if it had been asked.

    The noise of what follows is planned by what is left, and loss distributions add up only where plans do not hang on
    answers.
    """
    if rho > SLACK * ledger.rho:
        what = "edges that noisy answers made needless, counted all the same"
        ledger.spend(Entry(what=what, mechanism="none", parameter=0.0, sensitivity=0.0, rho=rho))


@dataclass(frozen=True)
class _Part(ABC):
    """One column on its way to a codec."""

    column: Column

    @property
    def has_missing(self) -> bool:
        return self.column.nullable is not False

    @abstractmethod
    def queries(self) -> list[str]:
        """What of this column must be paid for."""

    @abstractmethod
    def codec(self, gate: ColumnGate) -> ColumnCodec:
        """The codec; what is not declared is learnt by queries to the column's gate."""


def _distinct(summary: NumberSummary) -> Distinct:
    return Distinct(summary.values, summary.counts)


class _Number(_Part):
    @cached_property
    def cuts(self) -> Cuts:
        """Units and bounds by declaration alone: whole numbers, declared decimals, or floats."""
        column = self.column
        decimals = column.decimals if column.decimals is None or column.decimals <= MOST_DECIMALS else None
        lattice = Lattice(column.kind, 1, None if column.kind == Kind.INTEGER else decimals)
        if not is_bounded(column):
            return Cuts(column.name, lattice, None)
        assert column.bounds is not None
        low, high = column.bounds
        if not lattice.is_exact:
            return Cuts(column.name, lattice, (float(low), float(high)))
        scale = 10 ** (lattice.decimals or 0)
        return Cuts(column.name, lattice, (int(np.ceil(low * scale - 1e-9)), int(np.floor(high * scale + 1e-9))))

    def queries(self) -> list[str]:
        return self.cuts.queries()

    def codec(self, gate: ColumnGate) -> ColumnCodec:
        numbers = gate.through(lambda series: summarise_numbers(series, self.column.kind)).through(_distinct)
        return self.cuts.codec(numbers, has_missing=self.has_missing)


def smallest_step(column: Column, clock: Clock) -> int:
    """Ticks of the finest part of a time of day that a column's format writes; seconds where no format says."""
    second = clock.day // SECONDS_A_DAY
    steps = ((r"%[-_0]?[0-9.]*f", second // 1000), (r"%[-_0]?[STXrcs]", second), (r"%[-_0]?[MR]", 60 * second),
             (r"%[-_0]?[HIkl]", 3600 * second))  # fmt: skip
    if column.format is None:
        return second
    return next((step for pattern, step in steps if re.search(pattern, column.format)), clock.day)


class _Time(_Part):
    """A date, a time of day, or both: days, and times of day on the finest step that the format writes."""

    @cached_property
    def clock(self) -> Clock:
        return Clock.of(canonical_dtype(self.column))

    @property
    def step(self) -> int:
        """Ticks of the finest part of a time of day that is written."""
        return smallest_step(self.column, self.clock)

    @cached_property
    def days(self) -> Cuts:
        """Days since 1970; of a column of times of day, the times."""
        name, clock = self.column.name, self.clock
        step = self.step if clock.form == "time" else 1
        lattice = Lattice(Kind.INTEGER, step)
        if (ends := declared_ends(clock, self.column)) is None:
            return Cuts(name, lattice, (0, clock.day // step - 1) if clock.form == "time" else None)
        low, high = ends
        unit = clock.day if clock.form == "timestamp" else step
        return Cuts(name, lattice, (low // unit, high // unit))

    @cached_property
    def times(self) -> Cuts | None:
        """Times of day; None where there are none."""
        if self.clock.form != "timestamp" or self.step == self.clock.day:
            return None
        return Cuts(
            f"{self.column.name} (time of day)", Lattice(Kind.INTEGER, self.step), (0, self.clock.day // self.step - 1)
        )

    def queries(self) -> list[str]:
        return self.days.queries() + (self.times.queries() if self.times is not None else [])

    def codec(self, gate: ColumnGate) -> ColumnCodec:
        name, parts = self.column.name, gate.through(summarise_times)
        days = self.days.codec(parts.through(lambda held: _distinct(held.days)), has_missing=self.has_missing)
        if self.times is None:
            return TimeCodec(name, self.clock, days, NumberCodec(name, Lattice(Kind.INTEGER), None, True))
        times = parts.through(lambda held: _distinct(held.times))
        declared = declared_ends(self.clock, self.column)
        return TimeCodec(name, self.clock, days, self.times.codec(times, has_missing=self.has_missing), declared)


class _Levels(_Part):
    def queries(self) -> list[str]:
        return ["levels"] if self._declared is None else []

    @property
    def _declared(self) -> tuple[str, ...] | None:
        return ("0", "1") if self.column.kind == Kind.BOOLEAN else self.column.levels

    def codec(self, gate: ColumnGate) -> ColumnCodec:
        name, is_boolean, levels = self.column.name, self.column.kind == Kind.BOOLEAN, self._declared
        if levels is None:
            held = gate.through(summarise_levels).through(lambda held: Distinct(held.levels.to_numpy(), held.counts))
            levels = tuple(held.frequent(f"levels of column {name!r}")[0].tolist())
        size = len(levels) + (not is_boolean) + self.has_missing
        return LevelCodec(name, is_boolean, levels, np.ones(size), not is_boolean, self.has_missing)


class _Key(_Part):
    """Keys made anew, in the form the schema declares; one that the table holds may come up by chance."""

    def queries(self) -> list[str]:
        return []

    def codec(self, gate: ColumnGate) -> ColumnCodec:
        name, dtype, form = self.column.name, self.column.dtype, self.column.format
        if form is None or form == UUID:
            return IdCodec(name, "number" if form is None else "uuid", dtype)
        digits = COUNTED.search(form)
        assert digits is not None
        return IdCodec(name, "counter", dtype, width=len(digits[0]), prefix=form[: digits.start()])


PARTS: dict[Kind, type[_Part]] = {
    Kind.INTEGER: _Number,
    Kind.REAL: _Number,
    Kind.DATETIME: _Time,
    Kind.CATEGORICAL: _Levels,
    Kind.BOOLEAN: _Levels,
    Kind.ID: _Key,
}
