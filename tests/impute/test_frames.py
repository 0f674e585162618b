"""Mixed frames: every known cell as it was, every column in its type, whatever the library."""

from __future__ import annotations

import datetime as dt
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from tests.conftest import make_mixed_frame

from likewise.errors import InputError, LikewiseWarning, SchemaError
from likewise.impute import Imputer, simulate_missing
from likewise.schema.column import Column, Kind, Schema

QUICK = {"n_trees": 6}
COLUMNS = ("grade", "passed", "age", "gain", "score", "seen", "born")


def quick(**options: Any) -> Imputer:
    return Imputer(random_state=0, options=QUICK, **options)


@pytest.fixture(scope="module")
def truth() -> pl.DataFrame:
    return make_mixed_frame(200).select(COLUMNS).drop_nulls()


@pytest.fixture(scope="module")
def holed(truth: pl.DataFrame) -> pl.DataFrame:
    return simulate_missing(truth, "mcar", 0.2, random_state=0)


@pytest.mark.parametrize("statistic", ["median", "mean", "draw"])
def test_known_cells_and_types_stay(truth: pl.DataFrame, holed: pl.DataFrame, statistic: str) -> None:
    filled = quick(statistic=statistic).fit_transform(holed)
    assert filled.schema == truth.schema
    assert filled.null_count().sum_horizontal()[0] == 0
    for name in truth.columns:
        known = holed[name].is_not_null()
        assert filled[name].filter(known).equals(truth[name].filter(known))


def test_drawn_values_are_those_of_real_rows(truth: pl.DataFrame, holed: pl.DataFrame) -> None:
    filled = quick(statistic="draw").fit_transform(holed)
    for name in truth.columns:
        assert set(filled[name]) <= set(holed[name].drop_nulls())


def test_pandas_comes_back_with_its_types_and_index(holed: pl.DataFrame) -> None:
    frame = holed.to_pandas().astype({"grade": "category", "age": "Int16", "gain": "float32", "passed": "boolean"})
    frame["seen"] = frame["seen"].dt.tz_localize("UTC")
    frame["word"] = pd.array(np.where(frame["gain"] > 0, "some", "none"), dtype="string")
    frame.loc[::7, "word"] = pd.NA
    frame.index = pd.Index([f"r{i}" for i in range(len(frame))])
    filled = quick().fit_transform(frame)
    assert (filled.dtypes == frame.dtypes).all()
    assert filled.index.equals(frame.index)
    assert not filled.isna().any().any()
    known = frame.notna()
    for name in frame.columns:
        assert (filled[name][known[name]] == frame[name][known[name]]).all()


def test_arrow_comes_back_as_arrow(holed: pl.DataFrame) -> None:
    filled = quick().fit_transform(holed.to_arrow())
    assert isinstance(filled, pa.Table)
    assert sum(column.null_count for column in filled.columns) == 0


def test_texts_of_a_csv_keep_their_form() -> None:
    frame = pl.DataFrame({"n": ["1,50", "?", "2,25", "3,00"] * 10, "ok": ["yes", "no", "?", "yes"] * 10})
    filled = quick().fit_transform(frame)
    assert set(filled["n"]) <= {"1,50", "2,25", "3,00"}
    assert set(filled["ok"]) == {"yes", "no"}


def test_whole_numbers_stay_whole_and_decimals_as_many(holed: pl.DataFrame) -> None:
    frame = pl.DataFrame({"n": [1.0, 2.0, None, 4.0] * 10, "x": [0.25, None, 0.5, 0.75] * 10})
    filled = quick(statistic="mean").fit_transform(frame)
    assert (filled["n"] == filled["n"].round(0)).all()
    assert (filled["x"] == filled["x"].round(2)).all()


def test_identifiers_are_neither_used_nor_filled() -> None:
    frame = make_mixed_frame(100).select("key", "age")
    frame = frame.with_columns(pl.when(pl.int_range(pl.len()) % 5 > 0).then(pl.col("key")).alias("key"))
    schema = Schema((Column(name="key", kind=Kind.ID, role="id"), Column(name="age", kind=Kind.INTEGER, dtype="Int64")))
    with pytest.warns(LikewiseWarning, match="not filled: 'key'"):
        filled = quick(schema=schema).fit_transform(frame)
    assert filled["key"].equals(frame["key"])
    assert filled["age"].null_count() == 0


def test_numbers_that_look_like_a_key_but_have_holes_are_filled() -> None:
    frame = pd.DataFrame({"id": [1.0, np.nan, 3.0, 4.0] * 5, "x": range(20)})
    assert not quick().fit_transform(frame).isna().any().any()


@pytest.mark.parametrize("keep", [True, False])
def test_a_column_without_a_value_stays_so_or_is_left_out(keep: bool) -> None:
    frame = pl.DataFrame({"a": [1, None, 3] * 4, "none": pl.Series([None] * 12, dtype=pl.String)})
    with pytest.warns(LikewiseWarning, match="without a single value: 'none'"):
        filled = quick(keep_empty_features=keep).fit_transform(frame)
    assert filled.columns == (["a", "none"] if keep else ["a"])
    assert filled["a"].null_count() == 0


@pytest.mark.parametrize("frame", [{"a": [None] * 5, "b": [None] * 5}, {"key": [f"u-{i:04d}" for i in range(50)]}])
def test_a_table_with_nothing_to_learn_comes_back_as_it_was(frame: dict[str, list[str | None]]) -> None:
    table = pl.DataFrame(frame, schema=dict.fromkeys(frame, pl.String))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LikewiseWarning)
        imputer = quick(keep_empty_features=True).fit(table)
    assert imputer.transform(table).equals(table)
    assert all(one.equals(table) for one in imputer.imputations(table))


def test_infinite_numbers_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="column 'a': 2 values are infinite"):
        quick().fit(pl.DataFrame({"a": [1.0, np.inf, -np.inf], "b": [1, 2, None]}))


def test_markers_are_missing_values_too() -> None:
    frame = pl.DataFrame({"n": [1, 2, -9, 4] * 5, "word": ["a", "none of yours", "b", "a"] * 5})
    assert -9 not in quick(missing_values=-9).fit_transform(frame)["n"]
    assert "none of yours" not in quick(missing_values="none of yours").fit_transform(frame)["word"]


def test_new_rows_may_have_levels_that_were_never_seen(truth: pl.DataFrame, holed: pl.DataFrame) -> None:
    imputer = quick().fit(holed)
    new = truth.head(3).with_columns(pl.lit("unheard of").alias("grade"), pl.lit(None, pl.Int64).alias("age"))
    filled = imputer.transform(new)
    assert filled["grade"].to_list() == ["unheard of"] * 3
    assert filled["age"].null_count() == 0


def test_one_row_and_rows_without_a_known_cell_are_filled(truth: pl.DataFrame, holed: pl.DataFrame) -> None:
    imputer = quick().fit(holed)
    nothing = truth.head(1).select(pl.lit(None, dtype).alias(name) for name, dtype in truth.schema.items())
    assert imputer.transform(nothing).null_count().sum_horizontal()[0] == 0


def test_a_whole_table_comes_back_as_it_was(truth: pl.DataFrame) -> None:
    imputer = quick().fit(truth)
    assert imputer.transform(truth).equals(truth)
    assert all(table.equals(truth) for table in imputer.imputations(truth))


def test_other_columns_and_other_kinds_of_table_are_told(holed: pl.DataFrame) -> None:
    imputer = quick().fit(holed)
    with pytest.raises((SchemaError, ValueError), match="age"):
        imputer.transform(holed.drop("age"))
    with pytest.raises(InputError, match="fitted on a frame"):
        imputer.transform(np.zeros((2, 7)))
    with pytest.raises(InputError, match="fitted on an array"):
        quick().fit(np.zeros((4, 2))).transform(pl.DataFrame({"x0": [1.0], "x1": [2.0]}))
    with pytest.raises(SchemaError, match="column 'age': 1 of 1 values are not whole numbers") as caught:
        imputer.transform(holed.head(1).with_columns(pl.lit("secret").alias("age")))
    assert "secret" not in str(caught.value)


def test_intervals_are_of_numbers_and_times_and_meet_at_known_cells(holed: pl.DataFrame) -> None:
    low, high = quick().fit(holed).intervals(holed, 0.8)
    assert low.columns == ["age", "gain", "score", "seen", "born"]
    for name in low.columns:
        known = holed[name].is_not_null()
        assert low[name].filter(known).equals(high[name].filter(known))
        assert (low[name] <= high[name]).all()
        assert low[name].dtype == holed[name].dtype


def test_real_tables_are_filled(shared_data: Path) -> None:
    frame = pl.read_csv(shared_data / "titanic.csv").drop("name", "ticket")
    with pytest.warns(LikewiseWarning, match="not filled: 'cabin'"):
        filled = quick().fit_transform(frame)
    assert filled.drop("cabin").null_count().sum_horizontal()[0] == 0
    assert filled["cabin"].equals(frame["cabin"])
    assert filled["age"].is_between(0, 80).all()


def test_dates_are_filled_with_dates() -> None:
    days = pl.Series([dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(200)])
    frame = pl.DataFrame({"day": days, "growth": [2.5 * i + i % 3 for i in range(200)]})
    holed = frame.with_columns(pl.when(pl.int_range(pl.len()) % 4 > 0).then(pl.col("day")).alias("day"))
    filled = Imputer(random_state=0).fit_transform(holed)
    assert filled["day"].dtype == pl.Date
    assert (filled["day"] - days).dt.total_days().abs().mean() < 2.0


def test_a_column_called_as_an_indicator_would_be_is_told() -> None:
    frame = pl.DataFrame({"a": [1.0, None, 3.0] * 20, "missingindicator_a": [0, 1, 0] * 20})
    with pytest.raises(InputError, match="'missingindicator_a'; rename them"):
        Imputer(add_indicator=True).fit(frame)
    assert Imputer(random_state=0).fit_transform(frame).columns == frame.columns


def test_what_means_a_hole_in_a_file_is_told_where_a_frame_holds_it_as_a_level() -> None:
    job = ["clerk", "cook", "?", "clerk", "cook", "NA"] * 20
    frame = pd.DataFrame({"age": np.arange(120) % 50, "job": job})
    with pytest.warns(LikewiseWarning, match="'job', 40 cells in all, are not filled"):
        filled = Imputer(random_state=0).fit_transform(frame)
    assert list(filled["job"]) == job
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Imputer(random_state=0, missing_values="?").fit_transform(frame.replace("NA", "?"))
        Imputer(random_state=0).fit_transform(pl.from_pandas(frame.astype(str)))  # as a file is read
