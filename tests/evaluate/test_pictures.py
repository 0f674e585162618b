"""What a picture may show of real rows, and what not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.evaluate.edges import MOST_BINS, edge_texts, edges_of
from likewise.evaluate.pictures import picture
from likewise.evaluate.tables import TypedColumn, type_tables
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


def test_a_skewed_column_is_not_one_bar():
    rng = np.random.default_rng(0)
    real, synthetic = (pl.Series(rng.lognormal(0, 2.5, 2000)) for _ in range(2))
    found = draw(real, synthetic, Kind.REAL)
    assert max(found.real) < 0.2
    assert len(found.labels) >= 10


def test_amounts_of_both_signs_are_cut_on_both_sides_of_zero():
    rng = np.random.default_rng(0)
    values = rng.lognormal(0, 2.5, 2000) * rng.choice([-1, 1], 2000)
    edges = edges_of(number(values), None)
    assert (edges < 0).any()
    assert (edges > 0).any()
    assert 0.0 in edges
    assert (np.diff(edges) > 0).all()
    assert len(edges) <= MOST_BINS


@given(
    st.lists(st.one_of(st.just(0.0), st.floats(-1e12, 1e12, allow_subnormal=False)), min_size=10, max_size=80),
    st.booleans(),
)
def test_edges_rise_and_stay_within_the_protected_range(values, whole):
    values = np.round(values) if whole else np.array(values)
    column = number(values, Kind.INTEGER if whole else Kind.REAL)
    edges = edges_of(column, None)
    assert 1 <= len(edges) <= MOST_BINS
    assert (np.diff(edges) > 0).all()
    least, most = np.sort(values)[[4, -5]]
    step = max(np.diff(edges), default=0.0)
    assert edges[0] >= least - step - 1e-9 * abs(least)
    assert edges[-1] <= most + step + 1e-9 * abs(most)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "Asia/Tokyo"])
@pytest.mark.parametrize(
    ("days", "texts"),
    [
        (20, ["2015-01-09", "2015-01-10", "2015-01-11"]),
        (500, ["2015-05", "2015-06", "2015-07"]),
        (20_000, ["2020", "2022", "2024"]),
    ],
)
def test_dates_are_cut_where_a_calendar_is(zone, days, texts):
    start = pl.datetime(2015, 1, 2, time_zone=zone)
    times = pl.select(pl.datetime_ranges(start, start + pl.duration(days=days), "1d").explode()).to_series()
    times = pl.concat([times, times])
    column = TypedColumn("x", Kind.DATETIME, times.to_physical().to_numpy().astype(float), None, times.dtype)
    edges = edges_of(column, None)
    assert len(edges) <= MOST_BINS
    found = edge_texts(edges, column)
    assert set(texts) <= set(found)
    assert len(set(found)) == len(found)


def test_time_of_day_is_cut_at_whole_hours():
    values = np.linspace(0, 86_399e9, 500)
    column = TypedColumn("x", Kind.DATETIME, values, None, pl.Time())
    assert edge_texts(edges_of(column, None), column)[:3] == ["00:00", "01:00", "02:00"]


def number(values: np.ndarray, kind: Kind = Kind.REAL) -> TypedColumn:
    return TypedColumn("x", kind, np.asarray(values, dtype=np.float64))
