"""Keys of several columns, those that point at them, and what else the values say of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl

from likewise.databases import naming
from likewise.databases.facts import Column, Facts
from likewise.databases.keys import Columns, DatabaseSchema, ForeignKey, TableSchema, key_text
from likewise.databases.naming import FULL, NONE, PART
from likewise.databases.pointing import MISSING, ORPHAN, parent_rows
from likewise.databases.single import Link, fit
from likewise.schema.keys import parts_of

_BY_CHANCE = 4.6
"""Repeated pairs that must be expected of columns at random, where none is, to call them unique: 1 in 100 by chance."""
_MOST_COLUMNS = 3
_SOME = 20_000
_FEW = 20
"""Rows; fewer say nothing of what must hold."""


class Found:
    """What is found, step by step: links of one column, then keys of several and links to these."""

    def __init__(
        self, facts: Facts, primary: dict[str, Columns], links: Sequence[Link], told: Sequence[ForeignKey] | None
    ) -> None:
        self.facts, self.primary, self.links, self.looks = facts, primary, links, told is None
        self.foreign = list(told) if told is not None else [link.key for link in links]
        self.evidence: dict[str, str] = {str(key): "told" for key in told or ()}

    def schema(self) -> DatabaseSchema:
        """All of it as a value."""
        names = list(self.facts.tables)
        for name in names:
            if not self.primary[name]:
                self.primary[name] = self._pointed(name) or self._several(name)
        for link in self.links:
            self.evidence[str(link.key)] = self._of_link(link)
        if self.looks:
            self._foreign_of_several()
        tables = {name: self._table(name) for name in names}
        gone = {str(link.key) for link in self.links} - set(map(str, self.foreign))
        evidence = {key: words for key, words in self.evidence.items() if key not in gone}
        return DatabaseSchema(tables, tuple(self.foreign), evidence)

    def _linked(self, table: str) -> list[str]:
        """Columns of a table that point somewhere, in its order."""
        named = {name for key in self.foreign if key.table == table for name in key.columns}
        return [name for name in self.facts.columns[table] if name in named]

    def _pointed(self, table: str) -> Columns:
        """A whole column that others point at."""
        whole = (k.parent_columns for k in self.foreign if k.parent == table)
        return next((key for key in whole if all(self.facts.columns[table][name].is_complete for name in key)), ())

    def _several(self, table: str) -> Columns:
        """A primary key of two or three columns: those that point at others, that put rows in order, or named so."""
        columns, own = self.facts.columns[table], self.facts.names[table]
        linked = self._linked(table)
        rest = [c.name for c in columns.values() if c.name not in linked and _may_tell(c, own)]
        whole = [name for name in linked if columns[name].is_complete]
        for name in whole:  # one to one
            if columns[name].is_unique and self._against_chance(table, columns[name]):
                return (name,)
        for size in range(2, _MOST_COLUMNS + 1):
            sets = [s for s in combinations([*whole, *rest], size) if set(s) & set(whole) or self._are_keys(table, s)]
            fits = [s for s in sets if self._is_unique(table, s) and self._is_evident(table, s)]
            if fits:
                best = max(fits, key=lambda s: self._rank(table, s))
                return tuple(sorted(best, key=lambda name: (name not in whole, columns[name].place)))
        return ()

    def _rank(self, table: str, names: Sequence[str]) -> tuple[float, ...]:
        """Of keys of as many columns, places within a parent first (line 3 of an order), then those that point."""
        columns, linked = self.facts.columns[table], self._linked(table)
        places = sum(naming.orders_rows(columns[name].called) and columns[name].is_number for name in names)
        return places, sum(name in linked for name in names), self._expected(table, names)

    def _are_keys(self, table: str, names: Sequence[str]) -> bool:
        return any(naming.names_key(self.facts.columns[table][name].called) for name in names)

    def _is_unique(self, table: str, names: Sequence[str]) -> bool:
        columns = self.facts.columns[table]
        n = len(self.facts.tables[table])
        if math.prod(len(columns[name].distinct) for name in names) < n:
            return False
        frame = pl.DataFrame([columns[name].values.alias(name) for name in names]).drop_nulls()
        return bool(
            len(frame) and frame.head(_SOME).n_unique() == min(_SOME, len(frame)) and frame.n_unique() == len(frame)
        )

    def _expected(self, table: str, names: Sequence[str]) -> float:
        """Repeated pairs of rows to be expected, were the columns at random."""
        columns = self.facts.columns[table]
        n = min(columns[name].n_known for name in names)
        return max(1e-12, n * (n - 1) / 2 * math.prod(columns[name].chance_of_pair for name in names))

    def _is_evident(self, table: str, names: Sequence[str]) -> bool:
        """Whether chance would repeat some; a table that begins with what it joins holds each pair once."""
        columns = [self.facts.columns[table][name] for name in names]
        linked = self._linked(table)
        leads = all(c.name in linked and c.place < len(names) for c in columns) and len(self.facts.tables[table]) > 2
        return leads or self._expected(table, names) >= _BY_CHANCE

    def _unique_sets(self, table: str) -> tuple[Columns, ...]:
        """Columns that point at others and that no two rows share, against chance; and whole columns that are pointed
        at."""
        columns, primary = self.facts.columns[table], self.primary[table]
        pointed = {key.parent_columns for key in self.foreign if key.parent == table} - {primary}
        found: list[Columns] = [key for key in sorted(pointed) if set(key) != set(primary)]
        linked = [name for name in self._linked(table) if (name,) != primary]
        found += [(name,) for name in linked if columns[name].is_unique and self._against_chance(table, columns[name])]
        loose = [name for name in linked if (name,) not in found]
        found += [
            pair for pair in combinations(loose, 2)
            if set(pair) != set(primary) and self._is_unique(table, pair) and self._is_evident(table, pair)
        ]  # fmt: skip
        return tuple(dict.fromkeys(found))

    def _against_chance(self, table: str, column: Column) -> bool:
        """Whether a column that points at rows would repeat some, did it point at random."""
        parents = [key.parent for key in self.foreign if key.table == table and key.columns == (column.name,)]
        n_parents = max([1, *(len(self.facts.tables[parent]) for parent in parents)])
        drawn = np.arange(min(column.n_known, n_parents))
        return bool(-np.log1p(-drawn / n_parents).sum() >= _BY_CHANCE)

    # ---- foreign keys of several columns ----------------------------------------------------------------------------

    def _foreign_of_several(self) -> None:
        for parent, key in self.primary.items():
            if len(key) < 2:
                continue
            for table in self.facts.tables:
                own = self._columns_like(table, parent, key)
                if own and table != parent and set(own) != set(self.primary[table]):
                    self._take(ForeignKey(table=table, columns=own, parent=parent, parent_columns=key))

    def _columns_like(self, table: str, parent: str, key: Columns) -> Columns:
        """The columns of a table that are called as those of a key, or point at what these point at; or none."""
        found: list[Column] = []
        for name in key:
            at = self.facts.columns[parent][name]
            left = [c for c in self.facts.columns[table].values() if c not in found]
            same = [c for c in left if _joined(c.called) == _joined(at.called)]
            named = same or [c for c in left if _joined(c.called) == _joined(f"{parent} {at.called}")]
            if not named or not fit(named[0], at):
                return ()
            found.append(named[0])
        names = tuple(column.name for column in found)
        shared = set(self._parents(table, names)) & set(self._parents(parent, key))
        return () if all(naming.is_plain(column.called) for column in found) and not shared else names

    def _parents(self, table: str, names: Sequence[str]) -> list[str]:
        """What columns point at, each alone."""
        return [k.parent for k in self.foreign if k.table == table and len(k.columns) == 1 and k.columns[0] in names]

    def _take(self, key: ForeignKey) -> None:
        tables = self.facts.tables
        rows = parent_rows(tables[key.table], key.columns, tables[key.parent], key.parent_columns)
        n_known, n_lost = int((rows != MISSING).sum()), int((rows == ORPHAN).sum())
        if not n_known or n_lost > 0.1 * n_known:
            return
        found = _found(n_known - n_lost, n_known)
        self.evidence[str(key)] = f"{found} in {key.parent!r}; columns of the same names; likely"
        if not n_lost:
            self.foreign = [other for other in self.foreign if not self._says(key, other)]
        self.foreign.append(key)

    def _says(self, key: ForeignKey, other: ForeignKey) -> bool:
        """Whether a key of one column says no more than a longer one: its parent's column points there too."""
        if other.table != key.table or len(other.columns) > 1 or other.columns[0] not in key.columns:
            return False
        upper = key.parent_columns[key.columns.index(other.columns[0])]
        same = ForeignKey(table=key.parent, columns=(upper,), parent=other.parent, parent_columns=other.parent_columns)
        return same in self.foreign

    # ---- words ------------------------------------------------------------------------------------------------------

    def _of_link(self, link: Link) -> str:
        child, parent = link.child, link.parent
        found = child.counts.filter(child.found_in(parent))["count"].sum()
        why = {
            FULL: "named as that key", PART: "named after that table", naming.HINT: "named as somebody of that table",
            NONE: "the values alone, which chance would not find there",
        }[link.named]  # fmt: skip
        sure = "sure" if link.share == 1 and link.named == FULL else "likely"
        return f"{_found(int(found), child.n_known)} in {parent.table!r}; {why}; {sure}"

    def _table(self, name: str) -> TableSchema:
        primary, unique = self.primary[name], self._unique_sets(name)
        columns = self.facts.columns[name]
        n = len(self.facts.tables[name])
        for key in (primary, *unique):
            if key:
                told = naming.names_own(columns[key[0]].called, self.facts.names[name]) if len(key) == 1 else NONE
                said = "; named so; sure" if told == FULL else "; likely"
                self.evidence[key_text(name, key)] = f"no two of {n:,} rows share it{said}"
        lost = {link.child.name for link in self.links if link.child.table == name and link.share < 1}
        full = (c for c in self._linked(name) if columns[c].is_complete and c not in lost and c not in primary)
        required = tuple(full) if n >= _FEW else ()
        order = self.order(name)
        if order is not None:
            self.evidence[f"order of {name}"] = self.of_order(order)
        return TableSchema(primary=primary, unique=unique, required=required, order=order)

    def of_order(self, order: str) -> str:
        """Why a column is taken to order rows."""
        return f"{order!r} tells the rows of one parent apart in time or place"

    def order(self, table: str) -> str | None:
        """The column that orders the rows of a parent: what is left of a key of several columns, else a moment, else a
        place in an order."""
        columns, linked = self.facts.columns[table], self._linked(table)
        owned = {name for key in self.foreign if key.table == table and not key.is_self for name in key.columns}
        if all(columns[name].is_unique for name in owned):
            return None
        rest = [c for c in columns.values() if c.name not in linked and (c.is_time or naming.orders_rows(c.called))]
        rest += [columns[name] for name in self.primary[table] if name not in linked and columns[name] not in rest]
        rest = [c for c in rest if c.n_known >= 0.9 * len(c.values) > 0 and c.chance_of_pair < 0.5]
        key = [c for c in rest if c.name in self.primary[table] and len(self.primary[table]) > 1]
        places = [c for c in rest if naming.orders_rows(c.called) and c.is_number and not naming.names_key(c.called)]
        times = [c for c in rest if c.is_time and not c.is_of_birth]
        numbers = [c for c in key if c.is_number]
        for group in (_both(places, key), _both(times, key), times, places, numbers):
            most = max((len(c.distinct) for c in group), default=0)
            if group:
                return min(group, key=lambda c: (not c.is_complete, 2 * len(c.distinct) < most, c.place)).name
        return None


def _joined(name: str) -> str:
    return "".join(parts_of(name))


def _found(n: int, total: int) -> str:
    return f"all {total:,} found" if n == total else f"{n:,} of {total:,} found"


def _both(some: Sequence[Column], others: Sequence[Column]) -> list[Column]:
    return [column for column in some if column in others]


def _may_tell(column: Column, own: naming.TableName) -> bool:
    """Whether a column may tell apart the rows of a parent: a key, a place, a time, what the table is named after."""
    name = column.called
    named = naming.names_key(name) or naming.orders_rows(name) or naming.names_own(name, own)
    return column.may_be_key and column.is_complete and len(column.distinct) > 1 and (column.is_time or bool(named))
