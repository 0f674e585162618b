"""A synthesizer of one table, asked for rows of which some columns are known whole, missing cells among them.

Legend: n rows, E entities.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from likewise.codecs.base import Given
from likewise.codecs.table import TableCodec
from likewise.histories.model import HistoryModel
from likewise.schema.column import Schema
from likewise.schema.parse import parse, restore
from likewise.synthesizer.ruled_histories import Drawn, RuledRows
from likewise.typing import Ints

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer


def rows_given(synth: Synthesizer, told: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """(n, columns) a row for each that is told of, with all columns; those told are about as they were."""
    if synth.rules_ is not None:
        full: pl.DataFrame = synth.complete(told, random_state=int(rng.integers(2**31)))
        return full
    table = parse(told, synth.schema_, partial=True).select(told.columns)
    given = Given(_codes_of(synth.codec_, table), joint=False)
    codes = synth.generator_.sample(len(table), rng=rng, given=given)
    return restore(synth.codec_.decode(codes, rng=rng), synth.schema_)


def groups_given(
    synth: Synthesizer, told: pl.DataFrame, lengths: Ints, rng: np.random.Generator
) -> tuple[pl.DataFrame, Ints]:
    """Rows of each entity that is told of, as many as it is to have, and (rows,) whose each is, ascending.

    Raises:
        RuleError: no rows are found that keep the rules.
    """
    assert synth.histories_ is not None
    rows, whose = drawn_groups(synth.histories_, synth.schema_, told, lengths, rng, RuledRows(synth.rules_))
    return restore(rows.select(c.name for c in synth.schema_ if c.name in rows.columns), synth.schema_), whose


def drawn_groups(
    model: HistoryModel, schema: Schema, told: pl.DataFrame, lengths: Ints, rng: np.random.Generator,
    ruled: RuledRows | None = None,
) -> tuple[pl.DataFrame, Ints]:  # fmt: skip
    """The same, canonical."""
    own = replace(schema, columns=tuple(schema[name] for name in told.columns), rules=())
    codes = _codes_of(model.firsts, parse(told, own))
    begins = model.firsts.not_missing([model.layout.time] if model.layout.time else [])
    given = Given(codes, begins.weights, joint=False)

    def draw() -> Drawn:
        return model.sample(len(told), rng, given, begins, lengths=lengths)

    rows, whose, _ = draw() if ruled is None else ruled.unbroken(draw, len(told))
    return rows, whose


def _codes_of(codec: TableCodec, table: pl.DataFrame) -> Ints:
    """(n, D) codes of what is told, -1 in all other fields: that a cell is missing is told, too."""
    codes = codec.encode_known(table)
    for name in table.columns:
        for j in codec.fields_of(name) if name in codec.columns else ():
            if (missing := codec.alphabet.fields[j].missing) is not None:
                codes[table[name].is_null().to_numpy(), j] = missing
    return codes
