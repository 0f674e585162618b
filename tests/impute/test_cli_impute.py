"""`likewise impute`: files in, files out, and codes that mean something."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.conftest import make_mixed_frame
from typer.testing import CliRunner, Result

from likewise.cli.app import app
from likewise.impute import simulate_missing

NAMES = ("grade", "age", "score")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("holes") / "holes.csv"
    truth = make_mixed_frame(120).select(NAMES).drop_nulls()
    simulate_missing(truth, share=0.2, random_state=0).write_csv(path)
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["impute", *map(str, words)])


def test_fills_every_cell_and_keeps_the_known_ones(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "filled.csv"
    answer = run(table, "-o", out, "--seed", 1)
    assert answer.exit_code == 0, answer.output
    assert "cells filled: grade" in answer.stdout
    holed, filled = pl.read_csv(table), pl.read_csv(out)
    assert filled.null_count().sum_horizontal()[0] == 0
    for name in NAMES:
        known = holed[name].is_not_null()
        assert filled[name].filter(known).equals(holed[name].filter(known))
    again = tmp_path / "again.csv"
    run(table, "-o", again, "--seed", 1)
    assert again.read_bytes() == out.read_bytes()


def test_draws_are_several_tables(table: Path, tmp_path: Path) -> None:
    answer = run(table, "-o", tmp_path / "filled.csv", "--draws", 3, "--seed", 1)
    assert answer.exit_code == 0, answer.output
    tables = [pl.read_csv(tmp_path / f"filled-{k}.csv") for k in (1, 2, 3)]
    assert not tables[0].equals(tables[1])
    assert not (tmp_path / "filled.csv").exists()


def test_a_file_with_types_gets_them(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "filled.parquet"
    assert run(table, "-o", out, "--statistic", "draw", "--quiet").exit_code == 0
    assert pl.read_parquet(out)["age"].dtype == pl.Int64


def test_columns_without_a_value_stay(tmp_path: Path) -> None:
    source, out = tmp_path / "holes.csv", tmp_path / "filled.csv"
    source.write_text("a,none\n" + "1,\n2,\n,\n4,\n" * 5)
    answer = run(source, "-o", out)
    assert answer.exit_code == 0, answer.output
    assert "without a single value: 'none'; they stay so" in answer.output
    assert pl.read_csv(out).null_count().row(0) == (0, 20)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--model", "forrest"], 2, "no model 'forrest'; did you mean 'forest'"),
        (["--statistic", "mode"], 2, "mode"),
        (["--draws", "0"], 2, "draws"),
    ],
)
def test_wrong_usage_is_told(table: Path, tmp_path: Path, words: list[str], code: int, told: str) -> None:
    answer = run(table, "-o", tmp_path / "filled.csv", *words)
    assert answer.exit_code == code
    assert told in answer.output
    assert not list(tmp_path.iterdir())


def test_an_input_is_never_overwritten(table: Path) -> None:
    assert run(table, "-o", table).exit_code == 2
    assert run(table.with_name("none.csv"), "-o", table.with_name("filled.csv")).exit_code == 3


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_indicators_say_where_holes_were(table: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"filled.{ending}"
    answer = run(table, "-o", out, "--seed", 1, "--indicator")
    assert answer.exit_code == 0, answer.output
    holed = pl.read_csv(table)
    filled = pl.read_csv(out) if ending == "csv" else pl.read_parquet(out)
    assert filled.columns == [*NAMES, *(f"missingindicator_{name}" for name in NAMES)]
    for name in NAMES:
        assert (filled[f"missingindicator_{name}"] == 1).to_list() == holed[name].is_null().to_list()


@pytest.mark.parametrize("model", ["cart", "forest"])
def test_notes_of_others_fill_no_hole_which_is_told(model: str, tmp_path: Path) -> None:
    notes = [f"Pat. {k} klagt seit {k % 9} Tagen über Schmerzen im Rücken und in beiden Beinen" for k in range(120)]
    table = pl.DataFrame({"note": [None if k % 6 == 0 else text for k, text in enumerate(notes)], "age": range(120)})
    table = table.with_columns(pl.when(pl.col("age") % 7 > 0).then("age"))
    table.write_csv(tmp_path / "t.csv")
    answer = run(tmp_path / "t.csv", "-o", tmp_path / "o.csv", "--model", model, "--seed", 1)
    assert answer.exit_code == 0, answer.output
    assert "18 cells filled: age 18" in answer.stdout
    assert "are not filled: 'note'" in " ".join(answer.stderr.split())
    assert pl.read_csv(tmp_path / "o.csv").null_count().row(0) == (20, 0)
