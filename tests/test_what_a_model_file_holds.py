"""A model file travels: nothing that only a few people's rows hold may stand in it."""

from __future__ import annotations

import datetime as dt
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app

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


def test_no_type_that_leaves_lists_a_category_of_one_person_alone(
    table: pl.DataFrame, synth: lw.Synthesizer, tmp_path: Path
) -> None:
    synth.sample(50, random_state=2).write_parquet(tmp_path / "drawn.parquet")
    lone = LONE_WORDS[1]
    assert lone.encode() not in (tmp_path / "drawn.parquet").read_bytes()
    assert lone not in lw.infer(table).to_json()
    assert lone.encode() not in pickle.dumps(synth)
    frame = table.to_pandas().assign(plan=pd.Categorical(table["plan"].to_list(), ["a", "b", lone], ordered=True))
    drawn = lw.Synthesizer("copula", random_state=0).fit(frame).sample(50, random_state=2)
    assert list(drawn["plan"].cat.categories) == ["a", "b"]
    assert drawn["plan"].cat.ordered


def test_a_rare_token_is_written_into_an_enum() -> None:
    plans = ["a", "b"] * 60 + [f"lone {i}" for i in range(60)]
    frame = pl.DataFrame({"plan": pl.Series(plans, dtype=pl.Enum(sorted(set(plans)))), "x": range(180)})
    fitted = lw.Synthesizer("copula", codec=lw.CodecOptions(rare_token="other"), random_state=0).fit(frame)
    assert set(fitted.sample(300, random_state=1)["plan"]) == {"a", "b", "other"}


def test_commands_write_no_category_that_no_row_of_theirs_holds(table: pl.DataFrame, tmp_path: Path) -> None:
    nobody, lone = "nobody's plan", LONE_WORDS[1]
    texts = table["plan"].cast(pl.String)
    table.with_columns(plan=texts.cast(pl.Enum([nobody, "a", "b", lone]))).write_parquet(tmp_path / "real.parquet")
    fake, draft, model = tmp_path / "fake.parquet", tmp_path / "draft.json", tmp_path / "m"
    page, report = tmp_path / "page.html", tmp_path / "report.json"
    for words in (
        ["inspect", tmp_path / "real.parquet", "--json", draft],
        ["synth", tmp_path / "real.parquet", "-o", fake, "--schema", draft, "--save", model, "--model", "copula",
         "--report", page, "--json", report, "--seed", 1],
    ):  # fmt: skip
        answer = CliRunner().invoke(app, [str(word) for word in words])
        assert answer.exit_code == 0, answer.output
    assert pl.read_parquet(fake)["plan"].dtype == pl.Enum(["a", "b"])
    for path in (fake, draft, model, page, report):
        content = path.read_bytes()
        assert nobody.encode() not in content
        assert lone.encode() not in content
