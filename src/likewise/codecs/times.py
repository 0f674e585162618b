"""Dates, times of day and timestamps, all through the number codec on whole ticks.

A timestamp is two fields where its time of day varies: the day, and the time of day in the finest step seen. Both
are taken from the local clock of the column's zone, where daily and weekly habits live. A local time that
the clocks skip in spring is moved on to the end of the gap, one that they show twice in autumn is the earlier.

Legend: n rows; a tick is one unit of the column's resolution (ms, us, ns).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Field
from likewise.codecs.column import CodecOptions, ColumnCodec, Encoded, Met, Narrowed, State, take_value, with_nulls
from likewise.codecs.holders import At, Persons
from likewise.codecs.numbers import NumberCodec, NumberSummary, summarise_numbers
from likewise.conditions import Between, Missing, Not, OneOf, days_apart
from likewise.errors import ConditionError, ModelFileError, SchemaError
from likewise.schema.column import Column, Kind

EPOCH = dt.date(1970, 1, 1).toordinal()
DAYS = (dt.date.min.toordinal() - EPOCH, dt.date.max.toordinal() - EPOCH)
TICKS_A_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
US_A_DAY = TICKS_A_DAY["us"]


@dataclass(frozen=True)
class Clock:
    """How a column's values count: what it is, its resolution and its zone."""

    form: str  # "date", "time" or "timestamp"
    unit: str = "us"
    zone: str | None = None

    @classmethod
    def of(cls, dtype: pl.DataType) -> Self:
        if dtype == pl.Date:
            return cls("date")
        if dtype == pl.Time:
            return cls("time", "ns")
        assert isinstance(dtype, pl.Datetime), f"a canonical datetime column cannot be {dtype}"
        return cls("timestamp", dtype.time_unit, dtype.time_zone)

    @property
    def dtype(self) -> pl.DataType:
        if self.form == "date":
            return pl.Date()
        return pl.Time() if self.form == "time" else pl.Datetime(self.unit, self.zone)  # type: ignore[arg-type]

    @property
    def day(self) -> int:
        return TICKS_A_DAY[self.unit]

    def ticks(self, series: pl.Series) -> pl.Series:
        """(n,) Int64 days, ticks since midnight, or local ticks since 1970."""
        if self.form == "timestamp" and self.zone is not None:
            series = series.dt.replace_time_zone(None)
        return series.to_physical().cast(pl.Int64)

    def series(self, ticks: pl.Series) -> pl.Series:
        """The inverse of `ticks`."""
        if self.form == "date":
            return ticks.cast(pl.Int32).cast(pl.Date)
        if self.form == "time":
            return ticks.cast(pl.Time)
        local = ticks.cast(pl.Datetime(self.unit))  # type: ignore[arg-type]
        return local if self.zone is None else _in_zone(local, self.zone)

    def _held(self, us: int) -> int:
        """Microseconds in ticks; what 64 bits of them cannot count is as far off as they can, short of two days."""
        tick = us * self.day // US_A_DAY
        most = 2**63 - 2 * self.day
        return min(max(tick, -most), most)

    def moment_of(self, value: object, name: str, *, last: bool = False) -> int:
        """The tick in UTC of a limit; see `tick_of`."""
        if isinstance(value, str):
            value = _from_iso(value, self.form, name)
        if isinstance(value, dt.datetime) and value.tzinfo is not None:
            return self._held(int(pl.Series([value]).to_physical()[0]))
        local = pl.Series([self.tick_of(value, name, last=last)])
        return int(self.series(local).to_physical()[0])

    def tick_of(self, value: object, name: str, *, last: bool = False) -> int:
        """The local tick of a limit that a user wrote. A bare date is its midnight, or as upper limit its last tick."""
        if isinstance(value, str):
            value = _from_iso(value, self.form, name)
        day_only = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
        if self.form == "timestamp" and isinstance(value, dt.date):
            moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
            series = pl.Series([moment])
            if series.dtype.time_zone is not None:  # type: ignore[attr-defined]
                series = series.dt.convert_time_zone(self.zone or "UTC").dt.replace_time_zone(None)
            tick = self._held(int(series.to_physical()[0]))
            return tick + self.day - 1 if day_only and last else tick
        if self.form == "date" and isinstance(value, dt.date):
            date = value.date() if isinstance(value, dt.datetime) else value
            return date.toordinal() - EPOCH
        if self.form == "time" and isinstance(value, dt.time):
            return int(pl.Series([value]).to_physical()[0])
        raise ConditionError(f"column {name!r}: a condition on a {self.form} cannot be a {type(value).__name__}")


def _as_range(condition: object) -> object:
    """One moment as the range that it is."""
    if isinstance(condition, OneOf) and len(condition.values) == 1 and days_apart(condition)[1]:
        return Between(condition.values[0], condition.values[0])
    return condition


def _from_iso(text: str, form: str, name: str) -> object:
    try:
        if form == "time":
            return dt.time.fromisoformat(text)
        return dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ConditionError(f"column {name!r}: a limit must be an ISO {form}, such as 2024-01-31") from error


def _is_zone(zone: str | None) -> bool:
    try:
        pl.Series([0]).cast(pl.Datetime("us")).dt.replace_time_zone(zone)
    except pl.exceptions.PolarsError:
        return False
    return True


def _range(low: int | None, high: int | None, name: str) -> Between:
    if low is not None and high is not None and low > high:
        raise ConditionError(f"column {name!r}: no moment that can be drawn lies in the range asked for")
    return Between(low, high)


def _in_zone(local: pl.Series, zone: str) -> pl.Series:
    """Local times as moments; a skipped one is moved on by whole hours (a gap is at most a day) until it exists."""
    moments = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    for hours in (1, 24):  # one is enough for every clock but those that crossed the date line
        if moments.null_count() > local.null_count():
            later = local.dt.offset_by(f"{hours}h")
            moments = moments.fill_null(later.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null"))
    return moments


def declared_ends(clock: Clock, column: Column) -> tuple[int, int] | None:
    """The declared bounds as days, or as ticks (of times of day and timestamps), the whole of a last day included."""
    if column.bounds is None:
        return None
    low, high = column.bounds
    try:
        return clock.tick_of(low, column.name), clock.tick_of(high, column.name, last=True)
    except ConditionError:
        raise SchemaError(f"column {column.name!r}: its bounds must be such as it holds, of a {clock.form}") from None


@dataclass(frozen=True)
class TimeSummary:
    """Days and times of day, counted; see `NumberSummary`."""

    clock: Clock
    days: NumberSummary
    times: NumberSummary

    def merge(self, other: Self) -> Self:
        return type(self)(self.clock, self.days.merge(other.days), self.times.merge(other.times))


def split_ticks(ticks: pl.Series, clock: Clock) -> tuple[pl.Series, pl.Series]:
    """Days and times of day."""
    if clock.form != "timestamp":
        return ticks, ticks * 0
    days = ticks // clock.day
    return days, ticks - days * clock.day


def summarise_times(
    series: pl.Series, persons: pl.Series | Persons | None = None, at: At | None = None,
    rows: npt.NDArray[np.int64] | None = None,
) -> TimeSummary:  # fmt: skip
    """The summary of one canonical datetime column (or chunk of it), as `summarise_numbers` gives that of numbers."""
    clock = Clock.of(series.dtype)
    days, times = (
        summarise_numbers(part, Kind.INTEGER, persons, at, rows) for part in split_ticks(clock.ticks(series), clock)
    )
    return TimeSummary(clock, days, times)


@dataclass(frozen=True)
class TimeCodec(ColumnCodec):
    """A date or time of day as one number; a timestamp as the numbers of its day and, where it varies, its time.

    Args:
        name: the column's.
        clock: resolution and zone.
        days: codec of days (of ticks, for a time of day).
        times: codec of the ticks since midnight.
        declared: of timestamps, the least and greatest local tick that the user declared.
        limits: after narrowing, the least and greatest local tick that may be drawn.
        moments: the same in ticks of UTC, where the column has a zone: clocks that are put back make the local order
            another one than that of moments.
        n_day: fractions of the day, as of all rows: a condition may leave single days, which need none.
    """

    kind: ClassVar[str] = "time"
    name: str
    clock: Clock
    days: NumberCodec
    times: NumberCodec
    declared: tuple[int, int] | None = None
    limits: tuple[int | None, int | None] = (None, None)
    moments: tuple[int | None, int | None] = (None, None)
    n_day: int = -1

    def __post_init__(self) -> None:
        if self.n_day < 0:
            object.__setattr__(self, "n_day", int(self.days.fields[0].fraction is not None))

    @classmethod
    def from_summary(cls, summary: TimeSummary, column: Column, options: CodecOptions) -> Self:
        plain = Column(name=column.name, kind=Kind.INTEGER)
        of_day = (0, summary.clock.day - 1)
        is_day = summary.clock.form != "time"
        calendar = summary.days.calendar(rows=options.rows) if is_day else None
        lattice = summary.days.lattice(plain, calendar)
        ends, of_moments = declared_ends(summary.clock, column), summary.clock.form == "timestamp"
        unit = summary.clock.day if of_moments else 1
        within = replace(plain, bounds=None if ends is None else (ends[0] // unit, ends[1] // unit))
        days = NumberCodec.on(lattice, summary.days, within, options, DAYS if is_day else of_day)
        times = NumberCodec.on(summary.times.lattice(plain), summary.times, plain, options, of_day)
        return cls(column.name, summary.clock, days, times, ends if of_moments else None)

    @cached_property
    def has_time_field(self) -> bool:
        return (
            self.clock.form == "timestamp"
            and self.times.pieces is not None
            and (self.times.pieces.size > 1 or self.times.pieces.needs_fraction)
        )

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        day = self.days.fields[0]
        if not self.has_time_field:
            return (day,)
        time = replace(self.times.fields[0], missing_as_before=True)
        at = 0 if day.fraction is None else 1
        return day, time if time.fraction is None else replace(time, fraction=at)

    def encode(self, series: pl.Series) -> Encoded:
        days, times = split_ticks(self.clock.ticks(series), self.clock)
        day = self.days.encode(days)
        if not self.has_time_field:
            return day
        time = self.times.encode(times)
        codes = np.concatenate([day.codes, time.codes], axis=1)
        return Encoded(codes, np.concatenate([day.fractions, time.fractions], axis=1))

    def decode(
        self, codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating], rng: np.random.Generator
    ) -> pl.Series:
        ticks = self.days.decode(codes[:, :1], fractions[:, : self.n_day], rng)
        if self.clock.form == "timestamp":
            times = self._times(codes, fractions[:, self.n_day :], rng)
            ticks = self._within(ticks * self.clock.day, times)
        series = self.clock.series(ticks).alias(self.name)
        if self.moments == (None, None):
            return series
        return series.to_physical().clip(*self.moments).cast(series.dtype)

    def _times(
        self, codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating], rng: np.random.Generator
    ) -> pl.Series:
        """Ticks since midnight. A draw may give a day and yet no time of day: that time is drawn by itself."""
        if self.times.pieces is None:
            return pl.zeros(len(codes), dtype=pl.Int64, eager=True)
        if not self.has_time_field:
            return self.times.decode(np.zeros((len(codes), 1), np.int64), fractions, rng)
        times = self.times.decode(codes[:, 1:], fractions, rng)
        if times.null_count():
            count = self.times.pieces.code_count
            lost = times.is_null().to_numpy()
            code = np.searchsorted(np.cumsum(count), rng.random(len(codes)) * count.sum(), side="right")
            drawn = self.times.pieces.decode(np.minimum(code, len(count) - 1), rng.random(len(codes)))
            times = times.zip_with(pl.Series(~lost), pl.Series(self.times.lattice.values(drawn)))
        return times

    def _within(self, midnights: pl.Series, times: pl.Series) -> pl.Series:
        """Midnight + time; on the two outermost days of a condition, or of what was declared, a time that does not meet
        it is moved to where in what it leaves it stands in the day."""
        low, high = self.limits
        if self.declared is not None:
            first_of_all, last_of_all = self.declared
            low = first_of_all if low is None else max(low, first_of_all)
            high = last_of_all if high is None else min(high, last_of_all)
        at, time = midnights.fill_null(0).to_numpy(), times.to_numpy()
        stop = self.clock.day - 1
        # Ends far from all days would leave 64 bits.
        low = None if low is None else max(low, int(at.min(initial=0)))
        high = None if high is None else min(high, int(at.max(initial=0)) + stop)
        least = np.zeros_like(at) if low is None else np.clip(low - at, 0, stop)
        most = np.full_like(at, stop) if high is None else np.clip(high - at, 0, stop)
        out = (time < least) | (time > most)
        if out.any():
            step, offset = self.times.lattice.step, self.times.lattice.offset
            first, last = -((offset - least) // step) * step + offset, (most - offset) // step * step + offset
            first, last = np.where(first > last, least, first), np.where(first > last, most, last)
            place = time / (stop + 1.0) * ((last - first) // step + 1)
            time = np.where(out, first + place.astype(np.int64) * step, time)
        return with_nulls(pl.Series(at + time), midnights.is_null().to_numpy())

    def narrow(self, condition: object) -> Narrowed:
        """Of a range of moments its days, with any time of day that one of them leaves, and what tells which of these
        moments lie in it. So of all moments but those of a range."""
        if isinstance(condition, Missing):
            missing = self.days.narrow(condition).weights
            return Narrowed((*missing, *self.times.narrow(condition).weights) if self.has_time_field else missing, self)
        is_not, inner = isinstance(condition, Not), condition.condition if isinstance(condition, Not) else condition
        if isinstance(inner, OneOf | Between) and self.clock.form != "timestamp":
            ticks = self._in_ticks(inner)
            weights, days = self.days.narrow_numbers(Not(ticks) if is_not else ticks, self._shown)
            return Narrowed((weights,), replace(self, days=days))
        if (asked := self._whole_days(inner)) is not None and (is_not or isinstance(inner, OneOf)):
            weights, days = self.days.narrow_numbers(Not(asked) if is_not else asked, self._shown)
            return Narrowed(self._with_any_time(weights), replace(self, days=days))
        inner = _as_range(inner)
        if not isinstance(inner, Between):
            raise ConditionError(
                f"column {self.name!r}: a condition on a {self.clock.form} is a range, some whole days or one moment"
            )
        if not is_not:
            return self._narrow_between(inner)
        if self.days.pieces is None:
            raise ConditionError(f"column {self.name!r}: all values are missing, so no other can be drawn")
        known = (np.arange(self.days.size) < self.days.pieces.size).astype(np.float64)
        return Narrowed(self._with_any_time(known), self, self._inside(inner, wanted=False))

    def _inside(self, condition: Between, *, wanted: bool) -> Met:
        """What tells which rows lie in a range of moments, or do not; a row without a moment is not judged. One of
        which only the time of day is missing does neither, for decoding draws that time anew."""
        low, high = self._limits(condition, self.clock.moment_of)
        plain = replace(self, limits=(None, None), moments=(None, None))

        def met(codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
            ticks = plain.decode(codes, fractions, np.random.default_rng(0)).to_physical()
            known = ticks.is_not_null().to_numpy()
            at = ticks.fill_null(0).to_numpy()
            inside = np.ones(len(at), bool) if low is None else at >= low
            if high is not None:
                inside &= at <= high
            return np.asarray(~known | ((inside == wanted) & ~self._lost(codes)))

        return met

    def _lost(self, codes: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Rows that have a day, or none, and no time of day."""
        if not (self.has_time_field and self.times.has_missing):
            return np.zeros(len(codes), bool)
        return np.asarray(codes[:, 1] == self.times.size - 1)

    def _whole_days(self, condition: object) -> Between | OneOf | None:
        """A range or a set of moments as one of days, if it is that."""
        if isinstance(condition, OneOf) and not days_apart(condition)[1]:
            return OneOf(tuple(value.toordinal() - EPOCH for value in days_apart(condition)[0]))
        if not isinstance(condition, Between):
            return None
        day = self.clock.day
        low, high = self._limits(condition, self.clock.tick_of)
        if (low or 0) % day or (high is not None and (high + 1) % day):
            return None
        return _range(None if low is None else low // day, None if high is None else high // day, self.name)

    def _with_any_time(self, days: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
        """Weights of days, and of all times of day that there are."""
        if not self.has_time_field:
            return (days,)
        known = np.ones(self.times.size)
        known[self.times.size - self.times.has_missing :] = 0
        return days, known

    def _in_ticks(self, condition: Between | OneOf) -> Between | OneOf:
        if isinstance(condition, OneOf):
            return OneOf(tuple(self.clock.tick_of(v, self.name) for v in condition.values))
        return _range(*self._limits(condition, self.clock.tick_of), self.name)

    def _shown(self, number: float | int) -> str:
        """A number of `days` as it is written."""
        if self.clock.form == "time":
            return str(self.clock.series(pl.Series([int(number)]))[0])
        return str(pl.Series([int(number)]).cast(pl.Int32).cast(pl.Date)[0])

    def _limits(self, condition: Between, tick_of: Callable[..., int]) -> tuple[int | None, int | None]:
        """Least and greatest tick, both included. A bare date is its whole day."""
        low, high = condition.low, condition.high
        open_low, open_high = condition.closed in ("right", "none"), condition.closed in ("left", "none")
        return (
            None if low is None else tick_of(low, self.name, last=open_low) + open_low,
            None if high is None else tick_of(high, self.name, last=not open_high) - open_high,
        )

    def _narrow_between(self, condition: Between) -> Narrowed:
        """A range of moments is no product of days and of times of day, unless it is of one day or of whole ones. A row
        that does not lie in it and is decoded all the same is moved into it."""
        day, (low, high) = self.clock.day, self._limits(condition, self.clock.tick_of)
        if self.times.pieces is not None:
            # a first or last day on which no time is left is no day of the range
            if low is not None and not self._leaves_times(low % day, None):
                low = (low // day + 1) * day
            if high is not None and not self._leaves_times(None, high % day):
                high = high // day * day - 1
        ends = None if low is None else low // day, None if high is None else high // day
        of_days, days = self.days.narrow_numbers(_range(*ends, self.name), self._shown)
        codec = replace(self, days=days, limits=(low, high))
        if self.clock.zone is not None:
            codec = replace(codec, moments=self._limits(condition, self.clock.moment_of))
        if not self.has_time_field or ((low or 0) % day == 0 and (high is None or (high + 1) % day == 0)):
            return Narrowed(self._with_any_time(of_days), codec)
        weights: tuple[npt.NDArray[np.float64], ...] = self._with_any_time(of_days)
        if low is not None and high is not None and high // day - low // day < 2:
            one_day, first, last = low // day == high // day, low % day, high % day
            if one_day or last + 1 < first:
                part = Between(first, last) if one_day else Not(Between(last, first, "none"))
                of_times, times = self.times.narrow_numbers(part)
                weights, codec = (of_days, of_times), replace(codec, times=times)
            if one_day:
                return Narrowed(weights, codec)
        return Narrowed(weights, codec, codec._inside(condition, wanted=True), moved=True)

    def _leaves_times(self, low: int | None, high: int | None) -> bool:
        """Whether any time of day lies in the range."""
        assert self.times.pieces is not None
        limits = self.times.lattice.limits(_range(low, high, self.name), self.name)
        return len(self.times.pieces.between(*limits).first) > 0

    def to_state(self) -> State:
        days, day_arrays = self.days.to_state()
        times, time_arrays = self.times.to_state()
        data: dict[str, Any] = {
            "form": self.clock.form,
            "unit": self.clock.unit,
            "zone": self.clock.zone,
            "days": days,
            "times": times,
        }
        if self.declared is not None:
            data["declared"] = list(self.declared)
        arrays = {f"days.{k}": v for k, v in day_arrays.items()} | {f"times.{k}": v for k, v in time_arrays.items()}
        return data, arrays

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        name = take_value(data, "name", str)
        form, unit = take_value(data, "form", str), take_value(data, "unit", str)
        zone = take_value(data, "zone", str, type(None))
        if form not in ("date", "time", "timestamp") or unit not in TICKS_A_DAY or not _is_zone(zone):
            raise ModelFileError(f"codec of column {name!r}: unknown form, resolution or zone of time")
        parts = []
        for part in ("days", "times"):
            inner = {k.removeprefix(f"{part}."): v for k, v in arrays.items() if k.startswith(f"{part}.")}
            parts.append(NumberCodec.from_state({**take_value(data, part, dict), "name": name}, inner))
        ends = take_value({"declared": None, **data}, "declared", list, type(None))
        if ends is not None and not (len(ends) == 2 and all(type(end) is int and abs(end) < 2**63 for end in ends)):
            raise ModelFileError(f"codec of column {name!r}: its declared bounds are not two ticks")
        return cls(name, Clock(form, unit, zone), parts[0], parts[1], None if ends is None else (ends[0], ends[1]))
