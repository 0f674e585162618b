"""A table's codec that reads nothing for free: what the schema declares is public, all else is paid for or refused."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from likewise.codecs.column import CodecOptions, ColumnCodec
from likewise.codecs.ids import MAX_WIDTH, IdCodec
from likewise.codecs.levels import LevelCodec, summarise_levels
from likewise.codecs.numbers import MOST_DECIMALS, Lattice, NumberCodec, summarise_numbers
from likewise.codecs.table import TableCodec
from likewise.codecs.times import Clock, TimeCodec, summarise_times
from likewise.dp.cuts import Cuts, Purse
from likewise.dp.ledger import SLACK, Entry, Ledger
from likewise.errors import PrivacyError
from likewise.parsing import canonical_dtype
from likewise.schema import Column, Kind, Schema

CHOICES = ("levels", "values")
"""Touches that choose what is shown at all: each adds to delta."""

LEAST_PARTS = 10
"""Into so many parts at least the codec's share is cut, one a touch: one column of numbers needs no more
of it than one of ten, and leaves the rest to the generator."""

SECONDS_A_DAY = 86_400

UUID = "uuid"
COUNTED = re.compile(f"(?<!0)0{{1,{MAX_WIDTH}}}$")
"""The digits at the end of an id's format."""


def private_codec(
    frame: pl.DataFrame, schema: Schema, ledger: Ledger, options: CodecOptions | None = None
) -> TableCodec:
    """The codec of a canonical frame, within a budget.

    A declared level or whole number is a code of its own; a wider range of numbers or dates is cut at noisy medians of
    noisy medians. Values that were not declared share a code that is never drawn; numbers and dates beyond the bounds
    count as the bounds. Ids are not read at all.

    Raises:
        PrivacyError: something is neither declared nor paid for; the message names the columns and both ways out.
    """
    columns = [column for column in schema if column.role != "drop"]
    _refuse_undeclared(columns, ledger)
    parts = [PARTS[column.kind](column) for column in columns]
    paid = [touch for part in parts for touch in part.touches()]
    purse = Purse(
        ledger,
        rho=ledger.rho * ledger.budget.codec_share / max(len(paid), LEAST_PARTS),
        delta=ledger.delta_aside / max(sum(touch in CHOICES for touch in paid), 1),
    )
    before = ledger.spent
    codecs = tuple(part.codec(frame[part.column.name], purse) for part in parts)
    _count_the_rest(ledger, len(paid) * purse.rho - (ledger.spent - before))
    return TableCodec(codecs, options or CodecOptions())


def _count_the_rest(ledger: Ledger, rho: float) -> None:
    """Write down what noisy answers made needless, as if it had been asked.

    The noise of what follows is planned by what is left, and loss distributions add up only where plans do not hang on
    answers.
    """
    if rho > SLACK * ledger.rho:
        what = "edges that noisy answers made needless, counted all the same"
        ledger.spend(Entry(what=what, mechanism="none", parameter=0.0, sensitivity=0.0, rho=rho))


def _refuse_undeclared(columns: list[Column], ledger: Ledger) -> None:
    """All that is missing in one message, so that a schema is completed in one go."""
    asked = [text for column in columns for text in _undeclared(column, ledger)]
    if asked:
        raise PrivacyError(
            f"under differential privacy nothing may be read from the data for free; {len(asked)} declarations are "
            "missing in the schema:" + "".join(f"\n- {text}" for text in asked)
        )


def _undeclared(column: Column, ledger: Ledger) -> list[str]:
    """What the schema must say of a column, or the budget must pay for."""
    name, kind, pay = column.name, column.kind, ledger.budget.pay
    if name == ledger.budget.entity and kind != Kind.ID:
        return [f"{name!r} tells the entities apart, so it must be of kind id (keys are made anew) or dropped"]
    if kind == Kind.ID:
        if column.format in (None, UUID) or COUNTED.search(str(column.format)):
            return []
        return [f"{name!r} is an id whose format must be 'uuid', or a text that ends in a 0 for each digit of a number"]
    if kind == Kind.TEXT:
        return [
            f"{name!r} is of kind text, whose characters no budget could hide: drop it, or declare it categorical "
            "with its levels"
        ]
    asked = []
    if kind == Kind.DATETIME and column.dtype == "String" and column.format is None:
        asked.append(f"{name!r} declares no format, which would be told from the data: set it, such as '%Y-%m-%d'")
    if kind == Kind.CATEGORICAL and column.levels is None and "levels" not in pay:
        asked.append(f"{name!r} declares no levels: list them, or pay for 'levels' (a part of epsilon and delta)")
    if kind in (Kind.INTEGER, Kind.REAL) and not _is_bounded(column) and "bounds" not in pay:
        asked.append(f"{name!r} declares no finite bounds: set them, or pay for 'bounds' (a part of epsilon)")
    if kind == Kind.DATETIME and column.bounds is None and "bounds" not in pay:
        asked.append(
            f"{name!r} declares no bounds: set them as ISO texts such as '2020-01-01', or pay for 'bounds' (a part of "
            "epsilon)"
        )
    if column.nullable is None and "missing" not in pay:
        asked.append(f"{name!r} does not declare nullable: set it, or pay for 'missing' (one noisy cell more)")
    return asked


def _is_bounded(column: Column) -> bool:
    return column.bounds is not None and bool(np.isfinite(column.bounds).all())


@dataclass(frozen=True)
class _Part(ABC):
    """One column on its way to a codec."""

    column: Column

    @property
    def has_missing(self) -> bool:
        return self.column.nullable is not False

    @abstractmethod
    def touches(self) -> list[str]:
        """What of this column must be paid for."""

    @abstractmethod
    def codec(self, series: pl.Series, purse: Purse) -> ColumnCodec:
        """The codec; what is paid for comes out of the purse."""


class _Number(_Part):
    @cached_property
    def cuts(self) -> Cuts:
        """Units and bounds by declaration alone: whole numbers, declared decimals, or floats."""
        column = self.column
        decimals = column.decimals if column.decimals is None or column.decimals <= MOST_DECIMALS else None
        lattice = Lattice(column.kind, 1, None if column.kind == Kind.INTEGER else decimals)
        if not _is_bounded(column):
            return Cuts(column.name, lattice, None)
        assert column.bounds is not None
        low, high = column.bounds
        if not lattice.is_exact:
            return Cuts(column.name, lattice, (float(low), float(high)))
        scale = 10 ** (lattice.decimals or 0)
        return Cuts(column.name, lattice, (int(np.ceil(low * scale - 1e-9)), int(np.floor(high * scale + 1e-9))))

    def touches(self) -> list[str]:
        return self.cuts.touches()

    def codec(self, series: pl.Series, purse: Purse) -> ColumnCodec:
        return self.cuts.codec(summarise_numbers(series, self.column.kind), purse, has_missing=self.has_missing)


class _Time(_Part):
    """A date, a time of day, or both: days, and times of day on the finest step that the format writes."""

    @cached_property
    def clock(self) -> Clock:
        return Clock.of(canonical_dtype(self.column))

    @property
    def step(self) -> int:
        """Ticks of the finest part of a time of day that is written; seconds where no format says."""
        second = self.clock.day // SECONDS_A_DAY
        steps = ((r"%[-_0]?[0-9.]*f", second // 1000), (r"%[-_0]?[STXrcs]", second), (r"%[-_0]?[MR]", 60 * second),
                 (r"%[-_0]?[HIkl]", 3600 * second))  # fmt: skip
        if self.column.format is None:
            return second
        return next((step for pattern, step in steps if re.search(pattern, self.column.format)), self.clock.day)

    @cached_property
    def days(self) -> Cuts:
        """Days since 1970; of a column of times of day, the times."""
        name, clock, bounds = self.column.name, self.clock, self.column.bounds
        step = self.step if clock.form == "time" else 1
        lattice = Lattice(Kind.INTEGER, step)
        if bounds is None:
            return Cuts(name, lattice, (0, clock.day // step - 1) if clock.form == "time" else None)
        low, high = clock.tick_of(bounds[0], name), clock.tick_of(bounds[1], name, last=True)
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

    def touches(self) -> list[str]:
        return self.days.touches() + (self.times.touches() if self.times is not None else [])

    def codec(self, series: pl.Series, purse: Purse) -> ColumnCodec:
        name, summary = self.column.name, summarise_times(series)
        days = self.days.codec(summary.days, purse, has_missing=self.has_missing)
        if self.times is None:
            return TimeCodec(name, self.clock, days, NumberCodec(name, Lattice(Kind.INTEGER), None, True))
        return TimeCodec(name, self.clock, days, self.times.codec(summary.times, purse, has_missing=self.has_missing))


class _Levels(_Part):
    def touches(self) -> list[str]:
        return ["levels"] if self._declared is None else []

    @property
    def _declared(self) -> tuple[str, ...] | None:
        return ("0", "1") if self.column.kind == Kind.BOOLEAN else self.column.levels

    def codec(self, series: pl.Series, purse: Purse) -> ColumnCodec:
        name, is_boolean, levels = self.column.name, self.column.kind == Kind.BOOLEAN, self._declared
        if levels is None:
            summary = summarise_levels(series)
            levels = tuple(summary.levels[int(i)] for i in purse.sure(summary.counts, f"levels of column {name!r}")[0])
        size = len(levels) + (not is_boolean) + self.has_missing
        return LevelCodec(name, is_boolean, levels, np.ones(size), not is_boolean, self.has_missing)


class _Key(_Part):
    """Keys made anew, in the form the schema declares; one that the table holds may come up by chance."""

    def touches(self) -> list[str]:
        return []

    def codec(self, series: pl.Series, purse: Purse) -> ColumnCodec:
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
