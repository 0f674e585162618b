"""Linkability: two tables about the same people, with no column in common, joined through the synthetic rows.

The classical record linkage with the synthetic table between: a person's values in one half of the columns have their
nearest synthetic rows, those in the other half as well; where the two sets meet, the halves are said to belong
together. How often the two halves of one training row meet is held against unseen people's.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from likewise.evaluate.attacks.rates import contrast
from likewise.evaluate.figure import Figure
from likewise.evaluate.neighbours import (
    Embedded,
    Embedding,
    affordable,
    fit_embedding,
    nearest_few,
    searchable,
)
from likewise.evaluate.tables import IntArray, Typed

MAX_TARGETS = 1_500
LEAST_TARGETS = 250
NEIGHBOURS = 5


def linkability(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> Figure | None:
    """The attack on up to 1,500 training and as many holdout persons (fewer beside very many synthetic rows), by a row
    of each; the columns are dealt out to the halves by chance.

    None for fewer than two columns.
    """
    if len(train.columns) < 2:
        return None
    rng = np.random.default_rng(seed)
    embed = fit_embedding(train)
    halves = [half.tolist() for half in np.array_split(rng.permutation(len(train.columns)), 2)]
    synthetic, searched = searchable(synthetic, embed.width, rng, shuffled=True)
    most = affordable(2 * len(synthetic), embed.width, least=LEAST_TARGETS, most=MAX_TARGETS)
    members, others = (t.one_each(rng).sample(most, rng) for t in (train, holdout))
    one, other = (_nearest(embed.of(half), members.beside(others).only(half), synthetic.only(half)) for half in halves)
    met = (one[:, :, None] == other[:, None, :]).any((1, 2))
    n = len(members)
    return replace(contrast(int(met[:n].sum()), n, int(met[n:].sum()), len(others)), searched=searched)


def _nearest(embed: Embedding, tried: Typed, synthetic: Typed) -> IntArray:
    """(n, k) the synthetic rows nearest in some of the columns."""
    return nearest_few(embed(tried), Embedded(embed, synthetic), NEIGHBOURS)[0]
