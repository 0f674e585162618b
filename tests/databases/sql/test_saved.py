"""A model file keeps what the database of SQL declared, as plain data that runs nothing."""

from __future__ import annotations

import copy
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.databases.sql.conftest import PASSWORD, Server
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.errors import LikewiseWarning, ModelFileError
from likewise.modelfile import read_model, write_model

FAST = {"random_state": 0, "epochs": 1}
MADE = """
CREATE TABLE users (
  id integer PRIMARY KEY, mail varchar(40) NOT NULL, age smallint DEFAULT 18 CHECK (age >= 18 AND age < 120),
  kind varchar(5) DEFAULT 'a', loud varchar(40) GENERATED ALWAYS AS (upper(mail)) STORED, CHECK (mail LIKE '%@%')
);
CREATE TABLE orders (
  no integer PRIMARY KEY, users_id int NOT NULL REFERENCES users ON DELETE CASCADE, paid numeric(8,2)
);
"""


def fill(run: Any) -> None:
    rng = np.random.default_rng(0)
    for i in range(60):
        run(f"INSERT INTO users (id, mail, age) VALUES ({i + 1}, 'm{i}@x.org', {rng.integers(18, 90)})")
    for i in range(150):
        run(f"INSERT INTO orders VALUES ({i + 1}, {rng.integers(1, 61)}, {rng.integers(100, 9999) / 100})")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "shop.sqlite") as file:
        file.executescript(MADE)
        fill(file.execute)
    file.close()
    return tmp_path / "shop.sqlite"


def learnt(url: str | Path, path: Path) -> Path:
    with pytest.warns(LikewiseWarning):
        real = lw.Database.from_sql(url)
    lw.Synthesizer(**FAST).fit(real).save(path)
    return path


def test_tables_of_a_loaded_model_are_made_as_they_were_declared(postgres: Server, tmp_path: Path) -> None:
    enum = "CREATE TYPE \"The Mood\" AS ENUM ('it''s fine', 'bad')"
    url = postgres.new(enum, "CREATE DOMAIN nat AS int CHECK (VALUE > 0)", *MADE.split(";")[:-1])
    database = url.partition("@/")[2].partition("?")[0]
    postgres.run(database, "ALTER TABLE users ADD mood \"The Mood\" DEFAULT 'bad', ADD n nat DEFAULT 1")
    with postgres.connect(database) as connection:
        fill(connection.cursor().execute)
    model = learnt(url, tmp_path / "shop.likewise")
    content = model.read_bytes()
    assert PASSWORD.encode() not in content
    assert str(postgres.folder).encode() not in content
    fake = lw.Synthesizer.load(model).sample()
    with pytest.warns(LikewiseWarning, match="what fills 'loud' of 'users', the type of 'n' of 'users'"):
        fake.to_sql(url, schema="fake")
    said = (
        "SELECT column_name, data_type, character_maximum_length, replace(column_default, 'fake.', '') "
        "FROM information_schema.columns "
    )
    both = [
        {row[0]: row[1:] for row in postgres.run(database, said + f"WHERE table_schema = '{schema}'")}
        for schema in ("public", "fake")
    ]
    changed = {name for name in both[0] if both[0][name] != both[1][name]}
    assert changed == {"n"}  # which is an integer without its domain
    with pytest.raises(Exception, match="check constraint"):
        postgres.run(database, "UPDATE fake.users SET age = 3")
    with pytest.raises(Exception, match="enum"):
        postgres.run(database, "UPDATE fake.users SET mood = 'worse'")
    postgres.run(database, "DELETE FROM fake.users")
    assert postgres.run(database, "SELECT count(*) FROM fake.orders") == [(0,)]


def test_a_loaded_model_does_not_write_over_the_real_rows(shop: Path, tmp_path: Path) -> None:
    model = learnt(shop, tmp_path / "shop.likewise")
    before = shop.read_bytes()
    done = CliRunner().invoke(app, ["sample", str(model), "-o", str(shop), "--replace"])
    assert (done.exit_code, "take the place of the real rows" in done.output) == (5, True)
    assert shop.read_bytes() == before
    done = CliRunner().invoke(app, ["sample", str(model), "-o", str(tmp_path / "fake.sql")])
    assert done.exit_code == 0, done.output
    text = (tmp_path / "fake.sql").read_text()
    assert "PRAGMA defer_foreign_keys" in text
    assert '"paid" NUMERIC(8, 2)' in text.replace("numeric(8,2)", "NUMERIC(8, 2)")
    assert "ON DELETE CASCADE" in text


@pytest.mark.parametrize(("field", "worse"), [
    ("type", "int); DROP TABLE users; --"), ("type", "int DEFAULT lo_import('x')"), ("type", "int CHECK (f(1))"),
    ("default", "pg_read_file('x')"), ("default", "1); DROP TABLE users"), ("default", "'a' || f()"),
    ("default", "'\\' || f() --'"), ("kind", "worse"), ("actions", "ON DELETE CASCADE; DROP TABLE users"),
    ("enum", "it's"), ("name", "x\"; DROP TABLE y"), ("dialect", "oracle"),
])  # fmt: skip
def test_a_changed_file_runs_nothing(shop: Path, tmp_path: Path, field: str, worse: str) -> None:
    file = read_model(learnt(shop, tmp_path / "shop.likewise"))
    manifest = copy.deepcopy(dict(file.manifest))
    orders, users = sorted(manifest["sql"]["tables"], key=lambda table: table["of"])
    if field == "actions":
        orders["actions"] = dict.fromkeys(orders["actions"], worse)
    elif field == "enum":
        manifest["sql"]["types"] = [{"name": f'"m" AS ENUM (); {worse}', "values": [worse]}]
    elif field == "dialect":
        manifest["sql"]["dialect"] = worse
    else:
        users["columns"][0][field] = worse
    write_model(tmp_path / "worse.likewise", manifest, file.arrays)
    if field == "name":  # which is quoted, whatever it is
        with pytest.warns(LikewiseWarning, match="keeps no expressions"):
            lw.Synthesizer.load(tmp_path / "worse.likewise").sample().to_sql(tmp_path / "fake.sqlite")
        return
    with pytest.raises(ModelFileError):
        lw.Synthesizer.load(tmp_path / "worse.likewise")
