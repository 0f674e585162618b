"""What a picture may show of real rows, and what not."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from likewise.evaluate.pictures import picture
from likewise.evaluate.tables import type_tables
from likewise.schema.column import Column, Kind, Schema

from .frames import MIXED, mixed


def draw(real: pl.Series, synthetic: pl.Series, kind: Kind):
    schema = Schema((Column(name="x", kind=kind),))
    a, b = type_tables([real.to_frame("x"), synthetic.to_frame("x")], schema)
    return picture(a.columns[0], b.columns[0])


@given(st.lists(st.floats(-1e9, 1e9), min_size=10, max_size=60), st.integers(0, 3))
def test_no_bin_shows_one_to_four_real_rows(values, decimals):
    found = draw(pl.Series(np.round(values, decimals)), pl.Series(values), Kind.REAL)
    shown = sum(share > 0 for share in found.real)
    assert all(share == 0.0 or share * len(values) > 4.9 for share in found.real)
    assert shown * 5 <= len(values)


def test_one_extreme_value_leaves_no_trace():
    rng = np.random.default_rng(0)
    values = rng.normal(50, 5, 1000)
    with_one = np.append(values, 123_456.0)
    found = draw(pl.Series(with_one), pl.Series(values), Kind.REAL)
    assert float(found.labels[-1].removeprefix("≥ ")) < 70


def test_rare_and_unseen_levels_go_under_the_ellipsis():
    real = pl.Series(["a"] * 50 + ["b"] * 20 + ["only once"])
    found = draw(real, pl.Series(["a", "b", "never seen"]), Kind.CATEGORICAL)
    assert found.labels == ("a", "b", "…")
    assert found.real[-1] == 0.0
    assert found.synthetic[-1] > 0.3


def test_dates_and_whole_numbers_have_readable_bins():
    frames = type_tables([mixed(500, 0), mixed(500, 1)], MIXED)
    joined = picture(frames[0]["joined"], frames[1]["joined"])
    assert joined.labels[1][:2] == "20"
    few = draw(pl.Series([1, 2, 3] * 20), pl.Series([1, 2, 3]), Kind.INTEGER)
    assert "2" in few.labels


def test_too_few_rows_make_no_picture():
    assert draw(pl.Series([1.0] * 9), pl.Series([1.0] * 9), Kind.REAL) is None
