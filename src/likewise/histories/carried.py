"""Numbers that a history carries on: counters that only rise, totals to which each row adds an amount, and what moves.

Of one that rises (or falls) in every history the change is learnt, so that what is drawn rises too, and beyond what the
table holds. A total that is, in all rows, what it was and the amount beside it is not learnt but added up. Of a number
that moves from where it was (`moves`) the change is learnt, too, and it stays where enough entities have been.

    total = base + sign * amount,    next base = total

Legend: n rows, E entities, K codes of the column that tells signs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.lattice import held_by
from likewise.errors import ModelFileError
from likewise.histories.moves import moves
from likewise.histories.order import Histories
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.places import pairs_of
from likewise.typing import Bools, Ints

Numbers = npt.NDArray[Any]

LEAST_STEPS = 30
"""Rows in which a number must change, to be taken for one that only rises or for a total."""
LEAST_AMOUNTS = 3
"""Amounts that must differ: what a total grows by in each row alike is told by its changes."""
MOST_SIGNS = 20
"""Levels of a column that tells signs, at most."""
PROBED = 1000
"""Rows that are looked at first."""
NEAR = 1e-9
"""Relative gap within which numbers of unknown decimals are equal."""


@dataclass(frozen=True)
class Carried:
    """How a column follows from the row before.

    Args:
        name: of the column.
        source: the column of what is added: one of the table, or that of its own changes.
        is_change: whether it is that; first rows then have none.
        by: the column whose codes tell the sign; None where one sign is all rows'.
        signs: of each of its codes, or the one.
        delay: whether a row holds what there was before its amount.
        decimals: to which totals are rounded; None for whole numbers and those of unknown decimals.
        bounds: that no total goes beyond.
        same: another number carried on whose base is always the same.
        holes: whether cells of it are missing: of such rows the change is missing too, the next one is told from the
            last value that there was, and first rows change by nothing.
        moves: whether its changes go either way.
    """

    name: str
    source: str
    is_change: bool
    by: str | None = None
    signs: tuple[int, ...] = (1,)
    delay: bool = False
    decimals: int | None = None
    bounds: tuple[float, float] = (-np.inf, np.inf)
    same: str | None = None
    holes: bool = False
    moves: bool = False

    def added(self, base: Numbers, amounts: Numbers, signs: Numbers) -> Numbers:
        """(n,) totals behind amounts; a missing amount adds nothing."""
        amounts, (low, high) = np.nan_to_num(amounts), self.bounds
        if base.dtype.kind != "f":
            amounts, low, high = np.rint(amounts).astype(base.dtype), int(low), int(high)
        # what is known may lie beyond: it goes no further, and does not leap back either
        total = np.clip(base + amounts * signs, np.minimum(low, base), np.maximum(high, base))
        if base.dtype.kind != "f":
            return np.asarray(total)
        return np.asarray(total if self.decimals is None else np.round(total, self.decimals))

    def signs_of(self, codes: Ints | None) -> Ints:
        """(n,) of rows, by the codes of `by`."""
        return np.array(self.signs)[codes] if codes is not None else np.array(self.signs)

    def to_dict(self) -> dict[str, Any]:
        bounds = [None if np.isinf(end) else end for end in self.bounds]
        return vars(self) | {"signs": list(self.signs), "bounds": bounds}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        names = [data.get("name"), data.get("source"), *(data.get(name) or "" for name in ("by", "same"))]
        signs, bounds, decimals = data.get("signs"), data.get("bounds"), data.get("decimals")
        fit = all(isinstance(name, str) for name in names) and isinstance(signs, list) and bool(signs)
        fit = fit and all(sign in (-1, 0, 1) and isinstance(sign, int) for sign in signs or ())
        fit = fit and isinstance(bounds, list) and len(bounds) == 2
        fit = fit and all(end is None or (isinstance(end, int | float) and np.isfinite(end)) for end in bounds or ())
        if not fit or not (decimals is None or (isinstance(decimals, int) and 0 <= decimals <= 15)):
            raise ModelFileError("histories: what they carry on is none")
        low, high = (own if end is None else end for own, end in zip((-np.inf, np.inf), bounds or (), strict=True))
        return cls(
            name=str(names[0]), source=str(names[1]), is_change=data.get("is_change") is True,
            by=data.get("by") or None, signs=tuple(signs or ()), delay=data.get("delay") is True, decimals=decimals,
            bounds=(low, high), same=data.get("same"), holes=data.get("holes") is True, moves=data.get("moves") is True,
        )  # fmt: skip


CodesOf = Callable[[pl.Series], Ints]
"""(n,) codes of a column's cells."""


def bases(carried: Carried, told: Histories, codes_of: CodesOf) -> tuple[Numbers, Numbers]:
    """(n,) what each row adds to, and (E,) what the rows to come add to."""
    values, at = told.table[carried.name].fill_null(0).to_numpy(), told.ends  # 0 where an entity has it in no row
    if carried.is_change:
        return np.where(told.position > 0, np.roll(values, 1), values), values[at]
    signs = carried.signs_of(None if carried.by is None else codes_of(told.table[carried.by]))
    amounts = told.table[carried.source].to_numpy()
    signs = np.broadcast_to(signs, amounts.shape)
    if carried.delay:
        return values, carried.added(values[at], amounts[at], signs[at])
    begun = carried.added(values, amounts, -signs)
    return np.where(told.position > 0, np.roll(values, 1), begun), values[at]


def with_changes(told: Histories, carried: Sequence[Carried]) -> Histories:
    """The table with its numbers carried on over missing cells, and a column of the changes of each number of which
    these are learnt."""
    whole = told.onward([c.name for c in carried])
    more = [_changes(whole, c, told.table[c.name].is_null()).alias(c.source) for c in carried if c.is_change]
    return replace(whole, table=whole.table.with_columns(more))


def _changes(whole: Histories, carried: Carried, missing: pl.Series) -> pl.Series:
    """(n,) of a column that is carried on over the cells that are missing."""
    change = whole.table[carried.name].diff() * carried.signs[0]
    change = change if carried.decimals is None else change.round(carried.decimals)
    begins = pl.Series(whole.position == 0)
    return change.set(begins, 0).set(missing, None) if carried.holes else change.set(begins, None)


# ---- found in the rows -----------------------------------------------------------------------------------------------


def find_carried(
    told: Histories, schema: Schema, own: Sequence[str], rows: int, free: Callable[[str], str],
    person: Ints | None = None,
) -> tuple[Carried, ...]:  # fmt: skip
    """The numbers that all histories carry on.

    Args:
        own: columns of a row that are learnt.
        rows: persons who must show it, where there are so many.
        free: gives a column that is made of another a name that none has.
        person: (n,) of each row, 0, 1, ...; None makes each entity one.
    """
    later, table = told.position > 0, told.table
    person = told.whose if person is None else person
    every = [n for n in own if schema[n].kind in (Kind.INTEGER, Kind.REAL)]
    holes = {n for n in every if told.table[n].null_count()}
    told = told.onward(sorted(holes))
    numbers = [n for n in every if n not in holes]
    going = [n for n in every if not told.table[n].null_count()]  # each entity has one value at least
    changing = {n: later & (told.table[n].diff() != 0).fill_null(False).to_numpy() for n in going}
    shown = [n for n, steps in changing.items() if _is_shown(person, steps, rows)]
    totals: dict[str, Carried] = {}
    for name in shown:
        if name in holes or any(c.source == name for c in totals.values()):
            continue
        sources = [other for other in numbers if other != name and other not in totals]
        if (found := next(_totals(told, schema, name, sources, own), None)) is not None:
            totals[name] = found
    result = list(totals.values())
    for name in shown:
        change = np.diff(told.table[name].to_numpy(), prepend=0)[later]
        if name not in totals and ((change >= 0).all() or (change <= 0).all()):
            sign = 1 if (change >= 0).all() else -1
            held = _held(schema[name]) | {"holes": name in holes}
            held["bounds"] = _until(told, name, sign, table[name].is_not_null(), person, rows, held["bounds"])
            result.insert(0, Carried(name, free(name), True, signs=(sign,), **held))
    taken = {other for c in result for other in (c.name, c.source, c.by)}
    free_ones = [name for name in shown if name not in taken and name not in holes]
    moving = {n for n in free_ones if moves(told.table[n].to_numpy(), told.position)}
    for pair in pairs_of(schema[name] for name in own):  # a place moves as a whole
        both = {pair.latitude, pair.longitude}
        moving = moving | both if both <= set(free_ones) and both & moving else moving - both
    for name in sorted(moving, key=free_ones.index):
        held = _held(schema[name]) | {"bounds": _been(told, schema[name], person, rows), "moves": True}
        result.insert(0, Carried(name, free(name), True, **held))
    return tuple(result)


def _been(told: Histories, column: Column, person: Ints, rows: int) -> tuple[float, float]:
    """Between which values so many persons have been, or half of them where there are fewer; of one so many rows."""
    values = told.table[column.name].to_numpy()
    by = pl.DataFrame({"who": person if person.any() else np.arange(len(person)), "v": values}).group_by("who")
    ends = by.agg(pl.col("v").min().alias("least"), pl.col("v").max().alias("most"))
    n = min(rows, -(-len(ends) // 2))
    low, high = _held(column)["bounds"]
    least, most = (np.sort(ends[name].to_numpy()) for name in ("least", "most"))
    return max(low, float(least[n - 1])), min(high, float(most[-n]))


def _until(
    told: Histories, name: str, sign: int, known: pl.Series, person: Ints, rows: int, bounds: tuple[float, float]
) -> tuple[float, float]:
    """The bounds of what only rises (or falls), one of which is its last value of all where so many persons stay
    there, as what is used up does at 0: it goes no further. Without that, drawn steps would lead beyond."""
    values, (low, high) = told.table[name].to_numpy(), bounds
    last = values.max() if sign > 0 else values.min()
    stays = (told.position > 0) & (values == last) & (np.roll(values, 1) == last) & known.to_numpy()
    if len(np.unique(person[stays])) < rows:
        return bounds
    return (low, min(high, float(last))) if sign > 0 else (max(low, float(last)), high)


def _is_shown(person: Ints, steps: Bools, rows: int) -> bool:
    """Whether so many steps, of enough persons, show it."""
    n = len(np.unique(person))
    return bool(steps.sum() >= LEAST_STEPS and len(np.unique(person[steps])) >= min(rows, n))


def _held(column: Column) -> dict[str, Any]:
    """What a total is rounded to, and what it may not go beyond."""
    low, high = held_by(column.dtype)
    for end in () if column.bounds is None else [column.bounds]:
        low, high = max(low, low if end[0] is None else end[0]), min(high, high if end[1] is None else end[1])
    if column.kind is Kind.INTEGER:
        low, high = max(low, -(2**62)), min(high, 2**62)
    return {"decimals": column.decimals if column.kind is Kind.REAL else None, "bounds": (low, high)}


def _totals(
    told: Histories, schema: Schema, name: str, sources: Sequence[str], own: Sequence[str]
) -> Iterator[Carried]:
    """Each way in which a column is what it was and the amount of another, in all rows."""
    later = np.flatnonzero(told.position > 0)
    values = told.table[name].to_numpy()
    change = values[later] - values[later - 1]
    size = np.abs(values[later]) + np.abs(values[later - 1])
    for other in sources:
        amounts = told.table[other].to_numpy()
        for delay in (False, True):
            amount = amounts[later - delay]
            near = _near(schema[name], schema[other], size + np.abs(amount))
            if not (_adds(change[:PROBED], amount[:PROBED], near[:PROBED]) and _adds(change, amount, near)):
                continue
            if len(np.unique(amount[np.abs(change) > near])) < LEAST_AMOUNTS:
                continue
            signs = np.where(np.abs(change) <= near, 0, np.where(np.abs(change - amount) <= near, 1, -1))
            signs[np.abs(amount) <= near] = 2  # of nothing any sign is right
            known = signs < 2
            made = Carried(name, other, False, delay=delay, **_held(schema[name]))
            if len(kinds := np.unique(signs[known])) == 1:
                yield replace(made, signs=(int(kinds[0]),))
            for by in own:
                column = told.table[by]
                if schema[by].kind not in (Kind.CATEGORICAL, Kind.BOOLEAN) or column.n_unique() > MOST_SIGNS:
                    continue
                level = np.unique(column.hash().to_numpy(), return_inverse=True)[1][later - delay]
                of = np.unique(np.stack([level[known], signs[known]], 1), axis=0)
                if len(of) == len(np.unique(level[known])):
                    yield replace(made, by=by)


def _near(column: Column, other: Column, size: Numbers) -> Numbers:
    """How far apart equal numbers may lie."""
    if all(c.kind is Kind.INTEGER or c.decimals is not None for c in (column, other)):
        return np.maximum(0.1 * 10.0 ** -max(column.decimals or 0, other.decimals or 0), NEAR * size)
    return NEAR * size


def _adds(change: Numbers, amount: Numbers, near: Numbers) -> bool:
    """Whether each change is the amount, with either sign, or none at all."""
    return bool(((np.abs(np.abs(change) - np.abs(amount)) <= near) | (np.abs(change) <= near)).all())


def with_signs(carried: Carried, told: Histories, codes_of: CodesOf, size: int) -> Carried:
    """The same with the sign of each code of the column that tells it; a code of no row takes the usual one."""
    assert carried.by is not None
    later = np.flatnonzero(told.position > 0)
    values = told.table[carried.name].to_numpy()
    change, at = values[later] - values[later - 1], later - carried.delay
    amount = told.table[carried.source].to_numpy()[at]
    rounded = np.abs(change) <= np.abs(amount) / 2
    signs = np.where(rounded, 0, np.where(change * amount > 0, 1, -1))[amount != 0]
    codes = codes_of(told.table[carried.by])[at][amount != 0]
    counts = np.zeros((size, 3), np.int64)
    np.add.at(counts, (codes, signs + 1), 1)
    usual = int(counts.sum(0).argmax()) - 1
    return replace(carried, signs=tuple(int(row.argmax()) - 1 if row.any() else usual for row in counts))
