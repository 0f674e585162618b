"""How a synthesizer fills the missing cells of histories: known cells as they came, the others drawn.

Legend: n rows, E entities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from likewise.errors import InputError, RuleError
from likewise.histories.carried import Carried
from likewise.histories.model import HistoryModel
from likewise.histories.order import Histories
from likewise.rules.plan import RulePlan
from likewise.schema.column import Role, Schema
from likewise.schema.parse import fill_column, restore
from likewise.synthesizer.continuation import check_static, keys_beside
from likewise.synthesizer.ruled_histories import TRIES, RuledRows


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
    rows = _unbroken(lambda some: model.complete(some, whole, rng), told, table[told.rows], ruled, layout.static)
    full = rows[np.argsort(told.rows)]
    full = full.with_columns(keys_beside(layout, name, full[name], table[name], rng) for name in layout.row_keys)
    drawn = restore(full.select(name for name in schema.names if name in full.columns), schema)
    names = [c.name for c in schema if c.name in raw.columns or c.role is not Role.DROP]
    return pl.DataFrame([fill_column(name, raw, table, drawn) for name in names])


def _unbroken(
    fill: Callable[[Histories], pl.DataFrame], told: Histories, known: pl.DataFrame, ruled: RuledRows,
    static: Sequence[str],
) -> pl.DataFrame:  # fmt: skip
    """(n, columns) rows as the user's table has them, filled until they keep the rules: those that do stay, and those
    that do not are filled again, given them.

    Args:
        told, known: (n, columns) what is known of the columns that are learnt, and of the table's own.
        static: columns of entities, which are drawn again with any of their rows.

    Raises:
        RuleError: some find no cells that keep them.
    """
    partial = told
    for _ in range(TRIES):
        rows = fill(partial)
        outer = ruled.over(rows, known)
        if (kept := ruled.keeps(outer)).all():
            return outer
        whole = np.bincount(told.whose[~kept], minlength=len(told.starts))[told.whose] == 0
        names = [name for name in rows.columns if name in told.table.columns]
        stay = {name: pl.Series(whole if name in static else kept) for name in names}
        partial = replace(
            told,
            table=told.table.with_columns(
                rows[name].cast(told.table.schema[name]).zip_with(at, told.table[name]) for name, at in stay.items()
            ),
        )
    raise RuleError(
        f"of {len(told):,} rows, {int((~kept).sum()):,} found in {TRIES} tries no cells that keep all rules; look "
        "whether what is known of them keeps the rules, or leave a rule out"
    )


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
