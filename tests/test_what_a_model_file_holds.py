"""A model file travels: nothing that only a few people's rows hold may stand in it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load_file

import likewise as lw

LONE_NUMBER = 987_654.25
LONE_WORDS = ("Zanzibar-lone", "Quixote-lone", "+99-lone-7")
LONE_DAY = dt.date(1901, 2, 3)


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    """300 ordinary rows and one person unlike all others in every column."""
    rng = np.random.default_rng(0)
    n = 300
    cities = [*rng.choice(["Rome", "Oslo"], n), LONE_WORDS[0]]
    return pl.DataFrame(
        {
            "city": cities,
            "plan": pl.Series([*rng.choice(["a", "b"], n), LONE_WORDS[1]], dtype=pl.Enum(["a", "b", LONE_WORDS[1]])),
            "phone": [*(f"+49-{x:04d}" for x in rng.integers(0, 9999, n)), LONE_WORDS[2]],
            "income": [*rng.normal(3e4, 5e3, n).round(2), LONE_NUMBER],
            "born": [*(dt.date(1960, 1, 1) + dt.timedelta(int(d)) for d in rng.integers(0, 9000, n)), LONE_DAY],
        }
    )


@pytest.fixture(scope="module")
def synth(table: pl.DataFrame) -> lw.Synthesizer:
    return lw.Synthesizer(random_state=0, holdout=0.0, epochs=1).fit(table)


def test_a_model_file_holds_no_lone_text(synth: lw.Synthesizer, tmp_path: Path) -> None:
    synth.save(tmp_path / "m.likewise")
    content = (tmp_path / "m.likewise").read_bytes()
    assert b"Rome" in content  # the test would see a level that is there
    for word in LONE_WORDS:
        assert word.encode() not in content


def test_a_model_file_holds_no_lone_number(synth: lw.Synthesizer, tmp_path: Path) -> None:
    synth.save(tmp_path / "m.likewise")
    arrays = load_file(tmp_path / "m.likewise")
    days = (LONE_DAY - dt.date(1970, 1, 1)).days
    for name, array in arrays.items():
        if name.startswith("codec."):
            values = array.astype(np.float64)
            assert not np.isclose(values, LONE_NUMBER, rtol=1e-6).any(), name
            assert not (values >= LONE_NUMBER * 100 - 1).any(), name  # numbers are kept in units of their last decimal
            assert not (values == days).any(), name


def test_no_drawn_row_holds_what_one_person_held(synth: lw.Synthesizer) -> None:
    drawn = synth.sample(5_000, random_state=1)
    assert drawn["city"].is_in([LONE_WORDS[0]]).sum() == 0
    assert drawn["plan"].cast(pl.String).is_in([LONE_WORDS[1]]).sum() == 0
    assert drawn["income"].max() < LONE_NUMBER / 2
    assert drawn["born"].min() > LONE_DAY


def test_a_loaded_model_still_draws_its_enum(synth: lw.Synthesizer, tmp_path: Path) -> None:
    synth.save(tmp_path / "m.likewise")
    drawn = lw.load(tmp_path / "m.likewise").sample(50, random_state=2)
    assert drawn["plan"].dtype == pl.Enum(["a", "b"])
    assert drawn["plan"].cast(pl.String).equals(synth.sample(50, random_state=2)["plan"].cast(pl.String))
