"""Trainings of one fit share its budget of time."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.databases.shops import shop

import likewise as lw
from likewise.synthesizer.databases import learning
from likewise.training.turns import Turns


def test_what_one_leaves_the_next_ones_have_and_none_is_without() -> None:
    turns = Turns(60.0, [1_000, 1_000_000, 30_000])
    first = turns.seconds
    assert first is not None
    assert first > 0.2
    turns.took(0.0)
    turns.took(80.0)
    assert turns.seconds is not None
    assert 0 < turns.seconds < 0.1
    assert Turns(None, [1]).seconds is None


def test_a_root_of_few_rows_has_time_to_learn_and_the_last_table_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    learn = learning.learn_rows

    def heard(make: Any, own: pl.DataFrame, schema: lw.Schema, *rest: Any) -> Any:
        asked.append(make(schema=schema).max_seconds)
        return learn(make, own, schema, *rest)

    monkeypatch.setattr(learning, "learn_rows", heard)
    lw.Synthesizer(random_state=0, epochs=1, max_seconds=300).fit(shop(40))
    users, _, lines = asked
    assert users > 80
    assert lines > 250


def test_the_nets_of_histories_keep_to_one_budget() -> None:
    rng = np.random.default_rng(0)
    day = np.datetime64("2024-01-01") + rng.integers(0, 300, 600)
    table = pl.DataFrame({"who": np.arange(600) // 6, "day": pl.Series(day), "what": rng.choice(["a", "b"], 600)})
    synth = lw.Synthesizer(entity="who", time="day", random_state=0, epochs=10**6, patience=10**6, max_seconds=1.5)
    model = synth.fit(table).histories_
    assert model is not None
    taken = [net.record.seconds for net in (model.first, model.when, model.what)]
    assert min(taken) > 0
    assert sum(taken) < 3
