"""Databases as folders: what is read, what is left out, and that a folder is written whole or not at all."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import polars as pl
import pytest

import likewise as lw
from likewise.databases import folder as folder_module
from likewise.databases.database import Database
from likewise.databases.folder import holds_tables
from likewise.errors import InputError, LikewiseWarning, OutputError, SchemaError

USERS = pl.DataFrame({"id": ["1", "2", "3"], "name": ["Ada", "Bo", "Cy"]})
ORDERS = pl.DataFrame({"order_id": [7, 8, 9, 10], "user_id": [1, 1, 3, 2], "paid": [9.5, 3.0, 8.25, 1.0]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A semicolon CSV, a table in two parts, one without rows, and things beside."""
    shop = tmp_path / "shop"
    (shop / "orders").mkdir(parents=True)
    (shop / "users.csv").write_text("id;name\n1;Ada\n2;Bo\n3;Cy\n")
    ORDERS.head(2).write_parquet(shop / "orders" / "part-0.parquet")
    ORDERS.tail(2).write_parquet(shop / "orders" / "part-1.parquet")
    (shop / "returns.txt").write_text("return_id,order_id\n")
    (shop / "README.txt").write_text("a shop\nof somebody\n")
    (shop / "meta.json").write_text('{"by": "somebody"}')
    return shop


def test_a_folder_is_read_and_written_as_it_was(folder: Path, tmp_path: Path) -> None:
    shop = Database.from_folder(folder)
    assert {name: frame.shape for name, frame in shop.tables.items()} == {
        "orders": (4, 3), "returns": (0, 2), "users": (3, 2)
    }  # fmt: skip
    assert [str(key) for key in shop.schema.foreign] == ["orders.user_id -> users.id"]
    shop.to_folder(tmp_path / "again")
    assert sorted(str(p.relative_to(tmp_path / "again")) for p in (tmp_path / "again").rglob("*.*")) == [
        "database.json", "orders/part-0.parquet", "returns.txt", "users.csv"
    ]  # fmt: skip
    assert (tmp_path / "again" / "users.csv").read_text() == (folder / "users.csv").read_text()
    again = Database.from_folder(tmp_path / "again")
    assert again.schema == shop.schema
    assert all(again.tables[name].equals(frame) for name, frame in shop.tables.items())
    assert "found" not in (tmp_path / "again" / "database.json").read_text(), "evidence counts real rows"


def test_sheets_of_a_workbook_are_tables(tmp_path: Path) -> None:
    pytest.importorskip("fastexcel")
    import xlsxwriter

    (tmp_path / "in").mkdir()
    with xlsxwriter.Workbook(tmp_path / "in" / "shop.xlsx") as book:
        USERS.cast({"id": pl.Int64}).write_excel(book, worksheet="users")
        ORDERS.write_excel(book, worksheet="orders")
    assert holds_tables(tmp_path / "in" / "shop.xlsx")
    shop = Database.from_folder(tmp_path / "in" / "shop.xlsx")
    assert [str(key) for key in shop.schema.foreign] == ["orders.user_id -> users.id"]
    shop.to_folder(tmp_path / "out")
    again = Database.from_folder(tmp_path / "out")
    assert all(again.tables[name].equals(frame) for name, frame in shop.tables.items())


def test_parts_of_one_table_are_no_database(folder: Path) -> None:
    assert holds_tables(folder)
    assert not holds_tables(folder / "orders")
    assert not holds_tables(folder / "users.csv")


def test_a_folder_of_unlike_parts_is_left_out_and_told(folder: Path) -> None:
    USERS.write_parquet(folder / "orders" / "part-2.parquet")
    with pytest.warns(LikewiseWarning, match="orders' was left out"):
        assert "orders" not in Database.from_folder(folder).tables


def test_what_is_no_database_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        Database.from_folder(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no table"):
        Database.from_folder(tmp_path / "empty")
    (folder / "users.tsv").write_text("id\tname\n1\tAda\n")
    with pytest.raises(InputError, match=r"'users.csv' and 'users.tsv' are both table 'users'"):
        Database.from_folder(folder)
    (folder / "users.tsv").unlink()
    (folder / "database.json").write_text("{}")
    with pytest.raises(SchemaError, match=r"database.json': this is no schema of a database"):
        Database.from_folder(folder)


def test_a_folder_that_holds_something_is_not_overwritten(tmp_path: Path) -> None:
    shop = Database({"users": USERS, "orders": ORDERS})
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    with pytest.raises(OutputError, match="is not empty"):
        shop.to_folder(tmp_path / "full")
    with pytest.raises(OutputError, match="around it does not exist"):
        shop.to_folder(tmp_path / "no" / "where")
    (tmp_path / "empty").mkdir()
    shop.to_folder(tmp_path / "empty")
    assert (tmp_path / "empty" / "users.csv").exists()
    shop.to_folder(tmp_path / "full", replace=True)
    assert sorted(path.name for path in (tmp_path / "full").iterdir()) == ["database.json", "orders.csv", "users.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Database({"users": USERS, "orders": ORDERS})
    shop.to_folder(tmp_path / "shop")
    before = {path.name: path.read_bytes() for path in (tmp_path / "shop").iterdir()}

    def full(*arguments: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(folder_module, "write", full)
    with pytest.raises(OutputError, match="the disk is full"):
        shop.with_tables({"users": USERS.head(1)}).to_folder(tmp_path / "shop", replace=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "shop").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


@pytest.mark.parametrize("name", ["../out", "a/b", ".hidden", "x:y", ""])
def test_a_name_that_is_no_file_name_is_refused_and_nothing_is_left(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be that of a file"):
        Database({"users": USERS, name: ORDERS}).to_folder(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_that_is_no_table_is_left_out(tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "shop.xlsx") as book:
        USERS.cast({"id": pl.Int64}).write_excel(book, worksheet="users")
        book.add_worksheet("Notes").write(0, 0, "made in May")
        book.add_worksheet("Empty")
        ORDERS.write_excel(book, worksheet="orders")
    with pytest.warns(LikewiseWarning, match="sheet 'Notes' was left out: .* no rows"):
        assert list(Database.read(tmp_path / "shop.xlsx").tables) == ["users", "orders"]


def test_a_database_is_no_table(tmp_path: Path) -> None:
    Database({"users": USERS, "orders": ORDERS}, []).to_folder(tmp_path / "shop")
    with pytest.raises(InputError, match="is a database of several tables"):
        lw.read(tmp_path / "shop")


BROKEN = {
    "bad.parquet": b"PAR1 and no more", "bad.arrow": b"ARROW1 and no more", "bad.csv.gz": b"\x1f\x8b, no more",
    "bad.xlsx": b"PK\x03\x04 and no more", "bad.jsonl": b'{"a": 1}\n{and no more', "bad.csv": b"",
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_with_how_to_do_without_it(name: str, tmp_path: Path) -> None:
    pl.DataFrame({"id": [1, 2, 3]}).write_csv(tmp_path / "users.csv")
    (tmp_path / name).write_bytes(BROKEN[name])
    with pytest.raises(InputError, match=rf"{re.escape(name)}'.*if its name begins with '_'"):
        Database.from_folder(tmp_path)
    (tmp_path / name).rename(tmp_path / f"_{name}")
    assert list(Database.from_folder(tmp_path).tables) == ["users"]
