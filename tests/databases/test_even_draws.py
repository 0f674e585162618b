"""Claims of how root rows are chosen among more: their counts have the means asked for, and none comes twice."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from likewise.synthesizer.databases.drawing import evenly, tilted


def rows(n: int = 8_000) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    small = rng.poisson(4, n)
    return pl.DataFrame({"row": np.arange(n), "orders": small, "visits": small + rng.poisson(2, n)})


def test_counts_have_the_means_that_are_asked_for() -> None:
    some = evenly(rows(), 1_000, ["orders", "visits"], np.random.default_rng(0), np.array([4.3, 6.2]))
    assert some["orders"].mean() == pytest.approx(4.3, abs=0.03)
    assert some["visits"].mean() == pytest.approx(6.2, abs=0.06)
    assert some["row"].n_unique() == len(some) == 1_000


def test_a_mean_that_is_not_told_stays_what_it_was() -> None:
    told = rows()
    some = evenly(told, 1_000, ["orders", "visits"], np.random.default_rng(0), np.array([np.nan, np.nan]))
    assert some["orders"].mean() == pytest.approx(told["orders"].mean(), abs=0.03)


def test_far_means_are_left_alone() -> None:
    assert np.ptp(tilted(np.arange(10.0)[:, None], np.array([9.5]))) == 0
    assert np.ptp(tilted(np.ones((10, 1)), np.array([1.2]))) == 0


def test_all_rows_are_taken_where_there_are_no_more() -> None:
    some = evenly(rows(50), 50, ["orders"], np.random.default_rng(0), np.array([4.1]))
    assert len(some) == 50
