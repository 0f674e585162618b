"""What is parsed is canonical, what is restored is as it came, and what does not fit is counted, not shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from likewise.errors import SchemaError
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.infer import infer
from likewise.schema.parse import canonical_dtype, fill_column, parse, restore
from likewise.tables import files

from .expected_kinds import EXPECTED

CANONICAL = {
    Kind.CATEGORICAL: (pl.String,),
    Kind.TEXT: (pl.String,),
    Kind.BOOLEAN: (pl.Boolean,),
    Kind.INTEGER: (pl.Int64,),
    Kind.REAL: (pl.Float64,),
    Kind.DATETIME: (pl.Date, pl.Time, pl.Datetime),
}
# Columns whose texts are not all written in one way; the numbers and days stay the same.
UNEVEN = {
    "earthquakes.csv": {"Date"},
    "horse_colic.csv": {
        "rectal_temperature", "nasogastric_reflux_ph", "packed_cell_volume", "total_protein",
        "abdominocentesis_protein",
    },
    "mammography.csv": {"attr1"},
    "nycflights13/airports.csv": {"lat", "lon"},
    "nycflights13/weather.csv": {"pressure"},
    "ohlsson_motorcycle.csv": {"duration"},
    "shoppers.csv": {"BounceRates"},
    "wine_quality_white.csv": {"alcohol"},
}  # fmt: skip


@pytest.mark.parametrize("table", sorted(EXPECTED))
def test_real_tables_are_restored_letter_by_letter(table: str, shared_data: Path) -> None:
    raw = files.read(shared_data / table)
    schema = infer(raw)
    canonical = parse(raw, schema)
    for column in schema:
        series = canonical[column.name]
        assert column.is_key or isinstance(series.dtype, CANONICAL[column.kind])
        assert series.dtype == canonical_dtype(column)
        assert not series.dtype.is_float() or not series.is_nan().any()
    even = [n for n in raw.columns if n not in UNEVEN.get(table, ())]
    restored = restore(canonical, schema)
    assert_frame_equal(restored.select(even), raw.select(even), categorical_as_str=True)
    # The uneven ones are restored to texts that mean the same, and from then on letter by letter.
    again = parse(restored, schema)
    exact = [n for n in raw.columns if schema[n].decimals is None]
    assert_frame_equal(again.select(exact), canonical.select(exact), categorical_as_str=True)
    assert_frame_equal(restore(again, schema), restored, categorical_as_str=True)


def one(name: str, values: list[object], **kw: object) -> tuple[pl.DataFrame, Schema]:
    raw = pl.DataFrame({name: pl.Series(values, **kw)})  # type: ignore[arg-type]
    return raw, infer(raw)


@pytest.mark.parametrize(
    ("values", "canonical"),
    [
        (["1", "?", "3", "7"], [1, None, 3, 7]),
        (["74.0", "51.0", ""], [74, 51, None]),
        (["1.50", "2.00", "NA"], [1.5, 2.0, None]),
        (["1,234.50", "-12.00"], [1234.5, -12.0]),
        (["1.234,5", "7"], [1234.5, 7.0]),
        (["$1,200", "$5"], [1200, 5]),
        (["no", "yes", "N/A", "no"], [False, True, None, False]),
        (["31.12.2020", "01.02.2021", "-"], [dt.date(2020, 12, 31), dt.date(2021, 2, 1), None]),
        (["8:05", "17:45"], [dt.time(8, 5), dt.time(17, 45)]),
        (["2020-01-31 08:30:00.250", "2021-12-01 17:45:10.500"],
         [dt.datetime(2020, 1, 31, 8, 30, 0, 250_000), dt.datetime(2021, 12, 1, 17, 45, 10, 500_000)]),
        (["9999-12-31", "2020-01-01"], [dt.date(9999, 12, 31), dt.date(2020, 1, 1)]),
        (["9223372036854775807", "-9223372036854775807", "5"], [2**63 - 1, -(2**63) + 1, 5]),
        (["x", "NA", "y", "x"], ["x", None, "y", "x"]),
        ([None, None], [None, None]),
    ],
)  # fmt: skip
def test_texts_become_values_and_texts_again(values: list[object], canonical: list[object]) -> None:
    raw, schema = one("x", values, dtype=pl.String)
    parsed = parse(raw, schema)
    assert parsed["x"].to_list() == canonical
    assert_frame_equal(restore(parsed, schema), raw)


def test_what_is_not_finite_or_before_the_calendar_is_missing() -> None:
    raw, schema = one("x", ["inf", "2.5", "-inf", "-0.0"])
    assert parse(raw, schema)["x"].to_list() == [None, 2.5, None, 0.0]
    assert str(parse(raw, schema)["x"][3]) == "0.0"
    raw, schema = one("x", ["0000-01-01", *["2020-01-01", "2020-02-03"] * 20])
    assert parse(raw, schema)["x"].to_list()[:2] == [None, dt.date(2020, 1, 1)]


def test_offsets_of_a_zone_are_told_by_its_clock() -> None:
    raw, schema = one("x", ["2020-01-31T08:30:00+01:00", "2020-07-01T08:30:00+02:00"])
    parsed = parse(raw, schema)["x"]
    assert parsed.dtype == pl.Datetime("us", "Europe/Berlin")
    assert parsed.dt.convert_time_zone("UTC").dt.hour().to_list() == [7, 6]
    assert_frame_equal(restore(parsed.to_frame(), schema), raw)


def test_a_schema_of_before_still_writes_offsets_in_utc() -> None:
    raw, found = one("x", ["2020-01-31T08:30:00+01:00", "2020-07-01T08:30:00+02:00"])
    schema = Schema((replace(found["x"], format="%Y-%m-%dT%H:%M:%S%:z"),))
    written = restore(parse(raw, schema), schema)["x"].to_list()
    assert written == ["2020-01-31T07:30:00+00:00", "2020-07-01T06:30:00+00:00"]


TYPED = pl.DataFrame(
    {
        "i8": pl.Series([1, None, 3], dtype=pl.Int8),
        "f": [1.5, None, 2.25],
        "f32": pl.Series([1.5, None, 2.25], dtype=pl.Float32),
        "whole": [1.0, None, 30.0],
        "nan": [float("nan"), 1.5, 2.25],
        "bit": [0, 1, None],
        "bits": [0.0, 1.0, None],
        "bool": [True, None, False],
        "cat": pl.Series(["a", None, "a"], dtype=pl.Categorical),
        "yes": pl.Series(["Yes", None, "No"], dtype=pl.Categorical),
        "enum": pl.Series(["a", None, "b"], dtype=pl.Enum(["b", "a", "c"])),
        "day": [dt.date(2020, 1, 1), None, dt.date(9999, 12, 31)],
        "ms": pl.Series([dt.datetime(2020, 1, 1), None, dt.datetime(2021, 1, 1)], dtype=pl.Datetime("ms")),
        "zone": pl.Series([dt.datetime(2020, 1, 1), None, dt.datetime(2020, 7, 1)]).dt.replace_time_zone("Asia/Tokyo"),
        "time": [dt.time(8), None, dt.time(9, 30)],
        "span": [dt.timedelta(hours=1), None, dt.timedelta(days=2)],
        "decimal": pl.Series(["1.50", None, "2.25"]).cast(pl.Decimal(10, 2)),
        "digits": [20_200_101, 20_210_203, 20_220_303],
        "null": pl.Series([None, None, None], dtype=pl.Null),
    }
)  # fmt: skip


def test_typed_columns_come_back_in_their_types() -> None:
    schema = infer(TYPED)
    canonical = parse(TYPED, schema)
    assert [canonical[c.name].dtype == canonical_dtype(c) for c in schema] == [True] * len(schema)
    assert canonical["digits"][0] == dt.date(2020, 1, 1)
    assert_frame_equal(restore(canonical, schema), TYPED)


@pytest.mark.parametrize("kind", [Kind.CATEGORICAL, Kind.TEXT, Kind.ID])
def test_any_column_may_be_declared_words(kind: Kind) -> None:
    frame = TYPED.drop("null", "nan")
    schema = infer(frame, overrides=dict.fromkeys(frame.columns, kind))
    assert_frame_equal(restore(parse(frame, schema), schema), frame)


def test_a_csv_and_a_typed_table_meet_in_one_schema() -> None:
    raw = pl.DataFrame(
        {"n": ["1", "?", "3"], "r": ["1.5", "2.25", ""], "b": ["no", "yes", "no"], "d": ["01/13/2020"] * 3}
    )
    schema = infer(raw)
    canonical = parse(raw, schema)
    typed = restore(canonical, schema, typed=True)
    assert typed.schema == pl.Schema({"n": pl.Int64, "r": pl.Float64, "b": pl.Boolean, "d": pl.Date})
    assert_frame_equal(parse(typed, schema), canonical)
    assert_frame_equal(parse(typed.with_columns(pl.col("n").cast(pl.Float64)), schema), canonical)


def test_drawn_values_are_written_with_the_columns_decimals() -> None:
    schema = Schema(
        (
            Column(name="fixed", kind=Kind.REAL, format="0.00", decimals=2),
            Column(name="short", kind=Kind.REAL, format="0.##", decimals=2),
            Column(name="typed", kind=Kind.REAL, dtype="Float64", decimals=1),
        )
    )
    drawn = pl.DataFrame({name: [1.0, -0.004, 123456789.126, None] for name in schema.names})
    out = restore(drawn, schema)
    assert out["fixed"].to_list() == ["1.00", "0.00", "123456789.13", None]
    assert out["short"].to_list() == ["1", "0", "123456789.13", None]
    assert out["typed"].to_list() == [1.0, -0.0, 123456789.1, None]


# ---- what does not fit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "values", "match"),
    [
        (
            Column(name="x", kind=Kind.INTEGER),
            ["1", "S3CRET", "2.5"],
            "column 'x': 2 of 3 values are not whole numbers",
        ),
        (Column(name="x", kind=Kind.REAL), ["1", "S3CRET"], "1 of 2 values are not numbers"),
        (
            Column(name="x", kind=Kind.BOOLEAN, labels=("n", "y")),
            ["y", "S3CRET"],
            "1 of 2 values are not one of its two",
        ),
        (
            Column(name="x", kind=Kind.DATETIME, format="%Y-%m-%d"),
            ["2020-01-01", "S3CRET"],
            "1 of 2 values are not dates",
        ),
        (
            Column(name="x", kind=Kind.CATEGORICAL, levels=("a",)),
            ["a", "S3CRET"],
            "1 of 2 values are not among the decl",
        ),
    ],
)
def test_values_that_do_not_fit_are_counted_never_shown(column: Column, values: list[str], match: str) -> None:
    with pytest.raises(SchemaError, match=match) as caught:
        parse(pl.DataFrame({"x": values}), Schema((column,)))
    assert "S3CRET" not in str(caught.value)


def test_lacking_and_unknown_columns_are_named_with_the_nearest() -> None:
    schema = infer(pl.DataFrame({"age": [1, 2], "income": ["a", "b"]}))
    with pytest.raises(SchemaError, match=r"lack: 'income' \(did you mean 'incme'\?\); .* not in the schema: 'incme'"):
        parse(pl.DataFrame({"age": [1], "incme": ["a"]}), schema)
    with pytest.raises(SchemaError, match="not in the schema: 'wage'"):
        restore(pl.DataFrame({"wage": [1]}), schema)


def test_a_partial_frame_is_filled_with_missing() -> None:
    schema = infer(pl.DataFrame({"age": [1, 2, 3], "income": ["a", "b", "a"]}))
    out = parse(pl.DataFrame({"income": ["a"]}), schema, partial=True)
    assert out.to_dict(as_series=False) == {"age": [None], "income": ["a"]}


def test_columns_come_in_the_schemas_order_and_dropped_ones_pass() -> None:
    schema = Schema((Column(name="a", kind=Kind.INTEGER), Column(name="b", kind=Kind.REAL, role=Role.DROP)))
    raw = pl.DataFrame({"b": ["what", "ever"], "a": ["1", "2"]})
    assert parse(raw, schema).columns == ["a", "b"]
    assert restore(parse(raw, schema), schema)["b"].to_list() == ["what", "ever"]


# ---- round trips -------------------------------------------------------------------------------------------------

days = st.dates(dt.date(100, 1, 1), dt.date(9999, 12, 31))
stamps = st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(9999, 12, 31)).map(lambda t: t.replace(microsecond=0))


def texts_of(values: st.SearchStrategy[object], write: object) -> st.SearchStrategy[list[str]]:
    return st.lists(values.map(write), min_size=1, max_size=30)  # type: ignore[arg-type]


round_trips = st.one_of(
    texts_of(st.integers(-(2**63), 2**63 - 1), str),
    texts_of(st.integers(-(10**12), 10**12), lambda v: f"{v:,}"),
    texts_of(st.integers(-(10**9), 10**9), lambda v: f"{v / 100:.2f}".replace("-0.00", "0.00")),
    texts_of(st.integers(-(10**9), 10**9), lambda v: f"{v}.0".replace("-0.0", "0.0")),
    texts_of(days, lambda v: v.isoformat()),  # type: ignore[attr-defined]
    texts_of(days, lambda v: f"{v.day:02d}.{v.month:02d}.{v.year:04d}"),  # type: ignore[attr-defined]
    texts_of(stamps, lambda v: v.isoformat(" ")),  # type: ignore[attr-defined]
    texts_of(stamps, lambda v: v.isoformat() + "Z"),  # type: ignore[attr-defined]
    texts_of(st.times().map(lambda t: t.replace(microsecond=0, tzinfo=None)), lambda v: v.isoformat()),  # type: ignore[attr-defined]
    texts_of(st.sampled_from(["yes", "no"]), str),
    texts_of(st.text(st.characters(codec="utf-8"), max_size=12), str),
)


@given(round_trips, st.booleans())
def test_what_is_written_in_one_way_comes_back_letter_by_letter(texts: list[str], with_holes: bool) -> None:
    values = [*texts, None, None] if with_holes else list(texts)
    raw = pl.DataFrame({"x": pl.Series(values, dtype=pl.String)})
    schema = infer(raw)
    tokens = set(schema["x"].missing)
    restored = restore(parse(raw, schema), schema)
    if not tokens:
        assert_frame_equal(restored, raw)
    else:  # several ways to say "missing" become one
        known = [v for v in values if v is not None and v not in tokens]
        assert [v for v in restored["x"] if v is not None and v not in tokens] == known


@given(st.lists(st.none() | st.floats(), min_size=1, max_size=30))
def test_floats_come_back_as_they_were(values: list[float | None]) -> None:
    raw = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    schema = infer(raw)
    once = restore(parse(raw, schema), schema)
    finite = raw["x"].is_finite().fill_null(False)
    assert_frame_equal(once.filter(finite), raw.filter(finite), check_exact=schema["x"].decimals is None)
    assert once["x"].filter(~finite).is_nan().fill_null(True).all()


ODD = [
    *("1", "2", "-1", "1.0", "1.5", "1e5", "1e400", "inf", "nan", "", "?", "NA", " ", "N", "None", "true", "no", "yes"),
    *("007", "+5", ".5", "5.", "1,234", "1.234,5", "$5", "5%", "2020-01-01", "01/02/2020", "13/02/2020", "24:00"),
    *("2020-01-01T00:00:00Z", "2020-01-01 00:00:00+02:00", "12:30", "8:05 pm", "0000-00-00", "0000-01-01"),
    *("99999-01-01", "9999-12-31", "20200101", "99999999999999999999", "-9223372036854775808", "日本", '"q"', "\n"),
    *(
        "\t1",
        "1 000",
        "1_000",
        "0x1F",
        "1e",
        "١٢٣",
        "²",
        "1:2:3:4",
        "05-JAN-2020",
        "1.1.20",
        "∞",
        "2020-02-30",
        "$",
        "..",
    ),
]


@given(st.lists(st.sampled_from(ODD) | st.none(), min_size=1, max_size=4, unique=True), st.data())
def test_whatever_stands_in_a_column_comes_back(some: list[str | None], data: st.DataObject) -> None:
    values = data.draw(st.lists(st.sampled_from(some), min_size=1, max_size=40))
    raw = pl.DataFrame({"x": pl.Series(values, dtype=pl.String)})
    schema = infer(raw)
    canonical = parse(raw, schema)
    restored = restore(canonical, schema)
    again = parse(restored, schema)
    if schema["x"].decimals is None:
        assert_frame_equal(again, canonical)
    assert_frame_equal(restore(again, schema), restored)
    canonical["x"].to_list()  # every value has a place in Python
    restore(canonical, schema, typed=True)


@pytest.mark.parametrize("drawn", [[dt.date(2020, 1, 1)] * 2, ["a", "b"], [1.5, 2.0], [True, False]])
def test_a_column_of_which_nothing_is_known_takes_what_is_drawn(drawn: list[object]) -> None:
    raw = pl.DataFrame({"x": pl.Series([None, None], dtype=pl.Null)})
    fill = pl.DataFrame({"x": drawn})
    assert fill_column("x", raw, raw, fill).equals(fill["x"])


def test_truths_stored_as_decimals_come_back_as_decimals() -> None:
    raw = pl.DataFrame({"paid": ["1.00", "0.00", None]}, schema={"paid": pl.String}).cast(pl.Decimal(6, 2))
    schema = Schema((Column(name="paid", kind=Kind.BOOLEAN, dtype="Decimal(6, 2)"),))
    assert_frame_equal(restore(parse(raw, schema), schema), raw)


def test_the_greatest_number_of_a_type_comes_back_though_a_float_rounds_beyond_it() -> None:
    raw, schema = one("n", [2**64 - 1, 5, 5, None], dtype=pl.UInt64)
    assert schema["n"].kind is Kind.REAL
    assert_frame_equal(restore(parse(raw, schema), schema), raw)
