"""Claims about when in the week rows come: drawn ones at the weekdays and hours of real ones."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import ModelFileError
from likewise.histories.model import HistoryModel
from likewise.histories.order import Histories
from likewise.histories.rhythm import CANDIDATES, DAYS, HOURS, placed, rhythm_of, slots


@cache
def calls() -> pl.DataFrame:
    """Calls some days apart, nearly all on weekdays from 8 to 18 o'clock; a few at any time, so that no grid holds."""
    rng = np.random.default_rng(0)
    rows = []
    for who in range(300):
        at = dt.datetime(2023, 1, 2, 9) + dt.timedelta(hours=int(rng.integers(0, 2000)))
        for _ in range(int(rng.integers(3, 9))):
            while True:
                later = at + dt.timedelta(minutes=float(rng.exponential(3 * 24 * 60)))
                if (later.weekday() < 5 and 8 <= later.hour < 18) or rng.random() < 0.03:
                    break
            at = later.replace(second=0, microsecond=0)
            rows.append((f"c{who:03}", at, int(rng.integers(0, 9))))
    return pl.DataFrame(rows, schema=["who", "at", "minutes"], orient="row")


@cache
def learnt() -> lw.Synthesizer:
    return lw.Synthesizer(entity="who", time="at", random_state=0, epochs=10).fit(calls())


def at_work(table: pl.DataFrame) -> float:
    later = table.filter(pl.col("who") == pl.col("who").shift(1))["at"]
    return float(((later.dt.weekday() <= 5) & later.dt.hour().is_between(8, 17)).mean())  # type: ignore[arg-type]


def test_rows_come_at_the_hours_of_the_week_that_real_ones_do(tmp_path: Path) -> None:
    real = at_work(calls())
    assert real > 0.85
    learnt().save(tmp_path / "m")
    synth = lw.load(tmp_path / "m")
    some = synth.sample(400, random_state=1)
    assert abs(at_work(some) - real) < 0.06
    assert some.equals(learnt().sample(400, random_state=1))
    longer = synth.extend(calls().filter(pl.col("who") < "c100"), steps=3, random_state=1)
    new = pl.concat([rows.tail(4) for _, rows in longer.group_by("who", maintain_order=True)])
    assert abs(at_work(new) - real) < 0.08


def test_a_net_alone_draws_others() -> None:
    """Else the claim above would hold of itself."""
    model = learnt().histories_
    assert model is not None
    data, arrays = model.parts()
    alone = HistoryModel.of_parts(data | {"rhythm": []}, arrays, lambda: lw.models.MODELS["autoregressive"]())
    assert at_work(alone.sample(400, np.random.default_rng(1))[0]) < at_work(calls()) - 0.08


def test_even_weeks_are_left_alone() -> None:
    rng = np.random.default_rng(0)
    days = pl.Series(rng.integers(0, 700, 3000)).cast(pl.Int32).cast(pl.Date)
    told = Histories.of(pl.DataFrame({"who": np.repeat(np.arange(600), 5), "day": days}), "who", "day")

    def draw(n: int, weights: object) -> tuple[pl.Series, np.ndarray]:  # type: ignore[type-arg]
        drawn = pl.Series(rng.integers(0, 700, 5 * n)).cast(pl.Int32).cast(pl.Date)
        return drawn, np.tile([False, True, True, True, True], n)

    assert rhythm_of(told, "day", DAYS, 5, draw) == ()
    weekdays = told.table.with_columns(pl.col("day").dt.truncate("1w"))
    found = rhythm_of(Histories.of(weekdays, "who", "day"), "day", DAYS, 5, draw)
    assert np.argmax(found) == 0
    assert max(found[1:]) < 0.2


def test_of_candidates_one_is_taken_by_its_weight() -> None:
    monday = dt.datetime(2024, 1, 1)
    hours = [monday + dt.timedelta(hours=k % CANDIDATES) for k in range(2000 * CANDIDATES)]
    rhythm = np.full(HOURS, 0.125)
    rhythm[3] = 8.0
    taken = placed(rhythm, pl.Series(hours), np.random.default_rng(0))
    assert (taken // CANDIDATES == np.arange(2000)).all()
    share = (slots(pl.Series(hours)[taken], HOURS) == 3).mean()
    assert abs(share - 8 / (8 + 7 * 0.125)) < 0.02


def test_a_damaged_file_is_refused() -> None:
    model = learnt().histories_
    assert model is not None
    data, arrays = model.parts()
    for wrong in ([1.0] * 7, [-1.0] * HOURS, [float("nan")] * HOURS, ["a"] * HOURS):
        with pytest.raises(ModelFileError, match="week"):
            HistoryModel.of_parts(data | {"rhythm": wrong}, arrays, lambda: lw.models.MODELS["autoregressive"]())
