"""Claims about the Synthesizer: frames in and out, seeds, conditions, filling, protection, odd tables, errors."""

from __future__ import annotations

import datetime as dt
import inspect
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

import likewise as lw
from likewise import Synthesizer
from likewise.codecs.column import CodecOptions
from likewise.models import MODELS
from likewise.models.base import Generator
from likewise.schema.column import Column, Kind, Role, Schema

from .conftest import make_mixed_frame

FAST: dict[str, Any] = {"epochs": 2, "batch_size": 60, "d_embed": 4, "d_hidden": 8}


def make(**options: Any) -> Synthesizer:
    return Synthesizer(**{"random_state": 0, **FAST, **options})


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return make_mixed_frame()


@pytest.fixture(scope="module")
def synth(frame: pl.DataFrame) -> Synthesizer:
    """Fitted on the mixed frame; tests only draw from it."""
    return make().fit(frame)


# ---- frames in and out ---------------------------------------------------------------------------------------------


def test_polars_in_polars_out_with_the_same_columns_and_types(synth: Synthesizer, frame: pl.DataFrame) -> None:
    fake = synth.sample(100)
    assert isinstance(fake, pl.DataFrame)
    assert fake.schema == frame.schema
    assert len(fake) == 100


def test_a_lazy_frame_comes_back_lazy(frame: pl.DataFrame) -> None:
    fake = make().fit(frame.lazy()).sample(10)
    assert isinstance(fake, pl.LazyFrame)
    assert fake.collect().schema == frame.schema


def test_polars_types_of_every_sort_come_back() -> None:
    n = 60
    rng = np.random.default_rng(0)
    day = dt.date(2024, 1, 1)
    frame = pl.DataFrame(
        {
            "small": pl.Series(rng.integers(0, 100, n), dtype=pl.Int8),
            "unsigned": pl.Series(rng.integers(0, 60_000, n), dtype=pl.UInt16),
            "single": pl.Series(rng.normal(size=n), dtype=pl.Float32),
            "flag": rng.random(n) < 0.5,
            "word": pl.Series(rng.choice(["a", "b"], n), dtype=pl.Categorical),
            "size": pl.Series(rng.choice(["S", "M"], n), dtype=pl.Enum(["S", "M", "L"])),
            "day": [day + dt.timedelta(days=int(d)) for d in rng.integers(0, 900, n)],
            "clock": [dt.time(int(h), 30) for h in rng.integers(0, 24, n)],
            "zoned": pl.Series([dt.datetime(2024, 1, 1) + dt.timedelta(hours=int(h)) for h in rng.integers(0, 9000, n)])
            .dt.replace_time_zone("UTC")
            .dt.convert_time_zone("Europe/Zurich"),
            "milli": pl.Series(
                [dt.datetime(2024, 1, 1) + dt.timedelta(minutes=int(h)) for h in rng.integers(0, 90_000, n)]
            ).cast(pl.Datetime("ms")),
        }
    )
    fake = make().fit(frame).sample(50)
    # A category that no five rows have may be that of a person who was left out: it does not leave.
    assert fake.schema == frame.schema | {"size": pl.Enum(["S", "M"])}


def test_pandas_in_pandas_out_with_the_same_dtypes() -> None:
    n = 80
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "word": pd.Categorical(rng.choice(["a", "b", "c"], n), categories=["c", "b", "a"], ordered=True),
            "nullable": pd.array(
                [None if i % 7 == 0 else int(v) for i, v in enumerate(rng.integers(0, 50, n))], "Int64"
            ),
            "whole": rng.integers(0, 50, n).astype(np.int32),
            "single": rng.normal(size=n).astype(np.float32),
            "holes": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "flag": rng.random(n) < 0.5,
            "text": rng.choice(["x", "y"], n).astype(object),
            "zoned": pd.date_range("2024-01-01", periods=n, freq="7h", tz="America/New_York"),
            "when": pd.date_range("2024-01-01", periods=n, freq="h"),
        },
        index=rng.permutation(n),
    )
    fake = make().fit(frame).sample(70)
    assert isinstance(fake, pd.DataFrame)
    pd.testing.assert_series_equal(fake.dtypes, frame.dtypes)
    assert list(fake.index) == list(range(70))
    assert fake["nullable"].isna().any()
    assert fake["holes"].isna().any()


def test_column_names_that_are_numbers_come_back_and_take_conditions() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).integers(0, 5, (60, 3)), columns=[0, 7, 2])
    fake = make(bounds={7: (0, 4)}).fit(frame).sample(20, where={7: 3})
    assert list(fake.columns) == [0, 7, 2]
    assert (fake[7] == 3).all()


def test_arrow_in_arrow_out() -> None:
    table = pa.table({"a": pa.array([1, 2, 3, 4] * 20, pa.int32()), "b": ["x", "y"] * 40})
    fake = make().fit(table).sample(30)
    assert isinstance(fake, pa.Table)
    assert fake.schema.field("a").type == pa.int32()
    assert fake.schema.field("b").type == pa.large_string() or fake.schema.field("b").type == pa.string()
    assert fake.num_rows == 30


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_an_array_comes_back_an_array(dtype: type) -> None:
    array = np.random.default_rng(0).normal(0, 50, (80, 3)).astype(dtype)
    fake = make().fit(array).sample(40)
    assert isinstance(fake, np.ndarray)
    assert fake.shape == (40, 3)
    assert fake.dtype == dtype


@pytest.mark.parametrize("wrong", [[1, 2], b"table.csv", {"a": [1]}, None, 3], ids=repr)
def test_what_is_no_frame_is_refused(wrong: object) -> None:
    with pytest.raises(lw.InputError, match="must be a Polars, pandas or Arrow frame"):
        make().fit(wrong)


@pytest.mark.parametrize("empty", [pl.DataFrame(), pl.DataFrame({"a": []}), pd.DataFrame({"a": []})], ids=repr)
def test_an_empty_frame_is_refused(empty: object) -> None:
    with pytest.raises(lw.InputError, match="rows"):
        make().fit(empty)


# ---- seeds and numbers of rows ---------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_rows(frame: pl.DataFrame, synth: Synthesizer) -> None:
    again = make().fit(frame)
    assert_frame_equal(again.sample(60, random_state=5), synth.sample(60, random_state=5))
    assert_frame_equal(synth.sample(60, random_state=5), synth.sample(60, random_state=5))
    assert not synth.sample(60, random_state=5).equals(synth.sample(60, random_state=6))
    assert not make(random_state=1).fit(frame).sample(60, random_state=5).equals(synth.sample(60, random_state=5))


def test_the_own_stream_goes_on_and_starts_with_the_fit(frame: pl.DataFrame) -> None:
    a, b = make().fit(frame), make().fit(frame)
    first, second = a.sample(30), a.sample(30)
    assert not first.equals(second)
    assert_frame_equal(b.sample(30), first)
    assert_frame_equal(b.sample(30), second)


def test_without_a_seed_every_fit_differs(frame: pl.DataFrame) -> None:
    a, b = (make(random_state=None).fit(frame).sample(50) for _ in range(2))
    assert not a.equals(b)


@pytest.mark.parametrize("n", [1, 7, 8193, np.int64(3)])
def test_it_draws_exactly_n_rows(synth: Synthesizer, n: int) -> None:
    assert len(synth.sample(n)) == n


def test_without_n_it_draws_as_many_as_the_table_had(synth: Synthesizer, frame: pl.DataFrame) -> None:
    assert len(synth.sample()) == len(frame)


@pytest.mark.parametrize("n", [0, -1, 2.0, "5", True, float("nan")], ids=repr)
def test_a_bad_number_of_rows_is_refused(synth: Synthesizer, n: Any) -> None:
    with pytest.raises(lw.OptionError, match="n must be a whole number of 1 or more"):
        synth.sample(n)


@pytest.mark.parametrize("n", [10**13, 2**70])
@pytest.mark.parametrize("model", ["copula", "cart", "autoregressive"])
def test_more_rows_than_memory_holds_are_refused_with_what_to_do(model: str, n: int) -> None:
    """They ended in a MemoryError, or in an error of another library."""
    options = {"epochs": 1} if model == "autoregressive" else {}
    synth = lw.Synthesizer(model, random_state=0, **options).fit(
        pl.DataFrame({"a": [1, 2] * 50, "b": [3, 4, 5, 6] * 25})
    )
    for draw in (synth.sample, lambda n: lw.Scenario().fit(synth).sample(n)):
        with pytest.raises(lw.OptionError, match="do not fit into memory; draw fewer in a call"):
            draw(n)
    assert len(next(synth.sample_parts(n, part=100))) == 100  # which are never held all at once


def test_where_memory_ends_while_rows_are_drawn_it_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    synth = lw.Synthesizer("copula", random_state=0).fit(pl.DataFrame({"a": [1, 2] * 50}))

    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(synth.generator_, "sample", full)
    with pytest.raises(lw.OptionError, match="n: 7 rows do not fit into memory"):
        synth.sample(7)


@pytest.mark.parametrize("seed", [-1, 1.5, "x", True], ids=repr)
def test_a_bad_seed_is_refused(synth: Synthesizer, seed: Any) -> None:
    with pytest.raises(lw.OptionError, match="random_state"):
        Synthesizer(random_state=seed)
    with pytest.raises(lw.OptionError, match="random_state"):
        synth.sample(1, random_state=seed)


# ---- conditions ------------------------------------------------------------------------------------------------------

JUNE = (dt.datetime(2021, 6, 1), dt.datetime(2021, 6, 30))
OBEYS: list[tuple[str, Any, Callable[[pl.Series], pl.Series]]] = [
    ("grade", "high", lambda s: s == "high"),
    ("grade", ["low", "high"], lambda s: s.is_in(["low", "high"])),
    ("grade", lw.one_of("middle"), lambda s: s == "middle"),
    ("grade", lw.missing(), lambda s: s.is_null()),
    ("grade", None, lambda s: s.is_null()),
    ("passed", True, lambda s: s),
    ("passed", False, lambda s: ~s),
    ("passed", [True, False], lambda s: s.is_in([True, False])),
    ("age", 40, lambda s: s == 40),
    ("age", [30, 31, 32], lambda s: s.is_in([30, 31, 32])),
    ("age", {30, 50}, lambda s: s.is_in([30, 50])),
    ("age", lw.between(60, 70), lambda s: s.is_between(60, 70)),
    ("age", lw.between(60, 65, closed="none"), lambda s: s.is_between(61, 64)),
    ("age", lw.between(59.5, 61.5), lambda s: s.is_between(60, 61)),
    ("age", lw.below(25), lambda s: s < 25),
    ("age", lw.above(80), lambda s: s > 80),
    ("age", lw.missing(), lambda s: s.is_null()),
    ("age", float("nan"), lambda s: s.is_null()),
    ("gain", 0, lambda s: s == 0),
    ("gain", lw.above(0), lambda s: s > 0),
    ("gain", lw.between(100, 900), lambda s: s.is_between(100, 900)),
    ("score", lw.between(50, 60), lambda s: s.is_between(50, 60)),
    ("score", lw.between(50.0, 50.5, closed="left"), lambda s: s.is_between(50.0, 50.5, closed="left")),
    ("score", lw.below(40.005), lambda s: s < 40.005),
    ("score", lw.above(65), lambda s: s > 65),
    ("score", lw.missing(), lambda s: s.is_null()),
    ("seen", lw.between(*JUNE), lambda s: s.is_between(*JUNE)),
    ("seen", lw.below(JUNE[0]), lambda s: s < JUNE[0]),
    ("seen", lw.above("2021-06-01"), lambda s: s > JUNE[0]),
    ("born", lw.between(dt.date(1960, 1, 1), dt.date(1969, 12, 31)), lambda s: s.dt.year().is_between(1960, 1969)),
    ("born", lw.between("1960-01-01", "1960-12-31"), lambda s: s.dt.year() == 1960),
    ("born", lw.above(dt.date(1990, 1, 1)), lambda s: s > dt.date(1990, 1, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("column", "condition", "obeys"), OBEYS, ids=[f"{c}-{w}" for c, w, _ in OBEYS])
def test_every_row_obeys_its_condition(
    synth: Synthesizer, column: str, condition: Any, obeys: Callable[[pl.Series], pl.Series]
) -> None:
    fake = synth.sample(300, where={column: condition}, random_state=1)
    assert len(fake) == 300
    assert obeys(fake[column]).fill_null(False).all()


def test_every_row_obeys_all_its_conditions(synth: Synthesizer) -> None:
    where = {"grade": ["low", "high"], "age": lw.between(60, 80), "score": lw.below(50), "passed": True, "gain": 0}
    fake = synth.sample(500, where=where)
    assert len(fake) == 500
    rows = fake.filter(
        pl.col("grade").is_in(["low", "high"]), pl.col("age").is_between(60, 80), pl.col("score") < 50, "passed",
        pl.col("gain") == 0,
    )  # fmt: skip
    assert len(rows) == 500


def test_conditions_keep_the_other_columns_likely() -> None:
    """A copy of a column follows the condition on the column."""
    rng = np.random.default_rng(0)
    a = rng.choice(["x", "y"], 1000, p=[0.9, 0.1])
    frame = pl.DataFrame({"b": np.where(a == "x", "one", "two"), "a": a})
    synth = Synthesizer(random_state=0, epochs=30).fit(frame)
    fake = synth.sample(500, where={"a": "y"})
    assert (fake["b"] == "two").mean() > 0.9


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"agee": 40}, "no column 'agee'.*did you mean 'age'"),
        ({"key": "x"}, "key"),
        ({"grade": "purple"}, "grade.*can be drawn"),
        ({"age": 400}, "age"),
        ({"age": lw.between(400, 500)}, "age"),
        ({"gain": lw.between(0.25, 0.75)}, "gain"),
        ({"score": lw.between(50.001, 50.004)}, "score"),
        ({"passed": lw.missing()}, "passed.*no value is missing"),
        ({"passed": "perhaps"}, "passed"),
        ({"grade": lw.between(1, 2)}, "grade"),
        ({"age": "old"}, "age.*a whole number"),
        ({"seen": 3}, "seen.*a date"),
        ({"seen": lw.above(dt.datetime(2100, 1, 1))}, "seen"),
    ],
    ids=str,
)
def test_a_condition_no_row_can_meet_is_an_error_that_says_which(
    synth: Synthesizer, where: dict[str, Any], message: str
) -> None:
    with pytest.raises(lw.ConditionError, match=message):
        synth.sample(10, where=where)


def test_conditions_must_be_a_mapping(synth: Synthesizer) -> None:
    with pytest.raises(lw.ConditionError, match="must map columns to conditions, got list"):
        synth.sample(3, where=["age"])  # type: ignore[arg-type]


# ---- complete --------------------------------------------------------------------------------------------------------


def test_complete_keeps_what_is_known_and_fills_what_is_missing(synth: Synthesizer, frame: pl.DataFrame) -> None:
    holes = make_mixed_frame(150, seed=9)
    full = synth.complete(holes)
    assert full.schema == frame.schema
    assert full.null_count().sum_horizontal()[0] == 0
    for name in holes.columns:
        known = holes[name].is_not_null()
        assert_series_equal(full[name].filter(known), holes[name].filter(known))


def test_complete_keeps_values_the_codec_would_round_or_pool(synth: Synthesizer) -> None:
    odd = pl.DataFrame({"grade": ["unheard of", None], "age": [2000, None], "score": [12.3456789, None]})
    full = synth.complete(odd)
    assert full["grade"][0] == "unheard of"
    assert full["age"][0] == 2000
    assert full["score"][0] == 12.3456789
    assert full["grade"][1] in ("low", "middle", "high")


def test_complete_draws_the_absent_columns(synth: Synthesizer, frame: pl.DataFrame) -> None:
    part = frame.select("score", "grade")
    full = synth.complete(part)
    assert full.schema == frame.schema
    assert full.columns == frame.columns
    assert full["age"].null_count() > 0  # an absent column draws missing cells at their rate
    assert full["key"].n_unique() == len(part)


def test_complete_draws_anew_each_time_and_the_same_with_a_seed(synth: Synthesizer) -> None:
    part = pl.DataFrame({"age": [30, 40, None, 50] * 10})
    assert not synth.complete(part).equals(synth.complete(part))
    assert_frame_equal(synth.complete(part, random_state=3), synth.complete(part, random_state=3))


def test_complete_draws_given_the_known_cells() -> None:
    rng = np.random.default_rng(0)
    a = rng.choice(["x", "y"], 1000)
    synth = make(epochs=15).fit(pl.DataFrame({"a": a, "b": np.where(a == "x", 10, 20)}))
    full = synth.complete(pl.DataFrame({"b": [10, 20] * 200}))
    assert ((full["a"] == "x") == (full["b"] == 10)).mean() > 0.95
    full = synth.complete(pl.DataFrame({"a": ["x", "y"] * 200, "b": pl.Series([None] * 400, dtype=pl.Int64)}))
    assert ((full["a"] == "x") == (full["b"] == 10)).mean() > 0.95


def test_complete_takes_texts_as_a_csv_has_them() -> None:
    frame = pl.DataFrame(
        {
            "age": ["31", "?", "45", "28"] * 20,
            "income": ["<=50K", ">50K", "?", "<=50K"] * 20,
            "pay": ["1.50", "2.25"] * 40,
        }
    )
    synth = make().fit(frame)
    holes = pl.DataFrame({"age": ["31", "?", "28"], "income": ["?", ">50K", "?"], "pay": ["1.50", None, "9.75"]})
    full = synth.complete(holes)
    assert full.schema == holes.schema
    assert "?" not in full["age"].to_list() + full["income"].to_list()
    assert full["age"][0] == "31"
    assert full["age"][2] == "28"
    assert full["income"][1] == ">50K"
    assert full["pay"][0] == "1.50"
    assert full["pay"][2] == "9.75"
    assert full["pay"][1] in ("1.50", "2.25")


def test_complete_takes_a_table_stored_otherwise_than_the_one_learnt(synth: Synthesizer) -> None:
    """A typed table was learnt; the one to fill is all texts, as read from a CSV."""
    texts = make_mixed_frame(20, seed=4).drop("seen", "born").cast(pl.String)
    full = synth.complete(texts)
    assert full.select(texts.columns).schema == texts.schema
    assert full.select(texts.columns).null_count().sum_horizontal()[0] == 0


def test_complete_fills_a_column_without_a_type_and_types_too_narrow() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {"big": rng.integers(1000, 2000, 80), "half": rng.integers(0, 9, 80) / 2, "w": ["a", "b"] * 40}
    )
    synth = make().fit(frame)
    holes = pl.DataFrame(
        {"big": pl.Series([5, None], dtype=pl.Int8), "half": pl.Series([1, None], dtype=pl.Int64), "w": [None, None]}
    )
    full = synth.complete(pl.concat([holes] * 30))
    assert full["big"].to_list()[::2] == [5] * 30
    assert min(full["big"].to_list()[1::2]) >= 1000
    assert full["half"].to_list()[::2] == [1.0] * 30
    assert full["half"].n_unique() > 2
    assert full["w"].is_in(["a", "b"]).all()


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["a"])], ids=repr)
def test_complete_fills_categories_that_were_not_declared(dtype: Any) -> None:
    synth = make().fit(pl.DataFrame({"w": ["a", "b"] * 40, "x": [1, 2] * 40}))
    full = synth.complete(pl.DataFrame({"w": pl.Series(["a", None] * 30, dtype=dtype)}))
    assert full["w"].null_count() == 0
    assert full["w"].to_list()[::2] == ["a"] * 30
    assert isinstance(full["w"].dtype, type(pl.Series(["a"], dtype=dtype).dtype))


def test_complete_of_pandas_gives_pandas() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3, 4] * 20, "b": pd.Categorical(["x", "y"] * 40), "c": [0.5, 1.5] * 40, "d": 1})
    synth = make().fit(frame)
    holes = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": pd.Categorical(["x", None, None], categories=["x"])})
    full = synth.complete(holes)
    assert isinstance(full, pd.DataFrame)
    assert list(full.columns) == ["a", "b", "c", "d"]
    assert full["a"].dtype == np.float64
    assert isinstance(full["b"].dtype, pd.CategoricalDtype)
    assert full["c"].dtype == np.float64
    assert full["d"].dtype == np.int64
    assert not full.isna().any().any()


def test_complete_gives_back_columns_that_are_not_modelled() -> None:
    frame = pl.DataFrame({"note": ["n"] * 40, "a": [1, 2] * 20, "key": range(1000, 1040)})
    schema = lw.infer(frame, overrides={"note": {"role": "drop"}, "key": "id"})
    synth = make(schema=schema).fit(frame)
    assert synth.sample(5).columns == ["a", "key"]
    holes = pl.DataFrame({"note": ["mine", None], "a": [None, 2], "key": [7, None]})
    full = synth.complete(holes)
    assert full["note"].to_list() == ["mine", None]
    assert full["key"][0] == 7
    assert full["key"].null_count() == 0


def test_complete_keeps_keys_apart_from_the_known_ones() -> None:
    frame = pl.DataFrame({"key": range(100, 200), "a": [1, 2] * 50})
    synth = make().fit(frame)
    own = synth.sample(20).reverse()
    half = own.with_columns(pl.when(pl.int_range(20) < 10).then(pl.col("key")).alias("key"))
    full = synth.complete(half)["key"]
    assert full.n_unique() == 20
    assert full[:10].equals(own["key"][:10])


def test_complete_refuses_columns_it_does_not_know(synth: Synthesizer) -> None:
    with pytest.raises(lw.SchemaError, match=r"'agee'.*did you mean 'age'"):
        synth.complete(pl.DataFrame({"agee": [1]}))


# ---- protection ------------------------------------------------------------------------------------------------------


def test_ids_are_new_and_unique(synth: Synthesizer, frame: pl.DataFrame) -> None:
    fake = synth.sample(1000)
    assert fake["key"].n_unique() == 1000
    assert not set(fake["key"]) & set(frame["key"])


def test_rare_levels_are_never_given_out() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"job": [*rng.choice(["clerk", "smith"], 190), *[f"one of a kind {i}" for i in range(10)]]})
    frame = frame.with_columns(x=pl.Series(rng.normal(size=200)))
    schema = lw.infer(frame, overrides={"job": "categorical"})
    assert set(make(schema=schema).fit(frame).sample(3000)["job"]) == {"clerk", "smith"}
    told = make(schema=schema, codec=CodecOptions(rare_token="other")).fit(frame).sample(3000)
    assert set(told["job"]) == {"clerk", "smith", "other"}


def test_the_extremes_of_single_people_are_not_given_out() -> None:
    rng = np.random.default_rng(0)
    values = np.r_[rng.normal(0, 1, 300), 1e6, 2e6, -1e6]
    frame = pl.DataFrame({"x": values, "when": [dt.date(2000, 1, 1) + dt.timedelta(days=int(v)) for v in values / 100]})
    fake = make(holdout=0).fit(frame).sample(3000)
    inner = np.sort(values)[4:-4]
    assert fake["x"].min() >= inner[0]
    assert fake["x"].max() <= inner[-1]
    open_ = make(holdout=0, codec=CodecOptions(protect=False)).fit(frame)
    assert open_.codec_ is not None
    assert len(open_.sample(100, where={"x": lw.above(5e5)})) == 100


def test_declared_bounds_replace_the_learnt_range() -> None:
    frame = pl.DataFrame({"x": np.random.default_rng(0).integers(10, 90, 200)})
    synth = make(bounds={"x": (20, 50)}).fit(frame)
    assert synth.schema_["x"].bounds == (20, 50)
    fake = synth.sample(500)["x"]
    assert fake.min() >= 20
    assert fake.max() <= 50


@pytest.mark.parametrize(
    ("bounds", "error"),
    [({"y": (0, 1)}, lw.SchemaError), ({"x": 5}, lw.OptionError), ({"x": (5, 1)}, lw.SchemaError),
     ({"x": "01"}, lw.OptionError), ({"x": (1,)}, lw.SchemaError)],
    ids=str,
)  # fmt: skip
def test_bounds_must_fit(bounds: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"'[xy]'"):
        make(bounds=bounds).fit(pl.DataFrame({"x": [1, 2, 3] * 9}))


def test_bounds_of_numpy_are_numbers_too() -> None:
    synth = make(bounds={"x": (np.int64(0), np.float64(9))}).fit(pl.DataFrame({"x": [1, 2, 3] * 9}))
    assert synth.schema_["x"].bounds == (0, 9)


def test_a_schema_overrides_what_would_be_inferred() -> None:
    frame = pl.DataFrame({"zip": [8001, 8002, 8003] * 30, "key": range(90)})
    schema = Schema(
        (Column(name="zip", kind=Kind.CATEGORICAL, dtype="Int64"), Column(name="key", kind=Kind.INTEGER, dtype="Int64"))
    )
    synth = make(schema=schema).fit(frame)
    assert synth.schema_["zip"].kind is Kind.CATEGORICAL
    fake = synth.sample(100)
    assert fake.schema == frame.schema
    assert set(fake["zip"]) <= {8001, 8002, 8003}
    assert fake["key"].max() < 90


def test_a_schema_of_another_table_is_refused(frame: pl.DataFrame) -> None:
    schema = Schema((Column(name="age", kind=Kind.INTEGER), Column(name="height", kind=Kind.REAL)))
    with pytest.raises(lw.SchemaError, match="'height'"):
        make(schema=schema).fit(frame)


# ---- the held-out rows -----------------------------------------------------------------------------------------------


def test_a_share_is_held_out_and_told(synth: Synthesizer, frame: pl.DataFrame) -> None:
    assert len(synth.holdout_rows_) == len(frame) // 10
    both = np.concatenate([synth.train_rows_, synth.holdout_rows_])
    assert np.array_equal(np.sort(both), np.arange(len(frame)))
    assert synth.record_["holdout_losses"]


def test_rows_kept_elsewhere_can_be_given_to_hold_out(frame: pl.DataFrame) -> None:
    synth = make().fit(frame, holdout=make_mixed_frame(60, seed=3))
    assert len(synth.train_rows_) == len(frame)
    assert len(synth.holdout_rows_) == 0
    assert len(synth.record_["holdout_losses"]) == synth.record_["epochs"]


def test_nothing_is_held_out_of_tiny_tables_or_at_zero(frame: pl.DataFrame) -> None:
    for synth in (make(holdout=0).fit(frame), make().fit(frame.head(19))):
        assert len(synth.holdout_rows_) == 0
        assert synth.record_["holdout_losses"] == []


@pytest.mark.parametrize("holdout", [1, -0.1, 1.5, float("nan"), "half", True, None], ids=repr)
def test_a_bad_share_is_refused(holdout: Any) -> None:
    with pytest.raises(lw.OptionError, match=r"holdout must be a number in \[0, 1\)"):
        Synthesizer(holdout=holdout)


# ---- odd tables ------------------------------------------------------------------------------------------------------

ODD: dict[str, pl.DataFrame] = {
    "one row": pl.DataFrame({"a": [1], "b": ["x"], "c": [0.5]}),
    "one column": pl.DataFrame({"a": [1.5, 2.5, 3.5] * 10}),
    "one cell": pl.DataFrame({"a": ["x"]}),
    "one missing cell": pl.DataFrame({"a": pl.Series([None], dtype=pl.Float64)}),
    "five rows": pl.DataFrame({"a": [3, 1, 4, 1, 5], "b": ["p", "q", "p", None, "q"]}),
    "constant": pl.DataFrame({"a": [7] * 50, "b": ["x"] * 50, "c": [True] * 50}),
    "all missing": pl.DataFrame({"a": pl.Series([None] * 30, dtype=pl.Null), "b": [1, 2, 3] * 10}),
    "nothing but missing": pl.DataFrame({"a": pl.Series([None] * 30, dtype=pl.String)}),
    "all rare": pl.DataFrame({"a": ["u", "v", "w", "x", "y", "z"] * 2, "b": [1] * 12}),
    "only keys": pl.DataFrame({"key": [f"id-{i:04d}" for i in range(50)], "other": range(100, 150)}),
    "extreme numbers": pl.DataFrame({"a": [1e308, -1e308, 5e-324, 0.0, -0.0] * 10, "b": [2**63 - 1, -(2**63)] * 25}),
    "infinite and NaN": pl.DataFrame({"a": [float("inf"), float("-inf"), float("nan"), 1.0, 2.0] * 10}),
    "odd names": pl.DataFrame(
        {"a b": [1, 2] * 20, "q\"'": ["x", "y"] * 20, "名前": [0.5, 1.5] * 20, ".": [True, False] * 20}
    ),
    "many columns": pl.DataFrame({f"c{i}": [i, i + 1] * 10 for i in range(120)}),
}


@pytest.mark.filterwarnings("ignore:columns are of levels that all have too few rows")
@pytest.mark.parametrize("name", ODD)
def test_an_odd_table_is_learnt_drawn_completed_and_saved(name: str, tmp_path: Path) -> None:
    table = ODD[name]
    synth = make().fit(table)
    fake = synth.sample(40)
    assert fake.columns == table.columns
    assert len(fake) == 40
    assert fake.schema == table.schema
    holed = table.with_columns(cs.float().replace([float("inf"), float("-inf")], None))
    assert len(synth.complete(holed)) == len(table)
    assert synth.log_prob(table).shape == (len(table),)
    assert np.isfinite(synth.log_prob(table)).all()
    synth.save(tmp_path / "m")
    again = lw.load(tmp_path / "m")
    assert_frame_equal(again.sample(40, random_state=1), synth.sample(40, random_state=1))


@pytest.mark.parametrize("cells", [[1.5, float("inf")], [float("-inf"), None], ["1.5", " -Infinity"]])
def test_complete_refuses_an_infinite_number_and_fills_what_is_none(cells: list[object]) -> None:
    synth = make().fit(pl.DataFrame({"size": [1.5, 2.5, 3.5, None] * 10, "of": ["a", "b"] * 20}))
    with pytest.raises(lw.InputError, match="column 'size': 1 values are infinite"):
        synth.complete(pl.DataFrame({"size": cells, "of": ["a", "b"]}))
    filled = synth.complete(pl.DataFrame({"size": [2.5, float("nan")], "of": ["a", "b"]}))
    assert filled["size"][0] == 2.5
    assert filled["size"].is_finite().all()


@pytest.mark.parametrize(
    ("asked", "what"),
    [({"scale": 2.0}, "takes no scale"), ({"static": None}, "takes no static"), ({"part": 2.5}, "part must be"),
     ({"part": True}, "part must be"), ({"part": "9"}, "part must be")],
)  # fmt: skip
def test_sample_parts_says_what_it_does_not_take(asked: dict[str, object], what: str) -> None:
    synth = make().fit(pl.DataFrame({"a": [1.5, 2.5, 3.5] * 10}))
    with pytest.raises(lw.OptionError, match=what):
        next(synth.sample_parts(10, **asked))


def test_constants_and_holes_stay_what_they_are() -> None:
    assert make().fit(ODD["constant"]).sample(20).equals(ODD["constant"].head(20))
    assert make().fit(ODD["all missing"]).sample(20)["a"].null_count() == 20


# ---- log_prob --------------------------------------------------------------------------------------------------------


def test_log_prob_ranks_real_rows_above_shuffled_ones() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 4, 1000)
    frame = pl.DataFrame({"a": a.astype(str), "b": a * 10 + rng.integers(0, 3, 1000), "c": (a > 1)})
    synth = make(epochs=12).fit(frame)
    shuffled = frame.with_columns(pl.col("b").shuffle(1), pl.col("c").shuffle(2))
    assert synth.log_prob(frame).mean() > synth.log_prob(shuffled).mean() + 1


def test_log_prob_does_not_depend_on_the_order_of_columns(synth: Synthesizer, frame: pl.DataFrame) -> None:
    np.testing.assert_array_equal(synth.log_prob(frame), synth.log_prob(frame.select(reversed(frame.columns))))


# ---- life of a synthesizer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.sample(1),
        lambda s: s.complete(pl.DataFrame({"a": [1]})),
        lambda s: s.log_prob(pl.DataFrame({"a": [1]})),
        lambda s: s.save("nowhere"),
    ],
    ids=["sample", "complete", "log_prob", "save"],
)
def test_nothing_works_before_fit(call: Callable[[Synthesizer], Any]) -> None:
    with pytest.raises(lw.NotFittedError, match="call fit first"):
        call(make())


def test_fit_twice_forgets_the_first_table(frame: pl.DataFrame, synth: Synthesizer) -> None:
    twice = make().fit(pl.DataFrame({"other": [1, 2] * 30})).fit(frame)
    assert_frame_equal(twice.sample(50), make().fit(frame).sample(50))
    assert twice.n_rows_ == len(frame)
    assert twice.schema_ == synth.schema_


def test_fit_does_not_change_the_frame_or_the_options(frame: pl.DataFrame) -> None:
    before = frame.clone()
    pandas = pd.DataFrame({"a": [1.0, np.nan] * 20, "b": ["x", "y"] * 20})
    copy = pandas.copy()
    synth = make()
    options = dict(vars(synth))
    synth.fit(frame)
    make().fit(pandas)
    assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(pandas, copy)
    assert {name: getattr(synth, name) for name in options} == options


def test_a_failed_fit_leaves_what_was_there(frame: pl.DataFrame) -> None:
    a, b = make().fit(frame), make().fit(frame)
    with pytest.raises(lw.InputError):
        a.fit(pl.DataFrame())
    assert_frame_equal(a.sample(20), b.sample(20))


def test_ctrl_c_in_the_first_fit_leaves_it_unfitted(frame: pl.DataFrame, tmp_path: Path) -> None:
    def interrupt(event: Any) -> None:
        raise KeyboardInterrupt

    synth = make(progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        synth.fit(frame)
    with pytest.raises(lw.NotFittedError):
        synth.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_in_a_later_fit_leaves_the_earlier_model(frame: pl.DataFrame) -> None:
    stop = [False]

    def interrupt(event: Any) -> None:
        if stop[0]:
            raise KeyboardInterrupt

    synth, twin = make(progress=interrupt).fit(frame), make().fit(frame)
    stop[0] = True
    with pytest.raises(KeyboardInterrupt):
        synth.fit(pl.DataFrame({"other": [1, 2] * 30}))
    assert_frame_equal(synth.sample(20), twin.sample(20))


def test_an_interrupted_fit_with_a_checkpoint_goes_on_to_the_same_model(frame: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"

    def interrupt(event: Any) -> None:
        if event.epoch == 2:
            raise KeyboardInterrupt

    options = {"epochs": 5, "checkpoint": str(path)}
    with pytest.raises(KeyboardInterrupt):
        make(progress=interrupt, **options).fit(frame)
    assert path.exists()
    resumed, unbroken = make(**options).fit(frame), make(epochs=5).fit(frame)
    assert_frame_equal(resumed.sample(50), unbroken.sample(50))
    assert not path.exists()


def test_progress_is_called_once_an_epoch(frame: pl.DataFrame) -> None:
    events: list[Any] = []
    synth = make(progress=events.append).fit(frame)
    assert [e.epoch for e in events] == [1, 2]
    assert synth.record_["epochs"] == 2


@pytest.mark.parametrize("progress", [True, False, None])
def test_progress_may_be_a_bar_or_nothing(frame: pl.DataFrame, progress: bool | None) -> None:
    assert len(make(progress=progress).fit(frame).sample(3)) == 3


def test_a_budget_of_seconds_reaches_the_model(frame: pl.DataFrame) -> None:
    synth = make(epochs=100_000, max_seconds=0.3).fit(frame)
    assert synth.record_["stopped"] in ("time", "early")
    assert synth.record_["seconds"] < 3


def test_a_budget_too_short_for_anything_still_gives_a_model(frame: pl.DataFrame, tmp_path: Path) -> None:
    synth = make(max_seconds=1e-9).fit(frame)
    assert len(synth.sample(20)) == 20
    synth.save(tmp_path / "m")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "autoregresive"}, "did you mean 'autoregressive'"),
        ({"model": 3}, "model must be a name or a generator, got int"),
        ({"d_hiden": 3}, "no option 'd_hiden'.*d_hidden"),
        ({"d_hidden": "wide"}, "d_hidden must be a whole number"),
        ({"model": lw.Autoregressive(), "epochs": 3}, "options go to the generator itself"),
        ({"schema": {"a": "categorical"}}, "schema must be a likewise.Schema or None, got dict"),
        ({"progress": 3}, "progress must be"),
    ],
    ids=str,
)
def test_options_that_are_wrong_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(lw.OptionError, match=message):
        Synthesizer(**options)


def test_a_generator_may_be_given_itself(frame: pl.DataFrame, synth: Synthesizer) -> None:
    given = lw.Autoregressive(**FAST)
    fake = Synthesizer(given, random_state=0).fit(frame).sample(30, random_state=2)
    assert_frame_equal(fake, synth.sample(30, random_state=2))
    assert given._net is None  # a fresh one was made, so it can serve again


# ---- every model -----------------------------------------------------------------------------------------------------


def make_any(model: str, **options: Any) -> Synthesizer:
    known = inspect.signature(MODELS[model]).parameters
    return Synthesizer(model, random_state=0, **{k: v for k, v in FAST.items() if k in known}, **options)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_model_serves_the_whole_face(model: str, frame: pl.DataFrame, tmp_path: Path) -> None:
    synth = make_any(model).fit(frame)
    assert synth.sample(50).schema == frame.schema
    where = {"grade": ["low", "high"], "age": lw.between(30, 60), "score": lw.above(40), "seen": lw.above("2021-01-01")}
    fake = synth.sample(200, where=where, random_state=1)
    assert len(fake.filter(pl.col("grade") != "middle", pl.col("age").is_between(30, 60), pl.col("score") > 40)) == 200
    assert (fake["seen"] > dt.datetime(2021, 1, 1)).all()
    full = synth.complete(frame, random_state=1)
    assert full.null_count().sum_horizontal()[0] == 0
    assert_series_equal(full["phone"], frame["phone"])
    synth.save(tmp_path / "m")
    again = lw.load(tmp_path / "m")
    assert again.generator_.name == model
    assert_frame_equal(again.sample(200, where=where, random_state=1), fake)
    assert_frame_equal(again.complete(frame, random_state=1), full)


@pytest.mark.filterwarnings("ignore:columns are of levels that all have too few rows")
@pytest.mark.parametrize("model", sorted(MODELS))
@pytest.mark.parametrize("name", ["one row", "one missing cell", "all missing", "all rare", "only keys"])
def test_every_model_takes_odd_tables(model: str, name: str, tmp_path: Path) -> None:
    synth = make_any(model).fit(ODD[name])
    assert synth.sample(30).schema == ODD[name].schema
    synth.save(tmp_path / "m")
    assert_frame_equal(lw.load(tmp_path / "m").sample(30, random_state=1), synth.sample(30, random_state=1))


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_model_gives_probabilities_or_says_that_it_has_none(model: str, frame: pl.DataFrame) -> None:
    synth = make_any(model).fit(frame)
    if MODELS[model].log_prob is not Generator.log_prob:
        assert np.isfinite(synth.log_prob(frame)).all()
    else:
        with pytest.raises(lw.OptionError, match=f"{model} has no"):
            synth.log_prob(frame)


# ---- files -----------------------------------------------------------------------------------------------------------


def test_a_saved_model_draws_and_fills_as_before(synth: Synthesizer, frame: pl.DataFrame, tmp_path: Path) -> None:
    synth.save(tmp_path / "a.likewise")
    again = lw.load(tmp_path / "a.likewise")
    where = {"age": lw.between(60, 90), "grade": "high"}
    assert_frame_equal(again.sample(100, random_state=1), synth.sample(100, random_state=1))
    assert_frame_equal(again.sample(100, where=where, random_state=1), synth.sample(100, where=where, random_state=1))
    assert_frame_equal(again.complete(frame, random_state=1), synth.complete(frame, random_state=1))
    np.testing.assert_array_equal(again.log_prob(frame), synth.log_prob(frame))
    assert again.record_ == synth.record_
    assert again.n_rows_ == synth.n_rows_
    assert again.schema_ == synth.schema_
    assert not again.sample(50).equals(again.sample(50))


def test_a_fresh_process_draws_the_same_rows(synth: Synthesizer, tmp_path: Path) -> None:
    synth.save(tmp_path / "a.likewise")
    code = (
        "import sys, likewise as lw; s = lw.load(sys.argv[1]);"
        "s.sample(200, random_state=7, where={'grade': 'high'}).write_ipc(sys.argv[2])"
    )
    out = tmp_path / "rows.arrow"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.likewise"), str(out)], check=True, timeout=120)
    assert_frame_equal(pl.read_ipc(out), synth.sample(200, random_state=7, where={"grade": "high"}))


def test_a_loaded_model_can_learn_another_table(synth: Synthesizer, tmp_path: Path) -> None:
    synth.save(tmp_path / "a.likewise")
    again = lw.load(tmp_path / "a.likewise").fit(pd.DataFrame({"z": [1, 2] * 30}))
    assert isinstance(again.sample(5), pd.DataFrame)


def test_a_model_of_pandas_is_saved_and_draws_polars(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2] * 30, "b": pd.Categorical(["x", "y"] * 30)})
    make().fit(frame).save(tmp_path / "m")
    fake = lw.load(tmp_path / "m").sample(5)
    assert isinstance(fake, pl.DataFrame)
    assert set(fake["b"].cast(pl.String)) <= {"x", "y"}


def test_the_file_holds_no_row_and_no_rare_value(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    secret = pl.DataFrame(
        {
            "name": ["Ottilie Geheimrat", *rng.choice(["Anna", "Bert"], 199)],
            "key": [f"K{i:06d}x" for i in rng.permutation(200)],
            "pay": [987654321.0, *rng.integers(10, 90, 199)],
        }
    )
    schema = lw.infer(secret, overrides={"name": "categorical", "key": "id"})
    make(schema=schema).fit(secret).save(tmp_path / "m")
    written = (tmp_path / "m").read_bytes()
    assert b"Ottilie" not in written
    assert b"987654321" not in written
    assert np.float64(987654321.0).tobytes() not in written
    assert np.int64(987654321).tobytes() not in written
    assert not any(key.encode() in written for key in secret["key"])


def test_no_error_text_holds_a_value(frame: pl.DataFrame) -> None:
    schema = lw.infer(frame).replace("grade", kind=Kind.INTEGER)
    with pytest.raises(lw.SchemaError, match="grade") as caught:
        make(schema=schema).fit(frame)
    assert not any(word in str(caught.value) for word in ("high", "middle", "low "))


def test_roles_are_kept(frame: pl.DataFrame) -> None:
    schema = lw.infer(frame).replace("grade", role=Role.TARGET).replace("phone", role=Role.DROP)
    synth = make(schema=schema).fit(frame)
    assert synth.schema_.target == "grade"
    assert "phone" not in synth.sample(3).columns


@pytest.mark.parametrize(("dtype", "least"), [(pl.UInt64, 2**63), (pl.Int128, 10**25), (pl.Int64, 2**60 + 1)])
def test_whole_numbers_that_repeat_come_back_to_the_last_digit_however_long(
    dtype: type[pl.DataType], least: int
) -> None:
    values = [least + i for i in range(7)]
    frame = pl.DataFrame({"code": pl.Series(values * 40, dtype=dtype), "side": ["a", "b"] * 140})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of codes
        drawn = lw.Synthesizer("copula", random_state=0).fit(frame).sample(300)
    assert drawn["code"].dtype == dtype
    assert set(drawn["code"]) == set(values)


def test_long_whole_numbers_that_all_differ_are_numbers_unless_their_name_says_key() -> None:
    values = pl.Series([2**63 + i**3 * 10**7 + 1 for i in range(300)], dtype=pl.UInt64)
    schema = lw.infer(pl.DataFrame({"traffic": values, "user_id": values}))
    assert schema["traffic"].kind is Kind.REAL
    assert schema["user_id"].kind is Kind.ID


def test_a_time_axis_in_the_index_is_told_and_a_plain_index_is_not(recwarn: pytest.WarningsRecorder) -> None:
    frame = pd.DataFrame({"load": np.arange(40) % 7})
    Synthesizer("copula", random_state=0).fit(frame)
    assert not recwarn.list
    with pytest.warns(lw.errors.LikewiseWarning, match="index of the frame holds times"):
        Synthesizer("copula", random_state=0).fit(frame.set_index(pd.date_range("2024-01-01", periods=40)))
