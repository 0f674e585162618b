"""How a rule is made to hold: what of a table a model learns in its place, and how the cells are made of that.

A step takes columns out of the table that is learnt, or puts others in their place, and makes them again from what was
drawn: a total from its parts, a later date from an earlier one and a gap, several columns from one that holds their
combinations. What a step makes keeps its rule by construction, or nearly, and is looked at all the same (`plan.py`).

Frames are canonical ones: `outer` those of the user's schema, `inner` those that a codec and a generator learn.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import polars as pl

from likewise.conditions import Condition, OneOf, meeting
from likewise.errors import ConditionError
from likewise.schema.column import Column, Kind, Role
from likewise.schema.parse import canonical_dtype


class Step(ABC):
    """One way by which outer columns come from inner ones.

    Args:
        learnt: whether what it makes is learnt all the same.
    """

    kind: ClassVar[str]
    learnt = False

    @property
    @abstractmethod
    def makes(self) -> tuple[str, ...]:
        """Outer columns that it writes."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Outer columns that must be there before."""
        return ()

    @property
    def gone(self) -> tuple[str, ...]:
        """Outer columns that are not learnt."""
        return () if self.learnt else self.makes

    @property
    def own(self) -> tuple[Column, ...]:
        """Columns that are learnt in their place."""
        return ()

    def forward(self, outer: pl.DataFrame) -> list[pl.Series]:
        """The own columns of these rows."""
        return []

    @abstractmethod
    def back(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with what the step makes."""

    def state(self) -> dict[str, Any]:
        """Plain data from which `plan` makes it again."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return {"kind": self.kind} | {
            k: v for k, v in plain.items() if isinstance(v, str | int | float | bool | list | tuple)
        }


def as_cell(value: pl.Expr, column: Column) -> pl.Expr:
    """A computed value as a cell of a column, as exact as the column is written; what is no number is missing."""
    match column.kind:
        case Kind.INTEGER:
            return value.round(0).cast(pl.Int64, strict=False)
        case Kind.REAL:
            number = value.cast(pl.Float64)
            number = number if column.decimals is None else number.round(column.decimals)
            return pl.when(number.is_finite()).then(number + 0.0)
        case _:
            return value.cast(canonical_dtype(column), strict=False)


@dataclass(frozen=True)
class StepOfOne(Step):
    """A step that makes one column."""

    column: Column

    @property
    def makes(self) -> tuple[str, ...]:
        return (self.column.name,)


@dataclass(frozen=True)
class Computed(StepOfOne):
    """A column that an equation gives from others.

    Args:
        column: that is made.
        rule: number of the rule.
        part: which of the claims that the rule joins.
        value: what it is made of.
        read: columns of `value` and of `where`.
        learnt: for the rows that the rule does not bind, and for which of its cells are missing.
        where: the rows in which it holds; None for all.
        over: whether a missing cell is written too, as where a rule says that it is missing, or not missing.
    """

    kind: ClassVar[str] = "computed"
    rule: int
    part: int
    value: pl.Expr
    read: tuple[str, ...]
    learnt: bool
    where: pl.Expr | None = None
    over: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        return self.read

    def back(self, frame: pl.DataFrame) -> pl.DataFrame:
        value = as_cell(self.value, self.column)
        if self.learnt:
            old = pl.col(self.column.name)
            binds = pl.lit(True) if self.over else old.is_not_null() & value.is_not_null()
            binds = binds if self.where is None else binds & self.where.fill_null(False)
            value = pl.when(binds).then(value).otherwise(old)
        return frame.with_columns(value.alias(self.column.name))

    def state(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "rule": self.rule,
            "part": self.part,
            "column": self.column.name,
            "learnt": self.learnt,
        }


@dataclass(frozen=True)
class Gap(StepOfOne):
    """A column that is never below others, as the greatest of those that are there and what lies between.

    Args:
        column: the upper one.
        lows: those that are not above it; a missing one does not bind.
        gap: the column that is learnt in its place.
        unit: of what lies between: microseconds for moments.
        learnt: for the rows in which all lower ones are missing.
    """

    kind: ClassVar[str] = "gap"
    lows: tuple[str, ...]
    gap: Column
    unit: int = 1
    learnt: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        return self.lows

    @property
    def own(self) -> tuple[Column, ...]:
        return (self.gap, self.column) if self.learnt else (self.gap,)

    @property
    def _base(self) -> pl.Expr:
        return pl.max_horizontal([pl.col(name) for name in self.lows])

    def forward(self, outer: pl.DataFrame) -> list[pl.Series]:
        high = pl.col(self.column.name)
        gap = high - self._base
        match self.column.kind:
            case Kind.REAL:
                gap = as_cell(pl.when(gap > 0).then(gap).when(gap <= 0).then(0.0), self.gap)
            case Kind.DATETIME if canonical_dtype(self.column) == pl.Date:
                gap = gap.dt.total_days().clip(0)
            case Kind.DATETIME:
                gap = (gap.dt.total_microseconds() // self.unit).clip(0)
            case _:
                gap = gap.clip(0)
        found = [gap.alias(self.gap.name)]
        if self.learnt:
            found.append(pl.when(self._base.is_null()).then(high).alias(self.column.name))
        return outer.select(found).get_columns()

    def back(self, frame: pl.DataFrame) -> pl.DataFrame:
        gap, base, dtype = pl.col(self.gap.name), self._base, canonical_dtype(self.column)
        if dtype == pl.Date:
            made = base + pl.duration(days=gap)
        elif self.column.kind is Kind.DATETIME:
            made = base + pl.duration(microseconds=gap * self.unit)
        else:
            made = base + gap
        alone = pl.col(self.column.name) if self.learnt else pl.lit(None, dtype=dtype)
        value = pl.when(base.is_not_null()).then(as_cell(made, self.column)).otherwise(alone)
        return frame.with_columns(value.alias(self.column.name))

    def below(self, high: pl.Expr, gap: pl.Expr) -> pl.Expr:
        """What lies that gap below."""
        dtype = canonical_dtype(self.column)
        if dtype == pl.Date:
            return high - pl.duration(days=gap)
        return high - (pl.duration(microseconds=gap * self.unit) if dtype.is_temporal() else gap)

    def state(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "column": self.column.name, "lows": list(self.lows), "gap": self.gap.to_dict(),
            "unit": self.unit, "learnt": self.learnt,
        }  # fmt: skip


@dataclass(frozen=True)
class Joint(Step):
    """Columns of which only some combinations are allowed, as one column whose levels are the combinations. Its codec
    keeps those that enough people have; a missing cell is a value like others.

    Args:
        columns: those of the combination.
        level: the column that is learnt in their place.
    """

    kind: ClassVar[str] = "joint"
    columns: tuple[Column, ...]
    level: Column

    @classmethod
    def of(cls, columns: tuple[Column, ...], taken: tuple[str, ...]) -> Self:
        role = next((c.role for c in columns if c.role is not Role.FEATURE), Role.FEATURE)
        name = free_name(", ".join(c.name for c in columns), taken)
        return cls(columns, Column(name=name, kind=Kind.CATEGORICAL, role=role, nullable=False))

    @property
    def makes(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    @property
    def own(self) -> tuple[Column, ...]:
        return (self.level,)

    def forward(self, outer: pl.DataFrame) -> list[pl.Series]:
        cells = [_physical(pl.col(c.name), canonical_dtype(c)).alias(str(i)) for i, c in enumerate(self.columns)]
        return [outer.select(pl.struct(cells).struct.json_encode().alias(self.level.name)).to_series()]

    def back(self, frame: pl.DataFrame) -> pl.DataFrame:
        levels = frame[self.level.name]
        met = levels.unique()
        return frame.join(self.split(met), on=self.level.name, how="left", maintain_order="left", nulls_equal=True)

    def split(self, levels: pl.Series) -> pl.DataFrame:
        """The cells of each level, beside it."""
        rows = [[None] * len(self.columns) if text is None else list(json.loads(text).values()) for text in levels]
        cells = [
            pl.Series(c.name, [row[i] for row in rows], dtype=_stored(canonical_dtype(c)), strict=False).cast(
                canonical_dtype(c)
            )
            for i, c in enumerate(self.columns)
        ]
        return pl.DataFrame([levels.alias(self.level.name), *cells])

    def condition(self, asked: Mapping[str, Condition], levels: tuple[str, ...]) -> OneOf:
        """The combinations, of those kept, that meet conditions on the columns.

        Raises:
            ConditionError: none does.
        """
        table = self.split(pl.Series(self.level.name, levels, dtype=pl.String))
        met = meeting_combinations(table, asked, self.makes)[self.level.name]
        return OneOf(tuple(met))

    def matching(self, cells: Mapping[str, Any], levels: tuple[str, ...]) -> tuple[str, ...]:
        """The combinations that hold these cells."""
        table = self.split(pl.Series(self.level.name, levels, dtype=pl.String))
        return tuple(table.filter([pl.col(name) == value for name, value in cells.items()])[self.level.name])

    def state(self) -> dict[str, Any]:
        return {"kind": self.kind, "columns": [c.name for c in self.columns], "level": self.level.name}


def meeting_combinations(table: pl.DataFrame, asked: Mapping[str, Condition], columns: tuple[str, ...]) -> pl.DataFrame:
    """The allowed combinations, a row each, that meet conditions on the columns.

    Raises:
        ConditionError: none does.
    """
    met = table.filter(meeting(table, asked))
    if not len(met):
        raise ConditionError(
            f"of the {len(table)} combinations of {', '.join(map(repr, columns))} that enough people have, none meets "
            f"them; widen the conditions on {', '.join(map(repr, asked))}"
        )
    return met


def _stored(dtype: pl.DataType) -> pl.DataType:
    if isinstance(dtype, pl.Datetime | pl.Time):
        return pl.Int64()
    return pl.Int32() if dtype == pl.Date else dtype


def _physical(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    return cell.to_physical() if dtype.is_temporal() else cell


@dataclass(frozen=True)
class Scaled(StepOfOne):
    """A column of multiples, as how many times.

    Args:
        column: of which column % step = rest.
        step, rest: as the rule says them.
        times: the column that is learnt in its place.
    """

    kind: ClassVar[str] = "scaled"
    step: float
    rest: float
    times: Column

    @classmethod
    def of(cls, column: Column, step: float, rest: float, taken: tuple[str, ...]) -> Self:
        bounds = column.bounds
        if bounds is not None:
            low, high = sorted((end - rest) / step for end in bounds)
            bounds = (int(-(-low // 1)), int(high // 1))
        name = free_name(f"{column.name} / {step}", taken)
        times = Column(
            name=name, kind=Kind.INTEGER, role=column.role, dtype="Int64", bounds=bounds, nullable=column.nullable
        )
        return cls(column, step, rest, times)

    @property
    def own(self) -> tuple[Column, ...]:
        return (self.times,)

    def forward(self, outer: pl.DataFrame) -> list[pl.Series]:
        above = pl.col(self.column.name) - self.rest
        if self.column.kind is Kind.INTEGER and isinstance(self.step, int) and isinstance(self.rest, int):
            times = (above + abs(self.step) // 2) // self.step  # exact beyond 2^53
        else:
            times = (above / self.step).round(0).cast(pl.Int64, strict=False)
        return [outer.select(times.alias(self.times.name)).to_series()]

    def back(self, frame: pl.DataFrame) -> pl.DataFrame:
        value = as_cell(pl.col(self.times.name) * self.step + self.rest, self.column)
        return frame.with_columns(value.alias(self.column.name))

    def state(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "column": self.column.name, "step": self.step, "rest": self.rest,
            "times": self.times.name,
        }  # fmt: skip


@dataclass(frozen=True)
class Presence(StepOfOne):
    """Whether a key is there: that is learnt, as the key itself is not. What stands in its place is no value of it.

    Args:
        column: the key.
        there: the column of truth values that is learnt beside it.
    """

    kind: ClassVar[str] = "presence"
    there: Column
    learnt = True

    @classmethod
    def of(cls, column: Column, taken: tuple[str, ...]) -> Self:
        name = free_name(f"{column.name} is there", taken)
        return cls(column, Column(name=name, kind=Kind.BOOLEAN, dtype="Boolean", nullable=False))

    @property
    def own(self) -> tuple[Column, ...]:
        return (self.there,)

    def forward(self, outer: pl.DataFrame) -> list[pl.Series]:
        return [outer[self.column.name].is_not_null().alias(self.there.name)]

    def back(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self.column.name in frame.columns:
            return frame
        return frame.with_columns(pl.when(self.there.name).then(pl.lit("")).alias(self.column.name))

    def state(self) -> dict[str, Any]:
        return {"kind": self.kind, "column": self.column.name}


def free_name(name: str, taken: tuple[str, ...]) -> str:
    """The name, with a dash behind it for each column that is called so already."""
    while name in taken:
        name += "'"
    return name
