"""Rows that are given: they are all that there are of their table, stay as they are, and what is missing of them is
drawn given the rest, given the rows that they belong to, and how many given rows point at each.

Legend: n rows of a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from likewise.databases.derived import After, Derived, learnable
from likewise.databases.keys import ForeignKey, key_text
from likewise.databases.pointing import MISSING, ORPHAN, parent_rows
from likewise.errors import InputError, OptionError, nearest
from likewise.schema.dtypes import dtype_from_name
from likewise.synthesizer.databases.context import OFFSET, OWNER
from likewise.synthesizer.databases.plan import plan_of
from likewise.synthesizer.databases.table import EMPTY, GROUPS, KEPT, TableModel, told_to
from likewise.typing import Ints

if TYPE_CHECKING:
    from likewise.synthesizer.databases.learning import DatabaseModel

Given = Mapping[str, pl.DataFrame]


def check_given(model: DatabaseModel, given: Given) -> None:
    """Hold rows that are given to what can be learnt of them.

    Raises:
        OptionError: rows of a table cannot be given.
        InputError: rows are none of their table, share a key, or point at rows that are not given.
    """
    for name, frame in given.items():
        own = model.tables[name]
        if own.way in (KEPT, EMPTY):
            raise OptionError(f"rows of table {name!r} cannot be given: the table is {own.way}")
        if strange := [column for column in frame.columns if column not in own.columns]:
            raise InputError(f"table {name!r} has no column {strange[0]!r}{nearest(strange[0], own.columns)}")
        for key in model.schema.tables[name].keys:
            if set(key) <= set(frame.columns) and (
                frame.select(key).is_duplicated().any() or any(frame[column].null_count() for column in key)
            ):
                raise InputError(
                    f"rows given of table {name!r}: some share or lack {key_text(name, key)}, which tells rows apart; "
                    "mend them, or leave the key out to have new ones made"
                )
        for foreign in model.schema.of(name):
            _check_links(model, given, foreign, is_owner=model.graph.owner.get(name) == foreign)


def _check_links(model: DatabaseModel, given: Given, key: ForeignKey, *, is_owner: bool) -> None:
    """
    Raises:
        InputError: rows do not say what they point at, or it is not there.
    """
    frame, above = given[key.table], rows_above(model, given, key)
    there = [column for column in key.columns if column in frame.columns]
    if not is_owner and not there:
        return
    if above is None or not set(key.parent_columns) <= set(above.columns) or len(there) < len(key.columns):
        instead = "" if is_owner else f", or leave {', '.join(map(repr, key.columns))} out to have it drawn"
        raise InputError(
            f"rows given of table {key.table!r} point at rows of {key.parent!r} by {key}: give these, too, with their "
            f"key{instead}"
        )
    rows = parent_rows(frame, key.columns, above, key.parent_columns)
    lost = int((rows == ORPHAN).sum())
    if model.schema.is_required(key):
        lost += int((rows == MISSING).sum())
    if lost:
        raise InputError(f"rows given of table {key.table!r}: {lost:,} of {len(rows):,} point at nothing by {key}")


def rows_above(model: DatabaseModel, given: Given, key: ForeignKey) -> pl.DataFrame | None:
    """The rows that a key may point at, with their keys, where they are known beforehand."""
    return given.get(key.parent) if model.tables[key.parent].kept is None else model.tables[key.parent].kept


def given_links(model: DatabaseModel, given: Given, key: ForeignKey) -> Ints | None:
    """(n,) the row that each given row points at, -1 for none; None where it is to be drawn."""
    frame, above = given.get(key.table), rows_above(model, given, key)
    if frame is None or above is None or not set(key.columns) <= set(frame.columns):
        return None
    return np.maximum(parent_rows(frame, key.columns, above, key.parent_columns), MISSING)


def completed(
    model: DatabaseModel, given: Given, name: str, above: pl.DataFrame | None, rng: np.random.Generator
) -> pl.DataFrame:
    """(n, columns) given rows with all columns of their table that are learnt.

    Args:
        above: what the rows of the owner tell; None of a table without one.
    """
    own, known = model.tables[name], given[name]
    learnt = [c for c in known.columns if c in own.synth.schema_]
    as_learnt = _as_learnt(model, given, name).select(learnt)
    counts = [(key, given_links(model, given, key)) for key in model.graph.planned(name)]
    plans = [
        pl.Series(plan_of(key), np.bincount(links[links >= 0], minlength=len(known)))
        for key, links in counts if links is not None
    ]  # fmt: skip
    told = pl.DataFrame([*as_learnt, *plans])
    owner = model.graph.owner.get(name)
    if owner is not None and above is not None:
        links = given_links(model, given, owner)
        assert links is not None
        told = pl.concat([*_beside(own, above, owner, links), told], how="horizontal")
    elif not told.width:
        first = own.shown[0]
        told = pl.DataFrame([pl.Series(first.name, [None] * len(known), dtype_from_name(first.dtype))])
    found: pl.DataFrame = own.synth.complete(told, random_state=int(rng.integers(2**31)))
    found = found.drop(OWNER, OFFSET, strict=False).with_columns(known.drop(learnt))
    if own.counted is not None and own.counted[0] not in known.columns and owner is not None:
        links = given_links(model, given, owner)
        column, start = own.counted
        place = pl.DataFrame({"at": links}).select(pl.int_range(pl.len()).over("at") + start).to_series()
        found = found.with_columns(place.alias(column))
    return found


def _as_learnt(model: DatabaseModel, given: Given, name: str) -> pl.DataFrame:
    """Given rows without what is computed, and with the time since the row above in place of times that were learnt so.

    Raises:
        InputError: the row above does not say its time.
    """
    own, some = {name: given[name]}, list[Derived]()
    for one in model.derived:
        if one.place[0] != name or one.place[1] not in given[name].columns:
            continue
        some.append(one)
        if isinstance(one, After) and one.learnt != "as it is":
            above = rows_above(model, given, one.key)
            if above is None or one.source not in above.columns:
                raise InputError(
                    f"rows given of table {name!r}: {one.column!r} is told as the time since {one.key.parent!r} by "
                    f"{one.source!r}; give that column of {one.key.parent!r}, too"
                )
            own[one.key.parent] = above
    return learnable(own, some)[name]


def _beside(own: TableModel, above: pl.DataFrame, owner: ForeignKey, links: Ints) -> list[pl.DataFrame]:
    """What each row is told of its owner's, and in which group it stands."""
    told = told_to(above, own.told, owner.parent, links)
    if own.way != GROUPS:
        return [told] if told.width else []
    loose = links < 0
    groups = np.where(loose, len(above) + np.cumsum(loose), links)
    beside = [pl.Series(OWNER, groups)]
    if OFFSET in own.synth.schema_:
        beside.append(pl.Series(OFFSET, np.zeros(len(links), np.int64)))
    return [pl.DataFrame(beside), *([told] if told.width else [])]
