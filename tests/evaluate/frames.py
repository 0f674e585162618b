"""A table with columns of every kind that hang together, and its schema; as many fresh samples as one likes."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from likewise.evaluate.tables import Typed
from likewise.evaluate.utility import Utility, beside_real, job, learn
from likewise.schema.column import Column, Kind, Role, Schema

MIXED = Schema(
    (
        Column(name="key", kind=Kind.ID, role=Role.ID),
        Column(name="region", kind=Kind.CATEGORICAL),
        Column(name="member", kind=Kind.BOOLEAN),
        Column(name="age", kind=Kind.INTEGER),
        Column(name="gain", kind=Kind.REAL),
        Column(name="income", kind=Kind.REAL),
        Column(name="joined", kind=Kind.DATETIME),
        Column(name="class", kind=Kind.CATEGORICAL),
    )
)


def mixed(n: int, seed: int, *, holes: float = 0.05) -> pl.DataFrame:
    """n canonical rows of one fixed population."""
    rng = np.random.default_rng(seed)
    region = rng.integers(0, 8, n)
    age = np.clip(rng.normal(40 + 2 * region, 12), 18, 90).round().astype(int)
    gain = np.where(rng.random(n) < 0.8, 0.0, rng.exponential(900.0, n).round(2))
    income = np.exp(9 + 0.02 * age + 0.1 * region + rng.normal(0, 0.4, n))
    member = rng.random(n) < 0.2 + 0.006 * age
    risk = 0.03 * (age - 45) + 0.7 * member - 0.3 * (region > 4) + rng.logistic(0, 0.6, n)
    days = rng.integers(0, 4000, n)
    frame = pl.DataFrame(
        {
            "key": [f"id-{seed}-{i}" for i in range(n)],
            "region": [f"region {r}" for r in region],
            "member": member,
            "age": age,
            "gain": gain,
            "income": income,
            "joined": [dt.datetime(2010, 1, 1) + dt.timedelta(days=int(d)) for d in days],
            "class": np.where(risk > 0.6, "high", np.where(risk > -0.4, "middle", "low")),
        },
        schema_overrides={"age": pl.Int64},
    )
    return frame.with_columns(
        pl.when(pl.Series(rng.random(n) >= holes)).then(pl.col(c))
        for c in ("region", "member", "age", "income", "joined")
    )


def train_synthetic_test_real(tables: list[Typed], target: str, learner: str) -> list[Utility]:
    """Each measure of a target: learnt from synthetic rows and from real ones, tested on the third table."""
    this = job(*tables, target, seed=0)
    return beside_real(this, learn(this, "synthetic", learner, 0), learn(this, "real", learner, 0))
