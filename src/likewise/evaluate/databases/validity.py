"""What must hold in a database, counted: keys that no two rows share, links that lead somewhere, cells that are never
missing, CHECKs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import polars as pl

from likewise.databases.database import Database
from likewise.databases.pointing import MISSING, ORPHAN
from likewise.evaluate.parsed import parsed
from likewise.rules.shares import shares_of
from likewise.schema.infer import infer

What = Literal["keys", "links", "required", "checks"]
WHATS: tuple[What, ...] = ("keys", "links", "required", "checks")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that must hold.

    Args:
        what: "keys" (primary or unique), "links" (a foreign key is found), "required" (never missing), "checks".
        name: of the key, column or CHECK, with its table.
        rows: that it binds.
        broken: rows of these that break it; of rows that share a key all but one.
    """

    what: What
    name: str
    rows: int
    broken: int


def checks(real: Database, database: Database) -> Iterator[Check]:
    """All that the schema of the real database asks of another one.

    Example:
        >>> users, orders = pl.DataFrame({"id": [1, 1]}), pl.DataFrame({"no": [7, 8], "user": [1, 9]})
        >>> shop = Database({"users": users, "orders": orders}, keys=["orders.user -> users.id"])
        >>> [(check.name, check.broken) for check in checks(shop, shop) if check.broken]
        [('users(id)', 1), ('orders.user -> users.id', 1)]
    """
    for name, table in real.schema.tables.items():
        frame = database.tables[name]
        for key in table.keys:
            told = frame.select(key) if key == table.primary else frame.select(key).drop_nulls()
            yield Check(what="keys", name=f"{name}({', '.join(key)})", rows=len(told), broken=_repeats(told))
        for column in dict.fromkeys((*table.primary, *table.required)):
            yield Check(what="required", name=f"{name}.{column}", rows=len(frame), broken=frame[column].null_count())
        if table.checks:
            yield from _kept(real, database, name)
    for foreign in real.schema.foreign:
        at = database.parent_rows(foreign)
        yield Check(what="links", name=str(foreign), rows=int((at != MISSING).sum()), broken=int((at == ORPHAN).sum()))


def _repeats(frame: pl.DataFrame) -> int:
    return len(frame) - frame.n_unique() if frame.width and len(frame) else 0


def _kept(real: Database, database: Database, name: str) -> Iterator[Check]:
    table = real.schema.tables[name]
    schema = infer(real.tables[name], entity=False) if table.columns is None else table.columns
    schema, frames = parsed({"real": real.tables[name], "synthetic": database.tables[name]}, schema)
    for text, share in shares_of(table.checks, schema, frames["synthetic"], frames["real"]).items():
        yield Check(what="checks", name=f"{name}: {text}", rows=share.rows, broken=share.broken)
