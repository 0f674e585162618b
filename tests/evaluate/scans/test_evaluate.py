"""Tables that are not held, measured: as in memory where they fit, whoever reads them, and what is refused."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.errors import InputError, OptionError, OutputError
from likewise.evaluate.results import Report
from likewise.evaluate.scans import gather, rows
from likewise.hashing import Split
from likewise.report.notes import note_in
from likewise.schema.column import Role
from likewise.sources import opening, source
from likewise.sources.source import BLOCK, Source

from .tables import table

REAL, HELD = table(10_000, 0), table(4_000, 2)
FAKE = pl.concat([table(6_000, 1), REAL[:120]])
QUICK: dict[str, Any] = {"measures": ["attacks"]}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "SHARD", BLOCK)
    monkeypatch.setattr(gather, "SHARD", BLOCK)
    monkeypatch.setattr(gather, "MOST_SAMPLED", 1_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "real").mkdir()
    for k, start in enumerate(range(0, 10_000, 3_500)):
        REAL[start : start + 3_500].write_parquet(tmp_path / "real" / f"part-{k}.parquet", row_group_size=1_500)
    FAKE.write_parquet(tmp_path / "fake.parquet")
    return tmp_path


def figures(report: Report) -> dict[str, Any]:
    return {name: value for name, value in report.to_dict().items() if name != "versions"}


def test_tables_that_fit_are_measured_as_in_memory(folder: Path) -> None:
    real, fake, held = REAL[:1_000], FAKE[-600:], HELD[:500]
    told = dict(target="ok", measures=["attacks", "accuracy"])
    parts = lw.evaluate(lw.scan(real.lazy()), lw.scan(fake.lazy()), holdout=held, engine="local", **told)
    assert figures(parts) == figures(lw.evaluate(real, fake, holdout=held, **told))
    assert parts["copies"].value == 0.2


def test_copies_among_all_rows_are_counted_as_in_memory(folder: Path) -> None:
    parts = lw.evaluate(folder / "real", folder / "fake.parquet", holdout=HELD, engine="local", **QUICK)
    held = lw.evaluate(REAL, FAKE, holdout=HELD, **QUICK)
    for name in ("copies", "copies_once"):
        assert replace(parts[name], details={}, method="") == replace(held[name], details={}, method="")
        assert parts[name].method == f"{held[name].method}; counted on all rows, 6,120 synthetic and 10,000 real ones"
    assert parts["copies"].value > 0.01
    assert parts["shape"].value == pytest.approx(held["shape"].value, abs=parts["shape"].details.get("off", 0.0) + 1e-9)
    assert parts["missing"].value == pytest.approx(held["missing"].value, abs=1e-12)
    assert parts["trend"].value == pytest.approx(held["trend"].value, rel=0.2), "bins are those of a sample"
    assert parts["shape"].floor == pytest.approx(held["shape"].floor, rel=0.2)
    for name in ("membership", "near_copies", "linkability"):
        score = parts[name]
        low, high = score.interval or (0, 0)
        assert (
            f"sample of 1,000 of 6,120 synthetic rows and as many real ones, ± {(high - low) / 2:.4f}" in score.method
        )
        assert score.searched == 0.1, "of the real rows a tenth was looked at"
        assert score.least_leak is None or score.least_leak > (held[name].least_leak or 0.0)
    assert parts.data["rows_real"] == 10_000
    assert parts.data["sampled_real"] == 1_000
    assert parts.notes[0].startswith("Read in parts")
    assert note_in(parts.notes[0], "zh") != parts.notes[0]
    page = parts.to_html()
    assert "counted on all rows, 6,120 synthetic" in page
    assert Report.from_json(parts.to_json())["copies"].method == parts["copies"].method


def test_nothing_hangs_on_who_reads_or_how_the_rows_are_cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIKEWISE_TMP", str(folder))
    told = dict(random_state=3, measures=["attacks"])
    one = lw.evaluate(lw.scan(folder / "real"), lw.scan(folder / "fake.parquet"), **told)
    REAL.write_parquet(folder / "whole.parquet", row_group_size=10_000)
    FAKE.write_csv(folder / "fake.csv")
    several = lw.evaluate(folder / "whole.parquet", folder / "fake.csv", engine="processes", workers=2, **told)
    monkeypatch.setattr(source, "SHARD", 3 * BLOCK)
    monkeypatch.setattr(gather, "SHARD", 3 * BLOCK)
    in_one = lw.evaluate(lw.scan(REAL.lazy()), FAKE, **told)
    assert figures(one) == figures(several) == figures(in_one)
    assert not list(folder.glob("likewise-*")), "nothing of the rows is left on the disk"


def test_without_a_holdout_halves_of_the_real_rows_are_the_floor(folder: Path) -> None:
    report = lw.evaluate(folder / "real", folder / "fake.parquet", engine="local", measures=[])
    score = report["shape"]
    assert score.floor_by == "halves"
    assert 0.0 < score.floor < 2 * score.value  # type: ignore[operator]
    assert score.stands == "at"
    assert (
        lw.evaluate(folder / "real", table(9_000, 1).with_columns(pl.col("age") // 2), measures=[], engine="local")[
            "shape"
        ].stands
        == "worse"
    )


def test_rows_that_share_quasi_identifiers_are_counted(folder: Path) -> None:
    schema = lw.infer(REAL, entity=False)
    for name in ("age", "town"):
        schema = schema.replace(name, role=Role.QUASI_IDENTIFIER)
    for report in (
        lw.evaluate(folder / "real", folder / "fake.parquet", schema=schema, engine="local", **QUICK),
        lw.evaluate(REAL, FAKE, schema=schema, **QUICK),
    ):
        sizes = FAKE.group_by("age", "town").len()["len"]
        score = report["smallest_class"]
        assert score.value == sizes.min()
        assert score.details["under"] == sizes.filter(sizes < 5).sum()
        assert score.details["real"] == REAL.group_by("age", "town").len()["len"].min()


def test_some_rows_of_a_table_may_stand_for_it(folder: Path) -> None:
    split, scan = Split(11, 2**62), lw.scan(folder / "real")
    out = pl.Series(split.keeps(pl.Series(range(len(REAL))).to_numpy()))
    assert 0.2 < out.mean() < 0.3  # type: ignore[operator]
    learnt = replace(scan, split=replace(split, others=True))
    with pytest.raises(OptionError, match="a table is learnt whole"):
        lw.Synthesizer("copula").fit(learnt)
    report = lw.evaluate(learnt, FAKE, holdout=replace(scan, split=split), **QUICK)
    assert [report.data["rows_real"], report.data["rows_holdout"]] == [(~out).sum(), out.sum()]
    assert (
        report["copies"].value
        == len(FAKE.join(REAL.filter(~out), on=REAL.columns, how="semi", nulls_equal=True)) / 6_120
    )


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_columns_that_lack_are_named_before_anything_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FAKE.drop("paid").write_parquet(folder / "less.parquet")
    monkeypatch.setattr(gather, "samples", lambda *_: pytest.fail("it was read"))
    with pytest.raises(InputError, match="the synthetic table lacks column 'paid'"):
        lw.evaluate(folder / "real", folder / "less.parquet", engine="local")
    with pytest.raises(InputError, match="the holdout table has the extra column 'more'"):
        lw.evaluate(folder / "real", folder / "fake.parquet", holdout=HELD.with_columns(more=pl.lit(1)), engine="local")


def test_a_file_of_another_schema_is_named(folder: Path) -> None:
    REAL[:9].with_columns(pl.col("age").cast(pl.String)).write_parquet(folder / "real" / "part-9.parquet")
    with pytest.raises(InputError, match=r"part-9\.parquet.*'age'"):
        lw.evaluate(lw.scan(folder / "real"), lw.scan(folder / "fake.parquet"))


def test_a_file_that_grows_while_it_is_read_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = rows.samples

    def growing(*given: Any) -> Any:
        found = drawn(*given)
        pl.concat([FAKE, FAKE]).write_parquet(folder / "fake.parquet")
        return found

    monkeypatch.setattr(gather, "samples", growing)
    with pytest.raises(InputError, match=r"fake\.parquet' was changed while it was read"):
        lw.evaluate(lw.scan(folder / "real"), lw.scan(folder / "fake.parquet"))


def test_too_little_disk_is_told_before_a_row_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 2**28))  # type: ignore[attr-defined]
    monkeypatch.setattr(gather, "samples", lambda *_: pytest.fail("it was read"))
    with pytest.raises(OutputError, match=r"telling which rows are copies needs about 0\.0 GB of disk"):
        lw.evaluate(lw.scan(folder / "real"), lw.scan(folder / "fake.parquet"))


def test_a_cell_that_no_sample_shows_is_told_by_its_column(folder: Path) -> None:
    texts = FAKE.with_columns(pl.col("age").cast(pl.String))
    odd = texts.with_columns(
        pl.when(pl.int_range(len(texts)) == 4_001).then(pl.lit("S3CRET")).otherwise("age").alias("age")
    )
    with pytest.raises(InputError, match="the synthetic table: column 'age'") as told:
        lw.evaluate(lw.scan(folder / "real"), odd)
    assert "S3CRET" not in str(told.value)


@pytest.mark.parametrize(
    "options", [{"time": "day"}, {"entity": "age", "time": "day"}, {"public": REAL, "on": ["age"]}]
)
def test_what_looks_at_rows_together_is_refused(folder: Path, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="does not go with tables that are read in parts"):
        lw.evaluate(lw.scan(folder / "real"), FAKE, **options)


def test_people_with_several_rows_are_no_rows(tmp_path: Path) -> None:
    people = pl.DataFrame({"person_id": [f"p{k // 4:05}" for k in range(10_000)]}).hstack(REAL)
    found, asked = (
        lw.evaluate(lw.scan(people.lazy()), people, entity=entity, **QUICK) for entity in (None, "person_id")
    )
    assert figures(found) == figures(asked)
    of_persons = next(note for note in found.notes if "all rows of some persons" in note)
    n = int(re.findall(r"real: ([\d,]+) of", of_persons)[0].replace(",", ""))
    assert n % 4 == 0
    assert 0.6 * gather.MOST_SAMPLED < n <= gather.MOST_SAMPLED
    assert note_in(of_persons, "zh") != of_persons
    assert "copies" in lw.evaluate(lw.scan(people.lazy()), people, entity=False, measures=["attacks"])


@pytest.mark.parametrize("what", [np.zeros((30, 8, 8)), {"a": REAL[:50]}, lw.WindowSet(np.zeros((30, 4, 2)))])
def test_what_is_no_table_is_read_by_nobody(what: Any) -> None:
    with pytest.raises(OptionError, match="engine is for tables"):
        lw.evaluate(what, what, engine="processes")


def test_a_path_is_a_table_to_be_read(folder: Path) -> None:
    report = lw.evaluate(str(folder / "real"), folder / "fake.parquet", **QUICK)
    assert report["copies"].details["counted"] == 6_120


def test_pairs_of_a_wide_table_are_counted_on_coarser_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake = (np.random.default_rng(k).multivariate_normal(np.zeros(6), np.eye(6) + 1, 3_000) for k in range(2))
    fake[:, 1] *= -1
    tables = [pl.DataFrame(values, schema=[f"x{i}" for i in range(6)]) for values in (real, fake)]
    held = lw.evaluate(*tables, measures=[])
    for most, measured in ((10**6, 15), (15 * 66**2 // 4, 15), (8 * 16**2, 8)):
        monkeypatch.setattr(gather, "MOST_CELLS", most)
        parts = lw.evaluate(lw.scan(tables[0].lazy()), tables[1], measures=[])
        assert parts.data["pairs_measured"] == measured
        assert parts["trend"].value == pytest.approx(held["trend"].value, rel=0.02 if measured == 15 else 0.9)
        assert ("of 15 measured" in parts["trend"].method) == (measured < 15)


def test_somebody_is_told_to_read_what_is_held(folder: Path) -> None:
    with pytest.raises(OptionError, match="engine is of tables that are read in parts"):
        lw.evaluate(REAL, FAKE, engine="processes")
    with pytest.raises(OptionError, match="engine must be one of"):
        lw.evaluate(lw.scan(folder / "real"), FAKE, engine="spark")


def test_a_table_without_rows_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="rows"):
        lw.evaluate(lw.scan(folder / "real"), FAKE[:0])


# ---- on the command line ---------------------------------------------------------------------------------------------


def run(*words: Path | str, code: int = 0) -> str:
    answer = CliRunner().invoke(app, [*map(str, words)])
    assert answer.exit_code == code, answer.output
    return " ".join(answer.output.split())


def test_large_tables_are_measured_in_parts_unasked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["evaluate", folder / "real", folder / "fake.parquet", "--measures", "attacks"]
    assert "Read in parts" not in run(*words)
    assert "Read in parts" in run(*words, "--workers", "1")
    monkeypatch.setattr(opening, "MOST_CELLS", 1_000)
    told = run(*words, "--report", folder / "r.html", "--json", folder / "r.json")
    assert "counted on all rows (10,000 real, 6,120 synthetic)" in told
    assert Report.from_json((folder / "r.json").read_text())["copies"].details["counted_real"] == 10_000
    assert "Read in parts" not in run(*words, "--entity", "age"), "what looks at rows together is held"


def test_a_gate_holds_large_tables_to_its_rules(folder: Path) -> None:
    (folder / "rules.toml").write_text("[rules]\ncopies = { max = 0.001 }\nshape = { max = 0.1 }\n")
    words = [
        "audit",
        folder / "real",
        folder / "fake.parquet",
        "--rules",
        folder / "rules.toml",
        "--measures",
        "attacks",
    ]
    told = run(*words, "--workers", "1", code=1)
    assert "failed: copies" in told
    assert "1 of 2 rules are broken" in told
    assert "--shadows does not go" in run(*words, "--workers", "1", "--shadows", "4", code=2)


def test_engines_read_tables_alone(folder: Path, tmp_path: Path) -> None:
    lw.write(REAL[:50], tmp_path / "a.xlsx")
    told = run("evaluate", tmp_path / "a.xlsx", folder / "fake.parquet", "--engine", "processes", code=2)
    assert "a.xlsx' is none that can be" in told
    told = run("evaluate", folder / "real", folder / "none.parquet", "--workers", "1", code=3)
    assert "none.parquet' does not exist" in told
    told = run("evaluate", folder / "real", folder / "fake.parquet", "--workers", "2", "--delimiter", ";", code=2)
    assert "--delimiter does not go" in told


def test_a_report_of_rows_learnt_in_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_CELLS", 1_000)
    words = ["synth", folder / "real", "-o", folder / "made.parquet", "--model", "copula", "--seed", "1", "-n", "3000"]
    told = run(*words, "--report", folder / "r.html", "--json", folder / "r.json")
    report = Report.from_json((folder / "r.json").read_text())
    assert [report.data[f"rows_{role}"] for role in ("real", "synthetic", "holdout")] == [9_000, 3_000, 1_000]
    assert any("stopped" in note or "when to stop" in note for note in report.notes)
    assert "membership" in report
    assert "Read in parts" in told
    assert "reads the rows again" in run(*words[:3], folder / "made.xlsx", "--report", folder / "r.html", code=2)


def test_sources_are_opened_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each table is read twice: once for its sample, once for its counts."""
    read, seen = Source.read, []

    def reading(self: Source, shard: Any, columns: Any = None) -> pl.DataFrame:
        seen.append(len(shard))
        return read(self, shard, columns)

    monkeypatch.setattr(Source, "read", reading)
    lw.evaluate(lw.scan(folder / "real"), lw.scan(folder / "fake.parquet"), measures=[])
    assert sum(seen) == 2 * (10_000 + 6_120) + 1_000, "and the first rows of the real one, for a draft of the schema"
