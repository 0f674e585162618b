"""Claims of `databases.links.codes`."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from likewise.databases.links.codes import LEAST, SideCodes
from likewise.errors import InputError, ModelFileError
from likewise.typing import Ints


def parents_of(p: int, seed: int = 0) -> tuple[pl.DataFrame, Ints]:
    """Parents of three kinds, with a number of links by kind."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, p)
    frame = pl.DataFrame(
        {
            "kind": pl.Series([("a", "b", None)[k] for k in kind], dtype=pl.String),
            "size": rng.normal(kind * 5.0, 1.0),
            "since": pl.Series(rng.integers(0, 9_000, p), dtype=pl.Int32).cast(pl.Date),
            "open": rng.random(p) < 0.5,
            "lacking": pl.Series([None] * p, dtype=pl.Float64),
        }
    )
    return frame, rng.poisson(1 + 4 * kind)


@pytest.mark.parametrize("p", [0, 1, 4, 5, 30, 1_000, 30_000])
def test_leaves_are_few_and_hold_about_the_root_of_all_rows(p: int) -> None:
    frame, degrees = parents_of(p)
    side = SideCodes.fit(frame, degrees, np.random.default_rng(1))
    codes = side.codes(frame, degrees)
    k1, k2 = side.sizes
    assert codes.shape == (p, 2)
    assert 1 <= k1 <= 64
    assert 1 <= k2 <= 64
    assert (codes < [k1, k2]).all()
    if p >= 1_000:
        leaves, counts = np.unique(codes, axis=0, return_counts=True)
        assert 0.3 * p**0.5 <= len(leaves) <= 1.2 * p**0.5
        assert np.median(counts) >= LEAST


def test_a_centre_is_never_one_row() -> None:
    frame, degrees = parents_of(400)
    side = SideCodes.fit(frame, degrees, np.random.default_rng(1))
    assert side.features is not None
    points = side.features(frame, degrees)
    centres = np.concatenate([side.clusters, side.leaves])
    assert np.abs(points[:, None] - centres[None]).max(2).min() > 1e-6


def test_rows_of_a_leaf_are_alike() -> None:
    frame, degrees = parents_of(2_000)
    side = SideCodes.fit(frame, degrees, np.random.default_rng(1))
    other, planned = parents_of(2_000, seed=5)  # made ones, by the nearest leaf
    for rows, links in ((frame, degrees), (other, planned)):
        codes = side.codes(rows, links)
        within = rows.with_columns(leaf=codes[:, 0] * 64 + codes[:, 1]).select(
            pl.col("size").std().over("leaf").mean() / pl.col("size").std(),
            same=(pl.col("kind").fill_null("-").mode().first().over("leaf") == pl.col("kind").fill_null("-")).mean(),
        )
        assert within.row(0)[0] < 0.4
        assert within.row(0)[1] > 0.9


def test_near_leaves_have_near_numbers() -> None:
    frame, degrees = pl.DataFrame({"x": np.linspace(0, 1, 5_000)}), np.ones(5_000, np.int64)
    codes = SideCodes.fit(frame, degrees, np.random.default_rng(1)).codes(frame, degrees)
    place = codes[:, 0] * 64 + codes[:, 1]
    assert abs(np.corrcoef(place, np.arange(5_000))[0, 1]) > 0.95


def test_rare_levels_are_not_remembered() -> None:
    frame = pl.DataFrame({"kind": ["often"] * 50 + ["once"]})
    side = SideCodes.fit(frame, np.ones(51, np.int64), np.random.default_rng(0))
    assert "once" not in json.dumps(side.to_state()[0])
    assert "often" in json.dumps(side.to_state()[0])


def test_kept_rows_are_their_own_codes() -> None:
    frame, degrees = parents_of(256)
    side = SideCodes.fit(frame, degrees, np.random.default_rng(0), kept=True)
    assert side.sizes == (256, 1)
    assert side.codes(frame, degrees)[:, 0].tolist() == list(range(256))
    with pytest.raises(InputError, match="256 rows"):
        side.codes(frame.head(9), degrees[:9])
    many, links = parents_of(700)
    assert SideCodes.fit(many, links, np.random.default_rng(0), kept=True).sizes[1] > 1


@pytest.mark.parametrize(("p", "kept"), [(0, False), (300, False), (40, True), (700, True)])
def test_state_round_trip(p: int, kept: bool) -> None:
    frame, degrees = parents_of(p)
    side = SideCodes.fit(frame, degrees, np.random.default_rng(0), kept=kept)
    data, arrays = side.to_state()
    again = SideCodes.from_state(json.loads(json.dumps(data)), arrays)
    assert again.sizes == side.sizes
    assert np.array_equal(again.codes(frame, degrees), side.codes(frame, degrees))


@pytest.mark.parametrize(
    "change",
    [
        {"n_kept": "4"}, {"n_kept": -1}, {"features": None}, {"features": {"columns": [], "degree": [0, 1]}},
        {"features": {"columns": [{"name": "x"}], "degree": [0, 1]}}, {"features": {"columns": 3, "degree": [0, 1]}},
    ],
)  # fmt: skip
def test_damaged_state_is_refused(change: dict[str, Any]) -> None:
    frame, degrees = parents_of(300)
    data, arrays = SideCodes.fit(frame, degrees, np.random.default_rng(0)).to_state()
    with pytest.raises(ModelFileError):
        SideCodes.from_state({**data, **change}, arrays)
    for name in arrays:
        with pytest.raises(ModelFileError):
            SideCodes.from_state(data, {k: v for k, v in arrays.items() if k != name})
        with pytest.raises(ModelFileError):
            SideCodes.from_state(data, {**arrays, name: arrays[name][:-1]})
