"""Rules between columns, as new rows of a class are held to them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from likewise.errors import LikewiseWarning, OptionError, RuleError
from likewise.rules.grammar import parse_rule
from likewise.rules.plan import RulePlan
from likewise.rules.terms import columns_of
from likewise.schema.column import Schema
from likewise.schema.distinct import Columns
from likewise.schema.parse import parse, restore
from likewise.typing import Bools


def refuse_target(rules: Sequence[str], name: str | None) -> None:
    """Raises a `RuleError` where a rule names the target, which is set and not drawn."""
    for rule in rules:
        if name in columns_of(parse_rule(rule)):
            raise RuleError(
                f"rule {rule!r} names the target {name!r}, and rules hold between the other columns here: leave it "
                "out, or let a Synthesizer learn all columns and draw the class by a condition"
            )


@dataclass(frozen=True)
class RowRules:
    """What must hold between the columns of a row; frames are as raw as the table."""

    plan: RulePlan

    @classmethod
    def of(cls, table: pl.DataFrame, schema: Schema) -> Self | None:
        """The rules of a schema, None where it has none. Rows that break one are told of.

        Raises:
            OptionError: a rule looks at several rows at once.
            RuleError: the rules cannot be kept.
        """
        if not schema.rules:
            return None
        rows = parse(table, schema)
        plan = RulePlan.of(schema.rules, schema, Columns.of(rows), np.arange(len(rows)), 1)
        if plan.has_unique:
            raise OptionError("rules 'unique (...)' cannot be kept: rows that balance may be copies; leave these out")
        n = int((~plan.keep_all(rows)).sum())
        if n:
            warnings.warn(
                f"{n:,} of {len(rows):,} rows break a rule; they are given back, and none like them is added",
                LikewiseWarning,
                stacklevel=4,
            )
        return cls(plan)

    def by(self, rows: pl.DataFrame) -> Bools:
        """(n,) which rows keep all rules."""
        return self.plan.keep_all(parse(rows, self.plan.schema)).to_numpy()

    def kept(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that keep all rules once what equations determine was computed anew."""
        schema = self.plan.schema
        table = parse(rows, schema)
        table = table.with_columns(self.plan.back(self.plan.forward(Columns.of(table)).frame()))
        right = restore(table.select(self.plan.columns), schema)
        return rows.with_columns(right).filter(self.plan.keep_all(table))
