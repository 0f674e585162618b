"""Rows of a model that still learns, so that whoever waits for it sees what it has come to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from likewise.codecs.table import TableCodec
from likewise.models.base import Generator
from likewise.rules.plan import RulePlan
from likewise.schema.column import Schema
from likewise.schema.parse import restore
from likewise.synthesizer.blocks import Drawer
from likewise.training.loop import Event, Progress


@dataclass(frozen=True, kw_only=True)
class UnderWay:
    """What a `Drawer` asks of a synthesizer, before its fit has ended."""

    codec_: TableCodec
    rules_: RulePlan | None
    n_rows_: int
    schema_: Schema
    generator_: Generator

    def rows(self, n: int) -> pl.DataFrame:
        """The first rows of a seed that never changes: the same people, so to say, as they become likelier.

        Raises:
            RuleError: too few rows keep the rules as yet.
        """
        return restore(Drawer(self, 0, {}).span(0, n), self.schema_)

    def shown_to(self, progress: Progress | None) -> Progress | None:
        """Whoever is told of the training, given rows drawn by its best weights so far to ask for."""
        if progress is None or not self.generator_.draws_while_learning:
            return progress

        def told(event: Event) -> None:
            at_best = event.at_best
            if at_best is None:
                progress(event)
                return

            def rows(n: int) -> pl.DataFrame:
                with at_best():
                    return self.rows(n)

            progress(replace(event, rows=rows))

        return told
