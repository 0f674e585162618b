"""What every test may use: the shared data sets, a small table with a column of every kind, Hypothesis profiles."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# In CI the same examples every time; at a desk new ones each run. No deadline: the machines are shared.
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "desk")


def pytest_configure(config: pytest.Config) -> None:
    # "auto" stands for this type, whatever the processor: what is claimed of nets must hold under both.
    if precision := os.environ.get("LIKEWISE_PRECISION"):
        import torch

        from likewise.models.gradient import inputs

        for flag in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
            setattr(torch.cpu, flag, lambda: precision == "bf16")
        inputs.ON_PROCESSORS = precision
    # One thread a test process: the numbers stay equal from run to run, and workers do not fight over cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets, from LIKEWISE_SHARED or beside the checkout; the test is skipped without it."""
    folder = Path(os.environ.get("LIKEWISE_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("the shared data sets are not here (set LIKEWISE_SHARED to the folder that holds data/)")
    return folder


def make_mixed_frame(n_rows: int = 400, seed: int = 0) -> pl.DataFrame:
    """A table with a column of every kind, some of them dependent on others, some with holes."""
    rng = np.random.default_rng(seed)
    grade = rng.choice(["low", "middle", "high"], n_rows, p=[0.5, 0.3, 0.2])
    age = rng.integers(18, 91, n_rows)
    score = np.round(rng.normal(50.0, 12.0, n_rows) + (age - 50) * 0.4 + (grade == "high") * 15.0, 2)
    gain = np.where(rng.random(n_rows) < 0.7, 0, rng.integers(1, 100, n_rows) * 100)
    passed = (score + rng.normal(0.0, 8.0, n_rows)) > 50.0
    start = dt.datetime(2020, 1, 1)
    minutes = rng.integers(0, 60 * 24 * 900, n_rows)
    phone = [f"+41 {a:02d} {b:03d}" for a, b in rng.integers((20, 0), (99, 999), (n_rows, 2))]
    keys = [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(n_rows)]
    frame = pl.DataFrame(
        {
            "key": keys,
            "grade": grade,
            "passed": passed,
            "age": age,
            "gain": gain,
            "score": score,
            "seen": [start + dt.timedelta(minutes=int(m)) for m in minutes],
            "born": [dt.date(1930, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(0, 25_000, n_rows)],
            "phone": phone,
        },
        schema_overrides={"age": pl.Int64, "gain": pl.Int64},
    )
    holes = {name: pl.Series(rng.random(n_rows) < 0.08) for name in ("grade", "age", "score")}
    return frame.with_columns(pl.when(holes[c]).then(None).otherwise(pl.col(c)).alias(c) for c in holes)


@pytest.fixture
def mixed_frame() -> pl.DataFrame:
    """About 400 rows with a column of every kind."""
    return make_mixed_frame()
