"""AIM: measure, where the model is worst, what the budget can tell; adapt; again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from likewise.dp.accounting import rho_of_gaussian, sigma_of_gaussian
from likewise.dp.mechanisms import noisy_choices
from likewise.errors import OptionError
from likewise.models.about import About
from likewise.models.graphical import (
    Chain,
    Clique,
    JunctionTree,
    Measurement,
    Table,
    count_table,
    fit_potentials,
)
from likewise.models.marginals import Compression, MarginalModel

NOISE_SHARE = math.sqrt(2 / math.pi)
"""Mean of the absolute value of a normal draw, in deviations."""

ROUNDS_A_FIELD = 16
MEASURE_SHARE = 0.9
"""T = 16 d rounds are planned for, nine tenths of a round's budget measure (McKenna et al. 2022, section 4)."""


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

    degree: int = 3
    one_way: float = 0.2
    max_cells: int = 300_000
    round_iterations: int = 30
    iterations: int = 500
    rounds: int = 40

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("degree", "max_cells", "round_iterations", "iterations", "rounds"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise OptionError(f"{name} must be a whole number of 1 or more, got {value!r}")
        is_number = isinstance(self.one_way, int | float) and not isinstance(self.one_way, bool)
        if not is_number or not 0 < self.one_way < 1:
            raise OptionError(f"one_way must lie between 0 and 1, both excluded, got {self.one_way!r}")
        if self.degree not in (2, 3):
            raise OptionError(f"degree must be 2 or 3, got {self.degree!r}")

    def _learn(self, codes: npt.NDArray[Any]) -> tuple[Chain, Compression]:
        rho = self.ledger.left if self.ledger is not None else 0.0
        compression, measured, total = self._compress(self._one_way(codes, rho * self.one_way))
        self.n_rows = round(total)
        run = _Run(self, compression.compress(codes.astype(np.int64)), compression.sizes, list(measured), total)
        run.go(rho)
        potentials = fit_potentials(run.tree, run.measured, total, iterations=self.iterations, start=run.potentials)
        return Chain.of(run.tree, potentials), compression


class _Run:
    """The rounds of one fit."""

    def __init__(
        self,
        model: AIM,
        codes: npt.NDArray[np.int64],
        sizes: tuple[int, ...],
        measured: list[Measurement],
        total: float,
    ) -> None:
        self.model, self.codes, self.sizes, self.measured, self.total = model, codes, sizes, measured, total
        self.cliques: list[Clique] = [m.clique for m in measured]
        self.weights = dict(self._workload())
        # Thousands of tables for tens of fields, so in the smallest type that holds the counts.
        dtype = np.min_scalar_type(len(codes))
        self.tables = {clique: count_table(codes, clique, sizes).astype(dtype) for clique in self.weights}
        self.tree = JunctionTree.of(self.cliques, sizes)
        self.cells: dict[Clique, int] = {}
        self.potentials: list[Table] = []
        self._refit()

    def _workload(self) -> Iterator[tuple[Clique, float]]:
        """Candidates and their weights: how many fields each shares with the groups that are to be right."""
        d, degree = len(self.sizes), min(self.model.degree, len(self.sizes))
        for k in range(2, degree + 1):
            for clique in combinations(range(d), k):
                if prod(self.sizes[j] for j in clique) <= self.model.max_cells:
                    # Each of the clique's fields lies in as many groups as there are choices of the others.
                    yield clique, float(k * math.comb(d - 1, degree - 1))

    def _refit(self) -> None:
        self.potentials = fit_potentials(
            self.tree, self.measured, self.total, iterations=self.model.round_iterations, start=self.potentials
        )
        self.law = self.tree.law(self.potentials)

    def go(self, rho: float) -> None:
        """Rounds until the budget is spent; without one, as many as allowed.

        Args:
            rho: the budget, of which the fields' own counts have had their share.
        """
        ledger = self.model.ledger
        one_round = ledger.left / (ROUNDS_A_FIELD * max(len(self.sizes), 1)) if ledger is not None else 0.0
        each, choose = one_round * MEASURE_SHARE, one_round * (1 - MEASURE_SHARE)
        number = 0
        while self.weights and (ledger.left > 1e-9 * rho if ledger is not None else number < self.model.rounds):
            number += 1
            if ledger is not None and ledger.left < 2 * (each + choose):
                # Not enough for this round and another: all of it for this one.
                each, choose = ledger.left * MEASURE_SHARE, ledger.left * (1 - MEASURE_SHARE)
            sigma = sigma_of_gaussian(1.0, each) if ledger is not None else 1.0
            spent = 1 - ledger.left / rho if ledger is not None else 1.0
            clique = self._worst(sigma, choose, spent, number)
            before = self.law.marginal(clique) * self.total
            self.measured.append(self.model._measure(self.codes, clique, self.sizes, rho_of_gaussian(1.0, sigma)))
            self._extend(clique)
            moved = float(np.abs(self.law.marginal(clique) * self.total - before).sum())
            if moved <= NOISE_SHARE * sigma * before.size:
                each, choose = 4 * each, 4 * choose  # half the noise, twice the sureness of the choice

    def _worst(self, sigma: float, rho: float, spent: float, number: int) -> Clique:
        """A group the model has wrong beyond the noise, among those that keep the model small."""
        room = self.model.max_cells * spent
        open_ = [c for c in self.weights if self._cells_with(c) <= room]
        if not open_:
            open_ = [min(self.weights, key=lambda c: prod(self.sizes[j] for j in c))]
        scores = np.array([self.weights[c] * self._error(c, sigma) for c in open_])
        if self.model.ledger is None:
            return open_[int(np.argmax(scores))]
        most = max(self.weights[c] for c in open_)
        what = f"choice of the group of round {number}"
        return open_[noisy_choices([scores], rho, self.model.ledger, what, sensitivity=most)[0]]

    def _error(self, clique: Clique, sigma: float) -> float:
        model = self.law.marginal(clique) * self.total
        return float(np.abs(self.tables[clique] - model).sum()) - NOISE_SHARE * sigma * model.size

    def _is_inside(self, clique: Clique) -> bool:
        return any(set(clique) <= set(c) for c in self.tree.cliques)

    def _cells_with(self, clique: Clique) -> int:
        """Cells of the model with one more clique; none more where a clique of the tree holds it."""
        if self._is_inside(clique):
            return 0
        if clique not in self.cells:
            self.cells[clique] = JunctionTree.of([*self.cliques, clique], self.sizes).n_cells
        return self.cells[clique]

    def _extend(self, clique: Clique) -> None:
        """Take a clique into the tree, carrying the potentials over, and fit again."""
        self.cliques.append(clique)
        if not self._is_inside(clique):
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
