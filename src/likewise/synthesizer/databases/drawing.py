"""A database drawn: plans, then rows, then links, then keys.

Legend: n rows of a table, P of its parent.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from likewise.databases.keys import ForeignKey
from likewise.databases.links.matching import assign, at_random, match
from likewise.errors import ConditionError, InputError, LikewiseWarning, OptionError, nearest
from likewise.schema.dtypes import dtype_from_name
from likewise.synthesizer.databases.groups import Groups, rounded
from likewise.synthesizer.databases.learning import DatabaseModel, seed_of
from likewise.synthesizer.databases.linked import moved_apart, numbered, repeated
from likewise.synthesizer.databases.table import ALONE, EACH, EMPTY, KEPT, TableModel, codes_of, plan_of, telling_of
from likewise.typing import Ints


@dataclass(frozen=True)
class Wanted:
    """What is asked of a database to be drawn.

    Args:
        scale: rows of each table that belongs to none, as a share of those that there were.
        rows: of some tables, how many rows.
        where: table -> column -> condition.
        given: table -> rows that are known, canonical in no way.
    """

    scale: float = 1.0
    rows: Mapping[str, int] = field(default_factory=dict)
    where: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    given: Mapping[str, pl.DataFrame] = field(default_factory=dict)


def wanted_of(
    model: DatabaseModel, scale: Any, rows: Any, where: Mapping[str, Any] | None, given: Mapping[str, pl.DataFrame]
) -> Wanted:
    """What a caller asks for, held to what the database can give.

    Raises:
        OptionError, ConditionError, InputError: it cannot.
    """
    if isinstance(scale, bool) or not isinstance(scale, int | float | np.number) or not 0 < scale < np.inf:
        raise OptionError(f"scale must be a number above 0, got {scale!r}")
    tables, roots = model.tables, [t for t in model.graph.order if model.graph.owner.get(t) is None]
    free = [t for t in roots if tables[t].way == ALONE]
    for name in (*(rows or {}), *given):
        if name not in tables:
            raise OptionError(f"there is no table {name!r}{nearest(name, tables)}")
    for name, n in (rows or {}).items():
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise OptionError(f"rows of table {name!r} must be a whole number of 1 or more, got {n!r}")
        if tables[name].way in (KEPT, EMPTY):
            raise OptionError(f"table {name!r} is {tables[name].way}, so its rows cannot be so many: leave it out")
        if name in given:
            raise OptionError(f"the rows of table {name!r} are given, so do not say how many there are to be")
    conditions: dict[str, dict[str, Any]] = {}
    for text, condition in (where or {}).items():
        name = next((t for t in sorted(tables, key=len, reverse=True) if str(text).startswith(f"{t}.")), None)
        if name is None:
            raise ConditionError(f"where names {text!r}, and is of a column of a table, such as 'users.country'")
        column = str(text)[len(name) + 1 :]
        if name not in free or name in given:
            raise ConditionError(
                f"table {name!r} takes no conditions: its rows are drawn for those of another table, kept or given; "
                f"these do: {', '.join(map(repr, free)) or 'none here'}"
            )
        if column not in tables[name].columns:
            raise ConditionError(f"table {name!r} has no column {column!r}{nearest(column, tables[name].columns)}")
        conditions.setdefault(name, {})[column] = condition
    for name, frame in given.items():
        if name not in free or model.graph.sides[name]:
            raise OptionError(
                f"rows of table {name!r} cannot be given: they point at rows of other tables, or are kept; these can: "
                f"{', '.join(repr(t) for t in free if not model.graph.sides[t]) or 'none here'}"
            )
        if strange := [column for column in frame.columns if column not in tables[name].columns]:
            raise InputError(f"table {name!r} has no column {strange[0]!r}{nearest(strange[0], tables[name].columns)}")
    return Wanted(float(scale), dict(rows or {}), conditions, dict(given))


def draw_database(model: DatabaseModel, wanted: Wanted, seed: int) -> dict[str, pl.DataFrame]:
    """New tables, whole: each key unique, and each that points at a row points at one that is there."""
    drawing = _Drawing(model, wanted, seed)
    for name in model.graph.order:
        with telling_of(name):
            drawing.table(name)
    for key in model.graph.late:
        drawing.late(key)
    return {name: drawing.finished(name) for name in model.schema.tables}


class _Drawing:
    """The tables so far.

    Attributes:
        full: their rows as they will be, but for the order of columns.
        wide: what their children are told of them, and how many rows are to point at each.
    """

    def __init__(self, model: DatabaseModel, wanted: Wanted, seed: int) -> None:
        self.model, self.wanted, self.seed = model, wanted, seed
        self.full: dict[str, pl.DataFrame] = {}
        self.wide: dict[str, pl.DataFrame] = {}

    def table(self, name: str) -> None:
        """Draw a table, after those that it points at."""
        own, rng = self.model.tables[name], seed_of(self.seed, name)
        if own.way == KEPT and own.kept is not None:
            self.full[name], self.wide[name] = own.kept.select(list(own.columns)), own.wide(own.kept)
            return
        if own.way == EMPTY:
            types = {column: dtype_from_name(of) for column, of in own.columns.items()}
            self.full[name], self.wide[name] = pl.DataFrame(schema=types), pl.DataFrame()
            return
        owner = self.model.graph.owner.get(name)
        if owner is None:
            rows, links = self._root(name, own, rng), None
        else:
            groups = self._groups(name, own, owner, rng)
            parents = self.wide[owner.parent]
            if not len(groups.size):
                self.full[name], self.wide[name] = self._none(own)
                return
            rows, links = own.draw(groups, parents, owner.parent, rng)
            if own.first is not None:
                column, start = own.first
                position = np.arange(len(rows)) - np.repeat(np.cumsum(groups.size) - groups.size, groups.size)
                counted = position + groups.offset[groups.whose] + start
                rows = rows.with_columns(pl.Series(column, counted))
        full = rows
        if owner is not None and links is not None:
            full = self._pointing(full, owner, links)
        for key in self.model.graph.sides[name]:
            full = self._sided(full, key, own, rng)
        full = self._without_repeats(name, full, rng)
        self.full[name], self.wide[name] = full, own.wide(full)

    def _none(self, own: TableModel) -> tuple[pl.DataFrame, pl.DataFrame]:
        types = {column: dtype_from_name(of) for column, of in own.columns.items()}
        seen = {c.name: pl.Int64 if c.kind == "integer" else pl.String for c in own.shown}
        return pl.DataFrame(schema=types), pl.DataFrame(schema=seen)

    def _root(self, name: str, own: TableModel, rng: np.random.Generator) -> pl.DataFrame:
        wanted, seed = self.wanted, int(rng.integers(2**31))
        if name in wanted.given:
            found: pl.DataFrame = own.synth.complete(wanted.given[name], random_state=seed)
            return found
        n = wanted.rows.get(name, max(1, round(wanted.scale * own.n_rows)))
        rows: pl.DataFrame = own.synth.sample(n, where=wanted.where.get(name), random_state=seed)
        return rows

    def _groups(self, name: str, own: TableModel, owner: ForeignKey, rng: np.random.Generator) -> Groups:
        """How many rows each parent has: as it was drawn with it, or as the size that is asked for leaves of it."""
        counts = self._planned(owner)
        whole = float(counts.sum()) * (1 + own.loose)
        asked = self.wanted.rows.get(name)
        share = 1.0 if asked is None else asked / max(whole, 1.0)
        if asked is None and self.model.tables[owner.parent].way == KEPT:
            share = self.wanted.scale
        if share != 1.0 or own.loose:
            counts = rounded(counts * share, rng)
        counts = np.minimum(counts, 1) if own.way == EACH else counts
        if not counts.any() and len(counts) and not own.loose:
            counts[rng.integers(len(counts))] = 1
        return Groups.of(counts, round(counts.sum() * own.loose))

    def _planned(self, key: ForeignKey) -> Ints:
        """(P,) rows that are to point at each."""
        counts = self.wide[key.parent][plan_of(key)].cast(pl.Int64).fill_null(0).clip(0).to_numpy()
        return np.array(counts)

    def _pointing(self, full: pl.DataFrame, key: ForeignKey, links: Ints) -> pl.DataFrame:
        """With the keys of the rows that are pointed at."""
        at = pl.Series(links).replace(-1, None).cast(pl.UInt32)
        types, parent = self.model.tables[key.table].columns, self.full[key.parent]
        made = []
        for own, of in zip(key.columns, key.parent_columns, strict=True):
            values = parent[of].gather(at).cast(dtype_from_name(types[own]), strict=False).alias(own)
            made.append(values if own not in full.columns else pl.coalesce(pl.lit(full[own]), pl.lit(values)))
        return full.with_columns(made)

    def _sided(self, full: pl.DataFrame, key: ForeignKey, own: TableModel, rng: np.random.Generator) -> pl.DataFrame:
        """With a further foreign key: of the rows whose codes were drawn, those that are to be pointed at most."""
        side, n = own.sides.get(key), len(full)
        parents = self.wide[key.parent]
        if side is None or not len(parents):
            return self._pointing(full, key, np.full(n, -1, np.int64))
        degrees = self._planned(key)
        codes = side.codes(parents, degrees)
        drawn = [full[c].cast(pl.Int64, strict=False) for c in codes_of(key) if c in full.columns]
        points = drawn[0].is_not_null().to_numpy()
        if self.model.schema.is_required(key):
            points[:] = True
        wanted = np.column_stack(
            [*(c.fill_null(0).to_numpy() for c in drawn), *[np.zeros(n, np.int64)] * (2 - len(drawn))]
        )
        shared = [k for k, c in enumerate(key.columns) if c in full.columns]
        within = None
        if shared:
            mine = full.select(key.columns[k] for k in shared)
            theirs = self.full[key.parent].select(key.parent_columns[k] for k in shared)
            one, other = numbered([mine, theirs])
            within = (one[points], other)
        alone = self._beside(key, full)
        links = np.full(n, -1, np.int64)
        if alone == []:
            links[points] = assign(wanted[points], codes, rng, within=within)
        else:
            owner = None if alone is None else numbered([full.select(alone)])[0][points]
            links[points] = match(wanted[points], codes, degrees, rng, owner=owner, within=within)
        if self.model.schema.is_required(key) and (links < 0).any():
            lost = int((links < 0).sum())
            warnings.warn(
                f"{lost:,} of {n:,} rows find nothing that they may point at by {key}, and are left out",
                LikewiseWarning,
                stacklevel=3,
            )
            full, links = full.filter(pl.Series(links >= 0)), links[links >= 0]
        return self._pointing(full, key, links)

    def _beside(self, key: ForeignKey, full: pl.DataFrame) -> list[str] | None:
        """The columns that a key holds beside those that point; None where no key is of these alone."""
        for unique in self.model.schema.tables[key.table].keys:
            others = [column for column in unique if column not in key.columns]
            if set(key.columns) <= set(unique) and set(others) <= set(full.columns):
                return others
        return None

    def _without_repeats(self, name: str, full: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
        """Rows of which no two share a key: numbers and times are moved apart, what then is left is left out."""
        foreign = {column for key in self.model.schema.of(name) for column in key.columns}
        for key in self.model.schema.tables[name].keys:
            if not set(key) <= set(full.columns):
                continue
            twice = repeated(full, key)
            local = [c for c in key if c not in foreign and (full[c].dtype.is_integer() or full[c].dtype.is_temporal())]
            if twice.any() and local and not full[local[-1]].null_count():
                others = [c for c in key if c != local[-1]]
                whose = numbered([full.select(others)])[0] if others else np.zeros(len(full), np.int64)
                full = full.with_columns(moved_apart(full[local[-1]], whose))
                twice = repeated(full, key)
            if twice.any():
                warnings.warn(
                    f"{int(twice.sum()):,} of {len(full):,} rows share {', '.join(map(repr, key))} with another, which "
                    "no two may, and are left out",
                    LikewiseWarning,
                    stacklevel=3,
                )
                full = full.filter(pl.Series(~twice))
        return full

    def late(self, key: ForeignKey) -> None:
        """Match what could only be when all rows are there."""
        full, rng = self.full[key.table], seed_of(self.seed, str(key))
        links = at_random(len(full), len(self.full[key.parent]), rng)
        self.full[key.table] = self._pointing(full, key, links)

    def finished(self, name: str) -> pl.DataFrame:
        """The rows of a table as they came: columns in order, each of its type."""
        own, full = self.model.tables[name], self.full[name]
        types = {column: dtype_from_name(of) for column, of in own.columns.items() if of and of != "Enum"}
        return full.select(
            pl.col(c).cast(types[c], strict=False) if c in types and full[c].dtype != types[c] else pl.col(c)
            for c in own.columns
        )
