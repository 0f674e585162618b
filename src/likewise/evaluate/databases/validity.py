"""What must hold in a database, counted: keys that no two rows share, links that lead somewhere, cells that are never
missing, CHECKs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from likewise.databases.database import Database
from likewise.databases.integrity import binding
from likewise.evaluate.parsed import parsed
from likewise.rules.shares import shares_of
from likewise.schema.infer import infer

What = Literal["keys", "links", "required", "checks"]
WHATS: tuple[What, ...] = ("keys", "links", "required", "checks")
_WHAT: dict[str, What] = {"repeated": "keys", "orphans": "links", "missing": "required"}


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
        >>> import polars as pl
        >>> users, orders = pl.DataFrame({"id": [1, 1]}), pl.DataFrame({"no": [7, 8], "user": [1, 9]})
        >>> shop = Database({"users": users, "orders": orders}, keys=["orders.user -> users.id"])
        >>> [(check.name, check.broken) for check in checks(shop, shop) if check.broken]
        [('users(id)', 1), ('orders.user -> users.id', 1)]
    """
    for one in binding(database.tables, real.schema, database.parent_rows):
        if one.what in _WHAT:
            yield Check(what=_WHAT[one.what], name=one.key, rows=one.of, broken=one.rows)
    for name, table in real.schema.tables.items():
        if table.checks:
            yield from _kept(real, database, name)


def _kept(real: Database, database: Database, name: str) -> Iterator[Check]:
    table = real.schema.tables[name]
    schema = infer(real.tables[name], entity=False) if table.columns is None else table.columns
    schema, frames = parsed({"real": real.tables[name], "synthetic": database.tables[name]}, schema)
    for text, share in shares_of(table.checks, schema, frames["synthetic"], frames["real"]).items():
        yield Check(what="checks", name=f"{name}: {text}", rows=share.rows, broken=share.broken)
