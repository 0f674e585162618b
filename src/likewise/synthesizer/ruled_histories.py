"""Rules between the columns of a row, kept in histories: what they determine is computed in each row, and a history of
which a row breaks one is drawn again as a whole.

So the law of what is given out is the model's own of histories, given that all their rows keep the rules.

Legend: n rows, m histories.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from likewise.errors import RuleError
from likewise.rules.plan import RulePlan
from likewise.schema.distinct import Columns
from likewise.typing import Bools, Ints

TRIES = 50
"""Times that what follows known rows is drawn, until it keeps the rules."""


def check_plan(plan: RulePlan, ties: dict[str, str]) -> None:
    """Hold rules to what histories can keep.

    Args:
        ties: columns that no rule may make, and what they are.

    Raises:
        RuleError: a rule makes one of them, or is of several rows, or of keys.
    """
    if plan.has_unique or plan.present:
        raise RuleError(
            "rules 'unique', and those on where keys are missing, look beyond a row, and histories are drawn row by "
            "row: leave them out; keys of entities and rows are new in any case"
        )
    for name, what in ties.items():
        if name in plan.made:
            raise RuleError(
                f"a rule makes column {name!r} of others, and it is {what}: turn the rule round so that it makes the "
                "others, or leave it out"
            )


Drawn = tuple[pl.DataFrame, Ints, pl.DataFrame]
"""Rows of m entities, (n,) whose each is, ascending, and (m, columns) what these are."""


@dataclass(frozen=True)
class RuledRows:
    """Rows of histories as the user's table has them, and whether they keep the rules.

    Args:
        plan: None where there are no rules.
    """

    plan: RulePlan | None

    def inner(self, table: pl.DataFrame) -> pl.DataFrame:
        """What is learnt of canonical rows."""
        return table if self.plan is None else self.plan.forward(Columns.of(table)).frame()

    def known(self, table: pl.DataFrame) -> pl.DataFrame:
        """What is known of the learnt columns, where some cells of the table's own are."""
        if self.plan is None:
            return table
        found = self.plan.forward_known(self.plan.deduced(table))
        return found.with_columns(table[name] for name in table.columns if name not in found.columns)

    def outer(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows if self.plan is None else self.plan.back(rows)

    def over(self, rows: pl.DataFrame, known: pl.DataFrame | None) -> pl.DataFrame:
        """Rows as the user's table has them, with what is known of them."""
        outer = self.outer(rows)
        if self.plan is None or known is None:
            return outer
        kept = [name for name in outer.columns if name in known.columns and known[name].null_count() < len(known)]
        return outer.with_columns(pl.coalesce(pl.lit(known[name]), pl.col(name)).alias(name) for name in kept)

    def keeps(self, outer: pl.DataFrame) -> Bools:
        """(n,) which rows keep the rules."""
        if self.plan is None:
            return np.ones(len(outer), bool)
        return (self.plan.keep_all(outer) & self.plan.within(outer)).to_numpy()

    def broken(self, outer: pl.DataFrame, whose: Ints, m: int, entities: pl.DataFrame | None = None) -> Bools:
        """(m,) which histories have a row that breaks a rule, or no row and an entity that breaks one.

        Args:
            entities: (m, columns) what they are of; None looks at rows alone.
        """
        if self.plan is None:
            return np.zeros(m, bool)
        kept = self.keeps(outer)
        found, bare = np.bincount(whose[~kept], minlength=m) > 0, np.bincount(whose, minlength=m) == 0
        if entities is not None and bare.any() and (of_entities := self.plan.on(entities.columns)).rules:
            found |= bare & ~of_entities.keep_all(entities).to_numpy()
        return np.asarray(found)

    def unbroken(
        self, draw: Callable[[], Drawn], m: int, known: pl.DataFrame | None = None, *, bare: bool = False
    ) -> Drawn:
        """Rows of each of m entities, drawn until they keep the rules.

        Args:
            draw: of the rows of all.
            known: (n, columns) what of these rows stays as it is, null where nothing does; a rule cannot make it anew.
            bare: whether entities without rows are to keep the rules, too.

        Raises:
            RuleError: some find none that do.
        """
        rows, whose, entities = draw()
        rows = self.over(rows, known)
        left = self.broken(rows, whose, m, entities if bare else None)
        for _ in range(TRIES):
            if not left.any():
                return rows, whose, entities
            again, of, others = draw()
            again = self.over(again, known)
            taken = left & ~self.broken(again, of, m, others if bare else None)
            both = pl.concat([rows.filter(pl.Series(~taken[whose])), again.filter(pl.Series(taken[of]))])
            whose = np.concatenate([whose[~taken[whose]], of[taken[of]]])
            order = np.argsort(whose, kind="stable")
            rows, whose, left = both[order], whose[order], left & ~taken
            entities = pl.concat([entities, others])[np.where(taken, len(entities), 0) + np.arange(len(entities))]
        raise RuleError(
            f"of {m:,} entities, {int(left.sum()):,} found in {TRIES} tries no rows that keep all rules; look whether "
            "what is known of them keeps the rules, ask for fewer rows, or leave a rule out"
        )
