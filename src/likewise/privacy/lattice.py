"""Full-domain recoding: one step of its hierarchy for each whole column, the best of all combinations.

Every combination of steps is a node of a lattice. A node is valid if the rows in classes that fail are few enough to be
suppressed; its loss counts each released cell by how much its label covers and each suppressed cell as lost. The loss
without suppression is a lower bound that costs nothing to know, so nodes are tried from the lowest bound up, and the
search ends when the next bound is no better than the best loss found: that node is then proven optimal.

Legend: n rows, d columns, T distinct combinations of values, G classes of a node, h_j height of column j.

References: Samarati 2001; LeFevre et al. 2005 (Incognito: roll-up); El Emam et al. 2009 (OLA); Kohlmayer et al. 2012
(Flash: binary search along paths).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.privacy.criteria import Bools, Model, Sensitive, class_passes
from likewise.privacy.encoding import Codes, Floats, Ints, Ladder, Quasi, fold, group

_UNKNOWN, _DONE, _INVALID = 0, 1, 2
_MOST_CACHED = 512
_MOST_CACHED_CLASSES = 4_000_000
MOST_NODES = 4_000_000
_NEVER = np.iinfo(np.int64).max

Node = tuple[int, ...]


@dataclass(frozen=True)
class Found:
    """What the search came to."""

    levels: Node
    loss: float
    suppressed: int
    optimal: bool
    bound: float  # no recoding can lose less than this
    n_nodes: int
    n_checked: int
    classes: Ints  # (n,)
    keep: Bools  # (n,) rows not suppressed


class NothingValid(Exception):
    """No node met the model; what the nearest one needed."""

    def __init__(self, fewest_suppressed: int, searched_all: bool) -> None:
        super().__init__()
        self.fewest_suppressed = fewest_suppressed
        self.searched_all = searched_all


@dataclass(frozen=True)
class _Classes:
    """The classes of one node: a member's codes, the rows, and the sensitive levels within."""

    codes: list[Codes]  # d arrays (G,) codes of one member of each class
    sizes: Ints  # (G,)
    public: Ints | None  # (G,) rows of the population
    pairs: tuple[tuple[Ints, Ints, Ints], ...]  # for each sensitive column: class (rising), level, rows


@dataclass(frozen=True)
class _Checked:
    loss: float
    suppressed: int
    valid: bool
    base_valid: bool  # the part of the model that may rule out all nodes below
    passes: Bools  # (G,)


class _Cache:
    """Classes of nodes seen; a coarser node is counted from the smallest of those below it.

    When it is full the one that was longest of no use makes room. The first is the bottom node, from which all others
    can be counted: it stays.
    """

    def __init__(self, bottom: Node, table: _Classes) -> None:
        self.bottom = table
        self._tables: list[_Classes | None] = [None] * _MOST_CACHED
        self._levels = np.full((_MOST_CACHED, len(bottom)), _NEVER)
        self._counts, self._used = np.zeros(_MOST_CACHED, np.int64), np.zeros(_MOST_CACHED, np.int64)
        self._clock = 0
        self._put(0, bottom, table)

    def best_below(self, node: Node) -> _Classes:
        below = np.flatnonzero((self._levels <= np.asarray(node)).all(1))
        at = int(below[self._counts[below].argmin()])
        self._use(at)
        found = self._tables[at]
        assert found is not None
        return found

    def add(self, node: Node, table: _Classes) -> None:
        size = len(table.sizes)
        if 2 * size > len(self.bottom.sizes) or size > _MOST_CACHED_CLASSES:
            return  # counting from it would save little
        while self._counts[1:].sum() + size > _MOST_CACHED_CLASSES:
            oldest = int(np.where(self._counts > 0, self._used, _NEVER).argmin())
            self._tables[oldest], self._levels[oldest], self._counts[oldest], self._used[oldest] = None, _NEVER, 0, 0
        self._put(int(self._used.argmin()), node, table)

    def _put(self, at: int, node: Node, table: _Classes) -> None:
        self._tables[at], self._levels[at], self._counts[at] = table, node, len(table.sizes)
        self._use(at)

    def _use(self, at: int) -> None:
        self._clock += 1
        self._used[at] = self._clock if at else _NEVER


class _Lattice:
    """The table in its distinct combinations, and the check of a node."""

    def __init__(self, columns: list[Quasi], sensitive: list[Sensitive], model: Model, most_suppressed: int,
                 public: list[Ints] | None) -> None:  # fmt: skip
        self.model, self.most_suppressed, self.sensitive = model, most_suppressed, sensitive
        self.n_rows = len(columns[0].codes)
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
        own = self.combination[: self.n_rows]
        sizes = np.bincount(own, minlength=n_combinations)
        seen = None if public is None else np.bincount(self.combination[self.n_rows :], minlength=n_combinations)
        self.combination = own
        pairs = tuple(_tally(own, s.codes, s.n_levels) for s in sensitive) if model.needs_sensitive else ()
        self._nodes: dict[tuple[int, int], Codes] = {}
        self.cache = _Cache((0,) * len(columns), _Classes([c[first] for c in codes], sizes, seen, pairs))
        self.n_checked = 0

    def classes(self, node: Node) -> _Classes:
        below = self.cache.best_below(node)
        number, n_classes = self._number(node, below)
        if n_classes == len(below.sizes):
            return below
        member = np.zeros(n_classes, np.int64)
        member[number] = np.arange(len(number))
        sizes = _add(number, below.sizes, n_classes)
        public = None if below.public is None else _add(number, below.public, n_classes)
        pairs = tuple(
            _tally(number[at], level, s.n_levels, rows)
            for (at, level, rows), s in zip(below.pairs, self.sensitive, strict=False)
        )
        table = _Classes([codes[member] for codes in below.codes], sizes, public, pairs)
        self.cache.add(node, table)
        return table

    def _number(self, node: Node, below: _Classes) -> tuple[Ints, int]:
        """Number the classes of a node: the class of each class below (G,), and how many there are."""
        columns = [self._at(j, level, below) for j, level in enumerate(node)]
        return group(*fold(columns, [len(ladder.labels[at]) for ladder, at in zip(self.ladders, node, strict=True)]))

    def _at(self, j: int, level: int, below: _Classes) -> Codes:
        """Nodes of some classes in column j at a step; those of all combinations are kept."""
        if below is not self.cache.bottom:
            return self.ladders[j].maps[level][below.codes[j]]
        if (j, level) not in self._nodes:
            self._nodes[j, level] = self.ladders[j].maps[level][below.codes[j]]
        return self._nodes[j, level]

    def check(self, node: Node) -> _Checked:
        self.n_checked += 1
        table = self.classes(node)
        sizes = table.sizes
        k_passes = (sizes >= self.model.k) | (sizes == 0)
        k_valid = int(sizes[~k_passes].sum()) <= self.most_suppressed
        if not k_valid:
            return _Checked(np.inf, int(sizes[~k_passes].sum()), False, False, k_passes)
        passes = k_passes & self._rest_passes(table)
        suppressed = int(sizes[~passes].sum())
        valid = suppressed <= self.most_suppressed and suppressed < self.n_rows
        if self.model.delta is not None and self.model.delta[0] > 0:
            # Suppressing a class leaves its people in the population with presence 0, below the lower bound.
            valid = bool(passes.all())
        monotone = self.model.monotone_under_suppression or self.most_suppressed == 0
        loss = self._loss(node, table, passes, suppressed) if valid else np.inf
        return _Checked(loss, suppressed, valid, valid or not monotone, passes)

    def _loss(self, node: Node, table: _Classes, passes: Bools, suppressed: int) -> float:
        """Mean loss of all cells; those of suppressed rows are lost."""
        kept = np.where(passes, table.sizes, 0)
        lost = sum(float(self.losses[j][level][table.codes[j]] @ kept) for j, level in enumerate(node))
        d = len(self.ladders)
        return (lost + d * suppressed) / (d * self.n_rows)

    def _rest_passes(self, table: _Classes) -> Bools:
        ok: Bools = np.ones(len(table.sizes), bool)
        for column, (at, level, rows) in zip(self.sensitive, table.pairs, strict=False):
            coded = Sensitive(column.name, level.astype(np.int32), column.n_levels, column.q, column.distance,
                              column.ladder)  # fmt: skip
            ok &= class_passes(table.sizes, at, self.model, [coded], weights=rows) | (table.sizes < self.model.k)
        if table.public is not None and self.model.delta is not None:
            low, high = self.model.delta
            share = table.sizes / np.maximum(table.public, 1)
            ok &= (share >= low - 1e-12) & (share <= high + 1e-12)
        return ok

    def rows(self, node: Node) -> tuple[Ints, Bools]:
        """Class of each row, and whether it is kept."""
        checked = self.check(node)
        # Numbers rise with the labels, so they are the same from wherever the classes are counted.
        below = self.classes(node)
        passes = np.zeros(len(below.sizes), bool)
        passes[self._number(node, below)[0]] = checked.passes
        classes = self._number(node, self.cache.bottom)[0][self.combination]
        return classes, passes[classes]


def search(
    columns: list[Quasi], sensitive: list[Sensitive], model: Model, *, most_suppressed: int, max_seconds: float,
    public: list[Ints] | None = None,
) -> Found:  # fmt: skip
    """The valid node of least loss, or the best one found in time.

    Args:
        columns: d columns with ladders.
        most_suppressed: rows that may be suppressed.
        max_seconds: after this the best node so far is returned with `optimal` False.
        public: codes of the population (for delta-presence), as the columns'.

    Raises:
        NothingValid: no node is valid (or none was found in time).
    """
    lattice = _Lattice(columns, sensitive, model, most_suppressed, public)
    shape = tuple(ladder.height + 1 for ladder in lattice.ladders)
    n_nodes = int(np.prod([float(s) for s in shape]))
    deadline = time.monotonic() + max_seconds
    climb = _Climb(lattice, shape, deadline)
    if n_nodes <= MOST_NODES:
        finished = climb.best_first()
    else:
        climb.greedy()
        finished = False
    if climb.best is None and not finished:
        climb.visit(tuple(s - 1 for s in shape))
    if climb.best is None:
        raise NothingValid(climb.fewest, finished)
    climb.settle_ties()
    classes, keep = lattice.rows(climb.best)
    bound = climb.loss if finished else min(climb.loss, climb.bound)
    return Found(climb.best, climb.loss, int((~keep).sum()), finished, bound, n_nodes, lattice.n_checked, classes, keep)


class _Climb:
    """One search through a lattice: the best node so far, and what is known of the others."""

    def __init__(self, lattice: _Lattice, shape: tuple[int, ...], deadline: float) -> None:
        self.lattice, self.shape, self.deadline = lattice, shape, deadline
        self.best: Node | None = None
        self.loss, self.bound, self.fewest = np.inf, 0.0, lattice.n_rows
        self.standing: list[Node] = []  # nodes that keep the part of the model which all nodes above them keep too
        d = len(shape)
        start = lattice.cache.bottom
        # Mean loss of each column at each step if nothing is suppressed, as its part of the whole.
        self.part = [
            np.array([(loss[codes] * start.sizes).sum() for loss in losses]) / (d * lattice.n_rows)
            for losses, codes in zip(lattice.losses, start.codes, strict=True)
        ]

    def visit(self, node: Node) -> _Checked:
        checked = self.lattice.check(node)
        self.fewest = min(self.fewest, checked.suppressed)
        if checked.valid and checked.loss < self.loss:
            self.best, self.loss = node, checked.loss
        return checked

    def best_first(self) -> bool:
        """Try nodes from the lowest bound up. True: the best node is proven."""
        bounds = np.zeros(self.shape)
        for j, part in enumerate(self.part):
            bounds += part.reshape([-1 if i == j else 1 for i in range(len(self.shape))])
        state = np.zeros(self.shape, np.uint8)
        flat_bounds, flat_state = bounds.ravel(), state.ravel()
        for index in np.argsort(flat_bounds, kind="stable").tolist():
            self.bound = float(flat_bounds[index])
            if self.bound >= self.loss - 1e-12:
                return True
            if flat_state[index] != _UNKNOWN:
                continue
            if not self._classify_path(np.unravel_index(index, self.shape), bounds, state):
                return False
            if flat_state[index] == _UNKNOWN:
                # The path's binary search may end without having looked at its first node.
                node = tuple(int(x) for x in np.unravel_index(index, self.shape))
                self._settle(node, state)
        return True

    def _classify_path(self, start: tuple[np.intp, ...], bounds: Floats, state: npt.NDArray[np.uint8]) -> bool:
        """Settle a path of unknown nodes from here up to the last that could still be best; False when time is up.

        The last is the cheapest to count, and mostly it fails: then so do all below it. Else a binary search follows.
        """
        node = tuple(int(x) for x in start)
        path = [node]
        while True:
            up = [(*node[:j], node[j] + 1, *node[j + 1 :]) for j in range(len(node)) if node[j] + 1 < self.shape[j]]
            up = [u for u in up if state[u] == _UNKNOWN and bounds[u] < self.loss]
            if not up:
                break
            node = min(up, key=lambda u: float(bounds[u]))
            path.append(node)
        if time.monotonic() > self.deadline:
            return False
        if not self._settle(node, state):
            self._widen(node, state)
            return True
        low, high = 0, len(path) - 2
        while low <= high:
            if time.monotonic() > self.deadline:
                return False
            middle = (low + high) // 2
            if self._settle(path[middle], state):
                high = middle - 1
            else:
                low = middle + 1
        return True

    def _widen(self, node: Node, state: npt.NDArray[np.uint8]) -> None:
        """Look for a failing node further up than any that could be best: it rules out more below it.

        Columns are raised to the top whole, those of the fewest labels first, for they tell rows apart least; how many
        can be raised is found by binary search. This is the test of a few columns alone (Incognito).
        """
        labels = [len(ladder.labels[level]) for ladder, level in zip(self.lattice.ladders, node, strict=True)]
        order = [j for j in np.argsort(labels, kind="stable").tolist() if node[j] + 1 < self.shape[j]]
        fails, passes = 0, len(order)
        while passes - fails > 1:
            n_raised = (fails + passes + 1) // 2
            raised = tuple(self.shape[j] - 1 if j in order[:n_raised] else level for j, level in enumerate(node))
            if self._stands(raised, state):
                passes = n_raised
            else:
                fails = n_raised

    def _stands(self, node: Node, state: npt.NDArray[np.uint8]) -> bool:
        """Whether a node can be valid, checked only where it is not known from others."""
        if state[node] == _INVALID:
            return False
        known = np.asarray(self.standing).reshape(-1, len(node))
        return bool((known <= node).all(1).any()) or self._settle(node, state)

    def _settle(self, node: Node, state: npt.NDArray[np.uint8]) -> bool:
        """Check a node; if it rules out all nodes below it, mark them."""
        checked = self.visit(node)
        if checked.base_valid:
            self.standing.append(node)
            state[node] = _DONE
        else:
            state[tuple(slice(0, level + 1) for level in node)] = _INVALID
        return checked.base_valid

    def settle_ties(self) -> None:
        """Of recodings that lose the same take one that changes fewer columns: steps that gain nothing are undone."""
        for j in range(len(self.shape)):
            while self.best is not None and self.best[j] > 0:
                lower = (*self.best[:j], self.best[j] - 1, *self.best[j + 1 :])
                checked = self.lattice.check(lower)
                if not checked.valid or checked.loss > self.loss + 1e-12:
                    break
                self.best = lower

    def greedy(self) -> None:
        """From the top down, each time the step that loses least; for lattices too large to list."""
        node = tuple(s - 1 for s in self.shape)
        if not self.visit(node).valid:
            return
        self.bound = float(sum(part[0] for part in self.part))
        while time.monotonic() < self.deadline:
            before = self.loss
            for j in sorted(range(len(node)), key=lambda j: -self._gain(j, node[j])):
                if node[j] > 0 and time.monotonic() < self.deadline:
                    self.visit((*node[:j], node[j] - 1, *node[j + 1 :]))
            if self.best is None or self.loss >= before:
                return
            node = self.best

    def _gain(self, j: int, level: int) -> float:
        return float(self.part[j][level] - self.part[j][level - 1]) if level else 0.0


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
    if width <= max(4 * len(key), 1 << 16):
        count = np.bincount(key, rows, width)
        distinct = np.flatnonzero(count)
        return distinct // m, distinct % m, count[distinct].astype(np.int64)
    distinct, inverse = np.unique(key, return_inverse=True)
    return distinct // m, distinct % m, np.bincount(inverse, rows).astype(np.int64)
