"""A moment is missing as a whole or not at all, whatever model draws its day and its time of day."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.codecs.base import Alphabet, Codes, Field, Given
from likewise.models import MODELS
from likewise.models.drawing.together import pairs_of, whole

from .test_contract import FAST_OPTIONS

N, DRAWN = 2_000, 4_000
SHARE = 0.3
ERRORS = 4.5
"""Standard errors of both tables' shares together."""

every_model = pytest.mark.parametrize("model", sorted(MODELS))


def appointments() -> pl.DataFrame:
    """Moments of which three in ten are missing; early ones are of one kind, late ones of the other."""
    rng = np.random.default_rng(0)
    late = rng.random(N) < 0.5
    minutes = rng.integers(8 * 60, 12 * 60, N) + 6 * 60 * late
    moments = np.array([dt.datetime(2024, 1, 1) + dt.timedelta(days=int(d), minutes=int(m))
                        for d, m in zip(rng.integers(0, 200, N), minutes, strict=True)], object)  # fmt: skip
    moments[rng.random(N) < SHARE] = None
    return pl.DataFrame({"kind": np.where(late, "late", "early"), "at": list(moments), "x": rng.normal(size=N)})


@cache
def fitted(model: str) -> lw.Synthesizer:
    return lw.Synthesizer(model, **FAST_OPTIONS.get(model, {}), random_state=0).fit(appointments())


@every_model
def test_a_drawn_moment_is_missing_as_a_whole_or_not_at_all_and_as_often_as_a_real_one(model: str) -> None:
    made = fitted(model)
    drawn = made.generator_.sample(DRAWN, rng=np.random.default_rng(1))
    [(day, time)] = pairs_of(made.codec_.alphabet)
    missing = [drawn.codes[:, j] == made.codec_.alphabet.fields[j].missing for j in (day, time)]
    assert (missing[0] == missing[1]).all()
    error = np.sqrt(SHARE * (1 - SHARE) * (1 / N + 1 / DRAWN))
    assert abs(missing[0].mean() - appointments()["at"].is_null().mean()) < ERRORS * error


@every_model
def test_a_condition_that_it_is_missing_or_in_a_range_holds_in_every_row(model: str) -> None:
    made = fitted(model)
    assert made.sample(300, where={"at": lw.missing()}, random_state=2)["at"].null_count() == 300
    assert made.sample(300, where={"at": lw.above(dt.date(2024, 2, 1))}, random_state=3)["at"].null_count() == 0


def test_a_copula_learns_the_time_of_day_by_the_rows_that_have_one() -> None:
    drawn = fitted("copula").sample(DRAWN, random_state=4).drop_nulls("at")
    after_noon = drawn.group_by("kind").agg((pl.col("at").dt.hour() >= 13).mean()).sort("kind")["at"].to_list()
    assert after_noon[0] < 0.1
    assert after_noon[1] > 0.9
    assert abs(drawn.select(pl.corr(pl.col("at").dt.ordinal_day(), pl.col("at").dt.hour()))["at"].item()) < 0.1


def halves() -> Alphabet:
    every = np.ones(3, bool)
    fields = Field(size=3, emit=every, missing=2), Field(size=3, emit=every, missing=2, missing_as_before=True)
    return Alphabet((*fields, Field(size=3, emit=every, missing=2)))


def test_the_field_that_is_told_decides_and_the_first_where_none_is() -> None:
    rows = Codes(
        np.array([[2, 0, 0], [0, 2, 0], [2, 2, 2], [1, 0, 2], [2, 1, 1], [1, 2, 1]]), np.zeros((6, 0), np.float32)
    )
    told = np.array([[-1, -1, -1], [-1, -1, 0], [-1] * 3, [-1] * 3, [-1, 1, 1], [-1, 2, -1]])
    asked: list[Given] = []

    def draw(n: int, rng: np.random.Generator, given: Given) -> Codes:
        assert given.codes is not None
        asked.append(given)
        return Codes(np.where(given.codes < 0, 1, given.codes), np.zeros((n, 0), np.float32))

    mended = whole(rows, draw, halves(), np.random.default_rng(0), Given(told))
    assert mended.codes.tolist() == [[2, 2, 0], [0, 1, 0], [2, 2, 2], [1, 0, 2], [1, 1, 1], [2, 2, 1]]
    assert [given.weights for given in asked] == [{1: pytest.approx([1, 1, 0])}, {0: pytest.approx([1, 1, 0])}]


def test_what_another_model_draws_whole_is_left_as_it_is() -> None:
    rows = Codes(np.array([[2, 2, 0], [0, 1, 2]]), np.zeros((2, 0), np.float32))
    assert whole(rows, lambda *_: pytest.fail("drawn again"), halves(), np.random.default_rng(0), Given()) is rows
