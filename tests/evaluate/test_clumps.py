"""Copies are counted by person: rows of one person are alike, and meet a training row together or not at all."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest

from likewise.evaluate.attacks.clumps import clump, exact_by_person
from likewise.evaluate.scoring.context import Context
from likewise.evaluate.scoring.privacy import copy_scores
from likewise.schema.column import Column, Kind, Role, Schema

PEOPLE = Schema(
    (
        Column(name="who", kind=Kind.ID, role=Role.ENTITY),
        *(Column(name=name, kind=Kind.CATEGORICAL) for name in "ab"),
        Column(name="x", kind=Kind.INTEGER),
        Column(name="y", kind=Kind.INTEGER),
    )
)


def people(n: int, seed: int) -> pl.DataFrame:
    """Persons of one to some thirty rows, most of which are equal."""
    rng = np.random.default_rng(seed)
    whose = np.repeat(np.arange(n), rng.geometric(1 / 8, n))
    own = [rng.integers(0, size, n)[whose] for size in (6, 5, 12, 10)]
    own[2] = np.where(rng.random(len(whose)) < 0.2, rng.integers(0, 12, len(whose)), own[2])
    levels = [[f"{i}" for i in own[k]] for k in (0, 1)]
    return pl.DataFrame(
        {"who": [f"{seed}-{i}" for i in whose], "a": levels[0], "b": levels[1], "x": own[2], "y": own[3]}
    )


def alarms(real: pl.DataFrame, synthetic: pl.DataFrame, holdout: pl.DataFrame | None) -> list[str]:
    frames = {"real": real, "synthetic": synthetic} | ({} if holdout is None else {"holdout": holdout})
    run = Context(PEOPLE, frames, None, None, 0, "linear", frozenset())
    return [score.name for score in copy_scores(run)[1] if score.stands == "worse"]


@pytest.mark.parametrize("with_holdout", [True, False])
def test_fresh_persons_are_called_copies_no_more_often_than_stated(with_holdout: bool) -> None:
    runs, found = 200, Counter[str]()
    for seed in range(runs):
        real, fake, fresh = (people(100, 3 * seed + k) for k in range(3))
        found.update(alarms(real, fake, fresh if with_holdout else None))
    assert all(n <= 0.025 * runs + 3 * np.sqrt(0.025 * runs) for n in found.values()), found


def finely(table: pl.DataFrame, seed: int) -> pl.DataFrame:
    """With a number by which rows hardly ever meet by chance."""
    return table.with_columns(y=np.random.default_rng(seed).integers(0, 1_000_000, len(table)))


def test_copied_persons_are_found() -> None:
    real, fake, fresh = (finely(people(200, seed), seed) for seed in (1, 2, 3))
    assert alarms(real, fake, fresh) == []
    for n, named in ((4, {"copies_once"}), (12, {"copies", "copies_once"})):
        some = real["who"].unique(maintain_order=True).head(n)
        copied = real.filter(pl.col("who").is_in(some.implode())).with_columns(who=pl.lit("new") + pl.col("who"))
        assert set(alarms(real, pl.concat([fake, copied]), fresh)) >= named


def test_what_all_of_a_person_does_counts_once() -> None:
    whose = np.repeat(np.arange(50), 4)
    together, apart = np.arange(200) < 40, np.arange(200) % 5 == 0
    assert clump(together, whose) == pytest.approx(4.0)
    assert clump(apart, whose) == pytest.approx(1.0, abs=0.35)
    assert clump(together, None) == 1.0
    none = np.zeros(200, bool)
    sure, unsure = (exact_by_person(met, whose, none, whose) for met in (np.arange(200) < 6, np.arange(200) % 33 == 0))
    assert sure.value == pytest.approx(0.03)
    assert sure.interval[0] <= sure.floor == 0.0 < unsure.interval[0]
