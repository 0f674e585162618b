"""Rules held to a table: which rows keep them, missing cells and floats included, and what cannot be compared."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from likewise.errors import RuleError
from likewise.rules import bind
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.dtypes import dtype_name
from likewise.schema.infer import infer


def keeps(rule: str, schema: Schema | None = None, **columns: Any) -> list[bool | None]:
    frame = pl.DataFrame(columns)
    schema = schema or Schema(tuple(_column(frame[name]) for name in frame.columns))
    return frame.select(bind([rule], schema)[0].kept).to_series().to_list()


def _column(series: pl.Series) -> Column:
    kinds: dict[Any, Kind] = {
        pl.Int64: Kind.INTEGER, pl.Float64: Kind.REAL, pl.String: Kind.CATEGORICAL, pl.Boolean: Kind.BOOLEAN,
    }  # fmt: skip
    return Column(
        name=series.name, kind=kinds.get(series.dtype.base_type(), Kind.DATETIME), dtype=dtype_name(series.dtype)
    )


def test_a_rule_binds_a_row_only_where_its_cells_are_there_as_a_check_of_sql() -> None:
    assert keeps("a < b", a=[1, 2, None, 1], b=[2, 1, 1, None]) == [True, False, None, None]


def test_a_chain_holds_its_ends_to_one_another_where_the_middle_is_missing() -> None:
    assert keeps("a < b < c", a=[1, 3, 3], b=[2, None, None], c=[3, 2, 4]) == [True, False, None]


def test_missing_cells_can_be_what_a_rule_is_about() -> None:
    rule = "status = 'open' -> closed is null"
    assert keeps(rule, status=["open", "open", "done", None], closed=[None, 1, 1, 1]) == [True, False, True, None]


def test_truth_of_three_values_joins_as_in_sql() -> None:
    assert keeps("a = 1 or b = 1", a=[1, 0, None], b=[None, None, 1]) == [True, None, True]
    assert keeps("a = 1 and b = 1", a=[1, 0, None], b=[None, None, 1]) == [None, False, None]
    assert keeps("not a = 1", a=[1, 0, None]) == [False, True, None]


def test_sums_of_reals_hold_though_floats_do_not_add_up() -> None:
    assert 0.1 + 0.2 != 0.3
    assert keeps("a + b = c", a=[0.1, 0.1], b=[0.2, 0.2], c=[0.3, 0.3001]) == [True, False]
    assert keeps("a + b <= c", a=[0.1, 0.1], b=[0.2, 0.2], c=[0.3, 0.2999]) == [True, False]
    assert keeps("a + b < c", a=[0.1, 0.1], b=[0.2, 0.2], c=[0.3, 0.3001]) == [False, True]


def test_an_equation_holds_as_far_as_its_column_is_written() -> None:
    schema = Schema((Column(name="a", kind="real", decimals=3), Column(name="t", kind="real", decimals=2)))
    assert keeps("t = a * 3", schema, a=[0.335, 0.335, 0.335], t=[1.0, 1.01, 1.02]) == [True, True, False]


def test_rounding_takes_a_half_up_and_down() -> None:
    assert keeps("t = round(a * 0.5, 1)", a=[0.5, 0.5, 0.5], t=[0.2, 0.3, 0.4]) == [True, True, False]


def test_large_whole_numbers_are_compared_exactly() -> None:
    big = 2**60
    assert keeps("a + b = c", a=[big, big], b=[1, 1], c=[big + 1, big + 2]) == [True, False]


def test_multiples_of_reals_hold_though_floats_leave_a_rest() -> None:
    assert 0.15 % 0.05 != 0
    assert keeps("a % 0.05 = 0", a=[0.15, 0.16, None]) == [True, False, None]
    assert keeps("a % 5 = 2", a=[7, 8, -3]) == [True, False, True]


def test_a_day_holds_all_its_moments() -> None:
    start, due = [dt.datetime(2021, 5, 3, 17, 20), dt.datetime(2021, 5, 4)], [dt.date(2021, 5, 3)] * 2
    assert keeps("start <= due", start=start, due=due) == [True, False]


def test_ages_are_whole_years_that_have_passed() -> None:
    birth = [dt.date(2000, 2, 29), dt.date(2000, 2, 29), dt.date(1990, 6, 1)]
    visit = [dt.date(2021, 2, 28), dt.date(2021, 3, 1), dt.date(2020, 6, 1)]
    assert keeps("age = years(birth, visit)", birth=birth, visit=visit, age=[20, 21, 30]) == [True] * 3


def test_spans_between_moments() -> None:
    a, b = [dt.datetime(2021, 1, 1, 23, 30)], [dt.datetime(2021, 1, 2, 0, 15)]
    assert keeps("days(a, b) = 1 and minutes(a, b) = 45 and hours(a, b) = 0.75", a=a, b=b) == [True]
    assert keeps("year(a) = 2021 and weekday(a) = 5 and hour(a) = 23", a=a) == [True]


def test_texts_join_and_compare() -> None:
    assert keeps("full = first + ' ' + last", first=["Ada", "Ada"], last=["Lee", None], full=["Ada Lee", "x"]) == [
        True,
        None,
    ]
    assert keeps("upper(a) = b", a=["x"], b=["X"]) == [True]


def test_exactly_one_is_one() -> None:
    assert keeps("one of (x, y)", x=[1, 1, 0, None], y=[0, 1, 0, 1]) == [True, False, False, None]
    assert keeps("one of (x, y)", x=[True, True], y=[False, True]) == [True, False]


def test_values_are_read_as_the_cells_of_their_column_are() -> None:
    schema = infer(pl.DataFrame({"day": ["03.05.2021", "04.05.2021"] * 10, "paid": ["ja", "nein"] * 10}))
    days = [dt.date(2021, 5, 3), dt.date(2021, 5, 4)]
    assert schema["day"].kind is Kind.DATETIME
    assert keeps("day <= '03.05.2021'", schema, day=days, paid=[True, False]) == [True, False]
    assert keeps("day in ('2021-05-04')", schema, day=days, paid=[True, False]) == [False, True]


def test_a_division_by_nothing_binds_no_row() -> None:
    assert keeps("a / b = c", a=[1, 4], b=[0, 2], c=[1, 2]) == [None, True]


SCHEMA = Schema(
    (
        Column(name="n", kind="integer"), Column(name="x", kind="real"),
        Column(name="day", kind="datetime", dtype="Date"),
        Column(name="at", kind="datetime", dtype="Time"), Column(name="city", kind="categorical"),
        Column(name="ok", kind="boolean"), Column(name="key", kind="id", role="id"),
        Column(name="gone", kind="text", role=Role.DROP),
        Column(name="zoned", kind="datetime", dtype="Datetime(us, UTC)"),
        Column(name="naive", kind="datetime", dtype="Datetime(us)"),
    )
)  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("m <= n", "there is no column 'm'"), ("1 < 2", "names no column"), ("'a' = 'b'", "names no column"),
        ("n <= day", "cannot be compared"), ("n = city", "cannot be compared"), ("day < at", "cannot be compared"),
        ("city <= city + city", "have no order"), ("zoned < naive", "time zone"), ("key = n", "made anew"),
        ("gone = 'x'", "is dropped"), ("n", "not true or false"), ("city + 1 = 'a'", "texts are joined"),
        ("years(n, day) = 1", "no column of dates"), ("day + 1 = day", "a number must stand"),
        ("n = 'many'", "a condition needs"), ("city < 'a'", "has no order"), ("one of (city, n)", "columns of 0 and 1"),
        ("x % n = 0", "exact only as"), ("round(x, n) = 1", "whole number of decimals"),
        ("upper(n) = 'A'", "needs a text"),
    ],
)  # fmt: skip
def test_what_cannot_hold_of_these_columns_is_refused_in_words(rule: str, said: str) -> None:
    with pytest.raises(RuleError, match="rule") as error:
        bind([rule], SCHEMA)
    assert said in str(error.value)


def test_a_near_name_is_offered() -> None:
    with pytest.raises(RuleError, match="did you mean 'city'"):
        bind(["Citty = 'x'"], SCHEMA)
