"""A learned recoding: how cells of the quasi-identifiers are told, for the rows it was learnt from and for new ones.

Legend: n rows, G classes, m levels of a column, h height of its hierarchy.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from likewise._frames import from_frame
from likewise.errors import LikewiseWarning, OptionError
from likewise.privacy.criteria import Bools
from likewise.privacy.encoding import Floats, Ints, Ladder, Quasi, Reader
from likewise.privacy.labels import Hierarchy, as_label, joined_labels
from likewise.privacy.mondrian import Splits, common_step, descend
from likewise.privacy.nodes import cell_losses
from likewise.schema import nearest

_NEVER = np.iinfo(np.int64).max


class Recoding(ABC):
    """What `anonymize` learnt; `transform` tells new rows the same way."""

    readers: tuple[Reader, ...]

    @property
    def quasi_identifiers(self) -> tuple[str, ...]:
        return tuple(r.name for r in self.readers)

    @abstractmethod
    def recode(self, table: pl.DataFrame) -> tuple[pl.DataFrame, Bools]:
        """The quasi-identifiers of a Polars frame as they are released, and which rows fall into a released class."""

    def transform(self, frame: Any, *, k: int | None = None) -> Any:
        """New rows told as the first ones were; rows that fall into none of the released classes are left out.

        Every row that stays joins a class that at least k rows of the first release are in, so both releases taken
        together keep k. Alone the new rows may form smaller classes: give `k` to leave those out too. Other promises
        (l, t, alpha) are not kept by new rows; `measure` tells how they stand.

        Args:
            frame: any frame that has the quasi-identifiers; other columns pass through.
            k: smallest class of the new rows alone.

        Raises:
            OptionError: a quasi-identifier lacks, or the recoding is a relaxed one: that tells equal rows apart, so it
                has no rule for new ones.

        Warns:
            LikewiseWarning: rows were left out; how many.
        """
        table, give_back = from_frame(frame)
        for name in self.quasi_identifiers:
            if name not in table.columns:
                raise OptionError(f"there is no column {name!r}{nearest(name, table.columns)}")
        cells, fits = self.recode(table)
        out = table.with_columns(cells.get_columns()).filter(pl.Series(fits))
        if k is not None and out.height:
            out = out.filter(pl.len().over(list(self.quasi_identifiers)) >= k)
        if out.height < table.height:
            n = table.height - out.height
            warnings.warn(f"{n} of {table.height} rows fall into no released class: left out", LikewiseWarning, 2)
        return give_back(out)


@dataclass(frozen=True)
class FullDomain(Recoding):
    """Each column told at one step of its hierarchy."""

    readers: tuple[Reader, ...]
    hierarchies: tuple[Hierarchy, ...]
    levels: tuple[int, ...]
    as_it_came: tuple[bool, ...]  # a column at step 0 keeps its own cells, not their canonical form
    released: pl.DataFrame | None = None  # (G, columns) the classes

    def recode(self, table: pl.DataFrame) -> tuple[pl.DataFrame, Bools]:
        parts = []
        for reader, hierarchy, level, own in zip(
            self.readers, self.hierarchies, self.levels, self.as_it_came, strict=True
        ):
            raw = table[reader.name]
            if level == 0:
                parts.append(raw if own else reader.read(raw))
            else:
                parts.append(hierarchy.labels(reader.read(raw), level).alias(reader.name))
        cells = pl.DataFrame(parts)
        if self.released is None:
            return cells, np.ones(table.height, bool)
        known = self.released.with_columns(pl.lit(True).alias("\0known"))
        typed = cells.cast({c: t for c, t in self.released.schema.items() if cells.schema[c] != t}, strict=False)
        joined = typed.join(known, on=cells.columns, how="left", nulls_equal=True, maintain_order="left")
        return cells, joined["\0known"].fill_null(False).to_numpy()


@dataclass(frozen=True)
class ClassColumn:
    """One column of a partition: what each class says of it."""

    column: Quasi  # its codes are those of the rows it was learnt from
    label: pl.Series  # (G,) what is released
    loss: Floats  # (G,)
    low: Ints  # (G,) first and last code that is not missing; with a hierarchy of all
    high: Ints
    missing: Bools  # (G,) whether a missing value is in the class
    members: Ints | None  # class * m + code, rising; for levels without order or hierarchy

    @property
    def is_general(self) -> bool:
        """Whether any class holds more than one value."""
        return bool(((self.low < self.high) | ((self.low <= self.high) & self.missing)).any())

    def holds(self, classes: Ints, values: pl.Series, nodes: Ints | None) -> Bools:
        """Whether what the class of each row says is true of the row.

        Shape: (n,), (n,), (h + 1, n) -> (n,)
        """
        column = self.column
        if column.ladder is not None:
            assert nodes is not None
            step = common_step(column, self.low.astype(np.int32), self.high.astype(np.int32))
            want = np.stack(column.ladder.maps)[step, self.low]
            return np.asarray(nodes[step[classes], np.arange(len(classes))] == want[classes])
        if self.members is not None:
            key = classes * column.n_levels + codes_of(column, values)[0]
            return np.isin(key, self.members) & (codes_of(column, values)[0] >= 0)
        at_least, at_most = codes_of(column, values)
        inside = (at_least >= self.low[classes]) & (at_most <= self.high[classes])
        return np.where(values.is_null().to_numpy(), self.missing[classes], inside)


@dataclass(frozen=True)
class Partition(Recoding):
    """Classes found by splitting the table; each says what it says of every column."""

    readers: tuple[Reader, ...]
    columns: tuple[ClassColumn, ...]
    splits: Splits
    is_rule: bool  # equal rows are told alike
    as_it_came: tuple[bool, ...]

    def recode(self, table: pl.DataFrame) -> tuple[pl.DataFrame, Bools]:
        if not self.is_rule:
            raise OptionError(
                "a relaxed recoding tells equal rows apart, so it has no rule for new ones; use 'mondrian'"
            )
        values = [reader.read(table[reader.name]) for reader in self.readers]
        nodes = [None if c.column.ladder is None else nodes_of(c.column.ladder, v)
                 for c, v in zip(self.columns, values, strict=True)]  # fmt: skip
        codes = [codes_of(c.column, v)[0] for c, v in zip(self.columns, values, strict=True)]
        classes = descend(self.splits, codes, nodes)
        fits: Bools = classes >= 0
        classes = np.maximum(classes, 0)
        for column, value, node in zip(self.columns, values, nodes, strict=True):
            fits &= column.holds(classes, value, node)
        return self.cells(classes, table), fits

    def cells(self, classes: Ints, table: pl.DataFrame) -> pl.DataFrame:
        """What is released for rows of these classes."""
        index = pl.Series(classes)
        parts = []
        for column, reader, own in zip(self.columns, self.readers, self.as_it_came, strict=True):
            exact = own and not column.is_general
            parts.append(table[reader.name] if exact else column.label.gather(index).alias(reader.name))
        return pl.DataFrame(parts)


def class_column(column: Quasi, order: Ints, starts: Ints, classes: Ints, numbers: str) -> ClassColumn:
    """What classes say of a column.

    Args:
        order: (n,) rows sorted by class.
        starts: (G,) where each class begins in that order.
        classes: (n,) class of each row in that order.
        numbers: "interval", "mean" or "median".
    """
    codes = column.codes[order].astype(np.int64)
    low, high = np.minimum.reduceat(codes, starts), np.maximum.reduceat(codes, starts)
    none = np.zeros(len(starts), bool)
    if column.ladder is not None:
        step = common_step(column, low.astype(np.int32), high.astype(np.int32))
        label = _at_steps(column.ladder, step, low)
        loss = np.stack(cell_losses(column))[step, low]
        return ClassColumn(column, label, loss, low, high, none, None)
    if not column.is_scale:
        label, loss, members = _sets(column, classes, codes, len(starts))
        return ClassColumn(column, label, loss, low, high, none, members)
    last = column.n_levels - 1 if column.has_missing else column.n_levels
    missing = high == last if column.has_missing else none
    high = np.maximum.reduceat(np.where(codes == last, -1, codes), starts)
    spread = column.position[np.maximum(high, 0)] - column.position[np.minimum(low, np.maximum(high, 0))]
    loss = np.where(missing & (high >= 0), 1.0, spread)
    label = (
        _intervals(column, low, high, missing) if numbers == "interval" else _centres(column, order, starts, numbers)
    )
    return ClassColumn(column, label, loss, low, high, missing, None)


def _at_steps(ladder: Ladder, step: Ints, low: Ints) -> pl.Series:
    offsets = np.cumsum([0, *(len(s) for s in ladder.labels)])
    every = pl.concat([s.alias("label") for s in ladder.labels])
    return every.gather(pl.Series(offsets[step] + np.stack(ladder.maps)[step, low]))


def _sets(column: Quasi, classes: Ints, codes: Ints, n_classes: int) -> tuple[pl.Series, Floats, Ints]:
    """The levels of each class, joined; a class of missing cells only stays missing."""
    m = column.n_levels
    members = np.unique(classes * m + codes)
    count = np.bincount(members // m, minlength=n_classes)
    texts = as_label(column.values)
    frame = pl.DataFrame({"class": members // m, "label": texts.gather(pl.Series(members % m))})
    several = pl.len() > 1
    joined = frame.group_by("class", maintain_order=True).agg(
        pl.when(several).then(joined_labels("label")).otherwise(pl.first("label"))
    )
    return joined["label"], np.where(count > 1, count / m, 0.0), members


def _intervals(column: Quasi, low: Ints, high: Ints, missing: Bools) -> pl.Series:
    texts = as_label(column.values)
    frame = pl.DataFrame({
        "a": texts.gather(pl.Series(low)), "b": texts.gather(pl.Series(np.maximum(high, 0))),
        "one": low == high, "none": high < 0, "missing": missing,
    })  # fmt: skip
    span = pl.when("one").then("a").otherwise(pl.format("[{}, {}]", "a", "b"))
    told = pl.when("missing").then(pl.format("{} or missing", span)).otherwise(span)
    return frame.select(pl.when("none").then(None).otherwise(told).alias("label"))["label"]


def _centres(column: Quasi, order: Ints, starts: Ints, numbers: str) -> pl.Series:
    values = column.values.gather(pl.Series(column.codes[order]))
    sizes = np.diff(np.r_[starts, len(order)])
    frame = pl.DataFrame({"class": np.repeat(np.arange(len(starts)), sizes), "x": values})
    centre = pl.col("x").mean() if numbers == "mean" else pl.col("x").median()
    return frame.group_by("class", maintain_order=True).agg(centre)["x"]


def codes_of(column: Quasi, values: pl.Series) -> tuple[Ints, Ints]:
    """New values on the scale of a column's codes: the last code at or below each, and the first at or above.

    For levels without order both are the level's code, or -1 for one never seen. Missing is the last code where the
    column has one, else out of reach on both sides.

    Shape: (n,) -> (n,), (n,)
    """
    known = column.values.drop_nulls()
    null = values.is_null().to_numpy()
    if column.is_scale and column.ladder is None:
        grid, x = (_physical(s) for s in (known, values.fill_null(known[0]) if len(known) else values))
        below = np.searchsorted(grid, x, side="right") - 1
        above = np.searchsorted(grid, x, side="left")
        above = np.where(above >= len(grid), _NEVER, above)
    else:
        table = pl.DataFrame({"value": column.values, "code": np.arange(column.n_levels)})
        joined = values.alias("value").to_frame().join(
            table, on="value", how="left", nulls_equal=True, maintain_order="left"
        )  # fmt: skip
        below = above = joined["code"].fill_null(-1).to_numpy()
    code = column.n_levels - 1 if column.has_missing and column.is_scale else -1
    if column.is_scale and column.ladder is None:
        below, above = np.where(null, code, below), np.where(null, code, above)
    return below, above


def nodes_of(ladder: Ladder, values: pl.Series) -> Ints:
    """The node of new values at each step of a hierarchy; -1 for a label never seen.

    Shape: (n,) -> (h + 1, n)
    """
    distinct = values.unique(maintain_order=True)
    rows = []
    for step, labels in enumerate(ladder.labels):
        told = as_label(distinct) if step == 0 else ladder.hierarchy.labels(distinct, step)
        table = pl.DataFrame({"label": labels, "node": np.arange(len(labels))})
        found = told.alias("label").to_frame().join(table, on="label", how="left", nulls_equal=True,
                                                    maintain_order="left")  # fmt: skip
        rows.append(found["node"].fill_null(-1))
    number = pl.DataFrame({"value": distinct, "at": np.arange(len(distinct))})
    at = values.alias("value").to_frame().join(number, on="value", how="left", nulls_equal=True, maintain_order="left")
    return np.stack([r.to_numpy() for r in rows])[:, at["at"].to_numpy()]


def _physical(series: pl.Series) -> Floats:
    physical = series.to_physical() if series.dtype.is_temporal() else series
    return physical.to_numpy()
