"""AIM: measure, where the model is worst, what the budget can tell; adapt; again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import prod
from typing import ClassVar

import numpy as np

from likewise.dp.gate import Gate
from likewise.dp.queries import Clique, Distance, Marginals, Measurement, Table
from likewise.errors import OptionError
from likewise.models.about import About
from likewise.models.marginals.counts import each_field
from likewise.models.marginals.graphical import Chain, JunctionTree, fit_potentials
from likewise.models.marginals.model import MarginalModel
from likewise.models.options import number, whole

NOISE_SHARE = math.sqrt(2 / math.pi)
"""Mean of the absolute value of a normal draw, in deviations."""

ROUNDS_A_FIELD = 16
MEASURE_SHARE = 0.9
"""T = 16 d rounds are planned for, nine tenths of a round's budget measure (McKenna et al. 2022, section 4)."""

LEAST_SHARE = 1e-9
"""Less of the budget than this is rounding."""


@dataclass(kw_only=True)
class AIM(MarginalModel):
    """Round by round, the group of fields is measured whose table the model has most wrong beyond what the noise would
    hide, and the model fitted anew (McKenna, Mullins, Sheldon and Miklau 2022).

    It serves a workload: all groups of `degree` fields, and within them all smaller ones. When a round teaches nothing,
    the next have less noise. Slower than `MST`; as good at epsilon .1 and better above it: docs/dp.md has the figures.

    Args:
        degree: fields of the groups that are to be right: 2 or 3.
        one_way: share of the budget for the fields' own counts; the paper's own, 1 part in 16, leaves them too noisy at
            small budgets.
        max_cells: cells of the model's tables, all together, at most; they grow as the budget is spent.
        round_iterations: steps of the fit in each round.
        iterations: steps of the last fit.
        rounds: rounds at most, where there is no budget to end them.

    Privacy: with `privacy=DP(epsilon, delta)`, (epsilon, delta)-differentially private for one row more or less; the
    ledger lists every look. Without, none.
    """

    name: ClassVar[str] = "aim"
    about: ClassVar[About] = About(
        purpose="Differential privacy: round by round the columns are measured that the model has most wrong.",
        cost=(
            "Two to ten seconds for tens of thousands of rows and 15 columns, more with the cube of the columns; "
            "`max_cells` and `degree` bound it."
        ),
        guarantees=(
            "With privacy=DP(epsilon, delta): differential privacy for one row more or less, each look in a ledger. "
            "Without it none."
        ),
        avoid_when="There is no budget to keep, or there are many wide columns: its tables grow with their levels.",
    )

    degree: int = whole(3)
    one_way: float = number(0.2, 0, 1, ends=False)
    max_cells: int = whole(300_000)
    round_iterations: int = whole(30)
    iterations: int = whole(500)
    rounds: int = whole(40)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.degree not in (2, 3):
            raise OptionError(f"degree must be 2 or 3, got {self.degree!r}")

    def check_private(self) -> None:
        if self.rounds != type(self).rounds:
            raise OptionError(
                "rounds does not go with a budget of privacy, which ends them when it is spent: leave it out"
            )

    def _learn(self, gate: Gate, measured: list[Measurement], total: float) -> Chain:
        model = _Model(gate.sizes, measured, total, self.round_iterations)
        workload = dict(self._workload(gate.sizes))
        share, number = gate.left / (ROUNDS_A_FIELD * max(len(gate.sizes), 1)), 0
        while workload and (gate.left > LEAST_SHARE if gate.is_private else number < self.rounds):
            number += 1
            if gate.left < 2 * share:  # not enough for this round and another: all of it for this one
                share = gate.left
            sigma = gate.deviation(share * MEASURE_SHARE) or 1.0
            worst = self._worst(gate, model, workload, share * (1 - MEASURE_SHARE), sigma, number)
            before = model.expected(worst)
            query = Marginals((worst,), f"counts of fields {', '.join(map(str, worst))}")
            model.learn(gate.counts(query, share * MEASURE_SHARE)[0])
            moved = float(np.abs(model.expected(worst) - before).sum())
            if moved <= NOISE_SHARE * sigma * before.size:
                share = 4 * share  # half the noise, twice the sureness of the choice
        if gate.left > LEAST_SHARE:  # no group is small enough: the fields alone, once more
            model.measured += gate.counts(each_field(gate.sizes), gate.left)
        return model.chain(self.iterations)

    def _workload(self, sizes: tuple[int, ...]) -> Iterator[tuple[Clique, float]]:
        """Candidates and their weights: how many fields each shares with the groups that are to be right."""
        d, degree = len(sizes), min(self.degree, len(sizes))
        for k in range(2, degree + 1):
            for clique in combinations(range(d), k):
                if prod(sizes[j] for j in clique) <= self.max_cells:
                    # Each of the clique's fields lies in as many groups as there are choices of the others.
                    yield clique, float(k * math.comb(d - 1, degree - 1))

    def _worst(
        self, gate: Gate, model: _Model, workload: dict[Clique, float], share: float, sigma: float, number: int
    ) -> Clique:
        """A group the model has wrong beyond the noise, among those that keep the model small."""
        room = self.max_cells * (1 - gate.left)
        open_ = [c for c in workload if model.cells_with(c) <= room]
        if not open_:
            open_ = [min(workload, key=lambda c: prod(gate.sizes[j] for j in c))]
        candidates = [
            Distance(
                c, partial(model.expected, c), workload[c], NOISE_SHARE * sigma * prod(gate.sizes[j] for j in c)
            )
            for c in open_
        ]  # fmt: skip
        return open_[gate.choose(candidates, share, f"choice of the group of round {number}", again=True)]


class _Model:
    """The law under way: measurements, a tree that holds their cliques, and potentials."""

    def __init__(self, sizes: tuple[int, ...], measured: list[Measurement], total: float, iterations: int) -> None:
        self.sizes, self.measured, self.total, self.iterations = sizes, measured, total, iterations
        self.cliques: list[Clique] = [m.clique for m in measured]
        self.tree = JunctionTree.of(self.cliques, sizes)
        self.cells: dict[Clique, int] = {}
        self.potentials: list[Table] = []
        self._refit()

    def _refit(self) -> None:
        self.potentials = self._fitted(self.iterations)
        self.law = self.tree.law(self.potentials)

    def _fitted(self, iterations: int) -> list[Table]:
        return fit_potentials(self.tree, self.measured, self.total, iterations=iterations, start=self.potentials)

    def chain(self, iterations: int) -> Chain:
        """The tables to draw from, after a last fit."""
        return Chain.of(self.tree, self._fitted(iterations))

    def expected(self, clique: Clique) -> Table:
        """The counts of these fields' codes by the law."""
        return self.law.marginal(clique) * self.total

    def _is_inside(self, clique: Clique) -> bool:
        return any(set(clique) <= set(c) for c in self.tree.cliques)

    def cells_with(self, clique: Clique) -> int:
        """Cells of the model with one more clique; none more where a clique of the tree holds it."""
        if self._is_inside(clique):
            return 0
        if clique not in self.cells:
            self.cells[clique] = JunctionTree.of([*self.cliques, clique], self.sizes).n_cells
        return self.cells[clique]

    def learn(self, measurement: Measurement) -> None:
        """Take a measurement and its clique into the tree, carrying the potentials over, and fit again."""
        self.measured.append(measurement)
        self.cliques.append(measurement.clique)
        if not self._is_inside(measurement.clique):
            old, self.tree, self.cells = self.tree, JunctionTree.of(self.cliques, self.sizes), {}
            fresh = self.tree.zeros()
            for c, potential in zip(old.cliques, self.potentials, strict=True):
                if not self._is_inside(c):
                    continue  # another triangulation: this part of the law is found anew by the fit
                home = self.tree.home(c)
                shape = [self.sizes[j] if j in c else 1 for j in self.tree.cliques[home]]
                fresh[home] += potential.reshape(shape)
            self.potentials = fresh
        self._refit()
