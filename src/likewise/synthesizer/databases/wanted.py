"""What is asked of a database to be drawn, held to what it can give."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from likewise.conditions import OfRows, every_row, resolve
from likewise.databases.derived import why_not
from likewise.errors import ConditionError, OptionError, nearest
from likewise.synthesizer.databases.known import check_given
from likewise.synthesizer.databases.learning import DatabaseModel
from likewise.synthesizer.databases.searched import OfTable
from likewise.synthesizer.databases.table import ALONE, EMPTY, KEPT

EXAMPLES = {"rows": "{'users': 500}", "where": "{'users.country': 'FR'}"}


@dataclass(frozen=True)
class Wanted:
    """What is asked of a database to be drawn.

    Args:
        scale: rows of each table that belongs to none, as a share of those that there were.
        rows: of some tables, how many rows.
        where: table -> column -> condition.
        given: table -> rows that are known, canonical in no way.
        of_rows: of tables that belong to others: table -> columns, and on which rows of a root a condition is.
    """

    scale: float = 1.0
    rows: Mapping[str, int] = field(default_factory=dict)
    where: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    given: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    of_rows: Mapping[str, OfTable] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether nothing but sizes is asked for."""
        return not (self.where or self.given or self.of_rows)


def wanted_of(
    model: DatabaseModel, scale: Any, rows: Any, where: Mapping[str, Any] | None, given: Mapping[str, pl.DataFrame]
) -> Wanted:
    """What a caller asks for, held to what the database can give.

    Raises:
        OptionError, ConditionError, InputError: it cannot.
    """
    if isinstance(scale, bool) or not isinstance(scale, int | float | np.number) or not 0 < scale < np.inf:
        raise OptionError(f"scale must be a number above 0, got {scale!r}")
    for what, of in (("rows", rows), ("where", where)):
        if not isinstance(of, Mapping | None):
            raise OptionError(f"{what} of a database must be a mapping, such as {EXAMPLES[what]}")
    tables, roots = model.tables, [t for t in model.graph.order if model.graph.owner.get(t) is None]
    free = [t for t in roots if tables[t].way == ALONE]
    for name in (*(rows or {}), *given):
        if name not in tables:
            raise OptionError(f"there is no table {name!r}{nearest(name, tables)}")
    for name, n in (rows or {}).items():
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise OptionError(f"rows of table {name!r} must be a whole number of 1 or more, got {n!r}")
        if tables[name].way in (KEPT, EMPTY):
            raise OptionError(f"table {name!r} is {tables[name].way}, so its rows cannot be so many: leave it out")
        if name in given:
            raise OptionError(f"the rows of table {name!r} are given, so do not say how many there are to be")
    conditions: dict[str, dict[str, Any]] = {}
    of_rows: dict[str, list[tuple[str, OfRows]]] = {}
    for text, condition in _each_column(where or {}, tables):
        name = next((t for t in sorted(tables, key=len, reverse=True) if str(text).startswith(f"{t}.")), None)
        if name is None:
            raise ConditionError(f"where names {text!r}, and is of a column of a table, such as 'users.country'")
        column = str(text)[len(name) + 1 :]
        chain = owners_of(model, name)
        if chain[0] not in free or chain[0] in given or any(tables[t].way == EMPTY for t in chain):
            raise ConditionError(
                f"table {name!r} takes no conditions: its rows, or those they go back to, are kept, given or none; "
                f"these take some, with all that goes back to them: {', '.join(map(repr, free)) or 'none here'}"
            )
        if asked := [t for t in chain[1:] if t in (rows or {})]:
            raise OptionError(
                f"rows of table {asked[0]!r} cannot be so many and meet conditions: they are as many as go back to "
                f"rows of {chain[0]!r} that meet them; say how many of those there are to be"
            )
        if reason := why_not(model.derived, name, column):
            raise ConditionError(f"column {column!r} of table {name!r} takes no condition: {reason}")
        if column not in tables[name].columns:
            raise ConditionError(f"table {name!r} has no column {column!r}{nearest(column, tables[name].columns)}")
        if column in model.keys.made(name):
            raise ConditionError(
                f"column {column!r} of table {name!r} is a key and takes no condition: keys are made anew; rows that "
                "are to keep theirs are given (given=)"
            )
        if name in free:
            conditions.setdefault(name, {})[column] = condition
            continue
        several = condition if isinstance(condition, list | tuple) and condition else [condition]
        if not all(isinstance(one, OfRows) for one in several):
            several = [every_row(condition)]
        if any(isinstance(one.which, int) for one in several):
            raise ConditionError(
                f"{text}: at_row is of histories; of a database give what every row is to hold, or some_row(...)"
            )
        for one in several:
            resolve({column: one.condition}, tables[name].synth.schema_)
            of_rows.setdefault(name, []).append((column, one))
    check_given(model, given)
    return Wanted(float(scale), dict(rows or {}), conditions, dict(given), of_rows)


def owners_of(model: DatabaseModel, name: str) -> list[str]:
    """The tables that rows of one belong to, the last one first, and itself."""
    chain = [name]
    while chain[0] in model.graph.owner:
        chain.insert(0, model.graph.owner[chain[0]].parent)
    return chain


def _each_column(where: Mapping[str, Any], tables: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Conditions by `table.column`, of which those of one table may stand together."""
    for text, condition in where.items():
        if str(text) in tables and isinstance(condition, Mapping):
            yield from ((f"{text}.{column}", one) for column, one in condition.items())
        else:
            yield str(text), condition
