"""Rows as numbers of 64 bits that are the same on any machine, whatever versions it runs.

Legend: n rows, B bytes of all texts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from likewise.codecs.matrix import codes_of
from likewise.hashing import Hashes, mixed

AT_ONCE = 2**18
"""Bytes of texts whose numbers are held at a time, about."""

FEW = 4
"""Times as many texts as different ones, from which on each of these is looked at once."""

_MISSING = np.uint64(0x6D697373)


def hashes_of(frame: pl.DataFrame, columns: Sequence[str]) -> Hashes:
    """(n,) of each row of a canonical frame; rows that hold the same in these columns have the same, others by chance
    once in 2^64 pairs.

    Example:
        >>> found = hashes_of(pl.DataFrame({"a": ["x", "x", None], "b": [0.0, -0.0, 0.0]}), ["a", "b"])
        >>> bool(found[0] == found[1] != found[2])
        True
    """
    whole = np.zeros(len(frame), np.uint64)
    for place, name in enumerate(columns):
        series = frame[name]
        own = _hashed(series)
        own[series.is_null().to_numpy()] = _MISSING
        # What stands so far is spread anew, so that the same cells in other columns are another row.
        whole = mixed(place, whole ^ own)
    return whole


def _hashed(series: pl.Series) -> Hashes:
    dtype = series.dtype
    if isinstance(dtype, pl.Datetime):
        series = series.cast(pl.Datetime("us", dtype.time_zone))
    if dtype.is_float():
        numbers = series.fill_null(0.0).cast(pl.Float64).to_numpy() + 0.0  # -0.0 is 0.0
        return mixed(1, np.ascontiguousarray(numbers).view(np.uint64))
    if dtype.is_integer() or dtype.is_temporal() or dtype in (pl.Boolean, pl.Null):
        plain = series.to_physical() if dtype.is_temporal() else series
        wide = plain.cast(pl.UInt64 if dtype == pl.UInt64 else pl.Int64).fill_null(0).to_numpy()
        return mixed(1, np.ascontiguousarray(wide).view(np.uint64))
    return _of_texts(series.cast(pl.String).fill_null(""))


def _of_texts(texts: pl.Series) -> Hashes:
    """(n,) the sum of a number of 64 bits for each byte at its place."""
    levels = texts.unique()
    if FEW * len(levels) < len(texts):
        return np.asarray(_of_texts(levels)[codes_of(texts, levels).to_numpy()])
    sizes = texts.str.len_bytes().to_numpy().astype(np.int64)
    ends = np.cumsum(sizes)
    found = np.zeros(len(texts), np.uint64)
    start = 0
    while start < len(texts):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + AT_ONCE, "right")))
        found[start:stop] = _sums(texts.slice(start, stop - start), sizes[start:stop])
        start = stop
    return mixed(2, found + sizes.astype(np.uint64))


def _sums(texts: pl.Series, sizes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Hashes:
    found = np.zeros(len(texts), np.uint64)
    letters = np.frombuffer(str(texts.str.join("").item()).encode(), np.uint8)
    if len(letters):
        starts = np.cumsum(sizes) - sizes
        places = np.arange(len(letters)) - np.repeat(starts, sizes)
        some = sizes > 0
        with np.errstate(over="ignore"):
            found[some] = np.add.reduceat(mixed(3, places * 256 + letters), starts[some])
    return found
