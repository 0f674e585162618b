"""What each generator says of itself to who must choose one: `likewise models` and docs/choose.md read it."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class About:
    """A generator in four sentences.

    Args:
        purpose: what it is for.
        cost: what it asks of time and machine.
        guarantees: what holds by construction, and what does not.
        avoid_when: where another serves better.
    """

    purpose: str
    cost: str
    guarantees: str
    avoid_when: str


def describe(kind: type[Any]) -> dict[str, Any]:
    """A generator's class as plain data: name, class, the four sentences, and its options with their defaults.

    Example:
        >>> from likewise.models.copula.model import GaussianCopula
        >>> facts = describe(GaussianCopula)
        >>> facts["name"], facts["options"][0]["name"], facts["options"][0]["default"]
        ('copula', 'shrink', True)
    """
    texts = option_texts(kind)
    # Of the class, for no generator can be made whose nets a light install lacks.
    defaults = {f.name: f.default if f.default_factory is MISSING else f.default_factory() for f in fields(kind)}
    defaults = {name: list(value) if isinstance(value, tuple) else value for name, value in defaults.items()}
    return {
        "name": kind.name,
        "class": kind.__name__,
        **asdict(kind.about),
        "takes_condition_on": "condition_on" in defaults,
        "options": [{"name": name, "default": value, "text": texts.get(name, "")} for name, value in defaults.items()],
    }


def option_texts(kind: type[Any]) -> dict[str, str]:
    """Option -> what its class's docstring, or a base's, says of it under Args; a line may speak of several."""
    texts: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        doc = inspect.cleandoc(base.__doc__ or "")
        section = re.search(r"^Args:\n(.*?)(?=\n\n|\Z)", doc, flags=re.DOTALL | re.MULTILINE)
        for entry in re.split(r"\n(?= {4}\w)", section[1] if section else ""):
            names, _, text = " ".join(entry.split()).partition(": ")
            texts |= dict.fromkeys(names.split(", "), text)
    return texts
