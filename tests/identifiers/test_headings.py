"""Claims about people in the names of columns: they are told, for names of columns leave as they are."""

from __future__ import annotations

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
