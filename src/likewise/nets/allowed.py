"""What may be drawn of a field's codes, beside what a free draw may give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Array = TypeVar("Array")


@dataclass(frozen=True, eq=False)
class Allowed(Generic[Array]):
    """What a draw may give of one field. Shape of both arrays: (K,).

    The share of the law that a condition leaves is told of free draws: codes that are never drawn count in neither.

    Args:
        weights: in [0, 1], what may be drawn; the largest is 1.
        free: in {0, 1}, what is drawn where nothing is asked, and what the weights ask for.
        counts: whether the weights are a condition, and the share of the law they leave counts.
    """

    weights: Array
    free: Array
    counts: bool
