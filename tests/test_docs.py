"""The site: its tutorials run as they stand, it is built without a warning, and nothing in it fetches."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

import likewise
from likewise.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
TUTORIALS = sorted(set((DOCS / "tutorials").glob("*.md")) - {DOCS / "tutorials" / "index.md"})
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_tutorial_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    found = blocks(page)
    assert {kind for kind, _ in found} <= {"python", "sh"}
    assert len(found) >= 4
    for kind, text in found:
        if kind == "python":
            exec(compile(text, page.name, "exec"), names)
        for line in text.splitlines() if kind == "sh" else ():
            program, *words = shlex.split(line)
            assert program == "likewise"
            answer = CliRunner().invoke(app, words)
            assert answer.exit_code == 0, (line, answer.output)


@pytest.mark.parametrize("page", sorted(DOCS.glob("**/*.md")), ids=lambda page: str(page.relative_to(DOCS)))
def test_what_a_page_calls_is_there(page: Path) -> None:
    named = set(re.findall(r"\blw\.(\w+)(?:\.(\w+))?", page.read_text(encoding="utf-8")))
    for first, second in named:
        value = getattr(likewise, first)
        assert not second or second[0].isupper() or hasattr(value, second) or first == "Column", (first, second)


def equivalents() -> list[str]:
    """What the right columns of the tables of coming-from.md call, each once."""
    page = (DOCS / "coming-from.md").read_text(encoding="utf-8")
    cells = [line.strip("|").split("|")[-1] for line in page.splitlines() if line.startswith("| ")]
    calls = [call for cell in cells for call in re.findall(r"`([^`]+)`", cell) if re.match(r"[\w. =]*\(", call)]
    return sorted(set(calls) - {"privacy=lw.DP(3.0, 1e-6)"})


@pytest.fixture(scope="module")
def what_they_name() -> dict[str, Any]:
    """Small tables under the names that the equivalents use."""
    rng = np.random.default_rng(0)
    n = 120
    df = pl.DataFrame(
        {
            "zip": rng.integers(10_000, 10_009, n), "id": np.arange(n) + 7_000, "sex": rng.choice(["F", "M"], n),
            "age": rng.integers(18, 90, n), "illness": rng.choice(["a", "b", "c", "d"], n),
            "income": rng.choice(["<=50K", ">50K"], n),
        }
    )  # fmt: skip
    X, y = rng.normal(size=(60, 2)), np.r_[np.zeros(45), np.ones(15)].astype(int)
    users = pl.DataFrame({"id": np.arange(30), "age": rng.integers(18, 90, 30)})
    orders = pl.DataFrame({"id": np.arange(60), "user_id": rng.integers(0, 30, 60), "paid": rng.choice(["a", "b"], 60)})
    patients = pl.DataFrame({"patient": np.arange(30), "sex": rng.choice(["F", "M"], 30)})
    rows = pl.DataFrame(
        {"patient": np.repeat(np.arange(30), 4), "day": np.tile(np.arange(4), 30), "x": rng.normal(size=n)}
    )
    synth = likewise.Synthesizer("copula", random_state=0).fit(df)
    return {
        "lw": likewise, "df": df, "real": df[:60], "fresh": df[60:], "fake": synth.sample(60), "synth": synth,
        "known": df[["age", "sex"]], "X": X, "y": y, "tables": {"users": users, "orders": orders}, "keys": None,
        "Schema": likewise.infer(df), "Oversampler": likewise.balance.Oversampler, "patients": patients, "rows": rows,
        "compare": partial(likewise.balance.compare, methods=["random"], folds=2),
        "fit": likewise.Synthesizer(entity="patient", time="day", max_seconds=0.5).fit,
        "report": likewise.evaluate(df[:60], df[60:], measures=["accuracy"]),
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", equivalents())
def test_equivalents_of_other_tools_run(
    call: str, what_they_name: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # What the page leaves to the reader, and training that is cut short.
    text = call.replace("quasi_identifiers=[...]", 'quasi_identifiers=["age"]').replace("epochs=300", "epochs=2")
    exec(
        compile(text.replace("Synthesizer().fit", "Synthesizer(max_seconds=0.5).fit"), call, "exec"),
        dict(what_they_name),
    )


def commands_in(page: Path) -> list[list[str]]:
    """What a page has somebody type, without the word likewise: in blocks, and between backticks of a line."""
    text = re.sub(r"\\\n\s*", " ", page.read_text(encoding="utf-8"))
    lines = [line for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    typed = [*re.findall(r"`(likewise [^`\n]+)`", text), *(one for one in lines if one.startswith("likewise "))]
    return [shlex.split(one, comments=True)[1:] for one in typed]


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", "docs"])
def test_options_that_pages_name_are_there(page: str) -> None:
    pages = [ROOT / page] if page.endswith(".md") else sorted(set(DOCS.rglob("*.md")) - {DOCS / "cli.md"})
    asked = [(path.name, words) for path in pages for words in commands_in(path)]
    assert len(asked) > 25
    for name, words in asked:
        command: Any = typer.main.get_command(app)
        while words and words[0] in getattr(command, "commands", ()):
            command = command.commands[words.pop(0)]
        known = {o for one in (command, *getattr(command, "commands", {}).values()) for p in one.params for o in p.opts}
        named = {word.split("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)}
        assert named <= known | {"--help"}, (name, words)


def test_chinese_tutorials_have_the_same_blocks() -> None:
    assert TUTORIALS
    for page in TUTORIALS:
        assert blocks(DOCS / "zh" / "tutorials" / page.name) == blocks(page), page.name


def test_the_site_is_built_without_a_warning_and_fetches_nothing(tmp_path: Path) -> None:
    pytest.importorskip("pydata_sphinx_theme")
    call = [sys.executable, str(ROOT / "scripts" / "make_docs.py"), str(tmp_path)]
    built = subprocess.run(call, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<(?:script|img|iframe)[^>]+src=\"(?:https?:)?//", text), page
        assert not re.search(r"<link[^>]+rel=\"(?:stylesheet|preload)\"[^>]+href=\"(?:https?:)?//", text), page
    reference = (tmp_path / "reference.html").read_text(encoding="utf-8")
    assert 'id="likewise.Synthesizer.fit"' in reference
    listed = (tmp_path / "llms.txt").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", listed)
    assert len(links) == len(list(DOCS.rglob("*.md")))
    assert all((tmp_path / link).is_file() for link in links)


def test_docstrings_become_markdown() -> None:
    pytest.importorskip("sphinx")
    spec = importlib.util.spec_from_file_location("site_parts", DOCS / "site_parts.py")
    assert spec is not None
    assert spec.loader is not None
    parts = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(parts)
    text = parts.readable("Draw.\n\nArgs:\n    n: how many,\n        at least 1.\n\nExample:\n    >>> 1\n    1")
    assert text == "Draw.\n\n**Args**\n\n- `n`: how many, at least 1.\n\n**Example**\n\n```pycon\n>>> 1\n1\n```"
