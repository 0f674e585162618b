"""Tables made up to be audited with: rows at the corners of a schema, and one or many at stake.

Differential privacy holds for every table, so an auditor takes those that show most. No real row is needed, and an
audit costs no budget. A row is a place in each column: 0 its first level or least value, 1 its last or greatest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import OptionError
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.parse import canonical_dtype, restore
from likewise.schema.times import as_time

Floats = npt.NDArray[np.float64]

MOST_CELLS = 32
"""Values of a column that rows at stake are spread over, at most."""

MADE_UP_LEVELS = ("a", "b")
MADE_UP_BOUNDS = (0.0, 100.0)
MADE_UP_TIMES = ("2000-01-01", "2020-12-31")


@dataclass(frozen=True)
class Stake:
    """A table, and rows that may be in it or not.

    Args:
        table: the rows that are in whatever happens.
        rows: (m rows) those at stake.
        entity: column that tells whose a row is; each row of the table is somebody's own.
        copies: rows of the entity at stake, all alike.
    """

    table: pl.DataFrame
    rows: pl.DataFrame
    entity: str | None = None
    copies: int = 1

    def with_rows(self, inside: npt.NDArray[np.bool_] | bool) -> pl.DataFrame:
        """The table with those rows that are in, at its end."""
        m = len(self.rows)
        inside = np.full(m, inside) if isinstance(inside, bool) else inside
        number = np.flatnonzero(inside).repeat(self.copies)
        if self.entity is None:
            return self.table.vstack(self.rows[number])
        whose = np.r_[np.arange(len(self.table)), len(self.table) + number]
        owner = pl.Series(self.entity, whose).cast(pl.String)
        stored = self.table.schema[self.entity]
        return self.table.vstack(self.rows[number]).with_columns(owner if stored == pl.Null else owner.cast(stored))


def in_a_crowd(schema: Schema, n_rows: int) -> Stake:
    """Two kinds of rows, at opposite corners, and one more of the first at stake.

    All that tables of counts can say of it, they say: it adds one to a cell of each, and no cell is too small to be
    kept.
    """
    places = np.repeat([0.0, 1.0], [n_rows // 2, n_rows - n_rows // 2])
    return Stake(rows_at(schema, _all_columns(schema, places)), rows_at(schema, _all_columns(schema, np.zeros(1))))


def alone(schema: Schema, n_rows: int) -> Stake:
    """Rows all alike, and one at stake that differs in every column: what a net learns of it, it learns of nobody
    else."""
    return Stake(
        rows_at(schema, _all_columns(schema, np.ones(n_rows))), rows_at(schema, _all_columns(schema, np.zeros(1)))
    )


def on_a_grid(schema: Schema, m: int, repeats: int) -> Stake:
    """The two columns of most values crossed, `repeats` rows in each cell, and one more at stake in each of m cells.

    The other columns hold one value, so that what is asked about the pair is all there is to ask.

    Raises:
        OptionError: the two columns have fewer than 4 cells.
    """
    sizes = [_size(column) for column in schema]
    wide = sorted(range(len(sizes)), key=lambda j: -sizes[j])[:2]
    n_cells = int(np.prod([sizes[j] for j in wide])) if wide else 0
    if n_cells < 4:
        raise OptionError("many canaries need columns of more values: the two widest have fewer than 4 cells together")
    cells = np.arange(n_cells)
    places = np.zeros((n_cells, len(sizes)))
    for j, index in zip(wide, np.unravel_index(cells, [sizes[j] for j in wide]), strict=False):
        places[:, j] = index / max(sizes[j] - 1, 1)
    chosen = places[np.linspace(0, n_cells - 1, min(m, n_cells)).astype(int)]
    return Stake(rows_at(schema, places.repeat(repeats, 0)), rows_at(schema, chosen))


def _all_columns(schema: Schema, places: Floats) -> Floats:
    return np.tile(places[:, None], len(schema))


def _size(column: Column) -> int:
    """How many values of a column rows are spread over."""
    if not column.is_modelled or column.kind in (Kind.TEXT, Kind.ID):
        return 1
    if column.kind is Kind.BOOLEAN:
        return 2
    if column.kind is Kind.CATEGORICAL:
        return min(len(column.levels or MADE_UP_LEVELS), MOST_CELLS)
    if column.kind is Kind.DATETIME:
        return MOST_CELLS
    low, high = column.bounds or MADE_UP_BOUNDS
    scale = 1 if column.kind is Kind.INTEGER else 10 ** (column.decimals if column.decimals is not None else 9)
    return int(min((high - low) * scale + 1, MOST_CELLS))


def rows_at(schema: Schema, places: Floats) -> pl.DataFrame:
    """Rows as the table would be stored. Shape: (n, D) places -> n rows."""
    made = {c.name: _values(c, places[:, j]) for j, c in enumerate(schema) if c.role is not Role.DROP}
    dropped = [pl.lit(None).alias(c.name) for c in schema if c.role is Role.DROP]
    return restore(pl.DataFrame(made), schema).with_columns(dropped).select(schema.names)


def _values(column: Column, places: Floats) -> pl.Series:
    """Canonical values of one column."""
    dtype = canonical_dtype(column)
    if not column.is_modelled or column.kind in (Kind.ID, Kind.TEXT):
        texts = pl.Series(column.name, [f"row {i}" for i in range(len(places))])
        return texts if dtype == pl.String else pl.Series(column.name, np.arange(len(places))).cast(dtype)
    made: Any
    match column.kind:
        case Kind.BOOLEAN:
            made = places > 0.5
        case Kind.CATEGORICAL:
            levels = column.levels or MADE_UP_LEVELS
            made = [levels[i] for i in np.rint(places * (len(levels) - 1)).astype(int)]
        case Kind.DATETIME:
            start, end = map(_moment, column.bounds or MADE_UP_TIMES)
            made = as_time(pl.Series([start + (end - start) * float(place) for place in places]), dtype)
        case _:
            low, high = column.bounds or MADE_UP_BOUNDS
            made = low + places * (high - low)
            made = (
                np.rint(made)
                if column.kind is Kind.INTEGER
                else np.round(made, 9 if column.decimals is None else column.decimals)
            )
    return pl.Series(column.name, made).cast(dtype)


def _moment(text: str) -> datetime:
    """A bound of a date, of a time of day, or of both."""
    is_clock = text[2:3] == ":"
    return datetime.fromisoformat(f"2000-01-01T{text}" if is_clock else text).replace(tzinfo=None)
