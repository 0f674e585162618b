"""What is learnt in place of columns that other tables determine, and how these are made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from likewise.databases.derived.kinds import After, Derived, Place, from_plain, plain
from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.databases.links.apart import apart
from likewise.databases.links.makers import Drawn
from likewise.databases.pointing import MISSING, parent_rows
from likewise.errors import ModelFileError
from likewise.schema.dtypes import dtype_from_name
from likewise.typing import Ints


def rows_of(tables: Mapping[str, pl.DataFrame], key: ForeignKey) -> Ints:
    """(n,) the row that each row points at; -1 where there is none."""
    found = parent_rows(tables[key.table], key.columns, tables[key.parent], key.parent_columns)
    return np.maximum(found, MISSING)


def learnable(tables: Mapping[str, pl.DataFrame], derived: Iterable[Derived]) -> dict[str, pl.DataFrame]:
    """The tables without what is computed, and with the time since then in place of times that come soon after.

    Example:
        >>> from likewise.databases.derived.kinds import Carried
        >>> key = ForeignKey.of("orders.user -> users.id")
        >>> tables = {"users": pl.DataFrame({"id": [1], "land": ["fr"]})}
        >>> tables["orders"] = pl.DataFrame({"user": [1, 1], "land": ["fr", "fr"]})
        >>> learnable(tables, [Carried(key, "land", "land")])["orders"].columns
        ['user']
    """
    made = dict(tables)
    for one in derived:
        table, column = one.place
        if not one.is_learnt:
            made[table] = made[table].drop(column)
        elif isinstance(one, After) and one.learnt != "as it is":
            link = rows_of(tables, one.key)
            made[table] = made[table].with_columns(one.since(tables, link))
    return made


def again(
    tables: Mapping[str, pl.DataFrame],
    derived: Sequence[Derived],
    rng: np.random.Generator,
    *,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    links: Mapping[ForeignKey, Ints] | None = None,
    given: Mapping[str, pl.DataFrame] | None = None,
) -> dict[str, pl.DataFrame]:
    """The tables with what is determined across them, computed in the order in which one needs another.

    Args:
        tables: name -> what was drawn, with keys.
        derived: as `find` gives them, in order.
        columns: name -> column -> type, as the columns of each table stood; None appends what was not learnt.
        links: of foreign keys, if they are known; else rows are joined by their keys.
        given: of some tables, rows that were given; what these hold stays.
    """
    made, known = dict(tables), dict(links or {})
    for one in derived:
        if one.key not in known:
            known[one.key] = rows_of(made, one.key)
        table, column = one.place
        new = one.compute(made, known[one.key], rng).alias(column)
        of = (columns or {}).get(table, {}).get(column)
        if of and of != "Enum" and new.dtype != (dtype := dtype_from_name(of)):
            new = _cast(new, dtype)
        held = (given or {}).get(table)
        if held is not None and column in held.columns and len(held) == len(new):
            new = held[column].cast(new.dtype).zip_with(held[column].is_not_null(), new)
        made[table] = made[table].with_columns(new)
    return {n: t.select([*(c for c in (columns or {}).get(n, t.columns) if c in t.columns)]) for n, t in made.items()}


def _cast(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    if dtype == pl.Boolean and series.dtype == pl.String:
        return series == "true"
    if dtype.is_integer() and series.dtype.is_float():
        series = series.round(0)
    return series.cast(dtype, strict=False)


def why_not(derived: Iterable[Derived], table: str, column: str) -> str | None:
    """Why a column was not learnt as it is; None where it was."""
    for one in derived:
        if one.place == (table, column) and not (isinstance(one, After) and one.learnt == "as it is"):
            return f"it is computed ({one})"
    return None


def unlearnt(derived: Iterable[Derived], table: str) -> list[str]:
    """The columns of a table that are computed alone."""
    return [one.place[1] for one in derived if one.place[0] == table and not one.is_learnt]


def kept_apart(
    tables: Mapping[str, pl.DataFrame], derived: Iterable[Derived], schema: DatabaseSchema, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """The tables with computed times moved on where two rows would share a key by them."""
    made = dict(tables)
    for one in derived:
        table, column = one.place
        for key in schema.tables[table].keys if isinstance(one, After) else ():
            if column in key:
                dtype = made[table][column].dtype
                step = _SECOND[dtype.time_unit] if isinstance(dtype, pl.Datetime) else 1
                rest = made[table].select(c for c in key if c != column)
                made[table] = made[table].with_columns(apart(made[table][column], rest, Drawn(step), rng))
    return made


_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def in_order(derived: Iterable[Derived]) -> tuple[Derived, ...]:
    """Each after what it needs, each place once; of those that would need themselves the later ones are left out."""
    chosen: dict[Place, Derived] = {}
    for one in derived:
        if one.place not in chosen and not _reaches(one.needs, one.place, chosen):
            chosen[one.place] = one
    done: dict[Place, Derived] = {}

    def add(place: Place) -> None:
        if place in chosen and place not in done:
            for need in chosen[place].needs:
                add(need)
            done[place] = chosen[place]

    for place in chosen:
        add(place)
    return tuple(done.values())


def _reaches(needs: Iterable[Place], goal: Place, chosen: Mapping[Place, Derived]) -> bool:
    """Whether what is needed needs, by whatever way, the goal."""
    open_, seen = list(needs), set[Place]()
    while open_:
        place = open_.pop()
        if place == goal:
            return True
        if place not in seen:
            seen.add(place)
            open_.extend(chosen[place].needs if place in chosen else ())
    return False


def to_list(derived: Iterable[Derived]) -> list[dict[str, Any]]:
    """As JSON holds it."""
    return [plain(one) for one in derived]


def from_list(data: Any, schema: DatabaseSchema) -> tuple[Derived, ...]:
    """The inverse of `to_list`.

    Raises:
        ModelFileError: it does not fit together, or not with the schema.
    """
    if not isinstance(data, list):
        raise ModelFileError("what is determined across tables must be a list")
    keys = {str(key): key for key in schema.foreign}
    found = tuple(from_plain(entry, keys) for entry in data)
    if len(in_order(found)) < len(found):
        raise ModelFileError("what is determined across tables: one needs itself, or stands twice")
    return in_order(found)
