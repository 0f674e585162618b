"""Levels that every group has, and levels that none has twice: each account has one owner, each molecule some carbon.

A net gives each row some chance of any level, so that now and then a group lacks it. Such groups are drawn again.

Legend: n rows, P rows that they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from likewise.codecs.column import take_value
from likewise.errors import ModelFileError
from likewise.typing import Ints

SURE = 0.995
BY_CHANCE = 20
"""Groups that would lack a level by chance, or have it twice, at least, where none does."""
MOST_LEVELS = 50
LOOK_AT = 200_000
"""Rows that are looked at, or about."""
SUPPORT = 5
"""Persons who have a level at least, for it to be named."""


@dataclass(frozen=True)
class Every:
    """How often each group has a level.

    Args:
        column, level: the level as a text.
        always: whether each group has it.
        once: whether none has it twice.
    """

    column: str
    level: str
    always: bool
    once: bool

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Of its fields.

        Raises:
            ModelFileError: they are others.
        """
        if not isinstance(data, dict):
            raise ModelFileError("what every group has must be an object")
        column, level = (take_value(data, name, str) for name in ("column", "level"))
        return cls(column, level, *(take_value(data, name, bool) for name in ("always", "once")))


def find_every(rows: pl.DataFrame, links: Ints, n_parents: int, whose: Ints) -> Iterator[Every]:
    """Levels that hardly any group lacks, or has twice, though by chance many would.

    Args:
        rows: (n, columns) canonical.
        links: (n,) the row that each belongs to, -1 for none.
        n_parents: P.
        whose: (n,) the person of each row.

    Example:
        >>> rows = pl.DataFrame({"role": ["owner", "user", "user"] * 90})
        >>> list(find_every(rows, np.arange(270) // 3, 90, np.arange(270) // 3))
        [Every(column='role', level='owner', always=True, once=True)]
    """
    if not rows.width:  # keys alone
        return
    step = max(1, -(-len(rows) // LOOK_AT))  # of many parents every so manieth, with all its rows
    at = (links >= 0) & (links % step == 0)
    rows, whose, links, n_parents = rows.filter(at), whose[at], links[at] // step, -(-n_parents // step)
    sizes = np.bincount(links, minlength=n_parents)
    there = sizes > 0
    for column in rows.get_columns():
        texts = _texts(column)
        if texts is None or not 1 < texts.n_unique() <= MOST_LEVELS:
            continue
        for level in texts.drop_nulls().unique().sort():
            share = float((texts == level).fill_null(False).mean() or 0)
            held = _held(texts, level, links, n_parents)[there]
            none = (1 - share) ** sizes[there]
            several = 1 - none - sizes[there] * share * (1 - share) ** (sizes[there] - 1)
            always, once = _never(held == 0, none), _never(held > 1, several)
            if (always or once) and len(np.unique(whose[(texts == level).fill_null(False).to_numpy()])) >= SUPPORT:
                yield Every(column.name, level, always, once)


def lacking(found: Sequence[Every], rows: pl.DataFrame, links: Ints, n_parents: int) -> Ints:
    """(P,) levels that each group lacks, or has twice; a group of no rows lacks nothing."""
    there = np.bincount(links[links >= 0], minlength=n_parents) > 0
    missed = np.zeros(n_parents, np.int64)
    for one in found:
        texts = _texts(rows[one.column]) if one.column in rows.columns else None
        if texts is not None:
            held = _held(texts, one.level, links, n_parents)
            missed += (there & (held == 0) & one.always) + np.maximum(held - 1, 0) * one.once
    return missed


def _never(hits: Any, by_chance: Any) -> bool:
    """Whether what chance would bring about in many groups comes about in hardly any."""
    return bool(hits.mean() <= 1 - SURE and by_chance.sum() >= BY_CHANCE) if len(hits) else False


def _texts(column: pl.Series) -> pl.Series | None:
    known = column.dtype in (pl.String, pl.Boolean) or isinstance(column.dtype, pl.Categorical | pl.Enum)
    return column.cast(pl.String) if known else None


def _held(texts: pl.Series, level: str, links: Ints, n_parents: int) -> Ints:
    hit = (texts == level).fill_null(False).to_numpy() & (links >= 0)
    return np.bincount(links[hit], minlength=n_parents)
