"""A small slice of the fuzzed files: each is read or refused by an error of ours. The whole is benchmarks/fuzz.py."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from likewise.errors import LikewiseWarning

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz", BENCHMARKS / "fuzz.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("kind", "n"), [("csv", 150), ("parquet", 40), ("arrow", 40), ("xlsx", 20), ("model", 40)])
def test_a_mutated_file_is_read_or_refused_in_words(
    fuzz: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str, n: int
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LikewiseWarning)
        fuzz.make_model(tmp_path)
        model = (tmp_path / "sound.likewise").read_bytes()
        found = fuzz.run_chunk(kind, 0, n, model, tmp_path)
    capfd.readouterr()  # what Rust says when it panics
    assert found["faults"] == []
    assert sum(found["outcomes"].values()) == n
    assert found["outcomes"].get("read", 0) < n, "some of them must be damaged"


def test_the_same_case_is_the_same_file(fuzz: ModuleType) -> None:
    one, two = (fuzz.mutated(b"a,b\n1,2\n" * 9, np.random.default_rng(3)) for _ in range(2))
    assert one == two != b"a,b\n1,2\n" * 9
