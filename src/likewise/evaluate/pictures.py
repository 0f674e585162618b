"""Protected summaries of a column for the page: shares per bin or level, real beside synthetic.

What keeps a single person out of the picture: bin edges are round numbers inside the bulk of the real values, the ends
are open, a bin or level with 1 to 4 real rows is hidden, shares are rounded. This is care, not differential privacy.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from likewise.evaluate.edges import LEAST_ROWS, edge_texts, edges_of, enough
from likewise.evaluate.shown import Picture
from likewise.evaluate.tables import IntArray, TypedColumn
from likewise.schema.column import Kind

MOST_LEVELS = 10
OTHER = "…"


def picture(real: TypedColumn, synthetic: TypedColumn, whose: IntArray | None = None) -> Picture | None:
    """The picture of one column; None when too few real people hold a value.

    Args:
        whose: (n,) the person of each real row; None where each row is its own.
    """
    if not enough(real, whose):
        return None
    return _bins(real, synthetic, whose) if real.is_number else _level_bars(real, synthetic, whose)


def people_of(codes: IntArray, whose: IntArray | None, size: int) -> IntArray:
    """(size,) people who have each code."""
    if whose is None:
        return np.bincount(codes, minlength=size)
    n_people = int(whose.max(initial=0)) + 1
    return np.bincount(np.unique(codes.astype(np.int64) * n_people + whose) // n_people, minlength=size)


def _bins(real: TypedColumn, synthetic: TypedColumn, whose: IntArray | None) -> Picture:
    edges = edges_of(real, whose)
    codes = [np.searchsorted(edges, c.present, side="right") for c in (real, synthetic)]
    counts = [np.bincount(code, minlength=len(edges) + 1) for code in codes]
    people = people_of(codes[0], None if whose is None else whose[~real.missing], len(edges) + 1)
    keep = slice(0 if counts[0][0] + counts[1][0] else 1, None if counts[0][-1] + counts[1][-1] else -1)
    texts = edge_texts(edges, real)
    single = real.kind is Kind.INTEGER and len(edges) > 1 and edges[1] - edges[0] == 1.0
    between = texts[:-1] if single else [f"{a} – {b}" for a, b in pairwise(texts)]
    labels = [f"< {texts[0]}", *between, f"≥ {texts[-1]}"]
    return Picture(
        form="bins",
        labels=tuple(labels[keep]),
        real=_shares(_hide(counts[0], people)[keep]),
        synthetic=_shares(counts[1][keep]),
    )


def _level_bars(real: TypedColumn, synthetic: TypedColumn, whose: IntArray | None) -> Picture:
    """The most frequent real levels; rare, hidden and unseen ones together under an ellipsis."""
    assert real.levels is not None
    counts = [np.bincount(c.values, minlength=c.size)[:-1] for c in (real, synthetic)]
    people = people_of(real.values, whose, real.size)[:-1]
    order = np.argsort(-counts[0], kind="stable")[:MOST_LEVELS]
    order = order[people[order] >= LEAST_ROWS]
    rest = [int(c.sum() - c[order].sum()) for c in counts]
    labels = [real.levels[i] for i in order]
    bars = [[*c[order].tolist()] for c in counts]
    if any(rest):
        labels.append(OTHER)
        bars = [[*b, r] for b, r in zip(bars, rest, strict=True)]
    other = np.isin(real.values, order, invert=True) & ~real.missing
    others = int(people_of(other.astype(np.int64), whose, 2)[1])
    hidden = _hide(np.array(bars[0]), np.append(people[order], others)[: len(bars[0])])
    return Picture(form="levels", labels=tuple(labels), real=_shares(hidden), synthetic=_shares(np.array(bars[1])))


def _hide(counts: IntArray, people: IntArray) -> IntArray:
    return np.where(people < LEAST_ROWS, 0, counts)


def _shares(counts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[float, ...]:
    total = counts.sum()
    return tuple(round(float(c) / total, 4) if total else 0.0 for c in counts)
