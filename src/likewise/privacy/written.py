"""A released table as others get it: the texts of its file, and what the order of its rows gives away.

Legend: n rows.
"""

from __future__ import annotations

import io

import numpy as np
import polars as pl


def as_written(frame: pl.DataFrame) -> pl.DataFrame:
    """The cells as texts, as a file written from the frame holds them; what is missing is null.

    >>> as_written(pl.DataFrame({"x": [0.0, -0.0, None]}))["x"].to_list()
    ['0.0', '-0.0', None]
    """
    texts = [
        pl.col(name).dt.to_string("iso") if dtype == pl.Duration else pl.col(name).cast(pl.String)
        for name, dtype in frame.schema.items()
        if dtype == pl.Duration or isinstance(dtype, pl.Categorical | pl.Enum)
    ]
    # A first column that is never empty: a line of nothing but missing cells would be read as no line.
    numbered = frame.with_columns(texts).rename({name: f"c{i}" for i, name in enumerate(frame.columns)})
    file = io.BytesIO()
    numbered.select(pl.lit("row").alias("row"), pl.all()).write_csv(file)
    file.seek(0)
    back = pl.read_csv(file, infer_schema=False).drop("row")
    if back.height != frame.height:
        raise AssertionError("a written table lost rows")
    return back.rename(dict(zip(back.columns, frame.columns, strict=True)))


def order_tells(values: pl.Series) -> bool:
    """Whether the place of a row says something of its value: the column is sorted, or neighbours are alike.

    Neighbours are alike where the correlation of each rank with the next lies four standard errors above that of rows
    in random order.

    >>> order_tells(pl.Series([1, 2, 2, 9])), order_tells(pl.Series([2, 9, 1, 2]))
    (True, False)
    """
    physical = values.cast(pl.String) if isinstance(values.dtype, pl.Categorical | pl.Enum) else values
    rank = physical.rank("average").cast(pl.Float64).fill_null(0.0).to_numpy()
    steps = np.diff(rank)
    if not steps.any():
        return False
    if (steps >= 0).all() or (steps <= 0).all():
        return True
    off = rank - rank.mean()
    return bool((off[1:] * off[:-1]).sum() / (off**2).sum() > 4 / np.sqrt(len(rank)))
