"""The order in which tables are drawn, whom they belong to, and where circles are cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pytest

from likewise.databases.graph import Graph, Links, alike, graph_of, numbers_of
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema

USUAL = Links(1000, 900, 3000, 1.0, 0.1)


def graph(
    keys: Sequence[str], seen: Mapping[str, Links] | None = None, kept: Sequence[str] = (), **tables: TableSchema
) -> Graph:
    foreign = tuple(map(ForeignKey.of, keys))
    names = {name for key in foreign for name in (key.table, key.parent)} | set(tables)
    schema = DatabaseSchema({n: tables.get(n, TableSchema(primary=("id",))) for n in sorted(names)}, foreign)
    return graph_of(schema, {key: (seen or {}).get(str(key), USUAL) for key in foreign}, kept)


def test_a_chain_of_six_is_drawn_from_its_root() -> None:
    found = graph(["b.a -> a.id", "f.e -> e.id", "c.b -> b.id", "e.d -> d.id", "d.c -> c.id"])
    assert found.order == tuple("abcdef")
    assert {name: key.parent for name, key in found.owner.items()} == dict(zip("bcdef", "abcde", strict=True))


def test_an_owner_in_the_primary_key_comes_before_one_that_tells_more() -> None:
    keys = ["lines.order -> orders.id", "lines.thing -> things.id"]
    telling = {keys[1]: Links(1000, 900, 3000, 1.0, 0.9)}
    assert graph(keys, telling).owner["lines"].parent == "things"
    assert graph(keys, telling, lines=TableSchema(primary=("order", "no"))).owner["lines"].parent == "orders"


def test_an_owner_whose_rows_were_written_together_comes_before_one_that_tells_more() -> None:
    keys = ["lines.order -> orders.id", "lines.thing -> things.id"]
    seen = {keys[0]: Links(1000, 900, 3000, 1.0, 0.1, 1.0), keys[1]: Links(1000, 900, 3000, 1.0, 0.9)}
    assert graph(keys, seen).owner["lines"].parent == "orders"


def test_a_list_of_levels_owns_nothing() -> None:
    few = {"users.country -> countries.id": Links(30, 30, 9000, 1.0, 0.9)}
    found = graph(["users.country -> countries.id"], few)
    assert "users" not in found.owner
    assert [str(key) for key in found.sides["users"]] == ["users.country -> countries.id"]
    assert "users" in graph(["users.country -> countries.id"], {"users.country -> countries.id": USUAL}).owner


def test_a_table_that_points_at_itself_is_matched_late() -> None:
    found = graph(["people.boss -> people.id"])
    assert (found.order, [str(key) for key in found.late]) == (("people",), ["people.boss -> people.id"])


def test_a_circle_is_cut_where_rows_need_not_point() -> None:
    keys = ["a.b -> b.id", "b.c -> c.id", "c.a -> a.id"]
    required = TableSchema(primary=("id",), required=("b", "c"))
    found = graph(keys, a=required, b=required)
    assert ([str(key) for key in found.late], found.order) == (["c.a -> a.id"], ("c", "b", "a"))


def test_a_circle_in_which_all_must_point_is_cut_where_the_fewest_do() -> None:
    required = TableSchema(primary=("id",), required=("a", "b"))
    found = graph(["a.b -> b.id", "b.a -> a.id"], {"b.a -> a.id": Links(1000, 9, 9, 1.0, 0.0)}, a=required, b=required)
    assert [str(key) for key in found.late] == ["b.a -> a.id"]


def test_two_circles_that_share_a_table_are_both_cut() -> None:
    found = graph(["a.b -> b.id", "b.a -> a.id", "b.c -> c.id", "c.b -> b.id"])
    assert len(found.late) == 2
    assert set(found.order) == {"a", "b", "c"}


def test_tables_without_keys_between_them_stand_in_the_order_of_their_names() -> None:
    found = graph(["b.a -> a.id"], z=TableSchema(), y=TableSchema())
    assert found.order == ("a", "b", "y", "z")


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0.0, 0.05), (0.5, 0.4, 0.6), (1.0, 0.95, 1.0)])
def test_likeness_is_the_share_of_variance_that_groups_share(share: float, low: float, high: float) -> None:
    rng = np.random.default_rng(0)
    whose = np.repeat(np.arange(400), 5)
    values = np.sqrt(share) * rng.normal(size=400)[whose] + np.sqrt(1 - share) * rng.normal(size=2000)
    table = numbers_of(pl.DataFrame({"x": values}))
    assert low <= alike(table, whose) <= high
