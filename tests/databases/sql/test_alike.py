"""Keys that a database takes for the same, by its collation, are refused in words before anything is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.databases.sql.conftest import Server

from likewise.databases.database import Database
from likewise.databases.links.makers import Fresh, maker_from
from likewise.errors import InputError, OutputError

ALIKE = {"case": ["anna", "Anna"], "blank": ["anna", "anna "], "accent": ["zoe", "zoë"], "both": ["zoe", "ZOË  "]}


def users(names: list[str]) -> Database:
    """Users told apart by name, and what each of them wrote."""
    frame = pl.DataFrame({"name": names, "age": range(len(names))})
    notes = pl.DataFrame({"by": names, "n": range(len(names))})
    return Database({"users": frame, "notes": notes}, ["users(name)", "notes.by -> users.name"])


@pytest.mark.parametrize("what", ALIKE)
def test_mariadb_refuses_in_words_before_a_table_is_made(mariadb: Server, what: str) -> None:
    url = mariadb.new()
    said = r"users\(name\): 1 of 2 keys are others' there.*general_ci.*binary one"
    with pytest.raises(OutputError, match=said) as told:
        users(ALIKE[what]).to_sql(url)
    assert not any(name in str(told.value) for name in ALIKE[what])
    with pytest.raises(InputError, match="has no tables"):  # none was made
        Database.from_sql(url)


def test_mariadb_takes_what_its_collation_tells_apart(mariadb: Server) -> None:
    """Tables that are there, with keys that are compared letter by letter, though not by blanks at the end."""
    made = (
        "CREATE TABLE users (name varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, age bigint)",
        "CREATE TABLE notes (`by` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, n bigint, "
        "FOREIGN KEY (`by`) REFERENCES users (name))",
    )
    url = mariadb.new(*made)
    users(["anna", "Anna", "zoe", "zoë"]).to_sql(url)
    assert len(Database.from_sql(url).tables["users"]) == 4
    other = mariadb.new(*made)
    with pytest.raises(
        OutputError, match="utf8mb4_bin, to which texts with and without blanks at the end are the same"
    ):
        users(ALIKE["blank"]).to_sql(other)
    users(["anna", "berta", "Zoë"]).to_sql(mariadb.new())


@pytest.mark.parametrize(("dialect", "what"), [("mysql", "accent"), ("mssql", "case"), ("mssql", "blank")])
def test_statements_to_a_file_are_held_to_the_usual_collation(dialect: str, what: str, tmp_path: Path) -> None:
    script = tmp_path / "fake.sql"
    with pytest.raises(OutputError, match="1 of 2 keys are others' there"):
        users(ALIKE[what]).to_sql(f"{dialect}://host/shop", dry_run=script)
    assert not script.exists()


@pytest.mark.parametrize(("dialect", "what"), [("mssql", "accent"), ("postgresql", "both"), ("sqlite", "case")])
def test_databases_that_tell_them_apart_take_them(dialect: str, what: str, tmp_path: Path) -> None:
    url = "sqlite:///other.db" if dialect == "sqlite" else f"{dialect}://host/shop"
    users(ALIKE[what]).to_sql(url, dry_run=tmp_path / "fake.sql")
    assert (tmp_path / "fake.sql").exists()


def test_keys_are_made_that_differ_in_more_than_case_where_real_ones_do() -> None:
    """Two letters of either case and a digit: by chance many made ones would be one but for their case."""
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    texts = pl.Series("key", ["".join(rng.choice(letters, 2)) + str(rng.integers(10)) for _ in range(2_000)])
    apart = texts.filter(texts.str.to_lowercase().is_first_distinct())
    maker = Fresh.of(apart)
    made = maker.make(400, pl.String(), np.random.default_rng(1))
    assert made.n_unique() == made.str.to_lowercase().n_unique() == 400
    again = maker_from(*maker.to_state())
    assert isinstance(again, Fresh)
    assert again.make(400, pl.String(), np.random.default_rng(1)).equals(made)
    mixed = Fresh.of(texts.unique(maintain_order=True)).make(400, pl.String(), np.random.default_rng(1))
    assert mixed.str.to_lowercase().n_unique() < 400, "where real keys differ in case alone made ones may"
