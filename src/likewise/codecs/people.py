"""Columns that tell of people: never learnt by value, made together where they tell of the same persons.

Legend: n rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import CodecOptions, ColumnCodec, KeyCodec, State, take_value
from likewise.codecs.ids import as_numbers
from likewise.codecs.levels import LevelCodec
from likewise.errors import ModelFileError
from likewise.personal.groups import Group, groups_of
from likewise.personal.identities import IDENTITIES
from likewise.personal.layouts import LAYOUTS
from likewise.personal.people import MADE, People, There
from likewise.personal.saved import from_state, to_state
from likewise.schema.column import Column, Role
from likewise.schema.dtypes import dtype_name
from likewise.schema.identifiers.forms import form_of, forms_of
from likewise.streams import Span


def is_personal(column: Column) -> bool:
    """Whether a column is made of persons: of identity numbers, those whose layout is known."""
    if not column.is_key or column.semantic not in MADE:
        return False
    return column.semantic not in IDENTITIES or any(form.word in LAYOUTS for form in forms_of(column))


@dataclass(frozen=True)
class PersonalSummary:
    """The cells of one column: as private as the data.

    Args:
        values: (n,) as they came.
        whose: (n,) whose each row is; None makes each row somebody's own.
        others: cells of rows that are not learnt, of which none may be drawn all the same.
    """

    values: pl.Series
    whose: pl.Series | None
    others: pl.Series

    def merge(self, other: Self) -> Self:
        whose = None if self.whose is None or other.whose is None else pl.concat([self.whose, other.whose])
        both = (pl.concat([a, b]) for a, b in ((self.values, other.values), (self.others, other.others)))
        values, others = both
        return type(self)(values, whose, others)

    def unlike(self, others: pl.Series) -> Self:
        return replace(self, others=pl.concat([self.others, others.alias(self.others.name)]))


def summarise_personal(series: pl.Series, whose: pl.Series | None) -> PersonalSummary:
    """The summary of one column (or chunk of it)."""
    return PersonalSummary(series, whose, series.clear())


@dataclass(frozen=True)
class PersonalCodec(KeyCodec):
    """A column that is made of persons.

    Args:
        name: the column's.
        dtype: the Polars type it came in.
        people: of whom it tells, with the others of their columns.
        missing_share: 0 leaves no cell missing; else they are missing as the people's are.
    """

    kind: ClassVar[str] = "personal"
    name: str
    dtype: str
    people: People
    missing_share: float = 1.0

    @classmethod
    def from_summary(cls, summary: PersonalSummary, column: Column, options: CodecOptions) -> Self:
        """The codec of a column alone."""
        made = grouped({column.name: summary}, {column.name: column}, {}, options)
        return made[column.name]  # type: ignore[return-value]

    def decode(
        self, codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating], rng: np.random.Generator
    ) -> pl.Series:
        return self._made(len(codes), Span.of(rng))

    def _made(self, n: int, span: Span) -> pl.Series:
        people = self.people if self.missing_share else replace(self.people, holes={})
        return self.as_stored(people.draw(n, span)[self.name])

    def as_stored(self, texts: pl.Series) -> pl.Series:
        """Numbers where the column came as such."""
        return as_numbers(texts, self.dtype).alias(self.name)

    def to_state(self) -> State:
        raise NotImplementedError("people are kept once for all their columns: `people_state`")

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        raise NotImplementedError("people are kept once for all their columns: `people_of_state`")


def grouped(
    parts: Mapping[str, PersonalSummary], columns: Mapping[str, Column], drawn: Mapping[str, ColumnCodec],
    options: CodecOptions,
) -> dict[str, PersonalCodec]:  # fmt: skip
    """The codecs of all columns that are made of persons.

    Args:
        parts: their summaries.
        columns: all columns of the table.
        drawn: the codecs of the others.
    """
    found: dict[str, PersonalCodec] = {}
    for group in _groups(parts, columns, drawn):
        names = list(group.semantics)
        frame = pl.DataFrame({name: parts[name].values for name in names})
        others = pl.DataFrame({name: parts[name].others for name in names})
        country = drawn.get(str(group.beside.country))
        people = People.learnt(
            _texts(frame), group.semantics, least=options.rows, whose=parts[names[0]].whose,
            locale=_locale(columns[name] for name in names), beside=group.beside, others=_texts(others),
            named=list(country.levels) if isinstance(country, LevelCodec) else [],
            once=frozenset(group.semantics[name] for name in names if columns[name].role is Role.ENTITY),
            words=words_of([columns[name] for name in names], _texts(frame)),
        )  # fmt: skip
        found |= {name: PersonalCodec(name, dtype_name(frame[name].dtype), people) for name in names}
    return found


def declared(columns: Sequence[Column]) -> dict[str, PersonalCodec]:
    """The same by declaration alone, of which a budget of privacy pays for nothing."""
    made = {column.name: column for column in columns if is_personal(column)}
    drawn = {c.name: str(c.semantic) for c in columns if c.name not in made and c.is_modelled and c.semantic}
    found: dict[str, PersonalCodec] = {}
    for group in groups_of({name: str(column.semantic) for name, column in made.items()}, drawn):
        country = next((column for column in columns if column.name == group.beside.country), None)
        people = People.usual(
            group.semantics, locale=_locale(made[name] for name in group.semantics), beside=group.beside,
            named=(country.levels or ()) if country is not None else (),
            words=words_of([made[name] for name in group.semantics]),
        )  # fmt: skip
        found |= {name: PersonalCodec(name, made[name].dtype, people) for name in group.semantics}
    return found


def words_of(columns: Iterable[Column], texts: pl.DataFrame | None = None) -> dict[str, str]:
    """Column -> the word of its layout, of those of identity numbers.

    Args:
        texts: of which each has the form of most; None takes the usual one of its country.
    """
    nothing = pl.Series([], dtype=pl.String)
    return {
        column.name: form_of(column, nothing if texts is None else texts[column.name].drop_nulls()).word
        for column in columns
        if column.semantic in IDENTITIES
    }


def _groups(
    parts: Mapping[str, PersonalSummary], columns: Mapping[str, Column], drawn: Mapping[str, ColumnCodec]
) -> tuple[Group, ...]:
    told = {name: str(columns[name].semantic) for name in drawn if columns[name].semantic is not None}
    return groups_of({name: str(columns[name].semantic) for name in parts}, told)


def _locale(columns: Iterable[Column]) -> str | None:
    """The first that is known, one with a language rather than none."""
    known = [column.locale for column in columns if column.locale is not None]
    return next((locale for locale in known if "_" in locale), known[0] if known else None)


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts, numbers without the decimals that a program has written behind them."""
    whole = frame.select(
        pl.col(name).cast(pl.Int64, strict=False) if dtype.is_float() else pl.col(name)
        for name, dtype in frame.schema.items()
    )
    return whole.select(pl.all().cast(pl.String))


def made_columns(
    codecs: Iterable[ColumnCodec],
    n: int,
    span: Span,
    known: Mapping[str, pl.Series],
    whole: Collection[str] = (),
    there: There | None = None,
) -> dict[str, pl.Series]:
    """The columns of n rows that are made of persons, those of the same persons together.

    Args:
        known: (n,) drawn columns, of which some tell of the persons.
        whole: columns of which no cell may be missing, nor of others of the same persons.
        there: of some columns, (n,) which cells are there.
    """
    groups: dict[int, list[PersonalCodec]] = {}
    for codec in codecs:
        if isinstance(codec, PersonalCodec):
            groups.setdefault(id(codec.people), []).append(codec)
    found: dict[str, pl.Series] = {}
    for k, group in enumerate(groups.values()):
        people = group[0].people
        if set(whole) & set(people.columns):
            people = replace(people, holes={})
        drawn = people.draw(n, span.under(k), known, there)
        found |= {codec.name: codec.as_stored(drawn[codec.name]) for codec in group}
    return found


def people_state(codecs: Sequence[ColumnCodec]) -> tuple[list[dict[str, Any]], dict[str, npt.NDArray[Any]]]:
    """What a model file holds of all people: once for all their columns."""
    groups: dict[int, PersonalCodec] = {id(c.people): c for c in codecs if isinstance(c, PersonalCodec)}
    states: list[dict[str, Any]] = []
    arrays: dict[str, npt.NDArray[Any]] = {}
    for g, codec in enumerate(groups.values()):
        data, parts = to_state(codec.people)
        dtypes = {c.name: c.dtype for c in codecs if isinstance(c, PersonalCodec) and c.people is codec.people}
        states.append({**data, "dtypes": dtypes})
        arrays |= {f"people{g}.{name}": array for name, array in parts.items()}
    return states, arrays


def people_of_state(data: Any, arrays: Mapping[str, Mapping[str, npt.NDArray[Any]]]) -> dict[str, PersonalCodec]:
    """The inverse of `people_state`.

    Raises:
        ModelFileError: something is absent or does not fit together.
    """
    found: dict[str, PersonalCodec] = {}
    for g, state in enumerate(data):
        if not isinstance(state, dict):
            raise ModelFileError("codec: its people cannot be made so")
        people, dtypes = from_state(state, arrays.get(f"people{g}", {})), take_value(state, "dtypes", dict)
        if set(dtypes) != set(people.columns) or not all(isinstance(dtype, str) for dtype in dtypes.values()):
            raise ModelFileError("codec: columns of people are not those of the table")
        found |= {name: PersonalCodec(name, dtype, people) for name, dtype in dtypes.items()}
    return found
