"""MST: a tree of the strongest pairs, each measured once. The winner of NIST's 2018 contest, made general."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import ClassVar

import numpy as np

from likewise.dp.gate import Gate
from likewise.dp.queries import Clique, Distance, Marginals, Measurement, Table
from likewise.errors import OptionError
from likewise.models.about import About
from likewise.models.marginals.graphical import Chain, JunctionTree, fit_potentials
from likewise.models.marginals.model import MarginalModel
from likewise.models.options import number, whole


@dataclass(kw_only=True)
class MST(MarginalModel):
    """Fields joined in a tree of those pairs that depend on each other most (McKenna, Miklau and Sheldon 2021).

    A share of the budget measures each field, a share chooses the pairs of a spanning tree by the exponential
    mechanism, the rest measures the pairs; the law fitted to all of it is drawn from exactly. Codes that the noise
    drowns share a cell.

    At small epsilon this and `AIM` are the models to use: they spend all of the budget on a few tables. Without a
    budget it is the tree of Chow and Liu (1968) by another distance: quick, and blind to all but the tree's pairs.

    Args:
        one_way: share of the budget for the fields' own counts.
        select: share for choosing the pairs; what is left measures them.
        iterations: steps of the fit to the noisy tables, at most.

    Privacy: with `privacy=DP(epsilon, delta)`, (epsilon, delta)-differentially private for one row more or less; the
    ledger lists every look. Without, none.

    Example:
        >>> import polars as pl, likewise as lw
        >>> df = pl.DataFrame({"age": [23, 45, 31, 62] * 25, "smokes": ["no", "yes", "no", "no"] * 25})
        >>> synth = lw.Synthesizer(lw.MST(), random_state=0).fit(df)
        >>> synth.sample(3, where={"smokes": "yes"})["age"].to_list()
        [45, 45, 45]
    """

    name: ClassVar[str] = "mst"
    about: ClassVar[About] = About(
        purpose="Differential privacy at small epsilon: a tree of the strongest pairs of columns, measured with noise.",
        cost="A second for tens of thousands of rows and 15 columns, with or without noise.",
        guarantees=(
            "With privacy=DP(epsilon, delta): differential privacy for one row more or less, each look in a ledger. "
            "Without it none, and shares and the tree's pairs as the table has them."
        ),
        avoid_when="There is no budget to keep: nothing but the tree's pairs is learnt, so columns only meet in twos.",
    )

    one_way: float = number(1 / 3, 0, 1, ends=False)
    select: float = number(1 / 3, 0, 1, ends=False)
    iterations: int = whole(1000)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.one_way + self.select < 1:
            raise OptionError("one_way and select must leave a share for the pairs: their sum must be below 1")

    def _learn(self, gate: Gate, measured: list[Measurement], total: float) -> Chain:
        pairs = self._selected(gate, measured, total)
        share = (1 - self.one_way - self.select) / max(len(pairs), 1)
        for a, b in pairs:
            measured += gate.counts(Marginals(((a, b),), f"counts of fields {a}, {b}"), share)
        tree = JunctionTree.of(pairs, gate.sizes)
        return Chain.of(tree, fit_potentials(tree, measured, total, iterations=self.iterations))

    def _selected(self, gate: Gate, measured: list[Measurement], total: float) -> list[Clique]:
        """The pairs of a spanning tree, one after the other (Kruskal), by how far each is from independence.

        The distance is in L1 between counts and what independence expects of those measured.
        """
        shares = [m.table / m.table.sum() for m in measured]
        d = len(shares)
        open_ = [
            Distance((a, b), partial(_unrelated, total, shares[a], shares[b])) for a, b in combinations(range(d), 2)
        ]
        part = list(range(d))
        chosen: list[Clique] = []
        for i in range(1, d):
            open_ = [pair for pair in open_ if part[pair.clique[0]] != part[pair.clique[1]]]
            best = gate.choose(open_, self.select / (d - 1), f"choice of pair {i} of the tree")
            a, b = open_[best].clique
            chosen.append((a, b))
            old, new = part[a], part[b]
            part = [new if p == old else p for p in part]
        return chosen


def _unrelated(total: float, a: Table, b: Table) -> Table:
    """The counts of two independent fields, by the shares of their codes."""
    return np.asarray(total * np.outer(a, b))
