"""Which columns hold personal identifiers: by what a value looks like, by its check digit, by the column's name.

A form that nothing else has (an e-mail address) is enough. Digits need their check digit, in nearly all of twenty
values or more, for one of ten random numbers has it too; or a name that says what they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.schema.column import Column
from likewise.schema.identifiers import checks
from likewise.schema.identifiers.checks import Chars
from likewise.schema.identifiers.names import looks_like_names
from likewise.schema.identifiers.telling import REMARK
from likewise.schema.keys import MAIL, parts_of
from likewise.schema.semantics import NAMES, Semantic, of_form
from likewise.schema.vocabulary import words

LOOK_AT = 2_000
"""Distinct values that are looked at."""

LEAST = 20
"""Distinct values that a check digit must fit, where no name speaks for it."""

SEPARATORS = r"[\s.\-/()]"
"""What may stand between the characters of a number."""


_AMOUNT_WORDS = "count counts calls minutes total sum mean usage traffic volume limit balance bill density"
_AMOUNTS = frozenset(_AMOUNT_WORDS.split())
"""Words of measures: what stands under "cell count" or "card limit" is no number of a telephone or a card."""


@dataclass(frozen=True)
class Form:
    """One kind of personal identifier.

    Args:
        word: what it is called here and in model files; `semantic` and `country` are what a schema says of it.
        what: in words, for notes.
        pattern: of the text without separators.
        hints: names of columns that speak for it, words with blanks between.
        check: the check characters, given all others; None where there are none.
        later: the same by another way, of those born since it came.
        at: where they stand, counted in the text without separators.
        sure: whether the pattern, with its check characters, is enough of three values.
        example: digits (0), capitals (A) and separators of a usual one, to make new ones where too few are alike.
    """

    word: str
    what: str
    pattern: str
    example: str
    hints: tuple[str, ...] = ()
    check: Callable[[Chars], Chars] | None = None
    at: tuple[int, ...] = ()
    sure: bool = False
    later: Callable[[Chars], Chars] | None = None

    @property
    def semantic(self) -> Semantic:
        known = of_form(self.word)
        assert known is not None
        return known[0]

    @property
    def country(self) -> str | None:
        """Whose form it is; None of all countries."""
        known = of_form(self.word)
        return None if known is None else known[1]

    @cached_property
    def _hint_parts(self) -> list[list[str]]:
        return [hint.split() for hint in self.hints]

    @cached_property
    def _eastern(self) -> tuple[str, ...]:
        """Hints of China, Japan and Korea, before which whose it is may stand without a blank."""
        return tuple(hint for hint in self.hints if re.search(r"^[\u3040-\u9fff\uac00-\ud7af]{2,}$", hint))

    def is_named(self, parts: list[str]) -> bool:
        """Whether the parts of a column's name hold one of the hints, its words side by side, and none of an amount."""
        glued = self._eastern and any(part.endswith(self._eastern) for part in parts)
        return glued or (
            not _AMOUNTS & set(parts)
            and any(
                parts[at : at + len(hint)] == hint
                for hint in self._hint_parts
                for at in range(len(parts) - len(hint) + 1)
            )
        )

    def fits(self, bare: pl.Series) -> npt.NDArray[np.bool_]:
        """(k,) whether texts without separators have the pattern and the check characters."""
        fits = bare.str.contains(self.pattern).to_numpy().copy()
        if self.check is None:
            return fits
        lengths = bare.str.len_chars().to_numpy()
        for width in np.unique(lengths[fits]):  # a few widths, not texts
            rows = np.flatnonzero(fits & (lengths == width))
            chars = code_points(bare.gather(rows), int(width))
            ways = [way for way in (self.check, self.later) if way is not None]
            fits[rows] = np.any([(way(chars) == chars[:, list(self.at)]).all(1) for way in ways], axis=0)
        return fits


def code_points(texts: pl.Series, width: int) -> Chars:
    """(n, width) the characters of texts of that width."""
    whole = "".join(texts.to_list()).encode("utf-32-le")
    return np.frombuffer(whole, np.uint32).reshape(len(texts), width)


_CARDS = words("headings.cards")
_LAST = (-1,)
_CHINESE = checks.weighted((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), 11, "10X98765432")
_AHV = checks.weighted((1, 3) * 6, 10, "0987654321")
_PESEL = checks.weighted((1, 3, 7, 9, 1, 3, 7, 9, 1, 3), 10, "0987654321")
_BSN = checks.weighted((9, 8, 7, 6, 5, 4, 3, 2), 11, "0123456789:")

_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_PESEL_DAY = r"(?:[02468][1-9]|[13579][0-2])(?:0[1-9]|[12]\d|3[01])"  # months tell the century
_AREA = r"(?:00[1-9]|0[1-9]\d|[1-57-8]\d\d|6[0-57-9]\d|66[0-57-9])"
_D = "[0-9LMNPQRSTUV]"
_CREDIT = "0-9A-HJ-NPQRTUWXY"
_PAIR = "[0-9A-Fa-f]{2}"

EMAIL = Form("email", "e-mail addresses", rf"^(?:(?:mailto:)?|[^@<>]*<){MAIL}>?$", "", sure=True)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_GROUP = "[0-9A-Fa-f]{1,4}"
_ADDRESSES = words("headings.addresses")
IPV4 = Form("ipv4", "IP addresses", rf"^(?:{_OCTET}\.){{3}}{_OCTET}(?::\d{{1,5}}|/\d{{1,2}})?$", "", _ADDRESSES)
IPV6 = Form(
    "ipv6", "IP addresses",
    rf"^(?:(?:{_GROUP}:){{7}}{_GROUP}|(?:{_GROUP}(?::{_GROUP}){{0,6}})?::(?:{_GROUP}(?::{_GROUP}){{0,6}})?)(?:/\d{{1,3}})?$",
    "", _ADDRESSES,
)  # fmt: skip
MAC = Form(
    "mac", "network addresses of devices",
    rf"^{_PAIR}(?::{_PAIR}){{5}}$|^{_PAIR}(?:-{_PAIR}){{5}}$|^(?:{_PAIR * 2}\.){{2}}{_PAIR * 2}$", "", ("mac", "bssid"),
    sure=True,
)  # fmt: skip
_LARGE = r"(?:^|\.)(?:1\d\d|2[0-5]\d)(?:[.:/]|$)"
"""Part of most addresses, and of hardly any version of a program (`2.4.1.0`)."""
NAME = Form("name", "names of people", "", "")
FORMS: tuple[Form, ...] = (
    EMAIL, IPV4, IPV6, MAC,
    Form("iban", "IBANs", r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$", "DE00 0000 0000 0000 0000 00", ("iban",),
         checks.iban, (2, 3), sure=True),
    # Where two people's are the same, digits are written as letters.
    Form("it_cf", "Italian tax codes", rf"^[A-Z]{{6}}{_D}{{2}}[A-EHLMPRST]{_D}{{2}}[A-Z]{_D}{{3}}[A-Z]$",
         "AAAAAA00A00A000A", ("codice fiscale", "cf"), checks.codice_fiscale, _LAST, sure=True),
    Form("uk_nino", "UK national insurance numbers",
         r"^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$", "AA 00 00 00 A", sure=True),
    Form("es_dni", "Spanish DNI or NIE numbers", r"^[XYZ\d]\d{7}[A-Z]$", "00000000A", ("dni", "nie", "nif"), checks.dni,
         _LAST),
    Form("cn_id", "Chinese identity numbers", rf"^[1-9]\d{{5}}(?:18|19|20)\d{{2}}{_DAY}\d{{3}}[\dX]$",
         "000000190000000000", ("身份证", "身份证号", "身份证号码"), _CHINESE, _LAST),
    Form("cn_uscc", "Chinese credit codes of firms", rf"^[1-9ANY][1-59]\d{{6}}[{_CREDIT}]{{10}}$", "910000000000000000",
         ("统一社会信用代码", "社会信用代码", "信用代码"), checks.credit_code, _LAST),
    Form("ch_ahv", "Swiss AHV numbers", r"^756\d{10}$", "756.0000.0000.00", ("ahv", "avs"), _AHV, _LAST),
    Form("fr_nir", "French social security numbers", r"^[12]\d{14}$", "1 00 00 00 000 000 00", ("nir", "secu"),
         checks.nir, (-2, -1)),
    Form("br_cnpj", "Brazilian CNPJ numbers", r"^\d{14}$", "00.000.000/0000-00", ("cnpj",), checks.cpf, (-2, -1)),
    Form("jp_my", "Japanese My Numbers", r"^\d{12}$", "0000 0000 0000", ("マイナンバー", "個人番号", "my number"),
         checks.my_number, _LAST),
    Form("se_pnr", "Swedish personal numbers", rf"^(?:18|19|20)?\d{{2}}{_DAY}\d{{4}}$", "000000-0000",
         ("personnummer", "personnr"), checks.personnummer, _LAST),
    Form("br_cpf", "Brazilian CPF numbers", r"^\d{11}$", "000.000.000-00", ("cpf",), checks.cpf, (-2, -1)),
    Form("de_idnr", "German tax numbers", r"^[1-9]\d{10}$", "00 000 000 000", ("steuer id", "steuerid", "idnr"),
         checks.mod_11_10, _LAST),
    Form("pl_pesel", "Polish PESEL numbers", rf"^\d{{2}}{_PESEL_DAY}\d{{5}}$", "00000000000", ("pesel",), _PESEL,
         _LAST),
    Form("be_nrn", "Belgian register numbers", r"^\d{11}$", "00.00.00-000.00", (), checks.belgian, (-2, -1),
         later=checks.belgian_since_2000),
    Form("in_aadhaar", "Aadhaar numbers", r"^[2-9]\d{11}$", "0000 0000 0000", ("aadhaar", "aadhar"), checks.verhoeff,
         _LAST),
    Form("nl_bsn", "Dutch BSN numbers", r"^\d{9}$", "000000000", ("bsn",), _BSN, _LAST),
    # What begins with 34 or 37 is a card of fifteen digits.
    Form("imei", "numbers of devices", r"^(?:[0-24-9]\d|3[0-35689])\d{13}$", "350000000000000", ("imei",), checks.luhn,
         _LAST),
    Form("card", "card numbers", r"^[2-6]\d{11,18}$", "4000 0000 0000 0000", _CARDS, checks.luhn, _LAST),
)  # fmt: skip
US_SSN = Form(
    "us_ssn",
    "US social security numbers",
    rf"^{_AREA}-(?:0[1-9]|[1-9]\d)-\d{{4}}$",
    "000-00-0000",
    sure=True,
)
CALLED = Form(
    "national_id", "identity numbers", r"^[A-Za-z]{0,6}\d[A-Za-z0-9]{4,17}$", "000000000", words("headings.identities")
)
# A letter beside a digit, or more digits than a date has.
DEVICE = Form(
    "device",
    "identifiers of devices",
    r"^[\p{L}\d]*(?:\p{L}\d|\d\p{L})[\p{L}\d]*$|^\d{14,20}$",
    "00000000000",
    words("headings.devices"),
)
PHONE = Form(
    "phone",
    "telephone numbers",
    r"^(\+\d{8,15}|\d{7,15})(?:(?:X|EXT)\d{1,6})?$",
    "+00 00 000 00 00",
    words("headings.phones"),
)
ABROAD = Form("phone", "telephone numbers", r"^\+[1-9]\d{7,14}$", "+00 00 000 00 00")
_LABEL = r"(?:(?i:tel|telefon|phone|ph|mobil|mobile|handy|cell|fax)[.: ]+)"
# A country code behind + or 00, an area code behind a zero with a mark after it, or groups as in North America, France
# and China: numbers that measure are not written so, nor are days.
_DIALLED = (
    r"(?:(?:\+[1-9]\d{0,2}[ /(-]+|00[1-9]\d{0,2}[ /(]+)\d[\d ()/-]{6,16}\d|\+[1-9]\d{9,14}"
    r"|\(?0[1-9]\d{1,4}\)?[ /-]+\d[\d /-]{4,10}\d|0[1-9](?:[ .]\d{2}){4}|1[3-9]\d[ -]\d{4}[ -]\d{4}"
    r"|\(\d{3}\) ?\d{3}[ -]\d{4}|(?:\+?1[ -])?[2-9]\d{2}-[2-9]\d{2}-\d{4})"
)
DIALLED = Form("phone", "telephone numbers", rf"^{_LABEL}?{_DIALLED}$", "+00 00 000 00 00")
LABELLED = Form(
    "phone", "telephone numbers and e-mail addresses",
    rf"{_LABEL}{_DIALLED}|[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{{2,}}\b",
    "+00 00 000 00 00",
)  # fmt: skip
"""What tells how to reach somebody, among other words."""
_AS_WRITTEN = (EMAIL, IPV4, IPV6, MAC, US_SSN, DIALLED, LABELLED)
"""Forms of which the marks between the characters are a part."""
_SAY_NONE = "say semantic none"
_BARE = [
    pl.first().str.strip_chars().alias("stripped"),
    pl.first().str.replace_all(SEPARATORS, "").str.to_uppercase().alias("bare"),
]
_FITTING = [
    pl.col("stripped" if form in _AS_WRITTEN else "bare").str.contains(form.pattern).alias(str(at))
    for at, form in enumerate((*FORMS, US_SSN, ABROAD, DIALLED, LABELLED))
]
_PATTERNED = [fits.mean() for fits in _FITTING]
"""Made once: to build an expression costs as much as to look at a short column."""

BY_WORD = {form.word: form for form in (*FORMS, US_SSN, CALLED, DEVICE, PHONE, NAME)}


OF_FIRMS = ("cn_uscc", "br_cnpj")


def forms_of(column: Column) -> list[Form]:
    """The forms that identifiers of a column may have, as its semantic and country say."""
    if column.semantic in NAMES:
        return [NAME]
    alike = [form for form in BY_WORD.values() if form.semantic is column.semantic]
    country = None if column.locale is None else column.locale[-2:]
    return [form for form in alike if form.country == country] or [form for form in alike if form.country is None]


def form_of(column: Column, texts: pl.Series) -> Form:
    """That of these in which the column's texts are written; where most are in none, the usual one of a person."""
    forms = forms_of(column)
    bare = texts.str.replace_all(SEPARATORS, "").str.to_uppercase() if forms[1:] else texts
    for form in forms if forms[1:] else ():
        fitting = (texts if form in _AS_WRITTEN else bare).str.contains(form.pattern)
        if fitting.any() and 2 * int(fitting.sum()) >= len(texts):
            return form
    return [form for form in forms if form.word not in OF_FIRMS][-1]


def has_a_form(texts: pl.Series, lengths: Sequence[int]) -> npt.NDArray[np.bool_]:
    """(columns,) whether texts of each may be personal identifiers by their form, all columns looked at together.

    Args:
        texts: (k of all columns,) some distinct texts of each column, at least one.
        lengths: (columns,) how many of each.
    """
    both = texts.to_frame("").select(_BARE)
    starts = np.cumsum([0, *lengths])[:-1]
    fits = np.add.reduceat(both.select(_FITTING).to_numpy().astype(np.int64), starts, axis=0)
    return np.asarray((fits > 0.3 * np.array(lengths)[:, None]).any(axis=1))


def recognise(name: str, values: pl.Series, *, by_name: bool = False, doubts: list[str] | None = None) -> Form | None:
    """The kind of personal identifier that a column holds; None for any other column.

    Args:
        name: the column's name.
        values: (k,) distinct known values, String or whole numbers.
        by_name: the values have no form, as `has_a_form` tells; what is left to tell by is the name.
        doubts: what a user should be asked is added to these.

    Example:
        >>> recognise("contact", pl.Series(["ada@a.example", "bo@b.example", "cy@c.example"])).what
        'e-mail addresses'
        >>> recognise("width", pl.Series([4111_1111_1111_1112 + i for i in range(30)])) is None
        True
    """
    texts = values.head(LOOK_AT).cast(pl.String)
    if not len(texts):
        return None
    parts = parts_of(name)
    names = parts_of(REMARK.sub(" ", name)) or parts
    # One look for all patterns: hardly any column needs a second.
    if by_name and not any(form.is_named(parts) for form in (CALLED, DEVICE, PHONE)):
        return NAME if values.dtype == pl.String and looks_like_names(names, texts) else None
    both = texts.to_frame("").select(_BARE)
    patterned = both.select(_PATTERNED).row(0)
    stripped, bare = both
    for form, share in zip(FORMS, patterned, strict=False):
        if share < 0.8:
            continue
        whole = stripped if form in _AS_WRITTEN else bare
        named = form.is_named(parts)
        if form is IPV4 and not named and stripped.str.contains(_LARGE).mean() < 0.5:  # type: ignore[operator]
            continue
        if named or len(texts) >= (1 if form is EMAIL else 3 if form.sure else LEAST):
            fitting = float(form.fits(whole).mean())
            if named and fitting < 0.8 and doubts is not None:
                doubts.append(f"named like {form.what}, but most check digits are wrong: if they are none, {_SAY_NONE}")
            if named or fitting >= 0.95:
                return form
            if fitting >= 0.5 and doubts is not None:
                doubts.append(f"most could be {form.what}: if they are, say semantic {form.semantic}")
    if len(texts) >= 3 and patterned[len(FORMS)] >= 0.95:
        return US_SSN
    for form in (CALLED, DEVICE, PHONE):
        if form.is_named(parts) and form.fits(bare).mean() >= 0.8:
            return form
    if len(texts) >= LEAST and patterned[len(FORMS) + 1] >= 0.95:
        return ABROAD
    if len(texts) >= 3 and patterned[len(FORMS) + 2] >= 0.95:
        return DIALLED
    if patterned[len(FORMS) + 3] >= 0.8 and stripped.str.len_chars().mean() <= 64:  # type: ignore[operator]
        return LABELLED
    return NAME if values.dtype == pl.String and looks_like_names(names, texts) else None
