"""Sentences as data: which one, and what fills its blanks. The words of each language stand in `sentences`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from likewise.report.score_words import label as label_of_score
from likewise.statement.sentences import SENTENCES, TITLES
from likewise.statement.words import LANGUAGES

Standing = Literal["held", "partly", "open", "yours"]
"""How far an item of the checklist is covered; "yours" is for who gives the release away to answer."""


@dataclass(frozen=True)
class Said:
    """One sentence.

    Args:
        key: its name in `SENTENCES`.
        blanks: numbers, names, lists of names, or sentences that stand inside.

    Example:
        >>> Said("adjacency", {"unit": Said("unit_row"), "n": 1200}).text("en")
        'Neighbouring tables differ by one row more or less, ... noisy count of them, about 1,200.'
    """

    key: str
    blanks: Mapping[str, Any] = field(default_factory=dict)

    def text(self, lang: str) -> str:
        blanks = {name: _filled(value, lang) for name, value in self.blanks.items()}
        return SENTENCES[self.key][LANGUAGES.index(lang)].format(**blanks)


def _filled(value: Any, lang: str) -> str:
    if isinstance(value, Said | Title | AttackName):
        return value.text(lang)
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return ("、" if lang == "zh" else ", ").join(_filled(one, lang) for one in value)


@dataclass(frozen=True)
class Title:
    """What an item of the checklist is called."""

    item: str

    def text(self, lang: str) -> str:
        return TITLES[self.item][LANGUAGES.index(lang)]


@dataclass(frozen=True)
class AttackName:
    """What a figure of an attack is called."""

    name: str

    def text(self, lang: str) -> str:
        return label_of_score(self.name, lang)


def told(said: Sequence[Said], lang: str) -> str:
    """Sentences one after the other."""
    return ("" if lang == "zh" else " ").join(one.text(lang) for one in said)


@dataclass(frozen=True)
class Answer:
    """One item of the checklist, answered for a release.

    Args:
        item: its name in `TITLES`.
        standing: how far it is covered.
        said: the answer.
    """

    item: str
    standing: Standing
    said: tuple[Said, ...]

    def title(self, lang: str) -> str:
        return Title(self.item).text(lang)

    def to_dict(self, lang: str) -> dict[str, str]:
        return {
            "item": self.item,
            "title": self.title(lang),
            "standing": self.standing,
            "answer": told(self.said, lang),
        }
