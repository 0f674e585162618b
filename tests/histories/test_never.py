"""Claims about levels that never follow one another: what no real history has, no drawn one has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import ModelFileError
from likewise.histories.model import HistoryModel
from likewise.histories.never import BY_CHANCE, find_never


def signups() -> pl.DataFrame:
    """Who signs up is greeted next, and then uses and buys in any order; nobody pays twice running."""
    rng = np.random.default_rng(0)
    rows: list[tuple[str, int, str]] = []
    for who in range(300):
        did = ["sign up", "greet"]
        for _ in range(int(rng.integers(2, 10))):
            did.append("use" if did[-1] == "pay" or rng.random() < 0.6 else "pay")
        rows += [(f"c{who:03}", at, what) for at, what in enumerate(did)]
    return pl.DataFrame(rows, schema=["who", "at", "what"], orient="row")


def pairs(table: pl.DataFrame) -> set[tuple[str | None, str]]:
    before = table.select(pl.col("what").shift(1).over("who")).to_series()
    return set(zip(before.to_list(), table["what"].to_list(), strict=True))


def test_what_never_follows_is_never_drawn(tmp_path: Path) -> None:
    synth = lw.Synthesizer(entity="who", time="at", random_state=0, epochs=2).fit(signups())
    synth.save(tmp_path / "m")
    synth = lw.load(tmp_path / "m")
    real = pairs(signups())
    assert len(real) == 7
    assert pairs(synth.sample(2000, random_state=1)) == real
    known = signups().filter(pl.col("who") < "c100")
    assert pairs(synth.extend(known, steps=5, random_state=1)) <= real


def test_a_net_alone_draws_some() -> None:
    """Else the claim above would hold of itself."""
    synth = lw.Synthesizer(entity="who", time="at", random_state=0, epochs=2).fit(signups())
    assert synth.histories_ is not None
    vars(synth.histories_.layout)["following"] = type(synth.histories_.layout.following)((), [])
    assert len(pairs(synth.sample(2000, random_state=1))) > 7


def test_few_entities_tell_nothing_and_chance_forbids_nothing() -> None:
    rng = np.random.default_rng(1)
    for n in (2 * BY_CHANCE, 2000):
        whose, position = np.repeat(np.arange(n), 6), np.tile(np.arange(6), n)
        assert find_never(rng.integers(0, 4, 6 * n), 4, whose, position) == []
    alternating = np.tile([0, 1], 3 * BY_CHANCE)
    few = np.repeat(np.arange(20), 6)
    assert find_never(alternating, 2, few, np.tile(np.arange(6), 20)) == []


def test_a_damaged_file_is_refused() -> None:
    synth = lw.Synthesizer(entity="who", time="at", random_state=0, epochs=1).fit(signups())
    assert synth.histories_ is not None
    data, arrays = synth.histories_.parts()
    for wrong in ([[0, 0]], [[0, 99, 0]], [[7, 0, 0]], [[0, 0, -1]]):
        with pytest.raises(ModelFileError, match="never follows"):
            HistoryModel.of_parts(data | {"never": wrong}, arrays, lambda: synth.generator_)
