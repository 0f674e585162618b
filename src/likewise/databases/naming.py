"""What the names of tables and columns say of keys: in words of many languages, singular and plural, whole or short."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from likewise.schema.keys import ATTRIBUTES, COUNTED, PEOPLE, is_key_word, parts_of
from likewise.schema.vocabulary import words

_AROUND = frozenset(words("links.around"))
_ABOVE = frozenset(words("links.above"))
_CHIEFS = frozenset(words("links.chiefs"))
_DOERS = frozenset(words("links.doers"))
_CREWS = frozenset(words("links.crews"))
_PLACES = frozenset(words("links.places"))
_NUMBERS = frozenset(words("links.numbers"))
_PLAIN_KEYS = COUNTED | _PLACES
_PLAIN = COUNTED | _PLACES | _NUMBERS | ATTRIBUTES

FULL, PART, HINT, NONE = 3, 2, 1, 0
"""How much a column's name says of a key: it is the key's whole name; a table's or a part of it; a word for somebody
of that table; nothing."""

_GLUED = ("id", "key", "number")
"""Words for a key that may be glued to what it is the key of."""
_PLURALS = ("s", "es", "en", "n", "e", "er", "ы", "и", "а", "表", "们")
_TURNED = (
    ("ies", "y"),
    ("i", "o"),
    ("e", "a"),
    ("i", "e"),
    ("ves", "f"),
    ("eaux", "eau"),
    ("ões", "ão"),
    ("people", "person"),
)


@lru_cache(4096)
def _forms(word: str) -> frozenset[str]:
    """A word, and what it may be the plural of."""
    ends = {word[: -len(end)] for end in _PLURALS if word.endswith(end) and len(word) - len(end) >= 2 + end.isascii()}
    turned = {word[: -len(a)] + b for a, b in _TURNED if (word.endswith(a) and len(word) - len(a) >= 3) or word == a}
    return frozenset({word} | ends | turned)


def same(a: str, b: str) -> bool:
    """Whether two words are one, but for their number.

    Example:
        >>> [same(*pair) for pair in (("user", "users"), ("categories", "category"), ("kunde", "kunden"), ("a", "as"))]
        [True, True, True, False]
    """
    return a == b or a in _forms(b) or b in _forms(a)


def _same_words(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    return (len(a) == len(b) and all(map(same, a, b))) or same("".join(a), "".join(b))


def is_short_for(short: str, word: str) -> bool:
    """Whether a word is cut off, or written without some of its letters.

    Example:
        >>> is_short_for("cust", "customers"), is_short_for("dept", "department"), is_short_for("and", "android_id")
        (True, True, True)
    """
    if not 3 <= len(short) < len(word) or short[0] != word[0]:
        return False
    rest = iter(word)
    return all(letter in rest for letter in short)


@dataclass(frozen=True)
class TableName:
    """The words of a table's name, without what all tables of the database have around theirs."""

    words: tuple[str, ...]

    @property
    def heads(self) -> list[tuple[str, ...]]:
        """What it may be called in the name of a key: by all words, or the last alone if that says what it is, and not
        "type" or the like, which may be of anything."""
        says = len(self.words) > 1 and self.words[-1] not in _PLAIN
        return [self.words, self.words[-1:]] if says else [self.words]


def table_names(tables: Iterable[str]) -> dict[str, TableName]:
    """The words of each table's name.

    Example:
        >>> [name.words for name in table_names(["shop_orders_dataset", "shop_items_dataset", "shop_users"]).values()]
        [('orders',), ('items',), ('users',)]
    """
    names = list(tables)
    found = {name: tuple(parts_of(name)) or (name.lower(),) for name in names}
    common = set.intersection(*map(set, found.values())) if len(found) > 2 else set()
    drop = _AROUND | common
    return {name: TableName(tuple(w for w in parts if w not in drop) or parts) for name, parts in found.items()}


@lru_cache(8192)
def stem_of(column: str) -> tuple[str, ...]:
    """The words of a column's name without those that say that it is a key.

    Example:
        >>> stem_of("ArtistId"), stem_of("id_cliente"), stem_of("id"), stem_of("atom1_id")
        (('artist',), ('cliente',), (), ('atom',))
    """
    parts = parts_of(column)
    while parts and is_key_word(parts[-1]):
        parts = parts[:-1]
    while parts and is_key_word(parts[0]):
        parts = parts[1:]
    if parts and len(glued := parts[-1]) > 5 and glued not in ATTRIBUTES:
        tail = next((tail for tail in _GLUED if glued.endswith(tail) and len(glued) > len(tail) + 2), "")
        parts = [*parts[:-1], glued.removesuffix(tail)]
    return tuple(parts)


def names_key(column: str) -> bool:
    """Whether a name has a word that says it is a key."""
    parts = parts_of(column)
    return any(map(is_key_word, parts[-1:] + parts[:1])) or stem_of(column) != tuple(parts)


@lru_cache(8192)
def is_plain(column: str) -> bool:
    """Whether a name may stand in any table for something else: "id", "name", "year", "position"."""
    stem = stem_of(column)
    return set(stem) <= (_PLAIN_KEYS if names_key(column) else _PLAIN)


def names_many(column: str) -> bool:
    """Whether a name is a bare plural, which tells how many there are: "rooms", where "room" is one of them."""
    parts = parts_of(column)
    return bool(parts) and not names_key(column) and parts[-1].endswith("s") and not parts[-1].endswith("ss")


def orders_rows(column: str) -> bool:
    """Whether a name tells of a place in an order.

    Example:
        >>> [orders_rows(name) for name in ("line_no", "position_order", "sort", "units_on_order")]
        [True, True, True, False]
    """
    parts = parts_of(column)
    return bool(_PLACES & {*parts, *stem_of(column)}) or bool(_NUMBERS & set(parts[-1:]))


def names_own(column: str, table: TableName) -> int:
    """How much a column's name says that it is the key of its own table.

    Example:
        >>> album = table_names(["Album"])["Album"]
        >>> [names_own(name, album) for name in ("AlbumId", "id", "album", "ArtistId")]
        [3, 3, 2, 0]
    """
    stem = stem_of(column)
    if not stem:
        return FULL if names_key(column) else NONE
    if _same_words(stem, table.words):
        return FULL if names_key(column) else PART
    if names_key(column) and (any(same(w, stem[-1]) for w in table.words) or is_short_for(stem[-1], table.words[-1])):
        return PART
    return NONE


def names_parent(column: str, key: str, parent: TableName) -> int:
    """How much a column's name says that it holds the key of a table, maybe in a role: "billing_address_id".

    Args:
        column: of the child.
        key: the column of the parent.
        parent: its name.

    Example:
        >>> users = table_names(["users"])["users"]
        >>> [names_parent(name, "id", users) for name in ("user_id", "from_user_id", "user", "id", "usr_id", "amount")]
        [3, 3, 2, 0, 2, 0]
    """
    stem, own = stem_of(column), stem_of(key)
    if not stem:
        return NONE
    is_key = names_key(column)
    if own and not is_plain(key):
        in_role = not set(own) <= _PLAIN and (_ends(stem, own) or _leads(column, own))
        if in_role or _same_words(stem, own):
            return FULL
    for head in parent.heads:
        if _ends(stem, head) or _leads(column, head):
            return FULL if is_key and head == parent.words else PART
    if is_key and (is_short_for(stem[-1], parent.words[-1]) or is_short_for("".join(stem), "".join(parent.words))):
        return PART
    return NONE


def names_above(column: str) -> bool:
    """Whether a name tells of another row of the same table, such as a parent; "replies" are how many there are."""
    return bool(_ABOVE & set(parts_of(column))) and not names_many(column)


def names_chief(column: str, own: TableName) -> bool:
    """Whether a name tells of somebody above the rows of a table, which are people."""
    people = any(same(word, who) for word in own.words for who in PEOPLE)
    return people and bool(_CHIEFS & set(parts_of(column))) and not names_many(column)


def names_doer(column: str, parent: TableName) -> bool:
    """Whether a name tells of somebody who does something for the rows, and the table holds such."""
    return bool(_DOERS & set(parts_of(column))) and any(same(w, crew) for w in parent.words for crew in _CREWS)


def _ends(stem: tuple[str, ...], head: tuple[str, ...]) -> bool:
    """Whether a name ends in other words, whole."""
    return any(_same_words(stem[at:], head) for at in range(len(stem)))


def _leads(column: str, head: tuple[str, ...]) -> bool:
    """Whether a name begins with other words, and with the word for a key right behind them: "account_id_from", but not
    "order_status_id", which is none of an order."""
    parts = parts_of(column)
    return len(parts) > len(head) + 1 and is_key_word(parts[len(head)]) and _same_words(tuple(parts[: len(head)]), head)
