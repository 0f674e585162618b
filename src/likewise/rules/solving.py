"""Equations solved: which column a claim determines, and by what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from likewise.rules.terms import (
    Call,
    Claim,
    Compare,
    IsIn,
    IsNull,
    Literal_,
    Name,
    Not,
    Product,
    Sum,
    Term,
    Truth,
    columns_of,
)

ELAPSED = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
"""Functions from one date to another that can be undone, and the seconds that each counts by. What undoes them has the
same name after a + or -, which no text of a rule can call."""


@dataclass(frozen=True)
class Solution:
    """A column that a claim determines.

    Args:
        column: its name.
        term: what it is equal to; None where it is missing.
    """

    column: str
    term: Term | None

    @property
    def reads(self) -> tuple[str, ...]:
        return () if self.term is None else columns_of(self.term)


def solutions(claim: Claim, *, divided: bool = False) -> list[Solution]:
    """The columns that a claim can be solved for, the one that is meant first: a side of its own, as `total` in
    `a + b = total`. None where it leaves more than one value.

    Args:
        divided: also by dividing a product or what was rounded, which is exact only now and then, and by going from one
            date to another, which says nothing of the time of day where days are counted.

    Example:
        >>> from likewise.rules.grammar import parse_rule
        >>> [f"{s.column} = {s.term}" for s in solutions(parse_rule("a + b = total").claim)]
        ['total = a + b', 'a = total - b', 'b = total - a']
    """
    match claim:
        case IsNull():
            return [Solution(claim.term.name, None)]
        case Truth():
            return [Solution(claim.term.name, Literal_(True))]
        case Not(Truth() as truth):
            return [Solution(truth.term.name, Literal_(False))]
        case IsIn() if len(claim.values) == 1:
            return [Solution(claim.term.name, claim.values[0])]
        case Compare() if claim.signs == ("=",) and not is_multiple(claim):
            found = list(dict.fromkeys(_solved(*claim.terms)))
            return [*found, *_divided(*claim.terms)] if divided else found
        case _:
            return []


def is_multiple(claim: Claim) -> bool:
    """Whether it says that a column is so many times a number: `qty % 5 = 0`."""
    if not isinstance(claim, Compare) or claim.signs != ("=",):
        return False
    left, right = claim.terms
    return isinstance(left, Product) and left.sign == "%" and isinstance(right, Literal_)


def _solved(left: Term, right: Term) -> Iterator[Solution]:
    alone = [(a, b) for a, b in ((right, left), (left, right)) if isinstance(a, Name) and a.name not in columns_of(b)]
    yield from (Solution(a.name, b) for a, b in alone if isinstance(a, Name))
    if len(alone) == 2:
        return
    for here, there in ((left, right), (right, left)):
        if not isinstance(here, Sum):
            continue
        for i, (term, sign) in enumerate(zip(here.terms, here.signs, strict=True)):
            rest = _without(here, i)
            named = columns_of(there) + tuple(n for t, _ in rest for n in columns_of(t))
            if isinstance(term, Name) and term.name not in named and not _is_rounded(there):
                yield Solution(term.name, _less(there, rest, sign))


def _divided(left: Term, right: Term) -> Iterator[Solution]:
    for here, there in ((left, right), (right, left)):
        if isinstance(here, Call) and here.function == "round":
            here = here.arguments[0]
            yield from _solved(here, there) if isinstance(here, Sum) else ()
        if isinstance(here, Product) and here.sign == "*":
            for a, b in ((here.left, here.right), (here.right, here.left)):
                if isinstance(a, Name) and a.name not in (*columns_of(b), *columns_of(there)):
                    yield Solution(a.name, Product("/", there, b))
        for elapsed, term in _elapsed(here, there):
            a, b = elapsed.arguments
            for cell, other, sign in ((b, a, "+"), (a, b, "-")):
                if isinstance(cell, Name) and cell.name not in (*columns_of(other), *columns_of(term)):
                    yield Solution(cell.name, Call(f"{sign}{elapsed.function}", (other, term)))


def _elapsed(here: Term, there: Term) -> Iterator[tuple[Call, Term]]:
    """The time between two dates that is a side of an equation, or is added there, and what it is equal to."""
    if isinstance(here, Call) and here.function in ELAPSED:
        yield here, there
    if isinstance(here, Sum) and not _is_rounded(there):
        for i, (term, sign) in enumerate(zip(here.terms, here.signs, strict=True)):
            if isinstance(term, Call) and term.function in ELAPSED:
                yield term, _less(there, _without(here, i), sign)


def _is_rounded(term: Term) -> bool:
    return isinstance(term, Call) and term.function in ("round", "floor", "ceil")


def _without(added: Sum, i: int) -> list[tuple[Term, Literal[1, -1]]]:
    return [x for k, x in enumerate(zip(added.terms, added.signs, strict=True)) if k != i]


def _less(there: Term, rest: list[tuple[Term, Literal[1, -1]]], sign: Literal[1, -1]) -> Term:
    """sign * (there - rest)."""
    first = there.terms if isinstance(there, Sum) else (there,)
    signs = there.signs if isinstance(there, Sum) else (1,)
    terms = (*first, *(t for t, _ in rest))
    all_signs = (*signs, *(-s for _, s in rest))
    return (
        Sum(terms, tuple(1 if s * sign > 0 else -1 for s in all_signs))
        if len(terms) > 1
        else Sum(terms, (1 if signs[0] * sign > 0 else -1,))
    )
