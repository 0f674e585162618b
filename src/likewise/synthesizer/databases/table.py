"""One table of a database: how its rows are learnt, and how they are drawn.

Legend: n rows, m groups.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from likewise.databases.keys import ForeignKey
from likewise.databases.links.codes import SideCodes
from likewise.errors import LikewiseError
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.infer import infer
from likewise.schema.parse import parse, restore
from likewise.schema.persons import People
from likewise.synthesizer.databases.context import NOTHING, OFFSET, OWNER, named_below, taken
from likewise.synthesizer.databases.days import Days
from likewise.synthesizer.databases.every import Every, lacking
from likewise.synthesizer.databases.groups import Groups
from likewise.synthesizer.databases.inner import groups_given, rows_given
from likewise.synthesizer.databases.paired import uneven
from likewise.synthesizer.databases.sums import Sum, Whole
from likewise.typing import Ints

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer

Make = Callable[..., "Synthesizer"]
"""A synthesizer that has learnt nothing, with these parameters beside the user's."""

KEPT, EMPTY, ALONE, EACH, GROUPS = "kept", "empty", "alone", "each", "groups"
WAYS = (KEPT, EMPTY, ALONE, EACH, GROUPS)
"""How rows come about: as they were; not at all; on their own; one for each parent at most; several for each."""

SORTED = 0.9
"""Share of neighbours in order, from which a column of times orders the rows of a parent."""
COUNTED = 0.95
"""Share of rows that a column must count."""
DIFFERENT = 0.2
"""Share of rows whose number no other of their parent holds, from which they are put in its order."""
FOLLOWS = 0.1
"""Correlation of rows beside each other, over that of any two of a parent, from which they stand in order."""
LEAST_PAIRS = 100
NUL = r"\x00"
"""The mark of a column within, as texts show it."""
MOST_FIXED = 50
"""Rows behind others of their group, below which no column is taken for one that never changes within a group."""


def level_of(key: ForeignKey) -> str:
    """The column that says how far a row is from where its way by a key to its own table ends."""
    return f"\0level by {key}"


def points_of(key: ForeignKey) -> str:
    """The column that says whether a row points at one at all."""
    return f"\0points by {key}"


def codes_of(key: ForeignKey) -> tuple[str, str]:
    """The columns of a child that say in which cluster, and in which leaf of it, the row lies that it points at."""
    return f"\0cluster of {key}", f"\0leaf of {key}"


@dataclass(frozen=True, kw_only=True)
class TableModel:
    """What was learnt of a table.

    Args:
        columns: name -> type of all its columns, as they came.
        n_rows: that it had.
        way: of `WAYS`.
        shown: what its own children may be told of it.
        synth: that draws its rows; None where they are kept, or there are none.
        told: the columns of its owner that its rows are told.
        loose: rows without an owner, as a share of those that have one.
        sides: how the rows are coded that other foreign keys point at; None of one that points at nothing.
        distinct: of these, those by which no two rows of one owner point at the same.
        counted: of a column that counts the rows of an owner, its name and first number.
        paired: foreign keys whose counts add up to the same in each group.
        every: levels that every group has, or none has twice.
        sums: columns of which it is drawn with a parent what its rows add up to.
        days: on which days its rows come, where they have a time.
        mixed: whether the rows of a parent stand in no order; they are learnt in one, and mixed when drawn.
        kept: its rows, and how many rows point at each.
    """

    columns: Mapping[str, str]
    n_rows: int
    way: str
    shown: tuple[Column, ...] = ()
    synth: Any = None
    told: tuple[str, ...] = ()
    loose: float = 0.0
    sides: Mapping[ForeignKey, SideCodes | None] = field(default_factory=dict)
    distinct: tuple[ForeignKey, ...] = ()
    counted: tuple[str, int] | None = None
    paired: tuple[tuple[ForeignKey, ForeignKey], ...] = ()
    every: tuple[Every, ...] = ()
    sums: tuple[Sum, ...] = ()
    days: Days | None = None
    mixed: bool = False
    kept: pl.DataFrame | None = None

    def wide(self, rows: pl.DataFrame, parents: pl.DataFrame | None, owner: str, links: Ints | None) -> pl.DataFrame:
        """(n, columns) what children may be told of rows: what may be told of those they belong to, and their own.

        Args:
            parents: what may be told of all rows of the owner; None of a table without one.
            owner: its name.
            links: (n,) which of these each row belongs to.
        """
        parts = []
        if parents is not None and links is not None:
            parts.append(told_to(parents, parents.columns, owner, links))
        above = {name for part in parts for name in part.columns}
        parts.append(rows.select(c.name for c in self.shown if c.name not in above))
        return pl.concat([part for part in parts if part.width] or parts, how="horizontal")

    def draw(
        self, groups: Groups | None, parents: pl.DataFrame | None, owner: str, rng: np.random.Generator
    ) -> tuple[pl.DataFrame, Ints]:
        """Rows of groups, and (n,) the parent of each.

        Args:
            parents: what its children may be told of its owner's rows.
            owner: that table's name.
        """
        assert groups is not None
        assert parents is not None
        if self.way == ALONE:
            return self.synth.sample(int(groups.size.sum()), random_state=int(rng.integers(2**31))), groups.rows
        told = told_to(parents, self.told, owner, groups.parent)
        if self.way == EACH:
            return rows_given(self.synth, told, rng), groups.rows
        told = told.with_columns(pl.Series(OWNER, np.arange(len(groups.size))))
        if OFFSET in self.synth.schema_:
            told = told.with_columns(pl.Series(OFFSET, groups.offset))
        rows, whose = groups_given(self.synth, told, groups.size, rng)
        if self.mixed:
            rows = rows[np.lexsort([rng.random(len(rows)), whose])]
        return rows, groups.parent[whose]

    def missed(self, rows: pl.DataFrame, links: Ints, n_parents: int) -> Ints:
        """(P,) how far the rows of each parent are from what holds of those of all."""
        return uneven(self.paired, rows, links, n_parents) + lacking(self.every, rows, links, n_parents)

    @property
    def whole(self) -> Whole | None:
        """How rows may stand in for others of their group; None where they do so in time, or are counted by two."""
        if self.way != GROUPS or self.paired or self.synth.histories_.layout.time is not None:
            return None
        return Whole(self.synth.histories_.layout.once, [one.column for one in self.every])

    def on_days(self, rows: pl.DataFrame, links: Ints) -> pl.DataFrame:
        """Rows on the days of real ones, their times as they are written."""
        if self.days is None:
            return rows
        columns = [c for c in self.synth.schema_ if c.name in (self.days.time, *self.days.along) and c.name in rows]
        if self.days.time not in [c.name for c in columns]:
            return rows
        return rows.with_columns(restore(self.days.settled(canonical(rows, columns), links), Schema(tuple(columns))))

    def with_counted(self, rows: pl.DataFrame, groups: Groups) -> pl.DataFrame:
        """Rows with the column that counts them."""
        if self.counted is None:
            return rows
        name, first = self.counted
        place = np.arange(len(rows)) - np.repeat(np.cumsum(groups.size) - groups.size, groups.size)
        return rows.with_columns(pl.Series(name, place + groups.offset[groups.whose] + first))


def told_to(parents: pl.DataFrame, names: Sequence[str], owner: str, rows: Ints) -> pl.DataFrame:
    """What is told of these parents' rows, as their children hold it."""
    return taken(parents.select(pl.col(name).alias(named_below(owner, name)) for name in names), rows)


def learn_rows(
    make: Make, own: pl.DataFrame, schema: Schema, told: pl.DataFrame, context: Sequence[Column], groups: Groups | None,
    order: str | None, people: People,
) -> tuple[str, Any]:  # fmt: skip
    """How rows come about, and a synthesizer that has learnt them.

    Args:
        own: (n, columns) in the order of the groups.
        told: (n, columns) what each is told of its parent.
        context: those columns.
        groups: None of a table without an owner.
        order: the column that orders rows; None takes them as they stand.
        people: whose they are, and which are held out. Of a group some may be: they are a group of their own then.
    """
    columns = [*context, *schema.columns]
    if NOTHING in schema:
        columns, told, groups = list(schema.columns), own.select(), None
    if groups is None or groups.size.max(initial=0) <= 1:
        synth = make(schema=Schema(tuple(columns)), entity=False)
        wide = pl.concat([told, own], how="horizontal") if told.width else own
        return ALONE if groups is None else EACH, synth._fit_of(wide, people)
    beside = [pl.Series(OWNER, 2 * groups.whose + people.held)]
    columns = [Column(name=OWNER, kind=Kind.ID, role=Role.ENTITY, dtype="Int64"), *columns]
    if groups.are_cut:
        beside.append(pl.Series(OFFSET, groups.offset[groups.whose]))
        columns.insert(1, Column(name=OFFSET, kind=Kind.INTEGER, dtype="Int64"))
    static = None
    if len(own) - len(groups.size) < MOST_FIXED:
        static = [c.name for c in columns if c.name == OFFSET or c.name in told.columns]
    synth = make(schema=Schema(tuple(columns)), entity=OWNER, time=order or True, static=static)
    return GROUPS, synth._fit_of(pl.concat([pl.DataFrame(beside), told, own], how="horizontal"), people)


def seconds_of(synth: Synthesizer) -> float:
    """How long its nets were trained."""
    histories = synth.histories_
    nets = [synth.generator_] if histories is None else [histories.first, histories.when, histories.what]
    return float(sum(net.record.seconds for net in nets))


def schema_of(own: pl.DataFrame, said: Schema | None) -> Schema:
    """What the columns of a table are."""
    overrides = {} if said is None else {c.name: c for c in said if c.name in own.columns}
    return infer(own, overrides=overrides, entity=False) if own.width else Schema(())


def canonical(rows: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """What is known of rows, each column of the type of its kind."""
    return parse(rows.select(c.name for c in columns), Schema(tuple(columns)))


def with_something(own: pl.DataFrame, schema: Schema, n: int) -> tuple[pl.DataFrame, Schema]:
    """A table with a column to learn, where it has keys alone."""
    if any(c.is_modelled for c in schema):
        return own, schema
    turn = Column(name=NOTHING, kind=Kind.BOOLEAN, dtype="Boolean")
    return pl.DataFrame([*own, pl.Series(NOTHING, np.arange(n) % 2 == 0)]), Schema((*schema.columns, turn))


def context_of(model: TableModel, owner: str, names: Sequence[str]) -> list[Column]:
    """The columns of an owner as its children hold them."""
    return [replace(c, name=named_below(owner, c.name)) for c in model.shown if c.name in names]


def order_of(
    own: pl.DataFrame, schema: Schema, whose: Ints, declared: str | None
) -> tuple[pl.Series | None, str | None]:
    """What the rows of a parent are sorted by, the column declared or one of times that stand in order already; and
    its name, where it tells how long it is from row to row.

    Args:
        whose: (n,) the parent of each row as it stands, -1 of none.
    """
    names = [declared] if declared is not None else [c.name for c in schema if c.kind is Kind.DATETIME]
    for name in names:
        if name not in own.columns:
            continue
        when = parse(own.select(name), Schema((schema[name],)))[name]
        is_time = when.dtype in (pl.Date, pl.Datetime) or (when.dtype.is_numeric() and declared is not None)
        is_time &= schema[name].is_modelled and not when.null_count()
        if declared is not None or (is_time and _stands_in_order(when, whose)):
            return when, name if is_time else None
    return None, None


def _stands_in_order(when: pl.Series, whose: Ints) -> bool:
    table = pl.DataFrame({"who": whose, "when": when}).filter(pl.col("who") >= 0).sort("who", maintain_order=True)
    step = table.select(pl.col("when").to_physical().diff().over("who"))["when"].drop_nulls()
    return bool((step != 0).any()) and float((step >= 0).mean()) >= SORTED  # type: ignore[arg-type]


def sorted_by(own: pl.DataFrame, schema: Schema, whose: Ints) -> pl.Series | None:
    """What the rows of a parent are to be learnt in the order of where they stand in none: the numbers that differ
    most, from the greatest. A net that is told the row before then learns a set as well as a sequence.

    Args:
        whose: (n,) the parent of each row, -1 of none.
    """
    best, most = None, DIFFERENT
    for column in schema:
        if column.kind not in (Kind.INTEGER, Kind.REAL) or not column.is_modelled or column.name.startswith("\0"):
            continue
        values = parse(own.select(column.name), Schema((column,)))[column.name].cast(pl.Float64)
        table = pl.DataFrame({"who": whose, "v": values}).filter(pl.col("who") >= 0)
        share = table.n_unique() / max(len(table), 1)
        if share > most and not values.null_count() and not _follows(table):
            best, most = -values, share
    return best


def _follows(table: pl.DataFrame) -> bool:
    """Whether numbers of rows beside each other are more alike than those of any two rows of a parent."""
    table = table.sort("who", maintain_order=True).with_columns(pl.col("v") - pl.col("v").mean().over("who"))
    beside = table.with_columns(pl.col("v").shift(1).over("who").alias("before")).drop_nulls()
    if len(beside) < LEAST_PAIRS:
        return True
    sizes = table.group_by("who").len()["len"]
    by_chance = -1 / max(float(sizes.filter(sizes > 1).mean()) - 1, 1)  # type: ignore[arg-type]
    found = float(np.corrcoef(beside["v"], beside["before"])[0, 1]) if beside["v"].std() else 1.0
    return not abs(found - by_chance) < FOLLOWS


def counted_by(own: pl.DataFrame, whose: Ints) -> tuple[str, int] | None:
    """A column that counts the rows of each parent, as places in a race do, and its first number.

    Args:
        whose: (n,) the parent of each row, -1 of none.
    """
    for column in own:
        if not column.dtype.is_integer() or column.null_count() or not len(own) or (whose < 0).any():
            continue
        table = pl.DataFrame({"who": whose, "n": column.cast(pl.Int64)}).sort("who", "n")
        first = int(table.group_by("who").agg(pl.col("n").min())["n"].mode().min())  # type: ignore[arg-type]
        place = table.select(pl.int_range(pl.len()).over("who")).to_series() + first
        if table["who"].n_unique() * 2 <= len(table) and (table["n"] == place).mean() >= COUNTED:  # type: ignore[operator]
            return column.name, first
    return None


@contextmanager
def telling_of(table: str, owner: ForeignKey | None) -> Iterator[None]:
    """Errors and warnings within name the table, once each, and its key where they mean the rows of one parent.

    Args:
        owner: by which its rows belong to others.
    """

    def told(what: object) -> str:
        text = str(what)
        for column in (OWNER, OFFSET):
            text = text.replace(f"column {column!r}", f"key {column!r}").replace(repr(column), f"'{owner}'")
        return f"table {table!r}: {text.replace(chr(0), '').replace(NUL, '')}"

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            yield
        except LikewiseError as error:
            raise type(error)(told(error)) from error
    for text, category in dict.fromkeys((told(one.message), one.category) for one in heard):
        warnings.warn(text, category, stacklevel=4)
