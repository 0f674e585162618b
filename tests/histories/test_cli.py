"""Claims about histories on the command line."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from likewise.cli.app import app

from .test_histories import learnt, visits


def run(*args: object) -> str:
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    if result.exit_code:
        raise RuntimeError(f"{result.output} {result.exception}")
    return str(result.output)


def test_a_file_of_histories_is_learnt_drawn_and_continued(tmp_path: Path) -> None:
    real, fake, model = tmp_path / "visits.csv", tmp_path / "fake.csv", tmp_path / "m.likewise"
    visits().write_csv(real)
    history = ("--entity", "patient", "--time", "day")
    run("synth", real, "-o", fake, *history, "--entities", 30, "--save", model, "--seed", 1, "--no-measure", "--quiet")
    assert pl.read_csv(fake)["patient"].n_unique() == 30
    run("sample", model, "--entities", 12, "-o", fake, "--where", "sex=f", "--seed", 2)
    drawn = pl.read_csv(fake)
    assert (drawn["patient"].n_unique(), drawn["sex"].unique().to_list()) == (12, ["f"])
    run("sample", model, "--continue", fake, "--steps", 2, "-o", tmp_path / "longer.csv", "--seed", 3)
    longer = pl.read_csv(tmp_path / "longer.csv")
    assert len(longer) == len(drawn) + 24
    assert longer.join(drawn, on=drawn.columns, how="semi").height == len(drawn)
    with pytest.raises(RuntimeError, match="give --entities or --continue"):
        run("sample", model, "-n", 5, "-o", fake)
    with pytest.raises(RuntimeError, match="give one of --rows"):  # a database says itself how many rows it has
        run("sample", model, "-o", fake)


def test_rows_that_stand_in_order_need_no_time(tmp_path: Path) -> None:
    visits().sort("patient", "day").drop("day").write_csv(tmp_path / "v.csv")
    asked = ("--entity", "patient", "--in-order", "--no-measure", "--seed", 0, "--max-seconds", 8)
    run("synth", tmp_path / "v.csv", "-o", tmp_path / "f.csv", *asked, "--entities", 50)
    drawn = pl.read_csv(tmp_path / "f.csv")
    assert drawn["patient"].n_unique() == 50
    assert (drawn.group_by("patient", maintain_order=True).first()["stage"] == "a").mean() > 0.9  # type: ignore[operator]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("synth", "x.csv", "-o", "y.csv", "--time", "day", "--rows", 5), "give --entities"),
        (("synth", "x.csv", "-o", "y.csv", "--entities", 5), "--entities is of histories"),
        (("synth", "x.csv", "-o", "y.csv", "--static", "sex"), "--static is of histories"),
        (("synth", "x.csv", "-o", "y.csv", "--time", "day", "--in-order"), "give one"),
        (("synth", "x.csv", "-o", "y.csv", "--time", "day", "--static", "z.csv"), "--static-output go together"),
        (("sample", "m", "-n", 3, "--steps", 2, "-o", "y.csv"), "give --continue"),
    ],
)
def test_what_does_not_go_together_is_told_before_anything_is_read(args: tuple[object, ...], says: str) -> None:
    with pytest.raises(RuntimeError, match=says):
        run(*args)


def test_missing_cells_are_filled_by_a_saved_model(tmp_path: Path) -> None:
    learnt().save(tmp_path / "m.likewise")
    partial = visits().head(60).with_columns(pl.when(pl.col("visit") != 2).then("kg"))
    partial.write_csv(tmp_path / "holes.csv")
    said = run("complete", tmp_path / "m.likewise", tmp_path / "holes.csv", "-o", tmp_path / "full.csv", "--seed", 0)
    assert f"rows, {partial['kg'].null_count()} cells filled" in said
    full = pl.read_csv(tmp_path / "full.csv", schema=partial.schema)
    assert full.drop("kg").equals(partial.drop("kg"))
    assert full["kg"].null_count() == 0
    assert full["kg"].filter(partial["kg"].is_not_null()).equals(partial["kg"].drop_nulls())
