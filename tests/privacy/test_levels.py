"""Levels that somebody sets: the lattice keeps them, searches the rest, and refuses what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.cli.app import app
from likewise.errors import OptionError, PrivacyError
from likewise.privacy import anonymize
from likewise.privacy import hierarchies as h

LADDERS = {"age": h.intervals(5, steps=3), "zip": h.mask(3)}


def people(n: int = 400) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return pl.DataFrame({
        "age": rng.integers(20, 70, n), "zip": [f"80{k}" for k in rng.integers(0, 10, n)],
        "sex": rng.choice(["f", "m"], n), "ill": rng.choice(["a", "b", "c"], n),
    })  # fmt: skip


def done(**more: Any) -> Any:
    order: dict[str, Any] = {"quasi_identifiers": ["age", "zip", "sex"], "hierarchies": LADDERS, "method": "lattice"}
    return anonymize(people(), **{**order, "random_state": 0, "k": 5, **more})


def test_levels_that_are_set_are_kept_and_the_others_are_the_best_beside_them() -> None:
    free = done(max_suppression=0.1)
    for at in range(5):
        set_at = done(levels={"age": at}, max_suppression=0.9)
        assert set_at.report.levels["age"] == at
        assert set_at.report.optimal
        assert any("levels were given" in note for note in set_at.report.notes)
        labels = set_at.frame["age"].cast(pl.String).unique().to_list()
        expected = people()["age"].cast(pl.String) if at == 0 else h.intervals(5, steps=3).labels(people()["age"], at)
        assert set(labels) <= set(expected)
        # No other level of the columns that were left keeps the promise at a lower loss.
        for zips in range(4):
            for sex in range(2):
                try:
                    other = done(levels={"age": at, "zip": zips, "sex": sex}, max_suppression=0.9)
                except PrivacyError:
                    continue
                assert other.report.gcp >= set_at.report.gcp - 1e-9
                assert other.report.levels == {"age": at, "zip": zips, "sex": sex}
    again = done(levels=free.report.levels, max_suppression=0.1)
    assert again.frame.equals(free.frame)
    assert done(levels={"age": 3}, max_suppression=0.1).report.measures.k >= 5


def test_levels_that_keep_no_promise_end_in_an_error_that_tells_the_nearest() -> None:
    with pytest.raises(PrivacyError, match="coarser levels or hierarchies") as told:
        done(levels={"age": 1, "zip": 0, "sex": 0})
    assert "max_suppression=" in str(told.value)


@pytest.mark.parametrize(
    ("levels", "match"),
    [({"ill": 1}, "no quasi-identifier"), ({"age": -1}, "whole number"), ({"age": True}, "whole number"),
     ({"age": 1.0}, "whole number"), ({"age": 5}, "are 0 to 4, got 5"), ({"agee": 1}, "did you mean"),
     ([("age", 1)], "must map")],
)  # fmt: skip
def test_what_is_no_level_is_refused(levels: Any, match: str) -> None:
    with pytest.raises(OptionError, match=match):
        done(levels=levels)


@pytest.mark.parametrize("method", ["mondrian", "mondrian-relaxed", "local-suppression"])
def test_levels_are_of_the_lattice(method: str) -> None:
    with pytest.raises(OptionError, match="need method='lattice'"):
        done(levels={"age": 1}, method=method)


def test_the_command_and_a_table_that_is_read_in_parts_keep_them(tmp_path: Path) -> None:
    people().write_csv(tmp_path / "p.csv")
    words = ["anonymize", str(tmp_path / "p.csv"), "-o", str(tmp_path / "out.csv"), "--quasi-identifiers", "age,zip",
             "--k", "5", "--method", "lattice", "--level", "zip=2", "--max-suppression", "0.2", "--seed", "0",
             "--quiet"]  # fmt: skip
    assert not app(words, standalone_mode=False)
    zips = pl.read_csv(tmp_path / "out.csv", infer_schema=False)["zip"]
    whole = anonymize(
        lw.read(tmp_path / "p.csv"), quasi_identifiers=["age", "zip"], k=5, method="lattice", levels={"zip": 2},
        max_suppression=0.2, random_state=0,
    )  # fmt: skip
    assert whole.report.levels["zip"] == 2
    assert set(zips) == set(whole.frame["zip"].cast(pl.String))
    assert app([*words[:-5], "--level", "zip", "--seed", "0"], standalone_mode=False)
    parts = anonymize(
        lw.scan(tmp_path / "p.csv"), quasi_identifiers=["age", "zip"], k=5, method="lattice", levels={"zip": 2},
        max_suppression=0.2, to=tmp_path / "parts.parquet",
    )  # fmt: skip
    assert parts.report.levels == whole.report.levels
