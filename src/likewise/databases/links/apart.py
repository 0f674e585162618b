"""Rows that share a key moved apart: times and numbers to the next free one, in order; texts to new ones; levels to
other levels.

Legend: n rows, L levels.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from likewise.databases.links.makers import Drawn
from likewise.typing import Bools, Ints


def repeated(frame: pl.DataFrame) -> Bools:
    """(n,) whether a row is like one before it; rows that miss something are like none.

    Example:
        >>> repeated(pl.DataFrame({"a": [1, 1, None, None]})).tolist()
        [False, True, False, False]
    """
    if not frame.width:
        return np.arange(len(frame)) > 0
    names = [f"c{i}" for i in range(frame.width)]
    plain = frame.rename(dict(zip(frame.columns, names, strict=True)))
    whole = pl.all_horizontal(pl.col(names).is_not_null())
    again: Bools = plain.select(whole & (pl.int_range(pl.len()).over(names) > 0)).to_series().to_numpy()
    return again


def apart(column: pl.Series, rest: pl.DataFrame, how: Drawn, rng: np.random.Generator) -> pl.Series:
    """(n,) the column, moved where a row would repeat another one's key.

    Args:
        column: what may be moved; what is missing stays so.
        rest: (n, ...) the other columns of the key.
        how: what the column's values are.

    Returns:
        The column. Numbers and times stay in their order within a group and between the least and the greatest as long
        as there is room; of other columns some rows may still repeat, where all levels are taken.
    """
    again = repeated(rest.with_columns(column.alias("\0own")))
    if not again.any():
        return column
    group = _groups(rest)
    if how.step:
        return _in_steps(column, group, again, how.step)
    if how.spare is not None:
        new = how.spare.make(int(again.sum()), column.dtype, rng)
        return column.scatter(np.flatnonzero(again), new)
    return _other_levels(column, group, again, rng)


def _groups(rest: pl.DataFrame) -> Ints:
    """(n,) a number for each group of rows that share all of `rest`."""
    if not rest.width:
        return np.zeros(len(rest), np.int64)
    names = [f"c{i}" for i in range(rest.width)]
    plain = rest.rename(dict(zip(rest.columns, names, strict=True)))
    return plain.select(pl.struct(names).rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()


def _in_steps(column: pl.Series, group: Ints, again: Bools, step: int) -> pl.Series:
    """Each at the first free place that is not before the last one's; from the end back where that is beyond it."""
    whole = column.to_physical().cast(pl.Int64, strict=False)
    known, ticks = whole.is_not_null().to_numpy(), whole.fill_null(0).to_numpy()
    rows = np.flatnonzero(known & np.isin(group, group[again]))
    if not len(rows):
        return column
    low, high = int(ticks[known].min()), int(ticks[known].max())
    rows = rows[np.lexsort([ticks[rows], group[rows]])]
    first = np.r_[True, group[rows][1:] != group[rows][:-1]]
    start = np.flatnonzero(first)
    size = np.repeat(np.diff(np.r_[start, len(rows)]), np.diff(np.r_[start, len(rows)]))
    rank = np.arange(len(rows)) - np.repeat(start, np.diff(np.r_[start, len(rows)]))
    at = (ticks[rows] - low) // step - rank  # rising by one or more is then not falling
    told = pl.DataFrame({"at": at, "group": group[rows]})
    at = told.select(pl.col("at").cum_max().over("group")).to_series().to_numpy()
    last = (high - low) // step
    at = np.where(size <= last + 1, np.minimum(at, last - size + 1), at) + rank
    moved = ticks.copy()
    moved[rows] = low + at * step
    made = pl.Series(column.name, moved).cast(column.to_physical().dtype).cast(column.dtype)
    return made if known.all() else made.zip_with(pl.Series(known), column)


def _other_levels(column: pl.Series, group: Ints, again: Bools, rng: np.random.Generator) -> pl.Series:
    """Repeated rows take the first level of an order of chance that their group has not."""
    levels = column.drop_nulls().unique(maintain_order=True)
    if isinstance(column.dtype, pl.Enum):  # all that there are, drawn or not
        levels = pl.Series(column.dtype.categories, dtype=column.dtype)
    code = pl.DataFrame({"level": column}).join(
        pl.DataFrame({"level": levels, "code": np.arange(len(levels))}), on="level", how="left", maintain_order="left"
    )["code"].fill_null(-1).to_numpy().copy()  # fmt: skip
    taken, rows = group * len(levels) + code, np.flatnonzero(again)
    used = np.unique(taken[~again & (code >= 0)])
    for level in rng.permutation(len(levels)):
        if not len(rows):
            break
        key = group[rows] * len(levels) + level
        first = np.zeros(len(rows), bool)
        first[np.unique(key, return_index=True)[1]] = True
        free = first & ~np.isin(key, used)
        code[rows[free]] = level
        used = np.union1d(used, key[free])
        rows = rows[~free]
    moved = levels.gather(code[again].clip(0)).alias(column.name)
    return column.scatter(np.flatnonzero(again), moved)
