"""What is known again of real histories, however it is written or stands, and what is never shown."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from likewise.evaluate.results import Score
from likewise.evaluate.scoring.context import Context
from likewise.evaluate.scoring.histories import Told, attack_scores, likeness_scores, shown
from likewise.schema.column import Column, Kind, Role, Schema

WORDS = ["pain", "fever", "head", "back", "arm", "seen", "given", "told", "sent", "home", "rest", "worse", "again"]
ROWS = 6


def schema(when: Kind, what: Kind) -> Schema:
    return Schema(
        (
            Column(name="who", kind=Kind.ID, role=Role.ENTITY),
            Column(name="when", kind=when),
            Column(name="what", kind=what),
        )
    )


def told(of: Schema, real: pl.DataFrame, synthetic: pl.DataFrame, holdout: pl.DataFrame) -> Told:
    frames = {"real": real, "synthetic": synthetic, "holdout": holdout}
    found = Told.of(Context(of, frames, None, None, 0, "linear", frozenset(), time="when"))
    assert found is not None
    return found


def numbers(seed: int, *, n: int = 60, rows: int = ROWS, ties: int = 1, whole: bool = True) -> pl.DataFrame:
    """Histories of n entities; so many rows are of one moment each time."""
    rng = np.random.default_rng(seed)
    steps = np.repeat(rng.integers(1, 9, (n, rows // ties)).cumsum(1) + rng.integers(0, 500, (n, 1)), ties, axis=1)
    when = steps if whole else (steps / 7 + rng.random((n, 1))).round(3)
    who = np.repeat([f"{seed}-{k}" for k in range(n)], rows)
    return pl.DataFrame({"who": who, "when": when.ravel(), "what": rng.normal(size=n * rows).round(3)})


def notes(seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, size=7)) + "." for _ in range(60 * ROWS)]
    return numbers(seed).with_columns(when=pl.int_range(pl.len()).over("who"), what=pl.Series(texts))


def third(real: pl.DataFrame, fake: pl.DataFrame, *, later: float = 0) -> pl.DataFrame:
    """Made histories of which a third are real ones."""
    names = fake["who"].unique(maintain_order=True)
    copied = real.filter(pl.col("who").is_in(real["who"].unique(maintain_order=True)[:20].implode()))
    copied = copied.with_columns(who=pl.lit("new-") + pl.col("who"), when=pl.col("when") + later)
    return pl.concat([copied, fake.filter(pl.col("who").is_in(names[20:].implode()))], how="vertical_relaxed")


def copied_shares(of: Schema, real: pl.DataFrame, synthetic: pl.DataFrame, holdout: pl.DataFrame) -> list[Score]:
    found = {score.name: score for score in attack_scores(told(of, real, synthetic, holdout))}
    return [found["history_copies"], found["history_runs"]]


def assert_a_third(scores: list[Score]) -> None:
    for score in scores:
        assert (round(score.value, 4), score.floor) == (0.3333, 0.0), score.name


def test_sentences_of_one_pattern_are_no_copies() -> None:
    real, fake, fresh = (notes(seed) for seed in (1, 2, 3))
    of = schema(Kind.INTEGER, Kind.TEXT)
    assert [score.value for score in copied_shares(of, real, fake, fresh)] == [0, 0]
    assert_a_third(copied_shares(of, real, third(real, fake), fresh))


def test_histories_moved_by_a_fraction_are_known_again() -> None:
    real, fake, fresh = (numbers(seed, whole=False) for seed in (1, 2, 3))
    assert_a_third(copied_shares(schema(Kind.REAL, Kind.REAL), real, third(real, fake, later=100.3), fresh))


def test_copies_are_known_again_in_whatever_order_rows_of_one_moment_stand() -> None:
    real, fake, fresh = (numbers(seed, rows=8, ties=4) for seed in (1, 2, 3))
    made = third(real, fake).sample(fraction=1.0, shuffle=True, seed=1)
    assert_a_third(copied_shares(schema(Kind.INTEGER, Kind.REAL), real, made, fresh))


@pytest.mark.parametrize("rows", [6, 80])
def test_no_history_is_shown_that_a_real_entity_went_through(rows: int) -> None:
    real, fake, fresh = (numbers(seed, n=25, rows=rows) for seed in (1, 2, 3))
    of = schema(Kind.INTEGER, Kind.REAL)
    assert len(shown(told(of, real, fake, fresh)).examples) == 4
    for others, later in ((real, 0), (real, 900), (fresh, 0), (fresh, 900)):
        moved = others.with_columns(who=pl.lit("new-") + pl.col("who"), when=pl.col("when") + later)
        assert shown(told(of, real, moved, fresh)).examples == ()


def test_notes_of_one_pattern_are_shown_where_they_are_no_real_ones() -> None:
    real, fake, fresh = (notes(seed) for seed in (1, 2, 3))
    of = schema(Kind.INTEGER, Kind.TEXT)
    assert len(shown(told(of, real, fake, fresh)).examples) == 4
    assert shown(told(of, real, real.with_columns(who=pl.lit("new-") + pl.col("who")), fresh)).examples == ()


def test_hours_are_those_of_the_clock_in_winter_and_in_summer() -> None:
    def open_at_nine(seed: int, begin: datetime) -> pl.DataFrame:
        rng = np.random.default_rng(seed)
        days = rng.integers(0, 8, (60, ROWS)).cumsum(1).ravel()
        when = pl.Series([begin + timedelta(days=int(d)) for d in days]).dt.replace_time_zone("Europe/Berlin")
        return numbers(seed).with_columns(when=when)

    winter, summer = datetime(2021, 1, 4, 9), datetime(2021, 6, 7, 9)
    tables = [open_at_nine(seed, begin) for seed, begin in ((1, winter), (2, summer), (3, winter))]
    found = told(schema(Kind.DATETIME, Kind.REAL), *tables)
    scores = {score.name: score for score in likeness_scores(found)}
    assert scores["history_calendar"].value > 0.8
    assert all(cell.endswith(" 09:00:00") for history in shown(found).examples for cell, _ in history)
