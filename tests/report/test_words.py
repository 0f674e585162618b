"""Every score and every note that `evaluate` can give is spoken of in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import likewise
from likewise.report.notes import ZH, note_in
from likewise.report.score_words import figure, label

from ..conftest import make_mixed_frame

EVALUATE = Path(likewise.__file__).parent / "evaluate"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def report():
    """Every measure there is, on a table of every kind with a holdout."""
    real, fake, holdout = (make_mixed_frame(300, seed) for seed in range(3))
    return likewise.evaluate(real, fake, holdout=holdout, target="grade", measures="all")


def test_every_score_speaks_chinese(report):
    for score in report.scores:
        assert label(score.name, "en").lower() != score.name.replace("_", " "), f"{score.name} has no label"
        texts = [
            label(score.name, "zh"),
            score.text("meaning", "zh"),
            score.text("method", "zh"),
            score.text("threat", "zh"),
        ]
        assert all(CHINESE.search(text) for text in texts if text), score.name
        assert "{" not in "".join(texts)


def test_labels_differ(report):
    for lang in ("en", "zh"):
        labels = [label(score.name, lang) for score in report.scores]
        assert len(set(labels)) == len(labels)


def test_every_figure_is_short(report):
    assert all(len(figure(s.name, s.value)) <= 8 for s in report.scores if np.isfinite(s.value))


def test_every_note_speaks_chinese():
    texts = list(notes_in_the_code())
    assert len(texts) >= 8
    for text in texts:
        assert CHINESE.search(note_in(text, "zh")), f"no Chinese for the note {text!r}"


def test_notes_keep_their_blanks():
    for english, chinese in ZH.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese))
    note = "Utility was not measured: the target 'y' is missing in every real row."
    assert note_in(note, "zh") == "未测量可用性：目标列 'y' 在真实表中全部缺失。"
    assert note_in("A note of tomorrow.", "zh") == "A note of tomorrow."
    assert note_in(note, "en") == note


def notes_in_the_code() -> Iterator[str]:
    """Every text that is appended to `notes` or raised as NotMeasurable, its blanks filled with 7."""
    for path in EVALUATE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                name = ast.unparse(node.func)
                text = filled(node.args[0])
                if text and name.endswith("notes.append"):
                    yield text
                elif text and name == "NotMeasurable":
                    yield f"Utility was not measured: {text}."


def filled(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(p.value) if isinstance(p, ast.Constant) else "7" for p in node.values)
    return ""
