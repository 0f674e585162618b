"""Numbers: integers, and reals with or without a known number of decimals, on the units of `lattice.py`.

Legend: n rows, m distinct values, K codes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Field
from likewise.codecs.binning import build
from likewise.codecs.calendars import FAR, Calendar, find_calendar
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
from likewise.codecs.holders import At, Crowd, Holders, Persons, merged
from likewise.codecs.lattice import INT64, MOST_DECIMALS, Lattice, as_number, find_lattice
from likewise.codecs.pieces import Pieces, Values, tally
from likewise.codecs.tails import Reach
from likewise.conditions import Between, Missing, Not, OneOf
from likewise.errors import ConditionError, InputError, ModelFileError
from likewise.schema.column import Column, Kind
from likewise.schema.distinct import Distinct


@dataclass(frozen=True)
class NumberSummary:
    """All distinct values and how many rows carry each: exact, so chunks add up to the whole.

    Args:
        values: (m,) int64 or float64, ascending.
        counts: (m,) int64.
        missing: rows without a value.
        holders: who has which value, where people are counted.
        solid: (m,) which of the values stand for all rows that hold them, where the others are some rows, or the mean
            of neighbouring ones (`histograms.py`); None for all.
        units: in which the rows count, where the values are not all of them; None tells it from the values.
    """

    values: Values
    counts: npt.NDArray[np.int64]
    missing: int
    holders: Holders | None = None
    solid: npt.NDArray[np.bool_] | None = None
    units: Lattice | None = None

    def lattice(self, column: Column, calendar: Calendar | None = None) -> Lattice:
        """The units in which a column counts; see `find_lattice`."""
        return find_lattice(self.values, column, calendar) if self.units is None or calendar is not None else self.units

    def merge(self, other: Self) -> Self:
        values, inverse = np.unique(np.concatenate([self.values, other.values]), return_inverse=True)
        counts = np.bincount(inverse, weights=np.concatenate([self.counts, other.counts]), minlength=len(values))
        whose = merged(self.holders, other.holders)
        return type(self)(values, counts.astype(np.int64), self.missing + other.missing, whose)

    def calendar(self, *, rows: int) -> Calendar | None:
        """The pattern of the week or month to which the values, being days, keep; see `find_calendar`. None where some
        are not known."""
        if self.solid is not None and not self.solid.all():
            return None

        def rows_of(place: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.float64]:
            if self.holders is None:
                return tally(place, self.counts, size)
            return np.bincount(self.holders.numbered(self.values, place)[0], minlength=size).astype(np.float64)

        return find_calendar(self.values, rows_of, rows=rows)


def summarise_numbers(
    series: pl.Series, kind: Kind, persons: pl.Series | Persons | None = None, at: At | None = None,
    rows: npt.NDArray[np.int64] | None = None,
) -> NumberSummary:  # fmt: skip
    """The summary of one canonical column (or chunk of it).

    Args:
        persons: whose each row is; None makes each row its own.
        at: (rows,) which of the values each row holds; None where each is a row's.
        rows: in place of that, how many rows hold each value.

    Raises:
        InputError: a value is infinite.
    """
    every, missing = to_numpy(series, kind)
    if at is not None or rows is not None:
        rows = np.bincount(at, minlength=len(every)) if rows is None else rows  # type: ignore[arg-type]
        held = ~missing & (rows > 0)
        values, place = np.unique(every[held], return_inverse=True)
        counts = np.bincount(place, weights=rows[held], minlength=len(values))
        known = with_nulls(pl.Series(every), ~held)
        holders = Holders.spread(known, at, persons) if isinstance(persons, Persons) and at is not None else None
        return NumberSummary(values, counts.astype(np.int64), int(rows[missing].sum()), holders)
    values, counts = np.unique(every[~missing], return_counts=True)
    whose = Holders.of(with_nulls(pl.Series(every), missing), persons)
    return NumberSummary(values, counts.astype(np.int64), int(missing.sum()), whose)


def to_numpy(series: pl.Series, kind: Kind) -> tuple[Values, npt.NDArray[np.bool_]]:
    """(n,) values, any number where missing, and (n,) whether missing. NaN is missing; -0.0 is 0."""
    wanted = pl.Int64 if kind == Kind.INTEGER else pl.Float64
    series = series if series.dtype == wanted else series.cast(wanted)
    full = series.null_count() == 0
    missing = np.zeros(len(series), bool) if full else series.is_null().to_numpy()
    values: Values = (series if full else series.fill_null(0)).to_numpy()
    if kind == Kind.INTEGER:
        return values, missing
    missing = missing | np.isnan(values)
    values = np.where(missing, 0.0, values) + 0.0
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise InputError(f"column {series.name!r}: {infinite} values are infinite; make them missing or finite numbers")
    return values, missing


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
        lattice = summary.lattice(column)
        return cls.on(lattice, summary, column, options, reach=lattice.reach(column))

    @classmethod
    def on(
        cls,
        lattice: Lattice,
        summary: NumberSummary,
        column: Column,
        options: CodecOptions,
        domain: tuple[int, int] | None = None,
        reach: Reach | None = None,
    ) -> Self:
        """The codec of a column that counts in these units.

        Args:
            domain: the least and the greatest value that there can be; None for any.
            reach: how far tails may be drawn; None for no tails.
        """
        has_missing = summary.missing > 0 or not len(summary.values)
        if not len(summary.values):
            return cls(column.name, lattice, None, True)
        units, counts = lattice.units(summary.values), summary.counts
        bounds = lattice.bounds(column)
        if bounds != (None, None):
            units = np.clip(units, bounds[0], bounds[1])
        units, inverse = np.unique(units, return_inverse=True)
        counts = np.bincount(inverse, weights=counts).astype(np.int64)
        whose = None if summary.holders is None else summary.holders.numbered(summary.values, inverse)
        crowd = Crowd.of(counts, whose, rows=options.rows)
        if summary.solid is not None:  # of the others it is not known how many have them: they are not kept as they are
            held = tally(inverse, np.where(summary.solid, summary.counts, 0), len(units))
            crowd = replace(crowd, people=held.astype(np.int64))
        pieces = build(
            units,
            crowd,
            budget=options.max_bins - has_missing,
            rows=options.rows,
            atom_share=options.atom_share,
            bin_pieces=options.bin_pieces,
            bounds=bounds,
            domain=(None, None)
            if domain is None
            else (lattice.unit(domain[0], False, up=True), lattice.unit(domain[1], False, up=False)),
            reach=None if reach is None else replace(reach, declared=bounds),
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
        values, missing = to_numpy(series, self.lattice.kind)
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

    def decode_few(
        self, codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating], rng: np.random.Generator
    ) -> pl.Series | Distinct:
        if fractions.shape[1] or self.size > len(codes):
            return self.decode(codes, fractions, rng)
        each = self.decode(np.arange(self.size)[:, None], np.zeros((self.size, 0)), rng)
        return Distinct.numbered(each, pl.Series(codes[:, 0]))

    def draws(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """(n,) which values can be drawn."""
        if self.pieces is None or not len(self.pieces.first):
            return np.zeros(len(values), bool)
        units = self.lattice.units(values)
        piece = np.maximum(np.searchsorted(self.pieces.first, units, side="right") - 1, 0)
        inside = (units >= self.pieces.first[piece]) & (units <= self.pieces.last[piece])
        return np.asarray(inside & (self.lattice.values(units) == values))

    def narrow(self, condition: object) -> Narrowed:
        weights, codec = self.narrow_numbers(condition)
        return Narrowed((weights,), codec)

    def narrow_numbers(
        self, condition: object, show: Callable[[int | float], str] = repr
    ) -> tuple[npt.NDArray[np.float64], Self]:
        """The weights of its one field, and the codec that draws nothing else.

        Args:
            show: writes a number as the column's reader knows it.
        """
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
            n_asked, n_met = len(set(condition.values)), len(narrowed.first)
            if 0 < n_met < n_asked:
                raise ConditionError(
                    f"column {self.name!r}: {n_asked - n_met} of the {n_asked} values asked for cannot be drawn; "
                    f"{self._draws_lie(show)}"
                )
        elif isinstance(condition, Not):
            narrowed = self._without(condition.condition)
        else:
            raise ConditionError(f"column {self.name!r}: cannot use a {type(condition).__name__} on numbers")
        if not len(narrowed.first):
            raise ConditionError(
                f"column {self.name!r}: no value that can be drawn lies in the range or set asked for; "
                f"{self._draws_lie(show)}"
            )
        weights = np.zeros(self.size)
        weights[: self.pieces.size] = np.minimum(narrowed.code_count / self.pieces.code_count, 1.0)
        return weights, type(self)(self.name, self.lattice, narrowed, self.has_missing)

    def _draws_lie(self, show: Callable[[Any], str]) -> str:
        assert self.pieces is not None
        low, high = self.lattice.values(np.array([self.pieces.first[0], self.pieces.last[-1]])).tolist()
        return f"draws lie in {show(low)} .. {show(high)}"

    def _without(self, condition: Between | OneOf) -> Pieces:
        """What is left beside a range or a set: the stretches between."""
        assert self.pieces is not None
        if isinstance(condition, OneOf):
            cuts: list[tuple[Any, Any]] = [(unit, unit) for unit in np.unique(self._exact_units(condition)).tolist()]
        else:
            cuts = [self.lattice.limits(condition, self.name)]
        parts: list[tuple[Any, Any]] = []
        low, is_open = None, True
        for first, last in cuts:
            if first is not None:
                parts.append((low, self._beside(first, -1)))
            is_open = last is not None
            low = self._beside(last, 1) if is_open else None
        parts += [(low, None)] * is_open
        found = [self.pieces.between(*part) for part in parts]
        first, last, code, count = (
            np.concatenate([getattr(p, name) for p in found]) for name in ("first", "last", "code", "count")
        )
        return Pieces(first, last, code, count, self.pieces.size)

    def _beside(self, unit: Any, way: int) -> Any:
        return unit + way if self.lattice.is_exact else float(np.nextafter(unit, way * np.inf))

    def _exact_units(self, condition: OneOf) -> Values:
        """Units of those values of the set that the column's lattice can hold exactly."""
        asked = [as_number(v, self.name) for v in condition.values if v is not None]
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
            "offset": self.lattice.offset,
            "calendar": None if self.lattice.calendar is None else self.lattice.calendar.to_state(),
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
        since = {"offset": 0, "calendar": None, **data}  # files of the first versions have neither
        pattern = take_value(since, "calendar", dict, type(None))
        calendar = None if pattern is None else Calendar.from_state(pattern)
        lattice = Lattice(kind, take_value(data, "step", int), decimals, take_value(since, "offset", int), calendar)
        if (
            kind not in (Kind.INTEGER, Kind.REAL)
            or not 0 <= lattice.offset < lattice.step
            or not 0 <= (decimals or 0) <= MOST_DECIMALS
            or (calendar is not None and decimals is not None)
        ):
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
        most = 2**63 if calendar is None else FAR
        if lattice.is_exact and max(abs(int(first[0])), abs(int(last[-1]))) * lattice.step > most:
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
