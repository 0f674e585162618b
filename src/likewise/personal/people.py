"""The people of a table: what its columns tell of the same persons is made together, so that it agrees.

Legend: n rows, p persons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.personal import pools as pool
from likewise.personal.crowd import Crowd, numbered
from likewise.personal.identities import IDENTITIES, IdentityForm
from likewise.personal.latent import Ints, Persons, below, noise
from likewise.personal.layouts import NAMED, UNKNOWN
from likewise.personal.mails import MailForm
from likewise.personal.names import NameForm, NamePool, Names, RealNames, names_of
from likewise.personal.numbers import IbanForm, PhoneForm
from likewise.personal.places import AddressForm, Places, companies_of, places_of, urls_of
from likewise.personal.pools import GENDERS, Locale, countries, country_words, languages
from likewise.personal.texts import shared
from likewise.personal.unseen import Unseen, prints_of
from likewise.schema.identifiers.names import script_of
from likewise.streams import Span

NAMES = ("name", "first_name", "last_name")
PLACES = {
    "street": "{street}", "house_number": "{number}", "address": "{line}", "postcode": "{postcode}", "city": "{city}",
    "region": "{region}", "country": "{country}",
}  # fmt: skip
MADE = frozenset((*NAMES, "email", "username", "phone", "iban", "company", "url", *PLACES, *IDENTITIES))
"""Semantics that are made of persons."""
OWN = frozenset(("street", "address", "company", "url", *IDENTITIES))
"""Semantics of which a made value is held against the real ones once it is made."""
ROUNDS = 60
DEAR = 200_000
FORMS = {
    **dict.fromkeys(NAMES, NameForm),
    "email": MailForm,
    "username": MailForm,
    "phone": PhoneForm,
    "iban": IbanForm,
    **dict.fromkeys(IDENTITIES, IdentityForm),
}
_SCRIPTS = {
    "cyrillic": "ru_RU", "greek": "el_GR", "kanji": "ja_JP", "katakana": "kana_JP", "hiragana": "hira_JP",
    "hangul": "ko_KR",
}  # fmt: skip

There = Mapping[str, npt.NDArray[np.bool_]]
"""Column -> (n,) which of its cells are there."""
Form = NameForm | MailForm | PhoneForm | IbanForm | IdentityForm | AddressForm


@dataclass(frozen=True)
class Told:
    """What a column tells, of those that are made.

    Args:
        semantic: its word.
        form: how it is written.
        free: what no real value is, of semantics of `OWN`.
    """

    semantic: str
    form: Form
    free: Unseen | None = None


@dataclass(frozen=True)
class Beside:
    """Columns that are drawn and tell something of the persons: their names, or None."""

    gender: str | None = None
    country: str | None = None
    city: str | None = None
    birth_date: str | None = None

    @property
    def names(self) -> list[str]:
        return [name for name in vars(self).values() if name is not None]


@dataclass(frozen=True)
class People:
    """Of whom some columns of a table tell.

    Args:
        columns: column -> what it tells.
        locales: where they may live; the first, where nothing tells.
        pools: (place of the locale, gender) -> names.
        beside: drawn columns that tell something of them.
        crowd: how often the same person comes again.
        apart: semantics that must differ from one person to another.
        holes: which of the columns, by a + each and a - where missing, and how often.
        females: share of women, where no column tells.
    """

    columns: Mapping[str, Told]
    locales: tuple[Locale, ...]
    pools: Mapping[tuple[int, int], NamePool]
    beside: Beside = field(default_factory=Beside)
    crowd: Crowd = field(default_factory=Crowd)
    apart: frozenset[str] = frozenset()
    holes: Mapping[str, float] = field(default_factory=dict)
    females: float = 0.5

    @classmethod
    def learnt(
        cls, frame: pl.DataFrame, semantics: Mapping[str, str], *, least: int, whose: pl.Series | None = None,
        locale: str | None = None, beside: Beside | None = None, others: pl.DataFrame | None = None,
        named: Sequence[str] = (), once: frozenset[str] = frozenset(), words: Mapping[str, str] | None = None,
    ) -> Self:  # fmt: skip
        """The people of some rows.

        Args:
            frame: (n,) the columns that are made, as texts, and those beside.
            semantics: column -> what it tells, of those that are made.
            least: people who must stand behind whatever is kept.
            whose: (n,) whose each row is.
            locale: what is known of where they live; None tells it by names, numbers and countries.
            others: rows that are not learnt, and of which nothing may be drawn all the same.
            named: the countries that the column of these beside may hold, as it is drawn.
            once: semantics that tell entities apart, and so must differ.
            words: column -> the word of its layout, of identity numbers.
        """
        beside = beside or Beside()
        texts = {name: frame[name].cast(pl.String) for name in semantics}
        all_texts = (
            texts if others is None else {n: pl.concat([t, others[n].cast(pl.String)]) for n, t in texts.items()}
        )
        home = Locale.of(locale) if locale is not None else told_locale(texts, semantics, whose, least)
        locales = _locales(home, named)
        real = RealNames(_distinct(all_texts, semantics))
        first, last = (_column(texts, semantics, what) for what in ("first_name", "last_name"))
        columns = {}
        for name, semantic in semantics.items():
            if semantic in IDENTITIES:
                kept: Form = IdentityForm.learnt(texts[name], (words or {})[name], whose, least)
            else:
                kept = _form(texts[name], semantic, whose, least, home, first, last, texts, semantics, all_texts[name])
            columns[name] = _without_real(Told(semantic, kept), all_texts[name])
        styles = tuple({s for told in columns.values() if isinstance(told.form, NameForm) for s in told.form.styles})
        crowd, apart = _repeated(texts, semantics, whose, least)
        apart |= once
        styles = tuple(style for style in styles if style not in ("{first}", "{last}"))
        pools = _pools(locales, real, styles, apart="name" in apart, more=True)
        return cls(columns, locales, pools, beside, crowd, apart, _holes(texts, whose, least))

    @classmethod
    def usual(
        cls, semantics: Mapping[str, str], *, locale: str | None = None, beside: Beside | None = None,
        named: Sequence[str] = (), words: Mapping[str, str] | None = None,
    ) -> Self:  # fmt: skip
        """By declaration alone: nothing of any row."""
        home, words = Locale.of(locale), words or {}
        columns = {
            name: Told(semantic, IdentityForm.usual(words[name]) if name in words else usual_form(semantic, home))
            for name, semantic in semantics.items()
        }
        apart = frozenset(semantics.values()) & {"email", "username", "phone", "iban", "url", *IDENTITIES}
        locales = _locales(home, named)
        pools = _pools(locales, RealNames(), ())
        return cls(columns, locales, pools, beside or Beside(), Crowd(), apart)

    def draw(
        self, n: int, rng: np.random.Generator | Span, known: Mapping[str, pl.Series] | None = None,
        there: There | None = None,
    ) -> dict[str, pl.Series]:  # fmt: skip
        """The made columns of the first n rows of a span, which are the same however many rows there are.

        Args:
            known: (n,) the columns beside, as drawn.
            there: of some columns, (n,) which cells are there; the others are missing beside these as in the table.
        """
        span = Span.of(rng)
        whose, seeds = self.crowd.draw(n, span.under(0))
        key, known = int(span.shared(1).integers(2**31)), known or {}
        gender, country = self._told(known, n)
        whose, persons, row = self._persons(whose, seeds, gender, country, key)
        persons = replace(persons, first=span.first, likely=span.likely)
        cities = known.get(str(self.beside.city))
        days = _days(known.get(str(self.beside.birth_date)))
        written = self.written(
            persons, None if cities is None else cities.cast(pl.String).gather(row), told=bool((country >= 0).any()),
            days=None if days is None else days[row],
        )  # fmt: skip
        if not self.crowd.is_new:
            written = {name: text.gather(whose) for name, text in written.items()}
            written |= self._of_rows(persons, whose, days, span.first)
        there = {name: cells for name, cells in (there or {}).items() if name in written}
        there = {**self._there(n, span.at(2), there), **there}
        gone = {name: pl.Series(~cells) for name, cells in there.items() if not cells.all()}
        written |= {name: written[name].set(cells, None) for name, cells in gone.items()}
        return {name: text.alias(name) for name, text in written.items()}

    def _there(self, n: int, rng: np.random.Generator, told: There) -> There:
        """(n,) which cells of each column are there, missing together as they are in the table."""
        if not self.holes:
            return {}
        names, shares = list(self.columns), np.array(list(self.holes.values()))
        patterns = np.array([[mark == "+" for mark in pattern] for pattern in self.holes])
        known = [names.index(name) for name in told]
        rows = np.stack([told[names[k]] for k in known], axis=1) if known else np.zeros((n, 0), bool)
        each, at = np.unique(rows, axis=0, return_inverse=True) if known else (rows[:1], np.zeros(n, np.int64))
        which, chance = np.zeros(n, np.int64), rng.random(n)
        for k, cells in enumerate(each):  # a few
            fitting = (patterns[:, known] == cells).all(axis=1)
            upto = np.cumsum(shares * fitting if (shares * fitting).any() else shares)
            some = np.flatnonzero(at.ravel() == k)
            drawn = np.searchsorted(upto, chance[some] * upto[-1], side="right")
            which[some] = np.minimum(drawn, len(upto) - 1)
        return {name: patterns[which, k] for k, name in enumerate(names)}

    def _of_rows(self, persons: Persons, whose: Ints, days: Ints | None, first: int) -> dict[str, pl.Series]:
        """(n,) numbers that are not the same in all rows of a person: what never repeats, and what tells of a birth
        that is drawn by rows."""
        found, names = {}, names_of(self.pools, persons).gather(whose)
        for name, (column, own) in self._owned(persons).items():
            if isinstance(form := column.form, IdentityForm):
                apart, rows = column.semantic in self.apart, own[whose]
                if apart:
                    rows = replace(
                        rows, seeds=noise(rows.seeds + np.arange(first, first + len(whose)).astype(np.uint64), 83)
                    )
                if apart or (form.is_dated and days is not None):
                    found[name] = self._identity(column, rows, names, days)
        return found

    def _owned(self, persons: Persons) -> dict[str, tuple[Told, Persons]]:
        """Whom each column tells of: a second number or address of somebody is another one."""
        found: dict[str, tuple[Told, Persons]] = {}
        for name, column in self.columns.items():
            again = sum(told.semantic == column.semantic for told, _ in found.values())
            seeds = noise(persons.seeds, 500 + again) if again else persons.seeds
            found[name] = column, replace(persons, seeds=seeds, key=persons.key + again)
        return found

    def _identity(self, column: Told, persons: Persons, names: Names, days: Ints | None) -> pl.Series:
        form = column.form
        assert isinstance(form, IdentityForm)

        def make(rows: Ints, salt: int) -> pl.Series:
            some = persons if len(rows) == len(persons) else persons[rows]
            named = names.gather(rows) if form.word in NAMED else names
            return form.write(some, named, None if days is None else days[rows], salt)

        return settled(make, len(persons), column.free, apart=column.semantic in persons.apart)

    def written(
        self, persons: Persons, cities: pl.Series | None = None, *, told: bool = False, days: Ints | None = None
    ) -> dict[str, pl.Series]:
        """(p,) what is made of each person, by column.

        Args:
            cities: (p,) where they live, if drawn.
            told: whether their countries are known.
            days: (p,) of their births, if drawn.
        """
        names = names_of(self.pools, persons)
        places: dict[int, Places] = {}
        found = {}
        for name, (column, own) in self._owned(persons).items():
            form = column.form
            if isinstance(form, NameForm):
                found[name] = form.write(names, persons)
            elif isinstance(form, MailForm):
                found[name] = form.write(names, own)
            elif isinstance(form, PhoneForm | IbanForm):
                found[name] = form.write(own, self.locales, told=told)
            elif isinstance(form, IdentityForm):
                found[name] = self._identity(column, own, names, days)
            else:
                found[name] = self._of_place(column, own, names, cities, places if own.key == persons.key else {})
        return found

    def _of_place(
        self, column: Told, persons: Persons, names: Names, cities: pl.Series | None, places: dict[int, Places]
    ) -> pl.Series:  # fmt: skip
        def make(rows: Ints, salt: int) -> pl.Series:
            some = persons[rows] if len(rows) < len(persons) else persons
            if column.semantic == "company":
                return companies_of(some, self.locales, salt)
            if column.semantic == "url":
                latin = names.gather(rows).latin_parts()
                return urls_of(some, (latin["first"], latin["last"]), salt)
            assert isinstance(column.form, AddressForm)
            if salt == 0 and 0 in places:
                return column.form.write(places[0])
            known = None if cities is None else cities.gather(rows)
            n_all = persons.likely_many(column.semantic) if not persons.alone else 0
            own = places_of(some, self.locales, known, salt, n_all)
            if salt == 0:
                places[0] = own
            return column.form.write(own)

        return settled(make, len(persons), column.free, apart=column.semantic in persons.apart & OWN)

    def _told(self, known: Mapping[str, pl.Series], n: int) -> tuple[Ints, Ints]:
        """(n,) gender and place of the locale that drawn columns tell, -1 where they do not."""
        gender, country = np.full(n, -1), np.full(n, -1)
        if self.beside.gender in known:
            gender = _mapped(known[str(self.beside.gender)], GENDERS)
        if self.beside.country in known:
            places = {locale.country: k for k, locale in reversed(list(enumerate(self.locales)))}
            words = {word: places[code] for word, code in country_words().items() if code in places}
            country = _mapped(known[str(self.beside.country)], words)
        return gender, country

    def _persons(
        self, whose: Ints, seeds: npt.NDArray[np.uint64], gender: Ints, country: Ints, key: int
    ) -> tuple[Ints, Persons, Ints]:
        """Whose each row is, the persons, and a row of each: of other gender or country is another person."""
        row = np.arange(len(seeds))
        if not self.crowd.is_new:
            both = (whose * 3 + gender + 1) * (len(self.locales) + 1) + country + 1
            whose, row = numbered(both)
            seeds = seeds[both[row] // (len(self.locales) + 1) // 3]
        born = (below(noise(seeds, 81), 2**53) * 2.0**-53 >= self.females).astype(np.int64)
        sex = np.where(gender[row] >= 0, gender[row], born)
        home = np.where(country[row] >= 0, country[row], 0)
        return whose, Persons(seeds, home, sex, self.apart, key), row


def settled(make: Callable[[Ints, int], pl.Series], n: int, free: Unseen | None, *, apart: bool) -> pl.Series:
    """(n,) made texts of which none is real, and no two alike where they must be apart: others are made again."""
    rows = np.arange(n)
    text, bad = make(rows, 0), np.ones(n, bool)
    for again in range(1, ROUNDS):
        new = text.gather(rows)
        bad[rows] = new.is_null().to_numpy()
        if free is not None:
            bad[rows] |= ~free.admits(new.fill_null(""))
        # To look at all of a million is dear.
        if apart and (n < DEAR or again % 4 == 1 or not bad.any()):
            bad |= ~text.is_first_distinct().to_numpy()
        rows = np.flatnonzero(bad)
        if not len(rows):
            break
        text = text.scatter(rows, make(rows, 10_000 * again))
    return text


def _mapped(series: pl.Series, words: Mapping[str, int]) -> Ints:
    low = series.cast(pl.String).str.to_lowercase().str.strip_chars()
    found = low.replace_strict(words, default=-1, return_dtype=pl.Int64)
    return found.fill_null(-1).to_numpy()


def _days(dates: pl.Series | None) -> Ints | None:
    """(n,) days from 1970 of dates; None of anything else."""
    if dates is None or not (dates.dtype == pl.Date or dates.dtype == pl.Datetime):
        return None
    return dates.cast(pl.Date).to_physical().cast(pl.Int64).fill_null(UNKNOWN).to_numpy()


def _share(holds: pl.Series) -> float:
    return float(holds.sum()) / max(len(holds), 1)


def _every_name(code: str) -> list[str]:
    language = languages()[code]
    return [text for kind in ("female", "male", "last") for text in language.words(kind).texts]


def told_locale(
    texts: Mapping[str, pl.Series], semantics: Mapping[str, str], whose: pl.Series | None, least: int
) -> Locale:
    """Where people live, by the script and the words of their names, else by how their numbers begin."""
    names = [texts[name].drop_nulls() for name, semantic in semantics.items() if semantic in NAMES]
    if names and len(every := pl.concat(names)):
        if (every.str.contains(r"^[\p{Han}\u3000 ]+$").mean() or 0) > 0.5 and script_of(every) != "kanji":  # type: ignore[operator]
            return Locale.of("zh_CN")
        script = script_of(every)
        if script in _SCRIPTS:
            return Locale.of(_SCRIPTS[script])
        words = every.str.extract_all(r"[\p{L}\p{M}'’\-]+").explode().drop_nulls().str.to_titlecase()
        known = {code: _share(words.is_in(_every_name(code))) for code in languages()}
        best = max(known, key=lambda code: known[code])
        if known[best] > 0.1 and known[best] > 1.2 * known["en"]:
            return Locale.of(best)
    for name, semantic in semantics.items():
        text, heads = texts[name].str.to_uppercase(), {}
        if semantic == "iban":
            heads = {code: code for code in countries()}
        elif semantic == "phone":
            heads = {f"+{country.calling}": code for code, country in reversed(countries().items())}
        each = [pl.when(text.str.starts_with(head)).then(pl.lit(code)) for head, code in heads.items()]
        found = shared(pl.select(pl.coalesce(each)).to_series(), whose, least) if each else {}
        if found:
            return Locale.of(next(iter(found)))
    return Locale.of(None)


def _locales(home: Locale, named: Sequence[str]) -> tuple[Locale, ...]:
    """The home, and all countries that are named, each with its most usual language or that of the home."""
    codes = dict.fromkeys(country_words().get(name.strip().lower()) for name in named)
    found = [home]
    for code in codes:
        if code is not None and code != home.country:
            spoken = countries()[code].languages
            found.append(Locale(home.language if home.language in spoken else spoken[0], code))
    return tuple(found)


def _pools(
    locales: tuple[Locale, ...], real: RealNames, styles: tuple[str, ...], *, apart: bool = False, more: bool = False
) -> dict[tuple[int, int], NamePool]:
    """Names by place of the locale and gender; one pool where a language has the same words in several countries.

    Args:
        more: with those of Faker, where it is installed.
    """
    made: dict[tuple[str, ...], NamePool] = {}
    pools = {}
    for k, locale in enumerate(locales):
        for gender, word in enumerate(("female", "male")):
            beside = tuple(pool.faker_words(locale, kind) if more else [] for kind in (word, "last"))
            key = (locale.language, word, locale.country if any(beside) else "")
            if key not in made:
                language = languages()[locale.language]
                made[key] = NamePool.of(language, word, real, styles, apart=apart, beside=(beside[0], beside[1]))
            pools[k, gender] = made[key]
    return pools


def _column(texts: Mapping[str, pl.Series], semantics: Mapping[str, str], what: str) -> pl.Series | None:
    return next((texts[name] for name, semantic in semantics.items() if semantic == what), None)


def _distinct(texts: Mapping[str, pl.Series], semantics: Mapping[str, str]) -> dict[str, pl.Series]:
    found: dict[str, list[pl.Series]] = {}
    for name, semantic in semantics.items():
        if semantic in NAMES:
            found.setdefault(semantic, []).append(texts[name].drop_nulls().alias(""))
    return {semantic: pl.concat(parts).unique().sort() for semantic, parts in found.items()}


def _form(
    text: pl.Series, semantic: str, whose: pl.Series | None, least: int, home: Locale, first: pl.Series | None,
    last: pl.Series | None, texts: Mapping[str, pl.Series], semantics: Mapping[str, str], every: pl.Series,
) -> Form:  # fmt: skip
    """How a column is written, as enough people's cells are."""
    language = languages()[home.language]
    if semantic in NAMES:
        return NameForm.learnt(text, whose, least, language, semantic, first)
    if semantic in ("email", "username"):
        if first is None or last is None:
            first, last = _split_names(_column(texts, semantics, "name"), language.code)
        return MailForm.learnt(text, whose, least, mail=semantic == "email", every=every, first=first, last=last)
    if semantic == "phone":
        return PhoneForm.learnt(text, whose, least, home, every)
    if semantic == "iban":
        return IbanForm.learnt(text, whose, least, home, every)
    return AddressForm.learnt(text, semantic) if semantic in ("address", "street") else usual_form(semantic, home)


def _split_names(names: pl.Series | None, language: str) -> tuple[pl.Series | None, pl.Series | None]:
    """Given and family names of full names in Latin letters."""
    if names is None or language in ("zh", "ja", "ko", "kana", "hira", "ru", "el"):
        return None, None
    turned = names.str.contains(",")
    words = names.str.replace(r"^.*?,\s*", "").str.split(" "), names.str.replace(r",.*$", "").str.split(" ")
    first = words[0].list.first()
    last = words[1].list.last().zip_with(~turned.fill_null(False), names.str.extract(r"^(.*?),"))
    return first, last


def usual_form(semantic: str, home: Locale) -> Form:
    """How a column is written of which only its semantic is known."""
    if semantic in NAMES:
        return NameForm.usual(languages()[home.language], semantic)
    if semantic in ("email", "username"):
        return MailForm.usual(mail=semantic == "email")
    if semantic == "phone":
        return PhoneForm.usual(home)
    if semantic == "iban":
        return IbanForm.usual(home)
    return AddressForm(PLACES.get(semantic, "{line}"))


def _without_real(told: Told, texts: pl.Series) -> Told:
    if told.semantic not in OWN:
        return told
    return replace(told, free=Unseen.of(np.unique(prints_of(texts.drop_nulls().unique()))))


def _repeated(
    texts: Mapping[str, pl.Series], semantics: Mapping[str, str], whose: pl.Series | None, least: int
) -> tuple[Crowd, frozenset[str]]:
    """How often persons come again, by the column that tells most of them apart; and which columns never repeat."""
    apart, best, most = set(), None, -1.0
    for name, text in texts.items():
        known = text.drop_nulls()
        share = known.n_unique() / len(known) if len(known) else 0.0
        if share == 1.0 and len(known) > 1:
            apart.add(semantics[name])
        if semantics[name] in IDENTITIES and not set(semantics.values()) <= set(IDENTITIES):
            continue  # somebody may have several cards
        if share > most:
            best, most = text, share
    # Each drawn row is a new entity's, whatever names repeat within one.
    crowd = Crowd() if best is None or whose is not None else Crowd.learnt(best, None, least)
    return crowd, frozenset(apart)


def _holes(texts: Mapping[str, pl.Series], whose: pl.Series | None, least: int) -> dict[str, float]:
    """Which cells are missing together; nothing where none are."""
    each = [pl.when(pl.lit(text).is_null()).then(pl.lit("-")).otherwise(pl.lit("+")) for text in texts.values()]
    pattern = pl.select(pl.concat_str(each)).to_series()
    found = shared(pattern, whose, least)
    return {} if set("".join(found)) <= {"+"} else found
