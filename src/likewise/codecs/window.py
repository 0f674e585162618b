"""Windows of time series as codes: values as fractions, channel by channel, and where a value is missing.

Legend: n windows, T steps, C channels as they came, L channels as they are learnt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import BELOW_ONE, Alphabet, Codes, WindowShape
from likewise.codecs.column import State, take_value
from likewise.codecs.table import Narrowing
from likewise.errors import ConditionError, InputError, ModelFileError
from likewise.schema.column import Schema
from likewise.series.sets import LARGEST, MOST_SIDE, WindowSet

Floats = npt.NDArray[np.float64]

HELD_BY = 5
"""Holders that a level must have; the ends of a channel are those of the fifth to the ninth least and greatest."""

MANY_SERIES = 20
"""Series from which on these hold values, and not their moments."""

MOST_LEVELS = 32
"""Different values of a channel which is then held to them."""

MOST_DECIMALS = 6


@dataclass(frozen=True, kw_only=True)
class Channel:
    """What is known of a channel.

    Args:
        low, high: its ends; equal where it is constant.
        decimals: to which its values are rounded; None where they are not.
        levels: its values where they are few: one of them is drawn.
        missing: whether some of its values are missing, or all of them.
        like: the channel that it equals at every step, by number; None where it equals none before it.
    """

    low: float
    high: float
    decimals: int | None = None
    levels: tuple[float, ...] = ()
    missing: bool = False
    like: int | None = None

    @property
    def is_learnt(self) -> bool:
        """Whether its values say anything."""
        return self.low < self.high and self.like is None

    @property
    def is_gone(self) -> bool:
        """Whether no value of it is known."""
        return math.isnan(self.low)

    @property
    def has_mask(self) -> bool:
        """Whether it is learnt where it is missing."""
        return self.missing and not self.is_gone and self.like is None


@dataclass(frozen=True)
class WindowCodec:
    """Turns windows of one shape into codes and back.

    A channel lies between protected ends: the mean of the least and greatest values of the fifth to the ninth series,
    or, of few series, moments: a moment stands in as many windows as there are steps, and counts once. One
    that is constant, or equals another at every step, is not learnt. Where values are missing a channel of its own says
    so, and they are filled with the last one known, for a net needs numbers.

    Args:
        n_steps: T.
        dtype: of the values, as they came and go out.
        names: of the channels; None where they have none.
        channels: what is known of each.

    Example:
        >>> heights = np.arange(0.0, 100.0, 0.5).reshape(25, 4, 2)
        >>> codec = WindowCodec.fit(WindowSet(heights))
        >>> codes = codec.encode(WindowSet(heights))
        >>> codes.fractions.shape, codec.alphabet.image
        ((25, 8), WindowShape(channels=2, steps=4))
        >>> bool((codec.decode(codes).x[9:-9] == heights[9:-9]).all())
        True
    """

    what: ClassVar[str] = "windows"
    n_steps: int
    dtype: np.dtype[Any]
    names: tuple[str, ...] | None
    channels: tuple[Channel, ...]

    @classmethod
    def fit(cls, windows: WindowSet) -> Self:
        """The codec of these windows.

        Raises:
            InputError: every channel is constant, so that there is nothing to learn.
        """
        x, holders, dtype = windows.x.astype(np.float64), holders_of(windows), windows.x.dtype
        # Of this machine's order of bytes, and of 8 at most: others are not read everywhere.
        dtype = np.dtype(np.float64) if dtype.itemsize > 8 else dtype.newbyteorder("=")
        found: list[Channel] = []
        for c in range(windows.n_channels):
            own = (i for i in range(c) if found[i].like is None)
            twins = (i for i in own if np.array_equal(x[..., i], x[..., c], equal_nan=True))
            found.append(_channel(x[..., c], holders, next(twins, None), dtype))
        made = cls(windows.n_steps, dtype, windows.channels, tuple(found))
        if not made.alphabet.image or not made.alphabet.image.channels:
            raise InputError("every channel is constant or missing, so there is nothing to learn")
        return made

    @property
    def schema(self) -> Schema:
        """What conditions may be put on: nothing."""
        return Schema(())

    @property
    def alphabet(self) -> Alphabet:
        width = sum(c.is_learnt for c in self.channels) + sum(c.has_mask for c in self.channels)
        return Alphabet((), WindowShape(width, self.n_steps))

    def encode(self, windows: WindowSet) -> Codes:
        """Codes of windows of this kind.

        Raises:
            InputError: their shape or the channels' names are others.
        """
        mine = self.n_steps, len(self.channels)
        if windows.x.shape[1:] != mine:
            raise InputError(f"windows must have {mine[0]} steps and {mine[1]} channels, got {windows.x.shape[1:]}")
        if windows.channels is not None and self.names is not None and windows.channels != self.names:
            raise InputError("the channels have other names, or another order, than those learnt from")
        x = windows.x.astype(np.float64)
        missing = np.isnan(x)
        parts = [
            np.nan_to_num((filled(x[..., i], (c.low + c.high) / 2) - c.low) / (c.high - c.low))
            for i, c in enumerate(self.channels)
            if c.is_learnt
        ] + [missing[..., i].astype(np.float64) for i, c in enumerate(self.channels) if c.has_mask]
        fractions = np.concatenate(parts, 1).clip(0.0, float(BELOW_ONE)).astype(np.float32)
        return Codes(np.zeros((len(x), 0), np.uint8), fractions)

    def decode(self, codes: Codes) -> WindowSet:
        """Windows of the type and shape that came, with the decimals of a channel, or its levels where they are few."""
        n, steps = len(codes), self.n_steps
        learnt = iter(np.split(codes.fractions.astype(np.float64), max(codes.fractions.shape[1] // steps, 1), axis=1))
        x = np.empty((n, steps, len(self.channels)))
        for i, channel in enumerate(self.channels):
            x[..., i] = channel.low
            if channel.is_learnt:
                x[..., i] = _as_written(next(learnt) * (channel.high - channel.low) + channel.low, channel)
        for i, channel in enumerate(self.channels):
            if channel.has_mask:
                x[..., i][next(learnt) >= 0.5] = np.nan
        for i, channel in enumerate(self.channels):
            if channel.like is not None:
                x[..., i] = x[..., channel.like]
        return WindowSet(x.astype(self.dtype), self.names)

    def condition(self, where: Mapping[str, Any]) -> Narrowing:
        """What conditions leave of the codes.

        Raises:
            ConditionError: there is one.
        """
        if where:
            raise ConditionError("windows have no labels, so no condition can be put on them")
        return Narrowing({}, {})

    # ---- state -------------------------------------------------------------------------------------------------------

    def to_state(self) -> State:
        """JSON-able dict, and no arrays."""
        channels = [
            {**asdict(c), "levels": list(c.levels), "low": _plain(c.low), "high": _plain(c.high)} for c in self.channels
        ]
        names = None if self.names is None else list(self.names)
        return {"n_steps": self.n_steps, "dtype": self.dtype.str, "names": names, "channels": channels}, {}

    @classmethod
    def from_state(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_state`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """
        steps, listed = take_value(data, "n_steps", int), take_value(data, "channels", list)
        names = take_value(data, "names", list, type(None))
        if not 2 <= steps < MOST_SIDE or not 1 <= len(listed) < MOST_SIDE:
            raise ModelFileError("codec: windows must have steps and channels")
        if names is not None and not (
            all(isinstance(name, str) for name in names) and len(set(names)) == len(names) == len(listed)
        ):
            raise ModelFileError("codec: names must be those of the channels")
        text = take_value(data, "dtype", str)
        if text not in {np.dtype(kind).str for kind in ("f2", "f4", "f8", *_whole_types())}:
            raise ModelFileError("codec: the type of the values is not known")
        made = cls(steps, np.dtype(text), None if names is None else tuple(names), tuple(map(_channel_of, listed)))
        for i, channel in enumerate(made.channels):
            if channel.like is not None and (not 0 <= channel.like < i or made.channels[channel.like].like is not None):
                raise ModelFileError("codec: a channel must be like one before it")
        if not made.alphabet.n_fractions:
            raise ModelFileError("codec: no channel is learnt")
        return made


def _whole_types() -> Iterable[str]:
    return (f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8))


def holders_of(windows: WindowSet) -> npt.NDArray[np.int64]:
    """(n, T) whose each value is: its series', or, where these are few, its moment's, in whatever windows it stands.

    Example:
        >>> series = np.arange(40.0)[:, None]
        >>> holders_of(WindowSet(np.stack([series[i : i + 3] for i in range(30)])))[:2].tolist()
        [[0, 1, 2], [1, 2, 3]]
    """
    series, starts = windows.origins.T
    moment = starts[:, None] + np.arange(windows.n_steps)
    number = np.unique(series, return_inverse=True)[1]
    if number.max(initial=0) + 1 >= MANY_SERIES:
        return np.broadcast_to(number[:, None], moment.shape)
    return np.asarray(number[:, None] * (int(moment.max()) + 1) + moment - int(moment.min()))


def _channel(x: Floats, holders: npt.NDArray[np.int64], like: int | None, dtype: np.dtype[Any]) -> Channel:
    """What is known of one channel. Shape: (n, T)."""
    known = x[~np.isnan(x)]
    missing = known.size < x.size
    own = pl.DataFrame({"who": holders[~np.isnan(x)], "value": known})
    if missing and own["who"].n_unique() < HELD_BY:  # what so few hold is theirs alone
        return Channel(low=math.nan, high=math.nan, missing=True, like=like)
    ends = own.group_by("who").agg(low=pl.col("value").min(), high=pl.col("value").max())
    low, high = _protected(ends["low"].to_numpy()), -_protected(-ends["high"].to_numpy())
    levels = np.unique(known)
    few: tuple[float, ...] = ()
    if len(levels) <= MOST_LEVELS:
        held = own.group_by("value").agg(pl.col("who").n_unique()).filter(pl.col("who") >= HELD_BY)
        few = tuple(sorted(held["value"].to_list()))
        if few:
            low, high = few[0], few[-1]
    # In the type that came: in one of single precision 0.1 is not the nearest number to 0.1.
    decimals = next(
        (d for d in range(MOST_DECIMALS + 1) if np.array_equal(np.round(known, d).astype(dtype), known)), None
    )  # fmt: skip
    if decimals is not None:
        low, high = float(np.round(low, decimals)), float(np.round(high, decimals))
    return Channel(low=low, high=high, decimals=decimals, levels=few, missing=missing, like=like)


def _protected(least: Floats) -> float:
    """The mean of the fifth to the ninth least; the middle where there are fewer."""
    if len(least) < 4 * HELD_BY:
        return float(np.median(least))
    return float(np.partition(least, range(2 * HELD_BY - 1))[HELD_BY - 1 : 2 * HELD_BY - 1].mean())


def _as_written(x: Floats, channel: Channel) -> Floats:
    """Values rounded, or one of the levels."""
    if channel.levels:
        levels = np.array(channel.levels)
        return np.asarray(levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, x)])
    return x if channel.decimals is None else np.round(x, channel.decimals)


def filled(x: Floats, otherwise: float) -> Floats:
    """Missing values as the last one known before them in their window, else the next one. Shape: (n, T) -> (n, T)."""
    known = ~np.isnan(x)
    if known.all():
        return x
    at = np.arange(x.shape[1])
    last = np.maximum.accumulate(np.where(known, at, -1), 1)
    coming = np.minimum.accumulate(np.where(known, at, x.shape[1])[:, ::-1], 1)[:, ::-1]
    place = np.where(last < 0, coming, last)
    taken = np.take_along_axis(x, place.clip(max=x.shape[1] - 1), 1)
    return np.where(np.isnan(taken), otherwise, taken)


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


def _channel_of(data: Any) -> Channel:
    """A channel of a model file."""
    if not isinstance(data, dict):
        raise ModelFileError("codec: a channel must be an object")
    low, high = (take_value(data, name, float, int, type(None)) for name in ("low", "high"))
    levels: Sequence[Any] = take_value(data, "levels", list)
    decimals = take_value(data, "decimals", int, type(None))
    like, missing = take_value(data, "like", int, type(None)), take_value(data, "missing", bool)
    numbers = [v for v in (low, high, *levels) if v is not None]
    if not all(isinstance(v, int | float) and abs(v) <= LARGEST for v in numbers) or (low is None) != (high is None):
        raise ModelFileError("codec: the ends and levels of a channel must be numbers")
    if (low is not None and low > high) or list(levels) != sorted(levels) or len(levels) > MOST_LEVELS:
        raise ModelFileError("codec: the ends and levels of a channel must be in order")
    if decimals is not None and not 0 <= decimals <= MOST_DECIMALS:
        raise ModelFileError("codec: decimals must be few")
    low, high = (math.nan if v is None else float(v) for v in (low, high))
    return Channel(
        low=low, high=high, decimals=decimals, levels=tuple(map(float, levels)), missing=missing, like=like
    )  # fmt: skip
