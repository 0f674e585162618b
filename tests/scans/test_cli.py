"""`likewise synth` of a table that is too large to be held."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.sources import opening

from .test_fitting import table


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_CELLS", 1_000)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_folder_of_parts_is_learnt_in_parts(tmp_path: Path, ending: str) -> None:
    (tmp_path / "sales").mkdir()
    for k in range(2):
        table(2_000, seed=k).write_parquet(tmp_path / "sales" / f"part-{k}.parquet")
    words = [
        "synth",
        str(tmp_path / "sales"),
        "-o",
        str(tmp_path / f"fake.{ending}"),
        "--model",
        "copula",
        "--seed",
        "1",
    ]
    answer = CliRunner().invoke(app, [*words, "--save", str(tmp_path / "m.likewise"), "-n", "500"])
    assert answer.exit_code == 0, answer.output
    assert "training saw 3,600 of 4,000 rows" in answer.output.replace("\n", " ")
    fake = pl.read_parquet(tmp_path / "fake.parquet") if ending == "parquet" else pl.read_csv(tmp_path / "fake.csv")
    assert len(fake) == 500
    assert lw.load(tmp_path / "m.likewise").record_["reading"]["rows"] == 4_000


def test_what_looks_at_rows_together_is_held(tmp_path: Path) -> None:
    table(2_000).write_parquet(tmp_path / "a.parquet")
    words = ["synth", str(tmp_path / "a.parquet"), "-o", str(tmp_path / "f.csv"), "--model", "copula", "--no-measure"]
    answer = CliRunner().invoke(app, [*words, "--rule", "age > 3"])
    assert answer.exit_code == 0, answer.output
    assert "read in parts" not in answer.output
