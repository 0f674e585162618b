"""Privacy by entity: copied histories are found, moved in time or not, and fresh ones raise no alarm."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest

from likewise.evaluate.histories.ordered import Ordered
from likewise.evaluate.histories.runs import longest, whole_histories
from likewise.evaluate.tables import type_tables
from likewise.schema.persons import persons_of

from .made import VISITS, attacked, visits

COPIES = ("history_copies", "history_runs", "history_near_copies")


def with_copies(fake: pl.DataFrame, real: pl.DataFrame, share: float, *, moved: int = 0) -> pl.DataFrame:
    """So large a share of the entities replaced by real ones under new names, those with most rows."""
    n = round(share * fake["who"].n_unique())
    longest_first = real.group_by("who", maintain_order=True).len().sort("len", descending=True, maintain_order=True)
    chosen = longest_first["who"].head(5 * n).sample(n, seed=1)
    copied = real.filter(pl.col("who").is_in(chosen.implode())).with_columns(
        who=pl.lit("new-") + pl.col("who"), day=pl.col("day") + moved
    )
    kept = fake["who"].unique(maintain_order=True).tail(-n)
    return pl.concat([fake.filter(pl.col("who").is_in(kept.implode())), copied])


@pytest.mark.parametrize(("share", "moved"), [(0.01, 0), (0.01, 1_000), (0.05, 0)])
def test_copied_entities_are_found(share: float, moved: int) -> None:
    real, fake, fresh = (visits(1_000, seed) for seed in (1, 2, 3))
    clean, found = attacked(real, fake, fresh), attacked(real, with_copies(fake, real, share, moved=moved), fresh)
    for name in COPIES[:2] if moved else COPIES:
        assert clean[name].stands != "worse", name
        assert found[name].stands == "worse", (name, found[name])
    if share == 0.05:
        assert found["history_density_tpr"].stands == "worse"


def test_a_plain_copy_is_found_by_every_attack() -> None:
    real, fresh = visits(400, 4), visits(400, 5)
    found = attacked(real, real.with_columns(who=pl.lit("new-") + pl.col("who")), fresh)
    for name in ("copies", "runs", "distance_share", "membership", "density", "membership_tpr_10"):
        assert found[f"history_{name}"].stands == "worse", name


def test_fresh_histories_alarm_no_more_often_than_stated() -> None:
    alarms: Counter[str] = Counter()
    runs = 60
    for seed in range(runs):
        real, fake, fresh = (visits(60, 3 * seed + k, stays=0.6) for k in range(3))
        alarms.update(name for name, score in attacked(real, fake, fresh, seed).items() if score.stands == "worse")
    assert all(n <= 0.025 * runs + 3 * np.sqrt(0.025 * runs) for n in alarms.values()), alarms


def ordered(*tables: pl.DataFrame) -> list[Ordered]:
    typed = zip(type_tables(tables, VISITS), tables, strict=True)
    return [Ordered.of(t, persons_of(table, "who"), t["day"].values.astype(np.float64)) for t, table in typed]


def test_the_longest_run_is_told_exactly() -> None:
    rows = pl.DataFrame(
        {
            "who": ["a"] * 6 + ["b"] * 6,
            "day": [0, 1, 2, 5, 6, 7, *range(50, 56)],
            "sex": ["f"] * 12,
            "ward": list("abcdef") + list("ghijkl"),
            "level": [float(k) for k in range(12)],
            "dose": [0] * 12,
        }
    )
    # The third to the fifth row of a, then one of b; a pair of b in the wrong distance; nothing.
    some = rows[[2, 3, 4, 7, 8, 9, 0]].with_columns(
        who=pl.Series(["x", "x", "x", "x", "y", "y", "z"]), day=pl.Series([10, 13, 14, 15, 0, 9, 3])
    )
    some = some.with_columns(level=pl.when(pl.col("who") == "z").then(-1.0).otherwise("level"))
    real, other = ordered(rows, some)
    assert longest(other, real, "day").tolist() == [3, 1, 0]
    assert longest(real, real, "day").tolist() == [6, 6]


def test_a_whole_history_is_known_again_when_moved_and_not_when_cut() -> None:
    table = visits(50, 6, stays=0.9)
    moved = table.with_columns(day=pl.col("day") + 17)
    cut = table.filter(pl.int_range(pl.len()).over("who") > 0)
    own, of_moved, of_cut = (whole_histories(rows, "day") for rows in ordered(table, moved, cut))
    assert (own == of_moved).all()
    assert len(np.unique(own)) > 45
    assert not np.isin(of_cut, own).any()
