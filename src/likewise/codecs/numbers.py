"""Numbers: integers, and reals with or without a known number of decimals.

Integers, and reals whose decimals are known, are coded on a lattice of int64 units, so nothing is lost through
floating point and every draw has the column's own step; other reals as float64.

Legend: n rows, m distinct values, K codes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Field
from likewise.codecs.binning import build
from likewise.codecs.column import (
    CodecOptions,
    ColumnCodec,
    Encoded,
    Narrowed,
    State,
    take_array,
    take_value,
    with_nulls,
)
from likewise.codecs.holders import Crowd, Holders, merged
from likewise.codecs.pieces import Pieces, Values
from likewise.conditions import Between, Missing, OneOf
from likewise.errors import ConditionError, InputError, ModelFileError, SchemaError
from likewise.schema.column import Column, Kind

STEP_VALUES = 10  # distinct values that must share a divisor before it is taken for the column's step
EXACT = 2.0**53  # beyond this float64 skips integers
MOST_DECIMALS = 15  # a double has no more
INT64 = np.iinfo(np.int64)


@dataclass(frozen=True)
class NumberSummary:
    """All distinct values and how many rows carry each: exact, so chunks add up to the whole.

    Args:
        values: (m,) int64 or float64, ascending.
        counts: (m,) int64.
        missing: rows without a value.
        holders: who has which value, where people are counted.
    """

    values: Values
    counts: npt.NDArray[np.int64]
    missing: int
    holders: Holders | None = None

    def merge(self, other: Self) -> Self:
        values, inverse = np.unique(np.concatenate([self.values, other.values]), return_inverse=True)
        counts = np.bincount(inverse, weights=np.concatenate([self.counts, other.counts]), minlength=len(values))
        whose = merged(self.holders, other.holders)
        return type(self)(values, counts.astype(np.int64), self.missing + other.missing, whose)


def summarise_numbers(series: pl.Series, kind: Kind, persons: pl.Series | None = None) -> NumberSummary:
    """The summary of one canonical column (or chunk of it).

    Args:
        persons: whose each row is; None makes each row its own.

    Raises:
        InputError: a value is infinite.
    """
    every, missing = _to_numpy(series, kind)
    values, counts = np.unique(every[~missing], return_counts=True)
    whose = Holders.of(with_nulls(pl.Series(every), missing), persons)
    return NumberSummary(values, counts.astype(np.int64), int(missing.sum()), whose)


def _to_numpy(series: pl.Series, kind: Kind) -> tuple[Values, npt.NDArray[np.bool_]]:
    """(n,) values, any number where missing, and (n,) whether missing. NaN is missing; -0.0 is 0."""
    wanted = pl.Int64 if kind == Kind.INTEGER else pl.Float64
    series = series if series.dtype == wanted else series.cast(wanted)
    missing = series.is_null().to_numpy()
    values: Values = series.fill_null(0).to_numpy()
    if kind == Kind.INTEGER:
        return values, missing
    missing = missing | np.isnan(values)
    values = np.where(missing, 0.0, values) + 0.0
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise InputError(f"column {series.name!r}: {infinite} values are infinite; make them missing or finite numbers")
    return values, missing


@dataclass(frozen=True)
class Lattice:
    """Value = unit * step / 10**decimals for int64 units; the identity for floats (`decimals` None)."""

    kind: Kind
    step: int = 1
    decimals: int | None = None

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
        if self.step == 1:
            return values.astype(np.int64)
        down = values // self.step
        nearest: Values = down + (values - down * self.step > self.step // 2)
        return nearest

    def values(self, units: Values) -> Values:
        if not self.is_exact:
            return units
        whole = units * self.step
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

    def limits(self, between: Between, name: str) -> tuple[Any, Any]:
        """The least and greatest unit whose value lies in the range; None where it is open."""
        low, high = _number(between.low, name), _number(between.high, name)
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
        scale = 10 ** (self.decimals or 0)
        if abs(limit) > 2.0**64:  # beyond every unit, infinity too
            return 2**64 if limit > 0 else -(2**64)
        # decimals make value = unit / 10**decimals a rounded number: look at the units around, compare as drawn
        guess = (limit * scale) // self.step if isinstance(limit, int) else math.floor(limit * scale / self.step)
        for unit in range(int(guess) - 2, int(guess) + 4) if up else range(int(guess) + 3, int(guess) - 3, -1):
            value = unit * self.step if self.decimals is None else unit * self.step / 10.0**self.decimals
            if (value > limit if up else value < limit) or (value == limit and not is_open):
                return unit
        raise AssertionError("a unit within 2 of the limit must be beyond it")


def _number(limit: Any, name: str) -> float | int | None:
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


def find_lattice(summary: NumberSummary, column: Column) -> Lattice:
    """Units in which the column's values are whole numbers, the largest that fit."""
    if column.kind == Kind.INTEGER:
        return Lattice(Kind.INTEGER, _common_step(summary.values))
    greatest = float(np.abs(summary.values[[0, -1]]).max()) if len(summary.values) else 0.0
    if column.decimals is None or column.decimals > MOST_DECIMALS or greatest >= EXACT / 10.0**column.decimals / 2:
        return Lattice(Kind.REAL)
    fine = Lattice(Kind.REAL, 1, column.decimals)
    return Lattice(Kind.REAL, _common_step(np.unique(fine.units(summary.values))), column.decimals)


def _common_step(units: npt.NDArray[np.int64]) -> int:
    """The greatest common divisor, if enough distinct values share it for it to be the column's and not theirs."""
    if len(units) < STEP_VALUES:
        return 1
    divisor = int(np.gcd.reduce(units))
    return divisor if 0 < divisor < INT64.max // 4 else 1


@dataclass(frozen=True)
class NumberCodec(ColumnCodec):
    """A number as a code (atom or bin, then missing) and a fraction within it.

    Args:
        name: the column's.
        lattice: the units of `pieces`.
        pieces: the quantile function; None when no row has a value.
        has_missing: whether the last code is missing.
    """

    kind: ClassVar[str] = "number"
    name: str
    lattice: Lattice
    pieces: Pieces | None
    has_missing: bool

    @classmethod
    def from_summary(cls, summary: NumberSummary, column: Column, options: CodecOptions) -> Self:
        has_missing = summary.missing > 0 or not len(summary.values)
        lattice = find_lattice(summary, column)
        if not len(summary.values):
            return cls(column.name, lattice, None, True)
        units, counts = lattice.units(summary.values), summary.counts
        bounds = lattice.bounds(column)
        if bounds != (None, None):
            units = np.clip(units, bounds[0], bounds[1])
        units, inverse = np.unique(units, return_inverse=True)
        counts = np.bincount(inverse, weights=counts).astype(np.int64)
        whose = None if summary.holders is None else summary.holders.numbered(summary.values, inverse)
        pieces = build(
            units,
            Crowd.of(counts, whose, rows=options.rows),
            budget=options.max_bins - has_missing,
            rows=options.rows,
            atom_share=options.atom_share,
            bin_pieces=options.bin_pieces,
            bounds=bounds,
        )
        return cls(column.name, lattice, pieces, has_missing)

    @property
    def size(self) -> int:
        return (self.pieces.size if self.pieces else 0) + self.has_missing

    @property
    def _common(self) -> int:
        """The code that takes a missing value where none was ever seen: the one in the middle of the rows."""
        if self.pieces is None:
            return 0
        upto = np.cumsum(self.pieces.code_count)
        return int(np.searchsorted(upto, upto[-1] / 2))

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        if self.pieces is None:
            return (Field(size=1, positions=np.full(1, np.nan, np.float32), emit=np.ones(1, bool), missing=0),)
        count = self.pieces.code_count
        rank = (np.cumsum(count) - count / 2) / count.sum()
        positions = np.r_[rank, np.full(int(self.has_missing), np.nan)].astype(np.float32)
        fraction = 0 if self.pieces.needs_fraction else None
        emit = np.ones(self.size, bool)
        missing = self.size - 1 if self.has_missing else None
        return (Field(size=self.size, positions=positions, fraction=fraction, emit=emit, missing=missing),)

    def encode(self, series: pl.Series) -> Encoded:
        values, missing = _to_numpy(series, self.lattice.kind)
        if self.pieces is None:
            return Encoded(np.zeros((len(values), 1), np.uint8), np.zeros((len(values), 0), np.float32))
        code, fraction = self.pieces.encode(self.lattice.units(values))
        if missing.any():
            code = np.where(missing, self.size - 1 if self.has_missing else self._common, code)
            fraction = np.where(missing, np.float32(0.5), fraction)
        return Encoded(code[:, None], fraction[:, None] if self.pieces.needs_fraction else fraction[:, None][:, :0])

    def decode(
        self, codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating], rng: np.random.Generator
    ) -> pl.Series:
        code = codes[:, 0]
        dtype = pl.Int64 if self.lattice.kind == Kind.INTEGER else pl.Float64
        if self.pieces is None or not len(self.pieces.first):
            return pl.Series(self.name, [None], dtype=dtype).new_from_index(0, len(code))
        fraction = fractions[:, 0] if fractions.shape[1] else np.full(len(code), 0.5)
        values = self.lattice.values(self.pieces.decode(code, fraction))
        series = pl.Series(self.name, values, dtype=dtype)
        return with_nulls(series, code == self.size - 1) if self.has_missing else series

    def narrow(self, condition: object) -> Narrowed:
        weights, codec = self.narrow_numbers(condition)
        return Narrowed((weights,), codec)

    def narrow_numbers(self, condition: object) -> tuple[npt.NDArray[np.float64], Self]:
        """The weights of its one field, and the codec that draws nothing else."""
        if isinstance(condition, Missing):
            if not self.has_missing:
                raise ConditionError(f"column {self.name!r}: no value is missing, so none can be drawn missing")
            weights = np.zeros(self.size)
            weights[-1] = 1
            return weights, self
        if self.pieces is None:
            raise ConditionError(f"column {self.name!r}: all values are missing, so no other can be drawn")
        if isinstance(condition, Between):
            low, high = self.lattice.limits(condition, self.name)
            narrowed = self.pieces.between(low, high)
        elif isinstance(condition, OneOf):
            narrowed = self.pieces.one_of(self._exact_units(condition))
        else:
            raise ConditionError(f"column {self.name!r}: cannot use a {type(condition).__name__} on numbers")
        if not len(narrowed.first):
            ends = self.lattice.values(np.array([self.pieces.first[0], self.pieces.last[-1]]))
            raise ConditionError(
                f"column {self.name!r}: no value that can be drawn lies in the range or set asked for; "
                f"draws lie in {ends[0].item()!r} .. {ends[1].item()!r}"
            )
        weights = np.zeros(self.size)
        weights[: self.pieces.size] = np.minimum(narrowed.code_count / self.pieces.code_count, 1.0)
        return weights, type(self)(self.name, self.lattice, narrowed, self.has_missing)

    def _exact_units(self, condition: OneOf) -> Values:
        """Units of those values of the set that the column's lattice can hold exactly."""
        asked = [_number(v, self.name) for v in condition.values if v is not None]
        if not self.lattice.is_exact:
            return np.array([float(v) for v in asked if v is not None], np.float64)
        units = [self.lattice.unit(value, False, up=True) for value in asked]
        down = [self.lattice.unit(value, False, up=False) for value in asked]
        held = [u for u, v in zip(units, down, strict=True) if u == v and u is not None and abs(u) <= INT64.max]
        return np.array(held, np.int64)

    def to_state(self) -> State:
        data: dict[str, Any] = {
            "kind": self.lattice.kind.value,
            "step": self.lattice.step,
            "decimals": self.lattice.decimals,
            "has_missing": self.has_missing,
            "size": self.pieces.size if self.pieces else 0,
        }
        if self.pieces is None:
            return data, {}
        p = self.pieces
        return data, {"first": p.first, "last": p.last, "code": p.code.astype(np.int32), "count": p.count}

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        name, size = take_value(data, "name", str), take_value(data, "size", int)
        try:
            kind = Kind(take_value(data, "kind", str))
        except ValueError as error:
            raise ModelFileError(f"codec of column {name!r}: unknown kind of number") from error
        decimals = take_value(data, "decimals", int, type(None))
        lattice = Lattice(kind, take_value(data, "step", int), decimals)
        if kind not in (Kind.INTEGER, Kind.REAL) or lattice.step < 1 or not 0 <= (decimals or 0) <= MOST_DECIMALS:
            raise ModelFileError(f"codec of column {name!r}: kind, step or decimals are not those of numbers")
        has_missing = take_value(data, "has_missing", bool)
        if size == 0:
            return cls(name, lattice, None, has_missing)
        dtype = "i" if lattice.is_exact else "f"
        first = take_array(arrays, "first", dtype)
        n = len(first)
        last, code = take_array(arrays, "last", dtype, length=n), take_array(arrays, "code", "iu", length=n)
        count = take_array(arrays, "count", "f", length=n)
        wanted = np.int64 if lattice.is_exact else np.float64
        pieces = Pieces(first.astype(wanted), last.astype(wanted), code.astype(np.int64), count.astype(float), size)
        _check_pieces(pieces, name)
        if lattice.is_exact and max(abs(int(first[0])), abs(int(last[-1]))) * lattice.step > 2**63:
            raise ModelFileError(f"codec of column {name!r}: its step leads beyond 64 bits")
        return cls(name, lattice, pieces, has_missing)


def _check_pieces(pieces: Pieces, name: str) -> None:
    """Refuse pieces that no fit could have made: decoding trusts their order."""
    steps = np.diff(pieces.code)
    if (
        not len(pieces.first)
        or not np.isfinite(pieces.count).all()
        or (pieces.count <= 0).any()
        or not np.isfinite(pieces.first).all()
        or not np.isfinite(pieces.last).all()
        or (pieces.last < pieces.first).any()
        or (pieces.first[1:] < pieces.last[:-1]).any()
        or pieces.code[0] != 0
        or pieces.code[-1] != pieces.size - 1
        or ((steps != 0) & (steps != 1)).any()
    ):
        raise ModelFileError(f"codec of column {name!r}: the pieces of its numbers contradict each other")
