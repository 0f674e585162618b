"""Which time of a row never comes before another: then what lies between is learnt, in the unit that it comes in."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from likewise.rules.evidence import Rows
from likewise.rules.finding import orders
from likewise.rules.gaps import gap_of
from likewise.schema.column import Kind, Schema
from likewise.synthesizer.databases.table import canonical


def orders_of_times(
    own: pl.DataFrame, schema: Schema, order: str | None, checks: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Rules `"start" <= "end"` of times that lie so near that a net would not keep them apart, with both columns.

    Args:
        own: (n, columns) rows as they are learnt.
        order: the column that orders them, which no rule may make.
        checks: rules that are known; of a column that one tells of, nothing is looked for.
    """
    times = [
        c for c in schema
        if c.kind is Kind.DATETIME and c.is_modelled and c.name in own.columns and not any(c.name in r for r in checks)
    ]  # fmt: skip
    if len(times) < 2:
        return []
    rows = Rows(canonical(own, times), Schema(tuple(times), rules=()))
    found = []
    for candidate in orders(rows, set()):
        low, high = candidate.pairs[0]
        if high != order and gap_of(schema[high], (schema[low],), rows.table, ()) is not None:
            found.append((candidate.rule, low, high))
    return found


def reached(first: str, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """The columns that are learnt as what lies between them and one, or between them and such."""
    found = [first]
    for _ in pairs:
        found += [high for low, high in pairs if low in found and high not in found]
    return found[1:]
