"""A table as those who look for rules see it: columns by kind, some rows to throw out by, and what chance would do.

Legend: n rows, d columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.rules.binding import bind
from likewise.rules.terms import FromData, Unique
from likewise.schema.column import Column, Kind, Schema

SOME = 2_000
"""Rows by which most candidates are thrown out."""
SURE = -14.0
"""Logarithm of the most that chance may explain: less than one in a million, for all candidates of a kind together."""
FEW_LEVELS = 4_096
"""A column of more values is not told by combinations."""


@dataclass(frozen=True)
class Candidate:
    """A rule to be counted.

    Args:
        rule: as text.
        chance: logarithm of what chance is worth, all candidates of the kind taken together.
        pairs: of columns about which nothing more needs to be said.
    """

    rule: str
    chance: float
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Rows:
    """A canonical table and its schema."""

    table: pl.DataFrame
    schema: Schema
    least: float = field(default=SURE)

    @cached_property
    def few(self) -> pl.DataFrame:
        """Some rows, the same for a table whenever it is asked."""
        n = len(self.table)
        if n <= SOME:
            return self.table
        return self.table[np.sort(np.random.default_rng(0).choice(n, SOME, replace=False))]

    @cached_property
    def dealt(self) -> npt.NDArray[np.int64]:
        """(n,) an order of the rows by chance, in which a column is dealt out anew."""
        return np.random.default_rng(1).permutation(len(self.table))

    def of_kinds(self, *kinds: Kind) -> list[Column]:
        """Columns of these kinds that are learnt and hold two values or more."""
        return [c for c in self.schema if c.is_modelled and c.kind in kinds and self.n_values(c.name) > 1]

    @cached_property
    def _n_values(self) -> dict[str, int]:
        return {
            name: self.table[name].drop_nulls().n_unique()
            for name in self.schema.names
            if self.schema[name].is_modelled
        }

    def n_values(self, name: str) -> int:
        return self._n_values[name]

    def counted(self, rule: str, rows: pl.DataFrame | None = None) -> tuple[int, int]:
        """Rows that a rule binds, and of these those that break it. What is seen breaks no rule of combinations."""
        bound = bind([rule], self.schema)[0]
        rows = self.table if rows is None else rows
        if isinstance(bound.rule, FromData | Unique):
            return len(rows), 0
        one = rows.select(bound.binds.sum().alias("n"), (bound.binds & ~bound.kept).sum().alias("broken")).row(0)
        return int(one[0]), int(one[1])

    def holds(self, rule: str) -> bool:
        """Whether none of some rows breaks a rule, and it binds one."""
        n, broken = self.counted(rule, self.few)
        return n > 0 and broken == 0

    def chance(self, rule: str, n_candidates: int) -> float:
        """Logarithm of how probable it is that no row breaks a rule if one of its columns is dealt out anew, at most,
        times the candidates: of n rows each would break it with the share p that is measured, so (1 - p)^n."""
        bound = bind([rule], self.schema)[0]
        rates = []
        for name in bound.columns:
            dealt = self.table.with_columns(self.table[name].gather(self.dealt))
            rates.append(self.counted(rule, dealt)[1])
        return float(np.log(max(n_candidates, 1)) - min(rates))

    @cached_property
    def codes(self) -> dict[str, npt.NDArray[np.int64]]:
        """(n,) of each column of few values, which it is; a missing cell is a value."""
        found = {}
        for column in self.schema:
            name = column.name
            if column.is_modelled and 1 < self.n_values(name) <= FEW_LEVELS:
                ranks = self.table[name].rank("dense").fill_null(0).to_numpy()
                found[name] = ranks.astype(np.int64)
        return found
