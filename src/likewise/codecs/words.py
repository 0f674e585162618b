"""Free text: placeholders, and word for word from a model of the word sequences that enough people have written.

The model is one of words given the two before, with back-off to one and to none (Katz 1987; weights by Witten and Bell
1991). Words, pairs and triples count only if `rows` people have them; addresses of mail and web and long numbers are
taken out first. Chinese and Japanese are read by characters.

A guard stands behind it: words that many share may still be put together as in one person's text. So every run of five
words, and the shortest of twenty characters, that a draw ends in must be one that enough people share, or surely none
of the real ones (`personal/unseen.py`); so must a whole text of five words or fewer. What fails is drawn again, and at
last cut.

The texts have no meaning.

Legend: n texts, V words, N positions in all texts; word 0 opens a text, word 1 ends it.

References:
    I. H. Witten, T. C. Bell (1991), The zero-frequency problem, IEEE Transactions on Information Theory 37.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import Arrays, State, take_array, take_value
from likewise.codecs.pieces import Bools, Ints
from likewise.errors import ModelFileError
from likewise.personal.unseen import Prints, Unseen

SENTENCE = "This is a placeholder: no text is shown here. "
LEAST = "placeholder"
PLACEHOLDER = r"^(?:This is a )?placeholder"
TAKEN_OUT = (
    r"(?i)\b(?:https?://|www\.)\S+",
    r"\S+@\S+\.\S+",
    r"\+?\(?\p{Nd}(?:[\s().\-/]*\p{Nd}){4,}",
)
"""Addresses of the web and of mail, and numbers of five digits or more, however they are parted."""
_SINGLE = r"\p{Han}\p{Hiragana}\p{Katakana}"
_WORD = rf"[\p{{L}}\p{{M}}\p{{Nd}}--{_SINGLE}]+"
_TOKEN = rf"[ \n]?(?:[{_SINGLE}]|{_WORD}(?:['’\-]{_WORD})*|\S)"
OPENS, ENDS, OTHER, NOTHING = 0, 1, -1, -2
RUN_WORDS, RUN_CHARS = 5, 20
LAST = RUN_WORDS + 2
"""Words that are looked back at: a run between the opening and the end of a text."""
MOST_WORDS = 512
"""In a text."""
SPREAD = 8
TRIES, CLOSE, LOOSE = 30, 10, 20
"""Draws of a word, and from which on one word before, and none, is regarded."""
NEARLY = 0.8
"""Of its length a text must be written before it may end; at its length it does, if it can."""
ROUNDS = 3
BLOCK = 2**20


def placeholders(lengths: Ints) -> pl.Series:
    """(n,) texts that say that they are none, about so many characters long.

    Example:
        >>> placeholders(np.array([3, 30])).to_list()
        ['placeholder', 'This is a placeholder: no text']
    """
    each, at = np.unique(lengths, return_inverse=True)
    texts = [_cut(SENTENCE * (int(n) // len(SENTENCE) + 1), int(n)) for n in each]  # lengths, not rows
    return pl.Series(texts, dtype=pl.String).gather(at)


def _cut(text: str, n: int) -> str:
    if n < len("This is a placeholder:"):
        return LEAST
    return text[:n] if text[n] == " " else text[:n].rpartition(" ")[0]


def tokens_of(texts: pl.Series) -> pl.Series:
    """(n,) lists of words and marks, each with the blank before it."""
    bare = pl.col("text")
    for pattern in TAKEN_OUT:
        bare = bare.str.replace_all(pattern, " ")
    bare = bare.str.replace_all(r"\s*\n\s*", "\n").str.replace_all(r"[^\S\n]+", " ").str.strip_chars()
    return texts.rename("text").to_frame().select(bare.str.extract_all(_TOKEN).list.head(MOST_WORDS)).to_series()


@dataclass(frozen=True)
class Followers:
    """What follows a context, and how often.

    Args:
        context: (C,) ascending, each as often as it has followers.
        word: (C,) a follower.
        count: (C,) float64 rows.
    """

    context: Ints
    word: Ints
    count: npt.NDArray[np.float64]

    @cached_property
    def _upto(self) -> npt.NDArray[np.float64]:
        return np.concatenate([[0.0], np.cumsum(self.count)])

    def draw(self, context: Ints, rng: np.random.Generator) -> Ints:
        """(n,) a follower of each context; `NOTHING` where there is none, and as often as what follows is new."""
        first = np.searchsorted(self.context, context)
        after = np.searchsorted(self.context, context, side="right")
        low, high = self._upto[first], self._upto[after]
        known = rng.random(len(context)) * (high - low + (after - first)) < high - low
        place = np.searchsorted(self._upto, low + rng.random(len(context)) * (high - low), side="right") - 1
        word = self.word[np.clip(place, first, np.maximum(after - 1, 0))] if len(self.word) else first * 0
        return np.where(known & (after > first), word, NOTHING)


@dataclass(frozen=True)
class Words:
    """What follows two words, one, and none, and the guard.

    Args:
        vocabulary: (V - 2,) words from the third on, each with the blank before it.
        after_two, after_one, anywhere: by context: a V + b, b, and 0; words that need a blank before them begin a text.
        unseen: tells runs that are surely none of the real ones.
    """

    vocabulary: tuple[str, ...]
    after_two: Followers
    after_one: Followers
    anywhere: Followers
    unseen: Unseen

    @classmethod
    def of(cls, texts: pl.DataFrame, *, rows: int) -> Self | None:
        """The model of texts; None where too few words are shared for any.

        Args:
            texts: text, person, null where each row is one, and whether it is learnt.
            rows: people who must have written whatever is kept.
        """
        own = -1 - pl.int_range(pl.len(), dtype=pl.Int64)
        texts = texts.with_columns(pl.coalesce("person", own))
        words = texts.filter("learnt").select("person", word=tokens_of(texts.filter("learnt")["text"])).explode("word")
        held = words.drop_nulls().group_by("word").agg(people=pl.col("person").n_unique())
        vocabulary = held.filter(pl.col("people") >= rows)["word"].sort()
        if not len(vocabulary):
            return None
        v = len(vocabulary) + 2
        counted: list[pl.DataFrame] = []
        prints: list[pl.DataFrame] = []
        lengths = _lengths(vocabulary)
        for part in _blocks(texts):
            last, person, learnt = _positions(part, vocabulary)
            counted.append(_grams(last[learnt], person[learnt], v))
            marks, valid = _runs(last, lengths[last])
            for k in range(marks.shape[1]):
                some = valid[:, k]
                prints.append(pl.DataFrame({"print": marks[some, k], "person": person[some]}).unique())
        grams = pl.concat(counted).group_by("order", "context", "word", "person").agg(pl.col("rows").sum())
        kept = grams.group_by("order", "context", "word").agg(pl.len().alias("people"), pl.col("rows").sum())
        kept = kept.filter(pl.col("people") >= rows).sort("order", "context", "word")
        runs = pl.concat(prints).unique().group_by("print").agg(pl.len().alias("people")).sort("print")
        shared = runs.filter(pl.col("people") >= rows)["print"].to_numpy()
        alone = vocabulary.str.contains(rf"^(?:[ \n]|[^\p{{L}}\p{{Nd}}]|[{_SINGLE}])").arg_true().to_numpy() + 2
        may_follow = (pl.col("order") > 1) | pl.col("word").is_in([ENDS, *alone.tolist()])
        tables = [_followers(kept.filter(may_follow, pl.col("order") == order)) for order in (3, 2, 1)]
        if not (tables[1].context == OPENS).any():
            return None
        unseen = Unseen.of(runs["print"].to_numpy(), shared, spread=SPREAD)
        return cls(tuple(vocabulary.to_list()), tables[0], tables[1], tables[2], unseen)

    @cached_property
    def lengths(self) -> Ints:
        return _lengths(pl.Series(self.vocabulary, dtype=pl.String))

    def draw(self, lengths: Ints, rng: np.random.Generator) -> pl.Series:
        """(n,) texts of about so many characters; null where none was found that the guard lets pass."""
        drawn, found = self._drawn(lengths, rng)
        texts = self._joined(drawn)
        for _ in range(ROUNDS):
            left = np.flatnonzero(~found)
            if not len(left):
                break
            drawn, again = self._drawn(lengths[left], rng)
            texts = texts.scatter(left[again], self._joined(drawn).filter(pl.Series(again)))
            found[left[again]] = True
        return texts if found.all() else pl.select(pl.when(pl.Series(found)).then(texts)).to_series()

    def _drawn(self, lengths: Ints, rng: np.random.Generator) -> tuple[list[Ints], Bools]:
        """The words of (n,) texts, a list a place, and which of the texts came to an end."""
        n = len(lengths)
        last = np.full((n, LAST), NOTHING)
        last[:, -1] = OPENS
        alive, found, chars = np.arange(n), np.zeros(n, bool), np.zeros(n, np.int64)
        places: list[Ints] = []
        for place in range(MOST_WORDS):
            word, fits = self._next(last[alive], chars[alive] / lengths[alive], rng)
            # a text that cannot go on is cut where it is one that no real text can be, and is else drawn anew
            stops = ~fits & (place >= RUN_WORDS)
            found[alive[stops | (fits & (word == ENDS))]] = True
            goes_on = fits & (word != ENDS)
            column = np.full(n, NOTHING)
            alive, word = alive[goes_on], word[goes_on]
            column[alive] = word
            places.append(column)
            last[alive] = np.concatenate([last[alive, 1:], word[:, None]], axis=1)
            chars[alive] += self.lengths[word]
            full = chars[alive] >= 2 * lengths[alive] + RUN_CHARS
            found[alive[full]] = place >= RUN_WORDS
            alive = alive[~full]
            if not len(alive):
                break
        found[alive] = True
        return places, found

    def _next(self, last: Ints, done: npt.NDArray[np.float64], rng: np.random.Generator) -> tuple[Ints, Bools]:
        """The next word of each text, and whether one was found.

        Args:
            done: (n,) the share of its length that is written.
        """
        word, fits = np.full(len(last), ENDS), np.zeros(len(last), bool)
        v, left = len(self.vocabulary) + 2, np.arange(len(last))
        for tried in range(TRIES):
            two, one = last[left, -2], last[left, -1]
            new = np.full(len(left), NOTHING)
            if tried < CLOSE:
                new = self.after_two.draw(np.where(two >= 0, two * v + one, NOTHING), rng)
            if tried < LOOSE:
                new = np.where(new == NOTHING, self.after_one.draw(one, rng), new)
            bare = self.anywhere.word[self._any(len(left), rng)]
            new = np.where((new == NOTHING) & (one != OPENS), bare, new)
            new = np.where((tried == 0) & (done[left] >= 1), ENDS, new)
            ends = np.concatenate([last[left, 1:], new[:, None]], axis=1)
            good = self._passes(ends) & (new != NOTHING) & ((new != ENDS) | (done[left] >= NEARLY))
            word[left[good]], fits[left[good]] = new[good], True
            left = left[~good]
            if not len(left):
                break
        return word, fits

    def _any(self, n: int, rng: np.random.Generator) -> Ints:
        upto = np.cumsum(self.anywhere.count)
        return np.asarray(np.searchsorted(upto, rng.random(n) * upto[-1], side="right"))

    def _passes(self, last: Ints) -> Bools:
        """(n,) whether every run that ends here is shared by enough people, or surely none of the real ones."""
        marks, valid = _runs(last, self.lengths[last])
        good = np.ones(len(last), bool)
        for k in range(marks.shape[1]):
            some = np.flatnonzero(valid[:, k])
            good[some] &= self.unseen.admits_prints(marks[some, k])
        return good

    def _joined(self, places: list[Ints]) -> pl.Series:
        """(n,) texts of their words."""
        words = np.stack(places, axis=1)
        text, place = np.nonzero(words >= 2)
        told = pl.Series(self.vocabulary, dtype=pl.String).gather(words[text, place] - 2)
        joined = pl.DataFrame({"text": text, "word": told}).group_by("text").agg(pl.col("word").str.join(""))
        every = pl.DataFrame({"text": np.arange(len(words))})
        made = every.join(joined, on="text", how="left", maintain_order="left")["word"]
        return made.fill_null("").str.strip_chars()

    def to_state(self) -> State:
        tables = {"two": self.after_two, "one": self.after_one, "any": self.anywhere}
        arrays: Arrays = {
            f"{name}_{part}": getattr(table, part)
            for name, table in tables.items()
            for part in ("context", "word", "count")
        }
        arrays |= {"run_free": np.packbits(self.unseen.free), "run_shared": self.unseen.shared.view(np.int64)}
        data = {"vocabulary": list(self.vocabulary), "runs": len(self.unseen.free)}
        return data, arrays

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The inverse of `to_state`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """
        vocabulary, m = take_value(data, "vocabulary", list), take_value(data, "runs", int)
        tables = []
        for name in ("two", "one", "any"):
            context = take_array(arrays, f"{name}_context", "i").astype(np.int64)
            word = take_array(arrays, f"{name}_word", "i", length=len(context)).astype(np.int64)
            count = take_array(arrays, f"{name}_count", "f", length=len(context)).astype(np.float64)
            if (
                ((word < 1) | (word >= len(vocabulary) + 2)).any()
                or (np.diff(context) < 0).any()
                or not np.isfinite(count).all()
                or (count <= 0).any()
            ):
                raise ModelFileError("codec of texts: its words contradict each other")
            tables.append(Followers(context, word, count))
        if not all(isinstance(word, str) for word in vocabulary) or not 0 < m < 2**32 or not len(tables[2].word):
            raise ModelFileError("codec of texts: its words contradict each other")
        free = np.unpackbits(take_array(arrays, "run_free", "u", length=-(-m // 8)).astype(np.uint8))[:m].astype(bool)
        shared = take_array(arrays, "run_shared", "i").astype(np.int64).view(np.uint64)
        two, one, anywhere = tables
        return cls(tuple(vocabulary), two, one, anywhere, Unseen(free, shared))


def _lengths(vocabulary: pl.Series) -> Ints:
    """(V + 2,) characters of each word; the last two are of `NOTHING` and `OTHER`, by which arrays end."""
    return np.concatenate([[0, 0], vocabulary.str.len_chars().to_numpy().astype(np.int64), [0, 0]])


def _blocks(texts: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Some texts at a time, with their words."""
    n = max(1, -(-int(texts["text"].str.len_chars().sum()) // BLOCK))
    for part in texts.iter_slices(max(1, -(-len(texts) // n))):
        yield part.with_columns(word=tokens_of(part["text"]))


def _positions(part: pl.DataFrame, vocabulary: pl.Series) -> tuple[Ints, Ints, Bools]:
    """(N, LAST) the last words at each position of each text, its end included, whose the text is, whether learnt."""
    ids = pl.DataFrame({"word": vocabulary, "id": np.arange(2, len(vocabulary) + 2)})
    some = part.with_row_index("text_at").select("text_at", "word").explode("word").drop_nulls()
    known = some.join(ids, on="word", how="left", maintain_order="left")["id"].fill_null(OTHER).to_numpy()
    size = part["word"].list.len().fill_null(0).to_numpy().astype(np.int64)
    start = np.cumsum(size + 2) - (size + 2)
    whole = np.full(int((size + 2).sum()), OTHER)
    whole[start], whole[start + size + 1] = OPENS, ENDS
    at = np.arange(len(known)) - np.repeat(np.cumsum(size) - size, size)
    whole[np.repeat(start, size) + 1 + at] = known
    text = np.repeat(np.arange(len(part)), size + 2)
    place = np.arange(len(whole)) - start[text]
    last = np.full((len(whole), LAST), NOTHING)
    for back in range(LAST):
        inside = place >= back
        last[inside, LAST - 1 - back] = whole[np.flatnonzero(inside) - back]
    real = place > 0
    text = text[real]
    return last[real], part["person"].to_numpy()[text], part["learnt"].to_numpy()[text]


def _grams(last: Ints, person: Ints, v: int) -> pl.DataFrame:
    """Rows of each word and person after two words, one and none."""
    word, one, two = last[:, -1], last[:, -2], last[:, -3]
    parts = []
    contexts = ((1, word >= 0, word * 0), (2, (word >= 0) & (one >= 0), one))
    for order, some, context in (*contexts, (3, (word >= 0) & (one >= 0) & (two >= 0), two * v + one)):
        frame = pl.DataFrame({"context": context[some], "word": word[some], "person": person[some]})
        parts.append(frame.group_by("context", "word", "person").agg(rows=pl.len()).with_columns(order=pl.lit(order)))
    return pl.concat(parts)


def _followers(kept: pl.DataFrame) -> Followers:
    return Followers(
        kept["context"].to_numpy().astype(np.int64), kept["word"].to_numpy().astype(np.int64),
        kept["rows"].to_numpy().astype(np.float64),
    )  # fmt: skip


def _runs(last: Ints, lengths: Ints) -> tuple[Prints, Bools]:
    """(n, 3) numbers of the runs that end with the last word: of five words, of the fewest that have twenty characters,
    and of a whole text of five words at the most; and (n, 3) which of them there are.

    Args:
        last, lengths: (n, LAST) the last words, and their characters.
    """
    n = len(last)
    told = last.astype(np.uint64) + np.uint64(3)
    told = (told ^ (told >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    told ^= told >> np.uint64(32)
    upto, chars = np.zeros(n, np.uint64), np.zeros(n, np.int64)
    marks, valid = np.zeros((n, 3), np.uint64), np.zeros((n, 3), bool)
    fine = np.ones(n, bool)
    for back in range(LAST):
        word = last[:, LAST - 1 - back]
        fine &= word >= 0
        upto = upto * np.uint64(0x9E3779B97F4A7C15) + told[:, LAST - 1 - back]
        chars = chars + lengths[:, LAST - 1 - back]
        of_words = fine & (word != OPENS) & (last[:, -1] != ENDS)
        if back == RUN_WORDS - 1:
            marks[of_words, 0], valid[of_words, 0] = upto[of_words], True
        first = of_words & (chars >= RUN_CHARS) & ~valid[:, 1]
        marks[first, 1], valid[first, 1] = upto[first] ^ np.uint64(1), True
        whole = fine & (word == OPENS) & (last[:, -1] == ENDS)
        marks[whole, 2], valid[whole, 2] = upto[whole] ^ np.uint64(2), True
    mixed = marks ^ (marks >> np.uint64(31))
    return mixed * np.uint64(0x94D049BB133111EB), valid
