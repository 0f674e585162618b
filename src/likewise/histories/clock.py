"""Time as numbers: when a history begins, how long until the next row, and what the calendar says of a moment.

Legend: n rows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs import times as moments
from likewise.codecs.base import Field
from likewise.codecs.lattice import held_by
from likewise.errors import InputError, ModelFileError
from likewise.histories.grid import Grid, Months, find_grid
from likewise.histories.rhythm import DAYS, HOURS
from likewise.schema.column import Column
from likewise.typing import Ints

_STEPS = {"date": 1, "datetime": 1_000_000, "integer": 1, "real": 1}
"""Ticks of the finest unit that gaps are told in: days, seconds, ones."""
DAY_US = 86_400_000_000
LIKELIER = np.log(100)
"""By how much time that passes must explain gaps better than clocks do."""
_LAST = {"date": moments.DAYS[1], "datetime": moments.DAYS[1] * DAY_US, "integer": 2**62}
"""Ticks beyond which no clock goes: the last day that can be written, and what adds up in 64 bits."""


@dataclass(frozen=True)
class Clock:
    """How the time of a table is counted.

    Args:
        kind: "date", "datetime", "integer", "real", or "order" where no column tells the time.
        unit: ticks of one unit of a gap: days of a date, microseconds of a datetime, by the clocks of its zone.
        most: ticks that nothing goes beyond: a declared bound, or the last that the column's type holds.
        grid: the moments that gaps are counted in instead, where there are such.
        elapsed: whether a datetime counts through the changes of its zone's clocks.
    """

    kind: str
    unit: int = 1
    most: float | None = None
    grid: Grid | Months | None = None
    elapsed: bool = False

    @classmethod
    def of(
        cls, times: pl.Series | None, whose: Ints | None = None, column: Column | None = None, rows: int = 1,
        person: Ints | None = None,
    ) -> Self:  # fmt: skip
        """Of a column in canonical form.

        Args:
            whose: (n,) the entity of each row, 0 .. E-1, whose rows stand in order.
            column: what is declared of it.
            rows: persons who must stand behind what is shown.
            person: (n,) of each row, 0, 1, ...; None makes each entity one.

        Raises:
            InputError: the column holds texts, or times of day, which are no time that goes on.
        """
        if times is None:
            return cls("order")
        kind = _kind(times)
        clock = cls(kind, _STEPS[kind], None if column is None else _most(times, column, kind))
        day = clock.day
        if day is None or whose is None:
            return clock
        later = np.diff(whose) == 0
        ticks = clock.ticks(times)
        if kind == "datetime":
            between = np.diff(ticks)[later]
            passed = np.diff(replace(clock, elapsed=True).ticks(times))[later]
            if _goes_on(passed, between):
                most = clock.most if column is None else _most(times, column, kind, elapsed=True)
                return replace(clock, unit=_unit(passed), most=most, elapsed=True)
            clock = replace(clock, unit=_unit(between))
        return replace(clock, grid=find_grid(ticks, whose, day, clock.unit, rows, person))

    @property
    def day(self) -> int | None:
        """Ticks of a day, where time has days."""
        return {"date": 1, "datetime": DAY_US}.get(self.kind)

    @property
    def week(self) -> int:
        """Slots of a week that moments lie in: its days, or hours where these pass; none where time has no days, or
        entities keep their day of the month."""
        if self.day is None or isinstance(self.grid, Months):
            return 0
        return HOURS if self.kind == "datetime" and self.unit < DAY_US else DAYS

    def ticks(self, times: pl.Series) -> npt.NDArray[Any]:
        """(n,) whole numbers, or floats of a real column."""
        if self.kind == "date":
            return times.dt.epoch("d").to_numpy().astype(np.int64)
        if self.kind == "datetime":
            return times.dt.epoch("us").to_numpy().astype(np.int64) if self.elapsed else _local_us(times)
        return times.to_numpy().astype(np.float64 if self.kind == "real" else np.int64)

    def times(self, ticks: npt.NDArray[Any], like: pl.Series) -> pl.Series:
        """The inverse of `ticks`, of the type of a column."""
        values = pl.Series(like.name, ticks)
        if self.kind == "date":
            return values.cast(pl.Int32).cast(pl.Date)
        if self.kind == "datetime":
            clock = moments.Clock.of(like.dtype)
            units = values.cast(pl.Datetime("us")).dt.cast_time_unit(clock.unit).to_physical()  # type: ignore[arg-type]
            return units.cast(like.dtype) if self.elapsed else clock.series(units)
        return values.cast(like.dtype)

    def placed(self, ticks: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Ticks of moments that histories may begin at."""
        return self.grid.ticks(self.grid.number(ticks)) if isinstance(self.grid, Grid) else ticks

    def passed(self, ticks: npt.NDArray[Any], gaps: npt.NDArray[Any], anchors: Ints | None = None) -> npt.NDArray[Any]:
        """Ticks so many units later, or the last that there can be.

        Args:
            anchors: (n,) what `anchor` says of the entities.
        """
        if self.grid is not None:
            last = self.grid.number(np.array([self.most])) - isinstance(self.grid, Months)
            room = np.maximum(last - self.grid.number(ticks), 0)
            return self.grid.after(ticks, np.minimum(gaps, room), anchors)
        step = self.unit if self.kind != "real" else 1
        if self.most is None:
            return np.asarray(ticks + gaps * step)
        room = np.maximum(self.most - ticks, 0)
        return np.asarray(
            ticks + np.minimum(gaps, room if self.kind == "real" else room // step).astype(ticks.dtype) * step
        )

    def anchor(self, ticks: npt.NDArray[Any]) -> Ints:
        """(n,) the day of the month of each, where entities keep to theirs; else nothing."""
        return self.grid.anchor(ticks) if isinstance(self.grid, Months) else np.zeros(len(ticks), np.int64)

    def between(self, ticks: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(n,) ticks since the row before, of rows in order. Clocks that are put back make none of less than 0."""
        gaps = np.diff(ticks, prepend=ticks[:1])
        return np.maximum(gaps, 0) if self.kind == "datetime" else gaps

    def units(self, ticks: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(n,) the same in units of a gap."""
        if self.grid is not None:
            return np.maximum(np.diff(self.grid.number(ticks), prepend=0), 0)
        return self.between(ticks) if self.kind == "real" else self.between(ticks) // self.unit

    @property
    def calendar(self) -> tuple[Field, ...]:
        """What is told of a moment beside where it stands in time: month, day of the month (bills and wages come on the
        same ones) and weekday, and the hour where hours pass."""
        if self.kind not in ("date", "datetime"):
            return ()
        sizes = [12, 31, 7] + [24] * (self.kind == "datetime" and self.unit < DAY_US)
        return tuple(Field(size=size, emit=np.ones(size, bool)) for size in sizes)

    def calendar_codes(self, times: pl.Series) -> Ints:
        """(n, fields)."""
        if not self.calendar:
            return np.zeros((len(times), 0), np.int64)
        parts = [times.dt.month() - 1, times.dt.day() - 1, times.dt.weekday() - 1]
        if len(self.calendar) > len(parts):
            parts.append(times.dt.hour())
        return np.stack([part.to_numpy().astype(np.int64) for part in parts], 1)

    def to_dict(self) -> dict[str, Any]:
        grid = "months" if isinstance(self.grid, Months) else None if self.grid is None else self.grid.to_state()
        return {"kind": self.kind, "unit": self.unit, "most": self.most, "grid": grid, "elapsed": self.elapsed}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        kind, unit = data.get("kind"), data.get("unit")
        if kind not in (*_STEPS, "order") or not isinstance(unit, int) or not 0 < unit < 2**53:
            raise ModelFileError("histories: the clock is of no known kind")
        most, last = data.get("most"), _LAST.get(kind)
        if last is not None and not (isinstance(most, int) and -last <= most <= last):
            raise ModelFileError("histories: the clock ends at no moment that can be written")
        if last is None and not (most is None or (isinstance(most, float) and np.isfinite(most))):
            raise ModelFileError("histories: the clock ends at no number")
        clock, grid = cls(kind, unit, most, elapsed=data.get("elapsed") is True), data.get("grid")
        if grid is None or clock.day is None:
            return clock
        return replace(clock, grid=Months(clock.day) if grid == "months" else Grid.from_state(grid, clock.day))


def _unit(gaps: npt.NDArray[np.int64]) -> int:
    """Microseconds, a part of a day, that all gaps are whole multiples of."""
    return int(np.gcd.reduce(gaps, initial=DAY_US))


def _goes_on(passed: npt.NDArray[np.int64], between: npt.NDArray[np.int64]) -> bool:
    """Whether gaps keep to what passed, where the clocks of a zone were changed, and not to what these showed: how
    likely they are by the other gaps, one against the other.

    Args:
        passed, between: (n,) microseconds.
    """
    changed = passed != between
    values, counts = np.unique(passed[~changed], return_counts=True)

    def likely(gaps: npt.NDArray[np.int64]) -> float:
        at = np.searchsorted(values, gaps).clip(max=max(len(values) - 1, 0))
        found = np.where(values[at] == gaps, counts[at], 0) if len(values) else np.zeros(len(gaps))
        return float(np.log(found + 0.5).sum())

    return bool(likely(passed[changed]) - likely(between[changed]) > LIKELIER)


def _local_us(times: pl.Series) -> npt.NDArray[np.int64]:
    """(n,) microseconds by the clocks of a column's zone, where days are whole."""
    local = times.dt.replace_time_zone(None) if getattr(times.dtype, "time_zone", None) else times
    return local.dt.epoch("us").to_numpy().astype(np.int64)


def _most(times: pl.Series, column: Column, kind: str, *, elapsed: bool = False) -> float | None:
    """The ticks that no drawn row goes beyond."""
    declared = None if column.bounds is None else column.bounds[1]
    if kind in ("date", "datetime"):
        last = _LAST[kind]
        clock = moments.Clock.of(times.dtype)
        if clock.unit == "ns" and kind == "datetime":
            last = 2**63 // 1000 - 2 * DAY_US
        if century := re.search(r"%y(?:\((\d{4})\))?", column.format or ""):  # a year that two digits can tell
            final = dt.date(int(century[1] or 1970) + 99, 12, 31).toordinal() - moments.EPOCH
            last = min(last, final if kind == "date" else (final + 1) * DAY_US - 1)
        if declared is not None:
            tick = (clock.moment_of if elapsed else clock.tick_of)(declared, column.name, last=True)
            last = min(last, tick if kind == "date" else tick * 1_000_000 // (clock.day // 86_400))
        return last
    most = min(held_by(column.dtype)[1], np.inf if declared is None else declared)
    if kind == "integer":
        return int(min(most, _LAST[kind]))
    return float(most) if np.isfinite(most) else None


def _kind(times: pl.Series) -> str:
    dtype = times.dtype
    if dtype == pl.Date:
        return "date"
    if dtype.is_temporal() and dtype != pl.Time and not isinstance(dtype, pl.Duration):
        return "datetime"
    if dtype.is_integer():
        return "integer"
    if dtype.is_float():
        return "real"
    raise InputError(
        f"column {times.name!r} is to tell the time, but holds neither dates nor numbers that can be told for sure; "
        "write all of them one way, give it a kind or a format, or take the rows' own order (time=True)"
    )
