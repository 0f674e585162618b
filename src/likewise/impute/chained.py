"""Chained equations: each column with holes is learnt from all others, in turns.

Legend: n rows, C columns, m draws, h holes of one column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from likewise.impute.grid import Grid
from likewise.impute.laws import Holes, middle

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Matrix = npt.NDArray[np.float32]

MOST_FLAGS = 32
"""Levels of a column that stand one by one among the predictors, the most frequent ones."""
LEAST_ROWS = 4
"""Rows of a level that does."""
CHAIN_CELLS = 20_000_000
"""Cells of all chains that are held at once."""


class ColumnModel(Protocol):
    """What was learnt of one column: values that real rows hold, for rows of the other columns."""

    def draw(self, x: Matrix, rng: np.random.Generator) -> FloatArray:
        """(h,) one value a row."""
        ...

    def spread(self, x: Matrix, rng: np.random.Generator) -> FloatArray:
        """(h, many) values a row: the law of its hole."""
        ...


Learner = Callable[..., ColumnModel]
"""Called with x (d, inputs), values (d,), is_code= and seed=; NaN in x where another column has a hole."""


@dataclass(frozen=True)
class Inputs:
    """How the columns enter a learner: numbers by their rank among the rows learnt from, levels one by one.

    Ranks, because random cuts of a column with a long tail would nearly all fall where there are no rows.
    """

    n_levels: list[int]
    n_flags: list[int]
    sorted_values: list[FloatArray]

    @classmethod
    def of(cls, x: FloatArray, n_levels: list[int]) -> Self:
        values = [np.sort(column[~np.isnan(column)]) for column in x.T]
        # Codes are ordered by frequency, so those with rows enough come first.
        flags = [
            min(int((np.bincount(v.astype(np.int64)) >= LEAST_ROWS).sum()), MOST_FLAGS) if k > 2 else 0
            for v, k in zip(values, n_levels, strict=True)
        ]
        return cls(n_levels, flags, values)

    def part(self, j: int, column: FloatArray) -> Matrix:
        """(n, 1) ranks in [0, 1] or codes of two levels, or (n, k) flags. A hole is NaN throughout."""
        if not self.n_levels[j]:
            values = self.sorted_values[j]
            low, high = (np.searchsorted(values, column, side=side) for side in ("left", "right"))
            part = ((low + high) / (2 * max(len(values), 1)))[:, None]
        elif self.n_levels[j] <= 2:
            part = column[:, None].copy()
        else:
            part = (column[:, None] == np.arange(self.n_flags[j])).astype(np.float64)
        part[np.isnan(column)] = np.nan
        return part.astype(np.float32)


@dataclass(kw_only=True)
class Chained:
    """Imputation by chained equations (van Buuren and Groothuis-Oudshoorn 2011).

    NOTE[DIFF]: one chain learns, from holes filled with the middle of their laws; draws are chains through what it
    learnt. Several chains that each learn anew would take m times as long.

    Args:
        learner: what learns a column.
        n_rounds: times that each column is learnt; in the first, other columns' holes are holes, afterwards filled.
        max_rows: rows that a column is learnt from, at most.
    """

    learner: Learner
    n_rounds: int = 2
    max_rows: int = 10_000
    models: dict[int, ColumnModel] = field(default_factory=dict, init=False, repr=False)

    def fit(self, x: FloatArray, grid: Grid, rng: np.random.Generator) -> Self:
        """Learn from (n, C) numbers and codes with holes."""
        self._grid, self._seed = grid, int(rng.integers(2**31))
        self._holes = np.isnan(x)
        self._filled = x.copy()
        self._inputs = Inputs.of(x, grid.n_levels)
        self.models = {}
        chain = np.random.default_rng(self._seed)
        for turn in range(self.n_rounds):
            for j in self._order(self._holes):
                self.models[j] = self._learn(j, turn)
                rows = self._holes[:, j]
                spread = self.models[j].spread(self._others(self._filled[rows], j), chain)
                self._filled[rows, j] = middle(spread, bool(grid.is_code[j]))
        return self

    def _learn(self, j: int, turn: int) -> ColumnModel:
        known = np.flatnonzero(~self._holes[:, j])
        seed = np.random.SeedSequence([self._seed, turn, j])
        if len(known) > self.max_rows:
            known = np.sort(np.random.default_rng(seed).permutation(known)[: self.max_rows])
        return self.learner(
            self._others(self._filled[known], j), self._filled[known, j],
            is_code=bool(self._grid.is_code[j]), seed=int(seed.generate_state(1)[0]),
        )  # fmt: skip

    def _model(self, j: int) -> ColumnModel:
        """The last model of a column; one for a column that had no holes is learnt when it is first needed."""
        if j not in self.models:
            self.models[j] = self._learn(j, self.n_rounds)
        return self.models[j]

    @staticmethod
    def _order(holes: BoolArray) -> list[int]:
        """Columns with holes, those with the fewest first."""
        counts = holes.sum(0)
        return [int(j) for j in np.argsort(counts, kind="stable") if counts[j]]

    def _others(self, x: FloatArray, j: int) -> Matrix:
        parts = [self._inputs.part(i, x[:, i]) for i in range(x.shape[1]) if i != j]
        return np.concatenate(parts, axis=1) if parts else np.zeros((len(x), 0), np.float32)

    def spread(self, x: FloatArray, rng: np.random.Generator) -> Holes:
        """Column -> (h, many) values that its holes may have, other holes of the row at their middle."""
        return self._middled(x, rng)[1]

    def _middled(self, x: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, Holes]:
        """Rows with every hole at the middle of its law, and those laws."""
        filled, laws = x.copy(), {}
        for _ in range(self.n_rounds):
            for j in self._order(np.isnan(x)):
                rows = np.isnan(x[:, j])
                laws[j] = self._model(j).spread(self._others(filled[rows], j), rng)
                filled[rows, j] = middle(laws[j], bool(self._grid.is_code[j]))
        return filled, laws

    def draws(self, x: FloatArray, m: int, rng: np.random.Generator) -> Holes:
        """Column -> (h, m) draws of its holes; the k-th draws of a row's holes belong together."""
        holes = np.isnan(x)
        start, _ = self._middled(x, rng)
        drawn = {j: np.empty((int(holes[:, j].sum()), m)) for j in self._order(holes)}
        some = holes.any(1)
        at_once = max(1, CHAIN_CELLS // max(int(some.sum()) * x.shape[1], 1))
        for first in range(0, m, at_once):
            chains = min(at_once, m - first)
            many, gone = np.tile(start[some], (chains, 1)), np.tile(holes[some], (chains, 1))
            for _ in range(self.n_rounds):
                for j in drawn:
                    rows = gone[:, j]
                    many[rows, j] = self._model(j).draw(self._others(many[rows], j), rng)
            for j, values in drawn.items():
                values[:, first : first + chains] = many[gone[:, j], j].reshape(chains, -1).T
        return drawn
