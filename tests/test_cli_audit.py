"""`likewise audit` from the outside: files in, exit code, JSON and JUnit out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from likewise.cli import app as cli

Run = Callable[..., Result]


def people(n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 91, n)
    score = (rng.normal(50.0, 12.0, n) + 0.4 * age).round(2)
    return pl.DataFrame({"age": age, "grade": rng.choice(["low", "high"], n), "score": score, "won": score > 70})


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in a folder with train, fresh, copy and holdout tables."""
    monkeypatch.chdir(tmp_path)
    for name, seed in {"train": 0, "fresh": 1, "holdout": 2}.items():
        people(300, seed).write_csv(f"{name}.csv")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    Path("copy.csv").write_bytes(Path("train.csv").read_bytes())

    def invoke(*words: Any) -> Result:
        return CliRunner().invoke(cli.app, ["audit", *map(str, words)])

    return invoke


RULES = """
measures = "attacks"
[rules]
shape = { max = 0.2 }
copies = { no_alarm = true }
membership = { no_alarm = true }
"""


def test_a_fresh_sample_keeps_the_rules(run: Run) -> None:
    Path("rules.toml").write_text(RULES)
    answer = run("train.csv", "fresh.csv", "--holdout", "holdout.csv", "--rules", "rules.toml")
    assert answer.exit_code == 0, answer.output
    assert "all 3 rules are kept" in answer.stdout


def test_a_copy_breaks_them_with_code_1_and_the_lines_that_failed(run: Run) -> None:
    Path("rules.toml").write_text(RULES)
    words = ("--holdout", "holdout.csv", "--rules", "rules.toml", "--json", "a.json", "--junit", "a.xml", "--quiet")
    answer = run("train.csv", "copy.csv", *words, "--worst", 3)
    assert answer.exit_code == 1
    lines = answer.stderr.splitlines()
    assert [line.split(":")[1].strip() for line in lines[:-1]] == ["copies", "membership"]
    assert lines[-1] == "likewise: 2 of 3 rules are broken"
    plain = json.loads(Path("a.json").read_text())
    assert plain["passed"] is False
    assert [r["passed"] for r in plain["rules"]] == [True, False, False]
    assert len(plain["worst_rows"]) == 3
    assert plain["report"]["format"] == "likewise report"
    suite = ElementTree.fromstring(Path("a.xml").read_text().split("\n", 1)[1])
    assert suite.get("failures") == "2"


def test_without_rules_it_measures_and_says_so(run: Run) -> None:
    answer = run("train.csv", "fresh.csv", "--measures", "accuracy")
    assert answer.exit_code == 0, answer.output
    assert "no rules were given" in answer.stdout


def test_shadows_add_their_figures(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import likewise

    class Copier:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def fit(self, frame: pl.DataFrame) -> Copier:
            self.frame = frame
            return self

        def sample(self, n: int) -> pl.DataFrame:
            return self.frame[:n]

    monkeypatch.setitem(vars(likewise), "Synthesizer", Copier)
    Path("rules.toml").write_text('measures = "accuracy"\n[rules]\nshadow = { no_alarm = true }\n')
    words = ("--holdout", "holdout.csv", "--rules", "rules.toml", "--shadows", 6, "--shadow-rows", 100)
    answer = run("train.csv", "fresh.csv", *words)
    assert answer.exit_code == 1
    assert "failed: shadow: no alarm" in answer.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--worst", 3), 2, "--worst needs --holdout"),
        (("--rules", "none.toml"), 3, "cannot be read"),
        (("--measures", "acuracy"), 2, "did you mean 'accuracy'"),
        (("--by", "score", "--measures", "accuracy"), 2, "groups need a column of levels"),
        (("--json", "train.csv"), 2, "named twice"),
    ],
)
def test_wrong_use_is_told(run: Run, words: tuple[Any, ...], code: int, said: str) -> None:
    answer = run("train.csv", "fresh.csv", *words)
    assert answer.exit_code == code, answer.output
    assert said in answer.stderr
