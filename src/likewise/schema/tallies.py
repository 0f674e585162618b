"""Columns of a table that is not held, counted in parts: counts add up, in whatever parts and order they were made.

Up to `MOST` distinct values of a column are counted exactly, of categories any number: beyond `MOST_HELD` of them, to
files on the disk. Of a column of more, its ends, its decimals and a sample of its rows are what is known.

Legend: n rows, k distinct known values.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.schema.distinct import Columns, Counted, Distinct, Outline
from likewise.schema.numbers import decimals_of

MOST = 65_536
"""Distinct values of a column that are counted."""

MOST_HELD = 2**20
"""Distinct texts of a column of categories that are held in memory."""

PARTS = 64
"""Files that more of them are dealt out to, each of which is added up by itself."""

GLANCE = 2**17
"""Rows that tell, at the beginning of a part, whether a column has too many values to be counted."""

_OF_ALL = {
    "rows": pl.len().cast(pl.Int64),
    "learnt": pl.col("learnt").sum().cast(pl.Int64),
    "first": pl.col("row").min(),
}
_SUMS = [pl.col("rows").sum(), pl.col("learnt").sum(), pl.col("first").min()]


@dataclass(frozen=True)
class Tally:
    """What is known of a column in some rows.

    Args:
        n, n_learnt: rows, and those of them that are learnt from: all but the held-out ones.
        nulls, nulls_learnt: the same of rows without a value.
        values: (k,) value, rows, learnt, first (row); None where there are more than are counted.
        spilled: what was written to files of the folder, by the beginning of their names; `values` has the rest.
        least, greatest: of whole numbers.
        decimals: of floats, digits behind the point; None for more than are told, and of other columns.
        longest: of texts, characters of the longest.
    """

    n: int
    n_learnt: int
    nulls: int
    nulls_learnt: int
    values: pl.DataFrame | None
    spilled: tuple[str, ...] = ()
    least: int | None = None
    greatest: int | None = None
    decimals: int | None = None
    longest: int = 0

    @classmethod
    def of(
        cls, series: pl.Series, rows: npt.NDArray[np.int64], learnt: npt.NDArray[np.bool_], *, any_number: bool
    ) -> Self:
        """Of one part.

        Args:
            rows: (n,) their numbers.
            learnt: (n,) which of them are learnt from.
            any_number: whether values are counted however many there are.
        """
        if isinstance(series.dtype, pl.Categorical | pl.Enum):
            series = series.cast(pl.String)
        known = series.is_not_null().to_numpy()
        least = greatest = None
        if series.dtype.is_integer():
            least, greatest = (_whole(end) for end in (series.min(), series.max()))
        return cls(
            len(series), int(learnt.sum()), int((~known).sum()), int((learnt & ~known).sum()),
            _counted(series, rows, learnt, any_number=any_number), (), least, greatest,
            _decimals(series) if series.dtype.is_float() else None,
            series.str.len_chars().max() or 0 if series.dtype == pl.String else 0,  # type: ignore[arg-type]
        )  # fmt: skip

    def is_exact(self) -> bool:
        """Whether each distinct value is known, and held."""
        return self.values is not None and not self.spilled


def _counted(
    series: pl.Series, rows: npt.NDArray[np.int64], learnt: npt.NDArray[np.bool_], *, any_number: bool
) -> pl.DataFrame | None:
    if not any_number and len(series) > MOST and series.head(GLANCE).n_unique() > MOST + 1:
        return None
    table = pl.DataFrame({"value": series, "row": rows, "learnt": learnt}).drop_nulls("value")
    values = table.group_by("value").agg(**_OF_ALL)
    return values if any_number or len(values) <= MOST else None


def _whole(end: Any) -> int | None:
    return None if end is None else int(end)


def _decimals(series: pl.Series) -> int | None:
    return None if decimals_of(series.head(1_000)) is None else decimals_of(series)


def merged(tallies: Sequence[Tally], *, any_number: bool, folder: Path) -> Tally:
    """What is known of the rows of all.

    Args:
        folder: where texts go that are too many to hold.
    """
    first = tallies[0]
    least = [t.least for t in tallies if t.least is not None]
    greatest = [t.greatest for t in tallies if t.greatest is not None]
    decimals = [t.decimals for t in tallies]
    values, spilled = _added(tallies, any_number=any_number), tuple(name for t in tallies for name in t.spilled)
    if any_number and values is not None and len(values) > MOST_HELD:
        values, spilled = values.clear(), (*spilled, _spilled(values, folder))
    return replace(
        first, n=sum(t.n for t in tallies), n_learnt=sum(t.n_learnt for t in tallies),
        nulls=sum(t.nulls for t in tallies), nulls_learnt=sum(t.nulls_learnt for t in tallies),
        values=values, spilled=spilled, least=min(least, default=None), greatest=max(greatest, default=None),
        decimals=None if None in decimals else max(d for d in decimals if d is not None),
        longest=max(t.longest for t in tallies),
    )  # fmt: skip


def _added(tallies: Sequence[Tally], *, any_number: bool) -> pl.DataFrame | None:
    parts = [t.values for t in tallies if t.values is not None]
    if len(parts) < len(tallies):
        return None
    values = pl.concat(parts).group_by("value").agg(_SUMS) if len(parts) > 1 else parts[0]
    return values if any_number or len(values) <= MOST else None


def _spilled(values: pl.DataFrame, folder: Path) -> str:
    """Write texts to `PARTS` files, each to that of its hash, which is the same within a process."""
    name = secrets.token_hex(8)
    at = (values["value"].hash() % PARTS).alias("part")
    for part, rows in values.with_columns(at).group_by("part"):
        path = folder / f"{name}.{part[0]}.parquet"
        path.touch(0o600)
        rows.drop("part").write_parquet(path)
    return name


def kept_levels(tally: Tally, folder: Path, rows: int, declared: Sequence[str] = ()) -> tuple[pl.DataFrame, int]:
    """The texts of a column that so many learnt rows hold, or that were declared, and how many rows hold others.

    Returns:
        (k,) value, rows, learnt, first; and learnt rows.
    """
    assert tally.values is not None
    parts = [tally.values] if not tally.spilled else [_of_part(tally, folder, part) for part in range(PARTS)]
    total = sum(int(part["learnt"].sum()) for part in parts)
    wanted = (pl.col("learnt") >= rows) | pl.col("value").is_in(list(declared))
    kept = pl.concat([part.filter(wanted) for part in parts])
    return kept, total - int(kept["learnt"].sum())


def _of_part(tally: Tally, folder: Path, part: int) -> pl.DataFrame:
    assert tally.values is not None
    held = tally.values.filter(pl.col("value").hash() % PARTS == part)
    files = [folder / f"{name}.{part}.parquet" for name in tally.spilled]
    written = [pl.read_parquet(path) for path in files if path.exists()]
    return pl.concat([held, *written]).group_by("value").agg(_SUMS)


@dataclass(frozen=True)
class TableTally:
    """What is known of all columns in some rows, and some of these rows themselves.

    Args:
        sample: rows that their numbers have chosen, whatever stands in them.
        rows: (m,) their numbers.
    """

    columns: dict[str, Tally]
    sample: pl.DataFrame
    rows: npt.NDArray[np.int64] = field(repr=False)

    @property
    def n(self) -> int:
        return next(iter(self.columns.values())).n


def merged_tables(tallies: Sequence[TableTally], *, any_number: frozenset[str], folder: Path) -> TableTally:
    """What is known of the rows of all.

    Args:
        any_number: columns of which values are counted however many there are.
    """
    columns = {
        name: merged([t.columns[name] for t in tallies], any_number=name in any_number, folder=folder)
        for name in tallies[0].columns
    }
    rows = np.concatenate([t.rows for t in tallies])
    order = np.argsort(rows)
    return TableTally(columns, pl.concat([t.sample for t in tallies])[order], rows[order])


class Tallied(Counted):
    """A table as its tallies: inference asks them what it asks the rows of a table that is held.

    Args:
        tally: of all rows.
        dtypes: of the columns, as they came.
        typed: as `Counted` takes it.
    """

    def __init__(self, tally: TableTally, dtypes: dict[str, pl.DataType], *, typed: bool | None = None) -> None:
        of_texts = all(dtype in (pl.String, pl.Null) for dtype in dtypes.values())
        super().__init__(
            Columns({name: tally.sample[name] for name in tally.sample.columns}, tally.n),
            typed=not of_texts if typed is None else typed,
        )
        self.tally, self.dtypes = tally, dtypes
        for name, column in tally.columns.items():
            if column.is_exact():
                assert column.values is not None
                values = column.values.sort("first")
                self._known[name] = Distinct(values["value"].alias(name), values["rows"])

    def outline(self, name: str) -> Outline:
        column, sample = self.tally.columns[name], self.tally.sample[name]
        if not column.is_exact():  # told as the sample is
            return Outline(name, self.dtypes[name], len(sample), sample.null_count(), _goes_up(sample, self.tally.rows))
        values = self._known[name].values
        in_order = len(values) == column.n and _goes_up(values, np.arange(len(values)))
        return Outline(name, self.dtypes[name], column.n, column.nulls, in_order)


def _goes_up(values: pl.Series, rows: npt.NDArray[np.int64]) -> bool:
    """Whether values go up by one a row."""
    whole: Any = values.str.strip_chars() if values.dtype == pl.String else values
    if not (values.dtype.is_numeric() or values.dtype == pl.String) or len(values) < 2:
        return False
    steps = whole.cast(pl.Int64, strict=False).diff().slice(1)
    return steps.null_count() == 0 and bool((steps.to_numpy() == np.diff(rows)).all())
