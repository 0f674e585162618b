"""What anonymised rows do to rules between columns: which of them still hold, and which undo what was recoded."""

from __future__ import annotations

import polars as pl

from likewise.rules.binding import bind
from likewise.rules.orders import claims_of
from likewise.rules.shares import shares_of_bound
from likewise.rules.solving import solutions
from likewise.schema.column import Schema
from likewise.schema.parse import parse


def words_on_rules(schema: Schema, original: pl.DataFrame, released: pl.DataFrame) -> list[str]:
    """What to say of each rule of a schema that the released rows break, or cannot be held to.

    Args:
        original: the rows as they came; (n, columns).
        released: the rows as they are given away; (m, some of the columns).
    """
    rules = bind(schema.rules, schema)
    named = {name for rule in rules for name in rule.columns}
    alike = [n for n in released.columns if n in named and _is_read_as_it_was(original[n], released[n])]
    table, real = (parse(frame.select(alike), schema, partial=True) for frame in (released, original))
    shares = shares_of_bound([rule for rule in rules if set(rule.columns) <= set(alike)], table, real)
    said = []
    for rule in rules:
        gone = [repr(name) for name in rule.columns if name not in released.columns]
        if gone:
            said.append(f"rule {rule.text!r} says nothing of the released rows, which lack {', '.join(gone)}")
        elif rule.text not in shares:
            told = [repr(name) for name in rule.columns if name not in alike]
            said.append(f"no row can be held to rule {rule.text!r}: {', '.join(told)} came out recoded")
        elif (share := shares[rule.text]).broken:
            said.append(f"{share.broken:,} of {share.rows:,} released rows that it binds break rule {rule.text!r}")
    return said


def undone_by_rules(schema: Schema, original: pl.DataFrame, released: pl.DataFrame) -> list[str]:
    """Where the equation of a rule gives a recoded column back; frames as in `words_on_rules`."""
    same = {n for n in released.columns if _holds_nothing_new(original[n], released[n])}
    return [
        f"rule {rule.text!r} gives {found.column!r} back from columns that go out as they are: make one of them a "
        "quasi-identifier, or drop it"
        for rule in bind(schema.rules, schema)
        for claim in claims_of(rule)
        for found in solutions(claim, divided=True)
        if found.column in set(original.columns) - same and found.reads and set(found.reads) <= same
    ]


def _is_read_as_it_was(original: pl.Series, released: pl.Series) -> bool:
    """Whether the cells are of the kind that they were: numbers or times, or texts that were there before."""
    is_text = original.dtype in (pl.String, pl.Categorical, pl.Enum)
    return original.dtype == released.dtype and (not is_text or _holds_nothing_new(original, released))


def _holds_nothing_new(original: pl.Series, released: pl.Series) -> bool:
    return original.dtype == released.dtype and bool(released.drop_nulls().is_in(original.unique().implode()).all())
