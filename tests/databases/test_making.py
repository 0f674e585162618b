"""Claims of `databases.links.making`: keys are whole, new, of their type and form, and agree wherever they overlap."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.databases.links.apart import apart, repeated
from likewise.databases.links.makers import Drawn, Fresh, Position
from likewise.databases.links.making import Keys
from likewise.errors import ModelFileError, SchemaError


def rng_of(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def reload(keys: Keys) -> Keys:
    data, arrays = keys.to_state()
    return Keys.from_state(keys.schema, json.loads(json.dumps(data)), arrays)


# ---- one column ------------------------------------------------------------------------------------------------------

KEYS: dict[str, pl.Series] = {
    "dense": pl.Series(np.arange(1, 200)),
    "narrow": pl.Series(np.arange(1, 120), dtype=pl.Int8),
    "int16": pl.Series(np.arange(1, 12_000, 60), dtype=pl.Int16),
    "int32": pl.Series(np.arange(2_000_000_000, 2_000_000_200), dtype=pl.Int32),
    "near the end": pl.Series([2**63 - 1 - i for i in range(100)]),
    "both ends": pl.Series([-(2**63), 2**63 - 1, 0]),
    "unsigned": pl.Series([0, 2**64 - 1, 77], dtype=pl.UInt64),
    "negative": pl.Series(-np.arange(1, 100)),
    "gaps": pl.Series(np.cumsum(rng_of(1).geometric(0.2, 300))),
    "floats": pl.Series(np.arange(1.0, 90.0)),
    "decimal": pl.Series([1, 2, 3], dtype=pl.Decimal(10, 2)),
    "uuid": pl.Series([f"{i:08x}-0000-4000-8000-{i:012x}" for i in range(1, 60)]),
    "prefix": pl.Series([f"C-{i:05d}" for i in range(100)]),
    "letters": pl.Series(["ALFKI", "ANATR", "BERGS", "XKCDA"]),
    "case and blanks": pl.Series(["Ab1 ", "aB2 ", "AB3 "]),
    "unicode": pl.Series(["é1", "ñ2", "ü3"]),
    "bytes": pl.Series([bytes([i, 255 - i]) for i in range(50)]),
    "digits": pl.Series([f"{i}" for i in range(95, 140)]),
    "not finite": pl.Series([float("nan"), float("inf"), *map(float, range(40))]),
    "empty text": pl.Series(["", *(f"x{i}" for i in range(50))]),
    "decimal without rest": pl.Series(range(40), dtype=pl.Decimal(10, 0)),
    "one": pl.Series([7]),
    "none": pl.Series([], dtype=pl.Int64),
    "no text": pl.Series([], dtype=pl.String),
}


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("n", [0, 1, 90])
def test_new_keys_are_unique_of_their_type_and_not_real(name: str, n: int) -> None:
    """T16."""
    real = KEYS[name].alias("id")
    made = Fresh.of(real).make(n, real.dtype, rng_of(n))
    assert made.dtype == real.dtype
    assert len(made) == n
    assert made.null_count() == 0
    assert made.n_unique() == n
    if name != "narrow" or n < 5:  # 8 bits have no room for 90 beside the real ones
        assert not set(made.to_list()) & set(real.to_list())


def test_levels_that_are_fixed_stay_so_and_come_once() -> None:
    states = pl.Enum(["new", "open", "done", "lost"])
    table = pl.DataFrame({"state": pl.Series(["new", "open", "done"], dtype=states)})
    shop = database({"a": table}, a={"primary": ("state",)}, keys=[])
    drawn = pl.DataFrame({"state": pl.Series(["new", "new", "open", "new"], dtype=states)})
    out = made(shop, {"a": 4}, {}, a=drawn)
    assert sorted(out["a"]["state"].cast(pl.String)) == ["done", "lost", "new", "open"]


def test_numbers_have_gaps_as_real_ones_do() -> None:
    made = Fresh.of(KEYS["gaps"]).make(2_000, pl.Int64(), rng_of())
    assert 4.5 < made.diff().mean() < 5.5  # type: ignore[operator]
    assert (Fresh.of(KEYS["dense"]).make(50, pl.Int64(), rng_of()).diff().drop_nulls() == 1).all()


def test_times_apart_stay_in_order_and_in_range() -> None:
    """T13: dates without repeats within the owner."""
    owner = pl.DataFrame({"owner": np.repeat([1, 2, 3], [4, 3, 3])})
    days = pl.Series([1, 1, 2, 9, 9, 9, 8, 5, 6, 7], dtype=pl.Int32).cast(pl.Date)
    moved = apart(days, owner, Drawn(1), rng_of())
    assert moved.dtype == pl.Date
    assert moved.to_physical().to_list() == [1, 2, 3, 9, 8, 9, 7, 5, 6, 7]


def test_moments_of_many_groups_are_counted_exactly() -> None:
    """Microseconds of a hundred years, times groups, are more than 64 bits hold."""
    moments = pl.Series([0, 0, 3 * 10**15] * 5_000).cast(pl.Datetime("us"))
    owner = pl.DataFrame({"g": np.repeat(np.arange(5_000), 3)})
    moved = apart(moments, owner, Drawn(1), rng_of())
    assert moved.to_physical().to_list() == [0, 1, 3 * 10**15] * 5_000


def test_more_times_than_there_are_go_on_behind_the_last() -> None:
    moved = apart(pl.Series([3, 3, 4, 4, None]), pl.DataFrame({"g": [1] * 5}), Drawn(1), rng_of())
    assert moved.to_list() == [3, 4, 5, 6, None]


@pytest.mark.parametrize("seed", range(20))
def test_apart_leaves_no_repeats_and_few_moves(seed: int) -> None:
    rng = rng_of(seed)
    rest = pl.DataFrame({"g": rng.integers(0, 6, 60)})
    spare = Fresh.of(pl.Series([f"k{i}" for i in range(99)]))
    for column, how in (
        (pl.Series(rng.integers(0, 40, 60) * 10), Drawn(10)),
        (pl.Series(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 60)), Drawn()),
        (pl.Series([f"k{i}" for i in rng.integers(0, 40, 60)]), Drawn(0, spare)),
    ):
        again = repeated(rest.with_columns(x=column))
        moved = apart(column, rest, how, rng)
        assert again.any()
        assert not repeated(rest.with_columns(x=moved)).any()
        if not how.step:
            assert (moved.to_numpy() == column.to_numpy())[~again].all()
        else:
            assert (moved % 10 == 0).all()


# ---- databases -------------------------------------------------------------------------------------------------------


def database(tables: dict[str, pl.DataFrame], **own: Any) -> Database:
    foreign = tuple(ForeignKey.of(text) for text in own.pop("keys"))
    return Database(tables, DatabaseSchema({n: TableSchema(**own.get(n, {})) for n in tables}, foreign))


def made(shop: Database, rows: dict[str, int], links: dict[str, Any], **drawn: pl.DataFrame) -> dict[str, pl.DataFrame]:
    of = {str(key): key for key in shop.schema.foreign}
    keys = reload(Keys.fit(shop.tables, shop.schema))
    tables, lost = keys.make(drawn, rows, {of[k]: np.asarray(v, np.int64) for k, v in links.items()}, rng_of())
    assert not lost
    for key in shop.schema.foreign:
        here, there = tables[key.table].select(key.columns).drop_nulls(), tables[key.parent].select(key.parent_columns)
        if str(key) in links:
            on = {"left_on": key.columns, "right_on": key.parent_columns}
            types = {c: there[p].dtype for c, p in zip(key.columns, key.parent_columns, strict=True)}
            assert here.cast(types).join(there, how="anti", **on).is_empty()  # type: ignore[arg-type]
    for name, own in shop.schema.tables.items():
        for columns in own.keys:
            assert not repeated(tables[name].select(columns)).any()
        assert len(tables[name]) == rows[name]
        for column in tables[name].columns:
            assert tables[name][column].dtype == shop.tables[name][column].dtype
    return tables


def test_line_numbers_count_within_their_order() -> None:
    """T13: a composite primary key, and a composite foreign key to it."""
    orders = pl.DataFrame({"id": np.arange(1, 41)})
    lines = pl.DataFrame({"order": np.repeat(np.arange(1, 41), 3), "no": np.tile([10, 20, 30], 40)})
    notes = lines.rename({"order": "o", "no": "l"})
    shop = database(
        {"orders": orders, "lines": lines, "notes": notes}, orders={"primary": ("id",)},
        lines={"primary": ("order", "no")}, keys=["lines.order -> orders.id", "notes(o, l) -> lines(order, no)"],
    )  # fmt: skip
    assert Keys.fit(shop.tables, shop.schema).makers["lines"]["no"] == Position(10, 10)
    out = made(
        shop, {"orders": 3, "lines": 6, "notes": 3},
        {"lines.order -> orders.id": [2, 0, 2, 0, 0, 1], "notes(o, l) -> lines(order, no)": [4, -1, 1]},
    )  # fmt: skip
    assert out["lines"]["no"].to_list() == [10, 10, 20, 20, 30, 10]
    assert out["notes"]["l"].to_list() == [30, None, 10]


def test_overlapping_keys_agree() -> None:
    """T13: two composite foreign keys share the tenant."""
    tenants = pl.DataFrame({"id": [f"T{i}" for i in range(9)]})
    people = pl.DataFrame({"tenant": [f"T{i // 3}" for i in range(27)], "no": [1, 2, 3] * 9})
    jobs = people.rename({"no": "by"}).with_columns(id=pl.int_range(27), to=pl.lit(1))
    shop = database(
        {"tenants": tenants, "people": people, "jobs": jobs}, tenants={"primary": ("id",)},
        people={"primary": ("tenant", "no")}, jobs={"primary": ("id",)},
        keys=[
            "people.tenant -> tenants.id", "jobs(tenant, by) -> people(tenant, no)",
            "jobs(tenant, to) -> people(tenant, no)",
        ],
    )  # fmt: skip
    links = {
        "people.tenant -> tenants.id": [0, 1, 1, 0], "jobs(tenant, by) -> people(tenant, no)": [0, 1, 2, 2],
        "jobs(tenant, to) -> people(tenant, no)": [3, -1, 1, 2],
    }  # fmt: skip
    out = made(shop, {"tenants": 2, "people": 4, "jobs": 4}, links)
    assert out["jobs"]["tenant"].to_list() == out["people"]["tenant"].gather([0, 1, 2, 2]).to_list()
    assert out["jobs"]["to"].null_count() == 1
    with pytest.raises(SchemaError, match="which another key holds"):
        made(
            shop,
            {"tenants": 2, "people": 4, "jobs": 4},
            {**links, "jobs(tenant, to) -> people(tenant, no)": [1, -1, 1, 2]},
        )


def test_a_primary_key_may_be_a_copy() -> None:
    """T14: 1:1 and 0..1."""
    users, more = pl.DataFrame({"id": np.arange(9)}), pl.DataFrame({"user": np.arange(5)})
    shop = database(
        {"users": users, "more": more}, users={"primary": ("id",)}, more={"primary": ("user",)},
        keys=["more.user -> users.id"],
    )  # fmt: skip
    out = made(shop, {"users": 4, "more": 2}, {"more.user -> users.id": [3, 1]})
    assert out["more"]["user"].to_list() == out["users"]["id"].gather([3, 1]).to_list()


@pytest.mark.parametrize(
    ("ids", "copies"),
    [
        (pl.Series(range(1, 50)), pl.Series([str(i) for i in range(1, 50)])),
        (pl.Series([str(i) for i in range(1, 50)]), pl.Series(range(1, 50))),
        (pl.Series(range(1, 50)), pl.Series([float(i) for i in range(1, 50)])),
        (pl.Series(range(1, 50)), pl.Series([f"{i:06d}" for i in range(1, 50)])),
        (pl.Series(range(1, 50), dtype=pl.Int64), pl.Series(range(1, 50), dtype=pl.Int16)),
    ],
)  # fmt: skip
def test_a_copy_may_be_of_another_type(ids: pl.Series, copies: pl.Series) -> None:
    """T17."""
    shop = database(
        {"a": ids.alias("id").to_frame(), "b": copies.alias("a").to_frame()}, a={"primary": ("id",)},
        keys=["b.a -> a.id"],
    )  # fmt: skip
    out = made(shop, {"a": 3, "b": 3}, {"b.a -> a.id": [2, 0, -1]})
    assert out["b"]["a"].null_count() == 1
    if copies.dtype == pl.String and copies.str.starts_with("0").any():
        assert out["b"]["a"].str.len_chars().drop_nulls().to_list() == [6, 6]


def test_keys_that_do_not_fit_the_type_of_their_copy_are_refused() -> None:
    shop = database(
        {"a": pl.DataFrame({"id": [f"x{i}" for i in range(10, 60)]}), "b": pl.DataFrame({"a": [1]})},
        a={"primary": ("id",)}, keys=["b.a -> a.id"],
    )  # fmt: skip
    with pytest.raises(SchemaError, match="cannot be written as Int64"):
        made(shop, {"a": 2, "b": 1}, {"b.a -> a.id": [0]})


def test_circles_and_self_references() -> None:
    """T12, T11: keys of their own, a 1:1 circle of keys that copy each other, and a composite key to its own table."""
    ids = pl.DataFrame({"id": np.arange(1, 9), "other": np.arange(1, 9)})
    shop = database(
        {"store": ids, "staff": ids}, store={"primary": ("id",)}, staff={"primary": ("id",)},
        keys=["store.other -> staff.id", "staff.other -> store.id"],
    )  # fmt: skip
    out = made(
        shop, {"store": 2, "staff": 3}, {"store.other -> staff.id": [2, 0], "staff.other -> store.id": [1, 1, 0]}
    )
    assert out["store"]["other"].to_list() == out["staff"]["id"].gather([2, 0]).to_list()

    twins = database(
        {"a": ids.select("id"), "b": ids.select("id")}, a={"primary": ("id",)}, b={"primary": ("id",)},
        keys=["a.id -> b.id", "b.id -> a.id"],
    )  # fmt: skip
    made(twins, {"a": 3, "b": 3}, {"a.id -> b.id": [2, 0, 1], "b.id -> a.id": [1, 2, 0]})
    with pytest.raises(SchemaError, match="differ from them"):
        made(twins, {"a": 3, "b": 3}, {"a.id -> b.id": [2, 0, 1], "b.id -> a.id": [0, 1, 2]})

    people = pl.DataFrame({"firm": np.repeat(np.arange(9), 3), "no": [1, 2, 3] * 9, "boss": [None, 1, 1] * 9})
    firm = database(
        {"people": people}, people={"primary": ("firm", "no")}, keys=["people(firm, boss) -> people(firm, no)"]
    )
    drawn = pl.DataFrame({"firm": [7, 7, 8, 8]})
    out = made(firm, {"people": 4}, {"people(firm, boss) -> people(firm, no)": [-1, 0, -1, 2]}, people=drawn)
    assert out["people"]["boss"].to_list() == [None, 1, None, 1]


def test_values_of_a_key_are_learnt_and_moved_apart() -> None:
    rng = rng_of(3)
    hours = pl.DataFrame({"origin": ["JFK", "EWR"] * 100, "day": [date(2020, 1, 1 + i // 8) for i in range(200)]})
    hours = hours.with_columns(hour=pl.Series(np.arange(200) // 2 % 24)).unique()
    shop = database({"weather": hours}, weather={"primary": ("origin", "day", "hour")}, keys=[])
    keys = Keys.fit(shop.tables, shop.schema)
    assert keys.learnt("weather") == ("origin", "day", "hour")
    assert keys.made("weather") == ()
    drawn = hours.sample(60, seed=1, with_replacement=True).with_columns(temperature=rng.normal(size=60))
    out = made_frames(shop, drawn)
    assert (out["origin"] == drawn["origin"]).all()
    assert (out["day"] == drawn["day"]).all()
    assert out.columns == drawn.columns


def made_frames(shop: Database, drawn: pl.DataFrame) -> pl.DataFrame:
    out, lost = Keys.fit(shop.tables, shop.schema).make({"weather": drawn}, {"weather": len(drawn)}, {}, rng_of())
    assert not lost
    assert not repeated(out["weather"].select(shop.schema.tables["weather"].primary)).any()
    return out["weather"]


def test_rows_for_which_there_is_no_key_are_left_out_with_what_must_point_at_them() -> None:
    flags = pl.DataFrame({"kind": ["a", "b"] * 10, "yes": [True, True, False, False] * 5}).unique()
    pointing = pl.DataFrame({"id": np.arange(8), "kind": ["a"] * 8, "yes": [True] * 8})
    shop = database(
        {"flags": flags, "must": pointing, "may": pointing}, flags={"primary": ("kind", "yes")},
        must={"primary": ("id",), "required": ("kind", "yes")}, may={"primary": ("id",)},
        keys=["must(kind, yes) -> flags(kind, yes)", "may(kind, yes) -> flags(kind, yes)"],
    )  # fmt: skip
    of = {key.table: key for key in shop.schema.foreign}
    drawn = pl.DataFrame({"kind": ["a", "a", "a", "b"], "yes": [True, False, True, True]})
    out, lost = Keys.fit(shop.tables, shop.schema).make(
        {"flags": drawn}, {"flags": 4, "must": 2, "may": 2},
        {of["must"]: np.array([2, 3]), of["may"]: np.array([2, 3])}, rng_of(),
    )  # fmt: skip
    assert lost == {"flags": 1, "must": 1}
    assert out["may"]["kind"].to_list() == [None, "b"]
    assert out["must"]["kind"].to_list() == ["b"]


def test_kept_tables_keep_their_keys_and_missing_ones_stay_missing() -> None:
    """T34."""
    lands = pl.DataFrame({"code": ["DE", "FR", "IT"], "name": ["Germany", "France", "Italy"]})
    users = pl.DataFrame(
        {"id": range(40), "mail": [None if i % 4 else f"m{i}@x.org" for i in range(40)], "land": ["DE"] * 40}
    )
    shop = database(
        {"lands": lands, "users": users}, lands={"primary": ("code",), "kept": True},
        users={"primary": ("id",), "unique": (("mail",),)}, keys=["users.land -> lands.code"],
    )  # fmt: skip
    drawn = pl.DataFrame({"mail": ["a@x.org", None, "a@x.org"]})
    out = made(shop, {"lands": 3, "users": 3}, {"users.land -> lands.code": [2, 0, 2]}, lands=lands, users=drawn)
    assert out["lands"].equals(lands)
    assert out["users"]["land"].to_list() == ["IT", "DE", "IT"]
    assert out["users"]["mail"].to_list()[:2] == ["a@x.org", None]


def test_only_rows_that_nothing_points_at_lack_a_unique_key() -> None:
    a = pl.DataFrame({"code": [None if i % 2 else i for i in range(60)]})
    shop = database({"a": a, "b": pl.DataFrame({"a": [2, 4]})}, a={"unique": (("code",),)}, keys=["b.a -> a.code"])
    out = made(shop, {"a": 10, "b": 4}, {"b.a -> a.code": [0, 1, 2, 3]})
    assert out["a"]["code"].null_count() == 5
    assert out["b"]["a"].null_count() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"makers": {"id": {"how": "magic"}}}, {"makers": {"id": {"how": "position", "first": 1}}}, {"dtypes": {}},
        {"dtypes": {"id": "List(Int8)"}}, {"widths": {"id": 10**9}}, {"makers": 3},
        {"makers": {"id": {"how": "fresh", "missing_share": 2.0, "start": 1, "room": 1, "gap": 1.0}}},
        {"makers": {"id": {"how": "fresh", "missing_share": 0.0, "start": 2**63, "room": 9, "gap": 1.0}}},
    ],
)  # fmt: skip
def test_damaged_state_is_refused(change: dict[str, Any]) -> None:
    shop = database({"a": pl.DataFrame({"id": [1, 2]})}, a={"primary": ("id",)}, keys=[])
    data, arrays = Keys.fit(shop.tables, shop.schema).to_state()
    with pytest.raises(ModelFileError):
        Keys.from_state(shop.schema, {"tables": {"a": {**data["tables"]["a"], **change}}}, arrays)
    with pytest.raises(ModelFileError):
        Keys.from_state(shop.schema, {"tables": {}}, arrays)
