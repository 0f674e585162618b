"""Primary and foreign keys of one column: rather none than a wrong one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from likewise.databases import naming
from likewise.databases.facts import Column, Facts
from likewise.databases.keys import ForeignKey
from likewise.databases.naming import FULL, NONE, PART
from likewise.schema.keys import ATTRIBUTES, is_measure, key_reason

_SOME = 20_000


@dataclass(frozen=True)
class Link:
    """A foreign key of one column that may be.

    Args:
        child, parent: its columns.
        named: how much the name says, of `naming`.
        share: of the distinct values, how many are found.
    """

    child: Column
    parent: Column
    named: int
    share: float

    @property
    def bits(self) -> float:
        """Powers of ten against chance finding all of them among the keys."""
        return -len(self.child.distinct) * math.log10(max(self.parent.density, 1e-12)) * (self.share >= 0.9)

    @property
    def covers(self) -> float:
        """The share of the parent's range (of numbers) or rows that the child's values reach over."""
        if self.child.numbers is None or self.parent.numbers is None:
            return min(1.0, len(self.child.distinct) / max(1, len(self.parent.distinct)))
        (low, high), (least, most) = self.child.low_high, self.parent.low_high
        return (min(high, most) - max(low, least) + 1) / (most - least + 1)

    @property
    def key(self) -> ForeignKey:
        return ForeignKey(
            table=self.child.table, columns=(self.child.name,), parent=self.parent.table,
            parent_columns=(self.parent.name,),
        )  # fmt: skip


# ---- primary keys of one column ------------------------------------------------------------------------------------


def single_keys(facts: Facts) -> dict[str, str | None]:
    """The column of each table that is its primary key; None where none is."""
    unique = {table: [c for c in columns.values() if _may_be_primary(c)] for table, columns in facts.columns.items()}
    return {table: _best(facts, table, unique) for table in facts.columns}


def _may_be_primary(column: Column) -> bool:
    return column.may_be_key and column.is_complete and column.is_unique


def _is_prose(column: Column) -> bool:
    return column.values.dtype == pl.String and bool(column.distinct.str.contains(r"\s\S+\s").mean() > 0.2)  # type: ignore[operator]


def _best(facts: Facts, table: str, unique: Mapping[str, Sequence[Column]]) -> str | None:
    ranked = sorted(((_primary_score(facts, c, unique), -c.place, c.name) for c in unique[table]), reverse=True)
    if not ranked:
        return None
    score, _, name = ranked[0]
    n = len(facts.tables[table])
    return name if score >= (2 if n >= 20 else 3 if n > 2 else 4) else None


def _primary_score(facts: Facts, column: Column, unique: Mapping[str, Sequence[Column]]) -> int:
    """How much speaks for a unique column as the primary key."""
    own = _own(facts, column)
    few = len(column.values) < 3
    score = {FULL: 4, PART: 3, NONE: 0}[own] + (column.place == 0) - 3 * (own < FULL and _is_prose(column))
    score += _looks_like_key(column)
    if own == NONE:
        if naming.names_key(column.called):
            score += 1 if few else 2
        else:
            score -= 3 * bool(ATTRIBUTES & set(naming.stem_of(column.called)))
        score -= 4 * (is_measure(column.called) or column.is_time)
        score -= 3 * _is_of_another(facts, column)
        score += 2 * _is_pointed_at(facts, column, unique)
    return score


def _looks_like_key(column: Column) -> bool:
    """Whether the values alone look like keys: codes of one form, numbers that are given out."""
    values = column.distinct
    if column.numbers is not None:
        values = column.numbers
    if values.dtype not in (pl.Int64, pl.String) or column.is_time:
        return False
    return key_reason(column.called, values, column.n_known, True) is not None


def _own(facts: Facts, column: Column) -> int:
    """How much a name says that it is its own table's key; what is another's whole name is not."""
    own = naming.names_own(column.called, facts.names[column.table])
    return NONE if own == PART and _is_of_another(facts, column) else own


def _is_of_another(facts: Facts, column: Column) -> bool:
    """Whether a name tells of another table."""
    others = (name for table, name in facts.names.items() if table != column.table)
    return any(naming.names_own(column.called, other) == FULL and naming.stem_of(column.called) for other in others)


def _is_pointed_at(facts: Facts, column: Column, unique: Mapping[str, Sequence[Column]]) -> bool:
    """Whether another table has a column of that name, whose values are found here, and no better key of that name."""
    if naming.is_plain(column.called):
        return False
    stem = naming.stem_of(column.called)
    named = [
        c for table, columns in facts.columns.items() if table != column.table for c in columns.values()
        if naming.stem_of(c.called) == stem and c.n_known
    ]  # fmt: skip
    rivals = [c for columns in unique.values() for c in columns if c in named and len(c.values) >= len(column.values)]
    return not rivals and any(_share(c, column) >= 0.5 for c in named)


# ---- foreign keys of one column ------------------------------------------------------------------------------------


def links_of(facts: Facts, primary: Mapping[str, str | None]) -> list[Link]:
    keys = [facts.columns[table][name] for table, name in primary.items() if name is not None]
    every = [c for columns in facts.columns.values() for c in columns.values() if c.may_be_key and c.n_known]
    links = [link for c in every if (link := _link_of(facts, c, keys, primary[c.table]))]
    links += _kin(facts, links, primary)
    pointed = {(link.child.table, link.parent.table) for link in links}
    taken = {(link.child.table, link.child.name) for link in links}
    others = [
        c for c in every
        if c.name != primary[c.table] and c.is_unique and (not naming.is_plain(c.called) or _looks_like_key(c))
        and not c.is_time and not is_measure(c.called) and (c.table, c.name) not in taken
    ]  # fmt: skip
    for column in every:
        if (column.table, column.name) not in taken and column.name != primary[column.table]:
            rest = [c for c in others if (column.table, c.table) not in pointed and c.table != column.table]
            links += _to_unique(column, rest)
    return links


def _kin(facts: Facts, links: Sequence[Link], primary: Mapping[str, str | None]) -> list[Link]:
    """Columns whose few values would not tell, of a table whose other column points where they fit (origin beside
    destination), or of the same name as one that points there; a column of counts is neither."""
    taken = {(link.child.table, link.child.name) for link in links}
    found: dict[tuple[str, str], Link] = {}
    for link in sorted((k for k in links if k.named == NONE), key=lambda k: -k.bits):
        for _ in range(2):  # from there to columns of the same name once more
            near = {(k.child.table, k.child.called) for k in (link, *found.values()) if k.parent is link.parent}
            for columns in facts.columns.values():
                for c in columns.values():
                    at = (c.table, c.name)
                    beside = any(t == c.table or naming.stem_of(n) == naming.stem_of(c.called) for t, n in near)
                    if at in taken or at in found or not beside or not c.may_be_key or c.name == primary[c.table]:
                        continue
                    new = Link(c, link.parent, NONE, _share(c, link.parent) if fit(c, link.parent) else 0)
                    if new.share >= 0.98 and new.bits >= 3 and not c.is_number and c.table != link.parent.table:
                        found[at] = new
    return list(found.values())


def _link_of(facts: Facts, column: Column, keys: Sequence[Column], own: str | None) -> Link | None:
    """The one key that a column points at, if any does."""
    found = []
    for key in keys:
        is_own = column.table == key.table
        if (is_own and column.name == own) or not fit(column, key):
            continue
        named = naming.names_parent(column.called, key.called, facts.names[key.table])
        if is_own:
            named = _named_above(facts, column, key, named)
        elif named < PART and naming.names_doer(column.called, facts.names[key.table]):
            named = naming.HINT
        if named or (not is_own and Link(column, key, NONE, 1).bits >= 6):
            link = Link(column, key, named, _share(column, key))
            if _holds(facts, link, is_primary=column.name == own):
                found.append(link)
    return _choose(facts, found)


def _named_above(facts: Facts, column: Column, key: Column, named: int) -> int:
    """Columns that point at rows of their own table have a name that says so, beyond that of the table's key."""
    if naming.names_above(column.called) or naming.names_chief(column.called, facts.names[key.table]):
        return PART
    role = len(naming.stem_of(column.called)) > len(naming.stem_of(key.called) or (1,))
    return PART if named == FULL and role and naming.names_key(column.called) else NONE


def fit(column: Column, key: Column) -> bool:
    """Whether the types of a column and of a key may be one."""
    if column.is_number and key.is_number:
        return True
    return column.is_number == key.is_number and column.is_time == key.is_time


def _share(column: Column, key: Column) -> float:
    """Of the distinct values of a column, the share that a key has."""
    if not len(column.distinct):
        return 0.0
    if len(column.distinct) > _SOME:
        some = replace(column, values=column.distinct.sample(2_000, seed=0))
        if not some.found_in(key).any():
            return 0.0
    return float(column.found_in(key).mean())  # type: ignore[arg-type]


def _holds(facts: Facts, link: Link, *, is_primary: bool) -> bool:
    """Whether values and names together make a foreign key."""
    child, parent = link.child, link.parent
    dense = parent.density > 0.5
    if is_primary and not (link.named == FULL and _own(facts, child) == NONE):
        return False  # one to one: only where it is the other's by name
    if (
        is_primary
        and dense
        and child.density == 1
        and naming.names_own(child.called, facts.names[parent.table]) != FULL
    ):
        return False  # rows numbered from one, as those of any table may be
    if link.named == FULL:
        measured = is_measure(child.called) and not naming.names_key(child.called)
        return link.share >= (0.9 if dense else 0.5) and not (measured and dense and link.covers < 0.5)
    if link.named == PART:
        above = child.table == parent.table and link.share == 1
        far = link.bits >= 3 or link.covers >= 0.5 or above
        counts = dense and child.is_number and naming.names_many(child.called)
        return link.share >= (0.98 if dense else 0.9) and far and not counts
    if link.named == naming.HINT:
        return link.share == 1
    return _by_values(link)


def _by_values(link: Link) -> bool:
    """Whether values alone tell: many of them, found where chance would find none."""
    child = link.child
    if len(child.distinct) < 3 or link.share < 0.9 or link.bits < 6 or child.is_time:
        return False
    if child.is_number:
        sparse = link.parent.density < 0.2 and len(child.distinct) >= 10 and not is_measure(child.called)
        return link.share == 1 and link.bits >= 8 and (sparse or naming.names_key(child.called))
    return not child.is_unique or naming.names_key(child.called)


def _choose(facts: Facts, links: Sequence[Link]) -> Link | None:
    """The best of several; none where the names tell of none and values fit more than one."""

    def rank(link: Link) -> tuple[float, ...]:
        owned = naming.names_own(link.parent.called, facts.names[link.parent.table])
        return link.named, owned, link.share, link.covers, len(link.parent.distinct)

    best = sorted(links, key=rank, reverse=True)
    if len(best) > 1 and best[0].named <= naming.HINT and best[0].covers < 2 * best[1].covers:
        return None
    return best[0] if best else None


def _to_unique(column: Column, keys: Sequence[Column]) -> Iterator[Link]:
    """Links to a column that is unique and no primary key: of the same name, by values that are no accident."""
    for key in keys:
        stem = naming.stem_of(column.called)
        if stem != naming.stem_of(key.called) or not fit(column, key):
            continue
        link = Link(column, key, FULL, _share(column, key))
        bigger = len(key.distinct) >= len(column.distinct) + column.is_unique
        if (
            link.share >= 0.9
            and link.bits >= 6
            and bigger
            and (not column.is_unique or naming.names_key(column.called))
        ):
            yield link
            return
