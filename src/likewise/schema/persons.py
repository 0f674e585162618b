"""Whose a row is: entities as numbers, and a look for a column that repeats as an entity's key does.

Legend: n rows, P entities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import InputError, nearest
from likewise.hashing import mixed
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.distinct import Columns, Counted
from likewise.schema.identifiers.forms import NAME, forms_of
from likewise.schema.identifiers.names import is_a_name
from likewise.schema.keys import (
    THINGS,
    are_of_somebody,
    looks_made,
    names_a_group,
    names_a_key,
    names_a_person,
    names_an_entity,
    names_an_owner,
    names_kin,
    parts_of,
)
from likewise.schema.numbers import applied

LEAST_ENTITIES = 5
"""Fewer values than these are a grouping of rows, not their owners."""

CONSTANT = 0.9
"""How far beyond chance, of what there is beyond chance, rows of one entity must agree on a column that is its own."""

OWN = 0.1
"""Chance of two rows to agree on a column, below which it tells whose a row is nearly by itself."""

LOOK_AT = 2_000
"""Entities whose rows are compared: enough to tell what is constant within them."""


def persons_of(frame: pl.DataFrame, entity: str | None) -> npt.NDArray[np.int64]:
    """(n,) the number 0 .. P-1 of the entity of each row, in order of appearance.

    Args:
        frame: as it came, or canonical.
        entity: the column that tells whose a row is; None makes each row its own.

    Raises:
        InputError: there is no such column, or some rows have no value there.

    Example:
        >>> persons_of(pl.DataFrame({"who": ["b", "a", "b"]}), "who").tolist()
        [0, 1, 0]
    """
    if entity is None:
        return np.arange(len(frame))
    if entity not in frame.columns:
        raise InputError(f"entity names column {entity!r}, which the table lacks{nearest(entity, frame.columns)}")
    keys = frame[entity]
    unknown = int(unnamed(keys).sum())
    if unknown:
        raise InputError(
            f"column {entity!r}: {unknown} of {len(keys)} rows do not tell whose they are; as entity it must have a "
            "value in every row: fill it, or leave those rows out"
        )
    numbers = keys.rank("dense").to_numpy().astype(np.int64) - 1
    _, first, number = np.unique(numbers, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number]


def parted(
    whose: npt.NDArray[np.int64], share: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Numbers of the rows of some people, chosen by chance, and of those of all others; both ascending.

    The chance of each hangs on the seed and its own number alone, so that rows that are read in parts fall as these do.

    Args:
        whose: (n,) the person of each row.
        share: of the rows, at most, that go to the second part.
    """
    _, person, rows = np.unique(whose, return_inverse=True, return_counts=True)
    order = np.argsort(mixed(int(rng.integers(2**63)), np.arange(len(rows))))
    away = np.zeros(len(rows), bool)
    away[order[np.cumsum(rows[order]) <= int(share * len(whose))]] = True
    return np.flatnonzero(~away[person]), np.flatnonzero(away[person])


@dataclass(frozen=True)
class People:
    """Whose the rows of a table are, where no column of it tells.

    Args:
        whose: (n,) the person of each row.
        held: (n,) whether it is kept from training; all rows of a person are, or none.
    """

    whose: npt.NDArray[np.int64]
    held: npt.NDArray[np.bool_]

    @property
    def parts(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Numbers of the rows to learn from and of those held out."""
        return np.flatnonzero(~self.held), np.flatnonzero(self.held)


def unnamed(keys: pl.Series) -> pl.Series:
    """Which keys tell nobody: nulls, NaN, blank texts."""
    if keys.dtype == pl.String:
        return applied(keys, (pl.first().str.strip_chars() == "").fill_null(True))
    return keys.is_null() | keys.is_nan().fill_null(False) if keys.dtype.is_float() else keys.is_null()


@dataclass(frozen=True)
class Suspect:
    """A column that looks like the key of an entity with several rows.

    Args:
        column: its name.
        n_entities: its values.
        n_rows: rows that have one.
        constant: other columns that hardly vary within an entity.
    """

    column: str
    n_entities: int
    n_rows: int
    constant: tuple[str, ...]

    @property
    def reason(self) -> str:
        """What was seen, in words without cell values."""
        seen = f"{self.n_rows:,} rows hold {self.n_entities:,} values of it"
        if not self.constant:
            return seen
        named = ", ".join(map(repr, self.constant[:3])) + (", ..." if len(self.constant) > 3 else "")
        return f"{seen}, and {named} {'hardly varies' if len(self.constant) == 1 else 'hardly vary'} within one"


def likely_entity(frame: pl.DataFrame | Columns, schema: Schema, counted: Counted | None = None) -> Suspect | None:
    """The column that repeats as an entity's key does, if there is one and the schema names none.

    A key's name ("customer_id") or form (UUIDs, codes) is not enough, nor are columns that agree within it: a code of a
    district repeats and has its own facts, too. Most of its values come twice or more; its name tells of a key, and
    either of whom it tells apart or other columns hardly vary within it.

    Args:
        frame: as it came, or canonical.
        schema: what the columns are.
        counted: the distinct values of `frame`, if they are at hand.
    """
    if schema.entity is not None or len(frame) == 0:
        return None
    counted = Counted(frame) if counted is None else counted
    found = [suspect for column in schema if (suspect := _suspect(counted, schema, column)) is not None]
    rank = {s.column: (names_an_entity(s.column), len(s.constant), s.n_entities) for s in found}
    return max(found, key=lambda s: rank[s.column], default=None)


def word_on_entity(frame: pl.DataFrame | Columns, schema: Schema, counted: Counted | None = None) -> str | None:
    """What a user should hear who named no entity: of one that the rows told, or of one that a schema leaves out.

    Args:
        frame: as it came.
        schema: as inferred (an entity told from the rows is marked as found) or declared.
        counted: the distinct values of `frame`, if they are at hand.
    """
    name = schema.entity
    if name is not None:
        if "role" not in schema[name].found:
            return None
        note = next((note for note in schema[name].notes if note.startswith("taken for the key")), "taken for a key")
        return (
            f"column {name!r} is {note}. So 5 of them, not 5 rows, stand behind what is kept, all rows of one are "
            f"learnt or held out together, and each drawn row has a new one. Say so by entity={name!r} (--entity), or "
            "count rows by entity=False (--no-entity)"
        )
    suspect = likely_entity(frame, schema, counted)
    if suspect is None:
        return None
    return (
        f"column {suspect.column!r} repeats as the key of an entity does: {suspect.reason}. Yet rows are counted, so "
        "what one person with 5 rows has is kept and may be drawn. Give the column role 'entity' "
        f"(entity={suspect.column!r}, --entity) and people are counted; entity=False (--no-entity) says that rows are "
        "people"
    )


def _suspect(counted: Counted, schema: Schema, column: Column) -> Suspect | None:
    """The column as a suspect; what costs least is asked first."""
    name, n_rows = column.name, len(counted.table)
    if column.role is Role.DROP or column.kind in (Kind.BOOLEAN, Kind.REAL, Kind.DATETIME):
        return None
    sure, personal = names_an_entity(name), next(iter(forms_of(column)), None)
    kin, owner = names_kin(name), names_an_owner(name)
    if column.kind is Kind.INTEGER and not (sure or kin or owner or names_a_person(name) or names_a_key(name)):
        return None
    if names_a_group(name) and personal is None:
        return None
    distinct = counted[name]
    named = ~unnamed(distinct.values)
    values, rows = distinct.values.filter(named), distinct.counts.filter(named)
    n_known = int(rows.sum())
    if n_known < 0.95 * n_rows:
        return None
    often = int(rows.median() or 0) >= 2  # type: ignore[arg-type]
    if len(values) < LEAST_ENTITIES or not (often or (sure and rows.filter(rows >= 2).sum() >= 0.1 * n_known)):
        return None
    sure |= (personal is not None and personal is not NAME) or are_of_somebody(name, values, rows)
    made = looks_made(values.cast(pl.String))
    owner |= is_a_name(parts_of(name))
    if not made and parts_of(name)[-1:] and parts_of(name)[-1] in THINGS and column.kind is not Kind.INTEGER:
        return None  # "vehicle": rather its kind than its plate
    if not (sure or made or owner or kin or names_a_key(name) or personal):
        return None
    constant = _constant_within(counted, name, [c.name for c in schema if c.is_modelled and c.name != name])
    # The less its name says, the more its rows must: facts of its own, and one that hardly two of them share.
    wanted = 0 if sure else 1 if (made and owner) or kin or names_a_key(name) or personal else 2
    if len(constant) < wanted or (not sure and min(constant.values()) > OWN):
        return None
    return Suspect(name, len(values), n_known, tuple(constant))


def _constant_within(counted: Counted, entity: str, names: list[str]) -> dict[str, float]:
    """The columns on which rows of one entity agree far more often than two rows at random, and how often those do."""
    if not names:
        return {}
    table, keys = counted.table, counted.table.series(entity)
    some = counted[entity].values if keys.dtype == pl.String else keys.unique(maintain_order=True)
    some = some.filter(~unnamed(some)).head(LOOK_AT)
    at = keys.is_in(some.implode()).arg_true().to_numpy()
    rows = table.select([entity, *names]).rows(at).frame().sort(entity, maintain_order=True)
    same = rows[entity] == rows[entity].shift(1)
    found = {}
    for name in names if int(same.sum()) >= 20 else ():
        agree = float(rows[name].eq_missing(rows[name].shift(1)).filter(same).mean())  # type: ignore[arg-type]
        chance = float(((counted[name].counts.to_numpy() / len(table)) ** 2).sum())
        chance += (1 - int(counted[name].counts.sum()) / len(table)) ** 2
        if chance < 0.99 and agree - chance >= CONSTANT * (1 - chance):
            found[name] = chance
    return found
