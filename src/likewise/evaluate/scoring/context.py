"""What every family of scores is given: the tables, the seeds, what was asked for, and where notes go."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.matrix import NUMBER_KINDS
from likewise.errors import InputError, OptionError, nearest
from likewise.evaluate.attacks.copies import row_hashes
from likewise.evaluate.attacks.sides import Hashes, Side, Sides, take_sides
from likewise.evaluate.chance import Dealt, deal
from likewise.evaluate.figure import FloorKind
from likewise.evaluate.scans.whole import Whole
from likewise.evaluate.tables import Typed, type_tables
from likewise.schema.column import Kind, Schema
from likewise.schema.persons import persons_of, unnamed

MEASURES = {
    "accuracy": "overlap of one, two and three columns at a time",
    "joint": "alpha-precision, beta-recall, kernel distance",
    "detection": "a classifier told to find the synthetic rows",
    "utility": "train on synthetic, test on real, for the target",
    "attacks": "copies, nearness, membership, inference, singling out, linkability",
    "models": "the target by every learner, by real and synthetic rows together, and what the models rest on",
    "targets": "every column in turn as target",
}
"""What can be asked for beside columns and pairs, which are always measured."""
STANDARD = ("accuracy", "joint", "detection", "utility", "attacks")

MOST_MEASURED, MOST_FOR_FLOORS = 150_000, 100_000
"""Rows of either table that columns, pairs and overlaps are told from, and their floors. What of it is chance is told
by hands of 10,000 rows (`chance.MAX_ROWS`): of fifteen times as many the figures vary by a quarter of that."""

LEAST_REPEATED, HARDLY_AGAIN = 0.05, 0.9
"""From such a share of rows that repeat, and of values that differ among rows that do, equal rows are one row again."""


def chosen_measures(measures: str | Sequence[str]) -> frozenset[str]:
    """The names that "standard", "all" or a list of names stands for. Raises OptionError for an unknown one."""
    if measures == "standard":
        return frozenset(STANDARD)
    if measures == "all":
        return frozenset(MEASURES)
    names = [measures] if isinstance(measures, str) else list(measures)
    for name in names:
        if name not in MEASURES:
            near = get_close_matches(str(name), [*MEASURES, "standard", "all"], 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise OptionError(
                f"measures must be 'standard', 'all', or among {', '.join(map(repr, MEASURES))}, got {name!r}{hint}"
            )
    return frozenset(names)


def checked_time(time: str | bool | None, schema: Schema) -> str | bool | None:
    """The column that orders an entity's rows, or True for their own order; None where rows are no histories.

    Raises:
        OptionError: no column tells whose the rows are, or this one tells no time.
    """
    if time is None or time is False:
        return None
    if schema.entity is None:
        raise OptionError("time tells the order of an entity's rows, and no column tells whose they are: give entity=")
    if time is True:
        return True
    if time not in schema:
        raise OptionError(f"time names column {time!r}, which the table lacks{nearest(time, schema.names)}")
    if not schema[time].is_modelled or schema[time].kind not in NUMBER_KINDS:
        raise OptionError(
            f"column {time!r} is to tell the time, but holds neither dates nor numbers that are compared; give it a "
            "kind, or time=True: the rows' own order is then kept"
        )
    return time


@dataclass
class Context:
    """One evaluation: its tables, its seeds, and the notes so far."""

    schema: Schema
    frames: dict[str, pl.DataFrame]
    target: str | None
    by: str | None
    seed: int
    learner: str
    measures: frozenset[str]
    notes: list[str] = field(default_factory=list)
    _hashes: dict[str, Hashes] = field(default_factory=dict, repr=False)
    time: str | bool | None = None
    whole: Whole | None = None
    """Counts of all rows, where the tables here are samples of some that are not held."""

    def __post_init__(self) -> None:
        self.whose = _whose(self.frames, self.schema.entity)
        self.together = self.whose or _equal_rows(self.frames, self.modelled, self.notes)
        typed = self._typed("pattern")
        self.train, self.synthetic = typed[0], typed[1]
        self.holdout = typed[2] if len(typed) > 2 else None

    def _typed(self, text: Literal["pattern", "value"]) -> list[Typed]:
        """The tables, typed together, with which rows go together: a person's, or those that repeat each other."""
        tables = type_tables(list(self.frames.values()), self.schema, text=text)
        return [replace(t, persons=self.together.get(role)) for role, t in zip(self.frames, tables, strict=True)]

    @property
    def people(self) -> str:
        """What is counted: "rows", or "persons" where a column tells whose a row is."""
        return "persons" if self.whose else "rows"

    def entities(self, role: str) -> npt.NDArray[np.int64]:
        """(n,) whose each row is, of tables of histories.

        Raises:
            InputError: the synthetic table does not tell.
        """
        if role in self.whose:
            return self.whose[role]
        name = self.schema.entity
        if name not in self.frames[role].columns or not self.frames[role][name].count():
            raise InputError(
                f"the {role} table lacks column {name!r}, which tells whose a row is: histories cannot be measured "
                "without it; give it, or leave time out"
            )
        return persons_of(self.frames[role], name)

    @property
    def modelled(self) -> list[str]:
        return [c.name for c in self.schema if c.is_modelled]

    @property
    def rows(self) -> dict[str, int]:
        """How many rows the tables have, for the report."""
        tables = {"real": self.train, "synthetic": self.synthetic, "holdout": self.holdout}
        if self.whole is None:
            return {f"rows_{role}": 0 if table is None else len(table) for role, table in tables.items()}
        counted = {f"rows_{role}": self.whole.n(role) for role in tables}
        counted |= {"persons_real": self.whole.n("real"), "persons_holdout": self.whole.n("holdout")}
        return counted | {f"sampled_{role}": self.whole.sampled.get(role, 0) for role in tables}

    def rng(self, stage: int) -> np.random.Generator:
        """A stream of its own for each stage, so that one more measure does not move the others."""
        return np.random.default_rng([self.seed, stage])

    def draw_seed(self, stage: int) -> int:
        return int(self.rng(stage).integers(2**31 - 1))

    def halves(self, stage: int, share: float = 0.5, *, of: Typed | None = None) -> tuple[Typed, Typed]:
        """The training rows in two by chance, the second part holding `share` of them; persons stay whole."""
        table = self.train if of is None else of
        persons = np.unique(table.whose)
        order = self.rng(stage).permutation(len(persons))
        cut = max(1, round(share * len(order)))
        if table.persons is None:
            return table.take(order[cut:]), table.take(order[:cut])
        is_second = np.isin(table.whose, persons[order[:cut]])
        return table.take(np.flatnonzero(~is_second)), table.take(np.flatnonzero(is_second))

    def control(self, tables: Mapping[str, Typed] | None = None) -> tuple[Typed, Typed, FloorKind]:
        """Real rows that others are held against, and fresh ones that are held against the same: rows held out of
        people who are not among the training rows; else the training rows in two.

        Args:
            tables: typed otherwise, by role.
        """
        train = self.train if tables is None else tables["real"]
        fresh = self.holdout if tables is None else tables.get("holdout")
        if fresh is not None and self.whose:
            fresh = fresh.take(np.flatnonzero(~np.isin(fresh.whose, train.whose)))
        return (*self.halves(60, of=train), "halves") if fresh is None or not len(fresh) else (train, fresh, "holdout")

    @cached_property
    def measured(self) -> tuple[Typed, Typed]:
        """Real and synthetic rows, as many as columns, pairs and overlaps are told from."""
        return self.train.sample(MOST_MEASURED, self.rng(60)), self.synthetic.sample(MOST_MEASURED, self.rng(61))

    @cached_property
    def real_tables(self) -> tuple[Typed, Typed, FloorKind]:
        """Two tables of real rows that share none, up to 100,000 rows each: what fresh rows score is told by them.

        A small holdout tells little of tables as large as the training one, so halves of that stand for it.
        """
        is_large = self.holdout is not None and 2 * len(self.holdout) >= len(self.train)
        real, fresh = (self.train, self.holdout) if is_large and self.holdout is not None else self.halves(2)
        real, fresh = (table.sample(MOST_FOR_FLOORS, self.rng(36)) for table in (real, fresh))
        return real, fresh, "holdout" if is_large else "halves"

    @cached_property
    def equal_tables(self) -> tuple[Typed, Typed, FloorKind]:
        """The same at equally many rows, for by that law errors fall with the rows."""
        real, fresh, floor_by = self.real_tables
        n = min(len(real), len(fresh))
        return real.sample(n, self.rng(37)), fresh.sample(n, self.rng(38)), floor_by

    @cached_property
    def dealt(self) -> Dealt:
        """Synthetic and fresh real rows, dealt out by chance."""
        real, fresh, _ = self.real_tables
        return deal(real, fresh, self.synthetic, self.rng(35))

    @cached_property
    def compared(self) -> dict[str, Typed]:
        """The tables as an attacker compares them: texts by value, not by pattern."""
        if any(c.kind is Kind.TEXT for c in self.schema if c.is_modelled):
            return dict(zip(self.frames, self._typed("value"), strict=True))
        tables = {"real": self.train, "synthetic": self.synthetic, "holdout": self.holdout}
        return {role: table for role, table in tables.items() if table is not None}

    def hashes(self, role: str) -> Hashes:
        """(n,) a number of each row of a table, alike for equal rows."""
        if role not in self._hashes:
            self._hashes[role] = row_hashes(self.frames[role], self.modelled)
        return self._hashes[role]

    @cached_property
    def sides(self) -> Sides:
        """Members and the control of the attacks."""
        real = {role: table for role, table in self.compared.items() if role != "synthetic"}
        if not self.whose:  # attacks have a way of their own with rows that repeat
            real = {role: replace(table, persons=None) for role, table in real.items()}
        found = {role: Side(table, self.hashes(role)) for role, table in real.items()}
        sides = take_sides(found["real"], found.get("holdout"), self.rng(33))
        self.notes.extend(sides.notes)
        return sides


def _whose(frames: dict[str, pl.DataFrame], entity: str | None) -> dict[str, npt.NDArray[np.int64]]:
    """(n,) the person of each row, by table; real ones are numbered alike in all tables, synthetic ones are others.

    Empty where no column tells; without the synthetic table where each of its rows is a person's own.
    """
    if entity is None:
        return {}
    real = [role for role in frames if role != "synthetic"]
    for role in real:
        persons_of(frames[role], entity)  # names the table's own rows where one does not tell
    every = pl.concat([frames[role].select(entity) for role in real], how="vertical_relaxed")
    ends = np.cumsum([len(frames[role]) for role in real])[:-1]
    whose = dict(zip(real, np.split(persons_of(every, entity), ends), strict=True))
    made = frames["synthetic"]
    if entity in made.columns and not unnamed(made[entity]).any() and made[entity].is_duplicated().any():
        whose["synthetic"] = persons_of(made, entity) + len(every)
    return whose


def _equal_rows(
    frames: dict[str, pl.DataFrame], names: list[str], notes: list[str]
) -> dict[str, npt.NDArray[np.int64]]:
    """(n,) a number for each row, alike for equal ones, by table, synthetic ones apart from real ones; empty unless the
    training rows repeat as a join repeats them: many come again, though the values of some column hardly do among rows
    that differ."""
    rows = frames["real"].select(names)
    n_again, once = int(rows.is_duplicated().sum()), rows.unique()
    if n_again < LEAST_REPEATED * len(rows):
        return {}
    column = max(names, key=lambda name: once[name].n_unique())
    if once[column].n_unique() < HARDLY_AGAIN * len(once):
        return {}
    notes.append(
        f"{n_again:,} of {len(rows):,} real rows repeat another one, though the values of column {column!r} hardly "
        "come again in rows that differ. Where real rows are split, equal ones stay together; if a join repeated them, "
        "take each once."
    )
    sides = [pl.Series(row_hashes(frames[role], names), dtype=pl.UInt64) for role in frames]
    numbers = pl.concat(sides).rank("dense").cast(pl.Int64).to_numpy()
    parts = np.split(numbers, np.cumsum([len(side) for side in sides])[:-1])
    return {role: part + len(numbers) * (role == "synthetic") for role, part in zip(frames, parts, strict=True)}


def noise(n: int, m: int) -> float:
    """Sampling noise between two tables goes with this: differences of shares have variance p (1 - p) (1/n + 1/m)."""
    return math.sqrt(1.0 / n + 1.0 / m)


def finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
