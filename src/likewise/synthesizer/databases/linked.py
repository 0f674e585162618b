"""Rows that hold the same.

Legend: n rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from likewise.typing import Ints


def numbered(frames: Sequence[pl.DataFrame]) -> list[Ints]:
    """Of each frame of the same width (n,) a number for what its row holds, the same for the same in all of them."""
    texts = [pl.DataFrame([c.cast(pl.String).alias(str(k)) for k, c in enumerate(f.get_columns())]) for f in frames]
    ranks = pl.concat(texts).select(pl.struct(pl.all()).rank("dense")).to_series().to_numpy().astype(np.int64)
    return np.split(ranks, np.cumsum([len(f) for f in frames])[:-1])
