"""Rows drawn under rules: made by the plan's steps, looked at as they will be written, and drawn again where they break
one. There are never fewer rows than were asked for; where too few keep the rules, an error tells the measured rate.

The law of what is given out is that of the model, given that the rules and conditions are met.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Alphabet, Given, Search
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
from likewise.streams import Span
from likewise.synthesizer.search import drawn_under

Rows = npt.NDArray[np.int64]

MOST_AT_ONCE = 2**18
"""Rows drawn in one go."""

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
    plan = RulePlan.of(texts, schema, table, whose, options.rows, keys=True)
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
            f"{'; '.join(said)}; they are learnt from, and none like them is drawn", LikewiseWarning, stacklevel=4
        )
    return plan


def alphabet_of(codec: TableCodec, plan: RulePlan | None) -> Alphabet:
    """What a generator is to learn."""
    return codec.alphabet if plan is None else replace(codec.alphabet, joined=plan.n_joined)


class Draw:
    """One call of `sample` under rules.

    Args:
        where: conditions on the columns of the user's table.
        max_tries: as `sample` takes it, of each call of `rows`.
    """

    def __init__(
        self, plan: RulePlan, codec: TableCodec, generator: Generator, where: Mapping[str, Condition], *,
        max_tries: int | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.codec, self.generator, self.max_tries = plan, codec, generator, max_tries
        learnt, self.later = plan.routed(where)
        for step in plan.steps:
            if isinstance(step, Joint) and (asked := {n: c for n, c in self.later.items() if n in step.makes}):
                learnt[step.level.name] = step.condition(asked, levels_of(codec, step))
        for allowed in plan.tuples.values():
            if asked := {n: c for n, c in where.items() if n in allowed.columns}:
                meeting_combinations(allowed, asked, tuple(allowed.columns))
        self.narrowing: Narrowing = codec.condition(learnt)
        self.held: pl.DataFrame | None = None
        self.where = where

    @property
    def _own_unique(self) -> list[str]:
        """Columns, no keys, of which rules `unique` let a value, or one beside those of others, come once."""
        return [name for name in self.plan.unique_columns if not self.plan.schema[name].is_key]

    @property
    def looks_back(self) -> bool:
        """Whether which rows are good hangs on all that were found before."""
        return bool(self._own_unique)

    def with_keys(self, rows: Columns, span: Span) -> Columns:
        """The rows of a span of the user's table, canonical, with keys.

        Raises:
            RuleError: keys repeat that a rule says are unique beside other columns.
        """
        n = len(rows)
        there = {name: rows.series(name).is_not_null().to_numpy() for name in self.plan.present}
        for turn in range(KEYS_TRIED):
            keys = Columns.of(self.codec.keys(rows, span.under(turn), there))
            full = Columns({name: (keys if name in keys else rows)[name] for name in (*rows.columns, *keys.columns)}, n)
            if self.plan.alone(full.frame(self.plan.unique_columns)).all():
                return full.select(name for name in self.plan.schema.names if name in full)
        raise RuleError(
            f"keys repeat as the real ones do, and no {n:,} rows were found in which they keep a rule 'unique'; ask "
            "for fewer rows"
        )

    def table(self, n: int, rng: np.random.Generator) -> Columns:
        """n rows of the user's table, canonical, that belong to no larger draw.

        Raises:
            RuleError, ConditionError: as `rows` and `with_keys` do.
        """
        self.held = None
        return self.with_keys(self.rows(n, rng), Span.of(rng))

    def rows(
        self, n: int, rng: np.random.Generator, tell: Callable[[Search], None] | None = None, asked: int | None = None
    ) -> Columns:
        """n rows of the user's table, canonical, without keys. Some are drawn at a time, and only what rules name is
        looked at row by row: the others stay as small as they were drawn.

        Args:
            tell: called as the search goes on.
            asked: the first so many of them alone.

        Raises:
            RuleError, ConditionError: too few rows keep the rules, or meet the conditions too, to be found.
        """
        budget = Budget.of(n, Given(max_tries=self.max_tries, progress=tell))
        broken = np.zeros(len(self.plan.rules))
        parts: list[Columns] = []
        found = 0
        last: deque[Search] = deque(maxlen=1)
        asked = n if asked is None else asked
        while found < asked:
            if budget.is_spent and budget.tried:
                self._refuse(budget, broken)
            inner = drawn_under(
                self.narrowing, self.codec, self.generator, _next_batch(budget, n - found), rng,
                max_tries=self.max_tries, tell=last.append, keys=False,
            )  # fmt: skip
            part, written, kept, good = self._looked_at(inner)
            broken += len(part) - kept.sum().to_numpy().ravel()
            taken = good[: asked - found]
            self._hold(written, taken)
            parts.append(part.rows(taken) if len(taken) < len(part) else part)
            found += len(taken)
            if last:
                budget.scale = last[0].share
            budget.spend(len(part), mass=float(len(good)), found=len(taken))
        return Columns.concat(parts)

    def _looked_at(self, inner: Columns) -> tuple[Columns, pl.DataFrame, pl.DataFrame, Rows]:
        """Rows, as they will be written, which rule each keeps then, and those that keep all and meet conditions."""
        ruled, others = self.plan.parted(inner)
        written = self.plan.written(ruled)
        kept = self.plan.kept(written)
        met = kept.select(pl.all_horizontal(pl.all())).to_series()
        met &= self.plan.within(ruled) & meeting(ruled, self.later)
        full = Columns({s.name: s for s in ruled.get_columns()} | {c: others[c] for c in others.columns}, len(ruled))
        return full, written, kept, self._first(written, np.flatnonzero(met.to_numpy()))

    def _first(self, written: pl.DataFrame, rows: Rows) -> Rows:
        """Those of new rows that hold what no row found before holds, of what rules `unique` let only one hold."""
        names = self._own_unique
        if not names:
            return rows
        new = written.select(names)[rows]
        before = new.clear() if self.held is None else self.held
        alone = self.plan.alone(pl.concat([before, new])).to_numpy()[len(before) :]
        return np.asarray(rows[alone], np.int64)

    def _hold(self, written: pl.DataFrame, rows: Rows) -> None:
        """Remember what rows hold that are given out, for those that are drawn later."""
        if names := self._own_unique:
            new = written.select(names)[rows]
            self.held = new if self.held is None else pl.concat([self.held, new])

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


def _next_batch(budget: Budget, lacking: int) -> int:
    """Rows to draw next: as many as lack, or as are needed to find them, by what was kept so far."""
    kept = budget.mass / budget.tried if budget.tried else 1.0
    wanted = lacking if kept == 1 else max(1.1 * lacking / max(kept, 1e-6), 256)
    return int(min(wanted, MOST_AT_ONCE, budget.most - budget.tried if budget.tried else wanted))


def levels_of(codec: TableCodec, step: Joint) -> tuple[str, ...]:
    """The combinations that can be drawn."""
    part = next(c for c in codec.codecs if c.name == step.level.name)
    assert isinstance(part, LevelCodec)
    emit = part.fields[0].emit
    return tuple(level for level, drawn in zip(part.levels, emit, strict=False) if drawn)
