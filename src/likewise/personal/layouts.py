"""Identity numbers, and those of cards and devices, character by character: what they tell of their holder stands where
it must (a date of birth, the gender, letters of the name), the rest is random, check characters come last.

Legend: n persons, W characters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from likewise.personal.latent import MALE, Ints, Persons
from likewise.personal.names import Names
from likewise.schema.identifiers.checks import Chars
from likewise.schema.identifiers.forms import code_points

_ZERO = ord("0")
_FIRST_DAY, _DAYS = -10_957, 24_000
"""Births where none is known: from 1940 on, in days from 1970."""
_SALT = 60
_AT_ONCE = 15


@dataclass(frozen=True)
class Holders:
    """Whom (n,) numbers are of.

    Args:
        persons: themselves.
        days: (n,) of their births, in days from 1970.
        names: theirs, by letters from a to z; None where the number holds none of them.
        salt: of what is drawn again.
    """

    persons: Persons
    days: Ints
    names: Names | None = None
    salt: int = 0

    def digits(self, width: int, at: int = 0) -> Chars:
        """(n, width) at random; another `at` for others of the same number."""
        widths = [min(_AT_ONCE, width - done) for done in range(0, width, _AT_ONCE)]
        salts = range(_SALT + self.salt + 100 * at, _SALT + self.salt + 100 * at + len(widths))
        parts = [_written(self.persons.below(10**k, salt), k) for k, salt in zip(widths, salts, strict=True)]
        return np.concatenate(parts, axis=1)

    def below(self, sizes: list[int], at: int = 0) -> Chars:
        """(n, sizes) a number below each."""
        drawn = [self.persons.below(size, _SALT + self.salt + 100 * at + k) for k, size in enumerate(sizes)]
        return np.stack(drawn, axis=1).astype(np.uint32) if drawn else np.zeros((len(self.days), 0), np.uint32)

    def one_of(self, letters: str, at: int = 0) -> Chars:
        """(n, 1) one of some characters."""
        return _codes(letters)[self.below([len(letters)], at)]

    @property
    def date(self) -> tuple[Ints, Ints, Ints]:
        """(n,) year, month, day."""
        born = self.days.astype("datetime64[D]")
        months = born.astype("datetime64[M]")
        return (
            born.astype("datetime64[Y]").astype(np.int64) + 1970,
            months.astype(np.int64) % 12 + 1,
            (born - months).astype(np.int64) + 1,
        )

    def with_gender(self, width: int, at: int = 0, *, least: int = 0) -> Chars:
        """(n, width) digits of which the last is odd of men and even of women, at least so great."""
        half = self.persons.below((10**width - least) // 2, _SALT + self.salt + 100 * at)
        return _written(least + 2 * half + ((self.persons.gender == MALE) != least % 2), width)


def born(persons: Persons, known: Ints | None) -> Ints:
    """(n,) days of birth: as they are known (those that are not are far below 0), else any."""
    made = _FIRST_DAY + persons.below(_DAYS, _SALT - 1)
    return made if known is None else np.where(known > UNKNOWN, known, made)


UNKNOWN = -(10**6)
"""Instead of a day of birth that is missing."""


def as_texts(chars: Chars) -> pl.Series:
    """(n,) rows of characters as texts."""
    return pl.Series(np.ascontiguousarray(chars).view(f"<U{chars.shape[1]}")[:, 0], dtype=pl.String)


def _codes(text: str) -> Chars:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def _written(numbers: Ints, width: int) -> Chars:
    """(n, width) the last digits of numbers."""
    return (numbers[:, None] // 10 ** np.arange(width)[::-1] % 10 + _ZERO).astype(np.uint32)


def _joined(*parts: Chars, blank: int = 1) -> Chars:
    """Parts side by side, with places for check characters behind."""
    checks = np.full((len(parts[0]), blank), _ZERO, np.uint32)
    return np.concatenate([*parts, checks] if blank else parts, axis=1)


def _day(holders: Holders, *, century: bool = False) -> Chars:
    year, month, day = holders.date
    return _written((year * 100 + month) * 100 + day, 8 if century else 6)


# ---- a function a number: (holders, width) -> (n, W) characters ------------------------------------------------------


def _plain(n_checks: int, first: str = "") -> Layout:
    """Any digits, the first of which may be one of some."""

    def of(holders: Holders, width: int) -> Chars:
        digits = holders.digits(width - n_checks)
        if first:
            digits[:, :1] = holders.one_of(first, 5)
        return _joined(digits, blank=n_checks)

    return of


def _swedish(holders: Holders, width: int) -> Chars:
    return _joined(_day(holders, century=width == 12), holders.with_gender(3, 1))


def _chinese(holders: Holders, width: int) -> Chars:
    return _joined(holders.digits(6), _day(holders, century=True), holders.with_gender(3, 1))


def _polish(holders: Holders, width: int) -> Chars:
    year, month, day = holders.date
    century = np.select([year < 1900, year < 2000, year < 2100], [80, 0, 20], 40)
    return _joined(_written((year % 100 * 100 + month + century) * 100 + day, 6), holders.with_gender(4, 1))


def _belgian(holders: Holders, width: int) -> Chars:
    """With its check: of those born in 2000 and later a 2 stands before the others when it is worked out."""
    body = np.concatenate([_day(holders), holders.with_gender(3, 1, least=1)], axis=1)
    number = ((body.astype(np.int64) - _ZERO) * 10 ** np.arange(9)[::-1]).sum(1)
    number += np.where(holders.date[0] >= 2000, 2 * 10**9, 0)
    return np.concatenate([body, _written(97 - number % 97, 2)], axis=1)


def _french(holders: Holders, width: int) -> Chars:
    year, month, _ = holders.date
    gender = np.where(holders.persons.gender == MALE, 1, 2)
    place = holders.below([95, 990, 999])  # department, commune, number in the register
    parts = [_written(1 + place[:, k].astype(np.int64), n) for k, n in enumerate((2, 3, 3))]
    return _joined(_written((gender * 100 + year % 100) * 100 + month, 5), *parts, blank=2)


def _italian(holders: Holders, width: int) -> Chars:
    year, month, day = holders.date
    assert holders.names is not None
    letters = _three(holders.names.last_latin) + _three(holders.names.first_latin, of_four=True)
    whole = code_points(letters, 6)
    of_women = np.where(holders.persons.gender == MALE, 0, 40)
    place = np.concatenate([holders.one_of("ABCDEFGHIL", 2), holders.digits(3, 3)], axis=1)
    months = _codes("ABCDEHLMPRST")[month - 1][:, None]
    return _joined(whole, _written(year, 2), months, _written(day + of_women, 2), place)


def _three(latin: pl.Series, *, of_four: bool = False) -> pl.Series:
    """(n,) three letters of names: consonants, then vowels, then X; of given names with four consonants no second."""
    bare = latin.str.to_uppercase().str.replace_all("[^A-Z]", "")
    hard = bare.str.replace_all("[AEIOU]", "")
    usual = (hard + bare.str.replace_all("[^AEIOU]", "") + "XXX").str.head(3)
    if not of_four:
        return usual
    return (hard.str.head(1) + hard.str.slice(2, 2)).zip_with(hard.str.len_chars() > 3, usual)


def _german(holders: Holders, width: int) -> Chars:
    """Of the first ten digits one stands twice, one nowhere, and the first is none."""
    order = np.argsort(np.stack([holders.persons.below(2**40, _SALT + holders.salt + k) for k in range(10)], 1), axis=1)
    rows = np.arange(len(order))
    zero = (order[:, 0] == 0).astype(np.int64)
    order[rows, 0] = order[rows, zero]
    order[rows, zero] = np.where(zero, 0, order[rows, zero])
    to = 1 + holders.below([9], 1)[:, 0].astype(np.int64)
    order[rows, to] = order[rows, (to + 2) % 10]
    return _joined(order.astype(np.uint32) + np.uint32(_ZERO))


def _spanish(holders: Holders, width: int) -> Chars:
    return _joined(holders.digits(8))


def _american(holders: Holders, width: int) -> Chars:
    area, group, serial = (1 + part.astype(np.int64) for part in holders.below([898, 99, 9_999]).T)
    return _joined(_written(np.where(area == 666, 667, area), 3), _written(group, 2), _written(serial, 4), blank=0)


def _british(holders: Holders, width: int) -> Chars:
    # Of these first letters all pairs may be given.
    pair = [holders.one_of(letters, k) for k, letters in enumerate(("CEHJLMOPRSWXY", "ACEHJLMPRSTWXY"))]
    return _joined(*pair, holders.digits(6, 4), holders.one_of("ABCD", 3), blank=0)


def _credit_code(holders: Holders, width: int) -> Chars:
    head = np.broadcast_to(_codes("91"), (len(holders.days), 2))
    body = _codes("0123456789ABCDEFGHJKLMNPQRTUWXY")[holders.below([31] * 9, 2)]
    return _joined(head, holders.digits(6), body)


def _firm(holders: Holders, width: int) -> Chars:
    return _joined(holders.digits(8), np.broadcast_to(_codes("0001"), (len(holders.days), 4)), blank=2)


Layout = Callable[[Holders, int], Chars]
LAYOUTS: dict[str, tuple[Layout, tuple[int, ...]]] = {
    "card": (_plain(1), tuple(range(13, 20))),
    "imei": (_plain(1), (15,)),
    "cn_id": (_chinese, (18,)),
    "cn_uscc": (_credit_code, (18,)),
    "se_pnr": (_swedish, (10, 12)),
    "pl_pesel": (_polish, (11,)),
    "be_nrn": (_belgian, (11,)),
    "fr_nir": (_french, (15,)),
    "it_cf": (_italian, (16,)),
    "de_idnr": (_german, (11,)),
    "es_dni": (_spanish, (9,)),
    "us_ssn": (_american, (9,)),
    "uk_nino": (_british, (9,)),
    "ch_ahv": (_plain(1), (13,)),
    "in_aadhaar": (_plain(1, "23456789"), (12,)),
    "jp_my": (_plain(1), (12,)),
    "nl_bsn": (_plain(1), (9,)),
    "br_cpf": (_plain(2), (11,)),
    "br_cnpj": (_firm, (14,)),
}
"""Word of a form -> its layout and the widths that it may have."""

HEADS = {"card": 6, "imei": 8, "cn_id": 6, "cn_uscc": 8, "es_dni": 1}
"""First characters that are kept as enough people have them: of banks, makers and districts."""
BEGINS = {"card": "4", "imei": "35", "cn_id": "110101", "cn_uscc": "91110000", "ch_ahv": "756"}
"""How numbers begin where nothing tells."""
NAMED = frozenset(("it_cf",))
"""Those that hold letters of the name."""
CHECKED = frozenset(("be_nrn",))
"""Those whose layout works its check characters out itself."""
DATED = frozenset(("cn_id", "se_pnr", "pl_pesel", "be_nrn", "fr_nir", "it_cf"))
"""Those that tell when somebody was born."""
