"""Draws under a condition on moments are the free draws that meet it: a range of moments is no product of days and of
times of day, and what goes with the time of day must follow it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.conditions import Between, Not, OrMissing

FREE, DRAWN = 150_000, 3_000

NIGHT = (dt.datetime(2021, 3, 3, 18), dt.datetime(2021, 3, 4, 6))
TWO_DAYS = (dt.datetime(2021, 3, 3, 12), dt.datetime(2021, 3, 5, 12))
UNTIL_NOON = (None, dt.datetime(2021, 3, 2, 12))
HOURS = (dt.datetime(2021, 3, 3, 18), dt.datetime(2021, 3, 3, 23))
"""Ranges whose first or last day is cut."""


@cache
def drawing(model: str, zone: str | None = None) -> tuple[lw.Synthesizer, pl.DataFrame]:
    """A synthesizer of ten days with shifts that follow the hour, and free draws of it."""
    rng, n = np.random.default_rng(301), 3_000
    hour = rng.integers(0, 24, n)
    at = [
        dt.datetime(2021, 3, 1) + dt.timedelta(days=int(day), hours=int(h), seconds=int(s))
        for day, h, s in zip(rng.integers(0, 10, n), hour, rng.integers(0, 3600, n), strict=True)
    ]
    series = pl.Series("at", at)
    table = pl.DataFrame(
        {
            "at": series if zone is None else series.dt.replace_time_zone(zone),
            "shift": np.where((hour < 6) | (hour >= 18), "night", "day"),
            "load": np.round(hour + rng.standard_normal(n), 2),
        }
    )
    synth = lw.Synthesizer(model, random_state=0).fit(table)
    return synth, synth.sample(FREE, random_state=1)


def moments(low: dt.datetime | None, high: dt.datetime | None) -> Callable[[pl.Series], pl.Series]:
    def meets(at: pl.Series) -> pl.Series:
        local = at.dt.replace_time_zone(None)
        met = pl.Series([True]).new_from_index(0, len(at))
        met = met if low is None else met & (local >= low)
        return met if high is None else met & (local <= high)

    return meets


ASKED: dict[str, tuple[Any, Callable[[pl.Series], pl.Series]]] = {
    "one night": (lw.between(*NIGHT), moments(*NIGHT)),
    "from noon to noon": (lw.between(*TWO_DAYS), moments(*TWO_DAYS)),
    "an open end": (lw.between(*UNTIL_NOON), moments(*UNTIL_NOON)),
    "some hours": (lw.between(*HOURS), moments(*HOURS)),
    "none of some days": (lw.none_of("2021-03-03", "2021-03-05"), lambda at: ~at.dt.day().is_in([3, 5])),
    "none of a moment": (lw.none_of(HOURS[0]), lambda at: at != HOURS[0]),
}


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("model", ["copula", "cart"])
def test_what_goes_with_the_time_of_day_follows_a_range_of_moments(model: str, what: str) -> None:
    """Shares of night shifts, of hours and of days, each within five standard errors of filtered free draws."""
    synth, free = drawing(model)
    asked, meets = ASKED[what]
    kept, drawn = free.filter(meets(free["at"])), synth.sample(DRAWN, where={"at": asked}, random_state=2)
    assert meets(drawn["at"]).all()
    for share in (
        pl.col("shift") == "night",
        pl.col("load") < 9,
        pl.col("at").dt.hour() < 12,
        pl.col("at").dt.day() == 3,
        (pl.col("at").dt.hour() < 4) & (pl.col("shift") == "night"),
    ):
        want, have = (frame.select(share.mean()).item() for frame in (kept, drawn))
        spread = np.sqrt(want * (1 - want) * (1 / len(kept) + 1 / DRAWN))
        assert abs(want - have) <= 5 * spread + 2 / DRAWN, (share, want, have)


def test_moments_of_a_zone_obey_a_range() -> None:
    synth, _ = drawing("copula", "Europe/Berlin")
    low, high = pl.Series(NIGHT).dt.replace_time_zone("Europe/Berlin")
    inside = synth.sample(500, where={"at": lw.between(low, high)}, random_state=3)["at"]
    assert ((inside >= low) & (inside <= high)).all()


def test_the_acceptance_told_of_a_range_of_moments_is_the_share_of_free_draws() -> None:
    """What a search tells is the share of all free draws, not of those that come to be looked at."""
    synth, free = drawing("cart")
    told: list[float] = []
    synth.sample(
        DRAWN, where={"at": lw.between(*NIGHT)}, random_state=4, progress=lambda search: told.append(search.share)
    )
    assert told[-1] == pytest.approx(moments(*NIGHT)(free["at"]).mean(), rel=0.2)


def test_a_range_of_moments_too_rare_to_be_found_is_refused_with_its_column() -> None:
    synth, _ = drawing("copula")
    with pytest.raises(lw.ConditionError, match="'at'"):
        synth.sample(3_000, where={"at": lw.between(*NIGHT)}, max_tries=100, random_state=5)


@pytest.mark.parametrize("text", ["2021-03-03 18:00:00", "2021-03-03T18:00:00", "2021-03-03 18:00"])
def test_a_moment_written_as_text_is_that_moment_where_the_column_is_of_moments(text: str) -> None:
    """It was taken for midnight."""
    synth, _ = drawing("copula")
    after = synth.sample(300, where={"at": lw.between(text, "2021-03-03 20:30:00")}, random_state=6)["at"]
    assert after.is_between(dt.datetime(2021, 3, 3, 18), dt.datetime(2021, 3, 3, 20, 30)).all()


@pytest.mark.parametrize("asked", [Between(*NIGHT), Not(Between(*TWO_DAYS))], ids=type)
def test_a_moment_drawn_without_its_time_of_day_obeys_too(asked: Between | Not) -> None:
    """Such a time is drawn in decoding, after rows were looked at: with missing cells asked for too, one in sixty lay
    outside."""
    rng, n = np.random.default_rng(302), 2_000
    at = pl.Series("at", drawing("copula")[1]["at"][:n]).to_frame()
    table = at.select(pl.when(pl.Series(rng.random(n) < 0.2)).then(None).otherwise(pl.col("at")).alias("at"))
    table = table.with_columns(pl.Series("load", rng.standard_normal(n)))
    drawn = lw.Synthesizer("copula", random_state=0).fit(table).sample(3_000, where={"at": OrMissing(asked)})["at"]
    known = drawn.drop_nulls()
    assert 0 < len(known) < len(drawn)
    low, high = NIGHT if isinstance(asked, Between) else TWO_DAYS
    assert (known.is_between(low, high) == isinstance(asked, Between)).all()
