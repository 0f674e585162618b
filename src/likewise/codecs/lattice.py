"""The units in which a column of numbers counts: steps, decimals, days of a pattern.

Integers, and reals whose decimals are known, are coded on a lattice of int64 units, so nothing is lost through
floating point and every draw has the column's own step; other reals as float64.

Legend: n rows, m distinct values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.codecs.calendars import FAR, Calendar
from likewise.codecs.pieces import Values
from likewise.codecs.tails import Reach
from likewise.conditions import Between
from likewise.errors import ConditionError, SchemaError
from likewise.schema.column import Column, Kind

STEP_VALUES = 10  # distinct values whose differences must share a divisor before it is taken for the column's step
FEW_DECIMALS = 3  # looked for in doubles of which nobody said how many they have
EXACT = 2.0**53  # beyond this float64 skips integers
MOST_DECIMALS = 15  # a double has no more
INT64 = np.iinfo(np.int64)


@dataclass(frozen=True)
class Lattice:
    """Value = (offset + unit * step) / 10**decimals for int64 units; the identity for floats (`decimals` None).

    Args:
        step: units of the last decimal between two values that can be drawn.
        offset: where the steps stand, 0 .. step - 1.
        decimals: of a real; None for a float as it is.
        calendar: of a column of days: the steps are then those of its days.
    """

    kind: Kind
    step: int = 1
    decimals: int | None = None
    offset: int = 0
    calendar: Calendar | None = None

    @property
    def is_exact(self) -> bool:
        return self.kind == Kind.INTEGER or self.decimals is not None

    def units(self, values: Values) -> Values:
        """The nearest unit of each value."""
        if not self.is_exact:
            return values.astype(np.float64)
        if self.decimals is not None:
            with np.errstate(over="ignore"):
                scaled = np.rint(values * 10.0**self.decimals)
            values = np.clip(scaled, -EXACT, EXACT).astype(np.int64)
        if self.calendar is not None:
            values = self.calendar.units(np.clip(values, -FAR, FAR))
        if self.step == 1:
            return values.astype(np.int64)
        down = values // self.step
        above = values - down * self.step - self.offset  # of the step's own value, between -step and step
        half = self.step // 2
        nearest: Values = down + (above > half) - (above < -half)
        return nearest

    def values(self, units: Values) -> Values:
        if not self.is_exact:
            return units
        whole = units * self.step + self.offset
        if self.calendar is not None:
            return self.calendar.values(whole)
        return whole if self.decimals is None else whole / 10.0**self.decimals

    def value(self, unit: int) -> float | int:
        """The value of one unit, however great."""
        whole = unit * self.step + self.offset
        if self.calendar is not None:
            return int(self.calendar.values(np.array([min(max(whole, -FAR), FAR)]))[0])
        return whole if self.decimals is None else whole / 10.0**self.decimals

    def bounds(self, column: Column) -> tuple[Any, Any]:
        """The units of the declared bounds; None where there is none, or an infinite one."""
        if column.bounds is None:
            return None, None
        low, high = (None if math.isinf(end) else end for end in column.bounds)
        if self.is_exact:
            low, high = self.unit(low, False, up=True), self.unit(high, False, up=False)
            low = None if low is None else min(max(low, int(INT64.min)), int(INT64.max))
            high = None if high is None else min(max(high, int(INT64.min)), int(INT64.max))
        if low is not None and high is not None and low > high:
            raise SchemaError(f"column {column.name!r}: no value of the column's step lies within its declared bounds")
        return low, high

    def reach(self, column: Column) -> Reach:
        """How far tails may be drawn: within declared bounds and what the stored type holds; nothing positive becomes
        zero, and shares, marks and percentages end at 1 and 100."""
        low, high = held_by(column.dtype)
        if column.bounds is not None:
            low, high = max(low, column.bounds[0]), min(high, column.bounds[1])
        if not self.is_exact:
            return Reach(low, high, (0.0, 1.0, 100.0))
        ends = tuple(self.unit(end, False, up=end == 0) for end in (0, 1, 100))
        return Reach(self.unit(low, False, up=True), self.unit(high, False, up=False), ends)

    def limits(self, between: Between, name: str) -> tuple[Any, Any]:
        """The least and greatest unit whose value lies in the range; None where it is open."""
        low, high = as_number(between.low, name), as_number(between.high, name)
        open_low, open_high = between.closed in ("right", "none"), between.closed in ("left", "none")
        if not self.is_exact:
            if low is not None and open_low:
                low = math.nextafter(low, math.inf)
            if high is not None and open_high:
                high = math.nextafter(high, -math.inf)
            return low, high
        return self.unit(low, open_low, up=True), self.unit(high, open_high, up=False)

    def unit(self, limit: float | int | None, is_open: bool, *, up: bool) -> int | None:
        """The first unit at or beyond the limit, going up or down."""
        if limit is None:
            return None
        if abs(limit) > (FAR if self.calendar is not None else 2.0**64):  # beyond every unit, infinity too
            return 2**64 if limit > 0 else -(2**64)
        # decimals make value = unit / 10**decimals a rounded number: look at the units around, compare as drawn
        guess = self._near(limit)
        for unit in range(guess - 2, guess + 4) if up else range(guess + 3, guess - 3, -1):
            value = self.value(unit)
            if (value > limit if up else value < limit) or (value == limit and not is_open):
                return unit
        raise AssertionError("a unit within 2 of the limit must be beyond it")

    def _near(self, limit: float | int) -> int:
        """A unit within one of the limit."""
        if self.calendar is not None:
            limit = int(self.calendar.below(np.array([math.floor(limit)]))[0])
        scale: int = 10 ** (self.decimals or 0)
        if isinstance(limit, int) or limit.is_integer():  # a double near 2^63 divides to some hundred units off
            return (int(limit) * scale - self.offset) // self.step
        return math.floor((limit * scale - self.offset) / self.step)


def as_number(limit: Any, name: str) -> float | int | None:
    """A limit that a user wrote, whole where it is."""
    if limit is None:
        return None
    if isinstance(limit, np.integer):
        limit = int(limit)
    if isinstance(limit, int) and not isinstance(limit, bool):
        return limit if abs(limit) < 2**1000 else math.copysign(math.inf, limit > 0 or -1)
    if isinstance(limit, float | np.floating) and not math.isnan(limit):
        number = float(limit)
        return int(number) if number.is_integer() and abs(number) < EXACT else number
    raise ConditionError(f"column {name!r}: a condition on numbers needs numbers, got {type(limit).__name__}")


def find_lattice(values: Values, column: Column, calendar: Calendar | None = None) -> Lattice:
    """The largest units in which a column's distinct values (m,), ascending, are whole numbers.

    Args:
        calendar: the pattern to which the values keep, if they are days.
    """
    if column.kind == Kind.INTEGER:
        whole = values if calendar is None else np.unique(calendar.units(values))
        step, offset = _common_step(whole)
        return Lattice(Kind.INTEGER, step, offset=offset, calendar=calendar)
    greatest = float(np.abs(values[[0, -1]]).max()) if len(values) else 0.0
    decimals = _decimals_in(values) if column.decimals is None else column.decimals
    if decimals is None or decimals > MOST_DECIMALS or greatest >= EXACT / 10.0**decimals / 2:
        return Lattice(Kind.REAL)
    step, offset = _common_step(np.unique(Lattice(Kind.REAL, 1, decimals).units(values)))
    return Lattice(Kind.REAL, step, decimals, offset)


def _decimals_in(values: Values) -> int | None:
    """The decimals of doubles that are all whole numbers or hundredths, say; None if they have more, or are few."""
    enough = (np.array_equal(np.rint(values * 10.0**d) / 10.0**d, values) for d in range(FEW_DECIMALS + 1))
    return shared_decimals(enough, float(np.abs(values[[0, -1]]).max()) if len(values) else 0.0, len(values))


def shared_decimals(enough: Iterable[bool], greatest: float, n_values: int) -> int | None:
    """The first number of decimals that is enough for all values; None if none is, or these are few."""
    if n_values < STEP_VALUES or greatest > EXACT / 10.0**FEW_DECIMALS:
        return None
    return next((d for d, told in enumerate(enough) if told), None)


def held_by(dtype: str) -> tuple[float, float]:
    """The least and the greatest number that a stored type holds, as a double, or a little less."""
    whole = re.fullmatch(r"(U?)Int(\d+)", dtype)
    if whole:
        bits = min(int(whole[2]), 64) - (not whole[1])
        return (0.0 if whole[1] else -(2.0**bits), 2.0**bits - 1)
    decimal = re.fullmatch(r"Decimal\((\d+), (\d+)\)", dtype)
    most = 10.0 ** (int(decimal[1]) - int(decimal[2])) - 1 if decimal else 65504.0 if dtype == "Float16" else math.inf
    return -most, most


def _common_step(units: npt.NDArray[np.int64]) -> tuple[int, int]:
    """The greatest common divisor of the differences of ascending units, and where they then stand; steps of 1 if too
    few distinct values share it for it to be the column's and not theirs."""
    if len(units) < STEP_VALUES:
        return 1, 0
    with np.errstate(over="ignore"):
        divisor = int(np.gcd.reduce((units[1:] - units[:-1]).view(np.uint64)))
    return (divisor, int(units[0]) % divisor) if 1 < divisor < INT64.max // 4 else (1, 0)
