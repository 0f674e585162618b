"""Claims about people's names under headings that say nothing of them, and about what only looks like names."""

from __future__ import annotations

import re

import polars as pl
import pytest

import likewise as lw
from likewise.schema.identifiers.forms import NAME, recognise

PEOPLE = [f"{given} {family}" for given in ["Anna", "Peter", "Maria"] for family in ["Müller", "Smith", "Novak"]]
TURNED = [", ".join(reversed(name.split())) for name in PEOPLE]
TITLED = [f"{title} {name}" for title, name in zip(("Dr.", "Frau", "Mr") * 3, PEOPLE, strict=True)]
CHINESE = ["王芳", "李娜", "张伟", "刘洋", "陈杰", "杨勇", "黄秀英", "赵敏", "吴磊", "周静", "徐丽", "孙强"]
JAPANESE = ["佐藤花子", "鈴木太郎", "高橋健一", "田中実", "伊藤翔", "渡辺陽子", "山本誠", "中村愛", "小林学", "加藤剛"]


@pytest.mark.parametrize("heading", ["column_1", "Sorte", "42", "処理"])
@pytest.mark.parametrize("names", [PEOPLE, TURNED, TITLED, CHINESE, JAPANESE], ids=lambda names: names[0])
def test_full_names_are_known_under_any_heading(heading: str, names: list[str]) -> None:
    assert recognise(heading, pl.Series(names)) is NAME


def test_names_that_no_list_holds_are_known_by_those_beside_them() -> None:
    strange = [
        f"{given} {family}" for given in ["Anna", "Peter", "Maria", "Qirin"] for family in ["Adjei", "Obo", "Udo"]
    ]
    assert recognise("column_1", pl.Series([*PEOPLE[:5], *strange, "Tuo Qir", "Ewo Pal", "Oda Wim"])) is NAME


@pytest.mark.parametrize("heading", ["Created By", "assigned_to", "Bearbeiter", "Kundenname", "担当者"])
def test_first_names_of_those_who_do_something_are_names(heading: str) -> None:
    assert recognise(heading, pl.Series(["Anna", "Peter", "Maria", "Qirin"])) is NAME


@pytest.mark.parametrize(
    "texts",
    [
        "Paris Hilton,Victoria Beckham,Rose Garden,Red Wine,Santa Maria,San Diego,Los Santos,Costa Rica,Costa Brava",
        "Jack Wolfskin,Hugo Boss,Tommy Hilfiger,Calvin Klein,Harry Winston,Paul Smith,Ralph Lauren,Ted Baker,Tom Ford",
        "Mary Poppins,Jerry Maguire,Forrest Gump,Erin Brockovich,Annie Hall,Donnie Darko,Jackie Brown,Barry Lyndon",
        "Pinus nigra,Iris alba,Rosa canina,Viola alba,Acer rubrum,Martes martes,Linaria alpina,Veronica persica",
        "Martin Luther King Street,Peter Cooper Road,Thomas Young School,Robert Clark High School,Anna Wagner Platz",
        "王庄,李家村,张家口,刘家庄,陈家村,杨村,黄山市,赵县,吴江区,周庄,徐州市,孙家屯",
        "金色,黄色,白色,高级,低级,马路,林业,江南,安全,张力,方法,成本",
        "高等学校,松本市,田中町,中野区,山口県,石川県,福田駅,岡本町,青木町,清水区",
    ],
)
def test_brands_films_species_streets_and_places_are_no_names(texts: str) -> None:
    assert recognise("column_1", pl.Series(texts.split(","))) is None


@pytest.mark.parametrize(
    "texts",
    [
        "Иванов И.И.,Гришаева М.К.,Щукина О. П.",
        "Finn H.,Mia-Sophie A.,Imke B.",
        "Oelkers, J.,Quandt, T. R.,Uphoff, M.",
        "J. Oelkers,T. R. Quandt,M. Uphoff Kern",
        "Dr. Okonkwo,Dr. Lindqvist,Dr. Haddad",
        "Hr. Knöpfle,Fr. Zwingmann,Fr. Ohlenbusch",
        "Frau Dr. Imke Abendroth,Herr Tjark Uphoff,Herr Piet Niehaus",
        "王老师,李医生,张女士,刘先生",
        "佐藤様,鈴木様,五十嵐様",
    ],
)
def test_initials_and_titles_tell_people_under_any_heading(texts: str) -> None:
    assert (
        recognise("column_1", pl.Series(texts.split(",") if ", " not in texts else re.split(r",(?! )", texts))) is NAME
    )


@pytest.mark.parametrize(
    "texts",
    [
        "Gruppe A.,Gruppe B.,Gruppe C.,Gruppe D.",
        "N. Korea,S. Korea,N. Dakota,E. Timor,W. Virginia",
        "E. coli,B. subtilis,S. aureus,P. putida",
        "Sr. Analyst,Jr. Analyst,Sr. Manager,Sr. Developer",
        "数学老师,语文老师,英语老师,体育老师",
        "Prof. services,Fr. bis Mo.,Dr.-Ing. e. h.",
    ],
)
def test_groups_places_species_and_posts_are_no_names(texts: str) -> None:
    assert recognise("column_1", pl.Series(texts.split(","))) is None


GIVEN, FAMILY = ["Tjark", "Okka", "Enno", "Imke", "Levke"], ["Czerny", "Ehlers", "Uphoff", "Niehaus", "Prigge"]
STRANGE = [f"{given} {family}" for given in GIVEN for family in FAMILY]


@pytest.mark.parametrize(
    "heading",
    [
        "Full name (as in passport)", "Name of the student", "Father's name", "FNAME", "lname", "Surname(s)",
        "patient_first", "name_last", "Geburtsname", "Nickname", "フリガナ", "What is the name of your teacher?",
    ],
)  # fmt: skip
def test_headings_that_say_a_person_need_no_known_name(heading: str) -> None:
    assert recognise(heading, pl.Series(STRANGE)) is NAME


@pytest.mark.parametrize("heading", ["Surgeon", "Teacher", "Kassierer", "Richter", "Enfermera", "patient"])
def test_full_names_under_what_only_people_are_need_not_be_known(heading: str) -> None:
    assert recognise(heading, pl.Series(STRANGE)) is NAME
    assert recognise(heading, pl.Series(["Full Time", "Part Time", "Self Employed"])) is None


def test_names_with_initials_are_made_so() -> None:
    table = pl.DataFrame({"x": ["Uphoff, T.", "Czerny, I.", "Ehlers, O."] * 40})
    names = pl.DataFrame({"x": ["Uphoff T.", "Czerny I.", "Ehlers O."] * 40})
    turned = pl.DataFrame({"x": ["T. Uphoff", "I. Czerny", "O. Ehlers"] * 40})
    for one, form in ((table, r"^\w+, \p{Lu}\.$"), (names, r"^\w+ \p{Lu}\.$"), (turned, r"^\p{Lu}\. \w+$")):
        made = lw.Synthesizer("copula", random_state=0).fit(one).sample(50, random_state=0)
        assert made["x"].str.contains(form).all()
        assert not made["x"].is_in(one["x"].implode()).any()


@pytest.mark.parametrize("heading", ["shipped_to", "username"])
def test_places_and_logins_are_no_names(heading: str) -> None:
    assert recognise(heading, pl.Series(["Berlin", "Wien", "Bern", "Paris", "Rom"])) is None


def test_no_full_name_is_drawn_however_many_rows_it_has() -> None:
    table = pl.DataFrame({"column_1": PEOPLE * 20, "x": range(20 * len(PEOPLE))})
    made = lw.Synthesizer("copula", random_state=0).fit(table).sample(100, random_state=0)
    assert not made["column_1"].is_in(PEOPLE).any()


@pytest.mark.parametrize("heading", ["x", "notes", "Name", "Kunde"])
@pytest.mark.parametrize(
    "form", ["{0} ({1})", "{0} (#{1})", "{0} [{1}]", "{0}, 19{1}", "{0} {1}", "{1}. {0}", "{0} <{1}>", "{0} / Ulm {1}"]
)
def test_names_with_numbers_beside_are_names(heading: str, form: str) -> None:
    texts = [form.format(name, 10 + i) for i, name in enumerate(PEOPLE)]
    assert recognise(heading, pl.Series(texts)) is NAME


@pytest.mark.parametrize(
    ("heading", "texts"),
    [
        ("title", ["John Wick (2014)", "Amadeus (1984)", "Heat (1995)", "Jackie Brown (1997)", "Up (2009)", "Alien 3"]),
        ("Name", ["Weber 57", "Weber 47", "Bosch 18", "Bosch 12", "Stihl 20", "Makita 36"]),
        ("street", ["Gartenweg 7", "Main Street 12", "Lindenallee 3", "Talstr. 9", "Wiesenweg 4", "Marktplatz 1"]),
        ("x", ["Boeing 737", "Boeing 747", "Airbus 320", "Airbus 380", "Cessna 172", "Piper 28"]),
    ],
)  # fmt: skip
def test_titles_with_years_products_and_streets_are_no_names(heading: str, texts: list[str]) -> None:
    assert recognise(heading, pl.Series(texts)) is None
