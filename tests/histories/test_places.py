"""Places and texts that stay: a history that does not move stands where it stood, to the last digit and letter."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest

import likewise as lw

STAYS = 0.7
KEPT = [["lat", "lon"], ["note"]]


@cache
def trips() -> pl.DataFrame:
    """People of three towns, who mostly are where they were the day before, and say of it what they said."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(150), 6)
    towns = np.array([[48.85, 2.35], [51.5, -0.12], [40.4, -3.7]])[rng.integers(3, size=150)]
    place = (towns[who] + rng.normal(0, 0.05, (len(who), 2))).round(5)
    words = "the quiet large sunny flat house garden near a park river and market".split()  # noqa: SIM905
    note = [" ".join(rng.choice(words, 6)) for _ in who]
    for i in np.flatnonzero((who == np.roll(who, 1)) & (np.arange(len(who)) > 0) & (rng.random(len(who)) < STAYS)):
        place[i], note[i] = place[i - 1], note[i - 1]
    frame = {"who": who, "day": np.tile(np.arange(6), 150), "lat": place[:, 0], "lon": place[:, 1], "note": note}
    return pl.DataFrame(frame)


@cache
def learnt() -> lw.Synthesizer:
    codec = lw.CodecOptions(text="ngram")
    return lw.Synthesizer(entity="who", time="day", random_state=0, epochs=12, codec=codec).fit(trips())


def stays(frame: pl.DataFrame, columns: list[str]) -> float:
    same = frame.select(pl.col("who", *columns) == pl.col("who", *columns).shift(1))[1:]
    return float(same.filter("who").select(pl.all_horizontal(columns)).to_series().mean())  # type: ignore[arg-type]


@pytest.mark.parametrize("columns", KEPT, ids=["places", "texts"])
def test_what_stays_in_real_histories_stays_in_drawn_ones(columns: list[str]) -> None:
    assert stays(learnt().sample(150, random_state=1), columns) == pytest.approx(stays(trips(), columns), abs=0.15)


def test_drawn_histories_stay_at_no_real_place() -> None:
    assert learnt().histories_ is not None
    assert learnt().histories_.layout.codec.maps
    assert not set(learnt().sample(150, random_state=1)[["lat", "lon"]].rows()) & set(trips()[["lat", "lon"]].rows())


@pytest.mark.parametrize("columns", KEPT, ids=["places", "texts"])
def test_histories_that_go_on_do_so_from_where_they_are(columns: list[str]) -> None:
    known = trips().filter(pl.col("day") < 5)
    longer = learnt().extend(known, steps=1, random_state=0)
    assert stays(longer.filter(pl.col("day") >= 4), columns) == pytest.approx(STAYS, abs=0.2)
