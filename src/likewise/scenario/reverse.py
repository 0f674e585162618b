"""The reverse stress test: of all rows that lose at least so much, the most plausible ones.

Rows are driven to the loss by adaptive multilevel splitting (Cerou and Guyader 2007; such moves: Au and Beck 2001):
the worse part of the rows is kept, some columns of each are drawn anew given the others, and the bar is raised, until
it is the threshold. On the way the probability of the loss is estimated. Then the same moves look for higher density.

All frames here are canonical. Legend: n rows, m rows on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from likewise.conditions import Condition
from likewise.errors import ConditionError, RuleError
from likewise.scenario import draws
from likewise.scenario.margins import Margin
from likewise.scenario.plausibility import Density
from likewise.typing import Bools, Floats

Loss = Callable[[pl.DataFrame], Floats]

KEPT = 0.2
"""Share of the rows that goes on to the next bar."""

MOST_LEVELS = 40
MOVES = 3
"""Moves a bar, so that rows that were copied part."""

CLIMBS = 25
"""Moves that look for higher density at the end."""


@dataclass(frozen=True)
class Search:
    """What the moves need.

    Args:
        source, conditions: where rows come from and what they must meet.
        extended: columns whose tails are carried on.
        density: what plausible means.
        loss: (n,) of canonical rows.
        columns: that may be drawn anew.
    """

    source: draws.Source
    conditions: Mapping[str, Condition]
    extended: Mapping[str, Margin]
    density: Density
    loss: Loss
    columns: list[str]

    def fresh(self, n: int, rng: np.random.Generator) -> pl.DataFrame:
        return draws.extend_tails(self.source, draws.draw(self.source, n, self.conditions, rng), self.extended, rng)

    def moved(self, rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
        """The rows with a random set of columns drawn anew, given the others."""
        size = int(rng.integers(1, max(len(self.columns) // 2, 1) + 1))
        names = [self.columns[i] for i in rng.choice(len(self.columns), size, replace=False)]
        known = rows.select(name for name in rows.columns if name in self.columns and name not in names)
        conditions = {name: c for name, c in self.conditions.items() if name in names}
        try:
            drawn = draws.draw(self.source, len(rows), conditions, rng, known if known.width else None)
        except RuleError:
            return rows  # what is known leaves no room: they stay where they are
        extended = {name: margin for name, margin in self.extended.items() if name in names}
        drawn = draws.extend_tails(self.source, drawn, extended, rng)
        return rows.with_columns(drawn[name] for name in names)


@dataclass(frozen=True)
class Found:
    """(n,) rows that lose enough, the most plausible first, with losses and log-densities; and how probable such a loss
    is under the generator."""

    rows: pl.DataFrame
    losses: Floats
    log_density: Floats
    probability: float


def search(task: Search, threshold: float, n: int, m: int, rng: np.random.Generator) -> Found:
    """The n most plausible rows with a loss of at least the threshold.

    Raises:
        ConditionError: the generator draws no such rows, however often the bar is raised.
    """
    rows, losses, probability = _driven(task, threshold, m, rng)
    logs = task.density.of(rows)
    best = _most_plausible(rows, losses, logs, n)
    for _ in range(CLIMBS):
        new = task.moved(rows, rng)
        new_losses = task.loss(new)
        new_logs = np.where(new_losses >= threshold, task.density.of(new), -np.inf)
        better = new_logs >= logs
        rows = _chosen(better, new, rows)
        losses, logs = np.where(better, new_losses, losses), np.where(better, new_logs, logs)
        best = _most_plausible(pl.concat([best[0], rows]), np.r_[best[1], losses], np.r_[best[2], logs], n)
    return Found(*best, probability)


def _driven(task: Search, threshold: float, m: int, rng: np.random.Generator) -> tuple[pl.DataFrame, Floats, float]:
    """(m,) rows that lose enough, and the probability of such a row."""
    rows = task.fresh(m, rng)
    losses, probability, bar = task.loss(rows), 1.0, -np.inf
    for _ in range(MOST_LEVELS):
        higher = losses[losses > bar]
        if not len(higher):
            break  # nothing is left to climb: the generator ends here
        # Where most rows tie (no loss at all), the bar is the least loss above them.
        bar = min(threshold, max(float(np.quantile(losses, 1 - KEPT)), float(higher.min())))
        alive = np.flatnonzero(losses >= bar)
        probability *= len(alive) / m
        take = rng.choice(alive, m)
        rows, losses = rows[take], losses[take]
        for _ in range(MOVES):
            new = task.moved(rows, rng)
            new_losses = task.loss(new)
            rows, losses = _chosen(new_losses >= bar, new, rows), np.where(new_losses >= bar, new_losses, losses)
        if bar >= threshold:
            return rows, losses, probability
    raise ConditionError(
        "no rows of such a loss could be drawn: the loss function never rises so high on rows of this table; lower the "
        "threshold, or let tails go on with extrapolate=True"
    )


def _chosen(accept: Bools, new: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    """The new row where it is accepted, else the old one."""
    take = np.where(accept, len(accept), 0) + np.arange(len(accept))
    return pl.concat([old, new.select(old.columns)])[take]


def _most_plausible(rows: pl.DataFrame, losses: Floats, logs: Floats, n: int) -> tuple[pl.DataFrame, Floats, Floats]:
    """The n different rows of highest density, highest first."""
    order = np.argsort(-logs, kind="stable")
    different = rows[order].with_row_index("\0place").unique(rows.columns, keep="first", maintain_order=True)
    take = order[different["\0place"].to_numpy()[:n]]
    return rows[take], losses[take], logs[take]
