"""Options of generators: each is declared with what it may be, beside its default, and held to it when one is made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from os import PathLike
from typing import Any

import numpy as np

from likewise.errors import OptionError

_RULE = "rule"

PRECISIONS = "auto", "bf16", "fp32"

MOST_DROPPED = 0.99
"""Share of units that may be dropped in training."""


@dataclass(frozen=True)
class _Number:
    kind: type[int] | type[float]
    low: float
    high: float
    ends: bool = True

    def __call__(self, name: str, value: Any) -> Any:
        fits = isinstance(value, int | np.integer if self.kind is int else int | float | np.integer | np.floating)
        if not fits or isinstance(value, bool) or not _is_finite(value) or not self._holds(value):
            what = "a whole number" if self.kind is int else "a number"
            raise OptionError(f"{name} must be {what}{self._range}, got {value!r}")
        return self.kind(value)

    def _holds(self, value: float) -> bool:
        return self.low <= value <= self.high if self.ends else self.low < value < self.high

    @property
    def _range(self) -> str:
        if not self.ends:
            between = f" between {self.low:g} and {self.high:g}, both excluded"
            return f" above {self.low:g}" if self.high == math.inf else between
        return f" of {self.low} or more" if self.high == math.inf else f" in {self.low}..{self.high}"


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False


@dataclass(frozen=True)
class _Word:
    known: tuple[str, ...]

    def __call__(self, name: str, value: Any) -> Any:
        if not isinstance(value, str) or value not in self.known:
            raise OptionError(f"{name} must be one of {', '.join(self.known)}, got {value!r}")
        return value


def _flag(name: str, value: Any) -> Any:
    if not isinstance(value, bool):
        raise OptionError(f"{name} must be True or False, got {value!r}")
    return value


def _path(name: str, value: Any) -> Any:
    if not isinstance(value, str | PathLike):
        raise OptionError(f"{name} must be a path or None, got {type(value).__name__}")
    return str(value)


def _names(name: str, value: Any) -> Any:
    # What can be read once only would be empty by the time the model is made.
    several = isinstance(value, Iterable) and not isinstance(value, str | Iterator)
    if not several or not all(isinstance(column, str) for column in value):
        raise OptionError(f"{name} must be a list of column names, got {type(value).__name__}")
    return list(value)


def _widths(name: str, value: Any) -> Any:
    if isinstance(value, str | bytes) or not isinstance(value, Sequence) or not value:
        raise OptionError(f"{name} must be a list of whole numbers, got {value!r}")
    if any(isinstance(v, bool) or not isinstance(v, int | np.integer) or v < 1 for v in value):
        raise OptionError(f"{name} must be a list of whole numbers of 1 or more")
    return [int(v) for v in value]


def whole(default: int | None, least: int = 1) -> Any:
    """An option that is a whole number."""
    return field(default=default, metadata={_RULE: _Number(int, least, math.inf)})


def number(default: float | None, low: float = 0.0, high: float = math.inf, *, ends: bool = True) -> Any:
    """An option that is a number in [low, high], or in (low, high) without its ends."""
    return field(default=default, metadata={_RULE: _Number(float, low, high, ends)})


def word(default: str, known: tuple[str, ...]) -> Any:
    """An option that is one of a few words."""
    return field(default=default, metadata={_RULE: _Word(known)})


def flag(default: bool) -> Any:
    """An option that is True or False."""
    return field(default=default, metadata={_RULE: _flag})


def path() -> Any:
    """An option that names a file, or None."""
    return field(default=None, metadata={_RULE: _path})


def columns() -> Any:
    """An option that is a list of column names."""
    return field(default_factory=list, metadata={_RULE: _names})


def widths(*default: int) -> Any:
    """An option that is a list of layers' widths."""
    return field(default=default, metadata={_RULE: _widths})


def options_of(model: Any) -> dict[str, Any]:
    """The options of a generator, JSON-able."""
    return {f.name: getattr(model, f.name) for f in fields(model)}


def check_options(model: Any) -> None:
    """Hold each option to what it was declared to be, and store it as plain data; None stays where it is the default.

    Raises:
        OptionError: one is something else; the text names it, and what it must be.

    Example:
        >>> @dataclass(kw_only=True)
        ... class Model:
        ...     epochs: int | None = whole(None)
        ...     rate: float = number(0.1)
        >>> check_options(Model(epochs=3, rate=1))
        >>> check_options(Model(epochs=0))
        Traceback (most recent call last):
        ...
        likewise.errors.OptionError: epochs must be a whole number of 1 or more, got 0
    """
    for f in fields(model):
        value, rule = getattr(model, f.name), f.metadata.get(_RULE)
        if rule is not None and not (value is None and f.default is None):
            setattr(model, f.name, rule(f.name, value))
