"""Conditions say what they mean, or say why they cannot."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from likewise.conditions import (
    Between,
    Missing,
    OneOf,
    above,
    below,
    between,
    missing,
    one_of,
    parse_where,
    resolve,
)
from likewise.errors import ConditionError
from likewise.schema.column import Schema
from likewise.schema.infer import infer

UTC = dt.timezone.utc  # noqa: UP017


@pytest.fixture(scope="module")
def schema() -> Schema:
    return infer(
        pl.DataFrame(
            {
                "income": ["<=50K", ">50K", ">50K", "<=50K"],
                "workclass": ["Private", "State-gov", "Private", "?"],
                "age": ["31", "45", "?", "31"],
                "rate": ["0.5", "1.25", "3.75", "0.5"],
                "born": ["01/13/1970", "02/28/1981", "12/01/1970", "01/13/1970"],
                "seen": [
                    "2020-01-01T10:00:00Z",
                    "2020-03-01T11:00:00Z",
                    "2020-01-01T10:00:00Z",
                    "2020-01-02T10:00:00Z",
                ],
                "at": ["08:00", "09:30", "08:00", "17:45"],
                "owns": ["no", "yes", "no", "yes"],
                "a=b": ["x", "y", "x", "y"],
                "user_id": ["1", "2", "3", "4"],
            }
        )
    )


@pytest.mark.parametrize(
    ("text", "name", "condition"),
    [
        ("income=>50K", "income", OneOf((">50K",))),
        ("income=<=50K", "income", OneOf(("<=50K",))),
        ("workclass=Private|State-gov", "workclass", OneOf(("Private", "State-gov"))),
        ("workclass=", "workclass", Missing()),
        ("workclass=?", "workclass", Missing()),
        ("workclass=a..b", "workclass", OneOf(("a..b",))),
        ("age=60..90", "age", Between(60, 90)),
        ("age=60..", "age", Between(60, None)),
        ("age=..30", "age", Between(None, 30)),
        ("age=-5..-1", "age", Between(-5, -1)),
        ("age=31", "age", OneOf((31,))),
        ("age=31|45", "age", OneOf((31, 45))),
        ("rate=.5..2", "rate", Between(0.5, 2.0)),
        ("rate=3.75", "rate", OneOf((3.75,))),
        ("born=02/28/1981", "born", OneOf((dt.date(1981, 2, 28),))),
        ("born=1970-01-01..1980-12-31", "born", Between(dt.date(1970, 1, 1), dt.date(1980, 12, 31))),
        ("at=08:00..12:00", "at", Between(dt.time(8), dt.time(12))),
        ("owns=yes", "owns", OneOf((True,))),
        ("owns=false", "owns", OneOf((False,))),
        ("a=b=x", "a=b", OneOf(("x",))),
    ],
)
def test_conditions_read_from_text(schema: Schema, text: str, name: str, condition: object) -> None:
    assert parse_where(text, schema) == (name, condition)


def test_a_date_as_the_end_of_a_range_of_timestamps_means_the_whole_day(schema: Schema) -> None:
    _, condition = parse_where("seen=2020-01-01..2020-01-31", schema)
    assert condition == Between(
        dt.datetime(2020, 1, 1, tzinfo=UTC), dt.datetime(2020, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("agee=3", "no column 'agee' .*; did you mean 'age'"),
        ("age", "a condition is written column=value"),
        ("user_id=3", "role 'id': not modelled"),
        ("age=old", "'age' is integer: a condition needs a whole number"),
        ("age=1.5", "'age' is integer: a condition needs a whole number"),
        ("age=90..60", "the range is empty"),
        ("age=..", "a range needs an end"),
        ("rate=fast", "'rate' is real: a condition needs a number"),
        ("born=soon", "'born' is datetime: a condition needs a date or time"),
        ("owns=maybe", "'owns' is boolean: a condition needs true, false or one of its labels"),
    ],
)
def test_a_bad_condition_is_told_clearly(schema: Schema, text: str, match: str) -> None:
    with pytest.raises(ConditionError, match=match):
        parse_where(text, schema)


def test_conditions_from_python_come_out_in_canonical_types(schema: Schema) -> None:
    where = {
        "income": ">50K",
        "workclass": ["Private", "State-gov"],
        "age": below(30.5),
        "rate": np.float64(0.5),
        "born": between("1970-01-01", "1980-01-01"),
        "seen": above(dt.datetime(2020, 1, 1)),
        "owns": True,
        "a=b": None,
    }
    assert resolve(where, schema) == {
        "income": OneOf((">50K",)),
        "workclass": OneOf(("Private", "State-gov")),
        "age": Between(None, 30.5, "left"),
        "rate": OneOf((0.5,)),
        "born": Between(dt.date(1970, 1, 1), dt.date(1980, 1, 1)),
        "seen": Between(dt.datetime(2020, 1, 1, tzinfo=UTC), None, "right"),
        "owns": OneOf((True,)),
        "a=b": Missing(),
    }


def test_resolve_refuses_what_the_kind_cannot_take(schema: Schema) -> None:
    with pytest.raises(ConditionError, match="has no order"):
        resolve({"income": between("a", "b")}, schema)
    with pytest.raises(ConditionError, match="whole number"):
        resolve({"age": True}, schema)
    with pytest.raises(ConditionError, match="did you mean 'income'"):
        resolve({"incom": 1}, schema)
    with pytest.raises(ConditionError, match="date or time"):
        resolve({"born": 1970}, schema)


def test_declared_levels_bound_a_condition(schema: Schema) -> None:
    declared = schema.replace("income", levels=("<=50K", ">50K"))
    with pytest.raises(ConditionError, match="1 of the values are not declared levels"):
        resolve({"income": ["<=50K", "50K"]}, declared)


def test_no_value_is_ever_in_an_error(schema: Schema) -> None:
    for text in ("age=S3CRET", "born=S3CRET", "owns=S3CRET", "rate=S3CRET"):
        with pytest.raises(ConditionError) as caught:
            parse_where(text, schema)
        assert "S3CRET" not in str(caught.value)


def test_constructors_check_themselves() -> None:
    assert one_of("a", "b") == one_of(["a", "b"]) == OneOf(("a", "b"))
    assert one_of("a", "a") == OneOf(("a",))
    assert missing() == Missing()
    assert between(1, 2, closed="left") == Between(1, 2, "left")
    for wrong in (
        lambda: between(None, None),
        lambda: between(2, 1),
        lambda: between(1, 1, closed="left"),
        lambda: between(float("nan"), 1),
        lambda: between(1, "b"),
        lambda: between(1, 2, closed="open"),  # type: ignore[arg-type]
        lambda: one_of(),
        lambda: one_of("a", None),
    ):
        with pytest.raises(ConditionError):
            wrong()
