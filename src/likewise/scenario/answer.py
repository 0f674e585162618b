"""How one question is answered: rows under its conditions, in its shares, under its views, from its tail.

All frames here are canonical.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from likewise.codecs.matrix import numbers_of
from likewise.conditions import meeting
from likewise.errors import ConditionError
from likewise.scenario import draws
from likewise.scenario.asked import Asked
from likewise.scenario.conditions import settle
from likewise.scenario.intervention import intervene
from likewise.scenario.margins import Margin
from likewise.scenario.pooling import Pooling, constraints_of, pool, resample
from likewise.schema.column import Kind
from likewise.typing import Bools

POOL_ROWS = 20_000
"""Rows that are weighted to meet views, at least."""


@dataclass(frozen=True)
class Answer:
    """What rows are drawn by.

    Args:
        tail, level: the tail that they are drawn from, and the level beyond which they lie; None for ordinary rows.
    """

    source: draws.Source
    asked: Asked
    tail: draws.TailModel | None = None
    level: float | None = None

    def rows(self, n: int, rng: np.random.Generator) -> tuple[pl.DataFrame, dict[str, Any]]:
        """(n,) rows, and figures of what they cost.

        Raises:
            ConditionError: no row can meet what was asked.
        """
        asked, report = self.asked, {}
        if not asked.settings:
            return self._weighted(n, rng)

        def made(many: int) -> pl.DataFrame:
            table, told = self._weighted(many, rng)
            report.update(told)
            table = intervene(self.source.synthesizer, table, asked.settings, asked.graph, rng)
            return table.filter(meeting(table, asked.after)) if asked.after else table

        is_ruled = self.source.synthesizer.rules_ is not None
        what = "the conditions" + (" and rules" if is_ruled else "") + " hardly ever hold after the intervention"
        table = draws.until(n, made, what) if asked.after or is_ruled else made(n)
        return table, report | {"intervention": {"set": sorted(asked.settings), "order": list(asked.graph)}}

    def extended(self) -> dict[str, Margin]:
        """Columns whose tails are carried on in ordinary draws: a condition on the column itself says where it ends."""
        return {name: self.source.margins[name] for name in self.asked.extended if name not in self.asked.where}

    def _weighted(self, n: int, rng: np.random.Generator) -> tuple[pl.DataFrame, dict[str, Any]]:
        """Rows in the shares and under the views asked for, and what that costs."""
        asked = self.asked
        if not asked.mix and not asked.views:
            return self._plain(n, rng), {}
        if len(asked.mix) == 1 and not asked.views and self.tail is None and not asked.extended:
            ((column, shares),) = asked.mix.items()
            worth = draws.worth_of_mix(self.source.table, column, shares)
            figures = {"method": "exact", "effective_rows": worth, "rows": len(self.source.table)}
            return draws.draw_mix(self.source, n, column, shares, asked.where, rng), {"mix": figures}
        rows = self._plain(max(POOL_ROWS, 2 * n), rng)
        met = self._met(rows)
        pooled = self._pool(rows, met)
        return rows[resample(pooled.weights, n, rng, met)], {"views": pooled.to_dict()}

    def _plain(self, n: int, rng: np.random.Generator) -> pl.DataFrame:
        """Rows that meet the conditions, or lie in the tail."""
        model, level = self.tail, self.level
        if model is None or level is None:
            rows = draws.draw(self.source, n, self.asked.where, rng, self.asked.known)
            return draws.extend_tails(self.source, rows, self.extended(), rng)
        if self.asked.known is not None:
            raise ConditionError("`rows` gives cells which a tail would draw; keep one of the two")

        def beyond(many: int) -> pl.DataFrame:
            rows = model.draw(many, level, rng)
            return rows.filter(meeting(rows, model.conditions)) if model.conditions else rows

        return draws.until(n, beyond, "the other conditions hardly ever hold out there")

    def _met(self, rows: pl.DataFrame) -> list[Bools]:
        """Which rows meet what each view of a share asks for."""
        schema, views = self.source.schema, self.asked.all_views
        conditions = [settle(v.where or {}, schema, self.source.table) for v in views if v.kind == "share"]
        return [meeting(rows, asked).to_numpy() for asked in conditions]

    def _pool(self, rows: pl.DataFrame, met: list[Bools]) -> Pooling:
        """The weights of rows under all views and mixes."""
        schema, views = self.source.schema, self.asked.all_views
        numbers = [c.name for c in schema if c.is_modelled and c.kind in (Kind.INTEGER, Kind.REAL)]
        prior = np.full(len(rows), 1 / len(rows))
        return pool(constraints_of(views, {name: numbers_of(rows[name]) for name in numbers}, met, prior))
