"""How a synthesizer fills the missing cells of histories: known cells as they came, the others drawn.

Legend: n rows, E entities.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from likewise.errors import InputError
from likewise.histories.carried import Carried
from likewise.histories.model import HistoryModel
from likewise.histories.order import Histories
from likewise.rules.plan import RulePlan
from likewise.schema.column import Role, Schema
from likewise.schema.parse import fill_column, restore
from likewise.synthesizer.continuation import check_static, keys_beside
from likewise.synthesizer.ruled_histories import RuledRows


def filled_histories(
    model: HistoryModel, schema: Schema, raw: pl.DataFrame, table: pl.DataFrame, rng: np.random.Generator,
    rules: RulePlan | None,
) -> pl.DataFrame:  # fmt: skip
    """Rows with all columns of the schema, the cells that were there as they came.

    Args:
        raw, table: (n, columns) of the same rows, as they came and canonical; what `raw` lacks is null in `table`.

    Raises:
        InputError: rows do not tell whose they are, or when; the rows of an entity differ in what it is; or an amount
            is missing of which a total behind it tells.
        RuleError: no cells are found that keep the rules.
    """
    layout, ruled = model.layout, RuledRows(rules)
    told = Histories.of_known(ruled.known(table), layout.keys[0], layout.time)
    check_static(layout, told.onward(layout.static))
    for carried in layout.carried:
        _check_total(carried, told)
    whole = [name for name in told.table.columns if name not in schema or name in raw.columns]
    entities, known = told.table[told.starts], table[told.rows]
    rows, _, _ = ruled.unbroken(
        lambda: (model.complete(told, whole, rng), told.whose, entities), len(entities), known
    )  # fmt: skip
    full = rows[np.argsort(told.rows)]
    full = full.with_columns(keys_beside(layout, name, full[name], table[name], rng) for name in layout.row_keys)
    drawn = restore(full.select(name for name in schema.names if name in full.columns), schema)
    names = [c.name for c in schema if c.name in raw.columns or c.role is not Role.DROP]
    return pl.DataFrame([fill_column(name, raw, table, drawn) for name in names])


def _check_total(carried: Carried, told: Histories) -> None:
    """
    Raises:
        InputError: what a total adds up is missing, and a total behind it is known: what is drawn would not add up.
    """
    if carried.is_change:
        return
    whose = pl.lit(pl.Series(told.whose))
    total, parts = pl.col(carried.name).is_not_null(), [carried.source, *([carried.by] if carried.by else [])]
    behind, before = total.reverse().cum_max().reverse().over(whose), total.cum_max().over(whose)
    lacking = pl.any_horizontal(pl.col(parts).is_null()) | ~before
    if gone := int(told.table.select((lacking & behind).sum()).item()):
        raise InputError(
            f"column {carried.name!r} adds up {carried.source!r}: {gone:,} rows lack one of them, and the total behind "
            "them is known, so that drawn ones would not add up; fill them, or leave the totals from there on empty"
        )
