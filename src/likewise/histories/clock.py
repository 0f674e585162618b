"""Time as numbers: when a history begins, how long until the next row, and what the calendar says of a moment.

Legend: n rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Field
from likewise.errors import InputError, ModelFileError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_STEPS = {"date": 1, "datetime": 1_000_000, "integer": 1, "real": 1}
"""Ticks of the finest unit that gaps are told in: days, seconds, ones."""
_COARSER = (86_400, 3_600, 60)
"""Seconds of the coarser units that moments may follow: days, hours, minutes."""


@dataclass(frozen=True)
class Clock:
    """How the time of a table is counted.

    Args:
        kind: "date", "datetime", "integer", "real", or "order" where no column tells the time.
        unit: ticks of one unit of a gap: days of a date, microseconds of a datetime.
    """

    kind: str
    unit: int = 1

    @classmethod
    def of(cls, times: pl.Series | None, gaps: Callable[[npt.NDArray[Any]], npt.NDArray[Any]] | None = None) -> Self:
        """Of a column in canonical form.

        Args:
            gaps: ticks (n,) to those between a row and the one before it, of the same entity.

        Raises:
            InputError: the column holds texts, or times of day, which are no time that goes on.
        """
        if times is None:
            return cls("order")
        kind = _kind(times)
        if kind != "datetime" or gaps is None:
            return cls(kind, _STEPS[kind])
        between = gaps(times.dt.epoch("us").to_numpy())
        if (between % 1_000_000).any():
            return cls(kind, 1)
        seconds = between // 1_000_000
        return cls(kind, 1_000_000 * next((unit for unit in _COARSER if not (seconds % unit).any()), 1))

    def ticks(self, times: pl.Series) -> npt.NDArray[Any]:
        """(n,) whole numbers, or floats of a real column."""
        if self.kind == "date":
            return times.dt.epoch("d").to_numpy().astype(np.int64)
        if self.kind == "datetime":
            return times.dt.epoch("us").to_numpy().astype(np.int64)
        return times.to_numpy().astype(np.float64 if self.kind == "real" else np.int64)

    def times(self, ticks: npt.NDArray[Any], like: pl.Series) -> pl.Series:
        """The inverse of `ticks`, of the type of a column."""
        values = pl.Series(like.name, ticks)
        if self.kind == "date":
            return values.cast(pl.Int32).cast(pl.Date)
        if self.kind == "datetime":
            zone = getattr(like.dtype, "time_zone", None)
            moments = values.cast(pl.Datetime("us"))
            return (moments if zone is None else moments.dt.replace_time_zone(zone)).cast(like.dtype)
        return values.cast(like.dtype)

    @property
    def calendar(self) -> tuple[Field, ...]:
        """What is told of a moment beside where it stands in time: month and weekday, and the hour where hours pass."""
        if self.kind not in ("date", "datetime"):
            return ()
        sizes = [12, 7] + [24] * (self.kind == "datetime" and self.unit < 86_400_000_000)
        return tuple(Field(size=size, emit=np.ones(size, bool)) for size in sizes)

    def calendar_codes(self, times: pl.Series) -> Ints:
        """(n, fields)."""
        if not self.calendar:
            return np.zeros((len(times), 0), np.int64)
        parts = [times.dt.month() - 1, times.dt.weekday() - 1]
        if len(self.calendar) > len(parts):
            parts.append(times.dt.hour())
        return np.stack([part.to_numpy().astype(np.int64) for part in parts], 1)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "unit": self.unit}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        kind, unit = data.get("kind"), data.get("unit")
        if kind not in (*_STEPS, "order") or not isinstance(unit, int) or not 0 < unit < 2**53:
            raise ModelFileError("histories: the clock is of no known kind")
        return cls(kind, unit)


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
        f"column {times.name!r} is to tell the time, but holds neither dates nor numbers; give it a kind, or leave "
        "time out: the rows' own order is then kept"
    )
