"""Claims about people's names under headings that say nothing of them, and about what only looks like names."""

from __future__ import annotations

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


@pytest.mark.parametrize("heading", ["shipped_to", "username"])
def test_places_and_logins_are_no_names(heading: str) -> None:
    assert recognise(heading, pl.Series(["Berlin", "Wien", "Bern", "Paris", "Rom"])) is None


def test_no_full_name_is_drawn_however_many_rows_it_has() -> None:
    table = pl.DataFrame({"column_1": PEOPLE * 20, "x": range(20 * len(PEOPLE))})
    made = lw.Synthesizer("copula", random_state=0).fit(table).sample(100, random_state=0)
    assert not made["column_1"].is_in(PEOPLE).any()
