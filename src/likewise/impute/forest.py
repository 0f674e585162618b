"""A forest for one column, whose leaves hold donors: a hole takes the value of a real row that fell into its leaf.

Legend: d donors, T trees, h holes of one column, m chains of draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from likewise.impute.scales import Scale
from likewise.typing import Floats, Ints

Matrix = npt.NDArray[np.float32]

MOST_CLASSES = 32
"""Levels of a target that trees tell apart; what is rarer they take together, and its donors are what they are."""
MOST_TRIED = 16
"""Inputs that a cut is chosen from; for random cuts, which cost little, a third where that is more."""
PER_TREE = 3
"""Donors of a leaf that speak for it: those at the middles of its thirds, so that the row alone tells its fill."""
CANDIDATES = 6
"""Donors of a leaf of which one is taken, by the weights that a chain gives them."""
MANY_VALUES = 0.3
"""A column of numbers with so many different ones, by its rows, has a slope to follow."""
FEW_VALUES = 20
"""A column of levels, or of so few different numbers at most, is learnt by the best cuts; of more by random ones."""
LEAST_FIT = 0.1
"""Share of the variance that a straight line must explain of rows it has not seen, or there is none."""
LEAST_DONORS = 20
PENALTIES = np.logspace(-2, 4, 7)


@dataclass(frozen=True)
class Slope:
    """The straight part of a column: trees learn what it leaves, and donors lend that.

    Without it holes lie no further out than the rows of their leaf, which errs where cells are missing because they
    are large: a mean over such holes was off by twice as much.

    Args:
        weights: (inputs + 1,) on the column's own scale, the constant last.
        doubt: (inputs + 1, inputs + 1) a root of the weights' covariance.
        scale: of the column.
        values: (d,) that the donors hold, in rising order.
        off: (d,) how far each donor lies off the slope that the others have.
    """

    weights: Floats
    doubt: Floats
    scale: Scale
    values: Floats
    off: Floats

    @classmethod
    def of(cls, x: Matrix, values: Floats) -> Self | None:
        """By ridge regression; None where there is no straight part, or the column holds few different values."""
        from sklearn.linear_model import RidgeCV

        if len(np.unique(values)) < MANY_VALUES * len(values) or len(values) < LEAST_DONORS:
            return None
        scale, whole = Scale.of(values), _whole(x)
        y = scale.to(values)
        model = RidgeCV(PENALTIES, store_cv_results=True).fit(whole, y)
        squares = model.cv_results_[:, list(PENALTIES).index(model.alpha_)]
        if 1 - squares.mean() / y.var() < LEAST_FIT:
            return None
        inputs = _with_one(whole)
        precision = inputs.T @ inputs + np.diag([*[model.alpha_] * whole.shape[1], 1e-9])
        return cls(
            weights=np.append(model.coef_, model.intercept_).astype(np.float64),
            doubt=np.linalg.cholesky(np.linalg.inv(precision) * squares.mean()),
            scale=scale,
            values=np.sort(values),
            off=np.sign(y - model.predict(whole)) * np.sqrt(squares),
        )

    def at(self, x: Matrix) -> Floats:
        """(h,) the straight part of rows."""
        return np.asarray(_with_one(_whole(x)) @ self.weights)

    def drawn_at(self, x: Matrix, chains: int, rng: np.random.Generator) -> Floats:
        """(m * h,) the same by weights that each chain draws, for they are not known any better than that."""
        weights = self.weights + rng.standard_normal((chains, len(self.weights))) @ self.doubt.T
        inputs = _with_one(_whole(x)).reshape(chains, -1, len(self.weights))
        return np.asarray(np.einsum("mhp,mp->mh", inputs, weights).ravel())

    def nearest(self, lifted: Floats) -> Floats:
        """The real values nearest to these, which are on the column's scale."""
        wanted = self.scale.back(lifted)
        above = np.searchsorted(self.values, wanted).clip(1, len(self.values) - 1)
        low, high = self.values[above - 1], self.values[above]
        return np.asarray(np.where(wanted - low < high - wanted, low, high))


@dataclass(frozen=True)
class Leaves:
    """One column's forest, and which rows fell into which leaf.

    Args:
        lent: (d,) what the donors lend: their values, or what these lie off the slope.
        slope: the straight part; None for none.
        trees: T fitted trees; none where there is nothing to learn, and then every donor is as good.
        donors: for each tree the donors, those of a leaf together, by rising value.
        starts: for each tree, where among its donors each node's begin; one entry more than nodes.
    """

    lent: Floats
    slope: Slope | None
    trees: list[Any]
    donors: list[npt.NDArray[np.int32]]
    starts: list[Ints]

    def draw(self, x: Matrix, rng: np.random.Generator, chains: int) -> Floats:
        """(m * h,) for each row of each chain a donor of the leaf it falls into, in a tree of its own.

        Each chain weighs the donors anew (Bayesian bootstrap, Rubin 1981), for they are a sample too: tables that are
        filled by one weighing only would agree more than they may.
        """
        weights = rng.standard_gamma(1.0, (chains, len(self.lent))).astype(np.float32)
        chain_of = np.repeat(np.arange(chains), len(x) // chains)
        chosen = np.empty(len(x), np.int64)
        for rows, candidates in self._candidates(x, CANDIDATES, rng):
            # Of candidates in random order, one by its weight: the largest of weighted exponentials.
            found = weights[chain_of[rows][:, None], candidates]
            taken = np.argmin(rng.standard_exponential(found.shape) / np.maximum(found, 1e-30), axis=1)
            chosen[rows] = candidates[np.arange(len(taken)), taken]
        if self.slope is None:
            return self.lent[chosen]
        return self.slope.nearest(self.slope.drawn_at(x, chains, rng) + self.lent[chosen])

    def _candidates(self, x: Matrix, times: int, rng: np.random.Generator) -> Any:
        """Rows, and (rows, times) donors that may stand for each, of a tree that is drawn for each row."""
        if not self.trees:
            yield np.arange(len(x)), rng.integers(0, len(self.lent), (len(x), times))
            return
        tree_of = rng.integers(0, len(self.trees), len(x))
        by_tree = np.argsort(tree_of, kind="stable")
        for t, rows in enumerate(np.split(by_tree, np.searchsorted(tree_of[by_tree], range(1, len(self.trees))))):
            if len(rows):
                yield rows, self._of_tree(t, x[rows], rng.random((len(rows), times)))

    def spread(self, x: Matrix) -> Floats:
        """(h, T * PER_TREE) donors of every tree: the law of each hole, given its row and nothing else."""
        if not self.trees:
            even = np.quantile(self.lent, (np.arange(50 * PER_TREE) + 0.5) / (50 * PER_TREE), method="inverted_cdf")
            return np.broadcast_to(even, (len(x), len(even)))
        thirds = (np.arange(PER_TREE) + 0.5) / PER_TREE
        parts = [self._of_tree(t, x, np.broadcast_to(thirds, (len(x), PER_TREE))) for t in range(len(self.trees))]
        lent = self.lent[np.concatenate(parts, axis=1)]
        return lent if self.slope is None else self.slope.nearest(self.slope.at(x)[:, None] + lent)

    def _of_tree(self, t: int, x: Matrix, places: Floats) -> Ints:
        """Donors of the leaves that rows fall into, at (h, times) places in [0, 1) of each leaf, by rising value."""
        leaf = self.trees[t].tree_.apply(x)
        begin, end = self.starts[t][leaf, None], self.starts[t][leaf + 1, None]
        return np.asarray(self.donors[t][begin + (places * (end - begin)).astype(np.int64)])


def grow(
    x: Matrix,
    values: Floats,
    *,
    is_code: bool,
    seed: int,
    rough: bool = False,
    for_draws: bool = False,
    n_trees: int = 50,
    min_leaf: int | None = None,
) -> Leaves:
    """Learn one column from the others: extremely randomised trees (Geurts, Ernst and Wehenkel 2006), or for columns of
    few values a random forest (Breiman 2001), whose leaves hold donors (Doove, van Buuren and Dusseldorp 2014; the law
    of a leaf's rows is that of Meinshausen 2006).

    Why two: which of few values a row has often hangs on a narrow stretch of another column (fares of 7.75 were paid at
    one port, of 7.90 at another), which random cuts miss. For columns of many values random cuts err less.

    Args:
        x: (d, inputs) of the rows that hold a value; NaN where another column has a hole.
        values: (d,) those values.
        rough: with a quarter of the trees.
        for_draws: take the straight part of columns of many different numbers out first. Draws are the better for it:
            they reach further out, and err less. Middles are not.
        n_trees: T.
        min_leaf: rows of a leaf, at least; None takes 3, and 6 for draws, whose ends few donors would not tell.
    """
    from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor

    min_leaf = min_leaf or (6 if for_draws else 3)
    if not x.shape[1] or len(values) < 2 * min_leaf or (values == values[0]).all():
        return Leaves(values, None, [], [], [])
    few = is_code or len(np.unique(values)) <= FEW_VALUES
    options = dict(
        n_estimators=max(n_trees // 4, 1) if rough else n_trees,
        min_samples_leaf=min_leaf,
        max_features=min(x.shape[1], MOST_TRIED if few else max(MOST_TRIED, x.shape[1] // 3)),
        random_state=seed,
    )
    lent, slope = values, None
    if is_code:
        forest = RandomForestClassifier(**options).fit(x, np.minimum(values, MOST_CLASSES))
    else:
        slope = Slope.of(x, values) if for_draws else None
        if slope is not None:
            lent = slope.off
        kind = RandomForestRegressor if few else ExtraTreesRegressor
        forest = kind(**options).fit(x, Scale.of(lent).to(lent))
    donors, starts = [], []
    for tree in forest.estimators_:
        leaf = tree.tree_.apply(x)
        donors.append(np.lexsort((lent, leaf)).astype(np.int32))
        starts.append(np.concatenate([[0], np.cumsum(np.bincount(leaf, minlength=tree.tree_.node_count))]))
    return Leaves(lent, slope, forest.estimators_, donors, starts)


def _whole(x: Matrix) -> Floats:
    """Inputs with 0, the middle of a number and no level, where another column has a hole."""
    return np.nan_to_num(x.astype(np.float64))


def _with_one(x: Floats) -> Floats:
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)
