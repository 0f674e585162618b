"""The report on the command line: several tables compared, and figures withheld."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from likewise.cli.app import app
from likewise.tables.files import write

from ..conftest import make_mixed_frame
from .reports import Page


@pytest.fixture
def files(tmp_path):
    real, one = make_mixed_frame(120, 0), make_mixed_frame(120, 1)
    two = one.with_columns(one["age"].shuffle(seed=1))
    for name, frame in (("real", real), ("one", one), ("two", two)):
        write(frame, tmp_path / f"{name}.csv")
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_several_tables_are_compared(files):
    page, figures = files / "c.html", files / "c.json"
    done = run(
        "evaluate", files / "real.csv", files / "one.csv", files / "two.csv", "--report", page, "--json", figures
    )
    assert done.exit_code == 0, done.output
    assert "one" in done.output
    plain = json.loads(figures.read_text(encoding="utf-8"))
    assert plain["names"] == ["one", "two"]
    values = {s["name"]: [v["value"] for v in s["scores"]] for s in plain["scores"]}
    assert np.all(np.isfinite(values["shape"]))
    assert Page(page.read_text(encoding="utf-8")).open == []


def test_whose_table_is_best_is_told_by_one_command(files):
    page, figures = files / "c.html", files / "c.json"
    done = run(
        "compare", files / "real.csv", files / "one.csv", files / "two.csv", "--measures", "accuracy", "--lang", "zh",
        "--report", page, "--json", figures,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "one" in done.output
    plain = json.loads(figures.read_text(encoding="utf-8"))
    assert plain["names"] == ["one", "two"]
    assert {"best", "scores"} <= plain["scores"][0].keys()
    assert "合成数据比较" in Page(page.read_text(encoding="utf-8")).text


def test_one_table_has_nothing_to_be_compared_with(files):
    done = run("compare", files / "real.csv", files / "one.csv")
    assert done.exit_code == 2
    assert "likewise evaluate" in done.output


@pytest.mark.parametrize("command", ["compare", "evaluate"])
def test_a_table_named_twice_is_told(files, command):
    done = run(command, files / "real.csv", files / "one.csv", files / "two.csv", files / "one.csv")
    assert done.exit_code == 2
    assert "named twice" in done.output


def test_dp_only_measures_nothing(files, monkeypatch):
    monkeypatch.setattr("likewise.evaluate", None)
    page, figures = files / "r.html", files / "r.json"
    outputs = ("--dp-only", "--report", page, "--json", figures, "--quiet")
    done = run("evaluate", files / "real.csv", files / "one.csv", *outputs)
    assert done.exit_code == 0, done.output
    plain = json.loads(figures.read_text(encoding="utf-8"))
    assert plain["scores"] == plain["columns"] == plain["pairs"] == []
    assert plain["data"]["withheld"] is True
    assert "withheld" in Page(page.read_text(encoding="utf-8")).text


def test_dp_only_of_a_plain_table_is_refused(files):
    """The table itself would leave without a budget: withholding its report promises what does not hold."""
    done = run("synth", files / "real.csv", "-o", files / "fake.csv", "--dp-only", "--quiet")
    assert done.exit_code == 2
    assert "give --epsilon" in done.output
    assert not (files / "fake.csv").exists()


def test_a_comparison_cannot_be_withheld(files):
    done = run("evaluate", files / "real.csv", files / "one.csv", files / "two.csv", "--dp-only")
    assert done.exit_code == 2
    assert "give one table" in done.output
