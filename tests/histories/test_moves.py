"""Claims about numbers that move: drawn tracks are as smooth as real ones and keep their direction."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

import likewise as lw
from likewise.histories.carried import Carried, find_carried
from likewise.histories.order import Histories


@cache
def tracks() -> pl.DataFrame:
    """Ships that turn slowly, at 6 hours a row; `wind` is noise, `speed` hardly changes, `waves` takes few values."""
    rng = np.random.default_rng(0)
    rows: list[tuple[object, ...]] = []
    for ship in range(200):
        place, speed = rng.uniform([10, -70], [25, -30]), rng.uniform(9, 19)
        way = rng.normal(0, 0.4, 2)
        for step in range(int(rng.integers(15, 35))):
            way += rng.normal(0, 0.05, 2)
            place = place + way
            speed = np.clip(speed + rng.normal(0, 0.05), 8, 20)
            lat, lon = place.round(2)
            rows.append((f"s{ship}", step, lat, lon, speed, rng.normal(20, 5), int(rng.integers(1, 7))))
    return pl.DataFrame(rows, schema=["ship", "step", "lat", "lon", "speed", "wind", "waves"], orient="row")


@cache
def learnt() -> lw.Synthesizer:
    return lw.Synthesizer(entity="ship", time="step", random_state=0, epochs=8).fit(tracks())


def carried() -> dict[str, Carried]:
    assert learnt().histories_ is not None
    return {c.name: c for c in learnt().histories_.layout.carried}


def steps(frame: pl.DataFrame, name: str) -> pl.Series:
    return frame.select(pl.col(name).diff().over("ship")).to_series()


def turns(frame: pl.DataFrame, name: str) -> float:
    """How alike a step is to the one before."""
    step = frame.select("ship", now=pl.col(name).diff().over("ship"))
    return float(step.select(pl.corr("now", pl.col("now").shift(1).over("ship"))).item())


def test_what_moves_is_found_and_what_does_not_is_left() -> None:
    assert set(carried()) == {"lat", "lon", "speed"}


def test_drawn_tracks_are_as_smooth_as_real_ones_and_keep_their_direction() -> None:
    drawn = learnt().sample(200, random_state=1)
    for name in ("lat", "lon"):
        real = float(steps(tracks(), name).std())  # type: ignore[arg-type]
        assert abs(float(steps(drawn, name).std()) / real - 1) < 0.3  # type: ignore[arg-type]
        assert turns(tracks(), name) > 0.9
        assert turns(drawn, name) > 0.6


def test_they_go_where_enough_have_been_with_the_decimals_of_the_column() -> None:
    drawn = learnt().sample(300, random_state=2)
    for name in ("lat", "lon", "speed"):
        low, high = carried()[name].bounds
        ends = tracks().group_by("ship").agg(pl.col(name).min().alias("low"), pl.col(name).max().alias("high"))
        assert (ends["low"] <= low).sum() >= 5
        assert (ends["high"] >= high).sum() >= 5
        assert drawn[name].is_between(low, high).all()
    assert drawn["lat"].equals(drawn["lat"].round(2))


def test_known_tracks_go_on_from_where_they_are() -> None:
    known = tracks().filter(pl.col("step") < 12)
    longer = learnt().extend(known, steps=1, random_state=0)
    assert longer.filter(pl.col("step") < 12).sort("ship", "step").equals(known.sort("ship", "step"))
    step = steps(longer.sort("ship", "step"), "lat").filter(longer.sort("ship", "step")["step"] == 12).abs()
    usual = steps(tracks(), "lat").abs()
    assert float(step.quantile(0.9)) < 1.5 * float(usual.quantile(0.95))  # type: ignore[arg-type]


def test_known_tracks_beyond_where_others_have_been_do_not_leap_back() -> None:
    known = tracks().filter(pl.col("step") < 12).with_columns(pl.col("lat") + 100)
    longer = learnt().extend(known, steps=3, random_state=0).sort("ship", "step")
    assert steps(longer, "lat").abs().max() < 5  # type: ignore[operator]
    new = longer.filter(pl.col("step") >= 12)["lat"]
    assert new.max() <= known["lat"].max()  # type: ignore[operator]


def test_of_one_series_rows_stand_behind_the_ends() -> None:
    values = (10 * np.sin(np.arange(900) / 50) + np.random.default_rng(0).normal(0, 0.02, 900)).round(2)
    values[450] = values.max() + 40
    table = pl.DataFrame({"who": "a", "t": np.arange(900), "x": values})
    found = find_carried(Histories.of(table, "who", "t"), lw.infer(table), ["x"], 5, str.upper)
    assert [c.name for c in found] == ["x"]
    assert found[0].bounds == (np.sort(values)[4], np.sort(values)[-5])


def test_persons_stand_behind_the_ends_and_not_the_entities_of_one() -> None:
    """Ten ships of one owner sail where no other does."""
    ten = [f"s{k}" for k in range(10)]
    far = tracks().with_columns(pl.col("lat") + pl.when(pl.col("ship").is_in(ten)).then(80).otherwise(0))
    told, schema = Histories.of(far, "ship", "step"), lw.infer(far, entity="ship")
    owner = told.table["ship"].replace(dict.fromkeys(ten, "s0")).rank("dense").to_numpy().astype(np.int64)
    each, owners = (find_carried(told, schema, ["lat"], 5, str.upper, of)[0].bounds[1] for of in (None, owner))
    assert each > 80
    assert owners < 80
