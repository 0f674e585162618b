"""A forest for one column, whose leaves hold donors: a hole takes the value of a real row that fell into its leaf.

Legend: d donors, T trees, h holes of one column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]

MOST_CLASSES = 32
"""Levels of a target that trees tell apart; what is rarer they take together, and its donors are what they are."""
MOST_TRIED = 16
PER_TREE = 2
"""Donors of a leaf that speak for it."""


@dataclass(frozen=True)
class Leaves:
    """One column's forest, and which rows fell into which leaf.

    Args:
        values: (d,) what the donors hold: the rows that were learnt from.
        trees: T fitted trees; none where there is nothing to learn, and then every donor is as good.
        donors: (T, d) donors, those of a leaf together.
        starts: for each tree, where among its donors each node's begin; one entry more than nodes.
    """

    values: FloatArray
    trees: list[Any]
    donors: list[npt.NDArray[np.int32]]
    starts: list[npt.NDArray[np.int64]]

    def draw(self, x: Matrix, rng: np.random.Generator) -> FloatArray:
        """(h,) for each row a donor of the leaf it falls into in a tree of its own."""
        if not self.trees:
            return rng.choice(self.values, len(x))
        drawn = np.empty(len(x))
        tree_of = rng.integers(0, len(self.trees), len(x))
        uniforms = rng.random(len(x))
        by_tree = np.argsort(tree_of, kind="stable")
        for t, rows in enumerate(np.split(by_tree, np.searchsorted(tree_of[by_tree], range(1, len(self.trees))))):
            if len(rows):
                drawn[rows] = self._of_tree(t, x[rows], uniforms[rows])
        return drawn

    def spread(self, x: Matrix, rng: np.random.Generator) -> FloatArray:
        """(h, T * PER_TREE) donors of every tree: the law of each hole, given its row."""
        if not self.trees:
            return rng.choice(self.values, (len(x), 50 * PER_TREE))
        parts = [self._of_tree(t, x, rng.random((PER_TREE, len(x)))).T for t in range(len(self.trees))]
        return np.concatenate(parts, axis=1)

    def _of_tree(self, t: int, x: Matrix, uniforms: FloatArray) -> FloatArray:
        leaf = self.trees[t].tree_.apply(x)
        begin, end = self.starts[t][leaf], self.starts[t][leaf + 1]
        return np.asarray(self.values[self.donors[t][begin + (uniforms * (end - begin)).astype(np.int64)]])


def grow(x: Matrix, values: FloatArray, *, is_code: bool, seed: int, n_trees: int = 50, min_leaf: int = 3) -> Leaves:
    """Learn one column from the others: extremely randomised trees (Geurts, Ernst and Wehenkel 2006), whose leaves hold
    donors (Doove, van Buuren and Dusseldorp 2014; the law of a leaf's rows is that of Meinshausen 2006).

    Args:
        x: (d, inputs) of the rows that hold a value; NaN where another column has a hole.
        values: (d,) those values.
    """
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    if not x.shape[1] or len(values) < 2 * min_leaf or (values == values[0]).all():
        return Leaves(values, [], [], [])
    options = dict(
        n_estimators=n_trees,
        min_samples_leaf=min_leaf,
        max_features=min(x.shape[1], max(MOST_TRIED, x.shape[1] // 3)),
        random_state=seed,
    )
    if is_code:
        forest = ExtraTreesClassifier(**options).fit(x, np.minimum(values, MOST_CLASSES))
    else:
        middle, scale = np.median(values), np.abs(values - np.median(values)).max()
        forest = ExtraTreesRegressor(**options).fit(x, (values - middle) / scale)
    trees, donors, starts = forest.estimators_, [], []
    for tree in trees:
        leaf = tree.tree_.apply(x)
        donors.append(np.argsort(leaf, kind="stable").astype(np.int32))
        starts.append(np.concatenate([[0], np.cumsum(np.bincount(leaf, minlength=tree.tree_.node_count))]))
    return Leaves(values, trees, donors, starts)
