"""Holes filled so that rules between columns hold: what known cells determine is computed, what fills determine follows
them, and a row that breaks a rule all the same takes the first of some draws that keeps all.

Legend: n rows, C columns of the grid, h holes of one column, m draws.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from likewise.codecs.matrix import TableMatrix
from likewise.errors import LikewiseWarning, OptionError, RuleError
from likewise.impute.laws import Holes
from likewise.rules.making import is_seen
from likewise.rules.orders import edges_of
from likewise.rules.plan import RulePlan
from likewise.rules.steps import Computed, Scaled, as_cell
from likewise.rules.terms import Name
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.distinct import Columns
from likewise.schema.parse import canonical_dtype
from likewise.synthesizer.ruled_completion import with_rows
from likewise.typing import Bools, Floats, Ints

ROUNDS, DRAWS = 8, 16
"""Times that rows are drawn again which break a rule, and draws of each at a time."""

Draw = Callable[[Floats, int], Holes]
"""(rows with holes, m) -> m draws of each hole."""


@dataclass(frozen=True)
class RuledHoles:
    """How holes are filled under rules.

    Args:
        plan: of the table that was learnt from; rows come from elsewhere, so each is held against all rules.
        grid: the columns that can be filled.
    """

    plan: RulePlan
    grid: TableMatrix

    @classmethod
    def of(cls, table: pl.DataFrame, schema: Schema, grid: TableMatrix) -> RuledHoles | None:
        """What fills the holes of such tables; None where the schema has no rules.

        Raises:
            RuleError: the rules cannot be kept.
            OptionError: holes are to be told from one another by what other rows hold.
        """
        if not schema.rules:
            return None
        plan = RulePlan.of(schema.rules, schema, Columns.of(table), np.arange(len(table)), 1)
        holed = [repr(n) for n in plan.unique_columns if n in grid.names and table[n].null_count()]
        if holed:
            raise OptionError(
                f"a rule 'unique' names {', '.join(holed)}, which have holes: each row is filled by itself, so that it "
                "cannot be kept; leave the rule out"
            )
        return cls(plan, grid)

    def deduced(self, table: pl.DataFrame) -> pl.DataFrame:
        """Rows with the holes filled that equations tell from known cells."""
        found = self.plan.deduced(table)
        return table.with_columns(found[name] for name in self.grid.names)

    def filled(self, table: pl.DataFrame, known: pl.DataFrame, first: Holes, draw: Draw) -> Holes:
        """(h, 1) values of the holes of each column, with which rows keep the rules; NaN where a rule says that a cell
        is missing.

        Args:
            table, known: (n, columns) canonical rows as they came, and with what equations tell of them.
            first: (h, 1) what fills the holes that `known` has left.

        Raises:
            RuleError: rows found no cells that keep the rules.
        """
        x, theirs = self.grid.encode(known), self._faults(known)
        self._tell(theirs)
        done = self._whole(known, x, first)
        left = np.flatnonzero(~self._keeps(done, theirs))
        for _ in range(ROUNDS if len(left) else 0):
            copies = np.repeat(left, DRAWS)
            holes = {j: values.reshape(-1, 1) for j, values in draw(x[left], DRAWS).items()}
            again = self._whole(known[copies], x[copies], holes)
            good = np.flatnonzero(self._keeps(again, theirs[copies]))
            found, at = np.unique(copies[good], return_index=True)
            done, left = with_rows(done, found, again[good[at]]), np.setdiff1d(left, found)
            if not len(left):
                break
            done = self._in_parts(done, copies, again, theirs)
            left = left[~self._keeps(done[left], theirs[left])]
        else:
            nearest = self._combined(known[left], self._in_order(known[left], done[left]))
            done = with_rows(done, left, nearest)
            left = left[~self._keeps(done[left], theirs[left])]
        if len(left):
            raise RuleError(
                f"{len(left):,} of {len(known):,} rows found no values for their holes that keep the rules: what is "
                "known of them leaves no room, or hardly any; clean those rows, or leave them out"
            )
        empty, values = np.isnan(self.grid.encode(table)), self.grid.encode(done)
        return {int(j): values[empty[:, j], j][:, None] for j in np.flatnonzero(empty.any(0))}

    def _in_parts(self, done: pl.DataFrame, copies: Ints, again: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
        """Rows of which no draw keeps all rules, each with ruled columns of draws that keep the rules about these.

        Args:
            copies: which row each draw is of.
        """
        for part in self._parts:
            good = np.flatnonzero(self._keeps(again, theirs[copies], part))
            found, at = np.unique(copies[good], return_index=True)
            wrong = ~self._keeps(done[found], theirs[found], part)
            names = list(dict.fromkeys(n for i in part for n in self.plan.rules[i].columns))
            lent = done[found[wrong]].with_columns(again[good[at[wrong]]].select(names))
            done = with_rows(done, found[wrong], lent)
        return done

    @cached_property
    def _parts(self) -> list[list[int]]:
        """Numbers of the rules that share columns, together."""
        parts: list[tuple[set[str], list[int]]] = []
        for i, rule in enumerate(self.plan.rules):
            names, numbers = set(rule.columns), [i]
            for other in [p for p in parts if p[0] & names]:
                parts.remove(other)
                names, numbers = names | other[0], other[1] + numbers
            parts.append((names, numbers))
        return [numbers for _, numbers in parts]

    def _in_order(self, known: pl.DataFrame, done: pl.DataFrame) -> pl.DataFrame:
        """Rows with the holes that lie on the wrong side of another cell moved to its border: the last resort, where a
        cell is so near to the end of its range that no draw lies beyond it."""
        for edge in edges_of(self.plan.rules):
            if edge.equal or not (isinstance(edge.low, Name) and isinstance(edge.high, Name)):
                continue
            low, high = self.plan.schema[edge.low.name], self.plan.schema[edge.high.name]
            a, b, apart = pl.col(low.name), pl.col(high.name), _least(high) if edge.strict else None
            above, below = (a, b) if apart is None else (a + apart, b - apart)
            moved = {high.name: pl.max_horizontal(b, above), low.name: pl.min_horizontal(a, below)}
            for name, expr in moved.items():
                cell = done.select(pl.when(a.is_not_null() & b.is_not_null()).then(expr).otherwise(name).alias(name))
                if name in self.grid.names and cell[name].dtype == done[name].dtype:
                    done = done.with_columns(done[name].zip_with(known[name].is_not_null(), cell[name]))
        return done

    def _combined(self, known: pl.DataFrame, done: pl.DataFrame) -> pl.DataFrame:
        """Rows with the holes of combinations that are none as in the first one that holds their known cells."""
        for i, allowed in self.plan.tuples.items():
            names = [n for n in self.plan.rules[i].columns if n in self.grid.names]
            wrong = ~is_seen(done, allowed)
            holes = known.select((pl.col(n).is_null() & pl.lit(wrong)).alias(n) for n in names)
            for pattern in holes.unique().iter_rows(named=True):
                gone, there = [n for n in names if pattern[n]], [n for n in allowed.columns if not pattern.get(n)]
                if not gone or not there:
                    continue
                rows = holes.select(pl.all_horizontal([pl.col(n) == pattern[n] for n in names])).to_series()
                first = allowed.drop_nulls(gone).unique(there, keep="first", maintain_order=True)
                found = done.select(there).join(first, on=there, how="left", maintain_order="left", nulls_equal=True)
                done = done.with_columns(done[n].zip_with(~rows | found[n].is_null(), found[n]) for n in gone)
        return done

    def _faults(self, known: pl.DataFrame) -> pl.DataFrame:
        """(n, rules) where known cells break a rule by themselves."""
        kept = self.plan.kept(known)
        return pl.DataFrame(
            (~kept[str(i)] & known.select(pl.all_horizontal([pl.col(n).is_not_null() for n in r.columns])).to_series())
            .alias(str(i))
            for i, r in enumerate(self.plan.rules)
        )  # fmt: skip

    def _tell(self, theirs: pl.DataFrame) -> None:
        n = int(theirs.select(pl.any_horizontal(pl.all())).to_series().sum())
        if n:
            warnings.warn(
                f"{n:,} rows break a rule by their known cells; these stay as they are", LikewiseWarning, stacklevel=5
            )

    def _keeps(self, done: pl.DataFrame, theirs: pl.DataFrame, rules: Iterable[int] | None = None) -> Bools:
        """(n,) which rows keep all rules, or these, that their known cells do not break by themselves."""
        kept = self.plan.kept(self.plan.written(done))
        names = kept.columns if rules is None else map(str, rules)
        return np.asarray(np.all([(kept[name] | theirs[name]).to_numpy() for name in names], axis=0))

    def _whole(self, known: pl.DataFrame, x: Floats, holes: Holes) -> pl.DataFrame:
        """Rows with their holes filled, those that others determine by these."""
        full = x.copy()
        for j, values in holes.items():
            full[np.isnan(x[:, j]), j] = values[:, 0]
        fills = self.grid.decode(full)
        frame = known.with_columns(known[n].zip_with(known[n].is_not_null(), fills[n]) for n in self.grid.names)
        for step in self.plan.steps:
            if isinstance(step, Computed) and not step.over and step.where is None:
                frame = self._solved(step, known, frame)
            elif isinstance(step, Computed):
                frame = _taken(known, frame, step.back(frame), step.makes)
            elif isinstance(step, Scaled):
                frame = _taken(known, frame, step.back(frame.with_columns(step.forward(frame))), step.makes)
        return frame

    def _solved(self, step: Computed, known: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
        """What an equation makes, or where that is known the first of its parts that is not."""
        open_ = np.ones(len(known), bool)
        for found in (s for s in self.plan.solutions_of(step) if s.column in self.grid.names):
            rows = pl.Series(open_ & known[found.column].is_null().to_numpy())
            column = self.plan.schema[found.column]
            cell = frame.select(as_cell(self.plan.value_of(found, step), column).alias(column.name)).to_series()
            taken = rows & cell.is_not_null()
            frame = frame.with_columns(frame[column.name].zip_with(~taken, cell))
            open_ &= ~taken.to_numpy()
        return frame


def _taken(known: pl.DataFrame, frame: pl.DataFrame, made: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """The frame with what was made of these columns in the cells that are not known."""
    return frame.with_columns(frame[n].zip_with(known[n].is_not_null(), made[n]) for n in names)


def _least(column: Column) -> pl.Expr:
    """How far apart two cells of a column are at least."""
    if column.kind is Kind.DATETIME:
        return pl.duration(days=1) if canonical_dtype(column) == pl.Date else pl.duration(seconds=1)
    if column.kind is Kind.REAL:
        return pl.lit(1e-9 if column.decimals is None else 10.0**-column.decimals)
    return pl.lit(1)
