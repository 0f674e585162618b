"""Claims about people in the names of columns: they are told, for names of columns leave as they are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import LikewiseWarning
from likewise.schema.identifiers.names import are_called_like_people
from likewise.schema.infer import infer

PIVOTS = [
    ["Alice Meyer", "Bob Stone", "Carla Novak", "Dora Quinn"],
    ["MEYER, ALICE", "STONE, BOB", "NOVAK, CARLA"],
    ["alice_meyer", "bob_stone", "carla_novak"],
    ["Anna", "Boris", "Clara"],
    ["王芳", "李伟", "张敏"],
]
OTHERS = [
    ["First Name", "Last Name", "Birth Date"],
    ["New York", "Los Angeles", "San Francisco", "St. Louis"],
    ["Max Speed", "Max Load", "Max Power", "Ann Cost"],
    ["Sepal Length", "Sepal Width", "Petal Length"],
    ["性别", "年龄", "姓名", "金额", "高度"],
]


@pytest.mark.parametrize("names", PIVOTS)
def test_columns_called_like_people_are_told_with_what_to_do(names: list[str]) -> None:
    assert are_called_like_people(["day", *names, "total"]) == names
    table = pl.DataFrame({"day": range(60), **{name: [0.5, 1.5, 2.0] * 20 for name in names}})
    with pytest.warns(LikewiseWarning, match=r"columns are called like people: .* turn it"):
        lw.Synthesizer("copula", random_state=0).fit(table)


def test_they_are_told_of_anonymised_rows_too() -> None:
    table = pl.DataFrame({"age": [20, 30, 40] * 40, **{name: [1, 2] * 60 for name in PIVOTS[0]}})
    with pytest.warns(LikewiseWarning, match="4 columns are called like people"):
        lw.privacy.anonymize(table, quasi_identifiers=["age"], k=5)


@pytest.mark.parametrize("names", OTHERS)
def test_columns_called_otherwise_are_not_told(names: list[str]) -> None:
    assert are_called_like_people(names) == []


@pytest.mark.parametrize(
    ("levels", "are_people"),
    [
        (["王芳", "李伟", "张敏"], True),
        (["陈静", "杨磊", "赵强", "黄艳", "刘洋", "王芳", "李娜", "吴刚"], True),
        (["高中", "大专", "本科", "硕士"], False),
        (["北京", "上海", "广州", "深圳"], False),
        (["黄金", "高速", "金融", "王牌"], False),
    ],
)
def test_few_chinese_names_are_names_of_people(levels: list[str], are_people: bool) -> None:
    assert (infer(pl.DataFrame({"col_2": levels * 30}))["col_2"].semantic == "name") is are_people


STAFF = ["Priya Sharma", "Rahul Gupta", "Kwame Mensah", "Dmitry Volkov", "Haruto Tanaka", "Ngozi Okafor", "Freja Berg"]


def test_names_of_many_peoples_are_known_though_each_has_many_rows() -> None:
    assert infer(pl.DataFrame({"v3": STAFF * 20}))["v3"].semantic == "name"


@pytest.mark.parametrize(
    ("street", "number"),
    [
        ("calle", "número"),
        ("Straße", "Nr."),
        ("via", "n°"),
        ("rua", "Nº"),
        ("rue", "numéro"),
        ("street", "No"),
        ("calle", "portal"),
    ],
)
def test_a_number_behind_a_street_is_that_of_a_house(street: str, number: str) -> None:
    rng = np.random.default_rng(0)
    words, names = (rng.choice(list(some), 200) for some in (["Calle", "Via", "Rua", "Rue"], "ABCDEFGHIJKLM"))
    streets = [f"{word} {name}" for word, name in zip(words, names, strict=True)]
    numbers = [f"{n}{end}" for n, end in zip(rng.integers(1, 190, 200), rng.choice(["", "a"], 200), strict=True)]
    frame = pl.DataFrame({"x": range(200), street: streets, number: numbers})
    assert lw.infer(frame, entity=False)[number].semantic == "house_number"
    assert lw.infer(frame.select("x", number, street), entity=False)[number].semantic is None, "of what, nothing says"


@pytest.mark.parametrize("heading", ["logradouro", "nome da rua", "empresa", "strada"])
def test_places_and_firms_that_are_called_after_people_are_no_people(heading: str) -> None:
    first, last = ["Ana", "João", "Maria", "Pedro", "Lucas"], ["Silva", "Santos", "Costa", "Souza", "Oliveira"]
    names = [f"{a} {b}" for a in first for b in last]
    told = lw.infer(pl.DataFrame({heading: names * 4, "x": range(100)}), entity=False)[heading]
    assert told.semantic not in ("name", "first_name", "last_name")
    silent = lw.infer(pl.DataFrame({"w": names * 4, "x": range(100)}), entity=False)["w"]
    assert silent.semantic == "name", "by their looks they are"


def test_a_sign_may_stand_for_post_codes() -> None:
    codes = [f"{a:03d}-{b:04d}" for a, b in np.random.default_rng(0).integers(100, 999, (90, 2))]
    assert lw.infer(pl.DataFrame({"〒": codes, "x": range(90)}), entity=False)["〒"].semantic == "postcode"


def test_family_names_of_one_sign_are_names() -> None:
    rng = np.random.default_rng(0)
    for heading, signs, given in (
        ("last_name", "정양윤백심김이박최", "first_name"),
        ("성", "정양윤백심김이박최", "이름"),
        ("姓", "王李张刘陈杨", "名"),
    ):
        frame = pl.DataFrame({heading: rng.choice(list(signs), 200), given: rng.choice(["상호", "순옥", "예진"], 200)})
        told = lw.infer(frame.with_columns(x=pl.int_range(200)), entity=False)
        assert (told[heading].semantic, told[given].is_key) == ("last_name", True)
        assert told[heading].is_key
    told = lw.infer(pl.DataFrame({"성": rng.choice(["남", "여"], 90), "x": range(90)}), entity=False)["성"]
    assert (told.semantic, told.is_key) == ("gender", False), "the same word is that of sex"
