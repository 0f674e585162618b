"""Names of people: which columns hold them, and words of which new ones are made."""

from __future__ import annotations

import unicodedata

import polars as pl

from likewise.schema.identifiers.unlisted import may_be_names, tells_of_people
from likewise.schema.keys import OWNERS, THINGS
from likewise.schema.semantics import Semantic
from likewise.schema.vocabulary import table, words


def without_marks(word: str) -> str:
    """The letters without accents: "José" is written "Jose" by many."""
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


GIVEN = sorted({*words("names.given")})
_GIVEN_KNOWN = sorted({*map(without_marks, GIVEN)})
_FAMILY_KNOWN = sorted({*map(without_marks, words("names.family"))} - {"de"})
_KNOWN = sorted({*_GIVEN_KNOWN, *_FAMILY_KNOWN})
CHINESE_FAMILY = "".join(words("names.chinese_family"))
_KOREAN_FAMILY = "".join(words("names.korean_family"))
_JAPANESE_FAMILY = list(words("names.japanese_family"))
CHINESE_GIVEN = "".join(words("names.chinese_given"))

_STRONG = [hint.split() for kind in ("given", "family", "whole") for hint in words(f"headings.{kind}_names")]
_JOINTS = {"and", "und", "et", "y", "e"}
_WHOLE = [hint.split() for hint in words("headings.whole_names")]
_PARTS = {
    Semantic.FIRST_NAME: [["first"], ["given"], ["middle"], *(hint.split() for hint in words("headings.given_names"))],
    Semantic.LAST_NAME: [["last"], ["family"], *(hint.split() for hint in words("headings.family_names"))],
}
_BARE = frozenset(words("headings.bare_names"))
_OTHERS = frozenset(words("headings.people"))
_AROUND = frozenset(words("headings.around_names"))
"""Words beside "name" and whose it is that say no more: "name of the student", "father's name", "card holder name"."""
_PARTS_OF_A_NAME = frozenset({"first", "last", "middle", "given"})
_LOGIN_STEMS = frozenset({"user", "users", "benutzer", "nutzer"})
_DOERS = frozenset({"by", "to", "von", "durch", "par", "por"})
"""Last words of "created by" and "assigned to"."""

_LETTERS = r"^[\p{L}\p{M}'’.,\- ]{2,60}$|^[\p{Han}\p{Hangul}]$"
_BEFORE, _BEHIND = r"^#?\d+[.):]? +", r"[,;]?[ \n]*(?:[(\[<#/|].*|[-–—]? ?\d[\d./-]*)$"
"""A number before a name, and what tells more of who it is: `Meyer, Anna (55)`, `Anna Meyer #431`."""
_WORDS = r"^\p{Lu}[\p{L}\p{M}'’.\-]*(,? \p{L}[\p{L}\p{M}'’.\-]*){1,4}$"
_ONE_OR_MORE = r"^[\p{L}\p{M}'’.\-]+(,? \p{L}[\p{L}\p{M}'’.\-]*){0,4}$"
_EASTERN = r"^[\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}]{2,4}(?:[ \u3000][\p{Han}\p{Hiragana}\p{Katakana}]{1,3})?$"
_NO_PERSON = r"(?i)\b(name|date|id|no|number|code|type|sales|total|count|amount|price|rate|share|score|status)\b"
"""Words of headings that people do not have."""
_TITLES = r"\b(mr|mrs|ms|miss|dr|prof|herr|frau|sir|dipl|ing|med|phil|sr|sra|mme|m)\b\.?"
_GREAT_CHINESE = [*"王李张刘陈張劉陳"]
"""Family names of a third of all Chinese, with which few other words begin."""
WITH_INITIALS = (
    r"^(?:\p{Lu}\p{Ll}[\p{L}'’\-]*,? (?:\p{Lu}\.[ \-]?){1,3}|(?:\p{Lu}\.[ \-]?){1,3}\p{Lu}\p{Ll}[\p{L}'’\-]*"
    r"(?: \p{Lu}\p{Ll}[\p{L}'’\-]*)?)$"
)
"""`Smith J.`, `J. R. Smith`; species have a small word behind (`E. coli`)."""
_ADDRESSED = (
    r"^(?:(?:(?i:dr|prof|dott|dra|mr|mrs|ms|herrn?|frau|hr|fr|sra|srta|señora?|mme|mlle|monsieur|madame|don|doña|dhr|mevr|"
    r"pani?|bay|rev|pastor|schwester|pfleger|familie|fam|sig|sig\.ra|г-н|г-жа|доктор)\.? )+\p{Lu}[\p{L}\p{M}'’\-]+"
    r"(?: \p{Lu}[\p{L}\p{M}'’.\-]*){0,3}"
    r"|\p{Lu}[\p{L}\p{M}'’\- ]*, (?i:mr|mrs|ms|miss|master|dr|prof|herr|frau|mme|mlle|sra?|rev|sir|capt|col)\.? .*"
    r"|\p{Han}{1,3}(?:先生|女士|小姐|老师|教授|医生|医师|医師|主任|同学|师傅|様|氏|さん))$"
)
_PLACE_ENDS = r"[村庄莊镇鎮乡鄉市县県區区路街店屯营寨沟山河湖町駅省州厂司校院]$"


def looks_like_names(parts: list[str], texts: pl.Series, *, beside: bool = False) -> bool:
    """Whether a column holds names of people, or parts of them: by the words of its name, and its texts.

    A name that can be nothing else ("surname") needs letters only. A bare "name", or nothing but an owner ("operator"),
    may be that of a product or a machine: there the texts must look like people's, in one word or several. Under any
    other name they must be full names, given and family name both, or look like names that no list holds.

    Args:
        parts: the words of the column's name.
        texts: (k,) distinct.
        beside: whether another column of the table holds a part of people's names: a bare "nom" beside "prénom" holds
            the rest.
    """
    if not len(texts):
        return False
    if texts.str.contains(_LETTERS).mean() < 0.9:  # type: ignore[operator]
        return (tells_of_people(parts) and may_be_names(parts, texts)) or _are_names_and_more(parts, texts)
    if _are_written_as_names(texts):
        return True
    parts = [split for part in parts for split in _split(part)]
    if names_a_person(parts) or (beside and is_a_name(parts)):
        return True
    said, parts = parts, [part for part in parts if part not in _AROUND] or parts
    if names_a_person(parts) or (parts[-1:] and parts[-1] in _PARTS_OF_A_NAME and is_a_name(["name", *parts[:-1]])):
        return True
    whose = is_a_name(parts) and len(parts) > 1  # "patient name": in any language, unlike the name of a machine
    if whose and _look_human(texts, 0.1 if (THINGS | {"household"}) & set(parts) else 0.0):
        return True
    bare = is_a_name(parts) or set(parts) <= OWNERS | _OTHERS or (len(parts) > 1 and parts[-1] in _DOERS)
    if parts and bare and _look_human(texts, 0.4):
        return True
    return _are_full_names(texts) or may_be_names(said, texts)


def _are_names_and_more(parts: list[str], texts: pl.Series) -> bool:
    """Whether distinct texts are names with a number before or behind each, or brackets."""
    if _bare(texts.head(50)).str.contains(_LETTERS).mean() < 0.9:  # type: ignore[operator]  # as most columns of texts end here
        return False
    names = _bare(texts).unique()
    if not len(names) or names.str.contains(_LETTERS).mean() < 0.9:  # type: ignore[operator]
        return False
    if names_a_person(parts) or _are_written_as_names(names):
        return True
    return _are_full_names(names) or (tells_of_people(parts) and may_be_names(parts, names))


def _bare(texts: pl.Series) -> pl.Series:
    return texts.str.replace(_BEFORE, "").str.replace(_BEHIND, "")


def _are_written_as_names(texts: pl.Series) -> bool:
    """Whether distinct texts are written as only people's names are: with initials, or as one addresses people."""
    if len(texts) < 3:
        return False
    initials, addressed = (texts.str.contains(form) for form in (WITH_INITIALS, _ADDRESSED))
    if addressed.mean() >= 0.9:  # type: ignore[operator]
        eastern = texts.str.contains(r"^\p{Han}")
        family = texts.str.slice(0, 1).is_in([*CHINESE_FAMILY, *_GREAT_CHINESE]) | texts.str.slice(0, 2).is_in(
            _JAPANESE_FAMILY
        )
        return bool((family | ~eastern).mean() >= 0.5)  # type: ignore[operator]
    if initials.mean() < 0.9:  # type: ignore[operator]
        return False
    words, letters = texts.str.extract(r"(\p{Lu}\p{Ll}[\p{L}'’\-]*)"), texts.str.extract(r"(\p{Lu})\.")
    # "N. Korea" and "S. Main" are places; of "Gruppe A." there is one word.
    return words.n_unique() >= 3 and bool((~letters.is_in([*"NSEW"])).mean() >= 0.5)  # type: ignore[operator]


def _split(part: str) -> list[str]:
    """The parts of a German compound: "kundenname" is the name of somebody, "benutzername" a login."""
    for word, whole in (("name", "name"), ("氏名", "名前"), ("名", "名前")):
        stem = part.removesuffix(word)
        if stem != part and stem in (OWNERS | _OTHERS) - _LOGIN_STEMS:
            return [stem, whole]
    return [part]


def _are_full_names(texts: pl.Series) -> bool:
    """Whether distinct texts are full names beyond doubt, whatever their column is called.

    Of two to four words the first must be a known given name and the last a known family name, or the other way round:
    in most of five texts, or, as no list holds all names, in one of ten where two in five begin or end with a given
    name.
    """
    if texts.str.contains(_EASTERN).mean() > 0.9:  # type: ignore[operator]
        return _are_eastern_names(texts.str.replace_all(r"\s", ""))
    if len(texts) < 5:
        return False
    words = _plain(texts).str.replace_all(_TITLES, "").str.replace_all(r"[,. ]+", " ").str.strip_chars().str.split(" ")
    several = words.list.len().is_between(2, 4)
    first, last = words.list.first(), words.list.last()
    given = [several & word.is_in(_GIVEN_KNOWN) for word in (first, last)]
    family = [word.is_in(_FAMILY_KNOWN) for word in (last, first)]
    full = (given[0] & family[0]) | (given[1] & family[1])
    share, begun = float(full.mean()), float((given[0] | given[1]).mean())  # type: ignore[arg-type]
    if int(full.sum()) < 5 or several.mean() < 0.8:  # type: ignore[operator]
        return False
    return share > 0.5 or (len(texts) >= 20 and share >= 0.1 and begun >= 0.4)


def _are_eastern_names(texts: pl.Series) -> bool:
    """Whether texts of two to four characters begin with family names as those of people do: of ten and more most, of
    fewer every one, and a third with the most frequent ones."""
    places = texts.str.contains(_PLACE_ENDS).mean()
    if len(texts) < 3 or places > 0.1 or texts.str.slice(-2).n_unique() < 0.5 * len(texts):  # type: ignore[operator]
        return False
    heads = texts.str.slice(0, 1)
    chinese = heads.is_in([*CHINESE_FAMILY, *_GREAT_CHINESE])
    if len(texts) < 10:
        great = heads.is_in(_GREAT_CHINESE).sum() >= max(2, len(texts) / 3)
        return bool(chinese.all() and great and heads.n_unique() > len(texts) / 2 and texts.str.len_chars().max() <= 3)  # type: ignore[operator]
    if (texts.str.len_chars() <= 3).mean() > 0.9 and chinese.mean() >= 0.7:  # type: ignore[operator]
        return bool(heads.is_in(_GREAT_CHINESE).mean() >= 0.15 and heads.n_unique() >= 5)  # type: ignore[operator]
    japanese = texts.str.slice(0, 2).is_in(_JAPANESE_FAMILY) & (texts.str.len_chars() > 2)
    return bool(japanese.mean() >= 0.5 and texts.str.slice(0, 2).n_unique() >= 5)  # type: ignore[operator]


def are_called_like_people(names: list[str]) -> list[str]:
    """The names of columns that are names of people, as the headings of a table turned on its side are: of two to four
    words, or one, most of which begin with a given name, three different ones or more; or as Chinese names are written.

    Example:
        >>> are_called_like_people(["day", "Alice Meyer", "Bob Stone", "Carla Wei", "First Name", "Total Sales"])
        ['Alice Meyer', 'Bob Stone', 'Carla Wei']
    """
    texts = pl.Series(names, dtype=pl.String)
    eastern = texts.filter(texts.str.contains(_EASTERN))
    called = eastern.filter(eastern.str.slice(0, 1).is_in([*CHINESE_FAMILY, *_GREAT_CHINESE]))
    if len(called) >= len(eastern) / 2 and _are_eastern_names(called):
        return called.to_list()
    words = _plain(texts).str.replace_all(_TITLES, "").str.replace_all(r"[_. ]+", " ").str.strip_chars().str.split(" ")
    given = pl.when(texts.str.contains(",")).then(words.list.last()).otherwise(words.list.first())
    table = pl.DataFrame({"text": texts, "n": words.list.len()}).with_columns(given=pl.select(given).to_series())
    letters = pl.col("text").str.contains(r"^[\p{L}\p{M}'’.,_\- ]{2,60}$")
    for n in (pl.col("n").is_between(2, 4), pl.col("n") == 1):
        some = table.filter(n & letters)
        known = some.filter(pl.col("given").is_in(_GIVEN_KNOWN))
        if known["given"].n_unique() >= 3 and len(known) >= len(some) / 2:
            called = (known if (known["n"] == 1).all() else some)["text"]
            return called.filter(~called.str.contains(_NO_PERSON)).to_list()
    return []


def part_of_names(parts: list[str], texts: pl.Series) -> Semantic:
    """Whether names of people are first names, last names, or both: by the words of their column's name, or by what is
    known of single words.

    Example:
        >>> part_of_names(["vorname"], pl.Series(["Jo"])), part_of_names(["name", "last"], pl.Series(["Wei"]))
        (<Semantic.FIRST_NAME: 'first_name'>, <Semantic.LAST_NAME: 'last_name'>)
    """
    if _JOINTS & set(parts) or any(parts[-len(hint) :] == hint for hint in _WHOLE):
        return Semantic.NAME
    if "名字" in parts and script_of(texts) == "kanji":
        return Semantic.LAST_NAME  # of a Chinese it is the given name
    for semantic, hints in _PARTS.items():
        if any(parts[at : at + len(hint)] == hint for hint in hints for at in range(len(parts))):
            return semantic
    if texts.str.contains(r"\S[\s,.]+\S").mean() > 0.1 or texts.str.contains(_EASTERN).mean() > 0.5:  # type: ignore[operator]
        return Semantic.NAME
    given, family = (_plain(texts).is_in(known).mean() or 0.0 for known in (_GIVEN_KNOWN, _FAMILY_KNOWN))
    if max(given, family) < 0.4 or is_a_name(parts):  # type: ignore[operator]
        return Semantic.NAME
    return Semantic.FIRST_NAME if given >= family else Semantic.LAST_NAME  # type: ignore[operator]


def names_a_person(parts: list[str]) -> bool:
    """Whether the words of a column's name say that it holds people's names, or parts of them, and nothing else."""
    return any(parts[-len(hint) :] == hint for hint in _STRONG)


def is_a_name(parts: list[str]) -> bool:
    """Whether the words of a column's name say "name", and of nothing but somebody: not that of a product."""
    return bool(_BARE & set(parts)) and set(parts) <= _BARE | OWNERS | _OTHERS


def _plain(texts: pl.Series) -> pl.Series:
    """In small letters, without accents: as known names are listed."""
    return texts.str.to_lowercase().str.normalize("NFD").str.replace_all(r"\p{M}", "")


def _look_human(texts: pl.Series, share: float) -> bool:
    """Whether enough of the texts are words of which one is known as a name, or begin as names of East Asia do; where
    none need be known, two words at least."""
    eastern = texts.filter(texts.str.contains(_EASTERN))
    if len(eastern) >= 0.8 * len(texts):
        families = [*CHINESE_FAMILY, *_KOREAN_FAMILY, *_JAPANESE_FAMILY]
        begins = eastern.str.slice(0, 1).is_in(families) | eastern.str.slice(0, 2).is_in(families)
        return bool(begins.mean() >= 0.6)  # type: ignore[operator]
    words = texts.filter(texts.str.contains(_ONE_OR_MORE if share else _WORDS))
    if len(words) < 0.8 * len(texts):
        return False
    known = _plain(words).str.replace_all("[,.]", " ").str.split(" ").list.eval(pl.element().is_in(_KNOWN)).list.any()
    return bool(known.mean() >= share)  # type: ignore[operator]


_SCRIPTS = {
    "cyrillic": r"\p{Cyrillic}", "greek": r"\p{Greek}", "hangul": r"\p{Hangul}", "katakana": r"^[\p{Katakana}ー\s]+$",
    "hiragana": r"^[\p{Hiragana}\s]+$", "kanji": r"[\p{Hiragana}\p{Katakana}]",
}  # fmt: skip


def script_of(texts: pl.Series) -> str:
    """The script in which names like these are made: of those of which there are pieces, or "latin"."""
    if len(texts) and texts.str.slice(0, 2).is_in(_JAPANESE_FAMILY).mean() > 0.3:  # type: ignore[operator]
        return "kanji"
    shares = {script: texts.str.contains(form).mean() or 0 for script, form in _SCRIPTS.items()}
    return next((s for s, n in shares.items() if n > (0.2 if s == "kanji" else 0.5)), "latin")  # type: ignore[operator]


def made_words(taken: frozenset[str], n: int, script: str = "latin") -> list[str]:
    """At most n invented family names of which none is among the words taken (in lower case), evenly chosen; of Korean
    ones the last syllable."""
    pieces = table(f"names.made_{script}")
    if script == "hangul":
        return [syllable for syllable in pieces["given"].split() if not any(syllable in word for word in taken)]
    heads, middles, tails = (pieces[part].split() or [""] for part in ("heads", "middles", "tails"))
    every = [f"{head}{middle}{tail}" for tail in tails for middle in middles for head in heads]
    free = [word for word in every if word.lower() not in taken]
    return free[:: max(1, len(free) // n)][:n]


def free_characters(taken: str) -> list[str]:
    """Characters for given names of Chinese that none of the names taken holds."""
    return [character for character in CHINESE_GIVEN if character not in taken]
