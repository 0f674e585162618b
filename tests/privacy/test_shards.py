"""Tables anonymised in parts: the same rows as in memory, whatever the shards and the workers; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.errors import InputError, LikewiseWarning, OptionError, PrivacyError
from likewise.privacy import shards
from likewise.sources import source
from likewise.sources.source import BLOCK

pytestmark = pytest.mark.filterwarnings("ignore::likewise.errors.LikewiseWarning")
N = 3 * BLOCK + 1_000


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "SHARD", BLOCK)
    monkeypatch.setattr(shards, "SHARD", BLOCK)


def table(n: int = N) -> pl.DataFrame:
    """Sorted by age, so that order tells; with cells of every kind that are missing, rare, or written in two ways."""
    rng = np.random.default_rng(0)
    zone = rng.choice(["Ulm", "Bonn", "Jena", "Kiel", "Horb"], n, p=[0.5, 0.3, 0.15, 0.0498, 0.0002])
    ill = rng.choice(["flu", "Flu ", "cold", "ulcer", None], n)  # type: ignore[arg-type]
    return pl.DataFrame({
        "age": np.sort(rng.integers(18, 60, n)), "zone": zone, "kept": rng.integers(0, 10**6, n),
        "half": np.where(rng.random(n) < 0.1, np.nan, rng.choice([-0.0, 0.0, 0.5, 1.5], n)),
        "day": pl.Series(rng.integers(15_000, 15_060, n)).cast(pl.Int32).cast(pl.Date), "ill": ill,
        "text": rng.choice(["1.5", "1.50", "2", "?", "7"], n),
    }).with_columns(pl.when(pl.Series(rng.random(n) > 0.03)).then("zone").alias("zone"))  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "a.parquet"
    table().write_parquet(path, row_group_size=5_000)
    return path


METHODS: list[dict[str, Any]] = [
    {"quasi_identifiers": ["age", "zone"], "k": 5},
    {"quasi_identifiers": ["age", "half", "day"], "k": 20, "sensitive": "ill", "l": 2, "t": 0.4},
    {"quasi_identifiers": ["zone", "text"], "k": 3, "hierarchies": {"text": {"1.5": "low", "2": "low", "7": "high"}}},
    {
        "quasi_identifiers": ["age", "zone"], "k": 50, "method": "lattice", "max_suppression": 0.05, "sensitive": "ill",
        "l": 3,
    },
    {
        "quasi_identifiers": ["zone", "day", "half"], "k": 9, "method": "lattice", "max_suppression": 0.01,
        "sensitive": ["ill", "age"], "suppressed": "star", "t": 0.5,
    },
    {
        "quasi_identifiers": ["text", "age"], "k": 7, "method": "lattice", "sensitive": "ill", "t": 0.3,
        "t_distance": "equal",
    },
]  # fmt: skip


@pytest.mark.parametrize("asked", METHODS, ids=range(len(METHODS)))
def test_rows_are_told_as_those_in_memory(path: Path, tmp_path: Path, asked: dict[str, Any]) -> None:
    held = lw.privacy.anonymize(table(), **asked, drop="kept", keep_order=True)
    done = lw.privacy.anonymize(lw.scan(path), **asked, drop="kept", keep_order=True, to=tmp_path / "b.parquet")
    told = pl.read_parquet(tmp_path / "b.parquet")
    assert told.equals(held.frame)
    assert done.frame == tmp_path / "b.parquet"
    one, other = (found.report.to_dict() for found in (held, done))
    for name in ("seconds", "notes", "n_checked"):
        one.pop(name), other.pop(name)
    assert one == flat(other)
    assert set(held.report.notes) == set(done.report.notes)
    fresh = table(500)
    assert done.recoding.transform(fresh, keep_order=True).equals(held.recoding.transform(fresh, keep_order=True))


def flat(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: flat(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(flat(inner) for inner in value)
    return pytest.approx(value) if isinstance(value, float) else value


def test_the_file_does_not_hang_on_shards_or_workers(path: Path, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"quasi_identifiers": ["age", "zone"], "random_state": 3}
    for name, more in (("a", {}), ("b", {"engine": "processes", "workers": 2})):
        lw.privacy.anonymize(lw.scan(path), **asked, **more, to=tmp_path / f"{name}.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    told = pl.read_csv(tmp_path / "a.csv")
    held = lw.privacy.anonymize(table(), quasi_identifiers=["age", "zone"]).frame
    order = ["kept", "day", "ill", "text"]
    assert told["kept"].sort().equals(held["kept"].sort())
    assert told.sort(order)["age"].equals(held.sort(order)["age"])


def test_rows_come_in_an_order_that_tells_nothing(path: Path, tmp_path: Path) -> None:
    frames = []
    for name in ("a", "b"):  # each time in another one
        lw.privacy.anonymize(lw.scan(path), quasi_identifiers=["zone"], to=tmp_path / f"{name}.parquet")
        frames.append(pl.read_parquet(tmp_path / f"{name}.parquet"))
    ages = frames[0]["age"].to_numpy().astype(float)
    assert not frames[0].equals(frames[1])
    assert abs(np.corrcoef(np.arange(N), ages)[0, 1]) < 4 / N**0.5
    assert abs(np.corrcoef(ages[1:], ages[:-1])[0, 1]) < 4 / N**0.5
    with pytest.warns(LikewiseWarning, match="in an order that tells of columns 'age'"):
        lw.privacy.anonymize(lw.scan(path), quasi_identifiers=["age"], keep_order=True, to=tmp_path / "c.parquet")


def test_texts_of_a_csv_are_told_as_those_in_memory(tmp_path: Path) -> None:
    table().write_csv(tmp_path / "a.csv")
    asked: dict[str, Any] = {"quasi_identifiers": ["age", "text", "day"], "keep_order": True}
    held = lw.privacy.anonymize(pl.read_csv(tmp_path / "a.csv", infer_schema=False), **asked).frame
    lw.privacy.anonymize(lw.scan(tmp_path / "a.csv"), **asked, to=tmp_path / "b.csv")
    assert pl.read_csv(tmp_path / "b.csv", infer_schema=False).equals(held)


def test_too_many_combinations_are_told_before_all_is_read(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "MOST", 5_000)
    read, plain = [], source.Source.read

    def reads(self: source.Source, shard: source.Shard, *rest: Any) -> pl.DataFrame:
        read.append(shard)
        return plain(self, shard, *rest)

    monkeypatch.setattr(source.Source, "read", reads)
    with pytest.raises(OptionError, match="more than 5,000 different combinations"):
        lw.privacy.anonymize(lw.scan(path), quasi_identifiers=["kept", "age"], to=tmp_path / "b.parquet")
    assert len(read) == 2  # the first rows, and the first shard
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_where_the_promise_is_not_kept(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIKEWISE_TMP", str(tmp_path))
    asked: dict[str, Any] = {"quasi_identifiers": ["age", "day"], "to": tmp_path / "b.parquet"}
    with pytest.raises(PrivacyError, match="no recoding can keep"):
        lw.privacy.anonymize(lw.scan(path), **asked, sensitive="ill", alpha=0.01)
    monkeypatch.setattr(shards, "told_rows", lambda rows, classes, recoding, secret: rows)
    with pytest.raises(PrivacyError, match="does not keep its promise"):
        lw.privacy.anonymize(lw.scan(path), **asked)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"method": "local-suppression"}, "local-suppression"), ({"method": "mondrian-relaxed"}, "relaxed"),
        ({"numbers": "mean"}, "numbers"), ({"entity": "kept"}, "entity"), ({"to": None}, "name it with to="),
        ({"to": "b.csv.gz"}, "not written in parts"), ({"quasi_identifiers": "gone"}, "no column 'gone'"),
        ({"workers": 0}, "workers"), ({"k": 10**6}, "more than the"),
    ],
)  # fmt: skip
def test_what_does_not_go_in_parts_is_refused(path: Path, tmp_path: Path, more: dict[str, Any], word: str) -> None:
    asked = {"quasi_identifiers": "age", "to": str(tmp_path / "b.parquet")} | more
    with pytest.raises(OptionError, match=word):
        lw.privacy.anonymize(lw.scan(path), **asked)
    with pytest.raises(OptionError, match="is of those that are read"):
        lw.privacy.anonymize(lw.scan(path), quasi_identifiers="age", to=path)
    with pytest.raises(OptionError, match="held already"):
        lw.privacy.anonymize(table(50), quasi_identifiers="age", to=tmp_path / "b.parquet")


def test_infinite_numbers_are_told(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1.0, np.inf] * 10}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="infinite"):
        lw.privacy.anonymize(lw.scan(tmp_path / "a.parquet"), quasi_identifiers="a", k=2, to=tmp_path / "b.parquet")


def test_the_command_line_anonymises_in_parts(path: Path, tmp_path: Path) -> None:
    words = ["anonymize", str(path), "-o", str(tmp_path / "b.parquet"), "--quasi-identifiers", "age,zone"]
    words += ["--drop", "kept", "--workers", "1"]
    answer = CliRunner().invoke(app, [*words, "--seed", "1", "--json", str(tmp_path / "r.json")])
    assert answer.exit_code == 0, answer.output
    assert f"{N:,} rows" in answer.output.replace("\n", " ")  # a long path wraps the line
    asked: dict[str, Any] = {"quasi_identifiers": ["age", "zone"], "drop": "kept", "random_state": 1}
    again = lw.privacy.anonymize(lw.scan(path), **asked, to=tmp_path / "c.parquet")
    assert (tmp_path / "b.parquet").read_bytes() == again.frame.read_bytes()
    assert "kept" not in pl.read_parquet(again.frame).columns
    assert json.loads((tmp_path / "r.json").read_text())["measures"]["k"] >= 5
    refused = CliRunner().invoke(app, [*words, "--report", str(tmp_path / "r.html")])
    assert refused.exit_code == 2
    assert "--report does not go" in " ".join(refused.output.split())
