"""Rules written as text, such as `start <= end`, `a + b = total`, `city, country from data`.

One grammar, in Python, in a schema's JSON and on the command line:

    rule     claim | claim -> claim | names from data | one of (names) | unique (names)
    claim    claim and claim | claim or claim | not claim | (claim)
             term < <= = != >= > term ... | name is [not] null | name [not] in (values)
             name [not] between value and value | name
    term     sums and products (+ - * / %) of names, numbers, texts and functions of terms
    name     a plain word, or anything in double quotes ("unit price"); a quote inside is doubled
    value    a number, true, false, or a text in single quotes ('open'); a quote inside is doubled
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from likewise.errors import RuleError, nearest
from likewise.rules.terms import (
    BARE,
    KEYWORDS,
    Call,
    Check,
    Claim,
    Compare,
    Every,
    ExactlyOne,
    FromData,
    IsIn,
    IsNull,
    Literal_,
    Name,
    Not,
    Product,
    Rule,
    Sign,
    Some,
    Sum,
    Term,
    Truth,
    Unique,
)

FUNCTIONS: dict[str, tuple[int, int]] = {
    "round": (1, 2), "floor": (1, 1), "ceil": (1, 1), "abs": (1, 1), "min": (2, 99), "max": (2, 99),
    "year": (1, 1), "month": (1, 1), "day": (1, 1), "weekday": (1, 1), "hour": (1, 1), "minute": (1, 1), "date": (1, 1),
    "years": (2, 2), "months": (2, 2), "days": (2, 2), "hours": (2, 2), "minutes": (2, 2), "seconds": (2, 2),
    "upper": (1, 1), "lower": (1, 1),
}  # fmt: skip
"""Functions, and how few and how many terms each takes."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)(?![\w.])|(?P<text>'(?:[^']|'')*')|"
    rf'(?P<quoted>"(?:[^"]|"")*")|(?P<word>{BARE.pattern})|(?P<sign>->|<=|>=|<>|!=|==|[-<>=+*/%(),])|(?P<end>$))'
)
_SIGNS: dict[str, Sign] = {"<": "<", "<=": "<=", "=": "=", "==": "=", "!=": "!=", "<>": "!=", ">=": ">=", ">": ">"}
_OF_CLAIMS = ("and", "or", "not", "is", "in", "between")
MOST_NESTED = 50
"""Brackets within brackets; a text from elsewhere may not exhaust the stack, """
MOST_ADDED, MOST_CHAINED = 500, 100
"""or, by terms that are added up or compared in a chain, each to each, the memory."""


class Token(NamedTuple):
    kind: str
    text: str
    at: int

    def is_sign(self, *signs: str) -> bool:
        return self.kind == "sign" and self.text in signs

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.lower() in words


def parse_rule(text: str) -> Rule:
    """The rule that a text says.

    Raises:
        RuleError: the text is no rule; the message tells where it ceases to be one.

    Example:
        >>> str(parse_rule("total=round(price*qty,2)"))
        'total = round(price * qty, 2)'
    """
    if not isinstance(text, str):
        raise RuleError(f"a rule is a text such as 'start <= end', got {type(text).__name__}")
    return _Parser(text).rule()


class _Parser:
    """Recursive descent; `at` is the next token."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth, self.tokens = text, 0, 0, list[Token]()
        start = 0
        while not self.tokens or self.tokens[-1].kind != "end":
            match = _TOKEN.match(text, start)
            if match is None or match.lastgroup is None:
                self._fail_at(len(text[:start]) + len(text[start:]) - len(text[start:].lstrip()), "nothing readable")
            self.tokens.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
            start = match.end()

    # ---- rules -------------------------------------------------------------------------------------------------------

    def rule(self) -> Rule:
        found = self._special() or self._check()
        if self.next.kind != "end":
            self._fail("the rule to end, or 'and', 'or', '->', or a sign such as '<='")
        return found

    def _special(self) -> Rule | None:
        first, second = self.tokens[0], self.tokens[min(1, len(self.tokens) - 1)]
        if first.is_word("one") and second.is_word("of"):
            self.at = 2
            return ExactlyOne(self._several(self._bracketed_names(), "one of"))
        if first.is_word("unique") and second.is_sign("("):
            self.at = 1
            return Unique(self._bracketed_names())
        if [t.text.lower() for t in self.tokens[-3:-1]] == ["from", "data"]:
            names = self._names()
            if not self._take_word("from") or not self._take_word("data"):
                self._fail("names, divided by commas, then 'from data'")
            return FromData(self._several(names, "from data"))
        return None

    def _several(self, names: tuple[str, ...], what: str) -> tuple[str, ...]:
        if len(names) < 2:
            raise RuleError(f"rule {self.text!r}: '{what}' needs two columns or more, got {len(names)}")
        return names

    def _bracketed_names(self) -> tuple[str, ...]:
        self._need("(")
        names = self._names()
        self._need(")")
        return names

    def _names(self) -> tuple[str, ...]:
        names = [self._name()]
        while self._take(","):
            names.append(self._name())
        twice, n = Counter(names).most_common(1)[0]
        if n > 1:
            raise RuleError(f"rule {self.text!r} names column {twice!r} twice; name it once")
        return tuple(names)

    def _check(self) -> Check:
        claim = self._claim()
        return Check(self._claim(), claim) if self._take("->") else Check(claim)

    # ---- claims ------------------------------------------------------------------------------------------------------

    def _claim(self) -> Claim:
        claims = [self._every()]
        while self._take_word("or"):
            claims.append(self._every())
        return claims[0] if len(claims) == 1 else Some(tuple(claims))

    def _every(self) -> Claim:
        claims = [self._one()]
        while self._take_word("and"):
            claims.append(self._one())
        return claims[0] if len(claims) == 1 else Every(tuple(claims))

    def _one(self) -> Claim:
        if self._take_word("not"):
            self._deeper()
            negated_claim = Not(self._one())
            self.depth -= 1
            return negated_claim
        if self.next.is_sign("(") and self._holds_claim():
            self._deeper()
            self.at += 1
            claim = self._claim()
            self._need(")")
            self.depth -= 1
            return claim
        term = self._term()
        if self.next.is_word("is"):
            self.at += 1
            negated = self._take_word("not")
            if not self._take_word("null"):
                self._fail("'null' or 'not null'")
            null = IsNull(self._cell(term, "is null"))
            return Not(null) if negated else null
        negated = self.next.is_word("not") and self._take_word("not")
        if self._take_word("in"):
            values = IsIn(self._cell(term, "in"), self._values())
            return Not(values) if negated else values
        if self._take_word("between"):
            low = self._sum()
            if not self._take_word("and"):
                self._fail("'and', as in 'age between 0 and 120'")
            held = Compare((low, term, self._sum()), ("<=", "<="))
            return Not(held) if negated else held
        if negated:
            self._fail("'in' or 'between'")
        return self._compared(term)

    def _compared(self, first: Term) -> Claim:
        terms, signs = [first], list[Sign]()
        while self.next.kind == "sign" and self.next.text in _SIGNS:
            self._fewer(terms, MOST_CHAINED)
            signs.append(_SIGNS[self._pop().text])
            terms.append(self._term())
        if not signs:
            if isinstance(first, Name):
                return Truth(first)
            self._fail("a sign such as '<=' or '='")
        ways = {sign[0] for sign in signs} - {"="}
        if len(ways) > 1 or ("!" in ways and len(signs) > 1):
            raise RuleError(f"rule {self.text!r}: a chain goes one way, such as low < mid <= high; write two rules")
        return Compare(tuple(terms), tuple(signs))

    def _holds_claim(self) -> bool:
        """Whether the bracket that opens here holds a claim, and not a term."""
        depth = 0
        for token in self.tokens[self.at :]:
            depth += token.is_sign("(") - token.is_sign(")")
            if depth == 0:
                return False
            if (token.kind == "sign" and token.text in _SIGNS) or token.is_word(*_OF_CLAIMS):
                return True
        return False

    def _cell(self, term: Term, what: str) -> Name:
        if not isinstance(term, Name):
            raise RuleError(f"rule {self.text!r}: '{what}' is asked of a column, not of {term}")
        return term

    def _values(self) -> tuple[Literal_, ...]:
        self._need("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._need(")")
        return tuple(values)

    def _value(self) -> Literal_:
        term = self._signed()
        if not isinstance(term, Literal_):
            raise RuleError(f"rule {self.text!r}: 'in' takes numbers and texts in single quotes, not {term}")
        return term

    # ---- terms -------------------------------------------------------------------------------------------------------

    def _term(self) -> Term:
        return self._sum()

    def _sum(self) -> Term:
        terms, signs = [self._product()], [1]
        while self.next.is_sign("+", "-"):
            self._fewer(terms, MOST_ADDED)
            signs.append(1 if self._pop().text == "+" else -1)
            terms.append(self._product())
        return terms[0] if len(terms) == 1 else Sum(tuple(terms), tuple(signs))  # type: ignore[arg-type]

    def _product(self) -> Term:
        term, before = self._signed(), self.depth
        while self.next.is_sign("*", "/", "%"):
            self._deeper()
            term = Product(self._pop().text, term, self._signed())  # type: ignore[arg-type]
        self.depth = before
        return term

    def _signed(self) -> Term:
        if not self._take("-"):
            return self._atom()
        self._deeper()
        term = self._signed()
        self.depth -= 1
        if isinstance(term, Literal_) and isinstance(term.value, int | float) and not isinstance(term.value, bool):
            return Literal_(-term.value)
        return Sum((term,), (-1,))

    def _atom(self) -> Term:
        token = self.next
        if token.kind == "number":
            self.at += 1
            return Literal_(int(token.text) if token.text.isdigit() else float(token.text))
        if token.kind == "text":
            self.at += 1
            return Literal_(token.text[1:-1].replace("''", "'"))
        if token.is_word("true", "false"):
            self.at += 1
            return Literal_(token.text.lower() == "true")
        if token.kind == "word" and self.tokens[self.at + 1].is_sign("(") and token.text.lower() not in KEYWORDS:
            return self._call()
        if self._take("("):
            self._deeper()
            term = self._sum()
            self._need(")")
            self.depth -= 1
            return term
        return Name(self._name())

    def _call(self) -> Call:
        name = self._pop().text.lower()
        if name not in FUNCTIONS:
            raise RuleError(
                f"rule {self.text!r}: there is no function {name!r}{nearest(name, FUNCTIONS)}; there are "
                f"{', '.join(FUNCTIONS)}"
            )
        self._need("(")
        self._deeper()
        arguments = [self._sum()]
        while self._take(","):
            arguments.append(self._sum())
        self._need(")")
        self.depth -= 1
        least, most = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}" if most < 99 else f"{least} or more"
            raise RuleError(f"rule {self.text!r}: {name} takes {wanted} terms, got {len(arguments)}")
        return Call(name, tuple(arguments))

    def _name(self) -> str:
        token = self.next
        if token.kind == "quoted":
            self.at += 1
            return token.text[1:-1].replace('""', '"')
        if token.kind != "word" or token.text.lower() in KEYWORDS:
            self._fail("a column's name (in double quotes where it is no plain word)")
        self.at += 1
        return token.text

    # ---- tokens ------------------------------------------------------------------------------------------------------

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def _pop(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def _take(self, sign: str) -> bool:
        found = self.next.is_sign(sign)
        self.at += found
        return found

    def _take_word(self, word: str) -> bool:
        found = self.next.is_word(word)
        self.at += found
        return found

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            self._fail(f"'{sign}'")

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise RuleError(
                f"rule {self.text[:60]!r}...: brackets stand in brackets, or factors one behind the other, more than "
                f"{MOST_NESTED} deep"
            )

    def _fewer(self, terms: Sequence[Term], most: int) -> None:
        if len(terms) >= most:
            raise RuleError(
                f"rule {self.text[:60]!r}...: more than {most} terms stand side by side; make several rules"
            )

    def _fail(self, wanted: str) -> NoReturn:
        self._fail_at(self.next.at, wanted)

    def _fail_at(self, at: int, wanted: str) -> NoReturn:
        if wanted == "nothing readable":
            raise RuleError(f"rule {self.text!r}: what stands at character {at + 1} is no part of a rule; names with "
                            "other signs than letters, digits, _ and . stand in double quotes")  # fmt: skip
        found = "it ends" if self.next.kind == "end" else f"{self.next.text!r} stands"
        raise RuleError(f"rule {self.text!r}: at character {at + 1} {found} where {wanted} must stand")
