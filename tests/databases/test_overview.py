"""A database at a glance."""

from __future__ import annotations

from xml.etree import ElementTree

import polars as pl

from likewise.databases.database import Database

USERS = pl.DataFrame({"id": [1, 2, 3, 4], "boss": [None, 1, 1, 2]})
KINDS = pl.DataFrame({"genre_id": [1, 2], "kind": ["<new>", "old"]})
ORDERS = pl.DataFrame({"no": range(40), "user": [1] * 30 + [2] * 8 + [None, 9], "kind": ["1", "2"] * 20})
KEYS = ["users.boss -> users.id", "orders.user -> users.id", 'orders.kind -> "<genres>".genre_id']


def shop() -> Database:
    return Database({"users": USERS, "<genres>": KINDS, "orders": ORDERS}, KEYS)


def test_what_the_rows_of_keys_show_is_counted() -> None:
    boss, user, kind = shop().overview().relations
    assert (user.least, user.median, user.most, user.without, user.missing, user.orphans) == (8, 19, 30, 0.5, 1, 1)
    assert (boss.least, boss.median, boss.most, boss.missing) == (1, 1.5, 2, 1)
    assert kind.types == "kind String beside Int64"


def test_the_picture_shows_every_table_once_and_every_key() -> None:
    picture = shop().overview().picture()
    assert picture.splitlines() == [
        "users (4); also -> users by boss", "└─< orders (40) by user; also -> <genres> by kind", "<genres> (2)",
    ]  # fmt: skip


def test_tables_in_a_circle_are_shown() -> None:
    a, b = pl.DataFrame({"id": [1], "b": [1]}), pl.DataFrame({"id": [1], "a": [1]})
    view = Database({"a": a, "b": b}, ["a.b -> b.id", "b.a -> a.id"]).overview()
    assert {line.strip("└─< ")[0] for line in view.picture().splitlines()} == {"a", "b"}
    assert view.svg().count("<rect") == view.svg().count("<path") == 2


def test_a_lookup_table_is_told_of_and_not_decided_on() -> None:
    found = shop()
    assert list(found.overview().lookups) == ["<genres>"]
    assert not any(table.kept for table in found.schema.tables.values())
    people = Database({"users": KINDS, "orders": ORDERS}, ["orders.kind -> users.genre_id"])
    assert list(people.overview().lookups) == []


def test_a_notebook_shows_a_picture_without_cells_or_scripts() -> None:
    html = shop()._repr_html_()
    svg = ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])
    assert [part.tag.rpartition("}")[2] for part in svg.iter()].count("rect") == 3
    assert "&lt;genres&gt;" in html
    assert not any(text in html for text in ("<new>", "&lt;new&gt;", "<script"))
    assert "orders.user -&gt; users.id: 1 of 39 rows" in html
