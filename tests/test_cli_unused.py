"""An option that is given is used, or refused by its name before any file is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from likewise.cli.app import app

BALANCE, SCENARIO = ("balance", "t.csv", "--target", "y"), ("scenario", "t.csv", "-o", "out.csv")
PATHS = (*SCENARIO, "--paths", "close", "--time", "day")
SYNTH = ("synth", "t.csv", "-o", "out.csv")
IMPUTE = ("impute", "t.csv", "-o", "out.csv")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ((*BALANCE, "--compare", "--model", "smote"), "--model"),
        ((*BALANCE, "--compare", "--way", "conditional"), "--way"),
        ((*BALANCE, "--compare", "--quality", "0.1"), "--quality"),
        ((*BALANCE, "--compare", "--overlap", "0.1"), "--overlap"),
        ((*BALANCE, "--compare", "--mark", "new"), "--mark"),
        ((*BALANCE, "-o", "out.csv", "--methods", "smote"), "--methods"),
        ((*BALANCE, "-o", "out.csv", "--folds", "5"), "--folds"),
        ((*BALANCE, "-o", "out.csv", "--repeats", "2"), "--repeats"),
        ((*PATHS, "--return-period", "10"), "--return-period"),
        ((*PATHS, "--tail", "nonsense"), "--tail"),
        ((*PATHS, "--mix", "a=b:0.3"), "--mix"),
        ((*PATHS, "--set", "a=b"), "--set"),
        ((*PATHS, "--returns", "close"), "--returns"),
        ((*PATHS, "--side", "lower"), "--side"),
        ((*SCENARIO, "--horizon", "250"), "--horizon"),
        ((*SCENARIO, "--shock", "close=-0.2"), "--shock"),
        ((*SCENARIO, "--start", "calm"), "--start"),
        ((*SCENARIO, "--tail", "a", "--side", "lower"), "--tail, --side"),
        ((*SCENARIO, "--order", "a,b"), "--order"),
        ((*SYNTH, "--no-measure", "--report", "r.html"), "--report"),
        ((*SYNTH, "--no-measure", "--json", "r.json", "--lang", "zh"), "--json, --lang"),
        ((*IMPUTE, "--draws", "5", "--statistic", "mean"), "--statistic"),
    ],
)
def test_an_option_that_would_not_be_used_is_refused(
    words: tuple[str, ...], option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 2, result.output
    assert f"{option} would not be used" in " ".join(result.stderr.split())
    assert not Path("out.csv").exists()


@pytest.mark.parametrize(
    "words",
    [
        (*SYNTH, "--model"), (*IMPUTE, "--model"), ("scenario", "rows", "t.csv", "-o", "out.csv", "--model"),
        ("balance", "rows", "t.csv", "--target", "y", "-o", "o.csv", "--model"),
        ("evaluate", "t.csv", "t.csv", "--measures"), ("compare", "t.csv", "a.csv", "b.csv", "--measures"),
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_the_name_of_no_model_is_told_before_the_table_is_read(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("t.csv", "a.csv", "b.csv"):
        Path(name).write_text("a,b\n1\n2,3,4\n")  # no table
    result = CliRunner().invoke(app, [*words, "nonsense"])
    assert result.exit_code == 2
    assert "nonsense" in result.output
    assert "autoregressive" in result.output or "accuracy" in result.output
