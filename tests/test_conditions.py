"""Conditions say what they mean, or say why they cannot."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from likewise import Synthesizer
from likewise.conditions import (
    Between,
    Missing,
    Not,
    OneOf,
    OrMissing,
    above,
    below,
    between,
    missing,
    none_of,
    one_of,
    parse_where,
    resolve,
)
from likewise.errors import ConditionError
from likewise.schema.column import Column, Kind, Schema
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
        lambda: OneOf(("a", None)),
    ):
        with pytest.raises(ConditionError):
            wrong()


# ---- spans, opposites, missing joined, quotes ----------------------------------------------------------------------

MAY = (dt.datetime(2020, 5, 1, tzinfo=UTC), dt.datetime(2020, 5, 31, 23, 59, 59, 999_999, tzinfo=UTC))
FIRST = (dt.datetime(2020, 5, 1, tzinfo=UTC), dt.datetime(2020, 5, 1, 23, 59, 59, 999_999, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("seen=2020-05-01", Between(*FIRST)),
        ("seen=2020-05", Between(*MAY)),
        ("seen=2020-05-01|2020-05-03", OneOf((dt.date(2020, 5, 1), dt.date(2020, 5, 3)))),
        ("seen>=2020-05-01", Between(FIRST[0], None)),
        ("seen>2020-05-01", Between(FIRST[1], None, "right")),
        ("seen<=2020-05-01", Between(None, FIRST[1])),
        ("seen<2020-05-01", Between(None, FIRST[0], "left")),
        ("born=2020-02", Between(dt.date(2020, 2, 1), dt.date(2020, 2, 29))),
        ("age=60.5..70.5", Between(60.5, 70.5)),
        ("age>=60", Between(60, None)),
        ("age > 60", Between(60, None, "right")),
        ("age!=3", Not(OneOf((3,)))),
        ("age!=3..5", Not(Between(3, 5))),
        ("age=NA", Missing()),
        ("income!=>50K", Not(OneOf((">50K",)))),
        ('workclass="a|b"|c', OneOf(("a|b", "c"))),
        ('workclass="?"', OneOf(("?",))),
        ('workclass=""', OneOf(("",))),
        ('workclass="say ""a"""', OneOf(('say "a"',))),
        ("workclass=Private|", OrMissing(OneOf(("Private",)))),
        ("workclass=?|Private", OrMissing(OneOf(("Private",)))),
        ("age=31|", OrMissing(OneOf((31,)))),
    ],
)
def test_more_conditions_read_from_text(schema: Schema, text: str, condition: object) -> None:
    assert parse_where(text, schema)[1] == condition


def test_dates_in_python_mean_what_they_mean_at_the_command_line(schema: Schema) -> None:
    day = dt.date(2020, 5, 1)
    for given in (day, "2020-05-01", np.datetime64("2020-05-01"), pd.Period("2020-05-01", "D")):
        assert resolve({"seen": given}, schema)["seen"] == Between(*FIRST)
    for given in ("2020-05", np.datetime64("2020-05"), pd.Period("2020-05", "M")):
        assert resolve({"seen": given}, schema)["seen"] == Between(*MAY)
    assert resolve({"seen": above(day)}, schema)["seen"] == Between(FIRST[1], None, "right")
    assert resolve({"seen": below(day)}, schema)["seen"] == Between(None, FIRST[0], "left")
    moment = dt.datetime(2020, 5, 1, 10, tzinfo=UTC)
    for unit in ("s", "ms", "us", "ns"):
        exact = np.datetime64("2020-05-01T10:00:00", unit)
        assert resolve({"seen": exact}, schema)["seen"] == OneOf((moment,))


@pytest.mark.parametrize("gone", [None, float("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), Decimal("NaN")], ids=repr)
def test_every_word_for_missing_means_missing(schema: Schema, gone: object) -> None:
    assert resolve({"age": gone}, schema)["age"] == Missing()
    assert resolve({"age": [31, gone]}, schema)["age"] == OrMissing(OneOf((31,)))


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_durations_and_decimals_are_asked_for_as_themselves(unit: Any) -> None:
    frame = pl.DataFrame(
        {
            "took": pl.Series([dt.timedelta(hours=h) for h in range(1, 9)], dtype=pl.Duration(unit)),
            "paid": pl.Series([Decimal(f"{i}.25") for i in range(8)], dtype=pl.Decimal(8, 2)),
        }
    )
    schema = infer(frame)
    ticks = 3 * 3_600 * {"ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    for given in (dt.timedelta(hours=3), pd.Timedelta(hours=3), np.timedelta64(3, "h")):
        assert resolve({"took": given}, schema)["took"] == OneOf((ticks,))
    assert resolve({"paid": Decimal("3.25")}, schema)["paid"] == OneOf((3.25,))
    assert resolve({"paid": between(Decimal(1), Decimal("3.5"))}, schema)["paid"] == Between(1.0, 3.5)


def test_composed_and_decomposed_accents_are_one() -> None:
    composed, apart = "S\u00e3o", "Sa\u0303o"
    frame = pl.DataFrame({composed: [composed, "Rio"] * 40, "x": range(80)})
    synth = Synthesizer("copula", random_state=0).fit(frame)
    assert synth.sample(20, where={apart: apart})[composed].unique().to_list() == [composed]
    assert parse_where(f"{apart}={apart}", synth.schema_)[0] == composed


def test_rows_obey_opposites_days_and_missing_joined() -> None:
    n = 600
    frame = pl.DataFrame(
        {
            "level": ["a|b", "b..c", "b", "c"] * (n // 4),
            "age": [i % 40 for i in range(n)],
            "rate": [None if i % 3 == 0 else (i % 50) / 4 for i in range(n)],
            "at": [dt.datetime(2020, 5, 1 + i % 20, i % 24) for i in range(n)],
        }
    )
    synth = Synthesizer("copula", random_state=0).fit(frame)
    assert synth.sample(50, where={"level": none_of("c")})["level"].is_in(["a|b", "b..c", "b"]).all()
    ages = synth.sample(300, where={"age": none_of(3, 5)})["age"]
    assert not ages.is_in([3, 5]).any()
    assert ages.min() < 3 < 5 < ages.max()  # type: ignore[operator]
    rates = synth.sample(300, where={"rate": one_of(2.0, None)})["rate"]
    assert rates.drop_nulls().unique().to_list() == [2.0]
    assert 0 < rates.null_count() < 300
    days = [dt.date(2020, 5, 2), dt.date(2020, 5, 9)]
    drawn = synth.sample(100, where={"at": days})["at"]
    assert sorted(drawn.dt.date().unique().to_list()) == days
    assert set(synth.sample(60, where={"at": dt.date(2020, 5, 2)})["at"].dt.date()) == {days[0]}


def test_values_of_a_set_that_cannot_be_met_are_told() -> None:
    frame = pl.DataFrame({"level": ["a", "b"] * 50, "age": list(range(50)) * 2})
    synth = Synthesizer("copula", random_state=0).fit(frame)
    for where in ({"level": ["a", "never"]}, {"age": [20, 1_000]}):
        with pytest.raises(ConditionError, match=r"1 of the 2 (levels|values) asked for cannot be drawn"):
            synth.sample(5, where=where)


def test_a_day_that_no_row_keeps_can_be_asked_for_in_every_type() -> None:
    days = [dt.date(2024, 1, 1) + dt.timedelta(int(k)) for k in np.random.default_rng(7).integers(0, 200, 320)]
    table = pl.DataFrame(
        {"when": pl.Series(days).cast(pl.Datetime("us")), "day": days, "count": [d.toordinal() for d in days]}
    )
    synth = Synthesizer("copula", random_state=0).fit(table)
    for day in (dt.date(2024, 1, 11) + dt.timedelta(k) for k in range(0, 180, 3)):
        for name, value in (("when", day), ("day", day), ("count", day.toordinal())):
            drawn = synth.sample(2, where={name: value})[name]
            assert (drawn.dt.date() if name == "when" else drawn).to_list() == [value] * 2


@pytest.mark.parametrize(
    "several",
    [np.array([30, 31]), pl.Series([30, 31]), pd.Series([30, 31]), pd.Index([30, 31]), range(30, 32)],
    ids=type,
)
def test_values_in_a_row_are_a_set_of_values_whatever_holds_them(several: Any) -> None:
    schema = Schema((Column(name="age", kind=Kind.INTEGER),))
    assert resolve({"age": several}, schema) == resolve({"age": [30, 31]}, schema)
    assert one_of(several) == OneOf((30, 31))
    assert none_of(several) == Not(OneOf((30, 31)))


def test_a_value_that_is_no_plain_one_is_refused_by_its_type() -> None:
    schema = Schema((Column(name="age", kind=Kind.INTEGER),))
    for odd in ({"a": 1}, np.zeros((2, 2)), [[1]]):
        with pytest.raises(ConditionError, match="plain values"):
            resolve({"age": odd}, schema)


@pytest.mark.parametrize("end", ["9999-12-31", dt.date(9999, 12, 31), dt.datetime(9999, 12, 31, 8)])
def test_a_range_of_nanosecond_times_may_end_when_they_cannot(end: Any) -> None:
    at = pl.Series("at", np.arange(100) * 10**15).cast(pl.Datetime("ns"))
    asked = resolve({"at": below(end)}, infer(at.to_frame()))["at"]
    assert isinstance(asked, Between)
    assert asked.high.year == 9999
