"""Check digits, for many texts of one width at once: what the check characters must be, given all others.

The same functions tell true numbers from any digits and make new ones that look true.

Legend: n texts, W characters; characters are code points, digits have theirs (48 .. 57).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Chars = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]

_ZERO, _A = ord("0"), ord("A")


def digits_of(chars: Chars) -> Ints:
    """(n, W) the digits of characters that are all digits."""
    return chars.astype(np.int64) - _ZERO


def as_chars(digits: Ints) -> Chars:
    """(n, 1) a check digit as a character."""
    return np.asarray(digits + _ZERO, np.uint32)[:, None]


def luhn(chars: Chars) -> Chars:
    """The last digit of a card number (ISO/IEC 7812-1, annex B)."""
    body = digits_of(chars[:, :-1])[:, ::-1]
    doubled = body * np.where(np.arange(body.shape[1]) % 2 == 0, 2, 1)
    return as_chars(-(doubled // 10 + doubled % 10).sum(1) % 10)


def weighted(weights: tuple[int, ...], modulus: int, table: str) -> _Weighted:
    """The last character as a place in a table: of the sum of weight times digit, modulo."""
    return _Weighted(weights, modulus, np.array([ord(c) for c in table], np.uint32))


class _Weighted:
    def __init__(self, weights: tuple[int, ...], modulus: int, table: Chars) -> None:
        self.weights, self.modulus, self.table = np.array(weights), modulus, table

    def __call__(self, chars: Chars) -> Chars:
        total = (digits_of(chars[:, :-1]) * self.weights).sum(1) % self.modulus
        return np.asarray(self.table[total])[:, None]


def mod_11_10(chars: Chars) -> Chars:
    """The last digit of a German tax number (ISO/IEC 7064, MOD 11,10)."""
    product = np.full(len(chars), 10)
    for column in digits_of(chars[:, :-1]).T:
        total = (column + product) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    return as_chars((11 - product) % 10)


_D5 = np.array([[(i + j) % 5 if i < 5 and j < 5 else 5 + (i + j) % 5 if i < 5 else 5 + (i - j) % 5 if j < 5
                 else (i - j) % 5 for j in range(10)] for i in range(10)])  # fmt: skip
_TURN = np.array([1, 5, 7, 6, 2, 8, 3, 0, 9, 4])
_INVERSE = np.array([0, 4, 3, 2, 1, 5, 6, 7, 8, 9])


def verhoeff(chars: Chars) -> Chars:
    """The last digit of an Aadhaar number (Verhoeff 1969, by the group of the pentagon)."""
    state, turned = np.zeros(len(chars), np.int64), np.arange(10)
    for column in digits_of(chars[:, :-1]).T[::-1]:
        turned = _TURN[turned]
        state = _D5[state, turned[column]]
    return as_chars(_INVERSE[state])


def nir(chars: Chars) -> Chars:
    """The last two digits of a French social security number: 97 minus the others modulo 97."""
    return _two(97 - _modulo(chars[:, :-2], 97))


def belgian(chars: Chars) -> Chars:
    """The last two digits of a Belgian register number of somebody born before 2000."""
    return _two(97 - _modulo(chars[:, :-2], 97))


def belgian_since_2000(chars: Chars) -> Chars:
    """The same of somebody born later, before whose number a 2 is put."""
    two = np.full((len(chars), 1), _ZERO + 2, np.uint32)
    return _two(97 - _modulo(np.concatenate([two, chars[:, :-2]], axis=1), 97))


def iban(chars: Chars) -> Chars:
    """The third and fourth character of an IBAN (ISO 13616, modulo 97)."""
    zeros = np.full((len(chars), 2), _ZERO, np.uint32)
    return _two(98 - _modulo(np.concatenate([chars[:, 4:], chars[:, :2], zeros], axis=1), 97))


def cpf(chars: Chars) -> Chars:
    """The last two digits of a Brazilian CPF (of a person) or CNPJ (of a firm), whose weights begin again after 9."""
    body, found = digits_of(chars[:, :-2]), []
    most = 9 if body.shape[1] > 9 else 11
    for _ in range(2):
        weights = (np.arange(body.shape[1])[::-1] % (most - 1)) + 2
        total = (body * weights).sum(1) % 11
        found.append(np.where(total < 2, 0, 11 - total))
        body = np.concatenate([body, found[-1][:, None]], axis=1)
    return np.concatenate([as_chars(digit) for digit in found], axis=1)


_ODD = np.array([1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23])


def codice_fiscale(chars: Chars) -> Chars:
    """The last letter of an Italian tax code (decree of 12 March 1974), whose odd places weigh otherwise."""
    place = _values(chars[:, :-1])
    place = np.where(place > 9, place - 10, place)
    total = _ODD[place[:, ::2]].sum(1) + place[:, 1::2].sum(1)
    return np.asarray(total % 26 + _A, np.uint32)[:, None]


def credit_code(chars: Chars) -> Chars:
    """The last character of a Chinese unified social credit code (GB 32100-2015, modulo 31)."""
    place = np.zeros(128, np.int64)
    place[_CREDIT] = np.arange(len(_CREDIT))
    total = (place[chars[:, :-1].clip(max=127)] * (3 ** np.arange(17) % 31)).sum(1)
    return np.asarray(_CREDIT[-total % 31])[:, None]


_CREDIT = np.array([ord(c) for c in "0123456789ABCDEFGHJKLMNPQRTUWXY"], np.uint32)


def my_number(chars: Chars) -> Chars:
    """The last digit of a Japanese My Number (ordinance 85 of 2014): weights 2 to 7 from the right, and again."""
    total = (digits_of(chars[:, :-1])[:, ::-1] * (np.arange(11) % 6 + 2)).sum(1) % 11
    return as_chars(np.where(total < 2, 0, 11 - total))


def personnummer(chars: Chars) -> Chars:
    """The last digit of a Swedish personal number, with the century or without: of its last ten digits."""
    return luhn(chars[:, -10:])


def dni(chars: Chars) -> Chars:
    """The letter of a Spanish DNI, or of an NIE, whose first letter stands for 0, 1 or 2."""
    first = np.where(chars[:, 0] >= _A, chars[:, 0] - ord("X") + _ZERO, chars[:, 0])
    body = np.concatenate([first[:, None], chars[:, 1:-1]], axis=1).astype(np.uint32)
    return np.asarray(np.array([ord(c) for c in "TRWAGMYFPDXBNJZSQVHLCKE"], np.uint32)[_modulo(body, 23)])[:, None]


def _values(chars: Chars) -> Ints:
    """(n, W) digits as they are, letters from A as 10 on."""
    return np.where(chars >= _A, chars.astype(np.int64) - _A + 10, chars.astype(np.int64) - _ZERO)


def _modulo(chars: Chars, modulus: int) -> Ints:
    """(n,) digits and letters (A is 10, Z is 35) read as one number, modulo."""
    rest = np.zeros(len(chars), np.int64)
    for column in chars.astype(np.int64).T:
        letter = column >= _A
        rest = (rest * np.where(letter, 100, 10) + np.where(letter, column - _A + 10, column - _ZERO)) % modulus
    return rest


def _two(number: Ints) -> Chars:
    return np.concatenate([as_chars(number // 10), as_chars(number % 10)], axis=1)
