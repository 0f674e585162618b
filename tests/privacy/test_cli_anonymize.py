"""`likewise anonymize`: files in, files out, and codes that mean something."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

import likewise as lw
from likewise.cli.app import app
from likewise.data import adult


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adult") / "real.csv"
    adult().head(2000).drop("fnlwgt").write_csv(path)
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["anonymize", *map(str, words)])


def test_writes_a_table_and_a_report(table: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "safe.csv", tmp_path / "report.json"
    answer = run(
        table, "-o", out, "--quasi-identifiers", "age,sex,race", "--sensitive", "income", "--k", 8, "--l", 2,
        "--json", report,
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    assert "smallest class (k)" in answer.stdout
    safe = pl.read_csv(out)
    assert safe.height == 2000
    counts = safe.group_by("age", "sex", "race").agg(pl.len(), pl.col("income").n_unique().alias("l"))
    assert counts["len"].min() == json.loads(report.read_text())["measures"]["k"] >= 8  # type: ignore[operator]
    assert counts["l"].min() == 2


def test_lattice_with_hierarchies_and_a_population(table: Path, tmp_path: Path) -> None:
    ladder, some, out = tmp_path / "race.csv", tmp_path / "some.csv", tmp_path / "safe.parquet"
    races = pl.read_csv(table)["race"].unique().to_list()
    ladder.write_text("\n".join(f"{race},{'White' if race == 'White' else 'other'}" for race in races))
    pl.read_csv(table).head(600).write_csv(some)
    answer = run(
        some, "-o", out, "--quasi-identifiers", "age", "--quasi-identifiers", "race", "--method", "lattice",
        "--hierarchy", f"race={ladder}", "--max-suppression", 0.1, "--population", table, "--delta", "0..0.5", "--json",
        "-",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["optimal"] is True
    assert "proven" in answer.stderr
    assert pl.read_parquet(out).height >= 540


def test_persons_are_counted_and_their_column_stays_here(table: Path, tmp_path: Path) -> None:
    rows, out = tmp_path / "visits.csv", tmp_path / "safe.csv"
    some = pl.read_csv(table).head(300).select("age", "sex", "income").with_row_index("person_id")
    pl.concat([some] * 4).write_csv(rows)
    answer = run(rows, "-o", out, "--quasi-identifiers", "age,sex", "--drop", "person_id", "--k", 8)
    assert "looks like the key of a person" in answer.stderr
    answer = run(rows, "-o", out, "--quasi-identifiers", "age,sex", "--entity", "person_id", "--k", 8, "--seed", 1)
    assert answer.exit_code == 0, answer.output
    assert "8 persons" in answer.stdout or "9 persons" in answer.stdout
    safe = pl.read_csv(out)
    assert safe.columns == ["age", "sex", "income"]
    assert safe.group_by("age", "sex").len()["len"].min() >= 4 * 8  # type: ignore[operator]
    assert run(rows, "-o", out, "--quasi-identifiers", "age", "--entity", "age").exit_code == 2


def test_single_cells_are_hidden(table: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "safe.csv", tmp_path / "report.json"
    order = [table, "-o", out, "--quasi-identifiers", "age,sex,race", "--method", "local-suppression", "--k", 4]
    answer = run(*order, "--importance", "age=9", "--star", "any", "--json", report)
    assert answer.exit_code == 0, answer.output
    stars = json.loads(report.read_text())["stars"]
    safe = pl.read_csv(out, infer_schema=False)
    assert {name: int((safe[name] == "*").sum()) for name in stars} == stars
    assert "cells starred" in answer.stdout
    assert "counted as any value" in answer.stderr
    refused = run(*order, "--importance", "age")
    assert (refused.exit_code, "COL=WEIGHT" in refused.stderr) == (2, True)


def test_writes_a_page_that_tells_what_was_lost(table: Path, tmp_path: Path) -> None:
    page, few = tmp_path / "page.html", tmp_path / "few.csv"
    pl.read_csv(table).head(200).select("age", "sex", "race", "income").write_csv(few)
    answer = run(few, "-o", tmp_path / "safe.csv", "--quasi-identifiers", "age,sex,race", "--report", page, "-q")
    assert answer.exit_code == 0, answer.output
    text = page.read_text(encoding="utf-8")
    assert "No longer told" in text
    assert "drawn evenly" in text
    order = [few, "-o", tmp_path / "safe.csv", "--quasi-identifiers", "age", "--report", page, "--lang", "zh", "-q"]
    assert run(*order).exit_code == 0
    assert "不再透露的信息" in page.read_text(encoding="utf-8")


def test_a_model_can_be_shown_k_anonymous_quasi_identifiers(table: Path, tmp_path: Path) -> None:
    out, model = tmp_path / "fake.csv", tmp_path / "m.likewise"
    order = ["synth", table, "-o", out, "--model", "mst", "--k-anonymous", 25, "--no-measure", "--save", model, "-q"]
    answer = CliRunner().invoke(
        app, [*map(str, order), "--quasi-identifiers", "age,sex", "--quasi-identifiers", "race"]
    )
    assert answer.exit_code == 0, answer.output
    codec = lw.load(model).codec_
    assert codec.options.k_anonymous == 25
    assert codec.cells is not None
    assert len(codec.cells.fields) == 3
    for more, code, text in (
        ([], 2, "--quasi-identifiers"),
        (["--quasi-identifiers", "income", "--target", "income"], 2, "cannot be a quasi-identifier too"),
        (["--quasi-identifiers", "agee"], 4, "did you mean 'age'"),
    ):
        answer = CliRunner().invoke(app, [*map(str, order), *more])
        assert answer.exit_code == code
        assert text in answer.stderr


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--quasi-identifiers", "agee"], 2, "did you mean 'age'"),
        (["--quasi-identifiers", "age", "--delta", "half"], 2, "LOW..HIGH"),
        (["--quasi-identifiers", "age", "--hierarchy", "age"], 2, "COL=FILE"),
        (["--quasi-identifiers", "age", "--hierarchy", "age=absent.csv"], 3, "cannot be read"),
        (["--quasi-identifiers", "age", "--target", "income"], 2, "give --report as well"),
        (["--quasi-identifiers", "age", "--sensitive", "income", "--alpha", "0.1"], 8, "no recoding can keep"),
    ],
    ids=str,
)
def test_failures_have_codes_and_write_nothing(
    table: Path, tmp_path: Path, words: list[str], code: int, text: str
) -> None:
    answer = run(table, "-o", tmp_path / "safe.csv", *words)
    assert answer.exit_code == code
    assert text in answer.stderr
    assert not (tmp_path / "safe.csv").exists()


def test_a_schema_says_what_columns_are(tmp_path: Path) -> None:
    rows = pl.DataFrame({"band": [f"{8001 + i % 40}" for i in range(400)], "ill": ["a", "b"] * 200})
    rows.write_csv(tmp_path / "real.csv")
    told, out = tmp_path / "schema.json", tmp_path / "safe.csv"
    assert run(tmp_path / "real.csv", "-o", out, "--quasi-identifiers", "band", "--k", 20).exit_code == 0
    assert pl.read_csv(out)["band"].str.starts_with("[").all()  # numbers, by their looks
    CliRunner().invoke(app, ["schema", str(tmp_path / "real.csv"), "--set", "band=categorical", "--json", str(told)])
    answer = run(tmp_path / "real.csv", "-o", out, "--quasi-identifiers", "band", "--k", 20, "--schema", told)
    assert answer.exit_code == 0, answer.output
    assert pl.read_csv(out)["band"].str.contains(r"^\d{4}( \| \d{4})+$").all()  # sets of codes
