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


def iban(chars: Chars) -> Chars:
    """The third and fourth character of an IBAN (ISO 13616, modulo 97)."""
    zeros = np.full((len(chars), 2), _ZERO, np.uint32)
    return _two(98 - _modulo(np.concatenate([chars[:, 4:], chars[:, :2], zeros], axis=1), 97))


def cpf(chars: Chars) -> Chars:
    """The last two digits of a Brazilian CPF."""
    body, found = digits_of(chars[:, :-2]), []
    for _ in range(2):
        total = (body * np.arange(body.shape[1] + 1, 1, -1)).sum(1) % 11
        found.append(np.where(total < 2, 0, 11 - total))
        body = np.concatenate([body, found[-1][:, None]], axis=1)
    return np.concatenate([as_chars(digit) for digit in found], axis=1)


def dni(chars: Chars) -> Chars:
    """The letter of a Spanish DNI, or of an NIE, whose first letter stands for 0, 1 or 2."""
    first = np.where(chars[:, 0] >= _A, chars[:, 0] - ord("X") + _ZERO, chars[:, 0])
    body = np.concatenate([first[:, None], chars[:, 1:-1]], axis=1).astype(np.uint32)
    return np.asarray(np.array([ord(c) for c in "TRWAGMYFPDXBNJZSQVHLCKE"], np.uint32)[_modulo(body, 23)])[:, None]


def _modulo(chars: Chars, modulus: int) -> Ints:
    """(n,) digits and letters (A is 10, Z is 35) read as one number, modulo."""
    rest = np.zeros(len(chars), np.int64)
    for column in chars.astype(np.int64).T:
        letter = column >= _A
        rest = (rest * np.where(letter, 100, 10) + np.where(letter, column - _A + 10, column - _ZERO)) % modulus
    return rest


def _two(number: Ints) -> Chars:
    return np.concatenate([as_chars(number // 10), as_chars(number % 10)], axis=1)
