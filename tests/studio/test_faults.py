"""Every error that a screen may show has words in Chinese: those of whole rooms are looked up where they are raised."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="Starlette is in the extra 'studio'")

import likewise
from likewise import errors
from likewise.studio import faults
from likewise.studio.fault_words import ERRORS
from likewise.studio.faults import KINDS, fault, fault_of, job_note
from likewise.tables.source import _ALIEN

from .asgi import Studio, studio

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ROOT = Path(likewise.__file__).parent
WHOLE = (
    "studio", "conditions/text.py", "conditions/resolving.py", "rules/grammar.py", "rules/orders.py", "schema/parse.py",
    "schema/persons.py", "tables/source.py", "dp/budget.py", "dp/declaration.py", "databases/keys.py",
    "synthesizer/databases/public.py", "synthesizer/databases/wanted.py", "evaluate/thresholds.py",
)  # fmt: skip
"""Rooms and files of which a request or a run of the studio may show any error."""
SELDOM = {
    "x is x",  # whose second part stands in a list, which is looked up below
    "scale must be a number above 0, got x",
    "x of a database must be a mapping, such as x",
    "the rows of table x are given, so do not say how many there are to be",
    "x: at_row is of histories; of a database give what every row is to hold, or some_row(...)",
}
"""What only a caller in Python can bring about."""


def raised() -> Iterator[tuple[str, str, str]]:
    """Where, of what class, and the text of each error with `x` for what is filled in."""
    for place in WHOLE:
        for file in sorted((ROOT / place).rglob("*.py")) if (ROOT / place).is_dir() else [ROOT / place]:
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                    kind, text = ast.unparse(node.exc.func).rpartition(".")[2], shown(node.exc.args[0])
                    if kind in KINDS and text is not None:
                        yield f"{file.relative_to(ROOT)}:{node.lineno}", kind, text


def shown(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (str(v.value) if isinstance(v, ast.Constant) else blank(v) for v in node.values)
        return "".join(parts)
    return None


def blank(node: ast.expr) -> str:
    """What may be meant is said behind a name, or nothing is."""
    return "" if "nearest(" in ast.unparse(node) or "hint" in ast.unparse(node) else "x"


@pytest.mark.parametrize(("place", "kind", "text"), [pytest.param(*one, id=one[0]) for one in raised()])
def test_an_error_that_is_raised_there_has_chinese_words(place: str, kind: str, text: str) -> None:
    if text in SELDOM:
        return
    said = fault(text, kind)
    assert said["en"] == text
    assert not said["zh"].startswith(KINDS[kind]), text
    assert CHINESE.search(said["zh"])
    assert not re.search(r"([A-Za-z]{2,} ){4}", said["zh"]), "a template that is too wide left English there"


@pytest.mark.parametrize("what", sorted({what for _, what in _ALIEN}))
def test_what_is_no_table_is_named_in_chinese(what: str) -> None:
    assert not fault(f"file 'a.csv' is {what}", "InputError")["zh"].startswith(KINDS["InputError"])


def test_templates_keep_their_blanks_and_none_hides_another() -> None:
    for english, other in ERRORS.items():
        blanks = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, other)]
        assert blanks[1] <= blanks[0], english
        assert CHINESE.search(other), english
        filled = english.format(**dict.fromkeys(blanks[0], "x"))
        assert faults.fault(filled)["zh"], english


def test_every_class_of_errors_is_named_and_what_has_no_template_is_told_with_it() -> None:
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.LikewiseError) and kind is not errors.LikewiseError:
            assert name in KINDS
            if kind is not errors.MissingExtraError:
                assert fault_of(kind("of tomorrow"))["zh"] == f"{KINDS[name]}：of tomorrow"
    assert fault_of(errors.MissingExtraError("opendp", "dp"))["zh"].startswith("需要软件包")
    assert faults.ended("of tomorrow", 8)["zh"] == "无法达到所要求的保护：of tomorrow"
    assert faults.ended("of tomorrow", -9)["zh"] == "出错：of tomorrow"


def test_what_may_have_been_meant_is_told_too() -> None:
    assert fault("there is no column 'agee'; did you mean 'age'?")["zh"] == "没有列 'agee'；是不是 'age'？"
    assert "没有列 'a'" in fault("rule 'a < b': there is no column 'a'; there are 'x', 'y'")["zh"]
    assert fault("there is no column '; did you mean nothing?'")["zh"].startswith("没有列")


def test_what_a_private_run_lacks_is_told_line_by_line() -> None:
    text = (
        "under differential privacy nothing may be read from the data for free, and the schema leaves unsaid (1):\n"
        "- 'age' declares no finite bounds: set them, or pay for 'bounds' (a part of epsilon)\n"
        "Say what anybody may know, in the schema:\n..."
    )
    lines = faults.ended(text, 8)["zh"].split("\n")
    assert len(lines) == 2
    assert all(CHINESE.search(line) for line in lines)


def test_notes_of_a_run_are_told_in_chinese() -> None:
    assert CHINESE.search(job_note("hierarchies were built from the data for: 'age'")["zh"])
    assert job_note("of tomorrow") == {"en": "of tomorrow", "zh": "of tomorrow"}


def test_requests_are_refused_in_both_languages(tmp_path: Path) -> None:
    with studio(tmp_path) as page:
        for answer in refusals(page):
            assert answer["en"].isascii()
            assert CHINESE.search(answer["zh"])


def refusals(page: Studio) -> Iterator[dict[str, str]]:
    for call in (
        page.call("GET", "/", host="evil.test"), page.call("GET", "/api/state", token="no"),
        page.call("GET", "/t/no", token=None), page.call("GET", "/static/no"), page.call("POST", "/api/fit", {}),
        page.call("POST", "/api/draw", {"run": "no"}), page.call("POST", "/api/settings", {"k": 1}),
        page.call("PUT", "/api/data", chunks=[b""], query="name=a.csv"),
        page.call("PUT", "/api/data", chunks=[b"\x00\x01" * 99], query="name=a.csv"),
    ):  # fmt: skip
        assert call.status >= 400
        yield call.json["error"]
