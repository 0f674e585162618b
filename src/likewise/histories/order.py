"""Rows in the order of whose they are and when they were.

Legend: n rows, E entities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl

from likewise.errors import InputError, SchemaError, nearest
from likewise.schema.persons import persons_of
from likewise.typing import Bools, Ints

SERIES = "\0series"
"""The entity of rows of which no column tells whose they are: one series. No column of a table is called so."""


def as_series(table: pl.DataFrame) -> pl.DataFrame:
    """Rows with the one entity that all of them are."""
    return table.with_columns(pl.lit("series").alias(SERIES))


@dataclass(frozen=True)
class Histories:
    """A canonical table, the rows of each entity together and in time.

    Args:
        table: (n, columns), sorted.
        starts: (E,) where each entity's rows begin.
        rows: (n,) where each row stood before.
    """

    table: pl.DataFrame
    starts: Ints
    rows: Ints

    @classmethod
    def of(
        cls, table: pl.DataFrame, entity: str, time: str | None, most: tuple[int, np.random.Generator] | None = None
    ) -> Self:  # fmt: skip
        """Put rows in order; those of one moment stay as they came, and so do all where no column tells the time.

        Args:
            most: rows that are taken, about: those of as many entities by chance. None takes all.

        Raises:
            InputError: a column is absent, a cell of one of them is missing, or each row is an entity of its own.

        Example:
            >>> table = pl.DataFrame({"who": ["b", "a", "b"], "year": [2001, 2000, 1999]})
            >>> Histories.of(table, "who", "year").table["year"].to_list()
            [1999, 2001, 2000]
        """
        if most is not None and len(table) > most[0]:  # before they are sorted, which takes a copy of all
            _check_time(table, time)
            whose = persons_of(as_series(table.select()) if entity == SERIES else table.select(entity), entity)
            rows = np.flatnonzero(_chosen(np.bincount(whose), *most)[whose])
            told = cls.of_known(table[rows], entity, time)
            told = replace(told, rows=rows[told.rows])
        else:
            told = cls.of_known(table, entity, time)
        if len(told.starts) == len(table):
            raise InputError(
                f"column {entity!r} differs in every row: no entity has two rows, so there is no history to learn; "
                "leave time out, or name the column that tells whose the rows are"
            )
        return told

    @classmethod
    def of_known(cls, table: pl.DataFrame, entity: str, time: str | None) -> Self:
        """The same of any rows, of one entity or of many.

        Raises:
            InputError: a column is absent, or a cell of one of them is missing.
        """
        table = as_series(table) if entity == SERIES else table
        whose = persons_of(table, entity)
        keys = pl.DataFrame({"who": whose})
        if time is not None:
            _check_time(table, time)
            keys = keys.with_columns(table[time].alias("when"))
        rows = keys.with_row_index("row").sort(keys.columns, maintain_order=True)["row"].to_numpy().astype(np.int64)
        return cls(table[rows], np.flatnonzero(np.diff(whose[rows], prepend=-1)), rows)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def lengths(self) -> Ints:
        """(E,) rows of each entity."""
        return np.diff(np.append(self.starts, len(self.table)))

    @cached_property
    def whose(self) -> Ints:
        """(n,) the entity of each row, 0 .. E-1."""
        return np.repeat(np.arange(len(self.starts)), self.lengths)

    @cached_property
    def position(self) -> Ints:
        """(n,) how many rows of its entity stand before each."""
        return np.arange(len(self.table)) - self.starts[self.whose]

    @cached_property
    def ends(self) -> Ints:
        """(E,) where the last row of each entity stands."""
        return self.starts + self.lengths - 1

    def repeats(self, name: str) -> Bools:
        """(n,) whether a row holds of a column what the row of its entity before it holds; no first row does."""
        column = self.table[name]
        return np.asarray(column.eq_missing(column.shift(1)).to_numpy() & (self.position > 0))

    def onward(self, names: Sequence[str]) -> Histories:
        """The same, where cells of some columns are missing with the last of the entity before, or the first behind."""
        if not any(self.table[name].null_count() for name in names):
            return self
        whose = pl.lit(pl.Series(self.whose))
        filled = [pl.col(name).forward_fill().backward_fill().over(whose) for name in names]
        return replace(self, table=self.table.with_columns(filled))

    def of_entities(self, chosen: Ints) -> Histories:
        """The rows of these entities, ascending."""
        mine = np.isin(self.whose, chosen)
        lengths = self.lengths[np.sort(chosen)]
        return Histories(self.table.filter(pl.Series(mine)), np.cumsum(lengths) - lengths, self.rows[mine])

    def up_to(self, n: int) -> Histories:
        """The first rows of each entity, n at most."""
        kept, lengths = self.position < n, np.minimum(self.lengths, n)
        return Histories(self.table.filter(pl.Series(kept)), np.cumsum(lengths) - lengths, self.rows[kept])

    def some(self, n_rows: int, rng: np.random.Generator) -> Histories:
        """Entities by chance that have so many rows together, about."""
        if len(self) <= n_rows:
            return self
        return self.of_entities(np.flatnonzero(_chosen(self.lengths, n_rows, rng)))

    def parted_in_time(self, share: float) -> tuple[Histories, Histories]:
        """The rows of one entity up to a moment, and those from then on: such a share of them."""
        n = len(self) - int(share * len(self))
        parts = (slice(0, n), slice(n, None))
        return tuple(
            Histories(self.table[part], np.zeros(min(len(self.rows[part]), 1), np.int64), self.rows[part])
            for part in parts
        )  # type: ignore[return-value]

    def static(self, names: Sequence[str], declared: Sequence[str] | None) -> tuple[str, ...]:
        """The columns that do not change within an entity: those found, or those declared.

        Raises:
            SchemaError: a declared one changes.
        """
        asked = names if declared is None else declared
        if unknown := [name for name in asked if name not in names]:
            raise SchemaError(
                f"static names column {unknown[0]!r}, which is none that is learnt{nearest(unknown[0], names)}"
            )
        found = []
        for name in asked:
            changes = ~self.repeats(name) & (self.position > 0)
            if not changes.any():
                found.append(name)
            elif declared is not None:
                n = len(np.unique(self.whose[changes]))
                raise SchemaError(
                    f"column {name!r} is declared static, but changes within {n:,} of {len(self.starts):,} entities; "
                    "leave it out of static"
                )
        return tuple(found)


def _check_time(table: pl.DataFrame, time: str | None) -> None:
    """
    Raises:
        InputError: the column that tells the time is absent, or a cell of it is missing.
    """
    if time is None:
        return
    if time not in table.columns:
        raise InputError(f"time names column {time!r}, which the table lacks{nearest(time, table.columns)}")
    if gone := table[time].null_count():
        raise InputError(
            f"column {time!r}, by which histories are told, is missing in {gone:,} of {len(table):,} rows, or not "
            "written there as in the others; leave these rows out, fill them, or write them alike"
        )


def _chosen(lengths: Ints, n_rows: int, rng: np.random.Generator) -> Bools:
    """(E,) entities by chance that have so many rows together, about."""
    order = rng.permutation(len(lengths))
    taken = order[: max(int(np.searchsorted(np.cumsum(lengths[order]), n_rows, side="right")), 1)]
    return np.isin(np.arange(len(lengths)), taken)
