"""The codec of a table: one codec a column, their fields side by side.

Legend: n rows, D fields, F fractions, K codes of one field.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Alphabet, Codes, Field
from likewise.codecs.cells import Cells
from likewise.codecs.column import (
    CodecOptions,
    ColumnCodec,
    Encoded,
    KeyCodec,
    Met,
    Narrowed,
    State,
    Summary,
    take_value,
)
from likewise.codecs.holders import Persons
from likewise.codecs.ids import IdCodec, summarise_ids
from likewise.codecs.levels import LevelCodec, summarise_levels
from likewise.codecs.made import MadeCodec, summarise_made
from likewise.codecs.maps import maps_from, maps_of, maps_state, settled
from likewise.codecs.numbers import NumberCodec, summarise_numbers
from likewise.codecs.people import (
    PersonalCodec,
    PersonalSummary,
    grouped,
    is_personal,
    made_columns,
    people_of_state,
    people_state,
    summarise_personal,
)
from likewise.codecs.places import PlaceMap, PlaceSummary, summarise_places
from likewise.codecs.text import TextCodec, TextSummary, summarise_text
from likewise.codecs.times import TimeCodec, summarise_times
from likewise.conditions import Condition, Missing, OrMissing, as_condition
from likewise.errors import ConditionError, InputError, ModelFileError, OptionError, nearest
from likewise.personal.people import There
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.distinct import Columns, Distinct, with_null
from likewise.schema.identifiers.forms import CALLED, DEVICE, forms_of
from likewise.schema.places import Pair, pairs_of
from likewise.streams import Span
from likewise.typing import Ints

CODECS: dict[Kind, type[ColumnCodec]] = {
    Kind.CATEGORICAL: LevelCodec,
    Kind.BOOLEAN: LevelCodec,
    Kind.INTEGER: NumberCodec,
    Kind.REAL: NumberCodec,
    Kind.DATETIME: TimeCodec,
    Kind.TEXT: TextCodec,
    Kind.ID: IdCodec,
}

_CELLS = "cells"
"""What the names of the cells' arrays begin with, where those of a column's begin with its number."""


def codec_kind(column: Column) -> type[ColumnCodec]:
    """Whatever a key looks like, it is regenerated; a personal identifier in its own form."""
    if is_personal(column):
        return PersonalCodec
    if column.is_key:
        forms = forms_of(column)
        # Identifiers that are texts without check digits are made as any key is.
        any_form = not forms or (column.dtype == "String" and forms in ([CALLED], [DEVICE]))
        return IdCodec if any_form else MadeCodec
    return CODECS[column.kind]


def _summarise_column(given: pl.Series | Distinct, column: Column, persons: Persons | None) -> Summary:
    codec = codec_kind(column)
    if isinstance(given, Distinct) and codec in (LevelCodec, NumberCodec, TimeCodec):
        series, at = with_null(given.values), given.numbers
    else:
        series, at = given if isinstance(given, pl.Series) else given.spread(given.values), None
    if codec is PersonalCodec:
        return summarise_personal(series, None if persons is None else persons.names.gather(persons.numbers))
    if column.role is Role.ENTITY and codec is IdCodec:
        return replace(summarise_ids(series.unique()), once=True)
    if codec is LevelCodec:
        return summarise_levels(series, persons, at)
    if codec is NumberCodec:
        return summarise_numbers(series, column.kind, persons, at)
    if codec is TimeCodec:
        return summarise_times(series, persons, at)
    if codec is MadeCodec:
        return summarise_made(series, persons)
    if codec is TextCodec:
        return summarise_text(series, persons, with_prints=True)
    return summarise_ids(series, persons)


def summarise_counted(values: pl.Series, rows: npt.NDArray[np.int64], column: Column) -> Summary:
    """The summary of a canonical column of levels, numbers or times of which the distinct values are known.

    Args:
        values: (m,) some perhaps alike, or null.
        rows: (m,) that hold each.
    """
    codec = codec_kind(column)
    if codec is LevelCodec:
        return summarise_levels(values, rows=rows)
    if codec is NumberCodec:
        return summarise_numbers(values, column.kind, rows=rows)
    assert codec is TimeCodec, f"column {column.name!r} is none of levels, numbers and times"
    return summarise_times(values, rows=rows)


def key_codec(series: pl.Series, column: Column, options: CodecOptions) -> ColumnCodec:
    """The codec that makes keys like those of a column."""
    return codec_kind(column).from_summary(_summarise_column(series, column, None), column, options)


@dataclass(frozen=True)
class TableSummary:
    """The summaries of all columns that are not dropped; `a.merge(b)` is the summary of both their rows.

    Args:
        places: of the columns that are places together.
    """

    columns: dict[str, Any]
    n_rows: int
    places: dict[Pair, PlaceSummary] = field(default_factory=dict)

    def merge(self, other: Self) -> Self:
        merged = {name: summary.merge(other.columns[name]) for name, summary in self.columns.items()}
        places = {pair: summary.merge(other.places[pair]) for pair, summary in self.places.items()}
        return type(self)(merged, self.n_rows + other.n_rows, places)


@dataclass(frozen=True)
class Narrowing:
    """What a condition leaves: for the generator, and for decoding.

    Args:
        weights: field -> (K,) in [0, 1], as `Given.weights` takes them.
        codecs: column -> the codec that decodes to nothing but what the condition allows.
        within: the same as `weights` for the codes of the columns' own codecs, where cells stand for several.
        met: column -> which rows meet its condition, where the weights leave more; see `Narrowed`.
        moved: the columns of these that decoding moves to values that meet it.
    """

    weights: dict[int, npt.NDArray[np.float64]]
    codecs: dict[str, ColumnCodec]
    within: dict[int, npt.NDArray[np.float64]] = field(default_factory=dict)
    met: dict[str, Met] = field(default_factory=dict)
    moved: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TableCodec:
    """Turns canonical frames into Codes and back. Columns of role `drop` are left out.

    Args:
        codecs: one a column.
        cells: what is told of some fields in place of their codes; None tells all codes as they are.
        maps: where the places of two columns may be.

    Example:
        >>> import numpy as np, polars as pl
        >>> from likewise.codecs.table import TableCodec
        >>> from likewise.schema.column import Column, Kind, Schema
        >>> frame = pl.DataFrame({"age": [30, 40] * 10, "sex": ["f", "m"] * 10})
        >>> schema = Schema((Column(name="age", kind=Kind.INTEGER), Column(name="sex", kind=Kind.CATEGORICAL)))
        >>> codec = TableCodec.fit(frame, schema)
        >>> codec.alphabet.sizes
        (2, 2)
        >>> codec.decode(codec.encode(frame), rng=np.random.default_rng(0)).equals(frame)
        True
    """

    codecs: tuple[ColumnCodec, ...]
    options: CodecOptions
    cells: Cells | None = None
    maps: tuple[PlaceMap, ...] = ()

    @classmethod
    def fit(
        cls, frame: pl.DataFrame | Columns, schema: Schema, options: CodecOptions | None = None, *,
        others: Sequence[pl.DataFrame | Columns] = (), whose: Sequence[Ints] | None = None, **changes: Any,
    ) -> Self:  # fmt: skip
        """The codec of one canonical frame.

        Args:
            others: real rows that are not learnt, and whose keys and texts may not be drawn all the same.
            whose: the person of each row, (n,) of the frame and then of each of `others`; None: the schema's entity.
            options: how finely and how protected; `changes` are single options by name.

        Raises:
            InputError: the frame lacks a column of the schema, or a number is infinite.
            OptionError: `k_anonymous` is asked for, which `likewise.privacy.codec.anonymous_codec` gives.
        """
        options = _options(options, changes)
        # Column by column, for a summary that counts people holds as many pairs as there are rows.
        made = tuple(_made(_summaries(frame, schema, others, whose), schema, options))
        places = _places_in(frame, schema, others, whose)
        return cls(made, options, maps=tuple(maps_of(made, places, schema, options)))

    @staticmethod
    def summarise(
        frame: pl.DataFrame | Columns, schema: Schema, others: Sequence[pl.DataFrame | Columns] = ()
    ) -> TableSummary:
        """The summary of a canonical frame or of a chunk of one; people are counted by the schema's entity.

        Args:
            others: of these only the keys and texts.
        """
        return TableSummary(
            dict(_summaries(frame, schema, others)), len(frame), dict(_places_in(frame, schema, others))
        )

    @classmethod
    def from_summary(
        cls, summary: TableSummary, schema: Schema, options: CodecOptions | None = None, **changes: Any
    ) -> Self:
        options = _options(options, changes)
        made = tuple(_made(summary.columns.items(), schema, options))
        return cls(made, options, maps=tuple(maps_of(made, summary.places.items(), schema, options)))

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(codec.name for codec in self.codecs)

    @cached_property
    def _spans(self) -> dict[str, tuple[slice, slice]]:
        """Column -> its fields, its fractions."""
        spans, d, f = {}, 0, 0
        for codec in self.codecs:
            n, m = len(codec.fields), sum(x.fraction is not None for x in codec.fields)
            spans[codec.name] = slice(d, d + n), slice(f, f + m)
            d, f = d + n, f + m
        return spans

    def fields_of(self, column: str) -> range:
        """Which fields of the alphabet are this column's; empty for an id."""
        span = self._spans[column][0]
        return range(span.start, span.stop)

    @property
    def field_names(self) -> list[str]:
        """What to call each field of the alphabet: its column, and which of several it is."""
        spans = [(name, len(self.fields_of(name))) for name in self.columns]
        return [name if k == 0 else f"{name} ({k + 1})" for name, n in spans for k in range(n)]

    @cached_property
    def alphabet(self) -> Alphabet:
        """Of what a generator is told."""
        return self.own_alphabet if self.cells is None else self.cells.alphabet(self.own_alphabet)

    @cached_property
    def own_alphabet(self) -> Alphabet:
        """Of the columns' codecs, before cells are made of their codes."""
        fields: list[Field] = []
        for codec in self.codecs:
            base = self._spans[codec.name][1].start
            fields += [f if f.fraction is None else replace(f, fraction=base + f.fraction) for f in codec.fields]
        return Alphabet(tuple(fields))

    def encode(self, frame: pl.DataFrame | Columns) -> Codes:
        """Codes of a canonical frame with all columns (in any order).

        An unseen level becomes rare, or the most frequent where there is no rare code; a number beyond the range the
        end of it; a missing value where none was seen the most frequent (for a number the middle) code.
        """
        codes = self.own_codes(frame)
        return codes if self.cells is None else self.cells.merge(codes, self.own_alphabet)

    def own_codes(self, frame: pl.DataFrame | Columns) -> Codes:
        """Codes of the columns' codecs, before cells are made of them."""
        _require(frame, [codec.name for codec in self.codecs if codec.fields])
        codes = np.empty((len(frame), len(self.own_alphabet.fields)), self.own_alphabet.code_dtype)
        fractions = np.empty((len(frame), self.own_alphabet.n_fractions), np.float32)
        for codec in self.codecs:
            if codec.fields:
                part = _encoded(codec, frame[codec.name])
                at, within = self._spans[codec.name]
                codes[:, at], fractions[:, within] = part.codes, part.fractions
        return Codes(codes, fractions)

    def encode_known(self, frame: pl.DataFrame) -> npt.NDArray[np.int64]:
        """(n, D) codes of the cells that hold a value, -1 for nulls and absent columns: what `Given.codes` takes."""
        codes = np.full((len(frame), len(self.alphabet.fields)), -1, np.int64)
        for codec in self.codecs:
            if codec.fields and codec.name in frame.columns:
                series = frame[codec.name]
                known = series.is_not_null().to_numpy()
                part = codec.encode(series).codes.astype(np.int64)
                codes[:, self._spans[codec.name][0]] = np.where(known[:, None], part, -1)
        return codes if self.cells is None else self.cells.merge_known(codes)

    def decode(
        self,
        codes: Codes,
        *,
        rng: np.random.Generator,
        narrowing: Narrowing | None = None,
        known: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        """The canonical frame of codes; with the narrowing they were drawn under, every row obeys its conditions.

        Args:
            known: what is known of the rows; a place of which a part is known is left as it was drawn.
        """
        return self.decode_few(codes, rng=rng, narrowing=narrowing, known=known).frame()

    def decode_few(
        self,
        codes: Codes,
        *,
        rng: np.random.Generator,
        narrowing: Narrowing | None = None,
        keys: bool = True,
        known: pl.DataFrame | None = None,
    ) -> Columns:
        """The same as `decode`, columns of few values as these and which of them each row holds.

        Args:
            keys: whether columns are made that no code tells, as keys are; see `keys`.
        """
        own = self.split(codes, rng=rng, narrowing=narrowing)
        return self.decode_own(own, rng=rng, narrowing=narrowing, keys=keys, known=known)

    def split(self, codes: Codes, *, rng: np.random.Generator, narrowing: Narrowing | None = None) -> Codes:
        """Codes of the columns' codecs for what a generator drew, where it is told cells."""
        if self.cells is None:
            return codes
        return self.cells.split(codes, self.own_alphabet, rng, narrowing.within if narrowing is not None else None)

    def decode_own(
        self,
        codes: Codes,
        *,
        rng: np.random.Generator,
        narrowing: Narrowing | None = None,
        keys: bool = True,
        known: pl.DataFrame | None = None,
    ) -> Columns:
        """`decode_few` of the codes of the columns' codecs."""
        narrowed = narrowing.codecs if narrowing is not None else {}
        columns: dict[str, pl.Series | Distinct] = {}
        for codec in self.codecs if keys else [codec for codec in self.codecs if codec.fields]:
            if not isinstance(codec, PersonalCodec):
                at, within = self._spans[codec.name]
                drawn = narrowed.get(codec.name, codec)
                columns[codec.name] = drawn.decode_few(codes.codes[:, at], codes.fractions[:, within], rng)
        for place in self.maps:
            columns |= settled(place, Columns(columns, len(codes)), narrowed, known, rng)
        table = Columns(columns, len(codes))
        if not keys:
            return table
        columns |= self.people(table, rng)
        return Columns({codec.name: columns[codec.name] for codec in self.codecs}, len(codes))

    def people(
        self, table: Columns, rng: np.random.Generator | Span, *, whole: Collection[str] = (),
        there: There | None = None,
    ) -> dict[str, pl.Series]:  # fmt: skip
        """The columns that are made of persons, with regard to the columns drawn of them.

        Args:
            whole: columns of which no cell may be missing, nor of others of the same persons.
            there: of some columns, (n,) which cells are there.
        """
        beside = {
            name for codec in self.codecs if isinstance(codec, PersonalCodec) for name in codec.people.beside.names
        }
        known = {name: table.series(name) for name in beside if name in table}
        return made_columns(self.codecs, len(table), Span.of(rng), known, whole, there)

    def keys(
        self, table: pl.DataFrame | Columns, rng: np.random.Generator | Span, there: There | None = None
    ) -> pl.DataFrame:
        """The columns that no code tells, for the rows of a table.

        Args:
            rng: what they are drawn from; of rows of a larger draw where they stand in it.
            there: of some of them, (n,) which cells are there; the others are as often missing as real ones are.
        """
        there, span = there or {}, Span.of(rng)
        columns = {}
        for k, codec in enumerate(self.codecs):
            if isinstance(codec, KeyCodec) and not isinstance(codec, PersonalCodec):
                own = span.under(0, k)
                cells = there.get(codec.name)
                columns[codec.name] = codec.made(len(table), own) if cells is None else codec.made_where(cells, own)
        columns |= self.people(_columns_of(table), span.under(1), there=there)
        return pl.DataFrame([columns[codec.name] for codec in self.codecs if codec.name in columns])

    def condition(self, where: Mapping[str, Any]) -> Narrowing:
        """What conditions on columns leave of the codes. A plain value means just this value, None missing.

        Raises:
            ConditionError: no such column, it is not modelled, or no row can meet the condition.
        """
        weights: dict[int, npt.NDArray[np.float64]] = {}
        narrowed: dict[str, Narrowed] = {}
        by_name = {codec.name: codec for codec in self.codecs}
        for name, condition in where.items():
            codec = by_name.get(name)
            if codec is None:
                raise ConditionError(f"no column {name!r}{nearest(name, list(by_name))}")
            if not codec.fields:
                raise ConditionError(f"column {name!r} is an id: ids are regenerated, so no condition can hold on it")
            narrowed[name] = _narrowed(codec, as_condition(condition))
            weights.update(zip(self.fields_of(name), narrowed[name].weights, strict=True))
        return replace(
            self._narrowing(weights, {name: part.codec for name, part in narrowed.items()}),
            met={name: part.met for name, part in narrowed.items() if part.met is not None},
            moved=frozenset(name for name, part in narrowed.items() if part.moved),
        )

    def meets(self, codes: Codes, narrowing: Narrowing, *, moved: bool = False) -> npt.NDArray[np.bool_]:
        """(n,) which rows, drawn under these weights, meet the conditions.

        Args:
            codes: of the columns' codecs.
            moved: whether values that decoding moves are taken for such as meet them.
        """
        found = np.ones(len(codes), bool)
        for name, met in narrowing.met.items():
            if not (moved and name in narrowing.moved):
                at, within = self._spans[name]
                found &= met(codes.codes[:, at], codes.fractions[:, within])
        return found

    def not_missing(self, columns: Iterable[str]) -> Narrowing:
        """What is left if no cell of these columns may be missing; a column that can be nothing else is left out."""
        weights = {}
        for name in columns:
            for at in self.fields_of(name) if name in self.columns else ():
                codes = self.own_alphabet.fields[at]
                share = codes.emit.astype(np.float64)
                if codes.missing is not None:
                    share[codes.missing] = 0.0
                if share.any():
                    weights[at] = share
        return self._narrowing(weights, {})

    def _narrowing(self, within: dict[int, npt.NDArray[np.float64]], codecs: dict[str, ColumnCodec]) -> Narrowing:
        weights = within if self.cells is None else self.cells.weights(self.own_alphabet, within)
        return Narrowing(weights, codecs, within)

    def to_state(self) -> State:
        """JSON-able dict and named arrays; array names begin with the column's number."""
        columns = []
        people, arrays = people_state(self.codecs)
        for i, codec in enumerate(self.codecs):
            data, parts = ({}, {}) if isinstance(codec, PersonalCodec) else codec.to_state()
            columns.append({**data, "name": codec.name, "codec": codec.kind})
            arrays.update({f"{i}.{name}": array for name, array in parts.items()})
        if self.cells is not None:
            arrays.update({f"{_CELLS}.{name}": array for name, array in self.cells.to_arrays().items()})
        places, parts = maps_state(self.maps)
        data = {"columns": columns, "options": self.options.to_dict(), "places": places}
        return data | ({"people": people} if people else {}), arrays | parts

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The inverse of `to_state`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """
        by_kind = {codec.kind: codec for codec in CODECS.values()} | {MadeCodec.kind: MadeCodec}
        parts: dict[str, dict[str, npt.NDArray[Any]]] = {}
        for key, array in arrays.items():
            column, _, name = key.partition(".")
            parts.setdefault(column, {})[name] = array
        personal = people_of_state(take_value(data, "people", list) if "people" in data else [], parts)
        codecs: list[ColumnCodec] = []
        for i, entry in enumerate(take_value(data, "columns", list)):
            if isinstance(entry, dict) and entry.get("codec") == PersonalCodec.kind and entry.get("name") in personal:
                codecs.append(personal.pop(entry["name"]))
                continue
            if not isinstance(entry, dict) or entry.get("codec") not in by_kind:
                raise ModelFileError(f"codec: column {i} is of no known kind")
            codecs.append(by_kind[entry["codec"]].from_state(entry, parts.get(str(i), {})))
        if personal:
            raise ModelFileError("codec: columns of people are not those of the table")
        if len({codec.name for codec in codecs}) != len(codecs):
            raise ModelFileError("codec: two columns have the same name")
        try:
            options = CodecOptions.from_dict(take_value(data, "options", dict))
        except (OptionError, TypeError) as error:
            raise ModelFileError("codec: its options are not valid") from error
        made = cls(tuple(codecs), options, maps=tuple(maps_from(data, parts, codecs)))
        if (_CELLS in parts) != (options.k_anonymous is not None):
            raise ModelFileError("codec: cells and k_anonymous must be there both or neither")
        return replace(made, cells=Cells.from_arrays(parts[_CELLS], made.own_alphabet)) if _CELLS in parts else made


def _options(options: CodecOptions | None, changes: Mapping[str, Any]) -> CodecOptions:
    return replace(options or CodecOptions(), **changes)


def _narrowed(codec: ColumnCodec, condition: Condition) -> Narrowed:
    if not isinstance(condition, OrMissing):
        return codec.narrow(condition)
    known, gone = codec.narrow(condition.condition), codec.narrow(Missing())
    return replace(known, weights=tuple(np.maximum(a, b) for a, b in zip(known.weights, gone.weights, strict=True)))


def _summaries(
    frame: pl.DataFrame | Columns, schema: Schema, others: Sequence[pl.DataFrame | Columns],
    whose: Sequence[Ints] | None = None,
) -> Iterator[tuple[str, Summary]]:  # fmt: skip
    """The summary of each column that is not dropped."""
    columns = [column for column in schema if column.role != Role.DROP]
    _require(frame, [column.name for column in columns])
    frame = _columns_of(frame)
    parts = [frame, *map(_columns_of, others)]
    persons, *others_persons = (_persons_of(part, schema.entity, whose, i) for i, part in enumerate(parts))
    left_out = list(zip(parts[1:], others_persons, strict=True))
    for c in columns:
        summary = _summarise_column(frame[c.name], c, persons)
        for other, its in left_out:
            if isinstance(summary, PersonalSummary):
                summary = summary.unlike(other.series(c.name))
            elif c.is_key:
                summary = summary.merge(_summarise_column(other[c.name], c, its))
            elif isinstance(summary, TextSummary):
                summary = summary.unlike(other.series(c.name), its)
        yield c.name, summary


def _made(parts: Iterable[tuple[str, Summary]], schema: Schema, options: CodecOptions) -> list[ColumnCodec]:
    """The codec of each column."""
    if options.k_anonymous is not None:
        raise OptionError("k_anonymous looks at whole rows: likewise.privacy.codec.anonymous_codec makes the codec")
    columns, order = {column.name: column for column in schema}, []
    made: dict[str, ColumnCodec] = {}
    personal: dict[str, PersonalSummary] = {}
    for name, part in parts:
        order.append(name)
        if isinstance(part, PersonalSummary):
            personal[name] = part
        else:
            made[name] = codec_kind(columns[name]).from_summary(part, columns[name], options)
    made |= grouped(personal, columns, made, options)
    return [made[name] for name in order]


def _places_in(
    frame: pl.DataFrame | Columns, schema: Schema, others: Sequence[pl.DataFrame | Columns],
    whose: Sequence[Ints] | None = None,
) -> Iterator[tuple[Pair, PlaceSummary]]:  # fmt: skip
    """The summary of each pair of columns that is a place."""
    frame = _columns_of(frame)
    pairs = pairs_of(schema)
    persons = _persons_of(frame, schema.entity, whose) if pairs else None
    for pair in pairs:
        summary = summarise_places(frame.series(pair.latitude), frame.series(pair.longitude), persons)
        for other in map(_columns_of, others):
            summary = summary.unlike(other.series(pair.latitude), other.series(pair.longitude))
        yield pair, summary


def _columns_of(frame: pl.DataFrame | Columns) -> Columns:
    return Columns.of(frame) if isinstance(frame, pl.DataFrame) else frame


def _persons_of(
    frame: Columns, entity: str | None, whose: Sequence[Ints] | None = None, i: int = 0
) -> Persons | None:  # fmt: skip
    if whose is not None:
        return Persons.of(pl.Series(whose[i]).hash())
    return None if entity is None else Persons.of(frame.series(entity).hash())  # numbers alike in every chunk


def _encoded(codec: ColumnCodec, given: pl.Series | Distinct) -> Encoded:
    """A column as codes; of a few values each is looked up once."""
    if isinstance(given, pl.Series):
        return codec.encode(given)
    each, at = codec.encode(with_null(given.values)), given.numbers
    narrow = np.min_scalar_type(max(field.size for field in codec.fields) - 1)
    return Encoded(each.codes.astype(narrow).take(at, 0), each.fractions.take(at, 0))


def _require(frame: pl.DataFrame | Columns, names: Iterable[str]) -> None:
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise InputError(f"{len(absent)} columns of the schema are absent from the table: {absent[:5]}")
