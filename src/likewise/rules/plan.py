"""How all rules of a table are kept together: which steps make which columns, in what order, and what is looked at.

What an equation determines is computed; combinations are drawn as one; a later one of two columns is the earlier and a
gap where that is finer than a model's bins; and every row is looked at as it will be written. `Synthesizer` draws again
what breaks a rule (`synthesizer/ruled.py`).

Legend: n rows; `outer` a canonical frame of the user's schema, `inner` one that a codec and a generator learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.conditions import Condition
from likewise.errors import RuleError
from likewise.rules.binding import Bound, bind
from likewise.rules.making import declared_steps, gaps, is_seen, joints, ordered, presences, step_of, value_of
from likewise.rules.orders import check_orders, parts
from likewise.rules.solving import Solution, solutions
from likewise.rules.steps import Computed, Gap, Joint, Presence, Scaled, Step, as_cell
from likewise.rules.terms import Call, Check, FromData, Unique
from likewise.schema.column import Column, Schema
from likewise.schema.distinct import Columns
from likewise.schema.parse import canonical_dtype, parse_column, restore_column


@dataclass(frozen=True)
class RulePlan:
    """What keeps the rules of one table.

    Args:
        schema: of the outer table.
        rules: bound to it.
        steps: in the order in which they make columns.
        tuples: number of a rule -> the combinations that it allows. A step that draws them as one makes no others, but
            rows that are known in part or set by hand may hold some.
    """

    schema: Schema
    rules: tuple[Bound, ...]
    steps: tuple[Step, ...]
    tuples: Mapping[int, pl.DataFrame] = field(default_factory=dict)

    @classmethod
    def declared(cls, rules: Sequence[str], schema: Schema) -> Self:
        """By the rules and the schema alone, as a budget of privacy needs it: nothing is read from rows.

        Raises:
            RuleError: a rule needs the rows, or the rules cannot be kept together.
        """
        bound = bind(rules, schema)
        for rule in bound:
            if isinstance(rule.rule, FromData):
                raise RuleError(
                    f"rule {rule.text!r} would be read from the rows for free, which a budget of privacy does not "
                    "allow; leave it out, or say the combinations as claims, such as city = 'Rome' -> country = 'Italy'"
                )
        check_orders(bound)
        return cls(schema, bound, ordered(declared_steps(bound, schema, None), bound))

    @classmethod
    def of(
        cls, rules: Sequence[str], schema: Schema, table: Columns, whose: npt.NDArray[np.int64], least: int, *,
        keys: bool = False,
    ) -> Self:  # fmt: skip
        """As the rows show what is finer than a bin, which cells go missing together, and which combinations there are.

        Args:
            whose: (n,) the person of each row.
            least: people that must stand behind a combination.
            keys: whether rules may say where keys are missing.

        Raises:
            RuleError: the rules cannot be kept together, or most people's combination is too rare to be given out.
        """
        bound = bind(rules, schema, keys=keys)
        check_orders(bound)
        outer = table.frame(dict.fromkeys(name for rule in bound for name in rule.columns))
        kept = {i: _tuples(r, outer, whose, least) for i, r in enumerate(bound) if isinstance(r.rule, FromData)}
        found = presences(bound, schema) + declared_steps(bound, schema, outer)
        found += joints(bound, schema, found, outer, kept)
        found += gaps(bound, schema, found, outer)
        return cls(schema, bound, ordered(found, bound), kept)

    @property
    def texts(self) -> tuple[str, ...]:
        """The rules as they were given."""
        return tuple(rule.text for rule in self.rules)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Columns that rules name."""
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.columns))

    @cached_property
    def made(self) -> frozenset[str]:
        return frozenset(name for step in self.steps for name in step.makes)

    @cached_property
    def present(self) -> tuple[str, ...]:
        """Keys of which rules say where they are missing."""
        return tuple(step.column.name for step in self.steps if isinstance(step, Presence))

    @cached_property
    def _gone(self) -> frozenset[str]:
        return frozenset(name for step in self.steps for name in step.gone)

    @cached_property
    def _own(self) -> dict[str, Column]:
        return {column.name: column for step in self.steps for column in step.own}

    @cached_property
    def inner(self) -> Schema:
        """What is learnt, own columns where the first column that they stand for was."""
        at = {step.gone[0] if step.gone else step.makes[0]: step for step in self.steps if step.own}
        columns: list[Column] = []
        for column in self.schema:
            columns += at[column.name].own if column.name in at else ()
            if column.name not in self._gone and column.name not in self._own:
                columns.append(column)
        return Schema(tuple(columns))

    @property
    def n_joined(self) -> int:
        """Columns that stand in another's place among those that are learnt."""
        return sum(len(step.columns) - 1 for step in self.steps if isinstance(step, Joint))

    # ---- rows there and back -----------------------------------------------------------------------------------------

    def forward(self, table: Columns) -> Columns:
        """The inner table of an outer one."""
        read = table.frame([name for name in self.columns if name in table])
        made = {series.name: series for step in self.steps for series in step.forward(read)}
        names = [c.name for c in self.inner] + [n for n in table.columns if n not in self.schema.names]
        columns = {name: made[name] if name in made else table[name] for name in names if name in made or name in table}
        return Columns(columns, len(table))

    def forward_known(self, outer: pl.DataFrame) -> pl.DataFrame:
        """The inner cells that are known where missing outer ones are to be filled."""
        made = {series.name: series for step in self.steps for series in step.forward(outer)}
        for step in self.steps:
            if isinstance(step, Gap):
                needed, own = (*step.lows, step.column.name), [step.gap.name]
                if step.learnt:
                    made[step.column.name] = outer[step.column.name].clear(len(outer))
            elif isinstance(step, Joint):
                needed, own = step.makes, [step.level.name]
            else:
                continue
            whole = outer.select(pl.all_horizontal([pl.col(name).is_not_null() for name in needed])).to_series()
            for name in own:
                made[name] = made[name].zip_with(whole, made[name].clear(len(outer)))
        names = [c.name for c in self.inner if c.is_modelled]
        return pl.DataFrame([made[name] if name in made else outer[name] for name in names])

    def learnt_of(self, names: Sequence[str]) -> list[str]:
        """The inner columns that hold outer ones of these names, but combinations: each is there as a whole."""
        found = [name for name in names if name not in self._gone]
        found += [s.own[0].name for s in self.steps if isinstance(s, Gap | Scaled) and s.column.name in names]
        return [
            name
            for name in found
            if not any(isinstance(s, Gap) and s.learnt and s.column.name == name for s in self.steps)
        ]

    def deduced(self, known: pl.DataFrame) -> pl.DataFrame:
        """Rows with the missing cells filled that equations tell from the known ones."""
        for _ in range(len(self.steps) + 1):
            before = known.null_count().sum_horizontal()[0]
            for step in self.steps:
                if isinstance(step, Computed) and not step.over:
                    for solved in filter(self._is_told, self.solutions_of(step)):
                        column = self.schema[solved.column]
                        value = as_cell(self.value_of(solved, step), column)
                        rows = pl.lit(True) if step.where is None else step.where.fill_null(False)
                        cell = pl.col(column.name)
                        known = known.with_columns(
                            pl.when(cell.is_null() & rows).then(value).otherwise(cell).alias(column.name)
                        )
            if known.null_count().sum_horizontal()[0] == before:
                break
        return known

    def solutions_of(self, step: Computed) -> list[Solution]:
        """What the claim behind a step can be solved for; with a condition, only what the step makes."""
        rule = self.rules[step.rule].rule
        assert isinstance(rule, Check)
        found = solutions(parts(rule.claim)[step.part], divided=True)
        return [s for s in found if step.where is None or s.column == step.column.name]

    def _is_told(self, solved: Solution) -> bool:
        """Whether an equation tells the cell: so many days before or after tell no time of day."""
        counts_days = isinstance(solved.term, Call) and solved.term.function in ("+days", "-days")
        return not counts_days or canonical_dtype(self.schema[solved.column]) == pl.Date()

    def value_of(self, solved: Solution, step: Computed) -> pl.Expr:
        """The column that a step computes, by what `solved` says of its equation."""
        return value_of(solved, self.rules[step.rule], self.schema)

    def parted(self, inner: Columns) -> tuple[pl.DataFrame, Columns]:
        """Of the outer table of an inner one the columns that rules name, and the others, which need no look."""
        own = [name for name in inner.columns if name in self._own or name in self.columns]
        return self.back(inner.frame(own)), inner.select(n for n in inner.columns if n not in own)

    def back(self, inner: pl.DataFrame) -> pl.DataFrame:
        """The outer table of an inner one, columns in the schema's order."""
        frame = inner
        for step in self.steps:
            frame = step.back(frame)
        return frame.select(name for name in self.schema.names if name in frame.columns)

    def routed(self, where: Mapping[str, Condition]) -> tuple[dict[str, Condition], dict[str, Condition]]:
        """The conditions of `where` on columns that are learnt as they are, and on those that steps make."""
        made = self.made - set(self.present)
        return {n: c for n, c in where.items() if n not in made}, {n: c for n, c in where.items() if n in made}

    def joint_of(self, name: str) -> Joint | None:
        """The step whose combinations the column of this name comes from."""
        return next((step for step in self.steps if isinstance(step, Joint) and name in step.makes), None)

    # ---- which rows keep the rules -----------------------------------------------------------------------------------

    def written(self, outer: pl.DataFrame) -> pl.DataFrame:
        """The columns that rules name, as they are read again once they are written."""
        columns = [self.schema[name] for name in self.columns if name in outer.columns and not self.schema[name].is_key]
        return outer.with_columns(parse_column(restore_column(outer[c.name], c), c) for c in columns)

    def kept(self, outer: pl.DataFrame) -> pl.DataFrame:
        """(n, rules) which rows keep which rule, each row for itself; a rule that does not bind a row is kept."""
        found = []
        for i, rule in enumerate(self.rules):
            if rule.claim is not None:
                found.append(outer.select(rule.kept.fill_null(True).alias(str(i))).to_series())
            elif i in self.tuples and set(rule.columns) <= set(outer.columns):
                found.append(is_seen(outer, self.tuples[i]).alias(str(i)))
            else:
                found.append(pl.Series(str(i), [True]).new_from_index(0, len(outer)))
        return pl.DataFrame(found)

    def keep_all(self, outer: pl.DataFrame) -> pl.Series:
        """(n,) which rows keep all rules as they are written, each for itself."""
        return self.kept(self.written(outer)).select(pl.all_horizontal(pl.all()).alias("kept")).to_series()

    def within(self, outer: pl.DataFrame) -> pl.Series:
        """(n,) which rows keep what the schema declares of the columns that steps make."""
        found = pl.Series([True]).new_from_index(0, len(outer))
        for name in sorted(self.made):
            bounds = self.schema[name].bounds
            if bounds is not None and not isinstance(bounds[0], str):
                found &= outer[name].is_between(*bounds).fill_null(True)
        return found

    def on(self, names: Sequence[str]) -> RulePlan:
        """What looks at tables of the columns of these names alone: the rules that name no other. It makes nothing."""
        places = [i for i, rule in enumerate(self.rules) if set(rule.columns) <= set(names)]
        tuples = {k: self.tuples[i] for k, i in enumerate(places) if i in self.tuples}
        return replace(self, rules=tuple(self.rules[i] for i in places), steps=(), tuples=tuples)

    def alone(self, outer: pl.DataFrame) -> pl.Series:
        """(n,) which rows are the first that hold what `unique` rules let only one row hold."""
        found = pl.Series([True]).new_from_index(0, len(outer))
        for rule in self.rules:
            if isinstance(rule.rule, Unique) and set(rule.columns) <= set(outer.columns):
                found &= outer.select(first_of(rule)).to_series()
        return found

    @cached_property
    def unique_columns(self) -> tuple[str, ...]:
        """Columns that rules `unique` name."""
        return tuple({n: None for rule in self.rules if isinstance(rule.rule, Unique) for n in rule.columns})

    @property
    def has_unique(self) -> bool:
        """Whether a rule lets no two rows agree."""
        return bool(self.unique_columns)

    # ---- kept in a model file ----------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the texts, what each step is, the combinations."""
        tuples = {
            str(i): [[_plain(value) for value in column] for column in frame.get_columns()]
            for i, frame in self.tuples.items()
        }
        return {"rules": list(self.texts), "steps": [step.state() for step in self.steps], "tuples": tuples}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], schema: Schema) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ModelFileError, or what `DAMAGE` of model files lists: the parts do not fit each other.
        """
        bound = bind(list(data["rules"]), schema, keys=True)
        steps = tuple(step_of(dict(state), bound, schema) for state in data["steps"])
        tuples = {}
        for i, columns in dict(data["tuples"]).items():
            rule = bound[int(i)]
            types = [canonical_dtype(schema[name]) for name in rule.columns]
            tuples[int(i)] = pl.DataFrame(
                [_series(name, values, t) for name, values, t in zip(rule.columns, columns, types, strict=True)]
            )
        return cls(schema, bound, steps, tuples)


def first_of(rule: Bound) -> pl.Expr:
    """Whether a row is the first to hold what it holds in these columns, or lacks one of them."""
    cells = [pl.col(name) for name in rule.columns]
    return pl.struct(cells).is_first_distinct() | pl.any_horizontal([cell.is_null() for cell in cells])


def _tuples(rule: Bound, outer: pl.DataFrame, whose: npt.NDArray[np.int64], least: int) -> pl.DataFrame:
    """The combinations that enough people have.

    Raises:
        RuleError: those of most rows are rarer.
    """
    names = list(rule.columns)
    frame = outer.select(names).with_columns(pl.Series("\0who", whose))
    counted = frame.group_by(names, maintain_order=True).agg(
        pl.col("\0who").n_unique().alias("\0n"), pl.len().alias("\0rows")
    )
    kept = counted.filter(pl.col("\0n") >= least)
    held = int(kept["\0rows"].sum())
    if 2 * held < len(outer):
        raise RuleError(
            f"rule {rule.text!r}: only {len(kept):,} of {len(counted):,} combinations are of {least} people or more, "
            f"and {held:,} of {len(outer):,} rows have one of them; rarer ones tell of single people and are not given "
            "out. Name columns of fewer values, or round them first"
        )
    return kept.select(names).sort(names)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _series(name: str, values: Sequence[Any], dtype: pl.DataType) -> pl.Series:
    if dtype.is_temporal():
        stored = pl.Series(name, values, dtype=pl.String)
        if dtype == pl.Time:
            return stored.str.to_time("%H:%M:%S%.f")
        read = stored.str.to_datetime(time_zone="UTC" if isinstance(dtype, pl.Datetime) and dtype.time_zone else None)
        return read.cast(dtype)
    return pl.Series(name, values, dtype=dtype)
