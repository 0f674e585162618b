"""Nodes of a lattice of recodings, counted: the classes of each, what it suppresses and what it loses.

Only distinct combinations of values are counted, and each node from the smallest counted node below it.

Legend: n rows, d columns, T distinct combinations of values, G classes of a node, h_j height of column j.

References: LeFevre et al. 2005 (Incognito: roll-up).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.privacy.criteria import Bools, Sensitive, class_passes
from likewise.privacy.encoding import Codes, Floats, Ints, Ladder, Quasi, fold, group, has_table, rows_of
from likewise.privacy.promise import Promise

MOST_CACHED = 512
MOST_CACHED_CLASSES = 4_000_000
_NEVER = np.iinfo(np.int64).max

Node = tuple[int, ...]  # the step of each column


@dataclass(frozen=True)
class Classes:
    """The classes of one node: a member's codes, the rows, and the sensitive levels within."""

    codes: list[Codes]  # d arrays (G,) codes of one member of each class; none where nobody will ask
    sizes: Ints  # (G,)
    public: Ints | None  # (G,) rows of the population
    pairs: tuple[tuple[Ints, Ints, Ints], ...]  # for each sensitive column: class (rising), code, rows
    who: tuple[Ints, Ints, Ints] | None = None  # class (rising), person, rows; None: each row is a person

    @property
    def members(self) -> Ints:
        """(G,) persons of each class."""
        return self.sizes if self.who is None else np.bincount(self.who[0], minlength=len(self.sizes))


@dataclass(frozen=True)
class Checked:
    loss: float
    suppressed: int  # of a node with too many classes to be counted: all rows
    valid: bool
    base_valid: bool  # the part of the model that may rule out all nodes below
    passes: Bools  # (G,)


class _Cache:
    """Classes of nodes seen; a coarser node is counted from the smallest of those below it.

    When it is full the one that was longest of no use makes room. The first is the bottom node, from which all others
    can be counted: it stays.
    """

    def __init__(self, bottom: Node, table: Classes) -> None:
        self.bottom = table
        self._tables: list[Classes | None] = [None] * MOST_CACHED
        self._levels = np.full((MOST_CACHED, len(bottom)), _NEVER)
        self._counts, self._used = np.zeros(MOST_CACHED, np.int64), np.zeros(MOST_CACHED, np.int64)
        self._clock = 0
        self._put(0, bottom, table)

    def best_below(self, node: Node) -> Classes:
        below = np.flatnonzero((self._levels <= np.asarray(node)).all(1))
        at = int(below[self._counts[below].argmin()])
        self._use(at)
        found = self._tables[at]
        assert found is not None
        return found

    def takes(self, n_classes: int) -> bool:
        """Whether counting from so many classes would save anything."""
        return 2 * n_classes <= len(self.bottom.sizes) and n_classes <= MOST_CACHED_CLASSES

    def add(self, node: Node, table: Classes) -> None:
        size = len(table.sizes)
        if not self.takes(size):
            return
        while self._counts[1:].sum() + size > MOST_CACHED_CLASSES:
            oldest = int(np.where(self._counts > 0, self._used, _NEVER).argmin())
            self._tables[oldest], self._levels[oldest], self._counts[oldest], self._used[oldest] = None, _NEVER, 0, 0
        self._put(int(self._used.argmin()), node, table)

    def _put(self, at: int, node: Node, table: Classes) -> None:
        self._tables[at], self._levels[at], self._counts[at] = table, node, len(table.sizes)
        self._use(at)

    def _use(self, at: int) -> None:
        self._clock += 1
        self._used[at] = self._clock if at else _NEVER


class Lattice:
    """The table in its distinct combinations, and the check of a node."""

    def __init__(self, columns: list[Quasi], sensitive: list[Sensitive], promise: Promise, most_suppressed: int,
                 public: list[Ints] | None, persons: Ints | None = None,
                 weights: Ints | None = None) -> None:  # fmt: skip
        self.promise, self.most_suppressed, self.sensitive = promise, most_suppressed, sensitive
        self.n_rows = len(columns[0].codes) if weights is None else int(weights.sum())
        self.ladders: list[Ladder] = [c.ladder for c in columns if c.ladder is not None]
        assert len(self.ladders) == len(columns)
        self.losses = [cell_losses(c) for c in columns]
        n_levels = [len(ladder.maps[0]) for ladder in self.ladders]
        codes = [c.codes for c in columns]
        if public is not None:
            codes = [np.concatenate([a, b]) for a, b in zip(codes, public, strict=True)]
        self.combination, n_combinations = group(*fold(list(codes), n_levels))
        first = np.zeros(n_combinations, np.int64)
        first[self.combination[::-1]] = np.arange(len(self.combination))[::-1]
        n = len(columns[0].codes)
        own = self.combination[:n]
        sizes = rows_of(own, n_combinations, weights)
        seen = None if public is None else np.bincount(self.combination[n:], minlength=n_combinations)
        self.combination = own
        pairs = tuple(_tally(own, s.codes, s.n_codes, weights) for s in sensitive) if promise.needs_sensitive else ()
        self.n_persons = 0 if persons is None else int(persons.max()) + 1
        who = None if persons is None else _tally(own, persons, self.n_persons)
        self._nodes: dict[tuple[int, int], Codes] = {}
        self.cache = _Cache((0,) * len(columns), Classes([c[first] for c in codes], sizes, seen, pairs, who))
        self.n_checked = 0

    def classes(self, node: Node) -> Classes | None:
        """The classes of a node; None where there are too many for it to be valid."""
        below = self.cache.best_below(node)
        key, width = self._keys(node, below)
        if below.public is None and self._too_many(key, width):
            return None
        number, n_classes = group(key, width)
        if n_classes == len(below.sizes):
            return below
        member = np.zeros(n_classes, np.int64)
        member[number] = np.arange(len(number))
        sizes = _add(number, below.sizes, n_classes)
        public = None if below.public is None else _add(number, below.public, n_classes)
        pairs = tuple(
            _tally(number[at], code, s.n_codes, rows)
            for (at, code, rows), s in zip(below.pairs, self.sensitive, strict=False)
        )
        who = None if below.who is None else _tally(number[below.who[0]], below.who[1], self.n_persons, below.who[2])
        table = Classes([], sizes, public, pairs, who)
        # A node that fails, and is too fine to count others from, needs no codes.
        if sizes[table.members < self.promise.k].sum() <= self.most_suppressed or self.cache.takes(n_classes):
            table = replace(table, codes=[codes[member] for codes in below.codes])
        self.cache.add(node, table)
        return table

    def _keys(self, node: Node, below: Classes) -> tuple[Ints, int]:
        """One key for each class below, equal where they are one class of the node."""
        columns = [self._at(j, level, below) for j, level in enumerate(node)]
        return fold(columns, [len(ladder.labels[at]) for ladder, at in zip(self.ladders, node, strict=True)])

    def _too_many(self, key: Ints, width: int) -> bool:
        """Whether there are more classes than can do with the rows that may be suppressed.

        A kept class holds k rows and a suppressed one at least one: of n rows, S of them suppressed, there are at most
        S + (n - S) / k classes. Counting by a sort of the keys costs a fifth of telling which class is which.
        """
        k = self.promise.k
        most = self.most_suppressed + (self.n_rows - self.most_suppressed) / k
        if has_table(len(key), width) or len(key) <= most:
            return False
        ordered = np.sort(key)
        return bool(1 + np.count_nonzero(ordered[1:] != ordered[:-1]) > most)

    def _at(self, j: int, level: int, below: Classes) -> Codes:
        """Nodes of some classes in column j at a step; those of all combinations are kept."""
        if below is not self.cache.bottom:
            return self.ladders[j].maps[level][below.codes[j]]
        if (j, level) not in self._nodes:
            self._nodes[j, level] = self.ladders[j].maps[level][below.codes[j]]
        return self._nodes[j, level]

    def check(self, node: Node) -> Checked:
        self.n_checked += 1
        table = self.classes(node)
        if table is None:
            return Checked(np.inf, self.n_rows, False, False, np.zeros(0, bool))
        sizes = table.sizes
        k_passes = (table.members >= self.promise.k) | (sizes == 0)
        if self.promise.k_map is not None and table.public is not None:
            k_passes &= (table.public >= self.promise.k_map) | (sizes == 0)
        k_valid = int(sizes[~k_passes].sum()) <= self.most_suppressed
        if not k_valid:
            return Checked(np.inf, int(sizes[~k_passes].sum()), False, False, k_passes)
        passes = k_passes & self._rest_passes(table)
        suppressed = int(sizes[~passes].sum())
        valid = suppressed <= self.most_suppressed and suppressed < self.n_rows
        if self.promise.delta is not None and self.promise.delta[0] > 0:
            # Suppressing a class leaves its people in the population with presence 0, below the lower bound.
            valid = bool(passes.all())
        # A class that keeps the promise may spoil another that it is merged with. Where nothing is suppressed all keep
        # it, and shares of rows lie between those merged; shares of persons, who may be in both, need not.
        monotone = self.promise.only_grows or (self.most_suppressed == 0 and table.who is None)
        loss = self._loss(node, table, passes, suppressed) if valid else np.inf
        return Checked(loss, suppressed, valid, valid or not monotone, passes)

    def _loss(self, node: Node, table: Classes, passes: Bools, suppressed: int) -> float:
        """Mean loss of all cells; those of suppressed rows are lost."""
        kept = np.where(passes, table.sizes, 0)
        lost = sum(float(self.losses[j][level][table.codes[j]] @ kept) for j, level in enumerate(node))
        d = len(self.ladders)
        return (lost + d * suppressed) / (d * self.n_rows)

    def _rest_passes(self, table: Classes) -> Bools:
        ok: Bools = np.ones(len(table.sizes), bool)
        members = table.members
        for column, (at, code, rows) in zip(self.sensitive, table.pairs, strict=False):
            coded = replace(column, codes=code.astype(np.int32))
            ok &= class_passes(members, at, self.promise, [coded], weights=rows) | (members < self.promise.k)
        if table.public is not None and self.promise.delta is not None:
            low, high = self.promise.delta
            share = members / np.maximum(table.public, 1)
            ok &= (share >= low - 1e-12) & (share <= high + 1e-12)
        return ok

    def rows(self, node: Node) -> tuple[Ints, Bools]:
        """Class of each row, and whether it is kept."""
        checked, below = self.check(node), self.classes(node)
        assert below is not None
        # Numbers rise with the keys, so they are the same from wherever the classes are counted.
        passes = np.zeros(len(below.sizes), bool)
        passes[group(*self._keys(node, below))[0]] = checked.passes
        classes = group(*self._keys(node, self.cache.bottom))[0][self.combination]
        return classes, passes[classes]


def cell_losses(column: Quasi) -> list[Floats]:
    """How much of a column a cell's label covers, at each step: 0 one value, 1 all of them.

    Numbers by range, (max - min) / (range of the column), and 1 where a label spans numbers and missing; other levels
    by count, levels under the label / all levels.

    Shape: list of h + 1 arrays (m,)
    """
    assert column.ladder is not None
    out = []
    for step, nodes in enumerate(column.ladder.maps):
        starts = np.flatnonzero(np.diff(nodes, prepend=-1))
        count = np.bincount(nodes)
        if column.is_scale:
            position = column.position
            loss = np.maximum.reduceat(position, starts) - np.minimum.reduceat(position, starts)
            loss = np.minimum(loss, 1.0)
        else:
            loss = np.where(count > 1, count / column.n_levels, 0.0)
        loss = np.ones(len(starts)) if step == column.ladder.height and column.n_levels > 1 else loss
        out.append(loss[nodes])
    return out


def _add(number: Ints, values: Ints, n: int) -> Ints:
    return np.bincount(number, values, n).astype(np.int64)


def _tally(at: Ints, level: npt.NDArray[Any], m: int, rows: Ints | None = None) -> tuple[Ints, Ints, Ints]:
    """Rows by (class, level): class rising, level, rows."""
    key = at.astype(np.int64) * m + level
    width = (int(at.max()) + 1) * m if len(at) else 0
    if has_table(len(key), width):
        count = np.bincount(key, rows, width)
        distinct = np.flatnonzero(count)
        return distinct // m, distinct % m, count[distinct].astype(np.int64)
    distinct, inverse = np.unique(key, return_inverse=True)
    return distinct // m, distinct % m, np.bincount(inverse, rows).astype(np.int64)
