"""What real rows score when the links between them say nothing: two floors that a generator must beat.

*Rewired*: each link's children are dealt anew among its parents, of which each keeps as many. *Apart*: beside that, who
has how many is dealt anew as well, as tables learnt one by one would have it. Both keep every table as it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from likewise.evaluate.databases.linked import Linked
from likewise.evaluate.tables import IntArray


def rewired(real: Linked, rng: np.random.Generator, *, counts: bool = True) -> Linked:
    """The database with its links dealt anew.

    Args:
        counts: whether each parent keeps the number of its children; False deals these anew, too.
    """
    parents = {}
    for key, at in real.parents.items():
        found = rng.permutation(at)
        if not counts:
            found = _renamed(found, rng.permutation(len(real.tables[key.parent])))
        parents[key] = found
    return replace(real, parents=parents)


def _renamed(at: IntArray, names: IntArray) -> IntArray:
    return np.where(at >= 0, names[np.maximum(at, 0)], at) if len(names) else at
