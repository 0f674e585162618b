"""What a row is drawn with beside its own columns: how many rows point at it, and of what kind these are.

Rows of one parent are told of each other by what they were told of it. So its plan holds, for each foreign key, the
cluster that the means of its rows lie in: few, so that none is one group's alone.

Legend: n rows that point, P rows that are pointed at, k numbers of a row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from likewise.databases.graph import numbers_of
from likewise.databases.keys import ForeignKey
from likewise.databases.links.codes import SideCodes
from likewise.schema.column import Column, Kind
from likewise.typing import Floats, Ints

LEAST_GROUPS = 50
"""Parents with rows, from which these are of kinds."""
AXES = 3
"""Numbers that say of what kind the rows of a kept row are."""


def plan_of(key: ForeignKey) -> str:
    """The column of a parent that says how many rows point at each of its own."""
    return f"\0rows of {key}"


def kind_of(key: ForeignKey) -> str:
    """The column of a parent that says of what kind the rows are that point at it."""
    return f"\0kind of {key}"


def numbers(names: Sequence[str]) -> list[Column]:
    """Columns of whole numbers."""
    return [Column(name=name, kind=Kind.INTEGER, dtype="Int64") for name in names]


def levels(name: str, codes: Sequence[int]) -> Column:
    """A column of codes."""
    return Column(name=name, kind=Kind.CATEGORICAL, levels=tuple(map(str, codes)))


def kinds(
    key: ForeignKey,
    rows: pl.DataFrame,
    links: Ints,
    counts: Ints,
    rng: np.random.Generator,
    *,
    kept: bool,
    whose: Ints,
) -> tuple[list[pl.Series], list[Column]]:
    """Columns (P,) that say of what kind the rows are that point at each row.

    Args:
        rows: (n, columns) that point, canonical.
        links: (n,) at which.
        counts: (P,) how many at each.
        kept: whether the parents stay as they are; each is then told by itself, not by its cluster.
        whose: (P,) the person of each parent.
    """
    values, there = numbers_of(rows), counts > 0
    if not values.shape[1] or there.sum() < LEAST_GROUPS:
        return [], []
    means = _means(values, links, counts)
    if kept:
        axes = _axes(means[there])
        places = [np.full(len(counts), np.nan) for _ in range(axes.shape[1])]
        for i, place in enumerate(places):
            place[there] = axes[:, i]
        series = [pl.Series(f"{kind_of(key)} {i}", place).fill_nan(None) for i, place in enumerate(places)]
        return series, [Column(name=s.name, kind=Kind.REAL, dtype="Float64") for s in series]
    table = pl.DataFrame({str(i): mean for i, mean in enumerate(means[there].T)})
    side = SideCodes.fit(table, counts[there], rng, whose=whose[there])
    codes = np.full(len(counts), side.sizes[0])
    codes[there] = side.codes(table, counts[there])[:, 0]
    if side.sizes[0] < 2:
        return [], []
    return [pl.Series(kind_of(key), codes).cast(pl.String)], [levels(kind_of(key), range(side.sizes[0] + 1))]


def _means(values: Floats, links: Ints, counts: Ints) -> Floats:
    """(P, k) means of the rows of each parent, those of few rows drawn to the mean of all, in terms of their spread."""
    at = links >= 0
    centred = values[at] - values[at].mean(0)
    sums = np.column_stack([np.bincount(links[at], column, minlength=len(counts)) for column in centred.T])
    means = sums / (counts + 1)[:, None]
    spread = means[counts > 0].std(0)
    scaled: Floats = means[:, spread > 0] / spread[spread > 0]
    return scaled


def _axes(means: Floats) -> Floats:
    """(P, few) where means lie along the directions in which they differ most."""
    middle = means - means.mean(0)
    _, _, axes = np.linalg.svd(middle, full_matrices=False)
    return np.asarray(middle @ axes[:AXES].T)
