"""Histories of entities of which it is known what they are.

Legend: E entities, n rows.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from likewise.codecs.base import Given
from likewise.errors import InputError, SchemaError, nearest
from likewise.histories.model import HistoryModel
from likewise.schema.column import Role, Schema
from likewise.schema.finite import refuse_infinite
from likewise.schema.parse import fill_column, parse, restore
from likewise.schema.persons import unnamed
from likewise.synthesizer.ruled_histories import RuledRows


def histories_of(
    model: HistoryModel, schema: Schema, raw: pl.DataFrame, rng: np.random.Generator, ruled: RuledRows
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(n, columns) rows of a history for each entity, and (E, columns) what these are, both as tables are stored.

    Args:
        raw: (E, columns) what is known of each, as it came: any of the columns that say what an entity is, and its key.
            What is not known is drawn given the rest; what is stays as it was.

    Raises:
        InputError: the key is missing in some rows, or repeats; or a number is infinite.
        SchemaError: a column says nothing of what an entity is, or its values do not fit it.
        RuleError: no rows are found that keep the rules.
    """
    layout = model.layout
    names = [name for name in schema.names if name in (*layout.keys, *layout.static)]
    raw = raw.drop((c.name for c in schema if c.role is Role.DROP), strict=False)
    for name in raw.columns:
        if name not in names:
            raise SchemaError(
                f"column {name!r} does not say what an entity is; these do: {', '.join(map(repr, names))}"
                f"{nearest(name, names)}"
            )
    _check_keys(raw, layout.keys[0])
    own = replace(schema, columns=tuple(schema[name] for name in names), rules=())
    refuse_infinite(raw, own)
    table = parse(raw, own, partial=True)
    learnt = [name for name in raw.columns if name in layout.static]
    narrowing = model.firsts.not_missing(learnt)
    codes = model.firsts.encode_known(table.select(learnt)) if learnt else None
    given = Given(codes, narrowing.weights, joint=False)
    known = table.select(raw.columns)
    rows, whose, entities = ruled.unbroken(
        lambda: model.sample(len(raw), rng, given, narrowing, known=known), len(raw), bare=True
    )
    drawn = restore(entities.select(names), own)
    full = pl.DataFrame([fill_column(name, raw, table, drawn) for name in names])
    steps = restore(rows.select(name for name in schema.names if name in rows.columns), schema)
    return steps.with_columns(full[name].gather(whose) for name in names), full


def _check_keys(raw: pl.DataFrame, entity: str) -> None:
    """
    Raises:
        InputError: the keys of entities are no keys.
    """
    if not len(raw):
        raise InputError("the table of entities has no rows")
    if entity not in raw.columns:
        return
    keys = raw[entity]
    if gone := int(unnamed(keys).sum()):
        raise InputError(f"column {entity!r} is missing in {gone:,} of {len(keys):,} rows; leave it out, or fill it")
    if twice := len(keys) - keys.n_unique():
        raise InputError(f"column {entity!r} repeats in {twice:,} of {len(keys):,} rows; each is to be an entity")
