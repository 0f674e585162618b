"""Columns that are one column written one-hot: found, drawn as one, and written one-hot again.

New rows made column by column would hold no level, or several: rows that no encoder gives.

Legend: n rows, m new rows, D columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from likewise.schema.column import Kind, Schema
from likewise.typing import Bools

LEAST_ROWS = 10
"""Fewer rows tell no group from chance."""


@dataclass(frozen=True)
class OneHot:
    """Groups of neighbouring columns of 0 and 1 of which each row has exactly one 1.

    Args:
        columns: names of all D columns, in order, and the type of each.
        groups: names of the columns of each group.
    """

    columns: dict[str, pl.DataType]
    groups: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, table: pl.DataFrame) -> Self:
        """The groups of a table."""
        flags = [_flags(series) for series in table.get_columns()]
        groups, at = [], 0
        while at < len(flags) and len(table) >= LEAST_ROWS:
            n = _length(flags[at:])
            if n:
                groups.append(tuple(table.columns[at : at + n]))
            at += max(n, 1)
        return cls(dict(table.schema), tuple(groups))

    def joined(self, table: pl.DataFrame) -> pl.DataFrame:
        """The table with one column for each group, which holds the name of the column that is 1."""
        for group in self.groups:
            at = table.select(group).to_numpy().argmax(1)
            one = pl.Series(group[0], np.array(group)[at], dtype=pl.String)
            table = table.with_columns(one).drop(group[1:])
        return table

    def declared(self, schema: Schema) -> Schema:
        """The schema of the joined table: a group is a column of levels, whatever their names look like."""
        for group in self.groups:
            schema = schema.replace(group[0], kind=Kind.CATEGORICAL, format=None)
        return schema

    def parted(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The inverse of `joined`; other columns that rows may have stay behind the D."""
        flags = [
            (rows[group[0]] == name).cast(self.columns[name]).alias(name) for group in self.groups for name in group
        ]
        rows = rows.with_columns(flags)
        return rows.select(*self.columns, pl.exclude(list(self.columns)))


def _flags(series: pl.Series) -> Bools | None:
    """(n,) where the column is 1; None where it holds anything else than 0 and 1."""
    if series.null_count() or not (series.dtype.is_numeric() or series.dtype == pl.Boolean):
        return None
    if series.dtype != pl.Boolean and not ((series == 0) | (series == 1)).all():
        return None
    return series.cast(pl.Boolean).to_numpy()


def _length(flags: list[Bools | None]) -> int:
    """How many of the columns, from the first on, are one group; 0 for none."""
    taken: Bools | None = None
    for n, column in enumerate(flags, start=1):
        if column is None or (taken is not None and (taken & column).any()):
            return 0
        taken = column if taken is None else taken | column
        if taken.all():
            return n if n > 1 else 0
    return 0
