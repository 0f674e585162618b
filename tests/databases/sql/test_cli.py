"""A database of a server, learnt and drawn on the command line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.databases.sql.conftest import PASSWORD, Server
from typer.testing import CliRunner

from likewise.cli.app import app
from likewise.databases.database import Database
from likewise.errors import LikewiseError, LikewiseWarning, OutputError


@pytest.fixture
def shop(postgres: Server) -> str:
    rng = np.random.default_rng(0)
    users = pl.DataFrame({"id": range(60), "country": rng.choice(["CH", "DE"], 60)})
    orders = pl.DataFrame({"no": range(150), "user": rng.integers(0, 60, 150), "price": rng.gamma(2.0, 10.0, 150)})
    url = postgres.new()
    Database({"users": users, "orders": orders}, ["orders.user -> users.id", "orders(no)", "users(id)"]).to_sql(url)
    return url


def likewise(*arguments: str) -> tuple[int, str]:
    run = CliRunner().invoke(app, [*arguments])
    assert PASSWORD not in run.output
    return run.exit_code, run.output


def test_a_schema_is_drawn_beside_the_real_one(shop: str) -> None:
    fast = ("--max-seconds", "1", "--no-measure", "--seed", "1")
    code, told = likewise("synth", shop, "-o", f"{shop}&schema=fake", *fast)
    assert code == 0, told
    fake = Database.from_sql(shop, schema="fake")
    assert fake.problems() == ()
    assert fake.schema == Database.from_sql(shop).schema
    code, told = likewise("synth", shop, "-o", f"{shop}&schema=fake", *fast)
    assert (code, "holds rows already" in told) == (5, True)


def test_the_real_rows_are_not_written_over(shop: str) -> None:
    code, told = likewise("synth", shop, "-o", shop, "--replace")
    assert (code, "take the place of the real rows" in told) == (5, True)


def test_the_real_rows_are_not_written_over_by_another_url(shop: str, tmp_path: Path) -> None:
    real = Database.from_sql(shop)
    for url in (f"{shop}&schema=public", shop.replace("@/", "@:5432/"), shop.replace("postgresql:", "postgres:")):
        with pytest.raises(OutputError, match="take the place of the real rows"):
            real.check_sql(url, replace=True)
    real.check_sql(f"{shop}&schema=fake", replace=True)
    with pytest.raises(OutputError, match="take the place of the real rows"):
        Database.from_sql(shop, schema="*").check_sql(shop, replace=True)
    real.to_sql(tmp_path / "shop.sqlite")
    (tmp_path / "link.sqlite").hardlink_to(tmp_path / "shop.sqlite")
    with pytest.raises(OutputError, match="take the place of the real rows"):
        Database.from_sql(tmp_path / "shop.sqlite").check_sql(tmp_path / "link.sqlite", replace=True)


def test_a_schema_of_mysql_is_the_database_of_that_name(mariadb: Server) -> None:
    url = mariadb.new("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)")
    real, elsewhere = Database.from_sql(url), mariadb.new()
    name = url.partition("localhost/")[2].partition("?")[0]
    for other in (url.replace("localhost", "127.0.0.1"), f"{elsewhere}&schema={name}"):
        with pytest.raises(OutputError, match="take the place of the real rows"):
            real.check_sql(other, replace=True)
    real.check_sql(elsewhere)


@pytest.mark.parametrize("url", [
    f"postgresq://ann:{PASSWORD}@host/shop", f" postgresql://ann:a/@{PASSWORD}@host/shop", f"oracle://ann:{PASSWORD}@host",
    f"jdbc:postgresql://host/shop?user=ann&password={PASSWORD}", f"postgresql://ann:{PASSWORD}/shop",
    f"mysql://ann:{PASSWORD}@localhost:1/shop?no_such_option=1", f"postgresql//ann:{PASSWORD}@host/shop",
    f"postgresql:ann:{PASSWORD}@host/shop", f"postgresql//ann:{PASSWORD}/shop", f"POSTGRESQL ://ann:{PASSWORD}@host/x",
    f"ann:{PASSWORD}@host/shop", f"sqlite://ann:{PASSWORD}@host", f"duckdb://ann:it's {PASSWORD}@host/shop.duckdb",
    f"postgresql//ann:it's {PASSWORD}@host/shop", f"shop.sqlite?password={PASSWORD}",
    f"host=h user=ann password={PASSWORD}",
])  # fmt: skip
def test_a_url_written_wrongly_shows_no_password(url: str, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("a,b\n1,2\n" * 30)
    table = str(tmp_path / "people.csv")
    for arguments in (
        ("inspect", url), ("evaluate", url, url), ("evaluate", table, table, "--holdout", url), ("audit", url, url),
        ("sample", url, "-o", table), ("synth", table, "-o", url),
    ):  # fmt: skip
        assert likewise(*arguments)[0] in (2, 3, 4, 5), arguments
    with pytest.raises(LikewiseError) as error:
        Database.from_sql(url)
    assert PASSWORD not in str(error.value) + repr(error.value)


def test_a_message_keeps_what_is_no_password() -> None:
    for text in ("database 'mysql://host:3306/shop'", "file 'C:/Users/ann@work/x.csv'", "column 'mail': 3 lack an @"):
        assert str(LikewiseError(text)) == str(LikewiseWarning(text)) == text


def test_a_server_is_inspected(shop: str) -> None:
    code, told = likewise("inspect", shop)
    assert code == 0
    assert re.search(r"orders.user -> users.id", told)
