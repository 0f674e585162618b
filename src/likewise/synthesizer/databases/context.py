"""What rows are told of the row that they belong to, and of those that it belongs to in turn.

Legend: n rows, P parents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from likewise.databases.graph import LOOKED_AT, alike, numbers_of
from likewise.databases.pointing import rows_at
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.typing import Ints

MOST_TOLD = 24
"""Columns of a parent that its children are told: those that tell most of them."""
BINS = 8
LEAST_TOLD = 0.002
"""Likeness from which a column tells something."""
OWNER, OFFSET, NOTHING = "\0owner", "\0offset", "\0nothing"
"""Columns of a table as it is learnt: whose a row is, how many rows stand before a part of a group, and none at all."""


def taken(frame: pl.DataFrame, rows: Ints) -> pl.DataFrame:
    """(n, columns) these rows of a frame; of -1 all cells are missing."""
    return frame.select(pl.all().gather(rows_at(rows)))


def named_below(table: str, name: str) -> str:
    """What a column of a table is called where its children are told it; none of their own is called so, though one be
    `users.age`."""
    return f"\0{table}.{name}"


def shown(schema: Schema) -> list[Column]:
    """The columns that children may be told: neither keys nor texts, nor what is made of a place on a map. Levels that
    their type lists were said by nobody, and some may be one person's: they are counted as others are."""
    fit = (c for c in schema if c.is_modelled and c.kind is not Kind.TEXT and c.name not in (OWNER, OFFSET, NOTHING))
    fit = (replace(c, levels=None) if "levels" in c.found else c for c in fit)
    return [replace(c, semantic=None, role=Role.FEATURE, found=(), notes=()) for c in fit]


def most_telling(
    parents: pl.DataFrame, own: pl.DataFrame, links: Ints, always: Sequence[str], rng: np.random.Generator
) -> list[str]:
    """The columns of parents that tell most of their rows, in the parents' order.

    Args:
        own: (n, columns) rows.
        links: (n,) parents of rows.
        always: columns that are told in any case.
    """
    rows = np.flatnonzero(links >= 0)
    rows = rows if len(rows) <= LOOKED_AT else np.sort(rng.choice(rows, LOOKED_AT, replace=False))
    values, told = numbers_of(own[rows]), taken(parents, links[rows])
    scores = {name: alike(values, _bins(told[name])) for name in parents.columns if name not in always}
    best = sorted((name for name in scores if scores[name] > LEAST_TOLD), key=lambda name: -scores[name])
    chosen = {*always, *best[: MOST_TOLD - len(always)]}
    return [name for name in parents.columns if name in chosen]


def _bins(column: pl.Series) -> Ints:
    if column.dtype.is_numeric() or column.dtype.is_temporal():
        ranks = column.rank("average") / max(len(column), 1) * BINS
        return ranks.fill_null(BINS + 1).to_numpy().astype(np.int64)
    return column.cast(pl.String, strict=False).rank("dense").fill_null(0).to_numpy().astype(np.int64)
