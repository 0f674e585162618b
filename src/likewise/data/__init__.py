"""The embedded data set: UCI Adult (Becker and Kohavi, 1996; CC BY 4.0, https://doi.org/10.24432/C5XW20)."""

from __future__ import annotations

from importlib.resources import as_file, files

import polars as pl

__all__ = ["adult"]


def adult() -> pl.DataFrame:
    """The training part of UCI Adult, 32,561 rows as found in the source: missing cells are written "?".

    Shape: (32561, 15), 6 columns of 64-bit integers and 9 of text; the usual target is `income`.

    References: Becker, B. and Kohavi, R. (1996). Adult [Dataset]. UCI Machine Learning Repository.
    https://doi.org/10.24432/C5XW20, CC BY 4.0. Changes are told in the README beside the file.

    >>> from likewise.data import adult
    >>> adult().shape
    (32561, 15)
    """
    with as_file(files(__name__) / "adult.parquet") as path:
        return pl.read_parquet(path)
