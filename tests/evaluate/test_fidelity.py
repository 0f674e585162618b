"""Shapes and trends: closed forms, sdmetrics as an oracle, and what it gets wrong."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.evaluate.fidelity import correlations, fidelity, ks_distance, total_variation
from likewise.evaluate.tables import type_tables
from likewise.schema.column import Column, Kind, Schema

from .frames import MIXED, mixed
from .oracle import quality

MODELLED = Schema(tuple(c for c in MIXED if c.is_modelled))
numbers = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=40)


def measure(real: pl.DataFrame, synthetic: pl.DataFrame, schema: Schema, **options):
    a, b = type_tables([real, synthetic], schema)
    (found,) = fidelity(a, [b], rng=np.random.default_rng(0), **options)
    return found


def test_disjoint_tables_are_one_apart():
    assert ks_distance(np.array([1.0, 2.0]), np.array([3.0])) == 1.0
    assert total_variation(np.array([4, 0]), np.array([0, 9])) == 1.0


@given(numbers, numbers)
def test_ks_equals_its_definition(a, b):
    a, b = np.sort(a), np.sort(b)
    brute = max(abs(float((a <= x).mean() - (b <= x).mean())) for x in [*a, *b])
    assert ks_distance(a, b) == pytest.approx(brute, abs=1e-12)


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("holes", [0.0, 0.2])
def test_equal_to_sdmetrics_on_every_column_and_pair(linked, holes):
    real, synthetic = mixed(1500, 0, holes=holes), mixed(900, 1, holes=holes / 2)
    shape, trend, single = quality(real, synthetic, MODELLED, linked=linked)
    ours = measure(real, synthetic, MODELLED)
    assert ours.shape == pytest.approx(shape, abs=1e-9)
    assert (ours.trend_linked if linked else ours.trend) == pytest.approx(trend, abs=1e-9)
    for column, error in zip(MODELLED, ours.columns, strict=True):
        assert error == pytest.approx(single[column.name], abs=1e-9)
    for pair in ours.pairs:
        oracle = single[frozenset((pair.a, pair.b))]
        assert pair.linked == (not math.isnan(oracle)) or not linked
        if not math.isnan(oracle):
            assert pair.error == pytest.approx(oracle, abs=1e-9)


def test_equal_to_sdmetrics_on_adult(shared_data):
    frame = pl.read_csv(shared_data / "adult_train.csv", n_rows=12_000)
    schema = Schema(
        tuple(
            Column(name=c, kind=Kind.INTEGER if t.is_integer() else Kind.CATEGORICAL) for c, t in frame.schema.items()
        )
    )
    real, synthetic = frame[:8000], frame[8000:]
    shape, trend, _ = quality(real, synthetic, schema)
    ours = measure(real, synthetic, schema)
    assert (ours.shape, ours.trend) == pytest.approx((shape, trend), abs=1e-9)


def test_many_levels_are_counted_sparsely_and_right():
    rng = np.random.default_rng(0)
    schema = Schema((Column(name="a", kind=Kind.CATEGORICAL), Column(name="b", kind=Kind.CATEGORICAL)))
    real, synthetic = (pl.DataFrame({c: [f"{v}" for v in rng.zipf(1.3, 800) % 3000] for c in "ab"}) for _ in range(2))
    _, trend, _ = quality(real, synthetic, schema)
    assert measure(real, synthetic, schema).trend == pytest.approx(trend, abs=1e-9)


def test_correlations_skip_missing_rows_pair_by_pair():
    real = mixed(700, 3, holes=0.3)
    (table,) = type_tables([real], MODELLED)
    found = correlations([table["age"], table["income"], table["joined"]])
    both = real.drop_nulls(["age", "income"])
    assert found[0, 1] == pytest.approx(np.corrcoef(both["age"], both["income"])[0, 1], abs=1e-12)
    assert np.allclose(found, found.T)


def test_a_link_lost_to_a_constant_column_counts():
    x = np.arange(100.0)
    real = pl.DataFrame({"x": x, "y": x})
    schema = Schema((Column(name="x", kind=Kind.REAL), Column(name="y", kind=Kind.REAL)))
    assert measure(real, real.with_columns(y=pl.lit(3.0)), schema).trend == pytest.approx(0.5)


def test_a_column_emptied_is_wholly_wrong_and_one_empty_in_both_is_left_out():
    schema = Schema((Column(name="x", kind=Kind.REAL), Column(name="y", kind=Kind.CATEGORICAL)))
    real = pl.DataFrame({"x": [1.0, 2.0], "y": [None, None]}, schema={"x": pl.Float64, "y": pl.String})
    gone = pl.DataFrame({"x": [None, None], "y": [None, None]}, schema={"x": pl.Float64, "y": pl.String})
    found = measure(real, gone, schema)
    assert found.columns[0] == 1.0
    assert math.isnan(found.columns[1])
    assert found.shape == 1.0


def test_wide_tables_are_sampled_with_an_error_that_covers_the_truth():
    rng = np.random.default_rng(0)
    names = [f"c{i}" for i in range(40)]
    schema = Schema(tuple(Column(name=n, kind=Kind.CATEGORICAL) for n in names))
    real, synthetic = (
        pl.DataFrame({n: rng.integers(0, 2 + i % 9, 300).astype(str) for i, n in enumerate(names)}) for _ in range(2)
    )
    whole, part = measure(real, synthetic, schema), measure(real, synthetic, schema, max_pairs=100)
    assert (len(whole.pairs), whole.deviation) == (780, 0.0)
    assert len(part.pairs) == 100
    assert abs(part.gap - whole.gap) < 4 * part.deviation < 0.2 * whole.gap


def test_a_text_column_is_compared_by_its_pattern():
    schema = Schema((Column(name="phone", kind=Kind.TEXT),))
    real = pl.DataFrame({"phone": ["+41 79 123", "+41 78 99"]})
    assert measure(real, pl.DataFrame({"phone": ["+1 2 3", "+7 77 7"]}), schema).shape == 0.0
    assert measure(real, pl.DataFrame({"phone": ["none", "x-1"]}), schema).shape == 1.0
