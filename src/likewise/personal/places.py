"""Where people live and who employs them: streets, post codes and cities that go together, firms, web addresses.

Legend: n persons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from likewise.personal.latent import Ints, Persons
from likewise.personal.pools import Country, Locale, countries, languages
from likewise.personal.texts import by_class, filled, taken

_LETTERS = "ABCDEFGHJKLMNPRSTUVWXY"
ROUNDS = 60


@dataclass(frozen=True)
class Places:
    """Where (n,) people live.

    Args:
        city, region, postcode, country, street, number: (n,) each.
        line: (n,) street and number, as they are written there.
    """

    city: pl.Series
    region: pl.Series
    postcode: pl.Series
    country: pl.Series
    street: pl.Series
    number: pl.Series
    line: pl.Series

    @cached_property
    def parts(self) -> Mapping[str, pl.Series]:
        return vars(self)


def places_of(
    persons: Persons, locales: tuple[Locale, ...], cities: pl.Series | None = None, salt: int = 0, n_all: int = 0
) -> Places:
    """(n,) places by locale.

    Args:
        cities: (n,) cities that are known, null where none is; the rest then goes with these where the pools know them.
        salt: of what is drawn again.
        n_all: of how many people these are some: the more, the longer are the streets.
    """
    group = persons.locale
    present = [int(k) for k in np.unique(group)]
    drawn = [
        _of_locale(
            persons[np.flatnonzero(group == k)],
            locales[k],
            _some(cities, np.flatnonzero(group == k)),
            salt,
            n_all,
        )
        for k in present
    ]
    if len(drawn) == 1:
        return drawn[0]
    order = np.searchsorted(present, group)
    return Places(*(by_class(order, [vars(d)[name] for d in drawn]) for name in Places.__dataclass_fields__))


def _some(series: pl.Series | None, rows: Ints) -> pl.Series | None:
    return None if series is None else series.gather(rows)


def _of_locale(persons: Persons, locale: Locale, cities: pl.Series | None, salt: int, n_all: int) -> Places:
    country, language = countries()[locale.country], languages()[locale.language]
    n, pool = len(persons), country.cities
    at = persons.below(len(pool), 61)
    if cities is not None:
        known = {city.lower(): k for k, (city, _, _) in enumerate(pool)}
        named = cities.str.to_lowercase().replace_strict(known, default=None, return_dtype=pl.Int64)
        at = named.fill_null(pl.Series(at)).to_numpy()
    heads, tails = language.streets
    street = taken(heads, persons.below(len(heads), 62 + salt)) + taken(tails, persons.below(len(tails), 63 + salt))
    number = pl.Series(1 + persons.below(max(199, 8 * n_all // (len(heads) * len(tails))), 64 + salt)).cast(pl.String)
    line = filled(language.data["street"], {"street": street, "n": number}, n)
    region, city = taken([r for _, r, _ in pool], at), taken([c for c, _, _ in pool], at)
    postcode = _postcodes(country, at, persons, salt)
    return Places(city, region, postcode, pl.Series([country.names[0]]).new_from_index(0, n), street, number, line)


def _postcodes(country: Country, at: Ints, persons: Persons, salt: int) -> pl.Series:
    """The first digits of each city's, and others behind."""
    form = country.data["postcode"]
    text = taken([head for _, _, head in country.cities], at)
    parts = [pl.lit(text)]
    for k, mark in enumerate(form):
        if mark == "#":
            parts.append(pl.lit(pl.Series(persons.below(10, 65 + 7 * k + salt)).cast(pl.String)))
        elif mark == "@":
            parts.append(pl.lit(taken(_LETTERS, persons.below(len(_LETTERS), 65 + 7 * k + salt))))
        else:
            parts.append(pl.lit(mark))
    return pl.select(pl.concat_str(parts)).to_series()


@dataclass(frozen=True)
class AddressForm:
    """How a column that holds a place, or a part of one, is written.

    Args:
        template: of parts of `Places`.
    """

    template: str = "{line}"
    shares: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def learnt(cls, texts: pl.Series, semantic: str) -> AddressForm:
        """Whether most streets have a number, and most addresses the post code and the city behind."""
        if semantic == "street" and not (texts.str.contains(r"\d").mean() or 0) > 0.5:  # type: ignore[operator]
            return cls("{street}")
        behind = (texts.str.contains(r",.*\d{3,}.*\p{L}|\p{L}.*,.*\p{L}.*\d{3,}|\n").mean() or 0) > 0.5  # type: ignore[operator]
        return cls("{line}, {postcode} {city}" if behind else "{line}")

    def write(self, places: Places) -> pl.Series:
        return filled(self.template, dict(places.parts), len(places.city))


def companies_of(persons: Persons, locales: tuple[Locale, ...], salt: int = 0) -> pl.Series:
    """(n,) firms."""
    made, present = [], [int(k) for k in np.unique(persons.locale)]
    for k in present:
        some, language = persons[np.flatnonzero(persons.locale == k)], languages()[locales[k].language]
        words, last = language.data["companies"].split(), language.words("last").texts
        legal = language.data["legal"].split("|")
        both = taken([*words, *last], some.below(len(words) + len(last), 71 + salt))
        glue = "" if language.glued else " "
        made.append(both + glue + taken(legal, some.below(len(legal), 72 + salt)))
    return by_class(np.searchsorted(present, persons.locale), made)


def urls_of(persons: Persons, names: tuple[pl.Series, pl.Series], salt: int = 0) -> pl.Series:
    """(n,) web addresses on domains that nobody has."""
    first, last = names
    number = pl.Series(persons.below(10**6, 73 + salt)).cast(pl.String).str.zfill(6)
    return "https://www." + last + ".example/" + first + "/" + number
