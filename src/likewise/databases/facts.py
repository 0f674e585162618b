"""What is known of each column before keys are looked for: its distinct values, how many rows hold each."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from likewise.databases.naming import TableName, table_names
from likewise.databases.pointing import TOKENS, alike, plain
from likewise.errors import LikewiseError
from likewise.schema import column as schema
from likewise.schema.column import Kind
from likewise.schema.infer import infer
from likewise.schema.keys import is_measure
from likewise.schema.semantics import Semantic

_LOOKED_AT = 1_000
_LONG = 64
"""Letters; longer texts on the whole are prose or data and no keys."""


@dataclass(frozen=True)
class Column:
    """A column of a table, as a key is looked for.

    Args:
        table, name: whose.
        called: its name without letters that stand before those of all columns of its table, such as `l_`.
        place: among the columns of its table, from 0.
        values: (n,) as `pointing.plain` gives them.
        told: what it looks like by some rows; None: all are missing.
    """

    table: str
    name: str
    called: str
    place: int
    values: pl.Series
    told: schema.Column | None

    @cached_property
    def counts(self) -> pl.DataFrame:
        """(k, 2) distinct known values, and the rows of each; "NA" and the like are none, but among keys (Namibia)."""
        counted = self.values.drop_nulls().rename("value").value_counts()
        if self.values.dtype == pl.String and len(counted) < len(self.values):
            counted = counted.filter(~pl.col("value").is_in(TOKENS))
        return counted

    @property
    def distinct(self) -> pl.Series:
        return self.counts["value"]

    @cached_property
    def n_known(self) -> int:
        return int(self.counts["count"].sum())

    @property
    def is_complete(self) -> bool:
        return self.n_known == len(self.values)

    @property
    def is_unique(self) -> bool:
        """Whether no two known values are the same."""
        return len(self.distinct) == self.n_known > 0

    @cached_property
    def may_be_key(self) -> bool:
        """Whether its type lets it be a key: whole numbers, texts that are short, moments."""
        dtype = self.values.dtype
        if self.told is not None and self.told.kind in (Kind.REAL, Kind.BOOLEAN):
            return dtype.is_integer() and self.told.kind is Kind.BOOLEAN
        if dtype == pl.String:
            return bool(len(self.distinct) and self.distinct.str.len_chars().mean() <= _LONG)  # type: ignore[operator]
        return dtype.is_integer() or dtype == pl.Binary or isinstance(dtype, pl.Datetime)

    @property
    def is_time(self) -> bool:
        """Whether it holds moments or days."""
        return (self.told is not None and self.told.kind is Kind.DATETIME) or isinstance(self.values.dtype, pl.Datetime)

    @property
    def is_of_birth(self) -> bool:
        """Whether it tells when somebody was born, which orders nothing."""
        return self.told is not None and self.told.semantic is Semantic.BIRTH_DATE

    @cached_property
    def is_number(self) -> bool:
        return self.values.dtype.is_integer() or self.numbers is not None

    @cached_property
    def numbers(self) -> pl.Series | None:
        """The distinct values as whole numbers; None where they are none."""
        if self.values.dtype.is_integer():
            return self.distinct
        if self.values.dtype != pl.String or not len(self.distinct):
            return None
        if not self.distinct.head(50).str.contains(r"^[+-]?\d{1,18}$").all():
            return None
        return self.distinct.cast(pl.Int64) if self.distinct.str.contains(r"^[+-]?\d{1,18}$").all() else None

    @cached_property
    def low_high(self) -> tuple[int, int]:
        """Of whole numbers."""
        assert self.numbers is not None
        return int(self.numbers.min()), int(self.numbers.max())  # type: ignore[arg-type]

    @cached_property
    def density(self) -> float:
        """The share of what might stand here, by its form, that does: of whole numbers those of the range, of texts all
        of these letters at these places. What is found among 9 of 10 may be so by chance, among 1 of 1,000 hardly."""
        if self.numbers is not None and not self._is_padded:
            low, high = self.low_high
            return min(1.0, len(self.numbers) / (high - low + 1))
        if self.values.dtype != pl.String:
            return 1.0
        places = [self.distinct.str.slice(i, 1) for i in range(12)]
        room = math.prod(max(1, place.n_unique()) for place in places)
        return min(1.0, len(self.distinct) / room)

    @cached_property
    def _is_padded(self) -> bool:
        return self.values.dtype == pl.String and bool(self.distinct.str.contains(r"^0\d").any())

    @cached_property
    def chance_of_pair(self) -> float:
        """How likely two different rows at random hold the same."""
        counts = self.counts["count"].cast(pl.Float64)
        return float((counts * (counts - 1)).sum() / max(1, self.n_known * (self.n_known - 1)))

    def found_in(self, key: Column) -> pl.Series:
        """(k,) which of the distinct values stand in a key."""
        if self.numbers is not None and key.numbers is not None and not (self._is_padded or key._is_padded):
            own, other = self.numbers, key.numbers
        else:
            own, other = alike(self.distinct, key.distinct)
        return own.is_in(other.implode()).fill_null(False)


@dataclass(frozen=True)
class Facts:
    """Of all tables: their frames, their names and their columns by name."""

    tables: Mapping[str, pl.DataFrame]
    names: Mapping[str, TableName]
    columns: Mapping[str, Mapping[str, Column]]

    @classmethod
    def of(cls, tables: Mapping[str, pl.DataFrame]) -> Facts:
        """Look at all columns; of what they are like, at some rows."""
        columns = {}
        for table, frame in tables.items():
            told = _told(frame)
            columns[table] = {
                name: Column(table, name, called, place, plain(frame[name]), told.get(name))
                for place, (name, called) in enumerate(zip(frame.columns, _called(frame.columns), strict=True))
            }
        return cls(tables, table_names(tables), columns)


def _called(names: Sequence[str]) -> list[str]:
    """Names of columns without one or two letters and a mark that all begin with."""
    starts = {match[0] if (match := re.match(r"[A-Za-z]{1,2}_(?=\w)", name)) else "" for name in names}
    start = starts.pop() if len(starts) == 1 and len(names) > 2 else ""
    return [name.removeprefix(start) for name in names]


def _told(frame: pl.DataFrame) -> dict[str, schema.Column]:
    known = [c.name for c in frame if c.null_count() < len(c) and _needs_a_look(c)]
    if not known:
        return {}
    some = frame.select(known).gather_every(max(1, len(frame) // _LOOKED_AT))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {column.name: column for column in infer(some, entity=False)}
    except LikewiseError:  # a type that no table to be learnt may have is none of a key either
        return {}


def _needs_a_look(column: pl.Series) -> bool:
    """Whether the type leaves open what a column is: texts, and whole numbers that may be dates."""
    return (
        column.dtype == pl.String
        or column.dtype.is_temporal()
        or (column.dtype.is_integer() and is_measure(column.name))
    )
