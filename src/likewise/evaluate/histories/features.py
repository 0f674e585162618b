"""Histories as flat tables: an entity a row, and a row beside those before it.

What is measured of rows can then be measured of whole histories: what tells them apart, whether they crowd around real
ones, what is learnt from them.

Legend: n rows, E entities.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from likewise.evaluate.histories.ordered import Ordered
from likewise.evaluate.tables import FloatArray, Typed, TypedColumn
from likewise.schema.column import Kind

MOST_COLUMNS = 30
MOST_LEVELS = 5
REST, PLACE, WAIT = "\0rest", "\0place", "\0wait"
"""Names of made columns, which no column of a table has."""


def entities(rows: Ordered, static: tuple[int, ...], like: Ordered) -> Typed:
    """(E) an entity a row: what it is, how long it lasts, and means, ends and shares of what changes.

    Args:
        static: the columns that do not change.
        like: real histories, of which the most frequent levels have shares of their own.
    """
    found = {"length": rows.lengths.astype(np.float64)}
    if rows.ticks is not None:
        found |= {f"time {name}": values for name, values in _of_time(rows).items()}
    columns = rows.table.columns
    changing = [i for i in range(len(columns)) if i not in static][:MOST_COLUMNS]
    for i in changing:
        column = columns[i]
        told = _of_number(rows, column) if column.is_number else _of_levels(rows, column, like.table.columns[i])
        found |= {f"{column.name} {name}": values for name, values in told.items()}
    first = rows.table.take(rows.starts)
    numbers = tuple(TypedColumn(name, Kind.REAL, values) for name, values in found.items())
    return Typed((*(first.columns[i] for i in static), *numbers), rows.n_entities)


def _of_time(rows: Ordered) -> dict[str, FloatArray]:
    assert rows.ticks is not None
    ends = rows.starts + rows.lengths - 1
    gaps = np.full(len(rows), np.nan)
    gaps[rows.later] = rows.gaps
    none = np.where(np.isnan(gaps), np.nan, gaps == 0)
    return {
        "first": rows.ticks[rows.starts], "span": rows.ticks[ends] - rows.ticks[rows.starts],
        "between, most": np.fmax.reduceat(gaps, rows.starts), "between, deviation": _moments(rows, gaps)[1],
        "between, none": _moments(rows, none)[0],
    }  # fmt: skip


def _moments(rows: Ordered, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(E,) mean and deviation of what is there; NaN where nothing is."""
    there = np.isfinite(values)
    n = np.add.reduceat(there.astype(np.float64), rows.starts)
    middle = float(np.median(values[there])) if there.any() else 0.0  # squares of moments would lose their digits
    known = np.where(there, values - middle, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.add.reduceat(known, rows.starts) / n
        square = np.add.reduceat(np.square(known), rows.starts) / n - np.square(mean)
    return mean + middle, np.sqrt(np.maximum(square, 0.0))


def _of_number(rows: Ordered, column: TypedColumn) -> dict[str, FloatArray]:
    values = column.values.astype(np.float64)
    steps = np.full(len(rows), np.nan)
    steps[rows.later] = np.abs(values[rows.later] - values[rows.later - 1])
    mean, deviation = _moments(rows, values)
    found = {
        "mean": mean, "deviation": deviation, "least": np.fmin.reduceat(values, rows.starts),
        "most": np.fmax.reduceat(values, rows.starts), "first": values[rows.starts],
        "last": values[rows.starts + rows.lengths - 1], "step": _moments(rows, steps)[0],
    }  # fmt: skip
    missing = _moments(rows, column.missing.astype(np.float64))[0]
    return found | ({"missing": missing} if column.missing.any() else {})


def _of_levels(rows: Ordered, column: TypedColumn, real: TypedColumn) -> dict[str, FloatArray]:
    same = np.full(len(rows), np.nan)
    same[rows.later] = rows.same(column)
    held = np.unique(rows.who * column.size + column.values)
    found = {
        "levels": np.bincount(held // column.size, minlength=rows.n_entities).astype(np.float64),
        "stays": _moments(rows, same)[0],
    }
    counts = np.bincount(real.values, minlength=real.size)
    for place, code in enumerate(np.argsort(-counts, kind="stable")[:MOST_LEVELS]):
        found[f"share {place + 1}"] = _moments(rows, (column.values == code).astype(np.float64))[0]
    return found


def next_rows(rows: Ordered, static: tuple[int, ...], target: str) -> Typed:
    """The target of every row but the first of each entity, beside the two rows before it; persons are the entities."""
    now, columns = rows.later, rows.table.columns
    twice = np.where(rows.position[now] > 1, now - 2, now - 1)
    made = [TypedColumn(PLACE, Kind.REAL, rows.position[now].astype(np.float64))]
    if rows.ticks is not None:
        made.append(TypedColumn(WAIT, Kind.REAL, rows.ticks[now - 1] - rows.ticks[twice]))
    for i, column in enumerate(columns):
        made.append(replace(column, name=f"{column.name}\0", values=column.values[now - 1]))
        if i not in static:
            made.append(replace(column, name=f"{column.name}\0\0", values=column.values[twice]))
    aim = rows.table[target]
    return Typed((*made, replace(aim, values=aim.values[now])), len(now), rows.who[now])


def prefixes(rows: Ordered, static: tuple[int, ...], like: Ordered, rng: np.random.Generator) -> Typed:
    """(E) the first rows of each entity, cut by chance, as `entities` tells them, and how many follow (`REST`, log)."""
    lengths = 1 + (rng.random(rows.n_entities) * rows.lengths).astype(np.int64)
    told = entities(rows.cut(lengths), static, like)
    rest = TypedColumn(REST, Kind.REAL, np.log1p(rows.lengths - lengths))
    return replace(told, columns=(*told.columns, rest))
