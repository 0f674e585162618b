"""What is determined across tables, found on real ones: it holds in nearly all rows of many parents, holds in others
that nobody looked at, and would not hold so by chance.

Legend: n rows of the table that points, P of the one that is pointed at; link, (n,) row numbers, -1 for none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import polars as pl

from likewise.databases.derived.kinds import (
    After,
    Carried,
    Derived,
    Implied,
    Running,
    Total,
    gathered,
    gathered_totals,
    numeric,
)
from likewise.databases.derived.making import in_order, rows_of
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.typing import Bools, Ints

SURE = 0.995
LEAST_PARENTS = 50
BY_CHANCE = 20
"""So many rows would break what is found, were the columns told apart by chance."""
LOOK_AT = 5_000
"""Parents, with all their rows, that are looked at."""
LOOK_AT_ROWS = 50_000
"""Rows that are looked at one by one."""
FIRST = 500
"""Rows of a parent, in order, that tell a balance."""
MOST_FACTORS = 16
MOST_LEVELS = 20
SHARED = 5
WEEK = 7 * 24 * 3_600_000
"""Milliseconds. What spreads less after another time is told better by the exact time since then."""


def find(
    tables: Mapping[str, pl.DataFrame],
    schema: DatabaseSchema,
    rng: np.random.Generator,
    keys: Iterable[ForeignKey] | None = None,
) -> tuple[Derived, ...]:
    """What is determined across the tables, in the order in which it is to be computed.

    Numbers are compared as numbers and times as times; texts that stand for them are no more than texts.

    Args:
        tables: name -> real rows, typed.
        schema: their keys. Keys are made, and tables that are kept stay, so neither is looked for.
        rng: which parents are held out.
        keys: the foreign keys that are looked at, those first whose word counts most; None: all.

    Example:
        >>> users = pl.DataFrame({"id": range(200), "land": ["de", "fr", "it", "us"] * 50})
        >>> orders = pl.DataFrame({"user": [i % 200 for i in range(600)]}).with_columns(
        ...     land=pl.col("user").replace_strict(users["id"], users["land"])
        ... )
        >>> from likewise.databases.database import Database
        >>> shop = Database({"users": users, "orders": orders}, keys=["orders.user -> users.id"])
        >>> print(*find(shop.tables, shop.schema, np.random.default_rng(0)))
        orders.land = users.land by user
    """
    found: list[Derived] = []
    for key in schema.foreign if keys is None else keys:
        if key.is_self:
            continue
        pair = _Pair.of(tables, schema, key, rng)
        if pair is not None:
            thin = pair.thin(rng)
            carried = list(_carried(thin))
            found += carried
            found += _totals(pair, {(one.column, one.source) for one in carried})
            found += _implied(pair)
            found += _after(thin)
            found += _running(pair, schema.tables[key.table].order)
    rank = [Carried, Total, Implied, Running, After]
    return in_order(sorted(found, key=lambda one: rank.index(type(one))))


def shared_by_people(
    found: Iterable[Derived], tables: Mapping[str, pl.DataFrame], whose: Mapping[str, Ints]
) -> tuple[Derived, ...]:
    """What was found, without values that fewer people hold than are told of.

    Args:
        whose: by table, (n,) the person of each row.
    """
    return tuple(one for each in found if (one := _shared(each, tables, whose)) is not None)


def _shared(one: Derived, tables: Mapping[str, pl.DataFrame], whose: Mapping[str, Ints]) -> Derived | None:
    if not isinstance(one, Implied):
        return one
    table, column = one.place
    held = pl.DataFrame({"v": tables[table][column].cast(pl.String), "who": whose[table]})
    often = held.group_by("v").agg(pl.col("who").n_unique()).filter(pl.col("who") >= SHARED)["v"].to_list()
    present, absent = (tuple(v for v in values if v in often) for values in (one.present, one.absent))
    return replace(one, present=present, absent=absent) if present and absent else None


@dataclass(frozen=True)
class _Pair:
    """Two tables by one key, some parents with all their rows.

    Args:
        child, parent: the rows, all columns.
        mine, theirs: the columns that may be determined: none that are keys or point, none of kept tables.
        named: columns of the child's that the schema names; they stay, and only times among them may be determined.
        said: those of which it says what they hold: their times are learnt as they are.
        link: (n,) rows of `parent`.
        held: (P,) which parents are held out.
        whole: whether each row of the whole table points at one.
    """

    key: ForeignKey
    child: pl.DataFrame
    parent: pl.DataFrame
    mine: tuple[str, ...]
    theirs: tuple[str, ...]
    named: frozenset[str]
    said: frozenset[str]
    link: Ints
    held: Bools
    whole: bool

    @classmethod
    def of(
        cls, tables: Mapping[str, pl.DataFrame], schema: DatabaseSchema, key: ForeignKey, rng: np.random.Generator
    ) -> _Pair | None:
        child, parent = tables[key.table], tables[key.parent]
        link = rows_of(tables, key)
        whole = bool((link >= 0).all())
        if len(np.unique(link[link >= 0])) < LEAST_PARENTS:
            return None
        some = np.sort(rng.permutation(len(parent))[:LOOK_AT])
        at = np.full(len(parent) + 1, -1, np.int64)
        at[some] = np.arange(len(some))
        link = at[link]
        rows = np.flatnonzero(link >= 0)
        names = []
        for table, frame in ((key.table, child), (key.parent, parent)):
            own = schema.tables[table]
            keys = {c for own in schema.of(table) for c in own.columns}
            keys |= {c for own in schema.into(table) for c in own.parent_columns}
            keys |= {own[0] for own in schema.tables[table].keys if len(own) == 1}
            keys |= (
                set() if table == key.table else {*schema.tables[table].named, *_checked(schema.tables[table], frame)}
            )
            names.append(tuple(c for c in frame.columns if c not in keys and not schema.tables[table].kept))
        held = rng.random(len(some)) < 0.5
        own = schema.tables[key.table]
        checked = frozenset(_checked(own, child))
        said = checked | frozenset(own.columns.names if own.columns is not None else ())
        named = checked | frozenset(own.named)
        return cls(key, child[rows], parent[some], names[0], names[1], named, said, link[rows], held, whole)

    def thin(self, rng: np.random.Generator) -> _Pair:
        """With no more rows than are looked at one by one, some of each parent."""
        if len(self.link) <= LOOK_AT_ROWS:
            return self
        rows = np.sort(rng.choice(len(self.link), LOOK_AT_ROWS, replace=False))
        return replace(self, child=self.child[rows], link=self.link[rows])


def _checked(table: TableSchema, frame: pl.DataFrame) -> Iterator[str]:
    """Columns that rules may tell of: they are drawn by these."""
    return (c for c in frame.columns if any(c in check for check in table.checks))


def _confirmed(hits: Bools, parents: Ints, held: Bools) -> bool:
    """Whether it holds nearly always, in the parents that are looked at and in those held out."""
    out = held[parents]
    halves = [(hits[side], parents[side]) for side in (~out, out)]
    return all(
        len(np.unique(who)) >= LEAST_PARENTS // 2 - 5 and some.mean() >= SURE for some, who in halves
    ) and len(np.unique(parents)) >= LEAST_PARENTS  # fmt: skip


def _same(a: pl.Series, b: pl.Series, decimals: int | None = None) -> Bools:
    """(n,) whether two columns hold the same; numbers as near as they are written."""
    if a.dtype.is_numeric() and b.dtype.is_numeric():
        x, y = (s.cast(pl.Float64).to_numpy() for s in (a, b))
        room = 1e-9 * np.maximum(np.abs(np.nan_to_num(x)), 1.0) + (
            0.5001 * 10.0**-decimals if decimals is not None else 0
        )
        near: Bools = (np.abs(x - y) <= room) | (np.isnan(x) & np.isnan(y))
        return near
    if a.dtype != b.dtype and (a.dtype == pl.Boolean or b.dtype == pl.Boolean or a.dtype.is_numeric()):
        return np.zeros(len(a), bool)
    return a.eq_missing(b.cast(a.dtype, strict=False)).to_numpy()


def _surprising(a: pl.Series, b: pl.Series, hits: Bools, decimals: int | None = None) -> bool:
    """Whether as many rows being the same is no chance: among rows of other partners far fewer would be."""
    rows = np.arange(len(b))
    chance = float(np.mean([_same(a, b.gather(np.roll(rows, s)), decimals).mean() for s in _shifts(len(b))]))
    return len(a) * (1 - chance) >= BY_CHANCE and (1 - hits.mean()) <= 0.02 * (1 - chance)


def _shifts(n: int) -> list[int]:
    return [max(1, n // k) for k in (2, 3, 5, 7)]


def _kin(a: pl.DataType, b: pl.DataType) -> bool:
    """Whether columns of these types can hold the same."""
    if a.is_numeric() or b.is_numeric():
        return a.is_numeric() and b.is_numeric()
    if a.is_temporal() or b.is_temporal():
        return type(a) is type(b)
    texts = (pl.String, pl.Categorical, pl.Enum)
    return a == b or (isinstance(a, texts) and isinstance(b, texts))


def _carried(pair: _Pair) -> Iterator[Carried]:
    """child.x = parent.x."""
    for own in (c for c in pair.mine if c not in pair.named):
        held = pair.child[own]
        for source in sorted(pair.parent.columns, key=lambda c: c != own):
            if source in pair.key.parent_columns or not _kin(held.dtype, pair.parent[source].dtype):
                continue
            copied = gathered(pair.parent[source], pair.link)
            if _same(held.head(1_000), copied.head(1_000)).mean() < 0.7:
                continue
            hits = _same(held, copied)
            if not _confirmed(hits, pair.link, pair.held):
                continue
            if _surprising(held, copied, hits):
                yield Carried(pair.key, own, source, pair.whole)
                break


def _totals(pair: _Pair, carried: set[tuple[str, str]]) -> Iterator[Total]:
    """parent.t = sum, count, min, max, mean of the rows that point at it."""
    sizes = np.bincount(pair.link, minlength=len(pair.parent))
    numbers = [c for c in pair.child.columns if pair.child[c].dtype.is_numeric() and c not in pair.key.columns]
    factors = [c for c in numbers if c in pair.mine][:MOST_FACTORS]
    ordinal = [c for c in pair.mine if pair.child[c].dtype.is_temporal() or pair.child[c].dtype == pl.Boolean]
    tried = [Total(pair.key, "", "count")]
    tried += [Total(pair.key, "", op, c) for c in factors for op in ("sum", "max", "min", "mean")]
    tried += [Total(pair.key, "", op, c) for c in ordinal for op in ("max", "min")]
    tried += [Total(pair.key, "", "sum", a, b) for a, b in combinations(factors, 2)]
    left = list(pair.theirs)
    for total in tried:
        fitting = [c for c in left if (total.of, c) not in carried and _may_be(total, pair, c)]
        if not fitting:
            continue
        made, none = gathered_totals(total, pair.child, pair.link, len(pair.parent))
        for column in fitting:
            found = _total(pair, replace(total, column=column), made, none.to_numpy(), sizes)
            if found is not None:
                left.remove(column)
                yield found


def _may_be(total: Total, pair: _Pair, column: str) -> bool:
    dtype = pair.parent[column].dtype
    if total.of is None or pair.child[total.of].dtype.is_numeric():
        return dtype.is_numeric()
    return _kin(dtype, pair.child[total.of].dtype)


def _total(pair: _Pair, total: Total, made: pl.Series, none: Bools, sizes: Ints) -> Total | None:
    held = pair.parent[total.column]
    decimals = decimals_of(held)
    some = np.flatnonzero(~none)
    hits = _same(made, held, decimals)
    # Of one row each, sum, mean, min and max are the same: rows that tell these apart must be there.
    telling = some if total.op == "count" else np.flatnonzero(sizes >= 2)
    if len(telling) < BY_CHANCE or hits[telling].mean() < SURE or not _confirmed(hits[some], some, pair.held):
        return None
    if not _surprising(made.gather(some), held.gather(some), hits[some], decimals):
        return None
    if total.op in ("max", "min", "mean") and total.of is not None and _constant(pair, total.of):
        return None
    if not none.any():
        empty = "drawn" if total.op == "mean" or not held.dtype.is_numeric() else "zero"
        return replace(total, empty=empty if total.op not in ("max", "min") else "missing", decimals=decimals)
    rest = held.filter(pl.Series(none))
    noughts = rest.dtype.is_numeric() and int((rest == 0).fill_null(False).sum()) >= SURE * len(rest)
    empty = "zero" if noughts else "missing" if rest.is_null().all() else "drawn"
    return replace(total, empty=empty, decimals=decimals)


def _constant(pair: _Pair, column: str) -> bool:
    """Whether all rows of nearly each parent hold the same."""
    frame = pl.DataFrame({"link": pair.link, "v": pair.child[column]})
    same = frame.group_by("link").agg(pl.col("v").n_unique() == 1, n=pl.len()).filter(pl.col("n") > 1)["v"]
    return bool(len(same) and same.mean() > 0.95)  # type: ignore[operator]


def decimals_of(held: pl.Series) -> int | None:
    """To how many decimals a column is rounded, if to few; None: it is not, or holds whole numbers by its type."""
    if not held.dtype.is_float():
        return held.dtype.scale if isinstance(held.dtype, pl.Decimal) else None
    known = held.drop_nulls().to_numpy()
    room = 1e-9 * max(1.0, float(np.abs(known).max(initial=0)))
    for decimals in range(7):
        if len(known) and np.abs(known.round(decimals) - known).max() <= room:
            return decimals
    return None


def _implied(pair: _Pair) -> Iterator[Implied]:
    """Values of the parent that say whether rows point at it: no value is held by both kinds."""
    there = np.bincount(pair.link, minlength=len(pair.parent)) > 0
    if min(there.sum(), (~there).sum()) < LEAST_PARENTS // 2:
        return
    for column in pair.theirs:
        held = pair.parent[column]
        if (
            held.dtype != pl.Boolean
            and held.dtype != pl.String
            and not isinstance(held.dtype, pl.Categorical | pl.Enum)
        ):
            continue
        counts = pl.DataFrame({"v": held.cast(pl.String), "there": there}).group_by("v").agg(
            yes=pl.col("there").sum(), no=(~pl.col("there")).sum()
        ).sort("v")  # fmt: skip
        if not 2 <= len(counts) <= MOST_LEVELS:
            continue
        says = counts.with_columns(points=pl.col("yes") >= pl.col("no"))
        said = (
            held.cast(pl.String).to_frame("v").join(says, on="v", how="left", nulls_equal=True, maintain_order="left")
        )
        hits = said["points"].to_numpy() == there
        rows = np.arange(len(held))
        fair = max(there.mean(), 1 - there.mean())
        if not _confirmed(hits, rows, pair.held) or (1 - hits.mean()) > 0.02 * (1 - fair):
            continue
        kept = says.filter(pl.max_horizontal("yes", "no") >= SHARED)
        present, absent = (tuple(kept.filter(pl.col("points") == p)["v"].to_list()) for p in (True, False))
        if present and absent:
            yield Implied(pair.key, column, present, absent)


def _after(pair: _Pair) -> Iterator[After]:
    """child.date >= parent.date, of the pairs of times the one that comes soonest after."""
    times = [c for c in pair.mine if isinstance(pair.child[c].dtype, pl.Date | pl.Datetime)]
    for own in times:
        held, best = pair.child[own], None
        for source in pair.parent.columns:
            if not isinstance(pair.parent[source].dtype, pl.Date | pl.Datetime) or source in pair.key.parent_columns:
                continue
            there = gathered(pair.parent[source], pair.link).cast(held.dtype)
            gap = (held - there).dt.total_milliseconds()
            known = gap.is_not_null().to_numpy()
            hits = (gap >= 0).fill_null(False).to_numpy()
            if known.sum() < BY_CHANCE or not _confirmed(hits[known], pair.link[known], pair.held):
                continue
            shuffled = pl.concat([held - there.gather(np.roll(np.arange(len(held)), s)) for s in _shifts(len(held))])
            before = float((shuffled.dt.total_milliseconds() < 0).mean() or 0)  # type: ignore[arg-type]
            if known.sum() * before < BY_CHANCE or (1 - hits[known].mean()) > 0.05 * before:
                continue
            spread, free = _spread(gap), _spread(held.dt.timestamp("ms"))
            is_told = own in pair.said or spread > 0.5 * free or _by_month(held)
            how = "as it is" if is_told else "weeks" if spread > WEEK else "since"
            if best is None or spread < best[0]:
                best = spread, After(pair.key, own, source, how, bool(hits[known].all()))
        if best is not None and (best[1].learnt != "as it is" or best[1].always):
            yield best[1]


def _spread(times: pl.Series) -> float:
    """Milliseconds between the quartiles."""
    low, high = (times.quantile(q) for q in (0.25, 0.75))
    return 0.0 if low is None or high is None else float(high) - float(low)


def _by_month(times: pl.Series) -> bool:
    """Whether times keep to a day of the month, which is lost where they are counted from another day."""
    days = times.drop_nulls().dt.day().value_counts()["count"]
    return len(days) > 0 and float(days.max()) > 0.2 * times.len()  # type: ignore[arg-type]


def _running(pair: _Pair, order: str | None) -> Iterator[Running]:
    """child.balance = the one before + an amount."""
    if order is None or order not in pair.child.columns:
        return
    names = [c for c in pair.mine if pair.child[c].dtype.is_numeric() and c != order][:MOST_FACTORS]
    told = pl.DataFrame([pl.Series("link", pair.link), pair.child[order].alias("order"), *pair.child.select(names)])
    told = told.sort("link", "order", maintain_order=True).with_columns(k=pl.int_range(pl.len()).over("link"))
    told = told.filter(pl.col("k") < FIRST)
    later = (told["k"] > 0).to_numpy()
    numbers = {c: numeric(told[c]) for c in names}
    link = told["link"].to_numpy()[later]
    for column in (c for c in names if c not in pair.named):
        step, decimals = numbers[column].diff().filter(pl.Series(later)), decimals_of(pair.child[column])
        for amount in (c for c in names if c != column):
            for sign in (1, -1):
                due = (numbers[amount] * sign).filter(pl.Series(later))
                if not len(step) or _same(step.head(1_000), due.head(1_000), decimals).mean() < 0.7:
                    continue
                hits = _same(step, due, decimals)
                if _confirmed(hits, link, pair.held) and _surprising(step, due, hits, decimals):
                    yield Running(pair.key, order, column, amount, sign, decimals)
                    break
