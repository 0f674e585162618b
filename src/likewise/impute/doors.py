"""How a table comes to an imputer and goes back: frames cell by cell as they were, arrays as scikit-learn has them.
Legend: n rows, C columns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.matrix import TableMatrix
from likewise.impute.laws import Holes
from likewise.schema.column import Schema
from likewise.schema.parse import fill_column, restore_column
from likewise.tables.frames import from_frame, with_index_of
from likewise.typing import Bools


class Opened(ABC):
    """A table as it came."""

    names: list[str]

    @property
    @abstractmethod
    def missing(self) -> Bools:
        """(n, columns) which cells are missing, ids and dropped columns too."""

    @abstractmethod
    def closed(self, grid: TableMatrix, values: Holes, kept: list[str], indicated: list[str]) -> Any:
        """The table with these values in its holes, of the kind that came.

        Args:
            values: column of the grid -> (h, 1) for the cells that the grid sees as holes.
            kept: the columns that it has.
            indicated: columns beside which another tells where they were missing.
        """


@dataclass(frozen=True)
class OpenedFrame(Opened):
    """A pandas, Polars or Arrow frame, with its canonical form beside it."""

    raw: pl.DataFrame
    table: pl.DataFrame
    schema: Schema
    give_back: Callable[[pl.DataFrame], Any]

    @property
    def names(self) -> list[str]:  # type: ignore[override]
        return self.raw.columns

    @property
    def missing(self) -> Bools:
        return np.column_stack([self.table[name].is_null().to_numpy() for name in self.names])

    def closed(self, grid: TableMatrix, values: Holes, kept: list[str], indicated: list[str]) -> Any:
        drawn = {}
        for j, cells in values.items():
            column = grid.columns[j]
            full = np.full(len(self.raw), np.nan)
            full[np.isnan(column.encode(self.table[column.name]))] = cells[:, 0]
            drawn[column.name] = restore_column(column.decode(full), column.column)
        fills = pl.DataFrame(drawn)
        columns = [fill_column(name, self.raw, self.table, fills) for name in kept]
        marks = [self.table[name].is_null().alias(mark_of(name)) for name in indicated]
        return self.give_back(pl.DataFrame(columns + marks))


@dataclass(frozen=True)
class OpenedArray(Opened):
    """An array of numbers, NaN in its holes."""

    array: npt.NDArray[Any]
    names: list[str]

    @property
    def missing(self) -> Bools:
        return np.asarray(np.isnan(self.array))

    def closed(self, grid: TableMatrix, values: Holes, kept: list[str], indicated: list[str]) -> Any:
        out, holes = self.array.copy(), self.missing
        at = {name: i for i, name in enumerate(self.names)}
        out[holes] = 0.0  # what is left of them: columns that were wholly missing
        for j, cells in values.items():
            i = at[grid.names[j]]
            out[holes[:, i], i] = cells[:, 0]
        columns = [out[:, [at[name] for name in kept]]]
        columns += [holes[:, [at[name]]].astype(out.dtype) for name in indicated]
        return np.concatenate(columns, axis=1)


def mark_of(name: str) -> str:
    """What the column is called that tells where another was missing; as scikit-learn has it."""
    return f"missingindicator_{name}"


def open_frame(frame: Any, marker: Any) -> tuple[pl.DataFrame, Callable[[pl.DataFrame], Any]]:
    """The frame as Polars with nulls where the marker stood, and the way back, which keeps a pandas index."""
    raw, give_back = from_frame(frame)
    raw = raw.with_columns(_unmarked(series, marker) for series in raw)
    return raw, lambda out: with_index_of(frame, give_back(out))


def _unmarked(series: pl.Series, marker: Any) -> pl.Series:
    """The column with nulls where the marker stands, in columns that can hold it."""
    is_text = isinstance(marker, str)
    if marker is None or is_text != (series.dtype in (pl.String, pl.Categorical, pl.Enum)):
        return series
    if not is_text and not series.dtype.is_numeric():
        return series
    found = series.cast(pl.String) == marker if is_text else series == marker
    return series.set(found.fill_null(False), None)
