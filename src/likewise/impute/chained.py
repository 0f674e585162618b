"""Chained equations: each column with holes is learnt from all others, in turns.

Legend: n rows, C columns, m draws, h holes of one column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.matrix import TableMatrix
from likewise.impute.laws import Holes, middle
from likewise.impute.scales import Scale
from likewise.typing import Bools, Floats

Matrix = npt.NDArray[np.float32]

MOST_FLAGS = 12
"""A column of so many levels at most stands among the predictors level by level; one of more as its codes, which are in
the order of frequency: trees cut that as well, and three times as fast."""
CHAIN_CELLS = 20_000_000
"""Cells of all chains that are held at once."""


class ColumnModel(Protocol):
    """What was learnt of one column: values that real rows hold, for rows of the other columns."""

    def draw(self, x: Matrix, rng: np.random.Generator, chains: int) -> Floats:
        """(m * h,) one value a row, rows of a chain together."""

    def spread(self, x: Matrix) -> Floats:
        """(h, many) values a row: the law of its hole, told by that row alone."""


Learner = Callable[..., ColumnModel]
"""Called with x (d, inputs), values (d,), is_code=, seed=, rough= (true in all rounds but the last, where a quick
answer will do) and for_draws= (true where its draws are wanted, not its middles); NaN in x where another column has a
hole."""

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""


@dataclass(frozen=True)
class Inputs:
    """How the columns enter a learner: numbers on a scale of their own, levels one by one."""

    n_levels: list[int]
    scales: list[Scale]

    @classmethod
    def of(cls, x: Floats, n_levels: list[int]) -> Self:
        return cls(n_levels, [Scale.of(column) for column in x.T])

    def part(self, j: int, column: Floats) -> Matrix:
        """(n, 1) numbers or codes, or (n, k) flags. A hole is NaN throughout."""
        if not self.n_levels[j]:
            part = self.scales[j].to(column)[:, None]
        elif 2 < self.n_levels[j] <= MOST_FLAGS:
            part = (column[:, None] == np.arange(self.n_levels[j])).astype(np.float64)
        else:
            part = column[:, None].copy()
        part[np.isnan(column)] = np.nan
        return part.astype(np.float32)


@dataclass(kw_only=True)
class Chained:
    """Imputation by chained equations (van Buuren and Groothuis-Oudshoorn 2011).

    NOTE[DIFF]: one chain learns, and draws are chains through what it learnt. Several chains that each learn anew would
    take m times as long.

    Args:
        learner: what learns a column.
        fill: with what holes are filled while other columns are learnt: their "middle", which makes the best guesses,
            or a "draw": middles are made from the very column that is learnt from them, so that it seems to follow from
            the others more closely than it does, and intervals would hold 74 of 100 cells instead of 90.
        n_rounds: times that each column is learnt; in the first, other columns' holes are holes, afterwards filled.
        max_rows: rows that a column is learnt from, at most.
        progress: called once a column of each round.
    """

    learner: Learner
    fill: str
    n_rounds: int = 2
    max_rows: int = 5_000
    progress: Progress | None = None
    models: dict[int, ColumnModel] = field(default_factory=dict, init=False, repr=False)

    def fit(self, x: Floats, grid: TableMatrix, rng: np.random.Generator) -> Self:
        """Learn from (n, C) numbers and codes with holes."""
        self._grid, self._seed = grid, int(rng.integers(2**31))
        self._holes = np.isnan(x)
        self._filled = x.copy()
        self._inputs = Inputs.of(x, grid.n_levels)
        self.models = {}
        chain = np.random.default_rng(self._seed)
        order = self._order(self._holes)
        for turn in range(self.n_rounds):
            for i, j in enumerate(order):
                self.models[j] = self._learn(j, turn)
                rows = self._holes[:, j]
                others = self._others(self._filled[rows], j)
                if self.fill == "draw":
                    self._filled[rows, j] = self.models[j].draw(others, chain, 1)
                else:
                    self._filled[rows, j] = middle(self.models[j].spread(others), bool(grid.is_code[j]))
                if self.progress is not None:
                    self.progress(turn * len(order) + i + 1, self.n_rounds * len(order))
        return self

    def _learn(self, j: int, turn: int) -> ColumnModel:
        known = np.flatnonzero(~self._holes[:, j])
        seed = np.random.SeedSequence([self._seed, turn, j])
        if len(known) > self.max_rows:
            known = np.sort(np.random.default_rng(seed).permutation(known)[: self.max_rows])
        return self.learner(
            self._others(self._filled[known], j), self._filled[known, j],
            is_code=bool(self._grid.is_code[j]), seed=int(seed.generate_state(1)[0]),
            rough=turn < self.n_rounds - 1,
            for_draws=self.fill == "draw",
        )  # fmt: skip

    def _model(self, j: int) -> ColumnModel:
        """The last model of a column; one for a column that had no holes is learnt when it is first needed."""
        if j not in self.models:
            self.models[j] = self._learn(j, self.n_rounds)
        return self.models[j]

    def _order(self, holes: Bools) -> list[int]:
        """Columns with holes, those first that had the fewest in the rows learnt from: the same order for any batch."""
        return [int(j) for j in np.argsort(self._holes.sum(0), kind="stable") if holes[:, j].any()]

    def _others(self, x: Floats, j: int) -> Matrix:
        parts = [self._inputs.part(i, x[:, i]) for i in range(x.shape[1]) if i != j]
        return np.concatenate(parts, axis=1) if parts else np.zeros((len(x), 0), np.float32)

    def spread(self, x: Floats, rng: np.random.Generator) -> Holes:
        """Column -> (h, many) values that its holes may have, other holes of the row at their middle."""
        del rng  # nothing is drawn
        return self._middled(x)[1]

    def _middled(self, x: Floats) -> tuple[Floats, Holes]:
        """Rows with every hole at the middle of its law, and those laws."""
        filled, laws = x.copy(), {}
        for _ in range(self.n_rounds):
            for j in self._order(np.isnan(x)):
                rows = np.isnan(x[:, j])
                laws[j] = self._model(j).spread(self._others(filled[rows], j))
                filled[rows, j] = middle(laws[j], bool(self._grid.is_code[j]))
        return filled, laws

    def draws(self, x: Floats, m: int, rng: np.random.Generator) -> Holes:
        """Column -> (h, m) draws of its holes; the k-th draws of a row's holes belong together."""
        holes = np.isnan(x)
        start, _ = self._middled(x)
        drawn = {j: np.empty((int(holes[:, j].sum()), m)) for j in self._order(holes)}
        some = holes.any(1)
        at_once = max(1, CHAIN_CELLS // max(int(some.sum()) * x.shape[1], 1))
        for first in range(0, m, at_once):
            chains = min(at_once, m - first)
            many, gone = np.tile(start[some], (chains, 1)), np.tile(holes[some], (chains, 1))
            for _ in range(self.n_rounds):
                for j in drawn:
                    rows = gone[:, j]
                    many[rows, j] = self._model(j).draw(self._others(many[rows], j), rng, chains)
            for j, values in drawn.items():
                values[:, first : first + chains] = many[gone[:, j], j].reshape(chains, -1).T
        return drawn


@dataclass(kw_only=True)
class Equations:
    """Chained equations learnt twice, for two uses: from middles for best guesses, from draws for draws. The second is
    learnt when it is first needed.

    Args:
        learner, n_rounds, max_rows, progress: as `Chained` takes them.
        first: the use that `fit` learns for, "middle" or "draw".
    """

    learner: Learner
    first: str = "middle"
    n_rounds: int = 2
    max_rows: int = 5_000
    progress: Progress | None = None

    def fit(self, x: Floats, grid: TableMatrix, rng: np.random.Generator) -> Self:
        self._x, self._grid, self._seed = x, grid, int(rng.integers(2**31))
        self._learnt: dict[str, Chained] = {}
        self._by(self.first)
        return self

    def _by(self, fill: str) -> Chained:
        if fill not in self._learnt:
            options = {name: getattr(self, name) for name in ("learner", "n_rounds", "max_rows", "progress")}
            chained = Chained(fill=fill, **options)
            self._learnt[fill] = chained.fit(self._x, self._grid, np.random.default_rng(self._seed))
        return self._learnt[fill]

    def draws(self, x: Floats, m: int, rng: np.random.Generator) -> Holes:
        return self._by("draw").draws(x, m, rng)

    def spread(self, x: Floats, rng: np.random.Generator) -> Holes:
        return self._by("middle").spread(x, rng)
