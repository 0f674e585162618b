"""Columns that are one column written one-hot: found, drawn as one, and written one-hot again.

New rows made column by column would hold no level, or several: rows that no encoder gives.

Legend: n rows, m new rows, D columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from likewise.rules.binding import bind
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.parse import parse_column
from likewise.typing import Bools

LEAST_ROWS = 10
"""Fewer rows tell no group from chance."""

LEAST_APART = 7.0
"""So many rows with two 1s chance must put where there is none, for columns to be taken for all but a level of one."""


@dataclass(frozen=True)
class OneHot:
    """Groups of neighbouring columns of 0 and 1 of which each row has exactly one 1, or at most one where the encoder
    left a level out.

    Args:
        columns: names of all D columns, in order, and the type of each.
        groups: names of the columns of each group.
        texts: how a column of a group writes 0 and 1, where it holds texts, as a table read from a file does.
    """

    columns: dict[str, pl.DataType]
    groups: tuple[tuple[str, ...], ...]
    texts: dict[str, tuple[str, str]]

    @classmethod
    def joined(cls, table: pl.DataFrame, schema: Schema) -> tuple[Self, pl.DataFrame, Schema]:
        """The groups of a table, and table and schema with a column of levels for each: the columns that are 1.

        Args:
            schema: tells how texts are read, and which columns are none of the features.
        """
        names, columns, groups, texts, at = table.columns, dict(table.schema), [], {}, 0
        ruled = {name for rule in bind(schema.rules, schema) for name in rule.columns}  # these stay as they are
        flags = [None if s.name in ruled else _flags(s, schema[s.name]) for s in table.get_columns()]
        for name, flag in zip(names, flags, strict=True):
            if flag is not None and columns[name] == pl.String:
                off, on = (table[name].filter(pl.Series(is_it)).first() for is_it in (~flag, flag))
                texts[name] = str(off), str(on)
        while at < len(flags) and len(table) >= LEAST_ROWS:
            n = _length(flags[at:]) or _length_of_rest(flags[at:])
            if n:
                group = names[at : at + n]
                held = np.array(flags[at : at + n])
                levels = np.where(held.any(0), np.array(group)[held.argmax(0)], "".join(group))
                table = table.with_columns(pl.Series(group[0], levels, dtype=pl.String)).drop(group[1:])
                level = Column(name=group[0], kind=Kind.CATEGORICAL)
                columns_left = (level if c.name == group[0] else c for c in schema if c.name not in group[1:])
                schema = Schema(tuple(columns_left), rules=schema.rules)
                groups.append(tuple(group))
            at += max(n, 1)
        return cls(columns, tuple(groups), texts), table, schema

    def parted(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The table's columns again; others that rows may have stay behind the D."""
        flags = [self._written(name, rows[group[0]] == name) for group in self.groups for name in group]
        rows = rows.with_columns(flags)
        return rows.select(*self.columns, pl.exclude(list(self.columns)))

    def _written(self, name: str, is_it: pl.Series) -> pl.Series:
        if name in self.texts:
            off, on = self.texts[name]
            return pl.Series(name, np.where(is_it.to_numpy(), on, off), dtype=pl.String)
        return is_it.cast(self.columns[name]).alias(name)


def _flags(series: pl.Series, column: Column) -> Bools | None:
    """(n,) where the column is 1; None where it holds anything else than 0 and 1, or the like written as texts."""
    if series.null_count() or not column.is_modelled:
        return None
    if series.dtype == pl.String:
        if column.kind not in (Kind.BOOLEAN, Kind.INTEGER, Kind.REAL) or series.n_unique() > 2:
            return None
        series = parse_column(series, column)
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


def _length_of_rest(flags: list[Bools | None]) -> int:
    """How many of the columns, from the first on, are one group that lacks a level; 0 for none.

    No row has two 1s, though chance would have put some there: exp(-7) is the most that it leaves that undone with.
    """
    taken = flags[0]
    if taken is None:
        return 0
    n = 1
    for column in flags[1:]:
        if column is None or (taken & column).any() or taken.mean() * column.sum() < LEAST_APART:
            break
        taken, n = taken | column, n + 1
    return n if n > 1 else 0
