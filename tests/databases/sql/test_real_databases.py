"""Chinook and Sakila as their makers ship them: read, written elsewhere, read again."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.databases.sql.conftest import PASSWORD, Server, programme

from likewise.databases.database import Database

pytestmark = pytest.mark.filterwarnings("ignore::likewise.errors.LikewiseWarning")


def dump(shared_data: Path, name: str) -> str:
    path = shared_data / "sql" / name
    if not path.exists():
        pytest.skip(f"{name} is not among the shared data")
    return path.read_text(encoding="utf-8-sig")


def psql(server: Server, url: str, script: str) -> None:
    name = re.search(r"@/(\w+)", url)
    assert name
    command = [str(programme("psql")), "-q", "-h", str(server.folder), "-U", "likewise", "-d", name[1]]
    run = subprocess.run(
        command, input=script, text=True, check=True, capture_output=True, env=os.environ | {"PGPASSWORD": PASSWORD}
    )
    assert "ERROR" not in run.stderr, run.stderr[:500]


@pytest.fixture(scope="module")
def sakila_once(postgres: Server, shared_data: Path) -> str:
    schema, data = (dump(shared_data, f"sakila_postgres_{part}.sql") for part in ("schema", "data"))
    url = postgres.new()
    psql(
        postgres,
        url,
        re.sub(r"CREATE OR REPLACE PROCEDURAL LANGUAGE.*;|ALTER .* OWNER TO .*;|GRANT .*;|REVOKE .*;", "", schema),
    )
    psql(postgres, url, data)
    return url


@pytest.fixture
def sakila(postgres: Server, sakila_once: str) -> str:
    """A copy of its own."""
    name = f"sakila{next(postgres.numbers)}"
    postgres.run("postgres", f"CREATE DATABASE {name} TEMPLATE {re.findall(r'@/(.*)[?]', sakila_once)[0]}")
    return postgres.url(name)


def assert_same_rows(got: Database, wanted: Database) -> None:
    assert set(got.tables) == set(wanted.tables)
    for name, frame in wanted.tables.items():
        assert_frame_equal(got.tables[name].select(frame.columns), frame, check_row_order=False)


def test_sakila_goes_to_another_schema_with_circles_enums_domains_arrays_and_inherited_tables(
    sakila: str, postgres: Server
) -> None:
    real = Database.from_sql(sakila)
    assert len(real.tables) == 15
    assert len(real.tables["payment"]) == 16049
    assert [problem.what for problem in real.problems()] == ["circle"]
    checks = real.schema.tables["film"].checks
    assert checks == ("release_year >= 1901 and release_year <= 2155",)
    real.to_sql(sakila, schema="fake")
    copy = Database.from_sql(sakila, schema="fake")
    assert copy.schema == real.schema
    assert_same_rows(copy, real)
    name = re.search(r"@/(\w+)", sakila)
    assert name
    types = postgres.run(name[1], "SELECT typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
                         "WHERE nspname = 'fake' AND typtype IN ('e', 'd') ORDER BY 1")  # fmt: skip
    assert types == [("mpaa_rating",), ("year",)]
    fresh = postgres.run(name[1], "INSERT INTO fake.country (country) VALUES ('Utopia') RETURNING country_id")
    assert fresh == [(110,)]


def test_sakila_goes_over_its_own_rows_though_two_tables_need_each_other(sakila: str) -> None:
    real = Database.from_sql(sakila)
    shuffled = real.with_tables({n: f.sample(fraction=1, shuffle=True, seed=1) for n, f in real.tables.items()})
    with pytest.raises(OSError, match="go in a circle"):
        shuffled.to_sql(sakila, replace=True)
    assert_same_rows(Database.from_sql(sakila), real)


def test_a_sample_of_sakila_points_at_nothing_that_is_not_there(sakila: str) -> None:
    some = Database.from_sql(sakila, sample={"customer": 20}, random_state=1)
    assert len(some.tables["customer"]) >= 20
    assert 0 < len(some.tables["rental"]) < 2000
    assert [problem for problem in some.problems() if problem.what != "circle"] == []


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "mysql"])
def test_sakila_goes_to_another_kind_of_database(
    sakila: str, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    real = Database.from_sql(sakila)
    target = request.getfixturevalue("mariadb").new() if kind == "mysql" else str(tmp_path / f"sakila.{kind}")
    real.to_sql(target)
    copy = Database.from_sql(target)
    late = {"store.manager_staff_id -> staff.staff_id"} if kind == "duckdb" else set()
    assert {str(key) for key in real.schema.foreign} - {str(key) for key in copy.schema.foreign} == late
    assert {n: len(f) for n, f in copy.tables.items()} == {n: len(f) for n, f in real.tables.items()}
    assert copy.tables["film"]["rating"].sort().to_list() == real.tables["film"]["rating"].sort().to_list()
    assert copy.tables["payment"]["amount"].cast(pl.Float64).sum() == pytest.approx(67416.51)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mysql"])
def test_chinook_is_the_same_from_each_of_its_dumps(
    kind: str, shared_data: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    script = dump(shared_data, f"chinook_{kind}.sql")
    if kind == "sqlite":
        import sqlite3

        url = str(tmp_path / "chinook.sqlite")
        with sqlite3.connect(url) as connection:
            connection.executescript(script)
        connection.close()
    elif kind == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        url = server.new()
        psql(server, url, re.sub(r"(?m)^(DROP|CREATE) DATABASE.*;|^\\c.*$", "", script))
    else:
        server = request.getfixturevalue("mariadb")
        url = server.new()
        name, socket = url.partition("localhost/")[2].split("?unix_socket=")
        script = re.sub(r"(?m)^(DROP|CREATE) DATABASE.*;|^USE.*;", "", script)
        script = f"SET autocommit = 0;{script};COMMIT;"
        command = [
            str(programme("mariadb")),
            "--no-defaults",
            f"--socket={socket}",
            "-ulikewise",
            f"-p{PASSWORD}",
            name,
        ]
        subprocess.run(command, input=script.encode(), check=True, capture_output=True)
    real = Database.from_sql(url)
    assert {n.lower().replace("_", ""): len(f) for n, f in real.tables.items()} == {
        "album": 347, "artist": 275, "customer": 59, "employee": 8, "genre": 25, "invoice": 412, "invoiceline": 2240,
        "mediatype": 5, "playlist": 18, "playlisttrack": 8715, "track": 3503,
    }  # fmt: skip
    assert len(real.schema.foreign) == 11
    assert real.problems() == ()
    copy = str(tmp_path / "copy.sqlite")
    real.to_sql(copy)
    assert {str(key) for key in Database.from_sql(copy).schema.foreign} == {str(key) for key in real.schema.foreign}
