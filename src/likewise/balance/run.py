"""One balancing: which methods make the rows of each class, the drawing, and what is told of it.

Legend: n rows given, K classes (or regions of a target of numbers), m new rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
import polars as pl

from likewise.balance.classic import classic_rows
from likewise.balance.generators import Learner, class_specific_rows, conditional_rows
from likewise.balance.groups import OneHot
from likewise.balance.quality import Judge, best_of, overlapping
from likewise.balance.report import BalanceReport, ClassReport, Part
from likewise.balance.ruled import RowRules
from likewise.codecs.column import CodecOptions
from likewise.codecs.table import key_codec
from likewise.conditions import Condition, between
from likewise.errors import FallbackWarning, OptionError, RuleError, TrainingError
from likewise.models.base import Generator
from likewise.schema.column import Schema
from likewise.schema.parse import restore_column
from likewise.typing import Bools, Floats, Ints

ROUNDS = 8
"""Times that rows are made anew in place of those that break a rule."""

CLASSIC = ("random", "smote", "smotenc", "borderline", "adasyn")
WAYS = ("class-specific", "conditional")

LEAST_ROWS = {"random": 1, "smote": 2, "smotenc": 2, "borderline": 2, "adasyn": 2, "conditional": 10,
              "class-specific": 10}  # fmt: skip
"""Rows of a class that each method or way needs; below that it falls back."""

FALLBACK = {"borderline": "smote", "adasyn": "smote", "smote": "random", "smotenc": "random"}
"""What makes the rows where a method cannot; generators fall back to SMOTE-NC."""


@dataclass(frozen=True)
class Target:
    """A target as classes 0 .. K-1.

    Args:
        labels: (K,) what each stands for: a label, or the ends of a region.
        codes: (n,) each row's class.
        values: (n,) the numbers of a regression target; None for classes.
    """

    labels: tuple[Any, ...]
    codes: Ints
    values: Floats | None = None


@dataclass(frozen=True)
class Plan:
    """What makes rows of a class: a classic method, or a generator in one of the two ways.

    Args:
        reason: why it stands in for what was asked for; None where it does not.
    """

    method: str
    way: str | None = None
    reason: str | None = None

    @property
    def least_rows(self) -> int:
        return LEAST_ROWS[self.way or self.method]

    def instead(self, reason: str) -> Plan:
        """The next simpler one."""
        return Plan(FALLBACK.get(self.method, "smotenc"), None, self.reason or reason)


AUTO = (Plan("copula", "conditional"), Plan("autoregressive", "class-specific"), Plan("smotenc"), Plan("random"))
"""The default: each makes an equal share of the new rows. What one of them gets wrong a classifier can take for a mark
of the class; shared among several it is none. Copies keep the real rows' weight among the new ones."""

NET, NET_ROWS = Plan("autoregressive", "conditional"), 2_000
"""One more maker of the default for tables of so many rows: a net that is told the class needs rows to learn from."""


def default_plans(n_rows: int) -> tuple[Plan, ...]:
    """What makes the rows where nothing else is asked for.

    Example:
        >>> [plan.method for plan in default_plans(500)]
        ['copula', 'autoregressive', 'smotenc', 'random']
    """
    return (NET, *AUTO) if n_rows >= NET_ROWS else AUTO


@dataclass(frozen=True)
class Drawn:
    """New rows of one class and where they come from.

    Args:
        rows: (m, D) as raw as the table.
        copies: (m,) the rows they are copies of, from random oversampling; None for others.
        quality: mean score before and after the filter.
    """

    plan: Plan
    rows: pl.DataFrame
    copies: Ints | None = None
    rejected: int = 0
    quality: tuple[float, float] | None = None


@dataclass(frozen=True)
class Run:
    """Everything that one balancing needs.

    Args:
        table: (n, D) raw features; a regression target's numbers stand before them as the column `value`.
        plans: what was asked for; each makes an equal share.
        model: the generator, where it was given as one and not named.
        quality: share of the rows drawn that is left out.
        apart: (n,) rows that a generator learns as a class of their own.
        one_hot: the groups of columns that stand as one in the table.
        kept: what must hold between the columns of a row; None for nothing.
    """

    table: pl.DataFrame
    schema: Schema
    target: Target
    plans: tuple[Plan, ...]
    options: Mapping[str, Any]
    seed: int
    one_hot: OneHot
    model: Generator | None = None
    value: str | None = None
    quality: float | None = None
    apart: Bools | None = None
    kept: RowRules | None = None

    @property
    def counts(self) -> Ints:
        return np.bincount(self.target.codes, minlength=len(self.target.labels))

    def with_overlap(self, wanted: Mapping[int, int], threshold: float | None) -> Run:
        """The same, with the common rows set apart that look like a rare class."""
        if threshold is None:
            return self
        if not any(plan.way == "conditional" for plan in self.plans):
            raise OptionError("overlap is for generators in the conditional way; the others see no other class")
        rare = np.isin(np.arange(len(self.target.labels)), list(wanted))
        return replace(self, apart=overlapping(*self._features(), self.target.codes, rare, threshold, self.seed))

    def _features(self) -> tuple[pl.DataFrame, Schema]:
        """The table without the target's numbers."""
        names = [name for name in self.table.columns if name != self.value]
        return self.table.select(names), Schema(tuple(c for c in self.schema if c.name != self.value))

    # ---- drawing -----------------------------------------------------------------------------------------------------

    def draw(self, wanted: Mapping[int, int]) -> dict[int, tuple[Drawn, ...]]:
        """New rows of each class; what a method cannot make, the next simpler one does."""
        todo: dict[Plan, dict[int, int]] = {}
        for k, n in wanted.items():
            for plan, share in _shares(self._possible(int(self.counts[k])), n):
                todo.setdefault(plan, {})[k] = share
        found: dict[int, list[Drawn]] = {k: [] for k in wanted}
        while todo:
            plan = next(iter(todo))
            some = todo.pop(plan)
            drawn = self._by(plan, some)
            for k, n in some.items():
                if k in drawn:
                    found[k].append(drawn[k])
                    continue
                simpler = _first_possible(plan.instead("it gave no rows of the class"), int(self.counts[k]))
                waiting = todo.setdefault(simpler, {})
                waiting[k] = waiting.get(k, 0) + n
        self._warn(found)
        return {k: tuple(parts) for k, parts in sorted(found.items())}

    def _possible(self, n_rows: int) -> list[Plan]:
        """The plans that a class of so many rows allows; simpler ones, and why, where it allows none that learns."""
        fit = [plan for plan in self.plans if n_rows >= plan.least_rows]
        if any(plan.way for plan in fit) or (fit and not any(plan.way for plan in self.plans)):
            return fit
        simpler = _first_possible(self.plans[0], n_rows)
        return [replace(plan, reason=simpler.reason) for plan in fit] or [simpler]

    def _by(self, plan: Plan, wanted: Mapping[int, int]) -> dict[int, Drawn]:
        """New rows of some classes by one plan, filtered if that was asked for."""
        rng = np.random.default_rng([self.seed, len(plan.method), WAYS.index(plan.way) if plan.way else 2])
        if plan.method == "random":
            copies = {k: rng.choice(self._own(k), n) for k, n in wanted.items()}
            return {k: Drawn(plan, self.table[rows], rows) for k, rows in copies.items()}
        more = {k: ceil(n / (1.0 - (self.quality or 0.0))) for k, n in wanted.items()}
        drawn = {k: Drawn(plan, rows) for k, rows in self._whole(plan, more, rng).items() if len(rows)}
        if self.quality is None or not drawn:
            return drawn
        features, schema = self._features()
        judge = Judge.of(features, schema, self.target.codes, self.seed)
        return {k: _filtered(its, wanted[k], judge, k, features.columns) for k, its in drawn.items()}

    def _own(self, k: int) -> Ints:
        """The rows of a class, of which copies keep the rules.

        Raises:
            RuleError: there are none.
        """
        own = np.flatnonzero(self.target.codes == k)
        found = own if self.kept is None else own[self.kept.by(self.table[own])]
        if not len(found):
            raise RuleError(
                f"a class of {len(own)} rows has none that keeps the rules: clean its rows, or leave it out"
            )
        return found

    def _whole(self, plan: Plan, wanted: Mapping[int, int], rng: np.random.Generator) -> dict[int, pl.DataFrame]:
        """New rows in all columns, those that keep the rules; no class of which too few do."""
        if self.kept is None:
            return {k: self._complete(rows, k, rng) for k, rows in self._rows(plan, wanted).items()}
        found: dict[int, list[pl.DataFrame]] = {k: [] for k in wanted}
        lacking = dict(wanted)
        for again in range(ROUNDS):
            drawn = replace(self, seed=self.seed + again)._rows(plan, lacking)
            for k, rows in drawn.items():
                found[k].append(self.kept.kept(self._complete(rows, k, rng)).head(lacking[k]))
                lacking[k] -= len(found[k][-1])
            lacking = {k: n for k, n in lacking.items() if n and k in drawn}
            if not lacking:
                break
        return {k: pl.concat(parts) for k, parts in found.items() if sum(map(len, parts)) == wanted[k]}

    def _rows(self, plan: Plan, wanted: Mapping[int, int]) -> dict[int, pl.DataFrame]:
        common = (self.table, self.schema, self.target.codes, wanted, self.seed)
        if plan.way is None:
            return classic_rows(plan.method, *common, value=self.value)
        learner = Learner(plan.method if self.model is None else self.model, self.options)
        try:
            if plan.way == "class-specific":
                return class_specific_rows(learner, *common)
            return conditional_rows(learner, *common, apart=self.apart, within=self._within(wanted))
        except (TrainingError, RuleError):
            return {}

    def _within(self, wanted: Mapping[int, int]) -> dict[int, dict[str, Condition]]:
        """What else holds in each region: the target's numbers lie between its ends."""
        if self.value is None:
            return {}
        return {k: {self.value: between(*self.target.labels[k])} for k in wanted}

    def _complete(self, rows: pl.DataFrame, k: int, rng: np.random.Generator) -> pl.DataFrame:
        """All columns: what a method leaves out comes from rows of the class."""
        lacking = [name for name in self.table.columns if name not in rows.columns]
        if lacking:
            own = np.flatnonzero(self.target.codes == k)
            rows = rows.hstack(self.table.select(lacking)[rng.choice(own, len(rows))])
        return rows.select(self.table.columns)

    def with_new_keys(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The new rows with identifiers of their own, none of them twice."""
        rng = np.random.default_rng(self.seed)
        nothing = np.zeros((len(rows), 0), np.float32)
        for column in self.schema:
            if column.is_key and column.name in rows.columns:
                codec = key_codec(self.table[column.name], column, CodecOptions(protect=False))
                rows = rows.with_columns(restore_column(codec.decode(nothing, nothing, rng), column))
        return rows

    # ---- telling -----------------------------------------------------------------------------------------------------

    def _warn(self, found: Mapping[int, list[Drawn]]) -> None:
        simpler: dict[str, list[str]] = {}
        for parts in found.values():
            for its in parts:
                if its.plan.reason is not None:
                    simpler.setdefault(its.plan.method, []).append(its.plan.reason)
        asked = " + ".join(dict.fromkeys(plan.method for plan in self.plans))
        for method, reasons in simpler.items():
            warnings.warn(
                f"{len(reasons)} of {len(self.target.labels)} classes got rows by {method}, not by {asked}: "
                + "; ".join(dict.fromkeys(reasons)),
                FallbackWarning,
                stacklevel=4,
            )

    def report(self, wanted: Mapping[int, int], drawn: Mapping[int, tuple[Drawn, ...]]) -> BalanceReport:
        lines = []
        for k, label in enumerate(self.target.labels):
            parts = tuple(
                Part(d.plan.method, d.plan.way, len(d.rows), d.plan.reason, d.rejected, d.quality)
                for d in drawn.get(k, ())
            )
            lines.append(ClassReport(label, int(self.counts[k]), wanted.get(k, 0), parts))
        return BalanceReport(tuple(lines), 0 if self.apart is None else int(self.apart.sum()))


def _shares(plans: list[Plan], n: int) -> list[tuple[Plan, int]]:
    """n rows shared out evenly, the first plans getting what is left over."""
    each, left = divmod(n, len(plans))
    shares = [(plan, each + (i < left)) for i, plan in enumerate(plans)]
    return [(plan, share) for plan, share in shares if share]


def _first_possible(plan: Plan, n_rows: int) -> Plan:
    """The plan, or the first simpler one that needs no more rows than there are."""
    while n_rows < plan.least_rows:
        plan = plan.instead(f"{n_rows} rows, fewer than the {plan.least_rows} needed")
    return plan


def _filtered(drawn: Drawn, n: int, judge: Judge, k: int, features: list[str]) -> Drawn:
    rows, quality = best_of(drawn.rows, n, lambda rows: judge.probability(rows.select(features), k))
    return replace(drawn, rows=rows, rejected=len(drawn.rows) - len(rows), quality=quality)
