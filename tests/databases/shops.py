"""Small databases, and what must hold of any."""

from __future__ import annotations

import numpy as np
import polars as pl

from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema
from likewise.databases.links.apart import repeated
from likewise.databases.pointing import ORPHAN


def shop(n: int = 200, seed: int = 0) -> Database:
    """Users, their orders in time, and lines of these; what a user buys depends on the country, as do amounts."""
    rng = np.random.default_rng(seed)
    country = rng.choice(["DE", "FR", "US"], n)
    users = pl.DataFrame({"id": np.arange(n) + 7, "country": country, "age": rng.integers(18, 80, n)})
    many = rng.choice([0, 1, 3, 6], n, p=[0.3, 0.3, 0.2, 0.2])
    who = np.repeat(np.arange(n), many)
    days = pl.Series(np.datetime64("2024-01-01") + np.sort(rng.integers(0, 300, len(who)))).cast(pl.Date)
    price = np.where(country[who] == "US", 100, 10) + rng.integers(0, 9, len(who))
    orders = pl.DataFrame({
        "no": [f"A-{k:05d}" for k in rng.permutation(len(who))], "user": users["id"].gather(who), "day": days,
        "price": price, "paid": rng.choice(["card", "cash"], len(who)),
    })  # fmt: skip
    of = np.repeat(np.arange(len(orders)), rng.integers(1, 4, len(orders)))
    line = np.arange(len(of)) - np.searchsorted(of, of)
    lines = pl.DataFrame({
        "order": orders["no"].gather(of), "line": line + 1, "thing": rng.choice(list("abcd"), len(of)),
        "n": rng.integers(1, 5, len(of)),
    })  # fmt: skip
    database = Database(
        {"users": users, "orders": orders, "lines": lines}, ["orders.user -> users.id", "lines.order -> orders.no"]
    )
    schema = database.schema.replace("lines", primary=("order", "line"))
    schema = schema.replace("orders", order="day", required=("user",))
    return Database(database.tables, schema)


def check(drawn: Database, schema: DatabaseSchema, real: Database | None = None) -> None:
    """Every key is unique, what must not be missing is there, and what points finds what it points at."""
    for name, table in schema.tables.items():
        rows = drawn.tables[name]
        if real is not None:
            assert rows.schema == real.tables[name].schema, name
        for key in table.keys:
            assert not repeated(rows.select(key)).any(), (name, key)
        for column in (*table.primary, *table.required):
            assert not rows[column].null_count(), (name, column)
    for key in schema.foreign:
        links = drawn.parent_rows(key)
        assert (links != ORPHAN).all(), str(key)
        assert (links >= 0).all() or not schema.is_required(key), str(key)
