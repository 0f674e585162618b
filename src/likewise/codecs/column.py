"""What every column codec is: a Summary that merges, fields of codes, encode, decode, narrow, state.

Legend: n rows, d fields of the column, f fractions of the column, K codes of one field.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Field
from likewise.errors import ConditionError, ModelFileError, OptionError
from likewise.estimator import check_count
from likewise.schema.column import TEXTS, Column
from likewise.schema.distinct import Distinct
from likewise.streams import Span

Arrays = dict[str, npt.NDArray[Any]]
State = tuple[dict[str, Any], Arrays]
Met = Callable[[npt.NDArray[Any], npt.NDArray[np.floating]], npt.NDArray[np.bool_]]


@dataclass(frozen=True, kw_only=True)
class CodecOptions:
    """How finely a table is coded and how its people are protected.

    Args:
        max_bins: most codes a number or time may have, missing included.
        atom_share: share of the rows from which a value of a finely spread column has a code of its own.
        min_rows: rows that must stand behind every value, level, template or range end that is kept; where the schema
            names an entity, so many entities.
        protect: False keeps single rows' values: true extremes, rare levels. For data that is public anyway.
        rare_token: what pooled rare levels are written as; None draws a kept level in their place.
        bin_pieces: most straight pieces of the quantile function inside one bin.
        text: how sentences are drawn, where the schema's `format` does not say: as a "placeholder", a text that says
            that it is none, or by "ngram", words in the order of many people's texts, which mean nothing.
        k_anonymous: rows that must share each combination of codes on the columns of role `quasi_identifier`, as the
            generator is told it; None asks for nothing. See `likewise.privacy.codec`.
    """

    max_bins: int = 256
    atom_share: float = 0.005
    min_rows: int = 5
    protect: bool = True
    rare_token: str | None = None
    bin_pieces: int = 8
    text: str = "placeholder"
    k_anonymous: int | None = None

    def __post_init__(self) -> None:
        for f in fields(self):
            if isinstance(value := getattr(self, f.name), np.generic):
                object.__setattr__(self, f.name, value.item())
        if not 2 <= check_count("max_bins", self.max_bins) <= 65_536:
            raise OptionError(f"max_bins must lie in 2..65536, got {self.max_bins}")
        if not isinstance(self.atom_share, int | float) or not 0 < self.atom_share <= 1:
            raise OptionError(f"atom_share must be a number in (0, 1], got {self.atom_share!r}")
        check_count("min_rows", self.min_rows)
        check_count("bin_pieces", self.bin_pieces)
        if not isinstance(self.protect, bool):
            raise OptionError(f"protect must be True or False, got {self.protect!r}")
        if not isinstance(self.rare_token, str | None):
            raise OptionError(f"rare_token must be a text or None, got {self.rare_token!r}")
        if self.text not in TEXTS:
            raise OptionError(f"text must be one of {', '.join(map(repr, TEXTS))}, got {self.text!r}")
        k = self.k_anonymous
        if k is not None and (isinstance(k, bool) or not isinstance(k, int) or k < 2):
            raise OptionError(f"k_anonymous must be a whole number of at least 2, or None, got {k!r}")

    @property
    def rows(self) -> int:
        """Rows, or entities, that must stand behind anything kept."""
        return self.min_rows if self.protect else 1

    def to_dict(self) -> dict[str, Any]:
        """All options by name, as JSON has them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            OptionError: a key of `data` is none of the options.
        """
        unknown = set(data) - {f.name for f in fields(cls)}
        if unknown:
            raise OptionError(f"codec options {sorted(unknown)} are not known")
        return cls(**data)


class Summary(Protocol):
    """What a codec needs to know of a column; adding up chunks gives exactly the summary of the whole."""

    def merge(self, other: Self) -> Self: ...


@dataclass(frozen=True)
class Encoded:
    """One column as codes.

    Args:
        codes: (n, d) unsigned.
        fractions: (n, f) float32 in [0, 1).
    """

    codes: npt.NDArray[Any]
    fractions: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Narrowed:
    """A condition on one column.

    Args:
        weights: for each field (K,) in [0, 1], the share of each code's rows that meet the condition.
        codec: decodes those codes to values that meet it, and to nothing else.
        met: codes (n, d) and fractions (n, f) to which rows (n,) meet it. What codes of several fields meet only
            together, no weights of each can say: they then leave all that may meet the condition.
        moved: whether decoding moves what does not meet it to values that do, which is not the law of the rows.
    """

    weights: tuple[npt.NDArray[np.float64], ...]
    codec: ColumnCodec
    met: Met | None = None
    moved: bool = False


class ColumnCodec(ABC):
    """Turns one column into codes and back. Immutable once made."""

    kind: ClassVar[str]
    name: str

    @classmethod
    @abstractmethod
    def from_summary(cls, summary: Any, column: Column, options: CodecOptions) -> Self:
        """The codec of a column with this summary."""

    @property
    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """The column's fields; `Field.fraction` counts within the column."""

    @abstractmethod
    def encode(self, series: pl.Series) -> Encoded:
        """Codes of a canonical column. Never fails on an unseen value: the nearest or the rare code takes it."""

    @abstractmethod
    def decode(
        self, codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating], rng: np.random.Generator
    ) -> pl.Series:
        """The canonical column of codes (n, d) and fractions (n, f)."""

    def decode_few(
        self, codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating], rng: np.random.Generator
    ) -> pl.Series | Distinct:
        """The same as `decode`; where a code is one value, the values and which of them each row holds."""
        return self.decode(codes, fractions, rng)

    @abstractmethod
    def narrow(self, condition: object) -> Narrowed:
        """What the condition leaves of each code.

        Raises:
            ConditionError: no value can meet it, or it does not fit the column's kind.
        """

    @abstractmethod
    def to_state(self) -> State:
        """JSON-able dict and named arrays."""

    @classmethod
    @abstractmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The inverse of `to_state`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """


class KeyCodec(ColumnCodec):
    """A column without fields, which is never learnt: `decode` makes as many new values as there are rows.

    Subclasses make them; `missing_share` of the rows have none.
    """

    missing_share: float

    @abstractmethod
    def _made(self, n: int, span: Span) -> pl.Series:
        """The first n new values of a span, which are the same however many there are."""

    @property
    def fields(self) -> tuple[Field, ...]:
        return ()

    def encode(self, series: pl.Series) -> Encoded:
        return Encoded(np.zeros((len(series), 0), np.uint8), np.zeros((len(series), 0), np.float32))

    def decode(
        self, codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating], rng: np.random.Generator
    ) -> pl.Series:
        return self.made(len(codes), Span.of(rng))

    def made(self, n: int, span: Span) -> pl.Series:
        """The first n values of a span, as often missing as the real ones."""
        missing = span.at(1).random(n) < self.missing_share if self.missing_share else np.zeros(n, bool)
        return with_nulls(self._made(n, span.under(0)).alias(self.name), missing)

    def made_where(self, there: npt.NDArray[np.bool_], rng: np.random.Generator | Span) -> pl.Series:
        """(n,) new values, missing where none is to be there."""
        return with_nulls(self._made(len(there), Span.of(rng).under(0)).alias(self.name), ~there)

    def narrow(self, condition: object) -> Narrowed:
        raise ConditionError(f"column {self.name!r} is an id: ids are regenerated, so no condition can hold on it")


def take_array(
    arrays: Mapping[str, npt.NDArray[Any]], name: str, dtypes: str, ndim: int = 1, length: int | None = None
) -> npt.NDArray[Any]:
    """The array of that name, checked: its dtype kind is one of `dtypes`, its shape fits."""
    if name not in arrays:
        raise ModelFileError(f"codec: array {name!r} is absent")
    array = np.asarray(arrays[name])
    if array.dtype.kind not in dtypes or array.ndim != ndim or (length is not None and len(array) != length):
        want = f"{ndim} dimensions" + ("" if length is None else f" of length {length}")
        raise ModelFileError(f"codec: array {name!r} must have {want}, got {array.dtype} {array.shape}")
    return array


def is_share(counts: npt.NDArray[np.float64]) -> bool:
    """Whether something can be drawn as often as these counts say: none is negative, and they have a sum."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(counts.sum())
    return bool((counts >= 0).all()) and 0 < total < np.inf


def take_value(data: Mapping[str, Any], name: str, *types: type) -> Any:
    """The value of that name, checked to be of one of these types (None is written `type(None)`)."""
    if name not in data or not isinstance(data[name], types) or (isinstance(data[name], bool) and bool not in types):
        names = " or ".join(t.__name__ for t in types)
        raise ModelFileError(f"codec: {name!r} must be {names}, got {type(data.get(name)).__name__}")
    return data[name]


def missing_share(missing: int, known: int, options: CodecOptions) -> float:
    """The share of rows without a key that is drawn again: that of as many rows as stand behind anything kept."""
    return missing / (known + missing) if missing >= options.rows and known else 0.0


def with_nulls(series: pl.Series, missing: npt.NDArray[np.bool_]) -> pl.Series:
    """The series with null where `missing`."""
    if not missing.any():
        return series
    nulls = pl.Series(series.name, [None], dtype=series.dtype).new_from_index(0, len(series))
    return nulls.zip_with(pl.Series(missing), series)
