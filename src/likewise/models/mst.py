"""MST: a tree of the strongest pairs, each measured once. The winner of NIST's 2018 contest, made general."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from likewise.dp.mechanisms import noisy_choices
from likewise.errors import OptionError
from likewise.models.about import About
from likewise.models.graphical import Chain, Clique, Measurement, count_table
from likewise.models.marginals import Compression, MarginalModel, fitted_chain


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

    one_way: float = 1 / 3
    select: float = 1 / 3
    iterations: int = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("one_way", "select"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
                raise OptionError(f"{name} must lie between 0 and 1, both excluded, got {value!r}")
        if not self.one_way + self.select < 1:
            raise OptionError("one_way and select must leave a share for the pairs: their sum must be below 1")
        whole = isinstance(self.iterations, int) and not isinstance(self.iterations, bool)
        if not whole or self.iterations < 1:
            raise OptionError(f"iterations must be a whole number of 1 or more, got {self.iterations!r}")

    def _learn(self, codes: npt.NDArray[Any]) -> tuple[Chain, Compression]:
        rho = self.ledger.left if self.ledger is not None else 0.0
        compression, measured, total = self._compress(self._one_way(codes, rho * self.one_way))
        self.n_rows = round(total)
        sizes = compression.sizes
        groups = compression.compress(codes.astype(np.int64))
        pairs = self._choose(groups, sizes, measured, total, rho * self.select)
        each = rho * (1 - self.one_way - self.select) / max(len(pairs), 1)
        tables = [self._measure(groups, pair, sizes, each) for pair in pairs]
        chain = fitted_chain(sizes, pairs, [*measured, *tables], total, self.iterations)
        return chain, compression

    def _choose(
        self,
        codes: npt.NDArray[np.int64],
        sizes: tuple[int, ...],
        measured: list[Measurement],
        total: float,
        rho: float,
    ) -> list[Clique]:
        """The pairs of a spanning tree, one after the other (Kruskal), by how far each is from independence.

        The distance is in L1 between counts and what independence expects of the noisy ones: a row moves it by 1.
        """
        shares = [m.table / m.table.sum() for m in measured]
        far = {
            (a, b): float(np.abs(count_table(codes, (a, b), sizes) - total * np.outer(shares[a], shares[b])).sum())
            for a, b in combinations(range(len(sizes)), 2)
        }
        part = list(range(len(sizes)))
        chosen: list[Clique] = []
        for _ in range(len(sizes) - 1):
            joining = [pair for pair in far if part[pair[0]] != part[pair[1]]]
            scores = np.array([far[pair] for pair in joining])
            best = self._pick(scores, rho / (len(sizes) - 1), len(chosen) + 1)
            a, b = joining[best]
            chosen.append((a, b))
            old, new = part[a], part[b]
            part = [new if p == old else p for p in part]
        return chosen

    def _pick(self, scores: npt.NDArray[np.float64], rho: float, number: int) -> int:
        if self.ledger is None:
            return int(np.argmax(scores))
        return noisy_choices([scores], rho, self.ledger, f"choice of pair {number} of the tree")[0]
