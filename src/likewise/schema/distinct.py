"""A column as its distinct values: counted once, by inference, so that parsing reads each text once.

Legend: n rows, k distinct known values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

FEW = 0.5
"""Share of the rows: with more distinct texts than this, reading each row costs less than reading each text once."""


@dataclass(frozen=True)
class Distinct:
    """The distinct known values of a column, in order of appearance where they are texts.

    Args:
        values: (k,) of the column's own type; texts for categories.
        counts: (k,) rows of each.
        at: (n,) which of the values each row holds, null where it holds none; None where nobody needs it.

    Example:
        >>> d = Distinct.of(pl.Series(["b", None, "a", "b"]))
        >>> d.values.to_list(), d.counts.to_list(), d.spread(d.values.str.to_uppercase()).to_list()
        (['b', 'a'], [2, 1], ['B', None, 'A', 'B'])
    """

    values: pl.Series
    counts: pl.Series
    at: pl.Series | None = None

    @classmethod
    def of(cls, series: pl.Series) -> Distinct:
        """Counted anew."""
        if series.dtype == pl.String:
            # Polars' own table of categories is the fastest way to number texts.
            coded = series.cast(pl.Categorical(pl.Categories.random()))
        elif isinstance(series.dtype, pl.Categorical | pl.Enum):
            coded = series
        else:
            counted = series.drop_nulls().alias("value").value_counts(name="rows")
            return cls(counted["value"], counted["rows"])
        codes = coded.to_physical()
        known = coded.drop_nulls() if coded.null_count() else coded
        met = known.unique(maintain_order=True)
        numbers = np.arange(len(met)) if series.dtype == pl.String else met.to_physical().to_numpy()
        rows = np.bincount((codes.drop_nulls() if codes.null_count() else codes).to_numpy(), minlength=1)
        if (numbers != np.arange(len(numbers))).any():
            place = np.zeros(int(numbers.max()) + 1, np.uint32)
            place[numbers] = np.arange(len(numbers))
            codes = pl.Series(place).gather(codes)
        few = len(met) <= FEW * len(series)
        return cls(met.cast(pl.String), pl.Series(rows[numbers]), codes if few else None)

    def spread(self, values: pl.Series) -> pl.Series:
        """(n,) what became of each row's value, from (k,) what became of each value."""
        assert self.at is not None
        return values.gather(self.at)


class Counted:
    """The columns of one table as distinct values, each counted when it is first asked for.

    It stands beside a schema while a table is read, and holds its cells: it is stored nowhere.

    Args:
        typed: whether its cells are values of their types, not texts of a file.
    """

    def __init__(self, table: pl.DataFrame, *, typed: bool = False) -> None:
        self.table, self.typed = table, typed
        self._known: dict[str, Distinct] = {}

    def __getitem__(self, name: str) -> Distinct:
        if name not in self._known:
            self._known[name] = Distinct.of(self.table[name])
        return self._known[name]

    def forget(self, name: str) -> None:
        """Let go of a column that nobody asks for again."""
        self._known.pop(name, None)
        if name in self.table.columns:
            self.table = self.table.drop(name)
