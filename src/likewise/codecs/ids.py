"""Keys: never learnt, always made anew, unique within one decode, and (but for UUIDs and very roomy patterns, where
chance is negligible) provably none that the real table holds.

- whole numbers count on from the next power of ten above the greatest real one;
- UUIDs are drawn at random (version 4);
- strings with a shared pattern of much room are drawn from it, hashes and tokens from digits and letters; other
  strings are the shared prefix and a counter: from the next round number above all real ones on where that has no more
  digits, else one character longer than any real one.

Legend: n rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import CodecOptions, KeyCodec, State, missing_share, take_value
from likewise.codecs.holders import Persons
from likewise.codecs.text import MAX_LENGTH, POOLED, TextCodec, TextSummary, summarise_text
from likewise.errors import ModelFileError
from likewise.schema.column import Column
from likewise.schema.dtypes import dtype_name

UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
MAX_WIDTH = 24  # digits of a counter, however long a real key is
ROOM = 1e6  # possible strings a real or drawn one, for a pattern to be drawn from: a clash is then one in a million
NUMBERS: dict[str, pl.DataType] = {
    str(t): t
    for t in (
        pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64(),
        pl.Float32(), pl.Float64(),
    )
}  # fmt: skip
HEX = "\ue000"
LEAST_HEX = 11  # digits that vary: of 16**11 strings, ROOM for ten million keys
_LOWER = "abcdefghijklmnopqrstuvwxyz"
FREE = {HEX: "0123456789abcdef", "\ue001": "0123456789" + _LOWER, "\ue002": "0123456789" + _LOWER + _LOWER.upper()}
"""What a character stands for in the form of a key: each is drawn from these, the first two in capitals if need be."""
SALT = np.frombuffer(b"likewise makes..", np.uint8)  # else a table made with the same seed has the same keys
SPARE = 2**40  # counters that must fit above the start


@dataclass(frozen=True)
class IdSummary:
    """What the keys look like; `text` is None for numbers, `keys` holds the distinct ones where each counts once."""

    dtype: str
    n_rows: int
    missing: int
    least: int | None
    greatest: int | None
    n_uuid: int
    n_upper: int
    text: TextSummary | None
    keys: pl.Series | None = None

    def merge(self, other: IdSummary) -> IdSummary:
        if self.keys is not None and other.keys is not None:
            return summarise_entities(pl.concat([self.keys, other.keys]))
        text = self.text.merge(other.text) if self.text is not None and other.text is not None else None
        return IdSummary(
            self.dtype,
            self.n_rows + other.n_rows,
            self.missing + other.missing,
            min((x for x in (self.least, other.least) if x is not None), default=None),
            max((x for x in (self.greatest, other.greatest) if x is not None), default=None),
            self.n_uuid + other.n_uuid,
            self.n_upper + other.n_upper,
            text,
        )


def summarise_ids(series: pl.Series, persons: pl.Series | Persons | None = None) -> IdSummary:
    """The summary of one column of keys (or chunk of it).

    Args:
        persons: whose each row is; None makes each row its own.
    """
    if series.dtype.is_temporal() or series.dtype == pl.Boolean:  # what tells entities apart may be of any kind
        series = series.to_physical().cast(pl.Int64)
    keys = series.drop_nulls()
    n, missing, dtype = len(keys), series.null_count(), dtype_name(series.dtype)
    if series.dtype.is_numeric():
        low, high = (int(keys.min()), int(keys.max())) if n else (None, None)  # type: ignore[arg-type]
        return IdSummary(dtype, n, missing, low, high, 0, 0, None)
    persons = Persons.of(persons) if isinstance(persons, pl.Series) else persons
    whose = None if persons is None else replace(persons, numbers=persons.numbers[series.is_not_null().to_numpy()])
    text = keys.cast(pl.String)
    uuid = text.str.contains(UUID)
    upper = text.filter(uuid).str.contains("[A-F]")
    last = text.str.extract(r"([0-9]{1,18})$").cast(pl.Int64).max()
    greatest = last if isinstance(last, int) else None
    return IdSummary(dtype, n, missing, None, greatest, int(uuid.sum()), int(upper.sum()), summarise_text(text, whose))


def summarise_entities(series: pl.Series) -> IdSummary:
    """The summary of the keys of entities (or chunk of it), each counted once."""
    keys = series.unique()
    return replace(summarise_ids(keys), keys=keys)


@dataclass(frozen=True)
class IdCodec(KeyCodec):
    """Keys that count on, UUIDs, or keys of the pattern of the real ones.

    Args:
        name: the column's.
        form: "number", "uuid", "pattern", "hex" or "counter".
        dtype: the Polars type of the keys; others than numbers come back as strings.
        start: first number; 1 for a counter that is longer than all real keys.
        width: digits of the counter.
        prefix: what stands before the counter; of a "hex" form the whole key, with a mark of `FREE`.
        upper: whether UUIDs and hexadecimal digits are written in capitals.
        missing_share: share of keys that are missing.
        pattern: what patterned keys are drawn from.
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

    @classmethod
    def from_summary(cls, summary: IdSummary, column: Column, options: CodecOptions) -> Self:
        share = missing_share(summary.missing, summary.n_rows, options)
        if summary.text is None:
            start = _start_beyond(summary.least, summary.greatest)
            return cls(column.name, "number", summary.dtype, start=start, missing_share=share)
        if summary.n_rows and summary.n_uuid == summary.n_rows:
            upper = summary.n_upper > summary.n_rows / 2
            return cls(column.name, "uuid", summary.dtype, upper=upper, missing_share=share)
        pattern = TextCodec.from_summary(summary.text, column, options)
        room = _room(pattern)
        if room < ROOM * max(summary.n_rows, 1) and (shape := _hex_shape(summary, options.rows)):
            return cls(column.name, "hex", summary.dtype, prefix=shape[0], upper=shape[1], missing_share=share)
        if room < ROOM * max(summary.n_rows, 1) and (above := _room_above(summary, pattern)):
            prefix, width, start = above
            return cls(column.name, "counter", summary.dtype, start, width, prefix, missing_share=share)
        prefix = _prefix(pattern)
        width = min(max(1, summary.text.longest + 1 - len(prefix)), MAX_WIDTH)
        form = "pattern" if room >= ROOM * max(summary.n_rows, 1) else "counter"
        kept = pattern if form == "pattern" else None
        return cls(column.name, form, summary.dtype, width=width, prefix=prefix, missing_share=share, pattern=kept)

    def _made(self, n: int, rng: np.random.Generator) -> pl.Series:
        if self.form == "number":
            return self._numbers(n)
        if self.form == "uuid":
            return _uuids(n, rng, upper=self.upper)
        if self.form == "hex":
            return self._hex(n, rng)
        drawn = self._patterned(n, rng) if self.form == "pattern" else None
        return self._counted(n) if drawn is None else drawn

    def _numbers(self, n: int) -> pl.Series:
        numbers = pl.Series(np.arange(n, dtype=np.int64) + self.start)
        wanted = NUMBERS.get(self.dtype, pl.Int64())
        fits = wanted.is_float() or numbers.cast(wanted, strict=False).null_count() == 0
        return numbers.cast(wanted) if fits else numbers

    def _hex(self, n: int, rng: np.random.Generator) -> pl.Series:
        shape = np.array(list(self.prefix))
        free = np.isin(shape, list(FREE))
        mark = next(m for m in FREE if m in self.prefix)
        letters = np.array(list(FREE[mark].upper() if self.upper else FREE[mark]))
        keys = pl.Series([], dtype=pl.String)
        while len(keys) < n:  # the room is so large that a clash is one in a million
            chars = np.repeat(shape[None], n - len(keys), axis=0)
            chars[:, free] = letters[_salted(len(chars), int(free.sum()), rng) % len(letters)]
            made = np.ascontiguousarray(chars).view(f"<U{len(shape)}")[:, 0]
            keys = pl.concat([keys, pl.Series("", made, dtype=pl.String)]).unique(maintain_order=True)
        return keys

    def _counted(self, n: int) -> pl.Series:
        if self.start > 1:
            return self.prefix + pl.Series(np.arange(self.start, self.start + n)).cast(pl.String).str.zfill(self.width)
        # Keys of digits alone begin with a 1: read as numbers, "0007" would be the real key 7 again.
        lead = "" if self.prefix.strip("0") else "1"
        counter = pl.Series(np.arange(1, n + 1)).cast(pl.String).str.zfill(self.width - len(lead))
        return self.prefix + lead + counter

    def _patterned(self, n: int, rng: np.random.Generator) -> pl.Series | None:
        """n different strings; None if the pattern has not room for so many."""
        assert self.pattern is not None
        codec = self.pattern
        if n * 100 > _room(codec):
            return None
        counts = np.cumsum(codec.counts[: len(codec.templates)])
        keys = pl.Series([], dtype=pl.String)
        while len(keys) < n:  # at most one draw in a hundred is lost, so a few rounds
            code = np.searchsorted(counts, rng.random(n - len(keys)) * counts[-1], side="right")
            keys = pl.concat([keys, codec.decode(code[:, None], np.zeros((len(code), 0)), rng).alias("")])
            keys = keys.unique(maintain_order=True)
        return keys

    def to_state(self) -> State:
        names = ("form", "dtype", "start", "width", "prefix", "upper", "missing_share")
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
        if form not in ("number", "uuid", "pattern", "hex", "counter") or (form == "pattern") != (inner is not None):
            raise ModelFileError(f"codec of column {name!r}: unknown form of id")
        share = take_value(data, "missing_share", float)
        if not 0 <= share <= 1:
            raise ModelFileError(f"codec of column {name!r}: share of missing ids must lie in [0, 1]")
        start, width, prefix = (take_value(data, k, t) for k, t in (("start", int), ("width", int), ("prefix", str)))
        most = np.iinfo(np.int64).max
        if not -most <= start <= most - SPARE or not 0 <= width <= MAX_WIDTH:
            raise ModelFileError(f"codec of column {name!r}: its counter starts or is as wide as no counter is")
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
            None if inner is None else TextCodec.from_state({**inner, "name": name}, arrays),
        )


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
    """How many strings the narrowest template allows, counting at each place the characters in real use."""
    if not pattern.templates:
        return 0.0
    place = pattern.places.place
    total = np.bincount(place, weights=pattern.places.rows)
    share = pattern.places.rows / total[place]
    # the chance that two draws at a place agree; its inverse is the number of characters in use there
    agree = np.bincount(place, weights=share**2)
    log_room = [
        -np.log(agree[first : first + len(template)]).sum()
        for first, template in zip(pattern.first_places[:-1], pattern.templates, strict=True)
    ]
    return float(np.exp(min(min(log_room), 600.0)))


def _prefix(pattern: TextCodec) -> str:
    """The characters with which all strings of the most frequent template begin."""
    if not pattern.templates:
        return ""
    place, prefix = pattern.places.place, ""
    for at in range(len(pattern.templates[0])):
        here = pattern.places.char[place == at]
        if len(here) != 1:
            break
        prefix += chr(int(here[0]))
    return prefix


def _room_above(summary: IdSummary, pattern: TextCodec) -> tuple[str, int, int] | None:
    """Stem, width and first number of keys as wide as the real ones, for keys that are a stem and as many digits each:
    from the next round number above all of them on. None where keys are otherwise, or the next has a digit more."""
    if len(pattern.templates) != 1 or summary.greatest is None:
        return None
    template, stem = pattern.templates[0], _prefix(pattern).rstrip("0123456789")
    width = len(template) - len(stem)
    if not 0 < width <= 18 or set(template[len(stem) :]) - {HEX, *"0123456789"}:
        return None
    step = 10 ** (width - 1)
    start = (summary.greatest // step + 1) * step
    return (stem, width, start) if start < 10 * step else None


def _n_free(shape: str) -> int:
    """How many characters vary, at most one kind of `FREE`; 0 where there are more."""
    counts = [n for n in map(shape.count, FREE) if n]
    return counts[0] if len(counts) == 1 else 0


def _hex_shape(summary: IdSummary, rows: int) -> tuple[str, bool] | None:
    """The characters all keys share, with a mark of `FREE` where digits and letters vary, and whether those are
    capitals; None where other characters vary too, lengths differ, or there are too few keys or digits.

    So are hashes written, hardware addresses, tokens, and UUIDs in brackets, behind "urn:uuid:" or without hyphens.
    """
    assert summary.text is not None
    lengths, people = summary.text.lengths, summary.text.of_people()
    if len(lengths) != 1 or summary.text.longest > MAX_LENGTH or int(people.lengths["rows"].sum()) < rows:
        return None
    chars = summary.text.places.filter(pl.col("template") != POOLED).group_by("place").agg(pl.col("char").unique())
    seen = chars.sort("place")["char"].to_list()
    varying = {c for at in seen if len(at) > 1 for c in at}
    upper, has_letters = not varying & set(_LOWER), bool(varying - set("0123456789"))
    evenly = all(len(at) == 1 or set(at) - set("0123456789") for at in seen)  # else it has parts, such as a year
    mark = next((m for m, letters in FREE.items() if varying <= set(letters.upper() if upper else letters)), "")
    shape = "".join(at[0] if len(at) == 1 else mark for at in seen)
    fits = has_letters and mark and (mark == HEX or evenly) and _n_free(shape) >= LEAST_HEX
    return (shape, upper) if fits and len(shape) == summary.text.longest else None


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
