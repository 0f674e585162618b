"""Every sentence of the sheet stands in both languages, is used, and promises nothing in loose words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from string import Formatter

import pytest

from likewise.statement.sentences import PARTS, SENTENCES, TITLES
from likewise.statement.words import LABELS

TEXTS = {**SENTENCES, **TITLES, **LABELS}
SOURCE = "".join(
    (files("likewise.statement") / f"{name}.py").read_text(encoding="utf-8")
    for name in ("blocks", "checklist", "content", "markdown", "page", "risks")
)


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_fill_the_same_blanks(key: str) -> None:
    english, chinese = TEXTS[key]
    assert blanks(english) == blanks(chinese)
    assert re.search("[\u4e00-\u9fff]", chinese) or not re.search("[a-z]{3}", re.sub("{.*?}", "", english)), key


def test_items_of_the_checklist_are_those_with_a_title() -> None:
    assert [item for items in PARTS.values() for item in items] == list(TITLES)


def made_up() -> Iterator[str]:
    """Keys that the code puts together."""
    yield from (f"pay_{what}" for what in ("levels", "bounds", "missing"))
    yield from (f"accuracy_{kind}" for kind in ("columns", "pairs"))
    yield from (f"dpia_description{of}" for of in ("", "_images", "_rows", "_database"))


@pytest.mark.parametrize("key", SENTENCES)
def test_no_sentence_is_left_over(key: str) -> None:
    assert f'"{key}"' in SOURCE or key in made_up()


@pytest.mark.parametrize("key", TEXTS)
def test_nothing_is_called_what_no_one_can_know(key: str) -> None:
    english, chinese = TEXTS[key]
    assert not re.search(r"\b(private|safe|safely|anonymous|guaranteed|risk-free|gdpr-compliant)\b", english.lower())
    assert not re.search("匿名|绝对|万无一失|合规", chinese)
