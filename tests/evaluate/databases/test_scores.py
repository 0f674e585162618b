"""Verdicts of databases: fresh roots raise no alarm, planted faults do, and each under its own name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.databases.database import Database
from likewise.databases.keys import ForeignKey
from likewise.errors import InputError, OptionError
from likewise.evaluate.databases import counted, dates
from likewise.evaluate.databases.leaks import copied_beside
from likewise.evaluate.databases.linked import Linked, link
from likewise.evaluate.databases.roots import owners, units
from likewise.evaluate.databases.run import without_known
from likewise.evaluate.databases.subtrees import subtrees

from .made import KEYS, database, schema_of, shop

N = 260


@pytest.fixture(scope="module")
def fresh() -> lw.Report:
    return lw.evaluate(database(N, 0), database(N, 1), holdout=database(N, 2))


def changed(name: str, change: Callable[[pl.DataFrame], pl.DataFrame], seed: int = 1) -> Database:
    """A fresh shop with one table changed."""
    some = database(N, seed)
    return some.with_tables({name: change(some.tables[name])})


def worse(report: lw.Report) -> set[str]:
    return {score.name for score in report if score.stands == "worse"}


def test_fresh_roots_raise_no_alarm_of_links_and_keys(fresh: lw.Report) -> None:
    assert not worse(fresh)
    assert {"db_keys", "db_links", "db_cardinality", "db_degrees", "db_hop_3", "db_c2st_agg_max", "db_gaps", "db_order",
            "db_dates", "db_subtrees:customers", "db_membership:customers"} <= {s.name for s in fresh}  # fmt: skip


def test_a_report_is_read_back_as_it_was(fresh: lw.Report) -> None:
    again = lw.Report.from_json(fresh.to_json())
    assert again.to_json() == fresh.to_json()
    assert again.database == fresh.database
    assert set(again.tables) == {"cities", "customers", "orders", "visits", "lines"}


def test_every_table_is_measured_by_itself_with_its_root_as_the_person(fresh: lw.Report) -> None:
    lines = fresh.tables["lines"]
    assert {"shape", "trend", "c2st"} <= {score.name for score in lines}
    assert {column.name for column in lines.columns} == {"item", "price"}
    assert lines.data["persons_real"] < lines.data["rows_real"]


def test_an_orphan_and_a_repeated_key_are_told_with_their_keys() -> None:
    orphaned = changed("orders", lambda t: t.with_columns(customer=pl.when(pl.col("no") == 1).then(-5)
                                                          .otherwise(pl.col("customer"))))  # fmt: skip
    report = lw.evaluate(database(N, 0), orphaned, measures=[])
    assert worse(report) == {"db_links"}
    assert report["db_links"].details["worst"] == "orders.customer -> customers.id"
    repeated = changed("visits", lambda t: pl.concat([t, t.head(3)]))
    report = lw.evaluate(database(N, 0), repeated, measures=[])
    assert "db_keys" in worse(report)
    assert report["db_keys"].details == {"broken": 3, "worst": "visits(visit)"}
    assert any(note.startswith("visits(visit): 3 of") for note in report.notes)


def test_links_dealt_at_random_are_seen() -> None:
    rng = np.random.default_rng(3)
    rewired = changed("orders", lambda t: t.with_columns(customer=pl.Series(rng.permutation(t["customer"].to_numpy()))))
    report = lw.evaluate(database(N, 0), rewired, measures=["detection"])
    assert {"db_c2st_agg", "db_dates"} <= worse(report)
    assert "db_cardinality" not in worse(report)
    assert report["db_hop_1"].value > report["db_hop_1"].details["apart"]


def test_what_a_link_lost_is_told_by_its_tables() -> None:
    rng = np.random.default_rng(3)
    rewired = changed("lines", lambda t: t.with_columns(no=pl.Series(rng.permutation(t["no"].to_numpy()))))
    report = lw.evaluate(database(N, 0), rewired, measures=[])
    shown, hop = report.database, report["db_hop_1"]
    assert shown is not None
    assert hop.details["worst"] == "lines.no -> orders.no"
    assert hop.details["least"] < hop.value - 0.05
    assert "least by lines.no -> orders.no" in hop.text("method", "en")
    lost = {(hop.top, hop.bottom): hop.lost for hop in shown.hops if hop.k == 1}
    assert lost["orders", "lines"] > 0.7
    assert lost["customers", "visits"] < 0.4


def test_constant_counts_are_seen() -> None:
    even = database(N, 1)
    ids, orders = even.tables["customers"]["id"].to_numpy(), even.tables["orders"]
    told = orders.with_columns(customer=pl.Series(np.resize(ids, len(orders))))
    report = lw.evaluate(database(N, 0), even.with_tables({"orders": told}), measures=[])
    assert {"db_cardinality", "db_childless"} <= worse(report)
    assert {report[f"db_{name}"].details["worst"] for name in ("cardinality", "childless")} == {KEYS[1]}


def copied(share: float) -> Database:
    """Fresh customers, some of whom are real ones with all they did, under other keys and in another order."""
    real, made = database(N, 0).tables, database(N, 1).tables
    some = real["customers"].head(round(share * N))
    rest = made["customers"].tail(N - len(some))
    parts = {"customers": (some, rest)}
    for name, key, above in (
        ("orders", "customer", "customers"),
        ("visits", "customer", "customers"),
        ("lines", "no", "orders"),
    ):
        own = {"customers": "id", "orders": "no"}[above]
        parts[name] = tuple(t[name].filter(pl.col(key).is_in(p[own].to_list()))
                            for t, p in zip((real, made), parts[above], strict=True))  # fmt: skip
    shift = {
        "customers": ("id",),
        "orders": ("no", "customer"),
        "visits": ("visit", "customer"),
        "lines": ("line", "no"),
    }
    tables = {
        name: pl.concat([a.reverse().with_columns(pl.col(*shift[name]) + 1_000_000), b])
        for name, (a, b) in parts.items()
    }
    return Database({"cities": made["cities"], **tables}, keys=schema_of(shop(60, 0)))


def test_copied_subtrees_are_seen_whatever_their_keys_and_order() -> None:
    report = lw.evaluate(database(N, 0), copied(0.2), holdout=database(N, 2), measures=["attacks"])
    found = report["db_subtrees:customers"]
    assert found.stands == "worse"
    assert 0.1 < found.value < 0.3
    assert {"db_links", "db_keys"}.isdisjoint(worse(report))
    assert "db_near_copies:customers" in worse(report)
    assert "db_subtrees:customers" in worse(lw.evaluate(database(N, 0), copied(0.2), measures=["attacks"]))


def test_three_copies_of_250_stand_out_and_two_do_not() -> None:
    train, other, fresh = (np.arange(250, dtype=np.uint64) + np.uint64(1_000 * k) for k in range(3))
    for n, low in ((3, True), (2, False)):
        figure = copied_beside(np.append(train[:n], other[n:]), train, fresh)
        assert bool(figure.interval[0] > figure.floor) is low
    assert copied_beside(other, train, fresh).interval[0] <= 0.0


def test_mappings_of_tables_are_databases() -> None:
    real = {"a": pl.DataFrame({"id": range(60), "x": np.arange(60.0)}), "b": pl.DataFrame({"a": [*range(60)] * 2})}
    report = lw.evaluate(real, real, keys=["b.a -> a.id"], measures=[])
    assert report["db_cardinality"].value == 1.0
    with pytest.raises(InputError, match="the others are not all"):
        lw.evaluate(real, real["a"], keys=["b.a -> a.id"])
    with pytest.raises(OptionError, match="target is for tables"):
        lw.evaluate(real, real, keys=["b.a -> a.id"], target="x")
    with pytest.raises(OptionError, match="keys are those of a database"):
        lw.evaluate(real["a"], real["a"], keys=["b.a -> a.id"])


def test_empty_tables_and_tables_of_keys_alone_are_measured() -> None:
    tables = {
        "a": pl.DataFrame({"id": range(50)}), "b": pl.DataFrame({"a": [*range(50)] * 2}),
        "c": pl.DataFrame({"a": [], "z": []}, schema={"a": pl.Int64, "z": pl.Float64}),
    }  # fmt: skip
    keys = ["b.a -> a.id", "c.a -> a.id"]
    report = lw.evaluate(tables, {**tables, "b": tables["b"].head(0)}, keys=keys)
    assert report["db_cardinality"].stands == "worse"


# --- units, trees, dates ----------------------------------------------------------------------------------------------


def test_rows_belong_to_the_root_above_their_owner() -> None:
    real = link({"real": database(40, 0)})["real"]
    owner = owners(real)
    assert {t: key.parent for t, key in owner.items()} == {
        "orders": "customers", "visits": "customers", "lines": "orders"}  # fmt: skip
    told = units(real, owner)
    tables = database(40, 0).tables
    of = dict(zip(tables["customers"]["id"], told.of["customers"], strict=True))
    by_order = dict(zip(tables["orders"]["no"], tables["orders"]["customer"], strict=True))
    assert told.of["lines"].tolist() == [of[by_order[no]] for no in tables["lines"]["no"]]


def test_root_entities_are_those_that_a_generator_takes_rows_to_be_of() -> None:
    rng = np.random.default_rng(0)
    codes = pl.DataFrame({"code": range(400), "label": [f"illness {k}" for k in range(400)]})
    patients = pl.DataFrame({"id": range(60), "born": rng.integers(1930, 2000, 60)})
    who, nurse = np.repeat(range(60), 100), np.arange(6000)
    stays = pl.DataFrame({"patient": who, "code": rng.integers(0, 400, 6000), "nurse": nurse})
    keys = ["stays.code -> codes.code", "stays.patient -> patients.id"]
    real = Database({"codes": codes, "patients": patients, "stays": stays}, keys)
    side = link({"real": real})["real"]
    assert owners(side) == real.overview().roots.homes
    assert owners(side)["stays"].parent == "patients", "and not the larger table, a list"
    of = units(side, owners(side)).of
    assert (of["stays"] == of["patients"].repeat(100)).all()
    nurses = stays.with_columns(nurse=pl.col("nurse") % 7)
    schema = real.schema.replace("stays", columns=lw.infer(nurses, entity="nurse"))
    told = link({"real": Database({**real.tables, "stays": nurses}, schema)})["real"]
    whose = units(told, owners(told)).of["stays"]
    assert len(np.unique(whose)) == 7
    assert (whose[:-7] == whose[7:]).all()


def test_owners_go_round_in_no_circle() -> None:
    tables = {
        "a": pl.DataFrame({"id": range(30), "b": range(30)}),
        "b": pl.DataFrame({"id": range(30), "a": range(30)}),
    }
    real = link({"real": Database(tables, keys=["a.b -> b.id", "b.a -> a.id"])})["real"]
    assert len(owners(real)) == 1
    assert len(units(real, owners(real))) == 30


def tree(up: list[int | None]) -> tuple[Linked, ForeignKey]:
    key = "t.up -> t.id"
    made = Database({"t": pl.DataFrame({"id": range(len(up)), "up": up})}, keys=[key])
    return link({"real": made})["real"], ForeignKey.of(key)


def test_depth_counts_links_to_the_top_and_circles_are_deepest() -> None:
    assert counted.depth_of(*tree([None, 0, 1, 1, 2, None])).tolist() == [0, 1, 2, 2, 3, 0]
    assert counted.depth_of(*tree([1, 0, 2, None])).tolist() == [30, 30, 30, 0]


def test_laws_of_dates_are_found_and_broken_ones_counted() -> None:
    sides = link({"real": database(80, 0), "synthetic": changed("orders", lambda t: t.with_columns(
        day=pl.col("day").dt.offset_by("-60d")))})  # fmt: skip
    found = dates.laws(sides["real"])
    assert [(law.key.table, law.after) for law in found] == [("orders", False)]
    rows, wrong = found[0].broken(sides["synthetic"])
    tables = changed("orders", lambda t: t.with_columns(day=pl.col("day").dt.offset_by("-60d"))).tables
    joined = tables["orders"].join(tables["customers"], left_on="customer", right_on="id")
    assert wrong.sum() == (joined["day"] < joined["since"]).sum() > 0
    assert len(rows) == len(joined)


def test_subtrees_differ_where_one_cell_below_does() -> None:
    base = database(30, 0)
    lines = base.tables["lines"]
    other = base.with_tables({"lines": lines.with_columns(price=pl.when(pl.col("line") == 0).then(0.5)
                                                          .otherwise(pl.col("price"))).reverse()})  # fmt: skip
    sides = link({"real": base, "other": other}, text="value")
    owner = owners(sides["real"])
    one, two = (subtrees(side, owner, "customers") for side in sides.values())
    assert (one[1] == two[1]).all()
    assert (one[0] != two[0]).sum() == 1
    rows = base.tables["orders"].join(lines, on="no").group_by("customer").len()
    visits = base.tables["visits"].group_by("customer").len()
    orders = base.tables["orders"].group_by("customer").len()
    assert one[1].sum() == rows["len"].sum() + visits["len"].sum() + orders["len"].sum()


def test_holdout_roots_that_were_learnt_from_are_left_out_with_what_is_theirs() -> None:
    real, notes = database(60, 0), list[str]()
    mixed = database(60, 2)
    held = mixed.with_tables(
        {"customers": pl.concat([real.tables["customers"].head(10), mixed.tables["customers"].tail(50)])}
    )
    kept = without_known(real, held, notes)
    assert kept is not None
    assert len(kept.tables["customers"]) == 50
    assert kept.tables["orders"]["customer"].is_in(kept.tables["customers"]["id"].to_list()).all()
    assert notes[0].startswith("10 of 60 holdout roots")


def test_a_holdout_of_members_alone_leaves_tables_their_figures() -> None:
    report = lw.evaluate(database(60, 0), database(60, 1), holdout=database(60, 0), measures=[])
    assert [score.name for score in report.tables["orders"].scores]
    assert any(note.startswith("No root of the holdout is left") for note in report.notes)


@pytest.mark.parametrize("role", ["synthetic", "holdout"])
def test_a_table_that_is_not_there_is_named(role: str) -> None:
    less = Database({"customers": database(60, 0).tables["customers"]}, [])
    sides = {"synthetic": database(60, 1), role: less}
    with pytest.raises(InputError, match=f"the {role} database lacks table 'cities'; there are 'customers'"):
        lw.evaluate(database(60, 0), **sides)


def test_a_parent_without_rows_is_no_link_to_show():
    none = pl.DataFrame(schema={"id": pl.Int64, "age": pl.Int64})
    orders = pl.DataFrame({"no": range(40), "user": pl.Series([None] * 40, dtype=pl.Int64), "paid": [1, 2] * 20})
    lines = pl.DataFrame({"of": [k // 2 for k in range(80)], "n": [1, 2, 3, 4] * 20})
    some = Database(
        {"users": none, "orders": orders, "lines": lines}, ["orders.user -> users.id", "lines.of -> orders.no"]
    )
    shown = lw.evaluate(some, some).database
    assert shown is not None
    assert [one.key for one in shown.links] == ["lines.of -> orders.no"]


def test_times_of_day_are_held_against_each_other():
    """Without a year, a month or a day to take them apart by."""
    times = pl.Series(range(0, 40 * 10**12, 10**12)).cast(pl.Time)
    users = pl.DataFrame({"id": range(40), "wakes": times})
    orders = pl.DataFrame({"user": [k // 3 for k in range(120)], "at": times.gather([k % 40 for k in range(120)])})
    some = Database({"users": users, "orders": orders}, ["orders.user -> users.id"])
    assert lw.evaluate(some, some).database is not None
