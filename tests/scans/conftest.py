"""What tests of tables that are not held share."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

from likewise.errors import LikewiseWarning
from likewise.sources import source


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tables of a few thousand rows are of several shards, and what a fit warns of is not looked at."""
    monkeypatch.setattr(source, "SHARD", source.BLOCK)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LikewiseWarning)
        yield
