"""Labels: the texts that stand for values in a released table, and what every hierarchy of labels can do.

One rule of quoting holds for all of them, so that no two labels read alike: a text that could be taken for a set, a
star, a missing cell or a numbered group stands in double quotes, its own quotes doubled.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import polars as pl

TOP = "*"
MISSING = "missing"  # a missing cell among others
OTHER = "other levels"  # those that too few have to be named
RARE = "\U0010ffff" + OTHER  # the same as a value of a column: the last
_BETWEEN = " | "
_QUOTED = rf'[|]|^"|^\*$|^{MISSING}$|^{OTHER}$|^group [0-9]+ \([0-9]+ levels\)$'


class Hierarchy(ABC):
    """What every hierarchy can do; the builders in `hierarchies` make them."""

    @property
    @abstractmethod
    def height(self) -> int:
        """Steps above the value; at the last everything is `*`."""

    @abstractmethod
    def climb(self, values: pl.Series, level: int) -> pl.Series:
        """Labels of values at a level in 1 .. height - 1: String, null where the value is missing or not covered."""

    def labels(self, values: pl.Series, level: int) -> pl.Series:
        """Labels of values at any level in 1 .. height.

        Shape: values (n,) -> (n,) String.
        """
        if level >= self.height:
            return pl.Series(values.name, [TOP], dtype=pl.String).new_from_index(0, len(values))
        return self.climb(values, level)


def as_label(values: pl.Series) -> pl.Series:
    """Values as the texts a label is made of.

    >>> as_label(pl.Series(["a", "a | b", None])).to_list(), as_label(pl.Series([0.3])).to_list()
    (['a', '"a | b"', None], ['0.3'])
    """
    if values.dtype == pl.Duration:
        return values.dt.to_string("iso")
    texts = values.cast(pl.String)
    if values.dtype == pl.String and RARE in values:
        return as_label(values.set((values == RARE).fill_null(False), None)).set(
            (values == RARE).fill_null(False), OTHER
        )
    if isinstance(values.dtype, pl.String | pl.Categorical | pl.Enum) and texts.str.contains(_QUOTED).any():
        quoted = pl.concat_str(pl.lit('"'), pl.first().str.replace_all('"', '""', literal=True), pl.lit('"'))
        told = pl.when(pl.first().str.contains(_QUOTED)).then(quoted).otherwise(pl.first())
        return texts.to_frame().select(told.alias(values.name)).to_series()
    return texts


def set_label(labels: Iterable[str]) -> str:
    """The label of a set, from the labels of its members."""
    return _BETWEEN.join(labels)


def joined_labels(label: str) -> pl.Expr:
    """`set_label` of each group of a column of labels; what is missing among them is named."""
    return pl.col(label).fill_null(MISSING).str.join(_BETWEEN)


def as_texts(values: pl.Series) -> pl.Series:
    """Values as the texts a hierarchy's table knows them by: 3.0 is "3", True is "True"."""
    if values.dtype == pl.String:
        return values
    if values.dtype == pl.Boolean:
        return values.cast(pl.String).str.to_titlecase()
    if values.dtype.is_float() or values.dtype.is_decimal():
        whole = pl.first().cast(pl.Int64, strict=False)
        is_whole = (pl.first() == whole).fill_null(False)
        texts = pl.when(is_whole).then(whole.cast(pl.String)).otherwise(pl.first().cast(pl.String))
        return values.to_frame().select(texts.alias(values.name)).to_series()
    if values.dtype == pl.Duration:
        return values.dt.to_string("iso")
    return values.cast(pl.String)
