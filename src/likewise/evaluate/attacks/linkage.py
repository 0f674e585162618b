"""Linkability: two tables about the same people, with no column in common, joined through the synthetic rows.

The classical record linkage with the synthetic table between: a person's values in one half of the columns have their
nearest synthetic rows, those in the other half as well; where the two sets meet, the halves are said to belong
together. How often the two halves of one training row meet is held against unseen people's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from likewise.evaluate.attacks.rates import Contrast, contrast
from likewise.evaluate.neighbours import Vectors, closeness_tiles, fit_embedding
from likewise.evaluate.tables import Typed

MAX_TARGETS = 1_500
MAX_SYNTHETIC = 20_000
MOST_FLOATS = 8 * 2**20
NEIGHBOURS = 5


def linkability(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> Contrast | None:
    """The attack on up to 1,500 training and as many holdout rows; the columns are dealt out to the halves by chance.

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
    drawn = embed(synthetic.take(rng.permutation(len(synthetic))[: min(MAX_SYNTHETIC, MOST_FLOATS // embed.width)]))
    members, others = (embed(t.sample(MAX_TARGETS, rng)) for t in (train, holdout))
    tried = np.concatenate([members, others])
    one, other = (_few(np.ascontiguousarray(tried[:, c]), np.ascontiguousarray(drawn[:, c])) for c in cells)
    met = (one[:, :, None] == other[:, None, :]).any((1, 2))
    n = len(members)
    return contrast(int(met[:n].sum()), n, int(met[n:].sum()), len(others))


def _few(queries: Vectors, targets: Vectors) -> npt.NDArray[np.int64]:
    """(n, k) the nearest few targets of each query, in no order."""
    k = min(NEIGHBOURS, len(targets))
    index = np.empty((len(queries), k), dtype=np.int64)
    for part, closeness in closeness_tiles(queries, targets):
        index[part] = np.argpartition(closeness, len(targets) - k, axis=1)[:, len(targets) - k :]
    return index
