"""What a fresh machine meets: the README's commands, the pins, the licence and the embedded data."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from packaging.requirements import Requirement

import likewise
from likewise.cli.app import app
from likewise.data import adult
from likewise.models import MODELS

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
READMES = ("README.md", "README.zh-CN.md")
COMMANDS = {command.callback.__name__ for command in app.registered_commands if not command.hidden}
COMMANDS |= {group.name for group in app.registered_groups}


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fresh_machine_commands(readme: str) -> list[str]:
    lines = (ROOT / readme).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("python3 -m venv")]


@pytest.mark.parametrize("readme", READMES)
def test_readme_opens_with_two_well_formed_commands(readme: str) -> None:
    commands = fresh_machine_commands(readme)
    assert len(commands) == 2
    for command in commands:
        assert subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0
        words = shlex.split(command)
        assert words[words.index("-c") + 1] == "constraints.txt"
    assert shlex.split(commands[0])[-2:] == [".venv/bin/likewise", "demo"]
    assert (ROOT / shlex.split(commands[1])[-1]).is_file()
    extra = re.fullmatch(r"\.\[(\w+)\]", shlex.split(commands[1])[shlex.split(commands[1]).index("-e") + 1])
    assert extra is not None
    assert extra[1] in PROJECT["optional-dependencies"]


@pytest.mark.parametrize("readme", READMES)
def test_readme_is_read_at_a_sitting(readme: str) -> None:
    assert len((ROOT / readme).read_text(encoding="utf-8").splitlines()) < 150


def test_both_readmes_give_the_same_commands_and_code() -> None:
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in READMES]
    shell, chinese_shell = (re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for text in texts)
    assert shell == chinese_shell


@pytest.mark.parametrize("readme", READMES)
def test_every_subcommand_the_readme_names_exists(readme: str) -> None:
    named = set(re.findall(r"(?:^|`)likewise ([a-z]+)", (ROOT / readme).read_text(encoding="utf-8"), re.MULTILINE))
    assert named == COMMANDS


@pytest.mark.parametrize("page", [*READMES, "docs/choose.md", "docs/figures.md", "docs/zh/figures.md"])
def test_every_figure_on_a_page_comes_from_the_results(page: str) -> None:
    assert (ROOT / page).read_text(encoding="utf-8") == script("fill_readme").filled(page), "run scripts/fill_readme.py"


@pytest.mark.parametrize("page", [*READMES, "docs/choose.md"])
def test_every_model_is_named_where_one_chooses(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [name for name in MODELS if f"`{name}`" not in text] == []


def test_the_family_is_shown_with_what_was_measured_and_blanks_for_the_rest() -> None:
    fill, score = script("fill_readme"), {"value": 0.5134, "floor": 0.5, "interval": None}
    whole = {"data": "adult", "rows": 1000, "commit": "abc", "shape": score, "c2st": score, "fit_s": 2.0}
    told = {**whole, "model": "likewise-vae-told", "label_exactness": 1.0, "tstr_balanced": score, "coverage": score}
    bare = {"data": "adult", "rows": 1000, "commit": "abc", "shape": score, "model": "sdv-tvae", "note": "half an hour"}
    rows = [bare, told, {**whole, "model": "likewise"}, {"data": "adult", "model": "cart", "failed": "no memory"}]
    results = {"machine": {"processor": "any", "cores": 2}, "rows": rows}
    lines = fill.family_section(results, "family.py").splitlines()
    figures = [line for line in lines if line.startswith("| ") and "0.513" in line]
    assert [line.split(" | ")[0] for line in figures] == ["| **autoregressive**", "| **vae**, told", "| SDV TVAE"]
    assert figures[1].endswith("|  |  | 0.513 (0.500) | 1.000 | 0.513 (0.500) |")
    assert figures[2].endswith("| 0.513 (0.500) |  |  |  |  |  |  |  |")
    assert "- SDV TVAE: half an hour." in lines
    assert fill.family_section({"rows": rows[3:], "machine": {}}, "family.py") == ""


def test_figures_stand_beside_their_floors() -> None:
    fill = script("fill_readme")
    assert fill.beside({"value": 0.5134, "floor": 0.5, "interval": [0.4, 0.6]}) == "0.513 (0.500)"
    assert fill.beside({"value": 0.0005, "floor": None, "interval": None}, percent=True) == "0.05%"
    assert fill.beside(None) == ""
    score = {"value": 0.0123, "floor": 0.01, "interval": None}
    row = {
        "data": "adult",
        "model": "cart",
        "rows": 1000,
        "fit_s": 1.0,
        "sample_s": 0.5,
        "shape": score,
        "tstr_auc": score,
    }
    assert fill.line(row) == "| adult | CART | 1.0 | 2,000 | 0.012 (0.010) |  |  | 0.012 (0.010) |  |  |"


@pytest.mark.parametrize("readme", READMES)
def test_the_readmes_python_uses_public_names_only(readme: str) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL)
    named = {node.attr for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute) and is_lw(node.value)}
    assert named <= set(likewise.__all__)
    assert {"Synthesizer", "evaluate", "load"} <= named


def is_lw(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "lw"


@pytest.mark.parametrize("page", [*READMES, "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_link_to_a_file_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert all(((ROOT / page).parent / link).exists() for link in links), links


def test_ci_runs_the_readmes_second_command_word_for_word(tmp_path: Path) -> None:
    # A checkout in which that command only says that it ran.
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_bytes((ROOT / ".ci" / "run").read_bytes())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = fresh_machine_commands("README.md")[1]
    (tmp_path / "README.md").write_text(readme.replace(command, "python3 -m venv --help && false"), encoding="utf-8")
    run = subprocess.run(["bash", ".ci/run"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.stdout.startswith("+ python3 -m venv --help && false\n")
    assert run.returncode != 0
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_constraints_pin_every_declared_dependency_within_its_range() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    extras = PROJECT["optional-dependencies"]
    needs = [Requirement(text) for text in (*PROJECT["dependencies"], *(t for ts in extras.values() for t in ts))]
    for need in needs:
        if need.name != "likewise":
            assert pins[need.name] in need.specifier, need.name
            assert need.specifier, f"{need.name} has no lower bound"
    assert pins["torch"] == "2.13.0"


def test_extra_all_is_the_lot() -> None:
    extras = PROJECT["optional-dependencies"]
    assert set(Requirement(extras["all"][0]).extras) == set(extras) - {"all", "dev", "docs"}


def test_every_extra_is_told_where_one_installs() -> None:
    rows = re.findall(r"^\| (`.*`) \|", (ROOT / "docs" / "install.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(PROJECT["optional-dependencies"])


def test_version_is_said_once() -> None:
    assert "version" in PROJECT["dynamic"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", likewise.__version__)


def test_licence_is_the_whole_apache_text() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_package_ships_its_types() -> None:
    assert (Path(likewise.__file__).parent / "py.typed").is_file()


def test_every_file_beside_the_code_is_shipped() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    package = ROOT / "src" / "likewise"
    shipped = {path for pattern in tool["package-data"]["likewise"] for path in package.glob(pattern)}
    beside = {p for p in package.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")}
    assert beside == shipped


def test_adult_is_as_the_source_has_it() -> None:
    frame = adult()
    assert frame.shape == (32_561, 15)
    assert set(frame.dtypes) == {pl.Int64, pl.String}
    assert frame.null_count().sum_horizontal().item() == 0
    assert sum((frame[name] == "?").sum() for name in frame.columns if frame[name].dtype == pl.String) == 4_262
    assert frame["income"].value_counts().sort("income")["count"].to_list() == [24_720, 7_841]


def test_adult_equals_the_shared_file(shared_data: Path) -> None:
    assert adult().equals(pl.read_csv(shared_data / "adult_train.csv"))


def test_adult_is_attributed_and_small() -> None:
    folder = Path(likewise.__file__).parent / "data"
    text = (folder / "README.md").read_text(encoding="utf-8")
    for part in ("Becker", "Kohavi", "UCI Machine Learning Repository", "https://doi.org/10.24432/C5XW20", "CC BY 4.0"):
        assert part in text
    assert (folder / "adult.parquet").stat().st_size < 300_000


def test_cli_page_is_what_the_help_says() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == script("make_cli_docs").render(), "run scripts/make_cli_docs.py"
