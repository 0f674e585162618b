"""`likewise balance`: rows first and new ones after them, comparisons, and one clear line where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from likewise.cli.app import app


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["balance", *map(str, words)])


@pytest.fixture
def table(tmp_path: Path, mixed_frame: pl.DataFrame) -> Path:
    """A CSV with 130 rows of one class and 30 of the other."""
    passed = mixed_frame["passed"].to_numpy()
    rows = np.concatenate([np.flatnonzero(passed)[:130], np.flatnonzero(~passed)[:30]])
    mixed_frame[rows].write_csv(tmp_path / "data.csv")
    return tmp_path / "data.csv"


def test_new_rows_follow_those_of_the_file(table: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "balanced.csv", tmp_path / "report.json"
    result = run(table, "--target", "passed", "-o", out, "--model", "copula", "--mark", "new", "--json", report)
    assert result.exit_code == 0, result.output
    given = table.read_text().splitlines()
    written = out.read_text().splitlines()
    assert [line.rsplit(",", 1)[0] for line in written[:161]] == given
    balanced = pl.read_csv(out)
    assert balanced["new"].to_list() == [False] * 160 + [True] * 100
    assert balanced["passed"].value_counts()["count"].to_list() == [130, 130]
    assert "100 of them new" in result.output
    assert "copula (conditional)" in result.output
    assert [line["asked"] for line in json.loads(report.read_text())["classes"]] == [100, 0]


def test_rare_numbers(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "balanced.parquet"
    frame = pl.read_csv(table).drop_nulls("score").with_columns(score=(pl.col("score") / 20).exp().round(2))
    frame.write_csv(table)
    result = run(table, "--target", "score", "-o", out, "--model", "smotenc", "--regression", "--quiet")
    assert result.exit_code == 0, result.output
    balanced = pl.read_parquet(out)
    assert len(balanced) > len(frame)
    assert balanced["score"].dtype == pl.Float64
    assert balanced["score"].head(len(frame)).to_list() == frame["score"].to_list()
    new = balanced["score"].slice(len(frame))
    assert (new == new.round(2)).all(), "decimals as in the column"


def test_compare_prints_the_rows_without_balancing(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "comparison.json"
    result = run(table, "--target", "passed", "--compare", "--methods", "random", "--folds", 2, "--json", out)
    assert result.exit_code == 0, result.output
    for text in ("none, threshold tuned", "random forest", "auprc", "better than no balancing"):
        assert text in result.output
    found = json.loads(out.read_text())
    assert {line["method"] for line in found["lines"]} == {"none", "none, threshold tuned", "class weights", "random"}


def test_compare_judges_a_target_of_numbers(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "comparison.json"
    pl.read_csv(table).drop_nulls("score").with_columns((pl.col("score") / 20).exp()).write_csv(table)
    result = run(table, "--target", "score", "--regression", "--compare", "--methods", "random", "--folds", 2,
                 "--json", out)  # fmt: skip
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    for text in ("linear regression", "R2 of rare", "MAE of rare", "loss over no balancing, allow", "Recommended: "):
        assert text in output
    found = json.loads(out.read_text())
    assert (found["task"], found["baseline"]) == ("regression", "none")
    assert {line["measure"] for line in found["lines"]} == {"rare_mae", "rare_r2", "mae", "r2"}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--target", "passed"), 2, "--output"),
        (("--target", "passed", "--compare", "-o", "x.csv"), 2, "--output"),
        (("--target", "pased", "-o", "x.csv"), 4, "did you mean 'passed'"),
        (("--target", "grade", "-o", "x.csv", "--model", "random"), 3, "the target is missing in"),
        (("--target", "passed", "-o", "x.csv", "--model", "smoke"), 2, "no model 'smoke'; did you mean 'smote'"),
        (("--target", "passed", "-o", "x.csv", "--model", "smote", "--strategy", "0.01"), 2, "ratio"),
        (("--target", "passed", "-o", "x.csv", "--model", "random", "--mark", "age"), 2, "a column 'age' already"),
        (("--target", "passed", "--bins", "1,2", "--compare"), 2, "--bins is for --regression"),
        (("--target", "score", "--bins", "1,two", "--regression", "--compare"), 2, "numbers that rise"),
        (("--target", "grade", "--regression", "--compare"), 2, "needs a target of numbers"),
    ],
)
def test_what_cannot_be_ends_with_one_clear_line(
    table: Path, words: tuple[str, ...], code: int, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(table, *words)
    assert result.exit_code == code, result.output
    assert told in result.output
    assert not (tmp_path / "x.csv").exists()


def test_a_constant_target_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "data.csv"
    pl.DataFrame({"a": [1, 2, 3], "y": ["n", "n", "n"]}).write_csv(source)
    result = run(source, "--target", "y", "-o", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "more than 1 class" in result.output


def test_texts_and_keys_are_no_classes_and_none_is_shown(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"who": [f"Zwing {chr(97 + k % 26)}{chr(97 + k // 26)}u" for k in range(120)], "x": range(120)}
    )
    frame = frame.with_columns(code=pl.format("K-{}", pl.col("x") * 37 + 1000), x=pl.col("x") % 7)
    frame.write_csv(tmp_path / "t.csv")
    for target, code in (("who", 2), ("code", 4)):
        answer = run("rows", tmp_path / "t.csv", "--target", target, "-o", tmp_path / "o.csv")
        assert answer.exit_code == code, answer.output
        assert not any(value in answer.output for value in frame[target])
