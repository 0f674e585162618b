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
from likewise.codecs.base import Codes
from likewise.conditions import Between, Not, OrMissing, resolve
from likewise.scenario.draws import draw
from likewise.scenario.intervention import _set
from likewise.synthesizer.search import drawn_each

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


# ---- where something else is known of each row ---------------------------------------------------------------------


def test_rows_of_which_a_cell_is_known_lie_in_a_range_where_that_cell_says() -> None:
    """A load of 22 is drawn late in the day: half of such rows were drawn on the morning that ends the night."""
    synth, _ = drawing("cart")
    scenario = lw.Scenario().fit(synth, drawing("cart")[1][:3000])
    known = pl.DataFrame({"load": np.full(600, 21.5)})
    conditions = resolve({"at": lw.between(*NIGHT)}, synth.schema_)
    drawn = draw(scenario.source_, 600, conditions, np.random.default_rng(7), known)["at"]
    assert drawn.is_between(*NIGHT).all()
    assert (drawn.dt.hour() >= 18).mean() > 0.97


def test_rows_that_differ_in_what_is_known_are_each_drawn_anew_until_they_meet_a_range() -> None:
    """Rows of even number are known to be late in the day, the others to be early: in a night, those lie on its first
    day and these on its second."""
    synth, free = drawing("cart")
    codec = synth.codec_
    two = free.filter(pl.col("at").dt.day().is_in([3, 4]))
    late, early = (codec.encode(two.filter(hours)) for hours in (pl.col("at").dt.hour() >= 20, pl.col("load") < 2))
    rng = np.random.default_rng(11)

    def draws(rows: np.ndarray) -> Codes:
        parts = [part[rng.integers(len(part), size=len(rows))] for part in (late, early)]
        even = rows[:, None] % 2 == 0
        return Codes(*(np.where(even, getattr(parts[0], x), getattr(parts[1], x)) for x in ("codes", "fractions")))

    at = drawn_each(codec.condition({"at": lw.between(*NIGHT)}), codec, 500, draws, rng).series("at")
    assert at.is_between(*NIGHT).all()
    assert (at.dt.day() == pl.Series([3, 4]).gather(np.arange(500) % 2)).all()


def test_rows_decoded_from_latents_lie_in_a_range_of_moments() -> None:
    table = drawing("cart")[1][:500]
    synth = lw.Synthesizer("vae", random_state=0, epochs=1).fit(table)
    drawn = synth.decode(synth.encode(table[:200]), where={"at": lw.between(*NIGHT)}, random_state=1)["at"]
    assert len(drawn) == 200
    assert drawn.is_between(*NIGHT).all()


def test_moments_that_are_told_as_cells_follow_a_range_by_their_own_law() -> None:
    """Under `k_anonymous` a moment's day and time are drawn within their cells, after the generator drew: they were
    squeezed into the range."""
    free = drawing("cart")[1]
    schema = lw.infer(free).replace("at", role=lw.Role.QUASI_IDENTIFIER)
    synth = lw.Synthesizer("cart", schema=schema, codec=lw.CodecOptions(k_anonymous=5), random_state=0).fit(free[:3000])
    low, high = TWO_DAYS
    freely = synth.sample(FREE, random_state=8).filter(pl.col("at").is_between(low, high))
    drawn = synth.sample(DRAWN, where={"at": lw.between(low, high)}, random_state=9)
    assert drawn["at"].is_between(low, high).all()
    for share in (pl.col("at").dt.hour() < 12, pl.col("at").dt.day() == 4, pl.col("shift") == "night"):
        want, have = (frame.select(share.mean()).item() for frame in (freely, drawn))
        assert abs(want - have) <= 5 * np.sqrt(want * (1 - want) * (1 / len(freely) + 1 / DRAWN)), (share, want, have)


def test_moments_that_an_intervention_sets_are_spread_as_they_are_in_the_range() -> None:
    """From noon to noon, half of the first and of the last day each have half a day's rows."""
    synth, free = drawing("cart")
    at = _set(
        synth, "at", resolve({"at": lw.between(*TWO_DAYS)}, synth.schema_)["at"], DRAWN, np.random.default_rng(10)
    )
    assert at.is_between(*TWO_DAYS).all()
    kept = free.filter(pl.col("at").is_between(*TWO_DAYS))["at"]
    for day in (3, 4, 5):
        want, have = ((part.dt.day() == day).mean() for part in (kept, at))
        assert abs(want - have) <= 0.05


def test_rows_that_can_never_meet_a_condition_beside_what_is_known_are_refused_with_its_column() -> None:
    """A moment cannot be moved out of a range, as it can be moved into one."""
    synth, free = drawing("cart")
    codec = synth.codec_
    narrowing = codec.condition({"at": Not(Between(*TWO_DAYS))})
    inside = codec.encode(free.filter(pl.col("at").is_between(*TWO_DAYS))[:5])
    with pytest.raises(lw.ConditionError, match="5 of 5 rows"):
        drawn_each(narrowing, codec, 5, lambda rows: inside[rows], np.random.default_rng(0))
