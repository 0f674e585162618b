"""People are made of the pools that come with the library, whatever else is installed."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def _no_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    for country in ("de_DE", "en_US", "fr_FR"):
        monkeypatch.setitem(sys.modules, f"faker.providers.person.{country}", None)
