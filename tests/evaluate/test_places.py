"""Measures of places: what they say of fresh rows, of smeared ones, of copies."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.evaluate.places import cells_of, distance, nearest


def town(n: int, seed: int, spread: float = 0.01) -> pl.DataFrame:
    """Places along ten roads, in towns over a wide country."""
    rng = np.random.default_rng(seed)
    where = np.random.default_rng(0).uniform((40, -5), (50, 5), (10, 2))
    at, along = rng.integers(10, size=n), rng.normal(0, 0.3, n)
    frame = {"lat": where[at, 0] + along + rng.normal(0, spread, n), "lon": where[at, 1] + along}
    return pl.DataFrame(frame).with_columns(pl.all().round(5), x=pl.Series(rng.normal(size=n)))


def test_the_distance_is_that_along_the_great_circle() -> None:
    paris, london, sydney = (
        np.array([[48.8566, 2.3522]]),
        np.array([[51.5074, -0.1278]]),
        np.array([[-33.8688, 151.2093]]),
    )
    assert distance(paris, london)[0] == pytest.approx(343.6, abs=1)
    assert distance(paris, sydney)[0] == pytest.approx(16_960, abs=20)
    assert nearest(np.array([[0.0, 179.999]]), np.array([[0.0, -179.999], [0.0, 179.0]]))[0] == pytest.approx(
        0.222, abs=0.01
    )


def test_cells_are_as_wide_as_high_and_join_at_the_date_line() -> None:
    lat = np.full(3, 60.0)
    cells = cells_of(np.stack([lat, np.array([10.0, 10.05, 10.5])], axis=1), 10)
    assert cells[0] == cells[1] != cells[2]  # 0.05 degrees are 2.8 km there, 0.5 are 28
    ends = cells_of(np.array([[0.0, -180.0], [0.0, 180.0], [np.nan, 1.0]]), 10)
    assert ends[0] == ends[1]
    assert ends[2] == -1


def test_fresh_places_pass_and_smeared_ones_do_not() -> None:
    real, fresh, holdout = town(3_000, 1), town(3_000, 2), town(3_000, 3)
    good = lw.evaluate(real, fresh, holdout=holdout, measures=["attacks"])
    bad = lw.evaluate(real, town(3_000, 4, spread=0.4), holdout=holdout, measures=["attacks"])
    for name in ("place_support_10km", "place_js_10km"):
        assert good[name].interval[0] <= good[name].floor <= good[name].interval[1]
    assert bad["place_support_10km"].interval[1] < bad["place_support_10km"].floor
    assert bad["place_js_10km"].interval[0] > bad["place_js_10km"].floor
    assert bad["place_js_1km"].value > bad["place_js_100km"].value


def test_copied_places_are_seen_and_tables_without_places_have_no_such_score() -> None:
    real, holdout = town(1_000, 1), town(1_000, 2)
    report = lw.evaluate(real, real.sample(fraction=1, shuffle=True, seed=0), holdout=holdout, measures=["attacks"])
    assert report["place_near"].value == 1.0
    assert report["place_near"].interval[0] > report["place_near"].floor
    plain = lw.evaluate(real.drop("lon"), real.drop("lon"), holdout=holdout.drop("lon"), measures=["attacks"])
    assert not [score.name for score in plain.scores if score.name.startswith("place")]


def test_two_places_are_told_apart() -> None:
    real = town(400, 1).rename({"lat": "start_lat", "lon": "start_lon"})
    real = real.with_columns(end_lat=pl.col("start_lat") + 0.1, end_lon=pl.col("start_lon"))
    report = lw.evaluate(real, real, measures=["joint"])
    names = {score.name for score in report.scores}
    assert {"place_js_10km:start_lat", "place_js_10km:end_lat"} <= names


def test_places_that_are_none_do_not_leave_the_count() -> None:
    """Half of the synthetic latitudes are beyond the pole: that half lies in no cell with real points."""
    real, fresh, holdout = town(1_000, 1), town(1_000, 2), town(1_000, 3)
    lost = fresh.with_columns(lat=pl.when(pl.int_range(1_000) % 2 == 0).then(pl.col("lat") + 100).otherwise("lat"))
    good, bad = (lw.evaluate(real, t, holdout=holdout, measures=["attacks"]) for t in (fresh, lost))
    assert bad["place_support_10km"].value == pytest.approx(good["place_support_10km"].value / 2, abs=0.03)
    assert bad["place_js_100km"].value > good["place_js_100km"].value + 0.2
    assert bad["place_near"].n == 1_000
    nowhere = lw.evaluate(real, fresh.with_columns(lat=pl.col("lat") + 1e6), holdout=holdout, measures=["attacks"])
    assert nowhere["place_support_1km"].value == nowhere["place_near"].value == 0.0
    assert nowhere["place_js_1km"].value == 1.0


def test_real_places_that_are_none_or_of_one_person_give_no_score() -> None:
    real, fresh = town(200, 1), town(200, 2)
    metres = [t.with_columns(pl.col("lat", "lon") * 111_000) for t in (real, fresh)]
    one = [t.with_columns(who=pl.lit(i)) for i, t in enumerate((real, fresh))]
    for pair, entity in ((metres, None), (one, "who")):
        report = lw.evaluate(*pair, entity=entity, measures=["attacks"])
        assert not [score.name for score in report.scores if score.name.startswith("place")]
