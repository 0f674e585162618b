"""The files by which a repository is met: each can be read, and what they say twice agrees with pyproject.toml."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import likewise

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
YAML = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob(".github/**/*.yml"), ROOT / "CITATION.cff", ROOT / ".pre-commit-config.yaml")
)
WORKFLOWS = [name for name in YAML if "workflows/" in name]


def read(name: str) -> Any:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def recipe() -> Any:
    """The recipe of conda, with its two variables put in."""
    yaml = pytest.importorskip("yaml")
    text = (ROOT / "packaging" / "conda" / "meta.yaml").read_text(encoding="utf-8")
    names = dict(re.findall(r'{% set (\w+) = "([^"]+)" %}', text))
    text = re.sub(r"{%.*?%}\n", "", text)
    return yaml.safe_load(re.sub(r"{{ (\w+) }}", lambda found: names.get(found[1], found[1]), text))


@pytest.mark.parametrize("name", YAML)
def test_each_file_can_be_read(name: str) -> None:
    assert isinstance(read(name), dict)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_and_may_do_little(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) and "# v" in note for action, note in used)
    flow = read(name)
    assert flow["permissions"] in ({}, {"contents": "read"})
    granted = [
        right
        for job in flow["jobs"].values()
        for right, level in job.get("permissions", {}).items()
        if level == "write"
    ]
    assert set(granted) <= {"id-token", "pages"}
    # What a stranger wrote (a title, a branch's name) is never put into a script.
    assert not re.search(r"\${{\s*github\.(event\.(?!_name)|head_ref)", text)


def test_one_action_has_one_version() -> None:
    used = {found for name in WORKFLOWS for found in re.findall(r"uses: (\S+)@(\S+)", (ROOT / name).read_text("utf-8"))}
    assert len({action for action, _ in used}) == len(used)


def test_ci_has_every_python_that_is_declared() -> None:
    matrix = read(".github/workflows/ci.yml")["jobs"]["matrix"]["strategy"]["matrix"]
    declared = [text.rsplit(" ", 1)[1] for text in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", text)]
    assert matrix["python"] == declared
    assert PROJECT["requires-python"] == f">={matrix['python'][0]}"
    assert {"python": matrix["python"][0], "dependencies": "lowest"} in matrix["include"]


def test_what_is_published_is_attested_and_needs_no_token() -> None:
    jobs = read(".github/workflows/publish.yml")["jobs"]
    last = jobs["publish"]["steps"][-1]
    assert last["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert last["with"] == {"attestations": True}
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert not any("checkout" in step.get("uses", "") or "run" in step for step in jobs["publish"]["steps"])


@pytest.mark.parametrize("name", [name for name in YAML if "ISSUE_TEMPLATE" in name and "config" not in name])
def test_forms_ask_for_the_version_and_never_for_data(name: str) -> None:
    form = read(name)
    asked = {part["id"]: part for part in form["body"] if "id" in part}
    assert "likewise --version" in asked["version"]["attributes"]["label"]
    assert not any(part["type"] == "file" or "upload" in str(part).lower() for part in form["body"])
    if "bug" in name:
        assert "Show no data" in form["body"][0]["attributes"]["value"]


def test_versions_agree() -> None:
    assert read("CITATION.cff")["version"] == likewise.__version__
    assert recipe()["package"] == {"name": "likewise", "version": likewise.__version__}
    pins = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line[0] != "#"
    )
    hooks = {repo["repo"]: repo.get("rev") for repo in read(".pre-commit-config.yaml")["repos"]}
    assert hooks["https://github.com/astral-sh/ruff-pre-commit"] == f"v{pins['ruff']}"
    assert read("CITATION.cff")["license"] == PROJECT["license"] == recipe()["about"]["license"]


def test_conda_needs_what_pip_needs() -> None:
    run = [Requirement(line.replace("pytorch", "torch")) for line in recipe()["requirements"]["run"]]
    needs = {need.name: need.specifier for need in map(Requirement, PROJECT["dependencies"])}
    assert {need.name: need.specifier for need in run if need.name != "python"} == needs


def test_the_container_takes_known_extras_and_is_no_root() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    (extras,) = re.findall(r"'\.\[([\w,]+)\]'", text)
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    assert text.index("USER likewise") < text.index("ENTRYPOINT")


def test_the_lowest_versions_are_those_declared() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "lowest.py"), "ray"], capture_output=True, text=True, check=True
    )
    lowest = dict(line.split("==") for line in run.stdout.split())
    for need in map(Requirement, PROJECT["dependencies"]):
        assert lowest[need.name] in need.specifier
    assert "ray" not in lowest
