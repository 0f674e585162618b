"""Histories on the command line: `evaluate` and `audit` with a time, or with rows in order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from likewise.cli.app import app

from .made import shuffled, visits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, seed in (("real", 1), ("fake", 2), ("fresh", 3)):
        table = visits(120, seed)
        (shuffled(table, ["ward"], 1) if name == "fake" else table).write_csv(tmp_path / f"{name}.csv")
    return tmp_path


def run(folder: Path, *words: str) -> tuple[int, str]:
    paths = [str(folder / word) if word.endswith((".csv", ".json", ".toml", ".html")) else word for word in words]
    done = CliRunner().invoke(app, paths)
    return done.exit_code, done.output


TABLES = ("real.csv", "fake.csv", "--holdout", "fresh.csv", "--entity", "who")


@pytest.mark.parametrize("order", [("--time", "day"), ("--in-order",)])
def test_evaluate_measures_histories(folder: Path, order: tuple[str, ...]) -> None:
    code, said = run(
        folder, "evaluate", *TABLES, *order, "--measures", "joint", "--json", "out.json", "--report", "out.html"
    )
    assert code == 0, said
    told = json.loads((folder / "out.json").read_text())
    names = {score["name"] for score in told["scores"]}
    assert "history_transitions" in names
    assert ("history_gaps" in names) == (order[0] == "--time")
    assert told["histories"]["examples"]
    assert 'id="histories"' in (folder / "out.html").read_text()


def test_a_rule_of_an_audit_may_be_about_histories(folder: Path) -> None:
    rules = [
        "measures = ['joint']",
        "[rules]",
        "history_transitions = { no_alarm = true }",
        "history_back = { max = 0 }",
    ]
    (folder / "rules.toml").write_text("\n".join(rules))
    code, said = run(folder, "audit", *TABLES, "--time", "day", "--rules", "rules.toml")
    assert code == 1, said
    assert "history_transitions" in said


def test_one_order_is_named(folder: Path) -> None:
    code, said = run(folder, "evaluate", *TABLES, "--time", "day", "--in-order")
    assert code == 2
    assert "give one" in said
