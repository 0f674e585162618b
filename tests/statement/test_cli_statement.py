"""`likewise statement`: a model file in, a sheet out, in the form that its name asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app

from ..dp.test_private_fit import synth, table
from ..report.reports import report_of


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.likewise"
    synth().fit(table(900, seed=51)).save(path)
    return path


def run(*arguments: object) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["statement", *map(str, arguments)])
    return answer.exit_code, answer.output


def test_without_a_file_the_sheet_is_printed(model: Path) -> None:
    code, said = run(model)
    assert code == 0
    assert said.startswith("# Release sheet\n")
    assert said.strip() == lw.statement(model).to_markdown().strip()


@pytest.mark.parametrize("ending", ["html", "json", "md"])
def test_the_ending_says_the_form(model: Path, ending: str, tmp_path: Path) -> None:
    target = tmp_path / f"sheet.{ending}"
    code, said = run(model, "-o", target, "--lang", "zh")
    assert code == 0, said
    assert (
        "发布说明" in target.read_text(encoding="utf-8")
        or json.loads(target.read_text(encoding="utf-8"))["lang"] == "zh"
    )


def test_report_and_audit_are_taken_in(model: Path, tmp_path: Path) -> None:
    report, audit, target = tmp_path / "report.json", tmp_path / "audit.json", tmp_path / "sheet.json"
    report_of().to_json(report)
    claim = {"epsilon": 1.0, "delta": 1e-6}
    audit.write_text(json.dumps({"claim": claim, "epsilon": 0.3, "confidence": 0.9, "threat": "t", "is_broken": False}))
    code, said = run(model, "-o", target, "--report", report, "--audit", audit)
    assert code == 0, said
    told = json.loads(target.read_text(encoding="utf-8"))
    assert [attack["name"] for attack in told["attacks"]] == ["copies", "membership"]
    assert next(item for item in told["checklist"] if item["item"] == "audit")["standing"] == "partly"


def test_wrong_inputs_end_in_one_line(model: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.json"
    torn.write_text("{")
    assert run(model, "-o", tmp_path / "sheet.docx")[0] == 2
    assert run(model, "-o", model)[0] == 2
    assert run(torn)[0] == 6
    assert run(model, "--audit", torn)[0] == 3
    assert run(model, "--report", torn)[0] == 3
    assert run(tmp_path / "nothing.likewise")[0] == 3
