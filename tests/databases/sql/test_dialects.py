"""What is made in a dialect that the tables did not come from; statements that no server here can run."""

from __future__ import annotations

import contextlib
import sqlite3
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.databases.sql.cells import cut, inserts
from likewise.databases.sql.plan import planned
from likewise.databases.sql.reading import _asked
from likewise.databases.sql.reflection import source_of
from likewise.databases.sql.sampling import sampled
from likewise.databases.sql.urls import is_sql, place
from likewise.databases.sql.values import SqlColumn, SqlIndex, SqlSource, SqlTable, kind_of
from likewise.databases.sql.writing import write
from likewise.errors import InputError, LikewiseWarning, OptionError, OutputError

PUBS = """
CREATE TABLE publishers (
  pub_id char(4) PRIMARY KEY CHECK (pub_id IN ('1389', '0736') OR pub_id LIKE '99%'),
  state char(2) DEFAULT 'CA', country varchar(30) DEFAULT ('USA')
);
CREATE TABLE pub_info (pub_id char(4) PRIMARY KEY REFERENCES publishers, logo blob);
CREATE TABLE titles (
  title_id varchar(6) PRIMARY KEY, price numeric(8,2) CHECK (price >= 0),
  pub_id char(4) REFERENCES publishers ON DELETE SET NULL,
  "type" char(12) NOT NULL DEFAULT 'UNDECIDED', published datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  loud varchar(80) GENERATED ALWAYS AS (upper("type")) STORED
);
CREATE TABLE roysched (title_id varchar(6) NOT NULL REFERENCES titles, low int, high int, CHECK (low < high));
CREATE TABLE sales (
  stor_id char(4), ord_num varchar(20), title_id varchar(6) REFERENCES titles,
  qty smallint NOT NULL CHECK (qty BETWEEN 1 AND 999),
  paid boolean, PRIMARY KEY (stor_id, ord_num, title_id)
);
CREATE TABLE jobs (job_id integer PRIMARY KEY, lowest int CHECK (lowest >= 10), job_desc varchar(50) NOT NULL UNIQUE);
INSERT INTO publishers VALUES ('1389', 'CA', 'USA'), ('9901', NULL, 'Germany');
INSERT INTO pub_info VALUES ('1389', x'ff00');
INSERT INTO titles (title_id, price, pub_id, published) VALUES
  ('BU1032', 19.99, '1389', '1991-06-12 00:00:00'), ('PC9999', NULL, NULL, '2000-01-01 10:00:00');
INSERT INTO roysched VALUES ('BU1032', 0, 5000), ('BU1032', 0, 5000);
INSERT INTO sales VALUES ('6380', '6871', 'BU1032', 5, 1), ('6380', '722a', 'PC9999', 3, NULL);
INSERT INTO jobs VALUES (1, 10, 'New Hire');
"""


@pytest.fixture
def pubs(tmp_path: Path) -> Path:
    path = tmp_path / "pubs.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(PUBS)
    connection.close()
    return path


def read_pubs(path: Path) -> Database:
    with pytest.warns(LikewiseWarning, match="publishers: CHECK .* is no rule"):
        return Database.from_sql(path)


def test_what_pubs_declares_is_found(pubs: Path) -> None:
    schema, source = source_of(str(pubs))
    assert schema.tables["sales"].primary == ("stor_id", "ord_num", "title_id")
    assert schema.tables["sales"].checks == ("1 <= qty <= 999",)
    assert schema.tables["roysched"].primary == ()
    assert schema.tables["jobs"].unique == (("job_desc",),)
    assert schema.tables["titles"].required == ("type", "published")
    assert [note for note in source.notes if "publishers" in note]
    titles = source.tables["titles"]
    assert titles.actions == {"titles.pub_id -> publishers.pub_id": "ON DELETE SET NULL"}
    assert titles.written == ("title_id", "price", "pub_id", "type", "published")
    told = {column.name: column for column in titles.columns}
    assert told["type"].default == "'UNDECIDED'"
    assert told["loud"].generated == 'upper("type")'


def test_pubs_keeps_its_checks_defaults_and_generated_columns_in_another_file(pubs: Path, tmp_path: Path) -> None:
    real = read_pubs(pubs)
    real.to_sql(tmp_path / "fake.sqlite")
    with sqlite3.connect(tmp_path / "fake.sqlite") as connection:
        connection.execute("INSERT INTO titles (title_id) VALUES ('X')")
        assert connection.execute("SELECT type, loud FROM titles WHERE title_id = 'X'").fetchall() == [
            ("UNDECIDED", "UNDECIDED")
        ]
        assert connection.execute("SELECT logo FROM pub_info").fetchall() == [(b"\xff\0",)]
        for broken in ("INSERT INTO publishers VALUES ('0000', '', '')", "UPDATE sales SET qty = 0"):
            with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
                connection.execute(broken)
    connection.close()


def test_sql_server_gets_statements_of_its_own_and_no_connection(pubs: Path, tmp_path: Path) -> None:
    real = read_pubs(pubs)
    script = tmp_path / "pubs.sql"
    real.to_sql("mssql://sa:s3cret@host/shop?schema=fake", dry_run=script)
    text = script.read_text()
    assert "s3cret" not in text
    assert text.startswith(
        "SET XACT_ABORT ON;\nBEGIN TRANSACTION;\nIF SCHEMA_ID(N'fake') IS NULL EXEC(N'CREATE SCHEMA [fake]');"
    )
    assert "[published] datetime2 DEFAULT CURRENT_TIMESTAMP NOT NULL" in text
    assert "[loud] nvarchar(80)" in text
    assert "[job_id] bigint IDENTITY(1,1) NOT NULL" in text
    assert "SET IDENTITY_INSERT [fake].[jobs] ON" in text
    assert "VALUES\n('1389', 0xff00)" in text.replace("N'", "'")
    assert "ALTER TABLE [fake].[sales] ADD FOREIGN KEY ([title_id]) REFERENCES [fake].[titles] ([title_id])" in text
    assert text.rstrip().endswith("COMMIT;")
    with pytest.raises(OutputError, match="only written to as a file"):
        real.to_sql("mssql://sa:s3cret@host/shop")
    with pytest.raises(InputError, match="only written to as a file"):
        Database.from_sql("mssql://sa:s3cret@host/shop")


def test_rows_of_sql_server_come_a_thousand_a_statement() -> None:
    rows = pl.DataFrame({"x": range(2500), "yes": [True, None] * 1250})
    made = list(inserts("[t]", rows, "mssql"))
    assert [statement.count("\n(") for statement in made] == [1000, 1000, 500]
    assert made[0].startswith("INSERT INTO [t] ([x], [yes]) VALUES\n(0, 1),\n(1, NULL),")


@given(
    texts=st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1)
)
def test_any_text_is_a_literal(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"n": range(len(texts)), "x": pl.Series(texts, dtype=pl.String)})
    lite, duck = sqlite3.connect(":memory:"), duckdb.connect()
    for connection, dialect in ((lite, "sqlite"), (duck, "duckdb")):
        connection.execute("CREATE TABLE t (n int, x text)")
        for statement in inserts('"t"', frame, dialect):
            connection.execute(statement)
        assert [row[0] for row in connection.execute("SELECT x FROM t ORDER BY n").fetchall()] == texts
    lite.close()
    duck.close()


@pytest.mark.parametrize(("text", "is_one"), [
    ("postgresql://h/db", True), ("postgres://h/db", True), ("mariadb://h/db", True), ("mysql+pymysql://h/db", True),
    ("sqlite:///shop.db", True), ("duckdb:///shop.duckdb", True), ("a.sqlite3", True), ("a.duckdb", True),
    ("https://example.com/a.csv", False), ("s3://bucket/a.parquet", False), ("a.csv", False), ("-", False),
    ("shop/", False),
])  # fmt: skip
def test_what_is_a_database_of_sql(text: str, is_one: bool) -> None:
    assert is_sql(text) is is_one


def test_a_table_of_text_called_db_is_none(tmp_path: Path) -> None:
    (tmp_path / "people.db").write_text("a,b\n1,2\n" * 20)
    assert not is_sql(tmp_path / "people.db")


def test_schemas_go_where_a_dialect_has_them() -> None:
    assert place("mysql://u:p@h/shop?schema=fake").url == "mysql+pymysql://u:p@h/fake"
    at = place("postgresql://u@h/shop?schema=fake&sslmode=require")
    assert (at.schema, at.url) == ("fake", "postgresql+psycopg://u@h/shop?sslmode=require")
    with pytest.raises(OptionError, match="SQLite has no schemas"):
        place("shop.sqlite", "fake")


def test_integers_of_sqlite_are_wide_and_those_that_point_are_as_wide_as_what_they_point_at(pubs: Path) -> None:
    schema, source = source_of(str(pubs))
    frames = read_pubs(pubs).tables
    plan = planned(frames, schema, source, "mysql", None)
    assert "`qty` bigint NOT NULL" in plan.create("sales")
    assert "`title_id` varchar(6)" in plan.create("titles")
    assert "CHECK (`low` < `high`)" in plan.create("roysched")


# ---- samples ---------------------------------------------------------------------------------------------------------


def test_a_sample_holds_all_that_hangs_on_its_roots_and_all_that_needs() -> None:
    rng = np.random.default_rng(0)
    users = pl.DataFrame({"id": range(200), "boss": [None, *rng.integers(0, 20, 199).tolist()]})
    orders = pl.DataFrame({"no": range(1000), "user": rng.integers(0, 200, 1000), "state": rng.integers(0, 5, 1000)})
    frames = {
        "users": users,
        "orders": orders,
        "states": pl.DataFrame({"id": range(5)}),
        "notes": pl.DataFrame({"x": [1, 1]}),
    }
    one = {name: TableSchema(primary=(frames[name].columns[0],)) for name in ("users", "orders", "states")}
    keys = [ForeignKey.of(text) for text in
            ("orders.user -> users.id", "orders.state -> states.id", "users.boss -> users.id")]  # fmt: skip
    schema = DatabaseSchema({**one, "notes": TableSchema()}, tuple(keys))

    def rows_of(table: str, columns: tuple[str, ...] | None = None, among: pl.DataFrame | None = None) -> pl.DataFrame:
        frame = (
            frames[table]
            if among is None
            else frames[table].join(among, on=among.columns, how="semi", nulls_equal=True)
        )
        return frame if columns is None else frame.select(columns)

    some = Database(sampled(schema, rows_of, {"users": 7}, rng), schema)
    assert some.problems() == ()
    assert 7 <= len(some.tables["users"]) < 200
    assert len(some.tables["notes"]) == 2
    chosen = some.tables["orders"]["user"].unique()
    assert set(some.tables["orders"]["no"]) == set(orders.filter(pl.col("user").is_in(chosen.to_list()))["no"])
    with pytest.raises(OptionError, match="no table 'user'"):
        sampled(schema, rows_of, {"user": 7}, rng)
    with pytest.raises(OptionError, match="one row at least"):
        sampled(schema, rows_of, 0, rng)


def test_a_column_that_is_generated_elsewhere_is_written_in_another_dialect() -> None:
    generated = SqlColumn(name="b", type="text", kind="text", generated="upper(a)")
    table = SqlTable(name="t", schema=None, columns=(SqlColumn(name="a", type="text", kind="text"), generated))
    assert table.written == ("a",)


def test_texts_are_cut_but_for_keys_where_a_length_binds() -> None:
    columns = tuple(SqlColumn(name=name, type="varchar(3)", kind="text") for name in ("key", "x"))
    table = SqlTable(name="t", schema=None, columns=columns)
    frame = pl.DataFrame({"key": ["abcd"], "x": ["日本日本"]})
    shorter, where = cut(frame, table, "postgresql", {"key"})
    assert (shorter.row(0), where) == (("abcd", "日本日"), ("x",))
    assert cut(frame, table, "sqlite", {"key"})[0].equals(frame)


def test_names_that_a_dialect_would_cut_are_refused(tmp_path: Path) -> None:
    long = Database({"t": pl.DataFrame({"x" * 64: [1]})}, [])
    with pytest.raises(OutputError, match="longer than postgresql has them"):
        long.to_sql("postgresql://h/db", dry_run=tmp_path / "x.sql")
    assert not (tmp_path / "x.sql").exists()
    long.to_sql(tmp_path / "x.sqlite")


def test_names_that_differ_in_case_alone_are_one_to_sqlite(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="taken already"):
        Database({"t": pl.DataFrame({"a": [1], "A": [2]})}, []).to_sql(tmp_path / "x.sqlite")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("type_", "dialect", "dtype"), [
    ("smallint", "postgresql", pl.Int16), ("tinyint(3) unsigned", "mysql", pl.UInt8), ("int(11)", "mysql", pl.Int32),
    ("bigint(20) unsigned", "mysql", pl.UInt64), ("UINTEGER", "duckdb", pl.UInt32), ("bigint", "postgresql", pl.Int64),
    ("year", "postgresql", pl.Int64), ("numeric(4,2)", "postgresql", pl.Decimal(4, 2)),
    ("numeric", "postgresql", pl.Float64),
])  # fmt: skip
def test_numbers_are_read_as_narrow_as_they_are_declared(type_: str, dialect: str, dtype: pl.DataType) -> None:
    column = SqlColumn(name="x", type=type_, kind="integer" if type_ == "year" else kind_of(type_))
    assert _asked(column, dialect)[1] == dtype


def test_an_index_of_some_rows_is_no_key(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.sqlite")) as made:
        made.executescript(
            "CREATE TABLE t (a text, b boolean); CREATE UNIQUE INDEX some ON t (a) WHERE b = 1;"
            "CREATE UNIQUE INDEX lower ON t (lower(a)); INSERT INTO t VALUES ('x', 2), ('y', 0), (NULL, NULL);"
        )
    read = Database.from_sql(tmp_path / "shop.sqlite")
    assert read.schema.tables["t"].unique == ()
    assert read.tables["t"]["b"].to_list() == [True, False, None]


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb", "postgresql", "mysql"])
def test_indexes_of_one_name_as_mysql_has_them_are_called_apart_elsewhere(dialect: str, tmp_path: Path) -> None:
    key, long = SqlIndex(name="user_id", columns=("user_id",)), SqlIndex(name="x" * 63, columns=("user_id",))
    column = SqlColumn(name="user_id", type="int(11)", kind="integer")
    tables = {
        name: SqlTable(name=name, schema=None, columns=(column,), indexes=(key, long))
        for name in ("visits", "orders", "user_id", "visits_user_id")
    }
    frames = {name: pl.DataFrame({"user_id": [1, 2]}) for name in tables}
    keys = DatabaseSchema({name: TableSchema() for name in tables})
    plan = planned(frames, keys, SqlSource(dialect="mysql", tables=tables), dialect, None)
    made = [(name, index.name) for name, table in plan.tables.items() for index in table.indexes]
    assert len(made) == 8
    if dialect == "mysql":
        assert {name for _, name in made} == {"user_id", "x" * 63}
        return
    assert len({name for _, name in made} | set(tables)) == 12
    assert all(len(name) <= 63 for _, name in made)
    if dialect != "postgresql":
        target = tmp_path / f"shop.{dialect}"
        write(frames, keys, str(target), like=SqlSource(dialect="mysql", tables=tables))
        assert set(Database.from_sql(target).tables) == set(tables)


@pytest.mark.parametrize("dialect", ["duckdb", "postgresql", "mysql", "mssql"])
@pytest.mark.parametrize(("kind", "fit", "unfit"), [
    ("time", "23:59:59.5", "25:01:02"), ("date", "2024-02-29", "2023-02-29"), ("integer", "-7", "n/a"),
    ("real", "1.5e-3", "1,5"), ("datetime", "2024-01-01 10:00:00", "10:00"), ("boolean", "1", "maybe"),
    ("instant", "2024-01-01T10:00:00.5+02:00", "2024-01-01 25:00:00"), ("bit", "1", "1010"), ("decimal", "1.50", ""),
])  # fmt: skip
def test_texts_that_are_not_as_declared_are_texts_where_types_bind(
    kind: str, fit: str, unfit: str, dialect: str
) -> None:
    columns = tuple(SqlColumn(name=name, type=kind, kind=kind) for name in ("fit", "unfit"))
    source = SqlSource(dialect="sqlite", tables={"t": SqlTable(name="t", schema=None, columns=columns)})
    frame = pl.DataFrame({"fit": [fit, None], "unfit": [fit, unfit]})
    plan = planned({"t": frame}, DatabaseSchema({"t": TableSchema()}), source, dialect, None)
    assert [column.kind for column in plan.tables["t"].columns] == [kind, "text"]


def test_cells_of_sqlite_that_are_not_as_declared_go_to_duckdb(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "t.sqlite")) as made:
        made.executescript(
            "CREATE TABLE t (n INTEGER DEFAULT 3, day DATE); INSERT INTO t VALUES (1, '2024-01-01'), ('n/a', 'soon');"
        )
    real = Database.from_sql(tmp_path / "t.sqlite")
    real.to_sql(tmp_path / "t.duckdb")
    assert Database.from_sql(tmp_path / "t.duckdb").tables["t"].equals(real.tables["t"])


def test_numbers_of_32_bits_keep_their_digits(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT * FROM (VALUES (157.9::REAL), (NULL), ('inf'::REAL), (1e-30::REAL)) t(x)"
        )
    assert Database.from_sql(tmp_path / "x.duckdb").tables["t"]["x"].to_list() == [157.9, None, float("inf"), 1e-30]


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb", "mysql"])
def test_no_file_of_statements_holds_a_zero(dialect: str) -> None:
    [statement] = inserts("t", pl.DataFrame({"a": ["x\0'; DROP TABLE t"]}), dialect)
    assert "\0" not in statement
    if dialect == "sqlite":
        with contextlib.closing(sqlite3.connect(":memory:")) as connection:
            connection.executescript(f"CREATE TABLE t (a); {statement};")
            assert connection.execute("SELECT a FROM t").fetchall() == [("x\0'; DROP TABLE t",)]


def test_columns_that_sqlite_fills_are_made_again_however_they_are_written(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.sqlite")) as made:
        made.executescript(
            "CREATE TABLE t (a int, n decimal(4, 2) DEFAULT (1 + 1), g int GENERATED ALWAYS AS (a * 2) STORED, "
            "\"as (\" as (a || ')'), [h] GENERATED ALWAYS AS ((a) + 1)); INSERT INTO t (a) VALUES (1), (2);"
        )
    read = Database.from_sql(tmp_path / "shop.sqlite")
    read.to_sql(tmp_path / "fake.sqlite")
    assert Database.from_sql(tmp_path / "fake.sqlite").tables["t"].rows() == [(1, 2, 2, "1)", 2), (2, 2, 4, "2)", 3)]
    assert [column.generated for column in read.source.tables["t"].columns][2:] == ["a * 2", "a || ')'", "(a) + 1"]


def test_decimals_of_sqlite_are_decimals_where_all_cells_are(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.sqlite")) as made:
        made.executescript(
            "CREATE TABLE t (a numeric(8, 2), b decimal(4, 1), c numeric(6, 2), d numeric, e decimal(3),"
            "f decimal(30, 2), g decimal(5, 2)); INSERT INTO t VALUES (19.99, 1, 0.005, 1.5, 7, 1.25, 1000),"
            "(-0.1, NULL, 1, 2, 8, 1, 1), (5, 2.5, 2, 3, 9, 1, 1);"
        )
    read = Database.from_sql(tmp_path / "shop.sqlite")
    frame = read.tables["t"]
    assert frame["a"].to_list() == [Decimal("19.99"), Decimal("-0.10"), Decimal("5.00")]
    assert frame["b"].to_list() == [Decimal("1.0"), None, Decimal("2.5")]
    assert frame["e"].to_list() == [7, 8, 9]
    # One cell has more places than are declared, or none are, or more than a number of SQLite holds, or is too large.
    assert [frame[name].dtype for name in "cdfg"] == [pl.Float64, pl.Float64, pl.Float64, pl.Int64]
    read.to_sql(tmp_path / "fake.sqlite")
    assert Database.from_sql(tmp_path / "fake.sqlite").tables["t"].equals(frame)


def test_sums_of_duckdb_are_whole_numbers(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "shop.duckdb") as made:
        made.execute("CREATE TABLE t AS SELECT k, sum(x) AS n, sum(x) * 10::HUGEINT ** 30 AS much "
                     "FROM (VALUES (1, 2), (1, 3), (2, -4)) v(k, x) GROUP BY k ORDER BY k")  # fmt: skip
    read = Database.from_sql(tmp_path / "shop.duckdb")
    assert read.tables["t"]["n"].dtype == pl.Int64
    assert read.tables["t"]["n"].to_list() == [5, -4]
    read.to_sql(tmp_path / "fake.duckdb")
    copy = Database.from_sql(tmp_path / "fake.duckdb")
    assert copy.source is not None
    assert [column.type for column in copy.source.tables["t"].columns][1] == "HUGEINT"
    assert copy.tables["t"]["n"].to_list() == [5, -4]


def test_counters_of_duckdb_go_on_after_the_largest_number(tmp_path: Path) -> None:
    real, fake, script = tmp_path / "shop.duckdb", tmp_path / "fake.duckdb", tmp_path / "fake.sql"
    with duckdb.connect(real) as made:
        made.execute(
            'CREATE SEQUENCE "the one" START 3; INSERT INTO t (x) VALUES (1), (2)'.replace(
                "; ", "; CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('\"the one\"'), x int); "
            )
        )
    shop = Database.from_sql(real)
    more = shop.with_tables({"t": pl.DataFrame({"id": [7, 300_000], "x": [1, 2]}, {"id": pl.Int32, "x": pl.Int32})})
    more.to_sql(fake)
    more.to_sql(fake, replace=True)
    more.to_sql(real, replace=True)  # a sequence that is there
    more.to_sql("duckdb://x", dry_run=script)
    with duckdb.connect(tmp_path / "script.duckdb") as made:
        made.execute(script.read_text())
    for path in (real, fake, tmp_path / "script.duckdb"):
        with duckdb.connect(path) as made:
            made.execute("INSERT INTO t (x) VALUES (9)")
            assert made.execute("SELECT id FROM t WHERE x = 9").fetchall() == [(300_001,)], path
