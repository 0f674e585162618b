"""Every example runs as it stands, says what it claims to say, and ends in a picture."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture(autouse=True)
def on_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield
    for name in ("_svg", "crash", "fraud", "health", "publish"):
        sys.modules.pop(name, None)


def marks(path: Path, kind: str) -> int:
    """Marks of a picture that is well-formed."""
    return sum(element.tag.endswith(kind) for element in ElementTree.parse(path).iter())


def test_fraud_compares_before_it_balances(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import_module("fraud").main(tmp_path / "fraud.svg", 580, 20)
    said = capsys.readouterr().out
    assert all(name in said for name in ("logistic regression", "random forest", "gradient boosting"))
    assert "untouched: True" in said
    assert marks(tmp_path / "fraud.svg", "circle") >= 4 * 3


def test_health_fills_every_hole_and_tells_how_sure_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import_module("health").main(tmp_path / "health.svg")
    said = capsys.readouterr().out
    assert "holes: 236, left: 0" in said
    assert "+-" in said
    assert marks(tmp_path / "health.svg", "circle") >= 59


def test_a_crash_is_riskier_than_an_ordinary_year(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import_module("crash").main(tmp_path / "crash.svg", n=300)
    calm, crash = (float(line.split("risk ")[1].split("%")[0]) for line in capsys.readouterr().out.splitlines()[:2])
    assert 2 < calm < crash < 60  # ten days at 99 %, in percent
    assert marks(tmp_path / "crash.svg", "polygon") == 4


def test_k_anonymous_codes_keep_most_where_crowds_are_large(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import_module("publish").main(tmp_path / "publish.svg", 1_000, (5, 50))
    said = capsys.readouterr().out.splitlines()[:4]
    small, large = zip(*([float(part.split()[-5]) for part in line.split(",")[-2:]] for line in said), strict=True)
    assert large[3] == max(large)
    assert large[3] > large[0] + 0.05  # labels of 50 rows told evenly lose far more than shares kept in the codec
    assert small[0] == max(small[:3])  # what a model draws is never nearer than the rows it learnt
    assert marks(tmp_path / "publish.svg", "circle") >= 4 * 2
