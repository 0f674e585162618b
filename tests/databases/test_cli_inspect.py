"""`likewise inspect` of a database."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from likewise.cli.app import app
from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tables = {
        "users": pl.DataFrame({"id": range(1, 41), "name": [f"secret {i}" for i in range(40)]}),
        "states": pl.DataFrame({"state_id": [1, 2], "state": ["open", "done"]}),
        "orders": pl.DataFrame(
            {"no": range(900, 1000), "user_id": [*range(1, 38), 99] * 2 + [5] * 24, "state_id": [1, 2] * 50}
        ),
    }  # fmt: skip
    (tmp_path / "shop").mkdir()
    for name, frame in tables.items():
        frame.write_csv(tmp_path / "shop" / f"{name}.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "shop"


def run(*arguments: object) -> tuple[int, str, str]:
    answer = CliRunner().invoke(app, ["inspect", *map(str, arguments)], env={"COLUMNS": "200"})
    return answer.exit_code, answer.stdout, answer.stderr


def test_tables_keys_and_a_picture_are_shown_without_cells(shop: Path) -> None:
    code, out, err = run(shop)
    assert code == 0
    for said in (
        "3 tables", "2 foreign keys", "orders.user_id -> users.id", "orphans: 2", "2 / 2 / 26",
        "named as that key", "└─< orders (100) by user_id; also -> states by state_id",
    ):  # fmt: skip
        assert said in out
    assert "2 of 100 rows of 'orders' point at a row that is not there" in err
    assert "--keep states keeps its rows" in err
    assert "secret" not in out + err
    assert "open" not in out + err


def test_keys_are_written_edited_and_taken_again(shop: Path) -> None:
    assert run(shop, "-o", shop / "database.json", "-q") == (0, "", "")
    plain = json.loads((shop / "database.json").read_text())
    plain["foreign"] = [key for key in plain["foreign"] if key["columns"] != ["state_id"]]
    plain["tables"]["orders"]["primary"] = []
    (shop / "database.json").write_text(json.dumps(plain))
    code, out, _ = run(shop)
    assert code == 0
    assert "1 foreign key" in out
    assert Database.from_folder(shop).schema.tables["orders"].primary == ()


def test_what_is_told_beats_what_is_found(shop: Path) -> None:
    code, out, _ = run(
        shop, "--key", "orders.user_id -> users.name", "--key", "states(state)", "--keep", "states", "--json", "-"
    )
    assert code == 0
    schema = DatabaseSchema.from_json(out)
    assert {str(key) for key in schema.foreign} == {
        "orders.user_id -> users.name",
        "orders.state_id -> states.state_id",
    }
    assert schema.tables["states"].keys == (("state",), ("state_id",))
    assert schema.tables["users"].keys == (("id",), ("name",))
    assert schema.tables["states"].kept
    assert schema.evidence["orders.user_id -> users.name"] == "told"


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--key", "orders"], 4, "write 'users(id)'"),
        (["--key", "orders.user_id -> people.id"], 4, "no table 'people'"),
        (["--key", "orders.who -> users.id"], 4, "no column 'who'"),
        (["--keep", "state"], 4, "no table 'state'; did you mean 'states'"),
        (["--entity", "id"], 2, "--entity would not be used"),
        (["--sheet", "x"], 2, "--sheet would not be used"),
        (["-o", "no/where.json"], 5, "folder does not exist"),
    ],
)
def test_what_cannot_be_is_refused(shop: Path, more: list[str], code: int, said: str) -> None:
    ended, _, err = run(shop, *more)
    assert ended == code
    assert said in err


def test_no_table_is_overwritten_by_its_keys(shop: Path) -> None:
    before = (shop / "users.csv").read_bytes()
    assert run(shop, "-o", shop / "users.csv")[0] == 2
    assert run(shop / "users.csv", "-o", shop / "users.csv")[0] == 2
    assert (shop / "users.csv").read_bytes() == before
    assert run(shop, "-o", shop / "database.json", "-q")[0] == run(shop, "-o", shop / "database.json", "-q")[0] == 0


def test_one_table_is_no_database(shop: Path) -> None:
    code, out, err = run(shop / "users.csv")
    assert code == 0
    assert "2 columns" in out
    assert "likewise schema" in err
    assert run(shop / "users.csv", "--keep", "x")[0] == 2
