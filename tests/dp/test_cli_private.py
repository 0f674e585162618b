"""`likewise synth --epsilon`: a schema first, the ledger said, nothing measured where nothing may be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.dp.answers import Answers, NoisyTable
from likewise.dp.queries import Marginals

from .test_private_fit import NEIGHBOURS, SCHEMA, blind, table  # noqa: F401 - a fixture is used


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    real, schema = tmp_path / "real.csv", tmp_path / "schema.json"
    table(2000).write_csv(real)
    declared = lw.Schema(tuple(_as_read(column) for column in SCHEMA))
    schema.write_text(declared.to_json())
    return real, schema


def _as_read(column: lw.Column) -> lw.Column:
    """The column as a CSV holds it: text, booleans by their labels."""
    facts = {**column.to_dict(), "dtype": "String"}
    return lw.Column(**facts, labels=("false", "true")) if column.kind == "boolean" else lw.Column(**facts)


def run(*arguments: object) -> tuple[int, str]:
    answer = CliRunner().invoke(app, [str(a) for a in arguments])
    return answer.exit_code, answer.output


def test_a_private_table_comes_with_its_ledger(files: tuple[Path, Path], tmp_path: Path) -> None:
    real, schema = files
    fake, model = tmp_path / "fake.csv", tmp_path / "m.likewise"
    code, said = run(
        "synth", real, "-o", fake, "--schema", schema, "--epsilon", 2, "--save", model, "--dp-only", "--rows", 500
    )
    assert code == 0, said
    assert "epsilon 2, delta 1e-06" in said
    assert len(pl.read_csv(fake)) == 500
    ledger = lw.load(model).ledger_
    assert ledger is not None
    assert ledger.epsilon == 2.0


def test_without_a_schema_nothing_is_read_for_free(files: tuple[Path, Path], tmp_path: Path) -> None:
    code, said = run("synth", files[0], "-o", tmp_path / "fake.csv", "--epsilon", 1)
    assert code == 2
    assert "--epsilon needs --schema" in said
    assert "likewise schema --json" in " ".join(said.split())
    assert not (tmp_path / "fake.csv").exists()


def test_what_is_not_declared_is_named_with_its_price(files: tuple[Path, Path], tmp_path: Path) -> None:
    real, schema = files
    schema.write_text(lw.Schema.from_json(schema.read_text()).replace("town", levels=None).to_json())
    code, said = run("synth", real, "-o", tmp_path / "fake.csv", "--epsilon", 1, "--schema", schema)
    assert code == 8
    assert "'town' declares no levels" in " ".join(said.split())
    code, said = run(
        "synth", real, "-o", tmp_path / "fake.csv", "--epsilon", 1, "--schema", schema, "--pay", "levels", "--dp-only"
    )
    assert code == 0, said


@pytest.mark.parametrize("epsilon", ["0", "-1", "nan", "inf", "1e9"])
def test_a_budget_that_means_nothing_is_refused(epsilon: str, files: tuple[Path, Path], tmp_path: Path) -> None:
    real, schema = files
    code, said = run("synth", real, "-o", tmp_path / "fake.csv", "--epsilon", epsilon, "--schema", schema)
    assert code == 2, said
    assert "epsilon" in said


def test_paying_without_a_budget_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert run("synth", files[0], "-o", tmp_path / "fake.csv", "--pay", "levels")[0] == 2


def test_the_report_shows_the_ledger_and_no_measure(files: tuple[Path, Path], tmp_path: Path) -> None:
    real, schema = files
    page = tmp_path / "report.html"
    code, said = run(
        "synth", real, "-o", tmp_path / "fake.csv", "--schema", schema, "--epsilon", 2, "--dp-only", "--report", page
    )
    assert code == 0, said
    html = page.read_text()
    assert "epsilon 2, delta 1e-06, for one row more or less" in html
    assert 'id="scores"' not in html


def test_what_a_schema_leaves_open_is_not_completed_from_the_rows(files: tuple[Path, Path], tmp_path: Path) -> None:
    real, schema = files
    declared = lw.Schema.from_json(schema.read_text())
    kept = lw.Schema(tuple(column for column in declared if column.name != "town"))
    schema.write_text(kept.to_json())
    code, said = run("synth", real, "-o", tmp_path / "fake.csv", "--epsilon", 1, "--schema", schema)
    assert code == 4, said
    assert "it lacks 'town'" in " ".join(said.split())
    dated = pl.read_csv(real).with_columns(pl.lit("2020-02-03").alias("day"))
    dated.write_csv(real)
    day = lw.Column(name="day", kind="datetime", dtype="String", bounds=("2020-01-01", "2021-01-01"), nullable=False)
    schema.write_text(lw.Schema((*declared, day)).to_json())
    code, said = run("synth", real, "-o", tmp_path / "fake.csv", "--epsilon", 1, "--schema", schema)
    assert code == 8, said
    assert "'day' declares no format" in " ".join(said.split())


def test_a_draft_is_refused_once_with_what_to_paste_and_taken_once_all_is_said(tmp_path: Path) -> None:
    real, draft = tmp_path / "real.csv", tmp_path / "draft.json"
    table(300).write_csv(real)
    assert run("inspect", real, "--json", draft)[0] == 0
    fit = ("synth", real, "-o", tmp_path / "fake.csv", "--schema", draft, "--epsilon", 1, "--dp-only")
    code, said = run(*fit)
    assert code == 8, said
    assert said.count("'grade' declares no kind") == said.count("'town' declares no kind") == 1
    assert '{"name": "town", "kind": "KIND", "nullable": TRUE_OR_FALSE, ...},' in said
    data = json.loads(draft.read_text())
    grade, town, new = data["columns"]
    grade |= {"bounds": [1, 6], "nullable": False}
    town |= {"levels": ["north", "south", "east"]}
    new |= {"labels": ["false", "true"], "nullable": False}
    draft.write_text(json.dumps(data))
    code, said = run(*fit)
    assert code == 8, said
    assert '{"name": "town", "nullable": TRUE_OR_FALSE, ...},' in said
    town["nullable"] = False
    draft.write_text(json.dumps(data))
    code, said = run(*fit, "--target", "town", "--rows", 20)
    assert code == 0, said
    assert set(pl.read_csv(tmp_path / "fake.csv")["town"]) <= {"north", "south", "east"}


def test_levels_nobody_declared_do_not_stop_the_measures(files: tuple[Path, Path], tmp_path: Path) -> None:
    real, schema = files
    frame = pl.read_csv(real)
    pl.concat([frame, frame[:1].with_columns(town=pl.lit("atlantis"))]).write_csv(real)
    report, fake = tmp_path / "report.json", tmp_path / "fake.csv"
    code, said = run("synth", real, "-o", fake, "--schema", schema, "--epsilon", 2, "--model", "mst", "--json", report)
    assert code == 0, said
    assert "not differentially private" in json.loads(report.read_text())["caution"]
    assert "atlantis" not in report.read_text() + said + fake.read_text()


def shown(files: tuple[Path, Path], folder: Path, frame: pl.DataFrame, *more: object) -> list[str]:
    """All that leaves where nothing exact may, for this table in place of the first: what is said, rows, page, JSON."""
    real, schema = files
    frame.write_csv(real)
    fake, page, figures = folder / "fake.csv", folder / "report.html", folder / "report.json"
    code, said = run(
        "synth", real, "-o", fake, "--schema", schema, "--epsilon", 2, "--dp-only", "--report", page, "--json", figures,
        "--model", "mst", "--seed", 5, *more,
    )  # fmt: skip
    assert code == 0, said
    return [said, *(path.read_text(encoding="utf-8") for path in (fake, page, figures))]


def test_where_nothing_exact_may_leave_rows_are_held_against_noisy_tables(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    said, _, page, figures = shown(files, tmp_path, table(2000, seed=81))
    assert "Held against noisy tables" in said
    assert 'id="noisy"' in page
    told = json.loads(figures)
    assert told["scores"] == []
    assert [fit["columns"] for fit in told["noisy"]][:3] == [["grade"], ["town"], ["is_new"]]
    assert told["ledger"]["epsilon"] == 2.0


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("change", NEIGHBOURS)
def test_all_that_leaves_differs_in_noisy_numbers_only(change: str, files: tuple[Path, Path], tmp_path: Path) -> None:
    assert shown(files, tmp_path, table()) == shown(files, tmp_path, NEIGHBOURS[change])


def exact_tables(self: Answers, table: NoisyTable) -> None:
    """Keep what no noise was added to."""
    self._tables.append(replace(table, counts=table.counts + EXACT[-1]))


EXACT: list[int] = []


@pytest.mark.usefixtures("blind")
def test_an_exact_table_among_the_noisy_ones_would_be_caught(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = Marginals.answer
    monkeypatch.setattr(
        Marginals, "answer", lambda self, codes, sizes: EXACT.append(len(codes)) or count(self, codes, sizes)
    )
    monkeypatch.setattr(Answers, "keep", exact_tables)
    EXACT.append(0)
    whole = shown(files, tmp_path, table())
    assert whole != shown(files, tmp_path, NEIGHBOURS["a row less"])


def test_a_dropped_column_does_not_stop_the_report_that_costs_nothing(files: tuple[Path, Path], tmp_path: Path) -> None:
    real, schema = files
    table = pl.read_csv(real, infer_schema=False)
    table.with_columns(who=pl.lit("somebody")).write_csv(real)
    told = json.loads(schema.read_text())
    told["columns"].append({"name": "who", "kind": "text", "role": "drop", "dtype": "String"})
    schema.write_text(json.dumps(told))
    fake, page, figures = tmp_path / "fake.csv", tmp_path / "r.html", tmp_path / "r.json"
    code, said = run(
        "synth", real, "-o", fake, "--schema", schema, "--epsilon", 2, "--dp-only", "--report", page, "--json", figures,
    )  # fmt: skip
    assert code == 0, said
    assert "who" not in pl.read_csv(fake).columns
    assert json.loads(figures.read_text())["noisy"]


@pytest.mark.parametrize("option", [("--dp-only",), ("--delta", "1e-6")], ids=" ".join)
def test_an_option_of_a_budget_without_one_makes_no_table(
    option: tuple[str, ...], files: tuple[Path, Path], tmp_path: Path
) -> None:
    """Who gives it may believe that the rows keep a promise."""
    code, said = run("synth", files[0], "-o", tmp_path / "fake.csv", *option)
    assert code == 2
    assert "--epsilon" in said
    assert not (tmp_path / "fake.csv").exists()
