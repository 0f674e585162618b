"""Trainings that come one after the other and share a budget of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_ROWS = 5_000
"""Rows that a training counts for, beside its own: a net takes some hundred steps, however few rows there are, and a
table at the top is often short."""
SHORTEST = 1e-3


@dataclass
class Turns:
    """How long each of several trainings may take: its part of the time that is left, by its rows. So what one leaves
    of its time the next ones have, and all together keep to the budget.

    Args:
        left: seconds; None without a budget.
        rows: that each of the trainings to come learns from.

    Example:
        >>> turns = Turns(30.0, [5_000, 15_000])
        >>> turns.seconds
        10.0
        >>> turns.took(2.0)
        >>> turns.seconds
        28.0
    """

    left: float | None
    rows: Sequence[int]

    @property
    def seconds(self) -> float | None:
        """Of the next one."""
        if self.left is None:
            return None
        share = (self.rows[0] + LEAST_ROWS) / sum(n + LEAST_ROWS for n in self.rows)
        return max(self.left * share, SHORTEST)

    def took(self, seconds: float) -> None:
        """The next one has taken so long."""
        self.rows = self.rows[1:]
        self.left = None if self.left is None else self.left - seconds
