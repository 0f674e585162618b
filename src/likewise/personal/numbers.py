"""Numbers of which none is a real one: telephone numbers of a country's plan, and IBANs.

Legend: n persons.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.personal.latent import Ints, Persons, noise, spread
from likewise.personal.pools import Country, Locale, countries
from likewise.personal.texts import by_class, poured, shared
from likewise.personal.unseen import KEPT, Unseen
from likewise.streams import SPAN

MANY = 10**6
"""People for whom there must be numbers where nothing tells how many there are."""
ROUNDS = 60
"""Draws in which numbers that may be real ones are replaced: of a quarter that may not, all but one in 10**7."""
ROOM = 8
"""Numbers there must be for each person, so that enough of them are free."""


def numbers_apart(
    persons: Persons, size: int, free: Unseen | None, salt: int, *, apart: bool, before: int = 0, modulus: int = 2**62,
    share: float = 1.0,
) -> Ints:  # fmt: skip
    """(n,) a number below `size` for each person, which no real one is; where hardly any is free, of a digit more.

    Args:
        apart: whether they must differ.
        share: of all people, those who have such numbers.
        free: what no real number is; with `before` added, of a made one's rest modulo `modulus`.
    """

    def is_free(numbers: Ints) -> npt.NDArray[np.bool_]:
        assert free is not None
        return free.is_free(prints_of_numbers((before + numbers) % modulus))

    found = np.empty(0, np.int64)
    if apart:
        # Each span deals out numbers of its own, as long as there are so many.
        each = (SPAN * share + 6 * math.sqrt(SPAN * share)) / KEPT
        at, n = min(int(persons.first // SPAN * each), size), len(persons)
        while len(found) < n and at < size:
            step = min(size - at, int((n - len(found)) / (KEPT if free is not None else 1) * 1.05) + 100)
            some = spread(np.arange(at, at + step), size, persons.key + salt)
            found = np.concatenate([found, some if free is None else some[is_free(some)]])
            at += step
        if len(found) >= n:
            return found[:n]
    found = np.concatenate([found, persons[np.arange(len(found), len(persons))].below(size, salt)])
    rows = np.arange(0) if free is None else np.flatnonzero(~is_free(found))
    for again in range(1, ROUNDS):
        if not len(rows):
            break
        # In the end of as many digits as none was free of, and one more.
        longer = 9 * size if again > ROUNDS // 2 else 0
        found[rows] = longer // 9 + persons[rows].below(longer or size, salt + 1000 * again)
        rows = rows[~is_free(found[rows])]
    return found


def prints_of_numbers(numbers: Ints) -> npt.NDArray[np.uint64]:
    return noise(numbers.astype(np.uint64), 0)


def unseen_numbers(digits: pl.Series) -> Unseen | None:
    """What no real number is, of texts of digits; None where there are none."""
    numbers = digits.cast(pl.Int64, strict=False).drop_nulls().unique().to_numpy()
    return Unseen.of(np.unique(prints_of_numbers(numbers))) if len(numbers) else None


LONGEST = 15
"""Digits that a number has at most (E.164): longer texts are none."""
LAST = 8
"""Last digits of a telephone number by which it is told from real ones, however it begins."""
KINDS = ("+", "00", "+0", "0", "c", "n")
"""How a number begins: with + or 00 and the country's code, with the trunk's 0 behind that, with this 0 alone, with the
code alone, with none of them."""


@dataclass(frozen=True)
class PhoneForm:
    """How telephone numbers are written, and of which ranges.

    Args:
        styles: country, kind (see `KINDS`), template with # for each digit, share.
        ranges: country -> how often each form of its plan is.
        free: what no real number's last digits are.
    """

    styles: tuple[tuple[str, str, str, float], ...]
    ranges: Mapping[str, Mapping[str, float]]
    free: Unseen | None = None

    @classmethod
    def learnt(cls, texts: pl.Series, whose: pl.Series | None, least: int, locale: Locale, every: pl.Series) -> Self:
        """Of (n,) numbers: how enough people's begin and are written. None of `every` real one may be made."""
        table = _parted(texts, locale)
        found = shared(table["style"], whose, least)
        styles = tuple((*_split_style(text), share) for text, share in found.items()) or usual_styles(locale)
        ranges: dict[str, dict[str, float]] = {}
        of = table.with_columns(whose=pl.Series(range(len(texts)) if whose is None else whose))
        for code in {style[0] for style in styles}:
            some = of.filter(pl.col("country") == code)
            heads = {form.partition("#")[0].partition("N")[0]: form for form in countries()[code].phones}
            begins = [pl.when(pl.col("own").str.starts_with(h)).then(pl.lit(f)) for h, f in heads.items()]
            ranges[code] = shared(some.select(pl.coalesce(begins)).to_series(), some["whose"], least)
            for kind, template in {style[1:3] for style in styles if style[0] == code}:
                if not _forms_for(code, kind, template):
                    ranges[code] |= _heads(some.filter(style=f"{code}|{kind}|{template}"), least)
        own = _parted(every.unique(), locale)["own"]
        tails = own.filter(own.str.len_chars() > 0).str.tail(LAST)
        return cls(styles, ranges, unseen_numbers(tails))

    @classmethod
    def usual(cls, locale: Locale) -> Self:
        return cls(usual_styles(locale), {})

    def write(self, persons: Persons, locales: tuple[Locale, ...], *, told: bool) -> pl.Series:
        """(n,) numbers.

        Args:
            told: whether the persons' countries are known: then numbers of other countries are written as usual there.
        """
        shares = np.array([style[3] for style in self.styles])
        which = persons.choice(shares, 21)
        styles: list[tuple[str, str, str, float]] = list(self.styles)
        if told:
            which, styles = self._by_country(persons, locales, which)
        made = []
        for k, (code, kind, template, _) in enumerate(styles):
            rows = np.flatnonzero(which == k)
            digits = self._digits(code, kind, template, persons[rows])
            made.append(poured(template, digits))
        return by_class(which, made)

    def _by_country(
        self, persons: Persons, locales: tuple[Locale, ...], which: Ints
    ) -> tuple[Ints, list[tuple[str, str, str, float]]]:
        styles, which = list(self.styles), which.copy()
        for at, locale in enumerate(locales):
            rows = np.flatnonzero(persons.locale == at)
            own = [k for k, style in enumerate(self.styles) if style[0] == locale.country]
            if not own:
                own = [len(styles)]
                styles += usual_styles(locale)[:1]
            shares = np.array([styles[k][3] for k in own])
            which[rows] = np.array(own)[persons[rows].choice(shares, 22)]
        return which, styles

    def _digits(self, code: str, kind: str, template: str, persons: Persons) -> pl.Series:
        country = countries()[code]
        forms, shares = self._ranges(code, kind, template, MANY if persons.alone else persons.likely_many("phone"))
        return pl.select(pl.lit(_before(country, kind)) + pl.lit(self._own(forms, shares, persons))).to_series()

    def _ranges(self, code: str, kind: str, template: str, n: int) -> tuple[list[str], npt.NDArray[np.float64]]:
        """Forms of numbers and their shares: nobody's, where these are enough; then those that enough people have."""
        fitting = _forms_for(code, kind, template)
        country, learnt = countries()[code], self.ranges.get(code, {})
        if not fitting:  # what the plan does not know is begun as enough people's are
            width = own_width(country, kind, template)
            begun = {form: share for form, share in learnt.items() if len(form) == width} or {"#" * width: 1.0}
            begun = _completed(begun, country.heads)
            return list(begun), np.array(list(begun.values()))
        areas = {form[:3] for form in learnt} if "areas" in country.data else set()
        for of in (country.fiction, country.phones, country.more):
            some = [form for form in of if form in fitting]
            near = [form for form in some if form in learnt or form[:3] in areas] or some
            for each in (near, some):
                if each and sum(map(_size, each)) >= ROOM * n:
                    return each, np.array(
                        [learnt.get(form, 0.0 if learnt and not areas else 1.0) for form in each]
                    ) + 1e-9
        forms = [form for form in (*country.phones, *country.more) if form in fitting]
        return forms, np.ones(len(forms))

    def _own(self, forms: list[str], shares: npt.NDArray[np.float64], persons: Persons) -> pl.Series:
        """Numbers of some forms as they are dialled from abroad; of each form different ones, where all must differ."""
        apart = "phone" in persons.apart
        if apart:  # as many of a form as there is room for
            shares = np.minimum(
                shares / shares.sum(), np.array([_size(f) for f in forms]) / ROOM / max(persons.likely_many("phone"), 1)
            )
        which = persons.choice(shares, 23)
        if len(forms) == 1:
            return self._of_form(forms[0], persons, 1.0)
        order = np.argsort(which, kind="stable")
        ends = np.cumsum(np.bincount(which, minlength=len(forms)))
        parts = np.split(order, ends[:-1])
        return by_class(
            which,
            [
                self._of_form(form, persons[rows], float(share))
                for form, rows, share in zip(forms, parts, shares / shares.sum(), strict=True)
                if len(rows)
            ],
        )

    def _of_form(self, form: str, persons: Persons, share: float) -> pl.Series:
        """Numbers of one form, of whose last digits no real one is."""
        head = form.rstrip("#")
        marks = form[len(head) :]
        width = len(form) - len(form.partition("N")[0]) if "N" in form else len(marks)
        head, least = form[: len(form) - width], 2 * 10 ** (width - 1) if "N" in form else 0
        before = int(head or "0") * 10**width + least
        rests = numbers_apart(
            persons,
            _size(form),
            self.free,
            31 + int(head or "0"),
            apart="phone" in persons.apart,
            before=before,
            modulus=10**LAST,
            share=share,
        )
        return pl.select(pl.lit(head) + pl.lit(pl.Series(rests + least)).cast(pl.String).str.zfill(width)).to_series()

    def to_dict(self) -> dict[str, Any]:
        return {"styles": [list(s) for s in self.styles], "ranges": {k: dict(v) for k, v in self.ranges.items()}}


def _completed(begun: Mapping[str, float], heads: tuple[str, ...]) -> dict[str, float]:
    """Forms that begin in general with heads of the country's that begin so, where there are any.

    Example:
        >>> _completed({"3####": 0.5, "0612#": 0.5}, ("328", "06", "333"))
        {'328##': 0.25, '333##': 0.25, '0612#': 0.5}
    """
    found: dict[str, float] = {}
    for form, share in begun.items():
        own = form.rstrip("#")
        near = [head for head in heads if head.startswith(own) and head != own]
        # One digit that no head begins with says less than that there are numbers.
        near = near or ([] if len(own) > 1 else list(heads))
        longer = [head + form[len(head) :] for head in near if len(head) < len(form)] or [form]
        for each in longer:
            found[each] = found.get(each, 0.0) + share / len(longer)
    return found


def _size(form: str) -> int:
    """How many numbers there are of a form; of its digits from 2 to 9, the first is behind a head without others."""
    return int(10 ** form.count("#") * 8 ** form.count("N"))


def _forms_for(code: str, kind: str, template: str) -> tuple[str, ...]:
    """The forms of a country's plan that have as many digits as the template has places for."""
    country = countries()[code]
    width = own_width(country, kind, template)
    return tuple(form for form in (*country.fiction, *country.phones, *country.more) if len(form) == width)


def own_width(country: Country, kind: str, template: str) -> int:
    """Digits of a template behind what a number of this kind begins with."""
    return template.count("#") - len(_before(country, kind))


def _before(country: Country, kind: str) -> str:
    """The digits with which numbers of a kind begin."""
    code, trunk = country.calling, country.trunk
    return {"+": code, "c": code, "00": "00" + code, "+0": code + trunk, "0": trunk, "n": ""}[kind]


HEAD = 3
"""First digits, at most, with which numbers of no known range begin as enough people's do."""


def _heads(some: pl.DataFrame, least: int) -> dict[str, float]:
    """Forms of numbers that begin as enough people's do, by as many digits as are found."""
    for width in range(HEAD, 0, -1):
        form = pl.col("own").str.head(width) + pl.lit("#").repeat_by(pl.col("own").str.len_chars() - width).list.join(
            ""
        )
        long = pl.col("own").str.len_chars() > width + 2
        found = shared(some.select(pl.when(long).then(form)).to_series(), some["whose"], least)
        if found:
            return found
    return {}


def usual_styles(locale: Locale) -> tuple[tuple[str, str, str, float], ...]:
    """With the country's code in front and groups of three digits."""
    country = countries()[locale.country]
    width = len(country.phones[0])
    groups = ["#" * min(3, width - at) for at in range(0, width, 3)]
    if len(groups[-1]) == 1:
        groups[-2:] = ["".join(groups[-2:])]
    return ((locale.country, "+", f"+{'#' * len(country.calling)} {' '.join(groups)}", 1.0),)


def _parted(texts: pl.Series, locale: Locale) -> pl.DataFrame:
    """Of each number its country, its digits as dialled from abroad (`own`), and how it is written (`style`)."""
    codes: dict[str, str] = {}
    for code, country in countries().items():
        codes.setdefault(country.calling, code)
    codes[countries()[locale.country].calling] = locale.country
    home = countries()[locale.country]
    text = pl.col("t")
    table = pl.DataFrame({"t": texts.cast(pl.String)}).with_columns(
        # What is left out when one dials from abroad: `+49 (0)30 1234`.
        t=pl.col("t").str.replace("(0)", "(o)", literal=True),
    ).with_columns(
        d=text.str.replace_all(r"\D", ""), abroad=text.str.contains(r"^\D*\+"), zeros=text.str.contains(r"^\D*00"),
    ).with_columns(bare=pl.when("zeros").then(pl.col("d").str.slice(2)).otherwise(pl.col("d")))  # fmt: skip
    calling = pl.coalesce([
        pl.when(pl.col("bare").str.starts_with(c)).then(pl.lit(c)) for c in sorted(codes, key=len, reverse=True)
    ])  # fmt: skip
    lengths = sorted({len(form) for form in home.phones})
    own_length = pl.col("d").str.len_chars()
    with_code = pl.col("d").str.starts_with(home.calling) & own_length.is_in([n + len(home.calling) for n in lengths])
    with_trunk = pl.lit(bool(home.trunk)) & pl.col("d").str.starts_with(home.trunk or "0")
    kind = (
        pl.when("abroad").then(pl.lit("+")).when("zeros").then(pl.lit("00")).when(with_trunk).then(pl.lit("0"))
        .when(with_code).then(pl.lit("c")).otherwise(pl.lit("n"))
    )  # fmt: skip
    table = table.with_columns(kind=kind, calling=pl.when(pl.col("abroad") | pl.col("zeros")).then(calling))
    table = table.with_columns(
        country=pl.when(pl.col("calling").is_null()).then(pl.lit(locale.country)).otherwise(
            pl.col("calling").replace_strict(codes, default=None)
        ),
        own=pl.when(pl.col("calling").is_not_null()).then(pl.col("bare").str.slice(pl.col("calling").str.len_chars()))
        .when(pl.col("kind") == "0").then(pl.col("d").str.slice(len(home.trunk)))
        .when(pl.col("kind") == "c").then(pl.col("d").str.slice(len(home.calling)))
        .otherwise(pl.col("d")),
    )  # fmt: skip
    with_zero = [code for code, country in countries().items() if country.trunk == "0"]
    zero = (pl.col("kind") == "+") & pl.col("country").is_in(with_zero) & pl.col("own").str.starts_with("0")
    table = table.with_columns(
        kind=pl.when(zero).then(pl.lit("+0")).otherwise("kind"),
        own=pl.when(zero).then(pl.col("own").str.slice(1)).otherwise("own"),
    )
    lost = (pl.col("abroad") | pl.col("zeros")) & pl.col("calling").is_null()
    template = pl.col("t").str.replace_all(r"\d", "#").str.replace("(o)", "(0)", literal=True)
    # Marks only: letters are somebody's words.
    plain = template.str.contains(r"^(?:[#+ ()./\-]|\(0\))+$") & pl.col("own").str.len_chars().is_between(1, LONGEST)
    style = pl.concat_str("country", "kind", template, separator="|")
    return table.with_columns(style=pl.when(plain & ~lost & pl.col("t").is_not_null()).then(style)).select(
        "country", pl.col("own").fill_null(""), "style"
    )


def _split_style(text: str) -> tuple[str, str, str]:
    code, kind, template = text.split("|", 2)
    return code, kind, template


# ---- accounts ------------------------------------------------------------------------------------------------------

LOW = 9
"""Last digits of an account's number, by which it is told from real ones."""


@dataclass(frozen=True)
class IbanForm:
    """How IBANs are written, and of which countries.

    Args:
        countries: code and share.
        mark: what stands between groups of four.
        lower: whether in small letters.
        free: what no real one's last digits are.
    """

    countries: tuple[tuple[str, float], ...]
    mark: str = ""
    lower: bool = False
    free: Unseen | None = None

    @classmethod
    def learnt(cls, texts: pl.Series, whose: pl.Series | None, least: int, locale: Locale, every: pl.Series) -> Self:
        """Of (n,) IBANs: how enough people's begin and are written. None of `every` real one may be made."""
        bare = texts.str.replace_all(r"[^\p{L}\d]", "").str.to_uppercase()
        code = bare.str.head(2)
        known = [c for c, country in countries().items() if "iban" in country.data]
        found = shared(code.set(~code.is_in(known).fill_null(False), None), whose, least)
        marks = shared(texts.str.extract(r"^.{4}([ \-]?)"), whose, least)
        lower = bool((texts.str.contains(r"\p{Ll}").mean() or 0) > 0.5)  # type: ignore[operator]
        every = every.drop_nulls().unique().str.replace_all(r"[^\p{L}\d]", "")
        free = unseen_numbers(every.str.replace_all(r"\D", "").str.tail(LOW))
        return cls(tuple(found.items()) or _home(locale), next(iter(marks), ""), lower, free)

    @classmethod
    def usual(cls, locale: Locale) -> Self:
        return cls(_home(locale))

    def write(self, persons: Persons, locales: tuple[Locale, ...], *, told: bool) -> pl.Series:
        which = persons.choice(np.array([share for _, share in self.countries]), 41)
        codes = [code for code, _ in self.countries]
        if told:
            codes, which = list(codes), which.copy()
            for at, locale in enumerate(locales):
                if "iban" in countries()[locale.country].data:
                    if locale.country not in codes:
                        codes.append(locale.country)
                    which[persons.locale == at] = codes.index(locale.country)
        made = [self._of(code, persons[np.flatnonzero(which == k)]) for k, code in enumerate(codes)]
        text = by_class(which, made)
        return text.str.to_lowercase() if self.lower else text

    def _of(self, code: str, persons: Persons) -> pl.Series:
        form = countries()[code].data["iban"]
        letters = form.count("A")
        high_width = len(form) - letters - LOW
        low = numbers_apart(persons, 10**LOW, self.free, 42, apart="iban" in persons.apart)
        high = persons.below(10 ** min(high_width, 15), 43)
        high = _spanish(high, low) if code == "ES" else high
        head = "TEST"[:letters]
        # Letters count as 10 to 35: the number modulo 97, piece by piece (ISO 13616).
        rest = np.full(len(persons), int("0" + "".join(str(int(c, 36)) for c in head)) % 97, np.int64)
        rest = (rest * pow(10, high_width, 97) + high % 97) % 97
        rest = (rest * pow(10, LOW, 97) + low % 97) % 97
        behind = "".join(str(int(c, 36)) for c in code) + "00"
        check = 98 - (rest * pow(10, len(behind), 97) + int(behind)) % 97
        whole = pl.select(pl.concat_str(
            pl.lit(code), pl.lit(pl.Series(check)).cast(pl.String).str.zfill(2), pl.lit(head),
            pl.lit(pl.Series(high)).cast(pl.String).str.zfill(high_width),
            pl.lit(pl.Series(low)).cast(pl.String).str.zfill(LOW),
        )).to_series()  # fmt: skip
        if not self.mark:
            return whole
        width = 4 + len(form)
        parts = [pl.lit(whole).str.slice(at, 4) for at in range(0, width, 4)]
        return pl.select(pl.concat_str(parts, separator=self.mark)).to_series()

    def to_dict(self) -> dict[str, Any]:
        return {"countries": [list(c) for c in self.countries], "mark": self.mark, "lower": self.lower}


_SPANISH = np.array([1, 2, 4, 8, 5, 10, 9, 7, 3, 6])


def _spanish(high: Ints, low: Ints) -> Ints:
    """(n,) the first eleven digits of Spanish accounts, with check digits of bank and branch and of the account."""
    bank, first = high // 1_000, high % 10
    found = []
    for number in (bank, first * 10**LOW + low):
        rest = 11 - (number[:, None] // 10 ** np.arange(10)[::-1] % 10 * _SPANISH).sum(1) % 11
        found.append(np.where(rest > 9, 11 - rest, rest))
    return np.asarray(bank * 1_000 + found[0] * 100 + found[1] * 10 + first, np.int64)


def _home(locale: Locale) -> tuple[tuple[str, float], ...]:
    own = locale.country if "iban" in countries()[locale.country].data else "DE"
    return ((own, 1.0),)
