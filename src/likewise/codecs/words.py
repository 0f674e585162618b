"""Free text: placeholders, and word for word from a model of the word sequences that enough people have written.

The model is one of words given the two before, with back-off to one and to none (Katz 1987; weights by Witten and Bell
1991). Words, pairs and triples count only if `rows` people have them; addresses of mail and web and long numbers are
taken out first. Chinese and Japanese are read by characters.

A guard stands behind it: words that many share may still be put together as in one person's text. So every run of five
words, and the shortest of twenty characters, that a draw ends in must be one that enough people share, or surely none
of the real ones (`personal/unseen.py`); so must a whole text of five words or fewer. Capitals, blanks and marks make no
difference. What fails is drawn again, and at last cut.

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

from likewise.codecs.column import Arrays, State, is_share, take_array, take_value
from likewise.codecs.pieces import Bools, Ints
from likewise.codecs.runs import ENDS, LAST, MARK, NOTHING, OPENS, OTHER, RUN_CHARS, RUN_WORDS, Forms, windows
from likewise.errors import ModelFileError
from likewise.personal.unseen import Unseen

SENTENCE = "This is a placeholder: no text is shown here. "
LEAST = "placeholder"
PLACEHOLDER = r"^(?:This is a )?placeholder"
TAKEN_OUT = (
    r"(?i)\b(?:https?://|www\.)\S+",
    r"\S+@\S+\.\S+",
    r"\+?\(?\p{Nd}(?:[\s().\-/]*\p{Nd}){4,}",
)
"""Addresses of the web and of mail, and numbers of five digits or more, however they are parted."""
SINGLE = r"\p{Han}\p{Hiragana}\p{Katakana}"
_WORD = rf"[\p{{L}}\p{{M}}\p{{Nd}}--{SINGLE}]+"
_TOKEN = rf"[ \n]?(?:[{SINGLE}]|{_WORD}(?:['’\-]{_WORD})*|\S)"
MOST_WORDS = 512
"""Of a text that are learnt, or drawn."""
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
    return texts.rename("text").to_frame().select(bare.str.extract_all(_TOKEN)).to_series()


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
        after_two, after_one, anywhere: by context: a V + b, b, and 0; words that need a blank before them begin a text,
            and marks follow those only that they were seen to follow.
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
        learnt = texts.filter("learnt")
        words = learnt.select("person", word=tokens_of(learnt["text"]).list.head(MOST_WORDS)).explode("word")
        held = words.drop_nulls().group_by("word").agg(people=pl.col("person").n_unique())
        vocabulary = held.filter(pl.col("people") >= rows)["word"].sort()
        if not len(vocabulary):
            return None
        counted: list[pl.DataFrame] = []
        prints: list[pl.DataFrame] = []
        forms = Forms.of(vocabulary)
        for part in _blocks(texts):
            counted.append(_grams(part.filter("learnt"), vocabulary))
            text, word = _flat(part["word"])
            number = forms.numbers(word)
            last, of = windows(text[number != MARK], number[number != MARK], len(part), LAST)
            marks, valid = forms.runs(last)
            person = part["person"].to_numpy()[of]
            for k in range(marks.shape[1]):
                some = valid[:, k]
                prints.append(pl.DataFrame({"print": marks[some, k], "person": person[some]}).unique())
        grams = pl.concat(counted).group_by("order", "context", "word", "person").agg(pl.col("rows").sum())
        kept = grams.group_by("order", "context", "word").agg(pl.len().alias("people"), pl.col("rows").sum())
        kept = kept.filter(pl.col("people") >= rows).sort("order", "context", "word")
        runs = pl.concat(prints).unique().group_by("print").agg(pl.len().alias("people")).sort("print")
        shared = runs.filter(pl.col("people") >= rows)["print"].to_numpy()
        alone = vocabulary.str.contains(rf"^(?:[ \n]|[^\p{{L}}\p{{Nd}}]|[{SINGLE}])").to_numpy()
        alone = np.flatnonzero(alone & (forms.by_word[2:] != MARK)) + 2
        may_follow = (pl.col("order") > 1) | pl.col("word").is_in([ENDS, *alone.tolist()])
        tables = [_followers(kept.filter(may_follow, pl.col("order") == order)) for order in (3, 2, 1)]
        if not (tables[1].context == OPENS).any() or not len(tables[2].word):
            return None
        unseen = Unseen.of(runs["print"].to_numpy(), shared, spread=SPREAD)
        return cls(tuple(vocabulary.to_list()), tables[0], tables[1], tables[2], unseen)

    @cached_property
    def forms(self) -> Forms:
        return Forms.of(pl.Series(self.vocabulary, dtype=pl.String))

    @cached_property
    def lengths(self) -> Ints:
        """(V + 2,) characters of each word."""
        vocabulary = pl.Series(self.vocabulary, dtype=pl.String)
        return np.concatenate([[0, 0], vocabulary.str.len_chars().to_numpy().astype(np.int64)])

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
        last, run = (np.full((n, width), NOTHING) for width in (2, LAST))
        last[:, -1] = run[:, -1] = OPENS
        alive, found, chars = np.arange(n), np.zeros(n, bool), np.zeros(n, np.int64)
        places: list[Ints] = []
        for _ in range(MOST_WORDS):
            word, fits = self._next(last[alive], run[alive], chars[alive] / lengths[alive], rng)
            # a text that cannot go on is cut where it is one that no real text can be, and is else drawn anew
            stops = ~fits & _is_run(run[alive])
            found[alive[stops | (fits & (word == ENDS))]] = True
            goes_on = fits & (word != ENDS)
            column = np.full(n, NOTHING)
            alive, word = alive[goes_on], word[goes_on]
            column[alive] = word
            places.append(column)
            last[alive] = np.stack([last[alive, -1], word], axis=1)
            run[alive] = self._after(run[alive], word)
            chars[alive] += self.lengths[word]
            full = chars[alive] >= 2 * lengths[alive] + RUN_CHARS
            found[alive[full]] = _is_run(run[alive[full]])
            alive = alive[~full]
            if not len(alive):
                break
        found[alive] = _is_run(run[alive])
        return places, found

    def _next(
        self, last: Ints, run: Ints, done: npt.NDArray[np.float64], rng: np.random.Generator
    ) -> tuple[Ints, Bools]:
        """The next word of each text, and whether one was found.

        Args:
            last: (n, 2) the last words.
            run: (n, LAST) the last forms.
            done: (n,) the share of its length that is written.
        """
        word, fits = np.full(len(last), ENDS), np.zeros(len(last), bool)
        v, left = len(self.vocabulary) + 2, np.arange(len(last))
        for tried in range(TRIES):
            two, one = last[left].T
            new = np.full(len(left), NOTHING)
            if tried < CLOSE:
                new = self.after_two.draw(np.where(two >= 0, two * v + one, NOTHING), rng)
            if tried < LOOSE:
                new = np.where(new == NOTHING, self.after_one.draw(one, rng), new)
            bare = self.anywhere.word[self._any(len(left), rng)]
            new = np.where((new == NOTHING) & (one != OPENS), bare, new)
            new = np.where((tried == 0) & (done[left] >= 1), ENDS, new)
            good = (new != NOTHING) & ((new != ENDS) | (done[left] >= NEARLY))
            good[good] = self._passes(self._after(run[left[good]], new[good]))
            word[left[good]], fits[left[good]] = new[good], True
            left = left[~good]
            if not len(left):
                break
        return word, fits

    def _after(self, run: Ints, word: Ints) -> Ints:
        """(n, LAST) the last forms after one more word: marks have none."""
        form = self.forms.by_word[word][:, None]
        return np.where(form == MARK, run, np.concatenate([run[:, 1:], form], axis=1))

    def _any(self, n: int, rng: np.random.Generator) -> Ints:
        upto = np.cumsum(self.anywhere.count)
        return np.asarray(np.searchsorted(upto, rng.random(n) * upto[-1], side="right"))

    def _passes(self, run: Ints) -> Bools:
        """(n,) whether every run that ends here is shared by enough people, or surely none of the real ones."""
        marks, valid = self.forms.runs(run)
        good = np.ones(len(run), bool)
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
        arrays |= {"form_free": np.packbits(self.unseen.free), "form_shared": self.unseen.shared.view(np.int64)}
        data = {"vocabulary": list(self.vocabulary), "runs_of_forms": len(self.unseen.free)}
        return data, arrays

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The inverse of `to_state`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """
        vocabulary, m = take_value(data, "vocabulary", list), take_value(data, "runs_of_forms", int)
        tables = []
        for name in ("two", "one", "any"):
            context = take_array(arrays, f"{name}_context", "i").astype(np.int64)
            word = take_array(arrays, f"{name}_word", "i", length=len(context)).astype(np.int64)
            count = take_array(arrays, f"{name}_count", "f", length=len(context)).astype(np.float64)
            if (
                ((word < 1) | (word >= len(vocabulary) + 2)).any()
                or (np.diff(context) < 0).any()
                or (len(count) and not is_share(count))
                or (count <= 0).any()
            ):
                raise ModelFileError("codec of texts: its words contradict each other")
            tables.append(Followers(context, word, count))
        if not all(isinstance(word, str) for word in vocabulary) or not 0 < m < 2**32 or not len(tables[2].word):
            raise ModelFileError("codec of texts: its words contradict each other")
        free = np.unpackbits(take_array(arrays, "form_free", "u", length=-(-m // 8)).astype(np.uint8))[:m].astype(bool)
        shared = take_array(arrays, "form_shared", "i").astype(np.int64).view(np.uint64)
        two, one, anywhere = tables
        return cls(tuple(vocabulary), two, one, anywhere, Unseen(free, shared))


def _is_run(run: Ints) -> Bools:
    """(n,) whether a text has as many words as a run."""
    return np.asarray(run[:, -RUN_WORDS] > OPENS)


def _blocks(texts: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Some texts at a time, with their words."""
    n = max(1, -(-int(texts["text"].str.len_chars().sum()) // BLOCK))
    for part in texts.iter_slices(max(1, -(-len(texts) // n))):
        yield part.with_columns(word=tokens_of(part["text"]))


def _flat(words: pl.Series) -> tuple[Ints, pl.Series]:
    """Which text each word stands in, and the words of all texts in their order."""
    frame = pl.DataFrame({"text": np.arange(len(words)), "word": words}).explode("word").drop_nulls()
    return frame["text"].to_numpy(), frame["word"]


def _grams(part: pl.DataFrame, vocabulary: pl.Series) -> pl.DataFrame:
    """Rows of each word and person after two words, one and none."""
    ids = pl.DataFrame({"word": vocabulary, "id": np.arange(2, len(vocabulary) + 2)})
    text, words = _flat(part["word"].list.head(MOST_WORDS))
    known = words.to_frame().join(ids, on="word", how="left", maintain_order="left")["id"].fill_null(OTHER).to_numpy()
    last, of = windows(text, known, len(part), 3)
    two, one, word = last.T
    is_cut = part["word"].list.len().to_numpy() > MOST_WORDS
    word = np.where((word == ENDS) & is_cut[of], OTHER, word)  # they do not end there
    person = part["person"].to_numpy()[of]
    parts = []
    contexts = ((1, word >= 0, word * 0), (2, (word >= 0) & (one >= 0), one))
    deepest = (3, (word >= 0) & (one >= 0) & (two >= 0), two * (len(vocabulary) + 2) + one)
    for order, some, context in (*contexts, deepest):
        frame = pl.DataFrame({"context": context[some], "word": word[some], "person": person[some]})
        parts.append(frame.group_by("context", "word", "person").agg(rows=pl.len()).with_columns(order=pl.lit(order)))
    return pl.concat(parts)


def _followers(kept: pl.DataFrame) -> Followers:
    return Followers(
        kept["context"].to_numpy().astype(np.int64), kept["word"].to_numpy().astype(np.int64),
        kept["rows"].to_numpy().astype(np.float64),
    )  # fmt: skip
