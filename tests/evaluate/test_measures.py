"""The one table of measures: whole in both languages, and its figures written as they always were."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.evaluate.figure import Figure
from likewise.evaluate.measures import MEASURES, find
from likewise.evaluate.results import Report, Score

PACKAGE = Path(lw.__file__).parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")
KEYS = {
    "name", "group", "value", "better", "floor", "floor_by", "copy", "interval", "n", "method", "meaning", "threat",
    "least_leak", "searched", "details",
}  # fmt: skip


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_says_the_same_in_both_languages(name: str) -> None:
    measure = MEASURES[name]
    for texts in (measure.label, measure.meaning, measure.method, measure.threat):
        if texts is not None:
            english, chinese = texts
            assert CHINESE.search(chinese)
            assert not CHINESE.search(english)
            blanks = [set(re.findall(r"{(\w+)", text)) for text in texts]
            assert blanks[1] <= blanks[0], "Chinese names what English does not"


def test_every_name_that_is_scored_stands_in_the_table() -> None:
    names = list(names_scored())
    assert len(names) > 10
    assert all(find(name) for name in names)


def names_scored() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Score.of", "_score") and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value


def test_the_keys_of_a_score_stay_what_readers_know() -> None:
    frames = [pl.DataFrame({"a": np.random.default_rng(k).normal(size=60)}) for k in range(2)]
    plain = lw.evaluate(*frames, measures=["attacks"]).to_dict()
    assert all(set(score) == KEYS for score in plain["scores"])
    assert [score["name"] for score in plain["scores"]] == ["shape", "copies", "copies_once"]


def test_a_report_of_yesterday_is_read_and_spoken_of() -> None:
    """Without the details that fill the blanks of its words, a text stays English."""
    old = {
        "name": "c2st", "group": "fidelity", "value": 0.6, "better": "lower", "floor": 0.5, "floor_by": "theory",
        "copy": None, "interval": [0.55, 0.65], "n": 500, "method": "ROC AUC of linear", "meaning": "how often",
        "threat": None, "least_leak": None, "searched": None,
    }  # fmt: skip
    report = Report.from_dict({"format": "likewise report", "version": 1, "scores": [old]})
    assert report["c2st"].stands == "worse"
    assert report["c2st"].text("method", "zh") == "ROC AUC of linear"
    assert CHINESE.search(report["c2st"].text("meaning", "zh"))


def test_a_figure_without_floor_or_interval_has_no_verdict() -> None:
    score = Score.of("missing", Figure(0.1, 50))
    assert (score.floor, score.interval, score.stands) == (None, None, None)
