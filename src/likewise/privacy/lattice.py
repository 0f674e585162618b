"""Full-domain recoding: one step of its hierarchy for each whole column, the best of all combinations.

Every combination of steps is a node of a lattice. A node is valid if the rows in classes that fail are few enough to be
suppressed; its loss counts each released cell by how much its label covers and each suppressed cell as lost. The loss
without suppression is a lower bound that costs nothing to know, so nodes are tried from the lowest bound up, and the
search ends when the next bound is no better than the best loss found: that node is then proven optimal.

Legend: n rows, d columns, h_j height of column j.

References: Samarati 2001; LeFevre et al. 2005 (Incognito: what fails on some columns fails on all); El Emam et al. 2009
(OLA); Kohlmayer et al. 2012 (Flash: binary search along paths).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.privacy.criteria import Bools, Sensitive
from likewise.privacy.encoding import Floats, Ints, Quasi
from likewise.privacy.nodes import Checked, Lattice, Node
from likewise.privacy.promise import Promise

_UNKNOWN, _DONE, _INVALID = 0, 1, 2
MOST_NODES = 4_000_000


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
    """No node kept the promise; what the nearest one needed."""

    def __init__(self, fewest_suppressed: int, searched_all: bool) -> None:
        super().__init__()
        self.fewest_suppressed = fewest_suppressed
        self.searched_all = searched_all


def search(
    columns: list[Quasi], sensitive: list[Sensitive], promise: Promise, *, most_suppressed: int, max_seconds: float,
    public: list[Ints] | None = None, persons: Ints | None = None, weights: Ints | None = None,
    fixed: Mapping[int, int] | None = None,
) -> Found:  # fmt: skip
    """The valid node of least loss, or the best one found in time.

    Args:
        columns: d columns with ladders.
        fixed: place of a column -> its step, for columns that are not searched.
        most_suppressed: rows that may be suppressed.
        max_seconds: after this the best node so far is returned with `optimal` False.
        public: codes of the population (for delta-presence and k-map), as the columns'.
        persons: (n,) whose each row is; None: each its own.
        weights: (n,) rows that each stands for; None: one.

    Raises:
        NothingValid: no node is valid (or none was found in time).
    """
    lattice = Lattice(columns, sensitive, promise, most_suppressed, public, persons, weights)
    base = tuple((fixed or {}).get(j, 0) for j in range(len(columns)))
    shape = tuple(1 if j in (fixed or {}) else ladder.height + 1 for j, ladder in enumerate(lattice.ladders))
    n_nodes = int(np.prod([float(s) for s in shape]))
    deadline = time.monotonic() + max_seconds
    climb = _Climb(lattice, base, shape, deadline)
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
    levels = climb.at(climb.best)
    classes, keep = lattice.rows(levels)
    bound = climb.loss if finished else min(climb.loss, climb.bound)
    lost = int((~keep).sum()) if weights is None else int(weights[~keep].sum())
    return Found(levels, climb.loss, lost, finished, bound, n_nodes, lattice.n_checked, classes, keep)


class _Climb:
    """One search through a lattice, or the part of it above a base: the best node so far, and what is known of the
    others. Nodes are counted from the base."""

    def __init__(self, lattice: Lattice, base: Node, shape: tuple[int, ...], deadline: float) -> None:
        self.lattice, self.base, self.shape, self.deadline = lattice, base, shape, deadline
        self.best: Node | None = None
        self.loss, self.bound, self.fewest = np.inf, 0.0, lattice.n_rows
        self.standing: list[Node] = []  # nodes that keep the part of the promise which all nodes above them keep too
        d = len(shape)
        start = lattice.cache.bottom
        # Mean loss of each column at each step if nothing is suppressed, as its part of the whole.
        self.part = [
            np.array([(loss[codes] * start.sizes).sum() for loss in losses]) / (d * lattice.n_rows)
            for losses, codes in zip(self._losses(), start.codes, strict=True)
        ]

    def _losses(self) -> list[list[Floats]]:
        """Of each column, at the steps that are searched."""
        return [own[low : low + n] for own, low, n in zip(self.lattice.losses, self.base, self.shape, strict=True)]

    def at(self, node: Node) -> Node:
        """The node of the whole lattice."""
        return tuple(low + level for low, level in zip(self.base, node, strict=True))

    def visit(self, node: Node) -> Checked:
        checked = self.lattice.check(self.at(node))
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
        labels = [len(ladder.labels[level]) for ladder, level in zip(self.lattice.ladders, self.at(node), strict=True)]
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
                checked = self.lattice.check(self.at(lower))
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
