"""Two machines of a cluster draw the very file that this process draws, also where one of them is lost midway."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import likewise as lw

ROOT = Path(__file__).parents[2]


def test_a_file_of_two_machines_is_that_of_one_though_a_machine_is_lost(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"x": rng.normal(size=500).round(2), "y": rng.integers(0, 9, 500)})
    synth = lw.Synthesizer("copula", random_state=0).fit(frame)
    model, alone, spread = tmp_path / "model.likewise", tmp_path / "alone.parquet", tmp_path / "spread.parquet"
    synth.save(model)
    rows = 900_000
    synth.sample(rows, to=alone, random_state=1)
    done = subprocess.run(
        [sys.executable, "-m", "tests.engines.cluster", str(model), str(rows), str(spread)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(next(line for line in reversed(done.stdout.splitlines()) if line.startswith('{"workers"')))
    assert told["workers"] == told["nodes"] == 2
    assert told["left"] == 1
    assert spread.read_bytes() == alone.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone.parquet", "model.likewise", "spread.parquet"]
