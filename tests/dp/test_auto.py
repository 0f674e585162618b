"""The model that "auto" stands for: told by the schema and the budget alone, never by the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.dp.ledger import DP
from likewise.models import model_for
from likewise.schema.column import Column, Schema
from likewise.synthesizer.parameters import made_generator

BUDGET = DP(1.0, 1e-6)


@pytest.mark.parametrize(
    ("private", "n_columns", "name"),
    [(False, 200, "autoregressive"), (True, 30, "aim"), (True, 31, "mst")],
)
def test_what_auto_stands_for(private: bool, n_columns: int, name: str) -> None:
    assert model_for(private=private, n_columns=n_columns).name == name


@pytest.mark.parametrize(("width", "name"), [(3, "aim"), (31, "mst")])
def test_a_budget_alone_is_enough_and_the_file_knows_the_model(width: int, name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({f"c{i}": rng.integers(0, 2, 300) for i in range(width)})
    schema = Schema(tuple(Column(name=c, kind="integer", bounds=(0, 1), nullable=False) for c in frame.columns))
    synth = lw.Synthesizer(schema=schema, privacy=BUDGET, random_state=0, iterations=20).fit(frame)
    assert synth.generator_.name == name
    synth.save(tmp_path / "m.likewise")
    assert lw.load(tmp_path / "m.likewise").generator_.name == name


def test_columns_that_are_not_learnt_do_not_count() -> None:
    columns = [Column(name=f"c{i}", kind="boolean", nullable=False) for i in range(30)]
    columns.append(Column(name="key", kind="id", role="id"))
    assert made_generator(lw.Synthesizer(schema=Schema(tuple(columns)), privacy=BUDGET)).name == "aim"
    assert made_generator(lw.Synthesizer()).name == "autoregressive"
