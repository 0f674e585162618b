"""The page of a database: the schema drawn, what is broken, links, a fold a table, in both languages."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.evaluate.databases.shown import LinkShown
from likewise.report.database_words import TEXT
from likewise.report.drawing import layout


def shop(seed: int) -> lw.Database:
    rng = np.random.default_rng(seed)
    users = pl.DataFrame({"id": range(60), "<age>": np.round(rng.normal(40, 9, 60), 1)})
    orders = pl.DataFrame(
        {"no": range(150), "user": rng.integers(0, 60, 150), "paid": np.round(rng.normal(0, 1, 150), 2)}
    )
    return lw.Database({"users": users, "orders": orders}, keys=["orders.user -> users.id", "users(id)", "orders(no)"])


@pytest.fixture(scope="module")
def report() -> lw.Report:
    fake = shop(1)
    orders = fake.tables["orders"].with_columns(user=pl.when(pl.col("no") < 3).then(999).otherwise(pl.col("user")))
    return lw.evaluate(shop(0), fake.with_tables({"orders": orders}), measures=["attacks"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_shows_the_schema_links_and_tables(report: lw.Report, lang: str) -> None:
    page = report.to_html(lang=lang)
    words = TEXT[lang]
    for name in ("database", "children", "through", "tables"):
        assert f'<h2 id="{name}">{words[name]}</h2>' in page
    assert page.count('<svg class="drawn"') == 1
    assert 'class="lost"' in page
    assert "&lt;age&gt;" in page
    assert "<age>" not in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert len(page) < 400_000


def test_both_languages_have_the_same_words_with_the_same_blanks() -> None:
    assert TEXT["en"].keys() == TEXT["zh"].keys()
    for name, english in TEXT["en"].items():
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", TEXT["zh"][name])), name


def test_what_is_broken_stands_in_the_terminal_and_its_closing_line(report: lw.Report) -> None:
    from rich.console import Console

    console = Console(width=120, record=True, file=None, quiet=True)
    with console.capture() as caught:
        console.quiet = False
        console.print(report.summary_table())
    assert "Foreign keys not found" in caught.get()
    assert "Worse than fresh real rows" in caught.get()
    assert "外键不存在" in report.to_markdown(lang="zh")


def link(table: str, parent: str) -> LinkShown:
    return LinkShown(key=f"{table} -> {parent}", table=table, parent=parent, owns=True, alike=1.0, floor=None,
                     none_real=0.0, none_synthetic=0.0, lost=0)  # fmt: skip


def test_tables_stand_below_what_they_point_at_and_circles_end() -> None:
    places = layout(["c", "b", "a"], [link("b", "a"), link("c", "b"), link("c", "a"), link("b", "b")])
    assert [places[name][1] for name in "abc"] == [0, 1, 2]
    assert len(layout(["a", "b"], [link("a", "b"), link("b", "a")])) == 2
    assert len({(x, y) for x, y in layout([f"t{i}" for i in range(30)], []).values()}) == 30
