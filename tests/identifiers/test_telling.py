"""Claims about what columns tell of somebody beside forms: by their names and their values, never by one in doubt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.identifiers.test_forms import checked, digits
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.errors import SchemaError
from likewise.schema.column import Kind, Schema
from likewise.schema.identifiers.telling import named
from likewise.schema.infer import infer

CITIES = {
    "en": ["Boston", "Leeds", "Austin"], "de": ["Bochum", "Ulm", "Kiel"], "fr": ["Lyon", "Nîmes", "Brest"],
    "es": ["Vigo", "Cádiz", "Gijón"], "zh": ["成都市", "苏州市", "大连"], "ja": ["横浜市", "神戸市", "仙台市"],
}  # fmt: skip
STREETS = {
    "en": ["12 Elm Street", "7 Oak Ave", "99 Mill Rd"], "de": ["Hauptstr. 5", "Am Markt 7", "Lindenweg 12a"],
    "fr": ["3 rue des Lilas", "15 avenue Foch", "8 quai Nord"], "es": ["Calle Mayor 3", "Av. Sol, 45", "Plaza Real 2"],
    "zh": ["建国路88号", "人民街5号", "中山路12号"], "ja": ["本町通り3-1", "銀座4丁目2", "青山通り9"],
}  # fmt: skip
POSTCODES = {
    "en": ["02116", "10001", "94110"], "de": ["01067", "80331", "20095"], "fr": ["75001", "69002", "13008"],
    "es": ["28013", "08002", "41001"], "zh": ["100020", "200040", "510030"], "ja": ["231-0017", "650-0001", "980-0811"],
}  # fmt: skip


def told(name: str, values: list[str], entity: bool | None = None) -> tuple[str | None, Kind]:
    column = infer(pl.DataFrame({name: values * 20, "x": range(len(values) * 20)}), entity=entity)[name]
    return column.semantic, column.kind


@pytest.mark.parametrize(
    ("semantic", "values", "headings"),
    [
        ("city", CITIES, {"en": "billing_city", "de": "Wohnort", "fr": "ville", "es": "Ciudad", "zh": "所在城市",
                          "ja": "市区町村"}),
        ("street", STREETS, {"en": "StreetAddress", "de": "Straße", "fr": "rue", "es": "direccion", "zh": "街道",
                             "ja": "住所"}),
        ("postcode", POSTCODES, {"en": "ZipCode", "de": "Liefer-PLZ", "fr": "code_postal", "es": "codigoPostal",
                                 "zh": "邮编", "ja": "郵便番号"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "zh", "ja"])
def test_places_are_told_by_name_and_values_and_not_by_values_alone(
    semantic: str, values: dict[str, list[str]], headings: dict[str, str], language: str
) -> None:
    for entity in (None, False):
        assert told(headings[language], values[language], entity)[0] == semantic
    assert told("x7", values[language])[0] is None


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("state", ["open", "closed", "new"]), ("state_machine", ["idle", "run", "halt"]), ("city_code", ["NYC", "LAX"]),
        ("RealEstateLoans", ["A", "B", "C"]), ("resolving_loans", ["AA1", "B22", "C3"]),
        ("filename", ["a.txt", "b.txt"]), ("city_population", ["120000", "99000", "5000"]),
        ("address", ["0x1f2a", "0x99ab", "0x3f00"]),
        ("amount", ["120000", "990011", "500012"]), ("zip", ["yes", "no"]), ("market_cap", ["1200", "99000", "5"]),
        ("company_size", ["1-10", "11-50", "50+"]), ("country_risk", ["high", "low", "mid"]), ("land", ["12.5", "3.1"]),
        ("product_name", ["Anna Chair", "Max Table"]), ("via", ["web", "phone", "shop"]),
        ("genre", [f"g{k}" for k in range(20)]),
        ("pin_code", ["yes", "no"]), ("long", ["yes", "no"]), ("lat", ["1200.5", "900.25", "3.75"]),
    ],
)  # fmt: skip
def test_what_only_resembles_them_is_told_to_be_nothing(heading: str, values: list[str]) -> None:
    assert told(heading, values)[0] is None


@pytest.mark.parametrize(
    ("heading", "semantic"),
    [("ship_to_city", "city"), ("customer.city", "city"), ("hq_country", "country"), ("Rechnungsadresse", "address"),
     ("家庭住址", "address"), ("出生日期", "birth_date"), ("DateOfBirth", "birth_date"), ("stop_lat", "latitude"),
     ("email address", None), ("ip_address", None), ("lat_zone", None), ("first_name", None)],
)  # fmt: skip
def test_more_words_weigh_more_and_what_stands_behind_says_whose(heading: str, semantic: str | None) -> None:
    assert named(heading) == semantic


def test_levels_stay_levels_and_texts_that_single_out_are_made() -> None:
    streets = [f"{k} {name} Street" for k in range(30) for name in ("Oak", "Elm", "Mill")]
    frame = pl.DataFrame({"Street": streets, "city": ["Leeds", "York", "Hull"] * 30, "sex": ["m", "f", "f"] * 30})
    schema = infer(frame)
    assert [(c.kind, c.semantic) for c in schema] == [
        ("id", "street"),
        ("categorical", "city"),
        ("categorical", "gender"),
    ]
    assert any("never learnt" in note for note in schema["Street"].notes)
    assert any("by its name and its values" in note for note in schema["city"].notes)
    assert infer(frame, overrides={"Street": "none", "city": "region"})["Street"].kind is Kind.TEXT


def test_what_is_uncertain_is_asked_and_nothing_is_told() -> None:
    rng = np.random.default_rng(4)
    cards = checked("card", digits(rng, 300, 15, "4")).to_list()
    some = [*cards[:200], *digits(rng, 100, 16)]
    schema = infer(
        pl.DataFrame({"x": some, "Street": ["A1", "B2", "C3"] * 100, "iban": ["DE89370400440532013001"] * 300})
    )
    assert "most could be card numbers: if they are, say semantic card" in schema["x"].notes
    assert any("named like street" in note for note in schema["Street"].notes)
    assert any("most check digits are wrong" in note for note in schema["iban"].notes)
    assert [c.semantic for c in schema] == [None, None, "iban"]


def test_a_zero_in_front_of_a_postcode_is_kept() -> None:
    frame = pl.DataFrame({"zip": ["02116", "10001", "94110", "00501"] * 50, "x": range(200)})
    made = lw.Synthesizer("copula", random_state=0).fit(frame).sample(300, random_state=0)
    assert made["zip"].str.len_chars().unique().to_list() == [5]
    assert made["zip"].str.starts_with("0").any()


def test_parts_of_names_are_told_apart() -> None:
    people = {
        "Vorname": ["Anna", "Jörg", "Uwe"],
        "Name": ["Meyer", "Kranz", "Ott"],
        "Kunde": ["Anna Ott", "Jo Kranz", "Bo Ott"],
    }
    schema = infer(pl.DataFrame({name: values * 20 for name, values in people.items()}))
    assert [c.semantic for c in schema] == ["first_name", "last_name", "name"]


@pytest.mark.parametrize(
    ("heading", "values", "semantic"),
    [
        ("user name", ["anna.meyer", "jo_kranz", "uott", "bweber", "cschulz"], "username"),
        ("Login", ["anna", "jo", "uwe", "bea", "carla"], "username"),
        ("nombre y apellidos", ["Ana Ruiz", "Eva Gil", "Luis Mora"], "name"),
        ("Vor- und Nachname", ["Anna Meyer", "Jo Kranz", "Uwe Ott"], "name"),
        ("名字", ["伟", "芳", "秀英"], "first_name"), ("名字", ["佐藤", "鈴木", "高橋"], "last_name"),
        ("顧客名", ["佐藤 翔", "鈴木 花子", "高橋 健"], "name"),
        ("联系人电话号码", ["13800138000", "13912345678"], "phone"),
        ("cell phone", ["555-123-4567x12", "555-987-6543x9"], "phone"), ("sex", ["1.0", "0.0"], "gender"),
        ("genre", ["femme", "homme"], "gender"), ("provincia", ["Ávila", "Cuenca", "Soria"], "region"),
        ("place of birth", ["Ohio", "Texas", "Iowa"], "region"), ("Geburtsland", ["Italien", "Polen"], "country"),
    ],
)  # fmt: skip
def test_what_a_name_leaves_open_the_values_say(heading: str, values: list[str], semantic: str) -> None:
    assert told(heading, values)[0] == semantic


def test_a_person_s_word_for_a_semantic_wins_and_is_kept() -> None:
    frame = pl.DataFrame({"c": ["Boston", "Leeds"] * 30, "email": [f"a{k}@b.example" for k in range(60)]})
    schema = infer(frame, overrides={"c": {"semantic": "city", "locale": "GB"}, "email": "username"})
    assert [(c.semantic, c.kind, c.said) for c in schema] == [
        ("city", "categorical", {"semantic": "city", "locale": "GB"}),
        ("username", "id", {"kind": "id", "role": "id", "semantic": "username"}),
    ]
    assert Schema.from_json(schema.to_json()) == schema


def test_a_run_tells_of_what_is_made_and_only_the_schema_of_what_is_learnt(tmp_path: Path) -> None:
    frame = pl.DataFrame({"sex": ["m", "f"] * 30, "email": [f"a{k}@b.example" for k in range(60)]})
    frame.write_csv(tmp_path / "real.csv")
    run = CliRunner().invoke(app, ["synth", str(tmp_path / "real.csv"), "--dry-run"])
    shown = CliRunner().invoke(app, ["schema", str(tmp_path / "real.csv")])
    assert "column 'email'" in run.output
    assert "column 'sex'" not in run.output
    assert "gender" in shown.output


@pytest.mark.parametrize("semantic", ["latitude", "longitude", "birth_date", "gender"])
def test_what_is_learnt_is_not_said_of_values_that_cannot_be_it(semantic: str) -> None:
    rng = np.random.default_rng(0)
    texts = [
        f"{a} {b}{c}er" for a, b, c in zip(*(rng.choice(list("ABCDEFGHIKLM"), 400) for _ in range(3)), strict=True)
    ]
    with pytest.raises(SchemaError, match=f"column 'who': semantic '{semantic}'"):
        lw.infer(pl.DataFrame({"who": [f"Ann {t}" for t in texts], "x": range(400)}), overrides={"who": semantic})


def test_a_word_on_what_is_learnt_beats_what_was_taken_for_names() -> None:
    frame = pl.DataFrame({"name": ["Anna Meyer", "Bernd Huber"] * 100, "x": range(200)})
    assert lw.infer(frame)["name"].is_key
    said = lw.infer(frame, overrides={"name": "gender"})["name"]
    assert (said.kind, said.semantic, said.notes) == ("categorical", "gender", ())
    other = lw.infer(frame, overrides={"name": "username"})["name"]
    assert not any("names of people" in note for note in other.notes)
    banded = lw.infer(frame, overrides={"name": {"kind": "categorical", "semantic": "birth_date"}})["name"]
    assert banded.semantic == "birth_date"


@pytest.mark.parametrize("semantic", ["ip", "mac", "email"])
def test_texts_are_not_said_of_columns_of_numbers(semantic: str) -> None:
    with pytest.raises(SchemaError, match="are texts, and the column is stored as Int64"):
        lw.infer(pl.DataFrame({"x": range(90)}), overrides={"x": semantic})
