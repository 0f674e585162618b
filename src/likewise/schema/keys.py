"""Rules that tell keys from measurements and texts from categories, by values and by the words of a column's name."""

from __future__ import annotations

import re
from functools import lru_cache

import polars as pl

from likewise.schema.column import Kind
from likewise.schema.vocabulary import words

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# A last word that names a key in whatever size of table, as in "AlbumId"; and names that do so as a whole.
_STRONG = frozenset({"id", "ids", "uuid", "guid", "pk", "rowid", "oid", "identifier"})
_STRONG_NAMES = frozenset({"", "no", "nr", "#", "index", "idx", "key", "row", "unnamed 0", "level 0", "rownames"})
# Words that make a key likely where there are rows enough to tell.
_WEAK = frozenset({"number", "num", "no", "nr", "code", "serial", "seq", "ref", "key", "account", "barcode"})
COUNTED = frozenset(words("headings.measures"))
_VAGUE = frozenset(words("headings.vague"))
"""Measures that may also name codes, places or moments."""
_HAN_MEASURES = re.compile(
    "收入|工资|薪|价|金额|总额|费|余额|销售额|成本|人口|数量|重量|长度|面积|时间|日期|年份|月份|年龄|次数|分数"
    "|读数|里程|示数|売上|給与|給料|年収|所得|金額|単価|人数|件数|体重|身長|年齢|走行距離|検針|指針"
    "|금액|급여|연봉|소득|매출|가격|요금|나이|체중|인구|수량|거리"
)
_GLUED = (
    "einkommen",
    "gehalt",
    "lohn",
    "preis",
    "kosten",
    "betrag",
    "umsatz",
    "datum",
    "zeit",
    "dauer",
    "zählerstand",
    "zaehlerstand",
    "kilometerstand",
    "kontostand",
)
"""Ends of German compounds that say so too."""
# Values that only look like codes: a number with its unit, a length of time, a week, quarter or month, a ratio.
_MEASURED = (
    r"^[+-]?\d+([.,]\d+)?[A-Za-zµ°%²³/]{1,6}$|^(?i:P?T?(\d+[YMWDHS])+)$|^\d{4}-?[QWSHM]\d{1,2}$"
    r"|^(?:[QWHS]|FY|CW|KW)\d{1,2}[-/]?(?:\d{2}|(?:19|20)\d{2})$"
)
_DIGIT_CODES = frozenset(words("headings.digit_codes"))
_NOT_KEYS = ("paid", "bid", "grid", "humid", "acid", "covid", "valid", "void", "aid", "lipid", "solid", "fluid", "mid")

OWNERS = frozenset(words("headings.owners"))
THINGS = frozenset(words("headings.things"))
"""Owners of rows that are no people, and whose name may tell of their kind as well as of one of them."""
PEOPLE = (OWNERS - THINGS) | frozenset(words("headings.people"))
SERVING = frozenset(words("headings.serving"))
"""People whose work it is to serve others."""
KIN = frozenset({"parent", "child", "sibling"})
"""Words for somebody that rather say how rows, nodes or tables stand to others."""
_OR_ELSE = frozenset({"host", "agent", "kind", "lead"}) | KIN
"""Words for somebody that are as well of machines, programs, sorts, metals and rows."""
GROUPS = frozenset(words("headings.groups"))
"""Words of what is sold, visited or belonged to: its rows are many people's."""
_NUMBERED = frozenset(words("headings.numbered"))
"""What has a number that is given out, by which it is called."""
_CALLED = frozenset(words("headings.called"))
_LOGINS = frozenset({"login", "username", "mrn", "pid", "uid", "matricule", "legajo"})
_ENDS = [[word] for word in _STRONG | _WEAK | _LOGINS | {
    "nummer", "kennung", "numero", "número", "numéro", "clave", "cle", "clé", "编号", "号", "号码", "номер", "numer",
    "číslo", "cislo", "αριθμός", "番号", "번호", "コード",
}]  # fmt: skip

_TAILS = ("nummer", "number", "コード", "编号", "号码", "番号", "번호", "num", "号", "id", "nr", "no")
"""What may be glued to the name of somebody; longer ones before their ends."""

_OTHER_NUMBERS = frozenset({"型号", "信号", "符号", "记号", "記号", "字号", "尺号", "档号", "分号"})
"""Chinese words that end as those of keys do and name none."""

# Words that name what a column of words holds, and are hardly among the words it holds.
ATTRIBUTES = frozenset(words("headings.attributes"))
_NAMES = ATTRIBUTES | COUNTED | _STRONG | _WEAK

BY_LOOKS = "unique codes"
"""The reason of keys that nothing but their looks tells."""

MAIL = r"[^@\s<>:/]+@[^@\s<>:/]+\.(?:\p{L}{2,}|xn--[A-Za-z0-9-]+)"
"""An e-mail address: its last part is of letters, unlike that of a package and its version (`react@18.2.0`)."""
_UUID = r"^\{?[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\}?$"
_HASH = r"^([0-9a-f]{16,128}|[0-9A-F]{16,128}|[A-Za-z0-9_+/=-]{20,128})$"
NEARLY = 0.9
"""Share of different values from which codes hardly ever come again."""
_PIECE = r"(?:\p{L}{1,5}|\p{Nd}+)"
_JOINED = rf"^#?{_PIECE}(?:[ ._:/#·-]?{_PIECE})*$|^@[\w.]+$"
"""Short runs of letters and digits that single marks join, or the name of somebody on a platform."""
_WEEK = r"^(?:19|20)[0-9]{2}(?:[0-4][0-9]|5[0-3])$"
_TOKEN = r"^[A-Za-z0-9][A-Za-z0-9._:/#-]*$"
WORDY = r"\p{L}{2,}(?:[^\p{L}]+(?:\p{L}[^\p{L}]+)*\p{L}{2,}){3}|[\p{Han}\p{Hiragana}\p{Katakana}]{12}"
"""Four words of two letters or more, whatever shorter ones stand between, or as much where a character is one."""


def words_of(name: str) -> list[str]:
    """The words of a column's name, in lower case.

    Example:
        >>> words_of("AlbumId"), words_of("disp_id"), words_of("Unnamed: 0")
        (['album', 'id'], ['disp', 'id'], ['unnamed', '0'])
    """
    return [w.lower() for w in _WORDS.findall(name)]


def names_a_column(text: str) -> bool:
    """Whether a text is what columns are called: its first or last word says what is in them.

    Example:
        >>> names_a_column("First name"), names_a_column("City2"), names_a_column("Anna"), names_a_column("Teacher")
        (True, True, False, False)
    """
    words = re.split(r"[\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower().strip(" _0123456789"))
    return len(words) < 5 and any(w in _NAMES for w in (text.strip().lower(), words[0], words[-1]))


def key_reason(
    name: str, values: pl.Series, n_known: int, is_unique: bool, *, in_order: bool = False, complete: bool = True
) -> str | None:
    """Why a column is a key, in words for the user; None if it is not.

    Being unique is not enough: a measurement, a date or the population of a town is unique too. It takes a name that
    says so, a row number, or codes of letters and digits that nothing but keys look like; and neither the name nor the
    values may tell of a measurement.

    Args:
        name: the column's name.
        values: (k,) distinct known values, Int64 or String.
        n_known: rows that are not missing.
        is_unique: no two known values are the same.
        in_order: the rows' values go up by one each.
        complete: no row is missing, as none is of a row number: ranks and places of some rows are measurements.
    """
    words = words_of(name)
    whole_name = " ".join(words or parts_of(name))
    last = words[-1] if words else ""
    if whole_name == "id" and len(values) >= 0.5 * n_known and len(values) > 1:
        return "it is named so" + ("" if is_unique else "; some values come more than once")
    if values.dtype == pl.String and len(values) > 1 and len(values) > 0.05 * n_known:
        if values.str.contains(_UUID).all():
            return "the values are UUIDs"
        if len(values) >= 20 and _all_hashes(values):
            return "the values are hashes or random tokens"
    if not is_unique:
        return None if values.dtype == pl.String else _numbered_reason(name, values, n_known)
    if last in _STRONG or whole_name in _STRONG_NAMES:
        return "unique, and named so"
    if is_measure(name):
        return None
    glued = _is_glued(last) and n_known >= 100
    is_token = values.dtype != pl.String or values.str.contains(_TOKEN).all()
    if n_known >= 20 and (last in _WEAK or _ends_as_a_key(name) or glued) and is_token:
        return "unique, and named so"
    if values.dtype == pl.String:
        return _code_reason(values)
    return _numbered_reason(name, values, n_known) or (_whole_reason(values, in_order) if complete else None)


def _numbered_reason(name: str, values: pl.Series, n_known: int) -> str | None:
    """Whole numbers that are given out, by their name, though some come again: nearly all differ, or most of them do
    and none has less than three digits; and numbers of one width under the bare name of what has one ("badge")."""
    share, low, high = len(values) / n_known, int(values.min()), int(values.max())  # type: ignore[arg-type]
    nearly = n_known >= 100 and share >= NEARLY
    most = n_known >= 20 and share > 0.5 and low > 99 and len(parts_of(name)) > 1  # a bare "number" may be a count
    if _numbers_something(name) and (nearly or most):
        return "mostly different numbers, and named so"
    bare = share >= NEARLY and n_known >= 50 and low > 99 and len(str(low)) == len(str(high))
    return "nearly unique numbers of one width, and named so" if bare and _has_a_number(name) else None


def _has_a_number(name: str) -> bool:
    parts = parts_of(name)
    return len(parts) == 1 and parts[0] in _NUMBERED | (OWNERS - THINGS)


def _numbers_something(name: str) -> bool:
    """Whether a name ends as those of numbers that are given out do; "num" may be a count."""
    counted = parts_of(name)[-1:] == ["num"] or is_measure(name)
    return _ends_as_a_key(name) and not counted and not names_a_group(name)


def _ends_as_a_key(name: str) -> bool:
    parts = parts_of(name)
    last = parts[-1] if parts else ""
    return [last] in _ENDS or (last.endswith(("号", "号码", "nummer", "nr", "번호")) and last not in _OTHER_NUMBERS)


def is_measure(name: str) -> bool:
    """Whether a name tells of what is measured, counted or paid.

    Example:
        >>> [is_measure(name) for name in ("total_assets", "Jahresgehalt", "月收入", "account_no")]
        [True, True, True, False]
    """
    parts = parts_of(name)
    glued = any(part.endswith(_GLUED) for part in parts if len(part) > 7)
    return bool(COUNTED & set(parts)) or glued or bool(_HAN_MEASURES.search(name))


def names_an_amount(name: str) -> bool:
    """Whether a name tells of what is counted or paid, and of no moment, no place and no code, whose zeros in front are
    part of it.

    Example:
        >>> [names_an_amount(name) for name in ("amount", "Zählerstand", "area", "birth", "amount_code", "price group")]
        [True, True, False, False, False, False]
    """
    parts = parts_of(name)
    coded = names_a_key(name) or _ends_as_a_key(name) or names_a_group(name) or looks_like_digit_code(name)
    return not coded and not (_VAGUE | _WEAK | ATTRIBUTES) & set(parts) and is_measure(name)


def parts_of(name: str) -> list[str]:
    """The words of a name, also of scripts without capitals, plurals as singulars, glued keys ("patientid") apart."""
    return list(_parts(name))


@lru_cache(4096)
def _parts(name: str) -> tuple[str, ...]:
    parts: list[str] = []
    for word in re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-zß-ÿ])(?=[A-Z])", "_", _in_words(name))):
        word = word.lower()
        tail = next((t for t in _TAILS if word.endswith(t) and word != t), "")
        stem = word.removesuffix(tail)
        parts += [stem, tail] if tail and _is_who(stem) else [word]
    return tuple(parts)


def _in_words(name: str) -> str:
    """A name with signs that stand for words: of numbers, and of Japanese post codes."""
    return re.sub("[№#]", " no ", name).replace("〒", " 郵便番号 ")


def _is_who(word: str) -> bool:
    return word in OWNERS or word.removesuffix("s") in OWNERS


def names_an_entity(name: str) -> bool:
    """Whether a name tells of the key of somebody, or of something with a life, that may have several rows.

    Example:
        >>> [names_an_entity(name) for name in ("users_id", "PatientID", "工号", "district_id", "account_code")]
        [True, True, True, False, False]
    """
    parts = parts_of(name)
    if parts[-1:] == ["code"] and THINGS & set(parts):  # that of a kind of account, or of machine
        return False
    if parts in (["id"], ["学号"], ["工号"]) or (parts[-1:] in _ENDS and any(map(_is_who, parts))):
        return True
    return len(parts) > 1 and parts[:1] in _ENDS and parts[-1] in OWNERS  # "id_paciente", but not "number of customers"


def names_an_owner(name: str) -> bool:
    """Whether a name tells of nothing but somebody or something with a life, and not of how many.

    Example:
        >>> names_an_owner("assigned operator"), names_an_owner("operators")
        (True, False)
    """
    return any(part in OWNERS for part in parts_of(name)[-1:])


def names_a_person(name: str) -> bool:
    """Whether a name tells of somebody and of nothing else, with or without a word for a key: by its last other word.

    Example:
        >>> [names_a_person(name) for name in ("PATIENT", "id_cliente", "Kundennummer", "user_orders", "account_id")]
        [True, True, True, False, False]
    """
    return _last_of(name) in PEOPLE - _OR_ELSE


def names_kin(name: str) -> bool:
    """Whether a name tells of a row or somebody by how they stand to another, as "parent_id" and "child"."""
    return _last_of(name) in KIN


def _last_of(name: str) -> str:
    """Its last word that is none for a key; nothing where all are."""
    return next((part for part in reversed(parts_of(name)) if not is_key_word(part)), "")


def are_of_somebody(name: str, values: pl.Series, rows: pl.Series) -> bool:
    """Whether values that come again are keys under the bare name of somebody, as "PATIENT": UUIDs and the like, codes
    whose letters are alike, numbers of one width, or numbers from the first on of which those beside each other have no
    more alike many rows than others do, while counts and measures do.

    Args:
        name: the column's.
        values: (k,) distinct, Int64 or String.
        rows: (k,) that each has.

    Example:
        >>> ids, rows = pl.Series(range(1, 41)), pl.Series([3, 9, 4, 7] * 10)
        >>> are_of_somebody("person", ids, rows), are_of_somebody("person", ids, rows.sort(descending=True))
        (True, False)
    """
    if not names_a_person(name) or len(values) < 20:
        return False
    if values.dtype == pl.String:
        sure = values.str.contains(_UUID).all() or values.str.contains(f"^{MAIL}$").all() or _all_hashes(values)
        return sure or (looks_made(values) and values.str.replace_all(r"\d", "").n_unique() <= 5)
    if are_given_out(name, values.cast(pl.String)):
        return True
    low, high = int(values.min()), int(values.max())  # type: ignore[arg-type]
    if low not in (0, 1) or len(values) < NEARLY * (high - low + 1):
        return False
    held = rows.gather(values.arg_sort()).cast(pl.Float64)
    around = float(((held - held.mean()) ** 2).sum())
    return around == 0 or float((held.diff() ** 2).sum()) >= around  # about twice as much by chance (von Neumann 1941)


def names_a_group(name: str) -> bool:
    """Whether a name tells of what is many people's, and of nobody.

    Example:
        >>> names_a_group("product_code"), names_a_group("client_product_id")
        (True, False)
    """
    parts = set(parts_of(name))
    return bool(GROUPS & parts) and not any(map(_is_who, parts))


def may_name_a_key(name: str) -> bool:
    """Whether a name ends as names of keys do, though some others end so too, and tells of no measure and no group.

    Example:
        >>> [may_name_a_key(name) for name in ("SUBJID", "covid", "product_id")]
        [True, False, False]
    """
    ends = names_a_key(name) or any(map(_is_glued, words_of(name)[-1:]))
    return ends and not is_measure(name) and not names_a_group(name)


def _is_glued(word: str) -> bool:
    return word.endswith("id") and not word.endswith(_NOT_KEYS)


def is_key_word(word: str) -> bool:
    """Whether a word of a name says that it is the name of a key, in the languages that are known.

    Example:
        >>> [word for word in ("id", "nr", "nummer", "编号", "account", "name") if is_key_word(word)]
        ['id', 'nr', 'nummer', '编号']
    """
    return [word] in _ENDS and word != "account"


def names_a_key(name: str) -> bool:
    """Whether a name ends in a word that nothing but keys are named by."""
    return any(part in _STRONG or part in _LOGINS for part in parts_of(name)[-1:])


_PARTS = r"^0[xXoObB][0-9A-Fa-f]+$|^\d+(?:[A-Za-z]{1,3}\d+)+$|^[vV]\d{1,3}(?:\.\d{1,3})+$"
"""A number of another base, parts that a mark joins, or a version: `0x1f`, `5h10`, `1920x1080`, `v8.17`."""


def looks_made(values: pl.Series) -> bool:
    """Whether distinct texts look like made keys: UUIDs, hashes, e-mail addresses, codes of letters and digits."""
    if values.str.contains(_UUID).all() or values.str.contains(f"^{MAIL}$").all():
        return True
    if len(values) < 20 or not values.str.contains(_TOKEN).all():
        return False
    if _are_parts(values):
        return False
    mixed = values.str.contains(r"\d") & values.str.contains(r"[A-Za-z]")
    lengths = values.str.len_chars()
    return bool(mixed.mean() > 0.9) and int(lengths.max()) - int(lengths.min()) <= 4  # type: ignore[operator,arg-type]


def are_numbered(values: pl.Series, n_known: int) -> bool:
    """Whether texts that hardly ever come again are all of one form of letters, digits and marks, as invoices and
    plates are, and no measurements: without letters, some parts begin with a zero.

    Args:
        values: (k,) distinct.
        n_known: rows that are not missing.

    Example:
        >>> invoices, pressures = ([f"{a}{mark}{b:03d}" for a in range(100, 130)] for mark, b in (("-", 7), ("/", 110)))
        >>> are_numbered(pl.Series(invoices), 30), are_numbered(pl.Series(pressures), 30)
        (True, False)
    """
    return len(values) >= 20 and len(values) >= NEARLY * n_known and _are_of_one_form(values)


def are_given_out(name: str, texts: pl.Series) -> bool:
    """Whether codes of which most have five rows or more are rather those of somebody than of a kind of thing: the name
    says so, or leaves it open where they are long: digits of one width that are no round numbers, or of one form.

    Args:
        name: the column's.
        texts: (k,) distinct values, whole numbers as texts too.

    Example:
        >>> codes = pl.Series([f"H{i * 7919 % 100000:05d}" for i in range(40)])
        >>> [are_given_out(name, codes) for name in ("HN", "x", "product_code")]
        [True, True, False]
    """
    parts = parts_of(name)
    of_somebody = names_an_entity(name) or bool(_NUMBERED & set(parts) or (PEOPLE | _CALLED) & {*parts[-1:]})
    named = of_somebody or names_a_key(name) or _ends_as_a_key(name)
    of_a_thing = names_a_group(name) or is_measure(name) or (bool(ATTRIBUTES & {*parts[-2:]}) and not names_a_key(name))
    if of_a_thing or (len(texts) < 20 and not of_somebody):
        return False
    if {*parts[-1:]} & _CALLED and len(texts) >= 20 and texts.str.contains(r"^(?:[a-z]{3,12}|[A-Z]{3,8})$").all():
        return True
    close, (least, digits) = texts.str.replace_all(r"[^\p{L}\p{Nd}]", ""), (4, 2) if named else (6, 3)
    if texts.str.contains(r"^\d+$").all():
        widths = texts.str.len_chars().unique().to_list()
        rounded = texts.str.ends_with("0").sum() > 0.2 * len(texts)
        return len(widths) == 1 and widths[0] >= min(least, 5) and not rounded and not texts.str.contains(_WEEK).all()
    if not close.str.contains(f".{{{least}}}").all() or texts.str.count_matches(r"\d").sum() < digits * len(texts):
        return False
    return not _is_measured(texts) and (looks_made(texts) or _are_of_one_form(texts))


def _are_of_one_form(values: pl.Series) -> bool:
    """Whether texts are of one form, or a few, of letters, digits and marks, and no measurements."""
    if not values.str.contains(_JOINED).all() or values.str.contains(r"^[^@]*\p{L}{6}").any():
        return False
    shapes = values.str.replace_all(r"\p{Nd}+", "0").str.replace_all(r"\p{L}+", "A")
    if shapes.n_unique() > 3 or values.str.contains(r"\d").mean() < 0.9:  # type: ignore[operator]
        return False
    close = values.str.replace_all(" ", "")
    few = close.str.replace_all(r"\d", "").n_unique() <= 5
    if few and close.str.contains(r"^(?:\d+[\p{L}/]+)+$").mean() > 0.9:  # type: ignore[operator]
        return False  # numbers, each with its unit
    if _is_measured(close) or _are_parts(close) or values.str.contains(r"\d\.\d|\d:\d\d").mean() > 0.5:  # type: ignore[operator]
        return False
    padded = values.str.contains(r"(?:^|\D)0\d").mean() >= 0.05  # type: ignore[operator]
    return bool(padded or values.str.contains(r"\p{L}").mean() > 0.9)  # type: ignore[operator]


def _are_parts(values: pl.Series) -> bool:
    """Whether all are numbers of another base, or numbers that one mark joins."""
    return bool(values.str.contains(_PARTS).all() and values.str.extract(r"^\d+(.)").n_unique() == 1)


def _all_hashes(values: pl.Series) -> bool:
    lengths = values.str.len_chars()
    if lengths.min() != lengths.max() or not values.str.contains(_HASH).all():
        return False
    return bool((values.str.contains(r"\d") & values.str.contains(r"[A-Za-z]")).mean() > 0.9)  # type: ignore[operator]


def _code_reason(values: pl.Series) -> str | None:
    """Unique texts of one word that look made: plates, tail numbers, three-letter airport codes, `#E212BE`."""
    values = values.str.strip_prefix("#")
    if len(values) < 50 or not values.str.contains(_TOKEN).all():
        return None
    lengths = values.str.len_chars()
    spread = int(lengths.max()) - int(lengths.min())  # type: ignore[arg-type]
    letter, digit = values.str.contains("[A-Za-z]"), values.str.contains(r"\d")
    if letter.mean() < 0.9 or _is_measured(values) or _are_parts(values):  # type: ignore[operator]
        return None
    capitals = values.str.contains(r"^[A-Z0-9]+$").all()
    if (digit.mean() > 0.9 and spread <= 4) or (capitals and spread == 0):  # type: ignore[operator]
        return BY_LOOKS
    return None


def _is_measured(values: pl.Series) -> bool:
    """Whether most of these texts are measurements, with few units between them."""
    measured = values.str.contains(_MEASURED)
    units = values.filter(measured).str.extract(r"([A-Za-zµ°%²³/]+)$").drop_nulls()
    return bool(measured.mean() >= 0.9 and units.n_unique() <= 5)  # type: ignore[operator]


def _whole_reason(values: pl.Series, in_order: bool) -> str | None:
    n, low, high = len(values), int(values.min()), int(values.max())  # type: ignore[arg-type]
    # Years, and seconds to nanoseconds of the years 2000 to 2040, may come without gaps as well.
    stamped = any(low >= 946_684_800 * unit and high <= 2_208_988_800 * unit for unit in (1, 10**3, 10**6, 10**9))
    years = low >= 1500 and high <= 2200
    if n < 20 or years or stamped or high - low + 1 != n:
        return None
    return "a row number: unique and without gaps" if in_order or n >= 100 else None


def may_be_keys(values: pl.Series, *, is_unique: bool) -> bool:
    """Whether whole numbers look as keys do, and measurements seldom: many, each once, all of one length."""
    low, high = int(values.min()), int(values.max())  # type: ignore[arg-type]
    return is_unique and len(values) >= 1_000 and low >= 1_000_000 and len(str(low)) == len(str(high))


def looks_like_digit_code(name: str) -> bool:
    """Whether the name says that digits are a code (postcode, telephone), with which nobody calculates."""
    words = words_of(name)
    measured = {"count", "calls", "minutes"} & set(words) or (words[-1:] and words[-1] in COUNTED - _VAGUE)
    return bool(_DIGIT_CODES & set(words)) and not measured


def text_or_category(values: pl.Series, counts: pl.Series) -> Kind:
    """Whether texts are levels that repeat, or mostly different.

    Args:
        values: (k,) distinct known texts.
        counts: (k,) rows of each.
    """
    k, n = len(values), int(counts.sum())
    share = k / n if n else 0.0
    if k <= 1 or (k <= 10 and share <= 0.7):
        return Kind.CATEGORICAL
    if share > 0.5:
        return Kind.TEXT
    # Levels of fewer than 5 rows are never emitted: where they hold nearly all the rows, nothing would be left.
    repeated = int(counts.filter(counts >= 5).sum()) / n
    return Kind.TEXT if (k > 50 and repeated < 0.2) or (k > 10 and not repeated) else Kind.CATEGORICAL
