"""What a rule says, as plain values: terms over a row's cells, claims about them, and how each is written as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

KEYWORDS = frozenset(
    ("and", "or", "not", "is", "null", "in", "between", "from", "data", "one", "of", "unique", "true", "false")
)
BARE = re.compile(r"[^\W\d][\w.]*")
"""A name that needs no quotes, unless it is a keyword."""

Sign = Literal["<", "<=", "=", "!=", ">=", ">"]
TURNED: dict[Sign, Sign] = {"<": ">", "<=": ">=", "=": "=", "!=": "!=", ">=": "<=", ">": "<"}
"""Each sign as it reads from the right."""
_BY_FORCE: tuple[Sign, ...] = ("!=", "<", ">", "<=", ">=")


def quoted(name: str) -> str:
    """A column's name as a rule writes it: in double quotes where it is no plain word.

    Example:
        >>> quoted("price"), quoted("unit price"), quoted("from")
        ('price', '"unit price"', '"from"')
    """
    if BARE.fullmatch(name) and name.lower() not in KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


# ---- terms ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Name:
    """A column's cell."""

    name: str

    def __str__(self) -> str:
        return quoted(self.name)


@dataclass(frozen=True)
class Literal_:
    """A number, a text or a truth that stands in the rule."""

    value: int | float | str | bool

    def __str__(self) -> str:
        if isinstance(self.value, str):
            return "'" + self.value.replace("'", "''") + "'"
        return str(self.value).lower() if isinstance(self.value, bool) else repr(self.value)


@dataclass(frozen=True)
class Sum:
    """Terms added up, each with its sign; of texts, one after the other."""

    terms: tuple[Term, ...]
    signs: tuple[Literal[1, -1], ...]

    def __str__(self) -> str:
        parts = [
            ("- " if sign < 0 else "+ ") + _in_product(term) for term, sign in zip(self.terms, self.signs, strict=True)
        ]
        return " ".join(parts).removeprefix("+ ")


@dataclass(frozen=True)
class Product:
    """left * right, left / right or left % right."""

    sign: Literal["*", "/", "%"]
    left: Term
    right: Term

    def __str__(self) -> str:
        right = f"({self.right})" if isinstance(self.right, Sum | Product) else str(self.right)
        return f"{_in_product(self.left)} {self.sign} {right}"


@dataclass(frozen=True)
class Call:
    """A function of terms."""

    function: str
    arguments: tuple[Term, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


Term = Name | Literal_ | Sum | Product | Call


def _in_product(term: Term) -> str:
    return f"({term})" if isinstance(term, Sum) else str(term)


# ---- claims about one row --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compare:
    """Terms in a chain: each holds to each that follows it, so that a missing one in the middle sets no other free."""

    terms: tuple[Term, ...]
    signs: tuple[Sign, ...]

    def __str__(self) -> str:
        return str(self.terms[0]) + "".join(f" {s} {t}" for s, t in zip(self.signs, self.terms[1:], strict=True))

    def pairs(self) -> Iterator[tuple[Term, Sign, Term]]:
        """Each two terms, and how the first holds to the second.

        Example:
            >>> chain = Compare((Name("a"), Name("b"), Name("c")), ("<=", "<"))
            >>> [f"{x} {sign} {y}" for x, sign, y in chain.pairs()]
            ['a <= b', 'a < c', 'b < c']
        """
        for i, first in enumerate(self.terms):
            for j in range(i + 1, len(self.terms)):
                signs = self.signs[i:j]
                yield first, next((s for s in _BY_FORCE if s in signs), "="), self.terms[j]


@dataclass(frozen=True)
class IsNull:
    """A cell is missing."""

    term: Name

    def __str__(self) -> str:
        return f"{self.term} is null"


@dataclass(frozen=True)
class IsIn:
    """A cell holds one of some values."""

    term: Name
    values: tuple[Literal_, ...]

    def __str__(self) -> str:
        return f"{self.term} in ({', '.join(map(str, self.values))})"


@dataclass(frozen=True)
class Truth:
    """A cell of truth is true."""

    term: Name

    def __str__(self) -> str:
        return str(self.term)


@dataclass(frozen=True)
class Not:
    claim: Claim

    def __str__(self) -> str:
        if isinstance(self.claim, IsNull):
            return f"{self.claim.term} is not null"
        return f"not ({self.claim})"


@dataclass(frozen=True)
class Every:
    """All claims hold."""

    claims: tuple[Claim, ...]

    def __str__(self) -> str:
        return " and ".join(f"({c})" if isinstance(c, Some) else str(c) for c in self.claims)


@dataclass(frozen=True)
class Some:
    """At least one claim holds."""

    claims: tuple[Claim, ...]

    def __str__(self) -> str:
        return " or ".join(f"({c})" if isinstance(c, Every) else str(c) for c in self.claims)


Claim = Compare | IsNull | IsIn | Truth | Not | Every | Some


# ---- rules -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """A claim holds of every row; where there is a condition, of every row that meets it."""

    claim: Claim
    condition: Claim | None = None

    def __str__(self) -> str:
        return str(self.claim) if self.condition is None else f"{self.condition} -> {self.claim}"


@dataclass(frozen=True)
class FromData:
    """The cells of these columns stand together only as they do in the rows of enough people."""

    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{', '.join(map(quoted, self.columns))} from data"


@dataclass(frozen=True)
class ExactlyOne:
    """Of these columns of 0 and 1 exactly one is 1."""

    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"one of ({', '.join(map(quoted, self.columns))})"


@dataclass(frozen=True)
class Unique:
    """No two rows hold the same in all of these columns; a row with a missing one is like no other."""

    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"unique ({', '.join(map(quoted, self.columns))})"


Rule = Check | FromData | ExactlyOne | Unique


def columns_of(part: Rule | Claim | Term, *, missing: bool = True) -> tuple[str, ...]:
    """The columns that something names, each once, in the order of the text.

    Args:
        part: a rule, or what it is made of.
        missing: also those of which it says only whether a cell is missing.

    Example:
        >>> columns_of(Check(Compare((Name("a"), Sum((Name("b"), Name("a")), (1, 1))), ("<=",))))
        ('a', 'b')
    """
    return tuple(dict.fromkeys(_named(part, missing)))


def _named(part: object, missing: bool) -> Iterator[str]:
    if isinstance(part, IsNull) and not missing:
        return
    if isinstance(part, Name):
        yield part.name
    elif isinstance(part, FromData | ExactlyOne | Unique):
        yield from part.columns
    elif isinstance(part, tuple):
        for one in part:
            yield from _named(one, missing)
    elif isinstance(part, Check):  # the condition stands first
        yield from _named(part.condition, missing)
        yield from _named(part.claim, missing)
    elif part is not None and hasattr(part, "__dataclass_fields__"):
        for field in fields(part):  # type: ignore[arg-type]
            yield from _named(getattr(part, field.name), missing)
