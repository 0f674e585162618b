"""Microaggregation and top and bottom coding."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import likewise as lw
from likewise.privacy import microaggregate, top_bottom


@given(st.lists(st.integers(-20, 20), min_size=3, max_size=11), st.integers(1, 3))
def test_one_column_loses_as_little_as_any_grouping(values: list[int], k: int) -> None:
    done = microaggregate(pl.DataFrame({"x": values}), columns=["x"], k=k)
    x = np.sort(np.array(values, float))

    def least(start: int) -> float:
        if start == len(x):
            return 0.0
        ends = list(range(start + k, len(x) + 1))
        return min(((x[start:e] - x[start:e].mean()) ** 2).sum() + least(e) for e in ends) if ends else np.inf

    told = done.frame["x"].to_numpy()
    lost = ((np.array(values) - told) ** 2).sum()
    assert lost == pytest.approx(least(0), abs=1e-6)
    assert done.k >= k


@pytest.mark.parametrize("n", [7, 100, 5000])
def test_several_columns_are_grouped_by_k(n: int) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=n), "b": rng.integers(0, 50, n), "c": ["x"] * n})
    done = microaggregate(frame, columns=["a", "b"], k=3)
    assert isinstance(done.frame, pd.DataFrame)
    assert done.frame.groupby(["a", "b"]).size().min() >= 3
    assert done.frame["a"].mean() == pytest.approx(frame["a"].mean())
    assert done.loss < (0.9 if n == 7 else 0.1)


def test_bounds_given_and_found() -> None:
    frame = pl.DataFrame({"pay": [1, 5, 5, 6, 7, 8, 8, 99, None]})
    told = top_bottom(frame, columns=["pay"], least=3)["pay"]
    assert told.to_list() == [5, 5, 5, 6, 7, 8, 8, 8, None]
    assert top_bottom(frame, bounds={"pay": (None, 10)})["pay"].max() == 10


def test_what_cannot_be_aggregated_is_refused() -> None:
    frame = pl.DataFrame({"x": [1.0, None, 2.0], "y": ["a", "b", "c"]})
    with pytest.raises(lw.InputError, match="'x': 1 values are missing"):
        microaggregate(frame, columns=["x"], k=2)
    with pytest.raises(lw.InputError, match="'y': microaggregation needs numbers"):
        microaggregate(frame, columns=["y"], k=2)
    with pytest.raises(lw.OptionError, match="between 1 and the 3 rows"):
        microaggregate(frame, columns=["x"], k=4)
    with pytest.raises(lw.OptionError, match="lower bound"):
        top_bottom(frame, bounds={"x": (3, 1)})
