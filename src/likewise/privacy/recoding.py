"""A learned recoding: how cells of the quasi-identifiers are told, for the rows it was learnt from and for new ones.

Legend: n rows, G classes, m levels of a column, h height of its hierarchy.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from likewise.errors import LikewiseWarning, OptionError, nearest
from likewise.privacy.criteria import Bools
from likewise.privacy.encoding import Floats, Ints, Ladder, Quasi, Reader, persons_in
from likewise.privacy.ends import Ends, Held, ends_of
from likewise.privacy.labels import Hierarchy, as_label, joined_labels
from likewise.privacy.mondrian import Splits, common_step, descend
from likewise.privacy.nodes import cell_losses
from likewise.tables.frames import from_frame

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Recoding(ABC):
    """What `anonymize` learnt; `transform` tells new rows the same way.

    A row is told by its class: what is released is `labels[class]`, never a cell of the row itself.
    """

    readers: tuple[Reader, ...]
    labels: pl.DataFrame  # (G, quasi-identifiers) what is released of each class
    left_out: tuple[str, ...] = ()  # columns that are not released
    entity: str | None = None  # the column that tells whose a row is

    @property
    def quasi_identifiers(self) -> tuple[str, ...]:
        """The columns that are recoded."""
        return tuple(r.name for r in self.readers)

    @abstractmethod
    def find(self, table: pl.DataFrame) -> Ints:
        """(n,) the class of each row of a table, a Polars frame; -1 where it falls into none that is released."""

    def cells(self, classes: Ints) -> pl.DataFrame:
        """What is released for rows of these classes."""
        return self.labels[classes]

    def transform(
        self, frame: Any, *, k: int | None = None, keep_order: bool = False,
        random_state: int | np.random.Generator | None = None,
    ) -> Any:  # fmt: skip
        """New rows told as the first ones were; rows that fall into none of the released classes are left out.

        Every row that stays joins a class that at least k members of the first release are in, so both releases taken
        together keep k. Alone the new rows may form smaller classes: give `k` to leave those out too. Other promises
        (l, t, alpha) are not kept by new rows; `measure` tells how they stand.

        Args:
            frame: any frame that has the quasi-identifiers; columns that were left out are left out, others pass.
            k: smallest class of the new rows alone; in persons where the release counted persons.
            keep_order: leave the rows in their order, which may tell whose they are. Else they are shuffled.
            random_state: of the shuffle. None: by the operating system; whoever knows a seed can undo the shuffle.

        Raises:
            InputError: with `k`, a row has no entity.
            OptionError: a quasi-identifier lacks, or the recoding is a relaxed one: that tells equal rows apart, so it
                has no rule for new ones.

        Warns:
            LikewiseWarning: rows were left out; how many.
        """
        table, give_back = from_frame(frame)
        for name in self.quasi_identifiers:
            if name not in table.columns:
                raise OptionError(f"there is no column {name!r}{nearest(name, table.columns)}")
        classes = self.find(table)
        rows = np.flatnonzero(classes >= 0)
        out = table[rows].with_columns(self.cells(classes[rows]).get_columns())
        if k is not None and out.height:
            whose = out.with_columns(pl.Series("\0who", persons_in(table, self.entity)[rows]))
            out = out.filter(
                whose.select(pl.col("\0who").n_unique().over(list(self.quasi_identifiers)) >= k).to_series()
            )
        out = out.drop(self.left_out, strict=False)
        if out.height < table.height:
            n = table.height - out.height
            warnings.warn(f"{n} of {table.height} rows fall into no released class: left out", LikewiseWarning, 2)
        return give_back(out if keep_order else out[np.random.default_rng(random_state).permutation(out.height)])


@dataclass(frozen=True, kw_only=True)
class FullDomain(Recoding):
    """Each column told at one step of its hierarchy."""

    hierarchies: tuple[Hierarchy, ...]
    levels: tuple[int, ...]
    keys: pl.DataFrame  # (G, quasi-identifiers) the classes, by canonical values where the step is 0

    def keys_of(self, table: pl.DataFrame) -> pl.DataFrame:
        """What would tell the class of each row, released or not."""
        return keys_at(table, self.readers, self.hierarchies, self.levels)

    def find(self, table: pl.DataFrame) -> Ints:
        known = self.keys.with_row_index("\0class")
        joined = self.keys_of(table).join(
            known, on=self.keys.columns, how="left", nulls_equal=True, maintain_order="left"
        )  # fmt: skip
        return joined["\0class"].cast(pl.Int64).fill_null(-1).to_numpy()


@dataclass(frozen=True, kw_only=True)
class Starred(Recoding):
    """Single cells hidden, row by row."""

    def find(self, table: pl.DataFrame) -> Ints:
        raise OptionError("local suppression hides single cells of the rows it was given: it has no rule for new ones")


def keys_at(
    table: pl.DataFrame, readers: Sequence[Reader], hierarchies: Sequence[Hierarchy], levels: Sequence[int]
) -> pl.DataFrame:
    """The quasi-identifiers at one step each: labels, and canonical values where the step is 0."""
    values = (r.read(table[r.name]) for r in readers)
    steps = zip(values, hierarchies, levels, strict=True)
    return pl.DataFrame([hierarchy.labels(v, level).alias(v.name) if level else v for v, hierarchy, level in steps])


def labels_of(keys: pl.DataFrame, readers: Sequence[Reader], levels: Sequence[int]) -> pl.DataFrame:
    """What is released of these keys."""
    pairs = zip(readers, levels, strict=True)
    return pl.DataFrame([keys[r.name] if level else r.store(r.write(keys[r.name])) for r, level in pairs])


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
    def first(self) -> Ints:
        """(G,) a code of each class: the first, or that of missing where there is no other."""
        return np.where(self.low <= self.high, self.low, self.column.n_levels - 1)

    @property
    def is_general(self) -> bool:
        """Whether any class holds more than one value, or values that are not named."""
        return self.column.rare is not None or bool(
            ((self.low < self.high) | ((self.low <= self.high) & self.missing)).any()
        )

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


@dataclass(frozen=True, kw_only=True)
class Partition(Recoding):
    """Classes found by splitting the table; each says what it says of every column."""

    columns: tuple[ClassColumn, ...]
    splits: Splits
    is_rule: bool  # equal rows are told alike

    def find(self, table: pl.DataFrame) -> Ints:
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
        for column, value, node in zip(self.columns, values, nodes, strict=True):
            fits &= column.holds(np.maximum(classes, 0), value, node)
        return np.where(fits, classes, -1)


def partition_labels(columns: Sequence[ClassColumn], readers: Sequence[Reader]) -> pl.DataFrame:
    """What is released of each class: values themselves in columns of which no class holds two."""
    parts = []
    for column, reader in zip(columns, readers, strict=True):
        exact = None if column.is_general else reader.store(reader.write(column.column.values.gather(column.first)))
        parts.append((column.label if exact is None else exact).alias(reader.name))
    return pl.DataFrame(parts)


def class_column(
    column: Quasi, order: Ints, starts: Ints, classes: Ints, numbers: str, held: Held, n_rare: int = 0
) -> ClassColumn:
    """What classes say of a column.

    Args:
        order: (n,) rows sorted by class.
        starts: (G,) where each class begins in that order.
        classes: (n,) class of each row in that order.
        numbers: "interval", "mean" or "median".
        held: who has its levels.
        n_rare: levels that are too rare to be named.
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
        label, loss, members = _sets(column, classes, codes, len(starts), n_rare)
        return ClassColumn(column, label, loss, low, high, none, members)
    last = column.n_levels - 1 if column.has_missing else column.n_levels
    missing = high == last if column.has_missing else none
    high = np.maximum.reduceat(np.where(codes == last, -1, codes), starts)
    spans = np.flatnonzero(low < high)
    ends, loss = ends_of(column.values.drop_nulls(), held), np.zeros(len(starts))
    loss[spans] = ends.high_at[high[spans]] - ends.low_at[low[spans]]
    loss = np.where(missing & (high >= 0), 1.0, loss)
    if numbers == "interval":
        label = _intervals(column, low, high, missing, ends)
    else:
        label = _centres(column, order, starts, numbers, held)
    return ClassColumn(column, label, loss, low, high, missing, None)


def _at_steps(ladder: Ladder, step: Ints, low: Ints) -> pl.Series:
    offsets = np.cumsum([0, *(len(s) for s in ladder.labels)])
    every = pl.concat([s.alias("label") for s in ladder.labels])
    return every.gather(pl.Series(offsets[step] + np.stack(ladder.maps)[step, low]))


def _sets(column: Quasi, classes: Ints, codes: Ints, n_classes: int, n_rare: int) -> tuple[pl.Series, Floats, Ints]:
    """The levels of each class, joined; a class of missing cells only stays missing."""
    m = column.n_levels
    members = np.unique(classes * m + codes)
    texts = as_label(column.values)
    frame = pl.DataFrame({"class": members // m, "label": texts.gather(pl.Series(members % m))})
    several = pl.len() > 1
    joined = frame.group_by("class", maintain_order=True).agg(
        pl.when(several).then(joined_labels("label")).otherwise(pl.first("label"))
    )
    stands_for = np.where(np.arange(m) == column.rare, n_rare, 1)
    covered = np.bincount(members // m, stands_for[members % m], minlength=n_classes)
    return joined["label"], np.where(covered > 1, covered / stands_for.sum(), 0.0), members


def _intervals(column: Quasi, low: Ints, high: Ints, missing: Bools, ends: Ends) -> pl.Series:
    frame = pl.DataFrame({
        "a": as_label(ends.low).extend_constant(None, 1).gather(pl.Series(np.minimum(low, len(ends.low)))),
        "b": as_label(ends.high).extend_constant(None, 1).gather(pl.Series(np.maximum(high, 0))),
        "value": as_label(column.values).gather(pl.Series(low)),
        "one": low == high, "none": high < 0, "missing": missing,
    })  # fmt: skip
    span = pl.when("one").then("value").otherwise(pl.format("[{}, {}]", "a", "b"))
    told = pl.when("missing").then(pl.format("{} or missing", span)).otherwise(span)
    return frame.select(pl.when("none").then(None).otherwise(told).alias("label"))["label"]


def _centres(column: Quasi, order: Ints, starts: Ints, numbers: str, held: Held) -> pl.Series:
    """The mean or median of each class; a median that few have gives way to the mean of the middle half."""
    values = column.values.gather(pl.Series(column.codes[order]))
    values = values.cast(pl.Float64) if values.dtype.is_decimal() else values
    sizes = np.diff(np.r_[starts, len(order)])
    frame = pl.DataFrame({"class": np.repeat(np.arange(len(starts)), sizes), "x": values})
    if numbers == "mean":
        return frame.group_by("class", maintain_order=True).agg(pl.col("x").mean())["x"]
    x, n = pl.col("x").drop_nulls().sort(), pl.col("x").count()
    told = frame.group_by("class", maintain_order=True).agg(
        x=x.median(), middle=x.slice(n // 4, pl.max_horizontal(n - 2 * (n // 4), 1)).mean()
    )
    own = column.values.gather(np.flatnonzero(held.is_rare)).cast(frame.schema["x"])
    is_own = pl.col("x").is_in(own.cast(told.schema["x"]).implode())
    return told.select(pl.when(is_own).then("middle").otherwise("x").alias("x"))["x"]


def codes_of(column: Quasi, values: pl.Series) -> tuple[Ints, Ints]:
    """New values on the scale of a column's codes: the last code at or below each, and the first at or above.

    For levels without order both are the level's code, or -1 for one never seen. Missing is the last code where the
    column has one, else out of reach on both sides.

    Shape: (n,) -> (n,), (n,)
    """
    known = column.values.drop_nulls()
    null = values.is_null().to_numpy()
    if column.is_scale and column.ladder is None:
        grid, x = _physical(known), _physical(values.fill_null(known[0]) if len(known) else values)
        below = grid.search_sorted(x, side="right").cast(pl.Int64).to_numpy() - 1
        above = grid.search_sorted(x, side="left").cast(pl.Int64).to_numpy()
        above = np.where(above >= len(grid), _NEVER, above)
    else:
        table = pl.DataFrame({"value": column.values, "code": np.arange(column.n_levels)})
        joined = values.alias("value").to_frame().join(
            table, on="value", how="left", nulls_equal=True, maintain_order="left"
        )  # fmt: skip
        below = above = joined["code"].fill_null(-1).to_numpy()
    if column.rare is not None:
        below = above = np.where((below < 0) & ~null, column.rare, below)
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


def _physical(series: pl.Series) -> pl.Series:
    return series.to_physical() if series.dtype.is_temporal() else series
