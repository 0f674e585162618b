"""Trees as plain arrays: find the leaf of many rows at once, draw from its histogram, weigh its codes.

A tree is stored the way it is walked: nodes in preorder, so that a left child follows its parent and the leaves under
a node stand side by side. Each leaf keeps how often each code occurred among its training rows.

Legend: n rows, N nodes, L leaves, E entries (leaf, code) of all histograms, K codes, m features.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from likewise.errors import ModelFileError
from likewise.nets.allowed import Allowed

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LOOK_EVERY = 4
"""Steps down a tree between two looks at which rows have arrived: looking costs about as much as a step."""

MOST_ROWS = 2**22
"""Training rows up to which a tree lists the code of each: a draw is then one look-up, not a search."""

MOST_COUNTED = 2**31 - 1
"""Training rows a tree can count."""

NEGLIGIBLE = 1e-9
"""Weight left to a node's ancestors below which all of it goes to the root."""


@dataclass(frozen=True, eq=False)
class Tree:
    """One field's law given the fields before it.

    The law in a leaf is smoothed towards its parent's, that towards the grandparent's, and so on: with `smoothing`
    s, a node of r rows gives its own histogram the weight r / (r + s) and its parent's smoothed law the rest.

    Args:
        feature: (N,) int32 field a node looks at; -1 in a leaf.
        threshold: (N,) int32; rows whose feature is at most this go left, to the node that follows.
        right: (N,) int32 right child; 0 in a leaf.
        start: (L + 1,) int64 where each leaf's entries begin.
        code: (E,) int64 codes, ascending in each leaf.
        count: (E,) int64 training rows of each entry, at least 1.
        size: number of codes K.
        smoothing: s, in rows.
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    start: Ints
    code: Ints
    count: Ints
    size: int
    smoothing: float

    def check(self, n_features: int) -> None:
        """Raise ModelFileError unless the arrays make a tree that looks at the first `n_features` fields only."""
        n, leaf = len(self.feature), self.feature < 0
        inner = np.flatnonzero(~leaf)
        children = np.concatenate([inner + 1, self.right[inner]])
        sound = (
            n > 0
            and bool((self.feature < n_features).all())
            and bool((self.right[inner] > inner + 1).all())
            and len(children) == n - 1
            and bool((np.sort(children) == np.arange(1, n)).all())
            and len(self.start) == leaf.sum() + 1
            and self.start[0] == 0
            and self.start[-1] == len(self.code) == len(self.count)
            and bool((np.diff(self.start) > 0).all())
            and bool((self.count <= MOST_COUNTED).all() and self.count.sum() <= MOST_COUNTED)
            and bool((self.count > 0).all() and (self.code >= 0).all() and (self.code < self.size).all())
        )
        if sound:
            low, high = self._leaves
            sound = bool((low[self.right[inner]] == high[inner + 1]).all())
        if not sound:
            raise ModelFileError("model: the arrays of a tree do not fit together")
        inside = np.ones(len(self.code), bool)
        inside[self.start[:-1]] = False
        if (np.diff(self.code, prepend=-1)[inside] <= 0).any():
            raise ModelFileError("model: a leaf's codes must ascend")

    # --- what follows from the arrays, made when first asked for ---------------------------------------------------

    @cached_property
    def _levels(self) -> list[Ints]:
        """Nodes depth by depth, the root first."""
        levels = [np.zeros(1, np.int64)]
        while True:
            inner = levels[-1][self.feature[levels[-1]] >= 0]
            if not len(inner):
                return levels
            levels.append(np.concatenate([inner + 1, self.right[inner].astype(np.int64)]))

    @cached_property
    def _parent(self) -> Ints:
        parent = np.zeros(len(self.feature), np.int64)
        inner = np.flatnonzero(self.feature >= 0)
        parent[inner + 1] = parent[self.right[inner]] = inner
        return parent

    @cached_property
    def _leaves(self) -> tuple[Ints, Ints]:
        """(N,) first leaf under each node, and the one past the last."""
        leaf = self.feature < 0
        low: Ints = np.cumsum(leaf) - leaf  # leaves before a node in preorder are those before its own
        high: Ints = low + 1
        for nodes in reversed(self._levels):
            inner = nodes[self.feature[nodes] >= 0]
            high[inner] = high[self.right[inner]]
        return low, high

    @cached_property
    def _entries(self) -> tuple[Ints, Ints]:
        """(N,) first entry under each node, and the one past the last."""
        low, high = self._leaves
        return self.start[low], self.start[high]

    @cached_property
    def _rows(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Ints]:
        """(N,) first training row under each node and how many; (rows,) code of each, leaf by leaf."""
        low, high = (self._upto[at] for at in self._entries)
        codes = np.repeat(self.code, self.count) if self._upto[-1] <= MOST_ROWS else np.zeros(0, np.int64)
        return low.astype(np.int32), (high - low).astype(np.int32), codes

    @cached_property
    def _upto(self) -> Ints:
        """(E + 1,) training rows before each entry."""
        upto: Ints = np.r_[0, np.cumsum(self.count)]
        return upto

    @cached_property
    def _own_share(self) -> Floats:
        """(N,) weight of a node's own histogram in its smoothed law; 1 at the root."""
        rows = self._rows[1].astype(np.float64)
        share = rows / (rows + self.smoothing)
        share[0] = 1.0
        return share

    @cached_property
    def _walk(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Feature, threshold and (2 N,) children with every leaf its own child, so that a step needs no branch."""
        leaf, own = self.feature < 0, np.arange(len(self.feature), dtype=np.int32)
        children = np.empty(2 * len(own), np.int32)
        children[0::2], children[1::2] = np.where(leaf, own, own + 1), np.where(leaf, own, self.right)
        return np.where(leaf, 0, self.feature).astype(np.int32), self.threshold, children

    @cached_property
    def _by_code(self) -> tuple[Ints, Ints]:
        """(E,) key code * L + leaf, ascending; (E + 1,) training rows before each."""
        n_leaves = len(self.start) - 1
        leaf = np.repeat(np.arange(n_leaves), np.diff(self.start))
        order = np.argsort(self.code, kind="stable")
        return self.code[order] * n_leaves + leaf[order], np.r_[0, np.cumsum(self.count[order])]

    # --- rows ------------------------------------------------------------------------------------------------------

    def leaf_of(self, features: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """(n,) node each row ends in.

        Args:
            features: (n, m) C-ordered.
        """
        n, m = features.shape
        if len(self.feature) == 1 or not n:
            return np.zeros(n, np.int32)
        looks, threshold, children = self._walk
        flat, result = features.ravel(), np.zeros(n, np.int32)
        node, rows, base = result.copy(), np.arange(n, dtype=np.int32), np.arange(n, dtype=np.int32) * np.int32(m)
        while len(rows):
            for _ in range(LOOK_EVERY):
                goes_right = flat.take(base + looks.take(node)) > threshold.take(node)
                node = children.take(2 * node + goes_right)
            result[rows] = node
            going = np.flatnonzero(self.feature.take(node) >= 0)
            node, rows, base = node[going], rows[going], base[going]
        return result

    def draw(self, node: npt.NDArray[np.int32], rng: np.random.Generator) -> Ints:
        """(n,) codes from the smoothed law of each row's node."""
        low, n_rows, codes = self._rows
        if self.smoothing > 0:
            node = self._climb(node, self._own_share, rng)
        row = low[node] + (rng.random(len(node)) * n_rows[node]).astype(np.int32)
        drawn: Ints = codes[row] if len(codes) else self.code[np.searchsorted(self._upto, row, side="right") - 1]
        return drawn

    def _climb(self, node: npt.NDArray[np.int32], stay: Floats, rng: np.random.Generator) -> npt.NDArray[np.int32]:
        """Which node's own histogram each row draws from: it stays with a node's chance, or goes to the parent."""
        node = node.copy()
        rows = np.arange(len(node))
        while len(rows):
            rows = rows[rng.random(len(rows)) >= stay[node[rows]]]
            node[rows] = self._parent[node[rows]]
        return node

    def weighted(self, allowed: Allowed[Floats]) -> WeightedTree:
        """The tree with what may be drawn of its codes."""
        return WeightedTree(self, allowed)

    def prob(self, node: npt.NDArray[np.int32], codes: npt.NDArray[np.integer]) -> Floats:
        """(n,) probability of each row's code in its node's smoothed law."""
        keys, before = self._by_code
        low, high = self._leaves
        n_leaves, n_rows = len(self.start) - 1, self._rows[1]
        code = codes.astype(np.int64) * n_leaves
        result, left = np.zeros(len(node)), np.ones(len(node))
        rows, at = np.arange(len(node)), node.astype(np.int64)
        while len(rows):
            first = np.searchsorted(keys, code[rows] + low[at])
            last = np.searchsorted(keys, code[rows] + high[at])
            share = self._own_share[at]
            result[rows] += left[rows] * share * (before[last] - before[first]) / n_rows[at]
            left[rows] *= 1 - share
            going = left[rows] > 0
            rows, at = rows[going], self._parent[at[going]]
            at = np.where(left[rows] < NEGLIGIBLE, 0, at)
        return result


class WeightedTree:
    """A tree under a condition: what each node leaves of its law, and draws of what is left.

    Attributes:
        mass, free: (N,) share of each node's smoothed law that the weights leave, and that a free draw may give.
        left: (N,) share of a node's free draws that a condition leaves; 1 where the weights are none that counts.
    """

    def __init__(self, tree: Tree, allowed: Allowed[Floats]) -> None:
        self.tree, self.allowed = tree, allowed
        self._upto = np.r_[0.0, np.cumsum(tree.count * allowed.weights[tree.code])]
        self._low, self._high = (self._upto[at] for at in tree._entries)
        own, self.mass = self._shares(self._high - self._low)
        with np.errstate(invalid="ignore"):
            self._stay = np.where(self.mass > 0, own / self.mass, 0.0)
        self._stay[0] = 1.0
        upto = np.r_[0.0, np.cumsum(tree.count * allowed.free[tree.code])]
        low, high = (upto[at] for at in tree._entries)
        _, self.free = self._shares(high - low)
        self.left = np.divide(self.mass, self.free, out=np.zeros_like(self.mass), where=self.free > 0)
        if not allowed.counts:
            self.left = np.ones_like(self.mass)

    def _shares(self, rows: Floats) -> tuple[Floats, Floats]:
        """(N,) what a node's own rows bring to its smoothed law, and all of what is left of that law."""
        own = rows / self.tree._rows[1] * self.tree._own_share
        mass = own.copy()
        for nodes in self.tree._levels[1:]:
            mass[nodes] += (1 - self.tree._own_share[nodes]) * mass[self.tree._parent[nodes]]
        return own, mass

    def draw(self, node: npt.NDArray[np.int32], rng: np.random.Generator) -> Ints:
        """(n,) codes with weight; where a node has none, those of its nearest ancestor that has."""
        node = self.tree._climb(node, self._stay, rng)
        low, high = self._low[node], self._high[node]
        at = low + rng.random(len(node)) * (high - low)
        at = np.minimum(at, np.nextafter(high, -np.inf))  # rounding must not reach the next node's codes
        drawn: Ints = self.tree.code[np.searchsorted(self._upto, at, side="right") - 1]
        return drawn
