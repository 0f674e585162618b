"""A database drawn: plans, then rows, then links, then keys.

Legend: n rows of a table, P of its parent.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl

from likewise.databases.derived import again, kept_apart, unlearnt
from likewise.databases.keys import ForeignKey
from likewise.databases.links.agreeing import Agreements
from likewise.databases.links.codes import SideCodes
from likewise.databases.links.degrees import scaled
from likewise.databases.links.levels import SelfLinks
from likewise.databases.links.makers import Drawn
from likewise.databases.links.matching import Within, assign, match, unlike
from likewise.databases.pointing import rows_at
from likewise.errors import LikewiseWarning
from likewise.schema.dtypes import dtype_from_name
from likewise.synthesizer.databases.groups import Groups
from likewise.synthesizer.databases.known import completed, given_links
from likewise.synthesizer.databases.learning import DatabaseModel, back_of, seed_of
from likewise.synthesizer.databases.linked import numbered
from likewise.synthesizer.databases.paired import least_off
from likewise.synthesizer.databases.plan import plan_of
from likewise.synthesizer.databases.required import without_missing
from likewise.synthesizer.databases.searched import Subtrees, search
from likewise.synthesizer.databases.sums import Sum, adding_up, sum_of
from likewise.synthesizer.databases.table import (
    EACH,
    EMPTY,
    KEPT,
    TableModel,
    canonical,
    codes_of,
    level_of,
    points_of,
    telling_of,
)
from likewise.synthesizer.databases.wanted import Wanted, owners_of
from likewise.typing import Bools, Floats, Ints

MOST_OFF, MOST_STRETCHED = 1.25, 2.0
"""How far rows of children may be off what they were a parent, and up to where each parent's own are stretched."""
MOST_TILTED = 0.25
"""Standard deviations by which the mean count of drawn rows is brought to that of real ones, at most."""
AMONG, MOST_AMONG = 8, 200_000
"""Rows among which one is taken, and all of them at most."""


def _towards(share: float) -> float:
    """By how much rows are to be more, so that children are as many a parent as they were: 1 where they are nearly."""
    return 1.0 if 1 / MOST_OFF < share < MOST_OFF else share


def _dealt(n: float, size: int, rng: np.random.Generator) -> Ints:
    """(size,) so many rows, unevenly dealt."""
    weights = rng.exponential(size=size)
    return rng.multinomial(max(round(n), 0), weights / weights.sum()).astype(np.int64)


def draw_database(model: DatabaseModel, wanted: Wanted, seed: int) -> dict[str, pl.DataFrame]:
    """New tables, whole: each key unique, and each that points at a row points at one that is there."""
    drawing = Drawing(model, wanted, seed)
    for name in model.graph.order:
        with telling_of(name, model.graph.owner.get(name)):
            drawing.table(name)
    for key in model.late:
        with telling_of(key.table, model.graph.owner.get(key.table)):
            drawing.late(key)
    return drawing.finished()


class Drawing:
    """The tables so far.

    Attributes:
        rows: as they were drawn, without keys.
        wide: what their children are told of them, and how many rows are to point at each.
        links: the row that each points at, -1 for none.
    """

    def __init__(self, model: DatabaseModel, wanted: Wanted, seed: int) -> None:
        self.model, self.wanted, self.seed = model, wanted, seed
        self.rows: dict[str, pl.DataFrame] = {}
        self.wide: dict[str, pl.DataFrame] = {}
        self.links: dict[ForeignKey, Ints] = {}

    def table(self, name: str) -> None:
        """Draw a table, after those that it points at."""
        own, rng = self.model.tables[name], seed_of(self.seed, name)
        self._search(name)
        if name not in self.rows:
            self.draw(name, rng)
        if own.way != KEPT:
            for key in self.model.graph.sides[name]:
                self._side(key, own, rng)
        self._widen(name)

    def _search(self, name: str) -> None:
        """Rows of a root that meet what is asked of those that belong to them, and these."""
        owner, asked = self.model.graph.owner, self.wanted.of_rows
        below = {t for of in asked if owners_of(self.model, of)[0] == name for t in owners_of(self.model, of)}
        if not below:
            return
        chain = [t for t in self.model.graph.order if t in below]

        def draw(m: int, batch: int) -> Subtrees:
            some = Drawing(self.model, replace(self.wanted, rows={name: m}), self.seed + batch + 1)
            for table in chain:
                with telling_of(table, owner.get(table)):
                    some.draw(table, seed_of(some.seed, table))
                    some._widen(table)
            return Subtrees(some.rows, some.links)

        n = self.wanted.rows.get(name, max(1, round(self.wanted.scale * self.model.tables[name].n_rows)))
        schemas = {table: self.model.tables[table].synth.schema_ for table in asked}
        mine = {table: of for table, of in asked.items() if table in below}
        found = search(draw, n, mine, schemas, chain, owner)
        self.rows |= found.rows
        self.links |= found.links

    def _widen(self, name: str) -> None:
        """What children are told of its rows."""
        own, owner = self.model.tables[name], self.model.graph.owner.get(name)
        if self.model.graph.planned(name) or self.model.ledger is not None:
            parents = None if owner is None else self.wide[owner.parent]
            links = None if owner is None else self.links[owner]
            self.wide[name] = own.wide(self.rows[name], parents, "" if owner is None else owner.parent, links)

    def draw(self, name: str, rng: np.random.Generator) -> None:
        """Draw the rows of a table, and which of its owner's each belongs to."""
        own, owner = self.model.tables[name], self.model.graph.owner.get(name)
        if own.way == KEPT and own.kept is not None:
            self.rows[name] = own.kept
        elif own.way == EMPTY:
            self.rows[name] = self._none(name, own)
        elif name in self.wanted.given:
            above = None if owner is None else self.wide[owner.parent]
            self.rows[name] = completed(self.model, self.wanted.given, name, above, rng)
            if owner is not None and (known := given_links(self.model, self.wanted.given, owner)) is not None:
                self.links[owner] = known
        elif owner is None:
            self.rows[name] = self._root(name, own, rng)
        else:
            groups = self.groups_of(name, own, owner, rng)
            if len(groups.size):
                above = self.wide[owner.parent]

                def draw(some: Groups) -> tuple[pl.DataFrame, Ints]:
                    return own.draw(some, above, owner.parent, rng)

                missed = partial(own.missed, n_parents=len(above))
                drawn = least_off(draw, groups, missed, len(above))
                rows, self.links[owner] = adding_up(
                    draw, drawn, groups, self._sums(own, owner, groups), rng, missed=missed, whole=own.whole
                )
                if own.days is not None and self.wanted.is_whole:
                    rows = own.on_days(rows, self.links[owner])
                self.rows[name] = own.with_counted(rows, groups)
            else:
                self.rows[name], self.links[owner] = self._none(name, own), np.zeros(0, np.int64)

    def _none(self, name: str, own: TableModel) -> pl.DataFrame:
        """No rows, of the columns that there would be."""
        made = {*self.model.keys.made(name), *unlearnt(self.model.derived, name)}
        types = {c: dtype_from_name(own.columns[c]) for c in own.columns if c not in made}
        seen = {c.name: dtype_from_name(c.dtype) for c in own.shown}
        return pl.DataFrame(schema=types | seen)

    def _root(self, name: str, own: TableModel, rng: np.random.Generator) -> pl.DataFrame:
        wanted, seed = self.wanted, int(rng.integers(2**31))
        n = wanted.rows.get(name, max(1, round(wanted.scale * own.n_rows)))
        counts = [plan_of(key) for key in self.model.graph.planned(name)]
        if name in wanted.where or not counts:
            rows: pl.DataFrame = own.synth.sample(n, where=wanted.where.get(name), random_state=seed)
            return rows
        rows = own.synth.sample(n * max(1, min(AMONG, MOST_AMONG // n)), random_state=seed)
        degrees = [self.model.degrees.get(key) for key in self.model.graph.planned(name)]
        means = np.array([np.nan if of is None or of.is_few else of.mean for of in degrees])
        return evenly(rows, n, counts, rng, means)

    def groups_of(self, name: str, own: TableModel, owner: ForeignKey, rng: np.random.Generator) -> Groups:
        """How many rows each parent has: as it was drawn with it, or as the size that is asked for leaves of it."""
        counts = self._planned(owner, rng)
        whole = float(counts.sum()) * (1 + own.loose)
        asked = self.wanted.rows.get(name)
        share = 1.0 if asked is None else asked / max(whole, 1.0)
        if asked is None and self.model.tables[owner.parent].way == KEPT:
            share = self.wanted.scale
        elif asked is None and self.model.ledger is None and self.wanted.is_whole:
            usual = own.n_rows * len(counts) / max(self.model.tables[owner.parent].n_rows, 1)
            share = _towards(usual / max(whole, 1.0))
        if share > MOST_STRETCHED:
            counts = counts + _dealt(share * max(whole, 1.0) / (1 + own.loose) - counts.sum(), len(counts), rng)
        elif share != 1.0:
            counts = scaled(counts * share, rng)
        counts = np.minimum(counts, 1) if own.way == EACH else counts
        if not counts.any() and len(counts) and not own.loose:
            counts[rng.integers(len(counts))] = 1
        return Groups.of(counts, round(counts.sum() * own.loose))

    def _planned(self, key: ForeignKey, rng: np.random.Generator) -> Ints:
        """(P,) rows that are to point at each."""
        counts = np.array(self.wide[key.parent][plan_of(key)].cast(pl.Int64).fill_null(0).clip(0).to_numpy())
        degrees, is_whole = self.model.degrees.get(key), self.wanted.is_whole
        if degrees is None or not (is_whole or degrees.is_few):  # some rows may well have fewer than all have
            return counts
        return degrees.made(counts, rng)

    def _sums(self, own: TableModel, owner: ForeignKey, groups: Groups) -> dict[Sum, Floats]:
        """What the rows of each parent are to add up to, where there are as many as were drawn with it."""
        above = self.wide[owner.parent]
        whole = above[plan_of(owner)].cast(pl.Int64).fill_null(-1).to_numpy() == groups.counts(len(above))
        goals = {of: above[sum_of(owner, of.column)].cast(pl.Float64, strict=False) for of in own.sums}
        return {of: np.where(whole, goal.fill_null(np.nan).to_numpy(), np.nan) for of, goal in goals.items()}

    # ---- links -------------------------------------------------------------------------------------------------------

    def _side(self, key: ForeignKey, own: TableModel, rng: np.random.Generator) -> None:
        """A further foreign key: of the rows whose codes were drawn, those that are to be pointed at most."""
        if (given := given_links(self.model, self.wanted.given, key)) is not None:
            self.links[key] = given
            return
        if self.model.ledger is not None:
            self._by_leaf(key, own, rng)
            return
        side, rows, parents = own.sides.get(key), self.rows[key.table], self.wide[key.parent]
        links = np.full(len(rows), -1, np.int64)
        if side is None or not len(parents) or not len(rows):
            self.links[key] = links
            return
        required = self.model.schema.is_required(key)
        degrees = self._planned(key, rng)
        known = canonical(parents, self.model.tables[key.parent].shown)
        wanted = _codes(rows, key)
        at = np.arange(len(rows)) if required else np.flatnonzero(wanted[:, 0] >= 0)
        links[at] = self._matched(key, at, np.maximum(wanted[at], 0), side, known, degrees, rng)
        self.links[key] = links
        if required and (links < 0).any():
            self._leave_out(key, links < 0)

    def _by_leaf(self, key: ForeignKey, own: TableModel, rng: np.random.Generator) -> None:
        """A key to kept rows, where a budget hides how many rows point at each: any of the leaf that was drawn."""
        side, rows, parents = own.sides[key], self.rows[key.table], self.rows[key.parent]
        links, wanted, even = np.full(len(rows), -1, np.int64), _codes(rows, key), np.ones(len(parents), np.int64)
        at = np.flatnonzero(wanted[:, 0] >= 0)
        if side is not None and len(at) and len(parents):
            codes = side.codes(canonical(parents, self.model.tables[key.parent].shown), even)
            links[at] = match(wanted[at], codes, even, rng)
        self.links[key] = links
        if self.model.schema.is_required(key) and (links < 0).any():
            self._leave_out(key, links < 0)

    def _matched(
        self, key: ForeignKey, at: Ints, wanted: Ints, side: SideCodes, parents: pl.DataFrame, degrees: Ints,
        rng: np.random.Generator,
    ) -> Ints:  # fmt: skip
        """The rows that those at `at` point at: of wanted leaves, so that no two rows share a key, ways agree that do
        so in the real rows, and rows of one parent are as much alike."""
        codes = side.codes(parents, degrees)
        agree, also, beside = self.model.agree.get(key, Agreements()), self._within(key), self._beside(key)
        owner: Ints | None = None
        if beside is not None:
            owner = numbered([self._held(key.table, beside)])[0][at] if beside else np.zeros(len(at), np.int64)
        elif key in self.model.tables[key.table].distinct:
            owner = self.links[self.model.graph.owner[key.table]][at]

        def linked(some: Ints, within: Within | None) -> Ints:
            groups = None if within is None else (within[0][at[some]], within[1])
            if beside == []:
                return assign(wanted[some], codes, rng, within=groups)
            who = None if owner is None else owner[some]
            return match(wanted[some], codes, degrees, rng, owner=who, within=groups, exact="degrees")

        within = agree.within(self.links, len(codes), also)
        found = linked(np.arange(len(at)), within)
        if agree.agree and beside is None and (lost := np.flatnonzero(found < 0)).size:
            found[lost] = linked(lost, also)  # there is none that agrees
        groups = None if within is None else (within[0][at], within[1])
        owner = None if beside == [] else owner  # whatever is exchanged, each is pointed at once
        if (like := self.model.siblings.get(key)) is not None:
            rows = self._own(key.table)[at]
            found = like.settled(found, rows, side, parents, degrees, rng, owner=owner, within=groups)
        for other in agree.unlike:
            found = unlike(found, self.links[other][at], codes, rng, owner=owner, within=groups)
        return found

    def _leave_out(self, key: ForeignKey, lost: Bools) -> None:
        """Do without rows that must point at one and find none."""
        warnings.warn(
            f"{int(lost.sum()):,} of {len(lost):,} rows find nothing that they may point at by {key}, and are left out",
            LikewiseWarning,
            stacklevel=3,
        )
        self.rows[key.table] = self.rows[key.table].filter(pl.Series(~lost))
        for other in self.links:
            if other.table == key.table:
                self.links[other] = self.links[other][~lost]

    def _within(self, key: ForeignKey) -> tuple[Ints, Ints] | None:
        """Numbers that must agree, where a column stands in two foreign keys."""
        placed = {c for other in self.links if other.table == key.table and other != key for c in other.columns}
        shared = [k for k, column in enumerate(key.columns) if column in placed]
        if not shared:
            return None
        mine = self._held(key.table, [key.columns[k] for k in shared])
        theirs = self._held(key.parent, [key.parent_columns[k] for k in shared])
        one, other = numbered([mine, theirs])
        return one, other

    def _beside(self, key: ForeignKey) -> list[str] | None:
        """The columns that a key of the table holds beside those that point; None where none has to be looked at."""
        makers = self.model.keys.makers[key.table]
        placed = {c for other in self.links if other.table == key.table for c in other.columns}
        for unique in self.model.schema.tables[key.table].keys:
            others = [column for column in unique if column not in key.columns]
            there = all(c in placed or isinstance(makers.get(c), Drawn) for c in others)
            if set(key.columns) <= set(unique) and there:
                return others
        return None

    def _held(self, table: str, columns: Sequence[str]) -> pl.DataFrame:
        """(n, columns) what tells values of key columns apart that are yet to be made."""
        return pl.DataFrame([self._source(table, column).alias(str(k)) for k, column in enumerate(columns)])

    def _source(self, table: str, column: str) -> pl.Series:
        """(n,) the same text for what will be the same value: the value, or the row that it is copied of."""
        for key, links in self.links.items():
            if key.table == table and column in key.columns:
                there = key.parent_columns[key.columns.index(column)]
                if (key.parent, there) != (table, column):
                    return self._source(key.parent, there).gather(rows_at(links))
        rows = self.rows[table]
        if column in rows.columns:
            return rows[column].cast(pl.String)
        return pl.Series(np.arange(len(rows))).cast(pl.String) + f" of {table}"

    def late(self, key: ForeignKey) -> None:
        """Match what could only be when all rows are there."""
        if (given := given_links(self.model, self.wanted.given, key)) is not None:
            self.links[key] = given
            return
        rows, own, rng = self.rows[key.table], self.model.tables[key.table], seed_of(self.seed, str(key))
        like, n = self.model.late[key], len(self.rows[key.table])
        required = self.model.schema.is_required(key)
        if isinstance(like, SelfLinks):
            if own.way in (KEPT, EMPTY) or own.sides.get(key) is None:
                return
            self.links[key] = self._to_itself(key, like, own, rng)
        elif own.way != KEPT:
            back = back_of(self.model.graph, key)
            points = rows[points_of(key)].cast(pl.Int64).to_numpy() if points_of(key) in rows.columns else None
            within, side, codes = self._within(key), own.sides.get(key), None
            if side is not None:
                known = self._own(key.parent)
                codes = side.codes(known, np.zeros(len(known), np.int64))
            self.links[key] = like.draw(
                n, None if back is None else self.links.get(back), rng, n_parents=len(self.rows[key.parent]),
                required=required, points=points, within=within, codes=codes, wanted=_codes(rows, key).clip(0),
            )  # fmt: skip

    def _to_itself(self, key: ForeignKey, like: SelfLinks, own: TableModel, rng: np.random.Generator) -> Ints:
        rows, side = self.rows[key.table], own.sides[key]
        assert side is not None
        level, wanted = np.array(rows[level_of(key)].cast(pl.Int64).fill_null(0)), _codes(rows, key)
        if like.roots and len(level) and (level > 0).all():  # of a tree with one root, that is not always drawn
            level[level.argmin()] = 0
        children = rows[plan_of(key)].cast(pl.Int64).fill_null(0).clip(0).to_numpy()
        codes = side.codes(self._own(key.table), children)
        within = self._within(key)
        return like.draw(
            level, children, rng, wanted=np.maximum(wanted, 0), codes=codes, group=None if within is None else within[0]
        )

    def _own(self, table: str) -> pl.DataFrame:
        """(n, columns) what its rows hold themselves, canonical."""
        own, rows = self.model.tables[table], self.rows[table]
        return canonical(rows, [c for c in own.shown if c.name in own.columns and c.name in rows.columns])

    # ---- keys --------------------------------------------------------------------------------------------------------

    def _partly(self, name: str) -> list[str]:
        """Columns that are never missing, of foreign keys of which others are: rows that point at nothing hold them."""
        schema = self.model.schema
        own = {c for key in schema.tables[name].keys for c in key}
        partly = {
            c for key in schema.of(name) if not schema.is_required(key) and len(key.columns) > 1 for c in key.columns
        }
        return [c for c in schema.tables[name].required if c in partly - own]

    def finished(self) -> dict[str, pl.DataFrame]:
        """All tables as they came: keys made, columns in order, each of its type."""
        model, keys = self.model, self.model.keys
        schema = model.schema
        fixed = {(name, c) for name, known in self.wanted.given.items() for c in keys.made(name) if c in known.columns}
        for name, known in self.wanted.given.items():
            if set(keys.made(name)) <= set(known.columns):
                schema = schema.replace(name, kept=True)  # their keys are their own
        tables = {
            name: self.rows[name].select(c for c in own.columns if c in self.rows[name].columns)
            for name, own in model.tables.items()
        }
        for name, rows in tables.items():
            if name not in self.wanted.given and model.tables[name].way != KEPT:
                tables[name] = without_missing(rows, schema.tables[name].required, seed_of(self.seed, f"{name}!"))
        counts = {name: len(rows) for name, rows in self.rows.items()}
        made, lost = replace(keys, schema=schema).make(tables, counts, self.links, seed_of(self.seed, ""), fixed)
        for name, n in lost.items():
            warnings.warn(
                f"table {name!r}: {n:,} of {counts[name]:,} rows would share a key with another, or point at a row "
                "that does, and are left out",
                LikewiseWarning,
                stacklevel=3,
            )
        for name, rows in made.items():
            if name not in self.wanted.given and model.tables[name].way != KEPT:
                made[name] = without_missing(rows, self._partly(name), seed_of(self.seed, f"{name}?"))
        types = {name: own.columns for name, own in model.tables.items()}
        rng, links = seed_of(self.seed, ">"), None if lost else self.links
        whole = again(made, model.derived, rng, columns=types, links=links, given=self.wanted.given)
        whole = kept_apart(whole, model.derived, schema, rng)
        return {name: _as_it_came(whole[name], own) for name, own in model.tables.items()}


def evenly(
    rows: pl.DataFrame, n: int, by: Sequence[str], rng: np.random.Generator, means: Floats | None = None
) -> pl.DataFrame:
    """n of some rows, every so manieth in the order of some numbers, and then mixed: their laws are those of all rows,
    with less of chance in them (systematic sampling, Madow 1949).

    Args:
        means: that these numbers are to have; NaN for any. A net misses them by a little, and all tables below with it.
    """
    ranks = rows.select(pl.mean_horizontal(pl.col(by).rank("average"))).to_series().to_numpy()
    order = np.lexsort([rng.random(len(rows)), ranks])
    numbers = rows.select(pl.col(by).fill_null(0).cast(pl.Float64)).to_numpy()
    free = means is not None and len(rows) >= 2 * n
    weights = tilted(numbers, means) * len(rows) if free and means is not None else np.ones(len(rows))
    upto = np.cumsum(np.minimum(weights, max(1.0, len(rows) / n / 2))[order])  # none is taken twice
    at = np.searchsorted(upto, (np.arange(n) + rng.random()) * upto[-1] / n, side="right")
    return rows[rng.permutation(order[at.clip(max=len(rows) - 1)])]


def tilted(numbers: Floats, means: Floats) -> Floats:
    """(n,) shares of rows under which numbers (n, k) have these means, as near to even as can be: each weighs as an
    exponential of what it holds (raking; Deming and Stephan 1940). Even ones where the means are far off.

    Example:
        >>> numbers = np.array([[0.0], [1.0], [2.0]])
        >>> round(float((tilted(numbers, np.array([1.1])) * numbers[:, 0]).sum()), 3)
        1.1
    """
    even = np.full(len(numbers), 1 / max(len(numbers), 1))
    spread = numbers.std(0)
    at = np.isfinite(means) & (spread > 0)
    x, lacks = (numbers[:, at] - numbers[:, at].mean(0)) / spread[at], (means[at] - numbers[:, at].mean(0)) / spread[at]
    slope = np.zeros(x.shape[1])
    if not len(slope) or np.abs(lacks).max() > MOST_TILTED:
        return even
    for _ in range(20):  # Newton's steps
        weights: Floats = np.exp(np.clip(x @ slope, -50, 50))
        weights = weights / weights.sum()
        off = lacks - weights @ x
        if np.abs(off).max() < 1e-6:
            return weights
        slope = slope + np.linalg.lstsq((x * weights[:, None]).T @ x - np.outer(weights @ x, weights @ x), off)[0]
    return even


def _codes(rows: pl.DataFrame, key: ForeignKey) -> Ints:
    """(n, 2) codes that were drawn of what rows point at; -1 of those that point at nothing."""
    wanted = np.zeros((len(rows), 2), np.int64)
    for k, name in enumerate(codes_of(key)):
        if name in rows.columns:
            wanted[:, k] = rows[name].cast(pl.Int64, strict=False).fill_null(-1 if k == 0 else 0).to_numpy()
    return wanted


def _as_it_came(rows: pl.DataFrame, own: TableModel) -> pl.DataFrame:
    types = {column: dtype_from_name(of) for column, of in own.columns.items() if of and of != "Enum"}
    return rows.select(
        pl.col(c).cast(types[c], strict=False) if c in types and rows[c].dtype != types[c] else pl.col(c)
        for c in own.columns
    )
