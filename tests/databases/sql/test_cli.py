"""A database of a server, learnt and drawn on the command line."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from tests.databases.sql.conftest import PASSWORD, Server
from typer.testing import CliRunner

from likewise.cli.app import app
from likewise.databases.database import Database


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


def test_a_server_is_inspected(shop: str) -> None:
    code, told = likewise("inspect", shop)
    assert code == 0
    assert re.search(r"orders.user -> users.id", told)
