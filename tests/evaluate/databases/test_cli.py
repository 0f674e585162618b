"""`likewise evaluate` of folders and of files of SQL."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app

from .made import database

RUN = CliRunner()


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    made = []
    for seed, name in enumerate(("real", "fake", "later")):
        database(60, seed).to_folder(tmp_path / name)
        made.append(str(tmp_path / name))
    return made


def test_folders_are_measured_and_shown(folders: list[str], tmp_path: Path) -> None:
    real, fake, later = folders
    page, figures = tmp_path / "report.html", tmp_path / "report.json"
    done = RUN.invoke(
        app, ["evaluate", real, fake, "--holdout", later, "--measures", "attacks", "--report", str(page), "--json",
              str(figures)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "Foreign keys not found" in done.output
    assert 'class="drawn"' in page.read_text(encoding="utf-8")
    report = lw.Report.from_dict(json.loads(figures.read_text(encoding="utf-8")))
    assert report["db_links"].value == 0.0
    assert "db_membership:customers" in report


def test_options_of_tables_are_refused(folders: list[str]) -> None:
    for option in (["--target", "age"], ["--entity", "id"], ["--show-real"], ["--dp-only"], ["--delimiter", ";"]):
        done = RUN.invoke(app, ["evaluate", *folders[:2], *option])
        assert done.exit_code == 2, (option, done.output)
        assert "is for tables" in done.output


def test_keys_are_of_databases(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n", encoding="utf-8")
    done = RUN.invoke(app, ["evaluate", str(tmp_path / "a.csv"), str(tmp_path / "a.csv"), "--key", "a(x)"])
    assert done.exit_code == 2
    assert "is for databases" in done.output


def test_a_file_of_sqlite_is_measured_with_its_keys(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    for seed, name in enumerate(("real", "fake")):
        with sqlite3.connect(tmp_path / f"{name}.sqlite") as file:
            file.executescript(
                "CREATE TABLE a (id INTEGER PRIMARY KEY, x REAL NOT NULL);"
                "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER NOT NULL REFERENCES a(id));"
            )
            file.executemany("INSERT INTO a VALUES (?, ?)", [(i, i * 7 % 31 + seed) for i in range(40)])
            file.executemany("INSERT INTO b VALUES (?, ?)", [(i, i * 3 % (40 + 5 * seed)) for i in range(90)])
    figures = tmp_path / "report.json"
    sides = [str(tmp_path / f"{name}.sqlite") for name in ("real", "fake")]
    done = RUN.invoke(app, ["evaluate", *sides, "--measures", "attacks", "--json", str(figures)])
    assert done.exit_code == 0, done.output
    report = lw.Report.from_dict(json.loads(figures.read_text(encoding="utf-8")))
    assert report["db_links"].details["worst"] == "b.a -> a.id"
    assert report["db_links"].stands == "worse"


@pytest.mark.parametrize("command", ["evaluate", "audit"])
def test_all_three_may_be_urls_and_tables_be_kept(command: str, tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    for seed, name in enumerate(("real", "fake", "later")):
        database(60, seed).to_sql(tmp_path / f"{name}.sqlite")
    real, fake, later = (f"sqlite:///{tmp_path / name}.sqlite" for name in ("real", "fake", "later"))
    figures = tmp_path / "figures.json"
    words = [command, real, fake, "--holdout", later, "--measures", "attacks", "--json", str(figures)]
    counted = []
    for kept in ([], ["--keep", "customers"]):
        done = RUN.invoke(app, [*words, *kept])
        assert done.exit_code == 0, done.output
        told = json.loads(figures.read_text(encoding="utf-8"))
        counted.append([score["name"] for score in told.get("report", told)["scores"]])
    # Nobody belongs to those that are kept, so what was a subtree is none.
    assert "db_membership:customers" in counted[0]
    assert "db_membership:customers" not in counted[1]


def test_no_output_takes_the_place_of_what_is_measured(folders: list[str], tmp_path: Path) -> None:
    for name in ("real", "fake", "later"):
        (tmp_path / f"{name}.csv").write_text("x,y\n1,2\n3,5\n" * 40, encoding="utf-8")
    real, fake, later = (str(tmp_path / f"{name}.csv") for name in ("real", "fake", "later"))
    tables = str(Path(folders[1]) / "customers.csv")
    for sides, output in (((real, fake, later), later), ((real, fake, later), real), (folders, tables)):
        before = Path(output).read_bytes()
        for option in ("--json", "--report"):
            done = RUN.invoke(app, ["evaluate", *sides[:2], "--holdout", sides[2], option, output])
            assert (done.exit_code, "named twice" in done.output) == (2, True), done.output
        assert Path(output).read_bytes() == before


def test_a_database_is_held_against_rules(folders: list[str], tmp_path: Path) -> None:
    rules = tmp_path / "audit.toml"
    rules.write_text(
        '[rules]\ndb_links = { max = 0 }\n"db_subtrees:customers" = { no_alarm = true }\n', encoding="utf-8"
    )
    real, fake, later = folders
    words = ["audit", real, fake, "--holdout", later, "--measures", "attacks", "--rules", str(rules)]
    done = RUN.invoke(app, words)
    assert done.exit_code == 0, done.output
    (Path(fake) / "cities.csv").write_text("id,country,size\n0,A,3.0\n", encoding="utf-8")
    done = RUN.invoke(app, words)
    assert done.exit_code == 1
    assert "db_links" in done.output
