"""What a column tells of somebody beyond identifiers with forms of their own: where people live, when they were born.

Two votes decide, the words of its name and its values; where they disagree, nothing is told.

Legend: k distinct values.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import polars as pl

from likewise.schema.column import Column, Kind
from likewise.schema.identifiers.names import is_a_name, without_marks
from likewise.schema.keys import PEOPLE, parts_of
from likewise.schema.semantics import BY_BOTH, BY_NAME, BY_VALUES, SINGLES_OUT, WHERE, Semantic
from likewise.schema.vocabulary import phrases, words

LOOK_AT = 2_000
"""Distinct values that are looked at."""

REMARK = re.compile(r"\(.*?\)|\[.*?\]", re.DOTALL)
"""What stands beside a name: `Full name (as in passport)`, `Surname(s)`."""

_HINTS = {
    without_marks(hint).replace(" ", ""): semantic
    for semantic in Semantic
    for hint in phrases("semantics.headings").get(semantic, ())
}
_PLACES = frozenset((*WHERE, Semantic.STREET, Semantic.ADDRESS))
_NUMBERS = {without_marks(word).replace(" ", "") for word in phrases("semantics.behind")["street"]}
_VAGUE = {"state", "estado", "region", "regione", "area", "nation", "place", "plaats", "staat", "uf", "genre"}
_VAGUE |= {"alias", "handle", "pseudo"}
_SHORT = {"city", "town", "lat", "lon", "lng"}
_CLEAR = (frozenset(word for word in _HINTS if len(word) > 4 or not word.isascii()) - _VAGUE) | _SHORT
_LONGEST = 4  # words of a hint that stand side by side
_ELSEWHERE = frozenset(words("semantics.elsewhere"))
_AROUND = frozenset(map(without_marks, (*words("semantics.around"), *(PEOPLE - {"host", "agent"}))))
_GLUED = sorted({word for word in _AROUND if len(word) > 3 or not word.isascii()}, key=len, reverse=True)


@lru_cache(4096)
def named(name: str) -> Semantic | None:
    """What the words of a column's name say that it holds; None where they say nothing, or more than these.

    The more words say it the more they weigh. What stands behind them may say no more than whose it is, or which, and
    so may what stands before short words that mean other things too.

    Example:
        >>> [named(name) for name in ("billing_postal_code", "lieferPLZ", "收货地址", "state_machine", "email address")]
        [<Semantic.POSTCODE: 'postcode'>, <Semantic.POSTCODE: 'postcode'>, <Semantic.ADDRESS: 'address'>, None, None]
    """
    parts = _bare_parts(name)
    if _ELSEWHERE & set(parts):
        return None
    for width in range(min(_LONGEST, len(parts)), 0, -1):
        for at in range(len(parts) - width + 1):
            word = "".join(parts[at : at + width])
            found, before = _hinted(word), () if word in _CLEAR else parts[:at]
            if found and all(map(_says_no_more, (*before, *parts[at + width :]))):
                return found
    return None


def names_a_place(name: str) -> bool:
    """Whether a name says that it is of places or firms, of which many are called after people."""
    return named(name) in _PLACES


def _bare_parts(name: str) -> list[str]:
    return [without_marks(part) for part in parts_of(REMARK.sub(" ", name))]


def _hinted(word: str) -> Semantic | None:
    """What a word says, or one that has whose it is glued before it: `Lieferstraße`, 家庭住址."""
    if word in _HINTS:
        return _HINTS[word]
    before = next((whose for whose in _GLUED if word.startswith(whose)), None)
    return None if before is None else _HINTS.get(word.removeprefix(before))


def _says_no_more(word: str) -> bool:
    return word in _AROUND or word.removesuffix("s") in _AROUND


# ---- the vote of the values --------------------------------------------------------------------------------------


def _share(texts: pl.Series, form: str) -> float:
    return float(texts.str.contains(form).mean() or 0.0)  # type: ignore[arg-type]


def _known(texts: pl.Series, kind: str) -> float:
    """The share of texts that a list of words holds."""
    return float(_plain(texts).is_in(list(phrases("semantics.places")[kind])).mean() or 0.0)  # type: ignore[arg-type]


def _plain(texts: pl.Series) -> pl.Series:
    return texts.str.strip_chars().str.to_lowercase()


_HAN = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"
_LETTERS = rf"\p{{L}}{{2,}}|{_HAN}"
_CODE = r"^[A-Z0-9_\-]{1,4}$"
_STREET_WORD = "|".join(phrases("semantics.places")["streets"])
_STREET_END = "|".join(map(re.escape, phrases("semantics.places")["streets_glued"]))
_STREET = rf"(?i)\b(?:{_STREET_WORD})\b|(?:{_STREET_END})(?:\W|$)|[路街道巷弄]|通り?|丁目|\p{{Hangul}}[로길](?:\s|\d|$)"
_PLACED = r"[省市区區县縣州]|[都道府県]|\p{Hangul}[시구군도]\s"
"""Where a house of East Asia is, before its street."""
_FIRM_END = "|".join(map(re.escape, phrases("semantics.places")["firms"]))
_FIRM = rf"(?i)(?:^|[\s,.])(?:{_FIRM_END})\.?$|公司|集团|株式会社|주식회사"
_PROVINCE = r"(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区|都|道|府|県|특별시|광역시|특별자치시|특별자치도|도)$"
_POSTCODES = (
    r"^〒?\d{3}-\d{4}$|^(?:[A-Z]{1,3}[- ]?)?\d{3,6}$|^\d{5}-\d{3,4}$|^\d{2}-\d{3}$|^\d{3} \d{2}$|^\d{8,9}$"
    r"|^\d{4} ?[A-Z]{2}$|^[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}$|^[A-Z]\d[A-Z] ?\d[A-Z]\d$|^[A-Z]\d{4}[A-Z]{3}$"
)
_HOUSE = r"^\d{1,5}\s?(?:[a-zA-Z]|bis|ter)?(?:\s?[-–/]\s?\d{1,5}\s?[a-zA-Z]?)*$|^[A-Z\d\-]+[号號番座栋幢]"
_URL = r"(?i)^(?:(?:https?|ftp)://|www\.)\S+$"
_DOMAIN = r"(?i)^(?:[a-z0-9][a-z0-9\-]*\.)+[a-z]{2,}(?:/\S*)?$"
_UUID = r"(?i)^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$"


def _are_words(texts: pl.Series, most: int = 60) -> bool:
    """Texts of letters that are no codes, and not long."""
    coded = _share(texts, _CODE)
    return _share(texts, _LETTERS) >= 0.9 and coded < 0.5 and float(texts.str.len_chars().mean() or 0) <= most  # type: ignore[arg-type]


def _are_cities(texts: pl.Series) -> bool:
    return _are_words(texts) and _share(texts, r"\d{3}|@|://") <= 0.1


def _are_streets(texts: pl.Series) -> bool:
    return _are_words(texts, 120) and _share(texts, rf"\s|\d|{_STREET}") >= 0.3


def _are_regions(texts: pl.Series) -> bool:
    first = texts.str.replace(r"\s*[/(,].*$", "")
    return max(_known(first, "regions"), _known(first.str.replace(_PROVINCE, ""), "regions")) >= 0.3


def _are_genders(texts: pl.Series) -> bool:
    return len(texts) <= 12 and _known(texts, "genders") + _share(texts, r"^(?:.{1,2}|\d\.0)$") >= 0.5


def _are_countries(texts: pl.Series) -> bool:
    coded = _share(texts, r"^[A-Za-z]{2,3}$") >= 0.8 and _known(texts, "country_codes") >= 0.8
    known = _known(texts, "countries")
    return coded or known >= 0.3 or (_are_words(texts) and known * len(texts) >= 5)


def _are_postcodes(texts: pl.Series) -> bool:
    bare = texts.str.strip_chars().str.to_uppercase().str.replace(r"\.0$", "")
    widths = bare.filter(bare.str.contains(r"^\d+$")).str.len_chars()
    # Zeros in front are lost of numbers; amounts are of many widths, and so are codes of many countries.
    usual = widths.mode().max() if len(widths) > 0.95 * len(bare) else None
    even = usual is None or widths.is_between(usual - 1, usual).mean() >= 0.95  # type: ignore[operator]
    return bool(even) and _share(bare, _POSTCODES) >= 0.8


def _are_logins(texts: pl.Series) -> bool:
    one_word = _share(texts, r"^[^\s@]{2,40}$") >= 0.9
    return len(texts) >= 5 and one_word and _share(texts, r"\p{L}") >= 0.9


def are_logins(name: str, texts: pl.Series) -> bool:
    """Whether texts that look like people's names are rather logins: by their column's name, and of one word each."""
    return named(name) is Semantic.USERNAME and _are_logins(texts)


def _are_degrees(texts: pl.Series, most: int) -> bool:
    number = texts.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    return bool(number.is_between(-most, most).fill_null(False).mean() >= 0.99)  # type: ignore[operator]


_VALUES: dict[Semantic, Callable[[pl.Series], bool]] = {
    Semantic.USERNAME: _are_logins,
    Semantic.STREET: _are_streets,
    Semantic.ADDRESS: lambda texts: _are_streets(texts) and _share(texts, rf"\s|{_HAN}{{4,}}|{_STREET}") >= 0.5,
    Semantic.HOUSE_NUMBER: lambda texts: _share(texts, _HOUSE) >= 0.8,
    Semantic.POSTCODE: _are_postcodes,
    Semantic.CITY: _are_cities,
    Semantic.REGION: _are_regions,
    Semantic.COUNTRY: _are_countries,
    Semantic.COMPANY: _are_words,
    Semantic.URL: lambda texts: _share(texts, f"{_URL}|{_DOMAIN}") >= 0.9,
    Semantic.GENDER: _are_genders,
    Semantic.LATITUDE: lambda texts: _are_degrees(texts, 90),
    Semantic.LONGITUDE: lambda texts: _are_degrees(texts, 180),
}
_KINDS: dict[Semantic, tuple[Kind, ...]] = {
    Semantic.BIRTH_DATE: (Kind.DATETIME,),
    Semantic.LATITUDE: (Kind.REAL,),
    Semantic.LONGITUDE: (Kind.REAL,),
    Semantic.GENDER: (Kind.CATEGORICAL, Kind.BOOLEAN, Kind.INTEGER),
    Semantic.POSTCODE: (Kind.CATEGORICAL, Kind.TEXT, Kind.INTEGER, Kind.ID),
    Semantic.HOUSE_NUMBER: (Kind.CATEGORICAL, Kind.TEXT, Kind.INTEGER, Kind.ID),
}
_WORDS = (Kind.CATEGORICAL, Kind.TEXT, Kind.ID)
"""Kinds of columns whose values may be texts."""


def told(column: Column, values: pl.Series, behind: Semantic | None = None) -> tuple[Semantic, str] | None:
    """What a column tells of somebody, and by what it is known; None where nothing is told.

    Args:
        values: (k,) distinct known values.
        behind: what the column before it tells: a number behind a street is one of a house.

    Example:
        >>> zips = pl.Series(["02116", "10001", "94110"])
        >>> told(Column(name="PLZ", kind="categorical"), zips), told(Column(name="x", kind="categorical"), zips)
        ((<Semantic.POSTCODE: 'postcode'>, 'by its name and its values'), None)
    """
    if not len(values):
        return None
    semantic, texts = named(column.name), values.head(LOOK_AT)
    if semantic is None and behind is Semantic.STREET and "".join(_bare_parts(column.name)) in _NUMBERS:
        semantic = Semantic.HOUSE_NUMBER
    if semantic is not None and column.kind in _KINDS.get(semantic, _WORDS):
        if semantic is Semantic.BIRTH_DATE:
            return semantic, BY_NAME
        sure_region = semantic is Semantic.REGION and not _VAGUE & {*map(without_marks, parts_of(column.name))}
        fits = _are_cities if sure_region else _VALUES[semantic]
        if fits(texts.cast(pl.String)):
            return _finer(semantic, texts), BY_BOTH
    if column.kind in _WORDS and values.dtype == pl.String:
        found = _by_values(texts, column.kind)
        return None if found is None else (found, BY_VALUES)
    return None


def doubt(column: Column) -> str | None:
    """What a user should be asked of a column that tells nothing, for its name says that it does; None of others.

    Example:
        >>> doubt(Column(name="Street", kind="text"))
        'named like street, but its values do not look so: if they are, say semantic street'
    """
    semantic = named(column.name)
    if semantic is None and column.kind is Kind.TEXT and is_a_name(parts_of(REMARK.sub(" ", column.name))):
        return f"if these are names of people, say semantic {Semantic.NAME}"
    if semantic not in SINGLES_OUT or column.kind not in (Kind.TEXT, Kind.CATEGORICAL):
        return None
    return f"named like {semantic.words}, but its values do not look so: if they are, say semantic {semantic}"


def _finer(semantic: Semantic, values: pl.Series) -> Semantic:
    """A line that tells no more than a street and a house is a street, one that tells the place too an address; places
    may be regions or countries."""
    if semantic is Semantic.CITY and len(values) >= 3:
        places = ((Semantic.REGION, _are_regions(values)), (Semantic.COUNTRY, _known(values, "countries") >= 0.5))
        return next((place for place, are in places if are), semantic)
    if semantic not in (Semantic.ADDRESS, Semantic.STREET):
        return semantic
    whole = values.str.contains(r",.*,|\d+\D+,.*\d{3}|\d.*[,\s]\d{4,}|\n") | values.str.contains(_PLACED)
    return Semantic.ADDRESS if whole.mean() >= 0.5 else Semantic.STREET  # type: ignore[operator]


def are_genders(texts: pl.Series) -> bool:
    """Whether distinct texts are genders by themselves."""
    clear = 2 <= len(texts) <= 6 and len(texts.filter(_plain(texts).is_in(list(_CLEAR_GENDERS)))) >= 2
    return clear and _known(texts, "genders") == 1.0


def _by_values(texts: pl.Series, kind: Kind) -> Semantic | None:
    """What texts are by themselves, where they can hardly be anything else."""
    some = texts.head(20)
    if kind is Kind.ID and _share(some, _UUID) == 1.0:
        return Semantic.UUID if _share(texts, _UUID) == 1.0 else None
    if kind is not Kind.ID and _share(some, _URL) >= 0.9:
        return Semantic.URL if _share(texts, _URL) >= 0.9 else None
    if are_genders(texts):
        return Semantic.GENDER
    if len(texts) >= 20 and _share(some, _FIRM) >= 0.8 and _share(texts, _FIRM) >= 0.8:
        return Semantic.COMPANY
    lined = rf"^\d+[a-z]?,? .*(?:{_STREET})|(?:{_STREET}).*\d"
    if kind is Kind.TEXT and len(texts) >= 20 and _share(some, lined) >= 0.8 and _share(texts, lined) >= 0.8:
        return _finer(Semantic.ADDRESS, texts)
    return None


_GENDERS = phrases("semantics.places")["genders"]
_CLEAR_GENDERS = frozenset(word for word in _GENDERS if len(word) > 2 or not word.isascii())
