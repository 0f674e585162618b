"""What cannot be read or written is said in words: no cell, no password; and nothing is left behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import duckdb
import polars as pl
import pytest
from tests.databases.sql.conftest import PASSWORD, Server

from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema, TableSchema
from likewise.databases.sql import sessions, writing
from likewise.databases.sql.reflection import reflect
from likewise.databases.sql.urls import place
from likewise.errors import InputError, LikewiseError, LikewiseWarning, OutputError


def shop(n: int = 3) -> Database:
    users = pl.DataFrame({"id": range(n), "name": [f"user {i}" for i in range(n)]})
    orders = pl.DataFrame({"no": range(2 * n), "user": [i // 2 for i in range(2 * n)]})
    return Database({"orders": orders, "users": users}, ["orders.user -> users.id", "orders(no)", "users(id)"])


def name_of(url: str) -> str:
    found = re.search(r"(?:@|localhost)/(\w+)", url)
    assert found
    return found[1]


@pytest.fixture(params=["postgresql", "mysql"])
def server(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue("postgres" if request.param == "postgresql" else "mariadb")


# ---- reaching it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [
    "postgresql://zoe:s3cret@127.0.0.1:1/shop", "mysql://zoe:s3cret@127.0.0.1:1/shop",
    "postgresql://zoe:s3cret%2F%40@no-such-host.invalid/shop",
])  # fmt: skip
def test_a_server_that_is_not_there_is_named_without_the_password(url: str) -> None:
    for act in (lambda: Database.from_sql(url), lambda: shop().to_sql(url)):
        with pytest.raises(LikewiseError, match="cannot be reached") as error:
            act()
        assert "s3cret" not in str(error.value)
        assert "zoe" not in str(error.value)


def test_a_wrong_password_is_said_and_not_shown(server: Server) -> None:
    url = server.of(name_of(server.new()), "likewise", "wr0ng-w0rd")
    with pytest.raises(InputError, match="refuses the user or the password") as error:
        Database.from_sql(url)
    assert "wr0ng" not in str(error.value)
    assert "wr0ng" not in repr(place(url))


@pytest.mark.parametrize("url", [
    "postgresql://u:p@w/s3cret?x@host/db", "mysql://u:s3cret@host/db?password=s3cret", "postgresql://u:s3cret/x@h/db",
])  # fmt: skip
def test_no_form_of_a_url_shows_a_password(url: str) -> None:
    assert "s3cret" not in str(place(url))


def test_what_is_no_database_is_said(tmp_path: Path, server: Server) -> None:
    with pytest.raises(InputError, match="there is no file"):
        Database.from_sql(tmp_path / "none.sqlite")
    (tmp_path / "torn.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(InputError, match="damaged"):
        Database.from_sql(tmp_path / "torn.sqlite")
    with pytest.raises(InputError, match="is no database"):
        Database.from_sql(tmp_path / "people.csv")
    with pytest.raises(InputError, match="no database of this name"):
        Database.from_sql(server.url("nowhere"))
    with pytest.raises(InputError, match="has no tables"):
        Database.from_sql(server.new())
    with pytest.raises(InputError, match="did you mean 'users'"):
        Database.from_sql(server.new("CREATE TABLE users (id int)"), tables="user")


def test_a_file_is_told_by_what_stands_in_it(tmp_path: Path) -> None:
    shop().to_sql(tmp_path / "a.sqlite")
    shop().to_sql(tmp_path / "b.duckdb")
    (tmp_path / "a.sqlite").rename(tmp_path / "one.db")
    (tmp_path / "b.duckdb").rename(tmp_path / "two.db")
    assert place(tmp_path / "one.db").dialect == "sqlite"
    assert place(tmp_path / "two.db").dialect == "duckdb"
    assert Database.from_sql(tmp_path / "two.db").tables["users"].height == 3


def test_a_driver_or_an_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no such driver"):
        Database.from_sql("postgresql+no_such_driver://localhost/shop")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"pip install 'psycopg\[binary\]'"):
        Database.from_sql("postgresql://localhost/shop")
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ImportError, match=r"likewise\[sql\]"):
        Database.from_sql("postgresql://localhost/shop")


# ---- rights and locks ------------------------------------------------------------------------------------------------


def test_no_right_to_make_tables_is_told_before_the_work(server: Server) -> None:
    url = server.new()
    name = name_of(url)
    if server.dialect == "postgresql":
        server.run(
            name, f"CREATE USER reader_{name} PASSWORD '{PASSWORD}'", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
        )
    else:
        server.run(name, f"CREATE USER reader_{name}@localhost IDENTIFIED BY '{PASSWORD}'",
                   f"GRANT SELECT ON {name}.* TO reader_{name}@localhost")  # fmt: skip
    reader = server.url(name, f"reader_{name}")
    with pytest.raises(OutputError, match="lacks the right"):
        shop().check_sql(reader)
    with pytest.raises(OutputError, match="lacks the right"):
        shop().to_sql(reader)


def test_a_right_target_passes_the_check_and_stays_empty(empty_database: str) -> None:
    shop().check_sql(empty_database)
    shop().to_sql(empty_database)
    with pytest.raises(OutputError, match="holds rows already"):
        shop().check_sql(empty_database)
    shop().check_sql(empty_database, replace=True)
    assert set(Database.from_sql(empty_database).tables) == {"users", "orders"}


def test_a_type_that_is_not_there_is_told_before_the_work_by_name(postgres: Server) -> None:
    url = postgres.new(
        "CREATE TYPE place AS (street text, no int)", "CREATE TYPE mood AS ENUM ('a', 'b')",
        "CREATE TABLE homes (id int PRIMARY KEY, at place, mood mood)",
        "INSERT INTO homes VALUES (1, ROW('x', 1), 'a')",
    )  # fmt: skip
    with pytest.warns(LikewiseWarning, match="read as text"):
        real, other = Database.from_sql(url), postgres.new()
    for write in (real.check_sql, real.to_sql):
        with pytest.raises(OutputError, match=r"table 'homes': column 'at' is of type 'public\.place', which"):
            write(other)
    postgres.run(name_of(other), "CREATE TYPE place AS (street text, no int)")
    real.check_sql(other)
    real.to_sql(other)
    with pytest.warns(LikewiseWarning, match="read as text"):
        assert Database.from_sql(other).tables["homes"].equals(real.tables["homes"])


def test_types_of_a_schema_that_is_not_read_go_along(postgres: Server) -> None:
    url, other = (
        postgres.new(
            "CREATE SCHEMA kinds", "CREATE TYPE kinds.mood AS ENUM ('a', 'b')",
            "CREATE DOMAIN kinds.small AS int CHECK (VALUE < 9)",
            "CREATE TABLE t (id int PRIMARY KEY, mood kinds.mood DEFAULT 'a', n kinds.small)",
            "INSERT INTO t VALUES (1, 'b', 3)",
        ),
        postgres.new(),
    )  # fmt: skip
    real = Database.from_sql(url)
    assert real.schema.tables["t"].checks == ("n < 9",)
    real.check_sql(other)
    real.to_sql(other)
    assert Database.from_sql(other).tables["t"].equals(real.tables["t"])


def test_mysql_takes_no_check_of_what_it_counts_up(mariadb: Server, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "t.sqlite")) as made:
        made.executescript(
            "CREATE TABLE t (id INTEGER PRIMARY KEY CHECK (id > 0), n int CHECK (n > 1)); INSERT INTO t VALUES (1, 2);"
        )
    real, url = Database.from_sql(tmp_path / "t.sqlite"), mariadb.new()
    with pytest.warns(LikewiseWarning, match="the rule id > 0 is no CHECK"):
        real.to_sql(url)
    assert Database.from_sql(url).schema.tables["t"].checks == ("n > 1",)


def test_what_a_target_would_refuse_is_told_before_the_work(tmp_path: Path) -> None:
    other = Database({"orders": pl.DataFrame({"id": [1]})}, [])
    other.to_sql(tmp_path / "x.sqlite")
    with pytest.raises(OutputError, match="is there already and has no column"):
        shop().check_sql(tmp_path / "x.sqlite", replace=True)
    long = Database({"t": pl.DataFrame({"x" * 64: [1]})}, [])
    with pytest.raises(OutputError, match="longer than postgresql has them"):
        long.check_sql("postgresql://localhost/nowhere")


def test_a_locked_table_is_not_waited_for_without_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "TIMEOUT", 1)
    url = server.new()
    shop().to_sql(url)
    with server.connect(name_of(url)) as holder:
        cursor = holder.cursor()
        cursor.execute("BEGIN" if server.dialect == "postgresql" else "LOCK TABLES users WRITE")
        if server.dialect == "postgresql":
            cursor.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(InputError, match="locked by another session"):
            Database.from_sql(url)
        with pytest.raises(OutputError, match="locked by another session"):
            shop().to_sql(url, replace=True)


def test_a_locked_file_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    monkeypatch.setattr(sessions, "TIMEOUT", 0)
    shop().to_sql(tmp_path / "a.sqlite")
    holder = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(OutputError, match="locked by another session"):
        shop().to_sql(tmp_path / "a.sqlite", replace=True)
    holder.close()


# ---- what tables are -------------------------------------------------------------------------------------------------


def test_views_and_keys_to_tables_left_out_are_told(empty_database: str, request: pytest.FixtureRequest) -> None:
    shop().to_sql(empty_database)
    run(empty_database, request, "CREATE VIEW many AS SELECT name FROM users")
    with pytest.warns(LikewiseWarning, match="many left out"):
        assert "many" not in reflect(empty_database).tables
    with pytest.warns(LikewiseWarning, match=r"orders \(user\) -> users left out"):
        alone = Database.from_sql(empty_database, tables="orders")
    assert alone.schema.foreign == ()
    assert Database.from_sql(empty_database, tables=["users", "many"]).tables["many"].columns == ["name"]


def run(url: str, request: pytest.FixtureRequest, *statements: str) -> None:
    match place(url).dialect:
        case "sqlite":
            import sqlite3

            with sqlite3.connect(url) as file:
                file.executescript(";".join(statements))
            file.close()
        case "duckdb":
            import duckdb

            with duckdb.connect(url) as connection:
                connection.execute(";".join(statements))
        case "postgresql":
            request.getfixturevalue("postgres").run(name_of(url), *statements)
        case _:
            request.getfixturevalue("mariadb").run(name_of(url), *statements)


def test_two_schemas_with_one_name_of_a_table(postgres: Server, tmp_path: Path) -> None:
    url = postgres.new(
        "CREATE SCHEMA a", "CREATE SCHEMA b", "CREATE TABLE a.t (id int PRIMARY KEY, x text)",
        "CREATE TABLE b.only (y int)",
        "CREATE TABLE b.t (id int REFERENCES a.t, z int)", "INSERT INTO a.t VALUES (1, 'x')",
        "INSERT INTO b.t VALUES (1, 2)",
    )  # fmt: skip
    both = Database.from_sql(url, schema=["a", "b"])
    assert set(both.tables) == {"a.t", "b.t", "only"}
    assert [str(key) for key in both.schema.foreign] == ['"b.t".id -> "a.t".id']
    assert set(Database.from_sql(url, schema="*").tables) == {"a.t", "b.t", "only"}
    for to, name in ((url, "c"), (tmp_path / "both.sqlite", None)):
        with pytest.warns(LikewiseWarning, match="table 't' of 'a.t' is called 'a.t'"):
            both.to_sql(to, schema=name)
        again = Database.from_sql(to, schema=name)
        assert set(again.tables) == {"a.t", "b.t", "only"}
        assert [str(key) for key in again.schema.foreign] == ['"b.t".id -> "a.t".id']
    with pytest.raises(InputError, match="there is no schema 'd'"):
        Database.from_sql(url, schema="d")
    other = postgres.new()
    both.to_sql(other)
    assert set(Database.from_sql(other, schema="a,b").tables) == {"a.t", "b.t", "only"}


def test_unknown_types_are_read_as_text_and_go_back(postgres: Server) -> None:
    url = postgres.new(
        "CREATE TABLE t (id int PRIMARY KEY, net inet, span int4range, tags text[], doc jsonb, at timetz, raw bytea, "
        "day date, n numeric, gone interval, full_name text GENERATED ALWAYS AS ('no ' || id::text) STORED)",
        "INSERT INTO t VALUES (1, '10.0.0.1', '[1,5)', '{a,\"b c\"}', '{\"a\": [1, null]}', '10:00+02', '\\xff00', "
        "'2020-02-29', 1.5, '3 days')", "INSERT INTO t VALUES (2)",
    )  # fmt: skip
    with pytest.warns(LikewiseWarning, match="column 'net' of type 'inet' is read as text"):
        real = Database.from_sql(url)
    assert real.tables["t"]["raw"].to_list() == ["ff00", None]
    assert real.tables["t"]["full_name"].to_list() == ["no 1", "no 2"]
    real.to_sql(url, schema="fake")
    name = name_of(url)
    assert postgres.run(name, "SELECT * FROM t ORDER BY id") == postgres.run(name, "SELECT * FROM fake.t ORDER BY id")
    assert postgres.run(name, "INSERT INTO fake.t (id) VALUES (9) RETURNING full_name") == [("no 9",)]


def test_texts_that_were_drawn_fit_types_of_their_own_form(postgres: Server) -> None:
    url = postgres.new("CREATE TABLE t (id int PRIMARY KEY, doc jsonb, words tsvector)",
                       "INSERT INTO t VALUES (1, '[1, \"a: b\"]', 'it''s:1 ok:2A'), (2, '3.5', 'x')")  # fmt: skip
    with pytest.warns(LikewiseWarning, match="tsvector"):
        real = Database.from_sql(url)
    drawn = pl.DataFrame({"id": [3, 4], "doc": ['no "text": here', None], "words": ["a placeholder: it's none", None]})
    rows = pl.concat([real.tables["t"], drawn.cast({"id": real.tables["t"].schema["id"]})])
    real.with_tables({"t": rows}).to_sql(url, replace=True)
    back = postgres.run(name_of(url), "SELECT doc, words::text FROM t ORDER BY id")
    assert back[:2] == [([1, "a: b"], "'it''s':1 'ok':2A"), (3.5, "'x'")]
    assert back[2:] == [("no  text : here", "'a' 'it' 'none' 'placeholder' 's'"), (None, None)]


# ---- rows that are refused -------------------------------------------------------------------------------------------


def test_rows_that_break_keys_are_counted_and_nothing_is_left(empty_database: str) -> None:
    lost = shop()
    lost = lost.with_tables({"users": lost.tables["users"].head(1)})
    with pytest.raises(OutputError, match=r"orders.user -> users.id: 4 of 6 rows"):
        lost.to_sql(empty_database)
    twice = shop()
    twice = twice.with_tables({"users": pl.concat([twice.tables["users"]] * 2)})
    with pytest.raises(OutputError, match=r"users\(id\): 3 of 6 rows of 'users' share it"):
        twice.to_sql(empty_database)
    with pytest.raises(InputError, match=r"there is no file|has no tables"):
        Database.from_sql(empty_database)


def test_a_refusal_in_the_middle_leaves_nothing_and_shows_no_cell(
    empty_database: str, request: pytest.FixtureRequest
) -> None:
    checked = DatabaseSchema({"a": TableSchema(primary=("id",)), "b": TableSchema(checks=("x < 5",))})
    rows = {"a": pl.DataFrame({"id": [1, 2]}), "b": pl.DataFrame({"x": [1, 77777]})}
    run(empty_database, request, "CREATE TABLE earlier (x int)", "INSERT INTO earlier VALUES (3)")
    with pytest.raises(OutputError, match="breaks a CHECK") as error:
        Database(rows, checked).to_sql(empty_database)
    assert "77777" not in str(error.value)
    assert set(Database.from_sql(empty_database).tables) == {"earlier"}
    fine = Database({**rows, "b": pl.DataFrame({"x": [1]})}, checked)
    fine.to_sql(empty_database)
    with pytest.raises(OutputError, match="breaks a CHECK"):
        Database(rows, checked).to_sql(empty_database, replace=True)
    assert Database.from_sql(empty_database).tables["b"]["x"].to_list() == [1]


def test_rows_elsewhere_that_point_here_are_not_lost(empty_database: str) -> None:
    shop().to_sql(empty_database)
    with pytest.raises(OutputError, match="point at table 'users'"):
        Database({"users": shop().tables["users"]}, ["users(id)"]).to_sql(empty_database, replace=True)
    assert Database.from_sql(empty_database).tables["orders"].height == 6


def test_rows_in_another_schema_that_point_here_are_not_lost(server: Server) -> None:
    other, url = name_of(server.new()), server.new("CREATE TABLE c (id int PRIMARY KEY)", "INSERT INTO c VALUES (1)")
    if server.dialect == "postgresql":
        server.run(name_of(url), f"CREATE SCHEMA {other}")
    server.run(
        name_of(url), f"CREATE TABLE {other}.o (c int, FOREIGN KEY (c) REFERENCES c (id) ON DELETE CASCADE)"
        if server.dialect == "postgresql"
        else f"CREATE TABLE {other}.o (c int, FOREIGN KEY (c) REFERENCES {name_of(url)}.c (id) ON DELETE CASCADE)",
        f"INSERT INTO {other}.o VALUES (1)",
    )  # fmt: skip
    with pytest.raises(OutputError, match="point at table 'c'"):
        Database({"c": pl.DataFrame({"id": [7]})}, ["c(id)"]).to_sql(url, replace=True)
    assert len(server.run(name_of(url), f"SELECT * FROM {other}.o")) == 1
    server.run(name_of(url), f"DELETE FROM {other}.o")
    Database({"c": pl.DataFrame({"id": [7]})}, ["c(id)"]).to_sql(url, replace=True)


def test_rows_that_point_here_by_a_name_in_other_case_are_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as made:
        made.executescript(
            "CREATE TABLE c (id INTEGER PRIMARY KEY); CREATE TABLE o (c int REFERENCES C (ID) ON DELETE CASCADE);"
            "INSERT INTO c VALUES (1); INSERT INTO o VALUES (1);"
        )
    with pytest.raises(OutputError, match="point at table 'c'"):
        Database({"c": pl.DataFrame({"id": [7]})}, ["c(id)"]).to_sql(path, replace=True)


def test_tables_of_mysql_that_others_called_alike_stay(mariadb: Server) -> None:
    url = mariadb.new("CREATE TABLE `_likewise_it's` (a int)", "CREATE TABLE _likewise_orders (a int)")
    Database({"c": pl.DataFrame({"id": [7]})}, ["c(id)"]).to_sql(url)
    assert set(Database.from_sql(url).tables) == {"_likewise_it's", "_likewise_orders", "c"}


# ---- circles ---------------------------------------------------------------------------------------------------------


def circle() -> Database:
    a = pl.DataFrame({"id": [1, 2], "b": [11, 12], "x": [1, 2]})
    b = pl.DataFrame({"id": [11, 12], "a": [2, 1]})
    schema = Database({"a": a, "b": b}, ["a.b -> b.id", "b.a -> a.id", "a(id)", "b(id)"]).schema
    return Database({"a": a, "b": b}, schema.replace("b", required=("a",)))


@pytest.mark.filterwarnings("ignore:foreign key a.b:likewise.errors.LikewiseWarning")
@pytest.mark.parametrize("required", [False, True])
def test_circles_of_keys_are_made_and_filled(empty_database: str, required: bool) -> None:
    wanted = circle()
    if required:
        wanted = wanted.with_schema(wanted.schema.replace("a", required=("b",)))
    wanted.to_sql(empty_database)
    back = Database.from_sql(empty_database)
    kept = 1 if place(empty_database).dialect == "duckdb" else 2
    assert len(back.schema.foreign) == kept
    refused = required and place(empty_database).dialect == "postgresql"
    if refused:
        with pytest.raises(OutputError, match=r"a.b -> b.id, b.a -> a.id go in a circle"):
            wanted.to_sql(empty_database, replace=True)
    else:
        wanted.to_sql(empty_database, replace=True)
    assert Database.from_sql(empty_database).tables["a"].sort("id")["b"].to_list() == [11, 12]


def test_circles_that_can_wait_are_filled(postgres: Server) -> None:
    url = postgres.new(
        "CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL, x int)",
        "CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a DEFERRABLE)",
        "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE",
    )
    circle().to_sql(url)
    assert all(key.deferrable for key in reflect(url).foreign)
    assert Database.from_sql(url).tables["b"].height == 2


def test_rows_that_point_at_their_own_table_come_after_what_they_point_at(empty_database: str) -> None:
    n = 300
    tree = pl.DataFrame({"id": range(n), "boss": [None if i == n - 1 else min(i + 1 + i % 7, n - 1) for i in range(n)]})
    Database({"staff": tree}, ["staff.boss -> staff.id", "staff(id)"]).to_sql(empty_database)
    assert Database.from_sql(empty_database).tables["staff"].sort("id").equals(tree)


# ---- killed ----------------------------------------------------------------------------------------------------------

KILLED = """
import os, sys
import duckdb
import polars as pl
from likewise.databases.database import Database
from likewise.databases.sql import filling

def told(connection, plan, *rest, insert=filling._insert):
    insert(connection, plan, *rest)
    print("one is in", flush=True)
    import time
    time.sleep(60)

filling._insert = told
n = 60_000
users = pl.DataFrame({"id": range(n), "name": ["x"] * n})
orders = pl.DataFrame({"no": range(n), "user": range(n)})
database = Database({"orders": orders, "users": users}, ["orders.user -> users.id", "orders(no)", "users(id)"])
database.to_sql(sys.argv[1], replace=len(sys.argv) > 2)
"""


@pytest.mark.parametrize("replace", [False, True])
def test_a_writer_that_is_killed_leaves_the_target_as_it_was(
    empty_database: str, replace: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if replace:
        shop().to_sql(empty_database)
    script = tmp_path / "killed.py"
    script.write_text(textwrap.dedent(KILLED))
    command = [sys.executable, str(script), empty_database, *(["replace"] if replace else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "one is in\n"
        os.kill(writer.pid, signal.SIGKILL)
    if place(empty_database).path is None:
        server: Server = request.getfixturevalue("mariadb" if place(empty_database).dialect == "mysql" else "postgres")
        server.wait_until_left(name_of(empty_database))
    if replace:
        assert Database.from_sql(empty_database).tables["orders"].height == 6
    else:
        with pytest.raises(InputError, match=r"there is no file|has no tables"):
            Database.from_sql(empty_database)
    shop(4).to_sql(empty_database, replace=replace)
    assert Database.from_sql(empty_database).tables["orders"].height == 8
    if place(empty_database).dialect == "mysql":
        names = request.getfixturevalue("mariadb").run(name_of(empty_database), "SHOW TABLES")
        assert sorted(names) == [("orders",), ("users",)]


def test_a_new_table_may_point_at_one_that_is_there_and_narrower(server: Server) -> None:
    url = server.new("CREATE TABLE users (id int PRIMARY KEY)", "INSERT INTO users VALUES (5)")
    users, orders = pl.DataFrame({"id": [1, 2]}), pl.DataFrame({"no": [1, 2], "user": [2, 2]})
    Database({"users": users, "orders": orders}, ["orders.user -> users.id", "users(id)", "orders(no)"]).to_sql(
        url, replace=True
    )
    back = Database.from_sql(url)
    assert len(back.schema.foreign) == 1
    assert back.problems() == ()


def test_a_key_to_a_table_in_parts_is_one_key(postgres: Server) -> None:
    url = postgres.new(
        "CREATE TABLE whole (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE kid (id int PRIMARY KEY, whole int REFERENCES whole)",
        "INSERT INTO whole VALUES (1)",
        "INSERT INTO kid VALUES (1, 1)",
    )
    with pytest.warns(LikewiseWarning) as told:
        read = Database.from_sql(url)
    assert not any("foreign key" in str(one.message) for one in told)
    assert [str(key) for key in read.schema.foreign] == ["kid.whole -> whole.id"]
    read.to_sql(url, replace=True)


@pytest.mark.filterwarnings("ignore:.*is read as text")
def test_texts_that_no_type_takes_are_missing_and_counted(postgres: Server, tmp_path: Path) -> None:
    url = postgres.new(
        "CREATE TYPE couple AS (a int, b text)",
        "CREATE TABLE t (id int PRIMARY KEY, list int[], js jsonb, range int4range, pair couple, must int[] NOT NULL)",
        "INSERT INTO t SELECT i, ARRAY[i], '{\"a\": 1}', int4range(i, i + 2), ROW(i, 'x')::couple, ARRAY[1] "
        "FROM generate_series(1, 5) i",
    )
    duck = tmp_path / "shop.duckdb"
    with duckdb.connect(duck) as file:
        file.execute("CREATE TABLE t (id int PRIMARY KEY, list int[], js json, range STRUCT(a int, b varchar), "
                     "pair MAP(varchar, int), must int[] NOT NULL)")  # fmt: skip
        file.execute(
            "INSERT INTO t SELECT i, [i], '{\"a\": 1}', {'a': i, 'b': 'x'}, MAP{'k': i}, [1] FROM range(5) r(i)"
        )
    for source, fake in ((url, f"{url}&schema=fake"), (str(duck), str(tmp_path / "fake.duckdb"))):
        real = Database.from_sql(source)
        rows = real.tables["t"]
        real.to_sql(fake)  # what was read fits, with all its types, in another schema, too
        assert Database.from_sql(fake).tables["t"].sort("id").equals(rows.sort("id"))
        drawn = rows.with_columns(
            pl.when(pl.col("id") == 3).then(pl.col(name) + "77").otherwise(pl.col(name)).alias(name)
            for name in ("list", "js", "range", "pair")
        )
        with pytest.warns(LikewiseWarning, match=r"t: 1 texts of 'list' are no .*, and are missing"):
            real.with_tables({"t": drawn}).to_sql(fake, replace=True)
        back = Database.from_sql(fake).tables["t"].filter(id=3)
        assert [back[name][0] for name in ("list", "range", "pair")] == [None, None, None]
        assert back["js"][0] is not None  # a text of JSON
        lacking = rows.with_columns(must=pl.col("must") + "77")
        with pytest.raises(OutputError, match=r"5 texts of 'must' are no .*, and none may be missing"):
            real.with_tables({"t": lacking}).to_sql(fake, replace=True)


def test_what_a_module_of_sqlite_shows_is_left_out(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.sqlite")) as made:
        made.executescript(
            "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE VIRTUAL TABLE words USING fts5(body);"
            "INSERT INTO words VALUES ('hello');"
        )
    with pytest.warns(LikewiseWarning, match="views words, words_config"):
        assert list(Database.from_sql(tmp_path / "shop.sqlite").tables) == ["t"]
    assert Database.from_sql(tmp_path / "shop.sqlite", tables="words").tables["words"].rows() == [("hello",)]


def test_two_who_make_the_same_table_are_told_so(postgres: Server) -> None:
    url, told = postgres.new(), list[str]()
    users = Database({"users": pl.DataFrame({"id": range(100_000)})}, ["users(id)"])

    def write() -> None:
        try:
            users.to_sql(url)
        except OutputError as error:
            told.append(str(error))

    both = [threading.Thread(target=write) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(Database.from_sql(url).tables["users"]) == 100_000
    assert all("taken already" in text or "holds rows already" in text for text in told)
    assert len(told) == 1


@pytest.mark.parametrize("suffix", ["sqlite", "duckdb"])
def test_a_file_that_came_meanwhile_stays(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, fill = tmp_path / f"shop.{suffix}", writing.fill

    def slow(*arguments: object) -> list[str]:
        path.write_bytes(b"somebody else's")
        return fill(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(writing, "fill", slow)
    with pytest.raises(OutputError, match="made by somebody else meanwhile"):
        shop().to_sql(path)
    assert path.read_bytes() == b"somebody else's"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
