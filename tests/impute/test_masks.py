"""Masks hit their share, follow their mechanism, and leave everything else alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from likewise.errors import InputError, OptionError
from likewise.impute import MECHANISMS, simulate_missing


def table(n: int = 2000) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    a = rng.normal(size=n)
    return pl.DataFrame(
        {
            "a": a,
            "b": a + rng.normal(size=n),
            "count": rng.integers(0, 50, n),
            "group": rng.choice(["x", "y", "z"], n, p=[0.6, 0.3, 0.1]),
        }
    )


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.7])
def test_every_column_that_is_cut_loses_its_share(mechanism: str, share: float) -> None:
    holed = simulate_missing(table(), mechanism, share, random_state=1)
    lost = np.array(holed.null_count().row(0)) / 2000
    whole = 2 if mechanism == "mar" else 0
    assert sorted(lost) == pytest.approx([0.0] * whole + [share] * (4 - whole), abs=0.002)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_cells_that_stay_are_untouched_and_the_seed_decides(mechanism: str) -> None:
    frame = table()
    holed = simulate_missing(frame, mechanism, 0.3, random_state=3)
    for name in frame.columns:
        kept = holed[name].is_not_null()
        assert holed[name].filter(kept).equals(frame[name].filter(kept))
    assert holed.equals(simulate_missing(frame, mechanism, 0.3, random_state=3))
    assert not holed.equals(simulate_missing(frame, mechanism, 0.3, random_state=4))


def dependence(frame: pl.DataFrame, holed: pl.DataFrame, cut: str, by: str) -> float:
    """How much the holes of one column hang on another's values: the correlation of its ranks with them."""
    gone = holed[cut].is_null().to_numpy().astype(float)
    return abs(float(np.corrcoef(gone, frame[by].rank().to_numpy())[0, 1]))


def test_mcar_holes_hang_on_nothing() -> None:
    frame = table(20_000)
    holed = simulate_missing(frame, "mcar", 0.3, random_state=0)
    assert max(dependence(frame, holed, cut, by) for cut in ("a", "b") for by in ("a", "b", "count")) < 0.03


def test_mar_holes_hang_on_what_stays_and_mnar_holes_on_what_goes_too() -> None:
    frame = table(20_000)
    mar = simulate_missing(frame, "mar", 0.3, columns=["b"], random_state=0)
    assert mar.select("a", "count", "group").null_count().sum_horizontal()[0] == 0
    assert max(dependence(frame, mar, "b", by) for by in ("a", "count")) > 0.05
    mnar = simulate_missing(frame.select("a"), "mnar", 0.3, random_state=0)
    assert dependence(frame, mnar, "a", "a") > 0.3


def test_cells_missing_before_stay_missing_and_do_not_count() -> None:
    frame = table().with_columns(pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.col("a")).alias("a"))
    holed = simulate_missing(frame, "mcar", 0.5, columns=["a"], random_state=0)
    assert holed["a"].null_count() == 1500


@pytest.mark.parametrize("kind", ["pandas", "arrow", "array"])
def test_gives_back_the_kind_that_came(kind: str) -> None:
    numbers = table().select("a", "b")
    frame: Any = {"pandas": numbers.to_pandas, "arrow": numbers.to_arrow, "array": numbers.to_numpy}[kind]()
    holed = simulate_missing(frame, "mcar", 0.2, random_state=0)
    assert isinstance(holed, {"pandas": pd.DataFrame, "arrow": pa.Table, "array": np.ndarray}[kind])


def test_whole_numbers_become_such_as_hold_holes() -> None:
    assert np.isnan(simulate_missing(np.arange(20).reshape(10, 2), share=0.5, random_state=0)).sum() == 10
    assert simulate_missing(pd.DataFrame({"n": range(10)}), share=0.5, random_state=0)["n"].dtype == "Int64"


def test_one_known_cell_is_always_left() -> None:
    assert simulate_missing(pl.DataFrame({"a": [1, 2, 3]}), share=0.9, random_state=0)["a"].null_count() == 2


def test_bad_options_are_told() -> None:
    with pytest.raises(OptionError, match="mechanism must be one of mcar, mar, mnar"):
        simulate_missing(table(), "random")
    for share in (0, 1, 1.5, "half", True):
        with pytest.raises(OptionError, match="share must be a number between 0 and 1"):
            simulate_missing(table(), share=share)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no column 'grup'; did you mean"):
        simulate_missing(table(), columns=["grup"])
    with pytest.raises(InputError, match="second column that decides"):
        simulate_missing(table().select("a"), "mar")
