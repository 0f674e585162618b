"""What an `Oversampler` did: plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    """New rows of a class that one method made.

    Args:
        method: the name of a generator, or of a classic method.
        way: "class-specific" or "conditional" for a generator, else None.
        rows: how many.
        reason: why it stands in for the method asked for; None where it does not.
        rejected: rows that were drawn and that the quality filter left out.
        quality: mean probability of the class that the filter's judge gave the rows drawn, and those kept.
    """

    method: str
    way: str | None
    rows: int
    reason: str | None = None
    rejected: int = 0
    quality: tuple[float, float] | None = None


@dataclass(frozen=True)
class ClassReport:
    """What became of one class, or of one region of a target of numbers.

    Args:
        label: the class, or the ends of the region.
        rows: how many were given.
        asked: how many more were asked for.
        parts: what made them.
    """

    label: Any
    rows: int
    asked: int
    parts: tuple[Part, ...] = ()

    @property
    def added(self) -> int:
        """How many rows were added to the class."""
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True)
class BalanceReport:
    """What became of each class.

    Args:
        classes: in the order of the labels, those that needed nothing included.
        overlap: rows of other classes that were learnt as a class of their own, for they look like a rare one.
    """

    classes: tuple[ClassReport, ...]
    overlap: int = 0

    @property
    def fallbacks(self) -> tuple[ClassReport, ...]:
        """The classes for which another method was used than the one asked for."""
        return tuple(c for c in self.classes if any(part.reason is not None for part in c.parts))

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return asdict(self)
