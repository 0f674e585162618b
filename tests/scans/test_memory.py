"""A fit that reads in parts keeps to its memory, and one that is killed goes on to the same weights."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

ROWS = 2_000_000
MOST_MB = 600

FIT = """
import sys, threading, time
import likewise as lw

peak, ended = 0, threading.Event()

def look():
    global peak
    while not ended.wait(0.01):
        with open("/proc/self/status") as file:
            peak = max(peak, next(int(line.split()[1]) for line in file if line.startswith("RssAnon")))

watcher = threading.Thread(target=look)
watcher.start()
synth = lw.Synthesizer(random_state=0, epochs=2).fit(lw.scan(sys.argv[1]), train_rows=100_000)
ended.set()
watcher.join()
print(peak // 1000, synth.record_["reading"]["rows"], synth.record_["reading"]["passes"])
"""

GO_ON = """
import sys
import numpy as np
import likewise as lw

synth = lw.Synthesizer(random_state=0, epochs=4, checkpoint=sys.argv[2]).fit(lw.scan(sys.argv[1]), engine="local")
np.savez(sys.argv[3], **synth.generator_.state())
"""

linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is told by /proc")


def write(path: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    path.mkdir()
    for k in range(4):
        age = rng.integers(18, 90, n // 4)
        pl.DataFrame({
            "age": age, "town": np.array(["Ulm", "Bonn", "Jena"])[rng.integers(0, 3, n // 4)],
            "weight": rng.normal(40 + age / 2, 9), "paid": rng.gamma(2, age).round(2),
            "member": rng.random(n // 4) < age / 100,
        }).write_parquet(path / f"part-{k}.parquet", row_group_size=2**17)  # fmt: skip


def python(code: str, *words: Path | str) -> list[str]:
    return [sys.executable, "-W", "ignore", "-c", code, *map(str, words)]


@linux
def test_two_million_rows_are_learnt_within_600_mb(tmp_path: Path) -> None:
    write(tmp_path / "rows", ROWS)
    told = subprocess.run(python(FIT, tmp_path / "rows"), check=True, capture_output=True, text=True).stdout
    peak, rows, passes = map(int, told.split())
    assert (rows, passes) == (ROWS, 2)
    assert 50 < peak < MOST_MB


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_fit_that_is_killed_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIKEWISE_TMP", str(tmp_path))
    write(tmp_path / "rows", 12_000)
    checkpoint = tmp_path / "run.checkpoint"
    subprocess.run(python(GO_ON, tmp_path / "rows", tmp_path / "other.checkpoint", tmp_path / "whole.npz"), check=True)
    seen: set[bytes] = set()
    for _ in range(3):  # each time after an epoch that no other run has ended with
        process = subprocess.Popen(python(GO_ON, tmp_path / "rows", checkpoint, tmp_path / "broken.npz"))
        while process.poll() is None:
            held = checkpoint.read_bytes() if checkpoint.exists() else b""
            if held and held not in seen:
                process.send_signal(signal.SIGKILL)
                seen.add(held)
            time.sleep(0.005)
        process.wait()
    assert seen
    if not (tmp_path / "broken.npz").exists():
        subprocess.run(python(GO_ON, tmp_path / "rows", checkpoint, tmp_path / "broken.npz"), check=True)
    whole, broken = (np.load(tmp_path / f"{name}.npz") for name in ("whole", "broken"))
    assert all(np.array_equal(whole[name], broken[name]) for name in whole.files)
    assert not checkpoint.exists()
    assert not list(tmp_path.glob("likewise-*"))
