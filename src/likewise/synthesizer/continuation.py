"""How a synthesizer goes on with known histories: their rows as they came, and behind each entity's those that follow.

Legend: n rows known, E entities, m rows to come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from likewise.codecs.people import PersonalCodec
from likewise.errors import InputError, OptionError
from likewise.histories.ahead import Ahead
from likewise.histories.layout import Layout
from likewise.histories.model import HistoryModel
from likewise.histories.order import SERIES, Histories, as_series
from likewise.rules.plan import RulePlan
from likewise.schema.column import Schema
from likewise.schema.parse import filled, parse, restore
from likewise.synthesizer.ruled_histories import RuledRows
from likewise.typing import Ints


@dataclass(frozen=True)
class Future:
    """Rows to come, those of each entity together and in order.

    Args:
        raw: (m, columns) as they came, with the column of the entities as that of the known rows has it.
        table: (m, columns) canonical, with all columns of the schema; null where nothing is known.
        inner: (m, columns) what that tells of the columns that are learnt.
        whose: (m,) the entity of each, 0 .. E-1.
    """

    raw: pl.DataFrame
    table: pl.DataFrame
    inner: pl.DataFrame
    whose: Ints


def extended(
    model: HistoryModel, schema: Schema, raw: pl.DataFrame, table: pl.DataFrame, steps: int | None,
    rng: np.random.Generator, future: pl.DataFrame | None = None, rules: RulePlan | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Rows as they came, and behind each entity's own those that follow.

    Args:
        raw, table: (n, columns) of the same rows, as they came and canonical.
        future: rows to come of which some columns are known, as they came; without the column of the entities they
            are those of each.

    Raises:
        OptionError: steps is no count, or given beside a future, which says how many rows follow.
        InputError: the rows of an entity differ in what it is, or the future does not follow the known rows.
        RuleError: no rows that keep the rules are found behind the known ones.
    """
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1):
        raise OptionError(f"steps must be a whole number of 1 or more, or None, got {steps!r}")
    if steps is not None and future is not None:
        raise OptionError("future says how many rows follow, and so does steps: leave one out")
    if not len(raw):
        raise InputError("the table to go on from has no rows")
    layout = model.layout
    ruled = RuledRows(rules)
    told = Histories.of_known(ruled.inner(table), layout.keys[0], layout.time)
    check_static(layout, told)
    for name in layout.carries:
        if gone := int((np.add.reduceat(told.table[name].is_not_null().to_numpy(), told.starts) == 0).sum()):
            raise InputError(
                f"column {name!r} goes on from row to row, and {gone:,} of {len(told.starts):,} entities have it in "
                "none of the rows given: fill one of each, or leave these entities out"
            )
    coming = None if future is None else _future_of(layout, schema, told, raw, future, ruled)
    m = len(told.starts)
    ahead = None if coming is None else Ahead.of(layout, coming.inner, coming.whose, m)
    last = told.rows[told.ends]
    known = None if coming is None else coming.table
    rows, whose, _ = ruled.unbroken(lambda: (*model.extend(told, steps, rng, ahead), table[last]), m, known)
    rows = rows.with_columns(keys_beside(layout, name, rows[name], table[name], rng) for name in layout.row_keys)
    new = restore(rows.select(name for name in schema.names if name in rows.columns), schema)
    new = new.with_columns(raw[name].gather(last[whose]) for name in layout.keys if name in raw.columns)
    order = np.argsort(np.concatenate([told.whose, whose]), kind="stable")
    dropped = [name for name in raw.columns if name not in new.columns]
    new = new.with_columns(pl.lit(None, raw.schema[name]).alias(name) for name in dropped)
    return pl.DataFrame([_joined(raw[name][told.rows], new[name], coming)[order] for name in raw.columns])


def check_static(layout: Layout, told: Histories) -> None:
    """
    Raises:
        InputError: what an entity is changes in its rows.
    """
    fixed = told.static(layout.static, None)
    if changing := [name for name in layout.static if name not in fixed]:
        raise InputError(
            f"column {changing[0]!r} changes within an entity of the rows given; it never does in the table"
        )


def _joined(given: pl.Series, new: pl.Series, coming: Future | None) -> pl.Series:
    """A column of the known rows, then of those that follow: what was given stays as it was."""
    name, n, m = given.name, len(given), len(new)
    if coming is not None and name in coming.raw.columns:
        behind, known = _as_typed(coming.raw[name], given), coming.table[name].is_not_null()
        given = behind.clear().extend(given.cast(behind.dtype)) if behind.dtype != given.dtype else given
        given = given.append(behind)
    else:
        given, known = given.extend_constant(None, m), pl.Series([False]).new_from_index(0, m)
    before = pl.Series([True]).new_from_index(0, n)
    fill = pl.Series(name, [None], dtype=new.dtype).new_from_index(0, n).append(new)
    return filled(given, before.append(known), fill)


def _as_typed(behind: pl.Series, given: pl.Series) -> pl.Series:
    """Known cells of rows to come, in the type of those before them where that can hold them."""
    if behind.dtype in (given.dtype, pl.Null):
        return behind.cast(given.dtype)
    is_cut = given.dtype.is_integer() and behind.dtype.is_float() and not (behind == behind.round(0)).all()
    cast = behind.cast(given.dtype, strict=False)
    return behind if is_cut or cast.null_count() > behind.null_count() else cast


def _future_of(
    layout: Layout, schema: Schema, told: Histories, raw: pl.DataFrame, future: pl.DataFrame, ruled: RuledRows
) -> Future:
    """Rows to come, held against the known ones.

    Raises:
        InputError: they are none of the same entities, or do not follow in time.
        SchemaError: a column is none of the table, or its values do not fit it.
    """
    entity, time = layout.keys[0], layout.time
    firsts = told.rows[told.starts]
    if entity not in future.columns and entity != SERIES:  # of each
        each = raw[entity].gather(np.repeat(firsts, len(future)))
        future = pl.concat([future] * len(firsts)).with_columns(each)
    if not len(future):
        raise InputError("future has no rows: leave it out, and give steps")
    table = parse(future, schema, partial=True)
    table = as_series(table) if entity == SERIES else table
    keys = told.table[entity][told.starts]
    number = pl.DataFrame({"key": keys, "number": np.arange(len(keys))})
    named = pl.DataFrame({"key": table[entity].cast(keys.dtype, strict=False)})
    found = named.join(number, on="key", how="left", maintain_order="left")["number"]
    if unknown := found.null_count():
        raise InputError(
            f"column {entity!r}: {unknown:,} of {len(future):,} rows of the future are of entities without known rows "
            "to go on from; give those, or leave the rows out"
        )
    whose = found.to_numpy().astype(np.int64)
    order = np.argsort(whose, kind="stable")
    if time is not None:
        order = _in_time(table[time], told, time, whose)
    table, whose = table[order], whose[order]
    last, inner = told.table[told.ends][whose], ruled.known(table)
    for name in (*layout.static, *layout.keys[1:]):
        if differs := int((inner[name].is_not_null() & inner[name].ne_missing(last[name])).sum()):
            raise InputError(
                f"column {name!r} never changes within an entity, but {differs:,} rows of the future differ from the "
                "known rows; leave it out of the future"
            )
    same = [last[name] for name in (*layout.keys, *layout.static)]
    raw_ones = future[order].drop(*layout.static, *layout.keys, strict=False)
    return Future(raw_ones, table, inner.with_columns(same), whose)


def _in_time(times: pl.Series, told: Histories, time: str, whose: Ints) -> Ints:
    """Rows to come by entity and in time.

    Raises:
        InputError: some have no time and others do, or one is before the entity's last known row.
    """
    gone = times.null_count()
    if gone == len(times):
        return np.argsort(whose, kind="stable")
    if gone:
        raise InputError(
            f"column {time!r}: {gone:,} of {len(times):,} rows of the future have no time; give it in every row, or in "
            "none, and it is drawn"
        )
    since = told.table[time][told.ends].gather(whose)
    if early := int((times < since).sum()):
        raise InputError(
            f"column {time!r}: {early:,} of {len(times):,} rows of the future lie before the last known row of their "
            "entity; leave them out, or put them among the known rows"
        )
    keys = pl.DataFrame({"who": whose, "when": times})
    return keys.with_row_index("row").sort("who", "when", maintain_order=True)["row"].to_numpy().astype(np.int64)


def keys_beside(
    layout: Layout, name: str, new: pl.Series, known: pl.Series, rng: np.random.Generator
) -> pl.Series:  # fmt: skip
    """Keys of new rows, of which none is that of a known row: these may have been drawn from the same model."""
    codec = next(codec for codec in layout.codec.codecs if codec.name == name)
    taken = known.cast(new.dtype, strict=False).drop_nulls().unique()
    if isinstance(codec, PersonalCodec) or not new.is_in(taken.implode()).any():
        return new
    n = len(new) + len(taken)
    made = codec.decode(np.zeros((n, 0), np.int64), np.zeros((n, 0), np.float32), rng)
    free = made.filter(~made.is_in(taken.implode()).fill_null(False))
    return free.head(len(new)).alias(name) if len(free) >= len(new) else new
