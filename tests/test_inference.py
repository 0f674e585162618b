"""Inference says what a person who looks at the column would say, and tells its doubts."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import likewise as lw
from likewise.errors import InputError, SchemaError
from likewise.schema.column import Column, Kind, Role
from likewise.schema.infer import infer
from likewise.schema.infer_column import infer_column
from likewise.tables import files

from .expected_kinds import EXPECTED
from .expected_semantics import SEMANTICS


@pytest.mark.parametrize("table", sorted(EXPECTED))
def test_kinds_and_semantics_of_real_tables(table: str, shared_data: Path) -> None:
    if not (shared_data / table).exists():
        pytest.skip(f"{table} is not among the shared data sets")
    expected = {name: kind for kind, names in EXPECTED[table].items() for name in names.split("|")}
    schema = infer(files.read(shared_data / table))
    assert {c.name: c.kind.value for c in schema} == expected
    told = {name: semantic for semantic, names in SEMANTICS.get(table, {}).items() for name in names.split("|")}
    assert {c.name: c.semantic for c in schema if c.semantic is not None} == told


def column(values: list[object], name: str = "x", **kw: object) -> Column:
    return infer_column(pl.Series(name, values, **kw))  # type: ignore[arg-type]


def rows(*values: str, times: int = 20) -> list[object]:
    return [v for _ in range(times) for v in values]


@pytest.mark.parametrize(
    ("values", "kind", "dtype_format"),
    [
        (["1", "2", "-3"], "integer", None),
        (["74.0", "51.0", "74.0"], "integer", "0.0"),
        (["1.5", "2", "2.25"], "real", "0.##"),
        (["1.50", "2.00"], "real", "0.00"),
        (["1.5", "2.0"], "real", "0.0"),
        (["1,234", "12", "1,000,000"], "integer", "#,##0"),
        (["1,234.50", "12.00"], "real", "#,##0.00"),
        (["3,14", "2,5", "7"], "real", "0,##"),
        (["1.234,56", "7,00"], "real", "#.##0,00"),
        (["$5.00", "$1,200.50"], "real", "$#,##0.00"),
        (["12.5%", "7.0%"], "real", "0.0%"),
        (["1e-5", "2.5"], "real", "0.0####"),
        (["1e308", "2.5"], "real", "0.*"),
        (["-0.0", "0.5"], "real", "0.0"),
        (["2020-01-31", "2021-12-01"], "datetime", "%Y-%m-%d"),
        (["12/31/2020", "01/02/2021"], "datetime", "%m/%d/%Y"),
        (["31/12/2020", "01/02/2021"], "datetime", "%d/%m/%Y"),
        (["31.12.2020", "01.02.2021"], "datetime", "%d.%m.%Y"),
        (["5 Jan 2020", "17 Feb 2021"], "datetime", "%-d %b %Y"),
        (["20200131", "20211201", "20220704"], "datetime", "%Y%m%d"),
        (["08:30", "17:45"], "datetime", "%H:%M"),
        (["2020-01-31 08:30:00", "2021-12-01 17:45:10"], "datetime", "%Y-%m-%d %H:%M:%S"),
        (["2020-01-31T08:30:00Z", "2021-12-01T17:45:10Z"], "datetime", "%Y-%m-%dT%H:%M:%SZ"),
        (["2020-01-31T08:30:00+01:00", "2020-07-01T08:30:00+02:00"], "datetime", "%Y-%m-%dT%H:%M:%S%:z(Europe/Berlin)"),
        (["1/31/2020 8:05 PM", "12/1/2021 9:00 AM"], "datetime", "%-m/%-d/%Y %-I:%M %p"),
        (["9999-12-31", "2020-01-01"], "datetime", "%Y-%m-%d"),
    ],
)
def test_numbers_and_dates_in_text_keep_how_they_were_written(
    values: list[object], kind: str, dtype_format: str | None
) -> None:
    found = column(values)
    assert (found.kind.value, found.format, found.dtype) == (kind, dtype_format, "String")


@pytest.mark.parametrize(
    "token", ["?", "NA", "N/A", "", "null", "NaN", "None", "N", "-", "unknown", " ", "#N/A", "<null>"]
)
def test_a_token_among_numbers_is_missing_and_told(token: str) -> None:
    found = column(["3", "17", token, "45", "8"])
    assert (found.kind, found.missing) == (Kind.INTEGER, (token,))
    assert any("missing (1 rows)" in note for note in found.notes)


def test_none_and_n_are_levels_among_words() -> None:
    moods = column(rows("None", "Several", "Most", "NA"))
    assert (moods.kind, moods.missing) == (Kind.CATEGORICAL, ("NA",))
    assert column(rows("A", "U", "N")).missing == ()


def test_the_most_frequent_token_comes_first_and_nulls_win_where_they_are_more() -> None:
    assert column(["1", "?", "NA", "NA"]).missing == ("NA", "?")
    assert not column(["1", "?", "NA", "NA", None]).missing_as_null
    assert column(["1", "?", None, None]).missing_as_null


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (rows("0", "1"), ("0", "1")),
        (rows("yes", "no"), ("no", "yes")),
        (rows("TRUE", "FALSE"), ("FALSE", "TRUE")),
        (rows("Y", "N", "?"), ("N", "Y")),
        (rows("1.0", "0.0"), ("0.0", "1.0")),
        (rows("0", "1", "N"), ("0", "1")),
        ([0, 1, 1, 0], ("0", "1")),
        ([0.0, 1.0, None], ("0.0", "1.0")),
    ],
)
def test_truth_values(values: list[object], labels: tuple[str, str]) -> None:
    found = column(values)
    assert (found.kind, found.labels) == (Kind.BOOLEAN, labels)


def test_two_values_that_are_no_truth_stay_what_they_are() -> None:
    assert column(rows("M", "F")).kind is Kind.CATEGORICAL
    assert column(rows("1", "2")).kind is Kind.INTEGER
    assert column(rows("-1", "1")).kind is Kind.INTEGER


def test_the_order_of_day_and_month_is_told_where_it_cannot_be_known() -> None:
    slashes, dots = column(["01/02/2020", "03/04/2021"]), column(["01.02.2020", "03.04.2021"])
    assert (slashes.format, dots.format) == ("%m/%d/%Y", "%d.%m.%Y")
    assert any("month first" in note for note in slashes.notes)
    assert any("day first" in note for note in dots.notes)
    assert not any("first" in note for note in column(["01/02/2020", "03/14/2021"]).notes)


def test_a_few_dates_in_another_format_are_told() -> None:
    found = column([*rows("01/31/2020", "02/28/2021"), "2020-05-05T01:02:03.000Z"])
    assert (found.kind, found.format) == (Kind.DATETIME, "%m/%d/%Y")
    assert any("1 rows are written in another date format" in note for note in found.notes)


def test_impossible_and_endless_years_are_told() -> None:
    found = column(["0000-01-01", "9999-12-31", *rows("2020-01-01", "2021-02-02")])
    assert found.kind is Kind.DATETIME
    assert any("before the year 100" in note for note in found.notes)
    assert any("9999" in note for note in found.notes)
    zero = column(["0000-00-00", *rows("2020-01-01", "2021-02-02")])
    assert (zero.kind, zero.missing) == (Kind.DATETIME, ("0000-00-00",))
    for none, day in (("00/00/0000", "13/02/2020"), ("00.00.0000", "13.02.2020"), ("0000/00/00", "2020/02/13")):
        found = column([none, *rows(day, day.replace("13", "14"))])
        assert (found.kind, found.missing) == (Kind.DATETIME, (none,))


def test_places_of_some_rows_are_no_row_numbers() -> None:
    places = pl.Series("place", [*range(1, 121), *[None] * 20]).sample(fraction=1.0, shuffle=True, seed=3)
    assert infer_column(places).kind is Kind.INTEGER
    assert infer_column(places.drop_nulls()).kind is Kind.ID


def test_constant_and_all_missing_columns_are_told() -> None:
    assert (column(["5", "5"]).kind, column(["5", "5"]).notes) == (
        Kind.INTEGER,
        ("constant: one value in all known rows",),
    )
    assert column(["a"]).kind is Kind.CATEGORICAL
    for values in ([None, None], ["?", "NA"], ["", None]):
        found = column(values, dtype=pl.String)
        assert found.kind is Kind.CATEGORICAL
        assert any("all missing" in note for note in found.notes)
    assert column([None, None], dtype=pl.Null).kind is Kind.CATEGORICAL
    assert column([None, None], dtype=pl.Float64).kind is Kind.REAL


def test_extremes_have_a_kind_and_a_note() -> None:
    big = column(["92233720368547758080", "5", "5"])
    assert big.kind is Kind.REAL
    assert any("do not fit into 64 bits" in note for note in big.notes)
    assert column(["9223372036854775807", "5", "5"]).kind is Kind.INTEGER
    assert column([2**64 - 1, 5, 5], dtype=pl.UInt64).kind is Kind.REAL
    for values in (["inf", "2.5", "2.5"], [float("inf"), 2.5, 2.5]):
        found = column(values)
        assert found.kind is Kind.REAL
        assert any("infinite" in note for note in found.notes)
    nans = column([float("nan"), 1.5, 2.5])
    assert (nans.kind, nans.missing) == (Kind.REAL, ("NaN",))
    assert column([1e308, 1.0, 2.0]).kind is Kind.REAL
    assert column([-0.0, 1.5, 2.0]).kind is Kind.REAL


def test_codes_with_leading_zeros_are_no_numbers() -> None:
    found = column(rows("00501", "10001", "94105"))
    assert found.kind is Kind.CATEGORICAL
    assert any("leading zeros" in note for note in found.notes)
    rng = random.Random(0)
    many = [f"{rng.randrange(100_000):05d}" for _ in range(300)]
    assert column(many, name="plz").kind in (Kind.TEXT, Kind.ID)
    assert column(rows("10001", "94105", "60601"), name="zip_code").kind is Kind.CATEGORICAL


# ---- ids ---------------------------------------------------------------------------------------------------------

N = 1_000
SHUFFLED = random.Random(1).sample(range(1, N + 1), N)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("whatever", [str(uuid.UUID(int=random.Random(i).getrandbits(128), version=4)) for i in range(50)]),
        ("whatever", [f"{random.Random(i).getrandbits(128):032x}" for i in range(50)]),
        ("AlbumId", [str(i) for i in SHUFFLED]),
        ("disp_id", [str(7 * i) for i in SHUFFLED]),
        ("customer_id", [f"C-{i:05d}" for i in SHUFFLED]),
        ("ID", [str(i) for i in (9, 4, 7)]),
        ("No", [str(i) for i in range(1, 40)]),
        ("", [str(i) for i in range(40)]),
        ("Unnamed: 0", [str(i) for i in range(40)]),
        ("x", [str(i) for i in range(N)]),
        ("x", [str(i) for i in SHUFFLED]),
        ("account", [str(10_000_000 + 7919 * i) for i in SHUFFLED]),
        ("tail", [f"N{100 + i}UW" for i in range(60)]),
    ],
)
def test_keys_are_ids(name: str, values: list[object]) -> None:
    found = column(values, name=name)
    assert (found.kind, found.role) == (Kind.ID, Role.ID)
    assert any("taken as an id" in note for note in found.notes)


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("population", [str(5_003 + 917 * i * i) for i in range(77)], "integer"),
        ("weight", [str(60 + 0.137 * i) for i in range(N)], "real"),
        ("date", [str(dt.date(2000, 1, 1) + dt.timedelta(days=i)) for i in range(N)], "datetime"),
        ("year", [str(1900 + i) for i in range(120)], "integer"),
        ("age", [str(i) for i in range(20, 60)], "integer"),
        ("timestamp", [str(1_600_000_000 + 3600 * i) for i in range(N)], "integer"),
        ("epoch_s", [str(1_600_000_000 + 3607 * i) for i in range(N)], "integer"),
        ("AlbumId", [str(i // 3) for i in range(N)], "integer"),
        ("paid", [str(3 * i + i % 2) for i in range(N)], "integer"),
        ("name", [f"{a} {b}, Mr." for a in "ABCDEFGHIJ" for b in "KLMNOPQRST"], "text"),
        ("plate", [f"ZH {i:03d} {i * 7 % 100:02d}" for i in range(N)], "text"),
    ],
)
def test_unique_values_that_are_no_keys(name: str, values: list[object], kind: str) -> None:
    assert column(values, name=name).kind.value == kind


def test_a_category_of_ten_thousand_levels_with_repeats_is_a_category() -> None:
    assert column([f"level {i}" for i in range(10_000)] * 5).kind is Kind.CATEGORICAL


def test_mixed_columns_are_text_and_told() -> None:
    found = column([*(str(i) for i in range(100)), "A/5 21171", "LINE"])
    assert found.kind is Kind.TEXT
    assert any("100 rows hold numbers and 2 do not" in note for note in found.notes)


# ---- typed columns -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("series", "kind", "dtype"),
    [
        (pl.Series([1, 2, 3], dtype=pl.Int8), "integer", "Int8"),
        (pl.Series([1.0, None, 3.0]), "integer", "Float64"),
        (pl.Series([1.5, 2.25], dtype=pl.Float32), "real", "Float32"),
        (pl.Series([True, None]), "boolean", "Boolean"),
        (pl.Series(["a", "b", "a", "b"], dtype=pl.Categorical), "categorical", "Categorical"),
        (pl.Series(["1", "2"] * 4, dtype=pl.Categorical), "categorical", "Categorical"),
        (pl.Series(["a", "b"], dtype=pl.Enum(["b", "a", "c"])), "categorical", "Enum"),
        (pl.Series([dt.date(2020, 1, 1)]), "datetime", "Date"),
        (pl.Series([dt.time(8)]), "datetime", "Time"),
        (pl.Series([dt.datetime(2020, 1, 1)]).dt.replace_time_zone("UTC"), "datetime", "Datetime(us, UTC)"),
        (pl.Series([dt.timedelta(hours=1)]), "integer", "Duration(us)"),
        (pl.Series(["1.50", "2.25"]).cast(pl.Decimal(10, 2)), "real", "Decimal(10, 2)"),
    ],
)  # fmt: skip
def test_typed_columns(series: pl.Series, kind: str, dtype: str) -> None:
    found = infer_column(series.alias("x"))
    assert (found.kind.value, found.dtype) == (kind, dtype)


def test_nested_columns_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="column 'tags': values of type List"):
        infer(pl.DataFrame({"tags": [[1], [2]]}))
    with pytest.raises(InputError, match="no columns"):
        infer(pl.DataFrame())


# ---- the user's word ---------------------------------------------------------------------------------------------


def test_the_users_word_beats_inference() -> None:
    raw = pl.DataFrame({"zone": ["1", "2", "3", "1"], "day": ["20200101", "20200102", "20200103", "20200101"],
                        "sex": ["M", "F", "M", "F"], "key": ["1", "2", "3", "4"]})  # fmt: skip
    schema = infer(
        raw,
        overrides={
            "zone": Kind.CATEGORICAL,
            "day": "integer",
            "sex": {"kind": "boolean", "role": "sensitive"},
            "key": {"role": "id"},
        },
    )
    assert [c.kind.value for c in schema] == ["categorical", "integer", "boolean", "id"]
    assert (schema["sex"].labels, schema["sex"].role) == (("F", "M"), Role.SENSITIVE)
    own = Column(name="zone", kind=Kind.REAL, decimals=1)
    assert infer(raw, overrides={"zone": own})["zone"] == own


def test_what_a_declared_column_leaves_open_is_filled_in() -> None:
    raw = pl.DataFrame({"day": ["31.12.2020", "01.02.2021"], "sex": ["M", "F"], "own": ["01.02.2020", "02.03.2021"]})
    bare = {name: Column(name=name, kind=kind) for name, kind in (("day", Kind.DATETIME), ("sex", Kind.BOOLEAN))}
    own = Column(name="own", kind=Kind.DATETIME, format="%m.%d.%Y")
    schema = infer(raw, overrides={**bare, "own": own})
    assert (schema["day"].format, schema["sex"].labels) == ("%d.%m.%Y", ("F", "M"))
    assert schema["own"] is own


def test_a_role_alone_keeps_the_inferred_kind() -> None:
    schema = infer(pl.DataFrame({"y": ["1", "2", "2"]}), overrides={"y": {"role": "target"}})
    assert (schema["y"].kind, schema.target) == (Kind.INTEGER, "y")


def test_overrides_that_cannot_be_are_refused() -> None:
    raw = pl.DataFrame({"age": ["a", "b", "c"], "n": [1, 2, 3]})
    with pytest.raises(SchemaError, match="no column 'agee' to override; did you mean 'age'"):
        infer(raw, overrides={"agee": Kind.REAL})
    with pytest.raises(SchemaError, match="'age' was declared integer, but its values do not read so"):
        infer(raw, overrides={"age": "integer"})
    with pytest.raises(SchemaError, match="'n' was declared boolean, but has 3 distinct values"):
        infer(raw, overrides={"n": "boolean"})
    with pytest.raises(SchemaError, match="did you mean 'integer'"):
        infer(raw, overrides={"age": "intege"})


def test_notes_and_errors_hold_no_values() -> None:
    found = column([f"S3CRET{i}" for i in range(100)])
    assert not any("S3CRET" in note for note in found.notes)


def test_a_sample_of_rows_gives_the_same_kinds() -> None:
    raw = pl.DataFrame({"a": [str(i % 7) for i in range(N)], "b": ["x", "y"] * (N // 2)})
    kinds = [c.kind for c in infer(raw, sample_rows=100)]
    assert kinds == [c.kind for c in infer(raw)]


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Int64, pl.String])
def test_a_key_with_a_hole_is_still_a_key(dtype: type[pl.DataType]) -> None:
    keys = pl.Series([None, *(10_000_000 + 7919 * i % 89_999_999 for i in range(599))]).cast(dtype)
    schema = infer(pl.DataFrame({"customer_id": keys, "income": keys}))
    assert schema["customer_id"].kind is Kind.ID
    assert schema["income"].kind is Kind.INTEGER  # a measurement by its name


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum([str(k) for k in range(30)])])
def test_categories_that_are_numbers_are_told_nothing_of_codes(dtype: pl.DataType) -> None:
    assert infer(pl.DataFrame({"x": pl.Series([str(k % 30) for k in range(300)], dtype=dtype)}))["x"].notes == ()


@pytest.mark.parametrize("form", ["react@{}.2.{}", "@types/node@{}.{}.0-beta.1", "lodash@^{}.17.{}"])
def test_packages_with_versions_are_no_mail_addresses(form: str) -> None:
    assert (
        infer(pl.DataFrame({"dependency": [form.format(k % 20, k % 7) for k in range(300)]}))["dependency"].format
        is None
    )


@pytest.mark.parametrize("write", [lambda k: f"{k}.0", lambda k: f"{k:,}", lambda k: str(2**64 + 10**15 * k)])
def test_keys_written_as_amounts_or_of_many_digits_are_keys(write: Callable[[int], str]) -> None:
    keys = [write(12_000 + 7 * k) for k in range(300)]
    frame = pl.DataFrame({"order_id": keys, "amount": keys})
    schema = infer(frame)
    assert schema["order_id"].kind is Kind.ID
    assert schema["amount"].kind in (Kind.INTEGER, Kind.REAL)
    made = lw.Synthesizer("copula", random_state=0).fit(frame).sample(300, random_state=0)
    assert not made["order_id"].is_in(keys).any()
