"""Claims about names of people that no list holds: none comes out, and few other words are taken for names."""

from __future__ import annotations

import polars as pl
import pytest

import likewise as lw
from likewise.schema.identifiers.forms import NAME, recognise
from likewise.schema.infer import infer

GIVEN = ["Sjoerd", "Ymkje", "Qirin", "Dyveke", "Lunja", "Zbynek", "Hinrike", "Fokko", "Heye", "Wiebke"]
FAMILY = ["Tammena", "Brekke", "Vlcek", "Obo", "Quaye", "Wübbena", "Kruzik", "Fossum", "Dreesen", "Knöpfle"]
STAFF = [f"{given} {FAMILY[(3 * i + j) % 10]}" for j in range(2) for i, given in enumerate(GIVEN)]
SMALL = ["Fokko van der Obo", "Heye de Quaye", "Lunja al Brekke", "Zbynek von Vlcek"]

OF_PEOPLE = [
    "Customer", "Owner", "From", "Created By", "Assigned To", "Requester", "Vendor", "Payee", "Sales Rep", "Team lead",
    "Besitzer", "Empfänger", "Propriétaire", "Asignado a", "владелец", "customer_name", "Name",
]  # fmt: skip


@pytest.mark.parametrize("heading", [*OF_PEOPLE, "x", "col_7", "Signed", "Unnamed: 0"])
@pytest.mark.parametrize("write", [str, str.upper, lambda name: ", ".join(name.split()[::-1])])
def test_twenty_full_names_are_names_under_any_heading(heading: str, write: object) -> None:
    assert recognise(heading, pl.Series([write(name) for name in STAFF])) is NAME  # type: ignore[operator]


@pytest.mark.parametrize("heading", OF_PEOPLE[:-1])
@pytest.mark.parametrize("names", [STAFF[:4], SMALL, [*map(str.lower, STAFF[:5])], [*STAFF[:6], "Obo GmbH", "Lidl"]])
def test_four_of_them_are_names_where_the_heading_may_be_that_of_people(heading: str, names: list[str]) -> None:
    assert recognise(heading, pl.Series(names)) is NAME


@pytest.mark.parametrize("heading", ["Created By", "Owner", "Nurse", "customer_name"])
def test_ten_single_names_are_names_where_the_heading_tells_of_somebody(heading: str) -> None:
    assert recognise(heading, pl.Series(GIVEN)) is NAME


@pytest.mark.parametrize("heading", ["اسم المريض", "العميل", "מטופל", "שם הלקוח"])
def test_headings_of_people_in_arabic_and_hebrew_are_known(heading: str) -> None:
    given = ["محمد", "أحمد", "فاطمة", "علي", "خالد", "مريم", "يوسف", "ليلى", "سارة", "عمر"]
    family = ["العلي", "الحربي", "القحطاني", "السيد", "منصور", "الشهري", "الزهراني", "الغامدي", "العتيبي", "الدوسري"]
    names = [f"{name} {family[(3 * i + j) % 10]}" for j in range(2) for i, name in enumerate(given)]
    assert recognise(heading, pl.Series(names)) is NAME


@pytest.mark.parametrize("heading", ["Hausarzt", "Ansprechperson", "заказчик", "Created By", "主治医"])
@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("write", ["Dr. {}", "Dr. med. {}", "Prof. Dr. {}", "Frau {}", "{}, MD", "{} PhD"])
def test_single_names_with_titles_are_names_under_headings_of_people(heading: str, every: int, write: str) -> None:
    names = [write.format(name) if i % every == 0 else name for i, name in enumerate(FAMILY)]
    assert recognise(heading, pl.Series(names)) is NAME
    streets = [*names[:9:2], "Dr. King Blvd", "Main Street", "Long Lane", "Mill Road"]
    assert recognise("street", pl.Series(streets)) is None


def test_no_name_comes_out_however_many_rows_it_has_and_it_is_told() -> None:
    table = pl.DataFrame({"Customer": STAFF * 20, "spent": range(20 * len(STAFF))})
    assert any("say semantic none" in note for note in infer(table)["Customer"].notes)
    made = lw.Synthesizer("copula", random_state=0).fit(table).sample(200, random_state=0)
    assert not made["Customer"].is_in(STAFF).any()


@pytest.mark.parametrize(
    ("heading", "texts"),
    [
        ("city", "New York,Los Angeles,San Diego,Salt Lake,Santa Fe,Las Vegas,El Paso,St Louis,Fort Worth,Long Beach"),
        (
            "job",
            "Tax Advisor,Line Cook,Web Designer,Night Watch,Truck Fitter,Night Porter,Head Chef,Art Dealer,Tree Fe",
        ),
        ("q7", "Light Rain,Heavy Snow,Partly Cloudy,Mostly Sunny,Dense Fog,Clear Sky,Scattered Cloud,Blowing Dust"),
        ("col_7", "Ford Fiesta,Ford Focus,Opel Corsa,Opel Astra,Fiat Panda,Fiat Punto,Ford Puma,Opel Mokka,Fiat Tipo"),
        ("customer", "Siemens AG,Bosch GmbH,Adidas Group,Deutsche Bahn,Bayer AG,Globex Inc,Stark Industries"),
        ("user", "Power User,New Member,Guest"),
        ("patient", "Full Time,Part Time,Self Employed"),
        ("contact", "Phone Call,Text Message,In Person,Email"),
        ("to", "Berlin,Wien,Bern,Paris,Rom,Oslo,Kopenhagen,Prag,Madrid,Lissabon,Dublin"),
        ("member", "Gold,Silver,Bronze,Platinum"),
        ("name", "Blue Jacket,Red Shirt,Green Scarf,Leather Boots,Wool Hat"),
    ],
)
def test_places_posts_weather_cars_firms_and_states_are_none(heading: str, texts: str) -> None:
    assert recognise(heading, pl.Series(texts.split(","))) is None


@pytest.mark.parametrize("heading", ["Owner", "Customer", "Account Holder", "Créé par"])
@pytest.mark.parametrize(
    "names", [STAFF[:1], STAFF[:2], [f"{given} & {name}" for given, name in zip(GIVEN, STAFF[3:7], strict=False)]]
)
def test_one_name_two_and_those_of_couples_are_names_where_the_heading_is_that_of_people(
    heading: str, names: list[str]
) -> None:
    assert recognise(heading, pl.Series(names)) is NAME


def test_ten_names_in_small_letters_are_names_of_those_who_do_something() -> None:
    assert recognise("Created By", pl.Series([*map(str.lower, GIVEN)])) is NAME


@pytest.mark.parametrize(
    ("heading", "texts"),
    [
        ("to", "New York"), ("from", "San Diego,Los Angeles,New York,Salt Lake City,Fort Worth"), ("owner", "Council"),
        ("Assigned To", "Level One,Level Two"), ("employee", "Full Time,Part Time"), ("customer", "Home Office"),
    ],
)  # fmt: skip
def test_few_places_states_and_levels_are_none(heading: str, texts: str) -> None:
    assert recognise(heading, pl.Series(texts.split(","))) is None
