"""What every family of scores is given: the tables, the seeds, what was asked for, and where notes go."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

import numpy as np
import polars as pl

from likewise.errors import OptionError
from likewise.evaluate.tables import Typed, type_tables
from likewise.schema import Kind, Schema

MEASURES = {
    "accuracy": "overlap of one, two and three columns at a time",
    "joint": "alpha-precision, beta-recall, kernel distance",
    "detection": "a classifier told to find the synthetic rows",
    "utility": "train on synthetic, test on real, for the target",
    "attacks": "copies, nearness, membership, inference, singling out, linkability",
    "models": "the target by every learner, by real and synthetic rows together, and what the models rest on",
    "targets": "every column in turn as target",
}
"""What can be asked for beside columns and pairs, which are always measured."""
STANDARD = ("accuracy", "joint", "detection", "utility", "attacks")


def chosen_measures(measures: str | Sequence[str]) -> frozenset[str]:
    """The names that "standard", "all" or a list of names stands for. Raises OptionError for an unknown one."""
    if measures == "standard":
        return frozenset(STANDARD)
    if measures == "all":
        return frozenset(MEASURES)
    names = [measures] if isinstance(measures, str) else list(measures)
    for name in names:
        if name not in MEASURES:
            near = get_close_matches(str(name), [*MEASURES, "standard", "all"], 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise OptionError(
                f"measures must be 'standard', 'all', or among {', '.join(map(repr, MEASURES))}, got {name!r}{hint}"
            )
    return frozenset(names)


@dataclass
class Context:
    """One evaluation: its tables, its seeds, and the notes so far."""

    schema: Schema
    frames: dict[str, pl.DataFrame]
    target: str | None
    by: str | None
    seed: int
    learner: str
    measures: frozenset[str]
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        typed = type_tables(list(self.frames.values()), self.schema)
        self.train, self.synthetic = typed[0], typed[1]
        self.holdout = typed[2] if len(typed) > 2 else None

    @property
    def modelled(self) -> list[str]:
        return [c.name for c in self.schema if c.is_modelled]

    def rng(self, stage: int) -> np.random.Generator:
        """A stream of its own for each stage, so that one more measure does not move the others."""
        return np.random.default_rng([self.seed, stage])

    def draw_seed(self, stage: int) -> int:
        return int(self.rng(stage).integers(2**31 - 1))

    def halves(self, stage: int, share: float = 0.5) -> tuple[Typed, Typed]:
        """The training rows in two by chance, the second part holding `share` of them."""
        order = self.rng(stage).permutation(len(self.train))
        cut = max(1, round(share * len(order)))
        return self.train.take(order[cut:]), self.train.take(order[:cut])

    @cached_property
    def attack_tables(self) -> list[Typed]:
        """Training, synthetic and holdout rows as an attacker compares them: texts by value, not by pattern."""
        assert self.holdout is not None
        if any(c.kind is Kind.TEXT for c in self.schema if c.is_modelled):
            return type_tables(list(self.frames.values()), self.schema, text="value")
        return [self.train, self.synthetic, self.holdout]


def noise(n: int, m: int) -> float:
    """Sampling noise between two tables goes with this: differences of shares have variance p (1 - p) (1/n + 1/m)."""
    return math.sqrt(1.0 / n + 1.0 / m)


def finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
