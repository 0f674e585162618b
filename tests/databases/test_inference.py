"""Keys that are found, and those that are not: each case is one kind of database."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from likewise.databases.database import Database
from likewise.databases.inference import infer_keys, with_orders
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def foreign(schema: DatabaseSchema) -> set[str]:
    return {str(key) for key in schema.foreign}


def drawn(seed: int, n: int, high: int, low: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high + 1, n)


def users(n: int = 50) -> pl.DataFrame:
    return pl.DataFrame({"id": range(1, n + 1), "age": drawn(0, n, 80, 18)})


@pytest.mark.parametrize(
    ("parent", "key", "column"),
    [
        ("users", "id", "user_id"), ("User", "UserId", "UserId"), ("categories", "id", "category_id"),
        ("kunden", "nr", "kunde_nr"), ("clientes", "id", "id_cliente"), ("tbl_users", "id", "user_id"),
        ("customers", "id", "cust_id"), ("departments", "dept_no", "dept_no"), ("users", "id", "user"),
        ("order_items", "id", "order_item_id"), ("PRODUCT", "PRODUCTID", "PRODUCTID"), ("客户", "客户编号", "客户编号"),
        ("people", "id", "person_id"), ("addresses", "id", "billing_address_id"), ("teams", "id", "away_team"),
    ],
)  # fmt: skip
def test_a_column_named_as_the_key_of_a_table_points_at_it(parent: str, key: str, column: str) -> None:
    child = pl.DataFrame({"no": range(1000, 1200), column: drawn(1, 200, 50), "rating": drawn(2, 200, 5)})
    schema = infer_keys({parent: users().rename({"id": key}), "events": child})
    assert [(k.columns, k.parent, k.parent_columns) for k in schema.foreign] == [((column,), parent, (key,))]
    assert schema.tables[parent].primary == (key,)


def test_small_whole_numbers_that_lie_among_those_of_a_key_make_none() -> None:
    n = 300
    events = pl.DataFrame({
        "event_id": range(n), "rating": drawn(1, n, 5), "year": drawn(2, n, 2020, 2000), "quantity": drawn(3, n, 9),
        "position": drawn(4, n, 20), "month": drawn(5, n, 12), "count": drawn(6, n, 50), "score": drawn(7, n, 40),
        "level": drawn(8, n, 3), "group": drawn(9, n, 4), "code": drawn(10, n, 30),
    })  # fmt: skip
    years = pl.DataFrame({"year_id": range(1, 41), "label": [f"y{i}" for i in range(40)]})
    ratings = pl.DataFrame({"id": range(1, 5001), "stars": drawn(11, 5000, 5)})
    schema = infer_keys({"users": users(3000), "events": events, "years": years, "ratings": ratings})
    assert foreign(schema) == set()


def test_a_count_of_others_is_no_key_of_theirs() -> None:
    rooms = pl.DataFrame({"id": range(1, 13), "area": [f"a{i}" for i in range(12)]})
    houses = pl.DataFrame({"house_id": range(90), "rooms": drawn(1, 90, 12), "room": drawn(2, 90, 12)})
    assert foreign(infer_keys({"rooms": rooms, "houses": houses})) == {"houses.room -> rooms.id"}


@pytest.mark.parametrize(
    ("table", "column", "high"),
    [
        ("orders", "order_status_id", 5), ("cost", "cost_event_id", 90), ("customer_types", "member_type_id", 3),
        ("employees", "staff", 30), ("employees", "reports", 8), ("order_items", "status_id", 4),
    ],
)  # fmt: skip
def test_a_name_that_only_begins_or_ends_as_that_of_a_table_is_of_another(table: str, column: str, high: int) -> None:
    key = f"{table.removesuffix('s')}_id"
    own = pl.DataFrame({key: range(1, 101), column: drawn(1, 100, high), "score": drawn(2, 100, 9)})
    other = pl.DataFrame({"visit_id": range(100), column: drawn(3, 100, high)})
    assert foreign(infer_keys({table: own, "visits": other})) == set()


def test_a_name_may_say_whose_and_in_what_role() -> None:
    accounts = pl.DataFrame({"account_id": range(1, 51), "score": drawn(1, 50, 9)})
    moves = {"move_id": range(200)} | {name: drawn(7, 200, 50) for name in ("account_id_from", "to_account_id")}
    assert foreign(infer_keys({"accounts": accounts, "moves": pl.DataFrame(moves)})) == {
        "moves.account_id_from -> accounts.account_id", "moves.to_account_id -> accounts.account_id"
    }  # fmt: skip


def test_letters_before_all_columns_of_a_table_are_no_part_of_their_names() -> None:
    tables = {
        "nation": pl.DataFrame(
            {"n_nationkey": range(25), "n_name": [f"n{i}" for i in range(25)], "n_size": drawn(1, 25, 9)}
        ),
        "orders": pl.DataFrame(
            {"o_orderkey": range(100), "o_nationkey": drawn(2, 100, 24, 0), "o_size": drawn(3, 100, 9)}
        ),
    }
    schema = infer_keys(tables)
    assert foreign(schema) == {"orders.o_nationkey -> nation.n_nationkey"}
    assert [table.primary for table in schema.tables.values()] == [("n_nationkey",), ("o_orderkey",)]


def test_rows_that_are_numbered_in_every_table_do_not_point_at_each_other() -> None:
    patients = pl.DataFrame({"ROW_ID": range(1, 81), "SUBJECT_ID": range(10006, 10806, 10), "AGE": drawn(1, 80, 90)})
    stays = pl.DataFrame({
        "ROW_ID": range(1, 301), "SUBJECT_ID": 9996 + 10 * drawn(2, 300, 80), "HADM_ID": range(10**5, 10**5 + 300)
    })  # fmt: skip
    notes = pl.DataFrame({"ROW_ID": range(1, 501), "HADM_ID": 99999 + drawn(3, 500, 300), "LENGTH": drawn(4, 500, 999)})
    assert foreign(infer_keys({"patients": patients, "stays": stays, "notes": notes})) == {
        "stays.SUBJECT_ID -> patients.SUBJECT_ID", "notes.HADM_ID -> stays.HADM_ID"
    }  # fmt: skip


def test_a_manager_is_a_row_of_people_only() -> None:
    stores = pl.DataFrame({"store_id": range(1, 31), "manager_id": drawn(5, 30, 29)})
    staff = pl.DataFrame({"employee_id": range(1, 31), "manager_id": drawn(5, 30, 29)})
    assert foreign(infer_keys({"stores": stores})) == set()
    assert foreign(infer_keys({"employees": staff})) == {"employees.manager_id -> employees.employee_id"}


def test_texts_of_several_words_are_keys_where_they_are_named_so() -> None:
    kinds = [f"has been {a} by {b}" for a in ("put", "sent", "seen") for b in ("me", "you", "them")]
    tables = {
        "relationship": pl.DataFrame({"relationship_id": kinds, "reverse_relationship_id": kinds[::-1]}),
        "pairs": pl.DataFrame({"pair_id": range(90), "relationship_id": kinds * 10}),
    }  # fmt: skip
    assert foreign(infer_keys(tables)) == {
        "relationship.reverse_relationship_id -> relationship.relationship_id",
        "pairs.relationship_id -> relationship.relationship_id",
    }


def test_na_is_a_key_among_keys_and_missing_elsewhere() -> None:
    codes = ["DE", "FR", "NA", "US", "BR", "IN"]
    countries = pl.DataFrame({"country_code": codes, "area": drawn(1, 6, 900)})
    cities = pl.DataFrame({"city_id": range(60), "country_code": codes * 10})
    assert infer_keys({"countries": countries, "cities": cities}).tables["countries"].primary == ("country_code",)
    less = {"countries": countries.filter(pl.col("country_code") != "NA"), "cities": cities}
    key = "cities.country_code -> countries.country_code"
    assert infer_keys(less).evidence[key].startswith("all 50 found")


def test_a_key_of_another_table_is_not_its_own_though_its_name_holds_it() -> None:
    pairs = pl.DataFrame({"film_id": range(1, 101), "category_id": drawn(3, 100, 16)})
    tables = {
        "film": pl.DataFrame({"film_id": range(1, 101)}), "category": pl.DataFrame({"category_id": range(1, 17)}),
        "film_category": pairs,
    }  # fmt: skip
    assert foreign(infer_keys(tables)) == {
        "film_category.film_id -> film.film_id", "film_category.category_id -> category.category_id"
    }  # fmt: skip


def test_codes_point_by_their_values_where_chance_would_not_find_them() -> None:
    rng = np.random.default_rng(3)
    codes = sorted({"".join(rng.choice(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 3)) for _ in range(300)})
    airports = pl.DataFrame({"iata": codes, "alt": rng.integers(0, 3000, len(codes))})
    flights = pl.DataFrame({
        "flight_no": range(500), "dest": rng.choice(codes, 500), "origin": rng.choice(codes[:4], 500),
        "kind": rng.choice(["XYZ", "QQQ"], 500),
    })  # fmt: skip
    schema = infer_keys({"airports": airports, "flights": flights})
    assert foreign(schema) == {"flights.dest -> airports.iata", "flights.origin -> airports.iata"}


def test_a_table_that_joins_two_has_both_as_its_key() -> None:
    pairs = pl.DataFrame({"a": np.repeat(range(1, 51), 20), "b": np.tile(range(1, 21), 50)}).sample(700, seed=1)
    tables = {
        "students": pl.DataFrame({"student_id": range(1, 51)}), "courses": pl.DataFrame({"course_id": range(1, 21)}),
        "enrolled": pairs.rename({"a": "student_id", "b": "course_id"}),
        "visits": pl.DataFrame({"visit_id": range(700), "student_id": pairs["a"], "course_id": pairs["b"]}),
    }  # fmt: skip
    schema = infer_keys(tables)
    assert schema.tables["enrolled"].primary == ("student_id", "course_id")
    assert schema.tables["visits"].unique == (("student_id", "course_id"),)
    repeated = pl.concat([pairs, pairs.head(9)]).rename({"a": "student_id", "b": "course_id"})
    assert infer_keys(tables | {"enrolled": repeated}).tables["enrolled"].primary == ()


def test_keys_of_several_columns_are_found_and_pointed_at() -> None:
    orders = pl.DataFrame({"order_id": range(1, 101)})
    lines = pl.DataFrame(
        {"order_id": np.repeat(range(1, 101), 3), "line_no": np.tile([1, 2, 3], 100), "qty": [1] * 300}
    )
    returns = lines.select("order_id", "line_no").sample(80, seed=2).with_row_index("return_id", offset=9000)
    returns = pl.concat([returns, returns.head(5).with_columns(return_id=pl.col("return_id") + 500)])
    schema = infer_keys({"orders": orders, "lines": lines, "returns": returns})
    assert schema.tables["lines"].primary == ("order_id", "line_no")
    assert schema.tables["lines"].order == "line_no"
    assert foreign(schema) == {
        "lines.order_id -> orders.order_id",
        "returns(order_id, line_no) -> lines(order_id, line_no)",
    }


def test_one_to_one_points_at_the_table_that_the_key_is_named_after() -> None:
    profiles = pl.DataFrame({"user_id": range(1, 41), "bio": [f"text {i} of {i}" for i in range(40)]})
    schema = infer_keys({"profiles": profiles, "users": users()})
    assert foreign(schema) == {"profiles.user_id -> users.id"}
    assert schema.tables["profiles"].primary == ("user_id",)


def test_rows_point_at_rows_of_their_own_table() -> None:
    boss = [None, 1, 1, *drawn(4, 47, 3)]
    staff = pl.DataFrame(
        {"employee_id": range(1, 51), "manager_id": boss, "parent_employee_id": boss, "grade": drawn(5, 50, 5)}
    )
    assert foreign(infer_keys({"employees": staff})) == {
        "employees.manager_id -> employees.employee_id", "employees.parent_employee_id -> employees.employee_id"
    }  # fmt: skip


def test_tables_point_at_each_other_in_a_circle() -> None:
    store = pl.DataFrame({"store_id": range(1, 31), "manager_staff_id": range(1, 31)})
    staff = pl.DataFrame({"staff_id": range(1, 101), "store_id": drawn(6, 100, 30)})
    assert foreign(infer_keys({"store": store, "staff": staff})) == {
        "store.manager_staff_id -> staff.staff_id", "staff.store_id -> store.store_id"
    }  # fmt: skip


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([str(i) for i in drawn(7, 200, 50)]), pl.Series([f"{i}.0" for i in drawn(7, 200, 50)]),
        pl.Series(drawn(7, 200, 50).astype(float)).set(pl.Series([True] + [False] * 199), None),
        pl.Series(drawn(7, 200, 50), dtype=pl.UInt8), pl.Series([*map(str, drawn(7, 199, 50)), "NA"]),
    ],
)  # fmt: skip
def test_keys_of_unlike_types_are_the_same(column: pl.Series) -> None:
    schema = infer_keys({"users": users(), "orders": pl.DataFrame({"no": range(900, 1100), "user_id": column})})
    assert foreign(schema) == {"orders.user_id -> users.id"}
    assert "all" in schema.evidence["orders.user_id -> users.id"]


def test_a_unique_column_that_is_no_primary_key_is_pointed_at() -> None:
    logins = [f"u{i * 7919 % 100003:05d}" for i in range(80)]
    people = pl.DataFrame({"id": range(1, 81), "username": logins})
    posts = pl.DataFrame({"post_id": range(300), "username": np.random.default_rng(8).choice(logins, 300)})
    schema = infer_keys({"people": people, "posts": posts})
    assert foreign(schema) == {"posts.username -> people.username"}
    assert schema.tables["people"].keys == (("id",), ("username",))


def test_neither_order_of_tables_nor_of_rows_changes_what_is_found() -> None:
    tables = {"users": users(), "orders": pl.DataFrame({"no": range(900, 1100), "user_id": drawn(9, 200, 50)})}
    turned = {name: tables[name].sample(fraction=1, shuffle=True, seed=1) for name in reversed(tables)}
    assert infer_keys(turned) == infer_keys(tables)


@pytest.mark.parametrize("sizes", [(1, 5), (0, 0), (3, 0), (0, 4)])
def test_tables_of_hardly_any_rows_are_no_error(sizes: tuple[int, int]) -> None:
    n, m = sizes
    orders = pl.DataFrame(
        {"no": range(m), "user_id": [1] * m, "empty": [None] * m}, schema_overrides={"user_id": pl.Int64}
    )
    assert foreign(Database({"users": users(n), "orders": orders}).schema) <= {"orders.user_id -> users.id"}


@pytest.mark.parametrize("share", [0, 0.05, 0.5, 1])
def test_links_that_are_missing_do_not_count(share: float) -> None:
    column = pl.Series([None if i < share * 200 else int(v) for i, v in enumerate(drawn(9, 200, 50))], dtype=pl.Int64)
    schema = infer_keys({"users": users(), "orders": pl.DataFrame({"no": range(900, 1100), "user_id": column})})
    assert foreign(schema) == ({"orders.user_id -> users.id"} if share < 1 else set())
    assert schema.tables["orders"].required == (("user_id",) if share == 0 else ())


def test_a_chain_and_parts_that_hang_together_nowhere() -> None:
    names = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "omega"]
    tables = {}
    for at, name in enumerate(names):
        up = {} if at in (0, 6) else {f"{names[at - 1]}_id": drawn(at, 20, 20)}
        tables[name] = pl.DataFrame({f"{name}_id": range(1, 21), **up, "score": drawn(50 + at, 20, 20)})
    expected = {f"{name}.{up}_id -> {up}.{up}_id" for up, name in pairwise(names) if name != "eta"}
    assert foreign(infer_keys(tables)) == expected


def test_a_column_of_several_tables_by_a_type_points_at_none() -> None:
    n = 300
    tables = {
        "posts": pl.DataFrame({"id": range(1, 51), "likes": drawn(1, 50, 90)}),
        "photos": pl.DataFrame({"id": range(1, 201), "width": drawn(2, 200, 900)}),
        "comments": pl.DataFrame({
            "comment_id": range(n), "subject_type": ["post", "photo"] * 150, "subject_id": drawn(3, n, 250)
        }),
    }  # fmt: skip
    assert foreign(infer_keys(tables)) == set()


def test_odd_names_are_names() -> None:
    tables = {
        "order items": pl.DataFrame({"Order Item ID": range(40), 'the "user" id': drawn(4, 40, 30), "select": 1}),
        "user": pl.DataFrame({"user.id": range(1, 31), "1": [2] * 30, "x" * 80: [3] * 30}),
    }  # fmt: skip
    schema = infer_keys(tables)
    assert foreign(schema) == {'"order items"."the ""user"" id" -> user."user.id"'}
    assert DatabaseSchema.from_json(schema.to_json()) == schema


def test_births_order_nothing_and_times_do() -> None:
    days = [f"20{10 + i % 9}-0{1 + i % 9}-1{i % 10}" for i in range(200)]
    visits = {"visit_id": range(900, 1100), "user_id": drawn(9, 200, 50), "birth_date": days, "visited": days[::-1]}
    assert infer_keys({"users": users(), "visits": pl.DataFrame(visits)}).tables["visits"].order == "visited"
    declared = DatabaseSchema(
        {"users": TableSchema(primary=("id",)), "visits": TableSchema()}, (ForeignKey.of("visits.user_id -> users.id"),)
    )
    assert with_orders({"users": users(), "visits": pl.DataFrame(visits)}, declared).tables["visits"].order == "visited"


def test_what_is_told_beats_what_is_found() -> None:
    tables = {
        "users": users(), "old_users": users().rename({"age": "years"}),
        "orders": pl.DataFrame({"no": range(900, 1100), "user_id": drawn(9, 200, 50)}),
    }  # fmt: skip
    told = Database(tables, {"orders.user_id": "old_users.id", "orders": ["no", "user_id"]}).schema
    assert foreign(told) == {"orders.user_id -> old_users.id"}
    assert told.tables["orders"].primary == ("no", "user_id")
    assert told.tables["users"].primary == ("id",)
    assert Database(tables, told.to_dict()).schema == told
    assert Database(tables, told).schema is told


# ---- real ones -------------------------------------------------------------------------------------------------------


def f1_keys() -> set[str]:
    meta = json.loads((SHARED / "relbench_f1" / "dataset_meta.json").read_text())
    return {f"{child}.{parent}_id -> {parent}.{parent}_id" for parent, child in meta["relation_order"] if parent}


TRUE = {
    "chinook": {
        "Album.ArtistId -> Artist.ArtistId", "Customer.SupportRepId -> Employee.EmployeeId",
        "Employee.ReportsTo -> Employee.EmployeeId", "Invoice.CustomerId -> Customer.CustomerId",
        "InvoiceLine.InvoiceId -> Invoice.InvoiceId", "InvoiceLine.TrackId -> Track.TrackId",
        "PlaylistTrack.PlaylistId -> Playlist.PlaylistId", "PlaylistTrack.TrackId -> Track.TrackId",
        "Track.AlbumId -> Album.AlbumId", "Track.MediaTypeId -> MediaType.MediaTypeId",
        "Track.GenreId -> Genre.GenreId",
    },
    "berka": {
        "account.district_id -> district.district_id", "card.disp_id -> disp.disp_id",
        "client.district_id -> district.district_id", "disp.client_id -> client.client_id",
        "disp.account_id -> account.account_id", "loan.account_id -> account.account_id",
        "order.account_id -> account.account_id",
    },
    "cdnow": {"purchases.users_id -> users.id"},
    "mutagenesis": {
        "atom.molecule_id -> molecule.molecule_id", "bond.atom1_id -> atom.atom_id", "bond.atom2_id -> atom.atom_id"
    },
    "gtfs_sample": {
        "calendar_dates.service_id -> calendar.service_id", "fare_rules.fare_id -> fare_attributes.fare_id",
        "fare_rules.route_id -> routes.route_id", "frequencies.trip_id -> trips.trip_id",
        "routes.agency_id -> agency.agency_id", "stop_times.trip_id -> trips.trip_id",
        "stop_times.stop_id -> stops.stop_id", "trips.route_id -> routes.route_id",
        "trips.service_id -> calendar.service_id",
    },
    "nycflights13": {
        "flights.carrier -> airlines.carrier", "flights.tailnum -> planes.tailnum", "flights.dest -> airports.faa",
        "flights.origin -> airports.faa", "weather.origin -> airports.faa",
        "flights(origin, time_hour) -> weather(origin, time_hour)",
    },
}  # fmt: skip


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not there")
@pytest.mark.parametrize("name", [*TRUE, "relbench_f1"])
def test_all_keys_of_real_databases_are_found_and_no_other(name: str) -> None:
    schema = Database.from_folder(SHARED / name).schema
    assert foreign(schema) == (f1_keys() if name == "relbench_f1" else TRUE[name])
