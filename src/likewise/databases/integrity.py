"""What a database must hold: keys that tell rows apart, foreign keys that are found, cells that are never missing."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from likewise.databases.keys import Columns, DatabaseSchema, ForeignKey, key_text
from likewise.databases.pointing import MISSING, ORPHAN, parent_rows, plain
from likewise.errors import InputError, LikewiseWarning, OptionError

What = Literal["repeated", "missing", "orphans", "circle"]
Orphans = Literal["null", "keep", "drop", "error"]
ORPHANS: tuple[Orphans, ...] = ("null", "keep", "drop", "error")
Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that does not hold, in counts and never by cells.

    Args:
        what: "repeated": rows share what tells rows apart; "missing": cells that are never missing are; "orphans": rows
            point at rows that are not there; "circle": each row of some tables must point at a row of the next of them,
            so that none can be the first.
        table, columns: where; of a circle, its first foreign key.
        key: the text of the key.
        rows: that do not hold; of rows that share a key all but one.
        of: rows that it binds.
    """

    what: What
    table: str
    columns: Columns
    key: str
    rows: int
    of: int

    def __str__(self) -> str:
        share = f"{self.rows:,} of {self.of:,} rows of {self.table!r}"
        return {
            "repeated": f"{self.key}: {share} share it with an earlier row",
            "missing": f"{self.key}: {share} lack it",
            "orphans": f"{self.key}: {share} point at a row that is not there",
            "circle": f"{self.key}: every row must point at one of the next table, so none can be the first",
        }[self.what]


def problems(
    tables: Tables, schema: DatabaseSchema, rows_of: Callable[[ForeignKey], NDArray[np.int64]] | None = None
) -> tuple[Problem, ...]:
    """All that does not hold.

    Args:
        rows_of: the row that each row points at, by foreign key (`pointing.parent_rows`); None finds them.

    Example:
        >>> from likewise.databases.database import Database
        >>> users, orders = pl.DataFrame({"id": [1, 1]}), pl.DataFrame({"no": [7, 8], "user": [1, 9]})
        >>> print(*Database({"users": users, "orders": orders}, ["orders.user -> users.id"]).problems(), sep="\\n")
        users(id): 1 of 2 rows of 'users' share it with an earlier row
        orders.user -> users.id: 1 of 2 rows of 'orders' point at a row that is not there
    """
    return tuple(problem for problem in binding(tables, schema, rows_of) if problem.rows)


def binding(
    tables: Tables, schema: DatabaseSchema, rows_of: Callable[[ForeignKey], NDArray[np.int64]] | None = None
) -> Iterator[Problem]:
    """All that must hold, whether or not there are rows that do not.

    Args:
        rows_of: as `problems` takes it.
    """
    for name, frame in tables.items():
        own = schema.tables[name]
        yield from (_repeated(frame, name, key) for key in own.keys)
        for columns in dict.fromkeys((own.primary, *((column,) for column in own.required))):
            if columns:
                lacks = frame.select(pl.any_horizontal(pl.col(columns).is_null()).sum()).item() or 0
                yield Problem(
                    what="missing", table=name, columns=columns, key=key_text(name, columns), rows=lacks, of=len(frame)
                )
    for key in schema.foreign:
        rows = _rows(tables, key) if rows_of is None else rows_of(key)
        known, lost = int((rows != MISSING).sum()), int((rows == ORPHAN).sum())
        yield Problem(what="orphans", table=key.table, columns=key.columns, key=str(key), rows=lost, of=known)
    for circle in circles(schema):
        n = len(tables[circle[0].table])
        yield Problem(
            what="circle",
            table=circle[0].table,
            columns=circle[0].columns,
            key=", ".join(map(str, circle)),
            rows=n,
            of=n,
        )


def _repeated(frame: pl.DataFrame, table: str, key: Columns) -> Problem:
    known = pl.DataFrame([plain(frame[name]).alias(name) for name in key]).drop_nulls()
    rows = len(known) - known.n_unique() if len(known) else 0
    return Problem(what="repeated", table=table, columns=key, key=key_text(table, key), rows=rows, of=len(known))


def circles(schema: DatabaseSchema) -> list[tuple[ForeignKey, ...]]:
    """Foreign keys that lead from a table back to it, none of which may be missing nor wait for the transaction's end:
    one circle of each knot."""
    left = {key for key in schema.foreign if schema.is_required(key) and not key.is_self and not key.deferrable}
    found: list[tuple[ForeignKey, ...]] = []
    while True:
        # What points at nothing, or is pointed at by nothing, is in no circle.
        while loose := {
            k for k in left if k.parent not in {o.table for o in left} or k.table not in {o.parent for o in left}
        }:
            left -= loose
        if not left:
            return found
        walk = [min(left, key=str)]
        while walk[-1].parent not in [key.table for key in walk]:
            walk.append(min((key for key in left if key.table == walk[-1].parent), key=str))
        circle = tuple(walk[[key.table for key in walk].index(walk[-1].parent) :])
        found.append(circle)
        inside = {key.table for key in circle}
        left -= {key for key in left if {key.table, key.parent} & inside}


def settled(
    tables: Tables,
    schema: DatabaseSchema,
    orphans: Orphans = "null",
    rows_of: Callable[[ForeignKey], NDArray[np.int64]] | None = None,
) -> dict[str, pl.DataFrame]:
    """Tables that can be learnt: keys tell rows apart, and rows that point at nothing that is there are dealt with.

    Args:
        orphans: "null" takes their key for missing, where it may be (its columns are not required and in no other key),
            and leaves the rows out where it may not; "drop" leaves all out; "keep" leaves them as they are; "error".
        rows_of: as `problems` takes it.

    Raises:
        InputError: rows share a primary or unique key or lack a primary one; rows are orphans and `orphans="error"`.
        OptionError: there is no such policy.
    """
    if orphans not in ORPHANS:
        raise OptionError(f"orphans must be one of {', '.join(map(repr, ORPHANS))}, got {orphans!r}")
    found = problems(tables, schema, rows_of)
    if wrong := [
        p
        for p in found
        if p.what == "repeated" or (p.what == "missing" and p.columns == schema.tables[p.table].primary)
    ]:
        raise InputError(
            "; ".join(map(str, wrong)) + ": such a key tells no rows apart; name another (keys=...), or mend the rows"
        )
    lost = [problem for problem in found if problem.what == "orphans"]
    if not lost:
        return dict(tables)
    told = "; ".join(map(str, lost))
    if orphans == "error":
        raise InputError(
            f"{told}: mend the rows, or say with orphans=... what becomes of them: 'null', 'keep' or 'drop'"
        )
    mended, done = dict(tables), list[str]()
    if orphans != "keep":
        mended, done = _without_orphans(tables, schema, drop=orphans == "drop")
    what = "; ".join(done) or "they are kept as they are, and learnt as rows that point at nothing"
    warnings.warn(f"{told}. {what} (orphans={orphans!r})", LikewiseWarning, stacklevel=3)
    return mended


def _without_orphans(
    tables: Tables, schema: DatabaseSchema, *, drop: bool
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """Tables without orphans, and what was done; rows left out may leave others behind, so it goes on until none is."""
    mended, done, n_out = dict(tables), list[str](), dict.fromkeys(tables, 0)
    left = list(schema.foreign)
    while left:
        key = left.pop(0)
        frame = mended[key.table]
        is_lost = _rows(mended, key) == ORPHAN
        if not is_lost.any():
            continue
        free = () if drop else _may_be_missing(schema, key)
        if free:
            lost = pl.Series(is_lost)
            mended[key.table] = frame.with_columns(
                pl.when(lost).then(None).otherwise(pl.col(name)).alias(name) for name in free
            )
            done.append(f"{', '.join(free)} of {key.table!r} is taken for missing there")
        else:
            mended[key.table] = frame.filter(~is_lost)
            n_out[key.table] += int(is_lost.sum())
            left += [other for other in schema.into(key.table) if other not in left]
    if any(n_out.values()):
        done.append("rows left out: " + ", ".join(f"{n:,} of {name!r}" for name, n in n_out.items() if n))
    return mended, done


def _may_be_missing(schema: DatabaseSchema, key: ForeignKey) -> Columns:
    """Columns of a foreign key by which it can be missing, and no other key with it."""
    own = schema.tables[key.table]
    held = {*own.primary, *own.required, *(n for k in schema.of(key.table) if k != key for n in k.columns)}
    return tuple(name for name in key.columns if name not in held)


def _rows(tables: Tables, key: ForeignKey) -> NDArray[np.int64]:
    return parent_rows(tables[key.table], key.columns, tables[key.parent], key.parent_columns)
