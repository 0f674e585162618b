"""Every type of pandas, Polars and Arrow comes back as it came, or is refused in words that name the column."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import likewise as lw
from likewise.schema.column import Kind
from likewise.schema.infer import infer
from likewise.schema.parse import parse, restore
from likewise.tables import files
from likewise.tables.frames import from_frame

N = 240
RNG = np.random.default_rng(0)
INTS = RNG.integers(0, 50, N)
REALS = RNG.normal(0, 1, N).round(2)
WORDS = RNG.choice(["a", "b", "c"], N)
BASE = pd.Series(pd.Timestamp("2022-03-01") + pd.to_timedelta(RNG.integers(0, 10**7, N), unit="s"))


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2


def _days(n: Any) -> list[dt.date]:
    return [dt.date(2020, 1, 1) + dt.timedelta(days=int(i)) for i in n]


PANDAS: dict[str, Callable[[], Any]] = {
    **{d: lambda d=d: pd.Series(INTS).astype(d) for d in ("int8", "uint64", "Int16", "UInt32", "float16", "Float32")},
    "ordered, one unused": lambda: pd.Series(pd.Categorical(WORDS, list("cbaz"), ordered=True)),
    "unordered, one unused": lambda: pd.Series(pd.Categorical(WORDS, list("cbaz"))),
    "categories of strings": lambda: pd.Series(WORDS, dtype="string").astype("category"),
    "categories of numbers": lambda: pd.Series(pd.Categorical(INTS % 3)),
    "categories of intervals": lambda: pd.Series(pd.cut(REALS, 3)),
    "intervals": lambda: pd.Series(pd.arrays.IntervalArray.from_arrays(INTS % 4, INTS % 4 + 1)),
    "months": lambda: pd.Series(pd.PeriodIndex(BASE, freq="M")),
    "half hours": lambda: BASE.dt.tz_localize("+05:30"),
    "Berlin": lambda: BASE.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin"),
    "seconds": lambda: BASE.astype("datetime64[s]"),
    "spans": lambda: pd.Series(pd.to_timedelta(INTS, unit="h")).astype("timedelta64[s]"),
    "sparse": lambda: pd.Series(pd.arrays.SparseArray(np.where(INTS > 40, INTS, 0))),
    "pyarrow integers": lambda: pd.Series(INTS).astype("int32[pyarrow]"),
    "pyarrow decimals": lambda: pd.Series([Decimal(str(v)) for v in REALS]).astype(pd.ArrowDtype(pa.decimal128(9, 2))),
    "pyarrow seconds": lambda: BASE.astype(pd.ArrowDtype(pa.timestamp("s"))),
    "pyarrow times": lambda: pd.Series([dt.time(i % 24) for i in INTS]).astype(pd.ArrowDtype(pa.time32("s"))),
    "pyarrow dictionary": lambda: pd.Series(WORDS).astype(pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))),
}  # fmt: skip

ARROW: dict[str, Callable[[], Any]] = {
    "string": lambda: pa.array(WORDS.tolist(), pa.string()),
    "string_view": lambda: pa.array(WORDS.tolist(), pa.string_view()),
    "dictionary": lambda: pa.array(WORDS.tolist(), pa.string()).dictionary_encode(),
    "ordered": lambda: pa.DictionaryArray.from_arrays(INTS.astype(np.int8) % 2, ["lo", "hi"], ordered=True),
    "dictionary of numbers": lambda: pa.array(INTS).dictionary_encode(),
    "decimal256": lambda: pa.array([Decimal(str(v)) for v in REALS], pa.decimal256(50, 2)),
    "float16": lambda: pa.array(INTS.astype(np.float16)),
    "date64": lambda: pa.array(_days(INTS), pa.date64()),
    "time32": lambda: pa.array([dt.time(i % 24) for i in INTS.tolist()], pa.time32("ms")),
    "timestamp[s]": lambda: pa.array(BASE.to_numpy().astype("datetime64[s]")),
    "+05:30": lambda: pa.array(BASE.to_numpy().astype("datetime64[us]")).cast(pa.timestamp("us", "+05:30")),
    "duration[s]": lambda: pa.array(INTS * 60, pa.duration("s")),
    "uint64": lambda: pa.array(INTS.astype(np.uint64)),
}  # fmt: skip


def _drawn(frame: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lw.LikewiseWarning)
        return lw.Synthesizer("copula", random_state=0).fit(frame).sample(40)


@pytest.mark.parametrize("kind", PANDAS)
def test_a_pandas_column_comes_back_as_it_came(kind: str) -> None:
    frame = pd.DataFrame({"c": PANDAS[kind](), "z": INTS})
    out = _drawn(frame)
    if kind.endswith("one unused"):  # a category that no row holds may be what is left of somebody: it does not leave
        assert out["c"].cat.categories.tolist() == ["c", "b", "a"]
        assert out["c"].cat.ordered == frame["c"].cat.ordered
    else:
        assert out["c"].dtype == frame["c"].dtype
    table, give_back = from_frame(frame)
    pd.testing.assert_series_equal(give_back(table)["c"], frame["c"])


@pytest.mark.parametrize("kind", ARROW)
def test_an_arrow_column_comes_back_as_it_came(kind: str) -> None:
    table = pa.table({"c": ARROW[kind](), "z": INTS})
    assert _drawn(table).schema.field("c").type == table.schema.field("c").type
    frame, give_back = from_frame(table)
    assert give_back(frame)["c"].to_pylist() == table["c"].to_pylist()


@pytest.mark.parametrize("dtype", [pl.Float16, pl.UInt128, pl.Int128, pl.UInt64, pl.Duration("ms"), pl.Time], ids=repr)
def test_a_polars_column_comes_back_as_it_came(dtype: Any) -> None:
    frame = pl.DataFrame({"c": pl.Series(INTS).cast(dtype), "z": INTS})
    assert _drawn(frame).schema["c"] == dtype


def test_half_floats_keep_what_stands_behind_the_point() -> None:
    halves = pl.DataFrame({"c": pl.Series([x / 8 for x in range(-N // 2, N // 2)]).cast(pl.Float16), "z": INTS})
    schema = infer(halves)
    assert (schema["c"].kind, schema["c"].decimals) == (Kind.REAL, 3)
    assert restore(parse(halves, schema), schema).equals(halves)
    assert (_drawn(halves)["c"].cast(pl.Float64) % 1 != 0).any()


def test_objects_come_back_as_what_they_were() -> None:
    frame = pd.DataFrame(
        {
            "size": [Size.SMALL, Size.LARGE] * 60,
            "key": pd.Series([uuid.UUID(int=i % 3) for i in range(120)], dtype=object),
            "nan": pd.Series(["a", np.nan] * 60, dtype=object),
            "none": pd.Series(["a", None] * 60, dtype=object),
            "na": pd.Series(["a", pd.NA] * 60, dtype=object),
        }
    )
    table, give_back = from_frame(frame)
    back = give_back(table)
    assert back["size"].tolist() == frame["size"].tolist()
    assert back["key"].tolist() == frame["key"].tolist()
    assert isinstance(back["nan"][1], float)
    assert back["none"][1] is None
    assert back["na"][1] is pd.NA


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"odd": [[1], [2]]}),
        pl.DataFrame({"odd": [{"a": 1}, {"a": 2}]}),
        pl.DataFrame({"odd": [b"a", b"b"]}),
        pa.table({"odd": [[1], [2]]}),
        pa.table({"odd": pa.array([b"ab", b"cd"], pa.binary(2))}),
        pd.DataFrame({"odd": [{1}, {2}]}),
        pd.DataFrame({"odd": [1j, 2j]}),
        pd.DataFrame({"odd": pd.arrays.IntervalArray.from_breaks(range(31))}),
    ],
    ids=lambda frame: type(frame).__module__.split(".")[0],
)
def test_what_cannot_be_a_column_is_refused_by_name(frame: Any) -> None:
    with pytest.raises(lw.InputError, match="'odd'"):
        from_frame(frame)


def test_an_index_stays_where_rows_stay() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan] * 40, "b": [1.0, 2.0] * 40}, index=pd.date_range("2020", periods=80))
    with pytest.warns(lw.errors.LikewiseWarning, match="index of the frame holds times"):
        synth = lw.Synthesizer("copula", random_state=0).fit(frame)
    assert synth.complete(frame).index.equals(frame.index)
    assert lw.impute.simulate_missing(frame, "mcar", 0.2, random_state=0).index.equals(frame.index)
    assert isinstance(synth.sample(5).index, pd.RangeIndex)


@pytest.mark.parametrize("labels", [[0, 1, 2], [("x", 1), ("x", 2), ("y", 1)]], ids=["numbers", "tuples"])
def test_labels_that_are_no_texts_name_columns_everywhere(labels: list[Any]) -> None:
    columns = [pd.Series(REALS.cumsum()), pd.Series(INTS), pd.Series(WORDS)]
    frame = pd.DataFrame(dict(enumerate(columns)))
    frame.columns = pd.Index(labels, tupleize_cols=False)
    number, _, level = labels
    synth = lw.Synthesizer("copula", only={level: ["a", "b"]}, bounds={number: (-99, 99)}, random_state=0).fit(frame)
    assert synth.sample(5, where={level: "a"}).columns.tolist() == labels
    lw.evaluate(frame, frame, target=level, by=level)
    lw.Scenario("copula", random_state=0).fit(frame).sample(9, mix={level: {"a": 0.9}})
    lw.scenario.Paths([number], random_state=0).fit(frame)
    lw.privacy.anonymize(frame, quasi_identifiers=[level], k=3, drop=[number])


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, "x"],
        [1, 2.5, "x", None],
        [True, "maybe"],
        [dt.date(2020, 1, 1), "open"],
        [*map(np.int64, range(40)), "x"],
    ],
    ids=lambda values: type(values[0]).__name__,
)
def test_objects_of_several_types_come_back_in_theirs(values: list[Any]) -> None:
    frame = pd.DataFrame({"a": pd.Series(values * 30, dtype=object), "b": range(len(values) * 30)})
    with pytest.warns(lw.LikewiseWarning, match="mixes types .* read as text$"):
        synth = lw.Synthesizer("copula", random_state=0).fit(frame)
    made = synth.sample(300)["a"]
    assert {type(value) for value in made} == {type(value) for value in values}
    assert set(made.dropna()) <= set(values)


def test_values_of_two_types_that_are_written_alike_are_told_to_be_one() -> None:
    frame = pd.DataFrame({"a": pd.Series([1, "1", 2, "x"] * 30, dtype=object), "b": range(120)})
    with pytest.warns(lw.LikewiseWarning, match="written alike, as 1 and '1', are one, and all come back as text"):
        synth = lw.Synthesizer("copula", random_state=0).fit(frame)
    assert set(synth.sample(99)["a"]) == {"1", "2", "x"}


@pytest.mark.parametrize("form", ["parquet", "feather", "arrow"])
def test_files_of_types_that_polars_does_not_know_are_read(tmp_path: Path, form: str, capfd: Any) -> None:
    import pyarrow.feather
    import pyarrow.parquet

    days = [dt.datetime(2020, 1, 1, 12) + dt.timedelta(hours=h) for h in range(99)]
    zoned = pa.array(days, pa.timestamp("us", tz="+05:30"))
    table = pa.table({"at": zoned, "sum": pa.array([Decimal(k) / 4 for k in range(99)], pa.decimal256(50, 2))})
    path = tmp_path / f"t.{form}"
    if form == "parquet":
        pyarrow.parquet.write_table(table, path)
    elif form == "feather":
        pyarrow.feather.write_feather(table, str(path))
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)
    with pytest.warns(lw.LikewiseWarning, match="'at' are read as the clock of their offset shows them"):
        frame = files.read(path)
    assert frame["at"][0] == dt.datetime(2020, 1, 1, 17, 30)
    assert frame["sum"].dtype == pl.Decimal(38, 2)
    assert "panicked" not in capfd.readouterr().err


def test_whole_numbers_drawn_beyond_their_type_are_its_nearest_and_not_missing() -> None:
    schema = infer(pl.DataFrame({"k": pl.Series([2**64 - 1 - i for i in range(300)], dtype=pl.UInt64)}))
    assert schema["k"].kind is Kind.TEXT
    drawn = pl.DataFrame({"k": ["18446744073709551614", "18446744073709559999", None]})
    assert restore(drawn, schema)["k"].to_list() == [2**64 - 2, 2**64 - 1, None]
