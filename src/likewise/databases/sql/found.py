"""What was found in the catalogue of a database, as plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from likewise.databases.keys import Columns
from likewise.databases.sql.values import SqlColumn, SqlIndex
from likewise.errors import InputError, nearest

Key = tuple[str | None, str]
"""Schema and name of a table."""
BESIDE = "_likewise_"
"""How the names of tables of MySQL begin while they are made."""


def is_unfinished(name: str) -> bool:
    """Whether a table is one that is still being made, or was when its writer was killed: it is no table yet.

    >>> is_unfinished("_likewise_0123abcd_7"), is_unfinished("_likewise_orders")
    (True, False)
    """
    return re.fullmatch(rf"{BESIDE}[0-9a-f]{{8}}_\d+", name) is not None


@dataclass(frozen=True, kw_only=True)
class FoundKey:
    """A foreign key as it was found: what it points at may lie elsewhere."""

    columns: Columns
    parent: Key
    parent_columns: Columns
    deferrable: bool = False
    actions: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A table as it was found."""

    schema: str | None
    name: str
    columns: tuple[SqlColumn, ...]
    primary: Columns = ()
    unique: tuple[Columns, ...] = ()
    foreign: tuple[FoundKey, ...] = ()
    checks: tuple[str, ...] = ()
    of_types: tuple[str, ...] = ()
    """What the types of its columns check, which a table made of them need not."""
    indexes: tuple[SqlIndex, ...] = ()
    triggers: tuple[str, ...] = ()
    comment: str | None = None


_NAMED = r'(?:"(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|[^\s("`.]+)'


def indexed(name: str, columns: Columns, made: str) -> SqlIndex:
    """An index by the statement that makes it.

    >>> index = indexed("i", (), 'CREATE UNIQUE INDEX i ON "a t" (lower(b)) WHERE a > 1')
    >>> index.head, index.tail, index.is_unique
    ('CREATE UNIQUE INDEX', '(lower(b)) WHERE a > 1', True)
    """
    parts = re.match(
        rf"\s*(CREATE\s+(?:UNIQUE\s+)?INDEX)\s.*?\sON\s+(?:ONLY\s+)?{_NAMED}(?:\.{_NAMED})?\s*(\(.*|USING\s.*)",
        made.rstrip(" ;"), re.IGNORECASE | re.DOTALL,
    )  # fmt: skip
    head, tail = (" ".join(parts[1].upper().split()), parts[2]) if parts else ("CREATE INDEX", "")
    return SqlIndex(name=name, columns=columns, head=head, tail=tail)


@dataclass(frozen=True)
class Catalogue:
    """All that was found in a database."""

    tables: list[Found]
    types: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def chosen(
    names: Sequence[str], tables: Mapping[Key, None], views: Mapping[Key, None], parts: Mapping[Key, None]
) -> tuple[list[Key], list[str]]:
    """The tables that are meant, and what is said of those left out.

    Args:
        names: asked for, as `table` or `schema.table`; none: all tables but those that are parts of another.
    """
    if not names:
        notes = [f"{what} {', '.join(sorted(name for _, name in left))} left out ({why})"
                 for what, left, why in (("views", views, "name them to read them as tables"),
                                         ("parts of tables", parts, "their rows are read with the whole"))
                 if left]  # fmt: skip
        return [key for key in tables if key not in parts], notes
    every = [*tables, *views]
    found: dict[Key, None] = {}
    for name in names:
        meant = [key for key in every if name in (key[1], f"{key[0]}.{key[1]}")]
        if not meant:
            raise InputError(f"there is no table {name!r}{nearest(name, [key[1] for key in every])}")
        found |= dict.fromkeys(meant)
    return list(found), []


def actions_of(options: Mapping[str, Any]) -> str:
    """What follows a deletion or a change, but for what is usual."""
    told = ((when, str(options.get(key) or "")) for when, key in (("DELETE", "ondelete"), ("UPDATE", "onupdate")))
    return " ".join(
        f"ON {when} {action}" for when, action in told if action.upper() not in ("", "NO ACTION", "RESTRICT")
    )
