"""Cells filled under rules: what equations tell is computed, the rest drawn given all that is known, and rows drawn
again until they keep the rules.

Where what a step makes is known and what it makes it of is not (a total without its parts, an end without its start),
the parts are those of a free draw near to what is known, and one of them is solved for, so that the row is exact.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Given
from likewise.codecs.table import Narrowing, TableCodec
from likewise.conditions import Condition, OneOf, meeting
from likewise.errors import LikewiseWarning, RuleError
from likewise.models.base import Generator
from likewise.rules.plan import RulePlan
from likewise.rules.solving import Solution
from likewise.rules.steps import Computed, Gap, Joint, as_cell
from likewise.schema.column import Schema
from likewise.schema.parse import canonical_dtype
from likewise.synthesizer.donors import Donors
from likewise.synthesizer.ruled import levels_of
from likewise.synthesizer.search import drawn_under

POOL_ROWS = 2**13
"""Rows drawn freely, of which some lend parts to rows near to them."""
DONORS_TRIED = 4
"""Lenders of a row, until one leaves it keeping the rules."""
ROUNDS = 40
"""Times that rows are drawn again which break a rule, """
MOST_ROWS, MOST_COPIES = 2**11, 64
"""in so many copies each, and of all together."""

Rows = npt.NDArray[np.int64]


class Completion:
    """One call of `complete` under rules.

    Args:
        given: canonical, nulls where a cell is to be filled; (n, columns).
        where: what the filled rows must meet, column by column.
        may_lack: whether a cell that is filled may be a missing one, of columns that were given too.
    """

    def __init__(
        self, plan: RulePlan, codec: TableCodec, generator: Generator, given: pl.DataFrame, rng: np.random.Generator, *,
        where: Mapping[str, Condition] | None = None, may_lack: bool = False,
    ) -> None:  # fmt: skip
        if plan.present:
            raise RuleError(
                f"rules say where the keys {', '.join(map(repr, plan.present))} are missing, and where rows are filled "
                "all keys are made: draw rows instead, or fit without these rules"
            )
        self.plan, self.codec, self.generator, self.rng, self.where = plan, codec, generator, rng, where or {}
        given = given.select(c.name for c in plan.schema if c.is_modelled and c.name in given.columns)
        full = codec.not_missing(() if may_lack else plan.learnt_of(given.columns))
        asked = codec.condition(plan.routed(self.where)[0])
        self.narrowing = replace(asked, weights=full.weights | asked.weights, within=full.within | asked.within)
        missing = [
            pl.Series(c.name, [None], dtype=canonical_dtype(c)).new_from_index(0, len(given))
            for c in plan.schema
            if c.is_modelled and c.name not in given.columns
        ]
        known = given.with_columns(missing)
        self.known = known.select(c.name for c in plan.schema if c.is_modelled)

    def table(self, *, all_rows: bool = True) -> pl.DataFrame:
        """The rows with every cell that was missing filled, but where a rule says that it is missing.

        Args:
            all_rows: whether every row must find cells that keep the rules; else it is enough that one does.

        Raises:
            RuleError: rows were found no cells for that keep the rules.
        """
        fixed = self.plan.deduced(self.known)
        theirs = self._faults(self.known)
        done, rows = self._filled(fixed), np.arange(len(fixed))
        for _ in range(ROUNDS):
            rows = np.union1d(rows[~self._keeps(done[rows], theirs[rows])], self._twins(done))
            if not len(rows):
                self._tell(theirs)
                return done
            tries = np.repeat(rows, np.clip(MOST_ROWS // len(rows), 1, MOST_COPIES))
            filled = self._filled(fixed[tries])
            good = np.flatnonzero(self._keeps(filled, theirs[tries]))
            found, first = np.unique(tries[good], return_index=True)
            done = with_rows(done, found, filled[good[first]])
        if not all_rows and len(rows) < len(done):
            return done
        names = ", ".join(repr(rule.text) for rule in self.plan.rules)
        raise RuleError(
            f"{len(rows):,} of {len(self.known):,} rows found no cells that keep the rules {names}: what is known of "
            "them leaves no room, or hardly any; clean those rows or leave them out"
        )

    def _keeps(self, filled: pl.DataFrame, theirs: pl.DataFrame) -> npt.NDArray[np.bool_]:
        """(n,) which rows keep all rules that what was given does not break by itself."""
        kept, found = self.plan.kept(self.plan.written(filled)), self.plan.within(filled)
        for name in kept.columns:
            found &= kept[name] | theirs[name]
        return (found & meeting(filled, self.where)).to_numpy()

    def _twins(self, done: pl.DataFrame) -> Rows:
        """Rows that hold what a rule lets only one row hold, and of which some was drawn."""
        if not self.plan.has_unique:
            return np.empty(0, np.int64)
        named = [n for n in self.plan.unique_columns if n in self.known.columns]
        drawn = self.known.select(pl.any_horizontal([pl.col(n).is_null() for n in named])).to_series()
        # Rows that were given whole come first, so that it is the others which are drawn again.
        order = np.argsort(drawn.to_numpy(), kind="stable")
        twins = order[~self.plan.alone(self.plan.written(done)[order]).to_numpy()]
        return np.asarray(twins[drawn.to_numpy()[twins]], np.int64)

    def _faults(self, known: pl.DataFrame) -> pl.DataFrame:
        """(n, rules) where known cells break a rule by themselves, all of its columns being known."""
        kept = self.plan.kept(self.plan.written(known))
        found = []
        for i, rule in enumerate(self.plan.rules):
            named = [pl.col(n).is_not_null() for n in rule.columns if n in known.columns]
            found.append((~kept[str(i)] & known.select(pl.all_horizontal(named)).to_series()).alias(str(i)))
        return pl.DataFrame(found)

    def _tell(self, theirs: pl.DataFrame) -> None:
        said = [f"{n:,} break {rule.text!r}" for rule, n in zip(self.plan.rules, theirs.sum().row(0), strict=True) if n]
        if said:
            warnings.warn(
                f"of the rows given, {'; '.join(said)} by their known cells; these stay as they are",
                LikewiseWarning,
                stacklevel=5,
            )

    # ---- one try ---------------------------------------------------------------------------------------------------

    def _filled(self, known: pl.DataFrame) -> pl.DataFrame:
        """Rows with every cell drawn, those that are known as they are."""
        for _ in range(len(self.plan.steps) + 1):
            pinned = self._pinned(known)
            if not len(pinned):
                break
            known = with_rows(known, pinned, self._loosened(known[pinned]))
        _, drawn = self._drawn(known)
        return _filled_up(known, drawn)

    def _pinned(self, known: pl.DataFrame) -> Rows:
        """Rows in which a step's column is known and one that it is made of is not."""
        found = np.zeros(len(known), bool)
        for step in self.plan.steps:
            if _is_solved(step):
                name = step.makes[0]
                lacking = known.select(pl.any_horizontal([pl.col(n).is_null() for n in step.reads])).to_series()
                found |= (known[name].is_not_null() & lacking).to_numpy()
        return np.flatnonzero(found)

    def _loosened(self, known: pl.DataFrame) -> pl.DataFrame:
        """The rows with what their pinned cells are made of, exact: one part solved for, the others as a row near to
        what is known has them, of some such rows the one by which most rules are kept."""
        pinned = {step.makes[0] for step in self.plan.steps if _is_solved(step)}
        best, least = known, np.full(len(known), np.inf)
        for _ in range(DONORS_TRIED):
            left = np.flatnonzero(least > 0)
            if not len(left):
                break
            rows = known[left]
            lent = self._donors.nearest(rows, pinned, self.rng)
            exact = self._exact(rows, self._donors.inner[lent], self._donors.outer[lent])
            n_broken = self._faults(exact).sum_horizontal().to_numpy().astype(float)
            fewer = np.flatnonzero(n_broken < least[left])
            best, least[left] = with_rows(best, left[fewer], exact[fewer]), np.minimum(n_broken, least[left])
        return best

    @cached_property
    def _donors(self) -> Donors:
        inner = drawn_under(Narrowing({}, {}), self.codec, self.generator, POOL_ROWS, self.rng, keys=False).frame()
        outer = self.plan.back(inner)
        good = self.plan.keep_all(outer)
        good = good if good.any() else ~good
        columns = Schema(tuple(c for c in self.plan.schema if c.name in outer.columns))
        return Donors.of(inner.filter(good), outer.filter(good), columns, self.rng)

    def _exact(self, known: pl.DataFrame, inner: pl.DataFrame, outer: pl.DataFrame) -> pl.DataFrame:
        """The rows with the parts of their pinned cells, all but one as lent by these rows, and that one solved for."""
        for step in self.plan.steps:
            if isinstance(step, Gap):
                known = self._lowered(step, known, inner, outer)
            elif isinstance(step, Computed) and _is_solved(step):
                known = self._solved(step, known, outer)
        return known

    def _lowered(self, step: Gap, known: pl.DataFrame, inner: pl.DataFrame, outer: pl.DataFrame) -> pl.DataFrame:
        """The greatest of the lower columns as the upper one less the gap that was drawn."""
        high = step.column.name
        drawn = outer.select(pl.col(n).alias(f"\0{n}") for n in step.lows).with_columns(
            inner[step.gap.name].alias("\0gap")
        )
        frame = pl.concat([known, drawn], how="horizontal")
        top = pl.max_horizontal([pl.col(f"\0{n}") for n in step.lows])
        low = step.below(pl.col(high), pl.col("\0gap"))
        made, taken = [], pl.lit(False)
        for name in step.lows:
            column = self.plan.schema[name]
            cell = pl.col(name)
            is_top = (pl.col(f"\0{name}") == top).fill_null(True) & ~taken
            fresh = pl.when(is_top).then(as_cell(low, column)).otherwise(pl.col(f"\0{name}"))
            binds = cell.is_null() & pl.col(high).is_not_null()
            made.append(pl.when(binds).then(fresh).otherwise(cell).alias(name))
            taken = taken | is_top
        return frame.with_columns(made).select(known.columns)

    def _solved(self, step: Computed, known: pl.DataFrame, outer: pl.DataFrame) -> pl.DataFrame:
        """All parts but one as they were drawn, and that one by the equation."""
        options = [s for s in self.plan.solutions_of(step) if s.column != step.column.name]
        binds = known[step.column.name].is_not_null()
        for solved in [*options, None]:
            names = [n for n in step.reads if solved is None or n != solved.column]
            free = binds if solved is None else binds & known[solved.column].is_null()
            known = known.with_columns(
                known[n].zip_with(known[n].is_not_null() | ~free, outer[n]).alias(n) for n in names
            )
            if solved is not None:
                known = self._filled_by(solved, step, known, free)
        return known

    def _filled_by(self, solved: Solution, step: Computed, known: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
        cell = as_cell(self.plan.value_of(solved, step), self.plan.schema[solved.column])
        made = known.select(cell.alias(solved.column)).to_series()
        return known.with_columns(
            known[solved.column].zip_with(~rows | known[solved.column].is_not_null(), made).alias(solved.column)
        )

    # ---- draws -----------------------------------------------------------------------------------------------------

    def _drawn(self, known: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Inner and outer rows drawn given what is known of each."""
        table = self.plan.forward_known(known)
        parts: list[tuple[Rows, pl.DataFrame]] = []
        for rows, table_of, levels in self._groups(known, table):
            weights = self.narrowing.weights | (self.codec.condition(levels).weights if levels else {})
            given = Given(self.codec.encode_known(table_of), weights, joint=False)
            codes = self.generator.sample(len(rows), rng=self.rng, given=given)
            drawn = self.codec.decode_few(codes, rng=self.rng, narrowing=self.narrowing, keys=False, known=table_of)
            parts.append((rows, drawn.frame()))
        order = np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable")
        inner = pl.concat([frame for _, frame in parts])[order]
        inner = inner.with_columns(  # known cells as they are, not as their codes are
            inner[name].zip_with(table[name].is_null(), table[name].cast(inner[name].dtype)) for name in table.columns
        )
        return inner, self.plan.back(inner)

    def _groups(
        self, known: pl.DataFrame, table: pl.DataFrame
    ) -> Iterator[tuple[Rows, pl.DataFrame, dict[str, OneOf]]]:
        """Rows of which the same parts of combinations are known, and the combinations that these leave; where only one
        is left, it is known."""
        number = np.zeros(len(known), np.int64)
        asked: list[list[tuple[str, OneOf | None]]] = [[]]  # of each number
        for step in self.plan.steps:
            if isinstance(step, Joint):
                table, of_step, left = self._left(step, known, table)
                pairs, number = np.unique(np.stack([number, of_step]), axis=1, return_inverse=True)
                asked = [[*asked[a], (step.level.name, left[b])] for a, b in pairs.T]
        number = number.ravel()
        for k, levels in enumerate(asked):
            rows = np.flatnonzero(number == k)
            yield rows, table[rows], {name: one for name, one in levels if one is not None}

    def _left(
        self, step: Joint, known: pl.DataFrame, table: pl.DataFrame
    ) -> tuple[pl.DataFrame, Rows, list[OneOf | None]]:
        """The table with the levels that follow from parts of them, the number of what each row leaves, and these."""
        cells = known.select(step.makes)
        some = cells.select(
            pl.any_horizontal(pl.all().is_null()) & pl.any_horizontal(pl.all().is_not_null())
        ).to_series()
        if not some.any():
            return table, np.zeros(len(known), np.int64), [None]
        patterns = cells.filter(some).unique(maintain_order=True)
        kept = levels_of(self.codec, step)
        matching = [
            step.matching({n: v for n, v in row.items() if v is not None}, kept)
            for row in patterns.iter_rows(named=True)
        ]
        sure = [found[0] if len(found) == 1 else None for found in matching]
        left: list[OneOf | None] = [None]
        numbers = []
        for found in matching:
            numbers.append(len(left) if len(found) > 1 else 0)
            left += [OneOf(found)] if len(found) > 1 else []
        beside = patterns.with_columns(pl.Series("\0sure", sure, pl.String), pl.Series("\0number", numbers, pl.Int64))
        joined = cells.join(beside, on=list(step.makes), how="left", maintain_order="left", nulls_equal=True)
        level = pl.coalesce(pl.col(step.level.name), joined["\0sure"])
        return table.with_columns(level), joined["\0number"].fill_null(0).to_numpy(), left


def _is_solved(step: object) -> bool:
    return isinstance(step, Gap) or (
        isinstance(step, Computed) and step.where is None and not step.over and bool(step.reads)
    )


def _filled_up(known: pl.DataFrame, drawn: pl.DataFrame) -> pl.DataFrame:
    """Cells as they are known, else as they were drawn."""
    return pl.DataFrame([known[name].zip_with(known[name].is_not_null(), drawn[name]) for name in known.columns])


def with_rows(frame: pl.DataFrame, rows: Rows, new: pl.DataFrame) -> pl.DataFrame:
    """The frame with these rows in place of its own."""
    at = np.arange(len(frame))
    at[rows] = len(frame) + np.arange(len(rows))
    return pl.concat([frame, new.select(frame.columns)])[at]
