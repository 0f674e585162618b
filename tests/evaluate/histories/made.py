"""Visits of patients: a made process with a state, gaps, ties, a static column and a counter."""

from __future__ import annotations

import numpy as np
import polars as pl

from likewise.evaluate.results import Score
from likewise.evaluate.scoring.context import Context
from likewise.evaluate.scoring.histories import Told, attack_scores, likeness_scores
from likewise.schema.column import Column, Kind, Role, Schema

VISITS = Schema(
    (
        Column(name="who", kind=Kind.ID, role=Role.ENTITY),
        Column(name="day", kind=Kind.INTEGER),
        Column(name="sex", kind=Kind.CATEGORICAL),
        Column(name="ward", kind=Kind.CATEGORICAL),
        Column(name="level", kind=Kind.REAL),
        Column(name="dose", kind=Kind.INTEGER),
    )
)
STEPS = np.array([[0.7, 0.2, 0.1, 0.0], [0.1, 0.6, 0.2, 0.1], [0.2, 0.0, 0.5, 0.3], [0.3, 0.3, 0.0, 0.4]])
MOST = 12


def visits(n: int, seed: int, *, stays: float = 0.8) -> pl.DataFrame:
    """The rows of n patients, each in time.

    Args:
        stays: chance of one more row after each.
    """
    rng = np.random.default_rng(seed)
    lengths = np.minimum(rng.geometric(1 - stays, n), MOST)
    ward, mean, sex = rng.integers(0, 4, n), rng.normal(0, 1, n), rng.integers(0, 2, n)
    day, dose, level = rng.integers(0, 300, n), np.zeros(n, np.int64), mean + rng.normal(0, 0.5, n)
    rows = []
    for step in range(MOST):
        alive = np.flatnonzero(lengths > step)
        rows.append(
            np.column_stack(
                [alive, day, sex, ward, level, dose][:1] + [x[alive] for x in (day, sex, ward, level, dose)]
            )
        )
        ward = (rng.random(n)[:, None] > STEPS[ward].cumsum(1)).sum(1).clip(max=3)
        day = day + np.where(rng.random(n) < 0.25, 0, rng.geometric(0.1, n))
        level = mean + 0.6 * (level - mean) + rng.normal(0, 0.4, n)
        dose = dose + rng.integers(0, 3, n)
    every = np.concatenate(rows)
    every = every[np.argsort(every[:, 0], kind="stable")]
    who, day, sex, ward, level, dose = every.T
    return pl.DataFrame(
        {
            "who": [f"p{seed}-{int(w)}" for w in who],
            "day": day.astype(np.int64),
            "sex": np.where(sex == 0, "f", "m"),
            "ward": np.array(["er", "icu", "ward", "home"])[ward.astype(int)],
            "level": level.round(3),
            "dose": dose.astype(np.int64),
        }
    )


def told(real: pl.DataFrame, synthetic: pl.DataFrame, holdout: pl.DataFrame | None, seed: int = 0) -> Told:
    frames = {"real": real, "synthetic": synthetic} | ({} if holdout is None else {"holdout": holdout})
    found = Told.of(Context(VISITS, frames, None, None, seed, "linear", frozenset(), time="day"))
    assert found is not None
    return found


def likeness(
    real: pl.DataFrame, synthetic: pl.DataFrame, holdout: pl.DataFrame | None, seed: int = 0
) -> dict[str, Score]:
    return {score.name: score for score in likeness_scores(told(real, synthetic, holdout, seed))}


def attacked(real: pl.DataFrame, synthetic: pl.DataFrame, holdout: pl.DataFrame, seed: int = 0) -> dict[str, Score]:
    return {score.name: score for score in attack_scores(told(real, synthetic, holdout, seed))}


def shuffled(table: pl.DataFrame, names: list[str], seed: int) -> pl.DataFrame:
    """The values of some columns dealt out anew within each patient."""
    return table.with_columns(pl.col(names).shuffle(seed).over("who"))
