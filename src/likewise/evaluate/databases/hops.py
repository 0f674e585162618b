"""Pairs of columns k links apart: how a column of a table hangs together with one of a table k links below it.

A path goes down from a table along k foreign keys. Each row at its bottom is joined with the row at its top, and every
column there is paired with every column at the bottom, by the formulas of sdmetrics: half the difference of Pearson's r
for two numbers, the total variation of the counts for any other pair, numbers cut into ten equal widths of each table's
own range. The figure is the mean of 1 less that, over all pairs of all paths of k links (Pang et al., "ClavaDDPM",
NeurIPS 2024); 0 links are the pairs within tables, 1 link is what sdmetrics calls intertable trends.

NOTE[DIFF] where a column is constant in the other table only, its link is lost and counts as such; sdmetrics leaves the
pair out. Of several paths between two tables the published script keeps the last; here all count. A path steps over no
table twice.

Legend: n rows at the bottom.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.evaluate.databases.counts import correlation, pair_score
from likewise.evaluate.databases.linked import Linked
from likewise.evaluate.fidelity import N_BINS, equal_width_codes
from likewise.evaluate.tables import IntArray, TypedColumn

MOST_HOPS = 3
Path = tuple[ForeignKey, ...]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Hop:
    """One pair of columns.

    Args:
        path: foreign keys from the top down; empty within a table.
        top, bottom: table and column.
        score: from 0 to 1, which is best; NaN where the real tables say nothing.
        real, synthetic: Pearson's r of two numbers; NaN for any other pair.
    """

    path: Path
    top: tuple[str, str]
    bottom: tuple[str, str]
    score: float
    real: float = np.nan
    synthetic: float = np.nan


def paths(schema: DatabaseSchema, k: int) -> list[Path]:
    """All ways down k links that pass no table twice.

    Example:
        >>> from likewise.databases.keys import TableSchema
        >>> keys = [ForeignKey.of("b.a -> a.id"), ForeignKey.of("c.b -> b.id")]
        >>> schema = DatabaseSchema({t: TableSchema(primary=("id",)) for t in "abc"}, tuple(keys))
        >>> [str(key) for key in paths(schema, 2)[0]]
        ['b.a -> a.id', 'c.b -> b.id']
    """
    found: list[Path] = [(key,) for key in schema.foreign if not key.is_self]
    for _ in range(k - 1):
        found = [
            (*path, key)
            for path in found
            for key in schema.into(path[-1].table)
            if key.table not in {path[0].parent, *(link.table for link in path)}
        ]
    return found if k else []


def hop_scores(real: Linked, other: Linked, k: int) -> list[Hop]:
    """All pairs k links apart."""
    if k == 0:
        return [hop for table in real.tables for hop in _within(real, other, table)]
    return [hop for path in paths(real.schema, k) for hop in _along(real, other, path)]


def hop_mean(scores: Sequence[Hop]) -> float:
    """Of the pairs that say something; NaN where none does."""
    values = [hop.score for hop in scores if not np.isnan(hop.score)]
    return float(np.mean(values)) if values else float("nan")


def by_path(scores: Sequence[Hop]) -> dict[Path, float]:
    """The same of the pairs of each way."""
    paths = dict.fromkeys(hop.path for hop in scores)
    return {path: hop_mean([hop for hop in scores if hop.path == path]) for path in paths}


def joined(side: Linked, path: Path) -> tuple[tuple[TypedColumn, ...], tuple[TypedColumn, ...]]:
    """The columns at the top, a row for each row at the bottom, and those at the bottom; rows without a top are left
    out over one link, and are missing there over more, as both publications have it."""
    top, bottom = side.tables[path[0].parent], side.tables[path[-1].table]
    at = side.up(path)
    if len(path) == 1:
        kept = np.flatnonzero(at >= 0)
        bottom, at = bottom.take(kept), at[kept]
    return tuple(taken(column, at) for column in top.columns), bottom.columns


def taken(column: TypedColumn, at: IntArray) -> TypedColumn:
    """A column's values at rows; missing where a row is negative."""
    gap = np.nan if column.levels is None else len(column.levels)
    values = column.values[np.maximum(at, 0)] if len(column.values) else np.full(len(at), gap)
    return replace(column, values=np.where(at >= 0, values, gap).astype(column.values.dtype))


def _along(real: Linked, other: Linked, path: Path) -> Iterator[Hop]:
    tops, bottoms = zip(joined(real, path), joined(other, path), strict=True)
    coded = [[_codes(c) for c in side] for side in (*tops, *bottoms)]
    for i, a in enumerate(tops[0]):
        for j, b in enumerate(bottoms[0]):
            where = (path[0].parent, a.name), (path[-1].table, b.name)
            if a.is_number and b.is_number:
                r = [correlation(t[i].values, u[j].values) for t, u in zip(tops, bottoms, strict=True)]
                yield Hop(path, *where, pair_score(*r), *r)
            else:
                yield Hop(path, *where, _by_counts((coded[0][i], coded[2][j]), (coded[1][i], coded[3][j])))


def _within(real: Linked, other: Linked, table: str) -> Iterator[Hop]:
    sides = real.tables[table].columns, other.tables[table].columns
    coded = [[_codes(c) for c in side] for side in sides]
    for i, a in enumerate(sides[0]):
        for j, b in enumerate(sides[0][:i]):
            if a.is_number and b.is_number:
                r = [correlation(side[i].values, side[j].values) for side in sides]
                yield Hop((), (table, b.name), (table, a.name), pair_score(*r), *r)
            else:
                score = _by_counts((coded[0][j], coded[0][i]), (coded[1][j], coded[1][i]))
                yield Hop((), (table, b.name), (table, a.name), score)


def _codes(column: TypedColumn) -> Codes:
    return equal_width_codes(column.values) if column.is_number else column.values


def _by_counts(real: tuple[Codes, Codes], other: tuple[Codes, Codes]) -> float:
    """1 less the total variation of the counts of two columns of codes; missing is a code."""
    if not len(real[0]):
        return float("nan")
    if not len(other[0]):
        return 0.0
    size = 1 + max(int(side[1].max()) for side in (real, other))
    size = max(size, N_BINS + 2)
    cells = [side[0].astype(np.int64) * size + side[1] for side in (real, other)]
    _, place = np.unique(np.concatenate(cells), return_inverse=True)
    counts = [np.bincount(part, minlength=place.max() + 1) / len(part) for part in np.split(place, [len(cells[0])])]
    return float(1.0 - 0.5 * np.abs(counts[0] - counts[1]).sum())
