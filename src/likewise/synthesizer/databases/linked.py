"""Keys of which no two rows may share one.

Legend: n rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from likewise.typing import Bools, Ints


def numbered(frames: Sequence[pl.DataFrame]) -> list[Ints]:
    """Of each frame of the same width (n,) a number for what its row holds, the same for the same in all of them."""
    texts = [pl.DataFrame([c.cast(pl.String).alias(str(k)) for k, c in enumerate(f.get_columns())]) for f in frames]
    ranks = pl.concat(texts).select(pl.struct(pl.all()).rank("dense")).to_series().to_numpy().astype(np.int64)
    return np.split(ranks, np.cumsum([len(f) for f in frames])[:-1])


def repeated(frame: pl.DataFrame, columns: Sequence[str]) -> Bools:
    """(n,) which rows hold in some columns what a row before them holds; missing cells make a row unlike any other."""
    some = frame.select(columns)
    known = ~some.select(pl.any_horizontal(pl.all().is_null())).to_series()
    return np.asarray((~some.select(pl.struct(pl.all()).is_first_distinct()).to_series() & known).to_numpy())


def moved_apart(values: pl.Series, whose: Ints) -> pl.Series:
    """Whole numbers or times of which no two of a group are the same: each moved up, and by no more than is needed.

    Example:
        >>> moved_apart(pl.Series([3, 3, 1, 3]), np.array([0, 0, 0, 1])).to_list()
        [3, 4, 1, 3]
    """
    step = 10**6 if values.dtype == pl.Datetime("us") else 1
    table = pl.DataFrame({"v": values.to_physical() // step, "who": whose}).with_row_index("row").sort("who", "v")
    rank = pl.int_range(pl.len()).over("who")
    apart = table.with_columns(((pl.col("v") - rank).cum_max().over("who") + rank).alias("v")).sort("row")["v"]
    return (apart * step).cast(values.to_physical().dtype).cast(values.dtype).alias(values.name)
