"""How many children parents have, by one link and by two of one parent together."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from likewise.databases.keys import ForeignKey
from likewise.evaluate.databases.linked import Linked
from likewise.evaluate.fidelity import ks_distance
from likewise.evaluate.tables import FloatArray


def cardinality(real: Linked, other: Linked) -> dict[ForeignKey, float]:
    """1 less the Kolmogorov-Smirnov distance between children per parent, by foreign key; parents without any count.

    What sdmetrics calls the similarity of cardinality shapes. Keys of empty parents are left out.
    """
    found = {}
    for key in real.schema.foreign:
        sides = [np.sort(side.degrees(key)) for side in (real, other)]
        if len(sides[0]):
            found[key] = 1.0 - ks_distance(*sides)
    return found


def childless(real: Linked, other: Linked) -> dict[ForeignKey, float]:
    """1 less the difference of the shares of parents without children, by foreign key; of empty parents none."""
    return {
        key: 1.0 - abs(float((real.counts(key) == 0).mean() - (other.counts(key) == 0).mean()))
        for key in real.schema.foreign
        if len(real.tables[key.parent]) and len(other.tables[key.parent])
    }


def degree_pairs(linked: Linked) -> list[tuple[ForeignKey, ForeignKey]]:
    """Two links into one table, all pairs."""
    schema = linked.schema
    return [pair for table in schema.tables for pair in combinations(schema.into(table), 2)]


def degree_correlations(real: Linked, other: Linked) -> dict[tuple[ForeignKey, ForeignKey], tuple[float, float]]:
    """Pearson's r of the counts by two links of one parent, real and other; NaN where a count is constant."""
    return {
        (a, b): (correlation(real.degrees(a), real.degrees(b)), correlation(other.degrees(a), other.degrees(b)))
        for a, b in degree_pairs(real)
    }


def correlation(a: FloatArray, b: FloatArray) -> float:
    """Pearson's r over the rows where both are there; NaN where one is constant or empty."""
    there = ~(np.isnan(a) | np.isnan(b))
    x, y = a[there], b[there]
    if not len(x) or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef((x - x.mean()) / np.ptp(x), (y - y.mean()) / np.ptp(y))[0, 1])


def pair_score(real: float, other: float) -> float:
    """1 less half the difference of two correlations, as sdmetrics counts it; a link that is lost counts as 0. NaN
    where the real one says nothing."""
    return 1.0 - abs(real - (0.0 if np.isnan(other) else other)) / 2.0


def worst(scores: Mapping[tuple[ForeignKey, ...], float]) -> tuple[str, float]:
    """The links that score least, of one or several of them the text, and their score; a dash and NaN where none does.

    Example:
        >>> a, b = ForeignKey.of("b.a -> a.id"), ForeignKey.of("c.b -> b.id")
        >>> worst({(a,): 0.9, (b,): 0.5, (a, b): float("nan")})
        ('c.b -> b.id', 0.5)
    """
    known = {links: score for links, score in scores.items() if not np.isnan(score)}
    if not known:
        return "–", float("nan")
    links = min(known, key=lambda links: known[links])
    return ", ".join(map(str, links)), known[links]


def mean(scores: Mapping[Any, float]) -> float:
    """Of those that say something; NaN where none does."""
    values = [score for score in scores.values() if not np.isnan(score)]
    return float(np.mean(values)) if values else float("nan")
