"""Names of people that no list holds: told by how texts look, and by what their column's name leaves open.

A level that enough rows have is drawn as it is, though all of these rows may be one person's. So what may well be names
is taken for names: the less the column's name tells of people, the more the texts must look so.
"""

from __future__ import annotations

import polars as pl

from likewise.schema.keys import ATTRIBUTES, COUNTED, GROUPS, PEOPLE, THINGS
from likewise.schema.vocabulary import words

_DOERS = frozenset({"by", "von", "durch", "par", "por"})
"""Last words of "created by"."""
_WAYS = _DOERS | {"to", "from", "an", "a", "à", "de", "da"}
"""And of "assigned to" and of letters "from" and "to", which may tell of places too."""
_BARE = frozenset(words("headings.bare_names"))
_TOLD = (COUNTED | GROUPS | THINGS | ATTRIBUTES) - PEOPLE - _WAYS - _BARE - {"label"}
"""What a column holds that is none of people's names."""
_NEVER = sorted(words("names.never"))

_SMALL = (
    r"(?:(?:de|da|do|dos|das|du|del|della|di|la|le|los|las|van|von|vom|zu|zur|den|der|ten|ter|te|het|bin|ibn|bint|binti|"
    r"al|el|ben|abu|y|e|af|av) )"
)
_REST = r"[\p{L}\p{M}'’.\-]*"
_CAPITAL, _ANY = rf"[\p{{Lu}}\p{{Lt}}]{_REST}", rf"\p{{L}}{_REST}"
_SEVERAL = rf"^{_SMALL}*{_CAPITAL}(?:,? {_SMALL}*{_CAPITAL}){{1,3}}$"
_SEVERAL_ANY = rf"^{_ANY}(?:,? {_ANY}){{1,4}}$"
_ONE = r"^\p{L}[\p{Ll}\p{M}'’\-]{1,14}$|^\p{Lu}{3,12}$"
_JOINT = r" (?:&|\+|and|und|et|y) "
"""Between those who share an account."""
_TITLE = (
    r"^(?:(?i:dr|prof|dott|dra|mr|mrs|ms|herrn?|frau|hr|fr|sra?|mme|mlle|m|sig|sig\.ra|dipl|ing|med|dent|phil|pd|г-н|г-жа"
    r"|проф|д-р)\.?[ -])+"
)
_DEGREE = r",? (?:M\.?D\.?|Ph\.?D\.?|D\.?O\.?|R\.?N\.?|N\.?P\.?|Esq\.?|M\.?Sc\.?|MBA)$"
"""What stands before and behind the names of people, of one word too."""
_PLACE = r"^(?i:san|santa|los|las|new|fort|port|saint|st\.?|bad|mount|lake|rio|north|south|east|west) "
"""What names of places begin with, and those of people seldom."""


def may_be_names(parts: list[str], texts: pl.Series) -> bool:
    """Whether texts may well be names of people, of two to four words.

    Args:
        parts: the words of the column's name.
        texts: (k,) distinct.

    Example:
        >>> strange = pl.Series(["Tjark Uphoff", "Okka Prigge", "Wiebke Dreesen", "Enno Czerny"])
        >>> [may_be_names([heading], strange) for heading in ("owner", "city")]
        [True, False]
    """
    if tells_of_people(parts):
        of_nobody_else = parts[-1] not in _WAYS or (len(parts) > 1 and parts[-1] in _DOERS)
        titled = texts.str.contains(f"{_TITLE}|{_DEGREE}").mean() >= 0.3  # type: ignore[operator]
        texts = texts.str.replace(_JOINT, " ").str.replace(_TITLE, "").str.replace(_DEGREE, "")
        if of_nobody_else and len(texts) >= 10 and _are(texts, _ONE, 0.9):
            return True
        if of_nobody_else and titled and len(texts) >= 3 and _are(texts, f"{_ONE}|{_SEVERAL_ANY}", 0.9):
            return True
        few, is_way = len(texts) < 3, parts[-1] in _WAYS - _DOERS
        if is_way and (few or texts.str.contains(_PLACE).mean() >= 0.2):  # type: ignore[operator]
            return False
        return _are(texts, _SEVERAL if few else _SEVERAL_ANY, 1.0 if few else 0.6) and _vary(texts, 5)
    is_bare = set(parts) <= _BARE
    least, share = (5, 0.9) if is_bare else (10, 0.95)
    if _TOLD & set(parts) or len(texts) < least:
        return False
    has_no_capitals = is_bare and texts.str.contains(r"^[\p{Lo}\p{M}\s]+$").all()
    return _are(texts, _SEVERAL_ANY if has_no_capitals else _SEVERAL, share) and _vary(texts, 8)


def tells_of_people(parts: list[str]) -> bool:
    """Whether a column's name ends in a word for people, or for what they have done."""
    whose = parts[:-1] if len(parts) > 1 and parts[-1] in _BARE else parts[-1:]
    return any({part, part.removesuffix("s")} & (PEOPLE | _WAYS) for part in whose)


def _are(texts: pl.Series, form: str, share: float) -> bool:
    """Whether such a share of the texts are of a form, and hold no word that names of people never do."""
    fits = texts.filter(texts.str.contains(form))
    if len(fits) < share * len(texts):
        return False
    each = fits.str.to_lowercase().str.replace_all(r"[.,]", "").str.split(" ")
    return len(texts) * share <= int((~each.list.eval(pl.element().is_in(_NEVER)).list.any()).sum())


def _vary(texts: pl.Series, most: int) -> bool:
    """Whether first and last words are many (half as many as texts, or `most`), and no one of them is everywhere."""
    words_of = texts.filter(texts.str.contains(" ")).str.split(" ")
    for end in (words_of.list.first(), words_of.list.last()):
        rows = end.value_counts()["count"]
        if len(end) < 3 and len(rows) < len(end):
            return False
        if len(rows) < min(most, 0.5 * len(end)) or (rows > max(2.0, 0.4 * len(end))).any():
            return False
    return True
