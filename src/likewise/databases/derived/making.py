"""What is learnt in place of columns that other tables determine, and how these are made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from likewise.databases.derived.kinds import After, Derived, Place, from_plain, plain
from likewise.databases.keys import DatabaseSchema, ForeignKey
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
) -> dict[str, pl.DataFrame]:
    """The tables with what is determined across them, computed in the order in which one needs another.

    Args:
        tables: name -> what was drawn, with keys.
        derived: as `find` gives them, in order.
        columns: name -> column -> type, as the columns of each table stood; None appends what was not learnt.
        links: of foreign keys, if they are known; else rows are joined by their keys.
    """
    made, known = dict(tables), dict(links or {})
    for one in derived:
        if one.key not in known:
            known[one.key] = rows_of(made, one.key)
        table, column = one.place
        new = one.compute(made, known[one.key], rng).alias(column)
        of = (columns or {}).get(table, {}).get(column)
        if of is not None and new.dtype != (dtype := dtype_from_name(of)):
            new = _cast(new, dtype)
        made[table] = made[table].with_columns(new)
    return {n: t.select([*(c for c in (columns or {}).get(n, t.columns) if c in t.columns)]) for n, t in made.items()}


def _cast(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    if dtype == pl.Boolean and series.dtype == pl.String:
        return series == "true"
    if dtype.is_integer() and series.dtype.is_float():
        series = series.round(0)
    return series.cast(dtype, strict=False)


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
