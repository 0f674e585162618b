"""A table of entities beside the rows of their histories: joined by the entity's key to be learnt, parted when drawn.

Legend: n rows, E entities.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import polars as pl

from likewise.codecs.column import take_value
from likewise.errors import InputError, LikewiseWarning, ModelFileError, nearest
from likewise.histories.layout import Layout
from likewise.schema.column import Role, Schema
from likewise.schema.infer import infer
from likewise.schema.persons import unnamed
from likewise.typing import Ints


class Drawn(NamedTuple):
    """Two tables of the same entities.

    Args:
        rows: of their histories.
        static: a row for each, of what it is.
    """

    rows: Any
    static: Any


@dataclass(frozen=True)
class Beside:
    """Which columns stand in which table.

    Args:
        entity: the key, which stands in both.
        rows, static: columns of the rows, and of the table beside them, in order.
    """

    entity: str
    rows: tuple[str, ...]
    static: tuple[str, ...]

    def part(self, table: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
        """The columns of one of the two tables, of those that are drawn."""
        return table.select(name for name in names if name in table.columns)

    def joined(self, rows: pl.DataFrame, static: pl.DataFrame) -> pl.DataFrame:
        """Two tables as one, as it was learnt."""
        return Joined.of(rows, static, self.entity).rows

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], layout: Layout, schema: Schema) -> Self:
        """Of a file.

        Raises:
            ModelFileError: it names columns that the tables cannot have.
        """
        rows, static = (tuple(map(str, take_value(data, name, list))) for name in ("rows", "static"))
        own = {*layout.static, *layout.keys, *(c.name for c in schema if c.role is Role.DROP)}
        fit = {*rows, *static} == set(schema.names) and set(rows) & set(static) == {layout.keys[0]}
        if not fit or not set(static) <= own:
            raise ModelFileError("histories: the columns of its two tables are not those that it names")
        return cls(layout.keys[0], rows, static)


@dataclass(frozen=True)
class Joined:
    """Rows of histories, each with what its entity is.

    Args:
        rows: (n, columns) of both tables.
        kept: (n,) numbers of the rows, which all have an entity in the other table.
        bare: (k, columns) the entities without rows.
        beside: which columns are whose.
    """

    rows: pl.DataFrame
    kept: Ints
    bare: pl.DataFrame
    beside: Beside

    @classmethod
    def of(cls, rows: pl.DataFrame, static: pl.DataFrame, entity: str, *, all_rows: bool = False) -> Self:
        """Join two tables as they came. Rows whose entity the other one lacks are left out, with a warning.

        Args:
            all_rows: refuse to leave one out.

        Raises:
            InputError: the other table has no such column, not one row for each entity, or a column that the rows
                have, too; or too few rows find theirs.

        Example:
            >>> rows = pl.DataFrame({"who": [1, 1, 2], "x": [5, 6, 7]})
            >>> joined = Joined.of(rows, pl.DataFrame({"who": [1, 2, 3], "sex": ["f", "m", "f"]}), "who")
            >>> joined.rows["sex"].to_list(), joined.bare["who"].to_list()
            (['f', 'f', 'm'], [3])
        """
        for table, of in ((rows, "table"), (static, "static table")):
            if entity not in table.columns:
                raise InputError(f"column {entity!r} is none of the {of}{nearest(entity, table.columns)}")
        static = _with_key_as(static, rows[entity])
        keys = static[entity]
        if gone := int(unnamed(keys).sum()):
            raise InputError(
                f"column {entity!r} is missing in {gone:,} of {len(keys):,} rows of the static table; each must tell "
                "whose it is: fill it, or leave them out"
            )
        if twice := len(keys) - keys.n_unique():
            raise InputError(
                f"column {entity!r} repeats in {twice:,} of {len(keys):,} rows of the static table, which has one row "
                "for each entity; leave the others out, or give that table as the rows"
            )
        if both := [name for name in static.columns if name != entity and name in rows.columns]:
            raise InputError(
                f"columns {', '.join(map(repr, both))} stand in both tables; leave each out of one, or rename it"
            )
        found = rows[entity].is_in(keys.implode()).fill_null(False) | unnamed(
            rows[entity]
        )  # an entity without a name is told later
        kept = found.arg_true().to_numpy().astype(np.int64)
        _tell_of_lost(rows[entity], found, all_rows=all_rows)
        wide = rows.filter(found).join(static, on=entity, how="left", maintain_order="left")
        bare = static.filter(~keys.is_in(rows[entity].implode()))
        return cls(wide, kept, bare, Beside(entity, tuple(rows.columns), tuple(static.columns)))


def _with_key_as(static: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
    """The table with its key of the type that the rows have it in.

    Raises:
        InputError: it cannot be.
    """
    own = static[keys.name]
    if own.dtype == keys.dtype:
        return static
    cast = own.cast(keys.dtype, strict=False)
    if cast.null_count() > own.null_count():
        raise InputError(
            f"column {keys.name!r} is {keys.dtype} in the table and {own.dtype} in the static table; write the keys "
            "alike in both"
        )
    return static.with_columns(cast)


def _tell_of_lost(keys: pl.Series, found: pl.Series, *, all_rows: bool) -> None:
    """Say how many rows are of entities that the static table lacks.

    Raises:
        InputError: half of the rows are, or one where none may be left out.
    """
    lost = int((~found).sum())
    if not lost:
        return
    said = (
        f"column {keys.name!r}: {lost:,} of {len(keys):,} rows, of {keys.filter(~found).n_unique():,} entities, have "
        "no row in the static table"
    )
    if all_rows or 2 * lost >= len(keys):
        raise InputError(f"{said}; add them there, or look whether the keys are written alike in both")
    warnings.warn(f"{said}, and are left out", LikewiseWarning, stacklevel=5)


def with_static(schema: Schema, static: pl.DataFrame, entity: str, given: Schema | None) -> Schema:
    """The schema of rows, and behind it that of the static table's columns: as given, or told from these.

    Args:
        given: of columns of either table.
    """
    names = [name for name in static.columns if name != entity]
    said = {} if given is None else {name: given[name] for name in names if name in given}
    found = infer(static, entity=entity, overrides=said)
    return Schema((*schema.columns, *(found[name] for name in names)), rules=schema.rules, dialect=schema.dialect)
