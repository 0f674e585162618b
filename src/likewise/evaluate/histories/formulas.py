"""What is counted of histories: each function gives tables of counts, and `events.py` tells how far two are apart.

Legend: n rows, E entities, k bins of a column.

References: coherence (rows that follow each other, distinct bins an entity, entities a bin) as mostlyai-qa has it
(Apache-2.0, by its published formulas), but that pairs are all counted, weighted so that each entity counts once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from likewise.evaluate.histories.events import Events
from likewise.evaluate.histories.ordered import Bools, Coded
from likewise.evaluate.tables import FloatArray, IntArray

MOST_DISTINCT = 64
LAGS = (2, 5)
TICKS = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def _steps(values: FloatArray, edges: FloatArray) -> IntArray:
    """(n,) between which edges a value lies, or at which: 2 edges + 1 cells in rising order."""
    return np.asarray(np.searchsorted(edges, values) + np.searchsorted(edges, values, side="right"))


def _yes(told: Bools, who: IntArray) -> Events:
    return Events(told.astype(np.int64), who, 2)


# --- lengths, ends, time ----------------------------------------------------------------------------------------------


def lengths(c: Coded) -> list[Events]:
    """Rows of each entity."""
    rows = c.rows
    cells = _steps(rows.lengths.astype(np.float64), c.length_edges)
    return [Events(cells, np.arange(rows.n_entities), 2 * len(c.length_edges) + 1)]


def first_rows(c: Coded) -> list[Events]:
    """Each column of the first row of each entity."""
    who = np.arange(c.rows.n_entities)
    return [
        Events(codes[c.rows.starts].astype(np.int64), who, k)
        for codes, k in zip(c.codes.codes, c.codes.sizes, strict=True)
    ]


def last_rows(c: Coded) -> list[Events]:
    """Each changing column of the last row of each entity."""
    ends, who = c.rows.starts + c.rows.lengths - 1, np.arange(c.rows.n_entities)
    return [Events(c.codes.codes[i][ends].astype(np.int64), who, c.codes.sizes[i]) for i in c.changing]


def gaps(c: Coded) -> list[Events]:
    """Time from each row to the next."""
    if c.rows.ticks is None:
        return []
    return [Events(_steps(c.rows.gaps, c.gap_edges), c.rows.who[c.rows.later], 2 * len(c.gap_edges) + 1)]


def ties(c: Coded) -> list[Events]:
    """Whether a row is of the moment of the row before."""
    return [] if c.rows.ticks is None else [_yes(c.rows.gaps == 0, c.rows.who[c.rows.later])]


def steps_back(c: Coded) -> list[Events]:
    """Whether time goes back at a row, as the rows stood."""
    return [] if c.rows.ticks is None else [_yes(c.rows.back[c.rows.later], c.rows.who[c.rows.later])]


def calendar(c: Coded) -> list[Events]:
    """Weekday of each row, with the hour where there are hours; of dates and moments alone."""
    dtype = None if c.time is None else c.rows.table.columns[c.time].dtype
    if dtype is None or c.rows.ticks is None:
        return []
    moments = pl.Series(c.rows.ticks.astype(np.int64)).cast(pl.Int32 if dtype == pl.Date else pl.Int64).cast(dtype)
    cells = (moments.dt.weekday().to_numpy().astype(np.int64) - 1) * 24
    if dtype != pl.Date:
        cells += moments.dt.hour().to_numpy()  # by the clock of the column's zone
    return [Events(cells, c.rows.who, 7 * 24)]


def broken_orders(c: Coded) -> list[Events]:
    """Whether a column goes the way at a row that it goes in no real entity."""
    found, now = [], c.rows.later
    for i, sign in c.rising.items():
        values = c.rows.table.columns[i].values
        steps = values[now] - values[now - 1]
        known = np.isfinite(steps)
        found.append(_yes(sign * steps[known] < 0, c.rows.who[now[known]]))
    return found


def changes(c: Coded) -> list[Events]:
    """Whether a column changes within an entity that changes in no real one."""
    if not c.static or not len(c.rows.later):
        return []
    changed = np.zeros(len(c.rows.later), bool)
    for i in c.static:
        changed |= ~c.rows.same(c.rows.table.columns[i])
    who = c.rows.who[c.rows.later]
    entities, place = np.unique(who, return_inverse=True)
    return [_yes(np.bincount(place, changed) > 0, entities)]


# --- what follows what ------------------------------------------------------------------------------------------------


def pairs(c: Coded, lag: int = 1, rng: np.random.Generator | None = None) -> list[Events]:
    """Each changing column in a row and in that so many rows later; each entity counts once.

    Args:
        rng: takes one pair of each entity by chance, as mostlyai-qa does; None weighs all.
    """
    return [_pairs(c, i, i, lag, rng) for i in c.changing]


def across(c: Coded, chosen: Sequence[tuple[int, int]]) -> list[Events]:
    """One column in a row and another one in the next."""
    return [_pairs(c, a, b) for a, b in chosen]


def _pairs(c: Coded, a: int, b: int, lag: int = 1, rng: np.random.Generator | None = None) -> Events:
    rows = c.rows
    if rng is None:
        now = np.flatnonzero(rows.position >= lag) - lag
    else:
        several = rows.lengths > lag
        room = rows.lengths[several] - lag
        now = rows.starts[several] + (rng.random(len(room)) * room).astype(np.int64)
    who = rows.who[now]
    one, other = c.codes.codes[a][now].astype(np.int64), c.codes.codes[b][now + lag].astype(np.int64)
    weights = None if rng is not None else 1.0 / (rows.lengths[who] - lag)
    return Events(one * c.codes.sizes[b] + other, who, c.codes.sizes[a] * c.codes.sizes[b], weights)


def transitions(c: Coded) -> list[Events]:
    """What level follows what level, row by row."""
    now, found = c.rows.later - 1, []
    for i in c.level_columns:
        codes, k = c.codes.codes[i].astype(np.int64), c.codes.sizes[i]
        found.append(Events(codes[now] * k + codes[now + 1], c.rows.who[now], k * k))
    return found


def triples(c: Coded) -> list[Events]:
    """Three levels in a row."""
    now, found = np.flatnonzero(c.rows.position >= 2), []
    for i in c.level_columns:
        codes, k = c.codes.codes[i].astype(np.int64), c.codes.sizes[i]
        cells = (codes[now - 2] * k + codes[now - 1]) * k + codes[now]
        found.append(Events(cells, c.rows.who[now], k**3))
    return found


def stays(c: Coded) -> list[Events]:
    """Whether a changing column holds at a row what it held at the row before."""
    who = c.rows.who[c.rows.later]
    return [_yes(c.rows.same(c.rows.table.columns[i]), who) for i in c.changing if i != c.time]


# --- what an entity holds ---------------------------------------------------------------------------------------------


def _held(c: Coded, i: int, *, fine: bool) -> tuple[IntArray, IntArray]:
    """The entity and the bin, of all bins that an entity has."""
    some = c.fine if fine else c.codes
    held = np.unique(c.rows.who * some.sizes[i] + some.codes[i])
    return held // some.sizes[i], held % some.sizes[i]


def distinct(c: Coded) -> list[Events]:
    """How many of thirty bins of a changing column each entity has."""
    n, found = c.rows.n_entities, []
    for i in c.changing:
        kinds = np.bincount(_held(c, i, fine=True)[0], minlength=n)
        found.append(Events(np.minimum(kinds, MOST_DISTINCT - 1), np.arange(n), MOST_DISTINCT))
    return found


def holders(c: Coded) -> list[Events]:
    """Which bins of a changing column each entity has, each once."""
    found = []
    for i in c.changing:
        who, bins = _held(c, i, fine=False)
        found.append(Events(bins, who, c.codes.sizes[i]))
    return found


def alike(c: Coded) -> list[Events]:
    """Whether two rows of an entity, any two, are in one bin of a changing column; each entity counts once."""
    rows, found = c.rows, []
    several = np.flatnonzero(rows.lengths > 1)
    two = rows.lengths[several] * (rows.lengths[several] - 1.0)
    for i in c.changing:
        k = c.codes.sizes[i]
        cells, counts = np.unique(rows.who * k + c.codes.codes[i], return_counts=True)
        same = np.bincount(cells // k, counts * (counts - 1.0), minlength=rows.n_entities)[several] / two
        cells = np.repeat([0, 1], len(several))
        found.append(Events(cells, np.tile(several, 2), 2, np.append(1.0 - same, same)))
    return found


def repeated(c: Coded, names: Sequence[str] | None = None) -> list[Events]:
    """Whether an earlier row of the same entity and moment holds the same.

    Args:
        names: in these columns; by default in all columns of levels, or in all where there are none.
    """
    columns = c.rows.table.columns
    if names is None:
        chosen = [columns[i] for i in c.level_columns] or [columns[i] for i in c.changing]
    else:
        chosen = [column for column in columns if column.name in names]
    keys = pl.DataFrame({"": c.rows.who} | {column.name: column.values for column in chosen})
    if c.rows.ticks is not None:
        keys = keys.with_columns(pl.Series("\0", c.rows.ticks))
    return [_yes(~keys.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy(), c.rows.who)]


def lagged(c: Coded) -> list[Events]:
    """`pairs` at lags of 2 and 5."""
    return [events for lag in LAGS for events in pairs(c, lag)]


def pairs_across(c: Coded, most: int = 40) -> list[tuple[int, int]]:
    """Two different changing columns each, spread evenly over all such pairs where there are many."""
    every = [(a, b) for a in c.changing for b in c.changing if a != b]
    return every[:: -(-len(every) // most)] if every else []
