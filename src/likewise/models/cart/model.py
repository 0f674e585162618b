"""A chain of decision trees, one a field: the strong classical rival, fast, faithful and leaking."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Field, Given
from likewise.errors import ConditionError, ModelFileError
from likewise.models.about import About
from likewise.models.base import Fit, Generator, check_rows, learnt
from likewise.models.cart.trees import Tree, WeightedTree
from likewise.models.drawing.conditioning import (
    BLOCK_ROWS,
    CANDIDATES,
    OWN_CANDIDATES,
    POOL_ROWS,
    Budget,
    emitted,
    resample,
    resample_within,
)
from likewise.models.options import number, whole
from likewise.training.loop import Record

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int32]

MAX_CLASSES = 64
"""Levels without order up to which a tree splits by their Gini impurity; above, by that of a random projection."""

FEW_CODES = 16
"""Codes of a number up to which they are split as levels are."""

N_PROJECTIONS = 16

ATOM_SHARE = 0.03
"""Share of the rows from which a number's code counts for itself in a split, not only by its rank."""


@dataclass(kw_only=True)
class CartChain(Generator):
    """p(row) as a product of p(field | fields before), each a decision tree drawn from its leaves' own rows.

    The method of synthpop (Reiter 2005; Nowok, Raab and Dibben 2016): fields in column order, the first from its
    marginal. Splits are scikit-learn's: Gini impurity for levels, squared error of the rank for numbers. A number's
    place inside its code is drawn evenly, so exact values come back only where the codec keeps them.

    Args:
        min_samples_leaf: least training rows in a leaf.
        max_depth: of each tree; None for no limit.
        smoothing: rows' worth of its parent's law mixed into each node's; 0 draws from the leaf alone, and conditions
            that no leaf met in training can then fail.

    It is fast and faithful: on Adult a classifier tells its rows from real ones with an area of .54, where .50 is
    chance (`python benchmarks/main_job.py adult --models cart`). The time to fit grows with the square of the columns.

    Privacy: this model leaks. Leaves of few rows give combinations of single people back: in the same run a guess at
    membership reached an area of .55, where .50 is chance, and 64 % of its rows stood nearer to a training row than
    to a held-out one. Use it as a fast reference and as the positive control of the privacy measures, not to share
    data. A larger `min_samples_leaf` leaks less.

    Example:
        >>> import polars as pl, likewise as lw
        >>> df = pl.DataFrame({"age": [23, 45, 31, 62] * 25, "smokes": ["no", "yes", "no", "no"] * 25})
        >>> synth = lw.Synthesizer(lw.CartChain(min_samples_leaf=10), random_state=0).fit(df)
        >>> synth.sample(3, where={"age": lw.above(50)})["age"].to_list()
        [62, 62, 62]
    """

    name: ClassVar[str] = "cart"
    about: ClassVar[About] = About(
        purpose="The classical strong rival: a decision tree a column; fast and faithful.",
        cost="About a second for tens of thousands of rows; grows with the square of the columns.",
        guarantees=(
            "Values stay among those of the leaves' rows. It leaks: on Adult a guess at membership reaches .55 "
            "where .50 is chance."
        ),
        avoid_when=(
            "The rows are people's and will be shared; it is a reference, and the positive control of the privacy "
            "measures."
        ),
    )

    min_samples_leaf: int = whole(5)
    max_depth: int | None = whole(None)
    smoothing: float = number(1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._trees: list[Tree] | None = None

    def fit(self, fit: Fit) -> Self:
        self.check_context(fit)
        check_rows(fit.rows())
        began = time.monotonic()
        self._alphabet, codes = fit.alphabet, fit.rows().codes
        self._places = [_places(f) for f in fit.alphabet.fields]
        features = self._features(codes).astype(np.float32)
        self._trees = [
            self._grow(features[:, :j], codes[:, j].astype(np.int64), f, fit.rng)
            for j, f in enumerate(fit.alphabet.fields)
        ]
        self.record = Record(epochs=1, best_epoch=1, seconds=time.monotonic() - began)
        return self

    def _features(self, codes: npt.NDArray[np.integer]) -> Places:
        """(n, D) each code's place in the order of its values."""
        places = np.empty(codes.shape, np.int32)
        for j, table in enumerate(self._places):
            places[:, j] = table[codes[:, j]]
        return places

    def _grow(self, features: npt.NDArray[np.float32], codes: Ints, field: Field, rng: np.random.Generator) -> Tree:
        """The tree of one field given the fields before it."""
        seed, n = int(rng.integers(2**31)), len(codes)
        if not features.shape[1] or n < 2 * self.min_samples_leaf or (codes == codes[0]).all():
            return self._tree(np.full(1, -1), np.zeros(1), np.zeros(1), np.zeros(n, np.int64), codes, field.size)
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        options = {"min_samples_leaf": self.min_samples_leaf, "max_depth": self.max_depth, "random_state": seed}
        target = _target(codes, field, rng)
        if target is None:
            grown = DecisionTreeClassifier(**options).fit(features, codes)
        else:
            grown = DecisionTreeRegressor(**options).fit(features, target[codes])
        nodes, leaf = grown.tree_, grown.apply(features)
        # scikit-learn grows depth first, left before right: its nodes are in preorder already
        return self._tree(nodes.feature, nodes.threshold, nodes.children_right, leaf, codes, field.size)

    def _tree(
        self,
        feature: npt.NDArray[Any],
        threshold: npt.NDArray[Any],
        right: npt.NDArray[Any],
        leaf: Ints,
        codes: Ints,
        size: int,
    ) -> Tree:
        """A tree from its nodes and from the leaf and code of each training row."""
        key, count = np.unique(leaf * size + codes, return_counts=True)
        start = np.searchsorted(key // size, np.flatnonzero(feature < 0))
        is_leaf = feature < 0
        return Tree(
            feature=np.where(is_leaf, -1, feature).astype(np.int32),
            threshold=np.where(is_leaf, 0, np.floor(threshold)).astype(np.int32),
            right=np.where(is_leaf, 0, right).astype(np.int32),
            start=np.r_[start, len(key)].astype(np.int64),
            code=(key % size).astype(np.int64),
            count=count.astype(np.int64),
            size=size,
            smoothing=float(self.smoothing),
        )

    def draw(self, n: int, rng: np.random.Generator, given: Given) -> Codes:
        trees = self._fitted()
        drawing = _Drawing(trees, self._places, self._weighted(given), given)
        size = BLOCK_ROWS if given.codes is None else BLOCK_ROWS // OWN_CANDIDATES
        budget = Budget.of(n, given)
        if drawing.joint and drawing.joint[0] == 0:
            budget.scale *= float(drawing.weighted[0].left[0])  # of the first field every row has the same chance

        def block(rows: slice, stream: np.random.Generator) -> Ints:
            if given.codes is not None:
                return drawing.known(given.codes[rows], stream)
            if drawing.joint:
                return drawing.conditioned(rows.stop - rows.start, stream, budget)
            return drawing.free(drawing.blank(rows.stop - rows.start), 0, stream)

        return self._in_blocks(n, rng, block, size)

    def _weighted(self, given: Given) -> dict[int, WeightedTree]:
        """What each field may emit: conditions, and no rare code unless asked for."""
        trees, result = self._fitted(), {}
        for j, allowed in emitted(self._alphabet, given).items():
            weighted = trees[j].weighted(allowed)
            if weighted.mass[0] > 0:
                result[j] = weighted
            elif j in given.weights:
                raise ConditionError(f"no code of field {j} that the training rows hold meets the condition")
        return result

    def log_prob(self, codes: Codes) -> Floats:
        trees = self._fitted()
        result = np.zeros(len(codes))
        for first in range(0, len(codes), BLOCK_ROWS):
            rows = slice(first, first + BLOCK_ROWS)
            features = self._features(codes.codes[rows])
            for j, tree in enumerate(trees):
                with np.errstate(divide="ignore"):
                    result[rows] += np.log(tree.prob(tree.leaf_of(features), codes.codes[rows, j]))
        return result

    def _fitted(self) -> list[Tree]:
        return learnt(self._trees)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays of all trees end to end, and how many nodes and entries each has."""
        trees = self._fitted()
        return {
            "nodes": np.array([len(t.feature) for t in trees], np.int64),
            "entries": np.array([len(t.code) for t in trees], np.int64),
            "feature": _joined([t.feature for t in trees], np.int32),
            "threshold": _joined([t.threshold for t in trees], np.int32),
            "right": _joined([t.right for t in trees], np.int32),
            "start": _joined([t.start[:-1] for t in trees], np.int64),
            "code": _joined([t.code for t in trees], self._alphabet.code_dtype),
            "count": _joined([t.count for t in trees], np.int64),
        }

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        sizes, code = alphabet.sizes, alphabet.code_dtype
        expected = {"code": code, "feature": np.int32, "threshold": np.int32, "right": np.int32}
        expected |= dict.fromkeys(("nodes", "entries", "start", "count"), np.int64)
        wrong = [k for k in expected.keys() | state.keys() if k not in state or k not in expected]
        wrong += [k for k, a in state.items() if k in expected and (a.dtype != expected[k] or a.ndim != 1)]
        if wrong:
            raise ModelFileError(f"model: {len(wrong)} arrays are absent or of another kind, such as {min(wrong)!r}")
        nodes, entries = state["nodes"], state["entries"]
        whole = len(nodes) == len(entries) == len(sizes) and (nodes >= 1).all() and (entries >= 1).all()
        n_leaves = int((state["feature"] < 0).sum())
        lengths = {"feature": nodes, "threshold": nodes, "right": nodes, "code": entries, "count": entries}
        if not whole or len(state["start"]) != n_leaves or any(len(state[k]) != v.sum() for k, v in lengths.items()):
            raise ModelFileError("model: the trees are not as many or as large as they say")
        parts = {k: np.split(state[k], np.cumsum(v)[:-1]) if len(v) else [] for k, v in lengths.items()}
        leaves = np.array([(f < 0).sum() for f in parts["feature"]], np.int64)
        starts = np.split(state["start"], np.cumsum(leaves)[:-1]) if len(leaves) else []
        trees = []
        for j, size in enumerate(sizes):
            f, t, r, c, k = (parts[name][j] for name in ("feature", "threshold", "right", "code", "count"))
            start = np.r_[starts[j], len(c)].astype(np.int64)
            trees.append(Tree(f, t, r, start, c.astype(np.int64), k, size, float(self.smoothing)))
            trees[-1].check(j)
        if len({int(tree.count.sum()) for tree in trees}) > 1:
            raise ModelFileError("model: its trees were not made from the same number of rows")
        self._alphabet, self._trees, self._places = alphabet, trees, [_places(f) for f in alphabet.fields]
        return self


class _Drawing:
    """Draws blocks of rows under the same conditions.

    A block is a table of codes and one of their places, filled field after field.
    """

    def __init__(
        self, trees: list[Tree], places: list[Places], weighted: dict[int, WeightedTree], given: Given
    ) -> None:
        self.trees, self.places, self.weighted = trees, places, weighted
        self.joint = sorted(given.weights) if given.joint else []

    def blank(self, n: int) -> tuple[Ints, Places]:
        shape = (n, len(self.trees))
        return np.zeros(shape, np.int64), np.zeros(shape, np.int32)

    def _put(self, block: tuple[Ints, Places], j: int, codes: Ints) -> None:
        block[0][:, j] = codes
        block[1][:, j] = self.places[j][codes]

    def _draw(self, j: int, node: npt.NDArray[np.int32], rng: np.random.Generator) -> Ints:
        return self.weighted.get(j, self.trees[j]).draw(node, rng)

    def free(self, block: tuple[Ints, Places], first: int, rng: np.random.Generator) -> Ints:
        """(n, D) the block with the fields from `first` on drawn, each as its conditions allow."""
        for j in range(first, len(self.trees)):
            self._put(block, j, self._draw(j, self.trees[j].leaf_of(block[1]), rng))
        return block[0]

    def conditioned(self, n: int, rng: np.random.Generator, budget: Budget) -> Ints:
        """(n, D) rows from their joint law under all conditions.

        By rejection, field after field: a row lives on with the chance its condition leaves it, and one that does not
        costs no further field. What the budget does not find comes from importance resampling.
        """
        parts: list[Ints] = []
        lacking = n
        while lacking > 0 and not budget.is_spent:
            many = budget.next_batch(lacking)
            met = self._prefix(many, rng, keep=False)
            parts.append(met[:lacking])
            lacking -= len(parts[-1])
            budget.spend(many, mass=len(met), found=len(parts[-1]))
        if lacking > 0:
            many = max(CANDIDATES * lacking, min(POOL_ROWS, budget.most))
            more = self._prefix(many, rng, keep=True)
            if not len(more):
                budget.spend(many, mass=0)
                budget.refuse()
            parts.append(more[rng.permutation(len(more))[:lacking]])
        block = self.blank(n)
        for j, column in enumerate(np.concatenate(parts).T[: self.joint[-1] + 1]):
            self._put(block, j, column)
        return self.free(block, self.joint[-1] + 1, rng)

    def _prefix(self, n: int, rng: np.random.Generator, *, keep: bool) -> Ints:
        """(m, D) rows drawn up to the last condition; those that met all, or with `keep` n chosen by their weights."""
        block = self.blank(n)
        for j in range(self.joint[-1] + 1):
            node = self.trees[j].leaf_of(block[1])
            if j in self.joint and j > 0:  # the first field's condition leaves every row the same share
                mass = self.weighted[j].left[node]
                if not mass.any():
                    return block[0][:0]
                with np.errstate(divide="ignore"):
                    chosen = (
                        resample(np.log(mass), n, rng, pooled=True)
                        if keep
                        else np.flatnonzero(rng.random(len(mass)) < mass)
                    )
                block, node = (block[0][chosen], block[1][chosen]), node[chosen]
            self._put(block, j, self._draw(j, node, rng))
        return block[0]

    def known(self, known: Ints, rng: np.random.Generator) -> Ints:
        """(n, D) rows of which some codes are known.

        Each row has OWN_CANDIDATES of its own, which go on from field to field as often as they make likely what is
        known or asked of it; one of them is kept.
        """
        n, d = known.shape
        some: npt.NDArray[np.bool_] = np.any(known >= 0, axis=0)
        some[self.joint] = True
        last = int(np.flatnonzero(some)[-1]) if some.any() else -1
        first = int(np.argmax((known < 0).any(0))) if (known < 0).any() else d
        each = OWN_CANDIDATES if first < last else 1
        block, asked = self.blank(n * each), known.repeat(each, 0)
        for j in range(last + 1):
            column, node = asked[:, j], self.trees[j].leaf_of(block[1])
            if j > first and some[j]:
                chosen = resample_within(self._log_mass(j, node, column).reshape(n, each), rng)
                block, node = (block[0][chosen], block[1][chosen]), node[chosen]
            self._put(block, j, np.where(column >= 0, column, self._draw(j, node, rng)))
        kept = np.arange(n) * each + rng.integers(each, size=n)
        return self.free((block[0][kept], block[1][kept]), last + 1, rng)

    def _log_mass(self, j: int, node: npt.NDArray[np.int32], known: Ints) -> Floats:
        """(n,) log share of field j's law that what is known or asked of each row leaves."""
        weighted, rows = self.weighted.get(j), np.flatnonzero(known >= 0)
        share = np.ones(len(node)) if weighted is None else weighted.left[node]
        share[rows] = self.trees[j].prob(node[rows], known[rows])
        if weighted is not None:
            share[rows] /= np.where(weighted.allowed.free[known[rows]] > 0, weighted.free[node[rows]], 1.0)
        with np.errstate(divide="ignore"):
            return np.log(share)


def _places(field: Field) -> Places:
    """(K,) each code's place in the order of its values, codes outside the order last; levels keep their codes."""
    place = np.arange(field.size, dtype=np.int32)
    if field.positions is not None:
        place[np.argsort(field.positions, kind="stable")] = np.arange(field.size, dtype=np.int32)
    return place


def _target(codes: Ints, field: Field, rng: np.random.Generator) -> npt.NDArray[np.float64] | None:
    """(K, d) what a tree's squared error should tell apart; None to tell all codes apart by their Gini impurity."""
    counts = np.bincount(codes, minlength=field.size)
    if field.positions is None:
        if (counts > 0).sum() <= MAX_CLASSES:
            return None
        return rng.normal(size=(field.size, N_PROJECTIONS))
    if (counts > 0).sum() <= FEW_CODES:
        return None
    # a rank in units of its deviation, and an indicator of each code too frequent to be but a rank
    rank = np.nan_to_num(np.asarray(field.positions, np.float64), nan=0.5)
    frequent = np.flatnonzero((counts >= ATOM_SHARE * len(codes)) | ((counts > 0) & np.isnan(field.positions)))
    indicators = np.arange(field.size)[:, None] == frequent
    return np.column_stack([2.3 * (rank - 0.5), indicators]).astype(np.float64)


def _joined(parts: list[npt.NDArray[Any]], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype), *(part.astype(dtype) for part in parts)])
