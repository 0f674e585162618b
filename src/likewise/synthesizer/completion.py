"""Cells of rows filled: what a table's generator draws given all that is known of each, beside keys that are new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from likewise.codecs.base import Given
from likewise.codecs.people import is_personal
from likewise.codecs.table import TableCodec
from likewise.models.base import Generator
from likewise.rules.plan import RulePlan
from likewise.schema.column import Schema
from likewise.schema.distinct import Columns
from likewise.schema.parse import fill_column, restore, restore_column
from likewise.synthesizer.ruled_completion import Completion

TRIED = 20
"""Draws of people that may be replaced by others, for one of them is given."""


def completed(
    raw: pl.DataFrame, table: pl.DataFrame, schema: Schema, codec: TableCodec, generator: Generator,
    rules: RulePlan | None, rng: np.random.Generator,
) -> pl.DataFrame:  # fmt: skip
    """Rows with all columns of the schema, the cells that were there as they came.

    Args:
        raw, table: (n, columns) of the same rows, as they came and canonical.
    """
    if rules is not None:
        filled = Completion(rules, codec, generator, table, rng).table()
        full = pl.concat([filled, codec.keys(filled, rng)], how="horizontal")
    else:
        narrowing = codec.not_missing(table.columns)
        given = Given(codec.encode_known(table), narrowing.weights, joint=False)
        codes = generator.sample(len(table), rng=rng, given=given)
        full = codec.decode(codes, rng=rng, narrowing=narrowing, known=table)
    drawn = restore(full, schema)
    keys = [c for c in schema if c.is_key and c.name in raw.columns]
    drawn = drawn.with_columns(_new_keys(raw[c.name], schema, codec, rng) for c in keys if not is_personal(c))
    if people := [c.name for c in keys if is_personal(c)]:
        drawn = drawn.with_columns(_new_people(full, raw, people, schema, codec, rng))
    names = [name for name in schema.names if name in raw.columns or name in drawn.columns]
    return pl.DataFrame([fill_column(name, raw, table, drawn) for name in names])


def _new_keys(given: pl.Series, schema: Schema, codec: TableCodec, rng: np.random.Generator) -> pl.Series:
    """As many keys as there are cells, none of them among those given."""
    part = next(c for c in codec.codecs if c.name == given.name)
    known = given.drop_nulls()
    nothing = np.zeros((len(given) + len(known), 0), np.float32)
    drawn = replace(part, missing_share=0.0).decode(nothing, nothing, rng)  # type: ignore[type-var]
    keys = restore_column(drawn, schema[given.name])
    return keys.filter(~keys.is_in(known.cast(keys.dtype, strict=False).implode())).head(len(given))


def _new_people(
    full: pl.DataFrame, raw: pl.DataFrame, names: Sequence[str], schema: Schema, codec: TableCodec,
    rng: np.random.Generator,
) -> pl.DataFrame:  # fmt: skip
    """Columns made of persons, with none of the cells given."""
    found = restore(pl.DataFrame(codec.people(Columns.of(full), rng, whole=names)), schema)
    for _ in range(TRIED):
        known = {name: raw[name].drop_nulls().cast(found[name].dtype, strict=False) for name in names}
        given = [found[name].is_in(cells.implode()) for name, cells in known.items()]
        real = pl.select(pl.any_horizontal(pl.lit(each) for each in given)).to_series()
        if not real.any():
            break
        others = restore(pl.DataFrame(codec.people(Columns.of(full), rng, whole=names)), schema)
        found = pl.DataFrame(others[name].zip_with(real, found[name]) for name in found.columns)
    return found
