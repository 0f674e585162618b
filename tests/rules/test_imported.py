"""Rules said in other tools: what the grammar has is taken over, all else is named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import likewise as lw
from likewise.errors import InputError
from likewise.rules.imported import Imported


def test_checks_and_keys_of_sql() -> None:
    found = lw.rules.from_sql(
        """
        CREATE TABLE stays (  -- CHECK (in a comment)
            id integer PRIMARY KEY, checkin date NOT NULL, checkout date,
            status varchar(9)
                CHECK ((status)::text = ANY ((ARRAY['open'::character varying, 'it''s (x)'::text])::text[])),
            CONSTRAINT later CHECK (checkout > checkin OR checkout IS NULL),
            CHECK ([unit price] * `qty` >= 0 AND "from" <> 'x'),
            CHECK (name LIKE 'A%'),
            UNIQUE (id, checkin), PRIMARY KEY (id)
        );
        """
    )
    assert found.rules == (
        "status in ('open', 'it''s (x)')", "checkout > checkin or checkout is null",
        "\"unit price\" * qty >= 0 and \"from\" != 'x'", "unique (id, checkin)", "unique (id)",
    )  # fmt: skip
    assert [name for name, _ in found.left_out] == ["CHECK (name LIKE 'A%')"]


def test_expectations() -> None:
    def one(kind: str, **kwargs: Any) -> dict[str, Any]:
        return {"expectation_type": kind, "kwargs": kwargs}

    pair = {"column_A": "a", "column_B": "b c"}
    found = lw.rules.from_expectations(
        {
            "expectations": [
                one("expect_column_pair_values_a_to_be_greater_than_b", **pair, or_equal=True),
                one("expect_column_pair_values_to_be_in_set", **pair, value_pairs_set=[("x", 1), ("y", 2)]),
                one("expect_compound_columns_to_be_unique", column_list=["a", "d"]),
                one("expect_multicolumn_sum_to_equal", column_list=["a", "d"], sum_total=100),
                one("expect_select_column_values_to_be_unique_within_record", column_list=["a", "d", "e"]),
                one("expect_column_values_to_be_between", column="a", min_value=0, max_value=9, strict_max=True),
                {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "s", "value_set": ["p", "q"]}},
                one("expect_column_values_to_not_be_null", column="a", mostly=0.9),
                one("expect_column_pair_values_to_be_equal", **pair, ignore_row_if="neither"),
                one("expect_column_values_to_match_regex", column="a", regex="x"),
                one("expect_column_values_to_be_between", column="a", min_value=1, row_condition="b > 1"),
                one("expect_compound_columns_to_be_unique"),
            ]
        }
    )
    assert found.rules == (
        'a >= "b c"', "(a = 'x' and \"b c\" = 1) or (a = 'y' and \"b c\" = 2)", "unique (a, d)", "a + d = 100",
        "a != d and a != e and d != e", "0 <= a", "a < 9", "s in ('p', 'q')",
    )  # fmt: skip
    assert len(found.left_out) == 5
    with pytest.raises(InputError, match="expectations"):
        lw.rules.from_expectations({"results": []})


def test_tests_of_dbt() -> None:
    found = lw.rules.from_dbt(
        {
            "name": "orders",
            "tests": [
                {"dbt_utils.expression_is_true": {"expression": "shipped >= ordered", "where": "status = 'sent'"}},
                {"dbt_utils.unique_combination_of_columns": {"combination_of_columns": ["id", "line"]}},
                {"dbt_utils.mutually_exclusive_ranges": {"lower_bound_column": "a"}},
            ],
            "columns": [
                {"name": "status", "tests": ["not_null", {"accepted_values": {"values": ["sent", "new"]}}]},
                {"name": "qty", "data_tests": [{"dbt_utils.accepted_range": {"min_value": 0, "inclusive": False}}]},
                {"name": "total", "tests": [{"dbt_utils.expression_is_true": {"expression": ">= paid"}}]},
            ],
        }
    )
    assert found.rules == (
        "status = 'sent' -> shipped >= ordered", "unique (id, line)", "status is not null", "status in ('sent', 'new')",
        "0 < qty", "total >= paid",
    )  # fmt: skip
    assert [name for name, _ in found.left_out] == ["dbt_utils.mutually_exclusive_ranges"]


def test_checks_of_pandera() -> None:
    def check(name: str, **statistics: Any) -> SimpleNamespace:
        return SimpleNamespace(name=name, statistics=statistics)

    first = [check("in_range", min_value=0, max_value=1, include_max=False)]
    second = [check("isin", allowed_values=["x"]), check("<lambda>")]
    columns = {
        "a": SimpleNamespace(checks=first, nullable=False, unique=False),
        "b": SimpleNamespace(checks=second, nullable=True, unique=True),
    }
    found = lw.rules.from_pandera(SimpleNamespace(columns=columns, checks=[check("wide")], unique=["a", "b"]))
    assert found.rules == ("0 <= a", "a < 1", "a is not null", "b in ('x')", "unique (b)", "unique (a, b)")
    assert [name for name, _ in found.left_out] == ["<lambda> of b", "wide of the frame"]
    with pytest.raises(InputError, match="DataFrameSchema"):
        lw.rules.from_pandera({})


def test_nothing_is_left_out_without_a_word() -> None:
    found = lw.rules.from_sql("CHECK (a ~ '^x')")
    assert isinstance(found, Imported)
    assert found.rules == ()
    assert "the grammar does not have it" in found.left_out[0][1]
