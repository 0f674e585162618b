"""Pictures of histories for the page: lengths, times between rows, what follows what, columns in time; and examples.

What keeps a single entity out of them is what keeps a person out of the pictures of columns (`evaluate.pictures`,
`evaluate.grids`): round edges inside the bulk, cells of at least five entities. Means are told of at least five, of
values cut to the bulk. Examples are synthetic; what has a row of a real table, or was gone through whole by a real
entity, is none. This is care, not differential privacy.

Legend: n rows, E entities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.evaluate.attacks.sides import Hashes, stand_in
from likewise.evaluate.edges import LEAST_ROWS, edge_texts, enough
from likewise.evaluate.grids import axis_of, coarse_edges, grid_of
from likewise.evaluate.histories import formulas, runs
from likewise.evaluate.histories.events import Hands
from likewise.evaluate.histories.ordered import Ordered
from likewise.evaluate.histories.shown import Changing, Drift, Shown, Transitions
from likewise.evaluate.pictures import people_of, picture
from likewise.evaluate.shown import Picture
from likewise.evaluate.tables import FloatArray, IntArray, Typed, TypedColumn
from likewise.schema.column import Kind, Schema
from likewise.schema.parse import restore_column

MOST_GRIDS, MOST_DRIFTS = 6, 12
EXAMPLES, MOST_STEPS, MOST_HEADS, MOST_LETTERS = 4, 10, 8, 24
TRIED = 400
UNITS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def shown(real: Ordered, synthetic: Ordered, hands: Hands, time: str | None) -> Shown:
    """All but the examples."""
    ours, theirs = (_whole("", rows.lengths) for rows in (real, synthetic))
    unit, gaps = _gaps(real, synthetic, time)
    return Shown(
        lengths=picture(ours, theirs), gaps=gaps, unit=unit, columns=_changing(hands),
        transitions=_transitions(real, synthetic, hands), drifts=_drifts(real, synthetic, hands, time),
    )  # fmt: skip


def _whole(name: str, numbers: npt.NDArray[Any]) -> TypedColumn:
    values = numbers.astype(np.float64)
    known = values[np.isfinite(values)]
    return TypedColumn(name, Kind.INTEGER if (known == np.round(known)).all() else Kind.REAL, values)


def _gaps(real: Ordered, synthetic: Ordered, time: str | None) -> tuple[str, Picture | None]:
    """The unit of times between rows, and their picture."""
    if real.ticks is None or time is None:
        return "", None
    unit, ticks = unit_of(real.table[time], real.gaps)
    ours, theirs = (_whole("", rows.gaps / ticks) for rows in (real, synthetic))
    return unit, picture(ours, theirs, real.who[real.later])


def unit_of(column: TypedColumn, gaps: FloatArray) -> tuple[str, float]:
    """The greatest unit that most gaps have one of, and how many ticks it is; none of plain numbers."""
    if column.dtype is None:
        return "", 1.0
    if column.dtype == pl.Date:
        return "days", 1.0
    second = formulas.TICKS[column.dtype.time_unit]
    middle = float(np.median(gaps[gaps > 0])) / second if (gaps > 0).any() else 1.0
    name = next((name for name, size in UNITS.items() if middle >= size), "seconds")
    return name, float(UNITS[name] * second)


def _changing(hands: Hands) -> tuple[Changing, ...]:
    """Each changing column but the time."""
    sides = [hands.real.rows, hands.pool.rows.take(np.arange(hands.n))]
    pairs, found = hands.each(formulas.pairs), []
    for i, apart in zip(hands.real.changing, pairs, strict=True):
        if apart is None or i == hands.real.time:
            continue
        columns = [rows.table.columns[i] for rows in sides]
        stays = [float(rows.same(c).mean()) for rows, c in zip(sides, columns, strict=True)]
        held = [len(pl.DataFrame({"who": rows.who, "held": c.values}).unique()) / rows.n_entities
                for rows, c in zip(sides, columns, strict=True)]  # fmt: skip
        found.append(
            Changing(
                column=columns[0].name, stays_real=round(stays[0], 4), stays_synthetic=round(stays[1], 4),
                distinct_real=round(held[0], 3), distinct_synthetic=round(held[1], 3),
                pairs=round(1 - float(apart[0][0]), 4), pairs_floor=round(1 - float(apart[1][0]), 4),
            )
        )  # fmt: skip
    return tuple(found)


def _transitions(real: Ordered, synthetic: Ordered, hands: Hands) -> tuple[Transitions, ...]:
    """The columns of levels first; of these and of numbers those that differ most."""
    pairs, found = hands.each(formulas.pairs), []
    columns, some = real.table.columns, hands.real
    worst = sorted(
        (not columns[i].is_number, float(apart[0][0] - apart[1][0]), i)
        for i, apart in zip(some.changing, pairs, strict=True)
        if apart is not None and i != some.time
    )
    for *_, i in worst[::-1][:MOST_GRIDS]:
        axis = axis_of(columns[i], synthetic.table.columns[i], real.who)
        if axis is None:
            continue
        now = replace(axis, real=axis.real[real.later - 1], synthetic=axis.synthetic[synthetic.later - 1])
        after = replace(axis, real=axis.real[real.later], synthetic=axis.synthetic[synthetic.later])
        grid = grid_of(after, now, real.who[real.later])
        if grid is not None:
            found.append(Transitions(column=columns[i].name, grid=grid))
    return tuple(found)


def _drifts(real: Ordered, synthetic: Ordered, hands: Hands, time: str | None) -> tuple[Drift, ...]:
    """Means of numbers and shares of the commonest level along the time, or along the rows' places without one."""
    if time is None:
        clocks = [_whole("", rows.position + 1) for rows in (real, synthetic)]
    else:
        clocks = [rows.table[time] for rows in (real, synthetic)]
    if not enough(clocks[0], real.who):
        return ()
    edges = coarse_edges(clocks[0], real.who)
    texts = edge_texts(edges, clocks[0])
    labels = (f"< {texts[0]}", *(f"{a} – {b}" for a, b in pairwise(texts)), f"≥ {texts[-1]}")
    stretch = [np.searchsorted(edges, c.values, side="right").astype(np.int64) for c in clocks]
    found = []
    for i in [i for i in hands.real.changing if i != hands.real.time][:MOST_DRIFTS]:
        ours, theirs = real.table.columns[i], synthetic.table.columns[i]
        told = _along(ours, theirs, stretch, real.who, len(labels))
        if told is not None:
            found.append(Drift(column=ours.name, level=told[0], labels=labels, real=told[1], synthetic=told[2]))
    return tuple(found)


Along = tuple[float | None, ...]


def _along(
    ours: TypedColumn, theirs: TypedColumn, stretch: list[IntArray], who: IntArray, size: int
) -> tuple[str | None, Along, Along] | None:
    if not enough(ours, who):
        return None
    level = None
    if ours.levels is None:
        low, high = np.quantile(ours.present, [0.01, 0.99])
        values = [np.clip(column.values, low, high) for column in (ours, theirs)]
    else:
        counts = np.bincount(ours.values, minlength=ours.size)[:-1]
        code = int(counts.argmax())
        if people_of(ours.values, who, ours.size)[code] < LEAST_ROWS:
            return None
        level = ours.levels[code]
        values = [np.where(c.missing, np.nan, (c.values == code).astype(np.float64)) for c in (ours, theirs)]
    there = np.isfinite(values[0])
    people = people_of(stretch[0][there], who[there], size)
    told = [_told(_means(v, at, size), people) for v, at in zip(values, stretch, strict=True)]
    return level, told[0], told[1]


def _told(means: FloatArray, people: IntArray) -> Along:
    """Three digits of what at least five entities have a part in."""
    hidden = (people < LEAST_ROWS) | np.isnan(means)
    return tuple(None if hide else float(f"{mean:.3g}") for mean, hide in zip(means.tolist(), hidden, strict=True))


def _means(values: FloatArray, at: IntArray, size: int) -> FloatArray:
    there = np.isfinite(values)
    n = np.bincount(at[there], minlength=size)
    return np.where(n > 0, np.bincount(at[there], values[there], minlength=size) / np.maximum(n, 1), np.nan)


def _cells(table: Typed) -> Hashes:
    """(n,) a number of each row, the time included, alike for equal ones."""
    return pl.DataFrame({str(i): c.values for i, c in enumerate(table.columns)}).hash_rows(seed=3).to_numpy()


def _texts(cells: pl.Series, kind: Kind) -> list[str]:
    texts = cells.cast(pl.String).fill_null("–")
    if kind is Kind.DATETIME:  # neither empty fractions of seconds nor how far the clock is from another
        texts = texts.str.replace(r"(:\d\d)(\.0+)?([+-]\d\d:?\d\d)?$", "${1}")
    return texts.to_list()


def examples(
    frame: pl.DataFrame, synthetic: Ordered, real: Sequence[Ordered], known: Sequence[Typed], schema: Schema,
    time: str | None, static: tuple[int, ...], rng: np.random.Generator,
) -> tuple[tuple[str, ...], tuple[tuple[tuple[str, ...], ...], ...]]:  # fmt: skip
    """Heads, and synthetic histories of several rows, drawn by chance.

    Args:
        frame: the synthetic rows, canonical.
        real: histories that none shown may have gone through whole.
        known: real tables, no row of which is shown.
    """
    several = rng.permutation(np.flatnonzero(synthetic.lengths > 1))[:TRIED]
    if not len(several):
        return (), ()
    tried = synthetic.take(several)
    fresh = ~np.logical_or.reduceat(stand_in(_cells(tried.table), np.concatenate([*map(_cells, known)])), tried.starts)
    for others in real:
        fresh &= runs.longest(tried, others, time) < np.minimum(tried.lengths, runs.MOST)
    chosen = several[fresh][:EXAMPLES]
    columns = synthetic.table.columns
    names = [c.name for i, c in enumerate(columns) if i not in static and c.name != time]
    names = [*([time] if time else []), *(columns[i].name for i in static[:2]), *names][:MOST_HEADS]
    found = []
    for entity in chosen:
        start = synthetic.starts[entity]
        of = frame[synthetic.rows[start : start + min(int(synthetic.lengths[entity]), MOST_STEPS)]]
        texts = [_texts(restore_column(of[name], schema[name]), schema[name].kind) for name in names]
        cut = [[t if len(t) <= MOST_LETTERS else f"{t[: MOST_LETTERS - 1]}…" for t in column] for column in texts]
        found.append(tuple(zip(*cut, strict=True)))
    return tuple(names), tuple(found)
