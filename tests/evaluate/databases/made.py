"""Databases made up for tests: customers of shops, their orders and visits, lines of orders."""

from __future__ import annotations

import numpy as np
import polars as pl

from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.schema.column import Kind, Role, Schema
from likewise.schema.infer import infer

KEYS = (
    "customers.city -> cities.id",
    "orders.customer -> customers.id",
    "visits.customer -> customers.id",
    "lines.no -> orders.no",
)
DATES = {"day", "since"}
LEVELS = {"country", "sex", "channel", "item"}


def shop(n: int = 200, seed: int = 0) -> dict[str, pl.DataFrame]:
    """Customers who order more the older they are, each of a taste of their own; who orders much also visits much."""
    rng = np.random.default_rng(seed)
    cities = pl.DataFrame({"id": np.arange(5), "country": ["A", "A", "B", "B", "C"], "size": [3.0, 8.0, 1.0, 9.0, 4.0]})
    city, sex = rng.integers(0, 5, n), rng.integers(0, 2, n)
    age = np.round(20 + 10 * city + rng.normal(0, 8, n), 1)
    customers = pl.DataFrame({"id": np.arange(n) + 100, "city": city, "age": age, "sex": np.array(["f", "m"])[sex]})
    busy = rng.gamma(2.0, 1.0, n) * np.abs(age) / 40
    of, seen = (np.repeat(np.arange(n), rng.poisson(busy * mean)) for mean in (1.5, 2.0))
    taste = rng.normal(0, 1, n)
    m = len(of)
    since = rng.integers(18_000, 18_300, n)
    customers = customers.with_columns(since=_dates(since))
    orders = pl.DataFrame({
        "no": rng.permutation(m) + 1, "customer": of + 100,
        "day": _dates(since[of] + rng.integers(0, 90, m)),
        "value": np.round(50 + 20 * taste[of] + rng.normal(0, 5, m), 2),
        "channel": np.array(["web", "shop"])[(taste[of] + rng.normal(0, 1, m) > 0).astype(int)],
    })  # fmt: skip
    visits = pl.DataFrame({"visit": np.arange(len(seen)), "customer": seen + 100,
                           "minutes": np.round(10 + age[seen] / 5 + rng.normal(0, 2, len(seen)), 1)})  # fmt: skip
    which = np.repeat(np.arange(m), 1 + rng.poisson(1.0, m))
    price = orders["value"].to_numpy()[which] / 3 + rng.normal(0, 1, len(which))
    lines = pl.DataFrame({"line": np.arange(len(which)), "no": orders["no"].to_numpy()[which],
                          "item": np.array(list("pqr"))[rng.integers(0, 3, len(which))],
                          "price": np.round(price, 2)})  # fmt: skip
    return {"cities": cities, "customers": customers, "orders": orders, "visits": visits, "lines": lines}


def _dates(days: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pl.Series:
    return pl.Series(days).cast(pl.Int32).cast(pl.Date)


def schema_of(tables: dict[str, pl.DataFrame]) -> DatabaseSchema:
    """Its keys; cities stay as they are, orders go by day."""
    foreign = tuple(ForeignKey.of(text) for text in KEYS)
    primary = {"cities": "id", "customers": "id", "orders": "no", "visits": "visit", "lines": "line"}
    return DatabaseSchema(
        {
            name: TableSchema(
                primary=(primary[name],), columns=_columns(table), kept=name == "cities",
                order="day" if name == "orders" else None,
                required=("customer",) if name in ("orders", "visits") else (),
            )
            for name, table in tables.items()
        },
        foreign,
    )  # fmt: skip


def _columns(table: pl.DataFrame) -> Schema:
    schema = infer(table, entity=False)
    for name in table.columns:
        kind = Kind.CATEGORICAL if name in LEVELS else Kind.DATETIME if name in DATES else Kind.REAL
        schema = schema.replace(name, kind=kind, role=Role.FEATURE)
    return schema


def database(n: int = 200, seed: int = 0) -> Database:
    """The shop as a database; the schema is that of seed 0, so that two draws can be compared."""
    return Database(shop(n, seed), keys=schema_of(shop(60, 0)))
