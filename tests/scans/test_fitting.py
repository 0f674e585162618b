"""Tables learnt in parts: the same model as in memory, whatever the shards and the workers; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import InputError, OptionError, SchemaError
from likewise.sources import opening, source
from likewise.sources.source import BLOCK
from likewise.synthesizer.scans import asking, dealing

pytestmark = pytest.mark.usefixtures("small_shards")

N = 20_000


def table(n: int = N, seed: int = 0) -> pl.DataFrame:
    """Columns of few values of every kind that is learnt in parts, and keys."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    return pl.DataFrame({
        "key": np.arange(n) + 1_000, "age": age,
        "town": np.array(["Ulm", "Bonn", "Jena", "Kiel"])[rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])],
        "rare": rng.choice([f"code {i}" for i in range(300)], n, p=(w := 0.97 ** np.arange(300)) / w.sum()),
        "paid": np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2, age, n).round(1)),
        "day": pl.Series(rng.integers(15_000, 16_000, n)).cast(pl.Int32).cast(pl.Date), "ok": rng.random(n) < age / 100,
        "none": pl.Series([None] * n, dtype=pl.String),
    }).with_columns(
        pl.col("paid").fill_nan(None), pl.when(pl.Series(rng.random(n) > 0.02)).then("town").alias("town")
    )  # fmt: skip


def parts_of(synth: lw.Synthesizer) -> tuple[Any, dict[str, np.ndarray]]:
    """All that is learnt: what a model file holds but the record, which tells seconds."""
    manifest, arrays = synth._parts()
    assert json.loads(json.dumps(manifest["codec"], allow_nan=False)) == manifest["codec"]  # by types as well
    return {name: value for name, value in manifest.items() if name != "training"}, arrays


def same(one: lw.Synthesizer, other: lw.Synthesizer) -> bool:
    (a, x), (b, y) = parts_of(one), parts_of(other)
    return a == b and x.keys() == y.keys() and all(np.array_equal(x[k], y[k]) for k in x)


@pytest.mark.parametrize("model", ["autoregressive", "copula", "cart"])
def test_the_model_is_that_of_the_table_in_memory(tmp_path: Path, model: str) -> None:
    options = {"epochs": 1} if model == "autoregressive" else {"max_depth": 3} if model == "cart" else {}
    table().write_parquet(tmp_path / "a.parquet", row_group_size=5_000)
    held = lw.Synthesizer(model, random_state=3, **options).fit(table())
    parts = lw.Synthesizer(model, random_state=3, **options).fit(tmp_path / "a.parquet", engine="local")
    assert same(held, parts)
    assert held.sample(500, random_state=1).equals(parts.sample(500, random_state=1))
    assert parts.record_["reading"] == {
        "rows": N, "rows_trained_on": N * 9 // 10, "rows_held_out": N // 10, "shards": 3, "passes": 2,
    }  # fmt: skip


def test_texts_of_a_csv_are_learnt_as_those_in_memory(tmp_path: Path) -> None:
    lw.write(table(), tmp_path / "a.csv")
    held, parts = (
        lw.Synthesizer("copula", random_state=0).fit(tmp_path / "a.csv", **where) for where in ({}, {"engine": "local"})
    )
    assert same(held, parts)


@pytest.fixture
def many_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of which most columns have more values than are counted."""
    from likewise.codecs import histograms
    from likewise.schema import tallies

    monkeypatch.setattr(tallies, "MOST", 500)
    monkeypatch.setattr(tallies, "MOST_HELD", 400)
    monkeypatch.setattr(histograms, "MOST_SINGLE", 300)
    monkeypatch.setattr(dealing, "SAMPLED", 8_000)
    rng, n = np.random.default_rng(5), N
    moments = pl.Series((rng.integers(0, 5 * 10**8, n) + 10**9) * 1_000).cast(pl.Datetime("ms"))
    weight = np.where(np.arange(n) % 11 == 0, np.nan, rng.normal(70, 12, n))
    share = 0.99 ** np.arange(800)
    table().with_columns(
        pl.Series("weight", weight).fill_nan(None), moments.alias("at"),
        (pl.Series("cost", rng.integers(0, 10**6, n)) / 100).cast(pl.Decimal(12, 2)),
        pl.Series("price", rng.lognormal(5, 1, n).round(2)),
        pl.Series("uid", [f"{x:032x}" for x in rng.integers(0, 2**62, n).tolist()]),
        pl.Series("shop", rng.choice([f"shop no. {i}" for i in range(800)], n, p=share / share.sum())),
    ).write_parquet(tmp_path / "a.parquet")  # fmt: skip
    return tmp_path / "a.parquet"


def test_columns_of_many_values_are_drawn_as_they_are(many_values: Path) -> None:
    real = pl.read_parquet(many_values)
    synth = lw.Synthesizer("copula", random_state=0).fit(many_values, engine="local")
    fake = synth.sample(N, random_state=1)
    assert fake.schema == real.schema
    assert (synth.schema_["cost"].decimals, synth.schema_["price"].decimals, synth.schema_["weight"].decimals) == (
        2,
        2,
        None,
    )
    assert any("told from" in note for note in synth.schema_["weight"].notes)
    for name in ("weight", "price", "key"):
        assert synth.schema_[name].kind == ("id" if name == "key" else "real")
    for name in ("weight", "price", "at"):
        at = np.linspace(0.01, 0.99, 99)
        real_at = real[name].drop_nulls().to_physical().cast(float).to_numpy()
        share = np.searchsorted(np.sort(fake[name].drop_nulls().to_physical().cast(float)), np.quantile(real_at, at))
        assert np.abs(share / fake[name].is_not_null().sum() - at).max() < 0.02
    assert abs(fake["weight"].null_count() / N - 1 / 11) < 0.01
    assert (fake["price"] * 100 - (fake["price"] * 100).round()).abs().max() < 1e-6
    assert not set(fake["uid"]) & set(real["uid"])
    assert fake["uid"].n_unique() == N
    held = dict(real["shop"].value_counts().iter_rows())
    kept = set(synth.codec_.codecs[synth.codec_.columns.index("shop")].levels)
    assert {shop for shop, n in held.items() if n >= 14} <= kept <= {shop for shop, n in held.items() if n >= 5}


@pytest.mark.parametrize("size", [BLOCK, 2 * BLOCK, 10 * BLOCK])
def test_shards_of_any_size_make_the_same_model(many_values: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    one = lw.Synthesizer("copula", random_state=0).fit(many_values, engine="local")
    monkeypatch.setattr(source, "SHARD", size)
    assert same(one, lw.Synthesizer("copula", random_state=0).fit(many_values, engine="local"))


def test_any_number_of_workers_makes_the_same_model(tmp_path: Path) -> None:
    table().write_parquet(tmp_path / "a.parquet")
    one, two = (
        lw.Synthesizer("copula", random_state=0).fit(lw.scan(tmp_path / "a.parquet"), engine=engine, workers=workers)
        for engine, workers in (("local", None), ("processes", 2))
    )
    assert same(one, two)


def test_training_sees_a_sample_and_shares_are_those_of_all(tmp_path: Path) -> None:
    table().write_parquet(tmp_path / "a.parquet")
    seen: list[Any] = []
    synth = lw.Synthesizer(random_state=0, epochs=1, progress=seen.append).fit(tmp_path / "a.parquet", train_rows=2_000)
    assert synth.record_["reading"]["rows_trained_on"] == 2_000
    reading = [event for event in seen if event.unit == "shard"]
    assert [event.notes["pass"] for event in reading] == [1] * 3 + [2] * 3
    assert seen[-1].notes["of all rows seen"] == 0.1
    town = synth.codec_.codecs[synth.codec_.columns.index("town")]
    assert town.counts.sum() == N * 9 // 10
    fake, real = synth.sample(20_000, random_state=0)["town"], table()["town"]
    assert abs(float((fake == "Ulm").mean()) - float((real == "Ulm").mean())) < 0.015


def test_large_tables_are_read_in_parts_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table().write_parquet(tmp_path / "a.parquet")
    assert not opening.is_large(tmp_path / "a.parquet")
    monkeypatch.setattr(opening, "MOST_CELLS", 100_000)
    assert opening.is_large(tmp_path)
    assert opening.is_large(str(tmp_path / "*.parquet"))
    assert "reading" in lw.Synthesizer("copula").fit(tmp_path).record_
    # What does not go in parts is held while memory is likely to do, and else refused.
    assert "reading" not in lw.Synthesizer("copula", only={"ok": True}).fit(tmp_path).record_
    monkeypatch.setattr(asking, "fits_memory", lambda _: False)
    with pytest.raises(OptionError, match=r"only does not go.*too large to be held"):
        lw.Synthesizer("copula", only={"ok": True}).fit(tmp_path)


# ---- what is refused, before all rows are read -----------------------------------------------------------------------


@pytest.mark.parametrize(("options", "word"), [
    ({"rules": ["age > 3"]}, "rules"), ({"time": "day"}, "time"),
    ({"only": {"ok": True}}, "only"),
    ({"codec": lw.CodecOptions(k_anonymous=3)}, "k_anonymous"), ({"model": "vae"}, "vae"), ({"model": "mst"}, "mst"),
])  # fmt: skip
def test_what_looks_at_rows_together_is_refused(
    tmp_path: Path, options: dict[str, Any], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from likewise.synthesizer.scans import fitting

    monkeypatch.setattr(fitting, "counted", lambda *_: pytest.fail("all rows were read"))
    table(2_000).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(OptionError, match=word):
        lw.Synthesizer(**options).fit(tmp_path / "a.parquet", engine="local")


def test_frames_that_are_held_take_no_engine() -> None:
    with pytest.raises(OptionError, match=r"workers.*likewise\.scan"):
        lw.Synthesizer().fit(table(100), workers=2)


def test_codes_are_gone_when_a_fit_ends_or_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spools = tmp_path / "spools"
    spools.mkdir()
    monkeypatch.setenv("LIKEWISE_TMP", str(spools))
    table(5_000).write_parquet(tmp_path / "a.parquet")

    def stop(event: Any) -> None:
        if event.unit == "epoch":
            files = list(spools.rglob("*.safetensors"))
            assert files
            assert all(file.stat().st_mode & 0o077 == 0 for file in files)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lw.Synthesizer(progress=stop).fit(tmp_path / "a.parquet", engine="local")
    assert not list(spools.iterdir())


def test_dealt_rows_are_each_of_one_part() -> None:
    deal = dealing.Deal.of(9, 50_000, 5_000, 20_000)
    dealt = [deal.shard(source.Shard(k, start, start + 10_000)) for k, start in enumerate(range(0, 50_000, 10_000))]
    trained, held, counted = (sum(int(getattr(d, n).sum()) for d in dealt) for n in ("trained", "held", "counted"))
    # Of the held-out rows as large a share as of the others: 20,000 / 45,000.
    assert (trained, held, counted) == (20_000, 2_223, 45_000)
    assert not any((d.trained & ~d.counted).any() or (d.held & d.counted).any() for d in dealt)


def test_an_unreadable_value_in_a_later_shard_is_told_without_showing_it(many_values: Path) -> None:
    frame = pl.read_parquet(many_values).with_columns(pl.col("weight").cast(pl.String))
    n = len(frame)
    frame = frame.with_columns(
        pl.when(pl.int_range(pl.len()) == n - 5).then(pl.lit("sl1ck")).otherwise("weight").alias("weight")
    )
    frame.write_parquet(many_values)
    with pytest.raises((SchemaError, InputError), match=r"weight.*1 of") as told:
        # By a seed whose sample does not hold that row; where it does, the column is told to be no number.
        lw.Synthesizer("copula", random_state=0).fit(many_values, engine="local")
    assert "sl1ck" not in str(told.value)


@pytest.mark.parametrize("asked", [{"train_rows": 0}, {"workers": 0}])
def test_nothing_is_no_number_of_rows_or_workers(tmp_path: Path, asked: dict[str, int]) -> None:
    table(100).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(OptionError, match="1 or more"):
        lw.Synthesizer("copula").fit(tmp_path / "a.parquet", **asked)
