"""Columns that are learnt of rows in memory alone, of tables that are not held: some rows, all of each person's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.engines.local import LocalEngine
from likewise.engines.processes import ProcessEngine
from likewise.errors import InputError, LikewiseWarning, OptionError, SchemaError
from likewise.schema.infer import infer
from likewise.sources import opening, source
from likewise.sources.chosen import chosen, rows_at
from likewise.sources.source import BLOCK
from likewise.synthesizer.scans import asking

from .test_fitting import same

pytestmark = pytest.mark.usefixtures("small_shards")

N = 20_000


def visits(n: int = N) -> pl.DataFrame:
    """Some eight rows a patient, in no order of theirs; code "rare" is one patient's alone, of many rows."""
    rng = np.random.default_rng(4)
    patient = rng.integers(0, n // 8, n)
    sex, age = rng.random(n // 8) < 0.5, rng.integers(20, 90, n // 8)
    code = np.where(patient == 7, "rare", rng.choice(["a", "b", "c"], n))
    return pl.DataFrame({
        "patient_id": patient + 5_000, "sex": sex[patient], "age": age[patient], "code": code,
        "cost": rng.gamma(2, 50, n).round(0),
    })  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    visits().write_parquet(tmp_path / "a.parquet", row_group_size=3_000)
    return tmp_path / "a.parquet"


@pytest.mark.parametrize("entity", [None, "patient_id"])
def test_where_all_rows_are_chosen_the_model_is_that_in_memory(file: Path, entity: str | None) -> None:
    held, parts = (
        lw.Synthesizer("copula", random_state=0, entity=entity).fit(what, **where)
        for what, where in ((visits(), {}), (file, {"engine": "local"}))
    )
    assert parts.schema_.entity == "patient_id"
    assert same(held, parts)
    assert np.array_equal(held.train_rows_, parts.train_rows_)


def test_all_rows_of_some_persons_are_learnt_and_it_is_told(file: Path) -> None:
    with pytest.warns(LikewiseWarning, match=r"'patient_id' tells whose.*rows of [\d,]+ persons.*of 20,000 rows"):
        synth = lw.Synthesizer("copula", random_state=0).fit(file, train_rows=5_000)
    reading = synth.record_["reading"]
    assert (reading["rows"], reading["passes"], synth.n_rows_) == (N, 1, N)
    assert 3_500 < reading["rows_chosen"] <= 5_000
    both = [visits()[rows]["patient_id"] for rows in (synth.train_rows_, synth.holdout_rows_)]
    assert len(both[0]) + len(both[1]) == reading["rows_chosen"]
    assert not set(both[0]) & set(both[1])
    chosen_ones = pl.concat(both)
    assert len(chosen_ones) == visits()["patient_id"].is_in(chosen_ones.implode()).sum()
    # Five persons, not rows, must have what is kept.
    levels = synth.codec_.codecs[synth.codec_.columns.index("code")].levels
    assert set(levels) == {"a", "b", "c"}
    assert not set(synth.sample(500, random_state=0)["patient_id"]) & set(visits()["patient_id"])


@pytest.mark.parametrize("size", [BLOCK, 2 * BLOCK, 9 * BLOCK])
def test_who_is_chosen_hangs_on_no_shard_nor_worker_nor_file(tmp_path: Path, size: int) -> None:
    table, schema = visits(), infer(visits())
    for k, start in enumerate(range(0, N, 7_000)):
        table[start : start + 7_000].write_parquet(tmp_path / f"{k}.parquet")
    found = []
    for of, engine in ((source.SHARD, LocalEngine()), (size, LocalEngine()), (size, ProcessEngine(2))):
        with engine, lw.scan(tmp_path).opened(of) as rows:
            found.append(chosen(engine, rows, schema, "patient_id", 3, 4_000))
    assert all(one.frame.equals(found[0].frame) for one in found)
    assert found[0].frame.equals(table[found[0].numbers])
    with lw.scan(tmp_path).opened(size) as rows:
        assert rows_at(rows, found[0].numbers).equals(found[0].frame)


WORDS = ["the", "door", "was", "shut", "when", "she", "came", "late", "again", "and", "nobody", "saw", "why"]


@pytest.mark.parametrize(("name", "values"), [
    ("mail", [f"ann.{i}@example.org" for i in range(3_000)]),
    ("note", [" ".join(WORDS[int(k)] for k in np.random.default_rng(i).integers(0, 13, 9)) for i in range(3_000)]),
])  # fmt: skip
def test_texts_and_personal_identifiers_are_learnt_of_chosen_rows(tmp_path: Path, name: str, values: Any) -> None:
    table = visits(3_000).drop("patient_id").with_columns(pl.Series(name, values))
    table.write_parquet(tmp_path / "a.parquet")
    with pytest.warns(LikewiseWarning, match=f"'{name}'.*so 1,000 of 3,000 rows"):
        synth = lw.Synthesizer("copula", random_state=0).fit(tmp_path / "a.parquet", train_rows=1_000)
    assert not set(synth.sample(500, random_state=0)[name]) & set(table[name])


def test_who_is_not_told_of_is_refused_wherever_it_stands(file: Path) -> None:
    last = pl.int_range(pl.len()) == N - 1
    visits().with_columns(pl.when(~last).then("patient_id").alias("patient_id")).write_parquet(file)
    with pytest.raises(InputError, match=r"'patient_id': 1 of 20,000 rows"):
        lw.Synthesizer("copula", entity="patient_id").fit(file, train_rows=100)
    visits().with_columns(patient_id=1).write_parquet(file)
    with pytest.raises(InputError, match=r"more than 100 rows"):
        lw.Synthesizer("copula", entity="patient_id").fit(file, train_rows=100)
    with pytest.raises(SchemaError, match="no column 'patient'"):
        lw.Synthesizer("copula", entity="patient").fit(file, train_rows=100)


def test_workers_that_train_take_no_chosen_rows(file: Path) -> None:
    with pytest.raises((SchemaError, OptionError), match="entity=False"):
        lw.Synthesizer(random_state=0).fit(file, data_parallel=True)


def test_the_report_of_chosen_rows_counts_persons(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from likewise.cli.app import app

    monkeypatch.setattr(asking, "MOST_CHOSEN", 4_000)
    monkeypatch.setattr(asking, "fits_memory", lambda _: False)
    monkeypatch.setattr(opening, "MOST_CELLS", 10_000)
    out = file.parent / "fake.parquet"
    done = CliRunner().invoke(
        app,
        ["synth", str(file), "-o", str(out), "--model", "copula", "--seed", "1", "--json", str(file.parent / "r.json")],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "chosen rows" in done.output.replace("\n", " ")
    assert len(pl.read_parquet(out)) == N
