"""Some rows of a database, and all rows that these need: no key points at nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.databases.sql.ordering import order_of
from likewise.errors import OptionError, nearest

Sample = int | Mapping[str, int] | None
RowsOf = Callable[..., pl.DataFrame]
"""table, columns, rows among which its own are -> rows."""


def sampled(
    schema: DatabaseSchema, rows_of: RowsOf, sample: Sample, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """Roots, all that hangs on them, and what all this points at.

    Args:
        rows_of: reads a table; only keys are read whole, all else a part at a time.
        sample: how many roots; of which table, by name. A number alone is of the table that points at no other and
            has most rows, in each part of the database that hangs together.

    A table without keys is read whole.
    """
    keyed = {name: _key_columns(schema, name) for name in schema.tables}
    keys = {name: rows_of(name, columns).unique(maintain_order=True) for name, columns in keyed.items() if columns}
    kept = {name: frame.clear() for name, frame in keys.items()}
    for name, n in _roots(schema, keys, sample).items():
        at = np.sort(rng.permutation(len(keys[name]))[:n])
        kept[name] = keys[name][at]
    reached = {name for name, frame in kept.items() if len(frame)}
    _close(schema.foreign, keys, kept, reached)
    return {name: rows_of(name, None, kept.get(name)) for name in schema.tables}


def _key_columns(schema: DatabaseSchema, table: str) -> tuple[str, ...]:
    """All columns that tell rows apart or point: rows alike in all of them stay together."""
    return tuple(dict.fromkeys([*schema.tables[table].primary, *sorted(schema.key_columns(table))]))


def _roots(schema: DatabaseSchema, keys: Mapping[str, pl.DataFrame], sample: Sample) -> dict[str, int]:
    if isinstance(sample, Mapping):
        for name in sample:
            if name not in keys:
                raise OptionError(f"sample: there is no table {name!r} with keys{nearest(name, keys)}")
        roots = dict(sample)
    else:
        n = sample or 0
        roots = {max(part, key=lambda name: _weight(schema, keys, name)): n for part in _parts(schema, keys)}
    if any(n < 1 for n in roots.values()):
        raise OptionError("sample must be one row at least")
    return roots


def _weight(schema: DatabaseSchema, keys: Mapping[str, pl.DataFrame], name: str) -> tuple[bool, int]:
    late = order_of(schema).late
    points = any(not key.is_self and key not in late for key in schema.of(name))
    return (not points, len(keys[name]))


def _parts(schema: DatabaseSchema, keys: Mapping[str, pl.DataFrame]) -> list[list[str]]:
    """Tables that hang together."""
    part = {name: {name} for name in keys}
    for key in schema.foreign:
        both = part[key.table] | part[key.parent]
        for name in both:
            part[name] = both
    return list({id(names): sorted(names) for names in part.values()}.values())


def _close(
    foreign: tuple[ForeignKey, ...], keys: Mapping[str, pl.DataFrame], kept: dict[str, pl.DataFrame], down: set[str]
) -> None:
    """Add children of roots, and theirs; then whatever all these point at, and that in turn."""

    def add(table: str, rows: pl.DataFrame) -> bool:
        new = rows.join(kept[table], on=rows.columns, how="anti", nulls_equal=True)
        kept[table] = pl.concat([kept[table], new])
        return len(new) > 0

    def children(key: ForeignKey) -> pl.DataFrame:
        parents = kept[key.parent].select(
            pl.col(p).alias(c) for p, c in zip(key.parent_columns, key.columns, strict=True)
        )
        return _semi(keys[key.table], parents)

    def parents(key: ForeignKey) -> pl.DataFrame:
        pointed = kept[key.table].select(
            pl.col(c).alias(p) for p, c in zip(key.parent_columns, key.columns, strict=True)
        )
        return _semi(keys[key.parent], pointed)

    grown = True
    while grown:
        grown = False
        for key in foreign:
            # A row that points at its own table hangs on what it points at, but not the other way round.
            if key.parent in down and add(key.table, children(key)):
                down.add(key.table)
                grown = True
    _grow(lambda: any(add(key.parent, parents(key)) for key in foreign))
    # What hangs only on rows that came so would be empty: it takes those of them.
    while bare := [key for key in foreign if not len(kept[key.table]) and len(children(key))]:
        add(bare[0].table, children(bare[0]))
        _grow(lambda: any(add(key.parent, parents(key)) for key in foreign))


def _grow(step: Callable[[], bool]) -> None:
    while step():
        pass


def _semi(frame: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Rows of which the columns are among others, also where one side writes them as text."""
    names = others.columns
    same = [name for name in names if frame.schema[name] == others.schema[name]]
    left, right = frame, others
    if len(same) < len(names):
        left = frame.with_columns(pl.col(n).cast(pl.String).alias(f"{n}\0") for n in names)
        right = others.select(pl.col(n).cast(pl.String).alias(f"{n}\0") for n in names)
        names = right.columns
    return left.join(right.unique(), on=names, how="semi").select(frame.columns)
