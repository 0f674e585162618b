"""Names of people: pairs of which nobody real is called so, and how they are written.

Of a table's own names is kept which pairs of the pools' words may be drawn: a quarter of those that nobody is called,
so that a pair which may not be drawn tells next to nothing, and how names are written where enough people write so.

Legend: n persons, F given names, L family names, m pairs of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.personal.latent import Ints, Persons, below, noise, spread
from likewise.personal.pools import Language, Words
from likewise.personal.texts import by_class, filled, shared, taken
from likewise.personal.unseen import Unseen, prints_of
from likewise.schema.identifiers.names import free_characters, made_words

LEAST_WORDS = 20
"""Words of a pool that must be left; else words are made up."""
LEAST_PAIRS = 100
MANY_PAIRS = 2_000
LENGTHENED = ("zh", "ko")
"""Languages whose family names are few, and whose given names are any syllables."""
ROUNDS = 20
MADE = 400
"""Words that are made up."""
SCRIPTS = {
    "ru": "cyrillic", "el": "greek", "ja": "kanji", "kana": "katakana", "hira": "hiragana", "ko": "hangul",
}  # fmt: skip
EASTERN = ("zh", "ja", "ko", "kana", "hira")


@dataclass(frozen=True)
class NamePool:
    """Names of one language and gender.

    Args:
        first, last: given and family names.
        more: what lengthens a name where all names must differ and there are too few.
        pairs: (m,) given name times L plus family name, of those that may be drawn.
        glued: whether names are lengthened behind the given name, without a hyphen.
    """

    first: Words
    last: Words
    more: Words
    pairs: Ints
    glued: bool

    @classmethod
    def of(
        cls, language: Language, gender: str, real: RealNames, styles: tuple[str, ...], *, apart: bool = False,
        beside: tuple[Sequence[str], Sequence[str]] = ((), ()),
    ) -> Self:  # fmt: skip
        """A pool of what no real name is.

        Args:
            gender: "female" or "male".
            styles: how full names are written.
            apart: whether they must differ, of which more are needed then.
            beside: given and family names beside those of the pools.
        """
        first = real.without(language.words(gender).beside(beside[0]), "first_name", language)
        last = real.without(language.words("last").beside(beside[1]), "last_name", language)
        pairs = real.pairs(first, last, styles)
        if len(pairs) < LEAST_PAIRS or (apart and len(pairs) < MANY_PAIRS and language.code not in LENGTHENED):
            last = last + made_up(language, real.tokens)
            pairs = real.pairs(first, last, styles)
        return cls(first, last, lengthening(language, real), pairs, language.code in EASTERN)

    def draw(self, persons: Persons) -> Names:
        """Names of people of this language and gender; different ones where they must differ."""
        apart = persons.apart & {"name", "first_name", "last_name"}
        if not apart:
            pair, level = self.pairs[persons.below(len(self.pairs), 1)], np.zeros(len(persons), np.int64)
            return self._names(pair // len(self.last), pair % len(self.last), level, "name")
        what = next(w for w in ("name", "first_name", "last_name") if w in apart)
        size = {"name": len(self.pairs), "first_name": len(self.first), "last_name": len(self.last)}[what]
        at, level = spread(persons.numbers % size, size, persons.key), persons.numbers // size
        if what == "name":
            return self._names(self.pairs[at] // len(self.last), self.pairs[at] % len(self.last), level, what)
        if what == "first_name":
            return self._names(at, persons.below(len(self.last), 2), level, what)
        return self._names(persons.below(len(self.first), 2), at, level, what)

    def _names(self, first: Ints, last: Ints, level: Ints, what: str) -> Names:
        names = Names(
            taken(self.first.texts, first), taken(self.last.texts, last),
            taken(self.first.latin, first), taken(self.last.latin, last),
        )  # fmt: skip
        at_first = self.glued if what == "name" else what == "first_name"
        while level.any():
            names = names.longer(self.more, level, at_first=at_first, mark="" if self.glued else "-")
            level = np.maximum(level - 1, 0) // len(self.more)
        return names

    def to_dict(self) -> dict[str, Any]:
        words = {k: [list(w.texts), list(w.latin)] for k, w in vars(self).items() if isinstance(w, Words)}
        return {**words, "glued": self.glued}


@dataclass(frozen=True)
class Names:
    """(n,) parts of names, and how they are written in Latin letters."""

    first: pl.Series
    last: pl.Series
    first_latin: pl.Series
    last_latin: pl.Series

    def longer(self, more: Words, level: Ints, *, at_first: bool, mark: str) -> Names:
        """Names of a level above 0 with a word behind."""
        rows = pl.Series(level > 0)
        at = np.maximum(level - 1, 0) % len(more)
        parts = dict(vars(self))
        part = "first" if at_first else "last"
        for name, words, glue in ((part, more.texts, mark), (f"{part}_latin", more.latin, mark)):
            parts[name] = (parts[name] + glue + taken(words, at)).zip_with(rows, parts[name])
        return Names(**parts)

    def gather(self, rows: Ints) -> Names:
        return Names(*(series.gather(rows) for series in vars(self).values()))

    def parts(self) -> dict[str, pl.Series]:
        """By what templates call them: `{f}` is the first letter of `{first}`."""
        return {"first": self.first, "last": self.last, "f": self.first.str.head(1), "l": self.last.str.head(1)}

    def latin_parts(self) -> dict[str, pl.Series]:
        first, last = (latin.str.replace_all("[^a-z]", "") for latin in (self.first_latin, self.last_latin))
        return {"first": first, "last": last, "f": first.str.head(1), "l": last.str.head(1)}


def names_of(pools: Mapping[tuple[int, int], NamePool], persons: Persons) -> Names:
    """(n,) names by locale and gender."""
    group = persons.locale * 2 + persons.gender
    drawn, order = [], []
    for key in np.unique(group):  # a few, not persons
        rows = np.flatnonzero(group == key)
        drawn.append(pools[int(key) // 2, int(key) % 2].draw(persons[rows]))
        order.append(rows)
    back = np.argsort(np.concatenate([*order, np.empty(0, np.int64)]), kind="stable")
    if len(drawn) == 1:
        return drawn[0]
    empty = pl.Series([], dtype=pl.String)
    columns = [pl.concat([*(vars(names)[part] for names in drawn), empty]) for part in Names.__dataclass_fields__]
    names = Names(*columns).gather(back)
    return _apart(names, persons, pools[int(group[0]) // 2, int(group[0]) % 2]) if len(names.first) else names


def _apart(names: Names, persons: Persons, pool: NamePool) -> Names:
    """Names of several groups where they must differ: the same one in two of them is lengthened in all but one."""
    for what in persons.apart & {"name", "first_name", "last_name"}:
        at_first = pool.glued if what == "name" else what == "first_name"
        for turn in range(1, ROUNDS):
            text = {"name": names.last + " " + names.first, "first_name": names.first, "last_name": names.last}[what]
            text = text.str.replace(" ", "") if pool.glued else text
            again = text.to_frame("t").select(pl.int_range(pl.len()).over("t")).to_series().to_numpy()
            if not again.any():
                break
            level = np.where(again > 0, again + 37 * turn, 0)
            names = names.longer(pool.more, level, at_first=at_first, mark="" if pool.glued else "-")
    return names


# ---- what is real ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RealNames:
    """The names of a table: as private as the data.

    Args:
        columns: semantic -> distinct texts.
    """

    columns: Mapping[str, pl.Series] = field(default_factory=dict)

    @property
    def tokens(self) -> frozenset[str]:
        """The words of all names, in small letters."""
        both = pl.concat([pl.Series([], dtype=pl.String), *self.columns.values()]).str.to_lowercase()
        return frozenset(both.str.extract_all(r"[\p{L}\p{M}]+").explode().drop_nulls())

    def without(self, words: Words, semantic: str, language: Language) -> Words:
        """Half of the words that no cell of a column of such words holds; where these are few, with words made up."""
        real = self.columns.get(semantic)
        if real is None:
            return words
        prints = prints_of(pl.Series(words.texts, dtype=pl.String))
        free = ~np.isin(prints, prints_of(real))
        left = words.take(np.flatnonzero(free & (prints >> np.uint64(7) & np.uint64(1) == 0)).tolist())
        return left if len(left) >= LEAST_WORDS else left + made_up(language, self.tokens)

    def pairs(self, first: Words, last: Words, styles: tuple[str, ...]) -> Ints:
        """Pairs that no real full name is, however it is written."""
        every = np.arange(len(first) * len(last))
        full = self.columns.get("name")
        if full is None:
            return every
        names = Names(taken(first.texts, every // len(last)), taken(last.texts, every % len(last)), *([full] * 2))
        bare = pl.concat([full, full.str.replace(TITLE, "")]).unique()
        real = np.unique(prints_of(bare))
        free = Unseen.of(real).is_free(prints_of(names.first + names.last))
        for style in styles:
            free &= ~np.isin(prints_of(filled(style, {**names.parts(), "m": names.parts()["l"]}, len(every))), real)
        return every[free]


def made_up(language: Language, tokens: frozenset[str]) -> Words:
    """Words that sound like names and are in nobody's."""
    if language.code == "zh":
        left = free_characters("".join(tokens))
        pairs = [a + b for a in left for b in left][:MADE]
        return Words.of([f"{text}=zhi" for text in pairs or ["舒" * (1 + max(map(len, tokens), default=1))]])
    script = SCRIPTS.get(language.code, "latin")
    whole = (
        tokens | {token[:n] for token in tokens for n in range(1, 9)} if language.glued or script != "latin" else tokens
    )
    found = made_words(frozenset(whole), MADE, script) or ["Z" + "o" * (1 + max(map(len, tokens), default=1))]
    return Words.of([word if script == "latin" else f"{word}=name{i}" for i, word in enumerate(found)])


def lengthening(language: Language, real: RealNames) -> Words:
    """What makes names longer, and is in no real one."""
    more = language.words("more")
    if len(more):
        every = "".join(real.tokens)
        left = more.take([i for i, text in enumerate(more.texts) if text not in every])
        return left if len(left) else more.take([0])
    return made_up(language, real.tokens)


# ---- how names are written -------------------------------------------------------------------------------------------

_WORD = r"[\p{L}\p{M}'’\-]+"
_TITLES = "mr mrs ms miss dr prof herr frau sir dipl ing med phil sr sra mme m sig sig\\.ra dhr mevr pan pani"
TITLE = rf"^(?i)(?:(?:{_TITLES.replace(' ', '|')})\.? )+"
STYLES: tuple[tuple[str, str], ...] = (
    ("{last}, {first} {m}.", rf"^{_WORD}(?: {_WORD})?, {_WORD} \p{{Lu}}\.?$"),
    ("{last}, {f}.", rf"^{_WORD}(?: {_WORD})?, \p{{Lu}}\.?$"),
    ("{last}, {first}", rf"^{_WORD}(?: {_WORD})?, {_WORD}(?: {_WORD})*$"),
    ("{first}.{last}", r"^[\p{Ll}'’\-]+\.[\p{Ll}'’\-]+$"),
    ("{last} {f}.", rf"^{_WORD} (?:\p{{Lu}}\.[ \-]?)+$"),
    ("{f}. {last}", rf"^(?:\p{{Lu}}\.[ \-]?)+ ?{_WORD}$"),
    ("{first} {m}. {last}", rf"^{_WORD} \p{{Lu}}\.? {_WORD}$"),
    ("two", rf"^{_WORD}[ \u3000]{_WORD}(?: {_WORD})*$"),
    ("one", rf"^{_WORD}$"),
)
"""How full names are written, and what tells it."""


@dataclass(frozen=True)
class NameForm:
    """How a column of full names, or of one part of them, is written.

    Args:
        styles, shares: templates and how often each is.
        upper: share of names in capitals.
        titles: "Dr. " and the like, its share, and whose: "f", "m" or "" for anybody's.
    """

    styles: tuple[str, ...]
    shares: tuple[float, ...]
    upper: float = 0.0
    titles: tuple[tuple[str, float, str], ...] = ()

    @classmethod
    def learnt(
        cls, texts: pl.Series, whose: pl.Series | None, least: int, language: Language, part: str = "name",
        first: pl.Series | None = None,
    ) -> Self:  # fmt: skip
        """How enough people's names are written.

        Args:
            texts: (n,) names.
            part: the semantic.
            first: (n,) the given names beside them, if there is such a column.
        """
        capitals = texts.str.contains(r"^[^\p{Ll}]*\p{Lu}[^\p{Ll}]*$") & (texts.str.len_chars() > 1)
        case = shared(pl.Series(np.where(capitals.fill_null(False), "upper", "as is")), whose, least)
        upper = case.get("upper", 0.0) if case else float(capitals.sum() > len(texts) / 2)
        if part != "name":
            return cls(("{first}" if part == "first_name" else "{last}",), (1.0,), upper)
        title = texts.str.extract(f"({TITLE})")
        bare = texts.str.replace(TITLE, "")
        kind = pl.select(
            pl.coalesce(pl.when(bare.str.contains(form)).then(pl.lit(style)) for style, form in STYLES)
        ).to_series()
        # Of a few names, as most are: that tells nothing of any.
        found = shared(kind, whose, least) or dict(list(shared(kind, None, 1).items())[:1])
        two = _order(bare, language, first)
        styles = {_style_of(style, two, language): share for style, share in found.items()} or {language.order: 1.0}
        titled = shared(title.fill_null(""), whose, least)
        titles = tuple((text, share, _whose(text)) for text, share in titled.items() if text)
        return cls(tuple(styles), tuple(styles.values()), upper, titles)

    @classmethod
    def usual(cls, language: Language, part: str = "name") -> Self:
        """Where nothing may be learnt."""
        return cls(({"first_name": "{first}", "last_name": "{last}"}.get(part, language.order),), (1.0,))

    def write(self, names: Names, persons: Persons) -> pl.Series:
        """(n,) names as this column has them."""
        which = persons.choice(np.array(self.shares), 3)
        parts = {**names.parts(), "m": taken(_INITIALS, persons.below(len(_INITIALS), 4))}
        made = []
        for k, style in enumerate(self.styles):
            rows = np.flatnonzero(which == k)
            some = parts if len(rows) == len(which) else {name: part.gather(rows) for name, part in parts.items()}
            text = filled(style, some, len(rows))
            made.append(text.str.to_lowercase() if style == "{first}.{last}" else text)
        text = by_class(which, made) if len(made) > 1 else made[0]
        if self.upper:
            high = _uniform(persons, 5) < self.upper
            text = text.str.to_uppercase().zip_with(pl.Series(high), text)
        return self._titled(text, persons)

    def _titled(self, text: pl.Series, persons: Persons) -> pl.Series:
        if not self.titles:
            return text
        free = np.ones(len(text), bool)
        uniform = _uniform(persons, 6)
        for title, share, whose in self.titles:
            own = np.full(len(text), True) if not whose else persons.gender == (0 if whose == "f" else 1)
            # A title of one gender is as frequent among all, so twice as frequent among these.
            chosen = own & free & (uniform < (2 * share if whose else share))
            free &= ~chosen
            text = (pl.Series([title]).new_from_index(0, len(text)) + text).zip_with(pl.Series(chosen), text)
        return text


_INITIALS = [*"ABCDEFGHJKLMNPRSTVW"]


def _uniform(persons: Persons, salt: int) -> npt.NDArray[np.float64]:
    return np.asarray(below(noise(persons.seeds, salt), 2**53) * 2.0**-53, np.float64)


def _whose(title: str) -> str:
    low = title.strip().lower()
    female = r"\b(mrs|ms|miss|frau|sra|mme|sig\.ra|mevr|pani)\b"
    male = r"\b(mr|herr|sir|sr|m|sig|dhr|pan)\b"
    alone = pl.Series([low])
    return "f" if alone.str.contains(female)[0] else "m" if alone.str.contains(male)[0] else ""


def _style_of(style: str, two: str, language: Language) -> str:
    if style == "two":
        return two
    if style == "one":
        return "{last}{first}" if language.code in EASTERN else "{last}"
    return style


def _order(texts: pl.Series, language: Language, first: pl.Series | None) -> str:
    """Which of two words is the given name: as the column beside tells, or else the words themselves."""
    words = texts.drop_nulls().str.split(" ")
    if first is not None:
        both = pl.DataFrame({"t": texts, "f": first}).drop_nulls()
        at = [both.select(fits(pl.col("f"))) for fits in (pl.col("t").str.starts_with, pl.col("t").str.ends_with)]
        begins, ends = (int(found.to_series().sum()) for found in at)
    else:
        given = [*language.words("female").texts, *language.words("male").texts]
        begins, ends = int(words.list.first().is_in(given).sum()), int(words.list.last().is_in(given).sum())
    if begins == ends:
        return "{last} {first}" if language.order != "{first} {last}" else "{first} {last}"
    return "{first} {last}" if begins > ends else "{last} {first}"
