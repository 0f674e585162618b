"""What rules say of the order of columns: who stands below whom, and which rules exclude each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from likewise.errors import RuleError
from likewise.rules.binding import Bound
from likewise.rules.terms import TURNED, Check, Claim, Compare, Every, IsIn, Literal_, Name, Sign, quoted

Node = Name | Literal_


@dataclass(frozen=True)
class Edge:
    """One thing is not above another.

    Args:
        strict: nor equal to it.
        rule: what says so; None of two numbers, which need no rule.
        equal: whether it comes from an equation, which says the same the other way round.
    """

    low: Node
    high: Node
    strict: bool
    rule: str | None
    equal: bool = False


def claims_of(bound: Bound) -> Iterator[Claim]:
    """The claims that a rule makes of every row, one by one."""
    if isinstance(bound.rule, Check) and bound.rule.condition is None:
        yield from parts(bound.rule.claim)


def parts(claim: Claim) -> tuple[Claim, ...]:
    """What a claim joins: claims joined by and, and the equations of a chain."""
    if isinstance(claim, Every):
        return tuple(p for one in claim.claims for p in parts(one))
    if isinstance(claim, Compare) and set(claim.signs) == {"="}:
        return tuple(Compare(pair, ("=",)) for pair in pairwise(claim.terms))
    return (claim,)


def edges_of(rules: Sequence[Bound]) -> list[Edge]:
    """Who is not above whom, of columns and values, as the rules say it of every row."""
    found = []
    for bound in rules:
        for claim in claims_of(bound):
            if isinstance(claim, IsIn) and len(claim.values) == 1:
                claim = Compare((claim.term, claim.values[0]), ("=",))
            if isinstance(claim, Compare):
                for left, sign, right in claim.pairs():
                    if isinstance(left, Name | Literal_) and isinstance(right, Name | Literal_):
                        found += _edges(left, sign, right, bound.text)
    numbers = {n for e in found for n in (e.low, e.high) if isinstance(n, Literal_) and type(n.value) in (int, float)}
    in_order = sorted(numbers, key=lambda n: n.value)
    return found + [Edge(a, b, a.value != b.value, None) for a, b in pairwise(in_order)]


def _edges(left: Node, sign: Sign, right: Node, rule: str) -> list[Edge]:
    if sign[0] == ">":
        left, sign, right = right, TURNED[sign], left
    if sign == "=":
        return [Edge(left, right, False, rule, True), Edge(right, left, False, rule, True)]
    return [] if sign == "!=" else [Edge(left, right, sign == "<", rule)]


def lows_of(edges: Sequence[Edge]) -> dict[str, tuple[str, ...]]:
    """Column -> the columns that are never above it."""
    found: dict[str, dict[str, None]] = {}
    for e in edges:
        if isinstance(e.low, Name) and isinstance(e.high, Name) and not e.equal:
            found.setdefault(e.high.name, {})[e.low.name] = None
    return {high: tuple(lows) for high, lows in found.items()}


def check_orders(rules: Sequence[Bound]) -> None:
    """Refuse rules that no row can keep, or that say in a roundabout way that columns are equal.

    Raises:
        RuleError: the rules are named.
    """
    edges = edges_of(rules)
    after: dict[Node, list[Edge]] = {}
    for e in edges:
        after.setdefault(e.low, []).append(e)
    for e in edges:
        if e.low == e.high and e.rule is not None:
            raise RuleError(f"rule {e.rule!r} holds {e.low} to itself; name two columns")
        way = _way(after, e.high, e.low)
        if way is None:
            continue
        circle = (e, *way)
        named = tuple(dict.fromkeys(repr(x.rule) for x in circle if x.rule is not None))
        values = {x.low for x in circle if isinstance(x.low, Literal_)}
        if any(x.strict for x in circle) or len(values) > 1:
            raise RuleError(f"{_rules(named)} cannot be kept together by any row; leave one out")
        if named and not any(x.equal for x in circle):
            a, b = (quoted(n.name) for n in (e.low, e.high) if isinstance(n, Name)) if not values else ("", "")
            said = f": write {a} = {b} instead" if a else ""
            raise RuleError(f"{_rules(named)} say together that what they name is equal{said}")


def _rules(named: tuple[str, ...]) -> str:
    return f"rule {named[0]}" if len(named) == 1 else f"rules {', '.join(named[:-1])} and {named[-1]}"


def _way(after: dict[Node, list[Edge]], start: Node, end: Node) -> tuple[Edge, ...] | None:
    """The shortest way up from one to the other."""
    came: dict[Node, Edge | None] = {start: None}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        if node == end:
            way: list[Edge] = []
            while (edge := came[node]) is not None:
                way.append(edge)
                node = edge.low
            return tuple(reversed(way))
        for edge in after.get(node, ()):
            if edge.high not in came:
                came[edge.high] = edge
                queue.append(edge.high)
    return None
