"""The built-in pools: words of people and places by language, telephone numbers and places by country.

A locale is a country and one of its languages: "de_CH", or "CH" for its most usual one.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from importlib.resources import files
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Words:
    """Words and how each is written in small Latin letters.

    Args:
        texts, latin: (k,) each.
    """

    texts: tuple[str, ...]
    latin: tuple[str, ...]

    @classmethod
    def of(cls, pairs: list[str]) -> Words:
        """Of words, with `=` before how they are written in Latin letters where that is not told by the word itself."""
        each = [pair.partition("=") for pair in dict.fromkeys(pairs)]
        return cls(tuple(a for a, _, _ in each), tuple(b or in_latin(a) for a, _, b in each))

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, at: list[int]) -> Words:
        return Words(tuple(self.texts[i] for i in at), tuple(self.latin[i] for i in at))

    def beside(self, others: Sequence[str]) -> Words:
        """With words in Latin letters that are not among them."""
        return self + Words.of([word for word in others if word not in set(self.texts)]) if others else self

    def __add__(self, other: Words) -> Words:
        return Words(self.texts + other.texts, self.latin + other.latin)


_LETTERS = str.maketrans({
    "ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "'": "", "’": "",
})  # fmt: skip


def in_latin(text: str) -> str:
    """Small letters without accents.

    Example:
        >>> in_latin("Łukasz"), in_latin("José-María")
        ('lukasz', 'jose-maria')
    """
    plain = unicodedata.normalize("NFD", text.lower().translate(_LETTERS))
    return "".join(c for c in plain if not unicodedata.combining(c))


def in_latin_all(texts: pl.Series) -> pl.Series:
    """The same of many texts."""
    plain = texts.str.to_lowercase().str.replace_many(
        ["ß", "ł", "ø", "æ", "œ", "đ", "ð", "þ", "ı", "'", "’"],
        ["ss", "l", "o", "ae", "oe", "d", "d", "th", "i", "", ""],
    )
    return plain.str.normalize("NFD").str.replace_all(r"\p{M}", "")


@dataclass(frozen=True)
class Language:
    """What people, streets and firms are called, and how it is written."""

    code: str
    data: dict[str, str]

    def words(self, kind: str) -> Words:
        """Words of a kind: "female", "male", "last", or "more", which lengthen names where there are too few."""
        return Words.of(self.data.get(kind, "").split())

    @property
    def glued(self) -> bool:
        """Whether names are written without a blank."""
        return self.order == "{last}{first}"

    @property
    def order(self) -> str:
        return self.data.get("order", "{first} {last}")

    @cached_property
    def streets(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Heads and tails, any of which make a street's name; of names that are a type and a name, these."""
        parts = [each.partition("|") for each in self.data["streets"].split()]
        glue = " " if self.code == "en" else ""
        heads = tuple(dict.fromkeys(head.replace("+", " ") for head, _, _ in parts))
        tails = tuple(dict.fromkeys(glue + tail.replace("+", " ") for _, _, tail in parts))
        if len(heads) >= len(tails):
            return heads, tails
        return tuple((head + glue + tail).replace("+", " ") for head, _, tail in parts), ("",)


@dataclass(frozen=True)
class Country:
    """How people there are reached."""

    code: str
    data: dict[str, str]

    @property
    def languages(self) -> list[str]:
        return self.data["languages"].split()

    @property
    def calling(self) -> str:
        return self.data["calling"]

    @property
    def trunk(self) -> str:
        """What stands before a number within the country."""
        return self.data.get("trunk", "")

    @property
    def heads(self) -> tuple[str, ...]:
        """How numbers begin that are of other widths than the plan's."""
        return tuple(self.data.get("heads", "").split())

    @cached_property
    def phones(self) -> tuple[str, ...]:
        """Forms of numbers as they are dialled from abroad: mobile ones, where these can be told from others."""
        areas = self.data.get("areas", "").split() or [""]
        return tuple(area + form for form in self.data["phones"].split() for area in areas)

    @cached_property
    def more(self) -> tuple[str, ...]:
        """Forms for more people than the others have room for."""
        areas = self.data.get("areas", "").split() or [""]
        return tuple(area + form for form in self.data.get("more", "").split() for area in areas)

    @cached_property
    def fiction(self) -> tuple[str, ...]:
        """Forms of numbers that nobody is given: kept for films and books."""
        areas = self.data.get("areas", "").split() or [""]
        return tuple(area + form for form in self.data.get("fiction", "").split() for area in areas)

    @cached_property
    def cities(self) -> tuple[tuple[str, str, str], ...]:
        """City, region, first digits of the post code."""
        found = []
        for each in self.data["cities"].split():
            city, region, postcode = each.replace("+", " ").split(",")
            found.append((city, region, postcode))
        return tuple(found)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.data["names"].split("|"))


@cache
def _file(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("likewise.personal") / "pools" / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def languages() -> dict[str, Language]:
    found = {code: Language(code, data) for code, data in _file("languages").items()}
    # The two syllabaries stand side by side, and lists of words are written in the one.
    signs = {k: k - 0x60 for k in range(0x30A1, 0x30F7)}
    return found | {"hira": Language("hira", {k: v.translate(signs) for k, v in found["kana"].data.items()})}


@cache
def countries() -> dict[str, Country]:
    return {code: Country(code, data) for code, data in _file("countries").items()}


MOST_WORDS = 500
"""Words of Faker that are taken: more make the model file larger and no table better."""
_LISTS = {"female": "first_names_female", "male": "first_names_male", "last": "last_names"}


def faker_words(locale: Locale, kind: str) -> list[str]:
    """Names of a kind ("female", "male", "last") that Faker has, where it is installed and the script is Latin; else
    none. Its lists alone are looked at, at fit, and kept with the model: nothing is drawn by it."""
    if "=" in languages()[locale.language].data["last"]:
        return []  # nothing tells how these are written in Latin letters
    try:
        provider = import_module(f"faker.providers.person.{locale.language}_{locale.country}").Provider
    except ImportError:
        return []
    found = [word for word in getattr(provider, _LISTS[kind], None) or () if isinstance(word, str)]
    return [word for word in dict.fromkeys(found) if re.fullmatch(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*", word)][:MOST_WORDS]


@dataclass(frozen=True)
class Locale:
    """A language and a country, as codes."""

    language: str
    country: str

    @classmethod
    def of(cls, word: str | None, default: str = "en_US") -> Locale:
        """The locale that a text such as "de_CH", "CH" or "de" means; what is not known is taken from the default.

        Example:
            >>> Locale.of("fr_CA"), Locale.of("JP"), Locale.of("xx_AR").language
            (Locale(language='fr', country='CA'), Locale(language='ja', country='JP'), 'es')
        """
        known, of = languages(), countries()
        parts = (word or "").replace("-", "_").split("_")
        country = next((part for part in parts if part.isupper() and part in of), None)
        language = next((part for part in parts if part.islower() and part in known), None)
        if country is None and language is None:
            return cls.of(default)
        if country is None:
            spoken = [code for code, c in of.items() if c.languages[0] == language]
            country = str(language).upper() if str(language).upper() in spoken else next(iter(spoken), "JP")
        return cls(language or of[country].languages[0], country)


@cache
def country_words() -> dict[str, str]:
    """Names of countries in several languages, in small letters, and the code of each."""
    return {name.lower(): code for code, country in countries().items() for name in country.names}


_GENDERS = {
    0: """f female w weiblich frau woman girl feminin féminin femme mujer femenino femminile donna feminino mulher vrouw
    k kobieta 女 女性 여 여성 여자 ж жен женский γυναίκα fem ms mrs miss""",
    1: """m male männlich mann man boy masculin homme hombre masculino maschile maschio uomo homem mężczyzna 男 男性 남
    남성 남자 муж мужской άνδρας masc mr herr""",
}
GENDERS = {word: gender for gender, found in _GENDERS.items() for word in found.split()}
"""Words of what a column of genders holds, in small letters: 0 female, 1 male."""
