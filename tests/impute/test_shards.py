"""Holes of tables that are not held: filled block by block, as in memory where a fill is told by its row alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.errors import InputError, OptionError, SchemaError
from likewise.impute import shards
from likewise.sources import source
from likewise.sources.source import BLOCK

pytestmark = pytest.mark.filterwarnings("ignore::likewise.errors.LikewiseWarning")
N = 2 * BLOCK + 500
FEW = {"n_trees": 2, "n_rounds": 1, "max_rows": 1_000}


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "SHARD", BLOCK)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    age = rng.integers(18, 60, N)
    frame = pl.DataFrame({"age": age, "town": np.array(["Ulm", "Bonn", "Jena"])[age % 3], "pay": rng.gamma(age, 9.0)})
    holed = frame.with_columns(
        pl.when(pl.Series(rng.random(N) > 0.1)).then(pl.col(name)).alias(name) for name in frame.columns
    )
    path = tmp_path_factory.mktemp("rows") / "a.parquet"
    holed.write_parquet(path, row_group_size=3_000)
    return path


def imputer(**more: Any) -> lw.Imputer:
    return lw.Imputer(random_state=0, options=FEW, **more)


def test_middles_are_those_of_the_table_in_memory(path: Path, tmp_path: Path) -> None:
    held, parts = imputer(add_indicator=True).fit(pl.read_parquet(path)), imputer(add_indicator=True).fit(lw.scan(path))
    assert parts.n_holes_ == held.n_holes_
    assert parts.transform(lw.scan(path), to=tmp_path / "b.parquet") == tmp_path / "b.parquet"
    told = pl.read_parquet(tmp_path / "b.parquet")
    assert told.equals(held.transform(pl.read_parquet(path)))
    assert not told.null_count().row(0)[0]


def test_draws_do_not_hang_on_shards_or_workers(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = imputer(statistic="draw").fit(pl.read_parquet(path).head(2_000))
    frames = []
    for name, size, more in (
        ("a", BLOCK, {}), ("b", 2 * BLOCK, {}), ("c", BLOCK, {"engine": "processes", "workers": 2}),
    ):  # fmt: skip
        monkeypatch.setattr(source, "SHARD", size)
        fitted.transform(lw.scan(path), **more, to=tmp_path / f"{name}.parquet")
        frames.append(pl.read_parquet(tmp_path / f"{name}.parquet"))
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])
    # A block hangs on no other: with the first one gone, each block is drawn as that which stood there.
    holes = pl.read_parquet(path)
    first = holes.head(BLOCK)
    pl.concat([first, first]).write_parquet(tmp_path / "twice.parquet")
    fitted.transform(lw.scan(tmp_path / "twice.parquet"), to=tmp_path / "d.parquet")
    twice = pl.read_parquet(tmp_path / "d.parquet")
    assert twice.head(BLOCK).equals(frames[0].head(BLOCK))
    assert not twice.head(BLOCK).equals(twice.tail(BLOCK))


def test_rows_that_are_learnt_from_are_chosen_by_hash(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "LEARNT", 1_000)
    some = shards.some_rows(lw.scan(path))
    monkeypatch.setattr(source, "SHARD", 10 * BLOCK)
    assert some.equals(shards.some_rows(lw.scan(path)))
    assert len(some) == 1_000


def test_what_does_not_go_is_refused_and_nothing_is_left(path: Path, tmp_path: Path) -> None:
    fitted = imputer().fit(pl.read_parquet(path).head(500))
    for X, more, word in (
        (lw.scan(path), {}, "name it with to="), (lw.scan(path), {"to": path}, "write it elsewhere"),
        (lw.scan(path), {"to": tmp_path / "b.xlsx"}, "not written in parts"),
        (pl.read_parquet(path), {"to": tmp_path / "b.csv"}, "held already"),
    ):  # fmt: skip
        with pytest.raises(OptionError, match=word):
            fitted.transform(X, **more)
    with pytest.raises(InputError, match="fitted on an array"):
        lw.Imputer(options=FEW).fit(np.random.default_rng(0).random((40, 2))).transform(
            lw.scan(path), to=tmp_path / "b.csv"
        )
    pl.read_parquet(path).with_columns(age="town").write_parquet(tmp_path / "other.parquet")
    with pytest.raises(SchemaError, match="age"):
        fitted.transform(lw.scan(tmp_path / "other.parquet"), to=tmp_path / "b.csv")
    assert [found.name for found in tmp_path.iterdir()] == ["other.parquet"]


def test_the_command_line_fills_in_parts(path: Path, tmp_path: Path) -> None:
    words = ["impute", str(path), "-o", str(tmp_path / "b.parquet"), "--seed", "0", "--workers", "1"]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 0, answer.output
    told = pl.read_parquet(tmp_path / "b.parquet")
    holes = pl.read_parquet(path)
    assert told.null_count().row(0) == (0, 0, 0)
    assert told.filter(holes["pay"].is_not_null())["pay"].equals(holes["pay"].drop_nulls())
    refused = CliRunner().invoke(app, [*words, "--draws", "3"])
    assert refused.exit_code == 2
    assert "--draws does not go" in " ".join(refused.output.split())
