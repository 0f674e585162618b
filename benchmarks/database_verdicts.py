"""Are the verdicts on databases true? Fresh root entities raise few alarms, and planted faults do raise them.

    python benchmarks/database_verdicts.py --results benchmarks/results/database_verdicts.json [--runs 40]

Clean: a made shop (customers, orders, lines, visits) drawn three times, and baseball careers dealt by player to three
databases: real, synthetic and holdout, every other time without a holdout. Nothing is wrong, so a figure may alarm once
in forty runs; beside each count stands the chance of so many or more (binomial). Then the last synthetic database is
spoilt: links dealt at random, all parents given as many children, one customer in a hundred or in twenty copied whole.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _shared import machine, shared_folder
from database_floors import PLAYERS, baseball
from scipy.stats import binom

from likewise.databases.database import Database
from likewise.evaluate.databases.gather import evaluate_database

SHOP = ("orders.customer -> customers.id", "visits.customer -> customers.id", "lines.no -> orders.no", "lines(line)")
LEVEL = 0.025
SIZE = 250


def shop(seed: int) -> Database:
    """Customers of a taste and a busyness of their own."""
    rng = np.random.default_rng(seed)
    age, taste, busy = rng.normal(45, 12, SIZE), rng.normal(0, 1, SIZE), rng.gamma(2.0, 1.0, SIZE)
    since = rng.integers(18_000, 18_300, SIZE)
    of, seen = (np.repeat(np.arange(SIZE), rng.poisson(busy * m)) for m in (1.5, 2.0))
    value = np.round(50 + 20 * taste[of] + rng.normal(0, 5, len(of)), 2)
    which = np.repeat(np.arange(len(of)), 1 + rng.poisson(1.0, len(of)))
    tables = {
        "customers": pl.DataFrame({"id": range(SIZE), "age": np.round(age, 1), "since": days(since)}),
        "orders": pl.DataFrame({
            "no": range(len(of)), "customer": of, "day": days(since[of] + rng.integers(0, 90, len(of))), "value": value,
            "channel": np.where(taste[of] + rng.normal(0, 1, len(of)) > 0, "web", "shop"),
        }),
        "visits": pl.DataFrame({"visit": range(len(seen)), "customer": seen,
                                "minutes": np.round(age[seen] / 5 + rng.normal(0, 2, len(seen)), 1)}),
        "lines": pl.DataFrame({"line": range(len(which)), "no": which,
                               "price": np.round(value[which] / 3 + rng.normal(0, 1, len(which)), 2)}),
    }  # fmt: skip
    return Database(tables, list(SHOP))


def days(count: np.ndarray[Any, np.dtype[np.int64]]) -> pl.Series:
    return pl.Series(count).cast(pl.Int32).cast(pl.Date)


def careers(folder: Path, seed: int) -> list[Database]:
    """Three times a thousand players."""
    whole = baseball(folder, "players-train", "fielding-train")
    players = whole.tables["players"].sample(3_000, seed=seed, shuffle=True)
    parts = [players[1_000 * k : 1_000 * (k + 1)].drop("nameFirst", "nameLast") for k in range(3)]
    seasons = whole.tables["fielding"].select("playerID", "yearID", "lgID", "POS", "G", "PO", "A")
    return [
        Database({"players": p, "fielding": seasons.filter(pl.col("playerID").is_in(p["playerID"].implode()))},
                 list(PLAYERS))
        for p in parts
    ]  # fmt: skip


def clean(draw: Callable[[int], list[Database]], runs: int, measures: tuple[str, ...]) -> dict[str, Any]:
    alarms: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    for seed in range(runs):
        real, fake, other = draw(seed)
        report = evaluate_database(
            real, fake, holdout=other if seed % 2 else None, random_state=seed, measures=measures, each_table=False
        )
        judged.update(score.name for score in report if score.stands is not None)
        alarms.update(score.name for score in report if score.stands == "worse")
    return {
        name: {"alarms": alarms[name], "of": n, "chance": round(float(binom.sf(alarms[name] - 1, n, LEVEL)), 4)}
        for name, n in judged.items()
    }


def spoilt(real: Database, fake: Database) -> Iterator[tuple[str, Database]]:
    rng = np.random.default_rng(0)
    customers, orders = fake.tables["customers"]["id"].to_numpy(), fake.tables["orders"]
    dealt = rng.permutation(orders["customer"].to_numpy())
    yield "links dealt at random", fake.with_tables({"orders": orders.with_columns(customer=pl.Series(dealt))})
    even = np.resize(customers, len(orders))
    yield "as many children each", fake.with_tables({"orders": orders.with_columns(customer=pl.Series(even))})
    orphan = pl.when(pl.col("no") == 0).then(-1).otherwise(pl.col("customer"))
    yield "one orphan", fake.with_tables({"orders": orders.with_columns(customer=orphan)})
    for share in (0.01, 0.05):
        yield f"{share:.0%} copied whole", copied(real, fake, round(share * SIZE))


def copied(real: Database, fake: Database, n: int) -> Database:
    """So many customers replaced by real ones with all that is theirs, under other keys."""
    moved = 10**6
    taken = {"customers": real.tables["customers"].filter(pl.col("id") < n)}
    taken["orders"] = real.tables["orders"].filter(pl.col("customer") < n)
    taken["visits"] = real.tables["visits"].filter(pl.col("customer") < n)
    taken["lines"] = real.tables["lines"].filter(pl.col("no").is_in(taken["orders"]["no"].implode()))
    kept = {"customers": fake.tables["customers"].filter(pl.col("id") >= n)}
    kept["orders"] = fake.tables["orders"].filter(pl.col("customer") >= n)
    kept["visits"] = fake.tables["visits"].filter(pl.col("customer") >= n)
    kept["lines"] = fake.tables["lines"].filter(pl.col("no").is_in(kept["orders"]["no"].implode()))
    keys = pl.col("^(id|no|customer|visit|line)$") + moved
    return fake.with_tables({t: pl.concat([taken[t].with_columns(keys), kept[t]]) for t in kept})


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=40)
    asked = parser.parse_args()
    folder = shared_folder() / "data" / "baseball_careers"
    found: dict[str, Any] = {
        "shop": clean(lambda seed: [shop(3 * seed + k) for k in range(3)], asked.runs, ("detection", "attacks")),
    }
    print(json.dumps(found), flush=True)
    found["baseball"] = clean(lambda seed: careers(folder, seed), asked.runs // 2, ("attacks",))
    real, fake, other = (shop(k) for k in range(3))
    found["faults"] = {
        name: [s.name for s in evaluate_database(real, bad, holdout=other, each_table=False) if s.stands == "worse"]
        for name, bad in spoilt(real, fake)
    }
    asked.results.write_text(json.dumps({**machine(), "runs": asked.runs, **found}, indent=1) + "\n")
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
