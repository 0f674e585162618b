"""What the library says in English is shown in Chinese where the page is."""

from __future__ import annotations

import re
import string

import polars as pl
import pytest

pytest.importorskip("starlette", reason="Starlette is in the extra 'studio'")

from tests.databases.shops import shop

import likewise as lw
from likewise.dp.declaration import Declaration
from likewise.errors import PrivacyError
from likewise.models import MODELS
from likewise.schema.semantics import WHYS, Semantic
from likewise.studio import protection, spoken
from likewise.studio.session import Settings, Source

from ..conftest import make_mixed_frame

CHINESE = re.compile(r"[\u4e00-\u9fff]")
TABLES = (spoken.KEYS, spoken.NOTES, spoken.PARTS, spoken.UNSAID, spoken.ADVICE)


def test_templates_keep_their_blanks() -> None:
    for table in TABLES:
        for english, other in table.items():
            blanks = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, other)]
            assert blanks[1] <= blanks[0], english


@pytest.mark.parametrize("model", MODELS)
def test_every_model_says_in_chinese_what_it_is_for(model: str) -> None:
    for part, said in spoken.about(model, MODELS[model].about).items():
        assert CHINESE.search(said["zh"]), part
        assert not CHINESE.search(said["en"])


def test_reasons_are_told_in_chinese() -> None:
    """Of a table of every kind, and of one whose columns tell of people."""
    people = pl.DataFrame({
        "customer_id": [f"C{k:05d}" for k in range(60)], "email": [f"p{k}@example.org" for k in range(60)],
        "city": ["Bern", "Basel", "Genf"] * 20, "amount": ["1,234", "2,345", "n/a"] * 20,
        "seen": ["01.02.2020", "03.04.2020"] * 30, "odd": ["1", "2", "x"] * 20, "same": ["a"] * 60,
        "remark": [f"what nobody else wrote, number {k} of many" for k in range(60)], "zip": ["01234", "04567"] * 30,
        "first name": ["Anna", "Beat", "Carla", "Dario", "Elena", "Fabio"] * 10,
    })  # fmt: skip
    said = [note for frame in (people, make_mixed_frame()) for column in lw.infer(frame) for note in column.notes]
    assert len(said) > 8
    for text in said:
        assert CHINESE.search(spoken.note(text)["zh"]), text
        assert spoken.note(text)["en"] == text
    kept = spoken.note("'n/a' is read as missing (20 rows)")["zh"]
    assert kept == "'n/a' 读作缺失（20 行）"
    assert spoken.note("A note of tomorrow.")["zh"] == "A note of tomorrow."


def test_what_tells_of_people_has_a_word() -> None:
    assert {one.words for one in Semantic} <= set(spoken.SEMANTICS)
    for one in Semantic:
        for why in WHYS:
            assert CHINESE.search(spoken.note(f"{one.words}, {why}")["zh"])


def test_what_lacks_before_a_private_run_is_told_in_chinese(tmp_path) -> None:  # type: ignore[no-untyped-def]
    make_mixed_frame().write_csv(tmp_path / "t.csv")
    source = Source.open(tmp_path / "t.csv", "t.csv")
    kinds = source.base
    for column in source.base:
        kinds = kinds.replace(column.name, kind=column.kind)
    for schema in (source.base, kinds):
        said = protection.unsaid(source, schema, Settings(purpose="budget"))
        assert said is not None
        assert all(CHINESE.search(line) for line in said["zh"].split("\n")), said["zh"]
        with pytest.raises(PrivacyError):
            Declaration.of(schema, source.frame.schema, lw.DP(1.0))


def test_what_speaks_for_a_key_is_told_in_chinese() -> None:
    tables = dict(shop(60).tables)
    found, orphaned = lw.Database(tables), pl.lit(7**9)
    tables["orders"] = tables["orders"].with_columns(
        pl.when(pl.int_range(pl.len()) == 3).then(orphaned).otherwise("user").alias("user")
    )
    database = lw.Database(tables, found.schema)
    view = database.overview()
    told = [*(r.evidence for r in view.relations), *map(str, view.problems), *view.belongings()]
    assert len(told) >= 4
    assert all(CHINESE.search(spoken.key(text)["zh"]) for text in told), told


def test_advice_is_told_in_chinese() -> None:
    text = (
        "Recommended: boosting without balancing, with the threshold tuned (f1 .71; a guess scores .34). No way of "
        "balancing is surely better, allowing for the 6 comparisons made."
    )
    assert spoken.advice(text)["zh"] == (
        "建议：boosting，不做平衡，调整阈值（f1 .71；随机猜测为 .34）。"
        "没有任何平衡方法确定更好（已计入所做的 6 次比较）。"
    )
    better = (
        "Recommended: boosting with smotenc (f1 .71), surely better than without by .03, allowing for the 6 "
        "comparisons made."
    )
    assert CHINESE.search(spoken.advice(better)["zh"])
