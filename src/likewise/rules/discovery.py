"""Rules proposed from a table, each with its evidence: facts of the rows, never enforced unless they are given.

A proposal holds in every row that it binds, and would be broken if its columns had nothing to do with one another:
`chance` bounds the probability that it held all the same, were one of its columns dealt out to the rows anew. A few
rows throw candidates out; what is proposed was counted on all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from likewise.notebook import Table as Shown
from likewise.notebook import card
from likewise.rules.evidence import Rows
from likewise.rules.finding import (
    combinations_seen,
    equations,
    functions,
    intervals,
    multiples,
    one_hot,
    orders,
    patterns,
    uniques,
)
from likewise.schema.column import Schema
from likewise.schema.infer import infer
from likewise.schema.parse import parse
from likewise.tables.frames import from_frame


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A rule that a table keeps.

    Args:
        rule: in the grammar of rules.
        rows: that it binds.
        violations: rows of these that break it.
        chance: natural logarithm of the most that chance is worth: how probable it would be that no row breaks the rule
            if one of its columns were dealt out anew, times the candidates of its kind that were looked at.
    """

    rule: str
    rows: int
    violations: int
    chance: float

    @property
    def likely(self) -> float:
        """The rate at which rows break it in truth is at most this, with 95 % confidence (the rule of three)."""
        return min(1.0, 3 / self.rows) if self.rows else 1.0


@dataclass(frozen=True)
class Proposals:
    """What `discover_rules` found; `texts` are what `rules=` takes."""

    found: tuple[Proposal, ...]

    @property
    def texts(self) -> list[str]:
        """The rules, as `rules=` takes them."""
        return [proposal.rule for proposal in self.found]

    def __iter__(self) -> Iterator[Proposal]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def lines(self) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """Heads, and a line of texts a rule."""
        head = ("rule", "rows it binds", "break it", "chance", "true rate at most")
        rows = [
            (p.rule, f"{p.rows:,}", f"{p.violations:,}", f"e^{p.chance:,.0f}", f"{p.likely:.2g}") for p in self.found
        ]
        return head, rows

    def _repr_html_(self) -> str:
        return card(f"{len(self.found):,} rules that the table keeps", Shown(*self.lines()))


def discover_rules(frame: Any, schema: Schema | None = None) -> Proposals:
    """Rules that every row of a table keeps, and that chance does not explain.

    Args:
        frame: pandas, Polars or Arrow frame; (n, columns).
        schema: what the columns are; None infers it.

    Privacy: what is proposed is read from the rows without noise: look it through, and give as `rules` what you know to
    be true. Under a budget of differential privacy only such rules may be used as you would have declared unseen.

    Example:
        >>> import numpy as np, polars as pl
        >>> a, b = np.random.default_rng(0).integers(0, 99, (2, 500))
        >>> discover_rules(pl.DataFrame({"a": a, "b": b, "c": a + b})).texts
        ['c = a + b']
    """
    raw = from_frame(frame)[0]
    schema = infer(raw) if schema is None else schema
    table = Rows(parse(raw, schema), schema)
    found: list[Proposal] = []
    told: set[frozenset[str]] = set()
    for finder in (functions, equations, one_hot, multiples, patterns, intervals, combinations_seen, orders, uniques):
        for candidate in finder(table, told):
            rows, violations = table.counted(candidate.rule)
            if violations == 0 and candidate.chance < table.least:
                found.append(Proposal(rule=candidate.rule, rows=rows, violations=violations, chance=candidate.chance))
                told |= {frozenset(pair) for pair in candidate.pairs}
    return Proposals(tuple(found))
