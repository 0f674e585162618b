"""What is asked of histories to be drawn: of what an entity is, of its rows, of how many they are.

Histories are drawn under what is asked of the entity, which holds by construction, and kept where all else holds: the
law of those kept is the model's own under the conditions (rejection sampling, von Neumann 1951).

Legend: n rows, m histories.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from likewise.codecs.base import Given, Search
from likewise.conditions import Condition, OfRows, as_condition, fit, meeting, resolve
from likewise.errors import ConditionError, RuleError, nearest
from likewise.histories.model import HistoryModel
from likewise.models.drawing.conditioning import Budget
from likewise.schema.column import Column, Kind, Schema
from likewise.synthesizer.ruled_histories import RuledRows
from likewise.typing import Bools, Ints

NO_RULES = RuledRows(None)

TRIES_A_HISTORY, LEAST_TRIES = 32, 2**14
"""Histories that may be drawn for each that is wanted, and for all of them however few they are."""

ROWS_AT_ONCE = 2**19
"""Rows of histories that are drawn to be looked at, about."""

LENGTH = Column(name="length", kind=Kind.INTEGER)


@dataclass(frozen=True)
class Asked:
    """Conditions in canonical types.

    Args:
        of_entity: column -> condition on what an entity is.
        of_rows: columns and conditions on rows.
        length: of the number of rows.
    """

    of_entity: Mapping[str, Condition]
    of_rows: tuple[tuple[str, OfRows], ...]
    length: Condition | None

    @property
    def names(self) -> str:
        """Of all conditions."""
        names = [*map(repr, dict.fromkeys([*self.of_entity, *(name for name, _ in self.of_rows)]))]
        return ", ".join(names + (["the length"] if self.length is not None else []))

    @property
    def needs_search(self) -> bool:
        return bool(self.of_rows) or self.length is not None

    def met(self, rows: pl.DataFrame, whose: Ints, m: int) -> Bools:
        """(m,) which histories meet what is asked of rows and of their number.

        Args:
            rows: (n, columns) canonical.
            whose: (n,) 0 .. m-1, ascending.
        """
        lengths = np.bincount(whose, minlength=m)
        starts = np.cumsum(lengths) - lengths
        found = np.ones(m, bool)
        if self.length is not None:
            found &= meeting(pl.DataFrame({"length": lengths}), {"length": self.length}).to_numpy()
        for name, asked in self.of_rows:
            met = meeting(rows, {name: asked.condition}).to_numpy()
            if isinstance(asked.which, int):
                place = asked.which if asked.which >= 0 else lengths + asked.which
                there = (place >= 0) & (place < lengths)
                found &= there & np.append(met, False)[np.where(there, starts + place, len(met))]
            else:
                n_met = np.bincount(whose, met, minlength=m)
                found &= n_met > 0 if asked.which == "some" else n_met == lengths
        return found


def asked_of(model: HistoryModel, schema: Schema, where: Mapping[str, Any], length: Any) -> Asked:
    """Conditions as a caller gives them, sorted by what they are on.

    Raises:
        ConditionError: one names no column, or a key, or does not say which of a history's rows it is on.
    """
    layout, of_entity = model.layout, dict[str, Any]()
    of_rows: list[tuple[str, OfRows]] = []
    for name, given in where.items():
        if name not in schema:
            raise ConditionError(f"there is no column {name!r} to put a condition on{nearest(name, schema.names)}")
        if name in layout.keys or name in layout.row_keys:
            whose = "entities" if name in layout.keys else "rows"
            raise ConditionError(
                f"column {name!r} tells {whose} apart and is made anew for each, so it takes no condition; put one on "
                f"what an entity is ({_fixed(model)}), or go on from known rows with extend (--continue)"
            )
        several = given if isinstance(given, list | tuple) and given else [given]
        if all(isinstance(one, OfRows) for one in several):
            of_rows += [(name, replace(one, condition=_resolved(name, one.condition, schema))) for one in several]
        elif name in layout.static:
            of_entity[name] = given
        else:
            raise ConditionError(
                f"column {name!r} changes within a history, so say which of its rows a condition is on: some_row(...), "
                f"every_row(...) or at_row(0, ...), written {name}[some]=, {name}[every]= or {name}[0]= on the command "
                f"line; what an entity is takes conditions as they are ({_fixed(model)})"
            )
    return Asked(resolve(of_entity, schema), tuple(of_rows), None if length is None else fit(_plain(length), LENGTH))


def _resolved(name: str, condition: Any, schema: Schema) -> Condition:
    return resolve({name: condition}, schema)[name]


def _plain(length: Any) -> Condition:
    if isinstance(length, OfRows):
        raise ConditionError("length is of a whole history: give a number or a range, such as between(5, 10)")
    return as_condition(length)


def _fixed(model: HistoryModel) -> str:
    return ", ".join(map(repr, model.layout.static)) or "there is no such column in this table"


def drawn_as_asked(
    model: HistoryModel, asked: Asked, n: int, rng: np.random.Generator, max_tries: int | None = None,
    tell: Callable[[Search], None] | None = None, ruled: RuledRows = NO_RULES,
) -> tuple[pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """The rows of n new entities, canonical, and (n, columns) what these are.

    Raises:
        ConditionError: nothing can meet the conditions, or too few histories do to be found.
        RuleError: too few histories keep the rules to be found.
    """
    narrowing = model.firsts.condition(asked.of_entity)
    if narrowing.met:
        raise ConditionError(f"columns {list(narrowing.met)}: conditions on parts of moments do not hold on histories")
    given = Given(weights=narrowing.weights, max_tries=max_tries)
    if not asked.needs_search and ruled.plan is None:
        rows, _, entities = model.sample(n, rng, given, narrowing)
        return rows, entities
    most = max(LEAST_TRIES, TRIES_A_HISTORY * n) if max_tries is None else max_tries
    budget = Budget(n, most, tell)
    parts: list[pl.DataFrame] = []
    people: list[pl.DataFrame] = []
    at_once, broken = ROWS_AT_ONCE, 0
    while budget.found < n:
        if budget.is_spent:
            _refuse(budget, asked, broken)
        m = budget.next_batch(n - budget.found, most=max(at_once, 1))
        rows, whose, entities = model.sample(m, rng, replace(given, max_tries=None), narrowing)
        rows = ruled.outer(rows)
        breaks = ruled.broken(rows, whose, m, entities)
        good = np.flatnonzero(asked.met(rows, whose, m) & ~breaks)
        broken += int(breaks.sum())
        taken = good[: n - budget.found]
        kept = np.isin(whose, taken)
        number = np.searchsorted(taken, whose[kept]) + budget.found
        parts.append(rows.filter(pl.Series(kept)).with_columns(pl.Series(WHOSE, number)))
        people.append(entities[taken])
        budget.spend(m, mass=float(len(good)), found=len(taken))
        at_once = int(ROWS_AT_ONCE * m / max(len(rows), 1))
    return _with_new_keys(model, pl.concat(parts), pl.concat(people), rng)


WHOSE = "\0whose"
"""The column of which entity a row is; no column of a table is called so."""


def _with_new_keys(
    model: HistoryModel, rows: pl.DataFrame, entities: pl.DataFrame, rng: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows and entities of several draws: keys that differ within one may be alike in two, so all are made anew."""
    whose, layout = rows[WHOSE].to_numpy(), model.layout
    made = model.firsts.keys(entities, rng).select(layout.keys)
    of_rows = layout.codec.keys(rows, rng).select(layout.row_keys) if layout.row_keys else rows.select()
    rows = rows.drop(WHOSE).with_columns([*made[whose].get_columns(), *of_rows.get_columns()])
    return rows, entities.with_columns(made.get_columns())


def _refuse(budget: Budget, asked: Asked, broken: int) -> None:
    if not asked.needs_search:
        raise RuleError(
            f"of {budget.tried:,} histories that the model drew, {budget.mass:,.0f} keep all rules in all their rows "
            f"(rate {budget.share:.2g}), too few to give {budget.wanted:,}; look whether the table keeps these rules, "
            "ask for fewer entities, or raise max_tries"
        )
    met, of_rules = f"{budget.mass:,.0f}" if budget.mass else "none", f"; {broken:,} broke a rule" if broken else ""
    raise ConditionError(
        f"conditions on {asked.names}: of {budget.tried:,} histories that the model drew, {met} met them (acceptance "
        f"rate {budget.share:.2g}{of_rules}), too few to give {budget.wanted:,}; widen the conditions, ask for fewer "
        "entities, or raise max_tries"
    )
