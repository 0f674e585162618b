"""Claims about people in whole tables: with every kind of drawing, under a budget, in files, in filled rows."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.codecs.people import PersonalCodec
from likewise.codecs.table import TableCodec
from likewise.errors import ModelFileError, RuleError, SchemaError
from likewise.personal.people import People
from likewise.personal.pools import in_latin, languages
from likewise.personal.saved import from_state, to_state
from likewise.schema.column import Column, Schema

TOLD = {"name": "name", "email": "email", "phone": "phone", "iban": "iban"}


def customers(n: int = 600, seed: int = 1, locale: str = "de_DE") -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    people = pl.DataFrame(People.usual(TOLD, locale=locale).draw(n, rng))
    return people.with_columns(
        sex=pl.Series(rng.choice(["f", "m"], n)), pay=pl.Series(rng.lognormal(8, 0.3, n).round(2)),
        land=pl.Series(rng.choice(["Germany", "France"], n)),
    )  # fmt: skip


def schema_of(frame: pl.DataFrame) -> Schema:
    return lw.infer(frame, overrides=TOLD).replace("sex", semantic="gender").replace("land", semantic="country")


def given_names(kind: str) -> set[str]:
    return {text for code in ("de", "fr", "en") for text in languages()[code].words(kind).texts}


@pytest.mark.parametrize("model", ["copula", "cart"])
def test_rows_agree_with_what_is_drawn_of_them(model: str, tmp_path: Path) -> None:
    frame = customers()
    synth = lw.Synthesizer(model, schema=schema_of(frame), random_state=0).fit(frame)
    synth.save(tmp_path / "m.likewise")
    drawn = lw.load(tmp_path / "m.likewise").sample(400, random_state=3, where={"sex": "f"})
    assert drawn.equals(synth.sample(400, random_state=3, where={"sex": "f"}))
    assert (drawn["sex"] == "f").all()
    only_male = given_names("male") - given_names("female")
    assert not drawn["name"].str.split(" ").list.first().is_in(list(only_male)).any()
    calling = pl.when(pl.col("land") == "France").then(pl.lit("+33")).otherwise(pl.lit("+49"))
    assert drawn.select(pl.col("phone").str.starts_with(calling)).to_series().all()
    last = pl.Series([in_latin(text).replace("-", "") for text in drawn["name"].str.split(" ").list.last()])
    holds = drawn.with_columns(last=last).select(pl.col("email").str.contains(pl.col("last"), literal=True))
    assert holds.to_series().all()
    for name in TOLD:
        assert not drawn[name].is_in(frame[name].implode()).any()


def test_columns_come_back_in_their_order_and_as_numbers() -> None:
    frame = customers().with_columns(phone=pl.Series([491512345678 + k for k in range(600)]))
    drawn = lw.Synthesizer("copula", schema=schema_of(frame), random_state=0).fit(frame).sample(50, random_state=0)
    assert drawn.columns == frame.columns
    assert drawn["phone"].dtype == pl.Int64


def declared() -> Schema:
    """What anybody may know of such a table."""
    said: dict[str, dict[str, Any]] = {
        **{name: {"kind": "id", "role": "id", "semantic": told, "locale": "de_DE"} for name, told in TOLD.items()},
        "sex": {"kind": "categorical", "levels": ("f", "m"), "nullable": False, "semantic": "gender"},
        "land": {"kind": "categorical", "levels": ("Germany", "France"), "nullable": False, "semantic": "country"},
        "pay": {"kind": "real", "dtype": "Float64", "bounds": (0, 50_000), "decimals": 0, "nullable": False},
    }
    return Schema(tuple(Column(name=name, **fields) for name, fields in said.items()))


def test_under_a_budget_people_are_made_of_the_declaration_alone() -> None:
    found = []
    for seed in (1, 2):  # quite other people
        frame = customers(2_000, seed).with_columns(sex=pl.lit("f"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            synth = lw.Synthesizer("mst", schema=declared(), privacy=lw.DP(epsilon=2, delta=1e-6), random_state=0)
            synth.fit(frame.select(declared().names))
        people = next(codec.people for codec in synth.codec_.codecs if isinstance(codec, PersonalCodec))
        found.append((people.columns, people.crowd, people.holes, people.locales))
        assert synth.ledger_ is not None
        assert not any("name" in entry.what or "email" in entry.what for entry in synth.ledger_.entries)
        assert synth.sample(200, random_state=1)["email"].n_unique() == 200
    assert found[0] == found[1]


def test_filled_rows_keep_what_is_given_and_repeat_none_of_it() -> None:
    frame = customers()
    synth = lw.Synthesizer("copula", schema=schema_of(frame), random_state=0).fit(frame)
    mails = pl.Series([None] * 25 + ["x@y.com"] * 25, dtype=pl.String)
    partial = customers(50, 9).with_columns(email=mails).drop("iban")
    filled = synth.complete(partial, random_state=1)
    assert filled.select("name", "pay").equals(partial.select("name", "pay"))
    assert not any(filled[name].null_count() for name in filled.columns)
    assert (filled["email"] == "x@y.com").to_list() == [False] * 25 + [True] * 25


def test_a_table_of_people_that_lost_one_of_its_columns_is_refused() -> None:
    frame = customers()
    data, arrays = TableCodec.fit(frame, schema_of(frame)).to_state()
    columns = [column for column in data["columns"] if column["name"] != "email"]
    damages: list[dict[str, Any]] = [{"columns": columns}, {"people": []}, {"people": [3]}]
    for damage in damages:
        with pytest.raises(ModelFileError):
            TableCodec.from_state({**data, **damage}, arrays)


@pytest.mark.parametrize(
    ("semantic", "values"),
    [
        ("email", pl.Series([1, 2, 3] * 20)),
        ("name", pl.Series([True, False, True] * 20)),
        ("phone", pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 2, 29), eager=True)),
        ("iban", pl.Series([1.5, 2.5, 3.5] * 20)),
    ],
)
def test_texts_are_not_made_for_columns_that_cannot_hold_them(semantic: str, values: pl.Series) -> None:
    with pytest.raises(SchemaError, match=r"column 'x'.*texts"):
        lw.infer(pl.DataFrame({"x": values}), overrides={"x": semantic})


@pytest.mark.parametrize("heading", ["name", "first_name", "last_name"])
def test_a_name_that_is_said_to_be_none_is_learnt_though_others_stand_beside_it(heading: str) -> None:
    frame = pl.DataFrame({
        "name": [f"{a} {b}" for a in ("Anna", "Paul", "Eva", "Max") for b in ("Meyer", "Weber", "Schmidt")] * 5,
        "first_name": ["Anna", "Paul", "Eva"] * 20, "last_name": ["Meyer", "Weber", "Schmidt", "Wolf"] * 15,
    })  # fmt: skip
    schema = lw.infer(frame, overrides={heading: "none"})
    assert schema[heading].semantic == "none"
    assert not schema[heading].is_key
    assert all(schema[other].semantic is not None and schema[other].is_key for other in {*frame.columns} - {heading})


def test_columns_without_a_cell_are_none_of_names() -> None:
    frame = customers(60).with_columns(first_name=pl.lit("Eva"), name=pl.lit(None, dtype=pl.String))
    schema = lw.infer(frame, overrides={"email": "email"})
    drawn = lw.Synthesizer("copula", schema=schema, random_state=0).fit(frame).sample(20, random_state=0)
    assert drawn["name"].null_count() == 20


def test_countries_by_their_codes_tell_where_people_live() -> None:
    frame = customers().with_columns(land=pl.Series(["DE", "FR", "AT"] * 200)).rename({"land": "country"})
    schema = lw.infer(frame, overrides=TOLD)
    assert schema["country"].semantic == "country"
    drawn = lw.Synthesizer("copula", schema=schema, random_state=0).fit(frame).sample(90, random_state=0)
    calling = drawn["country"].replace_strict({"DE": "+49", "FR": "+33", "AT": "+43"})
    assert drawn["country"].n_unique() == 3
    assert drawn.select(pl.col("phone").str.starts_with(calling)).to_series().all()


@pytest.mark.parametrize("width", [1, 16, 19, 30])
def test_numbers_that_are_too_long_for_a_telephone_are_made_all_the_same(width: int) -> None:
    rng = np.random.default_rng(width)
    numbers = ["".join(map(str, rng.integers(1, 10, width))) for _ in range(60)]
    people = People.learnt(pl.DataFrame({"p": numbers}), {"p": "phone"}, least=5, locale="de_DE")
    made = people.draw(40, np.random.default_rng(0))["p"]
    assert made.null_count() == 0
    assert width == 1 or not made.is_in(numbers).any()


def test_a_rule_on_what_is_made_says_what_to_do() -> None:
    frame = customers(60)
    with pytest.raises(RuleError, match=r"'name' is a key of name.*agrees without a rule.*none"):
        lw.Synthesizer("copula", schema=schema_of(frame), rules=["name = sex"]).fit(frame)


@pytest.mark.parametrize("style", [["DE", "n", "#" * 60, 1.0], ["DE", "n", "++", 1.0], ["DE", "+", "##", 1.0]])
def test_a_model_file_of_numbers_that_are_none_is_refused(style: list[Any]) -> None:
    people = People.usual({"phone": "phone"}, locale="de_DE")
    data, arrays = to_state(people)
    from_state(data, arrays)
    for styles in ([style], data["columns"][0]["form"]["styles"] * 2_000):
        data["columns"][0]["form"]["styles"] = styles
        with pytest.raises(ModelFileError):
            from_state(data, arrays)


def test_what_is_said_to_be_none_stays_so_where_people_have_several_rows() -> None:
    rows = np.random.default_rng(0).integers(0, 40, 400)
    frame = pl.DataFrame({"key": [f"c{k}" for k in range(40)], "first_name": ["Anna", "Paul", "Eva", "Max"] * 10})
    many = frame.with_columns(first_name=pl.col("first_name") + pl.Series([*"abcdefghij"] * 4))[rows]
    assert lw.infer(many, entity="key")["first_name"].is_key
    said = lw.infer(many, entity="key", overrides={"first_name": "none"})["first_name"]
    assert said.semantic == "none"
    assert "semantic" not in said.found
