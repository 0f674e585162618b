"""How the values of one key column are made: new keys of the form of the real ones, positions within a group, or
values that are drawn as any others are and moved apart where a key would come twice.

Legend: n rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import CodecOptions, State, take_value
from likewise.codecs.ids import IdCodec, summarise_ids
from likewise.errors import ModelFileError
from likewise.schema.column import Column, Kind, Role
from likewise.typing import Ints

SURE = 0.995
OWN = 0.5
"""A column of so many different values a row is a key of its own, and not something that is told of the row."""
LISTED = 20
"""Levels from which a type that lists them, as categories of pandas do, has a key's values and no states."""
LIMITS: dict[pl.DataType, tuple[int, int]] = {
    t(): (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    for t, bits, signed in (
        (pl.Int8, 8, True), (pl.Int16, 16, True), (pl.Int32, 32, True), (pl.Int64, 63, True),
        (pl.UInt8, 8, False), (pl.UInt16, 16, False), (pl.UInt32, 32, False), (pl.UInt64, 63, False),
        (pl.Float32, 24, True), (pl.Float64, 53, True),
    )
}  # fmt: skip
"""What a key of a type may be; of the widest, what fits int64 beside a count of rows."""


@dataclass(frozen=True)
class Fresh:
    """Keys that no row has had.

    Args:
        codec: what texts are made by; None for numbers.
        start: the first number: the round one above all real ones, else where most numbers are free.
        room: how many numbers from there on are free.
        gap: mean step from a number to the next.
        missing_share: of the rows without a key.
        folds: whether no two texts were one but for their case, so that none are that are made.
    """

    codec: IdCodec | None
    start: int = 1
    room: int = 2**62
    gap: float = 1.0
    missing_share: float = 0.0
    folds: bool = False

    @classmethod
    def of(cls, series: pl.Series, whose: Ints | None = None) -> Self:
        """Learn it from a column of keys.

        Args:
            whose: (n,) the person of each row; None counts rows behind a form.
        """
        known = _finite(series)
        missing = series.null_count() / max(1, len(series))
        if not _whole(known):
            texts = series.cast(pl.String, strict=False) if series.dtype != pl.Binary else series.bin.encode("hex")
            there = (texts != "").fill_null(False)
            persons = None if whose is None else pl.Series(whose).filter(there)
            summary = summarise_ids(texts.filter(there), persons)
            column = Column(name=series.name, kind=Kind.ID, role=Role.ID)
            there = texts.filter(there)
            apart = _folded(there).n_unique() == there.n_unique()
            return cls(IdCodec.from_summary(summary, column, CodecOptions()), missing_share=missing, folds=apart)
        if known.is_empty():
            return cls(None, missing_share=missing)
        start, room = _free(known.unique().sort(), _limits(series.dtype))
        low, high = int(known.min()), int(known.max())  # type: ignore[arg-type]
        gap = (high - low) / max(1, known.n_unique() - 1)
        return cls(None, start, room, max(1.0, gap if gap > 1.05 else 1.0), missing)

    def make(self, n: int, dtype: pl.DataType, rng: np.random.Generator) -> pl.Series:
        """(n,) different keys of that type."""
        if self.codec is None:
            return pl.Series(self._numbers(n, dtype, rng)).cast(dtype)
        texts = self.codec.made_where(np.ones(n, bool), rng)
        for more in (2, 4, 8) if self.folds else ():
            if _folded(texts).n_unique() == len(texts):
                break
            many = self.codec.made_where(np.ones(more * n, bool), rng)
            if len(kept := many.filter(_folded(many).is_first_distinct())) >= n:
                texts = kept.head(n)
        return texts.cast(pl.Binary if dtype == pl.Binary else dtype, strict=False)

    def _numbers(self, n: int, dtype: pl.DataType, rng: np.random.Generator) -> Ints:
        if n > self.room:  # so narrow a type has no room for new ones alone
            return np.arange(n) + (1 if n <= _limits(dtype)[1] else _limits(dtype)[0])
        gap = min(self.gap, self.room / (2 * max(n, 1)))
        steps = rng.geometric(1 / gap, n) if gap > 1 else np.ones(n, np.int64)
        upto = np.cumsum(steps) - steps[:1].sum()
        return self.start + (upto if not n or upto[-1] < self.room else np.arange(n))

    def to_state(self) -> State:
        """A JSON-able dict and arrays."""
        data: dict[str, Any] = {"how": "fresh", "missing_share": self.missing_share}
        if self.codec is None:
            return data | {"start": self.start, "room": self.room, "gap": self.gap}, {}
        inner, arrays = self.codec.to_state()
        return data | {"codec": inner, "name": self.codec.name, "folds": self.folds}, arrays


@dataclass(frozen=True)
class Position:
    """first, first + step, ... in the order of the rows of a group, which share the other columns of the key."""

    first: int
    step: int

    def to_state(self) -> State:
        """A JSON-able dict and arrays."""
        return {"how": "position", "first": self.first, "step": self.step}, {}


@dataclass(frozen=True)
class Drawn:
    """A value as any other, learnt and drawn; `step` lies between two that are next to each other.

    Args:
        step: of numbers and times, as whole numbers; 0 of all else.
        spare: what stands in for a text that came twice; None where there are only levels.
    """

    step: int = 0
    spare: Fresh | None = None

    @classmethod
    def of(cls, series: pl.Series, whose: Ints | None = None) -> Self:
        """Learn it from a column; `whose` as `Fresh.of` takes it."""
        known = _finite(series)
        if not (_whole(known) or known.dtype.is_temporal()):
            numbers = known.dtype.is_numeric() or known.dtype == pl.Boolean
            numbers |= isinstance(known.dtype, pl.Enum)
            return cls(spare=None if numbers or known.n_unique() < OWN * len(known) else Fresh.of(series, whose))
        ticks = known.to_physical().cast(pl.Int64).unique().sort().to_numpy()
        return cls(int(np.gcd.reduce(np.diff(ticks))) or 1 if len(ticks) > 1 else 1)

    def to_state(self) -> State:
        """A JSON-able dict and arrays."""
        data: dict[str, Any] = {"how": "drawn", "step": self.step}
        if self.spare is None:
            return data, {}
        inner, arrays = self.spare.to_state()
        return data | {"spare": inner}, arrays


Maker = Fresh | Position | Drawn


def maker_of(
    series: pl.Series, rest: pl.DataFrame | None, *, may_count: bool = True, whose: Ints | None = None
) -> Maker:  # fmt: skip
    """How a key column that copies no other is made.

    Args:
        series: (n,) the real column.
        rest: (n, ...) the other columns of its key; None: no two rows may share the column alone.
        may_count: whether it may be a position: one column of a key is.
        whose: (n,) the person of each row; None counts rows.
    """
    told = series.dtype.is_temporal() or series.dtype == pl.Boolean
    told |= isinstance(series.dtype, pl.Enum) and (rest is not None or len(series.dtype.categories) < LISTED)
    if told or (_is_number(series) and not _whole(series)):
        return Drawn.of(series, whose)
    if rest is None:
        return Fresh.of(series, whose)
    if may_count and (found := _position(series, rest)) is not None:
        return found
    return (Fresh if series.n_unique() > OWN * len(series) else Drawn).of(series, whose)


def _position(series: pl.Series, rest: pl.DataFrame) -> Position | None:
    if not _whole(series) or not len(series) or len(_finite(series)) < len(series):
        return None
    names = [f"rest{i}" for i in range(rest.width)]
    frame = rest.rename(dict(zip(rest.columns, names, strict=True))).with_columns(value=series.cast(pl.Int64))
    frame = frame.sort("value").with_columns(rank=pl.int_range(pl.len()).over(names))
    first = int(frame.filter(rank=0)["value"].mode().min())  # type: ignore[arg-type]
    later = frame.filter(pl.col("rank") > 0)
    step = int(later.filter(rank=1)["value"].mode().min()) - first if len(later) else 0  # type: ignore[arg-type]
    if step <= 0 or abs(first) > 2**31 or step > 2**31:
        return None
    fits = frame.select((pl.col("value") == first + pl.col("rank") * step).mean()).item()
    return Position(first, step) if fits >= SURE and (len(later) >= 10 or fits == 1) else None


def _folded(texts: pl.Series) -> pl.Series:
    return texts.str.to_lowercase().str.strip_chars_end(" ")


def _is_number(series: pl.Series) -> bool:
    return series.dtype.is_numeric()


def _whole(series: pl.Series) -> bool:
    """Whether it holds whole numbers, however they are stored."""
    known = _finite(series)
    return bool(series.dtype.is_integer() or (series.dtype.is_numeric() and (known == known.round(0)).all()))


def _finite(series: pl.Series) -> pl.Series:
    known = series.drop_nulls()
    return known.filter(known.is_finite()) if known.dtype.is_float() else known


def _limits(dtype: pl.DataType) -> tuple[int, int]:
    if isinstance(dtype, pl.Decimal):
        most = min(10 ** ((dtype.precision or 38) - dtype.scale) - 1, 2**62)
        return -most, most
    return LIMITS.get(dtype, (-(2**62), 2**62))


def _free(keys: pl.Series, limits: tuple[int, int]) -> tuple[int, int]:
    """Where new numbers start, and how many are free from there on."""
    least, greatest = int(keys[0]), int(keys[-1])
    above = 10 ** len(str(max(greatest, 0)))
    if limits[1] - above > max(10 * len(keys), 1_000):
        return above, limits[1] - above
    gaps = [(limits[1] - greatest, greatest), (least - max(limits[0], min(0, least)), max(limits[0], min(0, least)))]
    if len(keys) > 1:
        ticks = keys.to_numpy() if keys.dtype.is_integer() else keys.cast(pl.Int64).to_numpy()
        at = int(np.diff(ticks.astype(np.uint64)).argmax())  # so wide a gap overflows int64, but not what wraps around
        gaps.append((int(ticks[at + 1]) - int(ticks[at]), int(ticks[at])))
    gap, before = max(gaps)
    return before + 1, min(max(0, gap - 1), max(0, 2**63 - 1 - before))


# ---- state -----------------------------------------------------------------------------------------------------------


def maker_from(data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Maker:
    """The inverse of `to_state`.

    Raises:
        ModelFileError: it is no maker of keys.
    """
    how = take_value(data, "how", str)
    if how == "position":
        return Position(*(_small(data, name) for name in ("first", "step")))
    if how == "drawn":
        inner = take_value({"spare": None, **data}, "spare", dict, type(None))
        spare = None if inner is None else maker_from(inner, arrays)
        if spare is not None and not isinstance(spare, Fresh):
            raise ModelFileError("keys: what stands in for a text must be a new one")
        return Drawn(_small(data, "step"), spare)
    if how != "fresh":
        raise ModelFileError("keys: there is no such way to make them")
    share = float(take_value(data, "missing_share", float, int))
    if not 0 <= share <= 1:
        raise ModelFileError("keys: the share that is missing must lie in [0, 1]")
    if "codec" in data:
        inner, folds = take_value(data, "codec", dict), take_value({"folds": False, **data}, "folds", bool)
        codec = IdCodec.from_state({**inner, "name": take_value(data, "name", str)}, arrays)
        return Fresh(codec, missing_share=share, folds=folds)
    gap = float(take_value(data, "gap", float, int))
    start, room = _small(data, "start"), _small(data, "room")
    if not 1 <= gap <= 2**63 or room < 0 or start + room > 2**63:
        raise ModelFileError("keys: numbers count on as none do")
    return Fresh(None, start, room, gap, share)


def _small(data: Mapping[str, Any], name: str) -> int:
    value: int = take_value(data, name, int)
    if abs(value) > 2**63:
        raise ModelFileError(f"keys: {name!r} is beyond all whole numbers")
    return value
