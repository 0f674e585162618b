"""Pattern-like strings: phone numbers, codes, plates. Learnt as templates of character classes, drawn by position.

A template is the string with every digit, upper, lower and other letter replaced by its class; all else stands as it
is. Templates that enough rows share are codes. A draw takes every position's character from those which enough rows
have there, each position by itself, so no string is stored; draws that may equal a real string are drawn again
(`unseen.py`), and where a template leaves no room for that ("A1"), are a little longer. Where most texts share none
(names, titles), outlines stand in their place (`outlines.py`), and what shares none of these either is drawn as the
sentences that it mostly is, or not at all. Where no outline is shared, the text drawn has only the usual lengths and
characters. Of a text longer than a pattern can be,
the length is told roughly. Free text, sentences that is, is drawn as a placeholder, or word by word (`words.py`).

Legend: n rows, T templates, K codes: templates, pooled (if any), missing (if any).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Field
from likewise.codecs.characters import MAX_LENGTH, Places, as_strings, templates_of
from likewise.codecs.column import CodecOptions, ColumnCodec, Encoded, Narrowed, State, is_share, take_array, take_value
from likewise.codecs.holders import Holders, Persons, merged
from likewise.codecs.outlines import Outlines, outlines_of
from likewise.codecs.words import SENTENCE, Words, placeholders
from likewise.conditions import Missing
from likewise.errors import ConditionError, ModelFileError
from likewise.personal.unseen import Prints, Unseen, prints_of
from likewise.schema.column import Column
from likewise.schema.keys import WORDY

LONGEST = 1_024  # what longer strings are drawn as
DRAWN = 2**22  # characters drawn at a time
COUNTED = 2**18  # characters counted at a time
POOLED = "\ue004"  # stands for the positions of pooled text in `TextSummary.places`
ANY = "\ue005"  # a letter or a digit, in the templates of keys
ROOM = 1e6  # possible strings a real or drawn one, from which a clash is one in a million
ROUNDS = (
    64  # in which strings that may be real are drawn again: of those that can be new, one in a hundred million is left
)
SHORTEST = "This is a placeholder: no"  # that is a sentence
SHORT = 12  # characters of a pooled text that may equal a real one by chance


def rough_lengths(length: pl.Expr) -> pl.Expr:
    """Lengths of patterns as they are, longer ones to tens, or to two digits, so that enough rows share one."""
    digits = (length.clip(1).cast(pl.Float64).log10().floor() - 1).clip(1)
    rough = (length / pl.lit(10.0).pow(digits)).round() * pl.lit(10.0).pow(digits)
    told = pl.when(length > MAX_LENGTH).then(rough.clip(MAX_LENGTH, LONGEST)).otherwise(length)
    return told.cast(pl.Int64).alias("length")


@dataclass(frozen=True)
class TextSummary:
    """Counts that add up: rows of each template, rows of each character at each of its places, of each length.

    Args:
        templates: template, rows.
        places: template (POOLED for all text together, at place 0), place, char, rows.
        lengths: length in characters (`rough_lengths`), rows.
        n_rows, missing, longest: rows with and without a string, the greatest length.
        holders: who has which string, where people are counted.
        prints: numbers of the distinct strings no longer than a pattern, ascending; None where any may be drawn.
        print_rows: rows of each.
        are_codes: whether they are codes (`_are_codes`), so that none of them is an amount.
        wordy: rows of texts of four words and more.
        texts: text, person, and whether it is learnt, for those who draw word by word; None where nobody will.
    """

    templates: pl.DataFrame
    places: pl.DataFrame
    lengths: pl.DataFrame
    n_rows: int
    missing: int
    longest: int
    holders: Holders | None = None
    prints: Prints | None = None
    print_rows: npt.NDArray[np.int64] | None = None
    are_codes: bool = False
    wordy: int = 0
    texts: pl.DataFrame | None = None

    def merge(self, other: Self) -> Self:
        return type(self)(
            _add(self.templates.vstack(other.templates)),
            _add(self.places.vstack(other.places)),
            _add(self.lengths.vstack(other.lengths)),
            self.n_rows + other.n_rows,
            self.missing + other.missing,
            max(self.longest, other.longest),
            merged(self.holders, other.holders),
            *_joined(self, other),
            self.are_codes or other.are_codes,
            self.wordy + other.wordy,
            None if self.texts is None or other.texts is None else self.texts.vstack(other.texts),
        )

    def unlike(self, series: pl.Series, persons: Persons | None = None) -> Self:
        """The same, and these strings, of these persons, are not to be drawn either."""
        if self.prints is None:
            return self
        prints, rows = _prints(series.cast(pl.String).drop_nulls())
        both = _joined(self, replace(self, prints=prints, print_rows=np.zeros_like(rows)))
        texts = None if self.texts is None else self.texts.vstack(_texts(series, persons, learnt=False))
        return replace(self, prints=both[0], print_rows=both[1], texts=texts)

    def shared_prints(self, rows: int) -> Prints:
        """Numbers of the strings that so many rows, or people, have."""
        if self.prints is None or self.print_rows is None:
            return np.empty(0, np.uint64)
        if self.holders is None:
            return self.prints[self.print_rows >= rows]
        pairs = self.holders.pairs
        of_people = pl.DataFrame({"print": prints_of(pairs["value"]), "person": pairs["person"]}).unique()
        return of_people.group_by("print").len().filter(pl.col("len") >= rows)["print"].sort().to_numpy()

    def of_people(self) -> Self:
        """The same with people counted in place of rows."""
        if self.holders is None:
            return self
        texts, person = self.holders.pairs["value"], self.holders.pairs["person"]
        return type(self)(*_counted(texts, person), self.n_rows, self.missing, self.longest)


def _add(frame: pl.DataFrame) -> pl.DataFrame:
    """Sum of rows over equal keys, in the order of the keys."""
    keys = [name for name in frame.columns if name != "rows"]
    return frame.group_by(keys).agg(pl.col("rows").sum()).sort(keys)


def summarise_text(
    series: pl.Series, persons: pl.Series | Persons | None = None, *, with_prints: bool = False
) -> TextSummary:
    """The summary of one canonical text column (or chunk of it).

    Args:
        persons: whose each row is; None makes each row its own.
        with_prints: whether none of the strings shall be drawn.
    """
    series = series if series.dtype == pl.String else series.cast(pl.String)
    strings = series.drop_nulls()
    longest = strings.str.len_chars().max()
    prints, rows = _prints(strings) if with_prints else (None, None)
    return TextSummary(
        *_counted(strings, None),
        len(strings),
        len(series) - len(strings),
        int(longest) if isinstance(longest, int) else 0,
        Holders.of(series, persons),
        prints,
        rows,
        with_prints and _are_codes(strings),
        int(strings.str.contains(WORDY).sum()),
        _texts(series, persons) if with_prints else None,
    )


def _texts(series: pl.Series, persons: pl.Series | Persons | None, *, learnt: bool = True) -> pl.DataFrame:
    """The known texts, a number for the person of each, null where each row is one, and whether they are learnt."""
    frame = pl.DataFrame({"text": series.cast(pl.String)}).with_columns(person=pl.lit(None, pl.Int64))
    if persons is not None:
        names = persons.names.gather(persons.numbers) if isinstance(persons, Persons) else persons
        frame = frame.with_columns(person=names.hash().reinterpret(signed=True))
    return frame.drop_nulls("text").with_columns(learnt=pl.lit(learnt))


def _are_codes(strings: pl.Series) -> bool:
    """Whether a string of digits begins with a zero, or one in twenty that has digits is a code (`K-744`, `3-412`)."""
    if strings.str.contains(r"^0\d+$").any():
        return True
    codes = strings.str.contains(r"\p{L}[-/._#]?\p{Nd}|\p{Nd}[-/]\p{Nd}{3}").sum()
    return bool(codes and 20 * codes > strings.str.contains(r"\p{Nd}").sum())


def _prints(strings: pl.Series) -> tuple[Prints, npt.NDArray[np.int64]]:
    """(k,) those of the distinct strings that are no longer than a pattern, ascending, and the rows of each."""
    return np.unique(prints_of(strings.filter(strings.str.len_chars() <= MAX_LENGTH)), return_counts=True)


def _joined(one: TextSummary, other: TextSummary) -> tuple[Prints | None, npt.NDArray[np.int64] | None]:
    """Numbers and rows of the strings of both."""
    if one.prints is None or other.prints is None or one.print_rows is None or other.print_rows is None:
        return None, None
    prints, at = np.unique(np.concatenate([one.prints, other.prints]), return_inverse=True)
    rows = np.bincount(at, np.concatenate([one.print_rows, other.print_rows]), len(prints))
    return prints, rows.astype(np.int64)


def summarise_forms(texts: pl.Series, templates: pl.Series, persons: pl.Series | None) -> TextSummary:
    """The summary of texts by templates of one's own choice."""
    counts = _counted(texts, persons, templates)
    return TextSummary(*counts, len(texts), 0, int(texts.str.len_chars().max() or 0))  # type: ignore[arg-type]


def _counted(
    strings: pl.Series, person: pl.Series | None, templates: pl.Series | None = None
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Templates, places and lengths as `TextSummary` holds them: rows of each, or people of each.

    Some people at a time, for a table of all characters takes a hundred times what the strings do.
    """
    frame = strings.rename("text").to_frame().with_row_index("row")
    frame = frame if templates is None else frame.with_columns(templates.alias("template"))
    frame = frame.with_columns(pl.col("row").alias("person") if person is None else person.alias("person"))
    k = 1 + int(strings.str.len_chars().clip(0, MAX_LENGTH).sum()) // COUNTED
    some: Iterable[pl.DataFrame] = (frame,)
    if k > 1:
        of_people = (frame.filter(pl.col("person") % k == j) for j in range(k))
        some = frame.iter_slices(-(-len(frame) // k)) if person is None else of_people
    counts = [_counted_of(part, of_rows=person is None) for part in some]
    of_templates, places, lengths = (_add(pl.concat(parts)) for parts in zip(*counts, strict=True))
    return of_templates, places, lengths


def _counted_of(frame: pl.DataFrame, *, of_rows: bool) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The same of some people: row, text, person, and the template where it is told."""
    template = frame["template"] if "template" in frame.columns else templates_of(frame["text"])
    frame = frame.with_columns(template, rough_lengths(pl.col("text").str.len_chars()), rows=pl.lit(1, pl.Int64))
    looked = frame.filter(pl.col("length") > 0).select(
        "row", "person", "template", pl.col("text").str.head(MAX_LENGTH).str.split("").alias("char")
    )
    chars = looked.explode("char").with_columns(
        place=pl.int_range(pl.len(), dtype=pl.Int64).over("row"), rows=pl.lit(1, pl.Int64)
    )
    pooled = chars.unique(["person", "char"]).select(
        pl.lit(POOLED).alias("template"), pl.lit(0, pl.Int64).alias("place"), "char", "rows"
    )
    short, chars = frame.drop_nulls("template"), chars.drop_nulls("template")

    def count(table: pl.DataFrame, *keys: str) -> pl.DataFrame:
        return table.select(*keys, "rows") if of_rows else table.unique([*keys, "person"]).select(*keys, "rows")

    places = count(chars, "template", "place", "char").vstack(pooled)
    return _add(count(short, "template")), _add(places), _add(count(frame, "length"))


@dataclass(frozen=True)
class TextCodec(ColumnCodec):
    """The template of a string as a code.

    Args:
        name: the column's.
        templates: kept ones, by frequency, then by themselves.
        lengths: of pooled text, the lengths that enough rows have.
        places: characters of template 0, of template 1, ..., then those of pooled text as one last place.
        counts: (K,) rows of each code.
        length_counts: (lengths,) rows of each.
        has_pooled, has_missing: whether there are these codes.
        rare_token: what pooled text is written as; None draws it.
        unseen: tells texts that are surely none of the real ones; None where any may be drawn.
        free: whether it, or what shares no outline, is free text, drawn by `words`, or where there are none as
            placeholders.
        outlines: by which the templates, which then are outlines, are drawn.
    """

    kind: ClassVar[str] = "text"
    name: str
    templates: tuple[str, ...]
    lengths: npt.NDArray[np.int64]
    places: Places
    counts: npt.NDArray[np.float64]
    length_counts: npt.NDArray[np.float64]
    has_pooled: bool
    has_missing: bool
    rare_token: str | None = None
    unseen: Unseen | None = None
    free: bool = False
    words: Words | None = None
    outlines: Outlines | None = None

    @classmethod
    def from_summary(cls, summary: TextSummary, column: Column, options: CodecOptions) -> Self:
        rows, people = options.rows, summary.of_people()
        shared = people.templates.filter(pl.col("rows") >= rows).select("template")
        templates = summary.templates.join(shared, on="template", how="semi")
        templates = templates.sort(["rows", "template"], descending=[True, False]).head(options.max_bins - 2)
        # a template is kept only if every place has a character that enough people share
        chars = people.places.filter(pl.col("rows") >= rows)
        filled = chars.group_by("template").agg(pl.col("place").n_unique().alias("filled"))
        templates = templates.join(filled, on="template", how="left", maintain_order="left").filter(
            pl.col("filled").fill_null(0) == pl.col("template").str.len_chars()
        )
        free = column.format is not None or _is_free(summary, int(templates["rows"].sum()))
        templates = templates.clear() if free else templates
        outlines = None if free else _outlines(summary, int(templates["rows"].sum()), chars, options)
        if outlines is not None:
            templates = pl.DataFrame({"template": outlines.outlines, "rows": outlines.counts.astype(np.int64)})
            chars = chars.filter(pl.col("template") == POOLED)
        names = templates["template"].to_list()
        pooled = summary.n_rows - int(templates["rows"].sum())
        if outlines is not None:
            free = 2 * (summary.wordy - int(outlines.counts[outlines.wordy].sum())) > pooled
        has_missing = summary.missing > 0 or summary.n_rows == 0
        tail = [float(pooled)] * (pooled > 0) + [float(summary.missing)] * has_missing
        lengths = _shared_lengths(people.lengths.filter(pl.col("length") > 0), rows)
        words = None
        if free and (column.format or options.text) == "ngram" and summary.texts is not None:
            words = Words.of(summary.texts, rows=rows)
        return cls(
            column.name,
            tuple(names),
            lengths["length"].to_numpy().astype(np.int64),
            _places([] if outlines is not None else names, chars),
            np.r_[templates["rows"].to_numpy().astype(np.float64), np.array(tail)],
            lengths["rows"].to_numpy().astype(np.float64),
            pooled > 0,
            has_missing,
            options.rare_token,
            None
            if summary.prints is None or not options.protect
            else Unseen.of(summary.prints, summary.shared_prints(rows), amounts=not summary.are_codes),
            free,
            words,
            outlines,
        )

    @property
    def size(self) -> int:
        return len(self.counts)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        emit = self.counts > 0
        if self.has_pooled and self.templates:
            emit[len(self.templates)] = self.rare_token is not None or self.free
        emit = emit if emit.any() else np.ones(self.size, bool)
        return (Field(size=self.size, emit=emit, missing=self.size - 1 if self.has_missing else None),)

    @cached_property
    def first_places(self) -> npt.NDArray[np.int64]:
        """(T + 1,) place of the first character of each template, then the place of pooled text."""
        return np.cumsum([0, *(len(t) for t in self.templates if self.outlines is None)])

    def encode(self, series: pl.Series) -> Encoded:
        common = int(np.argmax(self.counts))
        pooled = len(self.templates) if self.has_pooled else common
        strings = series if series.dtype == pl.String else series.cast(pl.String)
        codes = pl.DataFrame(
            {"template": pl.Series(self.templates, dtype=pl.String), "code": np.arange(len(self.templates))}
        )
        templates = templates_of(strings)
        templates = templates if self.outlines is None else outlines_of(templates)
        joined = templates.to_frame().join(codes, on="template", how="left", maintain_order="left")
        code = joined["code"].fill_null(pooled).to_numpy().copy()
        code[strings.is_null().to_numpy()] = self.size - 1 if self.has_missing else common
        return Encoded(code[:, None], np.zeros((len(code), 0), np.float32))

    def decode(
        self, codes: npt.NDArray[Any], fractions: npt.NDArray[np.floating], rng: np.random.Generator
    ) -> pl.Series:
        code = codes[:, 0].astype(np.int64)
        n_templates = len(self.templates)
        if self.has_pooled and self.rare_token is None and n_templates and not self.free:
            kept = np.cumsum(self.counts[:n_templates])
            pooled = code == n_templates
            code[pooled] = np.searchsorted(kept, rng.random(int(pooled.sum())) * kept[-1], side="right")
        order = np.argsort(code, kind="stable")
        drawn, n_rows = [], np.bincount(code, minlength=self.size)
        for k, n in enumerate(n_rows):  # codes, not rows
            if n:
                drawn.append(self._strings(k, int(n), rng))
        if not drawn:
            return pl.Series(self.name, [], dtype=pl.String)
        back = np.empty(len(order), np.uint32)
        back[order] = np.arange(len(order), dtype=np.uint32)
        return pl.concat(drawn).gather(back).alias(self.name)

    @cached_property
    def rooms(self) -> npt.NDArray[np.float64]:
        """(T,) how many strings each template allows, counting at each place the characters in real use."""
        place, rows = self.places.place, self.places.rows
        share = rows / np.bincount(place, weights=rows)[place]
        # the chance that two draws at a place agree; its inverse is the number of characters in use there
        agree = np.log(np.bincount(place, weights=share**2, minlength=self.first_places[-1])[: self.first_places[-1]])
        upto = np.cumsum([0.0, *-agree])[self.first_places]
        rooms: npt.NDArray[np.float64] = np.exp(np.minimum(np.diff(upto), 600.0))
        return rooms

    def _strings(self, code: int, n: int, rng: np.random.Generator) -> pl.Series:
        """n strings of one code, none of which is real."""
        if self.free and self.has_pooled and code == len(self.templates) and self.rare_token is None:
            return self._free(n, rng)
        made = self._drawn(code, n, rng)
        roomy = (
            self.outlines is None
            and code < len(self.templates)
            and self.rooms[code] >= ROOM * max(self.counts.sum(), n)
        )
        if self.unseen is None or roomy or made.null_count():
            return made
        bad = self._may_be_real(made)
        for n_rounds in range(ROUNDS):
            if not len(bad) or (n_rounds == ROUNDS // 4 and len(bad) > n / 2):  # no room
                break
            new = self._drawn(code, len(bad), rng)
            made = made.scatter(bad, new)
            bad = bad[self._may_be_real(new)]
        while len(bad):
            more = pl.Series(rng.integers(0, 10, len(bad))).cast(pl.String)
            made = made.scatter(bad, made.gather(bad) + more)
            bad = bad[self._may_be_real(made.gather(bad))]
        return made

    def _free(self, n: int, rng: np.random.Generator) -> pl.Series:
        """n free texts, or what stands for them."""
        length = np.full(n, len(SENTENCE) - 1)
        long = (self.lengths >= len(SHORTEST)) | (not self.templates)
        if long.any():
            upto = np.cumsum(self.length_counts * long)
            length = self.lengths[np.searchsorted(upto, rng.random(n) * upto[-1], side="right")]
        instead = placeholders(length)
        return instead if self.words is None else self.words.draw(length, rng).fill_null(instead)

    def _may_be_real(self, texts: pl.Series) -> npt.NDArray[np.int64]:
        """Which texts are not told from the real ones, of those that are short enough to equal one."""
        assert self.unseen is not None
        n = texts.str.len_chars().to_numpy()
        most = MAX_LENGTH if len(self.templates) else SHORT
        return np.flatnonzero(~self.unseen.admits(texts) & (n <= most))

    def _drawn(self, code: int, n: int, rng: np.random.Generator) -> pl.Series:
        """n strings of one code, or nulls."""
        if code < len(self.templates) and self.outlines is not None:
            return self.outlines.draw(code, n, rng)
        if code < len(self.templates):
            length = np.full(n, len(self.templates[code]))
            places = np.arange(len(self.templates[code])) + self.first_places[code]
            return as_strings(self.places.draw(np.broadcast_to(places, (n, len(places))), rng), length)
        place = self.first_places[-1]
        writes = self.has_pooled and code == len(self.templates)
        if not writes or self.rare_token is not None or not len(self.lengths) or place not in self.places.place:
            return pl.Series([self.rare_token if writes else None], dtype=pl.String).new_from_index(0, n)
        upto = np.cumsum(self.length_counts)
        length = self.lengths[np.searchsorted(upto, rng.random(n) * upto[-1], side="right")]
        block = max(1, DRAWN // int(length.max()))
        parts = [length[at : at + block] for at in range(0, n, block)]
        return pl.concat(
            as_strings(self.places.draw(np.full((len(part), int(part.max())), place), rng), part) for part in parts
        )

    def narrow(self, condition: object) -> Narrowed:
        if not isinstance(condition, Missing):
            raise ConditionError(f"column {self.name!r}: text is drawn by pattern, so only `missing` can be asked for")
        if not self.has_missing:
            raise ConditionError(f"column {self.name!r}: no value is missing, so none can be drawn missing")
        weights = np.zeros(self.size)
        weights[-1] = 1
        return Narrowed((weights,), self)

    def to_state(self) -> State:
        data = {
            "templates": list(self.templates),
            "has_pooled": self.has_pooled,
            "has_missing": self.has_missing,
            "rare_token": self.rare_token,
            "remainders": 0 if self.unseen is None else len(self.unseen.free),
            "shared": 0 if self.unseen is None else len(self.unseen.shared),
            "amounts": self.unseen is not None and self.unseen.amounts,
            "free": self.free,
            "outlines": self.outlines is not None,
        }
        unseen = self.unseen
        free: dict[str, npt.NDArray[Any]] = {} if unseen is None else {"free": np.packbits(unseen.free)}
        if unseen is not None and len(unseen.shared):
            free["shared"] = unseen.shared.view(np.int64)
        if self.words is not None:
            data["words"], of_words = self.words.to_state()
            free |= of_words
        if self.outlines is not None:
            free |= self.outlines.to_state()
        return data, free | {
            "place": self.places.place,
            "char": self.places.char.astype(np.int64),
            "rows": self.places.rows,
            "counts": self.counts,
            "lengths": self.lengths,
            "length_counts": self.length_counts,
        }

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        name, templates = take_value(data, "name", str), take_value(data, "templates", list)
        if not all(isinstance(t, str) for t in templates):
            raise ModelFileError(f"codec of column {name!r}: templates must be strings")
        has_pooled, has_missing = take_value(data, "has_pooled", bool), take_value(data, "has_missing", bool)
        place, lengths = take_array(arrays, "place", "i"), take_array(arrays, "lengths", "i")
        char = take_array(arrays, "char", "i", length=len(place))
        rows = take_array(arrays, "rows", "f", length=len(place))
        counts = take_array(arrays, "counts", "f", length=len(templates) + has_pooled + has_missing)
        length_counts = take_array(arrays, "length_counts", "f", length=len(lengths))
        outlines = Outlines.from_state(tuple(templates), arrays) if data.get("outlines") is True else None
        n_places = sum(len(t) for t in templates) if outlines is None else 0
        if (
            not len(counts)
            or not np.isfinite(counts).all()
            or not all(is_share(a) for a in (rows, length_counts) if len(a))
            or any((a < 0).any() for a in (rows, counts, lengths, length_counts))
            or (lengths > LONGEST).any()
            or (rows <= 0).any()
            or (np.diff(place) < 0).any()
            or set(range(n_places)) - set(place.tolist())
            or (len(place) and (place[0] < 0 or place[-1] > n_places))
            or ((char < 0) | (char > 0x10FFFF)).any()
        ):
            raise ModelFileError(f"codec of column {name!r}: its characters contradict its templates")
        places = Places(place.astype(np.int64), char.astype(np.uint32), rows)
        token = take_value(data, "rare_token", str, type(None))
        return cls(
            name, tuple(templates), lengths, places, counts, length_counts, has_pooled, has_missing, token,
            _unseen_from(data, arrays), take_value({"free": False, **data}, "free", bool),
            Words.from_state(take_value(data, "words", dict), arrays) if "words" in data else None, outlines,
        )  # fmt: skip


def _unseen_from(data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Unseen | None:
    m = data.get("remainders", 0)  # files of before have none
    if not isinstance(m, int) or not 0 <= m < 2**32:
        raise ModelFileError("codec: 'remainders' must be a count")
    if not m:
        return None
    free = np.unpackbits(take_array(arrays, "free", "u", length=-(-m // 8)).astype(np.uint8))[:m].astype(bool)
    if free.mean() < 0.01:
        raise ModelFileError("codec: its remainders leave no room for new texts")
    n = data.get("shared", 0)
    if not isinstance(n, int) or not 0 <= n < 2**32:
        raise ModelFileError("codec: 'shared' must be a count")
    shared = take_array(arrays, "shared", "i", length=n) if n else np.empty(0, np.int64)
    return Unseen(free, shared.astype(np.int64).view(np.uint64), bool(data.get("amounts", False)))


def _is_free(summary: TextSummary, with_template: int) -> bool:
    """Whether texts are sentences: most have four words or more, or are too long for a pattern and share none."""
    n = summary.n_rows
    long = summary.lengths.filter(pl.col("length") >= MAX_LENGTH)["rows"].sum()
    return n > 0 and (2 * summary.wordy > n or (2 * with_template < n < 2 * long))


def _outlines(summary: TextSummary, templated: int, chars: pl.DataFrame, options: CodecOptions) -> Outlines | None:
    """The outlines of texts most of which share no template; None where more share a template than an outline.

    Args:
        templated: rows that share a template.
        chars: those that enough people have.
    """
    if summary.prints is None or 2 * templated >= summary.n_rows:
        return None
    if summary.holders is None:
        texts = summary.templates.with_columns(person=pl.lit(None, pl.Int64))
    else:
        pairs = summary.holders.pairs
        texts = pairs.select(template=templates_of(pairs["value"]), rows=pl.lit(1, pl.Int64), person="person")
    often = summary.places.filter(pl.col("template") != POOLED).group_by("char").agg(pl.col("rows").sum())
    often = often.join(chars.filter(pl.col("template") == POOLED).select("char"), on="char")
    found = Outlines.of(texts, options.rows, often, options.max_bins - 2)
    return found if found is not None and found.counts.sum() > templated else None


def _shared_lengths(lengths: pl.DataFrame, rows: int) -> pl.DataFrame:
    """The lengths that enough rows have; where none has, their mean to one digit, if all together are enough."""
    shared = lengths.filter(pl.col("rows") >= rows)
    if len(shared) or int(lengths["rows"].sum()) < rows:
        return shared
    mean = float(np.average(lengths["length"].to_numpy(), weights=lengths["rows"].to_numpy()))
    digit = 10 ** int(np.log10(max(mean, 1.0)))
    return pl.DataFrame({"length": [max(1, round(mean / digit) * digit)], "rows": [int(lengths["rows"].sum())]})


def _places(templates: list[str], chars: pl.DataFrame) -> Places:
    """The characters of these templates one after the other, then those of pooled text as one place."""
    first = np.cumsum([0, *(len(t) for t in templates)])
    starts = pl.DataFrame({"template": pl.Series([*templates, POOLED], dtype=pl.String), "first": first})
    frame = chars.join(starts, on="template").select((pl.col("place") + pl.col("first")).alias("place"), "char", "rows")
    return Places.of(frame.sort(["place", "char"]))
