"""Rows added to rare classes of tables that are not held: how many is counted on all rows, and none is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.balance import Oversampler, shards
from likewise.cli.app import app
from likewise.errors import InputError, OptionError
from likewise.sources import source
from likewise.sources.source import BLOCK

pytestmark = pytest.mark.filterwarnings("ignore::likewise.errors.LikewiseWarning")
N = BLOCK + 2_000


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "SHARD", BLOCK)


def table() -> pl.DataFrame:
    """Of which a tenth is fraud, and the largest amounts are."""
    rng = np.random.default_rng(0)
    fraud = rng.random(N) < 0.1
    amount = np.where(fraud, rng.integers(60, 99, N), rng.integers(0, 70, N))
    town = rng.choice(["Ulm", "Bonn", "Jena"], N, p=[0.6, 0.3, 0.1])
    return pl.DataFrame({"amount": amount, "town": town, "fraud": np.where(fraud, "yes", "no")})


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "a.parquet"
    table().write_parquet(path)
    return path


def test_rare_classes_get_rows_like_theirs(path: Path, tmp_path: Path) -> None:
    rows, sampler = table(), Oversampler("copula", random_state=0)
    for name, more in (("a", {}), ("b", {"engine": "processes", "workers": 2})):
        told = sampler.write_resampled(lw.scan(path), "fraud", tmp_path / f"{name}.parquet", mark="new", **more)
        assert told == tmp_path / f"{name}.parquet"
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    found = pl.read_parquet(tmp_path / "a.parquet")
    assert found.head(N).drop("new").equals(rows)
    assert found["new"].to_list() == [False] * N + [True] * (len(found) - N)
    counts = dict(found["fraud"].value_counts().iter_rows())
    assert counts["yes"] == counts["no"] == (rows["fraud"] == "no").sum()
    assert sampler.sampling_strategy_ == {"yes": len(found) - N}
    assert [(c.label, c.added) for c in sampler.report_.classes] == [("no", 0), ("yes", len(found) - N)]
    new = found.tail(len(found) - N)
    assert set(new["fraud"]) == {"yes"}
    assert new["amount"].mean() > 70  # of all rows it is 39


def test_strategies_are_those_of_rows_in_memory(path: Path, tmp_path: Path) -> None:
    for strategy in (0.5, {"yes": 3_000}, "minority"):
        sampler = Oversampler("copula", random_state=0, sampling_strategy=strategy)
        sampler.write_resampled(lw.scan(path), "fraud", tmp_path / "a.csv")
        held = Oversampler("random", random_state=0, sampling_strategy=strategy)
        held.fit(table().drop("fraud"), table()["fraud"])
        assert sampler.sampling_strategy_ == held.sampling_strategy_


@pytest.mark.parametrize(
    ("options", "target", "word"),
    [
        ({"model": "smote"}, "fraud", "smote"), ({"way": "class-specific"}, "fraud", "way"),
        ({"task": "regression"}, "amount", "task"), ({"quality": 0.2}, "fraud", "quality"),
        ({"rules": ["amount > 3"]}, "fraud", "rules"), ({}, "frud", "no column 'frud'"),
        ({"sampling_strategy": {"maybe": 3}}, "fraud", "lacks"),
        ({"sampling_strategy": lambda y: {}}, "fraud", "function"),
    ],
)  # fmt: skip
def test_what_does_not_go_in_parts_is_refused(
    path: Path, tmp_path: Path, options: dict[str, Any], target: str, word: str
) -> None:
    with pytest.raises(OptionError, match=word):
        Oversampler(**options).write_resampled(lw.scan(path), target, tmp_path / "b.csv")
    assert not list(tmp_path.iterdir())


def test_targets_that_are_no_classes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table().with_columns(
        key=pl.int_range(pl.len()), one=pl.lit(1), hole=pl.when(pl.col("amount") > 3).then("fraud"),
        rare=pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("x")).otherwise("fraud"),
    )  # fmt: skip
    rows.write_parquet(tmp_path / "a.parquet")
    for target, kind, word in (
        ("key", OptionError, "more than 1,000"), ("one", InputError, "one class only"),
        ("hole", InputError, "missing in"),
        ("rare", InputError, "1 of 3 classes"), ("fraud", OptionError, "'key' is a key"),
    ):  # fmt: skip
        with pytest.raises(kind, match=word):
            Oversampler("copula").write_resampled(lw.scan(tmp_path / "a.parquet"), target, tmp_path / "b.csv")
    assert [found.name for found in tmp_path.iterdir()] == ["a.parquet"]
    monkeypatch.setattr(shards, "MOST_CLASSES", 50)
    with pytest.raises(OptionError, match="more than 50 different values"):
        Oversampler("copula").write_resampled(lw.scan(tmp_path / "a.parquet"), "amount", tmp_path / "b.csv")


def test_the_command_line_balances_in_parts(path: Path, tmp_path: Path) -> None:
    words = ["balance", "rows", str(path), "--target", "fraud", "-o", str(tmp_path / "b.parquet"), "--workers", "1"]
    answer = CliRunner().invoke(app, [*words, "--model", "copula", "--mark", "is_new"])
    assert answer.exit_code == 0, answer.output
    found = pl.read_parquet(tmp_path / "b.parquet")
    assert found.filter("is_new")["fraud"].unique().to_list() == ["yes"]
    refused = CliRunner().invoke(app, [*words, "--regression"])
    assert refused.exit_code == 2
    assert "--regression does not go" in " ".join(refused.output.split())
