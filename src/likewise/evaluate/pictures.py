"""Protected summaries of a column for the page: shares per bin or level, real beside synthetic.

What keeps a single person out of the picture: bin edges are round numbers inside the bulk of the real values, the ends
are open, a bin or level with 1 to 4 real rows is hidden, shares are rounded. This is care, not differential privacy.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import polars as pl

from likewise.evaluate.results import Picture
from likewise.evaluate.tables import FloatArray, TypedColumn
from likewise.schema import Kind

MOST_BINS = 32
MOST_LEVELS = 10
LEAST_ROWS = 5
OTHER = "…"


def picture(real: TypedColumn, synthetic: TypedColumn) -> Picture | None:
    """The picture of one column; None when too few real rows hold a value."""
    if len(real.present) < 2 * LEAST_ROWS:
        return None
    return _bins(real, synthetic) if real.is_number else _level_bars(real, synthetic)


def _bins(real: TypedColumn, synthetic: TypedColumn) -> Picture:
    present = np.sort(real.present)
    edges = round_edges(
        present[LEAST_ROWS - 1],
        present[-LEAST_ROWS],
        *np.quantile(present, [0.005, 0.995]),
        whole=real.kind is Kind.INTEGER,
    )
    counts = [
        np.bincount(np.searchsorted(edges, c.present, side="right"), minlength=len(edges) + 1)
        for c in (real, synthetic)
    ]
    keep = slice(0 if counts[0][0] + counts[1][0] else 1, None if counts[0][-1] + counts[1][-1] else -1)
    texts = edge_texts(edges, real)
    single = real.kind is Kind.INTEGER and len(edges) > 1 and edges[1] - edges[0] == 1.0
    between = texts[:-1] if single else [f"{a} – {b}" for a, b in pairwise(texts)]
    labels = [f"< {texts[0]}", *between, f"≥ {texts[-1]}"]
    return Picture(
        form="bins",
        labels=tuple(labels[keep]),
        real=_shares(_hide(counts[0][keep])),
        synthetic=_shares(counts[1][keep]),
    )


def round_edges(least: float, most: float, low: float, high: float, *, whole: bool = False) -> FloatArray:
    """About 10 to 32 edges on round numbers (steps of 1, 2 or 5 times a power of ten) from low to high.

    Args:
        least, most: the protected range, which the edges do not leave by more than a step.
        low, high: the bulk.
        whole: no step below 1.
    """
    low, high = max(low, least), min(high, most)
    if not high > low:
        low, high = least, most
    if not high > low:
        return np.array([low])
    step = 10.0 ** math.floor(math.log10((high - low) / MOST_BINS))
    step = max(step, 1.0) if whole else step
    for factor in (1, 2, 5, 10, 20):
        if (high - low) / (step * factor) <= MOST_BINS - 2:
            step *= factor
            break
    first, last = math.floor(low / step), math.ceil(high / step)
    return np.arange(first, last + 1, dtype=np.float64) * step


def edge_texts(edges: FloatArray, column: TypedColumn) -> list[str]:
    """The edges as people write them: round numbers, dates, times of day."""
    if column.dtype is None:
        return [f"{e:,.10g}".replace(",", " ") for e in edges]
    times = pl.Series(edges).round().cast(pl.Int64).cast(column.dtype)
    pattern = "%Y-%m-%d"
    if isinstance(column.dtype, pl.Time):
        pattern = "%H:%M"
    elif isinstance(column.dtype, pl.Datetime) and len(edges) > 1 and edges[1] - edges[0] < 86_400e6:
        pattern = "%Y-%m-%d %H:%M"
    return times.dt.to_string(pattern).to_list()


def _level_bars(real: TypedColumn, synthetic: TypedColumn) -> Picture:
    """The most frequent real levels; rare, hidden and unseen ones together under an ellipsis."""
    assert real.levels is not None
    counts = [np.bincount(c.values, minlength=c.size)[:-1] for c in (real, synthetic)]
    order = np.argsort(-counts[0], kind="stable")[:MOST_LEVELS]
    order = order[counts[0][order] >= LEAST_ROWS]
    rest = [int(c.sum() - c[order].sum()) for c in counts]
    labels = [real.levels[i] for i in order]
    bars = [[*c[order].tolist()] for c in counts]
    if any(rest):
        labels.append(OTHER)
        bars = [[*b, r] for b, r in zip(bars, rest, strict=True)]
    hidden = _hide(np.array(bars[0]))
    return Picture(form="levels", labels=tuple(labels), real=_shares(hidden), synthetic=_shares(np.array(bars[1])))


def _hide(counts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.where(counts < LEAST_ROWS, 0, counts)


def _shares(counts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[float, ...]:
    total = counts.sum()
    return tuple(round(float(c) / total, 4) if total else 0.0 for c in counts)
