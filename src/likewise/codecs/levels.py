"""Levels of a categorical column, and the two labels of a boolean.

Legend: n rows, L kept levels, K codes: the kept levels, then rare (if any), then missing (if any).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self
from unicodedata import normalize

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Field
from likewise.codecs.column import (
    CodecOptions,
    ColumnCodec,
    Encoded,
    Narrowed,
    State,
    take_array,
    take_value,
)
from likewise.codecs.holders import At, Holders, Persons, merged
from likewise.conditions import Missing, Not, OneOf
from likewise.errors import ConditionError, ModelFileError
from likewise.schema.column import Column, Kind
from likewise.schema.distinct import Distinct


@dataclass(frozen=True)
class LevelSummary:
    """Every level and its rows. It holds rare levels, so it is as private as the data; codecs are not.

    Args:
        levels: strings, ascending, distinct.
        counts: (levels,) int64.
        missing: rows without a level.
        holders: who has which level, where people are counted.
        pooled: rows of levels that too few hold to be kept, where these are not listed.
    """

    levels: pl.Series
    counts: npt.NDArray[np.int64]
    missing: int
    holders: Holders | None = None
    pooled: int = 0

    def merge(self, other: Self) -> Self:
        frame = self._frame.vstack(other._frame).group_by("level").agg(pl.col("count").sum())
        made = type(self)._of(frame, self.missing + other.missing, merged(self.holders, other.holders))
        return replace(made, pooled=self.pooled + other.pooled)

    @classmethod
    def _of(cls, frame: pl.DataFrame, missing: int, holders: Holders | None) -> Self:
        frame = frame.sort("level")
        return cls(frame["level"], frame["count"].to_numpy().astype(np.int64), missing, holders)

    @property
    def _frame(self) -> pl.DataFrame:
        return pl.DataFrame({"level": self.levels, "count": self.counts})

    @property
    def people(self) -> npt.NDArray[np.int64]:
        """(levels,) the people who have each."""
        if self.holders is None:
            return self.counts
        held = self._frame.join(
            self.holders.count(), left_on="level", right_on="value", how="left", maintain_order="left"
        )
        return held["people"].fill_null(0).to_numpy().astype(np.int64)


def summarise_levels(
    series: pl.Series, persons: pl.Series | Persons | None = None, at: At | None = None,
    rows: npt.NDArray[np.int64] | None = None,
) -> LevelSummary:  # fmt: skip
    """The summary of one canonical categorical or boolean column (or chunk of it).

    Args:
        persons: whose each row is; None makes each row its own.
        at: (rows,) which of the values each row holds; None where each is a row's.
        rows: in place of that, how many rows hold each value.
    """
    levels = _as_text(series).rename("level")
    if at is None and rows is None:
        frame = pl.DataFrame({"level": levels}).drop_nulls().group_by("level").agg(pl.len().alias("count"))
        return LevelSummary._of(frame, levels.null_count(), Holders.of(levels, persons))
    rows = np.bincount(at, minlength=len(levels)) if rows is None else rows  # type: ignore[arg-type]
    missing = int(rows[levels.is_null().to_numpy()].sum())
    held = levels.is_not_null() & pl.Series(rows > 0)
    frame = pl.DataFrame({"level": levels, "count": rows}).filter(held).group_by("level").agg(pl.col("count").sum())
    holders = Holders.spread(levels, at, persons) if isinstance(persons, Persons) and at is not None else None
    return LevelSummary._of(frame, missing, holders)


def _as_text(series: pl.Series) -> pl.Series:
    if series.dtype == pl.Boolean:  # "false" and "true" in the order of their values
        return series.cast(pl.UInt8).cast(pl.String)
    return series if series.dtype == pl.String else series.cast(pl.String)


@dataclass(frozen=True)
class LevelCodec(ColumnCodec):
    """A level as a code.

    Args:
        name: the column's.
        is_boolean: levels are "0" and "1", values are booleans.
        levels: kept levels; declared ones in the user's order, others by frequency, then name.
        counts: (K,) float64 rows of each code, rare and missing included.
        has_rare: whether a code stands for all levels that are not kept.
        has_missing: whether the last code is missing.
        rare_token: what a rare level is written as; None draws a kept level.
    """

    kind: ClassVar[str] = "level"
    name: str
    is_boolean: bool
    levels: tuple[str, ...]
    counts: npt.NDArray[np.float64]
    has_rare: bool
    has_missing: bool
    rare_token: str | None = None

    @classmethod
    def from_summary(cls, summary: LevelSummary, column: Column, options: CodecOptions) -> Self:
        """Keep declared levels and those that enough people have. Where neither label of a boolean is of enough people,
        none is learnt: its rows share the rare code, and what is drawn of it is either label by even chance."""
        is_boolean = column.kind == Kind.BOOLEAN
        # the categories of an Enum were perhaps found in the data by whoever made it: they are not taken for public
        declared_by_user = column.levels is not None and not is_boolean and not column.dtype.startswith("Enum")
        if declared_by_user:
            declared = pl.DataFrame({"level": pl.Series(column.levels, dtype=pl.String)})
            kept = declared.join(summary._frame, on="level", how="left", maintain_order="left").fill_null(0)
            levels, rows = tuple(kept["level"]), kept["count"].to_numpy()
        else:
            public = np.flatnonzero(summary.people >= options.rows)  # by level, as the summary is
            if not is_boolean:
                public = public[np.argsort(-summary.counts[public], kind="stable")]
            levels, rows = tuple(summary.levels.gather(public)), summary.counts[public]
        n_rare = int(summary.counts.sum() - rows.sum()) + summary.pooled
        has_missing = summary.missing > 0 or (len(summary.levels) == 0 and not summary.pooled)
        tail = [float(n_rare)] * (n_rare > 0) + [float(summary.missing)] * has_missing
        counts = np.concatenate([rows.astype(np.float64), np.array(tail)])
        token = None if is_boolean else options.rare_token
        return cls(column.name, is_boolean, levels, counts, n_rare > 0, has_missing, token)

    @property
    def size(self) -> int:
        return len(self.counts)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Rare is drawn only if it has a token or there is nothing else; a declared level no row has, never."""
        emit = self.counts > 0
        if not emit.any():
            emit[:] = True
        elif self.has_rare:
            emit[len(self.levels)] = self.rare_token is not None or not emit[: len(self.levels)].any()
        return (Field(size=self.size, emit=emit, missing=self.size - 1 if self.has_missing else None),)

    @property
    def _common(self) -> int:
        return int(np.argmax(self.counts))

    @cached_property
    def _codes(self) -> pl.Enum:
        """A type whose values are numbered as the codes are."""
        return pl.Enum(self.levels)

    def encode(self, series: pl.Series) -> Encoded:
        """A level that was not kept is rare; without a rare code it is the most frequent level, as is a missing
        value where none was ever seen."""
        rare = len(self.levels) if self.has_rare else self._common
        missing = self.size - 1 if self.has_missing else self._common
        levels = _as_text(series).rename("level")
        known = levels.cast(self._codes, strict=False).to_physical().cast(pl.UInt32)
        code = known.fill_null(rare).to_numpy().copy()
        if levels.null_count():
            code[levels.is_null().to_numpy()] = missing
        return Encoded(code[:, None], np.zeros((len(code), 0), np.float32))

    @cached_property
    def _texts(self) -> pl.Series:
        """(K,) what each code is written as."""
        tail = [self.rare_token] * self.has_rare + [None] * self.has_missing
        if self.is_boolean:
            return pl.Series(self.name, [level == "1" for level in self.levels] + tail, dtype=pl.Boolean)
        return pl.Series(self.name, [*self.levels, *tail], dtype=pl.String)

    def decode(
        self, codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating], rng: np.random.Generator
    ) -> pl.Series:
        found = self.decode_few(codes, fractions, rng)
        return found.spread(found.values) if isinstance(found, Distinct) else found

    def decode_few(
        self, codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating], rng: np.random.Generator
    ) -> pl.Series | Distinct:
        code = codes[:, 0]
        kept = self.counts[: len(self.levels)]
        if self.has_rare and self.rare_token is None and kept.sum() > 0:
            rare = np.flatnonzero(code == len(self.levels))
            if len(rare):
                code = code.copy()
                code[rare] = np.searchsorted(np.cumsum(kept), rng.random(len(rare)) * kept.sum(), side="right")
        if self.is_boolean and self.has_rare and not self.levels:  # the labels of a truth value are nobody's secret
            drawn = pl.Series(self.name, rng.random(len(code)) < 0.5)
            return self._texts.gather(code).zip_with(pl.Series(code != 0), drawn)
        return Distinct.numbered(self._texts, pl.Series(code))

    def narrow(self, condition: object) -> Narrowed:
        weights = np.zeros(self.size)
        if isinstance(condition, Missing):
            if not self.has_missing:
                raise ConditionError(f"column {self.name!r}: no value is missing, so none can be drawn missing")
            weights[-1] = 1
            return Narrowed((weights,), self)
        asked = condition.condition if isinstance(condition, Not) else condition
        if not isinstance(asked, OneOf):
            raise ConditionError(
                f"column {self.name!r}: a {type(condition).__name__} needs numbers or times, and these are levels; "
                "ask for a level or a set of levels"
            )
        wanted = {normalize("NFC", self._text_of(value)) for value in asked.values}
        emit = self.fields[0].emit[: len(self.levels)]
        levels = [normalize("NFC", level) for level in self.levels]
        is_wanted = np.array([level in wanted for level in levels], bool)
        if isinstance(condition, Not):
            weights[: len(levels)] = ~is_wanted & emit
            if not weights.any():
                raise ConditionError(f"column {self.name!r}: no level that can be drawn is left")
            return Narrowed((weights,), self)
        weights[: len(levels)] = is_wanted & emit
        lacking = sorted(wanted - {level for level, weight in zip(levels, weights, strict=False) if weight})
        if lacking:
            raise ConditionError(f"column {self.name!r}: {self._not_kept(lacking, len(wanted))}")
        return Narrowed((weights,), self)

    def _text_of(self, value: object) -> str:
        if not self.is_boolean:
            return str(value)
        text = str(value).lower()
        return {"true": "1", "false": "0"}.get(text, text)

    def _not_kept(self, lacking: list[str], n_wanted: int) -> str:
        """Which level comes nearest; kept levels may be named, for many rows carry each."""
        from difflib import get_close_matches

        if self.is_boolean:
            return "the label asked for was never seen, or too seldom to be kept"
        near = get_close_matches(lacking[0], self.levels, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else f"; {len(self.levels)} levels can be drawn"
        which = "none" if len(lacking) == n_wanted else str(len(lacking))
        verb = "can" if len(lacking) == n_wanted else "cannot"
        return f"{which} of the {n_wanted} levels asked for {verb} be drawn (never seen, or too rare to be kept){hint}"

    def to_state(self) -> State:
        data = {
            "is_boolean": self.is_boolean,
            "levels": list(self.levels),
            "has_rare": self.has_rare,
            "has_missing": self.has_missing,
            "rare_token": self.rare_token,
        }
        return data, {"counts": self.counts}

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        name, levels = take_value(data, "name", str), take_value(data, "levels", list)
        if not all(isinstance(level, str) for level in levels) or len(set(levels)) != len(levels):
            raise ModelFileError(f"codec of column {name!r}: levels must be distinct strings")
        has_rare, has_missing = take_value(data, "has_rare", bool), take_value(data, "has_missing", bool)
        size = len(levels) + has_rare + has_missing
        counts = take_array(arrays, "counts", "f", length=size)
        if not size or not np.isfinite(counts).all() or (counts < 0).any():
            raise ModelFileError(f"codec of column {name!r}: counts of its levels must be finite and not negative")
        return cls(
            name,
            take_value(data, "is_boolean", bool),
            tuple(levels),
            counts.astype(np.float64),
            has_rare,
            has_missing,
            take_value(data, "rare_token", str, type(None)),
        )
