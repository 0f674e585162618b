"""What the rows of one parent add up to, where that is one of few sums: the charges of a molecule are nought, the
points of a race are what the rules give, starting places are 1 to n.

A net draws row after row, and their sum is off by a little of each. So the sum is drawn with the parent, and rows of
several draws of its group are exchanged, place by place, until they add up to it.

Legend: n rows, P parents, K draws of each row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from likewise.codecs.column import take_value
from likewise.databases.derived.finding import decimals_of
from likewise.databases.keys import ForeignKey
from likewise.errors import ModelFileError
from likewise.schema.column import Column, Kind
from likewise.synthesizer.databases.groups import Groups
from likewise.synthesizer.databases.plan import LEAST_GROUPS
from likewise.typing import Bools, Floats, Ints

OFTEN, OFTENER = 0.2, 5.0
"""Pairs of groups of one size that have the same sum: at least so many, and so much oftener than rows dealt anew."""
APART = 3.0
"""Ratio of variances, between groups over within, above which sums differ for groups do, not for rows do not add up."""
SUPPORT = 5
"""Persons behind a sum at least, for it to be drawn."""
MOST_LEVELS = 64
"""Different values of a parent's column by which sums are told."""
FREE = 50
"""Different values of a number with decimals, from which a row may hold any."""
DRAWS, MOST_DRAWN = 4, 1_000_000
"""Draws of each row beside the first, and rows of them in all, but for one of each."""
ROUNDS = 12
LOOK_AT = 5_000
"""Parents by whom sums are found to be few, or about."""


@dataclass(frozen=True)
class Sum:
    """A column whose sums are drawn with the parents.

    Args:
        column: of the rows.
        decimals: of its values.
        free: whether a row may hold any number, so that what is left is added to rows.
        once: whether no two rows of a parent hold the same.
    """

    column: str
    decimals: int
    free: bool = False
    once: bool = False

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Of its fields.

        Raises:
            ModelFileError: they are others.
        """
        if not isinstance(data, dict):
            raise ModelFileError("what rows add up to must be an object")
        column, decimals = take_value(data, "column", str), take_value(data, "decimals", int)
        free, once = (take_value(data, name, bool) for name in ("free", "once"))
        if not 0 <= decimals <= 18:
            raise ModelFileError("what rows add up to: there are no such decimals")
        return cls(column, decimals, free, once)


def sum_of(key: ForeignKey, column: str) -> str:
    """The column of a parent that says what its rows add up to, as a text; empty where it is not one of few."""
    return f"\0sum of {column} of {key}"


def find_sums(
    key: ForeignKey, rows: pl.DataFrame, links: Ints, counts: Ints, parents: pl.DataFrame, rng: np.random.Generator,
    whose: Ints, shown: Bools | None = None,
) -> Iterator[tuple[Sum, pl.Series, Column]]:  # fmt: skip
    """Columns whose sums are few, with the column of parents that says them.

    Args:
        rows: (n, columns) that point, canonical.
        links: (n,) at which.
        counts: (P,) how many at each.
        parents: (P, columns) by which sums may be told.
        whose: (P,) the person of each parent.
        shown: (P,) by which parents sums are found; None: by all.
    """
    at, there = np.flatnonzero(links >= 0), counts > 0
    of_shown = there if shown is None else there & shown
    counted = of_shown[links[at]]
    if of_shown.sum() < LEAST_GROUPS or counted.sum() < 2 * of_shown.sum():
        return
    step = -(-len(counts) // LOOK_AT)  # of many parents every so manieth
    looked_at = np.where(of_shown & (np.arange(len(counts)) % step == 0), counts, 0)
    told, some = _told(parents, looked_at), looked_at[links[at]] > 0
    for whole in rows.get_columns():
        column = whole[at].filter(pl.Series(counted))
        decimals = decimals_of(column) if column.dtype.is_float() else 0
        if not column.dtype.is_numeric() or column.null_count() or decimals is None:
            continue
        values = whole.cast(pl.Float64).to_numpy()[at]
        if not _are_few(values[some], links[at][some], looked_at, decimals, told, rng):
            continue
        texts = pl.Series([f"{s:.{decimals}f}" for s in _sums(values, links[at], len(counts), decimals)])
        texts = texts.zip_with(pl.Series(there), pl.Series([""]).new_from_index(0, len(texts)))
        behind = pl.DataFrame({"sum": texts, "who": whose}).filter(pl.Series(of_shown)).group_by("sum")
        often = behind.agg(pl.col("who").n_unique()).filter(pl.col("who") >= SUPPORT)["sum"].sort()
        texts = texts.zip_with(texts.is_in(often.implode()), pl.Series([""]).new_from_index(0, len(texts)))
        if int((texts.filter(pl.Series(of_shown)) != "").sum()) * 2 < of_shown.sum():
            continue
        free = decimals > 0 and column.n_unique() >= FREE
        pairs = np.column_stack([links[at], values])[counted]
        once = not free and len(np.unique(pairs, axis=0)) == len(pairs)
        name, known = sum_of(key, column.name), often.to_list()
        column_of = Column(name=name, kind=Kind.CATEGORICAL, levels=("", *known))
        yield Sum(column.name, decimals, free, once), texts.alias(name), column_of


def _told(parents: pl.DataFrame, counts: Ints) -> list[Ints]:
    """(P,) each: how many rows each parent has, alone and with a column of its own."""
    found = [counts]
    for column in parents.get_columns():
        codes = column.rank("dense").fill_null(0).to_numpy().astype(np.int64)
        if codes.max(initial=0) < MOST_LEVELS:
            found.append(counts * MOST_LEVELS + codes)
    return found


def _are_few(
    values: Floats, link: Ints, counts: Ints, decimals: int, told: Sequence[Ints], rng: np.random.Generator
) -> bool:
    """Whether parents that are told to be alike have the same sum far oftener than they would by chance."""
    there = counts > 0
    means = np.bincount(link, values, minlength=len(counts)) / np.maximum(counts, 1)
    within = float(((values - means[link]) ** 2).sum()) / max(len(values) - int(there.sum()), 1)
    between = float((counts * (means - values.mean()) ** 2)[there].sum()) / max(int(there.sum()) - 1, 1)
    if within <= 0 or between > APART * within:
        return False
    sums = [_sums(y, link, len(counts), decimals)[there] for y in (values, rng.permutation(values))]
    for of in told:
        real, chance = (_same(some, of[there]) for some in sums)
        if real >= max(OFTEN, OFTENER * chance):
            return True
    return False


def _same(sums: Floats, of: Ints) -> float:
    """The share of pairs of parents that are told to be alike which have the same sum."""
    whole = np.unique(of, return_counts=True)[1]
    same = np.unique(np.column_stack([of, sums]), axis=0, return_counts=True)[1]
    return float((same * (same - 1)).sum() / max((whole * (whole - 1)).sum(), 1))


def _sums(values: Floats, link: Ints, n_parents: int, decimals: int) -> Floats:
    """(P,)."""
    return np.asarray(np.bincount(link, values, minlength=n_parents).round(decimals) + 0.0, np.float64)


# ---- drawing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Whole:
    """How whole rows may stand in for others of their group.

    Args:
        once: columns of which no parent's rows hold the same twice.
        same: columns that a row and the one in its stead agree in.
    """

    once: Sequence[str] = ()
    same: Sequence[str] = ()


def adding_up(
    draw: Callable[[Groups], tuple[pl.DataFrame, Ints]],
    drawn: tuple[pl.DataFrame, Ints],
    groups: Groups,
    sums: Mapping[Sum, Floats],
    rng: np.random.Generator,
    *,
    missed: Callable[[pl.DataFrame, Ints], Ints] | None = None,
    whole: Whole | None = None,
) -> tuple[pl.DataFrame, Ints]:
    """Rows of groups, and (n,) the parent of each, whose columns add up to what was drawn with their parents.

    Of each group the draw that comes nearest is taken, then rows of others stand in for some of its own, then cells.

    Args:
        draw: rows of some groups.
        drawn: what it drew of all of them.
        sums: (P,) what rows are to add up to; NaN where anything will do.
        missed: (P,) how far each group is from what holds in all.
        whole: None: rows follow each other, so that single cells alone are exchanged.
    """
    rows, links = drawn
    goals = {of: goal for of, goal in sums.items() if of.column in rows.columns}
    far = [_far(_values(rows, of), links, goal, of) for of, goal in goals.items()]
    there = np.bincount(links[links >= 0], minlength=max(map(len, goals.values()), default=1)) > 0
    off = np.any([there & (np.nan_to_num(one) != 0) for one in far] or [np.zeros(1)], axis=0)
    if not off.any():
        return rows, links
    some, at = groups.of_parents(off), np.flatnonzero((links >= 0) & off[links.clip(0)])
    draws = [draw(some)[0] for _ in range(int(np.clip(MOST_DRAWN // max(len(at), 1), 1, DRAWS)))]
    draws = [new for new in draws if len(new) == len(at)]
    rows, draws = _nearest_first(rows, at, draws, links, goals, missed)
    if draws and whole is not None:
        rows = _with_whole(rows, at, draws, links, goals, whole, rng)
    made = []
    for of, goal in goals.items():
        y = _values(rows, of)
        if draws:
            others = np.stack([_values(new, of) for new in draws])
            held = [(y[at].copy(), others)] if of.once else []
            y[at] += _step(_exchanged([y[at]], [others], [goal], [of], links[at], held, [], rng), y[at], others)
        y += _rest(y, links, goal, of, rng) if of.free else 0.0
        made.append(pl.Series(of.column, y).fill_nan(None).cast(rows[of.column].dtype))
    return rows.with_columns(made), links


def _nearest_first(
    rows: pl.DataFrame, at: Ints, draws: list[pl.DataFrame], links: Ints, goals: Mapping[Sum, Floats],
    missed: Callable[[pl.DataFrame, Ints], Ints] | None,
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:  # fmt: skip
    """Rows and other draws of them, exchanged group by group so that the nearest stand among the rows."""
    frames, m = [rows[at], *draws], len(at)
    apart = np.zeros((len(frames), len(next(iter(goals.values())))))
    for of, goal in goals.items():
        values = [_values(frame, of) for frame in frames]
        scale = max(float(np.nanstd(values[0])), 1e-9)
        apart += [np.nan_to_num(np.abs(_far(y, links[at], goal, of))) / scale for y in values]
    if missed is not None:
        lost = np.stack([missed(frame, links[at]) for frame in frames])
        apart[lost > lost[0]] = np.inf
    best = apart.argmin(0)[links[at]]
    taken = np.tile(np.arange(len(frames))[:, None], m)
    taken[best, np.arange(m)], taken[0] = 0, best
    made = pl.concat(frames)
    frames = [made[of * m + np.arange(m)] for of in taken]
    order = np.arange(len(rows))
    order[at] = len(rows) + np.arange(m)
    return pl.concat([rows, frames[0]])[order], frames[1:]


def _with_whole(
    rows: pl.DataFrame, at: Ints, draws: Sequence[pl.DataFrame], links: Ints, goals: Mapping[Sum, Floats],
    whole: Whole, rng: np.random.Generator,
) -> pl.DataFrame:  # fmt: skip
    """Rows, some of which stand in for others."""
    frames = [rows[at], *draws]

    def codes(name: str) -> tuple[Floats, Floats]:
        ranks = pl.concat([frame[name].cast(pl.String) for frame in frames]).rank("dense").fill_null(0)
        split = ranks.to_numpy().astype(np.float64).reshape(len(frames), -1)
        return split[0].copy(), split[1:]

    held, same = ([codes(name) for name in names if name in rows.columns] for names in (whole.once, whole.same))
    now = [_values(frames[0], of) for of in goals]
    others = [np.stack([_values(new, of) for new in draws]) for of in goals]
    taken = _exchanged(now, others, list(goals.values()), list(goals), links[at], held, same, rng)
    source = np.arange(len(rows))
    source[at] = np.where(taken < 0, at, len(rows) + taken * len(at) + np.arange(len(at)))
    return pl.concat([rows, *draws])[source]


def _values(rows: pl.DataFrame, of: Sum) -> Floats:
    return rows[of.column].cast(pl.Float64).fill_null(np.nan).to_numpy().copy()


def _step(taken: Ints, now: Floats, others: Floats) -> Floats:
    """(n,) by how much the values that stand in are more."""
    return np.where(taken < 0, 0.0, others[taken, np.arange(len(now))] - now)


def _far(values: Floats, links: Ints, goal: Floats, of: Sum) -> Floats:
    """(P,) what rows lack, NaN where anything will do."""
    at = links >= 0
    return np.asarray((goal - np.bincount(links[at], values[at], minlength=len(goal))).round(of.decimals) + 0.0)


def _exchanged(
    now: Sequence[Floats], others: Sequence[Floats], goals: Sequence[Floats], sums: Sequence[Sum], links: Ints,
    held: Sequence[tuple[Floats, Floats]], same: Sequence[tuple[Floats, Floats]], rng: np.random.Generator,
) -> Ints:  # fmt: skip
    """(n,) which draw each row is taken of, -1 of the first; of a turn each parent takes the one that brings its sums
    nearest.

    Args:
        now, others: (n,) and (K, n) values by sum, as they were drawn first and in the other draws.
        held: the same of what no parent's rows hold twice.
        same: the same of what a row and the one in its stead agree in.
    """
    now, held = [y.copy() for y in now], [(one.copy(), other) for one, other in held]
    taken, place = np.full(len(links), -1, np.int64), np.arange(len(links))
    weights = [1 / max(float(np.nanstd(y)), 1e-9) for y in now]
    fits = np.all([one == other for one, other in same] or [np.ones((1, 1), bool)], axis=0)
    for _ in range(ROUNDS):
        far = [_far(y, links, goal, of)[links] for y, goal, of in zip(now, goals, sums, strict=True)]
        before = np.sum([w * np.abs(np.nan_to_num(f)) for w, f in zip(weights, far, strict=True)], axis=0)
        steps = [np.nan_to_num(np.abs(f - (o - y))) for f, o, y in zip(far, others, now, strict=True)]
        left = np.sum([w * s for w, s in zip(weights, steps, strict=True)], axis=0)
        free = np.broadcast_to(fits, left.shape) & ~np.any([np.isnan(o) for o in others], axis=0)
        for one, other in held:
            free = free & ~np.isin(_keyed(links, other), _keyed(links, one))
        left = np.where(free, left, np.inf)
        best = left.argmin(0)
        cost = left[best, place]
        order = np.lexsort([rng.random(len(links)), cost, links])
        first = order[np.r_[True, np.diff(links[order]) > 0]]
        better = first[cost[first] < before[first] - 1e-9]
        if not len(better):
            break
        taken[better] = best[better]
        for one, other in [*zip(now, others, strict=True), *held]:
            one[better] = other[best[better], better]
    return taken


def _keyed(links: Ints, values: Floats) -> Ints:
    return np.asarray(links * _SPAN + np.nan_to_num(values).round().astype(np.int64))


_SPAN = 2**32


def _rest(y: Floats, links: Ints, goal: Floats, of: Sum, rng: np.random.Generator) -> Floats:
    """(n,) what rows are to have more for their sum to be exact, shared as evenly as decimals go."""
    scale = 10.0**of.decimals
    units = np.nan_to_num(_far(y, links, goal, of) * scale).round().astype(np.int64)
    counts = np.bincount(links[links >= 0], minlength=len(goal))
    order = np.lexsort([rng.random(len(y)), links])
    order = order[links[order] >= 0]
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    own = links[order]
    more = np.zeros(len(y))
    more[order] = units[own] // counts[own] + (place < units[own] % counts[own])
    return more / scale
