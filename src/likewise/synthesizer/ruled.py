"""Rows drawn under rules: made by the plan's steps, looked at as they will be written, and drawn again where they break
one. There are never fewer rows than were asked for; where too few keep the rules, an error tells the measured rate.

The law of what is given out is that of the model, given that the rules and conditions are met.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Given, Search
from likewise.codecs.column import CodecOptions
from likewise.codecs.levels import LevelCodec
from likewise.codecs.table import Narrowing, TableCodec
from likewise.conditions import Condition, meeting
from likewise.errors import ConditionError, LikewiseWarning, RuleError
from likewise.models.base import Generator
from likewise.models.drawing.conditioning import Budget
from likewise.rules.plan import RulePlan
from likewise.rules.shares import shares_of_bound
from likewise.rules.steps import Joint, meeting_combinations
from likewise.schema.column import Role, Schema
from likewise.schema.distinct import Columns
from likewise.synthesizer.search import drawn_under

MOST_AT_ONCE = 2**18
"""Rows drawn in one go, where more than were asked for are needed."""


KEYS_TRIED = 20
"""Times that keys are made anew where a rule says that they are unique beside other columns."""


def rules_of(
    schema: Schema, table: Columns, whose: npt.NDArray[np.int64], options: CodecOptions | None, *, strict: bool
) -> RulePlan | None:
    """How the rules of a table are kept; None where there are none. Real rows that break one are told of.

    Raises:
        RuleError: a rule cannot be kept, or `strict` and a row breaks one.
    """
    texts = schema.rules
    if not texts:
        return None
    options = options or CodecOptions()
    plan = RulePlan.of(texts, schema, table, whose, options.rows)
    quasi = sorted(name for name in plan.made if schema[name].role is Role.QUASI_IDENTIFIER)
    if options.k_anonymous is not None and quasi:
        raise RuleError(
            f"k_anonymous looks at the quasi-identifiers as they are learnt, and rules make "
            f"{', '.join(map(repr, quasi))} of other columns: leave those rules out, or k_anonymous"
        )
    shares = shares_of_bound(plan.rules, table.frame(plan.columns))
    said = [f"{s.broken:,} of {s.rows:,} rows that it binds break rule {r!r}" for r, s in shares.items() if s.broken]
    if said and strict:
        raise RuleError(
            f"{'; '.join(said)}; clean them, or leave strict_rules out: they are then learnt from, and none like "
            "them is drawn"
        )
    if said:
        warnings.warn(
            f"{'; '.join(said)}; they are learnt from, and none like them is drawn", LikewiseWarning, stacklevel=3
        )
    return plan


class Draw:
    """One call of `sample` under rules.

    Args:
        where: conditions on the columns of the user's table.
        max_tries, tell: as `sample` takes them.
    """

    def __init__(
        self, plan: RulePlan, codec: TableCodec, generator: Generator, where: Mapping[str, Condition], *,
        max_tries: int | None = None, tell: Callable[[Search], None] | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.codec, self.generator, self.max_tries, self.tell = plan, codec, generator, max_tries, tell
        learnt, self.later = plan.routed(where)
        for step in plan.steps:
            if isinstance(step, Joint) and (asked := {n: c for n, c in self.later.items() if n in step.makes}):
                learnt[step.level.name] = step.condition(asked, levels_of(codec, step))
        for allowed in plan.tuples.values():
            if asked := {n: c for n, c in where.items() if n in allowed.columns}:
                meeting_combinations(allowed, asked, tuple(allowed.columns))
        self.narrowing: Narrowing = codec.condition(learnt)
        self.where = where

    def table(self, n: int, rng: np.random.Generator) -> pl.DataFrame:
        """n rows of the user's table, canonical.

        Raises:
            RuleError, ConditionError: as `rows` does; or keys repeat that a rule says are unique beside other columns.
        """
        rows = self.rows(n, rng)
        for _ in range(KEYS_TRIED):
            full = pl.concat([rows, self.codec.keys(n, rng)], how="horizontal")
            if self.plan.alone(full).all():
                return full.select(name for name in self.plan.schema.names if name in full.columns)
        raise RuleError(
            f"keys repeat as the real ones do, and no {n:,} rows were found in which they keep a rule 'unique'; ask "
            "for fewer rows"
        )

    def rows(self, n: int, rng: np.random.Generator) -> pl.DataFrame:
        """n rows of the user's table, canonical, without keys where no rule names one.

        Raises:
            RuleError, ConditionError: too few rows keep the rules, or meet the conditions too, to be found.
        """
        budget = Budget.of(n, Given(max_tries=self.max_tries, progress=self.tell))
        broken = np.zeros(len(self.plan.rules))
        parts: list[pl.DataFrame] = []
        found = 0
        last: deque[Search] = deque(maxlen=1)
        while found < n:
            if budget.is_spent and budget.tried:
                self._refuse(budget, broken)
            share = budget.mass / budget.tried if budget.tried else 1.0
            most = max(MOST_AT_ONCE, n - found)
            wanted = (
                int(min(max(1.1 * (n - found) / max(share, 1e-6), 256), most, budget.most - budget.tried))
                if budget.tried
                else n
            )
            inner = drawn_under(
                self.narrowing, self.codec, self.generator, wanted, rng, max_tries=self.max_tries, tell=last.append,
                keys=False,
            ).frame()  # fmt: skip
            outer, kept = self._looked_at(inner)
            broken += len(outer) - kept.sum().to_numpy().ravel()
            met = kept.select(pl.all_horizontal(pl.all())).to_series()
            met &= self.plan.within(outer)
            met &= meeting(outer, self.later)
            parts.append(outer.filter(met))
            if self.plan.has_unique:
                parts = [pl.concat(parts)]
                parts = [parts[0].filter(self.plan.alone(self.plan.written(parts[0])))]
            before, found = found, sum(map(len, parts))
            if last:
                budget.scale = last[0].share
            budget.spend(len(outer), mass=float(found - before), found=min(found, n) - before)
        return pl.concat(parts).head(n)

    def _looked_at(self, inner: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows, and which rule each keeps once it is written."""
        outer = self.plan.back(inner)
        return outer, self.plan.kept(self.plan.written(outer))

    def _refuse(self, budget: Budget, broken: npt.NDArray[Any]) -> NoReturn:
        worst = np.argsort(-broken, kind="stable")[:3]
        shares = [f"{self.plan.rules[i].text!r} by {broken[i] / budget.tried:.2%}" for i in worst if broken[i]]
        of_rules = f"; of them, rules were broken: {', '.join(shares)}" if shares else ""
        met = f"{budget.mass:,.0f} keep all rules" + (" and meet the conditions" if self.where else "")
        said = (
            f"of {budget.tried:,} rows that the model drew, {met} (rate {budget.share:.2g}), too few to give "
            f"{budget.wanted:,}{of_rules}. "
        )
        if self.where:
            raise ConditionError(f"{said}Widen the conditions, ask for fewer rows, or raise max_tries")
        raise RuleError(f"{said}Look whether the table keeps these rules, ask for fewer rows, or raise max_tries")


def levels_of(codec: TableCodec, step: Joint) -> tuple[str, ...]:
    """The combinations that can be drawn."""
    part = next(c for c in codec.codecs if c.name == step.level.name)
    assert isinstance(part, LevelCodec)
    emit = part.fields[0].emit
    return tuple(level for level, drawn in zip(part.levels, emit, strict=False) if drawn)
