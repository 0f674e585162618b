"""The encoding of a text file: told by a byte order mark, by UTF-8's own form, or by what letters its words then hold.

A wrong guess would turn every name into other letters without a word, so a guess that is not clear is refused.
"""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Callable

from likewise.errors import InputError, LikewiseWarning

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_SAMPLE_BYTES = 256 * 1024
_NAMES = {"cp1252": "Windows-1252", "cp1251": "Windows-1251", "cp1253": "Windows-1253", "gb18030": "GB18030 (GBK)",
          "cp932": "Shift-JIS", "big5": "Big5", "cp949": "EUC-KR", "euc_jp": "EUC-JP", "koi8_r": "KOI8-R",
          "iso2022_jp": "ISO-2022-JP"}  # fmt: skip
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]")
# A score below the first is no match; one that leads by less than the second is no clear one.
_LEAST_SCORE, _LEAST_LEAD = 0.85, 0.08
# So many different letters make it very unlikely that a script of many letters keeps to the part that two share.
_MANY_LETTERS = 25


def decoded(data: bytes, encoding: str | None, what: str, *, lenient: bool = False) -> tuple[bytes, str]:
    """The text in UTF-8 without a byte order mark, and the encoding it came in.

    Args:
        data: the whole file.
        encoding: what the user says; None tells it from the bytes.
        what: how to call the file in errors.
        lenient: look at the byte order mark only, take UTF-8 without one, and let a byte that is no text change its
            own cell only.

    Raises:
        InputError: bytes that are no text, or no text of this encoding, or one that cannot be told.
    """
    found = encoding or _by_mark(data) or ("utf-8" if lenient else _told(data, what))
    plain = found.lower().replace("_", "-")
    if plain in ("utf-8", "utf8", "utf-8-sig"):
        marked = data.startswith(codecs.BOM_UTF8)
        data = data[len(codecs.BOM_UTF8) :] if marked else data
        if lenient:
            return data if is_utf8(data) else data.decode("utf-8", errors="replace").encode(), found
        if (encoding is not None or marked) and not is_utf8(data):
            raise InputError(f"{what} is not UTF-8 text from end to end: it is damaged, or of another encoding")
        return data, "utf-8-sig" if marked else "utf-8"
    try:
        text = data.decode(found, errors="replace" if lenient else "strict")
    except (UnicodeError, LookupError):
        said = "is" if encoding is not None else "begins like"
        raise InputError(
            f"{what} {said} {found.upper()} text, but is damaged or cut off; or it is of another encoding"
        ) from None
    return text.removeprefix("\ufeff").encode("utf-8", errors="replace"), found


def is_utf8(data: bytes, chunk: int = 2**24) -> bool:
    """Whether the bytes are UTF-8, without holding a decoded copy of the whole."""
    if data.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    try:
        for start in range(0, len(data), chunk):
            decoder.decode(view[start : start + chunk], start + chunk >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def _by_mark(data: bytes) -> str | None:
    return next((name for mark, name in _BOMS if data.startswith(mark)), None)


def _told(data: bytes, what: str) -> str:
    """The encoding of bytes without a mark, with a word to the user where it is not UTF-8."""
    head = data[:_SAMPLE_BYTES]
    if b"\0" in head:
        return _two_bytes_a_letter(head, what)
    if re.search(rb"\x1b\$[@B].*\x1b\(", head):  # in ASCII, between signs that turn letters over
        return _told_of("iso2022_jp", what)
    if is_utf8(data):
        return "utf-8"
    foreign = b"\n".join(re.findall(rb"[^\r\n]*[\x80-\xff][^\r\n]*", data[: 64 * _SAMPLE_BYTES])[:2000])
    foreign = foreign or data[-_SAMPLE_BYTES:]
    controls = len(_CONTROLS.findall(foreign))
    if controls > 0.01 * len(foreign):
        raise InputError(_no_text(what))
    right = len(re.findall(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}", foreign))
    if right > 9 * _n_damaged(foreign):
        raise InputError(f"{what} is UTF-8 text, but damaged in places: save it anew")
    scores = sorted(((score(foreign), name) for name, score in _SCORES.items()), reverse=True)
    (best, name), (second, other) = scores[:2]
    clear = best >= _LEAST_SCORE and (best - second >= _LEAST_LEAD or _is_narrower(name, other, foreign))
    if not clear:
        likely = [n for score, n in scores if score > 0.5][:4]
        likely = [*(likely or ["cp1252"]), *_NEVER_TOLD]
        raise InputError(
            f"{what} is not UTF-8, and its encoding cannot be told for sure: save it as UTF-8, or say which it is with "
            f"encoding ({' or '.join(f'--encoding {n}' for n in likely)})"
        )
    return _told_of(name, what)


def _told_of(name: str, what: str) -> str:
    """The name of an encoding, of which the user is told."""
    warnings.warn(
        f"{what} is not UTF-8; it was read as {_NAMES.get(name, name)}. If letters look wrong, convert it to UTF-8 or "
        "say its encoding",
        LikewiseWarning, stacklevel=2,
    )  # fmt: skip
    return name


def _no_text(what: str) -> str:
    return f"{what} holds binary data, not a table; give CSV, TSV, Parquet, Arrow, Excel or JSON lines"


def _two_bytes_a_letter(head: bytes, what: str) -> str:
    """UTF-16 without a mark: the upper byte of plain letters and line ends is 0."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    controls = len(_CONTROLS.findall(head))
    if 100 * controls < len(head) and controls <= 2 * (even + odd):  # of UTF-16 each delimiter and digit has one
        line = head.count(b"\n", 0, head.index(0)) + 1
        raise InputError(
            f"{what} holds NUL bytes (00) among its text, the first in line {line}: it was damaged, or cells hold "
            "binary data; take them out"
        )
    name = "utf-16-le" if odd > even else "utf-16-be"
    try:
        text = head[: len(head) // 2 * 2].decode(name)
    except UnicodeDecodeError:
        text = ""
    odd_ones = sum(c < " " and c not in "\t\r\n\x01\x1f\x1a" for c in text[:4096])
    if not text or odd_ones or max(even, odd) < 9 * min(even, odd) or not {"\n", "\r"} & set(text):
        raise InputError(_no_text(what))
    return name


def _n_damaged(data: bytes) -> int:
    """How often the bytes leave UTF-8's form."""
    return data.decode("utf-8", errors="replace").count("\ufffd")


def _is_narrower(name: str, other: str, data: bytes) -> bool:
    """Whether both encodings fit, and many letters keep to the part that the narrower one has."""
    narrow = [n for n in ("cp949", "euc_jp", "gb18030") if n in (name, other)]
    letters = {c for c in data.decode(name, errors="ignore") if ord(c) > 127}
    return len(narrow) == 2 and narrow[0] == name and len(letters) >= _MANY_LETTERS


# ---- how well the letters of an encoding fit ---------------------------------------------------------------------


_SIGNS = {bytes([code]) for code in "°µ£§®©±²³º½\u00a0".encode("cp1252")}
_ALONE = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f](?![^\x00-\x7f])|(?<![^\x00-\x7f])[^\x00-\x7f](?=[a-z])")  # an accent


def _east_asian(name: str, own: str, leads: tuple[int, int], kana: bool = False) -> Callable[[bytes], float]:
    """The share of different letters that are among the everyday ones of the script.

    Args:
        name: the encoding to read by.
        own: the standard whose first bytes order the letters by how common they are.
        leads: first bytes of the everyday letters.
        kana: whether Japanese syllables are letters of it.
    """

    def usual(letter: str) -> bool:
        if letter in "，。、：；！？（）《》“”‘’・ー　％￥…—" or "\uff10" <= letter <= "\uff5a":
            return True
        if "\u3040" <= letter <= "\u30ff":
            return kana
        code = letter.encode(own, errors="ignore")
        return len(code) == 2 and leads[0] <= code[0] <= leads[1]

    def score(data: bytes) -> float:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            return 0.0
        upper = re.findall(rb"[\x80-\xff]", data)
        in_words = 2 * len(re.findall(rb"[\x80-\xff][a-z]{2}", data)) >= len(upper)
        if (in_words or set(upper) <= _SIGNS) and not re.search(rb"[\x80-\xff]{2}", data):
            return 0.0  # Latin letters in words, or "°C"
        if 2 * len(_ALONE.findall(text)) >= len(re.findall(r"[^\x00-\x7f]+", text)) > 0:
            return 0.0
        letters = {c for c in text if ord(c) > 127}
        if not any(map(str.isalpha, letters)):
            return 0.0
        return sum(map(usual, letters)) / max(len(letters), 1)

    return score


_WORD = re.compile(r"[^\W\d_]+")


def _alphabet(name: str, frequent: str) -> Callable[[bytes], float]:
    """How well words fit an alphabet: of its letters alone, in the usual case, and of the frequent ones often."""

    def score(data: bytes) -> float:
        text = data.decode(name, errors="replace")
        if "\ufffd" in text or re.search(r"[\x80-\x9f\u2500-\u259f]", text):
            return 0.0
        words = {w for w in _WORD.findall(text) if not w.isascii()}
        foreign = "".join(words)
        if len(foreign) < 6:
            return 0.0
        own = sum(c.lower() in frequent or c.isascii() for c in foreign) / len(foreign)
        regular = sum(1.0 if w.islower() or w.istitle() else 0.8 * w.isupper() for w in words) / len(words)
        letters_apart = len(re.findall(r"[^\W\d_][\u0080-\u00bf\u2010-\u2070][^\W\d_]", text)) / len(words)
        mostly_own = sum(not c.isascii() for c in foreign) > 0.6 * len(foreign)
        return max(0.0, 0.55 * min(1.0, own / 0.75) + 0.45 * regular - letters_apart) if mostly_own else 0.0

    return score


_WESTERN = set("àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿßœšžÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞŸŒŠŽƒªº")
# Letters that no one language of Western Europe has together, but that Czech, Hungarian or Turkish would show as.
_STRANGERS = (("ø", "ìèùò"), ("õ", "öü"))
# Icelandic and Faroese alone have the first, never without some of the second, nor with other letters than the third.
# Turkish, Baltic, Romanian and Croatian letters show as the first too.
_ICELANDIC = (set("ðþý"), set("áéíóúæ"), set("ðþýáéíóúæöøåä"))
_OTHERS = re.compile(r"(?i:ø.*[áíýú]|[áíýú].*ø)|^È[^\W\d_]|\dø")
"""What Czech words and degrees of DOS show as: "Pøíbram", "Èapek", "20øC"."""
_L = r"[^\W\d_]"
_SELDOM = re.compile(
    rf"""
    ¤ | {_L}[‚„‡ˆ‘¯] | [®¦]{_L} | [€£¥][a-zß-ÿ] | \d\ ?Û\b | \d\ ?æ[glmsAVF]?\b | \bnø\b  # Bärbel, £5, 5 µg, 5 €, n°
    | (?<!\w)[ÑñŒœŠšŽžŸƒÛ]\d | [¸¬¨´¯]\d | \d[¡¿¦§¶] | (?<!\w)[À-Þ][A-Z][a-z]           # ±5, ©20, 20°, ¡Sí
    | {_L}[†‰˜¡¢£¦§¨¬±´¶¸¿¼½¾ƒ‹•–—](?!\w) | (?![kmMT]€){_L}€(?!\w)                        # Gruß, Zoë, Perù
    | (?<!\w)[†‡‰ˆ˜™¢¥¦¨¬\xad¯±´¸¼½¾ƒªº¹²³]{_L} | {_L}[–—“”„™˜ƒ›][a-zß-ÿ]                 # Übung, Čapek, niño
    | (?<!\w)’(?!(?:s|t|n|em|tis|twas|d|ll|re|ve|cause|til)\b)[a-z] | {_L}{{3}}[²³¹]      # Æsop, Michał
    | {_L}{{3}}(?<!qu|ll|un|rd|st)’(?!(?:s|t|d|m|n|ll|re|ve|hui|clock)\b)[a-zß-ÿ]+        # Martínez
    | [ùì][a-z] | [aeuy]ù | Ù[a-z] | ç[eiéèí] | aá | [eiou]áe | [aeiou]á\b | oä | iæ | œ\b # Straße, Košice, Ćosić
    | (?<!\w)(?:[Ãû]|ë[aou]|á[aeiou])                                                    # Żaneta, Žarko, Šibenik
    """,
    re.VERBOSE,
)
"""What DOS, a Macintosh, ISO-8859-2 and -15, and Windows of other languages show as, and Western words hardly hold."""
_CAPITAL_INSIDE = re.compile("[a-zß-ÿ][À-ÖØ-ÞŠŒŽŸ]|[^\\W\\d_][À-ÖØ-ÞŠŒŽŸ][a-zß-ÿ]")  # small letters of a Macintosh
_NEVER_TOLD = ("cp1250", "cp1254", "cp1256", "cp1257", "iso8859_15", "iso8859_2", "cp850", "cp852", "mac_roman")


def _western(data: bytes) -> float:
    """How well the text is Western European: now and then an accent among plain letters, signs outside of words."""
    text = data.decode("cp1252", errors="replace")
    words = {w for w in re.findall(r"\w+", re.sub(r"\bµ", "", text)) if not w.isascii()}
    if "\ufffd" in text:
        return 0.0
    if any(_OTHERS.search(w) for w in words):
        return 0.8
    letters = {c for c in "".join(words).lower() if not c.isascii()}
    if any(letters & set(one) and letters & set(two) for one, two in _STRANGERS):
        return 0.8
    if ("õ" in letters and not letters & set("ãç")) or (letters in ({"š"}, {"ž"}) and not _are_slavic(words)):
        return 0.8  # no Portuguese, but Hungarian or Estonian; "Kšln" of a Macintosh, which "Miloš" is not
    own, vowels, nordic = _ICELANDIC
    if letters & own and not (letters & vowels and letters <= nordic):
        return 0.8
    inside = len(re.findall(r"[^\W\d_][\u0080-\u00a9\u00ab-\u00b6\u00b8-\u00bf\u2020-\u2039€][^\W\d_]", text))
    broken = inside + sum(not set(w) - set("²³¹¼½¾") <= _WESTERN | {c for c in w if c.isascii()} for w in words)
    broken += sum(bool(re.search(r"[²³¹][^\W\d_]|[^\W\d_][²³¹][^\W\d_]", w)) for w in words)
    broken += 0 if re.search("[“”„»«]\\w", text) else len(re.findall("\\w”", text))
    broken += len(_SELDOM.findall(text)) + abs(text.count("«") - text.count("»"))
    broken += len(re.findall(r"[^\W\d_s]’(?!\w)", text)) * ("‘" not in text)
    broken += len(re.findall(r"[^\W\d_]“", text)) * ("„" not in text)
    broken += sum(_CAPITAL_INSIDE.search(w) is not None for w in words)
    runs = sum(len(w) > 1 and sum(c.isascii() for c in w) < 0.4 * len(w) for w in words)
    alone = len(re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", data))
    rows_of_them = len(re.findall(rb"[\x80-\xff]{2,}", data)) > max(1, alone)
    return 1.0 - min(1.0, float(broken + runs) / max(len(words), 1) * 2 + 0.5 * rows_of_them)


def _are_slavic(words: set[str]) -> bool:
    """Whether most š and ž of words stand where they do in Slavic names, and hardly the ö of a Macintosh: before a
    vowel, at the end behind one, or as a capital in front."""
    return sum(re.search("[šŠžŽ][aeiou]|[aeiouáéíóú][šž]$|^Š", w) is not None for w in words) >= 0.6 * len(words)


def _hebrew(data: bytes) -> float:
    words = {w for w in re.findall(r"\w+", data.decode("cp1255", errors="replace")) if not w.isascii()}
    return sum(len(w) > 1 and all("\u05d0" <= c <= "\u05ea" for c in w) for w in words) / max(len(words), 1)


_RUSSIAN, _GREEK = "оеаинтсрвлкмдпуя", "αοιετνησρκλπυμςάίόέήγδ"
_SCORES: dict[str, Callable[[bytes], float]] = {
    "gb18030": _east_asian("gb18030", "gb2312", (0xB0, 0xD7)),
    "big5": _east_asian("big5", "big5", (0xA4, 0xC6)),
    "cp932": _east_asian("cp932", "cp932", (0x88, 0x98), kana=True),
    "euc_jp": _east_asian("euc_jp", "euc_jp", (0xB0, 0xCF), kana=True),
    "cp949": _east_asian("cp949", "euc_kr", (0xB0, 0xC8)),
    "cp1251": _alphabet("cp1251", _RUSSIAN),
    "koi8_r": _alphabet("koi8_r", _RUSSIAN),
    "cp866": _alphabet("cp866", _RUSSIAN),
    "iso8859_5": _alphabet("iso8859_5", _RUSSIAN),
    "cp1253": _alphabet("cp1253", _GREEK),
    "cp1255": _hebrew,
    "cp1252": _western,
}
