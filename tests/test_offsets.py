"""Texts of times whose offsets from UTC differ from row to row come back with offsets as they were told."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import likewise as lw
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.infer import infer
from likewise.schema.parse import parse, restore

N = 600


def moments(seed: int, n: int = N) -> pl.Series:
    """Moments of four years, in UTC."""
    seconds = np.random.default_rng(seed).integers(0, 4 * 365 * 86_400, n)
    return (
        pl.Series("at", [dt.datetime(2019, 1, 1)]).gather([0] * n) + pl.Series(seconds * 10**6).cast(pl.Duration("us"))
    ).dt.replace_time_zone("UTC")


def texts(at: pl.Series, clocks: list[str], pattern: str = "%Y-%m-%dT%H:%M:%S%:z") -> pl.DataFrame:
    """Each moment as one of the clocks shows it, in turn."""
    shown = [
        at.dt.convert_time_zone(clock).dt.strftime(pattern).gather_every(len(clocks), i)
        for i, clock in enumerate(clocks)
    ]
    return pl.concat(shown).to_frame("at")


def offsets(frame: pl.DataFrame) -> dict[str, float]:
    counts = frame["at"].str.slice(-6).value_counts(name="rows")
    return {str(k): v / len(frame) for k, v in counts.iter_rows()}


@pytest.mark.parametrize("pattern", ["%Y-%m-%dT%H:%M:%S%:z", "%d.%m.%Y %H:%M %z", "%Y-%m-%d %H:%M:%S%.6f%:z"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "America/Sao_Paulo"])
def test_what_the_clock_of_one_zone_showed_comes_back_letter_by_letter(pattern: str, zone: str) -> None:
    at = moments(3).dt.convert_time_zone(zone).dt.truncate("1m")
    raw = at.dt.strftime(pattern).to_frame("at")
    schema = infer(raw)
    read = parse(raw, schema)
    assert read["at"].to_list() == at.to_list()
    assert_frame_equal(restore(read, schema), raw)


def test_hours_of_which_the_clock_shows_two_come_back() -> None:
    start = dt.datetime(2020, 10, 24, 23, tzinfo=dt.UTC)
    at = pl.datetime_range(start, start + dt.timedelta(hours=4), "10m", eager=True).alias("at")
    raw = texts(at.append(moments(5)), ["Europe/Berlin"])
    schema = infer(raw)
    assert_frame_equal(restore(parse(raw, schema), schema), raw)


def test_drawn_habits_are_those_of_the_clock_on_the_wall() -> None:
    at = moments(7).dt.convert_time_zone("America/New_York").dt.truncate("1d").dt.offset_by("9h")
    synth = lw.Synthesizer("copula", random_state=0).fit(at.dt.strftime("%Y-%m-%dT%H:%M:%S%:z").to_frame("at"))
    drawn = synth.sample(400, random_state=1)
    assert (drawn["at"].str.slice(11, 8) == "09:00:00").all()
    read = drawn["at"].str.strptime(pl.Datetime("us", "America/New_York"), "%Y-%m-%dT%H:%M:%S%:z")
    assert read.dt.strftime("%Y-%m-%dT%H:%M:%S%:z").to_list() == drawn["at"].to_list()
    assert set(offsets(drawn)) == {"-05:00", "-04:00"}


def test_a_mix_of_offsets_is_drawn_by_their_shares_and_tells_the_same_moments() -> None:
    at = moments(11)
    shown = [at.dt.offset_by(f"{h}h").dt.strftime(f"%Y-%m-%dT%H:%M:%S+0{h}:00") for h in (1, 5)]
    raw = shown[0].zip_with(pl.Series(np.arange(N) % 4 == 0), shown[1]).to_frame("at")
    schema = infer(raw)
    read = parse(raw, schema)
    assert read["at"].dt.convert_time_zone("UTC").to_list() == at.to_list()
    back = restore(read, schema)
    assert_frame_equal(parse(back, schema), read)
    many = restore(parse(texts(moments(13, 20_000), ["UTC"]), schema), schema)
    assert offsets(many)["+01:00"] == pytest.approx(0.25, abs=0.02)
    assert offsets(many)["+05:00"] == pytest.approx(0.75, abs=0.02)


def test_two_zones_are_two_clocks_of_which_none_has_summer_time_in_winter() -> None:
    raw = texts(moments(17), ["Europe/Berlin", "America/New_York"])
    schema = infer(raw)
    back = restore(parse(raw, schema), schema)
    assert set(offsets(back)) == {"+01:00", "+02:00", "-05:00", "-04:00"}
    winter = back.filter(pl.col("at").str.slice(5, 2).is_in(["01", "02", "12"]))
    assert set(offsets(winter)) == {"+01:00", "-05:00"}


def test_the_same_moment_is_written_alike_whatever_stands_beside_it() -> None:
    raw = texts(moments(19), ["Europe/Berlin", "Asia/Kolkata"])
    schema = infer(raw)
    whole = restore(parse(raw, schema), schema)
    assert_frame_equal(restore(parse(raw[100:200], schema), schema), whole[100:200])


def test_an_offset_of_one_row_is_written_as_that_of_others() -> None:
    raw = texts(moments(23), ["Europe/Berlin"])
    raw[0, "at"] = "2020-02-03T10:00:00-03:30"
    schema = infer(raw)
    back = restore(parse(raw, schema), schema)
    assert back[0, "at"] == "2020-02-03T14:30:00+01:00"
    assert "03:30" not in str(schema["at"].format)


def test_missing_moments_stay_missing() -> None:
    raw = texts(moments(29), ["Europe/Berlin", "Asia/Kolkata"])
    raw = raw.with_columns(pl.when(pl.int_range(pl.len()) % 7 > 0).then("at").alias("at"))
    schema = infer(raw)
    assert restore(parse(raw, schema), schema)["at"].is_null().equals(raw["at"].is_null())


@pytest.mark.parametrize("clocks", ["Europe/Atlantis", "Europe/Berlin 5|Mars/Olympus 5"])
def test_a_zone_that_is_none_is_refused(clocks: str) -> None:
    schema = Schema((Column(name="at", kind=Kind.DATETIME, format=f"%Y-%m-%dT%H:%M:%S%:z({clocks})"),))
    with pytest.raises(lw.SchemaError, match="zone"):
        restore(parse(texts(moments(31), ["Europe/Berlin"]), schema), schema)
