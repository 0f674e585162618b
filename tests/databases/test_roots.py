"""Whose each row is: people stand behind what is kept, and all their rows are learnt or held out together."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.databases.shops import shop

from likewise import CodecOptions, Synthesizer
from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema, TableSchema
from likewise.databases.links.codes import LEAST, SideCodes
from likewise.databases.links.features import Features
from likewise.databases.roots import Roots, people_of
from likewise.errors import LikewiseWarning, SchemaError
from likewise.schema.column import Column, Kind, Role, Schema

WORD = "zebra"
NUMBER = 987_654
QUICK: dict[str, Any] = {"epochs": 2, "random_state": 0}


def loud_shop(n: int = 60, *, busy: int = 40) -> Database:
    """A shop in which one user alone has a word, and a number, in all of hundreds of rows two tables below."""
    rng = np.random.default_rng(0)
    many = np.append(busy, rng.integers(1, 5, n - 1))
    who = np.repeat(np.arange(n), many)
    rare = who == 0
    orders = pl.DataFrame({
        "no": [f"{'Z' if r else 'A'}{WORD if r else 'order'}-{k:04d}" for k, r in enumerate(rare)],
        "user": who + 1, "way": np.where(rare, f"{WORD} post", rng.choice(["post", "van"], len(who))),
    })  # fmt: skip
    of = np.repeat(np.arange(len(who)), 10)
    rare = rare[of]
    lines = pl.DataFrame({
        "order": orders["no"].gather(of), "line": np.arange(len(of)) % 10 + 1,
        "thing": np.where(rare, WORD, rng.choice(list("abcd"), len(of))),
        "price": np.where(rare, NUMBER, rng.integers(1, 100, len(of))),
        "note": [f"{WORD} {k}" if r else f"note {k % 7}" for k, r in enumerate(rare)],
    })  # fmt: skip
    users = pl.DataFrame({"id": np.arange(n) + 1, "age": rng.integers(18, 80, n)})
    return Database(
        {"users": users, "orders": orders, "lines": lines}, ["orders.user -> users.id", "lines.order -> orders.no"]
    )


def roots(database: Database) -> dict[str, str]:
    """By table, the table whose rows its own go back to."""
    found = database.overview().roots
    return {name: found.root_of(name) for name in database.tables}


@pytest.mark.parametrize("busy", [40, 400])
@pytest.mark.parametrize("text", ["placeholder", "ngram"])
def test_what_one_person_has_in_hundreds_of_rows_never_comes_out(busy: int, text: str, tmp_path: Path) -> None:
    real = loud_shop(busy=busy)
    assert (real.tables["lines"]["thing"] == WORD).sum() == 10 * busy
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        synth = Synthesizer(codec=CodecOptions(text=text), **QUICK).fit(real)  # type: ignore[arg-type]
    synth.save(tmp_path / "m.likewise")
    assert WORD.encode() not in (tmp_path / "m.likewise").read_bytes()
    for seed in range(3):
        for rows in synth.sample(random_state=seed).tables.values():
            texts = pl.concat([column.cast(pl.String) for column in rows], rechunk=True)
            assert not texts.str.contains(WORD).fill_null(False).any()
            assert all((column < NUMBER // 2).all() for column in rows if column.name == "price")


@pytest.mark.parametrize("table", ["users", "orders"])
def test_a_type_that_lists_what_one_person_has_does_not_bring_it_out(table: str, tmp_path: Path) -> None:
    real = loud_shop()
    rows = real.tables[table]
    whose = rows["id" if table == "users" else "user"]
    kind = pl.Series("kind", np.where(whose == 1, WORD, np.where(whose % 2 == 0, "a", "b")), pl.Enum(["a", "b", WORD]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        synth = Synthesizer(**QUICK).fit(real.with_tables({table: rows.with_columns(kind)}))
    synth.save(tmp_path / "m.likewise")
    assert WORD.encode() not in (tmp_path / "m.likewise").read_bytes()
    drawn = synth.sample(random_state=0).tables[table]["kind"]
    assert set(drawn.cast(pl.String)) <= {"a", "b", None}


def test_what_five_people_have_is_kept() -> None:
    real = loud_shop()
    some = real.tables["orders"].filter(pl.col("user") <= 25)["no"]
    lines = real.tables["lines"].with_columns(
        thing=pl.when(pl.col("order").is_in(some.implode())).then(pl.lit(WORD)).otherwise("thing")
    )
    drawn = Synthesizer(**QUICK).fit(real.with_tables({"lines": lines})).sample(random_state=0)
    assert (drawn.tables["lines"]["thing"] == WORD).any()


@pytest.mark.parametrize("few", [10, 40])
def test_few_people_with_many_rows_each_are_people_all_the_same(few: int) -> None:
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(few), 50)
    things = np.where(who == 0, WORD, rng.choice(["a", "b"], len(who)))
    users = pl.DataFrame({"id": np.arange(few), "name": [f"n{k}" for k in range(few)]})
    visits = pl.DataFrame({"user": who, "thing": things})
    real = Database({"users": users, "visits": visits}, ["visits.user -> users.id"])
    assert roots(real) == {"users": "users", "visits": "users"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = Synthesizer(**QUICK).fit(real).sample(random_state=0)
    assert WORD not in drawn.tables["visits"]["thing"].to_list()


def test_all_rows_of_a_person_are_held_out_in_all_tables_or_in_none(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, tuple[pl.DataFrame, Any]] = {}

    def noting(self: Synthesizer, frame: pl.DataFrame, people: Any) -> Synthesizer:
        seen[str(len(seen))] = frame, people
        return fit(self, frame, people)

    fit = Synthesizer._fit_of
    monkeypatch.setattr(Synthesizer, "_fit_of", noting)
    real = shop(150)
    Synthesizer(**QUICK).fit(real)
    held, learnt = set[int](), set[int]()
    for _, people in seen.values():
        held |= set(people.whose[people.held].tolist())
        learnt |= set(people.whose[~people.held].tolist())
    assert len(seen) == 3
    assert not held & learnt
    rows = sum(int(people.held.sum()) for _, people in seen.values())
    assert 0.03 < rows / sum(map(len, real.tables.values())) <= 0.1
    assert len(held | learnt) == 150


def test_a_group_of_several_people_is_parted_by_them() -> None:
    rng = np.random.default_rng(0)
    n = 1200
    teams = pl.DataFrame({"id": np.arange(60), "level": rng.integers(0, 3, 60)})
    users = pl.DataFrame({"id": np.arange(100), "age": rng.integers(18, 80, 100)})
    order = np.sort(rng.integers(0, 60, n))
    games = pl.DataFrame({"team": order, "user": rng.integers(0, 100, n), "points": order % 7 + rng.integers(0, 3, n)})
    keys = ["games.team -> teams.id", "games.user -> users.id"]
    real = Database({"teams": teams, "users": users, "games": games}, keys)
    synth = Synthesizer(**QUICK).fit(real)
    assert synth.database_ is not None
    assert str(synth.database_.graph.owner["games"]) == keys[0]
    assert roots(real)["games"] == "users"
    assert len(synth.sample(random_state=0).tables["games"]) > 0


@pytest.mark.parametrize("far", [False, True])
def test_rows_of_two_peoples_belong_to_the_one_of_more_people(far: bool) -> None:
    rng = np.random.default_rng(0)
    n = 900
    patient, doctor = rng.integers(0, 100, n), rng.integers(0, 30, n)
    visits = pl.DataFrame({
        "visit_id": np.arange(n), "patient_id": patient, "doctor_id": doctor,
        "reason": np.where(patient < 4, WORD, np.where(doctor % 2 == 0, "a", "b")),
    })  # fmt: skip
    tables = {
        "patients": pl.DataFrame({"id": np.arange(100), "born": rng.integers(1930, 2000, 100)}),
        "doctors": pl.DataFrame({"id": np.arange(30), "since": rng.integers(1980, 2020, 30)}), "visits": visits,
    }  # fmt: skip
    keys = ["visits.patient_id -> patients.id", "visits.doctor_id -> doctors.id"]
    if far:  # what is done at a visit, by another doctor
        done = pl.DataFrame({"visit_id": np.arange(n), "doctor_id": rng.integers(0, 30, n), "what": visits["reason"]})
        tables |= {"visits": visits.drop("reason"), "done": done}
        keys += ["done.visit_id -> visits.visit_id", "done.doctor_id -> doctors.id"]
    real = Database(tables, keys)
    assert {roots(real)[name] for name in tables} == {"patients", "doctors"}
    assert roots(real)["done" if far else "visits"] == "patients"
    synth = Synthesizer(**QUICK).fit(real)
    drawn = synth.sample(random_state=0).tables["done" if far else "visits"]
    assert WORD not in drawn["what" if far else "reason"].to_list()


@pytest.mark.parametrize(("served", "serving"), [("patients", "provider"), ("kunden", "mitarbeiter"), ("病人", "医生")])
def test_a_row_is_theirs_who_are_served_however_many_serve(served: str, serving: str) -> None:
    rng = np.random.default_rng(0)
    stays = pl.DataFrame({
        "stay": np.arange(275), "who": rng.integers(0, 100, 275), "by": rng.integers(0, 400, 275),
        "how": rng.choice(["a", "b"], 275),
    })  # fmt: skip
    labs = pl.DataFrame({"stay": rng.integers(0, 275, 900), "v": rng.normal(size=900)})
    tables = {
        served: pl.DataFrame({"id": np.arange(100), "born": rng.integers(1930, 2000, 100)}),
        serving: pl.DataFrame({"id": np.arange(400), "since": rng.integers(1980, 2020, 400)}),
        "stays": stays, "labs": labs,
    }  # fmt: skip
    keys = [f"stays.who -> {served}.id", f"stays.by -> {serving}.id", "labs.stay -> stays.stay"]
    assert roots(Database(tables, keys)) == {served: served, serving: serving, "stays": served, "labs": served}


def test_a_table_called_a_child_belongs_to_its_parent() -> None:
    rng = np.random.default_rng(0)
    parent = pl.DataFrame({"parent_id": np.arange(100), "x": rng.normal(size=100)})
    child = pl.DataFrame({"child_id": np.arange(500), "parent_id": np.sort(rng.integers(0, 100, 500))})
    real = Database({"parent": parent, "child": child}, ["child.parent_id -> parent.parent_id"])
    assert roots(real) == {"parent": "parent", "child": "parent"}


def test_a_large_list_is_no_root() -> None:
    rng = np.random.default_rng(0)
    codes = pl.DataFrame({"code": [f"C{k:04d}" for k in range(400)], "label": [f"illness {k}" for k in range(400)]})
    of = rng.integers(0, 400, 6000)
    patients = pl.DataFrame({"id": np.arange(300), "born": rng.integers(1930, 2000, 300)})
    stays = pl.DataFrame({"patient": rng.integers(0, 300, 6000), "code": codes["code"].gather(of), "cost": of * 10})
    keys = ["stays.code -> codes.code", "stays.patient -> patients.id"]
    real = Database({"codes": codes, "patients": patients, "stays": stays}, keys)
    assert roots(real) == {"codes": "codes", "patients": "patients", "stays": "patients"}
    alone = Database({"codes": codes, "stays": stays.drop("patient")}, keys[:1])
    assert roots(alone)["stays"] == "stays", "rows that name nobody are roots of their own, not those of a list"
    stays = stays.rename({"patient": "patient_id"})
    with pytest.warns(LikewiseWarning, match="'patient_id' repeats as the key of a person"):
        synth = Synthesizer(**QUICK).fit(Database({"codes": codes, "stays": stays}, keys[:1]))
    assert synth.database_ is not None


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("PATIENT", "ID"), ("shop_customers_dataset", "id"), ("dim_kunde", "id"), ("demographics", "PATIENT"),
        ("stammdaten", "Kundennummer"), ("registro", "id_paciente"), ("档案", "患者"), ("台帳", "顧客"),
        ("anketa", "клиент"),
    ],
)  # fmt: skip
def test_a_table_is_of_people_by_its_bare_name_or_by_that_of_its_key(table: str, key: str) -> None:
    """Though its rows were written down together by something else, which would own them."""
    rng = np.random.default_rng(0)
    tables = {
        table: pl.DataFrame({key: np.arange(60) * 7 + 100, "born": rng.integers(1930, 2000, 60)}),
        "products": pl.DataFrame({"product_id": np.arange(200) + 1, "price": rng.normal(size=200)}),
        "orders": pl.DataFrame({
            "of": rng.integers(0, 60, 600) * 7 + 100, "product_id": np.sort(rng.integers(1, 201, 600))
        }),
    }  # fmt: skip
    keys = [f"{table}({key})", f"orders.of -> {table}.{key}", "orders.product_id -> products.product_id"]
    assert roots(Database(tables, keys))["orders"] == table


@pytest.mark.parametrize(
    ("table", "key"), [("accounts", "account_id"), ("parts", "part_id"), ("roles", "user_role_id"), ("sorts", "kind")]
)
def test_a_table_is_of_nobody_by_the_key_of_a_thing(table: str, key: str) -> None:
    schema = DatabaseSchema({table: TableSchema(primary=(key,))})
    assert not people_of(schema)
    assert people_of(DatabaseSchema({table: TableSchema(primary=("user_id",))})) == {table}
    assert not people_of(DatabaseSchema({table: TableSchema(primary=("user_id", "no"))}))


def test_people_of_a_table_left_out_stand_behind_rows_that_belong_to_a_thing() -> None:
    """Five rows of one patient, each at another hospital, are one person's."""
    rng = np.random.default_rng(0)
    patients = [f"00000000-0000-4000-8000-{k * 48271:012x}" for k in range(100)]
    at = np.append(rng.integers(1, 100, 600), np.zeros(30, int))
    stays = pl.DataFrame({
        "hospital": np.append(rng.integers(0, 50, 600), np.arange(30)), "PATIENT": [patients[k] for k in at],
        "thing": np.where(at == 0, WORD, rng.choice(["a", "b"], len(at))),
    })  # fmt: skip
    hospitals = pl.DataFrame({"id": np.arange(50), "beds": rng.integers(10, 900, 50)})
    real = Database({"hospitals": hospitals, "stays": stays}, ["stays.hospital -> hospitals.id"])
    with pytest.warns(LikewiseWarning, match="table 'stays': column 'PATIENT' repeats as the key of a person"):
        synth = Synthesizer(**QUICK).fit(real)
    assert WORD not in synth.sample(random_state=0).tables["stays"]["thing"].to_list()


def test_a_declared_root_beats_the_one_that_is_found() -> None:
    real = shop(80)
    assert roots(real) == dict.fromkeys(real.tables, "users")
    told = Database(real.tables, real.schema, root="orders")
    assert roots(told) == {"users": "users", "orders": "orders", "lines": "orders"}
    assert DatabaseSchema.from_json(told.schema.to_json()).root == "orders"
    columns = Schema((Column(name="order", kind=Kind.ID, role=Role.ENTITY),))
    by_role = Database(real.tables, real.schema.replace("lines", columns=columns))
    assert by_role.overview().roots.homes["lines"].columns == ("order",)
    with pytest.raises(SchemaError, match="no table 'user'; did you mean 'users'"):
        Database(real.tables, real.schema, root="user")
    with pytest.raises(SchemaError, match="kept"):
        replace(real.schema.replace("users", kept=True), root="users")


def test_people_who_point_at_other_people_are_roots_unless_they_are_the_same() -> None:
    staff = pl.DataFrame({"id": np.arange(30), "age": np.arange(30)})
    customers = pl.DataFrame({"id": np.arange(90), "staff": np.arange(90) % 30, "age": np.arange(90)})
    keys = ["customers.staff -> employees.id"]
    assert roots(Database({"employees": staff, "customers": customers}, keys))["customers"] == "customers"
    same = pl.DataFrame({"id": np.arange(30), "year": np.arange(30) % 4})
    both = Database({"persons": staff, "students": same}, ["persons(id)", "students(id)", "students.id -> persons.id"])
    assert roots(both)["students"] == "persons"


def test_rows_without_a_home_are_each_a_root_of_its_own() -> None:
    (key,) = Database({"a": pl.DataFrame({"id": [1]}), "b": pl.DataFrame({"a": [1]})}, ["b.a -> a.id"]).schema.foreign
    whose = Roots({"b": key}).whose({key: np.array([1, -1, 1])}, {"a": 2, "b": 3}, {})
    assert whose["b"][0] == whose["b"][2] == whose["a"][1]
    assert len({*whose["a"].tolist(), *whose["b"].tolist()}) == 3
    by_column = Roots({}, columns={"b": "x"}).whose({}, {"b": 4}, {"b": pl.DataFrame({"x": ["u", None, "u", "v"]})})
    assert by_column["b"][0] == by_column["b"][2]
    assert len(set(by_column["b"].tolist())) == 3


def test_people_stand_behind_a_leaf_and_a_level_of_what_is_pointed_at() -> None:
    rng = np.random.default_rng(0)
    whose = np.where(np.arange(400) < 200, 0, np.arange(400))
    parents = pl.DataFrame({
        "kind": np.where(whose == 0, WORD, rng.choice(["a", "b"], 400)),
        "size": np.where(whose == 0, 1e6, rng.normal(size=400)),
    })  # fmt: skip
    degrees = np.ones(400, np.int64)
    assert WORD in str(Features.fit(parents, degrees).to_dict())
    assert WORD not in str(Features.fit(parents, degrees, whose).to_dict())
    side = SideCodes.fit(parents, degrees, rng, whose=whose)
    codes = side.codes(parents, degrees)
    for leaf in np.unique(codes[:, 0]):
        assert len(np.unique(whose[codes[:, 0] == leaf])) >= LEAST


def test_no_table_is_named_after_people_by_what_it_says_of_them() -> None:
    schema = DatabaseSchema({"user_orders": TableSchema(primary=("id",))})
    assert roots(Database({"user_orders": pl.DataFrame({"id": [1, 2]})}, schema)) == {"user_orders": "user_orders"}


@pytest.mark.parametrize("rows", [1, 40])
def test_a_number_that_fewer_than_five_people_have_is_no_centre(rows: int) -> None:
    parents = pl.DataFrame({"rent": [float(NUMBER)] * rows})
    one = np.zeros(rows, np.int64)
    assert str(float(NUMBER)) not in str(Features.fit(parents, one + 1, one).to_dict())
    assert str(float(NUMBER)) in str(Features.fit(parents, one + 1, np.arange(rows)).to_dict()) or rows < LEAST
