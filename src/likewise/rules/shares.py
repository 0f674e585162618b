"""The share of rows that keep each rule: of real rows, of drawn ones, of any table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from likewise.rules.binding import Bound, bind
from likewise.rules.making import is_seen
from likewise.rules.plan import first_of
from likewise.rules.terms import FromData, Unique
from likewise.schema.column import Schema


@dataclass(frozen=True, kw_only=True)
class Share:
    """How a table keeps one rule.

    Args:
        rows: that it binds: where none of the cells that it needs is missing, and its condition is met.
        broken: rows of these that break it.
    """

    rows: int
    broken: int

    @property
    def kept(self) -> float | None:
        """The share of rows that keep it, of those that it binds; None where it binds none."""
        return 1 - self.broken / self.rows if self.rows else None


def shares_of(
    rules: Iterable[str], schema: Schema, table: pl.DataFrame, real: pl.DataFrame | None = None
) -> dict[str, Share]:
    """How a canonical table keeps each of some rules.

    Args:
        rules: their texts.
        schema: of the table.
        table: a canonical one.
        real: the rows whose combinations a rule `from data` allows; None takes the table's own, which break none.

    Raises:
        RuleError: a text is no rule of this table.

    Example:
        >>> from likewise.schema.infer import infer
        >>> frame = pl.DataFrame({"low": [1, 5, 2, 3], "high": [3, 4, 2, 9]})
        >>> shares_of(["low <= high"], infer(frame), frame)["low <= high"].broken
        1
    """
    return shares_of_bound(bind(rules, schema, keys=True), table, real)


def shares_of_bound(rules: Sequence[Bound], table: pl.DataFrame, real: pl.DataFrame | None = None) -> dict[str, Share]:
    """`shares_of` of rules that were read already."""
    found = {}
    for rule in rules:
        rows, broken = len(table), 0
        if isinstance(rule.rule, Unique):
            broken = int((~table.select(first_of(rule)).to_series()).sum())
        elif isinstance(rule.rule, FromData):
            broken = 0 if real is None else int((~is_seen(table, real.select(rule.columns).unique())).sum())
        else:
            one = table.select(rule.binds.sum().alias("n"), (rule.binds & ~rule.kept).sum().alias("broken")).row(0)
            rows, broken = int(one[0]), int(one[1])
        found[rule.text] = Share(rows=rows, broken=broken)
    return found
