"""Columns as codes: what the searches work on.

Legend: n rows, m levels of a column (its distinct values, and missing where it occurs), h height of its hierarchy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import InputError, SchemaError
from likewise.privacy.labels import RARE, Hierarchy, as_label
from likewise.schema import times
from likewise.schema.column import Column, Kind
from likewise.schema.infer_column import infer_column
from likewise.schema.parse import canonical_dtype, parse_column
from likewise.schema.persons import persons_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Ladder:
    """A hierarchy laid over a column's levels.

    The levels are ordered so that each node of the hierarchy holds a run of them; nodes are numbered along that order.
    """

    hierarchy: Hierarchy
    maps: tuple[Codes, ...]  # step 0 .. h -> (m,) node of each level; step 0 is the level itself
    labels: tuple[pl.Series, ...]  # step 0 .. h -> (nodes,) String

    @property
    def height(self) -> int:
        return len(self.maps) - 1


@dataclass(frozen=True)
class Quasi:
    """One column as codes."""

    name: str
    codes: Codes  # (n,) in 0 .. m - 1
    values: pl.Series  # (m,) distinct values in code order; missing, if it occurs, is last
    position: Floats  # (m,) where a level lies on [0, 1]; 2 for missing among numbers
    is_scale: bool  # numbers and times, where "between" means something
    ladder: Ladder | None

    @property
    def n_levels(self) -> int:
        return len(self.values)

    @property
    def rare(self) -> int | None:
        """The code that stands for all levels too rare to be named."""
        at = self.n_levels - 1 - self.has_missing
        return at if at >= 0 and self.values.dtype == pl.String and self.values[at] == RARE else None

    @property
    def has_missing(self) -> bool:
        return self.values.has_nulls()


@dataclass(frozen=True)
class Reader:
    """How a column is read as numbers, times or texts with nulls for what is missing, and written; learnt once, used on
    new rows.

    One value has one form, and is written in one way: 0.0 and -0.0, "1.5" and "1.50", a null and a NaN are the same.
    """

    name: str
    dtype: pl.DataType  # of the canonical column
    column: Column | None  # how texts are written; None: the column came typed
    stored: pl.DataType  # as it came

    def read(self, series: pl.Series) -> pl.Series:
        """The canonical column.

        Raises:
            SchemaError: values do not fit what the column was learnt as.
            InputError: infinite numbers.
        """
        if self.column is not None:
            out = parse_column(series.cast(pl.String), self.column).alias(self.name)
        else:
            series = series.fill_nan(None) if series.dtype.is_float() else series
            out = series.cast(self.dtype, strict=False)
            lost = out.null_count() - series.null_count()
            if (out.dtype.is_integer() or out.dtype.is_decimal()) and series.dtype.is_numeric():
                lost += int((out.cast(series.dtype, strict=False) != series).sum())
            if lost:
                raise SchemaError(f"column {self.name!r}: {lost} values do not fit its type {self.dtype}")
        if out.dtype.is_float():
            if out.is_infinite().any():
                n = int(out.is_infinite().sum())
                raise InputError(f"column {self.name!r}: {n} values are infinite; make them missing or bound them")
            out = out.set((out == 0).fill_null(False), 0.0)  # -0.0 too
        return out

    def write(self, values: pl.Series) -> pl.Series:
        """Canonical values as they are released: typed ones as they are, others as texts."""
        return values if self.column is None else as_label(values)

    def in_its_form(self, labels: pl.Series) -> pl.Series:
        """Labels with the moments among them written as the column's texts are, if that loses nothing of them and no
        comma comes in between.

        Shape: (n,) -> (n,)
        """
        form = None if self.column is None else self.column.format
        zoned = isinstance(self.dtype, pl.Datetime) and self.dtype.time_zone is not None
        if form is None or labels.dtype != pl.String or self.dtype not in (pl.Date, pl.Datetime) or zoned:
            return labels
        iso = r"\d{4}-\d\d-\d\d" + r" \d\d:\d\d:\d\d(?:\.\d+)?" * (self.dtype != pl.Date)
        told = labels.str.extract_all(iso).explode().drop_nulls().unique()
        if told.is_empty():
            return labels
        moments = told.str.strptime(pl.Datetime(), "%Y-%m-%d %H:%M:%S%.f" if self.dtype != pl.Date else "%Y-%m-%d")
        moments = moments.cast(self.dtype)
        written = times.write(moments, form)
        if written.str.contains(",").any() or not times.read(written, form).equals(moments):
            return labels
        return labels.str.replace_many(told.to_list(), written.to_list())

    def store(self, released: pl.Series) -> pl.Series:
        """A column of released values in the type it came in, where that holds them."""
        if released.dtype == self.stored or self.column is None:
            return released
        out = released.cast(self.stored, strict=False)
        return out if out.null_count() == released.null_count() else released


def reader(series: pl.Series, declared: Column | None = None) -> Reader:
    """How to read a column: typed ones as they are, texts as what they hold (`?` and the like are missing); or as what
    it is declared to be."""
    if declared is not None:
        is_scale = declared.kind in (Kind.INTEGER, Kind.REAL, Kind.DATETIME)
        if not is_scale:
            declared = Column(name=series.name, kind=Kind.TEXT, missing=declared.missing, dtype="String")
        if not is_scale or not (series.dtype.is_numeric() or series.dtype.is_temporal()):
            return Reader(series.name, canonical_dtype(declared), declared, series.dtype)
    if series.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return Reader(series.name, series.dtype, None, series.dtype)
    column = infer_column(series.cast(pl.String))
    if column.kind not in (Kind.INTEGER, Kind.REAL, Kind.DATETIME):
        column = Column(name=column.name, kind=Kind.TEXT, missing=column.missing, dtype="String")
    return Reader(series.name, canonical_dtype(column), column, series.dtype)


def canonical(series: pl.Series) -> pl.Series:
    """A column as numbers, times or texts, missing as null."""
    return reader(series).read(series)


def persons_in(table: pl.DataFrame, entity: str | None) -> Ints:
    """(n,) the number of the person of each row of a table as it came; texts that mean "missing" tell of nobody.

    Raises:
        InputError: there is no such column, or some rows do not tell whose they are.
    """
    if entity in table.columns and table.schema[entity] in (pl.String, pl.Categorical, pl.Enum):
        texts = table[entity].cast(pl.String)
        table = table.with_columns(texts.replace(dict.fromkeys(infer_column(texts).missing)))
    return persons_of(table, entity)


def spelled_once(values: pl.Series) -> pl.Series:
    """Texts that differ in case, blanks at the ends or in how Unicode composes a letter, all as the most frequent one.

    >>> spelled_once(pl.Series(["flu", "Flu ", "flu", None, "ulcer"])).to_list()
    ['flu', 'flu', 'flu', None, 'ulcer']
    """
    if values.dtype != pl.String:
        return values
    counted = values.drop_nulls().alias("text").value_counts(name="rows").sort("rows", "text", descending=[True, False])
    texts = counted["text"].to_list()
    usual: dict[str, str] = {}
    spelled = [usual.setdefault(normalize("NFC", normalize("NFC", t).casefold().strip()), t) for t in texts]
    return values.replace_strict(texts, spelled, default=None, return_dtype=pl.String)


def rare_levels(values: pl.Series, k: int, persons: Ints | None = None, weights: Ints | None = None) -> pl.Series:
    """The levels of a column that fewer than k persons have, or rows where no persons are told.

    Args:
        weights: (n,) rows that each stands for; None: one.

    >>> rare_levels(pl.Series(["a", "a", "b", None]), 2).to_list()
    ['b']
    """
    if weights is not None:
        rows = pl.DataFrame({"level": values, "rows": weights}).drop_nulls().group_by("level").agg(pl.col("rows").sum())
        return rows.filter(pl.col("rows") < k)["level"].sort()
    who = np.arange(len(values)) if persons is None else persons
    held = pl.DataFrame({"level": values, "who": who}).group_by("level").agg(pl.col("who").n_unique()).drop_nulls()
    return held.filter(pl.col("who") < k)["level"].sort()


def encode(values: pl.Series, hierarchy: Hierarchy | None = None) -> Quasi:
    """A canonical column as codes; with a hierarchy, its levels in the hierarchy's order.

    Raises:
        InputError: the hierarchy misses values of the column, or its steps are not nested.
    """
    distinct = values.drop_nulls().unique().sort()
    is_scale = values.dtype.is_numeric() or values.dtype.is_temporal()
    missing = values.has_nulls()
    levels = distinct.extend_constant(None, 1) if missing else distinct
    codes = _codes(values, distinct)
    ladder = None
    if hierarchy is not None:
        order, ladder = _ladder(values.name, levels, np.bincount(codes, minlength=len(levels)), hierarchy)
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        levels, codes = levels.gather(order), rank[codes]
    return Quasi(values.name, codes, levels, positions(levels, is_scale), is_scale, ladder)


def _codes(values: pl.Series, distinct: pl.Series) -> Codes:
    """Rank of each value among the sorted distinct ones; missing comes after all."""
    if values.dtype == pl.String:
        physical = values.cast(pl.Enum(distinct)).to_physical()
    else:
        physical = values.rank("dense").cast(pl.Int64) - 1
    return physical.cast(pl.Int32).fill_null(len(distinct)).to_numpy()


def positions(levels: pl.Series, is_scale: bool) -> Floats:
    """Where each level lies on [0, 1]: numbers by value, others by rank. Missing among numbers lies apart, at 2."""
    m = len(levels)
    if not is_scale:
        return np.arange(m, dtype=np.float64) / max(m - 1, 1)
    physical = levels.to_physical() if levels.dtype.is_temporal() else levels
    if physical.dtype.is_integer():  # beyond 2**53 neighbours would be one float
        wide = pl.first().cast(pl.Int128)
        physical = physical.to_frame().select(wide - wide.min()).to_series()
    x = physical.cast(pl.Float64).to_numpy()
    known = x[~np.isnan(x)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    scaled: Floats = (x - low) / (high - low if high > low else 1.0)
    return np.where(np.isnan(scaled), 2.0, scaled)


def _ladder(name: str, levels: pl.Series, counts: Ints, hierarchy: Hierarchy) -> tuple[Ints, Ladder]:
    """The order of levels in which every node is a run, and the ladder in that order."""
    known = levels.is_not_null().to_numpy()
    steps: list[pl.Series] = []
    for step in range(1, hierarchy.height + 1):
        labels = hierarchy.labels(levels, step)
        lost = labels.is_null().to_numpy() & known
        if lost.any():
            raise InputError(
                f"column {name!r}: its hierarchy misses {int(lost.sum())} of {int(known.sum())} values "
                f"({int(counts[lost].sum())} rows) at step {step}; add them to it"
            )
        steps.append(labels)
    ids = [_first_seen(s) for s in steps]
    below: Ints = np.arange(len(levels))
    for step, above in enumerate(ids, start=1):
        pairs = len(np.unique(np.stack([below, above]), axis=1).T)
        split = pairs - len(np.unique(below))
        if split:
            raise InputError(
                f"column {name!r}: its hierarchy is not nested: {split} labels of step {step - 1} fall under "
                f"more than one label of step {step}"
            )
        below = above
    order: Ints = np.lexsort((np.arange(len(levels)), *ids)) if ids else np.arange(len(levels))
    maps, labels_of = [np.arange(len(levels), dtype=np.int32)], [as_label(levels.gather(order))]
    for labels, ids_of_step in zip(steps, ids, strict=True):
        run = ids_of_step[order]
        starts = np.flatnonzero(np.r_[True, run[1:] != run[:-1]])
        node = np.cumsum(np.r_[True, run[1:] != run[:-1]]) - 1
        maps.append(node.astype(np.int32))
        labels_of.append(labels.gather(order).gather(starts))
    return order, Ladder(hierarchy, tuple(maps), tuple(labels_of))


def _first_seen(labels: pl.Series) -> Ints:
    """A number for each distinct label in order of first appearance; null counts as a label."""
    frame = labels.alias("label").to_frame()
    table = frame.unique(maintain_order=True).with_row_index("id")
    return frame.join(table, on="label", how="left", nulls_equal=True, maintain_order="left")["id"].cast(
        pl.Int64
    ).to_numpy()  # fmt: skip


def fold(columns: list[npt.NDArray[Any]], sizes: list[int]) -> tuple[Ints, int]:
    """One integer key a row from several columns of codes, and the number of keys there may be.

    Mixed radix; where the product would pass 2**62 the key so far is numbered anew.

    Shape: d arrays (n,) -> (n,)
    """
    key: npt.NDArray[Any] = columns[0].astype(np.int32 if math.prod(sizes) < 2**31 else np.int64)
    width = sizes[0]
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        if width > 2**62 // max(size, 1):
            distinct, key = np.unique(key, return_inverse=True)
            width = len(distinct)
        key *= size
        key += column
        width *= size
    return key, width


def rows_of(codes: npt.NDArray[Any], m: int, weights: Ints | None) -> Ints:
    """(m,) the rows of each of so many codes; each code stands for as many as its weight, or for one."""
    counted = np.bincount(codes, weights, m)
    return counted if weights is None else counted.astype(np.int64)


def has_table(n: int, width: int) -> bool:
    """Whether a table of all keys is cheaper than a sort."""
    return width <= max(4 * n, 1 << 16)


def group(key: Ints, width: int) -> tuple[Ints, int]:
    """Keys numbered 0 .. G - 1, and G.

    Shape: (n,) -> (n,)
    """
    if has_table(len(key), width):
        seen = np.zeros(width, bool)
        seen[key] = True
        number: npt.NDArray[Any] = np.cumsum(seen, dtype=np.int32) - 1
        return number[key], int(number[-1]) + 1 if width else 0
    distinct, inverse = np.unique(key, return_inverse=True)
    return inverse, len(distinct)
