"""Databases on the command line: folders and SQLite in and out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from tests.databases.shops import check, shop
from typer.testing import CliRunner, Result

from likewise.cli import app as cli
from likewise.databases.database import Database

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    shop(60).to_folder(tmp_path / "shop")
    return lambda *words: CliRunner().invoke(cli.app, [str(word) for word in words])


QUICK = ("--no-measure", "--seed", 1, "--max-seconds", 1)


def test_a_folder_becomes_a_folder_and_its_model_draws_more(run: Run, tmp_path: Path) -> None:
    answer = run("synth", "shop", "-o", "fake", *QUICK, "--rows", "users=20", "--save", "m.likewise")
    assert answer.exit_code == 0, answer.output
    assert "fake: 3 tables" in answer.output
    assert "20 users" in answer.output
    drawn = Database.from_folder(tmp_path / "fake")
    check(drawn, shop(60).schema)
    again = run("sample", "m.likewise", "-o", "more", "--scale", "2", "--where", "users.country=DE", "--seed", 1)
    assert again.exit_code == 0, again.output
    assert set(pl.read_csv(tmp_path / "more" / "users.csv")["country"]) == {"DE"}


def test_a_kept_table_and_a_table_whose_rows_are_asked_for(run: Run, tmp_path: Path) -> None:
    answer = run("synth", "shop", "-o", "fake", *QUICK, "--keep", "users", "--rows", "orders=50")
    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "fake" / "users.csv").read_text() == (tmp_path / "shop" / "users.csv").read_text()
    assert "50 orders" in answer.output


def test_keys_that_lie_elsewhere_are_taken_in_place_of_those_that_are_found(run: Run, tmp_path: Path) -> None:
    (tmp_path / "shop" / "database.json").unlink()
    apart = replace(shop(60).schema, foreign=())
    (tmp_path / "keys.json").write_text(apart.to_json(), encoding="utf-8")
    answer = run("synth", "shop", "-o", "fake", *QUICK, "--schema", "keys.json")
    assert answer.exit_code == 0, answer.output
    assert Database.from_folder(tmp_path / "fake").schema.foreign == ()
    (tmp_path / "keys.json").write_text('{"format": "other"}', encoding="utf-8")
    answer = run("synth", "shop", "-o", "again", *QUICK, "--schema", "keys.json")
    assert answer.exit_code != 0
    assert not (tmp_path / "again").exists()


def test_sqlite_in_and_out_and_its_statements(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    shop(60).to_sql(tmp_path / "shop.sqlite")
    answer = run("synth", "shop.sqlite", "-o", "fake.sqlite", *QUICK)
    assert answer.exit_code == 0, answer.output
    check(Database.from_sql(tmp_path / "fake.sqlite"), shop(60).schema)
    refused = run("synth", "shop.sqlite", "-o", "fake.sqlite", *QUICK)
    assert refused.exit_code != 0
    answer = run("synth", "shop.sqlite", "-o", "fake.sql", *QUICK)
    assert answer.exit_code == 0, answer.output
    assert "INSERT INTO" in (tmp_path / "fake.sql").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rows", 5), "names the table"), (("--entity", "id"), "--entity"), (("--rows", "users=0"), "1 or more"),
        (("--keep", "nobody"), "no table 'nobody'"), (("--key", "a.b -> c.d"), "no table"), (("--replace",), "SQL"),
        (("-o", "fake.csv"), "a folder"), (("-o", "shop/fake"), "lies in the folder"),
        (("-o", "fake.sql", "--replace"), "file of statements"),
    ],
)  # fmt: skip
def test_what_databases_cannot_take_is_refused(run: Run, words: tuple[object, ...], said: str) -> None:
    answer = run("synth", "shop", "-o", "fake", *QUICK, *words)
    assert answer.exit_code in (2, 4)
    assert said in answer.output
    assert not Path("fake").exists()
    assert not Path("shop/fake").exists()


def test_what_is_of_databases_is_refused_of_one_table(run: Run) -> None:
    for words in (("--scale", 2), ("--keep", "users"), ("--rows", "users=5")):
        answer = run("synth", "shop/users.csv", "-o", "fake.csv", *QUICK, *words)
        assert answer.exit_code == 2
        assert "databases" in answer.output
