"""More ways in which two columns hang together: ranks, the correlation ratio, mutual information.

These stand beside the pairs that `fidelity` measured; they explain, they are not scored. Large tables are sampled
(100,000 rows a side), wide ones have them for the 500 worst pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from likewise.evaluate.accuracy import Binned, binned, mutual_information
from likewise.evaluate.fidelity import correlations, ranked
from likewise.evaluate.results import PairScore
from likewise.evaluate.tables import FloatArray, Typed, TypedColumn

MOST_ROWS = 100_000
MOST_PAIRS = 500


def with_links(
    pairs: Sequence[PairScore], real: Typed, synthetic: Typed, *, rng: np.random.Generator, most: int = MOST_PAIRS
) -> tuple[PairScore, ...]:
    """The pairs, the worst of them with the fields that tell how they hang together in each table."""
    worst = set(sorted(range(len(pairs)), key=lambda k: -(pairs[k].gap or 0.0))[:most])
    tables = [t.sample(MOST_ROWS, rng) for t in (real, synthetic)]
    bins = binned(tables[0], tables[1:])
    ranks = [_rank_correlations(t) for t in tables]
    place = {c.name: i for i, c in enumerate(real.columns)}
    return tuple(replace(p, **_links(p, place, tables, bins, ranks)) if k in worst else p for k, p in enumerate(pairs))


def _links(
    pair: PairScore, place: dict[str, int], tables: list[Typed], bins: list[Binned], ranks: list[dict[str, FloatArray]]
) -> dict[str, Any]:
    a, b = place[pair.a], place[pair.b]
    found: dict[str, Any] = {}
    for side, table, codes, rank in zip(("real", "synthetic"), tables, bins, ranks, strict=True):
        x, y = table.columns[a], table.columns[b]
        found[f"information_{side}"] = _round(mutual_information(codes, a, b))
        if x.is_number and y.is_number:
            value = float(rank["r"][int(rank["at"][a]), int(rank["at"][b])])
            found[f"rank_{side}"] = None if np.isnan(value) else _round(value)
        elif x.is_number != y.is_number:
            found[f"ratio_{side}"] = _round(correlation_ratio(*((y, x) if x.is_number else (x, y))))
    return found


def _rank_correlations(table: Typed) -> dict[str, FloatArray]:
    """Spearman's r of all pairs of numbers (`r`), and which row each column has there (`at`).

    Ranks are those among a column's own present values; pairs are counted over the rows where both are present.
    """
    numbers = [i for i, c in enumerate(table.columns) if c.is_number]
    at = np.zeros(len(table.columns))
    at[numbers] = np.arange(len(numbers))
    if len(numbers) < 2:
        return {"r": np.full((1, 1), np.nan), "at": at}
    return {"r": correlations(ranked([table.columns[i] for i in numbers])), "at": at}


def correlation_ratio(levels: TypedColumn, numbers: TypedColumn) -> float | None:
    """Root of the share of a number's variance that lies between the levels (eta); None where either is constant."""
    there = ~numbers.missing
    codes, x = levels.values[there], numbers.values[there]
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(codes) == 0:
        return None
    x = (x - x.mean()) / x.std()
    counts = np.bincount(codes, minlength=levels.size)
    sums = np.bincount(codes, weights=x, minlength=levels.size)
    between = float((np.square(sums[counts > 0]) / counts[counts > 0]).sum()) / len(x)
    return float(np.sqrt(min(1.0, max(0.0, between))))


def _round(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
