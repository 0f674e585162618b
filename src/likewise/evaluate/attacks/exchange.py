"""Could chance have dealt the real rows to their two sides?

A holdout is a control where nothing but chance tells who stands on which side. Where persons have several rows that are
nearly equal, each person's all on one side, and no column tells whose they are, a row stands for its neighbours too,
and attacks are surer than they may be. Where the sides were cut by time or place, members are nearer to anything that
members were learnt from. Both show in the same way: the nearest other real row is of a row's own side more often than
chance would have it. Which row is nearest is found blind to sides, so that dealing these out anew tells what chance
does, whatever the columns are.

Reference: Schilling, "Multivariate two-sample tests based on nearest neighbors", JASA 1986.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from likewise.evaluate.neighbours import Embedded, fit_embedding, nearest_few
from likewise.evaluate.tables import Typed

MOST_ASKED, MOST_SEARCHED = 2_000, 100_000
"""Rows that are asked for their nearest, among how many. Of 2,000, chance has half on their own side give or take .015:
what is too little for it, seven in a hundred persons of two rows, moves no attack by as much as its interval."""
N_DEALS = 100
Z_SURE = 3.29
"""A clean split is called none once in two thousand times."""


@dataclass(frozen=True)
class OwnSide:
    """Share of the rows whose nearest other real row is of their own side: as it is, by chance, and how that varies."""

    share: float
    by_chance: float
    deviation: float

    @property
    def is_chance(self) -> bool:
        return self.share <= self.by_chance + Z_SURE * self.deviation


def own_side(train: Typed, holdout: Typed, rng: np.random.Generator) -> OwnSide:
    """How often a row's nearest other real row is of its own side. Order is chance, which decides among equals."""
    rows = rng.permutation(len(train) + len(holdout))[:MOST_SEARCHED]
    ours, theirs = np.sort(rows[rows < len(train)]), np.sort(rows[rows >= len(train)]) - len(train)
    real, order = train.take(ours).beside(holdout.take(theirs)), rng.permutation(len(rows))
    real, is_train = real.take(order), order < len(ours)
    embed = fit_embedding(train)
    asked = np.arange(min(len(rows), MOST_ASKED))
    queries = embed(real.take(asked))
    nearest = nearest_few(queries, Embedded(embed, real), 1, same=True)[0][:, 0]
    shares = []
    for _ in range(N_DEALS):
        side = rng.permutation(is_train)
        shares.append(float((side[asked] == side[nearest]).mean()))
    share = float((is_train[asked] == is_train[nearest]).mean())
    return OwnSide(share, float(np.mean(shares)), float(np.std(shares)))
