"""Rules as CHECKs of SQL, where it has the like: the way back from `rules.imported`."""

from __future__ import annotations

from itertools import pairwise

from likewise.databases.sql.values import literal, quoted
from likewise.rules.grammar import parse_rule
from likewise.rules.terms import (
    Check,
    Claim,
    Compare,
    Every,
    IsIn,
    IsNull,
    Literal_,
    Name,
    Not,
    Product,
    Some,
    Sum,
    Term,
    Truth,
)  # fmt: skip


class _NotInSql(Exception):
    """SQL has nothing of its kind, or not in every dialect."""


def as_check(rule: str, dialect: str) -> str | None:
    """A rule as a condition of SQL; None where SQL has nothing of its kind.

    Example:
        >>> as_check("1 <= low <= high and size in ('S', 'M')", "mysql")
        "(1 <= `low` AND `low` <= `high`) AND `size` IN ('S', 'M')"
        >>> as_check("size = 'S' -> low < 9", "sqlite"), as_check("unique (a, b)", "sqlite")
        ('NOT ("size" = \\'S\\') OR ("low" < 9)', None)
    """
    parsed = parse_rule(rule)
    if not isinstance(parsed, Check):
        return None
    try:
        claim = _claim(parsed.claim, dialect)
        return claim if parsed.condition is None else f"NOT ({_claim(parsed.condition, dialect)}) OR ({claim})"
    except _NotInSql:
        return None


def _claim(claim: Claim, dialect: str) -> str:
    match claim:
        case Compare(terms, signs):
            texts = [_term(term, dialect) for term in terms]
            pairs = [f"{a} {sign.replace('!=', '<>')} {b}" for (a, b), sign in zip(pairwise(texts), signs, strict=True)]
            return pairs[0] if len(pairs) == 1 else f"({' AND '.join(pairs)})"
        case IsNull(term):
            return f"{_term(term, dialect)} IS NULL"
        case IsIn(term, values):
            return f"{_term(term, dialect)} IN ({', '.join(_term(value, dialect) for value in values)})"
        case Truth(term):
            return f"{_term(term, dialect)} = 1" if dialect == "mssql" else _term(term, dialect)
        case Not(IsNull(term)):
            return f"{_term(term, dialect)} IS NOT NULL"
        case Not(inner):
            return f"NOT ({_claim(inner, dialect)})"
        case Every(claims):
            return " AND ".join(_inside(one, dialect) for one in claims)
        case Some(claims):
            return " OR ".join(_inside(one, dialect) for one in claims)


def _inside(claim: Claim, dialect: str) -> str:
    text = _claim(claim, dialect)
    return f"({text})" if isinstance(claim, Every | Some) else text


def _term(term: Term, dialect: str) -> str:
    match term:
        case Name(name):
            return quoted(name, dialect)
        case Literal_(bool() as value):
            return str(int(value)) if dialect in ("sqlite", "mssql") else str(value).upper()
        case Literal_(str() as value):
            if dialect == "mysql" and "\\" in value:
                raise _NotInSql
            return literal(value)
        case Literal_(value):
            return repr(value)
        case Sum(terms, signs):
            parts = [
                f"{'-' if sign < 0 else '+'} {_term(one, dialect)}" for one, sign in zip(terms, signs, strict=True)
            ]
            return f"({' '.join(parts).removeprefix('+ ')})"
        case Product("*", left, right):
            return f"({_term(left, dialect)} * {_term(right, dialect)})"
        case _:  # of whole numbers a quotient is cut in some dialects
            raise _NotInSql
