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
from likewise.evaluate.neighbours import fit_embedding, nearest_few, searchable
from likewise.evaluate.tables import Typed

MAX_TARGETS = 1_500
NEIGHBOURS = 5


def linkability(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> Figure | None:
    """The attack on up to 1,500 training and as many holdout persons, by a row of each; the columns are dealt out to
    the halves by chance.

    None for fewer than two columns.
    """
    if len(train.columns) < 2:
        return None
    rng = np.random.default_rng(seed)
    embed = fit_embedding(train)
    order = rng.permutation(len(embed.spans))
    cells = [
        np.concatenate([np.arange(s.start, s.stop) for s in (embed.spans[i] for i in half)])
        for half in np.array_split(order, 2)
    ]
    # In random order, so that which of equally near rows counts is chance.
    synthetic, searched = searchable(synthetic.take(rng.permutation(len(synthetic))), embed.width, rng)
    drawn = embed(synthetic)
    members, others = (embed(t.one_each(rng).sample(MAX_TARGETS, rng)) for t in (train, holdout))
    tried = np.concatenate([members, others])
    one, other = (
        nearest_few(np.ascontiguousarray(tried[:, c]), np.ascontiguousarray(drawn[:, c]), NEIGHBOURS)[0] for c in cells
    )
    met = (one[:, :, None] == other[:, None, :]).any((1, 2))
    n = len(members)
    return replace(contrast(int(met[:n].sum()), n, int(met[n:].sum()), len(others)), searched=searched)
