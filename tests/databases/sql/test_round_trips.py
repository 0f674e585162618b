"""What goes into a database of SQL comes back as it was, with its keys, in each of four kinds."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.databases.sql.conftest import Server
from tests.databases.sql.test_refusals import name_of

from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.databases.sql.urls import place
from likewise.errors import LikewiseWarning, OutputError

ODD = 'the "order", of\'s `x`]'


def shop() -> Database:
    """Keys of several columns, to a unique column, to its own table, names that need quotes, a cell of every type."""
    people = pl.DataFrame({
        "tenant": [1, 1, 2], "no": [1, 2, 1], "mail": ["a@x.org", "b@x.org", "c@x.org"], "boss_tenant": [None, 1, None],
        "boss": [None, 1, None], "name": ["Ann", "", None], "born": [dt.date(1970, 1, 2), None, dt.date(2000, 2, 29)],
    })  # fmt: skip
    orders = pl.DataFrame({
        "key": [7, 8, 9, 10], "select": ["it's", 'a "b"', "back\\slash\n%s %(x)s :y", "日本, \t'"],
        "tenant": [1, 1, 2, None], "person": [2, 2, 1, None], "mail": ["a@x.org", None, "c@x.org", "a@x.org"],
        "at": [dt.datetime(2020, 1, 2, 3, 4, 5, 600), None, dt.datetime(1999, 12, 31), dt.datetime(2026, 6, 1, 12)],
        "price": [Decimal("1.20"), Decimal("-3.45"), None, Decimal("12345.00")], "share": [0.1, 1e-300, None, -2.5e17],
        "paid": [True, False, None, True], "many": [2**62, -(2**63), None, 0],
    })  # fmt: skip
    lines = pl.DataFrame({"key": [7, 7, 8], "line": [1, 2, 1], "what": ["x", "y", "x"]})
    two = ("tenant", "no")
    schema = DatabaseSchema(
        {
            "people": TableSchema(primary=("tenant", "no"), unique=(("mail",),), required=("mail",)),
            ODD: TableSchema(primary=("key",), checks=("price < 99999",)),
            "lines": TableSchema(primary=("key", "line"), required=("what",)),
        },
        (
            ForeignKey(table="people", columns=("boss_tenant", "boss"), parent="people", parent_columns=two),
            ForeignKey(table=ODD, columns=("tenant", "person"), parent="people", parent_columns=two),
            ForeignKey(table=ODD, columns=("mail",), parent="people", parent_columns=("mail",)),
            ForeignKey(table="lines", columns=("key",), parent=ODD, parent_columns=("key",)),
        ),
    )
    return Database({"lines": lines, ODD: orders, "people": people}, schema)


def as_read(frame: pl.DataFrame, like: pl.DataFrame) -> pl.DataFrame:
    """Rows read as those written: dates of SQLite are text."""
    for name, dtype in like.schema.items():
        own = frame.schema[name]
        if dtype == pl.Date and own == pl.String:
            frame = frame.with_columns(pl.col(name).str.to_date("%Y-%m-%d"))
        elif isinstance(dtype, pl.Datetime) and own == pl.String:
            frame = frame.with_columns(pl.col(name).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us"))
        elif own != dtype and not (isinstance(dtype, pl.Decimal) and own == pl.Decimal):
            frame = frame.with_columns(pl.col(name).cast(pl.Decimal(18, 2) if dtype == pl.Decimal else dtype))
    return frame


def assert_same(got: Database, wanted: Database) -> None:
    """The same rows, in whatever order and types of the same width."""
    assert set(got.tables) == set(wanted.tables)
    for name, frame in wanted.tables.items():
        by = list(wanted.schema.tables[name].primary or frame.columns)
        ours = frame.with_columns(pl.col(pl.Decimal).cast(pl.Decimal(18, 2)))
        theirs = as_read(got.tables[name], frame).with_columns(pl.col(pl.Decimal).cast(pl.Decimal(18, 2)))
        assert_frame_equal(theirs.sort(by).select(frame.columns), ours.sort(by), check_row_order=True)


def test_rows_and_keys_come_back(empty_database: str) -> None:
    shop().to_sql(empty_database)
    back = Database.from_sql(empty_database)
    assert_same(back, shop())
    assert set(back.schema.foreign) == set(shop().schema.foreign)
    for name, own in shop().schema.tables.items():
        told = back.schema.tables[name]
        assert (told.primary, set(told.unique), set(told.required)) == (own.primary, set(own.unique), set(own.required))
    assert back.schema.tables[ODD].checks == shop().schema.tables[ODD].checks


def test_a_database_made_like_another_is_described_as_that_is(empty_database: str, tmp_path: Path) -> None:
    shop().to_sql(empty_database)
    first = Database.from_sql(empty_database)
    second = again(empty_database, tmp_path)
    first.to_sql(second)
    copy = Database.from_sql(second)
    assert copy.schema == first.schema
    assert without_schema(copy) == without_schema(first)
    assert_same(copy, shop())


def without_schema(database: Database) -> list[object]:
    assert database.source is not None
    tables = database.source.tables
    return [(name, tables[name].columns, tables[name].checks, tables[name].actions) for name in sorted(tables)]


def again(url: str, tmp_path: Path) -> str:
    """Another place of the same kind: a file, or a schema beside."""
    match place(url).dialect:
        case "sqlite" | "duckdb":
            return str(tmp_path / ("two" + Path(url).suffix))
        case "postgresql":
            return f"{url}&schema=fake"
        case _:
            import pymysql

            socket = url.partition("unix_socket=")[2]
            with pymysql.connect(unix_socket=socket, user="likewise", password="s3cret-w0rd") as connection:
                connection.cursor().execute("CREATE DATABASE IF NOT EXISTS fake_shop")
                connection.cursor().execute("DROP DATABASE fake_shop")
                connection.cursor().execute("CREATE DATABASE fake_shop")
            return f"{url}&schema=fake_shop"


def test_rows_that_stand_there_are_refused_or_replaced(empty_database: str) -> None:
    shop().to_sql(empty_database)
    with pytest.raises(OutputError, match="holds rows already"):
        shop().to_sql(empty_database)
    fewer = shop()
    fewer.tables["lines"] = fewer.tables["lines"].head(1)
    fewer.to_sql(empty_database, replace=True)
    assert_same(Database.from_sql(empty_database), fewer)


def test_empty_tables_that_stand_there_are_filled_as_they_are(empty_database: str) -> None:
    nothing = Database({n: f.clear() for n, f in shop().tables.items()}, shop().schema)
    nothing.to_sql(empty_database)
    shop().to_sql(empty_database)
    assert_same(Database.from_sql(empty_database), shop())


def test_a_dry_run_makes_the_same_database(empty_database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    script = tmp_path / "shop.sql"
    shop().to_sql(empty_database, dry_run=script)
    run_script(empty_database, script.read_text(), request)
    assert_same(Database.from_sql(empty_database), shop())


def run_script(url: str, text: str, request: pytest.FixtureRequest) -> None:
    match place(url).dialect:
        case "sqlite":
            import sqlite3

            with sqlite3.connect(url) as connection:
                connection.executescript(text)
            connection.close()
        case "duckdb":
            import duckdb

            with duckdb.connect(url) as file:
                file.execute(text)
        case "postgresql":
            server: Server = request.getfixturevalue("postgres")
            server.run(url.partition("/?")[0].partition("@/")[2].partition("?")[0], text)
        case _:
            import subprocess

            name, socket = url.partition("localhost/")[2].split("?unix_socket=")
            command = ["mariadb", "--no-defaults", f"--socket={socket}", "-ulikewise", "-ps3cret-w0rd", name]
            subprocess.run(command, input=text.encode(), check=True, capture_output=True)


def test_no_text_ends_the_rows(empty_database: str) -> None:
    texts = ["x", "\\.", "y", None, "", "\\N", "a\n\\.\nb", "\r", "\t", "\\", "'; --", "$$", '"', "NULL"]
    alone = Database({"likewise_rows": pl.DataFrame({"a": texts})}, DatabaseSchema({"likewise_rows": TableSchema()}))
    alone.to_sql(empty_database)
    assert Database.from_sql(empty_database).tables["likewise_rows"]["a"].to_list() == texts


def test_a_connection_closes_without_complaint(mariadb: Server, caplog: pytest.LogCaptureFixture) -> None:
    Database.from_sql(mariadb.new("CREATE TABLE t (a int)"))
    assert caplog.messages == []


_NO_DATES = {
    "postgresql": ("'infinity'", "'0044-03-15 BC'", "'24:00'"), "mysql": ("'0000-00-00'", "'2020-00-00'", "NULL"),
    "duckdb": ("'infinity'", "'0044-03-15 (BC)'", "'24:00:00'"),
}  # fmt: skip


@pytest.mark.parametrize("empty_database", _NO_DATES, indirect=True)
def test_dates_that_no_frame_holds_are_missing_and_the_table_can_be_made_again(
    empty_database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    dialect = place(empty_database).dialect
    day, at, hour = _NO_DATES[dialect]
    script = (
        "CREATE TABLE t (id int, day date NOT NULL, moment timestamp NULL, hour time);\n"
        f"INSERT INTO t VALUES (1, {day}, {at}, {hour}), (2, '2020-02-29', '2020-02-29 10:00:00', '10:00:00');\n"
    )
    run_script(empty_database, "SET SESSION sql_mode = '';\n" * (dialect == "mysql") + script, request)
    with pytest.warns(LikewiseWarning, match="'day' may be missing, though declared NOT NULL"):
        read = Database.from_sql(empty_database)
    frame = read.tables["t"].sort("id")
    assert [frame[name].is_null().to_list() for name in ("day", "moment", "hour")] == [[True, False]] * 3
    assert read.problems() == ()
    read.to_sql(again(empty_database, tmp_path))


def test_numbers_of_any_declared_width_are_read(postgres: Server) -> None:
    url = postgres.new(
        "CREATE TABLE t (a numeric(3, 5), b numeric(5, -2), c numeric(4, 2))",
        "INSERT INTO t VALUES (0.00123, 12300, 'NaN'), (NULL, NULL, 1.25)",
    )
    read = Database.from_sql(url).tables["t"].sort("a", nulls_last=True)
    assert read.rows() == [(0.00123, 12300.0, None), (None, None, Decimal("1.25"))]


def test_bits_and_places_of_mysql_come_back(mariadb: Server) -> None:
    url = mariadb.new(
        "CREATE TABLE t (one bit, eight bit(8), all_of_them bit(64), place point)",
        "INSERT INTO t VALUES (1, 255, ~0, point(1, 2)), (NULL, NULL, NULL, NULL)",
    )
    read = Database.from_sql(url)
    assert read.tables["t"].sort("one")["all_of_them"].to_list() == [None, 2**64 - 1]
    other = mariadb.new()
    read.to_sql(other)
    assert mariadb.run(name_of(other), "SELECT * FROM t") == mariadb.run(name_of(url), "SELECT * FROM t")


def test_numbers_that_sqlite_lacks_are_refused_by_name(tmp_path: Path) -> None:
    for dry_run in (None, tmp_path / "shop.sql"):
        rows = Database({"t": pl.DataFrame({"a": [2**63]}, {"a": pl.UInt64})}, DatabaseSchema({"t": TableSchema()}))
        with pytest.raises(OutputError, match="column 'a': SQLite holds no whole number"):
            rows.to_sql(tmp_path / "shop.sqlite", dry_run=dry_run)
    assert not list(tmp_path.iterdir())


def test_keys_that_were_there_stay_as_they_were_made(postgres: Server) -> None:
    url = postgres.new(
        "CREATE TABLE users (id int PRIMARY KEY, \"the boss\" int CONSTRAINT \"Boss\" REFERENCES users DEFERRABLE)",
        "CREATE TABLE orders (no int PRIMARY KEY, \"user\" int CONSTRAINT own REFERENCES users ON DELETE CASCADE)",
        "CREATE TABLE log (\"user\" int)",
        "ALTER TABLE log ADD CONSTRAINT old FOREIGN KEY (\"user\") REFERENCES users NOT VALID",
        "CREATE ROLE clerk LOGIN PASSWORD 's3cret-w0rd'", "GRANT ALL ON users, orders, log TO clerk",
    )  # fmt: skip
    users = pl.DataFrame({"id": [3, 1, 2], "the boss": [1, None, 1]})
    made = {"users": users, "orders": pl.DataFrame({"no": [1, 2], "user": [3, 1]}), "log": pl.DataFrame({"user": [2]})}
    shop = Database(made, Database.from_sql(url).schema)
    keys = "SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE contype = 'f' ORDER BY 1"
    before = postgres.run(name_of(url), keys)
    for user in ("likewise", "clerk"):  # who owns the tables, and who may only write to them
        for _ in range(2):
            shop.to_sql(url.replace("likewise:", f"{user}:"), replace=True)
        assert_same(Database.from_sql(url), shop)
        assert postgres.run(name_of(url), keys) == before
    postgres.run(name_of(url), "DROP OWNED BY clerk", "DROP ROLE clerk")


def test_rows_of_mysql_come_as_they_are_whatever_stands_in_them(mariadb: Server) -> None:
    rng = np.random.default_rng(0)
    n = 2000
    signs = np.array([*"ab,;\"'\\\n\r\t=N \x1f\u2028日", "\\N", '""', "\r\n"])
    frame = pl.DataFrame({
        "x": ["".join(rng.choice(signs, k)) for k in rng.integers(0, 9, n)],
        "real": rng.normal(size=n) * 10.0 ** rng.integers(-200, 200, n), "whole": rng.integers(-(2**63), 2**63 - 1, n),
        "yes": rng.integers(0, 2, n).astype(np.int16),
        "at": pl.Series(rng.integers(0, 2**50, n)).cast(pl.Datetime("us")),
        "day": pl.Series(rng.integers(-700_000, 2_000_000, n)).cast(pl.Int32).cast(pl.Date),
        "money": pl.Series(rng.integers(-(10**9), 10**9, n)).cast(pl.Decimal(18, 2)),
    })  # fmt: skip
    frame = frame.with_columns(pl.when(pl.Series(rng.random(n) < 0.8)).then(pl.all()).name.keep())
    url = mariadb.new()
    Database({"t": frame.with_row_index("id"), "one": frame.select("whole"), "none": frame.clear()}, []).to_sql(url)
    read = Database.from_sql(url).tables
    assert_frame_equal(read["t"].sort("id").drop("id"), frame)
    assert read["one"]["whole"].sort().equals(frame["whole"].sort())  # a missing cell alone in its row is one, too
    assert read["none"].schema == frame.schema


@pytest.mark.parametrize("empty_database", ["sqlite", "mysql"], indirect=True)
def test_rows_point_at_keys_that_are_spelt_unlike(
    empty_database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lite = place(empty_database).dialect == "sqlite"
    of = "COLLATE NOCASE" if lite else "COLLATE utf8mb4_general_ci"
    script = (
        f"CREATE TABLE users (shop int, code varchar(20) {of}, mail varchar(30) {of} UNIQUE, "
        "PRIMARY KEY (shop, code));\n"
        f"CREATE TABLE orders (no int PRIMARY KEY, shop int, code varchar(20) {of}, mail varchar(30) {of},\n"
        "FOREIGN KEY (shop, code) REFERENCES users (shop, code), FOREIGN KEY (mail) REFERENCES users (mail));\n"
        "INSERT INTO users VALUES (1, 'Ann', 'A@x.org'), (2, 'ann', 'b@x.org'), (1, 'bob', NULL);\n"
        "INSERT INTO orders VALUES (1, 1, 'ANN', 'a@X.org'), (2, 2, 'ANN', NULL), (3, 1, 'Bob', 'B@x.org'), "
        "(4, 1, 'Ann', 'A@x.org'), (5, NULL, 'BOB', NULL);\n"
    )
    run_script(empty_database, script, request)
    read = Database.from_sql(empty_database)
    assert read.problems() == ()
    assert read.tables["orders"].sort("no").rows() == [
        (1, 1, "Ann", "A@x.org"), (2, 2, "ann", None), (3, 1, "bob", "b@x.org"), (4, 1, "Ann", "A@x.org"),
        (5, None, "BOB", None),
    ]  # fmt: skip
    read.to_sql(again(empty_database, tmp_path))
