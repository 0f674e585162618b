"""One person unlike all others: nothing of theirs leaves, in rows, model, report, figures, or on the terminal.

A few seeds with a quick model here; `benchmarks/canaries.py` tries forty, and other models.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.canaries import TABLES, Planted, leaks_in_bytes, leaks_in_model, leaks_in_rows, people
from typer.testing import CliRunner

from likewise.cli.app import app
from likewise.tables import files


def test_the_look_finds_a_canary_that_is_there() -> None:
    planted = people(90)
    found = set(leaks_in_rows(planted, planted.frame))
    assert {f"rows: {name}" for name in {**planted.words, **planted.numbers}} <= found
    assert {"rows: smokes", "rows: real values of key", "rows: real combinations of salary, bonus, hired"} <= found
    assert set(leaks_in_bytes(planted, "x", planted.frame.write_csv().encode())) >= {"x: name", "x: salary", "x: hired"}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("table", TABLES)
def test_nothing_of_a_canary_leaves(table: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    planted = TABLES[table](91)
    files.write(planted.frame, Path(f"real.{ending}"))
    learn = ["synth", f"real.{ending}", "-o", f"fake.{ending}", "--model", "copula", "--seed", "5"]
    measure = ["--report", "r.html", "--json", "r.json"] if ending == "csv" else ["--no-measure"]
    answer = CliRunner().invoke(app, [*learn, "--save", "m.likewise", *measure])
    looked = CliRunner().invoke(app, ["inspect", f"real.{ending}", "--json", "schema.json"])
    assert (answer.exit_code, looked.exit_code) == (0, 0), answer.stderr + looked.stderr
    found = [*leaks_in_rows(planted, files.read(Path(f"fake.{ending}"))), *leaks_in_model(planted, Path("m.likewise"))]
    for file in Path().iterdir():
        if not file.name.startswith("real"):
            found += leaks_in_bytes(planted, file.name, file.read_bytes())
    for what, text in (("inspect", looked.output), ("terminal", answer.output + answer.stderr)):
        found += leaks_in_bytes(planted, what, text.encode())
    assert not found


@pytest.mark.parametrize("kind", [pl.Categorical(), pl.Enum])
def test_a_lone_category_of_a_typed_column_leaves_neither(kind: pl.DataType, tmp_path: Path) -> None:
    planted: Planted = people(92)
    dtype = pl.Enum(sorted(set(planted.frame["job"]))) if kind is pl.Enum else kind
    planted.frame.with_columns(pl.col("job").cast(dtype)).write_parquet(tmp_path / "real.parquet")
    words = ["synth", str(tmp_path / "real.parquet"), "-o", str(tmp_path / "fake.parquet"), "--model", "copula"]
    answer = CliRunner().invoke(app, [*words, "--no-measure", "--save", str(tmp_path / "m.likewise")])
    assert answer.exit_code == 0, answer.stderr
    for file in ("fake.parquet", "m.likewise"):
        assert b"astronaut" not in (tmp_path / file).read_bytes()
