"""Schemas check themselves, name what is wrong, and go through JSON unchanged."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.errors import SchemaError, nearest
from likewise.schema.column import FORMAT_VERSION, Column, Kind, Role, Schema

AGE = Column(name="age", kind=Kind.INTEGER, missing=("?",), bounds=(0, 120), notes=("a note",))
KEY = Column(name="key", kind=Kind.ID, role=Role.ID)
INCOME = Column(name="income", kind=Kind.CATEGORICAL, role=Role.TARGET, levels=("<=50K", ">50K"))
SCHEMA = Schema((AGE, KEY, INCOME))


def test_a_schema_is_a_sequence_of_columns_with_names() -> None:
    assert len(SCHEMA) == 3
    assert [c.name for c in SCHEMA] == list(SCHEMA.names) == ["age", "key", "income"]
    assert SCHEMA["age"] is AGE
    assert "age" in SCHEMA
    assert "wage" not in SCHEMA
    assert SCHEMA.modelled == ("age", "income")
    assert SCHEMA.target == "income"


def test_an_unknown_column_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(SchemaError, match="no column 'Agee'; did you mean 'age'"):
        SCHEMA["Agee"]


def test_columns_that_share_a_name_are_named() -> None:
    with pytest.raises(SchemaError, match="more than once: 'age', 'key'"):
        Schema((AGE, KEY, AGE, KEY, INCOME))


def test_two_targets_are_refused() -> None:
    with pytest.raises(SchemaError, match="only one column can be the target, got 'income', 'other'"):
        Schema((INCOME, Column(name="other", kind=Kind.BOOLEAN, role=Role.TARGET)))


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        ({"kind": "integer", "bounds": (2, 1)}, "bounds must be low <= high"),
        ({"kind": "integer", "bounds": (float("nan"), 1)}, "bounds must be low <= high"),
        ({"kind": "integer", "bounds": (1,)}, "bounds must be two numbers"),
        ({"kind": "integer", "bounds": ("2020-01-01", "2020-02-01")}, "bounds must be two numbers"),
        ({"kind": "datetime", "bounds": (1, 2)}, "bounds must be two ISO texts"),
        ({"kind": "datetime", "bounds": ("2020-01-01", "May 2020")}, "must be ISO texts, such as"),
        ({"kind": "datetime", "bounds": ("08:30", "2020-01-01")}, "must be ISO texts, such as"),
        ({"kind": "datetime", "bounds": ("2020-02-01", "2020-01-01T12:00")}, "bounds must be low <= high"),
        ({"kind": "categorical", "levels": ("a", "b", "a")}, "levels must differ, got 3 with only 2 distinct"),
        ({"kind": "boolean", "labels": ("a", "a")}, "labels must differ"),
        ({"kind": "boolean", "labels": ("a", "b", "c")}, "labels must be two texts"),
        ({"kind": "id"}, "kind and role must both be 'id' or neither"),
        ({"kind": "integer", "role": "id"}, "kind and role must both be 'id' or neither"),
        ({"kind": "intiger"}, "kind must be one of .* did you mean 'integer'"),
        ({"kind": "integer", "role": "tarrget"}, "role must be one of .* did you mean 'target'"),
        ({"kind": "real", "decimals": -1}, "decimals must not be negative"),
        ({"kind": "real", "decimals": "two"}, "decimals is of the wrong type, got str"),
        ({"kind": "categorical", "levels": "abc"}, "levels must be a list, got str"),
        ({"kind": "categorical", "levels": (1, 2)}, "levels must hold texts only"),
    ],
)
def test_a_column_that_contradicts_itself_is_refused(parts: dict[str, object], match: str) -> None:
    with pytest.raises(SchemaError, match=match):
        Column(name="x", **parts)  # type: ignore[arg-type]


def test_an_id_may_be_dropped() -> None:
    assert not Column(name="x", kind=Kind.ID, role=Role.DROP).is_modelled


def test_replace_takes_the_role_along_with_the_kind() -> None:
    as_id = SCHEMA.replace("age", kind="id")
    assert (as_id["age"].kind, as_id["age"].role) == (Kind.ID, Role.ID)
    assert SCHEMA.replace("age", role="id")["age"].kind is Kind.ID
    back = as_id.replace("age", kind="integer")
    assert (back["age"].kind, back["age"].role) == (Kind.INTEGER, Role.FEATURE)
    assert SCHEMA["age"].kind is Kind.INTEGER


def test_replace_refuses_unknown_fields_and_an_id_used_as_a_target() -> None:
    with pytest.raises(SchemaError, match="no field 'knd'; did you mean 'kind'"):
        SCHEMA.replace("age", knd="real")
    with pytest.raises(SchemaError, match="'key' is an id"):
        SCHEMA.replace("key", role="sensitive")


def test_json_leaves_defaults_out_and_reads_its_own_writing() -> None:
    data = json.loads(SCHEMA.to_json())
    assert data["version"] == FORMAT_VERSION
    assert data["columns"][1] == {"name": "key", "kind": "id", "role": "id", "dtype": "String"}
    assert Schema.from_json(SCHEMA.to_json()) == SCHEMA


names = st.text(min_size=1, max_size=20)
columns = st.builds(
    Column,
    name=names,
    kind=st.sampled_from([k for k in Kind if k not in (Kind.ID, Kind.DATETIME)]),
    role=st.sampled_from([Role.FEATURE, Role.SENSITIVE, Role.DROP]),
    missing=st.lists(st.text(), unique=True, max_size=3).map(tuple),
    missing_as_null=st.booleans(),
    levels=st.none() | st.lists(st.text(), unique=True, min_size=1, max_size=5).map(tuple),
    labels=st.none() | st.lists(st.text(), unique=True, min_size=2, max_size=2).map(tuple),
    decimals=st.none() | st.integers(0, 9),
    bounds=st.none() | st.tuples(st.floats(-1e9, 0), st.floats(0, 1e9)),
    notes=st.lists(st.text(), max_size=2).map(tuple),
)


dates = st.dates().map(str)
columns |= st.builds(
    lambda name, ends: Column(name=name, kind=Kind.DATETIME, bounds=tuple(sorted(ends))), names, st.tuples(dates, dates)
)


@given(st.lists(columns, max_size=5, unique_by=lambda c: c.name))
def test_every_schema_survives_json(some: list[Column]) -> None:
    schema = Schema(tuple(some))
    assert Schema.from_json(schema.to_json()) == schema
    assert Schema.from_dict(schema.to_dict()) == schema


def _changed(**changes: object) -> str:
    return json.dumps(SCHEMA.to_dict() | changes)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "not valid JSON at line 1"),
        ("[1]", "not a likewise schema"),
        ('{"columns": []}', "not a likewise schema"),
        (_changed(version=FORMAT_VERSION + 1), "of version 2, this likewise reads up to 1: update"),
        (_changed(version="1"), "version must be a whole number"),
        (_changed(colums=[]), "key 'colums' of the schema is not known; did you mean 'columns'"),
        (_changed(columns=3), '"columns" must be a list'),
        (_changed(columns=[3]), "a column must be an object"),
        (_changed(columns=[{"name": "a"}]), "every column needs the key 'kind', one of column 'a' lacks it"),
        (_changed(columns=[{"name": "a", "kind": "real", "rol": "id"}]), "key 'rol' of column 'a' .* 'role'"),
        (_changed(columns=[{"name": "a", "kind": "real"}] * 2), "more than once: 'a'"),
        (_changed(columns=[{"name": 3, "kind": "real"}]), "name must be a string"),
    ],
)
def test_a_bad_schema_file_is_told_clearly(text: str, match: str) -> None:
    with pytest.raises(SchemaError, match=match):
        Schema.from_json(text)


def test_describe_gives_one_row_of_texts_a_column() -> None:
    rows = SCHEMA.describe()
    assert [r["name"] for r in rows] == ["age", "key", "income"]
    assert rows[0] == {
        "name": "age", "kind": "integer", "role": "feature", "semantic": "", "stored as": "String", "missing": "?",
        "notes": "a note",
    }  # fmt: skip


def test_nearest_lists_all_names_when_few_and_none_is_near() -> None:
    assert nearest("zzz", ["age", "sex"]) == "; there are 'age', 'sex'"
    assert nearest("zzz", [f"c{i}" for i in range(99)]) == ""
    assert "'native country'" in nearest("native_country", ["native country", "age"])


@pytest.mark.parametrize(
    "ends",
    [
        (dt.date(2022, 1, 1), dt.date(2023, 1, 1)),
        (dt.datetime(2022, 1, 1), dt.datetime(2023, 1, 1)),
        (np.datetime64("2022-01-01"), np.datetime64("2023-01-01", "ns")),
    ],
)
def test_bounds_may_be_dates_and_moments(ends: Any) -> None:
    column = Column(name="day", kind="datetime", dtype="Date", bounds=ends)
    assert column.bounds is not None
    assert [text[:10] for text in column.bounds] == ["2022-01-01", "2023-01-01"]
    draft = Schema((Column(name="day", kind="datetime", dtype="Date").as_found(),))
    assert draft.replace("day", bounds=ends)["day"].bounds == column.bounds
    assert draft.declare({"day": {"bounds": ends}})["day"].kind == "datetime"
    assert Schema.from_json(Schema((column,)).to_json())["day"] == column
