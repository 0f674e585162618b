"""Keys: never learnt, always made anew, unique within one decode, and (but for UUIDs and very roomy patterns, where
chance is negligible) provably none that the real table holds.

- whole numbers count on from the next power of ten above the greatest real one;
- UUIDs are drawn at random (version 4);
- strings keep their form, as some of them show it (`_pattern`): sections of few values are drawn whole, such as a year.
  Where all end in digits, these count on from the next round number above all real ones; else strings are drawn by
  their form, as long as there is room for new ones (`unseen.py`). Else the counter is longer than that of any real one.
- of few strings, of which nothing can be told but that they are digits and letters, the like are drawn.

Legend: n rows, k keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.characters import CLASSES, MAX_LENGTH, templates_of
from likewise.codecs.column import CodecOptions, KeyCodec, State, missing_share, take_value
from likewise.codecs.holders import Holders, Persons, merged
from likewise.codecs.marks import Marks
from likewise.codecs.text import ANY, ROOM, TextCodec, TextSummary, summarise_forms
from likewise.errors import ModelFileError
from likewise.personal.unseen import KEPT, Unseen, prints_of
from likewise.schema.column import Column
from likewise.schema.dtypes import dtype_name
from likewise.schema.numbers import applied
from likewise.streams import Span, blocks_in

DIGIT = CLASSES[r"\p{Nd}"]
UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
MAX_WIDTH = 24  # digits of a counter, however long a real key is
LOOK_AT = 20_000  # keys of which the form is told
FORMS = ("number", "uuid", "pattern", "hex", "counter")
NUMBERS: dict[str, pl.DataType] = {
    str(t): t
    for t in (
        pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64(),
        pl.Float32(), pl.Float64(),
    )
}  # fmt: skip
_ALNUM = "0-9A-Za-z"
HEX = "\ue000"
LEAST_HEX = 11  # digits that vary: of 16**11 strings, ROOM for ten million keys
_LOWER = "abcdefghijklmnopqrstuvwxyz"
FREE = {
    HEX: "0123456789abcdef",
    "\ue001": "0123456789" + _LOWER,
    "\ue002": "0123456789" + _LOWER + _LOWER.upper(),
    "\ue003": "0123456789-_" + _LOWER + _LOWER.upper(),
}
"""What a character stands for in the form of a key: each is drawn from these, the first two in capitals if need be."""
SALT = np.frombuffer(b"likewise makes..", np.uint8)  # else a table made with the same seed has the same keys
_TAIL = r"(?:[.,]0+)?\P{Nd}*"
"""What stands behind the last digits of a key, and the nought that a program has written behind a number."""
SPARE = 2**40  # counters that must fit above the start


@dataclass(frozen=True)
class IdSummary:
    """What the keys look like, and the keys themselves where they are texts: as private as the data.

    Args:
        n_rows, missing: rows with and without a key.
        least, greatest: of whole numbers.
        keys: (k,) distinct texts, ascending; None for numbers.
        holders: who has which, where people are counted.
        once: whether each key counts once, as that of an entity does.
        some_of: how many keys there are, where `keys` are some of them, and the characters of the longest; None where
            they are all.
    """

    dtype: str
    n_rows: int
    missing: int
    least: int | None
    greatest: int | None
    keys: pl.Series | None = None
    holders: Holders | None = None
    once: bool = False
    some_of: tuple[int, int] | None = None

    def merge(self, other: IdSummary) -> IdSummary:
        both = None if self.keys is None or other.keys is None else pl.concat([self.keys, other.keys])
        return IdSummary(
            self.dtype,
            self.n_rows + other.n_rows,
            self.missing + other.missing,
            min((x for x in (self.least, other.least) if x is not None), default=None),
            max((x for x in (self.greatest, other.greatest) if x is not None), default=None),
            None if both is None else both.unique().sort(),
            merged(self.holders, other.holders),
            self.once,
        )


def summarise_ids(series: pl.Series, persons: pl.Series | Persons | None = None) -> IdSummary:
    """The summary of one column of keys (or chunk of it).

    Args:
        persons: whose each row is; None makes each key somebody's own.
    """
    if series.dtype.is_temporal() or series.dtype == pl.Boolean:  # what tells entities apart may be of any kind
        series = series.to_physical().cast(pl.Int64)
    keys = series.drop_nulls()
    n, missing, dtype = len(keys), series.null_count(), dtype_name(series.dtype)
    if series.dtype.is_numeric():
        low, high = (int(keys.min()), int(keys.max())) if n else (None, None)  # type: ignore[arg-type]
        return IdSummary(dtype, n, missing, low, high)
    texts = series.cast(pl.String)
    return IdSummary(dtype, n, missing, None, None, texts.drop_nulls().unique().sort(), Holders.of(texts, persons))


@dataclass(frozen=True)
class IdCodec(KeyCodec):
    """Keys that count on, UUIDs, or keys of the pattern of the real ones.

    Args:
        name: the column's.
        form: "number", "uuid", "pattern", "hex" or "counter".
        dtype: the Polars type of the keys; others than numbers come back as strings.
        start: first number; 1 for a counter that is longer than all real keys.
        width: digits of the counter.
        prefix: what stands before the counter where there is no pattern; of a "hex" form the whole key, with a mark of
            `FREE`.
        upper: whether UUIDs and hexadecimal digits are written in capitals.
        missing_share: share of keys that are missing.
        pattern: what keys are drawn from, or what stands before a counter.
        repeats: whether keys of the pattern may come again, as the real ones do.
    """

    kind: ClassVar[str] = "id"
    name: str
    form: str
    dtype: str
    start: int = 1
    width: int = 0
    prefix: str = ""
    upper: bool = False
    missing_share: float = 0.0
    pattern: TextCodec | None = None
    repeats: bool = False

    @classmethod
    def from_summary(cls, summary: IdSummary, column: Column, options: CodecOptions) -> Self:
        share = missing_share(summary.missing, summary.n_rows, options)
        make = partial(cls, column.name, dtype=summary.dtype, missing_share=share)
        if summary.keys is None:
            return make("number", start=_start_beyond(summary.least, summary.greatest))
        keys, some = summary.keys, _some(summary.keys)
        if len(keys) and keys.str.contains(UUID).all():
            return make("uuid", upper=bool(keys.str.contains("[A-F]").mean() > 0.5))  # type: ignore[operator]
        pattern = _pattern(summary, column, options)
        longest = int(keys.str.len_chars().max() or 0)  # type: ignore[arg-type]
        n_keys, longest = (len(keys), longest) if summary.some_of is None else summary.some_of
        roomy = _room(pattern) >= ROOM * max(n_keys, 1)
        if not roomy and (shape := _hex_shape(some, options.rows)):
            return make("hex", prefix=shape[0], upper=shape[1])
        above = None if roomy or summary.some_of is not None else _room_above(keys, pattern)
        if above is not None and above[0]:
            return make("counter", start=above[1], width=above[0], pattern=pattern)
        repeats = not summary.once and summary.n_rows > 1.05 * n_keys
        all_known = roomy or summary.some_of is None  # else a draw may be a key that is not listed
        if len(keys) and all_known and (20 if repeats else n_keys) <= _room(pattern):
            if not roomy:
                pattern = replace(pattern, unseen=Unseen.of(np.unique(prints_of(keys))))
            return make("pattern", width=min(longest + 1, MAX_WIDTH), pattern=pattern, repeats=repeats)
        if above is not None:
            return make("counter", start=above[1], pattern=pattern)
        parts = [_parted(template) for template in pattern.templates]
        if not parts or any(ANY in stem for stem, *_ in parts) or len({n > 0 for _, n, _ in parts}) > 1:
            return make("counter", width=min(longest + 1, MAX_WIDTH))
        width = min(max(1, longest + 1 - min(len(stem) + len(tail) for stem, _, tail in parts)), MAX_WIDTH)
        return make("counter", width=width, pattern=pattern)

    def _made(self, n: int, span: Span) -> pl.Series:
        if self.form == "number":
            return self._numbers(n, span.first)
        if self.form == "uuid":
            return _uuids(n, span.at(), upper=self.upper)
        if self.form == "hex":
            return different(n, self._hex, span)
        drawn = self._patterned(n, span) if self.form == "pattern" else pl.Series([], dtype=pl.String)
        rest = self._counted(n, span) if len(drawn) < n else drawn.clear()
        return pl.concat([drawn, rest.slice(len(drawn))])

    def _numbers(self, n: int, first: int) -> pl.Series:
        numbers = pl.Series(np.arange(first, first + n, dtype=np.int64) + self.start)
        wanted = NUMBERS.get(self.dtype, pl.Int64())
        fits = wanted.is_float() or numbers.cast(wanted, strict=False).null_count() == 0
        return numbers.cast(wanted) if fits else numbers

    def _hex(self, n: int, rng: np.random.Generator) -> pl.Series:
        shape = np.array(list(self.prefix))
        free = np.isin(shape, list(FREE))
        mark = next(m for m in FREE if m in self.prefix)
        letters = np.array(list(FREE[mark].upper() if self.upper else FREE[mark]))
        chars = np.repeat(shape[None], n, axis=0)
        chars[:, free] = letters[_salted(n, int(free.sum()), rng) % len(letters)]
        return pl.Series("", np.ascontiguousarray(chars).view(f"<U{len(shape)}")[:, 0], dtype=pl.String)

    def _counted(self, n: int, span: Span) -> pl.Series:
        stems, tails = (pl.Series([text], dtype=pl.String).new_from_index(0, n) for text in (self.prefix, ""))
        if self.pattern is not None:
            drawn = one_by_one(n, partial(self._drawn, self.pattern), span.under(1))
            counts = _parted(self.pattern.templates[0])[1] > 0
            stems = drawn.str.replace(rf"\p{{Nd}}+{_TAIL}$", "") if counts else drawn
            tails = drawn.str.extract(rf"\p{{Nd}}({_TAIL})$") if counts else tails
        numbers = np.arange(self.start, self.start + n) + span.first
        if self.start == 1:
            # Keys of digits alone begin with a 1: read as numbers, "0007" would be the real key 7 again.
            digits = stems.str.strip_chars("0") == ""
            lead = pl.select(pl.when(digits).then(pl.lit("1")).otherwise(pl.lit("0"))).to_series()
            return stems + lead + pl.Series(numbers).cast(pl.String).str.zfill(self.width - 1) + tails
        return stems + pl.Series(numbers).cast(pl.String).str.zfill(self.width) + tails

    @staticmethod
    def _drawn(codec: TextCodec, n: int, rng: np.random.Generator) -> pl.Series:
        return codec.decode(_templates(codec, n, rng)[:, None], np.zeros((n, 0)), rng).alias("")

    def _patterned(self, n: int, span: Span) -> pl.Series:
        """n different strings, or as many as the pattern has room for."""
        assert self.pattern is not None
        if self.repeats:
            return one_by_one(n, partial(self._drawn, self.pattern), span)
        marks = Marks.of(self.pattern, _room(self.pattern))
        if span.number >= marks.spans:
            return pl.Series([], dtype=pl.String)

        def marked(size: int, rng: np.random.Generator) -> pl.Series:
            templates = _templates(marks.pattern, size, rng)
            keys = marks.pattern.decode(templates[:, None], np.zeros((size, 0)), rng).alias("")
            keys = marks.on(keys, templates, span.number)
            unseen = marks.pattern.unseen
            return keys if unseen is None or marks.spans == 1 else keys.filter(unseen.admits(keys))

        return different(min(n, int(_room(self.pattern) / marks.spans)), marked, span)

    def to_state(self) -> State:
        names = ("form", "dtype", "start", "width", "prefix", "upper", "missing_share", "repeats")
        data: dict[str, Any] = {name: getattr(self, name) for name in names}
        data["pattern"] = None
        arrays: dict[str, npt.NDArray[Any]] = {}
        if self.pattern is not None:
            data["pattern"], arrays = self.pattern.to_state()
        return data, arrays

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        name, form = take_value(data, "name", str), take_value(data, "form", str)
        inner = take_value(data, "pattern", dict, type(None))
        fits = {"pattern": inner is not None, "counter": True}
        if form not in FORMS or not fits.get(form, inner is None):
            raise ModelFileError(f"codec of column {name!r}: unknown form of id")
        share = take_value(data, "missing_share", float)
        if not 0 <= share <= 1:
            raise ModelFileError(f"codec of column {name!r}: share of missing ids must lie in [0, 1]")
        start, width, prefix = (take_value(data, k, t) for k, t in (("start", int), ("width", int), ("prefix", str)))
        most = np.iinfo(np.int64).max
        if not -most <= start <= most - SPARE or not 0 <= width <= MAX_WIDTH:
            raise ModelFileError(f"codec of column {name!r}: its counter starts or is as wide as no counter is")
        pattern = None if inner is None else TextCodec.from_state({**inner, "name": name}, arrays)
        if pattern is not None and not pattern.templates:
            raise ModelFileError(f"codec of column {name!r}: it has no form that keys could be drawn of")
        if form == "hex" and not (len(prefix) <= MAX_LENGTH and _n_free(prefix) >= LEAST_HEX):
            raise ModelFileError(f"codec of column {name!r}: its form has no room for different keys")
        return cls(
            name,
            form,
            take_value(data, "dtype", str),
            start,
            width,
            prefix,
            take_value(data, "upper", bool),
            share,
            pattern,
            bool(data.get("repeats", False)),
        )


def _templates(codec: TextCodec, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(n,) which template each is of, as often as the real ones."""
    upto = np.cumsum(codec.counts[: len(codec.templates)])
    return np.asarray(np.searchsorted(upto, rng.random(n) * upto[-1], side="right"), np.int64)


Drawn = Callable[[int, np.random.Generator], pl.Series]
"""Draws so many values from a stream."""

BATCH = 1_024
"""Values of the first two batches that are drawn of a column."""


def one_by_one(n: int, draw: Drawn, span: Span) -> pl.Series:
    """The first n values of a span, drawn in batches that do not hang on n."""
    batches = [draw(size, span.at(k)) for k, _, size in blocks_in(n, BATCH)]
    return pl.concat([pl.Series([], dtype=pl.String), *batches]).head(n)


def different(n: int, draw: Drawn, span: Span, *, least: float = 0.1) -> pl.Series:
    """The first n different values of a span, or as many as there are: batches of which less than a share is new end
    the search."""
    made = pl.Series([], dtype=pl.String)
    for k, _, size in blocks_in(2**62, BATCH):
        if len(made) >= n:
            break
        before, made = len(made), pl.concat([made, draw(size, span.at(k))]).unique(maintain_order=True)
        if len(made) - before < least * size:
            break
    return made.head(n)


def as_numbers(texts: pl.Series, dtype: str) -> pl.Series:
    """(n,) digits of texts where a column is stored as numbers, of those that its type cannot hold the last ones; else
    the texts.

    Example:
        >>> as_numbers(pl.Series(["0171 234", "99 888 777 666"]), "Int32").to_list()
        [171234, 888777666]
    """
    stored = NUMBERS.get(dtype)
    if stored is None:
        return texts
    number = texts.str.replace_all(r"\D", "").cast(pl.Int64, strict=False)
    lost = number.cast(stored, strict=False).is_null() & number.is_not_null()
    if lost.any():
        digits = {"8": 2, "16": 4, "32": 9}.get(dtype.lstrip("UInt"), 18)
        number = (number % 10**digits).zip_with(lost, number)
    return number.cast(stored)


def _start_beyond(least: int | None, greatest: int | None) -> int:
    """A round number above all keys; for keys near the end of int64, one far enough below all of them."""
    if least is None or greatest is None:
        return 1
    above: int = 10 ** len(str(max(greatest, 0)))
    if above + SPARE <= np.iinfo(np.int64).max:
        return above
    if least > SPARE:
        return 1
    # keys at both ends of int64: what lies between them around zero is as good a guess as any
    below: int = -(10 ** len(str(-least))) - SPARE
    return below if least > -(10**17) else SPARE


def _room(pattern: TextCodec) -> float:
    """How many different strings can be drawn with no more than one draw in a few lost."""
    if not pattern.templates:
        return 0.0
    rows = pattern.counts[: len(pattern.templates)]
    agree = float(((rows / rows.sum()) ** 2 / pattern.rooms).sum())  # two draws at random are the same
    return KEPT / 2 / agree


def _some(keys: pl.Series) -> pl.Series:
    """As many as are looked at, or all."""
    return keys.sample(min(LOOK_AT, len(keys)), seed=0)


def _parted(template: str) -> tuple[str, int, str]:
    """What stands before the last digits, how many these are, and what stands behind them."""
    match = re.search(rf"[{DIGIT}0-9]+(?=(?:[.,]0+)?[^{DIGIT}0-9{ANY}]*$)", template)
    return (template, 0, "") if match is None else (template[: match.start()], len(match[0]), template[match.end() :])


def _pattern(summary: IdSummary, column: Column, options: CodecOptions) -> TextCodec:
    """What keys are drawn from, by the finest forms that nearly all of some of them share: with their sections of few
    values as they are, or those of letters alone, as any text, or as letters and digits anywhere.

    Where they leave no room for as many keys as there are, digits are any digits.
    """
    assert summary.keys is not None
    keys, persons = _some(summary.keys), None
    if summary.holders is not None:
        pairs = summary.holders.pairs.filter(pl.col("value").is_in(keys.implode()))
        keys, persons = pairs["value"], pairs["person"]
    usual = templates_of(keys)
    anywhere, tokens = (
        applied(keys, pl.first().str.replace_all(f"[{chars}]", ANY)) for chars in (_ALNUM, _ALNUM + "_-")
    )
    letters, sections = (_sections(keys, options.rows, runs) for runs in (r"^\P{Nd}+$", ""))
    found = told = None
    for forms, most in ((sections, 50), (letters, 50), (usual, 10), (anywhere, 10), (tokens, 5)):
        if (forms.value_counts()["count"] >= options.rows).sum() <= most:
            told = _with_any_digits(summarise_forms(keys, forms, persons), options.rows)
            found = TextCodec.from_summary(told, column, options)
            if found.counts[: len(found.templates)].sum() >= 0.95 * len(keys):
                break
    else:
        told = summarise_forms(keys, usual, persons)
        found = found or TextCodec.from_summary(told, column, options)
    if found.templates and len(summary.keys) > _room(found):
        return TextCodec.from_summary(_with_any_digits(told, options.rows, everywhere=True), column, options)
    return found


def _with_any_digits(told: TextSummary, rows: int, *, everywhere: bool = False) -> TextSummary:
    """With any digit where digits vary and none of them is shared by enough keys, or wherever they vary."""
    marks = told.templates.select("template", mark=pl.col("template").str.split("")).explode("mark")
    places = marks.with_columns(place=pl.int_range(pl.len(), dtype=pl.Int64).over("template")).filter(
        pl.col("mark") == DIGIT
    )
    shared = told.places.filter(pl.col("rows") >= rows)
    places = places if everywhere else places.join(shared, on=["template", "place"], how="anti")
    digits = pl.DataFrame({"char": list("0123456789"), "rows": [rows] * 10})
    kept = told.places.join(places, on=["template", "place"], how="anti")
    return replace(told, places=kept.vstack(places.join(digits, how="cross").select(kept.columns)))


def _sections(keys: pl.Series, rows: int, of: str) -> pl.Series:
    """(k,) the class of each character, but sections of few values, each of enough keys, as they are; of those that
    have this pattern."""
    runs = keys.rename("run").to_frame().with_row_index("key").select(
        "key", pl.col("run").str.replace_all(r"\p{Nd}+", "0").str.replace_all(r"\p{L}+", "A").alias("form"),
        pl.col("run").str.extract_all(r"\p{Nd}+|\p{L}+|[^\p{Nd}\p{L}]+"),
    ).explode("run").with_columns(at=pl.int_range(pl.len()).over("key"))  # fmt: skip
    few = runs.group_by("form", "at", "run").len().group_by("form", "at").agg(
        (pl.col("run").filter(pl.col("len") >= rows).len() <= 50)
        & (pl.col("len").filter(pl.col("len") >= rows).sum() >= 0.95 * pl.col("len").sum())
    )  # fmt: skip
    told = runs.join(few.rename({"run": "few"}), on=["form", "at"], how="left").with_columns(templates_of(runs["run"]))
    told = told.with_columns(
        part=pl.when(pl.col("few") & pl.col("run").str.contains(of)).then("run").otherwise("template")
    )
    return told.group_by("key").agg(pl.col("part").str.join("")).sort("key")["part"]


def _room_above(keys: pl.Series, pattern: TextCodec) -> tuple[int, int] | None:
    """Width and first number of counters that stand in place of the last digits of all keys: from the next round number
    above all of them on, of as many digits; or of one more, and no width, where they are as long as they need (`INV9`,
    `INV10`). None where keys are otherwise, or the next has a digit more."""
    widths = {_parted(template)[1] for template in pattern.templates}
    last = keys.str.extract(rf"([0-9]{{1,18}}){_TAIL}$")
    greatest = last.cast(pl.Int64).max()
    if not isinstance(greatest, int) or not widths or not 0 < min(widths) <= max(widths) < 18:
        return None
    if len(widths) > 1:
        return None if last.str.contains("^0[0-9]").any() else (0, 10 ** len(str(greatest)))
    step = 10 ** (widths.pop() - 1)
    start = (greatest // step + 1) * step
    return (len(str(step)), start) if start < 10 * step else None


def _n_free(shape: str) -> int:
    """How many characters vary, at most one kind of `FREE`; 0 where there are more."""
    counts = [n for n in map(shape.count, FREE) if n]
    return counts[0] if len(counts) == 1 else 0


def _hex_shape(keys: pl.Series, rows: int) -> tuple[str, bool] | None:
    """The characters all keys share, with a mark of `FREE` where digits and letters vary, and whether those are
    capitals; None where other characters vary too, lengths differ, or there are too few keys or digits.

    So are hashes written, hardware addresses, tokens, and UUIDs in brackets, behind "urn:uuid:" or without hyphens.
    """
    width = int(keys.str.len_chars().max() or 0)  # type: ignore[arg-type]
    if keys.str.len_chars().n_unique() != 1 or not 0 < width <= MAX_LENGTH or len(keys) < rows:
        return None
    seen = [keys.str.slice(at, 1).unique().to_list() for at in range(width)]
    varying = {c for at in seen if len(at) > 1 for c in at}
    upper, has_letters = not varying & set(_LOWER), bool(varying - set("0123456789"))
    evenly = all(len(at) == 1 or set(at) - set("0123456789") for at in seen)  # else it has parts, such as a year
    mark = next((m for m, letters in FREE.items() if varying <= set(letters.upper() if upper else letters)), "")
    shape = "".join(at[0] if len(at) == 1 else mark for at in seen)
    return (shape, upper) if has_letters and mark and (mark == HEX or evenly) and _n_free(shape) >= LEAST_HEX else None


def _salted(n: int, k: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """(n, k) random bytes."""
    salted: npt.NDArray[np.uint8] = np.frombuffer(rng.bytes(n * k), np.uint8).reshape(n, k) ^ np.resize(SALT, k)
    return salted


def _uuids(n: int, rng: np.random.Generator, *, upper: bool) -> pl.Series:
    raw = np.frombuffer(rng.bytes(16 * n), np.uint8).reshape(n, 16) ^ SALT
    raw[:, 6] = (raw[:, 6] & 0x0F) | 0x40  # version 4
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80  # variant of RFC 9562
    digits = np.stack([raw >> 4, raw & 15], axis=2).reshape(n, 32)
    alphabet = np.frombuffer((FREE[HEX].upper() if upper else FREE[HEX]).encode(), np.uint8).astype(np.uint32)
    chars = np.insert(alphabet[digits], [8, 12, 16, 20], ord("-"), axis=1)  # (n, 36)
    return pl.Series(np.ascontiguousarray(chars).view("<U36")[:, 0], dtype=pl.String)
