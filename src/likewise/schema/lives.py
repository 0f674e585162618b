"""Whether the rows of an entity may be its life in time, so that they could be learnt as histories."""

from __future__ import annotations

import polars as pl

from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.distinct import Columns, Counted
from likewise.schema.dtypes import dtype_from_name
from likewise.schema.keys import parts_of
from likewise.schema.parse import canonical_dtype
from likewise.schema.persons import likely_entity, word_on_entity
from likewise.schema.vocabulary import words

CLOCKS = frozenset(words("headings.clocks"))
"""Words for what counts time."""

_NUMBERS = frozenset(("id", "no", "nr", "num", "number", "index", "idx"))

LOOK_AT = 2_000
"""Entities whose rows are looked at."""

DIFFER = 0.25
"""Of the rows of an entity after its first, the share that are of another moment than all before, at least; and there
are such rows in most entities with several. Some have many rows at a moment: the positions of a season."""


def likely_time(frame: pl.DataFrame | Columns, schema: Schema, entity: str) -> str | None:
    """The column that orders an entity's rows in time, if there is one: a date or moment, or a number that is called
    so, in which the rows of an entity mostly differ.

    Args:
        frame: as it came.

    Example:
        >>> from likewise.schema.infer import infer
        >>> rows = pl.DataFrame({"user": [*"aabbcc"] * 9, "year": [*range(54)], "score": [5, 7, 6, 8, 9, 4] * 9})
        >>> likely_time(rows, infer(rows), "user")
        'year'
    """
    told = [c for c in schema if c.name != entity and c.role is not Role.DROP and _may_tell_time(c)]
    told.sort(key=lambda c: c.kind is not Kind.DATETIME)
    if not told or not len(frame):
        return None
    table = frame if isinstance(frame, Columns) else Columns.of(frame)
    keys = table.series(entity)
    some = keys.drop_nulls().unique(maintain_order=True).head(LOOK_AT)
    at = keys.is_in(some.implode()).fill_null(False).arg_true().to_numpy()
    rows = table.select([entity, *(c.name for c in told)]).rows(at).frame()
    rows = rows.filter(pl.len().over(entity) > 1)
    n_entities = rows[entity].n_unique()
    if 2 * n_entities < len(some):
        return None  # most have one row: no lives
    for name in (c.name for c in told if not rows[c.name].null_count()):
        moments = rows.select(entity, name).unique().group_by(entity).len()["len"]
        if 2 * (moments > 1).sum() > n_entities and (moments - 1).sum() >= DIFFER * (len(rows) - n_entities):
            return name
    return None


def _may_tell_time(column: Column) -> bool:
    if column.kind is Kind.DATETIME:
        return canonical_dtype(column) != pl.Time
    whole = column.kind is Kind.INTEGER or (
        column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN) and dtype_from_name(column.dtype).is_integer()
    )
    parts = parts_of(column.name)
    while parts and parts[-1] in _NUMBERS:
        parts.pop()
    return whole and bool(parts) and parts[-1] in CLOCKS


def word_on_rows(
    frame: pl.DataFrame | Columns, schema: Schema, counted: Counted | None = None, *, in_time: bool = False
) -> str | None:
    """What a user should hear who named no entity: of one that the rows told, and of their being lives of it.

    Args:
        in_time: whether they are learnt as such.
    """
    told = [word_on_entity(frame, schema, counted), None if in_time else word_on_lives(frame, schema, counted)]
    return ". ".join(word for word in told if word is not None) or None


def word_on_lives(frame: pl.DataFrame | Columns, schema: Schema, counted: Counted | None = None) -> str | None:
    """What a user should hear who named no entity, where rows look like lives of one that the rows told; else None.

    Args:
        frame: as it came.
        counted: the distinct values of `frame`, if they are at hand.
    """
    entity = schema.entity
    if entity is None:
        suspect = likely_entity(frame, schema, counted)
        entity = None if suspect is None else suspect.column
    elif "role" not in schema[entity].found:
        return None
    time = None if entity is None else likely_time(frame, schema, entity)
    if entity is None or time is None:
        return None
    return (
        f"The rows of each {entity!r} follow each other by {time!r}: entity={entity!r}, time={time!r} (likewise synth "
        f"INPUT -o OUTPUT --entity {_quoted(entity)} --time {_quoted(time)}) learns them as histories, in order, and "
        "draws whole ones"
    )


def _quoted(name: str) -> str:
    return name if name.replace("_", "").isalnum() else f'"{name}"'
