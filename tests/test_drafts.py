"""What inference finds is a draft: it remembers, field by field, that nobody has said it."""

from __future__ import annotations

import json

import polars as pl
import pytest

from likewise.errors import SchemaError
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.infer import infer

RAW = pl.DataFrame(
    {
        "age": ["31", "?", "45", "31"],
        "pay": [1.25, 2.5, 3.75, 4.0],
        "plan": pl.Series(["a", "b", "a", "b"], dtype=pl.Enum(["b", "a", "nobody's"])),
        "day": ["31/01/2020", "01/02/2020", "03/02/2020", "31/01/2020"],
        "key": ["k1", "k2", "k3", "k4"],
    }
)


def test_all_that_inference_tells_is_found_and_none_of_it_said() -> None:
    draft = infer(RAW)
    assert draft.is_draft
    assert set(draft["age"].found) == {"kind", "missing", "notes"}
    assert set(draft["day"].found) == {"kind", "format"}
    assert set(draft["plan"].found) == {"kind", "levels", "notes"}  # too few rows of each level
    assert [set(column.said) - {"dtype"} for column in draft] == [set()] * 5


def test_a_schema_written_by_hand_is_no_draft() -> None:
    assert not Schema((Column(name="age", kind="integer", missing=("?",)),)).is_draft


def test_what_is_changed_or_overridden_is_said() -> None:
    draft = infer(RAW, overrides={"age": "integer", "pay": {"decimals": 1, "role": "target"}})
    assert draft["age"].said == {"kind": Kind.INTEGER}
    assert draft["pay"].said == {"role": Role.TARGET, "dtype": "Float64", "decimals": 1}
    assert draft.replace("day", bounds=("2020-01-01", "2020-12-31"))["day"].said == {
        "bounds": ("2020-01-01", "2020-12-31")
    }
    assert "format" in draft.replace("day", nullable=True)["day"].found


def test_a_column_that_inference_completes_tells_what_it_added() -> None:
    column = infer(RAW, overrides={"day": Column(name="day", kind="datetime", nullable=False)})["day"]
    assert (column.format, column.found) == ("%d/%m/%Y", ("format",))


def test_found_travels_with_a_column_into_another_schema() -> None:
    assert Schema(tuple(infer(RAW))).is_draft


def test_a_declaration_is_what_was_said_and_what_the_stored_type_tells() -> None:
    said = infer(RAW).replace("age", bounds=(17, 90)).replace("plan", nullable=True)
    declared = said.declare({"day": {"kind": "datetime", "format": "%Y"}, "key": {"role": "id"}}, nullable=False)
    assert not declared.is_draft
    assert declared["age"] == Column(name="age", kind="integer", bounds=(17, 90), nullable=False)
    assert declared["pay"] == Column(name="pay", kind="real", dtype="Float64", nullable=False)
    assert declared["plan"] == Column(name="plan", kind="categorical", dtype="Enum", nullable=True)
    assert declared["day"].format == "%Y"
    assert declared["key"].kind is Kind.ID


@pytest.mark.parametrize(
    ("said", "dtype", "kind"),
    [
        ({"levels": ("1", "2")}, "Int64", "categorical"),
        ({"labels": ("n", "y")}, "String", "boolean"),
        ({"bounds": (0, 9)}, "String", "integer"),
        ({"bounds": (0.0, 9)}, "String", "real"),
        ({"bounds": (0, 9), "decimals": 2}, "String", "real"),
        ({"bounds": (0, 9)}, "Float32", "real"),
        ({"bounds": (0.5, 9)}, "UInt8", "integer"),
        ({"bounds": ("2020-01-01", "2020-12-31")}, "String", "datetime"),
        ({"role": "entity"}, "String", "id"),
        ({"kind": "text"}, "Int64", "text"),
        ({}, "Boolean", "boolean"),
        ({}, "Decimal(10, 2)", "real"),
        ({}, "Datetime(us, UTC)", "datetime"),
        ({}, "Duration(us)", "integer"),
        ({}, "Categorical", "categorical"),
    ],
)
def test_the_kind_follows_from_what_was_said_then_from_the_stored_type(
    said: dict[str, object], dtype: str, kind: str
) -> None:
    for told in (Kind.TEXT, Kind.CATEGORICAL):
        column = Column(name="x", kind=told, dtype=dtype).as_found()
        assert column.declared(**said).kind == kind


def test_decimals_of_a_stored_decimal_are_its_types() -> None:
    assert Column(name="x", kind="integer", dtype="Decimal(10, 2)").as_found().declared().decimals == 2


def test_columns_of_which_nobody_said_the_kind_are_named_together() -> None:
    with pytest.raises(SchemaError, match="kind of 'age', 'day', 'key'"):
        infer(RAW).declare()
    with pytest.raises(SchemaError, match="no field 'bound'; did you mean 'bounds'"):
        infer(RAW).declare({"pay": {"bound": (0, 1)}})
    with pytest.raises(SchemaError, match="no column 'pya'; did you mean 'pay'"):
        infer(RAW).declare({"pya": {"bounds": (0, 1)}})


def test_json_keeps_what_was_found_apart_from_what_was_said() -> None:
    draft = infer(RAW).replace("age", nullable=True)
    age = json.loads(draft.to_json())["columns"][0]
    assert age["nullable"] is True
    assert age["found"]["missing"] == ["?"]
    again = Schema.from_json(draft.to_json())
    assert [column.said for column in again] == [column.said for column in draft]
    assert again["age"] == draft["age"]


def test_json_does_not_list_the_categories_of_a_type() -> None:
    draft = infer(RAW)
    assert "nobody's" not in draft.to_json()
    assert Schema.from_dict(draft.to_dict(types=True)) == draft


def test_a_field_written_beside_what_was_found_is_said() -> None:
    data = json.loads(infer(RAW).to_json())
    age, pay, plan, day, key = data["columns"]
    age["bounds"], plan["levels"], day["format"] = [17, 90], ["b", "a"], "%m/%d/%Y"
    pay["kind"] = "categorical"
    key |= {"kind": "id", "role": "id"}  # as was found
    schema = Schema.from_dict(data)
    assert schema["age"].said == {"bounds": (17, 90)}
    assert schema["plan"].said == {"dtype": "Enum", "levels": ("b", "a")}
    assert schema["day"].said == {"format": "%m/%d/%Y"}
    assert schema["pay"].said == {"kind": Kind.CATEGORICAL, "dtype": "Float64"}
    assert schema["key"].said == {"kind": Kind.ID, "role": Role.ID}


@pytest.mark.parametrize(
    ("found", "match"),
    [(["kind"], "'found' of column 'x' must be an object"), ({"knd": "real"}, "'knd' of column 'x' is not known")],
)
def test_what_was_found_is_checked_when_read(found: object, match: str) -> None:
    with pytest.raises(SchemaError, match=match):
        Column.from_dict({"name": "x", "kind": "real", "found": found})


KEYS = pl.DataFrame({"x": range(1000, 1400), "y": [20_200_101 + i % 28 for i in range(400)], "z": ["?!"] * 400})


@pytest.mark.parametrize(
    ("name", "found", "said", "kind", "role"),
    [
        ("x", "id", {"kind": "integer"}, "integer", "feature"),
        ("x", "id", {"role": "target"}, "integer", "target"),
        ("x", "id", {"role": "target", "levels": ["1000"]}, "categorical", "target"),
        ("x", "id", {"role": "entity"}, "id", "entity"),
        ("y", "datetime", {"bounds": [0, 30_000_000]}, "integer", "feature"),
        ("z", "categorical", {"bounds": ["2020-01-01", "2020-12-31"]}, "datetime", "feature"),
        ("z", "categorical", {"kind": "id"}, "id", "id"),
    ],
)
def test_what_was_found_gives_way_to_what_is_said(
    name: str, found: str, said: dict[str, object], kind: str, role: str
) -> None:
    draft = infer(KEYS, entity=False)
    assert draft[name].kind.value == found
    data = json.loads(draft.to_json())
    data["columns"][draft.names.index(name)] |= said
    for column in (draft.replace(name, **said)[name], Schema.from_dict(data)[name]):
        assert (column.kind.value, column.role.value, column.format) == (kind, role, None)
        assert (column.declared().kind.value, column.declared().role.value) == (kind, role)


def test_an_id_of_texts_cannot_be_a_target_without_its_kind() -> None:
    with pytest.raises(SchemaError, match="'key' is an id; to use it otherwise, give its kind"):
        infer(RAW).replace("key", role="target")


def test_an_entity_that_was_found_stays_one_when_the_draft_is_read_back() -> None:
    frame = pl.DataFrame({"contact": [f"p{n % 7}@clinic.example" for n in range(70)], "x": range(70)})
    draft = infer(frame)
    assert draft.entity == "contact"
    assert Schema.from_json(draft.to_json()) == draft


def test_a_word_for_a_semantic_in_an_old_schema_s_format_is_read() -> None:
    told = {"name": "x", "found": {"kind": "id", "role": "id", "format": "it_cf"}}
    column = Column.from_dict(told)
    assert (column.semantic, column.locale, column.format) == ("national_id", "IT", None)
    assert {"semantic", "locale"} <= set(column.found)


@pytest.mark.parametrize("how", ["override", "replace", "json"])
def test_who_says_that_a_column_tells_nothing_of_people_has_it_told_anew(how: str) -> None:
    frame = pl.DataFrame({"contact": [f"p{n % 7}@clinic.example" for n in range(70)]})
    if how == "override":
        found = infer(frame, overrides={"contact": "none"}, entity=False)
    else:
        draft = infer(frame, entity=False)
        assert (draft["contact"].kind, draft["contact"].semantic) == ("id", "email")
        plain = draft.to_dict()
        plain["columns"][0]["semantic"] = "none"
        said = Schema.from_dict(plain) if how == "json" else draft.replace("contact", semantic="none")
        found = infer(frame, overrides={"contact": said["contact"]}, entity=False)
    assert (found["contact"].kind, found["contact"].semantic) == ("categorical", "none")
    assert found["contact"].said == {"semantic": "none"}
