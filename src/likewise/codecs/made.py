"""Personal identifiers made anew: numbers of no known layout, addresses of networks. None equals one of the table's.

Of the table's own are kept: the patterns and the characters at each place that enough people share, as of any text, and
what none of them has: residues of the digits, or blocks of addresses. So nothing of a person is stored, and a made
value can be no real one: its digits leave such a residue, or it is of such a block. Names, what agrees with them, and
numbers with check digits are made in `people.py`.

Legend: n rows, k distinct values, L characters of a pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.characters import CLASSES, as_strings
from likewise.codecs.column import CodecOptions, KeyCodec, State, missing_share, take_value
from likewise.codecs.holders import Persons
from likewise.codecs.ids import as_numbers, different, one_by_one
from likewise.codecs.text import TextCodec, TextSummary, summarise_text
from likewise.errors import ModelFileError
from likewise.schema.column import Column
from likewise.schema.dtypes import dtype_name
from likewise.schema.identifiers.forms import CALLED, DEVICE, IPV4, IPV6, MAC, Form, form_of
from likewise.streams import Span

DIGIT = CLASSES[r"\p{Nd}"]
LONG = 15  # digits of which the residue is taken: they fit int64
RESIDUES = 16  # that are kept: the more, the more numbers there is room for
STYLES = ("address", "address:port", "address/length", "aa:bb", "aa-bb", "aabb.ccdd")
OF_BLOCKS = (IPV4.word, IPV6.word, MAC.word)
WORDS = (*OF_BLOCKS, CALLED.word, DEVICE.word)
# Nobody has these addresses: reserved for ever (RFC 1112), and for documentation (RFC 3849); those of devices are of
# the kind that no maker gives out (IEEE 802, locally administered).
BLOCKS = {
    IPV4.word: tuple(f"{first}." for first in range(240, 255)),
    IPV6.word: tuple(f"2001:db8:{third:x}:" for third in range(0xF000, 0xF040)),
    MAC.word: tuple(f"02{second:02x}" for second in range(256)),
}


@dataclass(frozen=True)
class MadeSummary:
    """What the identifiers look like, and all of them: as private as the data.

    Args:
        values: (k,) distinct, as texts.
        dtype: the Polars type of the column.
        missing: rows without one.
    """

    values: pl.Series
    dtype: str
    missing: int
    text: TextSummary

    def merge(self, other: Self) -> Self:
        values = pl.concat([self.values, other.values]).unique()
        return type(self)(values, self.dtype, self.missing + other.missing, self.text.merge(other.text))


def summarise_made(series: pl.Series, persons: pl.Series | Persons | None = None) -> MadeSummary:
    """The summary of one column of personal identifiers (or chunk of it)."""
    texts = (series.cast(pl.Int64, strict=False) if series.dtype.is_float() else series).cast(pl.String)
    return MadeSummary(
        texts.drop_nulls().unique(), dtype_name(series.dtype), series.null_count(), summarise_text(texts, persons)
    )


@dataclass(frozen=True)
class MadeCodec(KeyCodec):
    """Personal identifiers that nobody in the table has.

    Args:
        name: the column's.
        word: the kind of identifier, one of `WORDS`.
        dtype: the Polars type of the column.
        pattern: what numbers are drawn from; None for addresses.
        modulus, residues: what the digits of a made one leave, one of these, and those of no real one do.
        longer: so many characters at least, where no residue was free.
        words: beginnings of addresses that no real one has.
        style: how addresses are written, one of `STYLES`.
        upper: whether in capitals.
        missing_share: share of rows without an identifier.
    """

    kind: ClassVar[str] = "made"
    name: str
    word: str
    dtype: str
    pattern: TextCodec | None = None
    modulus: int = 1
    residues: tuple[int, ...] = (0,)
    longer: int = 0
    words: tuple[str, ...] = ()
    style: str = STYLES[0]
    upper: bool = False
    missing_share: float = 0.0

    @classmethod
    def from_summary(cls, summary: MadeSummary, column: Column, options: CodecOptions) -> Self:
        form, values = form_of(column, summary.values), summary.values
        share = missing_share(summary.missing, summary.text.n_rows, options)
        longest, made = summary.text.longest, partial(cls, column.name, form.word, summary.dtype, missing_share=share)
        if form in (IPV4, IPV6):
            ends = [_share(values.str.contains(end)) > 0.5 for end in (r"\.\d+:\d+$", r"/\d+$")]
            style = STYLES[1] if ends[0] else STYLES[2] if ends[1] else STYLES[0]
            used = values.str.to_lowercase().str.extract(r"^(\d+\.|2001:db8:[0-9a-f]+:)").unique().to_list()
            words = tuple(block for block in BLOCKS[form.word] if block not in used) or ("0.",)
            return made(words=words, style=style)
        if form is MAC:
            style = STYLES[3 + int(np.argmax([_share(values.str.contains(mark, literal=True)) for mark in ":-."]))]
            used = values.str.to_lowercase().str.replace_all(r"[:.\-]", "").str.head(4).unique().to_list()
            words = tuple(block for block in BLOCKS[form.word] if block not in used) or ("02ffff",)  # longer than any
            upper = _share(values.str.contains(r"[A-F]")) > 0.5
            return made(words=words, style=style, upper=upper)
        modulus, free = _free_residues(values)
        pattern = TextCodec.from_summary(summary.text, column, options)
        pattern = pattern if pattern.templates else _usual(form, column)
        digits = min(template.count(DIGIT) for template in pattern.templates)
        if not free or modulus > 10 ** min(digits, LONG):
            return made(pattern, longer=longest + 1)
        return made(pattern, modulus, free)

    def _made(self, n: int, span: Span) -> pl.Series:
        made = different(n, self._draw, span)  # as long as there is room for them
        again = one_by_one(n, self._draw, span.under(1)) if len(made) < n else made
        return as_numbers(pl.concat([made, again.slice(len(made))]), self.dtype)

    def _draw(self, n: int, rng: np.random.Generator) -> pl.Series:
        return self._addresses(n, rng) if self.pattern is None else self._numbers(n, self.pattern, rng)

    def _addresses(self, n: int, rng: np.random.Generator) -> pl.Series:
        block = _chosen(self.words, n, rng)
        if self.word == MAC.word:
            width = 4 if self.style == STYLES[5] else 2
            mark = self.style[width]
            made = block + pl.Series([rng.bytes(4 * n).hex()]).str.extract_all(".{8}").explode().drop_nulls()
            made = made.str.replace_all(f"(.{{{width}}})", "${1}" + mark).str.strip_suffix(mark)
            return made.str.to_uppercase() if self.upper else made
        if self.word == IPV4.word:
            parts = [pl.Series(rng.integers(0, 256, n)).cast(pl.String) for _ in range(3)]
            made = block + parts[0] + "." + parts[1] + "." + parts[2]
        else:
            groups = pl.Series([rng.bytes(4 * n).hex()]).str.extract_all(".{8}").explode().drop_nulls()
            made = block + ":" + groups.str.slice(0, 4) + ":" + groups.str.slice(4)
        if self.style == STYLES[0]:
            return made
        if self.style == STYLES[1]:
            return made + ":" + pl.Series(rng.integers(1024, 2**16, n)).cast(pl.String)
        return made + ("/24" if self.word == IPV4.word else "/64")

    def _numbers(self, n: int, pattern: TextCodec, rng: np.random.Generator) -> pl.Series:
        upto = np.cumsum(pattern.counts[: len(pattern.templates)])
        which = np.searchsorted(upto, rng.random(n) * upto[-1], side="right")
        texts, order = [pl.Series([], dtype=pl.String)], np.argsort(which, kind="stable")
        for k, template in enumerate(pattern.templates):  # templates, not rows
            places = np.arange(len(template)) + pattern.first_places[k]
            chars = pattern.places.draw(np.broadcast_to(places, (int((which == k).sum()), len(places))), rng)
            texts.append(self._settled(chars, template, rng))
        back = np.empty(n, np.int64)
        back[order] = np.arange(n)
        return pl.concat(texts).gather(back)

    def _settled(self, chars: npt.NDArray[np.uint32], template: str, rng: np.random.Generator) -> pl.Series:
        """Texts of one template whose digits leave the residue."""
        chars = chars.copy()
        digits = [i for i, c in enumerate(template) if c == DIGIT][-LONG:]
        scale = 10 ** np.arange(len(digits))[::-1]
        number = ((chars[:, digits].astype(np.int64) - ord("0")) * scale).sum(1)
        number = number - number % self.modulus + rng.choice(self.residues, len(number))
        number = np.where(number >= 10 ** len(digits), number - self.modulus, number)
        chars[:, digits] = number[:, None] // scale % 10 + ord("0")
        more = rng.integers(ord("0"), ord("9") + 1, (len(chars), max(0, self.longer - len(template)))).astype(np.uint32)
        chars = np.concatenate([chars, more], axis=1)
        return as_strings(chars, np.full(len(chars), chars.shape[1]))

    def to_state(self) -> State:
        names = ("word", "dtype", "modulus", "longer", "style", "upper", "missing_share")
        data: dict[str, Any] = {name: getattr(self, name) for name in names}
        data |= {"words": list(self.words), "residues": list(self.residues)}
        data["pattern"], arrays = (None, {}) if self.pattern is None else self.pattern.to_state()
        return data, arrays

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        name, word, style = (take_value(data, key, str) for key in ("name", "word", "style"))
        inner = take_value(data, "pattern", dict, type(None))
        words, residues = take_value(data, "words", list), take_value(data, "residues", list)
        modulus, longer = take_value(data, "modulus", int), take_value(data, "longer", int)
        share = take_value(data, "missing_share", float)
        pattern = None if inner is None else TextCodec.from_state({**inner, "name": name}, arrays)
        if (
            word not in WORDS
            or style not in STYLES
            or (pattern is None) != (word in OF_BLOCKS)
            or (pattern is not None and not pattern.templates)
            or not all(isinstance(w, str) for w in words)
            or (word in OF_BLOCKS and not words)
            or not residues
            or not all(isinstance(r, int) and 0 <= r < modulus <= 10**LONG for r in residues)
            or not 0 <= longer <= 1_000
            or not 0 <= share <= 1
        ):
            raise ModelFileError(f"codec of column {name!r}: its identifiers cannot be made so")
        dtype, upper = take_value(data, "dtype", str), take_value(data, "upper", bool)
        return cls(
            name, word, dtype, pattern, modulus, tuple(residues), longer, tuple(words), style, upper, share
        )  # fmt: skip


def _chosen(words: Any, n: int, rng: np.random.Generator) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(rng.integers(0, len(words), n))


def _share(fits: pl.Series) -> float:
    """The share of true ones; 0 of none."""
    return float(fits.mean() or 0.0)  # type: ignore[arg-type]


def _free_residues(values: pl.Series) -> tuple[int, tuple[int, ...]]:
    """A modulus prime to 10, and a few residues that the digits of none of the values leave."""
    modulus = 2 * len(values) + 101
    modulus += next(up for up in range(10) if (modulus + up) % 2 and (modulus + up) % 5)
    digits = values.str.replace_all(r"\D", "").str.tail(LONG).cast(pl.Int64, strict=False).fill_null(0)
    free = np.setdiff1d(np.arange(modulus), (digits % modulus).to_numpy() if len(values) else [0])
    few = np.random.default_rng(len(values)).permutation(free)[:RESIDUES]
    return modulus, tuple(int(residue) for residue in few)


def _usual(form: Form, column: Column) -> TextCodec:
    """Digits and capitals at random where its example has them: for columns of which too few are alike."""
    rng = np.random.default_rng(0)
    chars = np.array([ord(c) for c in form.example], np.uint32)[None].repeat(400, axis=0)
    for mark, first, last in (("0", "0", "9"), ("A", "A", "Z")):
        place = chars[0] == ord(mark)
        chars[:, place] = rng.integers(ord(first), ord(last) + 1, (400, int(place.sum())))
    return TextCodec.from_summary(
        summarise_text(as_strings(chars, np.full(400, chars.shape[1]))), column, CodecOptions()
    )
